import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { readManifests } from '../src/manifest/index.ts';
import { families } from '../src/net/index.ts';
import { compile } from '../src/policy/index.ts';
import { Reference } from './reference/evaluate.ts';
import type { Ref } from './reference/evaluate.ts';
import { admits, endOf, readTruthTables } from './truth-table.ts';
import type { Cell } from './truth-table.ts';

// Truth tables as people draw them, worked out by hand from the API's documentation. Each says which corner of the
// specification it is about. The compiled engine answers them, and so does the slow reference evaluator.

const root = join(import.meta.dirname, 'fixtures');

const fixtures = folders(root).flatMap((theme) =>
  folders(join(root, theme)).map((name) => {
    const read = (file: string): string => readFileSync(join(root, theme, name, file), 'utf8');
    return { name: `${theme}/${name}`, input: read('input.yaml'), reach: read('reach.txt') };
  }),
);

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Cells that do not get the answer of the table, as lines that say which. */
function wrong(reach: string, answer: (cell: Cell) => boolean): readonly string[] {
  const cells = readTruthTables(reach);
  expect(cells.length).toBeGreaterThan(0);
  return cells
    .filter((cell) => answer(cell) !== (cell.expected === '.'))
    .map(
      ({ from, to, probe, family, expected, line }) =>
        `line ${line}: ${from} → ${to} ${JSON.stringify(probe)} ${family ?? ''} is not ${expected}`,
    );
}

describe('the compiled engine', () => {
  test.each(fixtures)('$name', ({ name, input, reach }) => {
    const { cluster, diagnostics } = readManifests([{ file: `${name}/input.yaml`, text: input }]);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const policy = compile(cluster);
    const answer = ({ from, to, probe, family }: Cell): boolean =>
      admits(policy.allowed(endOf(cluster, from), endOf(cluster, to), family), probe);
    expect(wrong(reach, answer)).toEqual([]);
  });
});

describe('the reference', () => {
  // The reference knows pods, not the templates that make them.
  const withoutTemplates = fixtures.filter(({ input }) => !/^kind: (Deployment|StatefulSet)$/m.test(input));

  test('leaves out the fixtures about templates only', () => {
    expect(fixtures.length - withoutTemplates.length).toBe(2);
  });

  test.each(withoutTemplates)('$name', ({ input, reach }) => {
    // YAML 1.1 reads deletion times as dates; the reference sees JSON.
    const reference = new Reference(
      parseAllDocuments(input).map((document): unknown => JSON.parse(JSON.stringify(document))),
    );
    const answer = ({ from, to, probe, family }: Cell): boolean =>
      (family === undefined ? families : [family]).some((each) =>
        reference.allowed(
          refOf(from),
          refOf(to),
          each,
          probe.protocol,
          probe.protocol === 'other' ? 1 : probe.port,
        ),
      );
    expect(wrong(reach, answer)).toEqual([]);
  });
});

function refOf(text: string): Ref {
  if (text.startsWith('node/')) return { node: text.slice('node/'.length) };
  return text.includes('/') ? { pod: text } : { address: text };
}

describe('the fixtures', () => {
  /** Corners that speak of an answer of the engine; the others are about what is refused, seen or said elsewhere. */
  const about: Readonly<Record<number, string>> = {
    20: 'what the API server refuses of selectors: conformance/networkpolicy-validation',
    36: 'which source address a node or a load balancer shows: undefined, and not seen in manifests',
    43: 'replies: no question of the engine is about them',
    45: 'traffic inside a pod, and secondary networks: no question of the engine is about them',
    48: 'whether a network plugin enforces: cannot be seen in manifests',
  };

  test('cite every corner from 1 to 48 that is about answers', () => {
    const cited = new Set(fixtures.flatMap(({ reach }) => cornersOf(reach)));
    const missing = Array.from({ length: 48 }, (_, i) => i + 1).filter(
      (corner) => !cited.has(corner) && about[corner] === undefined,
    );
    expect(missing).toEqual([]);
  });

  test.each(fixtures)('$name says which corner it is about', ({ reach }) => {
    expect(cornersOf(reach).length).toBeGreaterThan(0);
  });
});

/** The numbers after "corner" and "corners" in the remarks of a table. */
function cornersOf(reach: string): readonly number[] {
  const remarks = reach.split('\n').filter((line) => line.startsWith('#'));
  return [...remarks.join(' ').matchAll(/[Cc]orners? ([0-9]+)(?: and ([0-9]+))?/g)].flatMap(
    ([, first, second]) => [first, second].filter((number) => number !== undefined).map(Number),
  );
}
