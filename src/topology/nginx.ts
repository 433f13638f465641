import { formatAddress } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';

/** What an nginx serves: hosts, each with its paths. */
export interface ProxySites {
  /** The families that it listens in. */
  readonly families: readonly Family[];
  /** The certificate of who asks for no host that has one; a file without ending. */
  readonly certificate: string;
  /** No two with the same host and port. */
  readonly sites: readonly ProxySite[];
}

/** What is served under one host. */
export interface ProxySite {
  readonly host: ProxyHost;
  /** Where it takes connections without and with TLS. */
  readonly ports: { readonly http: readonly number[]; readonly https: readonly number[] };
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

/**
 * What requests for some paths get. Of several that are for a request, an exact path wins, then the longest, then a method,
 * then most conditions, then the first.
 */
export interface ProxyLocation {
  /** `elements`: a prefix of whole parts between slashes; `text`: of characters. */
  readonly match: 'exact' | 'elements' | 'text';
  /** Begins with a slash. */
  readonly path: string;
  /** All of them must hold; absent: none. */
  readonly conditions?: readonly ProxyCondition[];
  readonly action: ProxyAction;
}

/** What a request must have beside its path. Headers are named in any case. */
export interface ProxyCondition {
  readonly kind: 'method' | 'header' | 'parameter';
  /** Of a header or parameter. */
  readonly name: string;
  readonly value: string;
}

/** What becomes of a request. */
export type ProxyAction =
  | { readonly kind: 'pass'; readonly endpoints: readonly ProxyEndpoint[]; readonly about: string }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      /** `undefined`: as the request. */
      readonly scheme: string | undefined;
      readonly host: string | undefined;
      /** `undefined`: that of the scheme. */
      readonly port: number | undefined;
      /** `undefined`: as the request. */
      readonly path: string | undefined;
    }
  | { readonly kind: 'status'; readonly status: 404 | 500 | 503; readonly about: string };

/** Where a request is passed to; with a greater weight, more of them. */
export interface ProxyEndpoint {
  readonly address: Address;
  readonly port: number;
  readonly weight: number;
}

