// Answers built by hand, as the reach layer would give them: the renderers are tested without the engine.
import type { Diagnostic } from '../../src/model/index.ts';
import type {
  AllowedPorts,
  ConnectivityMap,
  MapAnswer,
  MapConnection,
  MapPeer,
  MapReason,
  MapSummary,
  NotModelledEntry,
} from '../../src/reach/index.ts';

export const tcp = (...ports: readonly number[]): AllowedPorts => ({
  TCP: ports.map((port) => [port, port]),
});

export function workload(id: string, pods = 1, more: Partial<MapPeer> = {}): MapPeer {
  return { id, kind: 'workload', pods, ...more };
}

export function addresses(id: string, ...ranges: readonly (readonly [string, string])[]): MapPeer {
  return { id, kind: 'ip', ranges };
}

export const allIPv4 = addresses('0.0.0.0/0', ['0.0.0.0', '255.255.255.255']);
export const allIPv6 = addresses('::/0', ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']);
export const internet = addresses(
  '0.0.0.0/0+1',
  ['0.0.0.0', '255.255.255.255'],
  ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
);

export const open = (direction: 'ingress' | 'egress'): MapReason => ({ direction, kind: 'open' });

export function policy(direction: 'ingress' | 'egress', name: string, line = 1, rule = 0): MapReason {
  return { direction, kind: 'policy', policy: name, rule, file: 'policies.yaml', line, column: 5 };
}

export interface AnswerParts {
  readonly level?: string;
  readonly peers: readonly MapPeer[];
  readonly connections: readonly MapConnection[];
  readonly summary?: Partial<MapSummary>;
  readonly notModelled?: readonly NotModelledEntry[];
  readonly diagnostics?: readonly Diagnostic[];
  readonly because?: (connection: MapConnection) => readonly MapReason[];
}

/** Fills in what follows from peers and connections. */
export function answerOf(parts: AnswerParts): MapAnswer {
  const workloads = parts.peers.filter(({ kind }) => kind === 'workload' || kind === 'pod');
  const pods = workloads.reduce((sum, peer) => sum + (peer.pods ?? 0), 0);
  const namespaces = [...new Set(workloads.map(({ id }) => id.slice(0, id.indexOf('/'))))].sort();
  const kinds = new Map(parts.peers.map((peer) => [peer.id, peer.kind]));
  const openPairs = parts.connections.filter(
    ({ from, to }) => from !== to && kinds.get(from) !== 'ip' && kinds.get(to) !== 'ip',
  ).length;
  const pairs = workloads.length * (workloads.length - 1);
  const document: ConnectivityMap = {
    apiVersion: 'podwall.dev/v1',
    kind: 'ConnectivityMap',
    level: parts.level ?? 'workload',
    profile: 'upstream',
    peers: parts.peers,
    connections: parts.connections,
    notModelled: parts.notModelled ?? [],
    diagnostics: parts.diagnostics ?? [],
  };
  return {
    document,
    summary: {
      workloads: workloads.length,
      pods,
      namespaces,
      policies: 4,
      tierPolicies: 0,
      pairs,
      closedPairs: pairs - openPairs,
      closedEntrances: [],
      notIsolated: { ingress: [], egress: [] },
      fromOutside: [],
      emptyBecause:
        parts.connections.length === 0 ? 'Every workload is isolated, and no rule admits another' : undefined,
      ...parts.summary,
    },
    because: parts.because ?? (() => []),
  };
}

/** The application of `examples/three-tier`: its egress policy forgets the database. */
export function threeTier(): MapAnswer {
  const [frontend, backend, database] = ['frontend', 'backend', 'database'].map(
    (n) => `app/Deployment/${n}`,
  ) as [string, string, string];
  const reasons = new Map<string, readonly MapReason[]>([
    [`${frontend} ${backend}`, [open('egress'), policy('ingress', 'app/allow-frontend-to-backend', 16)]],
    [`${backend} 0.0.0.0/0`, [policy('egress', 'app/allow-backend-egress-https', 52)]],
  ]);
  return answerOf({
    peers: [allIPv4, allIPv6, workload(backend), workload(database), workload(frontend)],
    connections: [
      { from: backend, to: '0.0.0.0/0', allowed: tcp(443) },
      { from: database, to: '0.0.0.0/0', allowed: 'all' },
      { from: database, to: '::/0', allowed: 'all' },
      { from: frontend, to: '0.0.0.0/0', allowed: 'all' },
      { from: frontend, to: '::/0', allowed: 'all' },
      { from: frontend, to: backend, allowed: tcp(8080) },
    ],
    summary: { notIsolated: { ingress: [], egress: [frontend, database] } },
    because: ({ from, to }) => reasons.get(`${from} ${to}`) ?? [open('egress')],
  });
}

/**
 * 2,400 workloads in 187 namespaces: monitoring scrapes all, all ask DNS, each namespace is a chain of frontend, api
 * and store with helpers, a shop reaches a payment service, and some are open.
 */
export function large(): MapAnswer {
  const spaces = ['ingress', 'kube-system', 'monitoring', 'payments', 'shop'];
  while (spaces.length < 187) spaces.push(`team-${String(spaces.length - 4).padStart(3, '0')}`);
  const peers: MapPeer[] = [];
  const bySpace = new Map<string, string[]>();
  const put = (space: string, name: string): string => {
    const id = `${space}/Deployment/${name}`;
    peers.push(workload(id, 2));
    const own = bySpace.get(space);
    if (own === undefined) bySpace.set(space, [id]);
    else own.push(id);
    return id;
  };
  const dns = put('kube-system', 'kube-dns');
  const prometheus = put('monitoring', 'prometheus');
  const nginx = put('ingress', 'nginx');
  const payments = put('payments', 'api');
  const teams = spaces.filter((space) => space.startsWith('team-') || space === 'shop');
  for (const space of teams) for (const name of ['frontend', 'api', 'store']) put(space, name);
  for (let i = 0; peers.length < 2400; i++)
    put(teams[i % teams.length] ?? '', `worker-${Math.floor(i / teams.length)}`);
  const all = peers.map(({ id }) => id);
  const connections: MapConnection[] = [];
  for (const id of all) {
    if (id !== dns) connections.push({ from: id, to: dns, allowed: { TCP: [[53, 53]], UDP: [[53, 53]] } });
    if (id !== prometheus && id !== dns) connections.push({ from: prometheus, to: id, allowed: tcp(9090) });
  }
  for (const [i, space] of teams.entries()) {
    const at = (name: string): string => `${space}/Deployment/${name}`;
    connections.push({ from: at('frontend'), to: at('api'), allowed: tcp(8080) });
    connections.push({ from: at('api'), to: at('store'), allowed: tcp(5432) });
    if (i % 3 === 0) connections.push({ from: nginx, to: at('frontend'), allowed: tcp(80) });
    const odd = 20_000 + i;
    if (i % 4 === 0) connections.push({ from: at('api'), to: payments, allowed: tcp(odd) });
  }
  for (const from of bySpace.get('shop') ?? []) connections.push({ from, to: payments, allowed: tcp(8443) });
  for (const id of all.slice(0, 1200)) connections.push({ from: id, to: internet.id, allowed: 'all' });
  connections.push({ from: internet.id, to: nginx, allowed: tcp(80, 443) });
  const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
  peers.sort((a, b) => byText(a.id, b.id));
  connections.sort((a, b) => byText(a.from, b.from) || byText(a.to, b.to));
  return answerOf({
    peers: [internet, ...peers],
    connections,
    summary: {
      policies: 1902,
      fromOutside: [nginx],
      closedEntrances: [],
      notIsolated: { ingress: [nginx], egress: all.slice(0, 1200) },
    },
    because: () => [open('egress')],
  });
}

/** Twelve workloads of a shop that reach all of a payment service, and each other. */
export function shop(): MapAnswer {
  const names =
    'ads cart checkout currency email frontend loadgen payment product rating search shipping'.split(' ');
  const buyers = names.map((name) => `shop/Deployment/${name}`);
  const takers = ['api', 'ledger', 'risk', 'vault'].map((name) => `payments/StatefulSet/${name}`);
  const connections: MapConnection[] = [];
  for (const from of buyers) {
    for (const to of takers) connections.push({ from, to, allowed: tcp(5432) });
    for (const to of buyers) if (from !== to) connections.push({ from, to, allowed: 'all' });
  }
  return answerOf({
    peers: [...takers.map((id) => workload(id)), ...buyers.map((id) => workload(id))],
    connections,
    because: ({ to }) =>
      to.startsWith('payments/')
        ? [open('egress'), policy('ingress', 'payments/allow-shop', 4)]
        : [open('egress'), open('ingress')],
  });
}

/** Dual stack, host network, partial connections and objects that are not modelled, in one small cluster. */
export function corners(): MapAnswer {
  const web = 'shop/Deployment/web';
  const db = 'shop/StatefulSet/db';
  const exporter = 'monitoring/DaemonSet/node-exporter';
  const office = addresses('10.8.0.0/16', ['10.8.0.0', '10.8.255.255']);
  const wide = addresses(
    '0.0.0.0-9.255.255.255+1',
    ['0.0.0.0', '9.255.255.255'],
    ['11.0.0.0', '255.255.255.255'],
  );
  return answerOf({
    peers: [
      wide,
      office,
      workload(exporter, 3, { hostNetwork: true }),
      workload(web, 3),
      workload(db, 2),
      workload('shop/Deployment/retired', 0),
    ],
    connections: [
      { from: wide.id, to: web, allowed: { TCP: [[8000, 8999]] } },
      { from: office.id, to: web, allowed: 'all' },
      { from: web, to: db, allowed: tcp(5432), family: 'IPv6' },
      { from: db, to: db, allowed: { TCP: [[2380, 2380]], UDP: [[2380, 2380]] } },
      { from: exporter, to: web, allowed: { SCTP: [[1, 65535]], TCP: [[80, 80]] }, partial: true },
    ],
    summary: { fromOutside: [web], notIsolated: { ingress: [exporter], egress: [db, exporter, web] } },
    notModelled: [
      {
        apiVersion: 'cilium.io/v2',
        kind: 'CiliumNetworkPolicy',
        namespace: 'shop',
        name: 'l7',
        affects: [db, web],
        file: 'cilium.yaml',
        line: 1,
      },
      {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        namespace: 'shop',
        name: 'deny-all',
        affects: [web],
        file: 'istio.yaml',
        line: 3,
      },
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        namespace: 'shop',
        name: 'front',
        affects: [],
        file: 'ingress.yaml',
        line: 1,
      },
    ],
    because: ({ from, to }) =>
      from === to
        ? [policy('egress', 'shop/db-peers', 3), policy('ingress', 'shop/db-peers', 9)]
        : [open('egress'), policy('ingress', 'shop/web', 20)],
  });
}

