import { isNullish } from '../explain/index.ts';
import { isPortName, isPortNumber, isRecord } from '../validate/index.ts';
import type { TierKind } from './kinds.ts';

/** What an entry of ports says, whichever kind of policy it was written for. */
type Meaning =
  { readonly protocol: string; readonly from: number; readonly to: number } | { readonly name: string };

const transports = ['tcp', 'udp', 'sctp'];

/**
 * Writes an entry of ports as `kind` does: one of NetworkPolicy, of AdminNetworkPolicy or of ClusterNetworkPolicy.
 *
 * @returns `undefined` when it is none of these, or says what `kind` cannot say
 */
export function portEntryFor(kind: TierKind, entry: unknown): unknown {
  const meaning = isRecord(entry) ? meaningOf(entry) : undefined;
  if (meaning === undefined) return undefined;
  if ('name' in meaning) {
    return kind.ports === 'protocols' ? { destinationNamedPort: meaning.name } : { namedPort: meaning.name };
  }
  const { protocol, from, to } = meaning;
  const isRange = from < to;
  if (kind.ports === 'ports') {
    return isRange
      ? { portRange: { protocol, start: from, end: to } }
      : { portNumber: { protocol, port: from } };
  }
  const destinationPort = isRange ? { range: { start: from, end: to } } : { number: from };
  return { [protocol.toLowerCase()]: { destinationPort } };
}

function meaningOf(entry: Readonly<Record<string, unknown>>): Meaning | undefined {
  const { portNumber, portRange, namedPort, destinationNamedPort } = entry;
  if (isRecord(portNumber)) return meaning(portNumber.protocol, portNumber.port, portNumber.port);
  if (isRecord(portRange)) return meaning(portRange.protocol, portRange.start, portRange.end);
  const name = namedPort ?? destinationNamedPort;
  if (typeof name === 'string') return { name };
  for (const transport of transports) {
    const at = entry[transport];
    const port = isRecord(at) ? at.destinationPort : undefined;
    if (!isRecord(port)) continue;
    const { number, range } = port;
    const [start, end] = isRecord(range) ? [range.start, range.end] : [number, number];
    return meaning(transport.toUpperCase(), start, end);
  }
  const { protocol, port, endPort } = entry;
  // Without a port it is every port of the protocol, and without either nothing was said (corner 26).
  if (isNullish(port)) return isNullish(protocol) ? undefined : meaning(protocol, 1, 65535);
  // The name of NetworkPolicy's port is one of a protocol, which these kinds do not ask for.
  if (typeof port === 'string') return isPortName(port) ? { name: port } : undefined;
  return meaning(protocol, port, endPort ?? port);
}

function meaning(protocol: unknown, from: unknown, to: unknown): Meaning | undefined {
  const name = protocol ?? 'TCP';
  if (typeof name !== 'string' || !transports.includes(name.toLowerCase())) return undefined;
  if (typeof from !== 'number' || typeof to !== 'number') return undefined;
  if (!isPortNumber(from) || !isPortNumber(to) || from > to) return undefined;
  return { protocol: name.toUpperCase(), from, to };
}
