import { cidrOfRange, families, formatAddress, formatCidr, joined, lastOf } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import type { Direction } from '../model/index.ts';
import { familyBits } from '../policy/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import type { Groups } from './groups.ts';

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
  /** How many peers there are: all of the address space, each address in one of them. */
  readonly size: number;
  /** A peer, put together when it is first asked for: there may be thousands, and few of them are shown. */
  readonly peer: (index: number) => OutsidePeer;
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

/** A range as documents have it: its first and last address. */
export function rangeText({ family, first, last }: AddressRange): readonly [string, string] {
  return [formatAddress({ family, value: first }), formatAddress({ family, value: last })];
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

/** What a class may use with every part, as runs: the first part of each, and the ports. */
interface Runs {
  readonly starts: readonly number[];
  readonly ports: readonly number[];
}

/** The address space in parts, cut at the bounds of every ipBlock of the input: IPv4 first, ascending. */
class Space {
  readonly size: number;
  /** The first part of IPv6. */
  readonly #sixth: number;
  readonly #policy: CompiledPolicy;
  readonly #bounds: { readonly [family in Family]: readonly bigint[] };
  /** By block: the parts that it has, the first and the one behind the last of each run. */
  readonly #partsOfBlock: (readonly number[] | undefined)[] = [];

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
    const { blocks } = policy.parts;
    this.#bounds = { IPv4: blocks.bounds('IPv4'), IPv6: blocks.bounds('IPv6') };
    this.#sixth = this.#bounds.IPv4.length;
    this.size = this.#sixth + this.#bounds.IPv6.length;
  }

  /** The first part of a family, and the one behind its last. */
  of(family: Family): readonly [number, number] {
    return family === 'IPv4' ? [0, this.#sixth] : [this.#sixth, this.size];
  }

  /** The part that holds an address. */
  partAt(family: Family, value: bigint): number {
    return this.of(family)[0] + this.#policy.parts.blocks.partOf(family, value);
  }

  partsOf(block: number): readonly number[] {
    let found = this.#partsOfBlock[block];
    if (found === undefined) {
      const { family, ranges } = this.#policy.parts.blocks.block(block);
      const behind = lastOf(family);
      found = ranges.flatMap(({ first, last }) => [
        this.partAt(family, first),
        last === behind ? this.of(family)[1] : this.partAt(family, last + 1n),
      ]);
      this.#partsOfBlock[block] = found;
    }
    return found;
  }

  /** The addresses of a part. */
  range(part: number): AddressRange {
    const family = part < this.#sixth ? 'IPv4' : 'IPv6';
    const bounds = this.#bounds[family];
    const i = part - this.of(family)[0];
    return { family, first: bounds[i]!, last: (bounds[i + 1] ?? lastOf(family) + 1n) - 1n };
  }
}

/** What the policies of one direction say about the outside: classes that say the same share a number. */
class Sayings {
  /** By class: four times a number of `runs`, and the families of the class. */
  readonly keys: Int32Array;
  readonly #policy: CompiledPolicy;
  readonly #direction: Direction;
  readonly #space: Space;
  /** By number: a class that says so. */
  readonly #examples: number[] = [];
  readonly #runs: (Runs | undefined)[] = [];
  /** By peer: `ofPods`, `ofAny` or `ofBlock`. */
  readonly #kinds: Uint8Array;

  constructor(policy: CompiledPolicy, direction: Direction, space: Space) {
    this.#policy = policy;
    this.#direction = direction;
    this.#space = space;
    const { classes, peers } = policy.parts;
    const profiles = policy.parts.profiles[direction];
    const profileOf = policy.parts.profileOf[direction];
    const kinds = new Uint8Array(peers.size);
    for (let peer = 0; peer < kinds.length; peer++) {
      const { kind } = peers.definition(peer);
      kinds[peer] = kind === 'pods' ? ofPods : kind === 'any' ? ofAny : ofBlock;
    }
    this.#kinds = kinds;
    const byText = new Map<string, number>();
    const known = new Int32Array(profiles.length).fill(-1);
    this.keys = new Int32Array(classes.size);
    for (let c = 0; c < this.keys.length; c++) {
      const profile = profileOf[c]!;
      let number = known[profile]!;
      if (number < 0) {
        const { entries } = profiles;
        const end = profiles.end(profile);
        // Peers ascend, so the same ones make the same text.
        let text = String(profiles.tiersOf(profile));
        for (let i = profiles.start(profile); i < end; i += 2)
          if (kinds[entries[i]!] !== ofPods) text += ` ${entries[i]!} ${entries[i + 1]!}`;
        number = byText.get(text) ?? -1;
        if (number < 0) {
          byText.set(text, (number = this.#examples.length));
          this.#examples.push(c);
        }
        known[profile] = number;
      }
      this.keys[c] = number * 4 + classes.family[c]!;
    }
  }

  /** What classes of a number may use, families left aside. */
  runs(number: number): Runs {
    return (this.#runs[number] ??= this.#make(this.#examples[number]!));
  }

  #make(c: number): Runs {
    const { profiles, profileOf } = this.#policy.parts;
    const ofDirection = profiles[this.#direction];
    const profile = profileOf[this.#direction][c]!;
    if (ofDirection.tiersOf(profile) !== 0) {
      const segments = this.#policy.outside(this.#direction, c);
      return {
        starts: segments.map(({ family, first }) => this.#space.partAt(family, first)),
        ports: segments.map((segment) => segment.ports),
      };
    }
    const { peers, ports } = this.#policy.parts;
    let base = 0;
    /** Where blocks begin and end, with their ports: negative where they end. */
    const bounds: { readonly part: number; readonly change: number }[] = [];
    const { entries } = ofDirection;
    const end = ofDirection.end(profile);
    for (let i = ofDirection.start(profile); i < end; i += 2) {
      // Mostly all peers are pods.
      if (this.#kinds[entries[i]!] === ofPods) continue;
      const definition = peers.definition(entries[i]!);
      if (definition.kind === 'pods') continue;
      const asked = entries[i + 1]!;
      // Corner 29: names in egress rules mean nothing here.
      const set = this.#direction === 'ingress' ? asked : ports.fixed(asked);
      if (definition.kind === 'any') base = ports.union(base, set);
      else if (set !== 0) {
        const parts = this.#space.partsOf(definition.block);
        for (const [k, part] of parts.entries()) bounds.push({ part, change: k % 2 === 0 ? set : -set });
      }
    }
    if (bounds.length === 0) return { starts: [0], ports: [base] };
    bounds.sort((a, b) => a.part - b.part);
    const starts = [0];
    const found = [base];
    const open = new Map<number, number>();
    for (let i = 0; i < bounds.length;) {
      const { part } = bounds[i]!;
      for (; i < bounds.length && bounds[i]!.part === part; i++) {
        const { change } = bounds[i]!;
        const set = Math.abs(change);
        const times = (open.get(set) ?? 0) + Math.sign(change);
        if (times === 0) open.delete(set);
        else open.set(set, times);
      }
      const set = open.size === 0 ? base : ports.unionOf([base, ...open.keys()]);
      if (part === 0) found[0] = set;
      else if (set !== found.at(-1) && part < this.#space.size) {
        starts.push(part);
        found.push(set);
      }
    }
    return { starts, ports: found };
  }
}

const ofPods = 0;
const ofAny = 1;
const ofBlock = 2;

/**
 * The address space, cut at the bounds of every ipBlock of the input and put together again where all groups agree:
 * addresses alike in all connections are one peer.
 *
 * @param policies - of one cluster, compiled to several bounds
 * @returns one for each of them; they have the same peers
 */
export function outsidesOf(policies: readonly CompiledPolicy[], groups: Groups): readonly Outside[] {
  const space = new Space(policies[0]!);
  const views = policies.map((policy) => {
    const of = (direction: Direction): View => {
      const sayings = new Sayings(policy, direction, space);
      const sets = groups.setsOf(undefined, sayings.keys);
      return { of: sets.of, profiles: sets.list.map((keys) => profileFor(policy, sayings, keys, space)) };
    };
    return { ingress: of('ingress'), egress: of('egress') };
  });
  const partsOfPeer = agreed(
    views.flatMap(({ ingress, egress }) => [...ingress.profiles, ...egress.profiles]),
    space.size,
  );
  // Parts of one peer are alike for every group, so the first tells of all.
  const firstParts = Int32Array.from(partsOfPeer, (parts) => parts[0]!);
  const peers: (OutsidePeer | undefined)[] = [];
  const peer = (index: number): OutsidePeer => {
    let known = peers[index];
    if (known === undefined) {
      const ranges = joined(partsOfPeer[index]!.map((part) => space.range(part)));
      peers[index] = known = { id: rangesId(ranges), ranges };
    }
    return known;
  };
  return views.map((view) => {
    const open = new Map<Profile, readonly OpenOutside[]>();
    return {
      size: partsOfPeer.length,
      peer,
      accessOf: { ingress: view.ingress.of, egress: view.egress.of },
      open: (direction, access) => {
        const profile = view[direction].profiles[access];
        if (profile === undefined) return [];
        let list = open.get(profile);
        if (list === undefined) open.set(profile, (list = openTo(profile, firstParts)));
        return list;
      },
    };
  });
}

/** What groups may use outside in one direction. */
interface View {
  /** By group: its profile; -1 without pods. */
  readonly of: Int32Array;
  readonly profiles: readonly Profile[];
}

/**
 * Partition refinement: parts begin alike, and every profile tells those apart that it treats otherwise than most. Only
 * these are touched, so that many policies with a block each cost their blocks and not the square.
 *
 * @param size - how many parts there are
 * @returns by peer: its parts, ascending; peers ascend by their first part
 */
function agreed(profiles: readonly Profile[], size: number): readonly (readonly number[])[] {
  const mark = new Int32Array(size);
  let next = 1;
  const split = new Map<number, number>();
  for (const { starts, at, values } of profiles) {
    if (values.length === 1) continue;
    const lengths = values.map(() => 0);
    for (let run = 0; run < at.length; run++) lengths[at[run]!]! += (starts[run + 1] ?? size) - starts[run]!;
    const usual = lengths.indexOf(Math.max(...lengths));
    split.clear();
    for (let run = 0; run < at.length; run++) {
      const value = at[run]!;
      if (value === usual) continue;
      const end = starts[run + 1] ?? size;
      for (let i = starts[run]!; i < end; i++) {
        const key = mark[i]! * values.length + value;
        let to = split.get(key);
        if (to === undefined) split.set(key, (to = next++));
        mark[i] = to;
      }
    }
  }
  const numbers = new Int32Array(next).fill(-1);
  const parts: number[][] = [];
  for (let i = 0; i < size; i++) {
    let peer = numbers[mark[i]!]!;
    if (peer < 0) {
      numbers[mark[i]!] = peer = parts.length;
      parts.push([]);
    }
    parts[peer]!.push(i);
  }
  return parts;
}

/** The peers with which a group may use something, of which each has a first part. */
function openTo({ starts, at, values }: Profile, firstParts: Int32Array): readonly OpenOutside[] {
  const found: OpenOutside[] = [];
  let run = 0;
  for (let peer = 0; peer < firstParts.length; peer++) {
    const part = firstParts[peer]!;
    while (run + 1 < starts.length && starts[run + 1]! <= part) run++;
    const access = values[at[run]!]!;
    if (access.ports !== 0) found.push({ peer, access });
  }
  return found;
}

/** @param keys - of `Sayings` */
function profileFor(
  policy: CompiledPolicy,
  sayings: Sayings,
  keys: readonly number[],
  space: Space,
): Profile {
  const columns = keys.map((key) => inFamilies(sayings.runs(key >> 2), key & 3, space));
  const starts: number[] = [];
  const at: number[] = [];
  const values: OutsideAccess[] = [];
  const ids = new Map<number, number>();
  const add = (start: number, union: number, partial: boolean): void => {
    const value = union * 2 + (partial ? 1 : 0);
    let id = ids.get(value);
    if (id === undefined) {
      ids.set(value, (id = values.length));
      values.push({ ports: union, partial });
    }
    if (at.at(-1) === id) return;
    starts.push(start);
    at.push(id);
  };
  const [only] = columns;
  if (only !== undefined && columns.length === 1) {
    for (let run = 0; run < only.starts.length; run++) add(only.starts[run]!, only.ports[run]!, false);
    return { starts, at, values };
  }
  // Each access as runs of parts: a sweep over all their bounds, with how many of them allow the same at each.
  const bounds: { readonly start: number; readonly from: number; readonly to: number }[] = [];
  for (const { starts: own, ports } of columns)
    for (let run = 0; run < own.length; run++)
      bounds.push({ start: own[run]!, from: run === 0 ? -1 : ports[run - 1]!, to: ports[run]! });
  bounds.sort((a, b) => a.start - b.start);
  const times = new Map<number, number>();
  for (let i = 0; i < bounds.length;) {
    const { start } = bounds[i]!;
    for (; i < bounds.length && bounds[i]!.start === start; i++) {
      const { from, to } = bounds[i]!;
      if (from === to) continue;
      const left = (times.get(from) ?? 0) - 1;
      if (left > 0) times.set(from, left);
      else times.delete(from);
      times.set(to, (times.get(to) ?? 0) + 1);
    }
    add(start, policy.parts.ports.unionOf([...times.keys()]), times.size > 1);
  }
  return { starts, at, values };
}

/** The same with nothing in the families that a pod lacks. */
function inFamilies(runs: Runs, bits: number, space: Space): Runs {
  if (families.every((family) => (bits & familyBits[family]) !== 0)) return runs;
  const starts: number[] = [];
  const ports: number[] = [];
  for (const family of families) {
    const [begin, end] = space.of(family);
    const isShared = (bits & familyBits[family]) !== 0;
    for (let run = 0; run < runs.starts.length; run++) {
      const start = Math.max(begin, runs.starts[run]!);
      if (start >= Math.min(end, runs.starts[run + 1] ?? end)) continue;
      starts.push(start);
      ports.push(isShared ? runs.ports[run]! : 0);
    }
  }
  return { starts, ports };
}
