import { podFlag, workloadsWithoutPods } from '../model/index.ts';
import type { ClusterNode, Pod, PodIdentities, Workload } from '../model/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import type { Level, MapPeer } from './types.ts';

/** A peer of a map with the pods that it stands for, by class. */
export interface Group {
  readonly peer: MapPeer;
  readonly pods: readonly Pod[];
  /** The node, for a peer that is one. */
  readonly node: ClusterNode | undefined;
  /** Class to number of pods. */
  readonly classes: ReadonlyMap<number, number>;
  /** By class: its first pods here, two where there are so many. */
  readonly ofClass: ReadonlyMap<number, readonly Pod[]>;
  /**
   * A few that stand for it: the first pods, at most two of a class, so that a workload can be seen to reach its own replicas;
   * those that are their node count as one class.
   */
  readonly examples: readonly Pod[];
  /** Those that are their node, as far as policies go (corner 44). */
  readonly hosts: readonly Pod[];
}

/**
 * The peers of a level, by number. Every pod is in exactly one. What a peer is in full is worked out when it is asked for:
 * a question about few of very many costs no more than a look at each pod.
 */
export class Groups {
  /** How many there are. */
  readonly count: number;
  /** By pod, as the engine numbers them: its peer. */
  readonly ofPod: Int32Array;
  /** By peer: the pods that it stands for, replicas counted. */
  readonly weight: Float64Array;
  readonly #policy: CompiledPolicy;
  readonly #level: Level;
  /** By peer: where its pods begin in `#members`. */
  readonly #starts: Int32Array;
  readonly #members: Int32Array;
  /** By peer: where its classes begin in `#classes`. */
  readonly #classStarts: Int32Array;
  readonly #classes: Int32Array;
  /** Workloads that ask for no pods, by the peer that they belong to. */
  readonly #empty: ReadonlyMap<number, readonly EmptyWorkload[]>;
  /** By peer: its id, where it was asked for. */
  readonly #ids: (string | undefined)[] = [];
  readonly #known = new Map<number, Group>();

  constructor(policy: CompiledPolicy, level: Level) {
    this.#policy = policy;
    this.#level = level;
    const { classes } = policy.parts;
    const { classOf, size } = classes;
    const { ofPod, count: populated } = numbered(policy, level);
    this.ofPod = ofPod;
    // A workload that asks for no pods is a peer without connections.
    const empty = new Map<number, EmptyWorkload[]>();
    const indices = new Map<string, number>();
    if (level.kind !== 'label') {
      for (const workload of workloadsWithoutPods(policy.cluster)) {
        if (indices.size === 0 && level.kind === 'namespace')
          for (let i = 0; i < ofPod.length; i++)
            if (ofPod[i] === indices.size) indices.set(idAt(policy, level, i), indices.size);
        const id = level.kind === 'namespace' ? namespaceId(workload.namespace) : workload.id;
        let group = indices.get(id);
        if (group === undefined) {
          group = level.kind === 'namespace' ? indices.size : populated + indices.size;
          indices.set(id, group);
          this.#ids[group] = id;
        }
        const known = empty.get(group);
        if (known === undefined) empty.set(group, [workload]);
        else known.push(workload);
      }
    }
    this.#empty = empty;
    const count = level.kind === 'namespace' ? Math.max(populated, indices.size) : populated + indices.size;
    this.count = count;
    const { replicas } = classes.table;
    this.weight = new Float64Array(count);
    for (let i = 0; i < ofPod.length; i++) this.weight[ofPod[i]!]! += replicas[classes.rows[i]!]!;
    const starts = new Int32Array(count + 1);
    for (let i = 0; i < ofPod.length; i++) starts[ofPod[i]! + 1]!++;
    for (let group = 0; group < count; group++) starts[group + 1]! += starts[group]!;
    const ends = starts.slice();
    const members = new Int32Array(ofPod.length);
    for (let i = 0; i < ofPod.length; i++) members[ends[ofPod[i]!]!++] = i;
    this.#starts = starts;
    this.#members = members;

    const classStarts = new Int32Array(count + 1);
    const found = new Int32Array(members.length);
    const seen = new Int32Array(size).fill(-1);
    let length = 0;
    for (let group = 0; group < count; group++) {
      for (let k = starts[group]!; k < starts[group + 1]!; k++) {
        const c = classOf[members[k]!]!;
        if (seen[c] === group) continue;
        seen[c] = group;
        found[length++] = c;
      }
      classStarts[group + 1] = length;
    }
    this.#classStarts = classStarts;
    this.#classes = found.subarray(0, length);
  }

