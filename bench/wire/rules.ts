// What is loaded on the node: podwall's ruleset for a cluster with so many policies, and a list of rules that means the same.
import { readObjects } from '../../src/manifest/index.ts';
import { compileRuleset, planTransaction, podsOnNode, transactionText } from '../../src/nft/index.ts';
import type { Ruleset } from '../../src/nft/index.ts';
import { compile } from '../../src/policy/index.ts';
import type { Wire } from './network.ts';

const node = 'node-1';

/** 10.`second`.x.y, the `index`th of them. */
function addressOf(second: number, index: number): string {
  return `10.${second + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

/** The group of peers that policy `index` admits. */
const groupOf = (index: number): string => `g${index}`;

/**
 * `policies` pods on the node, each with a policy of its own that admits TCP and UDP from one group of peers, and `peers`
 * pods elsewhere, each in one of the groups. The last pod is the server of `wire`; its client is in that pod's group.
 */
export function rulesetOf(wire: Wire, policies: number, peers: number): Ruleset {
  const { cluster } = readObjects([...objects(wire, policies, peers)]);
  return compileRuleset(compile(cluster), { pods: podsOnNode(cluster, node) }).ruleset;
}

/** The cluster of `rulesetOf` as objects. */
export function* objects(wire: Wire, policies: number, peers: number): Generator {
  for (const namespace of ['here', 'there']) {
    yield { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  }
  for (let i = 0; i < policies; i++) {
    const address = i === policies - 1 ? wire.serverAddress : addressOf(100, i + 1);
    yield pod('here', `server-${i}`, { server: `s${i}` }, address, node);
    yield {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `admit-${i}`, namespace: 'here' },
      spec: {
        podSelector: { matchLabels: { server: `s${i}` } },
        ingress: [
          {
            from: [{ namespaceSelector: {}, podSelector: { matchLabels: { group: groupOf(i) } } }],
            ports: [{ protocol: 'UDP' }, { protocol: 'TCP' }],
          },
        ],
      },
    };
  }
  yield pod('there', 'client', { group: groupOf(policies - 1) }, wire.clientAddress, 'node-2');
  for (let i = 1; i < peers; i++) yield peer(i, policies);
}

/** One pod elsewhere, in the group of the `shift`th policy after its own. */
export function peer(index: number, policies: number, shift = 0): unknown {
  const group = groupOf((index + shift) % policies);
  return pod('there', `peer-${index}`, { group }, addressOf(128, index), 'node-2');
}

/** One more pod of the node under the policy of its number: its policy set is there. */
export function replica(index: number, policies: number): unknown {
  return pod('here', `replica-${index}`, { server: `s${index % policies}` }, addressOf(101, index + 1), node);
}

function pod(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  address: string,
  nodeName: string,
): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'main', image: 'main' }], nodeName },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  };
}

/** The texts that load the ruleset on a node that has nothing, one after the other. */
export function loadsOf(ruleset: Ruleset): readonly string[] {
  return transactionText(planTransaction(undefined, ruleset));
}

/** Connection tracking and nothing else: what each node has that turns Services into pods. */
export const nothing = `table inet none {
  chain forward { type filter hook forward priority filter - 5; policy accept;
    ct state established,related accept
  }
}
`;

/**
 * The same meaning as `rulesetOf`, written down one rule after the other as the first idea would be: what is established
 * passes, then one rule for each policy, then everything else to these pods is dropped.
 */
export function listOf(wire: Wire, policies: number, peers: number): string {
  const members = Array.from({ length: policies }, (): string[] => []);
  const isolated: string[] = [];
  members[policies - 1]?.push(wire.clientAddress);
  for (let i = 1; i < peers; i++) members[i % policies]?.push(addressOf(128, i));
  const rules: string[] = [];
  const lines = [
    'table inet naive {',
    // One set with a name: as many without, `{ tcp, udp }` in each rule, take a minute to load.
    'set protocols { type inet_proto; elements = { tcp, udp }',
    '}',
  ];
  for (let i = 0; i < policies; i++) {
    const address = i === policies - 1 ? wire.serverAddress : addressOf(100, i + 1);
    isolated.push(address);
    const elements = members[i]?.join(', ') ?? '';
    lines.push(`set p${i} { type ipv4_addr; ${elements === '' ? '' : `elements = { ${elements} }`}`, '}');
    rules.push(`ip daddr ${address} ip saddr @p${i} meta l4proto @protocols accept`);
  }
  lines.push(`set isolated { type ipv4_addr; elements = { ${isolated.join(', ')} }`, '}');
  lines.push('chain forward { type filter hook forward priority filter - 5; policy accept;');
  lines.push('ct state established,related accept', ...rules, 'ip daddr @isolated drop', '}', '}', '');
  return lines.join('\n');
}
