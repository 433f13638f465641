import type { Direction } from '../model/index.ts';
import type { AccessTable } from './access.ts';
import { byCell } from './classes.ts';
import { familyBits } from './pod-traits.ts';
import type { CompiledParts } from './compiled-parts.ts';
import { ListsBuilder, ListsInOrder } from './lists.ts';
import type { Lists } from './lists.ts';
import type { Matrix } from './matrix.ts';
import { anyPeer } from './peers.ts';
import { everything } from './port-table.ts';
import { SequenceTable } from './sequences.ts';
import { joint, refine } from './refine.ts';
import type { TierSides } from './tier-side.ts';

/** What questions about many pairs ask: of all of them a `Matrix` tells, of those of a few classes an `Excerpt`. */
export type PairAccess = Pick<
  Matrix,
  'rowOf' | 'columnOf' | 'rowCount' | 'columnCount' | 'block' | 'touched' | 'ofOwnNode' | 'isBlocks'
>;

/** The tables of an excerpt have at most so many cells, of 4 bytes each. */
const mostCells = 1 << 22;

/** The classes on one side of the pairs, for look-ups of those that a peer means. */
class Others {
  readonly list: Int32Array;
  readonly isAll: boolean;
  readonly #parts: CompiledParts;
  /** By number of a namespace: its classes; host-network classes are in none (corner 44). */
  readonly #ofNamespace = new Map<number, number[]>();
  readonly #has: Uint8Array;
  #ofCell: Lists | undefined;

  constructor(parts: CompiledParts, list: Int32Array) {
    this.#parts = parts;
    this.list = list;
    const { size, namespace } = parts.classes;
    this.isAll = list.length === size;
    this.#has = new Uint8Array(this.isAll ? 0 : size);
    if (this.isAll) return;
    for (const c of list) {
      this.#has[c] = 1;
      const own = namespace[c]!;
      if (own < 0) continue;
      const known = this.#ofNamespace.get(own);
      if (known === undefined) this.#ofNamespace.set(own, [c]);
      else known.push(c);
    }
  }

