import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { TierPorts } from '../../src/model/index.ts';
import { PortSet, protocols } from '../../src/net/index.ts';
import { no, unknown, yes } from '../../src/policy/labels.ts';
import type { Holds } from '../../src/policy/labels.ts';
import { PortPlanes } from '../../src/policy/port-planes.ts';
import { PortTable } from '../../src/policy/port-table.ts';
import { profileNamed } from '../../src/policy/profile.ts';
import { TierFold } from '../../src/policy/tier-fold.ts';
import { everybody } from '../../src/policy/tier-peers.ts';
import { evaluateTiers } from '../../src/policy/tier-value.ts';
import type { RankedPolicy, Reading, TierStep } from '../../src/policy/tier-value.ts';
import type { TierList } from '../../src/policy/tiers.ts';

// All lists at many ends, all ports at once, against one list at one end, rule by rule and set by set.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const peerCount = 5;

// Few numbers, so that ranges meet; more than a word of stretches now and then.
const number = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 400 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65530, max: 65535 }) },
);
const entry = fc.oneof(
  fc
    .tuple(fc.constantFrom(...protocols), number, number)
    .map(
      ([protocol, a, b]) => ({ kind: 'range', protocol, from: Math.min(a, b), to: Math.max(a, b) }) as const,
    ),
  fc.constantFrom(...protocols).map((protocol) => ({ kind: 'everyPort', protocol }) as const),
  fc.constantFrom('http', 'dns').map((name) => ({ kind: 'named', name }) as const),
  fc.constant({ kind: 'nothing' } as const),
);
const ports: fc.Arbitrary<TierPorts> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'all' } as const) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(entry, fc.array(entry, { maxLength: 25 }))
      .map(([first, others]) => ({ kind: 'oneOf', ports: [first, ...others] }) as TierPorts),
  },
);
const rule = fc.record({
  action: fc.constantFrom('accept', 'deny', 'pass' as const),
  peers: fc.uniqueArray(fc.integer({ min: everybody, max: peerCount }), { minLength: 1, maxLength: 3 }),
  ports,
});
const policy = fc.record({
  tier: fc.constantFrom('admin', 'baseline' as const),
  priority: fc.constantFrom(10, 10, 20, 30, undefined),
  rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
});
const cases = fc.record({
  policies: fc.array(policy, { minLength: 1, maxLength: 6 }),
  /** By list and policy: whether it is there, and surely. */
  lists: fc.array(fc.array(fc.constantFrom('no', 'yes', 'yes', 'unsure'), { minLength: 6, maxLength: 6 }), {
    minLength: 1,
    maxLength: 4,
  }),
  /** By end and peer. */
  ends: fc.array(
    fc.array(fc.constantFrom<Holds>(no, yes, yes, unknown), {
      minLength: peerCount + 1,
      maxLength: peerCount + 1,
    }),
    { minLength: 1, maxLength: 4 },
  ),
  direction: fc.constantFrom('ingress', 'egress' as const),
  bound: fc.constantFrom('sure', 'possible' as const),
  assume: fc.constantFrom('closed', 'open' as const),
});

function rank({ tier, priority }: { readonly tier: string; readonly priority: number | undefined }): number {
  return (tier === 'admin' ? 0 : 1000) + (priority ?? 500);
}

test(`what all lists say at many ends is what each says at each (seed ${seed})`, () => {
  let told = 0;
  fc.assert(
    fc.property(cases, ({ policies, lists, ends, direction, bound, assume }) => {
      const table = new PortTable(profileNamed());
      const ranked = policies
        .filter(({ tier, priority }) => tier === 'baseline' || priority !== undefined)
        .toSorted((a, b) => rank(a) - rank(b))
        .map(({ tier, priority, rules }, index): RankedPolicy => {
          const compiled = rules.map((each, i) => ({
            action: each.action,
            peers: each.peers,
            written: each.peers,
            spec: table.tierSpecOf(each.ports)!,
            rule: i,
          }));
          return { index, tier, priority, rules: { ingress: compiled, egress: compiled } };
        });
      const maps = [0, 80, 443].map((port) =>
        table.portMap([{ name: port === 0 ? undefined : 'http', protocol: 'TCP', port: Math.max(port, 1) }]),
      );
      const made = lists.map((list, i): TierList => ({
        steps: ranked.flatMap((each, k): TierStep[] =>
          list[k] === 'no' ? [] : [{ policy: each, unsure: list[k] === 'unsure' }],
        ),
        portMap: direction === 'ingress' ? maps[i % maps.length]! : 0,
      }));
      const reading: Reading = { bound, assume };
      const fold = new TierFold(
        { direction, size: made.length + 1, list: (id) => made[id - 1]! },
        table,
        reading,
        new Set(maps),
      );
      for (const [i, end] of ends.entries()) {
        const portMap = maps[i % maps.length]!;
        const holds = (peer: number): Holds => end[peer]!;
        const sayings = fold.say(holds, portMap);
        for (const [k, list] of made.entries()) {
          const names = direction === 'ingress' ? list.portMap : portMap;
          const expected = evaluateTiers(list.steps, direction, reading, {
            holds,
            resolve: (spec) => table.set(table.resolve(spec, names)),
          });
          const words = fold.value(k + 1, sayings);
          const accepted = table.set(fold.setOf(words, 'accepted'));
          const asked = table.set(fold.setOf(words, 'asked'));
          expect([accepted.key, asked.key]).toEqual([expected.accepted.key, expected.asked.key]);
          if (!accepted.isEmpty && !asked.isEmpty && !asked.isAll) told++;
        }
      }
    }),
    { numRuns: 1000, seed, endOnFailure: false },
  );
  expect(told).toBeGreaterThan(200);
});

test(`planes are the sets that they were made of, and their words those of what is between (seed ${seed})`, () => {
  const set = fc
    .array(fc.tuple(fc.constantFrom(...protocols), number, number), { maxLength: 40 })
    .map((ranges) => PortSet.union(ranges.map(([protocol, a, b]) => PortSet.range(protocol, a, b))));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(set, fc.constantFrom(PortSet.all, PortSet.unnamed, PortSet.none))),
      (sets) => {
        const planes = new PortPlanes(sets);
        expect(planes.setOf(planes.all, 0).key).toBe(PortSet.all.key);
        for (const a of sets) {
          const plane = planes.planeOf(a);
          expect(planes.setOf(plane, 0).key).toBe(a.key);
          expect(
            planes.setOf(
              planes.all.map((word, w) => word & ~plane[w]!),
              0,
            ).key,
          ).toBe(PortSet.all.minus(a).key);
          for (const b of sets) {
            const other = planes.planeOf(b);
            expect(
              planes.setOf(
                plane.map((word, w) => word & other[w]!),
                0,
              ).key,
            ).toBe(a.intersect(b).key);
          }
        }
      },
    ),
    { numRuns: 200, seed, endOnFailure: false },
  );
});
