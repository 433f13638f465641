import { describe, expect, test } from 'vitest';
import type { TierPolicy, TierRule } from '../../../src/model/index.ts';
import type { ReadOptions } from '../../../src/manifest/index.ts';
import { formatCidr } from '../../../src/net/index.ts';
import { documents, read } from '../objects/read.ts';

/** The only policy of the tiers in a text. */
function policyOf(text: string, options: ReadOptions = {}): TierPolicy {
  const { cluster, diagnostics } = read(text, options);
  const [policy, ...others] = cluster.tierPolicies;
  if (policy === undefined || others.length > 0) throw new Error(JSON.stringify(diagnostics));
  return policy;
}

interface Spec {
  readonly spec?: string;
  /** Entries of `egress[0].to`, of `egress[0].protocols` or `ports`. */
  readonly to?: string;
  readonly ports?: string;
  readonly action?: string;
  readonly metadata?: string;
}

const anyone = 'namespaces: {}';

function cnp({ spec = '', to = anyone, ports, action = 'Deny', metadata = 'name: x' }: Spec = {}): string {
  return `{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {${metadata}}, spec: {tier: Admin, priority: 7, subject: {namespaces: {}}, egress: [{action: ${action}, to: [{${to}}]${ports === undefined ? '' : `, protocols: [${ports}]`}}]${spec}}}`;
}

function anp({ to = anyone, ports, action = 'Deny', metadata = 'name: x' }: Spec = {}): string {
  return `{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {${metadata}}, spec: {priority: 7, subject: {namespaces: {}}, egress: [{action: ${action}, to: [{${to}}]${ports === undefined ? '' : `, ports: [${ports}]`}}]}}`;
}

function ruleOf(text: string, options: ReadOptions = {}): TierRule {
  const [rule] = policyOf(text, options).egress;
  if (rule === undefined) throw new Error('no rule');
  return rule;
}

test('a ClusterNetworkPolicy with all that it can have', () => {
  const policy = policyOf(`
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata:
  name: everything
spec:
  tier: Baseline
  priority: 1000
  subject:
    pods:
      namespaceSelector: {matchLabels: {team: blue}}
      podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}
  ingress:
    - name: from blue
      action: Accept
      from:
        - namespaces: {matchLabels: {team: blue}}
        - pods: {podSelector: {}}
      protocols:
        - tcp: {destinationPort: {number: 80}}
        - udp: {destinationPort: {range: {start: 1, end: 65535}}}
        - destinationNamedPort: http
        - sctp: {destinationPort: {number: 7}}
  egress:
    - action: Pass
      to:
        - networks: [10.0.0.1/8, '2001:DB8::/32']
        - nodes: {matchLabels: {zone: a}}
        - domainNames: ['*.example.com']
    - action: Deny
      to: [{namespaces: {}}]
`);
  const team = { key: 'team', operator: 'In', values: ['blue'], written: 'matchLabels' };
  const blue = { requirements: [team] };
  const { ref, kind, name, tier, priority, subject, ingress, egress } = policy;
  expect({ ref, kind, name, tier, priority }).toEqual({
    ref: {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      name: 'everything',
    },
    kind: 'ClusterNetworkPolicy',
    name: 'everything',
    tier: 'baseline',
    priority: 1000,
  });
  expect(subject).toEqual({
    kind: 'pods',
    namespaces: blue,
    pods: { requirements: [{ key: 'app', operator: 'NotIn', values: ['db'], written: 0 }] },
  });
  expect(ingress).toEqual([
    {
      name: 'from blue',
      action: 'accept',
      peers: [
        { kind: 'pods', namespaces: blue, pods: undefined },
        { kind: 'pods', namespaces: { requirements: [] }, pods: { requirements: [] } },
      ],
      ports: {
        kind: 'oneOf',
        ports: [
          { kind: 'range', protocol: 'TCP', from: 80, to: 80 },
          { kind: 'range', protocol: 'UDP', from: 1, to: 65535 },
          { kind: 'named', name: 'http' },
          { kind: 'range', protocol: 'SCTP', from: 7, to: 7 },
        ],
      },
    },
  ]);
  expect(egress.map(({ action }) => action)).toEqual(['pass', 'deny']);
  const [networks, nodes, domainNames] = egress[0]!.peers;
  // Bits behind the length are masked (corner 63).
  expect(networks?.kind === 'networks' && networks.cidrs.map(formatCidr)).toEqual([
    '10.0.0.0/8',
    '2001:db8::/32',
  ]);
  expect(nodes).toEqual({
    kind: 'nodes',
    nodes: { requirements: [{ key: 'zone', operator: 'In', values: ['a'], written: 'matchLabels' }] },
  });
  expect(domainNames).toEqual({ kind: 'domainNames', names: ['*.example.com'] });
  expect(policy.origin.locate(['spec', 'egress', 0, 'to', 1]).line).toBe(28);
});

