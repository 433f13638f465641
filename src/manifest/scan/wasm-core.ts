import type { ScannerCore } from './core.ts';
import { program } from './program.ts';
import { recordWords, textLength } from './core.ts';

/** What `wasm/scanner.ts` exports. */
export interface ScannerExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  window(): number;
  grow(length: number): number;
  reset(): void;
  scan(from: number, end: number, mode: number): number;
  skip(from: number, end: number): number;
  measure(to: number): number;
  shift(bytes: number): void;
  define(apiVersion: number, kind: number, header: number, walk: number): void;
  defineDefault(header: number, walk: number): void;
}

// Where things stand in its memory: as the constants at the top of `wasm/scanner.ts` say.
const stateAt = 1024;
const programAt = 2048;
const keyAt = 40_960;
const recordsAt = 131_072;
const textAt = 393_216;

/** The scanner in WebAssembly, as its instance exports it: several times as fast as the one in TypeScript. */
export class WasmCore implements ScannerCore {
  window: Uint8Array<ArrayBuffer>;
  records: Int32Array<ArrayBuffer>;
  text: Uint8Array<ArrayBuffer>;
  state: Int32Array<ArrayBuffer>;
  readonly #exports: ScannerExports;
  #length = 0;

  /** @param exports - of an instance that nothing else uses */
  constructor(exports: ScannerExports) {
    this.#exports = exports;
    const { buffer } = exports.memory;
    if (programAt + program.words.byteLength > keyAt) throw new RangeError('the program has no room');
    new Int32Array(buffer, programAt, program.words.length).set(program.words);
    this.state = new Int32Array(buffer, stateAt, 16);
    this.records = new Int32Array(buffer, recordsAt, recordWords);
    this.text = new Uint8Array(buffer, textAt, textLength);
    this.window = new Uint8Array(buffer, exports.window(), 0);
    exports.reset();
  }

  grow(length: number): void {
    if (length <= this.#length) return;
    this.#length = length;
    const at = this.#exports.grow(length);
    // Memory that grew is another buffer.
    const { buffer } = this.#exports.memory;
    this.state = new Int32Array(buffer, stateAt, 16);
    this.records = new Int32Array(buffer, recordsAt, recordWords);
    this.text = new Uint8Array(buffer, textAt, textLength);
    this.window = new Uint8Array(buffer, at, length);
  }

  reset(): void {
    this.#exports.reset();
  }

  scan(from: number, end: number, mode: number): number {
    return this.#exports.scan(from, end, mode);
  }

  skip(from: number, end: number): number {
    return this.#exports.skip(from, end);
  }

  measure(to: number): number {
    return this.#exports.measure(to);
  }

  shift(bytes: number): void {
    this.#exports.shift(bytes);
  }

  define(apiVersion: number, kind: number, header: number, walk: number): void {
    this.#exports.define(apiVersion, kind, header, walk);
  }

  defineDefault(header: number, walk: number): void {
    this.#exports.defineDefault(header, walk);
  }
}
