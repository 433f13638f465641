import { isIn, readBlock, readIp } from './addresses.ts';
import type { Ip } from './addresses.ts';
import { familyOf } from './ends.ts';
import type { End, ReferenceFamily, ReferenceProtocol } from './ends.ts';
import { asText, get, isFields, list, nameOf } from './fields.ts';
import { readLabels, readUncheckedSelector } from './labels.ts';
import type { LabelTest, Labels } from './labels.ts';

/** What becomes of a connection on one side, in one possible world. */
export type Outcome = 'allowed' | 'denied';

/** Whether a domain name stands for an address: files cannot tell, so whoever asks says it. */
export type Resolves = (domainName: string, address: Ip) => boolean;

/** What the tiers say of one protocol and port, given what NetworkPolicy decides (`undefined`: it isolates nothing). */
export type TierSide = (
  networkPolicy: Outcome | undefined,
  protocol: ReferenceProtocol,
  port: number,
) => ReadonlySet<Outcome>;

/** Names of policies, as kind/name, that disagree about one protocol and port. */
export type Disagreeing = (
  networkPolicy: Outcome | undefined,
  protocol: ReferenceProtocol,
  port: number,
) => ReadonlySet<string>;

type Action = 'accept' | 'deny' | 'pass';
type Tier = 'admin' | 'baseline';
type Kind = 'ClusterNetworkPolicy' | 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy';
type PeerTest = (end: End, family: ReferenceFamily) => boolean;
type PortTest = (destination: End, protocol: ReferenceProtocol, port: number) => boolean;

interface Rule {
  readonly action: Action;
  readonly matchesPeer: PeerTest;
  readonly matchesPort: PortTest;
}

interface Policy {
  readonly name: string;
  readonly tier: Tier;
  /** `undefined`: BaselineAdminNetworkPolicy, which has none. */
  readonly priority: number | undefined;
  readonly selects: (end: End) => boolean;
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
}

interface Node {
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly Ip[];
}

/** The fields of an egress peer that each kind has (corners 58 and 63); in ingress all have the first two. */
const peerFields: Readonly<Record<Kind, readonly string[]>> = {
  ClusterNetworkPolicy: ['namespaces', 'pods', 'networks', 'nodes', 'domainNames'],
  AdminNetworkPolicy: ['namespaces', 'pods', 'networks', 'nodes', 'domainNames'],
  BaselineAdminNetworkPolicy: ['namespaces', 'pods', 'networks', 'nodes'],
};

/**
 * ClusterNetworkPolicy, AdminNetworkPolicy and BaselineAdminNetworkPolicy by the letter: every order in which an
 * implementation may ask the policies is tried (corners 53 and 60).
 */
export class Tiers {
  readonly #policies: readonly Policy[];
  readonly #namespaceLabels: (namespace: string) => Labels;
  readonly #nodes: readonly Node[];
  readonly #resolves: Resolves;

  /**
   * @param objects - the policies and the Nodes, among any others, as a server stores them
   * @param namespaceLabels - the labels of a namespace, with the name label
   */
  constructor(
    objects: readonly unknown[],
    namespaceLabels: (namespace: string) => Labels,
    resolves: Resolves,
  ) {
    this.#namespaceLabels = namespaceLabels;
    this.#resolves = resolves;
    this.#nodes = objects
      .filter((each) => get(each, 'apiVersion') === 'v1' && get(each, 'kind') === 'Node')
      .map((each) => ({
        name: nameOf(each),
        labels: readLabels(get(each, 'metadata', 'labels')),
        addresses: list(get(each, 'status', 'addresses')).flatMap(
          (address) => readIp(asText(get(address, 'address')) ?? '') ?? [],
        ),
      }));
    this.#policies = objects.flatMap((each) => this.#readPolicy(each) ?? []);
  }

