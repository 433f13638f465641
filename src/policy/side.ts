import type { ClassProfiles } from './class-profiles.ts';
import { Lists, Numbers } from './lists.ts';
import { isListed } from './meant.ts';
import type { MeantPeers } from './meant.ts';
import type { ClassProfile } from './parts.ts';
import { anyPeer } from './peers.ts';
import { atomSet } from './products.ts';
import type { AtomSet } from './products.ts';
import { joint, partsOf, refine } from './refine.ts';
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
  /** How many atoms there are. */
  readonly atoms: number;
  /** By dense peer: the atoms that it means. */
  readonly has: ReadonlyMap<number, AtomSet>;
}

/**
 * Cuts the profiles of one direction.
 *
 * @param used - by peer: 1 where a profile of this direction names it
 * @param size - how many classes there are
 * @param firstCut - by class: what parts the classes before any peer does
 */
export function cutSide(
  profiles: ClassProfiles,
  { how, lists, products }: MeantPeers,
  used: Uint8Array,
  size: number,
  firstCut: Int32Array | undefined,
): Side {
  const listed: number[] = [];
  for (let peer = 0; peer < used.length; peer++)
    if (used[peer] === 1 && how[peer] === isListed) listed.push(peer);
  const cut = products.cut(used);
  const partOf = refine(size, listed, lists, joint(firstCut, cut.partOf));
  const atomOfPart = new Int32Array(partsOf(partOf)).fill(-1);
  const atomOf = partOf;
  const example: number[] = [];
  for (let c = 0; c < size; c++) {
    const part = partOf[c]!;
    if (atomOfPart[part] === -1) {
      atomOfPart[part] = example.length;
      example.push(c);
    }
    atomOf[c] = atomOfPart[part]!;
  }
  const has = new Map<number, AtomSet>([[anyPeer, atomSet(Int32Array.from(example.keys()), example.length)]]);
  for (const peer of listed) {
    const atoms = new Set(Array.from(lists.of(peer), (c) => atomOf[c]!));
    has.set(peer, atomSet(Int32Array.from(atoms), example.length));
  }
  products.addAtoms(cut, example, has);

  const isDense = new Uint8Array(used.length);
  for (const peer of has.keys()) isDense[peer] = 1;
  const denseOf = new Int32Array(profiles.length);
  const dense: ClassProfile[] = [];
  const denseParts = new SequenceTable();
  let shared = new Int32Array(64);
  const sparseStarts = new Int32Array(profiles.length + 1);
  const sparse = new Numbers();
  const sparsePorts = new Numbers();
  const { entries } = profiles;
  for (let id = 0; id < profiles.length; id++) {
    const start = profiles.start(id);
    const end = profiles.end(id);
    let length = 0;
    if (shared.length <= end - start) shared = new Int32Array((end - start) * 2 + 2);
    shared[length++] = profiles.tiersOf(id);
    for (let i = start; i < end; i += 2) {
      const peer = entries[i]!;
      if (isDense[peer] === 1) {
        shared[length++] = peer;
        shared[length++] = entries[i + 1]!;
      } else {
        sparse.push(peer);
        sparsePorts.push(entries[i + 1]!);
      }
    }
    sparseStarts[id + 1] = sparse.length;
    const part = denseParts.intern(shared, 0, length);
    if (part === dense.length) dense.push(profileFrom(profiles.isolates(id), shared, length));
    denseOf[id] = part;
  }
  return {
    denseOf,
    dense,
    sparse: new Lists(sparseStarts, sparse.all.slice()),
    sparsePorts: sparsePorts.all.slice(),
    atomOf,
    example,
    atoms: example.length,
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
