import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBothWays } from './agreement.ts';
import { documents, edits, handWritten } from './arbitraries.ts';

const root = new URL('../../../../', import.meta.url);

describe('what the subset reads, yaml reads alike', () => {
  // The texts have much that is rare; the shares say that the subset is more than nothing.
  it.each([
    ['in whatever yaml writes', documents, 0.2],
    ['in texts that a hand could have written', handWritten, 0.2],
  ])('%s', (_, texts, share) => {
    let fast = 0;
    let all = 0;
    fc.assert(
      fc.property(texts, fc.boolean(), (text, carriage) => {
        const ways = readBothWays(carriage ? text.replaceAll('\n', '\r\n') : text);
        fast += ways.fast;
        all += ways.fast + ways.left;
      }),
      { numRuns: 4000 },
    );
    expect(fast / all).toBeGreaterThan(share);
  });

  it('in manifests with random mistakes', () => {
    const folder = new URL('test/', root);
    const manifests = [...readdirSync(folder, { recursive: true, encoding: 'utf8' })]
      .filter((path) => /\.ya?ml$/.test(path))
      .sort()
      .map((path) => readFileSync(new URL(path, folder), 'utf8'))
      .filter((text) => text.length < 6000);
    expect(manifests.length).toBeGreaterThan(500);
    let fast = 0;
    let all = 0;
    fc.assert(
      fc.property(fc.nat(), fc.array(edits, { minLength: 1, maxLength: 3 }), (index, changes) => {
        let text = manifests[index % manifests.length] as string;
        for (const change of changes) text = change(text);
        const ways = readBothWays(text);
        fast += ways.fast;
        all += ways.fast + ways.left;
      }),
      { numRuns: 5000 },
    );
    expect(fast / all).toBeGreaterThan(0.5);
  });
});
