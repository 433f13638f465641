import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextTable } from '../../src/model/index.ts';

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const text = fc.oneof(
  fc.stringMatching(/^[ -~]{0,40}$/),
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('', 'a', 'größer', '\ud800', '1 a', '__proto__'),
);

test(`a text has one number in each scope, and keeps it (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), text), { maxLength: 400 }), (given) => {
      const table = new TextTable();
      const model = new Map<string, number>();
      for (const [scope, each] of given) {
        const key = JSON.stringify([scope, each]);
        expect(table.find(scope, each)).toBe(model.get(key) ?? -1);
        const id = table.intern(scope, each);
        if (!model.has(key)) model.set(key, model.size);
        expect(id).toBe(model.get(key));
      }
      expect(table.size).toBe(model.size);
      for (const [key, id] of model) expect(JSON.stringify([table.scopeOf(id), table.text(id)])).toBe(key);
    }),
    { numRuns: 200, seed },
  );
});

test('ASCII has the same number as bytes and as text', () => {
  const table = new TextTable();
  const bytes = new TextEncoder().encode('shop/web, shop/db');
  const web = table.internAscii(1, bytes, 5, 8);
  expect([table.intern(1, 'web'), table.intern(1, 'db'), table.internAscii(1, bytes, 15, 17)]).toEqual([
    web,
    web + 1,
    web + 1,
  ]);
  expect(table.internAscii(2, bytes, 5, 8)).toBe(web + 2);
});

test('a hundred thousand texts keep their numbers while the table grows', () => {
  const table = new TextTable();
  for (let i = 0; i < 100_000; i++) expect(table.intern(i % 7, `pod-${i}`)).toBe(i);
  for (let i = 0; i < 100_000; i += 97) {
    expect([table.find(i % 7, `pod-${i}`), table.find((i + 1) % 7, `pod-${i}`)]).toEqual([i, -1]);
    expect(table.text(i)).toBe(`pod-${i}`);
  }
});
