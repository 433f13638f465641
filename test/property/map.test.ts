import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster, Direction, Pod } from '../../src/model/index.ts';
import { families, parseAddress, PortSet, protocols } from '../../src/net/index.ts';
import type { Address } from '../../src/net/index.ts';
import { parseIPv6 } from '../../src/net/address.ts';
import { compile } from '../../src/policy/index.ts';
import type { PolicyEnd } from '../../src/policy/index.ts';
import {
  count,
  explain,
  explainCluster,
  isPortProblem,
  map,
  parsePorts,
  readableMap,
  resolveEnd,
  streamedMap,
} from '../../src/reach/index.ts';
import type {
  AllowedPorts,
  End,
  Explanation,
  Level,
  MapConnection,
  SideExplanation,
} from '../../src/reach/index.ts';
import { explainBy } from '../../src/reach/explain.ts';
import { triedChanges } from '../../src/reach/nearest.ts';
import { clusters, toYaml } from './clusters.ts';
import { outsideAddresses } from './questions.ts';

// Answers about many ends, against the same questions asked pair by pair (which engine.test.ts holds against the naive
// evaluator). PODWALL_CLUSTERS sets how many clusters a run has, PODWALL_SEED which.

const runs = Math.ceil(Number(process.env['PODWALL_CLUSTERS'] ?? 2400) / 6);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const options = { numRuns: runs, seed, endOnFailure: false } as const;

type Policy = ReturnType<typeof compile>;
type RandomCluster = typeof clusters extends fc.Arbitrary<infer T> ? T : never;

function read(random: RandomCluster): Cluster {
  return readManifests([{ file: 'cluster.yaml', text: toYaml(random.objects) }]).cluster;
}

function setOf(allowed: AllowedPorts): PortSet {
  if (allowed === 'all') return PortSet.all;
  return PortSet.union(
    protocols.flatMap((protocol) =>
      (allowed[protocol] ?? []).map(([from, to]) => PortSet.range(protocol, from, to)),
    ),
  );
}

/** What a listed pair may use in one family. */
function listed(connections: readonly MapConnection[], family: string): PortSet {
  return PortSet.union(
    connections
      .filter((connection) => connection.family === undefined || connection.family === family)
      .map(({ allowed }) => setOf(allowed)),
  );
}

const levels: readonly Level[] = [
  { kind: 'pod' },
  { kind: 'workload' },
  { kind: 'namespace' },
  { kind: 'label', key: 'app' },
];

/** The id that a pod has at a level, by the words of the contract. */
function idAt(level: Level, pod: Pod): string {
  switch (level.kind) {
    case 'pod':
      return pod.id;
    case 'workload':
      return pod.workload;
    case 'namespace':
      return pod.namespace;
    case 'label':
      return `${level.key}=${pod.labels.get(level.key) ?? ''}`;
  }
}

/** Every ordered pair of distinct pods; replicas of one template entry are distinct from one another. */
function pairs(pods: readonly Pod[]): (readonly [Pod, Pod])[] {
  return pods.flatMap((from) =>
    pods.filter((to) => from !== to || from.replicas > 1).map((to) => [from, to] as const),
  );
}

const end = (pod: Pod): PolicyEnd => ({ kind: 'pod', pod });

function hasBoth(pod: Pod): boolean {
  return (
    pod.addresses.length === 0 || families.every((family) => pod.addresses.some((a) => a.family === family))
  );
}

