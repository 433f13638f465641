import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readText, textCodes } from '../../../src/manifest/text/index.ts';
import type { TextOptions } from '../../../src/manifest/text/index.ts';

function problem(text: string, options?: TextOptions) {
  const { documents, diagnostics } = readText({ file: 'f.yaml', text }, options);
  expect(documents).toEqual([]);
  expect(diagnostics).toHaveLength(1);
  const [diagnostic] = diagnostics;
  if (diagnostic === undefined) throw new Error('no diagnostic');
  expect(diagnostic.severity).toBe('error');
  return { ...diagnostic, place: `${diagnostic.line}:${diagnostic.column}` };
}

const head = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-frontend-ingress
  namespace: default
spec:
  podSelector:
    matchLabels:
      app: frontend  # the pods that the policy is for
  policyTypes:
    - Ingress
`;

describe('a list left of its key in a NetworkPolicy', () => {
  it('puts a whole rule in place, with its selector nested as its fields say', () => {
    const found = problem(
      `${head}  ingress:\n- from:\n- podSelector:\n  matchLabels:\n    app: backend # only the backend\n`,
    );
    expect(found).toMatchObject({
      code: 'yaml-syntax',
      place: '13:1',
      value: '- from:',
      message: 'This is not valid YAML: "- from:" stands left of "ingress:", which it belongs to.',
      suggestion: [
        '  ingress:',
        '    - from:',
        '        - podSelector:',
        '            matchLabels:',
        '              app: backend # only the backend',
      ],
    });
  });

  it('puts several rules and both directions in place', () => {
    const found = problem(`${head}    - Egress
  ingress:
    - from:
- podSelector:
  matchLabels:
    app: api
egress:
- to:
  - podSelector:
    matchLabels:
      app: db
  ports:
  - protocol: TCP
    port: 5432
`);
    expect(found).toMatchObject({
      place: '15:1',
      message: 'This is not valid YAML: "- podSelector:" stands left of "from:", which it belongs to.',
    });
    expect(
      parse(
        (found.suggestion ?? [])
          .map((line) => line.slice(2))
          .join('\n')
          .replace('  - from', 'ingress:\n  - from'),
      ),
    ).toEqual({
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }],
      egress: [
        {
          to: [{ podSelector: { matchLabels: { app: 'db' } } }],
          ports: [{ protocol: 'TCP', port: 5432 }],
        },
      ],
    });
  });

  it('keeps comments and blank lines with what follows them', () => {
    const found = problem(`${head}  ingress:\n- from:\n\n  # one\n  - podSelector: {}\n`);
    expect(found.suggestion).toEqual([
      '  ingress:',
      '    - from:',
      '',
      '        # one',
      '        - podSelector: {}',
    ]);
  });

  it.each([
    ['a peer without from', '  ingress:\n- podSelector:\n    matchLabels:\n      app: x\n'],
    ['a field that does not exist', '  ingress:\n- from:\n  - podSelektor: {}\n'],
    ['a rule that would be empty', '  ingress:\n- from:\n'],
    [
      'a port that stood left of the labels',
      '  ingress:\n- from:\n  - podSelector:\n      matchLabels:\n        app: x\n    port: 80\n',
    ],
    [
      'a selector that fits in two places',
      '  ingress:\n- from:\n  - namespaceSelector: {}\n    ipBlock:\n      cidr: 10.0.0.0/8\n  matchLabels:\n    app: x\n',
    ],
    [
      'text over several lines',
      '  ingress:\n- from:\n  - podSelector:\n      matchLabels:\n        app: |\n          x\n',
    ],
  ])('suggests nothing for %s', (_, rest) => {
    const found = problem(head + rest);
    expect(found.code).toBe('yaml-syntax');
    expect(found.suggestion).toBeUndefined();
  });

  it('suggests nothing that the caller refuses', () => {
    const text = `${head}  ingress:\n- from:\n  - podSelector: {}\n`;
    const seen: unknown[] = [];
    const verify = (value: unknown): boolean => {
      seen.push(value);
      return false;
    };
    expect(problem(text).suggestion).toBeDefined();
    expect(problem(text, { verify }).suggestion).toBeUndefined();
    expect(seen).toMatchObject([
      { kind: 'NetworkPolicy', spec: { ingress: [{ from: [{ podSelector: {} }] }] } },
    ]);
  });
});

