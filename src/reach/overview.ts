import type { Direction } from '../model/index.ts';
import { formatAddress } from '../net/index.ts';
import { allowedPorts, byText } from './allowed.ts';
import type { Connections, Entry } from './connections.ts';
import type { Accesses } from './group-access.ts';
import { none } from './group-access.ts';
import { joined } from './outside.ts';
import type { AllowedPorts, ConnectivityMap, Level, MapConnection, MapPeer, MapSummary } from './types.ts';

/** One side of a line of an overview. */
export interface OverviewSide {
  /** How many ends there are; of addresses outside none. */
  readonly count: number;
  /** Some of their ids, sorted. */
  readonly examples: readonly string[];
  /** In how many namespaces they are; 0 at levels that have none. */
  readonly namespaces: number;
  /** How the names of all of them end, where they have that in common: `-database`. */
  readonly suffix: string | undefined;
  /** Addresses outside, `[first, last]`. */
  readonly ranges?: readonly (readonly [string, string])[];
}

/** Connections with something in common. */
export interface OverviewLine {
  /**
   * `all`: every end of `from` may reach every end of `to`, but for the pairs of one pod with itself that are none.
   * `some`: each of `from` may reach some of `to`, and each of `to` is reached by some. `own`: the pods of each may reach
   * the other pods of it; both sides are the same.
   */
  readonly kind: 'all' | 'some' | 'own';
  readonly from: OverviewSide;
  readonly to: OverviewSide;
  readonly allowed: AllowedPorts;
  readonly family?: Exclude<MapConnection['family'], undefined>;
  readonly partial?: true;
  /** How many connections the line stands for. */
  readonly connections: number;
}

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
  const all: Blocks[] = [];
  const homes = homesOf(found, level);
  const rest = new Rest(found, homes);
  const isConnected = new Uint8Array(found.groups.count);
  let open = 0n;
  let listed = 0;
  for (const { sources, targets, access } of found.parties()) {
    // Other sources have other targets.
    const blocks = new Blocks(found, homes);
    all.push(blocks);
    // By set of columns: how many sources reach all groups that have it; by group: how often it is not among them.
    const reached = new Map<number, number>();
    const reaching = new Map<number, number>();
    const missed = new Map<number, number>();
    // By set of rows: how many each of its sources reaches, itself among them.
    const opened = new Map<number, number>();
    const alike = Map.groupBy(sources, (from) => access.rowsOf(from));
    alike.delete(-1);
    const counted = new Map(
      Array.from(targets.byColumns, ([columns, ends]) => [columns, found.countedOf(ends)]),
    );
    for (const [rows, members] of alike) {
      for (const [columns, ends] of targets.byColumns) {
        const entries = found.entriesOf(access.shared(rows, columns), ends[0]!);
        if (entries.length === 0) continue;
        opened.set(rows, (opened.get(rows) ?? 0) + counted.get(columns)!);
        listed += members.length * ends.length * entries.length;
        reached.set(columns, (reached.get(columns) ?? 0) + members.length);
        blocks.add(members, rows, columns, ends, entries);
        reaching.set(rows, (reaching.get(rows) ?? 0) + ends.length * entries.length);
      }
    }
    for (const from of sources) {
      const rows = access.rowsOf(from);
      if (rows < 0) continue;
      let connections = reaching.get(rows) ?? 0;
      let mine = opened.get(rows) ?? 0;
      access.apart(from, targets, (to, accesses) => {
        const columns = access.columnsOf(to);
        const shared: Accesses = columns < 0 ? none : access.shared(rows, columns);
        const usual = found.entriesOf(shared, to);
        const own = found.entriesOf(accesses, to);
        if (usual.length > 0) mine -= found.countOf(to);
        if (own.length > 0) mine += found.countOf(to) - Number(from === to);
        if (usual.length > 0 && own.length === 0) missed.set(to, (missed.get(to) ?? 0) + 1);
        if (own.length > 0) isConnected[to] = 1;
        if (isSame(own, usual)) return;
        listed += own.length - usual.length;
        connections += own.length - usual.length;
        // That one pod reaches itself is no connection, and none that a line could be blamed for.
        blocks.less({ from, to }, rows, columns, usual, from === to && own.length === 0);
        rest.add(from, to, own);
      });
      open += found.pairsWith(from, mine);
      if (connections > 0) isConnected[from] = 1;
    }
    for (const [columns, members] of targets.byColumns) {
      const times = reached.get(columns) ?? 0;
      for (const to of members) if (times > (missed.get(to) ?? 0)) isConnected[to] = 1;
    }
  }
  const toOutside = outsideLines(found, 'egress');
  const fromOutside = outsideLines(found, 'ingress');
  for (const line of [...toOutside, ...fromOutside]) listed += line.connections;
  for (const direction of ['egress', 'ingress'] as const) {
    for (const [group, isKnown] of isConnected.entries()) {
      if (isKnown === 0 && found.openOutside(direction, group).next().done !== true) isConnected[group] = 1;
    }
  }
  if (listed <= most) return undefined;
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
    toOutside,
    fromOutside,
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

