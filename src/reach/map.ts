import type { NamedController } from '../entry/index.ts';
import type { Diagnostic } from '../model/index.ts';
import type { Family, PortSet } from '../net/index.ts';
import { familyBits } from '../policy/index.ts';
import type { CompiledPolicy, PairAccess } from '../policy/index.ts';
import { byText } from './allowed.ts';
import { Connections } from './connections.ts';
import type { ConnectionQuery, PairCounts } from './connections.ts';
import { ambiguousPairs } from './ambiguous.ts';
import { plain } from './count.ts';
import { entranceDiagnostics, entriesOf } from './entrance-access.ts';
import { MapEntrances, mergedBySource } from './entrances.ts';
import { notModelledEntries } from './not-modelled.ts';
import { overviewOf } from './overview.ts';
import type { MapOverview } from './overview.ts';
import { rangeText } from './outside.ts';
import type { OutsidePeer } from './outside.ts';
import { reasons } from './reasons.ts';
import type { ReasonEnd } from './reasons.ts';
import { apiVersion } from './types.ts';
import type { MapAnswer, MapConnection, MapPeer, MapReason, MapStream, MapSummary } from './types.ts';
import { surveyOf } from './survey.ts';
import { undecidedDiagnostics } from './undecided.ts';

/** What a map shows. */
export interface MapQuery extends ConnectionQuery {
  /** Whether every connection carries its reasons. */
  readonly explain?: boolean;
  /** Findings of the reading, which the document carries along. */
  readonly diagnostics?: readonly Diagnostic[];
  /** The controllers of all Ingresses, Gateways and Routes, instead of those that are found. */
  readonly controllers?: readonly NamedController[];
}

/** More connections than this are not listed at once: they would not fit into memory, and nobody could read them. */
export const mostConnections = 2_000_000;

/** The map asked for has more than `mostConnections`; a focus, a higher level, `count` or `streamedMap` answers. */
export class MapTooLargeError extends Error {
  override readonly name = 'MapTooLargeError';
}

/**
 * All allowed connections between the peers of a level, and with the outside.
 *
 * @throws MapTooLargeError when they are more than `mostConnections`
 */
export function map(policy: CompiledPolicy, query: MapQuery): MapAnswer {
  return listed(policy, query, new Connections(policy, query));
}

function listed(policy: CompiledPolicy, query: MapQuery, found: Connections): MapAnswer {
  const connections: MapConnection[] = [];
  const isConnected = new Uint8Array(found.ends);
  let open = 0n;
  for (const source of found.sources()) {
    let last = -1;
    let reached = 0;
    found.from(source, (connection, to) => {
      if (connections.length >= mostConnections) {
        throw new MapTooLargeError(
          `this map has more than ${mostConnections.toLocaleString('en')} connections`,
        );
      }
      connections.push(connection);
      isConnected[source] = 1;
      isConnected[to] = 1;
      if (connection.ambiguous === true) return;
      if (to !== last && to < found.groups.count) reached += found.countOf(to) - Number(to === source);
      last = to;
    });
    if (source < found.groups.count) open += found.pairsWith(source, reached);
  }
  const { pairs, asked, nothingAsked } = found.counts();
  const entrances = entrancesOf(policy, query, found);
  for (const group of entrances.targets) isConnected[group] = 1;
  const shown = shownGroups(found, isConnected);
  const ends = new Ends(found, entrances, shown, isConnected);
  const because = (connection: MapConnection): readonly MapReason[] => ends.because(policy, connection);
  const all = [...mergedBySource(connections, entrances.rows)];
  return {
    document: {
      ...headOf(policy, query),
      peers: peersOf(found, shown, isConnected, entrances),
      connections: query.explain
        ? all.map((connection) => ({ ...connection, because: because(connection) }))
        : all,
      ...tailOf(policy, query),
    },
    summary: {
      ...summarise(policy, query, found, shown, asked),
      pairs: plain(pairs),
      closedPairs: plain(pairs - open),
      closedEntrances: entrances.closed,
      emptyBecause:
        all.length > 0
          ? undefined
          : emptyBecause(
              policy,
              found.focus.isFocused,
              found.focus.isFocused && nothingAsked,
              found.closedByPorts,
            ),
    },
    because,
    keeps: (fromId, toId) => {
      const from = ends.find(fromId);
      const to = ends.find(toId);
      if (from === undefined || to === undefined) return false;
      const isOfPods = Math.min(from, to) < found.groups.count;
      return isOfPods && found.focus.keeps(found.traits(from), found.traits(to));
    },
  };
}

