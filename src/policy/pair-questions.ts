import type { Direction } from '../model/index.ts';
import { families, PortSet } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import type { Access } from './access.ts';
import { blockHas } from './blocks.ts';
import { isHost } from './classes.ts';
import type { CompiledParts } from './compiled-parts.ts';
import { addressesOf, has } from './ends.ts';
import type { PolicyEnd } from './ends.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds } from './labels.ts';
import { everything, nothing } from './port-table.ts';
import type { Profile } from './profile.ts';
import type { TierSay } from './tier-decide.ts';
import { disagreements } from './tier-disagree.ts';
import { TierEnds } from './tier-ends.ts';
import { canDisagree } from './tier-side.ts';
import type { TierValue } from './tier-value.ts';

/** A pod was asked about that the compiled cluster does not have: nothing can be said of it, least of all yes. */
export class UnknownPodError extends Error {
  override readonly name = 'UnknownPodError';

  constructor(id: string) {
    super(`${id} is no pod of this cluster, or it has finished`);
  }
}

/** What a compiled policy says of two ends, whatever they are, as sets of ports; `Decisions` name what decides. */
export class PairQuestions {
  readonly #parts: CompiledParts;
  readonly #profile: Profile;
  /** Absent where the cluster has no policy of a tier. */
  readonly tierEnds: TierEnds | undefined;

  constructor(parts: CompiledParts) {
    this.#parts = parts;
    this.#profile = parts.profile;
    this.tierEnds = parts.tiers === undefined ? undefined : new TierEnds(parts, parts.tiers);
  }

  /**
   * The ports on which `from` may open connections to `to`.
   *
   * A pod always reaches itself (corner 41), and under the profile its own node and back as far as NetworkPolicies go
   * (corner 42); ends that are no pods, or pods that are their node, isolate nothing. Without `family`, the union over the
   * families that both ends have; ends without a common one cannot talk (corner 37).
   */
  allowed(from: PolicyEnd, to: PolicyEnd, family?: Family): PortSet {
    const { ports } = this.#parts;
    let allowed = nothing;
    for (const each of families) {
      if (family !== undefined && family !== each) continue;
      allowed = ports.union(allowed, this.#allowedIn(from, to, each));
    }
    return ports.set(allowed);
  }

  /**
   * The same by family, where a pair that shares both may differ (see `Access`).
   */
  access(from: PolicyEnd, to: PolicyEnd): Access {
    const { ports } = this.#parts;
    const in4 = this.#allowedIn(from, to, 'IPv4');
    const in6 = this.#allowedIn(from, to, 'IPv6');
    if (!has(from, 'IPv4') || !has(to, 'IPv4')) return { both: in6, only4: nothing, only6: nothing };
    if (!has(from, 'IPv6') || !has(to, 'IPv6')) return { both: in4, only4: nothing, only6: nothing };
    return { both: ports.intersect(in4, in6), only4: ports.minus(in4, in6), only6: ports.minus(in6, in4) };
  }

  #allowedIn(from: PolicyEnd, to: PolicyEnd, family: Family): number {
    if (!has(from, family) || !has(to, family)) return nothing;
    if (this.exemption(from, to) !== undefined) return everything;
    const { ports } = this.#parts;
    const egress = this.sideAllowed('egress', from, to, family);
    return egress === nothing
      ? nothing
      : ports.intersect(egress, this.sideAllowed('ingress', to, from, family));
  }

  /** Why no policy is asked about a pair: a pod and itself, a pod and its own node. */
  exemption(from: PolicyEnd, to: PolicyEnd): 'self' | 'node' | undefined {
    // Corner 41. Pods of a template that stand for several have no identity: replicas are asked about, not oneself.
    if (from.kind === 'pod' && to.kind === 'pod' && from.pod === to.pod && from.pod.replicas === 1)
      return 'self';
    const fromHost = this.#profile.nodeToPod ? this.#nodeOfHost(from) : undefined;
    const toHost = this.#profile.podToNode ? this.#nodeOfHost(to) : undefined;
    // Corner 42: only the node where the pod runs; a pod without nodeName runs on a node of its own.
    if (fromHost !== undefined && to.kind === 'pod' && to.pod.node === fromHost) return 'node';
    // To its own node NetworkPolicies exempt a pod, tiers do not.
    if (toHost !== undefined && from.kind === 'pod' && from.pod.node === toHost)
      return this.tierList('egress', this.classOf(from)) === 0 ? 'node' : undefined;
    return undefined;
  }

