import { expect, test } from 'vitest';

import { parseJson } from '../../../src/manifest/text/index.ts';

test('a key of one character that is written with an escape is that key', () => {
  // V8 13.6 remembers the first of these and gives it for the others.
  JSON.parse(String.raw`{"a":1,"\\":2}`);
  expect(parseJson(String.raw`{"a":1,"\u0062":2}`)).toEqual({ a: 1, b: 2 });
  expect(parseJson(String.raw`{"a":1,"\/" :2,"\u00e9":3}`)).toEqual({ a: 1, '/': 2, é: 3 });
});

test('texts and longer keys keep what they hold', () => {
  const text = String.raw`{"x\"\u0061":"\"\u0061\":","\u0061b":["\u0061","\\u0061"]}`;
  expect(parseJson(text)).toEqual({ 'x"a': '"a":', ab: ['a', '\\u0061'] });
});
