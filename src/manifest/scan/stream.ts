import type { Diagnostic, Path } from '../../model/index.ts';
import type { ListOrigin, PodIntake } from '../objects/index.ts';
import type { RawDocument } from '../raw.ts';
import {
  duplicateKeys,
  isObject,
  isTooDeep,
  jsonProblem,
  maxDocuments,
  maxJsonForDuplicates,
  parseJson,
  tooDeep,
  tooManyDocuments,
} from '../text/index.ts';
import type { BadByte, JsonExpectation } from '../text/index.ts';
import type { Header, ObjectBuilder } from './build.ts';
import { mode, need, padding, record, state, stop } from './core.ts';
import type { ScannerCore } from './core.ts';
import { isForeignItem, isNoPod, isPod, podHeader } from './frames.ts';
import type { Frame, Given, Items, Take } from './frames.ts';
import { Kinds } from './kinds.ts';
import { ListPlaces, ObjectOrigin, ObjectPlaces, TakenApartOrigin } from './places.ts';
import type { Start } from './places.ts';
import type { Scanner } from './scanner.ts';
import { StreamFindings } from './stream-findings.ts';

/** Bounds on the reading of one JSON text, in bytes. */
export interface ScanLimits {
  /** How much is gathered before it is scanned. */
  readonly piece: number;
  /** How long one object, or one member of a list beside its items, may be. */
  readonly object: number;
}

/** What one source held. */
export interface ScanResult {
  readonly documents: readonly RawDocument[];
  readonly diagnostics: readonly Diagnostic[];
  /** Nothing of the source counts: a byte of it is no text. */
  readonly notUtf8: BadByte | undefined;
  readonly places: ObjectPlaces;
}

/** Thrown within this module when nothing that follows can be read. */
class Ended extends Error {}

const noDuplicates: readonly Path[] = [];

/** Lists within lists are taken apart to this depth, of which the collector takes fewer. */
const deepestFrames = 64;

/** What is remembered of a member of a list beside its text, about as many bytes. */
const memberCost = 256;

/** Text around a mistake that is looked through for what it is. */
const lookedThrough: number = 2 ** 22;

/**
 * Reads one JSON text of any size from its bytes: one list, or several values that follow each other.
 *
 * Only a window of the bytes is held. Each object is reduced to what podwall reads of it (`fields.ts`); one in which
 * anything is odd (a member twice, an escape in a key, a value of another type) is read as a whole by `JSON.parse`, as
 * all are in a small text. What is skipped is checked as far as is cheap: that strings and brackets close, that strings
 * hold no control characters, and that all is UTF-8. Not checked there: which bracket closes which, commas and colons,
 * numbers and words, escapes, and keys that stand twice.
 */
export class JsonStream {
  readonly places: ObjectPlaces;
  readonly #core: ScannerCore;
  readonly #builder: ObjectBuilder;
  readonly #headers: readonly Header[];
  readonly #kinds: Kinds;
  readonly #scanner: Scanner;
  readonly #limits: ScanLimits;
  readonly #file: string;
  readonly #newPods: () => PodIntake;

  /** How many bytes the window holds. */
  #filled = 0;
  /** Where to go on in it. */
  #at = 0;
  /** Scanning is worth while when so many are there. */
  #wanted: number;
  /** The offset of the window in the source. */
  #base: number;
  #isLast = false;
  #isDone = false;
  /** Counts what was found, and how many blanks came since it last did. */
  #steps = 0;
  #stepsBefore = 0;
  #blanks = 0;
  readonly #frames: Frame[] = [];
  readonly #documents: RawDocument[] = [];
  /** How many values, at the top or in lists, are no objects of Kubernetes. */
  #foreign = 0;
  readonly #findings: StreamFindings;
  #notUtf8: BadByte | undefined;

