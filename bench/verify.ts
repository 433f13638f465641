// What fast answers are compared with: the naive evaluator, the walk over policies, and a sum over all pairs of classes.
import type { Pod } from '../src/model/index.ts';
import type { Protocol } from '../src/net/index.ts';
import type { CompiledPolicy } from '../src/policy/index.ts';
import { count } from '../src/reach/index.ts';
import { Reference } from '../test/reference/evaluate.ts';
import { timed } from './clock.ts';
import type { KubernetesObject } from './generate.ts';
import { seeded } from './random.ts';

/** What was compared with what, and whether all was equal. */
export interface Equality {
  readonly equal: boolean;
  readonly text: string;
}

/** Whether `from` may open a connection to one port of `to`. */
export interface Query {
  readonly from: Pod;
  readonly to: Pod;
  readonly protocol: Protocol;
  readonly port: number;
}

/** All of some, as one. */
export function all(checks: readonly Equality[]): Equality {
  return {
    equal: checks.every(({ equal }) => equal),
    text: checks.map(({ text }) => text).join('; '),
  };
}

/** Pairs within a namespace, between namespaces and with the namespaces that everybody talks to, a third each. */
export function sampleQueries(pods: readonly Pod[], howMany: number): readonly Query[] {
  const random = seeded(7);
  const byNamespace = Map.groupBy(pods, (pod) => pod.namespace);
  const shared = ['kube-system', 'monitoring', 'ingress-nginx']
    .map((name) => byNamespace.get(name) ?? [])
    .filter(({ length }) => length > 0);
  return Array.from({ length: howMany }, (_, i): Query => {
    const one = random.pick(pods);
    const others =
      i % 3 === 0 ? byNamespace.get(one.namespace) : i % 3 === 1 ? pods : random.pick([pods, ...shared]);
    const other = random.pick(others ?? pods);
    const [from, to] = random.chance(50) ? [one, other] : [other, one];
    const declared = to.ports.length > 0 && random.chance(80) ? random.pick(to.ports) : undefined;
    return { from, to, protocol: declared?.protocol ?? 'TCP', port: declared?.port ?? 443 };
  });
}

/** One verdict of the engine. */
export function verdict(policy: CompiledPolicy, { from, to, protocol, port }: Query): boolean {
  return policy.decide({ kind: 'pod', pod: from }, { kind: 'pod', pod: to }, protocol, port).allowed;
}

/**
 * The engine's verdicts beside those of the naive evaluator.
 *
 * A verdict depends on its two pods, their namespaces and the policies there, so the naive evaluator, which is
 * quadratic, gets no more than that: a hundred queries at a time.
 *
 * @returns also the naive evaluator's CPU time for one verdict, in microseconds
 */
export function againstNaive(
  policy: CompiledPolicy,
  objects: Iterable<KubernetesObject>,
  queries: readonly Query[],
): Equality & { readonly naiveUs: number } {
  const asked = new Set(queries.flatMap(({ from, to }) => [nameOf(from), nameOf(to)]));
  const namespacesAsked = new Set(queries.flatMap(({ from, to }) => [from.namespace, to.namespace]));
  const pods = new Map<string, KubernetesObject>();
  const policies = new Map<string, KubernetesObject[]>();
  const wide: KubernetesObject[] = [];
  for (const object of objects) {
    const { name, namespace = '' } = object['metadata'] as { name: string; namespace?: string };
    if (object['kind'] === 'Pod') {
      if (asked.has(`${namespace}/${name}`)) pods.set(`${namespace}/${name}`, object);
    } else if (object['kind'] === 'NetworkPolicy') {
      if (!namespacesAsked.has(namespace)) continue;
      const known = policies.get(namespace);
      if (known === undefined) policies.set(namespace, [object]);
      else known.push(object);
    } else {
      wide.push(object);
    }
  }
  let right = 0;
  let spentMs = 0;
  const batch = 100;
  for (let start = 0; start < queries.length; start += batch) {
    const some = queries.slice(start, start + batch);
    const ends = new Set(some.flatMap(({ from, to }) => [from, to]));
    const namespaces = new Set([...ends].map(({ namespace }) => namespace));
    const reference = new Reference([
      ...wide,
      ...Array.from(ends, (pod) => pods.get(nameOf(pod))),
      ...Array.from(namespaces, (namespace) => policies.get(namespace) ?? []).flat(),
    ]);
    const [{ cpuMs }, answers] = timed(() =>
      some.map(({ from, to, protocol, port }) =>
        reference.allowed({ pod: nameOf(from) }, { pod: nameOf(to) }, 'IPv4', protocol, port),
      ),
    );
    spentMs += cpuMs;
    right += some.filter((query, i) => verdict(policy, query) === answers[i]).length;
  }
  return {
    equal: right === queries.length,
    text: `${right} of ${queries.length} verdicts equal the naive evaluator's`,
    naiveUs: (spentMs * 1000) / queries.length,
  };
}

