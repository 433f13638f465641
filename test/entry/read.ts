import { resolveEntries } from '../../src/entry/index.ts';
import type { Entry, EntryOptions, ResolvedEntries } from '../../src/entry/index.ts';
import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster } from '../../src/model/index.ts';

/** Reads manifests that nothing is wrong with. */
export function clusterOf(...texts: readonly string[]): Cluster {
  const { cluster, diagnostics } = readManifests([{ file: 'input.yaml', text: texts.join('\n---\n') }]);
  const wrong = diagnostics.filter(({ severity }) => severity !== 'note');
  if (wrong.length > 0) throw new Error(JSON.stringify(wrong));
  return cluster;
}

/** The entrances of manifests. */
export function resolve(texts: readonly string[], options: EntryOptions = {}): ResolvedEntries {
  return resolveEntries(clusterOf(...texts), options);
}

/** The only entrance of manifests, with the codes of what was found. */
export function only(...texts: readonly string[]): {
  readonly entry: Entry;
  readonly codes: readonly string[];
} {
  const { entries, diagnostics } = resolve(texts);
  const [entry, ...others] = entries;
  if (entry === undefined || others.length > 0) throw new Error(entries.map(({ id }) => id).join());
  return { entry, codes: diagnostics.map(({ code }) => code) };
}

/** The ways through an entrance as lines: what is asked for, the Service, the pods with their ports. */
export function waysOf({ ways }: Entry): readonly string[] {
  return ways.map(({ hosts, path, tls, listener, route, service, port, protocol, targets }) =>
    [
      listener,
      route,
      hosts.length === 0 ? '*' : hosts.join(','),
      path,
      tls,
      `${service}:${protocol}/${port}`,
      '→',
      targets.map(({ pod, port: at, declared }) => `${pod.name}:${at}${declared ? '' : '?'}`).join(' ') ||
        'nowhere',
    ]
      .filter((part) => part !== undefined)
      .join(' '),
  );
}

/** A pod in flow style. */
export function pod(name: string, labels: string, rest = '', namespace = 'shop'): string {
  return `{apiVersion: v1, kind: Pod, metadata: {name: ${name}, namespace: ${namespace}, labels: {${labels}}}, spec: {${rest}}}`;
}

/** The spec of a pod with one container that declares these ports. */
export function ports(list: string): string {
  return `containers: [{name: c, ports: [${list}]}]`;
}

/** A Service in flow style. */
export function service(name: string, spec: string, namespace = 'shop'): string {
  return `{apiVersion: v1, kind: Service, metadata: {name: ${name}, namespace: ${namespace}}, spec: {${spec}}}`;
}
