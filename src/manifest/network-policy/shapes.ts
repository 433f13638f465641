import type { Path } from '../../model/index.ts';
import { parseCidr } from '../../net/index.ts';
import { isRecord } from '../validate/index.ts';
import type { FieldError } from '../validate/index.ts';
import {
  claimsAt,
  claimsWithin,
  fieldOutsideParent,
  isEmpty,
  isNullish,
  isWithin,
  kindOf,
  labelInSelector,
  listed,
  misspelledField,
  onlyFields,
  recordAt,
  selectorFields,
  valueAt,
  withField,
  withoutFields,
} from '../explain/index.ts';
import type { Case, Finding } from '../explain/index.ts';

const peerFields = ['podSelector', 'namespaceSelector', 'ipBlock'];
const portFields = ['protocol', 'port', 'endPort'];
const specFields = ['podSelector', 'ingress', 'egress', 'policyTypes'];

/** What a field of a manifest belongs to. */
type Level = 'root' | 'metadata' | 'spec' | 'rule' | 'peer' | 'ipBlock' | 'port' | 'selector' | 'other';

function levelOf(path: Path): Level {
  const last = path.at(-1);
  if (path.length === 0) return 'root';
  if (path.length === 1) return last === 'metadata' ? 'metadata' : 'spec';
  if (last === 'podSelector' || last === 'namespaceSelector') return 'selector';
  if (last === 'ipBlock') return 'ipBlock';
  if (path.length === 3 && path[0] === 'spec' && typeof last === 'number') return 'rule';
  if (path.length === 5 && typeof last === 'number') return path[3] === 'ports' ? 'port' : 'peer';
  return 'other';
}

/** The field of a rule that holds its peers. */
function peersFieldOf(path: Path): 'from' | 'to' {
  return path[1] === 'egress' ? 'to' : 'from';
}

/** Explains a field that the type does not have: misplaced, misspelled, or simply unknown. */
export function explainUnknownField(error: FieldError, all: Case): Finding {
  const path = error.path.slice(0, -1);
  const field = String(error.path.at(-1));
  return (
    misplacedField(error, path, field, all) ??
    (levelOf(path) === 'selector' ? labelInSelector(error, path, field, all) : undefined) ??
    misspelledField(error, path, field, all, subjectOf(path)) ?? {
      code: 'unknown-field',
      path: error.path,
      onKey: true,
      message: `${subjectOf(path)} has no field ${field}. kubectl refuses it, and a server that takes it drops it`,
      hint: `${subjectOf(path)} has ${listed(error.expected ?? [])}`,
      claims: [error],
    }
  );
}

function misplacedField(error: FieldError, path: Path, field: string, all: Case): Finding | undefined {
  switch (levelOf(path)) {
    case 'root':
      return fieldOutsideParent(error, field, all, specFields);
    case 'spec':
      return selectorTooHigh(path, field, all) ?? ruleFieldInSpec(error, field, all);
    case 'rule':
      return (
        wrongDirection(error, path, field, all) ??
        peerOutsideRule(error, path, field, all) ??
        portOutsidePorts(path, field, all)
      );
    case 'peer':
      return selectorTooHigh(path, field, all) ?? portsInPeer(error, path, field, all);
    default:
      return undefined;
  }
}

/** `matchLabels` beside an empty `podSelector:` instead of below it. */
function selectorTooHigh(path: Path, field: string, all: Case): Finding | undefined {
  if (!selectorFields.includes(field)) return undefined;
  const parent = recordAt(all.value, path);
  const selectors = ['podSelector', 'namespaceSelector'].filter((name) => Object.hasOwn(parent, name));
  const [selector] = selectors;
  const alone = selectors.length === 1 && selector !== undefined && isNullish(parent[selector]);
  const where = selector === undefined ? 'a podSelector or a namespaceSelector' : selectors.join(' or ');
  return {
    code: 'selector-too-high',
    path: [...path, field],
    onKey: true,
    message:
      selector === undefined
        ? `${field} belongs into ${where}, and none stands beside it`
        : `${field} stands beside ${where} and not in it, so the selector says nothing`,
    hint: `indent ${field} by two more spaces than ${selector ?? 'podSelector:'}`,
    claims: claimsAt(all, path, selectorFields),
    ...(alone
      ? {
          fix: {
            path,
            value: withField(
              withoutFields(parent, selectorFields),
              selector,
              onlyFields(parent, selectorFields),
            ),
            ...(path.length === 1 ? { shown: { [selector]: onlyFields(parent, selectorFields) } } : {}),
          },
        }
      : {}),
  };
}

