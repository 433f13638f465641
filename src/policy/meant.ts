import type { BlockTable } from './blocks.ts';
import type { ClassIndex } from './class-index.ts';
import { byCell } from './classes.ts';
import type { ClassTable } from './classes.ts';
import type { LabelTable } from './labels.ts';
import { ListsInOrder } from './lists.ts';
import type { Lists } from './lists.ts';
import { anyPeer } from './peers.ts';
import type { PeerTable } from './peers.ts';
import type { Profile } from './profile.ts';
import { Products } from './products.ts';
import type { Product } from './products.ts';

/** What is read of a compiled policy. */
interface Tables {
  readonly profile: Profile;
  readonly assume: 'closed' | 'open';
  readonly denseThreshold: number;
  readonly podLabels: LabelTable;
  readonly blocks: BlockTable;
  readonly peers: PeerTable;
  readonly classes: ClassTable;
  readonly index: ClassIndex;
}

/** A peer means many classes, which are kept as a product. */
const isProduct = 1;
/** A peer means many classes, which are kept in a list. */
export const isListed = 2;

/** Whom peers mean. */
export interface MeantPeers {
  /** By peer: `isProduct`, `isListed`, or 0 where it means few classes, which are in a list, too. */
  readonly how: Uint8Array;
  /** By peer that is no product: its classes. */
  readonly lists: Lists;
  readonly products: Products;
  /** Whether some ipBlock means some class, so that the families may differ. */
  readonly hasBlocks: boolean;
}

/**
 * Finds whom peers mean.
 *
 * @param isUsed - by peer: whether anybody asks
 */
export function meantPeers(tables: Tables, isUsed: (peer: number) => boolean): MeantPeers {
  const finder = new Finder(tables);
  for (let peer = 0; peer < tables.peers.size; peer++)
    if (peer !== anyPeer && isUsed(peer)) finder.find(peer);
  return finder.finish();
}

class Finder {
  readonly #tables: Tables;
  readonly #how: Uint8Array;
  readonly #lists = new ListsInOrder();
  readonly #wide: number[] = [];
  readonly #products: Product[] = [];
  #classesOfCell: Lists | undefined;
  #hasBlocks = false;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.#how = new Uint8Array(tables.peers.size);
  }

  find(peer: number): void {
    const definition = this.#tables.peers.definition(peer);
    if (definition.kind === 'block') this.#findBlock(peer, definition.block);
    else if (definition.kind === 'pods') this.#findPods(peer, definition);
  }

  finish(): MeantPeers {
    return {
      how: this.#how,
      lists: this.#lists.finish(this.#how.length),
      products: new Products(this.#tables, this.#wide, this.#products),
      hasBlocks: this.#hasBlocks,
    };
  }

  #findPods(peer: number, product: Product): void {
    const { namespace, namespaces, selector } = product;
    const { index, podLabels, assume, denseThreshold } = this.#tables;
    const isOpen = assume === 'open' && podLabels.hasUndecided;
    index.gather(namespace, namespaces, selector, isOpen ? Infinity : denseThreshold);
    const { sure, unsure } = index;
    // Corner 23: what cannot be decided counts where that is assumed.
    if (isOpen) for (let i = 0; i < unsure.length; i++) sure.push(unsure.items[i]!);
    if (sure.length > denseThreshold) {
      this.#how[peer] = isProduct;
      this.#wide.push(peer);
      this.#products.push(product);
    } else if (sure.length > 0) this.#lists.addFirst(peer, sure.items, sure.length);
  }

  #findBlock(peer: number, block: number): void {
    const { classes, profile, denseThreshold } = this.#tables;
    const list: number[] = [];
    for (const cell of classes.cells.cellsOfBlock[block]!) {
      this.#classesOfCell ??= byCell(classes);
      for (const c of this.#classesOfCell.of(cell)) {
        // Corner 34: cells also part what only networks of tiers match.
        if (classes.host[c] === 1 ? profile.ipBlockMatchesNodes : profile.ipBlockMatchesPods) list.push(c);
      }
    }
    if (list.length === 0) return;
    this.#hasBlocks = true;
    if (list.length > denseThreshold) this.#how[peer] = isListed;
    // A class has one cell of each family, and a block is of one family: none is met twice.
    this.#lists.add(
      peer,
      list.sort((x, y) => x - y),
    );
  }
}
