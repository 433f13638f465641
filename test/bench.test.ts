import { describe, expect, test } from 'vitest';
import { generate, sizes } from '../bench/generate.ts';
import { seeded } from '../bench/random.ts';
import type { Random } from '../bench/random.ts';
import { readObjects } from '../src/manifest/index.ts';
import { matches } from '../src/model/index.ts';
import type { Cluster, Pod } from '../src/model/index.ts';
import { families, lastOf } from '../src/net/index.ts';
import { compile } from '../src/policy/index.ts';
import { count } from '../src/reach/index.ts';
import { Reference } from './reference/evaluate.ts';

// Random clusters are small. This one is large enough for the engine's short cuts: hundreds of classes in one namespace,
// selectors that are looked up rather than tried, peers on both sides of the usual threshold between dense and sparse.
const shape = { name: '1200/900', pods: 1_200, policies: 900, namespaces: 6, seed: 3 };

/** Two pods, more often than not of one application: others rarely may talk. */
function pairOf(
  cluster: Cluster,
  apps: ReadonlyMap<string, readonly Pod[]>,
  random: Random,
): readonly [Pod, Pod] {
  const from = random.pick(cluster.pods);
  return [from, random.pick(random.chance(70) ? (apps.get(appOf(from)) ?? []) : cluster.pods)];
}

function appOf(pod: Pod): string {
  return `${pod.namespace}/${pod.labels.get('app') ?? ''}`;
}

describe('the synthetic cluster', () => {
  const objects = [...generate(shape)];
  const { cluster, diagnostics } = readObjects(objects);
  const policy = compile(cluster);
  const apps = Map.groupBy(cluster.pods, appOf);

  test('holds what its shape says, without a mistake, and the same each time', () => {
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(cluster.pods.length).toBe(shape.pods);
    expect(cluster.policies.length).toBe(shape.policies);
    expect(cluster.namespaces.size).toBe(shape.namespaces);
    expect(JSON.stringify([...generate(shape)])).toBe(JSON.stringify(objects));
    expect(JSON.stringify([...generate({ ...shape, seed: 4 })])).not.toBe(JSON.stringify(objects));
  });

  test('has namespaces with more classes than are tried one by one', () => {
    const { classes } = policy.parts;
    const perNamespace = Map.groupBy([...classes.namespace], (namespace) => namespace);
    expect(Math.max(...[...perNamespace.values()].map((some) => some.length))).toBeGreaterThan(128);
  });

  test('is answered as by the reference, on 20,000 sampled connections', () => {
    const reference = new Reference(objects);
    const random = seeded(shape.seed);
    const ports = [53, 80, 443, 5432, 6379, 8000, 8080, 9090];
    let allowed = 0;
    for (let i = 0; i < 20_000; i++) {
      const [from, to] = pairOf(cluster, apps, random);
      const port = random.chance(50) ? random.pick(ports) : random.pick(to.ports).port;
      const is = policy.decide({ kind: 'pod', pod: from }, { kind: 'pod', pod: to }, 'TCP', port).allowed;
      const expected = reference.allowed(
        { pod: `${from.namespace}/${from.name}` },
        { pod: `${to.namespace}/${to.name}` },
        'IPv4',
        'TCP',
        port,
      );
      if (is !== expected) expect.fail(`${from.id} → ${to.id} TCP ${port}: ${is} instead of ${expected}`);
      if (is) allowed++;
    }
    // Neither answer may be rare, or nothing was asked.
    expect(allowed).toBeGreaterThan(1_000);
    expect(allowed).toBeLessThan(19_000);
  });

  test('is allowed by policies, rules, peers and ports that say so', () => {
    const random = seeded(shape.seed + 1);
    const named = { ingress: 0, egress: 0, range: 0, name: 0 };
    for (let i = 0; i < 20_000; i++) {
      const [from, to] = pairOf(cluster, apps, random);
      const { port } = random.pick(to.ports);
      const decision = policy.decide({ kind: 'pod', pod: from }, { kind: 'pod', pod: to }, 'TCP', port);
      for (const direction of ['ingress', 'egress'] as const) {
        const side = decision[direction];
        if (side.kind !== 'admitted') continue;
        named[direction]++;
        const [subject, other] = direction === 'ingress' ? [to, from] : [from, to];
        const deciding = cluster.policies[side.policy];
        const spec = deciding?.[direction];
        const rule = spec?.kind === 'isolates' ? spec.rules[side.rule] : undefined;
        if (deciding === undefined || rule === undefined) return expect.fail(JSON.stringify(side));
        expect([deciding.namespace, matches(deciding.podSelector, subject.labels)]).toEqual([
          subject.namespace,
          true,
        ]);
        const peer = rule.peers.kind === 'oneOf' ? rule.peers.peers[side.peer] : undefined;
        expect(peer === undefined).toBe(rule.peers.kind === 'any');
        if (peer?.kind === 'pods' && peer.pods !== undefined)
          expect(matches(peer.pods, other.labels)).toBe(true);
        const entry = rule.ports.kind === 'oneOf' ? rule.ports.ports[side.port] : undefined;
        expect(entry === undefined).toBe(rule.ports.kind === 'all');
        if (entry?.kind === 'range') {
          named.range++;
          expect(entry.from <= port && port <= entry.to).toBe(true);
        } else if (entry?.kind === 'named') {
          named.name++;
          expect(to.ports.some((each) => each.name === entry.name && each.port === port)).toBe(true);
        }
      }
    }
    for (const times of Object.values(named)) expect(times).toBeGreaterThan(10);
  });

  test('has an outside whose segments say what each address says', () => {
    const random = seeded(shape.seed + 2);
    let cuts = 0;
    for (let i = 0; i < 300; i++) {
      const subject = { kind: 'pod', pod: random.pick(cluster.pods) } as const;
      const c = policy.classOf(subject);
      if (c < 0) continue; // a host-network pod is its node: no policy isolates it
      for (const direction of ['ingress', 'egress'] as const) {
        const segments = policy.outside(direction, c);
        cuts += segments.length - families.length;
        for (const family of families) {
          const own = segments.filter((segment) => segment.family === family);
          expect(own.map(({ first }) => first)).toEqual([
            0n,
            ...own.slice(0, -1).map(({ last }) => last + 1n),
          ]);
          expect(own.at(-1)?.last).toBe(lastOf(family));
        }
        for (const { family, first, last, ports } of segments) {
          for (const value of [first, last]) {
            const address = { kind: 'address', address: { family, value } } as const;
            expect(policy.sideAllowed(direction, subject, address, family)).toBe(ports);
          }
        }
      }
    }
    expect(cuts).toBeGreaterThan(100);
  });

  test('is counted as the sum over all pairs', () => {
    let pairs = 0;
    for (const from of cluster.pods) {
      for (const to of cluster.pods) {
        if (from !== to && !policy.allowed({ kind: 'pod', pod: from }, { kind: 'pod', pod: to }).isEmpty)
          pairs++;
      }
    }
    expect(count(policy).allowed).toBe(pairs);
  });
});

test('the sizes of the bench are those of its limits', () => {
  expect(sizes.map(({ name, pods, policies }) => [name, pods, policies])).toEqual([
    ['1k/500', 1_000, 500],
    ['10k/5k', 10_000, 5_000],
    ['100k/20k', 100_000, 20_000],
    ['150k/50k', 150_000, 50_000],
    ['1M/200k', 1_000_000, 200_000],
  ]);
});
