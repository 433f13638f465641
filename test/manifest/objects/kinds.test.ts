import { describe, expect, test } from 'vitest';
import { documents, pod, read, told } from './read.ts';

function other(apiVersion: string, kind: string, metadata = 'name: x', spec = ''): string {
  return `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {${metadata}}, spec: {${spec}}}`;
}

const pods = documents(
  pod('web', 'namespace: shop, labels: {app: web}'),
  pod('db', 'namespace: shop, labels: {app: db}'),
  pod('host', 'namespace: shop, labels: {app: web}', 'spec: {hostNetwork: true}'),
  pod('web', 'namespace: bank, labels: {app: web}'),
);

describe('not modelled', () => {
  test.each([
    [
      'policy.networking.k8s.io/v1alpha2',
      'ClusterNetworkPolicy',
      'name: x',
      'subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}',
      ['shop/Pod/web', 'shop/Pod/db'],
      'any',
    ],
    [
      'policy.networking.k8s.io/v1alpha1',
      'AdminNetworkPolicy',
      'name: x',
      'subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}',
      ['shop/Pod/web', 'bank/Pod/web'],
      'any',
    ],
    [
      'policy.networking.k8s.io/v1alpha1',
      'BaselineAdminNetworkPolicy',
      'name: default',
      'subject: {pods: {podSelector: {matchExpressions: [{key: app, operator: Gt}]}}}',
      'all',
      'any',
    ],
    ['projectcalico.org/v3', 'NetworkPolicy', 'name: x, namespace: bank', '', ['bank/Pod/web'], 'any'],
    ['crd.projectcalico.org/v1', 'GlobalNetworkPolicy', 'name: x', '', 'all', 'any'],
    [
      'cilium.io/v2',
      'CiliumNetworkPolicy',
      'name: x, namespace: shop',
      'endpointSelector: {matchLabels: {app: db}}',
      ['shop/Pod/db'],
      'any',
    ],
    ['crd.antrea.io/v1beta1', 'ClusterNetworkPolicy', 'name: x', '', 'all', 'any'],
    [
      'security.istio.io/v1',
      'AuthorizationPolicy',
      'name: x, namespace: shop',
      'selector: {matchLabels: {app: web}}',
      ['shop/Pod/web', 'shop/Pod/host'],
      'closes',
    ],
    [
      'security.istio.io/v1',
      'PeerAuthentication',
      'name: x, namespace: istio-system',
      '',
      ['shop/Pod/web', 'shop/Pod/db', 'shop/Pod/host', 'bank/Pod/web'],
      'closes',
    ],
    [
      'policy.linkerd.io/v1beta3',
      'Server',
      'name: x, namespace: bank',
      'podSelector: {matchLabels: {app: web}}',
      ['bank/Pod/web'],
      'closes',
    ],
    [
      'k8s.cni.cncf.io/v1beta1',
      'MultiNetworkPolicy',
      'name: x, namespace: shop',
      'podSelector: {matchLabels: {app: db}}',
      ['shop/Pod/db'],
      'any',
    ],
    ['k8s.ovn.org/v1', 'UserDefinedNetwork', 'name: x, namespace: bank', '', ['bank/Pod/web'], 'any'],
    ['networking.k8s.io/v1', 'Ingress', 'name: x, namespace: shop', '', [], 'none'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute', 'name: x', '', [], 'none'],
    ['route.openshift.io/v1', 'Route', 'name: x', '', [], 'none'],
    ['networking.example.com/v1', 'TrafficPolicy', 'name: x', '', 'all', 'any'],
    ['example.com/v1', 'FancyNetworkPolicy', 'name: x', '', 'all', 'any'],
  ])('%s %s', (apiVersion, kind, metadata, spec, affects, effect) => {
    const { cluster, diagnostics } = read(documents(pods, other(apiVersion, kind, metadata, spec)));
    expect(diagnostics).toEqual([]);
    expect(cluster.policies).toEqual([]);
    expect(cluster.notModelled.map((entry) => [entry.ref.kind, entry.affects, entry.effect])).toEqual([
      [kind, affects, effect],
    ]);
  });

  test('what may be matched by a label that is not decided yet is affected', () => {
    const text = documents(
      '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {}}}',
      other(
        'policy.linkerd.io/v1',
        'Server',
        'name: x',
        'podSelector: {matchLabels: {pod-template-hash: abc}}',
      ),
    );
    expect(read(text).cluster.notModelled[0]?.affects).toEqual(['default/Deployment/web']);
  });
});

test('kinds are known by their group, never by kind alone (corner 69)', () => {
  const text = documents(
    other('serving.knative.dev/v1', 'Service'),
    other('apps.kruise.io/v1alpha1', 'StatefulSet'),
    other('kyverno.io/v1', 'ClusterPolicy'),
    other('rbac.authorization.k8s.io/v1', 'Role'),
    other('v1', 'ConfigMap'),
  );
  const { cluster, diagnostics, objects } = read(text);
  expect({ ...cluster, diagnostics, objects }).toMatchObject({
    services: [],
    workloads: [],
    notModelled: [],
    diagnostics: [],
    objects: 5,
  });
});

test.each([
  ['extensions/v1beta1', 'NetworkPolicy', 'apiVersion: networking.k8s.io/v1'],
  ['apps/v1beta2', 'Deployment', 'apiVersion: apps/v1'],
  ['batch/v1beta1', 'CronJob', 'apiVersion: batch/v1'],
  ['v1', 'NetworkPolicy', 'apiVersion: networking.k8s.io/v1'],
  ['networking.k8s.io/v1/x', 'NetworkPolicy', 'apiVersion: networking.k8s.io/v1'],
  ['networking.k8s.io/v1', 'networkpolicy', 'kind: NetworkPolicy'],
  ['networking.k8s.io/v1', 'NetworkPolicys', 'kind: NetworkPolicy'],
])('%s %s is refused, with what to write', (apiVersion, kind, hint) => {
  const { cluster, diagnostics } = read(other(apiVersion, kind, 'name: x', 'podSelector: {}, template: {}'));
  expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([['kind-not-served', 'error']]);
  expect(diagnostics[0]?.hint).toContain(hint);
  expect(cluster.policies).toEqual([]);
  expect(cluster.workloads).toEqual([]);
});

test('an older server has taken what carries a uid', () => {
  const text = other('extensions/v1beta1', 'Deployment', 'name: x, uid: u', 'template: {}');
  expect(told(read(text).diagnostics)).toEqual(['kind-not-served warning 1:14']);
  expect(read(text).cluster.workloads.map(({ id }) => id)).toEqual(['default/Deployment/x']);
});

describe('lists', () => {
  const ids = (text: string): string[] => read(text).cluster.pods.map(({ id }) => id);

  test('are taken apart, also when they are nested', () => {
    const list = `{apiVersion: v1, kind: List, items: [${pod('a')}, {apiVersion: v1, kind: List, items: [${pod('b')}]}]}`;
    expect(ids(list)).toEqual(['default/Pod/a', 'default/Pod/b']);
  });

  test('with a type give it to their items', () => {
    const list = '{apiVersion: v1, kind: PodList, items: [{metadata: {name: a}}]}';
    expect(ids(list)).toEqual(['default/Pod/a']);
    expect(read('{apiVersion: v1, kind: List, items: [{metadata: {name: a}}]}').diagnostics).toMatchObject([
      { code: 'kind-missing', severity: 'error', line: 1, column: 38 },
    ]);
  });

  test('that are empty are Kubernetes objects', () => {
    const { diagnostics, objects } = read('{apiVersion: v1, kind: List, items: []}');
    expect([diagnostics, objects]).toEqual([[], 0]);
  });

  test('keep the places of their items', () => {
    const text =
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: A\n';
    expect(read(text).diagnostics).toMatchObject([
      { code: 'name-invalid', path: 'metadata.name', line: 7, column: 11 },
    ]);
  });
});