/** A peer that stands in the rule, or in the list of rules, instead of below `from:` or `to:`. */
function peerOutsideRule(error: FieldError, path: Path, field: string, all: Case): Finding | undefined {
  if (![...peerFields, ...selectorFields].includes(field)) return undefined;
  const list = peersFieldOf(path);
  const rule = recordAt(all.value, path);
  const misplaced = [...peerFields, ...selectorFields];
  const closing = isNullish(rule[list])
    ? `. A server that drops it reads this rule as one that admits ${list === 'from' ? 'everyone' : 'everything'}`
    : '';
  const base = {
    code: 'peer-outside-rule',
    path: error.path,
    onKey: true,
    message: `${field} stands in the rule itself; peers are entries of the list ${list}${closing}`,
    hint: `write the peers as a list below ${list}: with a dash each, indented further than ${list}:`,
  };
  const run = emptyListBefore(path, list, all);
  if (run !== undefined) {
    const rules = valueAt(all.value, run.path);
    const before = Array.isArray(rules) ? (rules as readonly unknown[]) : [];
    const merged = { ...recordAt(all.value, [...run.path, run.first]), [list]: run.peers };
    return {
      ...base,
      message:
        `${field} stands in the list of rules; it belongs below the empty ${list}: before it. A server that drops it ` +
        `reads rules that admit ${list === 'from' ? 'everyone' : 'everything'}`,
      claims: run.indices.flatMap((index) => claimsAt(all, [...run.path, index], misplaced)),
      fix: {
        path: run.path,
        value: [
          ...before.slice(0, run.first),
          merged,
          ...before.slice((run.indices.at(-1) ?? run.first) + 1),
        ],
      },
    };
  }
  const claims = claimsAt(all, path, misplaced);
  if (!isNullish(rule[list])) return { ...base, claims };
  const peer = loweredPeer(onlyFields(rule, misplaced));
  return {
    ...base,
    claims,
    fix: { path, value: { [list]: [peer], ...withoutFields(rule, [...misplaced, list]) } },
  };
}

/** A rule with nothing but an empty `from:`, followed by rules that are peers: the peers were not indented. */
function emptyListBefore(
  path: Path,
  list: 'from' | 'to',
  all: Case,
): { path: Path; first: number; indices: readonly number[]; peers: readonly unknown[] } | undefined {
  const rulesPath = path.slice(0, -1);
  const index = path.at(-1);
  const rules = valueAt(all.value, rulesPath);
  if (typeof index !== 'number' || index === 0 || !Array.isArray(rules)) return undefined;
  const first = index - 1;
  const opening = recordAt(all.value, [...rulesPath, first]);
  if (!Object.hasOwn(opening, list) || !isNullish(opening[list])) return undefined;
  const indices: number[] = [];
  const peers: unknown[] = [];
  for (let i = index; i < rules.length; i++) {
    const rule = recordAt(all.value, [...rulesPath, i]);
    const fields = Object.keys(rule);
    if (
      fields.length === 0 ||
      !fields.every((name) => peerFields.includes(name) || selectorFields.includes(name))
    )
      break;
    indices.push(i);
    peers.push(loweredPeer(rule));
  }
  return indices.length === 0 ? undefined : { path: rulesPath, first, indices, peers };
}

/** The peer with `matchLabels` moved into the selector that stands empty beside it, where there is one. */
function loweredPeer(peer: Readonly<Record<string, unknown>>): unknown {
  const inner = onlyFields(peer, selectorFields);
  const empty = ['podSelector', 'namespaceSelector'].filter(
    (name) => Object.hasOwn(peer, name) && isNullish(peer[name]),
  );
  if (Object.keys(inner).length === 0 || empty.length !== 1) return peer;
  return { ...withoutFields(peer, selectorFields), [empty[0] ?? '']: inner };
}

