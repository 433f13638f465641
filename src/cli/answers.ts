import process from 'node:process';
import { matches } from '../model/index.ts';
import type { Cluster, Diagnostic, LabelSelector } from '../model/index.ts';
import { compile } from '../policy/index.ts';
import type { CompiledPolicy, ProfileName } from '../policy/index.ts';
import * as reach from '../reach/index.ts';
import type { Explanation, Level, MapAnswer, MapQuery } from '../reach/index.ts';
import {
  comparisonFormats,
  listFormats,
  npGuardAmbiguous,
  npGuardFormats,
  npGuardList,
  renderCount,
  renderExplanation,
  renderNotModelled,
  renderVerdict,
  streamComparison,
  streamList,
  streamMap,
  streamOverview,
} from '../render/index.ts';
import type {
  CountFormat,
  ExplanationFormat,
  MapFormat,
  MapOptions,
  RenderOptions,
} from '../render/index.ts';
import { unreachable } from '../errors.ts';
import { controllersOf } from './controllers.ts';
import { exitCode, UsageError } from './exit.ts';
import { endOfFlag, filledEndOf, isDocument, portsOf, readCluster, report } from './input.ts';
import type { Input } from './input.ts';
import type { InputFlags, MapFlags } from './program.ts';
import { parseSelector } from './selector.ts';
import { colorFor, complain, errorWidth, outputWidth, print } from './terminal.ts';

/**
 * `podwall map`.
 *
 * @throws UsageError when the question cannot be answered as it was asked
 */
export async function map(paths: readonly string[], flags: MapFlags): Promise<number> {
  const selector = flags.selector === undefined ? undefined : parseSelector(flags.selector);
  refuseWithNpGuard(flags);
  if (flags.compareProfiles !== undefined) return compare(flags.compareProfiles, paths, flags, selector);
  if (flags.count === true) refuseWithCount(flags);
  const read = await readCluster(flags, paths, 'map -');
  const policy = compile(read.cluster, profileOf(flags));
  const query = queryOf(flags, read, selector);
  // What the profile does not know is a finding that the answer carries along, as those of the reading.
  const found = [
    ...read.diagnostics,
    ...reach.profileDiagnostics(policy, flags.count === true ? 'counts' : query),
  ];
  // The answers carry these findings by themselves; people and the exit code need them too.
  const told = [
    ...reach.undecidedDiagnostics(policy),
    ...(flags.count === true ? [] : reach.entranceDiagnostics(read.cluster, query.controllers)),
  ];
  const input = { ...read, diagnostics: [...found, ...told] };
  before(input, flags);
  if (flags.count === true) {
    const document = reach.count(policy, found);
    await print(renderCount(document, flags.output as CountFormat, lookOf(flags)));
  } else {
    const format = listFormats.find((each) => each === flags.output);
    const options = {
      ...lookOf(flags),
      explain: flags.explain === true,
      focused: narrowingFlags(flags).length > 0,
      ...(input.command === undefined || flags.quiet === true ? {} : { command: input.command }),
    };
    // However many connections there are, in lists they are written as they are found.
    const text =
      format === undefined
        ? forPeople(policy, { ...query, diagnostics: found }, flags, options, read.cluster)
        : streamList(reach.streamedMap(policy, { ...query, diagnostics: found }), format, options);
    await print(text);
  }
  after(input, flags);
  return closing(exitCode.yes, input.diagnostics, false, flags);
}

/** `podwall map --compare-profiles`: exit code 1 where the answers differ. */
async function compare(
  names: readonly [ProfileName, ProfileName],
  paths: readonly string[],
  flags: MapFlags,
  selector: LabelSelector | undefined,
): Promise<number> {
  const format = comparisonFormats.find((each) => each === flags.output);
  if (format === undefined)
    throw new UsageError(
      `--compare-profiles has no format ${flags.output}`,
      'its formats are table and json',
    );
  const [flag] = [
    ...(flags.profile === undefined ? [] : ['--profile']),
    ...(flags.count === undefined ? [] : ['--count']),
    ...(flags.explain === undefined ? [] : ['--explain']),
  ];
  if (flag !== undefined) throw new UsageError(`--compare-profiles and ${flag} exclude each other`);
  const read = await readCluster(flags, paths, `map - --compare-profiles ${names.join(',')}`);
  const comparison = comparedOf(read, names, queryOf(flags, read, selector));
  const input = { ...read, diagnostics: comparison.diagnostics };
  before(input, flags);
  await print(streamComparison(comparison, format, lookOf(flags)));
  after(input, flags);
  const own = comparison.differences.length > 0 ? exitCode.no : exitCode.yes;
  return closing(own, comparison.diagnostics, false, flags);
}

