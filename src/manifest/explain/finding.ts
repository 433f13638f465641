import type { Path } from '../../model/index.ts';
import type { FieldError } from '../validate/index.ts';

/** An object and all that is wrong with it. */
export interface Case {
  readonly value: unknown;
  readonly errors: readonly FieldError[];
}

/** One mistake in the reader's words, with the errors of the API that it accounts for. */
export interface Finding {
  readonly code: string;
  /** Where it stands: the field at fault, or the nearest thing that is there. */
  readonly path: Path;
  /** The place is that of the key, not of its value. */
  readonly onKey?: boolean;
  readonly message: string;
  readonly hint?: string;
  readonly value?: unknown;
  /** At least one; each is told in one finding only. */
  readonly claims: readonly FieldError[];
  /** A correction, where only one is plausible: offered when the corrected object is valid there. */
  readonly fix?: Fix;
}

/** `value` in the place of what stands at `path`. Nothing outside of `path` changes. */
export interface Fix {
  readonly path: Path;
  readonly value: unknown;
  /** The part of it that is shown, where the whole would be more than the reader has to write. */
  readonly shown?: unknown;
  /** Where nothing may be wrong any more; `path` unless it says otherwise. */
  readonly judged?: Path;
}
