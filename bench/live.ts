// How long one change of a cluster takes that is kept compiled, by kind of change; whether its totals are those of a fresh
// compile after thousands of random changes; what is left when all of them are undone. One size in a process of its own.
//
//     node --expose-gc bench/live.ts 10k/5k                     one line of JSON
//     node --expose-gc bench/live.ts 10k/5k --more 1000000      and how much memory there is during as many changes more
//     node --expose-gc bench/live.ts 10k/5k --seed 7 --runs 1
import { parseArgs } from 'node:util';
import { readObjects } from '../src/manifest/index.ts';
import type { Cluster, Namespace, NetworkPolicy, Pod } from '../src/model/index.ts';
import { compile, openCluster } from '../src/policy/index.ts';
import type { Change, LiveCluster } from '../src/policy/index.ts';
import { allowedPorts, count } from '../src/reach/index.ts';
import { generate, sizeNamed } from './generate.ts';
import { seeded } from './random.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    changes: { type: 'string', default: '10000' },
    more: { type: 'string', default: '0' },
    runs: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
  },
});
const shape = sizeNamed(positionals[0] ?? '');
if (shape === undefined) throw new Error(`no size is named ${positionals[0]}`);
const random = seeded(Number(values.seed));
const wanted = Number(values.changes);
const more = Number(values.more);

const { cluster } = readObjects([...generate(shape)]);
globalThis.gc?.();
const before = memory();
const [openMs, live] = timed(() => openCluster(cluster));
const opened = memory();
const [compileMs, fresh] = timed(() => {
  const policy = compile(cluster);
  return { policy, counted: count(policy) };
});
const equalAtOpening = sameTotals(live, cluster);

// The objects as they are by now.
const pods = new Map(cluster.pods.map((pod) => [pod.id, pod]));
const namespaces = new Map([...cluster.namespaces].filter(([, { origin }]) => origin !== undefined));
const policies = new Map(cluster.policies.map((policy) => [`${policy.namespace}/${policy.name}`, policy]));
const podIds = [...pods.keys()];
const policyIds = [...policies.keys()];
const namespaceNames = [...namespaces.keys()];
const originals = {
  pods: new Map(pods),
  namespaces: new Map(namespaces),
  policies: new Map(policies),
};
const nodeNames = [...cluster.nodes.keys()];

/** A random change by its kind; `undefined` where the object that it hits is not as the kind needs it. */
const kinds: { readonly [kind in string]: () => Change | undefined } = {
  'pod added': () => {
    const id = random.pick(podIds);
    return pods.has(id) ? undefined : { kind: 'pod', pod: originals.pods.get(id)! };
  },
  'pod deleted': () => {
    const id = random.pick(podIds);
    return pods.has(id) ? { kind: 'podDeleted', id } : undefined;
  },
  'pod relabelled': () => otherPod((pod) => ({ labels: relabelled(pod.labels, random.pick(podIds)) })),
  'pod with a label of its own': () =>
    otherPod((pod) => ({ labels: new Map(pod.labels).set('canary', random.suffix(6)) })),
  'pod finished': () => otherPod(() => ({ finished: true })),
  'pod moved': () =>
    otherPod((pod) => ({
      node: random.pick(nodeNames),
      addresses: pod.addresses.map(({ family }) => ({
        family,
        value: 0x0a00_0000n + BigInt(random.below(1 << 24)),
      })),
    })),
  'namespace relabelled': () => {
    const namespace = namespaces.get(random.pick(namespaceNames));
    if (namespace === undefined) return undefined;
    const other = cluster.namespaces.get(random.pick(namespaceNames))!;
    const labels = new Map(namespace.labels).set('team', other.labels.get('team') ?? 'none');
    return { kind: 'namespace', namespace: { ...namespace, labels } };
  },
  'namespace deleted': () => {
    const name = random.pick(namespaceNames);
    return namespaces.has(name) ? { kind: 'namespaceDeleted', name } : undefined;
  },
  'namespace added': () => {
    const name = random.pick(namespaceNames);
    return namespaces.has(name)
      ? undefined
      : { kind: 'namespace', namespace: originals.namespaces.get(name)! };
  },
  'policy added': () => {
    const id = random.pick(policyIds);
    return policies.has(id) ? undefined : { kind: 'policy', policy: originals.policies.get(id)! };
  },
  'policy deleted': () => {
    const policy = policies.get(random.pick(policyIds));
    return policy === undefined
      ? undefined
      : { kind: 'policyDeleted', namespace: policy.namespace, name: policy.name };
  },
  'policy edited': () => {
    const policy = policies.get(random.pick(policyIds));
    const other = originals.policies.get(random.pick(policyIds))!;
    if (policy === undefined) return undefined;
    return { kind: 'policy', policy: { ...policy, ingress: other.ingress, egress: other.egress } };
  },
  'policy with new ports': () => {
    const policy = policies.get(random.pick(policyIds));
    if (policy?.ingress.kind !== 'isolates') return undefined;
    const from = 1024 + random.below(60_000);
    const ports = [{ kind: 'range', protocol: 'TCP', from, to: from + random.below(4) }] as const;
    const rules = policy.ingress.rules.map((rule) => ({ ...rule, ports: { kind: 'oneOf', ports } as const }));
    return { kind: 'policy', policy: { ...policy, ingress: { kind: 'isolates', rules } } };
  },
  'policy with a new label': () => {
    const policy = policies.get(random.pick(policyIds));
    if (policy === undefined) return undefined;
    const pod = originals.pods.get(random.pick(podIds))!;
    const [key, value] = random.pick([...pod.labels]);
    const requirement = { key, operator: 'In', values: [value], written: 'matchLabels' } as const;
    const podSelector = { requirements: [...policy.podSelector.requirements, requirement] };
    return { kind: 'policy', policy: { ...policy, podSelector } };
  },
};
const kindNames = Object.keys(kinds);

