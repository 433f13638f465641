import type { Direction } from '../../model/index.ts';
import type { Block } from '../blocks.ts';
import { outsideOf } from '../outside.ts';
import type { OutsideSegment } from '../outside.ts';
import type { ClassProfile } from '../parts.ts';
import { anyPeer } from '../peers.ts';
import type { PeerDefinition } from '../peers.ts';
import { tiersOutside } from '../tier-outside.ts';
import { everybody } from '../tier-peers.ts';
import type { TierPeerDefinition } from '../tier-peers.ts';
import type { Bound } from '../tier-value.ts';
import type { Tables } from './tables.ts';

const firstOfNodes = 1 << 28;

/** What profiles say of addresses that are no pod's. */
export class ProfileOutside {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** What the NetworkPolicies of a profile admit. */
  admitted(direction: Direction, profile: number): readonly OutsideSegment[] {
    const { ports, blocks } = this.#tables;
    const peers = { definition: (peer: number): PeerDefinition => this.#definition(peer) };
    return outsideOf(this.#profileAt(direction, profile), direction, { ports, blocks, peers });
  }

  /** A profile as `compile` has it. */
  #profileAt(direction: Direction, profile: number): ClassProfile {
    const side = this.#tables.matrix.side(direction);
    const entries = Array.from({ length: side.entries(profile) }, (_, i) => i);
    return {
      isolated: (side.profiles.at(profile, 0) & 1) === 1,
      peers: entries.map((i) => side.peerAt(profile, i)),
      ports: entries.map((i) => side.portsAt(profile, i)),
      tiers: side.tiersOf(profile) + 1,
    };
  }

  /** What a list of tiers says of addresses outside, in any case or under the choices that allow most (corner 60). */
  ofTiers(direction: Direction, list: number, bound: Bound): ReturnType<typeof tiersOutside>[number] {
    const ofNodes: Block[] = [];
    const definition = (peer: number): TierPeerDefinition => {
      if (peer === everybody) return { kind: 'everybody' };
      const scope = this.#tables.peers.scope(peer);
      switch (this.#tables.peers.kind(peer)) {
        case 'network':
          return { kind: 'network', block: scope };
        case 'nodes': {
          // Blocks of their own, behind all others: they change with the nodes.
          const blocks = this.#tables.hosts
            .blocksOf(peer)
            .map((block) => firstOfNodes + ofNodes.push(block) - 1);
          return { kind: 'nodes', selector: scope, blocks };
        }
        case 'domains':
          return { kind: 'domains' };
        case 'own':
        case 'selected':
        case 'block':
        case 'tierPods':
          return { kind: 'pods', namespaces: scope, selector: this.#tables.peers.selector(peer) };
      }
    };
    const block = (id: number): Block =>
      id >= firstOfNodes ? ofNodes[id - firstOfNodes]! : this.#tables.blocks.block(id);
    const one = this.#tables.tiers.list(direction, list);
    const [, segments] = tiersOutside(
      { direction, size: 2, list: () => one },
      { bound, assume: this.#tables.assume },
      { peers: { definition }, blocks: { block }, ports: this.#tables.ports },
    );
    return segments!;
  }

  #definition(peer: number): PeerDefinition {
    if (peer === anyPeer) return { kind: 'any' };
    const scope = this.#tables.peers.scope(peer);
    const selector = this.#tables.peers.selector(peer);
    switch (this.#tables.peers.kind(peer)) {
      case 'block':
        return { kind: 'block', block: scope };
      case 'own':
        return { kind: 'pods', namespace: scope, namespaces: undefined, selector };
      case 'selected':
      case 'tierPods':
      case 'network':
      case 'nodes':
      case 'domains':
        return { kind: 'pods', namespace: undefined, namespaces: scope, selector };
    }
  }
}
