import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../../src/manifest/index.ts';
import type { Cluster } from '../../../src/model/index.ts';
import { parseIPv6 } from '../../../src/net/address.ts';
import { compile, profileNames } from '../../../src/policy/index.ts';
import type { ProfileName } from '../../../src/policy/index.ts';
import {
  compareProfiles,
  count,
  explain,
  explainCluster,
  map,
  parsePorts,
  profileDiagnostics,
  resolveEnd,
} from '../../../src/reach/index.ts';
import type { End, Explanation, PortQuery } from '../../../src/reach/index.ts';

const workloads = { level: { kind: 'workload' } } as const;

function clusterOf(text: string): Cluster {
  const { cluster, diagnostics } = readManifests([{ file: 'x.yaml', text }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return cluster;
}

function behaviour(id: string): Cluster {
  return clusterOf(readFileSync(join(import.meta.dirname, 'behaviours', id, 'input.yaml'), 'utf8'));
}

const pod = (name: string, ip: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: x, labels: { app: ${name} } }
spec: { containers: [{ name: main, image: example.com/main }] }
status: { phase: Running, podIPs: [${ip
  .split(' ')
  .map((each) => `{ ip: '${each}' }`)
  .join(', ')}] }
---
`;

const policy = (body: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: x }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress:
${body}`;

describe('two profiles', () => {
  test('differ in a connection because of one behaviour', () => {
    const { differences, behaviours, peers } = compareProfiles(
      behaviour('ipBlockMatchesPods'),
      ['upstream', 'cilium'],
      workloads,
    );
    expect(differences).toEqual([
      {
        from: 'x/Pod/web',
        to: 'x/Pod/db',
        allowed: { upstream: 'all', cilium: 'none' },
        because: ['ipBlockMatchesPods'],
      },
    ]);
    expect(behaviours).toEqual([
      {
        id: 'ipBlockMatchesPods',
        question: 'Does an `ipBlock` match the addresses of pods?',
        corner: 34,
        values: { upstream: 'yes', cilium: 'no' },
        differences: 1,
      },
    ]);
    expect(peers.map(({ id }) => id)).toEqual(['x/Pod/db', 'x/Pod/web']);
  });

  test.each([
    // The except is not IPv4-mapped itself, what it cuts ends and begins among those addresses (corners 37 and 38).
    ['::ffff:10.0.0.0/90', ['::ffc0:0:0', '::ffff:ffff:ffff']],
    ['::fffe:0:0/96', ['::fffe:0:0', '::fffe:ffff:ffff']],
  ])('differ in ranges that end at IPv4-mapped addresses: %s', (except, range) => {
    const cluster = clusterOf(`${pod('db', '10.0.0.1 fd00::1')}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: x }
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to: [{ ipBlock: { cidr: '::/0', except: ['${except}'] } }]
      ports: [{ protocol: SCTP }]
    - ports: [{ port: 80 }]
`);
    const { differences, peers } = compareProfiles(cluster, ['upstream', 'cilium'], workloads);
    // Cilium has rules of SCTP admit nothing: they differ where upstream has some, which the except is not.
    expect(differences.map(({ from, because }) => [from, because])).toEqual([['x/Pod/db', ['sctp']]]);
    const outside = peers.filter(({ kind }) => kind === 'ip').flatMap(({ ranges }) => ranges ?? []);
    const [first, last] = range.map((text) => parseIPv6(text)!) as [bigint, bigint];
    expect(outside.map((ends) => ends.map((text) => parseIPv6(text)))).toEqual([
      [0n, first - 1n],
      [last + 1n, (1n << 128n) - 1n],
    ]);
  });

  test('differ in cluster-wide policies because of what pods on the host network are (corner 66)', () => {
    const tiers = (kind: string, name: string, spec: string): string => `---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: ${kind}
metadata: { name: ${name} }
spec: { ${spec}, subject: { namespaces: {} }, ingress: [ { action: Deny, from: [ { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: agent } } } } ] } ] }
`;
    const input = readFileSync(
      join(import.meta.dirname, 'behaviours', 'hostNetworkPods', 'input.yaml'),
      'utf8',
    );
    const [pods = ''] = input.split('---\napiVersion: networking.k8s.io/v1\n');
    for (const policy of [
      tiers('AdminNetworkPolicy', 'deny', 'priority: 1'),
      tiers('BaselineAdminNetworkPolicy', 'default', '').replace('{ ,', '{'),
    ]) {
      const { differences, behaviours } = compareProfiles(
        clusterOf(pods + policy),
        ['upstream', 'np-guard'],
        workloads,
      );
      // As a peer: upstream takes the agent for its node, which no selector of pods finds.
      expect(differences).toEqual([
        {
          from: 'x/Pod/agent',
          to: 'x/Pod/web',
          allowed: { upstream: 'all', 'np-guard': 'none' },
          because: ['hostNetworkPods'],
        },
      ]);
      expect(behaviours).toMatchObject([{ id: 'hostNetworkPods', corner: 44, differences: 1 }]);
    }
  });

  test('differ because of two behaviours, each of which would do', () => {
    const [difference] = compareProfiles(
      behaviour('namedPortOnIpBlock'),
      ['upstream', 'np-guard'],
      workloads,
    ).differences;
    expect(difference?.because).toEqual(['ipBlockMatchesPods', 'namedPortOnIpBlock']);
    expect(difference?.together).toBeUndefined();
  });

  test('differ because of two behaviours together, neither of which would do', () => {
    const { differences } = compareProfiles(
      behaviour('namedPortOnIpBlock'),
      ['np-guard', 'upstream'],
      workloads,
    );
    expect(differences).toEqual([
      {
        from: 'x/Pod/web',
        to: 'x/Pod/db',
        allowed: { 'np-guard': 'none', upstream: { TCP: [[5432, 5432]] } },
        because: ['ipBlockMatchesPods', 'namedPortOnIpBlock'],
        together: true,
      },
    ]);
  });

  test('differ outside, where blocks cut: addresses that differ alike are one peer', () => {
    const cluster = clusterOf(
      pod('db', '10.0.0.2 fd00::2') +
        policy(`    - from: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }]
      ports: [{ protocol: SCTP, port: 9000 }]
    - from: [{ ipBlock: { cidr: 10.0.0.0/9 } }]
      ports: [{ port: 80 }]
    - from: [{ ipBlock: { cidr: 'fd00::/8' } }]
      ports: [{ protocol: SCTP, port: 9000 }]
`),
    );
    const { differences, peers } = compareProfiles(cluster, ['upstream', 'cilium'], workloads);
    expect(peers.filter(({ kind }) => kind === 'ip')).toEqual([
      {
        id: '10.0.0.0/16+1',
        kind: 'ip',
        ranges: [
          ['10.0.0.0', '10.0.255.255'],
          ['10.2.0.0', '10.127.255.255'],
        ],
      },
      {
        id: '10.128.0.0/9+1',
        kind: 'ip',
        ranges: [
          ['10.128.0.0', '10.255.255.255'],
          ['fd00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
        ],
      },
    ]);
    expect(differences).toEqual([
      {
        from: '10.0.0.0/16+1',
        to: 'x/Pod/db',
        allowed: { upstream: { SCTP: [[9000, 9000]], TCP: [[80, 80]] }, cilium: { TCP: [[80, 80]] } },
        because: ['sctp'],
      },
      {
        from: '10.128.0.0/9+1',
        to: 'x/Pod/db',
        allowed: { upstream: { SCTP: [[9000, 9000]] }, cilium: 'none' },
        because: ['sctp'],
      },
    ]);
  });

  test('differ where one says that it is ambiguous (corner 60)', () => {
    const { differences } = compareProfiles(
      behaviour('equalPriority'),
      ['upstream', 'kube-network-policies'],
      workloads,
    );
    expect(differences).toEqual([
      {
        from: 'x/Pod/web',
        to: 'x/Pod/db',
        allowed: { upstream: 'none', 'kube-network-policies': 'all' },
        ambiguous: { upstream: 'all' },
        because: ['equalPriority'],
      },
    ]);
  });

  test('differ in one family', () => {
    const cluster = clusterOf(
      pod('web', '10.0.0.1 fd00::1') +
        pod('db', '10.0.0.2 fd00::2') +
        policy(`    - from: [{ ipBlock: { cidr: 10.0.0.1/32 } }]
      ports: [{ port: 80 }]
    - from: [{ podSelector: {} }]
      ports: [{ port: 81 }]
`),
    );
    expect(compareProfiles(cluster, ['upstream', 'cilium'], workloads).differences).toEqual([
      {
        from: 'x/Pod/web',
        to: 'x/Pod/db',
        allowed: { upstream: { TCP: [[80, 81]] }, cilium: { TCP: [[81, 81]] } },
        family: 'IPv4',
        because: ['ipBlockMatchesPods'],
      },
    ]);
  });

  test('agree where nothing touches what they read differently', () => {
    const cluster = clusterOf(
      pod('web', '10.0.0.1') + pod('db', '10.0.0.2') + policy('    - ports: [{ port: 80 }]\n'),
    );
    for (const name of profileNames.slice(1)) {
      const { differences, behaviours, peers } = compareProfiles(cluster, ['upstream', name], workloads);
      expect({ name, differences, behaviours, peers }).toEqual({
        name,
        differences: [],
        behaviours: [],
        peers: [],
      });
    }
  });

  test('are compared within a focus', () => {
    const cluster = behaviour('ipBlockMatchesPods');
    const to = resolveEnd(cluster, 'x/web');
    if (to.kind === 'problem') throw new Error(to.message);
    const { differences } = compareProfiles(cluster, ['upstream', 'cilium'], { ...workloads, to: [to] });
    expect(differences).toEqual([]);
  });
});

describe('what a profile does not know', () => {
  const asked = (
    cluster: Cluster,
    profile: ProfileName,
    port: string,
    ask: (from: End, to: End, ports: readonly PortQuery[]) => Explanation,
  ): Explanation => {
    const [from, to, ports] = [resolveEnd(cluster, 'x/web'), resolveEnd(cluster, 'x/db'), parsePorts(port)];
    if (from.kind === 'problem' || to.kind === 'problem' || 'message' in ports) throw new Error(profile);
    return ask(from, to, ports);
  };
  const verdictOf = (cluster: Cluster, profile: ProfileName, port: string): Explanation =>
    asked(cluster, profile, port, (from, to, ports) => {
      const small = explainCluster(cluster, { from, to, ports }, { profile });
      const whole = explain(compile(cluster, { profile }), { from, to, ports });
      expect(whole).toEqual(small);
      return small;
    });

  test('makes a verdict unknown where it decides, and only there', () => {
    const cluster = behaviour('endPort');
    expect(verdictOf(cluster, 'antrea', '8005').verdict).toBe('unknown');
    expect(verdictOf(cluster, 'antrea', '8005').sentence).toBe(
      'whether x/web can reach x/db on TCP 8005 depends on what the profile antrea does not know: endPort',
    );
    expect(verdictOf(cluster, 'antrea', '8000').verdict).toBe('allowed');
    expect(verdictOf(cluster, 'antrea', '8011').verdict).toBe('denied');
    expect(verdictOf(cluster, 'calico', '8005').verdict).toBe('allowed');
    expect(verdictOf(cluster, 'antrea', '8000').notes).toContain(
      'profile antrea: endPort is not known; answered as upstream reads it',
    );
    expect(verdictOf(cluster, 'calico', '8000').notes).toEqual([]);
  });

  test('is found where no behaviour decides it alone', () => {
    // Open only if egress names mean something, and mean something behind a block.
    const cluster = behaviour('namedPortOnIpBlock');
    expect(verdictOf(cluster, 'antrea', '5432').verdict).toBe('unknown');
    expect(verdictOf(cluster, 'antrea', '5432').sentence).toContain('namedPortsInEgress, namedPortOnIpBlock');
    expect(verdictOf(cluster, 'antrea', '80').verdict).toBe('denied');
  });

  test('makes a map incomplete where it is another one otherwise', () => {
    const found = (cluster: Cluster, profile: ProfileName): readonly string[] =>
      profileDiagnostics(compile(cluster, { profile }), workloads).map(
        ({ severity, message, line }) => `${severity} ${line} ${message.split(': ').slice(0, 2).join(': ')}`,
      );
    expect(found(behaviour('endPort'), 'antrea')).toEqual([
      'error 27 profile antrea: endPort is not known, and the answer depends on it',
    ]);
    expect(found(behaviour('endPort'), 'calico')).toEqual([]);
    expect(found(behaviour('endPort'), 'upstream')).toEqual([]);
    // Protocols that nobody can name are worth a note, and no more.
    expect(found(behaviour('allPortsAdmitOthers'), 'antrea').map((each) => each.split(' ')[0])).toEqual([
      'note',
    ]);
  });

  test('is a note where every reading gives the same answer', () => {
    const cluster = clusterOf(
      pod('web', '10.0.0.1') +
        pod('db', '10.0.0.2') +
        policy('    - ports: [{ port: 8000, endPort: 8010 }]\n    - ports: [{ protocol: TCP }]\n'),
    );
    const policyOf = compile(cluster, { profile: 'antrea' });
    for (const what of [workloads, 'counts'] as const) {
      expect(profileDiagnostics(policyOf, what).map(({ code, severity }) => [code, severity])).toEqual([
        ['profile-unknown', 'note'],
      ]);
    }
    expect(count(policyOf).byPorts).toEqual(count(compile(cluster)).byPorts);
    expect(map(policyOf, workloads).document.connections).toEqual(
      map(compile(cluster), workloads).document.connections,
    );
  });

  test('changes the totals of a count', () => {
    const policyOf = compile(behaviour('endPort'), { profile: 'antrea' });
    expect(profileDiagnostics(policyOf, 'counts').map(({ severity }) => severity)).toEqual(['error']);
  });

  test('is said of both profiles that are compared', () => {
    const { diagnostics } = compareProfiles(behaviour('hostBits'), ['calico', 'antrea'], workloads);
    expect(diagnostics.map(({ message }) => message.split(' is ')[0])).toEqual([
      'profile calico: hostBits',
      'profile antrea: hostBits',
      'profile antrea: allPortsAdmitOthers',
    ]);
  });
});