  /**
   * @param base - how many bytes of the source came before, as a byte order mark does
   */
  constructor(
    source: { readonly file: string; readonly reread?: (from: number, to: number) => Uint8Array | undefined },
    scanner: Scanner,
    limits: ScanLimits,
    base: number,
    newPods: () => PodIntake,
  ) {
    this.#file = source.file;
    this.#findings = new StreamFindings(source.file);
    this.places = new ObjectPlaces(source.file, source.reread);
    this.#core = scanner.core;
    this.#builder = scanner.builder;
    this.#headers = scanner.headers;
    this.#kinds = new Kinds(scanner);
    this.#scanner = scanner;
    this.#limits = limits;
    this.#newPods = newPods;
    this.#base = base;
    this.#wanted = limits.piece;
    this.#core.grow(limits.piece * 2 + padding);
    this.#core.reset();
  }

  /** Nothing of what follows would be looked at. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Where the next bytes can be written, at least one; `wrote` takes them. */
  room(): Uint8Array {
    if (this.#filled + padding >= this.#core.window.length) this.#core.grow(this.#filled * 2 + padding);
    const { window } = this.#core;
    return window.subarray(this.#filled, window.length - padding);
  }

  /** Takes the first `length` bytes of `room`. */
  wrote(length: number): void {
    if (this.#isDone) return;
    this.#filled += length;
    if (this.#filled >= this.#wanted) this.#advance();
  }

  push(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length && !this.#isDone;) {
      const room = this.room();
      const length = Math.min(room.length, bytes.length - from);
      room.set(bytes.subarray(from, from + length));
      this.wrote(length);
      from += length;
    }
  }

  end(): ScanResult {
    this.#isLast = true;
    if (!this.#isDone) this.#advance();
    return {
      documents: this.#documents,
      diagnostics: this.#findings.finish(),
      notUtf8: this.#notUtf8,
      places: this.places,
    };
  }

  #advance(): void {
    const { window } = this.#core;
    window.fill(0, this.#filled, this.#filled + padding);
    try {
      for (;;) {
        const frame = this.#frames.at(-1);
        if (
          !(frame === undefined
            ? this.#topLevel()
            : frame.kind === 'object'
              ? this.#object(frame)
              : this.#list(frame))
        )
          break;
      }
      if (this.#isLast) this.#finish();
      else this.#forget();
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      this.#isDone = true;
      if (this.#notUtf8 === undefined) this.#closeAll();
    }
  }

  /** Lets go of the bytes that have been read. */
  #forget(): void {
    const left = this.#filled - this.#at;
    if (left > this.#limits.object) this.#tooLarge();
    this.#measure(this.#at);
    this.#blanks = this.#steps === this.#stepsBefore ? this.#blanks + this.#at : 0;
    this.#stepsBefore = this.#steps;
    if (this.#blanks > this.#limits.object) this.#tooLarge();
    if (this.#at > 0) {
      this.#core.window.copyWithin(0, this.#at, this.#filled);
      this.#core.shift(this.#at);
      this.#base += this.#at;
      this.#filled = left;
      this.#at = 0;
    }
    // What is begun is scanned again from its start: only when there is twice as much, so that the work stays linear.
    this.#wanted = Math.max(this.#limits.piece, left * 2);
    if (this.#wanted + this.#limits.piece + padding > this.#core.window.length) {
      this.#core.grow(this.#wanted + this.#limits.piece + padding);
    }
  }

  #finish(): void {
    // A character that is cut off is found here, before it is looked for what else is wrong.
    if (this.#frames.length > 0 || this.#at < this.#filled) this.#syntax(this.#at, this.#filled);
    this.#measure(this.#filled);
    this.#isDone = true;
  }

  // The three levels: each goes on as far as it can, and says whether there is more to do at another level.

  #topLevel(): boolean {
    return this.#objects(mode.sequence, (value, origin, duplicates) => {
      if (!isObject(value)) this.#foreign++;
      this.#documents.push({ value, origin, duplicates });
    });
  }

  #list(frame: Frame): boolean {
    const { items } = frame;
    const how = frame.expect === 'commaOrEnd' ? mode.comma : mode.item;
    if (items === undefined) throw new Ended();
    const goesOn = this.#objects(
      how,
      this.#isAmongValues()
        ? undefined
        : (value, origin, duplicates) => {
            if (items.pods !== undefined && items.arePodsPlain) {
              if (isPod(value)) {
                items.pods.push(podHeader, value, origin, duplicates);
                return;
              }
              // What its list makes a pod, or holds some, comes in its turn: of the same name the last one counts.
              items.arePodsPlain = isNoPod(value);
            }
            this.#addItem(items, this.#frames.at(-2)?.given, value, origin, duplicates);
          },
    );
    return goesOn;
  }

  /** Values of a list at the top are no objects of Kubernetes, whatever they are. */
  #isAmongValues(): boolean {
    return this.#frames[0]?.kind === 'values';
  }

  #addItem(
    items: Items,
    given: Given | undefined,
    value: unknown,
    origin: ListOrigin,
    duplicates: readonly Path[],
  ): void {
    if (isForeignItem(value, given?.kind)) this.#foreign++;
    for (const path of duplicates) items.duplicates.push(['items', items.values.length, ...path]);
    items.values.push(value);
    items.origins.push(origin);
  }

  /** Reads objects, at the top or as items of a list, until there is something else to do. */
  #objects(how: number, take: Take | undefined): boolean {
    const core = this.#core;
    const frame = this.#frames.at(-1);
    let now = how;
    for (;;) {
      const why = core.scan(this.#at, this.#filled, now);
      const position = core.state[state.position] as number;
      now = core.state[state.mode] as number;
      if (frame !== undefined && now !== mode.sequence) {
        const isFirst = frame.expect === 'valueOrEnd' && core.state[state.records] === 0;
        frame.expect = now === mode.comma ? 'commaOrEnd' : isFirst ? 'valueOrEnd' : 'value';
      }
      this.#build(take);
      this.#at = position;
      switch (why) {
        case stop.full:
          break;
        case stop.more:
          return false;
        case stop.header:
          this.#kinds.define();
          break;
        case stop.notUtf8:
          this.#bad(position);
          break;
        case stop.list:
          this.#open('object');
          return true;
        default: {
          const went = this.#other(frame, take);
          if (went !== 'on') return went === 'elsewhere';
          now = frame === undefined ? mode.sequence : mode.comma;
        }
      }
    }
  }

  /** Something that is no object stands where one was looked for. */
  #other(frame: Frame | undefined, take: Take | undefined): 'on' | 'elsewhere' | 'more' {
    const byte = this.#core.window[this.#at];
    if (frame === undefined) {
      if (byte !== 0x5b) this.#syntax(this.#at, this.#filled);
      this.#open('values');
      this.#at++;
      return 'elsewhere';
    }
    if (frame.expect !== 'value' && byte === 0x5d) {
      this.#at++;
      this.#close(frame);
      return 'elsewhere';
    }
    if (frame.expect === 'commaOrEnd') this.#syntax(this.#at, this.#filled);
    const after = this.#core.skip(this.#at, this.#filled);
    if (after === need.more) return 'more';
    this.#steps++;
    if (after < 0) this.#syntax(this.#at, this.#filled);
    this.#measure(this.#at);
    const start = this.#startAt(this.#at);
    this.#checkForeign(start);
    this.#takeWhole(start, this.#at, after, frame.items?.list, take);
    this.#at = after;
    frame.expect = 'commaOrEnd';
    return 'on';
  }

