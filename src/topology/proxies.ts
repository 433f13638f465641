import { gatewayAttachments, resolveEntries } from '../entry/index.ts';
import type { Entry, GatewayAttachment } from '../entry/index.ts';
import type { Cluster, Ingress, IngressBackend, OpenShiftRoute, Pod } from '../model/index.ts';
import type { Address, Family } from '../net/index.ts';
import { Certificates } from './certificates.ts';
import { isServed } from './controllers.ts';
import { isPlainHost, isPlainPath, nginxText } from './nginx.ts';
import type { ProxyAction, ProxyHost, ProxyLocation, ProxySite } from './nginx.ts';
import { RouteReader, weighted } from './http-routes.ts';
import { note } from './notes.ts';
import type { LabCertificate, LabNote, LabProxy, LabService } from './plan.ts';

/** What the controllers of a cluster serve. */
export interface Proxies {
  readonly proxies: readonly LabProxy[];
  readonly notes: readonly LabNote[];
}

/**
 * An nginx for every pod of every controller, with what its Ingresses ask for (corner 51).
 *
 * @param made - the ids of pods that the lab has added for controllers, by name of the class
 * @param namespaceOf - the network namespace of a pod
 */
export function labProxies(
  cluster: Cluster,
  services: readonly LabService[],
  made: ReadonlyMap<string, string>,
  namespaceOf: (pod: Pod) => string,
): Proxies {
  const all = resolveEntries(cluster).entries;
  const groups = new Map<
    string,
    { readonly name: string; readonly pods: readonly Pod[]; readonly entries: Entry[] }
  >();
  const leftOut: string[] = [];
  for (const entry of all) {
    if (!isServed(entry)) {
      const [way] = entry.ways;
      if (entry.kind === 'Route' && way !== undefined) leftOut.push(`${entry.id}: its TLS is ${way.tls}`);
      continue;
    }
    const controller = controllerOf(entry, made, cluster);
    if (controller === undefined) {
      leftOut.push(`${entry.id}: its controller is outside the cluster`);
      continue;
    }
    const key = controller.pods.map(({ id }) => id).join(' ');
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { ...controller, entries: [entry] });
    else known.entries.push(entry);
  }
  const certificates = new Certificates(cluster.entrances.secrets);
  const proxies: LabProxy[] = [];
  const busy = new Set<string>();
  const attachments = gatewayAttachments(cluster);
  for (const group of groups.values()) {
    for (const pod of group.pods) {
      const namespace = namespaceOf(pod);
      // Host-network pods of one node have one network, and one of them can have the ports.
      if (busy.has(namespace)) {
        leftOut.push(`${pod.namespace}/${pod.name}: another controller has the network of its node`);
        continue;
      }
      busy.add(namespace);
      const families = [...new Set(pod.addresses.map(({ family }) => family))];
      const builder = new SiteBuilder(cluster, services, pod, certificates, leftOut);
      const unserved = new Set<Entry>();
      for (const entry of group.entries) {
        if (entry.kind === 'Ingress') builder.addIngress(entry);
        else if (entry.kind === 'Route' && !builder.addRoute(entry)) unserved.add(entry);
        else if (entry.kind === 'Gateway') builder.addGateway(entry, attachments);
      }
      const sites = builder.finish().map((site) => reachable(site, families));
      proxies.push({
        name: group.name,
        pod,
        namespace,
        ports: [...new Set(sites.flatMap(({ ports }) => [...ports.http, ...ports.https]))].sort(
          (x, y) => x - y,
        ),
        config: nginxText({ families, certificate: certificates.fallback.name, sites }),
        certificates: certificates.of(sites),
        serves: group.entries.flatMap((entry) => (unserved.has(entry) ? [] : [entry.id])),
        hosts: [...new Set(sites.flatMap(({ host }) => (host.kind === 'name' ? [host.name] : [])))],
        addresses: addressesBefore(pod, services),
      });
    }
  }
  return {
    proxies,
    notes: [
      ...note(
        'certificates',
        certificates.made,
        'certificates that no Secret of the input holds are signed by themselves',
      ),
      ...note(
        'entrances-left-out',
        [...new Set(leftOut)],
        'the lab does not serve all that Ingresses, Gateways and Routes ask for',
      ),
    ],
  };
}

/** The pods that serve an entrance; `undefined` when they are none of the cluster. */
function controllerOf(
  { source }: Entry,
  made: ReadonlyMap<string, string>,
  cluster: Cluster,
): { readonly name: string; readonly pods: readonly Pod[] } | undefined {
  switch (source.kind) {
    case 'controller':
      return source;
    case 'assumed': {
      const id = made.get(source.className ?? '');
      const pods = cluster.pods.filter((pod) => pod.id === id);
      return pods.length === 0 ? undefined : { name: source.className ?? 'controller', pods };
    }
    case 'clients':
      return undefined;
  }
}

