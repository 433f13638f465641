import {
  deepestSkipped,
  event,
  itemText,
  itemWords,
  longestAnnotations,
  longestInterned,
  mode,
  mostHeaders,
  mostInterned,
  need,
  noted,
  padding,
  record,
  recordWords,
  state,
  stop,
  textLength,
  walk,
} from './core.ts';
import type { ScannerCore } from './core.ts';
import { Interned } from './interned.ts';
import { action, nodeSize, program } from './program.ts';

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

/** What a byte means outside of strings: 1 a quote, 2 opens, 3 closes, 4 perhaps the end of the bytes, 5 a line feed, 6 nothing that may stand there. */
const meaning = new Uint8Array(256);
meaning[quote] = 1;
meaning[openBrace] = meaning[openBracket] = 2;
meaning[closeBrace] = meaning[closeBracket] = 3;
meaning[0] = 4;
meaning[10] = 5;
meaning[backslash] = 6;

/** Whether a byte within a string has to be looked at: quotes, backslashes, control characters. */
const special = new Uint8Array(256);
special.fill(1, 0, 32);
special[quote] = special[backslash] = 1;

const fourSpaces = 0x20202020;

/**
 * The scanner in TypeScript, where there is no WebAssembly with SIMD: the same as `wasm/scanner.ts`, function by
 * function, but for what that one remembers of objects to be faster: there is nothing to compare many bytes at a time with.
 */
export class ScriptCore implements ScannerCore {
  window = new Uint8Array(0);
  #words = new Int32Array(0);
  readonly records = new Int32Array(recordWords);
  readonly text = new Uint8Array(textLength);
  readonly state = new Int32Array(16);

  #end = 0;
  #out = 0;
  #outLimit = 0;
  #textOut = 0;
  #textLimit = 0;

  #line = 0;
  #column = 0;
  #measured = 0;

  readonly #interned = new Interned();
  /** Of lists: whether it has been told what they are made of. */
  readonly #entryTold = new Uint8Array(mostInterned);
  #hasNewList = false;
  readonly #key = new Uint8Array(longestInterned);

  readonly #headers: { readonly apiVersion: number; readonly kind: number; header: number; walk: number }[] =
    [];
  #defaultHeader: number = record.whole;
  #defaultWalk: number = walk.care;
  /** What `#headerOf` found. */
  #header = 0;
  #walk = 0;
  /** The bytes of the last object up to the end of its header, when these came first in it. */
  readonly #lastBytes = new Uint8Array(256);
  #lastLength = 0;
  #lastHeader = 0;
  #lastWalk = 0;

  grow(length: number): void {
    if (length <= this.window.length) return;
    // Whole words, so that spaces can be looked at four at a time.
    const larger = new Uint8Array((length + 7) & ~7);
    larger.set(this.window);
    this.window = larger;
    this.#words = new Int32Array(larger.buffer, 0, larger.length >> 2);
  }

  reset(): void {
    this.#line = 0;
    this.#column = 0;
    this.#measured = 0;
    this.#lastLength = 0;
    this.defineDefault(record.whole, walk.care);
    this.#tell();
  }

  shift(bytes: number): void {
    this.#measured -= bytes;
    this.#tell();
  }

