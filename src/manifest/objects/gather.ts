import type { Cluster, ClusterNode, Origin, Pod, Workload } from '../../model/index.ts';
import type { Address } from '../../net/index.ts';
import type { ReadOptions, RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import type { Collector } from './collect.ts';
import { mappingAt } from './findings.ts';
import type { Findings } from './findings.ts';
import type { LabelReader } from './labels.ts';
import { readMetadata } from './metadata.ts';
import { noAddresses } from './pods.ts';
import type { PodReader } from './pods.ts';
import { ControllerReader, nothingUndecided, ownerOf } from './workloads.ts';
import type { Controller, Owner } from './workloads.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A workload while its pods are gathered. */
interface Draft {
  readonly owner: Owner;
  readonly namespace: string;
  readonly origin: Origin;
  readonly pods: Pod[];
}

/** Owners of owners: Pod, ReplicaSet, Deployment is the longest chain that Kubernetes itself makes. */
const longestChain = 8;
const noFields: Fields = {};

/** What reads the parts of pods and controllers, and what is known before them. */
export interface Readers {
  readonly findings: Findings;
  readonly labels: LabelReader;
  readonly pods: PodReader;
  /** Those of the input; nodes that are only mentioned are added. */
  readonly nodes: Map<string, ClusterNode>;
  readonly tellTwice: (former: Origin, object: RawObject) => void;
}

/** The pods of the input, and those that the templates without pods would make, by workload. */
export function gatherWorkloads(
  collected: Collector,
  readers: Readers,
  options: ReadOptions,
): Pick<Cluster, 'workloads' | 'pods' | 'finishedPods' | 'finishedWorkloads'> {
  return new Gatherer(readers, options).gather(collected);
}

class Gatherer {
  readonly #readers: Readers;
  readonly #controllerReader: ControllerReader;
  readonly #controllers = new Map<string, Controller>();
  /** The topmost owner, by id of the nearest one. */
  readonly #tops = new Map<string, Owner>();
  /** By id of the workload, in the order of the first of its objects: controllers before pods. */
  readonly #drafts = new Map<string, Draft>();
  /** Controllers below a workload: their templates serve when the workload itself is only known by reference. */
  readonly #below = new Map<string, Controller[]>();

  constructor(readers: Readers, options: ReadOptions) {
    this.#readers = readers;
    const { findings, labels, pods, nodes } = readers;
    this.#controllerReader = new ControllerReader(findings, labels, pods, nodes.size, options);
  }

  gather(collected: Collector): Pick<Cluster, 'workloads' | 'pods' | 'finishedPods' | 'finishedWorkloads'> {
    this.#readControllers(collected);
    const { pods: ownPods, indexes } = this.#readPods(collected.pods);
    const finishedPods: Pod[] = [];
    for (const pod of ownPods) {
      const draft = this.#drafts.get(pod.workload) ?? this.#draft(this.#ownerOfPod(pod), pod);
      if (pod.finished) finishedPods.push(pod);
      else draft.pods.push(pod);
    }
    const workloads: Workload[] = [];
    const finishedWorkloads: Workload[] = [];
    const pods: Pod[] = [];
    for (const { owner, namespace, origin, pods: live } of this.#drafts.values()) {
      const { id, kind, name } = owner;
      const source = this.#controllers.get(id) ?? largest(this.#below.get(id));
      const members =
        live.length > 0 || source === undefined
          ? live
          : this.#controllerReader.podsOf(source, id, name, (podId) => indexes.has(podId));
      const workload: Workload = { id, namespace, kind, name, pods: members, origin };
      (live.length === 0 && source === undefined ? finishedWorkloads : workloads).push(workload);
      for (const pod of members) pods.push(pod);
    }
    for (const pod of pods) if (pod.node !== undefined) this.#mentionNode(pod.node);
    return { workloads, pods, finishedPods, finishedWorkloads };
  }

  #readControllers(collected: Collector): void {
    for (const { object, kind } of collected.controllers) {
      const controller = this.#controllerReader.read(object, kind);
      if (controller === undefined) continue;
      const former = this.#controllers.get(controller.id);
      if (former !== undefined) this.#readers.tellTwice(former.origin, object);
      this.#controllers.set(controller.id, controller);
    }
    for (const controller of this.#controllers.values()) {
      const top = this.#topOf(controller);
      if (!this.#drafts.has(top.id)) this.#draft(top, this.#controllers.get(top.id) ?? controller);
      if (top.id === controller.id) continue;
      const below = this.#below.get(top.id);
      if (below === undefined) this.#below.set(top.id, [controller]);
      else below.push(controller);
    }
  }

  #draft(
    owner: Owner,
    { namespace, origin }: { readonly namespace: string; readonly origin: Origin },
  ): Draft {
    const draft: Draft = { owner, namespace, origin, pods: [] };
    this.#drafts.set(owner.id, draft);
    return draft;
  }

  /** The topmost controller that the input knows, be it by reference; `owner` itself when it is not in the input. */
  #topOf(owner: Owner): Owner {
    const known = this.#tops.get(owner.id);
    if (known !== undefined) return known;
    let top = owner;
    // Owners in a circle end somewhere in it.
    for (let i = 0; i < longestChain; i++) {
      const next = this.#controllers.get(top.id)?.owner;
      if (next === undefined || next.id === owner.id) break;
      top = next;
    }
    this.#tops.set(owner.id, top);
    return top;
  }

  #ownerOfPod({ workload, id, name }: Pod): Owner {
    return (workload === id ? undefined : this.#tops.get(workload)) ?? { id, kind: 'Pod', name };
  }

  /** Reads all pods; of those with the same name the last counts. The hot path of large dumps. */
  #readPods(objects: readonly RawObject[]): {
    readonly pods: readonly Pod[];
    readonly indexes: ReadonlyMap<string, number>;
  } {
    const pods: Pod[] = [];
    const indexes = new Map<string, number>();
    for (const object of objects) {
      const pod = this.#readPod(object);
      if (pod === undefined) continue;
      const former = indexes.get(pod.id);
      if (former === undefined) {
        indexes.set(pod.id, pods.length);
        pods.push(pod);
      } else {
        this.#readers.tellTwice((pods[former] as Pod).origin, object);
        pods[former] = pod;
      }
    }
    return { pods, indexes };
  }

  #readPod(object: RawObject): Pod | undefined {
    const { findings, labels, pods } = this.#readers;
    const before = findings.refusals;
    const metadata = readMetadata(findings, object);
    const podLabels = labels.read(object, metadata.labels, labelsPath);
    const spec = pods.spec(object, object.value.spec, specPath);
    const { status: given } = object.value;
    const status = isRecord(given) ? given : (mappingAt(findings, object, given, statusPath) ?? noFields);
    const addresses = pods.addresses(object, status, spec.hostNetwork);
    if (findings.refusals !== before) return undefined;
    const { namespace = 'default', name } = object.ref;
    const id = `${namespace}/Pod/${name}`;
    return {
      id,
      namespace,
      name,
      workload: this.#workloadOf(namespace, metadata) ?? id,
      labels: podLabels,
      undecided: spec.node === undefined ? this.#controllerReader.unscheduled : nothingUndecided,
      ports: spec.ports,
      addresses: addresses.length === 0 && spec.hostNetwork ? this.#nodeAddresses(spec.node) : addresses,
      node: spec.node,
      hostNetwork: spec.hostNetwork,
      finished: status.phase === 'Succeeded' || status.phase === 'Failed',
      replicas: 1,
      template: false,
      origin: object.origin,
    };
  }

  #workloadOf(namespace: string, metadata: Fields): string | undefined {
    if (metadata.ownerReferences === undefined) return undefined;
    const owner = ownerOf(namespace, metadata);
    if (owner === undefined) return undefined;
    const top = this.#topOf(owner);
    // So that the draft can be made from the id alone.
    if (top !== owner && !this.#tops.has(top.id)) this.#tops.set(top.id, top);
    return top.id;
  }

  /** The first address of each family: a host-network pod is its node (corner 44). */
  #nodeAddresses(name: string | undefined): readonly Address[] {
    const node = name === undefined ? undefined : this.#readers.nodes.get(name);
    if (node === undefined) return noAddresses;
    const v4 = node.addresses.find(({ family }) => family === 'IPv4');
    const v6 = node.addresses.find(({ family }) => family === 'IPv6');
    return node.addresses.filter((address) => address === v4 || address === v6);
  }

  #mentionNode(name: string): void {
    const { nodes } = this.#readers;
    if (!nodes.has(name)) nodes.set(name, { name, labels: new Map(), addresses: [], origin: undefined });
  }
}

const labelsPath = ['metadata', 'labels'];
const specPath = ['spec'];
const statusPath = ['status'];

/** Of several ReplicaSets of a Deployment that is not in the input, the one that makes the most pods. */
function largest(controllers: readonly Controller[] | undefined): Controller | undefined {
  return controllers?.reduce((a, b) => (b.replicas > a.replicas ? b : a));
}
