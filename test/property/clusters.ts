import * as fc from 'fast-check';
import { stringify } from 'yaml';

import { isIn, readBlock } from '../reference/addresses.ts';
import { all, fields, isObject, labelsOf, listOf, nothing, optional, orNull, weighted } from './shapes.ts';
import type { Json, JsonObject, Shape } from './shapes.ts';
import { nodeLabels, tierPoliciesOf } from './tier-policies.ts';
import type { TierOptions } from './tier-policies.ts';
import {
  labelKeys,
  labelValue,
  namespaceLabelKeys,
  namespaceNames,
  namespaceSelector,
  nodeAddresses,
  nodeNames,
  podNames,
  podSelector,
  portNames,
  portNumbers,
  protocols,
} from './vocabulary.ts';

export type { Json, JsonObject } from './shapes.ts';

/** A small cluster that every API server up to 1.35 accepts. */
export interface RandomCluster {
  /** Namespace, Node, Pod, Deployment and policy objects, no two of one kind with one name. */
  readonly objects: readonly JsonObject[];
}

/** The documents of a cluster as one YAML text; strings that YAML 1.1 would take for something else are quoted. */
export function toYaml(objects: readonly JsonObject[]): string {
  return objects.map((object) => `---\n${stringify(object, { version: '1.1' })}`).join('');
}

/** The cluster as `kubectl get -o json` prints it. */
export function toJson(objects: readonly JsonObject[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, undefined, 2);
}

/**
 * The objects with each Deployment replaced by the pods that it would make, named `name-0`, `name-1` and so on: the
 * reference knows pods alone.
 */
export function withPodsOfTemplates(objects: readonly JsonObject[]): readonly JsonObject[] {
  return objects.flatMap((object) => (object['kind'] === 'Deployment' ? podsOfDeployment(object) : [object]));
}

const podIPv4 = [
  '10.0.0.0',
  '10.0.0.1',
  '10.0.0.127',
  '10.0.0.128',
  '10.0.0.255',
  '10.0.1.0',
  '192.168.0.1',
  '192.168.255.255',
  '10.255.255.255',
] as const;
const podIPv6 = [
  'fd00::',
  'fd00::1',
  'FD00:0::007f',
  'fd00::80',
  'fd00::1:0',
  '2001:db8::1',
  'fd00:0:0:1::',
  '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
] as const;

// Host bits, leading zeros and mapped forms are accepted up to 1.35 (corners 37 and 38, part 9).
const blocks: readonly string[] = `
  0.0.0.0/0 0.0.0.0/1 128.0.0.0/1 10.0.0.0/8 10.0.0.0/16 10.0.0.0/24 10.0.0.0/25 10.0.0.128/25 10.0.0.0/30 10.0.0.1/32
  10.0.0.128/32 10.0.0.77/24 010.000.0.0/8 10.0.0.0/08 192.168.0.0/16 172.18.0.0/16 172.18.0.1/32 255.255.255.255/32
  0.0.0.0/32 ::ffff:10.0.0.0/120 ::ffff:10.0.0.0/104 ::ffff:a00:1/128 ::ffff:0.0.0.0/96 ::ffff:10.0.0.0/90 ::/0 ::/1
  8000::/1 fd00::/8 fd00::/64 fd00::/112 fd00::/121 fd00::80/121 fd00::1/128 FD00:0:0::5/112 fd00:172::/32
  2001:db8::/32 ffff::/16 ::/128 203.0.113.4/32 172.18.0.4/32
`
  .trim()
  .split(/\s+/);

/** Which of `blocks` the API server accepts as `except` of each: inside, and with a longer prefix as written (part 9). */
const exceptsOf: ReadonlyMap<string, readonly string[]> = new Map(
  blocks.map((cidr) => [
    cidr,
    blocks.filter((except) => {
      const inner = readBlock(except);
      const rest = BigInt(inner.base.bits - inner.prefix);
      const masked = { ...inner.base, value: (inner.base.value >> rest) << rest };
      return isIn(masked, readBlock(cidr)) && writtenPrefix(cidr) < writtenPrefix(except);
    }),
  ]),
);

/** The prefix of the text: a mapped block has the long one, which is how its except may be the larger block. */
function writtenPrefix(cidr: string): number {
  return Number(cidr.slice(cidr.indexOf('/') + 1));
}

const ipBlock: Shape = fc.constantFrom(...blocks).chain((cidr) => {
  const excepts = exceptsOf.get(cidr) ?? [];
  const except: Shape =
    excepts.length === 0
      ? fc.constantFrom<Json>(null, [])
      : orNull(fc.array(fc.constantFrom(...excepts), { maxLength: 3 }));
  return fields({ cidr: fc.constant(cidr), except }, ['cidr']);
});