function comparedOf(
  { cluster }: Input,
  names: readonly [ProfileName, ProfileName],
  query: MapQuery,
): reach.ProfileComparison {
  try {
    return reach.compareProfiles(cluster, names, query);
  } catch (error) {
    if (!(error instanceof reach.MapTooLargeError)) throw error;
    throw new UsageError(
      error.message,
      'compare less of it with --level namespace, -n, --from, --to or --port',
    );
  }
}

/** A table of more connections than these would be read by nobody: it is told in lines that stand for many. */
const mostInTable = 200_000;

/** A map in a format that people read, or that is drawn whole. */
function forPeople(
  policy: CompiledPolicy,
  query: MapQuery,
  flags: MapFlags,
  options: MapOptions,
  cluster: Cluster,
): Iterable<string> {
  if (flags.output === 'table') {
    const answer = reach.readableMap(policy, query, mostInTable);
    return answer.kind === 'overview'
      ? streamOverview(answer.overview, options)
      : streamMap(toldEmpty(answer.map, query, flags, cluster), 'table', options);
  }
  try {
    const npGuard = npGuardFormats.find((each) => each === flags.output);
    if (npGuard !== undefined) {
      const answer = reach.map(policy, query);
      if (flags.quiet !== true) complain(ambiguousWarning(npGuardAmbiguous(answer)));
      return npGuardList(answer, npGuard, cluster, policy.profile);
    }
    const answer = toldEmpty(reach.map(policy, query), query, flags, cluster);
    return streamMap(answer, flags.output as MapFormat, options);
  } catch (error) {
    if (!(error instanceof reach.MapTooLargeError)) throw error;
    throw new UsageError(
      error.message,
      'see less of it with --level namespace, -n, --from, --to or --port, as a table, or all of it with -o json or csv',
    );
  }
}

/** A list without word for what is ambiguous would leave it out in silence. */
function ambiguousWarning(left: number): string {
  if (left === 0) return '';
  const what =
    left === 1
      ? '1 connection is ambiguous and not listed'
      : `${left.toLocaleString('en')} connections are ambiguous and not listed`;
  return `warning: ${what}: policies of equal priority disagree, and this format has no word for it; -o json has ${left === 1 ? 'it' : 'them'}\n`;
}

/** An empty answer, with the flag that nothing of the input matches, where there is one. */
function toldEmpty(answer: MapAnswer, query: MapQuery, flags: MapFlags, cluster: Cluster): MapAnswer {
  if (answer.summary.emptyBecause === undefined || cluster.pods.length === 0) return answer;
  const why = unmatchedFlag(query, flags, cluster);
  return why === undefined ? answer : { ...answer, summary: { ...answer.summary, emptyBecause: why } };
}

/** What is wrong with a flag that narrows a map to nothing, in one sentence without final full stop. */
function unmatchedFlag(query: MapQuery, flags: MapFlags, cluster: Cluster): string | undefined {
  const { selector, namespace, ports } = query;
  if (selector !== undefined && !cluster.pods.some(({ labels }) => matches(selector, labels))) {
    return `--selector ${flags.selector} matches no pod of the input`;
  }
  if (namespace !== undefined && !cluster.pods.some((pod) => pod.namespace === namespace)) {
    return `--namespace ${namespace} has no pods`;
  }
  for (const flag of ['from', 'to', 'peer'] as const) {
    const ends = query[flag] ?? [];
    const isNobody = ends.every(
      (end) => (end.kind === 'pods' || end.kind === 'service') && end.pods.length === 0,
    );
    if (ends.length > 0 && isNobody)
      return `--${flag} ${ends.map(({ name }) => name).join(', ')} has no pods`;
  }
  // The ports of a Service have names of their own.
  const isOfService = [...(query.to ?? []), ...(query.peer ?? [])].some(({ kind }) => kind === 'service');
  if (ports === undefined || isOfService) return undefined;
  const names = new Set(cluster.pods.flatMap((pod) => pod.ports.map(({ name }) => name)));
  return ports.every((port) => port.kind === 'named' && !names.has(port.name))
    ? `--port ${flags.port?.join(',')}: no pod of the input declares a port of that name`
    : undefined;
}

/** That tool's formats know workloads and connections, and nothing else. */
function refuseWithNpGuard(flags: MapFlags): void {
  if (!npGuardFormats.some((each) => each === flags.output)) return;
  if (flags.level !== undefined && flags.level !== 'workload')
    throw new UsageError(
      `-o ${flags.output} lists workloads, so --level ${flags.level} has no meaning with it`,
    );
  if (flags.explain === true)
    throw new UsageError(`-o ${flags.output} has no place for reasons`, 'map --explain -o json has them');
}

