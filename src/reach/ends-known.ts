import { serviceId } from '../entry/index.ts';
import { matches } from '../model/index.ts';
import type { Cluster, Pod, Service, Workload } from '../model/index.ts';
import { nearest } from './ends-nearest.ts';
import { empty, quote } from './ends-problem.ts';
import type { EndProblem } from './ends-problem.ts';
import { entriesOf } from './entrance-access.ts';
import type { End } from './types.ts';

interface Kind {
  readonly kind: string;
  readonly group: string;
  readonly names: readonly string[];
}

// kubectl's singular, plural and short names; `kubectl api-resources` lists them.
const kinds: readonly Kind[] = [
  { kind: 'Pod', group: '', names: ['pod', 'pods', 'po'] },
  { kind: 'Deployment', group: 'apps', names: ['deployment', 'deployments', 'deploy'] },
  { kind: 'ReplicaSet', group: 'apps', names: ['replicaset', 'replicasets', 'rs'] },
  { kind: 'StatefulSet', group: 'apps', names: ['statefulset', 'statefulsets', 'sts'] },
  { kind: 'DaemonSet', group: 'apps', names: ['daemonset', 'daemonsets', 'ds'] },
  { kind: 'Job', group: 'batch', names: ['job', 'jobs'] },
  { kind: 'CronJob', group: 'batch', names: ['cronjob', 'cronjobs', 'cj'] },
  {
    kind: 'ReplicationController',
    group: '',
    names: ['replicationcontroller', 'replicationcontrollers', 'rc'],
  },
  { kind: 'Service', group: '', names: ['service', 'services', 'svc'] },
  { kind: 'Node', group: '', names: ['node', 'nodes', 'no'] },
  { kind: 'Namespace', group: '', names: ['namespace', 'namespaces', 'ns'] },
  { kind: 'Ingress', group: 'networking.k8s.io', names: ['ingress', 'ingresses', 'ing'] },
  { kind: 'Gateway', group: 'gateway.networking.k8s.io', names: ['gateway', 'gateways', 'gtw'] },
  { kind: 'Route', group: 'route.openshift.io', names: ['route', 'routes'] },
];

/** Kinds by all words for them, in small letters. */
export const kindByName: ReadonlyMap<string, string> = new Map(
  kinds.flatMap(({ kind, group, names }) =>
    names.flatMap((name): [string, string][] =>
      // `kubectl get -o name` writes the group behind the kind: deployment.apps/web.
      group === ''
        ? [[name, kind]]
        : [
            [name, kind],
            [`${name}.${group}`, kind],
          ],
    ),
  ),
);

/** One thing that a name stands for. `operand` names it and nothing else. */
export interface Candidate {
  readonly kind: string;
  readonly operand: string;
  readonly end: () => End | EndProblem;
}

/** What operands are looked up in. Built once per cluster: an answer asks about several ends. */
export interface Known {
  readonly cluster: Cluster;
  /** The pods that count. */
  readonly pods: readonly Pod[];
  readonly workloads: ByName<Workload>;
  /** Without the pods that are their own workload, and without those of a template that has no names for them. */
  readonly replicas: ByName<Pod>;
  readonly services: ByName<Service>;
}

const knownOf = { living: new WeakMap<Cluster, Known>(), all: new WeakMap<Cluster, Known>() };

/** What a cluster holds, by name; worked out once for each. */
export function lookUp(cluster: Cluster, finished: boolean): Known {
  const cache = finished ? knownOf.all : knownOf.living;
  let known = cache.get(cluster);
  if (known === undefined) {
    const pods = finished ? [...cluster.pods, ...cluster.finishedPods] : cluster.pods;
    known = {
      cluster,
      pods,
      workloads: new ByName(finished ? withFinished(cluster) : cluster.workloads),
      replicas: new ByName(pods, (pod) => pod.id !== pod.workload),
      services: new ByName(cluster.services),
    };
    cache.set(cluster, known);
  }
  return known;
}

/** The workloads with their finished pods, also those that have no others. */
function withFinished(cluster: Cluster): Workload[] {
  const finished = Map.groupBy(cluster.finishedPods, (pod) => pod.workload);
  return [...cluster.workloads, ...cluster.finishedWorkloads].map((workload) => {
    const more = finished.get(workload.id);
    return more === undefined ? workload : { ...workload, pods: [...workload.pods, ...more] };
  });
}

/** Things by namespace and name: a question is about few namespaces, and only these are looked through for names. */
class ByName<T extends { readonly namespace: string; readonly name: string }> {
  readonly #things: readonly T[];
  readonly #counts: (thing: T) => boolean;
  readonly #known = new Map<string, ReadonlyMap<string, readonly T[]>>();

  constructor(things: readonly T[], counts: (thing: T) => boolean = () => true) {
    this.#things = things;
    this.#counts = counts;
  }