/**
 * The configuration of an nginx, as text: `nginx -p FOLDER -c nginx.conf`, with FOLDER holding `NAME.crt` and `NAME.key` of
 * each certificate. It stays in the foreground, and writes into FOLDER alone.
 *
 * Paths mean what they mean in an Ingress and an HTTPRoute.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
export function nginxText({ families, certificate, sites }: ProxySites): string {
  const upstreams = new Upstreams();
  const listen = (port: number, more: string): readonly string[] =>
    families.map((family) => `listen ${family === 'IPv4' ? '' : '[::]:'}${port}${more};`);
  const servers = [...sites, ...nobodies(sites)].flatMap((site) => {
    const { host, ports, redirects } = site;
    const locations = locationsOf(site, upstreams);
    // Who asks for a host that nobody else serves is here.
    const suffix = host.kind === 'any' ? ' default_server' : '';
    const [secure] = ports.https;
    const open =
      redirects && secure !== undefined
        ? [
            'location / {',
            `\treturn 308 https://$host${secure === 443 ? '' : `:${secure}`}$request_uri;`,
            '}',
          ]
        : locations;
    const name = site.certificate ?? certificate;
    const tls = [
      `ssl_certificate ${quoted(`${name}.crt`)};`,
      `ssl_certificate_key ${quoted(`${name}.key`)};`,
    ];
    return [
      ...server(
        ports.http.flatMap((port) => listen(port, suffix)),
        host,
        open,
      ),
      ...server(
        ports.https.flatMap((port) => listen(port, ` ssl${suffix}`)),
        host,
        [...tls, ...locations],
      ),
    ];
  });
  const http = [...common, ...upstreams.text(), ...servers];
  return `${[...head, 'http {', ...http.map((line) => `\t${line}`), '}'].join('\n')}\n`;
}

/** For every port that has no site for any host, one that says so. */
function nobodies(sites: readonly ProxySite[]): readonly ProxySite[] {
  const missing = (kind: 'http' | 'https'): readonly number[] => {
    const known = new Set(sites.flatMap(({ host, ports }) => (host.kind === 'any' ? ports[kind] : [])));
    return [...new Set(sites.flatMap(({ ports }) => ports[kind]))].filter((port) => !known.has(port));
  };
  return [
    {
      host: { kind: 'any' },
      ports: { http: missing('http'), https: missing('https') },
      certificate: undefined,
      redirects: false,
      locations: [],
    },
  ];
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
  'variables_hash_max_size 4096;',
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

/** nginx looks for names, then for wildcards, the longest first, then for patterns. */
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

/** The requests of one `location`: those for just this path, or for all that begin so. */
interface Key {
  readonly isExact: boolean;
  readonly path: string;
}

/** Each kind of request has its own location, with all that may be for it: nginx leaves one only to come to another host. */
function locationsOf({ locations }: ProxySite, upstreams: Upstreams): readonly string[] {
  const ranked = [...locations].sort(byPrecedence);
  const keys = new Map<string, Key>();
  const add = (isExact: boolean, path: string): void => {
    keys.set(`${isExact ? '= ' : ''}${quoted(path)}`, { isExact, path });
  };
  for (const { match, path } of ranked) {
    if (match === 'exact') add(true, path);
    else if (match === 'text') add(false, path);
    else {
      // A slash at the end of a prefix means nothing: it is a list of elements.
      const base = withoutSlash(path);
      if (base !== '') add(true, base);
      add(false, `${base}/`);
    }
  }
  add(false, '/');
  return Array.from(keys).flatMap(([text, key]) => {
    const lines = candidateLines(
      ranked.filter((location) => covers(location, key)),
      upstreams,
    );
    return [`location ${text} {`, ...lines.map((line) => `\t${line}`), '}'];
  });
}

function byPrecedence(a: ProxyLocation, b: ProxyLocation): number {
  const rank = ({ match, path, conditions = [] }: ProxyLocation): readonly number[] => [
    match === 'exact' ? 1 : 0,
    match === 'elements' ? withoutSlash(path).length : path.length,
    match === 'elements' ? 1 : 0,
    ...(['method', 'header', 'parameter'] as const).map(
      (kind) => conditions.filter((condition) => condition.kind === kind).length,
    ),
  ];
  const [one, other] = [rank(a), rank(b)];
  const at = one.findIndex((value, i) => value !== other[i]);
  return at < 0 ? 0 : other[at]! - one[at]!;
}

/** Whether every request of a key has the path of a location. */
function covers({ match, path }: ProxyLocation, key: Key): boolean {
  switch (match) {
    case 'exact':
      return key.isExact && key.path === path;
    case 'elements': {
      const base = withoutSlash(path);
      return (key.isExact && key.path === base) || key.path.startsWith(`${base}/`);
    }
    case 'text':
      return key.path.startsWith(path);
  }
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

/** The first candidate whose conditions hold. `if` with nothing but `return` and `proxy_pass` in it is safe. */
function candidateLines(candidates: readonly ProxyLocation[], upstreams: Upstreams): readonly string[] {
  const lines: string[] = [];
  for (const { conditions = [], action } of candidates) {
    if (conditions.length === 0) return [...lines, ...actionLines(action, upstreams)];
    // nginx has no "and": each condition that holds adds a letter.
    lines.push('set $met "";');
    for (const condition of conditions)
      lines.push(
        `if (${variableOf(condition)} = ${quoted(condition.value)}) {`,
        '\tset $met "${met}x";',
        '}',
      );
    lines.push(`if ($met = "${'x'.repeat(conditions.length)}") {`);
    lines.push(...actionLines(action, upstreams).map((line) => `\t${line}`), '\tbreak;', '}');
  }
  return [...lines, 'return 404 "nothing is served here\\n";'];
}

function variableOf({ kind, name }: ProxyCondition): string {
  switch (kind) {
    case 'method':
      return '$request_method';
    case 'header':
      return `$http_${name.toLowerCase().replaceAll('-', '_')}`;
    case 'parameter':
      return `$arg_${name}`;
  }
}

function actionLines(action: ProxyAction, upstreams: Upstreams): readonly string[] {
  switch (action.kind) {
    case 'pass':
      return [`proxy_pass http://${upstreams.of(action.endpoints)};`];
    case 'redirect': {
      const { status, scheme = '$scheme', host = '$host', port } = action;
      const path = action.path === undefined ? '$request_uri' : `${action.path}$is_args$args`;
      return [`return ${status} "${scheme}://${host}${port === undefined ? '' : `:${port}`}${path}";`];
    }
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

/** Whether a condition can: names as those of variables, values without any. */
export function isPlainCondition({ kind, name, value }: ProxyCondition): boolean {
  const isName = kind === 'header' ? /^[-a-z0-9]+$/i.test(name) : /^[a-z0-9_]*$/i.test(name);
  return isName && /^[\x20-\x7e]*$/.test(value) && !value.includes('$');
}
