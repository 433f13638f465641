import { podFlag, setPodColumns, sharePodColumns } from '../../model/index.ts';
import type {
  Cluster,
  ClusterNode,
  Origin,
  Pod,
  PodColumns,
  PodIdentities,
  Workload,
} from '../../model/index.ts';
import type { Address } from '../../net/index.ts';
import type { ReadOptions } from '../raw.ts';
import type { Collector } from './collect.ts';
import { tellTwice } from './findings.ts';
import type { Findings } from './findings.ts';
import { noLabels } from './labels.ts';
import type { LabelReader } from './labels.ts';
import type { PodIntake } from './pod-intake.ts';
import { noOwner } from './pod-owners.ts';
import { noAddresses } from './pods.ts';
import type { PodReader } from './pods.ts';
import { ControllerReader, nothingUndecided } from './workloads.ts';
import type { Controller } from './workloads.ts';

/** Owners of owners: Pod, ReplicaSet, Deployment is the longest chain that Kubernetes itself makes. */
const longestChain = 8;

/** What reads the parts of pods and controllers, and what is known before them. */
export interface Readers {
  readonly findings: Findings;
  readonly labels: LabelReader;
  readonly pods: PodReader;
  /** Those of the input; nodes that are only mentioned are added. */
  readonly nodes: Map<string, ClusterNode>;
}

/** The pods of the input, and those that the templates without pods would make, by workload. */
export function gatherWorkloads(
  collected: Collector,
  readers: Readers,
  options: ReadOptions,
): GatheredWorkloads {
  return new Gatherer(collected, readers, options).gather();
}

/** A controller of the input, by the number of what it is as an owner. */
interface Known {
  readonly controller: Controller;
  /** The number of the one that owns it, or `noOwner`. */
  readonly owner: number;
}

/** The controllers of the input, and whose workloads their pods belong to. */
class Controllers {
  /** By number as an owner. */
  readonly #known = new Map<number, Known>();
  /** Controllers below a workload: their templates serve when the workload itself is only known by reference. */
  readonly #below = new Map<number, Controller[]>();

  add(number: number, known: Known): Controller | undefined {
    const former = this.#known.get(number);
    this.#known.set(number, known);
    return former?.controller;
  }

