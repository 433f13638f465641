import type { LabelSelector, Labels, Operator, Pod } from '../model/index.ts';

/** Whether a selector holds: `unknown` where it asks for a value that files cannot tell (corner 23). */
export const no = 0;
export const yes = 1;
export const unknown = 2;
export type Holds = typeof no | typeof yes | typeof unknown;

interface CompiledRequirement {
  readonly key: number;
  readonly operator: Operator;
  readonly values: readonly number[];
}

/** A selector in the vocabulary's numbers. */
interface CompiledSelector {
  readonly requirements: readonly CompiledRequirement[];
}

/** The labels of some pods, restricted to what selectors mention. */
interface LabelSet {
  /** Key to value; `other` for a value that no selector mentions. */
  readonly values: ReadonlyMap<number, number>;
  readonly undecided: ReadonlyMap<number, 'present' | 'maybe'>;
}

const other = 0;

/** What a selector matches for certain, and what files cannot tell of: label sets, or classes. */
export interface Matched {
  readonly sure: readonly number[];
  readonly unsure: readonly number[];
}

/**
 * The label keys and values that selectors mention, the selectors themselves, and the label sets that remain of pods
 * when everything else is forgotten: labels that nobody mentions never part two pods.
 *
 * Selectors are interned first; after the first label set no selector may be added.
 */
export class LabelTable {
  readonly #keys = new Map<string, { readonly id: number; readonly values: Map<string, number> }>();
  readonly #selectors: CompiledSelector[] = [];
  readonly #selectorIds = new Map<string, number>();
  readonly #byInstance = new Map<LabelSelector, number>();
  readonly #sets: LabelSet[] = [];
  readonly #setIds = new Map<string, number>();
  readonly #setOfLabels = new Map<Labels, number>();
  /** Label sets by key and value, by key alone, and those with undecided keys, which every look-up must consider. */
  readonly #byValue = new Map<number, number[]>();
  readonly #byKey = new Map<number, number[]>();
  readonly #withUndecided: number[] = [];
  readonly #matched: (Matched | undefined)[] = [];

  /** The id of the selector that everything matches. */
  readonly everything: number;

  constructor() {
    this.everything = this.selector({ requirements: [] });
  }

  get selectorCount(): number {
    return this.#selectors.length;
  }

  get setCount(): number {
    return this.#sets.length;
  }

  /** Whether some selector mentions a key that files cannot decide for some pod. */
  get hasUndecided(): boolean {
    return this.#withUndecided.length > 0;
  }

  /** The id of a selector; selectors that ask the same have the same. */
  selector(selector: LabelSelector): number {
    let id = this.#byInstance.get(selector);
    if (id !== undefined) return id;
    const requirements = selector.requirements.map(({ key, operator, values }) => {
      let entry = this.#keys.get(key);
      if (entry === undefined) this.#keys.set(key, (entry = { id: this.#keys.size, values: new Map() }));
      const { values: known, id: keyId } = entry;
      const ids = values.map((value) => {
        let valueId = known.get(value);
        if (valueId === undefined) known.set(value, (valueId = known.size + 1));
        return valueId;
      });
      return { key: keyId, operator, values: [...new Set(ids)].sort((a, b) => a - b) };
    });
    const texts = requirements.map(({ key, operator, values }) => `${key}${operator}${values.join(',')}`);
    const key = [...new Set(texts)].sort().join(';');
    id = this.#selectorIds.get(key);
    if (id === undefined) {
      id = this.#selectors.length;
      this.#selectors.push({ requirements });
      this.#selectorIds.set(key, id);
    }
    this.#byInstance.set(selector, id);
    return id;
  }

