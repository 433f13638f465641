import { PortSet } from '../net/index.ts';

/**
 * Ports as bits: what some sets cannot tell apart is a *stretch*, and every set that is made of stretches is a *plane*, which
 * has a bit for each of them. Algebra on planes is a pass over few words, whatever the number of ranges.
 */
export class PortPlanes {
  /** How many words a plane has. */
  readonly words: number;
  /** The plane of all ports. */
  readonly all: Int32Array;
  /** By stretch: where it begins on the line of `PortSet.bounds`; one more entry says where the last one ends. */
  readonly #starts: readonly number[];
  readonly #stretchAt: ReadonlyMap<number, number>;

  /** @param sets - whose planes will be asked for */
  constructor(sets: Iterable<PortSet>) {
    const bounds = new Set(PortSet.all.bounds);
    for (const set of sets) for (const bound of set.bounds) bounds.add(bound);
    this.#starts = [...bounds].sort((a, b) => a - b);
    this.#stretchAt = new Map(this.#starts.map((start, stretch) => [start, stretch]));
    this.words = (this.#starts.length + 31) >> 5;
    this.all = this.planeOf(PortSet.all);
  }

  /** The plane of a set that is made of stretches. */
  planeOf({ bounds }: PortSet): Int32Array {
    const plane = new Int32Array(this.words);
    for (let i = 0; i < bounds.length; i += 2) {
      const end = this.#stretchAt.get(bounds[i + 1]!)!;
      for (let stretch = this.#stretchAt.get(bounds[i]!)!; stretch < end; stretch++)
        plane[stretch >> 5]! |= 1 << (stretch & 31);
    }
    return plane;
  }

  /** The set of a plane, which stands in `items` from `start` on. */
  setOf(items: Int32Array, start: number): PortSet {
    const bounds: number[] = [];
    let isIn = false;
    for (let word = 0; word < this.words; word++) {
      const bits = items[start + word]!;
      if (bits === (isIn ? -1 : 0)) continue;
      for (let bit = 0; bit < 32; bit++) {
        if (((bits >>> bit) & 1) === (isIn ? 1 : 0)) continue;
        bounds.push(this.#starts[word * 32 + bit]!);
        isIn = !isIn;
      }
    }
    // The last start is no stretch, so that its bit is never there and every set has ended before it.
    return PortSet.ofBounds(bounds);
  }
}
