import type { Direction } from '../model/index.ts';
import { noAccess } from './access.ts';
import type { AccessTable } from './access.ts';
import { familyBits } from './pod-traits.ts';
import type { ClassProfiles } from './class-profiles.ts';
import type { Lists } from './lists.ts';
import type { ClassProfile } from './parts.ts';
import { meantPeers } from './meant.ts';
import { ownNodePairs } from './own-node.ts';
import type { OwnNode } from './own-node.ts';
import { noLane, PairCount, twoLanes } from './pair-count.ts';
import type { CountTables } from './pair-count.ts';
import { anyPeer } from './peers.ts';
import { everything, nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';
import { Complements, hasAtom } from './products.ts';
import { joint } from './refine.ts';
import { endsOf } from './row-ends.ts';
import type { Ends } from './row-ends.ts';
import type { CompiledParts } from './compiled-parts.ts';
import { cutSide } from './side.ts';
import type { Side } from './side.ts';
import { SparsePairs } from './sparse-pairs.ts';
import { tierSidesOf } from './tier-side.ts';
import type { TierSide } from './tier-side.ts';

/** What dense parts admit at so many atoms is kept, in 4 bytes each. */
const mostAdmitted = 1 << 26;

/**
 * The access of every ordered pair of classes, factorised.
 *
 * Peers that match many classes (dense) part the classes into a handful of atoms; the pair's access is then a function
 * of the source's *row* (dense egress, atom as a peer, families) and the destination's *column* (dense ingress, atom as
 * a peer, families). Peers that match few classes (sparse) touch few pairs, and those are worked out one by one. So the
 * work is about the number of sparse entries and of blocks, not the square of the classes.
 */
export class Matrix {
  readonly #parts: CompiledParts;
  readonly #accesses: AccessTable;
  /** By peer: the classes that it means. */
  readonly #classesOfPeer: Lists;
  /** 2 when some ipBlock matches some pod, so that the families may differ; else 1. */
  readonly #lanes: 1 | 2;
  readonly #laneMask: Uint8Array;
  /** By the families that two ends share: the lane to ask. */
  readonly #laneOf: Int8Array;
  readonly #egress: Side;
  readonly #ingress: Side;
  readonly #egressTiers: TierSide | undefined;
  readonly #ingressTiers: TierSide | undefined;
  readonly #egressAdmits: Int32Array;
  readonly #ingressAdmits: Int32Array;
  /** The same with what tiers say. */
  readonly #egressAllows: Int32Array;
  readonly #ingressAllows: Int32Array;
  /** Whether these four are there. */
  readonly #isTabled: boolean;
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  /** By row: its dense egress, its atom as a peer and its families; by column the same with dense ingress. */
  readonly #rows: Ends;
  readonly #columns: Ends;
  readonly #sparse: SparsePairs;
  readonly #ownNode: OwnNode;

  constructor(parts: CompiledParts, accesses: AccessTable) {
    this.#parts = parts;
    this.#accesses = accesses;
    const { classes, profiles, profileOf, ports, peers } = parts;
    const size = classes.size;

    const used = {
      egress: usedPeers(profiles.egress, peers.size),
      ingress: usedPeers(profiles.ingress, peers.size),
    };
    const meant = meantPeers(parts, (peer) => used.egress[peer] === 1 || used.ingress[peer] === 1);
    this.#classesOfPeer = meant.lists;
    const tiers = parts.tiers === undefined ? undefined : tierSidesOf(parts.tiers, parts);
    this.#egressTiers = tiers?.egress;
    this.#ingressTiers = tiers?.ingress;
    this.#lanes = meant.hasBlocks || tiers?.meant.familiesDiffer === true ? 2 : 1;
    this.#laneMask = this.#lanesOfPeers();
    this.#laneOf = Int8Array.of(noLane, 0, ...(this.#lanes === 1 ? [0, 0] : [1, twoLanes]));

    // In egress a name resolves at the destination: its port map is part of its atom.
    const named = hasNames(profiles.egress, ports);
    const cut = (direction: Direction, firstCut?: Int32Array): Side =>
      cutSide(profiles[direction], meant, used[direction], size, firstCut);
    this.#egress = cut('egress', joint(tiers?.egress.cut, named ? classes.portMap : undefined));
    this.#ingress = cut('ingress', tiers?.ingress.cut);
    this.#egressAdmits = this.#admitted('egress');
    this.#ingressAdmits = this.#admitted('ingress');
    this.#egressAllows = this.#allowed('egress');
    this.#ingressAllows = this.#allowed('ingress');
    this.#isTabled = this.#egressAllows.length > 0 && this.#ingressAllows.length > 0;

    const egress = {
      denseOf: this.#egress.denseOf,
      profileOf: profileOf.egress,
      atomOf: this.#ingress.atomOf,
    };
    [this.rowOf, this.#rows] = endsOf(egress, classes.family);
    const ingress = {
      denseOf: this.#ingress.denseOf,
      profileOf: profileOf.ingress,
      atomOf: this.#egress.atomOf,
    };
    [this.columnOf, this.#columns] = endsOf(ingress, classes.family);
    this.#sparse = new SparsePairs({
      ports,
      profileOf,
      classesOfPeer: this.#classesOfPeer,
      egress: this.#egress,
      ingress: this.#ingress,
      lanes: this.#lanes,
      laneMask: this.#laneMask,
      resolve: (spec, peer, destination) => this.#resolve(spec, peer, destination),
      tiers,
      profiles,
    });
    this.#ownNode = ownNodePairs(parts);
  }

  get rowCount(): number {
    return this.#rows.count;
  }

  get columnCount(): number {
    return this.#columns.count;
  }

  /** Whether every pair of classes has the access of its row and column, so that `touched` has none to tell of. */
  get isBlocks(): boolean {
    return false;
  }

  /** The lanes in which each peer means anybody: bit 0 is IPv4 and bit 1 IPv6 where the families may differ. */
  #lanesOfPeers(): Uint8Array {
    const { peers, blocks } = this.#parts;
    const masks = new Uint8Array(peers.size).fill(3);
    if (this.#lanes === 1) return masks;
    for (let peer = 0; peer < masks.length; peer++) {
      const definition = peers.definition(peer);
      if (definition.kind === 'block') masks[peer] = familyBits[blocks.block(definition.block).family];
    }
    return masks;
  }

  /** By dense part, atom and lane: the ports that a side admits there; empty where that would be too many. */
  #admitted(direction: Direction): Int32Array {
    const { ports } = this.#parts;
    const { dense, example, has } = direction === 'egress' ? this.#egress : this.#ingress;
    const cells = dense.length * example.length * this.#lanes;
    const admitted = new Int32Array(cells <= mostAdmitted ? cells : 0);
    if (admitted.length === 0) return admitted;
    for (const [part, { peers, ports: specs }] of dense.entries()) {
      const start = part * example.length * this.#lanes;
      const add = (atom: number, peer: number, set: number): void => {
        const at = start + atom * this.#lanes;
        const lanes = this.#laneMask[peer]!;
        if ((lanes & 1) !== 0) admitted[at] = ports.union(admitted[at]!, set);
        if (this.#lanes === 2 && (lanes & 2) !== 0) admitted[at + 1] = ports.union(admitted[at + 1]!, set);
      };
      const complements = new Complements();
      for (let i = 0; i < peers.length; i++) {
        const peer = peers[i]!;
        const spec = specs[i]!;
        const own = has.get(peer)!;
        const named = direction === 'egress' && ports.isNamed(spec);
        if (own.without.length > 0 && !named) {
          // These are pods by their labels, which are meant in every family.
          complements.add(own, direction === 'egress' ? ports.fixed(spec) : spec);
          continue;
        }
        const { atoms } = own;
        const fixed = direction === 'egress' ? ports.fixed(spec) : spec;
        for (let k = 0; k < atoms.length; k++) {
          const atom = atoms[k]!;
          if (own.without.length > 0 && own.without.includes(atom)) continue;
          add(atom, peer, named ? this.#resolve(spec, peer, example[atom]!) : fixed);
        }
      }
      complements.forEach(
        (sets) => ports.unionOf(sets),
        (atom, set) => add(atom, anyPeer, set),
      );
    }
    return admitted;
  }

  #tiersOf(direction: Direction): TierSide | undefined {
    return direction === 'egress' ? this.#egressTiers : this.#ingressTiers;
  }

  /** By dense part, atom and lane: what a side allows there, its tiers asked; empty where that would be too many. */
  #allowed(direction: Direction): Int32Array {
    const admitted = direction === 'egress' ? this.#egressAdmits : this.#ingressAdmits;
    const tiers = this.#tiersOf(direction);
    if (tiers === undefined || admitted.length === 0) return admitted;
    const { dense, example } = direction === 'egress' ? this.#egress : this.#ingress;
    tiers.fill();
    const allowed = admitted.slice();
    for (const [part, { tiers: list }] of dense.entries()) {
      if (list === 0) continue;
      for (let atom = 0; atom < example.length; atom++) {
        const at = (part * example.length + atom) * this.#lanes;
        for (let lane = 0; lane < this.#lanes; lane++)
          allowed[at + lane] = tiers.dense(list, example[atom]!, lane === 0 ? 0 : 1, admitted[at + lane]!);
      }
    }
    return allowed;
  }

  /** What a side allows at an atom of the other end, sparse peers left out. */
  #allowedAt(direction: Direction, densePart: number, atom: number, lane: 0 | 1): number {
    const side = direction === 'egress' ? this.#egress : this.#ingress;
    const allowed = direction === 'egress' ? this.#egressAllows : this.#ingressAllows;
    if (allowed.length > 0) return allowed[(densePart * side.example.length + atom) * this.#lanes + lane]!;
    const admitted = this.#denseAt(direction, densePart, atom, lane);
    const list = side.dense[densePart]!.tiers;
    if (list === 0) return admitted;
    return this.#tiersOf(direction)!.dense(list, side.example[atom]!, lane, admitted);
  }

  /** What a side allows to or from a class, where NetworkPolicies admit `admitted` exactly. */
  #withTiers(direction: Direction, subject: number, other: number, lane: 0 | 1, admitted: number): number {
    const tiers = this.#tiersOf(direction);
    if (tiers === undefined) return admitted;
    const { profiles, profileOf } = this.#parts;
    const list = profiles[direction].tiersOf(profileOf[direction][subject]!);
    return list === 0 ? admitted : tiers.exact(list, other, lane, admitted);
  }

  /** What a side's dense part admits at an atom of the other end. */
  #denseAt(direction: Direction, densePart: number, atom: number, lane: number): number {
    const side = direction === 'egress' ? this.#egress : this.#ingress;
    const admitted = direction === 'egress' ? this.#egressAdmits : this.#ingressAdmits;
    if (admitted.length > 0) return admitted[(densePart * side.example.length + atom) * this.#lanes + lane]!;
    return this.#evaluate(direction, side.dense[densePart]!, side.example[atom]!, lane, (peer) =>
      hasAtom(side.has.get(peer)!, atom),
    );
  }

  #evaluate(
    direction: Direction,
    profile: ClassProfile,
    otherClass: number,
    lane: number,
    means: (peer: number) => boolean,
  ): number {
    const { ports } = this.#parts;
    let set = nothing;
    for (let i = 0; i < profile.peers.length && set !== everything; i++) {
      const peer = profile.peers[i]!;
      if ((this.#laneMask[peer]! & (1 << lane)) === 0 || !means(peer)) continue;
      set = ports.union(
        set,
        direction === 'ingress' ? profile.ports[i]! : this.#resolve(profile.ports[i]!, peer, otherClass),
      );
    }
    return set;
  }

  #resolve(spec: number, peer: number, destination: number): number {
    const { ports, peers, classes, profile } = this.#parts;
    // Corner 29: a name in a rule that only an ipBlock brings to this pod.
    if (!profile.namedPortOnIpBlock && peers.definition(peer).kind === 'block') return ports.fixed(spec);
    return ports.resolve(spec, classes.portMap[destination]!);
  }

  /** The access of a row and a column, sparse peers left out. */
  block(row: number, column: number): number {
    const shared = this.#rows.family[row]! & this.#columns.family[column]!;
    return this.#join(
      shared,
      this.#isAsked(shared, 0) ? this.#blockIn(row, column, 0) : nothing,
      this.#isAsked(shared, 1) ? this.#blockIn(row, column, 1) : nothing,
    );
  }

  #blockIn(row: number, column: number, lane: 0 | 1): number {
    const out = this.#allowedAt('egress', this.#rows.dense[row]!, this.#columns.atom[column]!, lane);
    if (out === nothing) return nothing;
    return this.#parts.ports.intersect(
      out,
      this.#allowedAt('ingress', this.#columns.dense[column]!, this.#rows.atom[row]!, lane),
    );
  }

  /** Whether a lane matters to ends that share these families: there is a single one where the families do not differ. */
  #isAsked(shared: number, lane: 0 | 1): boolean {
    return this.#lanes === 1 ? lane === 0 && shared !== 0 : (shared & (1 << lane)) !== 0;
  }

  /**
   * Brings the families of a pair together (corner 37).
   *
   * @param shared - the families that both ends have, as `familyBits`
   * @param in4 - what the pair may use over IPv4, or over any family where these do not differ
   */
  #join(shared: number, in4: number, in6: number): number {
    if (shared === 0) return noAccess;
    if (this.#lanes === 1 || shared === familyBits.IPv4) return this.#accesses.simple(in4);
    if (shared === familyBits.IPv6) return this.#accesses.simple(in6);
    if (in4 === in6) return this.#accesses.simple(in4);
    const { ports } = this.#parts;
    return this.#accesses.of(ports.intersect(in4, in6), ports.minus(in4, in6), ports.minus(in6, in4));
  }

  /**
   * The destinations whose access from class `s` differs or may differ from their block's, with the exact access:
   * `visit(d, access)`, each `d` once. Pairs of one class are answered for two different pods.
   */
  touched(s: number, visit: (d: number, access: number) => void): void {
    this.#sparse.gather(s);
    // Copies: what `visit` asks uses the same scratch.
    const destinations = this.#sparse.list.slice(0, this.#sparse.length);
    const accesses = destinations.map((d) => this.#exact(s, d));
    for (let i = 0; i < destinations.length; i++) visit(destinations[i]!, accesses[i]!);
  }

  /** The access from `s`, for which destinations have been gathered, to one of these. */
  #exact(s: number, d: number): number {
    const { classes } = this.#parts;
    const shared = classes.family[s]! & classes.family[d]!;
    return this.#join(
      shared,
      this.#isAsked(shared, 0) ? this.#exactIn(s, d, 0) : nothing,
      this.#isAsked(shared, 1) ? this.#exactIn(s, d, 1) : nothing,
    );
  }

  #exactIn(s: number, d: number, lane: 0 | 1): number {
    const { ports } = this.#parts;
    const row = this.rowOf[s]!;
    const column = this.columnOf[d]!;
    const admittedOut = ports.union(
      this.#denseAt('egress', this.#rows.dense[row]!, this.#columns.atom[column]!, lane),
      this.#sparse.egress[lane][d]!,
    );
    const out = this.#withTiers('egress', s, d, lane, admittedOut);
    if (out === nothing) return nothing;
    const admittedIn = ports.union(
      this.#denseAt('ingress', this.#columns.dense[column]!, this.#rows.atom[row]!, lane),
      this.#sparse.ingress[lane][d]!,
    );
    return ports.intersect(out, this.#withTiers('ingress', d, s, lane, admittedIn));
  }

  /** The access from class `s` to every class. */
  row(s: number, into: Int32Array): void {
    const row = this.rowOf[s]!;
    for (let d = 0; d < into.length; d++) into[d] = this.block(row, this.columnOf[d]!);
    this.touched(s, (d, access) => {
      into[d] = access;
    });
  }

  /**
   * How many ordered pairs of distinct pods have which access, by access id, the own-node exemption of host-network
   * pods (corner 42) included. Exact up to 2^53 pairs.
   *
   * @param isCounted - by class: 1 where its pods count as destinations. Default: everywhere. The two sides of a verdict
   *   are independent, so that the counts of any parts of the destinations add up to the whole.
   */
  count(isCounted?: Uint8Array): Float64Array {
    return new PairCount(this.#countTables()).count(isCounted);
  }

  #countTables(): CountTables {
    const { classes, ports, profile, profileOf } = this.#parts;
    return {
      profile,
      ports,
      classes,
      profileOf,
      accesses: this.#accesses,
      lanes: this.#lanes,
      laneOf: this.#laneOf,
      egress: this.#egress,
      ingress: this.#ingress,
      egressAdmits: this.#egressAdmits,
      ingressAdmits: this.#ingressAdmits,
      egressAllows: this.#egressAllows,
      ingressAllows: this.#ingressAllows,
      isTabled: this.#isTabled,
      rowOf: this.rowOf,
      columnOf: this.columnOf,
      rows: this.#rows,
      columns: this.#columns,
      sparse: this.#sparse,
      ownNode: this.#ownNode,
      hasTiers: this.#egressTiers !== undefined,
      hasSparseTiers: this.#egressTiers?.hasSparse === true || this.#ingressTiers?.hasSparse === true,
      block: (row, column) => this.block(row, column),
      exact: (s, d) => this.#exact(s, d),
      withTiers: (direction, subject, other, lane, admitted) =>
        this.#withTiers(direction, subject, other, lane, admitted),
      ofSide: (direction, subject, other) => this.#ofSide(direction, subject, other),
      ofOwnNode: (from, to) => this.ofOwnNode(from, to),
    };
  }

  /** The access that the policies of one end alone give it to or from the other. */
  #ofSide(direction: Direction, subject: number, other: number): number {
    const { classes } = this.#parts;
    const shared = classes.family[subject]! & classes.family[other]!;
    const inLane = (lane: 0 | 1): number =>
      this.#isAsked(shared, lane) ? this.#sideOf(direction, subject, other, lane) : nothing;
    return this.#join(shared, inLane(0), inLane(1));
  }

  /** What the policies of one end say about the other, all peers asked one by one. */
  #sideOf(direction: Direction, subject: number, other: number, lane: 0 | 1): number {
    const { ports } = this.#parts;
    const profiles = this.#parts.profiles[direction];
    const profile = this.#parts.profileOf[direction][subject]!;
    const { entries } = profiles;
    const end = profiles.end(profile);
    let admitted = nothing;
    for (let i = profiles.start(profile); i < end && admitted !== everything; i += 2) {
      const peer = entries[i]!;
      if ((this.#laneMask[peer]! & (1 << lane)) === 0 || !this.#peerMeans(peer, other)) continue;
      const set = entries[i + 1]!;
      admitted = ports.union(admitted, direction === 'ingress' ? set : this.#resolve(set, peer, other));
    }
    return this.#withTiers(direction, subject, other, lane, admitted);
  }

  /**
   * The access from a pod to its own node, or back: all but what tiers deny on the way there, which NetworkPolicies alone
   * exempt (corner 42).
   */
  ofOwnNode(from: number, to: number): number {
    const { classes } = this.#parts;
    const shared = classes.family[from]! & classes.family[to]!;
    const inLane = (lane: 0 | 1): number =>
      this.#isAsked(shared, lane) ? this.#withTiers('egress', from, to, lane, everything) : nothing;
    return this.#join(shared, inLane(0), inLane(1));
  }

  #peerMeans(peer: number, c: number): boolean {
    if (peer === anyPeer) return true;
    const atEgress = this.#egress.has.get(peer);
    if (atEgress !== undefined) return hasAtom(atEgress, this.#egress.atomOf[c]!);
    const atIngress = this.#ingress.has.get(peer);
    if (atIngress !== undefined) return hasAtom(atIngress, this.#ingress.atomOf[c]!);
    return this.#classesOfPeer.of(peer).includes(c);
  }
}

/** Whether some profile leaves ports to the destination. */
function hasNames(profiles: ClassProfiles, ports: PortTable): boolean {
  if (!ports.hasNames) return false;
  const { entries } = profiles;
  for (let profile = 0; profile < profiles.length; profile++) {
    const end = profiles.end(profile);
    for (let i = profiles.start(profile); i < end; i += 2) if (ports.isNamed(entries[i + 1]!)) return true;
  }
  return false;
}

/** By peer: 1 where some profile names it. */
function usedPeers(profiles: ClassProfiles, size: number): Uint8Array {
  const used = new Uint8Array(size);
  const { entries } = profiles;
  for (let profile = 0; profile < profiles.length; profile++) {
    const end = profiles.end(profile);
    for (let i = profiles.start(profile); i < end; i += 2) used[entries[i]!] = 1;
  }
  return used;
}
