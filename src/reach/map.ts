import type { ClusterNode, Diagnostic, Pod } from '../model/index.ts';
import { families, formatAddress, PortSet } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import { familyBits, noAccess } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { allowedPorts, byText } from './allowed.ts';
import { focusTest } from './focus.ts';
import type { Focus } from './focus.ts';
import { endOf, groupsAt, nodeGroup } from './groups.ts';
import type { Group } from './groups.ts';
import { notModelledEntries } from './not-modelled.ts';
import { outsideOf } from './outside.ts';
import type { OutsidePeer } from './outside.ts';
import { reasons } from './reasons.ts';
import type { ReasonEnd } from './reasons.ts';
import { namedPorts, servicePorts } from './service-ports.ts';
import { apiVersion } from './types.ts';
import type { Level, MapAnswer, MapConnection, MapPeer, MapReason, MapSummary, PortQuery } from './types.ts';
import { undecidedDiagnostics } from './undecided.ts';

/** What a map shows. */
export interface MapQuery extends Focus {
  readonly level: Level;
  /** Only connections that may use some of these ports; what they may use is cut to them. */
  readonly ports?: readonly PortQuery[];
  /** Whether every connection carries its reasons. */
  readonly explain?: boolean;
  /** Findings of the reading, which the document carries along. */
  readonly diagnostics?: readonly Diagnostic[];
}

/** More connections than this are not listed at once: they would not fit into memory, and nobody could read them. */
export const mostConnections = 2_000_000;

/** The map asked for has more than `mostConnections`; a focus, a higher level or `count` answers. */
export class MapTooLargeError extends Error {
  override readonly name = 'MapTooLargeError';
}

