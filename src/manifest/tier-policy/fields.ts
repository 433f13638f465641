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
  withField,
  withoutFields,
} from '../explain/index.ts';
import type { Case, Finding, Fix } from '../explain/index.ts';
import { readCidr } from '../validate/index.ts';
import type { FieldError } from '../validate/index.ts';
import { isSelectorField, levelOf, peersFieldOf, subjectOf } from './place.ts';
import type { Context } from './place.ts';
import { portEntryFor } from './ports.ts';

const specFields = ['tier', 'priority', 'subject', 'ingress', 'egress'];
const podSelectors = ['namespaceSelector', 'podSelector'];
const addressPeers = ['networks', 'nodes', 'domainNames'];
const peerFields = ['namespaces', 'pods', ...addressPeers];
const portEntryFields = [
  'protocol',
  'port',
  'endPort',
  'portNumber',
  'portRange',
  'namedPort',
  'tcp',
  'udp',
  'sctp',
  'destinationNamedPort',
];

/** One field that the type does not have, as the functions here look at it. */
interface Unknown {
  readonly error: FieldError;
  /** Of the mapping that holds it. */
  readonly path: Path;
  readonly field: string;
  readonly all: Case;
  readonly context: Context;
}

/** Explains a field that the CRD does not have: of another kind or channel, misplaced, misspelled, or simply unknown. */
export function explainUnknownField(error: FieldError, all: Case, context: Context): Finding {
  const path = error.path.slice(0, -1);
  const field = String(error.path.at(-1));
  const subject = subjectOf(path, context);
  return (
    special({ error, path, field, all, context }) ??
    misspelledField(error, path, field, all, subject) ?? {
      code: 'unknown-field',
      path: error.path,
      onKey: true,
      message: `${subject} has no field ${field}. kubectl refuses it, and a server that takes it drops it`,
      hint: `${subject} has ${listed(error.expected ?? [])}`,
      claims: [error, ...claimsAt(all, path, [field])],
    }
  );
}

function special(unknown: Unknown): Finding | undefined {
  const { error, path, field, all } = unknown;
  switch (levelOf(path)) {
    case 'root':
      return fieldOfRoot(unknown);
    case 'spec':
      return fieldOfSpec(unknown);
    case 'subject':
      return selectorsOutsidePods(unknown) ?? fieldOfSubject(unknown);
    case 'rule':
      return portsOfOtherKind(unknown) ?? fieldOfRule(unknown);
    case 'peer':
      return selectorsOutsidePods(unknown) ?? fieldOfPeer(unknown);
    case 'entry':
      return entryOfOtherKind(unknown);
    case 'transport':
      return portOutsideDestination(unknown);
    case 'selector':
      return labelInSelector(error, path, field, all);
    default:
      return undefined;
  }
}

function finding(
  { error }: Unknown,
  code: string,
  message: string,
  hint: string,
  rest: Partial<Finding> = {},
): Finding {
  return { code, path: error.path, onKey: true, message, hint, claims: [error], ...rest };
}

function fieldOfRoot({ error, field, all }: Unknown): Finding | undefined {
  const found = fieldOutsideParent(error, field, all, specFields);
  if (found === undefined || !specFields.includes(field)) return found;
  const missing = all.errors.filter(({ code, path }) => code === 'field-missing' && path[0] === 'spec');
  return { ...found, claims: [...found.claims, ...missing] };
}

