import type { Direction } from '../model/index.ts';
import { families, lastOf, PortSet } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import type { BlockTable } from './blocks.ts';
import { no, unknown, yes } from './labels.ts';
import type { OutsideSegment } from './outside.ts';
import type { PortTable } from './port-table.ts';
import type { TierPeerTable } from './tier-peers.ts';
import { evaluateTiers } from './tier-value.ts';
import type { Reading, TierStep, TierValue } from './tier-value.ts';
import type { TierList } from './tiers.ts';

/** Neighbouring addresses of which the tiers say the same. */
interface TierSegment extends AddressRange {
  readonly value: TierValue;
}

interface Tables {
  readonly peers: Pick<TierPeerTable, 'definition'>;
  readonly blocks: Pick<BlockTable, 'block'>;
  readonly ports: PortTable;
}

/** What a list says about addresses that are no pod's: segments that cover both families, IPv4 first, ascending. */
export function tiersOutside(
  list: TierList,
  direction: Direction,
  reading: Reading,
  { peers, blocks, ports }: Tables,
): readonly TierSegment[] {
  const used = new Set(
    list.steps.flatMap(({ policy }) => policy.rules[direction].flatMap((rule) => rule.peers)),
  );
  const bounds = { IPv4: new Map<bigint, number[]>(), IPv6: new Map<bigint, number[]>() };
  const at = (family: Family, value: bigint): number[] => {
    let starting = bounds[family].get(value);
    if (starting === undefined) bounds[family].set(value, (starting = []));
    return starting;
  };
  for (const family of families) at(family, 0n);
  const domains = new Set<number>();
  for (const peer of used) {
    const definition = peers.definition(peer);
    if (definition.kind === 'domains') domains.add(peer);
    const own =
      definition.kind === 'network'
        ? [definition.block]
        : definition.kind === 'nodes'
          ? definition.blocks
          : [];
    for (const block of own) {
      const { family, ranges } = blocks.block(block);
      // Where a peer begins and where it ends it is named alike: it is there at every second of its bounds.
      for (const { first, last } of ranges) {
        at(family, first).push(peer);
        if (last < lastOf(family)) at(family, last + 1n).push(peer);
      }
    }
  }
  const known = new Map<string, TierValue>();
  const segments: TierSegment[] = [];
  for (const family of families) {
    const open = new Set<number>();
    const starts = [...bounds[family].keys()].sort((a, b) => (a < b ? -1 : 1));
    for (const [i, first] of starts.entries()) {
      for (const peer of bounds[family].get(first)!) {
        if (!open.delete(peer)) open.add(peer);
      }
      const key = [...open].sort((a, b) => a - b).join();
      let value = known.get(key);
      if (value === undefined) {
        value = outsideValue(list.steps, direction, reading, {
          isIn: (peer) => open.has(peer),
          isDomain: (peer) => domains.has(peer),
          resolve: (spec) =>
            ports.set(direction === 'ingress' ? ports.resolve(spec, list.portMap) : ports.fixed(spec)),
        });
        known.set(key, value);
      }
      segments.push({ family, first, last: (starts[i + 1] ?? lastOf(family) + 1n) - 1n, value });
    }
  }
  return segments;
}

/**
 * What a list says about one address outside.
 *
 * Of what a domain name stands for files can tell nothing (corner 63). By itself no address is taken to match; with `open`, all
 * that may thereby be otherwise is otherwise, so that the answers differ wherever it matters.
 */
export function outsideValue(
  steps: readonly TierStep[],
  direction: Direction,
  reading: Reading,
  other: {
    readonly isIn: (peer: number) => boolean;
    readonly isDomain: (peer: number) => boolean;
    readonly resolve: (spec: number) => PortSet;
  },
): TierValue {
  const { isIn, isDomain, resolve } = other;
  const ask = (each: Reading, domain: typeof no | typeof unknown): TierValue =>
    evaluateTiers(steps, direction, each, {
      holds: (peer) => (isDomain(peer) ? domain : isIn(peer) ? yes : no),
      resolve,
    });
  const without = ask(reading, no);
  const asks = steps.some(({ policy }) => policy.rules[direction].some(({ peers }) => peers.some(isDomain)));
  if (reading.assume === 'closed' || !asks) return without;
  const most = ask(reading, unknown);
  const least = ask({ ...reading, assume: 'closed' }, unknown);
  const same = (a: TierValue, b: TierValue): PortSet => {
    const closed = PortSet.all.minus(a.accepted).minus(a.asked).minus(b.accepted).minus(b.asked);
    return PortSet.union([a.accepted.intersect(b.accepted), a.asked.intersect(b.asked), closed]);
  };
  const asMost = same(without, most);
  const pick = (part: (value: TierValue) => PortSet): PortSet =>
    PortSet.union([part(most).minus(asMost), part(least).intersect(asMost)]);
  return { accepted: pick((value) => value.accepted), asked: pick((value) => value.asked) };
}

/** What the NetworkPolicies admit outside, with what the tiers say of it; neighbours that come out alike are one. */
export function withTiersOutside(
  admitted: readonly OutsideSegment[],
  tiers: readonly TierSegment[],
  ports: PortTable,
): readonly OutsideSegment[] {
  const segments: OutsideSegment[] = [];
  let i = 0;
  let k = 0;
  while (i < admitted.length && k < tiers.length) {
    const a = admitted[i]!;
    const b = tiers[k]!;
    // Both cover the same addresses in the same order.
    const { family } = a;
    const first = a.first > b.first ? a.first : b.first;
    const last = a.last < b.last ? a.last : b.last;
    const { accepted, asked } = b.value;
    const set = ports.union(ports.intern(accepted), ports.intersect(ports.intern(asked), a.ports));
    const before = segments.at(-1);
    if (before?.family === family && before.ports === set)
      segments[segments.length - 1] = { ...before, last };
    else segments.push({ family, first, last, ports: set });
    if (a.last === last) i++;
    if (b.last === last) k++;
  }
  return segments;
}
