const shown = '(sealed)';

/**
 * A text that no output prints: whoever shows it, as JSON or in a template, gets words that say nothing. Only `reveal`
 * has it, for those who need it: the lab serves the certificate of an Ingress.
 */
export class SealedText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. It must end where it is used, in no message and no document. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }
}
