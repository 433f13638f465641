import { describe, expect, test } from 'vitest';
import { entranceCodes } from '../../../src/manifest/entrances/index.ts';
import { diagnosticCodes } from '../../../src/manifest/index.ts';
import { read, told } from '../objects/read.ts';

const ingress = (spec: string, metadata = ''): string =>
  `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a${metadata}}, spec: {${spec}}}`;
const path = (text: string): string => ingress(`rules: [{http: {paths: [{${text}}]}}]`);
const web = 'backend: {service: {name: web, port: {number: 80}}}';
const gateway = (listener: string): string =>
  `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a}, spec: {gatewayClassName: c, listeners: [{name: l, port: 80, ${listener}}]}}`;
const route = (spec: string, kind = 'HTTPRoute'): string =>
  `{apiVersion: gateway.networking.k8s.io/v1, kind: ${kind}, metadata: {name: a}, spec: {parentRefs: [{name: g}], ${spec}}}`;
const openShift = (spec: string): string =>
  `{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: a}, spec: {to: {name: web}, ${spec}}}`;
const secret = (rest: string): string =>
  `{apiVersion: v1, kind: Secret, metadata: {name: a}, type: »kubernetes.io/tls, ${rest}}`;

/** Cases by code: what is wrong, its severity, and the input with » before the place that is told. */
const cases: readonly (readonly [code: string, severity: string, text: string])[] = [
  ['backend-invalid', 'error', ingress('defaultBackend: »{}')],
  [
    'backend-invalid',
    'error',
    ingress('defaultBackend: »{service: {name: a}, resource: {kind: B, name: b}}'),
  ],
  [
    'backend-invalid',
    'error',
    path('path: /, pathType: Prefix, backend: »{serviceName: a, servicePort: 80}'),
  ],
  [
    'backend-invalid',
    'error',
    ingress('defaultBackend: {service: {name: a, port: »{number: 80, name: http}}}'),
  ],
  ['field-missing', 'error', path(`path: /, ${web}`).replace('[{path', '[»{path')],
  ['field-missing', 'error', path('path: /, pathType: Prefix').replace('[{path', '[»{path')],
  ['field-missing', 'error', path(`pathType: Prefix, ${web}`).replace('[{path', '[»{path')],
  ['field-missing', 'error', ingress('rules: [{http: »{}}]')],
  ['field-missing', 'error', ingress('defaultBackend: {service: »{name: a}}')],
  ['field-missing', 'error', ingress('defaultBackend: {service: »{port: {number: 80}}}')],
  ['field-missing', 'error', route('rules: [{backendRefs: [»{name: a}]}]')],
  ['field-missing', 'error', route('rules: []', 'TCPRoute').replace('{parentRefs', '»{parentRefs')],
  [
    'field-missing',
    'error',
    '{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: a}, spec: »{}}',
  ],
  ['host-invalid', 'error', ingress('rules: [{host: »"https://a.example.com"}]')],
  ['host-invalid', 'error', ingress('rules: [{host: »10.0.0.1}]')],
  ['host-invalid', 'error', ingress('rules: [{host: »"a.*.example.com"}]')],
  [
    'host-invalid',
    'error',
    ingress(`tls: [{hosts: [»"a.example.com:443"]}], default${web.slice(0, 1).toUpperCase()}${web.slice(1)}`),
  ],
  ['host-invalid', 'error', gateway('protocol: HTTP, hostname: »A.example.com')],
  [
    'ingress-class-twice',
    'error',
    ingress(
      'ingressClassName: »b, defaultBackend: {resource: {kind: A, name: b}}',
      ', annotations: {kubernetes.io/ingress.class: c}',
    ),
  ],
  ['ingress-empty', 'error', ingress('').replace('spec: {', 'spec: »{')],
  [
    'list-too-long',
    'error',
    gateway('protocol: HTTP').replace(/\[(\{name: l.*?\})\]/, (_, one: string) => {
      const listeners = Array.from({ length: 65 }, (__, i) =>
        one.replace('name: l, port: 80', `name: l${i}, port: ${80 + i}`),
      );
      return `»[${listeners.join(', ')}]`;
    }),
  ],
  ['listener-invalid', 'error', gateway('protocol: HTTP, tls: »{certificateRefs: [{name: s}]}')],
  ['listener-invalid', 'error', gateway('protocol: TCP, hostname: »a.example.com')],
  ['listener-invalid', 'error', gateway('protocol: HTTPS, tls: {mode: »Passthrough}')],
  ['listener-invalid', 'error', gateway('protocol: HTTPS, tls: »{mode: Terminate}')],
  ['listener-twice', 'error', gateway('protocol: HTTP}, {name: »l, port: 81, protocol: HTTP')],
  ['listener-twice', 'error', gateway('protocol: HTTP}, »{name: m, port: 80, protocol: HTTP')],
  ['path-invalid', 'error', path(`path: »a, pathType: Prefix, ${web}`)],
  ['path-invalid', 'error', path(`path: »/a//b, pathType: Exact, ${web}`)],
  ['path-invalid', 'error', path(`path: »/a/.., pathType: Prefix, ${web}`)],
  ['path-invalid', 'error', openShift('path: »a')],
  ['secret-value-invalid', 'error', secret('data: {tls.crt: "*", tls.key: YQ==}')],
  ['secret-value-invalid', 'error', secret('data: {tls.crt: 12, tls.key: YQ==}')],
  ['secret-value-missing', 'error', secret('stringData: {tls.crt: a}')],
  [
    'selector-unusable',
    'warning',
    gateway('protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: »{matchLabels: []}}}'),
  ],
  ['value-unknown', 'error', path(`path: /, pathType: »prefix, ${web}`)],
  ['value-unknown', 'error', openShift('tls: {termination: »Edge}')],
  ['weight-invalid', 'error', route('rules: [{backendRefs: [{name: a, port: 80, weight: »-1}]}]')],
  ['weight-invalid', 'error', openShift('alternateBackends: [{name: b, weight: »257}]')],
];

