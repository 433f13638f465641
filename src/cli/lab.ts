import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import process from 'node:process';
import { unreachable } from '../errors.ts';
import {
  endLab,
  KeptInputs,
  LabConnection,
  LabError,
  observed,
  probeOnce,
  requireMachine,
  startLab,
  verifyLab,
} from '../host/index.ts';
import type { LabInput, LabSummary, ProbeSpec } from '../host/index.ts';
import { compile } from '../policy/index.ts';
import { undecidedDiagnostics } from '../reach/index.ts';
import {
  isLabProven,
  labReportJson,
  labSummary,
  renderLabProbe,
  renderLabReport,
  renderLabStatus,
  visible,
} from '../render/index.ts';
import { exitCode, UsageError } from './exit.ts';
import { readCluster, report } from './input.ts';
import type { LabCommand } from './lab-program.ts';
import type { LabFlags } from './program.ts';
import { colorFor, complain, errorWidth, outputWidth, print, Progress } from './terminal.ts';

/**
 * `podwall lab …`: everything that touches the machine is behind `host/`.
 *
 * @throws UsageError when the machine cannot have a lab, or the lab cannot do what it was asked to
 */
export async function lab(
  command: LabCommand,
  operands: readonly string[],
  flags: LabFlags,
): Promise<number> {
  try {
    requireMachine();
    return await run(command, operands, flags);
  } catch (error) {
    if (error instanceof LabError) throw new UsageError(error.message, error.hint);
    throw error;
  }
}

async function run(command: LabCommand, operands: readonly string[], flags: LabFlags): Promise<number> {
  switch (command) {
    case 'up':
      return up(operands, flags);
    case 'apply':
      return apply(operands, flags);
    case 'probe':
      return probe(operands, flags);
    case 'verify':
      return verify(operands, flags);
    case 'exec':
      return exec(operands, flags);
    case 'status':
      return status(flags);
    case 'down':
      return down(flags);
    default:
      return unreachable(command);
  }
}

async function up(paths: readonly string[], flags: LabFlags): Promise<number> {
  const { input, incomplete } = await readInput(paths, flags, 'lab up -');
  const { summary } = await building(flags, async (told) => startLab(flags.name, input, false, told));
  tellNotes(summary, flags);
  await print(labSummary(summary, flags.name, 'is up', look(flags)));
  return codeOf(incomplete || summary.closed.length > 0, exitCode.yes, flags);
}

async function apply(paths: readonly string[], flags: LabFlags): Promise<number> {
  const { input, incomplete } = await readInput(paths, flags, 'lab apply -');
  const connection = await LabConnection.open(flags.name);
  try {
    const { summary } = await building(flags, async (told) =>
      connection.ask({ kind: 'apply', input }, 'up', (reply) => {
        if (reply.kind === 'stage') told(reply.text);
      }),
    );
    tellNotes(summary, flags);
    await print(labSummary(summary, flags.name, 'has changed', look(flags)));
    return codeOf(incomplete || summary.closed.length > 0, exitCode.yes, flags);
  } finally {
    connection.close();
  }
}

async function probe(operands: readonly string[], flags: LabFlags): Promise<number> {
  const [from = '', to = '', port] = operands;
  const connection = await LabConnection.open(flags.name);
  try {
    const { probes } = await connection.ask(
      { kind: 'find', from, to, port, namespace: flags.namespace },
      'found',
    );
    const tried = [];
    for (const each of probes) tried.push({ ...each, ...(await outcomeOf(each)) });
    await print(renderLabProbe(tried, flags.output === 'json' ? 'json' : 'text', look(flags)));
    return tried.every(({ predicted, observed: seen }) => predicted === seen) ? exitCode.yes : exitCode.no;
  } finally {
    connection.close();
  }
}

async function outcomeOf(
  each: ProbeSpec,
): Promise<Pick<Parameters<typeof renderLabProbe>[0][number], 'observed' | 'outcome' | 'answeredBy'>> {
  const outcome = await probeOnce(each);
  return {
    observed: observed(outcome),
    outcome: outcome.kind,
    ...(outcome.kind === 'answered' && outcome.by !== undefined ? { answeredBy: outcome.by } : {}),
  };
}

async function verify(paths: readonly string[], flags: LabFlags): Promise<number> {
  if (paths.length === 0 && flags.filename === undefined) return verifyRunning(flags.name, false, flags);
  const { input, incomplete } = await readInput(paths, flags, 'lab verify -');
  // Without a name it is a lab of its own, beside all others, whoever makes one at the same time.
  const name = flags.named === true ? flags.name : `verify-${process.pid}`;
  const started = building(flags, async (told) => startLab(name, input, true, told));
  // One that was not made is cleaned up after by itself; under its name another one may be running.
  const end = async (): Promise<void> => {
    const isUp = await started.then(
      ({ release }) => (release(), true),
      () => false,
    );
    if (isUp || flags.named !== true) await endLab(name);
  };
  const interrupted = endOnSignals(end);
  try {
    const begin = performance.now();
    const { summary } = await started;
    tellNotes(summary, flags);
    if (flags.quiet !== true)
      complain(labSummary(summary, undefined, 'building', look(flags), performance.now() - begin));
    return await verifyRunning(name, incomplete || summary.closed.length > 0, flags);
  } finally {
    await end();
    interrupted();
  }
}

