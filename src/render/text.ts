import picocolors from 'picocolors';

/** What depends on the place where an answer is read. Everything a renderer needs to know of it is here. */
export interface RenderOptions {
  /** Columns of the terminal; `undefined` when the reader is no terminal: then nothing is shortened. */
  readonly width: number | undefined;
  /** Whether words may also be coloured. Colour carries nothing that a word or sign does not also carry. */
  readonly color: boolean;
  /** False for `--no-headers`: rows alone, without headings, first and closing sentences. */
  readonly headers: boolean;
  /** True for `--quiet`: the answer without what is said of it, closing sentences and reminder. */
  readonly brief?: boolean;
  /** False where only ASCII can be shown; true when absent. */
  readonly unicode?: boolean;
}

/** What every answer says once: files cannot show whether a plugin enforces policies (corner 48). */
export const reminder = "Policies bind only where the cluster's network plugin enforces them.";

/** Narrower terminals are treated as this wide: below it no table can be read. */
const narrowest = 40;
/** Prose is not set wider than this, however wide the terminal is. */
const widestProse = 100;

/** The signs of an answer; each stands beside a word that says the same. */
export interface Signs {
  readonly arrow: string;
  readonly ellipsis: string;
  readonly bar: string;
  readonly dot: string;
  readonly gap: string;
  readonly below: string;
  readonly yes: string;
  readonly no: string;
  readonly unknown: string;
}

const unicodeSigns: Signs = {
  arrow: '→',
  ellipsis: '…',
  bar: '│',
  dot: '·',
  gap: '⋮',
  below: '↳',
  yes: '✓',
  no: '✗',
  unknown: '?',
};

const asciiSigns: Signs = {
  arrow: '->',
  ellipsis: '...',
  bar: '|',
  dot: '-',
  gap: ':',
  below: '^',
  yes: '+',
  no: 'x',
  unknown: '?',
};

/** Everything that the text renderers derive from `RenderOptions`. */
export interface Look {
  /** Columns, at least 40; `Infinity` when nothing is to be shortened. */
  readonly width: number;
  /** Columns for sentences; `Infinity` when they are not to be broken. */
  readonly prose: number;
  readonly headers: boolean;
  readonly signs: Signs;
  readonly heading: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly command: (text: string) => string;
}

/** Works out signs, colours and widths once for an answer. */
export function lookOf(options: RenderOptions): Look {
  // picocolors decides nothing here: the caller has looked at the terminal and NO_COLOR.
  const colors = picocolors.createColors(options.color);
  const width = options.width === undefined ? Infinity : Math.max(options.width, narrowest);
  return {
    width,
    prose: width === Infinity ? Infinity : Math.min(width, widestProse),
    headers: options.headers,
    signs: options.unicode === false ? asciiSigns : unicodeSigns,
    heading: colors.bold,
    good: colors.green,
    bad: colors.red,
    doubtful: colors.yellow,
    quiet: colors.dim,
    command: colors.cyan,
  };
}

/**
 * Characters that a terminal obeys instead of showing, or that change how their neighbours are read: C0, DEL, C1, line
 * and paragraph separators, and format characters such as bidirectional overrides and the byte order mark. The joiners
 * U+200C and U+200D stay: several scripts need them, and they move nothing. Lone surrogates are no characters at all.
 */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * Text of a manifest made safe to print: what a terminal would obey is written as `\x1b` or `\u{202e}`.
 *
 * Names, messages and quoted lines come from people one need not trust; none of them is printed without this.
 */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0;
    switch (code) {
      case 9:
        return '\\t';
      case 10:
        return '\\n';
      case 13:
        return '\\r';
      default:
        return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
    }
  });
}

/**
 * The same for text in double quotes that a JSON or YAML reader will read back: escapes that keep the value.
 *
 * @param text - a document whose strings with such characters are all in double quotes
 */