function otherPod(change: (pod: Pod) => Partial<Pod>): Change | undefined {
  const pod = pods.get(random.pick(podIds));
  return pod === undefined ? undefined : { kind: 'pod', pod: { ...pod, ...change(pod) } };
}

/** The labels of some pod of the cluster, with the name of this one where a StatefulSet gave it one. */
function relabelled(labels: Pod['labels'], like: string): Pod['labels'] {
  const other = new Map(originals.pods.get(like)!.labels);
  const name = labels.get('statefulset.kubernetes.io/pod-name');
  if (name !== undefined) other.set('statefulset.kubernetes.io/pod-name', name);
  return other;
}

function note(change: Change): void {
  switch (change.kind) {
    case 'pod':
      pods.set(change.pod.id, change.pod);
      break;
    case 'podDeleted':
      pods.delete(change.id);
      break;
    case 'namespace':
      namespaces.set(change.namespace.name, change.namespace);
      break;
    case 'namespaceDeleted':
      namespaces.delete(change.name);
      break;
    case 'policy':
      policies.set(`${change.policy.namespace}/${change.policy.name}`, change.policy);
      break;
    case 'policyDeleted':
      policies.delete(`${change.namespace}/${change.name}`);
      break;
    case 'node':
    case 'nodeDeleted':
    case 'tierPolicy':
    case 'tierPolicyDeleted':
      break;
  }
}

interface Sample {
  readonly kind: string;
  /** The shortest of all runs: others on the machine and collections of garbage fall on other changes each time. */
  us: number;
  /** Of the first run alone, whatever fell on it. */
  readonly onceUs: number;
  readonly touched: number;
}

function nextChange(): { readonly kind: string; readonly change: Change } {
  for (;;) {
    const kind = random.pick(kindNames);
    const change = kinds[kind]!();
    if (change === undefined) continue;
    note(change);
    return { kind, change };
  }
}

// A thousand changes to warm the code up, then those that count; the same ones in every run.
const warmUp = 1_000;
const script = Array.from({ length: warmUp + wanted }, nextChange);
const samples: Sample[] = [];
const runs = Number(values.runs);
let last = live;
for (let run = 0; run < runs; run++) {
  if (run > 0) last = openCluster(cluster);
  globalThis.gc?.();
  for (const [i, { kind, change }] of script.entries()) {
    const start = performance.now();
    const { touched } = last.apply(change);
    const us = (performance.now() - start) * 1_000;
    const sample = samples[i - warmUp];
    if (i < warmUp) continue;
    if (sample === undefined) samples.push({ kind, us, onceUs: us, touched });
    else sample.us = Math.min(sample.us, us);
  }
}
const equalAfterwards = sameTotals(last, current());

const megabytes = [memory()];
for (let i = 1; i <= more; i++) {
  last.apply(nextChange().change);
  if (i % Math.ceil(more / 8) === 0) megabytes.push(memory());
}
const equalAtTheEnd = more === 0 || sameTotals(last, current());
const statsAfter = last.stats;

