import type { LabelSelector, Peer, TierPeer, TierPods } from '../../model/index.ts';
import { familyBits } from '../pod-traits.ts';
import { anyPeer } from '../peers.ts';
import { blockOf } from '../profiles/reading.ts';
import { noCell } from './block-index.ts';
import type { ClassFinder } from './class-finder.ts';
import type { LivePods } from './live-pods.ts';
import type { Tables } from './tables.ts';

/**
 * Selectors, blocks and peers: each is there as long as somebody holds it. One that comes parts classes, and one that goes brings
 * them together again; no pair changes by that.
 */
export class HeldPeers {
  readonly #tables: Tables;
  readonly #pods: LivePods;
  readonly #finder: ClassFinder;

  constructor(tables: Tables, pods: LivePods, finder: ClassFinder) {
    this.#tables = tables;
    this.#pods = pods;
    this.#finder = finder;
  }

  holdSelector(selector: LabelSelector): number {
    const id = this.#tables.selectors.hold(selector);
    if (this.#tables.selectors.isNew(id))
      this.#tables.labels.mention(this.#tables.selectors.requirements(id), 1, this.#pods.regroup);
    return id;
  }

  releaseSelector(id: number): void {
    const requirements = this.#tables.selectors.isLast(id)
      ? this.#tables.selectors.requirements(id)
      : undefined;
    this.#tables.selectors.release(id);
    if (requirements !== undefined) this.#tables.labels.mention(requirements, -1, this.#pods.regroup);
  }

  hold(peer: Peer, namespace: number): number {
    if (peer.kind === 'ipBlock') return this.#holdBlock(peer);
    const selector =
      peer.pods === undefined ? this.holdSelector({ requirements: [] }) : this.holdSelector(peer.pods);
    const own = peer.namespaces === 'own';
    const scope = own ? namespace : this.#tables.namespaces.holdSelector(peer.namespaces);
    const kind = own ? 'own' : 'selected';
    const known = this.#tables.peers.find(kind, scope, selector);
    if (known >= 0) {
      this.releaseSelector(selector);
      if (!own) this.#tables.namespaces.releaseSelector(scope);
      return this.#tables.peers.again(known);
    }
    if (own) this.#tables.namespaces.again(scope);
    const id = this.#tables.peers.add(kind, scope, selector);
    this.#tables.matrix.addPeer(id, familyBits.IPv4 | familyBits.IPv6, false);
    const mean = (c: number, unsure: boolean): void => {
      if (!unsure || this.#tables.assume === 'open') this.#tables.matrix.mean(id, c);
    };
    if (own) this.#finder.classesIn(scope, selector, mean);
    else this.#finder.classesAmong(scope, selector, mean);
    return id;
  }

  /** The peer of a new or known block, held once more. */
  #holdBlock(peer: Peer & { readonly kind: 'ipBlock' }): number {
    const { cidr, except } = blockOf(peer, this.#tables.profile);
    return this.#holdAddresses('block', this.#tables.blocks.hold(cidr, except));
  }

  /** @param block - which the caller holds and hands over */
  #holdAddresses(kind: 'block' | 'network', block: number): number {
    const known = this.#tables.peers.find(kind, block, 0);
    if (known >= 0) {
      this.#tables.blocks.release(block);
      return this.#tables.peers.again(known);
    }
    // What the other kind of peer has cut is cut.
    if (this.#tables.peers.find(kind === 'block' ? 'network' : 'block', block, 0) < 0) this.#cut(block);
    const id = this.#tables.peers.add(kind, block, 0);
    this.#tables.matrix.addPeer(id, familyBits[this.#tables.blocks.familyOf(block)], kind === 'block');
    for (const cell of this.#tables.blocks.cellsOf.copy(block)) {
      for (const c of this.#tables.classes.ofCell.copy(cell)) {
        if (kind === 'network' || this.#tables.isMatched(this.#tables.classes.isHost(c)))
          this.#tables.matrix.mean(id, c);
      }
    }
    return id;
  }

  /** Whom a subject or a peer of tiers means by labels, held once more. */
  holdTierPods(pods: TierPods & { readonly kind: 'pods' }): number {
    const selector = this.holdSelector(pods.pods ?? { requirements: [] });
    const scope = this.#tables.namespaces.holdSelector(pods.namespaces);
    const known = this.#tables.peers.find('tierPods', scope, selector);
    if (known >= 0) {
      this.releaseSelector(selector);
      this.#tables.namespaces.releaseSelector(scope);
      return this.#tables.peers.again(known);
    }
    const id = this.#tables.peers.add('tierPods', scope, selector);
    this.#tables.matrix.addPeer(id, familyBits.IPv4 | familyBits.IPv6, false);
    this.#finder.classesAmong(scope, selector, (c, unsure) => this.#tables.matrix.mean(id, c, unsure));
    return id;
  }

  #holdNodes(selector: LabelSelector): number {
    const scope = this.#tables.hosts.scopeOf(selector);
    const known = this.#tables.peers.find('nodes', scope, 0);
    if (known >= 0) return this.#tables.peers.again(known);
    const id = this.#tables.peers.add('nodes', scope, 0);
    this.#tables.matrix.addPeer(id, familyBits.IPv4 | familyBits.IPv6, false);
    // Host-network pods are told apart by their nodes as long as somebody asks for nodes.
    if (!this.#tables.hosts.isAsked) this.#partHosts(true);
    this.#tables.hosts.ask(id, selector);
    const seen = new Set<number>();
    for (const [pod, node] of this.#tables.hosts.all()) {
      const c = this.#tables.classes.of(pod);
      if (seen.has(c)) continue;
      seen.add(c);
      if (this.#tables.hosts.isSelected(id, node)) this.#tables.matrix.mean(id, c);
    }
    return id;
  }

  #partHosts(part: boolean): void {
    for (const [pod, node] of this.#tables.hosts.all())
      this.#pods.move(pod, {
        ...this.#tables.classes.key(this.#tables.classes.of(pod)),
        node: part ? node : -1,
      });
  }

  /** The ids of a peer entry, each held once more; `undefined` when it makes its rule fail closed (corners 59 and 66). */
  holdTierPeer(peer: TierPeer): readonly number[] | undefined {
    switch (peer.kind) {
      case 'unknown':
      case 'unusable':
        return undefined;
      case 'pods':
        return [this.holdTierPods(peer)];
      case 'networks':
        return peer.cidrs.map((cidr) => this.#holdAddresses('network', this.#tables.blocks.hold(cidr, [])));
      case 'nodes':
        return [this.#holdNodes(peer.nodes)];
      case 'domainNames': {
        const known = this.#tables.peers.find('domains', 0, 0);
        if (known >= 0) return [this.#tables.peers.again(known)];
        const id = this.#tables.peers.add('domains', 0, 0);
        this.#tables.matrix.addPeer(id, familyBits.IPv4 | familyBits.IPv6, false);
        return [id];
      }
    }
  }

  /** Parts the addresses that a new block holds from those that it does not. */
  #cut(block: number): void {
    const inside = new Map<number, number[]>();
    const family = this.#tables.blocks.familyOf(block);
    this.#tables.blocks.forEachInside(block, (pod) => {
      const cell = this.#tables.classes.cell(this.#tables.classes.of(pod), family);
      const list = inside.get(cell);
      if (list === undefined) inside.set(cell, [pod]);
      else list.push(pod);
    });
    for (const [cell, pods] of inside) {
      if (cell !== noCell && pods.length === this.#tables.classes.podsInCell(cell)) {
        this.#tables.blocks.renameCell(cell, block, true);
        continue;
      }
      const to = this.#tables.blocks.holdCellOf(this.#tables.blocks.withBlock(cell, block, true));
      this.#pods.moveAll(pods, (c) => this.#tables.classes.keyWithCell(c, family, to));
      this.#tables.blocks.releaseCell(to);
    }
  }

  /** Brings together again what only this block has parted, and lets it go. */
  #uncut(block: number): void {
    const family = this.#tables.blocks.familyOf(block);
    for (const cell of this.#tables.blocks.cellsOf.copy(block)) {
      const left = this.#tables.blocks.withBlock(cell, block, false);
      if (left.length > 0 && this.#tables.blocks.cells.find(left) < 0) {
        this.#tables.blocks.renameCell(cell, block, false);
        continue;
      }
      const to = this.#tables.blocks.holdCellOf(left);
      const pods = [...this.#tables.classes.ofCell.copy(cell)].flatMap((c) => [
        ...this.#tables.classes.pods.copy(c),
      ]);
      this.#pods.moveAll(pods, (c) => this.#tables.classes.keyWithCell(c, family, to));
      this.#tables.blocks.releaseCell(to);
    }
    this.#tables.blocks.release(block);
  }

  release(id: number): void {
    if (id === anyPeer) return;
    const kind = this.#tables.peers.kind(id);
    const scope = this.#tables.peers.scope(id);
    const selector = this.#tables.peers.selector(id);
    if (!this.#tables.peers.release(id)) return;
    this.#tables.matrix.removePeer(id);
    if (kind === 'block' || kind === 'network') {
      // As long as the other kind of peer needs it, it is cut.
      if (this.#tables.peers.find(kind === 'block' ? 'network' : 'block', scope, 0) < 0) this.#uncut(scope);
      else this.#tables.blocks.release(scope);
      return;
    }
    if (kind === 'domains') return;
    if (kind === 'nodes') {
      this.#tables.hosts.askNoMore(id);
      if (!this.#tables.hosts.isAsked) this.#partHosts(false);
      return;
    }
    if (kind === 'own') this.#tables.namespaces.release(scope);
    else this.#tables.namespaces.releaseSelector(scope);
    this.releaseSelector(selector);
  }
}
