import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ManifestReader, readManifests } from '../../../src/manifest/index.ts';
import type { ReaderLimits } from '../../../src/manifest/index.ts';
import type { ReadResult } from '../../../src/model/index.ts';
import { texts } from '../scan/dumps.ts';
import { told } from '../scan/reading.ts';

const encoder = new TextEncoder();

/** Reads all as YAML in pieces, and takes every list apart, however small it is. */
function readInPieces(
  text: string | Uint8Array,
  piece: number,
  limits: Partial<ReaderLimits> = {},
  pipe = false,
): ReadResult & { readonly reader: ManifestReader } {
  const bytes = typeof text === 'string' ? encoder.encode(text) : text;
  const reader = new ManifestReader({}, { yaml: 0, list: 0, piece, ...limits });
  const source = reader.open({
    file: 'dump.yaml',
    direct: true,
    ...(pipe ? {} : { reread: (from: number, to: number) => bytes.slice(from, to) }),
  });
  for (let at = 0; at < bytes.length && !source.isDone; at += piece) source.push(bytes.slice(at, at + piece));
  source.end();
  return { ...reader.finish(), reader };
}

const readAtOnce = (text: string): ReadResult => readManifests([{ file: 'dump.yaml', text, direct: true }]);

/** Streams of documents and lists, as YAML in one of many styles. */
const streams: fc.Arbitrary<string> = fc
  .tuple(
    texts,
    fc.record({
      indent: fc.constantFrom(1, 2, 4),
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 40, 80),
      collectionStyle: fc.constantFrom('block', 'any'),
    } as const),
    fc.constantFrom('', '---\n', '# a: comment\n---\n', '%YAML 1.1\n---\n'),
    fc.constantFrom('---\n', '...\n---\n', '--- # next\n# and more\n', '...\n# only a comment\n---\n---\n'),
    fc.constantFrom('\n', '\r\n'),
  )
  .map(([json, style, head, separator, lineEnd]) => {
    const documents = readManifestValues(json).map((value) => stringify(value, { ...style, version: '1.1' }));
    return (head + documents.join(separator)).replaceAll('\n', lineEnd);
  });

/** The JSON values of a text. */
function readManifestValues(json: string): readonly unknown[] {
  const values: unknown[] = [];
  let start = 0;
  for (let end = 1; end <= json.length; end++) {
    if (!/[}\]]/.test(json[end - 1] as string)) continue;
    try {
      values.push(JSON.parse(json.slice(start, end)));
      start = end;
    } catch {
      // The value goes on.
    }
  }
  return values;
}

describe('YAML in pieces', () => {
  it.each([
    ['with lists taken apart', 0],
    ['with lists as they are', 2 ** 30],
  ])('gives the same cluster, diagnostics and places as YAML at once, %s', (_, list) => {
    let objects = 0;
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 300 }), (text, piece) => {
        if (/^\s*[[{]/.test(text)) return;
        const atOnce = readAtOnce(text);
        // An item that cannot be read takes the whole list with it only when that is small.
        if (list === 0 && atOnce.diagnostics.some(({ code }) => /^(?:yaml|document)-/.test(code))) return;
        objects += atOnce.objects;
        expect(told(readInPieces(text, piece, { list }))).toEqual(told(atOnce));
      }),
      // The streams of the texts do not survive shrinking.
      { numRuns: 120, endOnFailure: true },
    );
    expect(objects).toBeGreaterThan(100);
  });
});

const pod = (name: string): string =>
  `- apiVersion: v1
  kind: Pod
  metadata:
    name: ${name}
    namespace: shop
    annotations:
      note: |
        # größer

        - no item
items: no key
  spec:
    containers:
    - name: a
`.replace('items: no key\n', '');
const policy = (name: string, more = ''): string => `- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata:
    name: ${name}
  spec:
    podSelector: {}
${more}`;
const listOf = (...items: readonly string[]): string =>
  `apiVersion: v1\nitems:\n${items.join('')}kind: List\nmetadata:\n  resourceVersion: ""\n`;

