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
  /** Ids of the workloads in it. */
  readonly workloads: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
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
  /** Workloads that ask for no pods, by the peer that they belong to. */
  readonly #empty: ReadonlyMap<string, readonly Workload[]>;
  readonly #known = new Map<number, Group>();

  constructor(policy: CompiledPolicy, level: Level) {
    this.#policy = policy;
    this.#level = level;
    const { pods } = policy.parts.classes;
    const indices = new Map<string, number>();
    const ids: string[] = [];
    const add = (id: string): number => {
      let index = indices.get(id);
      if (index === undefined) {
        indices.set(id, (index = ids.length));
        ids.push(id);
      }
      return index;
    };
    this.ofPod = new Int32Array(pods.length);
    for (let i = 0; i < pods.length; i++) this.ofPod[i] = add(idAt(level, pods[i]!));
    // A workload that asks for no pods is a peer without connections.
    const empty = policy.cluster.workloads.filter((workload) => workload.pods.length === 0);
    this.#empty = Map.groupBy(level.kind === 'label' ? [] : empty, ({ id, namespace }) =>
      level.kind === 'namespace' ? namespaceId(namespace) : id,
    );
    for (const id of this.#empty.keys()) add(id);
    this.ids = ids;
    this.weight = new Float64Array(ids.length);
    this.#starts = new Int32Array(ids.length + 1);
    for (let i = 0; i < pods.length; i++) {
      const group = this.ofPod[i]!;
      this.#starts[group + 1]!++;
      this.weight[group]! += pods[i]!.replicas;
    }
    for (let group = 0; group < ids.length; group++) this.#starts[group + 1]! += this.#starts[group]!;
    const ends = this.#starts.slice();
    this.#members = new Int32Array(pods.length);
    for (let i = 0; i < pods.length; i++) this.#members[ends[this.ofPod[i]!]!++] = i;
  }

  get count(): number {
    return this.ids.length;
  }

  /** The numbers of the pods of a peer. */
  members(group: number): Int32Array {
    return this.#members.subarray(this.#starts[group], this.#starts[group + 1]);
  }

  isPopulated(group: number): boolean {
    return this.#starts[group + 1]! > this.#starts[group]!;
  }

  /** The namespaces of workloads of a peer that ask for no pods. */
  emptyNamespaces(group: number): readonly string[] {
    return (this.#empty.get(this.ids[group]!) ?? []).map(({ namespace }) => namespace);
  }

  /** Peers that have workloads without pods. */
  hasEmpty(group: number): boolean {
    return this.#empty.has(this.ids[group]!);
  }

  /** A peer in full. */
  get(group: number): Group {
    let known = this.#known.get(group);
    if (known === undefined) this.#known.set(group, (known = this.#make(group)));
    return known;
  }

  #make(group: number): Group {
    const { classes } = this.#policy.parts;
    const level = this.#level;
    const id = this.ids[group]!;
    const numbers = this.members(group);
    const members = Array.from(numbers, (i) => classes.pods[i]!);
    const counts = new Map<number, number>();
    for (const i of numbers) {
      const c = classes.classOf[i]!;
      counts.set(c, (counts.get(c) ?? 0) + classes.pods[i]!.replicas);
    }
    const hostNetwork = members.length > 0 && members.every((pod) => pod.hostNetwork);
    const named = level.kind === 'pod' && members[0]?.id !== members[0]?.workload;
    const kind =
      level.kind === 'pod' && !(named || members[0]?.workload.includes('/Pod/')) ? 'workload' : level.kind;
    const withoutPods = this.#empty.get(id) ?? [];
    return {
      peer: {
        id,
        kind,
        pods: this.weight[group]!,
        ...(hostNetwork && (level.kind === 'pod' || level.kind === 'workload') ? { hostNetwork } : {}),
      },
      pods: members,
      node: undefined,
      classes: counts,
      workloads: new Set([...members.map((pod) => pod.workload), ...withoutPods.map((each) => each.id)]),
      namespaces: new Set([...members, ...withoutPods].map(({ namespace }) => namespace)),
    };
  }
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

/** What the pods of each group have, given by pod: groups that have the same share a set. */
export function setsOf(groups: Groups, at: (pod: number) => number): NumberSets {
  const first = new Int32Array(groups.count).fill(-1);
  const more = new Map<number, Set<number>>();
  for (let i = 0; i < groups.ofPod.length; i++) {
    const group = groups.ofPod[i]!;
    const number = at(i);
    const known = first[group]!;
    if (known === -1) {
      first[group] = number;
    } else if (known !== number) {
      const set = more.get(group);
      if (set === undefined) more.set(group, new Set([known, number]));
      else set.add(number);
    }
  }
  const of = new Int32Array(groups.count).fill(-1);
  const list: (readonly number[])[] = [];
  const single = new Map<number, number>();
  const several = new Map<string, number>();
  for (let group = 0; group < groups.count; group++) {
    if (first[group] === -1) continue;
    const set = more.get(group);
    let id: number | undefined;
    if (set === undefined) {
      id = single.get(first[group]!);
      if (id === undefined) {
        single.set(first[group]!, (id = list.length));
        list.push([first[group]!]);
      }
    } else {
      const numbers = [...set].sort((a, b) => a - b);
      const key = numbers.join();
      id = several.get(key);
      if (id === undefined) {
        several.set(key, (id = list.length));
        list.push(numbers);
      }
    }
    of[group] = id;
  }
  return { of, list };
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
    workloads: new Set(),
    namespaces: new Set(),
  };
}

/** An end of the engine for one of the group's pods, or its node. */
export function endOf(group: Group, pod = group.pods[0]): PolicyEnd | undefined {
  if (group.node !== undefined) return { kind: 'node', node: group.node };
  return pod === undefined ? undefined : { kind: 'pod', pod };
}
