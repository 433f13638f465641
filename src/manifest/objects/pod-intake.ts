import { PodTable, PodVocabulary, TextTable, podFlag } from '../../model/index.ts';
import type { Diagnostic, Origin, Path, PodRow } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { mappingAt, tellTwice } from './findings.ts';
import type { Findings } from './findings.ts';
import { InstanceCache } from './instances.ts';
import { noLabels } from './labels.ts';
import type { LabelReader } from './labels.ts';
import { readMetadata } from './metadata.ts';
import type { KindHeader, Naming } from './naming.ts';
import { ownerKeys } from './pod-makers.ts';
import { PodOwners, noOwner } from './pod-owners.ts';
import type { PodReader } from './pods.ts';
import { checkOwners, nothingUndecided, ownerOf, shownKind } from './workloads.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the pods of all sources have in common, by number. */
export class PodParts {
  readonly vocabulary: PodVocabulary = new PodVocabulary();
  readonly owners: PodOwners = new PodOwners();
  /** In the vocabulary: no labels, and that nothing is undecided. */
  readonly unlabelled: number = this.vocabulary.labels.of(noLabels);
  readonly decided: number = this.vocabulary.undecided.of(nothingUndecided);
}

/** Where pods of one sort come from, by a number that they were given. */
export interface PodOrigins {
  origin(index: number): Origin;
}

/** Origins that are there already. */
class ListedOrigins implements PodOrigins {
  readonly #origins: Origin[] = [];

  origin(index: number): Origin {
    return this.#origins[index] as Origin;
  }

  add(origin: Origin): number {
    return this.#origins.push(origin) - 1;
  }
}

const noFields: Fields = {};
const labelsPath = ['metadata', 'labels'];
const specPath = ['spec'];
const statusPath = ['status'];

/** A pod in numbers: who owns it, and its name in ASCII. */
export interface PlainPod extends PodRow {
  readonly owner: number;
  readonly name: Uint8Array;
  readonly nameStart: number;
  readonly nameEnd: number;
}

/**
 * Reads pods as they come and keeps what matters of them in columns: a dump has hundreds of thousands, each a hundred
 * times as long as what a policy can see of it. Of pods with the same name the last counts, in the place of the first.
 * The hot path of large dumps.
 */
export class PodIntake {
  readonly parts: PodParts;
  /** How many pods it was given, refused ones included. */
  taken = 0;
  /** The number of the ports of the pod that was pushed last; -1 when there was anything to say of it. */
  lastPorts = -1;
  /** What is wrong with pods; it stands behind that of the kinds that are read first. */
  readonly diagnostics: Diagnostic[] = [];
  /** Owners of kinds that are not Kubernetes' own, as `ownerKeys` gives them. */
  readonly foreignOwners = new Set<string>();
  #table: PodTable;
  /** By row: the name, in the scope of its namespace. */
  #names = new TextTable();
  /** By row: who owns the pod, or `noOwner`. */
  #owners = new Int32Array(16);
  /** By row: which of `#sources` knows the origin, and by which number. */
  #sourceOf = new Int32Array(16);
  #originOf = new Int32Array(16);
  readonly #sources: PodOrigins[] = [];
  readonly #sourceNumbers = new Map<PodOrigins, number>();
  /** The source of the row that was written last. */
  #source = -1;
  readonly #listed = new ListedOrigins();
  readonly #findings: Findings;
  readonly #labels: LabelReader;
  readonly #reader: PodReader;
  readonly #naming: Naming;
  /** The owner that was found last, of a list with one good reference in this namespace. */
  #lastOwner: { readonly reference: Fields; readonly namespace: number; readonly owner: number } | undefined;
  /** By namespace: the owners of good `ownerReferences`, by the value that was read. */
  readonly #ofReferences: (InstanceCache<number> | undefined)[] = [];

  constructor(findings: Findings, labels: LabelReader, reader: PodReader, naming: Naming, parts: PodParts) {
    this.#findings = findings;
    this.#labels = labels;
    this.#reader = reader;
    this.#naming = naming;
    this.parts = parts;
    this.#table = new PodTable(parts.vocabulary);
  }

  /** The pods in columns, in the order of the first of each name. */
  get table(): PodTable {
    return this.#table;
  }

  nameOf(row: number): string {
    return this.#names.text(row);
  }

  /** Who owns a pod; `noOwner` when it is a workload of its own. */
  ownerOf(row: number): number {
    return this.#owners[row] as number;
  }

