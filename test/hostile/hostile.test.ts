import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hostileTexts } from './texts.ts';

interface Outcome {
  readonly documents: number;
  readonly diagnostics: number;
  readonly codes: readonly string[];
  readonly longest: number;
}

const runner = fileURLToPath(new URL('run-text.ts', import.meta.url));
const run = promisify(execFile);

/** Whether it was read, or the code with which it was refused. */
const expected: Readonly<Record<string, 'read' | readonly string[]>> = {
  'billion laughs': ['yaml-expansion'],
  'billion laughs by merges': ['yaml-expansion'],
  'many aliases': ['yaml-expansion'],
  'deep block YAML': ['document-too-deep'],
  'deep compact YAML': ['document-too-deep'],
  'deep flow YAML': ['document-too-deep'],
  'deep open flow YAML': ['document-too-deep'],
  'deep JSON': ['document-too-deep'],
  'deep open JSON': ['document-too-deep'],
  'long YAML scalar': 'read',
  'long YAML scalar with an anchor': ['document-too-large'],
  'long YAML': 'read',
  'long quoted YAML scalar': 'read',
  'long JSON scalar': 'read',
  'long open JSON scalar': ['json-syntax'],
  'long number': 'read',
  'many errors': ['yaml-syntax'],
  'many warnings': 'read',
  'many bad documents': ['yaml-syntax', 'too-many-errors'],
  'many empty documents': 'read',
  'many duplicate keys': 'read',
  'many keys': 'read',
  'many tokens': ['document-too-large'],
  'many JSON values': ['too-many-documents'],
  'template of nothing': ['helm-template'],
  'tabs only': ['yaml-tab'],
};

describe('hostile text is refused or read in bounded memory and time', () => {
  it('has an expectation for each', () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(hostileTexts).sort());
  });

  it.each(Object.entries(expected))(
    '%s',
    async (name, outcome) => {
      // A crash of the process, from a full heap or a full stack, rejects.
      const { stdout } = await run(process.execPath, ['--max-old-space-size=1500', runner, name], {
        timeout: 60_000,
      });
      const { documents, diagnostics, codes, longest } = JSON.parse(stdout) as Outcome;
      expect(codes).toEqual(outcome === 'read' ? [] : outcome);
      expect(diagnostics).toBeLessThanOrEqual(1001);
      // What is said about a long text is short.
      expect(longest).toBeLessThan(1000);
      if (outcome === 'read') expect(documents).toBe(name === 'many empty documents' ? 0 : 1);
    },
    90_000,
  );
});