const peer: Shape = weighted<Json>(
  [4, all({ podSelector })],
  [3, all({ namespaceSelector })],
  [3, all({ podSelector, namespaceSelector })],
  [5, all({ ipBlock })],
  // Null is the same as absence (corner 13), as long as another field is left.
  [1, all({ podSelector, namespaceSelector: fc.constant(null), ipBlock: fc.constant(null) })],
  [1, all({ podSelector: fc.constant(null), namespaceSelector })],
);

const protocol = fc.constantFrom(...protocols);

const portEntry: Shape = weighted<Json>(
  [1, nothing],
  [2, all({ protocol })],
  [5, fields({ port: fc.constantFrom(...portNumbers), protocol: orNull(protocol) })],
  [
    3,
    fc
      .tuple(fc.constantFrom(...portNumbers), fc.constantFrom(...portNumbers, 54, 8079), protocol)
      .map(([one, other, named]) => ({
        port: Math.min(one, other),
        endPort: Math.max(one, other),
        protocol: named,
      })),
  ],
  [
    4,
    fields(
      {
        port: fc.constantFrom(...portNames),
        protocol: weighted([3, fc.constant('TCP')], [1, protocol], [1, fc.constant(null)]),
      },
      ['port'],
    ),
  ],
  [1, fc.constant({ port: null, endPort: null, protocol: null })],
);

const ports: Shape = weighted<Json>([1, fc.constantFrom<Json>(null, [])], [8, listOf(portEntry, 3)]);
const peers: Shape = weighted<Json>([2, fc.constantFrom<Json>(null, [])], [8, listOf(peer, 3)]);

function rulesOf(field: 'from' | 'to'): Shape {
  const rule = weighted<Json>(
    [1, nothing],
    [4, fields({ [field]: peers, ports })],
    [3, all({ [field]: peers })],
    [9, all({ [field]: peers, ports })],
  );
  // A lone dash is a rule that allows everything, and makes a policy of egress one (corner 9).
  return weighted<Json>(
    [1, fc.constantFrom<Json>(null, [])],
    [8, listOf(rule, 3)],
    [1, fc.constantFrom<Json>([null], [{}])],
  );
}

// Absent, all spellings of both, and lists that repeat a value (corner 5).
const policyTypes = fc.constantFrom<Json>(
  null,
  [],
  ['Ingress'],
  ['Ingress'],
  ['Egress'],
  ['Egress'],
  ['Ingress', 'Egress'],
  ['Egress', 'Ingress'],
  ['Ingress', 'Ingress'],
  ['Egress', 'Egress'],
);

const policySpec = weighted<Json | undefined>(
  [1, fc.constantFrom<Json | undefined>(undefined, null, {})], // the whole spec (corner 6)
  [
    24,
    fields({
      podSelector: weighted<Json>([5, podSelector], [2, nothing]),
      policyTypes,
      ingress: rulesOf('from'),
      egress: rulesOf('to'),
    }),
  ],
);

const containerPort: Shape = fields(
  {
    containerPort: fc.constantFrom(...portNumbers),
    name: fc.constantFrom(...portNames),
    protocol: weighted<Json>([3, fc.constant('TCP')], [2, protocol], [1, fc.constantFrom<Json>(null, '')]),
  },
  ['containerPort'],
);

/** In one container a name occurs once (corner 28). */
const containerPorts = fc.uniqueArray(containerPort, {
  maxLength: 3,
  selector: (port) => (typeof port === 'object' && port !== null && 'name' in port ? port.name : port),
});

interface PodPlan {
  readonly namespace: (typeof namespaceNames)[number] | undefined;
  readonly labels: Json | undefined;
  readonly containers: readonly (readonly Json[])[];
  readonly initContainers: readonly { readonly sidecar: boolean; readonly ports: readonly Json[] }[];
  readonly ephemeral: boolean;
  readonly families: 'IPv4' | 'IPv6' | 'dual' | 'dual, IPv6 first' | 'none';
  readonly node: (typeof nodeNames)[number] | undefined;
  readonly hostNetwork: boolean;
  readonly phase: string;
  /** Written as `podIP` alone, as people do by hand; only for a pod with one address. */
  readonly onlyPodIP: boolean;
  /** Makes it a Deployment of that many replicas instead. */
  readonly replicas: number | undefined;
}

