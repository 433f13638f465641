import { matches } from '../model/index.ts';
import type {
  Cluster,
  Gateway,
  GatewayRoute,
  Listener,
  ObjectReference,
  Path,
  RouteMatch,
  RouteRule,
} from '../model/index.ts';
import { sharedHosts } from './hosts.ts';
import type { WayTools } from './ingress.ts';
import type { EntryTls, EntryWay } from './types.ts';

const group = 'gateway.networking.k8s.io';

/** Works out which routes attach to which listeners of the Gateways of a cluster, and where they lead. */
export class Gateways {
  readonly #cluster: Cluster;
  readonly #tools: WayTools;
  /** By `namespace/name` of a Gateway, then by listener. */
  readonly #attached = new Map<string, Map<string, Attachment[]>>();

  constructor(cluster: Cluster, tools: WayTools) {
    this.#cluster = cluster;
    this.#tools = tools;
    const gateways = new Map(
      cluster.entrances.gateways.map((each) => [`${each.namespace}/${each.name}`, each]),
    );
    for (const route of cluster.entrances.gatewayRoutes) this.#attach(route, gateways);
  }

  /** The ways through a Gateway: by listener, then by route, in the order of the text. */
  waysOf(gateway: Gateway): readonly EntryWay[] {
    return this.attachmentsOf(gateway).flatMap((attachment) => this.#waysOfRoute(attachment));
  }

  /** The routes at its listeners, in the same order. */
  attachmentsOf(gateway: Gateway): readonly GatewayAttachment[] {
    const { references, findings } = this.#tools;
    const byListener = this.#attached.get(`${gateway.namespace}/${gateway.name}`);
    return gateway.listeners.flatMap((listener, i) => {
      const secrets: string[] = [];
      // The API asks for it, and its CRD does not: a controller does not serve such a listener.
      if (listener.tls === undefined && endsTls(listener)) {
        findings.warn(
          gateway,
          'listener-without-tls',
          ['spec', 'listeners', i],
          `The listener ${listener.name} is for ${listener.protocol} and says nothing of TLS, so controllers do not serve it`,
          'write tls: {certificateRefs: [{name: NAME-OF-A-SECRET}]}',
        );
      }
      for (const [j, certificate] of (listener.tls?.certificates ?? []).entries()) {
        const at = ['spec', 'listeners', i, 'tls', 'certificateRefs', j];
        const own = { group, kind: 'Gateway', namespace: gateway.namespace };
        if (!references.granted(own, certificate, gateway, at)) continue;
        if (certificate.group !== '' || certificate.kind !== 'Secret') continue;
        references.checkCertificate(certificate.namespace, certificate.name, gateway, at);
        secrets.push(`${certificate.namespace}/${certificate.name}`);
      }
      return (byListener?.get(listener.name) ?? []).map((each) => ({ ...each, gateway, listener, secrets }));
    });
  }

  #attach(route: GatewayRoute, gateways: ReadonlyMap<string, Gateway>): void {
    const { findings } = this.#tools;
    for (const [i, parent] of route.parents.entries()) {
      // A route of a mesh has a Service as its parent: nothing comes in there.
      if (parent.group !== group || parent.kind !== 'Gateway') continue;
      const at: Path = ['spec', 'parentRefs', i];
      const key = `${parent.namespace}/${parent.name}`;
      const gateway = gateways.get(key);
      if (gateway === undefined) {
        const message = `There is no Gateway ${key}, so this ${route.kind} takes nothing in`;
        findings.warn(
          route,
          'route-without-parent',
          at,
          message,
          'add the Gateway to the input, or mend its name; one with errors is left out',
        );
        continue;
      }
      const listeners = gateway.listeners.filter(
        ({ name, port }) =>
          (parent.sectionName === undefined || parent.sectionName === name) &&
          (parent.port === undefined || parent.port === port),
      );
      if (listeners.length === 0) {
        const wanted = [
          ...(parent.sectionName === undefined ? [] : [`called ${parent.sectionName}`]),
          ...(parent.port === undefined ? [] : [`on port ${parent.port}`]),
        ].join(' ');
        const has = gateway.listeners.map(({ name, port }) => `${name} (${port})`).join(', ');
        const message = `The Gateway ${key} has no listener ${wanted}, so this ${route.kind} takes nothing in`;
        findings.warn(route, 'route-without-parent', at, message, `it has ${has}`);
        continue;
      }
      this.#attachTo(route, gateway, listeners, at);
    }
  }

