import { readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix, relative, sep } from 'node:path';
import { usesOf } from './imports.ts';

/** What the modules of one folder, or one module at the top, may touch. */
export interface Layer {
  /** Folders and modules at the top, through their doors. */
  readonly imports: readonly string[];
  /** Packages from npm. */
  readonly packages: readonly string[];
  /** Same input, same output: no Node built-ins, clock, chance, environment or console. */
  readonly pure: boolean;
}

/** By folder, and by file name for modules that stand at the top of the tree. */
export type Layers = Readonly<Record<string, Layer>>;

/**
 * Every import and every touch of the world that `layers` does not allow, one line each: `policy/compile.ts imports
 * node:fs`. Sorted by file.
 *
 * @param root - the tree to read; folders in it are the layers
 * @throws Error when the tree holds no modules: a check that looked at nothing proves nothing
 */
export function violations(root: string, layers: Layers): readonly string[] {
  const files = modulesIn(root);
  if (files.length === 0) throw new Error(`no modules in ${root}`);
  return files.flatMap((file) => violationsOf(file, readFileSync(join(root, file), 'utf8'), layers));
}

/** Paths of all TypeScript modules below `root`, relative to it, with slashes, sorted. */
export function modulesIn(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

function violationsOf(file: string, source: string, layers: Layers): readonly string[] {
  const own = layerOf(file);
  const layer = Object.hasOwn(layers, own) ? layers[own] : undefined;
  if (layer === undefined) return [`${file} belongs to no layer: ${own} is not in the table`];
  const uses = usesOf(source);
  const imports = uses.imports
    .filter((specifier) => !isAllowed(specifier, file, own, layer))
    .map((specifier) => `${file} imports ${targetOf(specifier, file)}`);
  return [...imports, ...(layer.pure ? uses.world.map((name) => `${file} uses ${name}`) : [])];
}

function isAllowed(specifier: string, file: string, own: string, layer: Layer): boolean {
  if (isBuiltin(specifier)) return !layer.pure;
  if (!specifier.startsWith('.')) return layer.packages.includes(packageOf(specifier));
  const target = targetOf(specifier, file);
  const there = layerOf(target);
  if (there === own) return true;
  const door = there.endsWith('.ts') ? there : `${there}/index.ts`;
  return layer.imports.includes(there) && target === door;
}

/** The folder directly below the root, or the file itself when it stands there. */
function layerOf(file: string): string {
  return file.split('/')[0] ?? file;
}

/** A relative specifier as a path from the root, which begins with `..` outside it; any other as it is. */
function targetOf(specifier: string, file: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier;
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
