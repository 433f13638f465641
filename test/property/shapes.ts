import * as fc from 'fast-check';

/** A JSON value as an API server stores or is sent it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [field: string]: Json;
}

/** Makes the JSON values of one place in an object. */
export type Shape = fc.Arbitrary<Json>;

/** What a field may hold instead of being absent. */
export const nothing: Shape = fc.constantFrom<Json>(null, {});

/** One of the choices; a failure is shrunk towards the first. */
export function weighted<T>(
  ...choices: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<T>])[]
): fc.Arbitrary<T> {
  return fc.oneof(
    { withCrossShrink: true },
    ...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })),
  );
}

/** An object whose fields may be missing, except the required ones. */
export function fields(
  model: Readonly<Record<string, Shape>>,
  required: readonly string[] = [],
): fc.Arbitrary<JsonObject> {
  return fc.record({ ...model }, { requiredKeys: [...required], noNullPrototype: true }).map((record) => {
    const present: Record<string, Json> = {};
    for (const [field, value] of Object.entries(record)) if (value !== undefined) present[field] = value;
    return present;
  });
}

/** An object that has all fields. */
export function all(model: Readonly<Record<string, Shape>>): fc.Arbitrary<JsonObject> {
  return fields(model, Object.keys(model));
}

/** Mostly `arbitrary`, now and then null. */
export function orNull(arbitrary: Shape): Shape {
  return weighted([9, arbitrary], [1, fc.constant(null)]);
}

/** A list with at least one element. */
export function listOf(arbitrary: Shape, maxLength: number): fc.Arbitrary<readonly Json[]> {
  return fc.array(arbitrary, { minLength: 1, maxLength });
}

/** A null text is the empty one (corner 9). */
export function orEmpty(text: Shape): Shape {
  return weighted([15, text], [1, fc.constant(null)]);
}

/** Labels of some of the keys, with values that may be null. */
export function labelsOf(keys: readonly string[], values: Shape, maxKeys: number): fc.Arbitrary<JsonObject> {
  return fc.dictionary(fc.constantFrom(...keys), orEmpty(values), {
    maxKeys,
    noNullPrototype: true,
  });
}

function expressionOf(keys: readonly string[], values: Shape): Shape {
  const key = fc.constantFrom(...keys);
  return weighted<Json>(
    [3, all({ key, operator: fc.constantFrom('In', 'NotIn'), values: listOf(orEmpty(values), 2) })],
    [
      2,
      fields(
        { key, operator: fc.constantFrom('Exists', 'DoesNotExist'), values: fc.constantFrom<Json>(null, []) },
        ['key', 'operator'],
      ),
    ],
  );
}

/** A label selector as NetworkPolicy allows it. */
export function selectorOf(keys: readonly string[], values: Shape): Shape {
  return weighted<Json>(
    [4, fc.constant({})],
    [6, all({ matchLabels: labelsOf(keys, values, 1) })],
    [5, all({ matchExpressions: listOf(expressionOf(keys, values), 1) })],
    [
      2,
      fields({
        matchLabels: orNull(labelsOf(keys, values, 2)),
        matchExpressions: orNull(fc.array(expressionOf(keys, values), { maxLength: 2 })),
      }),
    ],
  );
}

/** The field, unless it has no value. */
export function optional(field: string, value: Json | undefined): JsonObject {
  return value === undefined ? {} : { [field]: value };
}

/** Whether a value is an object and no list. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
