import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { explain, parsePorts, resolveEnd } from '../../src/reach/index.ts';
import type { End, Explanation, PortQuery } from '../../src/reach/index.ts';
import { policy } from './manifests.ts';

/** A pod, `ns/name`, with its labels, addresses and named ports. */
function pod(id: string, labels: string, ips: readonly string[], more: string = ''): string {
  const [namespace, name] = id.split('/');
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {${labels}}${more.includes('owner') ? `, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: ${name?.replace(/-\d+$/, '')}, uid: u, controller: true}]` : ''}}
spec:
  containers: [{name: c, image: x${more.includes('http') ? ', ports: [{name: http, containerPort: 8080}]' : ''}}]
status: {phase: Running, podIPs: [${ips.map((ip) => `{ip: "${ip}"}`).join(', ')}]}
`;
}

function ask(objects: readonly string[], from: string, to?: string, port?: string): Explanation {
  const { cluster, diagnostics } = readManifests([{ file: 'a.yaml', text: objects.join('---') }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const end = (text: string): End => {
    const found = resolveEnd(cluster, text);
    if (found.kind === 'problem') throw new Error(found.message);
    return found;
  };
  return explain(compile(cluster), {
    from: end(from),
    ...(to === undefined ? {} : { to: end(to) }),
    ...(port === undefined ? {} : { ports: parsePorts(port) as readonly PortQuery[] }),
  });
}

const noIngress = '{podSelector: {}, policyTypes: [Ingress]}';

describe('ends that are several pods', () => {
  const objects = [
    pod('a/r', 'app: r', ['10.0.0.1']),
    pod('a/s', 'app: s', ['10.0.0.2']),
    pod('b/s', 'app: s', ['10.0.0.3']),
    policy('a/out', '{podSelector: {matchLabels: {app: r}}, policyTypes: [Egress]}'),
    policy('b/in', noIngress),
  ];

  test('are not blamed for what holds for one of them only', () => {
    const { verdict, sentence, ingress } = ask(objects, 'app=r', 'app=s');
    expect(verdict).toBe('denied');
    // a/s is not isolated at all, so nothing may be said of app=s as a whole.
    expect(sentence).not.toContain('app=s admits');
    expect(sentence).toContain('no pair of them may');
    expect(ingress.subject).not.toBe('app=s');
  });

  test('are partly open where some pair is, and an example of each is named', () => {
    const { verdict, sentence } = ask(objects, 'b/s', 'app=s', '80');
    expect(verdict).toBe('allowed');
    expect(sentence).toBe('b/s can reach app=s on TCP 80');
    const partly = ask(objects, 'a/s', 'app=s', '80');
    expect(partly.verdict).toBe('denied');
    const both = ask([...objects, pod('a/t', 'app: s', ['10.0.0.4'])], 'a/s', 'app=s', '80');
    expect(both.verdict).toBe('partly');
    expect(both.sentence).toBe(
      'a/s can reach app=s on TCP 80 partly: a/s → a/t may, a/s → b/s may not: b/s admits nobody on TCP 80',
    );
  });

  test('a workload asked about itself is asked about its replicas (corner 41)', () => {
    const replicas = [
      pod('a/w-1', 'app: w', ['10.0.0.1'], 'owner'),
      pod('a/w-2', 'app: w', ['10.0.0.2'], 'owner'),
      policy('a/in', noIngress),
    ];
    expect(ask(replicas, 'a/w', 'a/w', '80').verdict).toBe('denied');
    expect(ask(replicas, 'a/w-1', 'a/w-1', '80').verdict).toBe('allowed');
  });
});

describe('families', () => {
  const dual = [
    pod('a/c', 'app: c', ['10.0.0.1', 'fd00::1']),
    pod('a/d', 'app: d', ['10.0.0.2', 'fd00::2']),
    pod('a/v4', 'app: v4', ['10.0.0.9']),
    policy(
      'a/out',
      '{podSelector: {matchLabels: {app: c}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}, {to: [{ipBlock: {cidr: "fd00::/16"}}], ports: [{port: 90}]}]}',
    ),
  ];

  test('are told apart where no port is asked', () => {
    const { sentence, byFamily, verdict } = ask(dual, 'a/c', 'a/d');
    expect(verdict).toBe('allowed');
    expect(sentence).toBe('a/c can reach a/d on TCP 80 over IPv4 and TCP 90 over IPv6');
    expect(byFamily?.IPv4?.has('TCP', 80)).toBe(true);
    expect(byFamily?.IPv6?.has('TCP', 80)).toBe(false);
  });

  test('a port open over one of them is partly open, and the other is named', () => {
    const { sentence, verdict } = ask(dual, 'a/c', 'a/d', '80');
    expect(verdict).toBe('partly');
    expect(sentence).toMatch(/^a\/c can reach a\/d on TCP 80 partly: over IPv4 it may, over IPv6 not: /);
  });

  test('the internet is asked about in the families that a pod has', () => {
    expect(ask(dual, 'internet', 'a/v4', '80').verdict).toBe('allowed');
  });
});

describe('Services (corners 27 and 49)', () => {
  const objects = [
    pod('a/w1', 'app: w', ['10.0.0.1'], 'http'),
    pod('a/w2', 'app: w', ['10.0.0.2']),
    pod('a/c', 'app: c', ['10.0.0.3']),
    policy('a/in', '{podSelector: {matchLabels: {app: w}}, ingress: [{ports: [{port: 8080}]}]}'),
    `