const nameOf = (pod: Pod): string => `${pod.namespace}/${pod.name}`;

/** Whole rows of the matrix beside the same pairs asked one by one, which goes by policies and knows no matrix. */
export function rowsAgainstPairs(policy: CompiledPolicy, rows: number): Equality {
  const { classes } = policy.parts;
  const { pods } = classes;
  const random = seeded(11);
  const row = new Int32Array(classes.size);
  let unequal = 0;
  let asked = 0;
  for (let i = 0; i < rows; i++) {
    const from = random.below(pods.length);
    const source = pods[from]!;
    policy.matrix.row(classes.classOf[from]!, row);
    for (const [to, destination] of pods.entries()) {
      if (to === from) continue;
      const ends = [
        { kind: 'pod', pod: source },
        { kind: 'pod', pod: destination },
      ] as const;
      if (policy.exemption(...ends) !== undefined) continue; // no policy is asked, nor the matrix
      asked++;
      const is = policy.accesses.access(row[classes.classOf[to]!]!);
      const expected = policy.access(...ends);
      if (is.both !== expected.both || is.only4 !== expected.only4 || is.only6 !== expected.only6) unequal++;
    }
  }
  return {
    equal: unequal === 0 && asked > 0,
    text: `${asked - unequal} of ${asked} pairs of ${rows} rows equal the walk over policies`,
  };
}

/**
 * The counts beside the sum over all pairs of classes, one after the other, which knows no blocks.
 *
 * @returns also what the sum took, as pairs of pods per second of CPU time
 */
export function countAgainstFlat(policy: CompiledPolicy): Equality & { readonly pairsPerSecond: number } {
  const [{ cpuMs }, flat] = timed(() => flatCount(policy));
  const counted = policy.matrix.count();
  let same = 0;
  for (const [access, pairs] of counted.entries()) if (pairs === (flat[access] ?? 0)) same++;
  const { pairs } = count(policy);
  return {
    equal: same === counted.length && flat.length <= counted.length,
    text: `${same} of ${counted.length} counts equal the sum over ${policy.parts.classes.size}² class pairs`,
    pairsPerSecond: (Number(pairs) / cpuMs) * 1000,
  };
}

function flatCount(policy: CompiledPolicy): readonly number[] {
  const { classes } = policy.parts;
  const { weight } = classes;
  const exempt = exemptPairs(policy);
  const free = policy.accesses.simple(1); // the id of the set of all ports
  let totals = new Float64Array(256);
  const row = new Int32Array(classes.size);
  for (let s = 0; s < classes.size; s++) {
    policy.matrix.row(s, row);
    const own = weight[s]!;
    if (policy.accesses.size > totals.length) {
      const longer = new Float64Array(policy.accesses.size * 2);
      longer.set(totals);
      totals = longer;
    }
    for (let d = 0; d < row.length; d++) totals[row[d]!]! += own * weight[d]!;
    totals[row[s]!]! -= own; // a pod and itself are no pair
    for (const [d, pairs] of exempt.get(s) ?? []) {
      totals[row[d]!]! -= pairs;
      totals[free]! += pairs;
    }
  }
  return [...totals.subarray(0, policy.accesses.size)];
}

/** By class of the source and of the destination: pairs of a host-network pod and a pod of its node (corner 42). */
function exemptPairs(policy: CompiledPolicy): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const { classes } = policy.parts;
  const pairs = new Map<number, Map<number, number>>();
  const byNode = Map.groupBy(classes.pods.keys(), (i) => classes.pods[i]!.node);
  for (const [node, some] of byNode) {
    if (node === undefined) continue;
    const hosts = some.filter((i) => classes.pods[i]!.hostNetwork);
    if (hosts.length === 0) continue;
    for (const host of hosts) {
      for (const guest of some) {
        const ends = [
          { kind: 'pod', pod: classes.pods[host]! },
          { kind: 'pod', pod: classes.pods[guest]! },
        ] as const;
        if (policy.exemption(...ends) !== 'node' || classes.pods[guest]!.hostNetwork) continue;
        for (const [from, to] of [
          [host, guest],
          [guest, host],
        ] as const) {
          const s = classes.classOf[from]!;
          const d = classes.classOf[to]!;
          const ofSource = pairs.get(s) ?? new Map<number, number>();
          ofSource.set(d, (ofSource.get(d) ?? 0) + 1);
          pairs.set(s, ofSource);
        }
      }
    }
  }
  return pairs;
}
