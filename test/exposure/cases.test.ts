// Cases worked out by hand: one folder each, with the answer as people would write it down.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exposure } from '../../src/exposure/index.ts';
import type { Exposure } from '../../src/exposure/index.ts';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { entriesOf, map } from '../../src/reach/index.ts';
import { streamExposure } from '../../src/render/index.ts';
import { schemaOf } from '../render/schemas.ts';
import { peerText, usableText } from '../../src/render/exposure-words.ts';

const schema = schemaOf('exposure-report');
const folder = join(import.meta.dirname, 'cases');
const cases = readdirSync(folder).filter((name) => readdirSync(join(folder, name)).includes('expected.txt'));

function linesOf({ direction, workloads, isolated, tiers, peers, closed }: Exposure): readonly string[] {
  return workloads.flatMap((id) => {
    const [namespace, , name] = id.split('/');
    const head = `${direction} ${namespace}/${name}: `;
    const isEverybody = peers.some((peer) => peer.exposure === 'any-pod' && peer.allowed === 'all');
    if (!isolated && tiers === undefined && isEverybody) return [`${head}everyone`];
    return [
      ...peers.map((peer) => `${head}${peerText(peer)}: ${usableText(peer)}`),
      ...closed.map(({ scope, reason }) => `${head}closed ${scope}: ${reason}`),
    ];
  });
}

/** Cases about one direction. */
const ofIngress = ['baseline', 'complements', 'entrance', 'new-namespace-names', 'unrelated-tiers'];

test.each(cases)('%s', (name) => {
  const text = readFileSync(join(folder, name, 'input.yaml'), 'utf8');
  const { cluster, diagnostics } = readManifests([{ file: 'input.yaml', text }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const answer = exposure(compile(cluster), { details: true });
  const { exposures } = answer.document;
  const json = [
    ...streamExposure(answer, 'json', { width: undefined, color: false, headers: true, named: true }),
  ];
  expect(schema(JSON.parse(json.join('')))).toEqual([]);
  const hidden = ofIngress.includes(name) ? 'egress' : '';
  const lines = exposures.filter(({ direction }) => direction !== hidden).flatMap(linesOf);
  expect(lines.sort()).toEqual(
    readFileSync(join(folder, name, 'expected.txt'), 'utf8')
      .trimEnd()
      .split('\n'),
  );
});

test('what comes in through entrances is what a map says of them', () => {
  const shop = join(import.meta.dirname, '../../examples/shop');
  const files = readdirSync(shop).filter((file) => file.endsWith('.yaml'));
  const { cluster } = readManifests(
    files.map((file) => ({ file, text: readFileSync(join(shop, file), 'utf8') })),
  );
  const policy = compile(cluster);
  const { connections } = map(policy, { level: { kind: 'workload' } }).document;
  const entrances = new Set(entriesOf(cluster).entries.map(({ id }) => id));
  const mapped = connections
    .filter(({ from }) => entrances.has(from))
    .map(({ from, to, allowed }) => `${from} ${to} ${JSON.stringify(allowed)}`);
  const told = exposure(policy).document.exposures.flatMap(({ peers }) =>
    peers.flatMap((peer) =>
      peer.kind === 'entry'
        ? peer.workloads.map((workload) => `${peer.id} ${workload} ${JSON.stringify(peer.allowed)}`)
        : [],
    ),
  );
  expect(mapped.length).toBeGreaterThan(1);
  expect([...new Set(told)].sort()).toEqual([...new Set(mapped)].sort());
});

test('there are cases', () => {
  expect(cases.length).toBeGreaterThan(3);
});

test('a profile that decides by pod leaves Baseline unasked about pods of any NetworkPolicy (corner 64)', () => {
  const text = `
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data, labels: {app: db}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: job, namespace: work}
spec: {podSelector: {matchLabels: {app: job}}, policyTypes: [Ingress]}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: closed}
spec: {tier: Baseline, priority: 10, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}]}]}
`;
  const { cluster } = readManifests([{ file: 'input.yaml', text }]);
  const ingressOf = (profile: 'upstream' | 'kube-network-policies'): readonly string[] =>
    exposure(compile(cluster, { profile }), { direction: 'ingress' })
      .document.exposures.flatMap(linesOf)
      .filter((line) => !line.includes('internet') && !line.includes('closed'));
  expect(ingressOf('upstream')).toEqual([]);
  expect(ingressOf('kube-network-policies')).toEqual(['ingress data/db: pods with app=job in work: all']);
});

test('an ipBlock admits no pods under a profile that has it so, whatever networks tiers name (corner 34)', () => {
  const text = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a}
status: {podIP: 10.0.0.128, phase: Running}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: a}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: some}
spec: {priority: 10, subject: {namespaces: {}}, egress: [{action: Allow, to: [{networks: [0.0.0.0/0]}], ports: [{portNumber: {port: 1}}]}]}
`;
  const { cluster } = readManifests([{ file: 'input.yaml', text }]);
  const isOpen = (profile: 'upstream' | 'np-guard'): boolean =>
    exposure(compile(cluster, { profile }), { direction: 'egress', details: true })
      .document.exposures.flatMap(({ peers }) => peers)
      .some((peer) => peer.kind === 'pods' && !(peer.namespaces.closed ?? []).includes('a'));
  expect([isOpen('upstream'), isOpen('np-guard')]).toEqual([true, false]);
});

/** Policies that each cut the space of potential pods in two, as peers of `web` and as subjects of the other side. */
function tiersOfKeys(count: number): string {
  const pods = (key: string): string =>
    `{pods: {namespaceSelector: {}, podSelector: {matchLabels: {${key}: x}}}}`;
  const policies = Array.from(
    { length: count },
    (_, i) => `
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: p${i}}
spec:
  tier: Admin
  priority: ${i}
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [${pods(`k${i}`)}], protocols: [{tcp: {destinationPort: {number: ${80 + i}}}}]}]
`,
  );
  const pod = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a}
`;
  return pod + policies.join('');
}

test('tiers of many keys are taken into account up to a bound, and beyond it that is told', () => {
  const told = (count: number): { readonly peers: number; readonly undecided: readonly string[] } => {
    const { cluster } = readManifests([{ file: 'input.yaml', text: tiersOfKeys(count) }]);
    const { exposures, undecided } = exposure(compile(cluster), { direction: 'ingress' }).document;
    return {
      peers: exposures.flatMap(({ peers }) => peers.filter(({ kind }) => kind === 'pods')).length,
      undecided,
    };
  };
  // Every set of keys has a use of its own.
  expect(told(9)).toEqual({ peers: 2 ** 9, undecided: [] });
  expect(told(12)).toEqual({
    peers: 1,
    undecided: [
      'some of what cluster-wide policies say was left out of account, for they have too many selectors',
    ],
  });
});
