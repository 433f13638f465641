import { unreachable } from '../errors.ts';
import type { ExposureAnswer } from '../exposure/index.ts';
import { jsonOf } from './document.ts';
import { exposureFields } from './exposure-document.ts';
import { exposureDot, exposureMarkdown } from './exposure-list.ts';
import { sarifOf } from './exposure-sarif.ts';
import { exposureTable } from './exposure-table.ts';
import type { RenderOptions } from './text.ts';

/** The formats of `exposure -o`, in the order of its help. */
export const exposureFormats = ['table', 'json', 'md', 'dot', 'sarif'] as const;

/** One of `exposureFormats`. */
export type ExposureFormat = (typeof exposureFormats)[number];

/** What the renderers of an exposure may be told beside the look of the terminal. */
export interface ExposureOptions extends RenderOptions {
  /** Whether workloads were named: then each is told by itself, with the rules that let peers through. */
  readonly named?: boolean;
  /** How the input was named, for the command that is offered next: `-f examples/three-tier`. None is offered without. */
  readonly command?: string;
  /** What SARIF names as the version of the tool. */
  readonly version?: string;
}

/** An exposure as text, in pieces; joined they are the whole text, which ends in a line end. */
export function streamExposure(
  answer: ExposureAnswer,
  format: ExposureFormat,
  options: ExposureOptions,
): Iterable<string> {
  switch (format) {
    case 'table':
      return lines(exposureTable(answer, options));
    case 'json':
      return jsonOf(exposureFields(answer, options.named === true));
    case 'md':
      return lines(exposureMarkdown(answer));
    case 'dot':
      return lines(exposureDot(answer));
    case 'sarif':
      return sarifOf(answer, options.version ?? '');
    default:
      return unreachable(format);
  }
}

function* lines(each: Iterable<string>): Generator<string, void> {
  for (const line of each) yield `${line}\n`;
}
