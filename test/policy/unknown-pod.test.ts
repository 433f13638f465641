import { expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile, UnknownPodError } from '../../src/policy/index.ts';

const text = `
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: done, namespace: a}
spec: {containers: [{name: c, image: x}]}
status: {phase: Succeeded}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: a}
spec: {policyTypes: [Ingress, Egress]}
`;

test('a pod of another cluster is never taken as open', () => {
  const read = () => readManifests([{ file: 'a.yaml', text }]).cluster;
  const [own, other] = [read(), read()];
  const end = (cluster: typeof own) => ({ kind: 'pod', pod: cluster.pods[0]! }) as const;
  expect(compile(own).allowed(end(own), end(own)).isAll).toBe(true);
  expect(() => compile(own).allowed(end(own), end(other))).toThrow(UnknownPodError);
  expect(() => compile(own).decide(end(other), end(own), 'TCP', 80)).toThrow(UnknownPodError);
});

test('a finished pod is none, but for the profile that counts it (corner 46)', () => {
  const { cluster } = readManifests([{ file: 'a.yaml', text }]);
  const done = { kind: 'pod', pod: cluster.finishedPods[0]! } as const;
  const live = { kind: 'pod', pod: cluster.pods[0]! } as const;
  expect(() => compile(cluster).allowed(done, live)).toThrow(UnknownPodError);
  expect(compile(cluster, { profile: 'np-guard' }).allowed(done, live).isEmpty).toBe(true);
});
