import { describe, expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { parseAddress, parseCidr } from '../../src/net/index.ts';
import { compileRuleset, firstGeneration, renderJson, UnenforceableError } from '../../src/nft/index.ts';
import type { Ruleset, RulesetOptions, RulesetReport } from '../../src/nft/index.ts';
import { compile } from '../../src/policy/index.ts';
import { send } from './evaluator.ts';
import type { Fate, Flow, Packet } from './evaluator.ts';
import { Network } from './network.ts';
import type { Asked, NetworkEnd } from './network.ts';
import { KernelTable } from './table.ts';

// The items of the checklist that concern the rules, by number: docs/reference/dataplane-checklist.md. Packets are sent
// through the emitted rules by the evaluator; what needs the lab or the agent stands there too.

const node = (name: string, ...addresses: readonly string[]): string => `---
apiVersion: v1
kind: Node
metadata: {name: ${name}}
status: {addresses: [${addresses.map((address) => `{type: InternalIP, address: "${address}"}`).join(', ')}]}
`;

interface PodSpec {
  readonly node?: string;
  readonly labels?: string;
  readonly ports?: string;
  readonly phase?: string;
  readonly more?: string;
}

const pod = (id: string, addresses: readonly string[], spec: PodSpec = {}): string => {
  const [namespace, name] = id.split('/');
  const container = `{name: c, image: i, ports: [${spec.ports ?? ''}]}`;
  return `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}${spec.labels === undefined ? '' : `, ${spec.labels}`}}}
spec: {nodeName: ${spec.node ?? 'n1'}, containers: [${container}]${spec.more === undefined ? '' : `, ${spec.more}`}}
status: {phase: ${spec.phase ?? 'Running'}, podIPs: [${addresses.map((ip) => `{ip: "${ip}"}`).join(', ')}]}
`;
};

const policy = (id: string, spec: string): string => {
  const [namespace, name] = id.split('/');
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
`;
};

/** Two nodes, three pods on the first and one on the second. */
const base = [
  node('n1', '172.16.0.1'),
  node('n2', '172.16.0.2'),
  pod('shop/web', ['10.0.1.1']),
  pod('shop/db', ['10.0.1.2'], { ports: '{name: http, containerPort: 8005}' }),
  pod('ops/probe', ['10.0.1.3']),
  pod('shop/far', ['10.0.2.1'], { node: 'n2' }),
].join('');

const deny = policy('shop/deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}');

function networkOf(text: string, options: Omit<RulesetOptions, 'pods'> = {}): Network {
  return new Network(compile(readManifests([{ file: 'c.yaml', text }]).cluster), options);
}

function rulesetOf(
  text: string,
  options: Omit<RulesetOptions, 'pods'> = {},
  onNode = 'n1',
): { readonly ruleset: Ruleset; readonly report: RulesetReport; readonly table: KernelTable } {
  const compiled = compile(readManifests([{ file: 'c.yaml', text }]).cluster);
  const made = compileRuleset(compiled, {
    ...options,
    pods: compiled.cluster.pods.filter((each) => each.node === onNode),
  });
  const table = new KernelTable();
  table.apply(renderJson(made.ruleset, firstGeneration));
  return { ...made, table };
}

/** The elements of all sets whose comment says so, as the kernel has them. */
function elementsOf(ruleset: Ruleset, comment: string): readonly unknown[] {
  const sets = ruleset.sets.filter((set) => set.comment === comment);
  expect(sets.length, comment).toBeGreaterThan(0);
  return sets.flatMap(({ elements }) => elements.map(({ key }) => key));
}

/** An end by its address, or one outside. */
function at(network: Network, address: string): NetworkEnd {
  const known = network.ends.find((end) => end.address === address);
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`${address} is no address`);
  return known ?? { engine: { kind: 'address', address: parsed }, address, node: undefined, isPod: false };
}

const byText = (a = '', b = ''): number => (a < b ? -1 : 1);

const tcp = (port: number): Asked => ({ protocol: 'tcp', port });

function allows(network: Network, from: string, to: string, asked: Asked = tcp(80)): boolean {
  return network.allows(at(network, from), at(network, to), asked);
}

function flowOf(client: string, backend: string, port?: number): Flow {
  return { client, backend, port, mark: 0, labels: new Set() };
}

/** A packet of a flow, from its client unless it is a reply. */
function packetOf(flow: Flow, more: Partial<Packet> = {}): Packet {
  const isReply = more.direction === 'reply';
  return {
    hook: 'forward',
    saddr: isReply ? flow.backend : flow.client,
    daddr: isReply ? flow.client : flow.backend,
    protocol: 'tcp',
    state: 'new',
    direction: 'original',
    flow,
    tcpFlags: ['syn'],
    ...more,
  };
}

const verdictOf = (table: KernelTable, packet: Packet): Fate['verdict'] => send(table, packet).verdict;

describe('who is exempt', () => {
  test('checklist 1: the own node reaches isolated pods, and no other node does', () => {
    const network = networkOf(base + deny);
    expect(allows(network, '172.16.0.1', '10.0.1.2')).toBe(true);
    expect(allows(network, '172.16.0.2', '10.0.1.2')).toBe(false);
    expect(allows(network, '10.0.1.2', '172.16.0.1')).toBe(true);
    expect(allows(network, '10.0.1.2', '172.16.0.2')).toBe(false);
    // All local addresses count, that of a bridge too, and of processes that are not root's.
    const { table } = rulesetOf(base + deny);
    const probe = packetOf(flowOf('169.254.1.1', '10.0.1.2', 80), { hook: 'output', localSource: true });
    expect(verdictOf(table, probe)).toBe('accept');
  });

  test('checklist 2: a pod reaches itself, also through a Service', () => {
    const { table } = rulesetOf(base + deny);
    // Through a Service the packet comes from elsewhere, masqueraded; the original tuple tells who opened it.
    const flow = flowOf('10.0.1.1', '10.0.1.1', 80);
    expect(verdictOf(table, packetOf(flow, { saddr: '172.16.0.1' }))).toBe('accept');
    expect(verdictOf(table, packetOf(flowOf('10.0.1.1', '10.0.1.2', 80)))).toBe('drop');
  });

  test('checklist 3: a pod on the host network is its node: never selected, in no selector set, met by ipBlocks', () => {
    const agent = pod('shop/agent', ['172.16.0.2'], { node: 'n2', more: 'hostNetwork: true' });
    const admit = policy(
      'shop/admit',
      '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}, {from: [{ipBlock: {cidr: 172.16.0.2/32}}], ports: [{port: 81}]}]}',
    );
    const { ruleset, report } = rulesetOf(base + agent + deny + admit);
    expect(elementsOf(ruleset, 'all pods in shop')).not.toContain('172.16.0.2');
    expect(report.pods.map(({ name }) => name)).not.toContain('agent');
    const network = networkOf(base + deny + admit);
    expect(allows(network, '172.16.0.2', '10.0.1.2', tcp(80))).toBe(false);
    expect(allows(network, '172.16.0.2', '10.0.1.2', tcp(81))).toBe(true);
  });

  test('checklist 4: neighbour discovery passes whatever the policy', () => {
    const { table } = rulesetOf(base + pod('shop/six', ['fd00::1']) + deny);
    const bridged = (icmpv6Type: number): Packet =>
      packetOf(flowOf('fd00::1', 'ff02::1'), {
        protocol: 'icmpv6',
        state: 'untracked',
        flow: undefined,
        icmpv6Type,
      });
    for (const type of [130, 133, 134, 135, 136, 143]) expect(verdictOf(table, bridged(type))).toBe('accept');
    expect(verdictOf(table, bridged(128))).toBe('drop');
  });
});

describe('what a rule means', () => {
  const rules = (spec: string): Network =>
    networkOf(base + deny + policy('shop/rules', `{podSelector: {matchLabels: {app: db}}, ${spec}}`) + open);
  const open = policy(
    'shop/open',
    '{podSelector: {matchLabels: {app: web}}, egress: [{}], policyTypes: [Egress]}',
  );
  const icmp: Asked = { protocol: 'icmp', port: undefined };
  const from = 'from: [{podSelector: {matchLabels: {app: web}}}]';
  const [web, db, probe] = ['10.0.1.1', '10.0.1.2', '10.0.1.3'] as const;

  test('checklist 5: ICMP is admitted by rules without ports, and by no others', () => {
    expect(allows(rules(`ingress: [{${from}}]`), web, db, icmp)).toBe(true);
    const allPorts = '{protocol: TCP}, {protocol: UDP}, {protocol: SCTP}';
    expect(allows(rules(`ingress: [{${from}, ports: [${allPorts}]}]`), web, db, icmp)).toBe(false);
  });

  test('checklist 6: errors about allowed flows pass, and so do their resets', () => {
    const { table } = rulesetOf(
      base + deny + policy('shop/rules', `{podSelector: {}, ingress: [{${from}}], egress: [{}]}`),
    );
    const flow = flowOf(web, db, 80);
    expect(verdictOf(table, packetOf(flow))).toBe('accept');
    const reset = packetOf(flow, { direction: 'reply', state: 'established', tcpFlags: ['rst'] });
    expect(verdictOf(table, reset)).toBe('accept');
    const error = packetOf(flow, { direction: 'reply', state: 'related', protocol: 'icmp' });
    expect(verdictOf(table, error)).toBe('accept');
  });

  test('checklist 7: a packet whose port cannot be read passes no rule with ports', () => {
    const network = rules(`ingress: [{${from}, ports: [{protocol: UDP, port: 53}]}]`);
    expect(allows(network, web, db, { protocol: 'udp', port: 53 })).toBe(true);
    expect(allows(network, web, db, { protocol: 'udp', port: undefined })).toBe(false);
  });

  test('checklist 8: invalid and untracked packets are dropped for isolated pods alone', () => {
    const { table } = rulesetOf(base + policy('shop/in', '{podSelector: {matchLabels: {app: db}}}'));
    for (const state of ['invalid', 'untracked'] as const) {
      const lost = (client: string, backend: string): Packet => ({
        ...packetOf(flowOf(client, backend, 80)),
        state,
        flow: undefined,
      });
      expect(verdictOf(table, lost(web, db))).toBe('drop');
      expect(verdictOf(table, lost(db, web))).toBe('accept');
      expect(verdictOf(table, lost(web, probe))).toBe('accept');
    }
  });

  test('checklist 9: the protocol is TCP, missing ports are all, endPort is included', () => {
    const one = rules(`ingress: [{${from}, ports: [{port: 80}]}]`);
    expect(allows(one, web, db, tcp(80))).toBe(true);
    expect(allows(one, web, db, { protocol: 'udp', port: 80 })).toBe(false);
    expect(allows(one, web, db, { protocol: 'sctp', port: 80 })).toBe(false);
    const range = rules(`ingress: [{${from}, ports: [{port: 8000, endPort: 8010}]}]`);
    const passed = [7999, 8000, 8010, 8011].filter((port) => allows(range, web, db, tcp(port)));
    expect(passed).toEqual([8000, 8010]);
    const every = rules(`ingress: [{${from}, ports: [{protocol: UDP}]}]`);
    expect(allows(every, web, db, { protocol: 'udp', port: 65535 })).toBe(true);
    expect(allows(every, web, db, tcp(1))).toBe(false);
    const wrong = rules(`ingress: [{${from}, ports: [{port: http, protocol: UDP}]}]`);
    expect(allows(wrong, web, db, { protocol: 'udp', port: 8005 })).toBe(false);
    // Several ports are one set, and are asked at one go.
    const many = `ports: [${[80, 443, 5432, 8000, 9000].map((port) => `{port: ${port}}`).join(', ')}]`;
    const several = rules(`ingress: [{${from}, ${many}}]`);
    expect([79, 80, 443, 9000, 9001].filter((port) => allows(several, web, db, tcp(port)))).toEqual([
      80, 443, 9000,
    ]);
  });

  test('checklist 10: each destination resolves a name by itself; an address has none', () => {
    const second = pod('shop/api', ['10.0.1.4'], { ports: '{name: http, containerPort: 9000}' });
    const sidecar = pod('shop/side', ['10.0.1.5'], {
      more: 'initContainers: [{name: s, image: i, restartPolicy: Always, ports: [{name: http, containerPort: 7000}]}]',
    });
    const egress = policy(
      'shop/egress',
      '{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}, {ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: http}]}]}',
    );
    const network = networkOf(base + second + sidecar + egress);
    const passed = (to: string): readonly number[] =>
      [80, 7000, 8005, 9000].filter((port) => allows(network, web, to, tcp(port)));
    expect(passed(db)).toEqual([8005]);
    expect(passed('10.0.1.4')).toEqual([9000]);
    expect(passed('10.0.1.5')).toEqual([7000]);
    expect(passed(probe)).toEqual([]);
    expect(passed('192.0.2.1')).toEqual([]);
    // In ingress the selected pod resolves it, for an ipBlock too.
    const ingress = rules('ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: http}]}]');
    expect(allows(ingress, '192.0.2.1', db, tcp(8005))).toBe(true);
    expect(allows(ingress, '192.0.2.1', db, tcp(80))).toBe(false);
  });

  test('checklist 11: no rule admits nobody, the empty rule admits everybody, and so does an empty from', () => {
    const outside = '192.0.2.1';
    expect(allows(rules('ingress: []'), outside, db)).toBe(false);
    expect(allows(rules('policyTypes: [Ingress]'), outside, db)).toBe(false);
    expect(allows(rules('ingress: [{}]'), outside, db)).toBe(true);
    expect(allows(rules('ingress: [{from: [], ports: [{port: 80}]}]'), outside, db)).toBe(true);
    expect(allows(rules('ingress: [{from: [], ports: [{port: 80}]}]'), probe, db)).toBe(true);
  });

  test('checklist 12: selectors alone, together, and empty', () => {
    const own = rules('ingress: [{from: [{podSelector: {}}]}]');
    expect([allows(own, web, db), allows(own, probe, db)]).toEqual([true, false]);
    const all = rules('ingress: [{from: [{namespaceSelector: {}}]}]');
    expect([allows(all, web, db), allows(all, probe, db), allows(all, '192.0.2.1', db)]).toEqual([
      true,
      true,
      false,
    ]);
    const ops = 'namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}';
    const both = rules(`ingress: [{from: [{${ops}, podSelector: {matchLabels: {app: web}}}]}]`);
    expect([allows(both, web, db), allows(both, probe, db)]).toEqual([false, false]);
    const either = rules(`ingress: [{from: [{${ops}}, {podSelector: {matchLabels: {app: web}}}]}]`);
    expect([allows(either, web, db), allows(either, probe, db)]).toEqual([true, true]);
  });

  test('checklist 13: NotIn and DoesNotExist match what lacks the key', () => {
    for (const expression of [
      '{key: tier, operator: NotIn, values: [x]}',
      '{key: tier, operator: DoesNotExist}',
    ]) {
      const network = rules(`ingress: [{from: [{podSelector: {matchExpressions: [${expression}]}}]}]`);
      expect(allows(network, web, db)).toBe(true);
    }
  });

  test('checklist 14: policyTypes default, and an egress policy leaves ingress open', () => {
    const network = networkOf(
      base + policy('shop/eg', '{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress]}'),
    );
    expect(allows(network, web, db)).toBe(true);
    expect(allows(network, db, web)).toBe(false);
    const defaulted = networkOf(
      base + policy('shop/in', '{podSelector: {matchLabels: {app: db}}, egress: []}'),
    );
    expect(allows(defaulted, db, web)).toBe(true);
    expect(allows(defaulted, web, db)).toBe(false);
  });

  test('checklist 15: policies are a union, in whatever order', () => {
    const parts = [
      deny,
      policy('shop/a', `{podSelector: {matchLabels: {app: db}}, ingress: [{${from}}]}`),
      policy(
        'shop/b',
        '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}',
      ),
      open,
    ];
    for (const order of [parts, parts.toReversed()]) {
      const network = networkOf(base + order.join(''));
      expect([
        allows(network, web, db),
        allows(network, '192.0.2.9', db),
        allows(network, probe, db),
      ]).toEqual([true, true, false]);
    }
    const [one, other] = [parts, parts.toReversed()].map((order) =>
      JSON.stringify(renderJson(rulesetOf(base + order.join('')).ruleset, firstGeneration)),
    );
    expect(one).toBe(other);
  });

  test('checklist 16: except cuts its own block alone; overlaps add up; families and host bits', () => {
    const network = rules(
      'ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}, {ipBlock: {cidr: 192.0.2.200/30}}, {ipBlock: {cidr: 0.0.0.0/0, except: [0.0.0.0/1]}}, {ipBlock: {cidr: 10.0.1.3/32}}]}]',
    );
    expect(allows(network, '192.0.2.1', db)).toBe(true);
    expect(allows(network, '192.0.2.130', db)).toBe(true); // 0.0.0.0/0 less its first half has it
    expect(allows(network, '10.9.9.9', db)).toBe(false);
    expect(allows(network, probe, db)).toBe(true); // an ipBlock matches a pod's address
    const cut = rules(
      'ingress: [{from: [{ipBlock: {cidr: 192.0.2.7/24, except: [192.0.2.128/25]}}, {ipBlock: {cidr: 192.0.2.200/30}}]}]',
    );
    expect(
      ['192.0.2.0', '192.0.2.127', '192.0.2.128', '192.0.2.200', '192.0.2.204'].filter((each) =>
        allows(cut, each, db),
      ),
    ).toEqual(['192.0.2.0', '192.0.2.127', '192.0.2.200']);
    const six = networkOf(
      base +
        pod('shop/six', ['10.0.1.9', 'fd00::9']) +
        policy(
          'shop/v4',
          '{podSelector: {matchLabels: {app: six}}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}',
        ),
    );
    expect(allows(six, '192.0.2.1', '10.0.1.9')).toBe(true);
    expect(allows(six, 'fd01::1', 'fd00::9')).toBe(false);
  });

  test('checklist 17: both ends must allow, each on its node, or both in one pass', () => {
    const far = '10.0.2.1';
    const out = policy(
      'shop/out',
      '{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}',
    );
    const into = policy(
      'shop/into',
      '{podSelector: {matchExpressions: [{key: app, operator: In, values: [far, db]}]}, ingress: [{from: [{podSelector: {}}]}]}',
    );
    for (const [to, passes] of [
      [far, 2],
      [db, 1],
    ] as const) {
      for (const [policies, allowed] of [
        [deny, false],
        [deny + out, false],
        [deny + into, false],
        [deny + out + into, true],
      ] as const) {
        const network = networkOf(base + policies);
        expect(allows(network, web, to)).toBe(allowed);
        if (allowed) expect(network.connect(at(network, web), at(network, to), tcp(80)).length).toBe(passes);
      }
    }
  });
});

describe('life cycle', () => {
  const podRanges = [parseCidr('10.0.1.0/24')!.cidr];

  test('checklist 18: with the ranges of the node, a pod that nobody has heard of is closed', () => {
    const { table } = rulesetOf(base, { podRanges });
    expect(verdictOf(table, packetOf(flowOf('10.0.1.77', '192.0.2.1', 80)))).toBe('drop');
    expect(verdictOf(table, packetOf(flowOf('192.0.2.1', '10.0.1.77', 80)))).toBe('drop');
    expect(verdictOf(table, packetOf(flowOf('10.0.1.1', '192.0.2.1', 80)))).toBe('accept');
    const probe = packetOf(flowOf('172.16.0.1', '10.0.1.77', 80), { hook: 'output', localSource: true });
    expect(verdictOf(table, probe)).toBe('accept');
  });

  test('checklist 19: a pod without address is in no set, and its chain is ready', () => {
    const { ruleset, report } = rulesetOf(
      base +
        pod('shop/late', []) +
        policy(
          'shop/in',
          '{podSelector: {matchLabels: {app: late}}, ingress: [{from: [{podSelector: {matchLabels: {app: late}}}]}]}',
        ),
    );
    expect(report.withoutAddress.map(({ name }) => name)).toEqual(['late']);
    expect(elementsOf(ruleset, 'pods app=late in shop')).toEqual([]);
    expect(ruleset.chains.filter(({ name }) => name.startsWith('in_')).length).toBe(1);
    expect(ruleset.maps.flatMap(({ entries }) => entries)).toEqual([]);
  });

  test('checklist 20: finished pods are no peers, and their address is free', () => {
    const done = pod('shop/job', ['10.0.1.50'], { phase: 'Succeeded' });
    const admit = policy(
      'shop/admit',
      '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]}',
    );
    const { ruleset, report } = rulesetOf(base + done + admit);
    expect(elementsOf(ruleset, 'all pods in shop')).not.toContain('10.0.1.50');
    expect(report.pods.map(({ name }) => name)).not.toContain('job');
    const leaving = pod('shop/leaving', ['10.0.1.51']).replace(
      'metadata: {',
      'metadata: {deletionTimestamp: "2026-01-01T00:00:00Z", ',
    );
    // One that is being deleted has its address until its containers have stopped.
    expect(elementsOf(rulesetOf(base + leaving + admit).ruleset, 'all pods in shop')).toContain('10.0.1.51');
    const reused = rulesetOf(base + done + admit + pod('ops/next', ['10.0.1.50']));
    expect(reused.report.contested).toEqual([]);
    expect(elementsOf(reused.ruleset, 'all pods in shop')).not.toContain('10.0.1.50');
  });

  test('checklist 21: an address has one owner, and the report names who else claims it', () => {
    const twin = pod('ops/twin', ['10.0.1.2']);
    const admit = policy(
      'shop/admit',
      '{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}]}',
    );
    const { ruleset, report } = rulesetOf(base + twin + admit);
    expect(report.contested.map(({ address, others }) => [address, others.map(({ name }) => name)])).toEqual([
      ['10.0.1.2', ['db']],
    ]);
    // Who has lost it is no peer by it: the packets are those of another.
    expect(elementsOf(ruleset, 'pods app=db in shop')).toEqual([]);
    const ofNode = rulesetOf(base + pod('shop/odd', ['172.16.0.2']) + admit);
    expect(ofNode.report.contested.map(({ address, owner }) => [address, owner])).toEqual([
      ['172.16.0.2', 'node'],
    ]);
  });

  test('checklist 24: an IPv4 block admits nothing over IPv6, for a pod that has both', () => {
    const dual = pod('shop/dual', ['10.0.1.9', 'fd00::9']) + pod('ops/peer', ['10.0.1.8', 'fd00::8']);
    const network = networkOf(
      base +
        dual +
        policy(
          'shop/v4',
          '{podSelector: {matchLabels: {app: dual}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}',
        ),
    );
    expect(allows(network, '10.0.1.8', '10.0.1.9')).toBe(true);
    expect(allows(network, 'fd00::8', 'fd00::9')).toBe(false);
  });
});

describe('Services and the kernel', () => {
  const admit = policy(
    'shop/admit',
    '{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 8005}]}]}',
  );

  test('checklist 26: what is judged is the backend and its port, not the Service', () => {
    const { table } = rulesetOf(base + admit);
    // Forwarded after DNAT: the client asked for port 80 of an address of the Service.
    expect(verdictOf(table, packetOf(flowOf('10.0.1.1', '10.0.1.2', 8005)))).toBe('accept');
    expect(verdictOf(table, packetOf(flowOf('10.0.1.1', '10.0.1.2', 80)))).toBe('drop');
    // A reply, which comes from there, is judged the same: the keys do not depend on the direction.
    const reply = { direction: 'reply', state: 'established', tcpFlags: ['ack'] } as const;
    expect(verdictOf(table, packetOf(flowOf('10.0.1.1', '10.0.1.2', 8005), reply))).toBe('accept');
    expect(verdictOf(table, packetOf(flowOf('10.0.1.1', '10.0.1.2', 80), reply))).toBe('drop');
  });

  test('checklist 27: under IPVS packets of others come through the output hook, and are judged there', () => {
    const { table } = rulesetOf(base + admit);
    const through = (port: number): Packet =>
      packetOf(flowOf('10.0.2.1', '10.0.1.2', port), { hook: 'output' });
    expect(verdictOf(table, through(8005))).toBe('accept');
    expect(verdictOf(table, through(80))).toBe('drop');
  });

  test('checklist 30: the hooks stand after DNAT and before masquerading, and never end another table', () => {
    const { ruleset } = rulesetOf(base);
    const hooks = ruleset.chains.flatMap(({ hook }) => hook ?? []);
    expect(hooks).toEqual([
      { hook: 'forward', priority: -5 },
      { hook: 'output', priority: -5 },
    ]);
    const [dstnat, filter, srcnat] = [-100, 0, 100] as const;
    for (const { priority } of hooks) {
      expect(priority).toBeGreaterThan(dstnat);
      expect(priority).toBeLessThan(filter);
      expect(priority).toBeLessThan(srcnat);
    }
  });

  test('checklist 31: answers of a local address pass untracked, as those of node-local-dns do', () => {
    const { table } = rulesetOf(base + deny);
    const answer: Packet = {
      ...packetOf(flowOf('169.254.20.10', '10.0.1.2', 53)),
      protocol: 'udp',
      hook: 'output',
      state: 'untracked',
      localSource: true,
      flow: undefined,
    };
    expect(verdictOf(table, answer)).toBe('accept');
  });

  test('checklist 38: the bits of the mark that are others stay, whatever the mask', () => {
    for (const [markMask, mark] of [
      [0x0fff_0000, 0x0001_0000],
      [0xff00_0000, 0x0100_0000],
      [0x0000_0ff0, 0x0000_0010],
    ] as const) {
      const { table } = rulesetOf(base, { markMask });
      const flow = flowOf('10.0.1.1', '10.0.1.2', 80);
      flow.mark = 0x6000_c00f & ~markMask;
      const before = flow.mark;
      expect(verdictOf(table, packetOf(flow))).toBe('accept');
      expect(flow.mark).toBe(before + mark);
      // The fast path: the next packet is not judged.
      const next = send(table, packetOf(flow, { state: 'established', tcpFlags: ['ack'] }));
      expect(next.path).toEqual(['forward', 'gate']);
      // Somebody else's mark only means that it is judged again.
      flow.mark = before;
      expect(send(table, packetOf(flow, { state: 'established', tcpFlags: ['ack'] })).path).toContain(
        'judge',
      );
    }
    for (const markMask of [0, 1, 0xf000_0000, 0x0f0f_0000, 2 ** 33, 1.5])
      expect(() => rulesetOf(base, { markMask })).toThrow(RangeError);
  });

  test('checklist 39: a connection that is picked up in its middle is reset where an end is isolated', () => {
    const { table } = rulesetOf(base + admit);
    const middle = (client: string, backend: string): Packet =>
      packetOf(flowOf(client, backend, 8005), { tcpFlags: ['ack', 'psh'] });
    expect(verdictOf(table, middle('10.0.1.1', '10.0.1.2'))).toBe('reset');
    // The server's packet came first, so the flow is reversed.
    expect(verdictOf(table, middle('10.0.1.2', '10.0.1.1'))).toBe('reset');
    expect(verdictOf(table, middle('10.0.1.1', '10.0.1.3'))).toBe('accept');
    expect(verdictOf(table, packetOf(flowOf('10.0.1.1', '10.0.1.2', 8005)))).toBe('accept');
  });

  test('checklist 40: after a long silence a server that speaks first is a client', () => {
    const { table } = rulesetOf(
      base + policy('shop/eg', '{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress]}'),
    );
    const udp = (flow: Flow): Packet => packetOf(flow, { protocol: 'udp' });
    expect(verdictOf(table, udp(flowOf('10.0.1.1', '10.0.1.2', 53)))).toBe('accept');
    expect(verdictOf(table, udp(flowOf('10.0.1.2', '10.0.1.1', 40_000)))).toBe('drop');
  });
});

describe('programming', () => {
  test('checklist 44: names are injective over namespace and name', () => {
    const pods = pod('a-b/c', ['10.0.1.20']) + pod('a/b-c', ['10.0.1.21']);
    const policies = policy('a-b/c', '{podSelector: {}}') + policy('a/b-c', '{podSelector: {}}');
    const { ruleset } = rulesetOf(base + pods + policies);
    const chains = ruleset.chains.filter(({ name }) => name.startsWith('in_'));
    expect(new Set(chains.map(({ name }) => name)).size).toBe(2);
    expect(chains.map(({ rules }) => rules.at(-1)?.comment).sort(byText)).toEqual([
      'isolated by a-b/c',
      'isolated by a/b-c',
    ]);
  });

  test('checklist 46: a policy that cannot be expressed closes its pods, and the others hold', () => {
    const peers = Array.from({ length: 30 }, (_, i) => `{podSelector: {matchLabels: {app: p${i}}}}`).join(
      ', ',
    );
    const large = policy(
      'shop/large',
      `{podSelector: {matchLabels: {app: db}}, ingress: [{from: [${peers}, {podSelector: {matchLabels: {app: web}}}]}]}`,
    );
    const small = policy(
      'shop/small',
      '{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}',
    );
    const [web, db] = ['10.0.1.1', '10.0.1.2'] as const;
    expect(allows(networkOf(base + large + small), web, db)).toBe(true);
    for (const options of [{ mostRules: 20 }, { refused: new Set(['shop/large']) }]) {
      const { report, ruleset } = rulesetOf(base + large + small, options);
      // The sets that only its rules would ask are not there.
      expect(ruleset.sets.filter(({ comment }) => comment?.includes('app=p'))).toEqual([]);
      expect(
        report.closed.map(({ policy: { name }, direction, pods }) => [
          name,
          direction,
          pods.map((each) => each.name),
        ]),
      ).toEqual([['large', 'ingress', ['db']]]);
      const network = networkOf(base + large + small, options);
      expect(allows(network, web, db)).toBe(false);
      expect(allows(network, db, web)).toBe(true);
      expect(allows(network, '10.0.1.3', web)).toBe(false);
    }
    // An object that a server refuses does not exist, for the rules either.
    const refused = policy('shop/bad', '{podSelector: {}, ingress: [{from: [{}]}]}');
    expect(allows(networkOf(base + refused), '10.0.1.3', db)).toBe(true);
  });

  test('a policy that perhaps selects a pod isolates it, and admits nobody', () => {
    // Corner 23: which value the template's hash gets is for the cluster to say.
    const template =
      '{metadata: {labels: {app: ops}}, spec: {nodeName: n1, containers: [{name: c, image: i}]}}';
    const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ops, namespace: shop}
spec: {selector: {matchLabels: {app: ops}}, template: ${template}}
`;
    const unsure = policy(
      'shop/hash',
      '{podSelector: {matchLabels: {pod-template-hash: "1"}}, ingress: [{}]}',
    );
    const { ruleset } = rulesetOf(deployment + unsure);
    const chains = ruleset.chains.filter(({ name }) => name.startsWith('in_'));
    expect(chains.map(({ rules }) => rules.map(({ comment }) => comment))).toEqual([
      ['isolated by shop/hash'],
    ]);
  });

  test('rules for a kernel follow no reading that it cannot follow', () => {
    const { cluster } = readManifests([{ file: 'c.yaml', text: base }]);
    const pods = cluster.pods;
    expect(() => compileRuleset(compile(cluster, { profile: 'np-guard' }), { pods })).toThrow(
      UnenforceableError,
    );
    expect(() => compileRuleset(compile(cluster, { undecided: 'open' }), { pods })).toThrow(
      UnenforceableError,
    );
  });
});
