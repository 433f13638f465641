import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { explain, isPortProblem, map, parsePorts, resolveEnd } from '../../src/reach/index.ts';
import type { End } from '../../src/reach/index.ts';
import { npGuardAmbiguous, npGuardList, renderMap, renderVerdict } from '../../src/render/index.ts';
import { golden } from './golden.ts';

// Two cluster-wide policies of equal priority that disagree about one port (corner 60), in every output.

const workload = (namespace: string, name: string, ports = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: c, image: i${ports}}]}
---
`;
const policy = (name: string, rest: string): string => `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${name}}
spec:
  tier: Admin
  priority: 10
${rest}
---
`;
const text = [
  'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n',
  'apiVersion: v1\nkind: Namespace\nmetadata: {name: ops}\n---\n',
  workload('shop', 'web'),
  workload('shop', 'db', ', ports: [{name: pg, containerPort: 5432}]'),
  workload('ops', 'cron'),
  policy(
    'open-db',
    `  subject: {pods: {podSelector: {matchLabels: {app: db}}}}
  ingress:
    - name: admit ops
      action: Accept
      from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: ops}}}]
      protocols: [{destinationNamedPort: pg}]`,
  ),
  policy(
    'tenants',
    `  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - name: no other namespaces
      action: Deny
      from: [{namespaces: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [shop]}]}}]`,
  ),
].join('');
const { cluster, diagnostics } = readManifests([{ file: 'tiers.yaml', text }]);
const compiled = compile(cluster);
const answer = map(compiled, { level: { kind: 'workload' } });
const options = { color: false, width: 100, headers: true } as const;

test('the input is as it should be', () => {
  expect(diagnostics).toEqual([]);
  expect(answer.document.connections.filter(({ ambiguous }) => ambiguous === true)).toHaveLength(1);
});

test.each(['table', 'wide', 'matrix', 'json', 'yaml', 'csv', 'md', 'dot', 'mermaid'] as const)(
  'a map as %s',
  (format) => {
    const written = renderMap(answer, format, options);
    expect(written).toContain('ambiguous');
    expect(written).toBe(golden(`ambiguous-map-${format}.txt`, written));
  },
);

test('the list of netpol-analyzer, which has no word for it, leaves it out', () => {
  const list = [...npGuardList(answer, 'np-guard-txt', cluster)].join('');
  expect(list).toContain('shop/web[Deployment] => shop/db[Deployment]');
  expect(list).not.toContain('ops/cron[Deployment] => shop/db[Deployment]');
  expect(npGuardAmbiguous(answer)).toBe(1);
  const { connections } = answer.document;
  const unlisted = connections.map((each) => ({ ...each, family: 'IPv6' as const }));
  // What that list has no place for anyway is not missed.
  expect(npGuardAmbiguous({ document: { ...answer.document, connections: unlisted } })).toBe(0);
});

describe('can', () => {
  function verdict(port: string, width = 100): string {
    const end = (operand: string): End => {
      const found = resolveEnd(cluster, operand);
      if (found.kind === 'problem') throw new Error(found.message);
      return found;
    };
    const ports = parsePorts(port);
    if (isPortProblem(ports)) throw new Error(ports.message);
    return renderVerdict(explain(compiled, { from: end('ops/cron'), to: end('shop/db'), ports }), 'text', {
      ...options,
      width,
    });
  }

  test('names all that disagree', () => {
    expect(verdict('5432', 120)).toBe(
      'ambiguous  ops/cron → shop/db TCP 5432   (ingress ambiguous: open-db, tiers.yaml:44; tenants, tiers.yaml:57)\n',
    );
    expect(verdict('5432', 75)).toBe('ambiguous  ops/cron → shop/db TCP 5432   (open-db, tenants)\n');
  });

  test('names the one that denies', () => {
    expect(verdict('80')).toBe('no   ops/cron → shop/db TCP 80   (ingress closed: tenants, tiers.yaml:57)\n');
  });
});

test('the head of a map counts cluster-wide policies', () => {
  expect(renderMap(answer, 'table', options)).toContain(
    '3 workloads in 2 namespaces, 2 cluster-wide policies\n',
  );
  const own =
    'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {}}\n';
  const both = readManifests([{ file: 'tiers.yaml', text: `${text}${own}` }]).cluster;
  const table = renderMap(map(compile(both), { level: { kind: 'workload' } }), 'table', options);
  expect(table).toContain('3 workloads in 2 namespaces, 1 policy and 2 cluster-wide ones\n');
});
