import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { best } from './clock.ts';
import type { Cost } from './clock.ts';

/** What a whole process took, from its start to its end. */
export interface ProcessCost extends Cost {
  /** The most memory that any of the runs had resident. */
  readonly peakMegabytes: number;
  readonly stdout: string;
}

// The kernel keeps peak and time of a process itself; what would be asked from outside is gone when the process is.
const tells =
  'data:text/javascript,process.on("exit",()=>{const u=process.resourceUsage();' +
  'process.stderr.write("\\ncost "+u.maxRSS+" "+(u.userCPUTime+u.systemCPUTime))})';

/**
 * Runs `node` with these arguments several times, output going to files: a terminal would change what the process does,
 * and a pipe would cost the time to read it. The times are the least of all runs.
 *
 * @throws Error when a run ends with another code than 0
 */
export function processCost(args: readonly string[], runs: number): ProcessCost {
  const folder = mkdtempSync(join(tmpdir(), 'podwall-bench-'));
  try {
    const costs = Array.from({ length: runs }, () => runOnce(args, folder));
    return {
      ...best(costs),
      peakMegabytes: Math.max(...costs.map((cost) => cost.peakMegabytes)),
      stdout: costs[0]?.stdout ?? '',
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runOnce(args: readonly string[], folder: string): ProcessCost {
  const names = { stdout: join(folder, 'stdout'), stderr: join(folder, 'stderr') };
  const [stdout, stderr] = [openSync(names.stdout, 'w'), openSync(names.stderr, 'w')];
  const start = performance.now();
  const { status, signal } = spawnSync(process.execPath, ['--import', tells, ...args], {
    stdio: ['ignore', stdout, stderr],
  });
  const wallMs = performance.now() - start;
  closeSync(stdout);
  closeSync(stderr);
  const complaint = readFileSync(names.stderr, 'utf8');
  if (status !== 0) {
    const said = complaint
      .replace(/\ncost .*$/, '')
      .trim()
      .slice(-400);
    throw new Error(`node ${args.join(' ').slice(0, 200)} ended with ${status ?? signal}: ${said}`);
  }
  const [, kilobytes, us] = /\ncost (\d+) (\d+)$/.exec(complaint) ?? [];
  if (kilobytes === undefined) throw new Error(`node ${args.join(' ')} did not tell its cost: ${complaint}`);
  return {
    wallMs,
    cpuMs: Number(us) / 1000,
    peakMegabytes: (Number(kilobytes) * 1024) / 1e6,
    stdout: readFileSync(names.stdout, 'utf8'),
  };
}
