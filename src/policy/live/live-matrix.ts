import type { Direction } from '../../model/index.ts';
import { grownFloat } from './int-lists.ts';
import type { Lines } from './lines.ts';
import { LiveAtoms } from './live-atoms.ts';
import { unsureMark } from './live-tiers.ts';
import type { Side } from './side.ts';
import { Totals } from './totals.ts';

/** A class and the profiles that its policies make by now. */
export interface NewProfiles {
  readonly c: number;
  readonly egress: number;
  readonly ingress: number;
}

/** A class that is to join and to leave peers. */
export interface NewPeers {
  readonly c: number;
  readonly leaves: readonly number[];
  /** With `unsureMark` where files cannot tell. */
  readonly joins: readonly number[];
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
export class LiveMatrix extends LiveAtoms {
  readonly totals: Totals = new Totals();
  /** By class of the source, then of the destination: pairs of pods that their node exempts (corner 42). */
  readonly #exempt = new Map<number, Map<number, number>>();
  /** The same by class of the destination, then of the source. */
  readonly #exemptTo = new Map<number, Map<number, number>>();
  /** By line before and after: the pods that move, until `#together` ends. */
  readonly #moves = new Map<number, Map<number, number>>();
  /** While everything is put in place for the first time, totals are left for the end. */
  #counting = false;

  // Peers ----------------------------------------------------------------------------------------------------------

  /** Forgets a peer that no profile names any more. */
  removePeer(peer: number): void {
    this.meant.removeSet(peer);
  }

  /** A class that a peer without users means. */
  mean(peer: number, c: number, unsure = false): void {
    this.meant.add(peer, c, unsure);
  }

  /** That more rules of tiers name a peer, or with a negative number fewer: while any does it is dense. */
  useInTiers(direction: Direction, peer: number, by: number): void {
    const { tierUse } = this.side(direction);
    tierUse[peer] = (tierUse[peer] ?? 0) + by;
    this.settle(peer);
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
    this.family[c] = family;
    this.portMap[c] = portMap;
    for (const peer of peers) this.meant.add(peer & ~unsureMark, c, (peer & unsureMark) !== 0);
    for (const side of [this.egress, this.ingress]) {
      side.profiles.again(side.open);
      side.enter(c, side.open);
      side.atomOf[c] = side.holdAtom(this.atomList(side, c));
    }
    this.rows.enter(c, family);
    this.columns.enter(c, family);
    for (const peer of peers) this.settle(peer & ~unsureMark);
  }

  /** A new class without pods that is the same to every policy as another. */
  copyClass(c: number, like: number, family: number, portMap: number): void {
    if (c >= this.weight.length) this.#widen(Math.max(c + 1, this.weight.length * 2));
    this.weight[c] = 0;
    this.family[c] = family;
    this.portMap[c] = portMap;
    this.meant.copy(like, c);
    for (const side of [this.egress, this.ingress]) {
      side.enter(c, side.profiles.again(side.profileOf[like]!));
      side.atomOf[c] = side.atoms.again(side.atomOf[like]!);
    }
    this.rows.enter(c, family);
    this.columns.enter(c, family);
    for (let i = this.meant.count(c) - 1; i >= 0; i--) this.settle(this.meant.setAt(c, i));
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
    for (const peer of peers) this.settle(peer);
  }

  readonly #unused = (peer: number): void => this.settle(peer);

  /** Holds a profile for `setProfiles`. */
  holdProfile(direction: Direction, list: ArrayLike<number>, length: number): number {
    const side = this.side(direction);
    const profile = side.hold(list, length, (peer) => this.settle(peer));
    if (direction === 'egress' && side.profiles.refs(profile) === 1) this.learnNames(profile);
    return profile;
  }

