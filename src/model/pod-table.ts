import type { Address } from '../net/index.ts';
import type { Cluster, ContainerPort, Pod, Workload } from './cluster.ts';
import { LabelSets } from './label-sets.ts';

/** Bits of `PodTable.flags`. */
export const podFlag = {
  hostNetwork: 1,
  finished: 2,
  ipv4: 4,
  ipv6: 8,
  /** The IPv6 address stands first. */
  ipv6First: 16,
} as const;

/** Values by number, counted from 0, each once. */
export class Numbers<T> {
  readonly values: T[] = [];
  readonly #ids = new Map<T, number>();

  of(value: T): number {
    let id = this.#ids.get(value);
    if (id === undefined) {
      this.#ids.set(value, (id = this.values.length));
      this.values.push(value);
    }
    return id;
  }

  /** The number of a value; -1 without one. */
  find(value: T): number {
    return this.#ids.get(value) ?? -1;
  }
}

/** What many pods share, by number; several tables may use one. */
export class PodVocabulary {
  readonly namespaces: Numbers<string> = new Numbers();
  readonly nodes: Numbers<string> = new Numbers();
  readonly ports: Numbers<readonly ContainerPort[]> = new Numbers();
  readonly undecided: Numbers<Pod['undecided']> = new Numbers();
  readonly labels: LabelSets = new LabelSets();
}

/** One row of a `PodTable`: numbers of its vocabulary, and what needs none. */
export interface PodRow {
  readonly namespace: number;
  readonly labels: number;
  readonly undecided: number;
  readonly ports: number;
  /** -1: a node of its own. */
  readonly node: number;
  /** Of `podFlag`. */
  readonly flags: number;
  /** The IPv4 address, where the flags say that there is one. */
  readonly ipv4: number;
  /** The IPv6 address, likewise. */
  readonly ipv6: bigint;
  readonly replicas: number;
}

/**
 * What policies see of pods, in columns: a cluster may have a million, and that many objects cost more to make and to
 * collect than all else that is done with them. Rows are only added, or written anew.
 */
export class PodTable {
  readonly vocabulary: PodVocabulary;
  #size = 0;
  #namespace = new Int32Array(16);
  #labels = new Int32Array(16);
  #undecided = new Int32Array(16);
  #ports = new Int32Array(16);
  #node = new Int32Array(16);
  #flags = new Uint8Array(16);
  #ipv4 = new Uint32Array(16);
  readonly #ipv6 = new Map<number, bigint>();
  #replicas = new Int32Array(16);

  constructor(vocabulary: PodVocabulary = new PodVocabulary()) {
    this.vocabulary = vocabulary;
  }

  get size(): number {
    return this.#size;
  }

  /** By row: its number in the vocabulary. All columns are as long as the table, or longer. */
  get namespace(): Int32Array {
    return this.#namespace;
  }

  get labels(): Int32Array {
    return this.#labels;
  }

  get undecided(): Int32Array {
    return this.#undecided;
  }

  get ports(): Int32Array {
    return this.#ports;
  }

  /** -1: a node of its own. */
  get node(): Int32Array {
    return this.#node;
  }

  get flags(): Uint8Array {
    return this.#flags;
  }

  /** Where `flags` say that there is one. */
  get ipv4(): Uint32Array {
    return this.#ipv4;
  }

  get ipv6(): ReadonlyMap<number, bigint> {
    return this.#ipv6;
  }

  get replicas(): Int32Array {
    return this.#replicas;
  }

