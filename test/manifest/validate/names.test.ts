import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  isDnsLabel,
  isDnsSubdomain,
  isLabelKey,
  isLabelValue,
  isPortName,
  labelKeyProblems,
  labelValueProblems,
  portNameProblems,
  portNumberProblems,
} from '../../../src/manifest/validate/index.ts';

const long = (length: number): string => 'a'.repeat(length);

/** What each rule says of a text: how many messages, none for a good one. */
const rules = {
  'label key': { problems: labelKeyProblems, isGood: isLabelKey },
  'label value': { problems: labelValueProblems, isGood: isLabelValue },
  'DNS label': { problems: dnsLabelProblems, isGood: isDnsLabel },
  'DNS subdomain': { problems: dnsSubdomainProblems, isGood: isDnsSubdomain },
  'port name': { problems: portNameProblems, isGood: isPortName },
} as const;

const table: readonly (readonly [keyof typeof rules, string, number])[] = [
  ['label key', 'app', 0],
  ['label key', 'App.v-1_x', 0],
  ['label key', 'example.com/App', 0],
  ['label key', '1.2.3.4/5678', 0],
  ['label key', long(63), 0],
  ['label key', `${long(63)}.${long(63)}.${long(63)}.${long(61)}/x`, 0],
  ['label key', long(64), 1],
  ['label key', '', 2],
  ['label key', 'example.com/', 2],
  ['label key', '/app', 1],
  ['label key', 'a/b/c', 1],
  ['label key', 'a/b/c/d', 1],
  ['label key', 'Example.com/app', 1],
  ['label key', `${long(254)}/x`, 1],
  ['label key', '-app', 1],
  ['label key', 'app_', 1],
  ['label key', 'a b', 1],
  ['label key', 'a\n', 1],
  ['label key', '__proto__', 1],
  ['label value', '', 0],
  ['label value', '123_-.BaR', 0],
  ['label value', long(63), 0],
  ['label value', long(64), 1],
  ['label value', '*', 1],
  ['label value', 'a,b', 1],
  // 32 letters of two bytes: the server counts bytes.
  ['label value', 'é'.repeat(32), 2],
  ['label value', 'é'.repeat(31), 1],
  // One pair of surrogates has four bytes.
  ['label value', '😀'.repeat(16), 2],
  ['label value', '😀'.repeat(15), 1],
  ['label value', '語'.repeat(21), 1],
  ['label value', '語'.repeat(22), 2],
  ['DNS label', 'shop', 0],
  ['DNS label', '1-a', 0],
  ['DNS label', long(63), 0],
  ['DNS label', long(64), 1],
  ['DNS label', 'a.b', 1],
  ['DNS label', 'Shop', 1],
  ['DNS label', 'a-', 1],
  ['DNS label', '', 1],
  ['DNS subdomain', '1-allow.from.web', 0],
  ['DNS subdomain', long(253), 0],
  ['DNS subdomain', long(254), 1],
  ['DNS subdomain', 'a..b', 1],
  ['DNS subdomain', 'a.', 1],
  ['DNS subdomain', 'a.-b', 1],
  ['DNS subdomain', 'a_b', 1],
  ['DNS subdomain', '', 1],
  ['port name', 'a', 0],
  ['port name', '8080-tcp', 0],
  ['port name', 'abcdefghijklmno', 0],
  ['port name', 'abcdefghijklmnop', 1],
  ['port name', '80', 1],
  ['port name', 'http--alt', 1],
  ['port name', 'http-', 1],
  ['port name', '-http', 1],
  ['port name', '-', 2],
  ['port name', 'HTTP', 2],
  ['port name', '', 2],
];

describe('names, labels and ports have as many messages as the API has for them', () => {
  test.each(table)('%s %j: %d', (rule, text, count) => {
    const { problems, isGood } = rules[rule];
    expect(problems(text)).toHaveLength(count);
    expect(isGood(text)).toBe(count === 0);
    // Good ones are remembered: the second answer is the first.
    expect(isGood(text)).toBe(count === 0);
  });

  test('dots in a namespace are named as such', () => {
    expect(dnsLabelProblems('a.b')).toEqual(['must not contain dots']);
  });

  test.each([
    [0, 1],
    [1, 0],
    [65_535, 0],
    [65_536, 1],
    [-1, 1],
    [Number.NaN, 1],
  ])('port %d: %d', (port, count) => {
    expect(portNumberProblems(port)).toHaveLength(count);
  });

  test('hostile texts are judged in linear time', () => {
    const start = performance.now();
    for (const text of [
      `${long(2_000_000)}!`,
      `${'a.'.repeat(1_000_000)}!`,
      '-'.repeat(2_000_000),
      'a/'.repeat(1_000_000),
    ]) {
      for (const { problems, isGood } of Object.values(rules)) {
        expect(problems(text)).not.toEqual([]);
        expect(isGood(text)).toBe(false);
      }
    }
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

test('what is asked of every object agrees with the messages of the API', () => {
  const character = fc.constantFrom('a', 'z', '0', '9', '-', '.', '_', 'A', 'é');
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 8 }), (text) => {
      for (const { problems, isGood } of Object.values(rules)) {
        expect(isGood(text)).toBe(problems(text).length === 0);
      }
    }),
    { numRuns: 5_000 },
  );
});
