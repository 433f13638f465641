import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readManifests } from '../../../src/manifest/index.ts';
import type { Cluster, Pod } from '../../../src/model/index.ts';
import { families } from '../../../src/net/index.ts';
import type { PortSet } from '../../../src/net/index.ts';
import {
  compile,
  openCluster,
  profileNames,
  profiles,
  readingIds,
  readingRows,
  withReading,
} from '../../../src/policy/index.ts';
import type { CompiledPolicy, Profile, ReadingId } from '../../../src/policy/index.ts';
import { allowedPorts, compareProfiles, count, map } from '../../../src/reach/index.ts';
import type { ProfileComparison } from '../../../src/reach/index.ts';
import { clusters, clustersWithTiers, toYaml } from '../../property/clusters.ts';
import type { RandomCluster } from '../../property/clusters.ts';

// Whatever a profile reads, every way to an answer gives the same one. PODWALL_SEED sets the seed.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** A profile that no implementation has: any value of any row. */
const anyProfile: fc.Arbitrary<Profile> = fc
  .tuple(...readingIds.map((id) => fc.nat({ max: readingRows[id].values.length - 1 })))
  .map((choices) => readingIds.reduce((profile, id, i) => put(profile, id, choices[i]!), profiles.upstream));

function put(profile: Profile, id: ReadingId, choice: number): Profile {
  const values = readingRows[id].values.map(([value]) => value);
  return withReading(profile, id, values[choice]!);
}

function clusterOf({ objects }: RandomCluster): Cluster {
  return readManifests([{ file: 'cluster.yaml', text: toYaml(objects) }]).cluster;
}

function check<T>(arbitrary: fc.Arbitrary<T>, runs: number, property: (value: T) => void): void {
  const result = fc.check(fc.property(arbitrary, property), { seed, numRuns: runs });
  if (result.failed) expect.fail(`PODWALL_SEED=${seed}: ${String(result.errorInstance)}`);
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));

test('a profile that reads everything as upstream does is upstream', () => {
  const same: Profile = { ...profiles.upstream, name: 'calico' };
  check(clusters, 200, (random) => {
    const cluster = clusterOf(random);
    const [one, other] = [compile(cluster), compile(cluster, { profile: same })].map((policy) => {
      const { document } = map(policy, { level: { kind: 'pod' } });
      return text([document.peers, document.connections, count(policy).byPorts]);
    });
    expect(other).toBe(one);
  });
});

test('totals, maps and live totals are the sum of what is said of every pair, in any reading', () => {
  let turned = 0;
  check(fc.tuple(clusters, anyProfile), 600, ([random, profile]) => {
    const cluster = clusterOf(random);
    const policy = compile(cluster, { profile, denseThreshold: 2 });
    const counted = count(policy);
    const byPair = totalsOf(policy);
    expect(totalsText(counted.byPorts)).toBe(text(byPair));
    if (text(byPair) !== text(totalsOf(compile(cluster)))) turned++;
    const live = openCluster(cluster, { profile, denseThreshold: 2 }).count();
    expect(
      totalsText(live.byPorts.map(({ allowed, pairs }) => ({ allowed: allowedPorts(allowed), pairs }))),
    ).toBe(text(byPair));
    const { document } = map(policy, { level: { kind: 'pod' } });
    const listed = new Map<string, PortSet>();
    for (const [from, to, set] of pairsOf(policy)) listed.set(text([from.id, to.id]), set);
    const known = new Set(document.connections.map(({ from, to }) => text([from, to])));
    for (const [key, set] of listed) expect([key, known.has(key)]).toEqual([key, !set.isEmpty]);
  });
  expect(turned).toBeGreaterThan(20);
});

const tiered = clustersWithTiers({ unknown: false });

test('with tiers, too, totals are the sum of what is said of every pair, in any reading', () => {
  let turned = 0;
  check(fc.tuple(tiered, anyProfile), 250, ([random, profile]) => {
    const cluster = clusterOf(random);
    const policy = compile(cluster, { profile, denseThreshold: 2 });
    expect(totalsText(count(policy).byPorts)).toBe(text(totalsOf(policy)));
    const other = profile.baselineAfterPolicies === 'pod' ? 'direction' : 'pod';
    const otherwise = withReading(profile, 'baselineAfterPolicies', other);
    if (text(totalsOf(policy)) !== text(totalsOf(compile(cluster, { profile: otherwise })))) turned++;
  });
  expect(turned).toBeGreaterThan(3);
});

