import type { Address, Family, Protocol } from '../net/index.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Entrances, ServiceEntrance } from './entrance.ts';
import type { NetworkPolicy } from './network-policy.ts';
import type { ObjectRef, Origin } from './place.ts';
import type { LabelSelector, Labels } from './selector.ts';
import type { TierPolicy } from './tier-policy.ts';

/** The cluster as podwall reasons about it: defaulted and immutable. Made by `manifest/`. */
export interface Cluster {
  /** By name; also those that are only mentioned, with nothing but their name label (corner 22). */
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /** By name; also those that only a pod's `nodeName` mentions. */
  readonly nodes: ReadonlyMap<string, ClusterNode>;
  readonly workloads: readonly Workload[];
  /** Pods that own their address: neither Succeeded nor Failed (corner 46), in the order of `workloads`. */
  readonly pods: readonly Pod[];
  /**
   * Finished pods: `upstream` ignores them, the profile `np-guard` counts them as pods. Their `workload` is also in
   * `finishedWorkloads` when no live pod or template of it is in the input.
   */
  readonly finishedPods: readonly Pod[];
  /** The workloads that have finished pods only, and no template; their `pods` are empty. */
  readonly finishedWorkloads: readonly Workload[];
  readonly services: readonly Service[];
  readonly policies: readonly NetworkPolicy[];
  /** The cluster-wide policies around them, in the order of the input (corners 53 to 67). */
  readonly tierPolicies: readonly TierPolicy[];
  /** Ingresses, Gateways, Routes, and what they refer to. */
  readonly entrances: Entrances;
  /** Objects that decide about traffic and that podwall knows, but cannot answer for yet. */
  readonly notModelled: readonly NotModelled[];
}

/** A namespace, as namespaceSelectors see it. */
export interface Namespace {
  readonly name: string;
  /** Always with `kubernetes.io/metadata.name` (corner 22). */
  readonly labels: Labels;
  /** `undefined` when the namespace is only mentioned: its labels are then assumed. */
  readonly origin: Origin | undefined;
}

/** A node of the cluster: what runs on it, and what its addresses stand for (corners 42 and 44). */
export interface ClusterNode {
  readonly name: string;
  readonly labels: Labels;
  /** The entries of `status.addresses` that are IP addresses (corner 63). */
  readonly addresses: readonly Address[];
  readonly origin: Origin | undefined;
}

/** The kinds that own pods. A pod without a controller that the input knows is its own workload. */
export type WorkloadKind =
  | 'Pod'
  | 'Deployment'
  | 'ReplicaSet'
  | 'StatefulSet'
  | 'DaemonSet'
  | 'Job'
  | 'CronJob'
  | 'ReplicationController';

/** The topmost controller that the input knows of some pods, or a pod by itself. */
export interface Workload {
  /** `namespace/Kind/name`. */
  readonly id: string;
  readonly namespace: string;
  readonly kind: WorkloadKind | (string & {});
  readonly name: string;
  /** The live pods, or the pods that the template would make; empty when it asks for none. */
  readonly pods: readonly Pod[];
  readonly origin: Origin;
}

/** A pod, or several equal ones that a template would make. */
export interface Pod {
  /** `namespace/Pod/name`; pods of a template that have no name of their own carry their workload's id. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** Id of its workload. */
  readonly workload: string;
  readonly labels: Labels;
  /**
   * Keys that controllers or the scheduler will set to a value that files cannot tell (corner 23). `present`: the key
   * will be there, with an unknown value; `maybe`: not even that is known.
   */
  readonly undecided: ReadonlyMap<string, 'present' | 'maybe'>;
  /** Declared by regular and sidecar containers (corner 28). */
  readonly ports: readonly ContainerPort[];
  /** At most one of each family, in the order of `status.podIPs`; none for a pod that is not there yet. */
  readonly addresses: readonly Address[];
  /** `spec.nodeName`; `undefined`: a node of its own. */
  readonly node: string | undefined;
  readonly hostNetwork: boolean;
  /** `status.phase` is Succeeded or Failed (corner 46). */
  readonly finished: boolean;
  /** How many pods this stands for: 1, or the replicas of a template that has no names for them. At least 1. */
  readonly replicas: number;
  /** Whether it was made from a template and is not in the input itself. */
  readonly template: boolean;
  readonly origin: Origin;
}

/** A port that a container declares: what a named port in a rule can mean (corner 28). */
export interface ContainerPort {
  readonly name: string | undefined;
  readonly protocol: Protocol;
  readonly port: number;
  /** Of a restartable init container: some implementations overlook its names (corner 28). */
  readonly sidecar: boolean;
}

/** A Service. Policies never see it: it stands for its endpoints (corner 49). */
export interface Service {
  readonly namespace: string;
  readonly name: string;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** `undefined`: no selector, so its endpoints are kept by hand. */
  readonly selector: LabelSelector | undefined;
  readonly ports: readonly ServicePort[];
  readonly clusterIPs: readonly Address[];
  /** The families that it asks for, the first one first; empty: the cluster's own choice. */
  readonly ipFamilies: readonly Family[];
  /** Whether it has one family, both where the cluster has both, or both or none at all. */
  readonly ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  readonly headless: boolean;
  readonly publishNotReadyAddresses: boolean;
  /** Of a Service of type NodePort or LoadBalancer; `undefined` for the other types. */
  readonly entrance: ServiceEntrance | undefined;
  /** Addresses outside the cluster that lead to it, whatever its type. */
  readonly externalIPs: readonly Address[];
  /** `Local`: pods reach only the endpoints on their own node through it. */
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  readonly origin: Origin;
}

/** One port of a Service, and where it leads in each endpoint. */
export interface ServicePort {
  readonly name: string | undefined;
  readonly protocol: Protocol;
  readonly port: number;
  /** A number, or a name that each endpoint pod resolves for itself (corner 49). */
  readonly targetPort: number | string;
  /** The port of every node that leads to it; `undefined` where none is known: a server picks one. */
  readonly nodePort: number | undefined;
}

/** An object that decides about traffic and is not part of the answer. */
export interface NotModelled {
  readonly ref: ObjectRef;
  readonly origin: Origin;
  /** Ids of the workloads whose answers it makes uncertain; `all` for every workload. */
  readonly affects: readonly string[] | 'all';
  /**
   * `any`: it may open or close connections. `closes`: it can only close them (Istio, Linkerd: corner 70). `none`: an
   * entry point, which makes no answer between pods uncertain.
   */
  readonly effect: 'any' | 'closes' | 'none';
}

/** A cluster with all that was found wrong on the way. */
export interface ReadResult {
  readonly cluster: Cluster;
  readonly diagnostics: readonly Diagnostic[];
  /** How many objects of any kind were found, refused ones included. */
  readonly objects: number;
}
