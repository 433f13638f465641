import { firstSlots, internedBytes, longestInterned, mostInterned, mostProbes } from './core.ts';

const arenaBlock = 2 ** 20;

/** Values by their bytes: each has a number, and equal ones have the same. */
export class Interned {
  /** Blocks of interned bytes. */
  readonly #arena: Uint8Array[] = [];
  #arenaUsed = arenaBlock;
  #slots = new Int32Array(firstSlots);
  /** Of each: hash, block, place in it, length. */
  readonly #entry = new Int32Array(mostInterned * 4);
  #entries = 0;

  /** The number of the value with these bytes; -1 when it is not interned. */
  numberOf(source: Uint8Array, start: number, length: number): number {
    if (length > longestInterned) return -1;
    const hash = hashOf(source, start, length);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let probe = 0; probe < mostProbes; probe++) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) return this.#add(source, start, length, hash, slot);
      if (
        this.#entry[entry * 4] === hash &&
        this.#entry[entry * 4 + 3] === length &&
        this.#isEntry(entry, source, start, length)
      )
        return entry;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  #isEntry(entry: number, source: Uint8Array, start: number, length: number): boolean {
    const block = this.#arena[this.#entry[entry * 4 + 1] as number] as Uint8Array;
    const from = this.#entry[entry * 4 + 2] as number;
    for (let i = 0; i < length; i++) if (block[from + i] !== source[start + i]) return false;
    return true;
  }

  #add(source: Uint8Array, start: number, length: number, hash: number, slot: number): number {
    const entry = this.#entries;
    if (entry >= mostInterned) return -1;
    if (this.#arenaUsed + length > arenaBlock) {
      if (this.#arena.length * arenaBlock >= internedBytes) return -1;
      this.#arena.push(new Uint8Array(arenaBlock));
      this.#arenaUsed = 0;
    }
    const block = this.#arena[this.#arena.length - 1] as Uint8Array;
    const from = this.#arenaUsed;
    for (let i = 0; i < length; i++) block[from + i] = source[start + i] as number;
    this.#arenaUsed += length;
    this.#slots[slot] = entry + 1;
    this.#entry[entry * 4] = hash;
    this.#entry[entry * 4 + 1] = this.#arena.length - 1;
    this.#entry[entry * 4 + 2] = from;
    this.#entry[entry * 4 + 3] = length;
    this.#entries = entry + 1;
    if (this.#entries * 2 > this.#slots.length && this.#slots.length < mostInterned * 2) this.#moreSlots();
    return entry;
  }

  /** In the order in which they came, so that none is further from its place than before: all are found again. */
  #moreSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.#entries; entry++) {
      let slot = (this.#entry[entry * 4] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.#slots = slots;
  }
}

/** Four bytes at a time, least significant first, by turns in four sums that do not wait for each other. */
function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let first = Math.imul(length, 0x9e3779b1);
  let second = length;
  let third = 0x27d4eb2f;
  let fourth = 0x165667b1;
  const whole = start + (length & ~15);
  const end = start + length;
  let at = start;
  for (; at < whole; at += 16) {
    first = turned(Math.imul(first ^ wordAt(bytes, at), 0x9e3779b1), 15);
    second = turned(Math.imul(second ^ wordAt(bytes, at + 4), 0x85ebca6b), 13);
    third = turned(Math.imul(third ^ wordAt(bytes, at + 8), 0x9e3779b1), 11);
    fourth = turned(Math.imul(fourth ^ wordAt(bytes, at + 12), 0x85ebca6b), 17);
  }
  for (; at + 4 <= end; at += 4) first = turned(Math.imul(first ^ wordAt(bytes, at), 0x9e3779b1), 15);
  for (; at < end; at++) second = turned(Math.imul(second ^ (bytes[at] as number), 0x85ebca6b), 13);
  first = Math.imul(first ^ turned(third, 7), 0xc2b2ae35);
  second = Math.imul(second ^ turned(fourth, 9), 0x9e3779b1);
  first = Math.imul(first ^ (first >>> 15) ^ second, 0x85ebca6b);
  return first ^ (first >>> 13);
}

function turned(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
