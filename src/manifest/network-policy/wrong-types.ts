import { parseCidr } from '../../net/index.ts';
import {
  claimsWithin,
  isEmpty,
  isNullish,
  isWithin,
  kindOf,
  listed,
  recordAt,
  valueAt,
  withField,
} from '../explain/index.ts';
import type { Case, Finding } from '../explain/index.ts';
import { isRecord } from '../validate/index.ts';
import type { FieldError } from '../validate/index.ts';
import { levelOf, peerFields, portFields, subjectOf } from './shapes.ts';

/** Explains a value of the wrong type, `undefined` where there are no words but the plain ones. */
export function explainWrongType(error: FieldError, all: Case): Finding | undefined {
  switch (error.expected?.[0]) {
    case 'a list':
      return listExpected(error, all);
    case 'a mapping':
      return mappingExpected(error, all);
    case 'text':
      return textExpected(error, all);
    case 'a port number or the name of a port':
      return portExpected(error, all);
    case 'a whole number':
      return error.path.at(-1) === 'endPort' ? endPortExpected(error) : undefined;
    default:
      return undefined;
  }
}

function listExpected(error: FieldError, all: Case): Finding | undefined {
  const { path, value } = error;
  const field = String(path.at(-1));
  const fixed = listOf(field, value);
  return {
    code: 'list-expected',
    path,
    onKey: true,
    message: `${field} is a list, and this is ${kindOf(value)}${isRecord(value) ? ': a dash is missing' : ''}`,
    hint: `write each entry of ${field} on a line of its own with a dash before it`,
    value,
    claims: claimsWithin(all, error),
    ...(fixed === undefined ? {} : { fix: { path, value: fixed } }),
  };
}

function listOf(field: string, value: unknown): readonly unknown[] | undefined {
  // An empty mapping as the only rule or peer would admit everything, and nobody wrote that.
  if (isRecord(value)) return isEmpty(value) ? undefined : [value];
  if (field === 'ports') return portEntry(value);
  if (typeof value !== 'string') return undefined;
  if (field === 'policyTypes') return value.split(',').map((type) => type.trim());
  return field === 'values' || field === 'except' ? [value] : undefined;
}

/** `80` or `"80"` as an entry of `ports`. */
function portEntry(value: unknown): readonly unknown[] | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' ? [{ port: number }] : undefined;
}

function mappingExpected(error: FieldError, all: Case): Finding | undefined {
  const { path, value } = error;
  const field = path.at(-1);
  const level = levelOf(path);
  if (level === 'port') return bareNumbers(error, all);
  const base = {
    code: 'mapping-expected',
    path,
    value,
    claims: claimsWithin(all, error),
  };
  if (level === 'peer') {
    const block =
      typeof value === 'string' && parseCidr(value) !== undefined ? { ipBlock: { cidr: value } } : undefined;
    return {
      ...base,
      message: `a peer is a mapping with ${listed(peerFields)}, and this is ${kindOf(value)}`,
      hint: 'write podSelector:, namespaceSelector: or ipBlock: in it',
      ...(block === undefined ? {} : { fix: { path, value: block } }),
    };
  }
  const fixed = mappingOf(field, value);
  return {
    ...base,
    message: `${typeof field === 'number' ? subjectOf(path) : field} is a mapping, and this is ${kindOf(value)}${
      Array.isArray(value) ? ': there is a dash too many' : ''
    }`,
    hint: Array.isArray(value)
      ? 'leave out the dash'
      : 'write fields below it, each with its value after a colon',
    ...(fixed === undefined ? {} : { fix: { path, value: fixed } }),
  };
}

function mappingOf(field: string | number | undefined, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (!items.every(isRecord) || items.length === 0) return undefined;
    const keys = items.flatMap((item) => Object.keys(item));
    // A selector that names more labels admits less, so they may be joined.
    const joins = items.length === 1 || (field === 'matchLabels' && new Set(keys).size === keys.length);
    const joined = Object.fromEntries(items.flatMap((item) => Object.entries(item)));
    return joins && keys.length > 0 ? joined : undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (field === 'ipBlock') return { cidr: value };
  if (field !== 'podSelector' && field !== 'namespaceSelector' && field !== 'matchLabels') return undefined;
  const pairs = value.split(',').map((pair) => /^\s*([^=\s]+)\s*={1,2}\s*([^=\s]*)\s*$/.exec(pair));
  if (pairs.length === 0 || pairs.includes(null)) return undefined;
  const labels = Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
  return field === 'matchLabels' ? labels : { matchLabels: labels };
}

