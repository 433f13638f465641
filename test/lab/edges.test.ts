import { describe, expect, test } from 'vitest';
import { labName, podwall, run, useLab, whyNoLab } from './lab.ts';

const name = labName('edges');

/** Its peer of nodes is a field of the experimental channel; with the standard one the policy does not exist. */
const input = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { containers: [{ name: c, image: x, ports: [{ containerPort: 5432 }] }] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: closed }
spec:
  tier: Admin
  priority: 1
  subject: { namespaces: {} }
  egress:
    - { action: Deny, to: [{ pods: { podSelector: {} } }, { nodes: { matchLabels: { never: there } } }] }
`;

describe.skipIf(whyNoLab !== undefined)('a lab', () => {
  const file = useLab(name, input);
  const predicted = (...flags: readonly string[]): unknown => {
    const { code, err } = podwall('lab', 'apply', file, '-q', '--name', name, ...flags);
    if (code !== 0) throw new Error(err);
    const { out } = podwall('lab', 'probe', 'shop/web', 'shop/db:5432', '-o', 'json', '--name', name);
    return JSON.parse(out);
  };

  test('reads policies of tiers as the channel says that was asked for', () => {
    const standard = predicted('--cnp-channel', 'standard', '--allow-incomplete');
    expect(standard).toMatchObject({ probes: [{ predicted: 'allowed', observed: 'allowed' }] });
    const experimental = predicted('--cnp-channel', 'experimental');
    expect(experimental).toMatchObject({ probes: [{ predicted: 'denied', observed: 'denied' }] });
  });

  test('that has lost a pod says so, and does not crash', () => {
    run('ip', 'netns', 'delete', `podwall.${name}.pod.shop.db`);
    const { code, out, err } = podwall('lab', 'verify', '-q', '--name', name);
    expect({ code, out, err }).toEqual({
      code: 2,
      out: '',
      err: `error: there is no network namespace podwall.${name}.pod.shop.db\n`,
    });
  });
});
