import { formatPath } from '../../model/index.ts';
import type { Path } from '../../model/index.ts';
import { isRecord } from '../validate/index.ts';
import type { FieldError } from '../validate/index.ts';
import type { Case, Finding } from './finding.ts';
import { listed, nearestField } from './phrases.ts';
import {
  isNullish,
  isWithin,
  onlyFields,
  recordAt,
  renamed,
  samePath,
  valueAt,
  withField,
  withoutFields,
} from './raw-value.ts';

/** The fields of a label selector. */
export const selectorFields: readonly string[] = ['matchLabels', 'matchExpressions'];
const metaFields = ['name', 'namespace', 'labels', 'annotations', 'generateName'];

/** The errors about unknown `fields` of the mapping at `path`, and what is required there because they are not seen. */
export function claimsAt(all: Case, path: Path, fields: readonly string[]): readonly FieldError[] {
  const names = new Set(fields);
  return all.errors.filter(
    (error) =>
      (error.strict === 'unknown' &&
        error.path.length === path.length + 1 &&
        isWithin(error.path, path) &&
        names.has(String(error.path.at(-1)))) ||
      ((error.type === 'Required' || error.code === 'one-field-missing') && samePath(error.path, path)),
  );
}

/** Fields of spec or metadata at the top of the object. */
export function fieldOutsideParent(
  error: FieldError,
  field: string,
  all: Case,
  specFields: readonly string[],
): Finding | undefined {
  const [parent, fields] = specFields.includes(field)
    ? (['spec', specFields] as const)
    : (['metadata', metaFields] as const);
  if (!fields.includes(field)) return undefined;
  const root = recordAt(all.value, []);
  const present = fields.filter((name) => Object.hasOwn(root, name));
  const inner = root[parent];
  const old = isRecord(inner) ? inner : {};
  const certain = (isNullish(inner) || isRecord(inner)) && present.every((name) => !Object.hasOwn(old, name));
  const moved = { ...old, ...onlyFields(root, present) };
  return {
    code: 'field-outside-parent',
    path: error.path,
    onKey: true,
    message: `${field} stands at the top of the object; it belongs into ${parent}. A server that takes it drops it`,
    hint: `indent ${listed(present)} below ${parent}:`,
    claims: [
      ...claimsAt(all, [], present),
      ...all.errors.filter(({ code }) => code === 'name-missing' && present.includes('name')),
    ],
    ...(certain
      ? {
          fix: {
            path: [],
            value: withField(withoutFields(root, present), parent, moved),
            shown: { [parent]: moved },
            judged: [parent],
          },
        }
      : {}),
  };
}

/** `podSelector: {app: web}`: labels where `matchLabels` was left out. */
export function labelInSelector(
  error: FieldError,
  path: Path,
  field: string,
  all: Case,
): Finding | undefined {
  const selector = recordAt(all.value, path);
  if (isRecord(selector[field]) || Array.isArray(selector[field])) return undefined;
  if (isNullish(selector[field])) return undefined;
  const labels = Object.keys(selector).filter(
    (key) => !selectorFields.includes(key) && !isRecord(selector[key]) && !Array.isArray(selector[key]),
  );
  const certain = isNullish(selector['matchLabels']);
  return {
    code: 'labels-in-selector',
    path: error.path,
    onKey: true,
    message: `the label ${field} stands directly in ${formatPath(path)}; a server that drops it reads a selector that matches everything`,
    hint: 'write matchLabels: and the labels below it',
    claims: claimsAt(all, path, labels),
    ...(certain
      ? {
          fix: {
            path,
            value: {
              matchLabels: onlyFields(selector, labels),
              ...withoutFields(selector, [...labels, 'matchLabels']),
            },
          },
        }
      : {}),
  };
}

/** A field whose name is almost right. */
export function misspelledField(
  error: FieldError,
  path: Path,
  field: string,
  all: Case,
  subject: string,
): Finding | undefined {
  const known = nearestField(field, error.expected ?? []);
  if (known === undefined) return undefined;
  const parent = recordAt(all.value, path);
  const sameLetters = known.toLowerCase() === field.toLowerCase();
  return {
    code: 'unknown-field',
    path: error.path,
    onKey: true,
    message:
      `${subject} has no field ${field}` +
      `${sameLetters ? ', for upper and lower case count' : ''}. kubectl refuses it, and a server that takes it drops it`,
    hint: `did you mean ${known}?`,
    claims: [error, ...causedByAbsence(all, path, known)],
    ...(isNullish(parent[known])
      ? { fix: { path, value: renamed(parent, field, known), shown: { [known]: parent[field] } } }
      : {}),
  };
}

/** What is only missing because a field is not seen under its right name. */
function causedByAbsence(all: Case, path: Path, field: string): readonly FieldError[] {
  return all.errors.filter(
    (error) =>
      ((error.code === 'peer-empty' || error.code === 'one-field-missing') && samePath(error.path, path)) ||
      (samePath(error.path, [...path, field]) && isNullish(valueAt(all.value, error.path))),
  );
}

/** Whether a value says nothing: null, or without entries. */
export function isEmpty(value: unknown): boolean {
  if (isNullish(value)) return true;
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}
