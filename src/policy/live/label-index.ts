import { IntLists } from './int-lists.ts';
import { narrowest } from './selectors.ts';
import type { Labelled, LiveRequirement } from './selectors.ts';

/** A key with what is known of it; its values stay as long as something has or mentions them. */
interface Key {
  readonly id: number;
  readonly values: Map<string, number>;
  /** How many requirements ask whether it is there. */
  mentions: number;
}

/**
 * Things by their labels: those that have a key, or a key with a value, are found at once, whether or not a selector asks for
 * them yet. A key with a value is a *pair*; a key that files cannot decide is a pair of another kind (corner 23).
 */
export class LabelIndex {
  readonly #keys = new Map<string, Key>();
  readonly #undecided = new Map<string, Key>();
  readonly #freedKeys: number[] = [];
  #topKey = 0;
  readonly #keyOf: Key[] = [];
  readonly #nameOf: string[] = [];
  readonly #valueOf: string[] = [];
  readonly #decided: boolean[] = [];
  /** By pair: how many requirements mention it. */
  readonly #mentions: number[] = [];
  readonly #freed: number[] = [];
  /** By pair: the things that have it. */
  readonly #things = new IntLists();
  /** By thing: each pair, followed by the thing's index in its list. */
  readonly #pairs = new IntLists();
  readonly #all = new Set<number>();

  /** How many keys and pairs there are. */
  get size(): number {
    return this.#keys.size + this.#undecided.size + this.#keyOf.length - this.#freed.length;
  }

  /** The pairs of some labels, ascending; they must be given to a thing at once, or have been. */
  pairsOf({ labels, undecided }: Labelled): readonly number[] {
    const pairs: number[] = [];
    if (undecided.size === 0) labels.forEach((value, name) => pairs.push(this.#pair(name, value, true)));
    else {
      for (const [name, value] of labels) {
        // What files cannot decide counts as undecided, whatever the template says of it.
        if (!undecided.has(name)) pairs.push(this.#pair(name, value, true));
      }
      for (const [name, how] of undecided) pairs.push(this.#pair(name, how, false));
    }
    return pairs.length > 1 ? pairs.sort((a, b) => a - b) : pairs;
  }

  add(thing: number, pairs: readonly number[]): void {
    this.#all.add(thing);
    for (const pair of pairs) this.#join(thing, pair);
  }

  remove(thing: number): void {
    this.#all.delete(thing);
    for (let i = this.#pairs.size(thing) - 2; i >= 0; i -= 2) {
      const pair = this.#pairs.at(thing, i);
      const at = this.#pairs.at(thing, i + 1);
      const moved = this.#things.swapRemove(pair, at);
      if (moved >= 0) {
        let k = 0;
        while (this.#pairs.at(moved, k) !== pair) k += 2;
        this.#pairs.set(moved, k + 1, at);
      }
      this.#drop(pair);
    }
    this.#pairs.clear(thing);
  }

  /** The tokens of a thing that requirements mention: of its pairs and of the presence of its keys, ascending. */
  tokensOf(thing: number): number[] {
    const tokens: number[] = [];
    for (let i = 0; i < this.#pairs.size(thing); i += 2) {
      const pair = this.#pairs.at(thing, i);
      if (this.#mentions[pair]! > 0) tokens.push(pair * 2);
      if (this.#decided[pair]! && this.#keyOf[pair]!.mentions > 0) tokens.push(this.#keyOf[pair]!.id * 2 + 1);
    }
    return tokens.sort((a, b) => a - b);
  }

  /**
   * Mentions what requirements ask for once more, or once less, and calls `changed` with every token that is thereby asked
   * for first, or no longer, and the pairs whose things have it.
   */
  mention(
    requirements: readonly LiveRequirement[],
    by: 1 | -1,
    changed: (token: number, pairs: readonly number[]) => void,
  ): void {
    for (const { key: name, operator, values } of requirements) {
      if (operator === 'In' || operator === 'NotIn') {
        for (const value of values) this.#mentionPair(this.#pair(name, value, true), by, changed);
      } else {
        const key = this.#key(name, true);
        key.mentions += by;
        if (key.mentions === (by === 1 ? 1 : 0)) {
          changed(key.id * 2 + 1, [...key.values.values()]);
        }
        this.#dropKey(name, key, true);
      }
      for (const how of ['present', 'maybe']) this.#mentionPair(this.#pair(name, how, false), by, changed);
    }
  }

  /** Calls `visit` for each thing that has a pair. */
  forEachThing(pair: number, visit: (thing: number) => void): void {
    for (let i = 0; i < this.#things.size(pair); i++) visit(this.#things.at(pair, i));
  }

  #mentionPair(pair: number, by: 1 | -1, changed: (token: number, things: readonly number[]) => void): void {
    this.#mentions[pair]! += by;
    if (this.#mentions[pair] === (by === 1 ? 1 : 0)) changed(pair * 2, [pair]);
    this.#drop(pair);
  }

  /** Calls `visit` for things among which are all that can match a selector, each once. */
  forEachCandidate(requirements: readonly LiveRequirement[], visit: (thing: number) => void): void {
    const best = narrowest(requirements);
    if (best === undefined) {
      for (const thing of this.#all) visit(thing);
      return;
    }
    const visitPair = (pair: number): void => {
      for (let i = 0; i < this.#things.size(pair); i++) visit(this.#things.at(pair, i));
    };
    for (const pair of this.#undecided.get(best.key)?.values.values() ?? []) visitPair(pair);
    const key = this.#keys.get(best.key);
    if (key === undefined) return;
    if (best.operator === 'Exists') for (const pair of key.values.values()) visitPair(pair);
    else {
      for (const value of best.values) {
        const pair = key.values.get(value);
        if (pair !== undefined) visitPair(pair);
      }
    }
  }

  #join(thing: number, pair: number): void {
    const at = this.#things.push(pair, thing);
    this.#pairs.push(thing, pair);
    this.#pairs.push(thing, at);
  }

  #key(name: string, decided: boolean): Key {
    const keys = decided ? this.#keys : this.#undecided;
    let key = keys.get(name);
    if (key === undefined) {
      key = { id: this.#freedKeys.pop() ?? this.#topKey++, values: new Map(), mentions: 0 };
      keys.set(name, key);
    }
    return key;
  }

  #pair(name: string, value: string, decided: boolean): number {
    const key = this.#key(name, decided);
    let pair = key.values.get(value);
    if (pair === undefined) {
      pair = this.#freed.pop() ?? this.#keyOf.length;
      key.values.set(value, pair);
      this.#keyOf[pair] = key;
      this.#nameOf[pair] = name;
      this.#valueOf[pair] = value;
      this.#decided[pair] = decided;
      this.#mentions[pair] = 0;
    }
    return pair;
  }

  /** Forgets a pair that nothing has or mentions. */
  #drop(pair: number): void {
    if (this.#mentions[pair]! > 0 || this.#things.size(pair) > 0) return;
    const key = this.#keyOf[pair]!;
    key.values.delete(this.#valueOf[pair]!);
    this.#freed.push(pair);
    this.#dropKey(this.#nameOf[pair]!, key, this.#decided[pair]!);
  }

  #dropKey(name: string, key: Key, decided: boolean): void {
    if (key.mentions > 0 || key.values.size > 0) return;
    (decided ? this.#keys : this.#undecided).delete(name);
    this.#freedKeys.push(key.id);
  }
}
