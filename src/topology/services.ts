import { matches } from '../model/index.ts';
import type { Cluster, EndpointSlice, Pod, Service, ServicePort } from '../model/index.ts';
import { families, formatAddress } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import { isUsable, keyOf } from './addresses.ts';
import type { AddressPool } from './addresses.ts';
import { serviceId } from './lab-cluster.ts';
import { note } from './notes.ts';
import { LabPlanError } from './plan.ts';
import type { LabEndpoint, LabNote, LabPlan, LabService, LabServicePort } from './plan.ts';

/** The range that API servers give node ports from, unless they are told otherwise. */
const nodePorts = { first: 30000, last: 32767 };

const mostServices = 5000;
/** Of all tables for Services together: some hundred megabytes of text. */
const mostLines = 1_000_000;

/**
 * The Services of a cluster that runs, with where each port leads (corner 49) and what they are reached by.
 *
 * @param cluster - its Services have the cluster IPs that they need
 * @param pool - load balancers' addresses are taken from it
 * @throws LabPlanError when there are too many
 */
export function labServices(
  cluster: Cluster,
  pool: AddressPool,
  previous: LabPlan | undefined,
): { readonly services: readonly LabService[]; readonly notes: readonly LabNote[] } {
  const given: string[] = [];
  const leftOut: string[] = [];
  const numbers = new NodePortNumbers(cluster.services, previous);
  const before = new Map(previous?.services.map(({ id, exposure }) => [id, exposure]));
  if (cluster.services.length > mostServices)
    throw new LabPlanError(
      `the input has ${cluster.services.length} Services, and a lab at most ${mostServices}: leave some out`,
    );
  const behind = new Behind(cluster);
  let lines = 0;
  const services = cluster.services.flatMap((service): LabService[] => {
    const id = serviceId(service);
    if (service.type === 'ExternalName') {
      leftOut.push(`${id}: an ExternalName is a name in DNS`);
      return [];
    }
    const { pods, endpoints } = behind.of(service);
    const ports = service.ports.map((port): LabServicePort => {
      const number = numbers.of(service, port);
      if (number !== undefined && port.nodePort === undefined)
        given.push(`${id} ${port.protocol} ${port.port} node port ${number}`);
      const led = endpoints(port);
      // Every node has a table of all of them.
      lines += led.length * cluster.nodes.size;
      if (lines > mostLines)
        throw new LabPlanError(
          'the Services of the input lead to too many pods on too many nodes: leave some out',
        );
      return { port, nodePort: number, endpoints: led };
    });
    const { entrance, externalIPs } = service;
    const balanced = (entrance?.loadBalancerAddresses ?? []).filter((address) => pool.take(address));
    const loadBalancer =
      service.type !== 'LoadBalancer' || balanced.length > 0
        ? balanced
        : loadBalancerAddresses(service, pool, before.get(id)?.loadBalancer ?? []);
    if (loadBalancer !== balanced)
      given.push(`${id} load balancer ${loadBalancer.map(formatAddress).join(' ')}`);
    const addresses = [...loadBalancer, ...externalIPs.filter((address) => pool.take(address))];
    const isExposed = entrance !== undefined || addresses.length > 0;
    return [
      {
        service,
        id,
        pods,
        ports,
        exposure: isExposed
          ? {
              trafficPolicy: entrance?.externalTrafficPolicy ?? 'Cluster',
              addresses,
              loadBalancer,
              sourceRanges: entrance?.sourceRanges ?? [],
            }
          : undefined,
      },
    ];
  });
  return {
    services,
    notes: [
      ...note('service-addresses', given, 'Services without node port or address of a load balancer got one'),
      ...note('services-left-out', leftOut, 'the lab does not serve every Service'),
    ],
  };
}

/** One of each family that the Service has. */
function loadBalancerAddresses(
  service: Service,
  pool: AddressPool,
  before: readonly Address[],
): readonly Address[] {
  return familiesOf(service).map((family) => {
    const former = before.find((address) => address.family === family);
    return former !== undefined && pool.take(former) ? former : pool.give('load balancers', family);
  });
}

/** The families of a Service; a headless one, which has no address, leads to those of its pods, unless it asks for one. */
export function familiesOf(service: Service): readonly Family[] {
  if (service.headless)
    return service.ipFamilyPolicy === 'SingleStack' && service.ipFamilies.length > 0
      ? service.ipFamilies.slice(0, 1)
      : families;
  return [...new Set(service.clusterIPs.map(({ family }) => family))];
}

/** What Services of one cluster lead to. */
class Behind {
  readonly #pods: ReadonlyMap<string, readonly Pod[]>;
  readonly #slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  readonly #byAddress: ReadonlyMap<string, Pod>;

