import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { explain, map, parsePorts, resolveEnd } from '../../src/reach/index.ts';
import type { End, NearMiss, PortQuery } from '../../src/reach/index.ts';
import { policy } from './manifests.ts';

// The changes that an explanation of a denied connection offers, and what else each would open.

interface PodFacts {
  readonly labels?: string;
  readonly ips?: readonly string[];
  readonly node?: string;
  readonly hostNetwork?: boolean;
  readonly owner?: string;
}

function pod(id: string, facts: PodFacts = {}): string {
  const [namespace, name] = id.split('/');
  const { labels = `app: ${name}`, ips = [], node, hostNetwork = false, owner } = facts;
  const owners =
    owner === undefined
      ? ''
      : `, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: ${owner}, uid: u, controller: true}]`;
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {${labels}}${owners}}
spec: {hostNetwork: ${hostNetwork}, ${node === undefined ? '' : `nodeName: ${node}, `}containers: [{name: c, image: x}]}
status: {phase: Running, podIPs: [${ips.map((ip) => `{ip: "${ip}"}`).join(', ')}]}
`;
}

function read(objects: readonly string[]) {
  const { cluster, diagnostics } = readManifests([{ file: 'a.yaml', text: objects.join('---') }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return cluster;
}

function changes(objects: readonly string[], from: string, to: string, port: string): readonly NearMiss[] {
  const cluster = read(objects);
  const end = (text: string): End => {
    const found = resolveEnd(cluster, text);
    if (found.kind === 'problem') throw new Error(found.message);
    return found;
  };
  const answer = explain(compile(cluster), {
    from: end(from),
    to: end(to),
    ports: parsePorts(port) as readonly PortQuery[],
  });
  expect(answer.verdict).not.toBe('allowed');
  return answer.nearest;
}

const tcp80 = { TCP: [[80, 80]] };

describe('what else a change opens', () => {
  const w = (name: string, node: string, ip: string): string =>
    pod(`a/${name}`, { labels: 'app: w', ips: [ip], node, owner: 'w' });

  test('includes the one replica that does not run on the node that comes in (corner 42)', () => {
    const [nearest] = changes(
      [
        w('w-0', 'n1', '10.0.0.1'),
        w('w-1', 'n1', '10.0.0.2'),
        w('w-2', 'n2', '10.0.0.3'),
        pod('k/host', { ips: ['192.168.0.1'], node: 'n1', hostNetwork: true }),
        policy(
          'a/in',
          '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/24}}], ports: [{port: 443}]}]}',
        ),
      ],
      '192.168.0.9',
      'a/w',
      '80',
    );
    expect(nearest?.change).toContain('also admit TCP 80');
    expect(nearest?.alsoOpens).toContainEqual({
      from: 'k/Pod/host',
      to: 'a/StatefulSet/w',
      allowed: tcp80,
    });
  });

  test('names whose address it adds', () => {
    const [nearest] = changes(
      [
        pod('a/db', { ips: ['10.0.0.1'], node: 'n1' }),
        pod('k/host', { ips: ['192.168.0.2'], node: 'n2', hostNetwork: true }),
        policy('a/in', '{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}'),
      ],
      'k/host',
      'a/db',
      '80',
    );
    expect(nearest?.change).toMatch(/^in a\.yaml:\d+ add 192\.168\.0\.2\/32 \(k\/host\) to the rule's from$/);
  });

  test('leaves out addresses of a family that the pod lacks (corner 37)', () => {
    const [nearest] = changes(
      [
        pod('a/db', { ips: ['10.0.0.1'] }),
        pod('a/web', { ips: ['10.0.0.2'] }),
        policy('a/in', '{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 443}]}]}'),
      ],
      'a/web',
      'a/db',
      '80',
    );
    expect(nearest?.alsoOpens).toEqual([{ from: '0.0.0.0/0', to: 'a/Pod/db', allowed: tcp80 }]);
  });

  test('includes nodes whose address is known', () => {
    const [nearest] = changes(
      [
        pod('a/db', { ips: ['10.0.0.1'], node: 'n1' }),
        pod('a/web', { ips: ['10.0.0.2'], node: 'n1' }),
        ...['n1', 'n2'].map(
          (name, i) => `
apiVersion: v1
kind: Node
metadata: {name: ${name}}
status: {addresses: [{type: InternalIP, address: 192.168.0.${i + 1}}]}
`,
        ),
        policy(
          'a/in',
          '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}]}',
        ),
      ],
      'a/web',
      'a/db',
      '80',
    );
    // n1 is the pod's own node: open before and after (corner 42).
    expect(nearest?.alsoOpens.map(({ from }) => from)).toEqual(['0.0.0.0/0', 'node/n2']);
  });
});

describe('the changes offered', () => {
  test('never set the name label of a namespace (corner 22)', () => {
    const objects = (key: string): readonly string[] => [
      pod('a/db'),
      pod('b/web'),
      policy(
        'a/in',
        `{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {${key}: c}}}]}]}`,
      ),
    ];
    const label = (key: string): readonly string[] =>
      changes(objects(key), 'b/web', 'a/db', '80')
        .map(({ change }) => change)
        .filter((change) => change.includes('kubectl label'));
    expect(label('team')).toEqual(['label the namespace: kubectl label namespace b team=c']);
    expect(label('kubernetes.io/metadata.name')).toEqual([]);
  });

  test('come with the one first that opens least beside, among equally near ones', () => {
    const offered = changes(
      [
        pod('a/db'),
        pod('a/web', { labels: 'app: web, tier: front' }),
        pod('a/shop', { labels: 'app: shop, tier: front' }),
        policy(
          'a/in',
          '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {tier: back}}}]}, {from: [{podSelector: {matchLabels: {app: api}}}]}]}',
        ),
      ],
      'a/web',
      'a/db',
      '80',
    );
    const near = offered.filter(({ distance }) => distance === 1);
    expect(near.map(({ change }) => /admit (\w+)/.exec(change)?.[1])).toEqual(['app', 'tier']);
    expect(near.map(({ alsoOpens }) => alsoOpens.length)).toEqual([1, 2]);
  });

  test('mend both sides where both are closed, and say which lines belong to which policy', () => {
    const [nearest] = changes(
      [
        pod('a/db'),
        pod('b/web'),
        policy('a/in', '{podSelector: {}, ingress: [{ports: [{port: 443}]}]}'),
        policy('b/out', '{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 443}]}]}'),
      ],
      'b/web',
      'a/db',
      '8000-8010',
    );
    expect(nearest?.direction).toBe('both');
    expect(nearest?.change).toContain('; and ');
    const lines = ['- protocol: TCP', '  port: 8000', '  endPort: 8010'];
    expect(nearest?.patch?.map((line) => line.replace(/a\.yaml:\d+/, 'a.yaml:N'))).toEqual([
      '# b/out (a.yaml:N)',
      ...lines,
      '# a/in (a.yaml:N)',
      ...lines,
    ]);
  });
});

test('a workload is on the host network only when each of its pods is', () => {
  const flagOf = (second: boolean): boolean | undefined => {
    const cluster = read([
      pod('a/w-0', { labels: 'app: w', hostNetwork: true, owner: 'w' }),
      pod('a/w-1', { labels: 'app: w', hostNetwork: second, owner: 'w' }),
    ]);
    const { peers } = map(compile(cluster), { level: { kind: 'workload' } }).document;
    return peers.find(({ id }) => id === 'a/StatefulSet/w')?.hostNetwork;
  };
  expect(flagOf(true)).toBe(true);
  expect(flagOf(false)).toBe(undefined);
});
