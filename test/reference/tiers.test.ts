import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { Reference } from './evaluate.ts';
import type { Ref, ReferenceProtocol } from './evaluate.ts';

// The tiers in the reference against truth tables by hand, one for each corner. A line of a table is source, destination,
// protocol and port, verdict; an end is `namespace/pod`, `node/name` or an address, which also says the family.

const cluster = `
apiVersion: v1
kind: Namespace
metadata: { name: a, labels: { team: x } }
---
apiVersion: v1
kind: Namespace
metadata: { name: b, labels: { team: y } }
---
apiVersion: v1
kind: Node
metadata: { name: n1, labels: { zone: one } }
status: { addresses: [{ type: InternalIP, address: 172.18.0.1 }, { type: Hostname, address: n1 }] }
---
apiVersion: v1
kind: Node
metadata: { name: n2, labels: { zone: two } }
status: { addresses: [{ type: InternalIP, address: 172.18.0.2 }, { type: ExternalIP, address: 203.0.113.2 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: a, labels: { app: web } }
spec: { nodeName: n1, containers: [{ name: c, ports: [{ name: http, containerPort: 80 }] }] }
status: { podIPs: [{ ip: 10.0.0.1 }, { ip: "fd00::1" }] }
---
apiVersion: v1
kind: Pod
metadata: { name: api, namespace: a, labels: { app: api } }
spec:
  nodeName: n2
  containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }, { name: dns, containerPort: 53, protocol: UDP }] }]
status: { podIPs: [{ ip: 10.0.0.2 }, { ip: "fd00::2" }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: b, labels: { app: db } }
spec:
  nodeName: n2
  containers: [{ name: c, ports: [{ name: dns, containerPort: 53, protocol: UDP }, { containerPort: 85 }] }]
status: { podIPs: [{ ip: 10.0.1.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: host, namespace: b, labels: { app: db } }
spec:
  nodeName: n2
  hostNetwork: true
  containers: [{ name: c, ports: [{ name: http, containerPort: 80 }] }]
status: { podIPs: [{ ip: 172.18.0.2 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: new, namespace: b, labels: { app: db } }
spec: { containers: [{ name: c }] }
`;

const all = '{ namespaces: {} }';

function cnp(name: string, fields: string, subject = all): string {
  return `
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: ${name} }
spec: { subject: ${subject}, ${fields} }`;
}

function anp(name: string, fields: string, subject = all): string {
  return `
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: { name: ${name} }
spec: { subject: ${subject}, ${fields} }`;
}

function banp(fields: string, subject = all): string {
  return `
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: { name: default }
spec: { subject: ${subject}, ${fields} }`;
}

function np(spec: string, namespace = 'a'): string {
  return `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: np, namespace: ${namespace} }
spec: ${spec}`;
}

/** Egress rules of one action to some peers, ports and all. */
function to(action: string, peers: string, rest = ''): string {
  return `egress: [{ action: ${action}, to: ${peers}${rest} }]`;
}

function from(action: string, peers: string, rest = ''): string {
  return `ingress: [{ action: ${action}, from: ${peers}${rest} }]`;
}

const everyone = '[{ namespaces: {} }]';
const db = '[{ pods: { podSelector: { matchLabels: { app: db } } } }]';

