// Every claim of a report against the engine: potential pods, their namespaces and ports are really put into the input,
// and the engine is asked about each of them. PODWALL_CLUSTERS sets how many clusters a run has, PODWALL_SEED which.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { exposure } from '../../src/exposure/index.ts';
import type { Exposure, Witness } from '../../src/exposure/index.ts';
import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster, Pod } from '../../src/model/index.ts';
import { families, formatAddress, parseAddress, PortSet } from '../../src/net/index.ts';
import type { Family, Protocol } from '../../src/net/index.ts';
import { compile, has, profileNames } from '../../src/policy/index.ts';
import type { CompiledPolicy, PolicyEnd, ProfileName } from '../../src/policy/index.ts';
import { clusters, clustersWithTiers, toYaml } from '../property/clusters.ts';
import type { JsonObject, RandomCluster } from '../property/clusters.ts';
import { outsideAddresses } from '../property/questions.ts';
import { addressOf, predicted, predictedAddress, setOf } from './oracle.ts';
import type { Potential } from './oracle.ts';

const runs = Math.ceil(Number(process.env['PODWALL_CLUSTERS'] ?? 2400) / 4);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** What is asked of every potential pod has the most clusters, the rest a third of them. */
const fewer = Math.ceil(runs / 3);

const podKeys = ['app', 'tier', 'constructor', 'toString', 'example.com/role'];
const namespaceKeys = ['team', 'constructor'];
const names = ['a', 'b', 'constructor', 'default', 'fresh'];

const someLabels = (keys: readonly string[]): fc.Arbitrary<ReadonlyMap<string, string>> =>
  fc
    .tuple(...keys.map(() => fc.constantFrom(undefined, undefined, 'x', 'z', '', 'other')))
    .map((values) => new Map(keys.flatMap((key, i) => (values[i] === undefined ? [] : [[key, values[i]]]))));

/** Ports as a container may declare them: a name once in each. */
const somePorts: fc.Arbitrary<Potential['ports']> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('http', 'dns', 'constructor'),
    protocol: fc.constantFrom<Protocol[]>('TCP', 'UDP', 'SCTP'),
    port: fc.constantFrom(1, 53, 80, 81, 8080, 9999),
  }),
  { maxLength: 3, selector: ({ name }) => name },
);

const potential = fc.record({
  name: fc.constantFrom(...names),
  namespaceLabels: someLabels(namespaceKeys),
  labels: someLabels(podKeys),
  ports: somePorts,
  /** Around the bounds of the networks of tiers. */
  addresses: fc.tuple(
    fc.constantFrom(
      ...'10.0.0.1 10.0.0.33 10.0.0.77 10.0.0.200 10.1.2.3 192.168.7.7 172.18.0.4 203.0.113.4 8.8.8.8'.split(
        ' ',
      ),
    ),
    fc.constantFrom(
      ...'fd00::1 fd00::70 fd00::85 fd00::1:7 fd00:172::9 2001:db8::1 2600::1 9000::1'.split(' '),
    ),
  ),
});

type Drawn = typeof potential extends fc.Arbitrary<infer T> ? T : never;

function read(objects: readonly JsonObject[]): Cluster {
  return readManifests([{ file: 'cluster.yaml', text: toYaml(objects) }]).cluster;
}

function podObject(
  name: string,
  { namespace, labels, ports, addresses }: Omit<Potential, 'namespaceLabels'>,
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: Object.fromEntries(labels) },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'registry.example/app:1',
          ports: ports.map(({ name: port, protocol, port: containerPort }) => ({
            name: port,
            protocol,
            containerPort,
          })),
        },
      ],
    },
    ...(addresses.length > 0 && {
      status: {
        phase: 'Running',
        podIP: formatAddress(addresses[0]!),
        podIPs: addresses.map((address) => ({ ip: formatAddress(address) })),
      },
    }),
  };
}

