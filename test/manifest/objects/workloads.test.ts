import { describe, expect, test } from 'vitest';
import { documents, onlyPod, ownedBy, pod, read, told, workloads } from './read.ts';

const template = '{metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}';

function controller(kind: string, name: string, spec = '', metadata = '', apiVersion = 'apps/v1'): string {
  return `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: ${name}${metadata === '' ? '' : `, ${metadata}`}}, spec: {template: ${template}${spec === '' ? '' : `, ${spec}`}}}`;
}

describe('the workload of a pod', () => {
  test('is the pod itself without owner, and when a Node owns it', () => {
    const text = documents(pod('a'), pod('b', ownedBy('Node', 'n1', 'v1')));
    expect(workloads(read(text))).toEqual({
      'default/Pod/a': ['default/Pod/a'],
      'default/Pod/b': ['default/Pod/b'],
    });
  });

  test('is an owner that is not in the input, one for all of its pods', () => {
    const owner = ownedBy('ReplicaSet', 'web-5d8f');
    expect(workloads(read(documents(pod('a', owner), pod('b', owner))))).toEqual({
      'default/ReplicaSet/web-5d8f': ['default/Pod/a', 'default/Pod/b'],
    });
  });

  test('is not guessed above an owner that is not in the input', () => {
    const text = documents(pod('a', ownedBy('ReplicaSet', 'web-5d8f')), controller('Deployment', 'web'));
    expect(Object.keys(workloads(read(text)))).toEqual([
      'default/Deployment/web',
      'default/ReplicaSet/web-5d8f',
    ]);
  });

  test('is the Deployment when the ReplicaSet is in the input, and so for a Job of a CronJob', () => {
    const text = documents(
      pod('a', ownedBy('ReplicaSet', 'web-5d8f')),
      controller('ReplicaSet', 'web-5d8f', '', ownedBy('Deployment', 'web')),
      controller('ReplicaSet', 'web-old', 'replicas: 0', ownedBy('Deployment', 'web')),
      controller('Deployment', 'web', 'replicas: 3'),
      pod('b', ownedBy('Job', 'night-1', 'batch/v1')),
      controller('Job', 'night-1', '', ownedBy('CronJob', 'night', 'batch/v1'), 'batch/v1'),
    );
    expect(workloads(read(text))).toEqual({
      'default/Deployment/web': ['default/Pod/a'],
      'default/CronJob/night': ['default/Pod/b'],
    });
  });

  test('is the owner with controller: true, else the first', () => {
    const owners = (controls: string): string =>
      `ownerReferences: [{kind: Foo, name: x, apiVersion: x.io/v1, uid: u}, {kind: Bar, name: z, apiVersion: x.io/v1, uid: u${controls}}]`;
    expect(Object.keys(workloads(read(pod('a', owners(', controller: true')))))).toEqual(['default/Bar/z']);
    expect(Object.keys(workloads(read(pod('a', owners('')))))).toEqual(['default/Foo/x']);
  });

  test('is not guessed when the reference is no text', () => {
    const { cluster, diagnostics } = read(pod('a', ownedBy('Foo', 'y', 'x.io/v1')));
    expect(diagnostics).toMatchObject([{ code: 'value-not-text', path: 'metadata.ownerReferences[0].name' }]);
    expect(cluster.workloads).toEqual([]);
  });

  test('names the group where another group has a kind of that name (corner 69)', () => {
    const text = documents(
      controller('StatefulSet', 'web', 'replicas: 1'),
      pod('a', ownedBy('StatefulSet', 'web', 'apps.kruise.io/v1')),
    );
    expect(workloads(read(text))).toEqual({
      'default/StatefulSet/web': ['default/Pod/web-0'],
      'default/StatefulSet.apps.kruise.io/web': ['default/Pod/a'],
    });
  });

  test('survives owners in a circle', () => {
    const text = documents(
      controller('ReplicaSet', 'a', '', ownedBy('ReplicaSet', 'b')),
      controller('ReplicaSet', 'b', '', ownedBy('ReplicaSet', 'a')),
      pod('p', ownedBy('ReplicaSet', 'a')),
    );
    expect(read(text).cluster.pods.map(({ id }) => id)).toContain('default/Pod/p');
  });
});

