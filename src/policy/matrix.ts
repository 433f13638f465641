import type { Direction } from '../model/index.ts';
import { noAccess } from './access.ts';
import type { AccessTable } from './access.ts';
import type { BlockTable } from './blocks.ts';
import type { ClassIndex } from './class-index.ts';
import { byCell, familyBits } from './classes.ts';
import type { ClassTable } from './classes.ts';
import type { LabelTable } from './labels.ts';
import { ListsBuilder, ListsInOrder } from './lists.ts';
import type { Lists } from './lists.ts';
import type { ClassProfile } from './parts.ts';
import { ownNodePairs } from './own-node.ts';
import type { OwnNode } from './own-node.ts';
import { anyPeer } from './peers.ts';
import type { PeerTable } from './peers.ts';
import { everything, nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';
import type { Profile } from './profile.ts';
import { Complements, hasAtom, Products } from './products.ts';
import { joint } from './refine.ts';
import { SequenceTable } from './sequences.ts';
import { cutSide, isListed, isProduct } from './side.ts';
import type { Side } from './side.ts';
import { tierMeant, TierSide } from './tier-side.ts';
import type { CompiledTiers, TierMeant } from './tier-side.ts';

/** What the matrix reads of a compiled policy. */
interface MatrixParts {
  readonly profile: Profile;
  readonly assume: 'closed' | 'open';
  readonly denseThreshold: number;
  readonly denseTierPeers: number;
  readonly tiers?: CompiledTiers;
  readonly podLabels: LabelTable;
  readonly blocks: BlockTable;
  readonly ports: PortTable;
  readonly peers: PeerTable;
  readonly classes: ClassTable;
  readonly index: ClassIndex;
  readonly profileOf: { readonly [direction in Direction]: Int32Array };
  readonly profiles: { readonly [direction in Direction]: readonly ClassProfile[] };
}

/** What dense parts admit at so many atoms is kept, in 4 bytes each. */
const mostAdmitted = 1 << 26;

/** Which lane says all of a pair: none where it cannot talk, both where it shares two families that differ. */
const noLane = -1;
const twoLanes = -2;

/**
 * The access of every ordered pair of classes, factorised.
 *
 * Peers that match many classes (dense) part the classes into a handful of atoms; the pair's access is then a function
 * of the source's *row* (dense egress, atom as a peer, families) and the destination's *column* (dense ingress, atom as
 * a peer, families). Peers that match few classes (sparse) touch few pairs, and those are worked out one by one. So the
 * work is about the number of sparse entries and of blocks, not the square of the classes.
 */
export class Matrix {
  readonly #parts: MatrixParts;
  readonly #accesses: AccessTable;
  /** By peer: the classes that it means. */
  readonly #classesOfPeer: Lists;
  #classesOfCell: Lists | undefined;
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
  /** By class: the sparse peers of ingress profiles that mean it. */
  readonly #sparsePeersOf: Lists;
  /** By sparse peer: the ingress profiles that admit it, each followed by the ports. */
  readonly #usersOf: Lists;
  /** By ingress profile: its classes. */
  readonly #classesOfProfile: Lists;

  /** The classes that peers of tiers mean, for certain and perhaps. */
  readonly #tierLists: readonly Lists[];
  /** By class: the sparse tier peers of ingress that mean it, and by such a peer the profiles that ask for it. */
  readonly #sparseTierPeersOf: Lists | undefined;
  readonly #usersOfTierPeer: Lists | undefined;

  // Scratch of `touched`, one slot for each class and lane; a slot counts when its stamp is the current one.
  readonly #stamp: Int32Array;
  readonly #extraEgress: readonly [Int32Array, Int32Array];
  readonly #extraIngress: readonly [Int32Array, Int32Array];
  readonly #list: Int32Array;
  #round = 0;
  readonly #ownNode: OwnNode;

  constructor(parts: MatrixParts, accesses: AccessTable) {
    this.#parts = parts;
    this.#accesses = accesses;
    const { classes, profiles, profileOf, ports, blocks, peers } = parts;
    const size = classes.size;

    const used = {
      egress: usedPeers(profiles.egress, peers.size),
      ingress: usedPeers(profiles.ingress, peers.size),
    };
    let lanes: 1 | 2 = 1;
    const lists = new ListsInOrder();
    const how = new Uint8Array(peers.size);
    const wide: number[] = [];
    for (let peer = 0; peer < peers.size; peer++) {
      if (peer === anyPeer || (used.egress[peer] === 0 && used.ingress[peer] === 0)) continue;
      if (peers.definition(peer).kind === 'block') {
        const list = this.#classesOfBlock(peer);
        lists.add(peer, list);
        if (list.length > 0) lanes = 2;
        if (list.length > parts.denseThreshold) how[peer] = isListed;
        continue;
      }
      const list = this.#fewClasses(peer);
      if (list !== undefined) lists.add(peer, list);
      else {
        how[peer] = isProduct;
        wide.push(peer);
      }
    }
    this.#classesOfPeer = lists.finish(peers.size);
    const meant = { how, lists: this.#classesOfPeer, products: new Products(parts, wide) };
    const tiers = this.#tierSides();
    this.#egressTiers = tiers?.egress;
    this.#ingressTiers = tiers?.ingress;
    if (tiers?.meant.familiesDiffer === true) lanes = 2;
    this.#lanes = blocks.size === 0 ? 1 : lanes;
    this.#laneMask = this.#lanesOfPeers();
    this.#laneOf = Int8Array.of(noLane, 0, ...(this.#lanes === 1 ? [0, 0] : [1, twoLanes]));

    // In egress a name resolves at the destination: its port map is part of its atom.
    const named = profiles.egress.some((profile) => profile.ports.some((spec) => ports.isNamed(spec)));
    const cut = (direction: Direction, firstCut?: Int32Array): Side =>
      cutSide(profiles[direction], meant, used[direction], size, firstCut);
    this.#egress = cut('egress', joint(tiers?.egress.cut, named ? classes.portMap : undefined));
    this.#ingress = cut('ingress', tiers?.ingress.cut);
    this.#egressAdmits = this.#admitted('egress');
    this.#ingressAdmits = this.#admitted('ingress');
    this.#egressAllows = this.#allowed('egress');
    this.#ingressAllows = this.#allowed('ingress');
    this.#isTabled = this.#egressAllows.length > 0 && this.#ingressAllows.length > 0;

    const rows = new SequenceTable();
    const columns = new SequenceTable();
    this.rowOf = new Int32Array(size);
    this.columnOf = new Int32Array(size);
    const end = new Int32Array(3);
    for (let c = 0; c < size; c++) {
      end[2] = classes.family[c]!;
      end[0] = this.#egress.denseOf[profileOf.egress[c]!]!;
      end[1] = this.#ingress.atomOf[c]!;
      this.rowOf[c] = rows.intern(end, 0, 3);
      end[0] = this.#ingress.denseOf[profileOf.ingress[c]!]!;
      end[1] = this.#egress.atomOf[c]!;
      this.columnOf[c] = columns.intern(end, 0, 3);
    }
    this.#rows = new Ends(rows);
    this.#columns = new Ends(columns);

    const users = new ListsBuilder();
    const { sparse, sparsePorts } = this.#ingress;
    for (let profile = 0; profile < profiles.ingress.length; profile++) {
      for (let i = sparse.starts[profile]!; i < sparse.starts[profile + 1]!; i++) {
        users.add(sparse.items[i]!, profile);
        users.add(sparse.items[i]!, sparsePorts[i]!);
      }
    }
    this.#usersOf = users.finish(peers.size);
    const sparsePeers = new ListsBuilder();
    for (let peer = 0; peer < peers.size; peer++) {
      if (this.#usersOf.count(peer) === 0) continue;
      const { starts, items } = this.#classesOfPeer;
      for (let i = starts[peer]!; i < starts[peer + 1]!; i++) sparsePeers.add(items[i]!, peer);
    }
    this.#sparsePeersOf = sparsePeers.finish(size);
    const selected = new ListsBuilder();
    for (let c = 0; c < size; c++) selected.add(profileOf.ingress[c]!, c);
    this.#classesOfProfile = selected.finish(profiles.ingress.length);

    this.#tierLists = tiers === undefined ? [] : [tiers.meant.sure, tiers.meant.unsure];
    if (tiers?.ingress.hasSparse === true) {
      const own = new ListsBuilder();
      const tierUsers = new ListsBuilder();
      const met = new Set<number>();
      for (const [profile, { tiers: list }] of profiles.ingress.entries()) {
        for (const peer of tiers.ingress.sparse.of(list)) {
          tierUsers.add(peer, profile);
          if (met.has(peer)) continue;
          met.add(peer);
          for (const lists of this.#tierLists) for (const c of lists.of(peer)) own.add(c, peer);
        }
      }
      this.#sparseTierPeersOf = own.finish(size);
      this.#usersOfTierPeer = tierUsers.finish(tiers.meant.lanes.length);
    }

    this.#ownNode = ownNodePairs(parts);
    this.#stamp = new Int32Array(size);
    this.#list = new Int32Array(size);
    this.#extraEgress = [new Int32Array(size), new Int32Array(this.#lanes === 2 ? size : 0)];
    this.#extraIngress = [new Int32Array(size), new Int32Array(this.#lanes === 2 ? size : 0)];
  }

  get rowCount(): number {
    return this.#rows.count;
  }

  get columnCount(): number {
    return this.#columns.count;
  }

  /** The classes that a peer of pods means; `undefined` where it is dense. What stands there holds until the next call. */
  #fewClasses(peer: number): Int32Array | undefined {
    const { peers, index, podLabels, assume, denseThreshold } = this.#parts;
    const definition = peers.definition(peer);
    if (definition.kind !== 'pods') return noClasses;
    const isOpen = assume === 'open' && podLabels.hasUndecided;
    const { namespace, namespaces, selector } = definition;
    index.gather(namespace, namespaces, selector, isOpen ? Infinity : denseThreshold);
    const { sure, unsure } = index;
    // Corner 23: what cannot be decided counts where that is assumed.
    if (isOpen) for (let i = 0; i < unsure.length; i++) sure.push(unsure.items[i]!);
    return sure.length > denseThreshold ? undefined : sure.all;
  }

  /** The classes in which an ipBlock means somebody, ascending. */
  #classesOfBlock(peer: number): readonly number[] {
    const { peers, classes, profile } = this.#parts;
    const definition = peers.definition(peer);
    const list: number[] = [];
    if (definition.kind !== 'block') return list;
    this.#classesOfCell ??= byCell(classes);
    for (const cell of classes.cells.cellsOfBlock[definition.block]!) {
      for (const c of this.#classesOfCell.of(cell)) {
        // Corner 34: cells also part what only networks of tiers match.
        if (classes.host[c] === 1 ? profile.ipBlockMatchesNodes : profile.ipBlockMatchesPods) list.push(c);
      }
    }
    // A class has one cell of each family, and a block is of one family: none is met twice.
    return list.sort((x, y) => x - y);
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
          complements.add(own, peer, direction === 'egress' ? ports.fixed(spec) : spec);
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
      complements.forEach(add);
    }
    return admitted;
  }

  #tierSides():
    { readonly meant: TierMeant; readonly egress: TierSide; readonly ingress: TierSide } | undefined {
    const { tiers, denseThreshold, denseTierPeers } = this.#parts;
    if (tiers === undefined) return undefined;
    const meant = tierMeant(tiers.tiers, this.#parts);
    const side = (direction: Direction): TierSide =>
      new TierSide(tiers.lists[direction], meant, this.#parts, tiers.bound, denseThreshold, denseTierPeers);
    return { meant, egress: side('egress'), ingress: side('ingress') };
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
    const list = profiles[direction][profileOf[direction][subject]!]!.tiers;
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
    // Copies: what `visit` asks uses the same scratch.
    const destinations = this.#list.slice(0, this.#gather(s));
    const accesses = destinations.map((d) => this.#exact(s, d));
    for (let i = 0; i < destinations.length; i++) visit(destinations[i]!, accesses[i]!);
  }

  /**
   * Gathers what sparse peers admit from class `s`.
   *
   * @returns how many destinations there are in `#list`; `#exact` answers for each of them until the next call
   */
  #gather(s: number): number {
    const { profileOf, ports } = this.#parts;
    this.#round++;
    let length = 0;
    const [egress4, egress6] = this.#extraEgress;
    const [ingress4, ingress6] = this.#extraIngress;
    const single = this.#lanes === 1;
    const egress = this.#egress.sparse;
    const means = this.#classesOfPeer;
    const profile = profileOf.egress[s]!;
    for (let i = egress.starts[profile]!; i < egress.starts[profile + 1]!; i++) {
      const peer = egress.items[i]!;
      const lanes = this.#laneMask[peer]!;
      const spec = this.#egress.sparsePorts[i]!;
      const named = ports.isNamed(spec);
      const fixed = ports.fixed(spec);
      for (let k = means.starts[peer]!; k < means.starts[peer + 1]!; k++) {
        const d = means.items[k]!;
        length = this.#touch(d, length);
        const set = named ? this.#resolve(spec, peer, d) : fixed;
        if ((lanes & 1) !== 0) egress4[d] = ports.union(egress4[d]!, set);
        if (!single && (lanes & 2) !== 0) egress6[d] = ports.union(egress6[d]!, set);
      }
    }
    const meaning = this.#sparsePeersOf;
    const users = this.#usersOf;
    const selected = this.#classesOfProfile;
    for (let i = meaning.starts[s]!; i < meaning.starts[s + 1]!; i++) {
      const peer = meaning.items[i]!;
      const lanes = this.#laneMask[peer]!;
      for (let u = users.starts[peer]!; u < users.starts[peer + 1]!; u += 2) {
        const user = users.items[u]!;
        const admitted = users.items[u + 1]!;
        for (let k = selected.starts[user]!; k < selected.starts[user + 1]!; k++) {
          const d = selected.items[k]!;
          length = this.#touch(d, length);
          if ((lanes & 1) !== 0) ingress4[d] = ports.union(ingress4[d]!, admitted);
          if (!single && (lanes & 2) !== 0) ingress6[d] = ports.union(ingress6[d]!, admitted);
        }
      }
    }
    return this.#egressTiers === undefined ? length : this.#gatherTiers(s, length);
  }

  /** Adds the destinations that sparse peers of tiers touch: what these say may be less as well as more. */
  #gatherTiers(s: number, before: number): number {
    let length = before;
    const { profileOf, profiles } = this.#parts;
    const { sparse } = this.#egressTiers!;
    const list = profiles.egress[profileOf.egress[s]!]!.tiers;
    for (let i = sparse.starts[list]!; i < sparse.starts[list + 1]!; i++) {
      for (const lists of this.#tierLists)
        for (const d of lists.of(sparse.items[i]!)) length = this.#touch(d, length);
    }
    const meaning = this.#sparseTierPeersOf;
    if (meaning === undefined) return length;
    for (let i = meaning.starts[s]!; i < meaning.starts[s + 1]!; i++) {
      for (const user of this.#usersOfTierPeer!.of(meaning.items[i]!))
        for (const d of this.#classesOfProfile.of(user)) length = this.#touch(d, length);
    }
    return length;
  }

  /** Puts a destination on the list, unless it is there. */
  #touch(d: number, length: number): number {
    if (this.#stamp[d] === this.#round) return length;
    this.#stamp[d] = this.#round;
    this.#list[length] = d;
    this.#extraEgress[0][d] = nothing;
    this.#extraIngress[0][d] = nothing;
    if (this.#lanes === 2) {
      this.#extraEgress[1][d] = nothing;
      this.#extraIngress[1][d] = nothing;
    }
    return length + 1;
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
      this.#extraEgress[lane][d]!,
    );
    const out = this.#withTiers('egress', s, d, lane, admittedOut);
    if (out === nothing) return nothing;
    const admittedIn = ports.union(
      this.#denseAt('ingress', this.#columns.dense[column]!, this.#rows.atom[row]!, lane),
      this.#extraIngress[lane][d]!,
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
    const { classes } = this.#parts;
    const totals = { ofSets: new PairTotals(), ofAccesses: new PairTotals() };
    const weightOf =
      isCounted === undefined ? classes.weight : classes.weight.map((w, c) => w * isCounted[c]!);
    this.#addBlocks(weightOf, totals);
    let sources = 0;
    let destinations = 0;
    let selves = 0;
    for (let s = 0; s < classes.size; s++) {
      const own = weightOf[s]!;
      sources += classes.weight[s]!;
      destinations += own;
      selves += own;
      // A pod and itself are no pair.
      totals.ofAccesses.add(this.block(this.rowOf[s]!, this.columnOf[s]!), -own);
      const length = this.#gather(s);
      if (length > 0) this.#addCorrections(s, length, weightOf, totals);
    }
    const { ofAccesses } = totals;
    for (let set = 0; set < totals.ofSets.size; set++) {
      const pairs = totals.ofSets.of(set);
      if (pairs !== 0) ofAccesses.add(this.#accesses.simple(set), pairs);
    }
    this.#countOwnNode(ofAccesses, isCounted);
    // Pairs that cannot talk are most of all, and are looked at the least: they are what is left.
    const counted = ofAccesses.upTo(this.#accesses.size);
    counted[noAccess] = 0;
    counted[noAccess] = sources * destinations - selves - counted.reduce((sum, pairs) => sum + pairs, 0);
    return counted;
  }

  /** Adds the pairs of all rows and columns, sparse peers left out. There may be millions of blocks, mostly with a single lane. */
  #addBlocks(weightOf: Float64Array, totals: Totals): void {
    const { weight } = this.#parts.classes;
    const rows = new Float64Array(this.rowCount);
    const columns = new Float64Array(this.columnCount);
    for (let c = 0; c < weight.length; c++) {
      rows[this.rowOf[c]!]! += weight[c]!;
      columns[this.columnOf[c]!]! += weightOf[c]!;
    }
    const isTabled = this.#isTabled;
    if (isTabled) {
      const sources = {
        ends: this.#rows,
        weight: rows,
        allows: this.#egressAllows,
        atoms: this.#egress.atoms,
      };
      const destinations = {
        ends: this.#columns,
        weight: columns,
        allows: this.#ingressAllows,
        atoms: this.#ingress.atoms,
      };
      // The inner loop goes along the longer table.
      if (sources.allows.length > destinations.allows.length)
        this.#addTabled(sources, destinations, totals.ofSets);
      else this.#addTabled(destinations, sources, totals.ofSets);
      if (this.#lanes === 1) return;
    }
    const { family } = this.#columns;
    for (let row = 0; row < rows.length; row++) {
      for (let column = 0; column < columns.length; column++) {
        if (!isTabled || this.#laneOf[this.#rows.family[row]! & family[column]!] === twoLanes)
          totals.ofAccesses.add(this.block(row, column), rows[row]! * columns[column]!);
      }
    }
  }

  /** Adds the blocks of ends of which one lane is asked; what both sides allow is the same from either side. */
  #addTabled(outer: Tabled, inner: Tabled, totals: PairTotals): void {
    const { ports } = this.#parts;
    const lanes = this.#lanes;
    const laneOf = this.#laneOf;
    const { count, family, atom, dense } = inner.ends;
    for (let i = 0; i < outer.ends.count; i++) {
      const weight = outer.weight[i]!;
      const ownFamily = outer.ends.family[i]!;
      const ownAtom = outer.ends.atom[i]!;
      const at = outer.ends.dense[i]! * outer.atoms;
      for (let k = 0; k < count; k++) {
        const lane = laneOf[ownFamily & family[k]!]!;
        if (lane < 0) continue;
        const one = outer.allows[(at + atom[k]!) * lanes + lane]!;
        if (one === nothing) continue;
        const both = ports.intersect(one, inner.allows[(dense[k]! * inner.atoms + ownAtom) * lanes + lane]!);
        if (both !== nothing) totals.add(both, weight * inner.weight[k]!);
      }
    }
  }

  /** Moves the pairs that sparse peers touch from the access of their block to their own. */
  #addCorrections(s: number, length: number, weightOf: Float64Array, totals: Totals): void {
    const { ports, classes } = this.#parts;
    const { ofSets } = totals;
    const weight = classes.weight[s]!;
    const lanes = this.#lanes;
    const row = this.rowOf[s]!;
    const family = this.#rows.family[row]!;
    const sourceAtom = this.#rows.atom[row]!;
    const egressAt = this.#rows.dense[row]! * this.#egress.atoms;
    const hasTiers = this.#egressTiers !== undefined;
    for (let i = 0; i < length; i++) {
      const d = this.#list[i]!;
      const column = this.columnOf[d]!;
      const lane = this.#isTabled ? this.#laneOf[family & this.#columns.family[column]!]! : twoLanes;
      if (lane === noLane) continue;
      const pairs = (s === d ? weight - 1 : weight) * weightOf[d]!;
      if (lane === twoLanes) {
        totals.ofAccesses.add(this.block(row, column), -pairs);
        totals.ofAccesses.add(this.#exact(s, d), pairs);
        continue;
      }
      const out = (egressAt + this.#columns.atom[column]!) * lanes + lane;
      const into = (this.#columns.dense[column]! * this.#ingress.atoms + sourceAtom) * lanes + lane;
      const before = ports.intersect(this.#egressAllows[out]!, this.#ingressAllows[into]!);
      const after = hasTiers
        ? this.#exactIn(s, d, lane === 0 ? 0 : 1)
        : ports.intersect(
            ports.union(this.#egressAdmits[out]!, this.#extraEgress[lane]![d]!),
            ports.union(this.#ingressAdmits[into]!, this.#extraIngress[lane]![d]!),
          );
      if (before === after) continue;
      if (before !== nothing) ofSets.add(before, -pairs);
      if (after !== nothing) ofSets.add(after, pairs);
    }
  }

  /** Corner 42: from a host-network pod to the other pods of its node, and back, everything is allowed. */
  #countOwnNode(totals: PairTotals, isCounted: Uint8Array | undefined): void {
    const { hosts, guests, pairs: pairsOf } = this.#ownNode;
    if (hosts.length === 0) return;
    const { classes, profile, profileOf, profiles } = this.#parts;
    // What a guest's profiles say of a host is asked once for each profile and host.
    const memo = {
      ingress: new Int32Array(profiles.ingress.length * 2),
      egress: new Int32Array(profiles.egress.length * 2),
    };
    let asked = -1;
    const side = (direction: Direction, subject: number, other: number, lane: 0 | 1): number => {
      const key = profileOf[direction][subject]! * 2 + lane;
      if (memo[direction][key] === 0)
        memo[direction][key] = this.#sideOf(direction, subject, other, lane) + 1;
      return memo[direction][key]! - 1;
    };
    for (const [i, host] of hosts.entries()) {
      if (host !== asked) {
        memo.ingress.fill(0);
        memo.egress.fill(0);
        asked = host;
      }
      const guest = guests[i]!;
      const pairs = pairsOf[i]!;
      const shared = classes.family[host]! & classes.family[guest]!;
      if (shared === 0) continue;
      const inLane = (lane: 0 | 1, toHost: boolean): number => {
        if (!this.#isAsked(shared, lane)) return nothing;
        return this.#parts.ports.intersect(
          toHost ? side('egress', guest, host, lane) : this.#sideOf('egress', host, guest, lane),
          toHost ? this.#sideOf('ingress', host, guest, lane) : side('ingress', guest, host, lane),
        );
      };
      for (const toHost of [true, false]) {
        if (!(toHost ? profile.podToNode : profile.nodeToPod)) continue;
        if (isCounted !== undefined && isCounted[toHost ? host : guest] === 0) continue;
        totals.add(this.#join(shared, inLane(0, toHost), inLane(1, toHost)), -pairs);
        totals.add(toHost ? this.ofOwnNode(guest, host) : this.ofOwnNode(host, guest), pairs);
      }
    }
  }

  /** What the policies of one end say about the other, all peers asked one by one. */
  #sideOf(direction: Direction, subject: number, other: number, lane: 0 | 1): number {
    const { profiles, profileOf } = this.#parts;
    const profile = profiles[direction][profileOf[direction][subject]!]!;
    const admitted = this.#evaluate(direction, profile, other, lane, (peer) => this.#peerMeans(peer, other));
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

/** What rows or columns are made of. */
class Ends {
  readonly count: number;
  readonly dense: Int32Array;
  readonly atom: Int32Array;
  readonly family: Int32Array;

  /** @param sequences - of each: dense part, atom, families */
  constructor(sequences: SequenceTable) {
    this.count = sequences.size;
    const { items } = sequences;
    const field = (offset: number): Int32Array =>
      Int32Array.from({ length: this.count }, (_, id) => items[id * 3 + offset]!);
    this.dense = field(0);
    this.atom = field(1);
    this.family = field(2);
  }
}

/** Rows with what their egress allows, or columns with what their ingress does. */
interface Tabled {
  readonly ends: Ends;
  readonly weight: Float64Array;
  /** By dense part, atom of the other end, and lane. */
  readonly allows: Int32Array;
  readonly atoms: number;
}

/** What has been counted: where one lane says all there is by port set, else by access. */
interface Totals {
  readonly ofSets: PairTotals;
  readonly ofAccesses: PairTotals;
}

/** Pairs by id of a port set or of an access. */
class PairTotals {
  #totals = new Float64Array(64);

  get size(): number {
    return this.#totals.length;
  }

  of(id: number): number {
    return this.#totals[id]!;
  }

  add(access: number, pairs: number): void {
    if (access >= this.#totals.length) {
      const more = new Float64Array(access * 2);
      more.set(this.#totals);
      this.#totals = more;
    }
    this.#totals[access]! += pairs;
  }

  /** The totals of the first `size` ids. */
  upTo(size: number): Float64Array {
    const totals = new Float64Array(size);
    totals.set(this.#totals.subarray(0, size));
    return totals;
  }
}

const noClasses: Int32Array = new Int32Array(0);

/** By peer: 1 where some profile names it. */
function usedPeers(profiles: readonly ClassProfile[], size: number): Uint8Array {
  const used = new Uint8Array(size);
  for (let i = 0; i < profiles.length; i++) {
    const { peers } = profiles[i]!;
    for (let k = 0; k < peers.length; k++) used[peers[k]!] = 1;
  }
  return used;
}