  /** Members of an object that is taken apart, up to its items or its end. */
  #object(frame: Frame): boolean {
    const core = this.#core;
    const { window } = core;
    for (;;) {
      this.#at = this.#skipBlank(this.#at);
      if (this.#at >= this.#filled) return false;
      const byte = window[this.#at];
      if (byte === 0x7d && frame.expect !== 'key') {
        this.#at++;
        this.#close(frame);
        return true;
      }
      if (frame.expect === 'commaOrEnd') {
        if (byte !== 0x2c) this.#syntax(this.#at, this.#filled);
        this.#at++;
        frame.expect = 'key';
        continue;
      }
      if (byte !== 0x22) this.#syntax(this.#at, this.#filled);
      const keyEnd = core.skip(this.#at, this.#filled);
      if (keyEnd === need.more) return false;
      if (keyEnd < 0) this.#syntax(this.#at, this.#filled);
      const colon = this.#skipBlank(keyEnd);
      if (colon >= this.#filled) return false;
      if (window[colon] !== 0x3a) this.#syntax(this.#at, this.#filled);
      const valueAt = this.#skipBlank(colon + 1);
      if (valueAt >= this.#filled) return false;
      const key = this.#builder.decode(this.#at, keyEnd);
      if (key === '"items"' && window[valueAt] === 0x5b && frame.items === undefined) {
        frame.members.push('"items":[]');
        this.#mark(frame, 'items', valueAt, '');
        const pods = this.#frames.length === 1 ? this.#newPods() : undefined;
        frame.items = this.#newItems(frame.start.line, pods);
        frame.areItemsLast = true;
        this.#at = valueAt;
        this.#open('items', frame.items);
        this.#at++;
        this.#kinds.defineDefault(frame);
        return true;
      }
      const after = core.skip(valueAt, this.#filled);
      if (after === need.more) return false;
      if (after < 0) this.#syntax(this.#at, this.#filled);
      const member = this.#builder.decode(this.#at, after);
      frame.membersLength += member.length + memberCost;
      if (frame.membersLength > this.#limits.object) this.#tooLarge();
      try {
        JSON.parse(`{${member}}`);
      } catch {
        this.#syntax(this.#at, after);
      }
      const name = String(JSON.parse(key));
      if (name === 'items') frame.areItemsLast = false;
      frame.members.push(member);
      frame.given = undefined;
      this.#mark(frame, name, valueAt, this.#builder.decode(valueAt, after));
      this.#steps++;
      this.#at = after;
      frame.expect = 'commaOrEnd';
    }
  }

  /** Remembers where a member stands: its key comes next. */
  #mark(frame: Frame, key: string, valueAt: number, text: string): void {
    this.#measure(this.#at);
    const keyAt = this.#startAt(this.#at);
    this.#measure(valueAt);
    frame.marks.push({ key, keyAt, valueAt: this.#startAt(valueAt), text });
  }

  #open(kind: Frame['kind'], items?: Items): void {
    this.#steps++;
    if (this.#frames.length >= deepestFrames) {
      this.#measure(this.#at);
      this.#findings.report(tooDeep(0), this.#startAt(this.#at), '');
      throw new Ended();
    }
    this.#measure(this.#at);
    const start = this.#startAt(this.#at);
    if (kind !== 'items') this.#checkForeign(start);
    this.#frames.push({
      kind,
      start,
      expect: kind === 'object' ? 'keyOrEnd' : 'valueOrEnd',
      members: [],
      marks: [],
      membersLength: 0,
      items: kind === 'values' ? this.#newItems(start.line, undefined) : items,
      areItemsLast: false,
      given: undefined,
    });
    if (kind === 'object') this.#at++;
  }

  #newItems(line: number, pods: PodIntake | undefined): Items {
    const list = new ListPlaces(line);
    // Pods remember it as long as there is a cluster: it must not know the stream, and so all that was read.
    const { places } = this;
    return {
      values: [],
      origins: [],
      duplicates: [],
      list,
      pods,
      podOrigins: { origin: (index) => new ObjectOrigin(places, index, list) },
      arePodsPlain: pods !== undefined,
    };
  }

  /** Closes lists that a mistake has left open: the items before it count. */
  #closeAll(): void {
    const line = this.#findings.lastLine - 1;
    for (let frame = this.#frames.pop(); frame !== undefined; frame = this.#frames.pop()) {
      const { items, start } = frame;
      if (frame.kind !== 'object' || items === undefined) continue;
      // kubectl writes the kind of a list last.
      if (this.#kinds.givenOf(frame).kind === 'later') {
        if ((items.pods?.taken ?? 0) === 0 && !items.values.some(isObject)) continue;
        frame.members.push('"kind":"List"');
      }
      items.list.end(line);
      const text = `{${frame.members.join(',')}}`;
      if (isTooDeep(text, 0, text.length)) continue;
      const origins = frame.areItemsLast ? items.origins : [];
      this.#giveTakenApart(frame, text, new TakenApartOrigin(this.#file, start, frame.marks, origins));
    }
  }

  #close(frame: Frame): void {
    this.#steps++;
    this.#frames.pop();
    this.#measure(this.#at);
    const { line } = this.#here();
    if (frame.kind !== 'object') {
      const parent = this.#frames.at(-1);
      if (parent === undefined) {
        const origin = new TakenApartOrigin(this.#file, frame.start, [], []);
        this.#documents.push({ value: [], origin, duplicates: noDuplicates });
        this.#foreign++;
      } else parent.expect = 'commaOrEnd';
      return;
    }
    if (frame.items !== undefined) frame.items.list.end(line);
    const text = `{${frame.members.join(',')}}`;
    const items = frame.areItemsLast ? (frame.items?.origins ?? []) : [];
    const origin =
      frame.items === undefined && !this.places.forgets
        ? new ObjectOrigin(
            this.places,
            this.places.add(frame.start, this.#base + this.#at - frame.start.offset),
            undefined,
          )
        : new TakenApartOrigin(this.#file, frame.start, frame.marks, items);
    const parent = this.#frames.at(-1);
    if (isTooDeep(text, 0, text.length)) {
      this.#findings.report(tooDeep(0), frame.start, '');
    } else this.#giveTakenApart(frame, text, origin);
    if (parent !== undefined) parent.expect = 'commaOrEnd';
    this.#kinds.restoreDefault(this.#frames.at(-2));
  }

  /** @param text - the members of the object, without its items */
  #giveTakenApart({ items, areItemsLast }: Frame, text: string, origin: ListOrigin): void {
    const value = parseJson(text) as Record<string, unknown>;
    const duplicates: Path[] =
      text.length <= maxJsonForDuplicates ? [...duplicateKeys(text, 0, text.length)] : [];
    if (items !== undefined && areItemsLast) {
      value['items'] = items.values;
      for (const path of items.duplicates) duplicates.push(path);
    }
    this.#give(this.#frames.at(-1), value, origin, duplicates, areItemsLast ? items?.pods : undefined);
  }

  #give(
    parent: Frame | undefined,
    value: unknown,
    origin: ListOrigin,
    duplicates: readonly Path[],
    pods: PodIntake | undefined,
  ): void {
    if (parent?.items === undefined) {
      if (!isObject(value)) this.#foreign++;
      this.#documents.push({ value, origin, duplicates, ...(pods === undefined ? {} : { pods }) });
      return;
    }
    if (this.#isAmongValues()) return;
    parent.items.arePodsPlain = false;
    this.#addItem(parent.items, this.#frames.at(-2)?.given, value, origin, duplicates);
  }

  // Objects.

  #build(take: Take | undefined): void {
    const core = this.#core;
    const length = core.state[state.records] as number;
    if (length === 0) return;
    this.#steps++;
    const items = take === undefined ? undefined : this.#frames.at(-1)?.items;
    const pods = items?.arePodsPlain === true ? items.pods : undefined;
    const rows = pods === undefined ? undefined : this.#scanner.rowsFor(pods.parts);
    const isRow = (header: number): boolean => this.#headers[header]?.isPlainPod === true;
    this.#builder.take(length, core.state[state.text] as number, rows === undefined ? undefined : isRow);
    const { records } = core;
    const list = this.#frames.at(-1)?.items?.list;
    for (let at = 0; at < length;) {
      const start = records[at + record.start] as number;
      const end = records[at + record.end] as number;
      const header = records[at + record.header] as number;
      const where: Start = {
        offset: this.#base + start,
        line: records[at + record.line] as number,
        column: records[at + record.column] as number,
      };
      this.#checkForeign(where);
      const next = at + record.size + (records[at + record.events] as number) * 4;
      let value: unknown;
      if (header !== record.whole) {
        const known = this.#headers[header] as Header;
        if (known.isPlainPod && rows !== undefined && pods !== undefined && items?.arePodsPlain === true) {
          const row = rows.read(at, pods);
          if (row !== undefined) {
            pods.pushPlain(row, items.podOrigins, this.places.add(where, end - start));
            at = next;
            continue;
          }
        }
        try {
          value = this.#builder.build(at, known);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
        }
        if (value !== undefined && take !== undefined) {
          const index = this.places.add(where, end - start);
          if (this.places.forgets && known.isAskedAbout)
            this.places.keep(index, core.window.subarray(start, end));
          take(value, new ObjectOrigin(this.places, index, list), noDuplicates);
        }
      }
      if (value === undefined) this.#takeWhole(where, start, end, list, take);
      at = next;
    }
  }

  /** Reads a value as a whole, as those of small texts are. */
  #takeWhole(
    where: Start,
    start: number,
    end: number,
    list: ListPlaces | undefined,
    take: Take | undefined,
  ): void {
    const text = this.#builder.decode(start, end);
    if (isTooDeep(text, 0, text.length)) {
      this.#findings.report(tooDeep(0), where, text);
      return;
    }
    let value: unknown;
    try {
      value = parseJson(text);
    } catch {
      this.#syntaxIn(where, text, false);
    }
    if (take === undefined) return;
    const index = this.places.add(where, end - start);
    if (this.places.forgets) this.places.keep(index, this.#core.window.subarray(start, end));
    const duplicates =
      text.length <= maxJsonForDuplicates ? duplicateKeys(text, 0, text.length) : noDuplicates;
    take(value, new ObjectOrigin(this.places, index, list), duplicates);
  }

  // Places and mistakes.

  /** Ends the reading before the value that begins at `start` when there were too many that are no objects. */
  #checkForeign(start: Start): void {
    if (this.#foreign < maxDocuments) return;
    this.#findings.report(tooManyDocuments(0), start, '');
    throw new Ended();
  }

  #skipBlank(from: number): number {
    const { window } = this.#core;
    let at = from;
    for (; at < this.#filled; at++) {
      const byte = window[at];
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break;
    }
    return at;
  }

  #measure(to: number): void {
    if (to <= (this.#core.state[state.measured] as number)) return;
    const bad = this.#core.measure(to);
    if (bad >= 0) this.#bad(bad);
  }

  #bad(position: number): never {
    const { line, column } = this.#here();
    this.#notUtf8 = {
      kind: 'notUtf8',
      byte: this.#core.window[position] as number,
      line: line + 1,
      column: column + 1,
    };
    this.#documents.length = 0;
    this.#findings.clear();
    throw new Ended();
  }

