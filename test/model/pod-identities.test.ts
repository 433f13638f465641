import * as fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { podColumns, workloadsWithoutPods } from '../../src/model/index.ts';
import type { Cluster } from '../../src/model/index.ts';
import { compile } from '../../src/policy/index.ts';
import { map } from '../../src/reach/index.ts';
import type { Level } from '../../src/reach/index.ts';
import { encoder, readInPieces } from '../manifest/scan/reading.ts';
import { clusters } from '../property/clusters.ts';

// Names, workloads and single pods are had from columns; they are those of the pods that a cluster lists.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Read as a dump is, of which labels are numbers. */
const read = (items: readonly unknown[]): Cluster => {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  return readInPieces(encoder.encode(text), 1 << 16).cluster;
};

/** The same cluster with its pods as objects alone, which columns are made of anew. */
const asObjects = (cluster: Cluster): Cluster => ({
  ...cluster,
  pods: [...cluster.pods],
  finishedPods: [...cluster.finishedPods],
});

function agree(items: readonly unknown[]): void {
  const cluster = read(items);
  const { pods, finishedPods, identities } = podColumns(cluster);
  const rows = [...pods, ...finishedPods];
  // Some before all are made, some afterwards.
  const early = rows.map((row, i) => (i % 2 === 0 ? identities.pod(row) : undefined));
  const empty = workloadsWithoutPods(cluster).map(({ id, namespace }) => [id, namespace]);
  const listed = [...cluster.pods, ...cluster.finishedPods];
  expect(listed).toHaveLength(rows.length);
  for (const [i, row] of rows.entries()) {
    if (early[i] !== undefined) expect(early[i]).toBe(listed[i]);
    expect(identities.pod(row)).toBe(listed[i]);
    expect(identities.podId(row)).toBe(listed[i]!.id);
    expect(identities.workloadId(identities.workload[row]!)).toBe(listed[i]!.workload);
    expect(identities.isTemplate(row)).toBe(listed[i]!.template);
    expect(identities.workload[row]!).toBeLessThan(identities.workloads);
  }
  const numbers = new Map(rows.map((row, i) => [listed[i]!.workload, identities.workload[row]!]));
  for (const [i, row] of rows.entries())
    expect(identities.workload[row]).toBe(numbers.get(listed[i]!.workload));
  expect(empty).toEqual(
    cluster.workloads.filter((each) => each.pods.length === 0).map(({ id, namespace }) => [id, namespace]),
  );
  expect(workloadsWithoutPods(asObjects(cluster)).map(({ id, namespace }) => [id, namespace])).toEqual(empty);
}

test(`columns name the pods that a cluster lists (seed ${seed})`, () => {
  let pods = 0;
  fc.assert(
    fc.property(clusters, (random) => {
      agree(random.objects);
      pods += podColumns(read(random.objects)).pods.length;
    }),
    { numRuns: 200, seed, endOnFailure: false },
  );
  expect(pods).toBeGreaterThan(200);
});

const levels: readonly Level[] = [
  { kind: 'pod' },
  { kind: 'workload' },
  { kind: 'namespace' },
  { kind: 'label', key: 'app' },
];

test(`a map of columns is that of the objects (seed ${seed})`, () => {
  let connections = 0;
  fc.assert(
    fc.property(
      clusters,
      fc.constantFrom(...levels),
      fc.constantFrom(undefined, 'a', 'b'),
      (random, level, namespace) => {
        const query = { level, ...(namespace === undefined ? {} : { namespace }) };
        const columns = map(compile(read(random.objects)), query);
        const objects = map(compile(asObjects(read(random.objects))), query);
        expect(columns.document).toEqual(objects.document);
        expect(columns.summary).toEqual(objects.summary);
        connections += columns.document.connections.length;
      },
    ),
    { numRuns: 200, seed, endOnFailure: false },
  );
  expect(connections).toBeGreaterThan(200);
});

const pod = (name: string, metadata: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'a', ...metadata },
  spec: { containers: [{ name: 'main' }] },
});

it('a pod that another owns is a workload of its own, so that no two have one id', () => {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'one', uid: 'u', controller: true };
  const pods = [pod('one', {}), pod('two', { ownerReferences: [owner] })];
  agree(pods);
  expect(read(pods).workloads.map(({ id }) => id)).toEqual(['a/Pod/one', 'a/Pod/two']);
});

it('a label that is empty and one that is missing are one value', () => {
  const labels = [{}, { app: 'x' }, { app: '' }, { tier: 'back' }, { app: 'x', tier: 'back' }];
  const cluster = read(labels.map((each, i) => pod(`pod-${i}`, { labels: each })));
  const { table, pods } = podColumns(cluster);
  expect(Array.from(pods, (row) => table.vocabulary.labels.isPairs(table.labels[row]!))).toContain(true);
  const { peers } = map(compile(cluster), { level: { kind: 'label', key: 'app' } }).document;
  expect(peers.filter(({ kind }) => kind === 'label').map(({ id, pods: count }) => [id, count])).toEqual([
    ['app=', 3],
    ['app=x', 2],
  ]);
});
