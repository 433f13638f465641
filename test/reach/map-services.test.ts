import { expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { map, resolveEnd } from '../../src/reach/index.ts';
import type { End } from '../../src/reach/index.ts';

const text = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: a}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
`;

test('a map to a Service reads ports as the Service has them (corner 49)', () => {
  const { cluster } = readManifests([{ file: 'a.yaml', text }]);
  const to = [resolveEnd(cluster, 'a/svc/web') as End];
  const port = (number: number) => [{ kind: 'range', protocol: 'TCP', from: number, to: number } as const];
  const shown = (number: number, focus: { to?: readonly End[] }) =>
    map(compile(cluster), {
      level: { kind: 'workload' },
      ports: port(number),
      ...focus,
    }).document.connections.map(({ from, to: target, allowed }) => [from, target, allowed]);
  expect(shown(80, { to }).filter(([from]) => from === 'a/Pod/client')).toEqual([
    ['a/Pod/client', 'a/Pod/web', { TCP: [[8080, 8080]] }],
  ]);
  expect(shown(8080, { to })).toEqual([]);
  // Without the Service in question a port is the pod's.
  expect(shown(80, {}).filter(([from]) => from === 'a/Pod/client')).toContainEqual([
    'a/Pod/client',
    'a/Pod/web',
    { TCP: [[80, 80]] },
  ]);
});
