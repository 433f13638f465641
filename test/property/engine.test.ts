import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { casesOf, counterexample, disagreement } from './comparison.ts';
import type { Variant } from './comparison.ts';
import { clusters } from './clusters.ts';
import type { JsonObject } from './clusters.ts';

// The compiled engine against the naive evaluator. PODWALL_CLUSTERS sets how many clusters a run has, PODWALL_SEED which.

const cases = casesOf(clusters);

// Small thresholds make nearly every peer dense, and large ones none.
const variants: readonly Variant[] = [
  { profile: 'upstream', denseThreshold: 0 },
  { profile: 'upstream', denseThreshold: 2 },
  { profile: 'upstream', denseThreshold: 64 },
  { profile: 'np-guard', denseThreshold: 2 },
];

test.each(variants)('$profile answers as the reference, dense from $denseThreshold classes', (variant) => {
  expect(counterexample(cases, variant, variants)).toBeUndefined();
});

// Counterexamples of earlier runs, shrunk; the head of each says who was right.
const folder = join(import.meta.dirname, 'found');
describe.each(readdirSync(folder).filter((file) => file.endsWith('.yaml')))('%s', (file) => {
  test.each(variants)('$profile, dense from $denseThreshold classes', (variant) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const objects = parseAllDocuments(text).map((document): JsonObject => document.toJS());
    expect(objects.length).toBeGreaterThan(0);
    expect(disagreement({ cluster: { objects }, format: 'yaml', port: 1 }, variant)).toBeUndefined();
  });
});

test('an engine that reads the API otherwise is found out', () => {
  const variant: Variant = { profile: 'np-guard', denseThreshold: 2 };
  const found = fc
    .sample(cases, { seed: 42, numRuns: 50 })
    .filter((each) => disagreement(each, variant, 'upstream') !== undefined);
  expect(found.length).toBeGreaterThan(10);
});