/**
 * Potential pods as objects of the input: those of one new namespace agree about its labels.
 *
 * @param addressed - whether they have their addresses already
 */
function created(
  cluster: Cluster,
  drawn: readonly Drawn[],
  addressed = false,
): { pods: Potential[]; objects: JsonObject[] } {
  const fresh = new Map<string, ReadonlyMap<string, string>>();
  const pods = drawn.map(({ name, namespaceLabels, labels, ports, addresses }): Potential => {
    const isThere = cluster.namespaces.has(name);
    if (!isThere && !fresh.has(name)) fresh.set(name, namespaceLabels);
    return {
      namespace: name,
      namespaceLabels: isThere ? undefined : fresh.get(name),
      labels,
      ports,
      addresses: addressed ? addresses.map((address) => addressOf(address)!) : [],
    };
  });
  const objects = [
    ...[...fresh].map(([name, labels]) => namespaceObject(name, Object.fromEntries(labels))),
    ...pods.map((pod, i) => podObject(`potential-${i}`, pod)),
  ];
  return { pods, objects };
}

function namespaceObject(name: string, labels: Readonly<Record<string, string>>): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function podNamed(cluster: Cluster, name: string): Pod {
  const pod = cluster.pods.find((each) => each.name === name);
  if (pod === undefined) throw new Error(`no pod ${name}`);
  return pod;
}

const end = (pod: Pod): PolicyEnd => ({ kind: 'pod', pod });

function between(
  engine: CompiledPolicy,
  direction: Exposure['direction'],
  subject: PolicyEnd,
  other: PolicyEnd,
  family: Family,
): PortSet {
  return direction === 'ingress'
    ? engine.allowed(other, subject, family)
    : engine.allowed(subject, other, family);
}

/** The exposures of one pod of a cluster, one for each direction. */
function exposuresOf(policy: CompiledPolicy, pod: Pod): readonly Exposure[] {
  const { exposures } = exposure(policy, { pods: new Set([pod]), details: true }).document;
  expect(exposures.map(({ direction }) => direction).sort()).toEqual(['egress', 'ingress']);
  return exposures;
}

/** Whether a report says that it leaves something out, which would have taken too long. */
const isGivenUp = (undecided: readonly string[]): boolean =>
  undecided.some((text) => text.includes('too much') || text.includes('too many'));

const profile: fc.Arbitrary<ProfileName> = fc.oneof(
  fc.constant<ProfileName>('upstream'),
  fc.constantFrom(...profileNames),
);

function property(
  check: (random: RandomCluster, drawn: readonly Drawn[], reading: ProfileName) => void,
  numRuns = fewer,
): void {
  propertyOf(fc.oneof(clusters, clustersWithTiers({ unknown: true })), check, numRuns);
}

function propertyOf(
  from: fc.Arbitrary<RandomCluster>,
  check: (random: RandomCluster, drawn: readonly Drawn[], reading: ProfileName) => void,
  numRuns = fewer,
): void {
  fc.assert(fc.property(from, fc.array(potential, { minLength: 24, maxLength: 24 }), profile, check), {
    numRuns,
    seed,
    endOnFailure: false,
  });
}

/** A pod of the first cluster in the second, which has more of them. */
function same(pod: Pod, cluster: Cluster): Pod {
  const found = [...cluster.pods, ...cluster.finishedPods].find((each) => each.id === pod.id);
  if (found === undefined) throw new Error(`no pod ${pod.id}`);
  return found;
}

const scopeOf = (pod: Potential, own: string): Exposure['closed'][number]['scope'] =>
  pod.namespaceLabels !== undefined
    ? 'new-namespaces'
    : pod.namespace === own
      ? 'own-namespace'
      : 'other-namespaces';

