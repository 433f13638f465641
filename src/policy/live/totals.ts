import { grownFloat } from './int-lists.ts';

/** Up to so many pods every sum of products of weights is a number without rounding: the square is 2^52. */
const mostPods = 2 ** 26;

/** Exact sums by access, of products of two weights: in numbers as long as these are exact, in big integers beyond. */
export class Totals {
  #sums = new Float64Array(64);
  #exact: bigint[] | undefined;

  /** Must be told how many pods there will be at most, before they are counted. */
  expect(pods: number): void {
    if (pods > mostPods) this.#exact ??= Array.from(this.#sums, BigInt);
    else if (this.#exact !== undefined) {
      this.#sums = Float64Array.from(this.#exact, Number);
      this.#exact = undefined;
    }
  }

  /** The sums as numbers, to add to in loops; `undefined` when only `add` is exact. */
  sums(accesses: number): Float64Array | undefined {
    this.#widen(accesses);
    return this.#exact === undefined ? this.#sums : undefined;
  }

  add(access: number, a: number, b: number): void {
    this.#widen(access + 1);
    if (this.#exact === undefined) this.#sums[access]! += a * b;
    else this.#exact[access] = this.#exact[access]! + BigInt(a) * BigInt(b);
  }

  get length(): number {
    return this.#sums.length;
  }

  of(access: number): bigint {
    return this.#exact === undefined ? BigInt(this.#sums[access]!) : this.#exact[access]!;
  }

  isZero(access: number): boolean {
    if (access >= this.#sums.length) return true;
    return this.#exact === undefined ? this.#sums[access] === 0 : this.#exact[access] === 0n;
  }

  #widen(accesses: number): void {
    if (accesses <= this.#sums.length) return;
    const length = Math.max(accesses, this.#sums.length * 2);
    this.#sums = grownFloat(this.#sums, length);
    while (this.#exact !== undefined && this.#exact.length < length) this.#exact.push(0n);
  }
}
