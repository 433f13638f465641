import type { Cluster, Pod, PodIdentities, PodTable } from '../model/index.ts';
import type { Cells } from './blocks.ts';
import { listsBy, ListsBuilder } from './lists.ts';
import type { Lists } from './lists.ts';
import { nodeName, podTraits } from './pod-traits.ts';
import type { PodTraits, SeeingTables } from './pod-traits.ts';
import type { Profile } from './profile.ts';
import { SequenceTable } from './sequences.ts';

/**
 * Pods that no policy of the input can tell apart: same namespace, same labels as far as selectors mention them, same
 * meaning of port names, addresses in the same cells and families, both or neither on the host network (corner 8).
 */
export class ClassTable {
  /** The pods in columns, and the row of each. */
  readonly table: PodTable;
  readonly rows: Int32Array;
  /** What the pods are called, by row. */
  readonly identities: PodIdentities;
  /** By pod: its class. */
  readonly classOf: Int32Array;
  /** How many pods a class has. */
  readonly weight: Float64Array;
  /** Number of its namespace, -1 for host-network classes: no selector matches those (corner 44). */
  readonly namespace: Int32Array;
  readonly labels: Int32Array;
  readonly portMap: Int32Array;
  /** Cell of its address by family, -1 without one, or where no block is. */
  readonly cell4: Int32Array;
  readonly cell6: Int32Array;
  readonly family: Uint8Array;
  readonly host: Uint8Array;
  /** Of host-network classes, where some tier asks for nodes: what remains of their node's labels; else -1 (corner 63). */
  readonly nodeSet: Int32Array;
  /** The pods that are their node, as far as policies go (corner 44): their indices, ascending. */
  readonly hostPods: readonly number[];
  /** One pod of each class, as its example. */
  readonly example: Int32Array;
  readonly cells: Cells;

  readonly #cluster: Cluster;
  readonly #areFinishedPods: boolean;
  #pods: readonly Pod[] | undefined;
  /** By namespace that was asked about: the numbers of its pods. */
  readonly #indexOfPod = new Map<string, Map<Pod, number>>();
  /** By number of a namespace: the numbers of its pods. */
  #ofNamespace: Lists | undefined;
  #indexOfRow: Int32Array | undefined;

  constructor(cluster: Cluster, tables: SeeingTables) {
    this.#cluster = cluster;
    this.#areFinishedPods = tables.profile.finishedPods === 'pod';
    const traits = podTraits(cluster, tables);
    const { table, rows } = traits;
    this.table = table;
    this.rows = rows;
    this.identities = traits.identities;
    this.hostPods = traits.hostPods;
    this.cells = traits.cells;
    const { parts, owns, families } = traits;
    const found = alike(traits);
    this.classOf = found.classOf;
    this.weight = found.weights;
    const size = found.examples.length;
    this.example = Int32Array.from(found.examples);
    this.namespace = new Int32Array(size);
    this.labels = new Int32Array(size);
    this.portMap = new Int32Array(size);
    this.cell4 = new Int32Array(size);
    this.cell6 = new Int32Array(size);
    this.nodeSet = new Int32Array(size);
    this.family = new Uint8Array(size);
    this.host = new Uint8Array(size);
    const { cellOfPart } = traits.cells;
    for (let c = 0; c < size; c++) {
      const i = found.examples[c]!;
      const isHost = traits.sets[i] === -1;
      this.namespace[c] = traits.namespaces[i]!;
      this.labels[c] = traits.sets[i]!;
      this.portMap[c] = isHost ? 0 : owns[i]!;
      this.nodeSet[c] = isHost ? owns[i]! - 1 : -1;
      this.cell4[c] = cellOf(cellOfPart.IPv4, parts.IPv4[i]);
      this.cell6[c] = cellOf(cellOfPart.IPv6, parts.IPv6[i]);
      this.family[c] = families[i]!;
      this.host[c] = isHost ? 1 : 0;
    }
  }

  get size(): number {
    return this.weight.length;
  }