  /** Calls `visit` for each, with the number of its workload. */
  forEach(visit: (controller: Controller, workload: number) => void): void {
    for (const [number, { controller }] of this.#known) {
      const top = this.topOf(number);
      visit(this.#known.get(top)?.controller ?? controller, top);
      if (top === number) continue;
      const below = this.#below.get(top);
      if (below === undefined) this.#below.set(top, [controller]);
      else below.push(controller);
    }
  }

  /** The topmost controller that the input knows, be it by reference; `owner` itself when it is not in the input. */
  topOf(owner: number): number {
    let top = owner;
    if (this.#known.size === 0) return top;
    // Owners in a circle end somewhere in it.
    for (let i = 0; i < longestChain; i++) {
      const next = this.#known.get(top)?.owner ?? noOwner;
      if (next === noOwner || next === owner) break;
      top = next;
    }
    return top;
  }

  /** Whose template makes the pods of a workload that has none in the input. */
  templateOf(workload: number): Controller | undefined {
    if (this.#known.size === 0) return undefined;
    return this.#known.get(workload)?.controller ?? largest(this.#below.get(workload));
  }
}

class Gatherer {
  readonly #pods: PodIntake;
  readonly #collected: Collector;
  readonly #readers: Readers;
  readonly #controllerReader: ControllerReader;
  readonly #controllers = new Controllers();
  /** What is gathered, in the order of the first object of each: controllers before pods. */
  readonly #groups: Groups;
  /** By owner: its group, or -1. */
  #groupOfOwner = new Int32Array(0);

  constructor(collected: Collector, readers: Readers, options: ReadOptions) {
    this.#pods = collected.pods;
    this.#collected = collected;
    this.#readers = readers;
    const { findings, labels, pods, nodes } = readers;
    this.#controllerReader = new ControllerReader(findings, labels, pods, nodes.size, options);
    this.#groups = new Groups(collected.pods);
  }

  gather(): GatheredWorkloads {
    this.#readControllers();
    for (const diagnostic of this.#pods.diagnostics) this.#readers.findings.diagnostics.push(diagnostic);
    const { table } = this.#pods;
    const { owners } = this.#pods.parts;
    const read = table.size;
    const groups = this.#groups;
    groups.ofRow = new Int32Array(read);
    // Owners of owners are numbered with the controllers.
    this.#groupOfOwner = widened(this.#groupOfOwner, owners.size);
    let finished = 0;
    for (let row = 0; row < read; row++) {
      const owner = this.#pods.ownerOf(row);
      const group = owner === noOwner ? groups.add(noOwner, row, undefined) : this.#groupOf(owner, row);
      groups.ofRow[row] = group;
      this.#complete(row);
      if ((table.flags[row]! & podFlag.finished) === 0) groups.count(group);
      else {
        groups.setFinished(group);
        finished++;
      }
    }
    return this.#arrange(read, finished);
  }

  /** Puts the live pods in the order of their groups, and has templates make those of groups that have none. */
  #arrange(read: number, finished: number): GatheredWorkloads {
    const groups = this.#groups;
    const { table } = this.#pods;
    const made: Pod[] = [];
    const starts = new Int32Array(groups.size + 1);
    const isLive = new Uint8Array(groups.size);
    const templates = new Map<number, readonly Pod[]>();
    const groupOfMade: number[] = [];
    for (let group = 0; group < groups.size; group++) {
      let members = groups.live(group);
      isLive[group] = members > 0 ? 1 : 0;
      const source = members > 0 ? undefined : this.#controllers.templateOf(groups.owner(group));
      if (source !== undefined) {
        isLive[group] = 1;
        const namespace = groups.namespace(group);
        const pods = this.#controllerReader.podsOf(source, groups.id(group), groups.name(group), (podName) =>
          this.#pods.has(namespace, podName),
        );
        members = pods.length;
        templates.set(group, pods);
      }
      starts[group + 1] = starts[group]! + members;
    }
    const live = new Int32Array(starts[groups.size]!);
    const finishedRows = new Int32Array(finished);
    const next = starts.slice();
    for (const [group, pods] of templates) {
      for (const pod of pods) {
        live[next[group]!++] = table.add(pod);
        made.push(pod);
        groupOfMade.push(group);
      }
    }
    let last = 0;
    for (let row = 0; row < read; row++) {
      if ((table.flags[row]! & podFlag.finished) === 0) live[next[groups.ofRow[row]!]!++] = row;
      else finishedRows[last++] = row;
    }
    this.#mentionNodes(live);
    const groupOf = new Int32Array(read + made.length);
    groupOf.set(groups.ofRow);
    groupOf.set(groupOfMade, read);
    groups.ofRow = groupOf;
    return new GatheredWorkloads(groups, this.#pods, {
      starts,
      isLive,
      live,
      finished: finishedRows,
      made,
      read,
    });
  }

  #readControllers(): void {
    const { owners, vocabulary } = this.#pods.parts;
    for (const { kind, objects } of this.#collected.controllers) {
      for (const object of objects) {
        const controller = this.#controllerReader.read(object, kind);
        if (controller === undefined) continue;
        const namespace = vocabulary.namespaces.of(controller.namespace);
        const { owner } = controller;
        const former = this.#controllers.add(owners.of(namespace, owners.kind(kind), controller.name), {
          controller,
          owner: owner === undefined ? noOwner : owners.of(namespace, owners.kind(owner.kind), owner.name),
        });
        if (former !== undefined) tellTwice(this.#readers.findings, former.origin, object);
      }
    }
    this.#groupOfOwner = widened(this.#groupOfOwner, owners.size);
    this.#controllers.forEach(({ origin }, workload) => {
      if (this.#groupOfOwner[workload]! < 0)
        this.#groupOfOwner[workload] = this.#groups.add(workload, -1, origin);
    });
  }

  /** The group of pods that say who owns them. */
  #groupOf(owner: number, row: number): number {
    const top = this.#controllers.topOf(owner);
    let group = this.#groupOfOwner[top]!;
    if (group < 0) this.#groupOfOwner[top] = group = this.#groups.add(top, row, undefined);
    return group;
  }

  /** Fills in what is only known when all objects have been read. */
  #complete(row: number): void {
    const { table } = this.#pods;
    const flags = table.flags[row]!;
    const { unscheduled } = this.#controllerReader;
    if (table.node[row]! < 0 && unscheduled !== nothingUndecided) table.setUndecided(row, unscheduled);
    if ((flags & podFlag.hostNetwork) !== 0 && (flags & (podFlag.ipv4 | podFlag.ipv6)) === 0)
      table.setAddresses(row, this.#nodeAddresses(table.vocabulary.nodes.values[table.node[row]!]));
  }

  /** The first address of each family: a host-network pod is its node (corner 44). */
  #nodeAddresses(name: string | undefined): readonly Address[] {
    return (name === undefined ? undefined : this.#readers.nodes.get(name))?.addresses ?? noAddresses;
  }

  #mentionNodes(live: Int32Array): void {
    const { nodes } = this.#readers;
    const { node, vocabulary } = this.#pods.table;
    const isMentioned = new Uint8Array(vocabulary.nodes.values.length);
    for (const row of live) {
      const number = node[row]!;
      if (number < 0 || isMentioned[number] === 1) continue;
      isMentioned[number] = 1;
      const name = vocabulary.nodes.values[number]!;
      if (!nodes.has(name))
        nodes.set(name, { name, labels: noLabels, addresses: noAddresses, origin: undefined });
    }
  }
}

