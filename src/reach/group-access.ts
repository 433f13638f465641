import { noAccess } from '../policy/index.ts';
import type { CompiledPolicy, PairAccess } from '../policy/index.ts';
import { AccessSets, none, withAccess } from './accesses.ts';
import type { Accesses } from './accesses.ts';
import { BlockTable } from './block-table.ts';
import type { Groups, NumberSets } from './groups.ts';
import type { Neighbours } from './neighbours.ts';

/** Targets that sources with the same demands share. */
export interface Targets {
  readonly groups: readonly number[];
  /** By group: 1 for a target. */
  readonly members: Uint8Array;
  /** By number of a set of columns. */
  readonly byColumns: ReadonlyMap<number, readonly number[]>;
}

/** The accesses from some groups to others: a block for many of them at once, and what sparse peers change. */
export class GroupAccess {
  readonly targets: Targets;
  readonly #policy: CompiledPolicy;
  readonly #groups: Groups;
  readonly #sources: readonly number[];
  readonly #neighbours: Neighbours;
  /** The pairs of classes of its sources and targets. */
  readonly pairs: PairAccess;
  readonly #rowSets: NumberSets;
  readonly #columnSets: NumberSets;
  /** By class: the targets that have pods of it; made when first asked for. */
  #targetsOfClass: ReadonlyMap<number, readonly number[]> | undefined;
  readonly #blocks: BlockTable;
  readonly #shared = new Map<number, Accesses>();
  readonly #sets = new AccessSets();
  readonly #rows = new Map<number, ReadonlyMap<number, number>>();
  readonly #columns = new Map<number, ReadonlyMap<number, number>>();

  constructor(
    policy: CompiledPolicy,
    groups: Groups,
    neighbours: Neighbours,
    sources: readonly number[],
    targets: readonly number[],
  ) {
    this.#policy = policy;
    this.#groups = groups;
    this.#neighbours = neighbours;
    this.#sources = sources;
    this.pairs = policy.between(classesOf(policy, groups, sources), classesOf(policy, groups, targets));
    this.#rowSets = groups.setsOf(sources, this.pairs.rowOf);
    this.#columnSets = groups.setsOf(targets, this.pairs.columnOf);
    this.#blocks = new BlockTable(this.pairs, this.#rowSets, this.#columnSets);
    const members = new Uint8Array(groups.count);
    const byColumns = new Map<number, number[]>();
    for (const group of targets) {
      members[group] = 1;
      const columns = this.#columnSets.of[group]!;
      if (columns >= 0) append(byColumns, columns, group);
    }
    this.targets = { groups: targets, members, byColumns };
  }

