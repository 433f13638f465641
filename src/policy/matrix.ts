import type { Direction } from '../model/index.ts';
import { noAccess } from './access.ts';
import type { AccessTable } from './access.ts';
import type { BlockTable } from './blocks.ts';
import type { ClassIndex } from './class-index.ts';
import { familyBits, isHost } from './classes.ts';
import type { ClassTable } from './classes.ts';
import { ListsBuilder } from './lists.ts';
import type { Lists } from './lists.ts';
import type { ClassProfile } from './parts.ts';
import { anyPeer } from './peers.ts';
import type { PeerTable } from './peers.ts';
import { everything, nothing } from './port-table.ts';
import type { PortTable } from './port-table.ts';
import type { Profile } from './profile.ts';
import { SequenceTable } from './sequences.ts';

/** What the matrix reads of a compiled policy. */
interface MatrixParts {
  readonly profile: Profile;
  readonly assume: 'closed' | 'open';
  readonly denseThreshold: number;
  readonly blocks: BlockTable;
  readonly ports: PortTable;
  readonly peers: PeerTable;
  readonly classes: ClassTable;
  readonly index: ClassIndex;
  readonly profileOf: { readonly [direction in Direction]: Int32Array };
  readonly profiles: { readonly [direction in Direction]: readonly ClassProfile[] };
}

/** One direction's profiles, each cut into the part that many classes share and the part that few do. */
interface Side {
  /** By profile: id of its dense part. */
  readonly denseOf: Int32Array;
  /** By dense part: the peers with their ports. */
  readonly dense: readonly ClassProfile[];
  /** By profile: peers that match few classes; their ports stand at the same index of `sparsePorts`. */
  readonly sparse: Lists;
  readonly sparsePorts: Int32Array;
  /** By class: its atom, the dense peers of this direction that it belongs to. */
  readonly atomOf: Int32Array;
  /** By atom: a class of it. */
  readonly example: readonly number[];
  /** By dense peer: the atoms that it means. */
  readonly has: ReadonlyMap<number, Uint8Array>;
  /** By dense part, atom and lane: the ports that it admits there, -1 where not asked yet. */
  readonly memo: Int32Array;
}

/** Blocks up to this number are kept in a table of 4 bytes each. */
const largestTable = 1 << 22;

/**
 * The access of every ordered pair of classes, factorised.
 *
 * Peers that match many classes (dense) part the classes into a handful of atoms; the pair's access is then a function
 * of the source's *row* (dense egress, atom as a peer, families) and the destination's *column* (dense ingress, atom as
 * a peer, families). Peers that match few classes (sparse) touch few pairs, and those are worked out one by one. So the
 * work is about the number of sparse entries and of blocks, not the square of the classes.
 */
export class Matrix {
  readonly #parts: MatrixParts;
  readonly #accesses: AccessTable;
  /** By peer: the classes that it means. */
  readonly #classesOfPeer: Lists;
  /** 2 when some ipBlock matches some pod, so that the families may differ; else 1. */
  readonly #lanes: 1 | 2;
  readonly #laneMask: Uint8Array;
  readonly #egress: Side;
  readonly #ingress: Side;
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  /** A class of each row and column. */
  readonly #rowExample: readonly number[];
  readonly #columnExample: readonly number[];
  /** By row and column: their access, -1 where not asked yet; a map where the table would be large. */
  readonly #table: Int32Array;
  readonly #rare = new Map<number, number>();
  /** By class: the sparse peers of ingress profiles that mean it. */
  readonly #sparsePeersOf: Lists;
  /** By sparse peer: the ingress profiles that admit it, each followed by the ports. */
  readonly #usersOf: Lists;
  /** By ingress profile: its classes. */
  readonly #classesOfProfile: Lists;

  // Scratch of `touched`, one slot for each class and lane; a slot counts when its stamp is the current one.
  readonly #stamp: Int32Array;
  readonly #extraEgress: readonly [Int32Array, Int32Array];
  readonly #extraIngress: readonly [Int32Array, Int32Array];
  #round = 0;

