import { existsSync } from 'node:fs';
import process from 'node:process';
import { exposure as exposureOf } from '../exposure/index.ts';
import type { ExposureAnswer } from '../exposure/index.ts';
import { matches } from '../model/index.ts';
import type { Pod } from '../model/index.ts';
import { compile } from '../policy/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { undecidedDiagnostics } from '../reach/index.ts';
import type { End } from '../reach/index.ts';
import { streamExposure, visible } from '../render/index.ts';
import type { ExposureFormat, ExposureOptions } from '../render/index.ts';
import { controllersOf } from './controllers.ts';
import { exitCode, UsageError } from './exit.ts';
import { filledEndOf, readCluster, report } from './input.ts';
import type { Input } from './input.ts';
import { packageVersion } from './program.ts';
import type { ExposureFlags } from './program.ts';
import { parseSelector } from './selector.ts';
import { colorFor, complain, outputWidth, print } from './terminal.ts';

/**
 * `podwall exposure [WORKLOAD...]`. Without -f the operands are what is read, for then nothing else could be.
 *
 * @throws UsageError when the question cannot be answered as it was asked
 */
export async function exposure(operands: readonly string[], flags: ExposureFlags): Promise<number> {
  const hasFiles = flags.filename !== undefined;
  const [paths, asked] = hasFiles ? [[], operands] : [operands, []];
  const selector = flags.selector === undefined ? undefined : parseSelector(flags.selector);
  const read = await readCluster(flags, paths, 'exposure -');
  const ends = asked.map((text) => workloadOf(text, read, flags));
  const policy = compile(read.cluster, flags.profile === undefined ? {} : { profile: flags.profile });
  const input: Input = { ...read, diagnostics: [...read.diagnostics, ...undecidedDiagnostics(policy)] };
  const isNarrowed = asked.length > 0 || selector !== undefined || isOfNamespace(flags);
  const pods = isNarrowed ? podsAsked(policy, ends, selector, flags) : undefined;
  const answer = exposureOf(policy, {
    ...(pods === undefined ? {} : { pods }),
    ...(flags.direction === undefined ? {} : { direction: flags.direction }),
    details: asked.length > 0,
    controllers: controllersOf(read, flags),
    diagnostics: read.diagnostics,
  });
  const isDocument = flags.output === 'json';
  if (!isDocument && report(input, ['error', 'warning'], flags)) complain('\n');
  const options: ExposureOptions = {
    width: outputWidth(),
    color: colorFor(process.stdout, flags.color),
    headers: flags.headers,
    brief: flags.quiet === true,
    named: asked.length > 0,
    version: packageVersion(),
    ...(input.command === undefined || flags.quiet === true ? {} : { command: input.command }),
  };
  await print(streamExposure(answer, flags.output as ExposureFormat, options));
  if (!isDocument) report(input, ['note'], flags, '\n');
  return closing(input, answer, flags);
}

/**
 * The end that an operand names.
 *
 * @throws UsageError when it names none; where it is a file, that is what its mistake is
 */
function workloadOf(text: string, read: Input, flags: ExposureFlags): End {
  try {
    return filledEndOf(read, text, flags);
  } catch (error) {
    if (!(error instanceof UsageError) || !existsSync(text)) throw error;
    throw new UsageError(
      error.message,
      `beside -f, operands are workloads; to read it too: -f ${visible(text)}`,
    );
  }
}

function isOfNamespace({ namespace, allNamespaces }: ExposureFlags): boolean {
  return namespace !== undefined && allNamespaces !== true;
}

/** The pods of all operands, as far as -n and -l keep them. */
function podsAsked(
  policy: CompiledPolicy,
  ends: readonly End[],
  selector: ReturnType<typeof parseSelector> | undefined,
  flags: ExposureFlags,
): ReadonlySet<Pod> {
  const named = new Set<Pod>();
  for (const end of ends) {
    if (end.kind !== 'pods' && end.kind !== 'service') {
      throw new UsageError(
        `${end.name} is no workload`,
        'exposure asks about pods: podwall exposure shop/web -f PATH',
      );
    }
    for (const pod of end.pods) named.add(pod);
  }
  const all = policy.parts.classes.pods.filter(
    (pod) =>
      (ends.length === 0
        ? !isOfNamespace(flags) || pod.namespace === flags.namespace
        : // A name completed by -n is in that namespace already.
          named.has(pod)) &&
      (selector === undefined || matches(selector, pod.labels)),
  );
  if (all.length === 0) throw new UsageError('no pod of the input matches what was asked for');
  return new Set(all);
}

function closing({ diagnostics }: Input, { document }: ExposureAnswer, flags: ExposureFlags): number {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const isIncomplete = errors > 0 || document.undecided.length > 0;
  if (!isIncomplete || flags.allowIncomplete === true) return exitCode.yes;
  if (flags.output !== 'json') {
    const inInput = `${errors.toLocaleString('en')} ${errors === 1 ? 'error' : 'errors'} in the input, see above`;
    const what = [...(errors > 0 ? [inInput] : []), ...document.undecided];
    complain(
      `\n${what.map((text) => `Incomplete: ${text}.`).join('\n')} Exit code ${exitCode.incomplete}.\n`,
    );
  }
  return exitCode.incomplete;
}