  /** Whether all pairs of a source have the access of their blocks. */
  isPlain(from: number): boolean {
    if (!this.pairs.isBlocks || this.targets.members[from] === 1) return false;
    if (!this.#neighbours.matter) return true;
    // Corner 42: one of the two is a host-network pod.
    const { hostPods } = this.#policy.parts.classes;
    if (this.#isHost === undefined) {
      this.#isHost = new Uint8Array(this.#groups.count);
      for (const i of hostPods) this.#isHost[this.#groups.ofPod[i]!] = 1;
    }
    this.#hasHosts ??= this.targets.groups.some((to) => this.#isHost![to] === 1);
    return !this.#hasHosts && this.#isHost[from] === 0;
  }

  /** By group: 1 for those with host-network pods; and whether some target is such a one. */
  #isHost: Uint8Array | undefined;
  #hasHosts: boolean | undefined;

  #ofClass(): ReadonlyMap<number, readonly number[]> {
    if (this.#targetsOfClass === undefined) {
      const ofClass = new Map<number, number[]>();
      for (const group of this.targets.groups)
        for (const c of this.#groups.classesOf(group)) append(ofClass, c, group);
      this.#targetsOfClass = ofClass;
    }
    return this.#targetsOfClass;
  }

  /**
   * The sources that may reach some target, or might: 1 by group. Where targets are few, asking every class whether it
   * reaches any of their classes is far less than asking every group.
   */
  openSources(): Uint8Array {
    const { parts } = this.#policy;
    const matrix = this.pairs;
    const blocks = this.#blocks;
    const { size } = parts.classes;
    const columns = new Set([...this.targets.byColumns.keys()].flatMap((set) => this.#columnSets.list[set]!));
    const isTarget = new Uint8Array(size);
    this.#groups.markClasses(this.targets.groups, isTarget);
    const isRowOpen = new Int8Array(matrix.rowCount).fill(-1);
    const ask = (s: number): boolean => {
      const row = matrix.rowOf[s]!;
      if (isRowOpen[row] === -1) {
        isRowOpen[row] = 0;
        for (const column of columns) {
          if (blocks.access(row, column) === noAccess) continue;
          isRowOpen[row] = 1;
          break;
        }
      }
      if (isRowOpen[row] === 1) return true;
      if (matrix.isBlocks) return false;
      let open = false;
      matrix.touched(s, (d, access) => {
        if (isTarget[d] === 1 && access !== noAccess) open = true;
      });
      return open;
    };
    const isSource = new Uint8Array(size);
    this.#groups.markClasses(this.#sources, isSource);
    const isOpen = new Uint8Array(size);
    for (let s = 0; s < size; s++) if (isSource[s] === 1 && ask(s)) isOpen[s] = 1;
    const found = new Uint8Array(this.#groups.count);
    for (const group of this.#sources) if (this.#groups.hasMarked(group, isOpen)) found[group] = 1;
    for (const group of this.targets.groups) {
      found[group] = 1;
      if (!this.#neighbours.matter) continue;
      for (const i of this.#groups.members(group))
        for (const other of this.#neighbours.of(i)) found[this.#groups.ofPod[other]!] = 1;
    }
    return found;
  }

  /**
   * Visits the targets that some pair of distinct pods may reach, with the accesses of all pairs.
   *
   * Most targets have the access of their blocks, which groups with equal rows and columns share; only those that a
   * sparse peer touches, the source itself, and neighbours of host-network pods are worked out by pairs of classes.
   */
  from(from: number, visit: (to: number, accesses: Accesses) => void): void {
    const rows = this.rowsOf(from);
    if (rows < 0) return;
    const exact = this.#exact(from);
    for (const [columns, groups] of this.targets.byColumns) {
      const accesses = this.shared(rows, columns);
      if (accesses === noAccess || accesses === none) continue;
      for (const to of groups) if (!exact.has(to)) visit(to, accesses);
    }
    for (const [to, accesses] of exact) if (accesses !== noAccess && accesses !== none) visit(to, accesses);
  }

  /**
   * The targets whose access is not, or may not be, what `shared` says of the groups' rows and columns; `none` for those
   * with no access at all.
   */
  apart(from: number, visit: (to: number, accesses: Accesses) => void): void {
    if (this.rowsOf(from) < 0) return;
    for (const [to, accesses] of this.#exact(from)) visit(to, accesses === noAccess ? none : accesses);
  }

  /** The accesses of a source and a target. */
  of(from: number, to: number): Accesses {
    const [rows, columns] = [this.rowsOf(from), this.columnsOf(to)];
    if (rows < 0 || columns < 0) return none;
    return this.#exact(from).get(to) ?? this.shared(rows, columns);
  }

  /** The targets that `apart` tells of, without what they may. */
  targetsApart(from: number): Iterable<number> {
    return this.rowsOf(from) < 0 ? [] : this.#exact(from).keys();
  }

  /** The accesses of a source and a target of which something is known beside their blocks. */
  #resolve(from: number, to: number, apart: Apart): Accesses {
    const { size } = this.#policy.parts.classes;
    const { rowOf, columnOf, columnCount } = this.pairs;
    const sets = this.#sets;
    // How many pairs of classes of a row and a column are told apart from their block.
    const apartOf = new Map<number, number>();
    apart.forEach((pair, access) => {
      const block = rowOf[Math.floor(pair / size)]! * columnCount + columnOf[pair % size]!;
      apartOf.set(block, (apartOf.get(block) ?? 0) + 1);
      if (access !== exempted) sets.count(access, 1);
    });
    this.#blocks.count(this.rowsOf(from), this.columnsOf(to), sets);
    for (const [block, told] of apartOf) {
      const row = Math.floor(block / columnCount);
      const column = block % columnCount;
      const all =
        this.#countOf(from, this.#rows, rowOf, row) * this.#countOf(to, this.#columns, columnOf, column);
      // Every pair is told apart: none is left that has the access of the block.
      if (told >= all) sets.count(this.#blocks.access(row, column), -1);
    }
    if (typeof apart.exempt === 'number') sets.count(apart.exempt, 1);
    else for (const access of apart.exempt) sets.count(access, 1);
    return sets.take();
  }

  /** The targets of a source of which something is known beside their blocks. */
  #exact(from: number): ReadonlyMap<number, Accesses> {
    if (this.#last?.from === from) return this.#last.exact;
    let exact = this.#known.get(from);
    if (exact === undefined) {
      exact = this.#workOut(from);
      if (this.#knownTargets <= mostKnown) {
        this.#known.set(from, exact);
        this.#knownTargets += exact.size + 4;
      }
    }
    this.#last = { from, exact };
    return exact;
  }

  readonly #known = new Map<number, ReadonlyMap<number, Accesses>>();
  #knownTargets = 0;
  #last: { readonly from: number; readonly exact: ReadonlyMap<number, Accesses> } | undefined;

  /** Gathers the pairs of classes whose access is not that of their block, by target. */
  #workOut(from: number): ReadonlyMap<number, Accesses> {
    const matrix = this.pairs;
    const { size } = this.#policy.parts.classes;
    // Of very many sources most have none.
    let found: Map<number, Apart> | undefined;
    const at = (to: number): Apart => {
      found ??= new Map<number, Apart>();
      let known = found.get(to);
      if (known === undefined) found.set(to, (known = new Apart()));
      return known;
    };
    const classes = this.#groups.classesOf(from);
    if (!matrix.isBlocks) {
      const ofClass = this.#ofClass();
      for (let i = 0; i < classes.length; i++) {
        const s = classes[i]!;
        const row = matrix.rowOf[s]!;
        matrix.touched(s, (d, access) => {
          const list = ofClass.get(d);
          if (list === undefined || access === this.#blocks.access(row, matrix.columnOf[d]!)) return;
          for (let k = 0; k < list.length; k++) at(list[k]!).set(s * size + d, access);
        });
      }
    }
    if (this.#neighbours.matter) this.#exemptNodes(from, at);
    if (this.targets.members[from] === 1) {
      const own = at(from);
      // A pod and itself are no pair.
      for (let i = 0; i < classes.length; i++) {
        const c = classes[i]!;
        if (this.#groups.countOf(from, c) === 1) own.set(c * size + c, exempted);
      }
    }
    if (found === undefined) return nothingApart;
    const exact = new Map<number, Accesses>();
    for (const [to, apart] of found) exact.set(to, this.#resolve(from, to, apart));
    return exact;
  }

  /** Corner 42: from a host-network pod to the other pods of its node, and back, no NetworkPolicy is asked. */
  #exemptNodes(from: number, at: (to: number) => Apart): void {
    const { classes } = this.#policy.parts;
    const { size } = classes;
    const { replicas } = classes.table;
    const { nodeToPod, podToNode } = this.#policy.profile;
    let counts: Map<number, Map<number, number>> | undefined;
    const isOfOne = this.#groups.isOfOneClass(from);
    for (const i of this.#groups.members(from)) {
      const s = classes.classOf[i]!;
      if (!(classes.host[s] === 1 ? nodeToPod : podToNode)) continue;
      for (const j of this.#neighbours.of(i)) {
        const to = this.#groups.ofPod[j]!;
        const d = classes.classOf[j]!;
        if (this.targets.members[to] !== 1 || (classes.family[s]! & classes.family[d]!) === 0) continue;
        const pods = replicas[classes.rows[i]!]! * replicas[classes.rows[j]!]!;
        if (isOfOne && this.#groups.isOfOneClass(to)) {
          // Pods and workloads, of which there are very many.
          this.#podsOf ??= new Float64Array(this.#groups.count);
          if (this.#podsOf[to] === 0) this.#ofOne.push(to);
          this.#podsOf[to]! += pods;
          continue;
        }
        counts ??= new Map<number, Map<number, number>>();
        let ofTarget = counts.get(to);
        if (ofTarget === undefined) counts.set(to, (ofTarget = new Map<number, number>()));
        const pair = s * size + d;
        ofTarget.set(pair, (ofTarget.get(pair) ?? 0) + pods);
      }
    }
    if (this.#ofOne.length === 0 && counts === undefined) return;
    const tell = (to: number, s: number, d: number, pods: number, all: number): void => {
      // Of one pod, the pair with itself is all that was counted.
      if (from === to && s === d && all === 1) return;
      const exact = at(to);
      exact.exempt = withAccess(exact.exempt, this.pairs.ofOwnNode(s, d));
      // Where it holds for every pair of these classes, none is left for the policies.
      if (pods >= all) exact.set(s * size + d, exempted);
    };
    const { weight } = this.#groups;
    for (const to of this.#ofOne) {
      const [s] = this.#groups.classesOf(from);
      const [d] = this.#groups.classesOf(to);
      tell(to, s!, d!, this.#podsOf![to]!, weight[from]! * weight[to]!);
      this.#podsOf![to] = 0;
    }
    this.#ofOne.length = 0;
    if (counts === undefined) return;
    for (const [to, ofTarget] of counts) {
      for (const [pair, pods] of ofTarget) {
        const s = Math.floor(pair / size);
        const d = pair % size;
        tell(to, s, d, pods, this.#groups.countOf(from, s) * this.#groups.countOf(to, d));
      }
    }
  }

  /** Scratch: targets of one class on the nodes of a source, and by target the pairs of pods. */
  readonly #ofOne: number[] = [];
  #podsOf: Float64Array | undefined;

  /** The accesses of groups with these rows to groups with these columns, sparse peers left out. */
  shared(rows: number, columns: number): Accesses {
    const key = rows * 0x400_0000 + columns;
    let found = this.#shared.get(key);
    if (found === undefined) {
      this.#blocks.count(rows, columns, this.#sets);
      this.#shared.set(key, (found = this.#sets.take()));
    }
    return found;
  }

  /** The number of a group's set of rows; -1 without pods. Groups with the same have the same blocks. */
  rowsOf(group: number): number {
    return this.#rowSets.of[group]!;
  }

  /** The number of its set of columns. */
  columnsOf(group: number): number {
    return this.#columnSets.of[group]!;
  }

  /** How many classes of a group have a row or column. */
  #countOf(
    group: number,
    known: Map<number, ReadonlyMap<number, number>>,
    ofClass: Int32Array,
    id: number,
  ): number {
    const classes = this.#groups.classesOf(group);
    if (classes.length === 1) return ofClass[classes[0]!] === id ? 1 : 0;
    let counts = known.get(group);
    if (counts === undefined) {
      const made = new Map<number, number>();
      for (let i = 0; i < classes.length; i++) {
        const each = ofClass[classes[i]!]!;
        made.set(each, (made.get(each) ?? 0) + 1);
      }
      known.set(group, (counts = made));
    }
    return counts.get(id) ?? 0;
  }
}

/** What is known of so many targets beside their blocks is remembered: a focus has few, and they are asked about again. */
const mostKnown = 1 << 17;

const nothingApart: ReadonlyMap<number, Accesses> = new Map();

/** In place of an access: the pair of classes is none, or has what it may without asking its policies. */
const exempted = -1;

/** What is known of a target beside its blocks. Most have one pair of classes that is told apart. */
class Apart {
  /** The accesses of pairs of a pod and its own node; `none` where there is none. */
  exempt: Accesses = none;
  #pair = -1;
  #access = 0;
  #more: Map<number, number> | undefined;

  /** @param pair - of classes: source times the number of classes plus destination */
  set(pair: number, access: number): void {
    if (this.#more !== undefined) this.#more.set(pair, access);
    else if (this.#pair < 0 || this.#pair === pair) [this.#pair, this.#access] = [pair, access];
    else
      this.#more = new Map([
        [this.#pair, this.#access],
        [pair, access],
      ]);
  }

  /** Visits each pair of classes with its access, or `exempted`. */
  forEach(visit: (pair: number, access: number) => void): void {
    if (this.#more !== undefined) for (const [pair, access] of this.#more) visit(pair, access);
    else if (this.#pair >= 0) visit(this.#pair, this.#access);
  }
}

function append(lists: Map<number, number[]>, key: number, item: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** The classes of some groups, each once. */
function classesOf({ parts }: CompiledPolicy, groups: Groups, some: readonly number[]): Int32Array {
  const isIn = new Uint8Array(parts.classes.size);
  groups.markClasses(some, isIn);
  const found = new Int32Array(isIn.length);
  let length = 0;
  for (let c = 0; c < isIn.length; c++) if (isIn[c] === 1) found[length++] = c;
  return found.subarray(0, length);
}
