export { defaultNetworkPolicy } from './defaults.ts';
export { validateNetworkPolicy, validateNetworkPolicyUpdate } from './validate.ts';
export type { ValidationOptions } from './validate.ts';
