import { isIn, readBlock, readIp } from './addresses.ts';
import type { Block } from './addresses.ts';
import { familyOf } from './ends.ts';
import type { ContainerPort, End, ReferenceFamily, ReferenceProtocol } from './ends.ts';
import { asText, get, list, nameOf } from './fields.ts';
import { readLabels, readSelector } from './labels.ts';
import type { LabelTest, Labels } from './labels.ts';
import { Tiers } from './tiers.ts';
import type { Outcome, Resolves } from './tiers.ts';

export type { ReferenceFamily, ReferenceProtocol } from './ends.ts';

/** One end of a connection: a pod by `namespace/name`, a node by name, or an address that is no pod's and no node's. */
export type Ref = { readonly pod: string } | { readonly node: string } | { readonly address: string };

export type ReferenceProfile = 'upstream' | 'np-guard';

/** `ambiguous`: implementations may allow or deny it, as policies of equal priority disagree (corner 60). */
export type ReferenceVerdict = 'allowed' | 'denied' | 'ambiguous';

/** Whether one protocol and port may be used between two ends. */
export type Connection = (protocol: ReferenceProtocol, port: number) => boolean;

type PeerTest = (end: End, family: ReferenceFamily) => boolean;
type PortTest = (destination: End, protocol: ReferenceProtocol, port: number) => boolean;

interface Rule {
  readonly admitsPeer: PeerTest;
  readonly admitsPort: PortTest;
}

interface Policy {
  readonly namespace: string;
  readonly selects: LabelTest;
  /** `undefined`: the policy does not isolate in that direction. */
  readonly ingress: readonly Rule[] | undefined;
  readonly egress: readonly Rule[] | undefined;
}

/** The rules that a pod's policies have for one direction, all together; `undefined`: nothing isolates it. */
type Side = readonly Rule[] | undefined;

/**
 * NetworkPolicy v1 by the letter of the specification, one question at a time: the oracle of the property tests.
 *
 * It takes objects as a server has accepted them and knows nothing of files, mistakes and provenance. Being right and easy
 * to check is all that counts here; the engine is the one that is fast.
 */
export class Reference {
  readonly #profile: ReferenceProfile;
  readonly #namespaces: ReadonlyMap<string, Labels>;
  readonly #ends = new Map<string, End>();
  readonly #sides = new Map<string, { readonly ingress: Side; readonly egress: Side }>();
  readonly #tiers: Tiers;

