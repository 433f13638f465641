import { asText, get, isFields, list } from './fields.ts';

/** Labels of a pod, a namespace or a node. */
export type Labels = ReadonlyMap<string, string>;

/** Whether labels are selected. */
export type LabelTest = (labels: Labels) => boolean;

/** Reads labels, or the `matchLabels` of a selector of NetworkPolicy. A null value is the empty one (corner 9). */
export function readLabels(value: unknown): Labels {
  if (!isFields(value)) return new Map();
  return new Map(Object.entries(value).map(([key, each]) => [key, asText(each) ?? '']));
}

/**
 * Reads a selector of NetworkPolicy. Corner 17: all requirements must hold, and an empty selector matches everything.
 *
 * The test throws for an unknown operator: a server refuses such a policy (corner 20).
 */
export function readSelector(selector: unknown): LabelTest {
  const labels = readLabels(get(selector, 'matchLabels'));
  const expressions = list(get(selector, 'matchExpressions'));
  return (candidate) =>
    // Corner 19: the key must be there, also for the empty value.
    [...labels].every(([key, value]) => candidate.has(key) && candidate.get(key) === value) &&
    expressions.every((expression) => holds(expression, candidate));
}

/**
 * Reads a selector of a cluster-wide policy, of which the schema checks nothing (corner 20). What it says means the same
 * as in a NetworkPolicy, but a label of null is dropped: the schema has no nullable fields.
 *
 * @returns `undefined` when the selector is unusable: an operator that does not exist, values where there must be none
 *   or none where there must be some, or a key or value that no label can have
 */
export function readUncheckedSelector(selector: unknown): LabelTest | undefined {
  const labels = get(selector, 'matchLabels');
  const present = isFields(labels) ? Object.entries(labels).filter(([, value]) => value !== null) : [];
  const expressions = list(get(selector, 'matchExpressions'));
  const usable =
    present.every(([key, value]) => isKey(key) && isValue(value)) && expressions.every(isUsableExpression);
  if (!usable) return undefined;
  return readSelector({ matchLabels: Object.fromEntries(present), matchExpressions: expressions });
}

function isUsableExpression(expression: unknown): boolean {
  const values = list(get(expression, 'values'));
  if (!isKey(get(expression, 'key')) || !values.every(isValue)) return false;
  switch (get(expression, 'operator')) {
    case 'In':
    case 'NotIn':
      return values.length > 0;
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0;
    default:
      return false;
  }
}

/** A qualified name: at most 63 characters, after a DNS subdomain of at most 253 and a slash or without (corner 20). */
function isKey(key: unknown): boolean {
  const parts = (asText(key) ?? '').split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2 || name === '' || !isValue(name)) return false;
  if (parts.length === 1) return true;
  const prefix = parts[0] ?? '';
  return (
    prefix.length <= 253 && prefix.split('.').every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label))
  );
}

function isValue(value: unknown): boolean {
  const text = asText(value);
  if (text === undefined || text.length > 63) return false;
  return text === '' || /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text);
}

/** Corner 18. */
function holds(expression: unknown, labels: Labels): boolean {
  const key = asText(get(expression, 'key')) ?? '';
  const values = list(get(expression, 'values')).map((each) => asText(each) ?? ''); // null is the empty text (corner 9)
  switch (get(expression, 'operator')) {
    case 'In':
      return labels.has(key) && values.includes(labels.get(key) ?? '');
    case 'NotIn':
      return !labels.has(key) || !values.includes(labels.get(key) ?? '');
    case 'Exists':
      return labels.has(key);
    case 'DoesNotExist':
      return !labels.has(key);
    default:
      throw new Error('an unknown operator is refused by every server (corner 20)');
  }
}
