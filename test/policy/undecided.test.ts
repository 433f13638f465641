import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';

// Corner 23: a template's pods will carry pod-template-hash, with a value that files cannot tell.
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: shop, labels: { app: client } }
status: { podIP: 10.0.0.9 }
`;

const hash = '{ matchLabels: { pod-template-hash: 5d8f } }';

function policy(podSelector: string, ingress: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: by-hash, namespace: shop }
spec: { podSelector: ${podSelector}, policyTypes: [Ingress], ingress: ${ingress} }
`;
}

/** What the pod and the Deployment may use of each other, under each assumption. */
function bounds(policies: string): Record<'closed' | 'open', Record<'toWeb' | 'toClient', boolean>> {
  const { cluster } = readManifests([{ file: 'shop.yaml', text: deployment + policies }]);
  const [web, client] = ['shop/Deployment/web', 'shop/Pod/client'].map((id) => {
    const pod = cluster.pods.find((each) => each.workload === id);
    if (pod === undefined) throw new Error(`${id} has no pod`);
    return { kind: 'pod', pod } as const;
  });
  if (web === undefined || client === undefined) throw new Error('both are there');
  const under = (undecided: 'closed' | 'open'): Record<'toWeb' | 'toClient', boolean> => {
    const compiled = compile(cluster, { undecided });
    const decided = compiled.decide(client, web, 'TCP', 80).allowed;
    expect(compiled.allowed(client, web).has('TCP', 80)).toBe(decided);
    return { toWeb: decided, toClient: compiled.allowed(web, client).has('TCP', 80) };
  };
  return { closed: under('closed'), open: under('open') };
}

test('a policy that may select a pod isolates it and admits nobody, or does not select it', () => {
  const everyone = bounds(policy(hash, '[{}]'));
  expect(everyone.closed).toEqual({ toWeb: false, toClient: true });
  expect(everyone.open).toEqual({ toWeb: true, toClient: true });
  const nobody = bounds(policy(hash, '[]'));
  expect(nobody.closed).toEqual({ toWeb: false, toClient: true });
  expect(nobody.open).toEqual({ toWeb: true, toClient: true });
});

test('a peer that may be a pod is not, or is', () => {
  const { closed, open } = bounds(
    policy('{ matchLabels: { app: client } }', `[{ from: [{ podSelector: ${hash} }] }]`),
  );
  expect(closed).toEqual({ toWeb: true, toClient: false });
  expect(open).toEqual({ toWeb: true, toClient: true });
});

test('whether the key is there at all can be told', () => {
  const exists = '{ matchExpressions: [{ key: pod-template-hash, operator: Exists }] }';
  const { closed, open } = bounds(policy(exists, '[]'));
  expect(closed).toEqual({ toWeb: false, toClient: true });
  expect(open).toEqual(closed);
});
