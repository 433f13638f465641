// What twenty cluster-wide policies of a platform team cost: the same cluster with and without them, compiled, counted and
// changed in turns in one process.
//
//     node --expose-gc bench/tiers.ts 10k/5k                     one line of JSON
import { parseArgs } from 'node:util';
import { readObjects } from '../src/manifest/index.ts';
import type { Cluster } from '../src/model/index.ts';
import { compile, openCluster } from '../src/policy/index.ts';
import type { Change, LiveCluster } from '../src/policy/index.ts';
import { count } from '../src/reach/index.ts';
import { generate, sizeNamed } from './generate.ts';
import type { KubernetesObject } from './generate.ts';
import { seeded } from './random.ts';

/** What one process measured, best of its rounds. */
export interface MeasuredTiers {
  readonly policies: number;
  /** Milliseconds of CPU time from a model to exact counts. */
  readonly countMs: { readonly without: number; readonly with: number };
  /** Microseconds of CPU time for a change of a live cluster, of pods and policies in turns. */
  readonly changeUs: { readonly without: number; readonly with: number };
  /** Pairs that may talk. */
  readonly allowed: { readonly without: number; readonly with: number };
  readonly pairs: number;
}

const tcp = (number: number) => ({ tcp: { destinationPort: { number } } });
const udp = (number: number) => ({ udp: { destinationPort: { number } } });
const labelled = (labels: Readonly<Record<string, string>>) => ({ namespaces: { matchLabels: labels } });
const everywhere = { namespaces: {} };

/** Twenty policies: DNS and monitoring for everybody, environments and teams kept apart, nodes and metadata closed. */
export function* platformPolicies(): Generator<KubernetesObject> {
  let made = 0;
  const policy = (tier: 'Admin' | 'Baseline', subject: object, rules: object): KubernetesObject => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: `platform-${made}` },
    spec: { priority: 10 * made++, subject, tier, ...rules },
  });
  const dns = { pods: { podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } } };
  yield policy('Admin', everywhere, {
    egress: [{ action: 'Accept', to: [dns], protocols: [udp(53), tcp(53)] }],
  });
  const monitoring = labelled({ 'kubernetes.io/metadata.name': 'monitoring' });
  yield policy('Admin', everywhere, { ingress: [{ action: 'Accept', from: [monitoring] }] });
  for (const env of ['dev', 'staging']) {
    yield policy('Admin', labelled({ env: 'prod' }), {
      ingress: [{ action: 'Deny', from: [labelled({ env })] }],
    });
  }
  for (const team of [
    'atlas',
    'borea',
    'cygnus',
    'delta',
    'electra',
    'fornax',
    'gemini',
    'hydra',
    'indus',
    'juno',
  ]) {
    yield policy('Admin', labelled({ team }), {
      ingress: [
        { action: 'Pass', from: [labelled({ team })] },
        { action: 'Deny', from: [labelled({ team: 'platform' })], protocols: [tcp(22)] },
      ],
    });
  }
  const metadata = { networks: ['169.254.169.254/32'] };
  yield policy('Admin', everywhere, { egress: [{ action: 'Deny', to: [metadata] }] });
  yield policy('Admin', labelled({ env: 'dev' }), { egress: [{ action: 'Deny', to: [{ nodes: {} }] }] });
  yield policy('Baseline', labelled({ env: 'dev' }), {
    ingress: [{ action: 'Deny', from: [labelled({ env: 'prod' })] }],
  });
  yield policy('Baseline', labelled({ env: 'prod' }), {
    egress: [{ action: 'Deny', to: [{ networks: ['10.128.0.0/9'] }], protocols: [tcp(5432), tcp(3306)] }],
  });
  yield policy('Baseline', everywhere, {
    ingress: [{ action: 'Deny', from: [everywhere], protocols: [{ destinationNamedPort: 'metrics' }] }],
  });
  yield policy('Baseline', everywhere, { egress: [{ action: 'Accept', to: [everywhere] }] });
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '9' },
      changes: { type: 'string', default: '2000' },
    },
  });
  console.log(JSON.stringify(measure(positionals[0] ?? '', Number(values.rounds), Number(values.changes))));
}

function measure(name: string, rounds: number, changes: number): MeasuredTiers {
  const shape = sizeNamed(name);
  if (shape === undefined) throw new Error(`no size is named ${name}`);
  const { cluster, diagnostics } = readObjects([...generate(shape), ...platformPolicies()]);
  const wrong = diagnostics.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw new Error(`the generator made a mistake: ${wrong.message}`);
  const plain: Cluster = { ...cluster, tierPolicies: [] };
  const counted = { without: Infinity, with: Infinity };
  const allowed = { without: 0, with: 0 };
  let pairs = 0;
  const both = [
    ['without', plain],
    ['with', cluster],
  ] as const;
  for (let round = 0; round < rounds; round++) {
    for (const [which, each] of both) {
      globalThis.gc?.();
      const start = process.threadCpuUsage();
      const answer = count(compile(each));
      counted[which] = Math.min(counted[which], sinceMs(start));
      allowed[which] = Number(answer.allowed);
      pairs = Number(answer.pairs);
    }
  }
  const live = { without: openCluster(plain), with: openCluster(cluster) };
  const changed = { without: Infinity, with: Infinity };
  for (let round = 0; round < rounds; round++) {
    for (const [which] of both) {
      globalThis.gc?.();
      const start = process.threadCpuUsage();
      change(live[which], plain, changes, round);
      changed[which] = Math.min(changed[which], (sinceMs(start) * 1000) / (2 * changes));
    }
  }
  return { policies: cluster.tierPolicies.length, countMs: counted, changeUs: changed, allowed, pairs };
}

/** Takes objects away and brings them back: three pods and a policy in turns. */
function change(live: LiveCluster, { pods, policies }: Cluster, times: number, seed: number): void {
  const random = seeded(seed + 1);
  for (let i = 0; i < times; i++) {
    const pod = random.pick(pods);
    const policy = random.pick(policies);
    const pair: readonly [Change, Change] =
      i % 4 === 3
        ? [
            { kind: 'policyDeleted', namespace: policy.namespace, name: policy.name },
            { kind: 'policy', policy },
          ]
        : [
            { kind: 'podDeleted', id: pod.id },
            { kind: 'pod', pod },
          ];
    for (const each of pair) live.apply(each);
  }
}

function sinceMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}
