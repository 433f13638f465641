/** A connection between two peers, by their index; equal labels may stand on one line. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly label: number;
  /** Its place among the connections of the map. */
  readonly at: number;
}

/**
 * Every peer of `from` may open the connections of `label` to every peer of `to`. Pairs that `own` connects may be
 * missing: a peer to itself, or to its own namespace, as `groupEdges` was told.
 */
export interface Group {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly label: number;
  /** The edges that it stands for: each edge is in exactly one group. */
  readonly edges: readonly Edge[];
}

/**
 * Says many connections in few lines: sources with the same destinations are one group, or destinations with the same
 * sources, whichever gives fewer lines for a label.
 *
 * @param own - what the edges given leave out between a peer and its kin, so that "each to all others" is one group:
 * the peer itself, or all of its namespace. At most as long as the peer's list of edges is when it counts.
 * @param edges - in the order of their places
 * @returns groups in the order of their first edge. Time and memory grow with the number of edges.
 */
export function groupEdges(
  edges: readonly Edge[],
  own: (peer: number) => readonly number[],
): readonly Group[] {
  const byLabel = new Map<number, Edge[]>();
  for (const edge of edges) append(byLabel, edge.label, edge);
  const groups: Group[] = [];
  for (const [label, labelled] of byLabel) {
    const forwards = grouped(labelled, 'from', 'to', own);
    const backwards = grouped(labelled, 'to', 'from', own);
    const isForwards = forwards.length <= backwards.length;
    for (const { near, far, edges: members } of isForwards ? forwards : backwards) {
      groups.push({ from: isForwards ? near : far, to: isForwards ? far : near, label, edges: members });
    }
  }
  const first = ({ edges: [edge] }: Group): number => edge?.at ?? 0;
  return groups.sort((a, b) => first(a) - first(b));
}

interface Side {
  readonly near: readonly number[];
  readonly far: readonly number[];
  readonly edges: readonly Edge[];
}

function grouped(
  edges: readonly Edge[],
  near: 'from' | 'to',
  far: 'from' | 'to',
  own: (peer: number) => readonly number[],
): readonly Side[] {
  const rows = new Map<number, Edge[]>();
  for (const edge of edges) append(rows, edge[near], edge);
  // Each peer may stand under the ends that it has, or under those and its kin: where more peers agree, it goes.
  const candidates: { readonly peer: number; readonly edges: readonly Edge[]; readonly keys: string[] }[] =
    [];
  const agreeing = new Map<string, number>();
  for (const [peer, row] of rows) {
    const ends = row.map((edge) => edge[far]).sort((a, b) => a - b);
    const keys = [ends.join()];
    const kin = own(peer);
    // A peer with fewer ends than kin does not reach "all others"; and adding long lists to short ones is quadratic.
    if (kin.length <= ends.length) {
      const widened = [...new Set([...ends, ...kin])].sort((a, b) => a - b).join();
      if (widened !== keys[0]) keys.push(widened);
    }
    for (const key of keys) agreeing.set(key, (agreeing.get(key) ?? 0) + 1);
    candidates.push({ peer, edges: row, keys });
  }
  const sides = new Map<string, { near: number[]; edges: Edge[] }>();
  for (const { peer, edges: row, keys } of candidates) {
    const [plain = '', widened] = keys;
    const isWidened = widened !== undefined && (agreeing.get(widened) ?? 0) > (agreeing.get(plain) ?? 0);
    const key = isWidened ? widened : plain;
    const side = sides.get(key);
    if (side === undefined) {
      sides.set(key, { near: [peer], edges: [...row] });
    } else {
      side.near.push(peer);
      for (const edge of row) side.edges.push(edge);
    }
  }
  return [...sides].map(([key, side]) => ({
    near: side.near.sort((a, b) => a - b),
    far: key.split(',').map(Number),
    edges: side.edges,
  }));
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
