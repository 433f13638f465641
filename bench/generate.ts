// Synthetic clusters that look like real ones, as the objects of `kubectl get pods,ns,nodes,netpol -A -o json`.
import { seeded } from './random.ts';
import type { Random } from './random.ts';

/** How large a cluster to make. Equal shapes give equal objects. */
export interface Shape {
  /** As the tables show it: pods / policies. */
  readonly name: string;
  readonly pods: number;
  readonly policies: number;
  readonly namespaces: number;
  readonly seed: number;
}

/** An object as JSON has it; keys stand in the alphabetical order in which kubectl prints them. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

/**
 * The sizes of the benches, smallest first. 150,000 pods are the limit that Kubernetes states for one cluster; the last
 * is what several clusters behind one question have.
 */
export const sizes: readonly Shape[] = [
  { name: '1k/500', pods: 1_000, policies: 500, namespaces: 25, seed: 1 },
  { name: '10k/5k', pods: 10_000, policies: 5_000, namespaces: 200, seed: 1 },
  { name: '100k/20k', pods: 100_000, policies: 20_000, namespaces: 2_000, seed: 1 },
  { name: '150k/50k', pods: 150_000, policies: 50_000, namespaces: 3_000, seed: 1 },
  { name: '1M/200k', pods: 1_000_000, policies: 200_000, namespaces: 20_000, seed: 1 },
];

/** Sizes of one proportion, ten thousand pods to a million: how the engine grows is read from them. */
export const growing: readonly Shape[] = [10_000, 30_000, 100_000, 300_000, 1_000_000].map((pods) => ({
  name: `${pods / 1_000}k/${pods / 5_000}k`.replace('1000k', '1M'),
  pods,
  policies: pods / 5,
  namespaces: pods / 50,
  seed: 1,
}));

/** The shape with this name, or `undefined`. */
export function sizeNamed(name: string): Shape | undefined {
  return [...sizes, ...growing].find((size) => size.name === name);
}

interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** One Deployment's worth of pods. */
interface Workload {
  readonly namespace: string;
  readonly app: string;
  readonly tier: Tier;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly NamedPort[];
  readonly owner: { readonly kind: string; readonly name: string };
  readonly hostNetwork: boolean;
  readonly replicas: number;
}

interface Space {
  readonly name: string;
  readonly team: string;
  readonly env: string;
  readonly workloads: readonly Workload[];
  readonly pods: number;
}

const tiers = ['frontend', 'backend', 'worker', 'cache', 'database'] as const;
type Tier = (typeof tiers)[number];

const products = [
  'cart',
  'search',
  'billing',
  'ledger',
  'catalog',
  'orders',
  'profile',
  'media',
  'mail',
  'risk',
];
const teams = ['atlas', 'borea', 'cygnus', 'delta', 'electra', 'fornax', 'gemini', 'hydra', 'indus', 'juno'];
const environments = ['prod', 'prod', 'prod', 'staging', 'dev'] as const;

// The same name stands for different numbers in different pods, which is what named ports are for (corner 28).
const httpPorts = [8080, 8080, 8080, 80, 3000, 8000] as const;
const grpcPorts = [50051, 50051, 9000] as const;
const metricsPorts = [9090, 9090, 9102, 2112, 8081] as const;
const databasePorts = [5432, 3306, 27017] as const;
const podsPerNode = 30;

/** Every object of a cluster of this shape: namespaces, nodes, policies, then pods. */
export function* generate(shape: Shape): Generator<KubernetesObject> {
  const random = seeded(shape.seed);
  const spaces = makeSpaces(shape, random);
  const nodes = Math.max(3, Math.ceil(shape.pods / podsPerNode));
  for (const space of spaces) yield namespaceObject(space);
  for (let node = 0; node < nodes; node++) yield nodeObject(node);
  yield* policyObjects(shape, spaces, random);
  yield* podObjects(spaces, nodes, random);
}

// Namespaces --------------------------------------------------------------------------------------------------------

