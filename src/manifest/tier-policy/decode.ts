import type { Diagnostic, TierPods, TierPolicy } from '../../model/index.ts';
import { diagnose } from '../explain/index.ts';
import type { RawObject, ReadOptions } from '../raw.ts';
import { FieldErrors } from '../validate/index.ts';
import { advise } from './advise.ts';
import { tierKindOf } from './kinds.ts';
import { readTierPolicy } from './read.ts';
import { checkTierPolicy, isFineTierPolicy } from './validate.ts';
import { explain } from './words.ts';

/** A policy of policy.networking.k8s.io, or why there is none. */
export interface DecodedTierPolicy {
  /** `undefined` when the API server refuses the object. */
  readonly policy: TierPolicy | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Which pods it selects or would select. */
  readonly selects: TierPods;
}

/** Errors of either sort that are kept: more than are told, since one mistake may account for several. */
const mostErrors = 400;

/**
 * Reads a ClusterNetworkPolicy v1alpha2, AdminNetworkPolicy or BaselineAdminNetworkPolicy v1alpha1 into the model,
 * validated as an API server validates it by the CRD of `options.cnpChannel`.
 *
 * What the CRD refuses is an error, and there is no policy. What a server drops (unknown fields, all but the last of equal
 * keys), and what it takes though it has no sense, is a warning, and the policy counts. Of an object that a server has
 * stored, every finding is a warning: the policy counts as far as it can be read, and what is unreadable fails closed.
 */
export function decodeTierPolicy(object: RawObject, options: ReadOptions): DecodedTierPolicy {
  const context = {
    kind: tierKindOf(object.ref.kind),
    channel: options.cnpChannel ?? 'experimental',
  } as const;
  const { kind, channel } = context;
  const policy = readTierPolicy(object, kind, channel);
  const errors = new FieldErrors(mostErrors);
  if (object.duplicates.length > 0 || !isFineTierPolicy(object.value, kind, channel))
    checkTierPolicy(object.value, object.duplicates, kind, channel, errors.report);
  const told =
    errors.list.length === 0
      ? []
      : diagnose(object, errors.list, errors.dropped, {
          explain: (error, all) => explain(error, all, context),
          check: (value, report) => checkTierPolicy(value, [], kind, channel, report),
          strict: false,
        });
  const selects = policy.subject;
  if (errors.refused && !object.stored) return { policy: undefined, diagnostics: told, selects };
  return { policy, diagnostics: [...told, ...advise(object, policy, context)], selects };
}
