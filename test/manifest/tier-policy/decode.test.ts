import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readObjects } from '../../../src/manifest/index.ts';
import { decodeTierPolicy, validateTierPolicy } from '../../../src/manifest/tier-policy/index.ts';
import { MemoryOrigin } from '../../../src/manifest/objects/index.ts';
import type { TierPolicy } from '../../../src/model/index.ts';
import { documents, pod, read, told } from '../objects/read.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const channels = ['standard', 'experimental'] as const;

function cnp(metadata: string, spec: string, apiVersion = 'policy.networking.k8s.io/v1alpha2'): string {
  return `{apiVersion: ${apiVersion}, kind: ClusterNetworkPolicy, metadata: {${metadata}}, spec: {${spec}}}`;
}

const head = 'tier: Admin, priority: 1, subject: {namespaces: {}}';

describe('an object that a server has stored counts as far as it can be read, with warnings', () => {
  function stored(spec: string): TierPolicy {
    const { cluster, diagnostics } = read(cnp('name: x, uid: u', spec));
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const [policy] = cluster.tierPolicies;
    if (policy === undefined) throw new Error('no policy');
    return policy;
  }

  test('a peer of a newer API makes the rule fail closed (corner 66)', () => {
    const { egress } = stored(`${head}, egress: [{action: Accept, to: [{namespaces: {}}, {services: {}}]}]`);
    expect(egress[0]?.peers.map(({ kind }) => kind)).toEqual(['pods', 'unknown']);
  });

  test('an entry of protocols of a newer API does so too (corner 62)', () => {
    const { egress } = stored(
      `${head}, egress: [{action: Accept, to: [{namespaces: {}}], protocols: [{icmp: {}}]}]`,
    );
    expect(egress[0]?.ports).toEqual({ kind: 'oneOf', ports: [{ kind: 'unknown' }] });
  });

  test('tcp without a port is every port of it (corner 62)', () => {
    const { egress } = stored(
      `${head}, egress: [{action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {}}]}]`,
    );
    expect(egress[0]?.ports).toEqual({ kind: 'oneOf', ports: [{ kind: 'everyPort', protocol: 'TCP' }] });
  });

  test('a podSelector that is null, or a namespaceSelector that v1alpha1 needs, selects nobody (corner 66)', () => {
    const peer = stored(`${head}, egress: [{action: Accept, to: [{pods: {podSelector: null}}]}]`).egress[0]
      ?.peers[0];
    expect(peer).toEqual({ kind: 'unusable', reason: 'the podSelector is missing' });
    const { cluster } = read(
      '{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: x, uid: u}, spec: {priority: 1, subject: {pods: {podSelector: {}}}}}',
    );
    expect(cluster.tierPolicies[0]?.subject).toEqual({
      kind: 'unusable',
      reason: 'the namespaceSelector is missing',
    });
  });

  test('of unknown tier or priority, no rule may admit anything', () => {
    const rules = 'subject: {namespaces: {}}, egress: [{action: Accept, to: [{namespaces: {}}]}]';
    for (const spec of [`tier: Middle, priority: 5, ${rules}`, `tier: Baseline, ${rules}`]) {
      expect(stored(spec).egress).toMatchObject([{ action: 'accept', peers: [{ kind: 'unknown' }] }]);
    }
  });

  test('rules that cannot be read deny everything', () => {
    for (const egress of ['egress: 5', 'egress: [5]', 'egress: [{to: [{namespaces: {}}]}]']) {
      expect(stored(`${head}, ${egress}`).egress).toMatchObject([
        { action: 'deny', peers: [{ kind: 'unknown' }] },
      ]);
    }
  });
});

describe('versions', () => {
  const other = 'policy.networking.k8s.io/v1alpha1';

  test('another version of a kind is served by nobody', () => {
    const { cluster, diagnostics } = read(cnp('name: x', head, other));
    expect(told(diagnostics)).toEqual(['kind-not-served error 1:14']);
    expect(diagnostics[0]?.hint).toContain('policy.networking.k8s.io/v1alpha2');
    expect(cluster.tierPolicies).toEqual([]);
    expect(cluster.notModelled).toEqual([]);
  });

  test('a stored one is read as the version that is known', () => {
    const { cluster, diagnostics } = read(cnp('name: x, uid: u', head, other));
    expect(told(diagnostics)).toEqual(['kind-not-served warning 1:14']);
    expect(cluster.tierPolicies).toHaveLength(1);
  });

  test('the kind is told from that of another group, and by its case', () => {
    const antrea = cnp('name: x', head, 'crd.antrea.io/v1beta1');
    expect(read(antrea).cluster.tierPolicies).toEqual([]);
    const { diagnostics } = read(
      cnp('name: x', head).replace('ClusterNetworkPolicy', 'clusterNetworkPolicy'),
    );
    expect(diagnostics[0]?.hint).toContain('kind: ClusterNetworkPolicy');
    const [bare] = read(cnp('name: x', head, 'v1')).diagnostics;
    expect(bare?.hint).toContain('policy.networking.k8s.io/v1alpha2');
  });
});

