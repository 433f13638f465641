import type { Direction, Pod } from '../../model/index.ts';
import { families, joined, lastOf } from '../../net/index.ts';
import type { AddressRange, Family, PortSet } from '../../net/index.ts';
import { isHost } from '../classes.ts';
import { familyBits } from '../pod-traits.ts';
import type { OutsideSegment } from '../outside.ts';
import { withTiersOutside } from '../tier-outside.ts';
import type { Bound } from '../tier-value.ts';
import { nothing } from '../port-table.ts';
import type { Engine } from './engine.ts';
import { toldOnce } from './told-once.ts';

/**
 * Ports of which something else holds than before. A port is allowed, denied, or *ambiguous*: allowed under some choice among
 * policies of equal priority, and not under every one (corner 60). One that was allowed and is ambiguous now is closed, and has
 * become ambiguous.
 */
export interface PortDifference {
  /** Allowed now, and not before. */
  readonly opened: PortSet;
  /** No longer allowed, whichever policy is applied. */
  readonly closed: PortSet;
  readonly becameAmbiguous: PortSet;
  readonly ceasedAmbiguous: PortSet;
}

/**
 * Pairs of distinct pods, each of `from` with each of `to`, that may use other ports than before. A pod that stands in both
 * is meant with itself only where it stands for several.
 */
export interface PodDifference extends PortDifference {
  readonly from: readonly Pod[];
  readonly to: readonly Pod[];
  /** `undefined`: whatever family they share. */
  readonly family: Family | undefined;
}

/** Pods and addresses outside the cluster: in egress from the pods to the addresses, in ingress the other way. */
export interface OutsideDifference extends PortDifference {
  readonly direction: Direction;
  readonly pods: readonly Pod[];
  /** Ascending, IPv4 first. */
  readonly ranges: readonly AddressRange[];
}

/**
 * What a change opens and closes, exactly and once: no pair with a family stands in two entries of `pods`, and no pod with an
 * address and a direction in two of `outside`; entries that say the same of the same pods or addresses are one. A pod that is new opens what it may, one that is gone closes it; of one that is different
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

/** What some ends may use: ids of port sets, what is allowed in any case and what is under the choices that allow most. */
interface Bounds {
  readonly sure: number;
  readonly most: number;
}

/** Neighbouring addresses outside that a profile treats alike. */
export interface BoundSegment extends AddressRange, Bounds {}

const noPorts: Bounds = { sure: nothing, most: nothing };

/** The same in ids of port sets. */
interface Differing {
  readonly opened: number;
  readonly closed: number;
  readonly became: number;
  readonly ceased: number;
}

/** Collects what differs, in ports and pods. */
export class Findings {
  readonly #pods: PodDifference[] = [];
  readonly #outside: OutsideDifference[] = [];
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @param several - whether an object stands, or stood, for several pods */
  finish(several: (pod: Pod) => boolean = ({ replicas }) => replicas > 1): Difference {
    return toldOnce({ pods: this.#pods, outside: this.#outside }, several);
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
      this.emit(isRow ? some : rest, isRow ? rest : some, step);
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
    const inFamily = (family: Family): Differing =>
      this.#differing(
        this.#inFamily(step.before, step.sharedBefore, family),
        this.#inFamily(step.after, step.sharedAfter, family),
      );
    const [in4, in6] = [inFamily('IPv4'), inFamily('IPv6')];
    const add = (found: Differing, family: Family | undefined): void => {
      if (differs(found)) this.#pods.push({ from, to, ...this.#told(found), family });
    };
    const shared = step.sharedBefore | step.sharedAfter;
    if (shared === familyBits.IPv4) add(in4, undefined);
    else if (shared === familyBits.IPv6) add(in6, undefined);
    else if (keyOf(in4) === keyOf(in6)) add(in4, undefined);
    else {
      add(in4, 'IPv4');
      add(in6, 'IPv6');
    }
  }

  /** What an access allows in one family. */
  #inFamily(access: number, shared: number, family: Family): Bounds {
    if ((shared & familyBits[family]) === 0) return noPorts;
    const { ports } = this.#engine;
    const { accesses } = this.#engine.matrix;
    const portsOf = (id: number): number => {
      const { both, only4, only6 } = accesses.access(id);
      return ports.union(both, family === 'IPv4' ? only4 : only6);
    };
    return { sure: portsOf(access), most: portsOf(accesses.most(access)) };
  }

