import type { ReadResult } from '../model/index.ts';
import { kindHint } from './documents.ts';
import type { ManifestSource } from './documents.ts';
import { decoders } from './decoders.ts';
import { Collector, Findings, MemoryOrigin, buildCluster } from './objects/index.ts';
import type { ReadOptions } from './raw.ts';
import { ManifestReader } from './reader.ts';

/**
 * Reads manifests, YAML or JSON, into the cluster that they describe.
 *
 * All sources together are one cluster: of objects with the same group, kind, namespace and name the last one counts.
 * Never throws for its input: what is wrong with it is in `diagnostics`, what every supported API server refuses is left
 * out of the cluster, and the rest counts.
 */
export function readManifests(sources: readonly ManifestSource[], options: ReadOptions = {}): ReadResult {
  const reader = new ManifestReader(options);
  for (const source of sources) reader.addText(source);
  return reader.finish();
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
  const cluster = buildCluster(collector, findings, decoders, options);
  return { cluster, diagnostics: findings.diagnostics, objects: collector.objects };
}
