import type { MapAnswer, MapPeer, MapSummary } from '../reach/index.ts';
import { entranceSentences } from './entrances.ts';
import { nounsOf, type MapView } from './map-lines.ts';
import { notModelledSentences } from './not-modelled.ts';
import {
  count,
  listed,
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

/** What a map says below its connections: what is closed, what nothing isolates, what is uncertain, what to ask next. */
export function* closing(view: MapView, options: MapOptions, look: Look): Generator<string, void> {
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
