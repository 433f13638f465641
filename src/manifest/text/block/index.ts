export { BlockParser } from './parser.ts';
export type { ItemStarts, Parsed } from './parser.ts';
