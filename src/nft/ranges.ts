import { cidrOfRange, bitsOf, formatAddress } from '../net/index.ts';
import type { AddressRange } from '../net/index.ts';
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
