// What a report says of one potential peer, read from its document alone: selectors are parsed again from their text.
import { parseSelector } from '../../src/cli/selector.ts';
import type { Exposed, ExposedPart, Exposure } from '../../src/exposure/index.ts';
import { matches } from '../../src/model/index.ts';
import type { Labels } from '../../src/model/index.ts';
import { parseAddress, PortSet, protocols } from '../../src/net/index.ts';
import { parseIPv6 } from '../../src/net/address.ts';
import type { Address, Family, Protocol } from '../../src/net/index.ts';
import type { AllowedPorts } from '../../src/reach/index.ts';

/** A pod that is not there. */
export interface Potential {
  readonly namespace: string;
  /** The labels of the namespace, where it is not there either. */
  readonly namespaceLabels: Labels | undefined;
  readonly labels: Labels;
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
  /** Empty for a pod that has none yet. */
  readonly addresses: readonly Address[];
}

export function setOf(allowed: AllowedPorts): PortSet {
  if (allowed === 'all') return PortSet.all;
  const ports = protocols.flatMap((protocol) =>
    (allowed[protocol] ?? []).map(([from, to]) => PortSet.range(protocol, from, to)),
  );
  return PortSet.union(allowed.other === true ? [...ports, others] : ports);
}

/** Protocols that the API cannot name. */
const others = PortSet.all.minus(PortSet.union(protocols.map((protocol) => PortSet.everyPort(protocol))));

/** What a peer may use at a pod that declares some ports. */
function portsOf({ allowed, named }: ExposedPart | Exposed, ports: Potential['ports']): PortSet {
  let set = setOf(allowed);
  for (const { protocol, names, without = [], within } of named ?? []) {
    let bearing = within === undefined ? PortSet.everyPort(protocol) : setOf(within);
    for (const name of names) {
      const numbers = ports.filter((port) => port.name === name && port.protocol === protocol);
      bearing = bearing.intersect(
        PortSet.union(numbers.map(({ port }) => PortSet.range(protocol, port, port))),
      );
    }
    for (const each of ports) {
      if (each.protocol !== protocol || !without.includes(each.name)) continue;
      bearing = bearing.minus(PortSet.range(protocol, each.port, each.port));
    }
    set = set.union(bearing);
  }
  return set;
}

/**
 * What a report says that a potential pod may use with the pods of an exposure, in a family.
 *
 * @param possible - whether under some choice among policies of equal priority, else under every one
 */
export function predicted({ peers }: Exposure, pod: Potential, family: Family, possible = false): PortSet {
  let set = PortSet.none;
  for (const peer of peers) {
    if (peer.kind !== 'pods' || (peer.family !== undefined && peer.family !== family)) continue;
    if (peer.ambiguous !== undefined && !possible) continue;
    const { addresses } = peer;
    if (addresses !== undefined) {
      const own = pod.addresses.filter((address) => address.family === family);
      if (!own.some((address) => isInRanges(addresses, address))) continue;
    }
    if (!matches(parseSelector(peer.pods), pod.labels)) continue;
    set = set.union(throughNamespaces(peer, pod));
  }
  return set;
}

function throughNamespaces(peer: Extract<Exposed, { kind: 'pods' }>, pod: Potential): PortSet {
  const { existing, closed = [], partly = [], ...namespaces } = peer.namespaces;
  if (pod.namespaceLabels !== undefined) {
    const isMeant =
      namespaces.new !== undefined &&
      matches(
        parseSelector(namespaces.new),
        new Map([...pod.namespaceLabels, ['kubernetes.io/metadata.name', pod.namespace]]),
      );
    return isMeant ? portsOf(peer, pod.ports) : PortSet.none;
  }
  if (existing !== 'all' && !existing.includes(pod.namespace)) return PortSet.none;
  if (closed.includes(pod.namespace)) return PortSet.none;
  const part = partly.find((each) => each.namespaces.includes(pod.namespace));
  if (part === undefined) return portsOf(peer, pod.ports);
  return PortSet.union(
    part.peers
      .filter(({ pods }) => matches(parseSelector(pods), pod.labels))
      .map((each) => portsOf(each, pod.ports)),
  );
}

/** The bound of a range; IPv6 may be IPv4-mapped there, which `parseAddress` takes for IPv4. */
export function addressOf(text: string): Address | undefined {
  const value = text.includes(':') ? parseIPv6(text) : undefined;
  return value === undefined ? parseAddress(text) : { family: 'IPv6', value };
}

function isInRanges(ranges: readonly (readonly [string, string])[], address: Address): boolean {
  return ranges.some(([first, last]) => {
    const [from, to] = [addressOf(first), addressOf(last)];
    return (
      from?.family === address.family &&
      to !== undefined &&
      from.value <= address.value &&
      address.value <= to.value
    );
  });
}

/** What a report says that an address may use; `possible` as for pods. */
export function predictedAddress({ peers }: Exposure, address: Address, possible = false): PortSet {
  return PortSet.union(
    peers.flatMap((peer) => {
      if (peer.kind !== 'ip' || (peer.ambiguous !== undefined && !possible)) return [];
      return isInRanges(peer.ranges, address) ? [setOf(peer.allowed)] : [];
    }),
  );
}