describe('each code', () => {
  test('has a case, and each case a code', () => {
    expect([...new Set(cases.map(([code]) => code))].sort()).toEqual(Object.keys(entranceCodes).sort());
  });

  test.each(cases)('%s %s %s', (code, severity, text) => {
    const before = text.slice(0, text.indexOf('»')).split('\n');
    const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
    const { diagnostics, cluster } = read(text.replace('»', ''));
    expect(told(diagnostics)).toEqual([`${code} ${severity} ${place}`]);
    for (const { message, hint } of diagnostics) {
      expect(message).not.toMatch(/undefined|\[object/);
      expect(hint ?? 'x').not.toBe('');
      // What every server refuses does not exist.
      expect(message.includes('was left out')).toBe(severity === 'error');
    }
    const { ingresses, gateways, gatewayRoutes, openShiftRoutes, secrets, ingressClasses } =
      cluster.entrances;
    const counted = [ingresses, gateways, gatewayRoutes, openShiftRoutes, secrets, ingressClasses].flat();
    expect(counted.length).toBe(severity === 'error' ? 0 : 1);
    expect(diagnosticCodes.get(code)?.title).toMatch(/\.$/);
  });
});

test('what a server has stored is told as a warning, and counts', () => {
  const { cluster, diagnostics } = read(
    path(`path: a, pathType: Prefix, ${web}`).replace('{name: a}', '{name: a, uid: u}'),
  );
  expect(diagnostics).toMatchObject([{ code: 'path-invalid', severity: 'warning' }]);
  expect(cluster.entrances.ingresses).toMatchObject([{ name: 'a', rules: [{ paths: [{ path: 'a' }] }] }]);
});

test('an object of the wrong shape is told, whatever it is', () => {
  const kinds = [
    ['networking.k8s.io/v1', 'Ingress'],
    ['networking.k8s.io/v1', 'IngressClass'],
    ['gateway.networking.k8s.io/v1', 'GatewayClass'],
    ['gateway.networking.k8s.io/v1', 'Gateway'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
    ['gateway.networking.k8s.io/v1beta1', 'ReferenceGrant'],
    ['route.openshift.io/v1', 'Route'],
  ];
  for (const [apiVersion, kind] of kinds) {
    for (const spec of ['[]', 'text', '7', 'true']) {
      const { diagnostics } = read(
        `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: a}, spec: ${spec}}`,
      );
      expect(diagnostics[0], kind).toMatchObject({ code: 'wrong-type', severity: 'error', path: 'spec' });
    }
  }
});

test('a path that is there and no text is not missing as well', () => {
  const { diagnostics } = read(path(`path: 7, pathType: Exact, ${web}`));
  expect(diagnostics.map(({ code }) => code)).toEqual(['value-not-text']);
});