function fieldOfSpec(unknown: Unknown): Finding | undefined {
  const { path, field, all, context } = unknown;
  const subject = subjectOf([], context);
  if (field === 'policyTypes') {
    return finding(
      unknown,
      'field-of-other-kind',
      `${subject} has no policyTypes, which belong to NetworkPolicy: it touches a direction by having rules for it`,
      'leave it out',
    );
  }
  if (podSelectors.includes(field)) {
    const spec = recordAt(all.value, path);
    const pods = onlyFields(spec, podSelectors);
    const certain = isNullish(spec['subject']) && !isNullish(pods['podSelector']);
    return finding(
      unknown,
      'field-of-other-kind',
      `${subject} has no ${field} in spec: whom it is for stands in subject`,
      'write subject: and below it namespaces: or pods:',
      {
        claims: [
          ...claimsAt(all, path, podSelectors),
          ...all.errors.filter(({ code, path: at }) => code === 'field-missing' && at[1] === 'subject'),
        ],
        ...(certain
          ? {
              fix: {
                path,
                value: { ...withoutFields(spec, podSelectors), subject: { pods } },
                shown: { subject: { pods } },
                judged: ['spec', 'subject'],
              },
            }
          : {}),
      },
    );
  }
  if (field === 'tier' || field === 'priority') {
    return finding(
      unknown,
      'field-of-other-kind',
      `${subject} has no ${field}${field === 'tier' ? ': its kind is its tier' : ': there is only one of its kind'}`,
      `leave it out, or write a ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2`,
    );
  }
  if (!['from', 'to', 'action', 'ports', 'protocols'].includes(field)) return undefined;
  return finding(
    unknown,
    'field-misplaced',
    `${field} stands in spec itself; it belongs to a rule, an entry of the list ingress or egress`,
    'write ingress: (or egress:), and below it each rule with a dash',
    { claims: claimsAt(all, path, ['from', 'to', 'action', 'ports', 'protocols']) },
  );
}

function fieldOfSubject(unknown: Unknown): Finding | undefined {
  const { field } = unknown;
  if (addressPeers.includes(field)) {
    return finding(
      unknown,
      'peer-not-allowed-here',
      `a subject is pods, and has no ${field}`,
      'write namespaces: or pods:',
      { claims: claimsAt(unknown.all, unknown.path, [field]) },
    );
  }
  return isSelectorField(field) ? selectorWithoutName(unknown) : undefined;
}

function selectorWithoutName(unknown: Unknown): Finding {
  const { field, path, all } = unknown;
  return finding(
    unknown,
    'field-misplaced',
    `${field} stands where the selectors are named: nobody can tell whether it is for namespaces or pods`,
    'write namespaces: before it, or pods: and podSelector:, and indent it below',
    { claims: claimsAt(all, path, ['matchLabels', 'matchExpressions']) },
  );
}

/** `podSelector` and `namespaceSelector` as peers of NetworkPolicy have them, without `pods` around them. */
function selectorsOutsidePods(unknown: Unknown): Finding | undefined {
  const { path, field, all, context } = unknown;
  if (!podSelectors.includes(field)) return undefined;
  const parent = recordAt(all.value, path);
  const selectors = onlyFields(parent, podSelectors);
  const named = podSelectors.filter((name) => !isNullish(selectors[name]));
  const rest = withoutFields(parent, podSelectors);
  // In a NetworkPolicy a podSelector alone looks in the policy's own namespace, and there is none here.
  const value = named.includes('podSelector')
    ? { pods: named.length === 2 || context.kind.namespacesOptional ? selectors : undefined }
    : { namespaces: selectors['namespaceSelector'] };
  const certain = isEmpty(rest) && named.length > 0 && Object.values(value)[0] !== undefined;
  return finding(
    unknown,
    'field-of-other-kind',
    `${field} stands in ${subjectOf(path, context)} itself, as in a NetworkPolicy; here it belongs into pods`,
    'write pods: and the selectors below it, or namespaces: for all pods of some namespaces',
    {
      claims: claimsAt(all, path, podSelectors),
      ...(certain ? { fix: { path, value: { ...rest, ...value } } } : {}),
    },
  );
}

function fieldOfPeer(unknown: Unknown): Finding | undefined {
  const { error, path, field, all, context } = unknown;
  if (field === 'ipBlock') return ipBlockInPeer(unknown);
  if (addressPeers.includes(field)) {
    const claims = claimsAt(all, path, [field]);
    if (peersFieldOf(path) === 'from') {
      // Traffic from elsewhere is for NetworkPolicies alone (corner 63).
      return finding(
        unknown,
        'peer-not-allowed-here',
        `a peer of ingress is namespaces or pods, and has no ${field}: what comes from outside, or from nodes, no policy of this kind can match`,
        'write a NetworkPolicy for it',
        { claims },
      );
    }
    const experimental: ReadonlySet<string> = context.kind.egressPeers.experimental;
    return experimental.has(field) ? experimentalField(unknown, claims) : undefined;
  }
  if (field === 'ports' || field === 'protocols' || portEntryFields.includes(field)) {
    return finding(
      unknown,
      'field-misplaced',
      `${field} stands in a peer; ports belong to the whole rule, beside ${peersFieldOf(path)}. A server that drops it reads a rule for every port`,
      `write ${context.kind.ports}: in the same column as ${peersFieldOf(path)}:`,
      { claims: [error, ...claimsAt(all, path, [field])] },
    );
  }
  return isSelectorField(field) ? selectorWithoutName(unknown) : undefined;
}

