import type { Diagnostic } from '../model/index.ts';
import { validateNetworkPolicy } from './network-policy/index.ts';
import { MemoryOrigin, classify } from './objects/index.ts';
import type { Collector, Findings } from './objects/index.ts';
import type { RawDocument, SourceText } from './raw.ts';
import { validateTierPolicy } from './tier-policy/index.ts';
import { isRecord } from './validate/index.ts';

/** A text to read as manifests. */
export interface ManifestSource extends SourceText {
  /** It was named itself, not found in a folder: without a Kubernetes object in it, that is an error. */
  readonly direct?: boolean;
}

/** What to write in an object that is told from other text by it. */
export const kindHint = 'an object has apiVersion, kind and metadata';

/** The newest server that podwall knows: it refuses the most. */
const strictest = { kubernetesVersion: '1.36' };

/**
 * Whether a corrected document is worth to be offered: an object by the looks of it, and when it is a policy or a list
 * with some, nothing may be wrong with any of them. A correction that has to be corrected is none.
 */
export function isWorthOffering(value: unknown): boolean {
  if (!isRecord(value) || typeof value.kind !== 'string' || typeof value.apiVersion !== 'string')
    return false;
  const { apiVersion, kind } = value;
  const list = kind.endsWith('List') && Array.isArray(value.items);
  const objects: readonly unknown[] = list ? (value.items as readonly unknown[]) : [value];
  return objects.every((object) => {
    if (!isRecord(object)) return false;
    // The items of a typed list may leave out what their list says.
    const itemKind = object.kind ?? kind.replace(/List$/, '');
    const itemVersion = object.apiVersion ?? apiVersion;
    if (typeof itemKind !== 'string' || typeof itemVersion !== 'string') return true;
    const { role } = classify(itemVersion, itemKind);
    if (role === 'policy') return validateNetworkPolicy(object, strictest).length === 0;
    return role !== 'tierPolicy' || validateTierPolicy({ ...object, kind: itemKind }).length === 0;
  });
}

/** Takes the documents of one source as objects, and tells those that are none. */
export function collectDocuments(
  { file, direct = false }: Pick<ManifestSource, 'file' | 'direct'>,
  documents: readonly RawDocument[],
  problems: readonly Diagnostic[],
  collector: Collector,
  findings: Findings,
): void {
  const foreign: RawDocument[] = [];
  let hasObjects = false;
  for (const document of documents) {
    const sort = collector.add(document.value, document.origin, document.duplicates, document.pods);
    if (sort === 'objects') hasObjects = true;
    else if (sort === 'foreign') foreign.push(document);
  }
  if (hasObjects) {
    // Beside objects, a document without kind is more likely an object that lost its head than a stray file.
    for (const { origin } of foreign) {
      findings.at(origin, 'error', 'kind-missing', [], 'This document is no Kubernetes object', kindHint);
    }
    return;
  }
  // What could not be read has been said.
  if (problems.some(({ severity }) => severity === 'error')) return;
  const place = foreign[0]?.origin ?? new MemoryOrigin(file);
  const { what, hint } = describeForeign(file, foreign[0]?.value);
  findings.at(place, direct ? 'error' : 'note', 'no-objects', [], `${what} holds no Kubernetes object`, hint);
}

/** What a text without objects most likely is, and what to do instead. */
function describeForeign(file: string, value: unknown): { readonly what: string; readonly hint: string } {
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1).toLowerCase();
  if (/^kustomization(\.ya?ml)?$/.test(name) || isKustomization(value)) {
    return { what: 'This kustomization', hint: 'build it first: kubectl kustomize DIR | podwall map -' };
  }
  if (/^(values|chart)[-.\w]*\.ya?ml$/.test(name)) {
    return {
      what: 'This part of a Helm chart',
      hint: 'render it first: helm template CHART | podwall map -',
    };
  }
  if (Array.isArray(value)) {
    const hint = 'make it the items of a List: kubectl get … -o json prints one';
    return { what: 'This list', hint };
  }
  return { what: 'This text', hint: kindHint };
}

function isKustomization(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.apiVersion === 'string' &&
    value.apiVersion.startsWith('kustomize.config.k8s.io/')
  );
}
