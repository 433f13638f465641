import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TierPolicy } from '../../src/model/index.ts';
import { compile, openCluster } from '../../src/policy/index.ts';
import type {
  CompiledPolicy,
  Decision,
  Difference,
  LiveCluster,
  LiveSideDecision,
  SideDecision,
  TierHit,
} from '../../src/policy/index.ts';
import {
  boundsOf,
  expandedOutside,
  expandedPairs,
  expectedOutside,
  expectedPairs,
  toldTwice,
  unequal,
} from '../policy/live/differences.ts';
import { change, clusterOf, stateOf, stories, storiesWithTiers } from '../policy/live/states.ts';
import type { Story } from '../policy/live/states.ts';
import { freshTotals, liveTotals } from '../policy/live/totals.ts';

// A cluster that changes against a fresh compile after every change. PODWALL_CLUSTERS sets how many stories a run has,
// PODWALL_SEED which.

const runs = Number(process.env['PODWALL_CLUSTERS'] ?? 250);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const variants = [
  { profile: 'upstream', denseThreshold: 0 },
  { profile: 'upstream', denseThreshold: 2 },
  { profile: 'upstream', denseThreshold: 64 },
  { profile: 'upstream', denseThreshold: 2, undecided: 'open' },
  { profile: 'np-guard', denseThreshold: 2 },
  // Its exemption of the own node holds for one direction, and its blocks match no node.
  { profile: 'cilium', denseThreshold: 2 },
  // It orders equal priorities by name, and a NetworkPolicy keeps Baseline from a pod in both directions.
  { profile: 'kube-network-policies', denseThreshold: 2 },
] as const;
type Variant = (typeof variants)[number];

test.each(variants)('after every change the totals are those of a fresh compile: %o', (variant) => {
  expect(counterexample(stories, variant)).toBeUndefined();
});

test.each(variants)('the same with policies of tiers: %o', (variant) => {
  expect(counterexample(storiesWithTiers, variant)).toBeUndefined();
});

function counterexample(arbitrary: fc.Arbitrary<Story>, variant: Variant): string | undefined {
  const result = fc.check(
    fc.property(arbitrary, (story) => {
      const found = disagreement(story, variant);
      if (found !== undefined) throw new Error(found);
    }),
    { seed: seed + variants.indexOf(variant), numRuns: Math.ceil(runs / variants.length) },
  );
  return result.failed
    ? `PODWALL_SEED=${seed} finds this with PODWALL_CLUSTERS=${runs}: ${String(result.errorInstance)}`
    : undefined;
}

/** The first change after which the two differ, with both answers; `undefined` when they never do. */
function disagreement({ start, changes }: Story, variant: Variant): string | undefined {
  const state = stateOf(start);
  const live = openCluster(start, variant);
  let policy = compile(start, variant);
  const compareTotals = (when: string): string | undefined => {
    const [found, expected] = [liveTotals(live), freshTotals(policy)];
    return found === expected ? undefined : `${when}: live ${found}, fresh ${expected}`;
  };
  let difference = compareTotals('opened');
  for (const [i, one] of changes.entries()) {
    if (difference !== undefined) break;
    const when = `change ${i}, ${JSON.stringify(one, readable)}`;
    // Every other change is not asked what it does: both ways lead through the same states.
    const applied = live.apply(one, { difference: i % 2 === 0 });
    change(state, one);
    const before = policy;
    policy = compile(clusterOf(state), variant);
    difference = compareTotals(when) ?? otherDecision(live, policy, i);
    if (applied.difference !== undefined && difference === undefined) {
      const found = wrong(applied.difference, before, policy);
      if (found !== undefined) difference = `${when}: ${found}`;
    }
  }
  if (
    difference === undefined &&
    state.pods.size + state.policies.size + state.tierPolicies.size + state.namespaces.size === 0
  ) {
    const left = JSON.stringify(live.stats);
    const fresh = JSON.stringify({
      ...openCluster(clusterOf(state), variant).stats,
      nodes: state.nodes.size,
    });
    const withoutPorts = (stats: string): string => stats.replace(/"portSets":\d+/, '');
    if (withoutPorts(left) !== withoutPorts(fresh)) return `after everything has gone: ${left}`;
  }
  return difference;
}

/** The first decision, of a sample, that the two take differently, or for another reason. */
function otherDecision(live: LiveCluster, policy: CompiledPolicy, sample: number): string | undefined {
  const { pods } = policy.parts.classes;
  if (pods.length === 0) return undefined;
  const [from, to] = [pods[sample % pods.length]!, pods[(sample * 7 + 3) % pods.length]!];
  const [protocol, port] = [(['TCP', 'UDP'] as const)[sample % 2]!, [80, 443, 8080, 53][sample % 4]!];
  const fresh = policy.decide({ kind: 'pod', pod: from }, { kind: 'pod', pod: to }, protocol, port);
  const found = live.decide({ kind: 'pod', id: from.id }, { kind: 'pod', id: to.id }, protocol, port);
  const hit = (at: Omit<TierHit, 'policy'>, one: TierPolicy): string =>
    `${at.tier} ${one.kind} ${one.name} ${at.rule} ${at.peer} ${at.port} ${at.action}`;
  const named = ({ kind, policy: index, rule, peer, port: entry, hits }: SideDecision): string =>
    `${kind} ${policy.cluster.policies[index]?.name} ${rule} ${peer} ${entry} ` +
    hits.map((each) => hit(each, policy.cluster.tierPolicies[each.policy]!)).join();
  const liveNamed = ({ kind, policy: one, rule, peer, port: entry, hits }: LiveSideDecision): string =>
    `${kind} ${one?.name} ${rule} ${peer} ${entry} ${hits.map((each) => hit(each, each.policy)).join()}`;
  const verdict = ({
    allowed,
    ambiguous,
    exempt,
  }: Pick<Decision, 'allowed' | 'ambiguous' | 'exempt'>): string =>
    `${allowed ? 'allowed' : ambiguous ? 'ambiguous' : 'denied'} ${exempt}`;
  const expected = `${verdict(fresh)} ${named(fresh.egress)} ${named(fresh.ingress)}`;
  const decided = `${verdict(found)} ${liveNamed(found.egress)} ${liveNamed(found.ingress)}`;
  if (decided === expected) return undefined;
  return `${from.id} to ${to.id} ${protocol} ${port}: live ${decided}, fresh ${expected}`;
}

/** What a difference says otherwise than two fresh compiles, of pods or of addresses outside. */
function wrong(difference: Difference, before: CompiledPolicy, after: CompiledPolicy): string | undefined {
  const pairs = unequal(expandedPairs(difference, before, after), expectedPairs(before, after));
  if (pairs !== undefined) return pairs;
  const twice = toldTwice(difference);
  if (twice !== undefined) return `told twice: ${twice}`;
  const addresses = boundsOf(before, after);
  return unequal(expandedOutside(difference, addresses), expectedOutside(before, after, addresses));
}

function readable(_: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return typeof value === 'bigint' ? String(value) : value;
}