function experimentalField(unknown: Unknown, claims: readonly FieldError[]): Finding {
  const { field, context } = unknown;
  return finding(
    unknown,
    'experimental-field',
    `${field} is a field of the experimental channel, and the standard CRD of ${context.kind.kind} drops it`,
    'install the experimental CRD, and say so with --cnp-channel experimental',
    { claims },
  );
}

/** `ipBlock` of NetworkPolicy: the same without `except` is `networks`. */
function ipBlockInPeer(unknown: Unknown): Finding {
  const { path, all } = unknown;
  const peer = recordAt(all.value, path);
  const block = recordAt(all.value, [...path, 'ipBlock']);
  const { cidr, except } = block;
  const isEgress = peersFieldOf(path) === 'to';
  const certain =
    isEgress &&
    typeof cidr === 'string' &&
    readCidr(cidr) !== undefined &&
    isNullish(except) &&
    Object.keys(peer).length === 1;
  return finding(
    unknown,
    'field-of-other-kind',
    isEgress
      ? 'ipBlock belongs to NetworkPolicy; here addresses stand in networks, which has no except'
      : 'ipBlock belongs to NetworkPolicy, and a peer of ingress is namespaces or pods: addresses cannot be named here',
    isEgress
      ? 'write networks: with a list of blocks; what except took out needs a rule of its own before this one'
      : 'write a NetworkPolicy for it',
    {
      claims: claimsAt(all, path, ['ipBlock']),
      ...(certain ? { fix: { path, value: { networks: [cidr] } } } : {}),
    },
  );
}

/** `ports` in a ClusterNetworkPolicy, `protocols` in the two kinds before it. */
function portsOfOtherKind(unknown: Unknown): Finding | undefined {
  const { error, path, field, all, context } = unknown;
  const own = context.kind.ports;
  if (field !== (own === 'protocols' ? 'ports' : 'protocols')) return undefined;
  const rule = recordAt(all.value, path);
  const fix = isNullish(rule[own]) ? portsFix(path, rule, field, error.value, context) : undefined;
  return finding(
    unknown,
    'field-of-other-kind',
    `a rule of ${subjectOf([], context)} has ${own} and not ${field}. A server that drops it reads a rule for every port and protocol`,
    own === 'protocols'
      ? 'write protocols: and entries such as - tcp: {destinationPort: {number: 80}}'
      : 'write ports: and entries such as - portNumber: {protocol: TCP, port: 80}',
    fix === undefined ? {} : { fix },
  );
}

function portsFix(
  path: Path,
  rule: Readonly<Record<string, unknown>>,
  field: string,
  list: unknown,
  { kind }: Context,
): Fix | undefined {
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  const converted = entries.map((entry) => portEntryFor(kind, entry));
  if (converted.length === 0 || converted.includes(undefined)) return undefined;
  return {
    path,
    value: { ...withoutFields(rule, [field]), [kind.ports]: converted },
    shown: { [kind.ports]: converted },
    judged: [...path, kind.ports],
  };
}