describe('the pods of a template', () => {
  test('are as many as it asks for', () => {
    const job = 'batch/v1';
    const text = documents(
      controller('Deployment', 'one'),
      controller('Deployment', 'three', 'replicas: 3'),
      controller('Deployment', 'none', 'replicas: 0'),
      controller('DaemonSet', 'agent'),
      controller('Job', 'batch', 'parallelism: 4', '', job),
      `{apiVersion: batch/v1, kind: CronJob, metadata: {name: cron}, spec: {jobTemplate: {spec: {template: ${template}, parallelism: 5}}}}`,
    );
    expect(workloads(read(text))).toEqual({
      'default/Deployment/one': ['default/Deployment/one'],
      'default/Deployment/three': ['default/Deployment/three x3'],
      'default/Deployment/none': [],
      'default/DaemonSet/agent': ['default/DaemonSet/agent'],
      'default/Job/batch': ['default/Job/batch x4'],
      'default/CronJob/cron': ['default/CronJob/cron'],
    });
  });

  test('run on every node of the input for a DaemonSet', () => {
    const node = (name: string): string => `{apiVersion: v1, kind: Node, metadata: {name: ${name}}}`;
    expect(workloads(read(documents(controller('DaemonSet', 'agent'), node('a'), node('b'))))).toEqual({
      'default/DaemonSet/agent': ['default/DaemonSet/agent x2'],
    });
  });

  test('give way to live pods, and not to finished ones', () => {
    const live = documents(
      controller('StatefulSet', 'db', 'replicas: 3'),
      pod('db-0', ownedBy('StatefulSet', 'db')),
    );
    expect(workloads(read(live))).toEqual({ 'default/StatefulSet/db': ['default/Pod/db-0'] });
    const finished = documents(
      controller('Job', 'once', '', '', 'batch/v1'),
      pod('once-x', ownedBy('Job', 'once', 'batch/v1'), 'status: {phase: Succeeded}'),
    );
    expect(workloads(read(finished))).toEqual({ 'default/Job/once': ['default/Job/once'] });
  });

  test('are none when the Job has ended', () => {
    const text = `{apiVersion: batch/v1, kind: Job, metadata: {name: once}, spec: {template: ${template}}, status: {conditions: [{type: Complete, status: "True"}]}}`;
    expect(workloads(read(text))).toEqual({ 'default/Job/once': [] });
  });

  test('of a StatefulSet have names, and the labels that follow from them (corner 23)', () => {
    const { cluster } = read(controller('StatefulSet', 'db', 'replicas: 2, ordinals: {start: 5}'));
    expect(cluster.pods.map(({ id, name }) => [id, name])).toEqual([
      ['default/Pod/db-5', 'db-5'],
      ['default/Pod/db-6', 'db-6'],
    ]);
    expect(Object.fromEntries(cluster.pods[1]?.labels ?? [])).toEqual({
      app: 'web',
      'statefulset.kubernetes.io/pod-name': 'db-6',
      'apps.kubernetes.io/pod-index': '6',
    });
  });

  test('of a StatefulSet with more than 1,000 replicas are one entry', () => {
    const result = read(
      controller('StatefulSet', 'db', 'replicas: 2147483647, selector: {matchLabels: {app: web}}'),
    );
    expect(workloads(result)).toEqual({ 'default/StatefulSet/db': ['default/StatefulSet/db x2147483647'] });
    expect(onlyPod(result).undecided.get('statefulset.kubernetes.io/pod-name')).toBe('present');
    expect(told(result.diagnostics)).toEqual(['replicas-not-named note 1:158']);
  });

  test('have the labels of the template, not those of the workload (corner 24)', () => {
    const labels = onlyPod(read(controller('Deployment', 'web', '', 'labels: {app: other}'))).labels;
    expect([...labels]).toEqual([['app', 'web']]);
  });
});

describe('labels that files cannot tell (corner 23)', () => {
  const zones = { 'topology.kubernetes.io/zone': 'maybe', 'topology.kubernetes.io/region': 'maybe' };

  test.each([
    ['Deployment', 'apps/v1', { 'pod-template-hash': 'present' }],
    ['ReplicaSet', 'apps/v1', {}],
    ['StatefulSet', 'apps/v1', { 'controller-revision-hash': 'present' }],
    ['DaemonSet', 'apps/v1', { 'controller-revision-hash': 'present', 'pod-template-generation': 'present' }],
    ['Job', 'batch/v1', { 'controller-uid': 'present', 'batch.kubernetes.io/controller-uid': 'present' }],
    ['ReplicationController', 'v1', {}],
  ])('%s', (kind, apiVersion, keys) => {
    const text = controller(kind, 'web', '', '', apiVersion);
    expect(Object.fromEntries(onlyPod(read(text)).undecided)).toEqual({ ...keys, ...zones });
    expect(Object.fromEntries(onlyPod(read(text, { kubernetesVersion: 'v1.34.4' })).undecided)).toEqual(keys);
    expect(Object.fromEntries(onlyPod(read(text, { kubernetesVersion: '1.35' })).undecided)).toEqual({
      ...keys,
      ...zones,
    });
  });

  test('the name of a Job is known, that of the Jobs of a CronJob is not', () => {
    const job = onlyPod(read(controller('Job', 'once', 'completionMode: Indexed', '', 'batch/v1')));
    expect(job.labels.get('job-name')).toBe('once');
    expect(job.labels.get('batch.kubernetes.io/job-name')).toBe('once');
    expect(job.undecided.get('batch.kubernetes.io/job-completion-index')).toBe('present');
    const cron = onlyPod(
      read(
        `{apiVersion: batch/v1, kind: CronJob, metadata: {name: cron}, spec: {jobTemplate: {spec: {template: ${template}}}}}`,
      ),
    );
    expect(cron.labels.has('job-name')).toBe(false);
    expect(cron.undecided.get('job-name')).toBe('present');
  });

  test('a zone in the template is there for certain, with a value that the node decides', () => {
    const text =
      '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {metadata: {labels: {topology.kubernetes.io/zone: a}}}}}';
    const web = onlyPod(read(text));
    expect(web.labels.has('topology.kubernetes.io/zone')).toBe(false);
    expect(web.undecided.get('topology.kubernetes.io/zone')).toBe('present');
  });

  test('a pod on a node has its labels', () => {
    expect(onlyPod(read(pod('a', '', 'spec: {nodeName: n1}'))).undecided.size).toBe(0);
    expect(Object.fromEntries(onlyPod(read(pod('a'))).undecided)).toEqual(zones);
  });
});

