import type { Diagnostic, Path } from '../../model/index.ts';
import type { RawDocument } from '../raw.ts';
import { BlockParser, decodeText, isObject, maxDocuments } from '../text/index.ts';
import type { BadByte, TextOptions } from '../text/index.ts';
import { isRecord } from '../validate/index.ts';
import { listDocument, withKind, withoutItems } from './frame.ts';
import type { Frame } from './frame.ts';
import { behindBlanks, hasContent, isBlank, isItemsLine } from './lines.ts';
import { Reducer } from './reduce.ts';
import { UnitOrigin, UnitPlaces } from './unit-places.ts';
import type { Reread } from './unit-places.ts';
import { mostFindings, UnitTexts } from './unit-texts.ts';

/** Bounds on the reading of one YAML text in pieces, in bytes. */
export interface YamlLimits {
  /** How much is gathered before it is looked at. */
  readonly piece: number;
  /** A document with `items` is taken apart when it is longer: until then it is read as any other. */
  readonly list: number;
  /** How long one document may be that is not taken apart, and one item of a list. */
  readonly unit: number;
}

/** What one source held. */
export interface YamlResult {
  readonly documents: readonly RawDocument[];
  readonly diagnostics: readonly Diagnostic[];
  /** Nothing of the source counts: a byte of it is no text. */
  readonly notUtf8: BadByte | undefined;
}

type Mode =
  | 'document'
  /** The items of a list. */
  | 'items'
  /** Members of a list behind its items. */
  | 'tail'
  /** What is left of a document that is too large. */
  | 'rest';

/** Thrown within this module when nothing that follows counts. */
class Ended extends Error {}

const noDuplicates: readonly Path[] = [];

/** Whether members of a list go on is asked about so many bytes of them. */
const longestLookedBack: number = 2 ** 16;
/** So much is read for that in one source, of which a byte that only the package `yaml` can read is so many. */
const mostLookedBack: number = 2 ** 26;
const slowness = 128;
const feed = 10;
const percent = 37;
const dash = 45;
const point = 46;

/**
 * Reads one YAML text of any size from its bytes: documents one by one, and of a list of many megabytes its items.
 *
 * Only a window of the bytes is held, and each object is reduced to what podwall reads of it. Where documents begin and
 * end, and the items of a list, is seen in the lines alone, as `splitDocuments` does; then each is read as a text of its
 * own. So a document that `yaml` could read as a whole means the same here. Of a list that is longer, an item that cannot
 * be read is left out and told, and anchors reach no further than their item.
 */
export class YamlStream {
  readonly places: UnitPlaces;
  readonly #file: string;
  readonly #limits: YamlLimits;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #reducer = new Reducer();
  readonly #documents: RawDocument[] = [];
  readonly #texts: UnitTexts;
  #foreign = 0;
  #notUtf8: BadByte | undefined;
  #isDone = false;

  #window: Uint8Array;
  #filled = 0;
  /** The offset of the window in the source. */
  #base: number;
  /** Where the current unit starts in the window, and the line that it starts in, from 1. */
  #at = 0;
  #atLine = 1;
  /** Where the next line starts that has not been looked at, and which it is. */
  #next = 0;
  #nextLine = 1;
  #wanted: number;

  #mode: Mode = 'document';
  // Of the current document, as `splitDocuments` has them: behind a `---`, behind a directive, and not empty.
  #begun = false;
  #directives = false;
  #content = false;
  /** Where the line `items:` of the current document starts and ends in the window, and which line it is. */
  #itemsAt = -1;
  #itemsEnd = -1;
  #itemsLine = 0;
  /** A dash follows behind that line. */
  #isList = false;
  #frame: Frame | undefined;
  /** The current unit of a list has a dash; it is too large, and has been told. */
  #hasItem = false;
  #isSkipped = false;
  /** Behind the items: within a list that is a member's; how often it was asked whether a line may be, and what is left for it. */
  #inTailList = false;
  #strays = 0;
  #leftToLookBack = mostLookedBack;
  /** The line that was begun is too long to be held. */
  #inLine = false;

  /**
   * @param base - how many bytes of the source came before, as a byte order mark does
   */
  constructor(
    source: { readonly file: string; readonly reread?: Reread },
    limits: YamlLimits,
    base: number,
    options: TextOptions,
  ) {
    this.#file = source.file;
    this.places = new UnitPlaces(source.file, source.reread);
    this.#limits = limits;
    this.#base = base;
    this.#texts = new UnitTexts(source.file, options);
    this.#wanted = limits.piece;
    this.#window = new Uint8Array(limits.piece * 2);
  }

  /** Nothing of what follows would be looked at. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** There is no place for bytes that would save a copy. */
  room(): undefined {
    return undefined;
  }

