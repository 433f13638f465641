import { describe, expect, test } from 'vitest';

import { formatAddress, parseAddress } from '../../src/net/index.ts';
import { countProbes, LabPlanError, planChanges, planLab, probesOf } from '../../src/topology/index.ts';
import type { LabPlan } from '../../src/topology/index.ts';
import { golden } from './golden.ts';
import { clusterIn, clusterOf, planText } from './plans.ts';

const plans: readonly (readonly [name: string, ...folders: readonly string[]])[] = [
  ['bank', 'examples/bank'],
  ['shop', 'examples/shop'],
  ['three-tier', 'examples/three-tier'],
  ...[
    'allow-egress-access-to-server-in-cidr-block',
    'allow-ingress-access-on-one-named-port',
    'deny-ingress-access-to-updated-pod',
  ].map((name) => {
    const folder = `test/conformance/networkpolicy-e2e/${name}`;
    return [name, folder, `${folder}/1`] as const;
  }),
];

describe('plans', () => {
  test.each(plans)('%s', (name, ...folders) => {
    const plan = planLab(clusterIn(...folders));
    const text = planText(plan);
    expect(text).toBe(golden(`${name}.txt`, text));
    expect(planText(planLab(clusterIn(...folders)))).toBe(text);
    expect([...probesOf(plan)].length).toBe(countProbes(plan));
  });
});

const pod = (
  name: string,
  more: { labels?: string; ports?: string; spec?: string; ip?: string } = {},
): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: x, labels: { ${more.labels ?? `app: ${name}`} } }
spec: { ${more.spec === undefined ? '' : `${more.spec}, `}containers: [ { name: c, image: c, ports: [ ${more.ports ?? ''} ] } ] }
${
  more.ip === undefined
    ? ''
    : `status: { podIPs: [ ${more.ip
        .split(' ')
        .map((ip) => `{ ip: "${ip}" }`)
        .join(', ')} ] }`
}
`;

const policy = (spec: string): string => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: x }
spec: ${spec}
`;

const addressesOf = (plan: LabPlan, id: string): readonly string[] =>
  plan.ends.find((end) => end.id === id)!.addresses.map(formatAddress);

const outsideOf = (plan: LabPlan): readonly string[] =>
  plan.ends.flatMap((end) => (end.kind === 'outside' ? [end.id] : []));

const portsOf = (plan: LabPlan, id: string, protocol: string): readonly number[] =>
  plan.ends
    .find((end) => end.id === id)!
    .listeners.filter((listener) => listener.protocol === protocol)
    .map(({ port }) => port);

