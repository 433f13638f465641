import type { Direction, Pod } from '../../../src/model/index.ts';
import { families, PortSet } from '../../../src/net/index.ts';
import type { Family } from '../../../src/net/index.ts';
import { has } from '../../../src/policy/index.ts';
import type { CompiledPolicy, Difference, PolicyEnd } from '../../../src/policy/index.ts';

/** What two fresh compiles say differently, and what a difference says, pair by pair: both as text by what they are about. */
export type Expanded = ReadonlyMap<string, string>;

const pods = (policy: CompiledPolicy): ReadonlyMap<string, Pod> =>
  new Map(policy.parts.classes.pods.map((pod) => [pod.id, pod]));
const end = (pod: Pod): PolicyEnd => ({ kind: 'pod', pod });
const text = (opened: PortSet, closed: PortSet): string => `opens ${opened.key}, closes ${closed.key}`;
const nothing = text(PortSet.none, PortSet.none);

/** Asks both compiles about every ordered pair of pods in every family. */
export function expectedPairs(before: CompiledPolicy, after: CompiledPolicy): Expanded {
  const expected = new Map<string, string>();
  const [old, now] = [pods(before), pods(after)];
  const ids = new Set([...old.keys(), ...now.keys()]);
  for (const from of ids) {
    for (const to of ids) {
      for (const family of families) {
        const was = allowed(before, old, from, to, family);
        const is = allowed(after, now, from, to, family);
        const found = text(is.minus(was), was.minus(is));
        if (found !== nothing) expected.set(`${from} → ${to} ${family}`, found);
      }
    }
  }
  return expected;
}

function allowed(
  policy: CompiledPolicy,
  known: ReadonlyMap<string, Pod>,
  from: string,
  to: string,
  family: Family,
): PortSet {
  const [source, destination] = [known.get(from), known.get(to)];
  if (source === undefined || destination === undefined) return PortSet.none;
  // One pod and itself are no pair; several that one object stands for are.
  if (from === to && source.replicas === 1) return PortSet.none;
  return policy.allowed(end(source), end(destination), family);
}

/** The same from the blocks of a difference. Throws when two of them mean the same pair. */
export function expandedPairs(
  { pods: blocks }: Difference,
  before: CompiledPolicy,
  after: CompiledPolicy,
): Expanded {
  const [old, now] = [pods(before), pods(after)];
  const share = (from: string, to: string, family: Family): boolean =>
    [old, now].some((known) => {
      const [source, destination] = [known.get(from), known.get(to)];
      if (source === undefined || destination === undefined) return false;
      return has(end(source), family) && has(end(destination), family);
    });
  const found = new Map<string, string>();
  for (const { from, to, opened, closed, family: only } of blocks) {
    for (const source of from) {
      for (const destination of to) {
        const both = [old.get(source.id)?.replicas ?? 1, now.get(source.id)?.replicas ?? 1];
        if (source.id === destination.id && both.every((replicas) => replicas === 1)) continue;
        for (const family of families) {
          if ((only ?? family) !== family || !share(source.id, destination.id, family)) continue;
          const key = `${source.id} → ${destination.id} ${family}`;
          if (found.has(key)) throw new Error(`${key} stands in two blocks`);
          found.set(key, text(opened, closed));
        }
      }
    }
  }
  return found;
}

type Address = readonly [family: Family, value: bigint];

/** Asks both compiles about every pod and addresses on both sides of every bound. */
export function expectedOutside(
  before: CompiledPolicy,
  after: CompiledPolicy,
  addresses: readonly Address[],
): Expanded {
  const expected = new Map<string, string>();
  const [old, now] = [pods(before), pods(after)];
  for (const id of new Set([...old.keys(), ...now.keys()])) {
    for (const direction of ['ingress', 'egress'] as const) {
      for (const address of addresses) {
        const was = outside(before, old.get(id), direction, address);
        const is = outside(after, now.get(id), direction, address);
        const found = text(is.minus(was), was.minus(is));
        if (found !== nothing) expected.set(`${id} ${direction} ${address.join(' ')}`, found);
      }
    }
  }
  return expected;
}

function outside(
  policy: CompiledPolicy,
  pod: Pod | undefined,
  direction: Direction,
  [family, value]: Address,
): PortSet {
  if (pod === undefined || !has(end(pod), family)) return PortSet.none;
  const { classes } = policy.parts;
  const segment = policy
    .outside(direction, classes.classOf[classes.indexOf(pod)]!)
    .find((each) => each.family === family && each.first <= value && value <= each.last);
  return policy.parts.ports.set(segment!.ports);
}

/** Addresses on both sides of every bound of either. */
export function boundsOf(before: CompiledPolicy, after: CompiledPolicy): readonly Address[] {
  const found = new Map<string, Address>();
  for (const policy of [before, after]) {
    for (const family of families) {
      for (const { first, last } of policy.addressParts(family)) {
        for (const value of [first, last]) found.set(`${family} ${value}`, [family, value]);
      }
    }
  }
  return [...found.values()];
}

export function expandedOutside({ outside: entries }: Difference, addresses: readonly Address[]): Expanded {
  const found = new Map<string, string>();
  for (const { direction, pods: some, ranges, opened, closed } of entries) {
    for (const { id } of some) {
      for (const [family, value] of addresses) {
        if (!ranges.some((each) => each.family === family && each.first <= value && value <= each.last))
          continue;
        const key = `${id} ${direction} ${family} ${value}`;
        if (found.has(key)) throw new Error(`${key} stands in two entries`);
        found.set(key, text(opened, closed));
      }
    }
  }
  return found;
}

/** The first thing that two say differently. */
export function unequal(found: Expanded, expected: Expanded): string | undefined {
  for (const key of new Set([...found.keys(), ...expected.keys()])) {
    if (found.get(key) !== expected.get(key)) {
      return `${key}: live ${found.get(key) ?? 'nothing'}, fresh ${expected.get(key) ?? 'nothing'}`;
    }
  }
  return undefined;
}
