import type { Direction } from '../../model/index.ts';
import { anyPeer } from '../peers.ts';
import { everything } from '../port-table.ts';
import { Grid } from './grid.ts';
import { grown, IntLists } from './int-lists.ts';
import { IntTable } from './int-table.ts';

/**
 * One direction: what classes say in it (profiles), cut into the dense part that many classes share and the sparse entries,
 * and what classes are to the others' profiles in it (atoms).
 *
 * A profile is the list of 1 when policies isolate, else 0, plus 2 times the list of its tiers plus 1, if it has one, and each
 * peer followed by its ports. A dense part is the list of the tiers plus 1 or 0, and dense peers with their ports. An atom is the list of what names mean there, and the dense peers that mean its classes.
 */
export class Side {
  readonly direction: Direction;
  readonly profiles: IntTable = new IntTable();
  /** By class: its profile. */
  profileOf: Int32Array = new Int32Array(16);
  /** By profile: its classes, and by class where it stands there. */
  readonly classes: IntLists = new IntLists();
  #posOf = new Int32Array(16);
  /** By peer: each profile that names it, followed by the index of the entry. */
  readonly users: IntLists = new IntLists();
  /** By profile and entry: where it stands in the list of the peer. */
  readonly #userPos = new IntLists();
  /** By profile: its dense part; -1 while it has none. */
  partOf: Int32Array = new Int32Array(16);
  /** By profile: each sparse peer followed by its ports. */
  readonly sparse: IntLists = new IntLists();
  readonly parts: IntTable = new IntTable();
  /** By peer: whether it is one of those that define atoms. */
  dense: Uint8Array = new Uint8Array(16);
  readonly atoms: IntTable = new IntTable();
  /** By class: its atom. */
  atomOf: Int32Array = new Int32Array(16);
  /** By dense part, and atom with lane: the ports. */
  readonly memo: Grid = new Grid();
  /** The profile of classes that nothing isolates. */
  readonly open: number;
  /** By list of tiers, and atom with lane: what the tiers say. */
  readonly tierMemo: Grid = new Grid();
  /** By peer: how many rules of tiers name it. */
  readonly tierUse: number[] = [];
  readonly #tierLists: IntTable;
  #scratch: number[] = [];

  constructor(direction: Direction, tierLists: IntTable) {
    this.direction = direction;
    this.#tierLists = tierLists;
    this.open = this.profiles.hold([0, anyPeer, everything]);
    this.#fillPart(this.open);
  }

  widenClasses(length: number): void {
    this.profileOf = grown(this.profileOf, length);
    this.#posOf = grown(this.#posOf, length);
    this.atomOf = grown(this.atomOf, length);
  }

  widenPeers(length: number): void {
    const dense = new Uint8Array(length);
    dense.set(this.dense);
    this.dense = dense;
  }

  /** The list of a profile's tiers; -1 where they say nothing. */
  tiersOf(profile: number): number {
    return (this.profiles.at(profile, 0) >> 1) - 1;
  }

  entries(profile: number): number {
    return (this.profiles.size(profile) - 1) >> 1;
  }

  peerAt(profile: number, i: number): number {
    return this.profiles.at(profile, 1 + i * 2);
  }

  portsAt(profile: number, i: number): number {
    return this.profiles.at(profile, 2 + i * 2);
  }

  /**
   * The id of a profile, held once more. When it is new, `used` is called for every peer that it names, before its parts are
   * made.
   */
  hold(list: ArrayLike<number>, length: number, used: (peer: number) => void): number {
    const profile = this.profiles.hold(list, length);
    if (this.profiles.refs(profile) > 1) return profile;
    if (this.tiersOf(profile) >= 0) this.#tierLists.again(this.tiersOf(profile));
    if (profile >= this.partOf.length) this.partOf = grown(this.partOf, this.partOf.length * 2);
    this.partOf[profile] = -1;
    const entries = this.entries(profile);
    for (let i = 0; i < entries; i++) {
      const peer = this.peerAt(profile, i);
      if (peer === anyPeer) {
        this.#userPos.push(profile, -1);
        continue;
      }
      this.#userPos.push(profile, this.users.push(peer, profile));
      this.users.push(peer, i);
    }
    for (let i = 0; i < entries; i++) if (this.peerAt(profile, i) !== anyPeer) used(this.peerAt(profile, i));
    this.#fillPart(profile);
    return profile;
  }

  /** Lets a profile go once; `unused` is called for every peer that it named when it is gone. */
  release(profile: number, unused: (peer: number) => void): void {
    if (this.profiles.refs(profile) > 1) {
      this.profiles.release(profile);
      return;
    }
    const tiers = this.tiersOf(profile);
    const peers: number[] = [];
    for (let i = 0; i < this.entries(profile); i++) {
      const peer = this.peerAt(profile, i);
      if (peer === anyPeer) continue;
      peers.push(peer);
      const at = this.#userPos.at(profile, i);
      const lastEntry = this.users.pop(peer);
      const last = this.users.pop(peer);
      if (at < this.users.size(peer)) {
        this.users.set(peer, at, last);
        this.users.set(peer, at + 1, lastEntry);
        this.#userPos.set(last, lastEntry, at);
      }
    }
    this.#userPos.clear(profile);
    this.sparse.clear(profile);
    this.parts.release(this.partOf[profile]!);
    this.profiles.release(profile);
    if (tiers >= 0) this.#tierLists.release(tiers);
    for (const peer of peers) unused(peer);
  }

  /** Puts a class under a profile, which the caller holds. */
  enter(c: number, profile: number): void {
    this.profileOf[c] = profile;
    this.#posOf[c] = this.classes.push(profile, c);
  }

  leave(c: number): void {
    const at = this.#posOf[c]!;
    const moved = this.classes.swapRemove(this.profileOf[c]!, at);
    if (moved >= 0) this.#posOf[moved] = at;
  }

  /** Cuts a profile anew, after a peer of it has become dense or sparse. */
  refill(profile: number): void {
    if (this.partOf[profile]! < 0) return;
    const before = this.partOf[profile]!;
    this.sparse.clear(profile);
    this.#fillPart(profile);
    this.parts.release(before);
  }

  #fillPart(profile: number): void {
    const part = this.#scratch;
    part.length = 1;
    part[0] = this.tiersOf(profile) + 1;
    for (let i = 0; i < this.entries(profile); i++) {
      const peer = this.peerAt(profile, i);
      const ports = this.portsAt(profile, i);
      if (peer === anyPeer || this.dense[peer] === 1) part.push(peer, ports);
      else {
        this.sparse.push(profile, peer);
        this.sparse.push(profile, ports);
      }
    }
    const id = this.parts.hold(part);
    if (this.parts.refs(id) === 1) this.memo.clearRow(id);
    this.partOf[profile] = id;
  }

  /** The id of an atom, held once more. */
  holdAtom(list: ArrayLike<number>): number {
    const atom = this.atoms.hold(list);
    if (this.atoms.refs(atom) === 1) {
      this.memo.clearColumn(atom * 2);
      this.memo.clearColumn(atom * 2 + 1);
      this.tierMemo.clearColumn(atom * 2);
      this.tierMemo.clearColumn(atom * 2 + 1);
    }
    return atom;
  }

  /** Whether a dense peer means the classes of an atom. */
  means(peer: number, atom: number): boolean {
    if (peer === anyPeer) return true;
    const { data } = this.atoms;
    const start = this.atoms.start(atom);
    const end = start + this.atoms.size(atom);
    for (let i = start + 1; i < end; i++) if (data[i] === peer) return true;
    return false;
  }
}
