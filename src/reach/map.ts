import type { ClusterNode, Diagnostic, Pod } from '../model/index.ts';
import { families, formatAddress, PortSet } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import { noAccess } from '../policy/index.ts';
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
  for (const group of groups) ends.set(group.peer.id, { group });
  for (const group of nodes) ends.set(group.peer.id, { group });
  const accesses = new GroupAccess(policy);
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
  for (const from of groups) {
    const targets = focus.keepsAll ? groups : groups.filter((to) => focus.keeps(from, to));
    if (!focus.keepsAll) asked.add(from, targets);
    accesses.from(from, targets, (to, access) => {
      const counted = from !== to && from.pods.length > 0 && to.pods.length > 0;
      if (counted) pairs++;
      const before = connections.length;
      for (const { set, family, partial } of entries(access, to)) {
        push(from.peer, to.peer, set, family, partial);
      }
      if (counted && connections.length === before) closedPairs++;
    });
  }
  for (const node of nodes) {
    for (const group of groups) {
      for (const [from, to] of [
        [node, group],
        [group, node],
      ] as const) {
        if (!focus.keeps(from, to)) continue;
        asked.add(from, [to]);
        for (const { set, family, partial } of entriesOf(policy, nodeAccess(policy, from, to), portsOf(to))) {
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
        if (set.isEmpty) continue;
        let peer = ipPeers.get(ip.id);
        if (peer === undefined) {
          peer = { id: ip.id, kind: 'ip', ranges: ip.ranges.map(rangeText) };
          ipPeers.set(ip.id, peer);
          ends.set(ip.id, { outside: ip });
        }
        if (direction === 'egress') push(group.peer, peer, set, undefined, access.partial);
        else push(peer, group.peer, set, undefined, access.partial);
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
  const summary = summarise(policy, query, shown, asked);
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
        connections.length > 0 ? undefined : emptyBecause(policy, query, focus.isFocused && asked.isEmpty),
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

/** Which groups a focus asked about as sources (`egress`), as destinations (`ingress`), and from outside. */
class Asked {
  readonly egress: Set<Group>;
  readonly ingress: Set<Group>;
  readonly fromOutside = new Set<Group>();

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

  /** Connections between a group and addresses outside. */
  addOutside(direction: 'ingress' | 'egress', group: Group): void {
    this[direction].add(group);
    if (direction === 'ingress') this.fromOutside.add(group);
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

/** A group of more classes than this is asked row by row. */
const mostRows = 64;

/** Works out the accesses between groups, a row of classes at a time. */
class GroupAccess {
  readonly #policy: CompiledPolicy;
  readonly #rows = new Map<number, Int32Array>();
  readonly #nodes = new Map<Group, ReadonlyMap<number, ReadonlyMap<string, number>>>();
  /** Host-network classes by number; empty unless the profile exempts a pod's own node. */
  readonly #exempts: boolean;

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
    this.#exempts = policy.profile.ownNode && policy.parts.classes.host.includes(1);
  }

  /** Visits each target with the accesses of all pairs of distinct pods; pairs that cannot talk have `noAccess`. */
  from(from: Group, targets: readonly Group[], visit: (to: Group, accesses: Accesses) => void): void {
    let asked = 0;
    for (const to of targets) asked += to.classes.size;
    // A whole row costs about as much as a few single pairs.
    const byRow = asked > 16;
    if (from.classes.size <= mostRows) {
      const sources = [...from.classes].map(([s, pods]) => ({
        s,
        pods,
        row: byRow ? this.#row(s) : undefined,
      }));
      for (const to of targets) {
        let found: Accesses = none;
        for (const { s, pods, row } of sources) found = this.#between(from, s, pods, row, to, found);
        visit(to, found);
      }
      return;
    }
    // So many rows would not fit into memory at once: each is asked about all targets before the next is made.
    const found: Accesses[] = targets.map(() => none);
    for (const [s, pods] of from.classes) {
      const row = byRow ? this.#row(s) : undefined;
      for (const [i, to] of targets.entries()) found[i] = this.#between(from, s, pods, row, to, found[i]!);
    }
    for (const [i, to] of targets.entries()) visit(to, found[i]!);
  }

  /** Adds the accesses from one class of a group to another group. */
  #between(
    from: Group,
    s: number,
    sourcePods: number,
    row: Int32Array | undefined,
    to: Group,
    before: Accesses,
  ): Accesses {
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
      found = withAccess(found, row === undefined ? this.#policy.matrix.access(s, d) : row[d]!);
    }
    return found;
  }

  #row(s: number): Int32Array {
    let row = this.#rows.get(s);
    if (row === undefined) {
      row = new Int32Array(this.#policy.parts.classes.size);
      this.#policy.matrix.row(s, row);
      if (this.#rows.size >= mostRows) this.#rows.clear();
      this.#rows.set(s, row);
    }
    return row;
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
    union: number,
    of: (access: (typeof list)[number]) => number,
    family: Family | undefined,
  ): void => {
    const set = ports.set(union).intersect(filter);
    if (set.isEmpty) return;
    const partial = list.some((access) => !ports.set(of(access)).includes(set));
    entries.push({ set, family, partial });
  };
  add(both, (access) => access.both, undefined);
  for (const family of families) {
    const of = (access: (typeof list)[number]): number => (family === 'IPv4' ? access.only4 : access.only6);
    let union = 0;
    for (const access of list) union = ports.union(union, of(access));
    const more = ports.minus(union, both);
    // Other protocols have no name of their own in a document: what holds for one family is then written whole.
    const written = ports.set(more).other ? ports.union(union, both) : more;
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
): Omit<MapSummary, 'pairs' | 'closedPairs' | 'emptyBecause'> {
  const { classes, profiles, profileOf } = policy.parts;
  const workloads = new Set<string>();
  const namespaces = new Set<string>();
  const notIsolated = { ingress: new Set<string>(), egress: new Set<string>() };
  const fromOutside = new Set<string>();
  let pods = 0;
  const outsideOfClass = new Map<number, boolean>();
  for (const group of shown) {
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
      if (!asked.fromOutside.has(group)) continue;
      let open = outsideOfClass.get(c);
      if (open === undefined) {
        open = policy.outside('ingress', c).some(({ ports }) => ports !== 0);
        outsideOfClass.set(c, open);
      }
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

function emptyBecause(policy: CompiledPolicy, query: MapQuery, nothingAsked: boolean): string {
  if (policy.cluster.workloads.length === 0) {
    return 'the input holds no pod and no workload, so there is nobody who could talk';
  }
  if (policy.parts.classes.pods.length === 0)
    return 'no workload of the input has a pod: all ask for 0 replicas';
  if (nothingAsked) return 'nothing in the input matches what was asked for';
  if (query.ports !== undefined) return 'no connection may use the ports that were asked for';
  if (focusTest(query).isFocused) return 'the policies close every connection that was asked for';
  return 'the policies close every connection, also with the outside';
}