  releaseProfile(direction: Direction, profile: number): void {
    this.side(direction).release(profile, this.#unused);
  }

  /** Gives a class without pods, or while nothing is counted, other profiles, which the caller holds and hands over. */
  setProfiles(c: number, egress: number, ingress: number): void {
    this.#setProfile(this.egress, c, egress);
    this.#setProfile(this.ingress, c, ingress);
  }

  #setProfile(side: Side, c: number, profile: number): void {
    const before = side.profileOf[c]!;
    if (before !== profile) {
      side.leave(c);
      side.enter(c, profile);
      this.#lines(side).update(c, this.family[c]!, this.weight[c]!);
    }
    side.release(before, this.#unused);
  }

  /** Gives classes other profiles, which the caller holds and hands over. */
  changeProfiles(changes: readonly NewProfiles[]): void {
    for (const { c } of changes) if (this.#isCounted(c)) this.touched++;
    // Egress changes rows alone, ingress columns.
    for (const side of [this.egress, this.ingress]) {
      this.#together(side, () => {
        for (const change of changes) {
          const { c } = change;
          const profile = side === this.egress ? change.egress : change.ingress;
          const set = (): void => this.#setProfile(side, c, profile);
          if (profile === side.profileOf[c] || !this.#isCounted(c)) set();
          else this.#changeLine(side, c, true, set);
        }
      });
    }
  }

  /** Which lines of a class change when it joins or leaves peers: a peer that nobody names changes none. */
  concerns(leaves: readonly number[], joins: readonly number[]): Concerned {
    const isUsed = (side: Side): boolean => {
      const isNamed = (peer: number): boolean => side.users.size(peer) > 0 || (side.tierUse[peer] ?? 0) > 0;
      for (const peer of leaves) if (isNamed(peer)) return true;
      for (const peer of joins) if (isNamed(peer & ~unsureMark)) return true;
      return false;
    };
    return { row: isUsed(this.ingress), column: isUsed(this.egress) };
  }

  /** Lets classes join some peers and leave others. */
  changePeers(changes: readonly NewPeers[]): void {
    // Of most classes only the row changes, or only the column: who is admitted by whom.
    const rows: NewPeers[] = [];
    const columns: NewPeers[] = [];
    const both: NewPeers[] = [];
    for (const change of changes) {
      const { c, leaves, joins } = change;
      const { row, column } = this.concerns(leaves, joins);
      if ((!row && !column) || !this.#isCounted(c)) this.#setPeers(change);
      else {
        this.touched++;
        (row && column ? both : row ? rows : columns).push(change);
      }
    }
    for (const [side, some] of [
      [this.egress, rows],
      [this.ingress, columns],
    ] as const) {
      if (some.length > 0) this.#together(side, () => this.#changePeersOf(side, some));
    }
    for (const change of both) {
      this.#addClass(change.c, -1);
      this.#setPeers(change);
      this.#addClass(change.c, 1);
    }
    for (const { leaves, joins } of changes) {
      for (const peer of leaves) this.settle(peer);
      for (const peer of joins) this.settle(peer & ~unsureMark);
    }
  }

  #changePeersOf(side: Side, changes: readonly NewPeers[]): void {
    const opposite = side === this.egress ? this.ingress : this.egress;
    // What dense peers say goes by lines.
    const isSparse = (peer: number): boolean =>
      opposite.dense[peer & ~unsureMark] === 0 && opposite.users.size(peer & ~unsureMark) > 0;
    for (const change of changes) {
      const touches = change.leaves.some(isSparse) || change.joins.some(isSparse);
      this.#changeLine(side, change.c, touches, () => this.#setPeers(change));
    }
  }

  #setPeers({ c, leaves, joins }: NewPeers): void {
    for (const peer of leaves) this.meant.remove(peer, c);
    for (const peer of joins) this.meant.add(peer & ~unsureMark, c, (peer & unsureMark) !== 0);
    for (const side of [this.egress, this.ingress]) {
      // Atoms are made of dense peers alone.
      const isDense = (peer: number): boolean => side.dense[peer & ~unsureMark] === 1;
      if (leaves.some(isDense) || joins.some(isDense)) this.setAtom(side, c);
    }
  }

  #isCounted(c: number): boolean {
    return this.#counting && this.weight[c]! > 0;
  }