export function escapeInDocument(text: string): string {
  return text.replace(unsafe, (character) => {
    if (character === '\n') return character; // between lines of the document; inside strings it is `\n` already
    let escaped = '';
    for (let i = 0; i < character.length; i++) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}

/** Whether a string has characters that `visible` would write differently. */
export function isUnsafe(text: string): boolean {
  return text.search(unsafe) >= 0;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const plainAscii = /^[\x20-\x7e]*$/;
// East Asian Wide and Fullwidth blocks and emoji, as https://www.unicode.org/reports/tr11/ has them, in coarse ranges.
const wide =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** How many columns of a terminal `text` takes; it has no line ends and no control characters. */
export function displayWidth(text: string): number {
  if (plainAscii.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += wide.test(segment) ? 2 : 1;
  return columns;
}

/** Fills up with spaces to `columns`; longer text is returned as it is. */
export function pad(text: string, columns: number): string {
  const missing = columns - displayWidth(text);
  return missing > 0 ? text + ' '.repeat(missing) : text;
}

/**
 * `text` in at most `columns` columns: the middle is left out, because names differ at their ends.
 *
 * @param columns - at least 1
 */
export function shorten(text: string, columns: number, signs: Signs): string {
  if (displayWidth(text) <= columns) return text;
  const room = columns - signs.ellipsis.length;
  if (room < 2) return takeColumns(text, columns);
  const head = takeColumns(text, Math.ceil(room / 2));
  return head + signs.ellipsis + lastColumns(text, room - displayWidth(head));
}

/** `text` in at most `columns` columns: the end is left out, as for lines of a manifest. */
export function cut(text: string, columns: number, signs: Signs): string {
  if (displayWidth(text) <= columns) return text;
  return takeColumns(text, Math.max(0, columns - signs.ellipsis.length)) + signs.ellipsis;
}

function takeColumns(text: string, columns: number): string {
  if (plainAscii.test(text)) return text.slice(0, columns);
  let taken = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += displayWidth(segment);
    if (used > columns) break;
    taken += segment;
  }
  return taken;
}

/** The last of `text`, in at most `columns` columns. */
export function lastColumns(text: string, columns: number): string {
  if (plainAscii.test(text)) return text.slice(Math.max(0, text.length - columns));
  const segments = [...graphemes.segment(text)].map(({ segment }) => segment);
  let start = segments.length;
  let used = 0;
  while (start > 0) {
    used += displayWidth(segments[start - 1] ?? '');
    if (used > columns) break;
    start--;
  }
  return segments.slice(start).join('');
}

/**
 * Breaks a sentence into lines at spaces; a word that is longer than a line is shortened in its middle, places of files
 * excepted, which terminals make clickable only when they are whole.
 */
export function wrap(
  text: string,
  look: Pick<Look, 'prose' | 'signs'>,
  first = '',
  rest = first,
): readonly string[] {
  if (look.prose === Infinity) return [first + text];
  const lines: string[] = [];
  let line = first;
  let hasWord = false;
  const room = Math.max(8, look.prose - Math.max(displayWidth(first), displayWidth(rest)));
  for (const word of text.split(' ')) {
    const fitting = isPlace(word) ? word : shorten(word, room, look.signs);
    if (hasWord && displayWidth(line) + 1 + displayWidth(fitting) > look.prose) {
      lines.push(line);
      line = rest;
      hasWord = false;
    }
    line += hasWord ? ` ${fitting}` : fitting;
    hasWord = true;
  }
  lines.push(line);
  return lines;
}

function isPlace(word: string): boolean {
  return /:\d+[),.;:]*$/.test(word);
}

/** `1234567` as `1,234,567`. */
export function number(value: number | bigint): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 pod`, `2,400 pods`. */
export function count(value: number | bigint, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 || value === 1n ? one : many}`;
}

/**
 * The share of a whole in percent with one digit. Never `0 %` or `100 %` for what is not: a single open pair of a million
 * is the one that matters.
 */
export function percent(part: number | bigint, whole: number | bigint): string {
  if (Number(whole) === 0 || Number(part) === 0) return '0 %';
  if (BigInt(part) === BigInt(whole)) return '100 %';
  const tenths = Math.round((Number(part) / Number(whole)) * 1000);
  if (tenths === 0) return 'under 0.1 %';
  if (tenths >= 1000) return 'over 99.9 %';
  return `${(tenths / 10).toFixed(1)} %`;
}

/** `a`, `a and b`, `a, b and c`; more than `most` names end in `and 9 more`. */
export function listed(names: readonly string[], most = Infinity): string {
  if (names.length > most) {
    const shown = names.slice(0, most);
    return `${shown.join(', ')} and ${number(names.length - shown.length)} more`;
  }
  if (names.length < 2) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