// Everything undone: the tables must be as large as they were.
const atOpening = openCluster(cluster).stats;
for (const id of pods.keys()) if (!originals.pods.has(id)) last.apply({ kind: 'podDeleted', id });
for (const pod of originals.pods.values()) if (pods.get(pod.id) !== pod) last.apply({ kind: 'pod', pod });
for (const namespace of originals.namespaces.values()) last.apply({ kind: 'namespace', namespace });
for (const [id, policy] of originals.policies) {
  if (policies.get(id) !== policy) last.apply({ kind: 'policy', policy });
}
const statsUndone = last.stats;

const small = samples.filter(({ touched }) => touched <= 8);
const large = samples.filter(({ touched }) => touched > 8);
console.log(
  JSON.stringify({
    size: shape.name,
    changes: samples.length,
    runs,
    more,
    openMs: round(openMs),
    compileAndCountMs: round(compileMs),
    openMegabytes: round(opened - before),
    classes: atOpening.classes,
    small: summary(small),
    byKind: Object.fromEntries(
      kindNames.map((kind) => [kind, summary(small.filter((each) => each.kind === kind))]),
    ),
    large: {
      ...summary(large),
      medianTouched: median(large.map(({ touched }) => touched)),
      // The limit for these is 20 µs + 3 µs for each class touched.
      usByClass: round(median(large.map(({ us, touched }) => (us - 20) / touched))),
      withinLimit: round(large.filter(({ us, touched }) => us <= 20 + 3 * touched).length / large.length),
      usByClassByKind: Object.fromEntries(
        kindNames.map((kind) => {
          const some = large.filter((each) => each.kind === kind);
          return [kind, [some.length, round(median(some.map(({ us, touched }) => (us - 20) / touched)))]];
        }),
      ),
      worst: large.toSorted((a, b) => b.us - b.touched * 3 - (a.us - a.touched * 3)).slice(0, 3),
    },
    worstSmall: small.toSorted((a, b) => b.us - a.us).slice(0, 5),
    equalAtOpening,
    equalAfterwards,
    equalAtTheEnd,
    megabytes: megabytes.map(round),
    statsAfter,
    grown: Object.fromEntries(
      Object.entries(statsUndone).flatMap(([name, size]: [string, number]) => {
        const was = Number(Object.entries(atOpening).find(([each]) => each === name)?.[1]);
        return size === was ? [] : [[name, [was, size]]];
      }),
    ),
    allowed: String(fresh.counted.allowed),
  }),
);
if (!equalAtOpening || !equalAfterwards || !equalAtTheEnd) process.exitCode = 1;

function current(): Cluster {
  const all = new Map<string, Namespace>(namespaces);
  const some: readonly (Pod | NetworkPolicy)[] = [...pods.values(), ...policies.values()];
  for (const { namespace: name } of some) {
    if (all.has(name)) continue;
    all.set(name, { name, labels: new Map([['kubernetes.io/metadata.name', name]]), origin: undefined });
  }
  return {
    ...cluster,
    namespaces: all,
    pods: [...pods.values()].filter(({ finished }) => !finished),
    finishedPods: [...pods.values()].filter(({ finished }) => finished),
    policies: [...policies.values()],
  };
}

function sameTotals(one: LiveCluster, state: Cluster): boolean {
  const found = one.count();
  const expected = count(compile(state));
  const text = (byPorts: readonly (readonly [string, number | bigint])[]): string =>
    byPorts
      .map(([ports, pairs]) => `${ports} ${pairs}`)
      .sort()
      .join();
  return (
    found.pods === expected.pods &&
    found.allowed === expected.allowed &&
    text(found.byPorts.map(({ allowed, pairs }) => [JSON.stringify(allowedPorts(allowed)), pairs])) ===
      text(expected.byPorts.map(({ allowed, pairs }) => [JSON.stringify(allowed), pairs]))
  );
}

function summary(some: readonly Sample[]): object {
  const times = some.map(({ us }) => us).sort((a, b) => a - b);
  const at = (part: number): number =>
    round(times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0);
  const once = some.map(({ onceUs }) => onceUs).sort((a, b) => a - b);
  const onceP99 = round(once[Math.floor(once.length * 0.99)] ?? 0);
  return { n: times.length, medianUs: at(0.5), p99Us: at(0.99), maxUs: at(1), onceP99Us: onceP99 };
}

function median(some: readonly number[]): number {
  return some.toSorted((a, b) => a - b)[some.length >> 1] ?? 0;
}

/** Megabytes that are reachable. */
function memory(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function timed<T>(work: () => T): readonly [ms: number, answer: T] {
  const start = performance.now();
  const answer = work();
  return [performance.now() - start, answer];
}
