export { textCodes } from './codes.ts';
export type { TextCode } from './codes.ts';
export { maxText, maxYamlDocument } from './limits.ts';
export { readText } from './read-text.ts';
export type { TextOptions } from './read-text.ts';
export { kubernetesYamlOptions } from './schema.ts';
