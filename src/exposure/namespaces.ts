import { matches } from '../model/index.ts';
import type { Cluster, Labels, LabelSelector, Namespace } from '../model/index.ts';
import { anyLabels, cubeFrom, intersection, literalAt, restricted, without } from './cubes.ts';
import type { Cube } from './cubes.ts';
import { byText } from './literals.ts';

/** Every namespace bears its name under this key (corner 22). */
export const nameLabel = 'kubernetes.io/metadata.name';

/** Some of the namespaces that exist, as ascending indices. */
export interface Places {
  readonly list: readonly number[];
  /** Whether it is all of them. */
  readonly isAll: boolean;
}

const nowhere: Places = { list: [], isAll: false };

/** Namespaces: some that exist, and those that do not exist yet and have labels of a cube. */
export interface Scope {
  readonly existing: Places;
  /**
   * `undefined`: no new namespace. A new namespace never bears the name of one that exists, so its cube names none of them.
   */
  readonly fresh: Cube | undefined;
}

/** How much work may yet be done; about a million pieces of it take a second. */
export interface Budget {
  left: number;
}

/** So much work is done to say everything of one cluster with few lines. */
const mostWork = 1_500_000;

/** So much work is done with potential pods whose own policies cut them into many pieces; beyond that they are left undecided. */
const mostPieces = 1_000_000;

/** All namespaces of a cluster, and those that could be created in it. */
export class NamespaceSpace {
  /** Those that exist, by name. */
  readonly all: readonly Namespace[];
  /** Every namespace that exists or could. */
  readonly everywhere: Scope;
  /** What may be spent on saying things with few lines. */
  readonly work: Budget = { left: mostWork };
  /** What may be spent on pods that policies of their own namespaces cut into many pieces. */
  readonly pieces: Budget = { left: mostPieces };
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #scopes = new Map<string, Scope>();
  readonly #bySelector = new WeakMap<LabelSelector, Scope>();
  readonly #own = new Map<number, Scope>();
  readonly #cubes = new Map<string, Cube>();
  readonly #byKey = new Map<string, ReadonlyMap<string, readonly number[]>>();

  constructor(cluster: Pick<Cluster, 'namespaces'>) {
    this.all = [...cluster.namespaces.values()].sort((a, b) => byText(a.name, b.name));
    this.#indexOf = new Map(this.all.map(({ name }, i) => [name, i]));
    this.everywhere = {
      existing: { list: this.all.map((_, i) => i), isAll: true },
      fresh: anyLabels,
    };
  }

  indexOf(name: string): number {
    return this.#indexOf.get(name) ?? -1;
  }

  name(index: number): string {
    return this.all[index]!.name;
  }

  /** The same cube for equal ones, so that what is known of it is found by the object. */
  shared(cube: Cube): Cube {
    const known = this.#cubes.get(cube.key);
    if (known !== undefined) return known;
    this.#cubes.set(cube.key, cube);
    return cube;
  }

  /** One namespace that exists. */
  own(index: number): Scope {
    let scope = this.#own.get(index);
    if (scope === undefined) {
      this.#own.set(index, (scope = { existing: this.places([index]), fresh: undefined }));
    }
    return scope;
  }

  /** @param list - ascending indices */
  places(list: readonly number[]): Places {
    if (list.length === this.all.length) return this.everywhere.existing;
    return { list, isAll: false };
  }

  /** The namespaces that a namespaceSelector means. */
  selected(selector: LabelSelector): Scope {
    let scope = this.#bySelector.get(selector);
    if (scope === undefined) {
      const cube = cubeFrom(selector);
      scope =
        cube === undefined
          ? { existing: nowhere, fresh: undefined }
          : this.scopeOf(cube, (labels) => matches(selector, labels));
      this.#bySelector.set(selector, scope);
    }
    return scope;
  }

