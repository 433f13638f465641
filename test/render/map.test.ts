import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import type { MapAnswer } from '../../src/reach/index.ts';
import { mapFormats, renderMap, streamMap, type MapOptions } from '../../src/render/index.ts';
import * as answers from './answers.ts';
import { golden, obeyed, overlong, withoutColor } from './golden.ts';
import { schemaOf } from './schemas.ts';

const plain: MapOptions = { width: undefined, color: false, headers: true };
const at = (width: number | undefined): MapOptions => ({
  ...plain,
  width,
  command: '-f examples/three-tier',
});

const cases: Readonly<Record<string, () => MapAnswer>> = {
  'three-tier': answers.threeTier,
  shop: answers.shop,
  corners: answers.corners,
  empty: answers.empty,
  hostile: answers.hostile,
};

describe('a map for people', () => {
  for (const [name, make] of Object.entries(cases)) {
    it(`of ${name} reads as reviewed at every width`, () => {
      const widths = [60, 80, 200, undefined];
      const text = widths.map((width) => `# width ${width}\n${renderMap(make(), 'table', at(width))}`);
      expect(text.join('\n')).toBe(golden(`map-${name}.table.txt`, text.join('\n')));
    });

    it(`of ${name} reads as reviewed in every other format`, () => {
      for (const format of mapFormats.filter((each) => each !== 'table')) {
        const text = renderMap(make(), format, at(80));
        expect(text).toBe(golden(`map-${name}.${format}.txt`, text));
      }
    });

    it(`of ${name} stays within the terminal`, () => {
      for (const width of [40, 60, 80, 200]) {
        for (const format of ['table', 'matrix'] as const) {
          const text = renderMap(make(), format, { ...at(width), explain: true });
          // The command is for copying; a broken one would be of no use.
          const lines = overlong(text, width).filter((line) => !line.startsWith('  podwall '));
          expect(lines).toEqual([]);
        }
      }
    });
  }

  it('of 2,400 workloads in 187 namespaces is read from the top', () => {
    const text = renderMap(answers.large(), 'table', at(80));
    expect(text).toBe(golden('map-large.table.txt', text));
    expect(text.split('\n').length).toBeLessThan(45);
    expect(overlong(text, 80)).toEqual([]);
  });

  it('of 2,400 workloads fits no matrix on a terminal, and says so', () => {
    const text = renderMap(answers.large(), 'matrix', at(80));
    expect(text).toContain('--level namespace');
    expect(text.split('\n').length).toBeLessThan(8);
  });

  it('of one kind of access says it in one line, with its number', () => {
    expect(renderMap(answers.shop(), 'table', at(80))).toMatch(/all 12 in shop +all 4 in payments +TCP 5432/);
  });

  it('gives every connection a line with -o wide, with whole ids', () => {
    const answer = answers.shop();
    const text = renderMap(answer, 'wide', { ...at(40), headers: false });
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(answer.document.connections.length);
    for (const [i, { from, to }] of answer.document.connections.entries()) {
      expect(lines[i]).toMatch(new RegExp(`^${from} +${to} `));
    }
  });

  it('without headers is rows alone', () => {
    const rows = renderMap(answers.threeTier(), 'table', { ...at(80), headers: false });
    expect(rows.trimEnd().split('\n')).toHaveLength(4);
    expect(rows).not.toMatch(/FROM|Closed|Policies bind/);
  });

  it('leaves cells blank, and whole rows and columns out, about which nothing was asked', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `app/Deployment/${name}`) as [string, string, string];
    const answer = answers.answerOf({
      peers: [answers.internet, ...[a, b, c].map((id) => answers.workload(id))],
      connections: [{ from: a, to: c, allowed: 'all' }],
    });
    const matrix = (keeps: (from: string, to: string) => boolean): string =>
      renderMap({ ...answer, keeps }, 'matrix', { ...plain, focused: true });
    // Of -n: an end is b.
    const around = matrix((from, to) => from === b || to === b);
    expect(around).toMatch(/^a +X$/m);
    expect(around).toMatch(/^b +X +\. +X$/m);
    expect(around).toContain('Blank: nothing was asked about the pair.');
    // Of --from a.
    const from = matrix((source) => source === a);
    expect(from).toMatch(/^every port +b +c\na +X +\.\n\n/m);
    expect(from).not.toContain('Blank');
    expect(matrix(() => true)).not.toContain('Blank');
  });

  it('never says that two addresses outside cannot reach each other', () => {
    const web = answers.workload('app/Deployment/web');
    const text = renderMap(
      answers.answerOf({
        peers: [answers.internet, web],
        connections: [
          { from: web.id, to: answers.internet.id, allowed: 'all' },
          { from: answers.internet.id, to: web.id, allowed: 'all' },
        ],
      }),
      'matrix',
      plain,
    );
    expect(text).toMatch(/^internet +\.$/m);
    expect(text).toMatch(/^web +\. +\.$/m);
  });

  it('under a focus counts what it is about', () => {
    const answer = answers.shop();
    const focused = (summary: Partial<MapAnswer['summary']>): string =>
      renderMap({ ...answer, summary: { ...answer.summary, ...summary } }, 'table', {
        ...at(120),
        focused: true,
      });
    const text = focused({ pairs: 60, closedPairs: 12 });
    expect(text).toMatch(/^16 workloads in 2 namespaces · 20.0 % of the 60 pairs asked about closed\n/);
    expect(text).toContain('Closed: 12 of the 60 pairs of workloads that were asked about.');
    expect(focused({ pairs: 1, closedPairs: 1 })).toContain(
      'Closed: the one pair of workloads that was asked about.',
    );
    expect(focused({ pairs: 2, closedPairs: 2 })).toContain('Closed: both pairs of workloads');
    expect(focused({ pairs: 1, closedPairs: 0 })).toContain('Closed: not the one pair');
    expect(renderMap(answer, 'table', at(120))).toMatch(/^16 workloads in 2 namespaces, 4 policies/);
    const nobody = { ...answers.answerOf({ peers: [], connections: [] }) };
    expect(renderMap(nobody, 'table', { ...plain, focused: true })).toMatch(/^Every workload is isolated/);
  });

  it('says both of two, and all of more', () => {
    const two = answers.empty();
    const ids = two.document.peers.map(({ id }) => id);
    const summary = { ...two.summary, notIsolated: { ingress: [], egress: ids }, emptyBecause: 'nobody may' };
    const text = renderMap({ ...two, summary }, 'table', plain);
    expect(text).toContain('egress of both workloads.');
    expect(text).toContain('\nNobody may.\n');
    expect(text).toContain('Closed: both pairs of workloads');
  });

  it('says nothing of the internet that was not asked', () => {
    expect(renderMap(answers.threeTier(), 'table', at(80))).toContain('everything from the internet');
    const focused = renderMap(answers.threeTier(), 'table', { ...at(80), focused: true });
    expect(focused).not.toContain('everything from the internet');
    expect(focused).not.toContain('podwall explain');
  });

  it('offers no command that a shell would read otherwise', () => {
    expect(renderMap(answers.hostile(), 'table', at(80))).not.toContain('podwall explain');
  });

  it('shows reasons with their places under --explain', () => {
    const text = renderMap(answers.threeTier(), 'table', { ...at(80), explain: true });
    expect(text).toBe(golden('map-three-tier.explained.txt', text));
    expect(text).toContain('app/allow-frontend-to-backend rule 1 (policies.yaml:16)');
  });

  it('carries nothing by colour alone', () => {
    for (const make of [...Object.values(cases), answers.large]) {
      const colored = renderMap(make(), 'table', { ...at(80), color: true });
      expect(colored).not.toBe(withoutColor(colored));
      expect(withoutColor(colored)).toBe(renderMap(make(), 'table', at(80)));
    }
  });

  it('is ASCII where nothing else can be shown', () => {
    const text = renderMap(answers.corners(), 'table', { ...at(80), unicode: false });
    expect(text).toMatch(/^[\n\x20-\x7e]+$/);
  });
});

