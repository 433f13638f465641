export { BlockOrigin } from './origin.ts';
export { BlockParser } from './parser.ts';