apiVersion: v1
kind: Service
metadata: {name: w, namespace: a}
spec: {selector: {app: w}, ports: [{port: 80, targetPort: http}]}
`,
  ];

  test('a pod without the target port is no endpoint', () => {
    const { verdict, notes, testedPort } = ask(objects, 'a/c', 'a/svc/w', '80');
    expect(verdict).toBe('allowed');
    expect(testedPort).toBe('TCP 8080');
    expect(notes).toContain('a/w2 declares no port called http, so it is no endpoint of a/svc/w for 80');
    expect(ask(objects, 'a/c', 'a/svc/w').sentence).toBe('a/c can reach a/svc/w on all its ports');
  });

  test('a port that the Service lacks is no question for a policy', () => {
    const { verdict, sentence, egress, nearest } = ask(objects, 'a/c', 'a/svc/w', '8080');
    expect(verdict).toBe('denied');
    expect(sentence).toBe(
      'a/c cannot reach a/svc/w on TCP 8080: a/svc/w has no port TCP 8080; it has TCP 80',
    );
    expect(egress.policies).toEqual([]);
    expect(nearest).toEqual([]);
  });

  test('a port name that nobody declares is the reason by itself', () => {
    expect(ask(objects, 'a/c', 'a/w2', 'http').sentence).toBe(
      'a/c cannot reach a/w2 on http: a/w2 declares no port of that name',
    );
  });
});

describe('nearest changes', () => {
  const objects = [
    pod('a/w-1', 'app: w', ['10.0.0.1'], 'owner'),
    pod('a/w-2', 'app: w', ['10.0.0.2'], 'owner'),
    pod('a/db', 'app: db', ['10.0.0.3']),
    policy(
      'a/db',
      '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: other}}}], ports: [{port: 5432}]}]}',
    ),
  ];

  test.each(['a/w-1', 'a/w-2'])('of %s say that the other replica gets in too', (from) => {
    const [first] = ask(objects, from, 'a/db', '5432').nearest;
    expect(first?.distance).toBe(1);
    expect(first?.alsoOpens).toEqual([
      { from: 'a/ReplicaSet/w', to: 'a/Pod/db', allowed: { TCP: [[5432, 5432]] } },
    ]);
  });

  test('of the whole workload open nothing else', () => {
    expect(ask(objects, 'a/w', 'a/db', '5432').nearest[0]?.alsoOpens).toEqual([]);
  });

  test('are found without a port too, for what the other side admits', () => {
    const both = [
      pod('a/b', 'app: b', ['10.0.0.1']),
      pod('a/db', 'app: db', ['10.0.0.3']),
      policy('a/out', '{podSelector: {matchLabels: {app: b}}, policyTypes: [Egress]}'),
      policy(
        'a/in',
        '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: 5432}]}]}',
      ),
    ];
    const { verdict, nearest } = ask(both, 'a/b', 'a/db');
    expect(verdict).toBe('denied');
    expect(nearest[0]?.change).toContain('TCP 5432');
  });

  test('an address block that was asked about is admitted whole', () => {
    const [first] = ask(objects, '192.0.2.0/24', 'a/db', '5432').nearest;
    expect(first?.patch?.join(' ')).toContain('cidr: 192.0.2.0/24');
    expect(first?.alsoOpens).toEqual([]);
  });

  test('the label that a namespace lacks is the nearest of all', () => {
    const [first] = ask(
      [
        pod('mon/p', 'app: p', ['10.0.0.1']),
        pod('a/db', 'app: db', ['10.0.0.3']),
        policy(
          'a/in',
          '{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}]}',
        ),
      ],
      'mon/p',
      'a/db',
      '9090',
    ).nearest;
    expect(first?.change).toBe('label the namespace: kubectl label namespace mon team=ops');
    expect(first?.alsoOpens).toEqual([
      {
        from: 'mon/Pod/p',
        to: 'a/Pod/db',
        allowed: {
          SCTP: [[1, 65535]],
          TCP: [
            [1, 9089],
            [9091, 65535],
          ],
          UDP: [[1, 65535]],
          other: true,
        },
      },
    ]);
  });
});

describe('DNS (corner 50)', () => {
  const dnsPod = (ports: string, namespace: string = 'kube-system'): string => `
