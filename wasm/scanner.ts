// The scanner in WebAssembly with SIMD, in AssemblyScript: the same as `src/manifest/scan/script-core.ts`, function by
// function, which says what each does. `scripts/build-scanner.ts` compiles it; what stands where in its memory is known
// to `src/manifest/scan/wasm-core.ts` alone. The numbers are those of `core.ts` and `program.ts`: tests compare both
// forms on everything they can say.

/** How many values are interned. */
const MOST_INTERNED: i32 = 1 << 18;

/** Elements of a list, by their index, have runs of their own: containers of a pod differ, those of pods do not. */
const LANES: i32 = 4;
const MOST_RUNS: i32 = 1024;
/** Of a run: its number of starts, how long it is, the member that is noted behind it; the starts; its bytes. */
const RUN_SIZE: i32 = 2560;
const RUN_STARTS: i32 = 16;
const RUN_TEXT: i32 = 512;
const MOST_STARTS: i32 = (RUN_TEXT - RUN_STARTS) >> 2;
const LONGEST_RUN: i32 = RUN_SIZE - RUN_TEXT - 16;
/** The noted member of a run that is remembered in part. */
const CUT: i32 = -1;

// Where things stand in memory.
const STATE: i32 = 1024;
const PROGRAM: i32 = 2048;
const KEY: i32 = 40960;
const LAST: i32 = 45056;
const HEADERS: i32 = 49152;
const RECORDS: i32 = 131072;
const TEXT: i32 = 393216;
const SLOTS: i32 = 655360;
/** Hash, place, length, and whether it has been told what a list is made of: next to each other, for the cache. */
const ENTRIES: i32 = SLOTS + ((MOST_INTERNED * 2) << 2);
const ARENA: i32 = ENTRIES + (MOST_INTERNED << 4);
const ARENA_BLOCK: i32 = 1 << 20;
const ARENA_END: i32 = ARENA + (1 << 26);
/** What was passed over last, see `others`: for each word of the program, the first of its `LANES` runs, and these. */
const RUN_OF: i32 = ARENA_END;
const RUNS: i32 = RUN_OF + 40960;
/** For each word of the program and each lane: the number of the value that was noted last, and 1; 0 for none. */
const LAST_NOTED: i32 = RUNS + MOST_RUNS * RUN_SIZE;
/** Where the members of the run begin that is being passed over. */
const STARTS: i32 = LAST_NOTED + 163840;
const MEMORY_END: i32 = STARTS + 1024;

const RECORD_WORDS: i32 = 1 << 16;
const TEXT_LENGTH: i32 = 1 << 18;
const ITEM_WORDS: i32 = 1 << 13;
const ITEM_TEXT: i32 = 1 << 13;
const LONGEST_INTERNED: i32 = 1 << 12;
const MOST_PROBES: i32 = 32;
const FIRST_SLOTS: i32 = 1 << 12;
const DEEPEST: i32 = 256;
const LONGEST_ANNOTATIONS: i32 = 80000;
const MOST_HEADERS: i32 = 4096;
const LONGEST_LAST: i32 = 256;
/** Text up to about this length is noted while its end is looked for. */
const SHORT_TEXT: i32 = 256;

const STOP_MORE: i32 = 0;
const STOP_FULL: i32 = 1;
const STOP_OTHER: i32 = 2;
const STOP_LIST: i32 = 3;
const STOP_HEADER: i32 = 4;
const STOP_NOT_UTF8: i32 = 5;

const SEQUENCE: i32 = 0;
const ITEM: i32 = 1;
const COMMA_FIRST: i32 = 2;

const MORE: i32 = -1;
const CARE: i32 = -2;
const LIST: i32 = -3;

const WALK_CARE: i32 = -1;
const WALK_LIST: i32 = -3;
const WHOLE: i32 = -1;

const CLOSE: i32 = -1;
const ELEMENT: i32 = -2;
const JSON_VALUE: i32 = -1;
const TEXT_VALUE: i32 = -2;
const PRESENT: i32 = -3;
const OBJECT: i32 = -4;
const ELEMENTS: i32 = -5;

const NODE_SIZE: i32 = 24;

// Words of `state`.
const S_POSITION: i32 = 0;
const S_MODE: i32 = 1;
const S_RECORDS: i32 = 2;
const S_TEXT: i32 = 3;
const S_LINE: i32 = 4;
const S_COLUMN: i32 = 5;
const S_MEASURED: i32 = 6;
const S_API_VERSION: i32 = 7;
const S_KIND: i32 = 8;
const S_API_VERSION_AT: i32 = 9;
const S_API_VERSION_END: i32 = 10;
const S_KIND_AT: i32 = 11;
const S_KIND_END: i32 = 12;

const QUOTE: i32 = 0x22;
const BACKSLASH: i32 = 0x5c;
const OPEN_BRACE: i32 = 0x7b;
const CLOSE_BRACE: i32 = 0x7d;
const OPEN_BRACKET: i32 = 0x5b;
const CLOSE_BRACKET: i32 = 0x5d;
const COMMA: i32 = 0x2c;
const COLON: i32 = 0x3a;

/** Where the window stands; it moves when it grows. */
let windowAt: i32 = MEMORY_END;
let windowLength: i32 = 0;

let end: i32 = 0;
/** In words of the records. */
let out: i32 = 0;
let outLimit: i32 = 0;
let textOut: i32 = 0;
let textLimit: i32 = 0;