function makeSpaces(shape: Shape, random: Random): readonly Space[] {
  const nodes = Math.ceil(shape.pods / podsPerNode);
  const system: readonly Space[] = [
    systemSpace('kube-system', 'coredns', { 'k8s-app': 'kube-dns' }, Math.max(2, Math.ceil(nodes / 100)), [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      { name: 'metrics', port: 9153, protocol: 'TCP' },
    ]),
    systemSpace('monitoring', 'prometheus', { app: 'prometheus' }, 2, [
      { name: 'http', port: 9090, protocol: 'TCP' },
    ]),
    systemSpace(
      'ingress-nginx',
      'ingress-nginx-controller',
      { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' },
      Math.max(2, Math.ceil(nodes / 50)),
      [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'https', port: 443, protocol: 'TCP' },
      ],
    ),
    exporterSpace(Math.max(3, Math.ceil(nodes / 5))),
  ];
  const left = shape.pods - system.reduce((sum, space) => sum + space.pods, 0);
  const tenants = Math.max(1, shape.namespaces - system.length);
  // A few namespaces are many times as large as most: the harmonic weights flatten out after the first tenth.
  const weights = Array.from({ length: tenants }, (_, i) => 1 + Math.min(6, tenants / (10 * (i + 1))));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const spaces = [...system];
  let given = 0;
  let weighed = 0;
  weights.forEach((weight, i) => {
    weighed += weight;
    const upTo = i === tenants - 1 ? left : Math.round((left * weighed) / whole);
    spaces.push(tenantSpace(i, upTo - given, random));
    given = upTo;
  });
  return spaces;
}

function systemSpace(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  replicas: number,
  ports: readonly NamedPort[],
): Space {
  const workload: Workload = {
    namespace,
    app: name,
    tier: 'backend',
    labels: { ...labels, 'pod-template-hash': '7d6f4b8c9d' },
    ports,
    owner: { kind: 'ReplicaSet', name: `${name}-7d6f4b8c9d` },
    hostNetwork: false,
    replicas,
  };
  return { name: namespace, team: 'platform', env: 'prod', workloads: [workload], pods: replicas };
}

/** Node exporters run on the host's network, so they are their nodes for every policy (corner 44). */
function exporterSpace(replicas: number): Space {
  const workload: Workload = {
    namespace: 'node-exporter',
    app: 'node-exporter',
    tier: 'backend',
    labels: { 'app.kubernetes.io/name': 'node-exporter', 'controller-revision-hash': '5c8d7b6f4' },
    ports: [{ name: 'metrics', port: 9100, protocol: 'TCP' }],
    owner: { kind: 'DaemonSet', name: 'node-exporter' },
    hostNetwork: true,
    replicas,
  };
  return { name: 'node-exporter', team: 'platform', env: 'prod', workloads: [workload], pods: replicas };
}

function tenantSpace(index: number, pods: number, random: Random): Space {
  const team = random.pick(teams);
  const env = random.pick(environments);
  const name = `${team}-${env}-${index}`;
  const workloads: Workload[] = [];
  let left = pods;
  for (let number = 0; left > 0; number++) {
    const tier = tiers[number % tiers.length] ?? 'backend';
    const product = products[(index + Math.floor(number / tiers.length)) % products.length] ?? 'cart';
    const round = Math.floor(number / (tiers.length * products.length));
    const app = round === 0 ? product : `${product}-${round}`;
    const replicas = Math.min(left, random.pick([1, 1, 2, 2, 2, 3, 3, 4, 5, 8]));
    workloads.push(tenantWorkload(name, app, tier, replicas, random));
    left -= replicas;
  }
  return { name, team, env, workloads, pods };
}

function tenantWorkload(
  namespace: string,
  app: string,
  tier: Tier,
  replicas: number,
  random: Random,
): Workload {
  const stateful = tier === 'database';
  const hash = random.suffix(10);
  const labels: Record<string, string> = {
    app,
    'app.kubernetes.io/instance': `${app}-${tier}`,
    'app.kubernetes.io/managed-by': 'Helm',
    [stateful ? 'controller-revision-hash' : 'pod-template-hash']: hash,
    tier,
    version: `v${1 + random.below(4)}.${random.below(20)}`,
  };
  return {
    namespace,
    app,
    tier,
    labels,
    ports: portsOf(tier, random),
    owner: stateful
      ? { kind: 'StatefulSet', name: `${app}-${tier}` }
      : { kind: 'ReplicaSet', name: `${app}-${tier}-${hash}` },
    hostNetwork: false,
    replicas,
  };
}

function portsOf(tier: Tier, random: Random): readonly NamedPort[] {
  const metrics: NamedPort = { name: 'metrics', port: random.pick(metricsPorts), protocol: 'TCP' };
  switch (tier) {
    case 'frontend':
      return [{ name: 'http', port: random.pick(httpPorts), protocol: 'TCP' }, metrics];
    case 'backend':
      return [
        { name: 'http', port: random.pick(httpPorts), protocol: 'TCP' },
        { name: 'grpc', port: random.pick(grpcPorts), protocol: 'TCP' },
        metrics,
      ];
    case 'worker':
      return [metrics];
    case 'cache':
      return [{ name: 'redis', port: 6379, protocol: 'TCP' }, metrics];
    case 'database':
      return [{ name: 'db', port: random.pick(databasePorts), protocol: 'TCP' }, metrics];
  }
}

