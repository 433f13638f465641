import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createContext, runInContext } from 'node:vm';

import { rolldown } from 'rolldown';
import { afterAll, describe, expect, test } from 'vitest';

import { repository, shownIn } from '../documents.ts';
import * as podwall from '../../src/index.ts';
import { renderCount, renderExplanation, renderMap } from '../../src/render/index.ts';
import { exportsOf } from './doors.ts';

// The library: it runs where there is nothing but JavaScript, its how-to works, and its names are documented.

const folder = mkdtempSync(join(tmpdir(), 'podwall-library-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program for browsers as one script, and what the bundler could not put into it. */
interface Bundle {
  readonly code: string;
  /** Imports that a browser would have to resolve. */
  readonly missing: readonly string[];
}

/** Bundles a module for a browser, as the how-to says. */
async function bundled(input: string): Promise<Bundle> {
  const warnings: string[] = [];
  const bundle = await rolldown({
    input,
    cwd: repository,
    platform: 'browser',
    logLevel: 'warn',
    resolve: {
      alias: {
        podwall: join(repository, 'src/index.ts'),
        '@colors/colors/safe': false,
      },
    },
    onLog: (_, { message }) => warnings.push(message),
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'bundle', codeSplitting: false });
  await bundle.close();
  const chunks = output.filter((part) => part.type === 'chunk');
  const missing = chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]);
  return { code: chunks.map(({ code }) => code).join('\n'), missing: [...missing, ...warnings] };
}

/** Runs a bundle and then an expression where nothing is but what ECMAScript defines: no process, require or console. */
function runBare(code: string, expression: string, globals: Readonly<Record<string, unknown>>): unknown {
  const context = createContext({ ...globals });
  expect(runInContext('typeof process + typeof require + typeof Buffer + typeof TextDecoder', context)).toBe(
    'undefined'.repeat(4),
  );
  // A strict script has no variable of its own behind it: the name is put where the expression finds it.
  runInContext(code, context);
  return runInContext(expression, context);
}

const sources = ['workloads.yaml', 'policies.yaml'].map((name) => ({
  file: name,
  text: readFileSync(join(repository, 'examples/three-tier', name), 'utf8'),
}));

/** The same questions in Node and in a browser: what it is called with is the library, wherever it was loaded. */
function answers(library: typeof podwall, given: typeof sources): string {
  const { cluster, diagnostics } = library.readManifests(given);
  const policy = library.compile(cluster);
  const end = (name: string): podwall.End => {
    const found = library.resolveEnd(cluster, name);
    if (found.kind === 'problem') throw new Error(found.message);
    return found;
  };
  const ports = library.parsePorts('5432');
  if (library.isPortProblem(ports)) throw new Error(ports.message);
  const { verdict, sentence, nearest } = library.explain(policy, {
    from: end('app/backend'),
    to: end('app/database'),
    ports,
  });
  return JSON.stringify({
    map: library.map(policy, { level: { kind: 'workload' }, diagnostics, explain: true }),
    count: library.count(policy),
    verdict,
    sentence,
    nearest: nearest.map(({ change, patch, alsoOpens }) => ({ change, patch, alsoOpens })),
    broken: library.readManifests([{ file: 'broken.yaml', text: 'kind: Pod\n\tmetadata: {}' }]).diagnostics,
  });
}

describe('in a browser', () => {
  test('the library gives the answers that it gives in Node', async () => {
    const { code, missing } = await bundled(join(repository, 'src/index.ts'));
    expect(missing).toEqual([]);
    const inBrowser = runBare(code, `(${answers.toString()})(bundle, sources)`, { sources });
    const inNode = answers(podwall, sources);
    expect(JSON.parse(inNode)).toMatchObject({
      count: { pods: 3, pairs: 6, allowed: 1 },
      verdict: 'denied',
      broken: [{ code: 'yaml-tab' }],
    });
    expect(inBrowser).toBe(inNode);
  });

  test('so do its texts', async () => {
    const { code, missing } = await bundled(join(repository, 'src/render/index.ts'));
    expect(missing).toEqual([]);
    const { cluster } = podwall.readManifests(sources);
    const policy = podwall.compile(cluster);
    const answer = podwall.map(policy, { level: { kind: 'workload' } });
    const question = {
      from: podwall.resolveEnd(cluster, 'app/frontend') as podwall.End,
      to: podwall.resolveEnd(cluster, 'app/database') as podwall.End,
    };
    const explanation = podwall.explain(policy, question);
    const counted = podwall.count(policy);
    const look = { width: 80, color: false, headers: true };
    const texts = runBare(
      code,
      `[bundle.renderMap(answer, 'table', look), bundle.renderMap(answer, 'matrix', look),
        bundle.renderMap(answer, 'mermaid', look), bundle.renderMap(answer, 'yaml', look),
        bundle.renderExplanation(explanation, 'text', look), bundle.renderCount(counted, 'table', look)].join('')`,
      { answer, explanation, counted, look },
    );
    expect(texts).toBe(
      renderMap(answer, 'table', look) +
        renderMap(answer, 'matrix', look) +
        renderMap(answer, 'mermaid', look) +
        renderMap(answer, 'yaml', look) +
        renderExplanation(explanation, 'text', look) +
        renderCount(counted, 'table', look),
    );
  });

  test('what needs Node is noticed', async () => {
    const { missing } = await bundled(join(repository, 'src/host/index.ts'));
    expect(missing.join('\n')).toMatch(/fs/);
  });
});

