import { formatAddress } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';

/** What an nginx serves: the hosts of one controller, each with its paths. */
export interface ProxySites {
  /** The families that it listens in, and reaches endpoints in. */
  readonly families: readonly Family[];
  /** Where it takes connections without and with TLS. */
  readonly ports: { readonly http: readonly number[]; readonly https: readonly number[] };
  /** The certificate of who asks for no host that has one; a file without ending. */
  readonly certificate: string;
  /** No two with the same host and port. */
  readonly sites: readonly ProxySite[];
}

/** What is served under one host. */
export interface ProxySite {
  readonly host: ProxyHost;
  /** The ports that it is for; `undefined`: all. */
  readonly port: number | undefined;
  /** A file without ending; `undefined`: no certificate of its own. */
  readonly certificate: string | undefined;
  /** Whether who comes without TLS is sent to where there is TLS. */
  readonly redirects: boolean;
  readonly locations: readonly ProxyLocation[];
}

/** `label`: `*.` stands for one label, as for Ingresses; `labels`: for one or more, as for Gateways; `any`: every host. */
export type ProxyHost =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'label' | 'labels'; readonly domain: string }
  | { readonly kind: 'any' };

/** What requests for some paths get. The longest path wins, `exact` before others. */
export interface ProxyLocation {
  /** `elements`: a prefix of whole parts between slashes; `text`: of characters. */
  readonly match: 'exact' | 'elements' | 'text';
  /** Begins with a slash. */
  readonly path: string;
  readonly action: ProxyAction;
}

/** What becomes of a request. */
export type ProxyAction =
  | { readonly kind: 'pass'; readonly endpoints: readonly ProxyEndpoint[]; readonly about: string }
  | { readonly kind: 'redirect'; readonly status: number; readonly to: string }
  | { readonly kind: 'status'; readonly status: 404 | 500 | 503; readonly about: string };

/** Where a request is passed to; of those with weights above 1, more. */
export interface ProxyEndpoint {
  readonly address: Address;
  readonly port: number;
  readonly weight: number;
}

/**
 * The configuration of an nginx, as text: `nginx -p FOLDER -c nginx.conf`, with FOLDER holding `NAME.crt` and `NAME.key` of
 * each certificate. It stays in the foreground, and writes into FOLDER alone.
 *
 * Paths mean what they mean in an Ingress; of two with the same meaning the first counts.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
 */
export function nginxText({ families, ports, certificate, sites }: ProxySites): string {
  const upstreams = new Upstreams();
  const listen = (port: number, more: string): readonly string[] =>
    families.map((family) => `listen ${family === 'IPv4' ? '' : '[::]:'}${port}${more};`);
  const servers: string[] = [];
  const all = [
    ...sites,
    // Who asks for a host that nobody serves is told so.
    ...(sites.some(({ host, port }) => host.kind === 'any' && port === undefined) ? [] : [nobody]),
  ];
  const defaults = new Set<number>();
  for (const site of [...all].sort((a, b) => rank(a) - rank(b))) {
    const isFor = (port: number): boolean => site.port === undefined || site.port === port;
    const suffix = (port: number): string => {
      if (site.host.kind !== 'any' || defaults.has(port)) return '';
      defaults.add(port);
      return ' default_server';
    };
    const taken = (port: number): boolean => site.host.kind === 'any' && defaults.has(port);
    const http = ports.http.filter((port) => isFor(port) && !taken(port));
    const https = ports.https.filter((port) => isFor(port) && !taken(port));
    const locations = locationsOf(site, upstreams);
    const [secure] = ports.https;
    if (site.redirects && secure !== undefined) {
      const target = `https://$host${secure === 443 ? '' : `:${secure}`}$request_uri`;
      servers.push(
        ...server(
          http.flatMap((port) => listen(port, suffix(port))),
          site.host,
          [`location / {`, `\treturn 308 ${target};`, '}'],
        ),
      );
    } else {
      servers.push(
        ...server(
          http.flatMap((port) => listen(port, suffix(port))),
          site.host,
          locations,
        ),
      );
    }
    const name = site.certificate ?? certificate;
    servers.push(
      ...server(
        https.flatMap((port) => listen(port, ` ssl${suffix(port)}`)),
        site.host,
        [
          `ssl_certificate ${quoted(`${name}.crt`)};`,
          `ssl_certificate_key ${quoted(`${name}.key`)};`,
          ...locations,
        ],
      ),
    );
  }
  return `${[...head, 'http {', ...[...common, ...upstreams.text(), ...servers].map((line) => `\t${line}`), '}'].join('\n')}\n`;
}

const nobody: ProxySite = {
  host: { kind: 'any' },
  port: undefined,
  certificate: undefined,
  redirects: false,
  locations: [],
};

/** nginx looks for names, then for wildcards, then for patterns in their order: all that decides is where `any` stands. */
function rank({ host, port }: ProxySite): number {
  return host.kind === 'any' ? (port === undefined ? 2 : 1) : 0;
}

