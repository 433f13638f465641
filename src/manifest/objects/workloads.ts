import { satisfies } from '../../model/index.ts';
import type { Labels, Origin, Path, Pod } from '../../model/index.ts';
import type { ReadOptions, RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { count, integerAt, listAt, mappingAt, textAt } from './findings.ts';
import type { Findings } from './findings.ts';
import { groupOf } from './kinds.ts';
import type { ControllerKind } from './kinds.ts';
import { readSelector } from './labels.ts';
import type { LabelReader } from './labels.ts';
import { readMetadata } from './metadata.ts';
import { noAddresses } from './pods.ts';
import type { PodReader, PodSpec } from './pods.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Keys of labels that controllers or the scheduler set to a value that files cannot tell (corner 23). */
export type Undecided = ReadonlyMap<string, 'present' | 'maybe'>;

/** Nothing is undecided, as one instance. */
export const nothingUndecided: Undecided = new Map();

/** What owns a pod or another controller, by reference. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
}

/** A controller of the input, with the template that its pods would be made from. */
export interface Controller {
  readonly id: string;
  readonly namespace: string;
  readonly kind: ControllerKind;
  readonly name: string;
  readonly origin: Origin;
  readonly object: RawObject;
  readonly owner: Owner | undefined;
  /** How many pods it asks for. */
  readonly replicas: number;
  readonly labels: Labels;
  readonly undecided: Undecided;
  readonly spec: PodSpec;
  /** Of the first pod of a StatefulSet. */
  readonly firstOrdinal: number;
}

/** Above so many replicas, the pods of one StatefulSet are not named. */
const namedReplicas = 1_000;
/** No more pods than these are named in all, so that a small file cannot ask for a huge cluster. */
const namedPods = 200_000;

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

const zoneLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];
/** From this minor version on, a pod gets its node's zone and region as labels (corner 23). */
const zonesCopiedSince = 35;

/** Reads controllers, and makes the pods of those that have none in the input. */
export class ControllerReader {
  readonly #findings: Findings;
  readonly #labels: LabelReader;
  readonly #pods: PodReader;
  readonly #declaredNodes: number;
  readonly #copiesZones: boolean;
  /** Of a pod that no scheduler has seen yet. */
  readonly unscheduled: Undecided;
  readonly #undecided = new Map<string, Undecided>();
  #named = 0;

  constructor(
    findings: Findings,
    labels: LabelReader,
    pods: PodReader,
    declaredNodes: number,
    options: ReadOptions,
  ) {
    this.#findings = findings;
    this.#labels = labels;
    this.#pods = pods;
    this.#declaredNodes = declaredNodes;
    this.#copiesZones = copiesZones(options.kubernetesVersion);
    this.unscheduled = this.#copiesZones
      ? new Map(zoneLabels.map((key) => [key, 'maybe']))
      : nothingUndecided;
  }

  /** `undefined` when every API server refuses it. */
  read(object: RawObject, kind: ControllerKind): Controller | undefined {
    const findings = this.#findings;
    const before = findings.refusals;
    const metadata = readMetadata(findings, object);
    const spec = mappingAt(findings, object, object.value.spec, ['spec']) ?? {};
    const job = kind === 'CronJob' ? this.#jobOf(object, spec) : { spec, path: ['spec'] };
    const at = [...job.path, 'template'];
    const template = mappingAt(findings, object, job.spec.template, at);
    if (template === undefined && !isWrong(job.spec.template)) {
      findings.refuse(object, 'template-missing', job.path, `This ${kind} has no template for its pods`, {
        hint: `the pods are described in ${at.join('.')}`,
      });
    }
    const meta = mappingAt(findings, object, template?.metadata, [...at, 'metadata']);
    const written = this.#labels.read(object, meta?.labels, [...at, 'metadata', 'labels']);
    const podSpec = this.#pods.spec(object, template?.spec, [...at, 'spec']);
    if (template !== undefined && hasOwnSelector(kind)) this.#checkSelector(object, kind, spec, written);
    checkOwners(findings, object, metadata);
    const replicas = this.#replicas(object, kind, spec);
    const { namespace = 'default', name } = object.ref;
    const ordinals = mappingAt(findings, object, spec.ordinals, ['spec', 'ordinals']);
    const start = natural(findings, object, ordinals?.start, ['spec', 'ordinals', 'start']) ?? 0;
    if (findings.refusals !== before) return undefined;
    const owner = hasOwners(kind) ? ownerOf(metadata) : undefined;
    const { labels, undecided } = this.#templateLabels(object, kind, job.spec, written, podSpec);
    return {
      id: `${namespace}/${kind}/${name}`,
      namespace,
      kind,
      name,
      origin: object.origin,
      object,
      // A Deployment that an operator's object owns is still what people know the pods by.
      owner: owner === undefined ? undefined : { kind: shownKind(owner), name: owner.name },
      replicas,
      labels,
      undecided,
      spec: podSpec,
      firstOrdinal: start,
    };
  }

