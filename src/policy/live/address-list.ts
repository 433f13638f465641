/** The longest piece of the list; longer ones are cut in two. */
const longest = 512;

/** Things in the order of their addresses, of one family; several may have the same address. */
export class AddressList<T extends number | bigint> {
  readonly #keys: T[][] = [[]];
  readonly #things: number[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(address: T, thing: number): void {
    const piece = this.#pieceOf(address);
    const keys = this.#keys[piece]!;
    const at = lowerBound(keys, address);
    keys.splice(at, 0, address);
    this.#things[piece]!.splice(at, 0, thing);
    this.#size++;
    if (keys.length > longest) {
      this.#keys.splice(piece + 1, 0, keys.splice(longest >> 1));
      this.#things.splice(piece + 1, 0, this.#things[piece]!.splice(longest >> 1));
    }
  }

  remove(address: T, thing: number): void {
    // Equal addresses may reach over several pieces.
    for (let piece = this.#pieceOf(address); piece < this.#keys.length; piece++) {
      const keys = this.#keys[piece]!;
      const things = this.#things[piece]!;
      for (let at = lowerBound(keys, address); at < keys.length && keys[at] === address; at++) {
        if (things[at] !== thing) continue;
        keys.splice(at, 1);
        things.splice(at, 1);
        this.#size--;
        if (keys.length === 0 && this.#keys.length > 1) {
          this.#keys.splice(piece, 1);
          this.#things.splice(piece, 1);
        }
        return;
      }
    }
  }

  /** Calls `visit` for all things with an address in a range, both ends included. */
  forEachWithin(first: T, last: T, visit: (thing: number) => void): void {
    for (let piece = this.#pieceOf(first); piece < this.#keys.length; piece++) {
      const keys = this.#keys[piece]!;
      for (let at = lowerBound(keys, first); at < keys.length; at++) {
        if (keys[at]! > last) return;
        visit(this.#things[piece]![at]!);
      }
    }
  }

  /** The first piece that can hold an address. */
  #pieceOf(address: T): number {
    let low = 0;
    let high = this.#keys.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#keys[middle]!.at(-1);
      if (last !== undefined && last < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lowerBound<T extends number | bigint>(sorted: readonly T[], value: T): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
