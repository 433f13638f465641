import type { TextCode } from './codes.ts';
import type { ParserError } from './compose.ts';

/** One finding of this layer before its offset has become a place. */
export interface Finding {
  readonly code: TextCode;
  readonly message: string;
  readonly hint?: string;
  readonly value?: string;
  readonly suggestion?: readonly string[];
  /** In UTF-16 code units. */
  readonly offset: number;
}

/** What is wrong with a document that does not parse, in the reader's words. */
export function syntaxFinding(
  text: string,
  errors: readonly ParserError[],
  _verify: ((value: unknown) => boolean) | undefined,
): Finding {
  const offset = errors[0]?.offset ?? 0;
  return {
    code: 'yaml-syntax',
    message: 'This is not valid YAML.',
    offset,
    value: text.slice(offset, offset + 10),
  };
}
