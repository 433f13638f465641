import * as fc from 'fast-check';
import { readObjects } from '../../../src/manifest/index.ts';
import { noEntrances } from '../../../src/model/index.ts';
import type {
  Cluster,
  ClusterNode,
  Namespace,
  NetworkPolicy,
  Pod,
  TierPolicy,
} from '../../../src/model/index.ts';
import type { Change } from '../../../src/policy/index.ts';
import { clusters, clustersWithTiers } from '../../property/clusters.ts';
import type { RandomCluster } from '../../property/clusters.ts';

/** The objects of a cluster at one moment, by name. */
export interface State {
  readonly pods: Map<string, Pod>;
  readonly namespaces: Map<string, Namespace>;
  readonly nodes: Map<string, ClusterNode>;
  readonly policies: Map<string, NetworkPolicy>;
  /** By kind and name. */
  readonly tierPolicies: Map<string, TierPolicy>;
}

export function emptyState(): State {
  return {
    pods: new Map(),
    namespaces: new Map(),
    nodes: new Map(),
    policies: new Map(),
    tierPolicies: new Map(),
  };
}

export function stateOf(cluster: Cluster): State {
  const state = emptyState();
  for (const pod of [...cluster.pods, ...cluster.finishedPods]) state.pods.set(pod.id, pod);
  for (const each of cluster.namespaces.values()) {
    if (each.origin !== undefined) state.namespaces.set(each.name, each);
  }
  for (const each of cluster.nodes.values()) state.nodes.set(each.name, each);
  for (const each of cluster.policies) state.policies.set(`${each.namespace}/${each.name}`, each);
  for (const each of cluster.tierPolicies) state.tierPolicies.set(`${each.kind}/${each.name}`, each);
  return state;
}

/** The same change on plain maps. */
export function change(state: State, one: Change): void {
  switch (one.kind) {
    case 'pod':
      state.pods.set(one.pod.id, one.pod);
      break;
    case 'podDeleted':
      state.pods.delete(one.id);
      break;
    case 'namespace':
      state.namespaces.set(one.namespace.name, one.namespace);
      break;
    case 'namespaceDeleted':
      state.namespaces.delete(one.name);
      break;
    case 'node':
      state.nodes.set(one.node.name, one.node);
      break;
    case 'nodeDeleted':
      state.nodes.delete(one.name);
      break;
    case 'policy':
      state.policies.set(`${one.policy.namespace}/${one.policy.name}`, one.policy);
      break;
    case 'policyDeleted':
      state.policies.delete(`${one.namespace}/${one.name}`);
      break;
    case 'tierPolicy':
      state.tierPolicies.set(`${one.policy.kind}/${one.policy.name}`, one.policy);
      break;
    case 'tierPolicyDeleted':
      state.tierPolicies.delete(`${one.of}/${one.name}`);
      break;
  }
}

/** What a reader would make of the objects: namespaces that are only mentioned have their name label alone (corner 22). */
export function clusterOf(state: State): Cluster {
  const all = [...state.pods.values()];
  const namespaces = new Map(state.namespaces);
  for (const { namespace: name } of [...all, ...state.policies.values()]) {
    if (namespaces.has(name)) continue;
    const labels = new Map([['kubernetes.io/metadata.name', name]]);
    namespaces.set(name, { name, labels, origin: undefined });
  }
  return {
    namespaces,
    // A copy: a policy that was compiled from a state is asked after the next change too.
    nodes: new Map(state.nodes),
    workloads: [],
    pods: all.filter(({ finished }) => !finished),
    finishedPods: all.filter(({ finished }) => finished),
    finishedWorkloads: [],
    services: [],
    policies: [...state.policies.values()],
    tierPolicies: [...state.tierPolicies.values()],
    entrances: noEntrances,
    notModelled: [],
  };
}

/** The changes that turn one state into another, in no particular order of kinds. */
export function changesBetween(before: State, after: State): Change[] {
  const changes: Change[] = [];
  for (const [id, pod] of after.pods) if (before.pods.get(id) !== pod) changes.push({ kind: 'pod', pod });
  for (const id of before.pods.keys()) if (!after.pods.has(id)) changes.push({ kind: 'podDeleted', id });
  for (const [name, namespace] of after.namespaces) {
    if (before.namespaces.get(name) !== namespace) changes.push({ kind: 'namespace', namespace });
  }
  for (const name of before.namespaces.keys()) {
    if (!after.namespaces.has(name)) changes.push({ kind: 'namespaceDeleted', name });
  }
  for (const [name, node] of after.nodes) {
    if (before.nodes.get(name) !== node) changes.push({ kind: 'node', node });
  }
  for (const name of before.nodes.keys()) {
    if (!after.nodes.has(name)) changes.push({ kind: 'nodeDeleted', name });
  }
  for (const [key, policy] of after.policies) {
    if (before.policies.get(key) !== policy) changes.push({ kind: 'policy', policy });
  }
  for (const [key, { namespace, name }] of before.policies) {
    if (!after.policies.has(key)) changes.push({ kind: 'policyDeleted', namespace, name });
  }
  for (const [key, policy] of after.tierPolicies) {
    if (before.tierPolicies.get(key) !== policy) changes.push({ kind: 'tierPolicy', policy });
  }
  for (const [key, { kind: of, name }] of before.tierPolicies) {
    if (!after.tierPolicies.has(key)) changes.push({ kind: 'tierPolicyDeleted', of, name });
  }
  return changes;
}

/** A cluster and what then happens to it. */
export interface Story {
  readonly start: Cluster;
  readonly changes: readonly Change[];
}

/** Some clusters, and the way from each to the next: objects in any order, some twice, and at last down to nothing. */
export const stories: fc.Arbitrary<Story> = storiesOf(clusters);

/** The same with policies of tiers, which come and go as everything else. */
export const storiesWithTiers: fc.Arbitrary<Story> = storiesOf(clustersWithTiers({ unknown: false }));

function storiesOf(cluster: fc.Arbitrary<RandomCluster>): fc.Arbitrary<Story> {
  return fc
    .record({
      clusters: fc.array(cluster, { minLength: 2, maxLength: 3 }),
      order: fc.infiniteStream(fc.nat()),
      startEmpty: fc.boolean(),
      toNothing: fc.boolean(),
    })
    .map(({ clusters: some, order, startEmpty, toNothing }) => {
      const read = some.map(({ objects }) => readObjects(objects).cluster);
      const start = startEmpty ? readObjects([]).cluster : read[0]!;
      const targets = [...read.slice(startEmpty ? 0 : 1).map(stateOf), ...(toNothing ? [emptyState()] : [])];
      const state = stateOf(start);
      const changes: Change[] = [];
      const next = (): number => order.next().value!;
      for (const target of targets) {
        const steps = changesBetween(state, target);
        for (let i = steps.length - 1; i > 0; i--) {
          const j = next() % (i + 1);
          [steps[i], steps[j]] = [steps[j]!, steps[i]!];
        }
        for (const step of steps) {
          change(state, step);
          changes.push(step);
          if (next() % 8 === 0) changes.push(step);
        }
      }
      return { start, changes };
    });
}
