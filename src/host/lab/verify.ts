import { readFileSync } from 'node:fs';
import type { LabReport, LabReportEntry } from '../../render/index.ts';
import { LabError } from './error.ts';
import type { LabConnection } from './client.ts';
import { loadNative, Namespaces } from './native.ts';
import { Poller } from './poller.ts';
import { Prober } from './prober.ts';
import type { Outcome } from './prober.ts';
import type { ProbeSpec } from './protocol.ts';
import { addressOf } from './sockets.ts';

/** Is told how far the probing is. */
export type ProbeProgress = (done: number, of: number, stage: string) => void;

/** How long an answer may take, by attempt, where one is expected. */
const patientMs: readonly number[] = [400, 1000, 3000];
/** Where none is: once. */
const onceMs: readonly number[] = [400];
/** Where that is put to the proof: as long, for what comes later would have come too late before. */
const proofMs: readonly number[] = [400, 400, 400];
/** So many connections are open at once that are expected to be answered, and so many that will wait in vain. */
const atOnce = { allowed: 48, denied: Math.min(2000, Math.floor(mostFiles() / 2)) } as const;

/** How many files and sockets this process may have open. Node raises its limit to what is allowed. */
function mostFiles(): number {
  try {
    const [, soft] = /^Max open files +([0-9]+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Number(soft ?? Infinity);
  } catch {
    // Elsewhere than on Linux nothing of this runs.
    return Infinity;
  }
}

/** What became of a probe. */
interface Tried {
  readonly probe: ProbeSpec;
  readonly outcome: Outcome;
}

/** Opens connections in the namespaces of labs, from this process. */
class ProbeRunner {
  readonly #prober: Prober;
  readonly #namespaces: Namespaces;

  private constructor(prober: Prober, namespaces: Namespaces) {
    this.#prober = prober;
    this.#namespaces = namespaces;
  }

  static async create(): Promise<ProbeRunner> {
    const native = await loadNative();
    const namespaces = new Namespaces(native);
    return new ProbeRunner(new Prober(native, namespaces, new Poller(native)), namespaces);
  }

  close(): void {
    this.#namespaces.close();
  }

  /** Tries one connection until it is answered, as often and as long as `timeoutsMs` says. */
  async try(probe: ProbeSpec, timeoutsMs: readonly number[]): Promise<Outcome> {
    let outcome: Outcome = { kind: 'timedOut' };
    for (const timeoutMs of timeoutsMs) {
      outcome = await this.#prober.attempt({
        namespace: probe.namespace,
        protocol: probe.protocol,
        source: addressOf(probe.source),
        destination: addressOf(probe.destination),
        port: probe.port,
        timeoutMs,
      });
      if (outcome.kind === 'answered') break;
    }
    return outcome;
  }

  /** Tries many, what is expected to be answered and what is not side by side. */
  async tryAll(
    probes: readonly ProbeSpec[],
    expected: (probe: ProbeSpec) => 'allowed' | 'denied',
    timeoutsMs: { readonly [kind in 'allowed' | 'denied']: readonly number[] },
    told: () => void,
  ): Promise<readonly Tried[]> {
    const outcomes = new Map<ProbeSpec, Outcome>();
    // One that fails ends all, but not before those under way are done: they still ask for namespaces.
    let failure: { readonly error: unknown } | undefined;
    const lane = async (kind: 'allowed' | 'denied'): Promise<void> => {
      let next = 0;
      const work = async (): Promise<void> => {
        for (;;) {
          while (next < probes.length && expected(probes[next]!) !== kind) next++;
          const at = next++;
          const probe = probes[at];
          if (probe === undefined || failure !== undefined) return;
          try {
            outcomes.set(probe, await this.try(probe, timeoutsMs[kind]));
          } catch (error) {
            failure ??= { error };
          }
          told();
        }
      };
      await Promise.all(Array.from({ length: atOnce[kind] }, work));
    };
    await Promise.all([lane('allowed'), lane('denied')]);
    if (failure !== undefined) throw failure.error;
    return probes.map((probe) => ({ probe, outcome: outcomes.get(probe)! }));
  }
}

/** Tries one connection as patiently as its prediction deserves. */
export async function probeOnce(probe: ProbeSpec): Promise<Outcome> {
  const runner = await ProbeRunner.create();
  try {
    return await runner.try(probe, probe.predicted === 'allowed' ? patientMs : [1000]);
  } finally {
    runner.close();
  }
}

/** Whether a connection was made. What nobody listens for and is refused has come through. */
export function observed({ kind }: Outcome): 'allowed' | 'denied' {
  return kind === 'answered' || kind === 'refused' ? 'allowed' : 'denied';
}

/**
 * Tries every connection of a lab and compares with what the engine says; then takes the policies away, and tries again what
 * was denied: what does not answer even then was no proof.
 *
 * @throws LabError when the lab ends meanwhile
 */
export async function verifyLab(lab: LabConnection, told: ProbeProgress): Promise<LabReport> {
  const probes: ProbeSpec[] = [];
  await lab.ask({ kind: 'probes' }, 'done', (reply) => {
    if (reply.kind === 'probes') probes.push(...reply.probes);
  });
  if (probes.length === 0)
    throw new LabError('the lab has nothing to probe: no pod can be reached by another end');
  const runner = await ProbeRunner.create();
  try {
    let done = 0;
    const tried = await runner.tryAll(
      probes,
      ({ predicted }) => predicted,
      { allowed: patientMs, denied: onceMs },
      () => told(++done, probes.length, 'probing'),
    );
    return await reportOf(lab, runner, tried, told);
  } finally {
    runner.close();
  }
}

async function reportOf(
  lab: LabConnection,
  runner: ProbeRunner,
  tried: readonly Tried[],
  told: ProbeProgress,
): Promise<LabReport> {
  const denied = tried.filter(({ outcome }) => observed(outcome) === 'denied').map(({ probe }) => probe);
  const proven = new Set<ProbeSpec>();
  if (denied.length > 0) {
    await lab.ask({ kind: 'suspend' }, 'done');
    let done = 0;
    const again = await runner.tryAll(
      denied,
      () => 'allowed',
      { allowed: proofMs, denied: proofMs },
      () => told(++done, denied.length, 'without policies'),
    );
    await lab.ask({ kind: 'resume' }, 'done');
    for (const { probe, outcome } of again) if (observed(outcome) === 'allowed') proven.add(probe);
  }
  const wrong = tried.filter(({ probe, outcome }) => probe.predicted !== observed(outcome));
  // Also where nothing came out other than predicted: no connection tries all that a table is for.
  const { causes, differences } = await lab.ask(
    { kind: 'causes', probes: wrong.map(({ probe }) => probe) },
    'causes',
  );
  const causeOf = new Map(wrong.map(({ probe }, i) => [probe, causes[i]]));
  const details = tried.map(({ probe, outcome }): LabReportEntry => {
    const cause = causeOf.get(probe);
    return {
      from: probe.from,
      to: probe.to,
      protocol: probe.protocol,
      port: probe.port,
      source: probe.source,
      destination: probe.destination,
      predicted: probe.predicted,
      observed: observed(outcome),
      outcome: outcome.kind,
      ...(observed(outcome) === 'denied' ? { provenByRemoval: proven.has(probe) } : {}),
      ...(cause === undefined ? {} : { cause }),
    };
  });
  return {
    apiVersion: 'podwall.dev/v1',
    kind: 'LabReport',
    probes: tried.length,
    allowed: tried.length - denied.length,
    denied: denied.length,
    disagreements: wrong.length,
    provenByRemoval: proven.size,
    differences,
    details,
  };
}
