import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { map, readableMap, resolveEnd } from '../../src/reach/index.ts';
import type { End, Level, MapAnswer, PortQuery } from '../../src/reach/index.ts';
import { policy } from './manifests.ts';

function pod(id: string, ips: readonly string[] = []): string {
  const [namespace, name] = id.split('/');
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}
spec: {containers: [{name: c, image: x}]}
status: {phase: Running, podIPs: [${ips.map((ip) => `{ip: "${ip}"}`).join(', ')}]}
`;
}

function draw(
  objects: readonly string[],
  level: Level['kind'],
  query: { readonly ports?: readonly PortQuery[]; readonly from?: string; readonly namespace?: string } = {},
  explain: boolean = false,
): MapAnswer {
  const { cluster, diagnostics } = readManifests([{ file: 'a.yaml', text: objects.join('---') }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const { from, ...rest } = query;
  return map(compile(cluster), {
    level: level === 'label' ? { kind: level, key: 'app' } : { kind: level },
    explain,
    ...rest,
    ...(from === undefined ? {} : { from: [resolveEnd(cluster, from) as End] }),
  });
}

const port = (number: number): readonly PortQuery[] => [
  { kind: 'range', protocol: 'TCP', from: number, to: number },
];

test('lines of an overview name no end without such a connection', () => {
  const objects = [
    pod('x/db'),
    pod('x/a'),
    pod('x/b'),
    policy(
      'x/p',
      '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}',
    ),
    policy(
      'x/q',
      '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: 443}]}]}',
    ),
  ];
  const { cluster } = readManifests([{ file: 'a.yaml', text: objects.join('---') }]);
  const compiled = compile(cluster, { denseThreshold: 1 });
  const answer = readableMap(compiled, { level: { kind: 'pod' } }, 0);
  if (answer.kind === 'map') throw new Error('it has connections');
  const { mixed, across, inside } = answer.overview;
  expect([...mixed, ...across]).toEqual([]);
  expect(
    inside
      .filter(({ allowed }) => allowed !== 'all')
      .map(({ kind, from, to, allowed, connections }) => [
        kind,
        from.count,
        from.examples,
        to.examples,
        allowed,
        connections,
      ]),
  ).toEqual([
    [
      'all',
      1,
      ['x/Pod/b'],
      ['x/Pod/db'],
      {
        TCP: [
          [80, 80],
          [443, 443],
        ],
      },
      1,
    ],
    ['all', 1, ['x/Pod/a'], ['x/Pod/db'], { TCP: [[80, 80]] }, 1],
  ]);
});

test('a port that both families have is listed once, whatever else one of them has (corner 37)', () => {
  const objects = [
    pod('a/cl', ['10.0.0.1', 'fd00::1']),
    pod('a/sv', ['10.0.0.2', 'fd00::2']),
    policy(
      'a/in',
      '{podSelector: {matchLabels: {app: sv}}, ingress: [{ports: [{port: 80}]}, {from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}',
    ),
  ];
  const listed = (ports: readonly PortQuery[] | undefined) =>
    draw(objects, 'pod', ports === undefined ? {} : { ports })
      .document.connections.filter(({ from, to }) => from === 'a/Pod/cl' && to === 'a/Pod/sv')
      .map(({ allowed, family }) => [allowed, family]);
  expect(listed(undefined)).toEqual([
    [{ TCP: [[80, 80]] }, undefined],
    ['all', 'IPv4'],
  ]);
  expect(listed(port(80))).toEqual([[{ TCP: [[80, 80]] }, undefined]]);
  expect(listed(port(81))).toEqual([[{ TCP: [[81, 81]] }, 'IPv4']]);
});

describe('the reasons of a connection', () => {
  const numbers = Array.from({ length: 12 }, (_, i) => i);

  test('are those of the one pair that is open, wherever it stands', () => {
    const { document } = draw(
      [
        ...numbers.flatMap((i) => [pod(`p/p${i}`), pod(`q/q${i}`)]),
        policy('q/shut', '{podSelector: {}}'),
        policy(
          'q/in',
          '{podSelector: {matchLabels: {app: q11}}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: p11}}}]}]}',
        ),
      ],
      'namespace',
      {},
      true,
    );
    const { because } = document.connections.find(({ from, to }) => from === 'p' && to === 'q') ?? {};
    expect(because?.map(({ direction, kind, policy: by }) => [direction, kind, by])).toEqual([
      ['egress', 'open', undefined],
      ['ingress', 'policy', 'q/in'],
    ]);
  });

  test('are those of the one workload that is open to an address', () => {
    const { document } = draw(
      [
        ...numbers.map((i) => pod(`q/q${i}`)),
        policy('q/shut', '{podSelector: {}}'),
        policy(
          'q/in',
          '{podSelector: {matchLabels: {app: q11}}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}',
        ),
      ],
      'namespace',
      {},
      true,
    );
    const { because } = document.connections.find(({ from }) => from === '192.0.2.0/24') ?? {};
    expect(because?.map(({ direction, kind, policy: by }) => [direction, kind, by])).toEqual([
      ['egress', 'open', undefined],
      ['ingress', 'policy', 'q/in'],
    ]);
  });
});

describe('who takes connections from outside', () => {
  const admits = (cidr: string): readonly string[] => [
    pod('a/v4', ['10.0.0.1']),
    pod('a/shut', ['10.0.0.2']),
    policy('a/none', '{podSelector: {}}'),
    policy(
      'a/in',
      `{podSelector: {matchLabels: {app: v4}}, ingress: [{from: [{ipBlock: {cidr: "${cidr}"}}], ports: [{port: 80}]}]}`,
    ),
  ];

  test.each(['workload', 'namespace'] as const)('are the workloads of listed connections, by %s', (level) => {
    const taking = (cidr: string, query: Parameters<typeof draw>[2] = {}): readonly string[] =>
      draw(admits(cidr), level, query).summary.fromOutside;
    expect(taking('0.0.0.0/0')).toEqual(['a/Pod/v4']);
    // Corner 37: the pod has no IPv6 address by which it could be reached.
    expect(taking('::/0')).toEqual([]);
    expect(taking('0.0.0.0/0', { ports: port(80) })).toEqual(['a/Pod/v4']);
    expect(taking('0.0.0.0/0', { ports: port(81) })).toEqual([]);
    expect(taking('192.0.2.0/24', { from: '192.0.2.7' })).toEqual(['a/Pod/v4']);
    expect(taking('192.0.2.0/24', { from: '198.51.100.7' })).toEqual([]);
  });
});

test('a namespace called internet is told from all addresses outside', () => {
  const { peers, connections } = draw([pod('internet/web'), pod('a/db')], 'namespace').document;
  expect(peers.map(({ id, kind }) => [id, kind])).toEqual([
    ['a', 'namespace'],
    ['internet', 'ip'],
    ['internet/*', 'namespace'],
  ]);
  expect(connections.map(({ from, to }) => `${from} → ${to}`)).toEqual([
    'a → internet',
    'a → internet/*',
    'internet → a',
    'internet → internet/*',
    'internet/* → a',
    'internet/* → internet',
  ]);
});

describe('a map without connections', () => {
  const shut = '{podSelector: {}, policyTypes: [Ingress, Egress]}';
  const closed = [pod('a/web'), pod('a/db'), policy('a/shut', shut)];

  test('blames the focus before the ports', () => {
    const { summary } = draw(closed, 'workload', { ports: port(80), namespace: 'none' });
    expect(summary.emptyBecause).toBe('nothing in the input matches what was asked for');
  });

  test('blames the ports only where others are open', () => {
    expect(draw(closed, 'workload', { ports: port(80) }).summary.emptyBecause).toBe(
      'the policies close every connection, also with the outside',
    );
    const open = [...closed, policy('a/in', '{podSelector: {}, ingress: [{ports: [{port: 443}]}]}')];
    const out = policy('a/out', '{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 443}]}]}');
    expect(draw([...open, out], 'workload', { ports: port(80) }).summary.emptyBecause).toBe(
      'no connection may use the ports that were asked for',
    );
  });
});

test('a namespace whose workloads ask for no pods is a peer of its own, and found by its name', () => {
  const text = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle, namespace: quiet}
spec:
  replicas: 0
  selector: {matchLabels: {app: idle}}
  template:
    metadata: {labels: {app: idle}}
    spec: {containers: [{name: c, image: x}]}
`;
  const { cluster } = readManifests([{ file: 'a.yaml', text }]);
  const answer = map(compile(cluster), { level: { kind: 'namespace' }, namespace: 'quiet' });
  expect(answer.document.peers).toEqual([{ id: 'quiet', kind: 'namespace', pods: 0 }]);
  expect(answer.summary.namespaces).toEqual(['quiet']);
  expect(answer.summary.workloads).toBe(1);
});

function deployment(name: string, replicas: number): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: a}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: c, image: x}]}}
`;
}

const onlyB =
  '{podSelector: {matchLabels: {app: a}}, ingress: [{from: [{podSelector: {matchLabels: {app: b}}}]}]}';

test('at level pod, pairs are those of pods, replicas of one template among them', () => {
  const objects = [deployment('a', 3), deployment('b', 3), policy('a/p', onlyB)];
  expect(draw(objects, 'pod').summary).toMatchObject({ pairs: 30, closedPairs: 6 });
  expect(draw(objects, 'pod', { from: 'a/a' }).summary).toMatchObject({ pairs: 15, closedPairs: 6 });
  expect(draw(objects, 'workload').summary).toMatchObject({ pairs: 2, closedPairs: 0 });
  const most = 2_147_483_647;
  const large = draw([deployment('a', most), deployment('b', most), policy('a/p', onlyB)], 'pod').summary;
  const pods = BigInt(most) * 2n;
  expect(large).toMatchObject({
    pairs: pods * (pods - 1n),
    closedPairs: BigInt(most) * BigInt(most - 1),
  });
});
