import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveEntries } from '../../src/entry/index.ts';
import type { Entry } from '../../src/entry/index.ts';
import type { Cluster } from '../../src/model/index.ts';
import { families } from '../../src/net/index.ts';
import type { Address } from '../../src/net/index.ts';
import { compile, has } from '../../src/policy/index.ts';
import { count, map, readableMap, resolveEnd, streamedMap } from '../../src/reach/index.ts';
import type { End, MapConnection, MapQuery } from '../../src/reach/index.ts';
import { clusterOf, pod, ports, service } from './read.ts';

const level = { kind: 'workload' } as const;
const web = pod('web', 'app: web', ports('{name: http, containerPort: 8080}'));
const second = pod('web-2', 'app: web', ports('{name: http, containerPort: 8080}'));
const webService = service('web', 'selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]');
const nginx = pod(
  'nginx',
  'app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller',
  '',
  'edge',
);
const front =
  '{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: front, namespace: shop}, spec: {ingressClassName: nginx, defaultBackend: {service: {name: web, port: {number: 80}}}}}';
const policy = (spec: string, namespace = 'shop', name = 'p'): string =>
  `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: ${name}, namespace: ${namespace}}, spec: {${spec}}}`;
const ingress = (rules: string, subject = ''): string =>
  policy(`podSelector: {${subject}}, ingress: [${rules}]`);

/** The connections from entrances, as lines. */
function linesOf(cluster: Cluster, query: Partial<MapQuery> = {}): readonly string[] {
  const { document } = map(compile(cluster), { level, ...query });
  const entries = new Set(document.peers.filter(({ kind }) => kind === 'entry').map(({ id }) => id));
  return document.connections.filter(({ from }) => entries.has(from)).map(lineOf);
}

function lineOf({ from, to, allowed, family, partial }: MapConnection): string {
  const marks = [family, partial === true ? 'partly' : undefined].filter((mark) => mark !== undefined);
  return [`${from} → ${to} ${JSON.stringify(allowed)}`, ...marks].join(' ');
}

describe('through a controller (corner 51)', () => {
  const lines = (...more: readonly string[]): readonly string[] =>
    linesOf(clusterOf(web, webService, nginx, front, ...more));
  const open = ['ingress/shop/front → shop/Pod/web {"TCP":[[8080,8080]]}'];

  test.each([
    ['nothing isolates', [], open],
    ['the backend admits nobody', [ingress('')], []],
    [
      'the backend admits its labels',
      [
        ingress(
          '{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}}]}',
        ),
      ],
      open,
    ],
    [
      'the backend admits it on another port',
      [ingress('{from: [{namespaceSelector: {}}], ports: [{port: 80}]}')],
      [],
    ],
    [
      'the backend admits it on the port of the pod, not of the Service',
      [ingress('{ports: [{port: 8080}]}')],
      open,
    ],
    ['the backend admits addresses outside', [ingress('{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}')], []],
    ['its own egress is closed', [policy('podSelector: {}, policyTypes: [Egress]', 'edge')], []],
    [
      'its own egress is open to the backend',
      [policy('podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]', 'edge')],
      open,
    ],
  ])('%s', (_, policies, expected) => {
    expect(lines(...policies)).toEqual(expected);
  });

  test('one pod of the backend of two is told as partly', () => {
    const lonely = policy('podSelector: {matchLabels: {only: me}}, ingress: []');
    const closed = second.replace('app: web', 'app: web, only: me');
    const owned = (text: string): string =>
      text.replace(
        'labels:',
        'ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: rs, uid: u, controller: true}], labels:',
      );
    expect(lines(lonely).length).toBe(1);
    const cluster = clusterOf(owned(web), owned(closed), webService, nginx, front, lonely);
    expect(linesOf(cluster)).toEqual([
      'ingress/shop/front → shop/ReplicaSet/rs {"TCP":[[8080,8080]]} partly',
    ]);
    expect(linesOf(cluster, { level: { kind: 'pod' } })).toEqual([
      'ingress/shop/front → shop/Pod/web {"TCP":[[8080,8080]]}',
    ]);
  });

  test('what holds for one family only says so (corner 37)', () => {
    const at = (text: string, address: string): string =>
      text.replace(/\}$/, `, status: {podIPs: [{ip: ${address}}, {ip: "fd00::${address.at(-1)}"}]}}`);
    const cluster = clusterOf(
      at(web, '10.0.0.1'),
      webService,
      at(nginx, '10.0.0.2'),
      front,
      ingress('{from: [{ipBlock: {cidr: 10.0.0.2/32}}]}'),
    );
    expect(linesOf(cluster)).toEqual(['ingress/shop/front → shop/Pod/web {"TCP":[[8080,8080]]} IPv4']);
  });

  test('on the host network it is its node (corners 44 and 42)', () => {
    const host = nginx.replace('spec: {', 'spec: {hostNetwork: true, nodeName: n1, ');
    const on = (node: string): string => web.replace('spec: {', `spec: {nodeName: ${node}, `);
    expect(linesOf(clusterOf(on('n1'), webService, host, front, ingress('')))).toEqual(open);
    expect(linesOf(clusterOf(on('n2'), webService, host, front, ingress('')))).toEqual([]);
  });

  test.each([
    ['is reached where every pod is admitted', '{from: [{namespaceSelector: {}}]}', true],
    [
      'is reached where namespaces without a label are',
      '{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}',
      true,
    ],
    [
      'is closed where labels are asked for',
      '{from: [{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}',
      false,
    ],
    ['is closed where its namespace is', '{from: [{podSelector: {}}]}', false],
  ])('where its pods are not in the input, the backend %s', (_, rule, isOpen) => {
    const cluster = clusterOf(web, webService, front, ingress(rule));
    expect(linesOf(cluster)).toEqual(isOpen ? open : []);
    const { document, summary } = map(compile(cluster), { level });
    expect(document.peers.find(({ kind }) => kind === 'entry')).toEqual({
      id: 'ingress/shop/front',
      kind: 'entry',
      controller: { found: 'assumed', workloads: [] },
    });
    expect(summary.closedEntrances).toEqual(isOpen ? [] : ['ingress/shop/front']);
    expect(document.diagnostics.map(({ code }) => code)).toContain('controller-assumed');
  });
});

