import { exposureKinds } from '../exposure/index.ts';
import type { Exposed, Exposure, ExposureAnswer, ExposureReason, Witness } from '../exposure/index.ts';
import type { Direction } from '../model/index.ts';
import type { ExposureOptions } from './exposure.ts';
import { closedText, coverageText, kindText, narrowedTexts, peerText, usableText } from './exposure-words.ts';
import { briefId } from './names.ts';
import { notModelledSentences } from './not-modelled.ts';
import { tableLines } from './table.ts';
import { count, listed, lookOf, number, reminder, visible, wrap } from './text.ts';
import type { Look } from './text.ts';

/** Lines of one section of the answer about a whole cluster. */
const mostRows = 30;
/** Workloads that are named in one cell. */
const mostWorkloads = 3;

const directions = ['ingress', 'egress'] as const;

/** An exposure for people: of named workloads one by one, else of all by whom they are exposed to. */
export function* exposureTable(answer: ExposureAnswer, options: ExposureOptions): Generator<string, void> {
  const look = lookOf(options);
  const { document } = answer;
  if (look.headers) {
    const { workloads, pods } = document.coverage;
    yield* wrap(
      `${count(workloads, 'workload')}, ${count(pods, 'pod')}; ${coverageText(document.coverage)}`,
      look,
    );
  }
  if (options.named === true) yield* each(answer, look);
  else yield* grouped(answer, look);
  if (look.headers && options.brief !== true) yield* closing(answer, options, look);
}

// The whole cluster --------------------------------------------------------------------------------------------------

interface Row {
  /** Place of its kind in `exposureKinds`; -1 for what nothing isolates. */
  readonly rank: number;
  readonly peer: string;
  readonly ports: string;
  readonly workloads: Set<string>;
  /** Whether policies of namespaces take some of the peers away. */
  isNarrowed: boolean;
}

function* grouped(answer: ExposureAnswer, look: Look): Generator<string, void> {
  const { exposures } = answer.document;
  for (const direction of directions) {
    const own = exposures.filter((exposure) => exposure.direction === direction);
    if (own.length === 0) continue;
    if (look.headers) yield '';
    const rows = rowsOf(own);
    const shown = firstOf(rows);
    const title = direction === 'ingress' ? 'WHO COULD REACH THEM' : 'WHOM THEY COULD REACH';
    yield* tableLines(
      [
        { title, keeps: [34] },
        { title: 'PORTS', keeps: [16] },
        { title: 'WORKLOADS', keeps: [24, 16] },
      ],
      shown.map((row) => [row.peer + (row.isNarrowed ? ' *' : ''), row.ports, workloadsText(row)]),
      look,
    );
    if (shown.length < rows.length) {
      yield* wrap(
        `${look.signs.ellipsis} ${moreText(rows, shown)}: name a workload, or use -n or -l`,
        look,
        '',
        '  ',
      );
    }
    const nobody = own.filter(({ peers }) => peers.length === 0);
    if (nobody.length > 0 && look.headers) {
      const workloads = new Set(nobody.flatMap((exposure) => exposure.workloads));
      const what = direction === 'ingress' ? 'Nobody could reach' : 'Nobody could be reached from';
      yield* wrap(`${what} ${named([...workloads])}.`, look);
    }
    const isAmbiguous = own.some(({ peers }) => peers.some(({ ambiguous }) => ambiguous === true));
    if (isAmbiguous && look.headers) {
      yield* wrap(
        'Ambiguous: policies of equal priority disagree, and any of them may be applied; name a workload to see which.',
        look,
      );
    }
    if (shown.some(({ isNarrowed }) => isNarrowed) && look.headers) {
      const other = direction === 'ingress' ? 'egress' : 'ingress';
      yield* wrap(
        `* But for pods in some namespaces, where ${other} policies close it; name a workload to see which.`,
        look,
      );
    }
  }
}

/** Few enough lines to read: of each kind of peer its first, and what is left of the room for the widest kinds. */
function firstOf(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= mostRows + 1) return rows;
  const byRank = [...Map.groupBy(rows, ({ rank }) => rank).values()];
  const each = Math.floor(mostRows / byRank.length);
  let left = mostRows - byRank.reduce((sum, { length }) => sum + Math.min(length, each), 0);
  return byRank.flatMap((own) => {
    const more = Math.max(0, Math.min(own.length - each, left));
    left -= more;
    return own.slice(0, each + more);
  });
}

