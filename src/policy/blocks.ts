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
  /** IPv4 CIDRs without except, by first address and prefix. */
  readonly #plain = new Map<number, number>();
  readonly #bounds = new Map<Family, readonly bigint[]>();
  #bounds4: NumberBounds | undefined;

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
    id = except.length === 0 && cidr.family === 'IPv4' ? this.#internPlain(cidr) : this.#intern(cidr, except);
    this.#byInstance.set(known, id);
    return id;
  }

  #internPlain(cidr: Cidr): number {
    const key = Number(cidr.first) * 64 + cidr.prefix;
    let id = this.#plain.get(key);
    if (id === undefined) {
      const { family, first, last } = cidr;
      id = this.#blocks.push({ family, ranges: [{ family, first, last }] }) - 1;
      this.#plain.set(key, id);
    }
    return id;
  }

  #intern(cidr: Cidr, except: readonly Cidr[]): number {
    const key = [formatCidr(cidr), ...except.map(formatCidr).sort()].join(' ');
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#blocks.length;
      this.#blocks.push({ family: cidr.family, ranges: subtract(cidr, except) });
      this.#ids.set(key, id);
    }
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
      bounds = family === 'IPv4' ? Array.from(this.#numberBounds.starts, BigInt) : this.#bounds6();
      this.#bounds.set(family, bounds);
    }
    return bounds;
  }

  #bounds6(): readonly bigint[] {
    const { last } = wholeFamily('IPv6');
    const starts = new Set<bigint>([0n]);
    for (const block of this.#blocks) {
      if (block.family !== 'IPv6') continue;
      for (const range of block.ranges) {
        starts.add(range.first);
        if (range.last < last) starts.add(range.last + 1n);
      }
    }
    return [...starts].sort((a, b) => (a < b ? -1 : 1));
  }

  get #numberBounds(): NumberBounds {
    this.#bounds4 ??= new NumberBounds(this.#blocks);
    return this.#bounds4;
  }

  /** How many parts a family has. */
  partCount(family: Family): number {
    return family === 'IPv4' ? this.#numberBounds.starts.length : this.bounds('IPv6').length;
  }

  /** The index in `bounds` of the part that holds an address. */
  partOf(family: Family, value: bigint): number {
    return family === 'IPv4' ? this.partOfIPv4(Number(value)) : lastAtMost(this.bounds('IPv6'), value);
  }

  /** The same of an IPv4 address as a number. */
  partOfIPv4(value: number): number {
    return this.#numberBounds.partOf(value);
  }

  /**
   * Parts that the same blocks hold get the same *cell*, a number from 0; only parts in `touched` get one, for only
   * there are pods.
   *
   * @param touched - by family, indices of parts, ascending
   */
  cells(touched: { readonly [family in Family]: readonly number[] }): Cells {
    const cellOfPart = { IPv4: noParts, IPv6: noParts };
    const cellsOfBlock: (readonly number[])[] = Array.from(this.#blocks, () => noCells);
    let count = 0;
    for (const family of families) {
      const parts = touched[family];
      if (parts.length === 0) continue;
      const held = this.#heldParts(family, parts);
      // Partition refinement: all parts begin alike, and each block parts those that it holds from those it does not.
      const mark = new Int32Array(parts.length);
      let next = 1;
      for (const { inside } of held) {
        const split = new Map<number, number>();
        for (const i of inside) {
          let to = split.get(mark[i]!);
          if (to === undefined) split.set(mark[i]!, (to = next++));
          mark[i] = to;
        }
      }
      const ofPart = new Int32Array(this.partCount(family)).fill(-1);
      const cellOfMark = new Int32Array(next).fill(-1);
      for (const [i, part] of parts.entries()) {
        if (cellOfMark[mark[i]!] === -1) cellOfMark[mark[i]!] = count++;
        ofPart[part] = cellOfMark[mark[i]!]!;
      }
      cellOfPart[family] = ofPart;
      for (const { id, inside } of held)
        cellsOfBlock[id] = [...new Set(inside.map((i) => cellOfMark[mark[i]!]!))];
    }
    return { cellOfPart, cellsOfBlock };
  }

  /** The blocks of a family that hold some of its parts, with the indices of these in `parts`. */
  #heldParts(family: Family, parts: readonly number[]): readonly Held[] {
    const held: Held[] = [];
    const add = (id: number, inside: readonly number[]): void => {
      if (inside.length > 0) held.push({ id, inside });
    };
    if (family === 'IPv4') {
      const { starts } = this.#numberBounds;
      const sorted = Float64Array.from(parts, (part) => starts[part]!);
      for (const [id, { family: own, ranges }] of this.#blocks.entries())
        if (own === 'IPv4') add(id, indicesIn(sorted, ranges, Number));
    } else {
      const starts = this.bounds('IPv6');
      const sorted = parts.map((part) => starts[part]!);
      for (const [id, { family: own, ranges }] of this.#blocks.entries())
        if (own === 'IPv6') add(id, indicesIn(sorted, ranges, itself));
    }
    return held;
  }
}

/** A block with the parts that it holds. */
interface Held {
  readonly id: number;
  readonly inside: readonly number[];
}

/** The parts of IPv4 as numbers: look-ups of every pod's address pass here. */
class NumberBounds {
  /** The first address of every part, ascending. */
  readonly starts: Float64Array;
  /** By the first half of an address: the last part that begins before those with it, or 0. */
  readonly #before: Int32Array;

  constructor(blocks: readonly Block[]) {
    const found: number[] = [0];
    for (const { family, ranges } of blocks) {
      if (family !== 'IPv4') continue;
      for (const { first, last } of ranges) {
        found.push(Number(first));
        if (Number(last) < 0xffff_ffff) found.push(Number(last) + 1);
      }
    }
    const sorted = Float64Array.from(found).sort();
    this.starts = sorted.filter((start, i) => i === 0 || start !== sorted[i - 1]);
    this.#before = new Int32Array(0x1_0001);
    for (let part = 0; part < this.starts.length; part++) {
      const next = halfOf(this.starts[part + 1] ?? 0x1_0000_0000);
      const own = halfOf(this.starts[part]!);
      if (next > own) this.#before.fill(part, own + 1, next + 1);
    }
  }

  partOf(value: number): number {
    const { starts } = this;
    const half = halfOf(value);
    let low = this.#before[half]!;
    let high = this.#before[half + 1]!;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** See `BlockTable.cells`. Cells of the two families have different numbers. */
export interface Cells {
  /** By part; -1 without pods. Empty where no part of the family has any. */
  readonly cellOfPart: { readonly [family in Family]: Int32Array };
  /** By block id: the cells that it holds. */
  readonly cellsOfBlock: readonly (readonly number[])[];
}

const noCells: readonly number[] = [];
const noParts = new Int32Array(0);

/** The first 16 of the 32 bits of an address. */
function halfOf(address: number): number {
  return Math.floor(address / 0x1_0000);
}

/** The indices of the addresses that lie in some range, whose bounds are made comparable to them. */
function indicesIn<T extends number | bigint>(
  sorted: ArrayLike<T>,
  ranges: readonly AddressRange[],
  comparable: (value: bigint) => T,
): readonly number[] {
  const inside: number[] = [];
  for (let k = 0; k < ranges.length; k++) {
    const last = comparable(ranges[k]!.last);
    for (
      let i = lastAtMost(sorted, comparable(ranges[k]!.first - 1n)) + 1;
      i < sorted.length && sorted[i]! <= last;
      i++
    )
      inside.push(i);
  }
  return inside;
}

const itself = (value: bigint): bigint => value;

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