describe('tabs in the indentation', () => {
  const rule = 'ingress:\n  - from:\n\t- podSelector:\n\t    matchLabels:\n\t      server: api\n';

  it('become the spaces with which the text makes sense', () => {
    expect(problem(rule)).toMatchObject({
      code: 'yaml-tab',
      place: '3:1',
      value: '- podSelector:',
      // Two spaces would parse, too: a rule with an empty "from", which admits everyone, and another one beside it.
      suggestion: ['  - from:', '    - podSelector:', '        matchLabels:', '          server: api'],
    });
  });

  it('in a whole policy', () => {
    const found = problem(
      `${head}  ingress:\n  - from:\n\t- podSelector:\n\t    matchLabels:\n\t      server: api\n`,
    );
    expect(found).toMatchObject({ code: 'yaml-tab', place: '14:1' });
    expect(found.suggestion).toEqual([
      '  - from:',
      '    - podSelector:',
      '        matchLabels:',
      '          server: api',
    ]);
  });

  it('stay when they could mean several things', () => {
    expect(problem('a:\n    b:\n        c: 1\n\td: 2\n')).toMatchObject({ code: 'yaml-tab', place: '4:1' });
    expect(problem('a:\n    b:\n        c: 1\n\td: 2\n').suggestion).toBeUndefined();
  });
});

describe('other mistakes have words of their own', () => {
  it.each<[string, string, string, string, readonly string[] | undefined]>([
    [
      'kind: Service\nspec:\n  ports:\n- port: 80\n',
      '4:1',
      'yaml-syntax',
      'stands left of "ports:"',
      ['  ports:', '  - port: 80'],
    ],
    ['a: {{ .Values.name }}\nb: 1\n', '1:4', 'helm-template', 'has to be filled in first', undefined],
    [
      '{{- if .Values.on }}\nb: 1\n{{- end }}\n',
      '1:1',
      'helm-template',
      'has to be filled in first',
      undefined,
    ],
    [
      'metadata:\n  name: x\n  labels:\n    app:web\n    b: c\n',
      '4:9',
      'yaml-syntax',
      'a space is missing',
      ['    app: web'],
    ],
    ['a: "web\nb: 1\n', '1:4', 'yaml-syntax', 'the quote " is not closed', ['a: "web"']],
    ["a: 'web\nb: 1\n", '1:4', 'yaml-syntax', "the quote ' is not closed", ["a: 'web'"]],
    ["a: 'it's'\n", '1:4', 'yaml-syntax', "the quote ' is not closed", undefined],
    ['a: "x" y\n', '1:8', 'yaml-syntax', 'more text stands behind a closing quote', undefined],
    ['a: @x # c\n', '1:4', 'yaml-syntax', 'cannot start with "@"', ["a: '@x' # c"]],
    ['a: b: c\n', '1:4', 'yaml-syntax', 'holds a colon and a space', undefined],
    [
      'a: 1\n  b: 2\n',
      '2:3',
      'yaml-syntax',
      '"b:" stands right of "a:", which has a value already',
      ['a: 1', 'b: 2'],
    ],
    ['a:\n    b: 1\n  c: 2\n', '3:3', 'yaml-syntax', '"c:" stands in column 3', undefined],
    ['a: 1\nb\nc: 2\n', '2:1', 'yaml-syntax', 'a colon is missing', undefined],
    // More mistakes within one list than are looked at: what the first is counts.
    [
      'apiVersion: v1\nitems:\n- a: 1\noops\n' + '- a: 1\n  b:\n    c: d\n    e: f\n  g: h\n'.repeat(3),
      '4:1',
      'yaml-syntax',
      'the line is no "key: value"',
      undefined,
    ],
    ['a: [b, c\nd: 1\n', '2:1', 'yaml-syntax', 'not closed with ]', undefined],
    ['a: {b: c\nd: 1\n', '2:1', 'yaml-syntax', 'not closed with }', undefined],
    ['a: b\nc: ]\n', '2:4', 'yaml-syntax', 'this bracket closes nothing', undefined],
    ['a: - b\n', '1:4', 'yaml-syntax', 'a list cannot start on the line of its key', undefined],
    ['a: "\\d"\n', '1:5', 'yaml-syntax', 'no escape', undefined],
    ['a: |x\n  b\n', '1:5', 'yaml-syntax', 'behind | or >', undefined],
    ['```yaml\na: 1\n```\n', '1:1', 'yaml-syntax', 'Markdown', undefined],
    [
      'a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> main\n',
      '2:1',
      'yaml-syntax',
      'merge conflict',
      undefined,
    ],
    ['%YAML 1.2\n', '1:1', 'yaml-syntax', 'without a document', undefined],
    ['a: x\0y\n', '1:5', 'yaml-syntax', 'control character (U+0000)', undefined],
    ['a: *.example.com\n', '1:4', 'yaml-value', 'stands for nothing', undefined],
    ['a: &a [*a]\n', '1:8', 'yaml-value', 'stands for nothing', undefined],
    ['? [a]\n: b\n', '1:3', 'yaml-value', 'Keys are text', undefined],
    ['a: {<<: 1}\n', '1:9', 'yaml-value', 'merges a mapping', undefined],
    ['a: .inf\n', '1:4', 'yaml-value', 'infinite', undefined],
    ['{"a": 1', '1:8', 'json-syntax', 'the text ends early', undefined],
  ])('%j', (text, place, code, words, suggestion) => {
    const found = problem(text);
    expect(found).toMatchObject({ place, code });
    expect(found.message).toContain(words);
    expect(found.suggestion).toEqual(suggestion);
  });

  it('says one thing for each document, whatever else is wrong in it', () => {
    const { diagnostics } = readText({ file: 'f', text: 'a: @\nb: @\nc: "\n---\na: @\n' });
    expect(diagnostics.map(({ line }) => line)).toEqual([1, 5]);
  });

  it('finds the mistake of a long document, and suggests nothing', () => {
    const found = problem(`${'a:\n  b: 1\n'.repeat(20_000)}c:\n  d:\n- e\n${'f: 1\n'.repeat(20_000)}`);
    expect(found).toMatchObject({ line: 40_003, column: 1 });
    expect(found.message).toContain('"- e" stands left of "d:"');
    expect(found.suggestion).toBeUndefined();
  });
});

