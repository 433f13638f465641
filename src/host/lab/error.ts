/** The machine, or what is on it, does not let a lab do what it was asked to. */
export class LabError extends Error {
  override readonly name = 'LabError';
  /** What to do instead. */
  readonly hint: string | undefined;

  /** @param message - one sentence without final full stop */
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.hint = hint;
  }
}