/** `412 more lines (300 of public addresses, 112 of nodes)`. */
function moreText(rows: readonly Row[], shown: readonly Row[]): string {
  const counts = new Map<number, number>();
  for (const { rank } of rows) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  for (const { rank } of shown) counts.set(rank, counts.get(rank)! - 1);
  const kinds = [...counts].filter(([, left]) => left > 0);
  const texts = kinds.map(([rank, left]) => `${number(left)} of ${kindText(exposureKinds[rank]!)}`);
  return `${count(rows.length - shown.length, 'more line')} (${texts.join('; ')})`;
}

/** What nothing isolates stands in one line; the others by peer and ports, the widest first. */
function rowsOf(exposures: readonly Exposure[]): readonly Row[] {
  const rows = new Map<string, Row>();
  const add = (
    rank: number,
    peer: string,
    ports: string,
    workloads: readonly string[],
    isNarrowed: boolean,
  ): void => {
    const key = `${peer}\u0001${ports}`;
    let row = rows.get(key);
    if (row === undefined) rows.set(key, (row = { rank, peer, ports, workloads: new Set(), isNarrowed }));
    row.isNarrowed ||= isNarrowed;
    for (const workload of workloads) row.workloads.add(workload);
  };
  for (const exposure of exposures) {
    if (isOpen(exposure)) {
      const isNarrowed = exposure.peers.some(isNarrowedPeer);
      const why = exposure.hostNetwork === true ? 'on the host network' : 'nothing isolates';
      add(-1, `everyone (${why})`, 'all', exposure.workloads, isNarrowed);
      for (const peer of exposure.peers) {
        if (peer.kind === 'entry') add(rankOf(peer), peerText(peer), usableText(peer), peer.workloads, false);
      }
      continue;
    }
    for (const peer of exposure.peers) {
      const workloads = peer.kind === 'entry' ? peer.workloads : exposure.workloads;
      add(rankOf(peer), peerText(peer), usableText(peer), workloads, isNarrowedPeer(peer));
    }
  }
  const sorted = [...rows.values()].sort((a, b) => a.rank - b.rank || b.workloads.size - a.workloads.size);
  return withEverybody(sorted);
}

/** A rule for every peer lets the internet and any pod through: of the same workloads that is one line. */
function withEverybody(rows: readonly Row[]): readonly Row[] {
  const [internet, anyPod] = [exposureKinds.indexOf('internet'), exposureKinds.indexOf('any-pod')];
  const keyOf = ({ ports, workloads }: Row): string => [ports, ...[...workloads].sort()].join('\u0001');
  const pods = new Map(rows.filter(({ rank }) => rank === anyPod).map((row) => [keyOf(row), row]));
  const joined = new Set<Row>();
  const all = rows.map((row) => {
    const other = row.rank === internet ? pods.get(keyOf(row)) : undefined;
    if (other === undefined || joined.has(other)) return row;
    joined.add(other);
    return { ...row, peer: `${row.peer}, ${other.peer}`, isNarrowed: other.isNarrowed };
  });
  return all.filter((row) => !joined.has(row));
}

function rankOf({ exposure }: Exposed): number {
  return exposureKinds.indexOf(exposure);
}

/** Whether nothing is said of the pods, neither by policies that isolate them nor by cluster-wide ones of either side. */
function isOpen({ isolated, tiers, peers }: Exposure): boolean {
  const isEverybody = peers.some(({ exposure, allowed }) => exposure === 'any-pod' && allowed === 'all');
  return !isolated && tiers === undefined && isEverybody;
}

function isNarrowedPeer(peer: Exposed): boolean {
  return peer.kind === 'pods' && peer.namespaces.closedByOwn + peer.namespaces.partlyByOwn > 0;
}

function workloadsText({ workloads }: Row): string {
  const all = [...workloads];
  return all.length <= mostWorkloads
    ? named(all)
    : `${number(all.length)}: ${all.slice(0, 2).map(briefId).join(', ')} …`;
}

function named(workloads: readonly string[]): string {
  return listed(workloads.map(briefId), mostWorkloads);
}

// Workloads one by one -----------------------------------------------------------------------------------------------

function* each(answer: ExposureAnswer, look: Look): Generator<string, void> {
  for (const exposure of answer.document.exposures.toSorted(byWorkload)) {
    yield '';
    yield* section(exposure, answer, look);
  }
}

function byWorkload(a: Exposure, b: Exposure): number {
  const [first = ''] = a.workloads;
  const [other = ''] = b.workloads;
  if (first !== other) return first < other ? -1 : 1;
  return directions.indexOf(a.direction) - directions.indexOf(b.direction);
}

