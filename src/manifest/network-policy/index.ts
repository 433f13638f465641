export { networkPolicyCodes } from './codes.ts';
export { networkPolicyDecoder } from './decode.ts';
export type { DecodedPolicy } from './decode.ts';
export { defaultNetworkPolicy } from './defaults.ts';
export { validateNetworkPolicy, validateNetworkPolicyUpdate } from './validate.ts';
export type { ValidationOptions } from './validate.ts';
