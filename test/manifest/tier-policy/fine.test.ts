import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CnpChannel } from '../../../src/manifest/index.ts';
import { readText } from '../../../src/manifest/text/index.ts';
import { validateTierPolicy } from '../../../src/manifest/tier-policy/index.ts';
import { tierKindOf } from '../../../src/manifest/tier-policy/kinds.ts';
import { isFineTierPolicy } from '../../../src/manifest/tier-policy/validate.ts';
import { isRecord } from '../../../src/manifest/validate/index.ts';

// The short look at a policy may only pass what the whole validation passes: valid policies, and what becomes of them when
// some of their values are others.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const channels: readonly CnpChannel[] = ['standard', 'experimental'];

const folder = join(import.meta.dirname, '../../conformance/clusternetworkpolicy/validation/valid');
const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));

const older = (kind: string, name: string, action: string, priority: string): string => `
apiVersion: policy.networking.k8s.io/v1alpha1
kind: ${kind}
metadata: { name: ${name}, labels: { a: b }, annotations: { a: b }, generation: 1 }
spec:
  ${priority}
  subject: { namespaces: { matchExpressions: [ { key: a, operator: In, values: [ b, c ] } ] } }
  ingress:
    - { name: n, action: ${action}, from: [ { pods: { podSelector: {}, namespaceSelector: { matchLabels: { a: b } } } } ] }
  egress:
    - { action: Deny, to: [ { networks: [ 10.0.0.0/8, "fd00::/8" ] } ], ports: [ { portNumber: { port: 80 } } ] }
    - { action: Deny, to: [ { namespaces: {} } ], ports: [ { portRange: { protocol: UDP, start: 1, end: 9 } } ] }
`;

const valid = [
  ...texts,
  older('AdminNetworkPolicy', 'x', 'Pass', 'priority: 7'),
  older('BaselineAdminNetworkPolicy', 'default', 'Allow', ''),
].map((text) => readText({ file: 'policy.yaml', text }).documents[0]?.value);

const isFine = (value: unknown, channel: CnpChannel): boolean =>
  isFineTierPolicy(
    value,
    tierKindOf(isRecord(value) && typeof value['kind'] === 'string' ? value['kind'] : ''),
    channel,
  );

const others: readonly unknown[] = [
  null,
  '',
  'x',
  'A b!',
  'a'.repeat(300),
  'UDP',
  'Deny',
  '10.0.0.1/8',
  '10.0.0.0/33',
  -1,
  0,
  1.5,
  80,
  1001,
  65536,
  2n ** 60n,
  true,
  [],
  {},
  [null],
  Array.from({ length: 101 }, () => ({})),
  { a: null },
  { tcp: {} },
  { matchLabels: {} },
];
const names = [
  'x',
  'name',
  'from',
  'to',
  'ports',
  'protocols',
  'namespaces',
  'nodes',
  'networks',
  'podSelector',
];

/** Another value somewhere: in place of one, beside it, or instead of its name. */
function mutated(value: unknown, choose: (most: number) => number): unknown {
  const depth = choose(7);
  const change = (at: unknown, left: number): unknown => {
    if (left > 0 && Array.isArray(at) && at.length > 0) {
      const items: readonly unknown[] = at;
      const i = choose(items.length - 1);
      return items.with(i, change(items[i], left - 1));
    }
    if (left > 0 && isRecord(at) && Object.keys(at).length > 0) {
      const keys = Object.keys(at);
      const key = keys[choose(keys.length - 1)]!;
      return { ...at, [key]: change(at[key], left - 1) };
    }
    const other = others[choose(others.length - 1)];
    if (Array.isArray(at)) {
      const items: readonly unknown[] = at;
      const many = Array.from({ length: 101 }, () => items).flat();
      return [[...items, other], [...items, ...items], items.slice(1), many, other][choose(4)];
    }
    if (isRecord(at)) {
      const keys = Object.keys(at);
      const key = keys[choose(Math.max(keys.length - 1, 0))];
      const rest = Object.fromEntries(Object.entries(at).filter(([name]) => name !== key));
      return [{ ...at, [names[choose(names.length - 1)]!]: other }, rest, other][choose(2)];
    }
    return other;
  };
  return change(value, depth);
}

test('what is fine at a glance has no error', () => {
  const seen = { fine: 0, wrong: 0 };
  fc.assert(
    fc.property(
      fc.constantFrom(...valid),
      fc.constantFrom(...channels),
      fc.infiniteStream(fc.nat()),
      fc.integer({ min: 1, max: 2 }),
      (value, channel, numbers, times) => {
        const choose = (most: number): number => Number(numbers.next().value) % (most + 1);
        let policy: unknown = value;
        for (let i = 0; i < times; i++) policy = mutated(policy, choose);
        const errors = validateTierPolicy(policy, { cnpChannel: channel });
        if (errors.length > 0) {
          seen.wrong++;
          expect([isFine(policy, channel), errors[0]]).toEqual([false, errors[0]]);
        } else if (isFine(policy, channel)) seen.fine++;
      },
    ),
    { seed, numRuns: 4000 },
  );
  expect(seen.wrong).toBeGreaterThan(500);
  expect(seen.fine).toBeGreaterThan(20);
});

test('what a server takes is fine at a glance, but for nulls', () => {
  const doubtful = valid.filter(
    (value) => validateTierPolicy(value).length === 0 && !isFine(value, 'experimental'),
  );
  for (const value of doubtful) expect(JSON.stringify(value)).toMatch(/null|"(?:namespace|generateName)"/);
  expect(doubtful.length).toBeLessThan(valid.length / 4);
});