apiVersion: v1
kind: Pod
metadata: {name: dns, namespace: ${namespace}, labels: {app: dns}}
spec: {containers: [{name: c, image: x, ports: [${ports}]}]}
status: {phase: Running, podIPs: [{ip: 10.0.0.53}]}
`;
  const dnsService = (target: string, id: string = 'kube-system/kube-dns'): string => `
apiVersion: v1
kind: Service
metadata: {name: ${id.split('/')[1]}, namespace: ${id.split('/')[0]}}
spec:
  selector: {app: dns}
  ports:
    - {name: u, protocol: UDP, port: 53, targetPort: ${target}}
    - {name: t, protocol: TCP, port: 53, targetPort: ${target}-tcp}
`;
  const named =
    '{name: dns, protocol: UDP, containerPort: 5353}, {name: dns-tcp, protocol: TCP, containerPort: 5353}';
  const notesOf = (open: string, ...dns: readonly string[]): readonly string[] => {
    const objects = [
      pod('a/c', 'app: c', ['10.0.0.1']),
      pod('a/d', 'app: d', ['10.0.0.2']),
      policy(
        'a/out',
        `{podSelector: {matchLabels: {app: c}}, policyTypes: [Egress], egress: [{ports: [{port: 80}, ${open}]}]}`,
      ),
      ...dns,
    ];
    const { verdict, notes } = ask(objects, 'a/c', 'a/d', '80');
    expect(verdict).toBe('allowed');
    return notes;
  };
  const kube = [dnsPod(named), dnsService('dns')];

  test.each([
    ['kube-system', kube],
    ['openshift-dns', [dnsPod(named, 'openshift-dns'), dnsService('dns', 'openshift-dns/dns-default')]],
  ])('is reached on the target ports of %s', (_, dns) => {
    expect(notesOf('{protocol: UDP, port: 5353}, {port: 5353}', ...dns)).toEqual([]);
  });

  test('is not reached on the port of the Service', () => {
    expect(notesOf('{protocol: UDP, port: 53}', ...kube)).toEqual([
      "a/c cannot reach the cluster's DNS (kube-system/dns on TCP 5353, UDP 5353): names will not resolve",
    ]);
  });

  test('is reached partly without TCP', () => {
    expect(notesOf('{protocol: UDP, port: 5353}', ...kube)).toEqual([
      "a/c cannot reach the cluster's DNS (kube-system/dns on TCP 5353): answers too long for UDP will not arrive",
    ]);
  });

  test('may be missing from the input', () => {
    expect(notesOf('{protocol: UDP, port: 53}')).toEqual([
      "policies isolate egress of a/c, and the cluster's DNS is not in the input: names may not resolve",
    ]);
  });
});

describe('a namespace that is only mentioned (corner 22)', () => {
  const told = (selector: string): readonly string[] =>
    ask(
      [
        pod('b/c', 'app: c', ['10.0.0.1']),
        pod('a/d', 'app: d', ['10.0.0.2']),
        policy('a/in', `{podSelector: {}, ingress: [{from: [{namespaceSelector: ${selector}}]}]}`),
      ],
      'b/c',
      'a/d',
      '80',
    ).notes;

  test('is noted where its labels were asked for', () => {
    expect(told('{matchLabels: {team: x}}')).toEqual([
      'namespace b is not in the input; only its name label is known',
    ]);
  });

  test('is not noted where its name is all that was asked for', () => {
    expect(told('{matchLabels: {kubernetes.io/metadata.name: b}}')).toEqual([]);
    expect(told('{}')).toEqual([]);
  });
});
