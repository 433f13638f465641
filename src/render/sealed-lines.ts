import type { Diagnostic } from '../model/index.ts';

/** Kinds that carry keys: no line of theirs is quoted. */
const kindsWithKeys: ReadonlySet<string> = new Set(['Secret', 'Route']);
/** A line of a key, as PEM or as base64, is at least so long. Names and values that people read have other signs between. */
const keyMaterial = /[A-Za-z0-9+/]{40,}={0,2}/g;

/**
 * The lines that may be quoted for a diagnostic: none of an object that holds keys, none of the document before, and
 * nothing that looks like a key. Of an object whose kind is known, the line at fault, the last, is shown as it is.
 */
export function quotable(
  { object, sealed: isSealed }: Pick<Diagnostic, 'object' | 'sealed'>,
  lines: readonly string[],
): readonly string[] | undefined {
  if (isSealed === true) return undefined;
  if (object !== undefined && kindsWithKeys.has(object.kind)) return undefined;
  const before = lines.slice(0, -1);
  const separator = before.findLastIndex((line) => line.startsWith('---'));
  const last = lines.slice(-1);
  return [...before.slice(separator + 1).map(sealed), ...(object === undefined ? last.map(sealed) : last)];
}

function sealed(line: string): string {
  return line.replaceAll(keyMaterial, '(sealed)');
}