  /** The pods by number. Whoever asks for them has all of them made, where the cluster has them in columns. */
  get pods(): readonly Pod[] {
    const { pods, finishedPods } = this.#cluster;
    return (this.#pods ??= this.#areFinishedPods ? [...pods, ...finishedPods] : pods);
  }

  /** The pod of a number; no others are made for it. */
  pod(pod: number): Pod {
    return this.identities.pod(this.rows[pod]!);
  }

  /** The name of the node of a pod; `undefined`: a node of its own. */
  nodeOf(pod: number): string | undefined {
    return nodeName(this.table, this.rows[pod]!);
  }

  /** How many pods a pod stands for. */
  replicasOf(pod: number): number {
    return this.table.replicas[this.rows[pod]!]!;
  }

  /** The number of a pod of the cluster; -1 for a pod that the profile ignores, or of another cluster. */
  indexOf(pod: Pod): number {
    const row = this.identities.rowOf(pod);
    if (row >= 0) return (this.#indexOfRow ??= inverse(this.rows, this.table.size))[row]!;
    let ofNamespace = this.#indexOfPod.get(pod.namespace);
    if (ofNamespace === undefined) {
      // A question is about few of very many pods: those of other namespaces are passed by.
      ofNamespace = new Map<Pod, number>();
      const { namespace, vocabulary } = this.table;
      const { namespaces } = vocabulary;
      this.#ofNamespace ??= listsBy(
        this.rows.map((each) => namespace[each]!),
        namespaces.values.length,
      );
      const wanted = namespaces.find(pod.namespace);
      if (wanted >= 0 && wanted < this.#ofNamespace.starts.length - 1)
        for (const i of this.#ofNamespace.of(wanted)) ofNamespace.set(this.pods[i]!, i);
      this.#indexOfPod.set(pod.namespace, ofNamespace);
    }
    return ofNamespace.get(pod) ?? -1;
  }
}

/** By row: the index at which it stands in a list of rows; -1 where it stands nowhere. */
function inverse(rows: Int32Array, size: number): Int32Array {
  const found = new Int32Array(size).fill(-1);
  for (let i = 0; i < rows.length; i++) found[rows[i]!] = i;
  return found;
}

/** Numbers pods that no policy can tell apart from 0, in the order in which they are met. */
function alike({ table, rows, namespaces, sets, owns, families, parts, cells }: PodTraits): {
  readonly classOf: Int32Array;
  readonly examples: readonly number[];
  readonly weights: Float64Array;
} {
  const { replicas } = table;
  const { cellOfPart } = cells;
  const classOf = new Int32Array(rows.length);
  const examples: number[] = [];
  let weights = new Float64Array(256);
  const classes = new SequenceTable();
  const key = new Int32Array(5);
  let last = -1;
  for (let i = 0; i < classOf.length; i++) {
    const cell4 = cellOf(cellOfPart.IPv4, parts.IPv4[i]);
    const cell6 = cellOf(cellOfPart.IPv6, parts.IPv6[i]);
    const own = owns[i]! * 4 + families[i]!;
    // Pods of one workload mostly follow each other.
    if (
      last < 0 ||
      cell4 !== key[3] ||
      cell6 !== key[4] ||
      sets[i] !== key[1] ||
      namespaces[i] !== key[0] ||
      own !== key[2]
    ) {
      key[0] = namespaces[i]!;
      key[1] = sets[i]!;
      key[2] = own;
      key[3] = cell4;
      key[4] = cell6;
      last = classes.intern(key, 0, 5);
      if (last === examples.length) {
        examples.push(i);
        if (last === weights.length) weights = twice(weights);
      }
    }
    classOf[i] = last;
    weights[last]! += replicas[rows[i]!]!;
  }
  return { classOf, examples, weights: weights.slice(0, examples.length) };
}

/** The cell of a part; -1 without a part. */
function cellOf(cellOfPart: Int32Array, part: number | undefined): number {
  return part === undefined || part < 0 ? -1 : cellOfPart[part]!;
}

function twice(old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(old.length * 2);
  larger.set(old);
  return larger;
}

/** By cell: the classes with an address there. */
export function byCell(classes: ClassTable): Lists {
  const found = new ListsBuilder();
  let cells = 0;
  for (let c = 0; c < classes.size; c++) {
    const cell4 = classes.cell4[c]!;
    const cell6 = classes.cell6[c]!;
    if (cell4 >= 0) found.add(cell4, c);
    if (cell6 >= 0) found.add(cell6, c);
    cells = Math.max(cells, cell4 + 1, cell6 + 1);
  }
  return found.finish(cells);
}

/** Whether a pod is its node, as far as policies go (corner 44). */
export function isHost(pod: Pod, profile: Profile): boolean {
  return pod.hostNetwork && profile.hostNetworkPods === 'node';
}
