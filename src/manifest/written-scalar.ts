import type { Origin, Place } from '../model/index.ts';

/**
 * The plain scalar as it stands in the text: what `yes` or `1.10` was before it became a truth value or a number.
 *
 * @param place - where the value starts
 * @returns `undefined` where there is no text, or where something else stands
 */
export function writtenScalar(
  origin: Origin,
  { line, column }: Pick<Place, 'line' | 'column'>,
): string | undefined {
  const [text] = origin.lines(line, line) ?? [];
  return /^[A-Za-z0-9_.+-]{1,63}(?=\s|$|[,}\]])/.exec(text?.slice(column - 1) ?? '')?.[0];
}
