import type { Path } from '../../model/index.ts';
import { maxDuplicates } from './limits.ts';

const quote = 34;
const backslash = 92;
const openBrace = 123;
const closeBrace = 125;
const openBracket = 91;
const closeBracket = 93;
const comma = 44;
const colon = 58;

/** Containers at least this long (UTF-16 code units) are scanned once and remembered for good. */
const rememberFrom = 2 ** 16;
/** Shorter ones than this are scanned as quickly as they are remembered. */
const rememberLately = 2 ** 8;
/** Of what lies between, at least the half of so many members and containers that were asked about last. */
const mostLately = 2 ** 17;

/** The offset behind the string that starts at `at`; the end of the text when it is not closed. */
function stringEnd(text: string, at: number): number {
  for (let next = at + 1; next < text.length; next++) {
    const char = text.charCodeAt(next);
    if (char === quote) return next + 1;
    if (char === backslash) next++;
  }
  return text.length;
}

/** The offset of the first character from `at` on that is no blank of JSON. */
export function skipBlank(text: string, at: number): number {
  let next = at;
  for (; next < text.length; next++) {
    const char = text.charCodeAt(next);
    if (char !== 32 && char !== 10 && char !== 13 && char !== 9) break;
  }
  return next;
}

/**
 * The offset behind the JSON value that starts at `at`, without building it and without recursion.
 *
 * Only brackets and strings are looked at: what is no JSON is found by `JSON.parse`.
 */
export function valueEnd(text: string, at: number): number {
  let depth = 0;
  let next = at;
  while (next < text.length) {
    const char = text.charCodeAt(next);
    if (char === quote) {
      next = stringEnd(text, next);
      if (depth === 0) return next;
      continue;
    }
    if (char === openBrace || char === openBracket) depth++;
    else if (char === closeBrace || char === closeBracket) {
      if (depth === 0) return next;
      if (--depth === 0) return next + 1;
    } else if (depth === 0 && (char === comma || char <= 32)) return next;
    next++;
  }
  return next;
}

/** Where the values of a text stand that follow each other, as several JSON objects in one stream do. */
export function* topLevelValues(
  text: string,
): Generator<{ readonly start: number; readonly end: number }, void> {
  for (let start = skipBlank(text, 0); start < text.length;) {
    const end = Math.max(valueEnd(text, start), start + 1);
    yield { start, end };
    start = skipBlank(text, end);
  }
}

/** Paths of the keys that stand more than once in their object, at most `maxDuplicates`; for valid JSON. */
export function duplicateKeys(text: string, start: number, end: number): readonly Path[] {
  const duplicates: Path[] = [];
  /** The open containers: the keys that an object has had, or `undefined` for a list. */
  const seen: (Set<string> | undefined)[] = [];
  /** One step per open container: the current key or index. */
  const path: (string | number)[] = [];
  let expectKey = false;
  for (let at = start; at < end; at++) {
    const char = text.charCodeAt(at);
    const top = path.length - 1;
    if (char === quote) {
      const stop = stringEnd(text, at);
      if (expectKey) {
        const key = unquote(text.slice(at, stop));
        path[top] = key;
        const keys = seen[top] as Set<string>;
        if (keys.has(key)) duplicates.push([...path]);
        if (duplicates.length >= maxDuplicates) return duplicates;
        keys.add(key);
        expectKey = false;
      }
      at = stop - 1;
    } else if (char === openBrace) {
      seen.push(new Set());
      path.push('');
      expectKey = true;
    } else if (char === openBracket) {
      seen.push(undefined);
      path.push(0);
    } else if (char === closeBrace || char === closeBracket) {
      seen.pop();
      path.pop();
      expectKey = false;
    } else if (char === comma) {
      if (seen[top] === undefined) path[top] = (path[top] as number) + 1;
      else expectKey = true;
    }
  }
  return duplicates;
}

function unquote(raw: string): string {
  return raw.includes('\\') ? String(JSON.parse(raw)) : raw.slice(1, -1);
}