let line: i32 = 0;
let column: i32 = 0;
let measured: i32 = 0;

let arenaFree: i32 = ARENA;
let entries: i32 = 0;
let slots: i32 = FIRST_SLOTS;
let hasNewList: bool = false;

let headers: i32 = 0;
let defaultHeader: i32 = WHOLE;
let defaultWalk: i32 = WALK_CARE;
let header: i32 = 0;
let walk: i32 = 0;
let lastLength: i32 = 0;
let lastHeader: i32 = 0;
let lastWalk: i32 = 0;

let runs: i32 = 0;
let lane: i32 = 0;
/** The member whose value begins where `others` stopped; 0 when that is behind the object. */
let reached: i32 = 0;

// @ts-ignore: decorator
@inline
function byteAt(at: i32): i32 {
  return load<u8>(windowAt + at);
}

// @ts-ignore: decorator
@inline
function tell(index: i32, value: i32): void {
  store<i32>(STATE + (index << 2), value);
}

// @ts-ignore: decorator
@inline
function recordAt(index: i32): i32 {
  return load<i32>(RECORDS + (index << 2));
}

// @ts-ignore: decorator
@inline
function setRecord(index: i32, value: i32): void {
  store<i32>(RECORDS + (index << 2), value);
}

// @ts-ignore: decorator
@inline
function word(index: i32): i32 {
  return load<i32>(PROGRAM + (index << 2));
}

/** Where the window stands now. */
export function window(): i32 {
  return windowAt;
}

/** Makes the window at least so long; returns where it stands. */
export function grow(length: i32): i32 {
  if (length <= windowLength) return windowAt;
  const needed = (length + 15) & ~15;
  const at = windowLength == 0 ? windowAt : (windowAt + windowLength + 15) & ~15;
  const pages = ((at + needed + 0xffff) >>> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  if (windowLength > 0) memory.copy(at, windowAt, windowLength);
  windowAt = at;
  windowLength = needed;
  return at;
}

export function reset(): void {
  line = 0;
  column = 0;
  measured = 0;
  lastLength = 0;
  defineDefault(WHOLE, WALK_CARE);
  tellAll();
}

export function shift(bytes: i32): void {
  measured -= bytes;
  tellAll();
}

export function define(apiVersion: i32, kind: i32, headerOf: i32, walked: i32): void {
  if (headers >= MOST_HEADERS) return;
  const at = HEADERS + (headers << 4);
  store<i32>(at, apiVersion);
  store<i32>(at + 4, kind);
  store<i32>(at + 8, headerOf);
  store<i32>(at + 12, walked);
  headers++;
}

export function defineDefault(headerOf: i32, walked: i32): void {
  defaultHeader = headerOf;
  defaultWalk = walked;
}

export function scan(from: i32, to: i32, how: i32): i32 {
  end = to;
  out = 0;
  textOut = 0;
  let at = from;
  let now = how;
  let why = STOP_MORE;
  while (true) {
    at = blank(at);
    if (at >= end) {
      why = STOP_MORE;
      break;
    }
    if (now == COMMA_FIRST) {
      if (byteAt(at) != COMMA) {
        why = STOP_OTHER;
        break;
      }
      at++;
      now = ITEM;
      continue;
    }
    if (byteAt(at) != OPEN_BRACE) {
      why = STOP_OTHER;
      break;
    }
    const bad = measure(at);
    if (bad >= 0) {
      at = bad;
      why = STOP_NOT_UTF8;
      break;
    }
    if (out > RECORD_WORDS - ITEM_WORDS || textOut > TEXT_LENGTH - ITEM_TEXT) {
      why = STOP_FULL;
      break;
    }
    const before = out;
    const textBefore = textOut;
    const after = item(at);
    if (after < 0) {
      out = before;
      textOut = textBefore;
      why = after == MORE ? STOP_MORE : after == LIST ? STOP_LIST : STOP_HEADER;
      break;
    }
    at = after;
    if (now == ITEM) now = COMMA_FIRST;
  }
  tell(S_POSITION, at);
  tell(S_MODE, now);
  tellAll();
  return why;
}

export function skip(from: i32, to: i32): i32 {
  end = to;
  return value(from);
}

export function measure(to: i32): i32 {
  const feed = i8x16.splat(10);
  let columns: i64 = column;
  let at = measured;
  while (at < to) {
    // 64 bytes of ASCII, as often as they come: line feeds are counted, and only the last one is looked for.
    const first = at;
    const linesBefore = line;
    while (at + 64 <= to) {
      const stop = min((to - at) & ~63, 63 * 64) + at;
      let feeds = i8x16.splat(0);
      let isPlain = true;
      while (at < stop) {
        const p = windowAt + at;
        const a = v128.load(p);
        const b = v128.load(p, 16);
        const c = v128.load(p, 32);
        const d = v128.load(p, 48);
        if (i8x16.bitmask(v128.or(v128.or(a, b), v128.or(c, d))) != 0) {
          isPlain = false;
          break;
        }
        const ab = i8x16.add(i8x16.eq(a, feed), i8x16.eq(b, feed));
        const cd = i8x16.add(i8x16.eq(c, feed), i8x16.eq(d, feed));
        feeds = i8x16.sub(feeds, i8x16.add(ab, cd));
        at += 64;
      }
      const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(feeds));
      line +=
        i32x4.extract_lane(sums, 0) +
        i32x4.extract_lane(sums, 1) +
        i32x4.extract_lane(sums, 2) +
        i32x4.extract_lane(sums, 3);
      if (!isPlain) break;
    }
    if (line != linesBefore) {
      let back = at - 16;
      let found = 0;
      while ((found = i8x16.bitmask(i8x16.eq(v128.load(windowAt + back), feed))) == 0) back -= 16;
      columns = at - (back + 31 - clz(found)) - 1;
    } else columns += at - first;
    // What is left of these 64 bytes, or what is no ASCII.
    const stop = min(to, at + 64);
    while (at < stop) {
      const bytes = v128.load(windowAt + at);
      const wide = i8x16.bitmask(bytes);
      const length = min(stop - at, wide != 0 ? ctz(wide) : 16);
      const feeds = i8x16.bitmask(i8x16.eq(bytes, feed)) & ((1 << length) - 1);
      if (feeds != 0) {
        line += popcnt(feeds);
        columns = length - 1 - (31 - clz(feeds));
      } else columns += length;
      at += length;
      if (at >= stop || wide == 0) continue;
      const character = characterLength(at, to);
      if (character == 0) {
        column = <i32>min<i64>(columns, 0x7fffffff);
        measured = at;
        tell(S_POSITION, at);
        tellAll();
        return at;
      }
      columns += character == 4 ? 2 : 1;
      at += character;
    }
  }
  column = <i32>min<i64>(columns, 0x7fffffff);
  measured = at;
  tellAll();
  return -1;
}

