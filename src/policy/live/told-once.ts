import type { Pod } from '../../model/index.ts';
import { joined } from '../../net/index.ts';
import type { AddressRange } from '../../net/index.ts';
import type { Difference, OutsideDifference, PodDifference, PortDifference } from './findings.ts';

/**
 * Brings together what is the same: blocks that say the same of the same pods, or of the same addresses, on one side are one
 * block with all that they have on the other side, as a map tells it. No two entries are left that could be told as one.
 *
 * @param several - whether an object stands, or stood, for several pods, so that it and itself are pairs
 */
export function toldOnce({ pods, outside }: Difference, several: (pod: Pod) => boolean): Difference {
  const lists = new PodLists();
  const joinedPods = joinedPairs(pods, lists).flatMap(({ from, to, ...rest }) => {
    // One pod and itself are no pair.
    const [some, others] = [without(from, to, several), without(to, from, several)];
    return some.length === 0 || others.length === 0 ? [] : [{ from: some, to: others, ...rest }];
  });
  return { pods: joinedPairs(joinedPods, lists), outside: joinedOutside(outside, lists) };
}

/** Pods but for the one that is all of `others`. */
function without(
  pods: readonly Pod[],
  others: readonly Pod[],
  several: (pod: Pod) => boolean,
): readonly Pod[] {
  const [only] = others;
  if (others.length !== 1 || only === undefined || several(only)) return pods;
  return pods.includes(only) ? pods.filter((pod) => pod !== only) : pods;
}

function joinedPairs(entries: readonly PodDifference[], lists: PodLists): readonly PodDifference[] {
  return untilNone(entries, [
    (some) =>
      join(
        some,
        (each) => `${lists.idOf(each.to)} ${each.family} ${sayOf(each)}`,
        (group) => ({ ...group[0]!, from: group.flatMap(({ from }) => from) }),
      ),
    (some) =>
      join(
        some,
        (each) => `${lists.idOf(each.from)} ${each.family} ${sayOf(each)}`,
        (group) => ({ ...group[0]!, to: group.flatMap(({ to }) => to) }),
      ),
  ]);
}

function joinedOutside(entries: readonly OutsideDifference[], lists: PodLists): readonly OutsideDifference[] {
  const textOf = ({ family, first, last }: AddressRange): string => `${family} ${first}-${last}`;
  return untilNone(entries, [
    (some) =>
      join(
        some,
        (each) => `${each.ranges.map(textOf).join()} ${each.direction} ${sayOf(each)}`,
        (group) => ({ ...group[0]!, pods: group.flatMap(({ pods }) => pods) }),
      ),
    (some) =>
      join(
        some,
        (each) => `${lists.idOf(each.pods)} ${each.direction} ${sayOf(each)}`,
        (group) => ({
          ...group[0]!,
          ranges: joined(group.flatMap(({ ranges }) => ranges).sort(byAddress)),
        }),
      ),
  ]);
}

/** Does one step after the other until none makes fewer of the entries. */
function untilNone<T>(
  entries: readonly T[],
  steps: readonly ((some: readonly T[]) => readonly T[])[],
): readonly T[] {
  for (let some = entries; ;) {
    const before = some.length;
    for (const step of steps) some = step(some);
    if (some.length === before) return some;
  }
}

/** Makes one of all entries with the same key, in the order in which they are met. */
function join<T>(
  entries: readonly T[],
  keyOf: (each: T) => string,
  one: (group: readonly T[]) => T,
): readonly T[] {
  if (entries.length < 2) return entries;
  return Array.from(Map.groupBy(entries, keyOf).values(), (group) =>
    group.length === 1 ? group[0]! : one(group),
  );
}

function sayOf({ opened, closed, becameAmbiguous, ceasedAmbiguous }: PortDifference): string {
  return [opened, closed, becameAmbiguous, ceasedAmbiguous].map(({ key }) => key).join(' ');
}

function byAddress(a: AddressRange, b: AddressRange): number {
  if (a.family !== b.family) return a.family === 'IPv4' ? -1 : 1;
  return a.first < b.first ? -1 : Number(a.first > b.first);
}

/** Lists of pods as numbers: the same pods in whatever order are one number. */
class PodLists {
  readonly #numbers = new Map<Pod, number>();
  readonly #known = new Map<readonly Pod[], number>();
  /** By a sum over the pods: lists with it. */
  readonly #bySum = new Map<number, { readonly id: number; readonly pods: ReadonlySet<Pod> }[]>();
  #next = 0;

  idOf(pods: readonly Pod[]): number {
    let id = this.#known.get(pods);
    if (id === undefined) this.#known.set(pods, (id = this.#find(pods)));
    return id;
  }

  #find(pods: readonly Pod[]): number {
    let sum = pods.length;
    for (const pod of pods) sum = (sum + mixed(this.#numberOf(pod))) | 0;
    let alike = this.#bySum.get(sum);
    if (alike === undefined) this.#bySum.set(sum, (alike = []));
    const same = alike.find(
      (each) => each.pods.size === pods.length && pods.every((pod) => each.pods.has(pod)),
    );
    if (same !== undefined) return same.id;
    alike.push({ id: this.#next, pods: new Set(pods) });
    return this.#next++;
  }

  #numberOf(pod: Pod): number {
    let number = this.#numbers.get(pod);
    if (number === undefined) this.#numbers.set(pod, (number = this.#numbers.size + 1));
    return number;
  }
}

function mixed(number: number): number {
  const hash = Math.imul(number, 0x9e3779b1);
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
}
