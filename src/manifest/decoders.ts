import { readEntrances } from './entrances/index.ts';
import { networkPolicyDecoder } from './network-policy/index.ts';
import type { Decoders } from './objects/index.ts';
import { decodeTierPolicy } from './tier-policy/index.ts';

/** What `objects/` reads kinds with that stand in folders of their own. */
export const decoders: Decoders = {
  policies: networkPolicyDecoder,
  tierPolicy: decodeTierPolicy,
  entrances: readEntrances,
};
