import { describe, expect, test } from 'vitest';
import { seeded } from '../../../bench/random.ts';
import type { Cluster } from '../../../src/model/index.ts';
import type { Family } from '../../../src/net/index.ts';
import { compile, openCluster } from '../../../src/policy/index.ts';
import type { Change, LiveCluster, LiveEnd, PolicyEnd } from '../../../src/policy/index.ts';
import { suiteCluster, suiteProbes, suiteStates } from '../../conformance/suite-states.ts';
import type { SuiteProbe, SuiteState } from '../../conformance/suite-states.ts';
import { endOf } from '../../truth-table.ts';
import {
  boundsOf,
  expandedOutside,
  expandedPairs,
  expectedOutside,
  expectedPairs,
  unequal,
} from './differences.ts';
import { change, changesBetween, clusterOf, stateOf } from './states.ts';
import { freshTotals, liveTotals } from './totals.ts';

// The suite of ClusterNetworkPolicy with one cluster that goes through all of its states, whatever the order: tier policies come,
// go and change, pods and namespaces are relabelled.

/** A state of the suite in one family. */
interface Read {
  readonly title: string;
  readonly family: Family;
  readonly cluster: Cluster;
  readonly probes: readonly SuiteProbe[];
}

function read(state: SuiteState, family: Family): readonly Read[] {
  const found = suiteCluster(state, family);
  if (found === undefined) return [];
  expect(found.wrong).toEqual([]);
  const title = `${state.name}, state ${state.state}, ${family}`;
  return [{ title, family, cluster: found.cluster, probes: suiteProbes(state) }];
}

const forwards = (['IPv4', 'IPv6'] as const).flatMap((family) =>
  suiteStates.flatMap((state) => read(state, family)),
);

function shuffled<T>(some: readonly T[], seed: number): T[] {
  const random = seeded(seed);
  const items = [...some];
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

function liveEnd(end: PolicyEnd): LiveEnd {
  switch (end.kind) {
    case 'pod':
      return { kind: 'pod', id: end.pod.id };
    case 'node':
      return { kind: 'node', name: end.node.name };
    case 'address':
      return end;
  }
}

function expectProbes(live: LiveCluster, { title, cluster, family, probes }: Read): void {
  for (const { from, to, protocol, port, line, expect: wanted } of probes) {
    const [source, destination] = [from, to].map((end) => liveEnd(endOf(cluster, end))) as [LiveEnd, LiveEnd];
    const { allowed, ambiguous } = live.decide(source, destination, protocol, port, family);
    const expected = { allowed: wanted === 'allow', ambiguous: false };
    expect({ title, line, allowed, ambiguous }).toEqual({ title, line, ...expected });
  }
}

/** Leads a cluster from state to state; every change is applied, in some order. Returns how many probes were asked. */
function lead(
  live: LiveCluster,
  states: readonly Read[],
  seed: number,
  each: (change: Change) => void,
): number {
  let at = stateOf(states[0]!.cluster);
  let probes = 0;
  for (const [i, next] of states.entries()) {
    const target = stateOf(next.cluster);
    for (const one of shuffled(changesBetween(at, target), seed + i)) each(one);
    at = target;
    const fresh = compile(next.cluster);
    expect(`${next.title}: ${liveTotals(live)}`).toBe(`${next.title}: ${freshTotals(fresh)}`);
    expectProbes(live, next);
    probes += next.probes.length;
  }
  return probes;
}

const orders = [
  ['forwards', forwards],
  ['backwards', forwards.toReversed()],
  ['shuffled', shuffled(forwards, 7)],
  ['shuffled again', shuffled(forwards, 8)],
] as const;

describe.each(orders)('%s', (_, states) => {
  test('every state has the totals of a fresh compile, and every probe its answer', () => {
    const live = openCluster(states[0]!.cluster);
    expect(lead(live, states, 1, (one) => live.apply(one))).toBe(301 + 63);
  });
});

test('what is told of every change is what two fresh compiles say differently', () => {
  const states = shuffled(forwards, 9).slice(0, 24);
  const live = openCluster(states[0]!.cluster, { denseThreshold: 2 });
  const state = stateOf(states[0]!.cluster);
  let before = compile(states[0]!.cluster);
  let opened = 0;
  lead(live, states, 3, (one) => {
    const { difference } = live.apply(one, { difference: true });
    change(state, one);
    const after = compile(clusterOf(state));
    const addresses = boundsOf(before, after);
    const wrong =
      unequal(expandedPairs(difference!, before, after), expectedPairs(before, after)) ??
      unequal(expandedOutside(difference!, addresses), expectedOutside(before, after, addresses));
    expect(wrong).toBeUndefined();
    opened += difference!.pods.length;
    before = after;
  });
  expect(opened).toBeGreaterThan(100);
});
