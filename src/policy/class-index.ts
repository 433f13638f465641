import type { ClassTable } from './classes.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds, LabelTable, Matched } from './labels.ts';

/** So few classes are asked one by one rather than looked up by their labels. */
const mostScanned = 64;

/** Finds the classes that selectors mean: by namespace, by label set, whichever is shorter. */
export class ClassIndex {
  readonly #classes: ClassTable;
  readonly #labels: LabelTable;
  readonly #namespaceLabels: LabelTable;
  readonly #ofNamespace: readonly (readonly number[])[];
  readonly #ofSet: readonly (readonly number[])[];
  readonly #ofBoth = new Map<number, number[]>();
  readonly #namespacesOfSet: readonly (readonly number[])[];
  /** By namespace: what remains of its labels. */
  readonly #setOfNamespace: readonly number[];
  readonly #selected: (Uint8Array | undefined)[] = [];
  /** By namespace selector that was asked about: the number of classes in its namespaces. */
  readonly #population: number[] = [];

  constructor(
    classes: ClassTable,
    labels: LabelTable,
    namespaceLabels: LabelTable,
    namespaceSets: readonly number[],
  ) {
    this.#classes = classes;
    this.#labels = labels;
    this.#namespaceLabels = namespaceLabels;
    const ofNamespace: number[][] = namespaceSets.map(() => []);
    const ofSet: number[][] = Array.from({ length: labels.setCount }, () => []);
    for (let c = 0; c < classes.size; c++) {
      const namespace = classes.namespace[c]!;
      if (namespace < 0) continue;
      const set = classes.labels[c]!;
      ofNamespace[namespace]!.push(c);
      ofSet[set]!.push(c);
      const key = namespace * 0x800_0000 + set;
      const both = this.#ofBoth.get(key);
      if (both === undefined) this.#ofBoth.set(key, [c]);
      else both.push(c);
    }
    this.#ofNamespace = ofNamespace;
    this.#ofSet = ofSet;
    const namespacesOfSet: number[][] = Array.from({ length: namespaceLabels.setCount }, () => []);
    for (const [namespace, set] of namespaceSets.entries()) namespacesOfSet[set]!.push(namespace);
    this.#namespacesOfSet = namespacesOfSet;
    this.#setOfNamespace = namespaceSets;
  }

  /** By namespace number: 1 where a namespace selector matches. */
  namespaces(selector: number): Uint8Array {
    let mask = this.#selected[selector];
    if (mask === undefined) {
      mask = new Uint8Array(this.#ofNamespace.length);
      let population = 0;
      for (const set of this.#namespaceLabels.matched(selector).sure) {
        for (const namespace of this.#namespacesOfSet[set]!) {
          mask[namespace] = 1;
          population += this.#ofNamespace[namespace]!.length;
        }
      }
      this.#selected[selector] = mask;
      this.#population[selector] = population;
    }
    return mask;
  }

  /** The classes of one namespace that a pod selector matches, for certain and perhaps. */
  inNamespace(namespace: number, selector: number): Matched {
    const all = this.#ofNamespace[namespace]!;
    if (selector === this.#labels.everything) return { sure: all, unsure: [] };
    if (all.length <= mostScanned || this.#labels.estimate(selector) >= all.length) {
      const found = { sure: [], unsure: [] };
      this.#scan(all, selector, found);
      return found;
    }
    return this.#lookUp(selector, (set, into) => {
      for (const c of this.#ofBoth.get(namespace * 0x800_0000 + set) ?? []) into.push(c);
    });
  }

  /** The same over all namespaces that a namespace selector matches. */
  inNamespaces(namespaces: number, selector: number): Matched {
    const mask = this.namespaces(namespaces);
    const population = this.#population[namespaces]!;
    if (selector === this.#labels.everything || this.#labels.estimate(selector) >= population) {
      const found = { sure: [], unsure: [] };
      for (let namespace = 0; namespace < mask.length; namespace++) {
        if (mask[namespace] === 1) this.#scan(this.#ofNamespace[namespace]!, selector, found);
      }
      return found;
    }
    const ownNamespace = this.#classes.namespace;
    return this.#lookUp(selector, (set, into) => {
      for (const c of this.#ofSet[set]!) if (mask[ownNamespace[c]!] === 1) into.push(c);
    });
  }

  /** Whether a namespace selector matches one namespace: for questions about few of many namespaces. */
  namespaceHolds(selector: number, namespace: number): boolean {
    const mask = this.#selected[selector];
    return mask === undefined
      ? this.#namespaceLabels.holds(selector, this.#setOfNamespace[namespace]!) === yes
      : mask[namespace] === 1;
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

  /** Asks every class of a list. */
  #scan(classes: readonly number[], selector: number, found: { sure: number[]; unsure: number[] }): void {
    for (let i = 0; i < classes.length; i++) {
      const c = classes[i]!;
      const holds = this.#labels.holds(selector, this.#classes.labels[c]!);
      if (holds === yes) found.sure.push(c);
      else if (holds === unknown) found.unsure.push(c);
    }
  }

  /** Takes the classes of every label set that matches. */
  #lookUp(selector: number, classesOf: (set: number, into: number[]) => void): Matched {
    const matched = this.#labels.matched(selector);
    const found = { sure: [] as number[], unsure: [] as number[] };
    for (const set of matched.sure) classesOf(set, found.sure);
    for (const set of matched.unsure) classesOf(set, found.unsure);
    return found;
  }

  /** Whether a pod selector in one namespace, or in those of a namespace selector, means a class. */
  holds(namespace: number | undefined, namespaces: number | undefined, selector: number, c: number): Holds {
    const own = this.#classes.namespace[c]!;
    if (own < 0) return no;
    if (namespace === undefined ? this.namespaces(namespaces!)[own] !== 1 : namespace !== own) return no;
    return this.#labels.holds(selector, this.#classes.labels[c]!);
  }
}
