import type { Entry, EntryWay } from '../entry/index.ts';
import { families, PortSet } from '../net/index.ts';
import type { Family, Protocol } from '../net/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { allowedPorts, byText, portSet } from './allowed.ts';
import { ambiguousEntries } from './entries.ts';
import type { Connections } from './connections.ts';
import type { Entry as Told } from './entries.ts';
import { EntranceAccess } from './entrance-access.ts';
import { pairReasons } from './reasons.ts';
import type { MapConnection, MapPeer, MapReason } from './types.ts';

/** The entrances of a map: each as a peer, with the connections that come in through it. */
export class MapEntrances {
  /** By id, the connections sorted by the id of their target. */
  readonly rows: ReadonlyMap<string, readonly MapConnection[]>;
  /** Sorted by id. */
  readonly peers: readonly MapPeer[];
  /** The groups that have a connection from an entrance. */
  readonly targets = new Set<number>();
  /** Ids of those that lead to pods, within the focus, and may reach none of them. */
  readonly closed: readonly string[];
  readonly #policy: CompiledPolicy;
  readonly #access: EntranceAccess;
  /** The same where equal priorities are read to allow most (corner 60); `undefined` where none disagree. */
  readonly #possible: EntranceAccess | undefined;
  readonly #byId: ReadonlyMap<string, Entry>;
  readonly #found: Connections;

  /** @param entries - of the cluster, sorted by id */
  constructor(policy: CompiledPolicy, found: Connections, entries: readonly Entry[]) {
    this.#policy = policy;
    this.#found = found;
    this.#access = new EntranceAccess(policy, entries);
    this.#possible = policy.possible === policy ? undefined : new EntranceAccess(policy.possible, entries);
    this.#byId = new Map(entries.map((entry) => [entry.id, entry]));
    const rows = new Map<string, readonly MapConnection[]>();
    const peers: MapPeer[] = [];
    const closed: string[] = [];
    for (const entry of entries) {
      const { connections, isAsked } = this.#connectionsOf(entry);
      if (isAsked && connections.length === 0) closed.push(entry.id);
      rows.set(entry.id, connections);
      const { focus } = found;
      const isNamed = !focus.isFocused || focus.names(focus.ofEntry(entry));
      if (connections.length > 0 || isNamed) peers.push(peerOf(entry));
    }
    this.rows = rows;
    this.peers = peers;
    this.closed = closed;
  }

