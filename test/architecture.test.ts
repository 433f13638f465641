import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { usesOf } from './architecture/imports.ts';
import { modulesIn, violations } from './architecture/layers.ts';
import type { Layers } from './architecture/layers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Who may import whom: a layer sees those above it, through their `index.ts`, and `errors.ts`. */
const layers: Layers = {
  'errors.ts': { imports: [], packages: [], pure: true },
  net: { imports: ['errors.ts'], packages: [], pure: true },
  model: { imports: ['errors.ts', 'net'], packages: [], pure: true },
  manifest: { imports: ['errors.ts', 'net', 'model'], packages: ['yaml', 'fastest-levenshtein'], pure: true },
  entry: { imports: ['errors.ts', 'net', 'model'], packages: [], pure: true },
  policy: { imports: ['errors.ts', 'net', 'model'], packages: [], pure: true },
  reach: {
    imports: ['errors.ts', 'net', 'model', 'entry', 'policy'],
    packages: ['fastest-levenshtein'],
    pure: true,
  },
  exposure: { imports: ['errors.ts', 'net', 'model', 'entry', 'policy', 'reach'], packages: [], pure: true },
  nft: { imports: ['errors.ts', 'net', 'model', 'policy', 'reach'], packages: [], pure: true },
  topology: {
    imports: ['errors.ts', 'net', 'model', 'entry', 'policy', 'reach', 'nft'],
    packages: [],
    pure: true,
  },
  render: {
    imports: ['errors.ts', 'net', 'model', 'entry', 'policy', 'reach', 'exposure', 'nft'],
    packages: ['cli-table3', 'picocolors', 'yaml'],
    pure: true,
  },
  // The library door runs in browsers, so it opens on the pure folders alone.
  'index.ts': {
    imports: [
      'errors.ts',
      'net',
      'model',
      'manifest',
      'entry',
      'policy',
      'reach',
      'exposure',
      'nft',
      'render',
    ],
    packages: [],
    pure: true,
  },
  host: {
    imports: [
      'errors.ts',
      'net',
      'model',
      'manifest',
      'entry',
      'policy',
      'reach',
      'nft',
      'topology',
      'render',
    ],
    packages: ['koffi'],
    pure: false,
  },
  cli: {
    imports: [
      'errors.ts',
      'net',
      'model',
      'manifest',
      'entry',
      'policy',
      'reach',
      'exposure',
      'nft',
      'topology',
      'render',
      'host',
    ],
    packages: ['commander', 'fastest-levenshtein', 'picocolors'],
    pure: false,
  },
};

describe('layers', () => {
  test('every module of src imports only what stands above it, through the doors', () => {
    expect(violations(join(root, 'src'), layers)).toEqual([]);
  });

  test('planted imports are caught, each by name', () => {
    expect(violations(join(root, 'test/plants'), layers)).toEqual([
      'manifest/read.ts imports picocolors',
      'manifest/read.ts imports ../bench/generate.ts',
      'manifest/read.ts uses import() of a computed name',
      'model/cluster.ts imports policy/index.ts',
      'net/ports.ts uses Date.now',
      'net/ports.ts uses Math.random',
      'net/ports.ts uses new Date',
      'net/ports.ts uses localeCompare',
      'policy/compile.ts imports node:fs',
      'policy/compile.ts imports os',
      'reach/map.ts imports policy/compile.ts',
      'reach/map.ts imports fs',
      'render/table.ts uses process',
      'render/table.ts uses console',
      'render/table.ts uses setTimeout',
      'render/table.ts uses performance',
      'render/table.ts uses fetch',
      'stray/thing.ts belongs to no layer: stray is not in the table',
    ]);
  });

  test('a tree without modules is an error, not a pass', () => {
    const empty = mkdtempSync(join(tmpdir(), 'podwall-empty-'));
    try {
      expect(() => violations(empty, layers)).toThrow('no modules');
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});

describe('reading imports', () => {
  test.each([
    ["import { a } from './a.ts';", ['./a.ts']],
    ["import type { A } from './a.ts';", ['./a.ts']],
    ["import a, * as b from './a.ts';", ['./a.ts']],
    ["import './a.ts';", ['./a.ts']],
    ["export * from './a.ts';", ['./a.ts']],
    ["export type { A, B as C } from './a.ts';", ['./a.ts']],
    ["const a = await import('./a.ts');", ['./a.ts']],
    ["let a: import('./a.ts').A;", ['./a.ts']],
    ["import a from './a.json' with { type: 'json' };", ['./a.json']],
    ["import {\n  a, // from 'x'\n  b,\n} from './a.ts';", ['./a.ts']],
    ['const text = `${f(`${"}"}`)} import "x"`; import "./a.ts";', ['./a.ts']],
    ["const pattern = /['\"`/*]/; import './a.ts';", ['./a.ts']],
    ["const half = a / 2; import './a.ts'; // b / c", ['./a.ts']],
    ["// import 'x';\n/* import 'y'; */ const s = \"import 'z'\";", []],
    ["export const from = 'x'; export { from };", []],
    ["export function from(a: string) { return a; } const b = 'x';", []],
  ])('%s', (source, imports) => {
    expect(usesOf(source).imports).toEqual(imports);
  });

  test.each([
    ['peer.process(); const a = { process: 1 };', []],
    ['const a = yes ? process : 1;', ['process']],
    ['new Date(text); Date.parse(text);', []],
    ['const text = "Date.now() fetch(console)"; // process', []],
    ['`${process.pid}`', ['process']],
    ["size.toLocaleString('en');", []],
    ['size.toLocaleString();', ['toLocaleString']],
  ])('%s', (source, world) => {
    expect(usesOf(source).world).toEqual(world);
  });
});

describe('apart from src', () => {
  test('the reference evaluator shares no code with what it checks', () => {
    const folder = join(root, 'test/reference');
    const modules = modulesIn(folder);
    expect(modules.length).toBeGreaterThan(0);
    const borrowed = modules.flatMap((file) =>
      usesOf(readFileSync(join(folder, file), 'utf8'))
        .imports.filter((specifier) => /(^|\/)src\//.test(specifier) || specifier.startsWith('podwall'))
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(borrowed).toEqual([]);
  });

  test('the lock file names no host', () => {
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
    expect(Object.keys((JSON.parse(lock) as { packages: object }).packages).length).toBeGreaterThan(1);
    expect(lock.match(/"resolved"|https?:\/\/registry[^"]*/g)).toBeNull();
  });
});
