import { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue } from './names.ts';
import { decode, isRecord, objectMetaSchema } from './schema.ts';

const annotationBytes = 256 * 1024;
const metaFields = objectMetaSchema.kind === 'struct' ? objectMetaSchema.fields : new Map<string, never>();

/**
 * Whether the metadata of an object has a name and nothing that validation could report. It only notices: `false` means
 * that there may be a finding.
 */
export function isCleanMetadata(meta: unknown): boolean {
  if (!isRecord(meta)) return false;
  let clean = true;
  let named = false;
  for (const key of Object.keys(meta)) {
    const value = meta[key];
    if (value === null || value === undefined) {
      if (!metaFields.has(key)) return false;
      continue;
    }
    switch (key) {
      case 'name':
        named = typeof value === 'string' && isDnsSubdomain(value);
        break;
      case 'namespace':
        if (typeof value !== 'string' || (value !== '' && !isDnsLabel(value))) return false;
        break;
      case 'labels':
        if (!areLabels(value)) return false;
        break;
      case 'annotations':
        if (!areAnnotations(value)) return false;
        break;
      case 'uid':
      case 'resourceVersion':
      case 'selfLink':
        if (typeof value !== 'string') return false;
        break;
      case 'generation':
      case 'creationTimestamp':
      case 'deletionTimestamp':
      case 'deletionGracePeriodSeconds':
      case 'managedFields': {
        const schema = metaFields.get(key);
        if (schema !== undefined) decode(schema, value, [], () => (clean = false));
        if (typeof value === 'number' && value < 0) return false;
        break;
      }
      default:
        return false;
    }
  }
  return named && clean;
}

function areLabels(raw: unknown): boolean {
  if (!isRecord(raw)) return false;
  for (const key of Object.keys(raw)) {
    const value = raw[key] ?? '';
    if (!isLabelKey(key) || typeof value !== 'string' || !isLabelValue(value)) return false;
  }
  return true;
}

function areAnnotations(raw: unknown): boolean {
  if (!isRecord(raw)) return false;
  let size = 0;
  for (const key of Object.keys(raw)) {
    const value = raw[key] ?? '';
    if (typeof value !== 'string' || !isLabelKey(key.toLowerCase())) return false;
    // UTF-8 takes up to three bytes for a unit: near the limit the exact rule decides.
    size += (key.length + value.length) * 3;
  }
  return size <= annotationBytes;
}
