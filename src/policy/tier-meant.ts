import type { BlockTable } from './blocks.ts';
import type { ClassIndex } from './class-index.ts';
import { familyBits } from './pod-traits.ts';
import type { ClassTable } from './classes.ts';
import { yes } from './labels.ts';
import type { LabelTable } from './labels.ts';
import { listsBy, ListsBuilder, ListsInOrder, Numbers } from './lists.ts';
import type { Lists } from './lists.ts';
import { Products } from './products.ts';
import type { Product } from './products.ts';
import { partsOf, refine } from './refine.ts';
import type { Tiers } from './tiers.ts';

/** What is read of a compiled policy. */
interface Tables {
  readonly podLabels: LabelTable;
  readonly blocks: BlockTable;
  readonly classes: ClassTable;
  readonly index: ClassIndex;
  readonly assume: 'closed' | 'open';
}

/** Whom the peers of tiers mean. Classes that are the same to all of them are a *cell*. */
export interface TierMeant {
  /** By class: its cell. */
  readonly cellOf: Int32Array;
  /** By cell: its classes. */
  readonly classesOf: Lists;
  /** By cell: the peers that mean it, times 2, plus 1 where files cannot tell. */
  readonly peersOf: Lists;
  /** By peer: how many classes it means or may mean. */
  readonly sizes: Int32Array;
  /** By peer: its families; bit 0 is IPv4 and bit 1 IPv6. */
  readonly lanes: Uint8Array;
  /** Whether some CIDR holds some pod or node that the input has, so that the families may differ (corner 37). */
  readonly familiesDiffer: boolean;
}

/** The classes that some peers mean, for certain or perhaps, by peer. */
export function classesMeant(meant: TierMeant, peers: ReadonlySet<number>): Lists {
  const found = new ListsBuilder();
  const cells = meant.peersOf.starts.length - 1;
  for (let cell = 0; cell < cells; cell++) {
    for (const mark of meant.peersOf.of(cell)) {
      if (!peers.has(mark >> 1)) continue;
      for (const c of meant.classesOf.of(cell)) found.add(mark >> 1, c);
    }
  }
  return found.finish(meant.sizes.length);
}

/** Finds whom tier peers mean (corners 58, 63 and 66). */
export function tierMeant(tiers: Tiers, tables: Tables): TierMeant {
  const { classes, blocks } = tables;
  const { peers } = tiers;
  const lanes = new Uint8Array(peers.size).fill(familyBits.IPv4 | familyBits.IPv6);
  for (let peer = 0; peer < peers.size; peer++) {
    const definition = peers.definition(peer);
    if (definition.kind === 'network') lanes[peer] = familyBits[blocks.block(definition.block).family];
  }
  const byLabels = podsByLabels(tiers, tables);
  const { sure, unsure } = listedClasses(tiers, tables, byLabels !== undefined);
  const listed = listedPeers(sure, unsure);
  let cut = refine(classes.size, listed, sure, byLabels?.products.cellOf);
  if (byLabels === undefined) cut = refine(classes.size, listed, unsure, cut);
  const cellOf = new Int32Array(classes.size);
  const numbers = new Map<number, number>();
  const examples: number[] = [];
  for (let c = 0; c < cellOf.length; c++) {
    let cell = numbers.get(cut[c]!);
    if (cell === undefined) {
      numbers.set(cut[c]!, (cell = examples.length));
      examples.push(c);
    }
    cellOf[c] = cell;
  }
  const classesOf = listsBy(cellOf, examples.length);
  const found = new ListsBuilder();
  const sizes = new Int32Array(peers.size);
  const add = (peer: number, mark: 0 | 1, cell: number): void => {
    found.add(cell, peer * 2 + mark);
    sizes[peer]! += classesOf.count(cell);
  };
  let familiesDiffer = false;
  for (const [lists, mark] of [
    [sure, 0],
    [unsure, 1],
  ] as const) {
    for (const peer of listed) {
      if (lists.count(peer) > 0 && peers.definition(peer).kind === 'network') familiesDiffer = true;
      for (const c of lists.of(peer)) if (examples[cellOf[c]!] === c) add(peer, mark, cellOf[c]!);
    }
  }
  if (byLabels !== undefined) {
    const { products, places } = byLabels;
    const within = listsBy(
      Int32Array.from(examples, (c) => products.cellOf[c]!),
      products.cells + 1,
    );
    for (const [place, peer] of places.entries()) {
      for (const product of products.cellsOf(place))
        for (const cell of within.of(product)) add(peer, 0, cell);
    }
  }
  return { cellOf, classesOf, peersOf: found.finish(examples.length), sizes, lanes, familiesDiffer };
}

/** Peers of pods, where files can tell whom they mean: they are wide, and few. */
function podsByLabels(
  { peers }: Tiers,
  tables: Tables,
): { readonly products: Products; readonly places: readonly number[] } | undefined {
  if (tables.podLabels.hasUndecided) return undefined;
  const places: number[] = [];
  const wide: Product[] = [];
  for (let peer = 0; peer < peers.size; peer++) {
    const definition = peers.definition(peer);
    if (definition.kind !== 'pods') continue;
    places.push(peer);
    wide.push({ namespace: undefined, namespaces: definition.namespaces, selector: definition.selector });
  }
  return { products: new Products(tables, places, wide), places };
}

/** The classes that the other peers mean, for certain and perhaps; of pods where files cannot tell. */
function listedClasses(
  { peers, nodeLabels }: Tiers,
  { classes, index }: Tables,
  withoutPods: boolean,
): { readonly sure: Lists; readonly unsure: Lists } {
  const sure = new ListsInOrder();
  const unsure = new ListsInOrder();
  const found = new Numbers();
  let ofCell: readonly Lists[] | undefined;
  for (let peer = 0; peer < peers.size; peer++) {
    const definition = peers.definition(peer);
    found.length = 0;
    switch (definition.kind) {
      case 'everybody': // rules that fail closed ask nobody
      case 'domains': // corner 63: addresses outside
        break;
      case 'pods': {
        if (withoutPods) break;
        const meant = index.inNamespaces(definition.namespaces, definition.selector);
        sure.add(peer, meant.sure);
        unsure.add(peer, meant.unsure);
        break;
      }
      case 'network': {
        if (ofCell === undefined) {
          const { cell4, cell6 } = classes;
          const size = Math.max(partsOf(cell4), partsOf(cell6));
          ofCell = [listsBy(cell4, size), listsBy(cell6, size)];
        }
        for (const cell of classes.cells.cellsOfBlock[definition.block]!)
          for (const lists of ofCell) for (const c of lists.of(cell)) found.push(c);
        sure.add(peer, found.all);
        break;
      }
      case 'nodes':
        for (let c = 0; c < classes.size; c++) {
          const set = classes.nodeSet[c]!;
          if (set >= 0 && nodeLabels.holds(definition.selector, set) === yes) found.push(c);
        }
        sure.add(peer, found.all);
    }
  }
  return { sure: sure.finish(peers.size), unsure: unsure.finish(peers.size) };
}

function listedPeers(sure: Lists, unsure: Lists): readonly number[] {
  const listed: number[] = [];
  for (let peer = 0; peer + 1 < sure.starts.length; peer++)
    if (sure.count(peer) + unsure.count(peer) > 0) listed.push(peer);
  return listed;
}
