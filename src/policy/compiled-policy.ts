import type { Cluster, Direction, NetworkPolicy, Pod, Tier, TierPolicy } from '../model/index.ts';
import { families, lastOf, PortSet } from '../net/index.ts';
import type { AddressRange, Family, Protocol } from '../net/index.ts';
import { AccessTable } from './access.ts';
import type { Access } from './access.ts';
import { blockHas } from './blocks.ts';
import type { BlockTable } from './blocks.ts';
import { classFacts, fact, factSize, isolatedBits } from './class-facts.ts';
import type { ClassIndex } from './class-index.ts';
import { isHost } from './classes.ts';
import { familyBits } from './pod-traits.ts';
import type { ClassProfiles } from './class-profiles.ts';
import type { ClassTable } from './classes.ts';
import { addressesOf, has } from './ends.ts';
import type { PolicyEnd } from './ends.ts';
import { Excerpt } from './excerpt.ts';
import type { PairAccess } from './excerpt.ts';
import { entry, entrySize, meansAny, meansOwn, SubjectEntries } from './entries.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds, LabelTable } from './labels.ts';
import { Matrix } from './matrix.ts';
import { outsideOf } from './outside.ts';
import type { OutsideSegment } from './outside.ts';
import type { ClassProfile, CompiledRules, Selection, SubjectGroup } from './parts.ts';
import type { PeerTable } from './peers.ts';
import { everything, nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';
import type { Profile } from './profile.ts';
import { portsOfEntry } from './profiles/reading.ts';
import type { TierHit, TierSay } from './tier-decide.ts';
import { disagreements } from './tier-disagree.ts';
import { TierEnds } from './tier-ends.ts';
import { tiersOutside, withTiersOutside } from './tier-outside.ts';
import { tierSidesOf } from './tier-side.ts';
import type { CompiledTiers, TierSides } from './tier-side.ts';
import type { TierValue } from './tier-value.ts';

/** A pod was asked about that the compiled cluster does not have: nothing can be said of it, least of all yes. */
export class UnknownPodError extends Error {
  override readonly name = 'UnknownPodError';

  constructor(id: string) {
    super(`${id} is no pod of this cluster, or it has finished`);
  }
}

/** What one side says about a connection, with what decided it. */
export interface SideDecision {
  /**
   * `open`: no policy isolates this side. `admitted`: a rule of a NetworkPolicy does. `closed`: NetworkPolicies isolate and none
   * admits. `exempt`: NetworkPolicies are not asked about a pod's own node (corner 42). `accepted`, `denied`: a rule of a tier
   * says so. `ambiguous`: policies of equal priority disagree, and some choice among them allows it (corner 60).
   */
  readonly kind: 'open' | 'admitted' | 'closed' | 'exempt' | 'accepted' | 'denied' | 'ambiguous';
  /** Index in `cluster.policies` of the NetworkPolicy that admits, and in its lists; -1 where there is none. */
  readonly policy: number;
  readonly rule: number;
  /** -1 also when the rule admits every peer. */
  readonly peer: number;
  /** -1 also when the rule admits every port. */
  readonly port: number;
  /** The rules of the tiers that match, first those of Admin: those before it leave the tier, or are equal in priority. */
  readonly hits: readonly TierHit[];
}

/** The verdict on one connection; both sides must let it pass (corner 3). */
export interface Decision {
  /** Whether it is allowed, whichever of several policies of equal priority is applied. */
  readonly allowed: boolean;
  /** Whether it is allowed if some of these are applied, and denied if others are (corner 60). */
  readonly ambiguous: boolean;
  /** `self` or `node` when no policy was asked: a pod reaches itself, and its own node (corners 41 and 42). */
  readonly exempt: 'self' | 'node' | undefined;
  readonly egress: SideDecision;
  readonly ingress: SideDecision;
}

/** A policy that selects a pod, and whether files can tell that it does (corner 23). */
export interface SelectingPolicy {
  /** Index in `cluster.policies`. */
  readonly index: number;
  readonly policy: NetworkPolicy;
  readonly sure: boolean;
}

/** A policy that asks for labels that only the cluster sets. */
export interface UndecidedPolicy {
  readonly policy: NetworkPolicy | TierPolicy;
  /** One pod of each class of which it cannot be told. */
  readonly pods: readonly Pod[];
}

/** Numbers that describe how large the compiled policy came out. */
export interface CompileStats {
  readonly pods: number;
  readonly classes: number;
  readonly policies: number;
  readonly selectors: number;
  readonly peers: number;
  readonly portSets: number;
  readonly blocks: number;
  readonly ingressProfiles: number;
  readonly egressProfiles: number;
}

/** Pairs of more classes than these, on both sides, are asked of the matrix. */
const mostFew = 1024;

const openSide: SideDecision = { kind: 'open', policy: -1, rule: -1, peer: -1, port: -1, hits: [] };
const closedSide: SideDecision = { ...openSide, kind: 'closed' };
const exemptSide: SideDecision = { ...openSide, kind: 'exempt' };

const anyFamily = familyBits.IPv4 | familyBits.IPv6;

/** In place of the class of a pod that the cluster does not have. */
const unknownPod = -2;

function isClosed({ kind }: SideDecision): boolean {
  return kind === 'closed' || kind === 'denied';
}

function accepts(hits: readonly TierHit[]): boolean {
  return hits.length > 0 && hits.every(({ action }) => action === 'accept');
}

/** What one decision is about. */
interface Asked {
  readonly protocol: Protocol;
  readonly port: number;
  readonly family: Family;
}

/** What `compile` hands over; see there. */
export interface CompiledParts {
  readonly cluster: Cluster;
  readonly profile: Profile;
  readonly assume: 'closed' | 'open';
  readonly denseThreshold: number;
  readonly denseTierPeers: number;
  readonly podLabels: LabelTable;
  readonly blocks: BlockTable;
  readonly ports: PortTable;
  readonly peers: PeerTable;
  readonly classes: ClassTable;
  readonly index: ClassIndex;
  readonly namespaceIndex: ReadonlyMap<string, number>;
  readonly rules: CompiledRules;
  readonly groups: readonly SubjectGroup[];
  /** By class: the number of the list of groups that select it. */
  readonly subjectOf: Int32Array;
  readonly groupsOf: (c: number) => readonly Selection[];
  readonly profileOf: { readonly [direction in Direction]: Int32Array };
  readonly profiles: { readonly [direction in Direction]: ClassProfiles };
  /** Absent where the cluster has no policy of a tier. */
  readonly tiers?: CompiledTiers;
  /** By class: the tier policies that select it, as places in their order, times 2, plus 1 where files cannot tell. */
  readonly tiersOf?: (c: number) => readonly number[];
}

/** A cluster's policies, ready for every question. Made by `compile`; immutable. */
export class CompiledPolicy {
  readonly cluster: Cluster;
  readonly profile: Profile;
  /**
   * For the folders that answer questions about all pairs; callers of the library have no use for it.
   *
   * @internal
   */
  readonly parts: CompiledParts;
  /** @internal */
  readonly accesses: AccessTable = new AccessTable();
  #matrix: Matrix | undefined;
  #tierSides: TierSides | undefined;
  readonly #outside = new Map<ClassProfile, readonly OutsideSegment[]>();
  readonly #selecting = new Map<number, readonly SelectingPolicy[]>();
  readonly #entries: SubjectEntries;
  #classFacts: Int32Array | undefined;
  readonly #tierEnds: TierEnds | undefined;
  readonly #tierSegments: { [direction in Direction]?: ReturnType<typeof tiersOutside> } = {};
  #possible: CompiledPolicy | undefined;

  /** @internal */
  constructor(parts: CompiledParts) {
    this.parts = parts;
    this.cluster = parts.cluster;
    this.#entries = new SubjectEntries(parts);
    this.profile = parts.profile;
    this.#tierEnds = parts.tiers === undefined ? undefined : new TierEnds(parts, parts.tiers);
  }

  /**
   * The same policy where equal priorities are resolved to what allows most (corner 60): what it allows beyond this one is
   * ambiguous. This very policy where no two policies can disagree.
   */
  get possible(): CompiledPolicy {
    const { tiers } = this.parts;
    if (tiers === undefined || tiers.bound === 'possible') return this;
    if (!tiers.lists.ingress.canDisagree && !tiers.lists.egress.canDisagree) return this;
    this.#possible ??= new CompiledPolicy({ ...this.parts, tiers: { ...tiers, bound: 'possible' } });
    return this.#possible;
  }

  get stats(): CompileStats {
    const { classes, podLabels, peers, ports, blocks, profiles } = this.parts;
    return {
      pods: classes.rows.length,
      classes: classes.size,
      policies: this.cluster.policies.length,
      selectors: podLabels.selectorCount,
      peers: peers.size,
      portSets: ports.size,
      blocks: blocks.size,
      ingressProfiles: profiles.ingress.length,
      egressProfiles: profiles.egress.length,
    };
  }

  /**
   * All pairs at once, as blocks and corrections; built when first asked for.
   *
   * @internal
   */
  get matrix(): Matrix {
    this.#matrix ??= new Matrix(this.parts, this.accesses);
    return this.#matrix;
  }

  /**
   * The pairs of some classes. Where those of one side are few, only what concerns them is worked out: on a large cluster
   * that is a small part of the matrix.
   *
   * @param sources - classes, each once; of the others `rowOf` need not tell, nor `columnOf` of other destinations
   *
   * @internal
   */
  between(sources: Int32Array, destinations: Int32Array): PairAccess {
    const { classes, tiers } = this.parts;
    const few = Math.min(sources.length, destinations.length);
    if (few > mostFew || few * 4 > classes.size) return this.matrix;
    if (tiers !== undefined) this.#tierSides ??= tierSidesOf(tiers, this.parts);
    return Excerpt.of(this.parts, this.accesses, this.#tierSides, sources, destinations) ?? this.matrix;
  }

  /**
   * Whether files cannot decide some selector of some policy for some pod (corner 23), or what some domain name stands for
   * (corner 63), so that the assumption made in `compile` can matter.
   */
  get hasUndecided(): boolean {
    const { podLabels, tiers } = this.parts;
    return podLabels.hasUndecided || tiers?.tiers.peers.asksForDomains === true;
  }

  /**
   * The ports on which `from` may open connections to `to`.
   *
   * A pod always reaches itself (corner 41), and under the profile its own node and back as far as NetworkPolicies go
   * (corner 42); ends that are no
   * pods, or pods that are their node, isolate nothing. Without `family`, the union over the families that both ends
   * have; ends without a common one cannot talk (corner 37).
   */
  allowed(from: PolicyEnd, to: PolicyEnd, family?: Family): PortSet {
    const { ports } = this.parts;
    let allowed = nothing;
    for (const each of families) {
      if (family !== undefined && family !== each) continue;
      allowed = ports.union(allowed, this.#allowedIn(from, to, each));
    }
    return ports.set(allowed);
  }

  /**
   * The same by family, where a pair that shares both may differ (see `Access`).
   *
   * @internal
   */
  access(from: PolicyEnd, to: PolicyEnd): Access {
    const { ports } = this.parts;
    const in4 = this.#allowedIn(from, to, 'IPv4');
    const in6 = this.#allowedIn(from, to, 'IPv6');
    if (!has(from, 'IPv4') || !has(to, 'IPv4')) return { both: in6, only4: nothing, only6: nothing };
    if (!has(from, 'IPv6') || !has(to, 'IPv6')) return { both: in4, only4: nothing, only6: nothing };
    return { both: ports.intersect(in4, in6), only4: ports.minus(in4, in6), only6: ports.minus(in6, in4) };
  }

  #allowedIn(from: PolicyEnd, to: PolicyEnd, family: Family): number {
    if (!has(from, family) || !has(to, family)) return nothing;
    if (this.exemption(from, to) !== undefined) return everything;
    const { ports } = this.parts;
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
    const fromHost = this.profile.nodeToPod ? this.#nodeOfHost(from) : undefined;
    const toHost = this.profile.podToNode ? this.#nodeOfHost(to) : undefined;
    // Corner 42: only the node where the pod runs; a pod without nodeName runs on a node of its own.
    if (fromHost !== undefined && to.kind === 'pod' && to.pod.node === fromHost) return 'node';
    // To its own node NetworkPolicies exempt a pod, tiers do not.
    if (toHost !== undefined && from.kind === 'pod' && from.pod.node === toHost)
      return this.#tierList('egress', this.classOf(from)) === 0 ? 'node' : undefined;
    return undefined;
  }

  /**
   * Whether NetworkPolicies say nothing of a connection from a pod because it goes to its own node (corner 42).
   *
   * @internal
   */
  isOwnNode(direction: Direction, subject: PolicyEnd, other: PolicyEnd): boolean {
    if (direction === 'ingress' || !this.profile.podToNode || subject.kind !== 'pod') return false;
    const node = this.#nodeOfHost(other);
    return node !== undefined && subject.pod.node === node;
  }

  /** The list of tiers of a class in a direction; 0 where no tier speaks of it, and for ends that are no class. */
  #tierList(direction: Direction, c: number): number {
    const { profiles, profileOf, tiers } = this.parts;
    return tiers === undefined || c < 0 ? 0 : profiles[direction].tiersOf(profileOf[direction][c]!);
  }

  #nodeOfHost(end: PolicyEnd): string | undefined {
    if (end.kind === 'node') return end.node.name;
    return end.kind === 'pod' && isHost(end.pod, this.profile) ? end.pod.node : undefined;
  }

  /**
   * The class of an end whose policies can be asked; -1 for all others, which isolate nothing.
   *
   * @throws UnknownPodError when a pod is not one of the cluster's, or has finished and the profile ignores it
   *
   * @internal
   */
  classOf(end: PolicyEnd): number {
    if (end.kind !== 'pod' || isHost(end.pod, this.profile)) return -1;
    const { classes } = this.parts;
    const at = classes.indexOf(end.pod);
    if (at < 0) throw new UnknownPodError(end.pod.id);
    return classes.classOf[at]!;
  }

  /** Whether a policy isolates the end in a direction (corner 1). */
  isolated(direction: Direction, subject: PolicyEnd): boolean {
    const c = this.classOf(subject);
    return c >= 0 && this.parts.profiles[direction].isolates(this.parts.profileOf[direction][c]!);
  }

  /**
   * What one side alone allows, as an id: egress of `subject` to `other`, or ingress of `subject` from `other`.
   *
   * @param c - the class of `subject`, for callers that have asked for it before
   *
   * @internal
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
    const list = this.#tierList(direction, c);
    if (list === 0) return admitted;
    const { ports } = this.parts;
    const { accepted, asked } = this.#tierValue(list, direction, other, otherClass, family);
    return ports.union(ports.intern(accepted), ports.intersect(ports.intern(asked), admitted));
  }

  #tierValue(
    list: number,
    direction: Direction,
    other: PolicyEnd,
    otherClass: number,
    family: Family,
  ): TierValue {
    return this.#tierEnds!.value(list, { direction, other, otherClass, family });
  }

  /** What the NetworkPolicies of a class admit. */
  #admitted(direction: Direction, c: number, other: PolicyEnd, otherClass: number, family: Family): number {
    const { profiles, profileOf, ports } = this.parts;
    const profile = profiles[direction].get(profileOf[direction][c]!);
    const admitted: number[] = [];
    for (let i = 0; i < profile.peers.length; i++) {
      const peer = profile.peers[i]!;
      if (!this.#counts(this.peerHas(peer, other, family, otherClass))) continue;
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
  #counts(holds: Holds): boolean {
    return holds === yes || (holds === unknown && this.parts.assume === 'open');
  }

  /**
   * What a port spec of an egress rule means at a destination that `peer` matched (corners 28 and 29).
   *
   * @internal
   */
  resolve(spec: number, peer: number, destination: PolicyEnd, c: number = this.classOf(destination)): number {
    const { ports, peers, classes } = this.parts;
    if (c < 0) return ports.fixed(spec);
    if (!this.profile.namedPortOnIpBlock && peers.definition(peer).kind === 'block') return ports.fixed(spec);
    return ports.resolve(spec, classes.portMap[c]!);
  }

  /**
   * Whether a peer means an end, in a family where it matters.
   *
   * @param c - the class of `end`, for callers that have asked for it before
   *
   * @internal
   */
  peerHas(peer: number, end: PolicyEnd, family: Family, c: number = this.classOf(end)): Holds {
    const { peers, blocks, index } = this.parts;
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
            ? !this.profile.ipBlockMatchesPods
            : end.kind !== 'address' && !this.profile.ipBlockMatchesNodes
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
   * Decides one connection and names what decided it: for each side the first rule that admits, in the order of the
   * input. About a microsecond.
   *
   * @param port - 1 to 65535
   * @param family - default: the first that both ends have
   */
  decide(from: PolicyEnd, to: PolicyEnd, protocol: Protocol, port: number, family?: Family): Decision {
    const fromClass = this.#classIfAny(from);
    const toClass = this.#classIfAny(to);
    const inBoth = this.#familiesOf(from, fromClass) & this.#familiesOf(to, toClass);
    const shared = family ?? ((inBoth & familyBits.IPv4) === 0 ? 'IPv6' : 'IPv4');
    if ((inBoth & familyBits[shared]) === 0) {
      return { allowed: false, ambiguous: false, exempt: undefined, egress: openSide, ingress: openSide };
    }
    const exempt = this.exemption(from, to);
    if (exempt !== undefined)
      return { allowed: true, ambiguous: false, exempt, egress: openSide, ingress: openSide };
    if (fromClass === unknownPod) this.classOf(from);
    if (toClass === unknownPod) this.classOf(to);
    const ask = { protocol, port, family: shared };
    const egress = this.#decideSide('egress', from, fromClass, to, toClass, ask);
    const ingress = this.#decideSide('ingress', to, toClass, from, fromClass, ask);
    const isDenied = isClosed(egress) || isClosed(ingress);
    const isOpen = egress.kind === 'ambiguous' || ingress.kind === 'ambiguous';
    return { allowed: !isDenied && !isOpen, ambiguous: !isDenied && isOpen, exempt, egress, ingress };
  }

  /** The class of an end as `classOf` has it; `unknownPod` where that throws. */
  #classIfAny(end: PolicyEnd): number {
    if (end.kind !== 'pod' || isHost(end.pod, this.profile)) return -1;
    const { classes } = this.parts;
    const at = classes.indexOf(end.pod);
    return at < 0 ? unknownPod : classes.classOf[at]!;
  }

  get #facts(): Int32Array {
    return (this.#classFacts ??= classFacts(this.parts));
  }

  /** The families of an end, as `familyBits`. Those of a class stand together, those of its pods all over memory. */
  #familiesOf(end: PolicyEnd, c: number): number {
    if (c >= 0) return this.#facts[c * factSize + fact.flags]! & anyFamily;
    return (has(end, 'IPv4') ? familyBits.IPv4 : 0) | (has(end, 'IPv6') ? familyBits.IPv6 : 0);
  }

  #decideSide(
    direction: Direction,
    subject: PolicyEnd,
    subjectClass: number,
    other: PolicyEnd,
    otherClass: number,
    ask: Asked,
  ): SideDecision {
    const admitted = this.isOwnNode(direction, subject, other)
      ? exemptSide
      : this.#decideAdmitted(direction, subject, subjectClass, other, otherClass, ask);
    const list = this.#tierList(direction, subjectClass);
    if (list === 0) return admitted;
    const { protocol, port, family } = ask;
    const allows = ({ accepted, asked }: TierValue): boolean =>
      accepted.has(protocol, port) || (!isClosed(admitted) && asked.has(protocol, port));
    const value = this.#tierValue(list, direction, other, otherClass, family);
    const destination = direction === 'ingress' ? subject : other;
    const question = { direction, other, otherClass, family };
    const find = (tier: Tier): readonly TierHit[] =>
      this.#tierEnds!.hits(tier, list, question, destination, protocol, port);
    const admin = find('admin');
    const leaves = admin.length === 0 || admin.some(({ action }) => action === 'pass');
    const baseline = leaves ? find('baseline') : [];
    const hits = [...admin, ...baseline];
    if (allows(value)) {
      // Where NetworkPolicies were asked, they said so, or the Baseline tier did in their stead.
      const isAccepted = accepts(admin) || (admitted.kind === 'open' && baseline.length > 0);
      return isAccepted ? { ...openSide, kind: 'accepted', hits } : { ...admitted, hits };
    }
    if (
      this.possible !== this &&
      allows(this.possible.#tierValue(list, direction, other, otherClass, family))
    )
      return { ...openSide, kind: 'ambiguous', hits };
    const isDenied = !value.asked.has(protocol, port);
    return isDenied ? { ...openSide, kind: 'denied', hits } : { ...admitted, hits };
  }

  #decideAdmitted(
    direction: Direction,
    subject: PolicyEnd,
    subjectClass: number,
    other: PolicyEnd,
    otherClass: number,
    { protocol, port, family }: Asked,
  ): SideDecision {
    const { ports, classes } = this.parts;
    const facts = this.#facts;
    const at = subjectClass * factSize;
    if (subjectClass < 0 || (facts[at + fact.flags]! & isolatedBits[direction]) === 0) return openSide;
    const entries = this.#entries.of(direction, facts[at + fact.subject]!, subjectClass);
    const namespace = otherClass < 0 ? -1 : facts[otherClass * factSize + fact.namespace]!;
    for (let i = 0; i < entries.length; i += entrySize) {
      const kind = entries[i]!;
      // Most peers are of another namespace: that can be seen here.
      if (kind === meansOwn && entries[i + entry.scope] !== namespace) continue;
      const peer = entries[i + entry.peer]!;
      if (kind !== meansAny && !this.#counts(this.#entryHolds(entries, i, other, otherClass, family)))
        continue;
      const spec = entries[i + entry.spec]!;
      const set =
        direction === 'ingress'
          ? ports.resolve(spec, classes.portMap[subjectClass]!)
          : this.resolve(spec, peer, other, otherClass);
      if (!ports.set(set).has(protocol, port)) continue;
      const policy = entries[i + entry.policy]!;
      const rule = entries[i + entry.rule]!;
      const model = this.cluster.policies[policy]![direction];
      const written = model.kind === 'isolates' ? model.rules[rule] : undefined;
      const destination = direction === 'ingress' ? subject : other;
      return {
        kind: 'admitted',
        policy,
        rule,
        peer: written?.peers.kind === 'any' ? -1 : entries[i + entry.at]!,
        port: written === undefined ? -1 : this.#portEntry(written.ports, destination, protocol, port),
        hits: [],
      };
    }
    return closedSide;
  }

  /** Whether the peer of an entry means an end; of its own namespace it is known that it is that of the end. */
  #entryHolds(entries: Int32Array, at: number, other: PolicyEnd, otherClass: number, family: Family): Holds {
    if (entries[at] !== meansOwn) return this.peerHas(entries[at + entry.peer]!, other, family, otherClass);
    const { podLabels, classes } = this.parts;
    const selector = entries[at + entry.selector]!;
    return selector === podLabels.everything ? yes : podLabels.holds(selector, classes.labels[otherClass]!);
  }

  /**
   * What each rule of one policy admits between two ends, as ids of port sets by index of the rule; rules that admit
   * nothing are left out.
   *
   * @param c - the class of `subject`, and `otherClass` that of `other`, for callers that have asked for them before
   *
   * @internal
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
    const { rules, ports, classes } = this.parts;
    const admitted = new Map<number, number>();
    for (const [rule, { peers, spec }] of (c < 0 ? [] : (rules[direction].of(policy) ?? [])).entries()) {
      let set = nothing;
      for (const peer of peers) {
        if (!inFamilies.some((family) => this.#counts(this.peerHas(peer, other, family, otherClass))))
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

  /** The index of the first entry of `ports` that admits a port of a destination; -1 when the rule admits every port. */
  #portEntry(
    entries: Parameters<PortTable['specOf']>[0],
    destination: PolicyEnd,
    protocol: Protocol,
    port: number,
  ): number {
    if (entries.kind === 'all') return -1;
    return entries.ports.findIndex((entry) => {
      if (entry.protocol !== protocol) return false;
      if (entry.kind !== 'named') return portsOfEntry(entry, this.profile).has(protocol, port);
      if (destination.kind !== 'pod') return false;
      return destination.pod.ports.some(
        (declared) =>
          declared.name === entry.name &&
          declared.protocol === protocol &&
          declared.port === port &&
          (this.profile.sidecarPorts || !declared.sidecar),
      );
    });
  }

  /**
   * The ports that the tiers leave to the NetworkPolicies of a subject: only there do these decide.
   *
   * @internal
   */
  tierAsked(direction: Direction, subject: PolicyEnd, other: PolicyEnd, family: Family): PortSet {
    const list = this.#tierList(direction, this.classOf(subject));
    if (list === 0) return PortSet.all;
    return this.#tierValue(list, direction, other, this.classOf(other), family).asked;
  }

  /**
   * What the policies of the tiers that are asked about a subject say of a connection, in the order in which they are asked;
   * those of the Baseline tier only where no NetworkPolicy isolates it (corners 55 and 64).
   *
   * @internal
   */
  tierSayings(
    direction: Direction,
    subject: PolicyEnd,
    other: PolicyEnd,
    family: Family,
  ): readonly TierSay[] {
    const list = this.#tierList(direction, this.classOf(subject));
    if (list === 0) return [];
    return this.#tierEnds!.sayings(list, { direction, other, otherClass: this.classOf(other), family });
  }

  /**
   * The policies of the tiers that disagree about a connection on one side, where any of them may be applied (corner 60): by index
   * in `cluster.tierPolicies`, the ports about which they do.
   *
   * @internal
   */
  tierDisagreements(
    direction: Direction,
    subject: PolicyEnd,
    other: PolicyEnd,
    family: Family,
  ): ReadonlyMap<number, PortSet> {
    if (this.possible === this && this.parts.tiers?.bound !== 'possible') return new Map();
    const c = this.classOf(subject);
    const list = this.#tierList(direction, c);
    if (list === 0) return new Map();
    const otherClass = this.classOf(other);
    const sayings = this.#tierEnds!.sayingsWithoutDomains(list, { direction, other, otherClass, family });
    const admitted = this.isOwnNode(direction, subject, other)
      ? everything
      : this.#admitted(direction, c, other, otherClass, family);
    const isFinal = this.isolated(direction, subject);
    return disagreements(sayings, isFinal ? this.parts.ports.set(admitted) : undefined, this.parts.assume);
  }

  /**
   * The policies of the tiers that speak of an end in a direction, in the order in which they are asked: indices in
   * `cluster.tierPolicies`.
   *
   * @internal
   */
  tiersOn(direction: Direction, subject: PolicyEnd): readonly number[] {
    const list = this.#tierList(direction, this.classOf(subject));
    return list === 0
      ? []
      : this.parts.tiers!.lists[direction].list(list).steps.map(({ policy }) => policy.index);
  }

  /** The policies that select an end, or may, in the order of the input; of either direction. */
  selecting(end: PolicyEnd): readonly SelectingPolicy[] {
    const c = this.classOf(end);
    return c < 0 ? [] : this.selectingClass(c);
  }

  /**
   * The same for a class.
   *
   * @internal
   */
  selectingClass(c: number): readonly SelectingPolicy[] {
    let list = this.#selecting.get(c);
    if (list === undefined) {
      const { groups, groupsOf } = this.parts;
      list = groupsOf(c)
        .flatMap(({ group, unsure }) =>
          groups[group]!.policies.map((index) => ({
            index,
            policy: this.cluster.policies[index]!,
            sure: !unsure,
          })),
        )
        .sort((a, b) => a.index - b.index);
      this.#selecting.set(c, list);
    }
    return list;
  }

  /**
   * Policies with a selector of which files cannot tell whether it holds for some pods (corner 23), with examples of
   * these pods; in the order of the input.
   */
  undecided(): readonly UndecidedPolicy[] {
    const { classes, index, groups, rules, peers, podLabels } = this.parts;
    if (!podLabels.hasUndecided) return [];
    const open = new Map<number, Set<number>>();
    const add = (policy: number, unsure: readonly number[]): void => {
      if (unsure.length === 0) return;
      const known = open.get(policy) ?? new Set<number>();
      for (const c of unsure) known.add(c);
      open.set(policy, known);
    };
    for (const { namespace, selector, policies } of groups) {
      const { unsure } = index.inNamespace(namespace, selector);
      for (const policy of policies) add(policy, unsure);
    }
    const ofPeer = new Map<number, readonly number[]>();
    for (const direction of ['ingress', 'egress'] as const) {
      for (let policy = 0; policy < rules[direction].length; policy++) {
        for (const peer of rules[direction].of(policy)?.flatMap((rule) => rule.peers) ?? []) {
          const definition = peers.definition(peer);
          if (definition.kind !== 'pods') continue;
          let unsure = ofPeer.get(peer);
          if (unsure === undefined) {
            ({ unsure } =
              definition.namespace === undefined
                ? index.inNamespaces(definition.namespaces!, definition.selector)
                : index.inNamespace(definition.namespace, definition.selector));
            ofPeer.set(peer, unsure);
          }
          add(policy, unsure);
        }
      }
    }
    const examples = (found: ReadonlySet<number>): readonly Pod[] =>
      [...found].map((c) => classes.pods[classes.example[c]!]!);
    const ofPolicies = [...open]
      .sort(([a], [b]) => a - b)
      .map(([policy, found]) => ({ policy: this.cluster.policies[policy]!, pods: examples(found) }));
    const ofTiers = [...this.#undecidedTiers()]
      .sort(([a], [b]) => a - b)
      .map(([policy, found]) => ({ policy: this.cluster.tierPolicies[policy]!, pods: examples(found) }));
    return [...ofPolicies, ...ofTiers];
  }

  /** By index of a policy of a tier: the classes of which files cannot tell whether its subject or some peer means them. */
  *#undecidedTiers(): Generator<readonly [policy: number, classes: ReadonlySet<number>]> {
    const { tiers, index } = this.parts;
    if (tiers === undefined) return;
    const { ranked, subjects, peers } = tiers.tiers;
    for (const [place, { index: policy, rules }] of ranked.entries()) {
      const found = new Set<number>();
      const add = (namespaces: number, selector: number): void => {
        for (const c of index.inNamespaces(namespaces, selector).unsure) found.add(c);
      };
      const subject = subjects[place];
      if (subject !== undefined) add(subject.namespaces, subject.selector);
      for (const rule of [...rules.ingress, ...rules.egress]) {
        for (const peer of rule.peers) {
          const definition = peers.definition(peer);
          if (definition.kind === 'pods') add(definition.namespaces, definition.selector);
        }
      }
      if (found.size > 0) yield [policy, found];
    }
  }

  /**
   * What the policies of a class say about addresses outside, as segments that cover both families.
   *
   * @internal
   */
  outside(direction: Direction, c: number): readonly OutsideSegment[] {
    const { profiles, profileOf } = this.parts;
    const profile = profiles[direction].get(profileOf[direction][c]!);
    let segments = this.#outside.get(profile);
    if (segments === undefined) {
      segments = outsideOf(profile, direction, this.parts);
      if (profile.tiers !== 0)
        segments = withTiersOutside(segments, this.#tiersOutside(direction, profile.tiers), this.parts.ports);
      this.#outside.set(profile, segments);
    }
    return segments;
  }

  #tiersOutside(direction: Direction, list: number): ReturnType<typeof tiersOutside>[number] {
    const { tiers, ports, blocks, assume } = this.parts;
    const { bound, lists } = tiers!;
    const tables = { peers: tiers!.tiers.peers, blocks, ports };
    this.#tierSegments[direction] ??= tiersOutside(lists[direction], { bound, assume }, tables);
    return this.#tierSegments[direction][list]!;
  }

  /**
   * The parts of a family that the bounds of all ipBlocks of the input make, ascending.
   *
   * @internal
   */
  addressParts(family: Family): readonly AddressRange[] {
    const bounds = this.parts.blocks.bounds(family);
    return bounds.map((first, i) => ({ family, first, last: (bounds[i + 1] ?? lastOf(family) + 1n) - 1n }));
  }
}
