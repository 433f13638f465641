import Table from 'cli-table3';
import { cut, displayWidth, pad, shorten, type Look, type Signs } from './text.ts';

/** How one column behaves when the terminal is too narrow. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /**
   * What it keeps while the table is too wide, in turns: in each turn the widest column gives first, until each is down to
   * what it keeps then. Default: 8, or the title's length where that is more, in every turn.
   */
  readonly keeps?: readonly number[];
  /** What stands between the two sides of its cells, where each side is shortened by itself: ` → `. */
  readonly sides?: string;
}

const gap = 2;
/** More rows than these are not given to cli-table3, which takes 0.15 ms for a row: a map may have a million. */
const mostDrawn = 2000;

/**
 * Rows below each other without borders. Cells are shortened in the middle until a line fits `look.width`; they are never
 * wrapped. Cells must be safe to print (`visible`) and hold no line ends.
 */
export function* tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  look: Look,
  indent = 0,
): Generator<string, void> {
  const widths = fit(columns, rows, look, indent);
  const margin = ' '.repeat(indent);
  if (look.headers && columns.some(({ title }) => title !== '')) {
    const titles = columns.map(({ title }, i) => shorten(title, widths[i] ?? 1, look.signs));
    for (const line of draw([titles], columns, widths)) yield margin + look.heading(line);
  }
  const shortened = (row: readonly string[]): readonly string[] =>
    row.map((cell, i) => {
      const width = widths[i] ?? 1;
      const between = columns[i]?.sides;
      return between === undefined
        ? shorten(cell, width, look.signs)
        : shortenSides(cell, between, width, look.signs);
    });
  if (rows.length <= mostDrawn) {
    for (const line of draw(rows.map(shortened), columns, widths)) yield margin + line;
  } else {
    for (const row of rows) yield margin + aligned(shortened(row), columns, widths);
  }
}

/** Cuts the longer side of a cell first, so that what stands between them and both beginnings are kept. */
function shortenSides(cell: string, between: string, width: number, signs: Signs): string {
  const at = cell.indexOf(between);
  const room = width - displayWidth(between);
  if (displayWidth(cell) <= width || at < 0 || room < leastSides) return shorten(cell, width, signs);
  const from = cell.slice(0, at);
  const to = cell.slice(at + between.length);
  const half = Math.floor(room / 2);
  const first = Math.min(displayWidth(from), Math.max(half, room - displayWidth(to)));
  return `${shortenSide(from, first, signs)}${between}${shortenSide(to, room - first, signs)}`;
}

/** Less room than this is not shared by two sides. */
const leastSides = 8;

/** Names are told apart by both ends; what begins with a number must keep it. */
function shortenSide(text: string, width: number, signs: Signs): string {
  return /^(some of )?\d[\d,]* /.test(text) ? cut(text, width, signs) : shorten(text, width, signs);
}

/** One row as cli-table3 draws it. */
function aligned(cells: readonly string[], columns: readonly Column[], widths: readonly number[]): string {
  const texts = cells.map((cell, i) => {
    const filled = pad(cell, widths[i] ?? 1);
    return columns[i]?.align === 'right' ? filled.slice(cell.length) + cell : filled;
  });
  return texts.join(' '.repeat(gap)).trimEnd();
}

function draw(
  rows: readonly (readonly string[])[],
  columns: readonly Column[],
  widths: readonly number[],
): readonly string[] {
  const table = new Table({
    // Without a `top` line and so on there is no border; empty head and border styles keep it from colouring.
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: ' '.repeat(gap),
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colWidths: [...widths],
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  if (rows.length === 0) return [];
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** Natural widths, or narrower ones: the widest column gives first, so that short columns stay whole. */
function fit(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  look: Look,
  indent: number,
): readonly number[] {
  const widths = columns.map(({ title }) => Math.max(1, look.headers ? displayWidth(title) : 0));
  for (const row of rows) {
    for (let i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i] ?? 0, displayWidth(row[i] ?? ''));
    }
  }
  let surplus =
    widths.reduce((sum, width) => sum + width, 0) + gap * (widths.length - 1) + indent - look.width;
  const turns = Math.max(1, ...columns.map(({ keeps }) => keeps?.length ?? 0));
  for (let turn = 0; turn <= turns; turn++) {
    // After the last turn, on very narrow terminals, everything gives.
    const floor = columns.map(({ title, keeps }) =>
      turn === turns ? 4 : (keeps?.[turn] ?? keeps?.at(-1) ?? Math.max(8, displayWidth(title))),
    );
    while (surplus > 0) {
      let widest = -1;
      for (let i = 0; i < widths.length; i++) {
        if ((widths[i] ?? 0) > (floor[i] ?? 0) && (widest < 0 || (widths[i] ?? 0) > (widths[widest] ?? 0))) {
          widest = i;
        }
      }
      if (widest < 0) break;
      widths[widest] = (widths[widest] ?? 0) - 1;
      surplus--;
    }
  }
  return widths;
}
