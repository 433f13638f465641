import type { LabelSelector, Labels } from '../../model/index.ts';
import { yes } from '../labels.ts';
import { IntLists } from './int-lists.ts';
import { LabelIndex } from './label-index.ts';
import { SelectorTable } from './selectors.ts';
import type { Labelled } from './selectors.ts';

/** Set by every API server (corner 22). */
const nameLabel = 'kubernetes.io/metadata.name';

/** Namespaces as numbers while somebody mentions them, and the namespace selectors that match them. */
export class Namespaces {
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #labelled: Labelled[] = [];
  readonly #refs: number[] = [];
  readonly #freed: number[] = [];
  readonly #index = new LabelIndex();
  readonly selectors: SelectorTable = new SelectorTable();
  /** By namespace: the selectors that match it. */
  readonly matching: IntLists = new IntLists();
  /** By selector: the namespaces that it matches. */
  readonly matched: IntLists = new IntLists();

  get size(): number {
    return this.#ids.size;
  }

  /** The labels of a namespace that somebody mentions. */
  labels(name: string): Labels {
    const id = this.#ids.get(name);
    return id === undefined ? new Map() : this.#labelled[id]!.labels;
  }

  /** The number of a namespace, held once more. It has its name label alone until it is told others. */
  hold(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.#freed.pop() ?? this.#names.length;
      this.#ids.set(name, id);
      this.#names[id] = name;
      this.#refs[id] = 0;
      this.#match(id, this.#label(id, new Map()));
    }
    this.#refs[id]!++;
    return id;
  }

  /** Holds a namespace that is held once more. */
  again(id: number): number {
    this.#refs[id]!++;
    return id;
  }

  release(id: number): void {
    if (--this.#refs[id]! > 0) return;
    this.#leave(id);
    this.#ids.delete(this.#names[id]!);
    this.#freed.push(id);
  }

  /** Gives a namespace other labels; returns the selectors that match it no longer, and those that do now. */
  relabel(
    id: number,
    labels: Labels,
  ): { readonly leaves: readonly number[]; readonly joins: readonly number[] } {
    this.#index.remove(id);
    const after = new Set(this.#label(id, labels));
    const leaves: number[] = [];
    for (const selector of this.matching.copy(id)) if (!after.delete(selector)) leaves.push(selector);
    for (const selector of leaves) {
      this.matching.swapRemove(id, this.matching.indexOf(id, selector));
      this.matched.swapRemove(selector, this.matched.indexOf(selector, id));
    }
    this.#match(id, after);
    return { leaves, joins: [...after] };
  }

  /** The id of a namespace selector, held once more. */
  holdSelector(selector: LabelSelector): number {
    const id = this.selectors.hold(selector);
    if (this.selectors.isNew(id)) {
      const found = new Set<number>();
      this.#index.forEachCandidate(this.selectors.requirements(id), (namespace) => {
        if (this.selectors.holds(id, this.#labelled[namespace]!) === yes) found.add(namespace);
      });
      for (const namespace of found) {
        this.matching.push(namespace, id);
        this.matched.push(id, namespace);
      }
    }
    return id;
  }

  releaseSelector(id: number): void {
    if (this.selectors.isLast(id)) {
      for (const namespace of this.matched.copy(id)) {
        this.matching.swapRemove(namespace, this.matching.indexOf(namespace, id));
      }
      this.matched.clear(id);
    }
    this.selectors.release(id);
  }

  /** Gives a namespace that is not in the index labels; returns the selectors that match it by these. */
  #label(id: number, given: Labels): readonly number[] {
    const name = this.#names[id]!;
    // Corner 22: the name label is always there, and no other value of it counts.
    const labels = given.get(nameLabel) === name ? given : new Map(given).set(nameLabel, name);
    const labelled = { labels, undecided: none };
    this.#labelled[id] = labelled;
    this.#index.add(id, this.#index.pairsOf(labelled));
    const found: number[] = [];
    this.selectors.forEachHolding(labelled, (selector) => found.push(selector));
    return found;
  }

  #match(id: number, selectors: Iterable<number>): void {
    for (const selector of selectors) {
      this.matching.push(id, selector);
      this.matched.push(selector, id);
    }
  }

  #leave(id: number): void {
    this.#index.remove(id);
    for (const selector of this.matching.copy(id)) {
      this.matched.swapRemove(selector, this.matched.indexOf(selector, id));
    }
    this.matching.clear(id);
  }
}

const none: Labelled['undecided'] = new Map();
