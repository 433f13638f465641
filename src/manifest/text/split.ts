/** One YAML document of a text: from its directives or `---` to the next document. Offsets in UTF-16 code units. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
}

/**
 * Splits a text into its YAML documents, without parsing it: so that one bad document cannot hide the next.
 *
 * A line that starts with `---` or `...` and a blank ends a document even within a quoted or block scalar
 * (c-forbidden, https://yaml.org/spec/1.2.2/#912-document-markers), so lines alone decide. Documents with nothing
 * but comments and markers are left out.
 */
export function* splitDocuments(text: string): Generator<Chunk, void> {
  let start = 0;
  /** Behind a `---`. */
  let begun = false;
  let directives = false;
  let content = false;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline + 1;
    const marker = markerAt(text, at);
    if (marker === '---') {
      // Directives and comments before the first `---` belong to the document that it starts.
      if (begun || content) {
        if (content) yield { start, end: at };
        start = at;
        directives = false;
      }
      // A document with directives is read even when it is empty: they may be wrong.
      content = directives || hasContent(text, at + 3, end);
      begun = true;
      directives = false;
    } else if (marker === '...') {
      // What stands behind `...` on its line is for the parser to refuse, as are directives without a document.
      if (content || directives || hasContent(text, at + 3, end)) yield { start, end };
      start = end;
      begun = directives = content = false;
    } else if (!content) {
      if (!begun && text[at] === '%') directives = true;
      else content = hasContent(text, at, end);
    }
    at = end;
  }
  if (content || directives) yield { start, end: text.length };
}

function markerAt(text: string, at: number): '---' | '...' | undefined {
  const first = text[at];
  if (first !== '-' && first !== '.') return undefined;
  const mark = first === '-' ? '---' : '...';
  if (!text.startsWith(mark, at)) return undefined;
  const next = text[at + 3];
  return next === undefined || next === ' ' || next === '\t' || next === '\n' || next === '\r'
    ? mark
    : undefined;
}

/** Whether a line, or the rest of one, holds anything but blanks and a comment. */
function hasContent(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const char = text[at];
    if (char === '#') return false;
    if (char !== ' ' && char !== '\t' && char !== '\r' && char !== '\n') return true;
  }
  return false;
}