  define(apiVersion: number, kind: number, header: number, walked: number): void {
    if (this.#headers.length < mostHeaders) this.#headers.push({ apiVersion, kind, header, walk: walked });
  }

  defineDefault(header: number, walked: number): void {
    this.#defaultHeader = header;
    this.#defaultWalk = walked;
  }

  scan(from: number, end: number, how: number): number {
    this.#end = end;
    this.#out = 0;
    this.#textOut = 0;
    const { window } = this;
    let at = from;
    let now = how;
    let why: number;
    for (;;) {
      at = this.#blank(at);
      if (at >= end) {
        why = stop.more;
        break;
      }
      if (now === mode.comma) {
        if (window[at] !== comma) {
          why = stop.other;
          break;
        }
        at++;
        now = mode.item;
        continue;
      }
      if (window[at] !== openBrace) {
        why = stop.other;
        break;
      }
      if (this.measure(at) >= 0) {
        at = this.state[state.position] as number;
        why = stop.notUtf8;
        break;
      }
      if (this.#out > recordWords - itemWords || this.#textOut > textLength - itemText) {
        why = stop.full;
        break;
      }
      const before = this.#out;
      const textBefore = this.#textOut;
      const after = this.#item(at);
      if (after < 0) {
        this.#out = before;
        this.#textOut = textBefore;
        why = after === need.more ? stop.more : after === need.list ? stop.list : stop.header;
        break;
      }
      at = after;
      if (now === mode.item) now = mode.comma;
    }
    this.state[state.position] = at;
    this.state[state.mode] = now;
    this.#tell();
    return why;
  }

  skip(from: number, end: number): number {
    this.#end = end;
    return this.#value(from);
  }

  measure(to: number): number {
    const { window } = this;
    const words = this.#words;
    let line = this.#line;
    let column = this.#column;
    let at = this.#measured;
    while (at < to) {
      const byte = window[at] as number;
      if (byte < 0x80) {
        if (byte === 10) {
          line++;
          column = 0;
        } else column++;
        at++;
        // Four bytes of ASCII without a line feed, as often as they come.
        if ((at & 3) !== 0) continue;
        for (; at + 4 <= to; at += 4) {
          const word = words[at >> 2] as number;
          const feeds = word ^ 0x0a0a0a0a;
          if (((word | ((feeds - 0x01010101) & ~feeds)) & 0x80808080) !== 0) break;
          column += 4;
        }
        continue;
      }
      const length = characterLength(window, at, to);
      if (length === 0) {
        this.#line = line;
        this.#column = Math.min(column, 0x7fffffff);
        this.#measured = at;
        this.state[state.position] = at;
        this.#tell();
        return at;
      }
      column += length === 4 ? 2 : 1;
      at += length;
    }
    this.#line = line;
    this.#column = Math.min(column, 0x7fffffff);
    this.#measured = at;
    this.#tell();
    return -1;
  }

  #tell(): void {
    this.state[state.line] = this.#line;
    this.state[state.column] = this.#column;
    this.state[state.measured] = this.#measured;
    this.state[state.records] = this.#out;
    this.state[state.text] = this.#textOut;
  }

