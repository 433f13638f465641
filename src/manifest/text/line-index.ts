/** Units of text between two places that are remembered. */
const stride = 2 ** 16;

/**
 * Line numbers of offsets in a text, in little memory: lines are counted from the nearest remembered place.
 *
 * Lines end with a line feed, one carriage return before it belongs to the line end. Offsets count UTF-16 code units
 * from 0, lines and columns from 1. The text is scanned once, as far as someone asks.
 */
export class LineIndex {
  readonly text: string;
  /** `lineAt[i]` is the line that offset `i * stride` stands in, `startAt[i]` where this line starts. */
  private readonly lineAt: number[] = [1];
  private readonly startAt: number[] = [0];
  /** The first line feed at or behind the last remembered place. */
  private nextFeed: number;
  /** What was asked last: findings mostly come in the order of the text. */
  private last = { offset: 0, line: 1, start: 0 };

  constructor(text: string) {
    this.text = text;
    this.nextFeed = text.indexOf('\n');
  }

  /** Line and column of `offset`. */
  place(offset: number): { readonly line: number; readonly column: number } {
    const mark = Math.floor(offset / stride);
    this.remember(mark);
    const isBehindLast = this.last.offset <= offset && this.last.offset >= mark * stride;
    const from = isBehindLast ? this.last.offset : mark * stride;
    let line = isBehindLast ? this.last.line : (this.lineAt[mark] as number);
    let start = isBehindLast ? this.last.start : (this.startAt[mark] as number);
    const before = this.text.slice(from, offset);
    for (let feed = before.indexOf('\n'); feed !== -1; feed = before.indexOf('\n', feed + 1)) {
      line++;
      start = from + feed + 1;
    }
    this.last = { offset, line, start };
    return { line, column: offset - start + 1 };
  }

  /** The lines `from` to `to` without their ends; `undefined` when there are none or one is longer than `longest`. */
  lines(from: number, to: number, longest: number): readonly string[] | undefined {
    let start = this.startOf(from);
    if (start === undefined || to < from) return undefined;
    const lines: string[] = [];
    for (let line = from; line <= to; line++) {
      // A line feed beyond the longest line is not looked for: the text may be one line of 400 MB.
      const window = this.text.slice(start, start + longest + 2);
      const feed = window.indexOf('\n');
      if (feed === -1 && window.length > longest) return undefined;
      const content = (feed === -1 ? window : window.slice(0, feed)).replace(/\r$/, '');
      if (content.length > longest) return undefined;
      lines.push(content);
      if (feed === -1) break;
      start += feed + 1;
    }
    return lines;
  }

  private startOf(line: number): number | undefined {
    if (line < 1) return undefined;
    this.remember(Math.floor(this.text.length / stride));
    // The last remembered place in an earlier line, or the start of the text.
    let low = 0;
    let high = this.lineAt.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.lineAt[middle] as number) < line) low = middle;
      else high = middle - 1;
    }
    let start = this.startAt[low] as number;
    for (let at = this.lineAt[low] as number; at < line; at++) {
      const feed = this.text.indexOf('\n', start);
      if (feed === -1) return undefined;
      start = feed + 1;
    }
    return start;
  }

  private remember(mark: number): void {
    for (let next = this.lineAt.length; next <= mark; next++) {
      let line = this.lineAt[next - 1] as number;
      let start = this.startAt[next - 1] as number;
      while (this.nextFeed !== -1 && this.nextFeed < next * stride) {
        line++;
        start = this.nextFeed + 1;
        this.nextFeed = this.text.indexOf('\n', start);
      }
      this.lineAt.push(line);
      this.startAt.push(start);
    }
  }
}
