import type { Requirement } from '../model/index.ts';

/**
 * What one key of an object's labels may be: one of `values`, or with `except` any value but these; `absent`: the key may
 * also be missing. There is always another value, so sets of values are finite or have a finite complement, and nothing
 * between.
 */
export interface Literal {
  readonly key: string;
  readonly except: boolean;
  /** Ascending by UTF-16 code units, each once. */
  readonly values: readonly string[];
  readonly absent: boolean;
}

/** Orders texts by UTF-16 code units, the order of everything that documents list. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Each text once, ascending. */
export function sorted(values: Iterable<string>): readonly string[] {
  return [...new Set(values)].sort(byText);
}

/** Whether nothing meets a literal. */
export function isNothing({ except, values, absent }: Literal): boolean {
  return !except && values.length === 0 && !absent;
}

/** Whether everything meets a literal. */
export function isAnything({ except, values, absent }: Literal): boolean {
  return except && values.length === 0 && absent;
}

/** That a key may be anything, also missing. */
export function anything(key: string): Literal {
  return { key, except: true, values: [], absent: true };
}

/** A list with a hundred thousand values is legal: membership is asked of a set, made once per list. */
const memberSets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Whether a text is one of some values. */
export function isAmong(values: readonly string[], value: string): boolean {
  if (values.length <= 8) return values.includes(value);
  let set = memberSets.get(values);
  if (set === undefined) memberSets.set(values, (set = new Set(values)));
  return set.has(value);
}

/** Whether a literal lets the key have a value. */
export function admits({ except, values }: Literal, value: string): boolean {
  return isAmong(values, value) !== except;
}

/** What meets two literals of one key; one of them itself where that is all that meets both. */
export function bothLiterals(a: Literal, b: Literal): Literal {
  if (a === b) return a;
  const absent = a.absent && b.absent;
  if (!a.except) {
    const values = a.values.every((value) => admits(b, value))
      ? a.values
      : a.values.filter((value) => admits(b, value));
    return values === a.values && absent === a.absent ? a : { key: a.key, except: false, values, absent };
  }
  if (!b.except) return bothLiterals(b, a);
  const values = mergedValues(a.values, b.values);
  if (values === a.values && absent === a.absent) return a;
  return values === b.values && absent === b.absent ? b : { key: a.key, except: true, values, absent };
}

/** Two ascending lists as one. */
function mergedValues(a: readonly string[], b: readonly string[]): readonly string[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const all: string[] = [];
  let i = 0;
  for (const value of b) {
    while (i < a.length && a[i]! < value) all.push(a[i++]!);
    if (a[i] === value) i++;
    all.push(value);
  }
  while (i < a.length) all.push(a[i++]!);
  return all;
}

/** What does not meet a literal. */
export function complement({ key, except, values, absent }: Literal): Literal {
  return { key, except: !except, values, absent: !absent };
}

/** What meets one of two literals of one key. */
export function eitherLiteral(a: Literal, b: Literal): Literal {
  return complement(bothLiterals(complement(a), complement(b)));
}

/** Whether all that meets `inner` meets `outer`, both of one key. */
export function literalIncludes(outer: Literal, inner: Literal): boolean {
  if (outer === inner) return true;
  if (inner.absent && !outer.absent) return false;
  if (!inner.except) return inner.values.every((value) => admits(outer, value));
  // What is not listed has no end, and no list has all of it.
  return outer.except && outer.values.every((value) => isAmong(inner.values, value));
}

/** Whether nothing meets two literals of one key. */
export function areLiteralsApart(a: Literal, b: Literal): boolean {
  if (a.absent && b.absent) return false;
  if (!a.except) return !a.values.some((value) => admits(b, value));
  return !b.except && !b.values.some((value) => admits(a, value));
}

/** Whether two literals of one key say the same. */
export function areLiteralsEqual(a: Literal, b: Literal): boolean {
  return (
    a === b ||
    (a.except === b.except &&
      a.absent === b.absent &&
      a.values.length === b.values.length &&
      a.values.every((value, i) => value === b.values[i]))
  );
}

/** A literal as ones that a selector can say. */
export function selectable(literal: Literal): readonly Literal[] {
  if (literal.except || !literal.absent || literal.values.length === 0) return [literal];
  return [
    { ...literal, absent: false },
    { ...literal, values: [] },
  ];
}

/** What an API server lets a label be; no object bears a value that it refuses. */
const validValue = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const validKey =
  /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** What one requirement of a selector means (corners 17 to 20). */
export function literalOf({ key, operator, values }: Requirement): Literal {
  // Corner 20: no object bears a key or a value that a server refuses, whatever selectors ask for.
  const isBearable = validKey.test(key);
  const bearable = (): readonly string[] =>
    isBearable ? sorted(values.filter((value) => validValue.test(value))) : [];
  switch (operator) {
    case 'In':
      return { key, except: false, values: bearable(), absent: false };
    case 'NotIn': // corner 18: also without the key
      return { key, except: true, values: bearable(), absent: true };
    case 'Exists':
      return { key, except: isBearable, values: [], absent: false };
    case 'DoesNotExist':
      return { key, except: !isBearable, values: [], absent: true };
  }
}

/** A label value, and a name of a namespace, that is none of some values. */
export function otherThan(values: readonly string[], stem = 'other'): string {
  let name = stem;
  for (let i = 2; isAmong(values, name); i++) name = `${stem}-${i}`;
  return name;
}
