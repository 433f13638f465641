import type { Pod } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import type { Focus } from './focus.ts';
import type { Group } from './groups.ts';
import { namedPorts, servicePorts } from './service-ports.ts';
import type { PortQuery } from './types.ts';

/**
 * The ports asked about at a destination; everything when none were. Names are those that its pods declare; of the
 * endpoints of a Service that was asked for, ports are the Service's (corner 49).
 */
export function portFilter(
  policy: CompiledPolicy,
  { ports: queries, to, peer }: Focus & { readonly ports?: readonly PortQuery[] },
): (destination: Group | undefined) => PortSet {
  if (queries === undefined) return () => PortSet.all;
  const services = [...(to ?? []), ...(peer ?? [])].filter((end) => end.kind === 'service');
  const fixed = PortSet.union(
    queries.map((query) =>
      query.kind === 'range' ? PortSet.range(query.protocol, query.from, query.to) : PortSet.none,
    ),
  );
  const names = queries.filter((query) => query.kind === 'named');
  if (names.length === 0 && services.length === 0) return () => fixed;
  const ofPod = (pod: Pod): PortSet => {
    const serving = services.filter(({ pods }) => pods.includes(pod));
    if (serving.length > 0) {
      const unused = new Set<string>();
      return PortSet.union(
        serving.map(({ service }) => servicePorts(policy, service, pod, queries, pod.id, unused)),
      );
    }
    return PortSet.union([
      fixed,
      ...names.map(({ name, protocol }) => namedPorts(policy, pod, name, protocol)),
    ]);
  };
  const known = new Map<Group, PortSet>();
  return (destination) => {
    if (destination === undefined) return fixed;
    let set = known.get(destination);
    if (set === undefined) {
      // Pods of one template share their list of ports.
      const examples = new Map(destination.pods.map((pod) => [pod.ports, pod]));
      const pods = services.length > 0 ? destination.pods : [...examples.values()];
      set = destination.pods.length === 0 ? fixed : PortSet.union(pods.map(ofPod));
      known.set(destination, set);
    }
    return set;
  };
}
