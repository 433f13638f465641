import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kubernetesYamlOptions, readText } from '../../../src/manifest/text/index.ts';

const read = (text: string) => readText({ file: 'input.yaml', text });

/** JSON with sorted keys: Go prints them so. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Answers of sigs.k8s.io/yaml v1.6.0, YAMLToJSON, to one text each. */
const answers = JSON.parse(readFileSync(new URL('go-yaml.json', import.meta.url), 'utf8')) as readonly {
  readonly yaml: string;
  readonly json?: string;
  readonly refused?: string;
}[];

/** Grammar of YAML 1.2 where go-yaml has that of 1.1; nothing of it occurs in manifests. */
const differing = new Set([
  '%YAML 1.2\n---\na: yes', // refused there
  'a: b\u2028c: d', // line separators end lines there
  'a: b\u0085c: d',
  '-\ta', // refused there
  'a: "\\/"', // no escape there
  'a: |2\n   x', // the final line end
  '---\n---\na', // YAMLToJSON reads the first document only, and empty ones are left out here
  '"a":1',
  'a: [-]',
]);

describe('the package of kubectl and of podwall read the same', () => {
  it('has answers', () => expect(answers.length).toBeGreaterThan(200));

  it.each(answers.filter(({ yaml }) => !differing.has(yaml)))('$yaml', ({ yaml, json, refused }) => {
    const { documents, diagnostics } = read(yaml);
    if (refused !== undefined) expect(diagnostics).toHaveLength(1);
    else {
      expect(diagnostics).toEqual([]);
      const value: unknown = documents[0]?.value ?? null;
      expect(canonical(value)).toBe(canonical(JSON.parse(json as string)));
    }
  });

  it('knows each difference', () => {
    const texts = new Set(answers.map(({ yaml }) => yaml));
    for (const text of differing) expect(texts).toContain(text);
  });
});

interface SuiteCase {
  readonly id: string;
  readonly yaml: string;
  readonly fail?: true;
  readonly json?: string;
}

const suite = JSON.parse(
  readFileSync(new URL('../../conformance/yaml-test-suite/cases.json', import.meta.url), 'utf8'),
) as readonly SuiteCase[];

/** Valid YAML that Kubernetes refuses: keys that are null, lists or mappings. */
const refusedKeys = new Set(
  `2JQS 4FJ6 6BFJ 6M2F 6PBE 9MMW CFD4 DFF7 FH7J FRK4 KK5P LX3P M2N8-0 M2N8-1 M5DY NHX8 NKF9 PW8X Q9WF RZP5 S3PD SBG9
  SM9W-1 UKK6-0 V9D5 X38W XW4D`.split(/\s+/),
);
/** `!!binary` is decoded, and the key `y` is a boolean. */
const otherSchema = new Set(['565N', 'C4HZ']);
/** A second %YAML directive, which the parser lets pass. */
const accepted = new Set(['SF5V']);

/** The values of a text of several JSON values, which `json` of the suite is. */
function jsonValues(text: string): readonly unknown[] {
  const values: unknown[] = [];
  let start = 0;
  for (let end = 1; end <= text.length; end++) {
    if (end < text.length && text[end] !== '\n') continue;
    try {
      values.push(JSON.parse(text.slice(start, end)));
      start = end;
    } catch {
      // The value goes on in the next line.
    }
  }
  return values;
}

describe('yaml-test-suite', () => {
  it('has all cases', () => expect(suite).toHaveLength(402));

  it.each(suite)('$id', ({ id, yaml, fail, json }) => {
    const { documents, diagnostics } = read(yaml);
    const codes = diagnostics.map(({ code }) => code);
    if (refusedKeys.has(id)) return expect(new Set(codes)).toEqual(new Set(['yaml-value']));
    if (fail && !accepted.has(id)) return expect(codes).not.toEqual([]);
    expect(codes).toEqual([]);
    if (json === undefined || otherSchema.has(id)) return;
    const wanted = jsonValues(json).filter((value) => value !== null);
    return expect(documents.map(({ value }) => canonical(value))).toEqual(wanted.map(canonical));
  });

  it('is read alike by the parser with the exported options', () => {
    let compared = 0;
    for (const { id, yaml } of suite) {
      const { documents, diagnostics } = read(yaml);
      // Streams of JSON, merges and duplicates are the reader's own; the suite has none of them.
      if (diagnostics.length > 0 || refusedKeys.has(id) || id === 'C4HZ') continue;
      const parsed = parseAllDocuments(yaml, kubernetesYamlOptions);
      if (!Array.isArray(parsed) || parsed.some(({ errors }) => errors.length > 0)) continue;
      const values = parsed.map((document) => document.toJS() as unknown).filter((value) => value !== null);
      expect(
        documents.map(({ value }) => canonical(value)),
        id,
      ).toEqual(values.map(canonical));
      compared++;
    }
    expect(compared).toBeGreaterThan(200);
  });
});
