/** The smallest list that is given room has room for this many numbers, as a power of two. */
const smallest = 1;

/**
 * Many growing lists of small numbers in one array: a list costs what it holds, and what one gives back another takes,
 * so that a million changes leave nothing to collect. A list's name is a number of its owner's, such as a class.
 *
 * Numbers are 32-bit integers. Removal moves the last element of the list to the gap.
 */
export class IntLists {
  #data = new Int32Array(256);
  #used = 0;
  #start = new Int32Array(16);
  #size = new Int32Array(16);
  /** By list: power of two of its room; 0 for none. */
  #room = new Uint8Array(16);
  /** By power of two: the first free piece of that size, -1 for none; each holds the offset of the next. */
  readonly #free = new Int32Array(32).fill(-1);

  size(list: number): number {
    return list < this.#size.length ? this.#size[list]! : 0;
  }

  at(list: number, i: number): number {
    return this.#data[this.#start[list]! + i]!;
  }

  /** The array that holds every list; only until the next change of any of them. */
  get data(): Int32Array {
    return this.#data;
  }

  /** Where a list begins in `data`. */
  start(list: number): number {
    return list < this.#start.length ? this.#start[list]! : 0;
  }

  set(list: number, i: number, value: number): void {
    this.#data[this.#start[list]! + i] = value;
  }

  /** Adds a number at the end, and says at which index it stands. */
  push(list: number, value: number): number {
    if (list >= this.#size.length) this.#widen(list + 1);
    const size = this.#size[list]!;
    const room = this.#room[list]!;
    if (room === 0 || size === 1 << room) this.#grow(list, room === 0 ? smallest : room + 1);
    this.#data[this.#start[list]! + size] = value;
    this.#size[list] = size + 1;
    return size;
  }

  /** Takes the last number off. */
  pop(list: number): number {
    const size = this.#size[list]! - 1;
    const value = this.#data[this.#start[list]! + size]!;
    this.#size[list] = size;
    this.#shrink(list, size);
    return value;
  }

  /** Removes the number at an index. The number that is moved there is returned, -1 when it was the last. */
  swapRemove(list: number, i: number): number {
    const last = this.pop(list);
    if (i === this.#size[list]!) return -1;
    this.#data[this.#start[list]! + i] = last;
    return last;
  }

  /** The index of a number; -1 where it is not. */
  indexOf(list: number, value: number): number {
    const start = this.start(list);
    const end = start + this.size(list);
    for (let i = start; i < end; i++) if (this.#data[i] === value) return i - start;
    return -1;
  }

  /** Empties a list and gives back its room. */
  clear(list: number): void {
    if (list >= this.#size.length) return;
    this.#size[list] = 0;
    this.#release(list);
  }

  /** A copy, for callers that change lists while they read one. */
  copy(list: number): Int32Array {
    const start = this.start(list);
    return this.#data.slice(start, start + this.size(list));
  }

  #shrink(list: number, size: number): void {
    if (size === 0) this.#release(list);
    // A quarter full: half the room is enough, and the next push needs no more.
    else if (this.#room[list]! > smallest + 1 && size <= 1 << (this.#room[list]! - 2)) {
      this.#grow(list, this.#room[list]! - 1);
    }
  }

  #release(list: number): void {
    const room = this.#room[list]!;
    if (room === 0) return;
    this.#data[this.#start[list]!] = this.#free[room]!;
    this.#free[room] = this.#start[list]!;
    this.#room[list] = 0;
    this.#start[list] = 0;
  }

  /** Moves a list to a piece of `1 << room` numbers. */
  #grow(list: number, room: number): void {
    let offset = this.#free[room]!;
    if (offset >= 0) this.#free[room] = this.#data[offset]!;
    else {
      offset = this.#used;
      this.#used += 1 << room;
      if (this.#used > this.#data.length) {
        const data = new Int32Array(Math.max(this.#used, this.#data.length * 2));
        data.set(this.#data);
        this.#data = data;
      }
    }
    const start = this.#start[list]!;
    const size = this.#size[list]!;
    if (size > 0) this.#data.copyWithin(offset, start, start + size);
    this.#release(list);
    this.#start[list] = offset;
    this.#room[list] = room;
  }

  #widen(lists: number): void {
    const length = Math.max(lists, this.#size.length * 2);
    this.#start = grown(this.#start, length);
    this.#size = grown(this.#size, length);
    const room = new Uint8Array(length);
    room.set(this.#room);
    this.#room = room;
  }
}

/** A copy with more room, filled with `fill` beyond the old end. */
export function grown(array: Int32Array, length: number, fill = 0): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length);
  copy.set(array);
  if (fill !== 0) copy.fill(fill, array.length);
  return copy;
}

/** The same for weights. */
export function grownFloat(array: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(length);
  copy.set(array);
  return copy;
}
