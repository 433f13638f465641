import type { Direction } from '../model/index.ts';
import { families, lastOf } from '../net/index.ts';
import type { AddressRange } from '../net/index.ts';
import type { BlockTable } from './blocks.ts';
import type { ClassProfile } from './parts.ts';
import type { PeerTable } from './peers.ts';
import { nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';

/** Neighbouring addresses that a profile treats alike. */
export interface OutsideSegment extends AddressRange {
  /** Id of the port set; names in egress rules mean nothing here (corner 29). */
  readonly ports: number;
}

/** What a profile says about addresses that are no pod's: segments that cover both families, IPv4 first, ascending. */
export function outsideOf(
  profile: ClassProfile,
  direction: Direction,
  tables: {
    readonly peers: Pick<PeerTable, 'definition'>;
    readonly blocks: Pick<BlockTable, 'block'>;
    readonly ports: PortTable;
  },
): readonly OutsideSegment[] {
  const { peers, blocks, ports } = tables;
  const segments: OutsideSegment[] = [];
  let base = nothing;
  const starts = { IPv4: new Map<bigint, number[]>(), IPv6: new Map<bigint, number[]>() };
  for (let i = 0; i < profile.peers.length; i++) {
    const definition = peers.definition(profile.peers[i]!);
    const set = direction === 'ingress' ? profile.ports[i]! : ports.fixed(profile.ports[i]!);
    if (definition.kind === 'any') base = ports.union(base, set);
    if (definition.kind !== 'block' || set === nothing) continue;
    const { family, ranges } = blocks.block(definition.block);
    for (const { first, last } of ranges) {
      // A positive number opens a range of that set, a negative one closes it.
      push(starts[family], first, set);
      if (last < lastOf(family)) push(starts[family], last + 1n, -set);
    }
  }
  for (const family of families) {
    const open = new Map<number, number>();
    let first = 0n;
    let current = base;
    const emit = (end: bigint, next: number): void => {
      if (end >= first && next !== current) {
        if (end > first) segments.push({ family, first, last: end - 1n, ports: current });
        first = end;
        current = next;
      }
    };
    for (const bound of [...starts[family].keys()].sort((a, b) => (a < b ? -1 : 1))) {
      for (const change of starts[family].get(bound)!) {
        const set = Math.abs(change);
        open.set(set, (open.get(set) ?? 0) + Math.sign(change));
        if (open.get(set) === 0) open.delete(set);
      }
      emit(bound, ports.unionOf([base, ...open.keys()]));
    }
    segments.push({ family, first, last: lastOf(family), ports: current });
  }
  return segments;
}

function push(lists: Map<bigint, number[]>, key: bigint, item: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