const podPlan: fc.Arbitrary<PodPlan> = fc.record({
  namespace: weighted<PodPlan['namespace']>(
    [6, fc.constant('a' as const)],
    [3, fc.constantFrom(...namespaceNames)],
    [1, fc.constant(undefined)],
  ),
  labels: weighted<Json | undefined>(
    [12, labelsOf(labelKeys, labelValue, 3)],
    [1, fc.constantFrom(null, undefined)],
  ),
  containers: fc.array(containerPorts, { minLength: 1, maxLength: 2 }),
  initContainers: weighted(
    [2, fc.constant<PodPlan['initContainers']>([])],
    [1, fc.array(fc.record({ sidecar: fc.boolean(), ports: containerPorts }), { maxLength: 2 })],
  ),
  ephemeral: weighted([7, fc.constant(false)], [1, fc.constant(true)]),
  families: weighted<PodPlan['families']>(
    [4, fc.constant('IPv4')],
    [4, fc.constant('dual')],
    [1, fc.constantFrom('dual, IPv6 first', 'none')],
    [1, fc.constant('IPv6')],
  ),
  node: weighted<PodPlan['node']>([4, fc.constantFrom(...nodeNames)], [1, fc.constant(undefined)]),
  hostNetwork: weighted([8, fc.constant(false)], [1, fc.constant(true)]),
  phase: weighted(
    [12, fc.constant('Running')],
    [2, fc.constantFrom('Pending', 'Succeeded', 'Failed', 'Unknown')],
  ),
  onlyPodIP: fc.constantFrom(false, false, false, true),
  replicas: weighted<number | undefined>([9, fc.constant(undefined)], [1, fc.constantFrom(0, 1, 2, 3)]),
});

interface PolicyPlan {
  readonly namespace: (typeof namespaceNames)[number] | undefined;
  readonly spec: Json | undefined;
}

const policyPlan: fc.Arbitrary<PolicyPlan> = fc.record({
  namespace: weighted<PolicyPlan['namespace']>(
    [6, fc.constant('a' as const)],
    [3, fc.constantFrom(...namespaceNames)],
    [1, fc.constant(undefined)],
  ),
  spec: policySpec,
});

const namespacePlan = fc.record({
  exists: fc.constantFrom(false, true, true, true),
  labels: weighted<Json | undefined>(
    [6, labelsOf(namespaceLabelKeys, labelValue, 2)],
    [1, fc.constantFrom(null, undefined)],
  ),
});

const nodePlan = fc.record({
  exists: fc.constantFrom(false, true, true, true),
  hasAddresses: fc.constantFrom(false, true, true, true, true),
});

/** Random small clusters in which every corner of NetworkPolicy v1 occurs often, and matches often. */
export const clusters: fc.Arbitrary<RandomCluster> = fc
  .record({
    pods: fc.array(podPlan, { minLength: 1, maxLength: podNames.length }),
    policies: fc.array(policyPlan, { maxLength: 6 }),
    namespaces: fc.tuple(namespacePlan, namespacePlan, namespacePlan, namespacePlan),
    nodes: fc.tuple(nodePlan, nodePlan, nodePlan, nodePlan),
    v4: fc.shuffledSubarray([...podIPv4], { minLength: podIPv4.length }),
    v6: fc.shuffledSubarray([...podIPv6], { minLength: podIPv6.length }),
  })
  .map(({ pods, policies, namespaces, nodes, v4, v6 }) => {
    const nodeIPs = new Map(
      nodeNames.map((name, i) => [name, nodes[i]?.hasAddresses === true ? nodeAddresses[name] : []]),
    );
    return {
      objects: [
        ...namespaceNames.flatMap((name, i) => {
          const plan = namespaces[i];
          if (plan?.exists !== true) return [];
          return [
            { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...optional('labels', plan.labels) } },
          ];
        }),
        ...nodeNames.flatMap((name, i) =>
          nodes[i]?.exists === true ? [nodeOf(name, nodeIPs.get(name) ?? [])] : [],
        ),
        ...pods.map((plan, i) =>
          podOf(plan, podNames[i] ?? '', addressesOf(plan, v4[i] ?? '', v6[i] ?? '', nodeIPs)),
        ),
        ...policies.map(({ namespace, spec }, i) => ({
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: `policy-${i}`, ...optional('namespace', namespace) },
          ...optional('spec', spec),
        })),
      ],
    };
  });

/**
 * The same clusters with cluster-wide policies around their NetworkPolicies, and labels on their nodes: all kinds of
 * policies, peers, ports and actions, of equal priorities too (corners 53 to 66).
 */
