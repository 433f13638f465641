import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compareProfiles } from '../../src/reach/index.ts';
import type { ProfileComparison } from '../../src/reach/index.ts';
import { comparisonFormats, streamComparison } from '../../src/render/index.ts';
import { golden, overlong } from './golden.ts';
import { schemaOf } from './schemas.ts';

const plain = { width: undefined, color: false, headers: true };

function shop(): ReturnType<typeof readManifests>['cluster'] {
  const folder = join(import.meta.dirname, '../../examples/shop');
  const names = ['cluster-dump.yaml', 'policies-payments.yaml', 'policies-shop.yaml'];
  return readManifests(
    names.map((file) => ({ file: `examples/shop/${file}`, text: readFileSync(join(folder, file), 'utf8') })),
  ).cluster;
}

const comparison = compareProfiles(shop(), ['np-guard', 'upstream'], { level: { kind: 'workload' } });

test.each(comparisonFormats)('what two profiles answer differently as %s', (format) => {
  expect(comparison.differences.length).toBeGreaterThan(10);
  const text = [...streamComparison(comparison, format, plain)].join('');
  expect(text).toBe(golden(`compare-profiles.${format}.txt`, text));
});

test('the document is as its schema says', () => {
  const check = schemaOf('profile-comparison');
  const document: unknown = JSON.parse([...streamComparison(comparison, 'json', plain)].join(''));
  expect(check(document)).toEqual([]);
  const together: ProfileComparison = {
    ...comparison,
    differences: [
      {
        from: 'a',
        to: 'b',
        allowed: { 'np-guard': 'none', upstream: { TCP: [[80, 80]] } },
        ambiguous: { upstream: { TCP: [[81, 81]] }, 'np-guard': 'all' },
        family: 'IPv4',
        partial: ['upstream'],
        because: ['sctp', 'hostBits'],
        together: true,
      },
    ],
  };
  const written = [...streamComparison(together, 'json', plain)].join('');
  expect(check(JSON.parse(written))).toEqual([]);
  expect([...streamComparison(together, 'table', plain)].join('')).toMatch(
    /a → b \(IPv4\) {2}all ambiguous {2}TCP 80, TCP 81 ambiguous \(partly\) {2}sctp with hostBits/,
  );
  expect(check({ ...comparison, differences: [{}] })).not.toEqual([]);
});

test('on a terminal nothing is wider than it, and without headers there are rows alone', () => {
  const narrow = [...streamComparison(comparison, 'table', { ...plain, width: 80 })].join('');
  expect(overlong(narrow, 80)).toEqual([]);
  const rows = [...streamComparison(comparison, 'table', { ...plain, headers: false })].join('');
  expect(rows.trimEnd().split('\n').length).toBe(comparison.differences.length);
});

test('no difference is one sentence', () => {
  const none = { ...comparison, differences: [], behaviours: [], peers: [] };
  expect([...streamComparison(none, 'table', plain)]).toEqual([
    'np-guard and upstream answer no connection differently.\n',
  ]);
});
