import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, beforeAll } from 'vitest';

import { repository } from '../documents.ts';

/** Why no lab can be made here, in one line; `undefined` where one can. */
export const whyNoLab: string | undefined = probe();

if (whyNoLab !== undefined) console.log(`skipped: labs: ${whyNoLab}`);

function probe(): string | undefined {
  if (process.platform !== 'linux') return `${process.platform} has no network namespaces`;
  if (process.getuid?.() !== 0) return 'needs root';
  for (const program of ['ip', 'nft']) {
    const { error } = spawnSync(program, ['--version']);
    if (error !== undefined) return `${program} cannot be run: ${error.message}`;
  }
  const { status, stderr } = spawnSync('unshare', ['-n', 'nft', 'list', 'ruleset'], { encoding: 'utf8' });
  return status === 0 ? undefined : `no network namespace with nft: ${stderr.trim().split('\n')[0]}`;
}

/** A name that no lab of another test has, that may run at the same time. */
export function labName(what: string): string {
  return `t${process.pid}-${what}`.slice(0, 20);
}

/** What a command did. */
export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs podwall as people do. */
export function podwall(...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(repository, 'src/cli/main.ts'), ...args],
    {
      cwd: repository,
      encoding: 'utf8',
      timeout: 100_000,
      maxBuffer: 2 ** 28,
      env: { ...process.env, NO_COLOR: '1' },
    },
  );
  return { code: status, out: stdout, err: stderr };
}

/**
 * Has a lab of an input for the tests of a suite, in a file of its own, which is the answer.
 *
 * @param name - see `labName`
 */
export function useLab(name: string, input: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwall-lab-'));
  const file = join(folder, 'input.yaml');
  beforeAll(() => {
    writeFileSync(file, input);
    podwall('lab', 'up', file, '-q', '--name', name);
  });
  afterAll(() => {
    remove(name);
    rmSync(folder, { recursive: true });
  });
  return file;
}

/** Runs a program of the machine; the test fails when that does. */
export function run(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** All that is there of a lab by name: namespaces, files, processes that have it among their words. */
export function tracesOf(lab: string): readonly string[] {
  const list = (folder: string): readonly string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  const processes = run('ps', '-eo', 'args').split('\n');
  return [
    ...['/run/netns', '/etc/netns'].flatMap((folder) =>
      list(folder).filter((name) => name.startsWith(`podwall.${lab}.`)),
    ),
    ...list('/run/podwall').filter((name) => name === lab),
    ...processes.filter((line) => line.endsWith(` podwall-lab=${lab}.`)),
    ...processes.filter((line) => new RegExp(`podwall-lab-\\w+ ${lab}( |$)`).test(line)),
  ];
}

/** Takes a lab down after a test, also one that failed. */
export function remove(lab: string): void {
  const { code, err } = podwall('lab', 'down', '--name', lab);
  if (code !== 0) throw new Error(err);
  const left = tracesOf(lab);
  if (left.length > 0) throw new Error(`the lab ${lab} has left ${left.join(', ')}`);
}