/** `map --count` speaks of the whole cluster: a flag that it would have to overlook is refused. */
function refuseWithCount(flags: MapFlags): void {
  if (!['table', 'json', 'yaml'].includes(flags.output)) {
    throw new UsageError(`--count has no format ${flags.output}`, 'its formats are table, json and yaml');
  }
  const [flag] = [
    ...narrowingFlags(flags),
    ...(flags.level === undefined ? [] : ['--level']),
    ...(flags.explain === undefined ? [] : ['--explain']),
  ];
  if (flag !== undefined) {
    throw new UsageError(`--count counts the pods of the whole input, so ${flag} has no meaning with it`);
  }
}

/** The flags that were given of those that narrow a map. */
function narrowingFlags(flags: MapFlags): string[] {
  const values = {
    '--namespace': flags.allNamespaces === true ? undefined : flags.namespace,
    '--selector': flags.selector,
    '--from': flags.from,
    '--to': flags.to,
    '--peer': flags.peer,
    '--port': flags.port,
    '--direction': flags.direction,
  };
  return Object.entries(values).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
}

function queryOf(flags: MapFlags, input: Input, selector: LabelSelector | undefined): MapQuery {
  const { diagnostics } = input;
  const ends = (flag: string, texts: readonly string[]): readonly reach.End[] =>
    texts.map((text) => endOfFlag(input, flag, text, flags));
  return {
    level: levelOf(flags.level ?? 'workload'),
    diagnostics,
    ...(flags.from === undefined ? {} : { from: ends('--from', flags.from) }),
    ...(flags.to === undefined ? {} : { to: ends('--to', flags.to) }),
    ...(flags.peer === undefined ? {} : { peer: ends('--peer', flags.peer) }),
    ...(flags.port === undefined ? {} : { ports: flags.port.flatMap(portsOf) }),
    ...(flags.direction === undefined ? {} : { direction: flags.direction }),
    ...(flags.namespace === undefined || flags.allNamespaces === true ? {} : { namespace: flags.namespace }),
    ...(selector === undefined ? {} : { selector }),
    ...(flags.explain === undefined ? {} : { explain: flags.explain }),
    controllers: controllersOf(input, flags),
  };
}

function levelOf(text: string): Level {
  switch (text) {
    case 'pod':
    case 'workload':
    case 'namespace':
      return { kind: text };
    default:
      return { kind: 'label', key: text.slice('label='.length) };
  }
}

/**
 * `podwall explain FROM [TO[:PORT]] [PORT]`.
 *
 * @throws UsageError when the question cannot be answered as it was asked
 */
export async function explain(operands: readonly string[], flags: InputFlags): Promise<number> {
  const question = questionOf(operands);
  const input = withEntrance(
    question,
    await readCluster(flags, [], `explain ${operands.join(' ')} -f -`),
    flags,
  );
  const explanation = ask(question, input, flags, true);
  before(input, flags);
  await print(renderExplanation(explanation, flags.output as ExplanationFormat, lookOf(flags)));
  after(input, flags);
  // Of one end there is no verdict, but of an entrance.
  const own = explanation.to === undefined ? exitCode.yes : verdictCode(explanation);
  return closing(own, input.diagnostics, isUncertain(explanation), flags);
}

/**
 * `podwall can FROM TO PORT`.
 *
 * @throws UsageError when the question cannot be answered as it was asked
 */
export async function can(operands: readonly string[], flags: InputFlags): Promise<number> {
  const question = questionOf(operands);
  if (question.ports === undefined) {
    throw new UsageError(
      'PORT is missing',
      `for the ports that are open: podwall explain ${operands.join(' ')}`,
    );
  }
  const input = withEntrance(question, await readCluster(flags, [], `can ${operands.join(' ')} -f -`), flags);
  const explanation = ask(question, input, flags, false);
  before(input, flags);
  // One line: what is only worth knowing is left to explain.
  await print(renderVerdict(explanation, flags.output as ExplanationFormat, lookOf(flags)));
  // What makes the exit code another than the line lets expect is said even to those who want it quiet.
  if (!isDocument(flags)) complain(renderNotModelled(explanation.notModelled, lookOfErrors(flags)));
  return closing(verdictCode(explanation), input.diagnostics, isUncertain(explanation), flags);
}

interface Question {
  readonly from: string;
  readonly to: string | undefined;
  readonly ports: readonly reach.PortQuery[] | undefined;
}

