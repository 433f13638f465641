import type { TextCode } from './codes.ts';
import type { ParserError } from './compose.ts';
import { entryOf, reindentNetworkPolicy } from './reindent.ts';
import type { Entry } from './reindent.ts';
import { candidateOf, maxSuggested, suggestionOf } from './suggest.ts';
import type { Candidate } from './suggest.ts';

/** One finding of this layer before its offset has become a place. */
export interface Finding {
  readonly code: TextCode;
  readonly message: string;
  readonly hint?: string;
  readonly value?: string;
  readonly suggestion?: readonly string[];
  /** In UTF-16 code units. */
  readonly offset: number;
}

/** Decides whether a corrected document may be offered; `none`: suggestions are not looked for. */
export type Verify = ((value: unknown) => boolean) | undefined | 'none';

/** A document that does not parse, cut into lines. */
interface Broken {
  readonly text: string;
  readonly lines: readonly string[];
  /** Where each line starts. */
  readonly starts: readonly number[];
  readonly errors: readonly ParserError[];
}

/** What is known about a mistake: its words, its place, and how it could be put right. */
interface Mistake {
  readonly code?: TextCode;
  readonly message: string;
  readonly hint?: string;
  /** Index of the line, and of the character in it. */
  readonly line: number;
  readonly column: number;
  readonly candidates?: readonly Candidate[];
}

/** Looks for one shape of mistake; the first that finds something has the word. */
type Detector = (broken: Broken) => Mistake | undefined;

/** How many lines around the first error are looked at. */
const reach = 200;

/**
 * What is wrong with a document that does not parse, in the reader's words, with corrected lines where these are sure.
 *
 * @param text - the document
 * @param errors - what the parser said, sorted by place; at least one
 */
export function syntaxFinding(text: string, errors: readonly ParserError[], verify: Verify): Finding {
  const short = text.length <= maxSuggested;
  // Of a long document only the lines around the first error are cut out: what is found there is found nearby.
  const base = short
    ? 0
    : Math.max(0, text.lastIndexOf('\n', Math.max(0, (errors[0]?.offset ?? 0) - 4000)) + 1);
  const part = short ? text : text.slice(base, base + 16_000);
  const broken = cut(
    part,
    errors.map((error) => ({ ...error, offset: error.offset - base, end: error.end - base })),
  );
  for (const detect of detectors) {
    const mistake = detect(broken);
    if (mistake === undefined) continue;
    const line = broken.lines[mistake.line] ?? '';
    const suggestion =
      short && verify !== 'none' && mistake.candidates !== undefined
        ? suggestionOf(mistake.candidates, verify)
        : undefined;
    return {
      code: mistake.code ?? 'yaml-syntax',
      message: mistake.message,
      ...(mistake.hint === undefined ? {} : { hint: mistake.hint }),
      ...(suggestion === undefined ? {} : { suggestion }),
      value: line.trim(),
      offset: base + (broken.starts[mistake.line] ?? 0) + mistake.column,
    };
  }
  return inOtherWords(text, errors);
}

function cut(text: string, errors: readonly ParserError[]): Broken {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const starts: number[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    starts.push(start);
    start += line.length + 1;
  }
  return { text, lines, starts, errors };
}