// @ts-ignore: decorator
@inline
function mask64(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>i8x16.bitmask(a) |
    (<u64>i8x16.bitmask(b) << 16) |
    (<u64>i8x16.bitmask(c) << 32) |
    (<u64>i8x16.bitmask(d) << 48)
  );
}

function tellAll(): void {
  tell(S_LINE, line);
  tell(S_COLUMN, column);
  tell(S_MEASURED, measured);
  tell(S_RECORDS, out);
  tell(S_TEXT, textOut);
}

function item(at: i32): i32 {
  const found = headerOf(at);
  if (found < 0) return found;
  if (walk == WALK_LIST) return LIST;
  const start = out;
  setRecord(start + 1, at);
  setRecord(start + 3, line);
  setRecord(start + 4, column);
  out = start + 6;
  outLimit = start + ITEM_WORDS - 16 * 4;
  textLimit = textOut + ITEM_TEXT;
  const textBefore = textOut;
  let is = header;
  let after: i32;
  lane = 0;
  if (walk > 0) {
    after = members(walk, at + 1);
    if (after == CARE) {
      is = WHOLE;
      out = start + 6;
      textOut = textBefore;
      after = bracketsOneByOne(at);
    }
  } else {
    if (walk == WALK_CARE) is = WHOLE;
    after = brackets(at);
    if (after == CARE) {
      is = WHOLE;
      after = bracketsOneByOne(at);
    }
  }
  if (after < 0) return after;
  setRecord(start, is);
  setRecord(start + 2, after);
  setRecord(start + 5, (out - start - 6) >> 2);
  if (hasNewList) tellLists(start);
  return after;
}

function tellLists(start: i32): void {
  for (let at = start + 6; at < out; at += 4) {
    const number = recordAt(at + 1);
    if (recordAt(at + 3) == ELEMENTS && number >= 0) store<i32>(ENTRIES + (number << 4) + 12, 1);
  }
  hasNewList = false;
}

function headerOf(from: i32): i32 {
  if (isAsLast(from)) {
    header = lastHeader;
    walk = lastWalk;
    return from;
  }
  let apiVersionAt = -1;
  let apiVersionEnd = -1;
  let kindAt = -1;
  let kindEnd = -1;
  header = WHOLE;
  walk = WALK_CARE;
  let at = blank(from + 1);
  while (byteAt(at) != CLOSE_BRACE) {
    if (byteAt(at) != QUOTE) return at >= end ? MORE : from;
    const keyEnd = string(at + 1);
    if (keyEnd < 0) return keyEnd == MORE ? MORE : from;
    const keyLength = keyEnd - at - 2;
    const valueAt = blank(colon(keyEnd));
    if (valueAt < 0 || valueAt >= end) return valueAt == CARE ? from : MORE;
    // `items`
    if (
      keyLength == 5 &&
      kindAt < 0 &&
      byteAt(valueAt) == OPEN_BRACKET &&
      load<u32>(windowAt + at + 1) == 0x6d657469 &&
      byteAt(at + 5) == 0x73
    ) {
      walk = WALK_LIST;
      return from;
    }
    const after = value(valueAt);
    if (after < 0) return after == MORE ? MORE : from;
    const isText = byteAt(valueAt) == QUOTE;
    // `apiVersion`, `kind`
    if (
      keyLength == 10 &&
      load<u64>(windowAt + at + 1) == 0x6973726556697061 &&
      load<u16>(windowAt + at + 9) == 0x6e6f
    ) {
      if (!isText) return from;
      if (apiVersionAt < 0) {
        apiVersionAt = valueAt;
        apiVersionEnd = after;
      }
    } else if (keyLength == 4 && load<u32>(windowAt + at + 1) == 0x646e696b) {
      if (!isText) return from;
      if (kindAt < 0) {
        kindAt = valueAt;
        kindEnd = after;
      }
    }
    if (kindAt >= 0 && apiVersionAt >= 0) {
      return known(from, after, apiVersionAt, apiVersionEnd, kindAt, kindEnd);
    }
    at = blank(after);
    if (byteAt(at) == COMMA) at = blank(at + 1);
    else if (byteAt(at) != CLOSE_BRACE) return at >= end ? MORE : from;
  }
  if (kindAt < 0 && apiVersionAt < 0) {
    header = defaultHeader;
    walk = defaultWalk;
  }
  return from;
}

