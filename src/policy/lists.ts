import { grown } from './sequences.ts';

/** Lists of whole numbers by index, one behind the other in one typed array. */
export class Lists {
  /** By index: where its list begins; one more entry says where the last ends. */
  readonly starts: Int32Array;
  readonly items: Int32Array;

  constructor(starts: Int32Array, items: Int32Array) {
    this.starts = starts;
    this.items = items;
  }

  /** How many items the list of an index has. */
  count(index: number): number {
    return this.starts[index + 1]! - this.starts[index]!;
  }

  /** The items of one list, in the order in which they were added. */
  of(index: number): Int32Array {
    return this.items.subarray(this.starts[index], this.starts[index + 1]);
  }
}

/** Gathers items of lists in any order of the lists. */
export class ListsBuilder {
  #count = 0;
  #indices = new Int32Array(256);
  #items = new Int32Array(256);

  /** Adds an item to the end of a list. */
  add(index: number, item: number): void {
    if (this.#count === this.#items.length) {
      this.#indices = grown(this.#indices, this.#count + 1);
      this.#items = grown(this.#items, this.#count + 1);
    }
    this.#indices[this.#count] = index;
    this.#items[this.#count++] = item;
  }

  /** The lists of the indices below `size`, by counting. */
  finish(size: number): Lists {
    const starts = new Int32Array(size + 1);
    for (let i = 0; i < this.#count; i++) starts[this.#indices[i]! + 1]!++;
    for (let i = 0; i < size; i++) starts[i + 1]! += starts[i]!;
    const items = new Int32Array(this.#count);
    const ends = starts.slice();
    for (let i = 0; i < this.#count; i++) items[ends[this.#indices[i]!]!++] = this.#items[i]!;
    return new Lists(starts, items);
  }
}