/**
 * The same document, however large: connections are worked out source by source while they are read, and not kept. Each
 * reading of `connections` starts afresh.
 */
export function streamedMap(policy: CompiledPolicy, query: MapQuery): MapStream {
  const found = new Connections(policy, query);
  const isConnected = new Uint8Array(found.ends);
  // Who is a peer of a focused map depends on who has a connection.
  if (found.focus.isFocused && found.nodes.length > 0) {
    for (const source of found.sources()) {
      found.from(source, (_, to) => {
        isConnected[source] = 1;
        isConnected[to] = 1;
      });
    }
  } else {
    if (found.focus.isFocused)
      for (const each of [found, found.possible])
        if (each !== undefined)
          for (const [group, marked] of surveyOf(each).isConnected.entries())
            if (marked === 1) isConnected[group] = 1;
    for (const peer of found.connectedOutside()) isConnected[found.groups.count + peer] = 1;
  }
  const entrances = entrancesOf(policy, query, found);
  for (const group of entrances.targets) isConnected[group] = 1;
  const shown = shownGroups(found, isConnected);
  const ends = new Ends(found, entrances, shown, isConnected);
  const because = (connection: MapConnection): readonly MapReason[] => ends.because(policy, connection);
  const listedOnes = function* (): Generator<MapConnection, void> {
    for (const source of found.sources()) {
      const row: MapConnection[] = [];
      found.from(source, (connection) => row.push(connection));
      yield* row;
    }
  };
  return {
    document: {
      ...headOf(policy, query),
      peers: peersOf(found, shown, isConnected, entrances),
      connections: {
        *[Symbol.iterator]() {
          for (const connection of mergedBySource(listedOnes(), entrances.rows))
            yield query.explain ? { ...connection, because: because(connection) } : connection;
        },
      },
      ...tailOf(policy, query),
    },
    because,
  };
}

/** What a map says beside its peers and connections. */
export function frameOf(
  policy: CompiledPolicy,
  query: MapQuery,
): Pick<MapStream['document'], 'level' | 'notModelled' | 'diagnostics'> {
  return { level: headOf(policy, query).level, ...tailOf(policy, query) };
}

/**
 * A map that people can read, whatever its size: every connection where there are no more than `most`, else what groups of
 * ends have in common.
 */
export function readableMap(
  policy: CompiledPolicy,
  query: MapQuery,
  most: number,
):
  | { readonly kind: 'map'; readonly map: MapAnswer }
  | { readonly kind: 'overview'; readonly overview: MapOverview } {
  const found = new Connections(policy, query);
  const lines = overviewOf(found, query.level, most);
  if (lines === undefined) return { kind: 'map', map: listed(policy, query, found) };
  const { pairs, asked } = found.counts();
  const { open, isConnected, ...overview } = lines;
  const entrances = entrancesOf(policy, query, found);
  for (const group of entrances.targets) isConnected[group] = 1;
  const shown = shownGroups(found, isConnected);
  return {
    kind: 'overview',
    overview: {
      ...headOf(policy, query),
      ...overview,
      entrances: entrances.connections,
      peers: [...shown.map((group) => found.groups.peer(group)), ...entrances.peers],
      summary: {
        ...summarise(policy, query, found, shown, asked),
        pairs: plain(pairs),
        closedPairs: plain(pairs - open),
        closedEntrances: entrances.closed,
        emptyBecause: undefined,
      },
      ...tailOf(policy, query),
    },
  };
}

function headOf(
  policy: CompiledPolicy,
  { level }: MapQuery,
): Pick<MapStream['document'], 'apiVersion' | 'kind' | 'level' | 'profile'> {
  return {
    apiVersion,
    kind: 'ConnectivityMap',
    level: level.kind === 'label' ? `label=${level.key}` : level.kind,
    profile: policy.profile.name,
  };
}

function tailOf(
  policy: CompiledPolicy,
  { diagnostics, controllers }: MapQuery,
): Pick<MapStream['document'], 'notModelled' | 'diagnostics'> {
  return {
    notModelled: notModelledEntries(policy.cluster),
    diagnostics: [
      ...(diagnostics ?? []),
      ...undecidedDiagnostics(policy),
      ...entranceDiagnostics(policy.cluster, controllers),
    ],
  };
}

