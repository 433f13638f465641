import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** What a whole process took, from its start to its end. */
export interface ProcessCost {
  /** Median of the runs. */
  readonly ms: number;
  /** The most memory that any of the runs had resident. */
  readonly peakMegabytes: number;
  readonly stdout: string;
}

// The kernel keeps the peak of the process itself; what would be asked from outside is gone when the process is.
const tellsPeak =
  'data:text/javascript,process.on("exit",()=>{process.stderr.write("\\npeak "+process.resourceUsage().maxRSS)})';

/**
 * Runs `node` with these arguments several times.
 *
 * @throws Error when a run ends with another code than 0
 */
export function processCost(args: readonly string[], runs: number): ProcessCost {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    // A terminal would change what the process does, and a pipe would cost the time to read it.
    const nowhere = openSync('/dev/null', 'w');
    const start = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', nowhere, nowhere] });
    times.push(performance.now() - start);
    closeSync(nowhere);
    if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  }
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', tellsPeak, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const kilobytes = Number(/\npeak (\d+)$/.exec(stderr)?.[1]);
  if (!(kilobytes > 0)) throw new Error(`node ${args.join(' ')} did not tell its memory: ${stderr}`);
  return { ms: median(times), peakMegabytes: kilobytes / 1024, stdout };
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
