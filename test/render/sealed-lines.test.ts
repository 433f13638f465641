import { expect, test } from 'vitest';
import { quotable } from '../../src/render/index.ts';

const ref = (kind: string): { readonly object: { apiVersion: string; kind: string; name: string } } => ({
  object: { apiVersion: 'v1', kind, name: 'a' },
});
const key = 'tls.key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JR0hBZ0VB';

test.each([
  ['a line of a Secret is not quoted', ref('Secret'), ['kind: Secret', key], undefined],
  ['nor one of what cannot be read and holds keys', { sealed: true }, ['data:', '\ta: b'], undefined],
  ['nor one of a Route, which has a key of its own', ref('Route'), ['key: a'], undefined],
  ['of the document before nothing is', ref('Pod'), [`  ${key}`, '---', 'kind: Pod'], ['kind: Pod']],
  [
    'before the fault, what looks like a key is left out',
    ref('Pod'),
    [`  ${key}`, 'kind: Pod'],
    ['  tls.key: (sealed)', 'kind: Pod'],
  ],
  ['also at a fault of which nobody knows the object', {}, [`\t${key}`], ['\ttls.key: (sealed)']],
  [
    'the line at fault is shown as it is',
    ref('Pod'),
    ['labels:', `  app: ${'a'.repeat(64)}`],
    ['labels:', `  app: ${'a'.repeat(64)}`],
  ],
] as const)('%s', (_, diagnostic, lines, shown) => {
  expect(quotable(diagnostic, lines)).toEqual(shown);
});
