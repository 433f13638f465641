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

/** Whole numbers, one behind the other in a typed array that grows. */
export class Numbers {
  /** The numbers, from 0 to before `length`; what follows has no meaning. */
  items: Int32Array = new Int32Array(64);
  length = 0;

  push(item: number): void {
    if (this.length === this.items.length) this.items = grown(this.items, this.length + 1);
    this.items[this.length++] = item;
  }

  /** All of them, until the next one comes. */
  get all(): Int32Array {
    return this.items.subarray(0, this.length);
  }
}

/** Whether an ascending list holds a value. */
export function isAmong(sorted: ArrayLike<number>, value: number): boolean {
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

/**
 * Indices by key.
 *
 * @param keys - by index; those below 0 are in no list
 * @param size - how many keys there are
 * @param order - the order in which the indices of one key stand. Default: ascending
 */
export function listsBy(keys: Int32Array, size: number, order?: Int32Array): Lists {
  if (order === undefined) return sorted(keys, upTo(keys.length), keys.length, size);
  return sorted(picked(keys, order), order, order.length, size);
}

/** 0 to before `count`. */
function upTo(count: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

function picked(items: Int32Array, indices: Int32Array): Int32Array {
  const found = new Int32Array(indices.length);
  for (let i = 0; i < found.length; i++) found[i] = items[indices[i]!]!;
  return found;
}

/** The first items of some by the key at the same place, by counting; what has a key below 0 is left out. */
function sorted(keys: Int32Array, items: Int32Array, count: number, size: number): Lists {
  const starts = startsOf(keys, count, size);
  const into = new Int32Array(starts[size]!);
  place(keys, items, count, starts.slice(), into);
  return new Lists(starts, into);
}

// One loop to a function: what V8 compiles while a loop is on its way is thrown away at its end.

/** By key: how many of the first `count` items have a lower one, those below 0 left out; one more entry says how many have any. */
export function startsOf(keys: Int32Array, count: number, size: number): Int32Array {
  const starts = new Int32Array(size + 1);
  for (let i = 0; i < count; i++) {
    const key = keys[i]!;
    if (key >= 0) starts[key + 1]!++;
  }
  addUp(starts);
  return starts;
}

function addUp(counts: Int32Array): void {
  for (let i = 1, sum = counts[0]!; i < counts.length; i++) counts[i] = sum += counts[i]!;
}

function place(keys: Int32Array, items: Int32Array, count: number, at: Int32Array, into: Int32Array): void {
  for (let i = 0; i < count; i++) {
    const key = keys[i]!;
    if (key >= 0) into[at[key]!++] = items[i]!;
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
    return sorted(this.#indices, this.#items, this.#count, size);
  }
}

/** Gathers lists whole, in ascending order of their indices. */
export class ListsInOrder {
  #count = 0;
  #next = 0;
  #starts = new Int32Array(64);
  #items = new Int32Array(256);

  /** Adds the list of an index; those between the last one and it are empty. */
  add(index: number, items: ArrayLike<number>): void {
    this.addFirst(index, items, items.length);
  }

  /** The same of the first `length` items. */
  addFirst(index: number, items: ArrayLike<number>, length: number): void {
    const count = this.#count + length;
    if (count > this.#items.length) this.#items = grown(this.#items, count);
    for (let i = 0; i < length; i++) this.#items[this.#count + i] = items[i]!;
    this.#fill(index + 1);
    this.#count = count;
  }

  /** The lists of the indices below `size`. */
  finish(size: number): Lists {
    this.#fill(size + 1);
    return new Lists(this.#starts.subarray(0, size + 1), this.#items.subarray(0, this.#count));
  }

  /** Says of the indices before `end` that have no list yet where theirs begins. */
  #fill(end: number): void {
    if (end > this.#starts.length) this.#starts = grown(this.#starts, end);
    while (this.#next < end) this.#starts[this.#next++] = this.#count;
  }
}