/** Of several ReplicaSets of a Deployment that is not in the input, the one that makes the most pods. */
function largest(controllers: readonly Controller[] | undefined): Controller | undefined {
  return controllers?.reduce((a, b) => (b.replicas > a.replicas ? b : a));
}

function widened(old: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(length).fill(-1);
  wider.set(old);
  return wider;
}

/** Workloads while their pods are gathered, by number: of an owner, or a pod by itself. */
class Groups {
  /** By row of the pods: its group. */
  ofRow = new Int32Array(0);
  readonly #pods: PodIntake;
  readonly #owners: number[] = [];
  /** The first pod of each, or -1. */
  readonly #rows: number[] = [];
  readonly #live: number[] = [];
  readonly #areFinished = new Set<number>();
  /** Of those that begin with a controller. */
  readonly #origins = new Map<number, Origin>();

  constructor(pods: PodIntake) {
    this.#pods = pods;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** @param row - its first pod, which is the workload when there is no owner; -1 without any */
  add(owner: number, row: number, origin: Origin | undefined): number {
    const group = this.#rows.length;
    this.#owners.push(owner);
    this.#rows.push(row);
    this.#live.push(0);
    if (origin !== undefined) this.#origins.set(group, origin);
    return group;
  }

  /** Says that one more live pod is in it. */
  count(group: number): void {
    this.#live[group]!++;
  }

  setFinished(group: number): void {
    this.#areFinished.add(group);
  }

  live(group: number): number {
    return this.#live[group]!;
  }

  hasFinished(group: number): boolean {
    return this.#areFinished.has(group);
  }

  owner(group: number): number {
    return this.#owners[group]!;
  }

  /** The number of its namespace. */
  namespaceNumber(group: number): number {
    const owner = this.#owners[group]!;
    const { owners } = this.#pods.parts;
    return owner === noOwner ? this.#pods.table.namespace[this.#rows[group]!]! : owners.namespaceOf(owner);
  }

  namespace(group: number): string {
    return this.#pods.parts.vocabulary.namespaces.values[this.namespaceNumber(group)]!;
  }

  kind(group: number): string {
    const owner = this.#owners[group]!;
    return owner === noOwner ? 'Pod' : this.#pods.parts.owners.kindOf(owner);
  }

  name(group: number): string {
    const owner = this.#owners[group]!;
    return owner === noOwner ? this.#pods.nameOf(this.#rows[group]!) : this.#pods.parts.owners.nameOf(owner);
  }

  id(group: number): string {
    return `${this.namespace(group)}/${this.kind(group)}/${this.name(group)}`;
  }

  origin(group: number): Origin {
    return this.#origins.get(group) ?? this.#pods.originOf(this.#rows[group]!);
  }
}

/** How the pods are arranged. */
interface Arranged {
  /** By group: where its pods begin in `live`; one more entry says where the last end. */
  readonly starts: Int32Array;
  /** By group: whether it has pods, or a template that would make some. */
  readonly isLive: Uint8Array;
  readonly live: Int32Array;
  readonly finished: Int32Array;
  /** The pods of the rows behind those that were read. */
  readonly made: readonly Pod[];
  /** How many rows were read. */
  readonly read: number;
}

/** The parts of a cluster that are made when someone asks for them. */
type Made = Pick<Cluster, 'workloads' | 'pods' | 'finishedPods' | 'finishedWorkloads'>;

/** The workloads of the input, in columns until someone asks for them. */
export class GatheredWorkloads implements PodIdentities {
  readonly #groups: Groups;
  readonly #pods: PodIntake;
  readonly #arranged: Arranged;
  #made: Made | undefined;
  /** Pods that were asked for one by one, by row, and their rows. */
  readonly #single = new Map<number, Pod>();
  readonly #rows = new Map<Pod, number>();
  /** All of them by row, once they are made. */
  #ofRow: readonly Pod[] | undefined;
  /** The ids of all workloads, likewise. */
  #ids: readonly string[] | undefined;

