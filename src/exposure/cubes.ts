import type { Labels, LabelSelector, Requirement } from '../model/index.ts';

/**
 * What one key of an object's labels may be: one of `values`, or with `except` any value but these; `absent`: the key may
 * also be missing. There is always another value, so sets of values are finite or have a finite complement, and nothing
 * between.
 */
export interface Literal {
  readonly except: boolean;
  /** Ascending by UTF-16 code units, each once. */
  readonly values: readonly string[];
  readonly absent: boolean;
}

/**
 * Labels that meet a condition on each of some keys, and anything on all others: what one selector means (corners 17 to
 * 19), and what is left of one when others are taken away. No key is both "missing or one of some values", which no
 * selector can say: that is two cubes.
 */
export interface Cube {
  /** Keys ascending; a key that may be anything has no entry. */
  readonly literals: ReadonlyMap<string, Literal>;
  /** Equal cubes have equal keys, and others have others. */
  readonly key: string;
}

function cubeOf(literals: ReadonlyMap<string, Literal>): Cube {
  return new KeyedCube(literals);
}

/** Most cubes are made on the way to others and never asked for their key. */
class KeyedCube implements Cube {
  readonly literals: ReadonlyMap<string, Literal>;
  #key: string | undefined;

  constructor(literals: ReadonlyMap<string, Literal>) {
    this.literals = literals;
  }

