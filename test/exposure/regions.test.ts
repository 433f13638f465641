// The sets that exposures are worked out with, against every object of a small world: pods with every value of two keys
// that selectors name, the empty one too, with one that none names and without the key; in namespaces that exist and in
// new ones. PODWALL_SEED sets which sets are drawn.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { cubeFrom, difference, has, includes, intersection, union } from '../../src/exposure/cubes.ts';
import type { Cube } from '../../src/exposure/cubes.ts';
import { isEmptyScope, nameLabel, NamespaceSpace } from '../../src/exposure/namespaces.ts';
import { isCovered, minimal, regionBoth, regionIncludes, regionMinus } from '../../src/exposure/regions.ts';
import type { Line, Region } from '../../src/exposure/regions.ts';
import { UseTable } from '../../src/exposure/uses.ts';
import { matches } from '../../src/model/index.ts';
import type { Labels, LabelSelector, Requirement } from '../../src/model/index.ts';
import { PortSet } from '../../src/net/index.ts';
import { profiles } from '../../src/policy/index.ts';

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const settings = (numRuns: number): fc.Parameters<unknown> => ({ seed, numRuns, endOnFailure: false });

const keys = ['app', 'role'];
const values = ['', 'x', 'y'];
const everyValue = [undefined, ...values, 'nobody'];

const podsOfWorld: readonly Labels[] = everyValue.flatMap((app) =>
  everyValue.map((role) => labelsOf([keys[0]!, app], [keys[1]!, role])),
);