  /** Writes a row, which is there already or the next one. */
  write(row: number, pod: PodRow): void {
    if (row === this.#size) this.#grow();
    this.#namespace[row] = pod.namespace;
    this.#labels[row] = pod.labels;
    this.#undecided[row] = pod.undecided;
    this.#ports[row] = pod.ports;
    this.#node[row] = pod.node;
    this.#flags[row] = pod.flags;
    this.#ipv4[row] = pod.ipv4;
    if ((pod.flags & podFlag.ipv6) !== 0) this.#ipv6.set(row, pod.ipv6);
    this.#replicas[row] = pod.replicas;
  }

  /** Adds what policies see of a pod. */
  add(pod: Pod): number {
    const row = this.#size;
    const { namespaces, nodes, ports, undecided, labels } = this.vocabulary;
    this.write(row, {
      namespace: namespaces.of(pod.namespace),
      labels: labels.of(pod.labels),
      undecided: undecided.of(pod.undecided),
      ports: ports.of(pod.ports),
      node: pod.node === undefined ? -1 : nodes.of(pod.node),
      flags: (pod.hostNetwork ? podFlag.hostNetwork : 0) | (pod.finished ? podFlag.finished : 0),
      ipv4: 0,
      ipv6: 0n,
      replicas: pod.replicas,
    });
    this.setAddresses(row, pod.addresses);
    return row;
  }

  /** Gives a pod that has none its addresses, of which the first of each family counts. */
  setAddresses(row: number, addresses: readonly Address[]): void {
    for (const { family, value } of addresses) {
      if (family === 'IPv4') this.#setIPv4(row, Number(value));
      else this.#setIPv6(row, value);
    }
  }

  #setIPv4(row: number, value: number): void {
    if ((this.#flags[row]! & podFlag.ipv4) !== 0) return;
    this.#flags[row]! |= podFlag.ipv4;
    this.#ipv4[row] = value;
  }

  #setIPv6(row: number, value: bigint): void {
    const flags = this.#flags[row]!;
    if ((flags & podFlag.ipv6) !== 0) return;
    this.#flags[row] = flags | podFlag.ipv6 | ((flags & podFlag.ipv4) === 0 ? podFlag.ipv6First : 0);
    this.#ipv6.set(row, value);
  }

  setUndecided(row: number, undecided: Pod['undecided']): void {
    this.#undecided[row] = this.vocabulary.undecided.of(undecided);
  }

  /** The addresses of a pod, in their order. */
  addressesOf(row: number): Address[] {
    const flags = this.#flags[row]!;
    const v4: Address | undefined =
      (flags & podFlag.ipv4) === 0 ? undefined : { family: 'IPv4', value: BigInt(this.#ipv4[row]!) };
    if ((flags & podFlag.ipv6) === 0) return v4 === undefined ? [] : [v4];
    const v6: Address = { family: 'IPv6', value: this.#ipv6.get(row)! };
    // Lists that are written out take no more room than they need.
    if (v4 === undefined) return [v6];
    return (flags & podFlag.ipv6First) === 0 ? [v4, v6] : [v6, v4];
  }

  /** Copies a row of a table that has the same vocabulary. */
  copy(row: number, from: PodTable, source: number): void {
    this.write(row, {
      namespace: from.#namespace[source]!,
      labels: from.#labels[source]!,
      undecided: from.#undecided[source]!,
      ports: from.#ports[source]!,
      node: from.#node[source]!,
      flags: from.#flags[source]!,
      ipv4: from.#ipv4[source]!,
      ipv6: from.#ipv6.get(source) ?? 0n,
      replicas: from.#replicas[source]!,
    });
  }

  #grow(): void {
    const room = this.#flags.length;
    if (this.#size++ < room) return;
    this.#namespace = twice(this.#namespace, new Int32Array(room * 2));
    this.#labels = twice(this.#labels, new Int32Array(room * 2));
    this.#undecided = twice(this.#undecided, new Int32Array(room * 2));
    this.#ports = twice(this.#ports, new Int32Array(room * 2));
    this.#node = twice(this.#node, new Int32Array(room * 2));
    this.#flags = twice(this.#flags, new Uint8Array(room * 2));
    this.#ipv4 = twice(this.#ipv4, new Uint32Array(room * 2));
    this.#replicas = twice(this.#replicas, new Int32Array(room * 2));
  }
}

function twice<T extends Int32Array | Uint32Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** What pods that stand in columns are called, whose they are, and each in full: of few, no other is made as an object. */
export interface PodIdentities {
  /** By row: the number of its workload; equal ids have one number. */
  readonly workload: Int32Array;
  /** All numbers of workloads are below it. */
  readonly workloads: number;
  readonly workloadId: (workload: number) => string;
  /** The id of the pod of a row. */
  readonly podId: (row: number) => string;
  /** Whether the pod of a row is one that a template would make. */
  readonly isTemplate: (row: number) => boolean;
  /** The pod of a row, the same that the cluster lists. */
  readonly pod: (row: number) => Pod;
  /** The row of a pod that `pod` made; -1 where that is not known. */
  readonly rowOf: (pod: Pod) => number;
}

/** The pods of a cluster as rows, in the order in which the cluster has them. */
export interface PodColumns {
  readonly table: PodTable;
  /** The rows of `cluster.pods`. */
  readonly pods: Int32Array;
  /** Those of `cluster.finishedPods`. */
  readonly finishedPods: Int32Array;
  readonly identities: PodIdentities;
  /** The workloads that have no pods; absent where the cluster has to be asked. */
  readonly withoutPods?: () => readonly Pick<Workload, 'id' | 'namespace'>[];
}

/** The identities of pods that are objects, in the order of their rows. */
class GivenPods implements PodIdentities {
  readonly #pods: readonly Pod[];
  readonly #workloads = new Numbers<string>();
  #workload: Int32Array | undefined;

  constructor(pods: readonly Pod[]) {
    this.#pods = pods;
  }

  get workload(): Int32Array {
    return (this.#workload ??= Int32Array.from(this.#pods, ({ workload }) => this.#workloads.of(workload)));
  }

  get workloads(): number {
    return this.workload.length === 0 ? 0 : this.#workloads.values.length;
  }

  workloadId(workload: number): string {
    return this.#workloads.values[workload]!;
  }

  podId(row: number): string {
    return this.#pods[row]!.id;
  }

  isTemplate(row: number): boolean {
    return this.#pods[row]!.template;
  }

  pod(row: number): Pod {
    return this.#pods[row]!;
  }

  rowOf(): number {
    return -1;
  }
}

const known = new WeakMap<Cluster, PodColumns>();
/** By `cluster.pods`: its columns, with the finished pods that they are for. */
const ofPods = new WeakMap<
  readonly Pod[],
  { readonly finishedPods: readonly Pod[]; readonly columns: PodColumns }
>();

/** Says which columns hold the pods of a cluster that makes its pods when someone asks for them. */
export function setPodColumns(cluster: Cluster, columns: PodColumns): void {
  known.set(cluster, columns);
}

/** Says the same of the lists that were made of columns: clusters that have both, as copies do, have these columns. */
export function sharePodColumns(
  pods: readonly Pod[],
  finishedPods: readonly Pod[],
  columns: PodColumns,
): void {
  ofPods.set(pods, { finishedPods, columns });
}

/** The pods of a cluster in columns. */
export function podColumns(cluster: Cluster): PodColumns {
  const columns = known.get(cluster);
  if (columns !== undefined) return columns;
  const shared = ofPods.get(cluster.pods);
  if (shared !== undefined && shared.finishedPods === cluster.finishedPods) return shared.columns;
  const table = new PodTable();
  const rows = (pods: readonly Pod[]): Int32Array => Int32Array.from(pods, (pod) => table.add(pod));
  return {
    table,
    pods: rows(cluster.pods),
    finishedPods: rows(cluster.finishedPods),
    identities: new GivenPods([...cluster.pods, ...cluster.finishedPods]),
  };
}

/** The workloads of a cluster that ask for no pods, without having the others made. */
export function workloadsWithoutPods(cluster: Cluster): readonly Pick<Workload, 'id' | 'namespace'>[] {
  return known.get(cluster)?.withoutPods?.() ?? cluster.workloads.filter(({ pods }) => pods.length === 0);
}