function fieldOfRule(unknown: Unknown): Finding | undefined {
  const { path, field, all, context } = unknown;
  const list = peersFieldOf(path);
  const missing = all.errors.filter(
    ({ code, path: at }) =>
      code === 'field-missing' && at.length === 4 && at[1] === path[1] && at[2] === path[2] && at[3] === list,
  );
  if (field === (list === 'from' ? 'to' : 'from')) {
    return finding(
      unknown,
      'wrong-direction',
      `a rule of ${String(path[1])} has ${list} and not ${field}`,
      `write ${list}:, or move the rule to ${path[1] === 'ingress' ? 'egress' : 'ingress'}`,
      { claims: [...claimsAt(all, path, [field]), ...missing] },
    );
  }
  if (peerFields.includes(field) || podSelectors.includes(field) || field === 'ipBlock') {
    const rule = recordAt(all.value, path);
    const peer = onlyFields(rule, peerFields);
    const certain = peerFields.includes(field) && isNullish(rule[list]) && Object.keys(peer).length === 1;
    return finding(
      unknown,
      'field-misplaced',
      `${field} stands in the rule itself; peers are entries of the list ${list}`,
      `write the peers as a list below ${list}: with a dash each`,
      {
        claims: [...claimsAt(all, path, [...peerFields, ...podSelectors, 'ipBlock']), ...missing],
        ...(certain
          ? {
              fix: {
                path,
                value: { ...withoutFields(rule, [...peerFields, list]), [list]: [peer] },
                shown: { [list]: [peer] },
                judged: [...path, list],
              },
            }
          : {}),
      },
    );
  }
  if (!portEntryFields.includes(field)) return undefined;
  return finding(
    unknown,
    'field-misplaced',
    `${field} stands in the rule itself; it belongs to an entry of the list ${context.kind.ports}. A server that drops it reads a rule for every port`,
    `write ${context.kind.ports}: and below it each entry with a dash`,
    { claims: claimsAt(all, path, portEntryFields) },
  );
}

/** An entry of ports as another kind of policy writes it. */
function entryOfOtherKind(unknown: Unknown): Finding | undefined {
  const { path, field, all, context } = unknown;
  const { kind } = context;
  if (/^icmp/i.test(field)) {
    return finding(
      unknown,
      'unknown-field',
      `${subjectOf([], context)} cannot name ICMP`,
      `a rule without ${kind.ports} is for every protocol, ICMP among them`,
      { claims: claimsAt(all, path, [field]) },
    );
  }
  if (!portEntryFields.includes(field)) return undefined;
  if (field === 'namedPort' && kind.ports === 'ports') {
    return experimentalField(unknown, claimsAt(all, path, [field]));
  }
  const entry = recordAt(all.value, path);
  const fixed = portEntryFor(kind, entry);
  const other = ['protocol', 'port', 'endPort'].includes(field)
    ? 'NetworkPolicy'
    : kind.ports === 'protocols'
      ? 'AdminNetworkPolicy'
      : 'ClusterNetworkPolicy';
  return finding(
    unknown,
    'field-of-other-kind',
    `${field} belongs to an entry of ports of ${other}; an entry of ${kind.ports} is written otherwise`,
    kind.ports === 'protocols'
      ? 'write tcp: {destinationPort: {number: 80}}, udp: or sctp:, or destinationNamedPort: with a name'
      : 'write portNumber: {protocol: TCP, port: 80}, portRange: or namedPort:',
    {
      claims: claimsAt(all, path, Object.keys(entry)),
      ...(fixed === undefined ? {} : { fix: { path, value: fixed } }),
    },
  );
}

/** `tcp: {port: 80}` and the like. */
function portOutsideDestination(unknown: Unknown): Finding | undefined {
  const { path, field, all, context } = unknown;
  if (context.kind.ports !== 'protocols') return undefined;
  if (!['port', 'ports', 'number', 'range', 'start', 'end'].includes(field)) return undefined;
  const transport = recordAt(all.value, path);
  const number = transport['number'] ?? transport['port'];
  const destinationPort = typeof number === 'number' ? { number } : onlyFields(transport, ['range']);
  const certain = Object.keys(transport).length === 1 && Object.keys(destinationPort).length === 1;
  return finding(
    unknown,
    'field-misplaced',
    `${field} stands in ${subjectOf(path, context)} itself; ports stand in destinationPort`,
    'write destinationPort: {number: 80}, or destinationPort: {range: {start: 8000, end: 9000}}',
    {
      claims: claimsAt(all, path, Object.keys(transport)),
      ...(certain ? { fix: { path, value: withField({}, 'destinationPort', destinationPort) } } : {}),
    },
  );
}