export function clustersWithTiers(options: TierOptions): fc.Arbitrary<RandomCluster> {
  return fc
    .record({
      cluster: clusters,
      // Less of NetworkPolicy, so that Baseline has something to say.
      networkPolicies: fc.constantFrom(0, 1, 1, 2, 6),
      tiers: tierPoliciesOf(options),
      labels: fc.tuple(nodeLabels, nodeLabels, nodeLabels, nodeLabels),
    })
    .map(({ cluster: { objects }, networkPolicies, tiers, labels }) => {
      const isNetworkPolicy = (object: JsonObject): boolean => object['kind'] === 'NetworkPolicy';
      const others = objects.filter((object) => !isNetworkPolicy(object));
      return {
        objects: [
          ...others.map((object) => (object['kind'] === 'Node' ? withNodeLabels(object, labels) : object)),
          ...objects.filter(isNetworkPolicy).slice(0, networkPolicies),
          ...tiers,
        ],
      };
    });
}

function withNodeLabels(node: JsonObject, labels: readonly (Json | undefined)[]): JsonObject {
  const { metadata } = node;
  if (!isObject(metadata)) return node;
  const own = labels[nodeNames.findIndex((name) => name === metadata['name'])];
  return { ...node, metadata: { ...metadata, ...optional('labels', own) } };
}

/** A host-network pod has its node's first address of each family; another has its own of the pools, and a finished one still names them. */
function addressesOf(
  plan: PodPlan,
  v4: string,
  v6: string,
  nodeIPs: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  if (plan.families === 'none') return [];
  if (plan.hostNetwork) {
    const ofNode = nodeIPs.get(plan.node ?? '') ?? [];
    const one = ofNode.find((ip) => !ip.includes(':'));
    const other = ofNode.find((ip) => ip.includes(':'));
    return [one, other].filter((ip) => ip !== undefined);
  }
  switch (plan.families) {
    case 'IPv4':
      return [v4];
    case 'IPv6':
      return [v6];
    case 'dual':
      return [v4, v6];
    case 'dual, IPv6 first':
      return [v6, v4];
  }
}

function nodeOf(name: string, addresses: readonly string[]): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: {
      addresses: [
        ...addresses.map((address, i) => ({ type: i === 0 ? 'InternalIP' : 'ExternalIP', address })),
        { type: 'Hostname', address: `${name}.example.com` },
      ],
    },
  };
}

function podOf(plan: PodPlan, name: string, addresses: readonly string[]): JsonObject {
  // A port of a host-network pod is a port of the host too, so the server refuses to declare it twice.
  const portsOf = (ports: readonly Json[], i: number): readonly Json[] =>
    plan.hostNetwork ? ports.slice(0, i === 0 ? 1 : 0) : ports;
  const container = (prefix: string) => (ports: readonly Json[], i: number) => ({
    name: `${prefix}${i}`,
    image: 'registry.example/app:1',
    ...(ports.length > 0 && { ports }),
  });
  const spec: JsonObject = {
    ...(plan.hostNetwork && { hostNetwork: true }),
    ...(plan.initContainers.length > 0 && {
      initContainers: plan.initContainers.map(({ sidecar, ports }, i) => ({
        ...container('init-')(plan.hostNetwork ? [] : ports, i),
        ...(sidecar && { restartPolicy: 'Always' }),
      })),
    }),
    containers: plan.containers.map((ports, i) => container('main-')(portsOf(ports, i), i)),
  };
  const namespace = optional('namespace', plan.namespace);
  if (plan.replicas !== undefined) {
    const own = { deployment: name };
    const labels = isObject(plan.labels) ? { ...plan.labels, ...own } : own;
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, ...namespace, labels: { app: 'not-of-the-pods' } }, // corner 24
      spec: {
        replicas: plan.replicas,
        selector: { matchLabels: own },
        template: { metadata: { labels }, spec },
      },
    };
  }
  const ephemeral = { name: 'debug', image: 'registry.example/debug:1' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...namespace, ...optional('labels', plan.labels) },
    spec: {
      ...optional('nodeName', plan.node),
      ...spec,
      ...(plan.ephemeral && { ephemeralContainers: [ephemeral] }),
    },
    status: {
      phase: plan.phase,
      ...(addresses[0] !== undefined && { podIP: addresses[0] }),
      ...(addresses.length > (plan.onlyPodIP ? 1 : 0) && { podIPs: addresses.map((ip) => ({ ip })) }),
    },
  };
}

function podsOfDeployment(object: JsonObject): readonly JsonObject[] {
  const { metadata, spec } = object;
  if (!isObject(metadata) || !isObject(spec) || !isObject(spec['template'])) return [];
  const { name } = metadata;
  const { template } = spec;
  if (typeof name !== 'string') return [];
  return Array.from({ length: Number(spec['replicas']) }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(isObject(template['metadata']) && template['metadata']),
      ...('namespace' in metadata && { namespace: metadata['namespace'] ?? null }),
      name: `${name}-${i}`,
    },
    spec: template['spec'] ?? null,
    status: { phase: 'Pending' },
  }));
}
