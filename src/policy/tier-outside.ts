import type { Direction } from '../model/index.ts';
import { families, lastOf, PortSet } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import type { BlockTable } from './blocks.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds } from './labels.ts';
import type { OutsideSegment } from './outside.ts';
import type { PortTable } from './port-table.ts';
import type { TierPeerTable } from './tier-peers.ts';
import { FoldedValues, TierFold } from './tier-fold.ts';
import type { Sayings } from './tier-fold.ts';
import { evaluateTiers } from './tier-value.ts';
import type { Reading, TierStep, TierValue } from './tier-value.ts';
import type { TierLists } from './tiers.ts';

/** Neighbouring addresses of which the tiers say the same, as ids of port sets. */
interface TierSegment extends AddressRange {
  readonly accepted: number;
  readonly asked: number;
}

interface Tables {
  readonly peers: Pick<TierPeerTable, 'definition'>;
  readonly blocks: Pick<BlockTable, 'block'>;
  readonly ports: PortTable;
}

/** Where the addresses of peers begin and end. */
interface Bounds {
  /** By family: the first address of every part, ascending, with the peers of which addresses begin or end there. */
  readonly starts: {
    readonly [family in Family]: readonly (readonly [first: bigint, turns: readonly number[]])[];
  };
  /** Peers that stand for domain names. */
  readonly domains: ReadonlySet<number>;
}

/**
 * What lists say about addresses that are no pod's, by list: segments that cover both families, IPv4 first, ascending.
 *
 * All lists in one sweep over the addresses: where a block begins or ends only the policies that name it are asked again, and
 * only the lists that have one which then says something else.
 */
export function tiersOutside(
  lists: Pick<TierLists, 'direction' | 'size' | 'list'>,
  reading: Reading,
  tables: Tables,
): readonly (readonly TierSegment[])[] {
  const foldWith = (assume: Reading['assume']): TierFold =>
    new TierFold(lists, tables.ports, { ...reading, assume }, new Set([0]));
  const fold = foldWith(reading.assume);
  const users = fold.usersOfPeers();
  const { starts, domains } = boundsOf(users.keys(), tables);
  const segments = Array.from({ length: lists.size }, (): TierSegment[] => []);
  const without = new Sweep(fold, users, domains, no);
  const sweeps = [without];
  const listsOf = fold.listsOfPolicies();
  const asking = new Set(
    [...domains].flatMap((peer) => [...users.get(peer)!].flatMap((policy) => listsOf[policy]!)),
  );
  let valueOf = (list: number): TierValue<number> => without.value(list);
  if (asking.size > 0 && reading.assume === 'open') {
    // Each has a fold of its own: what one says must not make another forget.
    const most = new Sweep(foldWith('open'), users, domains, unknown);
    const least = new Sweep(foldWith('closed'), users, domains, unknown);
    sweeps.push(most, least);
    valueOf = (list) => {
      const value = without.value(list);
      if (!asking.has(list)) return value;
      const { ports } = tables;
      const told = ({ accepted, asked }: TierValue<number>): TierValue => ({
        accepted: ports.set(accepted),
        asked: ports.set(asked),
      });
      const { accepted, asked } = whereItMatters(
        told(value),
        told(most.value(list)),
        told(least.value(list)),
      );
      return { accepted: ports.intern(accepted), asked: ports.intern(asked) };
    };
  }
  const all = Array.from({ length: lists.size - 1 }, (_, i) => i + 1);
  for (const family of families) {
    for (const [i, [first, turns]] of starts[family].entries()) {
      const changed = new Set(i === 0 ? all : []);
      for (const sweep of sweeps) for (const list of sweep.turn(turns, i === 0)) changed.add(list);
      for (const list of changed) {
        const own = segments[list]!;
        const { accepted, asked } = valueOf(list);
        const before = own.at(-1);
        if (before?.family === family) {
          if (before.accepted === accepted && before.asked === asked) continue;
          own[own.length - 1] = { ...before, last: first - 1n };
        }
        own.push({ family, first, last: lastOf(family), accepted, asked });
      }
    }
  }
  return segments;
}

