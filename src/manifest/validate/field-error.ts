import type { Path } from '../../model/index.ts';

/** The kinds of error that the API server tells apart; `Decoding` is what it says before it validates. */
export type FieldErrorType =
  'Invalid' | 'Required' | 'Forbidden' | 'NotSupported' | 'TooLong' | 'TooMany' | 'Duplicate' | 'Decoding';

/** One error as the API server reports it, with podwall's code beside it. */
export interface FieldError {
  readonly path: Path;
  readonly type: FieldErrorType;
  /**
   * For `Decoding`: a field that the type does not have, a key that stands twice, or a value of the wrong type. The
   * first two are refused with `fieldValidation=Strict`, kubectl's default; else the field is dropped and the last of
   * the keys counts.
   */
  readonly strict?: 'unknown' | 'duplicate' | 'type';
  /** The first minor version whose servers refuse it by default; without it, every supported one does. */
  readonly since?: '1.36';
  /** Podwall's code for it, as in `podwall help CODE`. */
  readonly code: string;
  /** The API's own words. */
  readonly message: string;
  readonly value: unknown;
  /** For `unknown`: the fields that the type has; for `type`: what it should be, in the reader's words. */
  readonly expected?: readonly string[];
}

/** Takes the errors in the order in which they are found. */
export type Report = (error: FieldError) => void;

/** Reports keys that stand more than once in the text, by their paths. */
export function reportDuplicates(duplicates: readonly Path[], report: Report): void {
  for (const path of duplicates) {
    report({
      path,
      type: 'Decoding',
      strict: 'duplicate',
      code: 'duplicate-key',
      message: 'duplicate field',
      value: path.at(-1),
    });
  }
}

/** Whether every supported server refuses an object for this error. */
export function refuses(error: FieldError): boolean {
  return error.since === undefined && error.strict !== 'unknown' && error.strict !== 'duplicate';
}

/**
 * Collects errors up to a bound on each of two sorts, so that a flood of the harmless sort cannot hide the one that
 * makes the object be refused.
 */
export class FieldErrors {
  readonly list: FieldError[] = [];
  /** How many were found and not kept. */
  dropped = 0;
  readonly #limit: number;
  #refusing = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  readonly report: Report = (error) => {
    const refusing = refuses(error);
    const kept = refusing ? this.#refusing : this.list.length - this.#refusing;
    if (kept >= this.#limit) {
      this.dropped++;
      return;
    }
    if (refusing) this.#refusing++;
    this.list.push(error);
  };

  /** Whether one of them makes every supported server refuse the object. */
  get refused(): boolean {
    return this.#refusing > 0;
  }
}
