import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster, Pod } from '../../src/model/index.ts';
import { parseAddress } from '../../src/net/index.ts';
import { compile } from '../../src/policy/index.ts';
import { clusters, clustersWithTiers, toJson, toYaml } from '../property/clusters.ts';
import type { RandomCluster } from '../property/clusters.ts';
import { outsideAddresses, portPoints } from '../property/questions.ts';
import type { Point } from '../property/questions.ts';
import { familyOf, Network } from './network.ts';
import type { Asked, NetworkEnd } from './network.ts';
import { generator, sample } from './random.ts';

// The rules of every node, evaluated packet by packet, against the engine. PODWALL_CLUSTERS and PODWALL_SEED as elsewhere.

const runs = Number(process.env['PODWALL_CLUSTERS'] ?? 2000);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Of each pair this many ports are asked about, and of each cluster this many addresses outside. */
const pointsOfPair = 6;
const outsideOfCluster = 10;

/** Other programs may run beside this one. */
const patienceMs = 600_000;

interface Case {
  /** Whether some labels of some pods are for the cluster to say (corner 23). */
  readonly hidesLabels: boolean;
  readonly cluster: RandomCluster;
  readonly port: number;
  readonly choice: number;
}

const casesOf = (cluster: fc.Arbitrary<RandomCluster>, hidesLabels = false): fc.Arbitrary<Case> =>
  fc.record({
    hidesLabels: fc.constant(hidesLabels),
    cluster,
    port: fc.integer({ min: 1, max: 65535 }),
    choice: fc.integer({ min: 1, max: 2 ** 30 }),
  });

// Of today's API, and of a newer one.
const tiered = fc.oneof(...[false, true].map((unknown) => clustersWithTiers({ unknown })));

const kinds = [
  { name: 'NetworkPolicy', cases: casesOf(clusters), seed, share: 1 },
  { name: 'tiers', cases: casesOf(tiered), seed: seed + 1, share: 1 },
  { name: 'labels that files do not know', cases: casesOf(tiered, true), seed: seed + 2, share: 0.25 },
];

interface Asking {
  packets: number;
  allowed: number;
  /** Denied to a pod on the way to its own node. */
  toNode: number;
}

test.each(kinds)(
  'the rules of every node decide as the engine: $name',
  ({ name, cases, seed: own, share }) => {
    const asking: Asking = { packets: 0, allowed: 0, toNode: 0 };
    const result = fc.check(
      fc.property(cases, (each) => {
        const difference = disagreement(each, asking);
        if (difference !== undefined) throw new Error(difference);
      }),
      { seed: own, numRuns: Math.ceil(runs * share) },
    );
    if (result.failed) {
      const [each] = result.counterexample ?? [];
      expect.fail(
        [
          `PODWALL_SEED=${seed} finds this with PODWALL_CLUSTERS=${runs} (shrunk ${result.numShrinks} times):`,
          String(result.errorInstance),
          each === undefined ? '' : toYaml(each.cluster.objects),
        ].join('\n'),
      );
    }
    // Both answers must have been met often, else nothing was compared.
    expect(asking.allowed).toBeGreaterThan(runs * share);
    expect(asking.packets - asking.allowed).toBeGreaterThan(runs * share);
    // Tiers alone deny that.
    if (name === 'NetworkPolicy') expect(asking.toNode).toBe(0);
    else expect(asking.toNode).toBeGreaterThan((runs * share) / 10);
  },
  patienceMs,
);

/** The first packet that rules and engine decide differently; `undefined` when there is none. */
function disagreement(
  { hidesLabels, cluster: { objects }, port, choice }: Case,
  asking: Asking,
): string | undefined {
  const random = generator(choice);
  const { cluster: read } = readManifests([{ file: 'cluster.json', text: toJson(objects) }]);
  const policy = compile(hidesLabels ? withHiddenLabels(read, random) : read);
  const network = new Network(policy);
  const points = portPoints(objects, port);
  const others = sample(outsideAddresses(objects), outsideOfCluster, random)
    .filter((text) => !network.ends.some(({ address }) => sameAddress(address, text)))
    .map(endOutside);
  const all = [...network.ends, ...others];
  for (const from of all) {
    for (const to of all) {
      if (familyOf(from) !== familyOf(to)) continue;
      if (!from.isPod && !to.isPod) continue;
      const allowed = policy.allowed(from.engine, to.engine, familyOf(from));
      for (const point of [...sample(points, pointsOfPair, random), other]) {
        // Ambiguous is closed: what is allowed whichever policy of one priority is applied (corner 60).
        const expected = point.protocol === 'other' ? allowed.other : allowed.has(point.protocol, point.port);
        const found = network.allows(from, to, askedOf(point, familyOf(from)));
        asking.packets++;
        if (found) asking.allowed++;
        else if (from.isPod && !to.isPod && from.node === to.node) asking.toNode++;
        if (found === expected) continue;
        const words = (verdict: boolean): string => (verdict ? 'allowed' : 'denied');
        return `${from.address} → ${to.address} ${point.protocol} ${point.port}: engine ${words(expected)}, rules ${words(found)}`;
      }
    }
  }
  return undefined;
}

/** The cluster with labels of pods that are there with an unknown value, or perhaps. */
function withHiddenLabels(cluster: Cluster, random: () => number): Cluster {
  const hidden = new Map(
    cluster.pods.map((pod): [Pod, Pod] => {
      const undecided = new Map(pod.undecided);
      const labels = new Map(pod.labels);
      for (const key of ['app', 'tier', 'constructor']) {
        if (random() < 0.8) continue;
        labels.delete(key);
        undecided.set(key, random() < 0.5 ? 'present' : 'maybe');
      }
      return [pod, { ...pod, labels, undecided }];
    }),
  );
  const of = (pods: readonly Pod[]): readonly Pod[] => pods.map((pod) => hidden.get(pod) ?? pod);
  return {
    ...cluster,
    pods: of(cluster.pods),
    workloads: cluster.workloads.map((workload) => ({ ...workload, pods: of(workload.pods) })),
  };
}

const other: Point = { protocol: 'other', port: 1 };

function askedOf({ protocol, port }: Point, family: string): Asked {
  switch (protocol) {
    case 'TCP':
      return { protocol: 'tcp', port };
    case 'UDP':
      return { protocol: 'udp', port };
    case 'SCTP':
      return { protocol: 'sctp', port };
    case 'other':
      return { protocol: family === 'IPv4' ? 'icmp' : 'icmpv6', port: undefined };
  }
}

function endOutside(text: string): NetworkEnd {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return { engine: { kind: 'address', address }, address: text, node: undefined, isPod: false };
}

function sameAddress(a: string, b: string): boolean {
  const [x, y] = [parseAddress(a), parseAddress(b)];
  return x?.family === y?.family && x?.value === y?.value;
}