function* section(exposure: Exposure, answer: ExposureAnswer, look: Look): Generator<string, void> {
  const { direction, isolated, policies, peers } = exposure;
  if (look.headers) {
    const some = exposure.partial === true ? 'some pods of ' : '';
    const bound = exposure.tiers === undefined ? '' : `bound by ${listed(exposure.tiers.map(visible), 4)}`;
    const isolating = isolated ? `isolated by ${listed(policies.map(visible), 4)}` : '';
    const state =
      isolated || bound !== ''
        ? [bound, isolating].filter((each) => each !== '').join(', ')
        : exposure.hostNetwork === true
          ? 'on the host network, where no policy binds it'
          : 'no policy isolates it';
    yield* wrap(`${look.heading(`${direction} of ${some}${named(exposure.workloads)}`)}: ${state}`, look);
  }
  const title = direction === 'ingress' ? 'WHO COULD REACH IT' : 'WHOM IT COULD REACH';
  if (peers.length > 0) {
    const rows = peers.map((peer) => [
      peerText(peer),
      usableText(peer),
      reasonText(peer.because, direction, answer),
    ]);
    const hasReasons = rows.some(([, , because]) => because !== '');
    yield* tableLines(
      [
        { title, keeps: [34] },
        { title: 'PORTS', keeps: [16] },
        ...(hasReasons ? [{ title: 'BECAUSE OF', keeps: [19, 12] }] : []),
      ],
      hasReasons ? rows : rows.map((row) => row.slice(0, 2)),
      look,
      2,
    );
  }
  for (const peer of peers) {
    const narrowed = narrowedTexts(peer, direction);
    for (const text of narrowed) yield* wrap(`${peerText(peer)}: ${text}`, look, '  ', '    ');
  }
  for (const closed of exposure.closed) yield* wrap(closedText(closed, direction), look, '  ', '    ');
  const example = peers.find(
    ({ witness, ambiguous }) => witness.kind === 'pod' && ambiguous !== true,
  )?.witness;
  if (isolated && example !== undefined)
    yield* wrap(`For example ${witnessText(example)}.`, look, '  ', '    ');
}

function reasonText(
  reasons: readonly ExposureReason[],
  direction: Direction,
  answer: ExposureAnswer,
): string {
  const [first] = reasons;
  if (first === undefined) return '';
  const { file, line } = answer.place(first, direction);
  const more = reasons.length > 1 ? ` +${reasons.length - 1}` : '';
  return `${visible(first.policy)}, rule ${first.rule + 1}${more}  ${visible(file)}:${line}`;
}

function witnessText(witness: Witness): string {
  if (witness.kind !== 'pod') return '';
  const labels = (all: Readonly<Record<string, string>>): string =>
    Object.entries(all)
      .map(([key, value]) => `${visible(key)}=${visible(value)}`)
      .join(',');
  const own =
    Object.keys(witness.labels).length === 0
      ? 'a pod without labels'
      : `a pod with ${labels(witness.labels)}`;
  const isNew = witness.namespaceLabels !== undefined;
  const marked =
    isNew && Object.keys(witness.namespaceLabels).length > 0
      ? ` with ${labels(witness.namespaceLabels)}`
      : '';
  const where = `in ${isNew ? 'a new namespace' : 'namespace'} ${visible(witness.namespace)}${marked}`;
  const at = witness.address === undefined ? '' : ` at ${witness.address}`;
  const port =
    witness.protocol === undefined ? 'a protocol of another name' : `${witness.protocol} ${witness.port}`;
  const name =
    witness.portNames === undefined ? '' : `, which it calls ${witness.portNames.map(visible).join(' and ')}`;
  return `${own} ${where}${at}, on ${port}${name}`;
}

// Behind the answer --------------------------------------------------------------------------------------------------

function* closing(answer: ExposureAnswer, options: ExposureOptions, look: Look): Generator<string, void> {
  const { document } = answer;
  yield '';
  if (options.named !== true) {
    for (const direction of directions) {
      const open = document.notIsolated[direction];
      if (open.length > 0) yield* wrap(`No policy isolates ${direction} of ${named(open)}.`, look);
    }
  }
  const isAddressed = document.exposures.some(
    ({ isolated, peers }) => isolated && peers.some(({ kind }) => kind === 'ip'),
  );
  if (isAddressed && document.profile !== 'np-guard') {
    yield* wrap('Addresses stand for pods too that get one of them.', look);
  }
  for (const text of document.undecided)
    yield* wrap(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`, look);
  for (const text of notModelledSentences(document.notModelled)) yield* wrap(text, look, '', '  ');
  yield* wrap(reminder, look);
  const isolated = document.exposures.filter((exposure) => exposure.isolated);
  const [first] =
    (isolated.find(({ direction, peers }) => direction === 'ingress' && peers.length > 0) ?? isolated[0])
      ?.workloads ?? [];
  if (options.named !== true && options.command !== undefined && first !== undefined) {
    yield 'One workload in full:';
    yield look.command(`  podwall exposure ${briefId(first)} ${options.command}`);
  }
}
