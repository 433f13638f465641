import type { ClassIndex } from './class-index.ts';
import type { ClassTable } from './classes.ts';
import type { LabelTable } from './labels.ts';
import { listsBy, ListsInOrder, Numbers } from './lists.ts';
import type { Lists } from './lists.ts';
import { PairMap } from './pair-map.ts';
import { partsOf, refine } from './refine.ts';

/** Some atoms: those of a list, but for a few. Peers of one scope can have their list in common. */
export interface AtomSet {
  readonly atoms: Int32Array;
  /** By atom: 1 where the list has it. */
  readonly mask: Uint8Array;
  /** Ascending. */
  readonly without: Int32Array;
}

/** A set of listed atoms. */
export function atomSet(atoms: Int32Array, count: number): AtomSet {
  const mask = new Uint8Array(count);
  for (const atom of atoms) mask[atom] = 1;
  return { atoms, mask, without: noAtoms };
}

const noAtoms = new Int32Array(0);

/** Whether an atom is one of some. */
export function hasAtom({ mask, without }: AtomSet, atom: number): boolean {
  return mask[atom] === 1 && (without.length === 0 || !without.includes(atom));
}

/**
 * Sets of atoms that leave some out, with what is admitted there: of thousands with the same scope and ports, an atom lacks
 * these only if all leave it out.
 */
export class Complements {
  readonly #groups = new Map<Int32Array, Map<number, Group>>();

  add({ atoms, without }: AtomSet, set: number): void {
    let ofAtoms = this.#groups.get(atoms);
    if (ofAtoms === undefined) this.#groups.set(atoms, (ofAtoms = new Map<number, Group>()));
    let group = ofAtoms.get(set);
    if (group === undefined) ofAtoms.set(set, (group = { set, count: 0, left: new Map() }));
    group.count++;
    for (const atom of without) group.left.set(atom, (group.left.get(atom) ?? 0) + 1);
  }

  /**
   * Each atom of each scope with all that is admitted there, brought together at once: every union on the way there would
   * make thousands of sets cubic.
   *
   * @param unionOf - the union of sets
   */
  forEach(unionOf: (sets: readonly number[]) => number, visit: (atom: number, set: number) => void): void {
    for (const [atoms, ofAtoms] of this.#groups) {
      const groups = [...ofAtoms.values()];
      const all = groups.map(({ set }) => set);
      /** By atom: how many groups leave it out. */
      const lacking = new Map<number, number>();
      for (const { count, left } of groups) {
        for (const [atom, times] of left)
          if (times === count) lacking.set(atom, (lacking.get(atom) ?? 0) + 1);
      }
      let whole: number | undefined;
      for (const atom of atoms) {
        const missing = lacking.get(atom);
        if (missing === undefined) visit(atom, (whole ??= unionOf(all)));
        else if (missing < groups.length)
          visit(
            atom,
            unionOf(groups.filter(({ count, left }) => left.get(atom) !== count).map(({ set }) => set)),
          );
      }
    }
  }
}

interface Group {
  readonly set: number;
  count: number;
  /** By atom: how many leave it out. */
  readonly left: Map<number, number>;
}

/** What is read of a compiled policy. */
interface Tables {
  readonly assume: 'closed' | 'open';
  readonly classes: ClassTable;
  readonly index: ClassIndex;
  readonly podLabels: LabelTable;
}

/** Pods of one namespace, or of those that a selector matches, with the labels that another one asks for. */
export interface Product {
  readonly namespace: number | undefined;
  readonly namespaces: number | undefined;
  readonly selector: number;
}

/**
 * Peers that mean many classes, as what they are: namespaces times label sets. They are never spelled out as the lists of
 * their classes, which would be as long as the square of the input where it has many such peers.
 *
 * Namespaces that are in the same scopes, and label sets that the same selectors match, are brought together; what is left
 * are *cells*. A selector that says only what labels are not there is kept as the label sets that it does not match.
 */
export class Products {
  readonly #peers: readonly number[];
  /** By class: its cell; for host-network classes, which no selector matches (corner 44), the number of cells. */
  readonly #cellOf: Int32Array;
  readonly #cells: number;
  /** By place of a peer: the cells that it means, or of its scope those that it does not. */
  readonly #listed: Lists;
  /** By place of a peer: 1 where the cells are those that it does not mean. */
  readonly #isComplement: Uint8Array;
  /** By place of a peer. */
  readonly #scopeOf: Int32Array;
  /** By scope: its cells, of those with some complement. */
  readonly #scopeCells: Lists;

