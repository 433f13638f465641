import type { LabelSelector, Labels, Operator } from '../../model/index.ts';
import { no, requirementHolds, unknown, yes } from '../labels.ts';
import type { Holds } from '../labels.ts';

/** Labels, and the keys of which files cannot tell the value (corner 23). */
export interface Labelled {
  readonly labels: Labels;
  readonly undecided: ReadonlyMap<string, 'present' | 'maybe'>;
}

/** A requirement whose values can be looked up. */
export interface LiveRequirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: ReadonlySet<string>;
}

/** The selectors that are filed under one key: each stands where something that it matches must have a label. */
interface Filed {
  readonly exists: number[];
  readonly byValue: Map<string, number[]>;
}

/**
 * Selectors as numbers while somebody holds them, and those among them that match some labels, found without trying all:
 * each is filed under one label that it cannot match without.
 */
export class SelectorTable {
  /** The id of the selector that everything matches; it is never given up. */
  readonly everything: number;
  readonly #requirements: (readonly LiveRequirement[])[] = [];
  readonly #texts: string[] = [];
  readonly #refs: number[] = [];
  readonly #ids = new Map<string, number>();
  readonly #freed: number[] = [];
  readonly #filed = new Map<string, Filed>();
  /** By selector: the requirement under which it is filed. */
  readonly #filedAt: (LiveRequirement | undefined)[] = [];
  /** Selectors that match things without labels: those of `NotIn` and `DoesNotExist` alone. */
  readonly #loose = new Set<number>();
  #version = 0;

