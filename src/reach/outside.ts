import { cidrOfRange, families, formatAddress, formatCidr, joined, lastOf } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import type { Direction } from '../model/index.ts';
import { familyBits } from '../policy/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { setsOf } from './groups.ts';
import type { Groups, NumberSets } from './groups.ts';

/** What a group may use to or from some addresses: the union over its pods, and whether some pod may less. */
export interface OutsideAccess {
  readonly ports: number;
  readonly partial: boolean;
}

/** Addresses outside that every peer of the map treats alike. */
export interface OutsidePeer {
  readonly id: string;
  readonly ranges: readonly AddressRange[];
}

/** A peer outside by its index, and what may be used with it. */
export interface OpenOutside {
  readonly peer: number;
  readonly access: OutsideAccess;
}

/** The outside as the groups of a map see it. */
export interface Outside {
  /** All of the address space, each address in one peer. */
  readonly peers: readonly OutsidePeer[];
  /** By group: groups with the same number have the same access in a direction; -1 for a group without pods. */
  readonly accessOf: { readonly [direction in Direction]: Int32Array };
  /** By number of an access: the peers that it may reach (egress) or be reached from (ingress), and on what. */
  readonly open: (direction: Direction, access: number) => readonly OpenOutside[];
}

/** The id of a set of addresses: the CIDR, else `first-last`, with `+n` when n more ranges follow. */
export function rangesId(ranges: readonly AddressRange[]): string {
  if (isInternet(ranges)) return 'internet';
  const [first] = ranges;
  if (first === undefined) return '';
  const cidr = cidrOfRange(first);
  const { family } = first;
  const text =
    cidr === undefined
      ? `${formatAddress({ family, value: first.first })}-${formatAddress({ family, value: first.last })}`
      : formatCidr(cidr);
  return ranges.length > 1 ? `${text}+${ranges.length - 1}` : text;
}

/** Whether ranges are all addresses of both families. */
export function isInternet(ranges: readonly AddressRange[]): boolean {
  return (
    ranges.length === 2 &&
    families.every((family, i) => {
      const range = ranges[i]!;
      return range.family === family && range.first === 0n && range.last === lastOf(family);
    })
  );
}

/** What one group may use with every part of the address space. */
interface Profile {
  /** First part of each run of parts that are treated alike, ascending, from 0. */
  readonly starts: readonly number[];
  /** By run: index in `values`. */
  readonly at: readonly number[];
  readonly values: readonly OutsideAccess[];
}

/** The address space in parts, and where they lie. */
interface Space {
  readonly parts: readonly AddressRange[];
  /** The part that begins at an address; every bound of every ipBlock begins one. */
  readonly partAt: (family: Family, first: bigint) => number;
}

function spaceOf(policy: CompiledPolicy): Space {
  const parts = families.flatMap((family) => policy.addressParts(family));
  const byStart = new Map(parts.map(({ family, first }, i) => [`${family} ${first}`, i]));
  return { parts, partAt: (family, first) => byStart.get(`${family} ${first}`)! };
}

/**
 * The address space, cut at the bounds of every ipBlock of the input and put together again where all groups agree:
 * addresses alike in all connections are one peer.
 *
 * @param policies - of one cluster, compiled to several bounds
 * @returns one for each of them; they have the same peers
 */