  /** The id of what remains of a pod's labels. */
  setOf(pod: Pick<Pod, 'labels' | 'undecided'>): number {
    const decided = pod.undecided.size === 0;
    if (decided) {
      const known = this.#setOfLabels.get(pod.labels);
      if (known !== undefined) return known;
    }
    const undecided = new Map<number, 'present' | 'maybe'>();
    for (const [key, how] of pod.undecided) {
      const entry = this.#keys.get(key);
      if (entry !== undefined) undecided.set(entry.id, how);
    }
    // Key and value as one number; the keys of one pod are distinct, so their order is the order of the numbers.
    const codes: number[] = [];
    for (const [key, value] of pod.labels) {
      const entry = this.#keys.get(key);
      if (entry === undefined || undecided.has(entry.id)) continue;
      codes.push(valueKey(entry.id, entry.values.get(value) ?? other));
    }
    if (codes.length > 1) codes.sort((a, b) => a - b);
    let text = codes.join(';');
    if (undecided.size > 0) text += `?${[...undecided].sort(([a], [b]) => a - b).join(';')}`;
    let id = this.#setIds.get(text);
    if (id === undefined) {
      id = this.#sets.length;
      const values = new Map<number, number>();
      for (const code of codes) {
        const key = Math.floor(code / valueSpan);
        values.set(key, code % valueSpan);
        append(this.#byKey, key, id);
        append(this.#byValue, code, id);
      }
      this.#sets.push({ values, undecided });
      this.#setIds.set(text, id);
      if (undecided.size > 0) this.#withUndecided.push(id);
    }
    if (decided) this.#setOfLabels.set(pod.labels, id);
    return id;
  }

  /** Whether a selector matches a label set (corners 17 to 21). */
  holds(selector: number, set: number): Holds {
    const { values, undecided } = this.#sets[set]!;
    const { requirements } = this.#selectors[selector]!;
    let result: Holds = yes;
    for (let i = 0; i < requirements.length; i++) {
      const { key, operator, values: wanted } = requirements[i]!;
      if (undecided.size > 0) {
        const how = undecided.get(key);
        // Corner 23: `Exists` is decidable for keys that a controller always sets, their value is not.
        if (how === 'present' && operator === 'Exists') continue;
        if (how === 'present' && operator === 'DoesNotExist') return no;
        if (how !== undefined) {
          result = unknown;
          continue;
        }
      }
      const value = values.get(key);
      switch (operator) {
        case 'In':
          if (value === undefined || !isAmong(wanted, value)) return no;
          break;
        case 'NotIn': // corner 18: also without the key
          if (value !== undefined && isAmong(wanted, value)) return no;
          break;
        case 'Exists':
          if (value === undefined) return no;
          break;
        case 'DoesNotExist':
          if (value !== undefined) return no;
          break;
      }
    }
    return result;
  }

  /** At most how many label sets `matched` would have to look at. */
  estimate(selector: number): number {
    const known = this.#matched[selector];
    return known === undefined ? this.#candidates(selector).size : known.sure.length + known.unsure.length;
  }

  /** All label sets that a selector matches, ascending. */
  matched(selector: number): Matched {
    let matched = this.#matched[selector];
    if (matched === undefined) {
      const sure: number[] = [];
      const unsure: number[] = [];
      for (const list of this.#candidates(selector).lists) {
        for (const set of list) {
          const holds = this.holds(selector, set);
          if (holds === yes) sure.push(set);
          else if (holds === unknown) unsure.push(set);
        }
      }
      matched = { sure: sortedUnique(sure), unsure: sortedUnique(unsure) };
      this.#matched[selector] = matched;
    }
    return matched;
  }

  /** The shortest lists of label sets that hold every match: those of one requirement, and the undecided. */
  #candidates(selector: number): { readonly size: number; readonly lists: readonly Iterable<number>[] } {
    let best: { size: number; lists: Iterable<number>[] } | undefined;
    for (const { key, operator, values } of this.#selectors[selector]!.requirements) {
      let lists: (readonly number[])[];
      if (operator === 'In') lists = values.map((value) => this.#byValue.get(valueKey(key, value)) ?? []);
      else if (operator === 'Exists') lists = [this.#byKey.get(key) ?? []];
      else continue;
      let size = this.#withUndecided.length;
      for (const list of lists) size += list.length;
      if (best === undefined || size < best.size) best = { size, lists: [...lists, this.#withUndecided] };
    }
    return best ?? { size: this.#sets.length, lists: [this.#sets.keys()] };
  }
}

/** More values than this has no key: a dump of that size could not be read. */
const valueSpan = 0x4000_0000;

function valueKey(key: number, value: number): number {
  return key * valueSpan + value;
}

/** Whether an ascending list holds a value; people write few, but nothing keeps them from writing very many. */
function isAmong(sorted: readonly number[], value: number): boolean {
  if (sorted.length <= 8) return sorted.includes(value);
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = sorted[middle]!;
    if (found === value) return true;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

function append(lists: Map<number, number[]>, key: number, item: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function sortedUnique(items: number[]): readonly number[] {
  items.sort((a, b) => a - b);
  return items.filter((item, i) => i === 0 || item !== items[i - 1]);
}
