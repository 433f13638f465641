import { readFileSync } from 'node:fs';
import { WasmCore, scriptCore } from '../manifest/index.ts';
import type { ScannerCore, ScannerExports } from '../manifest/index.ts';

/** As much of WebAssembly as is used here: the types of the language do not have it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** Where `npm run build` puts it, seen from `dist/host/` and from `src/host/`. */
const places = ['../wasm/scanner.wasm', '../../dist/wasm/scanner.wasm'];

/**
 * The fastest scanner of large JSON that runs here: the one in WebAssembly, or the one in TypeScript where there is no
 * WebAssembly with SIMD, or it was not built. They do the same.
 */
export function fastestScanner(): ScannerCore {
  for (const place of places) {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(new URL(place, import.meta.url));
    } catch {
      continue;
    }
    const core = wasmScanner(bytes);
    if (core !== undefined) return core;
  }
  return scriptCore();
}

/** The scanner of a module; `undefined` when it cannot be run. */
export function wasmScanner(bytes: Uint8Array): ScannerCore | undefined {
  const { WebAssembly: api } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyApi };
  if (api === undefined) return undefined;
  try {
    const { exports } = new api.Instance(new api.Module(bytes), {});
    return isScanner(exports) ? new WasmCore(exports) : undefined;
  } catch {
    // No SIMD, or no memory to be had.
    return undefined;
  }
}

const functions = [
  'window',
  'grow',
  'reset',
  'scan',
  'skip',
  'measure',
  'shift',
  'define',
  'defineDefault',
] as const satisfies readonly (keyof ScannerExports)[];

function isScanner(exports: unknown): exports is ScannerExports {
  if (typeof exports !== 'object' || exports === null || !('memory' in exports)) return false;
  const named = exports as Readonly<Record<string, unknown>>;
  return functions.every((name) => typeof named[name] === 'function');
}