  #attachTo(route: GatewayRoute, gateway: Gateway, listeners: readonly Listener[], at: Path): void {
    const key = `${gateway.namespace}/${gateway.name}`;
    const open = listeners.filter((listener) => this.#admits(listener, route, gateway));
    if (open.length === 0) {
      const [first] = listeners;
      const isKind = first !== undefined && !carries(first, route);
      const message = isKind
        ? `No listener of the Gateway ${key} that this ${route.kind} names takes routes of its kind`
        : `The Gateway ${key} takes no routes of the namespace ${route.namespace} there`;
      const hint = isKind
        ? 'a listener takes the routes that its protocol can carry, or the kinds in allowedRoutes'
        : 'allowedRoutes.namespaces of the listener decides; without it, only its own namespace';
      this.#tools.findings.warn(route, 'route-not-allowed', at, message, hint);
      return;
    }
    let isServed = false;
    for (const listener of open) {
      const hosts = sharedHosts(listener.hostname, route.hostnames);
      if (hosts === undefined) continue;
      isServed = true;
      let byListener = this.#attached.get(key);
      if (byListener === undefined) this.#attached.set(key, (byListener = new Map<string, Attachment[]>()));
      const attachment = { route, hosts };
      const others = byListener.get(listener.name);
      if (others === undefined) byListener.set(listener.name, [attachment]);
      // Two references to one listener are one.
      else if (!others.some((each) => each.route === route)) others.push(attachment);
    }
    if (isServed) return;
    const hosts = route.hostnames.join(', ');
    const taken = open.flatMap(({ hostname }) => hostname ?? []).join(', ');
    const message = `No listener of the Gateway ${key} takes requests for ${hosts}`;
    this.#tools.findings.warn(
      route,
      'route-host-unserved',
      ['spec', 'hostnames'],
      message,
      `they take ${taken}`,
    );
  }

  #admits(listener: Listener, route: GatewayRoute, gateway: Gateway): boolean {
    if (!carries(listener, route)) return false;
    const { allowedNamespaces } = listener;
    switch (allowedNamespaces.kind) {
      case 'all':
        return true;
      case 'none':
        return false;
      case 'own':
        return route.namespace === gateway.namespace;
      case 'selector': {
        const namespace = this.#cluster.namespaces.get(route.namespace);
        return namespace !== undefined && matches(allowedNamespaces.selector, namespace.labels);
      }
      default:
        return allowedNamespaces satisfies never;
    }
  }

  #waysOfRoute({ listener, route, hosts, secrets }: GatewayAttachment): readonly EntryWay[] {
    const head = {
      hosts,
      tls: tlsOf(listener),
      secrets,
      listener: listener.name,
      route: `${route.kind} ${route.namespace}/${route.name}`,
    };
    return route.rules.flatMap((rule, i) => {
      const path = matchesText(rule);
      const ways: EntryWay[] = [];
      const add = (to: ObjectReference & { readonly port: number | undefined }, at: Path): void => {
        const from = { group, kind: route.kind, namespace: route.namespace };
        if (!this.#tools.references.granted(from, to, route, at)) return;
        if (to.group !== '' || to.kind !== 'Service' || to.port === undefined) {
          const message = `This backend is the ${to.kind} ${to.name}, which only its controller knows: where it leads is not known`;
          this.#tools.findings.note(route, 'backend-not-followed', at, message);
          return;
        }
        const place = { subject: route, at: [...at, 'name'], portAt: [...at, 'port'] };
        const wanted = { kind: 'service', port: to.port } as const;
        ways.push(...this.#tools.backends.ways(to.namespace, to.name, wanted, { ...head, path }, place));
      };
      // A request that is redirected goes to no backend.
      if (rule.filters.some(({ kind }) => kind === 'redirect')) return [];
      for (const [j, backend] of rule.backends.entries()) {
        if (backend.weight > 0) add(backend, ['spec', 'rules', i, 'backendRefs', j]);
      }
      for (const filter of rule.filters) {
        if (filter.kind === 'mirror') add(filter.backend, filter.at);
      }
      return ways;
    });
  }
}

/** A route at a listener, with the hosts that both mean. */
interface Attachment {
  readonly route: GatewayRoute;
  readonly hosts: readonly string[];
}

/** A route at a listener of a Gateway. */
export interface GatewayAttachment {
  readonly gateway: Gateway;
  readonly listener: Listener;
  readonly route: GatewayRoute;
  /** Those that both mean; empty: every host. */
  readonly hosts: readonly string[];
  /** `namespace/name` of the Secrets with the listener's certificates. */
  readonly secrets: readonly string[];
}

/** What a listener's protocol can carry; see the table of https://gateway-api.sigs.k8s.io/reference/spec/#listener. */
const carried: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute', 'TCPRoute'],
  TCP: ['TCPRoute'],
  UDP: ['UDPRoute'],
};

function carries({ protocol, allowedKinds }: Listener, { kind }: GatewayRoute): boolean {
  // A kind that the protocol cannot carry is none of the listener's, also where it names it; protocols that only an
  // implementation knows carry what it likes.
  if (Object.hasOwn(carried, protocol) && carried[protocol]?.includes(kind) !== true) return false;
  return (
    allowedKinds === undefined || allowedKinds.some((each) => each.group === group && each.kind === kind)
  );
}

function tlsOf({ protocol, tls }: Listener): EntryTls {
  if (tls === undefined) return endsTls({ protocol }) ? 'terminate' : 'none';
  return tls.mode === 'Passthrough' ? 'passthrough' : 'terminate';
}

function endsTls({ protocol }: Pick<Listener, 'protocol'>): boolean {
  return protocol === 'HTTPS' || protocol === 'TLS';
}

/** The matches of a rule in words; `undefined` when it takes every request. */
function matchesText({ matches: all }: RouteRule): string | undefined {
  const texts = all.map(matchText);
  return texts.length === 0 || texts.includes('/') ? undefined : texts.join(' or ');
}

function matchText({ path, method, headers, queryParams }: RouteMatch): string {
  const value =
    path.type === 'Exact'
      ? `= ${path.value}`
      : path.type === 'RegularExpression'
        ? `~ ${path.value}`
        : path.value;
  const conditions = [
    ...headers.map(({ name }) => `header ${name}`),
    ...queryParams.map(({ name }) => `parameter ${name}`),
  ];
  const base = method === undefined ? value : `${method} ${value}`;
  return conditions.length === 0 ? base : `${base} with ${conditions.join(', ')}`;
}
