import { basename } from 'node:path';
import process from 'node:process';
import { InputError, fastestScanner, readInputs } from '../host/index.ts';
import type { InputSink } from '../host/index.ts';
import { ManifestReader } from '../manifest/index.ts';
import type { Cluster, Diagnostic, Severity } from '../model/index.ts';
import { profiles } from '../policy/index.ts';
import { isPortProblem, parsePorts, resolveEnd, splitTarget } from '../reach/index.ts';
import type { End, PortQuery } from '../reach/index.ts';
import { quotable, renderDiagnostics, visible } from '../render/index.ts';
import type { DiagnosticOptions } from '../render/index.ts';
import { didYouMean, UsageError } from './exit.ts';
import type { InputFlags } from './program.ts';
import { Progress, clearProgress, colorFor, complain, errorWidth } from './terminal.ts';

/** What was read, and all that was found wrong with it. */
export interface Input {
  readonly cluster: Cluster;
  readonly diagnostics: readonly Diagnostic[];
  /** How the input was named, for a command that asks about the same: `-f examples/three-tier`. */
  readonly command: string | undefined;
  readonly quote: Quote;
}

type Quote = NonNullable<DiagnosticOptions['quote']>;

/**
 * Reads the cluster that `-f` and the operands name.
 *
 * @param example - the rest of a command that would read a dump from standard input: `map -`
 * @param through - what the bytes go through on their way to the reader
 * @throws UsageError when there is no input, when it cannot be read, or when it holds no object
 */
export async function readCluster(
  flags: InputFlags & { readonly allNamespaces?: boolean },
  paths: readonly string[],
  example: string,
  through: (reader: ManifestReader) => InputSink = (reader) => reader,
): Promise<Input> {
  const named = [...(flags.filename ?? []), ...paths];
  if (named.length === 0) throw noInput(example);
  const progress = new Progress();
  let bytes = 0;
  try {
    const { kubernetesVersion: version, cnpChannel } = flags;
    const reader = new ManifestReader({
      scanner: fastestScanner,
      ...(version === undefined ? {} : { kubernetesVersion: version }),
      ...(cnpChannel === undefined ? {} : { cnpChannel }),
    });
    const ofFiles = await readInputs(named, through(reader), {
      recursive: flags.recursive === true,
      progress: (file, done, size) => {
        bytes = Math.max(bytes, done);
        const of = size === undefined ? '' : ` of ${megabytes(size)}`;
        progress.update(`reading ${visible(basename(file))}  ${megabytes(done)}${of} MB`);
      },
    });
    const takesLong = bytes > muchToRead;
    progress.update('checking …', takesLong);
    const read = reader.finish();
    const diagnostics = [...ofFiles, ...read.diagnostics];
    if (read.objects === 0) {
      report({ diagnostics, quote: quoteFrom(reader) }, ['error', 'warning', 'note'], flags);
      const where = named.map((path) => (path === '-' ? 'standard input' : path)).join(', ');
      throw new UsageError(`no Kubernetes object in ${where}`, dump(example));
    }
    const { cluster } = read;
    if (flags.namespace !== undefined && flags.allNamespaces !== true)
      checkNamespace(cluster, flags.namespace);
    // Whatever is written next takes it away.
    progress.update('compiling …', takesLong);
    return { cluster, diagnostics, command: commandOf(named, flags), quote: quoteFrom(reader) };
  } catch (error) {
    clearProgress();
    if (error instanceof InputError) throw new UsageError(visible(error.message), error.hint);
    throw error;
  }
}

/** What is read from so many bytes takes more than a moment to compile. */
const muchToRead = 50e6;

function megabytes(bytes: number): string {
  return Math.floor(bytes / 1e6).toLocaleString('en');
}

/** An empty answer about a namespace that is not there would read as "nothing is allowed". */
function checkNamespace(cluster: Cluster, namespace: string): void {
  const all = resolveEnd(cluster, `${namespace}/*`);
  if (all.kind !== 'problem') return;
  const near = all.choices.map((choice) => visible(choice.slice(0, -'/*'.length)));
  throw new UsageError(`the input has no namespace "${namespace}"`, didYouMean(near));
}

function noInput(example: string): UsageError {
  return new UsageError('no input: name files or folders with -f, or - for standard input', dump(example));
}

function dump(example: string): string {
  return `kubectl get pods,ns,netpol -A -o json | podwall ${example}`;
}

