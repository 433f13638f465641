import { no, unknown } from '../labels.ts';
import type { Tables } from './tables.ts';

/** Finds the classes that selectors match, and the selectors that match classes. */
export class ClassFinder {
  readonly #tables: Pick<Tables, 'classes' | 'labels' | 'namespaces' | 'selectors'>;
  /** By label set: the selectors that match it, as long as there are no others and the number stands for the same set. */
  readonly #selecting: (
    { readonly version: number; readonly set: number; readonly list: readonly number[] } | undefined
  )[] = [];

  constructor(tables: Pick<Tables, 'classes' | 'labels' | 'namespaces' | 'selectors'>) {
    this.#tables = tables;
  }

  /** Calls `visit` for the classes of one namespace that a selector matches, each once. */
  classesIn(namespace: number, selector: number, visit: (c: number, unsure: boolean) => void): void {
    const { ofNamespace } = this.#tables.classes;
    const ask = this.#asker(selector, visit);
    const few = this.#candidates(selector, ofNamespace.size(namespace));
    if (few === undefined)
      for (let i = 0; i < ofNamespace.size(namespace); i++) ask(ofNamespace.at(namespace, i));
    else for (const c of few) if (this.#tables.classes.namespace(c) === namespace) ask(c);
  }

  /** The same over the namespaces that a namespace selector matches. */
  classesAmong(namespaces: number, selector: number, visit: (c: number, unsure: boolean) => void): void {
    const { ofNamespace } = this.#tables.classes;
    const { matched, matching } = this.#tables.namespaces;
    const ask = this.#asker(selector, visit);
    let population = 0;
    for (let i = 0; i < matched.size(namespaces); i++)
      population += ofNamespace.size(matched.at(namespaces, i));
    const few = this.#candidates(selector, population);
    if (few === undefined) {
      for (let n = 0; n < matched.size(namespaces); n++) {
        const namespace = matched.at(namespaces, n);
        for (let i = 0; i < ofNamespace.size(namespace); i++) ask(ofNamespace.at(namespace, i));
      }
      return;
    }
    for (const c of few) {
      const namespace = this.#tables.classes.namespace(c);
      if (matching.indexOf(namespace, namespaces) >= 0) ask(c);
    }
  }

  /** Asks a selector about a class; a label set is asked about once. */
  #asker(selector: number, visit: (c: number, unsure: boolean) => void): (c: number) => void {
    if (selector === this.#tables.selectors.everything) return (c) => visit(c, false);
    const known = new Map<number, number>();
    return (c) => {
      const set = this.#tables.classes.labels(c);
      let holds = known.get(set);
      if (holds === undefined) {
        known.set(set, (holds = this.#tables.selectors.holds(selector, this.#tables.labels.example(set))));
      }
      if (holds !== no) visit(c, holds === unknown);
    };
  }

  /** The classes that can match a selector, found by their labels, if they are fewer than `population`. */
  #candidates(selector: number, population: number): readonly number[] | undefined {
    if (selector === this.#tables.selectors.everything || population <= 16) return undefined;
    const sets = new Set<number>();
    const found: number[] = [];
    const { ofLabels } = this.#tables.classes;
    let seen = 0;
    this.#tables.labels.forEachCandidate(this.#tables.selectors.requirements(selector), (set) => {
      if (++seen + found.length > population || sets.has(set)) return;
      sets.add(set);
      if (found.length + ofLabels.size(set) > population) seen = Infinity;
      else for (let i = 0; i < ofLabels.size(set); i++) found.push(ofLabels.at(set, i));
    });
    return seen + found.length > population ? undefined : found;
  }

  /** The selectors that match a label set, times 2, plus 1 where files cannot tell. */
  selectorsOf(set: number): readonly number[] {
    const { version } = this.#tables.selectors;
    const known = this.#selecting[set];
    if (known !== undefined && known.version === version && known.set === this.#tables.labels.version(set)) {
      return known.list;
    }
    const list: number[] = [];
    this.#tables.selectors.forEachHolding(this.#tables.labels.example(set), (id, unsure) =>
      list.push(id * 2 + (unsure ? 1 : 0)),
    );
    this.#selecting[set] = { version, set: this.#tables.labels.version(set), list };
    return list;
  }
}
