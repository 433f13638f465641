import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { count, explain, map, parsePorts, resolveEnd } from '../../src/reach/index.ts';
import type { End, Explanation, PortQuery } from '../../src/reach/index.ts';
import { renderExplanation, renderVerdict } from '../../src/render/index.ts';
import { schemaOf } from '../render/schemas.ts';

const pods = `
apiVersion: v1
kind: Namespace
metadata: {name: dev, labels: {env: dev}}
---
apiVersion: v1
kind: Namespace
metadata: {name: prod, labels: {env: prod}}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 172.18.0.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: dev, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, image: x}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: prod, labels: {app: db}}
spec: {containers: [{name: c, image: x}]}
status: {podIP: 10.0.0.2}
`;

function tier(name: string, spec: string): string {
  return `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${name}}
spec: {${spec}}
`;
}

const isolated = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: prod}
spec: {podSelector: {}}
`;
const all = 'subject: {namespaces: {}}';
const fromDev = 'from: [{namespaces: {matchLabels: {env: dev}}}]';
const on5432 = 'protocols: [{tcp: {destinationPort: {number: 5432}}}]';

function read(text: string): ReturnType<typeof compile> {
  const { cluster, diagnostics } = readManifests([{ file: 'a.yaml', text: pods + text }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return compile(cluster);
}

function ask(text: string, from: string, to: string, port: string): Explanation {
  const policy = read(text);
  const end = (operand: string): End => {
    const found = resolveEnd(policy.cluster, operand);
    if (found.kind === 'problem') throw new Error(found.message);
    return found;
  };
  return explain(policy, { from: end(from), to: end(to), ports: parsePorts(port) as readonly PortQuery[] });
}

const options = { width: 100, color: false, headers: true, ascii: false } as const;

describe('what tiers decide is told', () => {
  const disagreeing =
    tier('closes', `tier: Admin, priority: 10, ${all}, ingress: [{action: Deny, ${fromDev}, ${on5432}}]`) +
    tier('opens', `tier: Admin, priority: 10, ${all}, ingress: [{action: Accept, ${fromDev}}]`);

  test('policies of equal priority that disagree make it ambiguous, and both are named (corner 60)', () => {
    const answer = ask(disagreeing, 'dev/web', 'prod/db', '5432');
    expect(answer.verdict).toBe('ambiguous');
    expect(answer.sentence).toBe(
      'whether dev/web can reach prod/db on TCP 5432 depends on the implementation: ClusterNetworkPolicy closes (denies, rule 1) and ClusterNetworkPolicy opens (accepts, rule 1) have equal priority 10',
    );
    expect(answer.ingress.state).toBe('ambiguous');
    expect(answer.ingress.tiers.map(({ ambiguous }) => ambiguous)).toEqual([true, true]);
    const other = ask(disagreeing, 'dev/web', 'prod/db', '80');
    expect([other.verdict, other.ingress.tiers.map(({ effect }) => effect)]).toEqual([
      'allowed',
      ['none', 'accepts'],
    ]);
    const policy = read(disagreeing);
    const { document } = map(policy, { level: { kind: 'pod' } });
    const between = document.connections.filter(
      ({ from, to }) => from === 'dev/Pod/web' && to === 'prod/Pod/db',
    );
    expect(between.map(({ ambiguous, allowed }) => [ambiguous, allowed])).toEqual([
      [
        undefined,
        {
          SCTP: [[1, 65535]],
          TCP: [
            [1, 5431],
            [5433, 65535],
          ],
          UDP: [[1, 65535]],
          other: true,
        },
      ],
      [true, { TCP: [[5432, 5432]] }],
    ]);
    expect(count(policy).ambiguous).toBe(1);
  });

  test('nobody is ambiguous where both lead to the same (corner 60)', () => {
    const passing =
      tier('closes', `tier: Admin, priority: 10, ${all}, ingress: [{action: Deny, ${fromDev}, ${on5432}}]`) +
      tier('passes', `tier: Admin, priority: 10, ${all}, ingress: [{action: Pass, ${fromDev}}]`) +
      isolated;
    expect(ask(passing, 'dev/web', 'prod/db', '5432').verdict).toBe('denied');
  });

  describe('only those are named of which it depends who decides (corner 60)', () => {
    const named = (text: string): readonly string[] => {
      const { egress, ingress } = ask(text, 'dev/web', 'prod/db', '5432');
      return [...egress.tiers, ...ingress.tiers].flatMap(({ ambiguous, policy }) =>
        ambiguous === true ? [policy.name] : [],
      );
    };
    const rule = (action: string): string => `ingress: [{action: ${action}, ${fromDev}, ${on5432}}]`;
    const equal = (tierName: string, ...actions: readonly string[]): string =>
      actions
        .map((action, i) =>
          tier(`${tierName.toLowerCase()}-${i}`, `tier: ${tierName}, priority: 7, ${all}, ${rule(action)}`),
        )
        .join('');
    const last = (action: string): string => `---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec: {subject: {namespaces: {}}, ingress: [{action: ${action}, from: [{namespaces: {matchLabels: {env: dev}}}]}]}
