import type { Pod, Service, ServicePort } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { Protocol } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import type { PortQuery } from './types.ts';
import { formatPortQuery } from './ports-query.ts';
import { portsText } from './words.ts';

/** The numbers that a pod declares under a name, with one protocol or any (corner 28). */
export function namedPorts(
  policy: CompiledPolicy,
  pod: Pod,
  name: string,
  protocol: Protocol | undefined,
): PortSet {
  return PortSet.union(
    pod.ports
      .filter(
        (port) =>
          port.name === name &&
          (protocol === undefined || port.protocol === protocol) &&
          (policy.profile.sidecarPorts || !port.sidecar),
      )
      .map(({ protocol: own, port }) => PortSet.range(own, port, port)),
  );
}

/** Why a Service has not all the ports that are asked of it; `undefined` when it has. */
export function unknownServicePort(service: Service, queries: readonly PortQuery[]): string | undefined {
  const missing = queries.find((query) => !service.ports.some((port) => asks(query, port)));
  if (missing === undefined) return undefined;
  const list = service.ports.map(({ name, protocol, port }) =>
    name === undefined ? `${protocol} ${port}` : `${protocol} ${port} (${name})`,
  );
  return `${service.namespace}/svc/${service.name} has no port ${formatPortQuery(missing)}; ${list.length === 0 ? 'it has none at all' : `it has ${list.join(', ')}`}`;
}

/**
 * The ports of one endpoint that a Service's ports lead to (corner 49): policies see the pod's port, after DNAT (corner
 * 27). Without `queries`, those of all ports of the Service. Empty when the pod lacks the target port.
 */
export function servicePorts(
  policy: CompiledPolicy,
  service: Service,
  pod: Pod,
  queries: readonly PortQuery[] | undefined,
  podName: string,
  notes: Set<string>,
): PortSet {
  const name = `${service.namespace}/svc/${service.name}`;
  const chosen =
    queries === undefined
      ? service.ports
      : service.ports.filter((port) => queries.some((query) => asks(query, port)));
  const sets = chosen.map((port) => {
    const set = target(policy, port, pod);
    if (set.isEmpty) {
      notes.add(
        `${podName} declares no port called ${port.targetPort}, so it is no endpoint of ${name} for ${port.port}`,
      );
    } else if (service.headless) {
      notes.add(`${name} is headless: clients connect to its pods themselves, on ${portsText(set)}`);
    } else {
      notes.add(`${name} port ${port.port} leads to ${portsText(set)} of its pods`);
    }
    return set;
  });
  return PortSet.union(sets);
}

function target(policy: CompiledPolicy, { protocol, targetPort }: ServicePort, pod: Pod): PortSet {
  return typeof targetPort === 'number'
    ? PortSet.range(protocol, targetPort, targetPort)
    : namedPorts(policy, pod, targetPort, protocol);
}

function asks(query: PortQuery, port: ServicePort): boolean {
  if (query.kind === 'named') {
    return query.name === port.name && (query.protocol === undefined || query.protocol === port.protocol);
  }
  return query.protocol === port.protocol && query.from <= port.port && port.port <= query.to;
}
