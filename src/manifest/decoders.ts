import { readEntrances } from './entrances/index.ts';
import { decodeNetworkPolicy } from './network-policy/index.ts';
import type { Decoders } from './objects/index.ts';
import { decodeTierPolicy } from './tier-policy/index.ts';

/** What `objects/` reads kinds with that stand in folders of their own. */
export const decoders: Decoders = {
  policy: decodeNetworkPolicy,
  tierPolicy: decodeTierPolicy,
  entrances: readEntrances,
};
