import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortSet } from '../../src/net/index.ts';
import { groupEdges, type Edge } from '../../src/render/groups.ts';
import { addressesText, namesOf } from '../../src/render/names.ts';
import { allowedPorts } from '../../src/reach/index.ts';
import { portsText } from '../../src/render/ports.ts';
import { cut, displayWidth, lookOf, number, percent, shorten, visible, wrap } from '../../src/render/text.ts';
import { tableLines } from '../../src/render/table.ts';
import { workload } from './answers.ts';
import { obeyed } from './golden.ts';

const look = lookOf({ width: 80, color: false, headers: true });

describe('ports in words', () => {
  it.each([
    ['all', 'all'],
    [{}, 'none'],
    [{ TCP: [[80, 80]] }, 'TCP 80'],
    [
      {
        TCP: [
          [80, 80],
          [8000, 8080],
        ],
      },
      'TCP 80, 8000-8080',
    ],
    [{ TCP: [[53, 53]], UDP: [[53, 53]] }, 'TCP+UDP 53'],
    [{ SCTP: [[9, 9]], TCP: [[1, 65535]] }, 'TCP all; SCTP 9'],
    [
      {
        TCP: [
          [1, 1],
          [3, 3],
          [5, 5],
        ],
      },
      'TCP 1, 3 +1',
    ],
  ] as const)('%j is %s', (allowed, text) => {
    expect(portsText(allowed, 2)).toBe(text);
  });

  it('are those of the set', () => {
    expect(allowedPorts(PortSet.all)).toBe('all');
    expect(allowedPorts(PortSet.none)).toEqual({});
    const set = PortSet.range('UDP', 53, 53).union(PortSet.range('TCP', 80, 90));
    expect(JSON.stringify(allowedPorts(set))).toBe('{"TCP":[[80,90]],"UDP":[[53,53]]}');
  });
});

