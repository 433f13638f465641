import { resolveEntries } from '../entry/index.ts';
import type { Entry } from '../entry/index.ts';
import type { Cluster, Namespace, Origin, Pod, Workload } from '../model/index.ts';
import { note } from './notes.ts';
import type { LabNote } from './plan.ts';

/** Where controllers are that no input has. */
const madeNamespace = 'podwall-entrances';

/** A cluster in which somebody serves every Ingress and Gateway. */
export interface ControlledCluster {
  readonly cluster: Cluster;
  /** The ids of the pods that were added, by name of the class; empty for no class. */
  readonly made: ReadonlyMap<string, string>;
  readonly notes: readonly LabNote[];
}

/**
 * Adds a pod for the Ingresses, Gateways and Routes of each class whose controller the input has not: in a namespace of its own, with
 * no label that a policy could know, as other answers assume it.
 */
export function withControllers(input: Cluster): ControlledCluster {
  const lacking = new Map<string, { readonly origin: Origin; readonly entries: Entry[] }>();
  for (const entry of resolveEntries(input).entries) {
    if (entry.source.kind !== 'assumed' || !isServed(entry)) continue;
    const className = entry.source.className ?? '';
    const known = lacking.get(className);
    if (known === undefined) lacking.set(className, { origin: entry.origin, entries: [entry] });
    else known.entries.push(entry);
  }
  if (lacking.size === 0) return { cluster: input, made: new Map(), notes: [] };
  const names = new Set<string>();
  const pods = Array.from(lacking, ([className, { origin }]) => {
    let name = controllerName(className);
    // Classes whose names differ in what names of pods cannot have.
    while (names.has(name)) name += '-x';
    names.add(name);
    return controllerPod(input, name, origin);
  });
  const namespaces = new Map(input.namespaces);
  const namespace = pods[0]!.namespace;
  namespaces.set(namespace, ownNamespace(namespace));
  const workloads = pods.map((pod): Workload => ({
    id: pod.workload,
    namespace: pod.namespace,
    kind: 'Pod',
    name: pod.name,
    pods: [pod],
    origin: pod.origin,
  }));
  const details = [...lacking.values()].map(
    ({ entries }, i) =>
      `${pods[i]!.namespace}/${pods[i]!.name} for ${entries.map(({ id }) => id).join(', ')}`,
  );
  return {
    cluster: {
      ...input,
      namespaces,
      workloads: [...input.workloads, ...workloads],
      pods: [...input.pods, ...pods],
    },
    made: new Map(Array.from(lacking.keys(), (className, i) => [className, pods[i]!.id])),
    notes: note(
      'controllers',
      details,
      'the input has no pod of the controller of some Ingresses, Gateways or Routes, so the lab has one',
    ),
  };
}

/** What an nginx can serve: Services need none, and Routes that keep TLS up to the pod have no room for one. */
export function isServed({ kind, ways }: Entry): boolean {
  if (kind === 'Route') return ways.every(({ tls }) => tls === 'none' || tls === 'terminate');
  return kind === 'Ingress' || kind === 'Gateway';
}

/** What a made-up controller is called: after its class. */
function controllerName(className: string): string {
  const safe = className
    .toLowerCase()
    .replace(/[^-a-z0-9]/g, '-')
    .replace(/^-+|-+$/g, '');
  return safe === '' ? 'controller' : `controller-${safe.slice(0, 40)}`;
}

function controllerPod(input: Cluster, name: string, origin: Origin): Pod {
  // A namespace of the input has policies and labels.
  let namespace = madeNamespace;
  while (input.namespaces.has(namespace)) namespace += '-x';
  const id = `${namespace}/Pod/${name}`;
  return {
    id,
    namespace,
    name,
    workload: id,
    labels: new Map(),
    undecided: new Map(),
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, sidecar: false },
      { name: 'https', protocol: 'TCP', port: 443, sidecar: false },
    ],
    addresses: [],
    node: undefined,
    hostNetwork: false,
    finished: false,
    replicas: 1,
    template: false,
    origin,
  };
}

function ownNamespace(name: string): Namespace {
  return { name, labels: new Map([['kubernetes.io/metadata.name', name]]), origin: undefined };
}
