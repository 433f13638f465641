/** What the pairs of two groups may use: the id of the access that all have, or the ids of all that occur. */
export type Accesses = number | ReadonlySet<number>;

/** The accesses of no pair. */
export const none: Accesses = new Set<number>();

/** Adds an access to those that occur. */
export function withAccess(accesses: Accesses, access: number): Accesses {
  if (accesses === access) return accesses;
  if (accesses === none) return access;
  if (typeof accesses === 'number') return new Set([accesses, access]);
  return accesses.has(access) ? accesses : new Set([...accesses, access]);
}

/** Numbers accesses that occur together, so that what is equal is one and the same value. */
export class AccessSets {
  readonly #sets = new Map<string, Accesses>();
  /** By access: how often it was counted. */
  #times = new Int32Array(64);
  /** Those that were counted since the last `take`. */
  readonly #seen: number[] = [];

  /** Counts an access as often as is said, which may be less than nothing: what is left in the end is what occurs. */
  count(access: number, times: number): void {
    if (access >= this.#times.length) {
      const larger = new Int32Array(Math.max(access + 1, this.#times.length * 2));
      larger.set(this.#times);
      this.#times = larger;
    }
    if (this.#times[access] === 0) this.#seen.push(access);
    this.#times[access]! += times;
  }

  /** Those that were counted more often than they were taken back; begins anew. */
  take(): Accesses {
    const seen = this.#seen;
    let length = 0;
    for (let i = 0; i < seen.length; i++) {
      const access = seen[i]!;
      // One that came back to nothing in between stands here twice.
      if (this.#times[access]! > 0) seen[length++] = access;
      this.#times[access] = 0;
    }
    seen.length = length;
    const found = length === 0 ? none : length === 1 ? seen[0]! : this.#joined(seen);
    seen.length = 0;
    return found;
  }

  #joined(ids: number[]): Accesses {
    ids.sort((a, b) => a - b);
    const key = ids.join();
    let set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, (set = new Set(ids)));
    return set;
  }
}
