import { isLabelKey } from '../validate/index.ts';
import { event, noted, record } from './core.ts';
import type { ScannerCore } from './core.ts';
import { somePresentText } from './fields.ts';
import { annotationField, program } from './program.ts';

type Fields = Record<string, unknown>;

/** What the records of one kind have in common. */
export interface Header {
  /** `undefined` for items that leave it to their list. */
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
  /** Bytes of such an object are kept where they cannot be read again: someone may ask for places in it. */
  readonly isAskedAbout: boolean;
}

/**
 * Makes objects of the records of a scanner: of each only what was noted.
 *
 * Equal values that were interned are the same instance in all objects, so nobody may change them.
 */
export class ObjectBuilder {
  readonly #core: ScannerCore;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** By number of the interned bytes. */
  readonly #values: unknown[] = [];
  /** By number of the interned key of an annotation: whether it is a good one. */
  readonly #goodKeys: boolean[] = [];
  /** What was noted as text since the records were emptied. */
  #text = '';

  constructor(core: ScannerCore) {
    this.#core = core;
  }

  /** Call it before the records of a scan are built. */
  take(textLength: number): void {
    this.#text = textLength === 0 ? '' : this.#decoder.decode(this.#core.text.subarray(0, textLength));
  }

  /** The text of some bytes of the window. */
  decode(start: number, end: number): string {
    return this.#decoder.decode(this.#core.window.subarray(start, end));
  }

  /**
   * The object of the record at `at`; `undefined` when it has to be read as a whole.
   *
   * @throws SyntaxError when a value is no JSON
   */
  build(at: number, { apiVersion, kind }: Header): Fields | undefined {
    const { records } = this.#core;
    const first = at + record.size;
    const last = first + (records[at + record.events] as number) * event.size;
    const object: Fields = apiVersion === undefined ? {} : { apiVersion, kind };
    const open: (Fields | unknown[])[] = [];
    let into: Fields | unknown[] = object;
    for (let next = first; next < last; next += event.size) {
      const field = records[next + event.field] as number;
      if (field === event.close) {
        into = open.pop() as Fields | unknown[];
        continue;
      }
      const start = records[next + event.start] as number;
      const number = records[next + event.value] as number;
      if (field === annotationField) {
        if (!this.#isGoodKey(number, start, records[next + event.length] as number)) return undefined;
        continue;
      }
      let value: unknown;
      if (number >= 0) {
        value = this.#values[number];
        if (value === undefined) {
          value = this.#parse(start, records[next + event.length] as number);
          this.#values[number] = value;
        }
      } else if (number === noted.text) {
        value = this.#text.slice(start, start + (records[next + event.length] as number));
      } else if (number === noted.json) {
        value = this.#parse(start, records[next + event.length] as number);
      } else if (number === noted.present) {
        value = somePresentText;
      } else if (number === noted.list) {
        value = [];
        if (start >= 0) this.#values[start] = value;
      } else value = {};
      if (field === event.element) (into as unknown[]).push(value);
      else (into as Fields)[program.keys[field] as string] = value;
      if (number === noted.list || number === noted.object) {
        open.push(into);
        into = value as Fields | unknown[];
      }
    }
    return object;
  }

  #parse(start: number, length: number): unknown {
    return JSON.parse(this.decode(start, start + length));
  }

  #isGoodKey(number: number, start: number, length: number): boolean {
    const known = number < 0 ? undefined : this.#goodKeys[number];
    if (known !== undefined) return known;
    // As `validate/object-meta.ts` judges it.
    const good = isLabelKey(String(this.#parse(start, length)).toLowerCase());
    if (number >= 0) this.#goodKeys[number] = good;
    return good;
  }
}
