import { plainValue } from '../schema.ts';
import { keyText } from '../value.ts';
import { charClass, numeric, odd, plainInside, plainStart, resolvable } from './characters.ts';
import { foldBlock, foldFlow, unescape } from './scalars.ts';

/** Thrown, and caught by `parse`: the document has something that is not of the subset. One object: it has no news. */
class Unknown extends Error {}
const unknown = new Unknown('not of the block subset');

function leave(): never {
  throw unknown;
}

/** Deeper documents are left to `yaml`, which has the limit that podwall states. */
const deepest = 100;

/** Implicit keys may have 1024 characters, https://yaml.org/spec/1.2.2/#824-compact-block-collections */
const longestKey = 1000;

/** How many keys are remembered; a power of two. */
const internSize = 4096;

/**
 * Keys that stood somewhere before, by a hash of their letters: what is in here needs no new string, and is found among
 * the keys of an object at once. V8 keeps keys of objects apart from the texts that they were cut out of.
 */
const seenKeys: string[] = Array.from({ length: internSize }, () => '');

const feed = 10;
const carriage = 13;
const space = 32;
const doubleQuote = 34;
const hash = 35;
const singleQuote = 39;
const comma = 44;
const dash = 45;
const point = 46;
const colon = 58;
const openBracket = 91;
const closeBracket = 93;
const greater = 62;
const pipe = 124;
const openBrace = 123;
const closeBrace = 125;

/** Where the items of the list under a top-level `items:` stand. */
export interface ItemStarts {
  /** Offsets of the lines that start with the dashes of the items. */
  readonly offsets: readonly number[];
  /** Offset of the line behind the last item, or of the end of the document. */
  readonly end: number;
}

/** A document of the subset. */
export interface Parsed {
  readonly value: unknown;
  /** Only of a mapping that has a block sequence as `items`. */
  readonly items: ItemStarts | undefined;
}

/**
 * Reads the documents of one text that keep to a subset of YAML: the block mappings and sequences that people and
 * `kubectl` write. What it reads, it reads as `compose` and `toValue` do, only faster; of anything it does not know it
 * says so, and never guesses.
 *
 * The subset: mappings and sequences in block style, one-line collections in flow style, plain and quoted scalars,
 * block scalars, comments, document markers. Not in it: anchors, aliases, tags, merge keys, explicit keys,
 * directives, tabs for indentation, duplicate keys, and every mistake.
 */
export class BlockParser {
  readonly #text: string;
  /** Whether no part of the text has a character that would need `yaml`. */
  readonly #clean: boolean;
  #end = 0;
  /** The first character of the current line that is no blank; set by `#toContent`. */
  #at = 0;
  /** The column of that character from 0; -1 at the end of the document. */
  #indent = -1;
  #depth = 0;
  #itemOffsets: number[] | undefined;
  #itemsEnd = 0;

  /** @param text - as `readText` has it: without byte order mark */
  constructor(text: string) {
    this.#text = text;
    this.#clean = !odd.test(text);
  }

