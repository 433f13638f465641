import * as fc from 'fast-check';

import { all, fields, isObject, labelsOf, listOf, optional, selectorOf, weighted } from './shapes.ts';
import type { Json, JsonObject, Shape } from './shapes.ts';
import {
  labelValue,
  namespaceSelector as anyNamespaceSelector,
  podSelector as anyPodSelector,
  portNames,
  portNumbers,
  protocols,
} from './vocabulary.ts';

// ClusterNetworkPolicy v1alpha2, AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1 as the experimental CRDs store
// them, and what a newer API would write into the same kinds (corners 53 to 66).

type Kind = 'ClusterNetworkPolicy' | 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy';

/** Labels of a node; `undefined`: none. */
export const nodeLabels: fc.Arbitrary<Json | undefined> = weighted<Json | undefined>(
  [5, labelsOf(['zone', 'zone', 'constructor'], labelValue, 2)],
  [1, fc.constant(undefined)],
);

/** Few, so that equal ones meet; not all of one kind and tier. */
const priority = fc.constantFrom(10, 10, 10, 20, 0, 1000);

/** As the schema wants them: host bits are kept, leading zeros and mapped forms refused (corner 63). */
const networks = fc.uniqueArray(
  fc.constantFrom(
    ...`0.0.0.0/0 ::/0 10.0.0.0/8 10.0.0.0/24 10.0.0.0/25 10.0.0.1/32 10.0.0.77/24 10.0.0.128/25 192.168.0.0/16
    172.18.0.0/16 172.18.0.1/32 172.18.0.4/32 203.0.113.4/32 128.0.0.0/1 fd00::/8 fd00::/112 fd00::1/128 fd00::80/121
    FD00:172::/32 2001:db8::/32 8000::/1`.split(/\s+/),
  ),
  { minLength: 1, maxLength: 3 },
);

/** Stored, and of no use to anyone (corner 20). */
const unusableSelector: Shape = fc.constantFrom<Json>(
  { matchLabels: { 'a b': '!!' } },
  { matchLabels: { 'a/b/c': 'x' } },
  { matchLabels: { app: '-x' } },
  { matchExpressions: [{ key: 'app', operator: 'Gt', values: ['1'] }] },
  { matchExpressions: [{ key: 'app', operator: 'In' }] },
  { matchExpressions: [{ key: 'app', operator: 'NotIn', values: [] }] },
  { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['x'] }] },
  { matchExpressions: [{ key: '', operator: 'DoesNotExist' }] },
);

/** A selector as the CRDs accept it: no null in lists. */
function usable(selector: Shape): Shape {
  return selector.map((value) => (isObject(value) ? withoutNullValues(value) : {}));
}

function withoutNullValues(selector: JsonObject): JsonObject {
  const expressions = selector['matchExpressions'];
  if (!Array.isArray(expressions)) return selector;
  return {
    ...selector,
    matchExpressions: expressions.map((expression: Json) => {
      if (!isObject(expression) || !Array.isArray(expression['values'])) return expression;
      return { ...expression, values: expression['values'].map((value: Json) => value ?? '') };
    }),
  };
}

function mostlyUsable(selector: Shape): Shape {
  return weighted([150, usable(selector)], [1, unusableSelector]);
}

const namespaceSelector = mostlyUsable(anyNamespaceSelector);
const podSelector = mostlyUsable(anyPodSelector);
const nodeSelector = mostlyUsable(selectorOf(['zone', 'zone', 'constructor'], labelValue));

/** `namespaces` or `pods`; in v1alpha1 both selectors of `pods` are required (corners 56 and 66). */
function podsOf(kind: Kind): Shape {
  const required = kind === 'ClusterNetworkPolicy' ? ['podSelector'] : ['podSelector', 'namespaceSelector'];
  return weighted<Json>(
    [3, fc.constant({ namespaces: {} })],
    [2, all({ namespaces: namespaceSelector })],
    [4, all({ pods: fields({ podSelector, namespaceSelector }, required) })],
  );
}

