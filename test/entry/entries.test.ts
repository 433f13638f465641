import { describe, expect, test } from 'vitest';
import { entryCodes, resolveEntries } from '../../src/entry/index.ts';
import { knownControllers } from '../../src/entry/known-controllers.ts';
import { sharedHosts } from '../../src/entry/hosts.ts';
import { clusterOf, only, pod, ports, resolve, service, waysOf } from './read.ts';

const web = pod('web', 'app: web', ports('{name: http, containerPort: 8080}'));
const other = pod('other', 'app: web', ports('{name: http, containerPort: 9090}'));
const webService = service('web', 'selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]');

function ingress(spec: string, metadata = ''): string {
  return `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: front, namespace: shop${metadata}}, spec: {ingressClassName: nginx, ${spec}}}`;
}
function rule(backend: string, host = 'host: shop.example.com, '): string {
  return `rules: [{${host}http: {paths: [{path: /, pathType: Prefix, backend: {${backend}}}]}}]`;
}
const toWeb = 'service: {name: web, port: {name: http}}';
const controller = pod(
  'nginx',
  'app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller',
  '',
  'edge',
);

describe('an Ingress', () => {
  test('leads to the pods of its Services, by number and by a name that each pod resolves (corner 49)', () => {
    const { entry, codes } = only(
      web,
      other,
      webService,
      service('api', 'selector: {app: web}, ports: [{port: 81, targetPort: 7000}]'),
      controller,
      ingress(
        `defaultBackend: {service: {name: api, port: {number: 81}}}, tls: [{hosts: [shop.example.com], secretName: s}], rules: [{host: shop.example.com, http: {paths: [{path: /a, pathType: Exact, backend: {${toWeb}}}]}}]`,
      ),
    );
    expect(entry).toMatchObject({ id: 'ingress/shop/front', kind: 'Ingress' });
    expect(waysOf(entry)).toEqual([
      '* terminate shop/svc/api:TCP/81 → web:7000? other:7000?',
      'shop.example.com = /a terminate shop/svc/web:TCP/80 → web:8080 other:9090',
    ]);
    expect(codes).toEqual(['tls-secret-unknown', 'backend-port-undeclared']);
  });

  test('has TLS for the hosts of its certificates only', () => {
    const { entry } = only(
      web,
      webService,
      controller,
      ingress(
        `tls: [{hosts: ["*.example.com"], secretName: s}], rules: [${[
          'a.example.com',
          'a.b.example.com',
          '"*.example.com"',
        ]
          .map((host) => `{host: ${host}, http: {paths: [{path: /, pathType: Prefix, backend: {${toWeb}}}]}}`)
          .join(', ')}]`,
      ),
    );
    // A wildcard of a certificate stands for one label.
    expect(entry.ways.map(({ tls, secrets }) => [tls, ...secrets])).toEqual([
      ['terminate', 'shop/s'],
      ['none'],
      ['terminate', 'shop/s'],
    ]);
  });

  test('leads to endpoints that are kept by hand, for pods by address or name', () => {
    const slice =
      '{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: x, namespace: shop, labels: {kubernetes.io/service-name: web}}, addressType: IPv4, ports: [{name: http, port: 8080}], endpoints: [{addresses: [10.0.0.1]}, {addresses: [192.0.2.1]}, {addresses: [], targetRef: {kind: Pod, name: web}}]}';
    const byAddress = pod('far', 'a: b', ports('{containerPort: 8080}'), 'back').replace(
      /\}$/,
      ', status: {podIP: 10.0.0.1}}',
    );
    const { entry } = only(
      web,
      byAddress,
      slice,
      service('web', 'ports: [{name: http, port: 80}]'),
      controller,
      ingress(rule(toWeb)),
    );
    expect(waysOf(entry)).toEqual(['shop.example.com / none shop/svc/web:TCP/80 → far:8080 web:8080']);
  });
});