test(`what potential pods may use is what the engine says of them once they are there (seed ${seed})`, () => {
  let open = 0;
  let closed = 0;
  let decided = 0;
  let ambiguous = 0;
  let withAddresses = 0;
  property((random, drawn, reading) => {
    // What an ipBlock lets pods with an address use is said of the addresses.
    const addressed = asksForNetworks(random.objects);
    const base = addressed ? random.objects.map(withoutBlocks) : random.objects;
    const cluster = read(base);
    const policy = compile(cluster, { profile: reading });
    const { undecided } = exposure(policy).document;
    if (isGivenUp(undecided)) return;
    expect(undecided).toEqual([]);
    const { pods, objects } = created(cluster, drawn, addressed);
    const extended = read([...base, ...objects]);
    const engine = compile(extended, { profile: reading });
    decided++;
    if (addressed) withAddresses++;
    for (const pod of policy.parts.classes.pods) {
      for (const told of exposuresOf(policy, pod)) {
        for (const [i, other] of pods.entries()) {
          const peer = end(podNamed(extended, `potential-${i}`));
          const subject = end(same(pod, extended));
          for (const family of families) {
            const actual = between(engine, told.direction, subject, peer, family);
            const said = has(end(pod), family) ? predicted(told, other, family) : PortSet.none;
            const what = `${told.direction} of ${pod.id}, ${family}, potential-${i}`;
            expect(said.key, what).toBe(actual.key);
            const most = between(engine.possible, told.direction, subject, peer, family);
            const saidMost = has(end(pod), family) ? predicted(told, other, family, true) : PortSet.none;
            expect(saidMost.key, `${what}, under some choice`).toBe(most.key);
            if (!most.equals(actual)) ambiguous++;
            if (actual.isEmpty) closed++;
            else open++;
            const scope = scopeOf(other, pod.namespace);
            if (!most.isEmpty) expect(told.closed.map((each) => each.scope)).not.toContain(scope);
          }
        }
      }
    }
  }, runs);
  expect(Math.min(open, closed)).toBeGreaterThan(runs * 20);
  expect(decided).toBeGreaterThan(runs * 0.98);
  if (runs >= 100) expect(Math.min(ambiguous, withAddresses)).toBeGreaterThan(runs / 20);
});

/** Whether tiers may treat pods by their addresses. */
function asksForNetworks(objects: readonly JsonObject[]): boolean {
  return objects.some((object) => JSON.stringify(object).includes('"networks"'));
}

/** A NetworkPolicy whose ipBlocks hold none of the addresses that potential pods have. */
function withoutBlocks(object: JsonObject): JsonObject {
  if (object['kind'] !== 'NetworkPolicy') return object;
  const replaced = JSON.stringify(object, (key, value: unknown) =>
    key === 'ipBlock' && value !== null ? { cidr: '203.0.113.250/32' } : value,
  );
  return JSON.parse(replaced) as JsonObject;
}

interface Told {
  readonly told: Exposure;
  readonly pod: Pod;
  readonly witness: Witness;
  readonly family: Family | undefined;
  readonly ambiguous: boolean;
}

/** Witnesses that can be there at the same time: a new namespace has one set of labels. */
function batches(witnesses: readonly Told[]): readonly (readonly Told[])[] {
  const labelsOf = ({ witness }: Told): string =>
    witness.kind === 'pod' && witness.namespaceLabels !== undefined
      ? JSON.stringify([witness.namespace, witness.namespaceLabels])
      : '';
  return [...Map.groupBy(witnesses, labelsOf).values()];
}

function objectsOf(witness: Witness, i: number): readonly JsonObject[] {
  if (witness.kind !== 'pod') return [];
  const { namespace, namespaceLabels, labels, protocol = 'TCP', port = 1, portNames = [], address } = witness;
  const pod = podObject(`witness-${i}`, {
    namespace,
    labels: new Map(Object.entries(labels)),
    ports: portNames.map((name) => ({ name, protocol, port })),
    addresses: address === undefined ? [] : [addressOf(address)!],
  });
  return namespaceLabels === undefined ? [pod] : [namespaceObject(namespace, namespaceLabels), pod];
}