describe('a map of hostile names', () => {
  it('never holds what a terminal obeys', () => {
    for (const format of mapFormats) {
      for (const explain of [true, false]) {
        const text = renderMap(answers.hostile(), format, { ...at(80), explain });
        expect(text.replaceAll('\r\n', '\n')).not.toMatch(obeyed);
      }
    }
  });

  it('keeps Markdown rows whole and free of markup', () => {
    const rows = renderMap(answers.hostile(), 'md', plain)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(2 + answers.hostile().document.connections.length);
    for (const row of rows) {
      expect(row.split('|')).toHaveLength(6);
      expect(row.replace(/<\/?code>/g, '')).not.toMatch(/[<>]/);
    }
  });

  it('keeps every CSV record at six fields, none of them a formula', () => {
    const text = renderMap(answers.hostile(), 'csv', plain);
    const records = text.split('\r\n').slice(0, -1);
    expect(records).toHaveLength(1 + answers.hostile().document.connections.length);
    for (const record of records) {
      const fields = record.match(/(?:^|,)(?:"(?:[^"]|"")*"|[^",]*)/g) ?? [];
      expect(fields.join('')).toBe(record);
      expect(fields).toHaveLength(6);
    }
    const formula = answers.answerOf({
      peers: [answers.workload('=1+1/Deployment/a'), answers.workload('app/Deployment/b')],
      connections: [{ from: '=1+1/Deployment/a', to: 'app/Deployment/b', allowed: 'all' }],
    });
    expect(renderMap(formula, 'csv', { ...plain, headers: false })).toMatch(/^'=1\+1/);
  });

  it('keeps every line of a drawing in its grammar', () => {
    const dotLine =
      /^(?:digraph podwall \{|\}| +(?:\}|rankdir=LR;|(?:node|edge) \[[^"]*(?:"sans-serif"[^"]*)\];|subgraph cluster_\d+ \{|label="(?:[^"\\]|\\.)*";|n\d+ \[label="(?:[^"\\]|\\.)*"(?:, shape=ellipse)?\];|n\d+ -> n\d+ \[label="(?:[^"\\]|\\.)*"(?:, style=dashed)?\];))$/;
    const mermaidLine =
      /^(?:flowchart LR| +(?:%% .*|end|subgraph s\d+\["[^"]*"\]|n\d+(?:\["[^"]*"\]|\(\["[^"]*"\]\))|n\d+ (?:-->|-\.->)\|"[^"]*"\| n\d+))$/;
    for (const make of Object.values(cases)) {
      for (const line of renderMap(make(), 'dot', plain).trimEnd().split('\n')) expect(line).toMatch(dotLine);
      for (const line of renderMap(make(), 'mermaid', plain).trimEnd().split('\n')) {
        expect(line).toMatch(mermaidLine);
      }
    }
  });
});

