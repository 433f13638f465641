import { grown, grownFloat } from './int-lists.ts';
import { IntTable } from './int-table.ts';
import type { Side } from './side.ts';

/**
 * The rows of a matrix, or its columns: classes with the same dense part in one direction, the same atom in the other, and the
 * same families are one line.
 */
export class Lines {
  /** By class: its line; -1 for a class that is not there. */
  of: Int32Array = new Int32Array(16).fill(-1);
  /** By line: the weight of its classes. */
  weight: Float64Array = new Float64Array(16);
  readonly #lines = new IntTable();
  readonly #own: Side;
  readonly #opposite: Side;
  readonly #fresh: (line: number) => void;
  readonly #key = new Int32Array(3);

  /** @param fresh - called for a line whose number may have stood for another one */
  constructor(own: Side, opposite: Side, fresh: (line: number) => void) {
    this.#own = own;
    this.#opposite = opposite;
    this.#fresh = fresh;
  }

  get live(): number {
    return this.#lines.live;
  }

  /** Above the number of every line. */
  get top(): number {
    return this.#lines.top;
  }

  part(line: number): number {
    return this.#lines.at(line, 0);
  }

  atom(line: number): number {
    return this.#lines.at(line, 1);
  }

  family(line: number): number {
    return this.#lines.at(line, 2);
  }

  isIn(c: number): boolean {
    return this.of[c]! >= 0;
  }

  /** Holds a line once more, so that it outlives its classes. */
  hold(line: number): number {
    return this.#lines.again(line);
  }

  release(line: number): void {
    if (this.#lines.refs(line) > 1) {
      this.#lines.release(line);
      return;
    }
    const part = this.part(line);
    const atom = this.atom(line);
    this.#lines.release(line);
    this.#own.parts.release(part);
    this.#opposite.atoms.release(atom);
  }

  /** Puts a class without weight into its line. */
  enter(c: number, family: number): void {
    this.of[c] = this.#lineOf(c, family);
  }

  /** Takes a class without weight out. */
  leave(c: number): void {
    const line = this.of[c]!;
    this.of[c] = -1;
    this.release(line);
  }

  /** Moves a class to the line that it belongs to by now. */
  update(c: number, family: number, weight: number): void {
    const before = this.of[c]!;
    if (before < 0) return;
    const line = this.#lineOf(c, family);
    this.of[c] = line;
    if (line !== before) {
      this.weight[before]! -= weight;
      this.weight[line]! += weight;
    }
    this.release(before);
  }

  #lineOf(c: number, family: number): number {
    const part = this.#own.partOf[this.#own.profileOf[c]!]!;
    const atom = this.#opposite.atomOf[c]!;
    this.#key[0] = part;
    this.#key[1] = atom;
    this.#key[2] = family;
    const line = this.#lines.hold(this.#key);
    if (this.#lines.refs(line) === 1) {
      this.#own.parts.again(part);
      this.#opposite.atoms.again(atom);
      if (line >= this.weight.length) this.weight = grownFloat(this.weight, this.weight.length * 2);
      this.weight[line] = 0;
      this.#fresh(line);
    }
    return line;
  }

  widen(length: number): void {
    this.of = grown(this.of, length, -1);
  }
}