`;

    test.each<readonly [string, string, readonly string[]]>([
      [
        'all three that lead to something else',
        equal('Admin', 'Accept', 'Deny', 'Pass'),
        ['admin-0', 'admin-1', 'admin-2'],
      ],
      ['none that pass what is allowed anyway', equal('Admin', 'Accept', 'Pass'), []],
      [
        'those that pass what is denied then',
        equal('Admin', 'Accept', 'Pass') + isolated,
        ['admin-0', 'admin-1'],
      ],
      ['in Baseline none of Pass and Accept', equal('Baseline', 'Accept', 'Pass'), []],
      [
        'none behind one that decides before',
        tier('first', `tier: Admin, priority: 1, ${all}, ${rule('Accept')}`) +
          equal('Admin', 'Accept', 'Deny'),
        [],
      ],
      [
        'without priority, and not one that never decides',
        equal('Baseline', 'Deny') +
          tier('later', `tier: Baseline, priority: 8, ${all}, ${rule('Accept')}`) +
          last('Allow'),
        ['baseline-0', 'default'],
      ],
      [
        'nobody without priority that agrees with the one that decides before others',
        equal('Baseline', 'Deny') +
          tier('later', `tier: Baseline, priority: 8, ${all}, ${rule('Accept')}`) +
          last('Deny'),
        [],
      ],
    ])('%s', (_, text, expected) => {
      expect(named(text).toSorted()).toEqual(expected);
    });
  });

  test('a denial by the Admin tier is no matter of NetworkPolicies, and no change of these is offered', () => {
    const text =
      tier('closes', `tier: Admin, priority: 1, ${all}, ingress: [{action: Deny, ${fromDev}}]`) + isolated;
    const { verdict, sentence, nearest, notes, ingress } = ask(text, 'dev/web', 'prod/db', '80');
    expect([verdict, nearest]).toEqual(['denied', []]);
    expect(sentence).toBe(
      'dev/web cannot reach prod/db on TCP 80: ClusterNetworkPolicy closes denies ingress of prod/db, rule 1',
    );
    expect(notes).toContain(
      'ClusterNetworkPolicy closes comes before NetworkPolicies: no change of these alone opens it',
    );
    expect(ingress.networkPoliciesAsked).toBe(false);
  });

  test('Baseline is asked where no NetworkPolicy isolates, and not where one does (corners 55 and 60)', () => {
    const baseline = tier(
      'default',
      `tier: Baseline, priority: 1, ${all}, ingress: [{action: Deny, ${fromDev}}]`,
    );
    const open = ask(baseline, 'dev/web', 'prod/db', '80');
    expect([open.verdict, open.ingress.tiers.map(({ effect }) => effect)]).toEqual(['denied', ['denies']]);
    expect(open.notes.join()).toContain('one that admits it would open it');
    const closed = ask(baseline + isolated, 'dev/web', 'prod/db', '80');
    expect([closed.verdict, closed.ingress.tiers]).toEqual(['denied', []]);
    expect(closed.nearest.length).toBeGreaterThan(0);
  });

  test('to its own node tiers decide about a pod, from there they do not (corner 42)', () => {
    const nodes = tier(
      'nodes',
      `tier: Admin, priority: 1, ${all}, egress: [{action: Deny, to: [{nodes: {}}]}]`,
    );
    expect(ask(nodes, 'dev/web', 'node/n1', '80').verdict).toBe('denied');
    expect(ask(nodes, 'node/n1', 'dev/web', '80').verdict).toBe('allowed');
  });

  test('what a domain name stands for is not in files (corner 63)', () => {
    const domains = (action: string): string =>
      tier(
        'names',
        `tier: Admin, priority: 1, ${all}, egress: [{action: ${action}, to: [{domainNames: [example.com]}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]`,
      );
    const { verdict, sentence, egress } = ask(domains('Accept'), 'dev/web', '203.0.113.9', '443');
    // The rule behind it says otherwise, and is of the same policy: nothing disagrees.
    expect(egress.tiers.map(({ effect, ambiguous, summary }) => [effect, ambiguous, summary])).toEqual([
      ['unknown', undefined, 'cannot tell: it names domains, whose addresses only a cluster knows'],
    ]);
    expect([verdict, sentence]).toEqual([
      'unknown',
      'whether dev/web can reach 203.0.113.9 on TCP 443 depends on the addresses that a domain name stands for',
    ]);
    const denied = tier(
      'names',
      `tier: Admin, priority: 1, ${all}, egress: [{action: Deny, to: [{domainNames: [example.com]}]}]`,
    );
    expect(ask(denied, 'dev/web', '203.0.113.9', '443').verdict).toBe('unknown');
    expect(ask(domains('Accept'), 'dev/web', 'prod/db', '443').verdict).toBe('denied');
    // Where it is closed whatever the name stands for, nothing is unknown.
    const either = ask(domains('Deny'), 'dev/web', '203.0.113.9', '443');
    expect([either.verdict, either.egress.state]).toEqual(['denied', 'closed']);
  });

  test('a label that only the cluster sets makes the answer incomplete (corner 23)', () => {
    const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: prod}
spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: x}]}}}
`;
    const subject = 'subject: {pods: {podSelector: {matchLabels: {pod-template-hash: abc}}}}';
    const text =
      deployment +
      tier('hash', `tier: Admin, priority: 1, ${subject}, ingress: [{action: Accept, ${fromDev}}]`);
    const named = read(text)
      .undecided()
      .map(({ policy, pods: some }) => [policy.name, some.length]);
    expect(named).toEqual([['hash', 1]]);
    const closed =
      text + tier('closed', `tier: Baseline, priority: 1, ${all}, ingress: [{action: Deny, ${fromDev}}]`);
    expect(ask(closed, 'dev/web', 'prod/api', '80').verdict).toBe('unknown');
  });

  test.each(['5432', '80'])('documents are as the schema says, asked about %s', (port) => {
    const answer = ask(disagreeing + isolated, 'dev/web', 'prod/db', port);
    expect(schemaOf('explanation')(JSON.parse(renderExplanation(answer, 'json', options)))).toEqual([]);
    expect(schemaOf('verdict')(JSON.parse(renderVerdict(answer, 'json', options)))).toEqual([]);
    const text = renderExplanation(answer, 'text', options);
    for (const name of ['closes', 'opens', 'NetworkPolicy', 'Admin 10']) expect(text).toContain(name);
  });
});