  /**
   * The value of the document from `start` to `end`, as `splitDocuments` cuts it.
   *
   * @returns `undefined` when `yaml` has to read it
   */
  parse(start: number, end: number): Parsed | undefined {
    if (!this.#clean && odd.test(this.#text.slice(start, end))) return undefined;
    this.#end = end;
    this.#depth = 0;
    this.#itemOffsets = undefined;
    try {
      const value = this.#document(start);
      const offsets = this.#itemOffsets as number[] | undefined;
      return { value, items: offsets === undefined ? undefined : { offsets, end: this.#itemsEnd } };
    } catch (error) {
      if (error === unknown) return undefined;
      throw error;
    }
  }

  #document(start: number): unknown {
    this.#toContent(start);
    if (this.#indent === 0 && this.#text.startsWith('---', this.#at) && this.#isBlank(this.#at + 3))
      this.#endLine(this.#at + 3);
    if (this.#indent === -1) leave();
    const value = this.#block(this.#indent, true);
    if (this.#indent !== -1) leave();
    return value;
  }

  /** A mapping or sequence that starts a line in column `column`. */
  #block(column: number, root: boolean): unknown {
    return this.#isDash(this.#at) ? this.#sequence(column) : this.#mapping(column, root);
  }

  #mapping(column: number, root: boolean): Record<string, unknown> {
    if (++this.#depth > deepest) leave();
    const object: Record<string, unknown> = {};
    do {
      const key = this.#key();
      // What every object has, `constructor` and its like, is left to `yaml`, too.
      if (object[key] !== undefined) leave();
      object[key] = this.#valueOf(column, root && key === 'items');
    } while (this.#indent === column);
    if (this.#indent > column) leave();
    this.#depth--;
    return object;
  }

  /** The value behind a colon, where `#at` stands. */
  #valueOf(column: number, items: boolean): unknown {
    const text = this.#text;
    let at = this.#at;
    while (text.charCodeAt(at) === space) at++;
    if (!this.#isLineEnd(at)) return this.#inline(at, column);
    this.#endLine(at);
    if (this.#indent > column) {
      if (items && this.#isDash(this.#at)) return this.#sequence(this.#indent, (this.#itemOffsets = []));
      return this.#block(this.#indent, false);
    }
    if (this.#indent === column && this.#isDash(this.#at))
      return this.#sequence(column, items ? (this.#itemOffsets = []) : undefined);
    return null;
  }

  #sequence(column: number, offsets?: number[]): unknown[] {
    if (++this.#depth > deepest) leave();
    const text = this.#text;
    const list: unknown[] = [];
    do {
      offsets?.push(this.#at - column);
      let at = this.#at + 1;
      while (text.charCodeAt(at) === space) at++;
      if (this.#isLineEnd(at)) {
        this.#endLine(at);
        list.push(this.#indent > column ? this.#block(this.#indent, false) : null);
      } else {
        const inner = column + at - this.#at;
        if (this.#isDash(at)) {
          this.#at = at;
          list.push(this.#sequence(inner));
        } else if (this.#isKey(at)) {
          this.#at = at;
          list.push(this.#mapping(inner, false));
        } else list.push(this.#inline(at, column));
      }
    } while (this.#indent === column && this.#isDash(this.#at));
    if (this.#indent > column) leave();
    if (offsets !== undefined) this.#itemsEnd = this.#indent === -1 ? this.#end : this.#at - this.#indent;
    this.#depth--;
    return list;
  }

  /** Whether a key stands at `at`, and not a scalar: whether a colon follows on the line. */
  #isKey(at: number): boolean {
    const text = this.#text;
    const first = text.charCodeAt(at);
    if (first === doubleQuote || first === singleQuote) {
      const end = this.#quoteEnd(at, first);
      return end !== -1 && text.charCodeAt(end) === colon;
    }
    for (let i = at; i < this.#end; i++) {
      const code = text.charCodeAt(i);
      if (code === feed) return false;
      if (code === colon && this.#isBlank(i + 1)) return true;
      if (code === hash && text.charCodeAt(i - 1) === space) return false;
      // Brackets belong to a flow collection, whose own colons are no concern here.
      if (i === at && (code === openBracket || code === openBrace || code === pipe || code === greater))
        return false;
    }
    return false;
  }

  /** Reads the key at `#at`, and leaves that behind its colon. */
  #key(): string {
    const text = this.#text;
    const start = this.#at;
    const first = text.charCodeAt(start);
    if (first === doubleQuote || first === singleQuote) {
      const end = this.#quoteEnd(start, first);
      if (end === -1 || end - start > longestKey || text.charCodeAt(end) !== colon) leave();
      if (!this.#isBlank(end + 1)) leave();
      this.#at = end + 1;
      return this.#quoted(start, end);
    }
    const firstClass = first < 128 ? (charClass[first] as number) : 0;
    // A merge key starts so; everything else with this character is rare.
    if ((firstClass & plainStart) === 0 || text.startsWith('<<', start)) leave();
    let end = start + 1;
    let sum = first;
    for (; ; end++) {
      const code = text.charCodeAt(end);
      if (code === colon) {
        if (this.#isBlank(end + 1)) break;
      } else if (code === space) {
        // A blank inside; before the colon it is rare, and behind it could come a comment.
        const next = text.charCodeAt(end + 1);
        if (next >= 128 || ((charClass[next] as number) & plainStart) === 0) leave();
      } else if (code >= 128 || ((charClass[code] as number) & plainInside) === 0) leave();
      sum = (Math.imul(sum, 31) + code) | 0;
    }
    if (end >= this.#end || end - start > longestKey) leave();
    this.#at = end + 1;
    const key = this.#intern(start, end, sum);
    if ((firstClass & resolvable) === 0) return key;
    // Letters that are more than any word for a truth value or null has.
    if (first > colon && end - start > 5) return key;
    const value = plainValue(key);
    return value === undefined ? key : (keyText(value, key) ?? leave());
  }

  /** A key as it is written; the same string each time, as long as it is remembered. */
  #intern(start: number, end: number, sum: number): string {
    const slot = (sum ^ (sum >>> 15)) & (internSize - 1);
    const known = seenKeys[slot] as string;
    if (known.length === end - start && this.#text.startsWith(known, start)) return known;
    return (seenKeys[slot] = this.#text.slice(start, end));
  }

  /**
   * A scalar or flow collection that stands behind a key or a dash at `at`, and moves to the next line.
   *
   * @param column - of the collection that it is in
   */
  #inline(at: number, column: number): unknown {
    const first = this.#text.charCodeAt(at);
    switch (first) {
      case doubleQuote:
      case singleQuote: {
        const end = this.#quoteEnd(at, first);
        if (end === -1) return this.#quotedLines(at, first, column);
        const value = this.#quoted(at, end);
        this.#endLine(end);
        return value;
      }
      case pipe:
      case greater:
        return this.#blockScalar(at, column);
      case openBracket:
      case openBrace: {
        this.#at = at;
        const value = this.#flow();
        this.#endLine(this.#at);
        return value;
      }
      default:
        return this.#plain(at, column);
    }
  }

  #plain(start: number, column: number): unknown {
    const text = this.#text;
    const first = text.charCodeAt(start);
    const firstClass = first < 128 ? (charClass[first] as number) : plainStart;
    if ((firstClass & plainStart) === 0) {
      // A dash or a colon with something behind it: `--flag`, `:8080`.
      if (first !== dash && first !== colon) leave();
      if (this.#isBlank(start + 1)) leave();
    }
    const end = this.#plainLineEnd(start);
    const at = this.#at;
    this.#endLine(at);
    if (this.#indent > column) return this.#plainLines(start, at, column);
    return this.#resolve(start, end, firstClass);
  }

  /** Behind the last character of the line that belongs to a plain scalar; sets `#at` to what ended it. */
  #plainLineEnd(start: number): number {
    const text = this.#text;
    const limit = this.#end;
    let last = start;
    let at = start + 1;
    for (; at < limit; at++) {
      const code = text.charCodeAt(at);
      if (code > colon) last = at;
      else if (code === space) {
        if (text.charCodeAt(at + 1) === hash) break;
      } else if (code === colon) {
        if (this.#isBlank(at + 1)) leave();
        last = at;
      } else if (code > space) last = at;
      else break;
    }
    this.#at = at;
    return last + 1;
  }

  /** A plain scalar that goes on in the next lines: on each that is indented more than `column`, blank ones between. */
  #plainLines(start: number, firstEnd: number, column: number): string {
    const text = this.#text;
    let end = firstEnd;
    for (let line = this.#lineFeed(firstEnd); line !== -1; line = this.#lineFeed(this.#at)) {
      this.#toLine(line);
      // A comment ends the scalar, and more of it behind is a mistake.
      if (this.#indent <= column || text.charCodeAt(this.#at) === hash) break;
      if (text.charCodeAt(this.#at) === colon && this.#isBlank(this.#at + 1)) leave();
      end = this.#plainLineEnd(this.#at);
    }
    this.#endLine(end);
    if (this.#indent > column) leave();
    const value = foldFlow(text.slice(start, end));
    // None of several words is a number or a truth value.
    return value;
  }

  /** The value of a plain scalar of one line. */
  #resolve(start: number, end: number, firstClass: number): unknown {
    const text = this.#text;
    const first = text.charCodeAt(start);
    if ((firstClass & resolvable) === 0) return text.slice(start, end);
    if ((charClass[first] as number) & numeric && first < colon) {
      // Small integers without a sign, and what cannot be a number by one of its characters.
      let value = 0;
      let decimal = end - start <= 9 && (first !== 48 || end - start === 1);
      for (let at = start; at < end; at++) {
        const code = text.charCodeAt(at);
        if (code >= 48 && code <= 57) value = value * 10 + code - 48;
        else if (code < 128 && ((charClass[code] as number) & numeric) !== 0) decimal = false;
        else return text.slice(start, end);
      }
      if (decimal) return value;
    } else if (end - start > 5) return text.slice(start, end);
    const source = text.slice(start, end);
    const value = plainValue(source);
    if (value === undefined) return source;
    // JSON has no such numbers; `toValue` says so.
    if (typeof value === 'number' && !Number.isFinite(value)) leave();
    return value;
  }

  /** Behind the quote that closes the scalar at `start` on the same line; -1 when there is none. */
  #quoteEnd(start: number, quote: number): number {
    const text = this.#text;
    for (let at = start + 1; at < this.#end; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (quote === doubleQuote || text.charCodeAt(at + 1) !== quote) return at + 1;
        at++;
      } else if (code === 92 && quote === doubleQuote) {
        at++;
        if (text.charCodeAt(at) < space) return -1;
      } else if (code === feed || code === carriage) return -1;
    }
    return -1;
  }

  /** A quoted scalar of several lines, each indented more than `column` or blank. */
  #quotedLines(start: number, quote: number, column: number): string {
    const text = this.#text;
    const limit = this.#end;
    for (let at = start + 1; at < limit; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (quote === singleQuote && text.charCodeAt(at + 1) === quote) at++;
        else {
          this.#endLine(at + 1);
          const inside = text.slice(start + 1, at);
          if (quote === doubleQuote) return unescape(inside) ?? leave();
          return foldFlow(inside).replaceAll("''", "'");
        }
      } else if (code === 92 && quote === doubleQuote && text.charCodeAt(at + 1) > space) at++;
      else if (code === feed) {
        this.#toLine(at + 1);
        if (this.#indent <= column) leave();
        at = this.#at - 1;
      } else if (code === carriage && text.charCodeAt(at + 1) !== feed) leave();
    }
    return leave();
  }

  /** The text of a quoted scalar of one line, quotes included. */
  #quoted(start: number, end: number): string {
    const text = this.#text;
    const inside = text.slice(start + 1, end - 1);
    if (text.charCodeAt(start) === singleQuote)
      return inside.includes("'") ? inside.replaceAll("''", "'") : inside;
    if (!inside.includes('\\')) return inside;
    try {
      // The escapes of JSON mean the same in YAML, and are undone much faster.
      return JSON.parse(text.slice(start, end)) as string;
    } catch {
      return unescape(inside) ?? leave();
    }
  }

  /**
   * A literal or folded block scalar whose header stands at `start`; comes to the same as `parseBlockScalar` and
   * `resolveBlockScalar` of `yaml`.
   */
  #blockScalar(start: number, column: number): string {
    const text = this.#text;
    const limit = this.#end;
    const mark = text.charCodeAt(start + 1);
    const chomp = mark === 43 || mark === dash ? mark : 0;
    let at = this.#lineFeed(start + (chomp === 0 ? 1 : 2));
    if (at === -1) return leave();
    const lines: string[] = [];
    let indent = -1;
    /** How many of the lines are kept whatever the header says: those up to the last with content. */
    let content = 0;
    let blankWidth = 0;
    let ended = true;
    while (at < limit) {
      let from = at;
      while (from < limit && text.charCodeAt(from) === space) from++;
      const width = from - at;
      // Blanks at the end of the text, without a line end.
      if (from === limit) return leave();
      const code = text.charCodeAt(from);
      if (code === feed || code === carriage) {
        const behind = this.#lineFeed(from);
        if (behind === -1) return leave();
        if (indent === -1) blankWidth = Math.max(blankWidth, width);
        lines.push(indent !== -1 && width > indent ? text.slice(at + indent, from) : '');
        if (indent !== -1 && width > indent) content = lines.length;
        at = behind;
        continue;
      }
      if (indent === -1) {
        if (width <= column || blankWidth > width || code === 9) return leave();
        indent = width;
      } else if (width < indent) {
        if (code === 9) return leave();
        break;
      }
      const next = text.indexOf('\n', from);
      ended = next !== -1 && next < limit;
      const end = ended ? next : limit;
      lines.push(text.slice(at + indent, text.charCodeAt(end - 1) === carriage ? end - 1 : end));
      content = lines.length;
      at = end + 1;
    }
    if (indent === -1) return leave();
    this.#toContent(Math.min(at, limit));
    const kept = lines.length === content ? lines : lines.slice(0, content);
    const body = text.charCodeAt(start) === pipe ? kept.join('\n') : foldBlock(kept);
    if (chomp === dash) return body;
    return chomp === 0 ? `${body}\n` : body + '\n'.repeat(lines.length - content + 1);
  }

  /** A flow collection of one line, which starts at `#at`; leaves that behind it. */
  #flow(): unknown {
    if (++this.#depth > deepest) leave();
    const value =
      this.#text.charCodeAt(this.#at) === openBracket ? this.#flowSequence() : this.#flowMapping();
    this.#depth--;
    return value;
  }

  #flowSequence(): unknown[] {
    const list: unknown[] = [];
    let code = this.#flowBlank(this.#at + 1);
    if (code === closeBracket) {
      this.#at++;
      return list;
    }
    for (;;) {
      list.push(this.#flowValue(code));
      const mark = this.#flowBlank(this.#at);
      if (mark === closeBracket) break;
      if (mark !== comma) leave();
      code = this.#flowBlank(this.#at + 1);
    }
    this.#at++;
    return list;
  }

  #flowMapping(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    let code = this.#flowBlank(this.#at + 1);
    if (code === closeBrace) {
      this.#at++;
      return object;
    }
    for (;;) {
      const key = this.#flowKey(code);
      if (object[key] !== undefined || this.#text.charCodeAt(this.#at) !== colon) leave();
      if (this.#text.charCodeAt(this.#at + 1) !== space) leave();
      object[key] = this.#flowValue(this.#flowBlank(this.#at + 1));
      const mark = this.#flowBlank(this.#at);
      if (mark === closeBrace) break;
      if (mark !== comma) leave();
      code = this.#flowBlank(this.#at + 1);
    }
    this.#at++;
    return object;
  }

  /** Skips blanks from `at`, and returns the character behind them. */
  #flowBlank(at: number): number {
    while (this.#text.charCodeAt(at) === space) at++;
    if (at >= this.#end) leave();
    this.#at = at;
    return this.#text.charCodeAt(at);
  }

  #flowKey(first: number): string {
    const start = this.#at;
    if (first === doubleQuote || first === singleQuote) return this.#flowQuoted(first);
    const end = this.#flowPlainEnd();
    const key = this.#text.slice(start, end);
    if (key === '<<') leave();
    if (((charClass[first] as number) & resolvable) === 0) return key;
    const value = plainValue(key);
    return value === undefined ? key : (keyText(value, key) ?? leave());
  }

  #flowValue(first: number): unknown {
    if (first === openBracket || first === openBrace) return this.#flow();
    if (first === doubleQuote || first === singleQuote) return this.#flowQuoted(first);
    const start = this.#at;
    return this.#resolve(start, this.#flowPlainEnd(), charClass[first] as number);
  }

  #flowQuoted(quote: number): string {
    const start = this.#at;
    const end = this.#quoteEnd(start, quote);
    if (end === -1 || end - start > longestKey) leave();
    this.#at = end;
    return this.#quoted(start, end);
  }

  /** Moves `#at` behind a plain scalar of letters, digits and the like, whose end it returns. */
  #flowPlainEnd(): number {
    const text = this.#text;
    const start = this.#at;
    const first = text.charCodeAt(start);
    if (first === dash) {
      const next = text.charCodeAt(start + 1);
      if (next !== dash && (next >= 128 || ((charClass[next] as number) & plainStart) === 0)) leave();
    }
    let at = start;
    for (; at < this.#end; at++) {
      const code = text.charCodeAt(at);
      if (code < 128 && ((charClass[code] as number) & plainStart) !== 0) continue;
      if (code === dash) continue;
      if (code === colon) {
        const next = text.charCodeAt(at + 1);
        if (next < 128 && ((charClass[next] as number) & plainStart) !== 0) continue;
      }
      break;
    }
    if (at === start || at - start > longestKey) leave();
    this.#at = at;
    return at;
  }

  /** Whether a dash with a blank behind it stands at `at`. */
  #isDash(at: number): boolean {
    return this.#text.charCodeAt(at) === dash && this.#isBlank(at + 1);
  }

  /** Whether a blank, a line end or the end of the document stands at `at`. A tab is none that the subset knows. */
  #isBlank(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    if (code === space || code === feed || at >= this.#end) return true;
    if (code === 9 || code === carriage) {
      if (code === 9 || this.#text.charCodeAt(at + 1) !== feed) leave();
      return true;
    }
    return false;
  }

  /** Whether nothing but a comment follows on the line. */
  #isLineEnd(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    if (code > hash) return at >= this.#end;
    if (code === hash) return this.#text.charCodeAt(at - 1) === space;
    return code === feed || code === carriage || at >= this.#end;
  }

  /** The offset behind the line feed of a line of which nothing but blanks remain; -1 when something else does. */
  #lineFeed(from: number): number {
    const text = this.#text;
    let at = from;
    while (text.charCodeAt(at) === space) at++;
    if (text.charCodeAt(at) === carriage) at++;
    return at < this.#end && text.charCodeAt(at) === feed ? at + 1 : -1;
  }

  /** Ends the line whose last content stands before `at`: blanks and a comment may follow. */
  #endLine(from: number): void {
    const text = this.#text;
    let at = from;
    while (text.charCodeAt(at) === space) at++;
    const code = text.charCodeAt(at);
    if (code === feed) return this.#toContent(at + 1);
    if (at >= this.#end) return this.#toContent(this.#end);
    if (code === hash && text.charCodeAt(at - 1) === space) return this.#toContent(this.#behindLine(at));
    if (code === carriage && text.charCodeAt(at + 1) === feed) return this.#toContent(at + 2);
    return leave();
  }

  #behindLine(at: number): number {
    const next = this.#text.indexOf('\n', at);
    return next === -1 || next >= this.#end ? this.#end : next + 1;
  }

  /** Moves to the first line from `start` that is not blank; comments are not known here. */
  #toLine(start: number): void {
    const text = this.#text;
    let line = start;
    for (let at = line; at < this.#end; at++) {
      const code = text.charCodeAt(at);
      if (code === space) continue;
      if (code === feed) line = at + 1;
      else if (code === carriage && text.charCodeAt(at + 1) === feed) line = ++at + 1;
      else if (code < space) leave();
      else {
        this.#at = at;
        this.#indent = at - line;
        return;
      }
    }
    this.#at = this.#end;
    this.#indent = -1;
  }

  /** Moves to the first line from `start`, where a line starts, that has more than blanks and a comment. */
  #toContent(start: number): void {
    const text = this.#text;
    const limit = this.#end;
    let line = start;
    while (line < limit) {
      let at = line;
      while (at < limit && text.charCodeAt(at) === space) at++;
      if (at >= limit) break;
      const code = text.charCodeAt(at);
      if (code === feed) line = at + 1;
      else if (code === hash) line = this.#behindLine(at);
      else if (code === carriage && text.charCodeAt(at + 1) === feed) line = at + 2;
      else if (code < space) leave();
      else {
        this.#at = at;
        this.#indent = at - line;
        if (code === point && at === line && text.startsWith('...', at) && this.#isBlank(at + 3)) {
          // Only blanks may follow; a document ends with this line.
          if (this.#lineFeed(at + 3) !== limit && at + 3 !== limit) leave();
          break;
        }
        return;
      }
    }
    this.#at = limit;
    this.#indent = -1;
  }
}