/** All allowed connections between the peers of a level, and with the outside. */
export function map(policy: CompiledPolicy, query: MapQuery): MapAnswer {
  const groups = groupsAt(policy, query.level);
  const nodes = askedNodes(query).map(nodeGroup);
  const focus = focusTest(query);
  const outside = outsideOf(policy, groups);
  const portsOf = portFilter(policy, query);
  const connections: MapConnection[] = [];
  const ends = new Map<string, ReasonEnd>();
  const connected = new Set<string>();
  const exposed = new Map<Group, Exposure>();
  const push = (
    from: MapPeer,
    to: MapPeer,
    allowed: PortSet,
    family: Family | undefined,
    partial: boolean,
  ): void => {
    if (connections.length >= mostConnections) {
      throw new MapTooLargeError(
        `this map has more than ${mostConnections.toLocaleString('en')} connections`,
      );
    }
    connected.add(from.id).add(to.id);
    connections.push({
      from: from.id,
      to: to.id,
      allowed: allowedPorts(allowed),
      ...(family === undefined ? {} : { family }),
      ...(partial ? { partial } : {}),
    });
  };

  let pairs = 0;
  let closedPairs = 0;
  let closedByPorts = false;
  for (const group of groups) ends.set(group.peer.id, { group });
  for (const group of nodes) ends.set(group.peer.id, { group });
  const accesses = new GroupAccess(policy, groups);
  // Most pairs of a large cluster have one of few accesses.
  const known = new Map<number, readonly Entry[]>();
  const entries = (access: Accesses, to: Group): readonly Entry[] => {
    if (typeof access !== 'number' || query.ports !== undefined)
      return entriesOf(policy, access, portsOf(to));
    let list = known.get(access);
    if (list === undefined) known.set(access, (list = entriesOf(policy, access, PortSet.all)));
    return list;
  };
  const asked = new Asked(focus.keepsAll ? groups : []);
  const targetsOf = new Map<number, Targets>();
  for (const from of groups) {
    const demands = focus.demands(from);
    if (demands < 0) continue;
    let targets = targetsOf.get(demands);
    if (targets === undefined) {
      targets = accesses.targets(groups.filter((to) => focus.meets(to, demands)));
      targetsOf.set(demands, targets);
    }
    if (!focus.keepsAll) asked.addAll(from, targets);
    let open = 0;
    accesses.from(from, targets, (to, access) => {
      const before = connections.length;
      const listed = entries(access, to);
      if (listed.length === 0) closedByPorts = true;
      for (const { set, family, partial } of listed) {
        push(from.peer, to.peer, set, family, partial);
      }
      if (from !== to && connections.length > before) open++;
    });
    if (from.pods.length === 0) continue;
    const others = targets.populated - (targets.members.has(from) ? 1 : 0);
    pairs += others;
    closedPairs += others - open;
  }
  for (const node of nodes) {
    for (const group of groups) {
      for (const [from, to] of [
        [node, group],
        [group, node],
      ] as const) {
        if (!focus.keeps(from, to)) continue;
        asked.add(from, [to]);
        const access = nodeAccess(policy, from, to);
        const listed = entriesOf(policy, access, portsOf(to));
        if (listed.length === 0 && access !== none && access !== noAccess) closedByPorts = true;
        for (const { set, family, partial } of listed) {
          push(from.peer, to.peer, set, family, partial);
        }
      }
    }
  }

  const ipPeers = new Map<string, MapPeer>();
  const probes = focus.tellsAddressesApart ? outside.peers : outside.peers.slice(0, 1);
  for (const [i, group] of groups.entries()) {
    for (const direction of ['egress', 'ingress'] as const) {
      const isKept = ({ ranges }: OutsidePeer): boolean =>
        direction === 'egress' ? focus.keeps(group, ranges) : focus.keeps(ranges, group);
      if (!focus.keepsAll && !probes.some(isKept)) continue;
      asked.addOutside(direction, group);
      const filter = portsOf(direction === 'egress' ? undefined : group);
      for (const { peer: ip, access } of outside.open(direction, i)) {
        if (focus.tellsAddressesApart && !isKept(ip)) continue;
        const set = policy.parts.ports.set(access.ports).intersect(filter);
        if (set.isEmpty) {
          closedByPorts = true;
          continue;
        }
        let peer = ipPeers.get(ip.id);
        if (peer === undefined) {
          peer = { id: ip.id, kind: 'ip', ranges: ip.ranges.map(rangeText) };
          ipPeers.set(ip.id, peer);
          ends.set(ip.id, { outside: ip });
        }
        if (direction === 'egress') push(group.peer, peer, set, undefined, access.partial);
        else {
          push(peer, group.peer, set, undefined, access.partial);
          const exposure = exposed.get(group);
          if (exposure === undefined) exposed.set(group, { ports: filter, peers: [ip] });
          else exposure.peers.push(ip);
        }
      }
    }
  }

  const shown = [...groups, ...nodes].filter(
    (group) => !focus.isFocused || connected.has(group.peer.id) || focus.names(group),
  );
  const peers = [...shown.map(({ peer }) => peer), ...ipPeers.values()].sort((a, b) => byText(a.id, b.id));
  connections.sort(
    (a, b) => byText(a.from, b.from) || byText(a.to, b.to) || byText(a.family ?? '', b.family ?? ''),
  );
  const because = (connection: MapConnection): readonly MapReason[] =>
    connection.because ?? reasons(policy, ends.get(connection.from)!, ends.get(connection.to)!, connection);
  const summary = summarise(policy, query, shown, asked, exposed);
  const sideOf = (id: string): Group | OutsidePeer['ranges'] | undefined => {
    const end = ends.get(id);
    if (end === undefined) return undefined;
    return 'group' in end ? end.group : end.outside.ranges;
  };
  return {
    document: {
      apiVersion,
      kind: 'ConnectivityMap',
      level: query.level.kind === 'label' ? `label=${query.level.key}` : query.level.kind,
      profile: policy.profile.name,
      peers,
      connections: query.explain
        ? connections.map((connection) => ({ ...connection, because: because(connection) }))
        : connections,
      notModelled: notModelledEntries(policy.cluster),
      diagnostics: [...(query.diagnostics ?? []), ...undecidedDiagnostics(policy)],
    },
    summary: {
      ...summary,
      pairs,
      closedPairs,
      emptyBecause:
        connections.length > 0
          ? undefined
          : emptyBecause(policy, query, focus.isFocused && asked.isEmpty, closedByPorts),
    },
    because,
    keeps: (fromId, toId) => {
      const from = sideOf(fromId);
      const to = sideOf(toId);
      if (from === undefined || to === undefined) return false;
      return (isOfPods(from) || isOfPods(to)) && focus.keeps(from, to);
    },
  };
}

