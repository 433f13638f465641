import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { compileRuleset, podsOnNode, renderJson, renderText } from '../../src/nft/index.ts';
import type { Generation, Ruleset } from '../../src/nft/index.ts';
import { compile } from '../../src/policy/index.ts';
import { repository } from '../documents.ts';
import { clusters, clustersWithTiers, toYaml } from '../property/clusters.ts';
import { inNamespace, whyNoKernel } from './namespace.ts';
import { KernelTable } from './table.ts';

// The kernel itself: it must take both forms, and know the same table after either.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const refusals = /No such|exists|busy|overlaps/;

test('in CI there is a kernel to ask', () => {
  expect(process.env['CI'] === 'true' ? whyNoKernel : undefined).toBeUndefined();
});

describe.skipIf(whyNoKernel !== undefined)('the kernel', () => {
  test.each([
    { number: 1, epoch: 0 },
    { number: 4095, epoch: 0 },
    { number: 7, epoch: 1 },
    { number: 2, epoch: 127 },
  ])('takes generation $number of epoch $epoch', (generation) => {
    expect(differences([rulesetOf(shop(), 'node-1')], generation)).toEqual([]);
  });

  test('takes every example', () => {
    const rulesets = ['bank', 'three-tier', 'shop'].map((name) => rulesetOf(example(name)));
    expect(differences(rulesets)).toEqual([]);
  });

  test('takes a table that closes unknown pods, and another mask', () => {
    const policy = compile(readManifests([{ file: 'shop.yaml', text: shop() }]).cluster);
    const { ruleset } = compileRuleset(policy, {
      pods: podsOnNode(policy.cluster, 'node-1'),
      markMask: 0xff00_0000,
      podRanges: [
        { family: 'IPv4', first: 0x0af4_0100n, last: 0x0af4_01ffn },
        { family: 'IPv6', first: 0xfd00n << 112n, last: (0xfd01n << 112n) - 1n },
      ],
    });
    expect(differences([ruleset], { number: 255, epoch: 0 })).toEqual([]);
  });

  test.each([
    { kind: 'NetworkPolicy', arbitrary: clusters },
    { kind: 'tiers', arbitrary: clustersWithTiers({ unknown: true }) },
  ])(`takes random clusters: $kind, seed ${seed}`, ({ arbitrary }) => {
    const texts = fc.sample(arbitrary, { seed, numRuns: 60 }).map(({ objects }) => toYaml(objects));
    expect(differences(texts.map((text) => rulesetOf(text)))).toEqual([]);
  });

  test('refuses what the table of these tests refuses', () => {
    const table = { family: 'inet', table: 'podwall' };
    const wrong = [
      [{ add: { rule: { ...table, chain: 'a', expr: [{ goto: { target: 'b' } }] } } }],
      [{ delete: { set: { ...table, name: 's' } } }],
      [{ delete: { element: { ...table, name: 't', elem: ['10.0.0.1'] } } }],
      [{ add: { element: { ...table, name: 'i', elem: [{ range: ['10.0.0.9', '10.0.0.20'] }] } } }],
      [{ add: { element: { ...table, name: 'm', elem: [['10.0.0.1', { goto: { target: 'd' } }]] } } }],
      [{ delete: { chain: { ...table, name: 'd' } } }],
    ];
    const base = [
      { add: { table: { family: 'inet', name: 'podwall' } } },
      { add: { chain: { ...table, name: 'a' } } },
      { add: { chain: { ...table, name: 'c' } } },
      { add: { chain: { ...table, name: 'd' } } },
      { add: { set: { ...table, name: 's', type: 'ipv4_addr' } } },
      { add: { set: { ...table, name: 't', type: 'ipv4_addr' } } },
      { add: { set: { ...table, name: 'i', type: 'ipv4_addr', flags: ['interval'] } } },
      { add: { map: { ...table, name: 'm', type: 'ipv4_addr', map: 'verdict' } } },
      { add: { element: { ...table, name: 'i', elem: [{ range: ['10.0.0.1', '10.0.0.10'] }] } } },
      { add: { element: { ...table, name: 'm', elem: [['10.0.0.1', { goto: { target: 'c' } }]] } } },
      {
        add: {
          rule: {
            ...table,
            chain: 'a',
            expr: [
              {
                match: { op: '==', left: { ct: { key: 'ip saddr', dir: 'original' } }, right: '@s' },
              },
              { goto: { target: 'd' } },
            ],
          },
        },
      },
    ];
    for (const commands of wrong) {
      const document = { nftables: commands };
      const fake = new KernelTable();
      fake.apply({ nftables: base });
      expect(() => fake.apply(document), JSON.stringify(commands)).toThrow(refusals);
      const files = { base: JSON.stringify({ nftables: base }), wrong: JSON.stringify(document) };
      expect(() => inNamespace('nft -j -f base && nft -j -f wrong', files), JSON.stringify(commands)).toThrow(
        refusals,
      );
    }
  });
});

