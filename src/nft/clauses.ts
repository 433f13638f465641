import type { Direction } from '../model/index.ts';
import { protocols } from '../net/index.ts';
import type { Family, PortSet, Protocol } from '../net/index.ts';
import { endOf } from './layout.ts';
import type { PortMatch, RuleSource, Statement } from './ruleset.ts';
import type { SetHandle, SetTable } from './set-table.ts';

/** What a rule asks of the other end of a flow, before sets have names. */
export interface Clause {
  /** Cheap ones first: what passes early is not asked further. */
  readonly rank: number;
  /** `undefined`: addresses of either family. */
  readonly family: Family | undefined;
  /** The address of the other end is in all of them. */
  readonly sets: readonly SetHandle[];
  readonly protocol: Protocol | undefined;
  readonly port: number | { readonly range: readonly [number, number] } | SetHandle | undefined;
  readonly sources: readonly RuleSource[];
}

/** By family: the sets in which the other end is; without a family every end is meant. */
export type Addresses = readonly (readonly [Family | undefined, readonly SetHandle[]])[];

/** Up to this many ranges of ports are compared one by one; a set costs as much as some comparisons (layout 4). */
const mostCompared = 2;

/** The clauses for some ports of some addresses. */
export function clausesOf(
  rank: number,
  addresses: Addresses,
  ports: PortSet,
  sources: readonly RuleSource[],
  sets: SetTable,
): readonly Clause[] {
  const parts = partsOf(ports, sets);
  return addresses.flatMap(([family, asked]) =>
    parts.map(({ protocol, port }) => ({
      rank: protocol === undefined ? rank : rank + 1,
      family,
      sets: asked,
      protocol,
      port,
      sources,
    })),
  );
}

function partsOf(ports: PortSet, sets: SetTable): readonly Pick<Clause, 'protocol' | 'port'>[] {
  // Corner 33: only "all ports" admits what has none, ICMP among it.
  if (ports.isAll) return [{ protocol: undefined, port: undefined }];
  return protocols.flatMap((protocol): readonly Pick<Clause, 'protocol' | 'port'>[] => {
    const ranges = ports.ranges(protocol);
    const [first] = ranges;
    if (first === undefined) return [];
    if (first.from === 1 && first.to === 65535) return [{ protocol, port: undefined }];
    if (ranges.length > mostCompared) return [{ protocol, port: sets.ports(ranges) }];
    return ranges.map(({ from, to }) => ({ protocol, port: from === to ? from : { range: [from, to] } }));
  });
}

/** The statements of a clause, for the rules of one direction; a verdict is still to come. */
export function conditions(
  { family, sets, protocol, port }: Pick<Clause, 'family' | 'sets' | 'protocol' | 'port'>,
  direction: Direction,
): readonly Statement[] {
  const statements: Statement[] = [];
  const end = endOf[direction === 'ingress' ? 'egress' : 'ingress'];
  if (family !== undefined) {
    for (const set of sets) statements.push({ kind: 'flowAddress', end, family, set: set.name() });
  }
  if (protocol !== undefined) {
    statements.push({ kind: 'protocol', protocol: protocolNames[protocol] });
    if (port !== undefined) statements.push({ kind: 'port', port: portMatch(port) });
  }
  return statements;
}

const protocolNames = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

function portMatch(port: NonNullable<Clause['port']>): PortMatch {
  return typeof port === 'object' && 'name' in port ? { set: port.name() } : port;
}