function known(
  from: i32,
  after: i32,
  apiVersionAt: i32,
  apiVersionEnd: i32,
  kindAt: i32,
  kindEnd: i32,
): i32 {
  const apiVersion = intern(windowAt + apiVersionAt, apiVersionEnd - apiVersionAt);
  const kind = intern(windowAt + kindAt, kindEnd - kindAt);
  if (apiVersion < 0 || kind < 0) return from;
  for (let i = 0; i < headers; i++) {
    const at = HEADERS + (i << 4);
    if (load<i32>(at) != apiVersion || load<i32>(at + 4) != kind) continue;
    header = load<i32>(at + 8);
    walk = load<i32>(at + 12);
    remember(from, after);
    return from;
  }
  if (headers >= MOST_HEADERS) return from;
  tell(S_API_VERSION, apiVersion);
  tell(S_KIND, kind);
  tell(S_API_VERSION_AT, apiVersionAt);
  tell(S_API_VERSION_END, apiVersionEnd);
  tell(S_KIND_AT, kindAt);
  tell(S_KIND_END, kindEnd);
  return CARE;
}

function remember(from: i32, after: i32): void {
  const length = after - from;
  lastLength = 0;
  if (length > LONGEST_LAST) return;
  memory.copy(LAST, windowAt + from, length);
  lastLength = length;
  lastHeader = header;
  lastWalk = walk;
}

function isAsLast(from: i32): bool {
  return lastLength != 0 && same(LAST, windowAt + from, lastLength) == lastLength;
}

/** How many of `length` bytes are the same from the first on. Reads up to 15 bytes behind them. */
function same(a: i32, b: i32, length: i32): i32 {
  let i = 0;
  while (i + 64 <= length) {
    const first = i8x16.eq(v128.load(a + i), v128.load(b + i));
    const second = i8x16.eq(v128.load(a + i, 16), v128.load(b + i, 16));
    const third = i8x16.eq(v128.load(a + i, 32), v128.load(b + i, 32));
    const fourth = i8x16.eq(v128.load(a + i, 48), v128.load(b + i, 48));
    if (i8x16.bitmask(v128.and(v128.and(first, second), v128.and(third, fourth))) != 0xffff) break;
    i += 64;
  }
  while (i < length) {
    const differ = i8x16.bitmask(i8x16.eq(v128.load(a + i), v128.load(b + i))) ^ 0xffff;
    if (differ != 0) return min(i + ctz(differ), length);
    i += 16;
  }
  return max(length, 0);
}

function members(node: i32, from: i32): i32 {
  let seen = 0;
  let at = blank(from);
  if (byteAt(at) == CLOSE_BRACE) return at + 1;
  /** The member that was noted last, or the node. */
  let behind = node;
  while (true) {
    at = others(node, behind, at);
    if (at < 0 || reached == 0) return at;
    const entry = reached;
    const bit = word(entry + 1);
    if ((seen & bit) != 0) return CARE;
    seen |= bit;
    at = note(entry, at);
    if (at < 0) return at;
    at = blank(at);
    const byte = byteAt(at);
    if (byte == COMMA) at = blank(at + 1);
    else if (byte == CLOSE_BRACE) return at + 1;
    else return bad(at);
    behind = entry;
  }
}

/**
 * Passes over the members that are not noted, from the key at `from` on. Returns where the value of the next one begins
 * which is then `reached`; or what is behind the object, and `reached` is 0.
 *
 * Objects of a dump are much alike. So it is remembered what was passed over last at the same place of an object, from the
 * first of these keys up to the value that was noted next, and compared with what stands there now: where the bytes are
 * the same, so is what they mean. Where they differ, the member that they differ in is read, and the others are compared
 * again.
 */
function others(node: i32, behind: i32, from: i32): i32 {
  const run = runOf(behind) + lane * RUN_SIZE;
  const count = load<i32>(run);
  const runLength = load<i32>(run + 4);
  const runEntry = load<i32>(run + 8);
  /** Which of the members that are remembered may stand at `at`. */
  let next = 0;
  let made = 0;
  let at = from;
  let entry = 0;
  while (true) {
    if (next < count) {
      const start = startOf(run, next);
      const length = runLength - start;
      const equal = same(run + RUN_TEXT + start, windowAt + at, min(length, end - at));
      const isAll = equal == length && runEntry != CUT;
      if (isAll && made == 0) {
        reached = runEntry;
        return runEntry == 0 ? at + length : behindColon(at + length);
      }
      while (next + 1 < count && (isAll || startOf(run, next + 1) - start < equal)) {
        made = begin(made, at + startOf(run, next) - start - from);
        next++;
      }
      if (isAll) {
        made = begin(made, at + startOf(run, next) - start - from);
        at += length;
        entry = runEntry;
        break;
      }
      at += startOf(run, next) - start;
      next++;
    }
    made = begin(made, at - from);
    if (byteAt(at) != QUOTE) return bad(at);
    const keyAt = at + 1;
    at = special(keyAt);
    if (byteAt(at) != QUOTE) return bad(at);
    const length = at - keyAt;
    at = colon(at + 1);
    if (at < 0) return at;
    at = blank(at);
    if (at >= end) return MORE;
    entry = length > 0 && length < NODE_SIZE ? find(node, keyAt, length) : 0;
    if (entry != 0) break;
    if (word(node) == 1) return CARE;
    at = value(at);
    if (at < 0) return at;
    at = blank(at);
    const byte = byteAt(at);
    if (byte == COMMA) at = blank(at + 1);
    else if (byte == CLOSE_BRACE) {
      at++;
      break;
    } else return bad(at);
  }
  keep(run, from, at - from, made, entry);
  reached = entry;
  return entry == 0 ? at : behindColon(at);
}

