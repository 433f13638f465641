// Cases worked out by hand: one folder each, with the answer as people would write it down.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exposure } from '../../src/exposure/index.ts';
import type { Exposure } from '../../src/exposure/index.ts';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { peerText, usableText } from '../../src/render/exposure-words.ts';

const folder = join(import.meta.dirname, 'cases');
const cases = readdirSync(folder).filter((name) => readdirSync(join(folder, name)).includes('expected.txt'));

function linesOf({ direction, workloads, isolated, tiers, peers, closed }: Exposure): readonly string[] {
  return workloads.flatMap((id) => {
    const [namespace, , name] = id.split('/');
    const head = `${direction} ${namespace}/${name}: `;
    const isEverybody = peers.some((peer) => peer.exposure === 'any-pod' && peer.allowed === 'all');
    if (!isolated && tiers === undefined && isEverybody) return [`${head}everyone`];
    return [
      ...peers.map((peer) => `${head}${peerText(peer)}: ${usableText(peer)}`),
      ...closed.map(({ scope, reason }) => `${head}closed ${scope}: ${reason}`),
    ];
  });
}

test.each(cases)('%s', (name) => {
  const text = readFileSync(join(folder, name, 'input.yaml'), 'utf8');
  const { cluster, diagnostics } = readManifests([{ file: 'input.yaml', text }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const { exposures } = exposure(compile(cluster), { details: true }).document;
  const hidden = name === 'complements' || name === 'new-namespace-names' ? 'egress' : '';
  const lines = exposures.filter(({ direction }) => direction !== hidden).flatMap(linesOf);
  expect(lines.sort()).toEqual(
    readFileSync(join(folder, name, 'expected.txt'), 'utf8')
      .trimEnd()
      .split('\n'),
  );
});

test('there are cases', () => {
  expect(cases.length).toBeGreaterThan(3);
});
