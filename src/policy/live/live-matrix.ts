import type { Direction } from '../../model/index.ts';
import { AccessTable } from '../access.ts';
import { familyBits } from '../classes.ts';
import { anyPeer } from '../peers.ts';
import { everything, nothing } from '../port-table.ts';
import type { PortTable } from '../port-table.ts';
import { Grid } from './grid.ts';
import { grown, grownFloat } from './int-lists.ts';
import { Lines } from './lines.ts';
import { Memberships } from './memberships.ts';
import { Side } from './side.ts';
import { Totals } from './totals.ts';

/** What a matrix is made with. */
export interface LiveMatrixOptions {
  readonly ports: PortTable;
  /** Peers that mean more classes than this are dense; they become sparse again at half of it. */
  readonly denseThreshold: number;
  /** Whether a named port of an egress rule resolves on a pod that only an ipBlock matches (corner 29). */
  readonly namedPortOnIpBlock: boolean;
}

/** What a change of a class may change: its row when it is the source, its column when it is the destination. */
export interface Concerned {
  readonly row: boolean;
  readonly column: boolean;
}

/**
 * The access of every ordered pair of classes, factorised as in `Matrix`, and kept while classes, weights, profiles and peers
 * change; with it the number of ordered pairs of distinct pods by access.
 *
 * The total is a sum of weight times weight over pairs of classes. So a change of a weight adds or subtracts one row and one
 * column, and a class that changes otherwise is taken out and put back. A peer that becomes dense or sparse moves classes
 * between rows and changes no total.
 */
export class LiveMatrix {
  readonly ports: PortTable;
  readonly accesses: AccessTable = new AccessTable();
  readonly egress: Side = new Side('egress');
  readonly ingress: Side = new Side('ingress');
  /** Peers and the classes that they mean. */
  readonly meant: Memberships = new Memberships();
  readonly totals: Totals = new Totals();
  readonly rows: Lines;
  readonly columns: Lines;
  weight: Float64Array = new Float64Array(16);
  readonly #options: LiveMatrixOptions;
  #family = new Uint8Array(16);
  #portMap = new Int32Array(16);
  /** By peer: the families in which it means anybody, and whether it is a block. */
  #lanes = new Uint8Array(16);
  #isBlock = new Uint8Array(16);
  /** By row and column: the access of the dense parts. */
  readonly #blocks = new Grid();
  /** By class, then class: pairs of pods that their node exempts, both ways (corner 42). */
  readonly #exempt = new Map<number, Map<number, number>>();
  /** Names that dense entries of egress ask for: what they mean is part of the atom of the destination. */
  readonly #denseNames = new Set<number>();
  readonly #restricted = new Map<number, number>();
  /** While everything is put in place for the first time, totals are left for the end. */
  #counting = false;
  /** How many classes have been looked at since this was last set to 0. */
  touched = 0;

  // Scratch of `#gather`, one slot for each class; a slot counts when its stamp is the current one.
  #stamp = new Int32Array(16);
  #own4 = new Int32Array(16);
  #own6 = new Int32Array(16);
  #other4 = new Int32Array(16);
  #other6 = new Int32Array(16);
  #list = new Int32Array(16);
  #round = 0;
  /** Peers that may have to become dense or sparse, while nothing may. */
  #deferred: Set<number> | undefined;

