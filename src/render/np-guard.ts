import { unreachable } from '../errors.ts';
import type { Cluster, Direction } from '../model/index.ts';
import { formatAddress, lastOf, parseRange, PortSet, protocols, subtract } from '../net/index.ts';
import type { AddressRange } from '../net/index.ts';
import { blockOf, profiles } from '../policy/index.ts';
import type { Profile } from '../policy/index.ts';
import { portSet } from '../reach/index.ts';
import type { MapAnswer, MapConnection, MapPeer } from '../reach/index.ts';
import { escapeInDocument, visible } from './text.ts';

/** The formats of `map -o` that np-guard's netpol-analyzer has for `list`, in the order of help. */
export const npGuardFormats = ['np-guard-txt', 'np-guard-json', 'np-guard-csv'] as const;

/** One of `npGuardFormats`. */
export type NpGuardFormat = (typeof npGuardFormats)[number];

/** One line of that tool's list. */
interface Line {
  readonly src: string;
  readonly dst: string;
  readonly conn: string;
}

/**
 * A map at level workload as `netpol-analyzer list` writes it: IPv4 alone, no workload with itself, addresses outside as
 * ranges that are cut at the bounds of the ipBlocks and networks of their direction.
 *
 * @param cluster - whose map it is: its ipBlocks cut the ranges
 * @param profile - how it was read
 */
export function* npGuardList(
  { document }: Pick<MapAnswer, 'document'>,
  format: NpGuardFormat,
  cluster: Cluster,
  profile: Profile = profiles.upstream,
): Generator<string, void> {
  const lines = linesOf(document, cluster, profile);
  switch (format) {
    case 'np-guard-txt':
      for (const { src, dst, conn } of lines) yield `${visible(src)} => ${visible(dst)} : ${conn}\n`;
      return;
    case 'np-guard-json':
      yield lines.length === 0 ? '[]\n' : '[\n';
      for (const [i, line] of lines.entries()) {
        const fields = Object.entries(line).map(
          ([name, value]) => `    ${JSON.stringify(name)}: ${escapeInDocument(JSON.stringify(value))}`,
        );
        yield `  {\n${fields.join(',\n')}\n  }${i === lines.length - 1 ? '\n]' : ','}\n`;
      }
      return;
    case 'np-guard-csv':
      yield 'src,dst,conn\n';
      for (const { src, dst, conn } of lines) yield `${[src, dst, conn].map(csvField).join(',')}\n`;
      return;
    default:
      return unreachable(format);
  }
}

/**
 * How many connections of a map `npGuardList` leaves out because they are ambiguous: that tool has no word for what some
 * choice of the implementation may deny (corner 60).
 */
export function npGuardAmbiguous({ document }: Pick<MapAnswer, 'document'>): number {
  const peers = new Map(document.peers.map((peer) => [peer.id, peer]));
  return document.connections.filter(
    (connection) => connection.ambiguous === true && isListed(connection, peers),
  ).length;
}

/** Whether that tool knows the two ends and some of the ports. */
function isListed(
  { from, to, allowed, family }: MapConnection,
  peers: ReadonlyMap<string, MapPeer>,
): boolean {
  if (from === to || family === 'IPv6') return false;
  const source = peers.get(from);
  if (source === undefined || !peers.has(to)) return false;
  // That tool knows Ingresses and Routes, and no entrance without a controller.
  if (source.kind === 'entry' && source.controller === undefined) return false;
  const set = portSet(allowed);
  // It knows no other protocols.
  return protocols.some((protocol) => set.ranges(protocol).length > 0);
}

