import { maxDepth } from './limits.ts';
import type { Finding } from './syntax.ts';

/** What may come next in JSON. */
export type JsonExpectation =
  'value' | 'valueOrEnd' | 'keyOrEnd' | 'key' | 'colon' | 'commaOrEnd' | 'nothing';

/**
 * What is wrong with a text that was meant to be JSON, and where; `from` is where its value starts. Objects and lists may
 * follow each other.
 *
 * A parser that only looks for the first mistake: `JSON.parse` names no place that all engines agree on. Without
 * recursion: what is open stands on a list.
 *
 * @param around - what closes the containers in which the text stands, the innermost last
 * @param first - what may come first
 */
export function jsonProblem(
  text: string,
  from: number,
  around: readonly string[] = [],
  first: JsonExpectation = 'value',
): Finding {
  /** What closes the open containers. */
  const open: string[] = [...around];
  let expect: JsonExpectation = first;
  const token = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|[{}[\],:]/y;
  let at = from;
  /** Where the first value begins that follows a complete one. */
  let next: number | undefined;
  const fail = (message: string): Finding => ({
    code: 'json-syntax',
    message: `This is not valid JSON: ${message}`,
    offset: at,
    value: (/^[^\n]*/.exec(text.slice(at, at + 300))?.[0] ?? '').trim(),
  });
  for (;;) {
    while (/[ \t\r\n]/.test(text[at] ?? '')) at++;
    if (at >= text.length) {
      // Nothing is wrong but that there are several.
      if (expect === 'nothing' && next !== undefined) {
        at = next;
        return fail('something stands behind its end.');
      }
      const missing = open.toReversed().slice(0, 20).join('');
      return {
        ...fail(
          missing === ''
            ? 'the text ends early.'
            : `the text ends early, "${missing}${open.length > 20 ? '…' : ''}" is missing.`,
        ),
        hint: 'the dump may have been cut off: make it again',
      };
    }
    if (open.length > maxDepth)
      return {
        ...fail(''),
        code: 'document-too-deep',
        message: `Mappings and lists are nested more than ${maxDepth} levels deep here; no Kubernetes object is.`,
      };
    const mayBeString = expect !== 'commaOrEnd' && expect !== 'colon' && expect !== 'nothing';
    const string = text[at] === '"' ? (mayBeString ? stringAt(text, at) : at + 1) : undefined;
    if (typeof string === 'string') return fail(string);
    token.lastIndex = at;
    const found = string === undefined ? token.exec(text)?.[0] : '"';
    if (found === undefined) return fail(`${wanted(expect)} is expected here.`);
    const isEnd = found === '}' || found === ']';
    switch (expect) {
      case 'value':
      case 'valueOrEnd':
        if (found === '{' || found === '[') {
          open.push(found === '{' ? '}' : ']');
          expect = found === '{' ? 'keyOrEnd' : 'valueOrEnd';
        } else if (expect === 'valueOrEnd' && found === ']') {
          open.pop();
          expect = open.length === 0 ? 'nothing' : 'commaOrEnd';
        } else if (isEnd || found === ',' || found === ':')
          return fail(`${wanted(expect)} is expected here.`);
        else expect = open.length === 0 ? 'nothing' : 'commaOrEnd';
        break;
      case 'key':
      case 'keyOrEnd':
        if (expect === 'keyOrEnd' && found === '}') {
          open.pop();
          expect = open.length === 0 ? 'nothing' : 'commaOrEnd';
        } else if (!found.startsWith('"')) return fail(`${wanted(expect)} is expected here.`);
        else expect = 'colon';
        break;
      case 'colon':
        if (found !== ':') return fail(`${wanted(expect)} is expected here.`);
        expect = 'value';
        break;
      case 'commaOrEnd':
        if (found === ',') expect = open.at(-1) === '}' ? 'key' : 'value';
        else if (isEnd && found === open.at(-1)) {
          open.pop();
          if (open.length === 0) expect = 'nothing';
        } else return fail(`a comma or "${open.at(-1) ?? ''}" is expected here.`);
        break;
      case 'nothing':
        if (found === '{' || found === '[') {
          next ??= at;
          open.push(found === '{' ? '}' : ']');
          expect = found === '{' ? 'keyOrEnd' : 'valueOrEnd';
          break;
        }
        return fail('something stands behind its end.');
      default:
        return expect satisfies never;
    }
    at = string ?? token.lastIndex;
  }
}

function wanted(expect: string): string {
  if (expect === 'colon') return 'a colon';
  return expect.startsWith('key') ? 'a key in double quotes' : 'a value';
}

/** Where the string that starts at `at` ends, or what is wrong with it. */
function stringAt(text: string, at: number): number | string {
  for (let next = at + 1; next < text.length; next++) {
    const char = text.charCodeAt(next);
    if (char === 34) return next + 1;
    if (char === 10) return 'a line ends within quotes; write the line end as \\n, or close the quotes.';
    if (char < 32) return 'a control character stands within quotes.';
    if (char === 92) {
      if (!/^\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/.test(text.slice(next, next + 6)))
        return `"${text.slice(next, next + 2)}" is no escape of JSON.`;
      next++;
    }
  }
  return 'the text ends early, within quotes.';
}
