// Scalars over several lines, folded as `yaml` folds them: resolve-flow-scalar and resolve-block-scalar of that package.

/**
 * The text of a plain or single-quoted scalar, whose line ends and the blanks around them stand for one blank each, and
 * empty lines for line ends. https://yaml.org/spec/1.2.2/#65-line-folding
 *
 * @param source - without quotes; blanks are spaces and tabs, lines end with a line feed, after a carriage return or not
 */
export function foldFlow(source: string): string {
  const lines = source.split('\n');
  const last = lines.length - 1;
  let folded = trimEnd(lines[0] as string);
  let separator = ' ';
  for (let i = 1; i < last; i++) {
    const line = trimStart(trimEnd(lines[i] as string));
    if (line !== '') {
      folded += separator + line;
      separator = ' ';
    } else if (separator === '\n') folded += separator;
    else separator = '\n';
  }
  return last === 0 ? source : folded + separator + trimStart(lines[last] as string);
}

/** Without the blanks at the end, and the carriage return there. */
function trimEnd(line: string): string {
  let end = line.endsWith('\r') ? line.length - 1 : line.length;
  while (end > 0 && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(0, end);
}

function trimStart(line: string): string {
  let start = 0;
  while (isBlank(line.charCodeAt(start))) start++;
  return line.slice(start);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/**
 * The text of a folded block scalar: lines that are not indented further are joined by a blank, and one empty line
 * between them is their line end. https://yaml.org/spec/1.2.2/#813-folded-style
 *
 * @param lines - without the indentation of the scalar, up to the last that has content
 */
export function foldBlock(lines: readonly string[]): string {
  let start = 0;
  while (lines[start] === '') start++;
  let folded = '\n'.repeat(start);
  let separator = '';
  let wasIndented = false;
  for (let i = start; i < lines.length; i++) {
    const line = lines[i] as string;
    if (isBlank(line.charCodeAt(0))) {
      if (separator === ' ') separator = '\n';
      else if (!wasIndented && separator === '\n') separator = '\n\n';
      folded += separator + line;
      separator = '\n';
      wasIndented = true;
    } else if (line === '') {
      if (separator === '\n') folded += '\n';
      else separator = '\n';
    } else {
      folded += separator + line;
      separator = ' ';
      wasIndented = false;
    }
  }
  return folded;
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
};

/**
 * The text of a double-quoted scalar, escapes and line ends resolved. https://yaml.org/spec/1.2.2/#731-double-quoted-style
 *
 * @param source - without quotes
 * @returns `undefined` when an escape is none
 */
export function unescape(source: string): string | undefined {
  let text = '';
  let from = 0;
  for (let at = 0; at < source.length;) {
    const code = source.charCodeAt(at);
    if (code === 92) {
      text += source.slice(from, at);
      const next = source[at + 1] ?? '';
      const width = next === 'x' ? 2 : next === 'u' ? 4 : next === 'U' ? 8 : 0;
      if (width > 0) {
        const digits = source.slice(at + 2, at + 2 + width);
        const point =
          /^[\da-fA-F]+$/.test(digits) && digits.length === width ? Number.parseInt(digits, 16) : -1;
        if (point < 0 || point > 0x10ffff) return undefined;
        text += String.fromCodePoint(point);
        at += 2 + width;
      } else if (next === '\n' || (next === '\r' && source[at + 2] === '\n')) {
        // The line goes on in the next one, whose indentation does not count.
        at += next === '\n' ? 2 : 3;
        while (isBlank(source.charCodeAt(at))) at++;
      } else {
        const escape = escapes[next];
        if (escape === undefined) return undefined;
        text += escape;
        at += 2;
      }
      from = at;
    } else if (isBlank(code) || code === 10 || code === 13) {
      let end = at;
      while (isBlank(source.charCodeAt(end))) end++;
      if (!isLineEnd(source, end)) {
        at = end > at ? end : at + 1;
        continue;
      }
      text += source.slice(from, at);
      let feeds = 0;
      for (; ; end++) {
        if (isLineEnd(source, end)) {
          if (source.charCodeAt(end) === 13) end++;
          feeds++;
        } else if (!isBlank(source.charCodeAt(end))) break;
      }
      text += feeds === 1 ? ' ' : '\n'.repeat(feeds - 1);
      from = at = end;
    } else at++;
  }
  return text + source.slice(from);
}

function isLineEnd(source: string, at: number): boolean {
  const code = source.charCodeAt(at);
  return code === 10 || (code === 13 && source.charCodeAt(at + 1) === 10);
}