  /** The last place that was measured. */
  #here(): { readonly line: number; readonly column: number } {
    const { state: told } = this.#core;
    return { line: told[state.line] as number, column: told[state.column] as number };
  }

  /** @param at - the place that was measured last */
  #startAt(at: number): Start {
    return { offset: this.#base + at, ...this.#here() };
  }

  #tooLarge(): never {
    // More often than one huge object, a bracket is missing.
    const end = Math.min(this.#filled, this.#at + lookedThrough);
    this.#measure(this.#at);
    const text = this.#builder.decode(this.#at, end);
    const { around, first } = this.#context();
    const finding = jsonProblem(text, 0, around, first);
    // That the text ends is our doing.
    if (finding.hint === undefined && !finding.message.includes('ends early'))
      this.#findings.report(finding, this.#startAt(this.#at), text);
    else {
      this.#findings.report(
        {
          code: 'document-too-large',
          message: `One value of this JSON text is larger than the ${Math.ceil(this.#limits.object / 2 ** 20)} MiB that podwall reads; what stands from here on was left out.`,
          hint: 'no object of Kubernetes is larger than 2 MiB: the text may be damaged',
          offset: 0,
        },
        this.#startAt(this.#at),
        '',
      );
    }
    throw new Ended();
  }

  /** What closes the open frames, and what may come next in the innermost. */
  #context(): { readonly around: readonly string[]; readonly first: JsonExpectation } {
    const around = this.#frames.map(({ kind }) => (kind === 'object' ? '}' : ']'));
    return { around, first: this.#frames.at(-1)?.expect ?? (this.#steps > 0 ? 'nothing' : 'value') };
  }

  /** Reports what is wrong from `at` on, and ends the reading. */
  #syntax(at: number, end: number): never {
    this.#measure(at);
    const start = this.#startAt(at);
    // A character that is cut off at the very end is what is wrong, then.
    if (this.#isLast) this.#measure(end);
    const text = this.#builder.decode(at, Math.min(end, at + lookedThrough));
    return this.#syntaxIn(start, text, true);
  }

  /** @param isOpen - the text goes on from what has been read; else it is a value of its own */
  #syntaxIn(start: Start, text: string, isOpen: boolean): never {
    const { around, first } = this.#context();
    const expect = isOpen ? first : 'value';
    this.#findings.report(jsonProblem(text, 0, around, expect), start, text);
    throw new Ended();
  }
}
