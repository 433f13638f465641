import { Composer, Lexer, Parser } from 'yaml';
import type { CST, Document, ErrorCode } from 'yaml';
import { maxDepth, maxTokens } from './limits.ts';
import { kubernetesYamlOptions } from './schema.ts';

/** What the parser says about one place of a document, in its words; offsets count from the start of the document. */
export interface ParserError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly offset: number;
  readonly end: number;
}

/** The nodes of one document, or why there are none. */
export type Composed =
  | { readonly kind: 'nodes'; readonly document: Document.Parsed }
  | { readonly kind: 'empty' }
  | { readonly kind: 'errors'; readonly errors: readonly ParserError[] }
  | { readonly kind: 'tooDeep'; readonly offset: number }
  | { readonly kind: 'tooManyTokens' };

/** Later errors of a document mostly follow from the first. */
const enoughErrors = 8;

/** Thrown through the parser when it has found enough errors: it collects without a bound, each with its stack. */
class EnoughErrors extends Error {}

type ErrorSource = number | readonly number[] | { readonly offset: number; readonly source?: string };
type OnError = (source: ErrorSource, code: ErrorCode, message: string, warning?: boolean) => void;

/**
 * Parses one document into nodes, within bounded depth and memory.
 *
 * @param text - one document as `splitDocuments` cuts it, at most `maxYamlDocument` long
 */
export function compose(text: string): Composed {
  const errors: ParserError[] = [];
  const add = (offset: number, end: number, code: ErrorCode, message: string): void => {
    // The composer catches what is thrown within a collection, and tells it as an error of its own.
    if (errors.length < enoughErrors) errors.push({ code, message, offset, end });
    if (errors.length >= enoughErrors) throw new EnoughErrors();
  };
  const composer = new Composer(kubernetesYamlOptions);
  // The composer's own collector keeps every error and warning; a test with a million of either holds this to work.
  const onError: OnError = (source, code, message, warning) => {
    if (warning === true) return;
    if (typeof source === 'number') add(source, source + 1, code, message);
    else if ('offset' in source)
      add(source.offset, source.offset + (source.source?.length ?? 1), code, message);
    else add(source[0] ?? 0, source[1] ?? source[0] ?? 0, code, message);
  };
  (composer as unknown as { onError: OnError }).onError = onError;

  const parser = new Parser();
  let document: Document.Parsed | undefined;
  const take = (documents: Iterable<Document.Parsed>): void => {
    for (const next of documents) {
      if (document === undefined) document = next;
      // Cannot come from text between two markers, unless the first document ended early by an error.
      else add(next.range[0], next.range[0] + 1, 'MULTIPLE_DOCS', 'a second document');
    }
  };
  const next = (token: CST.Token): void => {
    // The composer would keep each of them, too.
    if (token.type === 'error')
      add(token.offset, token.offset + token.source.length, 'UNEXPECTED_TOKEN', token.message);
    else take(composer.next(token));
  };
  try {
    let tokens = 0;
    for (const lexeme of new Lexer().lex(text)) {
      if (++tokens > maxTokens) return { kind: 'tooManyTokens' };
      for (const token of parser.next(lexeme)) next(token);
      // The document and a scalar stand on the stack, too.
      if (parser.stack.length > maxDepth + 2) return { kind: 'tooDeep', offset: parser.offset };
    }
    for (const token of parser.end()) next(token);
    take(composer.end());
  } catch (error) {
    if (!(error instanceof EnoughErrors)) throw error;
  }
  for (const error of document?.errors ?? [])
    errors.push({ code: error.code, message: error.message, offset: error.pos[0], end: error.pos[1] });
  for (const error of composer.streamInfo().errors)
    errors.push({ code: error.code, message: error.message, offset: error.pos[0], end: error.pos[1] });
  if (errors.length > 0) return { kind: 'errors', errors: errors.sort((a, b) => a.offset - b.offset) };
  return document === undefined ? { kind: 'empty' } : { kind: 'nodes', document };
}
