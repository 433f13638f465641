import type { Path } from '../../../model/index.ts';
import { plainValue } from '../schema.ts';
import { keyText } from '../value.ts';
import type { ItemStarts } from './parser.ts';
import { unescape } from './scalars.ts';

const feed = 10;
const carriage = 13;
const space = 32;
const doubleQuote = 34;
const hash = 35;
const singleQuote = 39;
const dash = 45;
const colon = 58;
const openBracket = 91;
const openBrace = 123;

/** Entries at least this long are passed over once and remembered (UTF-16 code units): of each level, few to the size of the text. */
const rememberFrom = 2 ** 7;

/** A part of a document. Offsets count in the text; -1 where there is nothing. */
export interface Spot {
  /** `empty`: a key or dash with nothing behind it. */
  readonly kind: 'mapping' | 'sequence' | 'flow' | 'scalar' | 'empty';
  /** Where the value starts; of an empty one where it would. */
  readonly value: number;
  /** Where its key starts; -1 for items of sequences and the whole document. */
  readonly key: number;
  /** Of a block collection its column, of everything else the column of the collection that it is in. */
  readonly column: number;
  /** Where the line starts behind the last that can belong to the value. */
  readonly end: number;
}

/** A key as it is in the value, and the offset behind its colon. */
interface Key {
  readonly name: string;
  readonly end: number;
}

/** What was found, and the steps into it that are not block style. */
export interface Found {
  readonly spot: Spot;
  readonly rest: Path;
}

/**
 * Finds the parts of a document that `BlockParser` reads, by the indentation of its lines: what stands in other lines
 * is passed over, so a place in a document of megabytes takes microseconds.
 */
export class BlockPlaces {
  readonly #text: string;
  readonly #start: number;
  readonly #end: number;
  readonly #items: ItemStarts | undefined;
  #root: Spot | undefined;
  /** By start of a long entry, where the next of its collection starts: many rules of one policy are asked about. */
  readonly #next = new Map<number, number>();

  /**
   * @param start - of a document for which `BlockParser` has a value
   * @param items - what it said about the items
   */
  constructor(text: string, start: number, end: number, items: ItemStarts | undefined) {
    this.#text = text;
    this.#start = start;
    this.#end = end;
    this.#items = items;
  }

  /** The value at `path`, or its nearest ancestor that exists. `undefined`: only `yaml` knows. */
  find(path: Path): Found | undefined {
    let spot = this.#document();
    for (const [index, step] of path.entries()) {
      if (spot === undefined) return undefined;
      if (spot.kind === 'flow') return { spot, rest: path.slice(index) };
      const isSequence = spot.kind === 'sequence';
      if (isSequence !== (typeof step === 'number') || (!isSequence && spot.kind !== 'mapping')) break;
      const child: Spot | 'none' | undefined =
        typeof step === 'number' ? this.#item(spot, step) : this.#member(spot, step);
      if (child === 'none') break;
      spot = child;
    }
    return spot === undefined ? undefined : { spot, rest: [] };
  }

  /** An offset in the last line of what belongs to the value, no comments and blank lines. `undefined`: only `yaml` knows. */
  lastOf(spot: Spot): number | undefined {
    let at: Spot | undefined = spot;
    for (;;) {
      if (at === undefined) return undefined;
      switch (at.kind) {
        case 'mapping':
        case 'sequence':
          at = this.#last(at);
          break;
        case 'empty':
          return at.key === -1 ? at.value - 1 : at.key;
        case 'flow':
          // It has one line.
          return at.value;
        case 'scalar':
          return this.#lastOfScalar(at);
        default:
          return at.kind satisfies never;
      }
    }
  }

  #document(): Spot | undefined {
    if (this.#root !== undefined) return this.#root;
    let line = this.#nextLine(this.#start, this.#end);
    if (line !== -1 && this.#text.startsWith('---', line)) {
      line = this.#nextLine(this.#behindLine(line), this.#end);
    }
    this.#root = line === -1 ? undefined : this.#block(line, -1, this.#end);
    return this.#root;
  }

