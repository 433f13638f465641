import type { Direction } from '../model/index.ts';
import { formatAddress, joined } from '../net/index.ts';
import { allowedPorts, byText } from './allowed.ts';
import { Blocks } from './blocks.ts';
import type { Section } from './blocks.ts';
import type { Connections } from './connections.ts';
import type { Entry } from './entries.ts';
import { fieldsOf, homesOf, isOneHome, labelOf, nowhere, sideOf } from './overview-lines.ts';
import type { OverviewLine, OverviewSide } from './overview-lines.ts';
import { listedInBlocks, listedOutside, surveyOf } from './survey.ts';
import type { ConnectivityMap, Level, MapConnection, MapPeer, MapSummary } from './types.ts';

/** What a map holds that is too large to be listed: exact numbers, in lines that stand for all of its connections. */
export interface MapOverview extends Pick<
  ConnectivityMap,
  'apiVersion' | 'kind' | 'level' | 'profile' | 'notModelled' | 'diagnostics'
> {
  /** The peers of the cluster. */
  readonly peers: readonly MapPeer[];
  readonly summary: MapSummary;
  /**
   * Connections between peers of the cluster, the widest first: lines whose two sides share namespaces and stand in several,
   * so that they hold connections in namespaces as well as between them; at levels without namespaces all.
   */
  readonly mixed: readonly OverviewLine[];
  /** Those of lines that connect different namespaces only. */
  readonly across: readonly OverviewLine[];
  /** Those of lines both ends of whose connections are in one namespace. */
  readonly inside: readonly OverviewLine[];
  readonly toOutside: readonly OverviewLine[];
  readonly fromOutside: readonly OverviewLine[];
  /** What comes in through Ingresses, Gateways, Routes and Services. */
  readonly entrances: readonly MapConnection[];
}

/** The lines of an overview, and how many pairs have a connection, counted as `PairCounts.pairs`. */
export interface OverviewLines extends Pick<
  MapOverview,
  'mixed' | 'across' | 'inside' | 'toOutside' | 'fromOutside'
> {
  readonly open: bigint;
  /** By group: 1 for those with a connection. */
  readonly isConnected: Uint8Array;
}

/**
 * Says all connections of a map in lines: first what peers that mean many have opened, as blocks of sources and
 * destinations, then what is left, by ports and by how the names of both ends end.
 *
 * @returns `undefined` when there are no more than `most` connections
 */
export function overviewOf(found: Connections, level: Level, most: number): OverviewLines | undefined {
  const outside = listedOutside(found);
  // What blocks hold tells how it will most likely end; lines are made for nothing where it does not.
  if (listedInBlocks(found) + outside <= most && surveyOf(found).listed + outside <= most) return undefined;
  const homes = homesOf(found, level);
  const all: Blocks[] = [];
  let blocks = new Blocks(found, homes);
  const rest = new Rest(found, homes);
  const { open, isConnected, listed } = surveyOf(found, {
    party: () => {
      blocks = new Blocks(found, homes);
      all.push(blocks);
    },
    block: (from, rows, columns, to, entries) => blocks.add(from, rows, columns, to, entries),
    apart: (pair, rows, columns, usual, own) => {
      // That one pod reaches itself is no connection, and none that a line could be blamed for.
      blocks.less(pair, rows, columns, usual, pair.from === pair.to && own.length === 0);
      rest.add(pair.from, pair.to, own);
    },
  });
  if (listed + outside <= most) return undefined;
  const ofBlocks = Map.groupBy(
    all.flatMap((blocks) => [...blocks.lines()]),
    ([where]) => where,
  );
  const section = (where: Section): readonly OverviewLine[] =>
    sorted([...(ofBlocks.get(where) ?? []).map(([, line]) => line), ...rest.lines(where)]);
  return {
    open,
    isConnected,
    mixed: section('mixed'),
    across: section('across'),
    inside: section('inside'),
    toOutside: outsideLines(found, 'egress'),
    fromOutside: outsideLines(found, 'ingress'),
  };
}

/** What is open on every port first, then what stands for most. */
function sorted(lines: readonly OverviewLine[]): readonly OverviewLine[] {
  return lines.toSorted(
    (a, b) =>
      Number(b.allowed === 'all') - Number(a.allowed === 'all') ||
      b.connections - a.connections ||
      byText(JSON.stringify(a.allowed), JSON.stringify(b.allowed)) ||
      byText(a.from.examples[0] ?? '', b.from.examples[0] ?? '') ||
      byText(a.to.examples[0] ?? '', b.to.examples[0] ?? ''),
  );
}

