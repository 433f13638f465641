import { cut, displayWidth, pad, visible, wrap, type Look } from './text.ts';

/** A line of a manifest with its number; `notes` stand to the right of it. */
export interface QuotedLine {
  readonly line: number;
  readonly text: string;
  readonly notes: readonly string[];
}

/** Notes stand below each other up to this column of the quoted text. */
const furthestNote = 54;
/** Notes below a line begin no further right than this. */
const furthestBelow = 16;

/**
 * Lines of a manifest as people point at them: number, bar, text, notes. A note that does not fit beside its line stands
 * below it. Lines are cut at the terminal's width; numbers that do not follow each other are parted by a sign.
 */
export function quoteLines(quoted: readonly QuotedLine[], look: Look, indent: string): readonly string[] {
  const digits = String(quoted.at(-1)?.line ?? 1).length;
  const { bar, gap, below } = look.signs;
  const room = look.width - indent.length - digits - 3;
  const fits = quoted.filter(
    ({ text, notes }) => notes.length > 0 && widthOf(text) + 3 + displayWidth(notes.join('; ')) <= room,
  );
  const column = Math.min(furthestNote, Math.max(0, ...fits.map(({ text }) => widthOf(text) + 3)));
  const lines: string[] = [];
  let previous: number | undefined;
  for (const { line, text, notes } of quoted) {
    if (previous !== undefined && line > previous + 1)
      lines.push(look.quiet(`${indent}${gap.padStart(digits)}`));
    previous = line;
    const head = look.quiet(`${indent}${String(line).padStart(digits)} ${bar}`);
    const shown = visible(text).trimEnd();
    const note = notes.join('; ');
    const width = displayWidth(shown);
    if (note === '') {
      lines.push(`${head} ${cut(shown, room, look.signs)}`.trimEnd());
    } else if (Math.max(column, width + 3) + displayWidth(note) <= room) {
      lines.push(`${head} ${pad(shown, Math.max(column, width + 3))}${look.doubtful(note)}`);
    } else if (width + 3 + displayWidth(note) <= room) {
      lines.push(`${head} ${shown}   ${look.doubtful(note)}`);
    } else {
      lines.push(`${head} ${cut(shown, room, look.signs)}`.trimEnd());
      const start = Math.min(furthestBelow, shown.length - shown.trimStart().length) + 2;
      const margin = `${indent}${' '.repeat(digits)} ${bar} ${' '.repeat(start)}`;
      const after = ' '.repeat(displayWidth(below) + 1);
      for (const part of wrap(`${below} ${note}`, look, margin, margin + after)) {
        lines.push(look.quiet(part.slice(0, margin.length)) + look.doubtful(part.slice(margin.length)));
      }
    }
  }
  return lines;
}

function widthOf(text: string): number {
  return displayWidth(visible(text).trimEnd());
}