test('equal priorities that are ordered by name are as priorities in that order', () => {
  const ordered = withReading(profiles.upstream, 'equalPriority', 'name');
  let turned = 0;
  check(tiered, 250, (random) => {
    const cluster = clusterOf(random);
    // Every policy gets a priority of its own, in the order of tier, priority and name.
    const inOrder = cluster.tierPolicies.toSorted(
      (a, b) => (a.priority ?? 0) - (b.priority ?? 0) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
    const written: Cluster = {
      ...cluster,
      tierPolicies: cluster.tierPolicies.map((policy) =>
        policy.priority === undefined ? policy : { ...policy, priority: inOrder.indexOf(policy) },
      ),
    };
    const byName = totalsOf(compile(cluster, { profile: ordered }));
    expect(text(byName)).toBe(text(totalsOf(compile(written))));
    if (text(byName) !== text(totalsOf(compile(cluster)))) turned++;
  });
  expect(turned).toBeGreaterThan(3);
});

/** Ordered pairs of distinct pods that stand for themselves alone, with what they may use. */
function* pairsOf(policy: CompiledPolicy): Generator<readonly [Pod, Pod, PortSet]> {
  const { pods } = policy.parts.classes;
  for (const from of pods) {
    for (const to of pods) {
      if (from === to || from.replicas > 1 || to.replicas > 1 || from.template || to.template) continue;
      yield [from, to, policy.allowed({ kind: 'pod', pod: from }, { kind: 'pod', pod: to })];
    }
  }
}

/** Ordered pairs of distinct pods by what they may use. */
function totalsOf(policy: CompiledPolicy): readonly (readonly [string, number])[] {
  const totals = new Map<string, number>();
  const { pods } = policy.parts.classes;
  for (const from of pods) {
    for (const to of pods) {
      const pairs = from === to ? from.replicas * (from.replicas - 1) : from.replicas * to.replicas;
      const set = policy.allowed({ kind: 'pod', pod: from }, { kind: 'pod', pod: to });
      if (pairs > 0 && !set.isEmpty) {
        const key = text(allowedPorts(set));
        totals.set(key, (totals.get(key) ?? 0) + pairs);
      }
    }
  }
  return [...totals].sort(([a], [b]) => (a < b ? -1 : 1));
}

function totalsText(
  byPorts: readonly { readonly allowed: unknown; readonly pairs: number | bigint }[],
): string {
  const totals = new Map<string, number>();
  for (const { allowed, pairs } of byPorts)
    totals.set(text(allowed), (totals.get(text(allowed)) ?? 0) + Number(pairs));
  return text([...totals].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const twoProfiles = fc
  .tuple(fc.constantFrom(...profileNames), fc.constantFrom(...profileNames))
  .filter(([one, other]) => one !== other);

test('a comparison lists exactly the pairs of pods whose answers differ, with causes that are causes', () => {
  let differing = 0;
  check(fc.tuple(clusters, twoProfiles), 300, ([random, names]) => {
    const cluster = clusterOf(random);
    const comparison = compareProfiles(cluster, names, { level: { kind: 'pod' } });
    const [one, other] = names.map((name) => profiles[name]) as [Profile, Profile];
    const [a, b] = [compile(cluster, { profile: one }), compile(cluster, { profile: other })];
    const listed = new Map<string, ProfileComparison['differences'][number][]>();
    for (const each of comparison.differences) {
      const key = text([each.from, each.to]);
      listed.set(key, [...(listed.get(key) ?? []), each]);
    }
    const [inA, inB] = [new Set(a.parts.classes.pods), new Set(b.parts.classes.pods)];
    for (const from of cluster.pods) {
      for (const to of cluster.pods) {
        if (from === to || !inA.has(from) || !inB.has(to) || from.template || to.template) continue;
        const key = text([from.id, to.id]);
        const said = (policy: CompiledPolicy): string =>
          text(
            families.map((family) =>
              allowedPorts(policy.allowed({ kind: 'pod', pod: from }, { kind: 'pod', pod: to }, family)),
            ),
          );
        expect([key, listed.has(key)]).toEqual([key, said(a) !== said(b)]);
        for (const { because, together } of listed.get(key) ?? []) {
          differing++;
          expect(because.length).toBeGreaterThan(0);
          if (together === true) continue;
          for (const id of because) {
            const switched = compile(cluster, { profile: switchedTo(one, other, id) });
            expect([key, id, said(switched) !== said(a)]).toEqual([key, id, true]);
          }
        }
      }
    }
    for (const { because } of comparison.differences)
      for (const id of because) expect(comparison.behaviours.map((each) => each.id)).toContain(id);
  });
  expect(differing).toBeGreaterThan(100);
});

function switchedTo(one: Profile, other: Profile, id: ReadingId): Profile {
  return withReading(one, id, other[id]);
}
