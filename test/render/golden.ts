import { join } from 'node:path';
import { displayWidth } from '../../src/render/text.ts';
import { goldenIn } from '../golden.ts';

/** The text that was read in review; `npm run golden` writes `text` in its place. */
export const golden = goldenIn(join(import.meta.dirname, 'golden'));

/** Lines that are wider than the terminal. */
export function overlong(text: string, width: number): readonly string[] {
  return text.split('\n').filter((line) => displayWidth(line) > width);
}

/** What a terminal would obey, line ends left out. */
export const obeyed =
  // oxlint-disable-next-line no-control-regex -- it is these that must not be there
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** Text without the escape sequences of colours. */
export function withoutColor(text: string): string {
  // oxlint-disable-next-line no-control-regex -- colours are escape sequences
  return text.replace(/\u001b\[\d+m/g, '');
}
