/** A key of one character that is written with an escape: `"\u0061":`, `"\/":`. */
const escapedKey = /"\\(?:u([0-9A-Fa-f]{4})|\/)"(?=\s*:)/g;

/**
 * `JSON.parse`, with keys that mean what they say.
 *
 * V8 13.6 (Node 24) takes a key of one character that is written with an escape for the last such key that it met, in
 * this text or in another: after `{"a":1,"\\":2}`, it reads `{"a":1,"\u0061":2}` as having the key `\`. Such keys are
 * written without their escape before V8 sees them. A control character, a quote and a backslash cannot be; none of them
 * is a key of anything that Kubernetes knows.
 *
 * @throws SyntaxError when the text is not JSON
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text.includes('"\\') ? text.replaceAll(escapedKey, plainKey) : text);
}

/**
 * The same key without the escape. Where a string of the text has such a piece inside, its quote is escaped and belongs to
 * a key that ends here, so its meaning stays, too.
 */
function plainKey(written: string, hex: string | undefined): string {
  const char = hex === undefined ? '/' : String.fromCharCode(Number.parseInt(hex, 16));
  return char < ' ' || char === '"' || char === '\\' ? written : `"${char}"`;
}
