import type { AllowedPorts, MapAnswer, MapPeer } from '../reach/index.ts';
import { protocols, type Protocol } from '../net/index.ts';
import { emptySentence, headline, type MapOptions } from './map-words.ts';
import { isOfCluster, nounsOf, viewOf, type MapView } from './map-lines.ts';
import { count, displayWidth, lookOf, pad, shorten, wrap, type Look } from './text.ts';

/** More peers than these are no picture on a terminal. */
const mostOnTerminal = 200;
/** Up to so many peers get a table for each port; more get one table for all. */
const mostForPorts = 12;
/** Up to so many tables, one for each port. */
const mostTables = 5;

/** What a cell says of one table's ports; a blank one: the pair was not asked about. */
type Cell = '.' | 'X' | '+' | '?' | ' ';

/** One table: its title, and what it says of what a pair may use. */
interface Question {
  readonly title: string;
  readonly cell: (allowed: AllowedPorts) => '.' | 'X' | '+';
}

/** A map as truth tables: rows are sources, columns destinations. */
export function* matrixOf(answer: MapAnswer, options: MapOptions): Generator<string, void> {
  const look = lookOf(options);
  const view = viewOf(answer);
  if (look.headers) {
    const head = headline(view, options, look);
    if (head !== '') yield* [...wrap(head, look), ''];
  }
  const sources = endsOf(view, 'from');
  const destinations = endsOf(view, 'to');
  const isTerminal = look.width !== Infinity;
  if (isTerminal && Math.max(sources.length, destinations.length) > mostOnTerminal) {
    const { many } = nounsOf(answer.document.level);
    yield* wrap(
      `${count(sources.length, 'row')} of ${many} fit no terminal: --level namespace, -n, --from or --to narrow the question.`,
      look,
    );
    return;
  }
  if (sources.length === 0 || destinations.length === 0) {
    if (look.headers) yield* wrap(emptySentence(answer), look);
    return;
  }
  const rows = rowsOf(view);
  const questions = questionsOf(view, Math.max(sources.length, destinations.length));
  for (const [i, question] of questions.entries()) {
    if (i > 0) yield '';
    yield* oneTable(view, question, sources, destinations, rows, look);
  }
  if (look.headers) {
    yield '';
    yield* wrap(
      legend(
        questions,
        answer.document.connections.some(({ ambiguous }) => ambiguous === true),
      ),
      look,
    );
    if (sources.some((from) => destinations.some((to) => !isAsked(view, from, to)))) {
      yield* wrap('Blank: nothing was asked about the pair.', look);
    }
    if (answer.summary.emptyBecause !== undefined) yield* wrap(emptySentence(answer), look);
  }
}

function legend(questions: readonly Question[], isAmbiguous: boolean): string {
  const some = questions.length === 1 ? 'some ports, pods or addresses only' : 'some pods or addresses only';
  return `Rows: from, columns: to.  . allowed  X denied  + ${some}${isAmbiguous ? '  ? ambiguous' : ''}`;
}

/**
 * Whether a cell says something: pairs outside the focus were not asked about, and two ends of which neither is of the
 * cluster are no question for it.
 */
function isAsked(view: MapView, from: number, to: number): boolean {
  const source = view.peers[from];
  const destination = view.peers[to];
  if (source === undefined || destination === undefined) return false;
  if (!isOfCluster(source) && !isOfCluster(destination)) return false;
  return view.answer.keeps?.(source.id, destination.id) ?? true;
}

/**
 * Indices of the peers of one side: of the cluster those about which something was asked there, of others those that
 * have a connection there.
 */
