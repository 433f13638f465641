import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { readManifests } from '../../src/manifest/index.ts';
import type { Pod } from '../../src/model/index.ts';
import { formatAddress, parseAddress } from '../../src/net/index.ts';
import {
  compileRuleset,
  firstGeneration,
  narrowingText,
  planTransaction,
  renderJson,
  transactionJson,
} from '../../src/nft/index.ts';
import type { Installed, Ruleset, RulesetOptions, RulesetReport, Transaction } from '../../src/nft/index.ts';
import { compile } from '../../src/policy/index.ts';
import { send } from './evaluator.ts';
import type { Fate, Flow, Packet } from './evaluator.ts';
import { Network } from './network.ts';
import type { Asked, NetworkEnd } from './network.ts';
import { KernelTable } from './table.ts';

// ClusterNetworkPolicy, AdminNetworkPolicy and BaselineAdminNetworkPolicy in the rules of nodes, with packets sent through.

const [web, db, probe, far, n1, n2] = [
  '10.0.1.1',
  '10.0.1.2',
  '10.0.1.3',
  '10.0.2.1',
  '172.16.0.1',
  '172.16.0.2',
] as const;

function pod(id: string, address: string, node = 'n1'): string {
  const [namespace, name] = id.split('/');
  return `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}
spec: {nodeName: ${node}, containers: [{name: c, image: i, ports: [{name: http, containerPort: 8005}]}]}
status: {phase: Running, podIPs: [{ip: ${address}}]}
`;
}

function node(name: string, address: string): string {
  return `---
apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {zone: ${name}}}
status: {addresses: [{type: InternalIP, address: ${address}}]}
`;
}

/** Two nodes, three pods on the first and one on the second. */
const base = [
  node('n1', n1),
  node('n2', n2),
  pod('shop/web', web),
  pod('shop/db', db),
  pod('ops/probe', probe),
  pod('shop/far', far, 'n2'),
].join('');

const all = '{namespaces: {}}';
const onWeb = '{pods: {podSelector: {matchLabels: {app: web}}}}';
const onDb = '{pods: {podSelector: {matchLabels: {app: db}}}}';

function cnp(name: string, fields: string, subject = all): string {
  return `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${name}, uid: 7d9c4a52-0000-4000-8000-000000000001}
spec: {subject: ${subject}, ${fields}}
`;
}

function banp(fields: string): string {
  return `---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec: {subject: ${all}, ${fields}}
`;
}

