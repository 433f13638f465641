import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { readManifests } from '../../src/manifest/index.ts';
import type { ReadResult, Severity } from '../../src/model/index.ts';
import { compile } from '../../src/policy/index.ts';
import { admits, endOf, readTruthTables } from '../truth-table.ts';

// What texts that teach NetworkPolicy show and claim, each manifest and each sentence. See seeds/README.md.

interface Manifest {
  readonly id: string;
  readonly seed: string;
  readonly blocks: readonly number[];
  readonly kind: 'object' | 'fragment' | 'picture';
  /** The manifest around a fragment. */
  readonly in?: string;
  readonly replace?: Readonly<Record<string, string>>;
  /** Codes of the errors, and of the warnings, in the order of the text. */
  readonly gives: readonly string[];
  readonly warns?: readonly string[];
}

type Scene =
  | {
      readonly world: string;
      readonly given: readonly string[];
      readonly more?: string;
      readonly reach: string;
    }
  | { readonly reads: string; readonly gives: readonly string[] };

interface Claim {
  /** Verbatim, by text. */
  readonly quote: Readonly<Record<string, string>>;
  readonly holds: 'yes' | 'partly' | 'no' | 'not testable';
  readonly because: string;
  /** Names of scenes. */
  readonly shown?: readonly string[];
}

interface Claims {
  readonly scenes: Readonly<Record<string, Scene>>;
  readonly claims: readonly Claim[];
  readonly others: Readonly<Record<string, readonly string[]>>;
}

const root = join(import.meta.dirname, 'seeds');
const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');
const texts = new Map(
  readdirSync(root)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => [file.slice(0, 3), read(file)]),
);
const manifests: readonly Manifest[] = parse(read('manifests.yaml'));
const { scenes, claims, others }: Claims = parse(read('claims.yaml'));

test('there are five texts', () => {
  expect([...texts.keys()].sort()).toEqual(['000', '001', '002', '003', '004']);
});

describe('the manifests', () => {
  test.each([...texts])('every code block of %s is listed', (seed, text) => {
    const listed = manifests.filter((each) => each.seed === seed).flatMap(({ blocks }) => blocks);
    const blocks = blocksOf(text).map((_, i) => i + 1);
    expect(blocks.length).toBeGreaterThan(1);
    expect([...new Set(listed)].sort((a, b) => a - b)).toEqual(blocks);
  });

  test.each(manifests.filter(({ kind }) => kind !== 'picture'))('$id', ({ id, gives, warns = [] }) => {
    const { diagnostics, cluster } = readManifests([{ file: id, text: manifestOf(id) }]);
    const codes = (wanted: Severity): readonly string[] =>
      diagnostics.filter(({ severity }) => severity === wanted).map(({ code }) => code);
    expect(codes('error')).toEqual(gives);
    expect(codes('warning')).toEqual(warns);
    expect(cluster.policies.length).toBe(gives.length === 0 ? 1 : 0);
  });
});

describe('the scenes', () => {
  test.each(Object.entries(scenes))('%s', (_, scene) => {
    if ('reads' in scene) {
      const { diagnostics } = readManifests([{ file: 'scene', text: scene.reads }]);
      expect(diagnostics.map(({ code }) => code)).toEqual(scene.gives);
      return;
    }
    const { cluster, diagnostics } = clusterOf(scene);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const policy = compile(cluster);
    const cells = readTruthTables(scene.reach);
    expect(cells.length).toBeGreaterThan(0);
    const wrong = cells.filter(({ from, to, probe, family, expected }) => {
      const allowed = policy.allowed(endOf(cluster, from), endOf(cluster, to), family);
      return admits(allowed, probe) !== (expected === '.');
    });
    expect(wrong).toEqual([]);
  });
});

describe('the claims', () => {
  test.each(claims)('$holds: $quote', ({ quote, holds, because, shown }) => {
    for (const [seed, words] of Object.entries(quote)) expect(texts.get(seed)).toContain(words);
    expect(because).toMatch(/\.\)?$/);
    if (holds === 'not testable') expect(shown).toBeUndefined();
    else expect(shown?.length).toBeGreaterThan(0);
    for (const name of shown ?? []) expect(Object.keys(scenes)).toContain(name);
  });

  test('every scene shows a claim', () => {
    const used = new Set(claims.flatMap(({ shown }) => shown ?? []));
    expect(Object.keys(scenes).filter((name) => !used.has(name))).toEqual([]);
  });

  test('some hold, some do not, some cannot be tested', () => {
    const count = (holds: Claim['holds']): number => claims.filter((each) => each.holds === holds).length;
    expect(count('yes')).toBeGreaterThan(80);
    expect(count('partly')).toBeGreaterThan(20);
    expect(count('no')).toBeGreaterThan(8);
    expect(count('not testable')).toBeLessThan(25);
  });

  test.each([...texts])('every line of %s is claimed, or listed as claiming nothing', (seed, text) => {
    let prose = text;
    for (const block of blocksOf(text)) prose = prose.replace(block, '');
    for (const { quote } of claims) {
      const words = quote[seed];
      if (words !== undefined) prose = prose.replaceAll(words, '');
    }
    const left = prose
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => /[a-z]/i.test(line) && !line.startsWith('#') && !line.startsWith('```'));
    expect(left.filter((line) => !others[seed]?.includes(line))).toEqual([]);
  });
});

/** The code blocks of a text: what stands between fences, else what begins with an apiVersion. */
function blocksOf(text: string): readonly string[] {
  const fenced = [...text.matchAll(/^```[a-z]*\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
  if (fenced.length > 0) return fenced;
  return [...text.matchAll(/^apiVersion:.*\n(?:(?:\w+:| ).*\n)+/gm)].map((match) => match[0]);
}

/** The text of a listed manifest, fragments within the manifest around them. */
function manifestOf(id: string): string {
  const manifest = manifests.find((each) => each.id === id);
  if (manifest === undefined) throw new Error(`there is no manifest ${id}`);
  const blocks = blocksOf(texts.get(manifest.seed)!);
  let text = manifest.blocks.map((block) => blocks[block - 1]!).join('');
  for (const [from, to] of Object.entries(manifest.replace ?? {})) text = text.replaceAll(from, to);
  if (manifest.in === undefined) return text;
  return manifest.in.replace(/^( *)\(fragment\)\n/m, (_, indent: string) => text.replace(/^(?=.)/gm, indent));
}

function clusterOf(scene: Extract<Scene, { readonly world: string }>): ReadResult {
  return readManifests([
    { file: 'world.yaml', text: read('worlds', `${scene.world}.yaml`) },
    ...scene.given.map((id) => ({ file: id, text: manifestOf(id) })),
    ...(scene.more === undefined ? [] : [{ file: 'more.yaml', text: scene.more }]),
  ]);
}
