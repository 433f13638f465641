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
  const long = 'ab'.repeat(10_000);
  expect(table.text(table.intern(2, long))).toBe(long);
});

test('a hundred thousand texts keep their numbers while the table grows', () => {
  const table = new TextTable();
  for (let i = 0; i < 100_000; i++) expect(table.intern(i % 7, `pod-${i}`)).toBe(i);
  for (let i = 0; i < 100_000; i += 97) {
    expect([table.find(i % 7, `pod-${i}`), table.find((i + 1) % 7, `pod-${i}`)]).toEqual([i, -1]);
    expect(table.text(i)).toBe(`pod-${i}`);
  }
});

/** Texts of eight letters that all have one hash: their second halves make up for what the first ones do. */
function* colliding(): Generator<string> {
  const target = 0x1234_5678;
  for (let i = 0; ; i++) {
    const half = i.toString(36).padStart(4, '0');
    const four = [3, 2, 1, 0].reduce((word, at) => (word << 8) | half.charCodeAt(at), 0);
    let hash = Math.imul(8, 0x9e37_79b1);
    hash = Math.imul(hash ^ four, 0x85eb_ca6b);
    hash ^= hash >>> 15;
    const rest = hash ^ target;
    const bytes = [rest & 255, (rest >>> 8) & 255, (rest >>> 16) & 255, rest >>> 24];
    if (bytes.every((byte) => byte > 0x20 && byte < 0x7f)) yield half + String.fromCharCode(...bytes);
  }
}

test('texts that were made to collide keep their numbers, and cost no more than others', () => {
  const table = new TextTable();
  const texts: string[] = [];
  for (const each of colliding()) if (texts.push(each) === 3000) break;
  expect(new Set(texts).size).toBe(3000);
  for (const [i, each] of texts.entries()) {
    for (const before of [texts[i >> 1] ?? '', texts[i] ?? '']) {
      const known = texts.indexOf(before);
      expect(table.find(0, before)).toBe(known < i ? known * 2 : -1);
    }
    expect([table.intern(0, each), table.intern(1, each)]).toEqual([i * 2, i * 2 + 1]);
  }
  // Others come between them, and their region grows.
  for (let i = 0; i < 5000; i++) table.intern(0, `other-${i}`);
  for (const [i, each] of texts.entries()) expect(table.intern(0, each)).toBe(i * 2);
  expect(table.size).toBe(11_000);
});
