import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import type { Protocol } from '../../src/net/index.ts';
import { labName, remove, whyNoLab } from './lab.ts';
import { RunningLab } from './running.ts';

// The recipes with real packets, in one lab that goes from state to state: what each says of some pairs is asked of these
// pairs, all others, on all ports, are held against the engine.

/** One question of a recipe and its answer; see recipes/README.md. */
interface RecipeProbe {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly expect: 'allow' | 'deny';
}

const root = join(import.meta.dirname, '../conformance/recipes');
const states = folders(root).flatMap((recipe) =>
  folders(join(root, recipe)).map((state) => ({ recipe, state })),
);

test('in CI there is a machine for labs', () => {
  expect(process.env['CI'] === 'true' ? whyNoLab : undefined).toBeUndefined();
});

describe.skipIf(whyNoLab !== undefined)('in a lab', { timeout: 60_000 }, () => {
  const name = labName('recipes');
  const lab = new RunningLab(name);
  const seen = { between: 0, outside: 0 };
  afterAll(() => remove(name));

  test.each(states)('$recipe, state $state', async ({ recipe, state }) => {
    const read = (...path: readonly string[]): string => readFileSync(join(root, recipe, ...path), 'utf8');
    await lab.bring([
      { file: 'cluster.yaml', text: read('cluster.yaml') },
      { file: 'state.yaml', text: read(state, 'state.yaml') },
    ]);
    const { disagreements, details, denied, provenByRemoval } = await lab.verify();
    expect({ disagreements, provenByRemoval }).toEqual({ disagreements: 0, provenByRemoval: denied });
    for (const probe of parse(read(state, 'probes.yaml')) as readonly RecipeProbe[]) {
      // An address that a recipe makes up stands for all of the outside; the lab has others of it.
      const ends = [probe.from, probe.to].filter((end) => end.includes('/')).length;
      if (ends < 2) {
        seen.outside++;
        continue;
      }
      const found = details.filter(
        ({ from, to, protocol, port }) =>
          from === probe.from && to === probe.to && protocol === probe.protocol && port === probe.port,
      );
      const answers = new Set(
        found.length > 0
          ? found.map(({ observed }) => observed)
          : await lab.observe(probe.from, probe.to, `${probe.protocol.toLowerCase()}/${probe.port}`),
      );
      expect({ probe, answers }).toEqual({
        probe,
        answers: new Set([probe.expect === 'allow' ? 'allowed' : 'denied']),
      });
      seen.between++;
    }
  });

  test('every question of the recipes about two pods was asked', () => {
    console.log(`${seen.between} questions about pods; ${seen.outside} are about addresses outside`);
    expect(seen.between + seen.outside).toBe(31 + 33 + 6);
    expect(seen.between).toBeGreaterThan(40);
  });
});

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
