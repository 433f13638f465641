import { readObjects } from '../../src/manifest/index.ts';
import type { Cluster } from '../../src/model/index.ts';
import { compileRuleset, podsOnNode } from '../../src/nft/index.ts';
import type { Ruleset } from '../../src/nft/index.ts';
import { compile } from '../../src/policy/index.ts';
import type { PolicyEnd } from '../../src/policy/index.ts';
import type { Wire } from '../../bench/wire/network.ts';
import { seeded } from '../../bench/random.ts';

type Labels = Readonly<Record<string, string>>;

interface PodState {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly address: string;
  readonly node: string;
  /** The number behind the port name `web`. */
  readonly web: number;
}

interface PolicyState {
  readonly namespace: string;
  readonly name: string;
  readonly spec: unknown;
}

/** A cluster by its objects: `server`, `client` and `stranger` are the pods of a `Wire`. */
export interface PacketState {
  readonly pods: ReadonlyMap<string, PodState>;
  readonly policies: ReadonlyMap<string, PolicyState>;
  readonly namespaces: ReadonlyMap<string, Labels>;
}

const colors = ['red', 'green', 'blue'];

/** The state that everything begins with: one policy admits the client. */
export function firstState({ clientAddress, serverAddress, stranger }: Wire): PacketState {
  const pod = (name: string, labels: Labels, address: string, namespace = 'shop'): [string, PodState] => [
    name,
    { namespace, name, labels, address, node: 'node-1', web: 9000 },
  ];
  return {
    pods: new Map([
      pod('server', { app: 'server' }, serverAddress),
      pod('client', { role: 'client' }, clientAddress),
      pod('stranger', { role: 'stranger' }, stranger),
    ]),
    policies: new Map([['admit', admitting({ role: 'client' })]]),
    namespaces: new Map([['shop', {}]]),
  };
}

/** The policy of the server that admits these peers, and none when there are none. */
export function admitting(peers: Labels | undefined): PolicyState {
  const from = peers === undefined ? [] : [{ from: [{ podSelector: { matchLabels: peers } }] }];
  const spec = { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress'], ingress: from };
  return { namespace: 'shop', name: 'admit', spec };
}

/** The state with another policy of the server. */
export function withAdmitted(state: PacketState, peers: Labels | undefined): PacketState {
  return { ...state, policies: new Map(state.policies).set('admit', admitting(peers)) };
}

/** The state in which the server may do nothing at all, in either direction. */
export function closed(state: PacketState): PacketState {
  const spec = { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress', 'Egress'] };
  return { ...state, policies: new Map([['admit', { namespace: 'shop', name: 'admit', spec }]]) };
}

/** What is loaded on node-1 in a state. */
export function rulesetOf(state: PacketState): Ruleset {
  const cluster = clusterOf(state);
  return compileRuleset(compile(cluster), { pods: podsOnNode(cluster, 'node-1') }).ruleset;
}

function clusterOf({ pods, policies, namespaces }: PacketState): Cluster {
  const objects: unknown[] = [...namespaces].map(([name, labels]) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  }));
  for (const { namespace, name, labels, address, node, web } of pods.values()) {
    objects.push({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, labels },
      spec: {
        nodeName: node,
        containers: [{ name: 'main', image: 'main', ports: [{ name: 'web', containerPort: web }] }],
      },
      status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
    });
  }
  for (const { namespace, name, spec } of policies.values()) {
    objects.push({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace, name },
      spec,
    });
  }
  const { cluster, diagnostics } = readObjects(objects);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return cluster;
}

/** Ports of UDP that streams go to: what the client may use, and what the stranger may not. */
export const allowedPort = 9000;
export const deniedPort = 9002;

/** Whether the engine says that the one stream may pass, and the other may not. */
function holds(state: PacketState): boolean {
  const policy = compile(clusterOf(state));
  const end = (name: string): PolicyEnd => {
    const pod = policy.cluster.pods.find(({ id }) => id === `shop/Pod/${name}`);
    if (pod === undefined) throw new Error(`${name} is gone`);
    return { kind: 'pod', pod };
  };
  return (
    policy.decide(end('client'), end('server'), 'UDP', allowedPort).allowed &&
    !policy.decide(end('stranger'), end('server'), 'UDP', deniedPort).allowed
  );
}

