import * as fc from 'fast-check';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { decodeBase64 } from '../../../src/manifest/entrances/secret.ts';
import { ManifestReader, readManifests } from '../../../src/manifest/index.ts';
import type { Entrances } from '../../../src/model/index.ts';
import { parseAddress } from '../../../src/net/index.ts';
import { documents, read } from '../objects/read.ts';
import { encoder, readAtOnce, readInPieces, told } from '../scan/reading.ts';

function entrances(text: string): Entrances {
  const { cluster, diagnostics } = read(text);
  expect(diagnostics).toEqual([]);
  return cluster.entrances;
}

const ingress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: shop}
spec:
  ingressClassName: nginx
  defaultBackend: {resource: {apiGroup: k8s.example.com, kind: StorageBucket, name: files}}
  tls:
    - {hosts: [shop.example.com, "*.shop.example.com"], secretName: shop-tls}
    - {}
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /api, pathType: Prefix, backend: {service: {name: api, port: {name: http}}}}
          - {pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}
    - host: "*.shop.example.com"
`;

test('an Ingress', () => {
  expect(entrances(ingress).ingresses).toMatchObject([
    {
      ref: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'shop', name: 'front' },
      namespace: 'shop',
      name: 'front',
      className: 'nginx',
      annotatedClass: undefined,
      defaultBackend: {
        kind: 'resource',
        group: 'k8s.example.com',
        resource: 'StorageBucket',
        name: 'files',
      },
      tls: [
        { hosts: ['shop.example.com', '*.shop.example.com'], secretName: 'shop-tls' },
        { hosts: [], secretName: undefined },
      ],
      rules: [
        {
          host: 'shop.example.com',
          paths: [
            { path: '/api', pathType: 'Prefix', backend: { kind: 'service', name: 'api', port: 'http' } },
            {
              path: '/',
              pathType: 'ImplementationSpecific',
              backend: { kind: 'service', name: 'web', port: 80 },
            },
          ],
        },
        { host: '*.shop.example.com', paths: [] },
      ],
    },
  ]);
});

test('a stored Ingress of v1beta1, with the fields of its time', () => {
  const { cluster } = read(`
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: old, uid: u, annotations: {kubernetes.io/ingress.class: nginx}}
spec:
  backend: {serviceName: web, servicePort: http}
  rules: [{http: {paths: [{path: /a, backend: {serviceName: api, servicePort: 8080}}]}}]
`);
  expect(cluster.entrances.ingresses).toMatchObject([
    {
      annotatedClass: 'nginx',
      defaultBackend: { kind: 'service', name: 'web', port: 'http' },
      rules: [
        {
          paths: [
            {
              path: '/a',
              pathType: 'ImplementationSpecific',
              backend: { kind: 'service', name: 'api', port: 8080 },
            },
          ],
        },
      ],
    },
  ]);
});

const ingressClass = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: k8s.io/ingress-nginx}
`;

test('an IngressClass', () => {
  expect(entrances(ingressClass).ingressClasses).toMatchObject([
    { name: 'nginx', controller: 'k8s.io/ingress-nginx', isDefault: true },
  ]);
});

const secrets = `
apiVersion: v1
kind: Secret
metadata: {name: shop-tls, namespace: shop}
type: kubernetes.io/tls
data: {tls.crt: Y2VydGlmaWNhdGU=, tls.key: b2xk}
stringData: {tls.key: the-key-itself}
---
apiVersion: v1
kind: Secret
metadata: {name: password}
data: {password: aHVudGVyMg==}
`;

describe('a Secret', () => {
  test('gives its certificate and key to those who ask, and of other types nothing', () => {
    const [tls, other] = entrances(secrets).secrets;
    expect(tls).toMatchObject({ namespace: 'shop', name: 'shop-tls', type: 'kubernetes.io/tls' });
    expect(tls?.tls?.certificate.reveal()).toBe('certificate');
    // stringData is written over data.
    expect(tls?.tls?.key.reveal()).toBe('the-key-itself');
    expect(other).toMatchObject({ namespace: 'default', name: 'password', type: 'Opaque', tls: undefined });
  });

  test('shows no value, however the cluster is written out', () => {
    const { tls } = entrances(secrets).secrets[0]!;
    expect(JSON.stringify(tls)).toBe('{"certificate":"(sealed)","key":"(sealed)"}');
    expect(`${String(tls?.key)} ${Object.keys(tls?.key ?? {}).join()}`).toBe('(sealed) ');
  });

  test.each([
    'data: {tls.crt: "???", tls.key: c2VjcmV0"}',
    'data: secret',
    'stringData: [secret]',
    'data: {tls.key: 5}',
  ])('is said to be wrong without its values: %s', (rest) => {
    const text = `{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: a}, ${rest.replace('"}', '}')}}`;
    const { diagnostics } = read(text);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(JSON.stringify(diagnostics)).not.toMatch(/secret"|\?\?\?|c2Vj|: 5/);
    for (const { value } of diagnostics) expect(value).toBeUndefined();
  });

  test('has values in base64 as every other reader takes it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(3), (bytes, at) => {
        const coded = Buffer.from(bytes).toString('base64');
        const broken = `${coded.slice(0, at)}\r\n${coded.slice(at)}`;
        expect(decodeBase64(broken)).toBe(Buffer.from(bytes).toString('latin1'));
      }),
    );
    for (const bad of ['a', 'ab', 'abc', 'ab=c', 'a===', 'ab cd', 'é==='])
      expect(decodeBase64(bad)).toBeUndefined();
  });
});