describe('an item of a large list', () => {
  it('that cannot be read is left out, and nothing else is lost', () => {
    const text = listOf(pod('a'), '- kind: [\n', pod('b'), '- kind: &x Pod\n  a: *y\n', pod('c'));
    for (const piece of [1, 64, 10_000]) {
      const { cluster, diagnostics } = readInPieces(text, piece);
      expect(cluster.pods.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
      expect(diagnostics.map(({ code, line }) => `${line} ${code}`)).toEqual([
        '17 yaml-syntax',
        '31 yaml-value',
      ]);
    }
  });

  it('has its places, and lines to quote', () => {
    const text = listOf(
      pod('a'),
      policy('p', '    ingress:\n    - ports:\n      - port: nonsense!\n'),
      pod('b'),
    );
    for (const pipe of [false, true]) {
      const { diagnostics, reader } = readInPieces(text, 50, {}, pipe);
      expect(diagnostics).toMatchObject([{ line: 24, column: 15, path: 'spec.ingress[0].ports[0].port' }]);
      expect(reader.lines('dump.yaml', 22, 24, 400)).toEqual([
        '    ingress:',
        '    - ports:',
        '      - port: nonsense!',
      ]);
    }
  });

  it('is judged as in a small list: keys that stand twice, fields that nobody knows', () => {
    const text = listOf(
      policy('twice', '    podSelector: {a: b}\n'),
      policy('unknown', '    ingres: []\n'),
      `${policy('beside')}  status: {}\n  speck: 1\n`,
    );
    const { diagnostics } = readInPieces(text, 40);
    expect(diagnostics).toEqual(readAtOnce(text).diagnostics);
    expect(new Set(diagnostics.map(({ code }) => code)).size).toBeGreaterThan(1);
  });

  it('may be larger than a piece, but not than the limit', () => {
    const large = `- apiVersion: v1\n  kind: ConfigMap\n  data:\n    a: ${'x'.repeat(5000)}\n`;
    for (const piece of [10, 700, 100_000]) {
      const limits = { unit: 2000 };
      const { cluster, diagnostics, objects } = readInPieces(
        listOf(pod('a'), large, pod('b')),
        piece,
        limits,
      );
      if (piece === 100_000) {
        // It was there before anyone could ask how large it is.
        expect(diagnostics).toEqual([]);
        expect(objects).toBe(3);
      } else {
        expect(diagnostics).toMatchObject([{ code: 'document-too-large', line: 16 }]);
        expect(objects).toBe(2);
      }
      expect(cluster.pods.map(({ name }) => name)).toEqual(['a', 'b']);
    }
  });

  it('that stands twice as items, or in a document that breaks, is told', () => {
    const twice = readInPieces(`${listOf(pod('a'))}items:\n${pod('b')}`, 30);
    expect(twice.cluster.pods.map(({ name }) => name)).toEqual(['b']);
    const broken = readInPieces(
      `${listOf(pod('a'))}metadata: [\n---\n${pod('b').replace(/^- /, '  ').replaceAll(/^ {2}/gm, '')}`,
      30,
    );
    expect(broken.diagnostics).toMatchObject([{ code: 'yaml-syntax', line: 20 }]);
    expect(broken.cluster.pods.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('a line of a large list that stands too far left', () => {
  const names = ({ cluster }: ReadResult) => cluster.pods.map(({ name }) => name).join(' ');
  const shown = ({ diagnostics }: ReadResult) =>
    diagnostics.map(({ code, line, column }) => `${line}:${column} ${code}`);

  it.each([
    ['a word', [pod('a'), 'oops\n', pod('b'), pod('c')], 'a b c'],
    ['a key', [pod('a'), 'stray: 1\n', pod('b'), pod('c')], 'a b c'],
    ['a tab', [pod('a'), '\tstray: 1\n', pod('b'), pod('c')], 'a b c'],
    ['a bracket', [pod('a'), 'stray: [\n', pod('b'), pod('c')], 'a b c'],
    ['a key of the item', [pod('a'), pod('b').replace('  metadata', 'metadata'), pod('c')], 'a c'],
  ])('is told, and the items behind it count: %s', (_, items, left) => {
    const text = listOf(...items);
    const [first] = shown(readAtOnce(text));
    for (const indent of ['', '  '])
      for (const piece of [1, 40, 10_000]) {
        // The same list, its dashes in another column.
        const moved = text.replaceAll(/^(?=- |  |\n|oops|stray|\t)/gm, indent);
        const read = readInPieces(indent === '' ? text : moved, piece);
        expect(names(read)).toBe(left);
        if (indent === '') expect(shown(read)[0]).toBe(first);
        else expect(shown(read).length).toBeGreaterThan(0);
      }
  });

  it.each([
    ['a list', 'finalizers:\n- x\n- y\n'],
    ['a list with an anchor', 'finalizers: &all\n- x\n- y\nagain: *all\n'],
    ['a list deeper down', 'metadata:\n  finalizers:\n  - x\n'],
    ['a list of lists', 'a:\n-\n  - x\n- - y\n'],
    ['a key that is no scalar', '? a\n: - x\n'],
  ])('may be a member of the list: %s', (_, tail) => {
    for (const indent of ['', '  ']) {
      const text = `apiVersion: v1\nkind: List\nitems:\n${(pod('a') + pod('b')).replaceAll(/^(?=.)/gm, indent)}${tail}`;
      for (const piece of [1, 10_000])
        expect(told(readInPieces(text, piece))).toEqual(told(readAtOnce(text)));
      expect(names(readInPieces(text, 30))).toBe('a b');
    }
  });

  it('is told as often as anyone reads, and read in time', () => {
    const text = listOf(
      ...Array.from({ length: 1500 }, (_, i) => `- kind: ConfigMap\n  apiVersion: v1\nx${i}: 1\n`),
    );
    const { diagnostics, objects } = readInPieces(text, 10_000);
    expect(objects).toBe(1500);
    expect(diagnostics.at(-1)?.message).toContain('more documents of this text could not be read');
    expect(diagnostics.length).toBeLessThan(1010);
  });

  it('may stand behind the kind of the list, and its items count', () => {
    for (const stray of ['oops\n', ''])
      for (const piece of [1, 10_000]) {
        const read = readInPieces(`${listOf(pod('a'), pod('b'))}${stray}${pod('c')}`, piece);
        expect(names(read)).toBe('a b c');
        expect(shown(read)).toHaveLength(1);
      }
  });

  it('is asked about only so long where the members of the list are slow to read', () => {
    const slow = `a: &a [${'1,'.repeat(10_000)}1]\n`;
    const tail = Array.from({ length: 40 }, (_, i) => `k${i}:\n- 0\n`).join('');
    for (const text of [`${listOf(pod('a'))}${slow}${tail}`, `${slow}${listOf(pod('a'))}${tail}`]) {
      const read = readInPieces(text, 10_000);
      expect([names(read), ...shown(read)]).toEqual(['a']);
      // From there on a dash belongs to the members.
      const stray = readInPieces(`${text}oops\n${pod('b')}`, 10_000);
      expect(names(stray)).toBe('a');
      expect(shown(stray).length).toBeGreaterThan(0);
    }
  });

  it('leaves the items when it is the last, or the members behind them are too large', () => {
    const text = `${listOf(pod('a'), pod('b'))}oops\n`;
    const broken = readInPieces(text, 100);
    expect(names(broken)).toBe('a b');
    expect(shown(broken)).toEqual(shown(readAtOnce(text)));
    const large = readInPieces(`${listOf(pod('a'))}note:\n${'  x: y\n'.repeat(2000)}`, 100, { unit: 3000 });
    expect(names(large)).toBe('a');
    expect(large.diagnostics).toMatchObject([{ code: 'document-too-large' }]);
  });
});

it('of a list that is too large to be read at once, an item that only the package `yaml` can read counts', () => {
  const large = `- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: large\n  data:\n    x: ${'y'.repeat(2 ** 20)}\n`;
  const odd = pod('b').replace('metadata:', 'metadata: &all');
  const reader = new ManifestReader();
  const source = reader.open({ file: 'dump.yaml', direct: true });
  source.push(encoder.encode(listOf(pod('a'), ...Array.from({ length: 21 }, () => large), odd)));
  source.end();
  const { cluster, diagnostics } = reader.finish();
  expect(diagnostics.map(({ code }) => code)).toEqual([]);
  expect(cluster.pods.map(({ name }) => name)).toEqual(['a', 'b']);
});

describe('the head of a large list', () => {
  it.each([
    ['with its kind twice', 'kind: List\nkind: List\n'],
    ['with two kinds', 'kind: ConfigMap\nkind: List\n'],
    ['with an anchor', 'metadata: &a {}\nkind: List\n'],
  ])('%s is no reason to read it as a whole', (_, head) => {
    const text = `${head}apiVersion: v1\nitems:\n${pod('a')}${pod('b')}`;
    const read = readInPieces(text, 50, { unit: 400 });
    expect(read.cluster.pods.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(told(read)).toEqual(told(readAtOnce(text)));
    expect(read.diagnostics).toEqual(readAtOnce(text).diagnostics);
  });
});

describe('text that wants to fill the memory', () => {
  const limits = { unit: 4000, piece: 1000 };

  it.each([
    ['a line without an end', 'a: ' + 'x'.repeat(50_000)],
    ['a document without an end', 'a:\n' + '- b\n'.repeat(20_000)],
    ['blank lines without an end', 'a: b\n' + '\n'.repeat(50_000)],
    ['quotes without an end', `a: "${'x\n'.repeat(50_000)}`],
  ])('%s is let go, and the next document counts', (_, text) => {
    const next = `---\n${pod('z').replaceAll(/^(?:- | {2})/gm, '')}`;
    const { cluster, diagnostics } = readInPieces(`${text}\n${next}`, 1000, limits);
    expect(diagnostics.map(({ code }) => code)).toEqual(['document-too-large']);
    expect(cluster.pods.map(({ name, origin }) => [name, origin.locate(['kind']).line])).toEqual([
      ['z', text.split('\n').length + 3],
    ]);
  });

  it('no character is, wherever it stands', () => {
    const bytes = encoder.encode(listOf(pod('a'), pod('b')));
    bytes[bytes.length - 80] = 0xff;
    for (const piece of [7, 10_000]) {
      const { objects, diagnostics } = readInPieces(bytes, piece);
      expect(objects).toBe(0);
      expect(diagnostics).toMatchObject([{ code: 'not-utf8', value: '0xFF', line: 26 }]);
    }
  });
});
