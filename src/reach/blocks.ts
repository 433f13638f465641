import type { Connections } from './connections.ts';
import type { Entry } from './entries.ts';
import { fieldsOf, isOneHome, labelOf, nowhere, sideOf } from './overview-lines.ts';
import type { OverviewLine } from './overview-lines.ts';

/** Where the two ends of a connection stand: in one namespace, or in two. */
type Where = 'inside' | 'across';

/** Sections of an overview that hold connections between peers of the cluster. */
export type Section = 'mixed' | Where;

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
export class Blocks {
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

  #cell(rows: number, columns: number, entry: Entry): Cell {
    const label = labelOf(entry);
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
