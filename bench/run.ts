// `npm run bench`: the speeds that podwall promises, each beside its limit and beside a baseline measured in the same
// run, and whether the fast answers are the right ones. A table for people, then one line of JSON for each row.
//
//     npm run bench               every size; a few minutes
//     npm run bench -- --quick    the two smaller sizes, once
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Measured, MeasuredParts } from './compile-and-count.ts';
import { generate, sizeNamed, sizes } from './generate.ts';
import type { Shape } from './generate.ts';
import { writeDump } from './write-dump.ts';
import { median, processCost } from './whole-process.ts';

interface Row {
  readonly question: string;
  readonly size: string;
  readonly figure: number;
  readonly unit: 'ms' | 'µs' | 'MB';
  /** What it must not exceed. */
  readonly limit?: number;
  /** Something comparable that was measured in the same run. */
  readonly baseline?: { readonly what: string; readonly figure: number };
  readonly equal?: { readonly equal: boolean; readonly text: string };
}

/**
 * Upper figures of the prototype in milliseconds, on 2 shared vCPUs: policies, pods, compile, exact counts at first call,
 * and what `JSON.parse` of the same size took there, which tells how this machine compares. The limit is 1.5 times the
 * sum of the first four.
 */
const prototype: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  '1k/500': [8, 3, 7, 2.5, 5],
  '10k/5k': [72, 22, 96, 14, 40],
  '100k/20k': [247, 144, 339, 60, 428],
  '150k/50k': [371, 225, 512, 54, 779],
};

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const rows: Row[] = [];
/** By size: the pairs that may talk, as counted from objects in memory. */
const allowedPairs = new Map<string, number>();

const chosen = values.quick ? sizes.slice(0, 2) : sizes;
for (const size of chosen) rows.push(...inMemory(size, values.quick ? 1 : 3));
rows.push(...(await asProcess(values.quick ? 3 : 7)));

console.log(
  `commit ${commit()}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}\n`,
);
printTable(rows);
for (const row of rows) console.log(JSON.stringify(row));
// Speed depends on the machine, so a figure over its limit is said and not failed; a wrong answer is a failure anywhere.
if (rows.some(({ equal }) => equal?.equal === false)) process.exitCode = 1;

function inMemory(size: Shape, runs: number): readonly Row[] {
  const child = (...flags: readonly string[]): unknown => {
    const args = ['--expose-gc', join(root, 'bench/compile-and-count.ts'), size.name, ...flags];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 }));
  };
  const measured = Array.from({ length: runs }, (_, run) =>
    run === 0 ? (child('--verify') as Measured) : (child() as Measured),
  );
  const parts = Array.from({ length: runs }, () => child('--parts') as MeasuredParts);
  const [first] = measured;
  if (first === undefined) return [];
  const middle = (of: (one: Measured) => number): number => median(measured.map(of));
  const middlePart = (of: (one: MeasuredParts) => number): number => median(parts.map(of));
  const [policies = 0, pods = 0, compile = 0, count = 0, jsonParse = 0] = prototype[size.name] ?? [];
  const step = (question: string, figure: number, then: number): Row => ({
    question,
    size: size.name,
    figure,
    unit: 'ms',
    baseline: { what: 'the prototype', figure: then },
  });
  const whole = policies + pods + compile + count;
  allowedPairs.set(size.name, first.allowedPairs);
  console.error(`${size.name}: ${JSON.stringify(first.stats)}`);
  return [
    step(
      'JSON.parse, for comparison',
      middle((one) => one.jsonParse),
      jsonParse,
    ),
    step(
      '    policies alone',
      middlePart((one) => one.policies),
      policies,
    ),
    step(
      '    pods alone',
      middlePart((one) => one.pods),
      pods,
    ),
    step(
      '  read',
      middle((one) => one.read),
      policies + pods,
    ),
    step(
      '  compile',
      middle((one) => one.compile),
      compile,
    ),
    step(
      '  exact counts, first call',
      middle((one) => one.count),
      count,
    ),
    {
      ...step(
        'objects to exact counts',
        middle((one) => one.read + one.compile + one.count),
        whole,
      ),
      limit: whole * 1.5,
      ...(first.verified === undefined ? {} : { equal: first.verified }),
    },
    {
      question: 'one verdict with its reasons',
      size: size.name,
      figure: middle((one) => one.verdictUs),
      unit: 'µs',
      limit: 2,
      ...(first.naiveVerdictUs === undefined
        ? {}
        : { baseline: { what: 'the naive evaluator', figure: first.naiveVerdictUs } }),
    },
    {
      question: '  for the first time',
      size: size.name,
      figure: middle((one) => one.firstVerdictUs),
      unit: 'µs',
    },
  ];
}

