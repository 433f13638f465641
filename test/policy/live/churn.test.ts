import { expect, test } from 'vitest';
import { generate } from '../../../bench/generate.ts';
import { seeded } from '../../../bench/random.ts';
import { readObjects } from '../../../src/manifest/index.ts';
import type { Cluster, NetworkPolicy, Pod } from '../../../src/model/index.ts';
import { compile, openCluster } from '../../../src/policy/index.ts';
import type { Change, LiveCluster } from '../../../src/policy/index.ts';
import { allowedPorts, count } from '../../../src/reach/index.ts';
import { change, changesBetween, clusterOf, stateOf } from './states.ts';
import type { State } from './states.ts';

// A cluster of the usual kind, large enough that peers become dense and sparse again, through thousands of changes.

const { cluster } = readObjects([
  ...generate({ name: 'churn', pods: 600, policies: 300, namespaces: 15, seed: 5 }),
]);

function totals(
  byPorts: readonly { readonly allowed: unknown; readonly pairs: number | bigint }[],
): string[] {
  return byPorts.map(({ allowed, pairs }) => `${JSON.stringify(allowed)} ${pairs}`).sort();
}

function expectFresh(live: LiveCluster, state: Cluster): void {
  const found = live.count();
  const fresh = count(compile(state));
  expect(found).toMatchObject({ pods: fresh.pods, pairs: fresh.pairs, allowed: fresh.allowed });
  const documented = found.byPorts.map(({ allowed, pairs }) => ({ allowed: allowedPorts(allowed), pairs }));
  expect(totals(documented)).toEqual(totals(fresh.byPorts));
}

/** A random change of a random object; new labels, selectors, blocks, ports and names among them. */
function randomChange(state: State, random: ReturnType<typeof seeded>): Change {
  const pods = [...cluster.pods];
  const pod = random.pick(pods);
  const policy = random.pick(cluster.policies);
  const someLabel = random.pick([...random.pick(pods).labels]);
  const [key, value] = someLabel;
  switch (random.below(10)) {
    case 0:
      return { kind: 'podDeleted', id: pod.id };
    case 1:
      return { kind: 'pod', pod: { ...pod, labels: new Map(pod.labels).set(key, value) } };
    case 2:
      return { kind: 'pod', pod: { ...pod, labels: new Map(pod.labels).set('own', random.suffix(4)) } };
    case 3: {
      const address = { family: 'IPv4', value: 0x0a00_0000n + BigInt(random.below(4096)) } as const;
      return { kind: 'pod', pod: { ...pod, addresses: [address], node: random.pick(pods).node } };
    }
    case 4: {
      const namespace = random.pick([...cluster.namespaces.values()]);
      if (random.chance(30)) return { kind: 'namespaceDeleted', name: namespace.name };
      const team = random.pick([...cluster.namespaces.values()]).labels.get('team') ?? 'none';
      return {
        kind: 'namespace',
        namespace: { ...namespace, labels: new Map(namespace.labels).set('team', team) },
      };
    }
    case 5:
      return { kind: 'policyDeleted', namespace: policy.namespace, name: policy.name };
    case 6: {
      const requirement = {
        key,
        operator: random.pick(['In', 'NotIn', 'Exists', 'DoesNotExist'] as const),
        values: [value],
        written: 'matchLabels',
      } as const;
      const asked = requirement.operator.includes('In') ? requirement : { ...requirement, values: [] };
      return { kind: 'policy', policy: { ...policy, podSelector: { requirements: [asked] } } };
    }
    case 7:
      return { kind: 'policy', policy: withBlock(policy, random.below(256), random.pick([12, 16, 24, 28])) };
    case 8:
      return { kind: 'policy', policy: withPorts(policy, 1 + random.below(60_000)) };
    default:
      return random.chance(50)
        ? { kind: 'policy', policy }
        : { kind: 'pod', pod: state.pods.get(pod.id) ?? pod };
  }
}

function withBlock(policy: NetworkPolicy, byte: number, prefix: number): NetworkPolicy {
  const size = 1n << BigInt(32 - prefix);
  const address = 0x0a00_0000n + BigInt(byte * 16);
  const first = address - (address % size);
  const cidr = { family: 'IPv4', first, last: first + size - 1n, prefix } as const;
  const peer = { kind: 'ipBlock', cidr, except: [] } as const;
  const rule = { peers: { kind: 'oneOf', peers: [peer] }, ports: { kind: 'all' } } as const;
  return {
    ...policy,
    ingress: { kind: 'isolates', rules: [rule] },
    egress: { kind: 'isolates', rules: [rule] },
  };
}

