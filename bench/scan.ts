// How fast large JSON is scanned, interning included, in WebAssembly and in TypeScript, against `JSON.parse` of the same
// bytes; and whether both scanners say the same. On what `kubectl get -o json` prints, or on a compact dump, without the
// reading of the file. Prints one JSON line: gigabytes a second of this thread's CPU time.
//
//     node bench/scan.ts
//     node bench/scan.ts 10k/5k
//     node bench/scan.ts 10k/5k compact
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { buildScanner } from '../scripts/build-scanner.ts';
import { wasmScanner } from '../src/host/scanner.ts';
import { classify } from '../src/manifest/objects/index.ts';
import { mode, padding, state, stop, walk } from '../src/manifest/scan/core.ts';
import type { ScannerCore } from '../src/manifest/scan/core.ts';
import { readingOf, shapes } from '../src/manifest/scan/fields.ts';
import { program } from '../src/manifest/scan/program.ts';
import { scriptCore } from '../src/manifest/scan/script-core.ts';
import { generate, sizeNamed } from './generate.ts';
import { writeDump } from './write-dump.ts';

const runs = 5;
const piece = 2 ** 18;

const size = sizeNamed(process.argv[2] ?? '10k/5k');
if (size === undefined) throw new Error('name a size, as 10k/5k');
const form = process.argv[3] === 'compact' ? 'compact' : 'kubectl';
const folder = mkdtempSync(join(tmpdir(), 'podwall-scan-'));
const file = join(folder, 'dump.json');
await writeDump(generate(size), file, form);
await buildScanner(join(folder, 'scanner.wasm'));
const bytes = readFileSync(file);
const module = readFileSync(join(folder, 'scanner.wasm'));
rmSync(folder, { recursive: true });

/** Seconds of CPU that this thread needs. */
function seconds(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e6;
}

/** What objects of a kind are walked by. */
function walkOf(apiVersion: string, kind: string): number {
  const reading = readingOf(apiVersion, kind, classify(apiVersion, kind));
  switch (reading.kind) {
    case 'shape':
      return program.roots[shapes.indexOf(reading.shape)] as number;
    case 'counted':
      return walk.counted;
    default:
      return walk.care;
  }
}

/**
 * Scans the items of the dump piece by piece, as a reader does.
 *
 * @param found - is called whenever the scanner has handed over what it found
 */
function scan(core: ScannerCore, found: () => void): void {
  const decoder = new TextDecoder();
  const header = (start: number, end: number): string =>
    String(JSON.parse(decoder.decode(core.window.subarray(start, end))));
  core.grow(2 * piece + padding);
  core.reset();
  let filled = 0;
  let how: number = mode.item;
  for (let from = bytes.indexOf('[') + 1; from < bytes.length; from += piece) {
    core.window.set(bytes.subarray(from, from + piece), filled);
    filled += Math.min(piece, bytes.length - from);
    core.window.fill(0, filled, filled + padding);
    let at = 0;
    for (;;) {
      const why = core.scan(at, filled, how);
      found();
      at = core.state[state.position] as number;
      how = core.state[state.mode] as number;
      if (why === stop.header) {
        const told = core.state;
        const apiVersion = header(told[state.apiVersionAt] as number, told[state.apiVersionEnd] as number);
        const kind = header(told[state.kindAt] as number, told[state.kindEnd] as number);
        core.define(
          told[state.apiVersion] as number,
          told[state.kind] as number,
          0,
          walkOf(apiVersion, kind),
        );
      } else if (why !== stop.full) break;
    }
    core.measure(at);
    core.window.copyWithin(0, at, filled);
    core.shift(at);
    filled -= at;
  }
}

const wasm = (): ScannerCore => {
  const core = wasmScanner(module);
  if (core === undefined) throw new Error('this Node has no WebAssembly with SIMD');
  return core;
};

/** All that a scanner says about the dump. */
function digest(core: ScannerCore): string {
  const hash = createHash('sha256');
  scan(core, () => {
    const { state: told } = core;
    hash.update(new Uint8Array(told.slice(0, 7).buffer));
    hash.update(new Uint8Array(core.records.slice(0, told[state.records]).buffer));
    hash.update(core.text.subarray(0, told[state.text]));
  });
  return hash.digest('hex');
}

const ignore = (): void => undefined;
const text = bytes.toString();
let [wasmS, twinS, parseS] = [Infinity, Infinity, Infinity];
// By turns: what else runs on the machine slows down all of them.
for (let run = 0; run < runs; run++) {
  const [inWasm, inScript] = [wasm(), scriptCore()];
  wasmS = Math.min(
    wasmS,
    seconds(() => scan(inWasm, ignore)),
  );
  twinS = Math.min(
    twinS,
    seconds(() => scan(inScript, ignore)),
  );
  parseS = Math.min(
    parseS,
    seconds(() => void JSON.parse(text)),
  );
}
const gigabytes = (time: number): number => Number((bytes.length / 1e9 / time).toFixed(3));
console.log(
  JSON.stringify({
    bytes: bytes.length,
    wasmGBs: gigabytes(wasmS),
    twinGBs: gigabytes(twinS),
    jsonParseGBs: gigabytes(parseS),
    equal: digest(wasm()) === digest(scriptCore()),
  }),
);
