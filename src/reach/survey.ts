import type { Direction } from '../model/index.ts';
import type { Connections, Party } from './connections.ts';
import type { Entry } from './entries.ts';
import { none } from './accesses.ts';
import type { Accesses } from './accesses.ts';
import type { GroupAccess } from './group-access.ts';
import { labelOf } from './overview-lines.ts';

/** What a map comes to, without listing it. */
export interface Survey {
  /** How many pairs have a connection that is open in any case, counted as `PairCounts.pairs`. */
  readonly open: bigint;
  /** By group: 1 for those with a connection, with addresses outside too; ambiguous ones and those with nodes left aside. */
  readonly isConnected: Uint8Array;
  /** How many connections between groups there are. */
  readonly listed: number;
}

/** Who is told of the connections while a map is surveyed. */
export interface SurveyVisitor {
  /** Other sources have other targets: blocks of different parties have nothing in common. */
  party(): void;
  /** All of `from`, which have these rows, have these connections to all of `to`, which have these columns. */
  block(
    from: readonly number[],
    rows: number,
    columns: number,
    to: readonly number[],
    entries: readonly Entry[],
  ): void;
  /** A pair has other connections than its block says: `own` instead of `usual`. */
  apart(
    pair: { readonly from: number; readonly to: number },
    rows: number,
    columns: number,
    usual: readonly Entry[],
    own: readonly Entry[],
  ): void;
}

/** Counts all connections between groups: those of blocks together, and one by one where a pair has something else. */
export function surveyOf(found: Connections, visitor?: SurveyVisitor): Survey {
  const isConnected = new Uint8Array(found.groups.count);
  let open = 0n;
  let listed = 0;
  for (const party of found.parties()) {
    visitor?.party();
    const ofParty = surveyParty(found, party, isConnected, visitor);
    open += ofParty.open;
    listed += ofParty.listed;
  }
  for (const direction of ['egress', 'ingress'] as const) {
    for (const group of found.addresses.asking(direction))
      if (isConnected[group] === 0 && found.addresses.opens(direction, group)) isConnected[group] = 1;
  }
  return { open, isConnected, listed };
}

function surveyParty(
  found: Connections,
  { sources, access }: Party,
  isConnected: Uint8Array,
  visitor: SurveyVisitor | undefined,
): Omit<Survey, 'isConnected'> {
  const { targets } = access;
  let open = 0n;
  let listed = 0;
  // By set of columns: how many sources reach all groups that have it; by group: how often it is not among them.
  const reached = new Map<number, number>();
  const missed = new Map<number, number>();
  const alike = byRows(sources, access);
  const counted = new Map(
    Array.from(targets.byColumns, ([columns, ends]) => [columns, found.countedOf(ends)]),
  );
  for (const [rows, members] of alike) {
    // How many each of them reaches, itself among them, and by how many connections.
    let opened = 0;
    let reaching = 0;
    for (const [columns, ends] of targets.byColumns) {
      const entries = found.entriesOf(access.shared(rows, columns), ends[0]!);
      if (entries.length === 0) continue;
      opened += counted.get(columns)!;
      reaching += ends.length * entries.length;
      listed += members.length * ends.length * entries.length;
      reached.set(columns, (reached.get(columns) ?? 0) + members.length);
      visitor?.block(members, rows, columns, ends, entries);
    }
    let weight = 0;
    for (const from of members) {
      if (access.isPlain(from)) {
        weight += found.countOf(from);
        if (reaching > 0) isConnected[from] = 1;
        continue;
      }
      let connections = reaching;
      let mine = opened;
      access.apart(from, (to, accesses) => {
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
        visitor?.apart({ from, to }, rows, columns, usual, own);
      });
      open += found.pairsWith(from, mine);
      if (connections > 0) isConnected[from] = 1;
    }
    open += BigInt(weight) * BigInt(opened);
  }
  for (const [columns, members] of targets.byColumns) {
    const times = reached.get(columns) ?? 0;
    for (const to of members) if (times > (missed.get(to) ?? 0)) isConnected[to] = 1;
  }
  return { open, listed };
}

/** Sources with pods by their set of rows. */
function byRows(sources: readonly number[], access: GroupAccess): ReadonlyMap<number, readonly number[]> {
  const alike = new Map<number, number[]>();
  for (let i = 0; i < sources.length; i++) {
    const rows = access.rowsOf(sources[i]!);
    if (rows < 0) continue;
    const list = alike.get(rows);
    if (list === undefined) alike.set(rows, [sources[i]!]);
    else list.push(sources[i]!);
  }
  return alike;
}

/** How many connections between groups there would be, had every pair those of its block. */
export function listedInBlocks(found: Connections): number {
  let listed = 0;
  for (const { sources, access } of found.parties()) {
    for (const [rows, members] of byRows(sources, access)) {
      for (const [columns, ends] of access.targets.byColumns)
        listed +=
          members.length * ends.length * found.entriesOf(access.shared(rows, columns), ends[0]!).length;
    }
  }
  return listed;
}

function isSame(a: readonly Entry[], b: readonly Entry[]): boolean {
  return a === b || (a.length === b.length && a.every((entry, i) => labelOf(entry) === labelOf(b[i]!)));
}

/** How many connections with addresses outside a map lists. */
export function listedOutside(found: Connections): number {
  let listed = 0;
  for (const direction of ['egress', 'ingress'] as const satisfies readonly Direction[])
    for (const group of found.addresses.asking(direction)) listed += found.addresses.count(direction, group);
  return listed;
}