/** Without a focus all groups; else those with connections, and those that it names. */
function shownGroups(found: Connections, isConnected: Uint8Array): readonly number[] {
  const shown: number[] = [];
  for (let group = 0; group < found.groups.count; group++) {
    if (!found.focus.isFocused || isConnected[group] === 1 || found.isNamed(group)) shown.push(group);
  }
  return shown;
}

/** The peers of the document, sorted by id. */
function peersOf(
  found: Connections,
  shown: readonly number[],
  isConnected: Uint8Array,
  entrances: MapEntrances,
): readonly MapPeer[] {
  const { groups, outside, nodes, focus } = found;
  const peers = shown.map((group) => groups.peer(group));
  for (const [i, { peer }] of nodes.entries()) {
    const end = found.nodeEnd(i);
    if (!focus.isFocused || isConnected[end] === 1 || focus.names(found.traits(end))) peers.push(peer);
  }
  for (let i = 0; i < outside.size; i++) {
    if (isConnected[groups.count + i] === 0) continue;
    const { id, ranges } = outside.peer(i);
    peers.push({ id, kind: 'ip', ranges: ranges.map(rangeText) });
  }
  for (const peer of entrances.peers) peers.push(peer);
  return peers.sort((a, b) => byText(a.id, b.id));
}

function entrancesOf(policy: CompiledPolicy, query: MapQuery, found: Connections): MapEntrances {
  return new MapEntrances(policy, found, entriesOf(policy.cluster, query.controllers).entries);
}

/** Ends by id, for those who read a document and ask back. */
class Ends {
  readonly #found: Connections;
  #byId: ReadonlyMap<string, number> | undefined;

  readonly #entrances: MapEntrances;
  readonly #shown: readonly number[];
  readonly #isConnected: Uint8Array;

  /**
   * @param shown - the groups that are peers of the document
   * @param isConnected - by end: 1 for those with a connection, which addresses outside need to be peers
   */
  constructor(
    found: Connections,
    entrances: MapEntrances,
    shown: readonly number[],
    isConnected: Uint8Array,
  ) {
    this.#found = found;
    this.#entrances = entrances;
    this.#shown = shown;
    this.#isConnected = isConnected;
  }

