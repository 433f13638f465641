import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { repository } from '../documents.ts';

// docs/reference/dataplane-checklist.md against the tests that it speaks of.

const rows = readFileSync(join(repository, 'docs/reference/dataplane-checklist.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, number, item = '', where = '', remark = ''] = line.split('|').map((cell) => cell.trim());
    return /^[0-9]+$/.test(number ?? '') ? [{ number: Number(number), item, where, remark }] : [];
  });

/** The numbers that titles of tests in this folder name: `checklist 21 and 22: …`. */
function numbersInTitles(source: string): readonly number[] {
  const titles = source.matchAll(/(?:test|describe)\(\s*['`]checklist ([0-9, and]+):/g);
  return [...titles].flatMap(([, list = '']) => (list.match(/[0-9]+/g) ?? []).map(Number));
}

const tested = new Set(
  readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => numbersInTitles(readFileSync(join(import.meta.dirname, file), 'utf8'))),
);

describe('the checklist', () => {
  test('has all 48 items, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 48 }, (_, i) => i + 1));
    for (const { item } of rows) expect(item).not.toBe('');
  });

  test('names a test for each item that concerns the rules, and for no other', () => {
    const ofRules = rows.filter(({ where }) => where === 'ruleset').map(({ number }) => number);
    expect([...tested].sort((a, b) => a - b)).toEqual(ofRules);
  });

  test('gives a reason for every item that does not', () => {
    const others = rows.filter(({ where }) => where !== 'ruleset');
    expect(others.length).toBeGreaterThan(10);
    for (const { number, where, remark } of others) {
      expect(['agent', 'not testable here'], String(number)).toContain(where);
      expect(remark.length, String(number)).toBeGreaterThan(20);
    }
  });
});
