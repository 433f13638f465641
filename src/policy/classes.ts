import { podColumns, podFlag } from '../model/index.ts';
import type { Cluster, ContainerPort, Pod, PodIdentities, PodTable } from '../model/index.ts';
import type { BlockTable, Cells } from './blocks.ts';
import type { LabelTable } from './labels.ts';
import type { PortTable } from './port-table.ts';
import { ListsBuilder } from './lists.ts';
import type { Lists } from './lists.ts';
import type { Profile } from './profile.ts';
import type { Tiers } from './tiers.ts';

/** Bits of the families that a pod has; a pod without an address has both (corner 39). */
export const familyBits = { IPv4: 1, IPv6: 2 } as const;

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
  #all: Map<Pod, number> | undefined;
  #indexOfRow: Int32Array | undefined;

  constructor(
    cluster: Cluster,
    profile: Profile,
    namespaceIndex: ReadonlyMap<string, number>,
    labelTable: LabelTable,
    ports: PortTable,
    blocks: BlockTable,
    tiers?: Tiers,
  ) {
    this.#cluster = cluster;
    this.#areFinishedPods = profile.finishedPods === 'pod';
    const { table, pods: live, finishedPods, identities } = podColumns(cluster);
    const rows = this.#areFinishedPods ? joined(live, finishedPods) : live;
    this.table = table;
    this.rows = rows;
    this.identities = identities;
    const count = rows.length;
    const { vocabulary, flags, ipv4, ipv6, replicas } = table;
    const parts = { IPv4: new Int32Array(count).fill(-1), IPv6: new Int32Array(count).fill(-1) };
    const touched = { IPv4: new Set<number>(), IPv6: new Set<number>() };
    const sets = new Int32Array(count).fill(-1);
    const namespaces = new Int32Array(count).fill(-1);
    const portMaps = new Int32Array(count);
    const familyOf = new Uint8Array(count);
    const namespaceOf = Int32Array.from(
      vocabulary.namespaces.values,
      (name) => namespaceIndex.get(name) ?? -1,
    );
    const setOf = labelTable.setsOf(vocabulary.labels, vocabulary.undecided.values);
    const portMapOf = portMapper(ports, profile, vocabulary.ports.values);
    const hostPods: number[] = [];
    const nodeSets = new Int32Array(count).fill(-1);
    const nodeSetOf = nodeSetsOf(cluster, tiers);
    const hostsAreNodes = profile.hostNetworkPods === 'node';
    // Corners 58 and 63: networks of tiers match pods in every reading.
    const isSeen = tiers?.peers.asksForNetworks === true;
    const hasBlocks = blocks.size > 0;

    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      const flag = flags[row]!;
      const host = hostsAreNodes && (flag & podFlag.hostNetwork) !== 0;
      if (!host) {
        sets[i] = setOf(table.labels[row]!, table.undecided[row]!);
        namespaces[i] = namespaceOf[table.namespace[row]!]!;
        portMaps[i] = portMapOf(table.ports[row]!);
      } else {
        hostPods.push(i);
        nodeSets[i] = nodeSetOf(nodeName(table, row));
      }
      // Corner 34: whether an ipBlock matches the address of a pod, or of a node, is the profile's.
      const isMatched =
        hasBlocks && (isSeen || (host ? profile.ipBlockMatchesNodes : profile.ipBlockMatchesPods));
      let bits = 0;
      if ((flag & podFlag.ipv4) !== 0) {
        bits |= familyBits.IPv4;
        if (isMatched) touched.IPv4.add((parts.IPv4[i] = blocks.partOfIPv4(ipv4[row]!)));
      }
      if ((flag & podFlag.ipv6) !== 0) {
        bits |= familyBits.IPv6;
        if (isMatched) touched.IPv6.add((parts.IPv6[i] = blocks.partOf('IPv6', ipv6.get(row)!)));
      }
      familyOf[i] = bits === 0 ? familyBits.IPv4 | familyBits.IPv6 : bits;
    }

    this.hostPods = hostPods;
    this.cells = blocks.cells(touched);
    const cell4 = cellsOf(parts.IPv4, this.cells.cellOfPart.IPv4);
    const cell6 = cellsOf(parts.IPv6, this.cells.cellOfPart.IPv6);
    const aux: Numbering = new Numbering();
    const auxOf = new Int32Array(count);
    const span = touched.IPv4.size + touched.IPv6.size + 2;
    for (let i = 0; i < count; i++) {
      // Pods that are their node have a node's labels, others have names of ports.
      let key = nodeSets[i]! >= 0 ? nodeSets[i]! + 1 : portMaps[i]!;
      key = (key * span + 1 + cell4[i]!) * span + 1 + cell6[i]!;
      auxOf[i] = aux.of(key * 8 + familyOf[i]! * 2 + (sets[i] === -1 ? 1 : 0));
    }

    const classes = new Numbering();
    this.classOf = new Int32Array(count);
    const examples: number[] = [];
    let last = -1;
    for (let i = 0; i < count; i++) {
      // Pods of one workload mostly follow each other.
      if (
        i > 0 &&
        namespaces[i] === namespaces[i - 1] &&
        sets[i] === sets[i - 1] &&
        auxOf[i] === auxOf[i - 1]
      ) {
        this.classOf[i] = last;
        continue;
      }
      const key = ((namespaces[i]! + 1) * (labelTable.setCount + 1) + sets[i]! + 1) * aux.size + auxOf[i]!;
      last = classes.of(key);
      if (last === examples.length) examples.push(i);
      this.classOf[i] = last;
    }
    const size = classes.size;
    this.weight = new Float64Array(size);
    this.namespace = new Int32Array(size);
    this.labels = new Int32Array(size);
    this.portMap = new Int32Array(size);
    this.cell4 = new Int32Array(size);
    this.cell6 = new Int32Array(size);
    this.family = new Uint8Array(size);
    this.host = new Uint8Array(size);
    this.nodeSet = new Int32Array(size);
    this.example = Int32Array.from(examples);
    for (let i = 0; i < count; i++) this.weight[this.classOf[i]!]! += replicas[rows[i]!]!;
    for (let id = 0; id < size; id++) {
      const i = examples[id]!;
      this.namespace[id] = namespaces[i]!;
      this.labels[id] = sets[i]!;
      this.portMap[id] = portMaps[i]!;
      this.cell4[id] = cell4[i]!;
      this.cell6[id] = cell6[i]!;
      this.family[id] = familyOf[i]!;
      this.host[id] = sets[i] === -1 ? 1 : 0;
      this.nodeSet[id] = nodeSets[i]!;
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
    if (this.#all !== undefined) return this.#all.get(pod) ?? -1;
    const row = this.identities.rowOf(pod);
    if (row >= 0) return (this.#indexOfRow ??= inverse(this.rows, this.table.size))[row]!;
    let ofNamespace = this.#indexOfPod.get(pod.namespace);
    if (ofNamespace === undefined) {
      if (this.#indexOfPod.size < fewNamespaces) {
        // A question is about few of very many pods: those of other namespaces are only passed by.
        this.#indexOfPod.set(pod.namespace, (ofNamespace = new Map<Pod, number>()));
        const { namespace, vocabulary } = this.table;
        const wanted = vocabulary.namespaces.find(pod.namespace);
        for (let i = 0; i < this.rows.length; i++)
          if (namespace[this.rows[i]!] === wanted) ofNamespace.set(this.pods[i]!, i);
      } else {
        this.#all ??= new Map(this.pods.map((each, i) => [each, i]));
        ofNamespace = this.#all;
      }
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

/** The pods of so many namespaces are indexed each by themselves; whoever asks about more asks about all. */
const fewNamespaces = 16;

/** By pod: the cell of its address; -1 without one. */
function cellsOf(parts: Int32Array, cellOfPart: ReadonlyMap<number, number>): Int32Array {
  const cells = new Int32Array(parts.length).fill(-1);
  let part = -1;
  let cell = -1;
  for (let i = 0; i < parts.length; i++) {
    // Pods that follow each other are mostly in one part.
    if (parts[i] !== part) {
      part = parts[i]!;
      cell = cellOfPart.get(part) ?? -1;
    }
    cells[i] = cell;
  }
  return cells;
}

/** Numbers what remains of the labels of nodes; -1 for a pod whose node is not known, and where nobody asks. */
function nodeSetsOf(cluster: Cluster, tiers: Tiers | undefined): (node: string | undefined) => number {
  if (tiers?.peers.asksForNodes !== true) return () => -1;
  return (name) => {
    if (name === undefined) return -1;
    // A node that only pods mention has no labels that are known.
    const labels = cluster.nodes.get(name)?.labels ?? none;
    return tiers.nodeLabels.setOf({ labels, undecided: new Map() });
  };
}

const none: ReadonlyMap<string, string> = new Map();

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

function nodeName({ node, vocabulary }: PodTable, row: number): string | undefined {
  return vocabulary.nodes.values[node[row]!];
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Pods of one template share their list of ports: each distinct list is looked at once. */
function portMapper(
  ports: PortTable,
  profile: Profile,
  lists: readonly (readonly ContainerPort[])[],
): (list: number) => number {
  if (!ports.hasNames) return () => 0;
  const known = new Int32Array(lists.length).fill(-1);
  return (list) => {
    let id = known[list]!;
    if (id < 0) {
      const declared = lists[list]!;
      // Corner 28: whether the names of sidecars count is the profile's.
      id = ports.portMap(profile.sidecarPorts ? declared : declared.filter((port) => !port.sidecar));
      known[list] = id;
    }
    return id;
  };
}

/** Numbers keys from 0 in the order in which they are met. */
class Numbering {
  readonly #ids = new Map<number, number>();
  #lastKey = -1;
  #lastId = -1;

  get size(): number {
    return this.#ids.size;
  }

  of(key: number): number {
    // What follows each other is mostly equal.
    if (key === this.#lastKey) return this.#lastId;
    let id = this.#ids.get(key);
    if (id === undefined) this.#ids.set(key, (id = this.#ids.size));
    this.#lastKey = key;
    this.#lastId = id;
    return id;
  }
}
