/** The two independent address families (corner 37): a connection uses one. */
export type Family = 'IPv4' | 'IPv6';

/** Both families, IPv4 first, the order of every output. */
export const families: readonly Family[] = ['IPv4', 'IPv6'];

/** One IP address as a number of its family: 32 bits for IPv4, 128 for IPv6. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** Addresses of one family, both ends included. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** The largest address of a family. */
export function lastOf(family: Family): bigint {
  return family === 'IPv4' ? 0xffff_ffffn : (1n << 128n) - 1n;
}

/** The number of bits of an address of a family. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 'IPv4' ? 32 : 128;
}

/** What Kubernetes' legacy parsers let pass and its strict ones do not (corner 37). */
export interface AddressLeniency {
  /** IPv4 octets with leading zeros, read as decimal (corner 37: Kubernetes reads them so). */
  readonly leadingZeros?: boolean;
}

/**
 * The number of a dotted IPv4 address, or -1 when `text` is none.
 *
 * Octets are decimal; leading zeros are refused unless `leadingZeros` is set. The hot path of reading pods.
 */
export function parseIPv4(text: string, leadingZeros = false): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46) {
      if (digits === 0 || dots === 3) return -1;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots++;
    } else if (c >= 48 && c <= 57) {
      if (digits > 0 && octet === 0 && !leadingZeros) return -1;
      octet = octet * 10 + (c - 48);
      digits++;
      if (octet > 255) return -1;
    } else {
      return -1;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

/** The number of an IPv6 address without zone, or `undefined` when `text` is none. An IPv4 tail is understood. */
export function parseIPv6(text: string, leadingZeros = false): bigint | undefined {
  // The longest form has 8 groups of 4 digits and 7 colons, or 6 groups and a dotted tail.
  if (text.length < 2 || text.length > 51 || !text.includes(':')) return undefined;
  let body = text;
  let tail: readonly string[] = [];
  const lastColon = text.lastIndexOf(':');
  if (text.includes('.', lastColon)) {
    const v4 = parseIPv4(text.slice(lastColon + 1), leadingZeros);
    if (v4 < 0) return undefined;
    tail = [(v4 >>> 16).toString(16), (v4 & 0xffff).toString(16)];
    // Keeps a "::" that stands right before the tail.
    body = text.slice(0, text[lastColon - 1] === ':' ? lastColon + 1 : lastColon);
  }
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string): string[] => (half === '' ? [] : half.split(':'));
  const head = groupsOf(halves[0] ?? '');
  const rest = [...(halves.length === 2 ? groupsOf(halves[1] ?? '') : []), ...tail];
  const missing = 8 - head.length - rest.length;
  // "::" stands for at least one group: Go's netip accepts it for one or more.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array.from({ length: missing }, () => '0'), ...rest]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return value;
}

const mappedPrefix = 0xffffn << 32n;

/**
 * Reads an address as Kubernetes does; IPv4-mapped IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
 *
 * @returns `undefined` when `text` is no address of either family
 */
export function parseAddress(text: string, leniency: AddressLeniency = {}): Address | undefined {
  const v4 = parseIPv4(text, leniency.leadingZeros);
  if (v4 >= 0) return { family: 'IPv4', value: BigInt(v4) };
  const v6 = parseIPv6(text, leniency.leadingZeros);
  if (v6 === undefined) return undefined;
  if (v6 >> 32n === mappedPrefix >> 32n) return { family: 'IPv4', value: v6 & 0xffff_ffffn };
  return { family: 'IPv6', value: v6 };
}

/**
 * Reads a range from the canonical texts of its first and last address, as documents have them. A range of IPv6 may begin or
 * end at an IPv4-mapped address, so its family is that of the spelling, and not what `parseAddress` makes of such an
 * address (corner 37).
 *
 * @returns `undefined` when a text is no address, or the two are of different families
 */
export function parseRange(first: string, last: string): AddressRange | undefined {
  const [from, to] = [parseIPv6(first), parseIPv6(last)];
  if (from !== undefined && to !== undefined) return { family: 'IPv6', first: from, last: to };
  const [start, end] = [parseIPv4(first), parseIPv4(last)];
  return start < 0 || end < 0 ? undefined : { family: 'IPv4', first: BigInt(start), last: BigInt(end) };
}

/** The canonical text: dotted decimal, or RFC 5952 with the longest run of zeros left out. */
export function formatAddress(address: Address): string {
  const { family, value } = address;
  if (family === 'IPv4') {
    const n = Number(value);
    return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
  }
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}
