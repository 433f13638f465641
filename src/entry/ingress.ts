import type { Ingress, IngressBackend, IngressPath, OpenShiftRoute, Path } from '../model/index.ts';
import type { Backends, WayHead } from './backends.ts';
import type { EntryFindings } from './findings.ts';
import { certifies } from './hosts.ts';
import type { References } from './references.ts';
import type { EntryTls, EntryWay } from './types.ts';

/** What the ways of an entrance are worked out with. */
export interface WayTools {
  readonly backends: Backends;
  readonly references: References;
  readonly findings: EntryFindings;
}

/** The ways through an Ingress, in the order of its text; the default backend first. */
export function waysOfIngress(ingress: Ingress, tools: WayTools): readonly EntryWay[] {
  for (const [i, { secretName }] of ingress.tls.entries()) {
    if (secretName === undefined) continue;
    const at = ['spec', 'tls', i, 'secretName'];
    tools.references.checkCertificate(ingress.namespace, secretName, ingress, at);
  }
  const ways: EntryWay[] = [];
  const add = (
    backend: IngressBackend | undefined,
    host: string | undefined,
    path: string | undefined,
    at: Path,
  ): void => {
    if (backend === undefined) return;
    const head = { ...headOf(ingress, host), path };
    ways.push(...waysOfBackend(ingress, backend, head, at, tools));
  };
  add(ingress.defaultBackend, undefined, undefined, ['spec', 'defaultBackend']);
  for (const [i, { host, paths }] of ingress.rules.entries()) {
    for (const [j, path] of paths.entries()) {
      add(path.backend, host, pathText(path), ['spec', 'rules', i, 'http', 'paths', j, 'backend']);
    }
  }
  return ways;
}

function waysOfBackend(
  ingress: Ingress,
  backend: IngressBackend,
  head: WayHead,
  at: Path,
  { backends, findings }: WayTools,
): readonly EntryWay[] {
  if (backend.kind === 'resource') {
    const message = `This backend is the ${backend.resource} ${backend.name}, which only its controller knows: where it leads is not known`;
    findings.note(ingress, 'backend-not-followed', at, message);
    return [];
  }
  const place = { subject: ingress, at: [...at, 'service', 'name'], portAt: [...at, 'service', 'port'] };
  return backends.ways(ingress.namespace, backend.name, { kind: 'service', port: backend.port }, head, place);
}

/** Who ends TLS for a host, and with which Secrets. Without hosts an entry is for those of the rules. */
function headOf(ingress: Ingress, host: string | undefined): Omit<WayHead, 'path'> {
  const entries = ingress.tls.filter(
    ({ hosts }) =>
      hosts.length === 0 || host === undefined || hosts.some((pattern) => certifies(pattern, host)),
  );
  return {
    hosts: host === undefined ? [] : [host],
    tls: entries.length === 0 ? 'none' : 'terminate',
    secrets: entries.flatMap(({ secretName }) =>
      secretName === undefined ? [] : [`${ingress.namespace}/${secretName}`],
    ),
    listener: undefined,
    route: undefined,
  };
}

function pathText({ path, pathType }: IngressPath): string {
  return pathType === 'Exact' ? `= ${path}` : path;
}

const routeTls: Readonly<Record<'edge' | 'reencrypt' | 'passthrough', EntryTls>> = {
  edge: 'terminate',
  reencrypt: 'reencrypt',
  passthrough: 'passthrough',
};

/** The ways through a Route of OpenShift: to each Service that gets a share. */
export function waysOfRoute(route: OpenShiftRoute, tools: WayTools): readonly EntryWay[] {
  const { host, path, tls, targetPort, wildcardPolicy, backends, namespace } = route;
  const domain =
    host === undefined || wildcardPolicy === 'None' ? undefined : host.slice(host.indexOf('.') + 1);
  const hosts = domain !== undefined ? [`*.${domain}`] : host === undefined ? [] : [host];
  const head: WayHead = {
    hosts,
    path,
    tls: tls === undefined ? 'none' : routeTls[tls.termination],
    secrets: [],
    listener: undefined,
    route: undefined,
  };
  return backends.flatMap(({ kind, name, weight }, i) => {
    const at = i === 0 ? ['spec', 'to'] : ['spec', 'alternateBackends', i - 1];
    // A share of 0 gets no request.
    if (weight === 0) return [];
    if (kind !== 'Service') {
      const message = `This Route leads to the ${kind} ${name}, and podwall knows no target but Services`;
      tools.findings.note(route, 'backend-not-followed', at, message);
      return [];
    }
    const wanted =
      targetPort === undefined ? ({ kind: 'all' } as const) : ({ kind: 'target', port: targetPort } as const);
    const place = { subject: route, at: [...at, 'name'], portAt: ['spec', 'port', 'targetPort'] };
    return tools.backends.ways(namespace, name, wanted, head, place);
  });
}
