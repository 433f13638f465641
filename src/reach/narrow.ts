import type { Cluster, Pod } from '../model/index.ts';
import type { End } from './types.ts';

/**
 * The part of a cluster that decides about connections between some of its pods, and between them and anybody who is no
 * pod: policies select pods of their own namespace only (corner 7), so those of the other namespaces say nothing here.
 * What is compiled from it answers every question about these pods as the whole does; it knows no others.
 */
export function narrowed(cluster: Cluster, pods: ReadonlySet<Pod>): Cluster {
  const namespaces = new Set<string>();
  for (const pod of pods) namespaces.add(pod.namespace);
  return {
    ...cluster,
    namespaces: new Map(
      [...namespaces].flatMap((name) => {
        const namespace = cluster.namespaces.get(name);
        return namespace === undefined ? [] : [[name, namespace] as const];
      }),
    ),
    pods: kept(cluster.pods, pods),
    finishedPods: kept(cluster.finishedPods, pods),
    policies: cluster.policies.filter(({ namespace }) => namespaces.has(namespace)),
  };
}

/** By list of pods: what is left of it for a set of pods. One set is asked about under many changes of policies. */
const known = new WeakMap<readonly Pod[], WeakMap<ReadonlySet<Pod>, readonly Pod[]>>();

/** The pods of a list that are in a set, in the order of the list. */
function kept(all: readonly Pod[], pods: ReadonlySet<Pod>): readonly Pod[] {
  if (pods.size === 0 || all.length === 0) return [];
  let bySet = known.get(all);
  if (bySet === undefined) known.set(all, (bySet = new WeakMap<ReadonlySet<Pod>, readonly Pod[]>()));
  let left = bySet.get(pods);
  if (left === undefined) bySet.set(pods, (left = all.filter((pod) => pods.has(pod))));
  return left;
}

/** The pods that operands stand for. */
export function podsOf(...ends: readonly (End | undefined)[]): ReadonlySet<Pod> {
  const pods = new Set<Pod>();
  for (const end of ends) {
    if (end?.kind === 'pods' || end?.kind === 'service') for (const pod of end.pods) pods.add(pod);
  }
  return pods;
}
