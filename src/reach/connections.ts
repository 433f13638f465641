import type { ClusterNode, Direction, Pod } from '../model/index.ts';
import { families, PortSet } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import { noAccess } from '../policy/index.ts';
import type { CompiledPolicy, PairAccess, PolicyEnd } from '../policy/index.ts';
import { allowedPorts, byText, portSet } from './allowed.ts';
import { focusTest } from './focus.ts';
import type { Focus, FocusTest, Traits } from './focus.ts';
import { none, withAccess } from './accesses.ts';
import type { Accesses } from './accesses.ts';
import { GroupAccess } from './group-access.ts';
import { endOf, Groups, nodeGroup } from './groups.ts';
import type { Group } from './groups.ts';
import { Neighbours } from './neighbours.ts';
import { outsidesOf } from './outside.ts';
import type { Outside, OutsideAccess } from './outside.ts';
import { namedPorts, servicePorts } from './service-ports.ts';
import type { AllowedPorts, Level, MapConnection, PortQuery } from './types.ts';

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
  /** Set while connections are listed: some were left out because they may not use the ports that were asked about. */
  closedByPorts = false;
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
  readonly #entries = new Map<number, readonly Entry[]>();
  /** By index of a peer outside: the accesses of groups that it may reach; made when first asked for. */
  #reaching: readonly (readonly Reaching[])[] | undefined;
  /** By access from outside: the groups that have it and that the focus keeps. */
  #havingAccess: ReadonlyMap<number, readonly number[]> | undefined;
  #ranks: { readonly of: Int32Array; readonly ends: Int32Array } | undefined;
  readonly #outsideTraits: Traits[] = [];
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
      const kept = this.#keepsOutside(direction);
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

  /** Whether some address outside is asked about with a group. */
  #keepsOutside(direction: Direction): (group: number) => boolean {
    if (this.focus.keepsAll) return () => true;
    const { outside } = this;
    const probes = new Set(
      Array.from({ length: this.focus.tellsAddressesApart ? outside.size : 1 }, (_, i) =>
        this.focus.ofRanges(outside.peer(i).ranges),
      ),
    );
    const known: (boolean | undefined)[] = [];
    const keeps = (own: Traits): boolean => {
      for (const traits of probes) {
        if (direction === 'egress' ? this.focus.keeps(own, traits) : this.focus.keeps(traits, own))
          return true;
      }
      return false;
    };
    return (group) => {
      const own = this.#traits[group]!;
      return (known[own] ??= keeps(own));
    };
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
      : this.#addressTraits(address);
  }

  /** The addresses outside that a group has some connection with, and the ports of each. */
  *openOutside(
    direction: Direction,
    group: number,
  ): Generator<{
    readonly peer: number;
    readonly set: PortSet;
    readonly partial: boolean;
  }> {
    const access = this.outside.accessOf[direction][group]!;
    if (access < 0) return;
    const open = this.outside.open(direction, access);
    if (open.length === 0) return;
    const { focus } = this;
    const own = this.#traits[group]!;
    const isKept = (peer: number): boolean => {
      if (focus.keepsAll) return true;
      const traits = this.#addressTraits(peer);
      return direction === 'egress' ? focus.keeps(own, traits) : focus.keeps(traits, own);
    };
    if (!focus.tellsAddressesApart && !isKept(0)) return;
    const filter = this.#isCut
      ? this.#portsOf(direction === 'egress' ? undefined : this.groups.get(group))
      : PortSet.all;
    for (const { peer, access: own_ } of open) {
      if (focus.tellsAddressesApart && !isKept(peer)) continue;
      const set = this.#policy.parts.ports.set(own_.ports).intersect(filter);
      if (set.isEmpty) this.closedByPorts = true;
      else yield { peer, set, partial: own_.partial };
    }
  }

  /** The groups that have pods and of which something is asked with addresses outside, in a direction. */
  *askingOutside(direction: Direction): Generator<number, void> {
    const isKept = this.#keepsOutside(direction);
    const accessOf = this.outside.accessOf[direction];
    for (let group = 0; group < accessOf.length; group++)
      if (accessOf[group]! >= 0 && isKept(group)) yield group;
  }

  /** Whether a group has a connection with some address outside. */
  opensOutside(direction: Direction, group: number): boolean {
    return (
      this.#remembered(this.#opens[direction], direction, group, () => {
        for (const _ of this.openOutside(direction, group)) return 1;
        return 0;
      }) === 1
    );
  }

  /** With how many peers outside a group has a connection. */
  countOutside(direction: Direction, group: number): number {
    return this.#remembered(this.#counted[direction], direction, group, () => {
      let count = 0;
      for (const _ of this.openOutside(direction, group)) count++;
      return count;
    });
  }

  readonly #opens = { egress: new Map<number, number>(), ingress: new Map<number, number>() };
  readonly #counted = { egress: new Map<number, number>(), ingress: new Map<number, number>() };

  #remembered(known: Map<number, number>, direction: Direction, group: number, work: () => number): number {
    // Names mean ports of the pods of a group.
    if (this.#isCut) return work();
    const key = this.#alike(direction, group);
    let count = known.get(key);
    if (count === undefined) known.set(key, (count = work()));
    return count;
  }

  /** Groups with the same number have the same connections with addresses outside, ports that were asked about aside. */
  #alike(direction: Direction, group: number): number {
    return this.outside.accessOf[direction][group]! * 0x1_0000_0000 + this.#traits[group]!;
  }

  /** The peers outside that some group has a connection with, by index. */
  connectedOutside(): ReadonlySet<number> {
    const connected = new Set<number>();
    for (const direction of ['egress', 'ingress'] as const) {
      const seen = new Set<number>();
      for (const group of this.askingOutside(direction)) {
        const key = this.#alike(direction, group);
        if (!this.#isCut && seen.has(key)) continue;
        seen.add(key);
        for (const { peer } of this.openOutside(direction, group)) connected.add(peer);
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
        Array.from(view.openOutside(direction, group), ({ peer, set, partial }) => [
          peer,
          { allowed: allowedPorts(set), family: undefined, partial },
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
    const leaves = this.#keepsOutside('egress');
    for (let group = 0; group < groups.count; group++) {
      if (this.#mayOpen[group] === 1 || leaves(group) || nodes.length > 0) found.push(group);
    }
    const { reaching } = this.#fromOutside();
    for (const [i, accesses] of reaching.entries()) if (accesses.length > 0) found.push(groups.count + i);
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
    else if (address >= 0) this.#fromAddress(address, found);
    else this.#fromNode(source, found);
    return found;
  }

  #fromGroup(from: number, found: Map<number, readonly Entry[]>): void {
    if (this.#mayOpen[from] === 1) {
      const { access: ofParty } = this.#parties.get(this.focus.demands(this.#traits[from]!))!;
      ofParty.from(from, (to, access) => {
        const entries = this.#entriesOf(access, to);
        if (entries.length > 0) found.set(to, entries);
        else this.closedByPorts = true;
      });
    }
    for (const { peer, set, partial } of this.openOutside('egress', from)) {
      found.set(this.groups.count + peer, [{ allowed: allowedPorts(set), family: undefined, partial }]);
    }
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
    else if (access !== none && access !== noAccess) this.closedByPorts = true;
  }

  /** Groups that a peer outside reaches have one of the accesses that it has, so they are found by these. */
  #fromAddress(address: number, found: Map<number, readonly Entry[]>): void {
    const { reaching, having } = this.#fromOutside();
    for (const { access, own } of reaching[address]!) {
      const { partial } = own;
      const whole = this.#policy.parts.ports.set(own.ports);
      const entry = [{ allowed: allowedPorts(whole), family: undefined, partial }];
      for (const group of having.get(access) ?? []) {
        if (
          this.focus.tellsAddressesApart &&
          !this.focus.keeps(this.#addressTraits(address), this.#traits[group]!)
        )
          continue;
        if (!this.#isCut) {
          found.set(group, entry);
          continue;
        }
        const set = whole.intersect(this.portsAt(group));
        if (set.isEmpty) this.closedByPorts = true;
        else found.set(group, [{ allowed: allowedPorts(set), family: undefined, partial }]);
      }
    }
  }

  #addressTraits(address: number): Traits {
    return (this.#outsideTraits[address] ??= this.focus.ofRanges(this.outside.peer(address).ranges));
  }

  #fromOutside(): {
    readonly reaching: readonly (readonly Reaching[])[];
    readonly having: ReadonlyMap<number, readonly number[]>;
  } {
    if (this.#reaching === undefined || this.#havingAccess === undefined) {
      const reaching: Reaching[][] = Array.from({ length: this.outside.size }, () => []);
      const having = new Map<number, number[]>();
      const kept = this.#keepsOutside('ingress');
      for (let group = 0; group < this.groups.count; group++) {
        const access = this.outside.accessOf.ingress[group]!;
        if (access < 0 || !kept(group)) continue;
        const list = having.get(access);
        if (list !== undefined) {
          list.push(group);
          continue;
        }
        having.set(access, [group]);
        for (const { peer, access: own } of this.outside.open('ingress', access))
          reaching[peer]!.push({ access, own });
      }
      this.#reaching = reaching;
      this.#havingAccess = having;
    }
    return { reaching: this.#reaching, having: this.#havingAccess };
  }

  #entriesOf(access: Accesses, to: number): readonly Entry[] {
    if (this.#isCut) return entriesOf(this.#policy, access, this.#portsOf(this.groups.get(to)));
    if (typeof access !== 'number') return entriesOf(this.#policy, access, PortSet.all);
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

/** An access from outside, by its number and in full. */
interface Reaching {
  readonly access: number;
  readonly own: OutsideAccess;
}

/** More ends than these, and than half of all, are sorted by ranks, which have to be worked out once. */
const mostCompared = 2000;

/** The nodes that a focus names, by name. */
function askedNodes(query: Focus): readonly ClusterNode[] {
  const nodes = new Set<ClusterNode>();
  for (const end of [...(query.from ?? []), ...(query.to ?? []), ...(query.peer ?? [])]) {
    if (end.kind === 'nodes') for (const node of end.nodes) nodes.add(node);
  }
  return [...nodes].sort((a, b) => byText(a.name, b.name));
}

/** The accesses between a node and the pods of a group. */
function nodeAccess(policy: CompiledPolicy, from: Group, to: Group): Accesses {
  let found: Accesses = none;
  for (const source of nodeEnds(from)) {
    for (const destination of nodeEnds(to)) {
      const { both, only4, only6 } = policy.access(source, destination);
      found = withAccess(found, policy.accesses.of(both, only4, only6));
    }
  }
  return found;
}

function nodeEnds(group: Group): readonly PolicyEnd[] {
  if (group.node !== undefined) return [endOf(group)!];
  return group.pods.map((pod) => ({ kind: 'pod', pod }));
}

/** A connection that a document lists for two groups, but for their ids. */
export interface Entry {
  readonly allowed: AllowedPorts;
  readonly family: Family | undefined;
  readonly partial: boolean;
  /** What every pair of the two ends has of it; absent where that is not known apart. */
  readonly least?: PortSet;
  /** Whether it depends on which of several policies of equal priority is applied (corner 60). */
  readonly ambiguous?: true;
}

/** The connections that a document lists for two groups: of both families, then what holds for one only. */
function entriesOf(policy: CompiledPolicy, accesses: Accesses, filter: PortSet): readonly Entry[] {
  if (accesses === none || accesses === noAccess) return [];
  const { ports } = policy.parts;
  const ids = typeof accesses === 'number' ? [accesses] : [...accesses];
  const list = ids.map((id) => policy.accesses.access(id));
  let both = 0;
  for (const access of list) both = ports.union(both, access.both);
  const entries: Entry[] = [];
  const add = (
    set: PortSet,
    of: (access: (typeof list)[number]) => number,
    family: Family | undefined,
  ): void => {
    if (set.isEmpty) return;
    const least = list.reduce((all, access) => all.intersect(ports.set(of(access))), set);
    entries.push({ allowed: allowedPorts(set), family, partial: !least.equals(set), least });
  };
  add(ports.set(both).intersect(filter), (access) => access.both, undefined);
  for (const family of families) {
    const of = (access: (typeof list)[number]): number => (family === 'IPv4' ? access.only4 : access.only6);
    let union = 0;
    for (const access of list) union = ports.union(union, of(access));
    // Cut first: what is asked about may be the same in both families where the rest is not.
    const more = ports.set(ports.minus(union, both)).intersect(filter);
    // Other protocols have no name of their own in a document: what holds for one family is then written whole.
    const written = more.other ? ports.set(ports.union(union, both)).intersect(filter) : more;
    add(written, (access) => ports.union(access.both, of(access)), family);
  }
  return entries;
}

/** What is possible and not sure: of both families, then of one only. */
export function ambiguousEntries(sure: readonly Entry[], possible: readonly Entry[]): readonly Entry[] {
  const inFamily = (entries: readonly Entry[], family: Family, part: (entry: Entry) => PortSet): PortSet =>
    PortSet.union(entries.filter((entry) => entry.family === undefined || entry.family === family).map(part));
  const whole = ({ allowed }: Entry): PortSet => portSet(allowed);
  const least = (entry: Entry): PortSet => entry.least ?? (entry.partial ? PortSet.none : whole(entry));
  const [in4, in6] = families.map((family) =>
    inFamily(possible, family, whole).minus(inFamily(sure, family, whole)),
  ) as [PortSet, PortSet];
  const both = in4.intersect(in6);
  const parts = [
    { set: both, family: undefined },
    { set: in4.minus(both), family: 'IPv4' as const },
    { set: in6.minus(both), family: 'IPv6' as const },
  ];
  return parts
    .filter(({ set }) => !set.isEmpty)
    .map(({ set, family }) => {
      const isIn = (each: Family): boolean => inFamily(possible, each, least).includes(set);
      const partial = !(family === undefined ? families.every(isIn) : isIn(family));
      return { allowed: allowedPorts(set), family, partial, ambiguous: true };
    });
}

/**
 * The ports asked about at a destination; everything when none were. Names are those that its pods declare; of the
 * endpoints of a Service that was asked for, ports are the Service's (corner 49).
 */
function portFilter(
  policy: CompiledPolicy,
  { ports: queries, to, peer }: ConnectionQuery,
): (destination: Group | undefined) => PortSet {
  if (queries === undefined) return () => PortSet.all;
  const services = [...(to ?? []), ...(peer ?? [])].filter((end) => end.kind === 'service');
  const fixed = PortSet.union(
    queries.map((query) =>
      query.kind === 'range' ? PortSet.range(query.protocol, query.from, query.to) : PortSet.none,
    ),
  );
  const names = queries.filter((query) => query.kind === 'named');
  if (names.length === 0 && services.length === 0) return () => fixed;
  const ofPod = (pod: Pod): PortSet => {
    const serving = services.filter(({ pods }) => pods.includes(pod));
    if (serving.length > 0) {
      const unused = new Set<string>();
      return PortSet.union(
        serving.map(({ service }) => servicePorts(policy, service, pod, queries, pod.id, unused)),
      );
    }
    return PortSet.union([
      fixed,
      ...names.map(({ name, protocol }) => namedPorts(policy, pod, name, protocol)),
    ]);
  };
  const known = new Map<Group, PortSet>();
  return (destination) => {
    if (destination === undefined) return fixed;
    let set = known.get(destination);
    if (set === undefined) {
      // Pods of one template share their list of ports.
      const examples = new Map(destination.pods.map((pod) => [pod.ports, pod]));
      const pods = services.length > 0 ? destination.pods : [...examples.values()];
      set = destination.pods.length === 0 ? fixed : PortSet.union(pods.map(ofPod));
      known.set(destination, set);
    }
    return set;
  };
}
