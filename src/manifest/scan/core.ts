/**
 * What scans bytes: the form in WebAssembly or the one in TypeScript, which do the same with the same bytes.
 *
 * The bytes stand in `window` from 0 on, with `padding` zeros behind them. Positions and lengths count bytes of it. What
 * was found is written to `records`, see `record` and `event`; plain text that was noted is gathered in `text`.
 */
export interface ScannerCore {
  /** Grows by `grow`, which replaces it. */
  readonly window: Uint8Array;
  readonly records: Int32Array;
  readonly text: Uint8Array;
  /** What `scan` and `measure` say beside what they return; see `state`. */
  readonly state: Int32Array;
  /** Makes the window at least so long, `padding` included; what stands in it stays. */
  grow(length: number): void;
  /** Begins a new source: counts lines from 1 again. What was interned stays. */
  reset(): void;
  /**
   * Scans objects from `from` on, up to `end`, where the bytes end for now.
   *
   * @param mode - `sequence`: one after the other. `item`: items of a list, the next one comes first. `comma`: a comma
   * comes first
   * @returns why it stopped, one of `stop`; where is in `state`
   */
  scan(from: number, end: number, mode: number): number;
  /**
   * Where the value that starts at `from` ends.
   *
   * @returns `need.more` when it does not end before `end`, `need.care` when it cannot be a value
   */
  skip(from: number, end: number): number;
  /**
   * Counts lines and UTF-16 code units of the bytes from the last place that was measured to `to`, and checks that they
   * are UTF-8.
   *
   * @returns the position of the first byte that is part of no character, or -1
   */
  measure(to: number): number;
  /** Says that `bytes` bytes of the window's front are gone: positions count from there. */
  shift(bytes: number): void;
  /** Says what objects with this interned apiVersion and kind are: their header, and what to walk (see `walk`). */
  define(apiVersion: number, kind: number, header: number, walk: number): void;
  /** Says the same of items that have neither apiVersion nor kind; `walk.care` for none. */
  defineDefault(header: number, walk: number): void;
}

/** How many zeros stand behind the bytes of the window: scanners look ahead. */
export const padding = 64;

/** Room for records. */
export const recordWords: number = 2 ** 16;
/** Room for text that is noted. */
export const textLength: number = 2 ** 18;
/** An item is begun only with so much room in the records, and so much for text; one that needs more is read whole. */
export const itemWords: number = 2 ** 13;
export const itemText: number = 2 ** 13;

/** Why a scan stopped. */
export const stop = {
  /** The bytes end before the next object does. */
  more: 0,
  /** The records are full. */
  full: 1,
  /** Something else than an object, or than a comma, stands there. */
  other: 2,
  /** An object that holds others: a list. */
  list: 3,
  /** An object whose apiVersion and kind have not been defined. */
  header: 4,
  /** A byte that is part of no character; where is in `state`. */
  notUtf8: 5,
} as const;

/** How a scan begins, and how it would go on. */
export const mode = { sequence: 0, item: 1, comma: 2 } as const;

/** Indices of `state`. */
export const state = {
  position: 0,
  mode: 1,
  /** How many words of `records`, and bytes of `text`, are used. */
  records: 2,
  text: 3,
  /** Line and UTF-16 column, both from 0, of the last place that was measured; columns stop at 2^31 - 1. */
  line: 4,
  column: 5,
  /** The place that was measured last. */
  measured: 6,
  /** Of `stop.header`: numbers of the interned apiVersion and kind, -1 for one that is not, and where they stand. */
  apiVersion: 7,
  kind: 8,
  apiVersionAt: 9,
  apiVersionEnd: 10,
  kindAt: 11,
  kindEnd: 12,
} as const;

/** What a position may be instead of one. */
export const need = { more: -1, care: -2, list: -3 } as const;

/** What of an object is walked, instead of a node of the program. */
export const walk = {
  /** It is read as a whole. */
  care: -1,
  /** It is only counted. */
  counted: -2,
  list: -3,
} as const;

/** Indices of a record: what the object is (its header, `record.whole` for one that is read as a whole), where it stands, and how many events follow. */
export const record = {
  header: 0,
  start: 1,
  end: 2,
  line: 3,
  column: 4,
  events: 5,
  size: 6,
  whole: -1,
} as const;

/** Indices of an event: its field or `event.close`, where its value starts and how long it is, and what it is. */
export const event = { field: 0, start: 1, length: 2, value: 3, size: 4, close: -1, element: -2 } as const;

/** What the value of an event is, if it is not the number of an interned value. */
export const noted = {
  /** JSON in the window. */
  json: -1,
  /** ASCII in `text`. */
  text: -2,
  present: -3,
  /** The members that follow, up to `event.close`. */
  object: -4,
  /** The elements that follow, up to `event.close`; with a number in `start`, that is what it is interned as. */
  list: -5,
} as const;

/** Longer values are not interned: they hardly repeat. */
export const longestInterned: number = 2 ** 12;
/** How many values are interned, and how many bytes they may have together. */
export const mostInterned: number = 2 ** 18;
export const internedBytes: number = 2 ** 26;
/** How many slots there are for interned values at first; twice as many whenever half of them are taken. */
export const firstSlots: number = 2 ** 12;
/** A value that finds so many others in its way is not interned. */
export const mostProbes = 32;
/** How deep what is skipped may be nested; deeper objects are read as a whole, which counts exactly. */
export const deepestSkipped = 256;
/** Longer annotations are read as a whole: together they may be more than the API allows. */
export const longestAnnotations = 80_000;
/** How many pairs of apiVersion and kind are told apart. */
export const mostHeaders = 4096;
