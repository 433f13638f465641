import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBothWays } from './agreement.ts';

const root = new URL('../../../../', import.meta.url);

/** Every manifest below a folder of the repository. */
function manifests(folder: string): readonly (readonly [path: string, text: string])[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.ya?ml$/.test(path))
    .map((path) => [`${folder}/${path}`, readFileSync(new URL(`${folder}/${path}`, root), 'utf8')] as const);
}

function readAll(texts: Iterable<string>): { readonly fast: number; readonly documents: number } {
  let fast = 0;
  let documents = 0;
  for (const text of texts) {
    const ways = readBothWays(text.startsWith('\uFEFF') ? text.slice(1) : text);
    fast += ways.fast;
    documents += ways.fast + ways.left;
  }
  return { fast, documents };
}

describe('what the subset reads, yaml reads alike', () => {
  // Some of them are wrong on purpose, and those of conformance say what they test in folded text.
  it.each([
    ['examples', 0.99, 80],
    ['test/conformance', 0.93, 1000],
    ['test/fixtures', 0.9, 100],
    ['test', 0.94, 1500],
  ])('in %s', (folder, share, atLeast) => {
    const { fast, documents } = readAll(manifests(folder).map(([, text]) => text));
    expect(documents).toBeGreaterThan(atLeast);
    expect(fast / documents).toBeGreaterThan(share);
  });

  it('in yaml-test-suite', () => {
    const cases = JSON.parse(
      readFileSync(new URL('test/conformance/yaml-test-suite/cases.json', root), 'utf8'),
    ) as readonly { readonly yaml: string }[];
    const { fast, documents } = readAll(cases.map(({ yaml }) => yaml));
    expect(documents).toBeGreaterThan(400);
    // The suite is about everything else.
    expect(fast).toBeGreaterThan(30);
  });

  it('in what the answers of go-yaml are about', () => {
    const answers = JSON.parse(
      readFileSync(new URL('../go-yaml.json', import.meta.url), 'utf8'),
    ) as readonly { readonly yaml: string }[];
    const { fast } = readAll(answers.map(({ yaml }) => yaml));
    expect(fast).toBeGreaterThan(60);
  });

  it('with carriage returns before the line feeds', () => {
    const texts = manifests('examples').map(([, text]) => text);
    const { fast, documents } = readAll(texts.map((text) => text.replaceAll('\n', '\r\n')));
    expect(fast).toBe(readAll(texts).fast);
    expect(documents).toBe(readAll(texts).documents);
  });

  it('with nothing behind the last character', () => {
    const { fast } = readAll(manifests('examples').map(([, text]) => text.trimEnd()));
    expect(fast).toBeGreaterThan(80);
  });
});