/** Where a controller takes what comes to it from the world by some port: where a Service before it leads, if one does. */
function portOf(
  pod: Pod,
  services: readonly LabService[],
  port: number,
  ...names: readonly string[]
): number {
  for (const { ports, exposure } of services) {
    if (exposure === undefined) continue;
    for (const { port: own, endpoints } of ports) {
      if (own.protocol !== 'TCP' || own.port !== port) continue;
      const end = endpoints.find((each) => each.pod === pod);
      if (end !== undefined) return end.port;
    }
  }
  const named = pod.ports.find(
    ({ name, protocol }) => protocol === 'TCP' && name !== undefined && names.includes(name),
  );
  return named?.port ?? port;
}

/** Where the world finds a controller. */
function addressesBefore(pod: Pod, services: readonly LabService[]): readonly Address[] {
  const before = services.flatMap(({ pods, exposure }) =>
    exposure !== undefined && pods.includes(pod) ? exposure.addresses : [],
  );
  return before.length > 0 ? before : pod.addresses;
}

/** Endpoints that a pod has an address to connect from for. */
function reachable(site: ProxySite, families: readonly Family[]): ProxySite {
  return {
    ...site,
    locations: site.locations.map((location) => {
      const { action } = location;
      if (action.kind !== 'pass') return location;
      const endpoints = action.endpoints.filter(({ address }) => families.includes(address.family));
      return {
        ...location,
        action:
          endpoints.length > 0
            ? { ...action, endpoints }
            : { kind: 'status', status: 503, about: `${action.about} has no endpoint of this family` },
      };
    }),
  };
}

/** A configuration may have so many hosts, and so many paths of one: each path is compared with each. */
const mostHosts = 1000;
const mostPaths = 200;

/** What is known of one host while entrances are read. */
interface Draft {
  readonly host: ProxyHost;
  readonly ports: ProxySite['ports'];
  certificate: string | undefined;
  redirects: boolean;
  readonly locations: ProxyLocation[];
  /** Where requests go whose path nobody serves. */
  fallback: ProxyAction | undefined;
}

/** Puts together what one pod of a controller serves, host by host. */
class SiteBuilder {
  readonly #cluster: Cluster;
  readonly #services: ReadonlyMap<string, LabService>;
  readonly #pod: Pod;
  readonly #certificates: Certificates;
  readonly #leftOut: string[];
  readonly #drafts = new Map<string, Draft>();
  /** Where Ingresses are served. */
  readonly #web: ProxySite['ports'];
  /** Where requests go that nothing else takes: the default backend of an Ingress that has nothing else. */
  #default: ProxyAction | undefined;