  wrote(): void {
    // Nothing was given to be written to.
  }

  push(bytes: Uint8Array): void {
    if (this.#isDone) return;
    const needed = this.#filled + bytes.length;
    if (needed > this.#window.length) {
      const larger = new Uint8Array(Math.max(needed, this.#window.length * 2));
      larger.set(this.#window.subarray(0, this.#filled));
      this.#window = larger;
    }
    this.#window.set(bytes, this.#filled);
    this.#filled = needed;
    if (needed >= this.#wanted) this.#guard(() => this.#advance(false));
  }

  end(): YamlResult {
    if (!this.#isDone)
      this.#guard(() => {
        this.#advance(true);
        this.#close(this.#filled);
      });
    this.#isDone = true;
    return { documents: this.#documents, diagnostics: this.#texts.finish(), notUtf8: this.#notUtf8 };
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      this.#isDone = true;
    }
  }

  #advance(isLast: boolean): void {
    const window = this.#window.subarray(0, this.#filled);
    if (this.#inLine) {
      const end = window.indexOf(feed);
      if (end === -1) {
        this.#forget(this.#filled);
        return;
      }
      this.#inLine = false;
      this.#next = end + 1;
      this.#nextLine++;
      this.#begin(this.#next, this.#nextLine);
    }
    for (;;) {
      while (this.#next < this.#filled) {
        const end = window.indexOf(feed, this.#next);
        if (end === -1 && !isLast) break;
        const start = this.#next;
        const line = this.#nextLine;
        this.#next = end === -1 ? this.#filled : end + 1;
        this.#nextLine = end === -1 ? line : line + 1;
        this.#line(window, start, this.#next, line);
      }
      // Then the lines from the first item on are looked at again.
      if (this.#mode !== 'document' || !this.#takeApart(window)) break;
    }
    this.#bound();
    this.#forget(this.#at);
  }

  /** Lets go of what has been read. */
  #forget(to: number): void {
    this.#window.copyWithin(0, to, this.#filled);
    this.#base += to;
    this.#filled -= to;
    this.#at -= to;
    this.#next -= to;
    this.#itemsAt -= to;
    this.#itemsEnd -= to;
    this.#wanted = this.#filled + this.#limits.piece;
    if (this.#inLine) this.#at = this.#next = 0;
  }

  /** Keeps the window within its limit. */
  #bound(): void {
    if (this.#mode === 'rest' || this.#isSkipped) this.#begin(this.#next, this.#nextLine);
    else if (this.#filled - this.#at > this.#limits.unit) {
      const what = this.#mode === 'items' ? 'item of a list' : 'document';
      this.#texts.tell({
        code: 'document-too-large',
        severity: 'error',
        message: `One ${what} is larger than the ${Math.ceil(this.#limits.unit / 2 ** 20)} MiB that podwall reads.`,
        hint: 'no object of Kubernetes is larger than 2 MiB: the text may be damaged',
        file: this.#file,
        line: this.#atLine,
        column: 1,
      });
      if (this.#mode === 'items') this.#isSkipped = true;
      else {
        if (this.#mode === 'tail') this.#takeHead();
        this.#mode = 'rest';
        this.#frame = undefined;
      }
      this.#begin(this.#next, this.#nextLine);
    } else return;
    if (this.#filled - this.#at <= this.#limits.unit) return;
    // Not even the line that has begun can be held.
    this.#inLine = true;
    this.#begin(this.#filled, this.#nextLine);
  }

  #begin(at: number, line: number): void {
    this.#at = at;
    this.#atLine = line;
  }

  #line(window: Uint8Array, start: number, end: number, line: number): void {
    const first = window[start];
    if ((first === dash || first === point) && this.#isMarker(window, start, first)) {
      this.#marker(window, start, end, line, first);
      return;
    }
    switch (this.#mode) {
      case 'document':
        if (!this.#content) {
          if (!this.#begun && first === percent) this.#directives = true;
          else this.#content = hasContent(window, start, end);
        }
        if (this.#itemsAt >= 0 && !this.#isList) {
          // What comes first behind `items:` says whether it is a list in block style.
          const at = behindBlanks(window, start);
          if (!hasContent(window, at, end)) return;
          if (window[at] === dash && isBlank(window[at + 1], at + 1 >= end)) this.#isList = true;
          else this.#itemsAt = -1;
        }
        if (first === 0x69 && this.#itemsAt < 0 && isItemsLine(window, start, end)) {
          this.#itemsAt = start;
          this.#itemsEnd = end;
          this.#itemsLine = line;
        }
        return;
      case 'items':
        this.#itemLine(window, start, end, line);
        return;
      case 'tail':
        this.#tailLine(window, start, end, line);
        return;
      default:
    }
  }

  #itemLine(window: Uint8Array, start: number, end: number, line: number): void {
    const at = behindBlanks(window, start);
    if (!hasContent(window, at, end)) return;
    const frame = this.#frame as Frame;
    const indent = at - start;
    const isDash = window[at] === dash && isBlank(window[at + 1], at + 1 >= end);
    if (frame.column === -1 && isDash) frame.column = indent;
    if (indent > frame.column && frame.column !== -1) return;
    this.#endItem(start);
    this.#begin(start, line);
    if (isDash && indent === frame.column) this.#hasItem = true;
    else {
      this.#mode = 'tail';
      this.#inTailList = false;
    }
  }

  /** A line behind the items: a dash where theirs are, and that no member of the list can have, is one of theirs again. */
  #tailLine(window: Uint8Array, start: number, end: number, line: number): void {
    const at = behindBlanks(window, start);
    if (!hasContent(window, at, end)) return;
    const { column } = this.#frame as Frame;
    const indent = at - start;
    if (indent > column) return;
    const isDash = window[at] === dash && isBlank(window[at + 1], at + 1 >= end);
    if (!isDash || indent !== column) this.#inTailList = false;
    else if (!this.#inTailList) {
      this.#inTailList = this.#goesOn(window, start, `${' '.repeat(indent)}- 0\n`);
      if (this.#inTailList) return;
      (this.#frame as Frame).isTorn = true;
      this.#begin(start, line);
      this.#mode = 'items';
      this.#hasItem = true;
    }
  }

  /** Whether `next` may stand behind the members of the list that have been seen so far; if not, that is told. */
  #goesOn(window: Uint8Array, end: number, next: string): boolean {
    if (end - this.#at > longestLookedBack) return true;
    if (this.#strays++ >= mostFindings) {
      this.#texts.pass();
      return false;
    }
    const length = (this.#frame as Frame).head.length + end - this.#at;
    if (!this.#mayLookBack(length)) return true;
    const { text, moved } = withoutItems(
      this.#frame as Frame,
      this.#text(window, this.#at, end) + next,
      this.#atLine,
    );
    if (new BlockParser(text).parse(0, text.length) !== undefined || !this.#mayLookBack(length * slowness))
      return true;
    const before = this.#texts.told;
    this.#texts.read(text, moved);
    return this.#texts.told === before;
  }

  #mayLookBack(cost: number): boolean {
    if (cost > this.#leftToLookBack) return false;
    this.#leftToLookBack -= cost;
    return true;
  }

  #isMarker(window: Uint8Array, start: number, first: number): boolean {
    return (
      window[start + 1] === first &&
      window[start + 2] === first &&
      isBlank(window[start + 3], start + 3 >= window.length)
    );
  }

  /** As `splitDocuments` does. */
  #marker(window: Uint8Array, start: number, end: number, line: number, first: number): void {
    const content = hasContent(window, start + 3, end);
    if (this.#mode !== 'document') {
      // What stands behind `...` on its line is for the parser to refuse.
      const isEnd = first === point;
      this.#close(isEnd && content ? end : start);
      this.#startDocument(isEnd ? end : start, isEnd ? this.#nextLine : line);
      this.#begun = !isEnd;
      this.#content = !isEnd && content;
      return;
    }
    if (first === dash) {
      if (this.#begun || this.#content) {
        this.#close(start);
        this.#startDocument(start, line);
      }
      this.#content = this.#directives || content;
      this.#begun = true;
      this.#directives = false;
    } else {
      this.#content ||= content;
      this.#close(end);
      this.#startDocument(end, this.#nextLine);
    }
  }

  #startDocument(at: number, line: number): void {
    this.#begin(at, line);
    this.#mode = 'document';
    this.#begun = this.#directives = this.#content = false;
    this.#itemsAt = -1;
    this.#isList = false;
    this.#frame = undefined;
    this.#isSkipped = this.#hasItem = false;
  }

  /** Ends the current document where the window is at `end`. */
  #close(end: number): void {
    switch (this.#mode) {
      case 'document':
        if (this.#content || this.#directives) this.#takeDocument(end);
        return;
      case 'items':
        this.#endItem(end);
        this.#begin(end, this.#nextLine);
        this.#takeList('');
        return;
      case 'tail':
        this.#takeList(this.#decode(end));
        return;
      case 'rest':
        return;
      default:
        this.#mode satisfies never;
    }
  }

  /** Begins to read the items of the current document one by one, if it is large, has some, and they can be told apart. */
  #takeApart(window: Uint8Array): boolean {
    if (!this.#isList || this.#filled - this.#at <= this.#limits.list) return false;
    const head = this.#text(window, this.#at, this.#itemsAt);
    if (!this.#texts.isWhole(`${head}items: []\n`)) {
      this.#isList = false;
      return false;
    }
    this.#frame = {
      line: this.#atLine,
      head,
      column: -1,
      isTorn: false,
      values: [],
      origins: [],
      duplicates: [],
    };
    this.#mode = 'items';
    this.#hasItem = false;
    this.#next = this.#itemsEnd;
    this.#nextLine = this.#itemsLine + 1;
    this.#begin(this.#next, this.#nextLine);
    return true;
  }

  #endItem(end: number): void {
    if (this.#hasItem && !this.#isSkipped) this.#takeItem(end);
    this.#hasItem = this.#isSkipped = false;
  }

  #takeItem(end: number): void {
    const frame = this.#frame as Frame;
    const text = this.#decode(end);
    const parsed = new BlockParser(text).parse(0, text.length);
    let value = parsed?.value;
    let duplicates = noDuplicates;
    if (parsed === undefined) {
      const read = this.#readUnit(text);
      const [document] = read;
      if (document === undefined) return;
      value = document.value;
      duplicates = document.duplicates;
    }
    if (!Array.isArray(value) || value.length !== 1) return;
    const [item] = value as readonly unknown[];
    const index = this.#note(end, item);
    for (const [, ...path] of duplicates) frame.duplicates.push(['items', frame.values.length, ...path]);
    frame.values.push(duplicates.length > 0 ? item : this.#reducer.reduce(item));
    frame.origins.push(new UnitOrigin(this.places, index, 0, [0]));
  }

  #takeDocument(end: number): void {
    const text = this.#decode(end);
    const parsed = new BlockParser(text).parse(0, text.length);
    if (parsed !== undefined) {
      this.#give(parsed.value, noDuplicates, this.#note(end, parsed.value), 0);
      return;
    }
    const read = this.#readUnit(text);
    if (read.length === 0) return;
    const index = this.#note(end, undefined);
    for (const [i, { value, duplicates }] of read.entries()) this.#give(value, duplicates, index, i);
  }

  #give(value: unknown, duplicates: readonly Path[], index: number, document: number): void {
    const origin = new UnitOrigin(this.places, index, document, []);
    this.#documents.push({
      value: duplicates.length > 0 ? value : this.#reducer.reduce(value),
      origin,
      duplicates,
    });
    if (isObject(value) || ++this.#foreign <= maxDocuments) return;
    this.#texts.tell({
      code: 'too-many-documents',
      severity: 'error',
      message: `This text has more than ${maxDocuments.toLocaleString('en')} documents that are no objects; what stands from here on was left out.`,
      hint: 'an object has apiVersion and kind',
      ...origin.locate([]),
    });
    throw new Ended();
  }

  /** The list that was taken apart, with what stands beside its items; where that cannot be read, what stands before them. */
  #takeList(tail: string): void {
    const frame = this.#frame as Frame;
    const { text, moved } = withoutItems(frame, tail, this.#atLine);
    const [document] = this.#texts.read(text, moved);
    if (document !== undefined && isRecord(document.value)) {
      const { value } = document;
      this.#documents.push(
        listDocument(frame, frame.isTorn ? withKind(value, frame) : value, document, moved),
      );
    } else if (tail !== '') this.#takeHead();
  }

  /** The list that was taken apart, of which cannot be read what stands behind its items. */
  #takeHead(): void {
    const frame = this.#frame as Frame;
    const { text, moved } = withoutItems(frame, '', this.#atLine);
    const [document] = this.#texts.read(text, moved);
    if (document === undefined || !isRecord(document.value)) return;
    const value = withKind(document.value, frame);
    if (value['kind'] !== undefined) this.#documents.push(listDocument(frame, value, document, moved));
  }

  /** Notes where the current unit stands, up to `end`. */
  #note(end: number, value: unknown): number {
    const index = this.places.add(this.#base + this.#at, end - this.#at, this.#atLine);
    // Hardly any finding is about a pod, and there are many.
    if (this.places.forgets && !(isRecord(value) && value['kind'] === 'Pod'))
      this.places.keep(index, this.#window.subarray(this.#at, end));
    return index;
  }

  /** Reads the text of the current unit. */
  #readUnit(text: string): readonly RawDocument[] {
    return this.#texts.read(text, (line) => line + this.#atLine - 1);
  }

  /** The text of the current unit, up to `end`. */
  #decode(end: number): string {
    return this.#text(this.#window, this.#at, end);
  }

  #text(window: Uint8Array, start: number, end: number): string {
    const bytes = window.subarray(start, end);
    try {
      return this.#decoder.decode(bytes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const bad = decodeText(bytes);
      if (bad.kind === 'notUtf8') this.#notUtf8 = { ...bad, line: bad.line + this.#atLine - 1 };
      this.#documents.length = 0;
      this.#texts.clear();
      throw new Ended();
    }
  }
}