function commandOf(named: readonly string[], flags: InputFlags): string | undefined {
  // Standard input has been read: nobody can ask it again.
  if (named.includes('-')) return undefined;
  const words = named.flatMap((path) => ['-f', path]);
  if (flags.recursive === true) words.push('-R');
  if (flags.profile !== undefined && flags.profile !== 'upstream') words.push('--profile', flags.profile);
  if (flags.cnpChannel === 'standard') words.push('--cnp-channel', 'standard');
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Whether the answer is a document, which carries what was found wrong in itself. */
export function isDocument(flags: InputFlags): boolean {
  return flags.output === 'json' || flags.output === 'yaml';
}

/**
 * Writes findings about the input to standard error: before the answer what must not be overlooked, behind it the rest.
 *
 * @param severities - errors stand there also with `--quiet`, the others do not
 * @param lead - what stands in front of the findings, if there are any
 * @returns whether there was anything to say
 */
export function report(
  { diagnostics, quote }: Pick<Input, 'diagnostics' | 'quote'>,
  severities: readonly Severity[],
  flags: InputFlags,
  lead = '',
): boolean {
  const shown = diagnostics.filter(
    ({ severity }) => severities.includes(severity) && (severity === 'error' || flags.quiet !== true),
  );
  if (shown.length === 0) return false;
  complain(
    lead +
      renderDiagnostics(shown, {
        width: errorWidth(),
        color: colorFor(process.stderr, flags.color),
        headers: true,
        quote,
      }),
  );
  return true;
}

/** Lines before the one at fault, to find it by. */
const linesBefore = 2;
/** A longer line was not written by hand, and quoting it would help nobody. */
const longestLine = 400;

/** Quotes the line at fault and some before it, of errors and warnings in texts that people read line by line. */
function quoteFrom(reader: ManifestReader): Quote {
  return (diagnostic) => {
    const { file, line, severity } = diagnostic;
    if (severity === 'note') return undefined;
    const lines = reader.lines(file, Math.max(1, line - linesBefore), line, longestLine);
    return lines && quotable(diagnostic, lines)?.map((each) => each.trimEnd());
  };
}

/** What an operand is looked for in: the cluster, and what was left out of it. */
export type Searched = Pick<Input, 'cluster' | 'diagnostics' | 'quote'>;

/**
 * The end that an operand names. What was left out for its errors is told with these.
 *
 * @throws UsageError when it names none, or several
 */
export function endOf(
  input: Searched,
  text: string,
  flags: InputFlags & { readonly allNamespaces?: boolean },
): End {
  const { cluster } = input;
  const { namespace } = flags;
  const end = resolveEnd(cluster, text, {
    ...(namespace === undefined || flags.allNamespaces === true ? {} : { namespace }),
    finished: profiles[flags.profile ?? 'upstream'].finishedPods === 'pod',
  });
  if (end.kind !== 'problem') return end;
  // The choices of an ambiguous operand stand in the message already.
  const offered = end.reason === 'ambiguous' ? undefined : didYouMean(end.choices);
  const refused = end.reason === 'unknown' ? leftOut(input, text, namespace) : [];
  if (refused.length > 0 && report({ ...input, diagnostics: refused }, ['error'], flags)) complain('\n');
  const hint = refused.length > 0 ? 'it was left out for its errors, see above' : end.hint;
  // Names of the input, which need not be what an API server would let pass.
  throw new UsageError(visible(end.message), ...[offered, hint].map((line) => line && visible(line)));
}

/** The errors of objects that an operand may mean, and that are not in the cluster for them. */
function leftOut({ diagnostics }: Searched, text: string, namespace = 'default'): readonly Diagnostic[] {
  const parts = text.split('/');
  const name = parts.at(-1);
  const [first = ''] = parts;
  const kind = parts.length === 3 ? entranceKinds.get(first) : undefined;
  const inside = kind === undefined ? (parts.length > 1 ? first : namespace) : parts[1];
  return diagnostics.filter(
    ({ severity, object }) =>
      severity === 'error' &&
      object !== undefined &&
      object.name === name &&
      (first === 'node' && parts.length === 2
        ? object.kind === 'Node'
        : object.namespace === inside &&
          (kind === undefined ? !kindsOfPolicies.test(object.kind) : object.kind === kind)),
  );
}

const entranceKinds: ReadonlyMap<string, string> = new Map([
  ['ingress', 'Ingress'],
  ['gateway', 'Gateway'],
  ['route', 'Route'],
]);

/** No operand names one of these. */
const kindsOfPolicies = /Policy$/;

/** An end that has pods, nodes or addresses to ask about. */
export function filledEndOf(input: Searched, text: string, flags: InputFlags): End {
  const end = endOf(input, text, flags);
  if (end.kind === 'pods' && end.pods.length === 0) {
    throw new UsageError(`${end.name} has no pods, so there is nothing to ask about`);
  }
  return end;
}

/**
 * The end of a flag, which has no port behind it.
 *
 * @throws UsageError as `endOf`
 */
export function endOfFlag(input: Searched, flag: string, text: string, flags: InputFlags): End {
  const { end, port } = splitTarget(text);
  if (port !== undefined)
    throw new UsageError(`${flag} takes no port`, `write ${flag} ${end} --port ${port}`);
  return endOf(input, end, flags);
}

/**
 * The ports that an operand names.
 *
 * @throws UsageError when it names none
 */
export function portsOf(text: string): readonly PortQuery[] {
  const ports = parsePorts(text);
  if (isPortProblem(ports)) throw new UsageError(ports.message, ports.hint);
  return ports;
}
