// How the bench shows its lines: as a table for people, as JSON, and in the documents.
import { keyOf, passes, ratioOf, worsening } from './line.ts';
import type { Line } from './line.ts';

/** By key of the line: the ratio to its baseline that was last found good. */
export type Ratios = Readonly<Record<string, number>>;

/** What a line says beside what was measured. */
export interface Judged {
  readonly line: Line;
  readonly ratio: number | undefined;
  readonly committed: number | undefined;
  /** How many times worse than the committed ratio; above 1 is worse. */
  readonly worse: number | undefined;
  /** Worse by more than the run tolerates. */
  readonly regressed: boolean;
  /** Limits that it does not keep, in words. */
  readonly over: readonly string[];
}

/** Shorter work is cold code and chance: whether it is worse cannot be told, and what has become quadratic is longer. */
const leastCpuMs = 50;

/** Compares a line with its limits and with the committed ratio. */
export function judge(line: Line, ratios: Ratios, tolerance: number): Judged {
  const ratio = ratioOf(line);
  const committed = Object.hasOwn(ratios, keyOf(line)) ? ratios[keyOf(line)] : undefined;
  const worse =
    ratio === undefined || committed === undefined ? undefined : worsening(ratio, committed, line.better);
  const over: string[] = [];
  if (line.limit !== undefined && !passes(line.figure, line.limit, line.better)) {
    over.push(figureOf(line.limit, line.unit));
  }
  if (ratio !== undefined && line.ratioLimit !== undefined && !passes(ratio, line.ratioLimit, line.better)) {
    over.push(`× ${rounded(line.ratioLimit)}`);
  }
  const tells = (line.cpuMs ?? Infinity) >= leastCpuMs;
  return { line, ratio, committed, worse, regressed: tells && (worse ?? 0) > tolerance, over };
}

/** One line of JSON, with the figures in full. */
export function jsonOf({ line, ratio, committed, worse, regressed, over }: Judged): string {
  return JSON.stringify({
    ...line,
    question: line.question.trim(),
    ratio,
    committed,
    worse,
    regressed,
    over,
  });
}

const headings = ['QUESTION', 'SIZE', 'FIGURE', 'CPU', 'PEAK', 'LIMIT', 'BASELINE', 'RATIO', 'RIGHT?'];

/** The table that a terminal gets. */
export function tableOf(judged: readonly Judged[]): string {
  const rows = [headings, ...judged.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same for a document: Markdown, without what is compared in full. */
export function markdownOf(judged: readonly Judged[]): string {
  const rows = judged.map(({ line, ratio, over }) => [
    line.question.startsWith(' ') ? `– ${line.question.trim()}` : line.question,
    line.size,
    figureOf(line.figure, line.unit),
    line.cpuMs === undefined ? '' : figureOf(line.cpuMs, 'ms'),
    line.peakMegabytes === undefined ? '' : figureOf(line.peakMegabytes, 'MB'),
    limitsOf(line, over),
    line.baseline === undefined ? '' : `${figureOf(line.baseline.figure, line.unit)} ${line.baseline.what}`,
    ratio === undefined ? '' : rounded(ratio),
    line.equal === undefined ? '' : line.equal.equal ? 'yes' : '**no**',
  ]);
  const table = [
    ['question', 'size', 'figure', 'CPU', 'peak', 'limit', 'baseline', 'ratio', 'equal'],
    Array.from({ length: 9 }, () => '---'),
    ...rows,
  ];
  return table.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf({ line, ratio, worse, regressed, over }: Judged): readonly string[] {
  const change =
    worse === undefined ? '' : ` (${rounded(worse)} of the committed${regressed ? ', WORSE' : ''})`;
  return [
    line.question,
    line.size,
    figureOf(line.figure, line.unit),
    line.cpuMs === undefined ? '' : figureOf(line.cpuMs, 'ms'),
    line.peakMegabytes === undefined ? '' : figureOf(line.peakMegabytes, 'MB'),
    limitsOf(line, over),
    line.baseline === undefined ? '' : `${figureOf(line.baseline.figure, line.unit)} ${line.baseline.what}`,
    ratio === undefined ? '' : `× ${rounded(ratio)}${change}`,
    line.equal === undefined ? '' : `${line.equal.equal ? 'equal' : 'UNEQUAL'}: ${line.equal.text}`,
  ];
}

function limitsOf(line: Line, over: readonly string[]): string {
  const sign = line.better === 'lower' ? '≤' : '≥';
  const limits = [
    ...(line.limit === undefined ? [] : [figureOf(line.limit, line.unit)]),
    ...(line.ratioLimit === undefined ? [] : [`× ${rounded(line.ratioLimit)}`]),
  ];
  return limits.map((limit) => `${over.includes(limit) ? 'MISSED ' : ''}${sign} ${limit}`).join(', ');
}

function figureOf(figure: number, unit: Line['unit']): string {
  return unit === 'exponent' ? figure.toFixed(3) : `${rounded(figure)} ${unit}`;
}

/** Three digits that mean something. */
function rounded(figure: number): string {
  if (figure >= 1e6) return figure.toExponential(2).replace('e+', 'e');
  return figure >= 100 ? figure.toFixed(0) : String(Number(figure.toPrecision(3)));
}
