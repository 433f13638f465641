import type { Pod, Service, ServicePort } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { Protocol } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import type { PortQuery } from './types.ts';
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

/**
 * The ports of one endpoint that a Service's ports lead to (corner 49): policies see the pod's port, after DNAT (corner
 * 27). Without `queries`, those of all ports of the Service.
 */
export function servicePorts(
  policy: CompiledPolicy,
  service: Service,
  pod: Pod,
  queries: readonly PortQuery[] | undefined,
  podName: string,
  note: (text: string) => void,
): PortSet {
  const name = `${service.namespace}/svc/${service.name}`;
  // A headless Service resolves to its pods: the client chooses the port itself, no proxy translates it.
  if (service.headless && queries !== undefined) {
    const sets = queries.map((query) =>
      query.kind === 'range'
        ? PortSet.range(query.protocol, query.from, query.to)
        : PortSet.union(
            service.ports.filter((port) => asks(query, port)).map((port) => target(policy, port, pod)),
          ),
    );
    note(`${name} is headless: its names lead to the pods, and the port is the pod's`);
    return PortSet.union(sets);
  }
  const chosen =
    queries === undefined
      ? service.ports
      : service.ports.filter((port) => queries.some((query) => asks(query, port)));
  for (const query of queries ?? []) {
    if (!service.ports.some((port) => asks(query, port))) {
      const list = service.ports.map(({ protocol, port }) => `${protocol} ${port}`).join(', ');
      note(`${name} has no such port; its ports are ${list === '' ? 'none' : list}`);
    }
  }
  const sets = chosen.map((port) => {
    const set = target(policy, port, pod);
    if (set.isEmpty)
      note(
        `${podName} declares no port called ${port.targetPort}, so it is no endpoint of ${name} for ${port.port}`,
      );
    else note(`${name} port ${port.port} leads to ${portsText(set)} of its pods`);
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
