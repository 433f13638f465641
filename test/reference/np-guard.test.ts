import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { Reference } from './evaluate.ts';
import type { Ref, ReferenceProtocol } from './evaluate.ts';
import { get, isFields, list, nameOf } from './fields.ts';

// The tiers of the reference against the connections that np-guard/netpol-analyzer states for its own samples of class anp,
// at every port and address where an answer can change.

const root = join(import.meta.dirname, '..', 'conformance', 'np-guard');
const protocols = ['TCP', 'UDP', 'SCTP'] as const satisfies readonly ReferenceProtocol[];

interface Golden {
  readonly class: string;
  readonly profile: string;
  readonly connections: readonly {
    readonly src: string;
    readonly dst: string;
    readonly ports: 'all' | Readonly<Record<string, readonly (readonly [number, number])[]>>;
  }[];
}

const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => {
    const golden: Golden = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'));
    return { name, golden };
  })
  .filter(({ golden }) => golden.class === 'anp');

describe('np-guard, class anp', () => {
  let asked = 0;

  test.each(cases)('$name', ({ name, golden }) => {
    expect(golden.profile).toBe('upstream');
    const objects = objectsOf(join(root, name, 'input'));
    const pods = objects.flatMap((object) => podOf(object) ?? []);
    const reference = new Reference([...objects, ...pods]);
    const ports = new Set([1, 65535]);
    const addresses = new Set<number>();
    for (const { src, dst, ports: admitted } of golden.connections) {
      for (const end of [src, dst]) {
        const [first, last] = rangeOf(end) ?? [];
        if (first !== undefined) addresses.add(first);
        if (last !== undefined) addresses.add(last);
      }
      const ranges = admitted === 'all' ? [] : Object.values(admitted).flat(2);
      for (const port of ranges) for (const near of [port - 1, port, port + 1]) ports.add(near);
    }
    for (const port of JSON.stringify(objects).matchAll(
      /"(?:port|start|end|endPort|containerPort)":(\d+)/g,
    )) {
      for (const near of [-1, 0, 1]) ports.add(Number(port[1]) + near);
    }
    const probed = [...ports].filter((port) => port >= 1 && port <= 65535);
    const ends = [
      ...reference.pods.map((pod) => ({ ref: { pod }, is: (text: string) => idOf(text) === pod })),
      ...[...addresses].map((number) => ({
        ref: { address: dotted(number) },
        is: (text: string) => {
          const [first, last] = rangeOf(text) ?? [];
          return first !== undefined && last !== undefined && first <= number && number <= last;
        },
      })),
    ];
    expect(reference.pods.length).toBeGreaterThan(1);
    for (const from of ends) {
      for (const to of ends) {
        if (from === to || ('address' in from.ref && 'address' in to.ref)) continue;
        const stated = golden.connections.filter(({ src, dst }) => from.is(src) && to.is(dst));
        const verdict = reference.verdict(from.ref satisfies Ref, to.ref satisfies Ref, 'IPv4');
        for (const protocol of protocols) {
          const differing = probed.filter((port) => {
            const expected = stated.some(
              ({ ports: admitted }) =>
                admitted === 'all' ||
                (admitted[protocol] ?? []).some(([first, last]) => first <= port && port <= last),
            );
            return verdict(protocol, port) !== (expected ? 'allowed' : 'denied');
          });
          asked += probed.length;
          expect({ from: from.ref, to: to.ref, protocol, differing }).toMatchObject({ differing: [] });
        }
      }
    }
  });

  test('all cases were found, and asked much', () => {
    expect(cases.length).toBe(26);
    expect(asked).toBeGreaterThan(10_000);
  });
});

function objectsOf(folder: string): readonly unknown[] {
  return readdirSync(folder)
    .filter((file) => /\.(ya?ml|json)$/.test(file))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document): unknown => document.toJS())
    .filter(isFields)
    .flatMap((object) => (get(object, 'items') === undefined ? [object] : list(get(object, 'items'))));
}

/** One pod for a workload; replicas are alike, and a workload is not asked about itself. */
function podOf(workload: unknown): unknown {
  const template = get(workload, 'spec', 'template');
  if (template === undefined) return undefined;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: nameOf(workload),
      namespace: get(workload, 'metadata', 'namespace'),
      labels: get(template, 'metadata', 'labels'),
    },
    spec: get(template, 'spec'),
  };
}

/** `namespace/name` of `namespace/name[Kind]`. */
function idOf(end: string): string {
  return end.replace(/\[\w+\]$/, '');
}

/** Both ends of `a.b.c.d-e.f.g.h[External]`. */
function rangeOf(end: string): readonly [number, number] | undefined {
  const [, first, last] = /^([\d.]+)-([\d.]+)\[External\]$/.exec(end) ?? [];
  return first === undefined || last === undefined ? undefined : [numberOf(first), numberOf(last)];
}

function numberOf(address: string): number {
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