  /**
   * Whether NetworkPolicies say nothing of a connection from a pod because it goes to its own node (corner 42).
   */
  isOwnNode(direction: Direction, subject: PolicyEnd, other: PolicyEnd): boolean {
    if (direction === 'ingress' || !this.#profile.podToNode || subject.kind !== 'pod') return false;
    const node = this.#nodeOfHost(other);
    return node !== undefined && subject.pod.node === node;
  }

  /** The list of tiers of a class in a direction; 0 where no tier speaks of it, and for ends that are no class. */
  tierList(direction: Direction, c: number): number {
    const { profiles, profileOf, tiers } = this.#parts;
    return tiers === undefined || c < 0 ? 0 : profiles[direction].tiersOf(profileOf[direction][c]!);
  }

  #nodeOfHost(end: PolicyEnd): string | undefined {
    if (end.kind === 'node') return end.node.name;
    return end.kind === 'pod' && isHost(end.pod, this.#profile) ? end.pod.node : undefined;
  }

  /**
   * The class of an end whose policies can be asked; -1 for all others, which isolate nothing.
   *
   * @throws UnknownPodError when a pod is not one of the cluster's, or has finished and the profile ignores it
   */
  classOf(end: PolicyEnd): number {
    if (end.kind !== 'pod' || isHost(end.pod, this.#profile)) return -1;
    const { classes } = this.#parts;
    const at = classes.indexOf(end.pod);
    if (at < 0) throw new UnknownPodError(end.pod.id);
    return classes.classOf[at]!;
  }

  /** Whether a policy isolates the end in a direction (corner 1). */
  isolated(direction: Direction, subject: PolicyEnd): boolean {
    const c = this.classOf(subject);
    return c >= 0 && this.#parts.profiles[direction].isolates(this.#parts.profileOf[direction][c]!);
  }

  /**
   * What one side alone allows, as an id: egress of `subject` to `other`, or ingress of `subject` from `other`.
   *
   * @param c - the class of `subject`, for callers that have asked for it before
   */
  sideAllowed(
    direction: Direction,
    subject: PolicyEnd,
    other: PolicyEnd,
    family: Family,
    c: number = this.classOf(subject),
  ): number {
    if (c < 0) return everything;
    const otherClass = this.classOf(other);
    const admitted = this.isOwnNode(direction, subject, other)
      ? everything
      : this.#admitted(direction, c, other, otherClass, family);
    const list = this.tierList(direction, c);
    if (list === 0) return admitted;
    const { ports } = this.#parts;
    const { accepted, asked } = this.tierValue(list, direction, other, otherClass, family);
    return ports.union(ports.intern(accepted), ports.intersect(ports.intern(asked), admitted));
  }

  /**
   * What a list of tiers says of the other end of a connection, of all ports at once.
   *
   * @param list - not 0, see `tierList`
   */
  tierValue(
    list: number,
    direction: Direction,
    other: PolicyEnd,
    otherClass: number,
    family: Family,
  ): TierValue {
    return this.tierEnds!.value(list, { direction, other, otherClass, family });
  }

  /** What the NetworkPolicies of a class admit. */
  #admitted(direction: Direction, c: number, other: PolicyEnd, otherClass: number, family: Family): number {
    const { profiles, profileOf, ports } = this.#parts;
    const profile = profiles[direction].get(profileOf[direction][c]!);
    const admitted: number[] = [];
    for (let i = 0; i < profile.peers.length; i++) {
      const peer = profile.peers[i]!;
      if (!this.counts(this.peerHas(peer, other, family, otherClass))) continue;
      const set =
        direction === 'ingress'
          ? profile.ports[i]!
          : this.resolve(profile.ports[i]!, peer, other, otherClass);
      if (set === everything) return everything;
      admitted.push(set);
    }
    return ports.unionOf(admitted);
  }

  /** Whether a peer that holds so is taken to match: what cannot be decided counts as assumed (corner 23). */
  counts(holds: Holds): boolean {
    return holds === yes || (holds === unknown && this.#parts.assume === 'open');
  }

  /**
   * What a port spec of an egress rule means at a destination that `peer` matched (corners 28 and 29).
   */
  resolve(spec: number, peer: number, destination: PolicyEnd, c: number = this.classOf(destination)): number {
    const { ports, peers, classes } = this.#parts;
    if (c < 0) return ports.fixed(spec);
    if (!this.#profile.namedPortOnIpBlock && peers.definition(peer).kind === 'block')
      return ports.fixed(spec);
    return ports.resolve(spec, classes.portMap[c]!);
  }

  /**
   * Whether a peer means an end, in a family where it matters.
   *
   * @param c - the class of `end`, for callers that have asked for it before
   */
  peerHas(peer: number, end: PolicyEnd, family: Family, c: number = this.classOf(end)): Holds {
    const { peers, blocks, index } = this.#parts;
    const definition = peers.definition(peer);
    switch (definition.kind) {
      case 'any':
        return yes;
      case 'pods':
        if (c < 0) return no; // corners 13 and 44: neither addresses nor nodes, nor pods that are their node
        return index.holds(definition.namespace, definition.namespaces, definition.selector, c);
      case 'block': {
        const block = blocks.block(definition.block);
        if (block.family !== family) return no; // corner 37
        // Corner 34; for a pod outside of every class, which is its node, and for a node itself.
        if (
          c >= 0
            ? !this.#profile.ipBlockMatchesPods
            : end.kind !== 'address' && !this.#profile.ipBlockMatchesNodes
        )
          return no;
        for (const address of addressesOf(end)) {
          if (address.family === family && blockHas(block, address.value)) return yes;
        }
        return no;
      }
    }
  }

  /**
   * What each rule of one policy admits between two ends, as ids of port sets by index of the rule; rules that admit
   * nothing are left out.
   *
   * @param c - the class of `subject`, and `otherClass` that of `other`, for callers that have asked for them before
   */
  admittedByRule(
    direction: Direction,
    policy: number,
    subject: PolicyEnd,
    other: PolicyEnd,
    inFamilies: readonly Family[],
    c: number = this.classOf(subject),
    otherClass: number = this.classOf(other),
  ): ReadonlyMap<number, number> {
    const { rules, ports, classes } = this.#parts;
    const admitted = new Map<number, number>();
    for (const [rule, { peers, spec }] of (c < 0 ? [] : (rules[direction].of(policy) ?? [])).entries()) {
      let set = nothing;
      for (const peer of peers) {
        if (!inFamilies.some((family) => this.counts(this.peerHas(peer, other, family, otherClass))))
          continue;
        const resolved =
          direction === 'ingress'
            ? ports.resolve(spec, classes.portMap[c]!)
            : this.resolve(spec, peer, other, otherClass);
        set = ports.union(set, resolved);
      }
      if (set !== nothing) admitted.set(rule, set);
    }
    return admitted;
  }

  /** The ports that the tiers leave to the NetworkPolicies of a subject: only there do these decide. */
  tierAsked(direction: Direction, subject: PolicyEnd, other: PolicyEnd, family: Family): PortSet {
    const list = this.tierList(direction, this.classOf(subject));
    if (list === 0) return PortSet.all;
    return this.tierValue(list, direction, other, this.classOf(other), family).asked;
  }

  /**
   * What the policies of the tiers that are asked about a subject say of a connection, in the order in which they are asked;
   * those of the Baseline tier only where no NetworkPolicy isolates it (corners 55 and 64).
   */
  tierSayings(
    direction: Direction,
    subject: PolicyEnd,
    other: PolicyEnd,
    family: Family,
  ): readonly TierSay[] {
    const list = this.tierList(direction, this.classOf(subject));
    if (list === 0) return [];
    return this.tierEnds!.sayings(list, { direction, other, otherClass: this.classOf(other), family });
  }

  /**
   * The policies of the tiers that disagree about a connection on one side, where any of them may be applied (corner 60): by index
   * in `cluster.tierPolicies`, the ports about which they do.
   */
  tierDisagreements(
    direction: Direction,
    subject: PolicyEnd,
    other: PolicyEnd,
    family: Family,
  ): ReadonlyMap<number, PortSet> {
    const { tiers } = this.#parts;
    if (tiers === undefined || !canDisagree(tiers)) return new Map();
    const c = this.classOf(subject);
    const list = this.tierList(direction, c);
    if (list === 0) return new Map();
    const otherClass = this.classOf(other);
    const sayings = this.tierEnds!.sayingsWithoutDomains(list, { direction, other, otherClass, family });
    const admitted = this.isOwnNode(direction, subject, other)
      ? everything
      : this.#admitted(direction, c, other, otherClass, family);
    const isFinal = this.isolated(direction, subject);
    return disagreements(sayings, isFinal ? this.#parts.ports.set(admitted) : undefined, this.#parts.assume);
  }

  /**
   * The policies of the tiers that speak of an end in a direction, in the order in which they are asked: indices in
   * `cluster.tierPolicies`.
   */
  tiersOn(direction: Direction, subject: PolicyEnd): readonly number[] {
    const list = this.tierList(direction, this.classOf(subject));
    return list === 0
      ? []
      : this.#parts.tiers!.lists[direction].list(list).steps.map(({ policy }) => policy.index);
  }
}
