import { describe, expect, test } from 'vitest';
import { documents, ownedBy, pod, read, told } from './read.ts';

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
    // Of kinds that are read, versions whose fields are not known.
    ['gateway.networking.k8s.io/v2', 'HTTPRoute', 'name: x', '', [], 'none'],
    ['gateway.networking.k8s.io/v2', 'GatewayClass', 'name: x', '', [], 'none'],
    ['route.openshift.io/v2', 'Route', 'name: x', '', [], 'none'],
    ['discovery.k8s.io/v1beta1', 'EndpointSlice', 'name: x', '', [], 'none'],
    ['projectcontour.io/v1', 'HTTPProxy', 'name: x', '', [], 'none'],
    ['gateway.networking.k8s.io/v1', 'ListenerSet', 'name: x', '', [], 'none'],
    ['projectcalico.org/v3', 'GlobalNetworkSet', 'name: x', '', [], 'none'],
    ['crd.projectcalico.org/v1', 'NetworkSet', 'name: x', '', [], 'none'],
    ['projectcalico.org/v3', 'HostEndpoint', 'name: x', '', 'all', 'any'],
    ['crd.antrea.io/v1beta1', 'Group', 'name: x', '', [], 'none'],
    ['crd.antrea.io/v1beta1', 'ClusterGroup', 'name: x', '', [], 'none'],
    ['crd.antrea.io/v1beta1', 'Tier', 'name: x', '', [], 'none'],
    ['cilium.io/v2alpha1', 'CiliumCIDRGroup', 'name: x', '', [], 'none'],
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

describe('EndpointSlices and Endpoints', () => {
  const service = (name: string, spec: string): string =>
    `{apiVersion: v1, kind: Service, metadata: {name: ${name}, namespace: shop}, spec: {${spec}}}`;
  const services = documents(service('web', 'selector: {app: web}'), service('manual', 'type: ClusterIP'));
  const slice = (metadata: string, namespace = 'shop'): string =>
    `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: x, namespace: ${namespace}, ${metadata}}, addressType: IPv4}`;
  const endpoints = (metadata: string): string =>
    `{apiVersion: v1, kind: Endpoints, metadata: {${metadata}}, subsets: [{}]}`;
  const owner = (name: string): string =>
    `ownerReferences: [{apiVersion: v1, kind: Service, name: ${name}, uid: u, controller: true}]`;

  test.each([
    [
      'that their controller keeps',
      slice('labels: {endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}'),
    ],
    ['of a Service with a selector', slice(owner('web'))],
    ['of the API server', slice('labels: {kubernetes.io/service-name: kubernetes}', 'default')],
    ['of a Service with a selector, in the old form', endpoints('name: web, namespace: shop')],
    ['of the API server, in the old form', endpoints('name: kubernetes, namespace: default')],
  ])('%s say nothing that the Service does not', (_, text) => {
    const { cluster } = read(documents(services, text));
    expect(cluster.notModelled).toEqual([]);
    expect(cluster.entrances.endpointSlices).toEqual([]);
  });

  test.each([
    ['kept by hand', slice('labels: {kubernetes.io/service-name: web}'), 'web'],
    ['of a Service without selector', slice(owner('manual')), undefined],
    ['of a Service that is not in the input', slice(owner('gone')), undefined],
    ['kept by another', slice('labels: {endpointslice.kubernetes.io/managed-by: me}'), undefined],
    ['of no Service, in the old form', endpoints('name: manual, namespace: shop'), 'manual'],
  ])('%s are read', (_, text, service) => {
    const { entrances, notModelled } = read(documents(services, text)).cluster;
    expect(entrances.endpointSlices).toMatchObject([{ namespace: 'shop', service }]);
    expect(notModelled).toEqual([]);
  });
});