  /**
   * What may become of connections between `subject` and `peer` on the side of `subject`.
   *
   * `subject` is no end of its own (a pod's connection to its own address is asked nowhere, corner 65), and in ingress
   * `peer` is not its own node (corner 42).
   *
   * @param destination - whose ports are asked: `peer` in egress, `subject` in ingress (corner 62)
   */
  side(subject: End, direction: 'ingress' | 'egress', peer: End, family: ReferenceFamily): TierSide {
    const destination = direction === 'egress' ? peer : subject;
    const selecting = this.#policies.filter((policy) => policy.selects(subject));
    // Only the rules that match the peer can decide, whatever the port, and a policy without them changes no order.
    const asked = selecting
      .map((policy) => ({
        ...policy,
        rules: policy[direction].filter((rule) => rule.matchesPeer(peer, family)),
      }))
      .filter(({ rules }) => rules.length > 0);
    const admin = orders(asked.filter(({ tier }) => tier === 'admin'));
    const baseline = orders(asked.filter(({ tier }) => tier === 'baseline'));
    return (networkPolicy, protocol, port) => {
      const decisions = new Map(
        asked.map((policy) => [
          policy,
          // Corners 53 and 60: inside a policy the first rule that matches decides.
          policy.rules.find((rule) => rule.matchesPort(destination, protocol, port))?.action,
        ]),
      );
      const first = (order: readonly (typeof asked)[number][]): Action | undefined =>
        order.map((policy) => decisions.get(policy)).find((action) => action !== undefined);
      const outcomes = new Set<Outcome>();
      for (const adminOrder of admin) {
        for (const baselineOrder of baseline) {
          outcomes.add(walk(first(adminOrder), networkPolicy, first(baselineOrder)));
        }
      }
      return outcomes;
    };
  }

  /**
   * The policies that decide in some order of one tier where another order, the other tier's being the same, leads to something
   * else (corner 60).
   */
  disagreeing(
    subject: End,
    direction: 'ingress' | 'egress',
    peer: End,
    family: ReferenceFamily,
  ): Disagreeing {
    const destination = direction === 'egress' ? peer : subject;
    const asked = this.#policies
      .filter((policy) => policy.selects(subject))
      .map((policy) => ({
        ...policy,
        rules: policy[direction].filter((rule) => rule.matchesPeer(peer, family)),
      }));
    return (networkPolicy, protocol, port) => {
      const decided = asked.flatMap(({ name, tier, priority, rules }) => {
        const action = rules.find((rule) => rule.matchesPort(destination, protocol, port))?.action;
        return action === undefined ? [] : [{ name, tier, priority, action }];
      });
      const firsts = (tier: Tier) =>
        orders(decided.filter((each) => each.tier === tier)).map(([first]) => first);
      const admin = firsts('admin');
      const baseline = firsts('baseline');
      const names = new Set<string>();
      const compare = (
        one: (typeof admin)[number],
        other: (typeof admin)[number],
        isOther: boolean,
      ): void => {
        if (!isOther) return;
        for (const each of [one, other]) if (each !== undefined) names.add(each.name);
      };
      for (const a of admin) {
        for (const b of baseline) {
          const outcome = walk(a?.action, networkPolicy, b?.action);
          for (const each of admin)
            compare(a, each, walk(each?.action, networkPolicy, b?.action) !== outcome);
          for (const each of baseline)
            compare(b, each, walk(a?.action, networkPolicy, each?.action) !== outcome);
        }
      }
      return names;
    };
  }

  #readPolicy(object: unknown): Policy | undefined {
    const apiVersion = get(object, 'apiVersion');
    const kind = get(object, 'kind');
    const spec = get(object, 'spec');
    const rulesOf = (of: Kind) => ({
      name: `${of}/${nameOf(object)}`,
      selects: this.#readSubject(get(spec, 'subject')),
      ingress: list(get(spec, 'ingress')).map((rule) => this.#readRule(rule, of, 'from')),
      egress: list(get(spec, 'egress')).map((rule) => this.#readRule(rule, of, 'to')),
    });
    const priority = Number(get(spec, 'priority'));
    if (apiVersion === 'policy.networking.k8s.io/v1alpha2' && kind === 'ClusterNetworkPolicy') {
      return { ...rulesOf(kind), tier: get(spec, 'tier') === 'Admin' ? 'admin' : 'baseline', priority };
    }
    if (apiVersion !== 'policy.networking.k8s.io/v1alpha1') return undefined;
    if (kind === 'AdminNetworkPolicy') return { ...rulesOf(kind), tier: 'admin', priority };
    if (kind === 'BaselineAdminNetworkPolicy') {
      return { ...rulesOf(kind), tier: 'baseline', priority: undefined };
    }
    return undefined;
  }

  #readSubject(subject: unknown): Policy['selects'] {
    const matches = this.#readPods(subject);
    // Corner 20: a subject that cannot be used selects nobody.
    return (end) => matches !== undefined && matches(end);
  }