describe('by clients (corner 36)', () => {
  const lines = (spec: string, ...more: readonly string[]): readonly string[] =>
    linesOf(
      clusterOf(
        web,
        service('web', `selector: {app: web}, ports: [{port: 80, targetPort: 8080}], ${spec}`),
        ...more,
      ),
    );
  const whole = 'shop/svc/web → shop/Pod/web {"TCP":[[8080,8080]]}';
  const local = 'type: LoadBalancer, externalTrafficPolicy: Local';
  const node = (name: string, address: string): string =>
    `{apiVersion: v1, kind: Node, metadata: {name: ${name}}, status: {addresses: [{type: InternalIP, address: ${address}}]}}`;
  const nodes = [node('n1', '192.168.0.1'), node('n2', '192.168.0.2')];
  const from = (cidr: string): string => ingress(`{from: [{ipBlock: {cidr: ${cidr}}}]}`);

  test.each([
    ['nothing isolates', local, [], [whole]],
    ['some addresses are admitted', local, [from('203.0.113.0/24')], [`${whole} IPv4 partly`]],
    [
      'all addresses that the load balancer lets in are admitted',
      `${local}, loadBalancerSourceRanges: [203.0.113.0/25]`,
      [from('203.0.113.0/24')],
      [whole],
    ],
    ['others are', `${local}, loadBalancerSourceRanges: [203.0.113.0/25]`, [from('198.51.100.0/24')], []],
    ['pods are', local, [ingress('{from: [{namespaceSelector: {}}]}')], []],
    [
      'nodes are admitted, whose addresses it never has',
      local,
      [...nodes, from('192.168.0.0/24')],
      [`${whole} IPv4 partly`],
    ],
    [
      'nodes are admitted, whose addresses it may have',
      `type: NodePort`,
      [...nodes, from('192.168.0.0/24')],
      [`${whole} IPv4 partly`],
    ],
    [
      'nodes are admitted, and clients are not',
      'type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/25]',
      [...nodes, from('192.168.0.0/24')],
      [`${whole} partly`],
    ],
    [
      'the same with Local',
      `${local}, loadBalancerSourceRanges: [203.0.113.0/25]`,
      [...nodes, from('192.168.0.0/24')],
      [],
    ],
  ])('%s', (_, spec, more, expected) => {
    expect(lines(spec, ...more)).toEqual(expected);
  });

  test("a pod's own node is never the one that hides the client", () => {
    const only = 'type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/25]';
    const on = web.replace('spec: {', 'spec: {nodeName: n1, ');
    const svc = service('web', `selector: {app: web}, ports: [{port: 80, targetPort: 8080}], ${only}`);
    expect(linesOf(clusterOf(on, svc, ...nodes, from('192.168.0.1/32')))).toEqual([]);
    expect(linesOf(clusterOf(on, svc, ...nodes, from('192.168.0.2/32')))).toEqual([`${whole} partly`]);
  });
});

