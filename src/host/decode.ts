import { isUtf8 } from 'node:buffer';

/** What the bytes of an input are. */
export type Decoded =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly compressed: boolean }
  /** The place of the first byte that is part of no character. */
  | { readonly kind: 'notUtf8'; readonly byte: number; readonly line: number; readonly column: number };

/** How many bytes are looked through for NUL: as git does. */
const sniffed = 8000;

/** Decodes UTF-8, and UTF-16 that starts with a byte order mark; the mark is no part of the text. */
export function decode(bytes: Uint8Array): Decoded {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe)
    return { kind: 'text', text: new TextDecoder('utf-16le').decode(bytes) };
  if (first === 0xfe && second === 0xff)
    return { kind: 'text', text: new TextDecoder('utf-16be').decode(bytes) };
  // gzip and zstd: https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1, https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1
  const compressed =
    (first === 0x1f && second === 0x8b) || (first === 0x28 && second === 0xb5 && third === 0x2f);
  if (compressed || bytes.subarray(0, sniffed).includes(0)) return { kind: 'binary', compressed };
  if (!isUtf8(bytes)) return badByte(bytes);
  const mark = first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + mark, bytes.byteLength - mark);
  return { kind: 'text', text: buffer.toString('utf8') };
}

function badByte(bytes: Uint8Array): Decoded {
  let at = 0;
  for (let length = 1; length > 0 && at < bytes.length; at += length) length = characterLength(bytes, at);
  let line = 1;
  let start = 0;
  for (let feed = bytes.indexOf(10); feed !== -1 && feed < at; feed = bytes.indexOf(10, feed + 1)) {
    line++;
    start = feed + 1;
  }
  const before = Buffer.from(bytes.subarray(start, at)).toString('utf8');
  return { kind: 'notUtf8', byte: bytes[at] ?? 0, line, column: before.length + 1 };
}

/** How many bytes the character at `at` has; 0 when there is none. https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G27506 */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  for (let next = 1; next < length; next++) {
    const byte = bytes[at + next] ?? 0;
    if (byte < (next === 1 ? low : 0x80) || byte > (next === 1 ? high : 0xbf)) return 0;
  }
  return length;
}