  /** Pods by `namespaces` or by `pods`; `undefined` when a selector is unusable or neither field is there. */
  #readPods(fields: unknown): ((end: End) => boolean) | undefined {
    const namespaces = get(fields, 'namespaces');
    const pods = get(fields, 'pods');
    let namespaceTest: LabelTest | undefined;
    let podTest: LabelTest | undefined;
    if (namespaces !== undefined) {
      namespaceTest = readUncheckedSelector(namespaces);
      podTest = () => true;
    } else if (pods !== undefined) {
      // Corner 66: without namespaceSelector the pods of all namespaces.
      namespaceTest = readUncheckedSelector(get(pods, 'namespaceSelector'));
      podTest = readUncheckedSelector(get(pods, 'podSelector'));
    }
    if (namespaceTest === undefined || podTest === undefined) return undefined;
    const [inNamespace, hasLabels] = [namespaceTest, podTest];
    // Corners 56 and 66: never host-network pods, nodes and addresses.
    return (end) =>
      end.kind === 'pod' &&
      !end.hostNetwork &&
      inNamespace(this.#namespaceLabels(end.namespace)) &&
      hasLabels(end.labels);
  }

  #readRule(rule: unknown, kind: Kind, peerField: 'from' | 'to'): Rule {
    const written = asText(get(rule, 'action')) ?? '';
    const action = { Accept: 'accept', Allow: 'accept', Deny: 'deny', Pass: 'pass' }[written];
    if (action !== 'accept' && action !== 'deny' && action !== 'pass') {
      throw new Error(`action ${written} is refused by every server (corners 54 and 61)`);
    }
    const known = peerField === 'from' ? ['namespaces', 'pods'] : peerFields[kind];
    const peers = list(get(rule, peerField)).map((peer) => this.#readPeer(peer, known));
    const portsField = kind === 'ClusterNetworkPolicy' ? 'protocols' : 'ports';
    const readPort = kind === 'ClusterNetworkPolicy' ? readProtocol : readAdminPort;
    const ports = list(get(rule, portsField)).map(readPort);
    if (peers.includes(undefined) || ports.includes(undefined)) {
      // Corners 59, 62 and 66: what is not understood makes the whole rule fail closed, whatever stands beside it.
      const all = action !== 'accept';
      return { action: 'deny', matchesPeer: () => all, matchesPort: () => all };
    }
    return {
      action,
      matchesPeer: (end, family) => peers.some((peer) => peer?.(end, family)),
      // Corners 57 and 62: no ports, every protocol, ICMP too.
      matchesPort: (destination, protocol, port) =>
        ports.length === 0 || ports.some((each) => each?.(destination, protocol, port)),
    };
  }

  /** `undefined`: the peer has no field that is known, or a selector that is unusable (corners 20, 59 and 66). */
  #readPeer(peer: unknown, known: readonly string[]): PeerTest | undefined {
    const field = known.find((each) => get(peer, each) !== undefined);
    switch (field) {
      case 'namespaces':
      case 'pods':
        return this.#readPods(peer);
      case 'networks': {
        const blocks = list(get(peer, field)).map((each) => readBlock(asText(each) ?? ''));
        // Corners 58 and 63: addresses of pods, nodes and the outside alike. Corner 39: without address none matches.
        return (end, family) =>
          end.addresses.some((ip) => familyOf(ip) === family && blocks.some((block) => isIn(ip, block)));
      }
      case 'nodes': {
        const selects = readUncheckedSelector(get(peer, field));
        return selects && ((end, family) => this.#isOfNode(end, family, selects));
      }
      case 'domainNames': {
        const names = list(get(peer, field)).map((each) => asText(each) ?? '');
        // Corner 63: domain names stand for what is outside the cluster.
        return (end, family) =>
          end.kind === 'outside' &&
          end.addresses.some(
            (ip) => familyOf(ip) === family && names.some((name) => this.#resolves(name, ip)),
          );
      }
      case undefined:
      default:
        return undefined;
    }
  }

  /** Corner 63: a selected node by its addresses, so what is on its network (corner 66) and an address that is its own. */
  #isOfNode(end: End, family: ReferenceFamily, selects: LabelTest): boolean {
    if (end.kind === 'outside') {
      return this.#nodes.some(
        ({ labels, addresses }) =>
          selects(labels) &&
          addresses.some((ip) =>
            end.addresses.some(
              (each) => familyOf(each) === family && each.bits === ip.bits && each.value === ip.value,
            ),
          ),
      );
    }
    if (end.node === undefined || (end.kind === 'pod' && !end.hostNetwork)) return false;
    // A node that is only mentioned has no labels.
    return selects(this.#nodes.find(({ name }) => name === end.node)?.labels ?? new Map());
  }
}

