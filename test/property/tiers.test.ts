import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { clustersWithTiers } from './clusters.ts';
import { casesOf, counterexample, disagreement } from './comparison.ts';
import type { Variant } from './comparison.ts';

// ClusterNetworkPolicy, AdminNetworkPolicy and BaselineAdminNetworkPolicy around NetworkPolicy: the engine against the naive
// evaluator, for every pair of ends and every port at which an answer can change, ambiguous ones told apart.

const today = casesOf(clustersWithTiers({ unknown: false }));
const newer = casesOf(clustersWithTiers({ unknown: true }));

// Peers of the tiers in atoms, pair by pair, and some of either.
const variants: readonly Variant[] = [
  { profile: 'upstream', denseThreshold: 0, denseTierPeers: 0 },
  { profile: 'upstream', denseThreshold: 2, denseTierPeers: 1 },
  { profile: 'upstream', denseThreshold: 64, denseTierPeers: 0 },
  { profile: 'upstream', denseThreshold: 64, denseTierPeers: 256 },
  { profile: 'np-guard', denseThreshold: 2, denseTierPeers: 0 },
];

test.each(variants)(
  '$profile answers as the reference, dense from $denseThreshold classes and $denseTierPeers peers',
  (variant) => {
    expect(counterexample(today, variant, variants)).toBeUndefined();
  },
);

const once: Variant = { profile: 'upstream', denseThreshold: 2, denseTierPeers: 2 };

test('what a newer API writes is answered as the reference does', () => {
  expect(counterexample(newer, once, [...variants, once])).toBeUndefined();
});

test('an engine that reads the tiers otherwise is found out', () => {
  // np-guard counts host-network pods as pods, and exempts no node.
  const found = fc
    .sample(today, { seed: 42, numRuns: 100 })
    .filter((each) => disagreement(each, { ...once, profile: 'np-guard' }, 'upstream') !== undefined);
  expect(found.length).toBeGreaterThan(10);
});