  constructor(cluster: Cluster) {
    this.#pods = Map.groupBy(cluster.pods, ({ namespace }) => namespace);
    this.#slices = Map.groupBy(cluster.entrances.endpointSlices, ({ namespace, service }) =>
      service === undefined ? '' : `${namespace}/svc/${service}`,
    );
    // A host-network pod is its node, and who asks for its address may mean another one.
    const own = cluster.pods.filter(({ hostNetwork }) => !hostNetwork);
    this.#byAddress = new Map(own.flatMap((pod) => pod.addresses.map((each) => [keyOf(each), pod] as const)));
  }

  of(service: Service): {
    readonly pods: readonly Pod[];
    readonly endpoints: (port: ServicePort) => readonly LabEndpoint[];
  } {
    const served = familiesOf(service);
    const { selector, namespace } = service;
    const ofNamespace = this.#pods.get(namespace) ?? [];
    if (selector !== undefined) {
      const pods = ofNamespace.filter((pod) => matches(selector, pod.labels));
      return { pods, endpoints: (port) => selected(pods, port, served) };
    }
    const slices = this.#slices.get(serviceId(service)) ?? [];
    const ends = slices.flatMap((slice) =>
      slice.endpoints
        .filter(({ ready }) => ready || service.publishNotReadyAddresses)
        .flatMap(({ addresses, pod: name }) => {
          const named = ofNamespace.find((pod) => pod.name === name);
          // The lab may have given the pod another address than the slice has.
          if (named !== undefined)
            return named.addresses.map((address) => ({ slice, address, pod: named as Pod | undefined }));
          return addresses.map((address) => ({ slice, address, pod: this.#byAddress.get(keyOf(address)) }));
        }),
    );
    return {
      pods: [...new Set(ends.flatMap(({ pod }) => pod ?? []))],
      endpoints: (port) => {
        const found = ends.flatMap(({ slice, address, pod }): LabEndpoint[] => {
          const own = slice.ports.find(
            ({ name, protocol }) => name === port.name && protocol === port.protocol,
          );
          if (own === undefined || !served.includes(address.family) || !isUsable(address)) return [];
          const number = own.port ?? (typeof port.targetPort === 'number' ? port.targetPort : undefined);
          return number === undefined ? [] : [{ pod, address, port: number, node: pod?.node }];
        });
        return [...new Map(found.map((each) => [`${keyOf(each.address)} ${each.port}`, each])).values()];
      },
    };
  }
}

/** By pod, then by address of the Service's families. */
function selected(
  pods: readonly Pod[],
  port: ServicePort,
  served: readonly Family[],
): readonly LabEndpoint[] {
  return pods.flatMap((pod): LabEndpoint[] => {
    const target = targetOf(port, pod);
    if (target === undefined) return [];
    return pod.addresses
      .filter(({ family }) => served.includes(family))
      .map((address) => ({ pod, address, port: target, node: pod.node }));
  });
}

/** The number that a target port has in a pod; a pod that declares no such name is no endpoint (corner 49). */
function targetOf({ targetPort, protocol }: ServicePort, pod: Pod): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  return pod.ports.find((port) => port.name === targetPort && port.protocol === protocol)?.port;
}

/** Gives node ports as an API server does: a number for each protocol, those of the input first. */
class NodePortNumbers {
  readonly #used = new Set<string>();
  readonly #before = new Map<string, number>();
  readonly #held = new Set<number>();
  readonly #next = { TCP: nodePorts.first, UDP: nodePorts.first, SCTP: nodePorts.first };

  constructor(services: readonly Service[], previous: LabPlan | undefined) {
    for (const { service, ports } of previous?.services ?? []) {
      for (const { port, nodePort } of ports) {
        if (nodePort === undefined) continue;
        this.#before.set(portKey(service, port), nodePort);
        this.#held.add(nodePort);
      }
    }
    for (const service of services) {
      for (const port of service.ports) {
        if (port.nodePort !== undefined) this.#take(port, port.nodePort);
      }
    }
  }

  /** `undefined` for a Service that has no node ports. */
  of(service: Service, port: ServicePort): number | undefined {
    // That of the input, though another Service may have it too: the first one is served.
    if (service.entrance === undefined || port.nodePort !== undefined) return port.nodePort;
    if (!service.entrance.hasNodePorts) return undefined;
    const { protocol } = port;
    const former = this.#before.get(portKey(service, port));
    if (former !== undefined && this.#take(port, former)) return former;
    for (let number = this.#next[protocol]; number <= nodePorts.last; number++) {
      this.#next[protocol] = number + 1;
      if (!this.#held.has(number) && this.#take(port, number)) return number;
    }
    throw new LabPlanError('there is no node port left for Services');
  }

  #take({ protocol }: ServicePort, number: number): boolean {
    const key = `${protocol} ${number}`;
    if (this.#used.has(key)) return false;
    this.#used.add(key);
    return true;
  }
}

function portKey(service: Service, { protocol, port }: ServicePort): string {
  return `${serviceId(service)} ${protocol} ${port}`;
}
