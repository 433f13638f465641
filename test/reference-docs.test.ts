import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { referencePages } from '../scripts/reference.ts';
import { hostCodes } from '../src/host/index.ts';
import { diagnosticCodes } from '../src/manifest/index.ts';
import { behaviours, profileNames } from '../src/policy/index.ts';
import { reachCodes } from '../src/reach/index.ts';
import { repository } from './documents.ts';
import { anchorsOf } from './documents-links.ts';

const pages = referencePages();

describe('the reference', () => {
  test.each([...pages.keys()])('%s is what the sources say (else: node scripts/reference.ts)', (file) => {
    const path = join(repository, file);
    if (process.env['GOLDEN'] === 'write') writeFileSync(path, pages.get(file) ?? '');
    expect(readFileSync(path, 'utf8')).toBe(pages.get(file));
  });

  test('knows every code', () => {
    const anchors = anchorsOf(pages.get('docs/reference/diagnostics.md') ?? '');
    const codes = [...diagnosticCodes.keys(), ...Object.keys(reachCodes), ...Object.keys(hostCodes)];
    expect(codes.length).toBeGreaterThan(50);
    expect(codes.filter((code) => !anchors.has(code))).toEqual([]);
  });

  test('knows every command, flag and value that help shows', () => {
    const page = pages.get('docs/reference/cli.md') ?? '';
    const help = [
      'podwall-map',
      'podwall-explain',
      'podwall-can',
      'podwall-exposure',
      'podwall-nft',
      'podwall-profiles',
    ]
      .map((name) => readFileSync(join(repository, `test/cli/golden/${name}.txt`), 'utf8'))
      .join('\n');
    const flags = new Set(help.match(/(?<=[\s,])--?[a-zA-Z][a-z-]*/g));
    expect(flags.size).toBeGreaterThan(20);
    expect([...flags].filter((flag) => !page.includes(flag))).toEqual([]);
  });

  test('knows every cell of every profile', () => {
    const page = pages.get('docs/reference/profiles.md') ?? '';
    const rows = page.split('\n').filter((line) => line.includes('semantics.md#corner-'));
    expect(rows.length).toBe(behaviours.length);
    expect(rows.length).toBeGreaterThan(20);
    for (const name of profileNames) expect(page).toContain(`\`${name}\``);
    for (const { id } of behaviours) expect(page).toContain(`\n### ${id}\n`);
  });
});