describe('a map for machines', () => {
  const validate = schemaOf('connectivity-map');

  it('is as the schema says, with the values of the answer', () => {
    for (const make of [...Object.values(cases), answers.large]) {
      for (const explain of [false, true]) {
        const answer = make();
        const document: unknown = JSON.parse(renderMap(answer, 'json', { ...plain, explain }));
        expect(validate(document)).toEqual([]);
        const { connections, ...rest } = answer.document;
        const because = explain ? connections.map((each) => answer.because(each)) : undefined;
        expect(document).toEqual(
          JSON.parse(
            JSON.stringify({
              ...rest,
              connections: connections.map((each, i) => ({ ...each, because: because?.[i] })),
            }),
          ),
        );
      }
    }
  });

  it('is the same document in YAML, read by 1.1 and by 1.2', () => {
    for (const make of Object.values(cases)) {
      for (const explain of [false, true]) {
        const expected: unknown = JSON.parse(renderMap(make(), 'json', { ...plain, explain }));
        const text = renderMap(make(), 'yaml', { ...plain, explain });
        expect(parse(text, { version: '1.1' })).toEqual(expected);
        expect(parse(text, { version: '1.2' })).toEqual(expected);
      }
    }
  });

  it('quotes what some reader of YAML takes for something else', () => {
    const words = [
      'yes',
      'No',
      'null',
      '~',
      '1:20',
      '0o14',
      '1e3',
      '-',
      '*a',
      '&a',
      '#x',
      'a: b',
      'a #b',
      '',
      ' a ',
    ];
    const answer = answers.answerOf({
      level: 'label=x',
      peers: words.map((id) => ({ id, kind: 'label', pods: 1 })),
      connections: [],
      summary: { emptyBecause: 'No' },
    });
    const text = renderMap(answer, 'yaml', plain);
    for (const version of ['1.1', '1.2'] as const) {
      const { peers } = parse(text, { version }) as { peers: { id: unknown }[] };
      expect(peers.map(({ id }) => id)).toEqual(words);
    }
  });

  it('is written in pieces, none of them long', () => {
    const pieces = [...streamMap(answers.large(), 'json', plain)];
    expect(pieces.length).toBeGreaterThan(3);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
    expect(pieces.join('')).toBe(renderMap(answers.large(), 'json', plain));
  });

  it('is refused by the schema when a field is unknown or a range is not one', () => {
    const [document] = [renderMap(answers.threeTier(), 'json', plain)].map(
      (text) => JSON.parse(text) as Record<string, unknown>,
    );
    expect(validate({ ...document, extra: 1 })).not.toEqual([]);
    expect(validate({ ...document, level: 'cluster' })).not.toEqual([]);
    expect(
      validate({ ...document, connections: [{ from: 'a', to: 'b', allowed: { TCP: [[0, 80]] } }] }),
    ).not.toEqual([]);
    expect(validate({ ...document, peers: [{ id: '10.0.0.0/8', kind: 'ip' }] })).not.toEqual([]);
  });
});

