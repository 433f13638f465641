import type { Diagnostic, TierPods, TierPolicy } from '../../model/index.ts';
import type { RawObject, ReadOptions } from '../raw.ts';
import { tierKindOf } from './kinds.ts';
import { readTierPolicy } from './read.ts';

/** A policy of policy.networking.k8s.io, or why there is none. */
export interface DecodedTierPolicy {
  /** `undefined` when the API server refuses the object. */
  readonly policy: TierPolicy | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Which pods it selects or would select. */
  readonly selects: TierPods;
}

/** Reads a policy of policy.networking.k8s.io into the model. */
export function decodeTierPolicy(object: RawObject, options: ReadOptions): DecodedTierPolicy {
  const policy = readTierPolicy(object, tierKindOf(object.ref.kind), options.cnpChannel ?? 'experimental');
  return { policy, diagnostics: [], selects: policy.subject };
}
