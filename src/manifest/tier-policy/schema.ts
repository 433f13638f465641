import type { CnpChannel } from '../raw.ts';
import { isRecord, readCidr } from '../validate/index.ts';
import type { CrdField, CrdRule, CrdSchema } from '../validate/index.ts';
import { podFields } from './kinds.ts';
import type { PeerField, TierKind } from './kinds.ts';

/**
 * The CRDs of policy.networking.k8s.io as data: ClusterNetworkPolicy of v0.2.0, AdminNetworkPolicy and
 * BaselineAdminNetworkPolicy of v0.1.7, each in its two channels (corners 56 to 63).
 *
 * @see https://github.com/kubernetes-sigs/network-policy-api/tree/main/config/crd
 */
export function tierSchema(kind: TierKind, channel: CnpChannel): CrdSchema {
  const key = `${kind.kind} ${channel}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const schema = make(kind, channel);
  made.set(key, schema);
  return schema;
}

const made = new Map<string, CrdSchema>();

type Limits = Pick<Extract<CrdSchema, { kind: 'object' }>, 'minProperties' | 'maxProperties' | 'rule'>;

const required = (schema: CrdSchema): CrdField => ({ schema, required: true });
const optional = (schema: CrdSchema): CrdField => ({ schema });
const object = (fields: Readonly<Record<string, CrdField>>, limits: Limits = {}): CrdSchema => ({
  kind: 'object',
  fields: new Map(Object.entries(fields)),
  ...limits,
});
const array = (
  of: CrdSchema,
  minItems: number,
  maxItems: number,
  isSet = false,
): CrdSchema & { kind: 'array' } => ({ kind: 'array', of, minItems, maxItems, isSet });
const oneOf = { minProperties: 1, maxProperties: 1 };

const text: CrdSchema = { kind: 'string' };
const anything: CrdSchema = { kind: 'any' };
const portNumber: CrdSchema = { kind: 'integer', minimum: 1, maximum: 65535 };

/** Nothing but the types: no operator, key or value is looked at (corner 20). */
const labelSelector: CrdSchema = object({
  matchLabels: optional({ kind: 'map', of: text }),
  matchExpressions: optional({
    kind: 'array',
    of: object({
      key: required(text),
      operator: required(text),
      values: optional({ kind: 'array', of: text }),
    }),
  }),
});

/** `isCIDR` of CEL: host bits are fine; zeros in front, IPv4-mapped addresses and zones are not (corner 63). */
const cidrRule: CrdRule = {
  code: 'cidr-invalid',
  message: 'Invalid CIDR format provided',
  holds: (value) => {
    const parsed = typeof value === 'string' ? readCidr(value) : undefined;
    return (
      parsed !== undefined &&
      parsed.irregularities.every((each) => each === 'host-bits' || each === 'not-canonical')
    );
  },
};

// "A-z" is upstream's, so `_` and a few other signs may begin a label. Labels hold no dots, so it is linear.
const domainName =
  /^(?:\*\.)?(?:[a-zA-z0-9](?:[-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-z0-9](?:[-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;
const domainNameRule: CrdRule = {
  code: 'domain-name-invalid',
  message: `should match '${domainName.source}'`,
  holds: (value) => typeof value === 'string' && domainName.test(value),
};

function make(kind: TierKind, channel: CnpChannel): CrdSchema {
  const isCnp = kind.ports === 'protocols';
  const mostRules = isCnp ? 25 : 100;
  const mostEntries = isCnp ? 25 : 100;
  const pods = object({
    podSelector: required(labelSelector),
    namespaceSelector: kind.namespacesOptional ? optional(labelSelector) : required(labelSelector),
  });
  const peerFields: Readonly<Record<PeerField, CrdSchema>> = {
    namespaces: labelSelector,
    pods,
    networks: array({ kind: 'string', maxLength: 43, rule: cidrRule }, 1, 25, true),
    nodes: labelSelector,
    domainNames: array({ kind: 'string', rule: domainNameRule }, 1, 25, true),
  };
  const peer = (fields: ReadonlySet<PeerField>): CrdSchema =>
    object(Object.fromEntries([...fields].map((field) => [field, optional(peerFields[field])])), oneOf);
  const ports = isCnp ? protocolEntry : portEntry(kind.namesPorts[channel]);
  const rule = (list: 'from' | 'to', fields: ReadonlySet<PeerField>, limits: Limits): CrdSchema =>
    object(
      {
        name: optional({ kind: 'string', maxLength: 100 }),
        action: required({ kind: 'string', enum: [...kind.actions.keys()] }),
        [list]: required(array(peer(fields), 1, mostEntries)),
        [kind.ports]: optional(array(ports, 1, mostEntries)),
      },
      limits,
    );
  const rules = (of: CrdSchema): CrdField => optional({ kind: 'array', of, maxItems: mostRules });
  return object({
    apiVersion: optional(text),
    kind: optional(text),
    // Judged as the metadata of any object, elsewhere.
    metadata: optional(anything),
    spec: required(
      object({
        ...(kind.tier === 'spec' ? { tier: required({ kind: 'string', enum: ['Admin', 'Baseline'] }) } : {}),
        ...(kind.hasPriority ? { priority: required({ kind: 'integer', minimum: 0, maximum: 1000 }) } : {}),
        subject: required(peer(podFields)),
        ingress: rules(rule('from', podFields, {})),
        egress: rules(
          rule(
            'to',
            kind.egressPeers[channel],
            channel === 'experimental' ? { rule: namedPortRule(kind) } : {},
          ),
        ),
      }),
    ),
    // Set by the server alone: what a manifest says is dropped.
    status: optional(anything),
  });
}

/** Addresses have no named ports: one such peer and one such port suffice (corners 58 and 63). */
function namedPortRule({ ports, egressPeers }: TierKind): CrdRule {
  const name = ports === 'protocols' ? 'destinationNamedPort' : 'namedPort';
  const kinds = [...egressPeers.experimental].filter((field) => !podFields.has(field)).join('/');
  const someHas = (list: unknown, fields: readonly string[]): boolean =>
    Array.isArray(list) &&
    (list as readonly unknown[]).some(
      (item) => isRecord(item) && fields.some((field) => item[field] !== undefined),
    );
  return {
    code: 'named-port-with-addresses',
    message: `${kinds} peer cannot be set with namedPorts since there are no namedPorts for ${kinds}`,
    holds: (rule) =>
      !isRecord(rule) ||
      !someHas(rule.to, ['networks', 'nodes', 'domainNames']) ||
      !someHas(rule[ports], [name]),
  };
}

const startBelowEnd: CrdRule = {
  code: 'port-range-empty',
  message: 'Start port must be less than End port',
  holds: (range) => !isRecord(range) || Number(range.start) < Number(range.end),
};
const destinationPort = object(
  {
    number: optional(portNumber),
    range: optional(
      object({ start: required(portNumber), end: required(portNumber) }, { rule: startBelowEnd }),
    ),
  },
  oneOf,
);
const transport = optional(object({ destinationPort: optional(destinationPort) }, { minProperties: 1 }));
/** An entry of `protocols` (corner 62). */
const protocolEntry: CrdSchema = object(
  { tcp: transport, udp: transport, sctp: transport, destinationNamedPort: optional(text) },
  oneOf,
);

/** An entry of `ports`: neither the order of a range nor the name of a protocol is asked about (corner 57). */
function portEntry(namesPorts: boolean): CrdSchema {
  const protocol: CrdField = { schema: text, default: 'TCP' };
  return object(
    {
      portNumber: optional(object({ protocol, port: required(portNumber) })),
      portRange: optional(object({ protocol, start: required(portNumber), end: required(portNumber) })),
      ...(namesPorts ? { namedPort: optional(text) } : {}),
    },
    oneOf,
  );
}