describe('groups of peers in words', () => {
  const spaces = ['a', 'b', 'c', 'd', 'e', 'f'];
  const all = spaces.flatMap((space) =>
    ['w1', 'w2', 'w3', 'w4'].map((name) => `${space}/Deployment/long-name-${name}`),
  );
  const lineOf = (from: readonly string[], to: readonly string[]): string => {
    // Further connections keep the map above the size where each has a line.
    const others = all.flatMap((a) => all.filter((b) => a !== b).map((b) => [a, b, 1] as const));
    const connections = [
      ...from.flatMap((a) =>
        to.filter((b) => a !== b).map((b) => ({ from: a, to: b, allowed: answers.tcp(99) })),
      ),
      ...others.map(([a, b, port]) => ({ from: a, to: b, allowed: answers.tcp(port) })),
    ];
    const answer = answers.answerOf({ peers: all.map((id) => answers.workload(id)), connections });
    const line = renderMap(answer, 'table', plain)
      .split('\n')
      .find((each) => each.includes('TCP 99'));
    return (line ?? '').replace(/ {2,}/g, ' | ').replace(/ \| TCP 99.*/, '');
  };

  it.each([
    [all, all, 'everyone | each other'],
    [all.slice(1), all.slice(0, 1), 'everyone | a/long-name-w1'],
    [all.slice(0, 1), all.slice(2), 'a/long-name-w1 | everyone but a/long-name-w2'],
    [all.slice(0, 22), all.slice(0, 1), 'everyone but 2 | a/long-name-w1'],
    [all.slice(0, 4), all.slice(4, 8), 'all 4 in a | all 4 in b'],
    [all.slice(0, 8), all.slice(8, 11), 'all 8 in a and b | c/long-name-w1'],
    [all.slice(0, 10), all.slice(20, 24), '10 workloads in 3 namespaces | all 4 in f'],
  ])('%#', (from, to, line) => {
    expect(lineOf(from, to)).toBe(line);
  });

  it('calls nobody part of everyone whose own replicas are kept apart', () => {
    const replicated = all.slice(0, 8).map((id) => answers.workload(id, 2));
    const [first] = replicated;
    const reach = (from: readonly { id: string }[]): string =>
      renderMap(
        answers.answerOf({
          peers: replicated,
          connections: [
            ...from.map(({ id }) => ({ from: id, to: first?.id ?? '', allowed: answers.tcp(99) })),
            ...replicated.flatMap(({ id }) =>
              replicated.map((to) => ({ from: id, to: to.id, allowed: answers.tcp(1) })),
            ),
          ],
        }),
        'table',
        plain,
      );
    expect(reach(replicated)).toMatch(/^everyone +a\/long-name-w1 +TCP 99/m);
    expect(reach(replicated.slice(1))).toMatch(/^everyone but a\/long-name-w1 +a\/long-name-w1 +TCP 99/m);
  });
});