  #lines(side: Side): Lines {
    return side === this.egress ? this.rows : this.columns;
  }

  /**
   * Changes many classes of which only rows change, or only columns: each line is then added and taken away once for all of
   * them, however many they are.
   */
  #together(side: Side, change: () => void): void {
    const isFirst = this.defer();
    change();
    const lines = this.#lines(side);
    for (const [from, targets] of this.#moves) {
      for (const [to, pods] of targets) {
        this.#moveLine(side, from, to, pods);
        lines.release(from);
        lines.release(to);
      }
    }
    this.#moves.clear();
    if (isFirst) this.settleAll();
  }

  /**
   * Changes one class of which only the row changes (in egress) or only the column: what sparse entries say of it at once, and
   * its line at the end of `#together`.
   *
   * @param touches - whether sparse entries say something else of it afterwards
   */
  #changeLine(side: Side, c: number, touches: boolean, change: () => void): void {
    const weight = this.weight[c]!;
    const lines = this.#lines(side);
    const from = lines.hold(lines.of[c]!);
    let count = this.gather(side, c);
    this.totals.add(this.#addTouched(side, c, -weight, count), 1, weight);
    this.#addExempts(side, c, -1);
    change();
    if (touches) count = this.gather(side, c);
    this.totals.add(this.#addTouched(side, c, weight, count), -1, weight);
    this.#addExempts(side, c, 1);
    const to = lines.of[c]!;
    if (to === from) {
      lines.release(from);
      return;
    }
    let targets = this.#moves.get(from);
    if (targets === undefined) this.#moves.set(from, (targets = new Map<number, number>()));
    const known = targets.get(to);
    targets.set(to, (known ?? 0) + weight);
    // One hold of either is enough.
    if (known === undefined) lines.hold(to);
    else lines.release(from);
  }

  /** Moves pods from one row to another (in egress) or from one column to another. */
  #moveLine(side: Side, from: number, to: number, pods: number): void {
    const isRow = side === this.egress;
    const { weight, top } = isRow ? this.columns : this.rows;
    for (let k = 0; k < top; k++) {
      const others = weight[k]!;
      if (others === 0) continue;
      const before = isRow ? this.block(from, k) : this.block(k, from);
      const after = isRow ? this.block(to, k) : this.block(k, to);
      if (before === after) continue;
      this.totals.add(before, -pods, others);
      this.totals.add(after, pods, others);
    }
  }

  /** Adds (1) or takes away (-1) all pairs of distinct pods with this class as source or as destination. */
  #addClass(c: number, sign: 1 | -1): void {
    const weight = this.weight[c]!;
    this.#addLine(this.egress, c, sign * weight);
    const self = this.#addLine(this.ingress, c, sign * weight);
    // Pairs of the class with itself were counted by both lines, and each pod with itself.
    this.totals.add(self, -sign * weight, weight + 1);
    this.#addExempts(this.egress, c, sign);
    this.#addExempts(this.ingress, c, sign);
  }

  /** Adds or takes away what the own node exempts, with a class as source (in egress) or destination. */
  #addExempts(side: Side, c: number, sign: 1 | -1): void {
    const isRow = side === this.egress;
    const others = (isRow ? this.#exempt : this.#exemptTo).get(c);
    if (others === undefined) return;
    for (const [other, pairs] of others) this.#addExempt(isRow ? c : other, isRow ? other : c, sign * pairs);
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

  /** Carries out what changes no total, such as moving pods to a class that is the same to every policy. */
  unchanged(move: () => void): void {
    const counting = this.#counting;
    this.#counting = false;
    move();
    this.#counting = counting;
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

  /** Pairs of pods of two classes that their node exempts, one way, or with a negative number no longer (corner 42). */
  exempt(from: number, to: number, pairs: number): void {
    if (pairs === 0 || (this.family[from]! & this.family[to]!) === 0) return;
    addTo(this.#exempt, from, to, pairs);
    addTo(this.#exemptTo, to, from, pairs);
    if (this.#counting) this.#addExempt(from, to, pairs);
  }

  #addExempt(s: number, d: number, pairs: number): void {
    this.totals.add(this.access(s, d), -pairs, 1);
    this.totals.add(this.ofOwnNode(this.rows.of[s]!, this.columns.of[d]!), pairs, 1);
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
      const self = this.#addTouched(this.egress, c, weight, this.gather(this.egress, c));
      this.totals.add(self, -1, weight);
    }
    for (const [a, others] of this.#exempt) for (const [b, pairs] of others) this.#addExempt(a, b, pairs);
  }

  /** Adds `factor` times the weight of every class to its access from `c` (to `c` in ingress), and says that of `c` itself. */
  #addLine(side: Side, c: number, factor: number): number {
    const isRow = side === this.egress;
    const own = (isRow ? this.rows : this.columns).of[c]!;
    const { weight, top } = isRow ? this.columns : this.rows;
    const grid = this.blocks;
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
    return this.#addTouched(side, c, factor, this.gather(side, c));
  }

  /**
   * The same for the pairs that sparse entries touch: from the access of their block to the exact one.
   *
   * @param count - how many of them `gather` has found
   */
  #addTouched(side: Side, c: number, factor: number, count: number): number {
    let self = this.blockOf(side, c, c);
    for (let i = 0; i < count; i++) {
      const other = this.list[i]!;
      const access = this.exact(side, c, other);
      if (other === c) self = access;
      const weight = this.weight[other]!;
      if (weight === 0) continue;
      const block = this.blockOf(side, c, other);
      if (access === block) continue;
      this.totals.add(access, factor, weight);
      this.totals.add(block, -factor, weight);
    }
    return self;
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
    this.blocks.clear();
    this.forgetNames();
    const { atoms } = this.egress;
    for (let c = 0; c < this.weight.length; c++) {
      if (!this.rows.isIn(c)) continue;
      used.portMaps.add(this.portMap[c]!);
      this.setAtom(this.egress, c);
    }
    for (let atom = 0; atom < atoms.top; atom++) if (atoms.isLive(atom)) used.portMaps.add(atoms.at(atom, 0));
    for (const side of [this.egress, this.ingress]) {
      side.memo.clear();
      side.tierMemo.clear();
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
      for (const id of [access, this.accesses.most(access)]) {
        const { both, only4, only6 } = this.accesses.access(id);
        for (const set of [both, only4, only6]) used.sets.add(set);
      }
    }
    this.accesses.keep(accesses);
  }

  #widen(length: number): void {
    this.weight = grownFloat(this.weight, length);
    this.widenClasses(length);
  }
}

function addTo(counts: Map<number, Map<number, number>>, a: number, b: number, by: number): void {
  let of = counts.get(a);
  if (of === undefined) counts.set(a, (of = new Map<number, number>()));
  const count = (of.get(b) ?? 0) + by;
  if (count !== 0) of.set(b, count);
  else of.delete(b);
  if (of.size === 0) counts.delete(a);
}