function np(id: string, spec: string): string {
  const [namespace, name] = id.split('/');
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
`;
}

const port = (number: number): string => `protocols: [{tcp: {destinationPort: {number: ${number}}}}]`;
const ports = (start: number, end: number): string =>
  `protocols: [{tcp: {destinationPort: {range: {start: ${start}, end: ${end}}}}}]`;
const everyone = 'from: [{namespaces: {}}]';

const tcp = (number: number): Asked => ({ protocol: 'tcp', port: number });
const icmp: Asked = { protocol: 'icmp', port: undefined };

function networkOf(text: string, options: Omit<RulesetOptions, 'pods'> = {}): Network {
  return new Network(compile(readManifests([{ file: 'c.yaml', text }]).cluster), options);
}

function at(network: Network, address: string): NetworkEnd {
  const known = network.ends.find((end) => end.address === address);
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`${address} is no address`);
  return known ?? { engine: { kind: 'address', address: parsed }, address, node: undefined, isPod: false };
}

function allows(network: Network, from: string, to: string, asked: Asked = tcp(80)): boolean {
  return network.allows(at(network, from), at(network, to), asked);
}

/** The ports of some that are admitted. */
function open(network: Network, from: string, to: string, numbers: readonly number[]): readonly number[] {
  return numbers.filter((number) => allows(network, from, to, tcp(number)));
}

interface OnNode {
  readonly ruleset: Ruleset;
  readonly report: RulesetReport;
  readonly table: KernelTable;
}

function rulesetOf(text: string, options: Omit<RulesetOptions, 'pods'> = {}): OnNode {
  const compiled = compile(readManifests([{ file: 'c.yaml', text }]).cluster);
  const pods = compiled.cluster.pods.filter((each) => each.node === 'n1');
  const made = compileRuleset(compiled, { ...options, pods });
  const table = new KernelTable();
  table.apply(renderJson(made.ruleset, firstGeneration));
  return { ...made, table };
}

function packetOf(flow: Flow, more: Partial<Packet> = {}): Packet {
  return {
    hook: 'forward',
    saddr: flow.client,
    daddr: flow.backend,
    protocol: 'tcp',
    state: 'new',
    direction: 'original',
    flow,
    tcpFlags: ['syn'],
    ...more,
  };
}

function flowOf(client: string, backend: string, number = 80, asked = backend): Flow {
  return { client, backend, asked, port: number, mark: 0, labels: new Set() };
}

const verdictOf = (table: KernelTable, packet: Packet): Fate['verdict'] => send(table, packet).verdict;

describe('conformance of ClusterNetworkPolicy', () => {
  const root = join(import.meta.dirname, '..', 'conformance', 'clusternetworkpolicy');
  const folders = (path: string): readonly string[] =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  const asked = { states: 0, IPv4: 0, IPv6: 0 };

  interface Probe {
    readonly from: string;
    readonly to: string;
    readonly protocol: string;
    readonly port: number;
    readonly expect: string;
  }
  interface Named {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
  }

  /** The objects of a cluster with those of a state in place of the ones of the same name. */
  function merged(...files: readonly string[]): string {
    const documents = files.flatMap((file) => parseAllDocuments(readFileSync(file, 'utf8')));
    const objects = documents
      .map((document): Named | null => document.toJS())
      .filter((each) => each !== null)
      .map((each) => [`${each.kind} ${each.metadata.namespace ?? ''} ${each.metadata.name}`, each] as const);
    return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...new Map(objects).values()] });
  }

  const cases = folders(root)
    .filter((name) => name !== 'validation')
    .flatMap((name) => folders(join(root, name)).map((state) => ({ name, state })));

  test.each(cases)('$name $state', ({ name, state }) => {
    for (const suffix of ['', '-ipv6']) {
      const cluster = join(root, name, `cluster${suffix}.yaml`);
      if (!existsSync(cluster)) continue;
      const own = join(root, name, state, `state${suffix}.yaml`);
      const text = merged(cluster, existsSync(own) ? own : join(root, name, state, 'state.yaml'));
      const { cluster: read } = readManifests([{ file: 'c.json', text }]);
      const network = new Network(compile(read));
      const addressOf = (id: string): string => {
        const found = read.pods.find((each) => `${each.namespace}/${each.name}` === id);
        return formatAddress(found!.addresses[0]!);
      };
      const probes: readonly Probe[] = parse(readFileSync(join(root, name, state, 'probes.yaml'), 'utf8'));
      for (const each of probes) {
        const protocol = (['tcp', 'udp', 'sctp'] as const).find(
          (one) => one.toUpperCase() === each.protocol,
        )!;
        const is = allows(network, addressOf(each.from), addressOf(each.to), { protocol, port: each.port });
        expect({ ...each, is: is ? 'allow' : 'deny' }).toEqual({ ...each, is: each.expect });
        asked[suffix === '' ? 'IPv4' : 'IPv6']++;
      }
    }
    asked.states++;
  });

  test('all 301 probes of 62 states were asked, and those of the IPv6 clusters', () => {
    expect(asked).toEqual({ states: 62, IPv4: 301, IPv6: 63 });
  });
});

describe('checklist 15: tiers are asked in order', () => {
  const numbers = [80, 81, 82, 83, 84];

  test('Admin before NetworkPolicy, Pass leads there, and Baseline is for what nothing isolates', () => {
    const network = networkOf(
      base +
        cnp(
          'admin',
          `tier: Admin, priority: 1, ingress: [
            {action: Accept, ${everyone}, ${port(80)}},
            {action: Pass, ${everyone}, ${port(81)}},
            {action: Deny, ${everyone}, ${ports(81, 82)}}]`,
        ) +
        np(
          'shop/db',
          '{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 82}, {port: 83}]}]}',
        ) +
        cnp('base', `tier: Baseline, priority: 1, ingress: [{action: Deny, ${everyone}, ${ports(81, 83)}}]`),
    );
    expect(open(network, probe, db, numbers)).toEqual([80, 83]);
    expect(open(network, probe, web, numbers)).toEqual([80, 84]);
    // Who is no pod is in no peer of ingress.
    expect(open(network, '192.0.2.1', web, numbers)).toEqual(numbers);
    expect(open(network, '192.0.2.1', db, numbers)).toEqual([82, 83]);
  });

  test('by priority, and in a policy by rule', () => {
    const network = networkOf(
      base +
        cnp('late', `tier: Admin, priority: 20, ingress: [{action: Deny, ${everyone}}]`) +
        cnp(
          'early',
          `tier: Admin, priority: 10, ingress: [
            {action: Deny, ${everyone}, ${port(80)}},
            {action: Accept, ${everyone}, ${ports(80, 82)}}]`,
        ),
    );
    expect(open(network, probe, db, numbers)).toEqual([81, 82]);
  });

  test('what equal priorities leave open is closed, and what they agree on is not', () => {
    const tied = (name: string, rules: string): string =>
      cnp(name, `tier: Admin, priority: 5, ingress: [${rules}]`);
    const network = networkOf(
      base +
        tied(
          'one',
          `{action: Accept, ${everyone}, ${ports(80, 81)}}, {action: Deny, ${everyone}, ${ports(81, 83)}}`,
        ) +
        tied(
          'two',
          `{action: Deny, ${everyone}, ${port(81)}}, {action: Accept, ${everyone}, ${ports(80, 82)}}`,
        ) +
        tied(
          'three',
          `{action: Pass, ${everyone}, ${port(84)}}, {action: Accept, ${everyone}, ${ports(84, 85)}}`,
        ) +
        tied('four', `{action: Accept, ${everyone}, ${ports(84, 86)}}`) +
        np('shop/db', '{podSelector: {matchLabels: {app: db}}}'),
    );
    // 81 is accepted or denied, 82 denied or accepted, 83 denied; 84 accepted, or passed to what denies it.
    expect(open(network, probe, db, [80, 81, 82, 83, 84, 85, 86, 87])).toEqual([80, 85, 86]);
    // Where nothing is behind it, Pass leads to the same.
    expect(open(network, probe, web, [80, 81, 82, 83, 84, 85, 86, 87])).toEqual([80, 84, 85, 86, 87]);
  });

  test('a BaselineAdminNetworkPolicy denies wherever it stands', () => {
    const network = networkOf(
      base +
        cnp(
          'base',
          `tier: Baseline, priority: 1, ingress: [{action: Accept, ${everyone}, ${ports(80, 81)}}]`,
        ) +
        cnp('more', `tier: Baseline, priority: 2, ingress: [{action: Deny, ${everyone}, ${port(83)}}]`) +
        banp(
          `ingress: [{action: Allow, ${everyone}, ports: [{portNumber: {port: 81}}, {portNumber: {port: 83}}]},
            {action: Deny, ${everyone}, ports: [{portRange: {start: 80, end: 82}}]}]`,
        ),
    );
    expect(open(network, probe, db, numbers)).toEqual([81, 84]);
  });

  test('what is not understood fails closed', () => {
    const closes = (action: string): Network =>
      networkOf(
        base +
          cnp(
            'p',
            `tier: Admin, priority: 1, ingress: [{action: ${action}, from: [{services: {}}, {namespaces: {}}]}]`,
            onDb,
          ) +
          np('shop/db', '{podSelector: {matchLabels: {app: db}}}'),
      );
    expect(allows(closes('Accept'), probe, db)).toBe(false);
    for (const action of ['Deny', 'Pass']) {
      const network = closes(action);
      expect(allows(network, probe, db, icmp)).toBe(false);
      expect(allows(network, '192.0.2.1', db)).toBe(false);
      expect(allows(network, n2, db)).toBe(false);
      expect(allows(network, n1, db)).toBe(true);
      expect(allows(network, db, web)).toBe(true);
    }
  });

  test('names of ports are those of the destination, with whatever protocol', () => {
    const named = 'protocols: [{destinationNamedPort: http}]';
    const network = networkOf(
      base.replace('{name: http, containerPort: 8005}', '{name: http, containerPort: 53, protocol: UDP}') +
        cnp(
          'out',
          `tier: Admin, priority: 1, egress: [{action: Deny, to: [{namespaces: {}}], ${named}}]`,
          onDb,
        ) +
        cnp('in', `tier: Admin, priority: 2, ingress: [{action: Deny, ${everyone}, ${named}}]`, onDb),
    );
    expect(allows(network, db, web, { protocol: 'udp', port: 53 })).toBe(false);
    expect(open(network, db, web, [53, 8005])).toEqual([53, 8005]);
    expect(open(network, db, probe, [53, 8005])).toEqual([53]);
    expect(open(network, web, db, [53, 8005])).toEqual([53]);
  });

  test('chains are shared, and a pod that nothing can deny has none', () => {
    const accepts = cnp('p', `tier: Admin, priority: 1, ingress: [{action: Accept, ${everyone}}]`);
    const chains = ({ ruleset }: OnNode): readonly string[] =>
      ruleset.chains.map(({ name }) => name).filter((name) => /^(in|eg|own)_/.test(name));
    expect(chains(rulesetOf(base + accepts))).toEqual([]);
    expect(rulesetOf(base + accepts).ruleset.chains).toEqual(rulesetOf(base).ruleset.chains);
    const denies = cnp('p', `tier: Admin, priority: 1, ingress: [{action: Deny, ${everyone}}]`);
    expect(chains(rulesetOf(base + denies)).length).toBe(1);
    // That of the NetworkPolicy is the same for pods with tiers and without.
    const deny = np('shop/deny', '{podSelector: {}}');
    const plain = chains(rulesetOf(base + deny));
    expect(plain.length).toBe(1);
    const some = cnp(
      'p',
      `tier: Admin, priority: 1, ingress: [{action: Deny, ${everyone}, ${port(80)}}]`,
      onDb,
    );
    expect(chains(rulesetOf(base + deny + some))).toEqual(expect.arrayContaining([...plain]));
  });
});

describe('checklist 5: ICMP', () => {
  test('is matched by rules without protocols, and by no others', () => {
    const deny = (rest: string): Network =>
      networkOf(
        base +
          cnp(
            'p',
            `tier: Admin, priority: 1, egress: [{action: Deny, to: [{networks: [10.0.0.0/8]}]${rest}}]`,
          ),
      );
    expect(allows(deny(''), web, db, icmp)).toBe(false);
    const named = ['tcp', 'udp', 'sctp'].map(
      (each) => `{${each}: {destinationPort: {range: {start: 1, end: 65535}}}}`,
    );
    const network = deny(`, protocols: [${named.join(', ')}]`);
    expect(allows(network, web, db, icmp)).toBe(true);
    expect(allows(network, web, db)).toBe(false);
  });
});

describe('checklist 2: a pod that reaches itself', () => {
  const service = '10.96.0.1';
  const deny = cnp(
    'p',
    `tier: Admin, priority: 1, ingress: [{action: Deny, ${everyone}, ${port(80)}}]`,
    onDb,
  );

  test('through a Service is under its tiers, by its own address it is not', () => {
    const { table } = rulesetOf(base + deny);
    const through = (address: string, number: number): Packet =>
      packetOf(flowOf(address, address, number, service), { saddr: n1 });
    expect(verdictOf(table, through(db, 80))).toBe('drop');
    expect(verdictOf(table, through(db, 81))).toBe('accept');
    expect(verdictOf(table, through(web, 80))).toBe('accept');
    expect(verdictOf(table, packetOf(flowOf(db, db)))).toBe('accept');
  });

  test('is under the egress of its tiers too', () => {
    const { table } = rulesetOf(
      base + cnp('p', `tier: Baseline, priority: 1, egress: [{action: Deny, to: [{namespaces: {}}]}]`),
    );
    expect(verdictOf(table, packetOf(flowOf(db, db, 80, service)))).toBe('drop');
    expect(verdictOf(table, packetOf(flowOf(db, db)))).toBe('accept');
  });

  test('is stopped by no NetworkPolicy, behind tiers either', () => {
    const isolated = np('shop/deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}');
    const pass = cnp(
      'p',
      `tier: Admin, priority: 1, ingress: [{action: Pass, ${everyone}, ${port(80)}}, {action: Deny, ${everyone}, ${port(81)}}]`,
    );
    const { table } = rulesetOf(base + isolated + pass);
    expect(verdictOf(table, packetOf(flowOf(db, db, 80, service)))).toBe('accept');
    expect(verdictOf(table, packetOf(flowOf(db, db, 81, service)))).toBe('drop');
    expect(verdictOf(table, packetOf(flowOf(db, db, 82, service)))).toBe('accept');
    expect(verdictOf(table, packetOf(flowOf(web, db, 82)))).toBe('drop');
  });
});

describe('checklist 1: a pod and its own node', () => {
  const toNodes = (peer: string, rest = ''): string =>
    cnp('p', `tier: Admin, priority: 1, egress: [{action: Deny, to: [${peer}]${rest}}]`, onDb);
  const own = (number: number, more: Partial<Packet> = {}): Packet =>
    packetOf(flowOf(db, n1, number), { hook: 'input', ...more });

  test('a tier that names nodes or networks denies a pod its own node, and the node no pod', () => {
    for (const peer of [
      '{nodes: {matchLabels: {zone: n1}}}',
      '{networks: [172.16.0.0/16]}',
      '{services: {}}',
    ]) {
      const network = networkOf(base + toNodes(peer, `, ${port(80)}`));
      expect(allows(network, db, n1)).toBe(false);
      expect(allows(network, web, n1)).toBe(true);
      expect(allows(network, n1, db)).toBe(true);
    }
    const network = networkOf(base + toNodes('{nodes: {matchLabels: {zone: n2}}}'));
    expect([allows(network, db, n1), allows(network, db, n2)]).toEqual([true, false]);
    // Its ports are asked, too.
    expect(open(networkOf(base + toNodes('{nodes: {}}', `, ${port(80)}`)), db, n1, [80, 81])).toEqual([81]);
  });

  test('NetworkPolicies leave it open, whatever the Admin tier passes on; Baseline denies it where none isolates', () => {
    const isolated = np('shop/deny', '{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress]}');
    const network = networkOf(
      base +
        isolated +
        cnp(
          'a',
          `tier: Admin, priority: 1, egress: [{action: Pass, to: [{nodes: {}}], ${port(80)}}, {action: Deny, to: [{nodes: {}}], ${ports(80, 81)}}]`,
        ) +
        cnp('b', 'tier: Baseline, priority: 1, egress: [{action: Deny, to: [{nodes: {}}]}]'),
    );
    expect(open(network, db, n1, [80, 81, 82])).toEqual([80, 82]);
    expect(open(network, web, n1, [80, 81, 82])).toEqual([]);
  });

  test('nobody is asked there without such a tier', () => {
    for (const text of [
      base,
      base + toNodes('{namespaces: {}}'),
      base + np('shop/deny', '{podSelector: {}}'),
    ]) {
      const { ruleset } = rulesetOf(text);
      expect(
        ruleset.chains.filter(({ name, hook }) => name.startsWith('own_') || hook?.hook === 'input'),
      ).toEqual([]);
    }
  });

  test('packets without flow are dropped there for pods that are judged; neighbour discovery passes', () => {
    const { table } = rulesetOf(base + toNodes('{nodes: {}}'));
    for (const state of ['invalid', 'untracked'] as const) {
      expect(verdictOf(table, own(53, { state, flow: undefined }))).toBe('drop');
      expect(verdictOf(table, own(53, { state, flow: undefined, saddr: web }))).toBe('accept');
      const discovery = { protocol: 'icmpv6', icmpv6Type: 135, state, flow: undefined } as const;
      expect(verdictOf(table, own(0, discovery))).toBe('accept');
    }
    // What a pod answers to its node is of a flow that the node opened.
    const answer = packetOf(flowOf(n1, db), {
      hook: 'input',
      saddr: db,
      daddr: n1,
      direction: 'reply',
      state: 'established',
    });
    expect(verdictOf(table, answer)).toBe('accept');
    expect(verdictOf(table, own(80, { state: 'related', protocol: 'icmp' }))).toBe('accept');
  });
});

describe('checklist 46: a tier that cannot be expressed', () => {
  test('closes its pods, and the others hold', () => {
    const peers = Array.from({ length: 20 }, (_, i) => `{pods: {podSelector: {matchLabels: {app: p${i}}}}}`);
    const large = cnp(
      'large',
      `tier: Admin, priority: 1, ingress: [{action: Accept, ${everyone}}, {action: Deny, from: [${peers.join(', ')}]}]`,
      onDb,
    );
    const small = cnp(
      'small',
      `tier: Admin, priority: 2, ingress: [{action: Deny, ${everyone}, ${port(80)}}]`,
      onWeb,
    );
    expect(allows(networkOf(base + large + small), probe, db)).toBe(true);
    for (const options of [{ mostRules: 10 }, { refused: new Set(['ClusterNetworkPolicy/large']) }]) {
      const network = networkOf(base + large + small, options);
      expect(allows(network, probe, db)).toBe(false);
      expect(allows(network, db, probe)).toBe(true);
      expect(open(network, probe, web, [80, 81])).toEqual([81]);
      const { report, ruleset } = rulesetOf(base + large + small, options);
      expect(
        report.closed.map(({ policy: { name }, direction, pods }) => [
          name,
          direction,
          pods.map((each) => each.name),
        ]),
      ).toEqual([['large', 'ingress', ['db']]]);
      expect(ruleset.sets.filter(({ comment }) => comment?.includes('app=p'))).toEqual([]);
    }
  });

  test('what files cannot tell is passed no further than it would be either way', () => {
    // Corner 23: whether the probe has the label is for the cluster to say.
    const perhaps = (rest: string, subject = onDb): Network => {
      const { cluster } = readManifests([{ file: 'c.yaml', text: base + rest + onPerhaps(subject) }]);
      const hide = (pods: readonly Pod[]): readonly Pod[] =>
        pods.map((each) =>
          each.name === 'probe'
            ? { ...each, labels: new Map(), undecided: new Map([['app', 'maybe']]) }
            : each,
        );
      const workloads = cluster.workloads.map((each) => ({ ...each, pods: hide(each.pods) }));
      return new Network(compile({ ...cluster, pods: hide(cluster.pods), workloads }));
    };
    const onPerhaps = (subject: string): string =>
      cnp(
        'p',
        `tier: Admin, priority: 1, ingress: [
          {action: Accept, from: [{pods: {podSelector: {matchLabels: {app: probe}}}}], ${port(79)}},
          {action: Pass, from: [{pods: {podSelector: {matchLabels: {app: probe}}}}]},
          {action: Accept, ${everyone}, ${ports(79, 80)}},
          {action: Deny, ${everyone}, ${port(81)}}]`,
        subject,
      );
    const isolated = np(
      'shop/db',
      '{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 81}]}]}',
    );
    const numbers = [79, 80, 81, 82];
    // Passed, accepted at 79 and 80, denied at 81: the least of what may be.
    expect(open(perhaps(isolated), probe, db, numbers)).toEqual([]);
    expect(open(perhaps(isolated), web, db, numbers)).toEqual([79, 80]);
    expect(open(perhaps(''), probe, db, numbers)).toEqual([79, 80, 82]);
    // Here it is the subject: accepted, or none of its business.
    const onProbe = '{pods: {podSelector: {matchLabels: {app: probe}}}}';
    const closed = np('ops/probe', '{podSelector: {}}');
    expect(open(perhaps(closed, onProbe), web, probe, numbers)).toEqual([]);
    expect(open(perhaps('', onProbe), web, probe, numbers)).toEqual([79, 80, 82]);
  });
});

describe('checklist 48: under tiers, too, a new generation only where something narrows', () => {
  function narrowed(
    before: string,
    after: string,
  ): { readonly texts: readonly string[]; readonly plan: Transaction } {
    const first = planTransaction(undefined, rulesetOf(base + before).ruleset);
    const plan = planTransaction(first.installed, rulesetOf(base + after).ruleset);
    const table = new KernelTable();
    for (const document of [...transactionJson(first), ...transactionJson(plan)]) table.apply(document);
    return { texts: plan.narrowings.map(narrowingText), plan };
  }
  const admin = (rules: string, priority = 1): string =>
    cnp('p', `tier: Admin, priority: ${priority}, ingress: [${rules}]`, onDb);
  const denied = (peers: string): string => `{action: Deny, from: [${peers}], ${ports(80, 90)}}`;
  const accepted = (peers: string): string => `{action: Accept, from: [${peers}], ${port(80)}}`;
  const [shop, anyone] = [
    '{namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}',
    '{namespaces: {}}',
  ];
  const rest = `{action: Deny, ${everyone}}`;

  test.each([
    ['nothing', admin(denied(anyone)), admin(denied(anyone))],
    ['a peer less that is denied', admin(denied(anyone)), admin(denied(shop))],
    [
      'ports less that are denied',
      admin(denied(anyone)),
      admin(denied(anyone).replace('start: 80', 'start: 85')),
    ],
    [
      'a peer more that is accepted',
      admin(accepted(shop) + `, ${rest}`),
      admin(accepted(anyone) + `, ${rest}`),
    ],
    ['the tiers gone', admin(denied(anyone)), ''],
    [
      'a NetworkPolicy behind it that admits more',
      admin(denied(anyone)) + np('shop/db', '{podSelector: {}, ingress: [{ports: [{port: 1}]}]}'),
      admin(denied(anyone)) + np('shop/db', '{podSelector: {}, ingress: [{ports: [{port: 1}, {port: 2}]}]}'),
    ],
  ])('%s: none', (title, before, after) => {
    const { texts } = narrowed(before, after);
    // Without tiers pods that reach themselves are approved in other words.
    expect(texts).toEqual(title === 'the tiers gone' ? ['the layout of the table changes'] : []);
  });

  const less = ['10.0.1.2: ingress admits less'];
  test.each([
    [
      'a tier',
      '',
      admin(denied(anyone)),
      ['the layout of the table changes', '10.0.1.2: ingress is isolated now'],
    ],
    ['a peer more that is denied', admin(denied(shop)), admin(denied(anyone)), less],
    [
      'ports more that are denied',
      admin(denied(anyone).replace('start: 80', 'start: 85')),
      admin(denied(anyone)),
      less,
    ],
    [
      'a peer less that is accepted',
      admin(accepted(anyone) + `, ${rest}`),
      admin(accepted(shop) + `, ${rest}`),
      less,
    ],
    ['another order', admin(accepted(shop) + `, ${rest}`), admin(`${rest}, ${accepted(shop)}`), less],
    [
      'a denial instead',
      admin(accepted(shop) + `, ${rest}`),
      admin(accepted(shop).replace('Accept', 'Deny') + `, ${rest}`),
      less,
    ],
    [
      'another peer that is passed',
      admin(`{action: Pass, from: [${shop}]}, ${rest}`) + np('shop/db', '{podSelector: {}}'),
      admin(`{action: Pass, from: [${anyone}]}, ${rest}`) + np('shop/db', '{podSelector: {}}'),
      less,
    ],
    [
      'a NetworkPolicy behind it that admits less',
      admin(denied(anyone)) +
        np('shop/db', '{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 1}]}]}'),
      admin(denied(anyone)) +
        np('shop/db', '{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 2}]}]}'),
      less,
    ],
  ])('%s: one', (_, before, after, expected) => {
    expect(narrowed(before, after).texts).toEqual(expected);
  });

  test('the way to the own node comes and goes in place, with its base chain', () => {
    const nodes = (rules: string): string => cnp('q', `tier: Admin, priority: 1, egress: [${rules}]`, onDb);
    const some = nodes(`{action: Deny, to: [{nodes: {}}], ${port(80)}}`);
    const more = nodes(`{action: Deny, to: [{nodes: {}}], ${ports(80, 81)}}`);
    const kept = admin(denied(anyone));
    expect(narrowed(kept + some, kept + more).texts).toEqual([
      '10.0.1.2: egress admits less',
      '10.0.1.2: less may go to the node itself',
    ]);
    expect(narrowed(kept + more, kept + some).texts).toEqual([]);
    expect(narrowed(kept, kept + some).texts).toEqual([
      '10.0.1.2: egress is isolated now',
      '10.0.1.2: less may go to the node itself',
    ]);
    const gone = narrowed(kept + some, kept);
    expect(gone.texts).toEqual([]);
    const steps = gone.plan.batches.flat().map((step) => step.kind);
    expect(steps.filter((kind) => kind === 'deleteMap').length).toBe(2);
    let installed: Installed | undefined;
    const table = new KernelTable();
    for (const text of [some, '', more, kept, '']) {
      const { ruleset } = rulesetOf(base + text);
      const plan = planTransaction(installed, ruleset, { chainsOfBatch: 1 });
      ({ installed } = plan);
      for (const document of transactionJson(plan)) table.apply(document);
      const fresh = new KernelTable();
      fresh.apply(renderJson(ruleset, installed.generation));
      expect([...table.chains.keys()].sort()).toEqual([...fresh.chains.keys()].sort());
      expect([...table.sets.keys()].sort()).toEqual([...fresh.sets.keys()].sort());
    }
  });
});
