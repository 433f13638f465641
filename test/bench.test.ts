import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { generate, sizes } from '../bench/generate.ts';
import { aTenth, objectsNamed } from '../bench/input.ts';
import { keyOf, ratioOf } from '../bench/line.ts';
import type { Line } from '../bench/line.ts';
import { seeded } from '../bench/random.ts';
import type { Random } from '../bench/random.ts';
import { judge, markdownOf, tableOf } from '../bench/report.ts';
import type { Judged } from '../bench/report.ts';
import { shapes } from '../bench/shapes.ts';
import { writeDump } from '../bench/write-dump.ts';
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
            expect(policy.pairs.sideAllowed(direction, subject, address, family)).toBe(ports);
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

describe('the lines of the bench', () => {
  const line: Line = {
    question: '  compile',
    size: '10k/5k',
    figure: 30,
    unit: 'ms',
    better: 'lower',
    cpuMs: 80,
    limit: 25,
    baseline: { what: 'JSON.parse', figure: 40 },
    ratioLimit: 1.5,
  };
  const rate: Line = { ...line, unit: 'GB/s', better: 'higher', figure: 3, limit: 4, ratioLimit: 5 };

  test('have the ratio of CPU times where there are any, and of figures elsewhere', () => {
    expect(ratioOf(line)).toBe(2);
    const { cpuMs: _, ...memory } = line;
    expect(ratioOf(memory)).toBe(0.75);
    const { baseline: __, ...alone } = line;
    expect(ratioOf(alone)).toBeUndefined();
  });

  test('are judged by the committed ratio in the sense that is better', () => {
    const key = 'compile · 10k/5k';
    expect(keyOf(line)).toBe(key);
    expect(judge(line, { [key]: 1 }, 1.9)).toMatchObject({
      ratio: 2,
      committed: 1,
      worse: 2,
      regressed: true,
    });
    expect(judge(line, { [key]: 1 }, 2.1)).toMatchObject({ regressed: false });
    expect(judge(line, { [key]: 4 }, 1.1)).toMatchObject({ worse: 0.5, regressed: false });
    const faster = { ...rate, cpuMs: 120 };
    expect(judge(faster, { [key]: 6 }, 1.9)).toMatchObject({ ratio: 3, worse: 2, regressed: true });
    expect(judge(line, {}, 1)).toMatchObject({ committed: undefined, worse: undefined, regressed: false });
    // Milliseconds are chance.
    expect(judge({ ...line, cpuMs: 49 }, { [key]: 0.1 }, 2)).toMatchObject({ regressed: false });
    // A key such as `constructor` is a key like any other.
    expect(judge({ ...line, question: 'constructor', size: '' }, {}, 1).committed).toBeUndefined();
  });

  test('say which limits they miss', () => {
    expect(judge(line, {}, 1).over).toEqual(['25 ms', '× 1.5']);
    expect(judge({ ...line, figure: 25, cpuMs: 60 }, {}, 1).over).toEqual([]);
    expect(judge({ ...rate, cpuMs: 200 }, {}, 1).over).toEqual(['4 GB/s']);
  });

  test('stand in tables with their limits and answers', () => {
    const judged = [
      judge({ ...line, equal: { equal: false, text: '1 of 2' } }, { 'compile · 10k/5k': 1 }, 1.5),
    ];
    expect(tableOf(judged).split('\n')[1]).toBe(
      '  compile  10k/5k  30 ms   80 ms        MISSED ≤ 25 ms, MISSED ≤ × 1.5  40 ms JSON.parse  × 2 (2 of the committed, WORSE)  UNEQUAL: 1 of 2',
    );
    expect(markdownOf(judged).split('\n').at(-1)).toBe(
      '| – compile | 10k/5k | 30 ms | 80 ms |  | MISSED ≤ 25 ms, MISSED ≤ × 1.5 | 40 ms JSON.parse | 2 | **no** |',
    );
  });
});

test('every unusual shape is made at a tenth of its size, and the same each time', () => {
  expect(Object.keys(shapes).length).toBeGreaterThan(5);
  for (const name of Object.keys(shapes)) {
    const whole = [...objectsNamed(`${name}${aTenth}`)()];
    expect(whole.length).toBeGreaterThan(1_000);
    expect(JSON.stringify([...objectsNamed(`${name}${aTenth}`)()])).toBe(JSON.stringify(whole));
  }
  expect(() => objectsNamed('no such shape')).toThrow('name one of: 1k/500');
});

describe('a dump', () => {
  const objects = [...generate({ name: '60/30', pods: 60, policies: 30, namespaces: 8, seed: 2 })];
  const folder = mkdtempSync(join(tmpdir(), 'podwall-dump-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const form of ['compact', 'kubectl'] as const) {
    test(`in the form ${form} is a List of all objects, each where the baseline looks for it`, async () => {
      const path = join(folder, `${form}.json`);
      const bytes = await writeDump(objects, path, form);
      const text = readFileSync(path, 'utf8');
      expect(Buffer.byteLength(text)).toBe(bytes);
      const { kind, items } = JSON.parse(text) as { kind: string; items: readonly object[] };
      expect([kind, items.length]).toEqual(['List', objects.length]);
      const { allowed } = count(compile(readObjects(objects).cluster));
      expect(count(compile(readObjects(items).cluster)).allowed).toBe(allowed);
      const parsed = spawnSync(process.execPath, ['bench/parse-items.ts', path, form], { encoding: 'utf8' });
      expect([parsed.stdout.trim(), parsed.stderr]).toEqual([String(objects.length), '']);
    });
  }
});

// Ratios and answers at small sizes; no time is judged. What is much worse than committed is measured twice.
test(
  'npm run bench -- --quick finds nothing wrong, and nothing much slower than committed',
  { timeout: 400_000 },
  () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['bench/run.ts', '--quick', '-o', 'json'],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) expect.fail(stderr);
    const lines = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as Line & Partial<Judged>);
    const checked = lines.filter(({ equal }) => equal !== undefined);
    expect(checked.length).toBeGreaterThan(8);
    expect(checked.filter(({ equal }) => equal?.equal !== true)).toEqual([]);
    // A ratio that is not committed is not judged.
    expect(lines.filter(({ ratio, committed }) => ratio !== undefined && committed === undefined)).toEqual(
      [],
    );
  },
);
