import type { Direction } from '../../model/index.ts';
import { AccessTable } from '../access.ts';
import { familyBits } from '../pod-traits.ts';
import { anyPeer } from '../peers.ts';
import { no, unknown, yes } from '../labels.ts';
import type { Holds } from '../labels.ts';
import { everything, nothing } from '../port-table.ts';
import type { PortTable } from '../port-table.ts';
import { Grid } from './grid.ts';
import { grown } from './int-lists.ts';
import { Lines } from './lines.ts';
import { unsureMark } from './live-tiers.ts';
import type { LiveTiers } from './live-tiers.ts';
import { Memberships } from './memberships.ts';
import { Side } from './side.ts';

/**
 * What pairs of classes may use, read from what is in place by now: the block of a row and a column, what sparse entries add to it,
 * and both together for one pair. `LiveMatrix` puts things in place.
 */
export class PairAccess {
  readonly ports: PortTable;
  readonly accesses: AccessTable = new AccessTable();
  readonly egress: Side;
  readonly ingress: Side;
  readonly tiers: LiveTiers;
  /** Peers and the classes that they mean. */
  readonly meant: Memberships = new Memberships();
  readonly rows: Lines;
  readonly columns: Lines;
  /** Whether a named port of an egress rule resolves on a pod that only an ipBlock matches (corner 29). */
  readonly #namedPortOnIpBlock: boolean;
  /** By class. */
  protected family: Uint8Array = new Uint8Array(16);
  protected portMap: Int32Array = new Int32Array(16);
  /** By peer: the families in which it means anybody, and whether it is a block. */
  #lanes = new Uint8Array(16);
  #isBlock = new Uint8Array(16);
  /** By row and column: the access of the dense parts. */
  protected readonly blocks: Grid = new Grid();

  // Scratch of `gather`, one slot for each class; a slot counts when its stamp is the current one.
  #stamp = new Int32Array(16);
  #own4 = new Int32Array(16);
  #own6 = new Int32Array(16);
  #other4 = new Int32Array(16);
  #other6 = new Int32Array(16);
  protected list: Int32Array = new Int32Array(16);
  #round = 0;

  constructor(ports: PortTable, namedPortOnIpBlock: boolean, tiers: LiveTiers) {
    this.ports = ports;
    this.tiers = tiers;
    this.egress = new Side('egress', tiers.lists.egress);
    this.ingress = new Side('ingress', tiers.lists.ingress);
    this.#namedPortOnIpBlock = namedPortOnIpBlock;
    this.rows = new Lines(this.egress, this.ingress, (row) => this.blocks.clearRow(row));
    this.columns = new Lines(this.ingress, this.egress, (column) => this.blocks.clearColumn(column));
  }

  side(direction: Direction): Side {
    return direction === 'egress' ? this.egress : this.ingress;
  }

  familyOf(c: number): number {
    return this.family[c]!;
  }

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

  /** The access of a row and a column, sparse entries left out. */
  block(row: number, column: number): number {
    const known = this.blocks.get(row, column);
    if (known >= 0) return known;
    const { rows, columns } = this;
    const shared = rows.family(row) & columns.family(column);
    const [out, into] = [rows.part(row), columns.part(column)];
    const inLane = (lane: number, most: boolean): number =>
      this.ports.intersect(
        this.#allowed(this.egress, out, columns.atom(column), lane, nothing, most),
        this.#allowed(this.ingress, into, rows.atom(row), lane, nothing, most),
      );
    const isOpen = this.#isOpen(this.egress, out) || this.#isOpen(this.ingress, into);
    const access = this.#between(shared, isOpen, inLane);
    this.blocks.set(row, column, access);
    return access;
  }

