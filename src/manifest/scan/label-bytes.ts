import type { LabelSets } from '../../model/index.ts';
import { isLabelKey } from '../validate/index.ts';
import { skipBlanks } from './bytes.ts';

const quote = 0x22;
const colon = 0x3a;
const comma = 0x2c;
const longestValue = 63;
/** Pods with more labels are read like any object. */
const mostLabels = 64;

/** By byte: 1 for letters and digits, 2 for what else may stand in the value of a label, 3 for what may in a key. */
const sorts = new Uint8Array(256);
for (const [sort, bytes] of [
  [1, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'],
  [2, '-_.'],
  [3, '/'],
] as const)
  for (const byte of bytes) sorts[byte.charCodeAt(0)] = sort;

/** Longer keys are looked up each time. */
const longestRemembered = 64;
const notRemembered = 255;

/** Reads labels of JSON as it stands in bytes: a text is made of a key once, and of a value not at all. */
export class LabelBytes {
  readonly #labels: LabelSets;
  readonly #none: number;
  /** Keys and values in turn, by number: those that were read last at this place, and their bytes. */
  readonly #pairs = new Int32Array(mostLabels * 2);
  readonly #bytes = new Uint8Array(mostLabels * 2 * longestRemembered);
  readonly #lengths = new Uint8Array(mostLabels * 2).fill(notRemembered);
  /** The labels that were read last, and how long they are in `#pairs`; -1 when something there is not theirs. */
  #set = -1;
  #length = 0;
  /** By number of a key: 1 for a good one, 2 for others; 0 where it is not known. */
  #areGood = new Uint8Array(64);

  /** @param none - the number of no labels */
  constructor(labels: LabelSets, none: number) {
    this.#labels = labels;
    this.#none = none;
  }

  /**
   * The number of the labels from `start` to before `end`; -1 for anything but good labels, plainly written.
   *
   * Pods of one workload mostly follow each other and have the same keys, and most of their values: what stands at the
   * same place as before is compared with it, and only what differs is looked up.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    const before = this.#set;
    this.#set = -1;
    const last = end - 1;
    if (bytes[start] !== 0x7b || bytes[last] !== 0x7d) return -1;
    const pairs = this.#pairs;
    let length = 0;
    let areSame = true;
    let areKeysSame = true;
    let at = skipBlanks(bytes, start + 1);
    if (at === last) return this.#none;
    for (;;) {
      if (bytes[at] !== quote || length === pairs.length) return -1;
      const keyAt = at + 1;
      at = this.#behindRemembered(length, bytes, keyAt);
      if (at < 0) {
        areKeysSame = false;
        at = keyAt;
        while (sorts[bytes[at]!] !== 0) at++;
        if (bytes[at] !== quote) return -1;
        const key = this.#key(bytes, keyAt, at);
        if (key < 0) return -1;
        this.#remember(length, key, bytes, keyAt, at);
        // The value that stood here was that of another key.
        this.#lengths[length + 1] = notRemembered;
      }
      at = skipBlanks(bytes, at + 1);
      if (bytes[at] !== colon) return -1;
      at = skipBlanks(bytes, at + 1);
      if (bytes[at] !== quote) return -1;
      const valueAt = at + 1;
      at = this.#behindRemembered(length + 1, bytes, valueAt);
      if (at < 0) {
        areSame = false;
        at = valueAt;
        while ((sorts[bytes[at]!]! - 1) >>> 0 < 2) at++;
        if (bytes[at] !== quote || at - valueAt > longestValue) return -1;
        if (at > valueAt && (sorts[bytes[valueAt]!] !== 1 || sorts[bytes[at - 1]!] !== 1)) return -1;
        const value = this.#labels.values.internAscii(pairs[length]!, bytes, valueAt, at);
        this.#remember(length + 1, value, bytes, valueAt, at);
      }
      length += 2;
      at = skipBlanks(bytes, at + 1);
      if (at === last) break;
      if (bytes[at] !== comma || at > last) return -1;
      at = skipBlanks(bytes, at + 1);
    }
    const isKnown = before >= 0 && areKeysSame && length <= this.#length;
    if (isKnown && areSame && length === this.#length) return (this.#set = before);
    if (!isKnown && hasTwice(pairs, length)) return -1;
    this.#length = length;
    return (this.#set = this.#labels.add(pairs, length));
  }

  /** Where the string that begins behind `start` ends, if it stood at this place before: then `#pairs` has its number; else -1. */
  #behindRemembered(place: number, bytes: Uint8Array, start: number): number {
    const length = this.#lengths[place]!;
    // The last byte differs most often.
    if (length === notRemembered || bytes[start + length] !== quote) return -1;
    const remembered = this.#bytes;
    const own = place * longestRemembered;
    for (let i = length - 1; i >= 0; i--) if (remembered[own + i] !== bytes[start + i]) return -1;
    return start + length;
  }

  #remember(place: number, number: number, bytes: Uint8Array, start: number, end: number): void {
    this.#pairs[place] = number;
    if (end - start > longestRemembered) {
      this.#lengths[place] = notRemembered;
      return;
    }
    this.#lengths[place] = end - start;
    const remembered = this.#bytes;
    let own = place * longestRemembered;
    for (let i = start; i < end; i++) remembered[own++] = bytes[i]!;
  }

  /** The number of a key; -1 for one that is not good, or that does not keep its place in an object. */
  #key(bytes: Uint8Array, start: number, end: number): number {
    const { keys } = this.#labels;
    const key = keys.internAscii(0, bytes, start, end);
    if (key >= this.#areGood.length) {
      const larger = new Uint8Array(key * 2);
      larger.set(this.#areGood);
      this.#areGood = larger;
    }
    if (this.#areGood[key] === 0) {
      const text = keys.text(key);
      this.#areGood[key] = isLabelKey(text) && !/^\d+$/.test(text) ? 1 : 2;
    }
    return this.#areGood[key] === 1 ? key : -1;
  }
}

/** Whether a key stands twice: the last value would count. */
function hasTwice(pairs: Int32Array, length: number): boolean {
  for (let i = 2; i < length; i += 2) {
    for (let j = 0; j < i; j += 2) if (pairs[i] === pairs[j]) return true;
  }
  return false;
}