  /**
   * @param objects - Pod, Namespace, Node, NetworkPolicy, ClusterNetworkPolicy, AdminNetworkPolicy and
   *   BaselineAdminNetworkPolicy as JSON values, in any order; other objects are of no meaning
   * @param resolves - whether a domain name stands for an address outside; by default none does (corner 63)
   */
  constructor(
    objects: readonly unknown[],
    profile: ReferenceProfile = 'upstream',
    resolves: Resolves = () => false,
  ) {
    this.#profile = profile;
    const of = (apiVersion: string, kind: string): readonly unknown[] =>
      objects.filter((each) => get(each, 'apiVersion') === apiVersion && get(each, 'kind') === kind);
    // A namespace that is only mentioned is not here: namespaceLabels gives it its name label.
    this.#namespaces = new Map(
      of('v1', 'Namespace').map((each) => [nameOf(each), readLabels(get(each, 'metadata', 'labels'))]),
    );
    for (const each of of('v1', 'Node')) this.#ends.set(`node ${nameOf(each)}`, readNode(each));
    for (const each of of('v1', 'Pod')) {
      const pod = this.#readPod(each);
      if (pod !== undefined) this.#ends.set(pod.id, pod);
    }
    const policies = of('networking.k8s.io/v1', 'NetworkPolicy').map((each) => this.#readPolicy(each));
    for (const end of this.#ends.values()) {
      if (end.kind !== 'pod') continue;
      // Corners 1, 6 and 7: a policy selects pods of its own namespace by their labels.
      const selecting = policies.filter(
        (policy) => policy.namespace === end.namespace && policy.selects(end.labels),
      );
      this.#sides.set(end.id, {
        ingress: sideOf(selecting.map((policy) => policy.ingress)),
        egress: sideOf(selecting.map((policy) => policy.egress)),
      });
    }
    this.#tiers = new Tiers(objects, (namespace) => this.#namespaceLabels(namespace), resolves);
  }

  /** The pods that exist, as `namespace/name`, sorted: `upstream` leaves out finished ones (corner 46). */
  get pods(): readonly string[] {
    return [...this.#ends.keys()]
      .filter((id) => id.startsWith('pod '))
      .map((id) => id.slice(4))
      .sort();
  }

  /**
   * Whether `from` may open a connection to `to` over an address of `family`, for sure: ambiguous is not allowed.
   *
   * Ends without any address are taken to have both families; without a shared `family` there is no connection.
   *
   * @param port - 1–65535; of no meaning for protocol `other`
   * @throws Error when an end names a finished or unknown pod
   */
  allowed(from: Ref, to: Ref, family: ReferenceFamily, protocol: ReferenceProtocol, port: number): boolean {
    return this.connection(from, to, family)(protocol, port);
  }

  /** The same as `allowed` for many ports: the peers are compared once. */
  connection(from: Ref, to: Ref, family: ReferenceFamily): Connection {
    const verdict = this.verdict(from, to, family);
    return (protocol, port) => verdict(protocol, port) === 'allowed';
  }

  /** The same as `connection`, with what implementations may do differently told apart (corner 60). */
  verdict(
    from: Ref,
    to: Ref,
    family: ReferenceFamily,
  ): (protocol: ReferenceProtocol, port: number) => ReferenceVerdict {
    const source = this.#endOf(from);
    const destination = this.#endOf(to);
    // Corner 37: a connection uses one family, and both ends need an address of it.
    if (!hasFamily(source, family) || !hasFamily(destination, family)) return () => 'denied';
    // Corners 41 and 65: a pod always reaches its own address.
    if (source.id === destination.id) return () => 'allowed';
    const ownNode = this.#isOwnNode(source, destination);
    // Corner 42: a pod's own node reaches it, whatever the tiers say: their ingress cannot name it.
    if (ownNode && source.kind === 'host') return () => 'allowed';
    // Corner 3: both sides are asked, each by itself.
    const egress = this.#side(source, 'egress')?.filter((rule) => rule.admitsPeer(destination, family));
    const ingress = this.#side(destination, 'ingress')?.filter((rule) => rule.admitsPeer(source, family));
    // Corner 2: one rule that admits it is enough. Corner 28: ports are the destination's in both directions.
    const decide = (rules: Side, protocol: ReferenceProtocol, port: number): Outcome | undefined => {
      if (rules === undefined) return undefined;
      // Corner 42: NetworkPolicy exempts the way to the own node; the tiers do not.
      if (ownNode) return 'allowed';
      return rules.some((rule) => rule.admitsPort(destination, protocol, port)) ? 'allowed' : 'denied';
    };
    const egressTiers = this.#tiers.side(source, 'egress', destination, family);
    const ingressTiers = this.#tiers.side(destination, 'ingress', source, family);
    return (protocol, port) => {
      const ways = [...egressTiers(decide(egress, protocol, port), protocol, port)].flatMap((out) =>
        [...ingressTiers(decide(ingress, protocol, port), protocol, port)].map(
          (into) => out === 'allowed' && into === 'allowed',
        ),
      );
      if (ways.every((open) => open)) return 'allowed';
      return ways.includes(true) ? 'ambiguous' : 'denied';
    };
  }

  /**
   * The policies of the tiers of one side that disagree about a connection, by name (corner 60). The side is asked whatever the
   * other one says, and no pod about itself.
   */
  disagreeing(
    from: Ref,
    to: Ref,
    family: ReferenceFamily,
    direction: 'ingress' | 'egress',
  ): (protocol: ReferenceProtocol, port: number) => ReadonlySet<string> {
    const source = this.#endOf(from);
    const destination = this.#endOf(to);
    const [subject, peer] = direction === 'egress' ? [source, destination] : [destination, source];
    const rules = this.#side(subject, direction)?.filter((rule) => rule.admitsPeer(peer, family));
    const disagreeing = this.#tiers.disagreeing(subject, direction, peer, family);
    return (protocol, port) => {
      const isAdmitted =
        // Corner 42: NetworkPolicy exempts the way to the own node; the tiers do not.
        (direction === 'egress' && this.#isOwnNode(source, destination)) ||
        rules?.some((rule) => rule.admitsPort(destination, protocol, port)) === true;
      return disagreeing(rules && (isAdmitted ? 'allowed' : 'denied'), protocol, port);
    };
  }

  /** Whether some NetworkPolicy isolates the pod `namespace/name` in that direction (corner 1). */
  isolated(pod: string, direction: 'ingress' | 'egress'): boolean {
    return this.#side(this.#endOf({ pod }), direction) !== undefined;
  }

  /** Whether an end has addresses of a family, or none at all yet: then it is taken to have both. */
  hasFamily(ref: Ref, family: ReferenceFamily): boolean {
    return hasFamily(this.#endOf(ref), family);
  }

  #side(end: End, direction: 'ingress' | 'egress'): Side {
    return this.#sides.get(end.id)?.[direction];
  }

  #endOf(ref: Ref): End {
    if ('address' in ref) {
      const ip = readIp(ref.address);
      if (ip === undefined) throw new Error(`${ref.address} is no address`);
      return { ...nobody, kind: 'outside', id: `address ${ref.address}`, addresses: [ip] };
    }
    const end = this.#ends.get('pod' in ref ? `pod ${ref.pod}` : `node ${ref.node}`);
    if (end !== undefined) return end;
    if ('pod' in ref) throw new Error(`there is no live pod ${ref.pod}`);
    // A node that only pods mention.
    return { ...nobody, kind: 'host', id: `node ${ref.node}`, node: ref.node };
  }

  /** Corner 42: a pod's own node, its host-network pods included, reaches it and is reached; np-guard exempts nothing. */
  #isOwnNode(a: End, b: End): boolean {
    if (this.#profile === 'np-guard') return false;
    const aPodAndAHost = (a.kind === 'pod' && b.kind === 'host') || (a.kind === 'host' && b.kind === 'pod');
    return aPodAndAHost && a.node !== undefined && a.node === b.node;
  }

  #namespaceLabels(namespace: string): Labels {
    // Corner 22: the name label is always there, and no other value of it counts.
    const labels = new Map(this.#namespaces.get(namespace));
    return labels.set('kubernetes.io/metadata.name', namespace);
  }

  #readPod(object: unknown): End | undefined {
    const phase = get(object, 'status', 'phase');
    // Corner 46: a finished pod does not own its address any more. np-guard counts it as a pod.
    if (this.#profile === 'upstream' && (phase === 'Succeeded' || phase === 'Failed')) return undefined;
    const namespace = namespaceOf(object);
    const id = `pod ${namespace}/${nameOf(object)}`;
    const node = asText(get(object, 'spec', 'nodeName'));
    const listed = list(get(object, 'status', 'podIPs')).map((each) => get(each, 'ip'));
    const texts = listed.length > 0 ? listed : [get(object, 'status', 'podIP')];
    const own = texts.flatMap((each) => readIp(asText(each) ?? '') ?? []);
    const hostNetwork = get(object, 'spec', 'hostNetwork') === true;
    // A host-network pod that reports no address has its node's first one of each family: what kubelet would report.
    const nodeAddresses = hostNetwork ? (this.#ends.get(`node ${node}`)?.addresses ?? []) : [];
    const ofNode = nodeAddresses.filter(
      (ip, i) => nodeAddresses.findIndex(({ bits }) => bits === ip.bits) === i,
    );
    const addresses = own.length > 0 ? own : ofNode;
    // Corner 44: in `upstream` a host-network pod is its node. np-guard counts it as any other pod.
    if (this.#profile === 'upstream' && hostNetwork)
      return { ...nobody, kind: 'host', id, addresses, node, hostNetwork };
    // Corner 28: sidecars (init containers that are always restarted) count, other init containers and ephemeral ones
    // do not. np-guard knows regular containers alone.
    const sidecars = list(get(object, 'spec', 'initContainers')).filter(
      (each) => get(each, 'restartPolicy') === 'Always',
    );
    const containers = [
      ...list(get(object, 'spec', 'containers')),
      ...(this.#profile === 'np-guard' ? [] : sidecars),
    ];
    return {
      kind: 'pod',
      id,
      namespace,
      labels: readLabels(get(object, 'metadata', 'labels')),
      ports: containers.flatMap((each) => list(get(each, 'ports'))).map(readContainerPort),
      addresses,
      node,
      // Where a profile counts host-network pods as pods, it does so for every policy.
      hostNetwork: false,
    };
  }

  #readPolicy(object: unknown): Policy {
    const namespace = namespaceOf(object);
    const spec = get(object, 'spec');
    const ingress = list(get(spec, 'ingress'));
    const egress = list(get(spec, 'egress'));
    const given = list(get(spec, 'policyTypes'));
    // Corners 4 and 5: given types are taken literally. Otherwise always Ingress, and Egress when there is an egress rule;
    // a null element is a rule (corner 9). That covers the absent spec too (corner 6).
    const types = given.length > 0 ? given : egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    return {
      namespace,
      selects: readSelector(get(spec, 'podSelector')), // corner 6: absent, null and {} are all pods
      ingress: types.includes('Ingress')
        ? ingress.map((rule) => this.#readRule(rule, 'from', namespace))
        : undefined,
      egress: types.includes('Egress')
        ? egress.map((rule) => this.#readRule(rule, 'to', namespace))
        : undefined,
    };
  }

  #readRule(rule: unknown, peerField: 'from' | 'to', namespace: string): Rule {
    const peers = list(get(rule, peerField)).map((each) => this.#readPeer(each, namespace));
    const ports = list(get(rule, 'ports')).map(readPort);
    return {
      // Corner 10: no peers, every peer. Corner 11: peers are OR-ed.
      admitsPeer: (end, family) => peers.length === 0 || peers.some((peer) => peer(end, family)),
      // Corners 25 and 33: no ports, every port of every protocol. Corner 11: ports are OR-ed.
      admitsPort: (destination, protocol, port) =>
        ports.length === 0 || ports.some((each) => each(destination, protocol, port)),
    };
  }

  #readPeer(peer: unknown, ownNamespace: string): PeerTest {
    const ipBlock = get(peer, 'ipBlock');
    const podSelector = get(peer, 'podSelector');
    const namespaceSelector = get(peer, 'namespaceSelector');
    if (ipBlock !== undefined) return this.#readIpBlock(ipBlock);
    if (podSelector === undefined && namespaceSelector === undefined) {
      throw new Error('a peer without a field is refused by every server (corner 10)');
    }
    const matchesPod = readSelector(podSelector);
    const matchesNamespace = readSelector(namespaceSelector);
    return (end) => {
      // Corner 13: no selector matches a node or an address, and none a host-network pod (corner 44).
      if (end.kind !== 'pod') return false;
      // Corner 12: without namespaceSelector the policy's own namespace, else AND.
      const inNamespace =
        namespaceSelector === undefined
          ? end.namespace === ownNamespace
          : matchesNamespace(this.#namespaceLabels(end.namespace));
      return inNamespace && matchesPod(end.labels);
    };
  }

  #readIpBlock(ipBlock: unknown): PeerTest {
    const cidr = readBlock(asText(get(ipBlock, 'cidr')) ?? '');
    const excepts: Block[] = list(get(ipBlock, 'except')).map((each) => readBlock(asText(each) ?? ''));
    return (end, family) => {
      // Corner 34: pod addresses are matched like any other; np-guard matches addresses outside the cluster only.
      if (this.#profile === 'np-guard' && end.kind === 'pod') return false;
      // Corner 39: a pod without address is matched by no block.
      return end.addresses.some(
        (ip) =>
          familyOf(ip) === family &&
          isIn(ip, cidr) &&
          // Corner 14: excepts are taken from this block alone.
          !excepts.some((except) => isIn(ip, except)),
      );
    };
  }
}

const nobody = {
  namespace: '',
  labels: new Map<string, string>(),
  ports: [],
  addresses: [],
  node: undefined,
  hostNetwork: false,
};

function readNode(object: unknown): End {
  const name = nameOf(object);
  // Corner 63: the entries that are IP addresses; Hostname and DNS entries are none.
  const addresses = list(get(object, 'status', 'addresses')).flatMap(
    (each) => readIp(asText(get(each, 'address')) ?? '') ?? [],
  );
  return { ...nobody, kind: 'host', id: `node ${name}`, addresses, node: name };
}

/** Corners 1 and 2: isolated by one policy or more, and then all their rules together. */
function sideOf(specs: readonly Side[]): Side {
  const isolating = specs.filter((rules) => rules !== undefined);
  return isolating.length === 0 ? undefined : isolating.flat();
}

function readPort(entry: unknown): PortTest {
  // Corner 26: without protocol TCP, also for the null entry (corner 9).
  const wanted = get(entry, 'protocol') ?? 'TCP';
  const value = get(entry, 'port');
  const endPort = get(entry, 'endPort');
  return (destination, protocol, port) => {
    if (protocol !== wanted) return false;
    if (value === undefined) return true; // corner 26: every port of the protocol
    // Corner 31: both ends included.
    if (typeof value === 'number')
      return value <= port && port <= (typeof endPort === 'number' ? endPort : value);
    // Corners 28 and 29: name and protocol, on the destination pod. Nodes and addresses have no names.
    return destination.ports.some(
      (declared) => declared.name === value && declared.protocol === protocol && declared.port === port,
    );
  };
}

function readContainerPort(port: unknown): ContainerPort {
  const protocol = asText(get(port, 'protocol')) ?? '';
  return {
    name: asText(get(port, 'name')) ?? '',
    // Corner 28: a container port without protocol is TCP.
    protocol: protocol === '' ? 'TCP' : protocol,
    port: Number(get(port, 'containerPort')),
  };
}

/** An end without any address might get one of either family. */
function hasFamily(end: End, family: ReferenceFamily): boolean {
  return end.addresses.length === 0 || end.addresses.some((ip) => familyOf(ip) === family);
}

function namespaceOf(object: unknown): string {
  return asText(get(object, 'metadata', 'namespace')) ?? 'default';
}
