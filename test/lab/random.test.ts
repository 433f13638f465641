import process from 'node:process';

import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { clusters, clustersWithTiers, toYaml } from '../property/clusters.ts';
import type { RandomCluster } from '../property/clusters.ts';
import { labName, remove, whyNoLab } from './lab.ts';
import { RunningLab } from './running.ts';

// Random clusters, rich in corners, with real packets: IPv4, IPv6 and dual stack, named ports, except, host network, SCTP.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test('in CI there is a machine for labs', () => {
  expect(process.env['CI'] === 'true' ? whyNoLab : undefined).toBeUndefined();
});

describe.skipIf(whyNoLab !== undefined)('in a lab', () => {
  const name = labName('random');
  const lab = new RunningLab(name);
  afterAll(() => remove(name));

  const kinds: readonly (readonly [what: string, arbitrary: fc.Arbitrary<RandomCluster>, count: number])[] = [
    ['random clusters', clusters, 40],
    ['random clusters with tiers', clustersWithTiers({ unknown: false }), 15],
  ];

  test.each(kinds)(
    `%s, one after the other, seed ${seed}`,
    { timeout: 300_000 },
    async (what, all, count) => {
      const texts = fc
        .sample(all, { seed, numRuns: 4 * count })
        .map(({ objects }) => toYaml(objects))
        .filter((text) => readManifests([{ file: 'cluster.yaml', text }]).cluster.pods.length > 2)
        .slice(0, count);
      expect(texts.length).toBe(count);
      const seen = { probes: 0, denied: 0, IPv6: 0 };
      for (const text of texts) {
        await lab.bring([{ file: 'cluster.yaml', text }]);
        const { disagreements, details, probes, denied, provenByRemoval } = await lab.verify();
        const wrong = details.filter(({ predicted, observed }) => predicted !== observed);
        expect({ disagreements, wrong, provenByRemoval }, text).toEqual({
          disagreements: 0,
          wrong: [],
          provenByRemoval: denied,
        });
        seen.probes += probes;
        seen.denied += denied;
        seen.IPv6 += details.filter(({ destination }) => destination.includes(':')).length;
      }
      console.log(
        `${count} ${what}: ${seen.probes} probes, ${seen.IPv6} of them over IPv6, ${seen.denied} denied and proven`,
      );
      expect(Math.min(seen.denied, seen.probes - seen.denied, seen.IPv6)).toBeGreaterThan(500);
    },
  );
});
