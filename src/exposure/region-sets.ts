import type { SetAlgebra } from '../policy/index.ts';
import { anyLabels } from './cubes.ts';
import type { CutOrder } from './cubes.ts';
import type { Budget, NamespaceSpace } from './namespaces.ts';
import { costOf, isCovered, regionBoth, regionIn, regionIncludes, regionMinus } from './regions.ts';
import type { Region } from './regions.ts';

/** More pieces of the space than these are not made of one set. */
const mostPieces = 4096;
/** Nor is more work done in all. */
const mostWork = 2_500_000;

/** So much work is done to tell one set with wider regions. */
const mostWidened = 20_000;

/** A set of potential pods would take too many pieces, or too long. */
export class TooManyPiecesError extends Error {
  override readonly name = 'TooManyPiecesError';

  constructor() {
    super('the selectors of tiers cut potential pods into too many pieces');
  }
}

/**
 * Sets of potential pods, as lists of regions that have all of them; they may overlap. There is an end to how much work is done
 * with them.
 *
 * @throws TooManyPiecesError by what makes new sets
 */
export class RegionSets implements SetAlgebra<readonly Region[]> {
  readonly everywhere: Region;
  readonly none: readonly Region[] = [];
  readonly all: readonly Region[];
  readonly #budget: Budget = { left: mostWork };
  readonly #order: CutOrder;
  readonly #space: NamespaceSpace;

  /** @param order - as of `difference`: the keys that most selectors share first */
  constructor(space: NamespaceSpace, order: CutOrder) {
    this.everywhere = regionIn(space.everywhere, anyLabels);
    this.all = [this.everywhere];
    this.#order = order;
    this.#space = space;
  }

  isEmpty(set: readonly Region[]): boolean {
    return set.length === 0;
  }

  union(sets: readonly (readonly Region[])[]): readonly Region[] {
    const some = sets.filter((set) => set.length > 0);
    if (some.length < 2) return some[0] ?? this.none;
    return some.includes(this.all) ? this.all : this.#bounded(some.flat());
  }

  intersect(a: readonly Region[], b: readonly Region[]): readonly Region[] {
    if (b === this.all || a.length === 0) return a;
    if (a === this.all || b.length === 0) return b;
    for (const one of a) this.#count(one, b.length);
    return this.#bounded(a.flatMap((one) => b.flatMap((other) => regionBoth(one, other) ?? [])));
  }

  minus(a: readonly Region[], b: readonly Region[]): readonly Region[] {
    if (b === this.all) return this.none;
    let left = a;
    for (const taken of b) {
      if (left.length === 0) break;
      for (const piece of left) this.#count(piece, 1);
      this.#count(taken, left.length);
      // What has nothing in common stays the same object.
      left = this.#bounded(left.flatMap((piece) => regionMinus(piece, taken, this.#order)));
    }
    return left;
  }

  /**
   * The same set with wider regions in place of the pieces that they have: what was matched by several rules in turn is told as the
   * rules tell it.
   *
   * @param candidates - regions that may be all in the set
   */
  wider(set: readonly Region[], candidates: readonly Region[]): readonly Region[] {
    if (set.length < 2) return set;
    let left = set;
    const found: Region[] = [];
    const granted = Math.min(mostWidened, this.#space.work.left);
    const budget: Budget = { left: granted };
    for (const candidate of [this.everywhere, ...candidates]) {
      if (left.length === 0 || budget.left < 0) break;
      if (found.some((each) => regionIncludes(each, candidate))) continue;
      if (!isCovered(candidate, set, budget, this.#order)) continue;
      if (candidate === this.everywhere) return this.all;
      found.push(candidate);
      left = left.filter((piece) => !regionIncludes(candidate, piece));
    }
    this.#space.work.left -= granted - budget.left;
    return found.length === 0 ? set : [...found, ...left];
  }

  #count(region: Region, times: number): void {
    this.#budget.left -= times * costOf(region);
    if (this.#budget.left < 0) throw new TooManyPiecesError();
  }

  #bounded(set: readonly Region[]): readonly Region[] {
    if (set.length > mostPieces) throw new TooManyPiecesError();
    return set;
  }
}
