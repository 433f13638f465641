import type { Cluster, Pod, Ports, TierPorts } from '../model/index.ts';
import { matches } from '../model/index.ts';
import { PortSet, protocols } from '../net/index.ts';
import type { PortRange, Protocol } from '../net/index.ts';
import type { LabListener } from './plan.ts';

/** A pod that declares more ports than this listens on the first ones only. */
const mostDeclared = 64;

/** What everybody listens on, and how many ports of policies and pods were left out. */
export interface CommonPorts {
  readonly listeners: readonly LabListener[];
  readonly leftOut: number;
}

/**
 * The ports that tell policies apart: both bounds of every range that they name with the ports just beside it, every number
 * that some pod declares under a name that they ask for, and one port that is in none of these.
 *
 * @param most - of each protocol; the first in the order of the input
 */
export function commonPorts(cluster: Cluster, most: number): CommonPorts {
  const ranges = new Map<Protocol, PortRange[]>(protocols.map((protocol) => [protocol, []]));
  const names = { TCP: new Set<string>(), UDP: new Set<string>(), SCTP: new Set<string>() };
  for (const entry of entriesOf(cluster)) {
    if (entry.kind === 'range') ranges.get(entry.protocol)!.push({ from: entry.from, to: entry.to });
    else for (const protocol of entry.protocols) names[protocol].add(entry.name);
  }
  for (const pod of cluster.pods) {
    for (const { name, protocol, port } of pod.ports) {
      if (name !== undefined && names[protocol].has(name))
        ranges.get(protocol)!.push({ from: port, to: port });
    }
  }
  const listeners: LabListener[] = [];
  let leftOut = 0;
  const beside = outsidePort(cluster, ranges);
  for (const protocol of protocols) {
    const ports = new Set<number>();
    for (const { from, to } of ranges.get(protocol)!) {
      ports.add(from);
      if (to === from) continue;
      ports.add(to);
      if (from > 1) ports.add(from - 1);
      if (to < 65535) ports.add(to + 1);
    }
    const kept = [...ports].slice(0, most);
    leftOut += ports.size - kept.length;
    const outside = beside(protocol);
    if (outside !== undefined) kept.push(outside);
    for (const port of kept) listeners.push({ protocol, port });
  }
  return { listeners: sortedListeners(listeners), leftOut };
}

type Entry =
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly from: number; readonly to: number }
  | { readonly kind: 'named'; readonly protocols: readonly Protocol[]; readonly name: string };

function* entriesOf(cluster: Cluster): Generator<Entry> {
  for (const { ingress, egress } of cluster.policies) {
    for (const spec of [ingress, egress]) {
      if (spec.kind === 'isolates') for (const rule of spec.rules) yield* entries(rule.ports);
    }
  }
  for (const { ingress, egress } of cluster.tierPolicies) {
    for (const rule of [...ingress, ...egress]) yield* entries(rule.ports);
  }
}

function* entries(ports: Ports | TierPorts): Generator<Entry> {
  if (ports.kind === 'all') return;
  for (const entry of ports.ports) {
    if (entry.kind === 'range') {
      // A tier's range may be empty (corner 57).
      if (entry.from <= entry.to) yield entry;
    } else if (entry.kind === 'named') {
      // A tier's name has whatever protocol the pod declares it with (corners 57 and 62).
      yield {
        kind: 'named',
        name: entry.name,
        protocols: 'protocol' in entry ? [entry.protocol] : protocols,
      };
    }
  }
}

/** One port outside of all that policies name and pods declare, the same for all protocols where there is one. */
function outsidePort(
  cluster: Cluster,
  named: ReadonlyMap<Protocol, readonly PortRange[]>,
): (protocol: Protocol) => number | undefined {
  const used = (protocol: Protocol): PortSet =>
    PortSet.union([
      ...named.get(protocol)!.map(({ from, to }) => PortSet.range(protocol, from, to)),
      ...cluster.pods.flatMap((pod) =>
        pod.ports
          .filter((port) => port.protocol === protocol)
          .map(({ port }) => PortSet.range(protocol, port, port)),
      ),
      ...cluster.services.flatMap((service) =>
        service.ports.flatMap(({ targetPort, protocol: own }) =>
          typeof targetPort === 'number' && own === protocol
            ? [PortSet.range(protocol, targetPort, targetPort)]
            : [],
        ),
      ),
    ]);
  const free = protocols.map((protocol) =>
    PortSet.everyPort(protocol).minus(used(protocol)).ranges(protocol),
  );
  const all = protocols.map((_, i) =>
    PortSet.union(free[i]!.map(({ from, to }) => PortSet.range('TCP', from, to))),
  );
  const shared = all.reduce((a, b) => a.intersect(b)).ranges('TCP');
  return (protocol) => pick(shared) ?? pick(free[protocols.indexOf(protocol)]!);
}

/** Not below 1024 where that is possible: such a port looks like one of a program. */
function pick(free: readonly PortRange[]): number | undefined {
  const high = free.find(({ to }) => to >= 4000);
  if (high !== undefined) return Math.max(high.from, 4000);
  return free.at(-1)?.to;
}

/** What the pods of one network namespace listen on besides `common`: what they declare, and where Services lead. */
export function ownPorts(
  cluster: Cluster,
  pods: readonly Pod[],
  common: readonly LabListener[],
): { readonly listeners: readonly LabListener[]; readonly leftOut: number } {
  const listeners = [...common];
  let leftOut = 0;
  for (const pod of pods) {
    leftOut += Math.max(0, pod.ports.length - mostDeclared);
    for (const { protocol, port } of pod.ports.slice(0, mostDeclared)) listeners.push({ protocol, port });
    for (const { namespace, selector, ports } of cluster.services) {
      if (namespace !== pod.namespace || selector === undefined || !matches(selector, pod.labels)) continue;
      for (const { protocol, targetPort } of ports) {
        if (typeof targetPort === 'number') listeners.push({ protocol, port: targetPort });
      }
    }
  }
  return { listeners: sortedListeners(listeners), leftOut };
}

/** By protocol and port, each once. */
export function sortedListeners(listeners: readonly LabListener[]): readonly LabListener[] {
  const keys = new Map(listeners.map((each) => [`${each.protocol} ${each.port}`, each]));
  return [...keys.values()].sort((a, b) => {
    if (a.protocol !== b.protocol) return a.protocol < b.protocol ? -1 : 1;
    return a.port - b.port;
  });
}
