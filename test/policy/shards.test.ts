import { describe, expect, test } from 'vitest';
import { generate, sizeNamed } from '../../bench/generate.ts';
import { shapes } from '../../bench/shapes.ts';
import { added, clusterOfShard, countTo, dealOut } from '../../bench/shards.ts';
import { readObjects } from '../../src/manifest/index.ts';
import type { Cluster } from '../../src/model/index.ts';
import { compile } from '../../src/policy/index.ts';
import { count } from '../../src/reach/index.ts';

/** Eight shards, each compiled from what it needs. */
function shardsOf(cluster: Cluster): readonly ReturnType<typeof countTo>[] {
  return dealOut(cluster, 8).map((namespaces, i) =>
    countTo(compile(clusterOfShard(cluster, namespaces)), namespaces, i === 0),
  );
}

const total = (pairs: Readonly<Record<string, number>>): number =>
  Object.values(pairs).reduce((sum, each) => sum + each, 0);

describe('what is counted to the destinations of eight shards', () => {
  test('adds up to the whole of a cluster of 100,000 pods', () => {
    const shape = sizeNamed('100k/20k');
    if (shape === undefined) return expect.fail('there is no size 100k/20k');
    const { cluster } = readObjects(generate(shape));
    expect(cluster.pods.length).toBe(100_000);
    const shards = shardsOf(cluster);
    const policy = compile(cluster);
    expect(added(shards)).toEqual(countTo(policy));
    const { pairs } = count(policy);
    expect(total(added(shards))).toBe(pairs);
    // Each has its share of the destinations, and none has them all.
    for (const shard of shards) expect(Math.abs(total(shard) / Number(pairs) - 1 / 8)).toBeLessThan(0.01);
  });

  test('adds up where each shard has other selectors than the whole', () => {
    const { cluster } = readObjects(shapes['wide selectors']?.(0.02) ?? []);
    const whole = compile(cluster);
    const [first = new Set<string>()] = dealOut(cluster, 8);
    const shard = compile(clusterOfShard(cluster, first));
    expect(shard.stats.selectors).toBeLessThan(whole.stats.selectors);
    expect(shard.stats.ingressProfiles).toBeLessThan(whole.stats.ingressProfiles);
    expect(added(shardsOf(cluster))).toEqual(countTo(whole));
  });

  test('is wrong where a shard lacks what its sources say of egress', () => {
    const { cluster } = readObjects(
      generate({ name: '2k/1k', pods: 2_000, policies: 1_000, namespaces: 40, seed: 5 }),
    );
    const forgetful = dealOut(cluster, 8).map((namespaces, i) => {
      const policies = cluster.policies.filter(({ namespace }) => namespaces.has(namespace));
      return countTo(compile({ ...cluster, policies }), namespaces, i === 0);
    });
    expect(added(forgetful)).not.toEqual(countTo(compile(cluster)));
    expect(added(shardsOf(cluster))).toEqual(countTo(compile(cluster)));
  });
});
