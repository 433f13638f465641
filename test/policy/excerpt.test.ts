import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import type { CompiledPolicy } from '../../src/policy/index.ts';
import { Excerpt } from '../../src/policy/excerpt.ts';
import { tierSidesOf } from '../../src/policy/tier-side.ts';
import { clusters, clustersWithTiers, toYaml } from '../property/clusters.ts';

// What an excerpt says of the pairs of some classes is what the matrix says of them, which property tests hold against the
// naive evaluator.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const runs = Math.ceil(Number(process.env['PODWALL_CLUSTERS'] ?? 2400) / 4);

function excerptOf(
  policy: CompiledPolicy,
  sources: Int32Array,
  destinations: Int32Array,
): Excerpt | undefined {
  const { tiers } = policy.parts;
  const sides = tiers === undefined ? undefined : tierSidesOf(tiers, policy.parts);
  return Excerpt.of(policy.parts, policy.accesses, sides, sources, destinations);
}

/** The classes whose bit is set, or all of them for 0. */
function classesOf(policy: CompiledPolicy, bits: number): Int32Array {
  const all = Int32Array.from({ length: policy.parts.classes.size }, (_, c) => c);
  return bits === 0 ? all : all.filter((c) => (bits >> (c % 16)) & 1);
}

test.each([
  ['without tiers', clusters],
  ['with tiers', clustersWithTiers({ unknown: true })],
] as const)(`an excerpt is a part of the matrix, %s (seed ${seed})`, (_, arbitrary) => {
  let open = 0;
  let closed = 0;
  fc.assert(
    fc.property(
      arbitrary,
      fc.constantFrom('upstream', 'np-guard', 'calico'),
      fc.constantFrom('closed', 'open'),
      fc.nat({ max: 65_535 }),
      fc.constantFrom(0, 1, 3, 65_535, 0x5555),
      fc.boolean(),
      fc.constantFrom(0, 64),
      ({ objects }, profile, undecided, some, others, turned, denseTierPeers) => {
        const { cluster } = readManifests([{ file: 'cluster.yaml', text: toYaml(objects) }]);
        const compiled = compile(cluster, { profile, undecided, denseThreshold: 2, denseTierPeers });
        for (const policy of new Set([compiled, compiled.possible])) {
          const few = [classesOf(policy, some), classesOf(policy, others)] as const;
          const [sources, destinations] = turned ? [few[1], few[0]] : few;
          const excerpt = excerptOf(policy, sources, destinations);
          if (excerpt === undefined) throw new Error('so small a cluster has an excerpt');
          const row = new Int32Array(policy.parts.classes.size);
          for (const s of sources) {
            policy.matrix.row(s, row);
            for (const d of destinations) {
              const access = excerpt.block(excerpt.rowOf[s]!, excerpt.columnOf[d]!);
              expect(access, `class ${s} to class ${d}`).toBe(row[d]);
              expect(excerpt.ofOwnNode(s, d)).toBe(policy.matrix.ofOwnNode(s, d));
              if (access === 0) closed++;
              else open++;
            }
          }
        }
      },
    ),
    { numRuns: runs, seed, endOnFailure: false },
  );
  expect(Math.min(open, closed)).toBeGreaterThan(runs);
});
