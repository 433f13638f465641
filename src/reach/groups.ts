import type { ClusterNode, Pod, Workload } from '../model/index.ts';
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
  /** By peer: its id. */
  readonly ids: readonly string[];
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
  readonly #empty: ReadonlyMap<string, readonly Workload[]>;
  readonly #known = new Map<number, Group>();

  constructor(policy: CompiledPolicy, level: Level) {
    this.#policy = policy;
    this.#level = level;
    const { pods, classOf, size } = policy.parts.classes;
    const { ofPod, ids, weights, add } = numbered(pods, level);
    this.ofPod = ofPod;
    // A workload that asks for no pods is a peer without connections.
    const empty =
      level.kind === 'label' ? [] : policy.cluster.workloads.filter((workload) => workload.pods.length === 0);
    this.#empty = Map.groupBy(empty, ({ id, namespace }) =>
      level.kind === 'namespace' ? namespaceId(namespace) : id,
    );
    for (const id of this.#empty.keys()) add(id);
    this.ids = ids;
    const count = ids.length;
    this.weight = new Float64Array(count);
    this.weight.set(weights);
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

  get count(): number {
    return this.ids.length;
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

  /** The classes of its pods, each once. */
  classesOf(group: number): Int32Array {
    return this.#classes.subarray(this.#classStarts[group], this.#classStarts[group + 1]);
  }

  /** How many of its pods are of a class, replicas counted. */
  countOf(group: number, c: number): number {
    const { pods, classOf } = this.#policy.parts.classes;
    const members = this.members(group);
    if (members.length > mostCounted) return this.get(group).classes.get(c) ?? 0;
    let count = 0;
    for (let k = 0; k < members.length; k++)
      if (classOf[members[k]!] === c) count += pods[members[k]!]!.replicas;
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
  emptyWorkloads(group: number): readonly Workload[] {
    return this.#empty.size === 0 ? [] : (this.#empty.get(this.ids[group]!) ?? []);
  }

  /** The peers that have such workloads. */
  *withEmpty(): Generator<number, void> {
    if (this.#empty.size === 0) return;
    for (const [group, id] of this.ids.entries()) if (this.#empty.has(id)) yield group;
  }

  /** Numbers that peers have in common. By peer: the number of its set; -1 without pods. */
  setsOf(groups: Iterable<number>, ofClass: ArrayLike<number>): NumberSets {
    const of = new Int32Array(this.count).fill(-1);
    const list: (readonly number[])[] = [];
    const single = new Map<number, number>();
    const several = new Map<string, number>();
    for (const group of groups) {
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
    const { pods } = this.#policy.parts.classes;
    const { kind } = this.#level;
    const start = this.#starts[group]!;
    const end = this.#starts[group + 1]!;
    let hostNetwork = (kind === 'pod' || kind === 'workload') && end > start;
    for (let k = start; k < end && hostNetwork; k++) hostNetwork = pods[this.#members[k]!]!.hostNetwork;
    const first = start === end ? undefined : pods[this.#members[start]!]!;
    const isNamed = first?.id !== first?.workload || first?.workload.includes('/Pod/') === true;
    return {
      id: this.ids[group]!,
      kind: kind === 'pod' && !isNamed ? 'workload' : kind,
      pods: this.weight[group]!,
      ...(hostNetwork ? { hostNetwork } : {}),
    };
  }

  /** A peer in full. */
  get(group: number): Group {
    let known = this.#known.get(group);
    if (known === undefined) this.#known.set(group, (known = this.#make(group)));
    return known;
  }

  #make(group: number): Group {
    const { classes } = this.#policy.parts;
    const numbers = this.members(group);
    const members = Array.from(numbers, (i) => classes.pods[i]!);
    const counts = new Map<number, number>();
    const ofClass = new Map<number, Pod[]>();
    const examples: Pod[] = [];
    const hosts: Pod[] = [];
    for (let k = 0; k < numbers.length; k++) {
      const pod = members[k]!;
      const c = classes.classOf[numbers[k]!]!;
      counts.set(c, (counts.get(c) ?? 0) + pod.replicas);
      const some = ofClass.get(c);
      if (some === undefined) ofClass.set(c, [pod]);
      else if (some.length < 2) some.push(pod);
      const isHost = classes.host[c] === 1;
      if (isHost) hosts.push(pod);
      const isShown = isHost ? hosts.length <= 2 : some === undefined || some.at(-1) === pod;
      if (isShown && examples.length < mostExamples) examples.push(pod);
    }
    return {
      peer: this.peer(group),
      pods: members,
      node: undefined,
      classes: counts,
      ofClass,
      examples,
      hosts,
    };
  }
}

/** So many pods stand for a peer. */
const mostExamples = 8;

/** The classes of a peer of more pods than these are counted once, and remembered. */
const mostCounted = 32;

/** Peers as they are met: their ids and weights, and by pod which one it is in. */
interface Numbered {
  readonly ofPod: Int32Array;
  readonly ids: string[];
  readonly weights: number[];
  /** The number of the peer of an id. */
  readonly add: (id: string) => number;
}

/**
 * Puts pods into the peers of a level. Pods of one workload, and of one template, mostly follow each other: what a pod has
 * in common with the one before it is not looked up again.
 */
function numbered(pods: readonly Pod[], level: Level): Numbered {
  const ofPod = new Int32Array(pods.length);
  const ids: string[] = [];
  const weights: number[] = [];
  const indices = new Map<string, number>();
  const make = (id: string): number => {
    weights.push(0);
    return ids.push(id) - 1;
  };
  const add = (id: string): number => {
    let index = indices.get(id);
    if (index === undefined) indices.set(id, (index = make(id)));
    return index;
  };
  if (level.kind === 'pod') {
    // Pods that are in the input have names of their own; what a template would make may bear one of these names.
    const templates = new Set<string>();
    for (let i = 0; i < pods.length; i++) if (pods[i]!.template) templates.add(pods[i]!.id);
    for (let i = 0; i < pods.length; i++) {
      const { id, replicas } = pods[i]!;
      const group = templates.size > 0 && templates.has(id) ? add(id) : make(id);
      ofPod[i] = group;
      weights[group]! += replicas;
    }
    // Whoever is added later is asked about by its id.
    const addLater = (id: string): number => {
      if (indices.size < ids.length) for (const [group, each] of ids.entries()) indices.set(each, group);
      return add(id);
    };
    return { ofPod, ids, weights, add: addLater };
  }
  let before: unknown;
  let group = -1;
  for (let i = 0; i < pods.length; i++) {
    const pod = pods[i]!;
    const has =
      level.kind === 'workload' ? pod.workload : level.kind === 'namespace' ? pod.namespace : pod.labels;
    if (group < 0 || has !== before) {
      before = has;
      group = add(idAt(level, pod));
    }
    ofPod[i] = group;
    weights[group]! += pod.replicas;
  }
  return { ofPod, ids, weights, add };
}

function idAt(level: Level, pod: Pod): string {
  switch (level.kind) {
    case 'pod':
      return pod.id;
    case 'workload':
      return pod.workload;
    case 'namespace':
      return namespaceId(pod.namespace);
    case 'label':
      return `${level.key}=${pod.labels.get(level.key) ?? ''}`;
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
