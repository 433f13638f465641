import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
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
  readonly cluster: RandomCluster;
  readonly port: number;
  readonly choice: number;
}

const casesOf = (cluster: fc.Arbitrary<RandomCluster>): fc.Arbitrary<Case> =>
  fc.record({
    cluster,
    port: fc.integer({ min: 1, max: 65535 }),
    choice: fc.integer({ min: 1, max: 2 ** 30 }),
  });

const kinds = [
  { name: 'NetworkPolicy', cases: casesOf(clusters), seed },
  { name: 'tiers', cases: casesOf(clustersWithTiers({ unknown: false })), seed: seed + 1 },
  { name: 'tiers of a newer API', cases: casesOf(clustersWithTiers({ unknown: true })), seed: seed + 2 },
];

interface Asking {
  packets: number;
  allowed: number;
}

test.each(kinds)(
  'the rules of every node decide as the engine: $name',
  ({ cases, seed: own }) => {
    const asking: Asking = { packets: 0, allowed: 0 };
    const result = fc.check(
      fc.property(cases, (each) => {
        const difference = disagreement(each, asking);
        if (difference !== undefined) throw new Error(difference);
      }),
      { seed: own, numRuns: runs },
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
    expect(asking.allowed).toBeGreaterThan(runs);
    expect(asking.packets - asking.allowed).toBeGreaterThan(runs);
  },
  patienceMs,
);

/** The first packet that rules and engine decide differently; `undefined` when there is none. */
function disagreement({ cluster: { objects }, port, choice }: Case, asking: Asking): string | undefined {
  const { cluster } = readManifests([{ file: 'cluster.json', text: toJson(objects) }]);
  const policy = compile(cluster);
  const network = new Network(policy);
  const random = generator(choice);
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
        if (found === expected) continue;
        const words = (verdict: boolean): string => (verdict ? 'allowed' : 'denied');
        return `${from.address} → ${to.address} ${point.protocol} ${point.port}: engine ${words(expected)}, rules ${words(found)}`;
      }
    }
  }
  return undefined;
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
