import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Progress, complain } from '../../src/cli/terminal.ts';

// What `Progress` writes, where standard error is a terminal of 30 columns and where it is not.

let written: string;
let now: number;
const { stderr } = process;
const { isTTY } = stderr;

beforeEach(() => {
  written = '';
  now = 5000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.spyOn(stderr, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
  vi.stubEnv('COLUMNS', '30');
  vi.stubEnv('TERM', 'xterm');
  stderr.isTTY = true;
});
afterEach(() => {
  complain('');
  stderr.isTTY = isTTY;
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('progress', () => {
  test('is told after a second, not more than ten times in one, on one line', () => {
    const progress = new Progress();
    for (; now < 5990; now += 10) progress.update('reading a.json  1 of 9 MB');
    expect(written).toBe('');
    for (; now < 6500; now += 10) progress.update(`reading a.json  ${now} of 999,999,999 MB`);
    expect(written.split('\r').slice(1)).toEqual(
      [6000, 6100, 6200, 6300, 6400].map(
        (at) => `${`reading a.json  ${at} of 999,999,999 MB`.slice(0, 29)}\u001B[K`,
      ),
    );
  });

  test('is told at once of what takes long, and goes before the next output', () => {
    new Progress().update('compiling …', true);
    complain('a finding\n');
    complain('another\n');
    expect(written).toBe('\rcompiling …\u001B[K\r\u001B[Ka finding\nanother\n');
  });

  test.each([
    ['a pipe', false, 'xterm'],
    ['a terminal that cannot move back', true, 'dumb'],
  ])('is not told to %s', (_, terminal, term) => {
    stderr.isTTY = terminal;
    vi.stubEnv('TERM', term);
    new Progress().update('compiling …', true);
    complain('a finding\n');
    expect(written).toBe('a finding\n');
  });
});
