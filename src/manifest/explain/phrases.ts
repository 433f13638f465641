import { distance } from 'fastest-levenshtein';
import type { Path } from '../../model/index.ts';
import { isRecord } from '../validate/index.ts';
import type { FieldError } from '../validate/index.ts';
import type { Case } from './finding.ts';
import { isNullish, isWithin, valueAt } from './raw-value.ts';

/** What people call a value of this type. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'a mapping';
  if (typeof value === 'boolean') return `the truth value ${value}`;
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  return typeof value === 'string' ? 'text' : 'nothing';
}

/** `a, b and c`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** The known name that `field` was probably meant to be. */
export function nearestField(field: string, known: readonly string[]): string | undefined {
  if (field.length > 40) return undefined;
  const lower = field.toLowerCase();
  let best: { readonly name: string; readonly far: number } | undefined;
  for (const name of known) {
    const target = name.toLowerCase();
    // Short for it (op, namespace) counts as near as one wrong letter.
    const far = lower.length > 1 && target.startsWith(lower) ? 1 : distance(lower, target);
    if (far <= Math.min(2, Math.floor(lower.length / 2)) && (best === undefined || far < best.far))
      best = { name, far };
  }
  return best?.name;
}

/** What a wrong type hides: the errors at it and below it. */
export function claimsWithin(all: Case, error: FieldError): readonly FieldError[] {
  return all.errors.filter(({ path }) => isWithin(path, error.path));
}

/** What is wrong with a text: its length when that is over `limit`, else `otherwise`. */
export function lengthOr(text: string, limit: number, otherwise: string): string {
  return text.length > limit ? `it has ${text.length} characters, and ${limit} are allowed` : otherwise;
}

/** At most 80 characters of what someone wrote. */
export function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The API names the whole map of labels; people want the entry. */
export function entryOf(path: Path, key: string): { path: Path; onKey?: boolean } {
  const map = ['matchLabels', 'labels', 'annotations'].includes(String(path.at(-1)));
  return map ? { path: [...path, key], onKey: true } : { path };
}

/** The name of an object that was probably meant, where it is another one. */
export function dnsText(text: string): string | undefined {
  const name = text.toLowerCase().replaceAll(/[_ ]/g, '-');
  return name !== text && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) ? name : undefined;
}

/** A hint to write `text`, where there is one. */
export function suggested(text: string | undefined, verb: string): { hint?: string } {
  return text === undefined ? {} : { hint: `${verb} ${text}` };
}

/** The nearest ancestor of `path` that stands in the text. */
export function nearest(path: Path, all: Case): Path {
  return isNullish(valueAt(all.value, path)) ? path.slice(0, -1) : path;
}
