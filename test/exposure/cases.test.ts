// Cases worked out by hand: one folder each, with the answer as people would write it down.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exposure } from '../../src/exposure/index.ts';
import type { Exposure, ExposureQuery } from '../../src/exposure/index.ts';
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

test('entrances are asked of the controller that is named', () => {
  const text = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: edge, labels: {app: front}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: a}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: a}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: front}}}]}]}
`;
  const { cluster } = readManifests([{ file: 'input.yaml', text }]);
  const policy = compile(cluster);
  const entriesWith = (query: ExposureQuery): readonly string[] =>
    exposure(policy, { ...query, direction: 'ingress' }).document.exposures.flatMap(({ peers }) =>
      peers.flatMap((peer) => (peer.kind === 'entry' ? [peer.id] : [])),
    );
  const pods = cluster.pods.filter(({ name }) => name === 'front');
  expect(entriesWith({})).toEqual([]);
  expect(entriesWith({ controllers: [{ name: 'edge/front', pods }] })).toEqual(['ingress/a/web']);
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

/** Policies that each deny a port to pods with some labels, as peers of `web` and as subjects of the other side. */
function tiersOf(count: number, labelsOf: (i: number) => string): string {
  const pods = (labels: string): string => `{podSelector: {matchLabels: {${labels}}}}`;
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
  ingress: [{action: Deny, from: [{pods: ${pods(labelsOf(i))}}]}]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: q${i}}
spec:
  tier: Admin
  priority: ${500 + i}
  subject: {pods: ${pods(labelsOf(i + count))}}
  egress: [{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: ${80 + i}}}}]}]
`,
  );
  const pod = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a}
`;
  return pod + policies.join('');
}

function toldOf(text: string): { readonly peers: readonly string[]; readonly undecided: readonly string[] } {
  const { cluster } = readManifests([{ file: 'input.yaml', text }]);
  const { exposures, undecided } = exposure(compile(cluster), { direction: 'ingress' }).document;
  return {
    peers: exposures
      .flatMap(({ peers }) => peers.filter(({ kind }) => kind === 'pods'))
      .map((peer) => `${peerText(peer)}: ${usableText(peer)}`),
    undecided,
  };
}

test('tiers of many unlike keys are told as they are written: nobody with any of these labels, and each port by itself', () => {
  const { peers, undecided } = toldOf(tiersOf(40, (i) => `k${i}: x`));
  expect(undecided).toEqual([]);
  // Those that none selects may use all; on the port of each policy also those that the others select.
  expect(peers).toHaveLength(41);
  for (const peer of peers) for (let i = 0; i < 40; i++) expect(peer).toContain(`k${i}!=x`);
  expect(peers.filter((peer) => peer.includes(`k40!=x`) && !peer.includes(`k41!=x`))).toHaveLength(1);
});

test('where selectors of many keys cut pods into too many pieces, that is told', () => {
  const { undecided } = toldOf(tiersOf(24, (i) => `a${i}: x, b${i}: x, c${i}: x`));
  expect(undecided).toEqual([
    'some of what cluster-wide policies say was left out of account, for they have too many selectors',
  ]);
});

test('hundreds of unlike keys are decided', () => {
  // Each cuts from what those before it have left, which then has a condition for each of them.
  const denials = (n: number): string =>
    tiersOf(0, () => '') +
    Array.from(
      { length: n },
      (_, i) => `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: c${i}}
spec:
  tier: Admin
  priority: ${i % 1000}
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {k${i}: v}}}}]}]
`,
    ).join('');
  const { peers, undecided } = toldOf(denials(300));
  expect(undecided).toEqual([]);
  expect(peers).toHaveLength(1);
  for (let i = 0; i < 300; i++) expect(peers[0]).toContain(`k${i}!=v`);
});

/** Namespaces of eight policies each, which select pods by keys of their own that have none of many values. */
function withLongLists(namespaces: number, many: number, pods: number): string {
  const ofNamespace = (n: number): string =>
    Array.from({ length: 8 }, (_, i) => {
      const values = Array.from({ length: many }, (__, j) => `v${(j * 7 + i * 13 + n) % 5000}`);
      return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: n${i}, namespace: b${n}}
spec:
  podSelector:
    matchExpressions:
      - {key: k${(n % 7) + i}, operator: NotIn, values: [${values.join(', ')}]}
      - {key: e${i}, operator: Exists}
  policyTypes: [Egress]
  egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: x${i % pods}}}}], ports: [{port: ${i + 1}}]}]
`;
    }).join('');
  const ofPod = (i: number): string => `---
apiVersion: v1
kind: Pod
metadata: {name: p${i}, namespace: a, labels: {app: x${i}}}
spec: {containers: [{name: main}]}
`;
  return [
    ...Array.from({ length: pods }, (_, i) => ofPod(i)),
    ...Array.from({ length: namespaces }, (_, n) => ofNamespace(n)),
  ].join('');
}

test('policies that leave out hundreds of values are decided, or told as too much', () => {
  const documentOf = (text: string): ReturnType<typeof exposure>['document'] => {
    const { cluster } = readManifests([{ file: 'lists.yaml', text }]);
    return exposure(compile(cluster), { direction: 'ingress', details: true }).document;
  };
  const few = documentOf(withLongLists(2, 200, 3));
  expect(few.undecided).toEqual([]);
  const partly = few.exposures.flatMap(({ peers }) =>
    peers.flatMap((peer) => (peer.kind === 'pods' ? (peer.namespaces.partly ?? []) : [])),
  );
  // In both namespaces a pod of each exposure may use what the policies that select it let it.
  expect(partly.flatMap(({ namespaces }) => namespaces).toSorted()).toEqual([
    'b0',
    'b0',
    'b0',
    'b1',
    'b1',
    'b1',
  ]);
  const many = documentOf(withLongLists(60, 200, 1));
  expect(many.undecided).toHaveLength(1);
  expect(many.undecided[0]).toMatch(
    /^which potential pods the policies of b\d+, .* and others do not select/,
  );
});
