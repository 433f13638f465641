import { describe, expect, it } from 'vitest';
import type { Origin, Path } from '../../../src/model/index.ts';
import { readText } from '../../../src/manifest/text/index.ts';

function originOf(text: string, index = 0): Origin {
  const { documents, diagnostics } = readText({ file: 'f.yaml', text });
  expect(diagnostics).toEqual([]);
  return (documents[index] as { readonly origin: Origin }).origin;
}

const at = (origin: Origin, path: Path): string => {
  const { file, line, column } = origin.locate(path);
  expect(file).toBe('f.yaml');
  return `${line}:${column}`;
};
const keyAt = (origin: Origin, path: Path): string => {
  const { line, column } = origin.locateKey(path);
  return `${line}:${column}`;
};

const yaml = `# a comment
---
kind: NetworkPolicy
spec:
  ingress:
    - from:
        - podSelector: {}
        - ipBlock:
            cidr: 10.0.0.0/8 # office
      # ports are next
      ports:
      - port: 80

    - {}
  egress:
---
base: &base
  x: 1
  "y y": [a,
    b]
copy: *base
merged:
  <<: [*base, {z: 3}]
  x: 2
text: |
  one
  # two

last:
`;

describe('places in YAML', () => {
  const first = originOf(yaml);
  it.each([
    [[], '3:1', '3:1'],
    [['kind'], '3:7', '3:1'],
    [['spec', 'ingress', 0, 'from', 1], '8:11', '8:11'],
    [['spec', 'ingress', 0, 'from', 1, 'ipBlock', 'cidr'], '9:19', '9:13'],
    [['spec', 'ingress', 1], '14:7', '14:7'],
    [['spec', 'egress'], '15:3', '15:3'],
  ] as const)('%j', (path, value, key) => {
    expect(at(first, path)).toBe(value);
    expect(keyAt(first, path)).toBe(key);
  });

  it('names the nearest ancestor of what does not exist', () => {
    expect(at(first, ['spec', 'ingress', 0, 'ports', 7, 'endPort'])).toBe('12:7');
    expect(keyAt(first, ['spec', 'podSelector'])).toBe('4:1');
    expect(at(first, ['spec', 'ingress', 'from'])).toBe('6:5');
  });

  it('ends a value before comments and blank lines', () => {
    expect(first.endLine(['spec', 'ingress', 0])).toBe(12);
    expect(first.endLine(['spec', 'ingress', 0, 'from'])).toBe(9);
    expect(first.endLine(['spec', 'ingress'])).toBe(14);
    expect(first.endLine([])).toBe(15);
    expect(first.lines(11, 12)).toEqual(['      ports:', '      - port: 80']);
  });

  it('follows aliases and merges', () => {
    const second = originOf(yaml, 1);
    expect(at(second, ['copy'])).toBe('21:7');
    expect(at(second, ['copy', 'x'])).toBe('18:6');
    expect(at(second, ['copy', 'y y', 1])).toBe('20:5');
    expect(at(second, ['merged', 'x'])).toBe('24:6');
    expect(at(second, ['merged', 'y y'])).toBe('19:10');
    expect(at(second, ['merged', 'z'])).toBe('23:19');
    expect(second.endLine(['base'])).toBe(20);
    expect(second.endLine(['text'])).toBe(27);
    expect(at(second, ['last'])).toBe('29:1');
  });

  it('finds keys by what they become, and of two the last', () => {
    const origin = originOf('labels:\n  0x10: a\n  yes: b\n  c: 1\n  c: 2\n');
    expect(at(origin, ['labels', '16'])).toBe('2:9');
    expect(at(origin, ['labels', 'true'])).toBe('3:8');
    expect(at(origin, ['labels', 'c'])).toBe('5:6');
  });

  it('counts lines that end with carriage return and line feed', () => {
    const origin = originOf('\uFEFFa: 1\r\nb:\r\n  - c\r\n');
    expect(at(origin, ['a'])).toBe('1:4');
    expect(at(origin, ['b', 0])).toBe('3:5');
    expect(origin.lines(2, 3)).toEqual(['b:', '  - c']);
  });

  it('answers about each of many documents', () => {
    const text = Array.from({ length: 500 }, (_, i) => `a:\n  b: ${i}\n`).join('---\n');
    const { documents } = readText({ file: 'f.yaml', text });
    for (const [i, { origin }] of documents.entries()) expect(at(origin, ['a', 'b'])).toBe(`${i * 3 + 2}:6`);
  });

  it('gives no lines that no one could read', () => {
    const origin = originOf(`a: ${'x'.repeat(500)}\nb: 1\n`);
    expect(origin.lines(1, 2)).toBeUndefined();
    expect(origin.lines(2, 2)).toEqual(['b: 1']);
    expect(origin.lines(9, 9)).toBeUndefined();
  });
});

describe('places in JSON', () => {
  const value = { kind: 'List', items: [{ 'a "b"': [1, { c: 'x}' }], d: {} }, { e: null }] };

  it('finds paths in indented JSON', () => {
    const origin = originOf(JSON.stringify(value, null, 2));
    expect(at(origin, [])).toBe('1:1');
    expect(at(origin, ['items', 0, 'a "b"', 1, 'c'])).toBe('8:16');
    expect(keyAt(origin, ['items', 0, 'a "b"', 1, 'c'])).toBe('8:11');
    expect(at(origin, ['items', 1, 'e'])).toBe('14:12');
    expect(at(origin, ['items', 1, 'f', 'g'])).toBe('13:5');
    expect(at(origin, ['items', 5])).toBe('3:12');
    expect(origin.endLine(['items', 0, 'a "b"'])).toBe(10);
    expect(origin.lines(8, 8)).toEqual(['          "c": "x}"']);
  });

  it('finds paths in JSON on one line, and gives no lines of it', () => {
    const text = `\n ${JSON.stringify(value)}\n`;
    const origin = originOf(text);
    expect(at(origin, ['items', 1, 'e'])).toBe(`2:${text.indexOf('null')}`);
    expect(origin.lines(2, 2)).toBeUndefined();
    expect(origin.endLine(['items'])).toBeUndefined();
  });

  it('finds the last of two keys, and elements far into a long list', () => {
    expect(at(originOf('{"a": 1, "a": 2}'), ['a'])).toBe('1:15');
    const items = Array.from({ length: 20_000 }, (_, i) => ({ name: `pod-${i}`, labels: { app: 'x' } }));
    const text = JSON.stringify({ items }, null, 1);
    const origin = originOf(text);
    const lines = text.split('\n');
    for (const index of [0, 1, 12_345, 19_999]) {
      const { line, column } = origin.locate(['items', index, 'name']);
      expect(lines[line - 1]?.slice(column - 1)).toBe(`"pod-${index}",`);
    }
  });

  it('tells the values of a stream apart', () => {
    const origin = originOf('{"a": 1}\n{\n "a": 2}\n', 1);
    expect(at(origin, ['a'])).toBe('3:7');
    expect(origin.lines(3, 3)).toEqual([' "a": 2}']);
  });
});
