import type { Labels, LabelSelector, Requirement } from '../model/index.ts';
import { requirementText } from '../reach/index.ts';
import {
  admits,
  anything,
  areLiteralsApart,
  areLiteralsEqual,
  bothLiterals,
  byText,
  complement,
  eitherLiteral,
  isAnything,
  isNothing,
  literalIncludes,
  literalOf,
  otherThan,
  selectable,
  sorted,
} from './literals.ts';
import type { Literal } from './literals.ts';

/**
 * Labels that meet a condition on each of some keys, and anything on all others: what one selector means (corners 17 to
 * 19), and what is left of one when others are taken away. No key is both "missing or one of some values", which no
 * selector can say: that is two cubes.
 */
export interface Cube {
  /** Ascending by key, each key once; a key that may be anything has none. */
  readonly literals: readonly Literal[];
  /** Equal cubes have equal keys, and others have others. */
  readonly key: string;
  /** How much work it is to look at it: its conditions, and the values where they list many. */
  readonly size: number;
}

/** Most cubes are made on the way to others and never asked for their key. */
class KeyedCube implements Cube {
  readonly literals: readonly Literal[];
  #key: string | undefined;
  #size = -1;

  constructor(literals: readonly Literal[]) {
    this.literals = literals;
  }

  get key(): string {
    return (this.#key ??= keyOf(this.literals));
  }

  get size(): number {
    if (this.#size < 0) {
      this.#size = this.literals.length;
      for (const { values } of this.literals) if (values.length > 8) this.#size += values.length;
    }
    return this.#size;
  }
}

function keyOf(literals: readonly Literal[]): string {
  let key = '';
  for (const { key: name, except, values, absent } of literals) {
    // A comma before each value: the empty one is a value too, and no value at all is something else.
    key += `${name}${except ? '\u0001' : '\u0002'}${absent ? '?' : ''}`;
    for (const value of values) key += `,${value}`;
    key += '\u0003';
  }
  return key;
}

/** Every object, whatever its labels. */
export const anyLabels: Cube = new KeyedCube([]);

/** Where a key stands among ascending literals, or would stand. */
function placeOf(literals: readonly Literal[], key: string): number {
  let low = 0;
  let high = literals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (literals[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a cube says of a key; `undefined` where that may be anything. */
export function literalAt({ literals }: Cube, key: string): Literal | undefined {
  const literal = literals[placeOf(literals, key)];
  return literal?.key === key ? literal : undefined;
}

/** Replaces the literal of a key; `undefined` when nothing meets it. */
function withLiteral(cube: Cube, literal: Literal): Cube | undefined {
  if (isNothing(literal)) return undefined;
  if (isAnything(literal)) return without(cube, literal.key);
  const { literals } = cube;
  const at = placeOf(literals, literal.key);
  if (literals[at]?.key === literal.key) return new KeyedCube(literals.with(at, literal));
  return new KeyedCube(literals.toSpliced(at, 0, literal));
}

/** Selectors are looked at once: many rules share them, and equal objects make equal answers cheap to find. */
const ofSelector = new WeakMap<LabelSelector, Cube | 'nothing'>();

/** The labels that a selector means; `undefined` when no object can have them (corner 21). */
export function cubeFrom(selector: LabelSelector | undefined): Cube | undefined {
  if (selector === undefined || selector.requirements.length === 0) return anyLabels;
  let cube = ofSelector.get(selector);
  if (cube === undefined) ofSelector.set(selector, (cube = made(selector) ?? 'nothing'));
  return cube === 'nothing' ? undefined : cube;
}

function made({ requirements }: LabelSelector): Cube | undefined {
  const literals = requirements.map(literalOf).sort((a, b) => byText(a.key, b.key));
  const kept: Literal[] = [];
  for (const literal of literals) {
    const last = kept.at(-1);
    if (last?.key === literal.key) kept[kept.length - 1] = bothLiterals(last, literal);
    else kept.push(literal);
  }
  return kept.some(isNothing) ? undefined : new KeyedCube(kept.filter((literal) => !isAnything(literal)));
}

/** Of cubes with so many more conditions than others it is looked first whether they have anything in common. */
const few = 8;

/** The labels that are in both, one of them itself where it is all in the other; `undefined` when none are. */
export function intersection(a: Cube, b: Cube): Cube | undefined {
  if (a === b || b.literals.length === 0) return a;
  if (a.literals.length === 0) return b;
  if (Math.abs(a.literals.length - b.literals.length) > few && areApart(a, b)) return undefined;
  const ones = a.literals;
  const others = b.literals;
  const all: Literal[] = [];
  let isOne = true;
  let isOther = true;
  let i = 0;
  let j = 0;
  while (i < ones.length || j < others.length) {
    const one = ones[i];
    const other = others[j];
    if (other === undefined || (one !== undefined && one.key < other.key)) {
      all.push(one!);
      isOther = false;
      i++;
    } else if (one?.key !== other.key) {
      all.push(other);
      isOne = false;
      j++;
    } else {
      const shared = bothLiterals(one, other);
      if (isNothing(shared)) return undefined;
      all.push(shared);
      isOne &&= shared === one;
      isOther &&= shared === other;
      i++;
      j++;
    }
  }
  if (isOne) return a;
  return isOther ? b : new KeyedCube(all);
}

/** Whether the same labels are in two cubes. */
export function areEqual(a: Cube, b: Cube): boolean {
  if (a === b) return true;
  if (a.literals.length !== b.literals.length) return false;
  for (let i = 0; i < a.literals.length; i++) {
    const one = a.literals[i]!;
    const other = b.literals[i]!;
    if (one.key !== other.key || !areLiteralsEqual(one, other)) return false;
  }
  return true;
}

/** Whether all labels of `inner` are in `outer`. */
export function includes(outer: Cube, inner: Cube): boolean {
  if (outer === inner || outer.literals.length === 0) return true;
  if (outer.literals.length > inner.literals.length) return false;
  let at = 0;
  for (const literal of outer.literals) {
    while (at < inner.literals.length && inner.literals[at]!.key < literal.key) at++;
    const other = inner.literals[at];
    if (other?.key !== literal.key || !literalIncludes(literal, other)) return false;
  }
  return true;
}

/** Whether an object's labels are in a cube. */
export function has(cube: Cube, labels: Labels): boolean {
  for (const literal of cube.literals) {
    const value = labels.get(literal.key);
    if (value === undefined ? !literal.absent : !admits(literal, value)) return false;
  }
  return true;
}

/** Whether no labels are in both. */
export function areApart(a: Cube, b: Cube): boolean {
  const [fewer, more] = a.literals.length < b.literals.length ? [a, b] : [b, a];
  for (const literal of fewer.literals) {
    const other = literalAt(more, literal.key);
    if (other !== undefined && areLiteralsApart(literal, other)) return true;
  }
  return false;
}

/** By key: how early it is cut at; the lowest first. */
export type CutOrder = ReadonlyMap<string, number>;

/**
 * What `a` has and `b` has not, as cubes that share nothing.
 *
 * @param order - where many are taken away, those that share keys leave fewer cubes when these are cut at first
 */
export function difference(a: Cube, b: Cube, order?: CutOrder): readonly Cube[] {
  if (areApart(a, b)) return [a];
  const left: Cube[] = [];
  let rest = a;
  let conditionsLeft = b.literals.length;
  const rankOf = (key: string): number => order?.get(key) ?? 0;
  const conditions =
    order === undefined || b.literals.length < 2
      ? b.literals
      : b.literals.toSorted((one, other) => rankOf(one.key) - rankOf(other.key));
  for (const literal of conditions) {
    const own = literalAt(rest, literal.key) ?? anything(literal.key);
    conditionsLeft--;
    // What was cut from `a` before has its conditions, hundreds of them: these cut nothing, and are not copied.
    if (literalIncludes(literal, own)) continue;
    for (const part of selectable(bothLiterals(own, complement(literal)))) {
      const outside = withLiteral(rest, part);
      if (outside !== undefined) left.push(outside);
    }
    if (conditionsLeft === 0) break;
    const inside = withLiteral(rest, bothLiterals(own, literal));
    if (inside === undefined) break;
    rest = inside;
  }
  return left;
}

/** The cube that has exactly what two cubes have; `undefined` where there is none, or none that a selector can say. */
export function union(a: Cube, b: Cube): Cube | undefined {
  if (includes(a, b)) return a;
  if (includes(b, a)) return b;
  if (a.literals.length !== b.literals.length) return undefined;
  let differing = -1;
  for (let i = 0; i < a.literals.length; i++) {
    const literal = a.literals[i]!;
    const other = b.literals[i]!;
    if (other.key !== literal.key) return undefined;
    if (areLiteralsEqual(literal, other)) continue;
    if (differing >= 0) return undefined;
    differing = i;
  }
  if (differing < 0) return a;
  const literal = eitherLiteral(a.literals[differing]!, b.literals[differing]!);
  return selectable(literal).length === 1 ? withLiteral(a, literal) : undefined;
}

/** The same labels in fewer cubes: those that ask for nothing but one of some values of one key become one for the key. */
export function merged(cubes: readonly Cube[]): readonly Cube[] {
  const others: Cube[] = [];
  const values = new Map<string, string[]>();
  for (const cube of cubes) {
    const [first] = cube.literals;
    if (first === undefined) return [cube];
    if (cube.literals.length > 1 || first.except || first.absent) {
      others.push(cube);
      continue;
    }
    const known = values.get(first.key);
    if (known === undefined) values.set(first.key, [...first.values]);
    else for (const value of first.values) known.push(value);
  }
  const ofKeys = Array.from(
    values,
    ([key, all]) => new KeyedCube([{ key, except: false, values: sorted(all), absent: false }]),
  );
  return [...ofKeys, ...others];
}

/** The cube without its condition on a key. */
export function without(cube: Cube, key: string): Cube {
  const at = placeOf(cube.literals, key);
  return cube.literals[at]?.key === key ? new KeyedCube(cube.literals.toSpliced(at, 1)) : cube;
}

/**
 * The cube where a key that every object has is one of some values, or none of them. That it is there is not said, so that
 * what is left of other cubes does not speak of objects without it.
 */
export function restricted(
  cube: Cube,
  key: string,
  except: boolean,
  values: Iterable<string>,
): Cube | undefined {
  const own = literalAt(cube, key) ?? anything(key);
  return withLiteral(cube, bothLiterals(own, { key, except, values: sorted(values), absent: except }));
}

/**
 * Labels that are in a cube, as few as possible.
 */
export function example(cube: Cube): Labels {
  const labels = new Map<string, string>();
  for (const { key, except, values, absent } of cube.literals) {
    if (!except && values.length > 0) labels.set(key, values[0]!);
    else if (!absent) labels.set(key, otherThan(values));
  }
  return labels;
}

const texts = new WeakMap<Cube, string>();

/** A cube as people write selectors: `app=web,tier in (a, b),!canary`; empty when it has no condition. */
export function selectorText(cube: Cube): string {
  let text = texts.get(cube);
  if (text === undefined) texts.set(cube, (text = requirementsOf(cube).map(requirementText).join(',')));
  return text;
}

/** One condition as Kubernetes writes it. */
type CubeRequirement = Pick<Requirement, 'key' | 'operator' | 'values'>;

/**
 * The conditions of a cube, keys ascending. A key that must be there with a value outside of a list takes two, `Exists` and
 * `NotIn`.
 */
function requirementsOf(cube: Cube): readonly CubeRequirement[] {
  return cube.literals.flatMap(({ key, except, values, absent }): readonly CubeRequirement[] => {
    if (!except) {
      if (values.length === 0) return [{ key, operator: 'DoesNotExist', values }];
      return [{ key, operator: 'In', values }];
    }
    const exists: CubeRequirement = { key, operator: 'Exists', values: [] };
    if (values.length === 0) return [exists];
    const notIn: CubeRequirement = { key, operator: 'NotIn', values };
    return absent ? [notIn] : [exists, notIn];
  });
}
