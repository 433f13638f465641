import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../../src/manifest/index.ts';
import type { Cluster } from '../../../src/model/index.ts';
import { families } from '../../../src/net/index.ts';
import {
  compile,
  openCluster,
  profileNames,
  profiles,
  readingIds,
  readingRows,
  withReading,
} from '../../../src/policy/index.ts';
import type { LiveEnd, PolicyEnd, Profile, ReadingId } from '../../../src/policy/index.ts';
import { map } from '../../../src/reach/index.ts';
import { admits, endOf, readTruthTables } from '../../truth-table.ts';

// For each behaviour that answers follow a cluster in which it matters, and for each of its values the answer as people
// draw it. Every profile has to give the answer of its own value.

const root = join(import.meta.dirname, 'behaviours');

/** Whether a pod exists at all cannot be drawn: see below. */
const undrawn: readonly ReadingId[] = ['finishedPods'];
const drawn = readingIds.filter((id) => !undrawn.includes(id));

function clusterOf(id: string): Cluster {
  const text = readFileSync(join(root, id, 'input.yaml'), 'utf8');
  const { cluster, diagnostics } = readManifests([{ file: `${id}.yaml`, text }]);
  // A server takes host bits, with a warning (corner 38).
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return cluster;
}

function tableOf(id: ReadingId, value: string | boolean): string {
  return readFileSync(join(root, id, `${value}.txt`), 'utf8');
}

/** Lines of a table that get another answer. */
function wrong(cluster: Cluster, table: string, profile: Profile): readonly string[] {
  const policy = compile(cluster, { profile });
  const live = openCluster(cluster, { profile });
  const cells = readTruthTables(table);
  expect(cells.length).toBeGreaterThan(0);
  return cells.flatMap(({ from, to, probe, expected, line }) => {
    const [source, destination] = [endOf(cluster, from), endOf(cluster, to)];
    const asked = policy.allowed(source, destination);
    const said = [admits(asked, probe)];
    if (probe.protocol !== 'other') {
      const { protocol, port } = probe;
      const decisions = families.map((family) => policy.decide(source, destination, protocol, port, family));
      said.push(decisions.some(({ allowed }) => allowed));
      const [start, end] = [liveEnd(source), liveEnd(destination)];
      // Clusters that change know no tiers.
      if (cluster.tierPolicies.length === 0) {
        const lived = families.map((family) => live.decide(start, end, protocol, port, family));
        said.push(lived.some(({ allowed }) => allowed));
      }
    }
    return said.every((each) => each === (expected === '.')) ? [] : [`line ${line}: ${said.join()}`];
  });
}

function liveEnd(end: PolicyEnd): LiveEnd {
  if (end.kind === 'pod') return { kind: 'pod', id: end.pod.id };
  return end.kind === 'node' ? { kind: 'node', name: end.node.name } : end;
}

test('every behaviour that answers follow has a cluster, and every value of it a table', () => {
  expect(readdirSync(root).sort()).toEqual([...drawn].sort());
  for (const id of drawn) {
    const values = readingRows[id].values.map(([value]) => String(value));
    for (const value of values)
      expect([id, value, existsSync(join(root, id, `${value}.txt`))]).toContain(true);
    expect(new Set(values.map((value) => tableOf(id, value))).size).toBe(values.length);
  }
});

describe.each(drawn)('%s', (id) => {
  const values = readingRows[id].values.map(([value]) => value);

  test.each(values)('%s', (value) => {
    expect(wrong(clusterOf(id), tableOf(id, value), withReading(profiles.upstream, id, value))).toEqual([]);
  });

  test('no table is that of another value', () => {
    const cluster = clusterOf(id);
    for (const value of values) {
      for (const other of values) {
        if (other === value) continue;
        const profile = withReading(profiles.upstream, id, other);
        expect([id, value, wrong(cluster, tableOf(id, value), profile).length > 0]).toEqual([
          id,
          value,
          true,
        ]);
      }
    }
  });

  test.each(profileNames)('as %s has it', (name) => {
    const profile = profiles[name];
    // Behind a block that matches no pod there is no pod to ask for the port.
    const value = id === 'namedPortOnIpBlock' && !profile.ipBlockMatchesPods ? false : profile[id];
    expect(wrong(clusterOf(id), tableOf(id, value), profile)).toEqual([]);
  });
});

test('finished pods are there, or they are not (corner 46)', () => {
  const text = `apiVersion: v1
kind: Pod
metadata: { name: done, namespace: x }
spec: { containers: [{ name: c, image: i }] }
status: { phase: Succeeded }
`;
  const { cluster } = readManifests([{ file: 'x.yaml', text }]);
  for (const name of profileNames) {
    const { peers } = map(compile(cluster, { profile: name }), { level: { kind: 'pod' } }).document;
    const there = profiles[name].finishedPods === 'pod';
    expect([name, peers.some(({ id }) => id === 'x/Pod/done')]).toEqual([name, there]);
  }
});