  constructor() {
    this.everything = this.hold({ requirements: [] });
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Another number whenever there are other selectors than before. */
  get version(): number {
    return this.#version;
  }

  requirements(id: number): readonly LiveRequirement[] {
    return this.#requirements[id]!;
  }

  /** The id of a selector, held once more; new when `isNew` says so. */
  hold(selector: LabelSelector): number {
    const text = textOf(selector);
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#freed.pop() ?? this.#requirements.length;
      this.#ids.set(text, id);
      this.#texts[id] = text;
      this.#refs[id] = 0;
      this.#requirements[id] = selector.requirements.map(({ key, operator, values }) => ({
        key,
        operator,
        values: new Set(values),
      }));
      this.#file(id, true);
    }
    this.#refs[id]!++;
    return id;
  }

  /** Whether the last `hold` of an id was its first. */
  isNew(id: number): boolean {
    return this.#refs[id] === 1;
  }

  /** Whether one holder is left. */
  isLast(id: number): boolean {
    return this.#refs[id] === 1;
  }

  /** Lets go once; the id of a selector that nobody holds is given out again. */
  release(id: number): void {
    if (--this.#refs[id]! > 0) return;
    this.#file(id, false);
    this.#ids.delete(this.#texts[id]!);
    this.#requirements[id] = [];
    this.#texts[id] = '';
    this.#freed.push(id);
  }

  /** Whether a selector matches labels (corners 17 to 21, and 23). */
  holds(id: number, { labels, undecided }: Labelled): Holds {
    let result: Holds = yes;
    for (const { key, operator, values } of this.#requirements[id]!) {
      const value = labels.get(key);
      const present = value !== undefined;
      const how = undecided.size > 0 ? undecided.get(key) : undefined;
      const holds = requirementHolds(operator, how, present, present && values.has(value));
      if (holds === no) return no;
      if (holds === unknown) result = unknown;
    }
    return result;
  }

  /**
   * Calls `visit` for every selector that matches labels, `unsure` where files cannot tell.
   *
   * @param wanted - where given, only these are asked
   */
  forEachHolding(
    labelled: Labelled,
    visit: (id: number, unsure: boolean) => void,
    wanted?: (id: number) => boolean,
  ): void {
    const ask = (id: number): void => {
      if (wanted !== undefined && !wanted(id)) return;
      const holds = this.holds(id, labelled);
      if (holds !== no) visit(id, holds === unknown);
    };
    for (const id of this.#loose) ask(id);
    if (this.#filed.size === 0) return;
    for (const [key, value] of labelled.labels) {
      const filed = this.#filed.get(key);
      if (filed === undefined || labelled.undecided.has(key)) continue;
      for (const id of filed.exists) ask(id);
      const list = filed.byValue.get(value);
      if (list !== undefined) for (const id of list) ask(id);
    }
    for (const key of labelled.undecided.keys()) {
      const filed = this.#filed.get(key);
      if (filed === undefined) continue;
      for (const id of new Set([...filed.exists, ...[...filed.byValue.values()].flat()])) ask(id);
    }
  }

  /**
   * Files a selector under one requirement that asks for a label, where the fewest others are filed; or takes it from there.
   */
  #file(id: number, add: boolean): void {
    this.#version++;
    if (add) this.#filedAt[id] = this.#shortest(this.#requirements[id]!);
    const best = this.#filedAt[id];
    if (best === undefined) {
      if (add) this.#loose.add(id);
      else this.#loose.delete(id);
      return;
    }
    let filed = this.#filed.get(best.key);
    if (filed === undefined) this.#filed.set(best.key, (filed = { exists: [], byValue: new Map() }));
    if (best.operator === 'Exists') enlist(filed.exists, id, add);
    else {
      for (const value of best.values) {
        let list = filed.byValue.get(value);
        if (list === undefined) filed.byValue.set(value, (list = []));
        enlist(list, id, add);
        if (list.length === 0) filed.byValue.delete(value);
      }
    }
    if (filed.exists.length === 0 && filed.byValue.size === 0) this.#filed.delete(best.key);
  }

  #shortest(requirements: readonly LiveRequirement[]): LiveRequirement | undefined {
    let best: LiveRequirement | undefined;
    let fewest = Infinity;
    for (const each of requirements) {
      if (each.operator !== 'In' && each.operator !== 'Exists') continue;
      const filed = this.#filed.get(each.key);
      // Whoever has the key would ask a selector that is filed under its mere presence, so that comes last.
      let count = each.operator === 'Exists' ? 1e6 : each.values.size;
      if (each.operator === 'In') {
        for (const value of each.values) count += filed?.byValue.get(value)?.length ?? 0;
      }
      if (count < fewest) {
        fewest = count;
        best = each;
      }
    }
    return best;
  }
}

/** The requirement that the fewest labels satisfy, if any asks for a label at all. */
export function narrowest(requirements: readonly LiveRequirement[]): LiveRequirement | undefined {
  let best: LiveRequirement | undefined;
  for (const each of requirements) {
    if (each.operator !== 'In' && each.operator !== 'Exists') continue;
    if (best === undefined || breadth(each) < breadth(best)) best = each;
  }
  return best;
}

function breadth({ operator, values }: LiveRequirement): number {
  return operator === 'Exists' ? Infinity : values.size;
}

function enlist(list: number[], id: number, add: boolean): void {
  if (add) list.push(id);
  else {
    list[list.indexOf(id)] = list.at(-1)!;
    list.pop();
  }
}

/** Equal for selectors that ask the same. */
function textOf({ requirements }: LabelSelector): string {
  if (requirements.length === 0) return '';
  if (requirements.length === 1) return requirementText(requirements[0]!);
  return [...new Set(requirements.map(requirementText))].sort().join(' ');
}

/** Neither keys nor values hold a space or a comma where a server has checked them; else JSON keeps them apart. */
function requirementText({ key, operator, values }: LabelSelector['requirements'][number]): string {
  const list = values.length > 1 ? [...new Set(values)].sort() : values;
  const text = `${key} ${operator} ${list.join(',')}`;
  return plain.test(text) ? text : JSON.stringify([key, operator, ...list]);
}

const plain = /^[^ ]+ [^ ]+ [\w.,/-]*$/;
