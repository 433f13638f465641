import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster, Pod } from '../../src/model/index.ts';
import { families, formatAddress, parseAddress } from '../../src/net/index.ts';
import { compile } from '../../src/policy/index.ts';
import { planChanges, planLab, probesOf } from '../../src/topology/index.ts';
import type { LabState } from '../../src/topology/index.ts';
import { clusters, toJson, toYaml } from '../property/clusters.ts';
import type { RandomCluster } from '../property/clusters.ts';
import { Machine } from './machine.ts';

// PODWALL_CLUSTERS and PODWALL_SEED as elsewhere.
const runs = Number(process.env['PODWALL_CLUSTERS'] ?? 150);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const patienceMs = 600_000;

function check(
  arbitrary: fc.Arbitrary<readonly RandomCluster[]>,
  holds: (clusters: readonly Cluster[]) => void,
): void {
  const result = fc.check(
    fc.property(arbitrary, (each) => holds(each.map(clusterOf))),
    { seed, numRuns: runs },
  );
  if (!result.failed) return;
  const [each] = result.counterexample ?? [];
  expect.fail(
    [
      `PODWALL_SEED=${seed} finds this with PODWALL_CLUSTERS=${runs} (shrunk ${result.numShrinks} times):`,
      String(result.errorInstance),
      ...(each ?? []).map(({ objects }) => `# a cluster\n${toYaml(objects)}`),
    ].join('\n'),
  );
}

/** A cluster that has pods: others are no lab. */
const someCluster = clusters.filter((each) => clusterOf(each).pods.length > 0);
const oneCluster = fc.tuple(someCluster);

function clusterOf({ objects }: RandomCluster): Cluster {
  return readManifests([{ file: 'cluster.json', text: toJson(objects) }]).cluster;
}

test(
  'every address belongs to one, every name too, and fits the kernel',
  () => {
    check(oneCluster, ([cluster]) => {
      const plan = planLab(cluster!);
      const addresses = plan.links.flatMap(({ ends }) =>
        ends.flatMap((end) =>
          end.addresses.filter(({ scope }) => scope === 'global').map(({ address }) => address),
        ),
      );
      const vips = plan.cluster.services.flatMap(({ clusterIPs }) => clusterIPs.map(formatAddress));
      expectDistinct([...addresses, ...vips]);
      for (const address of addresses) expect(isAssignable(address.split('/')[0]!), address).toBe(true);
      expectDistinct(plan.namespaces.map(({ name }) => name));
      const interfaces = plan.links.flatMap(({ ends }) => ends);
      expectDistinct(interfaces.map(({ namespace, name }) => `${namespace} ${name}`));
      for (const { name } of interfaces) expect(name).toMatch(/^[a-z0-9]{1,15}$/);
      for (const { name } of plan.namespaces) {
        expect(name).toMatch(/^podwall\.lab\.[-a-z0-9.~_]+$/);
        expect(name.length).toBeLessThanOrEqual(200);
      }
      for (const { report } of plan.nodes.values()) {
        expect(report.contested).toEqual([]);
        expect(report.withoutAddress).toEqual([]);
      }
    });
  },
  patienceMs,
);

test(
  'every end reaches every other by routes, each of which has a way back',
  () => {
    check(oneCluster, ([cluster]) => {
      const plan = planLab(cluster!);
      const machine = new Machine();
      machine.apply(planChanges(undefined, plan));
      for (const from of plan.ends) {
        for (const to of plan.ends) {
          if (from.namespace === to.namespace) continue;
          for (const family of families) {
            const source = from.addresses.find((each) => each.family === family);
            const destination = to.addresses.find((each) => each.family === family);
            if (source === undefined || destination === undefined) continue;
            const way = machine.way(from.namespace, formatAddress(destination));
            expect(way.at(-1), `${from.id} to ${to.id}`).toBe(to.namespace);
            expect(machine.way(to.namespace, formatAddress(source))).toEqual(way.toReversed());
            // Policies of both pods are on the way, each on its own node (checklist 17).
            for (const end of [from, to]) {
              if (end.kind !== 'pod') continue;
              expect(way).toContain(plan.nodes.get(end.node)!.namespace);
            }
          }
        }
      }
    });
  },
  patienceMs,
);

