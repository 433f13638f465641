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

test('pairs that were chosen to be in the way of each other are found all the same, however the map grows', () => {
  // All of them begin their search at the same slot, for every size of the map up to 2^12 slots.
  const alike: (readonly [number, number])[] = [];
  for (let b = 0; alike.length < 100; b++) {
    const hash = Math.imul(Math.imul(7 ^ 0x2545_f491, 0x9e37_79b1) ^ b, 0x85eb_ca6b);
    if (((hash ^ (hash >>> 15)) & 0xfff) === 0) alike.push([7, b]);
  }
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