function csvField(text: string): string {
  const safe = visible(text);
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What one workload may use with addresses outside in one direction. */
interface Outside {
  readonly peer: string;
  readonly direction: Direction;
  /** By text of the connection: the ranges. */
  readonly ranges: Map<string, AddressRange[]>;
}

function linesOf(document: MapAnswer['document'], cluster: Cluster, profile: Profile): readonly Line[] {
  const peers = new Map(document.peers.map((peer) => [peer.id, peer]));
  const cuts = { ingress: cutsOf(cluster, 'ingress', profile), egress: cutsOf(cluster, 'egress', profile) };
  // A pair may stand twice, for both families and for one; entries are one end.
  const between = new Map<string, { readonly src: string; readonly dst: string; set: PortSet }>();
  const outside = new Map<string, Outside>();
  for (const connection of document.connections) {
    // What some choice of the implementation may deny is not allowed (corner 60), and that tool has no word for it.
    if (connection.ambiguous === true || !isListed(connection, peers)) continue;
    const source = peers.get(connection.from)!;
    const destination = peers.get(connection.to)!;
    const set = portSet(connection.allowed);
    if (source.kind === 'ip' || destination.kind === 'ip') {
      const direction = source.kind === 'ip' ? 'ingress' : 'egress';
      const peer = nameOf(source.kind === 'ip' ? destination : source);
      const key = `${direction} ${peer}`;
      let known = outside.get(key);
      if (known === undefined)
        outside.set(key, (known = { peer, direction, ranges: new Map<string, AddressRange[]>() }));
      const conn = connectionText(set);
      const ranges = known.ranges.get(conn) ?? [];
      ranges.push(...rangesOf(source.kind === 'ip' ? source : destination));
      known.ranges.set(conn, ranges);
      continue;
    }
    const [src, dst] = [nameOf(source), nameOf(destination)];
    const key = JSON.stringify([src, dst]);
    const known = between.get(key);
    if (known === undefined) between.set(key, { src, dst, set });
    else known.set = known.set.union(set);
  }
  const lines: Line[] = [...between.values()].map(({ src, dst, set }) => ({
    src,
    dst,
    conn: connectionText(set),
  }));
  for (const { peer, direction, ranges } of outside.values()) {
    for (const [conn, list] of ranges) {
      for (const { first, last } of cutAt(joined(list), cuts[direction])) {
        const range = `${textOf(first)}-${textOf(last)}`;
        lines.push(
          direction === 'ingress' ? { src: range, dst: peer, conn } : { src: peer, dst: range, conn },
        );
      }
    }
  }
  const keyOf = ({ src, dst, conn }: Line): string => `${src} => ${dst} : ${conn}`;
  return lines
    .map((line) => [keyOf(line), line] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, line]) => line);
}

/** `ns/Kind/name` is `ns/name[Kind]` there; every entrance is the one controller. */
function nameOf({ id, kind }: MapPeer): string {
  if (kind === 'entry') return '{ingress-controller}';
  const [namespace, own, ...name] = id.split('/');
  return kind === 'workload' && name.length > 0 ? `${namespace}/${name.join('/')}[${own}]` : id;
}

/** `All Connections`, else ranges by protocol: `TCP 80,443-445,UDP 53`. */
function connectionText(set: PortSet): string {
  // That tool knows three protocols: all of their ports are all.
  const all = protocols.every((protocol) => PortSet.everyPort(protocol).minus(set).isEmpty);
  if (all) return 'All Connections';
  return protocols
    .filter((protocol) => set.ranges(protocol).length > 0)
    .map((protocol) => {
      const ranges = set.ranges(protocol).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
      return `${protocol} ${ranges.join(',')}`;
    })
    .join(',');
}

/** The IPv4 ranges of a peer outside. */
function rangesOf({ ranges }: MapPeer): readonly AddressRange[] {
  return (ranges ?? []).flatMap(([first, last]) => {
    const range = parseRange(first, last);
    return range?.family === 'IPv4' ? [range] : [];
  });
}

/** Sorted ranges, those that touch made one. */
function joined(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const found: { family: 'IPv4'; first: bigint; last: bigint }[] = [];
  for (const { first, last } of ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = found.at(-1);
    if (before !== undefined && first <= before.last + 1n) {
      if (last > before.last) before.last = last;
    } else found.push({ family: 'IPv4', first, last });
  }
  return found;
}

/** The first addresses of the pieces into which all ipBlocks and networks of a direction cut IPv4, ascending. */
function cutsOf(cluster: Cluster, direction: Direction, profile: Profile): readonly bigint[] {
  const cuts = new Set<bigint>();
  const cut = ({ first, last }: AddressRange): void => {
    cuts.add(first);
    if (last < lastOf('IPv4')) cuts.add(last + 1n);
  };
  for (const policy of cluster.policies) {
    const spec = policy[direction];
    for (const { peers } of spec.kind === 'isolates' ? spec.rules : []) {
      for (const peer of peers.kind === 'any' ? [] : peers.peers) {
        if (peer.kind !== 'ipBlock' || peer.cidr.family !== 'IPv4') continue;
        const { cidr, except } = blockOf(peer, profile);
        for (const range of subtract(cidr, except)) cut(range);
      }
    }
  }
  for (const policy of cluster.tierPolicies) {
    for (const { peers } of policy[direction]) {
      for (const peer of peers) {
        if (peer.kind !== 'networks') continue;
        for (const cidr of peer.cidrs) if (cidr.family === 'IPv4') cut(cidr);
      }
    }
  }
  return [...cuts].sort((a, b) => (a < b ? -1 : 1));
}

function* cutAt(ranges: readonly AddressRange[], cuts: readonly bigint[]): Generator<AddressRange, void> {
  let at = 0;
  for (const { family, first, last } of ranges) {
    let start = first;
    while (at < cuts.length && cuts[at]! <= start) at++;
    while (at < cuts.length && cuts[at]! <= last) {
      yield { family, first: start, last: cuts[at]! - 1n };
      start = cuts[at++]!;
    }
    yield { family, first: start, last };
  }
}

function textOf(value: bigint): string {
  return formatAddress({ family: 'IPv4', value });
}
