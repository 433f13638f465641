import { matches } from '../model/index.ts';
import type { Cluster, Pod, Service, ServicePort } from '../model/index.ts';
import { formatAddress } from '../net/index.ts';
import type { Address, Cidr, Family } from '../net/index.ts';
import type { AddressPool } from './addresses.ts';
import { note, serviceId } from './lab-cluster.ts';
import { LabPlanError } from './plan.ts';
import type { LabEndpoint, LabExposure, LabNote, LabPlan, LabService, LabServicePort } from './plan.ts';

/** The range that API servers give node ports from, unless they are told otherwise. */
const nodePorts = { first: 30000, last: 32767 };

/**
 * The Services of a cluster that runs, with where each port leads (corner 49) and what they are reached by.
 *
 * @param cluster - its Services have the cluster IPs that they need
 * @param pool - load balancers' addresses are taken from it
 */
export function labServices(
  cluster: Cluster,
  pool: AddressPool,
  previous: LabPlan | undefined,
): { readonly services: readonly LabService[]; readonly notes: readonly LabNote[] } {
  const podsOf = Map.groupBy(cluster.pods, ({ namespace }) => namespace);
  const given: string[] = [];
  const leftOut: string[] = [];
  const numbers = new NodePortNumbers(cluster.services, previous);
  const before = new Map(previous?.services.map(({ id, exposure }) => [id, exposure]));
  const services = cluster.services.flatMap((service): LabService[] => {
    const id = serviceId(service);
    if (service.type === 'ExternalName') {
      leftOut.push(`${id}: an ExternalName is a name in DNS`);
      return [];
    }
    if (service.selector === undefined && service.ports.length > 0)
      leftOut.push(`${id}: its endpoints are kept by hand, so it has none here`);
    const exposed = exposureOf(service);
    const pods = podsBehind(service, podsOf.get(service.namespace) ?? []);
    const ports = service.ports.map((port): LabServicePort => {
      const nodePort = exposed === undefined ? undefined : numbers.of(service, port);
      if (nodePort?.isNew === true)
        given.push(`${id} ${port.protocol} ${port.port}: node port ${nodePort.number}`);
      return {
        port,
        nodePort: nodePort?.number,
        endpoints: endpointsOf(service, port, pods),
      };
    });
    if (exposed === undefined) return [{ service, id, pods, ports, exposure: undefined }];
    const kept = exposed.addresses.filter((address) => pool.take(address));
    const addresses =
      service.type !== 'LoadBalancer' || kept.length > 0
        ? kept
        : loadBalancerAddresses(service, pool, before.get(id)?.addresses ?? []);
    if (addresses !== kept) given.push(`${id} load balancer ${addresses.map(formatAddress).join(' ')}`);
    return [{ service, id, pods, ports, exposure: { ...exposed, addresses } }];
  });
  return {
    services,
    notes: [
      ...note('service-addresses', given, 'Services without node port or address of a load balancer got one'),
      ...note('services-left-out', leftOut, 'the lab does not serve every Service'),
    ],
  };
}

/** How a Service is reached from outside, as the input says. */
function exposureOf(service: Service): LabExposure | undefined {
  if (service.type !== 'NodePort' && service.type !== 'LoadBalancer') return undefined;
  const sourceRanges: readonly Cidr[] = [];
  return { trafficPolicy: 'Cluster', addresses: [], sourceRanges };
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

/** The families of a Service; a headless one, which has no address, leads to those of its pods. */
function familiesOf(service: Service): readonly Family[] {
  if (service.headless) return ['IPv4', 'IPv6'];
  return [...new Set(service.clusterIPs.map(({ family }) => family))];
}

/** The pods of the namespace that the selector matches. */
function podsBehind({ selector }: Service, pods: readonly Pod[]): readonly Pod[] {
  return selector === undefined ? [] : pods.filter((pod) => matches(selector, pod.labels));
}

/** By pod, then by address of the Service's families. */
function endpointsOf(service: Service, port: ServicePort, pods: readonly Pod[]): readonly LabEndpoint[] {
  const served = familiesOf(service);
  return pods.flatMap((pod): LabEndpoint[] => {
    const target = targetOf(port, pod);
    if (target === undefined) return [];
    return pod.addresses
      .filter(({ family }) => served.includes(family))
      .map((address) => ({ pod, address, port: target, node: pod.node! }));
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
  readonly #next = { TCP: nodePorts.first, UDP: nodePorts.first, SCTP: nodePorts.first };

  constructor(_services: readonly Service[], previous: LabPlan | undefined) {
    for (const { service, ports } of previous?.services ?? []) {
      for (const { port, nodePort } of ports) {
        if (nodePort === undefined) continue;
        this.#before.set(portKey(service, port), nodePort);
      }
    }
  }

  of(service: Service, port: ServicePort): { readonly number: number; readonly isNew: boolean } {
    const { protocol } = port;
    const former = this.#before.get(portKey(service, port));
    if (former !== undefined && this.#take(port, former)) return { number: former, isNew: true };
    const held = new Set(this.#before.values());
    for (let number = this.#next[protocol]; number <= nodePorts.last; number++) {
      this.#next[protocol] = number + 1;
      if (!held.has(number) && this.#take(port, number)) return { number, isNew: true };
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
