import type { Labels } from '../../model/index.ts';
import { grown, IntLists } from './int-lists.ts';
import { IntTable } from './int-table.ts';
import { LabelIndex } from './label-index.ts';
import type { Labelled, LiveRequirement } from './selectors.ts';

/**
 * The labels of pods, each distinct object once (a *raw set*), and what remains of them when everything that no selector asks
 * for is forgotten (a *label set*). When selectors ask for more, the label sets that this parts are split; when they ask for
 * less, those that it no longer parts become one.
 */
export class LabelSets {
  readonly #index = new LabelIndex();
  readonly #byInstance = new Map<Labels, number>();
  /** Raw sets as lists of their pairs. */
  readonly #distinct = new IntTable();
  readonly #labelled: Labelled[] = [];
  #setOf = new Int32Array(16);
  #posInSet = new Int32Array(16);
  readonly #sets = new IntTable();
  readonly #versions: number[] = [];
  #version = 0;
  /** Scratch of `mention`, all 0 in between. */
  #counts = new Int32Array(16);
  /** By label set: its raw sets. */
  readonly #raws = new IntLists();

  /** How many label sets, raw sets, and labels by which they are found, there are. */
  get sizes(): { readonly sets: number; readonly raws: number; readonly labels: number } {
    return { sets: this.#sets.live, raws: this.#distinct.live, labels: this.#index.size };
  }

  /** The raw set of some labels, held once more. */
  hold(labelled: Labelled): number {
    const decided = labelled.undecided.size === 0;
    const known = decided ? this.#byInstance.get(labelled.labels) : undefined;
    if (known !== undefined) return this.#distinct.again(known);
    const pairs = this.#index.pairsOf(labelled);
    const raw = this.#distinct.hold(pairs);
    if (this.#distinct.refs(raw) > 1) return raw;
    if (raw >= this.#setOf.length) {
      this.#setOf = grown(this.#setOf, this.#setOf.length * 2);
      this.#posInSet = grown(this.#posInSet, this.#posInSet.length * 2);
    }
    this.#labelled[raw] = { labels: labelled.labels, undecided: labelled.undecided };
    if (decided) this.#byInstance.set(labelled.labels, raw);
    this.#index.add(raw, pairs);
    this.#enter(raw, this.#holdSet(this.#index.tokensOf(raw)));
    return raw;
  }

  release(raw: number): void {
    if (!this.#distinct.release(raw)) return;
    this.#leave(raw);
    this.#index.remove(raw);
    this.#byInstance.delete(this.#labelled[raw]!.labels);
    this.#labelled[raw] = nobody;
  }

  /** The label set of a raw set. */
  setOf(raw: number): number {
    return this.#setOf[raw]!;
  }

  /** Another number when the number of a label set has come to stand for another one. */
  version(set: number): number {
    return this.#versions[set]!;
  }

  #holdSet(tokens: readonly number[]): number {
    const set = this.#sets.hold(tokens);
    if (this.#sets.refs(set) === 1) this.#versions[set] = ++this.#version;
    return set;
  }

  /** Labels of a label set: as good as those of any other of its pods, for every selector that is mentioned. */
  example(set: number): Labelled {
    return this.#labelled[this.#raws.at(set, 0)]!;
  }

  /** Calls `visit` for label sets among which are all that can match a selector; some more than once. */
  forEachCandidate(requirements: readonly LiveRequirement[], visit: (set: number) => void): void {
    this.#index.forEachCandidate(requirements, (raw) => visit(this.#setOf[raw]!));
  }

  /**
   * Takes what a selector asks for into account, or, with -1, no longer; `moved` is called with raw sets that are by now in
   * another label set, the same for all of them. Label sets that change as a whole keep their number.
   */
  mention(
    requirements: readonly LiveRequirement[],
    by: 1 | -1,
    moved: (raws: readonly number[], set: number) => void,
  ): void {
    this.#index.mention(requirements, by, (token, pairs) => {
      // Some labels are on nearly every pod, and most label sets change as a whole: those are only counted.
      const counts = new Map<number, number>();
      this.#forEachRaw(pairs, (raw) => {
        const set = this.#setOf[raw]!;
        if (this.#countOf(set) === 0) counts.set(set, 0);
        this.#counts[set]!++;
      });
      for (const set of counts.keys()) {
        counts.set(set, this.#counts[set]!);
        this.#counts[set] = 0;
      }
      const parted = new Map<number, number[]>();
      for (const [set, count] of counts) {
        const whole = count === this.#raws.size(set);
        if (!whole || !this.#rename(set, token, by)) parted.set(set, []);
      }
      if (parted.size === 0) return;
      this.#forEachRaw(pairs, (raw) => parted.get(this.#setOf[raw]!)?.push(raw));
      for (const [set, raws] of parted) this.#change(set, raws, token, by, moved);
    });
  }

  #forEachRaw(pairs: readonly number[], visit: (raw: number) => void): void {
    for (const pair of pairs) this.#index.forEachThing(pair, visit);
  }

  #countOf(set: number): number {
    if (set >= this.#counts.length)
      this.#counts = grown(this.#counts, Math.max(set + 1, this.#counts.length * 2));
    return this.#counts[set]!;
  }

  /** The tokens of a set with one more or one less. */
  #withToken(set: number, token: number, by: 1 | -1): readonly number[] {
    const tokens: number[] = [];
    for (let i = 0; i < this.#sets.size(set); i++) {
      const each = this.#sets.at(set, i);
      if (each !== token) tokens.push(each);
    }
    if (by === 1) {
      tokens.push(token);
      tokens.sort((a, b) => a - b);
    }
    return tokens;
  }

  /** Gives a set that changes as a whole its tokens, if no other set has them yet. */
  #rename(set: number, token: number, by: 1 | -1): boolean {
    const tokens = this.#withToken(set, token, by);
    if (this.#sets.find(tokens) >= 0) return false;
    this.#sets.rename(set, tokens);
    return true;
  }

  #change(
    set: number,
    raws: readonly number[],
    token: number,
    by: 1 | -1,
    moved: (raws: readonly number[], set: number) => void,
  ): void {
    const tokens = this.#withToken(set, token, by);
    let to = set;
    for (const raw of raws) {
      to = this.#holdSet(tokens);
      this.#leave(raw);
      this.#enter(raw, to);
    }
    moved(raws, to);
  }

  #enter(raw: number, set: number): void {
    this.#setOf[raw] = set;
    this.#posInSet[raw] = this.#raws.push(set, raw);
  }

  #leave(raw: number): void {
    const set = this.#setOf[raw]!;
    const moved = this.#raws.swapRemove(set, this.#posInSet[raw]!);
    if (moved >= 0) this.#posInSet[moved] = this.#posInSet[raw]!;
    this.#sets.release(set);
  }
}

const nobody: Labelled = { labels: new Map(), undecided: new Map() };