describe('a refused policy', () => {
  const pods = documents(
    pod('a', 'labels: {app: a}'),
    pod('b'),
    pod('c', 'labels: {app: a}', 'spec: {hostNetwork: true}'),
  );

  test('says whom it would have selected', () => {
    const spec = 'tier: Admin, subject: {pods: {podSelector: {matchLabels: {app: a}}}}';
    const { diagnostics, cluster } = read(documents(pods, cnp('name: x', spec)));
    expect(diagnostics.map(({ message }) => message)).toEqual([
      'spec needs priority. The policy was left out; it would select 1 workload: default/Pod/a.',
    ]);
    expect(cluster.tierPolicies).toEqual([]);
  });

  test('replaces none of its name', () => {
    const { cluster } = read(documents(cnp('name: x', head), cnp('name: x', 'tier: Admin')));
    expect(cluster.tierPolicies).toHaveLength(1);
  });
});

describe('what the input lacks is told of the tiers as well', () => {
  test('labels of a namespace that is only mentioned', () => {
    const labels = read(
      documents(
        pod('a'),
        cnp('name: x', `${head}, egress: [{action: Deny, to: [{namespaces: {matchLabels: {team: a}}}]}]`),
      ),
    );
    expect(labels.diagnostics.map(({ code, path }) => [code, path])).toEqual([
      ['namespace-assumed', 'spec.egress[0].to[0]'],
    ]);
    const subject =
      'tier: Admin, priority: 1, subject: {pods: {namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}, podSelector: {}}}';
    expect(
      read(documents(pod('a'), cnp('name: x', subject))).diagnostics.map(({ code, path }) => [code, path]),
    ).toEqual([['namespace-assumed', 'spec.subject']]);
  });

  test('addresses of pods', () => {
    const text = documents(
      pod('a'),
      cnp('name: x', `${head}, egress: [{action: Deny, to: [{networks: [10.0.0.0/8]}]}]`),
    );
    expect(read(text).diagnostics.map(({ code, path, message }) => [code, path, message])).toEqual([
      [
        'pods-without-address',
        'spec.egress[0].to[0]',
        '1 of 1 pod has no address in the input, so no networks match it',
      ],
    ]);
  });
});

test('a correction of the text is offered only if the policy in it is one that the CRD takes', () => {
  const lines = (action: string): string => `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata:
  name: x
spec:
  tier: Admin
  priority: 1
  subject:
    namespaces: {}
  egress:
    - action: ${action}
      to:
      \t- namespaces: {}`;
  const suggestions = (action: string): readonly unknown[] =>
    read(lines(action)).diagnostics.flatMap(({ suggestion }) =>
      suggestion === undefined ? [] : [suggestion],
    );
  expect(suggestions('Deny')).toHaveLength(1);
  expect(suggestions('Drop')).toEqual([]);
});

test('lists of these kinds are taken apart', () => {
  const items = [
    { metadata: { name: 'a' }, spec: { priority: 1, subject: { namespaces: {} } } },
    { metadata: { name: 'b' }, spec: { priority: 1, subject: { namespaces: {} } } },
  ];
  const { cluster, diagnostics } = readObjects([
    { apiVersion: 'policy.networking.k8s.io/v1alpha1', kind: 'AdminNetworkPolicyList', items },
  ]);
  expect(diagnostics).toEqual([]);
  expect(cluster.tierPolicies.map(({ name }) => name)).toEqual(['a', 'b']);
});

