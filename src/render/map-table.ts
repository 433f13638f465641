import type {
  MapAnswer,
  MapOverview,
  MapPeer,
  MapSummary,
  OverviewLine,
  OverviewSide,
} from '../reach/index.ts';
import { entranceSentences } from './entrances.ts';
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
import { addressesText, briefId } from './names.ts';
import { notModelledSentences } from './not-modelled.ts';
import { tableLines, type Column } from './table.ts';
import {
  count,
  displayWidth,
  listed,
  lookOf,
  number,
  percent,
  reminder,
  visible,
  wrap,
  type Look,
  type RenderOptions,
} from './text.ts';

/** What a map's renderers may be told beside the look of the terminal. */
export interface MapOptions extends RenderOptions {
  /** `--explain`: reasons with their places. */
  readonly explain?: boolean;
  /** How the input was named, for the command that is offered next: `-f examples/three-tier`. None is offered without. */
  readonly command?: string;
  /** Whether the question was narrowed to some peers or ports: then nothing is said of what was not asked. */
  readonly focused?: boolean;
}

/** Up to so many connections each have a line of their own. */
const mostSingle = 20;
/** More lines than these are read from the top: across namespaces first. */
const mostLines = 40;
/** Lines of one section of a map that is read from the top. */
const mostOfSection = 12;

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

/** Why a map shows no connection, as a sentence. */
export function emptySentence({ summary }: MapAnswer): string {
  const why = visible(summary.emptyBecause ?? 'no connection is allowed');
  return endSentence(why.charAt(0).toUpperCase() + why.slice(1));
}

/**
 * `3 workloads in namespace app, 4 policies`; under a focus only those that it is about, and no number of policies, for
 * those that decide may stand in any namespace. Empty when a focus is about nobody.
 */
export function headline(view: MapView, options: MapOptions, look: Look): string {
  const { summary, document } = view.answer;
  const [only] = summary.namespaces;
  const where =
    summary.namespaces.length === 1 && only !== undefined
      ? ` in namespace ${visible(only)}`
      : summary.namespaces.length === 0
        ? ''
        : ` in ${count(summary.namespaces.length, 'namespace')}`;
  const who =
    document.level === 'pod'
      ? `${count(summary.pods, 'pod')} of ${count(summary.workloads, 'workload')}`
      : count(summary.workloads, 'workload');
  const isShare = summary.pairs > 30 && document.connections.length > 0;
  const share = percent(summary.closedPairs, summary.pairs);
  if (options.focused === true) {
    if (summary.workloads === 0) return '';
    const whole = `the ${count(summary.pairs, 'pair')} asked about`;
    return `${who}${where}${isShare ? ` ${look.signs.dot} ${share} of ${whole} closed` : ''}`;
  }
  const policies = policiesText(summary);
  return `${who}${where}, ${policies}${isShare ? ` ${look.signs.dot} ${share} of pairs closed` : ''}`;
}