  constructor(parts: MatrixParts, accesses: AccessTable) {
    this.#parts = parts;
    this.#accesses = accesses;
    const { classes, profiles, profileOf, ports, blocks, peers } = parts;
    const size = classes.size;

    const used = {
      egress: usedPeers(profiles.egress, peers.size),
      ingress: usedPeers(profiles.ingress, peers.size),
    };
    let lanes: 1 | 2 = 1;
    const meant = new ListsBuilder();
    for (let peer = 0; peer < peers.size; peer++) {
      if (peer === anyPeer || (used.egress[peer] === 0 && used.ingress[peer] === 0)) continue;
      const list = this.#findClasses(peer);
      for (const c of list) meant.add(peer, c);
      if (peers.definition(peer).kind === 'block' && list.length > 0) lanes = 2;
    }
    this.#classesOfPeer = meant.finish(peers.size);
    this.#lanes = blocks.size === 0 ? 1 : lanes;
    this.#laneMask = this.#lanesOfPeers();

    // In egress a name resolves at the destination: its port map is part of its atom.
    const named = profiles.egress.some((profile) => profile.ports.some((spec) => ports.isNamed(spec)));
    this.#egress = this.#side('egress', used.egress, named ? classes.portMap : undefined);
    this.#ingress = this.#side('ingress', used.ingress, undefined);

    const rows = new Keys();
    const columns = new Keys();
    this.rowOf = new Int32Array(size);
    this.columnOf = new Int32Array(size);
    for (let c = 0; c < size; c++) {
      const family = classes.family[c]!;
      this.rowOf[c] = rows.of(
        this.#egress.denseOf[profileOf.egress[c]!]! * 4 + family,
        this.#ingress.atomOf[c]!,
        c,
      );
      this.columnOf[c] = columns.of(
        this.#ingress.denseOf[profileOf.ingress[c]!]! * 4 + family,
        this.#egress.atomOf[c]!,
        c,
      );
    }
    this.#rowExample = rows.examples;
    this.#columnExample = columns.examples;
    const cells = this.rowCount * this.columnCount;
    this.#table = new Int32Array(cells <= largestTable ? cells : 0).fill(-1);

    const users = new ListsBuilder();
    const { sparse, sparsePorts } = this.#ingress;
    for (let profile = 0; profile < profiles.ingress.length; profile++) {
      for (let i = sparse.starts[profile]!; i < sparse.starts[profile + 1]!; i++) {
        users.add(sparse.items[i]!, profile);
        users.add(sparse.items[i]!, sparsePorts[i]!);
      }
    }
    this.#usersOf = users.finish(peers.size);
    const sparsePeers = new ListsBuilder();
    for (let peer = 0; peer < peers.size; peer++) {
      if (this.#usersOf.count(peer) === 0) continue;
      const { starts, items } = this.#classesOfPeer;
      for (let i = starts[peer]!; i < starts[peer + 1]!; i++) sparsePeers.add(items[i]!, peer);
    }
    this.#sparsePeersOf = sparsePeers.finish(size);
    const selected = new ListsBuilder();
    for (let c = 0; c < size; c++) selected.add(profileOf.ingress[c]!, c);
    this.#classesOfProfile = selected.finish(profiles.ingress.length);

    this.#stamp = new Int32Array(size);
    this.#extraEgress = [new Int32Array(size), new Int32Array(this.#lanes === 2 ? size : 0)];
    this.#extraIngress = [new Int32Array(size), new Int32Array(this.#lanes === 2 ? size : 0)];
  }

  get rowCount(): number {
    return this.#rowExample.length;
  }

  get columnCount(): number {
    return this.#columnExample.length;
  }

  #findClasses(peer: number): readonly number[] {
    const { peers, index, classes, assume } = this.#parts;
    const definition = peers.definition(peer);
    switch (definition.kind) {
      case 'any':
        return Array.from({ length: classes.size }, (_, c) => c);
      case 'pods': {
        const { sure, unsure } =
          definition.namespace === undefined
            ? index.inNamespaces(definition.namespaces!, definition.selector)
            : index.inNamespace(definition.namespace, definition.selector);
        return assume === 'open' && unsure.length > 0 ? [...sure, ...unsure] : sure;
      }
      case 'block': {
        const cells = new Set(classes.cells.cellsOfBlock[definition.block]);
        const list: number[] = [];
        if (cells.size > 0) {
          for (let c = 0; c < classes.size; c++) {
            if (cells.has(classes.cell4[c]!) || cells.has(classes.cell6[c]!)) list.push(c);
          }
        }
        return list;
      }
    }
  }

