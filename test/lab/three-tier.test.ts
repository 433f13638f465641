import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { repository } from '../documents.ts';
import { schemaOf } from '../render/schemas.ts';
import { labName, podwall, remove, run, tracesOf, whyNoLab } from './lab.ts';
import type { Ran } from './lab.ts';

// A lab of the example that every document speaks of, with real packets.

const name = labName('tiers');

test('in CI there is a machine for labs', () => {
  expect(process.env['CI'] === 'true' ? whyNoLab : undefined).toBeUndefined();
});

describe.skipIf(whyNoLab !== undefined)('a lab of examples/three-tier', () => {
  let up: Ran | undefined;
  beforeAll(() => {
    up = podwall('lab', 'up', 'examples/three-tier', '--name', name);
  });
  afterAll(() => remove(name));

  test('is up', () => {
    expect(up).toEqual({
      code: 0,
      out: `✓ The lab ${name} is up: 2 nodes, 3 pods and 3 Services.\n`,
      err: expect.stringContaining('note: 3 pods without an address got one.\n'),
    });
  });

  test('has one process that holds all sockets, and one that watches over it', () => {
    const { code, out } = podwall('lab', 'status', '--name', name, '-o', 'json');
    expect(code).toBe(0);
    const status = JSON.parse(out) as Record<string, unknown>;
    expect(schemaOf('lab-status')(status)).toEqual([]);
    expect(status).toMatchObject({
      apiVersion: 'podwall.dev/v1',
      kind: 'LabStatus',
      lab: name,
      inputs: ['examples/three-tier/policies.yaml', 'examples/three-tier/workloads.yaml'],
      nodes: [{ pods: 2 }, { pods: 1 }],
      pods: [{ name: 'app/frontend-0' }, { name: 'app/backend-0' }, { name: 'app/database-0' }],
    });
    expect(tracesOf(name).filter((trace) => trace.includes(' '))).toHaveLength(2);
  });

  test('a probe that policies admit is answered by the pod that was meant', () => {
    expect(podwall('lab', 'probe', 'app/frontend', 'app/backend:8080', '--name', name)).toEqual({
      code: 0,
      out: expect.stringMatching(
        /^✓ app\/frontend-0 → app\/backend-0 TCP 8080: it was answered by app\/backend-0 TCP 8080, as the engine said\.\n/,
      ),
      err: '',
    });
  });

  test('a probe as a document', () => {
    const { code, out } = podwall(
      'lab',
      'probe',
      'app/frontend',
      'app/backend:8080',
      '--name',
      name,
      '-o',
      'json',
    );
    expect(code).toBe(0);
    const document: unknown = JSON.parse(out);
    expect(schemaOf('lab-probe')(document)).toEqual([]);
    expect(document).toMatchObject({
      kind: 'LabProbe',
      probes: [{ predicted: 'allowed', observed: 'allowed', answeredBy: 'app/backend-0 TCP 8080' }],
    });
  });

  test('a probe that they do not admit is not answered', () => {
    expect(podwall('lab', 'probe', 'app/frontend', 'app/database', '5432', '--name', name)).toEqual({
      code: 0,
      out: expect.stringContaining('nothing came back, as the engine said'),
      err: '',
    });
  });

  test('every pair does what the engine says, and every denial is one of policies', () => {
    const { code, out, err } = podwall('lab', 'verify', '--name', name, '-o', 'json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const report = JSON.parse(out) as {
      readonly probes: number;
      readonly allowed: number;
      readonly denied: number;
      readonly details: readonly { readonly from: string; readonly to: string; readonly protocol: string }[];
    };
    expect(schemaOf('lab-report')(report)).toEqual([]);
    expect(report).toMatchObject({
      apiVersion: 'podwall.dev/v1',
      kind: 'LabReport',
      disagreements: 0,
      provenByRemoval: report.denied,
    });
    expect(report.denied).toBeGreaterThan(20);
    expect(report.allowed).toBeGreaterThan(20);
    expect(report.details).toHaveLength(report.probes);
    expect(new Set(report.details.map(({ protocol }) => protocol))).toContain('TCP');
    // The way is the one that a map of the example shows.
    const admitted = report.details.filter(
      (each) =>
        each.from === 'app/frontend-0' &&
        each.to === 'app/backend-0' &&
        JSON.stringify(each).includes('"port":8080,'),
    );
    expect(admitted).toEqual([expect.objectContaining({ predicted: 'allowed', observed: 'allowed' })]);
  });

  test('exec runs in the network of the pod, and ends as the command does', () => {
    const addresses = podwall('lab', 'exec', 'app/frontend', '--name', name, '--', 'ip', '-br', 'address');
    expect(addresses.out).toContain('10.244.0.');
    expect(podwall('lab', 'exec', 'app/frontend', '--name', name, '--', 'sh', '-c', 'exit 7').code).toBe(7);
  });

  test.each([
    ['a command that is not there', ['nowhere', '-x'], 127, /nowhere: not found/],
    ['a file that is not there', ['/nowhere/at/all'], 127, /\/nowhere\/at\/all: not found/],
    ['a file that is no program', ['/etc/passwd'], 126, /\/etc\/passwd: Permission denied/],
    ['a folder', ['/etc'], 126, /\/etc: Permission denied/],
    ['a command that a signal ends', ['sh', '-c', 'kill -TERM $$'], 143, /^$/],
    ['words with blanks and quotes', ['sh', '-c', `[ "$1 $2" = '-a "b  c"' ]`, 'x', '-a', '"b  c"'], 0, /^$/],
  ])('exec ends with %s as a shell does', (_, command, code, told) => {
    const ran = podwall('lab', 'exec', 'app/frontend', '--name', name, '--', ...command);
    expect(ran).toMatchObject({ code, out: '', err: expect.stringMatching(told) });
  });

  test('exec passes on the signal that ends it', async () => {
    const main = join(repository, 'src/cli/main.ts');
    const words = ['lab', 'exec', 'app/frontend', '--name', name, '--', 'sh', '-c', 'echo on; exec sleep 60'];
    const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([143, null]);
    expect(run('ps', '-eo', 'args').split('\n')).not.toContain('sleep 60');
  });

  test('ends that name no namespace are those of -n', () => {
    const probe = (...args: readonly string[]): Ran => podwall('lab', 'probe', ...args, '--name', name);
    expect(probe('-n', 'app', 'frontend', 'backend:8080').out).toContain(
      '✓ app/frontend-0 → app/backend-0 TCP 8080: it was answered',
    );
    expect(probe('-n', 'app', 'frontend', 'svc/backend', '80').out).toContain('app/svc/backend TCP 80');
    expect(probe('frontend', 'app/backend:8080').code).toBe(2);
    const exec = podwall(
      'lab',
      'exec',
      '--namespace',
      'app',
      'frontend',
      '--name',
      name,
      '--',
      'hostname',
      '-I',
    );
    expect(exec.out).toContain('10.244.0.');
    expect(podwall('lab', 'exec', 'frontend', '--name', name, '--', 'true').code).toBe(2);
  });

  test('verify of a path makes a lab of the name that it is given, and leaves one that runs alone', async () => {
    const taken = podwall('lab', 'verify', 'examples/three-tier', '-q', '--name', name);
    expect(taken).toEqual({
      code: 2,
      out: '',
      err: `error: the lab ${name} runs already\nhint: podwall lab down --name ${name}, or another --name\n`,
    });
    expect(podwall('lab', 'status', '--name', name).code).toBe(0);
    const other = labName('own');
    const words = ['lab', 'verify', 'examples/three-tier', '-q', '--name', other];
    const child = spawn(process.execPath, [join(repository, 'src/cli/main.ts'), ...words], {
      cwd: repository,
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    let seen = false;
    while (child.exitCode === null && !seen) {
      seen = tracesOf(other).includes(`podwall.${other}.node.node-2`);
      await after(10);
    }
    expect([seen, await ended]).toEqual([true, [0, null]]);
    expect(tracesOf(other)).toEqual([]);
  });

  test('a pod knows the names of Services, and reaches what policies admit through them', () => {
    const hosts = podwall('lab', 'exec', 'app/frontend', '--name', name, '--', 'cat', '/etc/hosts').out;
    expect(hosts).toMatch(/ backend backend\.app /);
  });

  test('a rule that somebody removes is noticed, and named', () => {
    const namespace = `podwall.${name}.node.node-2`;
    const listed = run('ip', 'netns', 'exec', namespace, 'nft', '-a', 'list', 'table', 'inet', 'podwall');
    const line = /^\t\t.*goto approve comment "app\/allow-frontend-to-backend rule 1" # handle (\d+)$/m.exec(
      listed,
    );
    const chain = /chain (in_\S+) [^}]*allow-frontend-to-backend/.exec(listed)?.[1];
    run(
      'ip',
      'netns',
      'exec',
      namespace,
      'nft',
      'delete',
      'rule',
      'inet',
      'podwall',
      chain!,
      'handle',
      line![1]!,
    );
    const { code, out } = podwall('lab', 'verify', '--name', name);
    expect(out).toContain(
      `app/frontend-0 → app/backend-0 TCP 8080    predicted allowed, observed denied (timed out)\n  app/frontend-0 → app/svc/backend TCP 80    predicted allowed, observed denied (timed out)\n    rule missing on node-2: chain ${chain}, "app/allow-frontend-to-backend rule 1"  examples/three-tier/policies.yaml:`,
    );
    expect(code).toBe(1);
  });

  test('goes without a trace, and twice is no error', () => {
    expect(podwall('lab', 'down', '--name', name)).toEqual({
      code: 0,
      out: `The lab ${name} is down.\n`,
      err: '',
    });
    expect(tracesOf(name)).toEqual([]);
    expect(podwall('lab', 'down', '--name', name)).toEqual({
      code: 0,
      out: `There is no lab ${name}: nothing to take down.\n`,
      err: '',
    });
  });
});
