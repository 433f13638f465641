import { describe, expect, test } from 'vitest';
import { compile, explain, isPortProblem, parsePorts, resolveEnd } from '../../src/index.ts';
import type { Cluster, CompiledPolicy, End } from '../../src/index.ts';
import { admits, endOf } from '../truth-table.ts';
import { suiteCluster, suiteProbes, suiteStates, suiteTests } from './suite-states.ts';
import type { SuiteProbe } from './suite-states.ts';

// What the suite of ClusterNetworkPolicy expects of every network plugin, asked through the library. See
// clusternetworkpolicy/README.md.

function resolved(cluster: Cluster, text: string): End {
  const end = resolveEnd(cluster, text);
  if (end.kind === 'problem') throw new Error(end.message);
  return end;
}

/** Whether `explain` finds the connection allowed. */
function verdict(policy: CompiledPolicy, { from, to, protocol, port }: SuiteProbe): string {
  const ports = parsePorts(`${port}/${protocol.toLowerCase()}`);
  if (isPortProblem(ports)) throw new Error(ports.message);
  const { cluster } = policy;
  return explain(policy, { from: resolved(cluster, from), to: resolved(cluster, to), ports }).verdict;
}

const asked = { IPv4: 0, IPv6: 0, states: 0, allow: 0, deny: 0 };

describe.each(['IPv4', 'IPv6'] as const)('%s', (family) => {
  test.each(suiteStates)('$name, state $state', (state) => {
    const read = suiteCluster(state, family);
    if (read === undefined) return;
    expect(read.wrong).toEqual([]);
    const { cluster } = read;
    expect(cluster.tierPolicies.length).toBeGreaterThan(0);
    const policy = compile(cluster);
    for (const probe of suiteProbes(state)) {
      const { from, to, protocol, port, line } = probe;
      const ends = [endOf(cluster, from), endOf(cluster, to)] as const;
      const isAllowed = admits(policy.allowed(...ends, family), { protocol, port });
      const { allowed, ambiguous } = policy.decide(...ends, protocol, port, family);
      const wanted = probe.expect === 'allow';
      expect({ line, isAllowed, allowed, ambiguous }).toEqual({ line, isAllowed: wanted, allowed: wanted, ambiguous: false });
      expect({ line, verdict: verdict(policy, probe) }).toEqual({ line, verdict: wanted ? 'allowed' : 'denied' });
      asked[family]++;
      if (family === 'IPv4') asked[probe.expect]++;
    }
    if (family === 'IPv4') asked.states++;
  });
});

test('every test, state and probe was found', () => {
  expect({ tests: suiteTests.length, ...asked }).toEqual({
    tests: 24,
    states: 62,
    IPv4: 301,
    IPv6: 63,
    allow: 166,
    deny: 135,
  });
});
