import type { Direction } from '../model/index.ts';
import type { BlockTable } from './blocks.ts';
import type { ClassIndex } from './class-index.ts';
import type { ClassTable } from './classes.ts';
import { familyBits } from './pod-traits.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds, LabelTable } from './labels.ts';
import { ListsBuilder, ListsInOrder } from './lists.ts';
import type { Lists } from './lists.ts';
import { PairMap } from './pair-map.ts';
import { everything, nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';
import { SequenceTable } from './sequences.ts';
import { FoldedValues, TierFold } from './tier-fold.ts';
import type { Sayings } from './tier-fold.ts';
import { classesMeant, tierMeant } from './tier-meant.ts';
import type { TierMeant } from './tier-meant.ts';
import type { Bound } from './tier-value.ts';
import type { TierLists, Tiers } from './tiers.ts';

/** What the tiers of a cluster come to; absent where it has none. */
export interface CompiledTiers {
  readonly tiers: Tiers;
  readonly lists: { readonly [direction in Direction]: TierLists };
  readonly bound: Bound;
}

/** Whether two policies of equal priority may say different things of some connection (corner 60). */
export function canDisagree({ lists }: Pick<CompiledTiers, 'lists'>): boolean {
  return lists.ingress.canDisagree || lists.egress.canDisagree;
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

/** Values of lists at the parts of a partition are kept in tables up to so many cells, beyond that in a map. */
const mostTabled = 1 << 22;

/** So many sayings of policies at parts are kept. */
const mostSayings = 1 << 22;

/** Classes that are the same to some tier peers, and what lists say of them; each is worked out when first asked for. */
class Partition {
  /** By class: its part. */
  readonly partOf: Int32Array;
  readonly #parts: number;
  /** By part: the peers that mean it, times 2, plus 1 where files cannot tell. */
  readonly #peersOf: Lists;
  /** By part: what names mean there, where its classes are parted by that. */
  readonly #portMaps: Int32Array | undefined;
  /** By part: 1 where the families differ. */
  readonly #differs: Uint8Array;
  readonly #lanesOf: Uint8Array;
  readonly #holds: Uint8Array;
  readonly #fold: TierFold;
  readonly #values: FoldedValues;
  /** By list, part and lane: the index of a value, plus 1. */
  readonly #known: Int32Array | Map<number, number>;
  /** By part and lane: what the policies say, as long as there are not too many. */
  readonly #sayings: (Sayings | undefined)[] = [];
  #generation = 0;
  #kept = 0;

  /**
   * @param portMaps - by class: what names mean there, where it counts
   */
  constructor(
    lists: TierLists,
    meant: TierMeant,
    peers: ReadonlySet<number>,
    portMaps: Int32Array | undefined,
    fold: TierFold,
    values: FoldedValues,
  ) {
    this.#lanesOf = meant.lanes;
    this.#holds = new Uint8Array(meant.lanes.length);
    this.#fold = fold;
    this.#values = values;
    // Cells that none of the peers tells from each other.
    const sequences = new SequenceTable();
    const cells = meant.peersOf.starts.length - 1;
    const ofCell = new Int32Array(cells);
    let own = new Int32Array(64);
    for (let cell = 0; cell < cells; cell++) {
      const marks = meant.peersOf.of(cell);
      if (own.length < marks.length) own = new Int32Array(marks.length * 2);
      let length = 0;
      for (let i = 0; i < marks.length; i++) if (peers.has(marks[i]! >> 1)) own[length++] = marks[i]!;
      ofCell[cell] = sequences.intern(own, 0, length);
    }
    let ofPart: ArrayLike<number>;
    if (portMaps === undefined) {
      this.partOf = meant.cellOf.map((cell) => ofCell[cell]!);
      ofPart = Int32Array.from({ length: sequences.size }, (_, i) => i);
    } else {
      const parts = new PairMap();
      const sequenceOf: number[] = [];
      const mapOf: number[] = [];
      this.partOf = meant.cellOf.map((cell, c) => {
        const part = parts.getOrAdd(ofCell[cell]!, portMaps[c]!, sequenceOf.length);
        if (part === sequenceOf.length) {
          sequenceOf.push(ofCell[cell]!);
          mapOf.push(portMaps[c]!);
        }
        return part;
      });
      ofPart = sequenceOf;
      this.#portMaps = Int32Array.from(mapOf);
    }
    this.#parts = ofPart.length;
    this.#differs = new Uint8Array(this.#parts);
    const found = new ListsBuilder();
    for (let part = 0; part < this.#parts; part++) {
      const end = sequences.start(ofPart[part]! + 1);
      for (let i = sequences.start(ofPart[part]!); i < end; i++) {
        const mark = sequences.items[i]!;
        found.add(part, mark);
        if (meant.lanes[mark >> 1] !== (familyBits.IPv4 | familyBits.IPv6)) this.#differs[part] = 1;
      }
    }
    this.#peersOf = found.finish(this.#parts);
    const size = lists.size * this.#parts * 2;
    this.#known = size <= mostTabled ? new Int32Array(size) : new Map<number, number>();
  }

  /** The index of what a list says at a part. */
  value(list: number, part: number, lane: 0 | 1): number {
    const which = this.#differs[part] === 1 ? lane : 0;
    const at = (list * this.#parts + part) * 2 + which;
    const known = this.#known;
    let value = known instanceof Map ? (known.get(at) ?? 0) : known[at]!;
    if (value === 0) {
      value = this.#values.add(this.#fold, this.#fold.value(list, this.#sayingsAt(part, which))) + 1;
      if (known instanceof Map) known.set(at, value);
      else known[at] = value;
    }
    return value - 1;
  }

  #sayingsAt(part: number, lane: 0 | 1): Sayings {
    const fold = this.#fold;
    if (this.#generation !== fold.generation || this.#kept > mostSayings) this.#forget();
    let sayings = this.#sayings[part * 2 + lane];
    if (sayings !== undefined) return sayings;
    const holds = this.#holds;
    const marks = this.#peersOf.of(part);
    for (const mark of marks) {
      const lanes = this.#lanesOf[mark >> 1]!;
      holds[mark >> 1] = (lanes & (1 << lane)) === 0 ? no : (mark & 1) === 1 ? unknown : yes;
    }
    sayings = fold.say((peer) => holds[peer] as Holds, this.#portMaps?.[part] ?? 0);
    for (const mark of marks) holds[mark >> 1] = no;
    if (this.#generation !== fold.generation) this.#forget();
    this.#sayings[part * 2 + lane] = sayings;
    this.#kept += sayings.length;
    return sayings;
  }

  #forget(): void {
    this.#sayings.length = 0;
    this.#kept = 0;
    this.#generation = this.#fold.generation;
  }

  /** Works out what all lists say, part by part: what policies say of a part is then asked for once, however much it is. */
  fill(lists: number): void {
    for (let part = 0; part < this.#parts; part++) {
      for (let list = 1; list < lists; list++) {
        this.value(list, part, 0);
        if (this.#differs[part] === 1) this.value(list, part, 1);
      }
    }
  }
}

/**
 * The tiers of one direction, for all pairs: peers that are dense part the classes into atoms, as those of NetworkPolicies do,
 * and the pairs that the others touch are worked out one by one.
 */
export class TierSide {
  readonly #ports: PortTable;
  readonly #lists: TierLists;
  readonly #values = new FoldedValues();
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
    { ports, classes, assume }: Tables,
    bound: Bound,
    denseThreshold: number,
    budget: number,
  ) {
    this.#ports = ports;
    this.#lists = lists;
    const { sizes } = meant;
    const { ofList, used, isNamed } = usedPeers(lists, sizes, ports);
    const peers = [...used].sort((a, b) => sizes[b]! - sizes[a]! || a - b);
    const dense = new Set(peers.filter((peer, i) => i < budget || sizes[peer]! > denseThreshold));
    this.hasSparse = dense.size < peers.length;
    const sparse = new ListsInOrder();
    if (this.hasSparse)
      for (const [list, own] of ofList.entries())
        sparse.add(
          list,
          [...own].filter((peer) => !dense.has(peer)),
        );
    this.sparse = sparse.finish(lists.size);
    // In egress names mean ports of the other end (corner 57).
    const portMaps = isNamed && lists.direction === 'egress' ? classes.portMap : undefined;
    const fold = new TierFold(lists, ports, { bound, assume }, new Set(portMaps));
    this.#dense = new Partition(lists, meant, dense, portMaps, fold, this.#values);
    this.#exact = this.hasSparse
      ? new Partition(lists, meant, used, portMaps, fold, this.#values)
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

  /** Works out what `dense` will be asked for by all lists of all classes. */
  fill(): void {
    this.#dense.fill(this.#lists.size);
  }

  /** What a subject with this list may use to or from a class, sparse peers left out, if NetworkPolicies admit `admitted`. */
  dense(list: number, c: number, lane: 0 | 1, admitted: number): number {
    return this.#with(this.#dense.value(list, this.#dense.partOf[c]!, lane), admitted);
  }

  /** The same, exactly. */
  exact(list: number, c: number, lane: 0 | 1, admitted: number): number {
    return this.#with(this.#exact.value(list, this.#exact.partOf[c]!, lane), admitted);
  }

  #with(value: number, admitted: number): number {
    const asked = this.#values.asked[value]!;
    // The two have nothing in common: most often all is left to NetworkPolicies, or nothing.
    if (asked === everything) return admitted;
    const accepted = this.#values.accepted[value]!;
    if (asked === nothing) return accepted;
    const ports = this.#ports;
    return ports.union(accepted, ports.intersect(asked, admitted));
  }
}

/** The peers that mean some class, of each list and of all; and whether some rule leaves ports to names. */
function usedPeers(
  lists: TierLists,
  sizes: Int32Array,
  ports: PortTable,
): {
  readonly ofList: readonly ReadonlySet<number>[];
  readonly used: ReadonlySet<number>;
  readonly isNamed: boolean;
} {
  const { direction } = lists;
  const used = new Set<number>();
  const ofPolicy = new Map<number, ReadonlySet<number>>();
  let isNamed = false;
  const ofList = Array.from({ length: lists.size }, (_, list) => {
    const own = new Set<number>();
    if (list === 0) return own;
    for (const { policy } of lists.list(list).steps) {
      let peers = ofPolicy.get(policy.index);
      if (peers === undefined) {
        const rules = policy.rules[direction];
        isNamed ||= rules.some(({ spec }) => ports.isNamed(spec));
        peers = new Set(rules.flatMap((rule) => rule.peers.filter((peer) => sizes[peer]! > 0)));
        ofPolicy.set(policy.index, peers);
        for (const peer of peers) used.add(peer);
      }
      for (const peer of peers) own.add(peer);
    }
    return own;
  });
  return { ofList, used, isNamed };
}

/** Both directions of the tiers. */
export interface TierSides {
  readonly meant: TierMeant;
  readonly egress: TierSide;
  readonly ingress: TierSide;
  /** By peer: the classes that it means, of those that are sparse in some direction. */
  readonly sparseClasses: Lists;
}

/** What tiers come to for all pairs. */
export function tierSidesOf(
  tiers: CompiledTiers,
  tables: Tables & { readonly denseThreshold: number; readonly denseTierPeers: number },
): TierSides {
  const { denseThreshold, denseTierPeers } = tables;
  const meant = tierMeant(tiers.tiers, tables);
  const side = (direction: Direction): TierSide =>
    new TierSide(tiers.lists[direction], meant, tables, tiers.bound, denseThreshold, denseTierPeers);
  const [egress, ingress] = [side('egress'), side('ingress')];
  const sparse = new Set([...egress.sparse.items, ...ingress.sparse.items]);
  return { meant, egress, ingress, sparseClasses: classesMeant(meant, sparse) };
}
