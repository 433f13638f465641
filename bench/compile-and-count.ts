// How long from objects in memory to exact counts of all pairs, step by step; and how long does one verdict take?
// One size in a process of its own, so that no other size has warmed the code or filled the heap. `run.ts` starts it.
//
//     node --expose-gc bench/compile-and-count.ts 10k/5k            one line of JSON
//     node --expose-gc bench/compile-and-count.ts 10k/5k --verify   and whether the answers are right
//     node --expose-gc bench/compile-and-count.ts 10k/5k --parts    reading alone, cut in two
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { readObjects } from '../src/manifest/index.ts';
import type { Cluster, Pod } from '../src/model/index.ts';
import { protocols } from '../src/net/index.ts';
import type { PortSet, Protocol } from '../src/net/index.ts';
import { compile } from '../src/policy/index.ts';
import type { CompiledPolicy } from '../src/policy/index.ts';
import { count } from '../src/reach/index.ts';
import { Reference } from '../test/reference/evaluate.ts';
import { generate, sizeNamed } from './generate.ts';
import type { KubernetesObject } from './generate.ts';
import { seeded } from './random.ts';

/** What one process measured; times in milliseconds, unless the name says otherwise. */
export interface Measured {
  /** Of the same objects, as a measure of the machine. */
  readonly jsonParse: number;
  readonly read: number;
  readonly compile: number;
  readonly count: number;
  /** The first verdicts on random pairs, and further ones on the same. */
  readonly firstVerdictUs: number;
  readonly verdictUs: number;
  /** The naive evaluator's time for the same verdicts on the pods and policies that they concern. */
  readonly naiveVerdictUs: number | undefined;
  readonly stats: object;
  readonly allowedPairs: number;
  readonly peakMegabytes: number;
  /** What was compared with what, and whether all was equal; `undefined` without `--verify`. */
  readonly verified: { readonly equal: boolean; readonly text: string } | undefined;
}

/** With `--parts`: reading the policies alone, and everything else alone. */
export interface MeasuredParts {
  readonly policies: number;
  readonly pods: number;
}

interface Query {
  readonly from: Pod;
  readonly to: Pod;
  readonly protocol: Protocol;
  readonly port: number;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { verify: { type: 'boolean', default: false }, parts: { type: 'boolean', default: false } },
});
const shape = sizeNamed(positionals[0] ?? '');
if (shape === undefined) throw new Error(`no size is named ${positionals[0]}`);

// Through text, so that strings and objects are as a reader of JSON makes them.
const texts = Array.from(generate(shape), (object) => JSON.stringify(object));
const [jsonParse, objects] = timed(() => texts.map((text) => JSON.parse(text) as KubernetesObject));
texts.length = 0;
const isPolicy = (object: KubernetesObject): boolean => object['kind'] === 'NetworkPolicy';
const policyObjects = objects.filter(isPolicy);
const otherObjects = objects.filter((object) => !isPolicy(object));
globalThis.gc?.();

if (values.parts) {
  // In a process of its own: what this leaves on the heap would be collected during the steps that follow.
  const [policies] = timed(() => readObjects(policyObjects));
  const [pods] = timed(() => readObjects(otherObjects));
  const parts: MeasuredParts = { policies, pods };
  console.log(JSON.stringify(parts));
  process.exit();
}

const [read, { cluster, diagnostics }] = timed(() => readObjects(objects));
const errors = diagnostics.filter(({ severity }) => severity === 'error');
if (errors[0] !== undefined) throw new Error(`the generator made a mistake: ${errors[0].message}`);
const [compileMs, policy] = timed(() => compile(cluster));
const [countMs, counted] = timed(() => count(policy));
const peakMegabytes = process.resourceUsage().maxRSS / 1024;

const queries = sampleQueries(cluster, 5_000);
const ask = ({ from, to, protocol, port }: Query): boolean =>
  policy.decide({ kind: 'pod', pod: from }, { kind: 'pod', pod: to }, protocol, port).allowed;
const [firstMs, verdicts] = timed(() => queries.map(ask));
const verified = values.verify ? verify(policy, verdicts) : undefined;
const measured: Measured = {
  jsonParse,
  read,
  compile: compileMs,
  count: countMs,
  firstVerdictUs: (firstMs * 1000) / queries.length,
  verdictUs: await verdictUs(),
  naiveVerdictUs: verified?.naiveVerdictUs,
  stats: { ...policy.stats },
  allowedPairs: counted.allowed,
  peakMegabytes,
  verified,
};
console.log(JSON.stringify(measured));

function timed<T>(work: () => T): readonly [ms: number, answer: T] {
  const start = performance.now();
  const answer = work();
  return [performance.now() - start, answer];
}

async function verdictUs(): Promise<number> {
  let allowed = 0;
  // One round asks about all sampled pairs: a single verdict is shorter than the clock can tell.
  const bench = new Bench({ time: 500, warmupTime: 200 }).add('verdicts', () => {
    for (const query of queries) if (ask(query)) allowed++;
  });
  await bench.run();
  const result = bench.tasks[0]?.result;
  if (result === undefined || !('latency' in result) || allowed === 0)
    throw new Error('no verdict was measured');
  return (result.latency.p50 * 1000) / queries.length;
}

