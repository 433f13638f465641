import { tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';

/** What a module takes from elsewhere. */
export interface Uses {
  /** Specifiers of `import`, `export … from`, `import()` and `require()`, of types too, as they are written. */
  readonly imports: readonly string[];
  /** What reaches the world without an import: `process`, `Date.now`, `import()` of a computed name. */
  readonly world: readonly string[];
}

// The clock, chance, the environment, the network, timers and names that only Node has.
const worldly = new Set([
  'Buffer',
  '__dirname',
  '__filename',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'navigator',
  'performance',
  'process',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);

// Without a locale written down, their answers depend on the machine's; and output is sorted by UTF-16 code units.
const worldlyMethods = new Set(['localeCompare', 'toLocaleLowerCase', 'toLocaleString', 'toLocaleUpperCase']);

/** Everything that a module with this text imports and touches. */
export function usesOf(source: string): Uses {
  const tokens = tokensOf(source);
  const imports: string[] = [];
  const world = new Set<string>();
  tokens.forEach((token, i) => {
    if (token.kind !== 'word') return;
    const before = tokens[i - 1];
    const after = tokens[i + 1];
    if (isSign(before, '.')) {
      const namesLocale = isSign(after, '(') && tokens[i + 2]?.kind === 'text';
      if (worldlyMethods.has(token.value) && !namesLocale) world.add(token.value);
      return;
    }
    // A member of an object literal or of a type may have any name.
    const isMember = isSign(after, ':') && !isSign(before, '?');
    if (worldly.has(token.value) && !isMember) world.add(token.value);
    if (token.value === 'Math' && isMemberAccess(tokens, i, 'random')) world.add('Math.random');
    if (token.value === 'Date') {
      if (isMemberAccess(tokens, i, 'now')) world.add('Date.now');
      const called = isSign(after, '(') && isSign(tokens[i + 2], ')');
      if (called || (before?.value === 'new' && !isSign(after, '('))) world.add('new Date');
    }
    if (token.value === 'import' && isSign(after, '.')) world.add('import.meta');
    if ((token.value === 'import' || token.value === 'require') && isSign(after, '(')) {
      const name = tokens[i + 2];
      if (name?.kind === 'text' && isSign(tokens[i + 3], ')', ',')) imports.push(name.value);
      else world.add(`${token.value}() of a computed name`);
    } else if (token.value === 'import' || token.value === 'export') {
      const specifier = staticSpecifier(tokens, i);
      if (specifier !== undefined) imports.push(specifier);
    }
  });
  return { imports, world: [...world] };
}

/** The specifier of the import or re-export that begins at `from`, or `undefined` when something is declared there. */
function staticSpecifier(tokens: readonly Token[], from: number): string | undefined {
  const first = tokens[from + 1];
  if (tokens[from]?.value === 'import' && first?.kind === 'text') return first.value;
  for (let i = from + 1; i < tokens.length; i++) {
    const token = tokens[i];
    const after = tokens[i + 1];
    if (token?.kind === 'word' && token.value === 'from' && after?.kind === 'text') return after.value;
    // The clause of an import holds names, commas, braces and stars; anything else belongs to a declaration.
    const inClause = token?.kind === 'word' ? !declares.has(token.value) : isSign(token, '{', '}', ',', '*');
    if (!inClause) return undefined;
  }
  return undefined;
}

const declares = new Set(['const', 'let', 'var', 'function', 'class', 'interface', 'import', 'export']);

function isSign(token: Token | undefined, ...values: readonly string[]): boolean {
  return token?.kind === 'sign' && values.includes(token.value);
}

function isMemberAccess(tokens: readonly Token[], at: number, member: string): boolean {
  return isSign(tokens[at + 1], '.') && tokens[at + 2]?.value === member;
}
