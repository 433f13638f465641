import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxDocuments } from '../../../src/manifest/text/index.ts';
import { texts } from './dumps.ts';
import { encoder, readAtOnce, readInPieces, told } from './reading.ts';

// Reading in pieces means what reading at once means. PODWALL_DUMPS sets how many texts a run has, PODWALL_SEED which.

const runs = Number(process.env['PODWALL_DUMPS'] ?? 400);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe(`reading in pieces (seed ${seed})`, () => {
  test('gives the same cluster, diagnostics and places as reading at once', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 200 }), (text, piece) => {
        const bytes = encoder.encode(text);
        expect(told(readInPieces(bytes, piece))).toEqual(told(readAtOnce(text)));
      }),
      { numRuns: runs, seed, endOnFailure: true },
    );
  });
});

const pod = (name: string, more = ''): string =>
  `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "${name}", "namespace": "shop", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "a", "image": "größer \\" }{ \\\\", "ports": [{"containerPort": 80}]}]}${more}}`;
const whole = `{\n  "apiVersion": "v1",\n  "items": [\n${pod('a')},\n${pod('b')},\n${pod('c')}\n  ],\n  "kind": "List"\n}\n`;

describe('what is no JSON', () => {
  const bytes = encoder.encode(whole);

  test('is cut off anywhere: what is whole counts, and the rest is told once', () => {
    for (let end = 1; end < bytes.length - 2; end++) {
      const { diagnostics, objects, cluster } = readInPieces(bytes.slice(0, end), 7);
      const isCharacter = ((bytes[end] as number) & 0xc0) === 0x80;
      expect(diagnostics.map(({ code }) => code)).toEqual([isCharacter ? 'not-utf8' : 'json-syntax']);
      const ends = ['a', 'b', 'c'].map(
        (name) => encoder.encode(whole.split(pod(name))[0] + pod(name)).length,
      );
      expect(objects).toBe(isCharacter ? 0 : ends.filter((each) => each <= end).length);
      expect(cluster.pods).toHaveLength(objects);
    }
  });

  test.each([
    ['a bracket too few in an object', pod('b').slice(0, -1), 'a key in double quotes is expected', 3],
    ['a bracket too many', `${pod('b')}}`, 'a comma or "]" is expected', 2],
    ['a comma too few', `${pod('b')} {}`, 'a comma or "]" is expected', 3],
    ['a comma too many', `${pod('b')},`, 'a value is expected', 3],
    ['a word', 'nonsense', 'a value is expected', 2],
    ['a bad number in what is read', pod('b').replace('80', '080'), 'a comma or "}" is expected', 2],
    ['a line end within quotes', pod('b\n'), 'a line ends within quotes', 2],
    [
      'a control character in what is skipped',
      pod('b').replace('größer', '\u0001'),
      'a control character',
      2,
    ],
  ])('%s ends the reading where it stands', (_, item, message, line) => {
    const text = `{"kind":"List","apiVersion":"v1","items":[\n${pod('a')},\n${item},\n${pod('c')}\n]}`;
    for (const piece of [1, 50, 10_000]) {
      const { diagnostics, objects, cluster } = readInPieces(encoder.encode(text), piece);
      expect(diagnostics).toMatchObject([{ code: 'json-syntax', severity: 'error' }]);
      expect(diagnostics[0]?.message).toContain(message);
      expect(Math.abs((diagnostics[0]?.line ?? 0) - line)).toBeLessThanOrEqual(1);
      const before = item.startsWith(pod('b')) ? 2 : 1;
      expect([objects, cluster.pods.length]).toEqual([before, before]);
    }
  });

  const namespace = '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}';
  const cut = '{"apiVersion":"v1","kind":"Pod","meta';
  test.each([
    ['whose kind comes last', `{"items":[${pod('a')},${namespace},${pod('b')},${cut}`, 3],
    ['behind its items', `{"kind":"List","apiVersion":"v1","items":[${pod('a')},${namespace}],"meta`, 2],
    ['within a list in it', `{"items":[${namespace},{"items":[${pod('a')},${pod('b')},${cut}`, 3],
    [
      'within a typed list',
      `{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"met`,
      1,
    ],
    ['before an item has said what it is', `{"items":[{"metadata":{"name":"a"}},{"met`, 0],
    ['behind a list of values', `${pod('a')}[${pod('b')},${cut}`, 1],
    [
      'behind other values',
      `${pod('a')}{"kind":"List","items":[${pod('b')}]}{"items":[${pod('c')},${cut}`,
      3,
    ],
  ])('leaves what came before in a list %s', (_, text, count) => {
    for (const piece of [1, 50, 10_000]) {
      const { diagnostics, objects } = readInPieces(encoder.encode(text), piece);
      expect(diagnostics.map(({ code }) => code)).toEqual(['json-syntax']);
      expect(objects).toBe(count);
    }
  });

  test.each([
    ['JSON lines', `${pod('a')}\n${pod('b')}\n${cut}`, 2, 'within quotes'],
    ['lists', `${whole}${whole.slice(0, -2)}`, 6, '"}" is missing'],
    ['lists of values', `${pod('a')}[1,[2`, 1, '"]]" is missing'],
  ])('is cut off in the last of several %s', (_, text, count, what) => {
    for (const piece of [1, 50, 10_000]) {
      const { diagnostics: all, objects } = readInPieces(encoder.encode(text), piece);
      const diagnostics = all.filter(({ code }) => code !== 'object-twice');
      expect(diagnostics).toMatchObject([{ code: 'json-syntax' }]);
      expect(diagnostics[0]?.message).toContain(`the text ends early`);
      expect(diagnostics[0]?.message).toContain(what);
      expect(objects).toBe(count);
    }
    // As it is told of small texts.
    expect(readAtOnce(text).diagnostics[0]?.message).toContain(what);
  });

  test('leaves what came before an object that is too large or too deep', () => {
    const read = (item: string) =>
      readInPieces(encoder.encode(`{"items":[${pod('a')},${item}`), 100, {}, { object: 5000 });
    const large = read(`{"a":"${'x'.repeat(50_000)}`);
    const deep = read('{"items":['.repeat(100));
    expect(large.diagnostics).toMatchObject([{ code: 'document-too-large' }]);
    expect(deep.diagnostics).toMatchObject([{ code: 'document-too-deep' }]);
    expect([large.objects, deep.objects]).toEqual([1, 1]);
  });

  test('is told with the same words at every size of the pieces', () => {
    const broken = fc
      .tuple(
        texts,
        fc.nat(),
        fc.constantFrom('', '"', '{', '}', ']', ',', ':', '\\', '\u0001', 'x', '\n', '1'),
      )
      .map(([text, at, put]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + put + text.slice(cut + (at % 3));
      });
    fc.assert(
      fc.property(broken, fc.integer({ min: 1, max: 100 }), (text, piece) => {
        const bytes = encoder.encode(text);
        if (!/^[ \n\r\t]*[[{]/.test(text)) return;
        // What is quoted may be cut where the bytes that had come ended.
        const shown = (piece: number): unknown => {
          const { diagnostics, ...rest } = readInPieces(bytes, piece);
          return told({
            ...rest,
            diagnostics: diagnostics.map(({ value, ...each }) => ({
              ...each,
              value: String(value)[0] ?? '',
            })),
          });
        };
        const [inPieces, atOnce] = [shown(piece), shown(1 << 20)];
        expect(inPieces).toEqual(atOnce);
      }),
      { numRuns: runs, seed, endOnFailure: true },
    );
  });

  test('leaves nothing of the source when a byte is part of no character', () => {
    for (const [at, byte] of [
      [bytes.indexOf(0xc3) + 1, 0x20],
      [10, 0xff],
      [bytes.length - 3, 0x80],
    ] as const) {
      const bad = bytes.slice();
      bad[at] = byte;
      const { diagnostics, objects } = readInPieces(bad, 64);
      expect(diagnostics).toMatchObject([{ code: 'not-utf8', file: 'dump.json' }]);
      expect(objects).toBe(0);
      // As it is told of small texts.
      expect(readInPieces(bad, 64, {}, { small: 1e6 }).diagnostics).toEqual(diagnostics);
    }
  });
});

describe('values that are no objects', () => {
  const more = (text: string): string => text.repeat(maxDocuments);
  const said = ({ diagnostics }: Pick<ReturnType<typeof readAtOnce>, 'diagnostics'>) =>
    diagnostics.filter(({ code }) => code === 'too-many-documents');

  test('are counted at the top as in a small text', () => {
    const text = `${whole}${more('{}')}\n${pod('d')}`;
    const large = readInPieces(encoder.encode(text), 2 ** 16);
    expect(said(large)).toEqual(said(readAtOnce(text)));
    expect(said(large)).toMatchObject([{ line: 11, column: 1 }]);
    expect(large.cluster.pods).toHaveLength(3);
  });

  test.each([
    ['0,', '"kind":"List",', 1],
    ['{},', '"kind":"List",', 1],
    ['{},', '', 1],
    // What its list may still make an object counts.
    ['{},', '"kind":"ConfigMapList",', 0],
    ['{"metadata":{}},', '', 0],
  ])('are counted as items: %s in a list with %s', (item, kind, count) => {
    const text = `{"apiVersion":"v1",${kind}"items":[\n${more(item)}${pod('a')}]}`;
    const read = readInPieces(encoder.encode(text), 2 ** 16);
    expect(said(read)).toHaveLength(count);
    expect(said(read).every(({ line }) => line === 2)).toBe(true);
  });
});

describe('a member twice', () => {
  test.each([
    ['of what is noted', pod('a', ', "kind": "Pod"'), ['kind']],
    ['in a label', pod('a').replace('"app": "web"', '"app": "web", "app": "db"'), []],
    ['in the metadata', pod('a').replace('"namespace"', '"name": "z", "namespace"'), ['metadata.name']],
  ])('%s: the last one counts', (_, item, paths) => {
    const text = `{"kind":"List","apiVersion":"v1","items":[${item}]}`;
    const { cluster, diagnostics } = readInPieces(encoder.encode(text), 10);
    expect(cluster.pods).toMatchObject(readAtOnce(text).cluster.pods.map(({ name }) => ({ name })));
    expect(diagnostics.map(({ path }) => path)).toEqual(paths);
  });
});

describe('what an object or a list says late', () => {
  const alike = (text: string) => {
    const atOnce = readAtOnce(text);
    for (const piece of [10, 10_000]) {
      const inPieces = readInPieces(encoder.encode(text), piece);
      expect(told(inPieces)).toEqual(told(atOnce));
      const codes = [inPieces, atOnce].map(({ diagnostics }) => diagnostics.map(({ code }) => code).sort());
      expect(codes[0]).toEqual(codes[1]);
    }
    return atOnce;
  };

  test.each([
    [pod('a').replace('"Pod"', '"ConfigMap"').slice(0, -1) + ', "kind": "Pod"}', 1],
    [
      '{"apiVersion":"networking.k8s.io/v2","kind":"Pod","spec":{},"metadata":{"name":"a"},"apiVersion":"v1"}',
      1,
    ],
  ])('a second member of the head counts: %s', (item, pods) => {
    const { cluster, diagnostics } = alike(`{"apiVersion":"v1","kind":"List","items":[\n${item}]}`);
    expect(cluster.pods).toHaveLength(pods);
    expect(diagnostics.map(({ code }) => code)).toContain('duplicate-key');
  });

  test.each([
    ['that is read as a whole', '{"\\u006bind":"List","apiVersion":"v1","items":[@]}'],
    ['whose kind has an escape', '{"kind":"\\u004cist","apiVersion":"v1","items":[@]}'],
    ['with a member twice', '{"kind":"List","apiVersion":"v1","kind":"List","items":[@]}'],
    ['that says so late', '{"kind":"ConfigMap","apiVersion":"v1","items":[@],"kind":"List"}'],
    ['of an odd kind', '{"kind":"PodList","apiVersion":"v1","items":[@],"items":[@]}'],
  ])('a list in a list %s: of pods with one name the last counts', (_, nested) => {
    const early = pod('a').replace('"web"', '"early"');
    const items = `${nested.replaceAll('@', early)},${pod('a')}`;
    const { cluster } = alike(`{"apiVersion":"v1","kind":"List","items":[\n${items}]}`);
    expect(cluster.pods.map(({ labels }) => [...labels])).toEqual([[['app', 'web']]]);
  });

  test('items that stand twice know their places', () => {
    const bad = pod('b').replace('"containerPort": 80', '\n"containerPort": 99999');
    const text = `{"apiVersion":"v1","kind":"List","items":[${pod('c')}],\n"items":[\n${pod('a')}, ${bad}]}`;
    const { diagnostics } = alike(text);
    expect(diagnostics).toMatchObject([{ code: 'port-out-of-range', line: 4, column: 18 }]);
  });
});

describe('annotations that are read as a whole', () => {
  test('leave the values of the objects behind them alone', () => {
    const policy = (metadata: string): string =>
      `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{${metadata}},"spec":{"podSelector":{}}}`;
    const text = `${policy('"annotations":{"bad key":""},"uid":"","name":"ö"')}${policy('"resourceVersion":"","name":"a","uid":"","creationTimestamp":"é"')}`;
    expect(told(readInPieces(encoder.encode(text), 1000))).toEqual(told(readAtOnce(text)));
  });
});

describe('what cannot be read again', () => {
  test('still knows where pods begin, and where everything stands in other objects', () => {
    const policy = `{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",\n "metadata": {"name": "p", "namespace": "shop"},\n "spec": {"podSelector": {},\n "ingress": [{"ports": [{"port": 99999}]}]}}`;
    const badPod = pod('a').replace('"containerPort": 80', '"containerPort": 99999');
    const text = `{"kind":"List","apiVersion":"v1","items":[\n${policy},\n  ${badPod}\n]}`;
    const at = ({ diagnostics }: Pick<ReturnType<typeof readAtOnce>, 'diagnostics'>) =>
      diagnostics.map(({ line, column, path }) => [line, column, path]);
    const full = at(readInPieces(encoder.encode(text), 50));
    expect(full).toEqual(at(readAtOnce(text)));
    const piped = at(readInPieces(encoder.encode(text), 50, { pipe: true }));
    expect(piped).toContainEqual([6, 3, 'spec.containers[0].ports[0].containerPort']);
    const ofPolicy = piped.find(([, , path]) => String(path).startsWith('spec.ingress'));
    expect(ofPolicy).toBeDefined();
    expect(full).toContainEqual(ofPolicy);
  });
});