describe('in a map', () => {
  const cluster = clusterOf(
    web,
    webService,
    nginx,
    front,
    pod('db', 'app: db', ports('{containerPort: 5432}')),
    service('db', 'type: NodePort, selector: {app: db}, ports: [{port: 5432}]'),
    ingress('{from: [{namespaceSelector: {}}]}', 'matchLabels: {app: web}'),
  );
  const policyOf = compile(cluster);
  const end = (text: string): End => {
    const found = resolveEnd(cluster, text);
    if (found.kind === 'problem') throw new Error(found.message);
    return found;
  };
  const throughFront = 'ingress/shop/front → shop/Pod/web {"TCP":[[8080,8080]]}';
  const throughNode = 'shop/svc/db → shop/Pod/db {"TCP":[[5432,5432]]}';

  test.each<[string, Partial<MapQuery>, readonly string[]]>([
    ['all', {}, [throughFront, throughNode]],
    ['a namespace', { namespace: 'shop' }, [throughFront, throughNode]],
    ['another namespace', { namespace: 'edge' }, []],
    ['an entrance', { from: [end('ingress/shop/front')] }, [throughFront]],
    ['a Service', { peer: [end('shop/svc/db')] }, [throughNode]],
    ['where they lead', { to: [end('shop/web')] }, [throughFront]],
    ['other sources', { from: [end('shop/db')] }, []],
    ['a port', { ports: [{ kind: 'range', protocol: 'TCP', from: 8000, to: 8999 }] }, [throughFront]],
    ['what goes out', { direction: 'egress' }, []],
    ['what comes in', { direction: 'ingress' }, [throughFront, throughNode]],
  ])('entrances follow a focus: %s', (_, query, expected) => {
    expect(linesOf(cluster, query)).toEqual(expected);
    const streamed = streamedMap(policyOf, { level, ...query }).document;
    const { document } = map(policyOf, { level, ...query });
    expect([...streamed.connections]).toEqual(document.connections);
    expect(streamed.peers).toEqual(document.peers);
    const ids = document.connections.map(({ from }) => from);
    expect(ids).toEqual(ids.toSorted());
  });

  test('an entrance that is asked for is a peer, also without connections', () => {
    const closed = clusterOf(web, webService, nginx, front, ingress(''));
    const asked = resolveEnd(closed, 'ingress/shop/front');
    if (asked.kind === 'problem') throw new Error(asked.message);
    const { document } = map(compile(closed), { level, from: [asked] });
    expect(document.peers).toEqual([
      {
        id: 'ingress/shop/front',
        kind: 'entry',
        controller: { found: 'class', workloads: ['edge/Pod/nginx'] },
      },
    ]);
  });

  test('numbers of pairs do not know them', () => {
    const bare = { ...cluster, entrances: { ...cluster.entrances, ingresses: [] } };
    expect(map(policyOf, { level }).summary).toMatchObject({
      pairs: map(compile(bare), { level }).summary.pairs,
      closedPairs: map(compile(bare), { level }).summary.closedPairs,
    });
    expect(count(policyOf)).toEqual(count(compile(bare)));
  });

  test('the rules that admit them are named', () => {
    const { document } = map(policyOf, { level, explain: true });
    const because = (from: string): unknown =>
      document.connections.find((each) => each.from === from)?.because;
    expect(because('ingress/shop/front')).toMatchObject([
      { direction: 'egress', kind: 'open' },
      { direction: 'ingress', kind: 'policy', policy: 'shop/p', rule: 0 },
    ]);
    expect(because('shop/svc/db')).toEqual([{ direction: 'ingress', kind: 'open' }]);
  });

  test('an overview has them all', () => {
    const answer = readableMap(policyOf, { level }, 1);
    if (answer.kind !== 'overview') throw new Error('it is small');
    expect(answer.overview.entrances.map(lineOf)).toEqual([throughFront, throughNode]);
  });
});

