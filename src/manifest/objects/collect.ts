import { unreachable } from '../../errors.ts';
import type { Origin, Path } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { describe } from './findings.ts';
import type { Findings } from './findings.ts';
import { classify } from './kinds.ts';
import type { ControllerKind, EntranceKind, KindRole, NotModelledRule } from './kinds.ts';
import { LabelReader } from './labels.ts';
import { Naming } from './naming.ts';
import type { KindHeader } from './naming.ts';
import { originOf } from './origin.ts';
import { PodIntake, PodParts } from './pod-intake.ts';
import { makesPods } from './pod-makers.ts';
import { PodReader } from './pods.ts';

/** What a document turned out to be: `foreign` is valid text that is no Kubernetes object. */
export type DocumentSort = 'objects' | 'empty' | 'foreign';

/** A value that may be an object or a list of them, with what its list says about it. */
interface Candidate {
  readonly value: unknown;
  readonly origin: Origin;
  /** Relative to the value. */
  readonly duplicates: readonly Path[];
}

/** The kind that the items of a typed list have. */
interface ListKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What objects of one apiVersion and kind share. */
interface Header extends KindHeader {
  readonly role: KindRole;
}

/** Where objects go. */
interface ObjectSink {
  push(
    header: Header,
    value: Readonly<Record<string, unknown>>,
    origin: Origin,
    duplicates: readonly Path[],
  ): void;
}

/**
 * Objects in the order of the input. Of each only its value and place are kept, and the rest is made when it is gone
 * through: a dump has hundreds of thousands, and what lives long costs the most.
 */
export class ObjectList {
  readonly #headers: Header[] = [];
  readonly #values: Readonly<Record<string, unknown>>[] = [];
  readonly #origins: Origin[] = [];
  readonly #duplicates = new Map<number, readonly Path[]>();
  readonly #naming = new Naming();

  get length(): number {
    return this.#values.length;
  }

  push(
    header: Header,
    value: Readonly<Record<string, unknown>>,
    origin: Origin,
    duplicates: readonly Path[],
  ): void {
    if (duplicates.length > 0) this.#duplicates.set(this.#values.length, duplicates);
    this.#headers.push(header);
    this.#values.push(value);
    this.#origins.push(origin);
  }

  /** Goes through all once: names of objects that only have `generateName` count on. */
  *[Symbol.iterator](): Generator<RawObject> {
    for (let i = 0; i < this.#values.length; i++) yield this.#at(i);
  }

  #at(index: number): RawObject {
    return this.#naming.object(
      this.#headers[index] as Header,
      this.#values[index] as Readonly<Record<string, unknown>>,
      this.#origins[index] as Origin,
      this.#duplicates.get(index) ?? noDuplicates,
    );
  }
}

/** A List in a List is common; deeper nesting is no one's intention. */
const deepestList = 16;

const noDuplicates: readonly Path[] = [];
/** Takes documents apart into objects, and sorts these by what podwall does with them. */
export class Collector {
  readonly namespaces = new ObjectList();
  readonly nodes = new ObjectList();
  /** Pods are read as they come: a dump has more of them than could be kept as they are. */
  readonly pods: PodIntake;
  readonly controllers: { readonly kind: ControllerKind; readonly objects: ObjectList }[] = [];
  readonly services = new ObjectList();
  readonly policies = new ObjectList();
  readonly tierPolicies = new ObjectList();
  /** In the order of the first of each apiVersion and kind. */
  readonly entrances: { readonly kind: EntranceKind; readonly objects: ObjectList }[] = [];
  readonly notModelled: { readonly rule: NotModelledRule; readonly objects: ObjectList }[] = [];
  /** Objects of kinds that podwall does not read and that make pods. */
  readonly podMakers = new ObjectList();
  /** Objects of any kind so far, refused ones included. */
  objects = 0;
  readonly labels: LabelReader;
  readonly podReader: PodReader;
  readonly #findings: Findings;
  readonly #podNaming = new Naming();
  readonly #podParts = new PodParts();
  readonly #headers = new Map<string, Map<string, Sink>>();

  constructor(findings: Findings) {
    this.#findings = findings;
    this.labels = new LabelReader(findings);
    this.podReader = new PodReader(findings);
    this.pods = this.newPods();
  }