const gateways = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: envoy}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: Gateway
metadata: {name: edge, namespace: infra}
spec:
  gatewayClassName: envoy
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - name: https
      port: 443
      protocol: HTTPS
      hostname: "*.example.com"
      tls: {certificateRefs: [{name: edge-tls}, {name: other, namespace: certs}]}
      allowedRoutes:
        namespaces: {from: Selector, selector: {matchLabels: {edge: "yes"}}}
        kinds: [{kind: HTTPRoute}, {group: "", kind: Odd}]
    - {name: tls, port: 8443, protocol: TLS, tls: {mode: Passthrough}, allowedRoutes: {namespaces: {from: All}}}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: allow, namespace: certs}
spec:
  from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: infra}]
  to: [{group: "", kind: Secret, name: other}, {kind: Service}]
`;

test('a Gateway, its class, and a ReferenceGrant', () => {
  const all = entrances(gateways);
  expect(all.gatewayClasses).toMatchObject([
    { name: 'envoy', controller: 'gateway.envoyproxy.io/gatewayclass-controller' },
  ]);
  expect(all.gateways).toMatchObject([
    {
      namespace: 'infra',
      name: 'edge',
      className: 'envoy',
      listeners: [
        {
          name: 'http',
          port: 80,
          protocol: 'HTTP',
          hostname: undefined,
          tls: undefined,
          allowedNamespaces: { kind: 'own' },
          allowedKinds: undefined,
        },
        {
          name: 'https',
          port: 443,
          protocol: 'HTTPS',
          hostname: '*.example.com',
          tls: {
            mode: 'Terminate',
            certificates: [
              { group: '', kind: 'Secret', namespace: 'infra', name: 'edge-tls' },
              { group: '', kind: 'Secret', namespace: 'certs', name: 'other' },
            ],
          },
          allowedNamespaces: {
            kind: 'selector',
            selector: { requirements: [{ key: 'edge', operator: 'In', values: ['yes'] }] },
          },
          allowedKinds: [
            { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' },
            { group: '', kind: 'Odd' },
          ],
        },
        { tls: { mode: 'Passthrough', certificates: [] }, allowedNamespaces: { kind: 'all' } },
      ],
    },
  ]);
  expect(all.referenceGrants).toMatchObject([
    {
      namespace: 'certs',
      from: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'infra' }],
      to: [
        { group: '', kind: 'Secret', name: 'other' },
        { group: '', kind: 'Service', name: undefined },
      ],
    },
  ]);
});

const routes = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: shop}
spec:
  parentRefs: [{name: edge, namespace: infra, sectionName: https, port: 443}, {name: mesh, kind: Service, group: ""}]
  hostnames: [shop.example.com]
  rules:
    - backendRefs: [{name: web, port: 80}, {name: api, namespace: back, port: 8080, weight: 0}]
    - matches:
        - path: {type: Exact, value: /pay}
          method: POST
          headers: [{name: version, value: "2"}]
          queryParams: [{type: RegularExpression, name: id, value: "[0-9]+"}]
      filters:
        - {type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 81}}}
        - {type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301, path: {type: ReplaceFullPath, replaceFullPath: /x}}}
        - {type: URLRewrite, urlRewrite: {hostname: x.example.com}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: calls}
spec:
  parentRefs: [{name: edge}]
  rules:
    - matches: [{method: {service: shop.Cart, method: Add}}, {method: {service: shop.Cart}}, {method: {method: "Add.x"}}, {}]
      backendRefs: [{name: cart, port: 9000}]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: db}
spec:
  parentRefs: [{name: edge, sectionName: tcp}]
  rules: [{backendRefs: [{name: db, port: 5432}]}]
`;

