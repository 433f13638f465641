import type { Origin, Path } from '../../model/index.ts';
import type { ListOrigin } from '../objects/index.ts';
import type { RawDocument } from '../raw.ts';
import { isObject } from '../text/index.ts';
import { countFeeds } from './lines.ts';
import { ListedOrigin } from './unit-places.ts';

/** A list that is taken apart while it is read. */
export interface Frame {
  /** The line that it starts in, from 1, and the text up to its items. */
  readonly line: number;
  readonly head: string;
  /** Of the dashes; -1 before the first. */
  column: number;
  /** Members behind the items were left out, for more items came behind them. */
  isTorn: boolean;
  readonly values: unknown[];
  readonly origins: ListOrigin[];
  readonly duplicates: Path[];
}

/** A list that is taken apart as a text without its items, and which line of the source a line of it is. */
export interface WithoutItems {
  readonly text: string;
  readonly moved: (line: number) => number;
}

/** @param tail - what stands behind the items, from the line `start` of the source on */
export function withoutItems({ head, line: first }: Frame, tail: string, start: number): WithoutItems {
  const before = countFeeds(head) + 1;
  return {
    text: `${head}items: []\n${tail}`,
    moved: (line) => (line <= before ? first + line - 1 : start + line - before - 1),
  };
}

/** A list of which some members are missing, as its kind may be: kubectl writes that last. */
export function withKind(
  value: Readonly<Record<string, unknown>>,
  { values }: Frame,
): Readonly<Record<string, unknown>> {
  return values.some(isObject) ? { kind: 'List', ...value } : value;
}

/** The document of a list that was taken apart. */
export function listDocument(
  frame: Frame,
  value: Readonly<Record<string, unknown>>,
  { origin, duplicates: twice }: { readonly origin: Origin; readonly duplicates: readonly Path[] },
  moved: (line: number) => number,
): RawDocument {
  const duplicates = [...twice];
  // Of two `items` the last counts, and that was read with the rest.
  const isLast = !duplicates.some((path) => path[0] === 'items' && path.length === 1);
  if (isLast) duplicates.push(...frame.duplicates);
  return {
    value: isLast ? { ...value, items: frame.values } : value,
    origin: new ListedOrigin(origin, moved, isLast ? frame.origins : []),
    duplicates,
  };
}
