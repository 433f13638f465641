import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadNative, Namespaces } from '../../src/host/lab/native.ts';
import { Poller } from '../../src/host/lab/poller.ts';
import { Prober } from '../../src/host/lab/prober.ts';
import { addressOf } from '../../src/host/lab/sockets.ts';
import { labName, podwall, remove, run, whyNoLab } from './lab.ts';
import type { Ran } from './lab.ts';

// A large lab and a small one beside each other: one process holds all sockets of each.

const large = labName('large');
const small = labName('small');
/** The promise, for 300 pods, and what is asked here: other Nodes have other heaps. */
const mostBytes = 300e6;

interface Status {
  readonly residentBytes: number;
  readonly sockets: number;
  readonly pods: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly addresses: readonly string[];
  }[];
}

describe.skipIf(whyNoLab !== undefined)('two labs', () => {
  let folder = '';
  let ups: readonly Ran[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'podwall-lab-'));
    const file = join(folder, 'large.yaml');
    writeFileSync(file, manifests());
    ups = [
      podwall('lab', 'up', file, '--name', large, '-q'),
      podwall('lab', 'up', 'examples/three-tier', '--name', small, '-q'),
    ];
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    remove(large);
    remove(small);
  });

  const statusOf = (name: string): Status =>
    JSON.parse(podwall('lab', 'status', '--name', name, '-o', 'json').out) as Status;

  test('are both up', () => {
    expect(ups).toEqual([
      { code: 0, out: `✓ The lab ${large} is up: 3 nodes and 300 pods.\n`, err: '' },
      { code: 0, out: `✓ The lab ${small} is up: 2 nodes, 3 pods and 3 Services.\n`, err: '' },
    ]);
  });

  test('know nothing of each other', () => {
    expect(podwall('lab', 'probe', 'ns-0/pod-2', 'ns-1/pod-1:80', '--name', large).code).toBe(0);
    expect(podwall('lab', 'probe', 'ns-0/pod-2', 'ns-1/pod-1:80', '--name', small)).toMatchObject({
      code: 2,
    });
    expect(podwall('lab', 'probe', 'app/frontend', 'app/backend:8080', '--name', small).code).toBe(0);
  });

  test('keep to their memory, also when thousands of connections have been made', async () => {
    const before = statusOf(large);
    expect(before.pods).toHaveLength(300);
    expect(before.sockets).toBeGreaterThan(2000);
    const native = await loadNative();
    const namespaces = new Namespaces(native);
    const prober = new Prober(native, namespaces, new Poller(native));
    const [client, ...servers] = before.pods;
    let answered = 0;
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < 6000) {
        const server = servers[next++ % servers.length]!;
        const outcome = await prober.attempt({
          namespace: client!.namespace,
          protocol: next % 3 === 0 ? 'UDP' : 'TCP',
          source: addressOf(client!.addresses[0]!),
          destination: addressOf(server.addresses[0]!),
          port: next % 3 === 0 ? 53 : 80,
          timeoutMs: 300,
        });
        if (outcome.kind === 'answered') answered++;
      }
    };
    await Promise.all(Array.from({ length: 32 }, work));
    namespaces.close();
    // Most pods are isolated by nobody.
    expect(answered).toBeGreaterThan(3000);
    // Nobody had to be found out about, so no limit of the machine was touched.
    for (const pod of before.pods.slice(0, 20)) {
      const neighbours = run('ip', '-n', pod.namespace, 'neigh').trim().split('\n');
      expect(neighbours.filter((line) => !line.trim().endsWith('PERMANENT'))).toEqual([]);
    }
    const after = statusOf(large);
    expect(after.residentBytes).toBeLessThan(mostBytes);
    expect(after.sockets).toBe(before.sockets);
  });

  test('and one goes while the other stays', () => {
    remove(small);
    expect(podwall('lab', 'probe', 'ns-0/pod-2', 'ns-1/pod-1:80', '--name', large).code).toBe(0);
  });
});

/** 300 pods in ten namespaces on three nodes, a fifth of them isolated. */
function manifests(): string {
  const documents = Array.from({ length: 10 }, (_, n) => [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `ns-${n}` } },
    ...Array.from({ length: 30 }, (__, p) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod-${p}`, namespace: `ns-${n}`, labels: { app: `app-${p % 5}` } },
      spec: {
        nodeName: `node-${p % 3}`,
        containers: [
          {
            name: 'main',
            image: 'main',
            ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }],
          },
        ],
      },
      status: { podIP: `10.244.${n}.${p + 1}` },
    })),
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'some', namespace: `ns-${n}` },
      spec: {
        podSelector: { matchLabels: { app: 'app-1' } },
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { app: 'app-2' } } }],
            ports: [{ port: 80 }, { port: 8000, endPort: 8010 }],
          },
        ],
      },
    },
  ]).flat();
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents });
}