/** Where a value begins behind its colon. */
// @ts-ignore: decorator
@inline
function behindColon(from: i32): i32 {
  const at = blank(from);
  return at >= end ? MORE : at;
}

// @ts-ignore: decorator
@inline
function startOf(run: i32, index: i32): i32 {
  return load<i32>(run + RUN_STARTS + (index << 2));
}

/** Notes where a member of the run begins that is being passed over, if there is room. */
// @ts-ignore: decorator
@inline
function begin(made: i32, start: i32): i32 {
  if (made < MOST_STARTS) store<i32>(STARTS + (made << 2), start);
  return made + 1;
}

/** The first of the runs behind a member, or the first of an object. */
function runOf(behind: i32): i32 {
  const at = RUN_OF + (behind << 2);
  const known = load<i32>(at);
  if (known != 0) return known;
  if (runs + LANES > MOST_RUNS) unreachable();
  const run = RUNS + runs * RUN_SIZE;
  runs += LANES;
  store<i32>(at, run);
  return run;
}

function keep(run: i32, from: i32, length: i32, made: i32, entry: i32): void {
  let count = made;
  let kept = length;
  let behind = entry;
  if (made > MOST_STARTS || length > LONGEST_RUN) {
    // Up to the last member that begins in it.
    count = min(made, MOST_STARTS);
    while (load<i32>(STARTS + ((count - 1) << 2)) >= LONGEST_RUN) count--;
    kept = load<i32>(STARTS + ((count - 1) << 2)) + 1;
    behind = CUT;
  }
  store<i32>(run, count);
  store<i32>(run + 4, kept);
  store<i32>(run + 8, behind);
  for (let i = 0; i < count; i += 4) {
    v128.store(run + RUN_STARTS + (i << 2), v128.load(STARTS + (i << 2)));
  }
  for (let i = 0; i < kept; i += 16) {
    v128.store(run + RUN_TEXT + i, v128.load(windowAt + from + i));
  }
}

function find(node: i32, keyAt: i32, length: i32): i32 {
  let entry = word(node + length);
  while (entry != 0) {
    if (same(PROGRAM + (word(entry + 5) << 2), windowAt + keyAt, length) == length) return entry;
    entry = word(entry);
  }
  return 0;
}

function note(entry: i32, at: i32): i32 {
  const field = word(entry + 3);
  const below = word(entry + 4);
  if (out >= outLimit) return CARE;
  switch (word(entry + 2)) {
    case 1: {
      const after = value(at);
      if (after >= 0) event(field, at, after - at, JSON_VALUE);
      return after;
    }
    case 2:
      return noteShared(entry, field, at);
    case 3:
      return noteText(field, at);
    case 4: {
      const after = value(at);
      if (after < 0) return after;
      const present = byteAt(at) == QUOTE && after - at > 2;
      event(field, at, after - at, present ? PRESENT : JSON_VALUE);
      return after;
    }
    case 5:
      return noteAnnotations(field, at);
    case 6: {
      if (byteAt(at) != OPEN_BRACE) return CARE;
      event(field, 0, 0, OBJECT);
      const after = members(below, at + 1);
      if (after >= 0) event(CLOSE, 0, 0, 0);
      return after;
    }
    case 7:
      return noteList(entry, field, below, at, false);
    case 8:
      return noteList(entry, field, below, at, true);
    default:
      return value(at);
  }
}

/** A value that stands in many objects; first it is compared with the one that stood there last. */
function noteShared(entry: i32, field: i32, at: i32): i32 {
  const last = LAST_NOTED + (((entry << 2) + lane) << 2);
  const known = load<i32>(last) - 1;
  if (known >= 0) {
    const place = ENTRIES + (known << 4);
    const length = load<i32>(place + 8);
    if (at + length <= end && same(load<i32>(place + 4), windowAt + at, length) == length) {
      event(field, at, length, known);
      return at + length;
    }
  }
  const after = value(at);
  if (after < 0) return after;
  const number = intern(windowAt + at, after - at);
  event(field, at, after - at, number);
  // Numbers and words may go on where the last one ended.
  const first = byteAt(at);
  const isClosed = first == QUOTE || first == OPEN_BRACE || first == OPEN_BRACKET;
  store<i32>(last, isClosed ? number + 1 : 0);
  return after;
}

