import type { Diagnostic } from '../../model/index.ts';
import type { RawDocument } from '../raw.ts';
import { BlockParser, readText } from '../text/index.ts';
import type { TextOptions } from '../text/index.ts';

/** As much as this is said of what is wrong with one source. */
export const mostFindings = 1000;
/** Corrected lines are looked for until so much has been said. */
const mostSuggestions = 50;

/** Reads the units of a source as texts of their own, and gathers what is wrong with them. */
export class UnitTexts {
  readonly #file: string;
  readonly #options: TextOptions;
  readonly #diagnostics: Diagnostic[] = [];
  #unreported = 0;

  constructor(file: string, options: TextOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** How much has been told. */
  get told(): number {
    return this.#diagnostics.length + this.#unreported;
  }

  /** Reads a text of its own, and tells what is wrong with it. @param moved - which line of the source a line of it is */
  read(text: string, moved: (line: number) => number): readonly RawDocument[] {
    const suggest = this.#diagnostics.length < mostSuggestions;
    const { documents, diagnostics } = readText({ file: this.#file, text }, { ...this.#options, suggest });
    for (const diagnostic of diagnostics) this.tell({ ...diagnostic, line: moved(diagnostic.line) });
    return documents;
  }

  /** Whether a text is one document without a mistake. */
  isWhole(text: string): boolean {
    if (new BlockParser(text).parse(0, text.length) !== undefined) return true;
    const { documents, diagnostics } = readText(
      { file: this.#file, text },
      { ...this.#options, suggest: false },
    );
    return documents.length === 1 && diagnostics.length === 0;
  }

  tell(diagnostic: Diagnostic): void {
    if (this.#diagnostics.length < mostFindings) this.#diagnostics.push(diagnostic);
    else this.#unreported++;
  }

  /** Counts one more that is not told. */
  pass(): void {
    this.#unreported++;
  }

  /** Forgets all that was told. */
  clear(): void {
    this.#diagnostics.length = this.#unreported = 0;
  }

  /** All that was told, and how much more there is. */
  finish(): readonly Diagnostic[] {
    if (this.#unreported > 0) {
      this.#diagnostics.push({
        code: 'too-many-errors',
        severity: 'error',
        message: `${this.#unreported} more documents of this text could not be read.`,
        file: this.#file,
        line: 1,
        column: 1,
      });
    }
    return this.#diagnostics;
  }
}