  #differing(before: Bounds, after: Bounds): Differing {
    const { ports } = this.#engine;
    const [was, is] = [ports.minus(before.most, before.sure), ports.minus(after.most, after.sure)];
    return {
      opened: ports.minus(after.sure, before.sure),
      closed: ports.minus(before.sure, after.sure),
      became: ports.minus(is, was),
      ceased: ports.minus(was, is),
    };
  }

  #told({ opened, closed, became, ceased }: Differing): PortDifference {
    const { ports } = this.#engine;
    return {
      opened: ports.set(opened),
      closed: ports.set(closed),
      becameAmbiguous: ports.set(became),
      ceasedAmbiguous: ports.set(ceased),
    };
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
    was: readonly BoundSegment[],
    is: readonly BoundSegment[],
    family: number,
  ): void {
    this.#addCut(direction, pods, this.#inLanes(was, family), this.#inLanes(is, family));
  }

  #addCut(
    direction: Direction,
    pods: readonly Pod[],
    before: readonly BoundSegment[],
    after: readonly BoundSegment[],
  ): void {
    const found = new Map<string, { readonly differing: Differing; readonly ranges: AddressRange[] }>();
    for (const [old, now, range] of overlaps(before, after)) {
      const differing = this.#differing(old, now);
      if (!differs(differing)) continue;
      const key = keyOf(differing);
      const known = found.get(key);
      if (known === undefined) found.set(key, { differing, ranges: [range] });
      else known.ranges.push(range);
    }
    for (const { differing, ranges } of found.values())
      this.#outside.push({ direction, pods, ranges: joined(ranges), ...this.#told(differing) });
  }

  /** What a profile says about addresses outside. */
  segmentsOf(direction: Direction, profile: number): readonly BoundSegment[] {
    const engine = this.#engine;
    const admitted = engine.outside.admitted(direction, profile);
    const tiers = engine.matrix.side(direction).tiersOf(profile);
    const bound = (segments: readonly OutsideSegment[]): readonly BoundSegment[] =>
      segments.map(({ family, first, last, ports }) => ({ family, first, last, sure: ports, most: ports }));
    if (tiers < 0) return bound(admitted);
    const told = (each: Bound): readonly OutsideSegment[] =>
      withTiersOutside(admitted, engine.outside.ofTiers(direction, tiers, each), engine.ports);
    const sure = told('sure');
    if (!engine.tiers.isOpen(direction, tiers)) return bound(sure);
    return Array.from(overlaps(sure, told('possible')), ([a, b, range]) => ({
      ...range,
      sure: a.ports,
      most: b.ports,
    }));
  }

  /** Segments that cover both families; nothing is said of a family that the pod lacks (corner 37). */
  #inLanes(all: readonly BoundSegment[], family: number): readonly BoundSegment[] {
    return families.flatMap((each) => {
      const own = all.filter((segment) => segment.family === each);
      if (own.length > 0 && (family & familyBits[each]) !== 0) return own;
      return [{ family: each, first: 0n, last: lastOf(each), ...noPorts }];
    });
  }
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

function differs({ opened, closed, became, ceased }: Differing): boolean {
  return opened !== nothing || closed !== nothing || became !== nothing || ceased !== nothing;
}

function keyOf({ opened, closed, became, ceased }: Differing): string {
  return `${opened} ${closed} ${became} ${ceased}`;
}

/** The ranges in which two lists of segments overlap, ascending; both cover the same addresses in the same order. */
function* overlaps<A extends AddressRange, B extends AddressRange>(
  some: readonly A[],
  others: readonly B[],
): Generator<readonly [A, B, AddressRange]> {
  let i = 0;
  let k = 0;
  while (i < some.length && k < others.length) {
    const [a, b] = [some[i]!, others[k]!];
    const last = a.last < b.last ? a.last : b.last;
    yield [a, b, { family: a.family, first: a.first > b.first ? a.first : b.first, last }];
    if (a.last === last) i++;
    if (b.last === last) k++;
  }
}
