import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { families, parseAddress, PortSet } from '../../src/net/index.ts';
import type { Address, Family } from '../../src/net/index.ts';
import { parseIPv6 } from '../../src/net/address.ts';
import { compile, profileNames } from '../../src/policy/index.ts';
import { compareProfiles, map, portSet } from '../../src/reach/index.ts';
import type {
  ConnectivityMap,
  Level,
  MapConnection,
  MapPeer,
  ProfileComparison,
} from '../../src/reach/index.ts';
import { clusters, clustersWithTiers, toYaml } from './clusters.ts';
import { outsideAddresses } from './questions.ts';

// A comparison finds what differs by blocks of groups and lists nothing else. Here both maps are listed whole, and every pair
// of peers, and every address at which a block begins or ends, is held against the other map.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const runs = Math.ceil(Number(process.env['PODWALL_CLUSTERS'] ?? 2400) / 8);

const levels: readonly Level[] = [
  { kind: 'pod' },
  { kind: 'workload' },
  { kind: 'namespace' },
  { kind: 'label', key: 'app' },
];

/** What some connections are in a family: ports that are open in any case, that may be, and whether for some pairs only. */
function told(connections: readonly MapConnection[], family: Family): string {
  const own = connections.filter((each) => each.family === undefined || each.family === family);
  const ports = (ambiguous: boolean): string =>
    PortSet.union(
      own.filter((each) => (each.ambiguous === true) === ambiguous).map(({ allowed }) => portSet(allowed)),
    ).key;
  return `${ports(false)} ${ports(true)} ${own.some(({ partial }) => partial === true)}`;
}

function bound(text: string): Address {
  const v6 = parseIPv6(text);
  return v6 === undefined ? parseAddress(text)! : { family: 'IPv6', value: v6 };
}

function holds({ ranges }: MapPeer, address: Address): boolean {
  return (ranges ?? []).some(([first, last]) => {
    const [a, b] = [bound(first), bound(last)];
    return a.family === address.family && a.value <= address.value && address.value <= b.value;
  });
}

/** By pair of ids: the connections; addresses outside are the peer that holds one of them. */
function between(
  { peers, connections }: Pick<ConnectivityMap, 'peers' | 'connections'>,
  addresses: readonly Address[],
): ReadonlyMap<string, readonly MapConnection[]> {
  const outside = peers.filter(({ kind }) => kind === 'ip');
  const namesOf = (id: string): readonly string[] => {
    const peer = outside.find((each) => each.id === id);
    if (peer === undefined) return [id];
    return addresses.filter((each) => holds(peer, each)).map(({ family, value }) => `${family} ${value}`);
  };
  const found = new Map<string, MapConnection[]>();
  for (const connection of connections) {
    for (const from of namesOf(connection.from)) {
      for (const to of namesOf(connection.to)) {
        const key = `${from} → ${to}`;
        found.set(key, [...(found.get(key) ?? []), connection]);
      }
    }
  }
  return found;
}

/** By pair of ids and family: the differences, addresses as in `between`. */
function differencesOf(comparison: ProfileComparison, addresses: readonly Address[]): ReadonlySet<string> {
  const connections = comparison.differences.map(({ from, to, family }) => ({
    from,
    to,
    family,
    allowed: 'all',
  }));
  const found = new Set<string>();
  for (const [key, list] of between(
    { ...comparison, connections: connections as MapConnection[] },
    addresses,
  ))
    for (const { family } of list)
      for (const each of family === undefined ? families : [family]) found.add(`${key} ${each}`);
  return found;
}

/** An address is of one family: what a difference says of both is then about that one. */
function isAbout(key: string): boolean {
  const of = /IPv[46] \d/.exec(key)?.[0].slice(0, 4);
  return of === undefined || key.endsWith(of);
}

test.each([
  ['without tiers', clusters],
  ['with tiers', clustersWithTiers({ unknown: false })],
] as const)(`profiles are compared as their maps are, %s (seed ${seed})`, (_, arbitrary) => {
  let differing = 0;
  let outside = 0;
  fc.assert(
    fc.property(
      arbitrary,
      fc.constantFrom(...profileNames),
      fc.constantFrom(...profileNames),
      fc.constantFrom(...levels),
      fc.constantFrom(undefined, 'a', 'b'),
      (random, one, other, level, namespace) => {
        if (one === other) return;
        const { cluster } = readManifests([{ file: 'cluster.yaml', text: toYaml(random.objects) }]);
        const query = { level, ...(namespace === undefined ? {} : { namespace }) };
        const addresses = outsideAddresses(random.objects).map((text) => parseAddress(text)!);
        const [a, b] = [one, other].map((profile) =>
          between(map(compile(cluster, { profile }), query).document, addresses),
        );
        const expected = new Set<string>();
        for (const key of new Set([...a!.keys(), ...b!.keys()]))
          for (const family of families)
            if (told(a!.get(key) ?? [], family) !== told(b!.get(key) ?? [], family))
              expected.add(`${key} ${family}`);
        const found = differencesOf(compareProfiles(cluster, [one, other], query), addresses);
        const sorted = (keys: Iterable<string>): readonly string[] => [...keys].filter(isAbout).sort();
        expect(sorted(found)).toEqual(sorted(expected));
        differing += expected.size;
        for (const key of expected) if (/IPv[46] \d/.test(key)) outside++;
      },
    ),
    { numRuns: runs, seed, endOnFailure: false },
  );
  expect(differing).toBeGreaterThan(runs);
  expect(outside).toBeGreaterThan(0);
});
