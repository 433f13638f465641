import type { ClusterNode, Direction, Labels, NetworkPolicy, Pod, TierPolicy } from '../../model/index.ts';
import { isHost } from '../classes.ts';
import { no, unknown } from '../labels.ts';
import type { CompiledRule } from '../parts.ts';
import { anyPeer } from '../peers.ts';
import type { Profile } from '../profile.ts';
import { compileTierRules } from '../tiers.ts';
import { ClassFinder } from './class-finder.ts';
import { ClassProfiles } from './class-profiles.ts';
import type { LivePolicy } from './groups.ts';
import { HeldPeers } from './held-peers.ts';
import { LivePods } from './live-pods.ts';
import { unsureMark } from './live-tiers.ts';
import type { NewPeers } from './live-matrix.ts';
import type { LiveTierPolicy } from './live-tiers.ts';
import { ProfileOutside } from './profile-outside.ts';
import { Tables } from './tables.ts';

const fewPorts = 8192;
/** Up to so many peers are asked about a label set one by one. */
const fewPeers = 64;

/**
 * Everything that `compile` makes of a cluster, kept while the cluster changes: what is held by somebody is there, what nobody
 * holds is not, and a change touches the classes that it concerns alone.
 *
 * A change goes three ways here. What only parts classes or names things (a new selector, block, peer) changes no pair; what
 * changes pairs (profiles, memberships, weights) goes through the matrix; then what is no longer held is taken apart, which
 * changes no pair either.
 */
export class Engine extends Tables {
  /** Pods in their classes. */
  readonly placed: LivePods;
  readonly profiles: ClassProfiles;
  readonly outside: ProfileOutside;
  readonly #held: HeldPeers;
  readonly #finder: ClassFinder;
  /** How many port sets and the like there may be before it is worth looking for those that nobody has. */
  #sweepAt = fewPorts;

