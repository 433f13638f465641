import { classify } from '../objects/index.ts';
import { readingOf, somePresentText } from '../scan/index.ts';
import type { Member, Reading, Shape } from '../scan/index.ts';
import { isLabelKey, isRecord } from '../validate/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Annotations beyond this many characters in all are judged by the reader of the object. */
const fewAnnotations = 100_000;

/**
 * Reduces objects to what podwall reads of them, as the scanner of JSON notes it: a large dump does not fit into memory.
 *
 * Equal parts become one value that all objects share. Texts are copied where they would hold the text that they are cut
 * out of.
 */
export class Reducer {
  readonly #readings = new Map<string, Reading>();
  readonly #shared = new Map<string, unknown>();

  /** The object, or the list of objects, with less in it; what is odd in any way is left as it is. */
  reduce(value: unknown): unknown {
    if (!isRecord(value)) return value;
    const { apiVersion, kind } = value;
    const reading = this.readingOf(value);
    if (reading === undefined || typeof apiVersion !== 'string' || typeof kind !== 'string') return value;
    switch (reading.kind) {
      case 'list':
        if (!Array.isArray(value['items'])) return value;
        return { ...value, items: value['items'].map((item) => this.reduce(item)) };
      case 'counted':
        return { apiVersion: this.#share(apiVersion), kind: this.#share(kind) };
      case 'shape':
        return this.#object(value, reading.shape) ?? value;
      case 'whole':
        return value;
      default:
        return reading satisfies never;
    }
  }

  /** What is read of an object; `undefined` when it does not say what it is. */
  readingOf({ apiVersion, kind }: Fields): Reading | undefined {
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '')
      return undefined;
    const key = `${apiVersion}\n${kind}`;
    let reading = this.#readings.get(key);
    if (reading === undefined) {
      reading = readingOf(apiVersion, kind, classify(apiVersion, kind));
      this.#readings.set(key, reading);
    }
    return reading;
  }

  /** `undefined` when the object has to be read as a whole. */
  #object(object: Fields, { members, strict = false }: Shape): Fields | undefined {
    const reduced: Record<string, unknown> = {};
    for (const key of Object.keys(object)) {
      const member = Object.hasOwn(members, key) ? members[key] : undefined;
      if (member === undefined) {
        if (strict) return undefined;
        continue;
      }
      const value = object[key];
      const kept = this.#member(value, member);
      if (kept === leaveOut) continue;
      if (kept === undefined) return undefined;
      reduced[key] = kept;
    }
    return reduced;
  }

  /** `undefined`: the whole object has to be read. */
  #member(value: unknown, member: Member): unknown {
    switch (member.note) {
      case 'nothing':
      case 'shared':
        return this.#share(value);
      case 'value':
        return own(value);
      case 'text':
        return typeof value === 'string' ? own(value) : undefined;
      case 'presence':
        return typeof value === 'string' && value !== '' ? somePresentText : undefined;
      case 'annotations':
        return areFine(value) ? leaveOut : undefined;
      case 'object':
        return isRecord(value) ? this.#object(value, member.shape) : undefined;
      case 'list': {
        if (!Array.isArray(value)) return undefined;
        const list: unknown[] = [];
        for (const item of value as readonly unknown[]) {
          const kept = isRecord(item) ? this.#object(item, member.shape) : undefined;
          if (kept === undefined) return undefined;
          list.push(kept);
        }
        return member.shared ? this.#share(list) : list;
      }
      default:
        return member satisfies never;
    }
  }

  #share(value: unknown): unknown {
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
    const text = JSON.stringify(value);
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    const copy: unknown = JSON.parse(text);
    this.#shared.set(text, copy);
    return copy;
  }
}

const leaveOut: unique symbol = Symbol('left out');

/** A copy that holds no other text; values come from YAML, so JSON can say all of them but -0, which nobody tells from 0. */
function own(value: unknown): unknown {
  // V8 copies parts of texts below 13 characters.
  if (value === null || (typeof value !== 'object' && (typeof value !== 'string' || value.length < 13)))
    return value;
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** Whether nothing would be said about these annotations. */
function areFine(value: unknown): boolean {
  if (!isRecord(value)) return false;
  let length = 0;
  for (const [key, text] of Object.entries(value)) {
    // As `validate/object-meta.ts` judges it.
    if (typeof text !== 'string' || !isLabelKey(key.toLowerCase())) return false;
    length += key.length + text.length;
  }
  return length < fewAnnotations;
}
