import { describe, expect, test } from 'vitest';
import { readObjects } from '../../../src/manifest/index.ts';
import { openCluster, UnknownPodError } from '../../../src/policy/index.ts';
import type { Change, Difference, LiveCluster } from '../../../src/policy/index.ts';

// Small clusters whose answers a reader can check. That they are right for all clusters is what test/property/live.test.ts is for.

const pod = (name: string, labels: Record<string, string>, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels },
  spec: {
    nodeName: 'n1',
    containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }],
  },
  status: { phase: 'Running', podIPs: [{ ip: `10.0.0.${name.length}` }] },
  ...more,
});
const policy = (name: string, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec,
});
const namespace = (name: string, labels: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

/** The change that brings one object. */
function arrival(object: object): Change {
  const { cluster, diagnostics } = readObjects([object]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const [policyOf] = cluster.policies;
  if (policyOf !== undefined) return { kind: 'policy', policy: policyOf };
  const [podOf] = [...cluster.pods, ...cluster.finishedPods];
  if (podOf !== undefined) return { kind: 'pod', pod: podOf };
  const [node] = cluster.nodes.values();
  if (node !== undefined) return { kind: 'node', node };
  const [space] = cluster.namespaces.values();
  if (space === undefined) throw new Error('nothing was read');
  return { kind: 'namespace', namespace: space };
}

function open(...objects: readonly object[]): LiveCluster {
  return openCluster(readObjects(objects).cluster);
}

/** What a difference says, in words. */
function words({ pods, outside }: Difference): readonly string[] {
  const names = (some: readonly { readonly name: string }[]): string =>
    some
      .map(({ name }) => name)
      .sort()
      .join('+');
  return [
    ...pods.map(
      ({ from, to, opened, closed, family }) =>
        `${names(from)} to ${names(to)}: +[${opened.key}] -[${closed.key}]${family === undefined ? '' : ` ${family}`}`,
    ),
    ...outside.map(
      ({ direction, pods: some, ranges, opened, closed }) =>
        `${names(some)} ${direction}, ${ranges.length} ranges: +[${opened.key}] -[${closed.key}]`,
    ),
  ].sort();
}

const all = '1-65535;1-65535;1-65535+';
const shop = [pod('web', { app: 'web' }), pod('db', { app: 'db' }), pod('job', { app: 'job' })];
const onlyWeb = policy('db', {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }] }],
});

test('a policy closes what it isolates and leaves what it admits', () => {
  const live = open(...shop);
  const { difference, touched } = live.apply(arrival(onlyWeb), { difference: true });
  expect(touched).toBeLessThanOrEqual(8);
  expect(words(difference!)).toEqual([
    `db ingress, 1 ranges: +[;;] -[${all}]`,
    `job to db: +[;;] -[${all}]`,
    `web to db: +[;;] -[1-65535;1-5431,5433-65535;1-65535+]`,
  ]);
});

describe('what is the same is told once', () => {
  const admits = (app: string, cidr: string): object =>
    policy(app, {
      podSelector: { matchLabels: { app } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ ipBlock: { cidr } }] }],
      egress: [{ to: [{ ipBlock: { cidr } }] }],
    });
  const everywhere = (peers: object): object =>
    policy('all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ...peers });
  const blocks = (...cidrs: readonly string[]): object[] => cidrs.map((cidr) => ({ ipBlock: { cidr } }));

  test('pods of many policies to the same addresses, and neighbouring addresses', () => {
    // Each app has policies of its own; what is opened to all of them is one line for each direction.
    const live = open(
      ...shop,
      admits('web', '1.0.0.0/8'),
      admits('db', '2.0.0.0/8'),
      admits('job', '3.0.0.0/8'),
    );
    const peers = blocks('203.0.113.0/25', '203.0.113.128/25', '2001:db8::/32');
    const { difference } = live.apply(
      arrival(everywhere({ ingress: [{ from: peers }], egress: [{ to: peers }] })),
      {
        difference: true,
      },
    );
    expect(words(difference!)).toEqual([
      `db+job+web egress, 1 ranges: +[${all}] -[;;]`,
      `db+job+web ingress, 1 ranges: +[${all}] -[;;]`,
    ]);
  });

  test('pods that are closed to everybody, whatever closed them to others before', () => {
    const live = open(...shop, onlyWeb);
    const { difference } = live.apply(arrival(everywhere({ ingress: [], egress: [] })), { difference: true });
    expect(words(difference!)).toEqual([
      `db+job+web egress, 1 ranges: +[;;] -[${all}]`,
      `db+job+web to job+web: +[;;] -[${all}]`,
      `job+web ingress, 1 ranges: +[;;] -[${all}]`,
      'web to db: +[;;] -[;5432-5432;]',
    ]);
  });
});

