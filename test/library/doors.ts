import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A name that a door exports, and where it is declared. */
export interface Exported {
  readonly name: string;
  /** The module that declares it. */
  readonly file: string;
  /** The line of its declaration, from 1. */
  readonly line: number;
  /** The text of the docstring right above it; `undefined` without one. */
  readonly docstring: string | undefined;
}

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type) (\w+)/gm;

/**
 * Every name that a module exports, followed through re-exports to the place where it is declared.
 *
 * @throws Error when a name leads nowhere, or a module uses a form of export that this does not read
 */
export function exportsOf(file: string): readonly Exported[] {
  const text = readFileSync(file, 'utf8');
  if (/^export default|^export (?:type )?\{[^}]*\}(?! from)|^export \* as/m.test(text))
    throw new Error(`${file} exports in a form that cannot be followed`);
  const found: Exported[] = [];
  for (const [, names = '', source = ''] of text.matchAll(
    /^export (?:type )?\{([^}]*)\} from '([^']+)';/gm,
  )) {
    const behind = new Map(exportsOf(join(dirname(file), source)).map((each) => [each.name, each]));
    for (const item of names.split(',').map((name) => name.trim().replace(/^type /, ''))) {
      if (item === '') continue;
      const [original = '', name = original] = item.split(' as ');
      const exported = behind.get(original);
      if (exported === undefined) throw new Error(`${source} does not export ${original} to ${file}`);
      found.push({ ...exported, name });
    }
  }
  for (const [, source = ''] of text.matchAll(/^export (?:type )?\* from '([^']+)';/gm))
    found.push(...exportsOf(join(dirname(file), source)));
  for (const { 1: name = '', index } of text.matchAll(declaration)) {
    const before = text.slice(0, index);
    // The last comment, if nothing stands between it and the declaration.
    const start = before.trimEnd().endsWith('*/') ? before.lastIndexOf('/**') : -1;
    const docstring = start < 0 ? undefined : before.slice(start).trim();
    found.push({ name, file, line: before.split('\n').length, docstring });
  }
  return found;
}
