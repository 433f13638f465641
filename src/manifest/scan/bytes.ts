const quote = 0x22;
const backslash = 0x5c;

/** Whether bytes of JSON are a string of printable ASCII without escapes. */
export function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === quote && end - start >= 2 && plainTextEnd(bytes, start) === end;
}

/** Where the string ends that begins at `start`; -1 when it has escapes, or other characters than printable ASCII. */
export function plainTextEnd(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; ; at++) {
    const byte = bytes[at]!;
    if (byte === quote) return at + 1;
    // Also at the zeros behind the bytes.
    if (byte < 0x20 || byte > 0x7e || byte === backslash) return -1;
  }
}

/** The first byte from `at` on that is no blank. */
export function skipBlanks(bytes: Uint8Array, at: number): number {
  let next = at;
  for (;;) {
    const byte = bytes[next]!;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return next;
    next++;
  }
}
