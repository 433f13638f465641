import { unreachable } from '../errors.ts';
import type { Protocol } from '../net/index.ts';
import { tableLines } from './table.ts';
import { count, displayWidth, listed, lookOf, number, visible, wrap } from './text.ts';
import type { Look, RenderOptions } from './text.ts';

/** What `podwall lab verify -o json` prints: each connection that was tried, and whether the engine had said so. */
export interface LabReport {
  readonly apiVersion: 'podwall.dev/v1';
  readonly kind: 'LabReport';
  /** How many connections were tried. */
  readonly probes: number;
  /** How many of them were made, and how many were not. */
  readonly allowed: number;
  readonly denied: number;
  /** How many came out other than predicted. */
  readonly disagreements: number;
  /** How many of those that were not made were made when podwall's tables were out of the way. */
  readonly provenByRemoval: number;
  /** In what the tables of the nodes differ from those that were loaded, a text each. */
  readonly differences: readonly string[];
  /** All of them, in the order of the lab's ends. */
  readonly details: readonly LabReportEntry[];
}

/** One connection that was tried. */
export interface LabReportEntry {
  /** `shop/web-0`, `node/worker`, `203.0.113.7`. */
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly source: string;
  readonly destination: string;
  readonly predicted: 'allowed' | 'denied';
  readonly observed: 'allowed' | 'denied';
  readonly outcome: 'answered' | 'refused' | 'timedOut' | 'silent' | 'unreachable';
  /** Only where it was not made: whether it was without policies. */
  readonly provenByRemoval?: boolean;
  /** What is wrong in the kernel, where something is that explains a disagreement. */
  readonly cause?: string;
}

/** So many disagreements are told one by one, so many of one cause; JSON has all. */
const mostTold = 20;
const mostOfCause = 5;