describe('what is refused', () => {
  test.each(['', 'A', 'a.b', 'a/b', '-a', 'a-', 'a'.repeat(21), '../x', 'a b'])('%j as a name', (name) => {
    expect(() => planLab(clusterOf(pod('a')), { name })).toThrow(LabPlanError);
  });

  test('an input without pods, and one with too many', () => {
    expect(() => planLab(clusterOf(policy('{ podSelector: {} }')))).toThrow('no pod');
    const many = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: x }
spec: { replicas: 2000000000, selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [ { name: c, image: c } ] } } }
`;
    expect(() => planLab(clusterOf(many))).toThrow('a lab at most 2000');
    const nodes = Array.from(
      { length: 201 },
      (_, i) => `---\napiVersion: v1\nkind: Node\nmetadata: { name: n${i} }\n`,
    );
    expect(() => planLab(clusterOf(pod('a'), ...nodes))).toThrow('201 nodes');
  });
});

describe('pods', () => {
  test('keep their addresses and nodes', () => {
    const plan = planLab(clusterOf(pod('a', { ip: '10.1.0.7 fd00::7', spec: 'nodeName: n9' })));
    expect(addressesOf(plan, 'x/a')).toEqual(['10.1.0.7', 'fd00::7']);
    expect([...plan.nodes.keys()]).toEqual(['n9']);
    expect(plan.notes.map(({ kind }) => kind)).toEqual(['node-addresses']);
  });

  test('without address get one of each family that the cluster uses', () => {
    expect(addressesOf(planLab(clusterOf(pod('a'), pod('b', { ip: '10.1.0.7 fd00::7' }))), 'x/a')).toEqual([
      '10.244.0.1',
      'fd00:10:244::1',
    ]);
    expect(addressesOf(planLab(clusterOf(pod('a'), pod('b', { ip: 'fd00::7' }))), 'x/a')).toEqual([
      'fd00:10:244::1',
    ]);
    expect(addressesOf(planLab(clusterOf(pod('a'))), 'x/a')).toEqual(['10.244.0.1']);
    const v6 = policy('{ podSelector: {}, ingress: [ { from: [ { ipBlock: { cidr: "fd00::/8" } } ] } ] }');
    expect(addressesOf(planLab(clusterOf(pod('a'), v6)), 'x/a')).toEqual(['2001:db8:244::1']);
  });

  test('get addresses that as few blocks of policies mean as can be', () => {
    const to = (block: string): string =>
      policy(`{ podSelector: {}, egress: [ { to: [ { ipBlock: ${block} } ] } ] }`);
    const given = (block: string): string => addressesOf(planLab(clusterOf(pod('a'), to(block))), 'x/a')[0]!;
    expect(given('{ cidr: 10.0.0.0/8 }')).toBe('172.30.0.1');
    expect(given('{ cidr: 0.0.0.0/0 }')).toBe('10.244.0.1');
    // "The internet" does not mean pods: they stay private.
    expect(given('{ cidr: 0.0.0.0/0, except: [ 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 ] }')).toBe(
      '10.244.0.1',
    );
    expect(given('{ cidr: 0.0.0.0/0, except: [ 192.168.0.0/16 ] }')).toBe('192.168.128.1');
  });

  test('get another address where theirs is taken, or none that an interface can have', () => {
    const plan = planLab(
      clusterOf(
        pod('b', { ip: '10.1.0.7' }),
        pod('a', { ip: '10.1.0.7' }),
        pod('c', { ip: '224.0.0.1 fd00::1' }),
        pod('d', { ip: '169.254.1.1' }),
      ),
    );
    // As in the rules for nodes, the smallest id has it.
    expect(addressesOf(plan, 'x/a')).toEqual(['10.1.0.7']);
    expect(addressesOf(plan, 'x/b')).toEqual(['10.244.0.1']);
    expect(addressesOf(plan, 'x/c')).toEqual(['10.244.0.2', 'fd00::1']);
    expect(addressesOf(plan, 'x/d')).toEqual(['10.244.0.3']);
    const [note] = plan.notes.filter(({ kind }) => kind === 'pod-addresses-changed');
    expect(note?.details).toEqual([
      'x/b 10.244.0.1 instead of 10.1.0.7',
      'x/c 10.244.0.2 instead of 224.0.0.1',
      'x/d 10.244.0.3 instead of 169.254.1.1',
    ]);
  });

  test('of the host network are their node', () => {
    const plan = planLab(
      clusterOf(
        pod('proxy', {
          ip: '10.9.0.1',
          spec: 'hostNetwork: true, nodeName: n1',
          ports: '{ containerPort: 10256 }',
        }),
        pod('a', { ip: '10.1.0.1', spec: 'nodeName: n1' }),
        pod('other', { ip: '10.1.0.2', spec: 'nodeName: n0' }),
        pod('stray', { ip: '10.9.0.1', spec: 'hostNetwork: true' }),
      ),
    );
    expect(addressesOf(plan, 'node/n1')).toEqual(['10.9.0.1']);
    for (const id of ['x/proxy', 'x/stray']) {
      expect(addressesOf(plan, id)).toEqual(['10.9.0.1']);
      expect(plan.ends.find((end) => end.id === id)!.namespace).toBe('podwall.lab.node.n1');
    }
    expect(portsOf(plan, 'node/n1', 'TCP')).toContain(10256);
    expect(plan.namespaces.map(({ kind }) => kind)).toEqual([
      'fabric',
      'outside',
      'node',
      'node',
      'pod',
      'pod',
    ]);
  });

  test('with names that are too long for a kernel have shorter ones, no two alike', () => {
    const long = 'a'.repeat(230);
    const plan = planLab(
      clusterOf(
        pod(`${long}-x`, { labels: '' }),
        pod(`${long}-y`, { labels: '' }),
        pod('a.b'),
        pod('b').replace('namespace: x', 'namespace: x-a'),
      ),
    );
    const names = plan.namespaces.flatMap(({ name, kind }) => (kind === 'pod' ? [name] : []));
    expect(names.map((name) => name.replaceAll(/a{9,}/g, '...'))).toEqual([
      'podwall.lab.pod.x....~0',
      'podwall.lab.pod.x.a.b',
      'podwall.lab.pod.x....~1',
      'podwall.lab.pod.x-a.b',
    ]);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(200);
  });

  test('of a DaemonSet are on one node each, others on the nodes with the fewest', () => {
    const node = (name: string, labels = ''): string =>
      `---\napiVersion: v1\nkind: Node\nmetadata: { name: ${name}, labels: { ${labels} } }\n`;
    const workload = (kind: string, name: string, spec: string): string => `---
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name}, namespace: x }
spec: { ${spec}selector: { matchLabels: { app: ${name} } }, template: { metadata: { labels: { app: ${name} } }, spec: { containers: [ { name: c, image: c } ] } } }
`;
    const plan = planLab(
      clusterOf(
        node('control', 'node-role.kubernetes.io/control-plane: ""'),
        node('n1'),
        node('n2'),
        pod('a', { spec: 'nodeName: n1' }),
        pod('b', { spec: 'nodeName: n1' }),
        workload('DaemonSet', 'agent', ''),
        workload('Deployment', 'web', 'replicas: 3, '),
      ),
    );
    const on = (name: string): readonly string[] => plan.nodes.get(name)!.pods.map((each) => each.name);
    expect(on('control')).toEqual(['agent-0']);
    expect(on('n1')).toEqual(['agent-2', 'web-2', 'a', 'b']);
    expect(on('n2')).toEqual(['agent-1', 'web-0', 'web-1']);
    expect(plan.cluster.workloads.map(({ id, pods }) => `${id} ${pods.length}`)).toContain(
      'x/Deployment/web 3',
    );
  });
});

describe('changes', () => {
  const cluster = (ip: string, on: string, more = ''): ReturnType<typeof clusterOf> =>
    clusterOf(
      pod('a', { ip, spec: `nodeName: ${on}` }),
      pod('b', { ip: '10.1.0.9', spec: 'nodeName: n2' }),
      more,
    );
  const former = planChanges(undefined, planLab(cluster('10.1.0.1', 'n1'))).state;
  const plan = (...args: Parameters<typeof cluster>): LabPlan =>
    planLab(cluster(...args), { previous: former.plan });

  test.each([
    ['10.1.0.2', 'n1'],
    ['10.1.0.1', 'n2'],
    ['10.1.0.1 fd00::1', 'n1'],
  ])('a pod that has %s on %s now is another one', (ip, on) => {
    const changes = planChanges(former, plan(ip, on));
    expect(changes.removeNamespaces).toContain('podwall.lab.pod.x.a');
    expect(changes.addNamespaces.map(({ name }) => name)).toContain('podwall.lab.pod.x.a');
    expect(changes.removeNamespaces).not.toContain('podwall.lab.pod.x.b');
  });

  test('a policy changes the rules of the nodes of its pods, and nothing else', () => {
    const closed = policy('{ podSelector: { matchLabels: { app: a } }, ingress: [] }');
    const changes = planChanges(former, plan('10.1.0.1', 'n1', closed));
    expect([...changes.transactions.keys()]).toEqual(['n1']);
    expect(changes.removeNamespaces).toEqual([]);
    expect(changes.addNamespaces).toEqual([]);
    expect(changes.addLinks).toEqual([]);
    expect(changes.addRoutes).toEqual([]);
    expect(changes.services.size).toBe(0);
    expect(changes.openListeners).toEqual([]);
    // Narrower: flows that were approved are judged again.
    expect(changes.state.generations.get('n1')?.number).toBe(2);
    expect(changes.state.generations.get('n2')?.number).toBe(1);
  });

  test('tables that somebody has changed are made anew in one text, of a new generation', () => {
    const tables = new Map([['n1', ['ip mine']]]);
    const { transactions, services, repairs, state, ...rest } = planChanges(former, plan('10.1.0.1', 'n1'), {
      namespaces: new Set(),
      tables,
    });
    expect([transactions.size, services.size, [...repairs.keys()]]).toEqual([0, 0, ['n1']]);
    const text = repairs.get('n1')!;
    expect(text).toMatch(
      /^add table ip mine\ndelete table ip mine\nadd table inet podwall\ndelete table inet podwall\n/,
    );
    expect(text.endsWith(former.plan.nodes.get('n1')!.services)).toBe(true);
    expect(state.generations.get('n1')?.number).toBe(2);
    expect(state.generations.get('n2')?.number).toBe(1);
    for (const list of Object.values(rest)) expect(list).toEqual([]);
  });

  test('a namespace that is gone is made again, with the links of who is at the other end', () => {
    const [a, node] = ['podwall.lab.pod.x.a', 'podwall.lab.node.n1'];
    const after = plan('10.1.0.1', 'n1');
    const gone = (name: string): ReturnType<typeof planChanges> =>
      planChanges(former, after, { namespaces: new Set([name]), tables: new Map() });
    const pod = gone(a);
    expect(pod.removeNamespaces).toEqual([a]);
    expect(pod.addNamespaces.map(({ name }) => name)).toEqual([a]);
    expect(pod.removeLinks.map(({ namespace }) => namespace)).toEqual([node]);
    expect(pod.addLinks.map(({ ends }) => ends.map(({ namespace }) => namespace))).toEqual([[a, node]]);
    expect(pod.openListeners.map(({ namespace }) => namespace)).toEqual([a]);
    expect(pod.transactions.size).toBe(0);
    const whole = gone(node);
    expect(whole.addNamespaces.map(({ name }) => name)).toEqual([node]);
    expect(whole.removeLinks.map(({ namespace }) => namespace)).toContain(a);
    // What it had loaded is gone with it.
    expect([...whole.transactions.keys()]).toEqual(['n1']);
    expect(whole.transactions.get('n1')?.batches[0]?.[0]).toEqual({ kind: 'addTable' });
  });
});

describe('ports', () => {
  test('bounds of ranges, with what is beside them, and one outside of all', () => {
    const plan = planLab(
      clusterOf(
        pod('a', {
          ports: '{ name: http, containerPort: 8080 }, { name: dns, containerPort: 53, protocol: UDP }',
        }),
        pod('b', { ports: '{ name: http, containerPort: 80 }' }),
        policy(
          '{ podSelector: {}, ingress: [ { ports: [ { port: 5000, endPort: 5010 }, { port: 443 }, { port: http }, { protocol: SCTP } ] } ] }',
        ),
      ),
    );
    expect(portsOf(plan, 'x/b', 'TCP')).toEqual([80, 443, 4000, 4999, 5000, 5010, 5011, 8080]);
    expect(portsOf(plan, 'x/a', 'UDP')).toEqual([53, 4000]);
    expect(portsOf(plan, 'x/b', 'UDP')).toEqual([4000]);
    expect(portsOf(plan, 'x/b', 'SCTP')).toEqual([4000]);
    expect(portsOf(plan, '203.0.113.10', 'TCP')).toEqual(portsOf(plan, 'x/b', 'TCP'));
  });

  test('target ports of Services', () => {
    const service = `---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: x }
