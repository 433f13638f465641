// Where one machine ends: the destinations of a cluster dealt out to several, each of which counts the connections to its
// own from everywhere. What a pod may receive depends on the ingress policies of its own namespace alone (corners 3 and 7),
// so a shard needs those of its namespaces, and of all others the pods and what their policies say of egress to its own.
//
//     node --expose-gc bench/shards.ts 100k/20k            the whole, as one line of JSON
//     node --expose-gc bench/shards.ts 100k/20k 3 8        the fourth of eight shards
import { readObjects } from '../src/manifest/index.ts';
import { matches } from '../src/model/index.ts';
import type { Cluster, DirectionSpec, LabelSelector, NetworkPolicy, Rule } from '../src/model/index.ts';
import { protocols } from '../src/net/index.ts';
import { compile } from '../src/policy/index.ts';
import type { CompiledPolicy } from '../src/policy/index.ts';
import { liveMegabytes, timed } from './clock.ts';
import type { Cost } from './clock.ts';
import { objectsNamed } from './input.ts';

/** By ports, as text: how many ordered pairs of distinct pods may use just these. */
export type PairsByPorts = Readonly<Record<string, number>>;

/** What one process measured. */
export interface MeasuredShard {
  readonly compile: Cost;
  readonly matrix: Cost;
  readonly count: Cost;
  /** What the compiled policy and its matrix hold beside the model. */
  readonly policyMegabytes: number;
  readonly destinations: number;
  readonly pairs: PairsByPorts;
}

/**
 * Deals out namespaces by their numbers of pods, the largest first, each to the shard that has least.
 *
 * @returns by shard: its namespaces
 */
export function dealOut(cluster: Cluster, shards: number): readonly ReadonlySet<string>[] {
  const pods = new Map([...cluster.namespaces.keys()].map((name) => [name, 0]));
  for (const { namespace } of cluster.pods) pods.set(namespace, (pods.get(namespace) ?? 0) + 1);
  const dealt = Array.from({ length: shards }, () => ({ namespaces: new Set<string>(), pods: 0 }));
  for (const [name, weight] of [...pods].sort((a, b) => b[1] - a[1])) {
    const least = dealt.reduce((a, b) => (b.pods < a.pods ? b : a));
    least.namespaces.add(name);
    least.pods += weight;
  }
  return dealt.map(({ namespaces }) => namespaces);
}

/**
 * The cluster with as much of its policies as connections to pods of these namespaces depend on: the ingress of their own,
 * and of every policy's egress the peers that can be there.
 */
export function clusterOfShard(cluster: Cluster, namespaces: ReadonlySet<string>): Cluster {
  const known = new Map<string, boolean>();
  const reaches = (selector: LabelSelector): boolean => {
    const key = JSON.stringify(selector);
    let some = known.get(key);
    if (some === undefined) {
      some = [...namespaces].some((name) => matches(selector, cluster.namespaces.get(name)!.labels));
      known.set(key, some);
    }
    return some;
  };
  const toHere = (policy: NetworkPolicy): DirectionSpec => {
    if (policy.egress.kind === 'unaffected') return policy.egress;
    const rules = policy.egress.rules.flatMap((rule): readonly Rule[] => {
      if (rule.peers.kind === 'any') return [rule];
      const [first, ...rest] = rule.peers.peers.filter((peer) => {
        if (peer.kind === 'ipBlock') return true; // it may hold addresses of pods, and of nodes (corner 34)
        return peer.namespaces === 'own' ? namespaces.has(policy.namespace) : reaches(peer.namespaces);
      });
      return first === undefined ? [] : [{ ...rule, peers: { kind: 'oneOf', peers: [first, ...rest] } }];
    });
    // Without a rule it isolates, which is what is left of it here (corner 9).
    return { kind: 'isolates', rules };
  };
  return {
    ...cluster,
    policies: cluster.policies.flatMap((policy): readonly NetworkPolicy[] => {
      const egress = toHere(policy);
      if (namespaces.has(policy.namespace)) return [{ ...policy, egress }];
      return egress.kind === 'unaffected' ? [] : [{ ...policy, egress, ingress: { kind: 'unaffected' } }];
    }),
  };
}

/**
 * Counts the pairs whose destination is in these namespaces; all pairs without.
 *
 * @param withNodes - whether host-network pods are counted as destinations too: their class is that of no namespace
 *   (corner 44), so one shard takes them all
 */
export function countTo(
  policy: CompiledPolicy,
  namespaces?: ReadonlySet<string>,
  withNodes = true,
): PairsByPorts {
  const { classes, namespaceIndex, ports } = policy.parts;
  const mine = new Set(Array.from(namespaces ?? namespaceIndex.keys(), (name) => namespaceIndex.get(name)));
  const isCounted = Uint8Array.from(classes.namespace, (namespace) =>
    (namespace < 0 ? withNodes : mine.has(namespace)) ? 1 : 0,
  );
  const byPorts: Record<string, number> = {};
  for (const [id, pairs] of policy.matrix.count(isCounted).entries()) {
    if (pairs === 0) continue;
    const { both, only4, only6 } = policy.accesses.access(id);
    const key = [both, only4, only6].map((set) => textOf(ports.set(set))).join(' | ');
    byPorts[key] = (byPorts[key] ?? 0) + pairs;
  }
  return byPorts;
}

function textOf(set: ReturnType<CompiledPolicy['allowed']>): string {
  if (set.isAll) return 'all';
  return protocols
    .map((each) => [each, ...set.ranges(each).map(({ from, to }) => `${from}-${to}`)].join(' '))
    .join(', ');
}

/** What several shards counted, together. */
export function added(shards: readonly PairsByPorts[]): PairsByPorts {
  const whole: Record<string, number> = {};
  for (const shard of shards) {
    for (const [key, pairs] of Object.entries(shard)) whole[key] = (whole[key] ?? 0) + pairs;
  }
  return whole;
}

if (import.meta.main) {
  const [size = '', index = '0', of = '1'] = process.argv.slice(2);
  let { cluster } = readObjects(objectsNamed(size)());
  const namespaces = dealOut(cluster, Number(of))[Number(index)];
  if (namespaces === undefined) throw new Error(`there is no shard ${index} of ${of}`);
  if (Number(of) > 1) cluster = clusterOfShard(cluster, namespaces);
  const before = liveMegabytes();
  const [compileCost, policy] = timed(() => compile(cluster));
  const [matrix] = timed(() => policy.matrix);
  const [count, pairs] = timed(() => countTo(policy, namespaces, index === '0'));
  const measured: MeasuredShard = {
    compile: compileCost,
    matrix,
    count,
    policyMegabytes: liveMegabytes() - before,
    destinations: cluster.pods.filter(({ namespace }) => namespaces.has(namespace)).length,
    pairs,
  };
  console.log(JSON.stringify(measured));
}
