import type { Cluster, Diagnostic, Service } from '../model/index.ts';
import { families, wholeFamily } from '../net/index.ts';
import { Backends, serviceId } from './backends.ts';
import type { WayHead } from './backends.ts';
import { Controllers } from './controllers.ts';
import type { NamedController } from './controllers.ts';
import { EntryFindings } from './findings.ts';
import { Gateways } from './gateway.ts';
import type { GatewayAttachment } from './gateway.ts';
import { waysOfIngress, waysOfRoute } from './ingress.ts';
import { PodIndex } from './pod-index.ts';
import { References } from './references.ts';
import type { Entry, EntrySource } from './types.ts';

/** What the resolution of entrances depends on beside the cluster. */
export interface EntryOptions {
  /** The controllers of all Ingresses, Gateways and Routes, instead of those that are found. */
  readonly controllers?: readonly NamedController[];
}

/** The entrances of a cluster, sorted by id, and what is wrong with where they lead. */
export interface ResolvedEntries {
  readonly entries: readonly Entry[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Works out who comes in through every entrance of a cluster, and to which pods and ports: Ingresses, Gateways, Routes
 * of OpenShift, and Services of type NodePort and LoadBalancer or with external addresses (corners 36, 49 and 51).
 * Whether policies admit it is asked of the engine afterwards.
 */
export function resolveEntries(cluster: Cluster, options: EntryOptions = {}): ResolvedEntries {
  const { ingresses, gateways, openShiftRoutes } = cluster.entrances;
  const findings = new EntryFindings();
  const pods = new PodIndex(cluster);
  const backends = new Backends(cluster, pods, findings);
  const tools = { backends, findings, references: new References(cluster, findings) };
  const controllers = new Controllers(cluster, pods, findings, options.controllers ?? []);
  const entries: Entry[] = [];
  const add = (
    [kind, prefix]: readonly [Entry['kind'], string],
    { ref, origin, namespace, name }: Pick<Entry, 'ref' | 'origin' | 'namespace' | 'name'>,
    found: Pick<Entry, 'source' | 'ways'>,
  ): void => {
    entries.push({ id: `${prefix}/${namespace}/${name}`, kind, ref, origin, namespace, name, ...found });
  };
  for (const ingress of ingresses) {
    const ways = waysOfIngress(ingress, tools);
    add(['Ingress', 'ingress'], ingress, { source: controllers.ofIngress(ingress), ways });
  }
  const routes = new Gateways(cluster, tools);
  for (const gateway of gateways) {
    const source = controllers.ofGateway(gateway);
    add(['Gateway', 'gateway'], gateway, { source, ways: routes.waysOf(gateway) });
  }
  for (const route of openShiftRoutes) {
    const source = controllers.ofRoute(route);
    add(['Route', 'route'], route, { source, ways: waysOfRoute(route, tools) });
  }
  for (const service of cluster.services) {
    const source = sourceOfService(service);
    if (source !== undefined) entries.push(entryOfService(service, source, backends, findings));
  }
  entries.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return { entries, diagnostics: findings.diagnostics };
}

/** The routes that attach to the listeners of all Gateways, for who serves them. */
export function gatewayAttachments(cluster: Cluster): readonly GatewayAttachment[] {
  const findings = new EntryFindings();
  const tools = {
    backends: new Backends(cluster, new PodIndex(cluster), findings),
    findings,
    references: new References(cluster, findings),
  };
  const gateways = new Gateways(cluster, tools);
  return cluster.entrances.gateways.flatMap((gateway) => gateways.attachmentsOf(gateway));
}

/**
 * The clients of a Service; `undefined` when it takes none from outside.
 *
 * With `externalTrafficPolicy: Local` the pods see their addresses. Else the node that takes a connection hands it on
 * under its own address when the pod is on another node, and under the client's when it is on the same (corner 36).
 */
function sourceOfService({ entrance, externalIPs }: Service): EntrySource | undefined {
  if (entrance === undefined && externalIPs.length === 0) return undefined;
  const { sourceRanges = [], externalTrafficPolicy = 'Cluster' } = entrance ?? {};
  return {
    kind: 'clients',
    ranges: sourceRanges.length > 0 ? sourceRanges : families.map(wholeFamily),
    orNodes: externalTrafficPolicy === 'Cluster',
  };
}

function entryOfService(
  service: Service,
  source: EntrySource,
  backends: Backends,
  findings: EntryFindings,
): Entry {
  const { namespace, name, origin, entrance } = service;
  const ref = { apiVersion: 'v1', kind: 'Service', namespace, name };
  const subject = { ref, origin };
  const head: WayHead = {
    hosts: [],
    path: undefined,
    tls: 'none',
    secrets: [],
    listener: undefined,
    route: undefined,
  };
  if (entrance !== undefined && entrance.sourceRanges.length > 0 && entrance.hasNodePorts) {
    findings.note(
      subject,
      'node-ports-open',
      ['spec', 'loadBalancerSourceRanges'],
      `loadBalancerSourceRanges of ${namespace}/${name} bind the load balancer alone: whoever reaches a node may use its node ports`,
      'allocateLoadBalancerNodePorts: false does without them, where the load balancer needs none',
    );
  }
  const ways = backends.waysOf(service, head, subject);
  return { id: serviceId(service), kind: 'Service', ref, origin, namespace, name, source, ways };
}
