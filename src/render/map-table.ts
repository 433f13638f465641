import type { MapAnswer } from '../reach/index.ts';
import { groupEdges, type Edge, type Group } from './groups.ts';
import {
  groupedLines,
  kinOf,
  linesOf,
  nounsOf,
  portsOf,
  reasonText,
  reasonsOf,
  singleLines,
  viewOf,
  type MapLine,
  type MapView,
} from './map-lines.ts';
import { closing, emptySentence, headline, type MapOptions } from './map-words.ts';
import { briefId } from './names.ts';
import { tableLines, type Column } from './table.ts';
import { displayWidth, lookOf, number, visible, wrap, type Look } from './text.ts';

/** Up to so many connections each have a line of their own. */
const mostSingle = 20;
/** More lines than these are read from the top: across namespaces first. */
const mostLines = 40;
/** Lines of one section of a map that is read from the top. */
export const mostOfSection = 12;

/** A map for people, line by line; `isWide` gives every connection a line, whole names and full reasons. */
export function* tableOf(answer: MapAnswer, options: MapOptions, isWide: boolean): Generator<string, void> {
  const look = lookOf(isWide ? { ...options, width: undefined } : options);
  const view = viewOf(answer);
  if (look.headers) {
    const head = headline(view, options, look);
    if (head !== '') yield* [...wrap(head, look), ''];
  }
  if (answer.document.connections.length === 0) {
    if (look.headers) yield* wrap(emptySentence(answer), look);
  } else if (isWide) {
    yield* wideTable(view, look);
  } else {
    yield* narrowTable(view, look, options.explain === true);
  }
  if (look.headers && options.brief !== true) yield* closing(view, options, lookOf(options));
}

function* narrowTable(view: MapView, look: Look, isExplained: boolean): Generator<string, void> {
  const { connections } = view.answer.document;
  const single = connections.length <= mostSingle * 4 ? singleLines(view) : undefined;
  if (single !== undefined && single.length <= mostSingle) {
    yield* listing(view, single, look, isExplained);
    return;
  }
  const grouped = groupedLines(view, mostLines);
  if (grouped.length <= mostLines || view.byNamespace.size < 2) {
    yield* listing(view, grouped, look, isExplained);
    return;
  }
  yield* fromTheTop(view, look);
}

// Who talks to whom is the answer: reasons give way first, then ports.
const nameKeeps = [Infinity, 24, 14];
const reasonColumn: Column = { title: 'BECAUSE OF', keeps: [19, 19, 12] };

function* listing(
  view: MapView,
  lines: readonly MapLine[],
  look: Look,
  isExplained: boolean,
): Generator<string, void> {
  const shown = lines.slice(0, mostLines * 5);
  // Under --explain the reasons stand below each line, with their places.
  const isWanted = !isExplained && shown.some(({ because }) => because !== '');
  const hasReasons = isWanted && hasRoomForReasons(shown, look);
  const columns: readonly Column[] = [
    { title: 'FROM', keeps: nameKeeps },
    { title: 'TO', keeps: nameKeeps },
    { title: 'PORTS', keeps: [Infinity, 16, 12] },
    ...(hasReasons ? [reasonColumn] : []),
  ];
  const rows = shown.map(({ from, to, ports, because }) => [
    from,
    to,
    ports,
    ...(hasReasons ? [because] : []),
  ]);
  if (!isExplained) {
    yield* tableLines(columns, rows, look);
  } else {
    const text = tableLines(columns, rows, look);
    if (look.headers) yield text.next().value ?? '';
    for (const { group } of shown) {
      yield text.next().value ?? '';
      for (const reason of reasonLines(view, group)) yield* wrap(reason, look, '    ', '      ');
    }
  }
  if (shown.length < lines.length) yield more(lines.length - shown.length, look);
  if (isWanted && !hasReasons && look.headers) {
    yield look.quiet('Why each is open: --explain, or a wider terminal.');
  }
}

