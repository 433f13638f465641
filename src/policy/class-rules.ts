import type { Direction } from '../model/index.ts';
import type { CompiledRule } from './parts.ts';
import { anyPeer } from './peers.ts';
import { everything, nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';

/** What rules admit, gathered by peer (corner 2: the union of all; there is no order and no deny). */
export class Specs {
  readonly #ports: PortTable;
  /** By peer: its spec, which counts while its stamp is the current one. */
  #specOf: Int32Array;
  #stamp: Int32Array;
  #round = 1;
  /** The peers so far, in the order in which they were met. */
  #peers: Int32Array;
  #count = 0;
  /** Of peers with several specs: all of them, brought together once at the end. */
  readonly #several = new Map<number, Set<number>>();

  /** @param peers - how many there are; more may come later */
  constructor(ports: PortTable, peers: number) {
    this.#ports = ports;
    this.#specOf = new Int32Array(peers);
    this.#stamp = new Int32Array(peers);
    this.#peers = new Int32Array(peers);
  }

  clear(): void {
    this.#round++;
    this.#count = 0;
    if (this.#several.size > 0) this.#several.clear();
  }

  add({ peers, spec }: CompiledRule): void {
    for (let i = 0; i < peers.length; i++) this.addPeer(peers[i]!, spec);
  }

  addPeer(peer: number, spec: number): void {
    if (peer >= this.#stamp.length) this.#widen(peer + 1);
    if (this.#stamp[peer] !== this.#round) {
      this.#stamp[peer] = this.#round;
      this.#specOf[peer] = spec;
      this.#peers[this.#count++] = peer;
      return;
    }
    const known = this.#specOf[peer]!;
    if (known === spec) return;
    const several = this.#several.get(peer);
    if (several === undefined) this.#several.set(peer, new Set([known, spec]));
    else several.add(spec);
  }

  #widen(peers: number): void {
    const wider = (old: Int32Array): Int32Array => {
      const array = new Int32Array(Math.max(peers, old.length * 2));
      array.set(old);
      return array;
    };
    this.#specOf = wider(this.#specOf);
    this.#stamp = wider(this.#stamp);
    this.#peers = wider(this.#peers);
  }

  /**
   * Ends the gathering: `specOf` answers for each of the peers.
   *
   * @returns how many peers there are; they stand in `peers`, ascending
   */
  finish(): number {
    for (const [peer, specs] of this.#several) this.#specOf[peer] = this.#ports.specUnionOf(specs);
    sortFirst(this.#peers, this.#count);
    return this.#count;
  }

  /** The peers come first in it, until the next ones are gathered. */
  get peers(): Int32Array {
    return this.#peers;
  }

  /** What rules admit from or to a peer; `nothing` when none names it. */
  specOf(peer: number): number {
    return this.#stamp[peer] === this.#round ? this.#specOf[peer]! : nothing;
  }
}

/** Sorts the first items of an array, ascending; mostly there are few. */
function sortFirst(items: Int32Array, count: number): void {
  if (count > 32) {
    // What comes of lists that were sorted before stands in order already.
    if (!isAscending(items, count)) items.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const item = items[i]!;
    let j = i - 1;
    for (; j >= 0 && items[j]! > item; j--) items[j + 1] = items[j]!;
    items[j + 1] = item;
  }
}

function isAscending(items: Int32Array, count: number): boolean {
  for (let i = 1; i < count; i++) if (items[i - 1]! > items[i]!) return false;
  return true;
}

/**
 * Brings together what the policies of a class say in one direction: `clear`, `add` the rules of each policy that isolates
 * the direction, `finish`.
 */
export class ClassRules {
  readonly #ports: PortTable;
  readonly #assume: 'closed' | 'open';
  readonly #specs: Specs;
  #isolated = false;
  #items = new Int32Array(256);

  /** @param peers - how many there are; more may come later */
  constructor(ports: PortTable, assume: 'closed' | 'open', peers: number) {
    this.#ports = ports;
    this.#assume = assume;
    this.#specs = new Specs(ports, peers);
  }

  clear(): void {
    this.#isolated = false;
    this.#specs.clear();
  }

  /** @param unsure - whether files cannot tell that the policy selects the class */
  add(rules: readonly CompiledRule[], unsure: boolean): void {
    if (!this.isolate(unsure)) return;
    // Corner 2: the union of all rules; there is no order and no deny.
    for (const rule of rules) this.#specs.add(rule);
  }

  /**
   * Takes note of a policy that isolates the direction.
   *
   * @returns whether its rules count, which may be added to `specs`
   */
  isolate(unsure: boolean): boolean {
    // Corner 23: what cannot be decided is never treated as allowed, unless the other bound is asked.
    if (!unsure || this.#assume === 'closed') this.#isolated = true;
    return !(unsure && this.#assume === 'closed');
  }

  /** What the rules admit so far. */
  get specs(): Specs {
    return this.#specs;
  }

  /** What `finish` left: each peer, ascending, followed by its ports. */
  get items(): Int32Array {
    return this.#items;
  }

  /**
   * Writes `items`: port sets in ingress, where names resolve on the class itself (corner 28), specs in egress.
   *
   * @returns how many numbers `items` has; -1 when nothing isolates the class
   */
  finish(direction: Direction, portMap: number): number {
    if (!this.#isolated) return -1;
    const specs = this.#specs;
    const count = specs.finish();
    if (this.#items.length < count * 2) this.#items = new Int32Array(count * 4);
    const items = this.#items;
    let length = 0;
    if (specs.specOf(anyPeer) === everything) {
      items[length++] = anyPeer;
      items[length++] = everything;
      return length;
    }
    const { peers } = specs;
    for (let i = 0; i < count; i++) {
      const peer = peers[i]!;
      const spec = specs.specOf(peer);
      const set = direction === 'ingress' ? this.#ports.resolve(spec, portMap) : spec;
      // Corner 29: a name that the pod lacks admits nobody.
      if (direction === 'ingress' && set === nothing) continue;
      items[length++] = peer;
      items[length++] = set;
    }
    return length;
  }
}
