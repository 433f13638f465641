// `npm run check`: the static jobs, each one a tool with its own verdict. Fails when any of them does.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

const jobs: readonly (readonly [string, readonly string[]])[] = [
  ['types', [bin('tsc'), '-p', 'tsconfig.json']],
  ['lint', [bin('oxlint'), '--type-aware', '--deny-warnings']],
  ['format', [bin('prettier'), '--check', '--log-level', 'warn', '.']],
  ['dead code', [bin('knip')]],
  ['dead code in production', [bin('knip'), '--production']],
];

let failed = 0;
const run = (name: string, command: readonly string[]): void => {
  const [file, ...args] = command;
  const result = spawnSync(file as string, args, { cwd: root, encoding: 'utf8' });
  const ok = result.status === 0;
  if (!ok) failed++;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
  if (!ok) console.log(result.stdout + result.stderr);
};

for (const [name, command] of jobs) run(name, command);

// The package as users get it: what npm packs, not what lies in the folder.
const folder = mkdtempSync(join(tmpdir(), 'podwall-pack-'));
try {
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root });
  const tarball = join(folder, readdirSync(folder)[0] as string);
  run('package: publint', [bin('publint'), 'run', tarball, '--strict']);
  run('package: types resolve', [bin('attw'), tarball, '--profile', 'esm-only']);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

if (failed > 0) {
  console.log(`${failed} static checks failed`);
  process.exitCode = 1;
}