/** Single pairs, by their ports and the last words of both names. */
class Rest {
  readonly #found: Connections;
  readonly #homes: Int32Array;
  /** By group: the number of the last word of its name. */
  readonly #suffixOf = new Map<number, number>();
  readonly #suffixes = new Map<string, number>();
  readonly #lines: Record<Section, Gathered[]> = { mixed: [], across: [], inside: [] };
  /** The same by ports, and by the last words of both names. */
  readonly #known: Record<Section, Map<string, Map<number, Gathered>>> = {
    mixed: new Map(),
    across: new Map(),
    inside: new Map(),
  };

  constructor(found: Connections, homes: Int32Array) {
    this.#found = found;
    this.#homes = homes;
  }

  add(from: number, to: number, entries: readonly Entry[]): void {
    const homes = this.#homes;
    const isOwn = from === to;
    const where = homes[from] === nowhere ? 'mixed' : isOneHome(homes, from, to) ? 'inside' : 'across';
    const known = this.#known[where];
    const names = isOwn ? -1 : this.#suffix(from) * 0x400_0000 + this.#suffix(to);
    for (const entry of entries) {
      const label = labelOf(entry);
      let ofLabel = known.get(label);
      if (ofLabel === undefined) known.set(label, (ofLabel = new Map<number, Gathered>()));
      let line = ofLabel.get(names);
      if (line === undefined) {
        line = { entry, isOwn, from: new Set(), to: new Set(), connections: 0 };
        ofLabel.set(names, line);
        this.#lines[where].push(line);
      }
      line.from.add(from);
      line.to.add(to);
      line.connections++;
    }
  }

  #suffix(group: number): number {
    let suffix = this.#suffixOf.get(group);
    if (suffix === undefined) {
      const id = this.#found.id(group);
      const text = id.slice(Math.max(id.lastIndexOf('-'), id.lastIndexOf('/')) + 1);
      suffix = this.#suffixes.get(text) ?? this.#suffixes.size;
      this.#suffixes.set(text, suffix);
      this.#suffixOf.set(group, suffix);
    }
    return suffix;
  }

  /** Where the ends of names say nothing, as random ones do, lines of the same ports are one. */
  lines(where: Section): readonly OverviewLine[] {
    const lines = hubs(hubs(this.#lines[where], 'from'), 'to');
    const merged =
      lines.length <= mostByName
        ? lines
        : [...Map.groupBy(lines, ({ entry, isOwn }) => `${isOwn} ${labelOf(entry)}`).values()].flatMap(
            (alike) => {
              const large = alike.toSorted((a, b) => b.connections - a.connections);
              const [rest, ...more] = large.slice(mostByLabel);
              if (rest === undefined) return large;
              for (const line of more) absorb(rest, line);
              return [...large.slice(0, mostByLabel), rest];
            },
          );
    return merged.map((line): OverviewLine => ({
      kind: line.isOwn ? 'own' : line.connections === line.from.size * line.to.size ? 'all' : 'some',
      from: sideOf(this.#found, [...line.from]),
      to: sideOf(this.#found, [...line.to]),
      ...fieldsOf(line.entry),
      connections: line.connections,
    }));
  }
}

/** Lines with one and the same end on one side, made one where they are several: a hub and all that it reaches. */
function hubs(lines: readonly Gathered[], side: 'from' | 'to'): readonly Gathered[] {
  const kept: Gathered[] = [];
  const known = new Map<string, Gathered[]>();
  for (const line of lines) {
    const [only] = line[side];
    if (line.isOwn || line[side].size > 1 || only === undefined) {
      kept.push(line);
      continue;
    }
    const key = `${only} ${labelOf(line.entry)}`;
    const list = known.get(key);
    if (list === undefined) known.set(key, [line]);
    else list.push(line);
  }
  for (const list of known.values()) {
    const [first, ...more] = list;
    if (first === undefined || more.length < leastOfHub) {
      kept.push(...list);
      continue;
    }
    for (const line of more) absorb(first, line);
    kept.push(first);
  }
  return kept;
}

function absorb(into: Gathered, line: Gathered): void {
  for (const group of line.from) into.from.add(group);
  for (const group of line.to) into.to.add(group);
  into.connections += line.connections;
}

/** So many lines of one end besides the first say less than one that counts them. */
const leastOfHub = 3;

interface Gathered {
  readonly entry: Entry;
  readonly isOwn: boolean;
  readonly from: Set<number>;
  readonly to: Set<number>;
  connections: number;
}

/** More lines than these are not told by names; of those with the same ports the largest few still are. */
const mostByName = 400;
const mostByLabel = 3;

/** Connections with addresses outside: groups with the same ports and addresses are one line. */
function outsideLines(found: Connections, direction: Direction): readonly OverviewLine[] {
  const lines = new Map<
    string,
    { readonly entry: Entry; readonly groups: number[]; readonly peers: number[] }
  >();
  const known = new Map<
    string,
    readonly { readonly key: string; readonly entry: Entry; readonly peers: number[] }[]
  >();
  for (const group of found.addresses.asking(direction)) {
    const access = found.outside.accessOf[direction][group]!;
    const shared = `${access} ${found.portsAt(group).key} ${found.focus.keepsAll ? '' : found.traits(group)}`;
    let parts = known.get(shared);
    if (parts === undefined) {
      const byLabel = new Map<string, { readonly entry: Entry; readonly peers: number[] }>();
      for (const { peer, set, partial } of found.addresses.open(direction, group)) {
        const label = `${set.key} ${partial}`;
        const line = byLabel.get(label);
        if (line !== undefined) line.peers.push(peer);
        else
          byLabel.set(label, {
            entry: { allowed: allowedPorts(set), family: undefined, partial },
            peers: [peer],
          });
      }
      parts = Array.from(byLabel, ([label, line]) => ({ ...line, key: `${label} ${line.peers.join()}` }));
      known.set(shared, parts);
    }
    for (const { key, entry, peers } of parts) {
      const line = lines.get(key);
      if (line === undefined) lines.set(key, { entry, groups: [group], peers });
      else line.groups.push(group);
    }
  }
  return sorted(
    [...lines.values()].map(({ entry, groups, peers }): OverviewLine => {
      const inside = sideOf(found, groups);
      const ranges = peers
        .flatMap((peer) => found.outside.peer(peer).ranges)
        .sort((a, b) => byText(a.family, b.family) || (a.first < b.first ? -1 : 1));
      const outside: OverviewSide = {
        count: 0,
        examples: [],
        namespaces: 0,
        suffix: undefined,
        ranges: joined(ranges).map(({ family, first, last }) => [
          formatAddress({ family, value: first }),
          formatAddress({ family, value: last }),
        ]),
      };
      return {
        kind: 'all',
        from: direction === 'egress' ? inside : outside,
        to: direction === 'egress' ? outside : inside,
        ...fieldsOf(entry),
        connections: groups.length * peers.length,
      };
    }),
  );
}
