import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonPlaces, MemberCache } from '../../../src/manifest/text/json-scan.ts';
import type { JsonPosition } from '../../../src/manifest/text/json-scan.ts';
import type { Path } from '../../../src/model/index.ts';

/** A value as it is written: members may repeat. */
type Written =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Written[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: string, value: Written])[] };

/** Where everything in a text stands, noted while it is written: nothing is searched for. */
class Writer {
  text = '';
  readonly #blanks: readonly string[];
  #blank = 0;

  /** @param blanks - what stands between tokens, by turns */
  constructor(blanks: readonly string[]) {
    this.#blanks = blanks;
  }

  /** @returns by path the last that has it, as keys that stand twice do */
  value(written: Written): ReadonlyMap<string, { readonly path: Path; readonly at: JsonPosition }> {
    this.#space();
    const noted = new Map<string, { readonly path: Path; readonly at: JsonPosition }>();
    this.#value(written, [], undefined, noted);
    this.#space();
    return noted;
  }

  #value(written: Written, path: Path, key: number | undefined, noted: Map<string, unknown>): void {
    // What the former value of a repeated key had in it is out of reach.
    const own = JSON.stringify(path).slice(0, -1);
    if (key !== undefined && noted.has(`${own}]`))
      for (const each of noted.keys()) if (each.startsWith(`${own},`)) noted.delete(each);
    noted.set(JSON.stringify(path), { path, at: { value: this.text.length, key } });
    if (written.kind === 'scalar') {
      this.text += written.text;
      return;
    }
    const isList = written.kind === 'list';
    const entries = isList ? written.items.map((item, i) => [i, item] as const) : written.members;
    this.text += isList ? '[' : '{';
    for (const [i, [step, value]] of entries.entries()) {
      if (i > 0) this.text += ',';
      this.#space();
      const at = typeof step === 'string' ? this.text.length : undefined;
      if (typeof step === 'string') {
        this.text += JSON.stringify(step);
        this.#space();
        this.text += ':';
        this.#space();
      }
      this.#value(value, [...path, step], at, noted);
      this.#space();
    }
    if (entries.length === 0) this.#space();
    this.text += isList ? ']' : '}';
  }

  #space(): void {
    this.text += this.#blanks[this.#blank++ % this.#blanks.length] ?? '';
  }
}

/** Asks in the given order, with one memory for all values, and expects what was noted. */
function ask(
  writer: Writer,
  questions: readonly { readonly start: number; readonly path: Path; readonly at: JsonPosition }[],
): void {
  const { text } = writer;
  const cache = new MemberCache();
  const places = new Map<number, JsonPlaces>();
  for (const { start, path, at } of questions) {
    const here = places.get(start) ?? new JsonPlaces(text, start, cache);
    places.set(start, here);
    const found = here.find(path);
    const isSame = found.value === at.value && found.key === at.key;
    if (!isSame) expect(found, JSON.stringify(path)).toEqual(at);
    // Of what is not there: its nearest ancestor.
    expect(here.find([...path, 'none']).value).toBe(at.value);
    expect(here.find([...path, 99_999, 'none']).value).toBe(at.value);
  }
}

const scalar = fc
  .oneof(
    fc.string({ maxLength: 80 }),
    fc.constantFrom('{"', '}]', '\\"', ',', ':', 'x'.repeat(300)),
    fc.integer(),
    fc.constantFrom(true, false, null),
  )
  .map((value): Written => ({ kind: 'scalar', text: JSON.stringify(value) }));

const value: fc.Arbitrary<Written> = fc.letrec<{ value: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 8 }).map((items): Written => ({ kind: 'list', items })),
    fc
      .array(
        fc.tuple(fc.oneof(fc.constantFrom('a', 'b "', '\\', '', '{', 'größer'), fc.string()), tie('value')),
        {
          maxLength: 8,
        },
      )
      .map((members): Written => ({ kind: 'object', members })),
  ),
})).value;

const blanks = fc.array(fc.constantFrom('', '', ' ', '\n', '\r\n\t', ' '.repeat(40)), {
  minLength: 1,
  maxLength: 9,
});

describe('places in JSON, whatever was asked before', () => {
  it('are where the writer put things', () => {
    let asked = 0;
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 3 }),
        blanks,
        fc.infiniteStream(fc.nat()),
        (values, between, order) => {
          const writer = new Writer(between);
          const questions = values.flatMap((each) => {
            writer.text += '\n';
            const start = writer.text.length;
            return Array.from(writer.value(each).values(), (noted) => ({ start, ...noted }));
          });
          const mixed = [...questions, ...questions]
            .map((question) => ({ question, rank: order.next().value ?? 0 }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ question }) => question);
          ask(writer, mixed);
          asked += mixed.length;
        },
      ),
      { numRuns: 300 },
    );
    expect(asked).toBeGreaterThan(5000);
  });

  it('also of more containers than are remembered', () => {
    const one: Written = { kind: 'scalar', text: '1' };
    const rows = Array.from({ length: 500 }, (_, i): Written => {
      const items = Array.from({ length: 130 + (i % 200) }, () => one);
      return i % 2 === 0
        ? { kind: 'list', items }
        : { kind: 'object', members: items.map((item, k) => [`k${k}`, item] as const) };
    });
    const writer = new Writer(['', ' ', '\n']);
    const noted = [...writer.value({ kind: 'list', items: rows }).values()];
    expect(noted.length).toBeGreaterThan(100_000);
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: noted.length - 1 }), { minLength: 200, maxLength: 400, size: 'max' }),
        fc.nat({ max: 499 }),
        (some, from) => {
          // Row by row from somewhere, so that some is forgotten, and what was drawn between.
          const walk = rows.map((_, i) => JSON.stringify([(from + i) % rows.length]));
          const byPath = new Map(noted.map((each) => [JSON.stringify(each.path), each]));
          const questions = walk.flatMap((path, i) => {
            const row = byPath.get(path);
            const drawn = noted[some[i % some.length] ?? 0];
            if (row === undefined || drawn === undefined) throw new Error('no such row');
            return [row, drawn];
          });
          ask(
            writer,
            questions.map((each) => ({ start: 0, ...each })),
          );
        },
      ),
      { numRuns: 4 },
    );
  });

  it('of which no more are remembered than there is room for', () => {
    const cache = new MemberCache();
    const members = { byKey: undefined, elements: Array.from({ length: 999 }, (_, i) => i) };
    for (let at = 0; at < 1000; at++) {
      cache.set(at, members, 2000);
      // Asked about all the time: never forgotten.
      expect(cache.get(0)).toBe(members);
    }
    const kept = Array.from({ length: 1000 }, (_, at) => at).filter((at) => cache.get(at) !== undefined);
    expect(kept.length).toBeGreaterThan(60);
    expect(kept.length).toBeLessThan(140);
    expect(kept).toContain(999);
  });
});
