import type { Direction } from '../model/index.ts';
import { noAccess } from './access.ts';
import type { AccessTable } from './access.ts';
import type { ClassTable } from './classes.ts';
import type { OwnNode } from './own-node.ts';
import { nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';
import type { Profile } from './profile.ts';
import type { Ends } from './row-ends.ts';
import type { Side } from './side.ts';
import type { SparsePairs } from './sparse-pairs.ts';

/** Which lane says all of a pair: none where it cannot talk, both where it shares two families that differ. */
export const noLane = -1;
/** See `noLane`. */
export const twoLanes = -2;

/** What is read of a matrix. */
export interface CountTables {
  readonly profile: Profile;
  readonly ports: PortTable;
  readonly classes: ClassTable;
  readonly profileOf: { readonly [direction in Direction]: Int32Array };
  readonly accesses: AccessTable;
  /** 2 when the families may differ; else 1. */
  readonly lanes: 1 | 2;
  /** By the families that two ends share: the lane to ask. */
  readonly laneOf: Int8Array;
  readonly egress: Side;
  readonly ingress: Side;
  /** By dense part, atom and lane: what NetworkPolicies admit there, and with what tiers say. */
  readonly egressAdmits: Int32Array;
  readonly ingressAdmits: Int32Array;
  readonly egressAllows: Int32Array;
  readonly ingressAllows: Int32Array;
  /** Whether these four are there. */
  readonly isTabled: boolean;
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  readonly rows: Ends;
  readonly columns: Ends;
  readonly sparse: SparsePairs;
  readonly ownNode: OwnNode;
  readonly hasTiers: boolean;
  /** Whether some peer of a tier is sparse. */
  readonly hasSparseTiers: boolean;
  /** The access of a row and a column, sparse peers left out. */
  readonly block: (row: number, column: number) => number;
  /** The access from a class, for which destinations have been gathered in `sparse`, to one of these. */
  readonly exact: (s: number, d: number) => number;
  /** What a side allows to or from a class, where NetworkPolicies admit `admitted` exactly. */
  readonly withTiers: (
    direction: Direction,
    subject: number,
    other: number,
    lane: 0 | 1,
    admitted: number,
  ) => number;
  /** The access that one side alone gives a pair of classes. */
  readonly ofSide: (direction: Direction, subject: number, other: number) => number;
  /** The access from a pod to its own node, or back. */
  readonly ofOwnNode: (from: number, to: number) => number;
}

/** Counts the pairs of a matrix: a sum over blocks, and corrections for the pairs that sparse peers touch. */
export class PairCount {
  readonly #tables: CountTables;

  constructor(tables: CountTables) {
    this.#tables = tables;
  }

  /**
   * How many ordered pairs of distinct pods have which access, by access id, the own-node exemption of host-network
   * pods (corner 42) included. Exact up to 2^53 pairs.
   *
   * @param isCounted - by class: 1 where its pods count as destinations. Default: everywhere. The two sides of a verdict
   *   are independent, so that the counts of any parts of the destinations add up to the whole.
   */
  count(isCounted?: Uint8Array): Float64Array {
    const { classes, sparse, accesses } = this.#tables;
    const totals = { ofSets: new PairTotals(), ofAccesses: new PairTotals() };
    const weightOf =
      isCounted === undefined ? classes.weight : classes.weight.map((w, c) => w * isCounted[c]!);
    this.#addBlocks(weightOf, totals);
    for (let s = 0; s < classes.size; s++) {
      this.#addSelf(s, weightOf[s]!, totals);
      sparse.gather(s);
      if (sparse.length > 0) this.#addCorrections(s, weightOf, totals);
    }
    const { ofAccesses } = totals;
    for (let set = 0; set < totals.ofSets.size; set++) {
      const pairs = totals.ofSets.of(set);
      if (pairs !== 0) ofAccesses.add(accesses.simple(set), pairs);
    }
    this.#countOwnNode(ofAccesses, isCounted);
    // Pairs that cannot talk are most of all, and are looked at the least: they are what is left.
    const counted = ofAccesses.upTo(accesses.size);
    const destinations = sumOf(weightOf);
    counted[noAccess] = 0;
    counted[noAccess] = sumOf(classes.weight) * destinations - destinations - sumOf(counted);
    return counted;
  }

  /** Takes away the pairs of the pods of a class with themselves, which are no pairs. */
  #addSelf(s: number, pods: number, totals: Totals): void {
    const { ports, lanes, laneOf, isTabled, rows, columns, egress, ingress } = this.#tables;
    const row = this.#tables.rowOf[s]!;
    const column = this.#tables.columnOf[s]!;
    const lane = isTabled ? laneOf[rows.family[row]!]! : twoLanes;
    if (lane < 0) {
      totals.ofAccesses.add(this.#tables.block(row, column), -pods);
      return;
    }
    const out = rows.dense[row]! * egress.atoms + columns.atom[column]!;
    const into = columns.dense[column]! * ingress.atoms + rows.atom[row]!;
    const set = ports.intersect(
      this.#tables.egressAllows[out * lanes + lane]!,
      this.#tables.ingressAllows[into * lanes + lane]!,
    );
    if (set !== nothing) totals.ofSets.add(set, -pods);
  }

  /** Adds the pairs of all rows and columns, sparse peers left out. There may be millions of blocks, mostly with a single lane. */
  #addBlocks(weightOf: Float64Array, totals: Totals): void {
    const { isTabled, laneOf, rows, columns } = this.#tables;
    const { rowWeights, columnWeights } = this.#weights(weightOf);
    if (isTabled) {
      const { egress, ingress, egressAllows, ingressAllows } = this.#tables;
      const sources = { ends: rows, weight: rowWeights, allows: egressAllows, atoms: egress.atoms };
      const destinations = {
        ends: columns,
        weight: columnWeights,
        allows: ingressAllows,
        atoms: ingress.atoms,
      };
      // The inner loop goes along the longer table.
      if (sources.allows.length > destinations.allows.length)
        this.#addTabled(sources, destinations, totals.ofSets);
      else this.#addTabled(destinations, sources, totals.ofSets);
      if (this.#tables.lanes === 1) return;
    }
    for (let row = 0; row < rows.count; row++) {
      for (let column = 0; column < columns.count; column++) {
        if (!isTabled || laneOf[rows.family[row]! & columns.family[column]!] === twoLanes)
          totals.ofAccesses.add(this.#tables.block(row, column), rowWeights[row]! * columnWeights[column]!);
      }
    }
  }

  /** How many pods have which row, and which column. */
  #weights(weightOf: Float64Array): {
    readonly rowWeights: Float64Array;
    readonly columnWeights: Float64Array;
  } {
    const { rowOf, columnOf, rows, columns, classes } = this.#tables;
    const { weight } = classes;
    const rowWeights = new Float64Array(rows.count);
    const columnWeights = new Float64Array(columns.count);
    for (let c = 0; c < weight.length; c++) {
      rowWeights[rowOf[c]!]! += weight[c]!;
      columnWeights[columnOf[c]!]! += weightOf[c]!;
    }
    return { rowWeights, columnWeights };
  }

  /** Adds the blocks of ends of which one lane is asked; what both sides allow is the same from either side. */
  #addTabled(outer: Tabled, inner: Tabled, totals: PairTotals): void {
    const { ports, lanes, laneOf } = this.#tables;
    const { count, family, atom, dense } = inner.ends;
    for (let i = 0; i < outer.ends.count; i++) {
      const weight = outer.weight[i]!;
      const ownFamily = outer.ends.family[i]!;
      const ownAtom = outer.ends.atom[i]!;
      const at = outer.ends.dense[i]! * outer.atoms;
      for (let k = 0; k < count; k++) {
        const lane = laneOf[ownFamily & family[k]!]!;
        if (lane < 0) continue;
        const one = outer.allows[(at + atom[k]!) * lanes + lane]!;
        if (one === nothing) continue;
        const both = ports.intersect(one, inner.allows[(dense[k]! * inner.atoms + ownAtom) * lanes + lane]!);
        if (both !== nothing) totals.add(both, weight * inner.weight[k]!);
      }
    }
  }

  /** Moves the pairs that sparse peers touch from the access of their block to their own. */
  #addCorrections(s: number, weightOf: Float64Array, totals: Totals): void {
    const { ports, classes, lanes, laneOf, isTabled, rows, columns, columnOf, sparse } = this.#tables;
    const { egressAdmits, ingressAdmits, egressAllows, ingressAllows, hasTiers, hasSparseTiers } =
      this.#tables;
    const { ofSets } = totals;
    const { list, length, egress, ingress } = sparse;
    const ingressAtoms = this.#tables.ingress.atoms;
    const weight = classes.weight[s]!;
    const row = this.#tables.rowOf[s]!;
    const family = rows.family[row]!;
    const sourceAtom = rows.atom[row]!;
    const egressAt = rows.dense[row]! * this.#tables.egress.atoms;
    for (let i = 0; i < length; i++) {
      const d = list[i]!;
      const column = columnOf[d]!;
      const lane = isTabled ? laneOf[family & columns.family[column]!]! : twoLanes;
      if (lane === noLane) continue;
      const pairs = (s === d ? weight - 1 : weight) * weightOf[d]!;
      if (lane === twoLanes) {
        totals.ofAccesses.add(this.#tables.block(row, column), -pairs);
        totals.ofAccesses.add(this.#tables.exact(s, d), pairs);
        continue;
      }
      const out = (egressAt + columns.atom[column]!) * lanes + lane;
      const into = (columns.dense[column]! * ingressAtoms + sourceAtom) * lanes + lane;
      const denseOut = egressAllows[out]!;
      const denseIn = ingressAllows[into]!;
      const before = ports.intersect(denseOut, denseIn);
      const admittedOut = ports.union(egressAdmits[out]!, egress[lane]![d]!);
      const admittedIn = ports.union(ingressAdmits[into]!, ingress[lane]![d]!);
      let after: number;
      if (!hasTiers) after = ports.intersect(admittedOut, admittedIn);
      else {
        // What sparse peers add nothing to is as the tables say, but for sparse peers of tiers.
        const which = lane === 0 ? 0 : 1;
        const own =
          admittedOut === egressAdmits[out] && !hasSparseTiers
            ? denseOut
            : this.#tables.withTiers('egress', s, d, which, admittedOut);
        const other =
          admittedIn === ingressAdmits[into] && !hasSparseTiers
            ? denseIn
            : this.#tables.withTiers('ingress', d, s, which, admittedIn);
        after = ports.intersect(own, other);
      }
      if (before === after) continue;
      if (before !== nothing) ofSets.add(before, -pairs);
      if (after !== nothing) ofSets.add(after, pairs);
    }
  }

  /** Corner 42: from a host-network pod to the other pods of its node, and back, everything is allowed. */
  #countOwnNode(totals: PairTotals, isCounted: Uint8Array | undefined): void {
    const { hosts } = this.#tables.ownNode;
    const { profile } = this.#tables;
    for (let start = 0, end = 0; start < hosts.length; start = end) {
      while (end < hosts.length && hosts[end] === hosts[start]) end++;
      for (const toHost of [true, false]) {
        if (!(toHost ? profile.podToNode : profile.nodeToPod)) continue;
        this.#countOfHost(start, end, toHost, totals, isCounted);
      }
    }
  }

  /** The same of one class of hosts, in one direction: `start` to before `end` are its entries. */
  #countOfHost(
    start: number,
    end: number,
    toHost: boolean,
    totals: PairTotals,
    isCounted: Uint8Array | undefined,
  ): void {
    const { hosts, guests, pairs: pairsOf } = this.#tables.ownNode;
    const { classes, profileOf } = this.#tables;
    const host = hosts[start]!;
    const direction = toHost ? 'egress' : 'ingress';
    // No policy selects a host (corner 44), so guests with one profile and one family are alike to it.
    const alike = new Map<number, { readonly guest: number; pairs: number }>();
    for (let i = start; i < end; i++) {
      const guest = guests[i]!;
      if (isCounted !== undefined && isCounted[toHost ? host : guest] === 0) continue;
      const key = profileOf[direction][guest]! * 4 + classes.family[guest]!;
      const known = alike.get(key);
      if (known === undefined) alike.set(key, { guest, pairs: pairsOf[i]! });
      else known.pairs += pairsOf[i]!;
    }
    for (const { guest, pairs } of alike.values()) {
      if ((classes.family[host]! & classes.family[guest]!) === 0) continue;
      totals.add(this.#tables.ofSide(direction, guest, host), -pairs);
      totals.add(toHost ? this.#tables.ofOwnNode(guest, host) : this.#tables.ofOwnNode(host, guest), pairs);
    }
  }
}

/** Rows with what their egress allows, or columns with what their ingress does. */
interface Tabled {
  readonly ends: Ends;
  readonly weight: Float64Array;
  /** By dense part, atom of the other end, and lane. */
  readonly allows: Int32Array;
  readonly atoms: number;
}

/** What has been counted: where one lane says all there is by port set, else by access. */
interface Totals {
  readonly ofSets: PairTotals;
  readonly ofAccesses: PairTotals;
}

/** Pairs by id of a port set or of an access. */
class PairTotals {
  #totals = new Float64Array(64);

  get size(): number {
    return this.#totals.length;
  }

  of(id: number): number {
    return this.#totals[id]!;
  }

  add(access: number, pairs: number): void {
    if (access >= this.#totals.length) {
      const more = new Float64Array(access * 2);
      more.set(this.#totals);
      this.#totals = more;
    }
    this.#totals[access]! += pairs;
  }

  /** The totals of the first `size` ids. */
  upTo(size: number): Float64Array {
    const totals = new Float64Array(size);
    totals.set(this.#totals.subarray(0, size));
    return totals;
  }
}

function sumOf(numbers: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i]!;
  return sum;
}