  /** One object; `need.care` says that its header is not known. */
  #item(at: number): number {
    const found = this.#headerOf(at);
    if (found < 0) return found;
    if (this.#walk === walk.list) return need.list;
    const start = this.#out;
    const { records } = this;
    records[start + record.start] = at;
    records[start + record.line] = this.#line;
    records[start + record.column] = this.#column;
    this.#out = start + record.size;
    this.#outLimit = start + itemWords - 16 * event.size;
    this.#textLimit = this.#textOut + itemText;
    const textBefore = this.#textOut;
    let header = this.#header;
    let after: number;
    if (this.#walk > 0) {
      after = this.#members(this.#walk, at + 1);
      if (after === need.care) {
        header = record.whole;
        this.#out = start + record.size;
        this.#textOut = textBefore;
        after = this.#brackets(at, false);
      }
    } else {
      if (this.#walk === walk.care) header = record.whole;
      after = this.#brackets(at, true);
      if (after === need.care) {
        header = record.whole;
        after = this.#brackets(at, false);
      }
    }
    if (after < 0) return after;
    records[start + record.header] = header;
    records[start + record.end] = after;
    records[start + record.events] = (this.#out - start - record.size) / event.size;
    if (this.#hasNewList) this.#tellLists(start);
    return after;
  }

  /** What lists are made of is told until the record of an object that has told it is sure to be handed over. */
  #tellLists(start: number): void {
    const { records } = this;
    for (let at = start + record.size; at < this.#out; at += event.size) {
      const number = records[at + event.start] as number;
      if (records[at + event.value] === noted.list && number >= 0) this.#entryTold[number] = 1;
    }
    this.#hasNewList = false;
  }

  /** Finds out what the object is, before anything of it is noted: its kind may come last. */
  #headerOf(from: number): number {
    const { window } = this;
    if (this.#isAsLast(from)) {
      this.#header = this.#lastHeader;
      this.#walk = this.#lastWalk;
      return from;
    }
    let apiVersionAt = -1;
    let apiVersionEnd = -1;
    let kindAt = -1;
    let kindEnd = -1;
    this.#header = record.whole;
    this.#walk = walk.care;
    let at = this.#blank(from + 1);
    while (window[at] !== closeBrace) {
      if (window[at] !== quote) return at >= this.#end ? need.more : from;
      const keyEnd = this.#string(at + 1);
      if (keyEnd < 0) return keyEnd === need.more ? need.more : from;
      const keyLength = keyEnd - at - 2;
      const valueAt = this.#blank(this.#colon(keyEnd));
      if (valueAt < 0 || valueAt >= this.#end) return valueAt === need.care ? from : need.more;
      const isItems = keyLength === 5 && this.#spells(at + 1, itemsKey);
      // Before its kind, nothing else tells a list.
      if (isItems && kindAt < 0 && window[valueAt] === openBracket) {
        this.#walk = walk.list;
        return from;
      }
      const after = this.#value(valueAt);
      if (after < 0) {
        if (after === need.more) return need.more;
        return from;
      }
      const isText = window[valueAt] === quote;
      if (keyLength === 10 && this.#spells(at + 1, apiVersionKey)) {
        if (!isText) return from;
        if (apiVersionAt < 0) {
          apiVersionAt = valueAt;
          apiVersionEnd = after;
        }
      } else if (keyLength === 4 && this.#spells(at + 1, kindKey)) {
        if (!isText) return from;
        if (kindAt < 0) {
          kindAt = valueAt;
          kindEnd = after;
        }
      }
      if (kindAt >= 0 && apiVersionAt >= 0) {
        return this.#known(from, after, apiVersionAt, apiVersionEnd, kindAt, kindEnd);
      }
      at = this.#blank(after);
      if (window[at] === comma) at = this.#blank(at + 1);
      else if (window[at] !== closeBrace) return at >= this.#end ? need.more : from;
    }
    if (kindAt < 0 && apiVersionAt < 0) {
      this.#header = this.#defaultHeader;
      this.#walk = this.#defaultWalk;
    }
    return from;
  }

  #known(
    from: number,
    after: number,
    apiVersionAt: number,
    apiVersionEnd: number,
    kindAt: number,
    kindEnd: number,
  ): number {
    const apiVersion = this.#interned.numberOf(this.window, apiVersionAt, apiVersionEnd - apiVersionAt);
    const kind = this.#interned.numberOf(this.window, kindAt, kindEnd - kindAt);
    if (apiVersion < 0 || kind < 0) return from;
    for (const known of this.#headers) {
      if (known.apiVersion !== apiVersion || known.kind !== kind) continue;
      this.#header = known.header;
      this.#walk = known.walk;
      this.#remember(from, after);
      return from;
    }
    if (this.#headers.length >= mostHeaders) return from;
    const { state: told } = this;
    told[state.apiVersion] = apiVersion;
    told[state.kind] = kind;
    told[state.apiVersionAt] = apiVersionAt;
    told[state.apiVersionEnd] = apiVersionEnd;
    told[state.kindAt] = kindAt;
    told[state.kindEnd] = kindEnd;
    return need.care;
  }

  #remember(from: number, after: number): void {
    const length = after - from;
    this.#lastLength = 0;
    if (length > this.#lastBytes.length) return;
    for (let i = 0; i < length; i++) this.#lastBytes[i] = this.window[from + i] as number;
    this.#lastLength = length;
    this.#lastHeader = this.#header;
    this.#lastWalk = this.#walk;
  }

  #isAsLast(from: number): boolean {
    const length = this.#lastLength;
    if (length === 0) return false;
    const last = this.#lastBytes;
    const { window } = this;
    for (let i = 0; i < length; i++) if (window[from + i] !== last[i]) return false;
    return true;
  }

  #spells(at: number, key: readonly number[]): boolean {
    for (let i = 0; i < key.length; i++) if (this.window[at + i] !== key[i]) return false;
    return true;
  }

