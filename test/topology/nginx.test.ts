import { spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import type { Ingress, IngressPath } from '../../src/model/index.ts';
import { nginxText } from '../../src/topology/nginx.ts';
import type { ProxyLocation, ProxySite } from '../../src/topology/nginx.ts';
import { noteText, planLab } from '../../src/topology/index.ts';
import { inNamespace, whyNoKernel } from '../nft/namespace.ts';
import { golden } from './golden.ts';
import { clusterIn, clusterOf } from './plans.ts';

const whyNoNginx =
  whyNoKernel ??
  ['nginx -v', 'openssl version', 'curl --version'].find(
    (line) => spawnSync(line.split(' ')[0]!, line.split(' ').slice(1)).error !== undefined,
  );

const certificate = (name: string): string =>
  `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=${name} -keyout ${name}.key -out ${name}.crt 2>/dev/null`;

/** Asks an nginx with this configuration, and tells the status and what it answered, for each URL. */
function answers(
  config: string,
  urls: readonly (readonly [host: string, path: string, scheme?: string])[],
): readonly string[] {
  const names = [...config.matchAll(/ssl_certificate "([^"]+)\.crt"/g)].map(([, name]) => name!);
  const script = [
    'ip link set lo up',
    ...[...new Set(names)].map(certificate),
    'nginx -p . -c nginx.conf 2>errors &',
    'trap "kill $!" EXIT',
    // It listens in a moment.
    'for i in $(seq 200); do curl -s -o /dev/null http://127.0.0.1/ && break; sleep 0.02; done',
    ...urls.map(
      ([host, path, scheme = 'http']) =>
        `status=$(curl -sk --path-as-is -o answer -w '%{http_code} %{redirect_url}' --resolve '*:${scheme === 'https' ? 443 : 80}:127.0.0.1' '${scheme}://${host}${path}'); case $status in 3*) echo "$status";; *) printf '%s\\n' "$status$(cat answer)";; esac`,
    ),
  ].join('\n');
  return inNamespace(script, { 'nginx.conf': config }).trimEnd().split('\n');
}

const site = (
  host: ProxySite['host'],
  locations: readonly ProxyLocation[],
  more: Partial<ProxySite> = {},
): ProxySite => ({
  host,
  ports: { http: [80], https: [443] },
  certificate: undefined,
  redirects: false,
  locations,
  ...more,
});

const says = (match: ProxyLocation['match'], path: string, about: string): ProxyLocation => ({
  match,
  path,
  action: { kind: 'status', status: 503, about },
});

const any = { kind: 'any' } as const;

const config = (sites: readonly ProxySite[]): string =>
  nginxText({
    families: ['IPv4'],
    certificate: 'fallback',
    sites,
  });

describe.skipIf(whyNoNginx !== undefined)('an nginx', () => {
  // https://kubernetes.io/docs/concepts/services-networking/ingress/#examples
  test.each<
    readonly [rules: readonly (readonly [ProxyLocation['match'], string])[], asked: string, meant: string]
  >([
    [[['elements', '/']], '/any/thing', '/'],
    [[['exact', '/foo']], '/foo', '/foo'],
    [[['exact', '/foo']], '/bar', 'nothing is served here'],
    [[['exact', '/foo']], '/foo/', 'nothing is served here'],
    [[['exact', '/foo/']], '/foo', 'nothing is served here'],
    [[['exact', '/foo']], '/FOO', 'nothing is served here'],
    [[['elements', '/foo']], '/foo', '/foo'],
    [[['elements', '/foo']], '/foo/', '/foo'],
    [[['elements', '/foo/']], '/foo', '/foo/'],
    [[['elements', '/foo/']], '/foo/', '/foo/'],
    [[['elements', '/aaa/bb']], '/aaa/bbb', 'nothing is served here'],
    [[['elements', '/aaa/bbb']], '/aaa/bbb', '/aaa/bbb'],
    [[['elements', '/aaa/bbb/']], '/aaa/bbb', '/aaa/bbb/'],
    [[['elements', '/aaa/bbb']], '/aaa/bbb/ccc', '/aaa/bbb'],
    [[['elements', '/aaa/bbb']], '/aaa/bbbxyz', 'nothing is served here'],
    [
      [
        ['elements', '/'],
        ['elements', '/aaa'],
      ],
      '/aaa/ccc',
      '/aaa',
    ],
    [
      [
        ['elements', '/aaa'],
        ['elements', '/'],
      ],
      '/ccc',
      '/',
    ],
    [
      [
        ['elements', '/'],
        ['elements', '/aaa'],
        ['elements', '/aaa/bbb'],
      ],
      '/aaa/bbb',
      '/aaa/bbb',
    ],
    [[['text', '/foo']], '/foobar', '/foo'],
    [
      [
        ['text', '/foo'],
        ['elements', '/foo/bar'],
      ],
      '/foo/bar/x',
      '/foo/bar',
    ],
    [[['elements', '/a"b\\c;{}']], '/a%22b%5Cc;%7B%7D/x', '/a"b\\c;{}'],
    [[['elements', '/a//b']], '/a//b', '/a//b'],
    [[['elements', '/a/b']], '/a//b', 'nothing is served here'],
  ])('%j asked for %s', (rules, asked, meant) => {
    const text = config([
      site(
        any,
        rules.map(([match, path]) => says(match, path, path)),
      ),
    ]);
    const status = meant.startsWith('/') ? 503 : 404;
    expect(answers(text, [['x.example', asked]])).toEqual([`${status} ${meant}`]);
  });

  test('prefers exact paths, and the first of two that are the same', () => {
    const text = config([
      site(any, [
        says('elements', '/foo', 'prefix'),
        says('exact', '/foo', 'exact'),
        says('exact', '/foo', 'late'),
        says('text', '/foo', 'text'),
      ]),
    ]);
    expect(
      answers(text, [
        ['x', '/foo'],
        ['x', '/foo/'],
        ['x', '/foox'],
      ]),
    ).toEqual(['503 exact', '503 prefix', '503 text']);
  });

  test('prefers names to wildcards, which stand for one label or for more, and these to the rest', () => {
    const text = config([
      site(any, [says('elements', '/', 'any')]),
      site({ kind: 'label', domain: 'foo.com' }, [says('elements', '/', 'label')]),
      site({ kind: 'labels', domain: 'bar.com' }, [says('elements', '/', 'labels')]),
      site({ kind: 'name', name: 'one.foo.com' }, [says('elements', '/', 'name')]),
    ]);
    const hosts = [
      'one.foo.com',
      'two.foo.com',
      'a.two.foo.com',
      'foo.com',
      'fooxcom',
      'a.bar.com',
      'b.a.bar.com',
      'bar.com',
    ];
    expect(
      answers(
        text,
        hosts.map((host) => [host, '/'] as const),
      ),
    ).toEqual([
      '503 name',
      '503 label',
      '503 any',
      '503 any',
      '503 any',
      '503 labels',
      '503 labels',
      '503 any',
    ]);
  });

  test('serves with TLS, and sends who comes without it there', () => {
    const text = config([
      site({ kind: 'name', name: 'a.com' }, [says('elements', '/', 'secure')], {
        certificate: 'own',
        redirects: true,
      }),
      site({ kind: 'name', name: 'b.com' }, [says('elements', '/', 'open')]),
    ]);
    expect(
      answers(text, [
        ['a.com', '/x?y=1'],
        ['a.com', '/', 'https'],
        ['b.com', '/'],
        ['b.com', '/', 'https'],
      ]),
    ).toEqual(['308 https://a.com/x?y=1', '503 secure', '503 open', '503 open']);
  });

  test('asks for methods, headers and parameters, and goes on to shorter paths where they are others', () => {
    const method = (value: string) => ({ kind: 'method', name: '', value }) as const;
    const header = (name: string, value: string) => ({ kind: 'header', name, value }) as const;
    const parameter = (name: string, value: string) => ({ kind: 'parameter', name, value }) as const;
    const text = config([
      site(any, [
        says('elements', '/', 'all'),
        { ...says('elements', '/x', 'x header'), conditions: [header('X-Version', 'two')] },
        {
          ...says('elements', '/x', 'x both'),
          conditions: [header('X-Version', 'two'), parameter('v', '2')],
        },
        { ...says('elements', '/x', 'x post'), conditions: [method('POST')] },
        { ...says('exact', '/x/y', 'y'), conditions: [header('x-version', 'three')] },
      ]),
    ]);
    expect(
      answers(text, [
        ['h', '/x'],
        ['h', "/x' -H 'x-version: two"],
        ['h', "/x?v=2' -H 'X-VERSION: two"],
        ['h', "/x?v=2' -X POST -H 'X-Version: two"],
        ['h', "/x/y' -H 'x-version: three"],
        ['h', "/x/y' -H 'x-version: two"],
        ['h', '/xx'],
      ]),
    ).toEqual(['503 all', '503 x header', '503 x both', '503 x post', '503 y', '503 x header', '503 all']);
  });

  test('passes requests on, more to who has more weight, and redirects', () => {
    const to = (port: number, weight: number) => ({
      address: { family: 'IPv4', value: 0x7f00_0001n } as const,
      port,
      weight,
    });
    const text = config([
      site(any, [
        {
          match: 'elements',
          path: '/',
          action: { kind: 'pass', endpoints: [to(8001, 3), to(8002, 1)], about: '' },
        },
        {
          match: 'exact',
          path: '/go',
          conditions: [{ kind: 'method', name: '', value: 'GET' }],
          action: { kind: 'redirect', status: 301, scheme: 'https', host: 'b.com', port: 8443, path: '/new' },
        },
        {
          match: 'exact',
          path: '/pass',
          conditions: [{ kind: 'method', name: '', value: 'GET' }],
          action: { kind: 'pass', endpoints: [to(8002, 1)], about: '' },
        },
      ]),
      // Two backends that say who they are.
      ...[8001, 8002].map((port) =>
        site({ kind: 'name', name: 'x' }, [says('elements', '/', `backend ${port}`)], {
          ports: { http: [port], https: [] },
        }),
      ),
    ]);
    const asked = answers(text, [
      ...Array.from({ length: 8 }, () => ['x', '/'] as const),
      ['x', '/go?a=b'],
      ['x', '/pass'],
    ]);
    expect(asked.slice(0, 8).filter((line) => line.endsWith('8001')).length).toBe(6);
    expect(asked.slice(8)).toEqual(['301 https://b.com:8443/new?a=b', '503 backend 8002']);
  });

  test.each(['examples/bank', 'examples/shop'])('accepts what %s asks for', (folder) => {
    for (const { config: text, certificates } of planLab(clusterIn(folder)).proxies) {
      const script = [
        ...certificates.map(({ name }) => certificate(name)),
        'nginx -t -p . -c nginx.conf 2>&1',
      ];
      expect(inNamespace(script.join('\n'), { 'nginx.conf': text })).toContain('test is successful');
    }
  });

  test('is given long names and many of them', () => {
    const label = 'a'.repeat(60);
    const sites = Array.from({ length: 300 }, (_, i) => {
      const name = `n${i}.${label}.${label}.${label}.com`;
      return site(i % 2 === 0 ? { kind: 'name', name } : { kind: 'labels', domain: name }, []);
    });
    const script = `${certificate('fallback')}\nnginx -t -p . -c nginx.conf 2>&1`;
    expect(inNamespace(script, { 'nginx.conf': config(sites) })).toContain('test is successful');
  });
});

const app = `---
apiVersion: v1
kind: Pod
metadata: { name: app, namespace: shop, labels: { app: web } }
spec: { containers: [ { name: c, image: c, ports: [ { name: web, containerPort: 8080 } ] } ] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [ { name: http, port: 80, targetPort: web } ] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody, namespace: shop }
spec: { selector: { app: nobody }, ports: [ { port: 80 } ] }
`;

const ingress = (name: string, spec: string): string => `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: shop }
spec: ${spec}
`;

const backend = (service: string, port = 'number: 80'): string =>
  `{ service: { name: ${service}, port: { ${port} } } }`;

describe('Gateways', () => {
  const gateway = `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: shop }
spec:
  gatewayClassName: some
  listeners:
    - { name: http, port: 80, protocol: HTTP }
    - { name: https, port: 443, protocol: HTTPS, hostname: "*.example.com", tls: { certificateRefs: [ { name: wild } ] } }
    - { name: odd, port: 9000, protocol: HTTP, hostname: odd.example.com }
    - { name: tcp, port: 5432, protocol: TCP }
`;
  const route = (kind: string, name: string, spec: string): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: shop }
spec: ${spec}
`;
  const plan = planLab(
    clusterOf(
      app,
      gateway,
      route(
        'HTTPRoute',
        'redirect',
        '{ parentRefs: [ { name: front, sectionName: http } ], rules: [ { filters: [ { type: RequestRedirect, requestRedirect: { scheme: https, statusCode: 301 } } ] } ] }',
      ),
      route(
        'HTTPRoute',
        'shop',
        '{ parentRefs: [ { name: front, sectionName: https } ], hostnames: [ shop.example.com, "*.shop.example.com" ], rules: [ { matches: [ { path: { type: PathPrefix, value: /cart } }, { path: { type: Exact, value: /old }, method: GET } ], backendRefs: [ { name: web, port: 80, weight: 3 }, { name: nobody, port: 80 } ] }, { matches: [ { headers: [ { name: X-Beta, value: "yes" } ] } ], backendRefs: [ { name: web, port: 80 } ] }, { matches: [ { path: { type: RegularExpression, value: "/[a-z]+" } } ], backendRefs: [ { name: web, port: 80 } ] } ] }',
      ),
      route(
        'HTTPRoute',
        'odd',
        '{ parentRefs: [ { name: front, sectionName: odd } ], rules: [ { backendRefs: [ { name: nobody, port: 80 } ] } ] }',
      ),
      route(
        'TCPRoute',
        'db',
        '{ parentRefs: [ { name: front, sectionName: tcp } ], rules: [ { backendRefs: [ { name: web, port: 80 } ] } ] }',
      ).replace('/v1', '/v1alpha2'),
    ),
  );

  test('with their HTTPRoutes', () => {
    expect(plan.proxies.length).toBe(1);
    const [proxy] = plan.proxies;
    const text = [
      ...plan.notes.flatMap(({ kind, message, details }) =>
        ['controllers', 'certificates', 'entrances-left-out'].includes(kind)
          ? [`# ${message}`, ...details.map((each) => `#   ${each}`)]
          : [],
      ),
      `# on ${proxy!.ports.join(' ')}, for ${proxy!.serves.join(' ')}, hosts ${proxy!.hosts.join(' ')}`,
      proxy!.config,
    ].join('\n');
    expect(text).toBe(golden('gateway.conf', text));
  });

  test('with rules that lead nowhere, and redirects of all kinds', () => {
    const redirect = (fields: string): string =>
      `{ filters: [ { type: RequestRedirect, requestRedirect: { ${fields} } } ] }`;
    const rules = (...texts: readonly string[]): string =>
      texts
        .map((text, i) => `{ matches: [ { path: { type: Exact, value: /${i} } } ], ${text.slice(1)}`)
        .join(', ');
    const { config: text } = planLab(
      clusterOf(
        app,
        gateway,
        route(
          'HTTPRoute',
          'odd',
          `{ parentRefs: [ { name: front } ], hostnames: [ odd.example.com ], rules: [ ${rules(
            '{ backendRefs: [] }',
            '{ backendRefs: [ { name: web, port: 80, weight: 0 } ] }',
            '{ backendRefs: [ { name: nobody, port: 80 } ] }',
            redirect('hostname: b.com'),
            redirect('scheme: https, port: 443'),
            redirect(
              'scheme: http, port: 8080, path: { type: ReplaceFullPath, replaceFullPath: /new }, statusCode: 301',
            ),
          )} ] }`,
        ),
      ),
    ).proxies[0]!;
    const answer = (port: number, path: string): string | undefined => {
      const server = text
        .split('\tserver {\n')
        .find((part) => part.startsWith(`\t\tlisten ${port}`) && part.includes('odd.'));
      return server?.split(`location = "${path}" {\n`)[1]?.split('\n')[0]?.trim();
    };
    const what = 'gateway/shop/front: HTTPRoute shop/odd';
    expect([80, 443, 9000].map((port) => answer(port, '/0'))).toEqual(
      Array.from({ length: 3 }, () => `return 500 "${what}, rule 1 has no backend\\n";`),
    );
    expect(answer(80, '/1')).toBe(`return 500 "${what}, rule 2 has no backend\\n";`);
    expect(answer(80, '/2')).toBe(`return 503 "${what}, rule 3 has no endpoint\\n";`);
    expect([80, 443, 9000].map((port) => answer(port, '/3'))).toEqual([
      'return 302 "$scheme://b.com$request_uri";',
      'return 302 "$scheme://b.com$request_uri";',
      'return 302 "$scheme://b.com:9000$request_uri";',
    ]);
    expect(answer(80, '/4')).toBe('return 302 "https://$host$request_uri";');
    expect(answer(80, '/5')).toBe('return 301 "http://$host:8080/new$is_args$args";');
  });

  test.skipIf(whyNoNginx !== undefined)('answer what the HTTPRoutes ask for', () => {
    // The endpoint of the Service is on this machine, and says who it is.
    const own = plan.proxies[0]!.config.replaceAll('10.244.0.1:8080', '127.0.0.1:8080');
    const backends = own.replace(
      /\}\n$/,
      '\tserver {\n\t\tlisten 8080;\n\t\tlocation / {\n\t\t\treturn 200 "web\\n";\n\t\t}\n\t}\n}\n',
    );
    expect(
      answers(backends, [
        ['any.com', '/x'],
        ['shop.example.com', '/cart/1', 'https'],
        ['a.b.shop.example.com', '/old', 'https'],
        ['shop.example.com', "/old' -X 'PUT", 'https'],
        ['shop.example.com', "/else' -H 'x-beta: yes", 'https'],
        ['other.example.com', '/cart', 'https'],
      ]),
    ).toEqual([
      '301 https://any.com/x',
      '200 web',
      '200 web',
      '404 nothing is served here',
      '200 web',
      '404 nothing is served here',
    ]);
  });
});

