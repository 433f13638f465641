import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { comment, Names, selectorMeaning } from '../../src/nft/naming.ts';
import { sha256 } from '../../src/nft/sha256.ts';

describe('sha256', () => {
  test('is that of Node, for texts of every length around the bounds of blocks', () => {
    for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 1000]) {
      const text = 'ä€x'.repeat(length).slice(0, length);
      expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'));
    }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'));
      }),
    );
  });
});

describe('names', () => {
  test('are of twelve digits, and of all where two agree in these', () => {
    // Found by trying: no two texts of a manifest need be feared, but what they would do is told here.
    const collide = (name: string): string => `${name}-same`;
    const names = new Names(
      (meaning) =>
        sha256(meaning.endsWith('-same') ? 'same' : meaning).slice(0, 12) + sha256(meaning).slice(12),
    );
    names.add('sel_', 'one');
    names.add('sel_', collide('a'));
    names.add('sel_', collide('b'));
    expect(names.of('sel_', 'one')).toBe(`sel_${sha256('one').slice(0, 12)}`);
    const [a, b] = [names.of('sel_', collide('a')), names.of('sel_', collide('b'))];
    expect(a).not.toBe(b);
    expect([a.length, b.length]).toEqual([68, 68]);
    // Another prefix is another name.
    names.add('cidr_', collide('a'));
    expect(names.of('cidr_', collide('a')).length).toBe('cidr_'.length + 12);
  });

  test('checklist 44: selectors that ask the same have one meaning, all others their own', () => {
    const requirement = (key: string, operator: 'In' | 'NotIn' | 'Exists', ...values: readonly string[]) =>
      ({ key, operator, values, written: 'matchLabels' }) as const;
    const a = selectorMeaning({
      requirements: [requirement('a', 'In', 'x', 'y'), requirement('b', 'Exists')],
    });
    const b = selectorMeaning({
      requirements: [
        requirement('b', 'Exists'),
        requirement('a', 'In', 'y', 'x', 'x'),
        requirement('b', 'Exists'),
      ],
    });
    expect(a).toEqual(b);
    const others = [
      [requirement('a', 'In', 'x,y')],
      [requirement('a', 'In', 'x'), requirement('a', 'In', 'y')],
      [requirement('a', 'NotIn', 'x', 'y')],
      [requirement('a', 'In', 'x', 'y')],
    ].map((requirements) => JSON.stringify(selectorMeaning({ requirements })));
    expect(new Set(others).size).toBe(others.length);
  });
});

test('comments are what nft takes', () => {
  expect(comment('shop/web rule 1')).toBe('shop/web rule 1');
  expect(comment('a "quoted" \\ täxt\n')).toBe('a ?quoted? ? t?xt?');
  const long = comment(`${'n'.repeat(63)}/${'p'.repeat(253)} rule 12 +3`);
  expect(long.length).toBe(127);
  expect(long).toMatch(/^n{62}\.\.\.p+ rule 12 \+3$/);
});