function namespaceObject(space: Space): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      creationTimestamp: '2026-03-02T08:14:07Z',
      labels: { env: space.env, 'kubernetes.io/metadata.name': space.name, team: space.team },
      name: space.name,
      resourceVersion: '1742',
      uid: uidOf('ns', space.name),
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

// Nodes and pods ----------------------------------------------------------------------------------------------------

const nodeAddress = (node: number): string => `172.20.${node >>> 8}.${node & 255}`;

function nodeObject(node: number): KubernetesObject {
  const name = `node-${node}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/zone': `zone-${'abc'[node % 3]}`,
      },
      name,
      uid: uidOf('node', name),
    },
    spec: { podCIDR: `10.${node >>> 8}.${node & 255}.0/24` },
    status: {
      addresses: [
        { address: nodeAddress(node), type: 'InternalIP' },
        { address: name, type: 'Hostname' },
      ],
    },
  };
}

function* podObjects(spaces: readonly Space[], nodes: number, random: Random): Generator<KubernetesObject> {
  const used = new Uint32Array(nodes);
  let next = 0;
  for (const space of spaces) {
    for (const workload of space.workloads) {
      for (let replica = 0; replica < workload.replicas; replica++) {
        const node = next++ % nodes;
        const host = nodeAddress(node);
        used[node] = (used[node] ?? 0) + 1;
        // A /24 for each node, as kube-controller-manager hands them out; .0 and .1 are the node's own.
        const address = workload.hostNetwork
          ? host
          : `10.${node >>> 8}.${node & 255}.${1 + (used[node] ?? 1)}`;
        yield podObject(workload, replica, `node-${node}`, host, address, random);
      }
    }
  }
}

function podObject(
  workload: Workload,
  replica: number,
  nodeName: string,
  hostIP: string,
  podIP: string,
  random: Random,
): KubernetesObject {
  const { namespace, owner } = workload;
  const stateful = owner.kind === 'StatefulSet';
  const name = stateful ? `${owner.name}-${replica}` : `${owner.name}-${random.suffix(5)}${replica}`;
  const labels = stateful
    ? { ...workload.labels, 'statefulset.kubernetes.io/pod-name': name }
    : { ...workload.labels };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      creationTimestamp: '2026-04-11T21:40:32Z',
      generateName: `${owner.name}-`,
      labels,
      name,
      namespace,
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          blockOwnerDeletion: true,
          controller: true,
          kind: owner.kind,
          name: owner.name,
          uid: uidOf(namespace, owner.name),
        },
      ],
      resourceVersion: String(100_000 + random.below(900_000)),
      uid: uidOf(namespace, name),
    },
    spec: {
      containers: [
        {
          image: `registry.example/${workload.app}/${workload.tier}:${workload.labels['version'] ?? 'v1.0'}`,
          name: workload.tier,
          ports: workload.ports.map(({ name: portName, port, protocol }) => ({
            containerPort: port,
            name: portName,
            protocol,
          })),
          resources: { requests: { cpu: '100m', memory: '128Mi' } },
        },
      ],
      dnsPolicy: 'ClusterFirst',
      ...(workload.hostNetwork ? { hostNetwork: true } : {}),
      nodeName,
      restartPolicy: 'Always',
      serviceAccountName: workload.app,
    },
    status: {
      conditions: [{ lastTransitionTime: '2026-04-11T21:40:41Z', status: 'True', type: 'Ready' }],
      hostIP,
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: '2026-04-11T21:40:32Z',
    },
  };
}

/** The form of a UUID; FNV-1a of what it belongs to, so that owners and owned agree. */
function uidOf(namespace: string, name: string): string {
  let hash = 0x811c9dc5;
  const text = `${namespace}/${name}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  const hex = (hash >>> 0).toString(16).padStart(8, '0');
  return `${hex}-${hex.slice(4)}-4${hex.slice(1, 4)}-a${hex.slice(2, 5)}-${hex}${hex.slice(0, 4)}`;
}

// Policies ----------------------------------------------------------------------------------------------------------

type Spec = Readonly<Record<string, unknown>>;

const matchLabels = (labels: Readonly<Record<string, string>>): Spec => ({ matchLabels: labels });
const tcp = (port: number | string): Spec => ({ port, protocol: 'TCP' });
const inNamespace = (name: string): Spec => matchLabels({ 'kubernetes.io/metadata.name': name });

