import type { Path, Place } from '../../model/index.ts';
import type { ListOrigin } from '../objects/index.ts';
import { JsonPlaces, LineIndex, maxQuotedLine, valueEnd } from '../text/index.ts';

/** Where an object begins: its offset in bytes, its line and its UTF-16 column, both from 0. */
export interface Start {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** The bytes of an object, read once more. */
interface ItemText {
  readonly text: string;
  readonly index: LineIndex;
  readonly places: JsonPlaces;
}

/** Bytes of objects that cannot be read again are kept, up to so many in all. */
const mostKept: number = 2 ** 28;

/** Where the objects of one source stand, in little room: a dump has hundreds of thousands. */
export class ObjectPlaces {
  readonly file: string;
  readonly #reread: ((from: number, to: number) => Uint8Array | undefined) | undefined;
  #offsets = new Float64Array(256);
  #lengths = new Int32Array(256);
  #lines = new Int32Array(256);
  #columns = new Int32Array(256);
  #count = 0;
  readonly #kept = new Map<number, Uint8Array>();
  #keptBytes = 0;
  #last: { readonly index: number; readonly item: ItemText | undefined } | undefined;

  constructor(file: string, reread: ((from: number, to: number) => Uint8Array | undefined) | undefined) {
    this.file = file;
    this.#reread = reread;
  }

  /** Whether bytes can be had again only when they are kept. */
  get forgets(): boolean {
    return this.#reread === undefined;
  }

  /** @returns the number of the object */
  add({ offset, line, column }: Start, length: number): number {
    const index = this.#count++;
    if (index >= this.#offsets.length) {
      this.#offsets = grown(this.#offsets, new Float64Array(index * 2));
      this.#lengths = grown(this.#lengths, new Int32Array(index * 2));
      this.#lines = grown(this.#lines, new Int32Array(index * 2));
      this.#columns = grown(this.#columns, new Int32Array(index * 2));
    }
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
    this.#lines[index] = line;
    this.#columns[index] = column;
    return index;
  }

