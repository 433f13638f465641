import { matches } from '../model/index.ts';
import type { ClusterNode, LabelSelector, TierPeer, TierPods } from '../model/index.ts';
import { families } from '../net/index.ts';
import type { BlockTable } from './blocks.ts';
import type { LabelTable } from './labels.ts';

/** Id of the tier peer that every end is, pods, nodes and all addresses alike: what a rule that fails closed means (corner 66). */
export const everybody = 0;

/** Whom one peer entry of a tier means, with selectors and blocks as ids. */
export type TierPeerDefinition =
  | { readonly kind: 'everybody' }
  /** Pods by both selectors; never host-network pods (corner 66). */
  | { readonly kind: 'pods'; readonly namespaces: number; readonly selector: number }
  /** One of the CIDRs of `networks`: addresses of pods, nodes and the outside alike (corners 58 and 63). */
  | { readonly kind: 'network'; readonly block: number }
  /** Nodes with all their addresses, and so the pods that are their node (corner 63). */
  | { readonly kind: 'nodes'; readonly selector: number; readonly blocks: readonly number[] }
  /** Addresses outside that some domain name may stand for (corner 63). */
  | { readonly kind: 'domains' };

/** Tier peers as numbers: entries that mean the same ends have one id. */
export class TierPeerTable {
  readonly #definitions: TierPeerDefinition[] = [{ kind: 'everybody' }];
  readonly #ids = new Map<string, number>();
  readonly #podLabels: LabelTable;
  readonly #namespaceLabels: LabelTable;
  readonly #nodeLabels: LabelTable;
  readonly #blocks: BlockTable;
  readonly #nodes: ReadonlyMap<string, ClusterNode>;
  #asksForDomains = false;
  #asksForNodes = false;
  #asksForNetworks = false;

  constructor(
    podLabels: LabelTable,
    namespaceLabels: LabelTable,
    nodeLabels: LabelTable,
    blocks: BlockTable,
    nodes: ReadonlyMap<string, ClusterNode>,
  ) {
    this.#nodes = nodes;
    this.#podLabels = podLabels;
    this.#namespaceLabels = namespaceLabels;
    this.#nodeLabels = nodeLabels;
    this.#blocks = blocks;
  }

  get size(): number {
    return this.#definitions.length;
  }

  /** Whether some rule names domains, of which files cannot tell the addresses. */
  get asksForDomains(): boolean {
    return this.#asksForDomains;
  }

  get asksForNodes(): boolean {
    return this.#asksForNodes;
  }

  get asksForNetworks(): boolean {
    return this.#asksForNetworks;
  }

  definition(peer: number): TierPeerDefinition {
    return this.#definitions[peer]!;
  }

  /** The ids of a peer entry, one for each CIDR of `networks`; `undefined` when it makes its rule fail closed (corners 59 and 66). */
  intern(peer: TierPeer): readonly number[] | undefined {
    switch (peer.kind) {
      case 'unknown':
      case 'unusable':
        return undefined;
      case 'pods': {
        const { namespaces, selector } = this.pods(peer);
        return [this.#add(`pods ${namespaces} ${selector}`, { kind: 'pods', namespaces, selector })];
      }
      case 'networks':
        this.#asksForNetworks = true;
        return peer.cidrs.map((cidr) => {
          const block = this.#blocks.intern(cidr, cidr, []);
          return this.#add(`network ${block}`, { kind: 'network', block });
        });
      case 'nodes': {
        this.#asksForNodes = true;
        const selector = this.#nodeLabels.selector(peer.nodes);
        const key = `nodes ${selector}`;
        const known = this.#ids.get(key);
        return [known ?? this.#add(key, { kind: 'nodes', selector, blocks: this.#addressesOf(peer.nodes) })];
      }
      case 'domainNames':
        this.#asksForDomains = true;
        return [this.#add('domains', { kind: 'domains' })];
    }
  }

  /** The addresses of the nodes that a selector matches, as blocks. */
  #addressesOf(selector: LabelSelector): readonly number[] {
    const selected = [...this.#nodes.values()].filter(({ labels }) => matches(selector, labels));
    return families.flatMap((family) => {
      const own = selected
        .flatMap(({ addresses }) => addresses)
        .filter((address) => address.family === family)
        .map(({ value }) => value);
      return own.length === 0 ? [] : [this.#blocks.internAddresses(family, own)];
    });
  }

  /** The selectors of pods by labels; without one of pods, all of the namespaces' (corner 66). */
  pods(pods: TierPods & { readonly kind: 'pods' }): {
    readonly namespaces: number;
    readonly selector: number;
  } {
    return {
      namespaces: this.#namespaceLabels.selector(pods.namespaces),
      selector: pods.pods === undefined ? this.#podLabels.everything : this.#podLabels.selector(pods.pods),
    };
  }

  #add(key: string, definition: TierPeerDefinition): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#definitions.length;
      this.#definitions.push(definition);
      this.#ids.set(key, id);
    }
    return id;
  }
}
