export { tierPolicyCodes } from './codes.ts';
export { decodeTierPolicy } from './decode.ts';
export type { DecodedTierPolicy } from './decode.ts';
export { validateTierPolicy } from './validate.ts';
export type { TierValidationOptions } from './validate.ts';
