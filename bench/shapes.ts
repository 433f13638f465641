import { generate } from './generate.ts';
import type { KubernetesObject } from './generate.ts';
import { seeded } from './random.ts';

/**
 * Clusters that nobody plans and somebody has: each drives one part of the engine to where a careless one is quadratic.
 * By what is unusual about them.
 */
export const shapes: Readonly<Record<string, () => Iterable<KubernetesObject>>> = {
  '25k namespaces': () =>
    generate({ name: '100k/75k', pods: 100_000, policies: 75_000, namespaces: 25_000, seed: 1 }),
  'all select all': function* () {
    for (let i = 0; i < 10_000; i++) yield pod('crowd', i, { app: 'crowd' });
    for (let i = 0; i < 10_000; i++) {
      yield policy('crowd', i, { from: [{ podSelector: {} }], ports: [tcp(8000 + (i % 100))] }, {});
    }
  },
  '101 policies each': function* () {
    for (let space = 0; space < 100; space++) {
      for (let i = 0; i < 1_000; i++) yield pod(`space-${space}`, i, { app: `app-${i % 100}` });
      yield policy(`space-${space}`, 100, undefined, {});
      for (let i = 0; i < 100; i++) {
        const from = [{ podSelector: { matchLabels: { app: `app-${(i + 1) % 100}` } } }];
        yield policy(`space-${space}`, i, { from, ports: [tcp(8080)] }, { app: `app-${i}` });
      }
    }
  },
  'a policy for each pod': function* () {
    for (let i = 0; i < 10_000; i++) yield pod('personal', i, { user: `user-${i}` });
    for (let i = 0; i < 10_000; i++) {
      const from = [{ podSelector: { matchLabels: { user: `user-${(i * 7) % 10_000}` } } }];
      yield policy('personal', i, { from, ports: [tcp(8080)] }, { user: `user-${i}` });
    }
  },
  'wide selectors': function* () {
    const random = seeded(3);
    for (let i = 0; i < 100_000; i++) {
      const app = `app-${Math.floor(i / 1_000) % 50}`; // each namespace has every application
      yield pod(`space-${i % 1_000}`, i, { app, group: `group-${random.below(64)}` });
    }
    for (let i = 0; i < 6_000; i++) {
      const values = Array.from({ length: 8 }, () => `group-${random.below(64)}`);
      const podSelector = random.chance(40)
        ? { matchExpressions: [{ key: 'group', operator: 'In', values }] }
        : { matchLabels: { app: `app-${random.below(50)}` } };
      const from = [{ namespaceSelector: {}, podSelector }];
      yield policy(`space-${i % 1_000}`, i, { from, ports: [tcp(8080)] }, { app: `app-${random.below(50)}` });
    }
  },
  'no two pods alike': function* () {
    for (let i = 0; i < 100_000; i++) yield pod(`space-${i % 500}`, i, { app: 'app', id: `id-${i}` });
    for (let i = 0; i < 20_000; i++) {
      const values = Array.from({ length: 5 }, (_, k) => `id-${i * 5 + k}`);
      const from = [{ podSelector: { matchExpressions: [{ key: 'id', operator: 'In', values }] } }];
      yield policy(`space-${i % 500}`, i, { from, ports: [tcp(8080)] }, { id: `id-${i}` });
    }
  },
};

const tcp = (port: number) => ({ port, protocol: 'TCP' });

function pod(namespace: string, index: number, labels: Readonly<Record<string, string>>): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels, name: `pod-${index}`, namespace, uid: `pod-${index}` },
    spec: {
      containers: [{ name: 'main', ports: [{ containerPort: 8080, name: 'http', protocol: 'TCP' }] }],
      nodeName: `node-${index % 1_000}`,
    },
    status: {
      phase: 'Running',
      podIPs: [{ ip: `10.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}` }],
    },
  };
}

/** Without a rule it admits nothing. */
function policy(
  namespace: string,
  index: number,
  rule: Readonly<Record<string, unknown>> | undefined,
  subject: Readonly<Record<string, string>>,
): KubernetesObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `policy-${index}`, namespace, uid: `policy-${index}` },
    spec: {
      ...(rule === undefined ? {} : { ingress: [rule] }),
      podSelector: { matchLabels: subject },
      policyTypes: ['Ingress'],
    },
  };
}
