import type { MapOverview, OverviewLine, OverviewSide } from '../reach/index.ts';
import { groupEdges } from './groups.ts';
import { linesOf, nounsOf, portsOf, viewOf, type MapView } from './map-lines.ts';
import { mostOfSection } from './map-table.ts';
import { closing, headline, type MapOptions } from './map-words.ts';
import { addressesText } from './names.ts';
import { tableLines } from './table.ts';
import { count, lookOf, number, percent, visible, wrap, type Look } from './text.ts';

/** A map that is too large to be listed, for people: lines that stand for all of its connections, the widest first. */
export function* overviewTable(overview: MapOverview, options: MapOptions): Generator<string, void> {
  const look = lookOf(options);
  const { mixed, across, inside, toOutside, fromOutside, entrances, ...document } = overview;
  const view: MapView = {
    ...viewOf({
      document: { ...document, connections: entrances },
      summary: overview.summary,
      because: () => [],
    }),
    // Only whether there are any is asked below.
    fromOutside: fromOutside.map(() => ({ from: 0, to: 0, label: 0, at: 0 })),
  };
  if (look.headers) {
    const { pairs, closedPairs } = overview.summary;
    const share =
      pairs > 0 ? ` ${look.signs.dot} ${percent(closedPairs, pairs)} of ${number(pairs)} pairs closed` : '';
    yield* [...wrap(`${headline(view, options, look)}${share}`, look), ''];
  }
  const { many } = nounsOf(overview.level);
  const isNarrowed = options.focused === true;
  // At levels without namespaces all are mixed, and of a single one none is across.
  const sections = [
    [view.byNamespace.size > 1 ? 'IN AND BETWEEN NAMESPACES' : 'CONNECTIONS', mixed],
    ['ACROSS NAMESPACES', across],
    [view.byNamespace.size > 1 ? 'INSIDE NAMESPACES' : 'CONNECTIONS', inside],
    ['TO OUTSIDE', toOutside],
    ['FROM OUTSIDE', fromOutside],
  ] as const;
  let isFirst = true;
  for (const [title, lines] of sections) {
    if (lines.length === 0) continue;
    if (!isFirst && look.headers) yield '';
    isFirst = false;
    const shown = lines.length <= mostOfSection + 1 ? lines : lines.slice(0, mostOfSection);
    yield* tableLines(
      [
        { title, keeps: [30], sides: ` ${look.signs.arrow} ` },
        { title: 'PORTS', keeps: [14] },
        { title: many.toUpperCase(), keeps: [11] },
      ],
      shown.map((line) => overviewRow(view, line, lines === inside, look)),
      look,
    );
    if (shown.length < lines.length) {
      const left = lines.slice(shown.length).reduce((sum, { connections }) => sum + connections, 0);
      const rest = `${look.signs.ellipsis} ${count(lines.length - shown.length, 'more line')} for ${count(left, 'connection')}`;
      const hint = isNarrowed ? rest : `${rest}: -n, --from, --to or --port`;
      for (const text of wrap(hint, look)) yield look.quiet(text);
    }
  }
  if (view.entrances.length > 0) {
    if (!isFirst && look.headers) yield '';
    yield* entranceLines(view, isNarrowed, look);
  }
  if (look.headers && options.brief !== true) yield* closing(view, options, look);
}

/** What comes in through entrances, those that lead alike together. */
function* entranceLines(view: MapView, isNarrowed: boolean, look: Look): Generator<string, void> {
  const lines = linesOf(
    view,
    groupEdges(view.entrances, () => []),
  );
  const shown = lines.length <= mostOfSection + 1 ? lines : lines.slice(0, mostOfSection);
  yield* tableLines(
    [
      { title: 'ENTRANCES', keeps: [30], sides: ` ${look.signs.arrow} ` },
      { title: 'PORTS', keeps: [14] },
    ],
    shown.map(({ from, to, ports }) => [`${from} ${look.signs.arrow} ${to}`, ports]),
    look,
  );
  if (shown.length === lines.length) return;
  const rest = `${look.signs.ellipsis} ${count(lines.length - shown.length, 'more line')}`;
  yield look.quiet(isNarrowed ? rest : `${rest}: -n, --from or --to`);
}

function overviewRow(view: MapView, line: OverviewLine, isInside: boolean, look: Look): readonly string[] {
  const { arrow } = look.signs;
  const { from, to } = line;
  const some = line.kind === 'some' && to.count > 1 ? 'some of ' : '';
  const size = (side: OverviewSide): string => (side.ranges === undefined ? number(side.count) : 'outside');
  const ports = portsOf({
    allowed: line.allowed,
    ...(line.family === undefined ? {} : { family: line.family }),
    ...(line.partial === undefined ? {} : { partial: line.partial }),
  });
  const who =
    line.kind === 'own'
      ? `${overviewSide(view, from, to)} ${arrow} ${from.count === 1 ? 'itself' : 'themselves'}`
      : isInside && from.namespaces > 1
        ? `${overviewCount(from)} ${arrow} ${some}${overviewCount(to)} within ${count(from.namespaces, 'namespace')}`
        : `${overviewSide(view, from, to)} ${arrow} ${some}${overviewSide(view, to, from)}`;
  return [who, ports, `${size(from)} ${arrow} ${size(to)}`];
}

/** `everyone`, `everyone elsewhere`, `shop/web`, `12 in shop`, `412 *-database in 208 namespaces`. */
function overviewSide(view: MapView, side: OverviewSide, other: OverviewSide): string {
  const [only = ''] = side.examples;
  if (side.ranges !== undefined) return visible(addressesText(side.ranges));
  if (side.count === 1) return view.names.short(only);
  if (side.count === view.clusterPeers) return 'everyone';
  if (isElsewhere(view, side, other)) return 'everyone elsewhere';
  const names = side.examples.map(view.names.short).join(', ');
  if (side.count === side.examples.length && names.length <= longestNames) return names;
  if (side.namespaces === 0) return count(side.count, nounsOf(view.answer.document.level).one);
  return side.namespaces === 1
    ? `${overviewCount(side)} in ${visible(view.names.namespaceOf(only) ?? '')}`
    : `${overviewCount(side)} in ${count(side.namespaces, 'namespace')}`;
}

/** Whether a side is all but the namespace that the other side is in. */
function isElsewhere(view: MapView, side: OverviewSide, other: OverviewSide): boolean {
  const [example] = other.examples;
  const namespace = example === undefined ? undefined : view.names.namespaceOf(example);
  if (namespace === undefined || other.namespaces > 1 || side.namespaces < 2) return false;
  const here = view.byNamespace.get(namespace)?.length ?? 0;
  return side.namespaces === view.byNamespace.size - 1 && side.count === view.clusterPeers - here;
}

function overviewCount({ count: own, suffix }: OverviewSide): string {
  return suffix === undefined ? number(own) : `${number(own)} *${visible(suffix)}`;
}

/** Names that stand in a line of an overview instead of their number. */
const longestNames = 44;