function endsOf(view: MapView, side: 'from' | 'to'): readonly number[] {
  const used = new Set([...view.inside, ...view.toOutside, ...view.fromOutside].map((edge) => edge[side]));
  return view.peers.flatMap((peer, i) => {
    if (used.has(i)) return [i];
    if (!isOfCluster(peer)) return [];
    // That one pod reaches itself is no question: a row for that alone would say nothing.
    const isWanted = view.peers.some(
      (_, other) =>
        (other !== i || peer.pods !== 1 || view.clusterPeers === 1) &&
        (side === 'from' ? isAsked(view, i, other) : isAsked(view, other, i)),
    );
    return isWanted ? [i] : [];
  });
}

interface Access {
  readonly allowed: AllowedPorts;
  readonly isLimited: boolean;
  readonly isAmbiguous: boolean;
}

function rowsOf(view: MapView): ReadonlyMap<number, ReadonlyMap<number, readonly Access[]>> {
  const rows = new Map<number, Map<number, Access[]>>();
  for (const edge of [...view.inside, ...view.toOutside, ...view.fromOutside]) {
    const connection = view.connectionOf(edge);
    const access = {
      allowed: connection.allowed,
      isLimited: connection.partial === true || connection.family !== undefined,
      isAmbiguous: connection.ambiguous === true,
    };
    let row = rows.get(edge.from);
    if (row === undefined) {
      row = new Map();
      rows.set(edge.from, row);
    }
    const known = row.get(edge.to);
    if (known === undefined) row.set(edge.to, [access]);
    else known.push(access);
  }
  return rows;
}

function questionsOf(view: MapView, size: number): readonly Question[] {
  const sets = view.answer.document.connections.map(({ allowed }) => allowed);
  const points = size <= mostForPorts ? portRanges(sets) : undefined;
  if (points === undefined) {
    const [only] = new Set(sets.map((allowed) => JSON.stringify(allowed)));
    const isSame = only !== undefined && sets.every((allowed) => JSON.stringify(allowed) === only);
    if (isSame && only !== '"all"') {
      return [{ title: titleOf(sets[0] ?? 'all'), cell: () => '.' }];
    }
    return [{ title: 'every port', cell: (allowed) => (allowed === 'all' ? '.' : '+') }];
  }
  const questions: Question[] = points.map(({ protocol, from, to }) => ({
    title: from === to ? `${protocol} ${from}` : `${protocol} ${from}-${to}`,
    cell: (allowed) => (holds(allowed, protocol, from) ? '.' : 'X'),
  }));
  if (sets.includes('all') || questions.length === 0) {
    const title = questions.length === 0 ? 'every port' : 'every other port';
    questions.push({ title, cell: (allowed) => (allowed === 'all' ? '.' : 'X') });
  }
  return questions;
}

function titleOf(allowed: AllowedPorts): string {
  if (allowed === 'all') return 'every port';
  return protocols
    .flatMap((protocol) =>
      (allowed[protocol] ?? []).map(([a, b]) => `${protocol} ${a === b ? a : `${a}-${b}`}`),
    )
    .join(', ');
}

function holds(allowed: AllowedPorts, protocol: Protocol, port: number): boolean {
  if (allowed === 'all') return true;
  return (allowed[protocol] ?? []).some(([from, to]) => from <= port && port <= to);
}

interface Piece {
  readonly protocol: Protocol;
  readonly from: number;
  readonly to: number;
}

/** The ports of all sets, cut so that every set has all or nothing of a piece; `undefined` when they are too many. */
function portRanges(sets: readonly AllowedPorts[]): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
    const bounds = new Set<number>();
    for (const allowed of sets) {
      if (allowed === 'all') continue;
      for (const [from, to] of allowed[protocol] ?? []) {
        bounds.add(from);
        bounds.add(to + 1);
      }
      // Each piece has two bounds at most, so more than these make too many tables.
      if (bounds.size > 4 * mostTables) return undefined;
    }
    const sorted = [...bounds].sort((a, b) => a - b);
    for (const [i, from] of sorted.entries()) {
      const next = sorted[i + 1];
      if (next === undefined) break;
      const isUsed = sets.some((allowed) => allowed !== 'all' && holds(allowed, protocol, from));
      if (isUsed) pieces.push({ protocol, from, to: next - 1 });
    }
  }
  return pieces.length > mostTables ? undefined : pieces;
}

