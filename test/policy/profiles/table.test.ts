import { expect, test } from 'vitest';
import { profileChoices } from '../../../src/cli/values.ts';
import { behaviours, profileNames, profiles, readingIds, readingRows } from '../../../src/policy/index.ts';

test('the table has a cell for each behaviour and implementation', () => {
  expect(profileNames.length).toBe(9);
  expect(behaviours.length).toBeGreaterThanOrEqual(25);
  for (const { id, cells } of behaviours) {
    expect([id, Object.keys(cells).sort()]).toEqual([id, [...profileNames].sort()]);
  }
  expect(new Set(behaviours.map(({ id }) => id)).size).toBe(behaviours.length);
});

test('upstream knows every cell: what is unknown is read as it reads it', () => {
  expect(behaviours.filter(({ cells }) => cells.upstream === 'unknown')).toEqual([]);
  expect(profiles.upstream.unknown).toEqual([]);
});

test('every cell that is known has a value of its row and a public source', () => {
  let known = 0;
  for (const { id, cells } of behaviours) {
    for (const name of profileNames) {
      const cell = cells[name];
      if (cell === 'unknown') continue;
      known++;
      expect([id, name, cell.text]).not.toContain(undefined);
      expect(cell.source.text).not.toBe('');
      expect(cell.source.url).toMatch(/^https:\/\/[a-z0-9.-]+\/\S*$/);
    }
  }
  expect(known).toBeGreaterThan(100);
});

test('a profile is its column, with what is unknown read as upstream reads it', () => {
  expect(Object.keys(readingRows).sort()).toEqual([...readingIds].sort());
  for (const name of profileNames) {
    for (const id of readingIds) {
      const cell = readingRows[id].cells[name];
      expect([name, id, profiles[name][id]]).toEqual([
        name,
        id,
        cell === 'unknown' ? profiles.upstream[id] : cell.value,
      ]);
      expect(profiles[name].unknown.includes(id)).toBe(cell === 'unknown');
    }
  }
});

test('the command line offers every profile', () => {
  expect(profileChoices).toEqual(profileNames);
});