describe('finished pods (corner 46)', () => {
  test('are set apart, with a workload that has nothing else', () => {
    const { cluster } = read(
      documents(pod('done', '', 'status: {phase: Succeeded}'), pod('bad', '', 'status: {phase: Failed}')),
    );
    expect(cluster.workloads).toEqual([]);
    expect(cluster.pods).toEqual([]);
    expect(cluster.finishedPods.map(({ id }) => id)).toEqual(['default/Pod/done', 'default/Pod/bad']);
    expect(cluster.finishedWorkloads.map(({ id }) => id)).toEqual(['default/Pod/done', 'default/Pod/bad']);
  });

  test('are neither the pending nor the terminating', () => {
    const { cluster } = read(
      documents(
        pod('pending', '', 'status: {phase: Pending, podIP: 10.0.0.1}'),
        pod('going', 'deletionTimestamp: "2026-01-01T00:00:00Z"', 'status: {phase: Running}'),
      ),
    );
    expect(cluster.pods.map(({ id }) => id)).toEqual(['default/Pod/pending', 'default/Pod/going']);
  });
});

describe('the selector of a workload', () => {
  const hintOfLabels = 'make the labels of spec.template.metadata and spec.selector the same';

  test.each(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'])('of %s is required', (kind) => {
    for (const spec of ['', 'selector: null', 'selector: {}', 'selector: {matchLabels: {}}']) {
      const result = read(controller(kind, 'web', spec));
      expect(result.diagnostics).toMatchObject([
        {
          code: 'selector-mismatch',
          severity: 'warning',
          message: `This ${kind} has no selector for its pods, and every API server refuses the ${kind} without one`,
        },
      ]);
      expect(result.cluster.pods.length).toBe(1);
    }
  });

  test.each([
    ['matchLabels: {app: api}', 'spec.selector.matchLabels.app', 'app=web'],
    ['matchLabels: {app: web, tier: a}', 'spec.selector.matchLabels.tier', 'no tier'],
    [
      'matchExpressions: [{key: app, operator: DoesNotExist}]',
      'spec.selector.matchExpressions[0]',
      'app=web',
    ],
  ])('%s does not match the template', (selector, path, there) => {
    const result = read(controller('Deployment', 'web', `selector: {${selector}}`));
    expect(result.diagnostics).toMatchObject([
      {
        code: 'selector-mismatch',
        severity: 'warning',
        path,
        message: `The selector does not match the labels of the template (${there}): every API server refuses the Deployment`,
        hint: hintOfLabels,
      },
    ]);
    // Policies see the labels of the template, so the pods are there all the same.
    expect(result.cluster.pods.map(({ labels }) => labels.get('app'))).toEqual(['web']);
  });

  test.each([
    ['{app: 1}', 'value-not-text'],
    ['{app: "a b"}', 'label-value-invalid'],
    ['{"a b": web}', 'label-key-invalid'],
    ['[]', 'wrong-type'],
  ])('with matchLabels: %s is refused', (labels, code) => {
    const result = read(controller('Deployment', 'web', `selector: {matchLabels: ${labels}}`));
    expect(result.diagnostics[0]).toMatchObject({ code, severity: 'error' });
    expect(result.cluster.workloads).toEqual([]);
  });

  test('that is no mapping is refused', () => {
    const { diagnostics } = read(controller('Deployment', 'web', 'selector: []'));
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([['wrong-type', 'error']]);
  });

  test.each([
    ['matches', controller('Deployment', 'web', 'selector: {matchLabels: {app: web}}')],
    [
      'matches by expression',
      controller('Deployment', 'web', 'selector: {matchExpressions: [{key: app, operator: Exists}]}'),
    ],
    ['of a stored object is not judged', controller('Deployment', 'web', '', 'uid: u')],
    ['of a Job is the server’s', controller('Job', 'web', '', '', 'batch/v1')],
    ['of a ReplicationController has a default', controller('ReplicationController', 'web', '', '', 'v1')],
  ])('%s', (_, text) => {
    expect(read(text).diagnostics).toEqual([]);
  });
});
