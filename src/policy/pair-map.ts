/**
 * Whole numbers by pairs of whole numbers, all from 0 to 2^31 − 2.
 *
 * Keys and values stand in one typed array: as keys of a `Map`, pairs would be made into one number each, beyond those that
 * V8 keeps without an object of their own.
 */
export class PairMap {
  /** Open addressing, three items to a slot: first key plus 1, 0 where nothing is; second key; value. At most half full. */
  #slots = new Int32Array(3 * 128);
  #mask = 127;
  #size = 0;
  /** By their keys as text: entries that stand in no slot. */
  readonly #crowded = new Map<string, number>();

  /** How many pairs have a value. */
  get size(): number {
    return this.#size;
  }

  /** The value of a pair; -1 without one. */
  get(a: number, b: number): number {
    const slots = this.#slots;
    let slot = hashOf(a, b) & this.#mask;
    for (let probes = 0; probes < mostProbes; probes++) {
      const key = slots[slot * 3]!;
      if (key === 0) return this.#crowded.size === 0 ? -1 : this.#getCrowded(a, b);
      if (key === a + 1 && slots[slot * 3 + 1] === b) return slots[slot * 3 + 2]!;
      slot = (slot + 1) & this.#mask;
    }
    return this.#getCrowded(a, b);
  }

  #getCrowded(a: number, b: number): number {
    return this.#crowded.get(`${a} ${b}`) ?? -1;
  }

  /** Gives a value to a pair that has none. */
  add(a: number, b: number, value: number): void {
    this.#size++;
    if (this.#size * 2 > this.#mask) this.#widen();
    this.#put(a, b, value);
  }

  /** The value of a pair; where it has none it gets `value`. */
  getOrAdd(a: number, b: number, value: number): number {
    const known = this.get(a, b);
    if (known >= 0) return known;
    this.add(a, b, value);
    return value;
  }

  /** Gives a pair a value, whether it has one or not. */
  set(a: number, b: number, value: number): void {
    const slot = this.#slotOf(a, b);
    if (slot >= 0) this.#slots[slot * 3 + 2] = value;
    else if (this.#crowded.size > 0 && this.#crowded.has(`${a} ${b}`)) this.#crowded.set(`${a} ${b}`, value);
    else this.add(a, b, value);
  }

  /** Takes the value of a pair away, if it has one. */
  delete(a: number, b: number): void {
    const slot = this.#slotOf(a, b);
    if (slot >= 0) {
      this.#empty(slot);
      this.#size--;
    } else if (this.#crowded.size > 0 && this.#crowded.delete(`${a} ${b}`)) this.#size--;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
    this.#crowded.clear();
  }

  /** The slot where a pair stands; -1 when it stands in none. */
  #slotOf(a: number, b: number): number {
    const slots = this.#slots;
    let slot = hashOf(a, b) & this.#mask;
    for (let probes = 0; probes < mostProbes; probes++) {
      const key = slots[slot * 3]!;
      if (key === 0) return -1;
      if (key === a + 1 && slots[slot * 3 + 1] === b) return slot;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  /**
   * Empties a slot. What stands behind it and belongs before moves up, so that no search ends too early; what was crowded out
   * stays so until the map grows, which is why searches that end at an empty slot go on there.
   */
  #empty(slot: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let gap = slot;
    for (let at = (gap + 1) & mask; slots[at * 3] !== 0; at = (at + 1) & mask) {
      const home = hashOf(slots[at * 3]! - 1, slots[at * 3 + 1]!) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      slots.copyWithin(gap * 3, at * 3, at * 3 + 3);
      gap = at;
    }
    slots[gap * 3] = 0;
  }

  #put(a: number, b: number, value: number): void {
    const slots = this.#slots;
    let slot = hashOf(a, b) & this.#mask;
    for (let probes = 0; probes < mostProbes; probes++) {
      if (slots[slot * 3] === 0) {
        slots[slot * 3] = a + 1;
        slots[slot * 3 + 1] = b;
        slots[slot * 3 + 2] = value;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#crowded.set(`${a} ${b}`, value);
  }

  #widen(): void {
    const old = this.#slots;
    const crowded = [...this.#crowded];
    this.#crowded.clear();
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Int32Array(3 * (this.#mask + 1));
    for (let at = 0; at < old.length; at += 3) {
      if (old[at] !== 0) this.#put(old[at]! - 1, old[at + 1]!, old[at + 2]!);
    }
    // `get` ends at the first empty slot, which may now stand before the place where these were given up.
    for (const [key, value] of crowded) {
      const [a, b] = key.split(' ').map(Number);
      this.#put(a!, b!, value);
    }
  }
}

/** So many others may be in the way of an entry before it is looked for by its text: only made-up input has it. */
const mostProbes = 64;

function hashOf(a: number, b: number): number {
  const hash = Math.imul(Math.imul(a ^ 0x2545_f491, 0x9e37_79b1) ^ b, 0x85eb_ca6b);
  return hash ^ (hash >>> 15);
}
