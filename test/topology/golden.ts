import { join } from 'node:path';
import { goldenIn } from '../golden.ts';

/** The text that was read in review; `npm run golden` writes `text` in its place. */
export const golden = goldenIn(join(import.meta.dirname, 'golden'));
