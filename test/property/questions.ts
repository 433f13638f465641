import { readBlock, readIp } from '../reference/addresses.ts';
import type { Ip } from '../reference/addresses.ts';
import type { Connection, ReferenceProtocol } from '../reference/evaluate.ts';
import type { Json, JsonObject } from './clusters.ts';

/** One protocol and port at which two answers are compared. */
export interface Point {
  readonly protocol: ReferenceProtocol;
  readonly port: number;
}

/**
 * All points at which an answer about `objects` can change: every port that occurs with its two neighbours, the ends of
 * the range, `extra`, for each protocol; and the protocols that no policy can name.
 */
export function portPoints(objects: readonly JsonObject[], extra: number): readonly Point[] {
  const written = valuesOf(objects, ['port', 'endPort', 'containerPort', 'number', 'start', 'end']).filter(
    (each) => typeof each === 'number',
  );
  const ports = new Set([1, 65535, extra, ...written.flatMap((port) => [port - 1, port, port + 1])]);
  const inRange = [...ports].filter((port) => port >= 1 && port <= 65535).sort((a, b) => a - b);
  return [
    ...(['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => inRange.map((port) => ({ protocol, port }))),
    { protocol: 'other', port: 1 },
  ];
}

/**
 * Addresses on both sides of every bound of every block, those of nodes, and some of the rest of each family; none that
 * a pod has.
 */
export function outsideAddresses(objects: readonly JsonObject[]): readonly string[] {
  const bounds = valuesOf(objects, ['cidr', 'except', 'networks'])
    .flat()
    .filter((each) => typeof each === 'string')
    .flatMap((cidr): Ip[] => {
      const { base, prefix } = readBlock(cidr);
      const rest = BigInt(base.bits - prefix);
      const first = (base.value >> rest) << rest;
      const last = first + (1n << rest) - 1n;
      return [first - 1n, first, last, last + 1n].map((value) => ({ bits: base.bits, value }));
    });
  const addressesIn = (...names: readonly string[]): readonly Ip[] =>
    valuesOf(objects, names)
      .filter((each) => typeof each === 'string')
      .flatMap((each) => readIp(each) ?? []);
  const samples = ['0.0.0.0', '1.2.3.4', '255.255.255.255', '::', '::1', '2001:db8:ffff::1'].flatMap(
    (each) => readIp(each) ?? [],
  );
  const pods = new Set(addressesIn('ip', 'podIP').map(formatIp));
  const texts = [...bounds, ...addressesIn('address'), ...samples].filter(exists).map(formatIp);
  return [...new Set(texts)].filter((text) => !pods.has(text));
}

/** What a connection allows at each point, as one text: `.` allowed, `X` denied. */
export function verdicts(connection: Connection, points: readonly Point[]): string {
  return points.map(({ protocol, port }) => (connection(protocol, port) ? '.' : 'X')).join('');
}

/** Whether there can be such an address: an IPv4-mapped one is not on the wire as IPv6. */
function exists({ bits, value }: Ip): boolean {
  return value >= 0n && value < 1n << BigInt(bits) && (bits === 32 || value >> 32n !== 0xffffn);
}

/** Dotted, or eight groups in full: plain text for both parsers. */
function formatIp({ bits, value }: Ip): string {
  const parts = (width: bigint, count: number): bigint[] =>
    Array.from(
      { length: count },
      (_, i) => (value >> (width * BigInt(count - 1 - i))) & ((1n << width) - 1n),
    );
  return bits === 32
    ? parts(8n, 4).join('.')
    : parts(16n, 8)
        .map((part) => part.toString(16))
        .join(':');
}

/** The values of all fields of these names, at any depth. */
function valuesOf(value: Json | readonly JsonObject[], names: readonly string[]): readonly Json[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]: [string, Json]) => [
    ...(names.includes(name) && !Array.isArray(value) ? [each] : []),
    ...valuesOf(each, names),
  ]);
}