describe('docs/how-to/library.md', () => {
  const files = shownIn('docs/how-to/library.md').files.concat(shownIn('README.md').files);
  const programs = files.filter(({ name }) => name.endsWith('.ts'));

  test('has programs that compile', () => {
    expect(programs.map(({ name }) => name)).toEqual([
      'three-tiers.ts',
      'objects.ts',
      'live.ts',
      'page.ts',
      'who-talks.ts',
    ]);
    for (const { name, text } of programs) writeFileSync(join(folder, name), text);
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
    const options = {
      extends: join(repository, 'tsconfig.json'),
      compilerOptions: {
        paths: {
          podwall: [join(repository, 'src/index.ts')],
          'podwall/render': [join(repository, 'src/render/index.ts')],
        },
        typeRoots: [join(repository, 'node_modules/@types')],
      },
      include: ['*.ts'],
      exclude: [],
    };
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
    const tsc = join(repository, 'node_modules/.bin/tsc');
    const compiled = (): string => execFileSync(tsc, ['-p', folder], { encoding: 'utf8', stdio: 'pipe' });
    expect(compiled()).toBe('');
    // The check can fail: a name that podwall does not export.
    writeFileSync(join(folder, 'wrong.ts'), "import { firewall } from 'podwall';\nfirewall();\n");
    expect(compiled).toThrow('Command failed');
    rmSync(join(folder, 'wrong.ts'));
  });

  test('has a page that works in a browser', async () => {
    const page = join(folder, 'page.ts');
    writeFileSync(page, programs.find(({ name }) => name === 'page.ts')?.text ?? '');
    const { code, missing } = await bundled(page);
    expect(missing).toEqual([]);
    const text = sources.map((source) => source.text).join('\n---\n');
    const shown = runBare(code, 'bundle.whoTalks(text).join("\\n")', { text });
    expect(shown).toContain('app/Deployment/frontend → app/Deployment/backend {"TCP":[[8080,8080]]}');
    expect(runBare(code, 'bundle.whoTalks("a: [").join()', {})).toMatch(/^1:/);
  });
});

describe('every exported name is documented', () => {
  test.each([
    { door: 'src/index.ts', atLeast: 80 },
    { door: 'src/render/index.ts', atLeast: 10 },
  ])('of $door', ({ door, atLeast }) => {
    const names = exportsOf(join(repository, door));
    expect(names.length).toBeGreaterThan(atLeast);
    const bare = names.filter(({ docstring }) => (docstring ?? '').replace(/[\s/*]/g, '').length < 8);
    expect(
      bare.map(({ name, file, line }) => `${relative(repository, file)}:${line} ${name} has no docstring`),
    ).toEqual([]);
  });

  test('names without docstring are noticed', () => {
    const door = join(folder, 'index.ts');
    const behind = join(folder, 'behind.ts');
    writeFileSync(door, "export { a, b as c } from './behind.ts';\nexport type { D } from './behind.ts';\n");
    writeFileSync(
      behind,
      '/** What a is. */\nexport const a = 1;\n\nexport function b(): void {}\n/** Not of D. */\nconst x = 1;\nexport interface D {}\n',
    );
    expect(exportsOf(door)).toEqual([
      { name: 'a', file: behind, line: 2, docstring: '/** What a is. */' },
      { name: 'c', file: behind, line: 4, docstring: undefined },
      { name: 'D', file: behind, line: 7, docstring: undefined },
    ]);
    writeFileSync(door, "import { a } from './behind.ts';\nexport { a };\n");
    expect(() => exportsOf(door)).toThrow('cannot be followed');
  });
});