/** `ports: [80, 443]`: all bare entries of the list are told in one finding. */
function bareNumbers(error: FieldError, all: Case): Finding {
  const listPath = error.path.slice(0, -1);
  const list = valueAt(all.value, listPath);
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  const claims = all.errors.filter(
    ({ strict, path }) => strict === 'type' && path.length === error.path.length && isWithin(path, listPath),
  );
  const entries = items.map((item) => (isRecord(item) || isNullish(item) ? [item] : portEntry(item)));
  return {
    code: 'port-not-a-mapping',
    path: error.path,
    message: `an entry of ports is a mapping with ${listed(portFields)}, and this is ${kindOf(error.value)}`,
    hint: 'write - port: before the number',
    value: error.value,
    claims,
    ...(entries.includes(undefined)
      ? {}
      : { fix: { path: listPath, value: entries.flatMap((entry) => entry ?? []) } }),
  };
}

function portExpected(error: FieldError, all: Case): Finding {
  const { path, value } = error;
  const claims = claimsWithin(all, error);
  if (Array.isArray(value)) {
    const numbers: readonly unknown[] = value;
    const listPath = path.slice(0, -2);
    const entry = recordAt(all.value, path.slice(0, -1));
    const list = valueAt(all.value, listPath);
    const index = path.at(-2);
    const items: readonly unknown[] = Array.isArray(list) ? list : [];
    const certain =
      numbers.length > 0 &&
      typeof index === 'number' &&
      isNullish(entry['endPort']) &&
      numbers.every((item) => typeof item === 'number');
    return {
      code: 'port-list',
      path,
      message: 'port takes one port, and this is a list',
      hint: 'write one entry of ports for each of them',
      value,
      claims,
      ...(certain
        ? {
            fix: {
              path: listPath,
              value: [
                ...items.slice(0, index),
                ...numbers.map((port) => withField(entry, 'port', port)),
                ...items.slice(index + 1),
              ],
            },
          }
        : {}),
    };
  }
  const number = typeof value === 'number' || typeof value === 'bigint';
  return {
    code: number ? 'port-out-of-range' : 'wrong-type',
    path,
    message: number
      ? 'a port is a whole number from 1 to 65535'
      : `port is a port number or the name of a port, and this is ${kindOf(value)}`,
    value,
    claims,
  };
}

function endPortExpected(error: FieldError): Finding {
  const { path, value } = error;
  const digits = typeof value === 'string' && /^\d+$/.test(value);
  return {
    code: digits ? 'port-quoted' : 'wrong-type',
    path,
    message: digits
      ? 'endPort is a number, and the quotes make it text'
      : `endPort is a whole number, and this is ${kindOf(value)}`,
    hint: digits ? 'leave out the quotes' : 'a range is port: 8000, endPort: 9000',
    value,
    claims: [error],
    ...(digits ? { fix: { path, value: Number(value) } } : {}),
  };
}

const protocolNumbers: ReadonlyMap<unknown, string> = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);

function textExpected(error: FieldError, all: Case): Finding | undefined {
  const { path, value } = error;
  const field = path.at(-1);
  const protocol = field === 'protocol' ? protocolNumbers.get(value) : undefined;
  if (protocol !== undefined) {
    return {
      code: 'protocol-unknown',
      path,
      message: 'protocols are written by name: TCP, UDP or SCTP',
      hint: `write ${protocol}`,
      value,
      claims: [error],
      fix: { path, value: protocol },
    };
  }
  const single = field === 'cidr' && Array.isArray(value) ? (value as readonly unknown[]) : [];
  if (single.length > 0) {
    return {
      code: 'wrong-type',
      path,
      message: 'cidr takes one block of addresses, and this is a list',
      hint: 'write one peer with an ipBlock for each of them',
      value,
      claims: claimsWithin(all, error),
      ...(single.length === 1 ? { fix: { path, value: single[0] } } : {}),
    };
  }
  if (typeof value !== 'boolean' && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  return {
    code: 'value-not-text',
    path,
    message: `${typeof field === 'number' ? subjectOf(path) : String(field)} is text, and without quotes this is ${kindOf(value)}`,
    hint: 'put the value between quotes',
    value,
    claims: [error],
  };
}
