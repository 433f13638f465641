import { describe, expect, test } from 'vitest';
import { podColumns } from '../../src/model/index.ts';
import { compile } from '../../src/policy/index.ts';
import { count } from '../../src/reach/index.ts';
import { encoder, readAtOnce, readInPieces } from '../manifest/scan/reading.ts';

// Pods of a dump are compiled from the numbers of their labels, others from the labels: both mean the same.

const pod = (name: string, labels: Readonly<Record<string, string>>, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels, uid: 'u' },
  spec: {
    nodeName: `node-${name.length % 2}`,
    containers: [{ name: 'a', ports: [{ name: 'http', containerPort: 80 }] }],
    ...more,
  },
  status: { phase: 'Running', podIPs: [{ ip: `10.0.0.${name.charCodeAt(0)}` }, { ip: 'fd00::1' }] },
});

const pods = [
  pod('first', { app: 'web' }),
  pod('a', { app: 'web', unseen: 'x' }),
  pod('b', { app: 'db', tier: 'back' }),
  pod('c', { app: 'other', tier: 'front', version: '1' }),
  pod('dd', { app: 'other', tier: 'front', version: '2' }),
  pod('e', { tier: 'middle' }),
  pod('f', {}),
  pod('gg', { app: '' }, { hostNetwork: true }),
];

const requirements = [
  { key: 'app', operator: 'Exists' },
  { key: 'app', operator: 'DoesNotExist' },
  { key: 'app', operator: 'NotIn', values: ['web'] },
  { key: 'app', operator: 'In', values: ['web', 'db'] },
  { key: 'app', operator: 'In', values: [''] },
  { key: 'tier', operator: 'NotIn', values: ['back'] },
  { key: 'missing', operator: 'NotIn', values: ['x'] },
];

describe.each(requirements)('$key $operator $values', (requirement) => {
  test.each(['podSelector', 'peer'])('as the %s means the same pods', (where) => {
    const selector = { matchExpressions: [requirement] };
    const from = [{ podSelector: where === 'peer' ? selector : {} }, { ipBlock: { cidr: '10.0.0.96/29' } }];
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p', namespace: 'shop' },
      spec: { podSelector: where === 'peer' ? {} : selector, ingress: [{ from, ports: [{ port: 'http' }] }] },
    };
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [policy, ...pods] });
    const rows = readInPieces(encoder.encode(text), 1 << 16).cluster;
    const objects = readAtOnce(text).cluster;
    const { table } = podColumns(rows);
    expect(Array.from(table.labels.subarray(1, pods.length), (set) => set & 1)).toContain(1);
    expect(count(compile(rows))).toEqual(count(compile(objects)));
    const classes = ({ parts }: ReturnType<typeof compile>): unknown =>
      Array.from(parts.classes.rows, (_, i) => [
        parts.classes.classOf[i],
        parts.classes.nodeOf(i),
        parts.classes.replicasOf(i),
        parts.classes.pods[i]?.name,
      ]);
    expect(classes(compile(rows))).toEqual(classes(compile(objects)));
    expect(new Set(compile(rows).parts.classes.classOf).size).toBeGreaterThan(1);
  });
});