const subjects: Readonly<Record<Kind, Shape>> = {
  ClusterNetworkPolicy: subjectOf('ClusterNetworkPolicy'),
  AdminNetworkPolicy: subjectOf('AdminNetworkPolicy'),
  BaselineAdminNetworkPolicy: subjectOf('BaselineAdminNetworkPolicy'),
};

/** Often everything: a policy that selects nobody meets nothing. */
function subjectOf(kind: Kind): Shape {
  return weighted<Json>([2, fc.constant({ namespaces: {} })], [5, podsOf(kind)]);
}

/** How much of a policy is of an API that is newer than podwall (corners 59, 62 and 66). */
export interface TierOptions {
  /** Peers and entries of ports that have no known field: no server of today stores them. */
  readonly unknown: boolean;
}

const unknownPeer: Shape = fc.constantFrom<Json>({ services: { name: 'web' } }, {});
const unknownPort: Shape = fc.constantFrom<Json>({ icmp: { type: 8 } }, {});

/** Peers that stand for addresses have no port names, so the schema refuses them beside a named port (corner 63). */
interface Peers {
  readonly peers: readonly Json[];
  readonly named: boolean;
}

function peersOf(kind: Kind, direction: 'ingress' | 'egress', { unknown }: TierOptions): fc.Arbitrary<Peers> {
  const pods = podsOf(kind);
  const withUnknown = (peer: Shape): Shape => (unknown ? weighted([80, peer], [1, unknownPeer]) : peer);
  const ofPods = listOf(withUnknown(pods), 2).map((peers) => ({ peers, named: true }));
  if (direction === 'ingress') return ofPods;
  const ofAddresses = weighted<Json>(
    [5, all({ networks })],
    [3, all({ nodes: nodeSelector })],
    // BaselineAdminNetworkPolicy has none (corner 58).
    ...(kind === 'BaselineAdminNetworkPolicy'
      ? []
      : ([[1, fc.constant({ domainNames: ['*.example.com'] })]] as const)),
  );
  const mixed = weighted<Json>([1, pods], [2, ofAddresses]);
  return weighted(
    [1, ofPods],
    [1, listOf(withUnknown(mixed), 3).map((peers) => ({ peers, named: peers.every(isOfPods) }))],
  );
}

function isOfPods(peer: Json): boolean {
  return isObject(peer) && ('namespaces' in peer || 'pods' in peer);
}

const ends = fc.tuple(fc.constantFrom(...portNumbers), fc.constantFrom(...portNumbers, 54, 8079));
const protocol = fc.constantFrom(...protocols);

/** An entry of `protocols` (corner 62). */
const protocolEntry: Shape = fc
  .record({
    protocol: fc.constantFrom('tcp', 'tcp', 'udp', 'sctp'),
    destinationPort: weighted<Json>(
      [3, fc.constantFrom(...portNumbers).map((number) => ({ number }))],
      [
        2,
        ends
          .filter(([one, other]) => one !== other)
          .map(([one, other]) => ({ range: { start: Math.min(one, other), end: Math.max(one, other) } })),
      ],
      [1, fc.constant({ range: { start: 1, end: 65535 } })],
    ),
  })
  .map((entry) => ({ [entry.protocol]: { destinationPort: entry.destinationPort } }));

/** An entry of `ports` of v1alpha1, those included that are stored and match nothing (corner 57). */
const adminPortEntry: Shape = weighted<Json>(
  [
    4,
    fields({
      protocol,
      port: fc.constantFrom(...portNumbers),
    }).chain((value) => fc.constantFrom(...portNumbers).map((port) => ({ portNumber: { port, ...value } }))),
  ],
  [
    2,
    ends.chain(([start, end]) =>
      fields({ protocol }).map((value) => ({ portRange: { start, end, ...value } })),
    ),
  ],
  [1, fc.constant<Json>({ portNumber: { protocol: 'ICMP', port: 80 } })],
);

