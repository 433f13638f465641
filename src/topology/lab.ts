import type { Address, Family } from '../net/index.ts';
import { families as allFamilies, formatAddress } from '../net/index.ts';
import { compileRuleset, podsOnNode } from '../nft/index.ts';
import { compile } from '../policy/index.ts';
import type { Cluster, ClusterNode, Pod } from '../model/index.ts';
import { AddressPool, blocksOf, outsideAddresses } from './addresses.ts';
import { withControllers } from './controllers.ts';
import { idOf, previousAddresses, runningCluster } from './lab-cluster.ts';
import { prefixOf } from './names.ts';
import { namesOf, networkOf } from './network.ts';
import type { Network } from './network.ts';
import { LabPlanError } from './plan.ts';
import type {
  LabEnd,
  LabListener,
  LabNode,
  LabNote,
  LabOptions,
  LabPlan,
  LabProxy,
  LabService,
} from './plan.ts';
import { labProxies } from './proxies.ts';
import { commonPorts, ownPorts, sortedListeners } from './ports.ts';
import { serviceTableText } from './service-table.ts';
import { labServices } from './services.ts';

/**
 * Plans a lab for a cluster: what it runs as, on which network, under which rules.
 *
 * @throws LabPlanError when the name cannot be one of a lab, or there are no pods, or too many of something
 */
export function planLab(given: Cluster, options: LabOptions = {}): LabPlan {
  const {
    name = 'lab',
    previous,
    mostOutside = 64,
    mostPorts = 32,
    mostPods = 2000,
    mostNodes = 200,
  } = options;
  const prefix = prefixOf(name);
  const { cluster: input, made, notes: controllerNotes } = withControllers(given);
  if (input.nodes.size > mostNodes)
    throw new LabPlanError(
      `the input has ${input.nodes.size} nodes, and a lab at most ${mostNodes}: leave some out`,
    );
  const blocks = blocksOf(input);
  const before = previousAddresses(previous);
  const balanced = previous?.services.flatMap(({ exposure }) => exposure?.loadBalancer ?? []) ?? [];
  const pool = new AddressPool(blocks, [...before.values(), ...balanced]);
  const { cluster, families, notes } = runningCluster(input, blocks, pool, { mostPods, previous, before });
  const { services, notes: serviceNotes } = labServices(cluster, pool, previous);
  const byHand = endpointsOutside(services, pool);
  const outside = outsideAddresses(blocks, families, pool, mostOutside);
  const beyond = [...outside.addresses, ...byHand.addresses];
  const { listeners: common, leftOut: portsLeftOut } = commonPorts(cluster, mostPorts);
  const listening = new Listening(cluster, common, byHand.listeners);
  const nodes = [...cluster.nodes.values()];
  const names = namesOf(prefix, nodes, cluster.pods);
  const { proxies, notes: proxyNotes } = labProxies(cluster, services, made, (pod) => names.ofPod.get(pod)!);
  listening.serve(proxies);
  const network = networkOf({
    names,
    families,
    nodes,
    pods: cluster.pods,
    outside: beyond,
    services,
    previous,
    listeners: (of) => listening.echoes(of),
  });
  const policy = compile(cluster);
  const leftOut = portsLeftOut + listening.leftOut;
  return {
    name,
    prefix,
    families,
    cluster,
    policy,
    namespaces: network.namespaces,
    links: network.links,
    nodes: new Map(nodes.map((node) => [node.name, labNode(node, policy, services, network)])),
    ends: endsOf(cluster, beyond, network, listening),
    services,
    proxies,
    notes: [
      ...controllerNotes,
      ...notes,
      ...serviceNotes,
      ...proxyNotes,
      ...leftOutNote(
        'outside-left-out',
        outside.leftOut,
        'bounds of blocks in policies have no address outside beside them',
      ),
      ...leftOutNote(
        'ports-left-out',
        leftOut,
        'ports that policies name or pods declare are not listened on',
      ),
    ],
  };
}

function leftOutNote(kind: LabNote['kind'], count: number, what: string): readonly LabNote[] {
  return count === 0 ? [] : [{ kind, message: `${count} ${what}: the lab would be too large`, details: [] }];
}

/** More addresses than these are not made for Services whose endpoints are kept by hand. */
const mostByHand = 32;

/** What Services lead to that is no pod: the lab has it outside. */
function endpointsOutside(
  services: readonly LabService[],
  pool: AddressPool,
): { readonly addresses: readonly Address[]; readonly listeners: readonly LabListener[] } {
  const addresses: Address[] = [];
  const listeners: LabListener[] = [];
  for (const { ports } of services) {
    for (const { port, endpoints } of ports) {
      for (const { pod, address, port: number } of endpoints) {
        if (pod !== undefined || addresses.length >= mostByHand || !pool.take(address)) continue;
        addresses.push(address);
        listeners.push({ protocol: port.protocol, port: number });
      }
    }
  }
  return { addresses, listeners };
}

