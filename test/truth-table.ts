import type { Cluster, Pod } from '../src/model/index.ts';
import { parseAddress } from '../src/net/index.ts';
import type { Family, PortSet, Protocol } from '../src/net/index.ts';
import type { PolicyEnd } from '../src/policy/index.ts';

/** What one table asks about; `other` is written `icmp` and has no port. */
export type Probe = { readonly protocol: Protocol; readonly port: number } | { readonly protocol: 'other' };

/** One cell that a table judges. Ends are written as in the table. */
export interface Cell {
  readonly from: string;
  readonly to: string;
  readonly probe: Probe;
  /** `undefined`: the union over the families that both ends have. */
  readonly family: Family | undefined;
  readonly expected: '.' | 'X';
  /** Of the row, from 1. */
  readonly line: number;
}

/**
 * Reads truth tables as people draw them: a head line with the probe (`tcp/80`, `udp/53`, `sctp/9000`, `icmp`), a family
 * where the answer is for one only, and the destinations; then one line for each source. `.` allowed, `X` denied, `-` not
 * judged. Tables are parted by empty lines; a line that begins with `#` says why.
 *
 * @returns all judged cells, in the order of the text
 * @throws Error when a line is no row of a table
 */
export function readTruthTables(text: string): readonly Cell[] {
  const cells: Cell[] = [];
  let head: { probe: Probe; family: Family | undefined; columns: readonly string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') head = undefined;
    else if (words[0]!.startsWith('#')) continue;
    else if (head === undefined) {
      const family = words[1] === 'IPv4' || words[1] === 'IPv6' ? words[1] : undefined;
      head = { probe: readProbe(words[0]!), family, columns: words.slice(family === undefined ? 1 : 2) };
    } else {
      const [from, ...marks] = words;
      if (marks.length !== head.columns.length) {
        throw new Error(`line ${index + 1} has ${marks.length} cells for ${head.columns.length} columns`);
      }
      for (const [column, expected] of marks.entries()) {
        if (expected === '-') continue;
        if (expected !== '.' && expected !== 'X')
          throw new Error(`line ${index + 1}: ${expected} is no answer`);
        const { probe, family, columns } = head;
        cells.push({ from: from!, to: columns[column]!, probe, family, expected, line: index + 1 });
      }
    }
  }
  return cells;
}

function readProbe(text: string): Probe {
  if (text === 'icmp') return { protocol: 'other' };
  const match = /^(tcp|udp|sctp)\/([0-9]+)$/.exec(text);
  if (match === null) throw new Error(`${text} is no probe`);
  return { protocol: match[1]!.toUpperCase() as Protocol, port: Number(match[2]) };
}

/** Whether a set of ports holds what a table asks about. */
export function admits(allowed: PortSet, probe: Probe): boolean {
  return probe.protocol === 'other' ? allowed.other : allowed.has(probe.protocol, probe.port);
}

/**
 * The end that a table writes: `namespace/name` or the id of a pod, `node/name`, or an address that is no pod's.
 *
 * @throws Error when the cluster has no such pod or node, or the address is none
 */
export function endOf(cluster: Cluster, text: string): PolicyEnd {
  if (text.startsWith('node/')) {
    const node = cluster.nodes.get(text.slice('node/'.length));
    if (node === undefined) throw new Error(`there is no ${text}`);
    return { kind: 'node', node };
  }
  if (text.includes('/')) return { kind: 'pod', pod: podOf(cluster, text) };
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return { kind: 'address', address };
}

function podOf(cluster: Cluster, text: string): Pod {
  const pod = cluster.pods.find((each) => each.id === text || `${each.namespace}/${each.name}` === text);
  if (pod === undefined) throw new Error(`there is no pod ${text}`);
  return pod;
}
