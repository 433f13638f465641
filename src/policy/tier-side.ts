import type { Direction } from '../model/index.ts';
import type { BlockTable } from './blocks.ts';
import type { ClassIndex } from './class-index.ts';
import { byCell } from './classes.ts';
import { familyBits } from './pod-traits.ts';
import type { ClassTable } from './classes.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds, LabelTable } from './labels.ts';
import { listsBy, ListsBuilder, ListsInOrder } from './lists.ts';
import type { Lists } from './lists.ts';
import type { PortTable } from './port-table.ts';
import { Products } from './products.ts';
import type { Product } from './products.ts';
import { refine } from './refine.ts';
import { evaluateTiers } from './tier-value.ts';
import type { Bound, Reading } from './tier-value.ts';
import type { TierLists, Tiers } from './tiers.ts';

/** What the tiers of a cluster come to; absent where it has none. */
export interface CompiledTiers {
  readonly tiers: Tiers;
  readonly lists: { readonly [direction in Direction]: TierLists };
  readonly bound: Bound;
}

/** What everything here reads of a compiled policy. */
interface Tables {
  readonly podLabels: LabelTable;
  readonly blocks: BlockTable;
  readonly ports: PortTable;
  readonly classes: ClassTable;
  readonly index: ClassIndex;
  readonly assume: 'closed' | 'open';
}

/** By tier peer: the classes that it means for certain, those of which files cannot tell, and its families. */
export interface TierMeant {
  readonly sure: Lists;
  readonly unsure: Lists;
  readonly hasUnsure: boolean;
  /** Bit 0 is IPv4 and bit 1 IPv6. */
  readonly lanes: Uint8Array;
  /** Whether some CIDR holds some pod or node that the input has, so that the families may differ (corner 37). */
  readonly familiesDiffer: boolean;
}

interface Found {
  readonly sure: ArrayLike<number>;
  readonly unsure: ArrayLike<number>;
}

/** Whom peers of pods mean, where files can tell: peers of tiers are wide, and few. */
function classesOfPods({ peers }: Tiers, tables: Tables): (peer: number) => Int32Array {
  const places: number[] = [];
  const wide: Product[] = [];
  const placeOf = new Int32Array(peers.size).fill(-1);
  for (let peer = 0; peer < peers.size; peer++) {
    const definition = peers.definition(peer);
    if (definition.kind !== 'pods') continue;
    placeOf[peer] = places.length;
    places.push(peer);
    wide.push({ namespace: undefined, namespaces: definition.namespaces, selector: definition.selector });
  }
  const products = new Products(tables, places, wide);
  const classesOfCell = listsBy(products.cellOf, products.cells + 1);
  return (peer) => {
    const cells = products.cellsOf(placeOf[peer]!);
    let length = 0;
    for (let i = 0; i < cells.length; i++) length += classesOfCell.count(cells[i]!);
    const found = new Int32Array(length);
    length = 0;
    for (let i = 0; i < cells.length; i++) {
      found.set(classesOfCell.of(cells[i]!), length);
      length += classesOfCell.count(cells[i]!);
    }
    return found;
  };
}

/** Finds the classes that tier peers mean (corners 58, 63 and 66). */
export function tierMeant(tiers: Tiers, tables: Tables): TierMeant {
  const { classes, index, blocks, podLabels } = tables;
  const { peers, nodeLabels } = tiers;
  const podsOf = podLabels.hasUndecided ? undefined : classesOfPods(tiers, tables);
  const sure = new ListsInOrder();
  const unsure = new ListsInOrder();
  const lanes = new Uint8Array(peers.size).fill(familyBits.IPv4 | familyBits.IPv6);
  let hasUnsure = false;
  let familiesDiffer = false;
  let cells: Lists | undefined;
  const find = (peer: number): Found => {
    const definition = peers.definition(peer);
    switch (definition.kind) {
      case 'everybody': // rules that fail closed ask nobody
      case 'domains': // corner 63: addresses outside
        return { sure: [], unsure: [] };
      case 'pods': {
        if (podsOf === undefined) return index.inNamespaces(definition.namespaces, definition.selector);
        return { sure: podsOf(peer), unsure: [] };
      }
      case 'network': {
        lanes[peer] = familyBits[blocks.block(definition.block).family];
        const list: number[] = [];
        cells ??= byCell(classes);
        for (const cell of classes.cells.cellsOfBlock[definition.block]!)
          for (const c of cells.of(cell)) list.push(c);
        if (list.length > 0) familiesDiffer = true;
        return { sure: list.sort((x, y) => x - y), unsure: [] };
      }
      case 'nodes': {
        const list: number[] = [];
        for (let c = 0; c < classes.size; c++) {
          const set = classes.nodeSet[c]!;
          if (set >= 0 && nodeLabels.holds(definition.selector, set) === yes) list.push(c);
        }
        return { sure: list, unsure: [] };
      }
    }
  };
  for (let peer = 0; peer < peers.size; peer++) {
    const found = find(peer);
    sure.add(peer, found.sure);
    unsure.add(peer, found.unsure);
    hasUnsure ||= found.unsure.length > 0;
  }
  return {
    sure: sure.finish(peers.size),
    unsure: unsure.finish(peers.size),
    hasUnsure,
    lanes,
    familiesDiffer,
  };
}