/** No connection at all. */
export function empty(): MapAnswer {
  return answerOf({ peers: [workload('app/Deployment/a'), workload('app/Deployment/b')], connections: [] });
}

/** Names as an attacker would choose them. */
export function hostile(): MapAnswer {
  const names = [
    '\u001b[31mred\u001b[0m',
    '"];n0->n1;"',
    'a|b\r\n| c | d',
    '<script>alert(1)</script>`x`',
    '=HYPERLINK("http://example.com")',
    'right\u202eot-tfel',
    'c1\u009b31m',
    '__proto__',
    'end"] --> n0["',
    '漢字の名前',
  ];
  const ids = names.map((name) => `e\u0007vil/Deployment/${name}`);
  return answerOf({
    peers: ids.map((id) => workload(id)),
    connections: ids.slice(1).map((to, i) => ({ from: ids[i] ?? '', to, allowed: tcp(80 + i) })),
    summary: { emptyBecause: undefined, notIsolated: { ingress: [], egress: ids.slice(0, 2) } },
    notModelled: [
      {
        apiVersion: 'cilium.io/v2',
        kind: 'Cilium\u001b]0;x\u0007',
        name: 'x',
        affects: ids,
        file: 'a\u001b.yaml',
        line: 1,
      },
    ],
    because: () => [policy('ingress', 'evil/\u001b[2Jwipe')],
  });
}
