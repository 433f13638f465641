/** One way to break the engine. */
export interface Mutant {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What is wrong then, in the words of the specification. */
  readonly why: string;
}

/** Each must make some test fail. */
export const mutants: readonly Mutant[] = [];
