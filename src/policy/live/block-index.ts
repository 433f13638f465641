import { cidrOf, formatCidr, subtract } from '../../net/index.ts';
import type { Address, Cidr, Family } from '../../net/index.ts';
import { blockHas } from '../blocks.ts';
import type { Block } from '../blocks.ts';
import { AddressList } from './address-list.ts';
import { IntLists } from './int-lists.ts';
import { IntTable } from './int-table.ts';

/** The cell of addresses that no block holds, and of pods that blocks cannot match. */
export const noCell = 0;

/**
 * ipBlocks as numbers while somebody holds them, who has which address, and *cells*: the sets of blocks that hold some
 * address. A block finds the addresses in its ranges, an address the blocks whose cidr it is in: one look-up for each length of
 * prefix that occurs.
 */
export class BlockIndex {
  readonly #blocks: Block[] = [];
  readonly #cidrs: Cidr[] = [];
  readonly #texts: string[] = [];
  readonly #refs: number[] = [];
  readonly #ids = new Map<string, number>();
  readonly #freed: number[] = [];
  /** By family, length of prefix and network: blocks of that cidr. */
  readonly #byPrefix = {
    IPv4: new Map<number, Map<number | bigint, number[]>>(),
    IPv6: new Map<number, Map<number | bigint, number[]>>(),
  };
  readonly #in4 = new AddressList<number>();
  readonly #in6 = new AddressList<bigint>();
  readonly cells: IntTable = new IntTable();
  /** By block: its cells. */
  readonly cellsOf: IntLists = new IntLists();

  constructor() {
    this.cells.hold([]);
  }

  get size(): number {
    return this.#ids.size;
  }

  block(id: number): Block {
    return this.#blocks[id]!;
  }

  /** The id of an ipBlock, held once more. Equal text after excepts are sorted is one block. */
  hold(cidr: Cidr, except: readonly Cidr[]): number {
    const text =
      except.length === 0 ? formatCidr(cidr) : [formatCidr(cidr), ...except.map(formatCidr).sort()].join(' ');
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#freed.pop() ?? this.#blocks.length;
      this.#ids.set(text, id);
      this.#texts[id] = text;
      this.#blocks[id] = { family: cidr.family, ranges: subtract(cidr, except) };
      this.#cidrs[id] = cidr;
      this.#refs[id] = 0;
      this.#file(id, true);
    }
    this.#refs[id]!++;
    return id;
  }

  release(id: number): void {
    if (--this.#refs[id]! > 0) return;
    this.#file(id, false);
    this.#ids.delete(this.#texts[id]!);
    this.#texts[id] = '';
    this.#freed.push(id);
  }

  #file(id: number, add: boolean): void {
    const { family, prefix } = this.#cidrs[id]!;
    const first = family === 'IPv4' ? Number(this.#cidrs[id]!.first) : this.#cidrs[id]!.first;
    const byPrefix = this.#byPrefix[family];
    let networks = byPrefix.get(prefix);
    if (networks === undefined) byPrefix.set(prefix, (networks = new Map<number | bigint, number[]>()));
    let list = networks.get(first);
    if (list === undefined) networks.set(first, (list = []));
    if (add) list.push(id);
    else list.splice(list.indexOf(id), 1);
    if (list.length === 0) networks.delete(first);
    if (networks.size === 0) byPrefix.delete(prefix);
  }

  addAddress({ family, value }: Address, thing: number): void {
    if (family === 'IPv4') this.#in4.add(Number(value), thing);
    else this.#in6.add(value, thing);
  }

  removeAddress({ family, value }: Address, thing: number): void {
    if (family === 'IPv4') this.#in4.remove(Number(value), thing);
    else this.#in6.remove(value, thing);
  }

  /** Calls `visit` for everybody whose address a block holds. */
  forEachInside(id: number, visit: (thing: number) => void): void {
    const { family, ranges } = this.#blocks[id]!;
    for (const { first, last } of ranges) {
      if (family === 'IPv4') this.#in4.forEachWithin(Number(first), Number(last), visit);
      else this.#in6.forEachWithin(first, last, visit);
    }
  }

  /** The cell of an address, held once more. */
  holdCell({ family, value }: Address): number {
    const byPrefix = this.#byPrefix[family];
    if (byPrefix.size === 0) return noCell;
    let found: number[] | undefined;
    const number = family === 'IPv4' ? Number(value) : 0;
    for (const [prefix, networks] of byPrefix) {
      // Numbers hold an IPv4 address and cost a fraction of what big integers do.
      const network =
        family === 'IPv4' ? number - (number % 2 ** (32 - prefix)) : cidrOf({ family, value }, prefix).first;
      const list = networks.get(network);
      if (list === undefined) continue;
      for (const id of list) if (blockHas(this.#blocks[id]!, value)) (found ??= []).push(id);
    }
    return found === undefined ? noCell : this.holdCellOf(found.sort((a, b) => a - b));
  }

  /** The cell of some blocks, ascending, held once more. */
  holdCellOf(blocks: readonly number[]): number {
    if (blocks.length === 0) return noCell;
    const cell = this.cells.hold(blocks);
    if (this.cells.refs(cell) === 1) for (const id of blocks) this.cellsOf.push(id, cell);
    return cell;
  }

  /** Holds a cell that is held once more. The cell of no block is always there. */
  again(cell: number): void {
    if (cell !== noCell) this.cells.again(cell);
  }

  releaseCell(cell: number): void {
    if (cell === noCell) return;
    if (this.cells.refs(cell) === 1) {
      for (let i = 0; i < this.cells.size(cell); i++) this.#leaveCell(this.cells.at(cell, i), cell);
    }
    this.cells.release(cell);
  }

  /** The blocks of a cell with one more or one less. */
  withBlock(cell: number, id: number, add: boolean): number[] {
    const blocks: number[] = [];
    for (let i = 0; i < this.cells.size(cell); i++) {
      if (this.cells.at(cell, i) !== id) blocks.push(this.cells.at(cell, i));
    }
    if (add) blocks.push(id);
    return blocks.sort((a, b) => a - b);
  }

  /** Gives a cell one more block, or one less, where no cell has those yet. */
  renameCell(cell: number, id: number, add: boolean): void {
    const blocks = this.withBlock(cell, id, add);
    if (add) this.cellsOf.push(id, cell);
    else this.#leaveCell(id, cell);
    this.cells.rename(cell, blocks);
  }

  #leaveCell(id: number, cell: number): void {
    this.cellsOf.swapRemove(id, this.cellsOf.indexOf(id, cell));
  }

  /** The family of a block. */
  familyOf(id: number): Family {
    return this.#blocks[id]!.family;
  }
}
