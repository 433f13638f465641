import { describe, expect, it } from 'vitest';
import { readText } from '../../../src/manifest/text/index.ts';

const read = (text: string) => {
  const { documents, diagnostics } = readText({ file: 'f.yaml', text });
  return {
    values: documents.map(({ value }) => value),
    duplicates: documents.map(({ duplicates }) => duplicates),
    problems: diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`),
  };
};

describe('documents of a text', () => {
  it('splits at markers, and leaves out what is empty', () => {
    const text =
      '# head\n---\n\n--- # nothing\na: 1\n---\n# only a comment\n...\n---\nnull\n--- ~\n---\nb: 2\n...\nc: 3\n';
    expect(read(text)).toEqual({
      values: [{ a: 1 }, { b: 2 }, { c: 3 }],
      duplicates: [[], [], []],
      problems: [],
    });
  });

  it('ends a document at a marker even within quotes and block scalars', () => {
    expect(read('a: |\n  --- x\n---\nb: "1\n---\nc: 1\n')).toMatchObject({
      values: [{ a: '--- x\n' }, { c: 1 }],
      problems: ['4:4 yaml-syntax'],
    });
  });

  it('takes ---- and text within a line for no marker', () => {
    expect(read('a: x ---\nb: |\n  ---\n')).toMatchObject({
      values: [{ a: 'x ---', b: '---\n' }],
      problems: [],
    });
  });

  it.each([
    ['line feeds', '\n'],
    ['carriage returns and line feeds', '\r\n'],
    ['carriage returns', '\r'],
  ])('reads %s', (_, end) => {
    const text = ['\uFEFFa:', '  - 1', '---', 'b: |', '  x', '  y', ''].join(end);
    expect(read(text)).toMatchObject({ values: [{ a: [1] }, { b: 'x\ny\n' }], problems: [] });
  });

  it('reads the documents around bad ones', () => {
    expect(read('a: 1\n---\nb: [\n---\nc: 1\n---\n- x\ny: 1\n---\nd: 1\n')).toMatchObject({
      values: [{ a: 1 }, { c: 1 }, { d: 1 }],
      problems: ['4:1 yaml-syntax', '8:1 yaml-syntax'],
    });
  });

  it('keeps quoted text text, and plain text what go-yaml makes of it', () => {
    expect(read('a: "80"\nb: 80\nc: \'yes\'\nd: yes\ne: 0777\nf: 12:30:45\ng: 2001-12-14\n').values).toEqual([
      { a: '80', b: 80, c: 'yes', d: true, e: 511, f: '12:30:45', g: '2001-12-14' },
    ]);
  });

  it('shares what aliases stand for', () => {
    const [value] = read('a: &a {x: [1]}\nb: *a\nc: {<<: *a, z: 2}\n').values as [Record<string, unknown>];
    expect(value).toEqual({ a: { x: [1] }, b: { x: [1] }, c: { x: [1], z: 2 } });
    expect(value.b).toBe(value.a);
  });

  it('lists keys that stand twice, and takes the last', () => {
    expect(read('a: 1\nb:\n  - c: 1\n    c: 2\na: 3\n')).toEqual({
      values: [{ a: 3, b: [{ c: 2 }] }],
      duplicates: [[['b', 0, 'c'], ['a']]],
      problems: [],
    });
    expect(read('yes: 1\n"true": 2\n').duplicates).toEqual([[['true']]]);
    expect(read('a: &a {x: 1}\nb: {<<: *a, x: 2}\n').duplicates).toEqual([[]]);
    expect(read('{"a": [{"b": 1, "c": {"b": 1}, "\\u0062": 2}], "a": 1}').duplicates).toEqual([
      [['a', 0, 'b'], ['a']],
    ]);
  });

  it('gives __proto__ and constructor to the object itself', () => {
    for (const text of ['__proto__: {x: 1}\nconstructor: 2\n', '{"__proto__": {"x": 1}, "constructor": 2}']) {
      const [value] = read(text).values as [object];
      expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect((value as { x?: number }).x).toBeUndefined();
    }
    expect(read('a: &a {__proto__: 1}\nb: {<<: *a}\n').duplicates).toEqual([[]]);
  });
});

describe('JSON', () => {
  it('reads several values after each other, also with YAML behind a marker', () => {
    expect(read('{"a": 1}{"b": 2}\n[3]\n').values).toEqual([{ a: 1 }, { b: 2 }, [3]]);
    expect(read('{"a": 1}\n---\nb: 2\n---\n{"c": 3}\n').values).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  });

  it('reads what YAML allows between brackets', () => {
    expect(read('{a: b, "c": yes,} # done\n').values).toEqual([{ a: 'b', c: true }]);
    expect(read('{"a": 1, # one\n "b": [2,],\n}\n').values).toEqual([{ a: 1, b: [2] }]);
  });

  it.each([
    ['{"a": 1 "b": 2}', '1:9', 'a comma or "}" is expected here'],
    ['{"a": 1,\n "b" 2}', '2:6', 'a colon is expected here'],
    ['{"a": [1, {"b": "c"', '1:20', 'the text ends early, "}]}" is missing'],
    ['{"a": "b', '1:7', 'the text ends early, within quotes'],
    ['{"a": "\\q"}', '1:7', '"\\q" is no escape of JSON'],
    ['{"a": [1, 2}', '1:12', 'a comma or "]" is expected here'],
    ['{"a": /* one */ 1}', '1:7', 'a value is expected here'],
    ['{"a": 1}\n}', '2:1', 'something stands behind its end'],
    ['{"a": 1}\n{"b": [', '2:8', 'the text ends early, "]}" is missing'],
    ['{"a": 1}\n[{"b" 1}]', '2:7', 'a colon is expected here'],
    ['---\n{"a": 1}\n{"b": 2}', '3:1', 'something stands behind its end'],
  ])('says what is wrong with %s', (text, place, words) => {
    const { documents, diagnostics } = readText({ file: 'f.json', text });
    expect(documents).toEqual([]);
    expect(diagnostics).toMatchObject([{ code: 'json-syntax', severity: 'error', file: 'f.json' }]);
    expect(`${diagnostics[0]?.line}:${diagnostics[0]?.column}`).toBe(place);
    expect(diagnostics[0]?.message).toContain(words);
  });
});