/** Loads each ruleset as text and as JSON, and tells where the kernel has another table afterwards, or than we say. */
function differences(
  rulesets: readonly Ruleset[],
  generation: Generation = { number: 1, epoch: 0 },
): string[] {
  expect(rulesets.length).toBeGreaterThan(0);
  const files: Record<string, string> = {};
  const lines: string[] = [];
  for (const [i, ruleset] of rulesets.entries()) {
    files[`${i}.nft`] = [...renderText(ruleset, generation)].join('');
    files[`${i}.json`] = JSON.stringify(renderJson(ruleset, generation));
    for (const load of [`-f ${i}.nft`, `-j -f ${i}.json`]) {
      lines.push(`nft ${load}`, 'nft -j list ruleset', 'echo', 'nft flush ruleset');
    }
  }
  const listed = inNamespace(lines.join('\n'), files)
    .split('\n')
    .filter((line) => line !== '');
  expect(listed.length).toBe(rulesets.length * 2);
  return rulesets.flatMap((ruleset, i) => {
    const ofText = tableOf(JSON.parse(listed[i * 2]!));
    const ofJson = tableOf(JSON.parse(listed[i * 2 + 1]!));
    const ours = tableOf(renderJson(ruleset, generation));
    return [
      ...differing('what text and JSON made', ofText.full, ofJson.full),
      ...differing('the sets in the kernel and ours', ofText.sets, ours.sets),
      ...differing('the rules in the kernel and ours', ofText.rules, ours.rules),
    ];
  });
}

function differing(what: string, one: string, other: string): string[] {
  if (one === other) return [];
  let at = 0;
  while (one[at] === other[at]) at++;
  const from = Math.max(0, at - 80);
  return [`${what} differ: ${one.slice(from, at + 80)} | ${other.slice(from, at + 80)}`];
}

interface Listed {
  /** All that the kernel lists but comments of sets: nft 1.0.6 reads those of JSON and forgets them. */
  readonly full: string;
  readonly sets: string;
  /** Rules of the chains of policy sets; nft adds statements of its own to others. */
  readonly rules: string;
}

function tableOf(document: unknown): Listed {
  const table = new KernelTable();
  table.apply(document);
  const byName = <T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const sets = byName(table.sets).map(([name, { elements, comment }]) => [
    name,
    comment,
    [...elements].sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  const chains = byName(table.chains).map(([name, { hook, rules }]) => [name, hook, rules] as const);
  return {
    full: JSON.stringify([sets.map(([name, , elements]) => [name, elements]), chains]),
    sets: JSON.stringify(sets),
    rules: JSON.stringify(chains.filter(([name]) => /^(in|eg|own)_/.test(name))),
  };
}

function rulesetOf(text: string, node?: string): Ruleset {
  const policy = compile(readManifests([{ file: 'cluster.yaml', text }]).cluster);
  return compileRuleset(policy, { pods: podsOnNode(policy.cluster, node) }).ruleset;
}

function example(name: string): string {
  const folder = join(repository, 'examples', name);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => `---\n${readFileSync(join(folder, file), 'utf8')}`)
    .join('\n');
}

/** The dump of a running cluster, with its policies. */
function shop(): string {
  return example('shop');
}
