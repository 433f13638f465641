export { entranceCodes } from './codes.ts';
export { readEntrances } from './read.ts';