const head = [
  // Its workers read and write what the master does: it is started by root, in a network namespace.
  'user root;',
  'worker_processes 1;',
  'daemon off;',
  'pid nginx.pid;',
  'error_log stderr;',
  'events {',
  '\tworker_connections 1024;',
  '}',
];

const common = [
  'access_log off;',
  'server_tokens off;',
  'default_type text/plain;',
  // A path is what the client sent, also where it has two slashes in a row.
  'merge_slashes off;',
  'server_names_hash_bucket_size 512;',
  'server_names_hash_max_size 4096;',
  'client_body_temp_path body;',
  'proxy_temp_path proxy;',
  'fastcgi_temp_path fastcgi;',
  'uwsgi_temp_path uwsgi;',
  'scgi_temp_path scgi;',
  'proxy_http_version 1.1;',
  // Packets that policies drop look like a host that is not there: nobody should have to wait for long.
  'proxy_connect_timeout 3s;',
  'proxy_set_header Host $http_host;',
  'proxy_set_header X-Real-IP $remote_addr;',
  'proxy_set_header X-Forwarded-For $remote_addr;',
  'proxy_set_header X-Forwarded-Proto $scheme;',
];

function server(listens: readonly string[], host: ProxyHost, lines: readonly string[]): readonly string[] {
  if (listens.length === 0) return [];
  return [
    'server {',
    ...[...listens, `server_name ${nameOf(host)};`, ...lines].map((line) => `\t${line}`),
    '}',
  ];
}

function nameOf(host: ProxyHost): string {
  switch (host.kind) {
    case 'name':
      return quoted(host.name);
    case 'label':
      return quoted(`~^[^.]+\\.${host.domain.replaceAll('.', '\\.')}$`);
    case 'labels':
      return quoted(`*.${host.domain}`);
    case 'any':
      return '""';
  }
}

/** nginx prefers `=` to prefixes and the longest prefix to others, as Kubernetes does. */
function locationsOf({ locations }: ProxySite, upstreams: Upstreams): readonly string[] {
  const entries = new Map<string, readonly string[]>();
  const add = (key: string, { action }: ProxyLocation): void => {
    if (!entries.has(key)) entries.set(key, actionLines(action, upstreams));
  };
  // An exact path goes before the end of a prefix that is the same.
  for (const location of locations)
    if (location.match === 'exact') add(`= ${quoted(location.path)}`, location);
  for (const location of locations) {
    if (location.match !== 'elements') continue;
    // A slash at the end of a prefix means nothing: it is a list of elements.
    const path = location.path.replace(/\/+$/, '');
    if (path !== '') add(`= ${quoted(path)}`, location);
    add(quoted(`${path}/`), location);
  }
  for (const location of locations) if (location.match === 'text') add(quoted(location.path), location);
  if (!entries.has('"/"')) entries.set('"/"', ['return 404 "nothing is served here\\n";']);
  return [...entries].flatMap(([key, lines]) => [
    `location ${key} {`,
    ...lines.map((line) => `\t${line}`),
    '}',
  ]);
}

function actionLines(action: ProxyAction, upstreams: Upstreams): readonly string[] {
  switch (action.kind) {
    case 'pass':
      return [`proxy_pass http://${upstreams.of(action.endpoints)};`];
    case 'redirect':
      return [`return ${action.status} ${action.to};`];
    case 'status':
      // A dollar would begin the name of a variable.
      return [`return ${action.status} ${quoted(`${action.about.replaceAll('$', '?')}\n`)};`];
  }
}

/** Groups of endpoints, each once. */
class Upstreams {
  readonly #names = new Map<string, string>();

  of(endpoints: readonly ProxyEndpoint[]): string {
    const lines = endpoints.map(({ address, port, weight }) => {
      const text = formatAddress(address);
      const at = address.family === 'IPv4' ? text : `[${text}]`;
      // Each is tried for every request: a policy may have changed.
      return `server ${at}:${port}${weight === 1 ? '' : ` weight=${weight}`} max_fails=0;`;
    });
    const key = lines.join('\n\t');
    let name = this.#names.get(key);
    if (name === undefined) this.#names.set(key, (name = `backend_${this.#names.size}`));
    return name;
  }

  text(): readonly string[] {
    return Array.from(this.#names).flatMap(([key, name]) => [
      `upstream ${name} {`,
      ...key.split('\n\t').map((line) => `\t${line}`),
      '}',
    ]);
  }
}

/** A parameter of a directive. Inside quotes only quotes, backslashes and the names of variables mean something. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/** Whether a host, perhaps with a wildcard at its head, can stand in a configuration and mean itself. */
export function isPlainHost(host: string): boolean {
  return /^(\*\.)?[-a-z0-9]+(\.[-a-z0-9]+)*$/i.test(host) && host.length <= 253;
}

/** Whether a path can stand in a configuration and mean itself. */
export function isPlainPath(path: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(path);
}
