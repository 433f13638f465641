import type { LabelSelector, Labels, Path, Requirement } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import {
  isLabelKey,
  isLabelValue,
  isRecord,
  labelKeyProblems,
  labelValueProblems,
} from '../validate/index.ts';
import { describe, wrongType } from './findings.ts';
import type { Findings } from './findings.ts';
import { InstanceCache } from './instances.ts';

/** The label that every namespace carries (corner 22). */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** No labels, as one instance. */
export const noLabels: Labels = new Map();

/** More than these with one hash are not looked through: only unlucky or made-up input has them. */
export const longestBucket = 16;

/**
 * Reads labels, and gives equal sets as the same instance: a cluster has few of them, and the engine compares by
 * identity first. Hashing instead of building a text as key spares large dumps most of the garbage.
 */
export class LabelReader {
  readonly #findings: Findings;
  /** Good sets, by the value that was read. */
  readonly #ofValue = new InstanceCache<Labels>();
  /** Good sets, by a hash that does not depend on the order of the keys. */
  readonly #buckets = new Map<number, Labels[]>();
  /** What found its bucket full, by the sorted pairs as text. */
  readonly #overflow = new Map<string, Labels>();
  /** The good set that was read last: pods of one workload mostly follow each other. */
  #last = noLabels;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** The labels of `value`, which stands at `path` of `object`; what the API refuses is reported. */
  read(object: RawObject, value: unknown, path: Path): Labels {
    if (value === undefined || value === null) return noLabels;
    if (!isRecord(value)) {
      wrongType(this.#findings, object, value, path, 'a mapping of labels');
      return noLabels;
    }
    const known = this.#ofValue.get(value);
    if (known !== undefined) return known;
    const keys = Object.keys(value);
    if (areSame(this.#last, keys, value)) return this.#last;
    let hash = 0;
    for (let i = 0; i < keys.length; i++) {
      const label = value[keys[i] as string];
      if (typeof label !== 'string') return this.#readEach(object, value, keys, path);
      hash = (hash + hashText(hashText(0x811c9dc5, keys[i] as string), label)) | 0;
    }
    const bucket = this.#buckets.get(hash);
    for (const labels of bucket ?? []) {
      if (!areSame(labels, keys, value)) continue;
      this.#ofValue.set(value, labels);
      this.#last = labels;
      return labels;
    }
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      if (!isLabelKey(key) || !isLabelValue(value[key] as string)) {
        return this.#readEach(object, value, keys, path);
      }
    }
    const labels = new Map<string, string>();
    for (let i = 0; i < keys.length; i++) labels.set(keys[i] as string, value[keys[i] as string] as string);
    const read = labels.size === 0 ? noLabels : this.#remember(hash, bucket, labels);
    this.#ofValue.set(value, read);
    this.#last = read;
    return read;
  }

  /** The instance that stands for all labels equal to `labels`. */
  intern(labels: Labels): Labels {
    if (labels.size === 0) return noLabels;
    let hash = 0;
    for (const [key, value] of labels) hash = (hash + hashText(hashText(0x811c9dc5, key), value)) | 0;
    const bucket = this.#buckets.get(hash);
    const known = bucket?.find((other) => isEqual(other, labels));
    return known ?? this.#remember(hash, bucket, labels);
  }

  #remember(hash: number, bucket: Labels[] | undefined, labels: Labels): Labels {
    if (bucket === undefined) {
      this.#buckets.set(hash, [labels]);
    } else if (bucket.length < longestBucket) {
      bucket.push(labels);
    } else {
      const text = JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
      const known = this.#overflow.get(text);
      if (known !== undefined) return known;
      this.#overflow.set(text, labels);
    }
    return labels;
  }

  #readEach(
    object: RawObject,
    value: Readonly<Record<string, unknown>>,
    keys: readonly string[],
    path: Path,
  ): Labels {
    const labels = new Map<string, string>();
    for (const key of keys) {
      // A null value of a map of strings is its zero value, the empty text (corner 9).
      const label = value[key] ?? '';
      if (typeof label !== 'string') {
        wrongType(this.#findings, object, label, [...path, key], 'text');
        continue;
      }
      this.#check(object, key, label, path);
      labels.set(key, label);
    }
    // A set with a bad label must not be found again as a good one.
    return labels;
  }

  #check(object: RawObject, key: string, value: string, path: Path): void {
    const at = [...path, key];
    for (const problem of labelKeyProblems(key).slice(0, 1)) {
      const message = `The key of the label is ${describe(key)}: ${problem}`;
      this.#findings.refuse(object, 'label-key-invalid', at, message, { value: key });
    }
    for (const problem of labelValueProblems(value).slice(0, 1)) {
      const message = `The value of the label is ${describe(value)}: ${problem}`;
      this.#findings.refuse(object, 'label-value-invalid', at, message, { value });
    }
  }
}

/**
 * FNV-1a over the length and the first and last eight UTF-16 code units, two in one step: what differs between labels
 * and names of one cluster is at their ends.
 */
export function hashText(seed: number, text: string): number {
  const { length } = text;
  let hash = Math.imul(seed ^ length, 0x01000193);
  const head = Math.min(length, 8);
  for (let i = 0; i < head; i += 2) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)), 0x01000193);
  }
  for (let i = Math.max(head, length - 8); i < length; i += 2) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)), 0x01000193);
  }
  return hash;
}

function areSame(labels: Labels, keys: readonly string[], value: Readonly<Record<string, unknown>>): boolean {
  if (labels.size !== keys.length) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (labels.get(key) !== value[key]) return false;
  }
  return true;
}

function isEqual(a: Labels, b: Labels): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

/** The selector that asks for exactly these labels, as `matchLabels` and the selector of a Service do. */
export function selectorOf(labels: Labels): LabelSelector {
  const requirements: Requirement[] = [];
  for (const [key, value] of labels) {
    requirements.push({ key, operator: 'In', values: [value], written: 'matchLabels' });
  }
  return { requirements };
}

/**
 * Reads a LabelSelector of a kind that podwall does not validate.
 *
 * @returns `undefined` when some part of it cannot be understood
 */
export function readSelector(value: unknown): LabelSelector | undefined {
  if (value === undefined || value === null) return { requirements: [] };
  if (!isRecord(value)) return undefined;
  const requirements: Requirement[] = [];
  const { matchLabels, matchExpressions } = value;
  if (isRecord(matchLabels)) {
    for (const key of Object.keys(matchLabels)) {
      const label = matchLabels[key] ?? '';
      if (typeof label !== 'string') return undefined;
      requirements.push({ key, operator: 'In', values: [label], written: 'matchLabels' });
    }
  } else if (matchLabels !== undefined && matchLabels !== null) return undefined;
  if (matchExpressions === undefined || matchExpressions === null) return { requirements };
  if (!Array.isArray(matchExpressions)) return undefined;
  for (const [index, item] of (matchExpressions as readonly unknown[]).entries()) {
    const requirement = readRequirement(item, index);
    if (requirement === undefined) return undefined;
    requirements.push(requirement);
  }
  return { requirements };
}

function readRequirement(value: unknown, index: number): Requirement | undefined {
  if (!isRecord(value) || typeof value.key !== 'string') return undefined;
  const given: unknown = value.values ?? [];
  if (!Array.isArray(given)) return undefined;
  const values = (given as readonly unknown[]).filter((item) => typeof item === 'string');
  if (values.length !== given.length) return undefined;
  switch (value.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) return undefined;
      return { key: value.key, operator: value.operator, values, written: index };
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) return undefined;
      return { key: value.key, operator: value.operator, values, written: index };
    default:
      return undefined;
  }
}
