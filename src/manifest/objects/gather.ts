import type { Cluster, ClusterNode, Origin, Pod, Workload } from '../../model/index.ts';
import type { Address } from '../../net/index.ts';
import type { ReadOptions, RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import type { Collector } from './collect.ts';
import { mappingAt } from './findings.ts';
import type { Findings } from './findings.ts';
import { noLabels } from './labels.ts';
import type { LabelReader } from './labels.ts';
import { readMetadata } from './metadata.ts';
import { noAddresses } from './pods.ts';
import type { PodReader } from './pods.ts';
import { ControllerReader, nothingUndecided, checkOwners, ownerId, ownerOf } from './workloads.ts';
import type { Controller, Owner } from './workloads.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A workload while its pods are gathered. */
interface Draft {
  readonly id: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly origin: Origin;
  pods: Pod[];
  /** How many live pods it has, known before the first is put in: lists that grow take much more room. */
  live: number;
  /** How many of them are in `pods` already. */
  filled: number;
  hasFinished: boolean;
}

/** What is known of one namespace while pods are read. */
interface Scope {
  readonly namespace: string;
  /** Begins the id of each of its pods. */
  readonly podPrefix: string;
  /** Index in the list of pods, by name. */
  readonly pods: Map<string, number>;
  /** By name of the owner: what the last pod with an owner of that name said, and its workload. */
  readonly owners: Map<string, KnownOwner>;
}

interface KnownOwner {
  readonly kind: string;
  readonly apiVersion: unknown;
  readonly draft: Draft;
}

/** Owners of owners: Pod, ReplicaSet, Deployment is the longest chain that Kubernetes itself makes. */
const longestChain = 8;
const noFields: Fields = {};
const noPods: Pod[] = [];

/** What reads the parts of pods and controllers, and what is known before them. */
export interface Readers {
  readonly findings: Findings;
  readonly labels: LabelReader;
  readonly pods: PodReader;
  /** Those of the input; nodes that are only mentioned are added. */
  readonly nodes: Map<string, ClusterNode>;
  readonly tellTwice: (former: Origin, object: RawObject) => void;
}

/** What `gatherWorkloads` fills in. */
export type Gathered = Pick<Cluster, 'workloads' | 'pods' | 'finishedPods' | 'finishedWorkloads'>;

/** The pods of the input, and those that the templates without pods would make, by workload. */
export function gatherWorkloads(collected: Collector, readers: Readers, options: ReadOptions): Gathered {
  return new Gatherer(readers, options).gather(collected);
}

class Gatherer {
  readonly #readers: Readers;
  readonly #controllerReader: ControllerReader;
  readonly #controllers = new Map<string, Controller>();
  /** In the order of the first object of each: controllers before pods. */
  readonly #drafts: Draft[] = [];
  /** Of controllers and owners, by id. */
  readonly #draftById = new Map<string, Draft>();
  /** Controllers below a workload: their templates serve when the workload itself is only known by reference. */
  readonly #below = new Map<string, Controller[]>();
  readonly #scopes = new Map<string, Scope>();
  readonly #pods: Pod[] = [];
  /** The workload of each pod; `undefined` for a pod that is its own. */
  readonly #draftOfPod: (Draft | undefined)[] = [];

  constructor(readers: Readers, options: ReadOptions) {
    this.#readers = readers;
    const { findings, labels, pods, nodes } = readers;
    this.#controllerReader = new ControllerReader(findings, labels, pods, nodes.size, options);
  }

  gather(collected: Collector): Gathered {
    this.#readControllers(collected);
    this.#readPods(collected.pods);
    const finishedPods: Pod[] = [];
    for (let i = 0; i < this.#pods.length; i++) {
      const pod = this.#pods[i] as Pod;
      const draft = (this.#draftOfPod[i] ??= this.#draft(pod.id, 'Pod', pod.name, pod));
      if (pod.finished) {
        draft.hasFinished = true;
        finishedPods.push(pod);
      } else {
        draft.live++;
      }
    }
    for (let i = 0; i < this.#pods.length; i++) {
      const pod = this.#pods[i] as Pod;
      const draft = this.#draftOfPod[i];
      if (pod.finished || draft === undefined) continue;
      if (draft.filled === 0)
        draft.pods = draft.live === 1 ? [pod] : Array.from<Pod>({ length: draft.live }).fill(pod);
      else draft.pods[draft.filled] = pod;
      draft.filled++;
    }
    const workloads: Workload[] = [];
    const finishedWorkloads: Workload[] = [];
    const pods: Pod[] = [];
    for (const { id, namespace, kind, name, origin, pods: live, hasFinished } of this.#drafts) {
      const source = live.length > 0 ? undefined : this.#templateOf(id);
      const members =
        source === undefined
          ? live
          : this.#controllerReader.podsOf(
              source,
              id,
              name,
              (podName) => this.#scopes.get(namespace)?.pods.has(podName) === true,
            );
      const workload: Workload = { id, namespace, kind, name, pods: members, origin };
      if (live.length > 0 || source !== undefined) workloads.push(workload);
      else if (hasFinished) finishedWorkloads.push(workload);
      for (const pod of members) {
        if (pod.node !== undefined) this.#mentionNode(pod.node);
        pods.push(pod);
      }
    }
    return { workloads, pods, finishedPods, finishedWorkloads };
  }

  #readControllers(collected: Collector): void {
    for (const { kind, objects } of collected.controllers) {
      for (const object of objects) {
        const controller = this.#controllerReader.read(object, kind);
        if (controller === undefined) continue;
        const former = this.#controllers.get(controller.id);
        if (former !== undefined) this.#readers.tellTwice(former.origin, object);
        this.#controllers.set(controller.id, controller);
      }
    }
    for (const controller of this.#controllers.values()) {
      const top = this.#topOf(controller);
      this.#draftOf(top, this.#controllers.get(top.id) ?? controller);
      if (top.id === controller.id) continue;
      const below = this.#below.get(top.id);
      if (below === undefined) this.#below.set(top.id, [controller]);
      else below.push(controller);
    }
  }

  /** Whose template makes the pods of a workload that has none in the input. */
  #templateOf(id: string): Controller | undefined {
    return this.#controllers.get(id) ?? largest(this.#below.get(id));
  }

  #draftOf({ id, kind, name }: Owner, first: { readonly namespace: string; readonly origin: Origin }): Draft {
    const known = this.#draftById.get(id);
    if (known !== undefined) return known;
    const draft = this.#draft(id, kind, name, first);
    this.#draftById.set(id, draft);
    return draft;
  }

  #draft(
    id: string,
    kind: string,
    name: string,
    { namespace, origin }: { readonly namespace: string; readonly origin: Origin },
  ): Draft {
    const draft: Draft = {
      id,
      namespace,
      kind,
      name,
      origin,
      pods: noPods,
      live: 0,
      filled: 0,
      hasFinished: false,
    };
    this.#drafts.push(draft);
    return draft;
  }

  /** The topmost controller that the input knows, be it by reference; `owner` itself when it is not in the input. */
  #topOf(owner: Owner): Owner {
    let top = owner;
    // Owners in a circle end somewhere in it.
    for (let i = 0; i < longestChain; i++) {
      const next = this.#controllers.get(top.id)?.owner;
      if (next === undefined || next.id === owner.id) break;
      top = next;
    }
    return top;
  }

  /** Reads all pods; of those with the same name the last counts. The hot path of large dumps. */
  #readPods(objects: Iterable<RawObject>): void {
    let scope: Scope | undefined;
    for (const object of objects) {
      const { namespace = 'default' } = object.ref;
      if (scope === undefined || scope.namespace !== namespace) scope = this.#scope(namespace);
      this.#readPod(object, scope);
    }
  }

  #scope(namespace: string): Scope {
    let scope = this.#scopes.get(namespace);
    if (scope === undefined) {
      scope = { namespace, podPrefix: `${namespace}/Pod/`, pods: new Map(), owners: new Map() };
      this.#scopes.set(namespace, scope);
    }
    return scope;
  }

  #readPod(object: RawObject, scope: Scope): void {
    const { findings, labels, pods } = this.#readers;
    const before = findings.refusals;
    const metadata = readMetadata(findings, object);
    const podLabels = labels.read(object, metadata.labels, labelsPath);
    const spec = pods.spec(object, object.value.spec, specPath);
    const { status: given } = object.value;
    const status = isRecord(given) ? given : (mappingAt(findings, object, given, statusPath) ?? noFields);
    const addresses = pods.addresses(object, status, spec.hostNetwork);
    if (metadata.ownerReferences !== undefined) checkOwners(findings, object, metadata);
    if (findings.refusals !== before) return;
    const { namespace, podPrefix } = scope;
    const { origin, ref } = object;
    const id = podPrefix + ref.name;
    const draft = metadata.ownerReferences === undefined ? undefined : this.#owner(object, metadata, scope);
    const pod: Pod = {
      id,
      namespace,
      name: ref.name,
      workload: draft === undefined ? id : draft.id,
      labels: podLabels,
      undecided: spec.node === undefined ? this.#controllerReader.unscheduled : nothingUndecided,
      ports: spec.ports,
      addresses: addresses.length === 0 && spec.hostNetwork ? this.#nodeAddresses(spec.node) : addresses,
      node: spec.node,
      hostNetwork: spec.hostNetwork,
      finished: status.phase === 'Succeeded' || status.phase === 'Failed',
      replicas: 1,
      template: false,
      origin,
    };
    const former = scope.pods.get(ref.name);
    if (former === undefined) {
      scope.pods.set(ref.name, this.#pods.length);
      this.#pods.push(pod);
      this.#draftOfPod.push(draft);
    } else {
      this.#readers.tellTwice((this.#pods[former] as Pod).origin, object);
      this.#pods[former] = pod;
      this.#draftOfPod[former] = draft;
    }
  }

  /** The workload of a pod that says who owns it. */
  #owner(object: RawObject, metadata: Fields, scope: Scope): Draft | undefined {
    const reference = ownerOf(metadata);
    if (reference === undefined) return undefined;
    const { kind, name, apiVersion } = reference;
    const known = scope.owners.get(name);
    if (known !== undefined && known.kind === kind && known.apiVersion === apiVersion) return known.draft;
    const top = this.#topOf(ownerId(scope.namespace, reference));
    const draft = this.#draftOf(top, { namespace: scope.namespace, origin: object.origin });
    scope.owners.set(name, { kind, apiVersion, draft });
    return draft;
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
    if (!nodes.has(name))
      nodes.set(name, { name, labels: noLabels, addresses: noAddresses, origin: undefined });
  }
}

const labelsPath = ['metadata', 'labels'];
const specPath = ['spec'];
const statusPath = ['status'];

/** Of several ReplicaSets of a Deployment that is not in the input, the one that makes the most pods. */
function largest(controllers: readonly Controller[] | undefined): Controller | undefined {
  return controllers?.reduce((a, b) => (b.replicas > a.replicas ? b : a));
}
