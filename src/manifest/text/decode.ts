/** What the bytes of a text are. */
export type Decoded =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly compressed: boolean }
  | BadByte;

/** The first byte that is part of no character in UTF-8, and its place. */
export interface BadByte {
  readonly kind: 'notUtf8';
  readonly byte: number;
  readonly line: number;
  readonly column: number;
}

/** How many bytes are looked through for NUL: as git does. */
export const sniffed = 8000;

/** Decodes UTF-8, and UTF-16 that starts with a byte order mark; the mark is no part of the text. */
export function decodeText(bytes: Uint8Array): Decoded {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe)
    return { kind: 'text', text: new TextDecoder('utf-16le').decode(bytes) };
  if (first === 0xfe && second === 0xff)
    return { kind: 'text', text: new TextDecoder('utf-16be').decode(bytes) };
  const binary = sniff(bytes);
  if (binary !== undefined) return binary;
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return badByte(bytes);
  }
}

/** Whether bytes that start so are no text; `undefined` when they may be. */
export function sniff(bytes: Uint8Array): Extract<Decoded, { kind: 'binary' }> | undefined {
  const [first, second, third] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // gzip and zstd: https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1, https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1
  const compressed =
    (first === 0x1f && second === 0x8b) || (first === 0x28 && second === 0xb5 && third === 0x2f);
  if (!compressed && (isUtf16 || !bytes.subarray(0, sniffed).includes(0))) return undefined;
  return { kind: 'binary', compressed };
}

function badByte(bytes: Uint8Array): BadByte {
  let at = 0;
  for (let length = 1; length > 0 && at < bytes.length; at += length) length = characterLength(bytes, at);
  let line = 1;
  let start = 0;
  for (let feed = bytes.indexOf(10); feed !== -1 && feed < at; feed = bytes.indexOf(10, feed + 1)) {
    line++;
    start = feed + 1;
  }
  const before = new TextDecoder().decode(bytes.subarray(start, at));
  return { kind: 'notUtf8', byte: bytes[at] ?? 0, line, column: before.length + 1 };
}

/** How many bytes the character at `at` has; 0 when there is none. https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G27506 */
export function characterLength(bytes: Uint8Array, at: number): number {
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
