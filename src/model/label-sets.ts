import type { Labels } from './selector.ts';
import { SequenceTable } from './sequences.ts';
import { TextTable } from './text-table.ts';

/**
 * The labels of many pods by number: either as they were given, or as numbers of their keys and values, of which `Labels`
 * are made when someone asks. Most labels are never looked at again: what no selector mentions parts no pods.
 */
export class LabelSets {
  /** Keys and values of the sets that are numbers; their scope is 0. */
  readonly keys: TextTable = new TextTable();
  readonly values: TextTable = new TextTable();
  /** Of each such set: a key, its value, the next key, and so on, in the order in which they were written. */
  readonly pairs: SequenceTable = new SequenceTable();
  readonly #given: Labels[] = [];
  readonly #ofGiven = new Map<Labels, number>();
  readonly #made = new Map<number, Labels>();

  /** All numbers of sets are below it. */
  get limit(): number {
    return Math.max(this.#given.length, this.pairs.size) * 2;
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

  /** The number of labels as numbers of keys and values, which stand in `pairs` from 0 to before `length`. */
  ofPairs(pairs: Int32Array, length: number): number {
    return this.pairs.intern(pairs, 0, length) * 2 + 1;
  }

  /** The sequence of `pairs` that a set is; -1 for one that was given. */
  sequenceOf(set: number): number {
    return (set & 1) === 1 ? set >> 1 : -1;
  }

  /** The labels with a number: one instance. */
  labels(set: number): Labels {
    const sequence = this.sequenceOf(set);
    if (sequence < 0) return this.#given[set >> 1]!;
    let labels = this.#made.get(set);
    if (labels === undefined) this.#made.set(set, (labels = this.#make(sequence)));
    return labels;
  }

  #make(sequence: number): Labels {
    const { items } = this.pairs;
    const labels = new Map<string, string>();
    const end = this.pairs.start(sequence + 1);
    for (let i = this.pairs.start(sequence); i < end; i += 2) {
      labels.set(this.keys.text(items[i]!), this.values.text(items[i + 1]!));
    }
    return labels;
  }
}
