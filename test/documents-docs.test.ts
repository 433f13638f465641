import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { difference, repository, shownIn, workspace } from './documents.ts';
import { anchorsOf, linksOf } from './documents-links.ts';
import { whyNoLab } from './lab/lab.ts';

// The documents: their commands print what is shown, and their links lead somewhere. `npm run golden` rewrites what is
// shown below commands, except where `…` leaves something out.

const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file.replaceAll('\\', '/')}`)
    .sort(),
];

/** What a test does not have, and documents may say that a command needs; root it has where labs can be made. */
const mayNeed = new Set(['a cluster', 'a bundler', 'Graphviz', 'nftables', 'root']);

test('there are documents of every sort', () => {
  for (const folder of ['tutorial', 'how-to', 'reference', 'explanation'])
    expect(documents.filter((file) => file.startsWith(`docs/${folder}/`)).length).toBeGreaterThan(0);
});

describe.each(documents.filter((document) => shownIn(document).commands.length > 0))('%s', (document) => {
  const { commands, files } = shownIn(document);
  const place = workspace(files);
  const printed = new Map<number, string>();
  afterAll(() => {
    if (commands.some(({ needs }) => needs === 'root') && whyNoLab === undefined)
      place.run('podwall lab down');
    place.remove();
    if (process.env['GOLDEN'] === 'write') rewrite(document, printed);
  });

  test.each(commands)('line $line: $command', ({ line, command, exitCode, output, needs }) => {
    if (needs !== undefined) {
      expect(mayNeed).toContain(needs);
      // Examples of help stand alone, and have no lab that is up.
      if (needs !== 'root' || whyNoLab !== undefined || document === 'docs/reference/cli.md') return;
    }
    const ran = place.run(command);
    // The examples of help may end in a no, which help has no way to say.
    const expected = document === 'docs/reference/cli.md' && ran.exitCode === 1 ? 1 : exitCode;
    expect(ran).toEqual({ exitCode: expected, output: ran.output });
    if (output === undefined) return;
    printed.set(line, ran.output);
    if (process.env['GOLDEN'] !== 'write' || output.includes('…'))
      expect(difference(output, ran.output)).toBeUndefined();
  });
});

/** The TypeScript files of a folder, relative to the repository. */
function typeScriptIn(folder: string): readonly string[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
}

/** Puts what commands printed in the place of what the document shows, from the last one up, so that lines stay. */
function rewrite(document: string, printed: ReadonlyMap<number, string>): void {
  const file = join(repository, document);
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const { line, output } of shownIn(document).commands.toReversed()) {
    const text = printed.get(line);
    if (text === undefined || output === undefined || output.includes('…')) continue;
    let first = line;
    while (lines[first - 1]?.endsWith('\\')) first++;
    const indent = /^\s*/.exec(lines[line - 1] ?? '')?.[0] ?? '';
    const shown = text
      .trimEnd()
      .split('\n')
      .map((each) => `${indent}${each.trimEnd()}`.trimEnd());
    lines.splice(first, output.length, ...shown);
  }
  writeFileSync(file, lines.join('\n'));
}

describe('the code', () => {
  const sources = [
    ...typeScriptIn('src'),
    ...typeScriptIn('test').filter((file) => !file.includes('/plants/')),
  ].map((file) => [file, readFileSync(join(repository, file), 'utf8')] as const);

  test('cites corners that are written down', () => {
    const anchors = anchorsOf(readFileSync(join(repository, 'docs/explanation/semantics.md'), 'utf8'));
    const cited = sources.flatMap(([file, text]) =>
      [...text.matchAll(/\bcorners? ((?:[0-9]+(?:, | and | to )?)+)/gi)].flatMap(([, list = '']) =>
        (list.match(/[0-9]+/g) ?? []).map((number) => ({ file, number })),
      ),
    );
    expect(cited.length).toBeGreaterThan(100);
    expect(cited.filter(({ number }) => !anchors.has(`corner-${number}`))).toEqual([]);
  });
});

describe('ARCHITECTURE.md', () => {
  const text = readFileSync(join(repository, 'ARCHITECTURE.md'), 'utf8');

  test('knows every folder of src, and every package that users install', () => {
    const folders = readdirSync(join(repository, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.length).toBeGreaterThan(5);
    for (const folder of folders) {
      expect(text).toContain(`\n| \`${folder}/\` |`);
      expect(text).toContain(`\n| \`${folder}\` |`);
    }
    const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    for (const name of Object.keys(manifest.dependencies)) expect(text).toContain(`\n| \`${name}\` |`);
  });

  test('names files and folders that exist', () => {
    const named = [
      ...text.matchAll(/`((?:test|src|scripts|docs|manifest|policy|render|reach|cli|host)\/[\w./-]*)`/g),
    ]
      .map(([, path = '']) => path)
      .filter((path) => !path.includes('*'));
    expect(named.length).toBeGreaterThan(10);
    const missing = named.filter(
      (path) => !existsSync(join(repository, path)) && !existsSync(join(repository, 'src', path)),
    );
    expect(missing).toEqual([]);
  });
});

describe('links', () => {
  const everyDocument = [
    ...documents,
    ...readdirSync(join(repository, 'examples')).map((name) => `examples/${name}/README.md`),
  ];

  test.each(everyDocument)('of %s lead somewhere', (document) => {
    const text = readFileSync(join(repository, document), 'utf8');
    const broken = linksOf(text).filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document : join(dirname(document), decodeURI(path));
      const full = join(repository, file);
      // A link out of the repository leads nowhere for whoever has only the repository.
      if (relative(repository, full).startsWith('..') || !existsSync(full)) return true;
      if (anchor === undefined) return false;
      return statSync(full).isDirectory() || !anchorsOf(readFileSync(full, 'utf8')).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('of every document in docs stand in its index', () => {
    const index = new Set(
      linksOf(readFileSync(join(repository, 'docs/README.md'), 'utf8')).map((target) =>
        join('docs', target.split('#')[0] ?? ''),
      ),
    );
    const missing = documents.filter((file) => file.startsWith('docs/') && file !== 'docs/README.md');
    expect(missing.length).toBeGreaterThan(8);
    expect(missing.filter((file) => !index.has(file))).toEqual([]);
  });
});

describe('what finds links', () => {
  test('finds those of the text and none of code', () => {
    const text =
      'See [a](x.md), [`b`](y.md#part "title"), <https://example.com> and [c](https://example.com).\n\n```md\n[d](z.md)\n```\n\n`[e](w.md)` ![f](image.png)\n[g]: v.md\n';
    expect(linksOf(text)).toEqual(['x.md', 'y.md#part', 'image.png', 'v.md']);
  });

  test('knows headings as they are linked to, and named anchors', () => {
    const text =
      '# One `two`, three!\n\n## Twice\n\n## Twice\n\n<a id="corner-1"></a>\n\n```sh\n# no heading\n```\n';
    expect([...anchorsOf(text)]).toEqual(['one-two-three', 'twice', 'twice-1', 'corner-1']);
  });
});
