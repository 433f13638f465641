// `npm run bench`: what podwall promises about speed and memory, each figure beside its limit and beside a baseline
// measured in the same run, and whether the fast answers are the right ones. Every case runs in processes of its own.
//
//     npm run bench                        every case, some twenty minutes; a table
//     npm run bench -- --quick             small sizes, less than half a minute; fails where a ratio has become much worse
//     npm run bench -- -o json             one line of JSON for each line of the table, and nothing else
//     npm run bench -- --only 'wide|live'  the cases whose names match this regular expression
//     npm run bench -- --runs 1            each process once; default: the least of 3, of 2 with --quick
//     npm run bench -- --write-ratios      and makes the ratios of this run the committed ones
//     npm run bench -- --write-docs        and puts the table into docs/explanation/measurements.md
//
// A ratio is figure ÷ baseline: of CPU times where there are times, so that what else runs on the machine matters little.
// The exit code is 1 where an answer was wrong or a case could not be measured, and with --quick where a ratio is worse than
// the committed one by more than `quickTolerance`. Absolute figures are shown beside their limits and never judged.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cases } from './cases.ts';
import type { Case, Context } from './cases.ts';
import { keyOf, ratioOf } from './line.ts';
import type { Line } from './line.ts';
import { jsonOf, judge, markdownOf, tableOf } from './report.ts';
import type { Judged, Ratios } from './report.ts';

/** Times the committed ratio at which a line is shown as worse. Idle machines repeat ratios to about a fifth. */
const tolerance = 1.35;
/** For machines that do much else at the same time, and figures of milliseconds. Work that has become quadratic is far above. */
const quickTolerance = 3;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    output: { type: 'string', short: 'o', default: 'table' },
    only: { type: 'string' },
    runs: { type: 'string' },
    'write-ratios': { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});
if (values.output !== 'table' && values.output !== 'json') throw new Error('-o is table or json');
const root = fileURLToPath(new URL('..', import.meta.url));
const ratiosPath = join(root, 'bench/ratios.json');
const committed = JSON.parse(readFileSync(ratiosPath, 'utf8')) as Ratios;
const limit = values.quick ? quickTolerance : tolerance;
const judgeAll = (lines: readonly Line[]): readonly Judged[] =>
  lines.map((line) => judge(line, committed, limit));

const only = new RegExp(values.only ?? '');
const chosen = cases.filter(({ name, quick }) => (!values.quick || quick) && only.test(name));
if (chosen.length === 0) throw new Error(`no case is named ${values.only}`);
// What users run is the compiled package, which Node need not strip of its types.
if (!values.quick) {
  execFileSync(process.execPath, [join(root, 'scripts/build.ts')], { stdio: ['ignore', 2, 2] });
}
const folder = mkdtempSync(join(tmpdir(), 'podwall-bench-'));
const runs = Number(values.runs ?? (values.quick ? 2 : 3));
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs is a whole number from 1');
const context: Context = { runs, folder, allowed: new Map() };
const judged: Judged[] = [];
const failed: string[] = [];
const begun = performance.now();
try {
  for (const one of chosen) {
    const lines = await linesOf(one);
    judged.push(...lines);
    if (values.output === 'json') for (const line of lines) console.log(jsonOf(line));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const where = `commit ${commit()}, Node ${process.version}, ${machine()}, least of ${runs} run${runs === 1 ? '' : 's'}`;
if (values.output === 'table') console.log(`${where}\n\n${tableOf(judged)}`);
for (const line of summary()) process.stderr.write(`${line}\n`);
if (values['write-ratios']) writeRatios();
if (values['write-docs']) writeDocs();
if (failed.length > 0 || judged.some(({ line }) => line.equal?.equal === false)) process.exitCode = 1;
if (values.quick && judged.some(({ regressed }) => regressed)) process.exitCode = 1;

async function linesOf(one: Case): Promise<readonly Judged[]> {
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  process.stderr.write(`${seconds.padStart(5)} s  ${one.name}\n`);
  try {
    const lines = judgeAll(await one.run(context));
    if (!lines.some(({ regressed }) => regressed)) return lines;
    // Something else may have had the machine: what is still worse the second time is worse.
    const again = judgeAll(await one.run(context));
    return lines.map((line, i) => {
      const other = again[i];
      return other !== undefined && (other.worse ?? Infinity) < (line.worse ?? 0) ? other : line;
    });
  } catch (error) {
    failed.push(`${one.name}: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

function* summary(): Generator<string> {
  for (const { line, over } of judged) {
    if (over.length > 0) yield `limit missed: ${keyOf(line).trim()}`;
  }
  for (const { line, worse, regressed } of judged) {
    if (regressed) yield `${worse?.toFixed(2)} × the committed ratio: ${keyOf(line).trim()}`;
  }
  for (const { line } of judged) {
    if (line.equal?.equal === false) yield `WRONG: ${keyOf(line).trim()}: ${line.equal.text}`;
  }
  for (const text of failed) yield `not measured: ${text}`;
}

/** The ratios of cases that did not run stay; those of cases that no longer are go with the next full run. */
function writeRatios(): void {
  const full = !values.quick && values.only === undefined && failed.length === 0;
  const ratios: Record<string, number> = full ? {} : { ...committed };
  for (const { line } of judged) {
    const ratio = ratioOf(line);
    if (ratio !== undefined) ratios[keyOf(line)] = Number(ratio.toPrecision(3));
  }
  writeFileSync(ratiosPath, `${JSON.stringify(ratios, undefined, 2)}\n`);
}

/** Between the two marks of the page, everything is this run's. */
function writeDocs(): void {
  const path = join(root, 'docs/explanation/measurements.md');
  const page = readFileSync(path, 'utf8');
  const [begin, end] = ['<!-- bench -->\n', '<!-- end of bench -->'];
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} has lost its marks`);
  writeFileSync(path, `${before}${begin}\n${where}.\n\n${markdownOf(judged)}\n\n${end}${after}`);
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

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return `${cpus().length} cores of ${model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
}
