import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';

// What users of the library see: the declarations of the package, compiled as it is published, and used by a stranger who
// checks them whole.
const root = new URL('../..', import.meta.url).pathname;
const here = `${root}node_modules/.cache/podwall-declarations-${process.pid}/`;
const tsc = (...args: readonly string[]): string =>
  execFileSync(`${root}node_modules/.bin/tsc`, args, { encoding: 'utf8' });

afterAll(() => rmSync(here, { recursive: true, force: true }));

test('the published types are whole, and hide what answers are made of', { timeout: 120_000 }, () => {
  mkdirSync(here, { recursive: true });
  tsc('-p', `${root}tsconfig.build.json`, '--outDir', `${here}dist`, '--emitDeclarationOnly');
  const compiled = readFileSync(`${here}dist/policy/compiled-policy.d.ts`, 'utf8');
  for (const name of ['parts', 'matrix', 'accesses', 'sideAllowed', 'peerHas', 'admittedByRule'])
    expect(compiled).not.toMatch(new RegExp(`^    (readonly |get )?${name}\\b`, 'm'));
  for (const name of ['allowed', 'decide', 'isolated', 'selecting'])
    expect(compiled).toMatch(new RegExp(`^    ${name}\\(`, 'm'));
  writeFileSync(
    `${here}user.ts`,
    `import { compile, count, emptyCluster, explainCluster, map, type CompiledPolicy } from './dist/index.js';
import { renderMap } from './dist/render/index.js';
const policy: CompiledPolicy = compile(emptyCluster);
export const all = [count(policy), explainCluster, map, renderMap, policy.decide];
// @ts-expect-error not for users of the library
export const hidden = policy.parts;
`,
  );
  const options = {
    compilerOptions: {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'esnext',
      skipLibCheck: false,
      types: ['node'],
    },
    files: ['user.ts'],
  };
  writeFileSync(`${here}tsconfig.json`, JSON.stringify(options));
  tsc('-p', here);
});