describe('its controller', () => {
  const ingressClass = (name: string, by: string, rest = ''): string =>
    `{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: ${name}${rest}}, spec: {controller: ${by}}}`;
  const base = [web, webService];
  const source = (...texts: readonly string[]): unknown => {
    const found = only(...base, ...texts).entry.source;
    return found.kind === 'controller' ? [found.found, found.name, ...found.pods.map(({ id }) => id)] : found;
  };

  test('is found by the controller of its class', () => {
    const other_ = pod('traefik', 'app.kubernetes.io/name: traefik', '', 'edge');
    expect(
      source(
        controller,
        other_,
        ingressClass('nginx', 'traefik.io/ingress-controller'),
        ingress(rule(toWeb)),
      ),
    ).toEqual(['class', 'Traefik', 'edge/Pod/traefik']);
  });

  test('is found by the usual name of its class where no class is in the input, also by annotation', () => {
    expect(source(controller, ingress(rule(toWeb)))).toEqual(['class', 'ingress-nginx', 'edge/Pod/nginx']);
    const annotated = ingress(rule(toWeb), ', annotations: {kubernetes.io/ingress.class: nginx}');
    expect(source(controller, annotated.replace('ingressClassName: nginx, ', ''))).toEqual([
      'class',
      'ingress-nginx',
      'edge/Pod/nginx',
    ]);
  });

  test('is that of the default class for an Ingress without one', () => {
    const isDefault = ', annotations: {ingressclass.kubernetes.io/is-default-class: "true"}';
    const without = ingress(rule(toWeb)).replace('ingressClassName: nginx, ', '');
    expect(source(controller, ingressClass('a', 'k8s.io/ingress-nginx', isDefault), without)).toEqual([
      'class',
      'ingress-nginx',
      'edge/Pod/nginx',
    ]);
    expect(source(controller, without)).toEqual(['labels', 'ingress-nginx', 'edge/Pod/nginx']);
  });

  test('is assumed where its pods are not in the input, and that is said once for a class', () => {
    const second = ingress(rule(toWeb)).replace('name: front', 'name: second');
    const { entries, diagnostics } = resolve([...base, ingress(rule(toWeb)), second]);
    expect(entries.map(({ source: each }) => each)).toEqual([
      { kind: 'assumed', className: 'nginx' },
      { kind: 'assumed', className: 'nginx' },
    ]);
    expect(diagnostics.map(({ code }) => code)).toEqual(['controller-assumed']);
  });

  test('is what the caller says it is', () => {
    const cluster = clusterOf(...base, controller, ingress(rule(toWeb)));
    const pods = cluster.pods.filter(({ name }) => name === 'web');
    const { entries } = resolveEntries(cluster, { controllers: [{ name: 'shop/web', pods }] });
    expect(entries[0]?.source).toMatchObject({ kind: 'controller', found: 'flag', name: 'shop/web', pods });
  });

  test('may be a load balancer outside the cluster', () => {
    expect(source(ingress(rule(toWeb)).replace('nginx', 'gce'))).toMatchObject({
      kind: 'clients',
      ranges: [{ prefix: 16 }, { prefix: 22 }],
      orNodes: true,
    });
    expect(source(ingress(rule(toWeb)).replace('nginx', 'alb'))).toMatchObject({
      kind: 'clients',
      ranges: [{ family: 'IPv4' }, { family: 'IPv6' }],
    });
  });

  test.each(knownControllers)('the table knows $name by its own class and labels', (known) => {
    const [by = ''] = known.controllers;
    const texts = [
      ingress(rule(toWeb)).replace('ingressClassName: nginx', 'ingressClassName: mine'),
      ingressClass('mine', by.replace('*', 'x')),
    ];
    expect(known.source).toMatch(/^https:\/\//);
    if (known.outside !== undefined) {
      expect(source(...texts)).toMatchObject({ kind: 'clients' });
      return;
    }
    for (const labels of known.pods) {
      const text = Object.entries(labels)
        .map(([key, value]) => `${key}: ${value === '' ? 'any' : value}`)
        .join(', ');
      expect(source(...texts, pod('c', text, '', 'edge'))).toEqual(['class', known.name, 'edge/Pod/c']);
    }
  });
});

describe('a Gateway', () => {
  const gateway = (listeners: string, namespace = 'infra'): string =>
    `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: ${namespace}}, spec: {gatewayClassName: istio, listeners: [${listeners}]}}`;
  const all = 'allowedRoutes: {namespaces: {from: All}}';
  const http = `{name: http, port: 80, protocol: HTTP, ${all}}`;
  const route = (spec: string, parent = '', kind = 'HTTPRoute', namespace = 'shop'): string =>
    `{apiVersion: gateway.networking.k8s.io/v1, kind: ${kind}, metadata: {name: r, namespace: ${namespace}}, spec: {parentRefs: [{name: edge, namespace: infra${parent}}], ${spec}}}`;
  const toBackend = 'rules: [{backendRefs: [{name: web, port: 80}]}]';
  const own = pod('gw', 'gateway.networking.k8s.io/gateway-name: edge', '', 'infra');
  const base = [web, webService, own];
  const lines = (...texts: readonly string[]): readonly string[] => {
    const { entry, codes } = only(...base, ...texts);
    return [...waysOf(entry), ...codes];
  };

  test('takes in what its routes take, by listener', () => {
    const { entry } = only(...base, gateway(http), route(toBackend));
    expect(entry).toMatchObject({ id: 'gateway/infra/edge', source: { found: 'gateway', name: 'Istio' } });
    expect(waysOf(entry)).toEqual(['http HTTPRoute shop/r * none shop/svc/web:TCP/80 → web:8080']);
  });

  test('parts requests by host, path and method', () => {
    expect(
      lines(
        gateway(
          `{name: a, port: 443, protocol: HTTPS, hostname: "*.example.com", ${all}, tls: {certificateRefs: [{name: s}]}}`,
        ),
        '{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: infra}, type: kubernetes.io/tls, stringData: {tls.crt: a, tls.key: b}}',
        route(
          'hostnames: [shop.example.com, elsewhere.org], rules: [{matches: [{path: {value: /a}}, {method: POST, path: {type: Exact, value: /b}, headers: [{name: v, value: x}]}], backendRefs: [{name: web, port: 80}, {name: web, port: 80, weight: 0}]}]',
        ),
      ),
    ).toEqual([
      'a HTTPRoute shop/r shop.example.com /a or POST = /b with header v terminate shop/svc/web:TCP/80 → web:8080',
    ]);
  });

  test('passes TLS through to TLSRoutes', () => {
    expect(
      lines(
        gateway(`{name: t, port: 443, protocol: TLS, tls: {mode: Passthrough}, ${all}}`),
        route(`hostnames: [a.example.com], ${toBackend}`, '', 'TLSRoute'),
      ),
    ).toEqual(['t TLSRoute shop/r a.example.com passthrough shop/svc/web:TCP/80 → web:8080']);
  });

  test('sends requests to mirrors as well, and redirected ones nowhere', () => {
    expect(
      lines(
        gateway(http),
        route(
          'rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}}}]}, {filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}], backendRefs: [{name: web, port: 80}]}]',
        ),
      ),
    ).toEqual(['http HTTPRoute shop/r * none shop/svc/web:TCP/80 → web:8080']);
    const missing = route(
      'rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: gone, port: 80}}}], backendRefs: [{name: web, port: 80}]}]',
    );
    const found = resolve([...base, gateway(http), missing]).diagnostics.filter(
      ({ code }) => code === 'backend-service-missing',
    );
    expect(found.map(({ path }) => path)).toEqual(['spec.rules[0].filters[0].requestMirror.backendRef.name']);
  });

  test.each([
    [
      'from its own namespace only',
      gateway('{name: http, port: 80, protocol: HTTP}'),
      route(toBackend),
      ['route-not-allowed'],
    ],
    [
      'from the namespaces that its selector selects',
      gateway(
        '{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}}}}',
      ),
      route(toBackend),
      ['http HTTPRoute shop/r * none shop/svc/web:TCP/80 → web:8080'],
    ],
    [
      'from no others',
      gateway(
        '{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {a: b}}}}}',
      ),
      route(toBackend),
      ['route-not-allowed'],
    ],
    [
      'of kinds that its protocol can carry',
      gateway(`{name: t, port: 80, protocol: TCP, ${all}}`),
      route(toBackend),
      ['route-not-allowed'],
    ],
    [
      'of kinds that its protocol can carry, also where it names others',
      gateway(
        '{name: dns, port: 53, protocol: UDP, allowedRoutes: {namespaces: {from: All}, kinds: [{kind: HTTPRoute}]}}',
      ),
      route(toBackend),
      ['route-not-allowed'],
    ],
    [
      'of kinds that it allows',
      gateway(
        '{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}}',
      ),
      route(toBackend),
      ['route-not-allowed'],
    ],
    ['that name it', gateway(http), route(toBackend, ', sectionName: https'), ['route-without-parent']],
    ['that name its port', gateway(http), route(toBackend, ', port: 81'), ['route-without-parent']],
    [
      'for its host',
      gateway(`{name: http, port: 80, protocol: HTTP, hostname: a.example.com, ${all}}`),
      route(`hostnames: [b.example.com], ${toBackend}`),
      ['route-host-unserved'],
    ],
  ])('takes routes %s', (_, listener, text, expected) => {
    expect(lines(listener, text)).toEqual(expected);
  });

  test('needs a grant to lead into another namespace', () => {
    const far = route(
      'rules: [{backendRefs: [{name: web, namespace: shop, port: 80}]}]',
      '',
      'HTTPRoute',
      'infra',
    );
    const grant = (to: string, from = 'infra'): string =>
      `{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: shop}, spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: ${from}}], to: [${to}]}}`;
    expect(lines(gateway(http), far)).toEqual(['reference-not-granted']);
    expect(lines(gateway(http), far, grant('{group: "", kind: Service, name: api}'))).toEqual([
      'reference-not-granted',
    ]);
    expect(lines(gateway(http), far, grant('{group: "", kind: Service}', 'shop'))).toEqual([
      'reference-not-granted',
    ]);
    const listener =
      '{name: tls, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert, namespace: shop}]}}';
    expect(resolve([...base, gateway(listener)]).diagnostics.map(({ message }) => message)).toContain(
      'No ReferenceGrant of shop lets a Gateway of infra refer to its Secret cert, so its certificate is not used',
    );
    for (const to of ['{group: "", kind: Service}', '{group: "", kind: Service, name: web}']) {
      expect(lines(gateway(http), far, grant(to))).toEqual([
        'http HTTPRoute infra/r * none shop/svc/web:TCP/80 → web:8080',
      ]);
    }
  });

  test('that is not there takes nothing in', () => {
    const { entries, diagnostics } = resolve([...base, route(toBackend)]);
    expect(entries).toEqual([]);
    expect(diagnostics.map(({ code }) => code)).toEqual(['route-without-parent']);
  });
});

test.each([
  [undefined, [], []],
  [undefined, ['a.b'], ['a.b']],
  ['a.b', [], ['a.b']],
  ['*.b', ['a.b', 'x.a.b', 'b', 'c'], ['a.b', 'x.a.b']],
  ['x.a.b', ['*.b', '*.a.b', '*.x.a.b'], ['x.a.b']],
  ['*.b', ['*.a.b', '*.c'], ['*.a.b']],
  ['*.a.b', ['*.b'], ['*.a.b']],
  ['A.b', ['a.B'], ['a.B']],
  ['a.b', ['c.d'], undefined],
])('a listener for %s and a route for %j share %j', (listener, route, shared) => {
  expect(sharedHosts(listener, route)).toEqual(shared);
});

describe('a Route of OpenShift', () => {
  const route = (spec: string): string =>
    `{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r, namespace: shop}, spec: {to: {kind: Service, name: web}, ${spec}}}`;

  test.each([
    ['host: a.b, path: /x, port: {targetPort: http}', ['a.b /x none shop/svc/web:TCP/80 → web:8080']],
    ['tls: {termination: passthrough}', ['* passthrough shop/svc/web:TCP/80 → web:8080']],
    ['host: a.b.c, wildcardPolicy: Subdomain', ['*.b.c none shop/svc/web:TCP/80 → web:8080']],
    // The number of the endpoints' port, whatever the Service calls it.
    ['port: {targetPort: 8080}', ['* none shop/svc/web:TCP/80 → web:8080']],
    ['port: {targetPort: 80}', []],
    ['alternateBackends: [{name: web, weight: 0}]', ['* none shop/svc/web:TCP/80 → web:8080']],
  ])('with %s', (spec, expected) => {
    const { entry, codes } = only(web, webService, route(spec));
    expect(entry.id).toBe('route/shop/r');
    expect(waysOf(entry)).toEqual(expected);
    expect(codes.includes('backend-port-missing')).toBe(expected.length === 0);
  });
});

describe('a Service', () => {
  const spec = 'selector: {app: web}, ports: [{port: 80, targetPort: 8080}]';

  test.each([
    ['type: NodePort', 2, true],
    ['type: LoadBalancer, externalTrafficPolicy: Local', 2, false],
    [
      'type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24], allocateLoadBalancerNodePorts: false',
      1,
      true,
    ],
    ['externalIPs: [203.0.113.1]', 2, true],
  ])('with %s is an entrance of clients (corner 36)', (rest, count, orNodes) => {
    const { entry, codes } = only(web, service('web', `${spec}, ${rest}`));
    expect(entry).toMatchObject({
      id: 'shop/svc/web',
      kind: 'Service',
      source: { kind: 'clients', orNodes },
    });
    expect(entry.source.kind === 'clients' && entry.source.ranges.length).toBe(count);
    expect(waysOf(entry)).toEqual(['* none shop/svc/web:TCP/80 → web:8080']);
    expect(codes).toEqual([]);
  });

  test('without a way in is none', () => {
    expect(resolve([web, service('web', spec)]).entries).toEqual([]);
  });

  test('in a namespace whose name begins other ids says its kind so that nobody mistakes it', () => {
    const { entry } = only(service('web', 'type: NodePort, ports: [{port: 80}]', 'gateway'));
    expect(entry.id).toBe('gateway/Service/web');
  });
});

/** One case for each code: the input, with » before the place that is told. */
const cases: Readonly<Record<string, readonly string[]>> = {
  'backend-not-followed': [
    web,
    webService,
    controller,
    ingress('defaultBackend: »{resource: {kind: A, name: b}}'),
  ],
  'backend-port-missing': [
    web,
    webService,
    controller,
    ingress(rule('service: {name: web, port: »{number: 81}}')),
  ],
  'backend-port-undeclared': [
    web,
    service('web', 'selector: {app: web}, ports: [{port: 80}]'),
    controller,
    ingress(rule('service: {name: »web, port: {number: 80}}')),
  ],
  'backend-port-unnamed': [
    web,
    service('web', 'type: NodePort, selector: {app: web}, ports: [»{port: 80, targetPort: htpp}]'),
  ],
  'backend-service-missing': [web, controller, ingress(rule('service: {name: »web, port: {number: 80}}'))],
  'backend-without-endpoints': [service('web', 'type: NodePort, selector: {app: web}, ports: [»{port: 80}]')],
  'class-missing': [
    web,
    webService,
    controller,
    ingress(rule(toWeb)).replace('spec: {ingressClassName: nginx, ', 'spec: »{'),
  ],
  'class-unknown': [
    web,
    webService,
    controller,
    '{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: b}, spec: {controller: a.b/c}}',
    ingress(rule(toWeb)).replace('Name: nginx', 'Name: »nginx'),
  ],
  'controller-assumed': [web, webService, ingress(rule(toWeb)).replace('spec: {ingress', 'spec: »{ingress')],
  'node-ports-open': [
    web,
    service(
      'web',
      'type: LoadBalancer, loadBalancerSourceRanges: »[192.0.2.0/24], selector: {app: web}, ports: [{port: 80, targetPort: 8080}]',
    ),
  ],
  'listener-without-tls': [
    web,
    '{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: shop}, spec: {gatewayClassName: c, listeners: [»{name: l, port: 443, protocol: HTTPS}]}}',
    pod('edge', 'gateway.networking.k8s.io/gateway-name: g'),
  ],
  'tls-secret-missing': [
    web,
    webService,
    controller,
    '{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: shop}}',
    ingress(`tls: [{secretName: »s}], ${rule(toWeb)}`),
  ],
  'tls-secret-type': [
    web,
    webService,
    controller,
    '{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop}}',
    ingress(`tls: [{secretName: »s}], ${rule(toWeb)}`),
  ],
  'tls-secret-unknown': [web, webService, controller, ingress(`tls: [{secretName: »s}], ${rule(toWeb)}`)],
};

describe('each code', () => {
  test('has a case here, or one of those above', () => {
    const above = [
      'reference-not-granted',
      'route-host-unserved',
      'route-not-allowed',
      'route-without-parent',
    ];
    expect([...Object.keys(cases), ...above].sort()).toEqual(Object.keys(entryCodes).sort());
  });

  test.each(Object.entries(cases))('%s', (code, texts) => {
    const all = texts.join('\n---\n');
    const before = all.slice(0, all.indexOf('»')).split('\n');
    const { diagnostics } = resolve([all.replace('»', '')]);
    expect(diagnostics.map((each) => `${each.code} ${each.line}:${each.column}`)).toEqual([
      `${code} ${before.length}:${(before.at(-1) ?? '').length + 1}`,
    ]);
    for (const { message, hint, severity } of diagnostics) {
      expect(message).not.toMatch(/undefined|\[object/);
      expect(hint ?? 'x').not.toBe('');
      expect(severity).not.toBe('error');
    }
  });
});
