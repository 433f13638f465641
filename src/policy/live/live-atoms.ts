import type { PortTable } from '../port-table.ts';
import { unsureMark } from './live-tiers.ts';
import type { LiveTiers } from './live-tiers.ts';
import { PairAccess } from './pair-access.ts';
import type { Side } from './side.ts';

/**
 * Which peers are dense, and the atoms that these make of the classes. A peer that becomes dense or sparse moves classes between
 * lines and changes what no pair may use.
 */
export class LiveAtoms extends PairAccess {
  /** By class: how many pods it has. */
  weight: Float64Array = new Float64Array(16);
  /** How many classes have been looked at since this was last set to 0. */
  touched = 0;
  readonly #denseThreshold: number;
  /** Names that dense entries of egress ask for: what they mean is part of the atom of the destination. */
  readonly #denseNames = new Set<number>();
  readonly #restricted = new Map<number, number>();
  readonly #atom: number[] = [];
  /** Peers that may have to become dense or sparse, while nothing may. */
  #deferred: Set<number> | undefined;

  /** @param denseThreshold - peers that mean more classes than this are dense; they become sparse again at half of it */
  constructor(ports: PortTable, namedPortOnIpBlock: boolean, denseThreshold: number, tiers: LiveTiers) {
    super(ports, namedPortOnIpBlock, tiers);
    this.#denseThreshold = denseThreshold;
  }

  /**
   * Leaves peers dense or sparse as they are until `settleAll`, so that what was remembered of classes stays right.
   *
   * @returns false where they were left so before
   */
  defer(): boolean {
    if (this.#deferred !== undefined) return false;
    this.#deferred = new Set();
    return true;
  }

  settleAll(): void {
    const peers = this.#deferred ?? [];
    this.#deferred = undefined;
    for (const peer of peers) this.settle(peer);
  }

  /** Makes a peer dense or sparse in both directions, where its size or its use have come to ask for it. */
  protected settle(peer: number): void {
    if (this.#deferred !== undefined) {
      this.#deferred.add(peer);
      return;
    }
    const size = this.meant.size(peer);
    const threshold = this.#denseThreshold;
    for (const side of [this.egress, this.ingress]) {
      const isDense = side.dense[peer] === 1;
      const used = side.users.size(peer) > 0;
      // What tiers say may be less as well as more, so that their peers are never sparse: they are few.
      const isOfTiers = (side.tierUse[peer] ?? 0) > 0;
      if (!isDense && (isOfTiers || (used && size > threshold))) this.#turn(side, peer, 1);
      // A peer about the threshold must not turn with every pod that comes and goes.
      else if (isDense && !isOfTiers && (!used || size <= threshold >> 1)) this.#turn(side, peer, 0);
    }
  }

  #turn(side: Side, peer: number, dense: 0 | 1): void {
    side.dense[peer] = dense;
    for (let i = 0; i < this.meant.size(peer); i++) {
      this.touched++;
      this.setAtom(side, this.meant.members.at(peer, i));
    }
    const lines = side === this.egress ? this.rows : this.columns;
    const users = side.users.copy(peer);
    for (let u = 0; u < users.length; u += 2) {
      const profile = users[u]!;
      side.refill(profile);
      if (side === this.egress) this.learnNames(profile);
      for (let k = 0; k < side.classes.size(profile); k++) {
        const c = side.classes.at(profile, k);
        this.touched++;
        lines.update(c, this.family[c]!, this.weight[c]!);
      }
    }
  }

  /** The list of a class's atom; good until the next call. */
  protected atomList(side: Side, c: number): readonly number[] {
    const list = this.#atom;
    list.length = 1;
    list[0] = side === this.egress ? this.#restrict(this.portMap[c]!) : 0;
    const { dense } = side;
    for (let i = 0; i < this.meant.count(c); i++) {
      const set = this.meant.setAt(c, i);
      if (dense[set] !== 1) continue;
      const peer = this.meant.flagAt(c, i) ? set | unsureMark : set;
      // Few are dense: each is put where it belongs.
      let at = list.length;
      list.push(peer);
      for (; at > 1 && list[at - 1]! > peer; at--) list[at] = list[at - 1]!;
      list[at] = peer;
    }
    return list;
  }

  protected setAtom(side: Side, c: number): void {
    const before = side.atomOf[c]!;
    const atom = side.holdAtom(this.atomList(side, c));
    if (atom !== before) {
      side.atomOf[c] = atom;
      (side === this.egress ? this.columns : this.rows).update(c, this.family[c]!, this.weight[c]!);
    }
    side.atoms.release(before);
  }

  /** In egress a name resolves at the destination: what dense entries ask for is part of its atom. */
  protected learnNames(profile: number): void {
    const part = this.egress.partOf[profile]!;
    if (part < 0) return;
    let news = false;
    for (const name of this.#namesOf(part)) {
      if (this.#denseNames.has(name)) continue;
      this.#denseNames.add(name);
      news = true;
    }
    if (!news) return;
    this.#restricted.clear();
    for (let c = 0; c < this.weight.length; c++) {
      if (!this.rows.isIn(c)) continue;
      const before = this.egress.atomOf[c]!;
      if (this.egress.atoms.at(before, 0) !== this.#restrict(this.portMap[c]!)) this.setAtom(this.egress, c);
    }
    // What was worked out before knew no such names.
    this.egress.memo.clear();
    this.egress.tierMemo.clear();
    this.blocks.clear();
  }

  /** The names that a dense part of egress asks for. */
  *#namesOf(part: number): Generator<number> {
    const { parts } = this.egress;
    for (let i = 1; i < parts.size(part); i += 2) yield* this.ports.namesOf(parts.at(part, i + 1));
    const list = parts.at(part, 0) - 1;
    if (list >= 0) yield* this.tiers.namesOf(list);
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

  /** Forgets which names dense entries asked for, and learns those that are left. */
  protected forgetNames(): void {
    this.#denseNames.clear();
    this.#restricted.clear();
    const { parts } = this.egress;
    for (let part = 0; part < parts.top; part++) {
      if (!parts.isLive(part)) continue;
      for (const name of this.#namesOf(part)) this.#denseNames.add(name);
    }
  }
}
