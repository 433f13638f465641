import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, describe, expect, test } from 'vitest';

import { readTruthTables } from '../truth-table.ts';
import { labName, remove, whyNoLab } from './lab.ts';
import { RunningLab } from './running.ts';

// The cases of Kubernetes' end-to-end suite with real packets: one lab that is brought from state to state, where labels
// and policies come, change and go as they do in the suite. What the suite expects of some pairs is asked of these pairs;
// all others, on all ports, are held against the engine.

const root = join(import.meta.dirname, '../conformance/networkpolicy-e2e');
const names = folders(root);

test('in CI there is a machine for labs', () => {
  expect(process.env['CI'] === 'true' ? whyNoLab : undefined).toBeUndefined();
});

test('there are 48 cases', () => {
  expect(names.length).toBe(48);
});

describe.skipIf(whyNoLab !== undefined)('in a lab', { timeout: 60_000 }, () => {
  const name = labName('e2e');
  const lab = new RunningLab(name);
  const seen = { cells: 0, probes: 0, denied: 0 };
  afterAll(() => remove(name));

  test.each(names)('%s', async (each) => {
    const read = (...path: readonly string[]): string => readFileSync(join(root, each, ...path), 'utf8');
    for (const step of folders(join(root, each))) {
      await lab.bring([
        { file: 'cluster.yaml', text: read('cluster.yaml') },
        { file: 'state.yaml', text: read(step, 'state.yaml') },
      ]);
      const { disagreements, details, probes, denied, provenByRemoval } = await lab.verify();
      expect({ step, disagreements, provenByRemoval }).toEqual({
        step,
        disagreements: 0,
        provenByRemoval: denied,
      });
      seen.probes += probes;
      seen.denied += denied;
      const wrong: string[] = [];
      for (const { from, to, probe, expected } of readTruthTables(read(step, 'reach.txt'))) {
        if (probe.protocol === 'other') throw new Error('the suite asks about ports only');
        const { protocol, port } = probe;
        const found = details.filter(
          (entry) =>
            entry.from === from && entry.to === to && entry.protocol === protocol && entry.port === port,
        );
        if (found.length === 0) wrong.push(`${from} → ${to} ${protocol} ${port} was not tried`);
        for (const { observed } of found) {
          if (observed !== (expected === '.' ? 'allowed' : 'denied'))
            wrong.push(`step ${step}: ${from} → ${to} ${protocol} ${port} is ${observed}, not ${expected}`);
        }
        seen.cells++;
      }
      expect(wrong).toEqual([]);
    }
  });

  test('every cell of the suite was tried', () => {
    console.log(
      `${seen.probes} probes, ${seen.denied} of them denied and proven; ${seen.cells} cells of the suite`,
    );
    expect(seen.cells).toBe(397 + 109);
  });
});

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
