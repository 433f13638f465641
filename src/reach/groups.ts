import type { ClusterNode, Pod } from '../model/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { byText } from './allowed.ts';
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

/** The peers of a level, sorted by id. Every pod is in exactly one. */
export function groupsAt(policy: CompiledPolicy, level: Level): readonly Group[] {
  const { cluster } = policy;
  const pods = new Map<string, Pod[]>();
  const add = (id: string, pod?: Pod): void => {
    const list = pods.get(id);
    if (list === undefined) pods.set(id, pod === undefined ? [] : [pod]);
    else if (pod !== undefined) list.push(pod);
  };
  const all = policy.parts.classes.pods;
  const idOf = (pod: Pod): string => {
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
  };
  for (const pod of all) add(idOf(pod), pod);
  // A workload that asks for no pods is a peer without connections.
  const empty = cluster.workloads.filter((workload) => workload.pods.length === 0);
  const emptyOf = Map.groupBy(level.kind === 'label' ? [] : empty, ({ id, namespace }) =>
    level.kind === 'namespace' ? namespaceId(namespace) : id,
  );
  for (const id of emptyOf.keys()) add(id);
  const groups = [...pods].map(([id, members]): Group => {
    const hostNetwork = members.length > 0 && members.every((pod) => pod.hostNetwork);
    const named = level.kind === 'pod' && members[0]?.id !== members[0]?.workload;
    const kind =
      level.kind === 'pod' && !(named || members[0]?.workload.includes('/Pod/')) ? 'workload' : level.kind;
    const withoutPods = emptyOf.get(id) ?? [];
    return {
      peer: {
        id,
        kind,
        pods: members.reduce((sum, pod) => sum + pod.replicas, 0),
        ...(hostNetwork && (level.kind === 'pod' || level.kind === 'workload') ? { hostNetwork } : {}),
      },
      pods: members,
      node: undefined,
      classes: classesOf(policy, members),
      workloads: new Set([...members.map((pod) => pod.workload), ...withoutPods.map((each) => each.id)]),
      namespaces: new Set([...members, ...withoutPods].map(({ namespace }) => namespace)),
    };
  });
  return groups.sort((a, b) => byText(a.peer.id, b.peer.id));
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

function classesOf(policy: CompiledPolicy, pods: readonly Pod[]): ReadonlyMap<number, number> {
  const { classes } = policy.parts;
  const counts = new Map<number, number>();
  for (const pod of pods) {
    const c = classes.classOf[classes.indexOf(pod)]!;
    counts.set(c, (counts.get(c) ?? 0) + pod.replicas);
  }
  return counts;
}

/** An end of the engine for one of the group's pods, or its node. */
export function endOf(group: Group, pod = group.pods[0]): PolicyEnd | undefined {
  if (group.node !== undefined) return { kind: 'node', node: group.node };
  return pod === undefined ? undefined : { kind: 'pod', pod };
}