function isSame(a: readonly Entry[], b: readonly Entry[]): boolean {
  return a === b || (a.length === b.length && a.every((entry, i) => labelOf(entry) === labelOf(b[i]!)));
}

function labelOf({ allowed, family, partial }: Entry): string {
  return `${JSON.stringify(allowed)} ${family ?? ''} ${partial}`;
}

function fieldsOf({ allowed, family, partial }: Entry): Pick<OverviewLine, 'allowed' | 'family' | 'partial'> {
  return {
    allowed,
    ...(family === undefined ? {} : { family }),
    ...(partial ? { partial } : {}),
  };
}

/** Where the two ends of a connection stand: in one namespace, or in two. */
type Where = 'inside' | 'across';

/** Sections of an overview that hold connections between peers of the cluster. */
type Section = 'mixed' | Where;

/** A line of an overview, and the section that it belongs to. */
type Placed = readonly [section: Section, line: OverviewLine];

/** The connections of some ports between groups with some rows and columns. */
interface Cell {
  readonly entry: Entry;
  connections: number;
  /** What pairs of them have something else; `undefined`: none. */
  missing: Missing | undefined;
}

/** Pairs that have not what their blocks say: by each of their ends, how many. */
interface Missing {
  readonly inside: Sides<Map<number, number>>;
  readonly across: Sides<Map<number, number>>;
  /** Groups of one pod, which with itself is no pair. */
  readonly alone: number[];
}

interface Sides<T> {
  readonly from: T;
  readonly to: T;
}

const noMissing = (): Missing => ({
  inside: { from: new Map<number, number>(), to: new Map<number, number>() },
  across: { from: new Map<number, number>(), to: new Map<number, number>() },
  alone: [],
});

function add(counts: Map<number, number>, key: number, more = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}

/** What groups with the same rows and columns share; rows with the same columns for some ports are one line. */
class Blocks {
  readonly #found: Connections;
  readonly #homes: Int32Array;
  readonly #rows = new Map<number, readonly number[]>();
  readonly #columns = new Map<number, readonly number[]>();
  /** By ports, rows and columns. */
  readonly #cells = new Map<string, Map<number, Map<number, Cell>>>();

  constructor(found: Connections, homes: Int32Array) {
    this.#found = found;
    this.#homes = homes;
  }

  add(
    from: readonly number[],
    rows: number,
    columns: number,
    members: readonly number[],
    entries: readonly Entry[],
  ): void {
    const sources = this.#rows.get(rows);
    if (sources === undefined) this.#rows.set(rows, from);
    const known = this.#columns.get(columns);
    if (known === undefined || known.length < members.length) this.#columns.set(columns, members);
    for (const entry of entries) this.#cell(rows, columns, entry).connections += from.length * members.length;
  }

