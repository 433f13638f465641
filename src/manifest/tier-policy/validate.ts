import type { Path } from '../../model/index.ts';
import { isWithin } from '../explain/index.ts';
import type { CnpChannel } from '../raw.ts';
import {
  FieldErrors,
  checkByCrd,
  decode,
  isCleanMetadata,
  isFineByCrd,
  isRecord,
  objectMetaSchema,
  reportDuplicates,
  validateObjectMeta,
} from '../validate/index.ts';
import type { FieldError, MetaObject, Report } from '../validate/index.ts';
import { tierKindOf } from './kinds.ts';
import type { TierKind } from './kinds.ts';
import { tierSchema } from './schema.ts';

/** What the validation depends on beside the object. */
export interface TierValidationOptions {
  /** The CRD that decides; `experimental` unless it says otherwise. */
  readonly cnpChannel?: CnpChannel | undefined;
  /** Paths of keys that stand more than once in the text. */
  readonly duplicates?: readonly Path[];
}

/**
 * Validates a ClusterNetworkPolicy, AdminNetworkPolicy or BaselineAdminNetworkPolicy as the API server validates one that
 * is created, by the schema of its CRD and its rules: all errors.
 *
 * @param value - the object as plain JSON-like values
 */
export function validateTierPolicy(
  value: unknown,
  options: TierValidationOptions = {},
): readonly FieldError[] {
  const errors = new FieldErrors(Infinity);
  const kind = tierKindOf(isRecord(value) && typeof value.kind === 'string' ? value.kind : '');
  checkTierPolicy(value, options.duplicates ?? [], kind, options.cnpChannel ?? 'experimental', errors.report);
  return errors.list;
}

/** As `validateTierPolicy`, each error as it is found. */
export function checkTierPolicy(
  value: unknown,
  duplicates: readonly Path[],
  kind: TierKind,
  channel: CnpChannel,
  report: Report,
): void {
  reportDuplicates(duplicates, report);
  if (isRecord(value)) checkMetadata(value.metadata, kind, report);
  checkByCrd(tierSchema(kind, channel), value, [], report);
}

/** Whether `checkTierPolicy` would report nothing; `false` means that it may. It takes a tenth of the time. */
export function isFineTierPolicy(value: unknown, kind: TierKind, channel: CnpChannel): boolean {
  if (!isRecord(value) || !isRecord(value.metadata) || !isCleanMetadata(value.metadata)) return false;
  if (kind.kind === 'BaselineAdminNetworkPolicy' && value.metadata['name'] !== 'default') return false;
  return isFineByCrd(tierSchema(kind, channel), value);
}

function checkMetadata(raw: unknown, kind: TierKind, report: Report): void {
  const path = ['metadata'];
  const unread: Path[] = [];
  const decoded = decode(objectMetaSchema, raw, path, (error) => {
    if (error.strict === 'type') unread.push(error.path);
    report(error);
  });
  // The schema says which fields there are and of what type, so what it returns has this shape.
  const meta = (decoded ?? {}) as MetaObject;
  // A server clears the namespace of a kind that has none.
  validateObjectMeta({ ...meta, namespace: '' }, path, (error) => {
    // What was not read is not missing.
    if (!unread.some((each) => isWithin(each, error.path) || isWithin(error.path, each))) report(error);
  });
  if (kind.kind !== 'BaselineAdminNetworkPolicy') return;
  const field = (meta.name ?? '') === '' ? 'generateName' : 'name';
  const name = meta[field] ?? '';
  if (name !== '' && (field === 'generateName' || name !== 'default')) {
    report({
      path: [...path, field],
      type: 'Invalid',
      code: 'baseline-name',
      message:
        'Only one baseline admin network policy with metadata.name="default" can be created in the cluster',
      value: name,
    });
  }
}