function noteText(field: i32, at: i32): i32 {
  if (byteAt(at) == QUOTE && textOut + SHORT_TEXT + 16 <= textLimit) {
    const quotes = i8x16.splat(<i8>QUOTE);
    const backslashes = i8x16.splat(<i8>BACKSLASH);
    const space = i8x16.splat(32);
    const from = windowAt + at + 1;
    const to = TEXT + textOut;
    for (let i = 0; i < SHORT_TEXT; i += 16) {
      const bytes = v128.load(from + i);
      v128.store(to + i, bytes);
      // Below a space is what is no ASCII, too, when the sign counts.
      const odd = v128.or(i8x16.lt_s(bytes, space), i8x16.eq(bytes, backslashes));
      const stop = i8x16.bitmask(v128.or(i8x16.eq(bytes, quotes), odd));
      if (stop == 0) continue;
      const length = i + ctz(stop);
      if (byteAt(at + 1 + length) != QUOTE) break;
      event(field, textOut, length, TEXT_VALUE);
      textOut += length;
      return at + length + 2;
    }
  }
  const after = value(at);
  if (after < 0) return after;
  const length = after - at - 2;
  if (byteAt(at) != QUOTE || textOut + length + 2 > textLimit || !isPlain(at + 1, length)) {
    event(field, at, after - at, JSON_VALUE);
    return after;
  }
  memory.copy(TEXT + textOut, windowAt + at + 1, length);
  event(field, textOut, length, TEXT_VALUE);
  textOut += length;
  return after;
}

/** Whether a text is ASCII without escapes. */
function isPlain(from: i32, length: i32): bool {
  for (let i = 0; i < length; i++) {
    const byte = byteAt(from + i);
    if (byte == BACKSLASH || byte >= 0x80) return false;
  }
  return true;
}

function noteAnnotations(field: i32, from: i32): i32 {
  if (byteAt(from) != OPEN_BRACE) return CARE;
  let at = blank(from + 1);
  if (byteAt(at) == CLOSE_BRACE) return at + 1;
  while (true) {
    if (byteAt(at) != QUOTE) return bad(at);
    const keyEnd = string(at + 1);
    if (keyEnd < 0) return keyEnd;
    if (out >= outLimit) return CARE;
    event(field, at, keyEnd - at, intern(windowAt + at, keyEnd - at));
    at = colon(keyEnd);
    if (at < 0) return at;
    at = blank(at);
    if (byteAt(at) != QUOTE) return bad(at);
    at = string(at + 1);
    if (at < 0) return at;
    at = blank(at);
    const byte = byteAt(at);
    if (byte == COMMA) at = blank(at + 1);
    else if (byte == CLOSE_BRACE) return at + 1 - from > LONGEST_ANNOTATIONS ? CARE : at + 1;
    else return bad(at);
  }
}

function noteList(entry: i32, field: i32, below: i32, from: i32, isShared: bool): i32 {
  if (byteAt(from) != OPEN_BRACKET) return CARE;
  const start = out;
  const outer = lane;
  let element = 0;
  event(field, -1, 0, ELEMENTS);
  let at = blank(from + 1);
  if (byteAt(at) == CLOSE_BRACKET) at++;
  else {
    while (true) {
      if (byteAt(at) != OPEN_BRACE) return bad(at);
      if (out >= outLimit) return CARE;
      event(ELEMENT, 0, 0, OBJECT);
      lane = element++ & (LANES - 1);
      at = members(below, at + 1);
      if (at < 0) return at;
      event(CLOSE, 0, 0, 0);
      at = blank(at);
      const byte = byteAt(at);
      if (byte == COMMA) at = blank(at + 1);
      else if (byte == CLOSE_BRACKET) {
        at++;
        break;
      } else return bad(at);
    }
  }
  lane = outer;
  event(CLOSE, 0, 0, 0);
  if (!isShared) return at;
  const length = listKey(start);
  if (length == 0) return at;
  const last = LAST_NOTED + (((entry << 2) + lane) << 2);
  let number = load<i32>(last) - 1;
  if (number < 0 || !isInterned(number, KEY, length)) {
    number = intern(KEY, length);
    if (number < 0) return at;
    store<i32>(last, number + 1);
  }
  if (load<i32>(ENTRIES + (number << 4) + 12) == 1) {
    setRecord(start + 3, number);
    out = start + 4;
  } else {
    setRecord(start + 1, number);
    hasNewList = true;
  }
  return at;
}

function listKey(start: i32): i32 {
  store<u8>(KEY, 0);
  let length = 1;
  for (let at = start; at < out; at += 4) {
    if (length + 8 > LONGEST_INTERNED) return 0;
    const noted = recordAt(at + 3);
    if (noted < 0 && noted != ELEMENTS && noted != OBJECT) return 0;
    store<i32>(KEY + length, recordAt(at));
    store<i32>(KEY + length + 4, noted);
    length += 8;
  }
  return length;
}

// @ts-ignore: decorator
@inline
function event(field: i32, start: i32, length: i32, noted: i32): void {
  const at = RECORDS + (out << 2);
  store<i32>(at, field);
  store<i32>(at + 4, start);
  store<i32>(at + 8, length);
  store<i32>(at + 12, noted);
  out += 4;
}

// @ts-ignore: decorator
@inline
function bad(at: i32): i32 {
  return at >= end ? MORE : CARE;
}

// @ts-ignore: decorator
@inline
function blank(from: i32): i32 {
  if (from < 0 || byteAt(from) > 32) return from;
  return blanks(from);
}

function blanks(from: i32): i32 {
  let at = from;
  const space = i8x16.splat(32);
  const feed = i8x16.splat(10);
  const back = i8x16.splat(13);
  const tab = i8x16.splat(9);
  while (true) {
    const bytes = v128.load(windowAt + at);
    const is = v128.or(
      v128.or(i8x16.eq(bytes, space), i8x16.eq(bytes, feed)),
      v128.or(i8x16.eq(bytes, back), i8x16.eq(bytes, tab)),
    );
    const others = ~i8x16.bitmask(is) & 0xffff;
    if (others != 0) return at + ctz(others);
    at += 16;
  }
}