test('an AdminNetworkPolicy and a BaselineAdminNetworkPolicy', () => {
  const { tierPolicies } = read(`
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: admin}
spec:
  priority: 0
  subject: {namespaces: {}}
  ingress:
    - action: Allow
      from: [{pods: {namespaceSelector: {}, podSelector: {}}}]
      ports:
        - portNumber: {port: 80}
        - portRange: {protocol: UDP, start: 5, end: 5}
        - portRange: {start: 9, end: 8}
        - portNumber: {protocol: ICMP, port: 1}
        - namedPort: http
        - namedPort: ''
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  egress:
    - action: Allow
      to: [{networks: [10.0.0.0/8]}]
`).cluster;
  expect(tierPolicies.map(({ kind, tier, priority }) => [kind, tier, priority])).toEqual([
    ['AdminNetworkPolicy', 'admin', 0],
    ['BaselineAdminNetworkPolicy', 'baseline', undefined],
  ]);
  expect(tierPolicies[0]?.ingress[0]).toMatchObject({
    action: 'accept',
    ports: {
      kind: 'oneOf',
      ports: [
        // Without protocol it is TCP (corner 57).
        { kind: 'range', protocol: 'TCP', from: 80, to: 80 },
        { kind: 'range', protocol: 'UDP', from: 5, to: 5 },
        { kind: 'range', protocol: 'TCP', from: 9, to: 8 },
        { kind: 'nothing', reason: 'there is no protocol "ICMP"' },
        { kind: 'named', name: 'http' },
        { kind: 'nothing', reason: 'the name of the port is empty' },
      ],
    },
  });
  expect(tierPolicies[1]?.egress).toMatchObject([
    { action: 'accept', peers: [{ kind: 'networks' }], ports: { kind: 'all' } },
  ]);
});

test('policies keep the order of the input, and the last of equal names counts', () => {
  const { cluster, diagnostics } = read(
    documents(cnp(), anp({ action: 'Allow' }), cnp({ action: 'Accept' }), anp({ metadata: 'name: other' })),
  );
  expect(cluster.tierPolicies.map(({ kind, name, egress }) => [kind, name, egress[0]?.action])).toEqual([
    ['ClusterNetworkPolicy', 'x', 'accept'],
    ['AdminNetworkPolicy', 'x', 'accept'],
    ['AdminNetworkPolicy', 'other', 'deny'],
  ]);
  expect(diagnostics.map(({ code }) => code)).toEqual(['object-twice']);
});

describe('an optional field that is null is absent', () => {
  test('in pods, where the namespaceSelector is optional', () => {
    expect(ruleOf(cnp({ to: 'pods: {podSelector: {}, namespaceSelector: null}' })).peers).toEqual([
      { kind: 'pods', namespaces: { requirements: [] }, pods: { requirements: [] } },
    ]);
  });

  test('in matchLabels, whose label then is not asked for', () => {
    expect(ruleOf(cnp({ to: 'namespaces: {matchLabels: {team: null, stage: prod}}' })).peers).toMatchObject([
      { namespaces: { requirements: [{ key: 'stage', values: ['prod'] }] } },
    ]);
  });

  test('in a rule', () => {
    expect(ruleOf(cnp({ ports: '' }).replace('protocols: []', 'protocols: null')).ports).toEqual({
      kind: 'all',
    });
  });
});

describe('selectors that the API stores and no label can satisfy make their peer unusable (corner 20)', () => {
  test.each([
    'matchExpressions: [{key: a, operator: Gt, values: ["1"]}]',
    'matchExpressions: [{key: a, operator: In}]',
    'matchExpressions: [{key: a, operator: Exists, values: [b]}]',
    'matchLabels: {"a b": "!!"}',
  ])('%s', (selector) => {
    expect(ruleOf(cnp({ to: `namespaces: {${selector}}` })).peers).toEqual([
      { kind: 'unusable', reason: 'namespaces cannot be read' },
    ]);
    expect(ruleOf(cnp({ to: `nodes: {${selector}}` })).peers).toEqual([
      { kind: 'unusable', reason: 'nodes cannot be read' },
    ]);
    expect(ruleOf(cnp({ to: `pods: {podSelector: {${selector}}}` })).peers).toEqual([
      { kind: 'unusable', reason: 'podSelector cannot be read' },
    ]);
    const subject = cnp().replace('subject: {namespaces: {}}', `subject: {namespaces: {${selector}}}`);
    expect(policyOf(subject).subject).toEqual({ kind: 'unusable', reason: 'namespaces cannot be read' });
  });
});