/** `to` in an ingress rule, `from` in an egress rule. */
function wrongDirection(error: FieldError, path: Path, field: string, all: Case): Finding | undefined {
  const list = peersFieldOf(path);
  if (field !== (list === 'from' ? 'to' : 'from')) return undefined;
  const rule = recordAt(all.value, path);
  const effect = isNullish(rule[list])
    ? ` and reads a rule that admits ${list === 'from' ? 'everyone' : 'everything'}`
    : '';
  return {
    code: 'wrong-direction',
    path: error.path,
    onKey: true,
    message: `a rule of ${String(path[1])} has ${list} and not ${field}. A server that takes it drops ${field}${effect}`,
    hint: `write ${list}:, or move the rule to ${path[1] === 'ingress' ? 'egress' : 'ingress'}`,
    claims: [error],
  };
}

/** `port: 80` in the rule itself. */
function portOutsidePorts(path: Path, field: string, all: Case): Finding | undefined {
  if (!portFields.includes(field)) return undefined;
  const rule = recordAt(all.value, path);
  const entry = onlyFields(rule, portFields);
  return {
    code: 'port-outside-ports',
    path: [...path, field],
    onKey: true,
    message: `${field} stands in the rule itself; ports are entries of the list ports. A server that drops it admits every port`,
    hint: 'write ports: and below it - protocol: TCP, port: 80 as one entry',
    claims: claimsAt(all, path, portFields),
    ...(isNullish(rule['ports'])
      ? { fix: { path, value: { ...withoutFields(rule, [...portFields, 'ports']), ports: [entry] } } }
      : {}),
  };
}

/** `ports` inside a peer instead of beside `from`. */
function portsInPeer(error: FieldError, path: Path, field: string, all: Case): Finding | undefined {
  if (field !== 'ports' && !portFields.includes(field)) return undefined;
  const rulePath = path.slice(0, 3);
  const rule = recordAt(all.value, rulePath);
  const list = peersFieldOf(path);
  const peers = rule[list];
  const peer = recordAt(all.value, path);
  const rest = withoutFields(peer, ['ports']);
  const certain =
    field === 'ports' &&
    isNullish(rule['ports']) &&
    Array.isArray(peers) &&
    peers.length === 1 &&
    hasPeer(rest);
  return {
    code: 'ports-in-peer',
    path: error.path,
    onKey: true,
    message: `${field} stands in a peer; ports belong to the whole rule, beside ${list}. A server that drops it admits every port`,
    hint: `write ports: in the same column as ${list}:`,
    claims: claimsAt(all, path, ['ports', ...portFields]),
    ...(certain
      ? { fix: { path: rulePath, value: { ...withField(rule, list, [rest]), ports: peer['ports'] } } }
      : {}),
  };
}

function hasPeer(peer: Readonly<Record<string, unknown>>): boolean {
  return peerFields.some((field) => !isNullish(peer[field]));
}

/** `from`, `to` or `ports` directly in spec. */
function ruleFieldInSpec(error: FieldError, field: string, all: Case): Finding | undefined {
  if (field !== 'from' && field !== 'to' && field !== 'ports') return undefined;
  const spec = recordAt(all.value, ['spec']);
  const hasFrom = Object.hasOwn(spec, 'from');
  const hasTo = Object.hasOwn(spec, 'to');
  const direction = hasFrom ? 'ingress' : 'egress';
  const fields = [hasFrom ? 'from' : 'to', 'ports'];
  const rule = onlyFields(spec, fields);
  const certain =
    hasFrom !== hasTo && isNullish(spec[direction]) && fields.every((name) => !isEmpty(rule[name] ?? [0]));
  return {
    code: 'rule-outside-direction',
    path: error.path,
    onKey: true,
    message: `${field} stands in spec itself; it belongs to a rule, an entry of the list ingress or egress`,
    hint: 'write ingress: (or egress:), below it a dash for each rule, and in the rule from: (or to:) and ports:',
    claims: claimsAt(all, ['spec'], ['from', 'to', 'ports']),
    ...(certain
      ? {
          fix: {
            path: ['spec'],
            value: { ...withoutFields(spec, [...fields, direction]), [direction]: [rule] },
            shown: { [direction]: [rule] },
          },
        }
      : {}),
  };
}

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

/** What the mapping at `path` is called. */
export function subjectOf(path: Path): string {
  switch (levelOf(path)) {
    case 'root':
      return 'a NetworkPolicy';
    case 'rule':
      return `a rule of ${String(path[1])}`;
    case 'peer':
      return `a peer of ${String(path[3])}`;
    case 'port':
      return 'an entry of ports';
    case 'other':
      return typeof path.at(-1) === 'number' ? `an entry of ${String(path.at(-2))}` : String(path.at(-1));
    default:
      return String(path.at(-1));
  }
}