export function outsidesOf(policies: readonly CompiledPolicy[], groups: Groups): readonly Outside[] {
  const space = spaceOf(policies[0]!);
  const { parts } = space;
  const views = policies.map((policy) => {
    const { classOf } = policy.parts.classes;
    const keysOf = (direction: Direction): NumberSets => {
      const keys = accessKeys(policy, direction);
      return setsOf(groups, (i) => keys[classOf[i]!]!);
    };
    const sets = { ingress: keysOf('ingress'), egress: keysOf('egress') };
    return {
      sets,
      profiles: {
        ingress: sets.ingress.list.map((keys) => profileFor(policy, 'ingress', keys, space)),
        egress: sets.egress.list.map((keys) => profileFor(policy, 'egress', keys, space)),
      },
    };
  });

  // Partition refinement: parts begin alike, and every profile tells those apart that it treats otherwise than most. Only
  // these are touched, so that many policies with a block each cost their blocks and not the square.
  const mark = new Int32Array(parts.length);
  let next = 1;
  for (const { starts, at, values } of views.flatMap(({ profiles }) => [
    ...profiles.ingress,
    ...profiles.egress,
  ])) {
    if (values.length === 1) continue;
    const lengths = values.map(() => 0);
    for (const [run, value] of at.entries())
      lengths[value]! += (starts[run + 1] ?? parts.length) - starts[run]!;
    const usual = lengths.indexOf(Math.max(...lengths));
    const split = new Map<number, number>();
    for (const [run, value] of at.entries()) {
      if (value === usual) continue;
      for (let i = starts[run]!; i < (starts[run + 1] ?? parts.length); i++) {
        const key = mark[i]! * values.length + value;
        let to = split.get(key);
        if (to === undefined) split.set(key, (to = next++));
        mark[i] = to;
      }
    }
  }

  const members = new Map<number, number[]>();
  for (let i = 0; i < parts.length; i++) {
    const list = members.get(mark[i]!);
    if (list === undefined) members.set(mark[i]!, [i]);
    else list.push(i);
  }
  const peers = [...members.values()].map((list) => {
    const ranges = joined(list.map((i) => parts[i]!));
    return { id: rangesId(ranges), ranges };
  });
  const peerOf = new Map([...members.keys()].map((each, i) => [each, i]));
  return views.map(({ sets, profiles }) => {
    const open = new Map<Profile, readonly OpenOutside[]>();
    return {
      peers,
      accessOf: { ingress: sets.ingress.of, egress: sets.egress.of },
      open: (direction, access) => {
        const profile = profiles[direction][access];
        if (profile === undefined) return [];
        let list = open.get(profile);
        if (list === undefined) {
          const found = new Map<number, OutsideAccess>();
          for (const [run, value] of profile.at.entries()) {
            const own = profile.values[value]!;
            if (own.ports === 0) continue;
            // Parts of one peer are alike for every group, so the first tells of all.
            for (let i = profile.starts[run]!; i < (profile.starts[run + 1] ?? parts.length); i++) {
              found.set(peerOf.get(mark[i]!)!, own);
            }
          }
          list = Array.from(found, ([peer, own]) => ({ peer, access: own }));
          open.set(profile, list);
        }
        return list;
      },
    };
  });
}

/**
 * By class: a number that classes share which are alike to all addresses outside. A quarter of it, rounded down, is a
 * class with that access; the rest are the families.
 */
function accessKeys(policy: CompiledPolicy, direction: Direction): Float64Array {
  const { classes, profileOf } = policy.parts;
  const byProfile = new Map<number, number>();
  const examples = new Map<string, number>();
  return Float64Array.from({ length: classes.size }, (_, c) => {
    const profile = profileOf[direction][c]!;
    let example = byProfile.get(profile);
    if (example === undefined) {
      const text = policy
        .outside(direction, c)
        .map(({ family, first, ports }) => `${family} ${first} ${ports}`)
        .join();
      example = examples.get(text);
      if (example === undefined) examples.set(text, (example = c));
      byProfile.set(profile, example);
    }
    return example * 4 + classes.family[c]!;
  });
}

/** @param keys - of `accessKeys` */
function profileFor(
  policy: CompiledPolicy,
  direction: Direction,
  keys: readonly number[],
  { parts, partAt }: Space,
): Profile {
  const { ports } = policy.parts;
  // Each access as runs of parts; together they are cut wherever one of them is. A family that a pod lacks is no
  // connection.
  const columns = keys.map((key) =>
    policy.outside(direction, Math.floor(key / 4)).map((segment) => ({
      start: partAt(segment.family, segment.first),
      ports: ((key % 4) & familyBits[segment.family]) === 0 ? 0 : segment.ports,
    })),
  );
  const cuts = [...new Set([0, ...columns.flatMap((runs) => runs.map(({ start }) => start))])].sort(
    (a, b) => a - b,
  );
  const cursors = columns.map(() => 0);
  const starts: number[] = [];
  const at: number[] = [];
  const values: OutsideAccess[] = [];
  const ids = new Map<number, number>();
  for (const cut of cuts) {
    if (cut >= parts.length) break;
    let union = 0;
    let first: number | undefined;
    let partial = false;
    for (const [i, runs] of columns.entries()) {
      while ((runs[cursors[i]! + 1]?.start ?? Infinity) <= cut) cursors[i]!++;
      const own = runs[cursors[i]!]!.ports;
      union = ports.union(union, own);
      if (first !== undefined && own !== first) partial = true;
      first ??= own;
    }
    const value = union * 2 + (partial ? 1 : 0);
    let id = ids.get(value);
    if (id === undefined) {
      ids.set(value, (id = values.length));
      values.push({ ports: union, partial });
    }
    if (at.at(-1) === id) continue;
    starts.push(cut);
    at.push(id);
  }
  return { starts, at, values };
}
