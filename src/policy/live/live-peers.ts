import { IntLists } from './int-lists.ts';
import { PairMap } from '../pair-map.ts';

/**
 * Whom one peer means, in numbers (corners 12 to 14); `block` for the pods whose address it holds. The others are of tiers:
 * `tierPods` by both selectors, `network` as a block whose pods any profile matches, `nodes` and `domains` (corner 63).
 */
export type PeerKind = 'own' | 'selected' | 'block' | 'tierPods' | 'network' | 'nodes' | 'domains';

/** Peers as numbers while rules name them; 0 is the peer that everybody is, and is never given up. */
export class LivePeers {
  readonly #kind: PeerKind[] = ['own'];
  readonly #scope: number[] = [-1];
  readonly #selector: number[] = [-1];
  readonly #refs: number[] = [1];
  readonly #freed: number[] = [];
  readonly #ids = {
    own: new PairMap(),
    selected: new PairMap(),
    block: new PairMap(),
    tierPods: new PairMap(),
    network: new PairMap(),
    nodes: new PairMap(),
    domains: new PairMap(),
  };
  /** By pod selector: how many peers of kinds `selected` and `tierPods` have it. */
  readonly #selecting: number[] = [];
  /** By namespace selector: those peers; and by peer where it stands there. */
  readonly ofScope: IntLists = new IntLists();
  readonly #posInScope: number[] = [];

  get size(): number {
    return Object.values(this.#ids).reduce((sum, { size }) => sum + size, 0);
  }

  kind(peer: number): PeerKind {
    return this.#kind[peer]!;
  }

  /** Its namespace, namespace selector or block. */
  scope(peer: number): number {
    return this.#scope[peer]!;
  }

  selector(peer: number): number {
    return this.#selector[peer]!;
  }

  /** -1 when nobody holds such a peer. */
  find(kind: PeerKind, scope: number, selector: number): number {
    return this.#ids[kind].get(scope, selector);
  }

  /** How many peers ask for a selector in namespaces that another selector matches. */
  selecting(selector: number): number {
    return this.#selecting[selector] ?? 0;
  }

  /** The id of a new peer, held once. */
  add(kind: PeerKind, scope: number, selector: number): number {
    const id = this.#freed.pop() ?? this.#kind.length;
    this.#kind[id] = kind;
    this.#scope[id] = scope;
    this.#selector[id] = selector;
    this.#refs[id] = 1;
    this.#ids[kind].set(scope, selector, id);
    if (isSelecting(kind)) {
      this.#selecting[selector] = this.selecting(selector) + 1;
      this.#posInScope[id] = this.ofScope.push(scope, id);
    }
    return id;
  }

  again(peer: number): number {
    this.#refs[peer]!++;
    return peer;
  }

  /** Lets go once; true when nobody holds the peer any more. */
  release(peer: number): boolean {
    if (--this.#refs[peer]! > 0) return false;
    const kind = this.kind(peer);
    this.#ids[kind].delete(this.scope(peer), this.selector(peer));
    if (isSelecting(kind)) {
      this.#selecting[this.selector(peer)]!--;
      const moved = this.ofScope.swapRemove(this.scope(peer), this.#posInScope[peer]!);
      if (moved >= 0) this.#posInScope[moved] = this.#posInScope[peer]!;
    }
    this.#freed.push(peer);
    return true;
  }
}

function isSelecting(kind: PeerKind): boolean {
  return kind === 'selected' || kind === 'tierPods';
}