  /**
   * @param peers - by place: the number of a peer, ascending
   * @param wide - by place: whom it means
   */
  constructor(tables: Tables, peers: readonly number[], wide: readonly Product[]) {
    const { classes, index, podLabels } = tables;
    this.#peers = peers;
    const scopes = scopesOf(tables, wide);
    const selectors = selectorsOf(tables, wide);
    this.#scopeOf = scopes.of;
    this.#isComplement = Uint8Array.from(wide, (_, i) => selectors.isComplement[selectors.of[i]!]!);
    const partOfNamespace = refine(index.namespaceCount, numbers(scopes.count), scopes.lists, undefined);
    const partOfSet = refine(podLabels.setCount, numbers(selectors.count), selectors.lists, undefined);

    const cells = new PairMap();
    const namespaceParts = new Numbers();
    const setParts = new Numbers();
    this.#cellOf = new Int32Array(classes.size);
    for (let c = 0; c < classes.size; c++) {
      const namespace = classes.namespace[c]!;
      if (namespace < 0) continue;
      const namespacePart = partOfNamespace[namespace]!;
      const setPart = partOfSet[classes.labels[c]!]!;
      const cell = cells.getOrAdd(namespacePart, setPart, namespaceParts.length);
      if (cell === namespaceParts.length) {
        namespaceParts.push(namespacePart);
        setParts.push(setPart);
      }
      this.#cellOf[c] = cell;
    }
    this.#cells = namespaceParts.length;
    for (let c = 0; c < classes.size; c++) if (classes.namespace[c]! < 0) this.#cellOf[c] = this.#cells;

    const inNamespaces = new Grid(namespaceParts.all, partOfNamespace, scopes.lists, scopes.count);
    const inSets = new Grid(setParts.all, partOfSet, selectors.lists, selectors.count);
    const listed = new ListsInOrder();
    const found = new Numbers();
    for (let i = 0; i < wide.length; i++) {
      cross(inNamespaces, scopes.of[i]!, inSets, selectors.of[i]!, found);
      listed.add(i, found.all);
    }
    this.#listed = listed.finish(wide.length);
    const hasComplement = new Uint8Array(scopes.count);
    for (let i = 0; i < wide.length; i++) if (this.#isComplement[i] === 1) hasComplement[scopes.of[i]!] = 1;
    const scopeCells = new ListsInOrder();
    for (let scope = 0; scope < scopes.count; scope++) {
      if (hasComplement[scope] === 1) scopeCells.add(scope, inNamespaces.cells(scope));
    }
    this.#scopeCells = scopeCells.finish(scopes.count);
  }

  /** How many cells there are; their numbers are followed by that of all host-network classes. */
  get cells(): number {
    return this.#cells;
  }

  /** By class: its cell. */
  get cellOf(): Int32Array {
    return this.#cellOf;
  }

  /** The cells that the product at a place means. */
  cellsOf(place: number): Int32Array {
    const listed = this.#listed.of(place);
    if (this.#isComplement[place] === 0) return listed;
    const left = new Set(listed);
    return this.#scopeCells.of(this.#scopeOf[place]!).filter((cell) => !left.has(cell));
  }

  /**
   * Parts the classes so that each peer that is used means whole parts.
   *
   * @param used - by peer: 1 where it counts
   */
  cut(used: Uint8Array): Cut {
    const places: number[] = [];
    const scopes = new Set<number>();
    for (let i = 0; i < this.#peers.length; i++) {
      if (used[this.#peers[i]!] !== 1) continue;
      places.push(i);
      if (this.#isComplement[i] === 1) scopes.add(this.#scopeOf[i]!);
    }
    // One part more: of the cell that stands for host-network classes.
    const own = new Int32Array(this.#cells + 1);
    own[this.#cells] = 1;
    const ofScopes = refine(own.length, [...scopes], this.#scopeCells, own);
    const partOfCell = refine(own.length, places, this.#listed, ofScopes);
    return { places, partOfCell, partOf: this.#cellOf.map((cell) => partOfCell[cell]!) };
  }

  /**
   * The atoms that each peer of a cut means.
   *
   * @param example - by atom: a class of it; atoms lie within the parts of the cut
   * @param into - gets them by peer
   */
  addAtoms({ places, partOfCell }: Cut, example: readonly number[], into: Map<number, AtomSet>): void {
    const parts = partsOf(partOfCell);
    const atomsOfPart = listsBy(
      Int32Array.from(example, (c) => partOfCell[this.#cellOf[c]!]!),
      parts,
    );
    const seen = new Int32Array(parts);
    let round = 0;
    const found = new Numbers();
    const atomsOf = (cells: Int32Array): Int32Array => {
      round++;
      found.length = 0;
      for (const cell of cells) {
        const part = partOfCell[cell]!;
        if (seen[part] === round) continue;
        seen[part] = round;
        for (const atom of atomsOfPart.of(part)) found.push(atom);
      }
      return found.all;
    };
    const ofScope: (AtomSet | undefined)[] = [];
    for (const i of places) {
      const listed = this.#listed.of(i);
      if (this.#isComplement[i] === 1) {
        const scope = this.#scopeOf[i]!;
        const whole = (ofScope[scope] ??= atomSet(
          atomsOf(this.#scopeCells.of(scope)).slice(),
          example.length,
        ));
        into.set(this.#peers[i]!, { ...whole, without: atomsOf(listed).slice().sort() });
      } else {
        into.set(this.#peers[i]!, atomSet(atomsOf(listed).slice(), example.length));
      }
    }
  }
}

/** What peers tell apart. */
interface Cut {
  /** Places of the peers that count. */
  readonly places: readonly number[];
  readonly partOfCell: Int32Array;
  /** By class. */
  readonly partOf: Int32Array;
}

/** The scopes of peers, or their selectors: equal ones have one number. */
interface Factor {
  /** By place of the peer. */
  readonly of: Int32Array;
  readonly count: number;
  /** By number: namespaces, or label sets. */
  readonly lists: Lists;
}

function scopesOf({ index }: Tables, wide: readonly Product[]): Factor {
  const known = new PairMap();
  const lists = new ListsInOrder();
  const of = Int32Array.from(wide, ({ namespace, namespaces }) => {
    const { size } = known;
    const scope = known.getOrAdd(namespace === undefined ? 0 : 1, namespace ?? namespaces!, size);
    if (scope === size)
      lists.add(scope, namespace === undefined ? index.namespaces(namespaces!) : [namespace]);
    return scope;
  });
  return { of, count: known.size, lists: lists.finish(known.size) };
}

function selectorsOf(
  { podLabels, assume }: Tables,
  wide: readonly Product[],
): Factor & { readonly isComplement: readonly number[] } {
  const known = new Map<number, number>();
  const lists = new ListsInOrder();
  const isComplement: number[] = [];
  const of = Int32Array.from(wide, ({ selector }) => {
    let id = known.get(selector);
    if (id === undefined) {
      known.set(selector, (id = known.size));
      const unmatched = podLabels.unmatched(selector);
      isComplement.push(unmatched === undefined ? 0 : 1);
      if (unmatched !== undefined) {
        lists.add(id, unmatched);
      } else {
        const { sure, unsure } = podLabels.matched(selector);
        lists.add(id, assume === 'open' && unsure.length > 0 ? [...sure, ...unsure] : sure);
      }
    }
    return id;
  });
  return { of, count: known.size, lists: lists.finish(known.size), isComplement };
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** One of the two sides of all products: which parts a scope or a selector has, and which cells these. */
class Grid {
  /** By cell: its part. */
  readonly partOf: Int32Array;
  /** By number of a scope or selector: its parts, each once. */
  readonly #parts: Lists;
  readonly #cellsOf: Lists;
  readonly #mark: Int32Array;
  #marked = -1;

  constructor(partOfCell: Int32Array, partOfItem: Int32Array, lists: Lists, count: number) {
    this.partOf = partOfCell;
    const size = partsOf(partOfItem);
    this.#cellsOf = listsBy(partOfCell, size);
    this.#mark = new Int32Array(size).fill(-1);
    const parts = new ListsInOrder();
    const own = new Numbers();
    for (let id = 0; id < count; id++) {
      own.length = 0;
      for (const item of lists.of(id)) {
        const part = partOfItem[item]!;
        if (this.#mark[part] === id) continue;
        this.#mark[part] = id;
        own.push(part);
      }
      parts.add(id, own.all);
    }
    this.#parts = parts.finish(count);
    this.#mark.fill(-1);
  }

  /** How many cells one has. */
  count(id: number): number {
    let count = 0;
    for (const part of this.#parts.of(id)) count += this.#cellsOf.count(part);
    return count;
  }

  /** Its cells. */
  cells(id: number): Int32Array {
    const found = new Numbers();
    for (const part of this.#parts.of(id)) for (const cell of this.#cellsOf.of(part)) found.push(cell);
    return found.all;
  }

  /** Takes the cells of one that `other` has of its own, too. */
  filter(id: number, other: Grid, otherId: number, into: Numbers): void {
    other.#markParts(otherId);
    for (const part of this.#parts.of(id)) {
      for (const cell of this.#cellsOf.of(part)) {
        if (other.#mark[other.partOf[cell]!] === otherId) into.push(cell);
      }
    }
  }

  #markParts(id: number): void {
    if (this.#marked === id) return;
    this.#marked = id;
    for (const part of this.#parts.of(id)) this.#mark[part] = id;
  }
}

/** The cells in a scope that a selector lists. */
function cross(scopes: Grid, scope: number, selectors: Grid, selector: number, into: Numbers): void {
  into.length = 0;
  if (scopes.count(scope) < selectors.count(selector)) scopes.filter(scope, selectors, selector, into);
  else selectors.filter(selector, scopes, scope, into);
}