function isOfPods(side: Group | OutsidePeer['ranges']): boolean {
  return 'peer' in side && side.node === undefined;
}

/** Which groups a focus asked about as sources (`egress`) and as destinations (`ingress`). */
class Asked {
  readonly egress: Set<Group>;
  readonly ingress: Set<Group>;
  /** Lists of targets all of which were asked about. */
  readonly #whole = new Set<Targets>();

  /** @param all - groups that were asked about in both directions */
  constructor(all: readonly Group[]) {
    this.egress = new Set(all);
    this.ingress = new Set(all);
  }

  /** Connections from one group to others. That one pod reaches itself is no question (corner 41). */
  add(from: Group, targets: readonly Group[]): void {
    for (const to of targets) {
      if (from === to && from.peer.pods === 1) continue;
      this.egress.add(from);
      this.ingress.add(to);
    }
  }

  /** The same for all targets of a source, without going through them again for every source. */
  addAll(from: Group, targets: Targets): void {
    const isAlone = targets.members.has(from) && from.peer.pods === 1;
    if (targets.groups.length > (isAlone ? 1 : 0)) this.egress.add(from);
    if (this.#whole.has(targets)) return;
    for (const to of targets.groups) if (to !== from || !isAlone) this.ingress.add(to);
    if (!isAlone) this.#whole.add(targets);
  }

  /** Connections between a group and addresses outside. */
  addOutside(direction: 'ingress' | 'egress', group: Group): void {
    this[direction].add(group);
  }

  get isEmpty(): boolean {
    return this.egress.size === 0 && this.ingress.size === 0;
  }
}

function rangeText(range: OutsidePeer['ranges'][number]): readonly [string, string] {
  const { family, first, last } = range;
  return [formatAddress({ family, value: first }), formatAddress({ family, value: last })];
}

function askedNodes(query: MapQuery): readonly ClusterNode[] {
  const nodes = new Set<ClusterNode>();
  for (const end of [...(query.from ?? []), ...(query.to ?? []), ...(query.peer ?? [])]) {
    if (end.kind === 'nodes') for (const node of end.nodes) nodes.add(node);
  }
  return [...nodes].sort((a, b) => byText(a.name, b.name));
}

/** What the pairs of two groups may use: the id of the access that all have, or the ids of all that occur. */
type Accesses = number | ReadonlySet<number>;

/** The accesses of no pair. */
const none: Accesses = new Set<number>();

function withAccess(accesses: Accesses, access: number): Accesses {
  if (accesses === access) return accesses;
  if (accesses === none) return access;
  if (typeof accesses === 'number') return new Set([accesses, access]);
  return accesses.has(access) ? accesses : new Set([...accesses, access]);
}

/** Targets that sources with the same demands share; see `GroupAccess.targets`. */
interface Targets {
  readonly groups: readonly Group[];
  readonly members: ReadonlySet<Group>;
  /** By id of a set of columns. */
  readonly byColumns: ReadonlyMap<number, readonly Group[]>;
  /** How many of them have pods. */
  readonly populated: number;
}

/** Sets of rows or columns as numbers: groups whose classes have the same ones have one id. */
class IdSets {
  readonly list: (readonly number[])[] = [];
  readonly #ids = new Map<string, number>();

  of(group: Group, idOfClass: Int32Array): number {
    const ids = [...new Set(Array.from(group.classes.keys(), (c) => idOfClass[c]!))].sort((a, b) => a - b);
    const key = ids.join(',');
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.list.length;
      this.list.push(ids);
      this.#ids.set(key, id);
    }
    return id;
  }
}

