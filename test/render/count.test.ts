import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import type { ConnectivityCount } from '../../src/reach/index.ts';
import { renderCount, type RenderOptions } from '../../src/render/index.ts';
import { tcp } from './answers.ts';
import { golden } from './golden.ts';
import { schemaOf } from './schemas.ts';

const plain: RenderOptions = { width: 80, color: false, headers: true };

const answer: ConnectivityCount = {
  apiVersion: 'podwall.dev/v1',
  kind: 'ConnectivityCount',
  profile: 'upstream',
  pods: 150_000,
  pairs: 22_499_850_000,
  allowed: 44_182_034,
  byPorts: [
    { allowed: tcp(8080), pairs: 31_900_112 },
    { allowed: { TCP: [[53, 53]], UDP: [[53, 53]] }, pairs: 12_281_920 },
    { allowed: 'all', pairs: 2 },
  ],
  diagnostics: [],
};

describe('a count', () => {
  it('reads as reviewed', () => {
    expect(renderCount(answer, 'table', plain)).toBe(
      golden('count.table.txt', renderCount(answer, 'table', plain)),
    );
    expect(renderCount(answer, 'json', plain)).toBe(
      golden('count.json.txt', renderCount(answer, 'json', plain)),
    );
    expect(renderCount(answer, 'yaml', plain)).toBe(
      golden('count.yaml.txt', renderCount(answer, 'yaml', plain)),
    );
  });

  it('never calls two pairs of billions none of them', () => {
    expect(renderCount(answer, 'table', plain)).toMatch(/^all +2 +under 0\.1 %$/m);
  });

  it('of an empty cluster is still an answer', () => {
    const none = { ...answer, pods: 0, pairs: 0, allowed: 0, byPorts: [] };
    expect(renderCount(none, 'table', plain)).toBe('0 pods, 0 ordered pairs: 0 allowed, 0 closed\n');
  });

  it('is as the schema says', () => {
    const validate = schemaOf('connectivity-count');
    const document: unknown = JSON.parse(renderCount(answer, 'json', plain));
    expect(validate(document)).toEqual([]);
    expect(document).toEqual(answer);
    expect(parse(renderCount(answer, 'yaml', plain))).toEqual(answer);
    expect(validate({ ...answer, pods: -1 })).not.toEqual([]);
  });
});