  /**
   * The pods that the template of `controller` would make, as pods of the workload `id`.
   *
   * @param isTaken - whether a pod of the input has that name already
   */
  podsOf(controller: Controller, id: string, name: string, isTaken: (podName: string) => boolean): Pod[] {
    const { replicas, kind } = controller;
    if (replicas === 0) return [];
    if (kind !== 'StatefulSet') return [this.#pod(controller, { id, name, workload: id, replicas })];
    if (replicas > namedReplicas || this.#named + replicas > namedPods) {
      this.#findings.note(
        controller.object,
        'replicas-not-named',
        ['spec', 'replicas'],
        `The ${count(replicas, 'pod')} of this StatefulSet are too many to name one by one: they are one peer`,
        { value: replicas },
      );
      return [
        this.#pod(
          controller,
          { id, name, workload: id, replicas },
          controller.labels,
          withoutNames(controller),
        ),
      ];
    }
    this.#named += replicas;
    return this.#namedPods(controller, id, isTaken);
  }

  #namedPods(controller: Controller, workload: string, isTaken: (podName: string) => boolean): Pod[] {
    const pods: Pod[] = [];
    const taken: string[] = [];
    for (let i = 0; i < controller.replicas; i++) {
      const index = `${controller.firstOrdinal + i}`;
      const name = `${controller.name}-${index}`;
      const id = `${controller.namespace}/Pod/${name}`;
      if (isTaken(name)) {
        taken.push(name);
        continue;
      }
      const labels = new Map(controller.labels).set(podNameLabel, name).set(podIndexLabel, index);
      pods.push(this.#pod(controller, { id, name, workload, replicas: 1 }, labels));
    }
    if (taken.length > 0) {
      this.#findings.warn(
        controller.object,
        'pod-name-taken',
        ['metadata', 'name'],
        `This StatefulSet cannot make ${count(taken.length, 'of its pods', 'of its pods')}: the input has another pod named ${taken[0] ?? ''}`,
        { hint: 'dump the pods together with the StatefulSet that owns them' },
      );
    }
    return pods;
  }

  #pod(
    { namespace, spec, origin, labels: written, undecided: keys }: Controller,
    { id, name, workload, replicas }: Pick<Pod, 'id' | 'name' | 'workload' | 'replicas'>,
    labels: Labels = written,
    undecided: Undecided = keys,
  ): Pod {
    return {
      id,
      namespace,
      name,
      workload,
      labels,
      undecided,
      ports: spec.ports,
      addresses: noAddresses,
      node: spec.node,
      hostNetwork: spec.hostNetwork,
      finished: false,
      replicas,
      template: true,
      origin,
    };
  }

  /**
   * Whether the selector is there and selects what the template makes: a server of apps/v1 refuses the object otherwise.
   * The template alone decides about the labels of pods, so the object counts, with a warning.
   *
   * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go
   */
  #checkSelector(object: RawObject, kind: ControllerKind, spec: Fields, labels: Labels): void {
    // A server has taken it, perhaps one of a time when the selector had a default.
    if (object.stored) return;
    const path = ['spec', 'selector'];
    const selector = mappingAt(this.#findings, object, spec.selector, path);
    if (selector === undefined && isWrong(spec.selector)) return;
    this.#labels.read(object, selector?.matchLabels, [...path, 'matchLabels']);
    const { requirements } = readSelector(selector) ?? {};
    // What cannot be read is not judged.
    if (requirements === undefined) return;
    const consequence = `every API server refuses the ${kind}`;
    if (requirements.length === 0) {
      const message = `This ${kind} has no selector for its pods, and ${consequence} without one`;
      const hint = 'write in spec.selector.matchLabels labels that the template has';
      this.#findings.warn(object, 'selector-mismatch', selector === undefined ? ['spec'] : path, message, {
        hint,
      });
      return;
    }
    const unmet = requirements.find((requirement) => !satisfies(labels, requirement));
    if (unmet === undefined) return;
    const at: Path =
      unmet.written === 'matchLabels'
        ? [...path, 'matchLabels', unmet.key]
        : [...path, 'matchExpressions', unmet.written];
    const has = labels.get(unmet.key);
    const there = has === undefined ? `no ${unmet.key}` : `${unmet.key}=${has}`;
    const message = `The selector does not match the labels of the template (${there}): ${consequence}`;
    const hint = 'make the labels of spec.template.metadata and spec.selector the same';
    this.#findings.warn(object, 'selector-mismatch', at, message, {
      hint,
      ...(unmet.written === 'matchLabels' ? { value: unmet.values[0] } : {}),
    });
  }

  #jobOf(object: RawObject, spec: Fields): { readonly spec: Fields; readonly path: Path } {
    const at = ['spec', 'jobTemplate'];
    const template = mappingAt(this.#findings, object, spec.jobTemplate, at);
    const path = [...at, 'spec'];
    return { spec: mappingAt(this.#findings, object, template?.spec, path) ?? {}, path };
  }

  #replicas(object: RawObject, kind: ControllerKind, spec: Fields): number {
    switch (kind) {
      case 'DaemonSet':
        return Math.max(1, this.#declaredNodes);
      case 'CronJob':
        return 1;
      case 'Job': {
        const parallelism = natural(this.#findings, object, spec.parallelism, ['spec', 'parallelism']) ?? 1;
        // A Job that has ended makes no more pods.
        return hasEnded(object.value.status) ? 0 : parallelism;
      }
      default:
        return natural(this.#findings, object, spec.replicas, ['spec', 'replicas']) ?? 1;
    }
  }

  /** The labels that the pods will have, as far as files tell (corners 23 and 24). */
  #templateLabels(
    object: RawObject,
    kind: ControllerKind,
    spec: Fields,
    written: Labels,
    podSpec: PodSpec,
  ): { readonly labels: Labels; readonly undecided: Undecided } {
    const known = new Map<string, string>();
    const present: string[] = [];
    switch (kind) {
      case 'Deployment':
        present.push('pod-template-hash');
        break;
      case 'StatefulSet':
        present.push('controller-revision-hash');
        break;
      case 'DaemonSet':
        present.push('controller-revision-hash', 'pod-template-generation');
        break;
      case 'Job':
      case 'CronJob':
        jobLabels(object, kind, spec, written, known, present);
        break;
      default: // The template of a ReplicaSet has its hash already, and a ReplicationController adds nothing.
    }
    const maybe: string[] = [];
    if (this.#copiesZones && (podSpec.node === undefined || !object.stored)) {
      // What the template says is there in any case; the node's value replaces it.
      for (const key of zoneLabels) (written.has(key) ? present : maybe).push(key);
    }
    const labels = new Map([...written, ...known]);
    for (const key of present) labels.delete(key);
    return { labels: this.#labels.intern(labels), undecided: this.#undecidedOf(present, maybe) };
  }

  #undecidedOf(present: readonly string[], maybe: readonly string[]): Undecided {
    if (present.length === 0 && maybe.length === this.unscheduled.size) return this.unscheduled;
    const text = `${present.join(' ')};${maybe.join(' ')}`;
    let undecided = this.#undecided.get(text);
    if (undecided === undefined) {
      const entries = new Map<string, 'present' | 'maybe'>();
      for (const key of present) entries.set(key, 'present');
      for (const key of maybe) entries.set(key, 'maybe');
      this.#undecided.set(text, (undecided = entries));
    }
    return undecided;
  }
}

/**
 * The labels that the API server gives to the pods of a Job, unless it is told to leave the selector alone.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/batch/job/strategy.go
 */
function jobLabels(
  object: RawObject,
  kind: 'Job' | 'CronJob',
  spec: Fields,
  written: Labels,
  known: Map<string, string>,
  present: string[],
): void {
  if (spec.completionMode === 'Indexed') present.push('batch.kubernetes.io/job-completion-index');
  if (spec.manualSelector === true) return;
  const names = ['job-name', 'batch.kubernetes.io/job-name'];
  const uids = ['controller-uid', 'batch.kubernetes.io/controller-uid'];
  if (kind === 'CronJob') {
    present.push(...names, ...uids);
    return;
  }
  for (const key of names) known.set(key, object.ref.name);
  // A stored Job has been given its labels.
  for (const key of uids) if (!object.stored || !written.has(key)) present.push(key);
}

/** As the undecided keys of `controller`, for pods of a StatefulSet that are not named one by one. */
function withoutNames({ undecided }: Controller): Undecided {
  return new Map(undecided).set(podNameLabel, 'present').set(podIndexLabel, 'present');
}

function isWrong(value: unknown): boolean {
  return value !== undefined && value !== null && !isRecord(value);
}

function natural(findings: Findings, object: RawObject, value: unknown, path: Path): number | undefined {
  const number = integerAt(findings, object, value, path);
  if (number === undefined || number >= 0) return number;
  const message = `${path.join('.')} is ${number}, but must be 0 or more`;
  findings.refuse(object, 'replicas-negative', path, message, { value: number });
  return 0;
}

function hasEnded(status: unknown): boolean {
  if (!isRecord(status) || !Array.isArray(status.conditions)) return false;
  return (status.conditions as readonly unknown[]).some(
    (condition) =>
      isRecord(condition) &&
      condition.status === 'True' &&
      (condition.type === 'Complete' || condition.type === 'Failed'),
  );
}

/** The kinds of apps/v1, whose selector is required; the others get theirs from the template. */
function hasOwnSelector(kind: ControllerKind): boolean {
  return kind === 'Deployment' || kind === 'ReplicaSet' || kind === 'StatefulSet' || kind === 'DaemonSet';
}

/** Whether what owns it is a controller of its pods too: a Deployment, a CronJob, a Rollout. */
function hasOwners(kind: ControllerKind): boolean {
  return kind === 'ReplicaSet' || kind === 'Job' || kind === 'ReplicationController';
}

/** Kinds of Kubernetes whose name other groups also use (corner 69). */
const ownKinds: ReadonlySet<string> = new Set([
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'ReplicationController',
]);

/** An entry of `metadata.ownerReferences`, as far as it matters. */
export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly apiVersion: unknown;
}

/**
 * The controller that `metadata.ownerReferences` names: the one with `controller: true`, else the first. A Node owns
 * static pods, which belong to no workload, and a Pod is none.
 */
export function ownerOf(metadata: Fields): OwnerReference | undefined {
  const references = metadata.ownerReferences;
  if (!Array.isArray(references) || references.length === 0) return undefined;
  let owner: unknown = references[0];
  for (const reference of references as readonly unknown[]) {
    if (isRecord(reference) && reference.controller === true) {
      owner = reference;
      break;
    }
  }
  if (!isRecord(owner)) return undefined;
  const { kind, name, apiVersion } = owner;
  if (typeof kind !== 'string' || typeof name !== 'string' || kind === '' || name === '') return undefined;
  return kind === 'Node' || kind === 'Pod' ? undefined : { kind, name, apiVersion };
}

/** Reports owner references of a type that no server decodes: a name such as `y` or `1` needs quotes. */
export function checkOwners(findings: Findings, object: RawObject, { ownerReferences }: Fields): void {
  const path = ['metadata', 'ownerReferences'];
  if (!Array.isArray(ownerReferences)) {
    listAt(findings, object, ownerReferences, path);
    return;
  }
  for (let i = 0; i < ownerReferences.length; i++) {
    const owner: unknown = ownerReferences[i];
    if (!isRecord(owner)) mappingAt(findings, object, owner, [...path, i]);
    else {
      if (typeof owner.kind !== 'string') textAt(findings, object, owner.kind, [...path, i, 'kind']);
      if (typeof owner.name !== 'string') textAt(findings, object, owner.name, [...path, i, 'name']);
    }
  }
}

/** The kind of an owner as a workload; one of Kubernetes' name in another group says so (corner 69). */
export function shownKind({ kind, apiVersion }: OwnerReference): string {
  const group = ownKinds.has(kind) && typeof apiVersion === 'string' ? groupOf(apiVersion) : undefined;
  return group?.includes('.') === true ? `${kind}.${group}` : kind;
}

/** Whether servers of that version copy zone and region onto pods; without a version, some supported ones do. */
function copiesZones(version: string | undefined): boolean {
  const minor = version === undefined ? null : /^v?1\.(\d+)/.exec(version);
  return minor === null || Number(minor[1]) >= zonesCopiedSince;
}