function boundsOf(used: Iterable<number>, { peers, blocks }: Tables): Bounds {
  const turns = { IPv4: new Map<bigint, number[]>([[0n, []]]), IPv6: new Map<bigint, number[]>([[0n, []]]) };
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
      const at = (value: bigint): void => {
        const known = turns[family].get(value);
        if (known === undefined) turns[family].set(value, [peer]);
        else known.push(peer);
      };
      // Where a peer begins and where it ends it is named alike: it is there at every second of its bounds.
      for (const { first, last } of ranges) {
        at(first);
        if (last < lastOf(family)) at(last + 1n);
      }
    }
  }
  const sorted = (family: Family): Bounds['starts'][Family] =>
    [...turns[family]].sort(([a], [b]) => (a < b ? -1 : 1));
  return { starts: { IPv4: sorted('IPv4'), IPv6: sorted('IPv6') }, domains };
}

/** What the policies say at the address at which a sweep over them stands. */
class Sweep {
  readonly #fold: TierFold;
  readonly #users: ReadonlyMap<number, ReadonlySet<number>>;
  readonly #listsOf: readonly (readonly number[])[];
  readonly #holds: (peer: number) => Holds;
  readonly #open = new Set<number>();
  readonly #values: FoldedValues = new FoldedValues();
  #sayings: Sayings;
  #generation: number;

  /** @param domain - whether a domain name is taken to stand for the address (corner 63) */
  constructor(
    fold: TierFold,
    users: ReadonlyMap<number, ReadonlySet<number>>,
    domains: ReadonlySet<number>,
    domain: Holds,
  ) {
    this.#fold = fold;
    this.#users = users;
    this.#listsOf = fold.listsOfPolicies();
    this.#holds = (peer) => (domains.has(peer) ? domain : this.#open.has(peer) ? yes : no);
    this.#sayings = fold.say(this.#holds, 0);
    this.#generation = fold.generation;
  }

  /**
   * Goes on to an address at which peers begin or end.
   *
   * @param isFirst - whether it is the first of its family, at which nothing of the other counts any more
   * @returns the lists that may say something else there
   */
  turn(peers: readonly number[], isFirst: boolean): Iterable<number> {
    const concerned = new Set<number>();
    const concern = (peer: number): void => {
      for (const policy of this.#users.get(peer) ?? []) concerned.add(policy);
    };
    if (isFirst) {
      for (const peer of this.#open) concern(peer);
      this.#open.clear();
    }
    for (const peer of peers) {
      if (!this.#open.delete(peer)) this.#open.add(peer);
      concern(peer);
    }
    const changed = new Set<number>();
    if (
      this.#generation !== this.#fold.generation ||
      !this.#fold.sayAgain(this.#sayings, concerned, this.#holds, 0, changed)
    ) {
      this.#sayings = this.#fold.say(this.#holds, 0);
      this.#generation = this.#fold.generation;
      return this.#listsOf.flat();
    }
    const lists = new Set<number>();
    for (const policy of changed) for (const list of this.#listsOf[policy]!) lists.add(list);
    return lists;
  }

  /** What a list says at the address. */
  value(list: number): TierValue<number> {
    const value = this.#values.add(this.#fold, this.#fold.value(list, this.#sayings));
    return { accepted: this.#values.accepted[value]!, asked: this.#values.asked[value]! };
  }
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
  return whereItMatters(without, ask(reading, unknown), ask({ ...reading, assume: 'closed' }, unknown));
}

/** What is said without domain names, but for the ports at which they could make it otherwise: there it is otherwise. */
function whereItMatters(without: TierValue, most: TierValue, least: TierValue): TierValue {
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
    const set = ports.union(b.accepted, ports.intersect(b.asked, a.ports));
    const before = segments.at(-1);
    if (before?.family === family && before.ports === set)
      segments[segments.length - 1] = { ...before, last };
    else segments.push({ family, first, last, ports: set });
    if (a.last === last) i++;
    if (b.last === last) k++;
  }
  return segments;
}
