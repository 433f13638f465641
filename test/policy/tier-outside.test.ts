import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import type { PolicyEnd } from '../../src/policy/index.ts';
import { clustersWithTiers, toYaml } from '../property/clusters.ts';

// What one sweep says of all addresses for all lists of policies, against the same asked address by address, rule by rule.

const runs = Math.ceil(Number(process.env['PODWALL_CLUSTERS'] ?? 2400) / 8);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test.each(['closed', 'open'] as const)(
  `segments outside are what their first and last addresses are, undecided taken %s (seed ${seed})`,
  (undecided) => {
    let parted = 0;
    fc.assert(
      fc.property(clustersWithTiers({ unknown: true }), ({ objects }) => {
        const { cluster } = readManifests([{ file: 'cluster.yaml', text: toYaml(objects) }]);
        const compiled = compile(cluster, { undecided });
        for (const policy of [compiled, compiled.possible]) {
          for (const pod of policy.cluster.pods) {
            const own: PolicyEnd = { kind: 'pod', pod };
            const c = policy.classOf(own);
            if (c < 0) continue;
            for (const direction of ['egress', 'ingress'] as const) {
              const segments = policy.outside(direction, c);
              if (segments.length > 2) parted++;
              for (const { family, first, last, ports } of segments) {
                if (pod.addresses.length > 0 && pod.addresses.every((each) => each.family !== family))
                  continue;
                for (const value of new Set([first, last])) {
                  const address: PolicyEnd = { kind: 'address', address: { family, value } };
                  const told =
                    direction === 'egress'
                      ? policy.allowed(own, address, family)
                      : policy.allowed(address, own, family);
                  expect(policy.parts.ports.set(ports).key, `${direction} of ${pod.id} at ${value}`).toBe(
                    told.key,
                  );
                }
              }
            }
          }
        }
      }),
      { numRuns: runs, seed, endOnFailure: false },
    );
    expect(parted).toBeGreaterThan(runs);
  },
);
