import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile, profiles } from '../../src/policy/index.ts';
import type { ProfileName } from '../../src/policy/index.ts';
import { map } from '../../src/reach/index.ts';
import { npGuardList } from '../../src/render/index.ts';
import type { NpGuardFormat } from '../../src/render/index.ts';
import { golden } from './golden.ts';

// What netpol-analyzer states for its own samples, line by line: names, ranges and their cuts, words for ports.

interface Expected {
  readonly class: 'core' | 'ingress' | 'anp';
  readonly profile: ProfileName;
  readonly connections: readonly {
    readonly src: string;
    readonly dst: string;
    readonly ports: 'all' | { readonly [protocol: string]: readonly (readonly [number, number])[] };
  }[];
}

const root = join(import.meta.dirname, '../conformance/np-guard');
const samples = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => {
    const expected: Expected = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'));
    return { name, expected };
  })
  .filter(({ expected }) => expected.class !== 'ingress');

function listOf(name: string, profile: ProfileName, format: NpGuardFormat): string {
  const folder = join(root, name, 'input');
  const { cluster } = readManifests(
    readdirSync(folder)
      .filter((file) => /\.(ya?ml|json)$/.test(file))
      .sort()
      .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') })),
  );
  const answer = map(compile(cluster, { profile }), { level: { kind: 'workload' } });
  return [...npGuardList(answer, format, cluster, profiles[profile])].join('');
}

/** One line of that tool's text, from the parsed form of its goldens. */
function lineOf({ src, dst, ports }: Expected['connections'][number]): string {
  const end = (text: string): string => text.replace(/\[External\]$/, '');
  const conn =
    ports === 'all'
      ? 'All Connections'
      : Object.keys(ports)
          .sort()
          .map(
            (protocol) =>
              `${protocol} ${(ports[protocol] ?? []).map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(',')}`,
          )
          .join(',');
  return `${end(src)} => ${end(dst)} : ${conn}`;
}

describe('that of netpol-analyzer for its own samples', () => {
  test('there are all of classes core and anp', () => {
    expect(samples.length).toBe(21 + 26);
    expect(samples.reduce((sum, { expected }) => sum + expected.connections.length, 0)).toBe(4755 + 413);
  });

  test.each(samples)('$name', ({ name, expected }) => {
    const text = listOf(name, expected.profile, 'np-guard-txt');
    expect(text.trimEnd().split('\n')).toEqual(expected.connections.map(lineOf).sort());
  });

  test.each(samples)('$name, in the other formats', ({ name, expected }) => {
    const lines = listOf(name, expected.profile, 'np-guard-txt').trimEnd().split('\n');
    const json: readonly { readonly src: string; readonly dst: string; readonly conn: string }[] = JSON.parse(
      listOf(name, expected.profile, 'np-guard-json'),
    );
    expect(json.map(({ src, dst, conn }) => `${src} => ${dst} : ${conn}`)).toEqual(lines);
    const [head, ...records] = listOf(name, expected.profile, 'np-guard-csv').trimEnd().split('\n');
    expect(head).toBe('src,dst,conn');
    expect(
      records.map((record) => {
        const [, src, dst, quoted, plain] = /^([^,]*),([^,]*),(?:"([^"]*)"|([^",]*))$/.exec(record) ?? [];
        return `${src} => ${dst} : ${quoted ?? plain}`;
      }),
    ).toEqual(lines);
  });
});

test.each(['txt', 'json', 'csv'] as const)('np-guard-%s', (format) => {
  const name = 'semanticDiff-different-topologies-policy-b-with-ipblock';
  const text = listOf(name, 'upstream', `np-guard-${format}`);
  expect(text).toBe(golden(`np-guard.${format}.txt`, text));
});

test('nothing is allowed: an empty list is one', () => {
  const { cluster } = readManifests([
    { file: 'x.yaml', text: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n' },
  ]);
  const answer = map(compile(cluster), { level: { kind: 'workload' } });
  const texts = (['np-guard-txt', 'np-guard-json', 'np-guard-csv'] as const).map((format) =>
    [...npGuardList(answer, format, cluster)].join(''),
  );
  expect(texts).toEqual(['', '[]\n', 'src,dst,conn\n']);
});

test('IPv6 is left out, and a pair that may use more over IPv4 stands once', () => {
  const pod = (name: string, host: string): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: x, labels: {app: ${name}}}
spec: {containers: [{name: c, image: i}]}
status: {podIPs: [{ip: 10.0.0.${host}}, {ip: 'fd00::${host}'}], phase: Running}
---
`;
  const { cluster, diagnostics } = readManifests([
    {
      file: 'x.yaml',
      text: `${pod('a', '1')}${pod('b', '2')}apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: b, namespace: x}
spec:
  podSelector: {matchLabels: {app: b}}
  ingress:
    - {from: [{podSelector: {}}], ports: [{port: 80}]}
    - {from: [{ipBlock: {cidr: 10.0.0.1/32}}], ports: [{port: 81}]}
    - {from: [{ipBlock: {cidr: 'fd00::/64'}}], ports: [{port: 82}]}
    # What the except leaves begins at an IPv4-mapped address.
    - {from: [{ipBlock: {cidr: '::/0', except: ['::fffe:0:0/96']}}], ports: [{port: 83}]}
`,
    },
  ]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const answer = map(compile(cluster), { level: { kind: 'workload' } });
  expect([...npGuardList(answer, 'np-guard-txt', cluster)].join('')).toBe(
    [
      '0.0.0.0-10.0.0.0 => x/a[Pod] : All Connections',
      '10.0.0.1-10.0.0.1 => x/a[Pod] : All Connections',
      '10.0.0.1-10.0.0.1 => x/b[Pod] : TCP 81',
      '10.0.0.2-255.255.255.255 => x/a[Pod] : All Connections',
      'x/a[Pod] => 0.0.0.0-255.255.255.255 : All Connections',
      'x/a[Pod] => x/b[Pod] : TCP 80-81',
      'x/b[Pod] => 0.0.0.0-255.255.255.255 : All Connections',
      'x/b[Pod] => x/a[Pod] : All Connections',
      '',
    ].join('\n'),
  );
});
