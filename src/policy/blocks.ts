import { families, formatCidr, subtract, wholeFamily } from '../net/index.ts';
import type { AddressRange, Cidr, Family } from '../net/index.ts';

/** An ipBlock with its excepts taken away: sorted ranges of one family that neither overlap nor touch. */
export interface Block {
  readonly family: Family;
  readonly ranges: readonly AddressRange[];
}

/** Single addresses as ranges: sorted, neighbours joined. */
export function addressRanges(family: Family, addresses: readonly bigint[]): readonly AddressRange[] {
  const ranges: AddressRange[] = [];
  for (const value of [...new Set(addresses)].sort((a, b) => (a < b ? -1 : 1))) {
    const before = ranges.at(-1);
    if (before !== undefined && before.last + 1n === value)
      ranges[ranges.length - 1] = { ...before, last: value };
    else ranges.push({ family, first: value, last: value });
  }
  return ranges;
}

/** Whether an address lies in a block (corner 14: `except` cuts only its own block). */
export function blockHas(block: Block, value: bigint): boolean {
  let low = 0;
  let high = block.ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { first, last } = block.ranges[middle]!;
    if (value < first) high = middle - 1;
    else if (value > last) low = middle + 1;
    else return true;
  }
  return false;
}

/**
 * All ipBlocks of the input, and the partition of each family that their bounds make: addresses of one part are alike
 * for every policy.
 *
 * Blocks are interned first; after the first look-up none may be added.
 */
export class BlockTable {
  readonly #blocks: Block[] = [];
  readonly #ids = new Map<string, number>();
  readonly #byInstance = new Map<object, number>();
  readonly #bounds = new Map<Family, bigint[]>();
  /** IPv4 bounds as numbers: look-ups of every pod's address pass here. */
  #bounds4: Float64Array | undefined;

  get size(): number {
    return this.#blocks.length;
  }

  block(id: number): Block {
    return this.#blocks[id]!;
  }

  /** The id of an ipBlock; `instance` is the model's object, so that shared ones are recognised at once. */
  intern(instance: object, cidr: Cidr, except: readonly Cidr[]): number {
    // Equal CIDRs are mostly one object, and then so are blocks without except.
    const known = except.length === 0 ? cidr : instance;
    let id = this.#byInstance.get(known);
    if (id !== undefined) return id;
    const key = [formatCidr(cidr), ...except.map(formatCidr).sort()].join(' ');
    id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#blocks.length;
      this.#blocks.push({ family: cidr.family, ranges: subtract(cidr, except) });
      this.#ids.set(key, id);
    }
    this.#byInstance.set(known, id);
    return id;
  }

  /** The id of single addresses of one family as a block; equal ones have one. */
  internAddresses(family: Family, addresses: readonly bigint[]): number {
    const ranges = addressRanges(family, addresses);
    const key = `${family} ${ranges.map(({ first, last }) => `${first}-${last}`).join(' ')}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#blocks.length;
      this.#blocks.push({ family, ranges });
      this.#ids.set(key, id);
    }
    return id;
  }

  /** The first address of every part of a family, ascending, from 0: cut at the bounds of every block of the input. */
  bounds(family: Family): readonly bigint[] {
    let bounds = this.#bounds.get(family);
    if (bounds === undefined) {
      const { last } = wholeFamily(family);
      const starts = new Set<bigint>([0n]);
      for (const block of this.#blocks) {
        if (block.family !== family) continue;
        for (const range of block.ranges) {
          starts.add(range.first);
          if (range.last < last) starts.add(range.last + 1n);
        }
      }
      bounds = [...starts].sort((a, b) => (a < b ? -1 : 1));
      this.#bounds.set(family, bounds);
    }
    return bounds;
  }

  /** The index in `bounds` of the part that holds an address. */
  partOf(family: Family, value: bigint): number {
    return family === 'IPv4' ? this.partOfIPv4(Number(value)) : lastAtMost(this.bounds('IPv6'), value);
  }

  /** The same of an IPv4 address as a number. */
  partOfIPv4(value: number): number {
    this.#bounds4 ??= Float64Array.from(this.bounds('IPv4'), Number);
    return lastAtMost(this.#bounds4, value);
  }

  /**
   * Parts that the same blocks hold get the same *cell*, a number from 0; only parts in `touched` get one, for only
   * there are pods.
   *
   * @param touched - by family, indices of parts
   */
  cells(touched: { readonly [family in Family]: ReadonlySet<number> }): Cells {
    const cellOfPart: { [family in Family]: Map<number, number> } = { IPv4: new Map(), IPv6: new Map() };
    const cellsOfBlock: (readonly number[])[] = Array.from(this.#blocks, () => noCells);
    let count = 0;
    for (const family of families) {
      const parts = [...touched[family]].sort((a, b) => a - b);
      if (parts.length === 0) continue;
      const starts = parts.map((part) => this.bounds(family)[part]!);
      // Partition refinement: all parts begin alike, and each block parts those that it holds from those it does not.
      const mark = new Int32Array(parts.length);
      let next = 1;
      const held: { readonly id: number; readonly inside: readonly number[] }[] = [];
      for (let id = 0; id < this.#blocks.length; id++) {
        const { family: own, ranges } = this.#blocks[id]!;
        if (own !== family) continue;
        const inside = indicesIn(starts, ranges);
        if (inside.length === 0) continue;
        held.push({ id, inside });
        const split = new Map<number, number>();
        for (const i of inside) {
          let to = split.get(mark[i]!);
          if (to === undefined) split.set(mark[i]!, (to = next++));
          mark[i] = to;
        }
      }
      const cellOfMark = new Map<number, number>();
      for (const [i, part] of parts.entries()) {
        let cell = cellOfMark.get(mark[i]!);
        if (cell === undefined) cellOfMark.set(mark[i]!, (cell = count++));
        cellOfPart[family].set(part, cell);
      }
      for (const { id, inside } of held)
        cellsOfBlock[id] = [...new Set(inside.map((i) => cellOfMark.get(mark[i]!)!))];
    }
    return { cellOfPart, cellsOfBlock };
  }
}

/** See `BlockTable.cells`. Cells of the two families have different numbers. */
export interface Cells {
  readonly cellOfPart: { readonly [family in Family]: ReadonlyMap<number, number> };
  /** By block id: the cells that it holds. */
  readonly cellsOfBlock: readonly (readonly number[])[];
}

const noCells: readonly number[] = [];

/** The indices of the addresses that lie in some range. */
function indicesIn(sorted: readonly bigint[], ranges: readonly AddressRange[]): readonly number[] {
  const inside: number[] = [];
  for (let k = 0; k < ranges.length; k++) {
    const { first, last } = ranges[k]!;
    for (let i = lastAtMost(sorted, first - 1n) + 1; i < sorted.length && sorted[i]! <= last; i++)
      inside.push(i);
  }
  return inside;
}

/** The index of the last element that is not above `value`; -1 when there is none. */
function lastAtMost<T extends number | bigint>(sorted: ArrayLike<T>, value: T): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