/** Index of the line that an offset stands in. */
function lineOf({ starts }: Broken, offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The lines that the parser complains about, in order. */
function errorLines(broken: Broken): readonly number[] {
  return [...new Set(broken.errors.map(({ offset }) => lineOf(broken, offset)))];
}

/** The nearest entry before a line. */
function entryBefore(
  { lines }: Broken,
  line: number,
): { readonly entry: Entry; readonly at: number } | undefined {
  for (let at = line - 1; at >= Math.max(0, line - reach); at--) {
    const entry = entryOf(lines[at] as string);
    if (entry !== undefined) return { entry, at };
  }
  return undefined;
}

/** The column of the key of an entry: behind its dash. */
function keyColumn(entry: Entry): number {
  return entry.indent + (entry.dash ? (/^-[ \t]*/.exec(entry.content)?.[0].length ?? 2) : 0);
}

/** `- from:`, as it is named in a sentence. */
function nameOf(entry: Entry): string {
  const key = entry.key === undefined ? entry.rest : `${entry.key}:`;
  const name = entry.dash ? `- ${key}` : key;
  return `"${name.length > 60 ? `${name.slice(0, 59)}…` : name}"`;
}

const helmTemplate: Detector = ({ lines }) => {
  for (const [line, content] of lines.entries()) {
    const column = content.indexOf('{{');
    if (column === -1 || !content.includes('}}') || content.trimStart().startsWith('#')) continue;
    return {
      code: 'helm-template',
      message: 'This is a Helm template, not yet a manifest: {{ … }} has to be filled in first.',
      hint: 'render the chart and read the result: helm template … | podwall map -',
      line,
      column,
    };
  }
  return undefined;
};

const mergeConflict: Detector = ({ lines }) => {
  const line = lines.findIndex((content) => /^(?:<{7}|>{7})(?: |$)/.test(content));
  if (line === -1) return undefined;
  return {
    message: 'A merge conflict has not been resolved here.',
    hint: 'decide between the two versions and delete the lines <<<<<<<, ======= and >>>>>>>',
    line,
    column: 0,
  };
};

const markdownFence: Detector = ({ lines }) => {
  const line = lines.findIndex((content) => /^\s*(?:```|~~~)/.test(content));
  if (line === -1) return undefined;
  return {
    message: 'This line belongs to a Markdown document, not to YAML.',
    hint: 'keep only the lines between the fences ```',
    line,
    column: (lines[line] as string).search(/\S/),
  };
};

const tabInIndentation: Detector = (broken) => {
  const { lines, errors } = broken;
  const suspects = errorLines(broken);
  const last = Math.max(...suspects) + 1;
  // A tab above the error is harmless, unless the parser says so or the error is on the line behind it.
  const isTabbed = (line: number): boolean => {
    const content = lines[line] ?? '';
    // A line of blanks is no mistake, unless it is one that was cut.
    return /^ *\t/.test(content) && (content.length > 4000 || content.trim() !== '');
  };
  const named = errors.some(({ code }) => code === 'TAB_AS_INDENT');
  const line =
    suspects.find(isTabbed) ?? (named ? lines.findIndex((_, at) => at <= last && isTabbed(at)) : -1);
  if (line === -1) return undefined;
  const candidates = [2, 4, 8].flatMap((width) => {
    const candidate = candidateOf(
      lines,
      lines.map((content) => expandTabs(content, width)),
    );
    return candidate === undefined ? [] : [candidate];
  });
  return {
    code: 'yaml-tab',
    message: 'A tab stands in the indentation of this line; YAML indents with spaces only.',
    hint: 'replace the tab by the spaces that were meant',
    line,
    column: (lines[line] as string).indexOf('\t'),
    candidates: [...candidates, ...reindented(lines)],
  };
};

/** Tabs in the indentation become spaces up to the next multiple of `width`, as an editor shows them. */
function expandTabs(line: string, width: number): string {
  const blanks = /^[ \t]*/.exec(line)?.[0] ?? '';
  if (!blanks.includes('\t')) return line;
  let column = 0;
  for (const blank of blanks) column += blank === '\t' ? width - (column % width) : 1;
  return ' '.repeat(column) + line.slice(blanks.length);
}

/** All lines put where the fields of a NetworkPolicy belong, if it is one. */
function reindented(lines: readonly string[]): readonly Candidate[] {
  if (!lines.some((line) => /^kind:\s*["']?NetworkPolicy["']?\s*(?:#|$)/.test(line))) return [];
  const after = reindentNetworkPolicy(lines);
  const candidate = after === undefined ? undefined : candidateOf(lines, after);
  return candidate === undefined ? [] : [candidate];
}

const dashLeftOfKey: Detector = (broken) => {
  for (const line of errorLines(broken)) {
    const entry = entryOf(broken.lines[line] as string);
    const before = entryBefore(broken, line);
    if (entry === undefined || before === undefined || !entry.dash) continue;
    const { entry: parent } = before;
    if (parent.key === undefined || parent.rest !== '' || keyColumn(parent) <= entry.indent) continue;
    const key = nameOf({ ...parent, dash: false });
    const shifted = shiftedBlock(broken.lines, line, keyColumn(parent) - entry.indent);
    return {
      message: `This is not valid YAML: ${nameOf(entry)} stands left of ${key}, which it belongs to.`,
      hint: `indent it at least as far as ${key}, by ${keyColumn(parent)} spaces or more, and what belongs to it with it`,
      line,
      column: entry.indent,
      // A NetworkPolicy knows where its fields belong; of other kinds the block is moved as it is.
      candidates: isNetworkPolicy(broken.lines) ? reindented(broken.lines) : shifted,
    };
  }
  return undefined;
};

function isNetworkPolicy(lines: readonly string[]): boolean {
  return lines.some((line) => /^kind:\s*["']?NetworkPolicy\b/.test(line));
}

/** The block that starts at `line`, up to the next line that stands left of it or is no item beside it, moved right. */
function shiftedBlock(lines: readonly string[], line: number, by: number): readonly Candidate[] {
  const first = entryOf(lines[line] as string);
  if (first === undefined) return [];
  let end = line + 1;
  for (; end < lines.length; end++) {
    const entry = entryOf(lines[end] as string);
    if (entry === undefined) continue;
    if (entry.indent < first.indent || (entry.indent === first.indent && entry.dash !== first.dash)) break;
  }
  const after = lines.map((content, at) => {
    if (at < line || at >= end || content.trim() === '') return content;
    return by > 0 ? ' '.repeat(by) + content : content.slice(-by);
  });
  const candidate = candidateOf(lines, after);
  return candidate === undefined ? [] : [candidate];
}

const missingSpace: Detector = (broken) => {
  const { lines } = broken;
  for (const line of errorLines(broken)) {
    const content = lines[line] as string;
    const found = /^([ \t]*(?:- +)*[A-Za-z][\w./-]*:)([^\s:/].*)$/.exec(content);
    if (found === null) continue;
    const [, key = '', rest = ''] = found;
    const after = lines.map((other, at) => (at === line ? `${key} ${rest}` : other));
    return {
      message: `This is not valid YAML: behind the colon of "${shorten(content.trim())}" a space is missing.`,
      hint: `write ${shorten(`${key.trim()} ${rest}`)}`,
      line,
      column: key.length,
      candidates: [{ lines: after, from: line, to: line }],
    };
  }
  return undefined;
};

const openQuote: Detector = (broken) => {
  const { lines, errors } = broken;
  const suspicious = errors.some(
    ({ code, message }) => code === 'MISSING_CHAR' || code === 'UNEXPECTED_TOKEN' || /quote/.test(message),
  );
  const [first] = errors;
  if (!suspicious || first === undefined) return undefined;
  const until = lineOf(broken, first.offset);
  for (let line = Math.max(0, until - reach); line <= until; line++) {
    const content = lines[line] ?? '';
    const entry = entryOf(content);
    const mark = entry?.rest[0];
    if (entry === undefined || (mark !== '"' && mark !== "'")) continue;
    const quotes = mark === '"' ? entry.rest.replaceAll(/\\./g, '').split('"') : entry.rest.split("'");
    if (quotes.length % 2 === 1) continue;
    const behind = content.indexOf(entry.rest);
    // Text over several lines is closed further down: then the mistake is another one.
    if (line < until && !/[Mm]issing closing/.test(first.message) && until - line > 1) continue;
    const after = lines.map((other, at) => (at === line ? `${other.trimEnd()}${mark}` : other));
    return {
      message: `This is not valid YAML: the quote ${mark} is not closed on this line.`,
      hint: `close it, or write the value without quotes; within '…' an apostrophe is written ''`,
      line,
      column: behind === -1 ? entry.indent : behind,
      candidates: [{ lines: after, from: line, to: line }],
    };
  }
  return undefined;
};

const reservedStart: Detector = (broken) => {
  const error = broken.errors.find(({ code }) => code === 'BAD_SCALAR_START');
  if (error === undefined) return undefined;
  const line = lineOf(broken, error.offset);
  const content = broken.lines[line] as string;
  const column = error.offset - (broken.starts[line] as number);
  const value = content
    .slice(column)
    .replace(/\s+#.*$/, '')
    .trimEnd();
  const quoted = `'${value.replaceAll("'", "''")}'`;
  const after = broken.lines.map((other, at) =>
    at === line ? content.slice(0, column) + quoted + content.slice(column + value.length) : other,
  );
  return {
    message: `This is not valid YAML: a value cannot start with "${content[column] ?? ''}" unless it stands in quotes.`,
    hint: `write ${shorten(quoted)}`,
    line,
    column,
    candidates: [{ lines: after, from: line, to: line }],
  };
};

const colonInValue: Detector = (broken) => {
  const error = broken.errors.find(({ code }) => code === 'BLOCK_AS_IMPLICIT_KEY');
  if (error === undefined) return undefined;
  const line = lineOf(broken, error.offset);
  const content = broken.lines[line] as string;
  const entry = entryOf(content);
  if (entry?.key === undefined || !/: |:$/.test(entry.rest) || /^["'[{]/.test(entry.rest)) return undefined;
  return {
    message: `This is not valid YAML: the value of ${nameOf({ ...entry, dash: false })} holds a colon and a space, which would start another key.`,
    hint: `put the value in quotes, or the second key on a line of its own`,
    line,
    column: content.indexOf(entry.rest),
  };
};

const wrongColumn: Detector = (broken) => {
  const { lines } = broken;
  for (const at of errorLines(broken)) {
    // The parser names the line itself, or the value that it wrongly continues.
    for (const line of [at, at + 1]) {
      const entry = lines[line] === undefined ? undefined : entryOf(lines[line]);
      const before = entryBefore(broken, line);
      if (entry === undefined || before === undefined) continue;
      if (entry.key === undefined && !entry.dash) continue;
      const mistake = misplaced(broken, line, entry, before.entry);
      if (mistake !== undefined) return mistake;
    }
  }
  return undefined;
};

/** An entry that starts in a column where nothing that it could stand beside starts. */
function misplaced(broken: Broken, line: number, entry: Entry, before: Entry): Mistake | undefined {
  const columns = openColumns(broken, line);
  const sameLine = before.rest === '' && before.key !== undefined;
  if (columns.includes(entry.indent)) return undefined;
  const deeper = entry.indent > keyColumn(before);
  if (deeper && sameLine) return undefined;
  const candidates = columns.flatMap((column) => shiftedBlock(broken.lines, line, column - entry.indent));
  return {
    message: deeper
      ? `This is not valid YAML: ${nameOf(entry)} stands right of ${nameOf(before)}, which has a value already.`
      : `This is not valid YAML: ${nameOf(entry)} stands in column ${entry.indent + 1}, where nothing starts that it could belong to.`,
    hint: `what belongs together starts in one column; here that would be ${columns
      .toReversed()
      .slice(-6)
      .map((column) => column + 1)
      .join(' or ')}`,
    line,
    column: entry.indent,
    candidates: isNetworkPolicy(broken.lines)
      ? [...candidates.slice(0, 8), ...reindented(broken.lines)]
      : candidates.slice(0, 8),
  };
}

/** The columns, from the inside out, in which the entries before a line started whose blocks are still open there. */
function openColumns({ lines }: Broken, line: number): readonly number[] {
  const columns: number[] = [];
  let left = Infinity;
  for (let at = line - 1; at >= Math.max(0, line - reach) && left > 0; at--) {
    const entry = entryOf(lines[at] as string);
    if (entry === undefined) continue;
    const starts = entry.dash && entry.key !== undefined ? [keyColumn(entry), entry.indent] : [entry.indent];
    for (const column of starts)
      if (column < left) {
        columns.push(column);
        left = column;
      }
  }
  return columns;
}

const detectors: readonly Detector[] = [
  helmTemplate,
  mergeConflict,
  markdownFence,
  tabInIndentation,
  dashLeftOfKey,
  missingSpace,
  reservedStart,
  colonInValue,
  openQuote,
  wrongColumn,
];

/** What remains: the parser's first complaint in our words. */
function inOtherWords(text: string, errors: readonly ParserError[]): Finding {
  const error = errors.find(({ code }) => code !== 'BLOCK_AS_IMPLICIT_KEY') ?? errors[0];
  const offset = error?.offset ?? 0;
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
  const value = (/^[^\n]*/.exec(text.slice(start, start + 300))?.[0] ?? '').trim();
  const words = error === undefined ? undefined : (closerWords(error.message) ?? wordsOf[error.code]);
  return {
    code: error?.code === 'RESOURCE_EXHAUSTION' ? 'document-too-deep' : 'yaml-syntax',
    message: `This is not valid YAML: ${words ?? 'the line cannot be understood here'}.`,
    value,
    offset,
  };
}

/** Where one code of the parser stands for several mistakes, its words tell them apart. */
function closerWords(message: string): string | undefined {
  return ambiguous.find(([pattern]) => pattern.test(message))?.[1];
}

const ambiguous: readonly (readonly [RegExp, string])[] = [
  [/^Flow map in block/, 'a mapping that starts with { is not closed with } before this line'],
  [/^Flow sequence in block/, 'a list that starts with [ is not closed with ] before this line'],
  [/^Missing closing/, 'a quote is not closed before the end of the document'],
  [/^Unexpected scalar at node end/, 'more text stands behind a closing quote, bracket or alias'],
  [/^Unexpected flow-(?:seq|map)-end/, 'this bracket closes nothing'],
  [
    /^Unexpected block-seq-ind on same line/,
    'a list cannot start on the line of its key: its items go on lines of their own',
  ],
  [/^Implicit map keys need/, 'a colon is missing: among the keys of a mapping stands a line without one'],
  [/^Sequence item without/, 'a dash is missing: among the items of a list stands a line without one'],
  [
    /^Block scalar header/,
    'behind | or > only an indentation (1 to 9), + or -, and a comment may stand on the line',
  ],
];

const wordsOf: Readonly<Partial<Record<ParserError['code'], string>>> = {
  ALIAS_PROPS: 'an alias (*name) can have neither anchor nor tag',
  BAD_ALIAS: 'an anchor (&) or alias (*) needs a name; text that starts so stands in quotes',
  BAD_COLLECTION_TYPE: 'the tag does not fit what follows it',
  BAD_DIRECTIVE: 'the directive (%) is not known',
  BAD_DQ_ESCAPE: 'this is no escape within "…"; a backslash itself is written \\\\, or use \'…\'',
  BAD_INDENT:
    'the line starts in a column where nothing starts that it could belong to, or a bracket is not closed',
  BAD_PROP_ORDER: 'anchor (&) and tag (!) stand before the value and on its line',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping or list cannot start on the line of its key, or behind its value',
  BLOCK_IN_FLOW: 'between brackets, lists and mappings are written with brackets, too',
  IMPOSSIBLE: 'the line cannot be understood here',
  KEY_OVER_1024_CHARS: 'the key is longer than 1024 characters',
  MISSING_CHAR: 'something is missing here: a colon behind a key, a comma or bracket, a closing quote',
  MULTILINE_IMPLICIT_KEY: 'the line is no "key: value", and the text before it does not go on here',
  MULTIPLE_ANCHORS: 'a value can have one anchor (&) only',
  MULTIPLE_DOCS: 'a second document starts here without a line ---',
  MULTIPLE_TAGS: 'a value can have one tag (!) only',
  RESOURCE_EXHAUSTION: 'mappings and lists are nested too deep',
  TAB_AS_INDENT: 'a tab stands where only spaces may',
  TAG_RESOLVE_FAILED: 'the value is not what its tag (!) says',
  UNEXPECTED_TOKEN: 'this cannot stand here, behind what precedes it',
};

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
