import type { Diagnostic } from '../../model/index.ts';
import { LineIndex, shorten } from '../text/index.ts';
import type { Finding } from '../text/index.ts';
import type { Start } from './places.ts';

/** As much as this is said of what is wrong with one source. */
const mostFindings = 1000;

/** What is wrong with one source: findings within a text of it, with their places in the whole. */
export class StreamFindings {
  readonly #file: string;
  readonly #diagnostics: Diagnostic[] = [];
  #unreported = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** The line of the last one; 1 before there is one. */
  get lastLine(): number {
    return this.#diagnostics.at(-1)?.line ?? 1;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#diagnostics.length = 0;
    this.#unreported = 0;
  }

  /** @param start - where `text` begins, in which the finding is */
  report(finding: Finding, start: Start, text: string): void {
    if (this.#diagnostics.length >= mostFindings) {
      this.#unreported++;
      return;
    }
    const { offset, value, ...rest } = finding;
    const inside = new LineIndex(text).place(Math.min(offset, text.length));
    this.#diagnostics.push({
      ...rest,
      severity: 'error',
      ...(value === undefined || value === '' ? {} : { value: shorten(value) }),
      file: this.#file,
      line: start.line + inside.line,
      column: inside.line === 1 ? start.column + inside.column : inside.column,
    });
  }
  /** All of them, and how many more there are. */
  finish(): readonly Diagnostic[] {
    if (this.#unreported > 0) {
      this.#diagnostics.push({
        code: 'too-many-errors',
        severity: 'error',
        message: `${this.#unreported} more objects of this text could not be read.`,
        file: this.#file,
        line: 1,
        column: 1,
      });
    }
    return this.#diagnostics;
  }
}