describe('Ingresses', () => {
  test('of all shapes', () => {
    const plan = planLab(
      clusterOf(
        app,
        ingress(
          'front',
          `{ ingressClassName: nginx, defaultBackend: ${backend('web')}, tls: [ { hosts: [ shop.example.com ], secretName: absent }, { hosts: [ "*.wild.example.com" ] } ], rules: [ { host: shop.example.com, http: { paths: [ { path: /, pathType: Prefix, backend: ${backend('web', 'name: http')} }, { path: /admin, pathType: Exact, backend: ${backend('nobody')} }, { path: /none, pathType: ImplementationSpecific, backend: ${backend('absent')} } ] } }, { host: "*.wild.example.com", http: { paths: [ { path: /x, pathType: Prefix, backend: ${backend('web')} } ] } } ] }`,
        ),
        ingress('all', `{ ingressClassName: nginx, defaultBackend: ${backend('web')} }`),
        ingress(
          'other',
          `{ ingressClassName: other, rules: [ { http: { paths: [ { path: /, pathType: Prefix, backend: ${backend('web')} } ] } } ] }`,
        ),
      ),
    );
    const lines = plan.proxies.flatMap(({ name, pod, ports, serves, hosts, certificates, config: text }) => [
      `# ${name} in ${pod.id} on ${ports.join(' ')}, for ${serves.join(' ')}, hosts ${hosts.join(' ')}`,
      ...certificates.map(
        (each) => `# ${each.name}: ${each.hosts.join(' ')}${each.pair === undefined ? ', to be made' : ''}`,
      ),
      text,
    ]);
    const notes = plan.notes.flatMap(({ kind, message, details }) =>
      ['controllers', 'certificates', 'entrances-left-out'].includes(kind)
        ? [`# ${message}`, ...details.map((each) => `#   ${each}`)]
        : [],
    );
    const text = [...notes, ...lines].join('\n');
    expect(text).toBe(golden('ingresses.conf', text));
    // A pod that the lab has made is an end like any other, and nginx answers there.
    const end = plan.ends.find(({ id }) => id === 'podwall-entrances/controller-nginx');
    expect(end?.listeners.filter(({ by }) => by === 'nginx').map(({ port }) => port)).toEqual([80, 443]);
    const namespace = plan.namespaces.find(({ name }) => name === end?.namespace);
    expect(
      namespace?.listeners.some(({ protocol, port }) => protocol === 'TCP' && (port === 80 || port === 443)),
    ).toBe(false);
  });

  test('whose hosts, paths and names want to be directives are left out, or mean themselves', () => {
    // Servers refuse these; what has been stored before they did counts all the same.
    const cluster = clusterOf(
      app,
      ingress(
        'bad',
        `{ ingressClassName: x, rules: [ { host: a, http: { paths: [ { path: /, pathType: Exact, backend: ${backend('web')} } ] } } ] }`,
      ),
    );
    const [read] = cluster.entrances.ingresses;
    const [{ backend: to }] = read!.rules[0]!.paths as [IngressPath];
    const bad: Ingress = {
      ...read!,
      className: '$x',
      rules: ['a;b', 'x"', '*.(a+)+', '$host', 'UPPER.example.com', 'b.example.com\n}'].map((host) => ({
        host,
        paths: ['/$uri;\n}{"', '/$uri;', '/a b', '/\u00e9', 'none'].map((path) => ({
          path,
          pathType: 'Exact',
          backend: path === '/$uri;' ? { kind: 'service', name: '$x;"', port: '$y' } : to,
        })),
      })),
    };
    const plan = planLab({ ...cluster, entrances: { ...cluster.entrances, ingresses: [bad] } });
    expect(plan.proxies.length).toBe(1);
    expect(plan.notes.some(({ kind }) => kind === 'entrances-left-out')).toBe(true);
    for (const { config: text } of plan.proxies) {
      for (const [, name] of text.matchAll(/server_name (.*);/g)) expect(name).toMatch(/^("[-.a-z0-9]*")$/);
      if (whyNoNginx !== undefined) continue;
      const script = `${certificate('fallback')}\nnginx -t -p . -c nginx.conf 2>&1`;
      expect(inNamespace(script, { 'nginx.conf': text })).toContain('test is successful');
    }
  });

  test('with more hosts and paths than a configuration has room for', () => {
    const to = backend('web');
    const paths = Array.from({ length: 300 }, (_, i) => `{ path: /p${i}, pathType: Prefix, backend: ${to} }`);
    const rules = Array.from(
      { length: 1100 },
      (_, i) => `{ host: h${i}.com, http: { paths: [ { path: /, pathType: Prefix, backend: ${to} } ] } }`,
    );
    const plan = planLab(
      clusterOf(
        app,
        ingress(
          'wide',
          `{ ingressClassName: nginx, rules: [ { host: a.com, http: { paths: [ ${paths.join(', ')} ] } }, ${rules.join(', ')} ] }`,
        ),
      ),
    );
    expect(plan.notes.find(({ kind }) => kind === 'entrances-left-out')?.details).toEqual([
      '101 hosts: there are too many',
      '100 paths of a.com: there are too many',
    ]);
    expect(plan.proxies[0]?.config.match(/server_name "/g)?.length).toBe(2 * 1000 + 2);
  });

  test('whose controller is made up have it in a namespace that no policy knows', () => {
    const own =
      '---\napiVersion: v1\nkind: Namespace\nmetadata: { name: podwall-entrances, labels: { a: b } }\n';
    const front = ingress('front', `{ ingressClassName: nginx, defaultBackend: ${backend('web')} }`);
    const plan = planLab(clusterOf(app, own, front));
    expect(plan.proxies[0]?.pod.namespace).toBe('podwall-entrances-x');
    expect(plan.cluster.namespaces.get('podwall-entrances')?.labels.get('a')).toBe('b');
  });

  test('with a Secret have its certificate, and no text of the plan has its key', () => {
    const [proxy] = planLab(clusterIn('examples/bank')).proxies;
    const [, own] = proxy!.certificates;
    expect(own?.pair?.key.reveal()).toContain('PRIVATE KEY');
    expect(
      JSON.stringify(proxy, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('PRIVATE KEY');
  });
});

describe('OpenShift Routes', () => {
  const route = (name: string, spec: string): string => `---
apiVersion: route.openshift.io/v1
kind: Route
metadata: { name: ${name}, namespace: shop }
spec: { ${spec} }
`;
  const plan = planLab(
    clusterOf(
      app,
      route('plain', 'host: plain.example.com, path: /shop, to: { kind: Service, name: web }'),
      route(
        'edge',
        'host: edge.example.com, to: { kind: Service, name: web }, port: { targetPort: web }, tls: { termination: edge }',
      ),
      route(
        'redirect',
        'host: go.example.com, to: { kind: Service, name: web, weight: 30 }, alternateBackends: [ { kind: Service, name: nobody, weight: 70 } ], tls: { termination: edge, insecureEdgeTerminationPolicy: Redirect }',
      ),
      route(
        'both',
        'host: any.both.example.com, wildcardPolicy: Subdomain, to: { kind: Service, name: nobody }, tls: { termination: edge, insecureEdgeTerminationPolicy: Allow }',
      ),
      route(
        'kept',
        'host: kept.example.com, to: { kind: Service, name: web }, tls: { termination: passthrough }',
      ),
      route(
        'again',
        'host: again.example.com, to: { kind: Service, name: web }, tls: { termination: reencrypt }',
      ),
      route('nowhere', 'to: { kind: Service, name: web }'),
    ),
  );
  const [proxy] = plan.proxies;

  test('are served, those that keep TLS up to the pod left out', () => {
    expect(plan.proxies.length).toBe(1);
    const text = [
      ...plan.notes.flatMap((note) =>
        ['controllers', 'certificates', 'entrances-left-out'].includes(note.kind)
          ? [`# ${noteText(note)}`, ...note.details.map((each) => `#   ${each}`)]
          : [],
      ),
      `# on ${proxy!.ports.join(' ')}, for ${proxy!.serves.join(' ')}, hosts ${proxy!.hosts.join(' ')}`,
      proxy!.config,
    ].join('\n');
    expect(text).toBe(golden('routes.conf', text));
  });

  test.skipIf(whyNoNginx !== undefined)('are answered for with and without TLS as they say', () => {
    // Nobody is behind the endpoints: a request that is passed on finds no way.
    const asked = answers(proxy!.config, [
      ['plain.example.com', '/shop/x'],
      ['plain.example.com', '/shopping'],
      ['plain.example.com', '/shop', 'https'],
      ['edge.example.com', '/'],
      ['edge.example.com', '/', 'https'],
      ['go.example.com', '/a?b=c'],
      ['go.example.com', '/', 'https'],
      ['x.both.example.com', '/'],
      ['x.both.example.com', '/', 'https'],
      ['x.y.both.example.com', '/'],
      ['kept.example.com', '/', 'https'],
    ]);
    const statuses = asked.filter((line) => /^[1-5][0-9][0-9] /.test(line));
    expect(statuses.map((line) => line.replace(/<.*/, '').trimEnd())).toEqual([
      '502',
      '404 nothing is served here',
      '404 nothing is served here',
      '404 nothing is served here',
      '502',
      '308 https://go.example.com/a?b=c',
      '502',
      '503 route/shop/both has no endpoint',
      '503 route/shop/both has no endpoint',
      '404 nothing is served here',
      '404 nothing is served here',
    ]);
  });
});
