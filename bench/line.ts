import type { Cost } from './clock.ts';
import type { Equality } from './verify.ts';

/** One answer of the bench. */
export interface Line {
  readonly question: string;
  /** Pods / policies, the name of a shape, or what the size of the text is. */
  readonly size: string;
  readonly figure: number;
  readonly unit: 'ms' | 'µs' | 'MB' | 'MB/s' | 'GB/s' | 'pairs/s' | 'exponent';
  /** Whether less is better. */
  readonly better: 'lower' | 'higher';
  /** What the figure must not pass on the machine that the limits speak of: 2 cores. */
  readonly limit?: number;
  /** CPU time of all threads, where the figure is a time. */
  readonly cpuMs?: number;
  readonly peakMegabytes?: number;
  /** Something comparable, measured in the same run; of a time, its CPU time. */
  readonly baseline?: { readonly what: string; readonly figure: number };
  /** What figure ÷ baseline must not pass. */
  readonly ratioLimit?: number;
  readonly equal?: Equality;
}

/** A line about time. */
export function timeLine(
  question: string,
  size: string,
  cost: Cost,
  rest: Partial<Omit<Line, 'question' | 'size' | 'figure' | 'unit'>> = {},
): Line {
  return { question, size, figure: cost.wallMs, unit: 'ms', better: 'lower', cpuMs: cost.cpuMs, ...rest };
}

/**
 * The figure as a multiple of its baseline: of CPU times where there are any, since what else runs on the machine moves
 * the clock on the wall. `undefined` without a baseline.
 */
export function ratioOf({ figure, cpuMs, baseline }: Line): number | undefined {
  return baseline === undefined ? undefined : (cpuMs ?? figure) / baseline.figure;
}

/** What a line is known by in the committed ratios. */
export function keyOf({ question, size }: Line): string {
  return size === '' ? question.trim() : `${question.trim()} · ${size}`;
}

/** Whether a value is on the wrong side of a bound. */
export function passes(value: number, bound: number, better: Line['better']): boolean {
  return better === 'lower' ? value <= bound : value >= bound;
}

/** How many times worse a ratio is than the committed one: above 1 is worse. */
export function worsening(ratio: number, committed: number, better: Line['better']): number {
  return better === 'lower' ? ratio / committed : committed / ratio;
}
