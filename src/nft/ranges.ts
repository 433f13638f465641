import { bitsOf, cidrOf, cidrOfRange, formatAddress, parseAddress } from '../net/index.ts';
import { InternalError } from '../errors.ts';
import type { Address, AddressRange } from '../net/index.ts';
import type { Key } from './ruleset.ts';

/** The same addresses as sorted ranges that neither overlap nor touch: what an interval set takes. One family only. */
export function mergeRanges(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const sorted = ranges.toSorted((a, b) => {
    if (a.first === b.first) return 0;
    return a.first < b.first ? -1 : 1;
  });
  const merged: { family: AddressRange['family']; first: bigint; last: bigint }[] = [];
  for (const { family, first, last } of sorted) {
    const before = merged.at(-1);
    if (before === undefined || first > before.last + 1n) merged.push({ family, first, last });
    else if (last > before.last) before.last = last;
  }
  return merged;
}

/** A range as the key of an interval set, in the form in which nft lists it. */
export function rangeKey(range: AddressRange): Key {
  const { family, first, last } = range;
  const start = formatAddress({ family, value: first });
  if (first === last) return start;
  const cidr = cidrOfRange(range);
  if (cidr !== undefined && cidr.prefix < bitsOf(family)) return { prefix: [start, cidr.prefix] };
  return { range: [start, formatAddress({ family, value: last })] };
}

/** The addresses that a key of a set of addresses means. */
export function rangeOfKey(key: Key): AddressRange {
  if (typeof key === 'object' && 'prefix' in key) return cidrOf(addressOf(key.prefix[0]), key.prefix[1]);
  const [first, last] = typeof key === 'object' && 'range' in key ? key.range : [key, key];
  const { family, value } = addressOf(first);
  return { family, first: value, last: addressOf(last).value };
}

function addressOf(key: Key): Address {
  const address = typeof key === 'string' ? parseAddress(key) : undefined;
  if (address === undefined) throw new InternalError(`${JSON.stringify(key)} is no address of a set`);
  return address;
}

/** Whether a range lies in one of several that are sorted and do not touch. */
export function isWithin(range: AddressRange, ranges: readonly AddressRange[]): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { family, first, last } = ranges[middle]!;
    if (family !== range.family) return false;
    if (range.first < first) high = middle - 1;
    else if (range.first > last) low = middle + 1;
    else return range.last <= last;
  }
  return false;
}
