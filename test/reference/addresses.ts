/** An address, as slowly and plainly as it can be read: the number, and how many bits its family has. */
export interface Ip {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** The addresses whose leading `prefix` bits are those of `base`. */
export interface Block {
  readonly base: Ip;
  readonly prefix: number;
}

/**
 * Reads an address as Kubernetes' lenient parser does: octets are decimal even with leading zeros, and an IPv4-mapped
 * IPv6 address is the IPv4 address (corner 37).
 *
 * @returns `undefined` when `text` is no IP address
 */
export function readIp(text: string): Ip | undefined {
  const bits = text.includes(':') ? readSixteenBytes(text) : readFourBytes(text);
  if (bits === undefined) return undefined;
  if (bits.length === 4) return { bits: 32, value: numberOf(bits) };
  const isMapped = bits.slice(0, 10).every((byte) => byte === 0) && bits[10] === 255 && bits[11] === 255;
  return isMapped ? { bits: 32, value: numberOf(bits.slice(12)) } : { bits: 128, value: numberOf(bits) };
}

/**
 * Reads a CIDR. Host bits stay and are of no effect, as the comparison looks at the leading bits only (corner 38). A mapped
 * block is the IPv4 block when it lies in ::ffff:0:0/96; a wider one has IPv6 addresses only (corner 37).
 *
 * @throws Error when `text` is no CIDR: such a policy is refused by every server and must not come here
 */
export function readBlock(text: string): Block {
  const [head = '', tail = '', ...more] = text.split('/');
  const base = readIp(head);
  if (base === undefined || more.length > 0 || !/^\d+$/.test(tail)) throw new Error(`${text} is no CIDR`);
  const prefix = Number(tail);
  if (!head.includes(':') || base.bits === 128) return { base, prefix };
  if (prefix >= 96) return { base, prefix: prefix - 96 };
  return { base: { bits: 128, value: (0xffffn << 32n) + base.value }, prefix };
}

/** Whether `ip` lies in `block`: never across families (corner 37). */
export function isIn(ip: Ip, block: Block): boolean {
  const rest = BigInt(block.base.bits - block.prefix);
  return ip.bits === block.base.bits && ip.value >> rest === block.base.value >> rest;
}

function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

function readFourBytes(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d+$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.map(Number);
}

function readSixteenBytes(text: string): readonly number[] | undefined {
  const halves = text.split('::').map(readGroups);
  const [left, right] = halves;
  if (left === undefined || halves.length > 2) return undefined;
  if (halves.length === 1) return left.length === 16 ? left : undefined;
  if (right === undefined || left.length + right.length > 14) return undefined;
  return [...left, ...Array.from({ length: 16 - left.length - right.length }, () => 0), ...right];
}

/** The bytes of groups parted by single colons, the last of which may be dotted. */
function readGroups(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else {
      const four = index === groups.length - 1 ? readFourBytes(group) : undefined;
      if (four === undefined) return undefined;
      bytes.push(...four);
    }
  }
  return bytes;
}
