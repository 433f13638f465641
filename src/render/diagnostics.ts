import type { Diagnostic, Severity } from '../model/index.ts';
import {
  count,
  cut,
  displayWidth,
  lastColumns,
  lookOf,
  number,
  visible,
  wrap,
  type Look,
  type RenderOptions,
} from './text.ts';

/** Beside the look: where the lines come from. */
export interface DiagnosticOptions extends RenderOptions {
  /** The lines to quote for a diagnostic, the last of them the one at fault; `undefined`: none are quoted. */
  readonly quote?: (diagnostic: Diagnostic) => readonly string[] | undefined;
}

/** Of one code and severity, so many are shown one by one; then their number is said. */
const mostAlike = 5;
/** Fewer findings than these are all shown. */
const mostInAll = 20;
/** Lines quoted before the one at fault. */
const mostBefore = 2;

/**
 * Findings about the input, for people: place, severity and code, message, the line at fault, what was probably meant, hint.
 *
 * The text ends in a line end; without diagnostics it is empty. Of many alike the first are shown, and how many more.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: DiagnosticOptions): string {
  const look = lookOf(options);
  const blocks: (readonly string[])[] = [];
  const seen = new Map<string, { shown: number; readonly hidden: Diagnostic[] }>();
  for (const diagnostic of diagnostics) {
    const key = `${diagnostic.severity} ${diagnostic.code}`;
    const alike = seen.get(key) ?? { shown: 0, hidden: [] };
    seen.set(key, alike);
    if (diagnostics.length > mostInAll && alike.shown >= mostAlike) {
      alike.hidden.push(diagnostic);
      continue;
    }
    alike.shown++;
    blocks.push([...blockOf(diagnostic, options, look)]);
  }
  for (const { hidden } of seen.values()) {
    const [first] = hidden;
    if (first === undefined) continue;
    const files = new Set(hidden.map(({ file }) => file));
    const where = files.size === 1 ? visible(first.file) : count(files.size, 'file');
    blocks.push([
      `${look.signs.ellipsis} ${number(hidden.length)} more ${paint(first.severity, look)(first.severity)} ${visible(first.code)} in ${where}; -o json lists all`,
    ]);
  }
  const lines: string[] = [];
  for (const [i, block] of blocks.entries()) {
    // Blocks with quoted lines need air; one after another, short ones do not.
    if (i > 0 && (block.length > 3 || (blocks[i - 1]?.length ?? 0) > 3)) lines.push('');
    lines.push(...block);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function* blockOf(diagnostic: Diagnostic, options: DiagnosticOptions, look: Look): Generator<string, void> {
  const place = `${visible(diagnostic.file)}:${diagnostic.line}:${diagnostic.column}`;
  const severity = paint(diagnostic.severity, look)(diagnostic.severity);
  yield `${look.heading(place)} ${severity} ${visible(diagnostic.code)}`;
  yield* wrap(visible(diagnostic.message), look, '  ');
  const quoted = options.quote?.(diagnostic);
  const { suggestion, hint } = diagnostic;
  if (quoted !== undefined && quoted.length > 0) {
    yield '';
    yield* quotedLines(diagnostic, quoted, look);
    if (suggestion !== undefined || hint !== undefined) yield '';
  }
  if (suggestion !== undefined && suggestion.length > 0) {
    yield '  Did you mean';
    for (const line of suggestion) yield `      ${cut(visible(line), look.width - 6, look.signs)}`.trimEnd();
    if (hint !== undefined) yield '';
  }
  if (hint !== undefined) yield* wrap(`hint: ${visible(hint)}`, look, '  ', '    ');
}

function* quotedLines(
  diagnostic: Diagnostic,
  quoted: readonly string[],
  look: Look,
): Generator<string, void> {
  const lines = quoted.slice(-1 - mostBefore);
  const first = diagnostic.line - lines.length + 1;
  const digits = String(diagnostic.line).length;
  const room = Math.min(look.width - digits - 7, widestQuote);
  // The caret stands below what is shown: characters before it may have been written as escapes.
  const before = displayWidth(visible((lines.at(-1) ?? '').slice(0, diagnostic.column - 1)));
  // Of a line that is longer, that part is shown in which the fault is, with something in front of it.
  const from = before < room - shownBehind ? 0 : before - Math.floor(room / 2);
  for (const [i, text] of lines.entries()) {
    const head = look.quiet(`    ${String(first + i).padStart(digits)} ${look.signs.bar}`);
    yield `${head} ${partOf(visible(text), from, room, look)}`.trimEnd();
  }
  yield `${look.quiet(`    ${' '.repeat(digits)} ${look.signs.bar}`)} ${' '.repeat(before - from)}${paint(diagnostic.severity, look)('^')}`;
}

/** Quoted lines are shown up to this many columns, also where nothing limits them. */
const widestQuote = 120;
/** Columns to be seen behind a fault. */
const shownBehind = 12;

/** A line from a column on, cut to `room` columns; signs stand for what is left out. */
function partOf(text: string, from: number, room: number, look: Look): string {
  if (from === 0) return cut(text, room, look.signs);
  if (displayWidth(text) <= from) return text.trim() === '' ? '' : look.signs.ellipsis;
  const rest = lastColumns(text, displayWidth(text) - from - displayWidth(look.signs.ellipsis));
  const start = displayWidth(text) - displayWidth(rest) - from;
  return cut(look.signs.ellipsis.padEnd(start) + rest, room, look.signs);
}

function paint(severity: Severity, look: Look): (text: string) => string {
  switch (severity) {
    case 'error':
      return look.bad;
    case 'warning':
      return look.doubtful;
    case 'note':
      return look.quiet;
  }
}
