import { nothing } from './port-table.ts';

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

/** Accesses as numbers, equal ones with one id. */
export class AccessTable {
  readonly #list: Access[] = [];
  readonly #simple: number[] = [];
  readonly #ids = new Map<string, number>();

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
      id = this.#list.length;
      this.#list.push({ both, only4: nothing, only6: nothing });
      this.#simple[both] = id;
    }
    return id;
  }

  of(both: number, only4: number, only6: number): number {
    if (only4 === nothing && only6 === nothing) return this.simple(both);
    const key = `${both},${only4},${only6}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#list.length;
      this.#list.push({ both, only4, only6 });
      this.#ids.set(key, id);
    }
    return id;
  }
}