  /** The classes of these that a peer of NetworkPolicies means. */
  meantBy(peer: number): readonly number[] {
    const { peers, index, assume } = this.#parts;
    const definition = peers.definition(peer);
    switch (definition.kind) {
      case 'any':
        return Array.from(this.list);
      case 'block':
        return this.#inBlock(definition.block);
      case 'pods': {
        const { namespace, namespaces, selector } = definition;
        if (this.isAll || (namespace === undefined && this.#ofNamespace.size > mostNamespaces)) {
          const { sure, unsure } =
            namespace === undefined
              ? index.inNamespaces(namespaces!, selector)
              : index.inNamespace(namespace, selector);
          const all = assume === 'open' && unsure.length > 0 ? [...sure, ...unsure] : sure;
          return this.isAll ? all : all.filter((c) => this.#has[c] === 1);
        }
        const found: number[] = [];
        if (namespace !== undefined) {
          const own = this.#ofNamespace.get(namespace);
          if (own !== undefined) index.among(own, selector, assume, found);
          return found;
        }
        for (const [own, list] of this.#ofNamespace)
          if (index.namespaceHolds(namespaces!, own)) index.among(list, selector, assume, found);
        return found;
      }
    }
  }

  #inBlock(block: number): readonly number[] {
    const { classes, profile } = this.#parts;
    const cells = classes.cells.cellsOfBlock[block]!;
    if (cells.length === 0) return [];
    this.#ofCell ??= byCell(classes);
    const found: number[] = [];
    for (const cell of cells) {
      for (const c of this.#ofCell.of(cell)) {
        // Corner 34: cells also part what only networks of tiers match.
        const isMeant = classes.host[c] === 1 ? profile.ipBlockMatchesNodes : profile.ipBlockMatchesPods;
        if (isMeant && (this.isAll || this.#has[c] === 1)) found.push(c);
      }
    }
    return found;
  }
}

/** Beyond so many namespaces a selector of namespaces is asked about all at once. */
const mostNamespaces = 64;

/** What the profiles of some subjects say of some others: the peers that mean any of these. */
interface Said {
  readonly direction: Direction;
  /** The profiles of the subjects. */
  readonly profiles: readonly number[];
  /** Peers that mean some of the others, ascending, and by peer whom. */
  readonly peers: readonly number[];
  readonly meant: Lists;
}

/** One direction in tables. */
interface Half {
  /** By profile that a subject has: its number among those that say the same of the others. */
  readonly partOf: Int32Array;
  /** By class of the others: what peers tell apart. */
  readonly atomOf: Int32Array;
  readonly atoms: number;
  /** By part, atom and lane: the ports that are allowed. */
  readonly allows: Int32Array;
}

/**
 * The access of every ordered pair of some source and some destination classes, where those of one side are few: worked
 * out from the policies of the one side and of the peers that mean the other, without a look at any other pair.
 *
 * No peer is sparse here (see `Matrix`): those that mean none of the few are left out, and the others part the few into no
 * more atoms than these are.
 */
export class Excerpt implements PairAccess {
  /** By class: its row as a source, its column as a destination; -1 for classes that were not asked for. */
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  readonly #parts: CompiledParts;
  readonly #accesses: AccessTable;
  readonly #tiers: TierSides | undefined;
  readonly #lanes: 1 | 2;
  readonly #egress: Half;
  readonly #ingress: Half;
  /** Of each: part, atom, families. */
  readonly #rows: SequenceTable;
  readonly #columns: SequenceTable;
  /** By row and column: the access plus 1; 0 where not asked yet. Empty where that would be too many. */
  readonly #known: Int32Array;

  private constructor(
    parts: CompiledParts,
    accesses: AccessTable,
    tiers: TierSides | undefined,
    lanes: 1 | 2,
    halves: { readonly [direction in Direction]: Half },
    ends: { readonly sources: Int32Array; readonly destinations: Int32Array },
  ) {
    this.#parts = parts;
    this.#accesses = accesses;
    this.#tiers = tiers;
    this.#lanes = lanes;
    this.#egress = halves.egress;
    this.#ingress = halves.ingress;
    const { profileOf } = parts;
    [this.rowOf, this.#rows] = this.#ends(ends.sources, this.#egress.partOf, profileOf.egress, this.#ingress);
    [this.columnOf, this.#columns] = this.#ends(
      ends.destinations,
      this.#ingress.partOf,
      profileOf.ingress,
      this.#egress,
    );
    const cells = this.#rows.size * this.#columns.size;
    this.#known = new Int32Array(cells <= mostCells ? cells : 0);
  }

  /**
   * @param tiers - of the policy, where it has any
   * @returns `undefined` where a matrix of all pairs is the better answer: peers tell too much apart
   */
  static of(
    parts: CompiledParts,
    accesses: AccessTable,
    tiers: TierSides | undefined,
    sources: Int32Array,
    destinations: Int32Array,
  ): Excerpt | undefined {
    const said = {
      egress: saidOf(parts, 'egress', sources, new Others(parts, destinations)),
      ingress: saidOf(parts, 'ingress', destinations, new Others(parts, sources)),
    };
    const { peers, blocks } = parts;
    const isBlock = (peer: number): boolean => peers.definition(peer).kind === 'block';
    const familiesDiffer =
      blocks.size > 0 &&
      (tiers?.meant.familiesDiffer === true ||
        said.egress.peers.some(isBlock) ||
        said.ingress.peers.some(isBlock));
    const lanes = familiesDiffer ? 2 : 1;
    const egress = halfOf(parts, tiers, said.egress, destinations, lanes);
    const ingress = halfOf(parts, tiers, said.ingress, sources, lanes);
    if (egress === undefined || ingress === undefined) return undefined;
    return new Excerpt(parts, accesses, tiers, lanes, { egress, ingress }, { sources, destinations });
  }

  #ends(
    list: Int32Array,
    partOf: Int32Array,
    profileOf: Int32Array,
    { atomOf }: Half,
  ): readonly [Int32Array, SequenceTable] {
    const { size, family } = this.#parts.classes;
    const numbers = new SequenceTable();
    const of = new Int32Array(size).fill(-1);
    const end = new Int32Array(3);
    for (let i = 0; i < list.length; i++) {
      const c = list[i]!;
      end[0] = partOf[profileOf[c]!]!;
      end[1] = atomOf[c]!;
      end[2] = family[c]!;
      of[c] = numbers.intern(end, 0, 3);
    }
    return [of, numbers];
  }

  get rowCount(): number {
    return this.#rows.size;
  }

  get columnCount(): number {
    return this.#columns.size;
  }

  /** The access of all pairs of a row and a column. */
  block(row: number, column: number): number {
    const at = row * this.#columns.size + column;
    const known = this.#known[at];
    if (known !== undefined && known > 0) return known - 1;
    const access = this.#access(row, column);
    if (known !== undefined) this.#known[at] = access + 1;
    return access;
  }

  #access(row: number, column: number): number {
    const rows = this.#rows.items;
    const columns = this.#columns.items;
    const out = (rows[row * 3]! * this.#egress.atoms + columns[column * 3 + 1]!) * this.#lanes;
    const into = (columns[column * 3]! * this.#ingress.atoms + rows[row * 3 + 1]!) * this.#lanes;
    const shared = rows[row * 3 + 2]! & columns[column * 3 + 2]!;
    const { ports } = this.#parts;
    const inLane = (lane: number): number =>
      ports.intersect(this.#egress.allows[out + lane]!, this.#ingress.allows[into + lane]!);
    const in4 = inLane(0);
    return this.#accesses.join(ports, shared, in4, this.#lanes === 1 ? in4 : inLane(1));
  }

  get isBlocks(): boolean {
    return true;
  }

  /** Nothing: every pair has the access of its block. */
  touched(): void {
    // No peer is left to touch single pairs.
  }

  /** As `Matrix.ofOwnNode`. */
  ofOwnNode(from: number, to: number): number {
    const { classes, profiles, profileOf, ports } = this.#parts;
    const shared = classes.family[from]! & classes.family[to]!;
    const list = profiles.egress.tiersOf(profileOf.egress[from]!);
    const inLane = (lane: 0 | 1): number =>
      this.#tiers === undefined || list === 0
        ? everything
        : this.#tiers.egress.exact(list, to, lane, everything);
    return this.#accesses.join(ports, shared, inLane(0), inLane(1));
  }
}

/** Gathers what the profiles of some subjects say of others. */
function saidOf(parts: CompiledParts, direction: Direction, subjects: Int32Array, others: Others): Said {
  const profiles = parts.profiles[direction];
  const profileOf = parts.profileOf[direction];
  const isUsed = new Uint8Array(profiles.length);
  const isNamed = new Uint8Array(parts.peers.size);
  const used: number[] = [];
  for (let i = 0; i < subjects.length; i++) {
    const id = profileOf[subjects[i]!]!;
    if (isUsed[id] === 1) continue;
    isUsed[id] = 1;
    used.push(id);
    const { peers } = profiles.get(id);
    for (let k = 0; k < peers.length; k++) isNamed[peers[k]!] = 1;
  }
  const meant = new ListsInOrder();
  const meaning: number[] = [];
  for (let peer = 0; peer < isNamed.length; peer++) {
    if (isNamed[peer] === 0 || peer === anyPeer) continue;
    const list = others.meantBy(peer);
    if (list.length === 0) continue;
    meant.add(peer, list);
    meaning.push(peer);
  }
  return { direction, profiles: used, peers: meaning, meant: meant.finish(isNamed.length) };
}

/** @returns `undefined` where the tables would be too large */
function halfOf(
  parts: CompiledParts,
  tiers: TierSides | undefined,
  { direction, profiles: used, peers: meaning, meant }: Said,
  others: Int32Array,
  lanes: 1 | 2,
): Half | undefined {
  const { classes, ports, peers, blocks, profile: reading } = parts;
  const profiles = parts.profiles[direction];
  const tierSide = tiers?.[direction];

  // What the profiles say, peers that mean nobody left out; equal ones are one.
  const partOf = new Int32Array(profiles.length).fill(-1);
  const numbers = new SequenceTable();
  const exampleOf: number[] = [];
  let scratch = new Int32Array(64);
  let isNamed = false;
  for (const id of used) {
    const { peers: own, ports: specs, tiers: list } = profiles.get(id);
    if (scratch.length < own.length * 2 + 1) scratch = new Int32Array(own.length * 4 + 1);
    let length = 0;
    scratch[length++] = list;
    for (let i = 0; i < own.length; i++) {
      const peer = own[i]!;
      if (peer !== anyPeer && meant.count(peer) === 0) continue;
      scratch[length++] = peer;
      scratch[length++] = specs[i]!;
      isNamed ||= direction === 'egress' && ports.isNamed(specs[i]!);
    }
    const part = numbers.intern(scratch, 0, length);
    if (part === exampleOf.length) exampleOf.push(id);
    partOf[id] = part;
  }

  // In egress a name resolves at the destination: its port map is part of its atom.
  const firstCut = joint(tierSide?.exactCut, isNamed ? classes.portMap : undefined);
  const atomOf = refine(classes.size, meaning, meant, firstCut);
  const numberOf = new Map<number, number>();
  const examples: number[] = [];
  for (let i = 0; i < others.length; i++) {
    const c = others[i]!;
    let atom = numberOf.get(atomOf[c]!);
    if (atom === undefined) {
      numberOf.set(atomOf[c]!, (atom = examples.length));
      examples.push(c);
    }
    atomOf[c] = atom;
  }
  const atoms = examples.length;
  const cells = exampleOf.length * atoms * lanes;
  if (cells > mostCells) return undefined;

  const allows = new Int32Array(cells);
  const atomsOf = atomsOfPeers(meaning, meant, atomOf, atoms, peers.size);
  const { items } = numbers;
  for (let part = 0; part < exampleOf.length; part++) {
    const start = numbers.start(part);
    const end = numbers.start(part + 1);
    for (let i = start + 1; i < end; i += 2) {
      const peer = items[i]!;
      const spec = items[i + 1]!;
      const definition = peers.definition(peer);
      // Corner 37; where the families do not differ, there is one lane for both.
      const mask =
        lanes === 2 && definition.kind === 'block' ? familyBits[blocks.block(definition.block).family] : 3;
      // Corner 29: a name in a rule that only an ipBlock brings to this pod.
      const isFixed =
        direction === 'ingress' ||
        !ports.isNamed(spec) ||
        (!reading.namedPortOnIpBlock && definition.kind === 'block');
      const fixed = direction === 'ingress' ? spec : ports.fixed(spec);
      const count = peer === anyPeer ? atoms : atomsOf.count(peer);
      const from = peer === anyPeer ? 0 : atomsOf.starts[peer]!;
      for (let k = 0; k < count; k++) {
        const atom = peer === anyPeer ? k : atomsOf.items[from + k]!;
        const set = isFixed ? fixed : ports.resolve(spec, classes.portMap[examples[atom]!]!);
        const at = (part * atoms + atom) * lanes;
        for (let lane = 0; lane < lanes; lane++)
          if ((mask & (1 << lane)) !== 0) allows[at + lane] = ports.union(allows[at + lane]!, set);
      }
    }
    const list = items[start]!;
    if (tierSide === undefined || list === 0) continue;
    for (let atom = 0; atom < atoms; atom++) {
      for (let lane = 0; lane < lanes; lane++) {
        const at = (part * atoms + atom) * lanes + lane;
        allows[at] = tierSide.exact(list, examples[atom]!, lane === 0 ? 0 : 1, allows[at]!);
      }
    }
  }
  return { partOf, atomOf, atoms, allows };
}

/** By peer: the atoms that it means, each once. */
function atomsOfPeers(
  peers: readonly number[],
  meant: Lists,
  atomOf: Int32Array,
  atoms: number,
  size: number,
): Lists {
  const found = new ListsBuilder();
  const seen = new Int32Array(atoms).fill(-1);
  for (const peer of peers) {
    const end = meant.starts[peer + 1]!;
    for (let i = meant.starts[peer]!; i < end; i++) {
      const atom = atomOf[meant.items[i]!]!;
      if (seen[atom] === peer) continue;
      seen[atom] = peer;
      found.add(peer, atom);
    }
  }
  return found.finish(size);
}
