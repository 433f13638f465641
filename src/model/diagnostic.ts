import type { ObjectRef, Place } from './place.ts';

/**
 * `error`: something was left out or cannot be decided, so the answer is incomplete (exit code 3). `warning`: probably
 * not what was meant. `note`: worth knowing. Warnings and notes do not change an exit code.
 */
export type Severity = 'error' | 'warning' | 'note';

/** One finding about the input. Collected, never thrown, so that one run reports them all. */
export interface Diagnostic extends Place {
  /** Stable and documented: `podwall help CODE`. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence or two, in the reader's words. */
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string;
  /** The value at fault, as text, shortened to at most 200 characters. */
  readonly value?: string;
  /** As the API server writes field paths: `spec.ingress[0].from[1].ipBlock.cidr`. */
  readonly path?: string;
  readonly object?: ObjectRef;
  /** Lines of text that replace the mistake, read and validated again before they are offered. */
  readonly suggestion?: readonly string[];
  /** Its place is in text that cannot be read and holds keys, as of a Secret: no line of it may be quoted. */
  readonly sealed?: true;
}

/** What `podwall help CODE` prints about a diagnostic code. */
export interface CodeDoc {
  /** One line: what is wrong. */
  readonly title: string;
  /** What it means, why it matters, what to do; paragraphs parted by empty lines. */
  readonly text: string;
  /** A small manifest or fragment that shows it, where one helps. */
  readonly example?: string;
}