describe('held against every pair by itself', () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.1.1', '203.0.113.9');
  const peer = fc.oneof(
    label.map((value) => `{podSelector: {matchLabels: {app: ${value}}}}`),
    label.map((value) => `{namespaceSelector: {}, podSelector: {matchLabels: {app: ${value}}}}`),
    fc.constant('{namespaceSelector: {}}'),
    fc
      .constantFrom('10.0.0.0/24', '203.0.113.0/24', '0.0.0.0/0', '"::/0"')
      .map((cidr) => `{ipBlock: {cidr: ${cidr}}}`),
  );
  const rule = fc
    .tuple(
      fc.array(peer, { maxLength: 2 }),
      fc.constantFrom('', ', ports: [{port: 80}]', ', ports: [{port: http}]'),
    )
    .map(([peers, on]) => `{from: [${peers.join(', ')}]${on}}`);
  const policies = fc.array(
    fc
      .tuple(label, fc.constantFrom('shop', 'edge'), fc.array(rule, { maxLength: 2 }), fc.boolean())
      .map(([value, namespace, rules, isEgress]) =>
        isEgress
          ? `podSelector: {matchLabels: {app: ${value}}}, policyTypes: [Egress], egress: [${rules.join(', ').replaceAll('from:', 'to:')}]|${namespace}`
          : `podSelector: {matchLabels: {app: ${value}}}, ingress: [${rules.join(', ')}]|${namespace}`,
      ),
    { maxLength: 4 },
  );
  const pods = fc.array(
    fc.tuple(
      label,
      fc.constantFrom('shop', 'edge'),
      fc.option(address),
      fc.constantFrom(80, 8080),
      fc.constantFrom('', 'nodeName: n1, ', 'nodeName: n2, '),
    ),
    { minLength: 1, maxLength: 6 },
  );
  const kind = fc.constantFrom(
    '',
    'type: NodePort, ',
    'type: LoadBalancer, externalTrafficPolicy: Local, loadBalancerSourceRanges: [203.0.113.0/24], ',
    'type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/24], ',
  );

  test('a connection stands for exactly the pods and ports that some source may reach', () => {
    fc.assert(
      fc.property(pods, policies, kind, fc.boolean(), (each, rules, type, isAssumed) => {
        const cluster = clusterOf(
          ...each.map(([value, namespace, ip, port, on], i) =>
            pod(
              `p${i}`,
              `app: ${value}`,
              on + ports(`{name: http, containerPort: ${port}}`),
              namespace,
            ).replace(/\}$/, ip === null ? '}' : `, status: {podIP: ${ip}}}`),
          ),
          ...(isAssumed ? [] : [nginx.replace('labels: {', 'labels: {app: c, ')]),
          service('a', `${type}selector: {app: a}, ports: [{port: 80, targetPort: http}]`),
          front.replace('name: web', 'name: a'),
          '{apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 10.0.0.7}]}}',
          ...rules.map((text, i) => {
            const [spec = '', namespace = ''] = text.split('|');
            return policy(spec, namespace, `p${i}`);
          }),
        );
        const compiled = compile(cluster);
        const { document } = map(compiled, { level: { kind: 'pod' } });
        const found = document.connections.filter(({ from }) => /^ingress\/|\/svc\//.test(from)).map(lineOf);
        expect(found).toEqual(
          resolveEntries(cluster)
            .entries.flatMap((entry) => expected(cluster, entry))
            .sort(),
        );
      }),
      { numRuns: 300 },
    );
  });

  /** What the engine says of each source and each target, one by one. */
  function expected(cluster: Cluster, entry: Entry): readonly string[] {
    const { source } = entry;
    const stranger = cluster.pods.find(({ name }) => name === 'nginx') ?? undefined;
    const policyOf = compile(
      stranger === undefined
        ? {
            ...cluster,
            namespaces: new Map([
              ...cluster.namespaces,
              ['x', { name: 'x', labels: new Map(), origin: undefined }],
            ]),
            pods: [
              ...cluster.pods,
              {
                ...cluster.pods[0]!,
                id: 'x/Pod/x',
                name: 'x',
                namespace: 'x',
                labels: new Map(),
                addresses: [],
                node: undefined,
              },
            ],
          }
        : cluster,
    );
    const [way] = entry.ways;
    return (way?.targets ?? []).flatMap(({ pod: target, port }) => {
      const to = { kind: 'pod', pod: target } as const;
      const answers = families.map((family): boolean[] => {
        if (!has(to, family)) return [];
        if (source.kind !== 'clients') {
          const from = stranger ?? policyOf.cluster.pods.at(-1)!;
          return [policyOf.decide({ kind: 'pod', pod: from }, to, 'TCP', port, family).allowed];
        }
        const nodes = source.orNodes && target.node !== 'n2' ? ['10.0.0.7'] : [];
        const probes = ['203.0.113.9', '10.0.0.1', '10.0.1.1', '1.2.3.4', '2001:db8::1'].filter((text) =>
          source.ranges.some(({ first }) => first === 0n) ? true : text === '203.0.113.9',
        );
        return [...probes, ...nodes].flatMap((text) => {
          const address = addressOf(text);
          return address.family === family && source.ranges.some((range) => range.family === family)
            ? [policyOf.decide({ kind: 'address', address }, to, 'TCP', port, family).allowed]
            : [];
        });
      });
      const shared = families.filter((_, i) => answers[i]!.length > 0);
      const some = families.filter((_, i) => answers[i]!.includes(true));
      if (some.length === 0) return [];
      const isPartial = some.some((family) => answers[families.indexOf(family)]!.includes(false));
      return lineOf({
        from: entry.id,
        to: target.id,
        allowed: { TCP: [[port, port]] },
        ...(some.length < shared.length ? { family: some[0]! } : {}),
        ...(isPartial ? { partial: true } : {}),
      });
    });
  }

  function addressOf(text: string): Address {
    const cluster = clusterOf(pod('p', '').replace(/\}$/, `, status: {podIP: "${text}"}}`));
    return cluster.pods[0]!.addresses[0]!;
  }
});