  /** Takes pods whose list may turn out to be none: they count once `add` has been given them with it. */
  newPods(): PodIntake {
    return new PodIntake(this.#findings, this.labels, this.podReader, this.#podNaming, this.#podParts);
  }

  /**
   * Takes one document, or one object in memory.
   *
   * @param pods - if it is a list: pods of it that are not among its items any more
   */
  add(
    value: unknown,
    origin: Origin,
    duplicates: readonly Path[] = noDuplicates,
    pods?: PodIntake,
  ): DocumentSort {
    if (value === null || value === undefined) return 'empty';
    if (!isRecord(value) || isForeign(value)) return 'foreign';
    if (pods !== undefined && typeof value.kind === 'string' && isList(value, value.kind)) {
      this.objects += pods.taken;
      this.pods.adopt(pods);
    }
    this.#add({ value, origin, duplicates }, undefined, 0);
    return 'objects';
  }

  #add(candidate: Candidate, listKind: ListKind | undefined, depth: number): void {
    const { value, origin } = candidate;
    if (!isRecord(value)) {
      this.#headless(origin, `This item of a list is ${describe(value)}, not a Kubernetes object`);
      return;
    }
    const kind = headerOf(value.kind, listKind?.kind);
    const apiVersion = headerOf(value.apiVersion, listKind?.apiVersion);
    if (kind === undefined) {
      this.#headless(origin, 'This object has no kind, so no API server can tell what it is');
      return;
    }
    if (isList(value, kind)) {
      this.#addItems(candidate, value.items, typedItems(apiVersion, kind), depth);
      return;
    }
    if (apiVersion === undefined) {
      this.objects++;
      const message = `This ${kind} has no apiVersion, so no API server can tell what it is`;
      const role = classify('', kind);
      const hint = role.role === 'unserved' ? `write apiVersion: ${role.apiVersion}` : undefined;
      this.#findings.at(origin, 'error', 'api-version-missing', [], message, hint);
      return;
    }
    this.#addObject(candidate, value, apiVersion, kind);
  }

  #headless(origin: Origin, message: string): void {
    this.objects++;
    const hint = 'write kind and apiVersion, as in kind: NetworkPolicy and apiVersion: networking.k8s.io/v1';
    this.#findings.at(origin, 'error', 'kind-missing', [], message, hint);
  }

  #addItems(list: Candidate, items: unknown, listKind: ListKind | undefined, depth: number): void {
    if (!Array.isArray(items)) return;
    if (depth >= deepestList) {
      const message = `Lists are nested more than ${deepestList} deep here; what is inside was left out`;
      this.#findings.at(list.origin, 'error', 'list-too-deep', ['items'], message);
      return;
    }
    const duplicates = byItem(list.duplicates);
    for (const [i, value] of (items as readonly unknown[]).entries()) {
      const item: Candidate = {
        value,
        origin: originOf(list.origin, ['items', i]),
        duplicates: duplicates?.get(i) ?? noDuplicates,
      };
      this.#add(item, listKind, depth + 1);
    }
  }

  #addObject(
    { origin, duplicates }: Candidate,
    value: Readonly<Record<string, unknown>>,
    apiVersion: string,
    kind: string,
  ): void {
    this.objects++;
    const { header, list } = this.#sink(apiVersion, kind);
    const { role } = header;
    if (list === undefined) {
      if (makesPods(apiVersion, kind, value)) this.podMakers.push(header, value, origin, duplicates);
      return;
    }
    if (role.role === 'unserved') {
      const [object] = single(header, value, origin, duplicates);
      if (object === undefined) return;
      this.#unserved(object, role);
      if (!object.stored) return;
    }
    list.push(header, value, origin, duplicates);
  }

  #unserved(object: RawObject, role: Extract<KindRole, { role: 'unserved' }>): void {
    const { apiVersion, kind } = object.ref;
    const isKind = role.kind !== kind;
    const field = isKind ? 'kind' : 'apiVersion';
    this.#findings.refuse(
      object,
      'kind-not-served',
      [field],
      `No supported API server knows the kind ${kind} in ${apiVersion}`,
      {
        value: isKind ? kind : apiVersion,
        hint: `write apiVersion: ${role.apiVersion} and kind: ${role.kind}`,
      },
    );
  }

  #sink(apiVersion: string, kind: string): Sink {
    let kinds = this.#headers.get(apiVersion);
    if (kinds === undefined) this.#headers.set(apiVersion, (kinds = new Map<string, Sink>()));
    let sink = kinds.get(kind);
    if (sink === undefined) {
      const role = classify(apiVersion, kind);
      const header: Header = { apiVersion, kind, role, namespaced: !isClusterScoped(role) };
      kinds.set(kind, (sink = { header, list: this.#listOf(role) }));
    }
    return sink;
  }

  /** Where objects of a role go; `undefined` for kinds that decide nothing about traffic. */
  #listOf(role: KindRole): ObjectSink | undefined {
    switch (role.role) {
      case 'pod':
        return this.pods;
      case 'policy':
        return this.policies;
      case 'namespace':
        return this.namespaces;
      case 'node':
        return this.nodes;
      case 'service':
        return this.services;
      case 'tierPolicy':
        return this.tierPolicies;
      case 'controller': {
        const objects = new ObjectList();
        this.controllers.push({ kind: role.kind, objects });
        return objects;
      }
      case 'entrance': {
        const objects = new ObjectList();
        this.entrances.push({ kind: role.kind, objects });
        return objects;
      }
      case 'notModelled': {
        const objects = new ObjectList();
        this.notModelled.push({ rule: role.rule, objects });
        return objects;
      }
      case 'unserved':
        // A kind that no server ever had is like none, but has to be told.
        return role.like.role === 'fine' ? new ObjectList() : this.#listOf(role.like);
      case 'fine':
        return undefined;
      default:
        return unreachable(role);
    }
  }
}

