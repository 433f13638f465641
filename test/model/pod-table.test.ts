import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { podColumns, podFlag } from '../../src/model/index.ts';
import type { Cluster, PodColumns } from '../../src/model/index.ts';
import { texts } from '../manifest/scan/dumps.ts';
import { encoder, readInPieces } from '../manifest/scan/reading.ts';

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** What the columns say of pods, as far as policies see it. */
function shown({ table, pods, finishedPods }: PodColumns): unknown {
  const { namespaces, nodes, ports, undecided, labels } = table.vocabulary;
  return [pods, finishedPods].map((rows) =>
    Array.from(rows, (row) => ({
      namespace: namespaces.values[table.namespace[row] ?? -1],
      labels: [...labels.labels(table.labels[row] ?? -1)],
      undecided: undecided.values[table.undecided[row] ?? -1],
      ports: ports.values[table.ports[row] ?? -1],
      addresses: table.addressesOf(row),
      node: nodes.values[table.node[row] ?? -1],
      hostNetwork: ((table.flags[row] ?? 0) & podFlag.hostNetwork) !== 0,
      finished: ((table.flags[row] ?? 0) & podFlag.finished) !== 0,
      replicas: table.replicas[row],
    })),
  );
}

/** The same of the pods as objects. */
function shownOf({ pods, finishedPods }: Cluster): unknown {
  return [pods, finishedPods].map((list) =>
    list.map(({ namespace, labels, undecided, ports, addresses, node, hostNetwork, finished, replicas }) => ({
      namespace,
      labels: [...labels],
      undecided,
      ports,
      addresses,
      node,
      hostNetwork,
      finished,
      replicas,
    })),
  );
}

/** The same pods, of which nothing but the objects is known. */
function copied(cluster: Cluster): Cluster {
  return { ...cluster, pods: [...cluster.pods], finishedPods: [...cluster.finishedPods] };
}

test(`columns say what the pods are, in their order (seed ${seed})`, () => {
  fc.assert(
    fc.property(texts, (text) => {
      for (const { cluster } of [
        readManifests([{ file: 'a.json', text }]),
        readInPieces(encoder.encode(text), 64),
      ]) {
        const columns = shown(podColumns(cluster));
        expect(columns).toEqual(shownOf(cluster));
        expect(shown(podColumns(copied(cluster)))).toEqual(columns);
      }
    }),
    { numRuns: 150, seed },
  );
});

test('pods of templates stand among those of the input', () => {
  const { cluster } = readManifests([
    {
      file: 'a.yaml',
      text: `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: shop }
spec:
  replicas: 2
  selector: { matchLabels: { app: db } }
  template: { metadata: { labels: { app: db } }, spec: { hostNetwork: true } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
status: { podIPs: [{ ip: 'fd00::1' }, { ip: 10.0.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: job, namespace: shop }
status: { phase: Failed }
`,
    },
  ]);
  expect(cluster.pods.map(({ name }) => name)).toEqual(['db-0', 'db-1', 'web']);
  expect(shown(podColumns(cluster))).toEqual(shownOf(cluster));
  expect(podColumns(cluster).finishedPods).toHaveLength(1);
});
