import { setTimeout as pause } from 'node:timers/promises';

/** What some work took. CPU time is that of all threads of the process, so it holds the collection of garbage. */
export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Does the work and says what it took. */
export function timed<T>(work: () => T): readonly [cost: Cost, answer: T] {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const answer = work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return [{ wallMs, cpuMs: (user + system) / 1000 }, answer];
}

/** In which other threads that still work would be seen to. */
const quietMs = 50;

/**
 * Waits until the other threads of the process have nothing to do: V8 goes on compiling what ran often, and sweeping, when the
 * work that it is for is over, and that would be counted as CPU time of what comes next.
 */
export async function settled(): Promise<void> {
  for (;;) {
    const before = process.cpuUsage();
    await pause(quietMs);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < quietMs / 20) return;
  }
}

/** One after the other. */
export function sum(costs: readonly Cost[]): Cost {
  return costs.reduce((a, b) => ({ wallMs: a.wallMs + b.wallMs, cpuMs: a.cpuMs + b.cpuMs }));
}

/** The least of both times: what else runs on the machine only adds. */
export function best(runs: readonly Cost[]): Cost {
  return {
    wallMs: Math.min(...runs.map(({ wallMs }) => wallMs)),
    cpuMs: Math.min(...runs.map(({ cpuMs }) => cpuMs)),
  };
}

/** Collects garbage where node runs with --expose-gc, and says how many megabytes live objects and buffers take. */
export function liveMegabytes(): number {
  globalThis.gc?.();
  globalThis.gc?.(); // what weak references held
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6; // array buffers are part of `external`
}

/** The most memory that this process had resident so far, in megabytes. */
export function peakMegabytes(): number {
  return (process.resourceUsage().maxRSS * 1024) / 1e6;
}