describe('addresses in words', () => {
  const all4 = ['0.0.0.0', '255.255.255.255'] as const;
  const all6 = ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'] as const;
  it.each([
    [[all4, all6], 'internet'],
    [[all4], 'internet (IPv4)'],
    [[all6, ['10.0.0.0', '10.255.255.255']], 'internet (IPv6), 10.0.0.0/8'],
    [[['8.8.8.8', '8.8.8.8']], '8.8.8.8'],
    [[['10.0.0.1', '10.0.0.3']], '10.0.0.1-10.0.0.3'],
    [
      [
        ['0.0.0.0', '9.255.255.255'],
        ['11.0.0.0', '255.255.255.255'],
      ],
      'internet (IPv4) except 10.0.0.0/8',
    ],
    [
      [
        ['0.0.0.0', '9.255.255.255'],
        ['11.0.0.0', '172.15.255.255'],
        ['172.32.0.0', '192.167.255.255'],
        ['192.169.0.0', '255.255.255.255'],
      ],
      'internet (IPv4) except private ranges',
    ],
    // Ranges that touch are one, in whatever order they come.
    [[['128.0.0.0', '255.255.255.255'], ['0.0.0.0', '127.255.255.255'], all6], 'internet'],
    [
      [
        ['1.0.0.0', '1.0.0.0'],
        ['3.0.0.0', '3.0.0.0'],
        ['5.0.0.0', '5.0.0.0'],
      ],
      '1.0.0.0, 3.0.0.0 +1',
    ],
    // A range of IPv6 may begin or end at an IPv4-mapped address.
    [[['::ffc0:0:0', '::ffff:ffff:ffff']], '::ffc0:0:0/90'],
    [
      [
        ['::', '::fffd:ffff:ffff'],
        ['::ffff:0:0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
      ],
      'internet (IPv6) except ::fffe:0:0/96',
    ],
  ] as const)('%j is %s', (ranges, text) => {
    expect(addressesText(ranges)).toBe(text);
  });
});

describe('names', () => {
  it('are as short as they can be told apart', () => {
    const one = namesOf([workload('app/Deployment/web'), workload('app/Deployment/db')]);
    expect(one.short('app/Deployment/web')).toBe('web');
    expect(one.operand('app/Deployment/web')).toBe('app/web');
    const two = namesOf([
      workload('app/Deployment/web'),
      workload('app/StatefulSet/web'),
      workload('b/Pod/web'),
    ]);
    expect(two.short('app/Deployment/web')).toBe('app/Deployment/web');
    expect(two.short('b/Pod/web')).toBe('b/web');
  });

  it('that an answer uses itself keep their namespace', () => {
    expect(namesOf([workload('app/Deployment/internet')]).short('app/Deployment/internet')).toBe(
      'app/internet',
    );
  });

  it('of peers that are no pods are their ids', () => {
    const names = namesOf([
      { id: 'app', kind: 'namespace', pods: 2 },
      { id: 'tier=', kind: 'label', pods: 1 },
      { id: 'node/a', kind: 'node' },
      { id: 'ingress/shop/front', kind: 'entry' },
    ]);
    for (const id of ['app', 'tier=', 'node/a', 'ingress/shop/front']) expect(names.short(id)).toBe(id);
    expect(names.operand('app')).toBe('app/*');
    expect(names.namespaceOf('node/a')).toBeUndefined();
  });
});

describe('groups of edges', () => {
  const edgesOf = (pairs: readonly (readonly [number, number, number])[]): Edge[] =>
    pairs.map(([from, to, label], at) => ({ from, to, label, at }));

  it('say each to all others in one line', () => {
    const pairs: [number, number, number][] = [];
    for (let a = 0; a < 9; a++) for (let b = 0; b < 9; b++) if (a !== b) pairs.push([a, b, 0]);
    const groups = groupEdges(edgesOf(pairs), (peer) => [peer]);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.edges).toHaveLength(72);
  });

  it('take the side that gives fewer lines', () => {
    const groups = groupEdges(
      edgesOf([
        [0, 5, 0],
        [1, 5, 0],
        [2, 5, 0],
        [3, 5, 1],
        [3, 6, 1],
        [3, 7, 1],
      ]),
      () => [],
    );
    expect(groups.map(({ from, to }) => [from, to])).toEqual([
      [[0, 1, 2], [5]],
      [[3], [5, 6, 7]],
    ]);
  });

  it('hold each edge once, and nothing but edges and what was said to be left out', () => {
    const edge = fc.tuple(fc.nat(7), fc.nat(7), fc.nat(1));
    fc.assert(
      fc.property(
        fc.uniqueArray(edge, { selector: String, maxLength: 60 }),
        fc.boolean(),
        (pairs, isPaired) => {
          // Kin: the peer itself, or both of a pair.
          const own = (peer: number): number[] => (isPaired ? [peer & ~1, peer | 1] : [peer]);
          const groups = groupEdges(edgesOf(pairs), own);
          const listed = groups.flatMap(({ edges }) =>
            edges.map(({ from, to, label }) => String([from, to, label])),
          );
          expect(listed.sort()).toEqual(pairs.map(String).sort());
          for (const { from, to, label, edges } of groups) {
            const held = new Set(edges.map((each) => String([each.from, each.to, each.label])));
            for (const a of from) {
              const missing = to.filter((b) => !held.has(String([a, b, label])));
              expect(own(a)).toEqual(expect.arrayContaining(missing));
            }
            expect(edges.every((each) => from.includes(each.from) && to.includes(each.to))).toBe(true);
          }
        },
      ),
    );
  });

  it('take time that grows with the edges', () => {
    const pairs: [number, number, number][] = [];
    for (let a = 0; a < 700; a++) for (let b = 0; b < 700; b++) if (a !== b) pairs.push([a, b, (a + b) % 2]);
    const started = performance.now();
    expect(groupEdges(edgesOf(pairs), (peer) => [peer]).length).toBeLessThan(10);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('text', () => {
  it('is made visible, whatever it holds', () => {
    expect(visible('a\u001b[31m\u009b\u202e\n\t\r\u007f\ufeff')).toBe(
      'a\\x1b[31m\\x9b\\u{202e}\\n\\t\\r\\x7f\\u{feff}',
    );
    expect(visible('grüße 漢字 👩‍👩‍👧')).toBe('grüße 漢字 👩‍👩‍👧');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !obeyed.test(visible(text))));
  });

  it('is shortened in the middle, and never wider than asked', () => {
    expect(shorten('a-very-long-name', 9, look.signs)).toBe('a-ve…name');
    expect(shorten('short', 9, look.signs)).toBe('short');
    expect(cut('a-very-long-name', 9, look.signs)).toBe('a-very-l…');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        const safe = visible(text);
        expect(displayWidth(shorten(safe, columns, look.signs))).toBeLessThanOrEqual(columns);
        expect(displayWidth(cut(safe, columns, look.signs))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('is wrapped at words, places left whole', () => {
    const long = `${'x'.repeat(90)}/policies.yaml:14`;
    const lines = wrap(`see ${long} and ${'y'.repeat(120)} there`, look, '  ');
    expect(lines.some((line) => line.includes(long))).toBe(true);
    expect(lines.find((line) => line.includes('y…y'))?.length).toBeLessThanOrEqual(80);
  });

  it('counts and shares in words', () => {
    expect(number(1234567)).toBe('1,234,567');
    expect(number(999)).toBe('999');
    expect(percent(0, 10)).toBe('0 %');
    expect(percent(10, 10)).toBe('100 %');
    expect(percent(1, 1_000_000)).toBe('under 0.1 %');
    expect(percent(999_999, 1_000_000)).toBe('over 99.9 %');
    expect(percent(984, 1000)).toBe('98.4 %');
  });
});

describe('a table', () => {
  const columns = [{ title: 'NAME' }, { title: 'N', align: 'right' as const }];

  it('of a million rows is drawn as one of few', () => {
    const rows = Array.from({ length: 2500 }, (_, i) => [`名前-${'x'.repeat(i % 90)}`, String(i)]);
    const [first, ...long] = tableLines(columns, rows, look);
    const [head, ...short] = tableLines(columns, [...rows.slice(0, 1900), ...rows.slice(-1)], look);
    expect(head).toBe(first);
    expect(long.slice(0, 1900)).toEqual(short.slice(0, 1900));
    expect(long.at(-1)).toBe(short.at(-1));
  });

  it('without rows is its headings', () => {
    expect([...tableLines(columns, [], look)]).toEqual(['NAME  N']);
  });

  it('shortens the columns that may give first', () => {
    const cells = ['a'.repeat(60), 'b'.repeat(60)];
    const [, line = ''] = tableLines(
      [
        { title: 'A', keeps: [60, 8] },
        { title: 'B', keeps: [18] },
      ],
      [cells],
      look,
    );
    expect(line).toBe(`${'a'.repeat(60)}  ${'b'.repeat(9)}…${'b'.repeat(8)}`);
  });
});