function addTo(groups: Map<string, Set<Group>>, node: string, group: Group): void {
  const known = groups.get(node);
  if (known === undefined) groups.set(node, new Set([group]));
  else known.add(group);
}

/** Works out the accesses between groups: a block for many of them at once, and what sparse peers change. */
class GroupAccess {
  readonly #policy: CompiledPolicy;
  /** By class: the groups that have pods of it. */
  readonly #groupsOf = new Map<number, Group[]>();
  readonly #rowSets = new IdSets();
  readonly #columnSets = new IdSets();
  readonly #blocks = new Map<number, Accesses>();
  readonly #nodes = new Map<Group, ReadonlyMap<number, ReadonlyMap<string, number>>>();
  /** By node: the groups with pods there, and those with host-network pods there; only where that matters. */
  readonly #onNode = new Map<string, Set<Group>>();
  readonly #hostsOnNode = new Map<string, Set<Group>>();
  /** Whether a pod's own node is exempt and some pod is its node (corners 42 and 44). */
  readonly #exempts: boolean;

  constructor(policy: CompiledPolicy, groups: readonly Group[]) {
    this.#policy = policy;
    this.#exempts = policy.profile.ownNode && policy.parts.classes.host.includes(1);
    for (const group of groups) {
      for (const c of group.classes.keys()) {
        const list = this.#groupsOf.get(c);
        if (list === undefined) this.#groupsOf.set(c, [group]);
        else list.push(group);
      }
      if (!this.#exempts) continue;
      for (const { node, hostNetwork } of group.pods) {
        if (node === undefined) continue;
        addTo(this.#onNode, node, group);
        if (hostNetwork) addTo(this.#hostsOnNode, node, group);
      }
    }
  }

  /** Targets that some sources share, by what all their pairs have in common. */
  targets(groups: readonly Group[]): Targets {
    const byColumns = new Map<number, Group[]>();
    for (const group of groups) {
      const columns = this.#columnsOf(group);
      const list = byColumns.get(columns);
      if (list === undefined) byColumns.set(columns, [group]);
      else list.push(group);
    }
    const populated = groups.filter(({ pods }) => pods.length > 0).length;
    return { groups, members: new Set(groups), byColumns, populated };
  }

  /**
   * Visits the targets that some pair of distinct pods may reach, with the accesses of all pairs.
   *
   * Most targets have the access of their blocks, which groups with equal rows and columns share; only those that a
   * sparse peer touches, the source itself, and neighbours of host-network pods are worked out pair by pair.
   */
  from(from: Group, targets: Targets, visit: (to: Group, accesses: Accesses) => void): void {
    const { matrix } = this.#policy;
    const { classes } = this.#policy.parts;
    const exact = this.#neighbours(from);
    exact.add(from);
    const overrides = new Map<number, number>();
    for (const s of from.classes.keys()) {
      matrix.touched(s, (d, access) => {
        if (access === matrix.block(matrix.rowOf[s]!, matrix.columnOf[d]!)) return;
        overrides.set(s * classes.size + d, access);
        for (const group of this.#groupsOf.get(d) ?? []) exact.add(group);
      });
    }
    const rows = this.#rowsOf(from);
    for (const [columns, groups] of targets.byColumns) {
      const accesses = this.#shared(rows, columns);
      if (accesses === noAccess || accesses === none) continue;
      for (const to of groups) if (!exact.has(to)) visit(to, accesses);
    }
    for (const to of exact) {
      if (!targets.members.has(to)) continue;
      let found: Accesses = none;
      for (const [s, pods] of from.classes) found = this.#between(from, s, pods, overrides, to, found);
      if (found !== noAccess && found !== none) visit(to, found);
    }
  }

  /** Adds the accesses from one class of a group to another group. */
  #between(
    from: Group,
    s: number,
    sourcePods: number,
    overrides: ReadonlyMap<number, number>,
    to: Group,
    before: Accesses,
  ): Accesses {
    const { matrix } = this.#policy;
    const { classes } = this.#policy.parts;
    let found = before;
    for (const [d, pods] of to.classes) {
      // A pod and itself are no pair.
      if (from === to && s === d && pods === 1) continue;
      if (this.#exempts && (classes.host[s] === 1 || classes.host[d] === 1)) {
        const exempt = this.#onOneNode(from, s, to, d);
        if (exempt > 0 && (classes.family[s]! & classes.family[d]!) !== 0) {
          found = withAccess(found, this.#policy.accesses.simple(everyPort));
          // Corner 42 holds for every pair of these classes, so none is left for the policies.
          if (exempt >= sourcePods * pods) continue;
        }
      }
      const access = overrides.get(s * classes.size + d);
      found = withAccess(found, access ?? matrix.block(matrix.rowOf[s]!, matrix.columnOf[d]!));
    }
    return found;
  }

  /** The accesses of groups with these rows to groups with these columns, sparse peers left out. */
  #shared(rows: number, columns: number): Accesses {
    const key = rows * 0x400_0000 + columns;
    let found = this.#blocks.get(key);
    if (found === undefined) {
      found = none;
      const { matrix } = this.#policy;
      for (const row of this.#rowSets.list[rows]!) {
        for (const column of this.#columnSets.list[columns]!)
          found = withAccess(found, matrix.block(row, column));
      }
      this.#blocks.set(key, found);
    }
    return found;
  }

  #rowsOf(group: Group): number {
    return this.#rowSets.of(group, this.#policy.matrix.rowOf);
  }

  #columnsOf(group: Group): number {
    return this.#columnSets.of(group, this.#policy.matrix.columnOf);
  }

  /** Groups with pods on a node where a host-network pod of this group runs, and the other way round (corner 42). */
  #neighbours(group: Group): Set<Group> {
    const found = new Set<Group>();
    if (!this.#exempts) return found;
    const { profile } = this.#policy;
    for (const pod of group.pods) {
      if (pod.node === undefined) continue;
      const others = pod.hostNetwork && profile.hostNetworkPods === 'node' ? this.#onNode : this.#hostsOnNode;
      for (const other of others.get(pod.node) ?? []) found.add(other);
    }
    return found;
  }

  /** How many pairs of two classes of two groups run on one node, a host-network pod being one of them. */
  #onOneNode(from: Group, s: number, to: Group, d: number): number {
    const sources = this.#nodesOf(from).get(s);
    const targets = this.#nodesOf(to).get(d);
    if (sources === undefined || targets === undefined) return 0;
    let pairs = 0;
    for (const [node, pods] of sources) pairs += pods * (targets.get(node) ?? 0);
    return pairs;
  }

  #nodesOf(group: Group): ReadonlyMap<number, ReadonlyMap<string, number>> {
    let counts = this.#nodes.get(group);
    if (counts === undefined) {
      const { classes } = this.#policy.parts;
      const made = new Map<number, Map<string, number>>();
      for (const pod of group.pods) {
        if (pod.node === undefined) continue;
        const c = classes.classOf[classes.indexOf(pod)]!;
        const ofClass = made.get(c) ?? new Map<string, number>();
        ofClass.set(pod.node, (ofClass.get(pod.node) ?? 0) + pod.replicas);
        made.set(c, ofClass);
      }
      this.#nodes.set(group, (counts = made));
    }
    return counts;
  }
}

