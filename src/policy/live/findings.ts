import type { Direction, Pod } from '../../model/index.ts';
import { families, lastOf } from '../../net/index.ts';
import type { AddressRange, Family, PortSet } from '../../net/index.ts';
import { familyBits, isHost } from '../classes.ts';
import { outsideOf } from '../outside.ts';
import type { OutsideSegment } from '../outside.ts';
import { withTiersOutside } from '../tier-outside.ts';
import { nothing } from '../port-table.ts';
import type { Engine } from './engine.ts';

/**
 * Pairs of distinct pods, each of `from` with each of `to`, that may use other ports than before. A pod that stands in both
 * is meant with itself only where it stands for several.
 */
export interface PodDifference {
  readonly from: readonly Pod[];
  readonly to: readonly Pod[];
  readonly opened: PortSet;
  readonly closed: PortSet;
  /** `undefined`: whatever family they share. */
  readonly family: Family | undefined;
}

/** Pods and addresses outside the cluster: in egress from the pods to the addresses, in ingress the other way. */
export interface OutsideDifference {
  readonly direction: Direction;
  readonly pods: readonly Pod[];
  /** Ascending, IPv4 first. */
  readonly ranges: readonly AddressRange[];
  readonly opened: PortSet;
  readonly closed: PortSet;
}

/**
 * What a change opens and closes, exactly: no pair with a family stands in two entries of `pods`, and no pod with an address and
 * a direction in two of `outside`. A pod that is new opens what it may, one that is gone closes it; of one that is different
 * the new object is named.
 */
export interface Difference {
  readonly pods: readonly PodDifference[];
  readonly outside: readonly OutsideDifference[];
}

/** A pair of accesses, and the families in which they count before and after. */
export interface Step {
  readonly before: number;
  readonly after: number;
  readonly sharedBefore: number;
  readonly sharedAfter: number;
}