  /** The members of an object, from behind its bracket to behind the other. */
  #members(node: number, from: number): number {
    const { window } = this;
    const { words } = program;
    const strict = words[node] === 1;
    let seen = 0;
    let at = this.#blank(from);
    if (window[at] === closeBrace) return at + 1;
    for (;;) {
      if (window[at] !== quote) return this.#bad(at);
      const keyAt = at + 1;
      at = keyAt;
      while (special[window[at] as number] === 0) at++;
      // A key with escapes may be any key.
      if (window[at] !== quote) return this.#bad(at);
      const length = at - keyAt;
      at = this.#colon(at + 1);
      if (at < 0) return at;
      at = this.#blank(at);
      if (at >= this.#end) return need.more;
      const entry = length > 0 && length < nodeSize ? this.#find(words, node, keyAt, length) : 0;
      if (entry === 0) {
        if (strict) return need.care;
        at = this.#value(at);
      } else {
        const bit = words[entry + 1] as number;
        if ((seen & bit) !== 0) return need.care;
        seen |= bit;
        at = this.#note(words, entry, at);
      }
      if (at < 0) return at;
      at = this.#blank(at);
      const byte = window[at];
      if (byte === comma) at = this.#blank(at + 1);
      else if (byte === closeBrace) return at + 1;
      else return this.#bad(at);
    }
  }

