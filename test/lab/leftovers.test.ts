import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';

import { afterEach, describe, expect, test } from 'vitest';

import { repository } from '../documents.ts';
import { labName, podwall, remove, run, tracesOf, whyNoLab } from './lab.ts';

// However a lab ends, nothing of it is left: no namespace, process or file.

const name = labName('left');

describe.skipIf(whyNoLab !== undefined)('a lab that ends', () => {
  afterEach(() => remove(name));

  test('by kill -9 of its process is cleaned up after', async () => {
    up();
    process.kill(pidOf(), 'SIGKILL');
    expect(await left()).toEqual([]);
  });

  test('by SIGTERM of its process, too', async () => {
    up();
    process.kill(pidOf(), 'SIGTERM');
    expect(await left()).toEqual([]);
  });

  test('together with what watches over it is cleaned up by the next up of its name', () => {
    up();
    killAll();
    expect(tracesOf(name)).toContain(`podwall.${name}.fabric`);
    up();
    expect(podwall('lab', 'probe', 'app/frontend', 'app/backend:8080', '--name', name).code).toBe(0);
  });

  test('so is cleaned up by down, with what was started in it', async () => {
    up();
    const child = spawn('ip', ['netns', 'exec', `podwall.${name}.pod.app.backend-0`, 'sleep', '1000'], {
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await after(200);
    killAll();
    expect(podwall('lab', 'down', '--name', name)).toEqual({
      code: 0,
      out: `The lab ${name} is down.\n`,
      err: '',
    });
    expect(tracesOf(name)).toEqual([]);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  test('that runs does not end by another up of its name, and its files alone are no lab', () => {
    up();
    expect(podwall('lab', 'up', 'examples/three-tier', '--name', name)).toEqual({
      code: 2,
      out: '',
      err: `error: the lab ${name} runs already\nhint: podwall lab down --name ${name}, or another --name\n`,
    });
    expect(podwall('lab', 'status', '--name', name).code).toBe(0);
  });

  test.each([['SIGINT'], ['SIGTERM'], ['SIGKILL']] as const)(
    'with a verify of its own that %s ends',
    async (signal) => {
      const child = spawn(
        process.execPath,
        [join(repository, 'src/cli/main.ts'), 'lab', 'verify', 'examples/three-tier', '-q'],
        { cwd: repository, stdio: 'ignore' },
      );
      const own = `verify-${child.pid}`;
      while (!tracesOf(own).includes(`podwall.${own}.fabric`)) await after(20);
      child.kill(signal);
      await once(child, 'exit');
      expect(await left(own)).toEqual([]);
    },
  );

  test('while it is still being made, as Ctrl-C ends up', async () => {
    const child = spawn(
      process.execPath,
      [join(repository, 'src/cli/main.ts'), 'lab', 'up', 'examples/three-tier', '--name', name],
      { cwd: repository, stdio: 'ignore' },
    );
    while (!tracesOf(name).includes(name)) await after(5);
    child.kill('SIGINT');
    await once(child, 'exit');
    expect(await left()).toEqual([]);
  });
});

function up(): void {
  const { code, err } = podwall('lab', 'up', 'examples/three-tier', '--name', name, '-q');
  expect({ code, err }).toEqual({ code: 0, err: '' });
}

function pidOf(): number {
  return Number(readFileSync(`/run/podwall/${name}/pid`, 'utf8'));
}

/** Kills the lab's process and the shell that would clean up after it, so that it cannot. */
function killAll(): void {
  const watching = run('ps', '-eo', 'pid,args')
    .split('\n')
    .filter((line) => line.includes(`podwall-lab-watch ${name} `))
    .map((line) => Number(line.trim().split(' ')[0]));
  expect(watching.length).toBeGreaterThan(0);
  for (const pid of [...watching, pidOf()]) process.kill(pid, 'SIGKILL');
}

/** What is there of a lab when nothing more goes; the time that a test may take is the bound. */
async function left(lab = name): Promise<readonly string[]> {
  while (tracesOf(lab).length > 0) await after(50);
  return tracesOf(lab);
}