  /** All connections that come in, by entrance. */
  get connections(): readonly MapConnection[] {
    return [...this.rows.values()].flat();
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** What comes in through an entrance; and whether there was something to ask. */
  #connectionsOf(entry: Entry): {
    readonly connections: readonly MapConnection[];
    readonly isAsked: boolean;
  } {
    const { groups, focus } = this.#found;
    const traits = focus.ofEntry(entry);
    const connections: MapConnection[] = [];
    let isAsked = false;
    const possible = this.#possible === undefined ? undefined : this.#tally(entry, this.#possible);
    for (const [group, tally] of this.#tally(entry, this.#access)) {
      const ports = this.#found.portsAt(group);
      if (!focus.keeps(traits, this.#found.traits(group)) || !tally.asks(ports)) continue;
      isAsked = true;
      const members = this.#found.groups.members(group).length;
      const sure = [...tally.connections(members, ports)];
      const most = [...(possible?.get(group)?.connections(members, ports) ?? [])];
      for (const each of possible === undefined ? sure : [...sure, ...ambiguousEntries(sure, most)]) {
        this.targets.add(group);
        connections.push({
          from: entry.id,
          to: groups.id(group),
          allowed: each.allowed,
          ...(each.family === undefined ? {} : { family: each.family }),
          ...(each.partial ? { partial: true } : {}),
          ...(each.ambiguous === true ? { ambiguous: true } : {}),
        });
      }
    }
    return { connections: connections.sort((a, b) => byText(a.to, b.to)), isAsked };
  }

  /** By group: what the policies admit of an entrance. */
  #tally(entry: Entry, access: EntranceAccess): ReadonlyMap<number, Tally> {
    const byGroup = new Map<number, Tally>();
    for (const { protocol, targets } of entry.ways) {
      for (const target of targets) {
        const index = this.#policy.parts.classes.indexOf(target.pod);
        if (index < 0) continue;
        const group = this.#found.groups.ofPod[index]!;
        let tally = byGroup.get(group);
        if (tally === undefined) byGroup.set(group, (tally = new Tally()));
        tally.add(target.pod.id, protocol, target.port, access.of(entry, target, protocol));
      }
    }
    return byGroup;
  }

  /** Why a connection from an entrance is open: by the first pod of its controller and of the backend that show it. */
  because(connection: MapConnection): readonly MapReason[] {
    const entry = this.#byId.get(connection.from);
    if (entry === undefined) return [];
    const wanted = portSet(connection.allowed);
    const { groups } = this.#found;
    const access = connection.ambiguous === true ? (this.#possible ?? this.#access) : this.#access;
    const sources = access.sources(entry);
    for (const { targets } of entry.ways) {
      for (const { pod } of targets) {
        const index = this.#policy.parts.classes.indexOf(pod);
        if (index < 0 || groups.id(groups.ofPod[index]!) !== connection.to) continue;
        const to: PolicyEnd = { kind: 'pod', pod };
        for (const { policy, end } of sources) {
          const reasons = pairReasons(policy, end, to, wanted, connection.family);
          if (reasons.length > 0) return reasons;
        }
        if (entry.source.kind !== 'clients') continue;
        for (const end of this.#clientsOf(entry, to)) {
          const reasons = pairReasons(this.#policy, end, to, wanted, connection.family);
          if (reasons.length > 0) return reasons.filter(({ direction }) => direction === 'ingress');
        }
      }
    }
    return [];
  }

  /** An address of each piece of the clients that the pod treats alike, then the nodes. */
  *#clientsOf({ source }: Entry, to: PolicyEnd): Generator<PolicyEnd, void> {
    if (source.kind !== 'clients') return;
    const c = this.#policy.classOf(to);
    for (const segment of c < 0 ? [] : this.#policy.outside('ingress', c)) {
      for (const { family, first, last } of source.ranges) {
        if (segment.family !== family || segment.last < first || last < segment.first) continue;
        const value = first > segment.first ? first : segment.first;
        yield { kind: 'address', address: { family, value } };
      }
    }
    if (!source.orNodes) return;
    for (const node of this.#policy.cluster.nodes.values()) yield { kind: 'node', node };
  }
}

/** How many pods of a peer take a port in, by family. */
interface PortTally {
  readonly protocol: Protocol;
  readonly port: number;
  /** Pods on which it holds for every family that they share with a source, and for one of two only. */
  both: number;
  readonly only: { IPv4: number; IPv6: number };
  /** Some source of some pod is not admitted. */
  isPartial: boolean;
}

/** Adds up what an entrance may reach in the pods of one peer. */
class Tally {
  readonly #ports = new Map<string, PortTally>();
  /** Ports and pods that were seen: several ways may lead to one. */
  readonly #seen = new Set<string>();

  add(pod: string, protocol: Protocol, port: number, access: ReturnType<EntranceAccess['of']>): void {
    const key = `${protocol} ${port}`;
    if (this.#seen.has(`${key} ${pod}`)) return;
    this.#seen.add(`${key} ${pod}`);
    let tally = this.#ports.get(key);
    if (tally === undefined) {
      tally = { protocol, port, both: 0, only: { IPv4: 0, IPv6: 0 }, isPartial: false };
      this.#ports.set(key, tally);
    }
    const { some, every } = access;
    if (some.length === access.families.length && some.length > 0) tally.both++;
    else if (some.length === 1) tally.only[some[0]!]++;
    if (some.some((family) => !every.includes(family))) tally.isPartial = true;
  }

  /** Whether some port was asked about. */
  asks(asked: PortSet): boolean {
    return [...this.#ports.values()].some(({ protocol, port }) => asked.has(protocol, port));
  }

  /**
   * The connections to a peer of so many pods.
   *
   * @param asked - only these ports
   */
  *connections(pods: number, asked: PortSet): Generator<Told, void> {
    const tallies = [...this.#ports.values()].filter(({ protocol, port }) => asked.has(protocol, port));
    const told = (
      of: readonly PortTally[],
      family: Family | undefined,
      whole: (tally: PortTally) => number,
    ): Told => ({
      allowed: allowedPorts(
        PortSet.union(of.map(({ protocol, port }) => PortSet.range(protocol, port, port))),
      ),
      family,
      partial: of.some((tally) => tally.isPartial || whole(tally) < pods),
    });
    const both = tallies.filter((tally) => tally.both > 0);
    if (both.length > 0) yield told(both, undefined, (tally) => tally.both);
    for (const family of families) {
      const more = tallies.filter((tally) => tally.both === 0 && tally.only[family] > 0);
      if (more.length > 0) yield told(more, family, (tally) => tally.only[family]);
    }
  }
}

/** An entrance as a peer of documents. */
function peerOf(entry: Entry): MapPeer {
  const { source } = entry;
  const hosts = hostsOf(entry.ways);
  return {
    id: entry.id,
    kind: 'entry',
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(source.kind === 'clients'
      ? {}
      : {
          controller: {
            found: source.kind === 'assumed' ? ('assumed' as const) : source.found,
            workloads:
              source.kind === 'assumed'
                ? []
                : [...new Set(source.pods.map(({ workload }) => workload))].sort(byText),
          },
        }),
  };
}

/** The hosts of all ways, sorted; none where some way takes every host. */
function hostsOf(ways: readonly EntryWay[]): readonly string[] {
  if (ways.some(({ hosts }) => hosts.length === 0)) return [];
  return [...new Set(ways.flatMap(({ hosts }) => hosts))].sort(byText);
}

/** Two lists of connections, each sorted by source, as one. */
export function* mergedBySource(
  connections: Iterable<MapConnection>,
  rows: ReadonlyMap<string, readonly MapConnection[]>,
): Generator<MapConnection, void> {
  const ids = [...rows.keys()];
  let at = 0;
  for (const connection of connections) {
    while (at < ids.length && byText(ids[at]!, connection.from) < 0) yield* rows.get(ids[at++]!)!;
    yield connection;
  }
  while (at < ids.length) yield* rows.get(ids[at++]!)!;
}
