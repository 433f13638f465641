import type { Cluster, ClusterNode, Origin, Pod, Workload } from '../../model/index.ts';
import type { Address } from '../../net/index.ts';
import type { ReadOptions } from '../raw.ts';
import type { Collector } from './collect.ts';
import { tellTwice } from './findings.ts';
import type { Findings } from './findings.ts';
import { noLabels } from './labels.ts';
import type { LabelReader } from './labels.ts';
import type { PodDraft, PodOwner } from './pod-intake.ts';
import { noAddresses } from './pods.ts';
import type { PodReader } from './pods.ts';
import { ControllerReader, ownerId } from './workloads.ts';
import type { Controller, Owner } from './workloads.ts';

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

/** Owners of owners: Pod, ReplicaSet, Deployment is the longest chain that Kubernetes itself makes. */
const longestChain = 8;
const noPods: Pod[] = [];

/** What reads the parts of pods and controllers, and what is known before them. */
export interface Readers {
  readonly findings: Findings;
  readonly labels: LabelReader;
  readonly pods: PodReader;
  /** Those of the input; nodes that are only mentioned are added. */
  readonly nodes: Map<string, ClusterNode>;
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
  readonly #draftOfOwner = new Map<PodOwner, Draft>();

  constructor(readers: Readers, options: ReadOptions) {
    this.#readers = readers;
    const { findings, labels, pods, nodes } = readers;
    this.#controllerReader = new ControllerReader(findings, labels, pods, nodes.size, options);
  }

  gather(collected: Collector): Gathered {
    this.#readControllers(collected);
    const { pods: read, owners, diagnostics } = collected.pods;
    for (const diagnostic of diagnostics) this.#readers.findings.diagnostics.push(diagnostic);
    const finishedPods: Pod[] = [];
    const drafts = read.map((pod, i) => {
      const owner = owners[i];
      const draft =
        owner === undefined ? this.#draft(pod.id, 'Pod', pod.name, pod) : this.#ownerOf(owner, pod);
      this.#complete(pod, draft);
      if (pod.finished) {
        draft.hasFinished = true;
        finishedPods.push(pod);
      } else {
        draft.live++;
      }
      return draft;
    });
    for (let i = 0; i < drafts.length; i++) {
      const pod = read[i] as Pod;
      const draft = drafts[i] as Draft;
      if (pod.finished) continue;
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
          : this.#controllerReader.podsOf(source, id, name, (podName) =>
              collected.pods.has(namespace, podName),
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
        if (former !== undefined) tellTwice(this.#readers.findings, former.origin, object);
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
    if (this.#controllers.size === 0) return top;
    // Owners in a circle end somewhere in it.
    for (let i = 0; i < longestChain; i++) {
      const next = this.#controllers.get(top.id)?.owner;
      if (next === undefined || next.id === owner.id) break;
      top = next;
    }
    return top;
  }

  /** The workload of pods that say who owns them. */
  #ownerOf(owner: PodOwner, { namespace, origin }: Pod): Draft {
    let draft = this.#draftOfOwner.get(owner);
    if (draft === undefined) {
      draft = this.#draftOf(this.#topOf(ownerId(namespace, owner)), { namespace, origin });
      this.#draftOfOwner.set(owner, draft);
    }
    return draft;
  }

  /** Fills in what is only known when all objects have been read. */
  #complete(pod: PodDraft, { id }: Draft): void {
    pod.workload = id;
    if (pod.node === undefined) pod.undecided = this.#controllerReader.unscheduled;
    if (pod.hostNetwork && pod.addresses.length === 0) pod.addresses = this.#nodeAddresses(pod.node);
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

/** Of several ReplicaSets of a Deployment that is not in the input, the one that makes the most pods. */
function largest(controllers: readonly Controller[] | undefined): Controller | undefined {
  return controllers?.reduce((a, b) => (b.replicas > a.replicas ? b : a));
}
