import { bitsOf, formatAddress, lastOf, parseAddress, parseIPv4, parseIPv6 } from './address.ts';
import type { Address, AddressRange } from './address.ts';

/** A block of addresses in canonical form: host bits masked, IPv4-mapped forms turned into IPv4 (corners 37 and 38). */
export interface Cidr extends AddressRange {
  readonly prefix: number;
}

/** What stands in the way of a CIDR being in canonical form; strict servers refuse the first four (corner 37, part 9). */
export type CidrIrregularity =
  'leading-zeros' | 'prefix-leading-zeros' | 'ipv4-mapped' | 'host-bits' | 'not-canonical';

/** A CIDR that Kubernetes' legacy parser accepts, with all that its strict parser has against it. */
export interface ParsedCidr {
  readonly cidr: Cidr;
  readonly irregularities: readonly CidrIrregularity[];
  /** The address as it is written, where it has host bits. */
  readonly address?: Address;
}

/** The block of `prefix` bits that holds `address`; host bits are masked (corner 38). */
export function cidrOf(address: Address, prefix: number): Cidr {
  const bits = bitsOf(address.family);
  const size = 1n << BigInt(bits - prefix);
  const first = address.value - (address.value % size);
  return { family: address.family, first, last: first + size - 1n, prefix };
}

/**
 * Reads a CIDR as the API server's legacy parser does, which accepts more than the strict one.
 *
 * @returns `undefined` when no API server accepts `text`
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/validation/ip.go
 */
export function parseCidr(text: string): ParsedCidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const head = text.slice(0, slash);
  const tail = text.slice(slash + 1);
  // Go's sloppy parser takes any number of leading zeros (corner 37); the bound keeps hostile text short.
  if (!/^[0-9]{1,64}$/.test(tail)) return undefined;
  const given = Number(tail);
  const irregularities: CidrIrregularity[] = [];
  if (tail.length > 1 && tail.startsWith('0')) irregularities.push('prefix-leading-zeros');
  const isIPv4 = !head.includes(':');
  const width = isIPv4 ? 32 : 128;
  if (given > width) return undefined;
  const address = parseAddress(head, { leadingZeros: true });
  if (address === undefined) return undefined;
  if (isIPv4 ? parseIPv4(head) < 0 : parseIPv6(head) === undefined) irregularities.push('leading-zeros');
  let prefix = given;
  let base = address;
  if (!isIPv4 && address.family === 'IPv4') {
    irregularities.push('ipv4-mapped');
    // A mapped block wider than ::ffff:0:0/96 is no IPv4 block; Go then keeps it as an IPv6 network.
    if (given >= 96) prefix = given - 96;
    else base = { family: 'IPv6', value: (0xffffn << 32n) | address.value };
  }
  const cidr = cidrOf(base, prefix);
  if (cidr.first !== base.value) irregularities.push('host-bits');
  if (irregularities.length === 0 && formatCidr(cidr) !== text) irregularities.push('not-canonical');
  return irregularities.includes('host-bits')
    ? { cidr, irregularities, address: base }
    : { cidr, irregularities };
}

/** `10.0.0.0/8`, `fd00::/8`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ family: cidr.family, value: cidr.first })}/${cidr.prefix}`;
}

/** Whether every address of `inner` lies in `outer`. */
export function contains(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** The CIDR that is exactly this range, or `undefined` when none is. */
export function cidrOfRange(range: AddressRange): Cidr | undefined {
  const size = range.last - range.first + 1n;
  if ((size & (size - 1n)) !== 0n || range.first % size !== 0n) return undefined;
  return { ...range, prefix: bitsOf(range.family) - (size.toString(2).length - 1) };
}

/** The whole of a family as one range. */
export function wholeFamily(family: AddressRange['family']): AddressRange {
  return { family, first: 0n, last: lastOf(family) };
}

/**
 * `block` less every `except`, as sorted ranges that neither overlap nor touch.
 *
 * An except of the other family, or one that reaches beyond the block, takes away what it shares with it (part 9: the
 * API server's check compares prefix lengths across families, so containment must not be asserted).
 */
export function subtract(block: AddressRange, excepts: readonly AddressRange[]): AddressRange[] {
  const cuts = excepts.filter((except) => except.family === block.family).sort(byFirst);
  const left: AddressRange[] = [];
  let next = block.first;
  for (const cut of cuts) {
    if (cut.first > block.last) break;
    if (cut.first > next) left.push({ family: block.family, first: next, last: cut.first - 1n });
    if (cut.last >= next) next = cut.last + 1n;
  }
  if (next <= block.last) left.push({ family: block.family, first: next, last: block.last });
  return left;
}

/** Ranges in ascending order, with neighbours joined. */
export function joined(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const result: AddressRange[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last !== undefined && last.family === range.family && last.last + 1n === range.first) {
      result[result.length - 1] = { ...last, last: range.last };
    } else {
      result.push(range);
    }
  }
  return result;
}

function byFirst(a: AddressRange, b: AddressRange): number {
  if (a.first < b.first) return -1;
  return a.first > b.first ? 1 : 0;
}
