// `npm run mutants`: breaks the engine on purpose, one way at a time, in a copy of the repository, and demands that some
// test notices. A test suite that lets a broken engine pass proves nothing about a whole one.
//
//     npm run mutants                  all of them
//     npm run mutants -- except named  those whose file or reason holds one of these words
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants } from './mutants/list.ts';
import type { Mutant } from './mutants/list.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

// node_modules is linked, and the rest of what is not copied no test reads.
const notCopied = new Set(['.cache', '.git', 'coverage', 'dist', 'node_modules']);

// Where the engine's meaning is tested; tests of looks, documents and the command line only cost time here.
const suites = [
  'bench',
  'conformance',
  'entry',
  'fixtures',
  'manifest/network-policy',
  'manifest/tier-policy',
  'net',
  'nft',
  'policy',
  'property',
  'reach',
  'reference',
];

/** Who notices first, by where the code is: asked before all others, which take minutes. */
const nearest: readonly (readonly [folder: string, names: readonly string[]])[] = [
  [
    'src/manifest/',
    [
      'manifest/network-policy',
      'manifest/tier-policy',
      'conformance/networkpolicy-validation',
      'conformance/clusternetworkpolicy-validation',
    ],
  ],
  ['src/net/', ['net']],
  ['src/topology/', ['topology/plan', 'topology/services']],
  ['src/host/lab/', ['lab/repair']],
  ['src/entry/', ['entry']],
  ['src/exposure/', ['exposure/cases', 'exposure/regions']],
  ['src/reach/', ['reach', 'entry', 'policy/profiles']],
  ['src/nft/', ['nft/naming', 'nft/tiers', 'nft/plan', 'nft/property']],
  ['src/policy/live/', ['policy/live', 'property/live']],
  ['src/policy/', ['fixtures', 'policy', 'property/engine', 'property/tiers']],
];