  constructor(options: LiveMatrixOptions) {
    this.#options = options;
    this.ports = options.ports;
    this.rows = new Lines(this.egress, this.ingress, (row) => this.#blocks.clearRow(row));
    this.columns = new Lines(this.ingress, this.egress, (column) => this.#blocks.clearColumn(column));
  }

  side(direction: Direction): Side {
    return direction === 'egress' ? this.egress : this.ingress;
  }

  familyOf(c: number): number {
    return this.#family[c]!;
  }

  // Peers ----------------------------------------------------------------------------------------------------------

  /** A new peer, which means no class yet. */
  addPeer(peer: number, lanes: number, isBlock: boolean): void {
    if (peer >= this.#lanes.length) {
      const length = Math.max(peer + 1, this.#lanes.length * 2);
      this.#lanes = bytes(this.#lanes, length);
      this.#isBlock = bytes(this.#isBlock, length);
      this.egress.widenPeers(length);
      this.ingress.widenPeers(length);
    }
    this.#lanes[peer] = lanes;
    this.#isBlock[peer] = isBlock ? 1 : 0;
  }

  /** Forgets a peer that no profile names any more. */
  removePeer(peer: number): void {
    this.meant.removeSet(peer);
  }

  /** A class that a peer without users means. */
  mean(peer: number, c: number): void {
    this.meant.add(peer, c);
  }

  // Classes --------------------------------------------------------------------------------------------------------

  /**
   * A new class without pods.
   *
   * @param peers - those that mean it
   */
  addClass(c: number, family: number, portMap: number, peers: readonly number[]): void {
    if (c >= this.weight.length) this.#widen(Math.max(c + 1, this.weight.length * 2));
    this.weight[c] = 0;
    this.#family[c] = family;
    this.#portMap[c] = portMap;
    for (const peer of peers) this.meant.add(peer, c);
    for (const side of [this.egress, this.ingress]) {
      side.profiles.again(side.open);
      side.enter(c, side.open);
      side.atomOf[c] = side.holdAtom(this.#atomList(side, c));
    }
    this.rows.enter(c, family);
    this.columns.enter(c, family);
    for (const peer of peers) this.#settle(peer);
  }

  /** Forgets a class without pods. */
  removeClass(c: number): void {
    this.rows.leave(c);
    this.columns.leave(c);
    const peers: number[] = [];
    for (let i = 0; i < this.meant.count(c); i++) peers.push(this.meant.setAt(c, i));
    this.meant.removeClass(c);
    for (const side of [this.egress, this.ingress]) {
      side.atoms.release(side.atomOf[c]!);
      side.leave(c);
      side.release(side.profileOf[c]!, this.#unused);
    }
    for (const peer of peers) this.#settle(peer);
  }

  readonly #unused = (peer: number): void => this.#settle(peer);

  /** Holds a profile for `setProfiles`. */
  holdProfile(direction: Direction, list: ArrayLike<number>, length: number): number {
    const side = this.side(direction);
    const profile = side.hold(list, length, (peer) => this.#settle(peer));
    if (direction === 'egress' && side.profiles.refs(profile) === 1) this.#learnNames(profile);
    return profile;
  }

  releaseProfile(direction: Direction, profile: number): void {
    this.side(direction).release(profile, this.#unused);
  }

  /** Gives a class other profiles, which the caller holds and hands over. */
  setProfiles(c: number, egress: number, ingress: number): void {
    const concerned = {
      row: egress !== this.egress.profileOf[c],
      column: ingress !== this.ingress.profileOf[c],
    };
    const put = (side: Side, profile: number, lines: Lines): void => {
      const before = side.profileOf[c]!;
      if (before !== profile) {
        side.leave(c);
        side.enter(c, profile);
        lines.update(c, this.#family[c]!, this.weight[c]!);
      }
      side.release(before, this.#unused);
    };
    this.#replace(c, concerned, () => {
      put(this.egress, egress, this.rows);
      put(this.ingress, ingress, this.columns);
    });
  }

  /** Which lines of a class change when it joins or leaves peers. */
  concerns(peers: Iterable<number>): Concerned {
    let row = false;
    let column = false;
    for (const peer of peers) {
      row ||= this.ingress.users.size(peer) > 0;
      column ||= this.egress.users.size(peer) > 0;
    }
    return { row, column };
  }

  /** Lets a class join some peers and leave others. */
  setPeers(c: number, leaves: readonly number[], joins: readonly number[]): void {
    this.#replace(c, this.concerns([...leaves, ...joins]), () => {
      for (const peer of leaves) this.meant.remove(peer, c);
      for (const peer of joins) this.meant.add(peer, c);
      this.#setAtom(this.egress, c);
      this.#setAtom(this.ingress, c);
    });
    for (const peer of leaves) this.#settle(peer);
    for (const peer of joins) this.#settle(peer);
  }

  /** Takes a class out of the totals, changes it, and puts it back. */
  #replace(c: number, { row, column }: Concerned, change: () => void): void {
    if ((!row && !column) || !this.#counting || this.weight[c] === 0) {
      change();
      return;
    }
    this.touched++;
    this.#addClass(c, row, column, -1);
    change();
    this.#addClass(c, row, column, 1);
  }

  /** Adds (1) or takes away (-1) all pairs of distinct pods with this class as source, as destination, or either. */
  #addClass(c: number, row: boolean, column: boolean, sign: 1 | -1): void {
    const weight = this.weight[c]!;
    let self = 0;
    if (row) self = this.#addLine(this.egress, c, sign * weight);
    if (column) self = this.#addLine(this.ingress, c, sign * weight);
    // Pairs of the class with itself were counted by both lines, and each pod with itself.
    if (row && column) this.totals.add(self, -sign * weight, weight + 1);
    else this.totals.add(self, -sign, weight);
    for (const [other, pairs] of this.#exempt.get(c) ?? []) {
      if (row) this.#addExempt(c, other, sign * pairs);
      if (column) this.#addExempt(other, c, sign * pairs);
    }
  }

  // Weights --------------------------------------------------------------------------------------------------------

  /** Adds pods to a class, or with a negative number takes them away. */
  addWeight(c: number, by: number): void {
    if (this.#counting) {
      this.touched++;
      this.#addLine(this.egress, c, by);
      const self = this.#addLine(this.ingress, c, by);
      this.totals.add(self, by, by - 1);
    }
    this.#shift(c, by);
  }

  /** Moves pods to a class that is the same to every policy. */
  moveWeight(from: number, to: number, weight: number): void {
    this.#shift(from, -weight);
    this.#shift(to, weight);
  }

  #shift(c: number, by: number): void {
    this.weight[c]! += by;
    this.rows.weight[this.rows.of[c]!]! += by;
    this.columns.weight[this.columns.of[c]!]! += by;
  }

  /** Pairs of pods of two classes that their node exempts, each way, or with a negative number no longer (corner 42). */
  exempt(a: number, b: number, pairs: number): void {
    if (pairs === 0 || (this.#family[a]! & this.#family[b]!) === 0) return;
    addTo(this.#exempt, a, b, pairs);
    addTo(this.#exempt, b, a, pairs);
    if (!this.#counting) return;
    this.#addExempt(a, b, pairs);
    this.#addExempt(b, a, pairs);
  }

  #addExempt(s: number, d: number, pairs: number): void {
    this.totals.add(this.access(s, d), -pairs, 1);
    this.totals.add(this.accesses.simple(everything), pairs, 1);
  }

  /** Counts everything once, and keeps the totals from then on. */
  startCounting(): void {
    this.#counting = true;
    for (let row = 0; row < this.rows.top; row++) {
      const weight = this.rows.weight[row]!;
      if (weight === 0) continue;
      for (let column = 0; column < this.columns.top; column++) {
        const other = this.columns.weight[column]!;
        if (other !== 0) this.totals.add(this.block(row, column), weight, other);
      }
    }
    for (let c = 0; c < this.weight.length; c++) {
      const weight = this.weight[c]!;
      if (weight === 0) continue;
      const self = this.#addTouched(this.egress, c, weight);
      this.totals.add(self, -1, weight);
    }
    for (const [a, others] of this.#exempt) for (const [b, pairs] of others) this.#addExempt(a, b, pairs);
  }

  // Access ---------------------------------------------------------------------------------------------------------

  /** The access of a row and a column, sparse entries left out. */
  block(row: number, column: number): number {
    const known = this.#blocks.get(row, column);
    if (known >= 0) return known;
    const { rows, columns } = this;
    const shared = rows.family(row) & columns.family(column);
    const inLane = (lane: number): number =>
      (shared & (1 << lane)) === 0
        ? nothing
        : this.ports.intersect(
            this.#dense(this.egress, rows.part(row), columns.atom(column), lane),
            this.#dense(this.ingress, columns.part(column), rows.atom(row), lane),
          );
    const access = this.accesses.join(this.ports, shared, inLane(0), inLane(1));
    this.#blocks.set(row, column, access);
    return access;
  }

  /** What a dense part admits at an atom of the other end. */
  #dense(side: Side, part: number, atom: number, lane: number): number {
    const known = side.memo.get(part, atom * 2 + lane);
    if (known >= 0) return known;
    let set = nothing;
    for (let i = 0; i < side.parts.size(part); i += 2) {
      const peer = side.parts.at(part, i);
      if (!this.#inLane(peer, lane) || !side.means(peer, atom)) continue;
      const ports = side.parts.at(part, i + 1);
      set = this.ports.union(
        set,
        side === this.ingress ? ports : this.#resolve(ports, peer, this.egress.atoms.at(atom, 0)),
      );
    }
    side.memo.set(part, atom * 2 + lane, set);
    return set;
  }

  #inLane(peer: number, lane: number): boolean {
    return peer === anyPeer || (this.#lanes[peer]! & (1 << lane)) !== 0;
  }

  #resolve(spec: number, peer: number, portMap: number): number {
    // Corner 29: a name in a rule that only an ipBlock brings to this pod.
    if (peer !== anyPeer && this.#isBlock[peer] === 1 && !this.#options.namedPortOnIpBlock)
      return this.ports.fixed(spec);
    return this.ports.resolve(spec, portMap);
  }

  /** The access of one pair of classes, for two different pods, without the own-node exemption. */
  access(s: number, d: number): number {
    const shared = this.#family[s]! & this.#family[d]!;
    const inLane = (lane: number): number => {
      if ((shared & (1 << lane)) === 0) return nothing;
      const out = this.#sideAllows(this.egress, s, d, lane);
      return out === nothing
        ? nothing
        : this.ports.intersect(out, this.#sideAllows(this.ingress, d, s, lane));
    };
    return this.accesses.join(this.ports, shared, inLane(0), inLane(1));
  }

  #sideAllows(side: Side, subject: number, other: number, lane: number): number {
    const profile = side.profileOf[subject]!;
    let set = this.#dense(side, side.partOf[profile]!, side.atomOf[other]!, lane);
    const { sparse } = side;
    for (let i = 0; i < sparse.size(profile) && set !== everything; i += 2) {
      const peer = sparse.at(profile, i);
      if (!this.#inLane(peer, lane) || !this.meant.has(peer, other)) continue;
      const ports = sparse.at(profile, i + 1);
      set = this.ports.union(
        set,
        side === this.ingress ? ports : this.#resolve(ports, peer, this.#portMap[other]!),
      );
    }
    return set;
  }

  /**
   * Calls `visit` for the classes whose pair with `c` differs or may differ from its block, each once, with the exact access and
   * that of the block; `c` is the source in egress and the destination in ingress.
   */
  touchedBy(
    direction: Direction,
    c: number,
    visit: (other: number, access: number, block: number) => void,
  ): void {
    const side = this.side(direction);
    const count = this.#gather(side, c);
    const list = this.#list.slice(0, count);
    const accesses = Array.from(list, (other) => this.#exact(side, c, other));
    for (let i = 0; i < count; i++) visit(list[i]!, accesses[i]!, this.#blockOf(side, c, list[i]!));
  }

  #blockOf(side: Side, c: number, other: number): number {
    return side === this.egress
      ? this.block(this.rows.of[c]!, this.columns.of[other]!)
      : this.block(this.rows.of[other]!, this.columns.of[c]!);
  }

  /** Adds `factor` times the weight of every class to its access from `c` (to `c` in ingress), and says that of `c` itself. */
  #addLine(side: Side, c: number, factor: number): number {
    const isRow = side === this.egress;
    const own = (isRow ? this.rows : this.columns).of[c]!;
    const { weight, top } = isRow ? this.columns : this.rows;
    const grid = this.#blocks;
    let { cells } = grid;
    let step = isRow ? 1 : grid.stride;
    let at = isRow ? own * grid.stride : own;
    let sums = this.totals.sums(this.accesses.size);
    for (let k = 0; k < top; k++, at += step) {
      const pods = weight[k]!;
      if (pods === 0) continue;
      let access = at < cells.length ? cells[at]! - 1 : -1;
      if (access < 0) {
        access = isRow ? this.block(own, k) : this.block(k, own);
        // Both may have been made anew to hold one more.
        ({ cells } = grid);
        step = isRow ? 1 : grid.stride;
        at = isRow ? own * grid.stride + k : k * grid.stride + own;
        sums = this.totals.sums(this.accesses.size);
      }
      if (sums !== undefined) sums[access]! += factor * pods;
      else this.totals.add(access, factor, pods);
    }
    return this.#addTouched(side, c, factor);
  }

  /** The same for the pairs that sparse entries touch: from the access of their block to the exact one. */
  #addTouched(side: Side, c: number, factor: number): number {
    let self = this.#blockOf(side, c, c);
    const count = this.#gather(side, c);
    for (let i = 0; i < count; i++) {
      const other = this.#list[i]!;
      const access = this.#exact(side, c, other);
      if (other === c) self = access;
      const weight = this.weight[other]!;
      if (weight === 0) continue;
      const block = this.#blockOf(side, c, other);
      if (access === block) continue;
      this.totals.add(access, factor, weight);
      this.totals.add(block, -factor, weight);
    }
    return self;
  }

  /** The exact access of `c` and a class that `#gather` has found. */
  #exact(side: Side, c: number, other: number): number {
    const shared = this.#family[c]! & this.#family[other]!;
    const in4 = (shared & familyBits.IPv4) === 0 ? nothing : this.#exactIn(side, c, other, 0);
    const in6 = (shared & familyBits.IPv6) === 0 ? nothing : this.#exactIn(side, c, other, 1);
    return this.accesses.join(this.ports, shared, in4, in6);
  }

  #exactIn(side: Side, c: number, other: number, lane: 0 | 1): number {
    const opposite = side === this.egress ? this.ingress : this.egress;
    const { ports } = this;
    const own = ports.union(
      this.#dense(side, side.partOf[side.profileOf[c]!]!, side.atomOf[other]!, lane),
      (lane === 0 ? this.#own4 : this.#own6)[other]!,
    );
    if (own === nothing) return nothing;
    const theirs = ports.union(
      this.#dense(opposite, opposite.partOf[opposite.profileOf[other]!]!, opposite.atomOf[c]!, lane),
      (lane === 0 ? this.#other4 : this.#other6)[other]!,
    );
    return ports.intersect(own, theirs);
  }

  /** Finds what sparse entries say of `c` and others; returns how many others there are in `#list`. */
  #gather(side: Side, c: number): number {
    const opposite = side === this.egress ? this.ingress : this.egress;
    const { ports, meant } = this;
    const round = ++this.#round;
    let count = 0;
    const touch = (other: number): void => {
      if (this.#stamp[other] === round) return;
      this.#stamp[other] = round;
      this.#own4[other] = nothing;
      this.#own6[other] = nothing;
      this.#other4[other] = nothing;
      this.#other6[other] = nothing;
      this.#list[count++] = other;
    };
    const profile = side.profileOf[c]!;
    const { members } = meant;
    for (let i = 0; i < side.sparse.size(profile); i += 2) {
      const peer = side.sparse.at(profile, i);
      const spec = side.sparse.at(profile, i + 1);
      const lanes = this.#lanes[peer]!;
      const named = side === this.egress && ports.isNamed(spec);
      const fixed = side === this.egress ? ports.fixed(spec) : spec;
      for (let k = 0; k < members.size(peer); k++) {
        const other = members.at(peer, k);
        touch(other);
        const set = named ? this.#resolve(spec, peer, this.#portMap[other]!) : fixed;
        if ((lanes & familyBits.IPv4) !== 0) this.#own4[other] = ports.union(this.#own4[other]!, set);
        if ((lanes & familyBits.IPv6) !== 0) this.#own6[other] = ports.union(this.#own6[other]!, set);
      }
    }
    for (let i = 0; i < meant.count(c); i++) {
      const peer = meant.setAt(c, i);
      if (opposite.dense[peer] === 1) continue;
      const lanes = this.#lanes[peer]!;
      for (let u = 0; u < opposite.users.size(peer); u += 2) {
        const user = opposite.users.at(peer, u);
        const spec = opposite.portsAt(user, opposite.users.at(peer, u + 1));
        const set = opposite === this.egress ? this.#resolve(spec, peer, this.#portMap[c]!) : spec;
        for (let k = 0; k < opposite.classes.size(user); k++) {
          const other = opposite.classes.at(user, k);
          touch(other);
          if ((lanes & familyBits.IPv4) !== 0) this.#other4[other] = ports.union(this.#other4[other]!, set);
          if ((lanes & familyBits.IPv6) !== 0) this.#other6[other] = ports.union(this.#other6[other]!, set);
        }
      }
    }
    return count;
  }

  // Dense and sparse -----------------------------------------------------------------------------------------------

  /** Leaves peers dense or sparse as they are until `settleAll`, so that what was remembered of classes stays right. */
  defer(): void {
    this.#deferred ??= new Set();
  }

  settleAll(): void {
    const peers = this.#deferred ?? [];
    this.#deferred = undefined;
    for (const peer of peers) this.#settle(peer);
  }

  /** Makes a peer dense or sparse in both directions, where its size or its use have come to ask for it. */
  #settle(peer: number): void {
    if (this.#deferred !== undefined) {
      this.#deferred.add(peer);
      return;
    }
    const size = this.meant.size(peer);
    const threshold = this.#options.denseThreshold;
    for (const side of [this.egress, this.ingress]) {
      const isDense = side.dense[peer] === 1;
      const used = side.users.size(peer) > 0;
      if (!isDense && used && size > threshold) this.#turn(side, peer, 1);
      // A peer about the threshold must not turn with every pod that comes and goes.
      else if (isDense && (!used || size <= threshold >> 1)) this.#turn(side, peer, 0);
    }
  }

  #turn(side: Side, peer: number, dense: 0 | 1): void {
    side.dense[peer] = dense;
    for (let i = 0; i < this.meant.size(peer); i++) {
      this.touched++;
      this.#setAtom(side, this.meant.members.at(peer, i));
    }
    const lines = side === this.egress ? this.rows : this.columns;
    const users = side.users.copy(peer);
    for (let u = 0; u < users.length; u += 2) {
      const profile = users[u]!;
      side.refill(profile);
      if (side === this.egress) this.#learnNames(profile);
      for (let k = 0; k < side.classes.size(profile); k++) {
        const c = side.classes.at(profile, k);
        this.touched++;
        lines.update(c, this.#family[c]!, this.weight[c]!);
      }
    }
  }

  #atomList(side: Side, c: number): number[] {
    const peers: number[] = [];
    for (let i = 0; i < this.meant.count(c); i++) {
      const peer = this.meant.setAt(c, i);
      if (side.dense[peer] === 1) peers.push(peer);
    }
    peers.sort((a, b) => a - b);
    peers.unshift(side === this.egress ? this.#restrict(this.#portMap[c]!) : 0);
    return peers;
  }

  #setAtom(side: Side, c: number): void {
    const before = side.atomOf[c]!;
    const atom = side.holdAtom(this.#atomList(side, c));
    if (atom !== before) {
      side.atomOf[c] = atom;
      (side === this.egress ? this.columns : this.rows).update(c, this.#family[c]!, this.weight[c]!);
    }
    side.atoms.release(before);
  }

  /** In egress a name resolves at the destination: what dense entries ask for is part of its atom. */
  #learnNames(profile: number): void {
    const part = this.egress.partOf[profile]!;
    if (part < 0) return;
    let news = false;
    for (let i = 0; i < this.egress.parts.size(part); i += 2) {
      for (const name of this.ports.namesOf(this.egress.parts.at(part, i + 1))) {
        if (this.#denseNames.has(name)) continue;
        this.#denseNames.add(name);
        news = true;
      }
    }
    if (!news) return;
    this.#restricted.clear();
    for (let c = 0; c < this.weight.length; c++) {
      if (!this.rows.isIn(c)) continue;
      const before = this.egress.atomOf[c]!;
      if (this.egress.atoms.at(before, 0) !== this.#restrict(this.#portMap[c]!))
        this.#setAtom(this.egress, c);
    }
    // What was worked out before knew no such names.
    this.egress.memo.clear();
    this.#blocks.clear();
  }

  /** The part of a port map that dense entries ask for. */
  #restrict(portMap: number): number {
    if (portMap === 0 || this.#denseNames.size === 0) return 0;
    let restricted = this.#restricted.get(portMap);
    if (restricted === undefined) {
      restricted = this.ports.restrict(portMap, this.#denseNames);
      this.#restricted.set(portMap, restricted);
    }
    return restricted;
  }

  /**
   * Forgets what was worked out, and the accesses and names that nobody has any more. Marks the port sets, specs and port maps
   * that are still used.
   */
  sweep(used: {
    readonly sets: Set<number>;
    readonly specs: Set<number>;
    readonly portMaps: Set<number>;
  }): void {
    this.#blocks.clear();
    this.#denseNames.clear();
    this.#restricted.clear();
    const { parts, atoms } = this.egress;
    for (let part = 0; part < parts.top; part++) {
      if (!parts.isLive(part)) continue;
      for (let i = 1; i < parts.size(part); i += 2) {
        for (const name of this.ports.namesOf(parts.at(part, i))) this.#denseNames.add(name);
      }
    }
    for (let c = 0; c < this.weight.length; c++) {
      if (!this.rows.isIn(c)) continue;
      used.portMaps.add(this.#portMap[c]!);
      this.#setAtom(this.egress, c);
    }
    for (let atom = 0; atom < atoms.top; atom++) if (atoms.isLive(atom)) used.portMaps.add(atoms.at(atom, 0));
    for (const side of [this.egress, this.ingress]) {
      side.memo.clear();
      const marked = side === this.egress ? used.specs : used.sets;
      for (let profile = 0; profile < side.profiles.top; profile++) {
        if (!side.profiles.isLive(profile)) continue;
        for (let i = 0; i < side.entries(profile); i++) marked.add(side.portsAt(profile, i));
      }
    }
    const accesses = new Set<number>();
    for (let access = 0; access < this.accesses.size; access++) {
      if (this.totals.isZero(access)) continue;
      accesses.add(access);
      const { both, only4, only6 } = this.accesses.access(access);
      for (const set of [both, only4, only6]) used.sets.add(set);
    }
    this.accesses.keep(accesses);
  }

  #widen(length: number): void {
    this.weight = grownFloat(this.weight, length);
    this.#family = bytes(this.#family, length);
    this.#portMap = grown(this.#portMap, length);
    this.#stamp = grown(this.#stamp, length);
    this.#own4 = grown(this.#own4, length);
    this.#own6 = grown(this.#own6, length);
    this.#other4 = grown(this.#other4, length);
    this.#other6 = grown(this.#other6, length);
    this.#list = grown(this.#list, length);
    this.egress.widenClasses(length);
    this.ingress.widenClasses(length);
    this.rows.widen(length);
    this.columns.widen(length);
  }
}

function bytes(array: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  copy.set(array);
  return copy;
}

function addTo(counts: Map<number, Map<number, number>>, a: number, b: number, by: number): void {
  let of = counts.get(a);
  if (of === undefined) counts.set(a, (of = new Map<number, number>()));
  const count = (of.get(b) ?? 0) + by;
  if (count !== 0) of.set(b, count);
  else of.delete(b);
  if (of.size === 0) counts.delete(a);
}
