import { parseJson } from '../text/index.ts';
import { isLabelKey } from '../validate/index.ts';
import { event, noted, record } from './core.ts';
import type { ScannerCore } from './core.ts';
import { somePresentText } from './fields.ts';
import { PodFields } from './pod-fields.ts';
import { annotationField, program } from './program.ts';

type Fields = Record<string, unknown>;

/** What the records of one kind have in common. */
export interface Header {
  /** `undefined` for items that leave it to their list. */
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
  readonly isPod: boolean;
  /** It says itself that it is a pod: as rows, without objects, such are read in the outermost list. */
  readonly isPlainPod: boolean;
  /** Bytes of such an object are kept where they cannot be read again: someone may ask for places in it. */
  readonly isAskedAbout: boolean;
}

/** Stands for a value that is about to be parsed with others. */
const pending: unique symbol = Symbol('pending');

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
  /** What was noted as text since the records were emptied, decoded when it is asked for. */
  #text: string | undefined;
  #textLength = 0;
  /** Pods are read as rows, if they can be: their JSON is not gathered. */
  #arePodsApart = false;
  /** Of a pod that is an object all the same: its JSON was not gathered. */
  #isApart = false;
  /** JSON of a batch of records, to be parsed at once: that is several times as fast as value by value. */
  #json = new Uint8Array(2 ** 16);
  #jsonLength = 0;
  /** Of each value in it: the number that it is interned as, or -1. */
  #numbers: number[] = [];
  /** The values that are not interned, in the order of their events; `undefined` when each has to be parsed by itself. */
  #parsed: unknown[] | undefined;
  #nextParsed = 0;

  constructor(core: ScannerCore) {
    this.#core = core;
  }

  /**
   * Call it before the records of a scan are built, each once and in their order.
   *
   * @param words - how many of `records` are used
   * @param arePods - by header: which records are pods that are read as rows, where they can be
   */
  take(words: number, textLength: number, arePods?: (header: number) => boolean): void {
    this.#text = undefined;
    this.#textLength = textLength;
    this.#arePodsApart = arePods !== undefined;
    this.#gather(words, arePods);
    this.#parseGathered();
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
  build(at: number, header: Header): Fields | undefined {
    const first = at + record.size;
    const last = first + (this.#core.records[at + record.events] as number) * event.size;
    this.#isApart = header.isPod && this.#arePodsApart;
    if (header.isPod) return this.#pod(first, last, header);
    const { apiVersion, kind } = header;
    const object: Fields = apiVersion === undefined ? {} : { apiVersion, kind };
    const isWhole = this.#fill(object, first, last);
    return isWhole ? object : undefined;
  }

  /** A pod: its fields have places of their own, and need no objects to be looked up in. */
  #pod(first: number, last: number, { apiVersion, kind }: Header): Fields {
    const { records } = this.#core;
    const pod = new PodFields();
    for (let next = first; next < last; next += event.size) {
      const field = records[next + event.field] as number;
      if (field === event.close) continue;
      const number = records[next + event.value] as number;
      if (number === noted.list && !pod.isAddresses(field)) {
        // A list of containers that no pod had before.
        const list: unknown[] = [];
        const start = records[next + event.start] as number;
        if (start >= 0) this.#values[start] = list;
        const after = this.#behind(next);
        this.#fill(list, next + event.size, after - event.size);
        pod.set(field, list);
        next = after - event.size;
      } else if (number === noted.object || number === noted.list) pod.open(field);
      else pod.set(field, this.#value(next, number));
    }
    return pod.object(apiVersion, kind);
  }

  /** Where the events behind an object or list begin that itself begins at `at`. */
  #behind(at: number): number {
    const { records } = this.#core;
    let depth = 0;
    let next = at;
    do {
      const number = records[next + event.value] as number;
      if (records[next + event.field] === event.close) depth--;
      else if (number === noted.object || number === noted.list) depth++;
      next += event.size;
    } while (depth > 0);
    return next;
  }

  /** Puts what the events say into an object or list; `false` when the object has to be read as a whole. */
  #fill(target: Fields | unknown[], first: number, last: number): boolean {
    const { records } = this.#core;
    const open: (Fields | unknown[])[] = [];
    let into = target;
    let isWhole = true;
    for (let next = first; next < last; next += event.size) {
      const field = records[next + event.field] as number;
      if (field === event.close) {
        into = open.pop() ?? target;
        continue;
      }
      const number = records[next + event.value] as number;
      if (field === annotationField) {
        const start = records[next + event.start] as number;
        // The values behind it are gone through all the same: what was parsed for the next object comes after them.
        if (!this.#isGoodKey(number, start, records[next + event.length] as number)) isWhole = false;
        continue;
      }
      let value: unknown;
      if (number === noted.list) {
        value = [];
        const start = records[next + event.start] as number;
        if (start >= 0) this.#values[start] = value;
      } else value = number === noted.object ? {} : this.#value(next, number);
      if (field === event.element) (into as unknown[]).push(value);
      else (into as Fields)[program.keys[field] as string] = value;
      if (number === noted.list || number === noted.object) {
        open.push(into);
        into = value as Fields | unknown[];
      }
    }
    return isWhole;
  }

  #value(at: number, number: number): unknown {
    const { records } = this.#core;
    if (number >= 0) {
      const known = this.#values[number];
      if (known !== undefined) return known;
      const value = this.#parse(records[at + event.start] as number, records[at + event.length] as number);
      this.#values[number] = value;
      return value;
    }
    const start = records[at + event.start] as number;
    const length = records[at + event.length] as number;
    if (number === noted.text) {
      this.#text ??= this.#decoder.decode(this.#core.text.subarray(0, this.#textLength));
      return this.#text.slice(start, start + length);
    }
    if (number === noted.present) return somePresentText;
    return this.#parsed === undefined || this.#isApart
      ? this.#parse(start, length)
      : this.#parsed[this.#nextParsed++];
  }

  /** Gathers the JSON that is new in these records. */
  #gather(words: number, arePods: ((header: number) => boolean) | undefined): void {
    const { records } = this.#core;
    this.#jsonLength = 0;
    this.#numbers = [];
    for (let at = 0; at < words;) {
      const first = at + record.size;
      const last = first + (records[at + record.events] as number) * event.size;
      const isApart = arePods?.(records[at + record.header] as number) === true;
      for (let next = isApart ? last : first; next < last; next += event.size) {
        const number = records[next + event.value] as number;
        if (number < noted.json) continue;
        const field = records[next + event.field] as number;
        if (field === event.close || field === annotationField) continue;
        if (number >= 0) {
          if (this.#values[number] !== undefined) continue;
          this.#values[number] = pending;
        }
        this.#put(records[next + event.start] as number, records[next + event.length] as number);
        this.#numbers.push(number);
      }
      at = last;
    }
  }

  #put(start: number, length: number): void {
    if (this.#jsonLength + length + 2 > this.#json.length) {
      const larger = new Uint8Array((this.#jsonLength + length) * 2);
      larger.set(this.#json.subarray(0, this.#jsonLength));
      this.#json = larger;
    }
    this.#json[this.#jsonLength] = this.#jsonLength === 0 ? 0x5b : 0x2c;
    this.#json.set(this.#core.window.subarray(start, start + length), this.#jsonLength + 1);
    this.#jsonLength += length + 1;
  }

  /**
   * Parses what was gathered as one list. Each piece has as many brackets that open as close, and ends outside of
   * strings, so when the list is JSON, it has exactly these elements.
   */
  #parseGathered(): void {
    this.#nextParsed = 0;
    this.#parsed = [];
    const numbers = this.#numbers;
    if (numbers.length === 0) return;
    this.#json[this.#jsonLength] = 0x5d;
    let values: readonly unknown[] = [];
    try {
      values = parseJson(this.#decoder.decode(this.#json.subarray(0, this.#jsonLength + 1))) as unknown[];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    const isGood = values.length === numbers.length;
    if (!isGood) this.#parsed = undefined;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] as number;
      if (number >= 0) this.#values[number] = isGood ? values[i] : undefined;
      else if (isGood) this.#parsed?.push(values[i]);
    }
  }

  #parse(start: number, length: number): unknown {
    return parseJson(this.decode(start, start + length));
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
