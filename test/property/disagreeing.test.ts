import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { families, parseAddress, PortSet } from '../../src/net/index.ts';
import { compile } from '../../src/policy/index.ts';
import type { PolicyEnd } from '../../src/policy/index.ts';
import { Reference } from '../reference/evaluate.ts';
import type { Ref } from '../reference/evaluate.ts';
import { clustersWithTiers, toYaml } from './clusters.ts';
import { outsideAddresses, portPoints } from './questions.ts';

// Which policies of equal priority are said to disagree, against every order in which an implementation may ask them.

const runs = Math.ceil(Number(process.env['PODWALL_CLUSTERS'] ?? 2400) / 8);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test(`the policies that disagree are those of which the order decides (seed ${seed})`, () => {
  const sizes = new Map<number, number>();
  let agreeing = 0;
  fc.assert(
    fc.property(clustersWithTiers({ unknown: false }), ({ objects }) => {
      const { cluster } = readManifests([{ file: 'cluster.yaml', text: toYaml(objects) }]);
      const policy = compile(cluster);
      const reference = new Reference(objects);
      const points = portPoints(objects, 4711);
      const pods = cluster.pods
        .filter(({ template }) => !template)
        .map((pod): readonly [PolicyEnd, Ref] => [
          { kind: 'pod', pod },
          { pod: `${pod.namespace}/${pod.name}` },
        ]);
      const others = [
        ...[...cluster.nodes.values()].map((node): readonly [PolicyEnd, Ref] => [
          { kind: 'node', node },
          { node: node.name },
        ]),
        ...outsideAddresses(objects).map((text): readonly [PolicyEnd, Ref] => [
          { kind: 'address', address: parseAddress(text)! },
          { address: text },
        ]),
      ];
      for (const [subject, ref] of pods) {
        for (const [other, otherRef] of [...pods, ...others]) {
          if (subject === other) continue;
          for (const direction of ['egress', 'ingress'] as const) {
            for (const family of families) {
              if (![ref, otherRef].every((each) => reference.hasFamily(each, family))) continue;
              const found = policy.pairs.tierDisagreements(direction, subject, other, family);
              const [from, to] = direction === 'egress' ? [ref, otherRef] : [otherRef, ref];
              // Corner 42: nobody asks whether a pod may be reached by its own node.
              if (direction === 'ingress' && policy.exemption(other, subject) === 'node') continue;
              const expected = reference.disagreeing(from, to, family, direction);
              for (const { protocol, port } of points) {
                const names = [...found].flatMap(([index, ports]) => {
                  const { kind, name } = cluster.tierPolicies[index]!;
                  const isIn = protocol === 'other' ? ports.other : ports.has(protocol, port);
                  return isIn ? [`${kind}/${name}`] : [];
                });
                const wanted = [...expected(protocol, port)].sort();
                expect(
                  names.sort(),
                  `${direction} ${JSON.stringify([from, to])} ${protocol} ${port}`,
                ).toEqual(wanted);
                sizes.set(wanted.length, (sizes.get(wanted.length) ?? 0) + 1);
              }
              // Only where the sides' own answers differ is anybody named, and there always.
              const at = (each: typeof policy): PortSet =>
                each.parts.ports.set(each.pairs.sideAllowed(direction, subject, other, family));
              const open = at(policy.possible).minus(at(policy));
              expect(PortSet.union(found.values()).key).toBe(open.key);
              if (found.size === 0 && policy.pairs.tierSayings(direction, subject, other, family).length > 1)
                agreeing++;
            }
          }
        }
      }
    }),
    { numRuns: runs, seed, endOnFailure: false },
  );
  expect(agreeing).toBeGreaterThan(runs);
  expect(sizes.get(2) ?? 0).toBeGreaterThan(runs);
});