  /** The namespaces whose labels are in a cube. */
  scopeOf(cube: Cube, holds: (labels: Labels) => boolean): Scope {
    let scope = this.#scopes.get(cube.key);
    if (scope === undefined) {
      const list = this.#candidates(cube).filter((i) => holds(this.all[i]!.labels));
      scope = { existing: this.places(list), fresh: this.#fresh(cube) };
      this.#scopes.set(cube.key, scope);
    }
    return scope;
  }

  /** The shortest list that holds every namespace of a cube. */
  #candidates(cube: Cube): readonly number[] {
    let best = this.everywhere.existing.list;
    for (const { key, except, values, absent } of cube.literals) {
      if (except || absent) continue;
      const byValue = this.#valuesOf(key);
      const lists = values.map((value) => byValue.get(value) ?? []);
      const size = lists.reduce((sum, { length }) => sum + length, 0);
      if (size < best.length) best = lists.flat().sort((a, b) => a - b);
    }
    return best;
  }

  #valuesOf(key: string): ReadonlyMap<string, readonly number[]> {
    let byValue = this.#byKey.get(key);
    if (byValue === undefined) {
      const made = new Map<string, number[]>();
      for (const [i, { labels }] of this.all.entries()) {
        const value = labels.get(key);
        if (value === undefined) continue;
        const list = made.get(value);
        if (list === undefined) made.set(value, [i]);
        else list.push(i);
      }
      this.#byKey.set(key, (byValue = made));
    }
    return byValue;
  }

  /** What of a cube new namespaces can have: they have a name, and none that exists (corner 22). */
  #fresh(cube: Cube): Cube | undefined {
    const name = literalAt(cube, nameLabel);
    if (name === undefined) return cube;
    const rest = without(cube, nameLabel);
    const isNew = (value: string): boolean => validName.test(value) && !this.#indexOf.has(value);
    const values = name.values.filter(isNew);
    if (name.except) return values.length === 0 ? rest : restricted(rest, nameLabel, true, values);
    return values.length === 0 ? undefined : restricted(rest, nameLabel, false, values);
  }
}

/** The names that a namespace can have: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
const validName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether a scope has no namespace, neither one that exists nor a new one. */
export function isEmptyScope({ existing, fresh }: Scope): boolean {
  return existing.list.length === 0 && fresh === undefined;
}

/** Whether a place is one of some. */
export function placesHave({ list, isAll }: Places, place: number): boolean {
  if (isAll) return true;
  let low = 0;
  let high = list.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = list[middle]!;
    if (found === place) return true;
    if (found < place) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

/** Whether two lists have the same places. */
export function arePlacesEqual(a: Places, b: Places): boolean {
  if (a === b) return true;
  return a.list.length === b.list.length && a.list.every((place, i) => place === b.list[i]);
}

/** Whether some place is in both. */
export function placesMeet(a: Places, b: Places): boolean {
  if (a.isAll || b.isAll) return a.list.length > 0 && b.list.length > 0;
  let at = 0;
  for (const place of a.list) {
    while (at < b.list.length && b.list[at]! < place) at++;
    if (b.list[at] === place) return true;
  }
  return false;
}

/** Whether `outer` has every place of `inner`. */
export function placesInclude(outer: Places, inner: Places): boolean {
  if (outer.isAll || outer === inner || inner.list.length === 0) return true;
  if (outer.list.length < inner.list.length) return false;
  let at = 0;
  for (const place of inner.list) {
    while (at < outer.list.length && outer.list[at]! < place) at++;
    if (outer.list[at] !== place) return false;
  }
  return true;
}

/** The namespaces that are in both. */
export function placesBoth(a: Places, b: Places): Places {
  if (a.isAll || a === b) return b;
  if (b.isAll) return a;
  const [short, long] = a.list.length < b.list.length ? [a, new Set(b.list)] : [b, new Set(a.list)];
  return { list: short.list.filter((place) => long.has(place)), isAll: false };
}

/** The namespaces of `a` that are not in `b`. */
export function placesMinus(a: Places, b: Places): Places {
  if (b.isAll) return nowhere;
  if (b.list.length === 0) return a;
  const taken = new Set(b.list);
  return { list: a.list.filter((place) => !taken.has(place)), isAll: false };
}

/** The namespaces that are in one of two or in both, ascending. */
export function placesEither(a: Places, b: Places): readonly number[] {
  return [...new Set([...a.list, ...b.list])].sort((x, y) => x - y);
}

/** The new namespaces that are in both cubes. */
export function freshBoth(a: Cube | undefined, b: Cube | undefined): Cube | undefined {
  return a === undefined || b === undefined ? undefined : intersection(a, b);
}
