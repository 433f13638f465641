import { formatAddress, joined, lastOf, parseCidr, subtract } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';

/** Addresses that the same networks hold, some of which pods may get. */
export interface Cell {
  /** `undefined`: all. */
  readonly ranges: readonly AddressRange[] | undefined;
}

/** Addresses that no pod has: unspecified, loopback, link-local (metadata services are there) and multicast ones (corner 40). */
const notOfPods: readonly AddressRange[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
]
  .flatMap((text): AddressRange | readonly AddressRange[] => parseCidr(text)?.cidr ?? [])
  // IPv4-mapped addresses, which as text would be read as IPv4.
  .concat({ family: 'IPv6', first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn });

/** Whether pods may get an address of some ranges. */
export function mayBeOfPods(ranges: readonly AddressRange[]): boolean {
  return ranges.some((range) => subtract(range, notOfPods).length > 0);
}

/** Ranges of one family in ascending order, neighbours joined. */
export function inOrder(ranges: readonly AddressRange[]): readonly AddressRange[] {
  return joined(ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1)));
}

/**
 * Cuts the addresses of a family by some networks, and leaves out what no pod can have.
 *
 * @param networks - ids, each any number of times
 * @param blockOf - the addresses of a network
 */
export function cellsOf(
  networks: readonly number[],
  family: Family,
  blockOf: (
    network: number,
  ) => { readonly family: Family; readonly ranges: readonly AddressRange[] } | undefined,
): readonly { readonly ranges: readonly AddressRange[]; readonly networks: ReadonlySet<number> }[] {
  const changes = new Map<bigint, number[]>([[0n, []]]);
  for (const network of new Set(networks)) {
    const block = blockOf(network);
    if (block?.family !== family) continue;
    for (const { first, last } of block.ranges) {
      for (const bound of last < lastOf(family) ? [first, last + 1n] : [first]) {
        const known = changes.get(bound);
        if (known === undefined) changes.set(bound, [network]);
        else known.push(network);
      }
    }
  }
  const starts = [...changes.keys()].sort((a, b) => (a < b ? -1 : 1));
  const open = new Set<number>();
  const cells = new Map<
    string,
    { readonly ranges: AddressRange[]; readonly networks: ReadonlySet<number> }
  >();
  for (const [i, first] of starts.entries()) {
    // At every second of its bounds a network ends.
    for (const network of changes.get(first)!) if (!open.delete(network)) open.add(network);
    const last = (starts[i + 1] ?? lastOf(family) + 1n) - 1n;
    const ranges = [{ family, first, last }];
    const key = [...open].sort((a, b) => a - b).join();
    const known = cells.get(key);
    if (known === undefined) cells.set(key, { ranges, networks: new Set(open) });
    else for (const range of ranges) known.ranges.push(range);
  }
  return [...cells.values()]
    .filter(({ ranges }) => mayBeOfPods(ranges))
    .map(({ ranges, networks: own }) => ({ ranges: inOrder(ranges), networks: own }));
}

/** An address of some ranges that a pod may well have; of all that pods of a family may get without. */
export function examplePodAddress(ranges: readonly AddressRange[] | undefined, family: Family): string {
  const usual = usualOfPods[family];
  const own = (ranges ?? [usual]).filter((range) => range.family === family);
  const possible = own.flatMap((range) => subtract(range, notOfPods));
  for (const { first, last } of possible) {
    const least = first > usual.first ? first : usual.first;
    if (least <= last && least <= usual.last) return formatAddress({ family, value: least });
  }
  const [any = usual] = possible;
  return formatAddress({ family, value: any.first });
}

/** What networks of pods are mostly made of, but for the first address. */
const usualOfPods: { readonly [family in Family]: AddressRange } = {
  IPv4: { family: 'IPv4', first: 0x0a00_0001n, last: 0x0aff_ffffn },
  IPv6: { family: 'IPv6', first: (0xfdn << 120n) + 1n, last: (0xfen << 120n) - 1n },
};