describe('objects in any order', () => {
  test('a pod and a policy before their namespace, which is known by its name alone', () => {
    const live = open();
    live.apply(arrival(pod('db', { app: 'db' })));
    live.apply(
      arrival(
        policy('p', {
          podSelector: {},
          ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }],
        }),
      ),
    );
    live.apply(arrival(pod('web', { app: 'web' })));
    expect(live.count()).toMatchObject({ pods: 2, pairs: 2, allowed: 0 });
    const { difference } = live.apply(arrival(namespace('shop', { team: 'a' })), { difference: true });
    expect(live.count()).toMatchObject({ allowed: 2 });
    expect(words(difference!)).toEqual([`db+web to db+web: +[${all}] -[;;]`]);
    live.apply({ kind: 'namespaceDeleted', name: 'shop' });
    expect(live.count()).toMatchObject({ allowed: 0 });
  });

  test('what is not there is deleted without a word', () => {
    const live = open(...shop);
    const before = live.stats;
    live.apply({ kind: 'podDeleted', id: 'shop/Pod/nobody' });
    live.apply({ kind: 'policyDeleted', namespace: 'shop', name: 'nothing' });
    live.apply({ kind: 'namespaceDeleted', name: 'nowhere' });
    live.apply({ kind: 'nodeDeleted', name: 'n9' });
    expect(live.stats).toEqual(before);
  });
});

test('a policy with two labels that nobody asked for before parts those with both from those with one', () => {
  const both = { app: 'x', tier: 'y' };
  const live = open(pod('both', both), pod('one', { app: 'x' }), pod('none', {}));
  live.apply(arrival(policy('p', { podSelector: { matchLabels: both } })));
  expect(live.count()).toMatchObject({ pairs: 6, allowed: 4 });
  // On another node, with other ports: a class of its own, with the same labels as far as the policy goes.
  live.apply(arrival(pod('another', { app: 'x' }, { spec: { containers: [{ name: 'c', image: 'x' }] } })));
  expect(live.count()).toMatchObject({ pairs: 12, allowed: 9 });
});

test('a pod that finishes is gone, and back when it runs again', () => {
  const live = open(...shop);
  const finished = arrival(pod('job', { app: 'job' }, { status: { phase: 'Succeeded' } }));
  const { difference } = live.apply(finished, { difference: true });
  expect(live.count()).toMatchObject({ pods: 2, pairs: 2 });
  expect(words(difference!)).toContain(`job to db+web: +[;;] -[${all}]`);
  live.apply(arrival(pod('job', { app: 'job' })));
  expect(live.count()).toMatchObject({ pods: 3, pairs: 6 });
});

test('the node of a pod is exempt: a host-network pod beside it keeps its access (corner 42)', () => {
  const agent = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'agent', namespace: 'shop' },
    spec: { nodeName: 'n1', hostNetwork: true, containers: [{ name: 'c', image: 'x' }] },
    status: { phase: 'Running', podIPs: [{ ip: '172.16.0.1' }] },
  };
  const elsewhere = {
    ...agent,
    metadata: { name: 'other', namespace: 'shop' },
    spec: { ...agent.spec, nodeName: 'n2' },
    status: { phase: 'Running', podIPs: [{ ip: '172.16.0.2' }] },
  };
  const live = open(pod('db', { app: 'db' }), agent, elsewhere);
  const { difference } = live.apply(arrival(policy('p', { podSelector: {} })), { difference: true });
  expect(words(difference!)).toEqual([
    `db ingress, 1 ranges: +[;;] -[${all}]`,
    `other to db: +[;;] -[${all}]`,
  ]);
});

describe('decide', () => {
  const live = open(...shop, onlyWeb);
  const end = (name: string) => ({ kind: 'pod', id: `shop/Pod/${name}` }) as const;

  test('names the policy that admits, and none where nobody does', () => {
    const yes = live.decide(end('web'), end('db'), 'TCP', 5432);
    expect(yes).toMatchObject({
      allowed: true,
      egress: { kind: 'open' },
      ingress: { kind: 'admitted', rule: 0 },
    });
    expect(yes.ingress.policy?.name).toBe('db');
    const refused = live.decide(end('job'), end('db'), 'TCP', 5432);
    expect(refused).toMatchObject({ allowed: false, ingress: { kind: 'closed', policy: undefined } });
  });

  test('knows nodes and addresses', () => {
    expect(live.decide({ kind: 'node', name: 'n1' }, end('db'), 'TCP', 1).exempt).toBe('node');
    expect(live.decide({ kind: 'node', name: 'n2' }, end('db'), 'TCP', 1).allowed).toBe(false);
    const address = { family: 'IPv4', value: 1n } as const;
    expect(live.decide({ kind: 'address', address }, end('db'), 'TCP', 1).allowed).toBe(false);
    expect(live.decide(end('db'), { kind: 'address', address }, 'TCP', 1).allowed).toBe(true);
  });

  test('says of no unknown pod that it may', () => {
    expect(() => live.decide(end('nobody'), end('db'), 'TCP', 1)).toThrow(UnknownPodError);
  });
});
