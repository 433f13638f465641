import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import type { Pod } from '../../src/model/index.ts';
import { parseIPv6 } from '../../src/net/address.ts';
import { families, parseAddress, PortSet, protocols } from '../../src/net/index.ts';
import type { Address } from '../../src/net/index.ts';
import { compile } from '../../src/policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../../src/policy/index.ts';
import { count, map, streamedMap } from '../../src/reach/index.ts';
import type { AllowedPorts, Level, MapConnection } from '../../src/reach/index.ts';
import { clustersWithTiers, toYaml } from './clusters.ts';

// What a map and a count say of clusters with tiers, against the same questions asked pair by pair (which engine.test.ts
// holds against the naive evaluator). PODWALL_CLUSTERS sets how many clusters a run has, PODWALL_SEED which.

const runs = Math.ceil(Number(process.env['PODWALL_CLUSTERS'] ?? 2400) / 8);
/** From how many clusters on enough of them must be ambiguous: few may have none by chance. */
const wholeRun = 300;
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const random = clustersWithTiers({ unknown: false });

function compiled(objects: Parameters<typeof toYaml>[0]): CompiledPolicy {
  return compile(readManifests([{ file: 'cluster.yaml', text: toYaml(objects) }]).cluster);
}

function setOf(allowed: AllowedPorts): PortSet {
  if (allowed === 'all') return PortSet.all;
  const named = protocols.flatMap((protocol) =>
    (allowed[protocol] ?? []).map(([from, to]) => PortSet.range(protocol, from, to)),
  );
  return PortSet.union(allowed.other === true ? [...named, PortSet.unnamed] : named);
}

const union = (connections: readonly MapConnection[]): PortSet =>
  PortSet.union(connections.map(({ allowed }) => setOf(allowed)));
const end = (pod: Pod): PolicyEnd => ({ kind: 'pod', pod });

function pairsOf(pods: readonly Pod[]): (readonly [Pod, Pod])[] {
  return pods.flatMap((from) =>
    pods.filter((to) => from !== to || from.replicas > 1).map((to) => [from, to] as const),
  );
}

const levels: readonly Level[] = [{ kind: 'pod' }, { kind: 'workload' }, { kind: 'namespace' }];

describe.each(levels)('a map with tiers at level $kind', (level) => {
  const idOf = (pod: Pod): string =>
    level.kind === 'pod' ? pod.id : level.kind === 'workload' ? pod.workload : pod.namespace;

  test(`tells what is open in any case from what is ambiguous (seed ${seed})`, () => {
    let ambiguous = 0;
    fc.assert(
      fc.property(random, ({ objects }) => {
        const policy = compiled(objects);
        const { possible } = policy;
        const { document, because } = map(policy, { level });
        const byPair = Map.groupBy(document.connections, ({ from, to }) => `${from} ${to}`);
        const groups = Map.groupBy(pairsOf(policy.cluster.pods), ([from, to]) => `${idOf(from)} ${idOf(to)}`);
        for (const [key, members] of groups) {
          const connections = Map.groupBy(byPair.get(key) ?? [], (each) => each.ambiguous === true);
          const over = (each: CompiledPolicy, family: (typeof families)[number]): PortSet =>
            PortSet.union(members.map(([from, to]) => each.allowed(end(from), end(to), family)));
          const sure = families.map((family) => over(policy, family));
          expect(union(connections.get(false) ?? []).key, key).toBe(PortSet.union(sure).key);
          const more = families.map((family, i) => over(possible, family).minus(sure[i] ?? PortSet.none));
          // Of several pairs, those that share one family only may stand for the others in what holds for both.
          const listed = union(connections.get(true) ?? []);
          const least = PortSet.union(families.map((family) => over(possible, family)));
          expect(listed.includes(least.minus(PortSet.union(sure))), `${key} ambiguous`).toBe(true);
          expect(PortSet.union(more).includes(listed), `${key} ambiguous`).toBe(true);
          if (members.length === 1) expect(listed.key, `${key} ambiguous`).toBe(PortSet.union(more).key);
          for (const connection of connections.get(true) ?? []) {
            ambiguous++;
            const set = setOf(connection.allowed);
            const isLess = members.some(([from, to]) => {
              const own = connection.family === undefined ? families : [connection.family];
              return own.some(
                (family) =>
                  [from, to].every(({ addresses }) =>
                    addresses.length === 0 ? true : addresses.some((each) => each.family === family),
                  ) && !possible.allowed(end(from), end(to), family).includes(set),
              );
            });
            if (isLess) expect(connection.partial, `${key} is partial`).toBe(true);
            const reasons = because(connection).filter(({ kind }) => kind === 'tier');
            // Policies that disagree: two of them at least, all in rules that the text has.
            expect(new Set(reasons.map(({ policy: name }) => name)).size, key).toBeGreaterThan(1);
            for (const reason of reasons) expect(reason.line, key).toBeGreaterThan(0);
          }
        }
        expect([...streamedMap(policy, { level }).document.connections]).toEqual(document.connections);
      }),
      { numRuns: runs, seed, endOnFailure: false },
    );
    if (runs >= wholeRun) expect(ambiguous).toBeGreaterThan(runs / 20);
  });
});