function withPorts(policy: NetworkPolicy, from: number): NetworkPolicy {
  const entry = { kind: 'range', protocol: 'TCP', from, to: from + 2 } as const;
  const rule = { peers: { kind: 'any' }, ports: { kind: 'oneOf', ports: [entry] } } as const;
  return { ...policy, ingress: { kind: 'isolates', rules: [rule] } };
}

test('thousands of random changes, and all of them undone', () => {
  const random = seeded(11);
  const live = openCluster(cluster, { denseThreshold: 16 });
  const opened = live.stats;
  expectFresh(live, cluster);
  const state = stateOf(cluster);
  for (let i = 1; i <= 4_000; i++) {
    const one = randomChange(state, random);
    live.apply(one);
    change(state, one);
    if (i % 400 === 0) expectFresh(live, clusterOf(state));
  }
  // A cluster that is opened as it is by now has tables of the same size: nothing is left of what was there in between.
  const { portSets: _, ...now } = live.stats;
  const { portSets: __, ...fresh } = openCluster(clusterOf(state), { denseThreshold: 16 }).stats;
  expect({ ...now, rows: 0, columns: 0 }).toEqual({ ...fresh, rows: 0, columns: 0 });

  for (const one of changesBetween(state, stateOf(cluster))) live.apply(one);
  expectFresh(live, cluster);
  const { portSets: ___, ...undone } = live.stats;
  const { portSets: ____, ...before } = opened;
  expect({ ...undone, rows: 0, columns: 0 }).toEqual({ ...before, rows: 0, columns: 0 });
});

test('the same objects again change nothing', () => {
  const live = openCluster(cluster);
  const before = live.stats;
  for (const pod of cluster.pods) live.apply({ kind: 'pod', pod: { ...pod } });
  for (const policy of cluster.policies) {
    const { difference } = live.apply({ kind: 'policy', policy: { ...policy } }, { difference: true });
    expect(difference).toEqual({ pods: [], outside: [] });
  }
  for (const namespace of cluster.namespaces.values()) live.apply({ kind: 'namespace', namespace });
  expect(live.stats).toEqual(before);
  expectFresh(live, cluster);
});

test('ever new ports, labels and addresses do not fill the memory', () => {
  const live = openCluster(cluster);
  const before = live.stats;
  const pod = cluster.pods[3]!;
  const policy = cluster.policies[7]!;
  let most = 0;
  for (let i = 1; i <= 5_000; i++) {
    live.apply({ kind: 'policy', policy: withPorts(policy, i) });
    const ports = [{ name: `port-${i}`, protocol: 'TCP', port: 8080, sidecar: false }] as const;
    live.apply({ kind: 'pod', pod: { ...pod, ports, labels: new Map(pod.labels).set(`key-${i}`, `${i}`) } });
    most = Math.max(most, live.stats.portSets);
  }
  expect(most).toBeLessThan(10_000);
  live.apply({ kind: 'policy', policy });
  live.apply({ kind: 'pod', pod });
  expect({ ...live.stats, portSets: 0 }).toEqual({ ...before, portSets: 0 });
  expectFresh(live, cluster);
});

test('opening is the same as coming there by changes, in any order', () => {
  const random = seeded(3);
  const objects: Change[] = changesBetween(stateOf(readObjects([]).cluster), stateOf(cluster));
  for (let i = objects.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [objects[i], objects[j]] = [objects[j]!, objects[i]!];
  }
  const live = openCluster(readObjects([]).cluster);
  for (const one of objects) live.apply(one);
  expectFresh(live, cluster);
  const { portSets: _, rows: __, columns: ___, ...came } = live.stats;
  const { portSets: ____, rows: _____, columns: ______, ...opened } = openCluster(cluster).stats;
  expect(came).toEqual(opened);
});

test('more pairs than a number can hold are counted exactly', () => {
  const many = (name: string, replicas: number): Pod => ({
    ...cluster.pods[0]!,
    id: `crowd/Deployment/${name}`,
    namespace: 'crowd',
    name,
    replicas,
    template: true,
  });
  const live = openCluster(readObjects([]).cluster);
  live.apply({ kind: 'pod', pod: many('a', 2 ** 31 - 1) });
  live.apply({ kind: 'pod', pod: many('b', 2 ** 31 - 5) });
  const pods = 2n ** 32n - 6n;
  expect(live.count()).toMatchObject({
    pods: Number(pods),
    pairs: pods * (pods - 1n),
    allowed: pods * (pods - 1n),
  });
  live.apply({ kind: 'podDeleted', id: 'crowd/Deployment/a' });
  live.apply({ kind: 'pod', pod: many('b', 3) });
  expect(live.count()).toMatchObject({ pods: 3, pairs: 6, allowed: 6 });
});
