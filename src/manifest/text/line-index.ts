/** Units of text between two places whose line number is remembered. */
const stride = 2 ** 16;

/**
 * Line numbers of offsets in a text, in little memory: the line is counted from the nearest remembered place.
 *
 * Lines end with a line feed, one carriage return before it belongs to the line end. Offsets count UTF-16 code units
 * from 0, lines and columns from 1.
 */
export class LineIndex {
  readonly text: string;
  /** `marks[i]`: how many lines end before `i * stride`. Filled as far as someone asked. */
  private readonly marks: number[] = [0];

  constructor(text: string) {
    this.text = text;
  }

  /** Line and column of `offset`. */
  place(offset: number): { readonly line: number; readonly column: number } {
    const block = Math.floor(offset / stride);
    this.fill(block);
    const line = (this.marks[block] as number) + this.count(block * stride, offset) + 1;
    const start = offset === 0 ? 0 : this.text.lastIndexOf('\n', offset - 1) + 1;
    return { line, column: offset - start + 1 };
  }

  /** Where `line` starts; `undefined` when the text has fewer lines. */
  startOf(line: number): number | undefined {
    if (line < 1) return undefined;
    const blocks = Math.floor(this.text.length / stride);
    this.fill(blocks);
    let low = 0;
    let high = blocks;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.marks[middle] as number) < line) low = middle;
      else high = middle - 1;
    }
    let offset = low * stride;
    if (low > 0) offset = this.text.lastIndexOf('\n', offset - 1) + 1;
    for (let at = this.place(offset).line; at < line; at++) {
      const next = this.text.indexOf('\n', offset);
      if (next === -1) return undefined;
      offset = next + 1;
    }
    return offset;
  }

  /** The lines `from` to `to` without their ends; `undefined` when there are none or one is longer than `longest`. */
  lines(from: number, to: number, longest: number): readonly string[] | undefined {
    let offset = this.startOf(from);
    if (offset === undefined || to < from) return undefined;
    const lines: string[] = [];
    for (let line = from; line <= to; line++) {
      const end = this.text.indexOf('\n', offset);
      const stop = end === -1 ? this.text.length : end;
      if (stop - offset > longest + 1) return undefined;
      const content = this.text.slice(offset, stop).replace(/\r$/, '');
      if (content.length > longest) return undefined;
      lines.push(content);
      if (end === -1) break;
      offset = end + 1;
    }
    return lines;
  }

  private fill(block: number): void {
    for (let next = this.marks.length; next <= block; next++)
      this.marks.push((this.marks[next - 1] as number) + this.count((next - 1) * stride, next * stride));
  }

  private count(from: number, to: number): number {
    let lines = 0;
    for (let at = this.text.indexOf('\n', from); at !== -1 && at < to; at = this.text.indexOf('\n', at + 1))
      lines++;
    return lines;
  }
}