  /** The id of a peer. */
  id(group: number): string {
    return (this.#ids[group] ??= idAt(this.#policy, this.#level, this.#members[this.#starts[group]!]!));
  }

  /** The ids of all, by number. */
  get ids(): readonly string[] {
    return Array.from({ length: this.count }, (_, group) => this.id(group));
  }

  /** Whether each peer is in one namespace, and is not one itself. */
  get areInNamespaces(): boolean {
    return this.#level.kind === 'workload' || this.#level.kind === 'pod';
  }

  /** The namespace that a peer stands for or is in, at levels where each is in one. */
  namespaceOf(group: number): string {
    const { table, rows } = this.#policy.parts.classes;
    return this.isPopulated(group)
      ? table.vocabulary.namespaces.values[table.namespace[rows[this.#members[this.#starts[group]!]!]!]!]!
      : this.emptyWorkloads(group)[0]!.namespace;
  }

  /** The numbers of the pods of a peer. */
  members(group: number): Int32Array {
    return this.#members.subarray(this.#starts[group], this.#starts[group + 1]);
  }

  /** Marks the classes of the pods of some peers. */
  markClasses(groups: readonly number[], marks: Uint8Array): void {
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i]!;
      const end = this.#classStarts[group + 1]!;
      for (let k = this.#classStarts[group]!; k < end; k++) marks[this.#classes[k]!] = 1;
    }
  }

  /** Whether a peer has pods of a marked class. */
  hasMarked(group: number, marks: Uint8Array): boolean {
    const end = this.#classStarts[group + 1]!;
    for (let k = this.#classStarts[group]!; k < end; k++) if (marks[this.#classes[k]!] === 1) return true;
    return false;
  }

  /** Whether all of its pods are of one class. */
  isOfOneClass(group: number): boolean {
    return 1 === this.#classStarts[group + 1]! - this.#classStarts[group]!;
  }

  /** The classes of its pods, each once. */
  classesOf(group: number): Int32Array {
    return this.#classes.subarray(this.#classStarts[group], this.#classStarts[group + 1]);
  }

  /** How many of its pods are of a class, replicas counted. */
  countOf(group: number, c: number): number {
    const { table, rows, classOf } = this.#policy.parts.classes;
    const members = this.members(group);
    if (members.length > mostCounted) return this.get(group).classes.get(c) ?? 0;
    let count = 0;
    for (let k = 0; k < members.length; k++)
      if (classOf[members[k]!] === c) count += table.replicas[rows[members[k]!]!]!;
    return count;
  }

  isPopulated(group: number): boolean {
    return this.#starts[group + 1]! > this.#starts[group]!;
  }

  /** The namespaces of workloads of a peer that ask for no pods. */
  emptyNamespaces(group: number): readonly string[] {
    return this.emptyWorkloads(group).map(({ namespace }) => namespace);
  }

  /** The workloads of a peer that ask for no pods. */
  emptyWorkloads(group: number): readonly EmptyWorkload[] {
    return this.#empty.get(group) ?? [];
  }

  /** The peers that have such workloads. */
  withEmpty(): Iterable<number> {
    return this.#empty.keys();
  }

  /**
   * Numbers that peers have in common. By peer: the number of its set; -1 without pods.
   *
   * @param groups - those that are asked about. Default: all
   */
  setsOf(groups: readonly number[] | undefined, ofClass: ArrayLike<number>): NumberSets {
    const of = new Int32Array(this.count).fill(-1);
    const list: (readonly number[])[] = [];
    const single = new Map<number, number>();
    const several = new Map<string, number>();
    const asked = groups?.length ?? this.count;
    for (let i = 0; i < asked; i++) {
      const group = groups === undefined ? i : groups[i]!;
      const start = this.#classStarts[group]!;
      const end = this.#classStarts[group + 1]!;
      if (start === end) continue;
      const first = ofClass[this.#classes[start]!]!;
      let isSingle = true;
      for (let k = start + 1; k < end && isSingle; k++) isSingle = ofClass[this.#classes[k]!] === first;
      let id: number | undefined;
      if (isSingle) {
        id = single.get(first);
        if (id === undefined) {
          single.set(first, (id = list.length));
          list.push([first]);
        }
      } else {
        const numbers = new Set<number>();
        for (let k = start; k < end; k++) numbers.add(ofClass[this.#classes[k]!]!);
        const sorted = [...numbers].sort((a, b) => a - b);
        const key = sorted.join();
        id = several.get(key);
        if (id === undefined) {
          several.set(key, (id = list.length));
          list.push(sorted);
        }
      }
      of[group] = id;
    }
    return { of, list };
  }

  /** A peer as documents have it. */
  peer(group: number): MapPeer {
    const { table, rows, identities } = this.#policy.parts.classes;
    const { kind } = this.#level;
    const start = this.#starts[group]!;
    const end = this.#starts[group + 1]!;
    let hostNetwork = (kind === 'pod' || kind === 'workload') && end > start;
    for (let k = start; k < end && hostNetwork; k++)
      hostNetwork = (table.flags[rows[this.#members[k]!]!]! & podFlag.hostNetwork) !== 0;
    const id = this.id(group);
    return {
      id,
      kind: kind === 'pod' && !this.#isNamed(identities, start, end, id) ? 'workload' : kind,
      pods: this.weight[group]!,
      ...(hostNetwork ? { hostNetwork } : {}),
    };
  }

  /** Whether a peer at level `pod` is a pod with a name of its own, not some of a template. */
  #isNamed(identities: PodIdentities, start: number, end: number, id: string): boolean {
    if (start === end) return false;
    const row = this.#policy.parts.classes.rows[this.#members[start]!]!;
    if (!identities.isTemplate(row)) return true;
    const workload = identities.workloadId(identities.workload[row]!);
    return id !== workload || workload.includes('/Pod/');
  }

  /** A peer in full. */
  get(group: number): Group {
    let known = this.#known.get(group);
    if (known === undefined) this.#known.set(group, (known = this.#make(group)));
    return known;
  }

  #make(group: number): Group {
    return new PodGroup(this.#policy, this.peer(group), this.members(group));
  }
}

/** A peer that is pods; what is said of them is worked out when it is asked for. */
class PodGroup implements Group {
  readonly peer: MapPeer;
  readonly node: undefined;
  readonly #classes: CompiledPolicy['parts']['classes'];
  readonly #numbers: Int32Array;
  #pods: readonly Pod[] | undefined;
  #counts: ReadonlyMap<number, number> | undefined;
  #ofClass: ReadonlyMap<number, readonly Pod[]> | undefined;
  #examples: readonly Pod[] | undefined;
  #hosts: readonly Pod[] | undefined;

  constructor({ parts }: CompiledPolicy, peer: MapPeer, numbers: Int32Array) {
    this.#classes = parts.classes;
    this.peer = peer;
    this.#numbers = numbers;
  }

  get pods(): readonly Pod[] {
    return (this.#pods ??= Array.from(this.#numbers, (i) => this.#classes.pod(i)));
  }

  get classes(): ReadonlyMap<number, number> {
    if (this.#counts === undefined) {
      const { classOf, table, rows } = this.#classes;
      const counts = new Map<number, number>();
      for (const i of this.#numbers)
        counts.set(classOf[i]!, (counts.get(classOf[i]!) ?? 0) + table.replicas[rows[i]!]!);
      this.#counts = counts;
    }
    return this.#counts;
  }

  get ofClass(): ReadonlyMap<number, readonly Pod[]> {
    if (this.#ofClass === undefined) {
      const ofClass = new Map<number, Pod[]>();
      for (const i of this.#numbers) {
        const c = this.#classes.classOf[i]!;
        const some = ofClass.get(c);
        if (some === undefined) ofClass.set(c, [this.#classes.pod(i)]);
        else if (some.length < 2) some.push(this.#classes.pod(i));
      }
      this.#ofClass = ofClass;
    }
    return this.#ofClass;
  }

  get examples(): readonly Pod[] {
    if (this.#examples === undefined) {
      const examples: Pod[] = [];
      const shown = new Map<number, number>();
      for (const i of this.#numbers) {
        const c = this.#classes.classOf[i]!;
        const kind = this.#classes.host[c] === 1 ? -1 : c;
        const times = shown.get(kind) ?? 0;
        if (times === 2) continue;
        shown.set(kind, times + 1);
        examples.push(this.#classes.pod(i));
        if (examples.length === mostExamples) break;
      }
      this.#examples = examples;
    }
    return this.#examples;
  }

  get hosts(): readonly Pod[] {
    const { classOf, host } = this.#classes;
    return (this.#hosts ??= Array.from(this.#numbers)
      .filter((i) => host[classOf[i]!] === 1)
      .map((i) => this.#classes.pod(i)));
  }
}

/** A workload that asks for no pods. */
type EmptyWorkload = Pick<Workload, 'id' | 'namespace'>;

/** So many pods stand for a peer. */
const mostExamples = 8;

/** The classes of a peer of more pods than these are counted once, and remembered. */
const mostCounted = 32;

/** Puts pods into the peers of a level, which are numbered in the order of the first pod of each. */
function numbered(
  { parts }: CompiledPolicy,
  level: Level,
): { readonly ofPod: Int32Array; readonly count: number } {
  const { rows } = parts.classes;
  const ofPod = new Int32Array(rows.length);
  if (level.kind === 'pod') return numberedPods(parts.classes, ofPod);
  const by = numbersOf(parts.classes, level);
  const known = new Int32Array(by.limit).fill(-1);
  const ofKey: number[] = [];
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const number = by.of[rows[i]!]!;
    let group = known[number]!;
    if (group < 0) {
      group = by.key === undefined ? count++ : (ofKey[by.key(number)] ??= count++);
      known[number] = group;
    }
    ofPod[i] = group;
  }
  return { ofPod, count };
}

/** What pods of one peer have in common, by row: numbers below `limit`, of which `key` brings equal ones together. */
function numbersOf(
  { table, identities }: CompiledPolicy['parts']['classes'],
  level: Level,
): { readonly of: Int32Array; readonly limit: number; readonly key?: (number: number) => number } {
  const { namespaces, labels } = table.vocabulary;
  if (level.kind === 'label')
    return { of: table.labels, limit: labels.limit, key: labels.byValue(level.key) };
  return level.kind === 'workload'
    ? { of: identities.workload, limit: identities.workloads }
    : { of: table.namespace, limit: namespaces.values.length };
}

/** Pods of the input have names of their own; what a template would make may bear one of these names. */
function numberedPods(
  { rows, identities }: CompiledPolicy['parts']['classes'],
  ofPod: Int32Array,
): { readonly ofPod: Int32Array; readonly count: number } {
  const templates = new Map<string, number>();
  for (let i = 0; i < rows.length; i++)
    if (identities.isTemplate(rows[i]!)) templates.set(identities.podId(rows[i]!), -1);
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const id = templates.size === 0 ? '' : identities.podId(rows[i]!);
    const known = templates.size === 0 ? undefined : templates.get(id);
    ofPod[i] = known === undefined || known < 0 ? count++ : known;
    if (known === -1) templates.set(id, ofPod[i]!);
  }
  return { ofPod, count };
}

/** The id of the peer that a pod is in. */
function idAt({ parts }: CompiledPolicy, level: Level, pod: number): string {
  const { rows, table, identities } = parts.classes;
  const row = rows[pod]!;
  switch (level.kind) {
    case 'pod':
      return identities.podId(row);
    case 'workload':
      return identities.workloadId(identities.workload[row]!);
    case 'namespace':
      return namespaceId(table.vocabulary.namespaces.values[table.namespace[row]!]!);
    case 'label':
      return `${level.key}=${table.vocabulary.labels.value(table.labels[row]!, level.key) ?? ''}`;
  }
}

/** Sets of numbers, each kept once. */
export interface NumberSets {
  /** By group: the number of its set; -1 for a group without pods. */
  readonly of: Int32Array;
  /** By set: what it holds, ascending. */
  readonly list: readonly (readonly number[])[];
}

/** The id of a namespace as a peer: its name, but where that is the id of all addresses outside. */
function namespaceId(name: string): string {
  return name === 'internet' ? `${name}/*` : name;
}

/** A node as a peer: no class, no policy; only its addresses matter. */
export function nodeGroup(node: ClusterNode): Group {
  return {
    peer: { id: `node/${node.name}`, kind: 'node' },
    pods: [],
    node,
    classes: new Map(),
    ofClass: new Map(),
    examples: [],
    hosts: [],
  };
}

/** An end of the engine for one of the group's pods, or its node. */
export function endOf(group: Group, pod = group.pods[0]): PolicyEnd | undefined {
  if (group.node !== undefined) return { kind: 'node', node: group.node };
  return pod === undefined ? undefined : { kind: 'pod', pod };
}