// @ts-ignore: decorator
@inline
function colon(from: i32): i32 {
  const at = blank(from);
  return byteAt(at) == COLON ? at + 1 : bad(at);
}

/** Which bytes are control characters; `lt_u` would take twice as many instructions. */
// @ts-ignore: decorator
@inline
function areControls(bytes: v128): v128 {
  return i8x16.eq(i8x16.min_u(bytes, i8x16.splat(31)), bytes);
}

/** The next quote, backslash or control character. */
function special(from: i32): i32 {
  let at = from;
  const quotes = i8x16.splat(<i8>QUOTE);
  const backslashes = i8x16.splat(<i8>BACKSLASH);
  while (true) {
    const bytes = v128.load(windowAt + at);
    const is = v128.or(
      v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)),
      areControls(bytes),
    );
    const found = i8x16.bitmask(is);
    if (found != 0) return at + ctz(found);
    at += 16;
  }
}

function string(from: i32): i32 {
  let at = from;
  const quotes = i8x16.splat(<i8>QUOTE);
  const backslashes = i8x16.splat(<i8>BACKSLASH);
  while (true) {
    const bytes = v128.load(windowAt + at);
    const is = v128.or(
      v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)),
      areControls(bytes),
    );
    let left = i8x16.bitmask(is);
    at += 16;
    while (left != 0) {
      const place = at - 16 + ctz(left);
      const byte = byteAt(place);
      if (byte == QUOTE) return place + 1;
      if (byte != BACKSLASH) return bad(place);
      if (place + 2 > end) return MORE;
      // It and what it escapes, which may be the first byte of those that come next.
      if (place + 1 == at) at++;
      left &= ~(3 << (place - at + 16));
    }
  }
}

function value(at: i32): i32 {
  const byte = byteAt(at);
  if (byte == QUOTE) return string(at + 1);
  if (byte == OPEN_BRACE || byte == OPEN_BRACKET) return brackets(at);
  return scalar(at);
}

function scalar(from: i32): i32 {
  let at = from;
  while (true) {
    const byte = byteAt(at);
    if (!(
      (byte >= 0x30 && byte <= 0x39) ||
      (byte >= 0x61 && byte <= 0x7a) ||
      byte == 0x2d ||
      byte == 0x2b ||
      byte == 0x2e ||
      byte == 0x45
    )) {
      break;
    }
    at++;
  }
  if (at >= end) return MORE;
  return at == from ? CARE : at;
}

/** `#brackets` when it is strict: 64 bytes at a time, each class of bytes as a mask. */
function brackets(from: i32): i32 {
  let depth = 1;
  /** All ones within a string. */
  let inside: u64 = 0;
  /** 1 when the first byte is escaped. */
  let escape: u64 = 0;
  const quoteBytes = i8x16.splat(<i8>QUOTE);
  const backslashBytes = i8x16.splat(<i8>BACKSLASH);
  // With these bits, all brackets are 0x7f; so are `Y`, `y`, `_` and DEL.
  const bracketBits = i8x16.splat(0x26);
  const bracketBytes = i8x16.splat(0x7f);
  for (let at = from + 1; at < end; at += 64) {
    const p = windowAt + at;
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    let quotes = mask64(
      i8x16.eq(a, quoteBytes),
      i8x16.eq(b, quoteBytes),
      i8x16.eq(c, quoteBytes),
      i8x16.eq(d, quoteBytes),
    );
    const brackets = mask64(
      i8x16.eq(v128.or(a, bracketBits), bracketBytes),
      i8x16.eq(v128.or(b, bracketBits), bracketBytes),
      i8x16.eq(v128.or(c, bracketBits), bracketBytes),
      i8x16.eq(v128.or(d, bracketBits), bracketBytes),
    );
    const as = i8x16.eq(a, backslashBytes);
    const bs = i8x16.eq(b, backslashBytes);
    const cs = i8x16.eq(c, backslashBytes);
    const ds = i8x16.eq(d, backslashBytes);
    let odd: u64 = 0;
    let escaped: u64 = 0;
    if (escape != 0 || v128.any_true(v128.or(v128.or(as, bs), v128.or(cs, ds)))) {
      const backslashes = mask64(as, bs, cs, ds);
      escaped = escape;
      let left = backslashes & ~escape;
      escape = 0;
      while (left != 0) {
        const bit = left & (0 - left);
        if (bit >> 63 != 0) escape = 1;
        escaped |= bit << 1;
        left &= ~(bit | (bit << 1));
      }
      quotes &= ~escaped;
      odd = backslashes;
    }
    let strings = inside;
    if (quotes != 0) {
      strings = quotes;
      strings ^= strings << 1;
      strings ^= strings << 2;
      strings ^= strings << 4;
      strings ^= strings << 8;
      strings ^= strings << 16;
      strings ^= strings << 32;
      strings ^= inside;
      inside = <u64>(<i64>strings >> 63);
    }
    odd &= ~strings;
    if (strings != 0) {
      const controls = mask64(areControls(a), areControls(b), areControls(c), areControls(d));
      odd |= controls & strings & ~escaped;
    }
    // Zeros behind the end are no control characters.
    if (odd != 0 && end - at < 64) odd &= (<u64>1 << (end - at)) - 1;
    let left = (brackets & ~strings) | odd;
    while (left != 0) {
      const bit = left & (0 - left);
      if ((odd & bit) != 0) return CARE;
      left ^= bit;
      const place = <i32>ctz(bit);
      // Those that open have the one bit, those that close the other; `_` has both, `y` none.
      const which = byteAt(at + place) & 6;
      if (which == 2) {
        if (++depth > DEEPEST) return CARE;
      } else if (which == 4 && --depth == 0) return at + place + 1;
    }
  }
  return MORE;
}