/** A column of reasons must not leave names fewer columns than these. */
const leastName = 22;

function hasRoomForReasons(lines: readonly MapLine[], look: Look): boolean {
  const widest = (cell: (line: MapLine) => string, most: number): number =>
    lines.reduce((width, line) => Math.max(width, Math.min(most, displayWidth(cell(line)))), 0);
  const needed =
    widest(({ from }) => from, leastName) +
    widest(({ to }) => to, leastName) +
    widest(({ ports }) => ports, 16) +
    widest(({ because }) => because, 19);
  return needed + 6 <= look.width;
}

/** The distinct reasons of a line, with their places, a few of many. */
function reasonLines(view: MapView, group: Group): readonly string[] {
  const most = 4;
  const texts = new Set<string>();
  for (const edge of group.edges) {
    for (const reason of reasonsOf(view, view.connectionOf(edge))) texts.add(reasonText(reason));
    // Enough to know that there are more: a line may stand for a million connections.
    if (texts.size > most) break;
  }
  const shown = [...texts].slice(0, most);
  return texts.size > most ? [...shown, 'and more: -o wide'] : shown;
}

function* wideTable(view: MapView, look: Look): Generator<string, void> {
  const { connections } = view.answer.document;
  const whole = new Map<string, string>(view.peers.map((peer) => [peer.id, visible(peer.id)]));
  const rows = connections.map((connection) => [
    whole.get(connection.from) ?? visible(connection.from),
    whole.get(connection.to) ?? visible(connection.to),
    portsOf(connection, Infinity),
    reasonsOf(view, connection).map(reasonText).join(', '),
  ]);
  yield* tableLines(
    [{ title: 'FROM' }, { title: 'TO' }, { title: 'PORTS' }, { title: 'BECAUSE OF' }],
    rows,
    look,
  );
}

function* fromTheTop(view: MapView, look: Look): Generator<string, void> {
  const namespaceOf = view.peers.map((peer) => view.names.namespaceOf(peer.id));
  const across: Edge[] = [];
  const within: Edge[] = [];
  for (const edge of view.inside) {
    const namespace = namespaceOf[edge.from];
    (namespace !== undefined && namespace === namespaceOf[edge.to] ? within : across).push(edge);
  }
  const own = (peer: number): readonly number[] => {
    const namespace = namespaceOf[peer];
    return namespace === undefined ? [peer] : (view.byNamespace.get(namespace) ?? [peer]);
  };
  const sections: readonly Section[] = [
    { title: 'ACROSS NAMESPACES', rows: sectionRows(view, groupEdges(across, own), look, true) },
    { title: 'INSIDE NAMESPACES', rows: insideRows(view, within, look) },
    {
      title: 'TO OUTSIDE',
      rows: sectionRows(
        view,
        groupEdges(view.toOutside, () => []),
        look,
      ),
    },
    {
      title: 'FROM OUTSIDE',
      rows: sectionRows(
        view,
        groupEdges(view.fromOutside, () => []),
        look,
      ),
    },
    {
      title: 'ENTRANCES',
      rows: sectionRows(
        view,
        groupEdges(view.entrances, () => []),
        look,
      ),
    },
  ];
  let isFirst = true;
  for (const { title, rows } of sections) {
    if (rows.length === 0) continue;
    if (!isFirst && look.headers) yield '';
    isFirst = false;
    const sorted = rows.toSorted((a, b) => b.pairs - a.pairs);
    const shown = sorted.length <= mostOfSection + 1 ? sorted : sorted.slice(0, mostOfSection);
    yield* tableLines(
      [
        { title, keeps: [30], sides: ` ${look.signs.arrow} ` },
        { title: 'PORTS', keeps: [14] },
        { title: nounsOf(view.answer.document.level).many.toUpperCase(), keeps: [11] },
      ],
      shown.map(({ who, ports, size }) => [who, ports, size]),
      look,
    );
    if (shown.length < sorted.length) yield more(sorted.length - shown.length, look);
  }
}