/** Corners 53 to 55, 60, 61 and 64: one world, in which each tier has come to its first decision. */
function walk(
  admin: Action | undefined,
  networkPolicy: Outcome | undefined,
  baseline: Action | undefined,
): Outcome {
  if (admin === 'accept') return 'allowed';
  if (admin === 'deny') return 'denied';
  // Nothing matched, or Pass: NetworkPolicy decides finally where it isolates this direction.
  if (networkPolicy !== undefined) return networkPolicy;
  // Pass leaves the tier, behind which everything is allowed.
  return baseline === 'deny' ? 'denied' : 'allowed';
}

/**
 * Every order in which policies of one tier may be asked: lower priorities before higher ones, equal ones either way, and
 * one without priority anywhere.
 */
function orders<T extends { readonly priority: number | undefined }>(
  policies: readonly T[],
): readonly (readonly T[])[] {
  if (policies.length === 0) return [[]];
  return policies.flatMap((policy) => {
    const others = policies.filter((each) => each !== policy);
    const mayBeFirst = others.every(
      ({ priority }) =>
        priority === undefined || policy.priority === undefined || policy.priority <= priority,
    );
    return mayBeFirst ? orders(others).map((rest) => [policy, ...rest]) : [];
  });
}

/** An entry of `protocols` (corner 62); `undefined`: it has no field that is known. */
function readProtocol(entry: unknown): PortTest | undefined {
  const name = get(entry, 'destinationNamedPort');
  if (name !== undefined) return namedPort(name);
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
    const field = get(entry, protocol.toLowerCase());
    if (!isFields(field)) continue;
    const port = get(field, 'destinationPort');
    if (port === undefined) return (_, asked) => asked === protocol; // `tcp: {}`
    const number = get(port, 'number');
    if (number !== undefined) return portRange(protocol, number, number);
    return portRange(protocol, get(port, 'range', 'start'), get(port, 'range', 'end'));
  }
  return undefined;
}

/** An entry of `ports` of v1alpha1 (corner 57); `undefined`: it has no field that is known. */
function readAdminPort(entry: unknown): PortTest | undefined {
  const name = get(entry, 'namedPort');
  if (name !== undefined) return namedPort(name);
  const number = get(entry, 'portNumber');
  const range = get(entry, 'portRange');
  // The schema fills TCP in. Another text than the three protocols is stored, and nobody asks for it.
  const protocol = asText(get(number ?? range, 'protocol')) ?? 'TCP';
  if (number !== undefined) return portRange(protocol, get(number, 'port'), get(number, 'port'));
  if (range !== undefined) return portRange(protocol, get(range, 'start'), get(range, 'end'));
  return undefined;
}

/** Corners 57 and 62: whatever protocol the container port of that name has on the destination. */
function namedPort(name: unknown): PortTest {
  return (destination, protocol, port) =>
    destination.ports.some(
      (declared) =>
        name !== '' && declared.name === name && declared.protocol === protocol && declared.port === port,
    );
}

/** Both ends included; a start above the end leaves nothing (corner 57). */
function portRange(wanted: string, start: unknown, end: unknown): PortTest {
  return (_, protocol, port) => protocol === wanted && Number(start) <= port && port <= Number(end);
}
