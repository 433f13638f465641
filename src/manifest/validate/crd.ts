import type { Path } from '../../model/index.ts';
import type { FieldError, Report } from './field-error.ts';
import { isRecord } from './schema.ts';

/** What a part of a custom resource may be: the structural schema of its CRD, as far as it is used. */
export type CrdSchema =
  | {
      readonly kind: 'object';
      readonly fields: ReadonlyMap<string, CrdField>;
      /** How many fields there may be, after null and unknown ones are dropped. */
      readonly minProperties?: number;
      readonly maxProperties?: number;
      readonly rule?: CrdRule;
    }
  | { readonly kind: 'map'; readonly of: CrdSchema }
  | {
      readonly kind: 'array';
      readonly of: CrdSchema;
      readonly minItems?: number;
      readonly maxItems?: number;
      /** `x-kubernetes-list-type: set`: no item may stand in it twice. */
      readonly isSet?: boolean;
    }
  | {
      readonly kind: 'string';
      readonly enum?: readonly string[];
      /** In characters, not bytes. */
      readonly maxLength?: number;
      /** The `pattern`, or a rule of CEL. */
      readonly rule?: CrdRule;
    }
  | { readonly kind: 'integer'; readonly minimum: number; readonly maximum: number }
  /** Nothing is asked of it here. */
  | { readonly kind: 'any' };

/** A field of an object. One with a default is never missing. */
export interface CrdField {
  readonly schema: CrdSchema;
  readonly required?: boolean;
  readonly default?: unknown;
}

/** What is asked of a value whose type is right and in which nothing else is wrong. */
export interface CrdRule {
  readonly code: string;
  /** The message of the CRD. */
  readonly message: string;
  readonly holds: (value: unknown) => boolean;
}

/**
 * Checks `value` as an API server checks a custom resource by its CRD: null and unknown fields are dropped, defaults
 * filled in, then all the rest is looked at. An unknown field is reported as strict decoding does.
 *
 * The errors below a field come before its own. Its depth is that of the schema, never that of the input.
 *
 * @returns what the server has after it dropped and filled in; what is wrong is left as it is
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting-and-nullable
 */
export function checkByCrd(schema: CrdSchema, value: unknown, path: Path, report: Report): unknown {
  return new Check(report).value(schema, value, path);
}

/**
 * Whether `checkByCrd` would report nothing. It only notices, and makes nothing: `false` means that there may be an error,
 * as wherever null stands. Rules see what is written, so none may ask for a field that has a default.
 */
