import type { ClassTable } from './classes.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds, LabelTable, Matched } from './labels.ts';
import { isAmong, listsBy, Numbers } from './lists.ts';
import type { Lists } from './lists.ts';

/** What a search costs for each label set that is looked up in a namespace, where asking a class costs 1. */
const lookUpCost = 4;

/** The namespaces that a selector matches. */
interface Scope {
  /** Their numbers, ascending. */
  readonly namespaces: Int32Array;
  /** How many classes they have. */
  readonly population: number;
}

/** Finds the classes that selectors mean: by namespace, by label set, whichever is shorter. */
export class ClassIndex {
  readonly #classes: ClassTable;
  readonly #labels: LabelTable;
  readonly #namespaceLabels: LabelTable;
  /** By namespace: its classes, ascending by label set. */
  readonly #ofNamespace: Lists;
  readonly #ofSet: Lists;
  readonly #namespacesOfSet: Lists;
  /** By namespace: what remains of its labels. */
  readonly #setOfNamespace: readonly number[];
  readonly #scopes: (Scope | undefined)[] = [];
  /** By namespace: the selector whose scope was marked last there, plus 1. */
  readonly #mark: Int32Array;
  #marked = -1;
  readonly #sure = new Numbers();
  readonly #unsure = new Numbers();
  #limit = Infinity;

  /** @param namespaceSets - by namespace: what remains of its labels */
  constructor(
    classes: ClassTable,
    labels: LabelTable,
    namespaceLabels: LabelTable,
    namespaceSets: readonly number[],
  ) {
    this.#classes = classes;
    this.#labels = labels;
    this.#namespaceLabels = namespaceLabels;
    // Host-network classes have neither namespace nor label set here (corner 44).
    this.#ofSet = listsBy(classes.labels, labels.setCount);
    this.#ofNamespace = listsBy(classes.namespace, namespaceSets.length, this.#ofSet.items);
    this.#namespacesOfSet = listsBy(Int32Array.from(namespaceSets), namespaceLabels.setCount);
    this.#setOfNamespace = namespaceSets;
    this.#mark = new Int32Array(namespaceSets.length);
  }

  get namespaceCount(): number {
    return this.#mark.length;
  }

  /** The namespaces that a selector matches, ascending. */
  namespaces(selector: number): Int32Array {
    return this.#scope(selector).namespaces;
  }