  /** A pair of groups with these rows and columns has something else, or is one pod with itself. */
  less(
    pair: Sides<number>,
    rows: number,
    columns: number,
    entries: readonly Entry[],
    isAlone: boolean,
  ): void {
    const { from, to } = pair;
    const where = from === to || isOneHome(this.#homes, from, to) ? 'inside' : 'across';
    for (const entry of entries) {
      const cell = this.#cell(rows, columns, entry);
      cell.connections--;
      const missing = (cell.missing ??= noMissing());
      add(missing[where].from, from);
      add(missing[where].to, to);
      if (isAlone) missing.alone.push(from);
    }
  }

  readonly #labels = new Map<Entry, string>();

  #cell(rows: number, columns: number, entry: Entry): Cell {
    let label = this.#labels.get(entry);
    if (label === undefined) this.#labels.set(entry, (label = labelOf(entry)));
    let ofLabel = this.#cells.get(label);
    if (ofLabel === undefined) this.#cells.set(label, (ofLabel = new Map<number, Map<number, Cell>>()));
    let ofRows = ofLabel.get(rows);
    if (ofRows === undefined) ofLabel.set(rows, (ofRows = new Map<number, Cell>()));
    let cell = ofRows.get(columns);
    if (cell === undefined) ofRows.set(columns, (cell = { entry, connections: 0, missing: undefined }));
    return cell;
  }