export function isFineByCrd(schema: CrdSchema, value: unknown): boolean {
  switch (schema.kind) {
    case 'any':
      return true;
    case 'string':
      return (
        typeof value === 'string' &&
        (schema.enum === undefined || schema.enum.includes(value)) &&
        value.length <= (schema.maxLength ?? Infinity) &&
        (schema.rule === undefined || schema.rule.holds(value))
      );
    case 'integer':
      return (
        typeof value === 'number' &&
        Number.isInteger(value) &&
        value >= schema.minimum &&
        value <= schema.maximum
      );
    case 'array':
      return isFineArray(schema, value);
    case 'map':
      if (!isRecord(value)) return false;
      for (const key of Object.keys(value)) if (!isFineByCrd(schema.of, value[key])) return false;
      return true;
    case 'object':
      return isFineObject(schema, value);
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isFineArray(schema: Extract<CrdSchema, { kind: 'array' }>, value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const items: readonly unknown[] = value;
  const { minItems = 0, maxItems = Infinity } = schema;
  if (items.length < minItems || items.length > maxItems) return false;
  for (const item of items) if (!isFineByCrd(schema.of, item)) return false;
  return schema.isSet !== true || items.length < 2 || new Set(items).size === items.length;
}

function isFineObject(schema: Extract<CrdSchema, { kind: 'object' }>, value: unknown): boolean {
  if (!isRecord(value)) return false;
  const keys = Object.keys(value);
  const { minProperties = 0, maxProperties = Infinity } = schema;
  if (keys.length < minProperties || keys.length > maxProperties) return false;
  for (const key of keys) {
    const field = schema.fields.get(key);
    // What is null is dropped, and a rule sees what is left.
    if (field === undefined || isAbsent(value[key]) || !isFineByCrd(field.schema, value[key])) return false;
  }
  for (const [key, field] of schema.fields) {
    if (field.required === true && field.default === undefined && !Object.hasOwn(value, key)) return false;
  }
  return schema.rule === undefined || schema.rule.holds(value);
}

/** Whether a text has more than `limit` characters, of which some are two units. */
function isLonger(text: string, limit: number): boolean {
  let count = 0;
  for (const _ of text) if (++count > limit) return true;
  return false;
}

type Problem = Pick<FieldError, 'type' | 'code' | 'message'> & Partial<FieldError>;

class Check {
  readonly #report: Report;
  /** Errors so far for which a server refuses the object. */
  #errors = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  value(schema: CrdSchema, value: unknown, path: Path): unknown {
    switch (schema.kind) {
      case 'any':
        return value;
      case 'string':
        this.#text(schema, value, path);
        return value;
      case 'integer':
        this.#integer(schema, value, path);
        return value;
      case 'array':
        return this.#array(schema, value, path);
      case 'map':
        return this.#map(schema, value, path);
      case 'object':
        return this.#object(schema, value, path);
    }
  }

  #error(path: Path, value: unknown, problem: Problem): void {
    this.#errors++;
    this.#report({ path, value, ...problem });
  }

  #wrongType(path: Path, value: unknown, type: string, expected: string): void {
    const message = `must be of type ${type}`;
    this.#error(path, value, { type: 'Invalid', code: 'wrong-type', message, expected: [expected] });
  }

  #rule(rule: CrdRule | undefined, value: unknown, path: Path, written: unknown): void {
    if (rule === undefined || rule.holds(value)) return;
    this.#error(path, written, { type: 'Invalid', code: rule.code, message: rule.message });
  }

  #text(schema: Extract<CrdSchema, { kind: 'string' }>, value: unknown, path: Path): void {
    if (typeof value !== 'string') {
      this.#wrongType(path, value, 'string', 'text');
      return;
    }
    const { maxLength = Infinity } = schema;
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      const message = `supported values: ${schema.enum.map((each) => `"${each}"`).join(', ')}`;
      const expected = schema.enum;
      this.#error(path, value, { type: 'NotSupported', code: 'value-unknown', message, expected });
    }
    if (value.length > maxLength && isLonger(value, maxLength)) {
      const message = `may not be more than ${maxLength} characters`;
      this.#error(path, value, { type: 'TooLong', code: 'text-too-long', message });
      return;
    }
    this.#rule(schema.rule, value, path, value);
  }

  #integer(schema: Extract<CrdSchema, { kind: 'integer' }>, value: unknown, path: Path): void {
    if (typeof value !== 'bigint' && (typeof value !== 'number' || !Number.isInteger(value))) {
      this.#wrongType(path, value, 'integer', 'a whole number');
      return;
    }
    const { minimum, maximum } = schema;
    const code = 'number-out-of-range';
    const expected = [String(minimum), String(maximum)];
    if (value < minimum) {
      const message = `should be greater than or equal to ${minimum}`;
      this.#error(path, value, { type: 'Invalid', code, message, expected });
    }
    if (value > maximum) {
      const message = `should be less than or equal to ${maximum}`;
      this.#error(path, value, { type: 'Invalid', code, message, expected });
    }
  }

  #array(schema: Extract<CrdSchema, { kind: 'array' }>, value: unknown, path: Path): unknown {
    if (!Array.isArray(value)) {
      this.#wrongType(path, value, 'array', 'a list');
      return value;
    }
    const items: readonly unknown[] = value;
    const checked = items.map((item, index) => this.value(schema.of, item, [...path, index]));
    const { minItems = 0, maxItems = Infinity } = schema;
    if (items.length < minItems) {
      const message = `should have at least ${minItems} items`;
      this.#error(path, value, { type: 'Invalid', code: 'list-empty', message });
    }
    if (items.length > maxItems) {
      const message = `must have at most ${maxItems} items`;
      const expected = [String(maxItems)];
      this.#error(path, items.length, { type: 'TooMany', code: 'list-too-long', message, expected });
    }
    if (schema.isSet === true) {
      const seen = new Set<unknown>();
      for (const [index, item] of items.entries()) {
        if (seen.has(item)) {
          const at = [...path, index];
          this.#error(at, item, { type: 'Duplicate', code: 'value-twice', message: 'duplicate value' });
        }
        seen.add(item);
      }
    }
    return checked;
  }

  #map(schema: Extract<CrdSchema, { kind: 'map' }>, value: unknown, path: Path): unknown {
    if (!isRecord(value)) {
      this.#wrongType(path, value, 'object', 'a mapping');
      return value;
    }
    const entries: (readonly [string, unknown])[] = [];
    for (const key of Object.keys(value)) {
      const item = value[key];
      // Null is dropped, with its key.
      if (item !== null && item !== undefined)
        entries.push([key, this.value(schema.of, item, [...path, key])]);
    }
    return Object.fromEntries(entries);
  }

  #object(schema: Extract<CrdSchema, { kind: 'object' }>, value: unknown, path: Path): unknown {
    if (!isRecord(value)) {
      this.#wrongType(path, value, 'object', 'a mapping');
      return value;
    }
    const before = this.#errors;
    const fields: (readonly [string, unknown])[] = [];
    for (const key of Object.keys(value)) {
      const field = schema.fields.get(key);
      const item = value[key];
      if (field === undefined) {
        this.#report({
          path: [...path, key],
          type: 'Decoding',
          strict: 'unknown',
          code: 'unknown-field',
          message: 'unknown field',
          value: item,
          expected: [...schema.fields.keys()],
        });
      } else if (item !== null && item !== undefined) {
        fields.push([key, this.value(field.schema, item, [...path, key])]);
      }
    }
    const present = new Set(fields.map(([key]) => key));
    for (const [key, field] of schema.fields) {
      if (present.has(key)) continue;
      if (field.default !== undefined) fields.push([key, field.default]);
      else if (field.required === true) {
        const message = 'Required value';
        this.#error([...path, key], undefined, { type: 'Required', code: 'field-missing', message });
      }
    }
    const { minProperties = 0, maxProperties = Infinity } = schema;
    if (present.size < minProperties) {
      const message = `should have at least ${minProperties} properties`;
      const expected = [...schema.fields.keys()];
      this.#error(path, value, { type: 'Invalid', code: 'one-field-missing', message, expected });
    }
    if (present.size > maxProperties) {
      const message = `must have at most ${maxProperties} properties`;
      const expected = [...present];
      this.#error(path, value, { type: 'TooMany', code: 'one-field-only', message, expected });
    }
    const checked = Object.fromEntries(fields);
    // A server comes to these rules when nothing else is wrong with the object.
    if (this.#errors === before) this.#rule(schema.rule, checked, path, value);
    return checked;
  }
}
