import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { readManifests } from '../src/manifest/index.ts';
import { difference, repository, shownIn, workspace } from './documents.ts';

const examples = readdirSync(join(repository, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('the examples', () => {
  test('are three, each with a README that shows commands', () => {
    expect(examples).toEqual(['bank', 'shop', 'three-tier']);
    for (const name of examples) {
      expect(existsSync(join(repository, 'examples', name, 'README.md'))).toBe(true);
      expect(shownIn(`examples/${name}/README.md`).commands.length).toBeGreaterThan(4);
    }
  });

  test.each(examples)('%s is free of mistakes', (name) => {
    const folder = join(repository, 'examples', name);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.yaml'),
    );
    const { diagnostics, objects } = readManifests(
      files.sort().map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') })),
    );
    expect(objects).toBeGreaterThan(files.length);
    expect(diagnostics.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });

  test('the shop is as large as its README says', () => {
    const folder = join(repository, 'examples', 'shop');
    const { cluster } = readManifests(
      readdirSync(folder)
        .filter((file) => file.endsWith('.yaml'))
        .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') })),
    );
    expect(cluster.workloads.length).toBe(16);
    expect(cluster.namespaces.size).toBe(5);
    expect(cluster.policies.length).toBe(24);
  });
});

describe.each(examples)('examples/%s/README.md', (name) => {
  const { commands, files } = shownIn(`examples/${name}/README.md`);
  const place = workspace(files);
  afterAll(() => place.remove());

  test.each(commands)('line $line: $command', ({ command, exitCode, output, needs }) => {
    expect(needs).toBeUndefined();
    const ran = place.run(command);
    expect(ran).toEqual({ exitCode, output: ran.output });
    expect(output === undefined ? undefined : difference(output, ran.output)).toBeUndefined();
  });
});