function endOf(witness: Witness, cluster: Cluster, i: number): PolicyEnd {
  switch (witness.kind) {
    case 'address': {
      const address = addressOf(witness.address);
      if (address === undefined) throw new Error(`${witness.address} is no address`);
      return { kind: 'address', address };
    }
    case 'entry':
      throw new Error('these clusters have no entrances');
    case 'node':
      return { kind: 'node', node: cluster.nodes.get(witness.node)! };
    case 'pod':
      return end(podNamed(cluster, `witness-${i}`));
  }
}

test(`every witness gets through once it is there (seed ${seed})`, () => {
  const kinds = new Set<string>();
  let ambiguities = 0;
  property((random, _, reading) => {
    const cluster = read(random.objects);
    const policy = compile(cluster, { profile: reading });
    if (isGivenUp(exposure(policy).document.undecided)) return;
    const witnesses: Told[] = [];
    for (const pod of policy.parts.classes.pods) {
      for (const told of exposuresOf(policy, pod)) {
        for (const peer of told.peers) {
          kinds.add(peer.exposure);
          witnesses.push({
            told,
            pod,
            witness: peer.witness,
            family: 'family' in peer ? peer.family : undefined,
            ambiguous: peer.ambiguous !== undefined,
          });
        }
      }
    }
    for (const batch of batches(witnesses)) {
      const extended = read([...random.objects, ...batch.flatMap(({ witness }, i) => objectsOf(witness, i))]);
      const engine = compile(extended, { profile: reading });
      for (const [i, { told, pod, witness, family, ambiguous }] of batch.entries()) {
        if (witness.kind === 'pod') {
          expect(cluster.namespaces.has(witness.namespace)).toBe(witness.namespaceLabels === undefined);
        }
        const subject = end(same(pod, extended));
        const isOpenIn = (bound: CompiledPolicy): boolean =>
          families.some((each) => {
            if (family !== undefined && family !== each) return false;
            const set = between(bound, told.direction, subject, endOf(witness, extended, i), each);
            const { protocol, port } = witness;
            return protocol === undefined || port === undefined ? set.other : set.has(protocol, port);
          });
        const what = `${told.direction} of ${pod.id}: ${JSON.stringify(witness)}`;
        expect(isOpenIn(engine), what).toBe(!ambiguous);
        expect(isOpenIn(engine.possible), what).toBe(true);
        if (ambiguous) ambiguities++;
      }
    }
  });
  if (fewer < 150) return;
  expect(ambiguities).toBeGreaterThan(fewer / 20);
  // Every kind of peer has occurred, but for entrances, which these clusters have none of.
  expect([...kinds].sort()).toEqual(
    [
      'any-pod',
      'internet',
      'labelled-pods',
      'namespace',
      'namespace-pods',
      'new-namespaces',
      'nodes',
      'private-addresses',
      'public-addresses',
    ].sort(),
  );
});