/** Collects what differs, in ports and pods. */
export class Findings {
  readonly #pods: PodDifference[] = [];
  readonly #outside: OutsideDifference[] = [];
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  finish(): Difference {
    return { pods: this.#pods, outside: this.#outside };
  }

  /** The pods of some classes. */
  podsOf(classes: readonly number[]): readonly Pod[] {
    const pods: Pod[] = [];
    for (const c of classes) {
      for (const number of this.#engine.classes.pods.copy(c)) pods.push(this.#engine.pods[number]!);
    }
    return pods;
  }

  /**
   * Adds pairs of pods that policies decide about: those that a node exempts are left out (corner 42).
   *
   * @param own - pods of which the change speaks
   */
  pairs(isRow: boolean, own: readonly Pod[], others: readonly Pod[], step: Step): void {
    const { profile } = this.#engine;
    const add = (some: readonly Pod[], rest: readonly Pod[]): void => {
      const mine = without(some, rest);
      const theirs = without(rest, some);
      this.emit(isRow ? mine : theirs, isRow ? theirs : mine, step);
    };
    const isNode = (pod: Pod): boolean => isHost(pod, profile);
    const [ownHosts, ownGuests] = parted(own, isNode);
    const [otherHosts, otherGuests] = parted(others, isNode);
    add(ownGuests, otherGuests);
    add(ownHosts, otherHosts);
    // Corner 42: as sources pods are exempt towards their node, as destinations from it.
    if (isRow ? profile.podToNode : profile.nodeToPod)
      apart(otherHosts, ownGuests, (some, rest) => add(rest, some));
    else add(ownGuests, otherHosts);
    if (isRow ? profile.nodeToPod : profile.podToNode)
      apart(ownHosts, otherGuests, (some, rest) => add(some, rest));
    else add(ownHosts, otherGuests);
  }

  /** Adds the pairs among some pods and others that a node exempts from NetworkPolicies (corner 42). */
  ownNode(isRow: boolean, own: readonly Pod[], others: readonly Pod[], step: Step): void {
    const [from, to] = isRow ? [own, others] : [others, own];
    const byNode = Map.groupBy(to, ({ node }) => node);
    for (const [node, sources] of Map.groupBy(from, (pod) => pod.node)) {
      if (node === undefined) continue;
      const targets = byNode.get(node) ?? [];
      for (const isNode of [true, false]) {
        const some = sources.filter((pod) => isHost(pod, this.#engine.profile) === isNode);
        const rest = targets.filter((pod) => isHost(pod, this.#engine.profile) !== isNode);
        const [a, b] = [some[0], rest[0]];
        if (a !== undefined && b !== undefined && this.#engine.exempts(a, b)) this.emit(some, rest, step);
      }
    }
  }

  /** Adds pairs of pods, each of `from` with each of `to`. */
  emit(from: readonly Pod[], to: readonly Pod[], step: Step): void {
    if (from.length === 0 || to.length === 0) return;
    const { ports } = this.#engine;
    const before = this.#inFamilies(step.before, step.sharedBefore);
    const after = this.#inFamilies(step.after, step.sharedAfter);
    const [opened4, opened6] = [ports.minus(after[0], before[0]), ports.minus(after[1], before[1])];
    const [closed4, closed6] = [ports.minus(before[0], after[0]), ports.minus(before[1], after[1])];
    const add = (opened: number, closed: number, family: Family | undefined): void => {
      if (opened === nothing && closed === nothing) return;
      this.#pods.push({ from, to, opened: ports.set(opened), closed: ports.set(closed), family });
    };
    const shared = step.sharedBefore | step.sharedAfter;
    if (shared === familyBits.IPv4) add(opened4, closed4, undefined);
    else if (shared === familyBits.IPv6) add(opened6, closed6, undefined);
    else if (opened4 === opened6 && closed4 === closed6) add(opened4, closed4, undefined);
    else {
      add(opened4, closed4, 'IPv4');
      add(opened6, closed6, 'IPv6');
    }
  }

  #inFamilies(access: number, shared: number): readonly [in4: number, in6: number] {
    const { both, only4, only6 } = this.#engine.matrix.accesses.access(access);
    const { ports } = this.#engine;
    if (shared === familyBits.IPv4) return [both, nothing];
    if (shared === familyBits.IPv6) return [nothing, both];
    return shared === 0 ? [nothing, nothing] : [ports.union(both, only4), ports.union(both, only6)];
  }

  /** Adds what two profiles say differently of addresses outside; `undefined` for a pod that is not there. */
  addOutside(
    direction: Direction,
    pods: readonly Pod[],
    was: number | undefined,
    is: number | undefined,
    familyBefore: number,
    familyAfter: number,
  ): void {
    const before = this.#inLanes(was === undefined ? [] : this.segmentsOf(direction, was), familyBefore);
    const after = this.#inLanes(is === undefined ? [] : this.segmentsOf(direction, is), familyAfter);
    this.#addCut(direction, pods, before, after);
  }

  /** The same of segments that were worked out before the change, and after it. */
  addSegments(
    direction: Direction,
    pods: readonly Pod[],
    was: readonly OutsideSegment[],
    is: readonly OutsideSegment[],
    family: number,
  ): void {
    this.#addCut(direction, pods, this.#inLanes(was, family), this.#inLanes(is, family));
  }

  #addCut(
    direction: Direction,
    pods: readonly Pod[],
    before: readonly OutsideSegment[],
    after: readonly OutsideSegment[],
  ): void {
    const { ports } = this.#engine;
    const found = new Map<
      string,
      { readonly opened: number; readonly closed: number; ranges: AddressRange[] }
    >();
    let at = 0;
    for (const { family, first, last, ports: now } of after) {
      for (; at < before.length; at++) {
        const old = before[at]!;
        if (old.family !== family) break;
        const opened = ports.minus(now, old.ports);
        const closed = ports.minus(old.ports, now);
        const range = {
          family,
          first: old.first > first ? old.first : first,
          last: old.last < last ? old.last : last,
        };
        if (opened !== nothing || closed !== nothing) {
          const key = `${opened} ${closed}`;
          const known = found.get(key);
          if (known === undefined) found.set(key, { opened, closed, ranges: [range] });
          else addRange(known.ranges, range);
        }
        if (old.last > last) break;
        if (old.last === last) {
          at++;
          break;
        }
      }
    }
    for (const { opened, closed, ranges } of found.values()) {
      this.#outside.push({ direction, pods, ranges, opened: ports.set(opened), closed: ports.set(closed) });
    }
  }

  /** What a profile says about addresses outside. */
  segmentsOf(direction: Direction, profile: number): readonly OutsideSegment[] {
    const engine = this.#engine;
    const admitted = outsideOf(engine.profileAt(direction, profile), direction, engine.outsideTables);
    const tiers = engine.matrix.side(direction).tiersOf(profile);
    return tiers < 0
      ? admitted
      : withTiersOutside(admitted, engine.tiersOutside(direction, tiers), engine.ports);
  }

  /** Segments that cover both families; nothing is said of a family that the pod lacks (corner 37). */
  #inLanes(all: readonly OutsideSegment[], family: number): readonly OutsideSegment[] {
    return families.flatMap((each) => {
      const own = all.filter((segment) => segment.family === each);
      if (own.length > 0 && (family & familyBits[each]) !== 0) return own;
      return [{ family: each, first: 0n, last: lastOf(each), ports: nothing }];
    });
  }
}

/** Pods but for the one that is all of `others`: one pod and itself are no pair. */
function without(pods: readonly Pod[], others: readonly Pod[]): readonly Pod[] {
  const [only] = others;
  if (others.length !== 1 || only?.replicas !== 1) return pods;
  return pods.includes(only) ? pods.filter((pod) => pod !== only) : pods;
}

function parted(pods: readonly Pod[], test: (pod: Pod) => boolean): readonly [Pod[], Pod[]] {
  const [yes, no]: [Pod[], Pod[]] = [[], []];
  for (const pod of pods) (test(pod) ? yes : no).push(pod);
  return [yes, no];
}

/** Calls `add` with blocks that together are all pairs of a host and a guest that run on different nodes. */
function apart(
  hosts: readonly Pod[],
  guests: readonly Pod[],
  add: (hosts: readonly Pod[], guests: readonly Pod[]) => void,
): void {
  if (hosts.length === 0 || guests.length === 0) return;
  const nodesOfHosts = new Set(hosts.map(({ node }) => node));
  const nodesOfGuests = new Set(guests.map(({ node }) => node));
  const isShared = ({ node }: Pod): boolean =>
    node !== undefined && nodesOfHosts.has(node) && nodesOfGuests.has(node);
  // The shorter side is cut by node, so that the longer one is listed as seldom as can be.
  const cutHosts = hosts.length < guests.length;
  const [cut, whole] = cutHosts ? [hosts, guests] : [guests, hosts];
  const [shared, alone] = parted(cut, isShared);
  const pair = (some: readonly Pod[], others: readonly Pod[]): void => {
    if (some.length === 0 || others.length === 0) return;
    if (cutHosts) add(some, others);
    else add(others, some);
  };
  pair(alone, whole);
  for (const [node, some] of Map.groupBy(shared, (pod) => pod.node)) {
    pair(
      some,
      whole.filter((pod) => pod.node !== node),
    );
  }
}

/** Adds a range behind others, or to the last when they touch. */
function addRange(ranges: AddressRange[], range: AddressRange): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.family === range.family && last.last + 1n === range.first) {
    ranges[ranges.length - 1] = { ...last, last: range.last };
  } else ranges.push(range);
}
