/** What an exit code says; never a count, for 256 wraps to 0. */
export const exitCode = {
  /** Yes, clean. */
  yes: 0,
  /** Denied, or allowed only in part. */
  no: 1,
  /** The question could not be answered: wrong usage, no input, an error of the machine or of podwall. */
  error: 2,
  /** The answer is incomplete: something of the input could not be read or decided. */
  incomplete: 3,
} as const;

/** The address to report defects to. */
export const issueTracker = 'https://github.com/podwall/podwall/issues';

/** A question that cannot be answered as it was asked: printed without stack, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Lines that say what to do instead, each a sentence or a command. */
  readonly hints: readonly string[];

  constructor(message: string, ...hints: readonly (string | undefined)[]) {
    super(message);
    this.hints = hints.filter((hint) => hint !== undefined);
  }
}

/** An error as it is printed: what is wrong, then what to do. */
export function errorText(message: string, hints: readonly string[]): string {
  const lines = hints.map((hint) => (hint.startsWith('did you mean') ? hint : `hint: ${hint}`));
  return [`error: ${message}`, ...lines, ''].join('\n');
}

/** `did you mean a, b or c?`, or `undefined` when there is nothing to offer. */
export function didYouMean(choices: readonly string[]): string | undefined {
  if (choices.length === 0) return undefined;
  const last = choices.at(-1) ?? '';
  return `did you mean ${choices.length === 1 ? last : `${choices.slice(0, -1).join(', ')} or ${last}`}?`;
}
