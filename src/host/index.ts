export { hostCodes } from './codes.ts';
export { InputError, readInputs } from './inputs.ts';
export type { Inputs, InputFile, InputOptions } from './inputs.ts';
