import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { readManifests } from '../../src/manifest/index.ts';
import type { Protocol } from '../../src/net/index.ts';
import { compile } from '../../src/policy/index.ts';
import { endOf } from '../truth-table.ts';

// The recipes from which many people copy their policies, with the answers that their text gives.

/** One question of a recipe and its answer; see recipes/README.md. */
interface RecipeProbe {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly expect: 'allow' | 'deny';
  readonly line: string;
  readonly basis: 'shown' | 'stated' | 'implied';
}

const root = join(import.meta.dirname, 'recipes');
const states = folders(root).flatMap((recipe) =>
  folders(join(root, recipe)).map((state) => ({ recipe, state })),
);

describe('recipes', () => {
  const asked = { shown: 0, stated: 0, implied: 0 };

  test.each(states)('$recipe, state $state', ({ recipe, state }) => {
    const read = (...path: readonly string[]): string => readFileSync(join(root, recipe, ...path), 'utf8');
    const { cluster, diagnostics } = readManifests([
      { file: `${recipe}/cluster.yaml`, text: read('cluster.yaml') },
      { file: `${recipe}/${state}/state.yaml`, text: read(state, 'state.yaml') },
    ]);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const policy = compile(cluster);
    const probes: readonly RecipeProbe[] = parse(read(state, 'probes.yaml'));
    for (const probe of probes) {
      const allowed = policy.allowed(endOf(cluster, probe.from), endOf(cluster, probe.to));
      const is = allowed.has(probe.protocol, probe.port) ? 'allow' : 'deny';
      expect({ ...probe, expect: is }).toEqual(probe);
      asked[probe.basis]++;
    }
  });

  test('every recipe, state and probe was found', () => {
    expect({ recipes: folders(root).length, states: states.length, ...asked }).toEqual({
      recipes: 14,
      states: 25,
      shown: 31,
      stated: 33,
      implied: 6,
    });
  });
});

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