  get key(): string {
    return (this.#key ??= keyOf(this.literals));
  }
}

function keyOf(literals: ReadonlyMap<string, Literal>): string {
  let key = '';
  for (const [name, { except, values, absent }] of literals) {
    // A comma before each value: the empty one is a value too, and no value at all is something else.
    key += `${name}${except ? '\u0001' : '\u0002'}${absent ? '?' : ''}`;
    for (const value of values) key += `,${value}`;
    key += '\u0003';
  }
  return key;
}

/** Every object, whatever its labels. */
export const anyLabels: Cube = cubeOf(new Map());

/** Orders texts by UTF-16 code units, the order of everything that documents list. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function sorted(values: Iterable<string>): readonly string[] {
  return [...new Set(values)].sort(byText);
}

/** Whether anything meets a literal. */
function isNothing({ except, values, absent }: Literal): boolean {
  return !except && values.length === 0 && !absent;
}

function isAnything({ except, values, absent }: Literal): boolean {
  return except && values.length === 0 && absent;
}

/** A list with a hundred thousand values is legal: membership is asked of a set, made once per list. */
const memberSets = new WeakMap<readonly string[], ReadonlySet<string>>();

function isAmong(values: readonly string[], value: string): boolean {
  if (values.length <= 8) return values.includes(value);
  let set = memberSets.get(values);
  if (set === undefined) memberSets.set(values, (set = new Set(values)));
  return set.has(value);
}

function both(a: Literal, b: Literal): Literal {
  const absent = a.absent && b.absent;
  if (!a.except) {
    const values = a.values.filter((value) => isAmong(b.values, value) !== b.except);
    return { except: false, values, absent };
  }
  if (!b.except) return { ...both(b, a), absent };
  return { except: true, values: mergedValues(a.values, b.values), absent };
}

/** Two ascending lists as one. */
function mergedValues(a: readonly string[], b: readonly string[]): readonly string[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return sorted([...a, ...b]);
}

function complement({ except, values, absent }: Literal): Literal {
  return { except: !except, values, absent: !absent };
}

function either(a: Literal, b: Literal): Literal {
  return complement(both(complement(a), complement(b)));
}

function literalIncludes(outer: Literal, inner: Literal): boolean {
  return isNothing(both(inner, complement(outer)));
}

/** What an API server lets a label be; no object bears a value that it refuses. */
const validValue = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const validKey =
  /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

function literalOf({ key, operator, values }: Requirement): Literal {
  // Corner 20: no object bears a key or a value that a server refuses, whatever selectors ask for.
  const isBearable = validKey.test(key);
  const bearable = (): readonly string[] =>
    isBearable ? sorted(values.filter((value) => validValue.test(value))) : [];
  switch (operator) {
    case 'In':
      return { except: false, values: bearable(), absent: false };
    case 'NotIn': // corner 18: also without the key
      return { except: true, values: bearable(), absent: true };
    case 'Exists':
      return { except: isBearable, values: [], absent: false };
    case 'DoesNotExist':
      return { except: !isBearable, values: [], absent: true };
  }
}

/** Replaces the literal of a key; `undefined` when nothing meets it. */
function withLiteral(cube: Cube, key: string, literal: Literal): Cube | undefined {
  if (isNothing(literal)) return undefined;
  if (isAnything(literal)) return without(cube, key);
  if (cube.literals.has(key)) return cubeOf(new Map(cube.literals).set(key, literal));
  const literals = new Map<string, Literal>();
  let isIn = false;
  for (const [each, own] of cube.literals) {
    if (!isIn && byText(key, each) < 0) {
      literals.set(key, literal);
      isIn = true;
    }
    literals.set(each, own);
  }
  if (!isIn) literals.set(key, literal);
  return cubeOf(literals);
}

/** The same with keys ascending. */
function inOrder(literals: Map<string, Literal>): Map<string, Literal> {
  let last: string | undefined;
  for (const key of literals.keys()) {
    if (last !== undefined && byText(last, key) > 0) {
      return new Map([...literals].sort(([a], [b]) => byText(a, b)));
    }
    last = key;
  }
  return literals;
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

function made(selector: LabelSelector): Cube | undefined {
  const literals = new Map<string, Literal>();
  for (const requirement of selector.requirements) {
    const literal = literalOf(requirement);
    const known = literals.get(requirement.key);
    literals.set(requirement.key, known === undefined ? literal : both(known, literal));
  }
  const kept: [string, Literal][] = [];
  for (const [key, literal] of literals) {
    if (isNothing(literal)) return undefined;
    if (!isAnything(literal)) kept.push([key, literal]);
  }
  return cubeOf(new Map(kept.sort(([a], [b]) => byText(a, b))));
}

/** Larger maps are not copied before it is known that they are needed. */
const few = 8;

/** The labels that are in both; `undefined` when none are. */
export function intersection(a: Cube, b: Cube): Cube | undefined {
  if (a === b || b.literals.size === 0) return a;
  if (a.literals.size === 0) return b;
  if (a.literals.size > b.literals.size + few && areApart(a, b)) return undefined;
  const literals = new Map(a.literals);
  for (const [key, literal] of b.literals) {
    const known = literals.get(key);
    const shared = known === undefined ? literal : both(known, literal);
    if (isNothing(shared)) return undefined;
    literals.set(key, shared);
  }
  return cubeOf(inOrder(literals));
}

/** Whether all labels of `inner` are in `outer`. */
export function includes(outer: Cube, inner: Cube): boolean {
  if (outer === inner || outer.literals.size === 0) return true;
  if (outer.literals.size > inner.literals.size) return false;
  for (const [key, literal] of outer.literals) {
    const other = inner.literals.get(key);
    if (other === undefined || !literalIncludes(literal, other)) return false;
  }
  return true;
}

/** Whether an object's labels are in a cube. */
export function has(cube: Cube, labels: Labels): boolean {
  for (const [key, { except, values, absent }] of cube.literals) {
    const value = labels.get(key);
    if (value === undefined ? !absent : isAmong(values, value) === except) return false;
  }
  return true;
}

/** Whether no labels are in both. */
export function areApart(a: Cube, b: Cube): boolean {
  const [fewer, more] = a.literals.size < b.literals.size ? [a, b] : [b, a];
  for (const [key, literal] of fewer.literals) {
    const other = more.literals.get(key);
    if (other !== undefined && isNothing(both(literal, other))) return true;
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
  let conditionsLeft = b.literals.size;
  const rankOf = (key: string): number => order?.get(key) ?? 0;
  const conditions =
    order === undefined || b.literals.size < 2
      ? b.literals
      : [...b.literals].sort(([one], [other]) => rankOf(one) - rankOf(other));
  for (const [key, literal] of conditions) {
    const own = rest.literals.get(key) ?? anything;
    const others = both(own, complement(literal));
    conditionsLeft--;
    // What was cut from `a` before has its conditions, hundreds of them: these cut nothing, and are not copied.
    if (isNothing(others)) continue;
    for (const part of selectable(others)) {
      const outside = withLiteral(rest, key, part);
      if (outside !== undefined) left.push(outside);
    }
    if (conditionsLeft === 0) break;
    const inside = withLiteral(rest, key, both(own, literal));
    if (inside === undefined) break;
    rest = inside;
  }
  return left;
}

/** A literal as ones that a selector can say. */
function selectable(literal: Literal): readonly Literal[] {
  if (literal.except || !literal.absent || literal.values.length === 0) return [literal];
  return [
    { ...literal, absent: false },
    { ...literal, values: [] },
  ];
}

const anything: Literal = { except: true, values: [], absent: true };

/** The cube that has exactly what two cubes have; `undefined` where there is none, or none that a selector can say. */
export function union(a: Cube, b: Cube): Cube | undefined {
  if (includes(a, b)) return a;
  if (includes(b, a)) return b;
  if (a.literals.size !== b.literals.size) return undefined;
  let differing: string | undefined;
  for (const [key, literal] of a.literals) {
    const other = b.literals.get(key);
    if (other === undefined) return undefined;
    if (equal(literal, other)) continue;
    if (differing !== undefined) return undefined;
    differing = key;
  }
  if (differing === undefined) return a;
  const literal = either(a.literals.get(differing)!, b.literals.get(differing)!);
  return selectable(literal).length === 1 ? withLiteral(a, differing, literal) : undefined;
}

function equal(a: Literal, b: Literal): boolean {
  return (
    a.except === b.except &&
    a.absent === b.absent &&
    a.values.length === b.values.length &&
    a.values.every((value, i) => value === b.values[i])
  );
}

/** The same labels in fewer cubes: those that ask for nothing but one of some values of one key become one for the key. */
export function merged(cubes: readonly Cube[]): readonly Cube[] {
  const others: Cube[] = [];
  const values = new Map<string, string[]>();
  for (const cube of cubes) {
    const [first] = cube.literals;
    if (first === undefined) return [cube];
    const [key, literal] = first;
    if (cube.literals.size > 1 || literal.except || literal.absent) {
      others.push(cube);
      continue;
    }
    const known = values.get(key);
    if (known === undefined) values.set(key, [...literal.values]);
    else for (const value of literal.values) known.push(value);
  }
  const ofKeys = Array.from(values, ([key, all]) =>
    cubeOf(new Map([[key, { except: false, values: sorted(all), absent: false }]])),
  );
  return [...ofKeys, ...others];
}

/** The cube without its condition on a key. */
export function without(cube: Cube, key: string): Cube {
  const literals = new Map(cube.literals);
  literals.delete(key);
  return cubeOf(literals);
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
  const own = cube.literals.get(key) ?? anything;
  return withLiteral(cube, key, both(own, { except, values: sorted(values), absent: except }));
}

/**
 * Labels that are in a cube, as few as possible.
 */
export function example(cube: Cube): Labels {
  const labels = new Map<string, string>();
  for (const [key, { except, values, absent }] of cube.literals) {
    if (!except && values.length > 0) labels.set(key, values[0]!);
    else if (!absent) labels.set(key, otherThan(values));
  }
  return labels;
}

/** A label value, and a name of a namespace, that is none of some values. */
export function otherThan(values: readonly string[], stem = 'other'): string {
  let name = stem;
  for (let i = 2; isAmong(values, name); i++) name = `${stem}-${i}`;
  return name;
}

const texts = new WeakMap<Cube, string>();

/** A cube as people write selectors: `app=web,tier in (a, b),!canary`; empty when it has no condition. */
export function selectorText(cube: Cube): string {
  let text = texts.get(cube);
  if (text === undefined) texts.set(cube, (text = textOf(cube)));
  return text;
}

function textOf(cube: Cube): string {
  return requirementsOf(cube)
    .map(({ key, operator, values }) => {
      const [only = ''] = values;
      switch (operator) {
        case 'In':
          return values.length === 1 ? `${key}=${only}` : `${key} in (${values.join(', ')})`;
        case 'NotIn':
          return values.length === 1 ? `${key}!=${only}` : `${key} notin (${values.join(', ')})`;
        case 'Exists':
          return key;
        case 'DoesNotExist':
          return `!${key}`;
      }
    })
    .join(',');
}

/** One condition as Kubernetes writes it. */
export type CubeRequirement = Pick<Requirement, 'key' | 'operator' | 'values'>;

/**
 * The conditions of a cube, keys ascending. A key that must be there with a value outside of a list takes two, `Exists` and
 * `NotIn`.
 */
export function requirementsOf(cube: Cube): readonly CubeRequirement[] {
  return [...cube.literals].flatMap(([key, { except, values, absent }]): readonly CubeRequirement[] => {
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
