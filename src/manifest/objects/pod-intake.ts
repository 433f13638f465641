import type { Diagnostic, Origin, Path, Pod } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { mappingAt, tellTwice } from './findings.ts';
import type { Findings } from './findings.ts';
import { InstanceCache } from './instances.ts';
import type { LabelReader } from './labels.ts';
import { readMetadata } from './metadata.ts';
import type { KindHeader, Naming } from './naming.ts';
import { ownerKeys } from './pod-makers.ts';
import type { PodReader } from './pods.ts';
import { checkOwners, nothingUndecided, ownerOf } from './workloads.ts';
import type { OwnerReference } from './workloads.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A controller that pods of one namespace name: the same instance for all of them. */
export type PodOwner = OwnerReference;

/** A pod while the input is read: what depends on other objects is filled in when all of them are known. */
export type PodDraft = { -readonly [field in keyof Pod]: Pod[field] };

/** What is known of one namespace while pods are read. */
interface Scope {
  readonly namespace: string;
  /** Begins the id of each of its pods. */
  readonly podPrefix: string;
  /** Index in the list of pods, by name. */
  readonly pods: Map<string, number>;
  /** By name of the owner: what the last pod with an owner of that name said. */
  readonly owners: Map<string, PodOwner>;
  /** Good `ownerReferences`, by the value that was read. */
  readonly ofReferences: InstanceCache<PodOwner>;
}

const noFields: Fields = {};
const labelsPath = ['metadata', 'labels'];
const specPath = ['spec'];
const statusPath = ['status'];

/**
 * Reads pods as they come and keeps what matters of them: a dump has hundreds of thousands, each a hundred times as long
 * as what a policy can see of it. Of pods with the same name the last counts. The hot path of large dumps.
 */
export class PodIntake {
  /** In the order of the first pod of each name. */
  pods: PodDraft[] = [];
  /** Of each pod: who owns it. */
  owners: (PodOwner | undefined)[] = [];
  /** How many pods it was given, refused ones included. */
  taken = 0;
  /** What is wrong with pods; it stands behind that of the kinds that are read first. */
  readonly diagnostics: Diagnostic[] = [];
  /** Owners of kinds that are not Kubernetes' own, as `ownerKeys` gives them. */
  readonly foreignOwners = new Set<string>();
  readonly #findings: Findings;
  readonly #labels: LabelReader;
  readonly #reader: PodReader;
  readonly #naming: Naming;
  #scopes = new Map<string, Scope>();
  #scope: Scope = scopeOf('');

  constructor(findings: Findings, labels: LabelReader, reader: PodReader, naming: Naming) {
    this.#findings = findings;
    this.#labels = labels;
    this.#reader = reader;
    this.#naming = naming;
  }

  /** Whether the input has a pod of that name. */
  has(namespace: string, name: string): boolean {
    return this.#scopes.get(namespace)?.pods.has(name) === true;
  }

  push(header: KindHeader, value: Fields, origin: Origin, duplicates: readonly Path[]): void {
    const before = this.#findings.into(this.diagnostics);
    this.taken++;
    this.#read(header, value, origin, duplicates);
    this.#findings.into(before);
  }

  #read(header: KindHeader, value: Fields, origin: Origin, duplicates: readonly Path[]): void {
    const findings = this.#findings;
    const object = this.#naming.object(header, value, origin, duplicates);
    const before = findings.refusals;
    const metadata = readMetadata(findings, object);
    const labels = this.#labels.read(object, metadata.labels, labelsPath);
    const spec = this.#reader.spec(object, value.spec, specPath);
    const { status: given } = value;
    const status = isRecord(given) ? given : (mappingAt(findings, object, given, statusPath) ?? noFields);
    const addresses = this.#reader.addresses(object, status, spec.hostNetwork);
    const { namespace = 'default', name } = object.ref;
    let owner: PodOwner | undefined;
    const scope = this.#scopeOf(namespace);
    if (metadata.ownerReferences !== undefined) owner = this.#owner(object, metadata, scope);
    if (findings.refusals !== before) return;
    const id = scope.podPrefix + name;
    const pod: PodDraft = {
      id,
      namespace: scope.namespace,
      name,
      workload: id,
      labels,
      undecided: nothingUndecided,
      ports: spec.ports,
      addresses,
      node: spec.node,
      hostNetwork: spec.hostNetwork,
      finished: status.phase === 'Succeeded' || status.phase === 'Failed',
      replicas: 1,
      template: false,
      origin,
    };
    this.#keep(pod, owner, scope);
  }

  /** Keeps a pod; of those with the same name the last counts. */
  #keep(pod: PodDraft, owner: PodOwner | undefined, scope: Scope): void {
    const { name, namespace, origin } = pod;
    const former = scope.pods.get(name);
    if (former === undefined) {
      scope.pods.set(name, this.pods.length);
      this.pods.push(pod);
      this.owners.push(owner);
    } else {
      const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name };
      tellTwice(this.#findings, (this.pods[former] as PodDraft).origin, { ref, origin, stored: true });
      this.pods[former] = pod;
      this.owners[former] = owner;
    }
  }

  /** Takes all pods of another one, which is not used any more. */
  adopt(other: PodIntake): void {
    for (const diagnostic of other.diagnostics) this.diagnostics.push(diagnostic);
    for (const key of other.foreignOwners) this.foreignOwners.add(key);
    this.taken += other.taken;
    if (this.pods.length === 0) {
      this.pods = other.pods;
      this.owners = other.owners;
      this.#scopes = other.#scopes;
      this.#scope = other.#scope;
      return;
    }
    const before = this.#findings.into(this.diagnostics);
    for (const [i, pod] of other.pods.entries()) {
      const scope = this.#scopeOf(pod.namespace);
      const owner = other.owners[i];
      this.#keep(pod, internOwner(owner, scope.owners), scope);
    }
    this.#findings.into(before);
  }

  #scopeOf(namespace: string): Scope {
    if (this.#scope.namespace === namespace) return this.#scope;
    let scope = this.#scopes.get(namespace);
    if (scope === undefined) {
      scope = scopeOf(namespace);
      this.#scopes.set(namespace, scope);
    }
    this.#scope = scope;
    return scope;
  }

  /** The controller that a pod names. */
  #owner(object: RawObject, metadata: Fields, scope: Scope): PodOwner | undefined {
    const { ownerReferences } = metadata;
    const value = Array.isArray(ownerReferences) ? ownerReferences : undefined;
    const known = value === undefined ? undefined : scope.ofReferences.get(value);
    if (known !== undefined) return known;
    const before = this.#findings.count;
    checkOwners(this.#findings, object, metadata);
    for (const key of ownerKeys(scope.namespace, ownerReferences)) this.foreignOwners.add(key);
    const owner = internOwner(ownerOf(metadata), scope.owners);
    if (value !== undefined && owner !== undefined && this.#findings.count === before)
      scope.ofReferences.set(value, owner);
    return owner;
  }
}

function scopeOf(namespace: string): Scope {
  return {
    namespace,
    podPrefix: `${namespace}/Pod/`,
    pods: new Map(),
    owners: new Map(),
    ofReferences: new InstanceCache(),
  };
}

function internOwner(owner: PodOwner | undefined, owners: Map<string, PodOwner>): PodOwner | undefined {
  if (owner === undefined) return undefined;
  const known = owners.get(owner.name);
  if (known !== undefined && known.kind === owner.kind && known.apiVersion === owner.apiVersion) return known;
  owners.set(owner.name, owner);
  return owner;
}
