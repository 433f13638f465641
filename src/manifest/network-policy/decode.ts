import type { Diagnostic, LabelSelector, NetworkPolicy } from '../../model/index.ts';
import { diagnose, isWithin } from '../explain/index.ts';
import type { RawObject, ReadOptions } from '../raw.ts';
import { FieldErrors } from '../validate/index.ts';
import type { FieldError, Report } from '../validate/index.ts';
import { InstanceCache } from '../objects/index.ts';
import { readPolicy } from './read.ts';
import type { KnownSpecs } from './read.ts';
import { decodePolicy, isStrictAboutCidrs, validateCreated } from './validate.ts';
import { explain } from './words.ts';

/** A NetworkPolicy, or why there is none. */
export interface DecodedPolicy {
  /** `undefined` when the API server refuses the object. */
  readonly policy: NetworkPolicy | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Which pods of the namespace it selects or would select; `undefined` when that cannot be read. */
  readonly selects: LabelSelector | undefined;
}

const noDiagnostics: readonly Diagnostic[] = [];

/** Errors of either sort that are kept: more than are told, since one mistake may account for several. */
const mostErrors = 400;

/** What `decodeNetworkPolicy` is of many policies: equal specs are read once. */
export function networkPolicyDecoder(options: ReadOptions): (object: RawObject) => DecodedPolicy {
  const known: KnownSpecs = new InstanceCache();
  return (object) => decodeNetworkPolicy(object, options, known);
}

/**
 * Reads a networking.k8s.io/v1 NetworkPolicy into the model, validated as the API server validates it.
 *
 * What every supported server (1.32 to 1.36) refuses is an error, and there is no policy. What only newer ones refuse,
 * or what a server drops (unknown fields, all but the last of equal keys), is a warning, and the policy counts;
 * `options.kubernetesVersion` decides where versions differ. Of an object that a server has stored, every finding is a
 * warning: the policy counts as far as it can be read, and what is unreadable admits nothing.
 */
function decodeNetworkPolicy(object: RawObject, options: ReadOptions, known: KnownSpecs): DecodedPolicy {
  const { policy, selects, clean } = readPolicy(object, known);
  if (clean) return { policy, diagnostics: noDiagnostics, selects };
  const errors = check(object);
  if (errors.list.length === 0) return { policy, diagnostics: noDiagnostics, selects };
  const strict = isStrictAboutCidrs(options.kubernetesVersion);
  const refused = errors.refused || (strict && errors.list.some(({ since }) => since !== undefined));
  return {
    policy: refused && !object.stored ? undefined : policy,
    diagnostics: diagnose(object, errors.list, errors.dropped, { explain, check: checkCorrected, strict }),
    selects,
  };
}

function checkCorrected(value: unknown, report: Report): void {
  validateCreated(decodePolicy(value, [], report), report);
}

/** All errors, also those that a server would not come to after an error of decoding. */
function check(object: RawObject): FieldErrors {
  const errors = new FieldErrors(mostErrors);
  // Servers before 1.28 stored a status, and what they stored is still read.
  const report: Report = (error) => {
    if (!(
      object.stored &&
      error.strict === 'unknown' &&
      error.path.length === 1 &&
      error.path[0] === 'status'
    )) {
      errors.report(error);
    }
  };
  const policy = decodePolicy(object.value, object.duplicates, report);
  const unread: FieldError[] = errors.list.filter(({ strict }) => strict === 'type');
  validateCreated(policy, (error) => {
    // What was not read is not missing.
    if (!unread.some(({ path }) => isWithin(path, error.path) || isWithin(error.path, path))) report(error);
  });
  return errors;
}
