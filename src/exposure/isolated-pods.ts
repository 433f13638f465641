import type { Direction } from '../model/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { areApart, cubeFrom, difference, includes, merged } from './cubes.ts';
import type { Cube } from './cubes.ts';
import { byText } from './literals.ts';
import type { Budget, NamespaceSpace } from './namespaces.ts';

/** The policies of one namespace that select the same potential pods, and isolate them. */
export interface Entry {
  readonly namespace: number;
  readonly pods: Cube;
  /** Indices in `cluster.policies`. */
  readonly policies: readonly number[];
  /** Index of `pods` in the structure of the namespace. */
  at: number;
}

/** The pods that the policies of some namespaces isolate: namespaces with equal selectors share one. */
export interface Structure {
  readonly id: number;
  readonly selected: readonly Cube[];
  /** The same pods in fewer cubes. */
  readonly merged: readonly Cube[];
  /** By cube: what of it no policy selects; `undefined` where it was too much to work out. */
  readonly free: Map<Cube, readonly Cube[] | undefined>;
}

/** More pieces than these of what no policy selects are not worked out. */
const mostPieces = 512;

/**
 * Which potential pods the policies of the namespaces that exist isolate in one direction: those that they select are bound by
 * them as soon as they are there (corners 7 and 8). A namespace that does not exist yet has no policies.
 */
export class IsolatedPods {
  readonly entries: readonly Entry[];
  readonly #entriesOf: ReadonlyMap<number, readonly Entry[]>;
  readonly #structures: ReadonlyMap<number, Structure>;
  readonly #isolating = new Map<Cube, Map<number, readonly number[]>>();

  constructor({ cluster, parts }: CompiledPolicy, direction: Direction, space: NamespaceSpace) {
    const entries: Entry[] = [];
    for (const group of parts.groups) {
      const isolating = group.policies.filter((i) => parts.rules[direction].isolates[i] === 1);
      const [first] = isolating;
      const pods = first === undefined ? undefined : cubeFrom(cluster.policies[first]!.podSelector);
      // A selector that contradicts itself selects nobody, now or later (corner 21).
      if (first === undefined || pods === undefined) continue;
      const namespace = space.indexOf(cluster.policies[first]!.namespace);
      entries.push({ namespace, pods, policies: isolating, at: 0 });
    }
    this.entries = entries;
    this.#entriesOf = Map.groupBy(entries, ({ namespace }) => namespace);
    this.#structures = structuresOf(this.#entriesOf);
  }

  /** By index of each namespace whose policies isolate potential pods: which. */
  get structures(): ReadonlyMap<number, Structure> {
    return this.#structures;
  }

  /** The policies of a namespace that isolate some pods of a cube, as indices in `cluster.policies`. */
  isolating(namespace: number, pods: Cube): readonly number[] {
    let byNamespace = this.#isolating.get(pods);
    if (byNamespace === undefined)
      this.#isolating.set(pods, (byNamespace = new Map<number, readonly number[]>()));
    let found = byNamespace.get(namespace);
    if (found === undefined) {
      found = (this.#entriesOf.get(namespace) ?? []).flatMap(({ policies, pods: selected }) =>
        areApart(selected, pods) ? [] : policies,
      );
      byNamespace.set(namespace, found);
    }
    return found;
  }
}

function structuresOf(entriesOf: ReadonlyMap<number, readonly Entry[]>): ReadonlyMap<number, Structure> {
  const structures = new Map<number, Structure>();
  const known = new Map<string, Structure>();
  for (const [namespace, entries] of entriesOf) {
    const byKey = new Map(entries.map(({ pods }) => [pods.key, pods]));
    const keys = [...byKey.keys()].sort(byText);
    const at = new Map(keys.map((key, i) => [key, i]));
    for (const entry of entries) entry.at = at.get(entry.pods.key)!;
    const key = keys.join('\u0005');
    let structure = known.get(key);
    if (structure === undefined) {
      const selected = keys.map((each) => byKey.get(each)!);
      structure = { id: known.size, selected, merged: merged(selected), free: new Map() };
      known.set(key, structure);
    }
    structures.set(namespace, structure);
  }
  return structures;
}

/**
 * What of a cube no selector of a structure has; `undefined` when that would take too many pieces.
 *
 * @param pods - the same object for equal ones: what is worked out is kept by it
 * @param budget - for what is cut into many pieces
 */
export function freeOf(
  pods: Cube,
  { free, merged: selected }: Structure,
  budget: Budget,
): readonly Cube[] | undefined {
  let found = free.get(pods);
  if (found === undefined && !free.has(pods)) free.set(pods, (found = without(pods, selected, budget)));
  return found;
}

/** So few pieces are no work to speak of. */
const fewPieces = 32;

/** Takes the work with some pieces from a budget; whether there was enough of it. */
export function isAffordable(pieces: readonly Cube[], budget: Budget): boolean {
  if (pieces.length <= fewPieces && pieces.every(({ size }) => size <= fewPieces)) return true;
  for (const { size } of pieces) budget.left -= 1 + size / 8;
  return budget.left >= 0;
}

function without(pods: Cube, selected: readonly Cube[], budget: Budget): readonly Cube[] | undefined {
  // Most policies ask for one value of one key: all that ask for the same key are taken away at once.
  let free: readonly Cube[] = [pods];
  for (const cube of selected) {
    if (!isAffordable(free, budget)) return undefined;
    if (free.every((piece) => areApart(piece, cube))) continue;
    free = free.flatMap((piece) => (includes(cube, piece) ? [] : difference(piece, cube)));
    if (free.length === 0 || free.length > mostPieces) break;
  }
  return free.length > mostPieces ? undefined : free;
}