function labelsOf(...all: readonly (readonly [string, string | undefined])[]): Labels {
  return new Map(all.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

const namespaceOf = (name: string, team: string | undefined): Labels =>
  labelsOf([nameLabel, name], ['team', team]);

const existing = [namespaceOf('a', 'x'), namespaceOf('b', ''), namespaceOf('c', undefined)];
const fresh = ['new', 'other', 'x'].flatMap((name) => everyValue.map((team) => namespaceOf(name, team)));
const space = new NamespaceSpace({
  namespaces: new Map(
    existing.map((labels) => [
      labels.get(nameLabel)!,
      { name: labels.get(nameLabel)!, labels, origin: undefined },
    ]),
  ),
});

function requirement(key: string, named: readonly string[]): fc.Arbitrary<Requirement> {
  const some = fc.subarray([...named], { minLength: 1 });
  return fc
    .oneof(
      fc.record({ operator: fc.constantFrom('In' as const, 'NotIn' as const), values: some }),
      fc.record({
        operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
        values: fc.constant<string[]>([]),
      }),
    )
    .map((each) => ({ key, written: 0, ...each }));
}

const selectorOf = (...requirements: fc.Arbitrary<Requirement>[]): fc.Arbitrary<LabelSelector> =>
  fc.array(fc.oneof(...requirements), { maxLength: 4 }).map((each) => ({ requirements: each }));

const podSelector = selectorOf(...keys.map((key) => requirement(key, values)));
const namespaceSelector = selectorOf(
  requirement('team', values),
  requirement(nameLabel, ['a', 'b', 'other', 'x', '']),
);

const cube: fc.Arbitrary<Cube> = podSelector.map(cubeFrom).filter((each) => each !== undefined);

const region: fc.Arbitrary<Region> = fc
  .record({
    scope: fc.oneof(
      namespaceSelector.map((selector) => space.selected(selector)),
      fc.constantFrom(0, 1, 2).map((index) => space.own(index)),
    ),
    pods: cube,
  })
  .filter(({ scope }) => !isEmptyScope(scope))
  .map(({ scope, pods }) => ({ ...scope, pods }));

/** The pods of the world that are in a cube, as text. */
const membersOf = (each: Cube | undefined): string =>
  podsOfWorld.map((labels) => (each !== undefined && has(each, labels) ? 1 : 0)).join('');

interface Place {
  readonly labels: Labels;
  /** Index of a namespace that exists; -1 for a new one. */
  readonly index: number;
}

const places: readonly Place[] = [
  ...existing.map((labels, index) => ({ labels, index })),
  ...fresh.map((labels) => ({ labels, index: -1 })),
];

function isMeant({ existing: { list }, fresh: cubeOfNew }: Region, { labels, index }: Place): boolean {
  return index < 0 ? cubeOfNew !== undefined && has(cubeOfNew, labels) : list.includes(index);
}

/** The same for regions, over all namespaces. */
function regionMembers(each: Region | undefined): readonly boolean[] {
  return places.flatMap((place) => {
    const isHere = each !== undefined && isMeant(each, place);
    return podsOfWorld.map((labels) => isHere && has(each.pods, labels));
  });
}

const eitherOf = (all: readonly Region[]): readonly boolean[] =>
  all
    .map(regionMembers)
    .reduce((some, next) => some.map((is, i) => is || next[i]!), regionMembers(undefined));

test(`a cube is what its selector means, and its key is its own (seed ${seed})`, () => {
  const keyOf = new Map<string, string>();
  const membersOfKey = new Map<string, string>();
  fc.assert(
    fc.property(podSelector, (selector) => {
      const made = cubeFrom(selector);
      const members = podsOfWorld.map((labels) => (matches(selector, labels) ? 1 : 0)).join('');
      expect(membersOf(made)).toBe(members);
      expect(made === undefined).toBe(!members.includes('1'));
      if (made === undefined) return;
      expect(keyOf.get(members) ?? made.key).toBe(made.key);
      expect(membersOfKey.get(made.key) ?? members).toBe(members);
      keyOf.set(members, made.key);
      membersOfKey.set(made.key, members);
    }),
    settings(4000),
  );
  expect(keyOf.size).toBeGreaterThan(100);
});

test(`cubes are put together and taken apart exactly (seed ${seed})`, () => {
  let unions = 0;
  fc.assert(
    fc.property(cube, cube, (a, b) => {
      const ofA = membersOf(a).split('');
      const ofB = membersOf(b);
      const expected = (of: (inA: boolean, inB: boolean) => boolean): string =>
        ofA.map((bit, i) => (of(bit === '1', ofB[i] === '1') ? 1 : 0)).join('');
      expect(membersOf(intersection(a, b))).toBe(expected((inA, inB) => inA && inB));
      expect(includes(a, b)).toBe(!expected((inA, inB) => inB && !inA).includes('1'));
      const left = difference(a, b);
      // They share nothing: what is in one is in no other.
      const counts = podsOfWorld.map((labels) => left.filter((each) => has(each, labels)).length);
      expect(counts.join('')).toBe(expected((inA, inB) => inA && !inB));
      const whole = union(a, b);
      if (whole === undefined) return;
      unions++;
      expect(membersOf(whole)).toBe(expected((inA, inB) => inA || inB));
    }),
    settings(4000),
  );
  expect(unions).toBeGreaterThan(400);
});

test(`regions are put together and taken apart exactly (seed ${seed})`, () => {
  fc.assert(
    fc.property(region, region, (a, b) => {
      const [ofA, ofB] = [regionMembers(a), regionMembers(b)];
      expect(regionMembers(regionBoth(a, b))).toEqual(ofA.map((is, i) => is && ofB[i]!));
      const left = regionMinus(a, b);
      expect(eitherOf(left)).toEqual(ofA.map((is, i) => is && !ofB[i]!));
      if (regionIncludes(a, b)) expect(ofB.every((is, i) => !is || ofA[i]!)).toBe(true);
    }),
    settings(1500),
  );
});

test(`some regions cover another where they have all of it (seed ${seed})`, () => {
  let covered = 0;
  const some = fc.array(region, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(some, region, region, (by, whole, part) => {
      // What is left of a region after a part is taken away covers it together with the part.
      for (const all of [by, [...regionMinus(whole, part), ...by.slice(1), part]]) {
        const members = eitherOf(all);
        const isWhole = regionMembers(whole).every((is, i) => !is || members[i]!);
        expect(isCovered(whole, all)).toBe(isWhole);
        if (isWhole) covered++;
      }
    }),
    settings(1000),
  );
  expect(covered).toBeGreaterThan(500);
});

test.each([
  ['few', 12, 1500],
  ['many', 90, 60],
])(`fewer lines say the same of everybody: %s (seed ${seed})`, (_, maxLength, numRuns) => {
  const uses = new UseTable(profiles.upstream, { policies: [], tierPolicies: [] });
  const ports = [PortSet.range('TCP', 1, 1), PortSet.range('TCP', 2, 2), PortSet.range('TCP', 1, 2)];
  const line: fc.Arbitrary<Line> = fc
    .tuple(region, fc.constantFrom(...ports))
    .map(([where, set]) => ({ ...where, use: uses.of(set), rules: [] }));
  const lengths = { minLength: Math.floor(maxLength * 0.75), maxLength };
  let before = 0;
  let after = 0;
  fc.assert(
    // Lines as tiers make them, too: pieces of one region.
    fc.property(fc.array(line, lengths), line, region, (lines, whole, part) => {
      const pieces = regionMinus(whole, part).map((each): Line => ({ ...each, use: whole.use, rules: [] }));
      const all = [...lines.slice(pieces.length), ...pieces];
      const told = minimal(all, space, uses);
      before += all.length;
      after += told.length;
      const mayUse = (those: readonly Line[]): readonly boolean[] =>
        [1, 2].flatMap((port) => eitherOf(those.filter(({ use }) => uses.use(use).ports.has('TCP', port))));
      expect(mayUse(told)).toEqual(mayUse(all));
    }),
    settings(numRuns),
  );
  expect(after).toBeLessThan(before);
});