  /**
   * The access of ends that share some families.
   *
   * @param isOpen - whether it may depend on which of several policies is applied (corner 60)
   * @param inLane - the ports in a family, in any case or under the choices that allow most
   */
  #between(shared: number, isOpen: boolean, inLane: (lane: number, most: boolean) => number): number {
    const bound = (most: boolean): number =>
      this.accesses.join(
        this.ports,
        shared,
        (shared & familyBits.IPv4) === 0 ? nothing : inLane(0, most),
        (shared & familyBits.IPv6) === 0 ? nothing : inLane(1, most),
      );
    return isOpen ? this.accesses.open(bound(false), bound(true)) : bound(false);
  }

  /** Whether what a part says may depend on which of several policies is applied (corner 60). */
  #isOpen(side: Side, part: number): boolean {
    const list = side.parts.at(part, 0) - 1;
    return list >= 0 && this.tiers.isOpen(side.direction, list);
  }

  /** What a dense part admits at an atom of the other end. */
  #dense(side: Side, part: number, atom: number, lane: number): number {
    const known = side.memo.get(part, atom * 2 + lane);
    if (known >= 0) return known;
    let set = nothing;
    for (let i = 1; i < side.parts.size(part); i += 2) {
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

  /**
   * What a side allows at an atom of the other end, its tiers asked.
   *
   * @param extra - what NetworkPolicies admit there beside their dense part
   * @param most - under those choices among policies of equal priority that allow most; else whichever is applied (corner 60)
   */
  #allowed(side: Side, part: number, atom: number, lane: number, extra: number, most: boolean): number {
    const admitted =
      extra === everything ? everything : this.ports.union(this.#dense(side, part, atom, lane), extra);
    const list = side.parts.at(part, 0) - 1;
    if (list < 0) return admitted;
    const value = this.#tierValue(side, list, atom, lane);
    return this.tiers.allowed(most ? this.tiers.most(value) : value, admitted);
  }

  #tierValue(side: Side, list: number, atom: number, lane: number): number {
    const known = side.tierMemo.get(list, atom * 2 + lane);
    if (known >= 0) return known;
    const { data } = side.atoms;
    const start = side.atoms.start(atom);
    const end = start + side.atoms.size(atom);
    const holds = (peer: number): Holds => {
      if (!this.#inLane(peer, lane)) return no;
      for (let i = start + 1; i < end; i++) {
        if (data[i] === peer) return yes;
        if (data[i] === (peer | unsureMark)) return unknown;
      }
      return no;
    };
    const names = side === this.egress ? side.atoms.at(atom, 0) : 0;
    const value = this.tiers.evaluate(side.direction, list, holds, names);
    side.tierMemo.set(list, atom * 2 + lane, value);
    return value;
  }

  /**
   * The access from a pod to its own node, or back: all but what tiers deny on the way there, which NetworkPolicies alone
   * exempt (corner 42).
   */
  ofOwnNode(row: number, column: number): number {
    const { rows, columns } = this;
    const part = rows.part(row);
    return this.#between(
      rows.family(row) & columns.family(column),
      this.#isOpen(this.egress, part),
      (lane, most) => this.#allowed(this.egress, part, columns.atom(column), lane, everything, most),
    );
  }

  #inLane(peer: number, lane: number): boolean {
    return peer === anyPeer || (this.#lanes[peer]! & (1 << lane)) !== 0;
  }

  #resolve(spec: number, peer: number, portMap: number): number {
    // Corner 29: a name in a rule that only an ipBlock brings to this pod.
    if (peer !== anyPeer && this.#isBlock[peer] === 1 && !this.#namedPortOnIpBlock)
      return this.ports.fixed(spec);
    return this.ports.resolve(spec, portMap);
  }

  /** The access of one pair of classes, for two different pods, without the own-node exemption. */
  access(s: number, d: number): number {
    return this.#between(
      this.family[s]! & this.family[d]!,
      this.#isOpen(this.egress, this.egress.partOf[this.egress.profileOf[s]!]!) ||
        this.#isOpen(this.ingress, this.ingress.partOf[this.ingress.profileOf[d]!]!),
      (lane, most) =>
        this.ports.intersect(
          this.#sideAllows(this.egress, s, d, lane, most),
          this.#sideAllows(this.ingress, d, s, lane, most),
        ),
    );
  }

  #sideAllows(side: Side, subject: number, other: number, lane: number, most: boolean): number {
    const profile = side.profileOf[subject]!;
    let set = nothing;
    const { sparse } = side;
    for (let i = 0; i < sparse.size(profile) && set !== everything; i += 2) {
      const peer = sparse.at(profile, i);
      if (!this.#inLane(peer, lane) || !this.meant.has(peer, other)) continue;
      const ports = sparse.at(profile, i + 1);
      set = this.ports.union(
        set,
        side === this.ingress ? ports : this.#resolve(ports, peer, this.portMap[other]!),
      );
    }
    return this.#allowed(side, side.partOf[profile]!, side.atomOf[other]!, lane, set, most);
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
    const count = this.gather(side, c);
    const list = this.list.slice(0, count);
    const accesses = Array.from(list, (other) => this.exact(side, c, other));
    for (let i = 0; i < count; i++) visit(list[i]!, accesses[i]!, this.blockOf(side, c, list[i]!));
  }

  protected blockOf(side: Side, c: number, other: number): number {
    return side === this.egress
      ? this.block(this.rows.of[c]!, this.columns.of[other]!)
      : this.block(this.rows.of[other]!, this.columns.of[c]!);
  }

  /** The exact access of `c` and a class that `gather` has found. */
  protected exact(side: Side, c: number, other: number): number {
    const sure = this.#exactBound(side, c, other, false);
    const opposite = side === this.egress ? this.ingress : this.egress;
    const isOpen =
      this.#isOpen(side, side.partOf[side.profileOf[c]!]!) ||
      this.#isOpen(opposite, opposite.partOf[opposite.profileOf[other]!]!);
    return isOpen ? this.accesses.open(sure, this.#exactBound(side, c, other, true)) : sure;
  }

  #exactBound(side: Side, c: number, other: number, most: boolean): number {
    const shared = this.family[c]! & this.family[other]!;
    const in4 = (shared & familyBits.IPv4) === 0 ? nothing : this.#exactIn(side, c, other, 0, most);
    const in6 = (shared & familyBits.IPv6) === 0 ? nothing : this.#exactIn(side, c, other, 1, most);
    return this.accesses.join(this.ports, shared, in4, in6);
  }

  #exactIn(side: Side, c: number, other: number, lane: 0 | 1, most: boolean): number {
    const opposite = side === this.egress ? this.ingress : this.egress;
    const { ports } = this;
    const own = this.#allowed(
      side,
      side.partOf[side.profileOf[c]!]!,
      side.atomOf[other]!,
      lane,
      (lane === 0 ? this.#own4 : this.#own6)[other]!,
      most,
    );
    if (own === nothing) return nothing;
    const theirs = this.#allowed(
      opposite,
      opposite.partOf[opposite.profileOf[other]!]!,
      opposite.atomOf[c]!,
      lane,
      (lane === 0 ? this.#other4 : this.#other6)[other]!,
      most,
    );
    return ports.intersect(own, theirs);
  }

  /** Finds what sparse entries say of `c` and others; returns how many others there are in `list`. */
  protected gather(side: Side, c: number): number {
    const opposite = side === this.egress ? this.ingress : this.egress;
    const { ports, meant } = this;
    const round = ++this.#round;
    let count = 0;
    const stamp = this.#stamp;
    const list = this.list;
    const [own4, own6, other4, other6] = [this.#own4, this.#own6, this.#other4, this.#other6];
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
        if (stamp[other] !== round) {
          stamp[other] = round;
          own4[other] = nothing;
          own6[other] = nothing;
          other4[other] = nothing;
          other6[other] = nothing;
          list[count++] = other;
        }
        const set = named ? this.#resolve(spec, peer, this.portMap[other]!) : fixed;
        if ((lanes & familyBits.IPv4) !== 0) own4[other] = ports.union(own4[other]!, set);
        if ((lanes & familyBits.IPv6) !== 0) own6[other] = ports.union(own6[other]!, set);
      }
    }
    for (let i = 0; i < meant.count(c); i++) {
      const peer = meant.setAt(c, i);
      if (opposite.dense[peer] === 1) continue;
      const lanes = this.#lanes[peer]!;
      for (let u = 0; u < opposite.users.size(peer); u += 2) {
        const user = opposite.users.at(peer, u);
        const spec = opposite.portsAt(user, opposite.users.at(peer, u + 1));
        const set = opposite === this.egress ? this.#resolve(spec, peer, this.portMap[c]!) : spec;
        for (let k = 0; k < opposite.classes.size(user); k++) {
          const other = opposite.classes.at(user, k);
          if (stamp[other] !== round) {
            stamp[other] = round;
            own4[other] = nothing;
            own6[other] = nothing;
            other4[other] = nothing;
            other6[other] = nothing;
            list[count++] = other;
          }
          if ((lanes & familyBits.IPv4) !== 0) other4[other] = ports.union(other4[other]!, set);
          if ((lanes & familyBits.IPv6) !== 0) other6[other] = ports.union(other6[other]!, set);
        }
      }
    }
    return count;
  }

  protected widenClasses(length: number): void {
    this.family = bytes(this.family, length);
    this.portMap = grown(this.portMap, length);
    this.#stamp = grown(this.#stamp, length);
    this.#own4 = grown(this.#own4, length);
    this.#own6 = grown(this.#own6, length);
    this.#other4 = grown(this.#other4, length);
    this.#other6 = grown(this.#other6, length);
    this.list = grown(this.list, length);
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
