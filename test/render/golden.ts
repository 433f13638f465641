import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { displayWidth } from '../../src/render/text.ts';

const folder = fileURLToPath(new URL('golden/', import.meta.url));

/** The text that was read in review; `npm run golden` writes `text` in its place. */
export function golden(name: string, text: string): string {
  const file = `${folder}${name}`;
  if (process.env.GOLDEN === 'write') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
  }
  return readFileSync(file, 'utf8');
}

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