describe('kinds that make pods and are not read', () => {
  const rollout = (
    name = 'web',
    rest = 'spec: {replicas: 2, template: {metadata: {labels: {app: w}}}}',
  ): string =>
    `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: ${name}, namespace: shop}, ${rest}}`;
  const containers = 'template: {spec: {containers: [{name: c}]}}';
  const hint = 'add the running pods (kubectl get pods -A -o yaml)';

  test.each([
    ['argoproj.io/v1alpha1', 'Rollout', ''],
    ['apps.openshift.io/v1', 'DeploymentConfig', ''],
    ['serving.knative.dev/v1', 'Service', ''],
    ['apps.kruise.io/v1alpha1', 'CloneSet', ''],
    ['apps.kruise.io/v1beta1', 'StatefulSet', ''],
    ['apps.kruise.io/v1alpha1', 'DaemonSet', ''],
    ['example.com/v1', 'Machine', containers],
    ['example.com/v1', '__proto__', containers],
  ])('%s %s', (apiVersion, kind, spec) => {
    const { cluster, diagnostics } = read(other(apiVersion, kind, 'name: x, namespace: shop', spec));
    expect(diagnostics).toMatchObject([
      {
        code: 'workload-not-modelled',
        severity: 'warning',
        line: 1,
        column: 1,
        message: `The ${kind} shop/x makes pods, and podwall does not read this kind: without them in the input, the answer lacks its pods`,
        hint,
        object: { apiVersion, kind, namespace: 'shop', name: 'x' },
      },
    ]);
    expect(cluster.workloads).toEqual([]);
  });

  test('are told once for each kind', () => {
    const { diagnostics } = read(documents(...['a', 'b', 'c', 'd', 'e'].map((name) => rollout(name))));
    expect(diagnostics.map(({ message }) => message)).toEqual([
      '5 objects of kind Rollout make pods, and podwall does not read this kind: without them in the input, the answer lacks the pods of shop/a, shop/b, shop/c and 2 more',
    ]);
  });

  test.each([
    [
      'when the input has a pod of it',
      documents(rollout(), pod('w', `namespace: shop, ${ownedBy('Rollout', 'web', 'argoproj.io/v1alpha1')}`)),
    ],
    [
      'when the input has the controller between',
      documents(
        rollout(),
        `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: shop, uid: u, ${ownedBy('Rollout', 'web', 'argoproj.io/v1beta1')}}, spec: {template: {}}}`,
      ),
    ],
    [
      'when a pod has the label of Knative',
      documents(
        other('serving.knative.dev/v1', 'Service', 'name: web, namespace: shop'),
        other('serving.knative.dev/v1', 'Revision', 'name: web-1, namespace: shop'),
        pod(
          'w',
          'namespace: shop, labels: {serving.knative.dev/service: web, serving.knative.dev/revision: web-1}',
        ),
      ),
    ],
    ['without replicas', rollout('web', 'spec: {replicas: 0}')],
    [
      'when the run is over',
      '{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: w}, spec: {}, status: {finishedAt: "2026-01-01T00:00:00Z"}}',
    ],
    [
      'that have no template for pods',
      other('karpenter.sh/v1', 'NodePool', 'name: x', 'template: {spec: {taints: []}}'),
    ],
    [
      'of Kubernetes itself',
      '{apiVersion: v1, kind: PodTemplate, metadata: {name: x}, template: {spec: {containers: []}}}',
    ],
  ])('are not told %s', (_, text) => {
    expect(read(text).diagnostics).toEqual([]);
  });

  test('are told when only another of that name has pods', () => {
    const owner = ownedBy('Rollout', 'web', 'argoproj.io/v1alpha1');
    const elsewhere = documents(rollout(), pod('w', `namespace: bank, ${owner}`));
    expect(read(elsewhere).diagnostics).toMatchObject([{ code: 'workload-not-modelled' }]);
  });
});

test('kinds are known by their group, never by kind alone (corner 69)', () => {
  const text = documents(
    other('serving.knative.dev/v1', 'Service', 'name: x', 'replicas: 0'),
    other('apps.kruise.io/v1alpha1', 'StatefulSet', 'name: x', 'replicas: 0'),
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
