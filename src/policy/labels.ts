import type { LabelSelector, LabelSets, Labels, Operator, Pod } from '../model/index.ts';
import { isAmong, ListsBuilder } from './lists.ts';
import type { Lists } from './lists.ts';
import { SequenceTable, grown } from './sequences.ts';

/** A selector does not hold. */
export const no = 0;
/** A selector holds. */
export const yes = 1;
/** A selector asks for a value that files cannot tell (corner 23). */
export const unknown = 2;
/** Whether a selector holds. */
export type Holds = typeof no | typeof yes | typeof unknown;

/**
 * Whether one requirement holds (corners 18 to 21).
 *
 * @param undecided - what files can tell of the key, where they cannot tell its value (corner 23)
 * @param present - whether the key is there
 * @param among - whether it is there with one of the requirement's values
 */
export function requirementHolds(
  operator: Operator,
  undecided: 'present' | 'maybe' | undefined,
  present: boolean,
  among: boolean,
): Holds {
  if (undecided !== undefined) {
    // Corner 23: `Exists` is decidable for keys that a controller always sets, their value is not.
    if (undecided === 'present' && operator === 'Exists') return yes;
    if (undecided === 'present' && operator === 'DoesNotExist') return no;
    return unknown;
  }
  switch (operator) {
    case 'In':
      return among ? yes : no;
    case 'NotIn': // corner 18: also without the key
      return among ? no : yes;
    case 'Exists':
      return present ? yes : no;
    case 'DoesNotExist':
      return present ? no : yes;
  }
}

interface CompiledRequirement {
  readonly key: number;
  readonly operator: Operator;
  /** Codes of its values, ascending. */
  readonly values: readonly number[];
}

/** A selector in the vocabulary's numbers. */
interface CompiledSelector {
  readonly requirements: readonly CompiledRequirement[];
}

/** A key that selectors mention. */
interface Key {
  readonly id: number;
  readonly name: string;
  /** The code of the key with any value that no selector mentions. */
  readonly other: number;
  /** By value that some selector mentions: the code of the key with it. */
  readonly values: Map<string, number>;
}

type Undecided = ReadonlyMap<number, 'present' | 'maybe'>;

/** What a selector matches for certain, and what files cannot tell of: label sets, or classes. */
export interface Matched {
  readonly sure: readonly number[];
  readonly unsure: readonly number[];
}

/**
 * The label keys and values that selectors mention, the selectors themselves, and the label sets that remain of pods
 * when everything else is forgotten: labels that nobody mentions never part two pods.
 *
 * A key with a value has one number, its *code*; a label set is its codes, ascending by key. Selectors are interned first; after
 * the first label set no selector may be added.
 */
export class LabelTable {
  readonly #keys = new Map<string, Key>();
  /** The same by id. */
  readonly #mentioned: Key[] = [];
  readonly #keyOfCode: number[] = [];
  readonly #selectors: CompiledSelector[] = [];
  readonly #selectorIds = new Map<string, number>();
  readonly #byInstance = new Map<LabelSelector, number>();
  /** By id of the sequence: the codes of the set; with undecided keys a mark and these follow. */
  readonly #sets = new SequenceTable();
  readonly #undecided = new Map<number, Undecided>();
  #scratch = new Int32Array(64);
  /** Label sets by code and by key, made when they are first asked for. */
  #postings: { readonly sets: number; readonly byCode: Lists; readonly byKey: Lists } | undefined;
  /** The label sets with undecided keys, which every look-up must consider. */
  readonly #withUndecided: number[] = [];
  readonly #matched: (Matched | undefined)[] = [];

  /** The id of the selector that everything matches. */
  readonly everything: number;

  constructor() {
    this.everything = this.selector({ requirements: [] });
  }

  get selectorCount(): number {
    return this.#selectors.length;
  }

  get setCount(): number {
    return this.#sets.size;
  }

  /** Whether some selector mentions a key that files cannot decide for some pod. */
  get hasUndecided(): boolean {
    return this.#withUndecided.length > 0;
  }

