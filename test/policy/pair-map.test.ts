import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PairMap } from '../../src/policy/pair-map.ts';

test('a pair keeps the value that it was given first', () => {
  const small = fc.integer({ min: 0, max: 9 });
  const key = fc.oneof(small, fc.integer({ min: 0, max: 2 ** 31 - 2 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, key, small), { maxLength: 400 }), (entries) => {
      const map = new PairMap();
      const known = new Map<string, number>();
      for (const [a, b, value] of entries) {
        expect(map.get(a, b)).toBe(known.get(`${a} ${b}`) ?? -1);
        if (!known.has(`${a} ${b}`)) known.set(`${a} ${b}`, value);
        expect(map.getOrAdd(a, b, value)).toBe(known.get(`${a} ${b}`));
      }
      for (const [a, b] of entries) expect(map.get(a, b)).toBe(known.get(`${a} ${b}`));
      expect(map.size).toBe(known.size);
      map.clear();
      for (const [a, b] of entries) expect(map.get(a, b)).toBe(-1);
    }),
  );
});

/** Pairs that begin their search at the same slot, for every size of the map up to `mask` + 1 slots. */
function alikePairs(count: number, mask: number): readonly (readonly [number, number])[] {
  const alike: (readonly [number, number])[] = [];
  for (let b = 0; alike.length < count; b++) {
    const hash = Math.imul(Math.imul(7 ^ 0x2545_f491, 0x9e37_79b1) ^ b, 0x85eb_ca6b);
    if (((hash ^ (hash >>> 15)) & mask) === 0) alike.push([7, b]);
  }
  return alike;
}

// 64 pairs that are alike fill all slots that are searched: the others are crowded out. Without them, 63 pairs fill half of the
// slots, and stand in each other's way here and there.
const square = Array.from({ length: 64 }, (_, i) => [i % 8, Math.floor(i / 8)] as const);
test.each([
  { name: 'crowded', pairs: [...alikePairs(90, 0x3ff), ...square] },
  { name: 'half full', pairs: square.slice(1) },
])('a map that is $name is told of values and asked to forget them in any order', ({ pairs }) => {
  const what = fc.constantFrom('set', 'delete', 'delete', 'getOrAdd');
  const operation = fc.tuple(what, fc.constantFrom(...pairs), fc.nat({ max: 99 }));
  fc.assert(
    fc.property(
      fc.subarray(pairs, { minLength: pairs.length - 8 }),
      fc.array(operation, { maxLength: 400 }),
      (before, operations) => {
        const map = new PairMap();
        const model = new Map<string, number>();
        for (const [i, [a, b]] of before.entries()) {
          map.set(a, b, i);
          model.set(`${a} ${b}`, i);
        }
        for (const [asked, [a, b], value] of operations) {
          const text = `${a} ${b}`;
          if (asked === 'delete') {
            map.delete(a, b);
            model.delete(text);
          } else if (asked === 'set') {
            map.set(a, b, value);
            model.set(text, value);
          } else {
            if (!model.has(text)) model.set(text, value);
            expect(map.getOrAdd(a, b, value)).toBe(model.get(text));
          }
          expect(map.size).toBe(model.size);
        }
        for (const [a, b] of pairs) expect(map.get(a, b)).toBe(model.get(`${a} ${b}`) ?? -1);
      },
    ),
  );
});

test('pairs that were chosen to be in the way of each other are found all the same, however the map grows', () => {
  const alike = alikePairs(100, 0xfff);
  const map = new PairMap();
  for (const [i, [a, b]] of alike.entries()) map.add(a, b, i);
  const found = (): readonly number[] => alike.map(([a, b]) => map.get(a, b));
  const all = [...alike.keys()];
  expect(found()).toEqual(all);
  for (let other = 0; other < 50_000; other++) {
    map.add(other, 3_000_000, other);
    if ((other & (other - 1)) === 0) expect(found()).toEqual(all);
  }
  expect(found()).toEqual(all);
});

test('what was crowded out is found, changed and forgotten when a slot in its way has been emptied', () => {
  const alike = alikePairs(90, 0x3ff);
  const map = new PairMap();
  for (const [i, [a, b]] of alike.entries()) map.set(a, b, i);
  const [[a, b], ...rest] = alike as [readonly [number, number], ...(readonly [number, number])[]];
  map.delete(a, b);
  expect(map.get(a, b)).toBe(-1);
  expect(rest.map(([x, y]) => map.get(x, y))).toEqual(rest.map((_, i) => i + 1));
  for (const [x, y] of rest) map.set(x, y, 7);
  expect(map.size).toBe(rest.length);
  for (const [x, y] of rest) map.delete(x, y);
  expect(map.size).toBe(0);
  expect(alike.every(([x, y]) => map.get(x, y) === -1)).toBe(true);
});
