import { matches } from '../../model/index.ts';
import type { ClusterNode, LabelSelector } from '../../model/index.ts';
import { families } from '../../net/index.ts';
import type { Family } from '../../net/index.ts';
import { addressRanges } from '../blocks.ts';
import type { Block } from '../blocks.ts';

/** The nodes, the pods that are their node, and the selectors of nodes that tiers ask for (corner 63). */
export class HostNodes {
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #freed: number[] = [];
  /** By number of a node: its host-network pods. */
  readonly #pods: Set<number>[] = [];
  /** By peer: its selector. */
  readonly #selectors = new Map<number, LabelSelector>();
  /** By text of the selector: its number, and by number how often it is held. */
  readonly #scopes = new Map<string, number>();
  #nextScope = 0;

  /** Whether any rule asks for nodes, so that it matters where a host-network pod runs. */
  get isAsked(): boolean {
    return this.#selectors.size > 0;
  }

  /** Adds a host-network pod; the number of its node, -1 where none is known. */
  enter(pod: number, name: string | undefined): number {
    if (name === undefined) return -1;
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.#freed.pop() ?? this.#names.length;
      this.#ids.set(name, id);
      this.#names[id] = name;
      this.#pods[id] = new Set();
    }
    this.#pods[id]!.add(pod);
    return id;
  }

  leave(pod: number, name: string | undefined): void {
    const id = name === undefined ? undefined : this.#ids.get(name);
    if (name === undefined || id === undefined) return;
    this.#pods[id]!.delete(pod);
    if (this.#pods[id]!.size > 0) return;
    this.#ids.delete(name);
    this.#freed.push(id);
  }

  /** The host-network pods by number of their node. */
  *all(): Generator<readonly [pod: number, node: number]> {
    for (const id of this.#ids.values()) for (const pod of this.#pods[id]!) yield [pod, id];
  }

  podsOn(name: string): readonly number[] {
    const id = this.#ids.get(name);
    return id === undefined ? [] : [...this.#pods[id]!];
  }

  /** Gives a node other labels and addresses; `undefined`: it is gone. */
  setNode(name: string, node: ClusterNode | undefined): void {
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
  }

  /** The number of a selector of nodes, for its peer. */
  scopeOf(selector: LabelSelector): number {
    const text = JSON.stringify(
      selector.requirements.map(({ key, operator, values }) => [key, operator, values]),
    );
    let scope = this.#scopes.get(text);
    if (scope === undefined) this.#scopes.set(text, (scope = this.#nextScope++));
    return scope;
  }

  ask(peer: number, selector: LabelSelector): void {
    this.#selectors.set(peer, selector);
  }

  askNoMore(peer: number): void {
    this.#selectors.delete(peer);
    if (this.#selectors.size === 0) this.#scopes.clear();
  }

  /** Whether a peer means a node by its number. */
  isSelected(peer: number, node: number): boolean {
    const name = this.#names[node];
    // A node that only pods mention has no labels that are known.
    const labels =
      (name === undefined ? undefined : this.#nodes.get(name)?.labels) ?? new Map<string, string>();
    return node >= 0 && matches(this.#selectors.get(peer)!, labels);
  }

  /** The peers that mean a node. */
  peersOf(node: number): readonly number[] {
    return [...this.#selectors.keys()].filter((peer) => this.isSelected(peer, node));
  }

  /** The addresses of the nodes that a peer means, by family. */
  blocksOf(peer: number): readonly Block[] {
    const selector = this.#selectors.get(peer)!;
    const addresses = [...this.#nodes.values()]
      .filter(({ labels }) => matches(selector, labels))
      .flatMap((node) => node.addresses);
    return families.flatMap((family: Family) => {
      const own = addresses.filter((address) => address.family === family).map(({ value }) => value);
      return own.length === 0 ? [] : [{ family, ranges: addressRanges(family, own) }];
    });
  }
}
