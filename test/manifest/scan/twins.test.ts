import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildScanner } from '../../../scripts/build-scanner.ts';
import { wasmScanner } from '../../../src/host/scanner.ts';
import { scriptCore } from '../../../src/manifest/index.ts';
import type { ScannerCore } from '../../../src/manifest/index.ts';
import { classify } from '../../../src/manifest/objects/index.ts';
import { readingOf, shapes } from '../../../src/manifest/scan/fields.ts';
import { program } from '../../../src/manifest/scan/program.ts';
import { alike, texts } from './dumps.ts';
import { encoder, readInPieces, told } from './reading.ts';

// The scanner in WebAssembly, as it is compiled from the source that stands here, and the one in TypeScript: the same
// with all bytes. PODWALL_DUMPS sets how many texts a run has, PODWALL_SEED which.

const runs = Number(process.env['PODWALL_DUMPS'] ?? 400);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const padding = 64;

/** What may be walked: each shape, a whole object, an object that is only counted. */
const walks = [...program.roots, ...program.roots, -1, -2];

let folder: string;
let wasm: () => ScannerCore;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podwall-scanner-'));
  const file = join(folder, 'scanner.wasm');
  await buildScanner(file);
  const bytes = readFileSync(file);
  wasm = () => {
    const core = wasmScanner(bytes);
    if (core === undefined) throw new Error('this Node has no WebAssembly with SIMD');
    return core;
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes that are mostly JSON, with something wrong in them. */
const bytes = fc
  .tuple(
    texts,
    fc.array(
      fc.tuple(fc.nat(), fc.constantFrom(...encoder.encode('"\\{}[],: \n\t\u0001ay_é😀'), 0x80, 0xff, 0)),
      {
        maxLength: 3,
      },
    ),
  )
  .map(([text, changes]) => {
    const changed = encoder.encode(text);
    for (const [at, byte] of changes) changed[at % changed.length] = byte;
    return changed;
  });

function put(core: ScannerCore, content: Uint8Array): void {
  core.grow(content.length + padding);
  core.window.set(content);
  core.window.fill(0, content.length, content.length + padding);
  core.reset();
}

/** Every node that there is gets its turn. */
function anyWalk({ state }: ScannerCore): number {
  return walks[(state[8] as number) % walks.length] as number;
}

/** What objects of the apiVersion and kind are walked by that the core does not know yet. */
function ownWalk({ state, window }: ScannerCore): number {
  // Without the quotes; what has escapes is of no kind that is known.
  const text = (from: number, to: number): string =>
    new TextDecoder().decode(window.subarray((state[from] as number) + 1, (state[to] as number) - 1));
  const [apiVersion, kind] = [text(9, 10), text(11, 12)];
  const reading = readingOf(apiVersion, kind, classify(apiVersion, kind));
  return reading.kind === 'shape' ? (program.roots[shapes.indexOf(reading.shape)] as number) : -1;
}

/** All that a core says when it is asked for the objects of `content`, one thing after the other. */
function saysOf(
  core: ScannerCore,
  content: Uint8Array,
  how: number,
  walkOf: (core: ScannerCore) => number = anyWalk,
): unknown[] {
  put(core, content);
  const says: unknown[] = [];
  let at = 0;
  let mode = how;
  for (let steps = 0; steps < 20; steps++) {
    const why = core.scan(at, content.length, mode);
    const state = [...core.state.subarray(0, 7)];
    const [position = 0, next = 0, records = 0, text = 0] = state;
    says.push(why, state, [...core.records.subarray(0, records)], [...core.text.subarray(0, text)]);
    at = position;
    mode = next;
    if (why === 4) {
      // As the headers of objects are learnt.
      const [apiVersion = 0, kind = 0] = core.state.subarray(7, 9);
      says.push(apiVersion, kind);
      core.define(apiVersion, kind, steps, walkOf(core));
    } else if (why === 2 || why === 3) {
      // Whatever stands there is gone over.
      const after = core.skip(at, content.length);
      says.push(after);
      at = after < 0 ? at + 1 : after;
      if (at >= content.length) break;
    } else if (why !== 1) break;
  }
  says.push(core.measure(content.length), [...core.state.subarray(4, 7)]);
  return says;
}

describe(`the two scanners (seed ${seed})`, () => {
  test('say the same of all bytes, wherever these end', () => {
    const cores = [scriptCore(), wasm()] as const;
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 0, max: 2 }), (content, cut, mode) => {
        const part = cut % 3 === 0 ? content.subarray(0, cut % (content.length + 1)) : content;
        const [script, other] = cores.map((core) => saysOf(core, part, mode));
        expect(other).toEqual(script);
      }),
      { numRuns: runs * 5, seed, endOnFailure: true },
    );
  });

  // The one in WebAssembly remembers bytes of the objects before.
  test('say the same of objects that are much alike, wherever the bytes end', () => {
    const cores = [scriptCore(), wasm()] as const;
    let noted = 0;
    fc.assert(
      fc.property(alike, fc.nat(), fc.integer({ min: 0, max: 2 }), (text, cut, mode) => {
        const content = encoder.encode(text);
        const part = cut % 2 === 0 ? content.subarray(0, cut % (content.length + 1)) : content;
        const [script, other] = cores.map((core) => saysOf(core, part, mode, ownWalk));
        expect(other).toEqual(script);
        noted += cores[0].state[2] as number;
      }),
      { numRuns: runs * 10, seed, endOnFailure: true },
    );
    expect(noted).toBeGreaterThan(runs);
  });

  test('say the same of a dump that ends at every byte', () => {
    const [text = ''] = fc.sample(alike, { numRuns: 1, seed });
    const cores = [scriptCore(), wasm()] as const;
    const content = encoder.encode(text);
    for (let end = 0; end <= content.length; end++) {
      const [script, other] = cores.map((core) => saysOf(core, content.subarray(0, end), 0, ownWalk));
      expect(other).toEqual(script);
    }
  });

  test('do not take for their bytes what stood behind these before', () => {
    const cores = [scriptCore(), wasm()] as const;
    const text = `{"apiVersion":"v1","kind":"Pod","x":[${'\0'.repeat(padding + 20)}]}`;
    const content = encoder.encode(text);
    for (const end of [content.length, text.indexOf('[') + 10, content.length - 2]) {
      const [script, other] = cores.map((core) => saysOf(core, content.subarray(0, end), 0, ownWalk));
      expect(other).toEqual(script);
    }
  });

  test('skip and measure any bytes alike', () => {
    const cores = [scriptCore(), wasm()] as const;
    const signs = fc.array(
      fc.constantFrom(...encoder.encode('"""\\\\{{}}[[]]aYy_\u007f \n\u0001é'), 0, 0xf0),
      {
        maxLength: 300,
      },
    );
    fc.assert(
      fc.property(signs, (list) => {
        const content = Uint8Array.from([0x7b, ...list]);
        const [script, other] = cores.map((core) => {
          put(core, content);
          const skipped = [0, 1, 2, 3].map((from) =>
            core.skip(Math.min(from, content.length), content.length),
          );
          return [skipped, core.measure(content.length), [...core.state.subarray(0, 7)]];
        });
        expect(other).toEqual(script);
      }),
      { numRuns: runs * 20, seed, endOnFailure: true },
    );
  });

  test.each(['{', '[', '{"a":'])('stop at the same depth of %s', (open) => {
    for (const depth of [254, 255, 256, 257, 258]) {
      const content = encoder.encode(open.repeat(depth));
      const [script, other] = [scriptCore(), wasm()].map((core) => {
        put(core, content);
        return core.skip(0, content.length);
      });
      expect(other).toBe(script);
      expect(script).toBe(depth > 256 ? -2 : -1);
    }
  });

  test('give the same cluster, diagnostics and places', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 300 }), (content, piece) => {
        const script = told(readInPieces(content, piece));
        expect(told(readInPieces(content, piece, { scanner: wasm }))).toEqual(script);
      }),
      { numRuns: Math.ceil(runs / 4), seed, endOnFailure: true },
    );
  });

  test('intern the same values, also when their tables are full', () => {
    const items = Array.from(
      { length: 20_000 },
      (_, i) =>
        `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p${i}","namespace":"n","labels":{"x":"${'y'.repeat(4000)}${i}"}},"spec":{}}`,
    );
    const cores = [scriptCore(), wasm()] as const;
    for (let round = 0; round < items.length; round += 1000) {
      const content = encoder.encode(items.slice(round, round + 1000).join('\n'));
      const [script, other] = cores.map((core) => saysOf(core, content, 0));
      expect(other).toEqual(script);
    }
  });
});