  /** Keeps the bytes of an object of a source that cannot be read again. */
  keep(index: number, bytes: Uint8Array): void {
    if (this.#keptBytes + bytes.length > mostKept) return;
    this.#keptBytes += bytes.length;
    this.#kept.set(index, bytes.slice());
  }

  /** The start of an object. */
  place(index: number): Place {
    return {
      file: this.file,
      line: (this.#lines[index] as number) + 1,
      column: (this.#columns[index] as number) + 1,
    };
  }

  /** The text of an object; `undefined` when it cannot be had again. The last one is remembered. */
  item(index: number): ItemText | undefined {
    if (this.#last?.index === index) return this.#last.item;
    const bytes = this.#bytes(index);
    let item: ItemText | undefined;
    if (bytes !== undefined) {
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
      item = { text, index: new LineIndex(text), places: new JsonPlaces(text, 0) };
    }
    this.#last = { index, item };
    return item;
  }

  #bytes(index: number): Uint8Array | undefined {
    const from = this.#offsets[index] as number;
    return this.#kept.get(index) ?? this.#reread?.(from, from + (this.#lengths[index] as number));
  }

  /** The place of an offset in the text of an object. */
  placeIn(index: number, { index: lines }: ItemText, offset: number): Place {
    const { file, line, column } = this.place(index);
    const inside = lines.place(offset);
    return {
      file,
      line: line + inside.line - 1,
      column: inside.line === 1 ? column + inside.column - 1 : inside.column,
    };
  }

  /** The object in which a line stands, or that begins last before it; `undefined` before the first. */
  at(line: number): number | undefined {
    let low = -1;
    let high = this.#count - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lines[middle] as number) < line) low = middle;
      else high = middle - 1;
    }
    return low < 0 ? undefined : low;
  }

  /**
   * The lines `from` to `to` (both included, from 1), which have to begin in the object; `undefined` when they cannot be
   * had again, or one is longer than `longest`.
   */
  linesOf(index: number, from: number, to: number, longest: number): readonly string[] | undefined {
    const { line, column } = this.place(index);
    if (from < line) return undefined;
    const first = from - line + 1;
    if (this.#reread === undefined || this.#kept.has(index)) {
      // What stands before the object on its line is not kept; in a dump it is blank.
      const item = this.item(index);
      const lines = item?.index.lines(first, to - line + 1, longest);
      return first === 1 && column > 1
        ? lines?.map((each, i) => (i === 0 ? ' '.repeat(column - 1) + each : each))
        : lines;
    }
    if (first === 1 && column > longest) return undefined;
    const offset = this.#offsets[index] as number;
    // A UTF-16 code unit has at most three bytes.
    const before = Math.max(0, offset - 3 * (column - 1));
    const end = offset + (this.#lengths[index] as number) + 3 * (longest + 2);
    const bytes = this.#reread(before, end);
    if (bytes === undefined) return undefined;
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const lead = decoder.decode(bytes.subarray(0, offset - before));
    const text = lead.slice(lead.lastIndexOf('\n') + 1) + decoder.decode(bytes.subarray(offset - before));
    return new LineIndex(text).lines(first, to - line + 1, longest);
  }
}

function grown<T extends Float64Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** Where an object of a large JSON text stands; its bytes are read again when someone asks for more than its start. */
export class ObjectOrigin implements ListOrigin {
  readonly #places: ObjectPlaces;
  readonly #index: number;
  /** The list that it is an item of, which knows whether all of it stands on one line. */
  readonly #list: ListPlaces | undefined;

  constructor(places: ObjectPlaces, index: number, list: ListPlaces | undefined) {
    this.#places = places;
    this.#index = index;
    this.#list = list;
  }

  get file(): string {
    return this.#places.file;
  }

  locate(path: Path): Place {
    if (path.length === 0) return this.#places.place(this.#index);
    return this.#locate(path, false);
  }

  locateKey(path: Path): Place {
    return this.#locate(path, true);
  }

  lines(from: number, to: number): readonly string[] | undefined {
    return this.#isOnOneLine() ? undefined : this.#places.linesOf(this.#index, from, to, maxQuotedLine);
  }

  endLine(path: Path): number | undefined {
    if (this.#isOnOneLine()) return undefined;
    const item = this.#places.item(this.#index);
    if (item === undefined) return undefined;
    const { value } = item.places.find(path);
    const { line } = this.#places.placeIn(this.#index, item, valueEnd(item.text, value) - 1);
    return this.lines(line, line) === undefined ? undefined : line;
  }

  item(path: Path): ListOrigin {
    return new PathOrigin(this, path);
  }

  #isOnOneLine(): boolean {
    if (this.#list?.isOnOneLine(this.#places.place(this.#index).line) === false) return false;
    return this.#places.item(this.#index)?.text.includes('\n') !== true;
  }

  #locate(path: Path, onKey: boolean): Place {
    const item = this.#places.item(this.#index);
    if (item === undefined) return this.#places.place(this.#index);
    const { key, value } = item.places.find(path);
    return this.#places.placeIn(this.#index, item, onKey ? (key ?? value) : value);
  }
}

/** A value within an object of a large JSON text: an item of a list that was read as a whole. */
class PathOrigin implements ListOrigin {
  readonly #object: ListOrigin;
  readonly #base: Path;

  constructor(object: ListOrigin, base: Path) {
    this.#object = object;
    this.#base = base;
  }

  get file(): string {
    return this.#object.file;
  }

  locate(path: Path): Place {
    return this.#object.locate([...this.#base, ...path]);
  }

  locateKey(path: Path): Place {
    return this.#object.locateKey([...this.#base, ...path]);
  }

  lines(from: number, to: number): readonly string[] | undefined {
    return this.#object.lines(from, to);
  }

  endLine(path: Path): number | undefined {
    return this.#object.endLine([...this.#base, ...path]);
  }

  item(path: Path): ListOrigin {
    return new PathOrigin(this.#object, [...this.#base, ...path]);
  }
}

/** What the items of one list share. */
export class ListPlaces {
  /** The line on which the list begins, from 0. */
  readonly #line: number;
  #lastLine: number | undefined;

  constructor(line: number) {
    this.#line = line;
  }

  /** Says on which line the list ended. */
  end(line: number): void {
    this.#lastLine = line;
  }

  /** Whether all of the list stands on one line, as far as has been read: `line` is one of its lines, from 1. */
  isOnOneLine(line: number): boolean {
    return line === this.#line + 1 && (this.#lastLine ?? this.#line) === this.#line;
  }
}

/** A member of a list beside its items: where its key and its value begin, and the value as it is written. */
export interface ListMember {
  readonly key: string;
  readonly keyAt: Start;
  readonly valueAt: Start;
  /** Empty for the items, which know their places themselves. */
  readonly text: string;
}

/** Where a list stands that was taken apart while it was read, and where its items do. */
export class TakenApartOrigin implements ListOrigin {
  readonly file: string;
  readonly #start: Start;
  readonly #members: readonly ListMember[];
  /** By index of the item: its own place, or that of a list within the list. */
  readonly #items: readonly ListOrigin[];
  /** The member that was asked about last: a long one may be asked about often. */
  #last: { readonly member: ListMember; readonly places: JsonPlaces; readonly index: LineIndex } | undefined;

  constructor(file: string, start: Start, members: readonly ListMember[], items: readonly ListOrigin[]) {
    this.file = file;
    this.#start = start;
    this.#members = members;
    this.#items = items;
  }

  locate(path: Path): Place {
    const { item, rest } = this.#below(path);
    return item?.locate(rest) ?? this.#place(path, false);
  }

  locateKey(path: Path): Place {
    const { item, rest } = this.#below(path);
    return item?.locateKey(rest) ?? this.#place(path, true);
  }

  /** The list itself is too long to be quoted. */
  lines(): undefined {
    return undefined;
  }

  endLine(path: Path): number | undefined {
    const { item, rest } = this.#below(path);
    return item?.endLine(rest);
  }

  item(path: Path): ListOrigin {
    const { item, rest } = this.#below(path);
    if (item === undefined) return new PathOrigin(this, path);
    return rest.length === 0 ? item : item.item(rest);
  }

  #below([field, index, ...rest]: Path): { readonly item: ListOrigin | undefined; readonly rest: Path } {
    return { item: field === 'items' && typeof index === 'number' ? this.#items[index] : undefined, rest };
  }

  #place([field, ...rest]: Path, onKey: boolean): Place {
    const member = this.#members.findLast(({ key }) => key === field);
    if (member === undefined) return this.#startOf(this.#start);
    if (rest.length === 0 && onKey) return this.#startOf(member.keyAt);
    if (this.#last?.member !== member) {
      const { text } = member;
      this.#last = { member, places: new JsonPlaces(text, 0), index: new LineIndex(text) };
    }
    const { places, index } = this.#last;
    const { key, value } = places.find(rest);
    const inside = index.place(onKey ? (key ?? value) : value);
    const { line, column } = this.#startOf(member.valueAt);
    return {
      file: this.file,
      line: line + inside.line - 1,
      column: inside.line === 1 ? column + inside.column - 1 : inside.column,
    };
  }

  #startOf({ line, column }: Start): Place {
    return { file: this.file, line: line + 1, column: column + 1 };
  }
}
