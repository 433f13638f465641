import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineIndex } from '../../../src/manifest/text/line-index.ts';

test('gives line and column of any offset, in whatever order they are asked for', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'ß', '\n', '\r'), maxLength: 40 });
  fc.assert(
    fc.property(
      line,
      fc.integer({ min: 1, max: 9_000 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      (unit, times, asked) => {
        const text = unit.repeat(times);
        const index = new LineIndex(text);
        for (const any of asked) {
          const offset = text.length === 0 ? 0 : any % (text.length + 1);
          const before = text.slice(0, offset);
          const start = before.lastIndexOf('\n') + 1;
          expect(index.place(offset)).toEqual({
            line: before.split('\n').length,
            column: offset - start + 1,
          });
        }
      },
    ),
    { numRuns: 60 },
  );
});
