import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hostileBytes } from './bytes.ts';

interface Outcome {
  readonly objects: number;
  readonly codes: readonly string[];
  readonly diagnostics: number;
  readonly longest: number;
  readonly megabytes: number;
  readonly bytes: number;
}

const runner = fileURLToPath(new URL('run-bytes.ts', import.meta.url));
const run = promisify(execFile);

/** The code that ends the reading or stands for the objects, if any. */
const expected: Readonly<Record<string, string | undefined>> = {
  'endless text in an item': 'document-too-large',
  'endless blanks in a list': 'document-too-large',
  'endless blanks in an item': 'document-too-large',
  'endless number': 'document-too-large',
  'endless brackets': 'json-syntax',
  'endless lists': 'document-too-deep',
  'endless member of a list': 'document-too-large',
  'endless members of a list': 'document-too-large',
  'endless labels': 'document-too-large',
  'endless values that are no objects': 'too-many-documents',
  'endless nulls': 'too-many-documents',
  'endless empty objects': 'too-many-documents',
  'endless empty objects of a List': 'too-many-documents',
  'endless empty lists in a list': 'too-many-documents',
  'endless empty objects at the top': 'too-many-documents',
  'endless lists at the top': 'too-many-documents',
  'endless lists of nothing at the top': 'too-many-documents',
  'a large list of values at the top': 'no-objects',
  'many deep items': 'document-too-deep',
  'many kinds': 'kind-missing',
  'a long member before many lists': undefined,
  'the same pod often': undefined,
  'labels that never repeat': undefined,
};

describe('hostile JSON that comes in pieces is refused or read in bounded memory', () => {
  it('has an expectation for each', () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(hostileBytes).sort());
  });

  it.each(Object.entries(expected))(
    '%s',
    async (name, code) => {
      const { stdout } = await run(process.execPath, ['--max-old-space-size=2500', runner, name], {
        timeout: 80_000,
      });
      const { codes, longest, bytes } = JSON.parse(stdout) as Outcome;
      if (code === undefined) expect(codes.filter((each) => each !== 'object-twice')).toEqual([]);
      else expect(codes).toContain(code);
      expect(longest).toBeLessThan(1000);
      expect(bytes).toBeLessThan(150e6);
    },
    90_000,
  );
});
