import { expect, test } from 'vitest';
import { behaviours, profileNames } from '../../src/policy/index.ts';
import { profileFormats, renderProfiles } from '../../src/render/index.ts';
import { golden, overlong } from './golden.ts';
import { schemaOf } from './schemas.ts';

const plain = { width: undefined, color: false, headers: true };

test.each(profileFormats)('the table of all profiles as %s', (format) => {
  const text = renderProfiles(behaviours, profileNames, format, plain);
  expect(text).toBe(golden(`profiles.${format}.txt`, text));
});

test('one profile with its sources', () => {
  const text = renderProfiles(behaviours, ['calico'], 'table', { ...plain, width: 80 });
  expect(text).toBe(golden('profiles-calico.table.txt', text));
  expect(text.split('\n').filter((line) => line.includes('  https://')).length).toBeGreaterThan(10);
});

test('on a terminal nothing is wider than it', () => {
  const text = renderProfiles(behaviours, profileNames, 'table', { ...plain, width: 80 });
  expect(overlong(text, 80)).toEqual([]);
  const rows = renderProfiles(behaviours, profileNames, 'table', { ...plain, headers: false });
  expect(rows.trimEnd().split('\n').length).toBe(behaviours.length);
});

test('the document is as its schema says', () => {
  const check = schemaOf('profile-table');
  for (const names of [profileNames, ['upstream', 'cilium'] as const]) {
    const document: unknown = JSON.parse(renderProfiles(behaviours, names, 'json', plain));
    expect(check(document)).toEqual([]);
  }
  expect(
    check({ apiVersion: 'podwall.dev/v1', kind: 'ProfileTable', profiles: [], behaviours: [{}] }),
  ).not.toEqual([]);
});
