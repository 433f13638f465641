import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Path } from '../../../../src/model/index.ts';
import { BlockOrigin, BlockParser } from '../../../../src/manifest/text/block/index.ts';
import { LineIndex } from '../../../../src/manifest/text/line-index.ts';
import { NodeCache, YamlOrigin } from '../../../../src/manifest/text/origin.ts';
import { splitDocuments } from '../../../../src/manifest/text/split.ts';
import { documents, handWritten } from './arbitraries.ts';

const root = new URL('../../../../', import.meta.url);

/** Every path into a value, and some that lead to nothing. */
function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  yield [...path, 'none'];
  yield [...path, 999];
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* pathsOf(item, [...path, i]);
  else for (const [key, item] of Object.entries(value)) yield* pathsOf(item, [...path, key]);
}

/** Asks both for each path of each document of the subset; returns how many paths that were. */
function askBoth(text: string): number {
  const parser = new BlockParser(text);
  const index = new LineIndex(text);
  let asked = 0;
  for (const { start, end } of splitDocuments(text)) {
    const parsed = parser.parse(start, end);
    if (parsed === undefined) continue;
    const ours = new BlockOrigin('f', index, new NodeCache(), start, end, parsed.items);
    const theirs = new YamlOrigin('f', index, new NodeCache(), start, end);
    for (const path of pathsOf(parsed.value)) {
      const about = () => `${JSON.stringify(path)} of\n${text.slice(start, end)}`;
      const answers = [ours, theirs].map((origin) => {
        const [value, key, last] = [origin.locate(path), origin.locateKey(path), origin.endLine(path)];
        return `${value.line}:${value.column} ${key.line}:${key.column} ${last}`;
      });
      if (answers[0] !== answers[1]) expect(answers[0], about()).toBe(answers[1]);
      asked++;
    }
  }
  return asked;
}

describe('places in the subset are those that yaml gives', () => {
  it.each(['examples', 'test'])('in the manifests of %s', (folder) => {
    let asked = 0;
    for (const path of readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })) {
      if (!/\.ya?ml$/.test(path)) continue;
      const text = readFileSync(new URL(`${folder}/${path}`, root), 'utf8');
      if (text.length < 20_000) asked += askBoth(text);
    }
    expect(asked).toBeGreaterThan(5000);
  });

  it('in texts that a hand could have written', () => {
    let asked = 0;
    fc.assert(
      fc.property(handWritten, fc.boolean(), (text, carriage) => {
        asked += askBoth(carriage ? text.replaceAll('\n', '\r\n') : text);
      }),
      { numRuns: 1500 },
    );
    expect(asked).toBeGreaterThan(5000);
  });

  it('in whatever yaml writes', () => {
    let asked = 0;
    fc.assert(
      fc.property(documents, (text) => {
        asked += askBoth(text);
      }),
      { numRuns: 1500 },
    );
    expect(asked).toBeGreaterThan(5000);
  });
});

it('takes no list that is the first item for the list of items', () => {
  expect(askBoth('items:\n - - null\n - false\n')).toBeGreaterThan(0);
  expect(askBoth('items:\n- - a: 1\n  - b: 2\n- - c: 3\n')).toBeGreaterThan(0);
});

it('finds what is far down in a list of many objects', () => {
  const items = Array.from({ length: 50_000 }, (_, i) => `- kind: Pod\n  metadata:\n    name: pod-${i}\n`);
  const text = `apiVersion: v1\nitems:\n${items.join('')}kind: List\n`;
  const parsed = new BlockParser(text).parse(0, text.length);
  const origin = new BlockOrigin('f', new LineIndex(text), new NodeCache(), 0, text.length, parsed?.items);
  expect(origin.locate(['items', 40_000, 'metadata', 'name'])).toMatchObject({ line: 120_005, column: 11 });
  expect(origin.locate(['kind'])).toMatchObject({ line: 150_003, column: 7 });
  expect(origin.endLine(['items'])).toBe(150_002);
  expect(origin.endLine([])).toBe(150_003);
  expect(origin.endLine(['items', 7])).toBe(26);
});

it('passes over nothing behind a list that is no item list of the document', () => {
  const text =
    'items:\n- volumes:\n  - items:\n    - key: a\n    name: b\n- volumes:\n  - items: []\n    name: c\nkind: List\n';
  expect(askBoth(text)).toBeGreaterThan(20);
});
