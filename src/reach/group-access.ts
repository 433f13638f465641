import { noAccess } from '../policy/index.ts';
import type { CompiledPolicy, PairAccess } from '../policy/index.ts';
import type { Groups, NumberSets } from './groups.ts';

/** What the pairs of two groups may use: the id of the access that all have, or the ids of all that occur. */
export type Accesses = number | ReadonlySet<number>;

/** The accesses of no pair. */
export const none: Accesses = new Set<number>();

/** Adds an access to those that occur. */
export function withAccess(accesses: Accesses, access: number): Accesses {
  if (accesses === access) return accesses;
  if (accesses === none) return access;
  if (typeof accesses === 'number') return new Set([accesses, access]);
  return accesses.has(access) ? accesses : new Set([...accesses, access]);
}

/** Targets that sources with the same demands share. */
export interface Targets {
  readonly groups: readonly number[];
  /** By group: 1 for a target. */
  readonly members: Uint8Array;
  /** By number of a set of columns. */
  readonly byColumns: ReadonlyMap<number, readonly number[]>;
}

/** In place of an access: the pair of classes is none, or has what it may without asking its policies. */
const exempted = -1;

/** Who is on the node of a host-network pod: of pairs of these, no NetworkPolicy is asked (corners 42 and 44). */
export class Neighbours {
  readonly #policy: CompiledPolicy;
  /** By node: the numbers of the pods there, and of those of them that are host-network pods; only where that matters. */
  #nodes:
    ReadonlyMap<string, { readonly all: readonly number[]; readonly hosts: readonly number[] }> | undefined;
  /** Whether a pod's own node is exempt and some pod is its node (corners 42 and 44). */
  readonly matter: boolean;

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
    const { nodeToPod, podToNode } = policy.profile;
    this.matter = (nodeToPod || podToNode) && policy.parts.classes.hostPods.length > 0;
  }

  /** The pods that are on the node of a pod, where one of the two is a host-network pod; itself may be among them. */
  of(pod: number): readonly number[] {
    if (!this.matter) return [];
    const { classes } = this.#policy.parts;
    const { node } = classes.pods[pod]!;
    if (node === undefined) return [];
    this.#nodes ??= this.#byNode();
    const here = this.#nodes.get(node);
    if (here === undefined) return [];
    return classes.host[classes.classOf[pod]!] === 1 ? here.all : here.hosts;
  }

  /** Nodes without a host-network pod are left out. */
  #byNode(): ReadonlyMap<string, { readonly all: readonly number[]; readonly hosts: readonly number[] }> {
    const { pods, hostPods } = this.#policy.parts.classes;
    const nodes = new Map<string, { readonly all: number[]; readonly hosts: number[] }>();
    for (const i of hostPods) {
      const { node } = pods[i]!;
      if (node === undefined) continue;
      const here = nodes.get(node);
      if (here === undefined) nodes.set(node, { all: [], hosts: [i] });
      else here.hosts.push(i);
    }
    for (let i = 0; i < pods.length; i++) {
      const { node } = pods[i]!;
      if (node !== undefined) nodes.get(node)?.all.push(i);
    }
    return nodes;
  }
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
  readonly #blocks = new Map<number, Accesses>();
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
          if (matrix.block(row, column) === noAccess) continue;
          isRowOpen[row] = 1;
          break;
        }
      }
      if (isRowOpen[row] === 1) return true;
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
    this.#visitExact(from, exact, visit);
  }

  /**
   * The targets whose access is not, or may not be, what `shared` says of the groups' rows and columns; `none` for those
   * with no access at all.
   */
  apart(from: number, visit: (to: number, accesses: Accesses) => void): void {
    if (this.rowsOf(from) < 0) return;
    const exact = this.#exact(from);
    const silent = new Set(exact.keys());
    this.#visitExact(from, exact, (to, accesses) => {
      silent.delete(to);
      visit(to, accesses);
    });
    for (const to of silent) visit(to, none);
  }

  /** The accesses of a source and a target. */
  of(from: number, to: number): Accesses {
    const [rows, columns] = [this.rowsOf(from), this.columnsOf(to)];
    if (rows < 0 || columns < 0) return none;
    const exact = this.#exact(from).get(to);
    if (exact === undefined) return this.shared(rows, columns);
    let found: Accesses = none;
    this.#visitExact(from, new Map([[to, exact]]), (_, accesses) => {
      found = accesses;
    });
    return found;
  }

  /** The targets that `apart` tells of, without what they may. */
  targetsApart(from: number): Iterable<number> {
    return this.rowsOf(from) < 0 ? [] : this.#exact(from).keys();
  }

  #visitExact(
    from: number,
    exact: ReadonlyMap<number, Exact>,
    visit: (to: number, accesses: Accesses) => void,
  ): void {
    const matrix = this.pairs;
    const { size } = this.#policy.parts.classes;
    for (const [to, { pairs, exempt }] of exact) {
      let found = exempt;
      // How many pairs of classes of a row and a column are told apart from their block.
      const apart = new Map<number, number>();
      for (const [pair, access] of pairs) {
        const s = Math.floor(pair / size);
        const block = matrix.rowOf[s]! * matrix.columnCount + matrix.columnOf[pair % size]!;
        apart.set(block, (apart.get(block) ?? 0) + 1);
        if (access !== exempted) found = withAccess(found, access);
      }
      for (const [row, sources] of this.#rowCounts(from)) {
        for (const [column, destinations] of this.#columnCounts(to)) {
          const all = sources * destinations;
          if (all > (apart.get(row * matrix.columnCount + column) ?? 0))
            found = withAccess(found, matrix.block(row, column));
        }
      }
      if (found !== noAccess && found !== none) visit(to, found);
    }
  }

  /** The same as `#workOut`, which is asked of few sources more than once. */
  #exact(from: number): ReadonlyMap<number, Exact> {
    if (this.#last?.from === from) return this.#last.exact;
    let exact = this.#known.get(from);
    if (exact === undefined) {
      exact = this.#workOut(from);
      if (this.#known.size < mostKnown) this.#known.set(from, exact);
      this.#last = { from, exact };
    }
    return exact;
  }

  readonly #known = new Map<number, ReadonlyMap<number, Exact>>();
  #last: { readonly from: number; readonly exact: ReadonlyMap<number, Exact> } | undefined;

  /** The pairs of classes whose access is not that of their block, by target. */
  #workOut(from: number): ReadonlyMap<number, Exact> {
    const matrix = this.pairs;
    const { size } = this.#policy.parts.classes;
    const exact = new Map<number, Exact>();
    const at = (to: number): Exact => {
      let known = exact.get(to);
      if (known === undefined) exact.set(to, (known = { pairs: new Map<number, number>(), exempt: none }));
      return known;
    };
    const classes = this.#groups.classesOf(from);
    for (const s of classes) {
      matrix.touched(s, (d, access) => {
        const list = this.#ofClass().get(d);
        if (list === undefined || access === matrix.block(matrix.rowOf[s]!, matrix.columnOf[d]!)) return;
        for (const to of list) at(to).pairs.set(s * size + d, access);
      });
    }
    if (this.#neighbours.matter) this.#exemptNodes(from, at);
    if (this.targets.members[from] === 1) {
      const { pairs } = at(from);
      // A pod and itself are no pair.
      for (const c of classes) if (this.#groups.countOf(from, c) === 1) pairs.set(c * size + c, exempted);
    }
    return exact;
  }

  /** Corner 42: from a host-network pod to the other pods of its node, and back, no NetworkPolicy is asked. */
  #exemptNodes(from: number, at: (to: number) => Exact): void {
    const { classes } = this.#policy.parts;
    const { size } = classes;
    const { nodeToPod, podToNode } = this.#policy.profile;
    const counts = new Map<number, Map<number, number>>();
    for (const i of this.#groups.members(from)) {
      const s = classes.classOf[i]!;
      if (!(classes.host[s] === 1 ? nodeToPod : podToNode)) continue;
      for (const j of this.#neighbours.of(i)) {
        const to = this.#groups.ofPod[j]!;
        const d = classes.classOf[j]!;
        if (this.targets.members[to] !== 1 || (classes.family[s]! & classes.family[d]!) === 0) continue;
        let ofTarget = counts.get(to);
        if (ofTarget === undefined) counts.set(to, (ofTarget = new Map<number, number>()));
        const pair = s * size + d;
        const pods = classes.pods[i]!.replicas * classes.pods[j]!.replicas;
        ofTarget.set(pair, (ofTarget.get(pair) ?? 0) + pods);
      }
    }
    for (const [to, ofTarget] of counts) {
      for (const [pair, pods] of ofTarget) {
        const s = Math.floor(pair / size);
        const d = pair % size;
        const all = this.#groups.countOf(from, s) * this.#groups.countOf(to, d);
        // Of one pod, the pair with itself is all that was counted.
        if (from === to && s === d && all === 1) continue;
        const exact = at(to);
        exact.exempt = withAccess(exact.exempt, this.pairs.ofOwnNode(s, d));
        // Where it holds for every pair of these classes, none is left for the policies.
        if (pods >= all) exact.pairs.set(pair, exempted);
      }
    }
  }

  /** The accesses of groups with these rows to groups with these columns, sparse peers left out. */
  shared(rows: number, columns: number): Accesses {
    const key = rows * 0x400_0000 + columns;
    let found = this.#blocks.get(key);
    if (found === undefined) {
      found = none;
      const matrix = this.pairs;
      for (const row of this.#rowSets.list[rows]!) {
        for (const column of this.#columnSets.list[columns]!)
          found = withAccess(found, matrix.block(row, column));
      }
      this.#blocks.set(key, found);
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

  #rowCounts(group: number): ReadonlyMap<number, number> {
    return this.#countsOf(group, this.#rows, this.pairs.rowOf);
  }

  #columnCounts(group: number): ReadonlyMap<number, number> {
    return this.#countsOf(group, this.#columns, this.pairs.columnOf);
  }

  /** How many classes of a group have each row or column. */
  #countsOf(
    group: number,
    known: Map<number, ReadonlyMap<number, number>>,
    ofClass: Int32Array,
  ): ReadonlyMap<number, number> {
    let counts = known.get(group);
    if (counts === undefined) {
      const made = new Map<number, number>();
      for (const c of this.#groups.classesOf(group)) {
        const id = ofClass[c]!;
        made.set(id, (made.get(id) ?? 0) + 1);
      }
      known.set(group, (counts = made));
    }
    return counts;
  }
}

/** What so many sources have beside their blocks is remembered: a focus has few, and they are asked about again. */
const mostKnown = 64;

/** What is known of a target beside its blocks. */
interface Exact {
  /** By pair of classes, source times the number of classes plus destination: its access, or `exempted`. */
  readonly pairs: Map<number, number>;
  /** The accesses of pairs of a pod and its own node; `none` where there is none. */
  exempt: Accesses;
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
