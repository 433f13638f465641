import type { Direction, Peer, PortEntry, Ports } from '../../model/index.ts';
import { bitsOf, cidrOf, PortSet, protocols } from '../../net/index.ts';
import type { Cidr } from '../../net/index.ts';
import type { Reading } from './types.ts';

// What rules say under a reading. Everything that looks at entries of rules asks here: the engine, and what explains it.

/** The ports of an entry that needs no destination (corners 26, 31 and 32); of a named one, none. */
export function portsOfEntry(entry: PortEntry, reading: Reading): PortSet {
  const { protocol } = entry;
  if (protocol === 'SCTP' && !reading.sctp) return PortSet.none;
  switch (entry.kind) {
    case 'everyPort':
      return PortSet.everyPort(protocol);
    case 'range':
      // Corner 32: a plugin that does not know endPort admits the one port that it sees.
      return PortSet.range(protocol, entry.from, reading.endPort === 'range' ? entry.to : entry.from);
    case 'named':
      return PortSet.none;
  }
}

/** What a rule without ports admits (corners 25 and 33). */
export function everyPortOf(reading: Reading): PortSet {
  return reading.allPortsAdmitOthers
    ? PortSet.all
    : PortSet.union(protocols.map((protocol) => PortSet.everyPort(protocol)));
}

/** Whether a named entry asks its destination (corner 28). */
export function isResolved(entry: PortEntry, direction: Direction, reading: Reading): boolean {
  if (entry.protocol === 'SCTP' && !reading.sctp) return false;
  return direction === 'ingress' || reading.namedPortsInEgress;
}

/** The addresses of an ipBlock (corner 38): its CIDR, less its excepts. */
export function blockOf(
  peer: Extract<Peer, { kind: 'ipBlock' }>,
  reading: Reading,
): { readonly cidr: Cidr; readonly except: readonly Cidr[] } {
  if (peer.address === undefined || reading.hostBits === 'masked') return peer;
  if (reading.hostBits === 'dropped') return { cidr: peer.cidr, except: [peer.cidr] };
  return { cidr: cidrOf(peer.address, bitsOf(peer.address.family)), except: peer.except };
}

/** Whether a reading turns what some rule says about ports; where not, rules mean what they say. */
export function readsPortsPlainly(reading: Reading): boolean {
  const { endPort, sctp, allPortsAdmitOthers, namedPortsInEgress } = reading;
  return endPort === 'range' && sctp && allPortsAdmitOthers && namedPortsInEgress;
}

/** The fixed ports of a rule and its named entries, as a reading has them. */
export function portsOfRule(
  ports: Ports,
  direction: Direction,
  reading: Reading,
): { readonly fixed: PortSet; readonly named: readonly Extract<PortEntry, { kind: 'named' }>[] } {
  if (ports.kind === 'all') return { fixed: everyPortOf(reading), named: [] };
  return {
    fixed: PortSet.union(ports.ports.map((entry) => portsOfEntry(entry, reading))),
    named: ports.ports.flatMap((entry) =>
      entry.kind === 'named' && isResolved(entry, direction, reading) ? [entry] : [],
    ),
  };
}