describe.each(levels)('map at level $kind', (level) => {
  test(`lists the union over the pairs of pods, and nothing else (seed ${seed})`, () => {
    fc.assert(
      fc.property(clusters, (random) => {
        const cluster = read(random);
        const policy = compile(cluster);
        const { document, summary } = map(policy, { level });
        const byPair = Map.groupBy(document.connections, ({ from, to }) => `${from} ${to}`);
        const expected = Map.groupBy(
          pairs(cluster.pods),
          ([from, to]) => `${idAt(level, from)} ${idAt(level, to)}`,
        );
        for (const [key, members] of expected) {
          const connections = byPair.get(key) ?? [];
          const union = PortSet.union(members.map(([from, to]) => policy.allowed(end(from), end(to))));
          expect(PortSet.union(connections.map(({ allowed }) => setOf(allowed))).key, key).toBe(union.key);
          for (const connection of connections) {
            const set = setOf(connection.allowed);
            const less = members.some(([from, to]) => {
              const access = policy.access(end(from), end(to));
              const own = [access.both];
              if (connection.family === 'IPv4') own.push(access.only4);
              if (connection.family === 'IPv6') own.push(access.only6);
              return !PortSet.union(own.map((id) => policy.parts.ports.set(id))).includes(set);
            });
            expect(connection.partial ?? false, `${key} is partial`).toBe(less);
          }
          // One pair of pods that share both families: each family reads exactly what it may use.
          const [only] = members;
          if (members.length === 1 && only !== undefined && only.every(hasBoth)) {
            for (const family of families) {
              const allowed = policy.allowed(end(only[0]), end(only[1]), family);
              expect(listed(connections, family).key, `${key} ${family}`).toBe(allowed.key);
            }
          }
        }
        // No connection without a pair behind it, apart from those with addresses outside.
        const outside = new Set(document.peers.filter(({ kind }) => kind === 'ip').map(({ id }) => id));
        for (const { from, to } of document.connections) {
          if (!outside.has(from) && !outside.has(to)) expect(expected.has(`${from} ${to}`)).toBe(true);
        }
        const distinct = [...expected.keys()].filter((key) => key.split(' ')[0] !== key.split(' ')[1]);
        if (level.kind === 'pod') {
          // Of pods that are replicas of one template, each is one of its own.
          const { pairs: whole, allowed } = count(policy);
          expect(summary.pairs).toBe(whole);
          expect(summary.closedPairs).toBe(Number(whole) - Number(allowed));
        } else {
          expect(summary.pairs).toBe(distinct.length);
          expect(summary.closedPairs).toBe(distinct.filter((key) => !byPair.has(key)).length);
        }
        const ids = document.peers.map(({ id }) => id);
        expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)));
        expect(new Set(ids).size).toBe(ids.length);
      }),
      options,
    );
  });

  test(`gives every address outside to one peer, and what it may use (seed ${seed})`, () => {
    fc.assert(
      fc.property(clusters, (random) => {
        const cluster = read(random);
        const policy = compile(cluster);
        const { document } = map(policy, { level });
        const groups = Map.groupBy(cluster.pods, (pod) => idAt(level, pod));
        const ips = document.peers.filter(({ kind }) => kind === 'ip');
        for (const text of outsideAddresses(random.objects)) {
          const address = parseAddress(text)!;
          const holding = ips.filter(({ ranges }) =>
            ranges!.some(([first, last]) => {
              const [a, b] = [bound(first), bound(last)];
              return a.family === address.family && a.value <= address.value && address.value <= b.value;
            }),
          );
          expect(holding.length, text).toBeLessThanOrEqual(1);
          for (const [id, pods] of groups) {
            for (const direction of ['egress', 'ingress'] as const) {
              const sets = pods.map((pod) =>
                askOutside(policy, direction, pod, { kind: 'address', address }),
              );
              const union = PortSet.union(sets);
              const [from, to] = direction === 'egress' ? [id, holding[0]?.id] : [holding[0]?.id, id];
              const found = document.connections.filter((each) => each.from === from && each.to === to);
              expect(
                PortSet.union(found.map(({ allowed }) => setOf(allowed))).key,
                `${from} ${to} ${text}`,
              ).toBe(union.key);
              if (found[0] !== undefined) {
                expect(found[0].partial ?? false).toBe(sets.some((set) => !set.includes(union)));
              }
            }
          }
        }
        // Two ip peers differ in some connection: addresses alike in all of them are one peer.
        const rows = ips.map(({ id }) =>
          JSON.stringify(
            document.connections
              .filter(({ from, to }) => from === id || to === id)
              .map((each) => [
                each.from === id ? '' : each.from,
                each.to === id ? '' : each.to,
                each.allowed,
                each.partial,
              ]),
          ),
        );
        expect(new Set(rows).size).toBe(rows.length);
      }),
      options,
    );
  });
});

/** The ports of a set that documents can name: everything less one port leaves other protocols, which have no name. */
function named(set: PortSet): string {
  return set.key.replace('+', '');
}