  #side(direction: Direction, used: Uint8Array, firstCut: Int32Array | undefined): Side {
    const { profiles, classes, denseThreshold } = this.#parts;
    const densePeers: number[] = [];
    for (let peer = 0; peer < used.length; peer++) {
      if (used[peer] === 1 && peer !== anyPeer && this.#classesOfPeer.count(peer) > denseThreshold)
        densePeers.push(peer);
    }
    // Partition refinement: each dense peer parts the classes that it means from those that it does not.
    const atomOf = new Int32Array(classes.size);
    if (firstCut !== undefined) atomOf.set(firstCut);
    let next = 1 + atomOf.reduce((a, b) => Math.max(a, b), 0);
    for (const peer of densePeers) {
      const split = new Map<number, number>();
      for (const c of this.#classesOfPeer.of(peer)) {
        let to = split.get(atomOf[c]!);
        if (to === undefined) split.set(atomOf[c]!, (to = next++));
        atomOf[c] = to;
      }
    }
    const atoms = new Map<number, number>();
    const example: number[] = [];
    for (let c = 0; c < atomOf.length; c++) {
      let atom = atoms.get(atomOf[c]!);
      if (atom === undefined) {
        atoms.set(atomOf[c]!, (atom = example.length));
        example.push(c);
      }
      atomOf[c] = atom;
    }
    const has = new Map<number, Uint8Array>([[anyPeer, new Uint8Array(example.length).fill(1)]]);
    for (const peer of densePeers) {
      const mask = new Uint8Array(example.length);
      for (const c of this.#classesOfPeer.of(peer)) mask[atomOf[c]!] = 1;
      has.set(peer, mask);
    }

    const isDense = new Uint8Array(this.#parts.peers.size);
    for (const peer of has.keys()) isDense[peer] = 1;
    const denseOf = new Int32Array(profiles[direction].length);
    const dense: ClassProfile[] = [];
    const denseParts = new SequenceTable();
    let shared = new Int32Array(64);
    const sparse = new ListsBuilder();
    const sparsePorts = new ListsBuilder();
    for (const [id, profile] of profiles[direction].entries()) {
      let length = 0;
      if (shared.length < profile.peers.length * 2) shared = new Int32Array(profile.peers.length * 4);
      for (let i = 0; i < profile.peers.length; i++) {
        const peer = profile.peers[i]!;
        if (isDense[peer] === 1) {
          shared[length++] = peer;
          shared[length++] = profile.ports[i]!;
        } else {
          sparse.add(id, peer);
          sparsePorts.add(id, profile.ports[i]!);
        }
      }
      const part = denseParts.intern(shared, 0, length);
      if (part === dense.length) dense.push(profileFrom(profile.isolated, shared, length));
      denseOf[id] = part;
    }
    return {
      denseOf,
      dense,
      sparse: sparse.finish(denseOf.length),
      sparsePorts: sparsePorts.finish(denseOf.length).items,
      atomOf,
      example,
      has,
      memo: new Int32Array(dense.length * example.length * 2).fill(-1),
    };
  }

  /** The lanes in which each peer means anybody: bit 0 is IPv4 and bit 1 IPv6 where the families may differ. */
  #lanesOfPeers(): Uint8Array {
    const { peers, blocks } = this.#parts;
    const masks = new Uint8Array(peers.size).fill(3);
    if (this.#lanes === 1) return masks;
    for (let peer = 0; peer < masks.length; peer++) {
      const definition = peers.definition(peer);
      if (definition.kind === 'block') masks[peer] = familyBits[blocks.block(definition.block).family];
    }
    return masks;
  }

  /** What a side's dense part admits at an atom of the other end. */
  #denseAt(direction: Direction, densePart: number, atom: number, lane: number): number {
    const side = direction === 'egress' ? this.#egress : this.#ingress;
    const key = (densePart * side.example.length + atom) * 2 + lane;
    let set = side.memo[key]!;
    if (set < 0) {
      set = this.#evaluate(
        direction,
        side.dense[densePart]!,
        side.example[atom]!,
        lane,
        (peer) => side.has.get(peer)![atom] === 1,
      );
      side.memo[key] = set;
    }
    return set;
  }