function* oneTable(
  view: MapView,
  question: Question,
  sources: readonly number[],
  destinations: readonly number[],
  rows: ReadonlyMap<number, ReadonlyMap<number, readonly Access[]>>,
  look: Look,
): Generator<string, void> {
  const nameOf = (i: number): string => view.names.short(view.peers[i]?.id ?? '');
  const names = destinations.map(nameOf);
  const longestRow = Math.max(displayWidth(question.title), ...sources.map((i) => displayWidth(nameOf(i))));
  const least = names.reduce((sum, name) => sum + displayWidth(name) + 2, longestRow);
  const isNumbered = least > look.width || (look.width === Infinity && destinations.length > mostForPorts);
  const numberOf = new Map(destinations.map((i, column) => [i, String(column + 1)]));
  const digits = String(destinations.length).length;
  const titles = isNumbered ? destinations.map((i) => numberOf.get(i) ?? '') : names;
  const columnWidths = titles.map((title) => (isNumbered ? digits : displayWidth(title)));
  const rowNumbers = isNumbered ? digits + 1 : 0;
  // Rows keep at most half of a narrow terminal, so that columns fit beside them.
  const rowWidth = Math.min(
    longestRow + rowNumbers,
    look.width === Infinity ? Infinity : Math.floor(look.width / 2),
  );
  const rowTitle = (i: number): string => {
    const mark = isNumbered ? (numberOf.get(i) ?? '').padStart(digits) + ' ' : '';
    return pad(mark + shorten(nameOf(i), rowWidth - mark.length, look.signs), rowWidth);
  };
  const onlyColumns = destinations.filter((i) => !sources.includes(i));
  if (isNumbered && look.headers) {
    for (const i of onlyColumns)
      yield `${numberOf.get(i) ?? ''}: ${shorten(nameOf(i), look.width - 6, look.signs)}`;
  }
  for (let start = 0; start < destinations.length;) {
    let end = start;
    let used = rowWidth;
    while (
      end < destinations.length &&
      (end === start || used + 2 + (columnWidths[end] ?? 0) <= look.width)
    ) {
      used += 2 + (columnWidths[end] ?? 0);
      end++;
    }
    if (start > 0) yield '';
    if (look.headers) {
      const title = pad(shorten(question.title, rowWidth, look.signs), rowWidth);
      const heads = titles.slice(start, end).map((text, k) => pad(text, columnWidths[start + k] ?? 0));
      yield look.heading(`${title}  ${heads.join('  ')}`.trimEnd());
    }
    for (const source of sources) {
      const row = rows.get(source);
      const cells = destinations.slice(start, end).map((destination, k) => {
        const cell = isAsked(view, source, destination)
          ? cellOf(view.peers[source], source === destination, row?.get(destination) ?? [], question)
          : ' ';
        const width = columnWidths[start + k] ?? 1;
        const before = Math.floor((width - 1) / 2);
        return pad(' '.repeat(before) + cell, width);
      });
      yield `${rowTitle(source)}  ${cells.join('  ')}`.trimEnd();
    }
    start = end;
  }
}

function cellOf(
  source: MapPeer | undefined,
  isSame: boolean,
  accesses: readonly Access[],
  question: Question,
): Cell {
  // One pod always reaches itself (corner 41); replicas of a workload are policed, and have a connection if they may.
  if (isSame && accesses.length === 0) return source?.pods === 1 ? '.' : 'X';
  let cell: Cell = 'X';
  for (const { allowed, isLimited, isAmbiguous } of accesses) {
    const own = question.cell(allowed);
    if (own === 'X') continue;
    if (isAmbiguous) {
      if (cell === 'X') cell = '?';
      continue;
    }
    if (own === '.' && !isLimited) return '.';
    cell = '+';
  }
  return cell;
}