async function verifyRunning(name: string, incomplete: boolean, flags: LabFlags): Promise<number> {
  const connection = await LabConnection.open(name);
  const progress = new Progress();
  try {
    const begin = performance.now();
    const made = await verifyLab(connection, (done, of, stage) => {
      progress.update(progressLine(done, of, stage, performance.now() - begin));
    });
    await print(flags.output === 'json' ? labReportJson(made) : renderLabReport(made, look(flags)));
    return codeOf(incomplete, isLabProven(made) ? exitCode.yes : exitCode.no, flags);
  } finally {
    connection.close();
  }
}

const barLength = 24;

/** `probing    ███████████░░░  612 of 760 · 4,100/s` */
function progressLine(done: number, of: number, stage: string, ms: number): string {
  const full = Math.round((done / of) * barLength);
  const bar = '█'.repeat(full) + '░'.repeat(barLength - full);
  const rate = Math.round(done / Math.max(ms / 1000, 0.001)).toLocaleString('en');
  return `${stage.padEnd(10)} ${bar}  ${done.toLocaleString('en')} of ${of.toLocaleString('en')} · ${rate}/s`;
}

async function exec([end = '', program = '', ...args]: readonly string[], flags: LabFlags): Promise<number> {
  const connection = await LabConnection.open(flags.name);
  const { namespace } = await connection
    .ask({ kind: 'where', end, namespace: flags.namespace }, 'where')
    .finally(() => connection.close());
  // It lays the files of /etc/netns over /etc, which `nsenter` does not. The shell ends with 127 or 126 where there is no such
  // program or it cannot be run; `ip` ends with 255 for all of that.
  const words = ['netns', 'exec', namespace, 'sh', '-c', 'exec "$@"', 'podwall', program, ...args];
  const child = spawn('ip', words, { stdio: 'inherit' });
  // The terminal sends Ctrl-C to the command, too; what that answers counts. The others come to this process alone.
  const wait = (): void => undefined;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', wait).on('SIGTERM', pass).on('SIGHUP', pass);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (error) {
    throw new LabError(`cannot run ip: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    process.off('SIGINT', wait).off('SIGTERM', pass).off('SIGHUP', pass);
  }
}

async function status(flags: LabFlags): Promise<number> {
  const connection = await LabConnection.open(flags.name);
  try {
    const answer = await connection.ask({ kind: 'status' }, 'status');
    await print(renderLabStatus(answer.status, flags.output === 'json' ? 'json' : 'table', look(flags)));
    return exitCode.yes;
  } finally {
    connection.close();
  }
}

async function down(flags: LabFlags): Promise<number> {
  const was = await endLab(flags.name);
  await print(
    was ? `The lab ${flags.name} is down.\n` : `There is no lab ${flags.name}: nothing to take down.\n`,
  );
  return exitCode.yes;
}

/** The bytes of the input, checked and told of as for every command. */
async function readInput(
  paths: readonly string[],
  flags: LabFlags,
  example: string,
): Promise<{ readonly input: LabInput; readonly incomplete: boolean }> {
  let kept: KeptInputs | undefined;
  const read = await readCluster(flags, paths, example, (reader) => (kept = new KeptInputs(reader)));
  const diagnostics = [...read.diagnostics, ...undecidedDiagnostics(compile(read.cluster))];
  report({ ...read, diagnostics }, ['error', 'warning'], flags);
  return {
    input: {
      sources: kept?.sources ?? [],
      kubernetesVersion: flags.kubernetesVersion,
      cnpChannel: flags.cnpChannel,
    },
    incomplete: diagnostics.some(({ severity }) => severity === 'error'),
  };
}

async function building<T>(flags: LabFlags, act: (told: (stage: string) => void) => Promise<T>): Promise<T> {
  const progress = new Progress();
  return act((stage) => {
    if (flags.quiet !== true) progress.update(`building   ${stage} …`);
  });
}

function tellNotes({ notes, closed }: LabSummary, flags: LabFlags): void {
  for (const text of closed) complain(`${visible(text)}\n`);
  if (flags.quiet === true) return;
  for (const message of notes) complain(`note: ${visible(message)}.\n`);
}

/** Ends what was begun before the process ends by a signal; the answer takes that back. */
function endOnSignals(end: () => Promise<void>): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const handlers = signals.map((signal) => {
    const handler = (): void => void end().finally(() => process.exit(128 + constants.signals[signal]));
    process.once(signal, handler);
    return [signal, handler] as const;
  });
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

function codeOf(incomplete: boolean, code: number, flags: LabFlags): number {
  return incomplete && flags.allowIncomplete !== true ? exitCode.incomplete : code;
}

function look(flags: LabFlags): Parameters<typeof renderLabReport>[1] {
  const width = flags.output === 'json' ? errorWidth() : outputWidth();
  return { width, color: colorFor(process.stdout, flags.color), headers: true };
}
