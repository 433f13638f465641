// Lines of YAML as bytes, as far as they tell where documents and items begin.

const feed = 10;
const carriage = 13;
const space = 32;
const tab = 9;
const hash = 35;

/** Whether a line ends here, or a blank stands there. */
export function isBlank(byte: number | undefined, isOver: boolean): boolean {
  return isOver || byte === space || byte === tab || byte === feed || byte === carriage;
}

/** Where the first byte stands from `start` on that is no space. */
export function behindBlanks(window: Uint8Array, start: number): number {
  let at = start;
  while (window[at] === space) at++;
  return at;
}

/** Whether a line, or the rest of one, holds anything but blanks and a comment. */
export function hasContent(window: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = window[at];
    if (byte === hash) return false;
    if (byte !== space && byte !== tab && byte !== carriage && byte !== feed) return true;
  }
  return false;
}

const items: Readonly<Uint8Array> = Uint8Array.from('items:', (character) => character.charCodeAt(0));

/** Whether a line is `items:` and nothing else. */
export function isItemsLine(window: Uint8Array, start: number, end: number): boolean {
  return (
    items.every((byte, i) => window[start + i] === byte) && !hasContent(window, start + items.length, end)
  );
}

/** How many lines end in a text. */
export function countFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
