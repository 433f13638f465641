import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { admits, endOf, readTruthTables } from '../truth-table.ts';

// What the Kubernetes project's own end-to-end suite expects of every network plugin, in two versions of that suite.

const suites = [
  { suite: 'networkpolicy-e2e', cases: 48, steps: 58, tables: 65, allowed: 397, denied: 109 },
  { suite: 'networkpolicy-e2e-3x3', cases: 48, steps: 58, tables: 65, allowed: 4064, denied: 616 },
];

test('the two versions judge 5,186 cells', () => {
  expect(suites.reduce((sum, { allowed, denied }) => sum + allowed + denied, 0)).toBe(5186);
});

describe.each(suites)('$suite', ({ suite, cases, ...whole }) => {
  const root = join(import.meta.dirname, suite);
  const found = { steps: 0, tables: 0, allowed: 0, denied: 0 };

  test.each(folders(root))('%s', (name) => {
    for (const step of folders(join(root, name))) {
      const read = (...path: readonly string[]): string => readFileSync(join(root, name, ...path), 'utf8');
      // The objects of the step stand after those of the cluster, so they replace the ones of the same name.
      const { cluster, diagnostics } = readManifests([
        { file: `${name}/cluster.yaml`, text: read('cluster.yaml') },
        { file: `${name}/${step}/state.yaml`, text: read(step, 'state.yaml') },
      ]);
      expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      const policy = compile(cluster);
      const tables = read(step, 'reach.txt');
      found.steps++;
      found.tables += tables.match(/^(tcp|udp|sctp)\//gm)?.length ?? 0;
      const wrong: string[] = [];
      for (const { from, to, probe, expected, line } of readTruthTables(tables)) {
        found[expected === '.' ? 'allowed' : 'denied']++;
        const is = admits(policy.allowed(endOf(cluster, from), endOf(cluster, to), 'IPv4'), probe);
        if (is !== (expected === '.'))
          wrong.push(`step ${step}, line ${line}: ${from} → ${to} is not ${expected}`);
      }
      expect(wrong).toEqual([]);
    }
  });

  test('every case, step, table and cell was found', () => {
    expect({ cases: folders(root).length, ...found }).toEqual({ cases, ...whole });
  });
});

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
