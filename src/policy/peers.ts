import type { Peer } from '../model/index.ts';
import type { BlockTable } from './blocks.ts';
import type { LabelTable } from './labels.ts';
import { PairMap } from './pair-map.ts';
import type { Reading } from './profile.ts';
import { blockOf } from './profiles/reading.ts';

/** Id of the peer that every end is, pods, nodes and all addresses alike (corner 10). */
export const anyPeer = 0;

/** Whom one peer entry means, with selectors and blocks as ids. */
export type PeerDefinition =
  | { readonly kind: 'any' }
  /** Pods of one namespace, or of those that a namespace selector matches (corner 12). */
  | {
      readonly kind: 'pods';
      readonly namespace: number | undefined;
      readonly namespaces: number | undefined;
      readonly selector: number;
    }
  | { readonly kind: 'block'; readonly block: number };

/** Peers as numbers: entries that mean the same ends have one id. */
export class PeerTable {
  readonly #definitions: PeerDefinition[] = [{ kind: 'any' }];
  /** By namespace and selector. */
  readonly #own = new PairMap();
  /** By selector of namespaces and selector of pods. */
  readonly #selected = new PairMap();
  /** By block. */
  readonly #blocks: number[] = [];

  readonly #podLabels: LabelTable;
  readonly #namespaceLabels: LabelTable;
  readonly #blockTable: BlockTable;
  readonly #reading: Reading;

  constructor(podLabels: LabelTable, namespaceLabels: LabelTable, blocks: BlockTable, reading: Reading) {
    this.#podLabels = podLabels;
    this.#namespaceLabels = namespaceLabels;
    this.#blockTable = blocks;
    this.#reading = reading;
  }

  get size(): number {
    return this.#definitions.length;
  }

  definition(peer: number): PeerDefinition {
    return this.#definitions[peer]!;
  }

  /** The id of a peer entry of a policy in namespace number `namespace`. */
  intern(peer: Peer, namespace: number): number {
    if (peer.kind === 'ipBlock') {
      const { cidr, except } = blockOf(peer, this.#reading);
      const block = this.#blockTable.intern(peer, cidr, except);
      return (this.#blocks[block] ??= this.#definitions.push({ kind: 'block', block }) - 1);
    }
    const selector =
      peer.pods === undefined ? this.#podLabels.everything : this.#podLabels.selector(peer.pods);
    if (peer.namespaces === 'own') {
      const id = this.#own.getOrAdd(namespace, selector, this.size);
      if (id === this.size)
        this.#definitions.push({ kind: 'pods', namespace, namespaces: undefined, selector });
      return id;
    }
    const namespaces = this.#namespaceLabels.selector(peer.namespaces);
    const id = this.#selected.getOrAdd(namespaces, selector, this.size);
    if (id === this.size)
      this.#definitions.push({ kind: 'pods', namespace: undefined, namespaces, selector });
    return id;
  }
}