  /** A block collection whose first line starts at `line`. */
  #block(line: number, key: number, end: number): Spot {
    const column = this.#indentOf(line);
    const value = line + column;
    const kind = this.#isDash(value) ? 'sequence' : 'mapping';
    return { kind, value, key, column, end };
  }

  #member(mapping: Spot, step: string): Spot | 'none' | undefined {
    for (let entry = mapping.value; entry !== -1;) {
      const key = this.#keyAt(entry);
      if (key === undefined) return undefined;
      if (key.name === step) return this.#valueOf(entry, key, mapping);
      entry = this.#nextEntry(entry, mapping, false, key.name);
    }
    return 'none';
  }

  #item(sequence: Spot, index: number): Spot | 'none' | undefined {
    const items = this.#itemsOf(sequence);
    if (items !== undefined) {
      const line = items.offsets[index];
      return line === undefined ? 'none' : this.#itemAt(line + sequence.column, sequence);
    }
    let entry = sequence.value;
    for (let i = 0; i < index && entry !== -1; i++) entry = this.#nextEntry(entry, sequence, true);
    return entry === -1 ? 'none' : this.#itemAt(entry, sequence);
  }

  /** Where the items of a sequence start, for the one of which that is known: not for a sequence that is its first item. */
  #itemsOf({ kind, value }: Spot): ItemStarts | undefined {
    const [first] = this.#items?.offsets ?? [];
    if (kind !== 'sequence' || first === undefined) return undefined;
    return value === first + this.#indentOf(first) ? this.#items : undefined;
  }

  #last(collection: Spot): Spot | undefined {
    const isSequence = collection.kind === 'sequence';
    let last = collection.value;
    const items = this.#itemsOf(collection);
    if (items !== undefined) {
      last = (items.offsets.at(-1) as number) + collection.column;
    } else {
      for (let entry = last; entry !== -1;) {
        last = entry;
        const name = collection === this.#root && !isSequence ? this.#keyAt(entry)?.name : undefined;
        entry = this.#nextEntry(entry, collection, isSequence, name);
      }
    }
    if (isSequence) return this.#itemAt(last, collection);
    const key = this.#keyAt(last);
    return key === undefined ? undefined : this.#valueOf(last, key, collection);
  }

  /** The entry behind the one at `entry` in the same collection; -1 when it is the last. */
  #nextEntry(entry: number, collection: Spot, isSequence: boolean, name?: string): number {
    const known = this.#next.get(entry);
    if (known !== undefined) return known;
    const next = this.#findNextEntry(entry, collection, isSequence, name);
    // What is an entry, and of which collection, is told by where it starts.
    if ((next === -1 ? collection.end : next) - entry >= rememberFrom) this.#next.set(entry, next);
    return next;
  }

  #findNextEntry(entry: number, collection: Spot, isSequence: boolean, name: string | undefined): number {
    let from = this.#behindLine(entry);
    // The items of a list of megabytes are known, and none of them is looked at.
    if (name === 'items' && collection === this.#root && this.#items !== undefined) from = this.#items.end;
    for (let line = this.#nextLine(from, collection.end); line !== -1;) {
      const indent = this.#indentOf(line);
      if (indent < collection.column) return -1;
      if (indent === collection.column) {
        const at = line + indent;
        const isDash = this.#isDash(at);
        if (isDash === isSequence) return this.#isEndMarker(at, indent) ? -1 : at;
        // Behind a sequence in the column of its key comes the next key.
        if (isSequence) return -1;
      }
      line = this.#nextLine(this.#behindLine(line), collection.end);
    }
    return -1;
  }

  /** The value of the entry at `key`. */
  #valueOf(key: number, { name, end: from }: Key, mapping: Spot): Spot {
    const { column } = mapping;
    const next = this.#nextEntry(key, mapping, false, name);
    const end = next === -1 ? mapping.end : next - column;
    const at = this.#behindBlanks(from);
    if (!this.#endsLine(at)) return this.#inline(at, key, column, end);
    const line = this.#nextLine(this.#behindLine(at), end);
    const indent = line === -1 ? -1 : this.#indentOf(line);
    if (indent > column || (indent === column && this.#isDash(line + indent)))
      return this.#block(line, key, end);
    return { kind: 'empty', value: at, key, column, end };
  }

  /** The value behind the dash at `entry`. */
  #itemAt(entry: number, sequence: Spot): Spot {
    const { column } = sequence;
    const next = this.#nextEntry(entry, sequence, true);
    const end = next === -1 ? sequence.end : next - column;
    const at = this.#behindBlanks(entry + 1);
    if (this.#endsLine(at)) {
      const line = this.#nextLine(this.#behindLine(at), end);
      if (line !== -1 && this.#indentOf(line) > column) return this.#block(line, -1, end);
      return { kind: 'empty', value: at, key: -1, column, end };
    }
    const inner = column + at - entry;
    if (this.#isDash(at)) return { kind: 'sequence', value: at, key: -1, column: inner, end };
    const first = this.#text.charCodeAt(at);
    if (first !== openBracket && first !== openBrace && this.#keyAt(at) !== undefined)
      return { kind: 'mapping', value: at, key: -1, column: inner, end };
    return this.#inline(at, -1, column, end);
  }

  #inline(value: number, key: number, column: number, end: number): Spot {
    const first = this.#text.charCodeAt(value);
    const kind = first === openBracket || first === openBrace ? 'flow' : 'scalar';
    return { kind, value, key, column, end };
  }

  /** The key that starts at `at`, and the offset behind its colon; `undefined` when there is no colon on the line. */
  #keyAt(at: number): Key | undefined {
    const text = this.#text;
    const first = text.charCodeAt(at);
    if (first === doubleQuote || first === singleQuote) {
      const end = this.#quoteEnd(at, first);
      if (text.charCodeAt(end) !== colon || text.slice(at, end).includes('\n')) return undefined;
      const inside = text.slice(at + 1, end - 1);
      const name = first === singleQuote ? inside.replaceAll("''", "'") : unescape(inside);
      return name === undefined ? undefined : { name, end: end + 1 };
    }
    for (let end = at; end < this.#end; end++) {
      const code = text.charCodeAt(end);
      if (code === feed || (code === hash && text.charCodeAt(end - 1) === space)) return undefined;
      if (code !== colon || !this.#isBlank(end + 1)) continue;
      const written = text.slice(at, end);
      const value = plainValue(written);
      const name = value === undefined ? written : keyText(value, written);
      return name === undefined ? undefined : { name, end: end + 1 };
    }
    return undefined;
  }

  #lastOfScalar({ value, end, column }: Spot): number {
    const text = this.#text;
    const first = text.charCodeAt(value);
    if (first === doubleQuote || first === singleQuote) return this.#quoteEnd(value, first) - 1;
    if (first === 124 || first === 62) {
      let last = value;
      let indent = -1;
      for (let line = this.#behindLine(value); line < end; line = this.#behindLine(line)) {
        const width = this.#indentOf(line);
        if (this.#endsLine(line + width) && text.charCodeAt(line + width) !== hash) continue;
        if (indent === -1) indent = width;
        if (width < indent) break;
        last = this.#behindLine(line) - 1;
      }
      while (last > value && isWhite(text.charCodeAt(last))) last--;
      return last;
    }
    let last = this.#lastOfPlainLine(value);
    for (let line = this.#behindLine(value); line < end; line = this.#behindLine(line)) {
      const width = this.#indentOf(line);
      const code = text.charCodeAt(line + width);
      if (code === feed || code === carriage) continue;
      if (width <= column || code === hash || line + width >= end) break;
      last = this.#lastOfPlainLine(line + width);
    }
    return last;
  }

  #lastOfPlainLine(from: number): number {
    const text = this.#text;
    let last = from;
    for (let at = from; at < this.#end; at++) {
      const code = text.charCodeAt(at);
      if (code === feed || (code === hash && at > from && text.charCodeAt(at - 1) === space)) break;
      if (code !== space && code !== carriage) last = at;
    }
    return last;
  }

  /** Behind the quote that closes the scalar at `start`. */
  #quoteEnd(start: number, quote: number): number {
    const text = this.#text;
    for (let at = start + 1; at < this.#end; at++) {
      const code = text.charCodeAt(at);
      if (code === 92 && quote === doubleQuote) at++;
      else if (code === quote) {
        if (quote === doubleQuote || text.charCodeAt(at + 1) !== quote) return at + 1;
        at++;
      }
    }
    return this.#end;
  }

  #isDash(at: number): boolean {
    return this.#text.charCodeAt(at) === dash && this.#isBlank(at + 1);
  }

  #isEndMarker(at: number, indent: number): boolean {
    return indent === 0 && this.#text.startsWith('...', at) && this.#isBlank(at + 3);
  }

  #isBlank(at: number): boolean {
    return at >= this.#end || isWhite(this.#text.charCodeAt(at));
  }

  #behindBlanks(from: number): number {
    let at = from;
    while (this.#text.charCodeAt(at) === space) at++;
    return at;
  }

  /** Whether a line ends at `at`, or a comment starts there that ends it. */
  #endsLine(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    return at >= this.#end || code === feed || code === carriage || code === hash;
  }

  #behindLine(at: number): number {
    const next = this.#text.indexOf('\n', at);
    return next === -1 || next >= this.#end ? this.#end : next + 1;
  }

  #indentOf(line: number): number {
    return this.#behindBlanks(line) - line;
  }

  /** The first line from `line` to `end` with more than blanks and a comment; -1 when there is none. */
  #nextLine(line: number, end: number): number {
    for (let next = line; next < end; next = this.#behindLine(next)) {
      if (!this.#endsLine(this.#behindBlanks(next))) return next;
    }
    return -1;
  }
}

function isWhite(code: number): boolean {
  return code === space || code === feed || code === carriage;
}
