import type { Cluster, Pod } from '../../src/model/index.ts';
import { formatAddress } from '../../src/net/index.ts';
import type { Family } from '../../src/net/index.ts';
import { compileRuleset, firstGeneration, renderJson } from '../../src/nft/index.ts';
import type { RulesetOptions } from '../../src/nft/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../../src/policy/index.ts';
import { send } from './evaluator.ts';
import type { Fate, Flow, Packet } from './evaluator.ts';
import { KernelTable } from './table.ts';

// Nodes with a table each, and the way of a packet between them: which hooks of which nodes it meets.

/** One end of a connection, as the engine and as the network know it. */
export interface NetworkEnd {
  readonly engine: PolicyEnd;
  readonly address: string;
  /** The node that it is on or is; `undefined` outside. */
  readonly node: string | undefined;
  /** Whether it has a network of its own on that node. */
  readonly isPod: boolean;
}

/** One question: may the client's packet pass? */
export interface Asked {
  readonly protocol: Packet['protocol'];
  /** The backend's port; `undefined` for protocols without. */
  readonly port: number | undefined;
}

/** A cluster whose nodes all filter. */
export class Network {
  readonly tables = new Map<string, KernelTable>();
  readonly ends: readonly NetworkEnd[];

  constructor(policy: CompiledPolicy, options: Omit<RulesetOptions, 'pods'> = {}) {
    const byNode = new Map<string, Pod[]>();
    for (const pod of policy.cluster.pods) {
      const name = nodeOf(pod);
      const known = byNode.get(name);
      if (known === undefined) byNode.set(name, [pod]);
      else known.push(pod);
    }
    for (const [name, pods] of byNode) {
      const { ruleset } = compileRuleset(policy, { ...options, pods });
      const table = new KernelTable();
      table.apply(renderJson(ruleset, firstGeneration));
      this.tables.set(name, table);
    }
    this.ends = endsOf(policy.cluster);
  }

  /** What becomes of the first packet of a connection at each hook that it meets, up to the first that stops it. */
  connect(from: NetworkEnd, to: NetworkEnd, asked: Asked): readonly Fate[] {
    const fates: Fate[] = [];
    for (const { node, hook } of hooksOn(from, to)) {
      const table = this.tables.get(node);
      if (table === undefined) continue; // a node without pods has nothing to filter
      const flow: Flow = {
        client: from.address,
        backend: to.address,
        port: asked.port,
        mark: 0,
        labels: new Set(),
      };
      const fate = send(table, {
        hook,
        saddr: from.address,
        daddr: to.address,
        protocol: asked.protocol,
        state: 'new',
        direction: 'original',
        flow,
        tcpFlags: ['syn'],
        localSource: hook === 'output',
      });
      fates.push(fate);
      if (fate.verdict !== 'accept') break;
    }
    return fates;
  }

  allows(from: NetworkEnd, to: NetworkEnd, asked: Asked): boolean {
    return this.connect(from, to, asked).every(({ verdict }) => verdict === 'accept');
  }
}

/** Forwarding on the source's node, then on the destination's; one pass where both are the same (checklist 17). */
function hooksOn(
  from: NetworkEnd,
  to: NetworkEnd,
): readonly { readonly node: string; readonly hook: 'forward' | 'output' | 'input' }[] {
  const hooks: { node: string; hook: 'forward' | 'output' | 'input' }[] = [];
  // From a pod to its own node a packet meets the input hook alone (checklist 1).
  if (from.isPod && from.node !== undefined)
    hooks.push({ node: from.node, hook: to.isPod || to.node !== from.node ? 'forward' : 'input' });
  if (to.isPod && to.node !== undefined) {
    if (!from.isPod && from.node === to.node) hooks.push({ node: to.node, hook: 'output' });
    else if (!from.isPod || from.node !== to.node) hooks.push({ node: to.node, hook: 'forward' });
  }
  return hooks;
}

/** A pod without nodeName runs on a node of its own. */
function nodeOf(pod: Pod): string {
  return pod.node ?? `the node of ${pod.id}`;
}

/** All pods and nodes by address; addresses that not one alone has are left out. */
function endsOf(cluster: Cluster): readonly NetworkEnd[] {
  const ends: NetworkEnd[] = [];
  const claims = new Map<string, number>();
  const claim = (address: string): void => {
    claims.set(address, (claims.get(address) ?? 0) + 1);
  };
  for (const pod of cluster.pods) {
    if (pod.hostNetwork) continue;
    for (const each of pod.addresses) {
      const address = formatAddress(each);
      claim(address);
      ends.push({ engine: { kind: 'pod', pod }, address, node: nodeOf(pod), isPod: true });
    }
  }
  for (const node of cluster.nodes.values()) {
    for (const each of node.addresses) {
      const address = formatAddress(each);
      claim(address);
      // Packets have one address; a node's others are not asked about with it.
      ends.push({
        engine: { kind: 'node', node: { ...node, addresses: [each] } },
        address,
        node: node.name,
        isPod: false,
      });
    }
  }
  return ends.filter(({ address }) => claims.get(address) === 1);
}

/** The family of an end's address. */
export function familyOf({ address }: NetworkEnd): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