  /** The id of a selector; selectors that ask the same have the same. */
  selector(selector: LabelSelector): number {
    let id = this.#byInstance.get(selector);
    if (id !== undefined) return id;
    const requirements = selector.requirements.map(({ key, operator, values }) => {
      const known = this.#key(key);
      const codes = values.map((value) => {
        let code = known.values.get(value);
        if (code === undefined) known.values.set(value, (code = this.#code(known.id)));
        return code;
      });
      return { key: known.id, operator, values: [...new Set(codes)].sort((a, b) => a - b) };
    });
    const texts = requirements.map(({ key, operator, values }) => `${key}${operator}${values.join(',')}`);
    const key = [...new Set(texts)].sort().join(';');
    id = this.#selectorIds.get(key);
    if (id === undefined) {
      id = this.#selectors.length;
      this.#selectors.push({ requirements });
      this.#selectorIds.set(key, id);
    }
    this.#byInstance.set(selector, id);
    return id;
  }

  #key(name: string): Key {
    let key = this.#keys.get(name);
    if (key === undefined) {
      const id = this.#keys.size;
      key = { id, name, other: this.#code(id), values: new Map() };
      this.#keys.set(name, key);
      this.#mentioned.push(key);
    }
    return key;
  }

  #code(key: number): number {
    this.#keyOfCode.push(key);
    return this.#keyOfCode.length - 1;
  }

  /**
   * The id of what remains of labels.
   *
   * @param open - what files cannot tell of them. Default: nothing
   */
  setOf(labels: Labels, open: Pod['undecided'] = none): number {
    let undecided: Map<number, 'present' | 'maybe'> | undefined;
    if (open.size > 0) {
      for (const [name, how] of open) {
        const key = this.#keys.get(name);
        if (key !== undefined) (undecided ??= new Map<number, 'present' | 'maybe'>()).set(key.id, how);
      }
    }
    const room = labels.size + 1 + 2 * (undecided?.size ?? 0);
    if (this.#scratch.length < room) this.#scratch = new Int32Array(room * 2);
    const codes = this.#scratch;
    let length = 0;
    if (this.#mentioned.length <= labels.size) {
      for (let k = 0; k < this.#mentioned.length; k++) {
        const key = this.#mentioned[k]!;
        const value = labels.get(key.name);
        if (value !== undefined && undecided?.has(key.id) !== true) codes[length++] = codeOf(key, value);
      }
    } else {
      // Not by `for`: it would make a list for each label.
      labels.forEach((value, name) => {
        const key = this.#keys.get(name);
        if (key !== undefined && undecided?.has(key.id) !== true) codes[length++] = codeOf(key, value);
      });
      this.#sortByKey(codes, length);
    }
    if (undecided !== undefined) {
      codes[length++] = undecidedMark;
      for (const [key, how] of [...undecided].sort(([a], [b]) => a - b)) {
        codes[length++] = key;
        codes[length++] = how === 'present' ? 1 : 0;
      }
    }
    const before = this.#sets.size;
    const id = this.#sets.intern(codes, 0, length);
    if (undecided !== undefined && id === before) {
      this.#undecided.set(id, undecided);
      this.#withUndecided.push(id);
    }
    return id;
  }

  /**
   * What remains of labels by their numbers, as `setOf` gives it; no selector may be added any more.
   *
   * @param undecided - what files cannot tell, by number
   */
  setsOf(
    labels: LabelSets,
    undecided: readonly Pod['undecided'][],
  ): (set: number, undecided: number) => number {
    const known = new Int32Array(labels.limit).fill(-1);
    const isDecided = undecided.map(({ size }) => size === 0);
    const codes = new CodesOfValues(labels, this.#keys);
    return (set, how) => {
      if (isDecided[how] !== true) return this.setOf(labels.labels(set), undecided[how]);
      const before = known[set]!;
      if (before >= 0) return before;
      if (!labels.isPairs(set)) return (known[set] = this.setOf(labels.labels(set), undecided[how]));
      const { pairs } = labels;
      const end = labels.end(set);
      let length = 0;
      for (let i = labels.start(set); i < end; i += 2) {
        const code = codes.of(pairs[i]!, pairs[i + 1]!);
        if (code < 0) continue;
        if (length === this.#scratch.length) this.#scratch = grown(this.#scratch, length);
        this.#scratch[length++] = code;
      }
      this.#sortByKey(this.#scratch, length);
      return (known[set] = this.#sets.intern(this.#scratch, 0, length));
    };
  }

  /** Sorts the first codes of an array by their keys; people write few labels, but nothing keeps them from writing many. */
  #sortByKey(codes: Int32Array, length: number): void {
    const keyOf = this.#keyOfCode;
    if (length > 32) {
      codes.set(Array.from(codes.subarray(0, length)).sort((a, b) => keyOf[a]! - keyOf[b]!));
      return;
    }
    for (let i = 1; i < length; i++) {
      const code = codes[i]!;
      const key = keyOf[code]!;
      let j = i - 1;
      for (; j >= 0 && keyOf[codes[j]!]! > key; j--) codes[j + 1] = codes[j]!;
      codes[j + 1] = code;
    }
  }

  /** The code that a label set has of a key that is decided in it; `undefined` without the key. */
  #codeOf(set: number, key: number): number | undefined {
    const { items } = this.#sets;
    const keyOf = this.#keyOfCode;
    let low = this.#sets.start(set);
    let high = this.#sets.start(set + 1);
    if (this.#withUndecided.length > 0 && this.#undecided.has(set)) high = items.indexOf(undecidedMark, low);
    while (high - low > 8) {
      const middle = (low + high) >> 1;
      if (keyOf[items[middle]!]! <= key) low = middle;
      else high = middle;
    }
    for (let i = low; i < high; i++) if (keyOf[items[i]!] === key) return items[i];
    return undefined;
  }

  /** Whether a selector matches a label set (corners 17 to 21). */
  holds(selector: number, set: number): Holds {
    const undecided = this.#withUndecided.length > 0 ? this.#undecided.get(set) : undefined;
    const { requirements } = this.#selectors[selector]!;
    let result: Holds = yes;
    for (let i = 0; i < requirements.length; i++) {
      const { key, operator, values: wanted } = requirements[i]!;
      const value = this.#codeOf(set, key);
      const present = value !== undefined;
      const holds = requirementHolds(
        operator,
        undecided?.get(key),
        present,
        present && isAmong(wanted, value),
      );
      if (holds === no) return no;
      if (holds === unknown) result = unknown;
    }
    return result;
  }

  /** At most how many label sets `matched` would have to look at. */
  estimate(selector: number): number {
    const known = this.#matched[selector];
    return known === undefined ? this.#estimate(selector) : known.sure.length + known.unsure.length;
  }

  #estimate(selector: number): number {
    let least = Infinity;
    for (const requirement of this.#selectors[selector]!.requirements)
      least = Math.min(least, this.#countOf(requirement));
    return least === Infinity ? this.setCount : least;
  }

  /** All label sets that a selector matches, ascending. */
  matched(selector: number): Matched {
    return (this.#matched[selector] ??= this.#match(selector));
  }

  #match(selector: number): Matched {
    const sure: number[] = [];
    const unsure: number[] = [];
    for (const list of this.#candidates(selector)) {
      for (const set of list) {
        const holds = this.holds(selector, set);
        if (holds === yes) sure.push(set);
        else if (holds === unknown) unsure.push(set);
      }
    }
    return { sure: sortedUnique(sure), unsure: sortedUnique(unsure) };
  }

  /**
   * The label sets that a selector does not match, ascending; `undefined` where they could be many, since it asks for labels
   * to be there, or where files cannot tell.
   */
  unmatched(selector: number): readonly number[] | undefined {
    if (this.#withUndecided.length > 0) return undefined;
    const sets: number[] = [];
    for (const { key, operator, values } of this.#selectors[selector]!.requirements) {
      if (operator === 'In' || operator === 'Exists') return undefined;
      const { byCode, byKey } = this.#posted();
      // Corner 18: what has the key not at all is matched, too.
      const lists = operator === 'NotIn' ? values.map((code) => byCode.of(code)) : [byKey.of(key)];
      for (const list of lists) for (const set of list) sets.push(set);
    }
    return sets.length * 2 > this.setCount ? undefined : sortedUnique(sets);
  }

  /** How many label sets have what a requirement asks for, or may; `Infinity` where it asks for something not to be there. */
  #countOf({ key, operator, values }: CompiledRequirement): number {
    const { byCode, byKey } = this.#posted();
    let count = this.#withUndecided.length;
    if (operator === 'Exists') count += byKey.count(key);
    else if (operator === 'In') for (const code of values) count += byCode.count(code);
    else return Infinity;
    return count;
  }

  /** The shortest lists of label sets that hold every match: those of one requirement, and the undecided. */
  #candidates(selector: number): readonly Iterable<number>[] {
    let best: CompiledRequirement | undefined;
    let least = Infinity;
    for (const requirement of this.#selectors[selector]!.requirements) {
      const count = this.#countOf(requirement);
      if (count >= least) continue;
      least = count;
      best = requirement;
    }
    if (best === undefined) return [Array.from({ length: this.setCount }, (_, set) => set)];
    const { byCode, byKey } = this.#posted();
    const lists =
      best.operator === 'Exists' ? [byKey.of(best.key)] : best.values.map((code) => byCode.of(code));
    return [...lists, this.#withUndecided];
  }

  #posted(): { readonly byCode: Lists; readonly byKey: Lists } {
    if (this.#postings?.sets === this.setCount) return this.#postings;
    const byCode = new ListsBuilder();
    const byKey = new ListsBuilder();
    const { items } = this.#sets;
    for (let set = 0; set < this.setCount; set++) {
      const end = this.#sets.start(set + 1);
      for (let i = this.#sets.start(set); i < end && items[i] !== undecidedMark; i++) {
        byCode.add(items[i]!, set);
        byKey.add(this.#keyOfCode[items[i]!]!, set);
      }
    }
    this.#postings = {
      sets: this.setCount,
      byCode: byCode.finish(this.#keyOfCode.length),
      byKey: byKey.finish(this.#keys.size),
    };
    return this.#postings;
  }
}

/** The code of a key with a value. */
function codeOf({ values, other }: Key, value: string): number {
  return values.get(value) ?? other;
}

/** The codes of labels that are numbers of keys and values, each worked out once. */
class CodesOfValues {
  readonly #labels: LabelSets;
  readonly #keys: ReadonlyMap<string, Key>;
  /** By number of a key: what selectors mention of it; `null` for nothing. */
  readonly #mentioned: (Key | null | undefined)[] = [];
  /** By number of a value, which is of one key: the code of both, plus 2; 1 where no selector mentions the key; 0 where not asked yet. */
  readonly #known: Int32Array;

  constructor(labels: LabelSets, keys: ReadonlyMap<string, Key>) {
    this.#labels = labels;
    this.#keys = keys;
    this.#known = new Int32Array(labels.values.size);
  }

  /** -1 where no selector mentions the key. */
  of(keyNumber: number, value: number): number {
    const known = this.#known[value]!;
    return known > 0 ? known - 2 : (this.#known[value] = this.#find(keyNumber, value) + 2) - 2;
  }

  #find(keyNumber: number, value: number): number {
    let key = this.#mentioned[keyNumber];
    if (key === undefined)
      this.#mentioned[keyNumber] = key = this.#keys.get(this.#labels.keys.text(keyNumber)) ?? null;
    return key === null ? -1 : codeOf(key, this.#labels.values.text(value));
  }
}

const none: Pod['undecided'] = new Map();

/** Ends the codes of a label set, where undecided keys follow. */
const undecidedMark = -1;

function sortedUnique(items: number[]): readonly number[] {
  items.sort((a, b) => a - b);
  return items.filter((item, i) => i === 0 || item !== items[i - 1]);
}
