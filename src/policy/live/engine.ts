import type {
  ClusterNode,
  Direction,
  LabelSelector,
  Labels,
  NetworkPolicy,
  Peer,
  Pod,
  TierPeer,
  TierPods,
  TierPolicy,
} from '../../model/index.ts';
import type { Address } from '../../net/index.ts';
import { familyBits, isHost } from '../classes.ts';
import { no, unknown } from '../labels.ts';
import type { outsideOf } from '../outside.ts';
import type { ClassProfile, CompiledRule } from '../parts.ts';
import { anyPeer } from '../peers.ts';
import type { PeerDefinition } from '../peers.ts';
import { everything, PortTable } from '../port-table.ts';
import type { Profile } from '../profile.ts';
import { blockOf } from '../profiles/reading.ts';
import type { Block } from '../blocks.ts';
import { tiersOutside } from '../tier-outside.ts';
import { everybody } from '../tier-peers.ts';
import type { TierPeerDefinition } from '../tier-peers.ts';
import type { Bound } from '../tier-value.ts';
import { compileTierRules } from '../tiers.ts';
import { BlockIndex, noCell } from './block-index.ts';
import { Groups } from './groups.ts';
import type { LivePolicy } from './groups.ts';
import { HostNodes } from './host-nodes.ts';
import { IntLists } from './int-lists.ts';
import { LabelSets } from './label-sets.ts';
import { LiveClasses } from './live-classes.ts';
import type { ClassKey } from './live-classes.ts';
import { LiveMatrix } from './live-matrix.ts';
import type { NewPeers, NewProfiles } from './live-matrix.ts';
import { LivePeers } from './live-peers.ts';
import { LiveTiers, unsureMark } from './live-tiers.ts';
import type { LiveTierPolicy } from './live-tiers.ts';
import { Namespaces } from './namespaces.ts';
import { NodePairs } from './node-pairs.ts';
import { SelectorTable } from './selectors.ts';

const mostPortMaps = 1024;
const firstOfNodes = 1 << 28;
/** Up to so many peers are asked about a label set one by one. */
const fewPeers = 64;
const fewPorts = 8192;

/**
 * Everything that `compile` makes of a cluster, kept while the cluster changes: what is held by somebody is there, what nobody
 * holds is not, and a change touches the classes that it concerns alone.
 *
 * A change goes three ways here. What only parts classes or names things (a new selector, block, peer) changes no pair; what
 * changes pairs (profiles, memberships, weights) goes through the matrix, one class at a time; then what is no longer held is
 * taken apart, which changes no pair either.
 */