test(`addresses outside are what they are one by one (seed ${seed})`, () => {
  fc.assert(
    fc.property(random, ({ objects }) => {
      const policy = compiled(objects);
      const { document } = map(policy, { level: { kind: 'pod' } });
      for (const peer of document.peers.filter(({ kind }) => kind === 'ip')) {
        for (const text of (peer.ranges ?? []).flat()) {
          // A part of the IPv6 space may begin in the mapped addresses, which as addresses are IPv4.
          const address: Address = text.includes(':')
            ? { family: 'IPv6', value: parseIPv6(text)! }
            : parseAddress(text)!;
          for (const pod of policy.cluster.pods) {
            for (const [from, to, ends] of [
              [pod.id, peer.id, [end(pod), { kind: 'address', address }]],
              [peer.id, pod.id, [{ kind: 'address', address }, end(pod)]],
            ] as const) {
              const listed = document.connections.filter((each) => each.from === from && each.to === to);
              const sure = policy.allowed(ends[0], ends[1]);
              const most = policy.possible.allowed(ends[0], ends[1]);
              // A pod without an address of that family may have connections over the other.
              if (most.isEmpty) continue;
              const [certain, open] = [listed.filter((each) => each.ambiguous !== true), listed];
              expect(union(certain).key, `${from} ${to} ${text}`).toBe(sure.key);
              expect(union(open).key, `${from} ${to} ${text}`).toBe(most.key);
            }
          }
        }
      }
    }),
    { numRuns: runs, seed, endOnFailure: false },
  );
});

test(`a count has the ambiguous pairs apart (seed ${seed})`, () => {
  let found = 0;
  fc.assert(
    fc.property(random, ({ objects }) => {
      const policy = compiled(objects);
      const pairs = policy.cluster.pods.flatMap((from) =>
        policy.cluster.pods.map((to) => ({
          times: from === to ? from.replicas * (from.replicas - 1) : from.replicas * to.replicas,
          isAmbiguous: families.some(
            (family) =>
              !policy
                .allowed(end(from), end(to), family)
                .equals(policy.possible.allowed(end(from), end(to), family)),
          ),
        })),
      );
      const expected = pairs.reduce((sum, { times, isAmbiguous }) => sum + (isAmbiguous ? times : 0), 0);
      expect(count(policy).ambiguous ?? 0).toBe(expected);
      if (expected > 0) found++;
    }),
    { numRuns: runs, seed, endOnFailure: false },
  );
  if (runs >= wholeRun) expect(found).toBeGreaterThan(runs / 20);
});
