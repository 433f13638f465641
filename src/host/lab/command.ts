import { spawn } from 'node:child_process';
import { LabError } from './error.ts';
import type { Namespaces } from './native.ts';

/** How a program of the machine is run. */
export interface CommandOptions {
  /** What it reads. */
  readonly input?: string | Iterable<string>;
  /** The network namespace that it runs in; by default that of this process. */
  readonly within?: { readonly namespaces: Namespaces; readonly name: string };
}

/** The Debian package that has a program, where it is not called so. */
const packages: Readonly<Record<string, string>> = { nft: 'nftables', ip: 'iproute2' };

/**
 * Runs a program to its end.
 *
 * @returns its standard output
 * @throws LabError with the first line of what it complains of, when it fails or is not there
 */
export async function command(
  program: string,
  args: readonly string[],
  { input, within }: CommandOptions = {},
): Promise<string> {
  const start = (): ReturnType<typeof spawn> => spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // The process is forked before `spawn` returns, so it belongs to the namespace of the moment.
  const child = within === undefined ? start() : within.namespaces.within(within.name, start);
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout?.on('data', (piece: Buffer) => output.push(piece));
  child.stderr?.on('data', (piece: Buffer) => errors.push(piece));
  // Who fails early reads no further; the failure itself is told below.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input === undefined || typeof input === 'string' ? input : [...input].join(''));
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const name = packages[program] ?? program;
      reject(
        error.code === 'ENOENT'
          ? new LabError(`${program} is not installed`, `apt-get install ${name}, or what it is called there`)
          : new LabError(`cannot run ${program}: ${error.message}`, undefined, error),
      );
    });
    child.on('close', (code, signal) => {
      if (code === 0) {
        resolve(Buffer.concat(output).toString());
        return;
      }
      const [first = ''] = Buffer.concat(errors).toString().trim().split('\n');
      const where = within === undefined ? '' : ` in ${within.name}`;
      reject(new LabError(`${program} failed${where}: ${first === '' ? (signal ?? `exit ${code}`) : first}`));
    });
  });
}

/** Does something for each of many, so many at the same time; the first failure is thrown when all under way have ended. */
export async function eachOf<T>(
  all: Iterable<T>,
  atOnce: number,
  act: (each: T) => Promise<void>,
): Promise<void> {
  const waiting = all[Symbol.iterator]();
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true && failures.length === 0; next = waiting.next()) {
      try {
        await act(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length > 0) throw failures[0];
}
