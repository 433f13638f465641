import type { Origin, Path, Place } from '../../model/index.ts';
import type { ListOrigin } from '../objects/index.ts';
import { LineIndex, maxQuotedLine, readText } from '../text/index.ts';

/** Bytes of objects that cannot be read again are kept, up to so many in all. */
const mostKept: number = 2 ** 27;

/** The bytes `from` to `to` (excluded) of a source once more; `undefined` when they cannot be had. */
export type Reread = (from: number, to: number) => Uint8Array | undefined;

/** Where the parts of one source stand that were read one by one, in little room: documents, and items of large lists. */
export class UnitPlaces {
  readonly file: string;
  readonly #reread: Reread | undefined;
  #offsets = new Float64Array(4);
  #lengths = new Int32Array(4);
  #lines = new Int32Array(4);
  #count = 0;
  readonly #kept = new Map<number, Uint8Array>();
  #keptBytes = 0;
  #last: { readonly index: number; readonly origins: readonly Origin[] } | undefined;

  constructor(file: string, reread: Reread | undefined) {
    this.file = file;
    this.#reread = reread;
  }

  /** Whether bytes can be had again only when they are kept. */
  get forgets(): boolean {
    return this.#reread === undefined;
  }

  /**
   * Notes a part that starts where a line does.
   *
   * @param line - from 1
   * @returns its number
   */
  add(offset: number, length: number, line: number): number {
    const index = this.#count++;
    if (index >= this.#offsets.length) {
      this.#offsets = grown(this.#offsets, new Float64Array(index * 2));
      this.#lengths = grown(this.#lengths, new Int32Array(index * 2));
      this.#lines = grown(this.#lines, new Int32Array(index * 2));
    }
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
    this.#lines[index] = line;
    return index;
  }

  /** Keeps the bytes of a part of a source that cannot be read again, while there is room. */
  keep(index: number, bytes: Uint8Array): void {
    if (this.#keptBytes + bytes.length > mostKept) return;
    this.#keptBytes += bytes.length;
    this.#kept.set(index, bytes.slice());
  }

  /** The line that a part starts in, from 1. */
  lineOf(index: number): number {
    return this.#lines[index] as number;
  }

  /** Origins of the documents of a part, its lines counted from 1; none when its bytes cannot be had. The last are remembered. */
  originsOf(index: number): readonly Origin[] {
    if (this.#last?.index === index) return this.#last.origins;
    const bytes = this.#bytes(index, 0);
    const source = bytes === undefined ? undefined : { file: this.file, text: decode(bytes) };
    const origins =
      source === undefined ? [] : readText(source, { suggest: false }).documents.map(({ origin }) => origin);
    this.#last = { index, origins };
    return origins;
  }

  /**
   * The lines `from` to `to` of the source (both included, from 1); `undefined` when they cannot be had, or one is longer
   * than `longest`.
   */
  lines(from: number, to: number, longest: number): readonly string[] | undefined {
    const last = this.#at(to);
    let first = this.#at(from);
    // What was read before the parts, as the head of a list, is no part.
    if (last === undefined || first === undefined) return undefined;
    if (this.#reread === undefined) first = last;
    const start = this.lineOf(first);
    const offset = this.#offsets[first] as number;
    // Lines may go on behind the part: a UTF-16 code unit has at most three bytes.
    const more = (this.#offsets[last] as number) - offset + 3 * (longest + 2);
    const bytes = this.#bytes(first, more);
    if (bytes === undefined || from < start) return undefined;
    return new LineIndex(decode(bytes)).lines(from - start + 1, to - start + 1, longest);
  }

  #bytes(index: number, more: number): Uint8Array | undefined {
    const from = this.#offsets[index] as number;
    return this.#kept.get(index) ?? this.#reread?.(from, from + (this.#lengths[index] as number) + more);
  }

  /** The part in which a line stands, or that begins last before it. */
  #at(line: number): number | undefined {
    let low = -1;
    let high = this.#count - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.lineOf(middle) <= line) low = middle;
      else high = middle - 1;
    }
    return low < 0 ? undefined : low;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function grown<T extends Float64Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** Where a document of a source stands, or an item of a list: its bytes are read again when someone asks. */
export class UnitOrigin implements ListOrigin {
  readonly #places: UnitPlaces;
  readonly #index: number;
  /** Which document of the part it is. */
  readonly #document: number;
  /** Where the value stands in the document: an item of a list is the first of its part. */
  readonly #base: Path;

  constructor(places: UnitPlaces, index: number, document: number, base: Path) {
    this.#places = places;
    this.#index = index;
    this.#document = document;
    this.#base = base;
  }

  get file(): string {
    return this.#places.file;
  }

  locate(path: Path): Place {
    return this.#moved(this.#origin()?.locate([...this.#base, ...path]));
  }

  locateKey(path: Path): Place {
    return this.#moved(this.#origin()?.locateKey([...this.#base, ...path]));
  }

  lines(from: number, to: number): readonly string[] | undefined {
    return this.#places.lines(from, to, maxQuotedLine);
  }

  endLine(path: Path): number | undefined {
    const line = this.#origin()?.endLine([...this.#base, ...path]);
    return line === undefined ? undefined : line + this.#places.lineOf(this.#index) - 1;
  }

  item(path: Path): ListOrigin {
    return new UnitOrigin(this.#places, this.#index, this.#document, [...this.#base, ...path]);
  }

  #origin(): Origin | undefined {
    return this.#places.originsOf(this.#index)[this.#document];
  }

  #moved(place: Place | undefined): Place {
    const line = this.#places.lineOf(this.#index);
    return place === undefined
      ? { file: this.file, line, column: 1 }
      : { ...place, line: place.line + line - 1 };
  }
}

/** Where a list stands that was taken apart while it was read, and where its items do. */
export class ListedOrigin implements ListOrigin {
  readonly #outer: Origin;
  readonly #moved: (line: number) => number;
  readonly #items: readonly ListOrigin[];

  /**
   * @param outer - of the text that the list is without its items
   * @param moved - the line of the source that a line of this text is
   */
  constructor(outer: Origin, moved: (line: number) => number, items: readonly ListOrigin[]) {
    this.#outer = outer;
    this.#moved = moved;
    this.#items = items;
  }

  get file(): string {
    return this.#outer.file;
  }

  locate(path: Path): Place {
    const { item, rest } = this.#below(path);
    return item?.locate(rest) ?? this.#place(this.#outer.locate(path));
  }

  locateKey(path: Path): Place {
    const { item, rest } = this.#below(path);
    return item?.locateKey(rest) ?? this.#place(this.#outer.locateKey(path));
  }

  /** Any of the items knows the lines of all. */
  lines(from: number, to: number): readonly string[] | undefined {
    return this.#items[0]?.lines(from, to);
  }

  endLine(path: Path): number | undefined {
    const { item, rest } = this.#below(path);
    if (item !== undefined) return item.endLine(rest);
    const line = this.#outer.endLine(path);
    return line === undefined ? undefined : this.#moved(line);
  }

  item(path: Path): ListOrigin {
    const { item, rest } = this.#below(path);
    if (item === undefined) return new ListedOrigin(this.#outer, this.#moved, []);
    return rest.length === 0 ? item : item.item(rest);
  }

  #place(place: Place): Place {
    return { ...place, line: this.#moved(place.line) };
  }

  #below([field, index, ...rest]: Path): { readonly item: ListOrigin | undefined; readonly rest: Path } {
    return { item: field === 'items' && typeof index === 'number' ? this.#items[index] : undefined, rest };
  }
}