/** Exactly as many policies as the shape asks for: each namespace gets its share by its number of pods. */
function* policyObjects(shape: Shape, spaces: readonly Space[], random: Random): Generator<KubernetesObject> {
  let podsSoFar = 0;
  let made = 0;
  for (const space of spaces) {
    podsSoFar += space.pods;
    const upTo = Math.round((shape.policies * podsSoFar) / shape.pods);
    let number = 0;
    for (const [name, spec] of policiesOf(space, spaces, random)) {
      if (made >= upTo) break;
      made++;
      yield {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: {
          creationTimestamp: '2026-03-02T08:20:00Z',
          generation: 1,
          name: `${name}-${number++}`,
          namespace: space.name,
          resourceVersion: String(2_000 + made),
          uid: uidOf(`netpol/${space.name}`, `${name}-${number}`),
        },
        spec,
      };
    }
  }
}

/** Without end: what a namespace has first, then one policy after another for its workloads in turn. */
function* policiesOf(
  space: Space,
  spaces: readonly Space[],
  random: Random,
): Generator<readonly [string, Spec]> {
  const closesEgress = random.chance(40);
  if (random.chance(90)) {
    yield [
      'default-deny',
      { podSelector: {}, policyTypes: closesEgress ? ['Ingress', 'Egress'] : ['Ingress'] },
    ];
  }
  if (closesEgress) yield ['allow-dns', dnsEgress];
  yield ['allow-monitoring', monitoring];
  if (random.chance(15)) yield ['allow-same-namespace', sameNamespace];
  for (let turn = 0; ; turn++) {
    const workload = space.workloads[turn % space.workloads.length];
    if (workload === undefined) return;
    // After the first round every workload gets wider and rarer permissions, as they gather over the years.
    yield turn < space.workloads.length
      ? tierPolicy(workload, closesEgress, random)
      : gatheredPolicy(workload, space, spaces, random);
  }
}

const dnsEgress: Spec = {
  egress: [
    {
      ports: [{ port: 53, protocol: 'UDP' }, tcp(53)],
      to: [
        {
          namespaceSelector: inNamespace('kube-system'),
          podSelector: matchLabels({ 'k8s-app': 'kube-dns' }),
        },
      ],
    },
  ],
  podSelector: {},
  policyTypes: ['Egress'],
};

const monitoring: Spec = {
  ingress: [
    {
      from: [
        { namespaceSelector: inNamespace('monitoring'), podSelector: matchLabels({ app: 'prometheus' }) },
      ],
      ports: [tcp('metrics')],
    },
  ],
  podSelector: {},
  policyTypes: ['Ingress'],
};

const sameNamespace: Spec = {
  ingress: [{ from: [{ podSelector: {} }] }],
  podSelector: {},
  policyTypes: ['Ingress'],
};

const callersOf: Readonly<Record<Tier, readonly Tier[]>> = {
  frontend: [],
  backend: ['frontend', 'worker'],
  worker: [],
  cache: ['backend', 'worker'],
  database: ['backend', 'worker'],
};

/** What the workload's own chart ships: its tier's callers on its own port. */
function tierPolicy(workload: Workload, closesEgress: boolean, random: Random): readonly [string, Spec] {
  const { app, tier } = workload;
  const subject = matchLabels({ app, tier });
  const port = workload.ports[0];
  const callers = callersOf[tier];
  if (tier === 'frontend') {
    const from = [
      {
        namespaceSelector: inNamespace('ingress-nginx'),
        podSelector: matchLabels({ 'app.kubernetes.io/name': 'ingress-nginx' }),
      },
    ];
    return [
      `${app}-${tier}`,
      { ingress: [{ from, ports: [tcp('http')] }], podSelector: subject, policyTypes: ['Ingress'] },
    ];
  }
  if (tier === 'worker' || port === undefined) {
    return [`${app}-${tier}-egress`, externalEgress(subject, closesEgress, random)];
  }
  const from = callers.map((caller) => ({ podSelector: matchLabels({ app, tier: caller }) }));
  const ingress = [{ from, ports: [tcp(random.chance(60) ? port.port : port.name)] }];
  if (!closesEgress) {
    return [`${app}-${tier}`, { ingress, podSelector: subject, policyTypes: ['Ingress'] }];
  }
  const to = (tier === 'backend' ? ['cache', 'database'] : [tier]).map((callee) => ({
    podSelector: matchLabels({ app, tier: callee }),
  }));
  return [
    `${app}-${tier}`,
    { egress: [{ to }], ingress, podSelector: subject, policyTypes: ['Ingress', 'Egress'] },
  ];
}

