import { describe, expect, test } from 'vitest';
import { emptyCluster, readManifests, readObjects } from '../../src/manifest/index.ts';
import { documents, ownedBy, pod, read, told } from './objects/read.ts';

const policy = (name: string, spec: string): string =>
  `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: ${name}, namespace: shop}, spec: {${spec}}}`;

describe('a text without Kubernetes objects', () => {
  const of = (file: string, text: string, direct: boolean): string[] =>
    readManifests([{ file, text, direct }]).diagnostics.map(
      ({ code, severity, message }) => `${severity} ${code} ${message}`,
    );

  test.each([
    ['values.yaml', 'replicas: 3', 'This part of a Helm chart'],
    ['chart/Chart.yaml', 'apiVersion: v2\nname: web', 'This part of a Helm chart'],
    ['kustomization.yaml', 'resources: [a.yaml]', 'This kustomization'],
    ['x.yaml', 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization', 'This kustomization'],
    ['empty.yaml', '# nothing', 'This text'],
    ['list.json', '[1]', 'This list'],
  ])('%s is a note in a folder, and an error when it is named', (file, text, what) => {
    const message = `no-objects ${what} holds no Kubernetes object`;
    expect(of(file, text, false)).toEqual([`note ${message}`]);
    expect(of(file, text, true)).toEqual([`error ${message}`]);
  });

  test('is not told when it could not be read at all', () => {
    expect(of('a.yaml', 'a: [', true).map((line) => line.split(' ')[1])).not.toContain('no-objects');
  });
});

test('of two objects with one name the last counts, and both places are told', () => {
  const sources = ['a.yaml', 'b.yaml'].map((file, i) => ({
    file,
    text: pod('web', `labels: {from: f${i}}`),
  }));
  const { cluster, diagnostics } = readManifests(sources);
  expect(cluster.pods.map(({ labels }) => labels.get('from'))).toEqual(['f1']);
  expect(diagnostics).toMatchObject([{ code: 'object-twice', file: 'b.yaml' }]);
  expect(diagnostics[0]?.message).toContain('a.yaml:1:1');
});

test('a refused object replaces none', () => {
  const { cluster } = read(documents(pod('web', 'labels: {a: b}'), pod('web', 'labels: {a: "?"}')));
  expect(cluster.pods.map(({ labels }) => labels.get('a'))).toEqual(['b']);
});

describe('corrected lines', () => {
  /** A rule left of its key, which can be put in place. */
  const broken = (port: string): string =>
    `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: p
spec:
  podSelector: {}
  ingress:
- ports:
  - ${port}
`;

  test('are offered for what every server takes', () => {
    const [problem] = read(broken('port: 80')).diagnostics;
    expect(problem?.suggestion).toEqual(['  ingress:', '    - ports:', '        - port: 80']);
  });

  test.each([
    ['an error', 'port: 80000'],
    ['an unknown field', 'prot: 80'],
    ['a wrong type', 'protocol: 1'],
  ])('are not offered with %s in them', (_, port) => {
    const { diagnostics } = read(broken(port));
    expect(diagnostics.map(({ code }) => code)).toEqual(['yaml-syntax']);
    expect(diagnostics[0]?.suggestion).toBeUndefined();
  });

  test('are judged in lists, too', () => {
    const list = (port: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicyList
items:
- metadata: {name: p}
  spec:
    podSelector: {}
    ingress:
    - ports:
\t    - port: ${port}
`;
    expect(read(list('80')).diagnostics[0]?.suggestion).toBeDefined();
    expect(read(list('80000')).diagnostics[0]).toMatchObject({ code: 'yaml-tab' });
    expect(read(list('80000')).diagnostics[0]?.suggestion).toBeUndefined();
  });
});

test('a refused policy names whom it would have selected', () => {
  const text = documents(
    pod('web', 'namespace: shop, labels: {app: web}'),
    pod('db', 'namespace: shop'),
    policy('p', 'podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 0}]}]'),
  );
  const { cluster, diagnostics } = read(text);
  expect(cluster.policies).toEqual([]);
  expect(diagnostics.map(({ severity }) => severity)).toEqual(['error']);
  expect(diagnostics[0]?.message).toMatch(/would select 1 workload: shop\/Pod\/web\.$/);
});

test('namespaces that are only mentioned have their name label, and declared ones get it (corner 22)', () => {
  const text = documents(
    '{apiVersion: v1, kind: Namespace, metadata: {name: bank, labels: {team: a, kubernetes.io/metadata.name: x}}}',
    pod('a', 'namespace: shop'),
  );
  const { namespaces } = read(text).cluster;
  expect([...namespaces.values()].map(({ name, labels }) => [name, Object.fromEntries(labels)])).toEqual([
    ['bank', { team: 'a', 'kubernetes.io/metadata.name': 'bank' }],
    ['shop', { 'kubernetes.io/metadata.name': 'shop' }],
  ]);
});

test('assumed labels of namespaces are told only where a policy asks for them', () => {
  const from = (labels: string): string =>
    policy('p', `podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {${labels}}}}]}]`);
  expect(told(read(from('kubernetes.io/metadata.name: shop')).diagnostics)).toEqual([]);
  const [note] = read(documents(from('team: a'), pod('a', 'namespace: bank'))).diagnostics;
  expect(note).toMatchObject({ code: 'namespace-assumed', severity: 'note' });
  expect(note?.message).toContain('2 namespaces are not in the input: bank and shop.');
});

test('a Service is read with its defaults (corner 49)', () => {
  const text =
    '{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: web}, ports: [{port: 80}, {name: m, port: 81, targetPort: metrics, protocol: UDP}]}}';
  expect(read(text).cluster.services).toMatchObject([
    {
      namespace: 'shop',
      name: 'web',
      type: 'ClusterIP',
      selector: { requirements: [{ key: 'app', operator: 'In', values: ['web'], written: 'matchLabels' }] },
      ports: [
        { name: undefined, protocol: 'TCP', port: 80, targetPort: 80 },
        { name: 'm', protocol: 'UDP', port: 81, targetPort: 'metrics' },
      ],
      clusterIPs: [],
      headless: true,
      publishNotReadyAddresses: true,
    },
  ]);
});

test('the families of a Service are read as servers default them, and others refused', () => {
  const of = (spec: string): readonly unknown[] =>
    read(`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {${spec}}}`).cluster.services.map(
      ({ ipFamilyPolicy, ipFamilies }) => [ipFamilyPolicy, ...ipFamilies],
    );
  expect(of('')).toEqual([['SingleStack']]);
  expect(of('ipFamilies: [IPv6]')).toEqual([['SingleStack', 'IPv6']]);
  expect(of('ipFamilies: [IPv6, IPv4]')).toEqual([['RequireDualStack', 'IPv6', 'IPv4']]);
  expect(of('ipFamilyPolicy: PreferDualStack')).toEqual([['PreferDualStack']]);
  const wrong =
    '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {\n ipFamilyPolicy: Both,\n ipFamilies: [IPv4,\n ipv6,\n IPv4]}}';
  const { cluster, diagnostics } = read(wrong);
  expect(cluster.services).toEqual([]);
  expect(diagnostics.map(({ code, line, value, message }) => [code, line, value, message])).toEqual([
    ['value-unknown', 4, 'ipv6', 'There is no family ipv6. The Service default/web was left out.'],
    ['value-unknown', 5, 'IPv4', 'IPv4 stands twice'],
    ['value-unknown', 2, 'Both', 'ipFamilyPolicy cannot be the text "Both"'],
  ]);
});

describe('objects in memory', () => {
  test('are read as text is, with the place that the caller names', () => {
    const value = {
      apiVersion: 'v1',
      kind: 'PodList',
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'B' } }],
    };
    const { cluster, diagnostics, objects } = readObjects([value], { file: 'dump' });
    expect([objects, cluster.pods.map(({ id }) => id)]).toEqual([2, ['default/Pod/a']]);
    expect(diagnostics).toMatchObject([{ code: 'name-invalid', file: 'dump', line: 1, column: 1 }]);
  });

  test('that are none are told', () => {
    const { cluster, diagnostics } = readObjects([null, 1, {}]);
    expect(diagnostics.map(({ code }) => code)).toEqual(['kind-missing', 'kind-missing', 'kind-missing']);
    expect(cluster).toEqual(emptyCluster);
  });

  test('with nothing of the right type never throw', () => {
    const junk: readonly unknown[] = [null, 1, 'x', true, [], {}, [null], { a: null }];
    const kinds = [
      'Pod',
      'Service',
      'Namespace',
      'Node',
      'Deployment',
      'StatefulSet',
      'Job',
      'CronJob',
      'NetworkPolicy',
      'Ingress',
    ];
    const versions = [
      'v1',
      'apps/v1',
      'batch/v1',
      'networking.k8s.io/v1',
      'policy.networking.k8s.io/v1alpha2',
    ];
    const objects: unknown[] = [];
    for (const kind of [...kinds, 'ClusterNetworkPolicy']) {
      for (const apiVersion of versions) {
        for (const a of junk) {
          objects.push({ apiVersion, kind, metadata: a, spec: a, status: a });
          for (const field of ['labels', 'name', 'ownerReferences', 'namespace']) {
            objects.push({ apiVersion, kind, metadata: { name: 'x', [field]: a } });
          }
          for (const field of [
            'template',
            'containers',
            'ports',
            'selector',
            'replicas',
            'jobTemplate',
            'subject',
          ]) {
            objects.push({ apiVersion, kind, metadata: { name: 'x', uid: 'u' }, spec: { [field]: a } });
          }
        }
      }
    }
    const { diagnostics, cluster } = readObjects(objects);
    expect(diagnostics.length).toBeGreaterThan(100);
    expect(cluster.pods.length).toBeGreaterThan(0);
  });
});

test('many objects that are not modelled, with as many selectors, are bounded work', () => {
  const pods = Array.from({ length: 3000 }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p${i}`, labels: { n: `${i}` } },
  }));
  const rules = Array.from({ length: 20_000 }, (_, i) => ({
    apiVersion: 'k8s.cni.cncf.io/v1beta1',
    kind: 'MultiNetworkPolicy',
    metadata: { name: `c${i}` },
    spec: { podSelector: { matchLabels: { n: `${i % 3000}`, [`k${i}`]: 'v' } } },
  }));
  const { notModelled } = readObjects([...pods, ...rules]).cluster;
  expect(notModelled[0]?.affects).toEqual([]);
  expect(notModelled.at(-1)?.affects).toBe('all');
});

test('a pod and a workload of one name have different ids', () => {
  const text = documents(pod('web', ownedBy('StatefulSet', 'web')), pod('web2'));
  expect(read(text).cluster.workloads.map(({ id }) => id)).toEqual([
    'default/StatefulSet/web',
    'default/Pod/web2',
  ]);
});

test('tells the first thousand of what is no object, and how many more there are', () => {
  const items = [
    ...Array.from({ length: 5_000 }, () => '{}'),
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}',
  ];
  const text = `{"kind":"List","apiVersion":"v1","items":[\n${items.join(',\n')}\n]}`;
  const { diagnostics, cluster } = readManifests([{ file: 'many.json', text }]);
  expect(cluster.pods.map(({ name }) => name)).toEqual(['a']);
  expect(diagnostics.filter(({ code }) => code === 'kind-missing')).toHaveLength(1_000);
  expect(diagnostics.filter(({ code }) => code === 'too-many-errors')).toMatchObject([
    { severity: 'error', message: expect.stringContaining('4,000 more') as string, line: 1_002 },
  ]);
});