it('names the limit of a document that is too large, and its size', () => {
  const { diagnostics } = readText({ file: 'f.yaml', text: `a: &b ${'x'.repeat(22.5 * 2 ** 20)}` });
  expect(diagnostics).toMatchObject([
    {
      code: 'document-too-large',
      message: 'YAML documents up to 20 MiB are read, this one has 23 MiB.',
      hint: 'use JSON (kubectl get … -o json), or dump a few namespaces at a time (-n)',
    },
  ]);
});

describe('codes', () => {
  const cases: Readonly<Record<string, string>> = {
    'yaml-syntax': 'a: [',
    'yaml-tab': 'a:\n\tb: 1\n',
    'yaml-value': 'a: *b\n',
    'yaml-expansion': `a: &a [1, 2, 3]\nb: [${'*a,'.repeat(300_000)}]\n`,
    'json-syntax': '{"a": ',
    'helm-template': 'a: {{ .b }}\n',
    'document-too-large': `a: &b ${'x'.repeat(20 * 2 ** 20)}`,
    'document-too-deep': '['.repeat(400) + ']'.repeat(400),
    'too-many-documents': '{}'.repeat(250_001),
    'too-many-errors': '--- ]\n'.repeat(1001),
  };

  it.each(Object.keys(textCodes))('%s', (code) => {
    const text = cases[code];
    expect(text, 'a code without a case').toBeDefined();
    const { diagnostics } = readText({ file: 'f', text: text as string });
    const codes = new Set(diagnostics.map((diagnostic) => diagnostic.code));
    expect([...codes].at(-1)).toBe(code);
    for (const emitted of codes) expect(Object.keys(textCodes)).toContain(emitted);
  });

  it('are documented', () => {
    for (const { title, text } of Object.values(textCodes)) {
      expect(title).toMatch(/^[A-Z].*\.$/);
      expect(text.length).toBeGreaterThan(80);
    }
  });
});
