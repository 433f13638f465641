// How long from objects in memory to exact counts of all pairs, step by step; and how long does one verdict take?
// One size or shape in a process of its own, so that no other has warmed the code or filled the heap.
//
//     node --expose-gc bench/in-memory.ts 10k/5k             one line of JSON
//     node --expose-gc bench/in-memory.ts 10k/5k --verify    and whether the answers are right
//     node --expose-gc bench/in-memory.ts 1M/200k --stream   objects made one by one: reading is not measured
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { readObjects } from '../src/manifest/index.ts';
import { compile } from '../src/policy/index.ts';
import { count } from '../src/reach/index.ts';
import { best, liveMegabytes, peakMegabytes, settled, timed } from './clock.ts';
import type { Cost } from './clock.ts';
import type { KubernetesObject } from './generate.ts';
import { objectsNamed } from './input.ts';
import { againstNaive, all, countAgainstFlat, rowsAgainstPairs, sampleQueries, verdict } from './verify.ts';
import type { Equality } from './verify.ts';

/** What one process measured. */
export interface InMemory {
  /** Of the same objects one by one, as a measure of the machine; `undefined` with `--stream`, as is `read`. */
  readonly jsonParse: Cost | undefined;
  readonly read: Cost | undefined;
  readonly compile: Cost;
  /** Blocks and corrections, which the first question about all pairs builds. */
  readonly matrix: Cost;
  /** The first one, after that. */
  readonly count: Cost;
  readonly warmCount: Cost;
  /** Ordered pairs of distinct pods, and how many of them may talk. */
  readonly pairs: number;
  readonly allowed: number;
  /** What the compiled policy and its matrix hold beside the model. */
  readonly policyMegabytes: number;
  /** Before anything is verified. */
  readonly peakMegabytes: number;
  readonly stats: Readonly<Record<string, number>>;
  /** With `--verify`. */
  readonly verified:
    | (Equality & {
        readonly verdictUs: number;
        readonly firstVerdictUs: number;
        readonly naiveUs: number;
        /** Pairs per second of CPU time, one pair of classes after the other. */
        readonly flatPairsPerSecond: number | undefined;
      })
    | undefined;
}

/** Beyond so many classes their pairs are not summed up one by one: 10¹⁰ take half a minute. */
const mostFlatClasses = 60_000;

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { verify: { type: 'boolean', default: false }, stream: { type: 'boolean', default: false } },
  });
  console.log(JSON.stringify(await measure(positionals[0] ?? '', values)));
}

async function measure(
  name: string,
  { verify, stream }: { readonly verify: boolean; readonly stream: boolean },
): Promise<InMemory> {
  const make = objectsNamed(name);
  let jsonParse: Cost | undefined;
  let objects: readonly KubernetesObject[] | undefined;
  if (!stream) {
    // Through text, so that strings and objects are as a reader of JSON makes them.
    const texts = Array.from(make(), (object) => JSON.stringify(object));
    [jsonParse, objects] = timed(() => texts.map((text) => JSON.parse(text) as KubernetesObject));
    texts.length = 0;
  }
  globalThis.gc?.();
  const [read, { cluster, diagnostics }] = timed(() => readObjects(objects ?? make()));
  const wrong = diagnostics.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw new Error(`the generator made a mistake: ${wrong.message}`);

  // What the model holds is known before it is compiled, so that the policy is measured alone; and without
  // that, the garbage of reading would be collected at the expense of compiling when there is a million of pods.
  const before = liveMegabytes();
  await settled();
  const [compileCost, policy] = timed(() => compile(cluster));
  const [matrix] = timed(() => policy.matrix);
  const [countCost, counted] = timed(() => count(policy));
  const peak = peakMegabytes();
  const warm = Array.from({ length: 5 }, () => timed(() => count(policy))[0]);
  const policyMegabytes = liveMegabytes() - before;

  return {
    jsonParse,
    read: stream ? undefined : read,
    compile: compileCost,
    matrix,
    count: countCost,
    warmCount: best(warm),
    pairs: Number(counted.pairs),
    allowed: Number(counted.allowed),
    policyMegabytes,
    peakMegabytes: peak,
    stats: { ...policy.stats },
    verified: verify ? await verified() : undefined,
  };

  async function verified(): Promise<NonNullable<InMemory['verified']>> {
    // Where every pair of classes is summed up beside it, fewer are enough.
    const queries = sampleQueries(cluster.pods, cluster.pods.length > 10_000 ? 5_000 : 1_000);
    const ask = (): number => queries.filter((query) => verdict(policy, query)).length;
    const [first] = timed(ask);
    // One round asks about all sampled pairs: a single verdict is shorter than the clock can tell.
    const rounds = new Bench({ time: 300, warmupTime: 100 }).add('verdicts', ask);
    await rounds.run();
    const result = rounds.tasks[0]?.result;
    if (result === undefined || !('latency' in result)) throw new Error('no verdict was measured');
    const naive = againstNaive(policy, objects ?? make(), queries);
    const flat = policy.parts.classes.size <= mostFlatClasses ? countAgainstFlat(policy) : undefined;
    const rows = rowsAgainstPairs(policy, Math.ceil(2e5 / cluster.pods.length));
    return {
      ...all([naive, rows, ...(flat === undefined ? [] : [flat])]),
      verdictUs: (result.latency.min * 1000) / queries.length,
      firstVerdictUs: (first.wallMs * 1000) / queries.length,
      naiveUs: naive.naiveUs,
      flatPairsPerSecond: flat?.pairsPerSecond,
    };
  }
}