  /** All of them, by namespace and name. */
  *[Symbol.iterator](): Generator<readonly [string, ReadonlyMap<string, readonly T[]>], void> {
    const all = Map.groupBy(this.#things.filter(this.#counts), (thing) => thing.namespace);
    for (const [namespace, own] of all) yield [namespace, Map.groupBy(own, ({ name }) => name)];
  }

  /** What a namespace has, by name. */
  get(namespace: string): ReadonlyMap<string, readonly T[]> {
    let inside = this.#known.get(namespace);
    if (inside === undefined) {
      const found = new Map<string, T[]>();
      for (const thing of this.#things) {
        if (thing.namespace !== namespace || !this.#counts(thing)) continue;
        const same = found.get(thing.name);
        if (same === undefined) found.set(thing.name, [thing]);
        else same.push(thing);
      }
      this.#known.set(namespace, (inside = found));
    }
    return inside;
  }
}

/** The pods and workloads that are called `name` in `namespace`; Services only when asked for by kind. */
export function candidates(known: Known, namespace: string, name: string): Candidate[] {
  return [
    ...(known.workloads.get(namespace).get(name) ?? []).map((workload) => workloadCandidate(known, workload)),
    ...(known.replicas.get(namespace).get(name) ?? []).map(podCandidate),
  ];
}

/** The same of one kind. */
export function candidatesOfKind(known: Known, namespace: string, kind: string, name: string): Candidate[] {
  switch (kind) {
    case 'Node':
      return known.cluster.nodes.has(name)
        ? [{ kind, operand: `node/${name}`, end: () => resolveNode(known, `node/${name}`, name) }]
        : [];
    case 'Namespace':
      return known.cluster.namespaces.has(name) ? [namespaceCandidate(known, name)] : [];
    case 'Ingress':
    case 'Gateway':
    case 'Route': {
      const operand = `${kind.toLowerCase()}/${namespace}/${name}`;
      const entry = entriesOf(known.cluster).entries.find(({ id }) => id === operand);
      return entry === undefined
        ? []
        : [{ kind, operand, end: () => ({ kind: 'entry', name: operand, entry }) }];
    }
    case 'Service':
      return (known.services.get(namespace).get(name) ?? []).map((service) => ({
        kind,
        operand: serviceId(service),
        end: () => serviceEnd(known, service),
      }));
    default:
      return candidates(known, namespace, name).filter((candidate) => candidate.kind === kind);
  }
}

function workloadCandidate(known: Known, workload: Workload): Candidate {
  return {
    kind: workload.kind,
    operand: workload.id,
    end: () => ({
      kind: 'pods',
      name:
        candidates(known, workload.namespace, workload.name).length > 1
          ? workload.id
          : `${workload.namespace}/${workload.name}`,
      pods: workload.pods,
    }),
  };
}

function podCandidate(pod: Pod): Candidate {
  return {
    kind: 'Pod',
    operand: `${pod.namespace}/Pod/${pod.name}`,
    end: () => ({ kind: 'pods', name: `${pod.namespace}/${pod.name}`, pods: [pod] }),
  };
}

/** A namespace of that name, as an end. */
export function namespaceCandidate(known: Known, namespace: string): Candidate {
  return {
    kind: 'Namespace',
    operand: `${namespace}/*`,
    end: () => ({
      kind: 'pods',
      name: `${namespace}/*`,
      pods: known.pods.filter((pod) => pod.namespace === namespace),
    }),
  };
}

/** The kind that `word` names for kubectl, or that a workload of the namespace has (its owner may be of any kind). */
export function kindOf(known: Known, namespace: string, word: string): string | undefined {
  const lower = word.toLowerCase();
  const common = kindByName.get(lower);
  if (common !== undefined) return common;
  for (const same of known.workloads.get(namespace).values()) {
    for (const { kind } of same) if (kind.toLowerCase() === lower) return kind;
  }
  return undefined;
}

/** The endpoints of a Service: the pods of its namespace that its selector matches (corner 49). */
export function serviceEnd(known: Known, service: Service): End | EndProblem {
  const name = serviceId(service);
  const { selector } = service;
  if (service.type === 'ExternalName') {
    return empty(
      `${name} is an ExternalName: a name in DNS that has no endpoints of its own`,
      'name the address that it stands for',
    );
  }
  if (selector === undefined) {
    return empty(
      `${name} has no selector, so the input does not say which pods are its endpoints`,
      'name the pods or addresses that are kept as its endpoints',
    );
  }
  const pods = known.pods.filter(
    (pod) => pod.namespace === service.namespace && matches(selector, pod.labels),
  );
  if (pods.length === 0) {
    const wants = selector.requirements.map(({ key, values }) => `${key}=${values.join('|')}`).join(',');
    return empty(`${name} selects ${wants}, and no pod of ${service.namespace} has these labels`, undefined);
  }
  return { kind: 'service', name, service, pods };
}

/** What `node` and `node/name` stand for. */
export function resolveNode(known: Known, text: string, name: string | undefined): End | EndProblem {
  if (name === undefined || name === '*') {
    const nodes = [...known.cluster.nodes.values()];
    if (nodes.length === 0) return empty('the input has no Node, and none of its pods names one', undefined);
    return { kind: 'nodes', name: 'node', nodes };
  }
  const node = known.cluster.nodes.get(name);
  if (node !== undefined) return { kind: 'nodes', name: `node/${name}`, nodes: [node] };
  const inNamespace = candidates(known, 'node', name).map((candidate) => candidate.operand);
  const close = nearest(name, [...known.cluster.nodes.keys()], 3).map((near) => `node/${near}`);
  return {
    kind: 'problem',
    reason: 'unknown',
    message: `the input has no Node ${quote(name)}`,
    choices: [...inNamespace, ...close],
    hint:
      inNamespace.length > 0
        ? `${text} is always a Node; of the namespace node write ${inNamespace.join(' or ')}`
        : undefined,
  };
}
