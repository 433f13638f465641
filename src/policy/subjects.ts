import type { ClassIndex } from './class-index.ts';
import type { LabelTable } from './labels.ts';
import { ListsBuilder } from './lists.ts';
import type { Lists } from './lists.ts';
import type { Selection, SubjectGroup } from './parts.ts';
import { SequenceTable } from './sequences.ts';

/** Groups of one namespace that select half of its classes or more; of each class it is kept which of them do not. */
interface Bases {
  /** By base: its groups, ascending. */
  readonly groups: readonly (readonly number[])[];
  /** By class: the base of its namespace; -1 where there is none. */
  readonly of: Int32Array;
  /** By class: the groups of its base that do not select it, ascending. */
  readonly left: Lists;
}

/** Which groups select which classes: equal lists of groups have one number, 0 being the list of none. */
export class Subjects {
  /** By class: the number of its list. */
  readonly nodeOf: Int32Array;
  /** The groups of each base, see `steps`. */
  readonly bases: readonly (readonly number[])[];
  readonly #lists = new SequenceTable();

  /**
   * @param steps - by class: the groups that select it, ascending, times 2, plus 1 when files cannot tell
   * @param cellOf - by class, where the steps are those of cells: its cell
   */
  constructor(size: number, steps: Lists, cellOf?: Int32Array, bases?: Bases) {
    const { starts, items } = steps;
    this.bases = bases?.groups ?? [];
    this.#lists.intern(items, 0, 0);
    const nodeOf = new Int32Array(size);
    for (let i = 0; i < size; i++) {
      const base = bases === undefined ? -1 : bases.of[i]!;
      if (base >= 0) nodeOf[i] = this.#withBase(steps, i, base, bases!.left);
      else if (starts[i + 1]! > starts[i]!) nodeOf[i] = this.#lists.intern(items, starts[i]!, starts[i + 1]!);
    }
    this.nodeOf = cellOf === undefined ? nodeOf : cellOf.map((cell) => nodeOf[cell]!);
  }

  #withBase(steps: Lists, c: number, base: number, left: Lists): number {
    const own = steps.of(c);
    const others = left.of(c);
    const list = new Int32Array(own.length + 1 + others.length);
    list.set(own);
    list[own.length] = -1 - base;
    list.set(others, own.length + 1);
    return this.#lists.intern(list, 0, list.length);
  }

  get size(): number {
    return this.#lists.size;
  }

  /**
   * The steps of all lists; those of one stand from `start` to before `end`. A number below 0 is -1 less a base: all of its
   * groups select, but for those that follow.
   */
  get steps(): Int32Array {
    return this.#lists.items;
  }

  start(node: number): number {
    return this.#lists.start(node);
  }

  end(node: number): number {
    return this.#lists.start(node + 1);
  }

  /** The steps of a list, as they were given, ascending. */
  stepsOf(node: number): readonly number[] {
    const items = Array.from(this.steps.subarray(this.start(node), this.end(node)));
    const at = items.findIndex((step) => step < 0);
    if (at < 0) return items;
    const left = new Set(items.slice(at + 1));
    const ofBase = this.bases[-1 - items[at]!]!.filter((group) => !left.has(group)).map((group) => group * 2);
    return [...items.slice(0, at), ...ofBase].sort((a, b) => a - b);
  }

  groupsOf(node: number): readonly Selection[] {
    return this.stepsOf(node).map((step) => ({ group: step >> 1, unsure: (step & 1) === 1 }));
  }
}

/**
 * Finds which groups select which classes.
 *
 * @param wide - groups that select more classes of a namespace than this, and at least half, are told by those that they do not
 *   select: thousands of policies for all pods but one would else be as many lists of thousands
 */
export function selectSubjects(
  groups: readonly SubjectGroup[],
  classNamespaces: Int32Array,
  index: ClassIndex,
  podLabels: LabelTable,
  wide: number,
): Subjects {
  const size = classNamespaces.length;
  const steps = new ListsBuilder();
  const left = new ListsBuilder();
  const baseOf = new Int32Array(index.namespaceCount).fill(-1);
  const bases: number[][] = [];
  for (let id = 0; id < groups.length; id++) {
    const { namespace, selector } = groups[id]!;
    const count = index.count(namespace);
    const unmatched = count > wide ? podLabels.unmatched(selector) : undefined;
    if (unmatched !== undefined) {
      index.gatherSets(namespace, unmatched);
      if (index.sure.length * 2 <= count) {
        let base = baseOf[namespace]!;
        if (base < 0) {
          baseOf[namespace] = base = bases.length;
          bases.push([]);
        }
        bases[base]!.push(id);
        for (let i = 0; i < index.sure.length; i++) left.add(index.sure.items[i]!, id);
        continue;
      }
    }
    index.gather(namespace, undefined, selector);
    const { sure, unsure } = index;
    for (let i = 0; i < sure.length; i++) steps.add(sure.items[i]!, id * 2);
    for (let i = 0; i < unsure.length; i++) steps.add(unsure.items[i]!, id * 2 + 1);
  }
  const of = classNamespaces.map((namespace) => (namespace < 0 ? -1 : baseOf[namespace]!));
  return new Subjects(size, steps.finish(size), undefined, { groups: bases, of, left: left.finish(size) });
}