  #evaluate(
    direction: Direction,
    profile: ClassProfile,
    otherClass: number,
    lane: number,
    means: (peer: number) => boolean,
  ): number {
    const { ports } = this.#parts;
    let set = nothing;
    for (let i = 0; i < profile.peers.length && set !== everything; i++) {
      const peer = profile.peers[i]!;
      if ((this.#laneMask[peer]! & (1 << lane)) === 0 || !means(peer)) continue;
      set = ports.union(
        set,
        direction === 'ingress' ? profile.ports[i]! : this.#resolve(profile.ports[i]!, peer, otherClass),
      );
    }
    return set;
  }

  #resolve(spec: number, peer: number, destination: number): number {
    const { ports, peers, classes, profile } = this.#parts;
    // Corner 29: a name in a rule that only an ipBlock brings to this pod.
    if (!profile.namedPortOnIpBlock && peers.definition(peer).kind === 'block') return ports.fixed(spec);
    return ports.resolve(spec, classes.portMap[destination]!);
  }

  /** The access of a row and a column, sparse peers left out. */
  block(row: number, column: number): number {
    const key = row * this.columnCount + column;
    const tabled = this.#table.length > 0;
    const known = tabled ? this.#table[key]! : (this.#rare.get(key) ?? -1);
    if (known >= 0) return known;
    const s = this.#rowExample[row]!;
    const d = this.#columnExample[column]!;
    const { classes, ports } = this.#parts;
    const access = this.#join(
      classes.family[s]! & classes.family[d]!,
      (_, lane) =>
        ports.intersect(this.#densePair('egress', s, d, lane), this.#densePair('ingress', s, d, lane)),
      d,
    );
    if (tabled) this.#table[key] = access;
    else if (this.#rare.size < largestTable) this.#rare.set(key, access);
    return access;
  }

  #densePair(direction: Direction, s: number, d: number, lane: number): number {
    const { profileOf } = this.#parts;
    return direction === 'egress'
      ? this.#denseAt('egress', this.#egress.denseOf[profileOf.egress[s]!]!, this.#egress.atomOf[d]!, lane)
      : this.#denseAt(
          'ingress',
          this.#ingress.denseOf[profileOf.ingress[d]!]!,
          this.#ingress.atomOf[s]!,
          lane,
        );
  }

  /**
   * Brings the families of a pair together (corner 37).
   *
   * @param shared - the families that both ends have, as `familyBits`
   * @param inLane - what the pair may use in one lane, by class of the destination
   */
  #join(shared: number, inLane: (d: number, lane: 0 | 1) => number, d: number): number {
    if (shared === 0) return noAccess;
    if (this.#lanes === 1 || shared === familyBits.IPv4) return this.#accesses.simple(inLane(d, 0));
    if (shared === familyBits.IPv6) return this.#accesses.simple(inLane(d, 1));
    const in4 = inLane(d, 0);
    const in6 = inLane(d, 1);
    if (in4 === in6) return this.#accesses.simple(in4);
    const { ports } = this.#parts;
    return this.#accesses.of(ports.intersect(in4, in6), ports.minus(in4, in6), ports.minus(in6, in4));
  }

  /**
   * The destinations whose access from class `s` differs or may differ from their block's, with the exact access:
   * `visit(d, access)`, each `d` once. Pairs of one class are answered for two different pods.
   */
  touched(s: number, visit: (d: number, access: number) => void): void {
    const { profileOf, classes, ports } = this.#parts;
    const round = ++this.#round;
    const list: number[] = [];
    const [egress4, egress6] = this.#extraEgress;
    const [ingress4, ingress6] = this.#extraIngress;
    const single = this.#lanes === 1;
    const egress = this.#egress.sparse;
    const means = this.#classesOfPeer;
    const profile = profileOf.egress[s]!;
    for (let i = egress.starts[profile]!; i < egress.starts[profile + 1]!; i++) {
      const peer = egress.items[i]!;
      const lanes = this.#laneMask[peer]!;
      const spec = this.#egress.sparsePorts[i]!;
      const named = ports.isNamed(spec);
      for (let k = means.starts[peer]!; k < means.starts[peer + 1]!; k++) {
        const d = means.items[k]!;
        this.#touch(d, round, list);
        const set = named ? this.#resolve(spec, peer, d) : ports.fixed(spec);
        if ((lanes & 1) !== 0) egress4[d] = ports.union(egress4[d]!, set);
        if (!single && (lanes & 2) !== 0) egress6[d] = ports.union(egress6[d]!, set);
      }
    }
    const meaning = this.#sparsePeersOf;
    const users = this.#usersOf;
    const selected = this.#classesOfProfile;
    for (let i = meaning.starts[s]!; i < meaning.starts[s + 1]!; i++) {
      const peer = meaning.items[i]!;
      const lanes = this.#laneMask[peer]!;
      for (let u = users.starts[peer]!; u < users.starts[peer + 1]!; u += 2) {
        const user = users.items[u]!;
        const admitted = users.items[u + 1]!;
        for (let k = selected.starts[user]!; k < selected.starts[user + 1]!; k++) {
          const d = selected.items[k]!;
          this.#touch(d, round, list);
          if ((lanes & 1) !== 0) ingress4[d] = ports.union(ingress4[d]!, admitted);
          if (!single && (lanes & 2) !== 0) ingress6[d] = ports.union(ingress6[d]!, admitted);
        }
      }
    }
    const inLane = (d: number, lane: 0 | 1): number => {
      const out = ports.union(this.#densePair('egress', s, d, lane), this.#extraEgress[lane][d]!);
      if (out === nothing) return nothing;
      return ports.intersect(
        out,
        ports.union(this.#densePair('ingress', s, d, lane), this.#extraIngress[lane][d]!),
      );
    };
    const family = classes.family[s]!;
    for (let k = 0; k < list.length; k++) {
      const d = list[k]!;
      visit(d, this.#join(family & classes.family[d]!, inLane, d));
    }
  }

  #touch(d: number, round: number, list: number[]): void {
    if (this.#stamp[d] === round) return;
    this.#stamp[d] = round;
    list.push(d);
    this.#extraEgress[0][d] = nothing;
    this.#extraIngress[0][d] = nothing;
    if (this.#lanes === 1) return;
    this.#extraEgress[1][d] = nothing;
    this.#extraIngress[1][d] = nothing;
  }

  /** The access from class `s` to every class. */
  row(s: number, into: Int32Array): void {
    const row = this.rowOf[s]!;
    for (let d = 0; d < into.length; d++) into[d] = this.block(row, this.columnOf[d]!);
    this.touched(s, (d, access) => {
      into[d] = access;
    });
  }

  /**
   * How many ordered pairs of distinct pods have which access, by access id, the own-node exemption of host-network
   * pods (corner 42) included.
   */
  count(): Float64Array {
    const { classes } = this.#parts;
    const totals: number[] = [];
    const add = (access: number, pairs: number): void => {
      totals[access] = (totals[access] ?? 0) + pairs;
    };
    const rowWeight = new Float64Array(this.rowCount);
    const columnWeight = new Float64Array(this.columnCount);
    for (let c = 0; c < classes.size; c++) {
      rowWeight[this.rowOf[c]!]! += classes.weight[c]!;
      columnWeight[this.columnOf[c]!]! += classes.weight[c]!;
    }
    for (let row = 0; row < rowWeight.length; row++) {
      for (let column = 0; column < columnWeight.length; column++) {
        add(this.block(row, column), rowWeight[row]! * columnWeight[column]!);
      }
    }
    for (let s = 0; s < classes.size; s++) {
      const weight = classes.weight[s]!;
      const row = this.rowOf[s]!;
      // A pod and itself are no pair.
      add(this.block(row, this.columnOf[s]!), -weight);
      this.touched(s, (d, access) => {
        const before = this.block(row, this.columnOf[d]!);
        if (before === access) return;
        const pairs = weight * (s === d ? weight - 1 : classes.weight[d]!);
        add(before, -pairs);
        add(access, pairs);
      });
    }
    this.#countOwnNode(add);
    return Float64Array.from({ length: this.#accesses.size }, (_, access) => totals[access] ?? 0);
  }

  /** Corner 42: between a host-network pod and the other pods of its node everything is allowed. */
  #countOwnNode(add: (access: number, pairs: number) => void): void {
    const { classes, profile } = this.#parts;
    if (!profile.ownNode) return;
    /** Nodes with a host-network pod, numbered; by node the classes and replicas of those pods. */
    const nodes = new Map<string, number>();
    const nodesOfHost = new Map<number, { readonly node: number; readonly replicas: number }[]>();
    for (const [i, pod] of classes.pods.entries()) {
      if (pod.node === undefined || !isHost(pod, profile)) continue;
      let node = nodes.get(pod.node);
      if (node === undefined) nodes.set(pod.node, (node = nodes.size));
      const on = { node, replicas: pod.replicas };
      const host = classes.classOf[i]!;
      const known = nodesOfHost.get(host);
      if (known === undefined) nodesOfHost.set(host, [on]);
      else known.push(on);
    }
    if (nodes.size === 0) return;
    const gathered = new ListsBuilder();
    for (const [i, pod] of classes.pods.entries()) {
      const node = pod.node === undefined ? undefined : nodes.get(pod.node);
      if (node !== undefined && !isHost(pod, profile)) gathered.add(node, i);
    }
    const guests = gathered.finish(nodes.size);
    const free = this.#accesses.simple(everything);
    const pairsWith = new Float64Array(classes.size);
    for (const [host, places] of nodesOfHost) {
      // Guests of one class are alike on every node: they are brought together first.
      const met: number[] = [];
      for (const { node, replicas } of places) {
        for (let k = guests.starts[node]!; k < guests.starts[node + 1]!; k++) {
          const pod = guests.items[k]!;
          const guest = classes.classOf[pod]!;
          if (pairsWith[guest] === 0) met.push(guest);
          pairsWith[guest]! += replicas * classes.pods[pod]!.replicas;
        }
      }
      for (const guest of met) {
        const pairs = pairsWith[guest]!;
        pairsWith[guest] = 0;
        if ((classes.family[host]! & classes.family[guest]!) === 0) continue;
        for (const [s, d] of [
          [host, guest],
          [guest, host],
        ] as const) {
          add(this.access(s, d), -pairs);
          add(free, pairs);
        }
      }
    }
  }

  /** The access of one pair of classes, for two different pods, without the own-node exemption. */
  access(s: number, d: number): number {
    const { classes, ports, profiles, profileOf } = this.#parts;
    const side = (direction: Direction, lane: number): number => {
      const [subject, other] = direction === 'egress' ? [s, d] : [d, s];
      const profile = profiles[direction][profileOf[direction][subject]!]!;
      return this.#evaluate(direction, profile, other, lane, (peer) => this.#peerMeans(peer, other));
    };
    return this.#join(
      classes.family[s]! & classes.family[d]!,
      (_, lane) => ports.intersect(side('egress', lane), side('ingress', lane)),
      d,
    );
  }

  #peerMeans(peer: number, c: number): boolean {
    if (peer === anyPeer) return true;
    const mask = this.#egress.has.get(peer);
    if (mask !== undefined) return mask[this.#egress.atomOf[c]!] === 1;
    const ingressMask = this.#ingress.has.get(peer);
    if (ingressMask !== undefined) return ingressMask[this.#ingress.atomOf[c]!] === 1;
    return this.#classesOfPeer.of(peer).includes(c);
  }
}

/** By peer: 1 where some profile names it. */
function usedPeers(profiles: readonly ClassProfile[], size: number): Uint8Array {
  const used = new Uint8Array(size);
  for (const { peers } of profiles) for (const peer of peers) used[peer] = 1;
  return used;
}

/** A profile of peers that are each followed by their ports. */
function profileFrom(isolated: boolean, pairs: Int32Array, length: number): ClassProfile {
  const peers: number[] = [];
  const ports: number[] = [];
  for (let i = 0; i < length; i += 2) {
    peers.push(pairs[i]!);
    ports.push(pairs[i + 1]!);
  }
  return { isolated, peers, ports };
}

/** Numbers pairs of keys from 0 in the order in which they are met, with an example of each. */
class Keys {
  readonly #ids = new Map<number, number>();
  readonly examples: number[] = [];

  of(first: number, second: number, example: number): number {
    const key = first * 0x1000_0000 + second;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.examples.length;
      this.#ids.set(key, id);
      this.examples.push(example);
    }
    return id;
  }
}