  #find(words: Int32Array, node: number, keyAt: number, length: number): number {
    const { window } = this;
    let entry = words[node + length] as number;
    while (entry !== 0) {
      const key = (words[entry + 5] as number) * 4;
      let i = 0;
      while (i < length && program.bytes[key + i] === window[keyAt + i]) i++;
      if (i === length) return entry;
      entry = words[entry] as number;
    }
    return 0;
  }

  /** Notes the value of a member; returns where it ends. */
  #note(words: Int32Array, entry: number, at: number): number {
    const field = words[entry + 3] as number;
    const below = words[entry + 4] as number;
    const { window } = this;
    if (this.#out >= this.#outLimit) return need.care;
    switch (words[entry + 2]) {
      case action.value: {
        const after = this.#value(at);
        if (after >= 0) this.#event(field, at, after - at, noted.json);
        return after;
      }
      case action.shared: {
        const after = this.#value(at);
        if (after >= 0) this.#event(field, at, after - at, this.#interned.numberOf(window, at, after - at));
        return after;
      }
      case action.text:
        return this.#noteText(field, at);
      case action.presence: {
        const after = this.#value(at);
        if (after < 0) return after;
        const present = window[at] === quote && after - at > 2;
        this.#event(field, at, after - at, present ? noted.present : noted.json);
        return after;
      }
      case action.annotations:
        return this.#noteAnnotations(field, at);
      case action.object: {
        if (window[at] !== openBrace) return need.care;
        this.#event(field, 0, 0, noted.object);
        const after = this.#members(below, at + 1);
        if (after >= 0) this.#event(event.close, 0, 0, 0);
        return after;
      }
      case action.list:
        return this.#noteList(field, below, at, false);
      case action.sharedList:
        return this.#noteList(field, below, at, true);
      default:
        return this.#value(at);
    }
  }

  #noteText(field: number, at: number): number {
    const { window, text } = this;
    const after = this.#value(at);
    if (after < 0) return after;
    if (window[at] !== quote || this.#textOut + after - at > this.#textLimit) {
      this.#event(field, at, after - at, noted.json);
      return after;
    }
    let out = this.#textOut;
    for (let i = at + 1; i < after - 1; i++) {
      const byte = window[i] as number;
      if (byte === backslash || byte >= 0x80) {
        this.#event(field, at, after - at, noted.json);
        return after;
      }
      text[out++] = byte;
    }
    this.#event(field, this.#textOut, out - this.#textOut, noted.text);
    this.#textOut = out;
    return after;
  }

  #noteAnnotations(field: number, from: number): number {
    const { window } = this;
    if (window[from] !== openBrace) return need.care;
    let at = this.#blank(from + 1);
    if (window[at] === closeBrace) return at + 1;
    for (;;) {
      if (window[at] !== quote) return this.#bad(at);
      const keyEnd = this.#string(at + 1);
      if (keyEnd < 0) return keyEnd;
      if (this.#out >= this.#outLimit) return need.care;
      this.#event(field, at, keyEnd - at, this.#interned.numberOf(window, at, keyEnd - at));
      at = this.#colon(keyEnd);
      if (at < 0) return at;
      at = this.#blank(at);
      if (window[at] !== quote) return this.#bad(at);
      at = this.#string(at + 1);
      if (at < 0) return at;
      at = this.#blank(at);
      const byte = window[at];
      if (byte === comma) at = this.#blank(at + 1);
      else if (byte === closeBrace) return at + 1 - from > longestAnnotations ? need.care : at + 1;
      else return this.#bad(at);
    }
  }

  #noteList(field: number, below: number, from: number, isShared: boolean): number {
    const { window, records } = this;
    if (window[from] !== openBracket) return need.care;
    const start = this.#out;
    this.#event(field, -1, 0, noted.list);
    let at = this.#blank(from + 1);
    if (window[at] === closeBracket) at++;
    else {
      for (;;) {
        if (window[at] !== openBrace) return this.#bad(at);
        if (this.#out >= this.#outLimit) return need.care;
        this.#event(event.element, 0, 0, noted.object);
        at = this.#members(below, at + 1);
        if (at < 0) return at;
        this.#event(event.close, 0, 0, 0);
        at = this.#blank(at);
        const byte = window[at];
        if (byte === comma) at = this.#blank(at + 1);
        else if (byte === closeBracket) {
          at++;
          break;
        } else return this.#bad(at);
      }
    }
    this.#event(event.close, 0, 0, 0);
    if (!isShared) return at;
    const key = this.#listKey(start);
    if (key === 0) return at;
    const number = this.#interned.numberOf(this.#key, 0, key);
    if (number < 0) return at;
    if (this.#entryTold[number] === 1) {
      records[start + event.value] = number;
      this.#out = start + event.size;
    } else {
      records[start + event.start] = number;
      this.#hasNewList = true;
    }
    return at;
  }

  /** Spells the events of a list, so that equal lists have equal keys; 0 when something in it is not interned. */
  #listKey(start: number): number {
    const { records } = this;
    const key = this.#key;
    // No JSON begins so.
    key[0] = 0;
    let length = 1;
    for (let at = start; at < this.#out; at += event.size) {
      if (length + 8 > longestInterned) return 0;
      const value = records[at + event.value] as number;
      if (value < 0 && value !== noted.list && value !== noted.object) return 0;
      length = this.#spell(length, records[at + event.field] as number);
      length = this.#spell(length, value);
    }
    return length;
  }

  #spell(at: number, word: number): number {
    const key = this.#key;
    key[at] = word;
    key[at + 1] = word >> 8;
    key[at + 2] = word >> 16;
    key[at + 3] = word >> 24;
    return at + 4;
  }

  #event(field: number, start: number, length: number, value: number): void {
    const { records } = this;
    const out = this.#out;
    records[out + event.field] = field;
    records[out + event.start] = start;
    records[out + event.length] = length;
    records[out + event.value] = value;
    this.#out = out + event.size;
  }

  /** What is wrong at `at`: that the bytes end, or what stands there. */
  #bad(at: number): number {
    return at >= this.#end ? need.more : need.care;
  }

  #blank(from: number): number {
    if (from < 0) return from;
    const { window } = this;
    const words = this.#words;
    let at = from;
    for (;;) {
      const byte = window[at];
      if (byte === 32 || byte === 13 || byte === 9) at++;
      else if (byte === 10) {
        at++;
        while ((at & 3) !== 0 && window[at] === 32) at++;
        if ((at & 3) === 0) while (words[at >> 2] === fourSpaces) at += 4;
      } else return at;
    }
  }

  /** Behind the colon that comes next. */
  #colon(from: number): number {
    const at = this.#blank(from);
    return this.window[at] === colon ? at + 1 : this.#bad(at);
  }

  /** Behind the quote that closes the string whose text starts at `from`. */
  #string(from: number): number {
    const { window } = this;
    let at = from;
    for (;;) {
      while (special[window[at] as number] === 0) at++;
      const byte = window[at];
      if (byte === quote) return at + 1;
      if (byte !== backslash) return this.#bad(at);
      at += 2;
      if (at > this.#end) return need.more;
    }
  }

  #value(at: number): number {
    const byte = this.window[at];
    if (byte === quote) return this.#string(at + 1);
    if (byte === openBrace || byte === openBracket) return this.#brackets(at, true);
    return this.#scalar(at);
  }

  /** A number, true, false or null: what it is exactly is seen by who parses it. */
  #scalar(from: number): number {
    const { window } = this;
    let at = from;
    for (;;) {
      const byte = window[at] as number;
      const isPart =
        (byte >= 0x30 && byte <= 0x39) ||
        (byte >= 0x61 && byte <= 0x7a) ||
        byte === 0x2d ||
        byte === 0x2b ||
        byte === 0x2e ||
        byte === 0x45;
      if (!isPart) break;
      at++;
    }
    if (at >= this.#end) return need.more;
    return at === from ? need.care : at;
  }

  /**
   * Behind the bracket that closes the one at `from`.
   *
   * @param strict - what is nested too deep, has control characters in strings or backslashes outside, asks for care
   */
  #brackets(from: number, strict: boolean): number {
    const { window } = this;
    const words = this.#words;
    let depth = 1;
    let at = from + 1;
    for (;;) {
      const what = meaning[window[at++] as number];
      if (what === 0) continue;
      if (what === 1) {
        for (;;) {
          while (special[window[at] as number] === 0) at++;
          const byte = window[at++];
          if (byte === quote) break;
          if (byte === backslash) at++;
          else if (at > this.#end) return need.more;
          else if (strict) return need.care;
          if (at > this.#end) return need.more;
        }
      } else if (what === 2) {
        if (++depth > deepestSkipped && strict) return need.care;
      } else if (what === 3) {
        if (--depth === 0) return at;
      } else if (what === 5) {
        while ((at & 3) !== 0 && window[at] === 32) at++;
        if ((at & 3) === 0) while (words[at >> 2] === fourSpaces) at += 4;
      } else if (what === 6) {
        if (strict) return need.care;
      } else if (at > this.#end) return need.more;
    }
  }
}

const bytesOf = (key: string): readonly number[] => Array.from(key, (char) => char.charCodeAt(0));
const itemsKey = bytesOf('items');
const apiVersionKey = bytesOf('apiVersion');
const kindKey = bytesOf('kind');

/** How many bytes the character at `at` has; 0 when there is none. https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G27506 */
function characterLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  for (let next = 1; next < length; next++) {
    const byte = bytes[at + next] as number;
    if (byte < (next === 1 ? low : 0x80) || byte > (next === 1 ? high : 0xbf)) return 0;
  }
  return length;
}

/** The scanner that runs everywhere. */
export function scriptCore(): ScannerCore {
  const core = new ScriptCore();
  core.grow(padding);
  core.reset();
  return core;
}