/** Id of the set of all ports, in every table. */
const everyPort = 1;

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

interface Entry {
  readonly set: PortSet;
  readonly family: Family | undefined;
  readonly partial: boolean;
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
    const partial = list.some((access) => !ports.set(of(access)).includes(set));
    entries.push({ set, family, partial });
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

/**
 * The ports asked about at a destination; everything when none were. Names are those that its pods declare; of the
 * endpoints of a Service that was asked for, ports are the Service's (corner 49).
 */
function portFilter(
  policy: CompiledPolicy,
  { ports: queries, to, peer }: MapQuery,
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

function summarise(
  policy: CompiledPolicy,
  query: MapQuery,
  shown: readonly Group[],
  asked: Asked,
  exposed: ReadonlyMap<Group, Exposure>,
): Omit<MapSummary, 'pairs' | 'closedPairs' | 'emptyBecause'> {
  const { classes, profiles, profileOf } = policy.parts;
  const workloads = new Set<string>();
  const namespaces = new Set<string>();
  const notIsolated = { ingress: new Set<string>(), egress: new Set<string>() };
  const fromOutside = new Set<string>();
  let pods = 0;
  for (const group of shown) {
    const exposure = exposed.get(group);
    const takes = exposure === undefined ? undefined : partIn(policy, exposure);
    const isExposed = new Map<number, boolean>();
    pods += group.peer.pods ?? 0;
    for (const workload of group.workloads) workloads.add(workload);
    for (const namespace of group.namespaces) namespaces.add(namespace);
    for (const pod of group.pods) {
      const c = classes.classOf[classes.indexOf(pod)]!;
      // Corner 44: nothing can isolate a pod that is its node.
      if (classes.host[c] === 1) continue;
      for (const direction of ['ingress', 'egress'] as const) {
        if (!asked[direction].has(group)) continue;
        if (!profiles[direction][profileOf[direction][c]!]!.isolated)
          notIsolated[direction].add(pod.workload);
      }
      if (takes === undefined) continue;
      let open = isExposed.get(c);
      if (open === undefined) isExposed.set(c, (open = takes(c)));
      if (open) fromOutside.add(pod.workload);
    }
  }
  const sorted = (ids: ReadonlySet<string>): readonly string[] => [...ids].sort(byText);
  return {
    workloads: workloads.size,
    pods,
    namespaces: sorted(namespaces),
    policies: policy.cluster.policies.filter(
      ({ namespace }) => query.namespace === undefined || namespace === query.namespace,
    ).length,
    notIsolated: { ingress: sorted(notIsolated.ingress), egress: sorted(notIsolated.egress) },
    fromOutside: sorted(fromOutside),
  };
}

/** What the listed connections of a group from addresses outside are about. */
interface Exposure {
  /** The ports that were asked about. */
  readonly ports: PortSet;
  readonly peers: OutsidePeer[];
}

/** A test whether pods of a class have a part in the listed connections of their group. */
function partIn(policy: CompiledPolicy, exposure: Exposure): (c: number) => boolean {
  // No address is in two peers, so the ranges do not overlap.
  const ranges = Map.groupBy(
    exposure.peers.flatMap((peer) => peer.ranges),
    ({ family }) => family,
  );
  for (const list of ranges.values()) list.sort((a, b) => (a.first < b.first ? -1 : 1));
  return (c) => {
    const family = policy.parts.classes.family[c]!;
    let current: Family | undefined;
    let at = 0;
    // Segments ascend in each family, and so does the range that each is held against.
    for (const segment of policy.outside('ingress', c)) {
      if (segment.family !== current) at = 0;
      current = segment.family;
      const list = ranges.get(segment.family) ?? [];
      while (at < list.length && list[at]!.last < segment.first) at++;
      if ((family & familyBits[segment.family]) === 0 || at >= list.length) continue;
      if (list[at]!.first > segment.last) continue;
      if (!policy.parts.ports.set(segment.ports).intersect(exposure.ports).isEmpty) return true;
    }
    return false;
  };
}

/** @param closedByPorts - whether some connection would be listed had no ports been asked about */
function emptyBecause(
  policy: CompiledPolicy,
  query: MapQuery,
  nothingAsked: boolean,
  closedByPorts: boolean,
): string {
  if (policy.cluster.workloads.length === 0) {
    return 'the input holds no pod and no workload, so there is nobody who could talk';
  }
  if (policy.parts.classes.pods.length === 0)
    return 'no workload of the input has a pod: all ask for 0 replicas';
  if (nothingAsked) return 'nothing in the input matches what was asked for';
  if (closedByPorts) return 'no connection may use the ports that were asked for';
  if (focusTest(query).isFocused) return 'the policies close every connection that was asked for';
  return 'the policies close every connection, also with the outside';
}
