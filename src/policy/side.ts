import { ListsBuilder } from './lists.ts';
import type { Lists } from './lists.ts';
import type { ClassProfile } from './parts.ts';
import { anyPeer } from './peers.ts';
import { SequenceTable } from './sequences.ts';

/** One direction's profiles, each cut into the part that many classes share and the part that few do. */
export interface Side {
  /** By profile: id of its dense part. */
  readonly denseOf: Int32Array;
  /** By dense part: the peers with their ports. */
  readonly dense: readonly ClassProfile[];
  /** By profile: peers that match few classes; their ports stand at the same index of `sparsePorts`. */
  readonly sparse: Lists;
  readonly sparsePorts: Int32Array;
  /** By class: its atom, the dense peers of this direction that it belongs to. */
  readonly atomOf: Int32Array;
  /** By atom: a class of it. */
  readonly example: readonly number[];
  /** By dense peer: the atoms that it means. */
  readonly has: ReadonlyMap<number, Uint8Array>;
}

/**
 * Cuts the profiles of one direction.
 *
 * @param used - by peer: 1 where a profile of this direction names it
 * @param firstCut - by class: what parts the classes before any peer does
 */
export function cutSide(
  profiles: readonly ClassProfile[],
  classesOfPeer: Lists,
  used: Uint8Array,
  size: number,
  denseThreshold: number,
  firstCut: Int32Array | undefined,
): Side {
  const densePeers: number[] = [];
  for (let peer = 0; peer < used.length; peer++) {
    if (used[peer] === 1 && peer !== anyPeer && classesOfPeer.count(peer) > denseThreshold)
      densePeers.push(peer);
  }
  const atomOf = refine(size, densePeers, classesOfPeer, firstCut);
  const atoms = new Map<number, number>();
  const example: number[] = [];
  for (let c = 0; c < atomOf.length; c++) {
    let atom = atoms.get(atomOf[c]!);
    if (atom === undefined) {
      atoms.set(atomOf[c]!, (atom = example.length));
      example.push(c);
    }
    atomOf[c] = atom;
  }
  const has = new Map<number, Uint8Array>([[anyPeer, new Uint8Array(example.length).fill(1)]]);
  for (const peer of densePeers) {
    const mask = new Uint8Array(example.length);
    for (const c of classesOfPeer.of(peer)) mask[atomOf[c]!] = 1;
    has.set(peer, mask);
  }

  const isDense = new Uint8Array(used.length);
  for (const peer of has.keys()) isDense[peer] = 1;
  const denseOf = new Int32Array(profiles.length);
  const dense: ClassProfile[] = [];
  const denseParts = new SequenceTable();
  let shared = new Int32Array(64);
  const sparse = new ListsBuilder();
  const sparsePorts = new ListsBuilder();
  for (let id = 0; id < profiles.length; id++) {
    const profile = profiles[id]!;
    let length = 0;
    if (shared.length <= profile.peers.length * 2) shared = new Int32Array(profile.peers.length * 4 + 2);
    shared[length++] = profile.tiers;
    for (let i = 0; i < profile.peers.length; i++) {
      const peer = profile.peers[i]!;
      if (isDense[peer] === 1) {
        shared[length++] = peer;
        shared[length++] = profile.ports[i]!;
      } else {
        sparse.add(id, peer);
        sparsePorts.add(id, profile.ports[i]!);
      }
    }
    const part = denseParts.intern(shared, 0, length);
    if (part === dense.length) dense.push(profileFrom(profile.isolated, shared, length));
    denseOf[id] = part;
  }
  return {
    denseOf,
    dense,
    sparse: sparse.finish(denseOf.length),
    sparsePorts: sparsePorts.finish(denseOf.length).items,
    atomOf,
    example,
    has,
  };
}

/** A profile of its tiers, and of peers that are each followed by their ports. */
function profileFrom(isolated: boolean, pairs: Int32Array, length: number): ClassProfile {
  const peers: number[] = [];
  const ports: number[] = [];
  for (let i = 1; i < length; i += 2) {
    peers.push(pairs[i]!);
    ports.push(pairs[i + 1]!);
  }
  return { isolated, peers, ports, tiers: pairs[0]! };
}

/**
 * Partition refinement: parts the classes so that each peer means whole parts.
 *
 * @returns by class: the number of its part
 */
export function refine(
  size: number,
  peers: readonly number[],
  classesOfPeer: Lists,
  firstCut: Int32Array | undefined,
): Int32Array {
  const partOf = new Int32Array(size);
  if (firstCut !== undefined) partOf.set(firstCut);
  let parts = 1 + partOf.reduce((a, b) => Math.max(a, b), 0);
  // Only what leaves something behind makes a new part: each has a class, but for those of the first cut.
  const members = new Int32Array(parts + size);
  const meant = new Int32Array(parts + size);
  const target = new Int32Array(parts + size);
  for (const part of partOf) members[part]!++;
  const { starts, items } = classesOfPeer;
  for (const peer of peers) {
    const start = starts[peer]!;
    const end = starts[peer + 1]!;
    const met: number[] = [];
    for (let i = start; i < end; i++) {
      const part = partOf[items[i]!]!;
      if (meant[part]!++ === 0) met.push(part);
    }
    for (const part of met) {
      target[part] = part;
      if (meant[part] !== members[part]) {
        members[parts] = meant[part]!;
        members[part]! -= meant[part]!;
        target[part] = parts++;
      }
      meant[part] = 0;
    }
    for (let i = start; i < end; i++) partOf[items[i]!] = target[partOf[items[i]!]!]!;
  }
  return partOf;
}