/** Where the members of one object or list stand. */
interface Members {
  /** Offsets of key and value, by key; of a key that stands twice the last. */
  readonly byKey: ReadonlyMap<string, readonly [key: number, value: number]> | undefined;
  /** Offsets of the elements, by index. */
  readonly elements: readonly number[] | undefined;
}

/**
 * Where the members of containers of one text stand, so that many questions about one object cost one pass over it: of
 * the long ones all, of others those that were asked about lately.
 */
export class MemberCache {
  readonly #long = new Map<number, Members>();
  /** What was asked about lately; when it is full, it becomes `#before`, and what that was is forgotten. */
  #lately = new Map<number, Members>();
  #before = new Map<number, Members>();
  #room = mostLately / 2;

  /** @param at - where the container starts in the text */
  get(at: number): Members | undefined {
    const known = this.#lately.get(at) ?? this.#long.get(at);
    if (known !== undefined) return known;
    const before = this.#before.get(at);
    if (before !== undefined) this.#note(at, before);
    return before;
  }

  /** @param length - of the container, in UTF-16 code units */
  set(at: number, members: Members, length: number): void {
    if (length >= rememberFrom) this.#long.set(at, members);
    else if (length >= rememberLately) this.#note(at, members);
  }

  #note(at: number, members: Members): void {
    this.#lately.set(at, members);
    this.#room -= 1 + (members.byKey?.size ?? members.elements?.length ?? 0);
    if (this.#room > 0) return;
    this.#before = this.#lately;
    this.#lately = new Map();
    this.#room = mostLately / 2;
  }
}

/** Where a path leads in a JSON text. */
export interface JsonPosition {
  /** Offset of the value, of the nearest ancestor when it does not exist. */
  readonly value: number;
  /** Offset of the key that the last step names. */
  readonly key: number | undefined;
}

/**
 * Finds the offsets of paths in one JSON value without building objects.
 *
 * Containers are scanned once while they are remembered, so many questions about a dump or an object cost one pass over
 * it, and each one after it little.
 */
export class JsonPlaces {
  readonly text: string;
  readonly start: number;
  private readonly cache: MemberCache;

  /** @param cache - of this text, which several values of it share */
  constructor(text: string, start: number, cache: MemberCache = new MemberCache()) {
    this.text = text;
    this.start = skipBlank(text, start);
    this.cache = cache;
  }

  find(path: Path): JsonPosition {
    let value = this.start;
    let key: number | undefined;
    for (const step of path) {
      const members = this.members(value);
      if (typeof step === 'number') {
        const element = members?.elements?.[step];
        if (element === undefined) return { value, key };
        value = element;
        key = undefined;
      } else {
        const member = members?.byKey?.get(step);
        if (member === undefined) return { value, key };
        [key, value] = member;
      }
    }
    return { value, key };
  }

  private members(at: number): Members | undefined {
    const known = this.cache.get(at);
    if (known !== undefined) return known;
    const { text } = this;
    const open = text.charCodeAt(at);
    if (open !== openBrace && open !== openBracket) return undefined;
    const byKey = open === openBrace ? new Map<string, readonly [number, number]>() : undefined;
    const elements: number[] = [];
    let next = skipBlank(text, at + 1);
    while (next < text.length) {
      const char = text.charCodeAt(next);
      if (char === closeBrace || char === closeBracket) break;
      if (char === comma) {
        next = skipBlank(text, next + 1);
        continue;
      }
      if (byKey === undefined) {
        elements.push(next);
      } else {
        const keyEnd = stringEnd(text, next);
        const key = unquote(text.slice(next, keyEnd));
        const value = skipBlank(
          text,
          skipBlank(text, keyEnd) + (text.charCodeAt(skipBlank(text, keyEnd)) === colon ? 1 : 0),
        );
        byKey.set(key, [next, value]);
        next = value;
      }
      next = skipBlank(text, Math.max(valueEnd(text, next), next + 1));
    }
    const members: Members = { byKey, elements: byKey === undefined ? elements : undefined };
    this.cache.set(at, members, next - at);
    return members;
  }
}
