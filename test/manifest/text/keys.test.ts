import { expect, test } from 'vitest';
import { readManifests } from '../../../src/manifest/index.ts';
import type { Diagnostic } from '../../../src/model/index.ts';

// A Secret that cannot be read is no object yet, and what is said of it must not show what it holds.

const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: shop}\n';
const broken: Readonly<Record<string, string>> = {
  'a tab': `${secret}data:\n\ttls.key: KEEPOUT\n`,
  'a tab, as sorted by kubectl': `apiVersion: v1\ndata:\n\ttls.key: KEEPOUT\nkind: Secret\n`,
  'an end of quotes that is missing': `${secret}stringData:\n  tls.key: |\n    KEEPOUT\n  x: "KEEPOUT\n`,
  'two values': `${secret}data: KEEPOUT\n  KEEPOUT: x\n`,
  'an alias of nothing': `${secret}data:\n  a: KEEPOUT\n  b: *KEEPOUT\n`,
  'a Secret in a list': `apiVersion: v1\nkind: List\nitems:\n- ${secret.replaceAll('\n', '\n  ')}data:\n    a: KEEPOUT\n    - x\n`,
  JSON: `{"apiVersion":"v1","kind":"Secret","data":{"tls.key":"KEEPOUT" "x":"KEEPOUT"}}`,
  'JSON behind JSON': `{"apiVersion":"v1","kind":"Node"}\n{"kind":"Secret","data":{"tls.key":"KEEPOUT" "x":1}}`,
  Route: 'kind: Route\nspec:\n  tls:\n    key: KEEPOUT\n   x: KEEPOUT\n',
};

const read = (text: string): readonly Diagnostic[] =>
  readManifests([{ file: 'a.yaml', text }]).diagnostics.filter(({ severity }) => severity === 'error');

test.each(Object.entries(broken))('nothing of a Secret that cannot be read is shown: %s', (_, text) => {
  const diagnostics = read(text);
  expect(diagnostics).not.toEqual([]);
  expect(JSON.stringify(diagnostics)).not.toContain('KEEPOUT');
  for (const { sealed } of diagnostics) expect(sealed).toBe(true);
});

test.each([
  ['another document', `${secret}data: {a: KEEPOUT}\n---\nkind: Pod\n\tspec: {}\n`],
  ['one that refers to a Secret', 'kind: Gateway\nspec:\n  ref:\n    kind: Secret\n\tname: tls\n'],
])('%s is told of as ever', (_, text) => {
  const [diagnostic] = read(text);
  expect(diagnostic).toMatchObject({ code: 'yaml-tab', message: expect.stringContaining('tab') });
  expect(diagnostic?.sealed).toBeUndefined();
});

test('a Route whose key stands in the wrong place does not show it', () => {
  const diagnostics = read(
    'apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: a}\nspec: {to: {name: web}, tls: KEEPOUT}\n',
  );
  expect(diagnostics).toMatchObject([{ code: 'wrong-type', path: 'spec.tls' }]);
  expect(JSON.stringify(diagnostics)).not.toContain('KEEPOUT');
});
