import { describe, expect, test } from 'vitest';
import { diagnosticCodes, readObjects } from '../../../src/manifest/index.ts';
import { objectCodes } from '../../../src/manifest/objects/index.ts';
import { documents, pod, read, told } from './read.ts';

const service = (spec: string): string =>
  `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ${spec}}}`;
const container = (ports: string): string =>
  pod('a', '', `spec: {containers: [{name: c, ports: [${ports}]}]}`);
const policy = (spec: string): string =>
  `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {podSelector: {}, ${spec}}}`;
const nested = (depth: number, mark: string): string =>
  depth === 0
    ? pod('deep')
    : `{apiVersion: v1, kind: List, items: ${depth === 1 ? mark : ''}[${nested(depth - 1, mark)}]}`;

/** What a workload of apps/v1 needs. */
const selecting = 'selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}';

/** One case for each code: its severity, and the input with » before the place that is told. */
const cases: Readonly<Record<string, readonly [severity: string, text: string]>> = {
  'address-invalid': ['warning', pod('a', '', 'status: {podIP: »10.0.0.999}')],
  'api-version-missing': ['error', '»kind: NetworkPolicy\nmetadata: {name: a}\nspec: {}'],
  'duplicate-key': [
    'warning',
    'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels: {a: b}\n  labels: »{c: d}',
  ],
  'kind-missing': ['error', documents(pod('a'), '»metadata: {name: b}\nspec: {}')],
  'kind-not-served': ['error', 'apiVersion: »extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}'],
  'label-key-invalid': ['error', pod('a', 'labels: {my app: »b}')],
  'label-value-invalid': ['error', pod('a', 'labels: {app: »my web}')],
  'list-too-deep': ['error', nested(17, '»')],
  'name-invalid': ['error', pod('»A_b')],
  'name-missing': ['error', '{apiVersion: v1, kind: Pod, metadata: »{}}'],
  'namespace-assumed': [
    'note',
    policy('ingress: [{from: [»{namespaceSelector: {matchLabels: {team: a}}}]}]'),
  ],
  'namespace-ignored': ['warning', '{apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: »b}}'],
  'namespace-invalid': ['error', pod('a', 'namespace: »B_c')],
  'namespace-name-label': [
    'warning',
    '{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {kubernetes.io/metadata.name: »b}}}',
  ],
  'no-objects': ['error', '»replicas: 3'],
  'object-twice': ['warning', documents(pod('a'), `»${pod('a')}`)],
  'pod-name-taken': [
    'warning',
    documents(
      pod('db-0', '', 'spec: {nodeName: n1}'),
      `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: »db}, spec: {${selecting}}}`,
    ),
  ],
  'pods-without-address': [
    'note',
    documents(pod('a'), policy('ingress: [{from: [»{ipBlock: {cidr: 10.0.0.0/8}}]}]')),
  ],
  'port-missing': ['error', container('»{name: http}')],
  'port-name-invalid': ['error', container('{name: »HTTP, containerPort: 1}')],
  'port-name-twice': ['error', container('{name: a, containerPort: 1}, {name: »a, containerPort: 2}')],
  'port-out-of-range': ['error', service('ports: [{port: »70000}]')],
  'port-quoted': ['error', service('ports: [{port: 80, targetPort: »"8080"}]')],
  'protocol-unknown': ['error', container('{containerPort: 1, protocol: »tcp}')],
  'replicas-negative': [
    'error',
    `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: »-1, ${selecting}}}`,
  ],
  'replicas-not-named': [
    'note',
    `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {replicas: »1001, ${selecting}}}`,
  ],
  'selector-mismatch': [
    'warning',
    '{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {a: »c}}, template: {metadata: {labels: {a: b}}}}}',
  ],
  'service-port-twice': ['error', service('ports: [{name: a, port: 80}, {name: »a, port: 81}]')],
  'service-port-unnamed': ['warning', service('ports: [{name: a, port: 80}, »{port: 81}]')],
  'service-type-unknown': ['error', service('type: »Clusterip')],
  'service-without-selector': ['note', '{apiVersion: v1, kind: Service, metadata: {name: a}, spec: »{}}'],
  'source-range-invalid': ['error', service('type: LoadBalancer, loadBalancerSourceRanges: [»192.0.2.1]')],
  'template-missing': [
    'error',
    '{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: »{replicas: 1}}',
  ],
  'value-not-text': ['error', pod('a', 'labels: {version: »1.10}')],
  'workload-not-modelled': [
    'warning',
    '»{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: shop}, spec: {}}',
  ],
  'wrong-type': ['error', pod('a', 'labels: »[a]')],
};

/** The text without the mark, and where it stood. */
function marked(text: string): { readonly text: string; readonly place: string } {
  const before = text.slice(0, text.indexOf('»')).split('\n');
  return { text: text.replace('»', ''), place: `${before.length}:${(before.at(-1) ?? '').length + 1}` };
}

describe('each code', () => {
  test('has a case, and each case a code', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(objectCodes).sort());
  });

  test.each(Object.entries(cases))('%s', (code, [severity, text]) => {
    const { text: input, place } = marked(text);
    const { diagnostics } = read(input);
    expect(told(diagnostics)).toEqual([`${code} ${severity} ${place}`]);
    for (const { message, hint } of diagnostics) {
      expect(message).not.toMatch(/undefined|\[object/);
      expect(hint ?? 'x').not.toBe('');
    }
    expect(diagnosticCodes.get(code)?.title).toMatch(/\.$/);
  });
});