  constructor(
    cluster: Cluster,
    services: readonly LabService[],
    pod: Pod,
    certificates: Certificates,
    leftOut: string[],
  ) {
    this.#cluster = cluster;
    this.#services = new Map(services.map((service) => [service.id, service]));
    this.#pod = pod;
    this.#certificates = certificates;
    this.#leftOut = leftOut;
    this.#web = {
      http: [portOf(pod, services, 80, 'http', 'web')],
      https: [portOf(pod, services, 443, 'https', 'websecure')],
    };
  }

  addIngress({ id, namespace, name }: Entry): void {
    const ingress = this.#cluster.entrances.ingresses.find(
      (each) => each.namespace === namespace && each.name === name,
    );
    if (ingress !== undefined) this.#addIngress(ingress, id);
  }

  /** The HTTPRoutes at its listeners for HTTP and HTTPS. */
  addGateway(entry: Entry, attachments: readonly GatewayAttachment[]): void {
    for (const attachment of attachments) {
      const { gateway, listener, route, hosts } = attachment;
      if (gateway.namespace !== entry.namespace || gateway.name !== entry.name) continue;
      const what = `${entry.id}: ${route.kind} ${route.namespace}/${route.name}`;
      const isOpen = listener.protocol === 'HTTP';
      if (route.kind !== 'HTTPRoute' || (!isOpen && listener.protocol !== 'HTTPS')) {
        this.#leftOut.push(`${what} at the listener ${listener.name}, which is no plain HTTP`);
        continue;
      }
      const port = portOf(this.#pod, [...this.#services.values()], listener.port);
      const ports = { http: isOpen ? [port] : [], https: isOpen ? [] : [port] };
      const locations = new RouteReader(attachment, entry, this.#leftOut, what).locations();
      for (const host of hosts.length === 0 ? [undefined] : hosts) {
        if (host !== undefined && !isPlainHost(host)) {
          this.#leftOut.push(`${what}: nginx has no word for the host ${JSON.stringify(host)}`);
          continue;
        }
        const draft = this.#draft(gatewayHost(host?.toLowerCase()), ports);
        draft.locations.push(...locations);
        if (!isOpen) draft.certificate ??= this.#certificateOf(attachment, draft.host).name;
      }
    }
  }

  /**
   * A Route without TLS, or whose TLS ends at the router.
   *
   * @returns whether it can be served
   */
  addRoute(entry: Entry): boolean {
    const route = this.#cluster.entrances.openShiftRoutes.find(
      (each) => each.namespace === entry.namespace && each.name === entry.name,
    );
    if (route === undefined) return false;
    const { path = '/', wildcardPolicy, tls, backends } = route;
    const host = route.host?.toLowerCase();
    if (tls !== undefined && tls.termination !== 'edge') {
      this.#leftOut.push(`${entry.id}: its TLS is ${tls.termination}`);
      return false;
    }
    if (host === undefined || !isPlainHost(host) || !isPlainPath(path)) {
      const what =
        host === undefined ? 'it names no host' : `nginx has no word for ${JSON.stringify(`${host}${path}`)}`;
      this.#leftOut.push(`${entry.id}: ${what}`);
      return false;
    }
    const own: ProxyHost =
      wildcardPolicy === 'Subdomain'
        ? { kind: 'label', domain: host.slice(host.indexOf('.') + 1) }
        : { kind: 'name', name: host };
    const isOpen = tls === undefined || tls.insecure !== 'None';
    const draft = this.#draft(own, {
      http: isOpen ? this.#web.http : [],
      https: tls === undefined ? [] : this.#web.https,
    });
    draft.locations.push({ match: 'elements', path, action: sharedAction(entry, backends) });
    if (tls === undefined) return true;
    draft.certificate ??= this.#certificates.ofRoute(entry, tls, hostText(own)).name;
    draft.redirects ||= tls.insecure === 'Redirect';
    return true;
  }

  #certificateOf({ gateway, listener, secrets }: GatewayAttachment, host: ProxyHost): LabCertificate {
    const [first] = secrets;
    const names = [
      ...new Set([...(listener.hostname === undefined ? [] : [listener.hostname]), ...hostText(host)]),
    ];
    if (first === undefined) return this.#certificates.get(gateway.namespace, undefined, names);
    const slash = first.indexOf('/');
    return this.#certificates.get(first.slice(0, slash), first.slice(slash + 1), names);
  }

  #addIngress(ingress: Ingress, id: string): void {
    const fallback = ingress.defaultBackend && this.#actionOf(ingress.namespace, ingress.defaultBackend);
    if (ingress.rules.length === 0) this.#default ??= fallback;
    const own = new Set<Draft>();
    for (const { host, paths } of ingress.rules) {
      if (host !== undefined && !isPlainHost(host)) {
        this.#leftOut.push(`${id}: nginx has no word for the host ${JSON.stringify(host)}`);
        continue;
      }
      const draft = this.#draft(ingressHost(host?.toLowerCase()), this.#web);
      own.add(draft);
      draft.fallback ??= fallback;
      for (const { path, pathType, backend } of paths) {
        if (!isPlainPath(path)) {
          this.#leftOut.push(`${id}: nginx has no word for the path ${JSON.stringify(path)}`);
          continue;
        }
        draft.locations.push({
          match: pathType === 'Exact' ? 'exact' : pathType === 'Prefix' ? 'elements' : 'text',
          path,
          action:
            backend === undefined
              ? { kind: 'status', status: 503, about: `${id} has a backend that cannot be read` }
              : this.#actionOf(ingress.namespace, backend),
        });
      }
    }
    for (const { hosts, secretName } of ingress.tls) {
      // Without hosts it is for those of the rules.
      const drafts =
        hosts.length === 0
          ? [...own]
          : [...own].filter(({ host }) => hosts.some((pattern) => certifies(pattern, host)));
      const names = hosts.length > 0 ? hosts : drafts.flatMap(({ host }) => hostText(host));
      const certificate = this.#certificates.get(ingress.namespace, secretName, names);
      for (const draft of drafts) {
        draft.certificate ??= certificate.name;
        // As ingress-nginx does where a host has TLS.
        draft.redirects = true;
      }
    }
  }

  #draft(host: ProxyHost, ports: ProxySite['ports']): Draft {
    const key = JSON.stringify([host, ports]);
    let draft = this.#drafts.get(key);
    if (draft === undefined) {
      draft = {
        host,
        ports,
        certificate: undefined,
        redirects: false,
        locations: [],
        fallback: undefined,
      };
      this.#drafts.set(key, draft);
    }
    return draft;
  }

  /** Where a backend leads: to the pods behind the port of the Service, past the Service itself. */
  #actionOf(namespace: string, backend: IngressBackend): ProxyAction {
    if (backend.kind === 'resource')
      return { kind: 'status', status: 503, about: `${backend.resource} ${backend.name} is not known here` };
    const id = `${namespace}/svc/${backend.name}`;
    const port = this.#services
      .get(id)
      ?.ports.find(({ port: each }) =>
        typeof backend.port === 'number' ? each.port === backend.port : each.name === backend.port,
      );
    if (port === undefined)
      return { kind: 'status', status: 503, about: `${id} has no port ${backend.port}` };
    if (port.endpoints.length === 0) return { kind: 'status', status: 503, about: `${id} has no endpoint` };
    const endpoints = port.endpoints.map(({ address, port: number }) => ({
      address,
      port: number,
      weight: 1,
    }));
    return { kind: 'pass', endpoints, about: id };
  }

  finish(): readonly ProxySite[] {
    if (this.#default !== undefined) this.#draft({ kind: 'any' }, this.#web);
    const drafts = distinct([...this.#drafts.values()]);
    if (drafts.length > mostHosts)
      this.#leftOut.push(`${drafts.length - mostHosts} hosts: there are too many`);
    return drafts.slice(0, mostHosts).map(({ fallback, locations: all, ...site }) => {
      const locations = all.slice(0, mostPaths);
      if (all.length > mostPaths) {
        const [host = 'every host'] = hostText(site.host);
        this.#leftOut.push(`${all.length - mostPaths} paths of ${host}: there are too many`);
      }
      // What Gateways serve has no default backend.
      const rest = site.ports === this.#web ? (fallback ?? this.#default) : undefined;
      return {
        ...site,
        locations:
          rest === undefined
            ? locations
            : [...locations, { match: 'elements' as const, path: '/', action: rest }],
      };
    });
  }
}

/** One host at one port is one server: of an Ingress and a Gateway that both have it, the first. */
function distinct(drafts: readonly Draft[]): readonly Draft[] {
  const taken = new Set<string>();
  const free = (host: ProxyHost, kind: string, ports: readonly number[]): readonly number[] =>
    ports.filter((port) => {
      const key = JSON.stringify([host, kind, port]);
      if (taken.has(key)) return false;
      taken.add(key);
      return true;
    });
  return drafts.map((draft) => {
    const http = free(draft.host, 'http', draft.ports.http);
    const https = free(draft.host, 'https', draft.ports.https);
    const isWhole = http.length === draft.ports.http.length && https.length === draft.ports.https.length;
    return isWhole ? draft : { ...draft, ports: { http, https } };
  });
}

/** Where the requests of a Route go: to each backend in proportion to its weight. */
function sharedAction({ id, ways }: Entry, backends: OpenShiftRoute['backends']): ProxyAction {
  const shares = backends.flatMap(({ weight }, i) => {
    const targets = ways
      .filter(({ at: [, list, own] }) =>
        i === 0 ? list === 'to' : list === 'alternateBackends' && own === i - 1,
      )
      .flatMap((way) => way.targets)
      .flatMap(({ pod, port }) => pod.addresses.map((address) => ({ address, port })));
    return targets.length === 0 || weight === 0 ? [] : [{ weight, targets }];
  });
  if (shares.length === 0) return { kind: 'status', status: 503, about: `${id} has no endpoint` };
  return { kind: 'pass', endpoints: weighted(shares), about: id };
}

function ingressHost(host: string | undefined): ProxyHost {
  if (host === undefined) return { kind: 'any' };
  return host.startsWith('*.') ? { kind: 'label', domain: host.slice(2) } : { kind: 'name', name: host };
}

/** A wildcard of a Gateway stands for one label or more. */
function gatewayHost(host: string | undefined): ProxyHost {
  const same = ingressHost(host);
  return same.kind === 'label' ? { kind: 'labels', domain: same.domain } : same;
}

function hostText(host: ProxyHost): readonly string[] {
  if (host.kind === 'any') return [];
  return [host.kind === 'name' ? host.name : `*.${host.domain}`];
}

/** Whether a host of `tls` is for a host of the rules: a wildcard stands for one label. */
function certifies(written: string, host: ProxyHost): boolean {
  const [text] = hostText(host);
  const pattern = written.toLowerCase();
  // What is served under any host has the certificate of whoever has one.
  if (text === undefined) return true;
  if (pattern === text) return true;
  return pattern.startsWith('*.') && text.slice(text.indexOf('.')) === pattern.slice(1);
}
