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
   * Takes what a selector asks for into account, or, with -1, no longer; `moved` is called for each raw set that is in another
   * label set than before. Label sets that change as a whole keep their number.
   */
  mention(requirements: readonly LiveRequirement[], by: 1 | -1, moved: (raw: number) => void): void {
    this.#index.mention(requirements, by, (token, raws) => {
      const bySet = new Map<number, number[]>();
      for (const raw of raws) {
        const list = bySet.get(this.#setOf[raw]!);
        if (list === undefined) bySet.set(this.#setOf[raw]!, [raw]);
        else list.push(raw);
      }
      for (const [set, list] of bySet) this.#change(set, list, token, by, moved);
    });
  }

  #change(
    set: number,
    raws: readonly number[],
    token: number,
    by: 1 | -1,
    moved: (raw: number) => void,
  ): void {
    const tokens: number[] = [];
    for (let i = 0; i < this.#sets.size(set); i++) {
      const each = this.#sets.at(set, i);
      if (each !== token) tokens.push(each);
    }
    if (by === 1) {
      tokens.push(token);
      tokens.sort((a, b) => a - b);
    }
    if (raws.length === this.#raws.size(set) && this.#sets.find(tokens) < 0) {
      this.#sets.rename(set, tokens);
      return;
    }
    for (const raw of raws) {
      const to = this.#holdSet(tokens);
      this.#leave(raw);
      this.#enter(raw, to);
      moved(raw);
    }
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
