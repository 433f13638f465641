import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { Reference } from './evaluate.ts';
import type { Ref, ReferenceProtocol } from './evaluate.ts';

// The oracle of the property tests is itself held against the answers that people have written down.

const root = join(import.meta.dirname, '..', 'conformance');

interface Cell {
  readonly from: string;
  readonly to: string;
  readonly protocol: ReferenceProtocol;
  readonly port: number;
  readonly expected: string;
}

describe.each([
  { suite: 'networkpolicy-e2e', cells: 506 },
  { suite: 'networkpolicy-e2e-3x3', cells: 4680 },
])('$suite', ({ suite, cells }) => {
  let judged = 0;
  for (const [name, step] of steps(suite)) {
    test(`${name} ${step}`, () => {
      const reference = new Reference(objectsOf(join(suite, name), step));
      for (const cell of readTables(read(suite, name, step, 'reach.txt'))) {
        const { protocol, port } = cell;
        const is = reference.allowed({ pod: cell.from }, { pod: cell.to }, 'IPv4', protocol, port)
          ? '.'
          : 'X';
        expect({ ...cell, is }).toEqual({ ...cell, is: cell.expected });
        judged++;
      }
    });
  }
  test(`judged all ${cells} cells`, () => {
    expect(judged).toBe(cells);
  });
});

describe('recipes', () => {
  let asked = 0;
  for (const [name, step] of steps('recipes')) {
    test(`${name} ${step}`, () => {
      const reference = new Reference(objectsOf(join('recipes', name), step));
      const probes: readonly Probe[] = parse(read('recipes', name, step, 'probes.yaml'));
      for (const probe of probes) {
        const is = reference.allowed(refOf(probe.from), refOf(probe.to), 'IPv4', probe.protocol, probe.port);
        expect({ ...probe, is: is ? 'allow' : 'deny' }).toEqual({ ...probe, is: probe.expect });
        asked++;
      }
    });
  }
  test('asked all 70 probes', () => {
    expect(asked).toBe(70);
  });
});

describe('clusternetworkpolicy', () => {
  const suite = 'clusternetworkpolicy';
  const asked = { IPv4: 0, IPv6: 0, states: 0 };
  for (const [name, step] of steps(suite)) {
    if (name === 'validation') continue;
    const folder = join(suite, name);
    test.each(['IPv4', 'IPv6'] as const)(`${name} ${step} %s`, (family) => {
      // In the tests whose policies name ::/0, the same cluster is there with IPv6 addresses.
      const suffix = family === 'IPv6' ? '-ipv6' : '';
      if (!existsSync(join(root, folder, `cluster${suffix}.yaml`))) return;
      const state = existsSync(join(root, folder, step, `state${suffix}.yaml`)) ? suffix : '';
      const objects = merged(folder, `cluster${suffix}.yaml`, join(step, `state${state}.yaml`));
      const reference = new Reference(objects);
      const bare = new Reference(objects.filter((each) => !each.kind.endsWith('Policy')));
      const probes: readonly Probe[] = parse(read(folder, step, 'probes.yaml'));
      for (const probe of probes) {
        const [from, to] = [refOf(probe.from), refOf(probe.to)];
        const is = reference.verdict(from, to, family)(probe.protocol, probe.port);
        expect({ ...probe, is }).toEqual({ ...probe, is: probe.expect === 'allow' ? 'allowed' : 'denied' });
        // Where a probe is denied, a policy does it.
        expect(bare.verdict(from, to, family)(probe.protocol, probe.port)).toBe('allowed');
        asked[family]++;
      }
      if (family === 'IPv4') asked.states++;
    });
  }
  test('asked all 301 probes of 62 states, and those of the IPv6 clusters', () => {
    expect(asked).toEqual({ IPv4: 301, IPv6: 63, states: 62 });
  });
});

interface Probe {
  readonly from: string;
  readonly to: string;
  readonly protocol: ReferenceProtocol;
  readonly port: number;
  readonly expect: string;
}

function refOf(text: string): Ref {
  return text.includes('/') ? { pod: text } : { address: text };
}

function folders(...path: readonly string[]): readonly string[] {
  return readdirSync(join(root, ...path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function steps(suite: string): readonly (readonly [name: string, step: string])[] {
  return folders(suite).flatMap((name) => folders(suite, name).map((step) => [name, step] as const));
}

function read(...path: readonly string[]): string {
  return readFileSync(join(root, ...path), 'utf8');
}

interface NamedObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The documents of a file that hold an object; a state without policies is a comment alone. */
function documents(...path: readonly string[]): readonly NamedObject[] {
  return parseAllDocuments(read(...path))
    .map((document): NamedObject | null => document.toJS())
    .filter((value) => value !== null);
}

/** The cluster of a case with the objects of one step in place of those of the same name. */
function objectsOf(folder: string, step: string): readonly NamedObject[] {
  return merged(folder, 'cluster.yaml', join(step, 'state.yaml'));
}

/** The objects of one file with those of another in place of the ones with the same name. */
function merged(folder: string, clusterFile: string, stateFile: string): readonly NamedObject[] {
  const byName = new Map<string, NamedObject>();
  for (const each of [...documents(folder, clusterFile), ...documents(folder, stateFile)]) {
    const { kind, metadata } = each;
    byName.set(`${kind} ${metadata.namespace ?? ''} ${metadata.name}`, each);
  }
  return [...byName.values()];
}

/** The protocol that a table is about, by the head of its first line: `tcp/80`. */
function protocolOf(probe: string): ReferenceProtocol {
  const found = (['TCP', 'UDP', 'SCTP'] as const).find((each) => probe.startsWith(`${each.toLowerCase()}/`));
  if (found === undefined) throw new Error(`no protocol in ${probe}`);
  return found;
}

/** Reads truth tables; cells that the source does not judge are left out. */
function readTables(text: string): readonly Cell[] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .flatMap((table) => {
      const [head = [], ...rows] = table.split('\n').map((line) => line.trim().split(/\s+/));
      const [probe = '', ...columns] = head;
      const protocol = protocolOf(probe);
      const port = Number(probe.slice(probe.indexOf('/') + 1));
      return rows.flatMap(([from = '', ...cells]) =>
        cells.flatMap((expected, column) =>
          expected === '-' ? [] : [{ from, to: columns[column] ?? '', protocol, port, expected }],
        ),
      );
    });
}