  constructor(groups: Groups, pods: PodIntake, arranged: Arranged) {
    this.#groups = groups;
    this.#pods = pods;
    this.#arranged = arranged;
  }

  /** Its number is that of its group: owners are told apart by all that an id says, and no Pod owns another. */
  get workload(): Int32Array {
    return this.#groups.ofRow;
  }

  get workloads(): number {
    return this.#groups.size;
  }

  workloadId(workload: number): string {
    return this.#ids?.[workload] ?? this.#groups.id(workload);
  }

  podId(row: number): string {
    const known = this.#ofRow?.[row];
    if (known !== undefined) return known.id;
    const { read, made } = this.#arranged;
    if (row >= read) return made[row - read]!.id;
    const { table } = this.#pods;
    return podIdOf(table.vocabulary.namespaces.values[table.namespace[row]!]!, this.#pods.nameOf(row));
  }

  isTemplate(row: number): boolean {
    return row >= this.#arranged.read;
  }

  pod(row: number): Pod {
    let pod = this.#ofRow?.[row] ?? this.#single.get(row);
    if (pod === undefined) {
      pod = this.#pod(row, this.#groups.id(this.#groups.ofRow[row]!));
      this.#single.set(row, pod);
      this.#rows.set(pod, row);
    }
    return pod;
  }

  rowOf(pod: Pod): number {
    return this.#rows.get(pod) ?? -1;
  }

  /** The live workloads without a pod: all ask for 0 replicas. */
  withoutPods(): readonly Pick<Workload, 'id' | 'namespace'>[] {
    const { starts, isLive } = this.#arranged;
    const groups = this.#groups;
    const found: Pick<Workload, 'id' | 'namespace'>[] = [];
    for (let group = 0; group < groups.size; group++)
      if (isLive[group] === 1 && starts[group] === starts[group + 1])
        found.push({ id: groups.id(group), namespace: groups.namespace(group) });
    return found;
  }

  get hasPods(): boolean {
    return this.#arranged.live.length > 0;
  }

  /** How many live pods there are, and how many of them have no address. */
  countAddresses(): { readonly all: number; readonly without: number } {
    const { flags, replicas } = this.#pods.table;
    let all = 0;
    let without = 0;
    for (const row of this.#arranged.live) {
      all += replicas[row]!;
      if ((flags[row]! & (podFlag.ipv4 | podFlag.ipv6)) === 0) without += replicas[row]!;
    }
    return { all, without };
  }

  /** The namespaces of workloads, each once, first those of live ones. */
  namespaces(): readonly string[] {
    const { isLive } = this.#arranged;
    const found = new Set<number>();
    for (const wanted of [1, 0]) {
      for (let group = 0; group < this.#groups.size; group++) {
        if (isLive[group] === wanted && (wanted === 1 || this.#groups.hasFinished(group)))
          found.add(this.#groups.namespaceNumber(group));
      }
    }
    const names = this.#pods.parts.vocabulary.namespaces.values;
    return Array.from(found, (number) => names[number]!);
  }

  /** The workloads and their pods as objects, the same whenever it is asked. */
  get made(): Made {
    return (this.#made ??= this.#make());
  }

  /** Says where the pods of a cluster stand that has them from here. */
  setColumnsOf(cluster: Cluster): void {
    setPodColumns(cluster, this.columns);
  }

  /** What policies see of the pods, and which of them are live. */
  get columns(): PodColumns {
    const { live, finished } = this.#arranged;
    return {
      table: this.#pods.table,
      pods: live,
      finishedPods: finished,
      identities: this,
      withoutPods: () => this.withoutPods(),
    };
  }

  #make(): Made {
    const groups = this.#groups;
    const single = this.#single;
    const ofRow: Pod[] = Array.from({ length: groups.ofRow.length });
    const podOf = (row: number, workload: string): Pod =>
      (ofRow[row] = single.get(row) ?? this.#pod(row, workload));
    const { starts, isLive, live, finished } = this.#arranged;
    const pods: Pod[] = Array.from({ length: live.length });
    const workloads: Workload[] = [];
    const finishedWorkloads: Workload[] = [];
    const ids: string[] = [];
    for (let group = 0; group < groups.size; group++) {
      const id = groups.id(group);
      ids.push(id);
      const start = starts[group]!;
      const members: Pod[] = Array.from({ length: starts[group + 1]! - start });
      for (let i = 0; i < members.length; i++) members[i] = pods[start + i] = podOf(live[start + i]!, id);
      const workload: Workload = {
        id,
        namespace: groups.namespace(group),
        kind: groups.kind(group),
        name: groups.name(group),
        pods: members,
        origin: groups.origin(group),
      };
      if (isLive[group] === 1) workloads.push(workload);
      else if (groups.hasFinished(group)) finishedWorkloads.push(workload);
    }
    const finishedPods = Array.from(finished, (row) => podOf(row, ids[groups.ofRow[row]!]!));
    this.#ofRow = ofRow;
    this.#ids = ids;
    sharePodColumns(pods, finishedPods, this.columns);
    return { workloads, pods, finishedPods, finishedWorkloads };
  }

  #pod(row: number, workload: string): Pod {
    const { read, made } = this.#arranged;
    if (row >= read) return made[row - read]!;
    const { table } = this.#pods;
    const { vocabulary } = table;
    const flags = table.flags[row]!;
    const namespace = vocabulary.namespaces.values[table.namespace[row]!]!;
    const name = this.#pods.nameOf(row);
    return {
      id: podIdOf(namespace, name),
      namespace,
      name,
      workload,
      labels: vocabulary.labels.labels(table.labels[row]!),
      undecided: vocabulary.undecided.values[table.undecided[row]!]!,
      ports: vocabulary.ports.values[table.ports[row]!]!,
      addresses: (flags & (podFlag.ipv4 | podFlag.ipv6)) === 0 ? noAddresses : table.addressesOf(row),
      node: vocabulary.nodes.values[table.node[row]!],
      hostNetwork: (flags & podFlag.hostNetwork) !== 0,
      finished: (flags & podFlag.finished) !== 0,
      replicas: 1,
      template: false,
      origin: this.#pods.originOf(row),
    };
  }
}

function podIdOf(namespace: string, name: string): string {
  return `${namespace}/Pod/${name}`;
}
