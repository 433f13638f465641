import { describe, expect, it } from 'vitest';
import { fastestScanner, wasmScanner } from '../../src/host/scanner.ts';

describe('the scanner', () => {
  it('is always there, built or not', () => {
    const core = fastestScanner();
    const text = '{"a": [{}, "]"]} ';
    core.grow(text.length + 64);
    core.window.set(new TextEncoder().encode(text));
    expect(core.skip(0, text.length)).toBe(text.length - 1);
  });

  it('is none where the bytes are no module, or another one', () => {
    expect(wasmScanner(new Uint8Array(8))).toBeUndefined();
    // A module without anything: https://webassembly.github.io/spec/core/binary/modules.html#binary-module
    expect(wasmScanner(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toBeUndefined();
  });
});