/** Reads FROM [TO[:PORT]] [PORT]: before any file is opened, so that a slip is told at once. */
function questionOf([source = '', destination, third]: readonly string[]): Question {
  const from = reach.splitTarget(source);
  if (from.port !== undefined) {
    throw new UsageError(
      `"${source}" has a port, and FROM is where connections start`,
      'the port is that of TO: podwall explain FROM TO:PORT',
    );
  }
  if (destination === undefined) return { from: from.end, to: undefined, ports: undefined };
  const to = reach.splitTarget(destination);
  if (to.port !== undefined && third !== undefined) {
    throw new UsageError(`the port is named twice: ${destination} and ${third}`);
  }
  const port = to.port ?? third;
  return { from: from.end, to: to.end, ports: port === undefined ? undefined : portsOf(port) };
}

/** An input with what is wrong with the entrance that is asked about: a backend that is not there is no policy's doing. */
function withEntrance({ from }: Question, input: Input, flags: InputFlags): Input {
  const end = filledEndOf(input, from, flags);
  if (end.kind !== 'entry') return input;
  const { ref, ways } = end.entry;
  const routes = new Set(ways.map(({ route }) => route));
  // Also those that mean this Gateway, and that it does not take.
  for (const { ref: own, parents } of input.cluster.entrances.gatewayRoutes) {
    const isMeant = parents.some(
      ({ kind, namespace, name }) => kind === ref.kind && namespace === ref.namespace && name === ref.name,
    );
    if (isMeant) routes.add(`${own.kind} ${own.namespace}/${own.name}`);
  }
  const found = reach.entranceDiagnostics(input.cluster, controllersOf(input, flags)).filter(
    ({ code, severity, object }) =>
      // Of the notes, that it is not known where the entrance leads: without it, nowhere would look like a fact.
      (severity === 'warning' || code === 'backend-not-followed') &&
      object !== undefined &&
      ((object.kind === ref.kind && object.namespace === ref.namespace && object.name === ref.name) ||
        routes.has(`${object.kind} ${object.namespace}/${object.name}`)),
  );
  return { ...input, diagnostics: [...input.diagnostics, ...found] };
}

function ask(question: Question, input: Input, flags: InputFlags, nearest: boolean): Explanation {
  const { cluster, diagnostics } = input;
  const from = filledEndOf(input, question.from, flags);
  const to = question.to === undefined ? undefined : filledEndOf(input, question.to, flags);
  const query = {
    from,
    ...(to === undefined ? {} : { to }),
    ...(question.ports === undefined ? {} : { ports: question.ports }),
    diagnostics,
    nearest,
    controllers: controllersOf(input, flags),
  };
  return reach.explainCluster(cluster, query, profileOf(flags));
}

/** What was found wrong with the input, in front of an answer that people read. */
function before(input: Input, flags: InputFlags): void {
  if (!isDocument(flags) && report(input, ['error', 'warning'], flags)) complain('\n');
}

/** What is worth knowing about the input, behind the answer. */
function after(input: Input, flags: InputFlags): void {
  if (!isDocument(flags)) report(input, ['note'], flags, '\n');
}

/** The answer's own exit code, were the input complete. */
function verdictCode({ verdict }: Explanation): number {
  switch (verdict) {
    case 'allowed':
      return exitCode.yes;
    // Where nobody can tell, the answer is at least not yes.
    case 'unknown':
    case 'ambiguous':
    case 'denied':
    case 'partly':
      return exitCode.no;
    default:
      return unreachable(verdict);
  }
}

/** Whether labels that files cannot tell, or objects that are not modelled, may change the answer. */
function isUncertain({ verdict, notModelled }: Explanation): boolean {
  return (
    verdict === 'unknown' || verdict === 'ambiguous' || notModelled.some(({ affects }) => affects.length > 0)
  );
}

/** The exit code, with a word about what is missing where people read. */
function closing(
  own: number,
  diagnostics: readonly Diagnostic[],
  isOpen: boolean,
  flags: InputFlags,
): number {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const allowed = flags.allowIncomplete === true;
  if (errors > 0 && !isDocument(flags)) {
    const what = `Incomplete: ${errors.toLocaleString('en')} ${errors === 1 ? 'error' : 'errors'} in the input, see above.`;
    complain(
      `\n${what} ${allowed ? '--allow-incomplete was given.' : `Exit code ${exitCode.incomplete}.`}\n`,
    );
  }
  return (errors > 0 || isOpen) && !allowed ? exitCode.incomplete : own;
}

function profileOf({ profile }: InputFlags): { readonly profile?: ProfileName } {
  return profile === undefined ? {} : { profile };
}

/** The look of standard error. */
function lookOfErrors(flags: InputFlags): RenderOptions {
  return { width: errorWidth(), color: colorFor(process.stderr, flags.color), headers: true };
}

function lookOf(flags: InputFlags & { readonly headers?: boolean }): RenderOptions {
  return {
    width: outputWidth(),
    color: colorFor(process.stdout, flags.color),
    headers: flags.headers !== false,
    brief: flags.quiet === true,
  };
}
