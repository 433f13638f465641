import { byText } from './allowed.ts';
import type { Connections } from './connections.ts';
import type { Entry } from './entries.ts';
import type { AllowedPorts, Level, MapConnection } from './types.ts';

/** One side of a line of an overview. */
export interface OverviewSide {
  /** How many ends there are; of addresses outside none. */
  readonly count: number;
  /** Some of their ids, sorted. */
  readonly examples: readonly string[];
  /** In how many namespaces they are; 0 at levels that have none. */
  readonly namespaces: number;
  /** How the names of all of them end, where they have that in common: `-database`. */
  readonly suffix: string | undefined;
  /** Addresses outside, `[first, last]`. */
  readonly ranges?: readonly (readonly [string, string])[];
}

/** Connections with something in common. */
export interface OverviewLine {
  /**
   * `all`: every end of `from` may reach every end of `to`, but for the pairs of one pod with itself that are none.
   * `some`: each of `from` may reach some of `to`, and each of `to` is reached by some. `own`: the pods of each may reach
   * the other pods of it; both sides are the same.
   */
  readonly kind: 'all' | 'some' | 'own';
  readonly from: OverviewSide;
  readonly to: OverviewSide;
  readonly allowed: AllowedPorts;
  readonly family?: Exclude<MapConnection['family'], undefined>;
  readonly partial?: true;
  /** How many connections the line stands for. */
  readonly connections: number;
}

/** Very many pairs share an entry. */
const labels = new WeakMap<Entry, string>();

/** What connections of one line have in common, as text. */
export function labelOf(entry: Entry): string {
  let label = labels.get(entry);
  if (label === undefined) {
    const { allowed, family, partial } = entry;
    labels.set(entry, (label = `${JSON.stringify(allowed)} ${family ?? ''} ${partial}`));
  }
  return label;
}

/** The same as the fields of a line. */
export function fieldsOf({
  allowed,
  family,
  partial,
}: Entry): Pick<OverviewLine, 'allowed' | 'family' | 'partial'> {
  return {
    allowed,
    ...(family === undefined ? {} : { family }),
    ...(partial ? { partial } : {}),
  };
}

/** The home of a group at a level whose groups are in no one namespace. */
export const nowhere = -1;

/** By group: the number of the namespace that it is in or stands for, `nowhere` at levels without. */
export function homesOf({ groups }: Connections, level: Level): Int32Array {
  const homes = new Int32Array(groups.count).fill(nowhere);
  if (level.kind === 'label') return homes;
  if (level.kind === 'namespace') return homes.map((_, group) => group);
  const numbers = new Map<string, number>();
  for (let group = 0; group < groups.count; group++) {
    const namespace = groups.namespaceOf(group);
    let home = numbers.get(namespace);
    if (home === undefined) numbers.set(namespace, (home = numbers.size));
    homes[group] = home;
  }
  return homes;
}

/** Whether two groups are in one namespace. */
export function isOneHome(homes: Int32Array, a: number, b: number): boolean {
  return homes[a] !== nowhere && homes[a] === homes[b];
}

const mostExamples = 4;

/** The last word of a name of several, with its dash. */
function suffixOf(id: string): string | undefined {
  const at = id.lastIndexOf('-');
  return at > id.lastIndexOf('/') ? id.slice(at) : undefined;
}

/** One side of a line: these ends, which may be named more than once. */
export function sideOf(found: Connections, groups: readonly number[]): OverviewSide {
  const { groups: all } = found;
  const distinct = [...new Set(groups)];
  const namespaces = new Set<string>();
  const examples: string[] = [];
  const first = distinct.length > 1 ? suffixOf(found.id(distinct[0]!)) : undefined;
  let isCommon = first !== undefined;
  for (const group of distinct) {
    const id = found.id(group);
    if (all.areInNamespaces) namespaces.add(all.namespaceOf(group));
    examples.push(id);
    if (examples.length > 64) examples.sort(byText).splice(mostExamples);
    isCommon &&= first !== undefined && id.endsWith(first) && suffixOf(id) === first;
  }
  return {
    count: distinct.length,
    examples: examples.sort(byText).slice(0, mostExamples),
    namespaces: namespaces.size,
    suffix: isCommon ? first : undefined,
  };
}