async function asProcess(runs: number): Promise<readonly Row[]> {
  const size = sizeNamed('10k/5k');
  if (size === undefined) throw new Error('there is no size 10k/5k');
  // What users run is the compiled package, which Node need not strip of its types.
  execFileSync(process.execPath, [join(root, 'scripts/build.ts')], { stdio: 'inherit' });
  const podwall = join(root, 'dist/cli/main.js');
  const folder = mkdtempSync(join(tmpdir(), 'podwall-bench-'));
  try {
    const dump = join(folder, 'dump.json');
    await writeDump(generate(size), dump);
    const megabytes = (statSync(dump).size / 1e6).toFixed(0);
    const counted = processCost([podwall, 'map', '--count', '-o', 'json', dump], runs);
    const parsed = processCost(
      ['-e', `JSON.parse(require('fs').readFileSync(${JSON.stringify(dump)}, 'utf8'))`],
      runs,
    );
    const help = processCost([podwall, '--help'], runs);
    const nothing = processCost(['-e', '0'], runs);
    const { allowed } = JSON.parse(counted.stdout) as { allowed: number };
    const expected = allowedPairs.get(size.name);
    const question = `map --count, a JSON file of ${megabytes} MB`;
    return [
      {
        question,
        size: size.name,
        figure: counted.ms,
        unit: 'ms',
        limit: 500,
        baseline: { what: 'JSON.parse of the file', figure: parsed.ms },
        equal: { equal: allowed === expected, text: `${allowed} pairs, as from memory` },
      },
      {
        question: '  memory at its peak',
        size: size.name,
        figure: counted.peakMegabytes,
        unit: 'MB',
        limit: 300,
        baseline: { what: 'JSON.parse of the file', figure: parsed.peakMegabytes },
      },
      {
        question: 'podwall --help',
        size: '',
        figure: help.ms,
        unit: 'ms',
        limit: 100,
        baseline: { what: 'Node doing nothing', figure: nothing.ms },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function commit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', 'src') === '' ? '' : ' and changes to src')
    );
  } catch {
    return 'unknown'; // a copy without history
  }
}

function printTable(all: readonly Row[]): void {
  const texts = all.map((row) => [
    row.question,
    row.size,
    `${rounded(row.figure)} ${row.unit}`,
    row.limit === undefined ? '' : `${row.figure <= row.limit ? '≤' : 'OVER'} ${rounded(row.limit)}`,
    row.baseline === undefined ? '' : `${rounded(row.baseline.figure)} ${row.baseline.what}`,
    row.baseline === undefined ? '' : `× ${rounded(row.figure / row.baseline.figure)}`,
    row.equal === undefined ? '' : `${row.equal.equal ? 'equal' : 'UNEQUAL'}: ${row.equal.text}`,
  ]);
  const table = [['QUESTION', 'SIZE', 'FIGURE', 'LIMIT', 'BASELINE', 'RATIO', 'RIGHT?'], ...texts];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0))) ?? [];
  for (const cells of table) {
    console.log(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
  console.log('');
}

/** Three digits that mean something. */
function rounded(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3).replace(/\.?0+$/, '');
}