function portsOf(kind: Kind, named: boolean, { unknown }: TierOptions): Shape {
  const isNew = kind === 'ClusterNetworkPolicy';
  // The empty name is stored too, and counts as a name beside addresses.
  const name = all({ [isNew ? 'destinationNamedPort' : 'namedPort']: fc.constantFrom(...portNames, '') });
  const numbered = isNew ? protocolEntry : adminPortEntry;
  const entry = named ? weighted<Json>([3, numbered], [1, name]) : numbered;
  return listOf(unknown ? weighted([80, entry], [1, unknownPort]) : entry, 2);
}

function rulesOf(kind: Kind, direction: 'ingress' | 'egress', options: TierOptions): Shape {
  const field = direction === 'ingress' ? 'from' : 'to';
  const portsField = kind === 'ClusterNetworkPolicy' ? 'protocols' : 'ports';
  const accept = kind === 'ClusterNetworkPolicy' ? 'Accept' : 'Allow';
  // Pass is not in BaselineAdminNetworkPolicy (corner 58).
  const actions =
    kind === 'BaselineAdminNetworkPolicy' ? [accept, accept, 'Deny'] : [accept, accept, 'Deny', 'Pass'];
  const rule = peersOf(kind, direction, options).chain(({ peers, named }) =>
    fc
      .record({
        action: fc.constantFrom(...actions),
        ports: weighted<Json | undefined>(
          [3, portsOf(kind, named, options)],
          [2, fc.constantFrom(undefined, undefined, null)],
        ),
      })
      .map(({ action, ports }) => ({ action, [field]: peers, ...optional(portsField, ports) })),
  );
  return weighted<Json>([6, listOf(rule, 3)], [1, fc.constantFrom<Json>([], null)]);
}

/** What stands in `spec` beside tier and priority. */
function specOf(kind: Kind, options: TierOptions): fc.Arbitrary<JsonObject> {
  return fields(
    {
      subject: subjects[kind],
      ingress: rulesOf(kind, 'ingress', options),
      egress: rulesOf(kind, 'egress', options),
    },
    ['subject'],
  );
}

function policyOf(options: TierOptions): fc.Arbitrary<{ readonly kind: Kind; readonly spec: JsonObject }> {
  const newest = fc
    .record({
      tier: fc.constantFrom('Admin', 'Admin', 'Baseline', 'Baseline'),
      priority,
      rest: specOf('ClusterNetworkPolicy', options),
    })
    .map(({ tier, priority: number, rest }) => ({
      kind: 'ClusterNetworkPolicy' as const,
      spec: { tier, priority: number, ...rest },
    }));
  const admin = fc
    .record({ priority, rest: specOf('AdminNetworkPolicy', options) })
    .map(({ priority: number, rest }) => ({
      kind: 'AdminNetworkPolicy' as const,
      spec: { priority: number, ...rest },
    }));
  const baseline = specOf('BaselineAdminNetworkPolicy', options).map((spec) => ({
    kind: 'BaselineAdminNetworkPolicy' as const,
    spec,
  }));
  return weighted<{ readonly kind: Kind; readonly spec: JsonObject }>([5, newest], [2, admin], [1, baseline]);
}

/** One to five policies; of BaselineAdminNetworkPolicy there is one at most, named `default`. */
export function tierPoliciesOf(options: TierOptions): fc.Arbitrary<readonly JsonObject[]> {
  return fc.array(policyOf(options), { minLength: 1, maxLength: 5 }).map((policies) => {
    const baseline = policies.findIndex(({ kind }) => kind === 'BaselineAdminNetworkPolicy');
    return policies
      .filter(({ kind }, i) => kind !== 'BaselineAdminNetworkPolicy' || i === baseline)
      .map(({ kind, spec }, i) => ({
        apiVersion: `policy.networking.k8s.io/${kind === 'ClusterNetworkPolicy' ? 'v1alpha2' : 'v1alpha1'}`,
        kind,
        metadata: {
          name: kind === 'BaselineAdminNetworkPolicy' ? 'default' : `tier-${i}`,
          // What a server has stored is not refused for what podwall does not know.
          ...(options.unknown && { uid: `7d9c4a52-0000-4000-8000-00000000000${i}` }),
        },
        spec,
      }));
  });
}
