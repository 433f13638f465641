import { PairMap } from './pair-map.ts';

/** Whom one peer means, in numbers (corners 12 to 14); `block` for the pods whose address it holds. */
export type PeerKind = 'own' | 'selected' | 'block';

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
  };
  /** By pod selector: how many peers of kind `selected` have it. */
  readonly #selecting: number[] = [];

  get size(): number {
    return this.#ids.own.size + this.#ids.selected.size + this.#ids.block.size;
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
    if (kind === 'selected') this.#selecting[selector] = this.selecting(selector) + 1;
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
    if (kind === 'selected') this.#selecting[this.selector(peer)]!--;
    this.#freed.push(peer);
    return true;
  }
}