/** A bound of a range; unlike addresses, it is not IPv4 where it lies in ::ffff:0:0/96. */
function bound(text: string): Address {
  const v6 = parseIPv6(text);
  return v6 === undefined ? parseAddress(text)! : { family: 'IPv6', value: v6 };
}

function askOutside(policy: Policy, direction: Direction, pod: Pod, address: PolicyEnd): PortSet {
  return direction === 'egress' ? policy.allowed(end(pod), address) : policy.allowed(address, end(pod));
}

describe('a map that is worked out while it is read', () => {
  test(`is the map, twice over (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        clusters,
        fc.nat(),
        fc.constantFrom(...levels),
        fc.constantFrom('from', 'to', 'peer', 'namespace', 'direction', undefined),
        fc.boolean(),
        fc.boolean(),
        (random, pick, level, side, isCut, isExplained) => {
          const cluster = read(random);
          const policy = compile(cluster);
          const ends = operands(cluster, outsideAddresses(random.objects));
          const end_ = ends[pick % ends.length];
          if (end_ === undefined) return;
          const query = {
            level,
            explain: isExplained,
            ...(isCut ? { ports: [{ kind: 'range', protocol: 'TCP', from: 80, to: 90 } as const] } : {}),
            ...(side === 'namespace'
              ? { namespace: 'a' }
              : side === 'direction'
                ? { direction: 'ingress' as const }
                : side === undefined
                  ? {}
                  : { [side]: [end_] }),
          };
          const { document } = map(policy, query);
          const stream = streamedMap(policy, query).document;
          expect({ ...stream, connections: [...stream.connections] }).toEqual(document);
          expect([...stream.connections]).toEqual(document.connections);
        },
      ),
      options,
    );
  });
});

describe('a map that is too large to be listed', () => {
  test(`has every connection in one of its lines (seed ${seed})`, () => {
    let lines = 0;
    let some = 0;
    fc.assert(
      fc.property(
        clusters,
        fc.constantFrom(...levels),
        fc.boolean(),
        fc.boolean(),
        (random, level, isFocused, isDense) => {
          const cluster = read(random);
          // Peers of few pods are otherwise sparse in every cluster as small as these.
          const policy = compile(cluster, isDense ? { denseThreshold: 1 } : {});
          const query = { level, ...(isFocused ? { namespace: 'a' } : {}) };
          const { document, summary } = map(policy, query);
          const readable = readableMap(policy, query, -1);
          if (readable.kind === 'map') throw new Error('there is always more than -1');
          const { overview } = readable;
          expect(overview.summary).toEqual({ ...summary, emptyBecause: undefined });
          if (!isFocused)
            expect(overview.peers).toHaveLength(document.peers.filter(({ kind }) => kind !== 'ip').length);
          const outside = new Set(document.peers.filter(({ kind }) => kind === 'ip').map(({ id }) => id));
          const sums = (
            connections: readonly (Pick<MapConnection, 'allowed' | 'family' | 'partial'> & {
              readonly connections?: number;
            })[],
          ): Record<string, number> => {
            const found: Record<string, number> = {};
            for (const { allowed, family, partial, connections: many = 1 } of connections) {
              const key = JSON.stringify([allowed, family, partial]);
              found[key] = (found[key] ?? 0) + many;
            }
            return found;
          };
          const { mixed, across, inside, toOutside, fromOutside } = overview;
          const ofPods = [...mixed, ...across, ...inside];
          lines += ofPods.length;
          const of = (test_: (connection: MapConnection) => boolean): Record<string, number> =>
            sums(document.connections.filter(test_));
          const isOfPods = ({ from, to }: MapConnection): boolean => !outside.has(from) && !outside.has(to);
          expect(sums(ofPods)).toEqual(of(isOfPods));
          // What is said to be inside is, what is said to be across is, and all is where nothing is mixed.
          const home = (id: string): string => (level.kind === 'namespace' ? id : id.split('/')[0]!);
          const isInside = ({ from, to }: MapConnection): boolean => home(from) === home(to);
          const sections = [
            [inside, of((each) => isOfPods(each) && isInside(each))],
            [across, of((each) => isOfPods(each) && !isInside(each))],
          ] as const;
          const mixes = new Set(Object.keys(sums(mixed)));
          if (level.kind === 'label') expect([...across, ...inside]).toEqual([]);
          else {
            for (const [found, expected] of sections) {
              const said = sums(found);
              for (const key of Object.keys({ ...said, ...expected })) {
                if (!mixes.has(key)) expect(said[key], key).toBe(expected[key]);
                else expect(said[key] ?? 0, key).toBeLessThanOrEqual(expected[key] ?? 0);
              }
            }
            for (const { from, to } of inside) {
              if (from.namespaces === 1 && to.namespaces === 1)
                expect(home(from.examples[0]!)).toBe(home(to.examples[0]!));
            }
            for (const { from, to } of across) {
              if (from.namespaces === 1 && to.namespaces === 1)
                expect(home(from.examples[0]!)).not.toBe(home(to.examples[0]!));
            }
          }
          expect(sums(toOutside)).toEqual(of(({ to }) => outside.has(to)));
          expect(sums(fromOutside)).toEqual(of(({ from }) => outside.has(from)));
          // What a line says of all of its ends holds for the examples that it gives.
          const listedOf = new Set(
            document.connections.map(({ from, to, allowed, family, partial }) =>
              JSON.stringify([from, to, allowed, family, partial]),
            ),
          );
          for (const { kind, from, to, allowed, family, partial } of ofPods) {
            const has = (a: string, b: string): boolean =>
              listedOf.has(JSON.stringify([a, b, allowed, family, partial]));
            if (kind === 'own') expect(from).toEqual(to);
            if (kind === 'some') {
              // Of sides that the examples are the whole of, every end has a part in the line.
              some++;
              if (to.count === to.examples.length) {
                for (const a of from.examples)
                  expect(
                    to.examples.some((b) => has(a, b)),
                    a,
                  ).toBe(true);
              }
              if (from.count === from.examples.length) {
                for (const b of to.examples)
                  expect(
                    from.examples.some((a) => has(a, b)),
                    b,
                  ).toBe(true);
              }
            }
            if (kind !== 'all') continue;
            for (const a of from.examples) {
              for (const b of to.examples) {
                if (a !== b) expect(has(a, b)).toBe(true);
              }
            }
          }
        },
      ),
      options,
    );
    expect(lines).toBeGreaterThan(0);
    // About one cluster in two hundred has such a line.
    if (runs > 4000) expect(some).toBeGreaterThan(0);
  });
});

describe('a focused map', () => {
  test(`is the whole map less what is out of focus (seed ${seed})`, () => {
    fc.assert(
      fc.property(clusters, fc.nat(), fc.constantFrom('from', 'to', 'peer'), (random, pick, side) => {
        const cluster = read(random);
        if (cluster.pods.length === 0) return;
        const policy = compile(cluster);
        const workload = cluster.pods[pick % cluster.pods.length]!.workload;
        const pods = cluster.pods.filter((pod) => pod.workload === workload);
        const level: Level = { kind: 'workload' };
        const whole = map(policy, { level }).document.connections;
        const focus = { [side]: [{ kind: 'pods', name: workload, pods }] } as const;
        const focused = map(policy, { level, ...focus }).document.connections;
        const kept = whole.filter(
          ({ from, to }) => (side !== 'to' && from === workload) || (side !== 'from' && to === workload),
        );
        expect(focused).toEqual(kept);
        const port = { kind: 'range', protocol: 'TCP', from: 80, to: 90 } as const;
        const cut = PortSet.range('TCP', 80, 90);
        const byPort = map(policy, { level, ports: [port] }).document.connections;
        const inBoth = new Map(
          whole
            .filter(({ family }) => family === undefined)
            .map(({ from, to, allowed }) => [`${from} ${to}`, setOf(allowed)]),
        );
        expect(byPort.map(({ from, to, family }) => [from, to, family])).toEqual(
          whole
            .filter(({ from, to, family, allowed }) => {
              // What both families have is not listed again for one of them.
              const known = (family === undefined ? undefined : inBoth.get(`${from} ${to}`)) ?? PortSet.none;
              return !setOf(allowed).minus(known).intersect(cut).isEmpty;
            })
            .map(({ from, to, family }) => [from, to, family]),
        );
      }),
      options,
    );
  });
});

describe('a change that would allow a denied connection', () => {
  test(`allows it, and opens beside it exactly what it says (seed ${seed})`, () => {
    let tried = 0;
    let opening = 0;
    fc.assert(
      fc.property(clusters, fc.nat(), fc.nat(), fc.constantFrom(80, 8080, 5432), (random, i, j, port) => {
        const cluster = read(random);
        if (cluster.pods.length === 0) return;
        const policy = compile(cluster);
        const from = cluster.pods[i % cluster.pods.length]!;
        const to = cluster.pods[j % cluster.pods.length]!;
        const ports = PortSet.range('TCP', port, port);
        const family = families.find((each) => !policy.allowed(end(from), end(to), each).includes(ports));
        const shares = (pod: Pod): boolean =>
          pod.addresses.length === 0 || pod.addresses.some((address) => address.family === family);
        if (family === undefined || !shares(from) || !shares(to)) return;
        const changes = triedChanges(policy, cluster, {
          from: end(from),
          to: end(to),
          family,
          ports,
          fromEnd: { kind: 'pods', name: from.id, pods: [from] },
          toEnd: { kind: 'pods', name: to.id, pods: [to] },
          allows: () => true,
        });
        for (const { miss, after: changed } of changes) {
          const after = compile(changed);
          tried++;
          expect(after.allowed(end(from), end(to), family).includes(ports)).toBe(true);
          const opened = new Map<string, PortSet>();
          for (const [source, target] of pairs(cluster.pods)) {
            let set = after.allowed(end(source), end(target)).minus(policy.allowed(end(source), end(target)));
            if (source === from && target === to) set = set.minus(ports);
            if (set.isEmpty) continue;
            const key = `${source.workload} ${target.workload}`;
            opened.set(key, (opened.get(key) ?? PortSet.none).union(set));
          }
          const inCluster = miss.alsoOpens.filter((each) =>
            [each.from, each.to].every((id) => cluster.workloads.some((workload) => workload.id === id)),
          );
          opening += opened.size;
          expect(
            inCluster.map(({ from: a, to: b, allowed }) => [`${a} ${b}`, named(setOf(allowed))]),
          ).toEqual(
            [...opened]
              .sort(([a], [b]) => {
                const [x = '', y = ''] = [a, b].map((key) => key.replace(' ', '\u0000'));
                return x < y ? -1 : 1;
              })
              .map(([key, set]) => [key, named(set)]),
          );
          // Outside: nothing opens that is not said, at any bound of any block.
          for (const text of outsideAddresses(random.objects)) {
            const value = parseAddress(text)!;
            // A host-network pod has its node's address: by that, it is what was asked about.
            const isAsked = [from, to].some(({ addresses }) =>
              addresses.some((each) => each.family === value.family && each.value === value.value),
            );
            if (isAsked) continue;
            const address: PolicyEnd = { kind: 'address', address: value };
            for (const pod of cluster.pods) {
              const out = after.allowed(end(pod), address).minus(policy.allowed(end(pod), address));
              const back = after.allowed(address, end(pod)).minus(policy.allowed(address, end(pod)));
              if (!out.isEmpty) expect(miss.alsoOpens.some((each) => each.from === pod.workload)).toBe(true);
              if (!back.isEmpty) expect(miss.alsoOpens.some((each) => each.to === pod.workload)).toBe(true);
            }
          }
        }
      }),
      options,
    );
    expect(tried).toBeGreaterThan(0);
    expect(opening).toBeGreaterThan(0);
  });
});

/** What an explanation says, however many pods and addresses stood for the ends while it was found. */
function told(answer: Explanation): unknown {
  const { verdict, egress, ingress, allowed, byFamily, testedPort, notModelled } = answer;
  const side = ({ state, isolated, exempt, policies, allowed: set }: SideExplanation): unknown => ({
    state,
    isolated,
    exempt: exempt === undefined,
    set: set.key,
    policies: policies.map((check) => [check.policy.name, check.effect, check.rule, check.peer, check.port]),
  });
  return {
    verdict,
    egress: side(egress),
    ingress: side(ingress),
    allowed: allowed.key,
    byFamily: Object.entries(byFamily ?? {}).map(([family, set]) => [family, set.key]),
    testedPort,
    notModelled,
  };
}

/** Operands of every kind: pods, workloads, namespaces, labels, nodes, addresses and blocks outside, the internet. */
function operands(cluster: Cluster, texts: readonly string[]): readonly End[] {
  const written = [
    ...cluster.pods.map(({ id }) => id),
    ...cluster.workloads.map(({ id }) => id),
    ...[...cluster.namespaces.keys()].map((name) => `${name}/*`),
    'app=x',
    'node',
    'internet',
    ...texts,
    '0.0.0.0/1',
    '10.0.0.0/8',
    '2001:db8::/32',
  ];
  return written.flatMap((text) => {
    const found = resolveEnd(cluster, text);
    return found.kind === 'problem' ? [] : [found];
  });
}

describe('explain on the part of a cluster that its ends need', () => {
  test.each(['upstream', 'np-guard'] as const)(
    `answers as it does on the whole, profile %s (seed ${seed})`,
    (profile) => {
      const verdicts = new Map<string, number>();
      fc.assert(
        fc.property(
          clusters,
          fc.nat(),
          fc.nat(),
          fc.constantFrom('80', 'http', 'udp/53,80-81', undefined),
          fc.constantFrom('closed', 'open'),
          (random, i, j, port, undecided) => {
            const cluster = read(random);
            const ends = operands(cluster, outsideAddresses(random.objects));
            const from = ends[i % ends.length];
            const to = ends[j % ends.length];
            if (from === undefined || to === undefined) return;
            const ports = port === undefined ? undefined : parsePorts(port);
            if (ports !== undefined && isPortProblem(ports)) throw new Error(port);
            const query = { from, to, ...(ports === undefined ? {} : { ports }) };
            const whole = compile(cluster, { profile, undecided });
            const narrow = explainCluster(cluster, query, { profile, undecided });
            verdicts.set(narrow.verdict, (verdicts.get(narrow.verdict) ?? 0) + 1);
            expect(told(narrow)).toEqual(told(explainBy(whole, cluster, query)));
            expect(explain(whole, query)).toEqual(narrow);
            const one = { from };
            expect(told(explainCluster(cluster, one, { profile, undecided }))).toEqual(
              told(explainBy(whole, cluster, one)),
            );
          },
        ),
        options,
      );
      expect([...verdicts.keys()].sort()).toEqual(expect.arrayContaining(['allowed', 'denied', 'partly']));
    },
  );
});

describe('explain', () => {
  test(`gives the engine's verdict, and changes that allow what was denied (seed ${seed})`, () => {
    let offered = 0;
    fc.assert(
      fc.property(clusters, fc.nat(), fc.nat(), fc.constantFrom(80, 8080, 5432), (random, i, j, port) => {
        const cluster = read(random);
        if (cluster.pods.length === 0) return;
        const policy = compile(cluster);
        const from = cluster.pods[i % cluster.pods.length]!;
        const to = cluster.pods[j % cluster.pods.length]!;
        const answer = explain(policy, {
          from: { kind: 'pods', name: from.id, pods: [from] },
          to: { kind: 'pods', name: to.id, pods: [to] },
          ports: [{ kind: 'range', protocol: 'TCP', from: port, to: port }],
        });
        const shared = families.filter((family) =>
          [from, to].every(
            (pod) => pod.addresses.length === 0 || pod.addresses.some((a) => a.family === family),
          ),
        );
        const verdicts = shared.map((family) => policy.allowed(end(from), end(to), family).has('TCP', port));
        const expected =
          verdicts.every(Boolean) && verdicts.length > 0
            ? 'allowed'
            : verdicts.some(Boolean)
              ? 'partly'
              : 'denied';
        expect(answer.verdict).toBe(expected);
        if (expected === 'allowed') {
          expect(answer.egress.state).toBe('open');
          expect(answer.ingress.state).toBe('open');
          expect(answer.nearest).toEqual([]);
        } else if (verdicts.length > 0) {
          expect([answer.egress.state, answer.ingress.state]).toContain('closed');
        }
        offered += answer.nearest.length;
        // What admits is named: an isolated open side has a policy that admits, and a closed one has none.
        for (const side of [answer.egress, answer.ingress]) {
          if (!side.isolated) continue;
          expect(side.policies.some(({ effect }) => effect === 'admits')).toBe(side.state === 'open');
        }
      }),
      options,
    );
    expect(offered).toBeGreaterThan(0);
  });
});
