import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Reference } from '../reference/evaluate.ts';
import { clustersWithTiers, withPodsOfTemplates } from './clusters.ts';
import { outsideAddresses, portPoints } from './questions.ts';

// What clusters with tiers are made of: a property over policies that never meet anything proves little.

const sample = fc.sample(clustersWithTiers({ unknown: true }), { seed: 42, numRuns: 200 });
const texts = sample.map(({ objects }) => objects.map((object) => JSON.stringify(object)));

test('the tiers change answers every way that they can, between pods and to the outside', () => {
  const changes = new Map<string, number>();
  for (const { objects } of sample) {
    const points = portPoints(objects, 4711);
    const all = withPodsOfTemplates(objects);
    const reference = new Reference(all);
    const without = new Reference(all.filter((object) => !isTierPolicy(JSON.stringify(object))));
    const pods = reference.pods.map((pod) => ({ pod }));
    const outside = outsideAddresses(objects).map((address) => ({ address }));
    for (const from of pods) {
      for (const to of [...pods, ...outside]) {
        for (const family of ['IPv4', 'IPv6'] as const) {
          if (from === to || ![from, to].every((end) => reference.hasFamily(end, family))) continue;
          const verdict = reference.verdict(from, to, family);
          const before = without.verdict(from, to, family);
          const seen = points.map(
            ({ protocol, port }) => `${before(protocol, port)} → ${verdict(protocol, port)}`,
          );
          const kind = 'pod' in to ? 'to a pod' : 'outside';
          for (const change of new Set(seen)) {
            changes.set(`${kind}: ${change}`, (changes.get(`${kind}: ${change}`) ?? 0) + 1);
          }
        }
      }
    }
  }
  const rare = [
    ['to a pod: allowed → allowed', 2000],
    ['to a pod: allowed → denied', 1000],
    ['to a pod: allowed → ambiguous', 100],
    ['to a pod: denied → allowed', 50],
    ['to a pod: denied → denied', 500],
    ['outside: allowed → allowed', 5000],
    ['outside: allowed → denied', 1000],
    ['outside: allowed → ambiguous', 50],
    ['outside: denied → allowed', 50],
    ['outside: denied → denied', 500],
  ].filter(([change, atLeast]) => (changes.get(String(change)) ?? 0) < Number(atLeast));
  expect({ rare, changes: Object.fromEntries(changes) }).toMatchObject({ rare: [] });
});

// What must be there often: the text of one policy, in at least so many of the 200 clusters.
test.each([
  ['ClusterNetworkPolicy of the Admin tier', /"kind":"ClusterNetworkPolicy".*"tier":"Admin"/, 100],
  ['ClusterNetworkPolicy of the Baseline tier', /"kind":"ClusterNetworkPolicy".*"tier":"Baseline"/, 100],
  ['AdminNetworkPolicy', /"kind":"AdminNetworkPolicy"/, 60],
  ['BaselineAdminNetworkPolicy', /"kind":"BaselineAdminNetworkPolicy"/, 40],
  ['Accept', /"action":"Accept"/, 100],
  ['Allow', /"action":"Allow"/, 60],
  ['Deny', /"action":"Deny"/, 100],
  ['Pass', /"action":"Pass"/, 60],
  ['several rules', /"action".*"action"/, 100],
  ['a subject by namespaces', /"subject":{"namespaces":{"/, 40],
  ['a subject by pods', /"subject":{"pods":/, 80],
  ['pods without namespaceSelector', /{"pods":{"podSelector":{[^}]*}*\]?}+[,\]]/, 20],
  ['networks', /"networks"/, 100],
  ['networks beside pods', /"to":\[{"(pods|namespaces)".*{"networks"/, 20],
  ['nodes', /"nodes":{"/, 40],
  ['all nodes', /"nodes":{}/, 10],
  ['domainNames', /"domainNames"/, 20],
  ['no ports', /"action":"\w+","(from|to)":\[[^\]]*\]}/, 60],
  ['a range', /"range":{"start"|"portRange"/, 60],
  ['a range that is empty', /"portRange":{"start":8080,"end":(1|53|54|80|81|8079)\b/, 5],
  ['ICMP as a protocol', /"protocol":"ICMP"/, 5],
  ['a named port', /"(destinationNamedPort|namedPort)":"\w/, 60],
  ['an unusable selector', /"a b"|"Gt"|"operator":"In"}|"values":\[\]}|"key":""/, 10],
  ['an unknown peer', /"services"|[[,]{}[,\]]/, 10],
  ['an unknown entry of ports', /"icmp"/, 5],
])('there is %s', (_, pattern, atLeast) => {
  const found = texts.filter((objects) => objects.some((text) => isTierPolicy(text) && pattern.test(text)));
  expect(found.length).toBeGreaterThanOrEqual(atLeast);
});

test('there are equal priorities in one tier', () => {
  const found = sample.filter(({ objects }) => {
    const ranks = objects.flatMap((object) => {
      const [, tier] = /"tier":"(\w+)"/.exec(JSON.stringify(object)) ?? [];
      const [, priority] = /"priority":(\d+)/.exec(JSON.stringify(object)) ?? [];
      return priority === undefined ? [] : [`${tier ?? 'Admin'} ${priority}`];
    });
    return new Set(ranks).size < ranks.length;
  });
  expect(found.length).toBeGreaterThan(60);
});

function isTierPolicy(text: string): boolean {
  return text.startsWith('{"apiVersion":"policy.networking.k8s.io/');
}
