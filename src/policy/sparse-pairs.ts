import type { ClassProfiles } from './class-profiles.ts';
import { Lists, listsBy, ListsBuilder, startsOf } from './lists.ts';
import { nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';
import type { Side } from './side.ts';
import type { TierSides } from './tier-side.ts';

/** What is read of a compiled policy, and of its matrix. */
interface Tables {
  readonly ports: PortTable;
  /** By class: its profile in each direction. */
  readonly profileOf: { readonly egress: Int32Array; readonly ingress: Int32Array };
  /** By sparse peer: the classes that it means. */
  readonly classesOfPeer: Lists;
  readonly egress: Side;
  readonly ingress: Side;
  readonly lanes: 1 | 2;
  /** By peer: the lanes in which it means anybody. */
  readonly laneMask: Uint8Array;
  /** What a spec means at a destination that a peer matched. */
  readonly resolve: (spec: number, peer: number, destination: number) => number;
  readonly tiers: TierSides | undefined;
  readonly profiles: { readonly egress: ClassProfiles; readonly ingress: ClassProfiles };
}

/**
 * What sparse peers admit, pair by pair: `gather` finds the destinations that they touch from one source, and what they
 * add on either side.
 *
 * Loops stand in methods of their own: this runs once over hundreds of thousands of pairs, and what V8 compiles while a
 * long method is on its way is thrown away at the end of each inner loop.
 */
export class SparsePairs {
  readonly #tables: Tables;
  /** By class: the sparse peers of ingress profiles that mean it. */
  readonly #peersOf: Lists;
  /** By sparse peer: the ingress profiles that admit it, each followed by the ports. */
  readonly #usersOf: Lists;
  /** By ingress profile: its classes. */
  readonly #classesOfProfile: Lists;
  /** By class: the sparse tier peers of ingress that mean it, and by such a peer the profiles that ask for it. */
  readonly #tierPeersOf: Lists | undefined;
  readonly #usersOfTierPeer: Lists | undefined;

  // One slot for each class, in each lane; a slot counts while its stamp is the current one.
  readonly #stamp: Int32Array;
  #round = 0;
  /** The destinations that were gathered; those before `length` count. */
  readonly list: Int32Array;
  length = 0;
  /** By lane and class: what sparse peers add on the side of the source. */
  readonly egress: readonly [Int32Array, Int32Array];
  /** And on that of the destination. */
  readonly ingress: readonly [Int32Array, Int32Array];

  constructor(tables: Tables) {
    this.#tables = tables;
    const size = tables.profileOf.ingress.length;
    const { sparse } = tables.ingress;
    const profiles = sparse.starts.length - 1;
    this.#usersOf = usersOf(tables.ingress, tables.laneMask.length);
    this.#peersOf = transposed(tables.classesOfPeer, this.#usersOf, size);
    this.#classesOfProfile = listsBy(tables.profileOf.ingress, profiles);
    const { tiers } = tables;
    if (tiers?.ingress.hasSparse === true) {
      const own = new ListsBuilder();
      const tierUsers = new ListsBuilder();
      const met = new Set<number>();
      for (let profile = 0; profile < profiles; profile++) {
        for (const peer of tiers.ingress.sparse.of(tables.profiles.ingress.tiersOf(profile))) {
          tierUsers.add(peer, profile);
          if (met.has(peer)) continue;
          met.add(peer);
          for (const c of tiers.sparseClasses.of(peer)) own.add(c, peer);
        }
      }
      this.#tierPeersOf = own.finish(size);
      this.#usersOfTierPeer = tierUsers.finish(tiers.meant.lanes.length);
    }
    this.#stamp = new Int32Array(size);
    this.list = new Int32Array(size);
    const second = tables.lanes === 2 ? size : 0;
    this.egress = [new Int32Array(size), new Int32Array(second)];
    this.ingress = [new Int32Array(size), new Int32Array(second)];
  }

  /** Gathers the destinations that sparse peers touch from class `s`, until the next call. */
  gather(s: number): void {
    this.#round++;
    this.length = 0;
    const { profileOf, egress, tiers } = this.#tables;
    const { starts, items } = egress.sparse;
    const profile = profileOf.egress[s]!;
    const end = starts[profile + 1]!;
    for (let i = starts[profile]!; i < end; i++) this.#addOut(items[i]!, egress.sparsePorts[i]!);
    const peersEnd = this.#peersOf.starts[s + 1]!;
    for (let i = this.#peersOf.starts[s]!; i < peersEnd; i++) this.#addUsers(this.#peersOf.items[i]!);
    // Mostly all peers of tiers are dense.
    if (tiers !== undefined && (tiers.egress.hasSparse || tiers.ingress.hasSparse)) this.#addTiers(s, tiers);
  }

  /** A sparse peer of the source's egress means some destinations. */
  #addOut(peer: number, spec: number): void {
    const { ports, classesOfPeer, laneMask, lanes, resolve } = this.#tables;
    const mask = laneMask[peer]!;
    const named = ports.isNamed(spec);
    const fixed = ports.fixed(spec);
    const { starts, items } = classesOfPeer;
    const in4 = this.egress[0];
    const in6 = this.egress[1];
    const end = starts[peer + 1]!;
    for (let i = starts[peer]!; i < end; i++) {
      const d = items[i]!;
      this.#touch(d);
      const set = named ? resolve(spec, peer, d) : fixed;
      if ((mask & 1) !== 0) in4[d] = ports.union(in4[d]!, set);
      if (lanes === 2 && (mask & 2) !== 0) in6[d] = ports.union(in6[d]!, set);
    }
  }

  /** A sparse peer that means the source is admitted by some profiles of destinations. */
  #addUsers(peer: number): void {
    const { starts, items } = this.#usersOf;
    const mask = this.#tables.laneMask[peer]!;
    const end = starts[peer + 1]!;
    for (let i = starts[peer]!; i < end; i += 2) this.#addIn(items[i]!, items[i + 1]!, mask);
  }

  #addIn(profile: number, admitted: number, mask: number): void {
    const { ports, lanes } = this.#tables;
    const { starts, items } = this.#classesOfProfile;
    const in4 = this.ingress[0];
    const in6 = this.ingress[1];
    const end = starts[profile + 1]!;
    for (let i = starts[profile]!; i < end; i++) {
      const d = items[i]!;
      this.#touch(d);
      if ((mask & 1) !== 0) in4[d] = ports.union(in4[d]!, admitted);
      if (lanes === 2 && (mask & 2) !== 0) in6[d] = ports.union(in6[d]!, admitted);
    }
  }

  /** Adds the destinations that sparse peers of tiers touch: what these say may be less as well as more. */
  #addTiers(s: number, { egress, sparseClasses }: TierSides): void {
    const { profileOf, profiles } = this.#tables;
    for (const peer of egress.sparse.of(profiles.egress.tiersOf(profileOf.egress[s]!)))
      this.#touchAll(sparseClasses, peer);
    if (this.#tierPeersOf === undefined) return;
    for (const peer of this.#tierPeersOf.of(s)) {
      for (const user of this.#usersOfTierPeer!.of(peer)) this.#touchAll(this.#classesOfProfile, user);
    }
  }

  #touchAll({ starts, items }: Lists, index: number): void {
    for (let i = starts[index]!; i < starts[index + 1]!; i++) this.#touch(items[i]!);
  }

  /** Puts a destination on the list, unless it is there. */
  #touch(d: number): void {
    if (this.#stamp[d] === this.#round) return;
    this.#stamp[d] = this.#round;
    this.list[this.length++] = d;
    this.egress[0][d] = nothing;
    this.ingress[0][d] = nothing;
    if (this.#tables.lanes === 2) {
      this.egress[1][d] = nothing;
      this.ingress[1][d] = nothing;
    }
  }
}

/** By sparse peer: the profiles of a side that have it, each followed by the ports. */
function usersOf({ sparse, sparsePorts }: Side, peers: number): Lists {
  const { starts, items } = sparse;
  const begins = startsOf(items, items.length, peers);
  for (let peer = 0; peer <= peers; peer++) begins[peer]! *= 2;
  const at = begins.slice();
  const users = new Int32Array(items.length * 2);
  for (let profile = 0; profile + 1 < starts.length; profile++) {
    const end = starts[profile + 1]!;
    for (let i = starts[profile]!; i < end; i++) {
      const place = at[items[i]!]!;
      users[place] = profile;
      users[place + 1] = sparsePorts[i]!;
      at[items[i]!] = place + 2;
    }
  }
  return new Lists(begins, users);
}

/** By class: the peers that mean it, of those with users. */
function transposed({ starts, items }: Lists, users: Lists, size: number): Lists {
  const peers = new ListsBuilder();
  for (let peer = 0; peer + 1 < starts.length; peer++) {
    if (users.count(peer) === 0) continue;
    const end = starts[peer + 1]!;
    for (let i = starts[peer]!; i < end; i++) peers.add(items[i]!, peer);
  }
  return peers.finish(size);
}
