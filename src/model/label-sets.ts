import type { Labels } from './selector.ts';
import { TextTable } from './text-table.ts';

/**
 * The labels of many pods by number: either as they were given, or as numbers of their keys and values, of which `Labels`
 * are made when someone asks. Most labels are never looked at again: what no selector mentions parts no pods.
 */
export class LabelSets {
  /** Keys and values of the sets that are numbers; the scope of keys is 0, that of a value is its key. */
  readonly keys: TextTable = new TextTable();
  readonly values: TextTable = new TextTable();
  /** Of each such set: a key, its value, the next key, and so on, in the order in which they were written. */
  #pairs = new Int32Array(16);
  /** By sequence: where it begins in `#pairs`; one more entry says where the last ends. */
  #starts = new Uint32Array(16);
  #size = 0;
  readonly #given: Labels[] = [];
  readonly #ofGiven = new Map<Labels, number>();
  readonly #made = new Map<number, Labels>();

  /** All numbers of sets are below it. */
  get limit(): number {
    return Math.max(this.#given.length, this.#size) * 2;
  }

  /** The number of labels; the same instance has the same. */
  of(labels: Labels): number {
    let index = this.#ofGiven.get(labels);
    if (index === undefined) {
      index = this.#given.length;
      this.#given.push(labels);
      this.#ofGiven.set(labels, index);
    }
    return index * 2;
  }

  /**
   * A new number of labels, given as numbers of keys and values, which stand in `pairs` from 0 to before `length`. Whoever
   * reads remembers the last ones: to look for equal ones among all costs more than to have them twice.
   */
  add(pairs: Int32Array, length: number): number {
    const start = this.#starts[this.#size]!;
    const end = start + length;
    if (end > this.#pairs.length) {
      const larger = new Int32Array(end * 2);
      larger.set(this.#pairs);
      this.#pairs = larger;
    }
    for (let i = 0; i < length; i++) this.#pairs[start + i] = pairs[i]!;
    this.#size++;
    if (this.#size === this.#starts.length) {
      const larger = new Uint32Array(this.#size * 2);
      larger.set(this.#starts);
      this.#starts = larger;
    }
    this.#starts[this.#size] = end;
    return this.#size * 2 - 1;
  }

  /** Whether a set is kept as the numbers of its keys and values. */
  isPairs(set: number): boolean {
    return (set & 1) === 1;
  }

  /** All pairs; those of a set that is kept so stand from `start` to before `end`. */
  get pairs(): Int32Array {
    return this.#pairs;
  }

  start(set: number): number {
    return this.#starts[set >> 1]!;
  }

  end(set: number): number {
    return this.#starts[(set >> 1) + 1]!;
  }

  /** The labels with a number: one instance. */
  labels(set: number): Labels {
    if (!this.isPairs(set)) return this.#given[set >> 1]!;
    let labels = this.#made.get(set);
    if (labels === undefined) this.#made.set(set, (labels = this.#make(set)));
    return labels;
  }

  /** What a set says of a key, without making its labels. */
  value(set: number, key: string): string | undefined {
    if (!this.isPairs(set)) return this.#given[set >> 1]!.get(key);
    const value = this.#valueIn(set, this.keys.find(0, key));
    return value < 0 ? undefined : this.values.text(value);
  }

  /**
   * Numbers sets by what they say of a key, from 0 in the order in which values are met: equal values have one number, and
   * a set without the key has that of an empty value.
   */
  byValue(key: string): (set: number) => number {
    const wanted = this.keys.find(0, key);
    const known = new Map<string, number>();
    const numberOf = (text: string): number => {
      let number = known.get(text);
      if (number === undefined) known.set(text, (number = known.size));
      return number;
    };
    // One key has many fewer values than there are sets.
    const ofValue = new Map<number, number>();
    return (set) => {
      if (!this.isPairs(set)) return numberOf(this.#given[set >> 1]!.get(key) ?? '');
      const value = this.#valueIn(set, wanted);
      let number = ofValue.get(value);
      if (number === undefined) {
        number = numberOf(value < 0 ? '' : this.values.text(value));
        ofValue.set(value, number);
      }
      return number;
    };
  }

  /** The number of the value of a key in a set that is numbers; -1 without it. */
  #valueIn(set: number, key: number): number {
    const end = this.end(set);
    for (let i = this.start(set); i < end; i += 2) if (this.#pairs[i] === key) return this.#pairs[i + 1]!;
    return -1;
  }

  #make(set: number): Labels {
    const labels = new Map<string, string>();
    const end = this.end(set);
    for (let i = this.start(set); i < end; i += 2) {
      labels.set(this.keys.text(this.#pairs[i]!), this.values.text(this.#pairs[i + 1]!));
    }
    return labels;
  }
}