/** What everybody listens on, each worked out once. */
class Listening {
  readonly #cluster: Cluster;
  readonly #common: readonly LabListener[];
  readonly #outside: readonly LabListener[];
  readonly #hosts: ReadonlyMap<string, readonly Pod[]>;
  readonly #known = new Map<ClusterNode | Pod, readonly LabListener[]>();
  #proxies: ReadonlyMap<ClusterNode | Pod, LabProxy> = new Map();
  leftOut = 0;

  constructor(cluster: Cluster, common: readonly LabListener[], outside: readonly LabListener[]) {
    this.#cluster = cluster;
    this.#common = common;
    this.#outside = sortedListeners([...common, ...outside]);
    this.#hosts = Map.groupBy(
      cluster.pods.filter(({ hostNetwork }) => hostNetwork),
      ({ node }) => node!,
    );
  }

  /** Some ports are those of an nginx. */
  serve(proxies: readonly LabProxy[]): void {
    const { nodes } = this.#cluster;
    this.#proxies = new Map(
      proxies.map((proxy) => [proxy.pod.hostNetwork ? nodes.get(proxy.pod.node!)! : proxy.pod, proxy]),
    );
  }

  /** What an end is reached on, whoever answers. */
  of(who: 'outside' | ClusterNode | Pod): readonly LabListener[] {
    if (who === 'outside') return this.#outside;
    let known = this.#known.get(who);
    if (known === undefined) {
      const pods = 'workload' in who ? [who] : (this.#hosts.get(who.name) ?? []);
      const own = ownPorts(this.#cluster, pods, this.#common);
      this.leftOut += own.leftOut;
      const served = (this.#proxies.get(who)?.ports ?? []).map((port): LabListener => ({
        protocol: 'TCP',
        port,
        by: 'nginx',
      }));
      this.#known.set(who, (known = sortedListeners([...own.listeners, ...served])));
    }
    return known;
  }

  /** Where echo servers listen. */
  echoes(who: 'outside' | ClusterNode | Pod): readonly LabListener[] {
    return this.of(who).filter(({ by }) => by === undefined);
  }
}

function labNode(
  node: ClusterNode,
  policy: ReturnType<typeof compile>,
  services: readonly LabService[],
  network: Network,
): LabNode {
  const { cluster } = policy;
  const pods = podsOnNode(cluster, node.name);
  const { ruleset, report } = compileRuleset(policy, { pods });
  return {
    node,
    namespace: network.ofNode.get(node.name)!,
    pods,
    ruleset,
    report,
    services: serviceTableText(services, {
      node: node.name,
      addresses: node.addresses,
      pods: pods.filter(({ hostNetwork }) => !hostNetwork).flatMap(({ addresses }) => addresses),
    }),
  };
}

function endsOf(
  cluster: Cluster,
  outside: readonly Address[],
  network: Network,
  listening: Listening,
): readonly LabEnd[] {
  const { nodes } = cluster;
  const pods = cluster.pods.map((pod): LabEnd => ({
    kind: 'pod',
    id: idOf(pod),
    namespace: network.ofPod.get(pod)!,
    addresses: pod.addresses,
    listeners: listening.of(pod.hostNetwork ? nodes.get(pod.node!)! : pod),
    engine: { kind: 'pod', pod },
    pod,
    node: pod.node!,
  }));
  const ofNodes = [...nodes.values()].map((node): LabEnd => {
    // A packet has one address: that of the others says nothing about it.
    const addresses = allFamilies.flatMap((family) => firstOfFamily(node.addresses, family));
    return {
      kind: 'node',
      id: `node/${node.name}`,
      namespace: network.ofNode.get(node.name)!,
      addresses,
      listeners: listening.of(node),
      engine: { kind: 'node', node: { ...node, addresses } },
      node: node.name,
    };
  });
  const beyond = outside.map((address): LabEnd => ({
    kind: 'outside',
    id: formatAddress(address),
    namespace: network.outside,
    addresses: [address],
    listeners: listening.of('outside'),
    engine: { kind: 'address', address },
  }));
  return [...pods, ...ofNodes, ...beyond];
}

function firstOfFamily(addresses: readonly Address[], family: Family): readonly Address[] {
  const first = addresses.find((address) => address.family === family);
  return first === undefined ? [] : [first];
}
