import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { compile, explain, isPortProblem, parsePorts, readManifests, resolveEnd } from '../../src/index.ts';
import type { Cluster, CompiledPolicy, End, Family, Protocol } from '../../src/index.ts';
import { admits, endOf } from '../truth-table.ts';

// What the suite of ClusterNetworkPolicy expects of every network plugin, asked through the library. See
// clusternetworkpolicy/README.md.

const root = join(import.meta.dirname, 'clusternetworkpolicy');

interface Probe {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly expect: 'allow' | 'deny';
  readonly line: string;
}

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

const tests = folders(root).filter((name) => name !== 'validation');
const states = tests.flatMap((name) => folders(join(root, name)).map((state) => ({ name, state })));

/** `standard` where upstream asks for no experimental feature: such a test has to hold with either CRD. */
function channelOf(name: string): 'standard' | 'experimental' {
  const { channel }: { readonly channel: 'standard' | 'experimental' } = parse(
    readFileSync(join(root, name, 'case.yaml'), 'utf8'),
  );
  return channel;
}

/** The cluster in a state, `undefined` where there is none of this family. */
function clusterOf(name: string, state: string, family: Family): Cluster | undefined {
  const suffix = family === 'IPv6' ? '-ipv6' : '';
  const base = `cluster${suffix}.yaml`;
  if (!existsSync(join(root, name, base))) return undefined;
  const own = `${state}/state${suffix}.yaml`;
  const files = [base, existsSync(join(root, name, own)) ? own : `${state}/state.yaml`];
  const { cluster, diagnostics } = readManifests(
    files.map((file) => ({ file: `${name}/${file}`, text: readFileSync(join(root, name, file), 'utf8') })),
    { cnpChannel: channelOf(name) },
  );
  // A state replaces pods and namespaces of the cluster, and some of it says that once more.
  expect(diagnostics.filter(({ severity, code }) => severity === 'error' || (severity === 'warning' && code !== 'object-twice'))).toEqual([]);
  return cluster;
}

function resolved(cluster: Cluster, text: string): End {
  const end = resolveEnd(cluster, text);
  if (end.kind === 'problem') throw new Error(end.message);
  return end;
}

/** Whether `explain` finds the connection allowed. */
function verdict(policy: CompiledPolicy, { from, to, protocol, port }: Probe): string {
  const ports = parsePorts(`${port}/${protocol.toLowerCase()}`);
  if (isPortProblem(ports)) throw new Error(ports.message);
  const { cluster } = policy;
  return explain(policy, { from: resolved(cluster, from), to: resolved(cluster, to), ports }).verdict;
}

const asked = { IPv4: 0, IPv6: 0, states: 0, allow: 0, deny: 0 };

describe.each(['IPv4', 'IPv6'] as const)('%s', (family) => {
  test.each(states)('$name, state $state', ({ name, state }) => {
    const cluster = clusterOf(name, state, family);
    if (cluster === undefined) return;
    expect(cluster.tierPolicies.length).toBeGreaterThan(0);
    const policy = compile(cluster);
    const probes: readonly Probe[] = parse(readFileSync(join(root, name, state, 'probes.yaml'), 'utf8'));
    for (const probe of probes) {
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
  expect({ tests: tests.length, ...asked }).toEqual({
    tests: 24,
    states: 62,
    IPv4: 301,
    IPv6: 63,
    allow: 166,
    deny: 135,
  });
});
