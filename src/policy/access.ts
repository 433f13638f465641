import { familyBits } from './pod-traits.ts';
import { nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';

/**
 * What a pair of ends may use: `both` whatever family they share, and what holds for one family only where they share
 * both (corner 37). `only4` and `only6` have nothing in common with `both`.
 */
export interface Access {
  readonly both: number;
  readonly only4: number;
  readonly only6: number;
}

/** Id of the access of pairs that cannot talk. */
export const noAccess = 0;

interface Bounds {
  readonly sure: number;
  readonly most: number;
}

/** Accesses as numbers, equal ones with one id. */
export class AccessTable {
  readonly #list: Access[] = [];
  readonly #simple: (number | undefined)[] = [];
  /** Ids that `keep` has taken back. */
  readonly #freed: number[] = [];
  /** By `both`, then `only4`, then `only6`: pairs of families that differ are few, but asked about for every block. */
  readonly #ids: number[][][] = [];
  /** By id, of those that `open` has made: the two accesses between which they are. */
  readonly #bounds: (Bounds | undefined)[] = [];
  /** By sure access and by the other one. */
  readonly #open = new Map<number, Map<number, number>>();

  constructor() {
    this.simple(nothing);
  }

  get size(): number {
    return this.#list.length;
  }

  access(id: number): Access {
    return this.#list[id]!;
  }

  /** The same ports in every family that the pair shares. */
  simple(both: number): number {
    let id = this.#simple[both];
    if (id === undefined) {
      id = this.#freed.pop() ?? this.#list.length;
      this.#list[id] = { both, only4: nothing, only6: nothing };
      this.#simple[both] = id;
    }
    return id;
  }

  of(both: number, only4: number, only6: number): number {
    if (only4 === nothing && only6 === nothing) return this.simple(both);
    const ids = ((this.#ids[both] ??= [])[only4] ??= []);
    let id = ids[only6];
    if (id === undefined) {
      id = this.#freed.pop() ?? this.#list.length;
      this.#list[id] = { both, only4, only6 };
      ids[only6] = id;
    }
    return id;
  }

  /**
   * The access of a pair that is `sure` whatever is chosen among policies of equal priority, and `most` under some choices
   * (corner 60). `access` tells of it what is sure.
   */
  open(sure: number, most: number): number {
    if (sure === most) return sure;
    let ids = this.#open.get(sure);
    if (ids === undefined) this.#open.set(sure, (ids = new Map<number, number>()));
    let id = ids.get(most);
    if (id === undefined) {
      id = this.#freed.pop() ?? this.#list.length;
      this.#list[id] = this.#list[sure]!;
      this.#bounds[id] = { sure, most };
      ids.set(most, id);
    }
    return id;
  }

  /** What a pair may use at most; the access itself where nothing is open. */
  most(id: number): number {
    return this.#bounds[id]?.most ?? id;
  }

  /** Forgets every access but those that somebody still has; the others' ids are given out again. */
  keep(used: ReadonlySet<number>): void {
    this.#simple.length = 0;
    this.#ids.length = 0;
    this.#freed.length = 0;
    this.#open.clear();
    const kept = new Set([noAccess, ...used]);
    for (const id of used) {
      const bounds = this.#bounds[id];
      if (bounds !== undefined) kept.add(bounds.sure).add(bounds.most);
    }
    for (const [id, { both, only4, only6 }] of this.#list.entries()) {
      const bounds = this.#bounds[id];
      if (!kept.has(id)) {
        this.#list[id] = this.#list[noAccess]!;
        this.#bounds[id] = undefined;
        this.#freed.push(id);
      } else if (bounds !== undefined) {
        const ids = this.#open.get(bounds.sure) ?? new Map<number, number>();
        this.#open.set(bounds.sure, ids.set(bounds.most, id));
      } else if (only4 === nothing && only6 === nothing) this.#simple[both] = id;
      else ((this.#ids[both] ??= [])[only4] ??= [])[only6] = id;
    }
  }

  /**
   * The access of a pair that may use these port sets in each family (corner 37).
   *
   * @param shared - the families that both ends have, as `familyBits`
   */
  join(ports: PortTable, shared: number, in4: number, in6: number): number {
    if (shared === 0) return noAccess;
    if (shared === familyBits.IPv4) return this.simple(in4);
    if (shared === familyBits.IPv6) return this.simple(in6);
    if (in4 === in6) return this.simple(in4);
    return this.of(ports.intersect(in4, in6), ports.minus(in4, in6), ports.minus(in6, in4));
  }
}
