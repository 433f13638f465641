export { decodeTierPolicy } from './decode.ts';
export type { DecodedTierPolicy } from './decode.ts';