  find(id: string): number | undefined {
    const found = this.#found;
    if (this.#byId === undefined) {
      const byId = new Map<string, number>();
      for (const group of this.#shown) byId.set(found.id(group), group);
      for (let end = found.groups.count; end < found.ends; end++)
        if (found.outsideIndex(end) < 0 || this.#isConnected[end] === 1) byId.set(found.id(end), end);
      this.#byId = byId;
    }
    return this.#byId.get(id);
  }

  because(policy: CompiledPolicy, connection: MapConnection): readonly MapReason[] {
    if (connection.because !== undefined) return connection.because;
    if (this.#entrances.has(connection.from)) return this.#entrances.because(connection);
    const pairs = (): PairAccess =>
      this.#found.pairsFrom(this.find(connection.from)!, connection.ambiguous === true);
    return reasons(policy, this.#end(connection.from), this.#end(connection.to), connection, pairs);
  }

  #end(id: string): ReasonEnd {
    const { groups, outside, nodes } = this.#found;
    const end = this.find(id)!;
    if (end < groups.count) return { group: groups.get(end) };
    const address = this.#found.outsideIndex(end);
    return address < 0
      ? { group: nodes[end - groups.count - outside.size]! }
      : { outside: outside.peer(address) };
  }
}

function summarise(
  policy: CompiledPolicy,
  query: MapQuery,
  found: Connections,
  shown: readonly number[],
  asked: PairCounts['asked'],
): Omit<MapSummary, 'pairs' | 'closedPairs' | 'closedEntrances' | 'emptyBecause'> {
  const { classes, profiles, profileOf } = policy.parts;
  const { identities, rows, table } = classes;
  const workloads = new Ids(identities.workloads, (workload) => identities.workloadId(workload));
  const names = table.vocabulary.namespaces.values;
  const namespaces = new Ids(names.length, (namespace) => names[namespace]!);
  const notIsolated = { ingress: workloads.others(), egress: workloads.others() };
  const fromOutside = workloads.others();
  const exposures = new Exposures(policy, found);
  let pods = 0;
  for (const index of shown) {
    const takes = exposures.of(index);
    pods += found.groups.weight[index]!;
    for (const { id, namespace } of found.groups.emptyWorkloads(index)) {
      workloads.addId(id);
      namespaces.addId(namespace);
    }
    // Pods of one workload mostly follow each other, and those of one class are alike.
    let of = -1;
    let classBefore = -1;
    const members = found.groups.members(index);
    for (let k = 0; k < members.length; k++) {
      const row = rows[members[k]!]!;
      const workload = identities.workload[row]!;
      const c = classes.classOf[members[k]!]!;
      if (c === classBefore && workload === of) continue;
      [of, classBefore] = [workload, c];
      workloads.add(workload);
      namespaces.add(table.namespace[row]!);
      // Corner 44: nothing can isolate a pod that is its node.
      if (classes.host[c] === 1) continue;
      for (const direction of ['ingress', 'egress'] as const) {
        if (asked[direction][index] === 0) continue;
        const profile = profileOf[direction][c]!;
        if (!profiles[direction].isolates(profile) && profiles[direction].tiersOf(profile) === 0)
          notIsolated[direction].add(workload);
      }
      if (takes?.(c) === true) fromOutside.add(workload);
    }
  }
  return {
    workloads: workloads.size,
    ...(policy.possible === policy ? {} : { ambiguousPairs: plain(ambiguousPairs(policy)) }),
    pods,
    namespaces: namespaces.sorted(),
    policies: policy.cluster.policies.filter(
      ({ namespace }) => query.namespace === undefined || namespace === query.namespace,
    ).length,
    tierPolicies: policy.cluster.tierPolicies.length,
    notIsolated: { ingress: notIsolated.ingress.sorted(), egress: notIsolated.egress.sorted() },
    fromOutside: fromOutside.sorted(),
  };
}

/** Some of very many things that have numbers, and others of which only ids are known. */
class Ids {
  readonly #has: Uint8Array;
  readonly #idOf: (number: number) => string;
  readonly #more = new Set<string>();
  #count = 0;

  constructor(limit: number, idOf: (number: number) => string) {
    this.#has = new Uint8Array(limit);
    this.#idOf = idOf;
  }

  /** None of the same things. */
  others(): Ids {
    return new Ids(this.#has.length, this.#idOf);
  }

  add(number: number): void {
    if (this.#has[number] === 1) return;
    this.#has[number] = 1;
    this.#count++;
  }

  addId(id: string): void {
    this.#more.add(id);
  }

  get size(): number {
    return this.#more.size === 0 ? this.#count : this.#all().size;
  }

  sorted(): readonly string[] {
    return [...this.#all()].sort(byText);
  }

  #all(): Set<string> {
    const all = new Set(this.#more);
    if (this.#count > 0)
      for (let number = 0; number < this.#has.length; number++)
        if (this.#has[number] === 1) all.add(this.#idOf(number));
    return all;
  }
}

/** Which classes have a part in what addresses outside may reach of their group. */
class Exposures {
  readonly #policy: CompiledPolicy;
  readonly #found: Connections;
  /** Groups with the same access from outside, the same ports and the same addresses asked about share a test. */
  readonly #known = new Map<string, (c: number) => boolean>();

  constructor(policy: CompiledPolicy, found: Connections) {
    this.#policy = policy;
    this.#found = found;
  }

  /** A test of the classes of a group; `undefined` where no connection from outside is listed. */
  of(group: number): ((c: number) => boolean) | undefined {
    const found = this.#found;
    const access = found.outside.accessOf.ingress[group]!;
    if (access < 0 || found.outside.open('ingress', access).length === 0) return undefined;
    const ports = found.portsAt(group);
    const key = `${access} ${ports.key} ${found.focus.keepsAll ? '' : found.traits(group)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const peers = Array.from(found.addresses.open('ingress', group), ({ peer }) => found.outside.peer(peer));
    const test = peers.length === 0 ? () => false : partIn(this.#policy, { ports, peers });
    const isOpen = new Map<number, boolean>();
    const remembered = (c: number): boolean => {
      let open = isOpen.get(c);
      if (open === undefined) isOpen.set(c, (open = test(c)));
      return open;
    };
    this.#known.set(key, remembered);
    return remembered;
  }
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
  isFocused: boolean,
  nothingAsked: boolean,
  closedByPorts: boolean,
): string {
  if (policy.cluster.workloads.length === 0) {
    return 'the input holds no pod and no workload, so there is nobody who could talk';
  }
  if (policy.parts.classes.rows.length === 0)
    return 'no workload of the input has a pod: all ask for 0 replicas';
  if (nothingAsked) return 'nothing in the input matches what was asked for';
  if (closedByPorts) return 'no connection may use the ports that were asked for';
  if (isFocused) return 'the policies close every connection that was asked for';
  return 'the policies close every connection, also with the outside';
}
