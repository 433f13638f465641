import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { parseIPv6 } from '../../src/net/address.ts';
import { families, formatAddress, parseAddress, PortSet, protocols } from '../../src/net/index.ts';
import type { Address } from '../../src/net/index.ts';
import { compile, has } from '../../src/policy/index.ts';
import type { PolicyEnd } from '../../src/policy/index.ts';
import { map, resolveEnd } from '../../src/reach/index.ts';
import type { AllowedPorts } from '../../src/reach/index.ts';
import { clustersWithTiers, toYaml } from './clusters.ts';
import { outsideAddresses } from './questions.ts';

// The addresses that a map lists are those outside: for each that is no pod's and no node's, the ranges that hold it say what
// is said of it alone; one that a pod or a node has is asked about as that pod or node, whatever networks hold it (corners 58
// and 63).

const runs = Math.ceil(Number(process.env['PODWALL_CLUSTERS'] ?? 2400) / 12);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

function setOf(allowed: AllowedPorts): PortSet {
  if (allowed === 'all') return PortSet.all;
  const named = protocols.flatMap((protocol) =>
    (allowed[protocol] ?? []).map(([from, to]) => PortSet.range(protocol, from, to)),
  );
  return PortSet.union(allowed.other === true ? [...named, PortSet.unnamed] : named);
}

function valueOf(text: string): Address {
  // A part of the IPv6 space may begin in the mapped addresses, which as addresses are IPv4.
  return text.includes(':') ? { family: 'IPv6', value: parseIPv6(text)! } : parseAddress(text)!;
}

test(`ranges of a map are what each of their addresses is (seed ${seed})`, () => {
  let listed = 0;
  let absent = 0;
  let ofPods = 0;
  fc.assert(
    fc.property(clustersWithTiers({ unknown: false }), ({ objects }) => {
      const { cluster } = readManifests([{ file: 'cluster.yaml', text: toYaml(objects) }]);
      const policy = compile(cluster);
      const { document } = map(policy, { level: { kind: 'pod' } });
      const peers = document.peers.flatMap(({ id, ranges }) =>
        (ranges ?? []).map(([first, last]) => ({ id, first: valueOf(first), last: valueOf(last) })),
      );
      const allowed = new Map<string, PortSet>();
      for (const { from, to, allowed: ports, ambiguous, family } of document.connections) {
        for (const each of family === undefined ? families : [family]) {
          const key = `${from} ${to} ${each} ${ambiguous === true ? 'open' : 'sure'}`;
          allowed.set(key, (allowed.get(key) ?? PortSet.none).union(setOf(ports)));
        }
      }
      for (const text of outsideAddresses(objects)) {
        const address = parseAddress(text)!;
        const { family, value } = address;
        if ([...cluster.nodes.values()].some((node) => node.addresses.some((own) => own.value === value)))
          continue;
        const holding = peers.filter(
          ({ first, last }) => first.family === family && first.value <= value && value <= last.value,
        );
        expect(holding.length, `${text} is in one peer at most`).toBeLessThan(2);
        const outside: PolicyEnd = { kind: 'address', address };
        for (const pod of cluster.pods) {
          const own: PolicyEnd = { kind: 'pod', pod };
          if (!has(own, family)) continue;
          for (const [from, to, a, b] of [
            [own, outside, pod.id, holding[0]?.id],
            [outside, own, holding[0]?.id, pod.id],
          ] as const) {
            const told = (which: string): PortSet =>
              allowed.get(`${a} ${b} ${family} ${which}`) ?? PortSet.none;
            const sure = policy.allowed(from, to, family);
            const open = policy.possible.allowed(from, to, family).minus(sure);
            expect(told('sure').key, `${a} ${b} at ${text}`).toBe(sure.key);
            expect(told('open').key, `${a} ${b} at ${text}, ambiguous`).toBe(open.key);
            if (holding.length > 0) listed++;
            else absent++;
          }
        }
      }
      // One that a pod has is the pod, as people ask about it.
      for (const pod of cluster.pods) {
        for (const address of pod.addresses) {
          const sharing = cluster.pods.filter((each) =>
            each.addresses.some(({ family, value }) => family === address.family && value === address.value),
          );
          if (sharing.length > 1 || pod.hostNetwork) continue;
          const end = resolveEnd(cluster, formatAddress(address));
          expect(end, formatAddress(address)).toMatchObject({ kind: 'pods', pods: [{ id: pod.id }] });
          ofPods++;
        }
      }
    }),
    { numRuns: runs, seed, endOnFailure: false },
  );
  for (const met of [listed, absent, ofPods]) expect(met).toBeGreaterThan(0);
});
