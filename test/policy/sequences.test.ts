import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SequenceTable } from '../../src/policy/sequences.ts';

test('equal sequences have one id, counted from 0 in the order in which they come', () => {
  const sequence = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 400 }), (sequences) => {
      const table = new SequenceTable();
      const known = new Map<string, number>();
      for (const items of sequences) {
        const key = items.join(',');
        if (!known.has(key)) known.set(key, known.size);
        // With something before and behind it, which does not count.
        const padded = Int32Array.of(9, ...items, 9);
        const id = table.intern(padded, 1, padded.length - 1);
        expect(id).toBe(known.get(key));
        expect([...table.items.subarray(table.start(id), table.start(id + 1))]).toEqual(items);
      }
      expect(table.size).toBe(known.size);
    }),
  );
});

test('sequences that were chosen to be in the way of each other are told apart all the same', () => {
  // All of them begin their search at the same slot, for every size of the table up to 2^16.
  const alike: Int32Array[] = [];
  for (let item = 0; alike.length < 300; item++) {
    let hash = Math.imul(1 ^ item, 0x9e37_79b1);
    hash ^= hash >>> 15;
    if ((hash & 0xffff) === 0) alike.push(Int32Array.of(item));
  }
  const table = new SequenceTable();
  const ids = alike.map((items) => table.intern(items, 0, 1));
  expect(new Set(ids).size).toBe(alike.length);
  for (let other = 0; other < 20_000; other++) table.intern(Int32Array.of(other, other), 0, 2);
  expect(alike.map((items) => table.intern(items, 0, 1))).toEqual(ids);
  // Where the table is so large that they are parted, those that had been crowded out have their slots.
  for (let other = 0; other < 80_000; other++) table.intern(Int32Array.of(other, 0, other), 0, 3);
  expect(alike.map((items) => table.intern(items, 0, 1))).toEqual(ids);
});