  #scope(selector: number): Scope {
    let scope = this.#scopes[selector];
    if (scope === undefined) {
      const found = new Numbers();
      let population = 0;
      const { sure } = this.#namespaceLabels.matched(selector);
      const { starts, items } = this.#namespacesOfSet;
      for (let k = 0; k < sure.length; k++) {
        for (let i = starts[sure[k]!]!; i < starts[sure[k]! + 1]!; i++) {
          found.push(items[i]!);
          population += this.#ofNamespace.count(items[i]!);
        }
      }
      this.#scopes[selector] = scope = { namespaces: found.all.slice().sort(), population };
    }
    return scope;
  }

  /** The classes of one namespace that a pod selector matches, for certain and perhaps; ascending. */
  inNamespace(namespace: number, selector: number): Matched {
    this.gather(namespace, undefined, selector);
    return this.#gathered;
  }

  /** The same over all namespaces that a namespace selector matches. */
  inNamespaces(namespaces: number, selector: number): Matched {
    this.gather(undefined, namespaces, selector);
    return this.#gathered;
  }

  get #gathered(): Matched {
    return { sure: Array.from(this.#sure.all.sort()), unsure: Array.from(this.#unsure.all.sort()) };
  }

  /** The classes that `gather` has found to be meant for certain, until it is called again. */
  get sure(): Numbers {
    return this.#sure;
  }

  /** And those of which files cannot tell. */
  get unsure(): Numbers {
    return this.#unsure;
  }

  /**
   * Finds the classes that a pod selector matches in one namespace, or in those that a namespace selector matches: they
   * stand in `sure` and `unsure`, each once.
   *
   * @param limit - once more than so many are meant for certain, the rest need not be found
   */
  gather(
    namespace: number | undefined,
    namespaces: number | undefined,
    selector: number,
    limit = Infinity,
  ): void {
    this.#sure.length = 0;
    this.#unsure.length = 0;
    this.#limit = limit;
    if (namespace !== undefined) this.#gatherIn(namespace, selector);
    else this.#gatherAll(namespaces!, selector);
  }

  /** How many classes a namespace has. */
  count(namespace: number): number {
    return this.#ofNamespace.count(namespace);
  }

  /** Finds the classes of a namespace that have one of some label sets: they stand in `sure`. */
  gatherSets(namespace: number, sets: readonly number[]): void {
    this.#sure.length = 0;
    this.#unsure.length = 0;
    const { starts } = this.#ofNamespace;
    this.#lookUp(sets, starts[namespace]!, starts[namespace + 1]!, this.#sure);
  }

  get #isFull(): boolean {
    return this.#sure.length > this.#limit;
  }

  #gatherAll(namespaces: number, selector: number): void {
    const scope = this.#scope(namespaces);
    const labels = this.#labels;
    if (selector !== labels.everything) {
      const estimate = labels.estimate(selector);
      // Many namespaces are not asked one by one where few classes have the labels at all.
      const one = Math.min(scope.population, scope.namespaces.length * estimate * lookUpCost);
      if (estimate < one) {
        const { sure, unsure } = labels.matched(selector);
        if (this.#countOf(sure, one) + this.#countOf(unsure, one) + scope.namespaces.length < one) {
          this.#markScope(namespaces, scope);
          this.#filter(sure, namespaces, this.#sure);
          this.#filter(unsure, namespaces, this.#unsure);
          return;
        }
      }
    }
    for (let i = 0; i < scope.namespaces.length && !this.#isFull; i++)
      this.#gatherIn(scope.namespaces[i]!, selector);
  }

  /** How many classes have one of some label sets, as far as they are fewer than `most`. */
  #countOf(sets: readonly number[], most: number): number {
    let count = 0;
    for (let i = 0; i < sets.length && count < most; i++) count += this.#ofSet.count(sets[i]!);
    return count;
  }

  #markScope(selector: number, { namespaces }: Scope): void {
    if (this.#marked === selector) return;
    this.#marked = selector;
    for (const namespace of namespaces) this.#mark[namespace] = selector + 1;
  }

  /** Takes the classes of label sets that are in the namespaces marked for a selector. */
  #filter(sets: readonly number[], selector: number, into: Numbers): void {
    const { namespace } = this.#classes;
    const { starts, items } = this.#ofSet;
    for (let k = 0; k < sets.length && !this.#isFull; k++) {
      const set = sets[k]!;
      for (let i = starts[set]!; i < starts[set + 1]!; i++) {
        const c = items[i]!;
        if (this.#mark[namespace[c]!] === selector + 1) into.push(c);
      }
    }
  }

  #gatherIn(namespace: number, selector: number): void {
    const { starts, items } = this.#ofNamespace;
    const start = starts[namespace]!;
    const end = starts[namespace + 1]!;
    const labels = this.#labels;
    if (selector === labels.everything) {
      for (let i = start; i < end; i++) this.#sure.push(items[i]!);
      return;
    }
    const count = end - start;
    if (count > lookUpCost && labels.estimate(selector) * lookUpCost < count) {
      const { sure, unsure } = labels.matched(selector);
      this.#lookUp(sure, start, end, this.#sure);
      this.#lookUp(unsure, start, end, this.#unsure);
      return;
    }
    const { labels: sets } = this.#classes;
    for (let i = start; i < end; i++) {
      const c = items[i]!;
      const holds = labels.holds(selector, sets[c]!);
      if (holds === yes) this.#sure.push(c);
      else if (holds === unknown) this.#unsure.push(c);
    }
  }

  /** Takes the classes of label sets in one namespace, whose classes stand from `start` to before `end`. */
  #lookUp(sets: readonly number[], start: number, end: number, into: Numbers): void {
    const { items } = this.#ofNamespace;
    const { labels } = this.#classes;
    for (let k = 0; k < sets.length; k++) {
      const set = sets[k]!;
      let low = start;
      let high = end;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (labels[items[middle]!]! < set) low = middle + 1;
        else high = middle;
      }
      for (; low < end && labels[items[low]!] === set; low++) into.push(items[low]!);
    }
  }

  /** Whether a namespace selector matches one namespace: for questions about few of many namespaces. */
  namespaceHolds(selector: number, namespace: number): boolean {
    const scope = this.#scopes[selector];
    return scope === undefined
      ? this.#namespaceLabels.holds(selector, this.#setOfNamespace[namespace]!) === yes
      : isAmong(scope.namespaces, namespace);
  }

  /**
   * Adds the classes of a list that a pod selector matches.
   *
   * @param assume - what is taken to hold where files cannot tell (corner 23)
   */
  among(classes: readonly number[], selector: number, assume: 'closed' | 'open', into: number[]): void {
    for (let i = 0; i < classes.length; i++) {
      const c = classes[i]!;
      const holds = this.#labels.holds(selector, this.#classes.labels[c]!);
      if (holds === yes || (holds === unknown && assume === 'open')) into.push(c);
    }
  }

  /** Whether a pod selector in one namespace, or in those of a namespace selector, means a class. */
  holds(namespace: number | undefined, namespaces: number | undefined, selector: number, c: number): Holds {
    const own = this.#classes.namespace[c]!;
    if (own < 0) return no;
    if (namespace === undefined ? !isAmong(this.namespaces(namespaces!), own) : namespace !== own) return no;
    return this.#labels.holds(selector, this.#classes.labels[c]!);
  }
}
