import type { ObjectRef, Origin, Path } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { describe } from './findings.ts';
import type { Findings } from './findings.ts';
import { classify } from './kinds.ts';
import type { ControllerKind, KindRole, NotModelledRule } from './kinds.ts';
import { originOf } from './origin.ts';

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

/** A List in a List is common; deeper nesting is no one's intention. */
const deepestList = 16;

const noDuplicates: readonly Path[] = [];

/** Takes documents apart into objects, and sorts these by what podwall does with them. */
export class Collector {
  readonly namespaces: RawObject[] = [];
  readonly nodes: RawObject[] = [];
  readonly pods: RawObject[] = [];
  readonly controllers: { readonly object: RawObject; readonly kind: ControllerKind }[] = [];
  readonly services: RawObject[] = [];
  readonly policies: RawObject[] = [];
  readonly notModelled: { readonly object: RawObject; readonly rule: NotModelledRule }[] = [];
  /** Objects of any kind so far, refused ones included. */
  objects = 0;
  readonly #findings: Findings;
  readonly #roles = new Map<string, Map<string, KindRole>>();
  #names = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Takes one document, or one object in memory. */
  add(value: unknown, origin: Origin, duplicates: readonly Path[] = noDuplicates): DocumentSort {
    if (value === null || value === undefined) return 'empty';
    if (!isRecord(value) || isForeign(value)) return 'foreign';
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
    let role = this.#role(apiVersion, kind);
    if (role.role === 'fine') return;
    const metadata = isRecord(value.metadata) ? value.metadata : undefined;
    const stored = typeof metadata?.uid === 'string' && metadata.uid !== '';
    const name = this.#nameOf(metadata);
    const namespace = metadata?.namespace;
    const ref: ObjectRef = isClusterScoped(role)
      ? { apiVersion, kind, name }
      : {
          apiVersion,
          kind,
          namespace: typeof namespace === 'string' && namespace !== '' ? namespace : 'default',
          name,
        };
    const object: RawObject = { ref, value, origin, duplicates, stored };
    if (role.role === 'unserved') {
      this.#unserved(object, role);
      if (!stored) return;
      role = role.like;
    }
    switch (role.role) {
      case 'pod':
        this.pods.push(object);
        break;
      case 'policy':
        this.policies.push(object);
        break;
      case 'namespace':
        this.namespaces.push(object);
        break;
      case 'node':
        this.nodes.push(object);
        break;
      case 'service':
        this.services.push(object);
        break;
      case 'controller':
        this.controllers.push({ object, kind: role.kind });
        break;
      case 'notModelled':
        this.notModelled.push({ object, rule: role.rule });
        break;
      default: // 'fine', and an 'unserved' kind is never like another unserved one
    }
  }

  /**
   * The name; of an object that only has generateName, that with a number: each such object is one of its own, and `~`
   * is in no name that a server gives.
   */
  #nameOf(metadata: Readonly<Record<string, unknown>> | undefined): string {
    if (typeof metadata?.name === 'string' && metadata.name !== '') return metadata.name;
    const prefix = metadata?.generateName;
    return typeof prefix === 'string' && prefix !== '' ? `${prefix}~${++this.#names}` : '';
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

  #role(apiVersion: string, kind: string): KindRole {
    let kinds = this.#roles.get(apiVersion);
    if (kinds === undefined) this.#roles.set(apiVersion, (kinds = new Map<string, KindRole>()));
    let role = kinds.get(kind);
    if (role === undefined) kinds.set(kind, (role = classify(apiVersion, kind)));
    return role;
  }
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
      return true;
    case 'notModelled':
      return !role.rule.namespaced;
    case 'unserved':
      return isClusterScoped(role.like);
    default:
      return false;
  }
}
