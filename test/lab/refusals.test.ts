import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

import { describe, expect, test } from 'vitest';

import { repository } from '../documents.ts';
import { labName, podwall, whyNoLab } from './lab.ts';
import type { Ran } from './lab.ts';

// Where there can be no lab, one sentence says so.

const commands: readonly (readonly [string, ...string[]])[] = [
  ['up', 'examples/three-tier'],
  ['apply', 'examples/three-tier'],
  ['probe', 'a/b', 'a/c:1'],
  ['verify', 'examples/three-tier'],
  ['verify'],
  ['exec', 'a/b', '--', 'true'],
  ['status'],
  ['down'],
];

/** Runs podwall on what it must take for another machine. */
function elsewhere(script: string, args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(script)}`,
      join(repository, 'src/cli/main.ts'),
      'lab',
      ...args,
    ],
    { cwd: repository, encoding: 'utf8' },
  );
  return { code: status, out: stdout, err: stderr };
}

describe.each(commands)('podwall lab %s', (...args) => {
  test('elsewhere than on Linux', () => {
    expect(elsewhere("Object.defineProperty(process, 'platform', { value: 'darwin' })", args)).toEqual({
      code: 2,
      out: '',
      err: 'error: a lab needs Linux, for network namespaces and nftables, and this is darwin\n',
    });
  });

  test('without root', () => {
    expect(elsewhere('process.getuid = () => 1000', args)).toEqual({
      code: 2,
      out: '',
      err: 'error: a lab needs root, for it makes network namespaces\nhint: sudo podwall lab …\n',
    });
  });

  test('without koffi', () => {
    const hooks = `
      import { registerHooks } from 'node:module';
      registerHooks({ resolve: (name, context, next) => {
        if (name === 'koffi') throw new Error('it is not there');
        return next(name, context);
      } });
      Object.defineProperty(process, 'platform', { value: 'linux' });
      process.getuid = () => 0;`;
    expect(elsewhere(hooks, args)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(
        'error: a lab needs the package koffi, which could not be loaded\nhint: npm install koffi\n',
      ),
    });
  });
});

describe.skipIf(whyNoLab !== undefined)('a lab', () => {
  const name = labName('none');

  test.each([
    ['apply', 'examples/three-tier'],
    ['probe', 'a/b', 'a/c:1'],
    ['verify'],
    ['exec', 'a/b', '--', 'true'],
    ['status'],
  ])('that does not run is not asked: %s', (command, ...rest) => {
    const at = rest.indexOf('--');
    const args =
      at < 0 ? [...rest, '--name', name] : [...rest.slice(0, at), '--name', name, ...rest.slice(at)];
    expect(podwall('lab', command, ...args)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(`error: no lab called ${name} is running\nhint: `),
    });
  });

  test.each(['Shop', '../x', 'a.b', 'a'.repeat(21), '-a', ''])('cannot be called "%s"', (wrong) => {
    for (const command of [['up', 'examples/three-tier'], ['status'], ['down']]) {
      const { code, err } = podwall('lab', ...command, `--name=${wrong}`);
      expect([command[0], code, err]).toEqual([
        command[0],
        2,
        expect.stringContaining('cannot be the name of a lab'),
      ]);
    }
  });

  test('is not made of what holds no pods', () => {
    const ran = podwall(
      'lab',
      'up',
      'test/lab/dual-stack.yaml',
      '--name',
      name,
      '--kubernetes-version',
      '1.34',
      'nowhere',
    );
    expect(ran).toMatchObject({ code: 2, out: '' });
  });
});