/** `4 policies`, `4 policies and 2 cluster-wide ones`, `2 cluster-wide policies`. */
function policiesText({ policies, tierPolicies }: Pick<MapSummary, 'policies' | 'tierPolicies'>): string {
  if (tierPolicies === 0) return count(policies, 'policy', 'policies');
  if (policies === 0) return count(tierPolicies, 'cluster-wide policy', 'cluster-wide policies');
  const tiers = count(tierPolicies, 'cluster-wide one');
  return `${count(policies, 'policy', 'policies')} and ${tiers}`;
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

/** What a map says below its connections: what is closed, what nothing isolates, what is uncertain, what to ask next. */
function* closing(view: MapView, options: MapOptions, look: Look): Generator<string, void> {
  const sentences = [
    ...closedSentences(view, options),
    ...entranceSentences(view),
    ...openSentences(view),
    ...markSentences(view),
    ...notModelledSentences(view.answer.document.notModelled),
  ];
  yield '';
  for (const sentence of sentences) yield* wrap(sentence, look, '', '  ');
  for (const line of wrap(reminder, look)) yield look.quiet(line);
  const next = nextCommand(view, options, look);
  if (next !== undefined) {
    yield* wrap(next.question, look);
    yield look.command(`  ${next.command}`);
  }
}

/** The closing sentences of a map as plain text, for formats that set them themselves. */
export function sentencesOf(view: MapView, options: MapOptions): readonly string[] {
  return [
    ...closedSentences(view, options),
    ...entranceSentences(view),
    ...openSentences(view),
    ...markSentences(view),
    ...notModelledSentences(view.answer.document.notModelled),
    reminder,
  ];
}

function closedSentences(view: MapView, options: MapOptions): readonly string[] {
  const { summary, document } = view.answer;
  const parts: string[] = [];
  const nouns = nounsOf(document.level);
  // Of a focused map, the whole is what was asked about.
  const those = options.focused === true ? ` that ${summary.pairs === 1 ? 'was' : 'were'} asked about` : '';
  if (summary.closedPairs > 0) {
    const isAll = summary.closedPairs === summary.pairs;
    const of = isAll
      ? allOf(summary.pairs, 'pair', options.focused === true)
      : `${number(summary.closedPairs)} of ${those === '' ? '' : 'the '}${count(summary.pairs, 'pair')}`;
    parts.push(`${of} of ${nouns.many}${those}`);
  }
  // Only an unfocused map has asked about every source.
  const isWhole = options.focused !== true && view.clusterPeers > 0;
  if (isWhole && view.fromOutside.length === 0) parts.push('everything from the internet');
  const sentences: string[] = [];
  if (parts.length > 0) sentences.push(`Closed: ${parts.join(', and ')}.`);
  else if (summary.pairs > 0)
    sentences.push(
      summary.pairs === 1
        ? `Closed: not the one pair of ${nouns.many}${those}.`
        : `Closed: none of ${those === '' ? '' : 'the '}${count(summary.pairs, 'pair')} of ${nouns.many}${those}.`,
    );
  if (summary.fromOutside.length > 0) {
    const names = summary.fromOutside.map(view.names.short);
    const verb = names.length === 1 ? 'takes' : 'take';
    const who =
      names.length <= 3
        ? listed(names)
        : names.length === summary.workloads
          ? allOf(names.length, 'workload')
          : `${number(names.length)} of ${count(summary.workloads, 'workload')}`;
    sentences.push(`From outside: ${who} ${verb} connections from the internet.`);
  }
  return sentences;
}

function openSentences(view: MapView): readonly string[] {
  const { summary } = view.answer;
  const parts: string[] = [];
  for (const direction of ['ingress', 'egress'] as const) {
    const ids = summary.notIsolated[direction];
    if (ids.length === 0) continue;
    const whole = summary.workloads;
    const who =
      ids.length === whole && whole > 1
        ? allOf(whole, 'workload')
        : ids.length <= 4
          ? listed(ids.map(view.names.short))
          : `${number(ids.length)} of ${count(whole, 'workload')}`;
    parts.push(`${direction} of ${who}`);
  }
  return parts.length === 0 ? [] : [`Open by default, nothing isolates it: ${parts.join('; ')}.`];
}

/** `the one pair`, `both pairs`, `all 6 pairs`; with `definite` the last is `all of the 6 pairs`. */
function allOf(whole: number | bigint, noun: string, definite = false): string {
  if (whole === 1) return `the one ${noun}`;
  return whole === 2 ? `both ${noun}s` : `all ${definite ? 'of the ' : ''}${count(whole, noun)}`;
}

/** Corner 60, in words. */
const ambiguousSentence =
  'Ambiguous, and counted as closed: policies of equal priority disagree, and the implementation may apply any of them; podwall explain names them.';

/** The marks that stand in the table, in words. */
function markSentences(view: MapView): readonly string[] {
  const { connections, level } = view.answer.document;
  const sentences: string[] = [];
  if (connections.some(({ partial }) => partial === true)) {
    const unit = level === 'pod' ? 'pairs' : 'pairs of pods';
    sentences.push(`Partly: some ${unit} of the two ends may less; --level pod tells which.`);
  }
  const { ambiguousPairs = 0 } = view.answer.summary;
  if (connections.some(({ ambiguous }) => ambiguous === true)) sentences.push(ambiguousSentence);
  else if (connections.length === 0 && ambiguousPairs > 0)
    sentences.push(`${count(ambiguousPairs, 'pair')} of pods not counted. ${ambiguousSentence}`);
  const families = new Set(connections.map(({ family }) => family));
  families.delete(undefined);
  if (families.size > 0) {
    sentences.push(
      `${listed([...families].map(String))} only: the pair shares both address families, and the other may not use these ports.`,
    );
  }
  const hosts = view.peers.filter(({ hostNetwork }) => hostNetwork === true).map(nameIn(view));
  if (hosts.length > 0) {
    sentences.push(`On the host network, so what is said of it holds for its node: ${listed(hosts, 4)}.`);
  }
  return sentences;
}

function nameIn(view: MapView): (peer: MapPeer) => string {
  return (peer) => view.names.short(peer.id);
}

/** Larger maps are not searched for a pair worth asking about. */
const mostForNext = 100;

/** One obvious next question: why the likeliest missing connection is closed. */
function nextCommand(
  view: MapView,
  options: MapOptions,
  look: Look,
): { readonly question: string; readonly command: string } | undefined {
  if (options.command === undefined || options.focused === true) return undefined;
  const [closed] = view.answer.summary.closedEntrances;
  if (closed !== undefined && isHarmless(closed)) {
    return {
      question: `Why is ${closed} closed?`,
      command: `podwall explain ${closed} ${visible(options.command)}`.trimEnd(),
    };
  }
  const { level } = view.answer.document;
  if (level !== 'workload' && level !== 'pod') return undefined;
  const pair = likeliestMissing(view);
  if (pair === undefined) return undefined;
  const from = view.names.operand(pair.from.id);
  const to = view.names.operand(pair.to.id);
  if (![from, to].every(isHarmless)) return undefined;
  const names = `${view.names.short(pair.from.id)} ${look.signs.arrow} ${view.names.short(pair.to.id)}`;
  return {
    question: `Why is ${names} closed?`,
    command: `podwall explain ${from} ${to} ${visible(options.command)}`.trimEnd(),
  };
}

/** What would need quotes in a shell is not offered: names of the input need not be harmless. */
function isHarmless(operand: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(operand);
}

/**
 * A closed pair that people would expect open: its source is reached by someone, its destination by no one, which is how
 * a chain looks whose next link is missing.
 */
function likeliestMissing(view: MapView): { readonly from: MapPeer; readonly to: MapPeer } | undefined {
  if (view.clusterPeers > mostForNext) return undefined;
  const open = new Set<string>();
  const reached = new Set<string>();
  for (const { from, to } of view.inside) {
    const a = view.peers[from]?.id ?? '';
    const b = view.peers[to]?.id ?? '';
    open.add(JSON.stringify([a, b]));
    if (a !== b) reached.add(b);
  }
  const isOpen = (from: MapPeer, to: MapPeer): boolean => open.has(JSON.stringify([from.id, to.id]));
  const ends = view.peers.filter(
    ({ kind, pods }) => (kind === 'workload' || kind === 'pod') && (pods ?? 0) > 0,
  );
  let closed: { readonly from: MapPeer; readonly to: MapPeer } | undefined;
  for (const from of ends) {
    for (const to of ends) {
      if (from === to || isOpen(from, to)) continue;
      if (reached.has(from.id) && !reached.has(to.id) && !isOpen(to, from)) return { from, to };
      closed ??= { from, to };
    }
  }
  return closed;
}

function endSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
