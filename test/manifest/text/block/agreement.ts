import { expect } from 'vitest';
import { BlockParser } from '../../../../src/manifest/text/block/index.ts';
import { compose } from '../../../../src/manifest/text/compose.ts';
import { splitDocuments } from '../../../../src/manifest/text/split.ts';
import { toValue } from '../../../../src/manifest/text/value.ts';

/** How many documents of a text were read in which way. */
export interface Ways {
  /** By the parser of the subset, and by `yaml` alike. */
  readonly fast: number;
  /** Left to `yaml`. */
  readonly left: number;
}

/**
 * Reads each document of the text in both ways: what the parser of the subset reads, `yaml` has to read without a
 * complaint, and to the same value, order of keys included.
 */
export function readBothWays(text: string): Ways {
  const parser = new BlockParser(text);
  let fast = 0;
  let left = 0;
  for (const { start, end } of splitDocuments(text)) {
    const parsed = parser.parse(start, end);
    if (parsed === undefined) {
      left++;
      continue;
    }
    fast++;
    const document = text.slice(start, end);
    const composed = compose(document);
    const converted = composed.kind === 'nodes' ? toValue(composed.document) : composed;
    if (converted.kind !== 'value') {
      expect.fail(
        `yaml says ${converted.kind} where the subset reads ${written(parsed.value)}:\n${document}`,
      );
    }
    expect(converted.duplicates, document).toEqual([]);
    // Two strings first, which are compared fast; the order of keys and -0 show in them, too.
    const [ours, theirs] = [written(parsed.value), written(converted.value)];
    if (ours !== theirs) expect(ours, document).toBe(theirs);
    expect(parsed.value).toStrictEqual(converted.value);
  }
  return { fast, left };
}

function written(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (Object.is(part, -0) ? '-0' : part));
}
