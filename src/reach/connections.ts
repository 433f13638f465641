import type { Direction } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import { noAccess } from '../policy/index.ts';
import type { CompiledPolicy, PairAccess } from '../policy/index.ts';
import { none } from './accesses.ts';
import type { Accesses } from './accesses.ts';
import { byText } from './allowed.ts';
import { ambiguousEntries, entriesOf } from './entries.ts';
import type { Entry } from './entries.ts';
import { focusTest } from './focus.ts';
import type { Focus, FocusTest, Traits } from './focus.ts';
import { GroupAccess } from './group-access.ts';
import { Groups, nodeGroup } from './groups.ts';
import type { Group } from './groups.ts';
import { Neighbours } from './neighbours.ts';
import { askedNodes, nodeAccess } from './node-access.ts';
import { OutsideConnections } from './outside-connections.ts';
import { outsidesOf } from './outside.ts';
import type { Outside } from './outside.ts';
import { portFilter } from './port-filter.ts';
import type { Level, MapConnection, PortQuery } from './types.ts';

/** Sources that demand the same, and what they may use to their targets. */
export interface Party {
  readonly sources: readonly number[];
  readonly access: GroupAccess;
}

/** Which connections a map lists. */
export interface ConnectionQuery extends Focus {
  readonly level: Level;
  /** Only connections that may use some of these ports; what they may use is cut to them. */
  readonly ports?: readonly PortQuery[];
}

/** How many pairs of groups a focus asks about, and of how many groups it asks in each direction. */
export interface PairCounts {
  /** Ordered pairs of distinct groups that have pods; at level `pod`, of distinct pods. */
  readonly pairs: bigint;
  /** By group: 1 where something was asked of it as a source (`egress`) and as a destination (`ingress`). */
  readonly asked: { readonly [direction in Direction]: Uint8Array };
  readonly nothingAsked: boolean;
}

/**
 * All connections of a level that a focus keeps, source by source. Nothing is kept of what was listed, so that maps of any
 * size can be written.
 *
 * Ends have numbers: groups of pods first, then addresses outside, then the nodes that the focus names.
 */
export class Connections {
  readonly groups: Groups;
  readonly nodes: readonly Group[];
  readonly outside: Outside;
  readonly focus: FocusTest;
  /** The connections of groups with addresses outside. */
  readonly addresses: OutsideConnections;
  readonly #policy: CompiledPolicy;
  readonly #traits: Int32Array;
  readonly #nodeTraits: readonly Traits[];
  readonly #portsOf: (destination: Group | undefined) => PortSet;
  readonly #isCut: boolean;
  readonly #countsPods: boolean;
  /** By what sources demand of their targets: these sources, and the targets. */
  readonly #parties = new Map<number, Party>();
  /** By group: 1 where it may have a connection as a source. */
  readonly #mayOpen: Uint8Array;
  /** Most pairs of a large cluster have one of few accesses. */
  readonly #entries = new Map<Accesses, readonly Entry[]>();
  #closedByPorts = false;
  #ranks: { readonly of: Int32Array; readonly ends: Int32Array } | undefined;
  /** The same where equal priorities are resolved to what allows most; `undefined` where none can disagree (corner 60). */
  readonly #possible: Connections | undefined;

  /**
   * @param shared - of what the same ends make of the same cluster, compiled to its other bound: its view of the outside, in
   *   the peers of both
   */
  constructor(policy: CompiledPolicy, query: ConnectionQuery, shared?: Outside) {
    this.#policy = policy;
    this.focus = focusTest(query);
    this.groups = new Groups(policy, query.level);
    this.nodes = askedNodes(query).map(nodeGroup);
    const { possible } = policy;
    if (shared !== undefined) this.outside = shared;
    else if (possible === policy) [this.outside] = outsidesOf([policy], this.groups) as [Outside];
    else {
      const [own, most] = outsidesOf([policy, possible], this.groups) as [Outside, Outside];
      this.outside = own;
      this.#possible = new Connections(possible, query, most);
    }
    this.#portsOf = portFilter(policy, query);
    this.#isCut = query.ports !== undefined;
    this.#countsPods = query.level.kind === 'pod';
    this.#traits = this.#traitsOfGroups();
    this.#nodeTraits = this.nodes.map(({ node }) => this.focus.ofNode(node!));
    this.addresses = new OutsideConnections({
      policy,
      groups: this.groups,
      outside: this.outside,
      focus: this.focus,
      traits: this.#traits,
      portsOf: this.#portsOf,
      isCut: this.#isCut,
    });
    this.#mayOpen = new Uint8Array(this.groups.count);
    this.#meet();
  }

