import { describe, expect, test } from 'vitest';
import { podColumns } from '../../../src/model/index.ts';
import { encoder, readAtOnce, readInPieces, told } from './reading.ts';

// Pods that a server has written are read as rows, without objects; `reading.test.ts` compares with reading at once.

interface Parts {
  readonly metadata?: string;
  readonly labels?: string;
  readonly owners?: string;
  readonly spec?: string;
  readonly status?: string;
}

const owner =
  '{"apiVersion":"apps/v1","blockOwnerDeletion":true,"controller":true,"kind":"ReplicaSet","name":"web-1","uid":"u"}';
const pod = (name: string, parts: Parts = {}): string => {
  const {
    metadata = '',
    labels = '{"app":"web","tier":""}',
    owners = `[${owner}]`,
    spec = '',
    status = '',
  } = parts;
  return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}","namespace":"shop","labels":${labels},"ownerReferences":${owners},"uid":"u"${metadata}},"spec":{"nodeName":"node-1","containers":[{"name":"a","ports":[{"containerPort":80,"name":"http"}]}]${spec}},"status":{"phase":"Running","hostIP":"10.9.9.9","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}]${status}}}`;
};
const list = (...items: readonly string[]): string =>
  `{"apiVersion":"v1","kind":"List","items":[\n${items.join(',\n')}\n]}`;

/** The names of the pods that were read as rows, which shows in how their labels are kept. */
function rowsOf(text: string): readonly string[] {
  const { cluster } = readInPieces(encoder.encode(text), 1 << 16);
  const { table, pods } = podColumns(cluster);
  const { labels } = table.vocabulary;
  return cluster.pods.flatMap(({ name }, i) =>
    labels.isPairs(table.labels[pods[i] ?? -1] ?? 0) ? [name] : [],
  );
}

test('all pods are read as rows but the first with a list of containers', () => {
  expect(rowsOf(list(pod('a'), pod('b'), pod('c'), pod('d')))).toEqual(['b', 'c', 'd']);
});

const first = pod('a');
const cases: readonly (readonly [string, Parts, boolean])[] = [
  ['with blanks', { labels: '{ "app" :\t"x" ,\n "b":"y" }', owners: `[ ${owner} ]` }, true],
  ['with both families', { status: ',"podIPs":[{"ip":"fd00::1"},{"ip":"10.0.0.1"}]' }, false],
  ['that has finished', { status: ',"reason":"Evicted"', spec: ',"hostNetwork":false' }, true],
  ['on the host network', { spec: ',"hostNetwork":true' }, true],
  ['with another owner', { owners: '[{"kind":"Node","name":"node-1","apiVersion":"v1","x":null}]' }, true],
  [
    'of a foreign controller',
    { owners: '[{"kind":"CloneSet","name":"c","apiVersion":"apps.kruise.io/v1"}]' },
    true,
  ],
  ['without owner', { owners: '[]' }, true],
  [
    'whose kind comes last',
    { owners: '[{"name":"web-1","kind":"ReplicaSet","apiVersion":"apps/v1"}]' },
    true,
  ],
  ['whose owner has two names', { owners: `[${owner.replace('"uid"', '"name":"x","uid"')}]` }, false],
  ['with two owners', { owners: `[${owner},${owner}]` }, false],
  ['whose owner has a number for a name', { owners: '[{"kind":"ReplicaSet","name":1}]' }, false],
  ['with an escape', { labels: String.raw`{"app":"w\u0065b"}` }, false],
  ['with a key twice', { labels: '{"app":"web","app":"db"}' }, false],
  ['with a key that is a number', { labels: '{"b":"x","1":"y"}' }, false],
  ['with a bad value', { labels: '{"app":"no way"}' }, false],
  ['with a bad end', { labels: '{"app":"web-"}' }, false],
  ['with a long value', { labels: `{"app":"${'x'.repeat(64)}"}` }, false],
  ['with a bad key', { labels: '{"-app":"web"}' }, false],
  ['with labels of null', { labels: 'null' }, false],
  [
    'with many labels',
    { labels: `{${Array.from({ length: 65 }, (_, i) => `"k${i}":"v"`).join(',')}}` },
    false,
  ],
  ['with a long key', { labels: `{"${'x'.repeat(63)}.${'y'.repeat(60)}/${'z'.repeat(63)}":"v"}` }, true],
  ['of a name that is none', { metadata: ',"name":"Bad_Name"' }, false],
];

describe('a pod', () => {
  test.each(cases)('%s means what it means as an object', (_, parts, isRow) => {
    const text = list(first, pod('b', parts), pod('c', parts), pod('d'));
    expect(told(readInPieces(encoder.encode(text), 1 << 16))).toEqual(told(readAtOnce(text)));
    expect(rowsOf(text).includes('b')).toBe(isRow);
  });

  test.each([
    ['a single address', '"podIP":"10.0.0.7"'],
    ['a mapped address', '"podIP":"::ffff:10.0.0.7"'],
    ['IPv6 first', '"podIPs":[{"ip":"fd00::1"},{"ip":"10.0.0.7"},{"ip":"fd00::2"}]'],
    ['two of one family', '"podIPs":[{"ip":"10.0.0.7"},{"ip":"10.0.0.8"},{"ip":"fd00::1"},{"ip":"none"}]'],
    ['an empty list', '"podIP":"10.0.0.7","podIPs":[]'],
    ['an empty address', '"podIP":"10.0.0.7","podIPs":[{"ip":""},{}]'],
    ['an address that is none', '"podIPs":[{"ip":"10.0.0.256"}]'],
    ['leading zeros', '"podIP":"010.000.0.07"'],
    ['no address', '"phase":"Pending"'],
    ['that of its host', '"hostIP":"10.9.9.9"'],
    ['a host with a mistake', '"hostIP":"10.0.0'.concat('1","hostIPs":[{"ip":"x"}]')],
  ])('with %s has the same addresses', (_, status) => {
    for (const network of ['true', 'false']) {
      const one = (name: string): string =>
        pod(name, { spec: `,"hostNetwork":${network}` }).replace(
          /"status":\{.*\}\}$/,
          `"status":{${status}}}`,
        );
      const text = list(first, one('b'), one('c'));
      expect(told(readInPieces(encoder.encode(text), 1 << 16))).toEqual(told(readAtOnce(text)));
    }
  });
});

test('the last pod of a name counts, in the place of the first, from row and object alike', () => {
  const odd = pod('b', { labels: String.raw`{"app":"\u0062"}` });
  const text = list(first, pod('b'), pod('c'), odd, pod('b', { labels: '{"app":"last"}' }), pod('c'));
  const read = readInPieces(encoder.encode(text), 1 << 16);
  expect(told(read)).toEqual(told(readAtOnce(text)));
  expect(read.diagnostics.map(({ code, line }) => [code, line])).toEqual([
    ['object-twice', 5],
    ['object-twice', 6],
    ['object-twice', 7],
  ]);
  expect(read.cluster.pods.map(({ name, labels }) => [name, labels.get('app')])).toEqual([
    ['a', 'web'],
    ['b', 'last'],
    ['c', 'web'],
  ]);
});

test('pods of several lists are one cluster', () => {
  const text = `${list(pod('a'), pod('b'))}\n${list(pod('b', { labels: '{"app":"second"}' }), pod('c'), pod('d'))}`;
  expect(told(readInPieces(encoder.encode(text), 1 << 16))).toEqual(told(readAtOnce(text)));
});

test('the columns of a copy are those of its pods, and the same when it has all of them', () => {
  const { cluster } = readInPieces(encoder.encode(list(pod('a'), pod('b'), pod('c'))), 1 << 16);
  const fewer = podColumns({ ...cluster, pods: cluster.pods.slice(1) });
  expect([podColumns(cluster).pods.length, fewer.pods.length]).toEqual([3, 2]);
  expect(podColumns({ ...cluster, policies: [] }).table).toBe(podColumns(cluster).table);
  const finished = podColumns({ ...cluster, finishedPods: cluster.pods.slice(0, 1) });
  expect([finished.pods.length, finished.finishedPods.length]).toEqual([3, 1]);
  expect(Array.from(fewer.pods, (row) => fewer.table.addressesOf(row))).toEqual(
    cluster.pods.slice(1).map(({ addresses }) => addresses),
  );
});
