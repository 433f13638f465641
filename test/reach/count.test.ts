import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { count } from '../../src/reach/index.ts';
import { largePairs, smallPairs } from '../../src/reach/count.ts';
import { renderCount } from '../../src/render/index.ts';
import { clusters, toYaml } from '../property/clusters.ts';
import { policy } from './manifests.ts';

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test(`pairs are the same whether or not numbers hold them (seed ${seed})`, () => {
  fc.assert(
    fc.property(clusters, fc.constantFrom('upstream', 'np-guard'), (random, profile) => {
      const { cluster } = readManifests([{ file: 'cluster.yaml', text: toYaml(random.objects) }]);
      const compiled = compile(cluster, { profile });
      expect(largePairs(compiled)).toEqual(smallPairs(compiled));
    }),
    { numRuns: 300, seed },
  );
});

function deployment(name: string, replicas: number): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: a}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: c, image: x}]}}
`;
}

test('the largest templates are counted exactly', () => {
  const most = 2_147_483_647n;
  const text = [
    deployment('web', Number(most)),
    deployment('db', Number(most)),
    policy('a/db', '{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}'),
  ].join('---');
  const { cluster } = readManifests([{ file: 'a.yaml', text }]);
  const answer = count(compile(cluster));
  const pods = most * 2n;
  // Only connections to web are open, from its own replicas too.
  const allowed = most * (pods - 1n);
  expect(answer).toMatchObject({ pods: Number(pods), pairs: pods * (pods - 1n), allowed });
  expect(answer.byPorts).toEqual([{ allowed: 'all', pairs: allowed }]);
  const options = { width: undefined, color: false, headers: true };
  for (const format of ['json', 'yaml'] as const) {
    expect(renderCount(answer, format, options)).toMatch(new RegExp(`"?pairs"?: ${pods * (pods - 1n)}`));
  }
  expect(renderCount(answer, 'table', options)).toContain(
    '4,294,967,294 pods, 18,446,744,052,234,715,142 ordered pairs: 9,223,372,026,117,357,571 allowed (50.0 %)',
  );
});