test(
  'what the input knows of a pod, the lab leaves as it is, and the engine says the same of it',
  () => {
    let compared = 0;
    check(oneCluster, ([cluster]) => {
      const plan = planLab(cluster!);
      const before = compile(cluster!);
      const inputPods = new Map(cluster!.pods.map((pod) => [pod.id, pod]));
      const kept = new Map<Pod, Pod>();
      for (const pod of plan.cluster.pods) {
        const input = inputPods.get(pod.id);
        if (input === undefined || input.node !== pod.node || input.hostNetwork) continue;
        if (textOf(input) === textOf(pod)) kept.set(pod, input);
      }
      for (const { from, to, family, protocol, port, predicted } of probesOf(plan)) {
        const source = from.kind === 'pod' ? kept.get(from.pod) : undefined;
        const destination = to.kind === 'pod' ? kept.get(to.pod) : undefined;
        const ends = [
          from.kind === 'pod' ? source && { kind: 'pod' as const, pod: source } : from.engine,
          to.kind === 'pod' ? destination && { kind: 'pod' as const, pod: destination } : to.engine,
        ] as const;
        if (ends[0] === undefined || ends[1] === undefined) continue;
        compared++;
        const { allowed } = before.decide(ends[0], ends[1], protocol, port, family);
        expect(predicted, `${from.id} to ${to.id} ${protocol} ${port}`).toBe(allowed ? 'allowed' : 'denied');
      }
    });
    expect(compared).toBeGreaterThan(runs);
  },
  patienceMs,
);

test(
  'changes end in what a fresh start makes, and pods that stay keep what they have',
  () => {
    check(fc.array(someCluster, { minLength: 2, maxLength: 4 }), (states) => {
      const machine = new Machine();
      let state: LabState | undefined;
      for (const cluster of states) {
        const plan = state?.plan;
        const next = planLab(cluster, plan === undefined ? {} : { previous: plan });
        const changes = planChanges(state, next);
        machine.apply(changes);
        const fresh = new Machine();
        fresh.apply(planChanges(undefined, next));
        expect(machine.text()).toBe(fresh.text());
        for (const pod of plan?.cluster.pods ?? []) {
          const input = cluster.pods.find(({ id }) => id === pod.id);
          const now = next.cluster.pods.find(({ id }) => id === pod.id);
          if (input === undefined || now === undefined || input.node !== undefined) continue;
          if (next.nodes.has(pod.node!) && !pod.hostNetwork) expect(now.node).toBe(pod.node);
        }
        ({ state } = changes);
      }
      // Nothing to do: nothing is done.
      const previous = state!.plan;
      const { state: _, ...nothing } = planChanges(state, planLab(states.at(-1)!, { previous }));
      for (const [what, list] of Object.entries(nothing)) {
        expect(Array.isArray(list) ? list.length : (list as ReadonlyMap<string, unknown>).size, what).toBe(0);
      }
    });
  },
  patienceMs,
);

function textOf(pod: Pod): string {
  return pod.addresses.map(formatAddress).join(' ');
}

function expectDistinct(texts: readonly string[]): void {
  const seen = new Set<string>();
  for (const text of texts) {
    expect(seen.has(text), `${text} twice`).toBe(false);
    seen.add(text);
  }
}

/** Written anew from the registries of special addresses: what an interface can have. */
function isAssignable(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const { family, value } = address;
  if (family === 'IPv4') {
    const first = Number(value >> 24n);
    return first !== 0 && first !== 127 && (first < 224 || first >= 240) && value !== 0xffff_ffffn;
  }
  return value > 1n && value >> 120n !== 0xffn && value >> 118n !== 0x3fan && value >> 32n !== 0xffffn;
}