spec: { selector: { app: a }, ports: [ { name: one, port: 80, targetPort: 9999 }, { name: two, port: 5432 } ] }
`;
    const plan = planLab(clusterOf(pod('a'), pod('b'), service));
    expect(portsOf(plan, 'x/a', 'TCP')).toEqual([4000, 5432, 9999]);
    expect(portsOf(plan, 'x/b', 'TCP')).toEqual([4000]);
  });

  test('no more than a bound, which is told', () => {
    const ports = Array.from({ length: 50 }, (_, i) => `{ port: ${1000 + i} }`).join(', ');
    const plan = planLab(
      clusterOf(pod('a'), policy(`{ podSelector: {}, ingress: [ { ports: [ ${ports} ] } ] }`)),
    );
    expect(portsOf(plan, 'x/a', 'TCP').length).toBe(33);
    expect(plan.notes.map(({ kind, message }) => `${kind} ${message}`)).toContainEqual(
      expect.stringMatching(/^ports-left-out 18 ports/),
    );
  });

  test('none outside where policies name all', () => {
    const plan = planLab(
      clusterOf(
        pod('a'),
        policy('{ podSelector: {}, ingress: [ { ports: [ { port: 1, endPort: 65535 } ] } ] }'),
      ),
    );
    expect(portsOf(plan, 'x/a', 'TCP')).toEqual([1, 65535]);
    expect(portsOf(plan, 'x/a', 'UDP')).toEqual([4000]);
  });
});

describe('outside', () => {
  const from = (...blocks: readonly string[]): string =>
    policy(
      `{ podSelector: {}, ingress: [ { from: [ ${blocks.map((each) => `{ ipBlock: ${each} }`).join(', ')} ] } ] }`,
    );

  test('has the first and last address of blocks and excepts, and those beside', () => {
    const plan = planLab(clusterOf(pod('a'), from('{ cidr: 10.0.0.0/8, except: [ 10.1.0.0/16 ] }')));
    expect(outsideOf(plan)).toEqual([
      '203.0.113.10',
      '9.255.255.255',
      '10.0.0.0',
      '10.0.255.255',
      '10.1.0.0',
      '10.1.255.255',
      '10.2.0.0',
      '10.255.255.255',
      '11.0.0.0',
    ]);
  });

  test('takes the nearest address that is free and usable', () => {
    const plan = planLab(
      clusterOf(
        pod('a', { ip: '10.0.0.0', spec: 'nodeName: n1' }),
        pod('b', { ip: '10.0.0.1', spec: 'nodeName: n1' }),
        from(
          '{ cidr: 10.0.0.0/30 }',
          '{ cidr: 0.0.0.0/1 }',
          '{ cidr: 224.0.0.0/4 }',
          '{ cidr: 10.0.0.1/32 }',
        ),
      ),
    );
    const outside = outsideOf(plan);
    expect(outside).toContain('10.0.0.2');
    expect(outside).toContain('10.0.0.3');
    expect(outside).toContain('126.255.255.255'); // the last of 0.0.0.0/1 before loopback
    expect(outside).toContain('128.0.0.0');
    expect(outside).toContain('223.255.255.255');
    expect(outside).toContain('240.0.0.0');
    expect(outside).not.toContain('10.0.0.0');
    for (const text of outside) {
      expect(parseAddress(text)).toBeDefined();
      expect(text).not.toMatch(/^(0|127|22[4-9]|23\d)\./);
    }
  });

  test('has both families, and no more than a bound of each, which is told', () => {
    const blocks = Array.from({ length: 60 }, (_, i) => [
      `{ cidr: 20.${i}.0.0/24 }`,
      `{ cidr: "2001:db8:${i}::/64" }`,
    ]);
    const plan = planLab(clusterOf(pod('a', { ip: '10.1.0.1 fd00::1' }), from(...blocks.flat())));
    const outside = outsideOf(plan);
    expect(outside.filter((text) => !text.includes(':')).length).toBe(64);
    expect(outside.filter((text) => text.includes(':')).length).toBe(64);
    // Evenly, so that late blocks are there too.
    expect(outside.some((text) => text.startsWith('20.0.'))).toBe(true);
    expect(outside.some((text) => text.startsWith('20.58.') || text.startsWith('20.59.'))).toBe(true);
    expect(plan.notes.some(({ kind }) => kind === 'outside-left-out')).toBe(true);
  });
});
