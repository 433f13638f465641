import type { Direction, Pod } from '../../../src/model/index.ts';
import { families, PortSet } from '../../../src/net/index.ts';
import type { Family } from '../../../src/net/index.ts';
import { has } from '../../../src/policy/index.ts';
import type { CompiledPolicy, Difference, PolicyEnd, PortDifference } from '../../../src/policy/index.ts';

/** What two fresh compiles say differently, and what a difference says, pair by pair: both as text by what they are about. */
export type Expanded = ReadonlyMap<string, string>;

const pods = (policy: CompiledPolicy): ReadonlyMap<string, Pod> =>
  new Map(policy.parts.classes.pods.map((pod) => [pod.id, pod]));
const end = (pod: Pod): PolicyEnd => ({ kind: 'pod', pod });

/** What is allowed in any case, and under the choices among policies of equal priority that allow most. */
interface Bounds {
  readonly sure: PortSet;
  readonly most: PortSet;
}

const none: Bounds = { sure: PortSet.none, most: PortSet.none };

const told = ({ opened, closed, becameAmbiguous, ceasedAmbiguous }: PortDifference): string =>
  `opens ${opened.key}, closes ${closed.key}, makes ambiguous ${becameAmbiguous.key}, or no longer ${ceasedAmbiguous.key}`;

function step(was: Bounds, is: Bounds): string {
  const [before, after] = [was.most.minus(was.sure), is.most.minus(is.sure)];
  return told({
    opened: is.sure.minus(was.sure),
    closed: was.sure.minus(is.sure),
    becameAmbiguous: after.minus(before),
    ceasedAmbiguous: before.minus(after),
  });
}

const nothing = step(none, none);

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
        const found = step(was, is);
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
): Bounds {
  const [source, destination] = [known.get(from), known.get(to)];
  if (source === undefined || destination === undefined) return none;
  // One pod and itself are no pair; several that one object stands for are.
  if (from === to && source.replicas === 1) return none;
  const ends = [end(source), end(destination)] as const;
  return { sure: policy.allowed(...ends, family), most: policy.possible.allowed(...ends, family) };
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
  for (const block of blocks) {
    const { from, to, family: only } = block;
    for (const source of from) {
      for (const destination of to) {
        const both = [old.get(source.id)?.replicas ?? 1, now.get(source.id)?.replicas ?? 1];
        if (source.id === destination.id && both.every((replicas) => replicas === 1)) continue;
        for (const family of families) {
          if ((only ?? family) !== family || !share(source.id, destination.id, family)) continue;
          const key = `${source.id} → ${destination.id} ${family}`;
          if (found.has(key)) throw new Error(`${key} stands in two blocks`);
          found.set(key, told(block));
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
        const found = step(was, is);
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
): Bounds {
  if (pod === undefined || !has(end(pod), family)) return none;
  const bound = (each: CompiledPolicy): PortSet => {
    const { classes } = each.parts;
    const segment = each
      .outside(direction, classes.classOf[classes.indexOf(pod)]!)
      .find((one) => one.family === family && one.first <= value && value <= one.last);
    return each.parts.ports.set(segment!.ports);
  };
  return { sure: bound(policy), most: bound(policy.possible) };
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
  for (const entry of entries) {
    const { direction, pods: some, ranges } = entry;
    for (const { id } of some) {
      for (const [family, value] of addresses) {
        if (!ranges.some((each) => each.family === family && each.first <= value && value <= each.last))
          continue;
        const key = `${id} ${direction} ${family} ${value}`;
        if (found.has(key)) throw new Error(`${key} stands in two entries`);
        found.set(key, told(entry));
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

/** Two entries that say the same of the same ends on one side, so that they could be told as one; `undefined`: none. */
export function toldTwice({ pods: blocks, outside: lines }: Difference): string | undefined {
  const names = (some: readonly Pod[]): string =>
    some
      .map(({ id }) => id)
      .sort()
      .join();
  const keys = [
    ...blocks.flatMap((each) => {
      const rest = `${each.family} ${told(each)}`;
      return [`from ${names(each.from)} ${rest}`, `to ${names(each.to)} ${rest}`];
    }),
    ...lines.flatMap((each) => {
      const rest = `${each.direction} ${told(each)}`;
      const ranges = each.ranges.map(({ family, first, last }) => `${family} ${first}-${last}`);
      return [`of ${names(each.pods)} ${rest}`, `${ranges.join()} ${rest}`];
    }),
  ];
  return keys.find((key, i) => keys.indexOf(key) !== i);
}
