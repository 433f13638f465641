import { generate } from './generate.ts';
import type { KubernetesObject } from './generate.ts';
import { seeded } from './random.ts';

/** Makes a cluster; a scale of 1 is the size that the limits speak of. */
type MadeAt = (scale?: number) => Iterable<KubernetesObject>;

/**
 * Clusters that nobody plans and somebody has: each drives one part of the engine to where a careless one is quadratic.
 * By what is unusual about them.
 */
export const shapes: Readonly<Record<string, MadeAt>> = {
  '25k namespaces': (scale = 1) =>
    generate({
      name: '100k/75k',
      pods: 100_000 * scale,
      policies: 75_000 * scale,
      namespaces: 25_000 * scale,
      seed: 1,
    }),
  'all select all': function* (scale = 1) {
    for (let i = 0; i < 10_000 * scale; i++) yield pod('crowd', i, { app: 'crowd' });
    for (let i = 0; i < 10_000 * scale; i++) {
      yield policy('crowd', i, { from: [{ podSelector: {} }], ports: [tcp(8000 + (i % 100))] }, {});
    }
  },
  '101 policies each': function* (scale = 1) {
    for (let space = 0; space < 100 * scale; space++) {
      for (let i = 0; i < 1_000; i++) yield pod(`space-${space}`, i, { app: `app-${i % 100}` });
      yield policy(`space-${space}`, 100, undefined, {});
      for (let i = 0; i < 100; i++) {
        const from = [{ podSelector: { matchLabels: { app: `app-${(i + 1) % 100}` } } }];
        yield policy(`space-${space}`, i, { from, ports: [tcp(8080)] }, { app: `app-${i}` });
      }
    }
  },
  'a policy for each pod': function* (scale = 1) {
    const pods = 10_000 * scale;
    for (let i = 0; i < pods; i++) yield pod('personal', i, { user: `user-${i}` });
    for (let i = 0; i < pods; i++) {
      const from = [{ podSelector: { matchLabels: { user: `user-${(i * 7) % pods}` } } }];
      yield policy('personal', i, { from, ports: [tcp(8080)] }, { user: `user-${i}` });
    }
  },
  'wide selectors': function* (scale = 1) {
    const random = seeded(3);
    const spaces = 1_000 * scale;
    for (let i = 0; i < 100_000 * scale; i++) {
      const app = `app-${Math.floor(i / spaces) % 50}`; // each namespace has every application
      yield pod(`space-${i % spaces}`, i, { app, group: `group-${random.below(64)}` });
    }
    for (let i = 0; i < 6_000 * scale; i++) {
      const values = Array.from({ length: 8 }, () => `group-${random.below(64)}`);
      const podSelector = random.chance(40)
        ? { matchExpressions: [{ key: 'group', operator: 'In', values }] }
        : { matchLabels: { app: `app-${random.below(50)}` } };
      const from = [{ namespaceSelector: {}, podSelector }];
      const subject = { app: `app-${random.below(50)}` };
      yield policy(`space-${i % spaces}`, i, { from, ports: [tcp(8080)] }, subject);
    }
  },
  'no two pods alike': function* (scale = 1) {
    const spaces = 500 * scale;
    for (let i = 0; i < 100_000 * scale; i++) {
      yield pod(`space-${i % spaces}`, i, { app: 'app', id: `id-${i}` });
    }
    for (let i = 0; i < 20_000 * scale; i++) {
      // Five pods of the policy's own namespace.
      const values = Array.from({ length: 5 }, (_, k) => `id-${i + k * 20_000 * scale}`);
      const from = [{ podSelector: { matchExpressions: [{ key: 'id', operator: 'In', values }] } }];
      yield policy(`space-${i % spaces}`, i, { from, ports: [tcp(8080)] }, { id: `id-${i}` });
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
