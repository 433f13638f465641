import { grown, IntLists } from './int-lists.ts';

/**
 * Lists of numbers as small numbers: equal lists have one id as long as somebody holds it, and the ids of lists that
 * nobody holds any more are given out again.
 */
export class IntTable {
  readonly #lists = new IntLists();
  #refs = new Int32Array(16);
  #hashes = new Int32Array(16);
  readonly #freed: number[] = [];
  #top = 0;
  #live = 0;
  /** Open addressing: id + 1, or 0 for an empty slot. The length is a power of two. */
  #slots = new Int32Array(32);

  /** How many lists are held. */
  get live(): number {
    return this.#live;
  }

  /** Above every id that was ever given out: the length of arrays by id. */
  get top(): number {
    return this.#top;
  }

  isLive(id: number): boolean {
    return id < this.#top && this.#refs[id]! > 0;
  }

  size(id: number): number {
    return this.#lists.size(id);
  }

  at(id: number, i: number): number {
    return this.#lists.at(id, i);
  }

  /** See `IntLists.data`. */
  get data(): Int32Array {
    return this.#lists.data;
  }

  start(id: number): number {
    return this.#lists.start(id);
  }

  /** The id of a list that somebody holds; -1 when nobody does. */
  find(list: ArrayLike<number>, length: number = list.length): number {
    return this.#find(list, length, hashOf(list, length));
  }

  /** The id of the list, held once more. Whether it is new is told by `refs(id) === 1`. */
  hold(list: ArrayLike<number>, length: number = list.length): number {
    const hash = hashOf(list, length);
    let id = this.#find(list, length, hash);
    if (id < 0) {
      id = this.#freed.pop() ?? this.#top++;
      if (id >= this.#refs.length) {
        this.#refs = grown(this.#refs, this.#refs.length * 2);
        this.#hashes = grown(this.#hashes, this.#hashes.length * 2);
      }
      for (let i = 0; i < length; i++) this.#lists.push(id, list[i]!);
      this.#insert(id, hash);
      this.#refs[id] = 0;
      this.#live++;
    }
    this.#refs[id]!++;
    return id;
  }

  refs(id: number): number {
    return this.#refs[id]!;
  }

  /** Holds an id that is already held once more. */
  again(id: number): number {
    this.#refs[id]!++;
    return id;
  }

  /** Lets go once. True when nobody holds it any more; its list can be read until the next `hold`. */
  release(id: number): boolean {
    if (--this.#refs[id]! > 0) return false;
    this.#remove(id);
    this.#lists.clear(id);
    this.#freed.push(id);
    this.#live--;
    return true;
  }

  /** Gives a held id another list, which nobody may hold yet. */
  rename(id: number, list: ArrayLike<number>, length: number = list.length): void {
    const hash = hashOf(list, length);
    this.#remove(id);
    this.#lists.clear(id);
    for (let i = 0; i < length; i++) this.#lists.push(id, list[i]!);
    this.#insert(id, hash);
  }

  #find(list: ArrayLike<number>, length: number, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id < 0) return -1;
      if (this.#hashes[id] === hash && this.#equals(id, list, length)) return id;
    }
  }

  #equals(id: number, list: ArrayLike<number>, length: number): boolean {
    if (this.#lists.size(id) !== length) return false;
    const { data } = this.#lists;
    const start = this.#lists.start(id);
    for (let i = 0; i < length; i++) if (data[start + i] !== list[i]) return false;
    return true;
  }

  #insert(id: number, hash: number): void {
    this.#hashes[id] = hash;
    if ((this.#live + 1) * 2 > this.#slots.length) this.#rehash();
    this.#place(id, hash);
  }

  #place(id: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id + 1;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (const each of old) if (each !== 0) this.#place(each - 1, this.#hashes[each - 1]!);
  }

  #remove(id: number): void {
    const mask = this.#slots.length - 1;
    let gap = this.#hashes[id]! & mask;
    while (this.#slots[gap] !== id + 1) gap = (gap + 1) & mask;
    // What stands behind the gap and belongs before it moves up, so that no search ends too early.
    for (let slot = (gap + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashes[this.#slots[slot]! - 1]! & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.#slots[gap] = this.#slots[slot]!;
      gap = slot;
    }
    this.#slots[gap] = 0;
  }
}

function hashOf(list: ArrayLike<number>, length: number): number {
  let hash = 0x9e3779b9 ^ length;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ list[i]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
