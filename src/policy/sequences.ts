/**
 * Sequences of whole numbers (32 bits), each kept once: equal sequences have one id, counted from 0.
 *
 * All items stand in one typed array, so that a hundred thousand sequences leave nothing for the garbage collector.
 */
export class SequenceTable {
  #items = new Int32Array(256);
  #used = 0;
  /** By id: where its items begin; one more entry says where the last ends. */
  #starts = new Int32Array(64);
  #size = 0;
  /** Open addressing: ids plus 1, by hash; 0 where nothing is. A power of two, at most half full. */
  #slots = new Int32Array(128);
  /** By their items as text: sequences that stand in no slot. */
  readonly #crowded = new Map<string, number>();

  get size(): number {
    return this.#size;
  }

  /** All items; those of `id` stand from `start(id)` to before `start(id + 1)`. */
  get items(): Int32Array {
    return this.#items;
  }

  start(id: number): number {
    return this.#starts[id]!;
  }

  /** The id of the sequence that `from` holds from index `start` to before `end`. */
  intern(from: Int32Array, start: number, end: number): number {
    const length = end - start;
    const mask = this.#slots.length - 1;
    let slot = hashOf(from, start, end) & mask;
    for (let probes = 0; ; probes++) {
      if (probes === mostProbes) return this.#internCrowded(from, start, end);
      const entry = this.#slots[slot]!;
      if (entry === 0) break;
      if (this.#equals(entry - 1, from, start, length)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    const id = this.#append(from, start, end);
    this.#slots[slot] = id + 1;
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  /** What finds too many others in its way: only unlucky or made-up input has it. Slots are never freed. */
  #internCrowded(from: Int32Array, start: number, end: number): number {
    const key = from.subarray(start, end).join(',');
    let id = this.#crowded.get(key);
    if (id === undefined) this.#crowded.set(key, (id = this.#append(from, start, end)));
    return id;
  }

  #equals(id: number, from: Int32Array, start: number, length: number): boolean {
    const at = this.#starts[id]!;
    if (this.#starts[id + 1]! - at !== length) return false;
    for (let i = 0; i < length; i++) if (this.#items[at + i] !== from[start + i]) return false;
    return true;
  }

  #append(from: Int32Array, start: number, end: number): number {
    const needed = this.#used + end - start;
    if (needed > this.#items.length) this.#items = grown(this.#items, needed);
    for (let i = start; i < end; i++) this.#items[this.#used++] = from[i]!;
    const id = this.#size++;
    if (id + 2 > this.#starts.length) this.#starts = grown(this.#starts, id + 2);
    this.#starts[id + 1] = this.#used;
    return id;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    // Those that were crowded out, too: a search for them may now end at an empty slot.
    this.#crowded.clear();
    for (let id = 0; id < this.#size; id++) {
      const start = this.#starts[id]!;
      const end = this.#starts[id + 1]!;
      let slot = hashOf(this.#items, start, end) & mask;
      let probes = 0;
      for (; probes < mostProbes && slots[slot] !== 0; probes++) slot = (slot + 1) & mask;
      if (probes < mostProbes) slots[slot] = id + 1;
      else this.#crowded.set(this.#items.subarray(start, end).join(','), id);
    }
    this.#slots = slots;
  }
}

/** So many others may be in the way of a sequence before it is looked for by its text. */
const mostProbes = 64;

function hashOf(items: Int32Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ items[i]!, 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** A copy with room for `needed` items at least, and for as many again. */
export function grown(items: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(needed * 2);
  copy.set(items);
  return copy;
}
