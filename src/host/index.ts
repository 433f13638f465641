export { hostCodes } from './codes.ts';
export { InputError, maxInput, readInputs } from './inputs.ts';
export type { Inputs, InputFile, InputOptions } from './inputs.ts';
