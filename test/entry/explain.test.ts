import { describe, expect, test } from 'vitest';
import { explainCluster, parsePorts, isPortProblem, resolveEnd } from '../../src/reach/index.ts';
import type { End, ExplainQuery, Explanation } from '../../src/reach/index.ts';
import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster } from '../../src/model/index.ts';
import { renderExplanation, renderVerdict } from '../../src/render/index.ts';
import { clusterOf, pod, ports, service } from './read.ts';

const web = pod('web', 'app: web', ports('{name: http, containerPort: 8080}'));
const api = pod('api', 'app: api', ports('{containerPort: 9000}'));
const services = [
  service('web', 'selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]'),
  service('api', 'selector: {app: api}, ports: [{port: 90, targetPort: 9000}]'),
];
const nginx = pod(
  'nginx',
  'app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller',
  '',
  'edge',
);
const path = (value: string, name: string, port: number): string =>
  `{path: ${value}, pathType: Prefix, backend: {service: {name: ${name}, port: {number: ${port}}}}}`;
const front = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: front, namespace: shop}, spec: {ingressClassName: nginx, rules: [{host: a.example.com, http: {paths: [${path('/', 'web', 80)}, ${path('/api', 'api', 90)}]}}]}}`;
const closed = (app: string, from = ''): string =>
  `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: ${app}, namespace: shop}, spec: {podSelector: {matchLabels: {app: ${app}}}, ingress: [${from}]}}`;
const base = [web, api, ...services, front];

function end(cluster: Cluster, text: string): End {
  const found = resolveEnd(cluster, text);
  if (found.kind === 'problem') throw new Error(found.message);
  return found;
}

function ask(
  texts: readonly string[],
  from: string,
  to?: string,
  port?: string,
  more: Partial<ExplainQuery> = {},
): Explanation {
  const cluster = clusterOf(...texts);
  const queries = port === undefined ? undefined : parsePorts(port);
  if (queries !== undefined && isPortProblem(queries)) throw new Error(port);
  return explainCluster(cluster, {
    from: end(cluster, from),
    ...(to === undefined ? {} : { to: end(cluster, to) }),
    ...(queries === undefined ? {} : { ports: queries }),
    ...more,
  });
}

describe('an entrance by itself', () => {
  test('says where it leads, that the controller is admitted, and who else is', () => {
    const answer = ask(
      [...base, nginx, closed('web', '{from: [{namespaceSelector: {}}]}')],
      'ingress/shop/front',
    );
    expect(answer).toMatchObject({
      from: 'ingress/shop/front',
      to: '2 backends',
      verdict: 'allowed',
      sentence: 'ingress/shop/front: its controller edge/nginx can reach both backends',
      entrance: {
        backends: [
          {
            hosts: ['a.example.com'],
            paths: ['/'],
            tls: 'none',
            service: 'shop/svc/web',
            port: 80,
            to: 'shop/Pod/web',
            allowed: { TCP: [[8080, 8080]] },
            verdict: 'allowed',
          },
          { service: 'shop/svc/api', to: 'shop/Pod/api', allowed: { TCP: [[9000, 9000]] } },
        ],
      },
    });
    expect(
      answer.entrance?.around?.map(({ from, to, allowed }) => [from, to, JSON.stringify(allowed)]),
    ).toEqual([
      ['internet', 'shop/Pod/api', '{"TCP":[[9000,9000]]}'],
      ['shop/Pod/api', 'shop/Pod/web', '{"TCP":[[8080,8080]]}'],
      ['shop/Pod/web', 'shop/Pod/api', '{"TCP":[[9000,9000]]}'],
    ]);
  });

  test('shows the walk of a backend that is closed, with the nearest change', () => {
    const answer = ask([...base, nginx, closed('api')], 'ingress/shop/front');
    expect(answer.verdict).toBe('partly');
    expect(answer.sentence).toBe(
      'ingress/shop/front: its controller edge/nginx can reach 1 of 2 backends; edge/nginx cannot reach shop/api on TCP 9000: shop/api admits nobody on TCP 9000',
    );
    expect(answer.ingress.policies.map(({ policy }) => policy.name)).toEqual(['api']);
    expect(answer.nearest.length).toBeGreaterThan(0);
    expect(answer.entrance?.backends.map(({ verdict }) => verdict)).toEqual(['allowed', 'denied']);
  });

  test('without its controller rests on one that is assumed, and offers no change', () => {
    const answer = ask([...base, closed('web'), closed('api')], 'ingress/shop/front');
    expect(answer).toMatchObject({ verdict: 'denied', nearest: [] });
    expect(answer.sentence).toContain('its assumed controller can reach 0 of 2 backends');
    expect(answer.notes[0]).toContain('--ingress-controller names one');
  });

  test('with a controller that the caller names asks that one', () => {
    const admits = '{from: [{podSelector: {matchLabels: {app: proxy}}}]}';
    const texts = [...base, pod('proxy', 'app: proxy'), closed('web', admits), closed('api', admits)];
    const pods = clusterOf(...texts).pods.filter(({ name }) => name === 'proxy');
    expect(ask(texts, 'ingress/shop/front').verdict).toBe('denied');
    const cluster = clusterOf(...texts);
    const named = [{ name: 'shop/proxy', pods: cluster.pods.filter(({ name }) => name === 'proxy') }];
    const answer = explainCluster(cluster, { from: end(cluster, 'ingress/shop/front'), controllers: named });
    expect(pods.length).toBe(1);
    expect(answer).toMatchObject({ verdict: 'allowed' });
    expect(answer.sentence).toContain('its controller shop/proxy');
  });

  test('that leads nowhere says so', () => {
    const answer = ask([...services, front, nginx], 'ingress/shop/front');
    expect(answer).toMatchObject({ verdict: 'denied', sentence: 'ingress/shop/front leads to no pod' });
  });

  test.each([
    ['Exists', 'allowed'],
    ['DoesNotExist', 'denied'],
    ['NotIn, values: [shop]', 'allowed'],
    ['In, values: [shop, edge]', 'denied'],
  ])(
    'has an assumed controller whose namespace has a name, as every one has: %s (corner 22)',
    (asks, verdict) => {
      const admits = `{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: ${asks}}]}}]}`;
      const answer = ask([...base, closed('web', admits)], 'ingress/shop/front', 'shop/web', '8080');
      expect(answer.verdict).toBe(verdict);
      // No namespace is without that label, so nothing may say that this one is.
      expect(renderExplanation(answer, 'text', { width: 100, color: false, headers: true })).not.toContain(
        'has no label kubernetes.io/metadata.name',
      );
    },
  );

  test('is told as text with both tables', () => {
    const answer = ask([...base, nginx, closed('web')], 'ingress/shop/front');
    const text = renderExplanation(answer, 'text', { width: 100, color: false, headers: true });
    expect(text).toContain('a.example.com /     shop/svc/web:80  shop/web TCP 8080  closed');
    expect(text).toContain('a.example.com /api  shop/svc/api:90  shop/api TCP 9000  open');
    expect(text).toMatch(/AROUND IT +TO +PORTS\n {2}internet +shop\/api +TCP 9000/);
    const open = api.replace(/}$/, ', status: {podIP: 10.0.0.9, phase: Running}}');
    const around = ask([web, open, ...services, front, nginx], 'ingress/shop/front');
    expect(renderExplanation(around, 'text', { width: 100, color: false, headers: true })).toMatch(
      /\n {2}internet \(IPv4\) +shop\/api +TCP 9000/,
    );
    const document = JSON.parse(
      renderExplanation(answer, 'json', { width: 100, color: false, headers: true }),
    ) as {
      readonly entrance: { readonly backends: readonly unknown[] };
    };
    expect(document.entrance.backends.length).toBe(2);
  });
});

describe('an entrance that nobody can tell the answer of', () => {
  const tier = (name: string, action: string): string =>
    `{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: ${name}}, spec: {tier: Admin, priority: 5, subject: {pods: {podSelector: {matchLabels: {app: web}}}}, ingress: [{action: ${action}, from: [{namespaces: {}}]}]}}`;
  const disagreeing = [tier('one', 'Deny'), tier('two', 'Accept')];

  test.each([
    ['its controller', [...base, nginx]],
    ['an assumed one', base],
  ])('is ambiguous where policies of equal priority disagree about %s (corner 60)', (_, texts) => {
    const answer = ask([...texts, ...disagreeing], 'ingress/shop/front', 'shop/web', '8080');
    expect(answer.verdict).toBe('ambiguous');
    expect(answer.entrance?.backends.map(({ verdict }) => verdict)).toEqual(['ambiguous']);
    // The other backend is open whichever is applied, and all of them are not.
    const all = ask([...texts, ...disagreeing], 'ingress/shop/front');
    expect(all.verdict).toBe('ambiguous');
    expect(all.entrance?.backends.map(({ verdict }) => verdict)).toEqual(['ambiguous', 'allowed']);
    expect(ask([...texts, ...disagreeing], 'ingress/shop/front', 'shop/api').verdict).toBe('allowed');
  });

  test('marks what is ambiguous around it', () => {
    const answer = ask([...base, nginx, ...disagreeing], 'ingress/shop/front');
    const around = answer.entrance?.around?.filter(({ to }) => to === 'shop/Pod/web');
    expect(around?.map(({ from, ambiguous }) => [from, ambiguous])).toEqual([
      ['internet', undefined],
      ['shop/Pod/api', true],
    ]);
    const text = renderExplanation(answer, 'text', { width: 100, color: false, headers: true });
    expect(text).toMatch(/shop\/api +shop\/web +TCP 8080, ambiguous/);
  });

  test('is unknown where labels decide that files cannot tell (corner 23)', () => {
    const admits = '{from: [{namespaceSelector: {matchLabels: {team: edge}}}]}';
    const answer = ask([...base, nginx, closed('web', admits)], 'ingress/shop/front', 'shop/web');
    const byPod = ask([...base, nginx, closed('web', admits)], 'edge/nginx', 'shop/web', '8080');
    expect(answer.verdict).toBe(byPod.verdict);
    const rolled = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, namespace: shop}, spec: {serviceName: web, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {${ports('{name: http, containerPort: 8080}')}}}}}`;
    const byName = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: one, namespace: shop}, spec: {podSelector: {matchLabels: {controller-revision-hash: web-1}}, ingress: []}}`;
    const texts = [rolled, ...services, api, front, nginx, byName];
    expect(ask(texts, 'edge/nginx', 'shop/web', '8080').verdict).toBe('unknown');
    expect(ask(texts, 'ingress/shop/front', 'shop/web').verdict).toBe('unknown');
  });

  test('is unknown where the profile is (corner 38)', () => {
    const some = closed('web', '{from: [{ipBlock: {cidr: 10.0.0.1/24}}]}');
    const proxy = nginx.replace(/}$/, ', status: {podIP: 10.0.0.7, phase: Running}}');
    const cluster = clusterOf(...base, proxy);
    expect(cluster.pods.find(({ name }) => name === 'nginx')?.addresses.length).toBe(1);
    const query = { profile: 'calico' } as const;
    const read = (from: string, to: string): Explanation => {
      const whole = readManifests([{ file: 'a.yaml', text: [...base, proxy, some].join('\n---\n') }]).cluster;
      return explainCluster(whole, { from: end(whole, from), to: end(whole, to) }, query);
    };
    expect(read('edge/nginx', 'shop/web').verdict).toBe('unknown');
    expect(read('ingress/shop/front', 'shop/web').verdict).toBe('unknown');
  });
});

describe('an entrance and a destination', () => {
  test.each([
    ['shop/web', '8080', 'allowed', 'its controller edge/nginx can reach shop/web on TCP 8080'],
    ['shop/web', 'http', 'allowed', 'its controller edge/nginx can reach shop/web on TCP 8080'],
    ['shop/svc/web', '80', 'allowed', 'its controller edge/nginx can reach shop/web on TCP 8080'],
    ['shop/svc/web', 'http', 'allowed', 'its controller edge/nginx can reach shop/web on TCP 8080'],
    ['shop/web', undefined, 'allowed', 'its controller edge/nginx can reach shop/web on TCP 8080'],
    ['shop/web', '80', 'denied', 'does not lead to shop/web on TCP 80'],
    ['shop/svc/web', '90', 'denied', 'does not lead to shop/svc/web on TCP 90'],
    ['shop/web', '8080,9000', 'partly', 'leads to a part of shop/web only'],
    [
      'shop/api',
      '9000',
      'denied',
      'its controller edge/nginx cannot reach shop/api on TCP 9000: shop/api admits nobody',
    ],
    ['edge/nginx', undefined, 'denied', 'does not lead to edge/nginx'],
    ['internet', undefined, 'denied', 'does not lead to internet'],
  ])('%s %s is %s', (to, port, verdict, sentence) => {
    const answer = ask([...base, nginx, closed('api')], 'ingress/shop/front', to, port);
    expect(answer.verdict).toBe(verdict);
    expect(answer.sentence).toContain(sentence);
    expect(answer.entrance?.around).toBeUndefined();
  });

  test('that it does not lead to is closed by no policy', () => {
    const options = { width: 120, color: false, headers: true };
    const answer = ask([...base, nginx, closed('api')], 'ingress/shop/front', 'shop/web', '80');
    expect(renderVerdict(answer, 'text', options)).toBe(
      'no   ingress/shop/front → shop/web TCP 80   (the entrance does not lead there, so no policy is asked)\n',
    );
    expect(renderVerdict(answer, 'text', { ...options, width: 90 })).toBe(
      'no   ingress/shop/front → shop/web TCP 80   (the entrance does not lead there)\n',
    );
  });

  test('clients are told apart from pods', () => {
    const texts = [
      web,
      service('web', 'type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: http}]'),
      closed('web', '{from: [{podSelector: {}}]}'),
    ];
    const { ingress } = ask(texts, 'shop/svc/web');
    expect(ingress.policies[0]?.rules[0]?.peers[0]?.reason).toBe('selectors mean pods, not its clients');
  });

  test('an entrance takes no connections itself', () => {
    const answer = ask([...base, nginx], 'shop/web', 'ingress/shop/front', '80');
    expect(answer).toMatchObject({ verdict: 'denied' });
    expect(answer.sentence).toContain('an entrance opens connections to its backends, and takes none itself');
  });

  test('a Service that takes clients in is asked by them', () => {
    const texts = [
      web,
      service('web', 'type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: http}]'),
    ];
    expect(ask(texts, 'shop/svc/web')).toMatchObject({
      verdict: 'allowed',
      sentence: 'shop/svc/web: its clients can reach shop/web on TCP 8080',
      notes: ["pods may see the address of another node instead of the client's (corner 36)"],
    });
    expect(ask([...texts, closed('web')], 'shop/svc/web').verdict).toBe('denied');
    const some = closed('web', '{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}');
    expect(ask([...texts, some], 'shop/svc/web').verdict).toBe('partly');
  });
});
