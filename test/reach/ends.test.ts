import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster } from '../../src/model/index.ts';
import { formatAddress } from '../../src/net/index.ts';
import { resolveEnd } from '../../src/reach/index.ts';
import type { End, EndOptions } from '../../src/reach/index.ts';

function clusterOf(text: string): Cluster {
  const { cluster, diagnostics } = readManifests([{ file: 'cluster.yaml', text }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return cluster;
}

/** A container with a named port, for templates and pods. */
const containers = 'containers: [{name: c, image: i, ports: [{name: http, containerPort: 8080}]}]';

const template = (labels: string): string =>
  `template: {metadata: {labels: ${labels}}, spec: {${containers}}}`;

const pod = (namespace: string, name: string, more: string, labels = '{}', owners = '[]'): string => `
apiVersion: v1
kind: Pod
metadata: {namespace: ${namespace}, name: ${name}, labels: ${labels}, ownerReferences: ${owners}}
spec: {${containers}}
status: ${more}
---`;

const workload = (
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
  labels = `{app: ${name}}`,
): string => `
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {namespace: ${namespace}, name: ${name}}
spec: {selector: {matchLabels: ${labels}}, ${template(labels)}}
---`;

const cluster = clusterOf(`
${workload('apps/v1', 'Deployment', 'shop', 'web')}
${workload('apps/v1', 'Deployment', 'shop', 'sync')}
${workload('apps/v1', 'DaemonSet', 'shop', 'sync', '{app: sync, kind: agent}')}
${workload('apps/v1', 'Deployment', 'pay', 'web', '{app: web, tier: front}')}
${workload('apps/v1', 'Deployment', 'ingress', 'nginx')}
${workload('apps/v1', 'Deployment', 'node', 'exporter')}
${workload('apps/v1', 'Deployment', 'default', 'tool')}
${workload('apps/v1', 'Deployment', 'default', 'pay')}
apiVersion: apps/v1
kind: StatefulSet
metadata: {namespace: shop, name: db}
spec: {replicas: 2, serviceName: db, selector: {matchLabels: {app: db}}, ${template('{app: db}')}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: idle}
spec: {replicas: 0, selector: {matchLabels: {app: idle}}, ${template('{app: idle}')}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {namespace: shop, name: cache-7d9}
spec: {selector: {matchLabels: {app: cache}}, ${template('{app: cache}')}}
---
${pod('shop', 'cache-7d9-x1', '{phase: Running, podIP: 10.1.0.7, podIPs: [{ip: 10.1.0.7}, {ip: "fd00::7"}]}', '{app: cache}', '[{apiVersion: apps/v1, kind: ReplicaSet, name: cache-7d9, uid: u2, controller: true}]')}
${pod('shop', 'lone', '{phase: Running, podIP: 10.1.0.8}', '{app: lone}')}
${pod('shop', 'done', '{phase: Succeeded, podIP: 10.1.0.9}', '{app: done}')}
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: host, labels: {app: host}}
spec: {hostNetwork: true, nodeName: n1, ${containers}}
status: {phase: Running, podIP: 192.168.0.1}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: host-2, labels: {app: host}}
spec: {hostNetwork: true, nodeName: n9, ${containers}}
status: {phase: Running, podIP: 192.168.0.9}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}, {type: Hostname, address: n1}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec: {selector: {app: web}, clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: ingress, name: nginx}
spec: {selector: {app: nginx}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: nobody}
spec: {selector: {app: nobody, tier: x}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: manual}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: elsewhere}
spec: {type: ExternalName, externalName: example.org}
---
apiVersion: v1
kind: Namespace
metadata: {name: empty}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {namespace: shop, name: front}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
`);

/** One line: kind, name and members of an end; or what is wrong, the choices in brackets, the hint in parentheses. */
function find(text: string, options: EndOptions = {}, inside = cluster): string {
  const end = resolveEnd(inside, text, options);
  switch (end.kind) {
    case 'pods':
      return `${end.name} = ${end.pods.map(({ id }) => id).join(' ') || 'no pods'}`;
    case 'service':
      return `${end.name} => ${end.pods.map(({ id }) => id).join(' ')}`;
    case 'entry':
      return `${end.name} through ${end.entry.ways.length} ways`;
    case 'nodes':
      return `${end.name} = ${end.nodes.map(({ name }) => name).join(' ')}`;
    case 'outside':
      return `${end.name} = ${end.ranges
        .map(({ family, first, last }) =>
          [first, last].map((value) => formatAddress({ family, value })).join('..'),
        )
        .join(' ')}`;
    case 'problem':
      return `${end.reason}: ${end.message} [${end.choices.join(' ')}]${end.hint === undefined ? '' : ` (${end.hint})`}`;
  }
}

describe('pods and workloads', () => {
  test.each([
    ['shop/web', 'shop/web = shop/Deployment/web'],
    ['shop/deploy/web', 'shop/web = shop/Deployment/web'],
    ['shop/deployment/web', 'shop/web = shop/Deployment/web'],
    ['shop/deployments/web', 'shop/web = shop/Deployment/web'],
    ['shop/Deployment/web', 'shop/web = shop/Deployment/web'],
    ['shop/DEPLOY/web', 'shop/web = shop/Deployment/web'],
    ['shop/deployment.apps/web', 'shop/web = shop/Deployment/web'],
    ['shop/db', 'shop/db = shop/Pod/db-0 shop/Pod/db-1'],
    ['shop/sts/db', 'shop/db = shop/Pod/db-0 shop/Pod/db-1'],
    ['shop/db-1', 'shop/db-1 = shop/Pod/db-1'],
    ['shop/Pod/db-1', 'shop/db-1 = shop/Pod/db-1'],
    ['shop/lone', 'shop/lone = shop/Pod/lone'],
    ['shop/po/lone', 'shop/lone = shop/Pod/lone'],
    ['shop/cache-7d9', 'shop/cache-7d9 = shop/Pod/cache-7d9-x1'],
    ['shop/rs/cache-7d9', 'shop/cache-7d9 = shop/Pod/cache-7d9-x1'],
    ['shop/cache-7d9-x1', 'shop/cache-7d9-x1 = shop/Pod/cache-7d9-x1'],
    ['shop/ds/sync', 'shop/DaemonSet/sync = shop/DaemonSet/sync'],
    ['shop/idle', 'shop/idle = no pods'],
  ])('%s', (text, expected) => {
    expect(find(text)).toBe(expected);
  });

  test('a name that several kinds carry is ambiguous, with the choices', () => {
    expect(find('shop/sync')).toBe(
      'ambiguous: "shop/sync" may be shop/Deployment/sync or shop/DaemonSet/sync [shop/Deployment/sync shop/DaemonSet/sync] (write the one that is meant)',
    );
    const end = resolveEnd(cluster, 'shop/sync');
    for (const choice of end.kind === 'problem' ? end.choices : [])
      expect(resolveEnd(cluster, choice).kind).toBe('pods');
  });

  test('-n completes names that name no namespace, and kinds too', () => {
    expect(find('web', { namespace: 'shop' })).toBe('shop/web = shop/Deployment/web');
    expect(find('deploy/web', { namespace: 'pay' })).toBe('pay/web = pay/Deployment/web');
    expect(find('svc/web', { namespace: 'shop' })).toBe('shop/svc/web => shop/Deployment/web');
    expect(find('pay/web', { namespace: 'shop' })).toBe('pay/web = pay/Deployment/web');
    expect(find('tool')).toBe('default/tool = default/Deployment/tool');
    expect(find('deploy/tool')).toBe('default/tool = default/Deployment/tool');
  });

  test('a bare name may be a namespace', () => {
    expect(find('empty')).toBe('empty/* = no pods');
    expect(find('node/*')).toBe('node = n1 n9');
    expect(find('pay')).toBe(
      'ambiguous: "pay" may be pay/* or default/Deployment/pay [pay/* default/Deployment/pay] (write the one that is meant)',
    );
    expect(find('pay', { namespace: 'shop' })).toBe('pay/* = pay/Deployment/web');
    expect(find('ns/pay')).toBe('pay/* = pay/Deployment/web');
  });

  test('a namespace by *', () => {
    expect(find('pay/*')).toBe('pay/* = pay/Deployment/web');
    expect(find('empty/*')).toBe('empty/* = no pods');
    expect(find('shpo/*')).toBe('unknown: the input has no namespace "shpo" [shop/*]');
    expect(find('shop/w*')).toContain('malformed: "shop/w*" has a * that podwall cannot read');
    expect(find('*')).toContain('malformed: "*" has a * that podwall cannot read');
    expect(find('*/web')).toContain('malformed: "*/web" has a * that podwall cannot read');
  });

  test('finished pods do not count, unless the profile says so (corner 46)', () => {
    expect(find('shop/done')).toBe(
      'empty: shop/done has finished, so it opens no connections and takes none []',
    );
    expect(find('10.1.0.9')).toBe('10.1.0.9 = 10.1.0.9..10.1.0.9');
    expect(find('shop/done', { finished: true })).toBe('shop/done = shop/Pod/done');
    expect(find('10.1.0.9', { finished: true })).toBe('shop/done = shop/Pod/done');
    expect(find('app=done', { finished: true })).toBe('app=done = shop/Pod/done');
  });
});

describe('Services', () => {
  test('are their endpoints (corner 49)', () => {
    expect(find('shop/svc/web')).toBe('shop/svc/web => shop/Deployment/web');
    expect(find('shop/Service/web')).toBe('shop/svc/web => shop/Deployment/web');
    expect(find('shop/services/web')).toBe('shop/svc/web => shop/Deployment/web');
  });

  test('without endpoints say why', () => {
    expect(find('shop/svc/nobody')).toBe(
      'empty: shop/svc/nobody selects app=nobody,tier=x, and no pod of shop has these labels []',
    );
    expect(find('shop/svc/manual')).toContain('empty: shop/svc/manual has no selector');
    expect(find('shop/svc/elsewhere')).toContain('empty: shop/svc/elsewhere is an ExternalName');
  });

  test('are not meant by a name alone, but offered', () => {
    expect(find('shop/nobody')).toBe('unknown: the input has nothing called "shop/nobody" [shop/svc/nobody]');
  });
});

describe('nodes and Ingresses come before anything else', () => {
  test.each([
    ['node', 'node = n1 n9'],
    ['node/n1', 'node/n1 = n1'],
    // Only mentioned by a pod.
    ['node/n9', 'node/n9 = n9'],
    ['no/n1', 'node/n1 = n1'],
    ['nodes/n1', 'node/n1 = n1'],
    ['node/n2', 'unknown: the input has no Node "n2" [node/n1 node/n9]'],
    [
      'node/exporter',
      'unknown: the input has no Node "exporter" [node/Deployment/exporter] (node/exporter is always a Node; of the namespace node write node/Deployment/exporter)',
    ],
    ['node/Deployment/exporter', 'node/exporter = node/Deployment/exporter'],
    ['shop/node/n1', 'malformed: "shop/node/n1": a Node is in no namespace [] (write node/n1)'],
    ['ingress/nginx', 'ingress/nginx = ingress/Deployment/nginx'],
    ['ingress/Deployment/nginx', 'ingress/nginx = ingress/Deployment/nginx'],
    ['ingress/Service/nginx', 'ingress/Service/nginx => ingress/Deployment/nginx'],
  ])('%s', (text, expected) => {
    expect(find(text)).toBe(expected);
  });

  test('an entrance is an end, by its id and by kind', () => {
    expect(find('ingress/shop/front')).toBe('ingress/shop/front through 1 ways');
    expect(find('shop/ing/front')).toBe('ingress/shop/front through 1 ways');
    expect(find('shop/Ingress.networking.k8s.io/front')).toBe('ingress/shop/front through 1 ways');
    expect(find('ingress/shop/frnt')).toBe(
      'unknown: the input has no Ingress "shop/frnt" [ingress/shop/front]',
    );
    expect(find('gateway/shop/front')).toBe('unknown: the input has no Gateway "shop/front" []');
    expect(find('ingress/deploy/nginx')).toBe(
      'unknown: the input has no Ingress "deploy/nginx" [ingress/Deployment/nginx] (ingress/deploy/nginx is always an Ingress; of the namespace ingress write ingress/Deployment/nginx)',
    );
    expect(find('ingress/svc/nginx')).toContain('[ingress/Service/nginx]');
  });

  test('without nodes there is nothing to ask', () => {
    expect(find('node', {}, clusterOf(workload('apps/v1', 'Deployment', 'a', 'b')))).toBe(
      'empty: the input has no Node, and none of its pods names one []',
    );
  });
});

describe('labels', () => {
  test.each([
    ['app=web', 'app=web = shop/Deployment/web pay/Deployment/web'],
    ['app==web', 'app=web = shop/Deployment/web pay/Deployment/web'],
    ['tier=front', 'tier=front = pay/Deployment/web'],
    ['app=wbe', 'unknown: no pod has the label "app=wbe" [app=web]'],
    ['=web', 'malformed: "=web" is no label [] (write key=value, or key= for the pods without the key)'],
    [
      'app!=web',
      'malformed: "app!=web" is no label [] (write key=value, or key= for the pods without the key)',
    ],
    ['app=', 'unknown: every pod has the label app []'],
  ])('%s', (text, expected) => {
    expect(find(text)).toBe(expected);
  });

  test('key= is every pod without the key', () => {
    const end = resolveEnd(cluster, 'tier=');
    const without = cluster.pods.filter((one) => !one.labels.has('tier'));
    expect(end).toEqual({ kind: 'pods', name: 'tier=', pods: without });
  });

  test('-n keeps those of a namespace', () => {
    expect(find('app=web', { namespace: 'pay' })).toBe('app=web in pay = pay/Deployment/web');
    expect(find('app=web', { namespace: 'empty' })).toContain(
      'unknown: no pod has the label "app=web" in empty',
    );
  });
});

describe('addresses', () => {
  test.each([
    ['internet', 'internet = 0.0.0.0..255.255.255.255 ::..ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['10.1.0.7', 'shop/cache-7d9-x1 = shop/Pod/cache-7d9-x1'],
    ['10.1.0.7/32', 'shop/cache-7d9-x1 = shop/Pod/cache-7d9-x1'],
    ['fd00::7', 'shop/cache-7d9-x1 = shop/Pod/cache-7d9-x1'],
    ['fd00:0::7', 'shop/cache-7d9-x1 = shop/Pod/cache-7d9-x1'],
    ['::ffff:10.1.0.7', 'shop/cache-7d9-x1 = shop/Pod/cache-7d9-x1'],
    // A host-network pod has its node's address (corner 44).
    ['192.168.0.1', 'node/n1 = n1'],
    // Its Node is not in the input, so only the pod is known by it.
    ['192.168.0.9', '192.168.0.9 = shop/Pod/host-2'],
    // A cluster IP never reaches a policy (corner 35); as a CIDR it is what an ipBlock writes.
    ['10.96.0.10', 'shop/svc/web => shop/Deployment/web'],
    ['10.96.0.10/32', '10.96.0.10/32 = 10.96.0.10..10.96.0.10'],
    ['8.8.8.8', '8.8.8.8 = 8.8.8.8..8.8.8.8'],
    ['10.0.0.0/8', '10.0.0.0/8 = 10.0.0.0..10.255.255.255'],
    ['10.0.0.5/8', '10.0.0.0/8 = 10.0.0.0..10.255.255.255'],
    ['0.0.0.0/0', '0.0.0.0/0 = 0.0.0.0..255.255.255.255'],
    ['fd00::/8', 'fd00::/8 = fd00::..fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['10.0.0.1-10.0.0.9', '10.0.0.1-10.0.0.9 = 10.0.0.1..10.0.0.9'],
    ['10.0.0.0-10.0.0.255', '10.0.0.0/24 = 10.0.0.0..10.0.0.255'],
    ['fd00::1-fd00::9', 'fd00::1-fd00::9 = fd00::1..fd00::9'],
    // The rest of an ip peer is like its first range in every connection.
    ['10.0.0.0/8+2', '10.0.0.0/8 = 10.0.0.0..10.255.255.255'],
    ['10.0.0.1-10.0.0.9+1', '10.0.0.1-10.0.0.9 = 10.0.0.1..10.0.0.9'],
    ['10.0.0.256', 'malformed: "10.0.0.256" is no address and no CIDR []'],
    ['10.0.0.0/33', 'malformed: "10.0.0.0/33" is no address and no CIDR []'],
    ['010.0.0.1', 'malformed: "010.0.0.1" is no address and no CIDR []'],
    [
      'fd00::/64:443',
      'malformed: "fd00::/64:443" is no address and no CIDR [] (a port behind an IPv6 address needs brackets: [fd00::1]:udp/53)',
    ],
  ])('%s', (text, expected) => {
    expect(find(text)).toBe(expected);
  });

  test.each([
    ['203.0.113.0/23', '203.0.113.0/23 has bits set after its length: asked is 203.0.112.0/23'],
    ['fd00::7/8+1', 'fd00::7/8 has bits set after its length: asked is fd00::/8'],
    ['010.0.0.0/8', '010.0.0.0/8 has leading zeros, read as decimal: asked is 10.0.0.0/8'],
    ['10.0.0.0/08', '10.0.0.0/08 has leading zeros, read as decimal: asked is 10.0.0.0/8'],
    ['::ffff:11.0.0.0/104', '::ffff:11.0.0.0/104 is IPv4 in the spelling of IPv6: asked is 11.0.0.0/8'],
    ['203.0.112.0/23', undefined],
    ['FD00::/8', undefined],
    ['203.0.113.1/32', undefined],
    ['203.0.113.1-203.0.113.9', undefined],
    ['203.0.113.1', undefined],
  ])('%s says what was read otherwise than written', (text, note) => {
    expect(resolveEnd(cluster, text)).toMatchObject({ kind: 'outside' });
    expect((resolveEnd(cluster, text) as End).note).toBe(note);
  });

  test.each([
    ['10.1.0.7', 'pods', 'IPv4'],
    ['10.1.0.7/32', 'pods', 'IPv4'],
    ['fd00::7', 'pods', 'IPv6'],
    ['::ffff:10.1.0.7', 'pods', 'IPv4'],
    ['192.168.0.1', 'nodes', 'IPv4'],
    ['192.168.0.9', 'pods', 'IPv4'],
    ['10.96.0.10', 'service', 'IPv4'],
    ['shop/cache-7d9-x1', 'pods', undefined],
    ['node/n1', 'nodes', undefined],
    ['shop/svc/web', 'service', undefined],
    ['8.8.8.8', 'outside', undefined],
  ])('%s asks about its own family only', (text, kind, family) => {
    const end = resolveEnd(cluster, text);
    expect(end.kind).toBe(kind);
    expect((end as End).family).toBe(family);
  });

  test('one that several pods claim is ambiguous', () => {
    const twice = clusterOf(`
${pod('a', 'p', '{phase: Running, podIP: 10.0.0.1}')}
${pod('a', 'q', '{phase: Running, podIP: 10.0.0.1}')}`);
    expect(find('10.0.0.1', {}, twice)).toBe(
      'ambiguous: "10.0.0.1" is the address of a/Pod/p or a/Pod/q [a/Pod/p a/Pod/q] (write the one that is meant)',
    );
  });
});

describe('what is not there', () => {
  test.each([
    ['shop/wbe', '[shop/web shop/svc/web pay/web]'],
    ['shpo/web', '[shop/web pay/web shop/svc/web] (there is no namespace shpo in the input)'],
    ['web', 'the input has nothing called "web" in namespace default [shop/web pay/web shop/svc/web]'],
    ['shop/cache', '[shop/cache-7d9 shop/cache-7d9-x1]'],
    ['shop/synk', '[shop/Deployment/sync]'],
    ['shop/zzzzzzzz', '[]'],
    [
      'shop/deplyo/web',
      'malformed: "shop/deplyo/web": "deplyo" is no kind of pod, workload or Service [shop/deploy/web]',
    ],
    ['shop/sts/web', 'the input has nothing called "shop/sts/web" [shop/web'],
    ['', 'malformed: an end is empty []'],
    ['shop/', 'malformed: "shop/" has an empty part []'],
    ['/web', 'malformed: "/web" has an empty part []'],
    ['a/b/c/d', 'malformed: "a/b/c/d" has too many parts []'],
    ['__proto__/constructor', 'unknown: the input has nothing called "__proto__/constructor" []'],
    [
      'shop/toString/web',
      'malformed: "shop/toString/web": "toString" is no kind of pod, workload or Service []',
    ],
  ])('%s', (text, expected) => {
    expect(find(text)).toContain(expected);
  });

  test('what is offered works', () => {
    for (const text of [
      'shop/wbe',
      'shpo/web',
      'web',
      'shop/cache',
      'shop/synk',
      'shpo/*',
      'app=wbe',
      'node/n2',
    ]) {
      const end = resolveEnd(cluster, text);
      expect(end.kind).toBe('problem');
      for (const choice of end.kind === 'problem' ? end.choices : []) {
        expect([choice, resolveEnd(cluster, choice).kind]).not.toEqual([choice, 'problem']);
      }
    }
  });

  test('long operands are quoted in part', () => {
    expect(find(`shop/${'x'.repeat(10_000)}`).length).toBeLessThan(200);
  });
});

test('every id that answers carry is an operand', () => {
  const ids = new Set([...cluster.workloads.map(({ id }) => id), ...cluster.pods.map(({ id }) => id)]);
  for (const name of cluster.nodes.keys()) ids.add(`node/${name}`);
  for (const { labels } of cluster.pods) for (const [key, value] of labels) ids.add(`${key}=${value}`);
  for (const id of ids) expect([id, resolveEnd(cluster, id).kind]).not.toEqual([id, 'problem']);
});

test('150,000 names are searched in bounded time', () => {
  const [origin] = cluster.workloads.map((one) => one.origin);
  const workloads = Array.from({ length: 150_000 }, (_, i) => {
    const namespace = `team-${i % 500}`;
    const name = `service-${i}-${'abcdefghij'.repeat(4)}`;
    return {
      id: `${namespace}/Deployment/${name}`,
      namespace,
      kind: 'Deployment',
      name,
      pods: [],
      origin: origin!,
    };
  });
  const large: Cluster = { ...cluster, workloads, pods: [] };
  // Of this thread alone: what else the machine does takes its time, too.
  const before = process.threadCpuUsage();
  expect(find(`team-7/service-7-${'abcdefghij'.repeat(3)}abcdefghiX`, {}, large)).toContain(
    '[team-7/service-7-',
  );
  const { user, system } = process.threadCpuUsage(before);
  expect(user + system).toBeLessThan(3_000_000);
});
