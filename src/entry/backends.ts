import type { Cluster, EndpointSlice, Path, Pod, Service, ServicePort } from '../model/index.ts';
import { someOf } from './findings.ts';
import type { EntryFindings, Subject } from './findings.ts';
import type { PodIndex } from './pod-index.ts';
import type { EntryTarget, EntryWay } from './types.ts';

/** What a backend says of a port of its Service; `all`: every port. */
export type PortOfBackend =
  | { readonly kind: 'service'; readonly port: number | string }
  /** By what the pods call it, or their number (`port.targetPort` of an OpenShift Route). */
  | { readonly kind: 'target'; readonly port: number | string }
  | { readonly kind: 'all' };

/** Where in an object a backend is written, and where its port is. */
export interface BackendPlace {
  readonly subject: Subject;
  readonly at: Path;
  readonly portAt: Path;
}

/** What a way is beside where it leads. */
export type WayHead = Omit<EntryWay, 'service' | 'port' | 'protocol' | 'targets' | 'origin' | 'at'>;

/** What a Service leads to. */
interface Endpoints {
  /** Pods that its selector matches, and pods that are kept as its endpoints by hand. */
  readonly selected: ReadonlySet<Pod>;
  readonly byHand: ReadonlyMap<Pod, readonly EndpointSlice[]>;
}

/** The Services of a cluster, and the pods that they lead to (corner 49). */
export class Backends {
  readonly #findings: EntryFindings;
  readonly #pods: PodIndex;
  readonly #services: ReadonlyMap<string, Service>;
  readonly #namesByNamespace: ReadonlyMap<string, readonly Service[]>;
  readonly #slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  readonly #endpoints = new Map<Service, Endpoints>();

  constructor({ services, entrances }: Cluster, pods: PodIndex, findings: EntryFindings) {
    this.#findings = findings;
    this.#pods = pods;
    this.#services = new Map(services.map((each) => [`${each.namespace}/${each.name}`, each]));
    this.#namesByNamespace = Map.groupBy(services, ({ namespace }) => namespace);
    this.#slices = Map.groupBy(
      entrances.endpointSlices.filter(({ service }) => service !== undefined),
      ({ namespace, service }) => `${namespace}/${service ?? ''}`,
    );
  }

  /** The ways to the ports of a Service that a backend names; what is wrong with it has been told. */
  ways(
    namespace: string,
    name: string,
    wanted: PortOfBackend,
    head: WayHead,
    place: BackendPlace,
  ): readonly EntryWay[] {
    const service = this.#services.get(`${namespace}/${name}`);
    if (service === undefined) {
      const near = this.#namesByNamespace.get(namespace) ?? [];
      this.#findings.warn(
        place.subject,
        'backend-service-missing',
        place.at,
        `There is no Service ${namespace}/${name}: what comes in here leads nowhere`,
        near.length === 0
          ? 'add the Services to the input (kubectl get svc -A -o yaml)'
          : `${namespace} has ${someOf(near.map((each) => each.name))}`,
      );
      return [];
    }
    if (service.type === 'ExternalName') {
      this.#findings.note(
        place.subject,
        'backend-not-followed',
        place.at,
        `The Service ${namespace}/${name} is a name in DNS: where it leads, and whether policies admit that, is not known`,
      );
      return [];
    }
    const ports = this.#portsOf(service, wanted);
    if (ports.length === 0) {
      this.#findings.warn(
        place.subject,
        'backend-port-missing',
        place.portAt,
        `The Service ${namespace}/${name} has no ${describePort(wanted)}`,
        service.ports.length === 0
          ? 'it has no port at all'
          : `it has ${someOf(service.ports.map((port) => portText(port, wanted)))}`,
      );
      return [];
    }
    const number = wanted.kind === 'target' && typeof wanted.port === 'number' ? wanted.port : undefined;
    return ports.map((port) => this.#way(service, port, head, place, number));
  }

  /** The ways to all ports of a Service that is an entrance itself. */
  waysOf(service: Service, head: WayHead, subject: Subject): readonly EntryWay[] {
    return service.ports.map((port, i) => {
      const at: Path = ['spec', 'ports', i];
      return this.#way(service, port, head, { subject, at, portAt: at });
    });
  }

  #endpointsOf(service: Service): Endpoints {
    let endpoints = this.#endpoints.get(service);
    if (endpoints === undefined) this.#endpoints.set(service, (endpoints = this.#findEndpoints(service)));
    return endpoints;
  }

  #findEndpoints({ namespace, name, selector }: Service): Endpoints {
    const selected = new Set(selector === undefined ? [] : this.#pods.select(namespace, selector));
    const byHand = new Map<Pod, EndpointSlice[]>();
    for (const slice of this.#slices.get(`${namespace}/${name}`) ?? []) {
      for (const { addresses, pod: named } of slice.endpoints) {
        const at = addresses.map((address) => this.#pods.at(address)).find((each) => each !== undefined);
        const pod = at ?? (named === undefined ? undefined : this.#pods.named(namespace, named));
        if (pod === undefined || selected.has(pod)) continue;
        const slices = byHand.get(pod);
        if (slices === undefined) byHand.set(pod, [slice]);
        else slices.push(slice);
      }
    }
    return { selected, byHand };
  }

  #portsOf(service: Service, wanted: PortOfBackend): readonly ServicePort[] {
    switch (wanted.kind) {
      case 'all':
        return service.ports;
      case 'service':
        return service.ports.filter(({ name, port }) => wanted.port === port || wanted.port === name);
      case 'target':
        // The name is that of the endpoints' port, which the Service gives; its own target is as good a reading. A number
        // is that of the endpoints' port, also where the Service calls it by name.
        return service.ports.filter(
          (port) =>
            wanted.port === port.targetPort ||
            wanted.port === port.name ||
            (typeof port.targetPort === 'string' &&
              this.#targetsOf(service, port).some((target) => target.port === wanted.port)),
        );
      default:
        return wanted satisfies never;
    }
  }

  /** Where a port of a Service leads to. */
  #targetsOf(service: Service, port: ServicePort): readonly EntryTarget[] {
    const { selected, byHand } = this.#endpointsOf(service);
    return [
      ...[...selected].flatMap((pod) => targetsOf(port, pod)),
      ...[...byHand].flatMap(([pod, slices]) => targetsByHand(port, pod, slices)),
    ];
  }

  /** @param only - the port of the endpoints, where the backend names it */
  #way(
    service: Service,
    port: ServicePort,
    head: WayHead,
    { subject, at }: BackendPlace,
    only?: number,
  ): EntryWay {
    const name = `${service.namespace}/${service.name}`;
    const { selected, byHand } = this.#endpointsOf(service);
    const targets = this.#targetsOf(service, port).filter((each) => only === undefined || each.port === only);
    if (selected.size + byHand.size === 0) {
      const isKept = this.#slices.get(name)?.some(({ endpoints }) => endpoints.length > 0) === true;
      if (isKept) {
        this.#findings.note(
          subject,
          'backend-not-followed',
          at,
          `The endpoints of the Service ${name} are no pods of the input: whether policies admit what goes there is not known`,
        );
      } else {
        this.#findings.warn(
          subject,
          'backend-without-endpoints',
          at,
          `The Service ${name} selects no pod: what comes in here leads nowhere`,
          service.selector === undefined
            ? 'it has no selector; add its EndpointSlices to the input'
            : 'its selector has to match the labels of the pods',
        );
      }
    } else if (targets.length === 0) {
      this.#findings.warn(
        subject,
        'backend-port-unnamed',
        at,
        `No pod of the Service ${name} declares a port ${port.targetPort} for ${port.protocol}, to which its port ${port.port} leads`,
        'name the port of the container so, or write its number as targetPort',
      );
    } else if (!targets.some(({ declared }) => declared)) {
      // Corner 30: declaring it opens nothing, and leaving it out closes nothing.
      this.#findings.note(
        subject,
        'backend-port-undeclared',
        at,
        `No pod of the Service ${name} declares the port ${port.protocol} ${port.targetPort}: whether something listens there is not known`,
      );
    }
    return {
      ...head,
      service: serviceId(service),
      port: port.port,
      protocol: port.protocol,
      targets,
      origin: subject.origin,
      at,
    };
  }
}