/** `#brackets` when it is not strict. */
function bracketsOneByOne(from: i32): i32 {
  let depth = 1;
  let at = from + 1;
  while (true) {
    const byte = byteAt(at++);
    if (byte == QUOTE) {
      while (true) {
        at = special(at);
        const inner = byteAt(at++);
        if (inner == QUOTE) break;
        if (inner == BACKSLASH) at++;
        if (at > end) return MORE;
      }
    } else if (byte == OPEN_BRACE || byte == OPEN_BRACKET) depth++;
    else if (byte == CLOSE_BRACE || byte == CLOSE_BRACKET) {
      if (--depth == 0) return at;
    } else if (byte == 0 && at > end) return MORE;
  }
}

function intern(source: i32, length: i32): i32 {
  if (length > LONGEST_INTERNED) return -1;
  const hash = hashOf(source, length);
  const mask = slots - 1;
  let slot = hash & mask;
  for (let probe = 0; probe < MOST_PROBES; probe++) {
    const entry = load<i32>(SLOTS + (slot << 2)) - 1;
    if (entry < 0) return add(source, length, hash, slot);
    const at = ENTRIES + (entry << 4);
    if (
      load<i32>(at) == hash &&
      load<i32>(at + 8) == length &&
      same(load<i32>(at + 4), source, length) == length
    ) {
      return entry;
    }
    slot = (slot + 1) & mask;
  }
  return -1;
}

function isInterned(number: i32, source: i32, length: i32): bool {
  const place = ENTRIES + (number << 4);
  return load<i32>(place + 8) == length && same(load<i32>(place + 4), source, length) == length;
}

function add(source: i32, length: i32, hash: i32, slot: i32): i32 {
  const entry = entries;
  if (entry >= MOST_INTERNED) return -1;
  // Blocks, as where there is no memory to be had in one piece.
  let at = arenaFree;
  if (((at - ARENA) & (ARENA_BLOCK - 1)) + length > ARENA_BLOCK) {
    at = ARENA + ((at - ARENA + ARENA_BLOCK) & ~(ARENA_BLOCK - 1));
  }
  if (at + length > ARENA_END) return -1;
  memory.copy(at, source, length);
  store<i32>(SLOTS + (slot << 2), entry + 1);
  const place = ENTRIES + (entry << 4);
  store<i32>(place, hash);
  store<i32>(place + 4, at);
  store<i32>(place + 8, length);
  arenaFree = at + length;
  entries = entry + 1;
  if (entries << 1 > slots && slots < MOST_INTERNED << 1) moreSlots();
  return entry;
}

function moreSlots(): void {
  slots <<= 1;
  memory.fill(SLOTS, 0, slots << 2);
  for (let entry = 0; entry < entries; entry++) {
    let slot = load<i32>(ENTRIES + (entry << 4)) & (slots - 1);
    while (load<i32>(SLOTS + (slot << 2)) != 0) slot = (slot + 1) & (slots - 1);
    store<i32>(SLOTS + (slot << 2), entry + 1);
  }
}

function hashOf(at: i32, length: i32): i32 {
  let first: i32 = length * <i32>0x9e3779b1;
  let second: i32 = length;
  let third: i32 = <i32>0x27d4eb2f;
  let fourth: i32 = <i32>0x165667b1;
  const whole = length & ~15;
  let i = 0;
  for (; i < whole; i += 16) {
    first = rotl<u32>((first ^ load<i32>(at + i)) * <i32>0x9e3779b1, 15);
    second = rotl<u32>((second ^ load<i32>(at + i, 4)) * <i32>0x85ebca6b, 13);
    third = rotl<u32>((third ^ load<i32>(at + i, 8)) * <i32>0x9e3779b1, 11);
    fourth = rotl<u32>((fourth ^ load<i32>(at + i, 12)) * <i32>0x85ebca6b, 17);
  }
  for (; i + 4 <= length; i += 4) {
    first = rotl<u32>((first ^ load<i32>(at + i)) * <i32>0x9e3779b1, 15);
  }
  for (; i < length; i++) {
    second = rotl<u32>((second ^ <i32>load<u8>(at + i)) * <i32>0x85ebca6b, 13);
  }
  first = (first ^ rotl<u32>(third, 7)) * <i32>0xc2b2ae35;
  second = (second ^ rotl<u32>(fourth, 9)) * <i32>0x9e3779b1;
  first = (first ^ (first >>> 15) ^ second) * <i32>0x85ebca6b;
  return first ^ (first >>> 13);
}

function characterLength(at: i32, to: i32): i32 {
  const first = byteAt(at);
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > to) return 0;
  const low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (let next = 1; next < length; next++) {
    const byte = byteAt(at + next);
    if (byte < (next == 1 ? low : 0x80) || byte > (next == 1 ? high : 0xbf)) return 0;
  }
  return length;
}