/** Tests that are run together. */
interface Tests {
  readonly names: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** No other folder of tests uses exposures. */
const exposureSuites = ['exposure'];

/** The lab is tested by labs. */
const labSuites = ['topology', 'lab/repair.test.ts', 'lab/dual-stack.test.ts'];

/** What is run of a mutant, one after the other, until something notices. */
function testsFor({ file }: Mutant): readonly Tests[] {
  const early = nearest.find(([folder]) => file.startsWith(folder))?.[1];
  const all = /^src\/(topology|host\/lab)\//.test(file)
    ? labSuites
    : file.startsWith('src/exposure/')
      ? exposureSuites
      : suites;
  return [...(early === undefined ? [] : [of(early, fewClusters)]), of(all, fixedClusters)];
}

const known = new Map<string, Tests>();

/** The same instance for the same names. */
function of(names: readonly string[], environment: Tests['environment']): Tests {
  const key = names.join(' ');
  const tests = known.get(key) ?? { names, environment };
  known.set(key, tests);
  return tests;
}

const limits = new Map<Tests, number>();

/** How long tests may take, by how long they take on the engine as it is, which must pass them. */
function limitOf(folder: string, tests: Tests): number {
  let limit = limits.get(tests);
  if (limit === undefined) {
    const begin = performance.now();
    const whole = runTests(folder, tests, mostMs);
    if (whole.noticed) throw new Error(`the tests fail on the engine as it is: ${whole.by}`);
    limit = Math.max(leastMs, Math.ceil(timesAsLong * (performance.now() - begin)));
    limits.set(tests, limit);
  }
  return limit;
}

/** What notices a mutant, which stands in the folder when `write` has been called with true. */
function outcomeOf(folder: string, mutant: Mutant, write: (broken: boolean) => void): Outcome {
  let outcome: Outcome = { noticed: false, by: '' };
  for (const tests of testsFor(mutant)) {
    const limit = limitOf(folder, tests);
    write(true);
    outcome = runTests(folder, tests, limit);
    write(false);
    if (outcome.noticed) break;
  }
  return outcome;
}

// Equal runs, and fewer clusters than `npm test` asks about: a mutant that only a rare one notices is hardly noticed.
const fixedClusters = { PODWALL_SEED: '1', PODWALL_CLUSTERS: '900' };
const fewClusters = { PODWALL_SEED: '1', PODWALL_CLUSTERS: '300' };

// A mutant may loop for ever, which counts as noticed: when it takes so many times as long as the engine as it is, and longer
// than this.
const timesAsLong = 4;
const leastMs = 60_000;
const mostMs = 3_600_000;

interface Outcome {
  readonly noticed: boolean;
  /** The first test that failed, or what else gave it away. */
  readonly by: string;
}

/** Where `mutant.find` begins. Anything but exactly one place means that the code has moved on and the list has not. */
function placeOf(mutant: Mutant, text: string): number {
  const first = text.indexOf(mutant.find);
  if (first < 0) throw new Error(`${mutant.file} does not hold ${JSON.stringify(mutant.find)}`);
  if (text.includes(mutant.find, first + 1)) {
    throw new Error(`${mutant.file} holds ${JSON.stringify(mutant.find)} more than once`);
  }
  return first;
}

function runTests(folder: string, { names, environment }: Tests, timeoutMs: number): Outcome {
  const report = join(folder, 'report.json');
  rmSync(report, { force: true });
  const run = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', '--bail=1', '--reporter=json', `--outputFile=${report}`, ...names.map((name) => `test/${name}`)],
    {
      cwd: folder,
      env: { ...process.env, ...environment },
      encoding: 'utf8',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    },
  );
  if (run.error !== undefined && 'code' in run.error && run.error.code === 'ETIMEDOUT') {
    return { noticed: true, by: `no end within ${Math.round(timeoutMs / 1000)} s` };
  }
  if (run.status === 0) return { noticed: false, by: '' };
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { message: string; assertionResults: { status: string; fullName: string }[] }[];
  };
  const failed = testResults
    .flatMap((suite) => suite.assertionResults)
    .find((test) => test.status === 'failed');
  // Suites that fail to load at all would also fail for a typing mistake in the list: that is no test that notices.
  if (failed === undefined) {
    throw new Error(`no test ran to an end:\n${testResults.map(({ message }) => message).join('\n')}`);
  }
  return { noticed: true, by: failed.fullName };
}

const words = process.argv.slice(2);
const chosen = mutants.filter(
  ({ file, why }) => words.length === 0 || words.some((word) => file.includes(word) || why.includes(word)),
);
if (chosen.length === 0) throw new Error(`no mutant speaks of ${words.join(' or ')}`);

const folder = mkdtempSync(join(tmpdir(), 'podwall-mutants-'));
try {
  for (const name of readdirSync(root)) {
    if (!notCopied.has(name)) cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));

  const texts = new Map(chosen.map(({ file }) => [file, readFileSync(join(folder, file), 'utf8')]));
  const textOf = (file: string): string => texts.get(file) ?? '';
  for (const mutant of chosen) placeOf(mutant, textOf(mutant.file));

  console.log(`${chosen.length} mutants\n`);

  let unnoticed = 0;
  for (const mutant of chosen) {
    const text = textOf(mutant.file);
    const place = placeOf(mutant, text);
    const line = text.slice(0, place).split('\n').length;
    // Not String.replace: the replacement may hold a dollar sign.
    const mutated = text.slice(0, place) + mutant.replace + text.slice(place + mutant.find.length);
    const { noticed, by } = outcomeOf(folder, mutant, (broken) => {
      writeFileSync(join(folder, mutant.file), broken ? mutated : text);
    });
    if (!noticed) unnoticed++;
    console.log(`${noticed ? 'noticed  ' : 'UNNOTICED'} ${mutant.why}`);
    console.log(`          ${mutant.file}:${line}${noticed ? ` · ${by}` : ''}`);
  }
  console.log(`\n${chosen.length - unnoticed} noticed, ${unnoticed} unnoticed`);
  if (unnoticed > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
