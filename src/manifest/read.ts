import type { Diagnostic, ReadResult } from '../model/index.ts';
import { decodeNetworkPolicy, validateNetworkPolicy } from './network-policy/index.ts';
import { Collector, Findings, MemoryOrigin, buildCluster } from './objects/index.ts';
import type { RawDocument, ReadOptions, SourceText } from './raw.ts';
import { readText } from './text/index.ts';
import { isRecord } from './validate/index.ts';

/** A text to read as manifests. */
export interface ManifestSource extends SourceText {
  /** It was named itself, not found in a folder: without a Kubernetes object in it, that is an error. */
  readonly direct?: boolean;
}

/**
 * Reads manifests, YAML or JSON, into the cluster that they describe.
 *
 * All sources together are one cluster: of objects with the same group, kind, namespace and name the last one counts.
 * Never throws for its input: what is wrong with it is in `diagnostics`, what every supported API server refuses is left
 * out of the cluster, and the rest counts.
 */
export function readManifests(sources: readonly ManifestSource[], options: ReadOptions = {}): ReadResult {
  const findings = new Findings();
  const collector = new Collector(findings);
  for (const source of sources) {
    const { documents, diagnostics } = readText(source, { verify: isWorthOffering });
    for (const diagnostic of diagnostics) findings.diagnostics.push(diagnostic);
    readDocuments(source, documents, diagnostics, collector, findings);
  }
  return finish(collector, findings, options);
}

/**
 * As `readManifests`, of objects in memory: the items of a parsed `kubectl get -o json`, or what a client returned.
 * Lists among them are taken apart.
 *
 * @param options - `file` is the name that places carry (else `<objects>`); each is line 1, column 1
 */
export function readObjects(
  objects: Iterable<unknown>,
  options: ReadOptions & { readonly file?: string } = {},
): ReadResult {
  const findings = new Findings();
  const collector = new Collector(findings);
  const origin = new MemoryOrigin(options.file ?? '<objects>');
  for (const object of objects) {
    if (collector.add(object, origin) !== 'objects') {
      findings.at(
        origin,
        'error',
        'kind-missing',
        [],
        'One of the objects is no Kubernetes object',
        kindHint,
      );
    }
  }
  return finish(collector, findings, options);
}

function finish(collector: Collector, findings: Findings, options: ReadOptions): ReadResult {
  const cluster = buildCluster(collector, findings, decodeNetworkPolicy, options);
  return { cluster, diagnostics: findings.diagnostics, objects: collector.objects };
}

const kindHint = 'an object has apiVersion, kind and metadata';

/** The newest server that podwall knows: it refuses the most. */
const strictest = { kubernetesVersion: '1.36' };

/**
 * Whether a corrected document is worth to be offered: an object by the looks of it, and when it is a NetworkPolicy or a
 * list with some, nothing may be wrong with any of them. A correction that has to be corrected is none.
 */
function isWorthOffering(value: unknown): boolean {
  if (!isRecord(value) || typeof value.kind !== 'string' || typeof value.apiVersion !== 'string')
    return false;
  const { apiVersion, kind } = value;
  const list = kind.endsWith('List') && Array.isArray(value.items);
  const objects: readonly unknown[] = list ? (value.items as readonly unknown[]) : [value];
  return objects.every((object) => {
    if (!isRecord(object)) return false;
    // The items of a typed list may leave out what their list says.
    const isPolicy =
      (object.kind ?? kind.replace(/List$/, '')) === 'NetworkPolicy' &&
      (object.apiVersion ?? apiVersion) === 'networking.k8s.io/v1';
    return !isPolicy || validateNetworkPolicy(object, strictest).length === 0;
  });
}

function readDocuments(
  { file, direct = false }: ManifestSource,
  documents: readonly RawDocument[],
  problems: readonly Diagnostic[],
  collector: Collector,
  findings: Findings,
): void {
  const foreign: RawDocument[] = [];
  let hasObjects = false;
  for (const document of documents) {
    const sort = collector.add(document.value, document.origin, document.duplicates);
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