// Values of all sorts at all places of a policy.
const scraps = fc.oneof(
  fc.constantFrom(
    null,
    {},
    [],
    '',
    'web',
    80,
    '80',
    1.5,
    true,
    [null],
    [{}],
    { podSelector: {} },
    { matchLabels: { a: 'b' } },
    { matchLabels: { a: null, 'b c': '!' } },
    { matchExpressions: [{ key: 'a', operator: 'Gt' }] },
    ['10.0.0.0/8', '10.0.0.5/8'],
    ['::ffff:1.2.3.4/104'],
    ['example.com'],
    [{ namespaces: {} }],
    [
      { tcp: {} },
      { destinationNamedPort: '' },
      { udp: { destinationPort: { range: { start: 2, end: 1 } } } },
    ],
    [{ portNumber: { port: 1 } }, { portRange: { start: 2, end: 1 } }, { namedPort: 'x' }],
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const fieldNames = [
  'tier',
  'priority',
  'subject',
  'namespaces',
  'pods',
  'podSelector',
  'namespaceSelector',
  'networks',
  'nodes',
  'domainNames',
  'from',
  'to',
  'action',
  'protocols',
  'ports',
  'tcp',
  'destinationPort',
  'number',
  'range',
  'namedPort',
  'destinationNamedPort',
  'ipBlock',
  'matchLabels',
  'policyTypes',
  '__proto__',
];
const bases = {
  ClusterNetworkPolicy: {
    tier: 'Admin',
    priority: 1,
    subject: { pods: { podSelector: { matchLabels: { a: 'b' } }, namespaceSelector: {} } },
    ingress: [
      {
        action: 'Deny',
        from: [{ namespaces: {} }],
        protocols: [{ tcp: { destinationPort: { number: 80 } } }, { destinationNamedPort: 'http' }],
      },
    ],
    egress: [
      {
        action: 'Accept',
        to: [{ networks: ['10.0.0.0/8'] }, { pods: { podSelector: {} } }, { nodes: {} }],
        protocols: [{ udp: { destinationPort: { range: { start: 1, end: 9 } } } }],
      },
    ],
  },
  AdminNetworkPolicy: {
    priority: 1,
    subject: { namespaces: {} },
    egress: [
      {
        action: 'Allow',
        to: [{ networks: ['10.0.0.0/8'] }, { domainNames: ['a.b'] }],
        ports: [{ portNumber: { port: 80 } }, { portRange: { start: 1, end: 9 } }],
      },
    ],
  },
  BaselineAdminNetworkPolicy: {
    subject: { namespaces: {} },
    ingress: [{ action: 'Deny', from: [{ namespaces: {} }], ports: [{ namedPort: 'http' }] }],
  },
} as const;

/** All places of a value. */
function placesIn(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [
    at,
    ...Object.entries(value).flatMap(([key, each]) =>
      placesIn(each, [...at, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

/** A copy with something else at a place, or with one more field there. */
function changed(
  value: unknown,
  at: readonly (string | number)[],
  scrap: unknown,
  field: string | undefined,
): unknown {
  const [step, ...rest] = at;
  if (step === undefined) {
    if (field === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
      return scrap;
    return Object.fromEntries([...Object.entries(value), [field, scrap]]);
  }
  if (Array.isArray(value)) {
    return value.map((each: unknown, index) => (index === step ? changed(each, rest, scrap, field) : each));
  }
  return Object.fromEntries(
    Object.entries(value as object).map(([key, each]) => [
      key,
      key === step ? changed(each, rest, scrap, field) : each,
    ]),
  );
}

const mutants = fc
  .record({
    kind: fc.constantFrom('ClusterNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy'),
    changes: fc.array(
      fc.record({
        place: fc.nat(),
        scrap: scraps,
        field: fc.option(fc.constantFrom(...fieldNames), { nil: undefined }),
      }),
      { maxLength: 3 },
    ),
    stored: fc.boolean(),
    cnpChannel: fc.constantFrom(...channels),
  })
  .map(({ kind, changes, stored, cnpChannel }) => {
    let spec: unknown = bases[kind as 'ClusterNetworkPolicy'];
    for (const { place, scrap, field } of changes) {
      const places = placesIn(spec);
      spec = changed(spec, places[place % places.length] ?? [], scrap, field);
    }
    const metadata = { name: 'default', ...(stored ? { uid: 'u' } : {}) };
    return { kind, value: { kind, metadata, spec }, stored, cnpChannel };
  });

test(`what the CRD takes is read without gaps, and nothing makes the reading fail (seed ${seed})`, () => {
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(mutants, ({ kind, value, stored, cnpChannel }) => {
      const object = {
        ref: { apiVersion: 'v', kind, name: 'default' },
        value,
        origin: new MemoryOrigin('x'),
        duplicates: [],
        stored,
      };
      const errors = validateTierPolicy(value, { cnpChannel });
      const refused = errors.some(({ strict }) => strict === undefined);
      const { policy, diagnostics } = decodeTierPolicy(object, { cnpChannel });
      expect(policy === undefined).toBe(refused && !stored);
      if (errors.length > 0) expect(diagnostics.length).toBeGreaterThan(0);
      const errorsTold = diagnostics.filter(
        ({ severity, code }) => severity === 'error' && code !== 'subject-unusable',
      );
      expect(errorsTold.length > 0).toBe(refused && !stored);
      if (refused || policy === undefined) {
        seen.refused++;
        return;
      }
      seen.accepted++;
      // Only selectors may be unreadable in what the CRD takes (corner 20), and each is told.
      const peers = [...policy.ingress, ...policy.egress].flatMap((rule) => rule.peers);
      expect(peers.filter((peer) => peer.kind === 'unknown')).toEqual([]);
      const unusable = [policy.subject, ...peers].filter((peer) => peer.kind === 'unusable');
      const codes = diagnostics.map(({ code }) => code);
      if (unusable.length > 0) expect(codes).toContain('selector-unreadable');
      for (const { ports } of [...policy.ingress, ...policy.egress]) {
        if (ports.kind === 'oneOf') {
          expect(
            ports.ports.filter((entry) => entry.kind === 'unknown' || entry.kind === 'everyPort'),
          ).toEqual([]);
        }
      }
    }),
    { seed, numRuns: 4000 },
  );
  expect(seen.accepted).toBeGreaterThan(200);
  expect(seen.refused).toBeGreaterThan(200);
});

describe('hostile objects', () => {
  const many = <T>(item: (i: number) => T, length = 100_000): T[] =>
    Array.from({ length }, (_, i) => item(i));
  test.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['a hundred thousand rules', { egress: many(() => ({ action: 'deny', to: [{}] })) }],
    ['a hundred thousand peers', { egress: [{ action: 'Deny', to: many(() => ({ podSelector: {} })) }] }],
    ['a hundred thousand unknown fields', Object.fromEntries(many((i) => [`x${i}`, i]))],
    [
      'a hundred thousand networks',
      { egress: [{ action: 'Deny', to: [{ networks: many((i) => `10.0.0.${i}/8`) }] }] },
    ],
    [
      'a long name',
      { egress: [{ action: 'Deny', name: 'x'.repeat(1e7), to: [{ domainNames: ['a'.repeat(1e6)] }] }] },
    ],
    [
      'labels that are none',
      {
        ingress: [
          {
            action: 'Deny',
            from: [{ namespaces: { matchLabels: Object.fromEntries(many((i) => [`a b${i}`, '!'])) } }],
          },
        ],
      },
    ],
  ])('%s', (_name, more) => {
    for (const uid of ['', 'u']) {
      const { diagnostics } = readObjects([
        {
          apiVersion: 'policy.networking.k8s.io/v1alpha2',
          kind: 'ClusterNetworkPolicy',
          metadata: { name: 'x', uid },
          spec: { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ...more },
        },
      ]);
      expect(diagnostics.length).toBeGreaterThan(0);
      expect(diagnostics.length).toBeLessThan(200);
    }
  });

  test('many subjects that select nobody are bounded work', () => {
    const pods = many(
      (i) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `p${i}`, labels: { n: `${i}` } } }),
      3000,
    );
    const policies = many(
      (i) => ({
        apiVersion: 'policy.networking.k8s.io/v1alpha2',
        kind: 'ClusterNetworkPolicy',
        metadata: { name: `c${i}` },
        spec: {
          tier: 'Admin',
          priority: 1,
          subject: { pods: { podSelector: { matchLabels: { [`k${i}`]: 'v' } } } },
        },
      }),
      20_000,
    );
    const { diagnostics, cluster } = readObjects([...pods, ...policies]);
    expect(cluster.tierPolicies).toHaveLength(20_000);
    const idle = diagnostics.filter(({ code }) => code === 'subject-selects-nobody').length;
    expect(idle).toBeGreaterThan(100);
    expect(idle).toBeLessThan(20_000);
  });
});