  constructor(profile: Profile, assume: 'closed' | 'open', denseThreshold: number) {
    super(profile, assume, denseThreshold);
    this.#finder = new ClassFinder(this);
    this.profiles = new ClassProfiles(this);
    this.placed = new LivePods(this, this.profiles, this.#finder);
    this.outside = new ProfileOutside(this);
    this.#held = new HeldPeers(this, this.placed, this.#finder);
  }

  /** Puts a policy into numbers. Its group does not ask it yet. */
  holdPolicy(policy: NetworkPolicy, order: number): LivePolicy {
    const namespace = this.namespaces.hold(policy.namespace);
    const rulesOf = (direction: Direction): readonly CompiledRule[] | undefined => {
      const spec = policy[direction];
      if (spec.kind === 'unaffected') return undefined;
      return spec.rules.map((rule) => ({
        peers:
          rule.peers.kind === 'any'
            ? [anyPeer]
            : rule.peers.peers.map((peer) => this.#held.hold(peer, namespace)),
        spec: this.ports.specOf(rule.ports, direction),
      }));
    };
    const rules = { ingress: rulesOf('ingress'), egress: rulesOf('egress') };
    // Corner 7: policies select pods of their own namespace only.
    return {
      policy,
      order,
      group: this.#holdGroup(namespace, this.#held.holdSelector(policy.podSelector)),
      rules,
    };
  }

  /** Takes the numbers of a policy apart, after it has left its group. */
  releasePolicy({ group, rules }: LivePolicy): void {
    const { namespace, selector } = this.groups.settle(group);
    for (const direction of ['ingress', 'egress'] as const) {
      for (const rule of rules[direction] ?? []) for (const peer of rule.peers) this.#held.release(peer);
    }
    this.#held.releaseSelector(selector);
    this.namespaces.release(namespace);
  }

  #holdGroup(namespace: number, selector: number): number {
    const known = this.groups.find(namespace, selector);
    if (known >= 0) return known;
    const group = this.groups.add(namespace, selector);
    this.#finder.classesIn(namespace, selector, (c, unsure) => this.groups.selected.add(group, c, unsure));
    return group;
  }

  /** Puts a policy of a tier into numbers. It is not asked yet. */
  holdTierPolicy(policy: TierPolicy, order: number): LiveTierPolicy {
    const peers: number[] = [];
    const rulesOf = (direction: Direction): LiveTierPolicy['ranked']['rules'][Direction] => {
      const rules = compileTierRules(
        policy[direction],
        (peer) => {
          const ids = this.#held.holdTierPeer(peer);
          peers.push(...(ids ?? []));
          return ids;
        },
        this.ports,
      );
      for (const rule of rules)
        for (const peer of rule.peers) if (peer !== anyPeer) this.matrix.useInTiers(direction, peer, 1);
      return rules;
    };
    const rules = { ingress: rulesOf('ingress'), egress: rulesOf('egress') };
    return {
      policy,
      ranked: { index: this.tiers.number(), tier: policy.tier, priority: policy.priority, rules },
      order,
      subject: policy.subject.kind === 'unusable' ? -1 : this.#held.holdTierPods(policy.subject),
      peers,
    };
  }

  /** Takes the numbers of a policy of a tier apart, after nobody is asked it any more. */
  releaseTierPolicy(policy: LiveTierPolicy): void {
    const { ranked, peers, subject } = policy;
    for (const direction of ['ingress', 'egress'] as const) {
      for (const rule of ranked.rules[direction])
        for (const peer of rule.peers) if (peer !== anyPeer) this.matrix.useInTiers(direction, peer, -1);
    }
    for (const peer of peers) this.#held.release(peer);
    if (subject >= 0) this.#held.release(subject);
    this.tiers.forget(policy);
  }

  /** The classes that a peer means, for certain or perhaps. */
  classesOf(peer: number): readonly number[] {
    return peer < 0 ? [] : [...this.matrix.meant.members.copy(peer)];
  }

  /** What a change of a node means to the classes of its host-network pods, which is not done yet. */
  setNode(name: string, node: ClusterNode | undefined): readonly NewPeers[] {
    this.hosts.setNode(name, node);
    if (!this.hosts.isAsked) return [];
    const changed: NewPeers[] = [];
    for (const c of new Set(this.hosts.podsOn(name).map((pod) => this.classes.of(pod)))) {
      const is = new Set(this.hosts.peersOf(this.classes.key(c).node));
      const was: number[] = [];
      for (let i = 0; i < this.matrix.meant.count(c); i++) {
        const peer = this.matrix.meant.setAt(c, i);
        if (this.peers.kind(peer) === 'nodes') was.push(peer);
      }
      const leaves = was.filter((peer) => !is.has(peer));
      const joins = [...is].filter((peer) => !was.includes(peer));
      if (leaves.length > 0 || joins.length > 0) changed.push({ c, leaves, joins });
    }
    return changed;
  }

  /** Gives a namespace other labels; returns what that means to its classes, which is not done yet. */
  relabel(namespace: number, labels: Labels): readonly NewPeers[] {
    const { leaves, joins } = this.namespaces.relabel(namespace, labels);
    const joined = joins.flatMap((scope) => [...this.peers.ofScope.copy(scope)]);
    const isLeft = (peer: number): boolean => {
      const kind = this.peers.kind(peer);
      return (kind === 'selected' || kind === 'tierPods') && leaves.includes(this.peers.scope(peer));
    };
    const changed: NewPeers[] = [];
    if (joined.length === 0 && leaves.length === 0) return changed;
    // Classes with one label set join the same peers.
    const bySet = new Map<number, readonly number[]>();
    for (const c of this.classes.ofNamespace.copy(namespace)) {
      const leaving: number[] = [];
      for (let i = 0; leaves.length > 0 && i < this.matrix.meant.count(c); i++) {
        const peer = this.matrix.meant.setAt(c, i);
        if (isLeft(peer)) leaving.push(peer);
      }
      const set = this.classes.labels(c);
      let joining = bySet.get(set);
      if (joining === undefined) bySet.set(set, (joining = this.#matching(joined, joins, set)));
      if (leaving.length > 0 || joining.length > 0) changed.push({ c, leaves: leaving, joins: joining });
    }
    return changed;
  }

  /** Which of some peers mean classes with a label set in their namespaces; with `unsureMark` where files cannot tell. */
  #matching(peers: readonly number[], scopes: readonly number[], set: number): readonly number[] {
    const found: number[] = [];
    const add = (peer: number, isUnsure: boolean): void => {
      if (!isUnsure) found.push(peer);
      else if (this.peers.kind(peer) === 'tierPods') found.push(peer | unsureMark);
      else if (this.assume === 'open') found.push(peer);
    };
    if (peers.length <= fewPeers) {
      for (const peer of peers) {
        const holds = this.selectors.holds(this.peers.selector(peer), this.labels.example(set));
        if (holds !== no) add(peer, holds === unknown);
      }
      return found;
    }
    for (const each of this.#finder.selectorsOf(set)) {
      const selector = each >> 1;
      if (this.peers.selecting(selector) === 0) continue;
      for (const scope of scopes) {
        for (const kind of ['selected', 'tierPods'] as const) {
          const peer = this.peers.find(kind, scope, selector);
          if (peer >= 0) add(peer, (each & 1) === 1);
        }
      }
    }
    return found;
  }

  /** Forgets the port sets that nobody has any more, when there may be many: ever new ports must not fill the memory. */
  sweep(): void {
    if (this.ports.held + this.matrix.accesses.size <= this.#sweepAt) return;
    const used = { sets: new Set<number>(), specs: new Set<number>(), portMaps: new Set<number>() };
    this.placed.forgetPortMaps();
    this.matrix.sweep(used);
    this.groups.mark(used.specs);
    this.tiers.clear(used);
    this.ports.keep(used);
    this.#sweepAt = 2 * (this.ports.held + this.matrix.accesses.size) + fewPorts;
  }

  /** Whether corner 42 exempts connections of a pod to another from all policies. */
  exempts(from: Pod, to: Pod): boolean {
    if (from.node === undefined || from.node !== to.node) return false;
    const host = isHost(from, this.profile);
    if (host === isHost(to, this.profile)) return false;
    return host ? this.profile.nodeToPod : this.profile.podToNode;
  }

  /** The numbers of the pods that a pod's node exempts, in one direction or both, as `exempts` says. */
  besides(pod: Pod | undefined): readonly number[] {
    const { nodeToPod, podToNode } = this.profile;
    if (pod?.node === undefined || (!nodeToPod && !podToNode)) return [];
    return this.nodes.besides(pod.node, isHost(pod, this.profile));
  }
}
