import { expect, it } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { readableMap } from '../../src/reach/index.ts';
import type { MapOverview } from '../../src/reach/index.ts';
import { streamOverview } from '../../src/render/index.ts';
import { golden, overlong } from './golden.ts';

const teams = Array.from({ length: 70 }, (_, i) => `team-${String(i + 1).padStart(2, '0')}`);

function workload(namespace: string, name: string, labels: string, replicas = 2): string {
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { ${labels} } }
  template:
    metadata: { labels: { ${labels} } }
    spec: { containers: [{ name: main, ports: [{ name: metrics, containerPort: 9090 }] }] }
`;
}

function policy(namespace: string, name: string, spec: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`;
}

const everyNamespace = '{ namespaceSelector: {} }';

/** 70 namespaces of one shape, one of another, monitoring that reaches all, DNS that all reach. */
const cluster = readManifests([
  {
    file: 'cluster.yaml',
    text: [
      workload('monitoring', 'prometheus', 'app: prometheus', 1),
      workload('kube-system', 'dns', 'k8s-app: kube-dns'),
      policy('monitoring', 'closed', '{ podSelector: {}, policyTypes: [Ingress] }'),
      policy(
        'kube-system',
        'dns',
        `{ podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [${everyNamespace}], ports: [{ protocol: UDP, port: 53 }] }] }`,
      ),
      ...teams.flatMap((team) => [
        workload(team, `${team}-web`, `app: web, team: ${team}`),
        workload(team, `${team}-db`, `app: db, team: ${team}`, 1),
        policy(
          team,
          'metrics',
          '{ podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } } }], ports: [{ port: metrics }] }] }',
        ),
        policy(
          team,
          'db',
          '{ podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress], ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }] }',
        ),
      ]),
      workload('lab', 'bench', 'app: bench'),
      workload('lab', 'probe', 'app: probe'),
    ].join(''),
  },
]).cluster;

function overview(level: 'workload' | 'namespace'): MapOverview {
  const answer = readableMap(compile(cluster), { level: { kind: level } }, 0);
  if (answer.kind === 'map') throw new Error('it has connections');
  return answer.overview;
}

it.each(['workload', 'namespace'] as const)(
  'a map that is too large reads as reviewed, level %s',
  (level) => {
    const widths = [60, 100];
    const text = widths.map((width) => {
      const lines = [...streamOverview(overview(level), { width, color: false, headers: true })].join('');
      expect(overlong(lines, width)).toEqual([]);
      return `# width ${width}\n${lines}`;
    });
    expect(text.join('\n')).toBe(golden(`map-overview-${level}.table.txt`, text.join('\n')));
  },
);

it('names the namespaces of both sides where there are two', () => {
  const files = ['a', 'b'].flatMap((namespace) =>
    ['one', 'two', 'three', 'four', 'five', 'six', 'seven'].map((name) =>
      workload(namespace, name, `app: ${name}`),
    ),
  );
  const { cluster: two } = readManifests([
    {
      file: 'cluster.yaml',
      text: [
        ...files,
        policy('a', 'own', '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }'),
        policy(
          'b',
          'other',
          '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: a } } }] }] }',
        ),
      ].join(''),
    },
  ]);
  const answer = readableMap(compile(two), { level: { kind: 'workload' } }, 0);
  if (answer.kind === 'map') throw new Error('it has connections');
  const text = [...streamOverview(answer.overview, { width: 100, color: false, headers: true })].join('');
  expect(text).toMatch(/^a\/five → 7 in b +all +1 → 7$/m);
  expect(text).not.toContain('elsewhere');
});