/** Kinds of change, each of which says what becomes of a state; `undefined` where it cannot be. */
export const changeKinds = [
  'pod of the node comes',
  'pod elsewhere comes',
  'pod goes',
  'pod is relabelled',
  'pod gets another address',
  'port name gets another number',
  'namespace is relabelled',
  'policy comes',
  'policy is edited',
  'policy goes',
  'end is relabelled',
] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** So many random changes, of all kinds in turn; after each the client may still use its port, and the stranger not. */
export function* randomStates(
  first: PacketState,
  count: number,
  seed: number,
): Generator<readonly [ChangeKind, PacketState]> {
  const random = seeded(seed);
  let state = first;
  let number = 0;
  for (let made = 0; made < count;) {
    const kind = changeKinds[number++ % changeKinds.length] ?? 'pod goes';
    const next = changed(state, kind, number, random);
    if (next === undefined || !holds(next)) continue;
    state = next;
    made++;
    yield [kind, state];
  }
}

const ends: ReadonlySet<string> = new Set(['server', 'client', 'stranger']);

function changed(
  state: PacketState,
  kind: ChangeKind,
  number: number,
  random: ReturnType<typeof seeded>,
): PacketState | undefined {
  const others = [...state.pods.values()].filter(({ name }) => !ends.has(name));
  const extra = [...state.policies.values()].filter(({ name }) => name !== 'admit');
  const color = (): Labels => ({ color: random.pick(colors) });
  const address = (): string => `10.90.${number >> 8}.${number & 255}`;
  const withPod = (pod: PodState): PacketState => ({
    ...state,
    pods: new Map(state.pods).set(pod.name, pod),
  });
  const withPolicy = (policy: PolicyState): PacketState => ({
    ...state,
    policies: new Map(state.policies).set(policy.name, policy),
  });
  switch (kind) {
    case 'pod of the node comes':
    case 'pod elsewhere comes': {
      const node = kind === 'pod elsewhere comes' ? 'node-2' : 'node-1';
      const namespace = random.pick(['shop', 'bank']);
      const pod = { namespace, name: `pod-${number}`, labels: color(), address: address(), node, web: 9000 };
      return others.length > 30 ? undefined : withPod(pod);
    }
    case 'pod goes': {
      if (others.length < 5) return undefined;
      const pods = new Map(state.pods);
      pods.delete(random.pick(others).name);
      return { ...state, pods };
    }
    case 'pod is relabelled':
      return others.length === 0 ? undefined : withPod({ ...random.pick(others), labels: color() });
    case 'pod gets another address':
      return others.length === 0 ? undefined : withPod({ ...random.pick(others), address: address() });
    case 'port name gets another number':
      return withPod({ ...random.pick([...state.pods.values()]), web: random.pick([9000, 8080, 80]) });
    case 'namespace is relabelled':
      return {
        ...state,
        namespaces: new Map(state.namespaces).set(random.pick(['shop', 'bank']), {
          team: random.pick(colors),
        }),
      };
    case 'policy comes':
      return extra.length > 12 ? undefined : withPolicy(randomPolicy(`policy-${number}`, random));
    case 'policy is edited':
      return extra.length === 0 ? undefined : withPolicy(randomPolicy(random.pick(extra).name, random));
    case 'policy goes': {
      if (extra.length < 3) return undefined;
      const policies = new Map(state.policies);
      policies.delete(random.pick(extra).name);
      return { ...state, policies };
    }
    case 'end is relabelled': {
      const pod = state.pods.get(random.pick(['server', 'client', 'stranger']));
      return pod === undefined ? undefined : withPod({ ...pod, labels: { ...pod.labels, ...color() } });
    }
  }
}

/** A policy of the ends' namespace: the server may have several, and the other ends some. */
function randomPolicy(name: string, random: ReturnType<typeof seeded>): PolicyState {
  const peer = random.pick<unknown>([
    { podSelector: { matchLabels: { color: random.pick(colors) } } },
    { namespaceSelector: { matchLabels: { team: random.pick(colors) } } },
    {
      podSelector: { matchExpressions: [{ key: 'color', operator: 'NotIn', values: [random.pick(colors)] }] },
    },
    { ipBlock: { cidr: '10.90.0.0/16', except: ['10.90.0.128/25'] } },
  ]);
  const ports = random.pick<unknown>([
    [],
    [{ port: 'web' }],
    [
      { port: 8000, endPort: 9005 },
      { port: 53, protocol: 'UDP' },
    ],
  ]);
  const podSelector = random.pick<unknown>([
    { matchLabels: { app: 'server' } },
    { matchLabels: { color: random.pick(colors) } },
    {},
  ]);
  const spec = random.pick([true, false, false])
    ? { podSelector, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }, { to: [peer], ports }] }
    : { podSelector, policyTypes: ['Ingress'], ingress: [{ from: [peer], ports }] };
  return { namespace: 'shop', name, spec };
}
