import { cut, displayWidth, pad, visible, type Look } from './text.ts';

/** A line of a manifest with its number; `notes` stand to the right of it. */
export interface QuotedLine {
  readonly line: number;
  readonly text: string;
  readonly notes: readonly string[];
}

/** Notes stand no further right than this, so that they stay near what they speak of. */
const furthestNote = 44;

/**
 * Lines of a manifest as people point at them: number, bar, text, notes. Lines are cut at the terminal's width, their
 * notes are not; numbers that do not follow each other are parted by a sign.
 */
export function quoteLines(quoted: readonly QuotedLine[], look: Look, indent: string): readonly string[] {
  const digits = String(quoted.at(-1)?.line ?? 1).length;
  const { bar, gap } = look.signs;
  const prefixWidth = indent.length + digits + 3;
  const room = look.width - prefixWidth;
  const longestNote = Math.max(0, ...quoted.map(({ notes }) => displayWidth(notes.join('; '))));
  const noted = quoted.filter(({ notes }) => notes.length > 0);
  const column = Math.min(
    Math.max(0, ...noted.map(({ text }) => displayWidth(visible(text)))) + 3,
    furthestNote,
    Math.max(20, room - longestNote),
  );
  const lines: string[] = [];
  let previous: number | undefined;
  for (const { line, text, notes } of quoted) {
    if (previous !== undefined && line > previous + 1)
      lines.push(look.quiet(`${indent}${gap.padStart(digits)}`));
    previous = line;
    const head = look.quiet(`${indent}${String(line).padStart(digits)} ${bar}`);
    const shown = visible(text).trimEnd();
    if (notes.length === 0) {
      lines.push(`${head} ${cut(shown, room, look.signs)}`.trimEnd());
      continue;
    }
    const note = cut(notes.join('; '), room - Math.min(column, 20), look.signs);
    lines.push(`${head} ${pad(cut(shown, column - 2, look.signs), column)}${look.doubtful(note)}`);
  }
  return lines;
}
