import type { Path } from '../../model/index.ts';
import type { Report } from './field-error.ts';

/**
 * The Go type that a part of a manifest is decoded into. Not recursive, so the depth of decoding is that of the schema
 * and never that of the input.
 */
export type Schema =
  | { readonly kind: 'string' | 'bool' | 'time' | 'intOrString' | 'any' }
  | { readonly kind: 'integer'; readonly bits: 32 | 64 }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: ReadonlyMap<string, Schema> }
  | { readonly kind: 'list'; readonly of: Schema }
  | { readonly kind: 'map'; readonly of: Schema };

export function struct(name: string, fields: Readonly<Record<string, Schema>>): Schema {
  return { kind: 'struct', name, fields: new Map(Object.entries(fields)) };
}

export function list(of: Schema): Schema {
  return { kind: 'list', of };
}

export const text: Schema = { kind: 'string' };
export const bool: Schema = { kind: 'bool' };
export const time: Schema = { kind: 'time' };
export const int32: Schema = { kind: 'integer', bits: 32 };
export const int64: Schema = { kind: 'integer', bits: 64 };
export const intOrString: Schema = { kind: 'intOrString' };
export const anything: Schema = { kind: 'any' };
export const textMap: Schema = { kind: 'map', of: text };

/** `metav1.LabelSelector`. */
export const labelSelectorSchema: Schema = struct('a label selector', {
  matchLabels: textMap,
  matchExpressions: list(
    struct('an entry of matchExpressions', { key: text, operator: text, values: list(text) }),
  ),
});

/** `metav1.ObjectMeta`. */
export const objectMetaSchema: Schema = struct('metadata', {
  name: text,
  generateName: text,
  namespace: text,
  selfLink: text,
  uid: text,
  resourceVersion: text,
  generation: int64,
  creationTimestamp: time,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: int64,
  labels: textMap,
  annotations: textMap,
  ownerReferences: list(
    struct('an owner reference', {
      apiVersion: text,
      kind: text,
      name: text,
      uid: text,
      controller: bool,
      blockOwnerDeletion: bool,
    }),
  ),
  finalizers: list(text),
  managedFields: list(
    struct('an entry of managedFields', {
      manager: text,
      operation: text,
      apiVersion: text,
      time,
      fieldsType: text,
      fieldsV1: anything,
      subresource: text,
    }),
  ),
});

/** A mapping of the text. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Decodes `value` as the API server does: reports unknown fields and wrong types, and returns what is left of it.
 *
 * Null is the zero value: an absent field, an empty text or an empty struct in a list or map (corner 9). Fields that
 * are unknown or of the wrong type are left out; field names count in their exact case.
 */
export function decode(schema: Schema, value: unknown, path: Path, report: Report): unknown {
  if (value === null || value === undefined) return undefined;
  switch (schema.kind) {
    case 'any':
      return value;
    case 'string':
      return typeof value === 'string' ? value : wrongType('text', value, path, report);
    case 'bool':
      return typeof value === 'boolean' ? value : wrongType('true or false', value, path, report);
    case 'time':
      return typeof value === 'string' && rfc3339.test(value)
        ? value
        : wrongType('a time such as 2024-01-31T12:00:00Z', value, path, report);
    case 'integer':
      return isInteger(value, schema.bits) ? value : wrongType('a whole number', value, path, report);
    case 'intOrString':
      return typeof value === 'string' || isInteger(value, 32)
        ? value
        : wrongType('a port number or the name of a port', value, path, report);
    case 'list':
      if (!Array.isArray(value)) return wrongType('a list', value, path, report);
      return value.map(
        (item: unknown, index) => decode(schema.of, item, [...path, index], report) ?? zero(schema.of),
      );
    case 'map':
      if (!isRecord(value)) return wrongType('a mapping', value, path, report);
      return Object.fromEntries(
        Object.keys(value).map((key) => [
          key,
          decode(schema.of, value[key], [...path, key], report) ?? zero(schema.of),
        ]),
      );
    case 'struct': {
      if (!isRecord(value)) return wrongType('a mapping', value, path, report);
      const fields: [string, unknown][] = [];
      for (const key of Object.keys(value)) {
        const field = schema.fields.get(key);
        if (field === undefined) {
          report({
            path: [...path, key],
            type: 'Decoding',
            strict: 'unknown',
            code: 'unknown-field',
            message: 'unknown field',
            value: value[key],
            expected: [...schema.fields.keys()],
          });
          continue;
        }
        const decoded = decode(field, value[key], [...path, key], report);
        if (decoded !== undefined) fields.push([key, decoded]);
      }
      return Object.fromEntries(fields);
    }
  }
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function isInteger(value: unknown, bits: 32 | 64): boolean {
  if (typeof value === 'bigint') return bits === 64 && value >= -(2n ** 63n) && value < 2n ** 63n;
  if (typeof value !== 'number' || !Number.isInteger(value)) return false;
  return bits === 32
    ? value === Math.trunc(value) && value >= -(2 ** 31) && value < 2 ** 31
    : Math.abs(value) < 2 ** 63;
}

function zero(schema: Schema): unknown {
  switch (schema.kind) {
    case 'string':
      return '';
    case 'struct':
    case 'map':
      return {};
    case 'list':
      return [];
    default:
      return undefined;
  }
}

function wrongType(expected: string, value: unknown, path: Path, report: Report): undefined {
  report({
    path,
    type: 'Decoding',
    strict: 'type',
    code: 'wrong-type',
    message: `must be ${expected}`,
    value,
    expected: [expected],
  });
  return undefined;
}
