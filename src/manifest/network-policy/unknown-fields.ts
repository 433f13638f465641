import type { Path } from '../../model/index.ts';
import {
  claimsAt,
  fieldOutsideParent,
  isEmpty,
  isNullish,
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
import type { FieldError } from '../validate/index.ts';
import { levelOf, peerFields, peersFieldOf, portFields, specFields, subjectOf } from './shapes.ts';

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
