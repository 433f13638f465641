import { describe, expect, test } from 'vitest';

import { labName, podwall, useLab, whyNoLab } from './lab.ts';

// Nobody has an address in this input: what its Services ask for says which families there are.

const name = labName('families');

const input = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: c, image: x, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { containers: [{ name: c, image: x, ports: [{ containerPort: 5432 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: both, namespace: shop }
spec: { type: NodePort, ipFamilyPolicy: RequireDualStack, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: six, namespace: shop }
spec: { type: NodePort, ipFamilies: [IPv6], selector: { app: web }, ports: [{ port: 81, targetPort: 8080 }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: db } } }] }]
`;

describe.skipIf(whyNoLab !== undefined)('a lab whose Services ask for both families', () => {
  useLab(name, input);

  test('serves each by cluster IPs and node ports of the families that it asks for', () => {
    const { code, out } = podwall('lab', 'verify', '-q', '-o', 'json', '--name', name);
    const { disagreements, details } = JSON.parse(out) as {
      readonly disagreements: number;
      readonly details: readonly {
        readonly to: string;
        readonly port: number;
        readonly destination: string;
      }[];
    };
    expect([code, disagreements]).toEqual([0, 0]);
    const ways = (service: string): readonly string[] =>
      [
        ...new Set(
          details
            .filter(({ to }) => to === `shop/svc/${service}`)
            .map(
              ({ port, destination }) =>
                `${port < 30000 ? 'cluster IP' : 'node port'} ${destination.includes(':') ? 'IPv6' : 'IPv4'}`,
            ),
        ),
      ].sort();
    expect(ways('both')).toEqual(['cluster IP IPv4', 'cluster IP IPv6', 'node port IPv4', 'node port IPv6']);
    expect(ways('six')).toEqual(['cluster IP IPv6', 'node port IPv6']);
  });

  test('gives pods their names in both', () => {
    const { out } = podwall(
      'lab',
      'exec',
      '-n',
      'shop',
      'db',
      '--name',
      name,
      '--',
      'getent',
      'ahosts',
      'both',
    );
    expect(out).toMatch(/^10\.96\./m);
    expect(out).toMatch(/^fd/m);
    const get = (...more: readonly string[]): string =>
      podwall('lab', 'exec', '-n', 'shop', 'db', '--name', name, '--', 'curl', '-sm', '5', ...more).out;
    expect(get('-6', 'http://both')).toBe('shop/web TCP 8080\n');
    expect(get('-4', 'http://both')).toBe('shop/web TCP 8080\n');
    expect(get('http://six:81')).toBe('shop/web TCP 8080\n');
  });
});
