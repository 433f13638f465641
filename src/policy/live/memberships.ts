import { IntLists } from './int-lists.ts';

/**
 * Which classes belong to which sets, such as the peers that mean them, looked up from both ends. A membership has a flag of
 * one bit.
 */
export class Memberships {
  /** By set: its classes. */
  readonly members: IntLists = new IntLists();
  /** By class: each set times 2 plus the flag, followed by the index of the class in the set's list. */
  readonly sets: IntLists = new IntLists();

  size(set: number): number {
    return this.members.size(set);
  }

  /** How many sets a class is in. */
  count(c: number): number {
    return this.sets.size(c) >> 1;
  }

  /** The `i`th set of a class. */
  setAt(c: number, i: number): number {
    return this.sets.at(c, i * 2) >> 1;
  }

  flagAt(c: number, i: number): boolean {
    return (this.sets.at(c, i * 2) & 1) === 1;
  }

  has(set: number, c: number): boolean {
    return this.#find(set, c) >= 0;
  }

  /** The class must not be in the set yet. */
  add(set: number, c: number, flag = false): void {
    const at = this.members.push(set, c);
    this.sets.push(c, set * 2 + (flag ? 1 : 0));
    this.sets.push(c, at);
  }

  /** Puts a class that is in no set into all sets of another. */
  copy(from: number, to: number): void {
    for (let i = 0; i < this.count(from); i++) this.add(this.setAt(from, i), to, this.flagAt(from, i));
  }

  /** The class must be in the set. */
  remove(set: number, c: number): void {
    this.#removeAt(c, this.#find(set, c));
  }

  /** Takes a class out of all its sets. */
  removeClass(c: number): void {
    for (let i = this.sets.size(c) - 2; i >= 0; i -= 2) this.#removeAt(c, i);
  }

  /** Takes all classes out of a set. */
  removeSet(set: number): void {
    for (let i = this.members.size(set) - 1; i >= 0; i--) this.remove(set, this.members.at(set, i));
  }

  #find(set: number, c: number): number {
    const { data } = this.sets;
    const start = this.sets.start(c);
    const end = start + this.sets.size(c);
    for (let i = start; i < end; i += 2) if (data[i]! >> 1 === set) return i - start;
    return -1;
  }

  #removeAt(c: number, i: number): void {
    const set = this.sets.at(c, i) >> 1;
    const at = this.sets.at(c, i + 1);
    const moved = this.members.swapRemove(set, at);
    if (moved >= 0) this.sets.set(moved, this.#find(set, moved) + 1, at);
    const lastAt = this.sets.pop(c);
    const last = this.sets.pop(c);
    if (i < this.sets.size(c)) {
      this.sets.set(c, i, last);
      this.sets.set(c, i + 1, lastAt);
    }
  }
}
