import type { Path } from '../../model/index.ts';
import { describe, flagAt, integerAt, listAt, mappingAt, textAt, wrongType } from '../objects/index.ts';
import type { Detail, Findings } from '../objects/index.ts';
import type { RawObject } from '../raw.ts';
import { isPortNumber, isRecord } from '../validate/index.ts';

/** A field of an object while it is read: its value, and its path for what is wrong with it. */
export class Field {
  readonly object: RawObject;
  readonly path: Path;
  readonly value: unknown;
  readonly #findings: Findings;

  constructor(findings: Findings, object: RawObject, value: unknown, path: Path) {
    this.#findings = findings;
    this.object = object;
    this.value = value;
    this.path = path;
  }

  /** The object itself, of which metadata is read elsewhere. */
  static root(findings: Findings, object: RawObject): Field {
    return new Field(findings, object, object.value, []);
  }

  /** Absent and null are the same. */
  get isThere(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** A member; it is not there where this is no mapping, which `isMapping` tells. */
  at(key: string): Field {
    const value = isRecord(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined;
    return new Field(this.#findings, this.object, value, [...this.path, key]);
  }

  /** As `at` of a member that has to be a mapping when it is there. */
  mapping(key: string): Field {
    const field = this.at(key);
    mappingAt(this.#findings, this.object, field.value, field.path);
    return field;
  }

  /** The keys of a mapping. */
  keys(): readonly string[] {
    return isRecord(this.value) ? Object.keys(this.value) : [];
  }

  /** The items of a list, each of which has to be a mapping; a null item is one without fields (corner 9). */
  items(): readonly Field[] {
    return this.#list().map((item) => {
      mappingAt(this.#findings, this.object, item.value, item.path);
      return item;
    });
  }

  /** The items of a list of texts; empty ones are kept. */
  texts(): readonly Field[] {
    return this.#list().filter((item) => {
      if (typeof item.value === 'string') return true;
      wrongType(this.#findings, this.object, item.value, item.path, 'text');
      return false;
    });
  }

  #list(): readonly Field[] {
    const items = listAt(this.#findings, this.object, this.value, this.path);
    return items.map((item, i) => new Field(this.#findings, this.object, item, [...this.path, i]));
  }

  /** `undefined` when it is absent or empty. */
  text(): string | undefined {
    return textAt(this.#findings, this.object, this.value, this.path);
  }

  integer(): number | undefined {
    return integerAt(this.#findings, this.object, this.value, this.path);
  }

  flag(): boolean {
    return flagAt(this.#findings, this.object, this.value, this.path);
  }

  /** A port from 1 to 65535; others are refused. */
  port(): number | undefined {
    const port = this.integer();
    if (port === undefined || isPortNumber(port)) return port;
    this.refuse('port-out-of-range', `A port is 1 to 65535, not ${port}`, { value: port });
    return undefined;
  }

  /** One of the words, or `otherwise` where it is absent; what is none of them is refused. */
  oneOf<T extends string>(words: readonly T[], otherwise: T): T {
    const text = this.text();
    if (text === undefined) return otherwise;
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    this.refuse('value-unknown', `${String(this.path.at(-1))} cannot be ${describe(text)}`, {
      value: text,
      hint: `write one of ${words.join(', ')}`,
    });
    return otherwise;
  }

  /** Text that has to be there. */
  required(what: string, hint?: string): string | undefined {
    const text = this.text();
    if (text === undefined && (!this.isThere || this.value === '')) this.missing(what, hint);
    return text;
  }

  /** Says that the field has to be there. */
  missing(what: string, hint?: string): void {
    const key = String(this.path.at(-1));
    new Field(this.#findings, this.object, undefined, this.path.slice(0, -1)).refuse(
      'field-missing',
      `${what} has no ${key}`,
      hint === undefined ? {} : { hint },
    );
  }

  refuse(code: string, message: string, detail: Detail = {}): void {
    this.#findings.refuse(this.object, code, this.path, message, detail);
  }

  warn(code: string, message: string, detail: Detail = {}): void {
    this.#findings.warn(this.object, code, this.path, message, detail);
  }
}