test.each<[title: string, policies: string, table: string]>([
  // The order of the tiers.
  [
    'what no rule matches is allowed: no implicit isolation (corners 54 and 60)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${to('Deny', db, ', protocols: [{ tcp: { destinationPort: { number: 80 } } }]')}`,
    ),
    `a/web b/db tcp/80 denied
     a/web b/db tcp/81 allowed
     a/web b/db udp/80 allowed
     a/web a/api tcp/80 allowed
     b/db a/web tcp/80 allowed`,
  ],
  [
    'Admin decides before NetworkPolicy, and Pass leaves it to NetworkPolicy (corners 53 and 60)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ingress: [
        { action: Accept, from: ${everyone}, protocols: [{ tcp: { destinationPort: { number: 80 } } }] },
        { action: Pass, from: ${everyone}, protocols: [{ tcp: { destinationPort: { number: 81 } } }] },
        { action: Deny, from: ${everyone}, protocols: [{ tcp: { destinationPort: { range: { start: 81, end: 82 } } } }] }]`,
    ) + np('{ podSelector: {}, ingress: [{ ports: [{ port: 82 }, { port: 83 }] }] }'),
    `b/db a/web tcp/80 allowed
     b/db a/web tcp/81 denied
     b/db a/web tcp/82 denied
     b/db a/web tcp/83 allowed
     b/db a/web tcp/84 denied`,
  ],
  [
    'Baseline decides where no NetworkPolicy isolates, and Pass there allows (corners 60 and 61)',
    cnp(
      'p',
      `tier: Baseline, priority: 1, ingress: [
        { action: Accept, from: ${everyone}, protocols: [{ tcp: { destinationPort: { number: 80 } } }] },
        { action: Pass, from: ${everyone}, protocols: [{ tcp: { destinationPort: { number: 81 } } }] },
        { action: Deny, from: ${everyone} }]`,
    ) + np('{ podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{ port: 82 }] }] }'),
    `b/db a/api tcp/80 allowed
     b/db a/api tcp/81 allowed
     b/db a/api tcp/82 denied
     b/db a/web tcp/80 denied
     b/db a/web tcp/82 allowed`,
  ],
  [
    'Pass of the Admin tier skips all further Admin policies and leads to Baseline (corners 54 and 61)',
    anp('one', `priority: 1, ${from('Pass', db)}`) +
      anp('two', `priority: 2, ${from('Allow', everyone)}`) +
      cnp('three', `tier: Baseline, priority: 0, ${from('Deny', everyone)}`),
    `b/db a/web tcp/80 denied
     a/api a/web tcp/80 allowed`,
  ],
  [
    'isolation is of one direction, so Baseline judges the other (corners 55 and 64)',
    cnp('p', `tier: Baseline, priority: 1, ${to('Deny', everyone)}, ${from('Deny', everyone)}`) +
      np('{ podSelector: {}, ingress: [{}] }'),
    `b/db a/web tcp/80 denied
     a/web a/api tcp/80 denied
     1.2.3.4 a/web tcp/80 allowed
     a/web 1.2.3.4 tcp/80 allowed`,
  ],
  [
    'both sides are asked: an Accept of egress is none of ingress (corner 61)',
    cnp('p', `tier: Admin, priority: 1, ${to('Accept', everyone)}`) + np('{ podSelector: {}, ingress: [] }'),
    `a/api a/web tcp/80 denied
     a/api b/db tcp/80 allowed`,
  ],
  // Order within a tier.
  [
    'lower priority first, whatever the kind; in a policy the first rule (corners 53 and 60)',
    cnp('late', `tier: Admin, priority: 20, ${from('Deny', everyone)}`) +
      anp(
        'early',
        `priority: 10, ingress: [
          { action: Allow, from: ${db}, ports: [{ portNumber: { port: 80 } }] },
          { action: Deny, from: ${db}, ports: [{ portRange: { start: 80, end: 90 } }] },
          { action: Allow, from: ${db} }]`,
      ),
    `b/db a/web tcp/80 allowed
     b/db a/web tcp/90 denied
     b/db a/web udp/80 allowed
     a/api a/web tcp/80 denied`,
  ],
  [
    'equal priorities that disagree are ambiguous, those that agree are not (corners 53 and 60)',
    anp(
      'one',
      `priority: 5, ${from('Allow', everyone, ', ports: [{ portRange: { start: 80, end: 81 } }]')}`,
    ) +
      cnp(
        'two',
        `tier: Admin, priority: 5, ${from('Deny', everyone, ', protocols: [{ tcp: { destinationPort: { range: { start: 81, end: 82 } } } }]')}`,
      ),
    `b/db a/web tcp/80 allowed
     b/db a/web tcp/81 ambiguous
     b/db a/web tcp/82 denied
     b/db a/web tcp/83 allowed`,
  ],
  [
    'ambiguous and denied is denied, ambiguous twice is ambiguous',
    cnp('one', `tier: Admin, priority: 5, ${from('Accept', everyone)}, ${to('Accept', everyone)}`) +
      cnp(
        'two',
        `tier: Admin, priority: 5, ${from('Deny', everyone)}, ${to('Deny', everyone)}`,
        '{ namespaces: { matchLabels: { team: x } } }',
      ) +
      cnp(
        'three',
        `tier: Admin, priority: 4, ${to('Deny', everyone)}`,
        '{ pods: { podSelector: { matchLabels: { app: api } } } }',
      ),
    `a/web b/db tcp/80 ambiguous
     b/db a/web tcp/80 ambiguous
     a/web a/api tcp/80 ambiguous
     a/api a/web tcp/80 denied
     b/db b/new tcp/80 allowed`,
  ],
  [
    'Pass and Accept of one priority disagree only if what follows denies (corner 60)',
    cnp('one', `tier: Admin, priority: 5, ${from('Accept', everyone)}`) +
      cnp('two', `tier: Admin, priority: 5, ${from('Pass', everyone)}`) +
      cnp('three', `tier: Admin, priority: 6, ${from('Deny', everyone)}`) +
      np('{ podSelector: { matchLabels: { app: web } } }'),
    `b/db a/web tcp/80 ambiguous
     b/db a/api tcp/80 allowed`,
  ],
  [
    'a policy that matches between equal ones is asked in its turn',
    cnp('one', `tier: Admin, priority: 5, ${from('Pass', db)}`) +
      cnp(
        'two',
        `tier: Admin, priority: 5, ${from('Deny', '[{ namespaces: { matchLabels: { team: x } } }]')}`,
      ) +
      cnp('three', `tier: Admin, priority: 6, ${from('Accept', everyone)}`),
    `b/db a/web tcp/80 allowed
     a/api a/web tcp/80 denied`,
  ],
  [
    'BaselineAdminNetworkPolicy stands first, last or between Baseline policies',
    cnp(
      'early',
      `tier: Baseline, priority: 1, ${from('Deny', everyone, ', protocols: [{ tcp: { destinationPort: { number: 80 } } }]')}`,
    ) +
      cnp(
        'late',
        `tier: Baseline, priority: 2, ${from('Accept', everyone, ', protocols: [{ tcp: { destinationPort: { range: { start: 80, end: 81 } } } }]')}`,
      ) +
      banp(from('Deny', everyone, ', ports: [{ portRange: { start: 80, end: 82 } }]')),
    `b/db a/web tcp/80 denied
     b/db a/web tcp/81 ambiguous
     b/db a/web tcp/82 denied
     b/db a/web tcp/83 allowed`,
  ],
  // Subjects and peers.
  [
    'subjects: pods of both selectors; without namespaceSelector those of every namespace (corners 56 and 66)',
    cnp(
      'one',
      `tier: Admin, priority: 1, ${to('Deny', everyone)}`,
      '{ pods: { podSelector: { matchLabels: { app: db } } } }',
    ) +
      cnp(
        'two',
        `tier: Admin, priority: 2, ${to('Deny', everyone)}`,
        '{ pods: { namespaceSelector: { matchLabels: { team: y } }, podSelector: { matchLabels: { app: web } } } }',
      ),
    `b/db a/web tcp/80 denied
     b/new a/web tcp/80 denied
     a/web b/db tcp/80 allowed`,
  ],
  [
    'host-network pods are no subject and no peer by labels (corners 44, 56, 63 and 66)',
    cnp('p', `tier: Admin, priority: 1, ${from('Deny', everyone)}, ${to('Deny', everyone)}`),
    `b/host a/web tcp/80 allowed
     a/web b/host tcp/80 allowed
     a/web b/new tcp/80 denied
     node/n2 a/web tcp/80 allowed
     a/web node/n2 tcp/80 allowed
     a/web 1.2.3.4 tcp/80 allowed
     1.2.3.4 a/web tcp/80 allowed`,
  ],
  [
    'networks match pods, nodes and the outside by address, host bits masked (corners 58 and 63)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${to('Deny', '[{ networks: [10.0.0.7/24, 172.18.0.2/32, 1.0.0.0/8, "fd00::2/128"] }]')}`,
    ),
    `a/web a/api tcp/80 denied
     b/db a/web icmp denied
     a/web b/db tcp/80 allowed
     a/web b/host tcp/80 denied
     a/web node/n2 tcp/80 denied
     a/web 203.0.113.2 tcp/80 allowed
     a/web 1.2.3.4 udp/80 denied
     a/web b/new tcp/80 allowed`,
  ],
  [
    'networks are of one family (corner 37)',
    cnp('p', `tier: Admin, priority: 1, ${to('Deny', '[{ networks: [0.0.0.0/0] }]')}`),
    `a/web a/api tcp/80 denied
     a/web a/api IPv6 tcp/80 allowed
     a/web 2001:db8::1 tcp/80 allowed`,
  ],
  [
    'nodes are matched by every address, with what is on their network (corners 63 and 66)',
    cnp('p', `tier: Admin, priority: 1, ${to('Deny', '[{ nodes: { matchLabels: { zone: two } } }]')}`),
    `a/web node/n2 tcp/80 denied
     a/web b/host tcp/80 denied
     a/web 203.0.113.2 icmp denied
     a/web node/n1 tcp/80 allowed
     a/web a/api tcp/80 allowed
     a/web 1.2.3.4 tcp/80 allowed`,
  ],
  [
    'domainNames match nothing for sure, and no pod or node (corner 63)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${to('Deny', '[{ domainNames: [example.com] }, { networks: [1.2.3.4/32] }]')}`,
    ),
    `a/web 1.2.3.4 tcp/80 denied
     a/web 1.2.3.5 tcp/80 allowed
     a/web a/api tcp/80 allowed`,
  ],
  // Own address and own node.
  [
    'a pod reaches its own address, its node reaches it, and it reaches its node unless a tier forbids (corners 41, 42 and 65)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${from('Deny', everyone)}, egress: [{ action: Deny, to: [{ networks: [0.0.0.0/0] }], protocols: [{ tcp: { destinationPort: { number: 80 } } }] }]`,
    ) + np('{ podSelector: {}, policyTypes: [Ingress, Egress] }'),
    `a/web a/web tcp/80 allowed
     node/n1 a/web tcp/80 allowed
     node/n2 a/web tcp/80 denied
     a/web node/n1 tcp/80 denied
     a/web node/n1 tcp/81 allowed
     a/web node/n2 tcp/81 denied
     a/api b/host tcp/80 denied
     a/api b/host tcp/81 allowed
     b/host a/api tcp/80 allowed`,
  ],
  [
    'Baseline polices the way to the own node where no NetworkPolicy isolates egress (corner 42)',
    cnp('p', `tier: Baseline, priority: 1, ${to('Deny', '[{ nodes: {} }]')}`) +
      np('{ podSelector: { matchLabels: { app: api } }, policyTypes: [Egress] }'),
    `a/web node/n1 tcp/80 denied
     a/api node/n2 tcp/80 allowed
     a/api node/n1 tcp/80 denied`,
  ],
  // Ports.
  [
    'without protocols everything matches, ICMP too; with them no ICMP (corners 57 and 62)',
    cnp('p', `tier: Admin, priority: 1, ${to('Deny', db)}`) +
      anp(
        'q',
        `priority: 2, ${to('Deny', '[{ namespaces: { matchLabels: { team: x } } }]', ', ports: [{ portRange: { protocol: UDP, start: 1, end: 65535 } }]')}`,
      ),
    `a/web b/db icmp denied
     a/web b/db sctp/1 denied
     a/web a/api icmp allowed
     a/web a/api udp/65535 denied
     a/web a/api tcp/80 allowed`,
  ],
  [
    'a named port is that of the destination pod, with its protocol (corners 57 and 62)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${to('Deny', everyone, ', protocols: [{ destinationNamedPort: http }]')}`,
      '{ namespaces: { matchLabels: { team: y } } }',
    ) + anp('q', `priority: 2, ${from('Deny', everyone, ', ports: [{ namedPort: dns }]')}`),
    `b/db a/web tcp/80 denied
     b/db a/web tcp/8080 allowed
     b/db a/api tcp/8080 denied
     b/db a/api tcp/80 allowed
     a/web a/api udp/53 denied
     a/web a/api tcp/53 allowed
     a/web b/db udp/53 denied
     a/web a/api tcp/8080 allowed`,
  ],
  [
    'a named port beside networks is that of the pods among the peers (corner 63)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${to('Deny', '[{ networks: [0.0.0.0/0] }]', ', protocols: [{ destinationNamedPort: http }]')}`,
    ),
    `b/db a/web tcp/80 denied
     b/db a/web tcp/81 allowed
     b/db 1.2.3.4 tcp/80 allowed
     a/web b/host tcp/80 allowed
     b/db node/n1 tcp/80 allowed`,
  ],
  [
    'tcp: {} is all of TCP; several entries are OR-ed (corner 62)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${to('Deny', db, ', protocols: [{ tcp: {} }, { sctp: { destinationPort: { number: 7 } } }]')}`,
    ),
    `a/web b/db tcp/1 denied
     a/web b/db tcp/65535 denied
     a/web b/db sctp/7 denied
     a/web b/db sctp/8 allowed
     a/web b/db udp/7 allowed
     a/web b/db icmp allowed`,
  ],
  [
    'legal to store and matched by nothing: an empty range, an unknown protocol, an empty name (corner 57)',
    anp(
      'p',
      `priority: 1, ${to('Deny', everyone, ', ports: [{ portRange: { start: 90, end: 80 } }, { portNumber: { protocol: ICMP, port: 7 } }, { namedPort: "" }]')}`,
    ),
    `a/web b/db tcp/85 allowed
     a/web b/db tcp/7 allowed
     a/web b/db icmp allowed`,
  ],
  // What is not understood.
  [
    'an unknown peer: Accept matches nothing, even by its other peers (corners 59 and 66)',
    cnp('p', `tier: Admin, priority: 1, ${from('Accept', '[{ namespaces: {} }, { services: {} }]')}`) +
      np('{ podSelector: {} }'),
    `b/db a/web tcp/80 denied
     b/db b/new tcp/80 allowed`,
  ],
  [
    'an unknown peer: Deny and Pass deny everything in that direction (corners 59 and 66)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ingress: [
        { action: Accept, from: ${db}, protocols: [{ tcp: { destinationPort: { number: 80 } } }] },
        { action: Pass, from: [{ services: {} }], protocols: [{ tcp: { destinationPort: { number: 80 } } }] }]`,
      '{ pods: { podSelector: { matchLabels: { app: web } } } }',
    ) + banp(to('Deny', '[{ domainNames: [example.com] }]'), '{ namespaces: { matchLabels: { team: x } } }'),
    `b/db a/web tcp/80 allowed
     b/db a/web tcp/81 denied
     a/api a/web icmp denied
     1.2.3.4 a/web tcp/80 denied
     node/n2 a/web tcp/80 denied
     node/n1 a/web tcp/80 allowed
     a/web 1.2.3.4 tcp/80 denied
     a/web node/n1 udp/80 denied
     b/host 1.2.3.4 tcp/80 allowed`,
  ],
  [
    'networks and nodes are unknown in ingress (corner 63)',
    cnp('p', `tier: Admin, priority: 1, ${from('Deny', '[{ networks: [1.2.3.4/32] }]')}`),
    `1.2.3.4 a/web tcp/80 denied
     b/db a/web tcp/80 denied
     node/n1 a/web tcp/80 allowed`,
  ],
  [
    'an unknown port entry, and an unusable selector of pods, namespaces or nodes, do the same (corners 20 and 62)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${to('Deny', db, ', protocols: [{ icmp: {} }]')}`,
      '{ namespaces: { matchLabels: { team: x } } }',
    ) +
      cnp(
        'q',
        `tier: Admin, priority: 1, ${to('Deny', '[{ nodes: { matchExpressions: [{ key: zone, operator: Gt, values: ["1"] }] } }]')}`,
        '{ pods: { podSelector: { matchLabels: { app: db } } } }',
      ) +
      cnp(
        'r',
        `tier: Admin, priority: 1, ${from('Deny', '[{ namespaces: { matchLabels: { "a b": "!!" } } }]')}`,
        '{ pods: { podSelector: { matchLabels: { app: api } } } }',
      ) +
      cnp(
        's',
        `tier: Baseline, priority: 1, ${from('Pass', '[{ pods: { podSelector: { matchExpressions: [{ key: app, operator: In }] } } }]')}`,
        '{ pods: { podSelector: { matchLabels: { app: web } } } }',
      ),
    `a/web a/api tcp/80 denied
     a/web 1.2.3.4 icmp denied
     b/db 1.2.3.4 tcp/80 denied
     1.2.3.4 a/api tcp/80 denied
     1.2.3.4 a/web tcp/80 denied
     1.2.3.4 b/db tcp/80 allowed`,
  ],
  [
    'a subject that is unusable selects nobody (corner 20)',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${from('Deny', everyone)}`,
      '{ namespaces: { matchExpressions: [{ key: team, operator: Exists, values: [x] }] } }',
    ) + cnp('q', `tier: Admin, priority: 1, ${from('Deny', everyone)}`, '{ services: {} }'),
    `b/db a/web tcp/80 allowed`,
  ],
  [
    'a label of null is dropped by the schema, which leaves everything',
    cnp(
      'p',
      `tier: Admin, priority: 1, ${from('Deny', '[{ namespaces: { matchLabels: { team: null } } }]')}`,
    ),
    `b/db a/web tcp/80 denied
     1.2.3.4 a/web tcp/80 allowed`,
  ],
])('%s', (_, policies, table) => {
  const reference = new Reference(objectsOf(cluster + policies));
  const lines = table.trim().split('\n');
  const found = lines.map((line) => {
    const words = line.trim().split(/\s+/);
    const [source = '', destination = ''] = words;
    const family = [...words.slice(2), source, destination].some((word) => word === 'IPv6' || isIPv6(word))
      ? 'IPv6'
      : 'IPv4';
    const [protocol, port] = probeOf(words.at(-2) ?? '');
    const verdict = reference.verdict(refOf(source), refOf(destination), family)(protocol, port);
    return [...words.slice(0, -1), verdict].join(' ');
  });
  expect(found).toEqual(lines.map((line) => line.trim()));
});

test('a domain name matches the addresses outside that it stands for, when asked so (corner 63)', () => {
  const text =
    cluster +
    cnp('p', `tier: Admin, priority: 1, ${to('Accept', '[{ domainNames: [example.com] }]')}`) +
    np('{ podSelector: {}, policyTypes: [Egress] }');
  const verdict = (resolves: boolean, to: Ref): string =>
    new Reference(objectsOf(text), 'upstream', (name) => resolves && name === 'example.com').verdict(
      { pod: 'a/web' },
      to,
      'IPv4',
    )('TCP', 80);
  expect(verdict(false, { address: '1.2.3.4' })).toBe('denied');
  expect(verdict(true, { address: '1.2.3.4' })).toBe('allowed');
  expect(verdict(true, { pod: 'b/db' })).toBe('denied');
  expect(verdict(true, { node: 'n2' })).toBe('denied');
});

test('host-network pods are outside the tiers, unless a profile counts them as pods (corners 44, 56 and 66)', () => {
  const text = cluster + cnp('p', `tier: Admin, priority: 1, ${to('Deny', everyone)}`);
  const verdict = (profile: 'upstream' | 'np-guard', from: string, to: string): string =>
    new Reference(objectsOf(text), profile).verdict(refOf(from), refOf(to), 'IPv4')('TCP', 80);
  expect(verdict('upstream', 'b/host', 'a/web')).toBe('allowed');
  expect(verdict('upstream', 'a/web', 'b/host')).toBe('allowed');
  expect(verdict('np-guard', 'b/host', 'a/web')).toBe('denied');
  expect(verdict('np-guard', 'a/web', 'b/host')).toBe('denied');
  expect(verdict('np-guard', 'a/web', 'b/db')).toBe('denied');
});

function objectsOf(text: string): readonly unknown[] {
  return parseAllDocuments(text).map((document): unknown => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
}

function isIPv6(end: string): boolean {
  return !end.includes('/') && end.includes(':');
}

function refOf(end: string): Ref {
  if (end.startsWith('node/')) return { node: end.slice(5) };
  return end.includes('/') ? { pod: end } : { address: end };
}

function probeOf(text: string): readonly [protocol: ReferenceProtocol, port: number] {
  const [name = '', port = '1'] = text.split('/');
  const protocol = (['TCP', 'UDP', 'SCTP'] as const).find((each) => each.toLowerCase() === name);
  return [protocol ?? 'other', Number(port)];
}