/** Pairs within a namespace, between namespaces and with the namespaces that everybody talks to, a third each. */
function sampleQueries(of: Cluster, howMany: number): readonly Query[] {
  const random = seeded(7);
  const byNamespace = Map.groupBy(of.pods, (pod) => pod.namespace);
  const shared = ['kube-system', 'monitoring', 'ingress-nginx'].map((name) => byNamespace.get(name) ?? []);
  return Array.from({ length: howMany }, (_, i): Query => {
    const one = random.pick(of.pods);
    const other = random.pick(
      i % 3 === 0 ? (byNamespace.get(one.namespace) ?? []) : i % 3 === 1 ? of.pods : random.pick(shared),
    );
    const [from, to] = random.chance(50) ? [one, other] : [other, one];
    const declared = to.ports.length > 0 && random.chance(80) ? random.pick(to.ports) : undefined;
    return { from, to, protocol: declared?.protocol ?? 'TCP', port: declared?.port ?? 443 };
  });
}

function verify(
  compiled: CompiledPolicy,
  answers: readonly boolean[],
): { equal: boolean; text: string; naiveVerdictUs: number } {
  const naive = naiveAnswers();
  const unequal = answers.filter((answer, i) => answer !== naive.answers[i]).length;
  const texts = [`${answers.length - unequal} of ${answers.length} verdicts equal the naive evaluator's`];
  let equal = unequal === 0;
  // Every pair can be walked where there are a million; beyond, only asked about.
  if (compiled.cluster.pods.length <= 1_000) {
    const flat = flatCount(compiled);
    const factorised = new Map(counted.byPorts.map(({ allowed, pairs }) => [JSON.stringify(allowed), pairs]));
    const same = [...flat].filter(([key, pairs]) => factorised.get(key) === pairs).length;
    equal &&= same === flat.size && same === factorised.size;
    texts.push(`${same} of ${factorised.size} counts equal the sum over all pairs`);
  }
  return { equal, text: texts.join('; '), naiveVerdictUs: naive.us };
}

/**
 * A verdict depends on its two pods, their namespaces and the policies there, so the naive evaluator, which is
 * quadratic, gets no more than that: a hundred queries at a time.
 */
function naiveAnswers(): { readonly answers: readonly boolean[]; readonly us: number } {
  const metadata = (object: KubernetesObject) => object['metadata'] as { name: string; namespace?: string };
  const podObjects = new Map(
    objects
      .filter((object) => object['kind'] === 'Pod')
      .map((object) => [`${metadata(object).namespace}/${metadata(object).name}`, object]),
  );
  const policiesOf = Map.groupBy(policyObjects, (object) => metadata(object).namespace);
  const wide = objects.filter((object) => object['kind'] === 'Namespace' || object['kind'] === 'Node');
  const answers: boolean[] = [];
  let spentMs = 0;
  const batch = 100;
  for (let start = 0; start < queries.length; start += batch) {
    const asked = queries.slice(start, start + batch);
    const ends = new Set(asked.flatMap(({ from, to }) => [from, to]));
    const namespaces = new Set([...ends].map((pod) => pod.namespace));
    const reference = new Reference([
      ...wide,
      ...[...ends].map((pod) => podObjects.get(`${pod.namespace}/${pod.name}`)),
      ...[...namespaces].flatMap((namespace) => policiesOf.get(namespace) ?? []),
    ]);
    const [ms, some] = timed(() =>
      asked.map(({ from, to, protocol, port }) =>
        reference.allowed(
          { pod: `${from.namespace}/${from.name}` },
          { pod: `${to.namespace}/${to.name}` },
          'IPv4',
          protocol,
          port,
        ),
      ),
    );
    spentMs += ms;
    answers.push(...some);
  }
  return { answers, us: (spentMs * 1000) / queries.length };
}

/** The same numbers as `count`, by asking about one ordered pair after the other. */
function flatCount(compiled: CompiledPolicy): ReadonlyMap<string, number> {
  const pairs = new Map<string, number>();
  for (const from of compiled.cluster.pods) {
    for (const to of compiled.cluster.pods) {
      if (from === to) continue;
      const ports = compiled.allowed({ kind: 'pod', pod: from }, { kind: 'pod', pod: to });
      if (ports.isEmpty) continue;
      const key = documented(ports);
      pairs.set(key, (pairs.get(key) ?? 0) + 1);
    }
  }
  return pairs;
}

/** A port set as documents write it. */
function documented(ports: PortSet): string {
  if (ports.isAll) return '"all"';
  const ranges = protocols
    .map((protocol) => [protocol, ports.ranges(protocol).map(({ from, to }) => [from, to])] as const)
    .filter(([, some]) => some.length > 0);
  return JSON.stringify(Object.fromEntries(ranges));
}