export class Engine {
  readonly profile: Profile;
  readonly assume: 'closed' | 'open';
  readonly ports: PortTable;
  readonly matrix: LiveMatrix;
  readonly namespaces: Namespaces = new Namespaces();
  readonly selectors: SelectorTable = new SelectorTable();
  readonly labels: LabelSets = new LabelSets();
  readonly blocks: BlockIndex = new BlockIndex();
  readonly peers: LivePeers = new LivePeers();
  readonly classes: LiveClasses = new LiveClasses();
  readonly nodes: NodePairs;
  readonly groups: Groups;
  readonly tiers: LiveTiers;
  readonly hosts: HostNodes = new HostNodes();
  /** By label set: the selectors that match it, as long as there are no others and the number stands for the same set. */
  readonly #selecting: (
    { readonly version: number; readonly set: number; readonly list: readonly number[] } | undefined
  )[] = [];
  readonly #portMaps = new Map<Pod['ports'], number>();
  /** How many port sets and the like there may be before it is worth looking for those that nobody has. */
  #sweepAt = fewPorts;

  // By pod number.
  readonly pods: (Pod | undefined)[] = [];
  readonly #freedPods: number[] = [];
  readonly #raw: number[] = [];
  readonly #podsOfRaw = new IntLists();
  readonly #posInRaw: number[] = [];

  constructor(profile: Profile, assume: 'closed' | 'open', denseThreshold: number) {
    this.profile = profile;
    this.ports = new PortTable(profile);
    this.assume = assume;
    this.tiers = new LiveTiers(this.ports, assume, profile);
    this.matrix = new LiveMatrix(this.ports, profile.namedPortOnIpBlock, denseThreshold, this.tiers);
    this.nodes = new NodePairs(
      (pod) => ({ c: this.classes.of(pod), replicas: this.pods[pod]!.replicas }),
      (host, guest, pairs) => {
        if (profile.nodeToPod) this.matrix.exempt(host, guest, pairs);
        if (profile.podToNode) this.matrix.exempt(guest, host, pairs);
      },
    );
    this.groups = new Groups(this.ports, assume);
  }

  // Selectors, blocks and peers ------------------------------------------------------------------------------------

  #holdSelector(selector: LabelSelector): number {
    const id = this.selectors.hold(selector);
    if (this.selectors.isNew(id)) this.labels.mention(this.selectors.requirements(id), 1, this.#regroup);
    return id;
  }

  #releaseSelector(id: number): void {
    const requirements = this.selectors.isLast(id) ? this.selectors.requirements(id) : undefined;
    this.selectors.release(id);
    if (requirements !== undefined) this.labels.mention(requirements, -1, this.#regroup);
  }

  /** Moves the pods of raw sets to the classes of their label set. */
  readonly #regroup = (raws: readonly number[], labels: number): void => {
    const pods = raws.flatMap((raw) => [...this.#podsOfRaw.copy(raw)]);
    this.#moveAll(pods, (c) => ({ ...this.classes.key(c), labels }));
  };

  /** The peer of a new or known block, held once more. */
  #holdBlock(peer: Peer & { readonly kind: 'ipBlock' }): number {
    const { cidr, except } = blockOf(peer, this.profile);
    return this.#holdAddresses('block', this.blocks.hold(cidr, except));
  }

  /** @param block - which the caller holds and hands over */
  #holdAddresses(kind: 'block' | 'network', block: number): number {
    const known = this.peers.find(kind, block, 0);
    if (known >= 0) {
      this.blocks.release(block);
      return this.peers.again(known);
    }
    // What the other kind of peer has cut is cut.
    if (this.peers.find(kind === 'block' ? 'network' : 'block', block, 0) < 0) this.#cut(block);
    const id = this.peers.add(kind, block, 0);
    this.matrix.addPeer(id, familyBits[this.blocks.familyOf(block)], kind === 'block');
    for (const cell of this.blocks.cellsOf.copy(block)) {
      for (const c of this.classes.ofCell.copy(cell)) {
        if (kind === 'network' || this.#isMatched(this.classes.isHost(c))) this.matrix.mean(id, c);
      }
    }
    return id;
  }

  /** Whom a subject or a peer of tiers means by labels, held once more. */
  #holdTierPods(pods: TierPods & { readonly kind: 'pods' }): number {
    const selector = this.#holdSelector(pods.pods ?? { requirements: [] });
    const scope = this.namespaces.holdSelector(pods.namespaces);
    const known = this.peers.find('tierPods', scope, selector);
    if (known >= 0) {
      this.#releaseSelector(selector);
      this.namespaces.releaseSelector(scope);
      return this.peers.again(known);
    }
    const id = this.peers.add('tierPods', scope, selector);
    this.matrix.addPeer(id, familyBits.IPv4 | familyBits.IPv6, false);
    this.#classesAmong(scope, selector, (c, unsure) => this.matrix.mean(id, c, unsure));
    return id;
  }

  #holdNodes(selector: LabelSelector): number {
    const scope = this.hosts.scopeOf(selector);
    const known = this.peers.find('nodes', scope, 0);
    if (known >= 0) return this.peers.again(known);
    const id = this.peers.add('nodes', scope, 0);
    this.matrix.addPeer(id, familyBits.IPv4 | familyBits.IPv6, false);
    // Host-network pods are told apart by their nodes as long as somebody asks for nodes.
    if (!this.hosts.isAsked) this.#partHosts(true);
    this.hosts.ask(id, selector);
    const seen = new Set<number>();
    for (const [pod, node] of this.hosts.all()) {
      const c = this.classes.of(pod);
      if (seen.has(c)) continue;
      seen.add(c);
      if (this.hosts.isSelected(id, node)) this.matrix.mean(id, c);
    }
    return id;
  }

  #partHosts(part: boolean): void {
    for (const [pod, node] of this.hosts.all())
      this.#move(pod, { ...this.classes.key(this.classes.of(pod)), node: part ? node : -1 });
  }

  /** The ids of a peer entry, each held once more; `undefined` when it makes its rule fail closed (corners 59 and 66). */
  #holdTierPeer(peer: TierPeer): readonly number[] | undefined {
    switch (peer.kind) {
      case 'unknown':
      case 'unusable':
        return undefined;
      case 'pods':
        return [this.#holdTierPods(peer)];
      case 'networks':
        return peer.cidrs.map((cidr) => this.#holdAddresses('network', this.blocks.hold(cidr, [])));
      case 'nodes':
        return [this.#holdNodes(peer.nodes)];
      case 'domainNames': {
        const known = this.peers.find('domains', 0, 0);
        if (known >= 0) return [this.peers.again(known)];
        const id = this.peers.add('domains', 0, 0);
        this.matrix.addPeer(id, familyBits.IPv4 | familyBits.IPv6, false);
        return [id];
      }
    }
  }

  /** Puts a policy of a tier into numbers. It is not asked yet. */
  holdTierPolicy(policy: TierPolicy, order: number): LiveTierPolicy {
    const peers: number[] = [];
    const rulesOf = (direction: Direction): LiveTierPolicy['ranked']['rules'][Direction] => {
      const rules = compileTierRules(
        policy[direction],
        (peer) => {
          const ids = this.#holdTierPeer(peer);
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
      subject: policy.subject.kind === 'unusable' ? -1 : this.#holdTierPods(policy.subject),
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
    for (const peer of peers) this.#releasePeer(peer);
    if (subject >= 0) this.#releasePeer(subject);
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

  /** The peers that mean a class, with `unsureMark` where files cannot tell. */
  membershipsOf(c: number): readonly number[] {
    const { meant } = this.matrix;
    return Array.from({ length: meant.count(c) }, (_, i) =>
      meant.flagAt(c, i) ? meant.setAt(c, i) | unsureMark : meant.setAt(c, i),
    );
  }

  /** Parts the addresses that a new block holds from those that it does not. */
  #cut(block: number): void {
    const inside = new Map<number, number[]>();
    const family = this.blocks.familyOf(block);
    this.blocks.forEachInside(block, (pod) => {
      const cell = this.classes.cell(this.classes.of(pod), family);
      const list = inside.get(cell);
      if (list === undefined) inside.set(cell, [pod]);
      else list.push(pod);
    });
    for (const [cell, pods] of inside) {
      if (cell !== noCell && pods.length === this.classes.podsInCell(cell)) {
        this.blocks.renameCell(cell, block, true);
        continue;
      }
      const to = this.blocks.holdCellOf(this.blocks.withBlock(cell, block, true));
      this.#moveAll(pods, (c) => this.classes.keyWithCell(c, family, to));
      this.blocks.releaseCell(to);
    }
  }

  /** Brings together again what only this block has parted, and lets it go. */
  #uncut(block: number): void {
    const family = this.blocks.familyOf(block);
    for (const cell of this.blocks.cellsOf.copy(block)) {
      const left = this.blocks.withBlock(cell, block, false);
      if (left.length > 0 && this.blocks.cells.find(left) < 0) {
        this.blocks.renameCell(cell, block, false);
        continue;
      }
      const to = this.blocks.holdCellOf(left);
      const pods = [...this.classes.ofCell.copy(cell)].flatMap((c) => [...this.classes.pods.copy(c)]);
      this.#moveAll(pods, (c) => this.classes.keyWithCell(c, family, to));
      this.blocks.releaseCell(to);
    }
    this.blocks.release(block);
  }

  #holdPeer(peer: Peer, namespace: number): number {
    if (peer.kind === 'ipBlock') return this.#holdBlock(peer);
    const selector =
      peer.pods === undefined ? this.#holdSelector({ requirements: [] }) : this.#holdSelector(peer.pods);
    const own = peer.namespaces === 'own';
    const scope = own ? namespace : this.namespaces.holdSelector(peer.namespaces);
    const kind = own ? 'own' : 'selected';
    const known = this.peers.find(kind, scope, selector);
    if (known >= 0) {
      this.#releaseSelector(selector);
      if (!own) this.namespaces.releaseSelector(scope);
      return this.peers.again(known);
    }
    if (own) this.namespaces.again(scope);
    const id = this.peers.add(kind, scope, selector);
    this.matrix.addPeer(id, familyBits.IPv4 | familyBits.IPv6, false);
    const mean = (c: number, unsure: boolean): void => {
      if (!unsure || this.assume === 'open') this.matrix.mean(id, c);
    };
    if (own) this.#classesIn(scope, selector, mean);
    else this.#classesAmong(scope, selector, mean);
    return id;
  }

  #releasePeer(id: number): void {
    if (id === anyPeer) return;
    const kind = this.peers.kind(id);
    const scope = this.peers.scope(id);
    const selector = this.peers.selector(id);
    if (!this.peers.release(id)) return;
    this.matrix.removePeer(id);
    if (kind === 'block' || kind === 'network') {
      // As long as the other kind of peer needs it, it is cut.
      if (this.peers.find(kind === 'block' ? 'network' : 'block', scope, 0) < 0) this.#uncut(scope);
      else this.blocks.release(scope);
      return;
    }
    if (kind === 'domains') return;
    if (kind === 'nodes') {
      this.hosts.askNoMore(id);
      if (!this.hosts.isAsked) this.#partHosts(false);
      return;
    }
    if (kind === 'own') this.namespaces.release(scope);
    else this.namespaces.releaseSelector(scope);
    this.#releaseSelector(selector);
  }

  /** Calls `visit` for the classes of one namespace that a selector matches, each once. */
  #classesIn(namespace: number, selector: number, visit: (c: number, unsure: boolean) => void): void {
    const { ofNamespace } = this.classes;
    const ask = this.#asker(selector, visit);
    const few = this.#candidates(selector, ofNamespace.size(namespace));
    if (few === undefined)
      for (let i = 0; i < ofNamespace.size(namespace); i++) ask(ofNamespace.at(namespace, i));
    else for (const c of few) if (this.classes.namespace(c) === namespace) ask(c);
  }

  /** The same over the namespaces that a namespace selector matches. */
  #classesAmong(namespaces: number, selector: number, visit: (c: number, unsure: boolean) => void): void {
    const { ofNamespace } = this.classes;
    const { matched, matching } = this.namespaces;
    const ask = this.#asker(selector, visit);
    let population = 0;
    for (let i = 0; i < matched.size(namespaces); i++)
      population += ofNamespace.size(matched.at(namespaces, i));
    const few = this.#candidates(selector, population);
    if (few === undefined) {
      for (let n = 0; n < matched.size(namespaces); n++) {
        const namespace = matched.at(namespaces, n);
        for (let i = 0; i < ofNamespace.size(namespace); i++) ask(ofNamespace.at(namespace, i));
      }
      return;
    }
    for (const c of few) {
      const namespace = this.classes.namespace(c);
      if (matching.indexOf(namespace, namespaces) >= 0) ask(c);
    }
  }

  /** Asks a selector about a class; a label set is asked about once. */
  #asker(selector: number, visit: (c: number, unsure: boolean) => void): (c: number) => void {
    if (selector === this.selectors.everything) return (c) => visit(c, false);
    const known = new Map<number, number>();
    return (c) => {
      const set = this.classes.labels(c);
      let holds = known.get(set);
      if (holds === undefined) {
        known.set(set, (holds = this.selectors.holds(selector, this.labels.example(set))));
      }
      if (holds !== no) visit(c, holds === unknown);
    };
  }

  /** The classes that can match a selector, found by their labels, if they are fewer than `population`. */
  #candidates(selector: number, population: number): readonly number[] | undefined {
    if (selector === this.selectors.everything || population <= 16) return undefined;
    const sets = new Set<number>();
    const found: number[] = [];
    const { ofLabels } = this.classes;
    let seen = 0;
    this.labels.forEachCandidate(this.selectors.requirements(selector), (set) => {
      if (++seen + found.length > population || sets.has(set)) return;
      sets.add(set);
      if (found.length + ofLabels.size(set) > population) seen = Infinity;
      else for (let i = 0; i < ofLabels.size(set); i++) found.push(ofLabels.at(set, i));
    });
    return seen + found.length > population ? undefined : found;
  }

  // Policies -------------------------------------------------------------------------------------------------------

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
            : rule.peers.peers.map((peer) => this.#holdPeer(peer, namespace)),
        spec: this.ports.specOf(rule.ports, direction),
      }));
    };
    const rules = { ingress: rulesOf('ingress'), egress: rulesOf('egress') };
    // Corner 7: policies select pods of their own namespace only.
    return {
      policy,
      order,
      group: this.#holdGroup(namespace, this.#holdSelector(policy.podSelector)),
      rules,
    };
  }

  /** Takes the numbers of a policy apart, after it has left its group. */
  releasePolicy({ group, rules }: LivePolicy): void {
    const { namespace, selector } = this.groups.settle(group);
    for (const direction of ['ingress', 'egress'] as const) {
      for (const rule of rules[direction] ?? []) for (const peer of rule.peers) this.#releasePeer(peer);
    }
    this.#releaseSelector(selector);
    this.namespaces.release(namespace);
  }

  #holdGroup(namespace: number, selector: number): number {
    const known = this.groups.find(namespace, selector);
    if (known >= 0) return known;
    const group = this.groups.add(namespace, selector);
    this.#classesIn(namespace, selector, (c, unsure) => this.groups.selected.add(group, c, unsure));
    return group;
  }

  /**
   * The profile that the policies of a class make, held once more.
   *
   * @param tiersStay - whether the same policies of tiers select it as when it got the profile that it has
   */
  #holdProfile(c: number, direction: Direction, tiersStay = false): number {
    const side = this.matrix.side(direction);
    const portMap = this.classes.portMap(c);
    const list = this.groups.profileOf(c, direction, portMap);
    if (this.tiers.size === 0) {
      if (list === undefined) return side.profiles.again(side.open);
      return this.matrix.holdProfile(direction, list, list.length);
    }
    // Corner 64: a NetworkPolicy decides finally for the directions that it isolates, or for the pods that it selects.
    const isFinal =
      list !== undefined ||
      (this.profile.baselineAfterPolicies === 'pod' &&
        this.groups.isolates(c, direction === 'ingress' ? 'egress' : 'ingress'));
    const stays =
      tiersStay &&
      this.profile.baselineAfterPolicies === 'direction' &&
      isFinal === ((side.profiles.at(side.profileOf[c]!, 0) & 1) === 1);
    const tiers = stays
      ? this.tiers.again(direction, side.tiersOf(side.profileOf[c]!))
      : this.tiers.hold(direction, this.membershipsOf(c), isFinal, portMap);
    if (tiers < 0 && list === undefined) return side.profiles.again(side.open);
    if (tiers >= 0 && this.tiers.lists[direction].refs(tiers) === 1) side.tierMemo.clearRow(tiers);
    const whole = list === undefined ? [0, anyPeer, everything] : [...list];
    whole[0] = whole[0]! + (tiers + 1) * 2;
    const profile = this.matrix.holdProfile(direction, whole, whole.length);
    // The profile holds it.
    if (tiers >= 0) this.tiers.lists[direction].release(tiers);
    return profile;
  }

  /**
   * The profiles of the classes whose policies have changed, where they are others than before. Each is held.
   *
   * @param tiersStay - whether the same policies of tiers as before select them
   */
  newProfiles(
    classes: readonly number[],
    directions: ReadonlySet<Direction>,
    tiersStay: boolean,
  ): readonly NewProfiles[] {
    const changed: NewProfiles[] = [];
    const { egress, ingress } = this.matrix;
    for (const c of classes) {
      const found = {
        c,
        egress: directions.has('egress')
          ? this.#holdProfile(c, 'egress', tiersStay)
          : egress.profiles.again(egress.profileOf[c]!),
        ingress: directions.has('ingress')
          ? this.#holdProfile(c, 'ingress', tiersStay)
          : ingress.profiles.again(ingress.profileOf[c]!),
      };
      if (found.egress !== egress.profileOf[c] || found.ingress !== ingress.profileOf[c]) changed.push(found);
      else {
        this.matrix.releaseProfile('egress', found.egress);
        this.matrix.releaseProfile('ingress', found.ingress);
      }
    }
    return changed;
  }

  // Namespaces -----------------------------------------------------------------------------------------------------

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
    for (const each of this.#selectorsOf(set)) {
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
    this.#portMaps.clear();
    this.matrix.sweep(used);
    this.groups.mark(used.specs);
    this.tiers.clear(used);
    this.ports.keep(used);
    this.#sweepAt = 2 * (this.ports.held + this.matrix.accesses.size) + fewPorts;
  }

  // What others read -----------------------------------------------------------------------------------------------

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

  /** A profile as `compile` has it. */
  profileAt(direction: Direction, profile: number): ClassProfile {
    const side = this.matrix.side(direction);
    const entries = Array.from({ length: side.entries(profile) }, (_, i) => i);
    return {
      isolated: (side.profiles.at(profile, 0) & 1) === 1,
      peers: entries.map((i) => side.peerAt(profile, i)),
      ports: entries.map((i) => side.portsAt(profile, i)),
      tiers: side.tiersOf(profile) + 1,
    };
  }

  /** What `outsideOf` reads. */
  get outsideTables(): Parameters<typeof outsideOf>[2] {
    return {
      ports: this.ports,
      blocks: this.blocks,
      peers: { definition: (peer) => this.#definition(peer) },
    };
  }

  /** What a list of tiers says of addresses outside, in any case or under the choices that allow most (corner 60). */
  tiersOutside(direction: Direction, list: number, bound: Bound): ReturnType<typeof tiersOutside> {
    const ofNodes: Block[] = [];
    const definition = (peer: number): TierPeerDefinition => {
      if (peer === everybody) return { kind: 'everybody' };
      const scope = this.peers.scope(peer);
      switch (this.peers.kind(peer)) {
        case 'network':
          return { kind: 'network', block: scope };
        case 'nodes': {
          // Blocks of their own, behind all others: they change with the nodes.
          const blocks = this.hosts.blocksOf(peer).map((block) => firstOfNodes + ofNodes.push(block) - 1);
          return { kind: 'nodes', selector: scope, blocks };
        }
        case 'domains':
          return { kind: 'domains' };
        case 'own':
        case 'selected':
        case 'block':
        case 'tierPods':
          return { kind: 'pods', namespaces: scope, selector: this.peers.selector(peer) };
      }
    };
    const block = (id: number): Block =>
      id >= firstOfNodes ? ofNodes[id - firstOfNodes]! : this.blocks.block(id);
    return tiersOutside(
      this.tiers.list(direction, list),
      direction,
      { bound, assume: this.assume },
      { peers: { definition }, blocks: { block }, ports: this.ports },
    );
  }

  #definition(peer: number): PeerDefinition {
    if (peer === anyPeer) return { kind: 'any' };
    const scope = this.peers.scope(peer);
    const selector = this.peers.selector(peer);
    switch (this.peers.kind(peer)) {
      case 'block':
        return { kind: 'block', block: scope };
      case 'own':
        return { kind: 'pods', namespace: scope, namespaces: undefined, selector };
      case 'selected':
      case 'tierPods':
      case 'network':
      case 'nodes':
      case 'domains':
        return { kind: 'pods', namespace: undefined, namespaces: scope, selector };
    }
  }

  // Classes --------------------------------------------------------------------------------------------------------

  /** The selectors that match a label set, times 2, plus 1 where files cannot tell. */
  #selectorsOf(set: number): readonly number[] {
    const { version } = this.selectors;
    const known = this.#selecting[set];
    if (known !== undefined && known.version === version && known.set === this.labels.version(set)) {
      return known.list;
    }
    const list: number[] = [];
    this.selectors.forEachHolding(this.labels.example(set), (id, unsure) =>
      list.push(id * 2 + (unsure ? 1 : 0)),
    );
    this.#selecting[set] = { version, set: this.labels.version(set), list };
    return list;
  }

  /** The class of a key; a new one has no pods yet. */
  #classOf(key: ClassKey): number {
    const known = this.classes.find(key);
    if (known >= 0) return known;
    const c = this.classes.add(key);
    this.blocks.again(key.cell4);
    this.blocks.again(key.cell6);
    const peers: number[] = [];
    if (key.namespace >= 0) {
      this.namespaces.again(key.namespace);
      const { matching } = this.namespaces;
      for (const each of this.#selectorsOf(key.labels)) {
        const [selector, unsure] = [each >> 1, (each & 1) === 1];
        const group = this.groups.find(key.namespace, selector);
        if (group >= 0) this.groups.selected.add(group, c, unsure);
        const isNobody = unsure && this.assume === 'closed';
        const own = isNobody ? -1 : this.peers.find('own', key.namespace, selector);
        if (own >= 0) peers.push(own);
        if (this.peers.selecting(selector) === 0) continue;
        for (let i = 0; i < matching.size(key.namespace); i++) {
          const scope = matching.at(key.namespace, i);
          const peer = isNobody ? -1 : this.peers.find('selected', scope, selector);
          if (peer >= 0) peers.push(peer);
          const ofTiers = this.peers.find('tierPods', scope, selector);
          if (ofTiers >= 0) peers.push(unsure ? ofTiers | unsureMark : ofTiers);
        }
      }
    }
    for (const cell of [key.cell4, key.cell6]) {
      for (let i = 0; i < this.blocks.cells.size(cell); i++) {
        const block = this.blocks.cells.at(cell, i);
        const peer = this.#isMatched(key.host) ? this.peers.find('block', block, 0) : -1;
        if (peer >= 0) peers.push(peer);
        const ofTiers = this.peers.find('network', block, 0);
        if (ofTiers >= 0) peers.push(ofTiers);
      }
    }
    if (key.node >= 0) peers.push(...this.hosts.peersOf(key.node));
    this.matrix.addClass(c, key.family, key.portMap, peers);
    if (this.groups.selected.count(c) > 0 || peers.some((peer) => this.tiers.isSubject(peer & ~unsureMark))) {
      this.matrix.setProfiles(c, this.#holdProfile(c, 'egress'), this.#holdProfile(c, 'ingress'));
    }
    return c;
  }

  /** Forgets a class when it has no pods. */
  #drop(c: number): void {
    if (this.classes.pods.size(c) > 0) return;
    const { namespace, cell4, cell6 } = this.classes.key(c);
    this.matrix.removeClass(c);
    this.groups.selected.removeClass(c);
    this.classes.remove(c);
    this.blocks.releaseCell(cell4);
    this.blocks.releaseCell(cell6);
    if (namespace >= 0) this.namespaces.release(namespace);
  }

  /** The class of a key that means the same to every policy as another class. */
  #likeness(key: ClassKey, like: number): number {
    const known = this.classes.find(key);
    if (known >= 0) return known;
    const c = this.classes.add(key);
    this.blocks.again(key.cell4);
    this.blocks.again(key.cell6);
    if (key.namespace >= 0) this.namespaces.again(key.namespace);
    this.groups.selected.copy(like, c);
    this.matrix.copyClass(c, like, key.family, key.portMap);
    return c;
  }

  /** Moves pods to other classes that are the same to every policy: a class that moves as a whole gets another key. */
  #moveAll(pods: readonly number[], keyOf: (c: number) => ClassKey): void {
    const byClass = new Map<number, number[]>();
    for (const pod of pods) {
      const c = this.classes.of(pod);
      const list = byClass.get(c);
      if (list === undefined) byClass.set(c, [pod]);
      else list.push(pod);
    }
    for (const [c, some] of byClass) {
      const key = keyOf(c);
      if (some.length < this.classes.pods.size(c) || this.classes.find(key) >= 0) {
        for (const pod of some) this.#move(pod, key);
        continue;
      }
      this.matrix.touched++;
      const { cell4, cell6 } = this.classes.key(c);
      this.blocks.again(key.cell4);
      this.blocks.again(key.cell6);
      this.classes.rename(c, key);
      this.blocks.releaseCell(cell4);
      this.blocks.releaseCell(cell6);
    }
  }

  /** Moves a pod to another class that is the same to every policy: no total changes. */
  #move(pod: number, key: ClassKey): void {
    const from = this.classes.of(pod);
    const to = this.#likeness(key, from);
    if (to === from) return;
    const { node, replicas } = this.pods[pod]!;
    this.matrix.touched++;
    this.matrix.unchanged(() => {
      this.nodes.remove(pod, node, from, replicas, this.classes.isHost(from));
      this.classes.leave(pod);
      this.classes.enter(pod, to);
      this.matrix.moveWeight(from, to, replicas);
      this.nodes.add(pod, node, to, replicas, this.classes.isHost(to));
    });
    this.#drop(from);
  }

  // Pods -----------------------------------------------------------------------------------------------------------

  /** Takes in a pod that is not there yet. Returns its number. */
  addPod(pod: Pod): number {
    const number = this.#freedPods.pop() ?? this.pods.length;
    this.pods[number] = pod;
    const host = isHost(pod, this.profile);
    const namespace = host ? -1 : this.namespaces.hold(pod.namespace);
    const raw = host ? -1 : this.labels.hold(pod);
    const node = host ? this.hosts.enter(number, pod.node) : -1;
    this.#raw[number] = raw;
    if (!host) this.#posInRaw[number] = this.#podsOfRaw.push(raw, number);
    let family = 0;
    let cell4 = noCell;
    let cell6 = noCell;
    for (const address of addressesOf(pod)) {
      family |= familyBits[address.family];
      this.blocks.addAddress(address, number);
      const cell = this.blocks.holdCell(address);
      if (address.family === 'IPv4') cell4 = cell;
      else cell6 = cell;
    }
    const c = this.#classOf({
      namespace,
      labels: host ? -1 : this.labels.setOf(raw),
      portMap: host ? 0 : this.#portMapOf(pod.ports),
      cell4,
      cell6,
      // Corner 39: a pod without an address has both families.
      family: family === 0 ? familyBits.IPv4 | familyBits.IPv6 : family,
      host,
      node: this.hosts.isAsked ? node : -1,
    });
    this.blocks.releaseCell(cell4);
    this.blocks.releaseCell(cell6);
    // The class holds it.
    if (!host) this.namespaces.release(namespace);
    this.classes.enter(number, c);
    this.matrix.addWeight(c, pod.replicas);
    this.nodes.add(number, pod.node, c, pod.replicas, host);
    return number;
  }

  /** What the declared ports of a pod mean for the names of rules. */
  #portMapOf(declared: Pod['ports']): number {
    let id = this.#portMaps.get(declared);
    if (id === undefined) {
      // Corner 28: whether the names of sidecars count is the profile's.
      const counted = this.profile.sidecarPorts ? declared : declared.filter((port) => !port.sidecar);
      id = this.ports.portMap(counted, true);
      // Pods of one template share their list. A few are remembered: all of them would outlive their pods.
      if (this.#portMaps.size >= mostPortMaps) this.#portMaps.clear();
      this.#portMaps.set(declared, id);
    }
    return id;
  }

  removePod(number: number): void {
    const pod = this.pods[number]!;
    const c = this.classes.of(number);
    this.nodes.remove(number, pod.node, c, pod.replicas, this.classes.isHost(c));
    this.matrix.addWeight(c, -pod.replicas);
    this.classes.leave(number);
    this.#drop(c);
    for (const address of addressesOf(pod)) this.blocks.removeAddress(address, number);
    if (isHost(pod, this.profile)) this.hosts.leave(number, pod.node);
    const raw = this.#raw[number]!;
    if (raw >= 0) {
      const moved = this.#podsOfRaw.swapRemove(raw, this.#posInRaw[number]!);
      if (moved >= 0) this.#posInRaw[moved] = this.#posInRaw[number]!;
      this.labels.release(raw);
    }
    this.pods[number] = undefined;
    this.#freedPods.push(number);
  }

  /** Corner 34: whether an ipBlock matches the address of a pod, or of a node, is the profile's; networks of tiers match both. */
  #isMatched(host: boolean): boolean {
    const { ipBlockMatchesNodes, ipBlockMatchesPods } = this.profile;
    return host ? ipBlockMatchesNodes : ipBlockMatchesPods;
  }
}

/** The first address of each family, as the class of a pod has it. */
function addressesOf(pod: Pod): readonly Address[] {
  const { addresses } = pod;
  if (addresses.length <= 1) return addresses;
  return addresses.filter(({ family }, i) => addresses.findIndex((each) => each.family === family) === i);
}