/** What came of `podwall lab verify`, for people: the verdict, then each disagreement with its likely cause. */
export function renderLabReport(report: LabReport, options: RenderOptions): string {
  const look = lookOf(options);
  const { signs } = look;
  const wrong = report.details.filter(({ predicted, observed }) => predicted !== observed);
  const unproven = report.denied - report.provenByRemoval;
  const probes = count(report.probes, 'probe');
  const agree = `${probes}: the kernel agrees with the engine on all of them`;
  const lines: string[] = [];
  if (wrong.length > 0)
    lines.push(
      look.bad(
        `${signs.no} ${number(wrong.length)} of ${probes} ${wrong.length === 1 ? 'disagrees' : 'disagree'}.`,
      ),
    );
  else if (report.differences.length > 0)
    lines.push(look.bad(`${signs.no} ${agree}, but its tables are not those that were loaded.`));
  else if (unproven > 0) lines.push(look.doubtful(`${signs.unknown} ${agree}, which is not proven.`));
  else lines.push(look.good(`${signs.yes} ${agree}.`));
  const seen =
    unproven > 0 || report.denied === 0 ? '' : ', each denied one was seen to succeed without policies';
  lines.push(`  ${number(report.allowed)} allowed, ${number(report.denied)} denied${seen}.`);
  lines.push(...disagreementLines(wrong, look));
  lines.push(...differenceLines(report, wrong, look));
  if (unproven > 0) {
    const examples = report.details
      .filter(({ provenByRemoval }) => provenByRemoval === false)
      .map((entry) => connectionOf(entry, signs.arrow));
    const whole = `${number(unproven)} of ${number(report.denied)} denied did not succeed without policies either, so policies need not be the reason: ${listed(examples, 3)}.`;
    lines.push(...wrap(whole, look, '  '));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Whether all came out as predicted, each denial was proven, and the tables are those that were loaded. */
export function isLabProven({ disagreements, denied, provenByRemoval, differences }: LabReport): boolean {
  return disagreements === 0 && denied === provenByRemoval && differences.length === 0;
}

/** Those that one thing explains stand together, and what explains them below. */
function disagreementLines(wrong: readonly LabReportEntry[], look: Look): readonly string[] {
  const causes = Map.groupBy(wrong, ({ cause }) => cause);
  let left = mostTold;
  const lines = [...causes].flatMap(([cause, entries]) => {
    const shown = entries.slice(0, Math.min(left, causes.size === 1 ? left : mostOfCause));
    left -= shown.length;
    if (shown.length === 0) return [];
    const more = entries.length - shown.length;
    return [
      ...shown.map((entry) => entryLine(entry, look)),
      ...(more === 0 ? [] : [`  and ${number(more)} more`]),
      ...(cause === undefined ? [] : causeLines(visible(cause), look)),
    ];
  });
  return left > 0 ? lines : [...lines, '  -o json has all of them'];
}

/** What is wrong with the tables and has not been told as a cause. */
function differenceLines(
  { differences }: LabReport,
  wrong: readonly LabReportEntry[],
  look: Look,
): readonly string[] {
  const told = new Set(wrong.map(({ cause }) => cause));
  const left = differences.filter((difference) => !told.has(difference));
  if (left.length === 0) return [];
  const shown = left.slice(0, mostTold);
  const more = left.length - shown.length;
  return [
    ...(wrong.length === 0 ? [] : [`  ${look.signs.no} No connection that was tried shows:`]),
    ...shown.flatMap((difference) => causeLines(visible(difference), look)),
    ...(more === 0 ? [] : [`  and ${number(more)} more: -o json has all of them`]),
  ];
}

function entryLine(entry: LabReportEntry, look: Look): string {
  const how = {
    answered: '',
    refused: ' (refused)',
    timedOut: ' (timed out)',
    silent: ' (silent)',
    unreachable: ' (unreachable)',
  };
  return `  ${connectionOf(entry, look.signs.arrow)}    predicted ${entry.predicted}, observed ${entry.observed}${how[entry.outcome]}`;
}

/** The place behind the words stays whole, for terminals to make it clickable. */
function causeLines(cause: string, look: Look): readonly string[] {
  if (displayWidth(cause) + 4 <= look.prose) return [`    ${cause}`];
  const at = cause.lastIndexOf('  ');
  if (at < 0) return wrap(cause, look, '    ');
  return [...wrap(cause.slice(0, at), look, '    '), `      ${cause.slice(at + 2)}`];
}

function connectionOf({ from, to, protocol, port }: LabReportEntry, arrow: string): string {
  return `${visible(from)} ${arrow} ${visible(to)} ${protocol} ${port}`;
}

/** The document, a connection a line: there may be a million. */
export function* labReportJson({ details, ...head }: LabReport): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"details":[`;
  for (const [i, entry] of details.entries()) yield `${i === 0 ? '\n' : ',\n'}${JSON.stringify(entry)}`;
  yield `${details.length === 0 ? '' : '\n'}]}\n`;
}

/** A connection that `podwall lab probe` has tried. */
export type LabProbeResult = Omit<LabReportEntry, 'cause' | 'provenByRemoval'> & {
  /** The first line of the answer. */
  readonly answeredBy?: string;
};

/** What happened to a connection in each family, beside what had been said of it. */
export function renderLabProbe(
  tried: readonly LabProbeResult[],
  format: 'text' | 'json',
  options: RenderOptions,
): string {
  if (format === 'json') {
    const probes = tried.map(
      ({ from, to, protocol, port, source, destination, predicted, observed, outcome, answeredBy }) => ({
        from,
        to,
        protocol,
        port,
        source,
        destination,
        predicted,
        observed,
        outcome,
        ...(answeredBy === undefined ? {} : { answeredBy }),
      }),
    );
    return `${JSON.stringify({ apiVersion: 'podwall.dev/v1', kind: 'LabProbe', probes })}\n`;
  }
  const look = lookOf(options);
  const { signs } = look;
  return tried
    .flatMap((entry) => {
      const agrees = entry.predicted === entry.observed;
      const line = `${agrees ? signs.yes : signs.no} ${connectionOf(entry, signs.arrow)}: ${whatHappened(entry)}, as the engine ${agrees ? 'said' : 'did not say'}.`;
      const way = `  ${entry.source} ${signs.arrow} ${entry.destination}, predicted ${entry.predicted}, observed ${entry.observed}`;
      return [...wrap(line, look, '', '  ').map(agrees ? look.good : look.bad), ...wrap(way, look, '', '  ')];
    })
    .map((line) => `${line}\n`)
    .join('');
}

function whatHappened({ outcome, answeredBy }: LabProbeResult): string {
  switch (outcome) {
    case 'answered':
      return answeredBy === undefined ? 'it was answered' : `it was answered by ${visible(answeredBy)}`;
    case 'refused':
      return 'it came through, and nobody listens there';
    case 'timedOut':
      return 'nothing came back';
    case 'silent':
      return 'it was made, and then nothing came back';
    case 'unreachable':
      return 'there is no way there';
    default:
      return unreachable(outcome);
  }
}

/**
 * What a lab consists of, in one sentence, and below what of it was put right; with a time, as a stage of something longer.
 */
export function labSummary(
  summary: {
    readonly nodes: number;
    readonly pods: number;
    readonly services: number;
    readonly ingresses: number;
    readonly gateways: number;
    readonly routes: number;
    readonly tls: boolean;
    readonly repaired: readonly string[];
  },
  lab: string | undefined,
  what: string,
  options: RenderOptions,
  tookMs?: number,
): string {
  const look = lookOf(options);
  const parts = [count(summary.nodes, 'node'), count(summary.pods, 'pod')];
  if (summary.services > 0) parts.push(count(summary.services, 'Service'));
  const tls = summary.tls ? ' with TLS' : '';
  if (summary.ingresses > 0) parts.push(`${count(summary.ingresses, 'Ingress', 'Ingresses')}${tls}`);
  if (summary.gateways > 0) parts.push(`${count(summary.gateways, 'Gateway')}${tls}`);
  if (summary.routes > 0) parts.push(`${count(summary.routes, 'Route')}${tls}`);
  if (lab === undefined) return `${what}   ${parts.join(', ')}    ${((tookMs ?? 0) / 1000).toFixed(1)} s\n`;
  const { repaired } = summary;
  const shown = repaired.slice(0, mostTold);
  return [
    `${look.signs.yes} The lab ${lab} ${what}: ${listed(parts)}.`,
    ...(repaired.length === 0 ? [] : ['  Put right, for somebody had changed it by hand:']),
    ...shown.flatMap((text) => causeLines(visible(text), look)),
    ...(repaired.length === shown.length ? [] : [`  and ${number(repaired.length - shown.length)} more`]),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** What `podwall lab status` shows of a lab. */
export interface LabStatusView {
  readonly lab: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly inputs: readonly string[];
  readonly residentBytes: number;
  readonly sockets: number;
  readonly nodes: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly addresses: readonly string[];
    readonly pods: number;
    readonly generation: number;
  }[];
  readonly pods: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly node: string;
    readonly addresses: readonly string[];
    readonly ports: readonly string[];
  }[];
  readonly services: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

/** A lab that runs: its nodes, pods and Services with their addresses. */
export function renderLabStatus(
  status: LabStatusView,
  format: 'table' | 'json',
  options: RenderOptions,
): string {
  if (format === 'json')
    return `${JSON.stringify({ apiVersion: 'podwall.dev/v1', kind: 'LabStatus', ...status })}\n`;
  const look = lookOf(options);
  const { nodes, pods, services } = status;
  const lines = [
    ...wrap(
      `The lab ${status.lab} is up since ${status.startedAt}: process ${status.pid}, ${Math.round(status.residentBytes / 2 ** 20)} MiB, ${count(status.sockets, 'socket')}.`,
      look,
    ),
    '',
    ...tableLines(
      [{ title: 'NODE' }, { title: 'ADDRESSES' }, { title: 'PODS', align: 'right' }, { title: 'NAMESPACE' }],
      nodes.map((node) => [
        visible(node.name),
        node.addresses.join(' '),
        number(node.pods),
        visible(node.namespace),
      ]),
      look,
    ),
    '',
    ...tableLines(
      [{ title: 'POD' }, { title: 'NODE' }, { title: 'ADDRESSES' }, { title: 'NAMESPACE' }],
      pods.map((pod) => [
        visible(pod.name),
        visible(pod.node),
        pod.addresses.join(' '),
        visible(pod.namespace),
      ]),
      look,
    ),
  ];
  if (services.length > 0) {
    lines.push(
      '',
      ...tableLines(
        [{ title: 'SERVICE' }, { title: 'ADDRESSES' }],
        services.map(({ name, addresses }) => [visible(name), addresses.join(' ')]),
        look,
      ),
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}