/** Where a port of a Service leads in a pod that its selector matches. */
function targetsOf({ protocol, targetPort }: ServicePort, pod: Pod): readonly EntryTarget[] {
  // Of several containers that name a port so, the first has it, as in the controller that writes EndpointSlices.
  const declared = pod.ports.find(
    (each) =>
      each.protocol === protocol &&
      (typeof targetPort === 'number' ? each.port === targetPort : each.name === targetPort),
  );
  if (typeof targetPort === 'number') return [{ pod, port: targetPort, declared: declared !== undefined }];
  return declared === undefined ? [] : [{ pod, port: declared.port, declared: true }];
}

/** The same for a pod of slices that are kept by hand: their ports have the name of that of the Service. */
function targetsByHand(
  { name, protocol }: ServicePort,
  pod: Pod,
  slices: readonly EndpointSlice[],
): readonly EntryTarget[] {
  const numbers = new Set<number>();
  for (const { ports } of slices) {
    for (const each of ports) {
      if (each.name === name && each.protocol === protocol && each.port !== undefined) numbers.add(each.port);
    }
  }
  return [...numbers].map((port) => ({
    pod,
    port,
    declared: pod.ports.some((each) => each.port === port && each.protocol === protocol),
  }));
}

/** The id of a Service as an entrance, and as an operand of commands. */
export function serviceId({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string {
  // ingress/svc/x is the Ingress x of the namespace svc, unless the kind is written as no namespace can be.
  const kind = entryWords.has(namespace) ? 'Service' : 'svc';
  return `${namespace}/${kind}/${name}`;
}

/** With these words ids of other entrances begin. */
export const entryWords: ReadonlySet<string> = new Set(['ingress', 'gateway', 'route']);

function describePort(wanted: PortOfBackend): string {
  if (wanted.kind === 'all') return 'port';
  const text = typeof wanted.port === 'number' ? `port ${wanted.port}` : `port called ${wanted.port}`;
  return wanted.kind === 'target' ? `${text} at its pods` : text;
}

function portText({ name, port, targetPort }: ServicePort, wanted: PortOfBackend): string {
  const number = wanted.kind === 'target' ? String(targetPort) : String(port);
  return name === undefined ? number : `${number} (${name})`;
}