test(`addresses and nodes may use what the engine says, and no more (seed ${seed})`, () => {
  property((random, _, reading) => {
    const cluster = read(random.objects);
    const policy = compile(cluster, { profile: reading });
    for (const pod of policy.parts.classes.pods) {
      for (const told of exposuresOf(policy, pod)) {
        for (const address of outsideAddresses(random.objects)) {
          const parsed = addressOf(address)!;
          const actual = between(
            policy,
            told.direction,
            end(pod),
            { kind: 'address', address: parsed },
            parsed.family,
          );
          const toldOf = (possible: boolean): PortSet =>
            has(end(pod), parsed.family) ? predictedAddress(told, parsed, possible) : PortSet.none;
          expect(toldOf(false).key, `${told.direction} of ${pod.id}, ${address}`).toBe(actual.key);
          const most = between(
            policy.possible,
            told.direction,
            end(pod),
            { kind: 'address', address: parsed },
            parsed.family,
          );
          expect(toldOf(true).key, `${told.direction} of ${pod.id}, ${address}, possibly`).toBe(most.key);
        }
        for (const node of cluster.nodes.values()) {
          const peer: PolicyEnd = { kind: 'node', node };
          if (policy.exemption(peer, end(pod)) !== undefined) continue;
          if (node.addresses.length === 0) continue;
          const actual = PortSet.union(
            families.map((family) => between(policy, told.direction, end(pod), peer, family)),
          );
          const most = PortSet.union(
            families.map((family) => between(policy.possible, told.direction, end(pod), peer, family)),
          );
          const all = told.peers.filter((each) => each.kind === 'nodes' && each.nodes.includes(node.name));
          const open = all.filter((each) => each.ambiguous !== undefined);
          expect(PortSet.union(open.map(({ allowed }) => setOf(allowed))).key).toBe(most.minus(actual).key);
          const listed = all.filter((each) => each.ambiguous === undefined);
          const ofInternet = told.peers.filter(
            (each) => each.exposure === 'internet' && each.ambiguous === undefined,
          );
          const said = PortSet.union([...listed, ...ofInternet].map(({ allowed }) => setOf(allowed)));
          // What an address of the internet may use need not be what this node may: it may be cut out.
          if (listed.length > 0) {
            expect(PortSet.union(listed.map(({ allowed }) => setOf(allowed))).key).toBe(actual.key);
          } else {
            expect(said.includes(actual), `${told.direction} of ${pod.id}, ${node.name}`).toBe(true);
          }
        }
      }
    }
  });
});

test(`a pod that gets an address may use what its labels let it and what the address lets it (seed ${seed})`, () => {
  const address = '10.0.0.33';
  propertyOf(clusters, (random, drawn, reading) => {
    const cluster = read(random.objects);
    const policy = compile(cluster, { profile: reading });
    const { pods, objects } = created(cluster, drawn);
    const addressed = objects.map((object) =>
      object['kind'] === 'Pod' ? { ...object, status: { phase: 'Running', podIP: address } } : object,
    );
    const extended = read([...random.objects, ...addressed]);
    const engine = compile(extended, { profile: reading });
    for (const pod of policy.parts.classes.pods) {
      if (!has(end(pod), 'IPv4')) continue;
      const told = exposuresOf(policy, pod).find(({ direction }) => direction === 'ingress')!;
      for (const [i, other] of pods.entries()) {
        // The policies of namespaces that exist bind their pods, with or without an address.
        if (other.namespaceLabels === undefined) continue;
        const peer = end(podNamed(extended, `potential-${i}`));
        const actual = engine.allowed(peer, end(same(pod, extended)), 'IPv4');
        const byLabels = predicted(told, other, 'IPv4');
        const said = policy.profile.ipBlockMatchesPods
          ? byLabels.union(predictedAddress(told, parseAddress(address)!))
          : byLabels;
        expect(said.key, `${pod.id}, potential-${i}`).toBe(actual.key);
      }
    }
  });
});

test(`the exposures of all pods are those of each pod (seed ${seed})`, () => {
  property((random, _, reading) => {
    const policy = compile(read(random.objects), { profile: reading });
    const { exposures, coverage } = exposure(policy, { details: true }).document;
    const pods = policy.parts.classes.pods;
    expect(coverage.pods).toBe(pods.reduce((sum, { replicas }) => sum + replicas, 0));
    for (const direction of ['ingress', 'egress'] as const) {
      const own = exposures.filter((each) => each.direction === direction);
      expect(own.reduce((sum, each) => sum + each.pods, 0)).toBe(coverage.pods);
    }
    for (const pod of pods) {
      for (const { workloads, pods: __, partial: ___, ...told } of exposuresOf(policy, pod)) {
        const same = exposures.filter(
          (each) => each.direction === told.direction && each.workloads.includes(pod.workload),
        );
        expect(same.map(({ workloads: _w, pods: _p, partial: _a, ...rest }) => rest)).toContainEqual(told);
        expect(workloads).toEqual([pod.workload]);
      }
    }
  });
});