test('routes of a Gateway', () => {
  const [shop, calls, db] = entrances(routes).gatewayRoutes;
  expect(shop).toMatchObject({
    kind: 'HTTPRoute',
    parents: [
      {
        group: 'gateway.networking.k8s.io',
        kind: 'Gateway',
        namespace: 'infra',
        name: 'edge',
        sectionName: 'https',
        port: 443,
      },
      { group: '', kind: 'Service', namespace: 'shop', name: 'mesh', sectionName: undefined },
    ],
    hostnames: ['shop.example.com'],
    rules: [
      {
        matches: [
          { path: { type: 'PathPrefix', value: '/' }, method: undefined, headers: [], queryParams: [] },
        ],
        backends: [
          { group: '', kind: 'Service', namespace: 'shop', name: 'web', port: 80, weight: 1 },
          { namespace: 'back', name: 'api', port: 8080, weight: 0 },
        ],
      },
      {
        matches: [
          {
            path: { type: 'Exact', value: '/pay' },
            method: 'POST',
            headers: [{ type: 'Exact', name: 'version', value: '2' }],
            queryParams: [{ type: 'RegularExpression', name: 'id', value: '[0-9]+' }],
          },
        ],
        filters: [
          {
            kind: 'mirror',
            backend: { namespace: 'shop', name: 'shadow', port: 81 },
            at: ['spec', 'rules', 1, 'filters', 0, 'requestMirror', 'backendRef'],
          },
          {
            kind: 'redirect',
            scheme: 'https',
            hostname: undefined,
            port: undefined,
            statusCode: 301,
            path: { type: 'ReplaceFullPath', value: '/x' },
          },
          { kind: 'other', type: 'URLRewrite' },
        ],
        backends: [],
      },
    ],
  });
  expect(calls?.rules[0]?.matches.map(({ path }) => path)).toEqual([
    { type: 'Exact', value: '/shop.Cart/Add' },
    { type: 'PathPrefix', value: '/shop.Cart/' },
    { type: 'RegularExpression', value: String.raw`/[^/]+/Add\.x` },
    { type: 'PathPrefix', value: '/' },
  ]);
  expect(db).toMatchObject({
    kind: 'TCPRoute',
    hostnames: [],
    rules: [{ matches: [], backends: [{ name: 'db' }] }],
  });
});

const openShiftRoute = `
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: web, namespace: shop}
spec:
  host: shop.example.com
  path: /a
  to: {kind: Service, name: web}
  alternateBackends: [{kind: Service, name: canary, weight: 5}]
  port: {targetPort: http}
  tls: {termination: reencrypt, insecureEdgeTerminationPolicy: Redirect, certificate: one, key: two}
  wildcardPolicy: Subdomain
`;

test('a Route of OpenShift', () => {
  const [route] = entrances(openShiftRoute).openShiftRoutes;
  expect(route).toMatchObject({
    namespace: 'shop',
    host: 'shop.example.com',
    path: '/a',
    backends: [
      { kind: 'Service', name: 'web', weight: 100 },
      { kind: 'Service', name: 'canary', weight: 5 },
    ],
    targetPort: 'http',
    tls: { termination: 'reencrypt', insecure: 'Redirect' },
    wildcardPolicy: 'Subdomain',
  });
  expect(route?.tls?.pair?.key.reveal()).toBe('two');
  expect(JSON.stringify(route)).not.toContain('two');
});

const slices = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: files-1, namespace: shop, labels: {kubernetes.io/service-name: files}}
addressType: IPv4
ports: [{name: http, port: 8080}, {name: any, protocol: UDP}]
endpoints:
  - {addresses: [10.0.0.1], conditions: {ready: false}, targetRef: {kind: Pod, name: files-0}}
  - {addresses: [192.0.2.7]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: old, namespace: shop}
subsets:
  - addresses: [{ip: "fd00::1"}]
    notReadyAddresses: [{ip: 10.0.0.2}]
    ports: [{port: 53, protocol: UDP}]