/** Somebody else's API on 443: a block of its own, often with a part cut out, or the internet without private ranges. */
function externalEgress(podSelector: Spec, withNames: boolean, random: Random): Spec {
  const ipBlock = random.chance(35)
    ? { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'] }
    : externalBlock(random);
  const rules: Spec[] = [{ ports: [tcp(443)], to: [{ ipBlock }] }];
  if (withNames && random.chance(30)) {
    rules.push({
      ports: [{ endPort: 9099, port: 9092, protocol: 'TCP' }],
      to: [{ ipBlock: onPremises(random) }],
    });
  }
  return { egress: rules, podSelector, policyTypes: ['Egress'] };
}

function externalBlock(random: Random): Spec {
  const [a, b, c] = [185 + random.below(20), random.below(256), 16 * random.below(16)];
  const cidr = `${a}.${b}.${c}.0/20`;
  if (random.chance(50)) return { cidr };
  return { cidr, except: [`${a}.${b}.${c + random.below(16)}.0/24`] };
}

/** Old machines beside the cluster: in a private range that no pod is in. */
function onPremises(random: Random): Spec {
  return { cidr: `10.200.${random.below(64)}.0/24` };
}

/** What is asked for one by one: another team, another namespace, a range of ports, a partner, a debugging hole. */
function gatheredPolicy(
  workload: Workload,
  space: Space,
  spaces: readonly Space[],
  random: Random,
): readonly [string, Spec] {
  const { app, tier } = workload;
  const subject = matchLabels({ app, tier });
  const port = workload.ports[0] ?? { name: 'http', port: 8080, protocol: 'TCP' };
  const named = tcp(random.chance(50) ? port.name : port.port);
  const other = random.pick(spaces);
  const kind = random.below(100);
  if (kind < 22) {
    const caller = random.pick(space.workloads);
    return [
      `${app}-${tier}-from-${caller.app}`,
      ingressOnly(subject, { from: [{ podSelector: matchLabels({ app: caller.app }) }], ports: [named] }),
    ];
  }
  if (kind < 42) {
    const caller = random.pick(other.workloads);
    const from = [
      { namespaceSelector: inNamespace(other.name), podSelector: matchLabels({ app: caller.app }) },
    ];
    return [`${app}-${tier}-from-${other.name}`, ingressOnly(subject, { from, ports: [named] })];
  }
  if (kind < 54) {
    const callee = random.pick(other.workloads);
    const calleePort = callee.ports[0] ?? port;
    const to = [
      { namespaceSelector: inNamespace(other.name), podSelector: matchLabels({ app: callee.app }) },
    ];
    return [
      `${app}-${tier}-to-${other.name}`,
      {
        egress: [{ ports: [{ port: calleePort.name, protocol: calleePort.protocol }], to }],
        podSelector: subject,
        policyTypes: ['Egress'],
      },
    ];
  }
  if (kind < 72) return [`${app}-${tier}-external`, externalEgress(subject, true, random)];
  if (kind < 80) {
    const from = [{ ipBlock: random.chance(50) ? onPremises(random) : externalBlock(random) }];
    return [`${app}-${tier}-partner`, ingressOnly(subject, { from, ports: [named] })];
  }
  if (kind < 86) {
    const selector = {
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['backend', 'worker'] }],
    };
    return [
      `${app}-tiers`,
      ingressOnly(matchLabels({ app }), {
        from: [{ podSelector: selector }],
        ports: [{ endPort: 8099, port: 8000, protocol: 'TCP' }],
      }),
    ];
  }
  if (kind < 90) {
    const selector = {
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['database', 'cache'] }],
    };
    return [`${app}-stateless`, ingressOnly(subject, { from: [{ podSelector: selector }], ports: [named] })];
  }
  if (kind < 94) {
    const from = [{ namespaceSelector: matchLabels({ team: space.team }) }];
    return [`${app}-${tier}-team`, ingressOnly(subject, { from, ports: [named] })];
  }
  if (kind < 97) {
    const from = [
      {
        namespaceSelector: matchLabels({ env: space.env }),
        podSelector: matchLabels({ tier: random.pick(['frontend', 'backend']) }),
      },
    ];
    return [`${app}-${tier}-environment`, ingressOnly(subject, { from, ports: [named, tcp('grpc')] })];
  }
  if (kind < 99) {
    const from = [{ namespaceSelector: {}, podSelector: matchLabels({ tier: 'frontend' }) }];
    return [`${app}-${tier}-frontends`, ingressOnly(subject, { from, ports: [named] })];
  }
  return [`${app}-${tier}-open`, ingressOnly(subject, { ports: [named] })];
}

function ingressOnly(podSelector: Spec, rule: Spec): Spec {
  return { ingress: [rule], podSelector, policyTypes: ['Ingress'] };
}