/** Values of lists at the parts of a partition are kept in tables up to so many cells, beyond that in a map. */
const mostTabled = 1 << 22;

/** Classes that are the same to some tier peers, and what lists say of them; each is worked out when first asked for. */
class Partition {
  /** By class: its part. */
  readonly partOf: Int32Array;
  readonly #examples: number[] = [];
  /** By part: the peers that mean it, times 2, plus 1 where files cannot tell. */
  readonly #peersOf: Lists;
  readonly #tables: Tables;
  readonly #lists: TierLists;
  readonly #reading: Reading;
  readonly #lanesOf: Uint8Array;
  readonly #holds: Uint8Array;
  /** By list, part and lane: the index of a value, plus 1. */
  readonly #known: Int32Array | Map<number, number>;

  constructor(
    tables: Tables,
    lists: TierLists,
    reading: Reading,
    meant: TierMeant,
    peers: readonly number[],
    firstCut: Int32Array | undefined,
  ) {
    this.#tables = tables;
    this.#lists = lists;
    this.#reading = reading;
    this.#lanesOf = meant.lanes;
    this.#holds = new Uint8Array(meant.lanes.length);
    const { size } = tables.classes;
    let cut = refine(size, peers, meant.sure, firstCut);
    if (meant.hasUnsure) cut = refine(size, peers, meant.unsure, cut);
    const numbers = new Map<number, number>();
    for (let c = 0; c < size; c++) {
      let part = numbers.get(cut[c]!);
      if (part === undefined) {
        numbers.set(cut[c]!, (part = this.#examples.length));
        this.#examples.push(c);
      }
      cut[c] = part;
    }
    this.partOf = cut;
    const found = new ListsBuilder();
    for (const [list, mark] of [
      [meant.sure, 0],
      [meant.unsure, 1],
    ] as const) {
      for (const peer of peers) {
        for (let i = list.starts[peer]!; i < list.starts[peer + 1]!; i++) {
          const c = list.items[i]!;
          const part = cut[c]!;
          if (this.#examples[part] === c) found.add(part, peer * 2 + mark);
        }
      }
    }
    this.#peersOf = found.finish(this.#examples.length);
    const cells = lists.size * this.#examples.length * 2;
    this.#known = cells <= mostTabled ? new Int32Array(cells) : new Map<number, number>();
  }

  /** The index of what a list says at a part. */
  value(list: number, part: number, lane: 0 | 1, values: Values): number {
    const at = (list * this.#examples.length + part) * 2 + lane;
    const known = this.#known;
    let value = known instanceof Map ? (known.get(at) ?? 0) : known[at]!;
    if (value === 0) {
      value = values.add(this.#evaluate(list, part, lane)) + 1;
      if (known instanceof Map) known.set(at, value);
      else known[at] = value;
    }
    return value - 1;
  }

  #evaluate(list: number, part: number, lane: 0 | 1): ReturnType<typeof evaluateTiers> {
    const { ports, classes } = this.#tables;
    const holds = this.#holds;
    const marks = this.#peersOf.of(part);
    for (const mark of marks) {
      const lanes = this.#lanesOf[mark >> 1]!;
      holds[mark >> 1] = (lanes & (1 << lane)) === 0 ? no : (mark & 1) === 1 ? unknown : yes;
    }
    const { steps, portMap } = this.#lists.list(list);
    const { direction } = this.#lists;
    // Names mean ports of the destination: of the subject in ingress, of the other end in egress (corner 57).
    const names = direction === 'ingress' ? portMap : classes.portMap[this.#examples[part]!]!;
    const value = evaluateTiers(steps, direction, this.#reading, {
      holds: (peer) => holds[peer] as Holds,
      resolve: (spec) => ports.set(ports.resolve(spec, names)),
    });
    for (const mark of marks) holds[mark >> 1] = no;
    return value;
  }
}

/** What lists say, as ids of port sets. */
class Values {
  readonly #ports: PortTable;
  readonly accepted: number[] = [];
  readonly asked: number[] = [];
  readonly #ids = new Map<number, number>();

  constructor(ports: PortTable) {
    this.#ports = ports;
  }

  add({ accepted, asked }: ReturnType<typeof evaluateTiers>): number {
    const a = this.#ports.intern(accepted);
    const b = this.#ports.intern(asked);
    const key = a * 0x100_0000 + b;
    let id = this.#ids.get(key);
    if (id === undefined) {
      this.#ids.set(key, (id = this.accepted.length));
      this.accepted.push(a);
      this.asked.push(b);
    }
    return id;
  }
}

/**
 * The tiers of one direction, for all pairs: peers that are dense part the classes into atoms, as those of NetworkPolicies do,
 * and the pairs that the others touch are worked out one by one.
 */
export class TierSide {
  readonly #ports: PortTable;
  readonly #values: Values;
  readonly #dense: Partition;
  readonly #exact: Partition;
  /** By list: the peers that are not dense and that its rules name. */
  readonly sparse: Lists;
  readonly hasSparse: boolean;

  /**
   * @param denseThreshold - peers that mean more classes are dense
   * @param budget - so many of the largest peers are dense in any case: few cost less as atoms than pair by pair
   */
  constructor(
    lists: TierLists,
    meant: TierMeant,
    tables: Tables,
    bound: Bound,
    denseThreshold: number,
    budget: number,
  ) {
    this.#ports = tables.ports;
    this.#values = new Values(tables.ports);
    const { direction } = lists;
    const used = new Set<number>();
    let isNamed = false;
    const ofList = Array.from({ length: lists.size }, (_, list) => {
      const own = new Set<number>();
      if (list === 0) return own;
      for (const { policy } of lists.list(list).steps) {
        for (const { peers, spec } of policy.rules[direction]) {
          isNamed ||= direction === 'egress' && tables.ports.isNamed(spec);
          for (const peer of peers) {
            if (meant.sure.count(peer) + meant.unsure.count(peer) === 0) continue;
            own.add(peer);
            used.add(peer);
          }
        }
      }
      return own;
    });
    const sizeOf = (peer: number): number => meant.sure.count(peer) + meant.unsure.count(peer);
    const peers = [...used].sort((a, b) => sizeOf(b) - sizeOf(a) || a - b);
    const dense = peers.filter((peer, i) => i < budget || sizeOf(peer) > denseThreshold);
    const isDense = new Set(dense);
    const sparse = new ListsInOrder();
    for (const [list, own] of ofList.entries())
      sparse.add(
        list,
        [...own].filter((peer) => !isDense.has(peer)),
      );
    this.sparse = sparse.finish(lists.size);
    this.hasSparse = dense.length < peers.length;
    const firstCut = isNamed ? tables.classes.portMap : undefined;
    const reading = { bound, assume: tables.assume };
    this.#dense = new Partition(tables, lists, reading, meant, dense, firstCut);
    this.#exact = this.hasSparse
      ? new Partition(tables, lists, reading, meant, peers, firstCut)
      : this.#dense;
  }

  /** By class: what dense peers tell apart. */
  get cut(): Int32Array {
    return this.#dense.partOf;
  }

  /** By class: what all peers tell apart. */
  get exactCut(): Int32Array {
    return this.#exact.partOf;
  }

  /** What a subject with this list may use to or from a class, sparse peers left out, if NetworkPolicies admit `admitted`. */
  dense(list: number, c: number, lane: 0 | 1, admitted: number): number {
    return this.#with(this.#dense.value(list, this.#dense.partOf[c]!, lane, this.#values), admitted);
  }

  /** The same, exactly. */
  exact(list: number, c: number, lane: 0 | 1, admitted: number): number {
    return this.#with(this.#exact.value(list, this.#exact.partOf[c]!, lane, this.#values), admitted);
  }

  #with(value: number, admitted: number): number {
    const ports = this.#ports;
    return ports.union(this.#values.accepted[value]!, ports.intersect(this.#values.asked[value]!, admitted));
  }
}

/** Both directions of the tiers. */
export interface TierSides {
  readonly meant: TierMeant;
  readonly egress: TierSide;
  readonly ingress: TierSide;
}

/** What tiers come to for all pairs. */
export function tierSidesOf(
  tiers: CompiledTiers,
  tables: Tables,
  { denseThreshold, denseTierPeers }: { readonly denseThreshold: number; readonly denseTierPeers: number },
): TierSides {
  const meant = tierMeant(tiers.tiers, tables);
  const side = (direction: Direction): TierSide =>
    new TierSide(tiers.lists[direction], meant, tables, tiers.bound, denseThreshold, denseTierPeers);
  return { meant, egress: side('egress'), ingress: side('ingress') };
}