`;

test('EndpointSlices and Endpoints of Services without selector (corner 49)', () => {
  expect(entrances(slices).endpointSlices).toMatchObject([
    {
      service: 'files',
      ports: [
        { name: 'http', protocol: 'TCP', port: 8080 },
        { name: 'any', protocol: 'UDP', port: undefined },
      ],
      endpoints: [
        { addresses: [parseAddress('10.0.0.1')], ready: false, pod: 'files-0' },
        { addresses: [parseAddress('192.0.2.7')], ready: true, pod: undefined },
      ],
    },
    {
      service: 'old',
      ports: [{ name: undefined, protocol: 'UDP', port: 53 }],
      endpoints: [
        { addresses: [parseAddress('fd00::1')], ready: true },
        { addresses: [parseAddress('10.0.0.2')], ready: false },
      ],
    },
  ]);
});

const service = `
apiVersion: v1
kind: Service
metadata: {name: edge, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: edge}
  externalTrafficPolicy: Local
  internalTrafficPolicy: Local
  loadBalancerClass: example.com/fast
  loadBalancerSourceRanges: [192.0.2.0/24, " 198.51.100.0/24 "]
  externalIPs: [203.0.113.9]
  ports: [{name: a, port: 443, nodePort: 30443}, {name: b, port: 80, nodePort: 0}]
status: {loadBalancer: {ingress: [{ip: 203.0.113.1}, {hostname: lb.example.com}]}}
`;

test('how a Service is reached from outside (corner 36)', () => {
  const { cluster, diagnostics } = read(service);
  expect(diagnostics).toEqual([]);
  expect(cluster.services).toMatchObject([
    {
      entrance: {
        externalTrafficPolicy: 'Local',
        sourceRanges: [{ prefix: 24 }, { prefix: 24 }],
        loadBalancerClass: 'example.com/fast',
        hasNodePorts: true,
        loadBalancerAddresses: [parseAddress('203.0.113.1')],
      },
      externalIPs: [parseAddress('203.0.113.9')],
      internalTrafficPolicy: 'Local',
      ports: [{ nodePort: 30443 }, { nodePort: undefined }],
    },
  ]);
  const inside = read(service.replace('type: LoadBalancer', 'type: ClusterIP')).cluster.services[0];
  expect(inside?.entrance).toBeUndefined();
});

const everything = documents(
  ingress,
  ingressClass,
  secrets,
  gateways,
  routes,
  openShiftRoute,
  slices,
  service,
  '{apiVersion: v1, kind: Service, metadata: {name: manual}, spec: {ports: [{port: 80}]}}',
  // Odd ones are read as a whole.
  '{apiVersion: v1, kind: Secret, metadata: {name: odd}, type: kubernetes.io/tls, data: [a], stringData: {tls.crt: 5}}',
  '{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: odd}, endpoints: {a: b}}',
  '{apiVersion: v1, kind: Endpoints, metadata: {name: odd}, subsets: [{addresses: 7}]}',
  '{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: odd, annotations: 7}, spec: {rules: 7}}',
);

describe('in pieces', () => {
  test('of JSON, all is read as from one text', () => {
    const objects = readManifestsAsJson(everything);
    for (const text of [JSON.stringify(objects), JSON.stringify(objects, undefined, 2)]) {
      for (const piece of [7, 64, 1 << 20]) {
        expect(told(readInPieces(encoder.encode(text), piece))).toEqual(told(readAtOnce(text)));
      }
    }
  });

  test('of YAML, all is read as from one text', () => {
    const bytes = encoder.encode(everything);
    const reader = new ManifestReader({}, { yaml: 0 });
    const source = reader.open({ file: 'dump.json', reread: (from, to) => bytes.slice(from, to) });
    for (let at = 0; at < bytes.length; at += 100) source.push(bytes.slice(at, at + 100));
    source.end();
    expect(told(reader.finish())).toEqual(told(readAtOnce(everything)));
  });

  test('nothing is kept of Secrets but certificates', () => {
    const text = JSON.stringify(readManifestsAsJson(secrets));
    const { cluster } = readInPieces(encoder.encode(text), 64);
    expect(cluster.entrances.secrets.map(({ tls }) => tls?.key.reveal())).toEqual([
      'the-key-itself',
      undefined,
    ]);
  });
});

/** The objects of YAML as a List, as kubectl prints one. */
function readManifestsAsJson(text: string): unknown {
  const items = text.split(/^---$/m).map((document) => parse(document));
  return { apiVersion: 'v1', kind: 'List', items };
}

test('a later object counts, whatever its version', () => {
  const route = (version: string, host: string): string =>
    `{apiVersion: gateway.networking.k8s.io/${version}, kind: HTTPRoute, metadata: {name: a}, spec: {hostnames: [${host}]}}`;
  const { cluster, diagnostics } = readManifests([
    { file: 'a.yaml', text: documents(route('v1beta1', 'a.example.com'), route('v1', 'b.example.com')) },
  ]);
  expect(diagnostics).toMatchObject([{ code: 'object-twice' }]);
  expect(cluster.entrances.gatewayRoutes).toMatchObject([{ hostnames: ['b.example.com'] }]);
});
