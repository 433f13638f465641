// Compiles the scanner of large JSON to WebAssembly: wasm/scanner.ts to dist/wasm/scanner.wasm, or where an operand says.
//
//     node scripts/build-scanner.ts
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Its tables and 64 MiB of interned values, in pages of 64 KiB; what is never touched takes no memory. */
const pages = 1174;

/**
 * Compiles the scanner.
 *
 * @throws Error with the compiler's words when it does not compile
 */
export async function buildScanner(outFile = `${root}dist/wasm/scanner.wasm`): Promise<void> {
  mkdirSync(dirname(outFile), { recursive: true });
  let words = '';
  const write = (text: Uint8Array | string): void => {
    words += String(text);
  };
  const { error } = await asc.main(
    [
      `${root}wasm/scanner.ts`,
      '--outFile',
      outFile,
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--initialMemory',
      String(pages),
      '-O3',
      '--noAssert',
    ],
    { stderr: { write } },
  );
  if (error !== null) throw new Error(`wasm/scanner.ts does not compile\n${words}`, { cause: error });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildScanner(process.argv[2]);