/** Where objects of one apiVersion and kind go. */
interface Sink {
  readonly header: Header;
  readonly list: ObjectSink | undefined;
}

function single(
  header: Header,
  value: Readonly<Record<string, unknown>>,
  origin: Origin,
  duplicates: readonly Path[],
): ObjectList {
  const list = new ObjectList();
  list.push(header, value, origin, duplicates);
  return list;
}

/** `apiVersion` or `kind` of an object: its own, else what its typed list says. */
function headerOf(own: unknown, list: string | undefined): string | undefined {
  return typeof own === 'string' && own !== '' ? own : list;
}

/** Chart.yaml, values.yaml, kustomization.yaml and whatever else is no object and does not look like a maimed one. */
function isForeign(value: Readonly<Record<string, unknown>>): boolean {
  const { kind, apiVersion } = value;
  if (typeof apiVersion === 'string' && apiVersion.startsWith('kustomize.config.k8s.io/')) return true;
  if (typeof kind === 'string' && kind !== '')
    return typeof apiVersion !== 'string' && !looksLikeObject(value);
  return !(isRecord(value.metadata) && (isRecord(value.spec) || typeof apiVersion === 'string'));
}

function looksLikeObject(value: Readonly<Record<string, unknown>>): boolean {
  return isRecord(value.metadata) || isRecord(value.spec) || Array.isArray(value.items);
}

function isList(value: Readonly<Record<string, unknown>>, kind: string): boolean {
  if (!kind.endsWith('List')) return false;
  return kind === 'List' || Array.isArray(value.items) || (value.items === null && value.spec === undefined);
}

/** A PodList holds Pods, whose items say neither kind nor apiVersion when they come from the API itself. */
function typedItems(apiVersion: string | undefined, kind: string): ListKind | undefined {
  return kind === 'List' || apiVersion === undefined ? undefined : { apiVersion, kind: kind.slice(0, -4) };
}

/** The duplicates inside each item of a list, relative to the item; `undefined` without any. */
function byItem(duplicates: readonly Path[]): ReadonlyMap<number, readonly Path[]> | undefined {
  if (duplicates.length === 0) return undefined;
  const items = new Map<number, Path[]>();
  for (const path of duplicates) {
    const [field, index, ...rest] = path;
    if (field !== 'items' || typeof index !== 'number') continue;
    const paths = items.get(index);
    if (paths === undefined) items.set(index, [rest]);
    else paths.push(rest);
  }
  return items;
}

function isClusterScoped(role: KindRole): boolean {
  switch (role.role) {
    case 'namespace':
    case 'node':
    case 'tierPolicy':
      return true;
    case 'entrance':
      return role.kind === 'IngressClass' || role.kind === 'GatewayClass';
    case 'notModelled':
      return !role.rule.namespaced;
    case 'unserved':
      return isClusterScoped(role.like);
    default:
      return false;
  }
}
