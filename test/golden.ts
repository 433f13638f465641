import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The golden files of a folder of tests: each text as it was read in review; `npm run golden` writes anew. */
export function goldenIn(folder: string): (name: string, text: string) => string {
  return (name, text) => {
    const file = join(folder, name);
    if (process.env['GOLDEN'] === 'write') {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, text);
    }
    return readFileSync(file, 'utf8');
  };
}
