export { hostCodes } from './codes.ts';
export { InputError, readInputs } from './inputs.ts';
export type { InputOptions, InputProgress, InputSink } from './inputs.ts';
export { fastestScanner } from './scanner.ts';
