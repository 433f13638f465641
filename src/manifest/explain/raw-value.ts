import type { Path } from '../../model/index.ts';
import { isRecord } from '../validate/index.ts';

/** The value at `path`, `undefined` where there is none. Only own keys count. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof step === 'number' && Array.isArray(at)) at = (at as readonly unknown[])[step];
    else if (typeof step === 'string' && isRecord(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** The mapping at `path`; an empty one where there is none. */
export function recordAt(value: unknown, path: Path): Readonly<Record<string, unknown>> {
  const found = valueAt(value, path);
  return isRecord(found) ? found : {};
}

/** A copy of `value` with `part` at `path`; everything beside the path is shared. */
export function withValueAt(value: unknown, path: Path, part: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return part;
  if (typeof step === 'number') {
    const items: unknown[] = Array.isArray(value) ? [...(value as readonly unknown[])] : [];
    items[step] = withValueAt(items[step], rest, part);
    return items;
  }
  const record = isRecord(value) ? value : {};
  return withField(record, step, withValueAt(record[step], rest, part));
}

/** A copy of `record` with one field set, in its place if it was there. */
export function withField(
  record: Readonly<Record<string, unknown>>,
  field: string,
  value: unknown,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(record).map(([key, old]) => [key, key === field ? value : old] as const);
  return Object.fromEntries(Object.hasOwn(record, field) ? entries : [...entries, [field, value]]);
}

/** A copy of `record` without some fields. */
export function withoutFields(
  record: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): Readonly<Record<string, unknown>> {
  const names = new Set(fields);
  return Object.fromEntries(Object.entries(record).filter(([key]) => !names.has(key)));
}

/** A copy of `record` with the name of one field changed, in its place; an old field of the new name goes. */
export function renamed(
  record: Readonly<Record<string, unknown>>,
  from: string,
  to: string,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) =>
      key === to ? [] : [[key === from ? to : key, value] as const],
    ),
  );
}

/** Only some of the fields of `record`, as far as it has them. */
export function onlyFields(
  record: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): Readonly<Record<string, unknown>> {
  const names = new Set(fields);
  return Object.fromEntries(Object.entries(record).filter(([key]) => names.has(key)));
}

export function isNullish(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Whether `path` is `of` or lies below it. */
export function isWithin(path: Path, of: Path): boolean {
  return path.length >= of.length && of.every((step, index) => step === path[index]);
}

export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && isWithin(a, b);
}
