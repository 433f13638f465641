import type { Family } from '../../net/index.ts';
import { noCell } from './block-index.ts';
import { grown, IntLists } from './int-lists.ts';
import { IntTable } from './int-table.ts';

/** What all pods of a class have in common (corner 8). */
export interface ClassKey {
  /** -1 for pods that are their node: no selector matches those (corner 44). */
  readonly namespace: number;
  /** Label set; -1 likewise. */
  readonly labels: number;
  readonly portMap: number;
  readonly cell4: number;
  readonly cell6: number;
  /** As `familyBits`. */
  readonly family: number;
  readonly host: boolean;
  /** Of pods that are their node, while some tier asks for nodes: the number of their node; else -1 (corner 63). */
  readonly node: number;
}

/** Classes as numbers while they have pods, and their pods; found by namespace, label set and cell. */
export class LiveClasses {
  readonly #keys = new IntTable();
  readonly ofNamespace: IntLists = new IntLists();
  readonly ofLabels: IntLists = new IntLists();
  /** By cell of either family; the cell of no block has none. */
  readonly ofCell: IntLists = new IntLists();
  #posInNamespace = new Int32Array(16);
  #posInLabels = new Int32Array(16);
  #posInCell4 = new Int32Array(16);
  #posInCell6 = new Int32Array(16);
  /** By class: its pods. */
  readonly pods: IntLists = new IntLists();
  #classOf = new Int32Array(16);
  #posInClass = new Int32Array(16);
  /** By cell: how many pods there are. */
  readonly #podsInCell: number[] = [];
  readonly #key = new Int32Array(8);

  get size(): number {
    return this.#keys.live;
  }

  key(c: number): ClassKey {
    return {
      namespace: this.#keys.at(c, 0),
      labels: this.#keys.at(c, 1),
      portMap: this.#keys.at(c, 2),
      cell4: this.#keys.at(c, 3),
      cell6: this.#keys.at(c, 4),
      family: this.#keys.at(c, 5),
      host: this.#keys.at(c, 6) === 1,
      node: this.#keys.at(c, 7),
    };
  }

  keyWithCell(c: number, family: Family, cell: number): ClassKey {
    return { ...this.key(c), ...(family === 'IPv4' ? { cell4: cell } : { cell6: cell }) };
  }

  namespace(c: number): number {
    return this.#keys.at(c, 0);
  }

  labels(c: number): number {
    return this.#keys.at(c, 1);
  }

  portMap(c: number): number {
    return this.#keys.at(c, 2);
  }

  cell(c: number, family: Family): number {
    return this.#keys.at(c, family === 'IPv4' ? 3 : 4);
  }

  isHost(c: number): boolean {
    return this.#keys.at(c, 6) === 1;
  }

  podsInCell(cell: number): number {
    return this.#podsInCell[cell] ?? 0;
  }

  #write(key: ClassKey): Int32Array {
    this.#key[0] = key.namespace;
    this.#key[1] = key.labels;
    this.#key[2] = key.portMap;
    this.#key[3] = key.cell4;
    this.#key[4] = key.cell6;
    this.#key[5] = key.family;
    this.#key[6] = key.host ? 1 : 0;
    this.#key[7] = key.node;
    return this.#key;
  }

  /** -1 when there is none. */
  find(key: ClassKey): number {
    return this.#keys.find(this.#write(key));
  }

  /** A class that is not there yet. */
  add(key: ClassKey): number {
    const c = this.#keys.hold(this.#write(key));
    this.#list(c, key);
    return c;
  }

  /** Gives a class a key that no other has yet. */
  rename(c: number, key: ClassKey): void {
    this.#unlist(c);
    this.#countCells(c, -this.pods.size(c));
    this.#keys.rename(c, this.#write(key));
    this.#list(c, key);
    this.#countCells(c, this.pods.size(c));
  }

  #list(c: number, key: ClassKey): void {
    if (c >= this.#posInNamespace.length) {
      const length = this.#posInNamespace.length * 2;
      this.#posInNamespace = grown(this.#posInNamespace, length);
      this.#posInLabels = grown(this.#posInLabels, length);
      this.#posInCell4 = grown(this.#posInCell4, length);
      this.#posInCell6 = grown(this.#posInCell6, length);
    }
    if (key.namespace >= 0) this.#posInNamespace[c] = this.ofNamespace.push(key.namespace, c);
    if (key.labels >= 0) this.#posInLabels[c] = this.ofLabels.push(key.labels, c);
    if (key.cell4 !== noCell) this.#posInCell4[c] = this.ofCell.push(key.cell4, c);
    if (key.cell6 !== noCell) this.#posInCell6[c] = this.ofCell.push(key.cell6, c);
  }

  /** Forgets a class without pods. */
  remove(c: number): void {
    this.#unlist(c);
    this.#keys.release(c);
  }

  #unlist(c: number): void {
    const { namespace, labels, cell4, cell6 } = this.key(c);
    if (namespace >= 0) removeFrom(this.ofNamespace, namespace, this.#posInNamespace, c);
    if (labels >= 0) removeFrom(this.ofLabels, labels, this.#posInLabels, c);
    // The cells of the two families have different numbers, so a list holds classes of one family's cell.
    if (cell4 !== noCell) removeFrom(this.ofCell, cell4, this.#posInCell4, c);
    if (cell6 !== noCell) removeFrom(this.ofCell, cell6, this.#posInCell6, c);
  }

  /** The class of a pod. */
  of(pod: number): number {
    return this.#classOf[pod]!;
  }

  enter(pod: number, c: number): void {
    if (pod >= this.#classOf.length) {
      this.#classOf = grown(this.#classOf, Math.max(pod + 1, this.#classOf.length * 2));
      this.#posInClass = grown(this.#posInClass, this.#classOf.length);
    }
    this.#classOf[pod] = c;
    this.#posInClass[pod] = this.pods.push(c, pod);
    this.#countCells(c, 1);
  }

  leave(pod: number): void {
    const c = this.#classOf[pod]!;
    removeFrom(this.pods, c, this.#posInClass, pod);
    this.#countCells(c, -1);
  }

  #countCells(c: number, by: number): void {
    for (let i = 3; i <= 4; i++) {
      const cell = this.#keys.at(c, i);
      if (cell !== noCell) this.#podsInCell[cell] = this.podsInCell(cell) + by;
    }
  }
}

function removeFrom(lists: IntLists, list: number, positions: Int32Array, item: number): void {
  const at = positions[item]!;
  const moved = lists.swapRemove(list, at);
  if (moved >= 0) positions[moved] = at;
}
