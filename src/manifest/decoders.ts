import { decodeNetworkPolicy } from './network-policy/index.ts';
import type { PolicyDecoders } from './objects/index.ts';
import { decodeTierPolicy } from './tier-policy/index.ts';

/** What `objects/` reads policies with, which knows neither kind of them itself. */
export const decoders: PolicyDecoders = { policy: decodeNetworkPolicy, tierPolicy: decodeTierPolicy };