function more(left: number, look: Look): string {
  return look.quiet(`${look.signs.ellipsis} ${number(left)} more: --to, --from, -n or -o wide`);
}

interface Section {
  readonly title: string;
  readonly rows: readonly SectionRow[];
}

interface SectionRow {
  readonly who: string;
  readonly ports: string;
  readonly size: string;
  readonly pairs: number;
}

function sectionRows(
  view: MapView,
  groups: readonly Group[],
  look: Look,
  isAcross = false,
): readonly SectionRow[] {
  const { arrow } = look.signs;
  return linesOf(view, groups, isAcross).map(({ from, to, ports, group }) => ({
    who: `${from} ${arrow} ${to}`,
    ports,
    size: `${sizeOf(view, group.from)} ${arrow} ${sizeOf(view, group.to)}`,
    pairs: group.edges.length,
  }));
}

function sizeOf(view: MapView, peers: readonly number[]): string {
  const isOutside = peers.every((i) => view.peers[i]?.kind === 'ip');
  return isOutside ? 'outside' : number(peers.length);
}

/** Connections within namespaces; what is the same in several namespaces is one row. */
function insideRows(view: MapView, edges: readonly Edge[], look: Look): readonly SectionRow[] {
  const { arrow } = look.signs;
  const alike = new Map<string, { readonly row: SectionRow; pairs: number; namespaces: Set<string> }>();
  for (const line of linesOf(view, groupPerNamespace(view, edges))) {
    const [first] = line.group.from;
    const peer = first === undefined ? undefined : view.peers[first];
    const namespace = peer === undefined ? undefined : view.names.namespaceOf(peer.id);
    if (namespace === undefined) continue;
    const from = bareNames(view, line.group.from, namespace);
    const to = line.to === 'each other' ? line.to : bareNames(view, line.group.to, namespace);
    const key = JSON.stringify([from, to, line.ports]);
    const known = alike.get(key);
    if (known !== undefined) {
      known.pairs += line.group.edges.length;
      known.namespaces.add(namespace);
      continue;
    }
    const row = {
      who: `${line.from} ${arrow} ${line.to}`,
      ports: line.ports,
      size: `${number(line.group.from.length)} ${arrow} ${number(line.group.to.length)}`,
      pairs: line.group.edges.length,
    };
    alike.set(key, { row, pairs: row.pairs, namespaces: new Set([namespace]) });
  }
  return [...alike].map(([key, { row, pairs, namespaces }]) => {
    if (namespaces.size === 1) return row;
    const [from = '', to = ''] = JSON.parse(key) as readonly string[];
    return {
      who: `${from} ${arrow} ${to}, in each of ${number(namespaces.size)} namespaces`,
      ports: row.ports,
      size: row.size,
      pairs,
    };
  });
}

function groupPerNamespace(view: MapView, edges: readonly Edge[]): readonly Group[] {
  const parts = new Map<string, Edge[]>();
  for (const edge of edges) {
    const namespace = view.names.namespaceOf(view.peers[edge.from]?.id ?? '') ?? '';
    const own = parts.get(namespace);
    if (own === undefined) parts.set(namespace, [edge]);
    else own.push(edge);
  }
  return [...parts.values()].flatMap((part) => groupEdges(part, (peer) => kinOf(view, peer)));
}

/** Peers of one namespace without its name; `all` when they are all, with their number, so that like is told from like. */
function bareNames(view: MapView, set: readonly number[], namespace: string): string {
  const all = view.byNamespace.get(namespace)?.length ?? 0;
  if (set.length === all && all > 1) return `all ${number(all)}`;
  const names = set.slice(0, 4).map((i) => {
    const name = briefId(view.peers[i]?.id ?? '');
    return name.slice(name.indexOf('/') + 1);
  });
  return set.length > 4 ? `${names.join(', ')} +${set.length - 4}` : names.join(', ');
}