  #traitsOfGroups(): Int32Array {
    const { groups, focus } = this;
    const { ofPod } = groups;
    const ofPods = focus.ofPods(this.#policy.parts.classes);
    const traits = new Int32Array(groups.count);
    for (let i = 0; i < ofPod.length; i++) traits[ofPod[i]!]! |= ofPods[i]!;
    for (const group of groups.withEmpty()) {
      for (const namespace of groups.emptyNamespaces(group)) traits[group]! |= focus.ofNamespace(namespace);
    }
    return traits;
  }

  /** Brings sources together with their targets, and finds out which sources can have a connection at all. */
  #meet(): void {
    const { focus, groups } = this;
    // Very many groups have few different traits.
    const kinds: (number[] | undefined)[] = [];
    for (let group = 0; group < groups.count; group++) {
      const traits = this.#traits[group]!;
      (kinds[traits] ??= []).push(group);
    }
    const known = [...kinds.keys()].filter((traits) => kinds[traits] !== undefined);
    const byDemands = Map.groupBy(known, (traits) => focus.demands(traits));
    byDemands.delete(-1);
    const neighbours = new Neighbours(this.#policy);
    const of = (some: readonly number[]): readonly number[] => {
      const [only] = some;
      if (only !== undefined && some.length === 1) return kinds[only]!;
      const wanted = new Set(some);
      const found: number[] = [];
      for (let group = 0; group < groups.count; group++)
        if (wanted.has(this.#traits[group]!)) found.push(group);
      return found;
    };
    for (const [demands, kindsOfSources] of byDemands) {
      const sources = of(kindsOfSources);
      const targets = of(known.filter((traits) => focus.meets(traits, demands)));
      const access = new GroupAccess(this.#policy, groups, neighbours, sources, targets);
      this.#parties.set(demands, { sources, access });
      const isWorthIt = sources.length > 64 && targets.length * 4 < groups.count;
      const open = isWorthIt ? access.openSources() : undefined;
      for (const from of sources) this.#mayOpen[from] = open === undefined ? 1 : open[from]!;
    }
  }

  /** Whether, of what was listed, some was left out because it may not use the ports that were asked about. */
  get closedByPorts(): boolean {
    return this.#closedByPorts || this.addresses.closedByPorts;
  }

  /** What was asked, without answers. */
  counts(): PairCounts {
    const { groups, focus } = this;
    const asked = { egress: new Uint8Array(groups.count), ingress: new Uint8Array(groups.count) };
    let pairs = 0n;
    for (const { sources, access } of this.#parties.values()) {
      const { targets } = access;
      const whole = this.countedOf([...targets.byColumns.values()].flat());
      // Of sources that are targets too, and of others: how many they are.
      let others = 0;
      for (const from of sources) {
        // That one pod reaches itself is no question (corner 41).
        const isAlone = targets.members[from] === 1 && groups.weight[from] === 1;
        if (targets.groups.length > (isAlone ? 1 : 0)) asked.egress[from] = 1;
        if (!groups.isPopulated(from)) continue;
        if (targets.members[from] === 1) pairs += this.pairsWith(from, whole - 1);
        else others += this.countOf(from);
      }
      pairs += BigInt(others) * BigInt(whole);
      const [only] = sources;
      for (const to of targets.groups) {
        if (sources.length > 1 || only !== to || groups.weight[to] !== 1) asked.ingress[to] = 1;
      }
    }
    for (const traits of this.#nodeTraits) {
      for (let group = 0; group < groups.count; group++) {
        if (focus.keeps(traits, this.#traits[group]!)) asked.ingress[group] = 1;
        if (focus.keeps(this.#traits[group]!, traits)) asked.egress[group] = 1;
      }
    }
    for (const direction of ['egress', 'ingress'] as const) {
      const kept = this.addresses.keeps(direction);
      for (let group = 0; group < groups.count; group++) if (kept(group)) asked[direction][group] = 1;
    }
    return {
      pairs,
      asked,
      nothingAsked: !asked.egress.includes(1) && !asked.ingress.includes(1),
    };
  }

  /**
   * How many a group is in numbers of pairs. Its own pairs are those of one of these with one less: at level `pod`, the
   * replicas of a template are told apart, at others a group is one.
   */
  countOf(group: number): number {
    return this.#countsPods ? this.groups.weight[group]! : 1;
  }

  /** How many some groups are together. */
  countedOf(groups: readonly number[]): number {
    return this.#countsPods
      ? groups.reduce((sum, group) => sum + this.groups.weight[group]!, 0)
      : groups.length;
  }

  /** The pairs of a source with so many. */
  pairsWith(from: number, targets: number): bigint {
    return BigInt(this.countOf(from)) * BigInt(targets);
  }

  /** The id of an end. */
  id(end: number): string {
    const { groups, outside, nodes } = this;
    if (end < groups.count) return groups.id(end);
    const address = end - groups.count;
    return address < outside.size ? outside.peer(address).id : nodes[address - outside.size]!.peer.id;
  }

  /** The index of an address outside; -1 for other ends. */
  outsideIndex(end: number): number {
    const index = end - this.groups.count;
    return index >= 0 && index < this.outside.size ? index : -1;
  }

  nodeEnd(index: number): number {
    return this.groups.count + this.outside.size + index;
  }

  /** Whether a group belongs to what the focus names. */
  isNamed(group: number): boolean {
    return this.focus.names(this.#traits[group]!);
  }

  /** What the focus sees in an end. */
  traits(end: number): Traits {
    if (end < this.groups.count) return this.#traits[end]!;
    const address = this.outsideIndex(end);
    return address < 0
      ? this.#nodeTraits[end - this.groups.count - this.outside.size]!
      : this.addresses.traits(address);
  }

  /** The peers outside that some group has a connection with, by index. */
  connectedOutside(): ReadonlySet<number> {
    const connected = new Set<number>();
    for (const direction of ['egress', 'ingress'] as const) {
      const seen = new Set<number>();
      for (const group of this.addresses.asking(direction)) {
        const key = this.addresses.alike(direction, group);
        if (!this.#isCut && seen.has(key)) continue;
        seen.add(key);
        for (const { peer } of this.addresses.open(direction, group)) connected.add(peer);
      }
    }
    for (const peer of this.#possible?.connectedOutside() ?? []) connected.add(peer);
    return connected;
  }

  /** The same where policies of equal priority are resolved to what allows most; `undefined` where none can disagree. */
  get possible(): Connections | undefined {
    return this.#possible;
  }

  /** The pairs of classes of one of its sources that are asked about, by what is open in any case or may be. */
  pairsFrom(group: number, isAmbiguous: boolean): PairAccess {
    const found = isAmbiguous ? (this.#possible ?? this) : this;
    return found.#parties.get(this.focus.demands(this.#traits[group]!))!.access.pairs;
  }

  /** The ports that were asked about at a group; everything when none were. */
  portsAt(group: number): PortSet {
    return this.#isCut ? this.#portsOf(this.groups.get(group)) : PortSet.all;
  }

  /**
   * All pairs of groups without listing them: sources and targets with what they share, and where a pair has something
   * else.
   */
  *parties(): Generator<Party> {
    for (const { sources, access } of this.#parties.values()) {
      const isOpen = this.#mayOpen;
      yield { sources: sources.filter((from) => isOpen[from] === 1), access };
    }
  }

  /** The number of the group of an id; -1 without one. */
  groupOf(id: string): number {
    this.#groupOf ??= new Map(this.groups.ids.map((each, group) => [each, group]));
    return this.#groupOf.get(id) ?? -1;
  }

  #groupOf: ReadonlyMap<string, number> | undefined;

  /** What a source asks of its targets, as the number of its party; negative where no connection of it is asked about. */
  demandsOf(group: number): number {
    return this.focus.demands(this.#traits[group]!);
  }

  /** The sources with the same demands, and their targets. */
  party(demands: number): Party | undefined {
    return this.#parties.get(demands);
  }

  /** The accesses of two groups; `none` where they are not asked about. */
  accesses(from: number, to: number): Accesses {
    const party = this.#parties.get(this.demandsOf(from));
    return party === undefined || party.access.targets.members[to] === 0 ? none : party.access.of(from, to);
  }

  /** The connections of two groups, ambiguous ones among them. */
  between(from: number, to: number): readonly Entry[] {
    const sure = this.entriesOf(this.accesses(from, to), to);
    if (this.#possible === undefined) return sure;
    const possible = this.#possible;
    return [...sure, ...ambiguousEntries(sure, possible.entriesOf(possible.accesses(from, to), to))];
  }

  /** The connections of a group with addresses outside, by index of the peer. */
  outsideOf(direction: Direction, group: number): ReadonlyMap<number, readonly Entry[]> {
    const found = new Map<number, readonly Entry[]>();
    const of = (view: Connections): Map<number, Entry> =>
      new Map(
        Array.from(view.addresses.open(direction, group), ({ peer, allowed, partial }) => [
          peer,
          { allowed, family: undefined, partial },
        ]),
      );
    const sure = of(this);
    for (const [peer, entry] of sure) found.set(peer, [entry]);
    if (this.#possible === undefined) return found;
    for (const [peer, entry] of of(this.#possible)) {
      const own = found.get(peer) ?? [];
      const more = ambiguousEntries(own, [entry]);
      if (more.length > 0) found.set(peer, [...own, ...more]);
    }
    return found;
  }

  /** The connections that documents list for some accesses to a group. */
  entriesOf(accesses: Accesses, to: number): readonly Entry[] {
    return accesses === none || accesses === noAccess ? [] : this.#entriesOf(accesses, to);
  }

  /** The ends that may have connections as sources, sorted by id. */
  sources(): readonly number[] {
    const found = this.#sources();
    const all = this.#possible === undefined ? found : [...new Set([...found, ...this.#possible.#sources()])];
    const ids = all.map((end) => [this.id(end), end] as const);
    return ids.sort(([a], [b]) => byText(a, b)).map(([, end]) => end);
  }

  #sources(): readonly number[] {
    const { groups, nodes } = this;
    const found: number[] = [];
    const leaves = this.addresses.keeps('egress');
    for (let group = 0; group < groups.count; group++) {
      if (this.#mayOpen[group] === 1 || leaves(group) || nodes.length > 0) found.push(group);
    }
    for (const peer of this.addresses.reaching()) found.push(groups.count + peer);
    for (const i of nodes.keys()) found.push(this.nodeEnd(i));
    return found;
  }

  /**
   * The connections of one source, sorted by the id of the destination.
   *
   * @param visit - called for each connection, with the number of the destination
   */
  from(source: number, visit: (connection: MapConnection, to: number) => void): void {
    const found = this.#found(source);
    if (this.#possible !== undefined) {
      for (const [to, possible] of this.#possible.#found(source)) {
        const sure = found.get(to) ?? [];
        if (sure === possible) continue;
        const more = ambiguousEntries(sure, possible);
        if (more.length > 0) found.set(to, [...sure, ...more]);
      }
    }
    if (found.size === 0) return;
    const from = this.id(source);
    for (const to of this.#sorted(found)) {
      const id = this.id(to);
      for (const { allowed, family, partial, ambiguous } of found.get(to)!) {
        visit(
          {
            from,
            to: id,
            allowed,
            ...(family === undefined ? {} : { family }),
            ...(partial ? { partial } : {}),
            ...(ambiguous === true ? { ambiguous } : {}),
          },
          to,
        );
      }
    }
  }

  #found(source: number): Map<number, readonly Entry[]> {
    const found = new Map<number, readonly Entry[]>();
    const address = this.outsideIndex(source);
    if (source < this.groups.count) this.#fromGroup(source, found);
    else if (address >= 0) this.addresses.from(address, found);
    else this.#fromNode(source, found);
    return found;
  }

  #fromGroup(from: number, found: Map<number, readonly Entry[]>): void {
    if (this.#mayOpen[from] === 1) {
      const { access: ofParty } = this.#parties.get(this.focus.demands(this.#traits[from]!))!;
      ofParty.from(from, (to, access) => {
        const entries = this.#entriesOf(access, to);
        if (entries.length > 0) found.set(to, entries);
        else this.#closedByPorts = true;
      });
    }
    for (const { peer, allowed, partial } of this.addresses.open('egress', from))
      found.set(this.groups.count + peer, [{ allowed, family: undefined, partial }]);
    for (const [i, node] of this.nodes.entries()) {
      if (this.focus.keeps(this.#traits[from]!, this.#nodeTraits[i]!))
        this.#withNode(this.groups.get(from), node, this.nodeEnd(i), found);
    }
  }

  #fromNode(source: number, found: Map<number, readonly Entry[]>): void {
    const index = source - this.nodeEnd(0);
    for (let group = 0; group < this.groups.count; group++) {
      if (this.focus.keeps(this.#nodeTraits[index]!, this.#traits[group]!))
        this.#withNode(this.nodes[index]!, this.groups.get(group), group, found);
    }
  }

  #withNode(from: Group, to: Group, end: number, found: Map<number, readonly Entry[]>): void {
    const access = nodeAccess(this.#policy, from, to);
    const entries = entriesOf(this.#policy, access, this.#portsOf(to));
    if (entries.length > 0) found.set(end, entries);
    else if (access !== none && access !== noAccess) this.#closedByPorts = true;
  }

  #entriesOf(access: Accesses, to: number): readonly Entry[] {
    if (this.#isCut) return entriesOf(this.#policy, access, this.#portsOf(this.groups.get(to)));
    let list = this.#entries.get(access);
    if (list === undefined) {
      this.#entries.set(access, (list = entriesOf(this.#policy, access, PortSet.all)));
    }
    return list;
  }

  /** How many ends were sorted by comparing their ids. */
  #compared = 0;

  /** Ends by id: by comparing ids while they are few, else by the rank that each has among all. */
  #sorted(found: ReadonlyMap<number, unknown>): Iterable<number> {
    this.#compared += found.size;
    if (this.#ranks === undefined && this.#compared < Math.max(mostCompared, this.ends / 2))
      return [...found.keys()].sort((a, b) => byText(this.id(a), this.id(b)));
    if (this.#ranks === undefined) {
      const order = Array.from({ length: this.ends }, (_, end) => end);
      const ids = order.map((end) => this.id(end));
      order.sort((a, b) => byText(ids[a]!, ids[b]!));
      const of = new Int32Array(order.length);
      for (const [rank, end] of order.entries()) of[end] = rank;
      this.#ranks = { of, ends: Int32Array.from(order) };
    }
    const { of, ends } = this.#ranks;
    const ranks = new Int32Array(found.size);
    let at = 0;
    for (const end of found.keys()) ranks[at++] = of[end]!;
    return ranks.sort().map((rank) => ends[rank]!);
  }

  /** How many ends there are. */
  get ends(): number {
    return this.groups.count + this.outside.size + this.nodes.length;
  }
}

/** More ends than these, and than half of all, are sorted by ranks, which have to be worked out once. */
const mostCompared = 2000;