  originOf(row: number): Origin {
    return (this.#sources[this.#sourceOf[row] as number] as PodOrigins).origin(this.#originOf[row] as number);
  }

  /** Whether the input has a pod of that name. */
  has(namespace: string, name: string): boolean {
    return this.#names.find(this.parts.vocabulary.namespaces.of(namespace), name) >= 0;
  }

  /** Reads a pod. */
  push(header: KindHeader, value: Fields, origin: Origin, duplicates: readonly Path[]): void {
    const before = this.#findings.into(this.diagnostics);
    const { count } = this.#findings;
    this.taken++;
    const ports = this.#read(header, value, origin, duplicates);
    this.lastPorts = this.#findings.count === count ? ports : -1;
    this.#findings.into(before);
  }

  /** Takes a pod that has been read already, and of which there is nothing to say. */
  pushPlain(pod: PlainPod, origins: PodOrigins, index: number): void {
    this.taken++;
    const next = this.#names.size;
    const row = this.#names.internAscii(pod.namespace, pod.name, pod.nameStart, pod.nameEnd);
    if (row < next) this.#tellTwice(row, origins.origin(index));
    this.#table.write(row, pod);
    this.#place(row, pod.owner, origins, index);
  }

  /** @returns the number of its ports; -1 when it is left out */
  #read(header: KindHeader, value: Fields, origin: Origin, duplicates: readonly Path[]): number {
    const findings = this.#findings;
    const { vocabulary, decided } = this.parts;
    const object = this.#naming.object(header, value, origin, duplicates);
    const before = findings.refusals;
    const metadata = readMetadata(findings, object);
    const labels = this.#labels.read(object, metadata.labels, labelsPath);
    const spec = this.#reader.spec(object, value.spec, specPath);
    const { status: given } = value;
    const status = isRecord(given) ? given : (mappingAt(findings, object, given, statusPath) ?? noFields);
    const addresses = this.#reader.addresses(object, status, spec.hostNetwork);
    const { namespace: where = 'default', name } = object.ref;
    const namespace = vocabulary.namespaces.of(where);
    const owner =
      metadata.ownerReferences === undefined ? noOwner : this.#owner(object, metadata, where, namespace);
    if (findings.refusals !== before) return -1;
    const isFinished = status.phase === 'Succeeded' || status.phase === 'Failed';
    const ports = vocabulary.ports.of(spec.ports);
    const next = this.#names.size;
    const row = this.#names.intern(namespace, name);
    if (row < next) this.#tellTwice(row, origin);
    this.#table.write(row, {
      namespace,
      labels: vocabulary.labels.of(labels),
      undecided: decided,
      ports,
      node: spec.node === undefined ? -1 : vocabulary.nodes.of(spec.node),
      flags: (spec.hostNetwork ? podFlag.hostNetwork : 0) | (isFinished ? podFlag.finished : 0),
      ipv4: 0,
      ipv6: 0n,
      replicas: 1,
    });
    this.#table.setAddresses(row, addresses);
    this.#place(row, owner, this.#listed, this.#listed.add(origin));
    return ports;
  }

  #tellTwice(row: number, origin: Origin): void {
    const before = this.#findings.into(this.diagnostics);
    const namespace = this.parts.vocabulary.namespaces.values[this.#table.namespace[row] as number] ?? '';
    const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name: this.nameOf(row) };
    tellTwice(this.#findings, this.originOf(row), { ref, origin, stored: true });
    this.#findings.into(before);
  }

  /** Takes all pods of another one, which is not used any more and has the same parts. */
  adopt(other: PodIntake): void {
    for (const diagnostic of other.diagnostics) this.diagnostics.push(diagnostic);
    for (const key of other.foreignOwners) this.foreignOwners.add(key);
    this.taken += other.taken;
    if (this.#table.size === 0) {
      this.#table = other.#table;
      this.#names = other.#names;
      this.#owners = other.#owners;
      this.#sourceOf = other.#sourceOf;
      this.#originOf = other.#originOf;
      for (const origins of other.#sources) this.#sourceNumber(origins);
      return;
    }
    for (let source = 0; source < other.#table.size; source++) {
      const next = this.#names.size;
      const row = this.#names.intern(other.#table.namespace[source] as number, other.nameOf(source));
      if (row < next) this.#tellTwice(row, other.originOf(source));
      this.#table.copy(row, other.#table, source);
      const origins = other.#sources[other.#sourceOf[source] as number] as PodOrigins;
      this.#place(row, other.ownerOf(source), origins, other.#originOf[source] as number);
    }
  }

  /** Writes what the table does not have of a row. */
  #place(row: number, owner: number, origins: PodOrigins, index: number): void {
    if (row === this.#owners.length) {
      this.#owners = twice(this.#owners);
      this.#sourceOf = twice(this.#sourceOf);
      this.#originOf = twice(this.#originOf);
    }
    if (this.#sources[this.#source] !== origins) this.#source = this.#sourceNumber(origins);
    this.#owners[row] = owner;
    this.#sourceOf[row] = this.#source;
    this.#originOf[row] = index;
  }

  #sourceNumber(origins: PodOrigins): number {
    let number = this.#sourceNumbers.get(origins);
    if (number === undefined) {
      number = this.#sources.push(origins) - 1;
      this.#sourceNumbers.set(origins, number);
    }
    return number;
  }

  /** The controller that a pod names. */
  #owner(object: RawObject, metadata: Fields, namespace: string, number: number): number {
    const { ownerReferences } = metadata;
    const value = Array.isArray(ownerReferences) ? ownerReferences : undefined;
    const ofReferences = (this.#ofReferences[number] ??= new InstanceCache());
    const known = value === undefined ? undefined : ofReferences.get(value);
    if (known !== undefined) return known;
    const single: unknown = value?.length === 1 ? value[0] : undefined;
    if (isRecord(single) && this.#isLastOwner(single, number)) return this.#lastOwner?.owner ?? noOwner;
    const before = this.#findings.count;
    checkOwners(this.#findings, object, metadata);
    for (const key of ownerKeys(namespace, ownerReferences)) this.foreignOwners.add(key);
    const reference = ownerOf(metadata);
    if (reference === undefined) return noOwner;
    const { owners } = this.parts;
    const owner = owners.of(number, owners.kind(shownKind(reference)), reference.name);
    if (value !== undefined && this.#findings.count === before) {
      ofReferences.set(value, owner);
      if (isRecord(single)) this.#lastOwner = { reference: single, namespace: number, owner };
    }
    return owner;
  }

  /** Pods of one workload mostly follow each other. */
  #isLastOwner({ apiVersion, kind, name }: Fields, namespace: number): boolean {
    if (this.#lastOwner?.namespace !== namespace) return false;
    const last = this.#lastOwner.reference;
    return last.kind === kind && last.name === name && last.apiVersion === apiVersion;
  }
}

function twice(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(old.length * 2);
  larger.set(old);
  return larger;
}