test('what a server has stored is told as a warning, and counts', () => {
  const text = pod('a', 'uid: u, labels: {my app: b}');
  const result = read(text);
  expect(told(result.diagnostics)).toEqual(['label-key-invalid warning 1:74']);
  expect(result.cluster.pods.map(({ labels }) => [...labels])).toEqual([[['my app', 'b']]]);
  expect(read(pod('a', 'labels: {my app: b}')).cluster.pods).toEqual([]);
});

describe('text without quotes', () => {
  test.each([
    ['a Pod', pod('y'), 'name is text, and without quotes this is the truth value true', 'write "y"'],
    [
      'a Namespace',
      '{apiVersion: v1, kind: Namespace, metadata: {name: 0x1F}}',
      'name is text, and without quotes this is the number 31',
      'write "0x1F"',
    ],
    [
      'a label of a template',
      '{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b, version: 1.10}}}}}',
      'version is text, and without quotes this is the number 1.1',
      'write "1.10"',
    ],
    [
      'a namespace',
      pod('a', 'namespace: on'),
      'namespace is text, and without quotes this is the truth value true',
      'write "on"',
    ],
    [
      'a selector of a Service',
      service('selector: {app: no}').replace('selector: {app: web}, ', ''),
      'app is text, and without quotes this is the truth value false',
      'write "no"',
    ],
  ])('of %s is told as it was written', (_, text, message, hint) => {
    const { diagnostics } = read(text);
    expect(diagnostics).toMatchObject([{ code: 'value-not-text', severity: 'error', hint }]);
    expect(diagnostics[0]?.message).toContain(`${message}.`);
    expect(diagnostics[0]?.value).toBe(/"(.*)"/.exec(hint)?.[1]);
  });

  test('has no text to quote when the object is in memory', () => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: true } };
    expect(readObjects([object]).diagnostics).toMatchObject([
      { code: 'value-not-text', hint: 'put the value between quotes', value: 'true' },
    ]);
  });
});

describe('a number of 32 bits', () => {
  test.each([
    ['"3"', 'write the number without quotes', '3'],
    ['9999999999999999999', 'the largest number that fits is 2147483647', '10000000000000000000'],
    ['2147483648', 'the largest number that fits is 2147483647', '2147483648'],
    ['1.5', 'write a whole number', '1.5'],
    ['many', undefined, 'many'],
    ['[1]', undefined, undefined],
  ])('is not %s, and what helps fits that', (replicas, hint, value) => {
    const text = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: ${replicas}, ${selecting}}}`;
    const [diagnostic, ...others] = read(text).diagnostics;
    expect(others).toEqual([]);
    expect(diagnostic).toMatchObject({ code: 'wrong-type', path: 'spec.replicas' });
    expect([diagnostic?.hint, diagnostic?.value]).toEqual([hint, value]);
  });
});

describe('what is refused', () => {
  const workload = (apiVersion: string, kind: string): string =>
    `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: a, namespace: shop}, spec: {replicas: -1, ${selecting}}}`;

  test.each([
    [pod('a', 'namespace: shop, labels: {a: 1}'), 'The Pod shop/a was left out.'],
    [pod('y'), 'The Pod was left out.'],
    ['{apiVersion: v1, kind: Pod, metadata: {generateName: a-, labels: {a: 1}}}', 'The Pod was left out.'],
    [
      workload('apps/v1', 'Deployment'),
      'The Deployment shop/a was left out, with the pods that its template would make.',
    ],
    [
      workload('v1', 'ReplicationController'),
      'The ReplicationController shop/a was left out, with the pods that its template would make.',
    ],
    [service('ports: [{port: 0}]'), 'The Service default/web was left out.'],
    [
      '{apiVersion: v1, kind: Namespace, metadata: {name: A}}',
      'The Namespace A was left out, and its labels with it.',
    ],
    [
      '{apiVersion: v1, kind: Node, metadata: {name: n_1}}',
      'The Node n_1 was left out, and its labels and addresses with it.',
    ],
    [
      '{apiVersion: extensions/v1beta1, kind: NetworkPolicy, metadata: {name: p}}',
      'The NetworkPolicy default/p was left out.',
    ],
  ])('says so: %s', (text, sentence) => {
    expect(read(text).diagnostics[0]?.message.endsWith(` ${sentence}`)).toBe(true);
  });

  test('says so once', () => {
    const messages = read(pod('A_b', 'labels: {a: 1, b: 2}')).diagnostics.map(({ message }) => message);
    expect(messages.map((message) => message.includes('was left out'))).toEqual([true, false, false]);
  });

  test('is not told of what a server has stored', () => {
    expect(read(pod('a', 'uid: u, labels: {a: 1}')).diagnostics[0]?.message).not.toContain('left out');
  });
});

test('two ports of a Service may share a number, but not with the protocol', () => {
  const one = (protocol: string): string =>
    service(`ports: [{name: a, port: 53}, {name: b, protocol: ${protocol}, port: 53}]`);
  expect(read(one('UDP')).diagnostics.map(({ code }) => code)).not.toContain('service-port-twice');
  expect(read(one('TCP')).diagnostics.map(({ code }) => code)).toContain('service-port-twice');
});
