/** The value at a path of own fields; null is the same as absence wherever this is asked (corners 6, 9, 10 and 13). */
export function get(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const field of path) {
    if (!isFields(at) || !Object.hasOwn(at, field)) return undefined;
    at = at[field];
  }
  return at ?? undefined;
}

/** Whether a JSON value is an object or a list. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The elements of a list; null elements stay, as they are zero values and no gaps (corner 9). */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text, or `undefined` for every other value. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `metadata.name`. */
export function nameOf(object: unknown): string {
  return asText(get(object, 'metadata', 'name')) ?? '';
}
