/** A piece of TypeScript, as much of its grammar as finding imports and names needs. */
export interface Token {
  /** `text` is a string literal, by its content. Templates are cut at their `${}`. */
  readonly kind: 'word' | 'sign' | 'text';
  readonly value: string;
}

const wordCharacter = /[\p{L}\p{N}_$#]/u;

// After these a slash begins a regular expression; after any other word, a number or a closing bracket it divides.
const wordsBeforeAValue = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'throw',
  'new',
]);

/** The words, strings and signs of `source`; comments, white space and regular expressions are left out. */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  // For each open `${`, how many braces of code are open inside it.
  const substitutions: number[] = [];
  let at = 0;

  const readTemplate = (): void => {
    const start = at;
    while (at < source.length && source[at] !== '`' && !source.startsWith('${', at)) {
      at += source[at] === '\\' ? 2 : 1;
    }
    tokens.push({ kind: 'text', value: source.slice(start, at) });
    if (source[at] === '`') at++;
    else {
      at += 2;
      substitutions.push(0);
    }
  };

  while (at < source.length) {
    const character = source[at] ?? '';
    if (/\s/.test(character)) {
      at++;
    } else if (source.startsWith('//', at)) {
      at = endAfter(source, '\n', at + 2);
    } else if (source.startsWith('/*', at)) {
      at = endAfter(source, '*/', at + 2);
    } else if (character === "'" || character === '"') {
      const start = ++at;
      while (at < source.length && source[at] !== character) at += source[at] === '\\' ? 2 : 1;
      tokens.push({ kind: 'text', value: source.slice(start, at++) });
    } else if (character === '`') {
      at++;
      readTemplate();
    } else if (character === '}' && substitutions.at(-1) === 0) {
      substitutions.pop();
      at++;
      readTemplate();
    } else if (character === '/' && beginsValue(tokens.at(-1))) {
      at = endOfRegularExpression(source, at);
    } else if (wordCharacter.test(character)) {
      const start = at;
      while (at < source.length && wordCharacter.test(source[at] ?? '')) at++;
      tokens.push({ kind: 'word', value: source.slice(start, at) });
    } else {
      const depth = substitutions.length - 1;
      if (character === '{' && depth >= 0) substitutions[depth] = (substitutions[depth] ?? 0) + 1;
      if (character === '}' && depth >= 0) substitutions[depth] = (substitutions[depth] ?? 0) - 1;
      tokens.push({ kind: 'sign', value: character });
      at++;
    }
  }
  return tokens;
}

function endAfter(source: string, end: string, from: number): number {
  const found = source.indexOf(end, from);
  return found < 0 ? source.length : found + end.length;
}

function beginsValue(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === 'word') return wordsBeforeAValue.has(before.value);
  return before.kind === 'sign' && before.value !== ')' && before.value !== ']' && before.value !== '}';
}

function endOfRegularExpression(source: string, from: number): number {
  let inClass = false;
  let at = from + 1;
  for (; at < source.length && (inClass || source[at] !== '/'); at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '[') inClass = true;
    else if (source[at] === ']') inClass = false;
  }
  at++;
  while (/[a-z]/.test(source[at] ?? '')) at++;
  return at;
}
