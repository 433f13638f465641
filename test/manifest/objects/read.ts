import { readManifests } from '../../../src/manifest/index.ts';
import type { ReadOptions } from '../../../src/manifest/index.ts';
import type { Diagnostic, Pod, ReadResult } from '../../../src/model/index.ts';

/** Reads YAML as the file `input.yaml`, which was named itself. */
export function read(text: string, options: ReadOptions = {}): ReadResult {
  return readManifests([{ file: 'input.yaml', text, direct: true }], options);
}

/** Codes with severity and place, as `code severity line:column`. */
export function told(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ code, severity, line, column }) => `${code} ${severity} ${line}:${column}`);
}

/** Ids of the workloads, each with the ids of its pods. */
export function workloads({ cluster }: ReadResult): Record<string, string[]> {
  return Object.fromEntries(
    cluster.workloads.map(({ id, pods }) => [
      id,
      pods.map((pod) => (pod.replicas === 1 ? pod.id : `${pod.id} x${pod.replicas}`)),
    ]),
  );
}

/** The only pod of the input. */
export function onlyPod(result: ReadResult): Pod {
  const [pod, ...others] = result.cluster.pods;
  if (pod === undefined || others.length > 0) throw new Error(`${result.cluster.pods.length} pods`);
  return pod;
}

/** A Pod as one line of YAML's flow style, so that a test shows what matters. */
export function pod(name: string, metadata = '', rest = ''): string {
  return `{apiVersion: v1, kind: Pod, metadata: {name: ${name}${metadata === '' ? '' : `, ${metadata}`}}${rest === '' ? '' : `, ${rest}`}}`;
}

/** A reference to a controller, for `ownerReferences`. */
export function ownedBy(kind: string, name: string, apiVersion = 'apps/v1'): string {
  return `ownerReferences: [{apiVersion: ${apiVersion}, kind: ${kind}, name: ${name}, uid: u, controller: true}]`;
}

/** Several documents as one text. */
export function documents(...texts: readonly string[]): string {
  return texts.join('\n---\n');
}