  *lines(): Generator<Placed> {
    for (const ofLabel of this.#cells.values()) {
      const alike = new Map<string, number[]>();
      for (const [rows, cells] of ofLabel) {
        const key = [...cells]
          .filter(([, { connections }]) => connections > 0)
          .map(([columns]) => columns)
          .sort((a, b) => a - b)
          .join();
        const list = alike.get(key);
        if (list === undefined) alike.set(key, [rows]);
        else list.push(rows);
      }
      for (const [key, list] of alike) {
        if (key === '') continue;
        const columns = key.split(',').map(Number);
        yield* new Rectangle(
          this.#found,
          this.#homes,
          {
            from: list.flatMap((rows) => this.#rows.get(rows)!),
            to: columns.flatMap((each) => this.#columns.get(each)!),
          },
          list.flatMap((rows) => columns.map((each) => ofLabel.get(rows)!.get(each)!)),
        ).lines();
      }
    }
  }
}

/** Sources and destinations of which most pairs have the same connection: each of those kept has it with some. */
class Rectangle {
  readonly #found: Connections;
  readonly #homes: Int32Array;
  readonly #entry: Entry;
  readonly #missing = noMissing();
  /** Ends that have such a connection. */
  readonly #kept: Sides<readonly number[]>;
  /** Of the others: how many, and by home. */
  readonly #dropped: Sides<{ readonly all: number; readonly byHome: ReadonlyMap<number, number> }>;

  constructor(found: Connections, homes: Int32Array, ends: Sides<readonly number[]>, cells: readonly Cell[]) {
    this.#found = found;
    this.#homes = homes;
    this.#entry = cells[0]!.entry;
    for (const { missing } of cells) {
      if (missing === undefined) continue;
      for (const where of ['inside', 'across'] as const) {
        for (const side of ['from', 'to'] as const) {
          for (const [group, times] of missing[where][side]) add(this.#missing[where][side], group, times);
        }
      }
      for (const group of missing.alone) this.#missing.alone.push(group);
    }
    const { inside, across } = this.#missing;
    const isKept = (side: 'from' | 'to', most: number, group: number): boolean =>
      (inside[side].get(group) ?? 0) + (across[side].get(group) ?? 0) < most;
    const from = Map.groupBy(ends.from, (group) => isKept('from', ends.to.length, group));
    const to = Map.groupBy(ends.to, (group) => isKept('to', ends.from.length, group));
    this.#kept = { from: from.get(true) ?? [], to: to.get(true) ?? [] };
    this.#dropped = { from: this.#byHome(from.get(false) ?? []), to: this.#byHome(to.get(false) ?? []) };
  }

  #byHome(groups: readonly number[]): { readonly all: number; readonly byHome: ReadonlyMap<number, number> } {
    const byHome = new Map<number, number>();
    for (const group of groups) add(byHome, this.#homes[group]!);
    return { all: groups.length, byHome };
  }

  /** One line, or two where one side stands in one namespace, and the other there and elsewhere. */
  *lines(): Generator<Placed> {
    const kept = this.#kept;
    const from = new Set(kept.from.map((group) => this.#homes[group]!));
    const to = new Set(kept.to.map((group) => this.#homes[group]!));
    const both = ['inside', 'across'] as const;
    if (from.has(nowhere)) {
      yield* this.#line('mixed', both, kept);
    } else if (![...from].some((home) => to.has(home))) {
      yield* this.#line('across', both, kept);
    } else if (from.size === 1) {
      const parts = Map.groupBy(kept.to, (group) => from.has(this.#homes[group]!));
      yield* this.#line('inside', ['inside'], { from: kept.from, to: parts.get(true) ?? [] });
      yield* this.#line('across', ['across'], { from: kept.from, to: parts.get(false) ?? [] });
    } else if (to.size === 1) {
      const parts = Map.groupBy(kept.from, (group) => to.has(this.#homes[group]!));
      yield* this.#line('inside', ['inside'], { from: parts.get(true) ?? [], to: kept.to });
      yield* this.#line('across', ['across'], { from: parts.get(false) ?? [], to: kept.to });
    } else {
      yield* this.#line('mixed', both, kept);
    }
  }

  /** @param ends - of those kept, such that all pairs of them are `within`, and no others */
  *#line(section: Section, within: readonly Where[], ends: Sides<readonly number[]>): Generator<Placed> {
    const from = ends.from.filter((group) => this.#missingOf('from', within, group) < ends.to.length);
    const to: number[] = [];
    let connections = 0;
    for (const group of ends.to) {
      const own = ends.from.length - this.#missingOf('to', within, group);
      if (own > 0) to.push(group);
      connections += own;
    }
    if (connections === 0) return;
    const [sources, targets] = [new Set(from), new Set(to)];
    const alone = this.#missing.alone.filter((group) => sources.has(group) && targets.has(group)).length;
    const isOwn = from.length === 1 && to.length === 1 && from[0] === to[0];
    const isWhole = connections === from.length * to.length - alone;
    yield [
      section,
      {
        kind: isOwn ? 'own' : isWhole ? 'all' : 'some',
        from: sideOf(this.#found, from),
        to: sideOf(this.#found, to),
        ...fieldsOf(this.#entry),
        connections,
      },
    ];
  }

  /** With how many of the ends kept on the other side an end has no such connection. */
  #missingOf(side: 'from' | 'to', within: readonly Where[], group: number): number {
    const others = this.#dropped[side === 'from' ? 'to' : 'from'];
    const atHome = others.byHome.get(this.#homes[group]!) ?? 0;
    let missing = 0;
    for (const where of within) {
      missing += this.#missing[where][side].get(group) ?? 0;
      // Ends that were dropped are missing for every other end, and are not asked about any more.
      missing -= where === 'inside' ? atHome : others.all - atHome;
    }
    return missing;
  }
}

/** Single pairs, by their ports and the last words of both names. */
class Rest {
  readonly #found: Connections;
  readonly #homes: Int32Array;
  readonly #suffixes = new Map<number, string>();
  readonly #lines = {
    mixed: new Map<string, Gathered>(),
    across: new Map<string, Gathered>(),
    inside: new Map<string, Gathered>(),
  };

  constructor(found: Connections, homes: Int32Array) {
    this.#found = found;
    this.#homes = homes;
  }

  add(from: number, to: number, entries: readonly Entry[]): void {
    const homes = this.#homes;
    const isOwn = from === to;
    const where = homes[from] === nowhere ? 'mixed' : isOneHome(homes, from, to) ? 'inside' : 'across';
    const lines = this.#lines[where];
    for (const entry of entries) {
      const names = isOwn ? '' : `${this.#suffixOf(from)} ${this.#suffixOf(to)}`;
      const key = `${names} ${labelOf(entry)}`;
      let line = lines.get(key);
      if (line === undefined) {
        line = { entry, isOwn, from: new Set(), to: new Set(), connections: 0 };
        lines.set(key, line);
      }
      line.from.add(from);
      line.to.add(to);
      line.connections++;
    }
  }

  #suffixOf(group: number): string {
    let suffix = this.#suffixes.get(group);
    if (suffix === undefined) {
      const id = this.#found.id(group);
      suffix = id.slice(Math.max(id.lastIndexOf('-'), id.lastIndexOf('/')) + 1);
      this.#suffixes.set(group, suffix);
    }
    return suffix;
  }

  /** Where the ends of names say nothing, as random ones do, lines of the same ports are one. */
  lines(where: Section): readonly OverviewLine[] {
    const lines = hubs(hubs([...this.#lines[where].values()], 'from'), 'to');
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
const mostExamples = 4;

/** The home of a group at a level whose groups are in no one namespace. */
const nowhere = -1;

/** By group: the number of the namespace that it is in or stands for, `nowhere` at levels without. */
function homesOf({ groups }: Connections, level: Level): Int32Array {
  const homes = new Int32Array(groups.count).fill(nowhere);
  if (level.kind === 'label') return homes;
  if (level.kind === 'namespace') return homes.map((_, group) => group);
  const numbers = new Map<string, number>();
  for (const [group, id] of groups.ids.entries()) {
    const namespace = id.slice(0, id.indexOf('/'));
    let home = numbers.get(namespace);
    if (home === undefined) numbers.set(namespace, (home = numbers.size));
    homes[group] = home;
  }
  return homes;
}

function isOneHome(homes: Int32Array, a: number, b: number): boolean {
  return homes[a] !== nowhere && homes[a] === homes[b];
}

function namespaceOf(found: Connections, group: number): string | undefined {
  const id = found.id(group);
  const parts = id.split('/');
  return parts.length === 3 ? parts[0] : undefined;
}

/** The last word of a name of several, with its dash. */
function suffixOf(id: string): string | undefined {
  const at = id.lastIndexOf('-');
  return at > id.lastIndexOf('/') ? id.slice(at) : undefined;
}

function sideOf(found: Connections, groups: readonly number[]): OverviewSide {
  const distinct = [...new Set(groups)];
  const namespaces = new Set<string>();
  const examples: string[] = [];
  const first = distinct.length > 1 ? suffixOf(found.id(distinct[0]!)) : undefined;
  let isCommon = first !== undefined;
  for (const group of distinct) {
    const id = found.id(group);
    const namespace = namespaceOf(found, group);
    if (namespace !== undefined) namespaces.add(namespace);
    examples.push(id);
    if (examples.length > 64) examples.sort(byText).splice(mostExamples);
    isCommon &&= suffixOf(id) === first;
  }
  return {
    count: distinct.length,
    examples: examples.sort(byText).slice(0, mostExamples),
    namespaces: namespaces.size,
    suffix: isCommon ? first : undefined,
  };
}

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
  for (let group = 0; group < found.groups.count; group++) {
    const access = found.outside.accessOf[direction][group]!;
    if (access < 0) continue;
    const shared = `${access} ${found.portsAt(group).key} ${found.focus.keepsAll ? '' : found.traits(group)}`;
    let parts = known.get(shared);
    if (parts === undefined) {
      const byLabel = new Map<string, { readonly entry: Entry; readonly peers: number[] }>();
      for (const { peer, set, partial } of found.openOutside(direction, group)) {
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
        .flatMap((peer) => found.outside.peers[peer]!.ranges)
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
