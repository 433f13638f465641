import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { exposure, exposureKinds } from '../../src/exposure/index.ts';
import type { ExposureAnswer, ExposureQuery } from '../../src/exposure/index.ts';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { streamExposure } from '../../src/render/index.ts';
import type { ExposureFormat, ExposureOptions } from '../../src/render/index.ts';
import { golden } from '../render/golden.ts';
import { schemaOf } from '../render/schemas.ts';

const file = join(import.meta.dirname, 'cases/corners/input.yaml');
const { cluster, diagnostics } = readManifests([{ file: 'corners.yaml', text: readFileSync(file, 'utf8') }]);
const policy = compile(cluster);

function answerOf(query: ExposureQuery = {}): ExposureAnswer {
  return exposure(policy, { diagnostics, ...query });
}

const plain: ExposureOptions = { width: 100, color: false, headers: true, version: '1.2.3' };

function text(answer: ExposureAnswer, format: ExposureFormat, options = plain): string {
  return [...streamExposure(answer, format, options)].join('');
}

const ofApi = { pods: new Set(cluster.pods.filter(({ name }) => name === 'api')), details: true };

describe('the formats', () => {
  test.each(['table', 'json', 'md', 'dot', 'sarif'] as const)('%s', (format) => {
    const shown = text(answerOf(), format);
    expect(shown).toBe(golden(`exposure.${format}.txt`, shown));
  });

  test.each(['table', 'json'] as const)('%s of a workload that was named', (format) => {
    const shown = text(answerOf(ofApi), format, { ...plain, named: true });
    expect(shown).toBe(golden(`exposure-named.${format}.txt`, shown));
  });

  test('without headers there are rows alone, and a quiet table ends with them', () => {
    const rows = text(answerOf(), 'table', { ...plain, headers: false });
    expect(rows).not.toMatch(/WHO|pods that policies isolate|plugin/);
    expect(text(answerOf(), 'table', { ...plain, brief: true })).not.toContain('plugin');
  });

  test('what a name carries is shown, not obeyed', () => {
    const hostile = readManifests([
      {
        file: 'evil\u001b[2J.yaml',
        text: JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'web', labels: { app: 'x' }, uid: '1' },
          spec: { containers: [] },
        }),
      },
    ]).cluster;
    const answer = exposure(compile(hostile));
    for (const format of ['table', 'md', 'dot', 'sarif'] as const) {
      // oxlint-disable-next-line no-control-regex
      expect(text(answer, format)).not.toMatch(/\u001b/);
    }
  });
});

describe('the table of a large cluster', () => {
  const pod = (name: string): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: name } },
    spec: { containers: [{ name: 'main' }] },
  });
  const admitting = (name: string, rule: object): object => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop' },
    spec: { podSelector: { matchLabels: { app: name } }, policyTypes: ['Ingress'], ingress: [rule] },
  });
  const ports = [{ port: 80 }];
  const table = (rules: Readonly<Record<string, object>>): string => {
    const objects = Object.entries(rules).flatMap(([name, rule]) => [pod(name), admitting(name, rule)]);
    const texts = objects.map((object) => JSON.stringify(object)).join('\n---\n');
    const { cluster: large } = readManifests([{ file: 'large.yaml', text: texts }]);
    return text(exposure(compile(large), { direction: 'ingress' }), 'table', { ...plain, width: 200 });
  };
  const ofBlocks = (count: number): Readonly<Record<string, object>> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `block-${i}`,
        { from: [{ ipBlock: { cidr: `8.8.${i}.0/24` } }], ports },
      ]),
    );

  test('many peers of one kind leave room for all others, and what is not shown is counted by kind', () => {
    const shown = table({
      ...ofBlocks(50),
      web: { ports },
      labelled: {
        from: [{ namespaceSelector: {}, podSelector: { matchLabels: { role: 'client' } } }],
        ports,
      },
      own: { from: [{ podSelector: {} }], ports },
    });
    expect(shown.match(/^8\.8\./gm)).toHaveLength(27);
    expect(shown).toMatch(/^pods with role=client in any namespace +TCP 80 +shop\/labelled$/m);
    expect(shown).toMatch(/^any pod in shop +TCP 80 +shop\/own$/m);
    expect(shown).toMatch(/23 more lines \(23 of public addresses\): name a workload/);
  });

  test('as many lines as fit are all shown', () => {
    expect(table(ofBlocks(31)).match(/^8\.8\./gm)).toHaveLength(31);
    expect(table(ofBlocks(31))).not.toContain('more line');
  });

  test('a rule for every peer is one line where the internet and any pod may use the same', () => {
    expect(table({ web: { ports } })).toMatch(/^internet, any pod in any namespace +TCP 80 +shop\/web$/m);
    const apart = table({
      web: { ports },
      api: { from: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }], ports },
    });
    expect(apart).toMatch(/^internet +TCP 80 /m);
    expect(apart).toMatch(/^any pod in any namespace +TCP 80 +shop\/web$/m);
  });
});

describe('documents', () => {
  const check = schemaOf('exposure-report');

  test('are what the schema says, with and without places', () => {
    for (const [query, named] of [[{}, false] as const, [ofApi, true] as const]) {
      expect(check(JSON.parse(text(answerOf(query), 'json', { ...plain, named })))).toEqual([]);
    }
  });

  test('the schema knows every kind, and nothing more', () => {
    const schema = readFileSync(
      join(import.meta.dirname, '../../schemas/exposure-report.schema.json'),
      'utf8',
    );
    const { $defs } = JSON.parse(schema) as {
      $defs: { exposedPods: { properties: { exposure: { enum: string[] } } } };
    };
    expect($defs.exposedPods.properties.exposure.enum).toEqual(exposureKinds);
  });
});

/** What SARIF 2.1.0 requires of the parts that are used here, and of strings that must be URIs. */
const sarifSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['$schema', 'version', 'runs'],
  properties: {
    $schema: { type: 'string' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['tool', 'results'],
        properties: {
          tool: {
            type: 'object',
            additionalProperties: false,
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                additionalProperties: false,
                required: ['name'],
                properties: {
                  name: { type: 'string' },
                  version: { type: 'string' },
                  informationUri: { type: 'string', pattern: '^https://' },
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      additionalProperties: false,
                      required: ['id'],
                      properties: {
                        id: { type: 'string' },
                        shortDescription: { $ref: '#/$defs/message' },
                        fullDescription: { $ref: '#/$defs/message' },
                        helpUri: { type: 'string', pattern: '^https://' },
                        defaultConfiguration: {
                          type: 'object',
                          additionalProperties: false,
                          properties: { level: { $ref: '#/$defs/level' } },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          invocations: {
            type: 'array',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['executionSuccessful'],
              properties: {
                executionSuccessful: { type: 'boolean' },
                toolExecutionNotifications: {
                  type: 'array',
                  items: {
                    type: 'object',
                    additionalProperties: false,
                    required: ['message'],
                    properties: {
                      level: { $ref: '#/$defs/level' },
                      message: { $ref: '#/$defs/message' },
                      descriptor: {
                        type: 'object',
                        additionalProperties: false,
                        required: ['id'],
                        properties: { id: { type: 'string' } },
                      },
                      locations: { type: 'array', items: { $ref: '#/$defs/location' } },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: 'array',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['message'],
              properties: {
                ruleId: { type: 'string' },
                level: { $ref: '#/$defs/level' },
                message: { $ref: '#/$defs/message' },
                locations: { type: 'array', items: { $ref: '#/$defs/location' } },
                relatedLocations: { type: 'array', uniqueItems: true, items: { $ref: '#/$defs/location' } },
                partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
              },
            },
          },
        },
      },
    },
  },
  $defs: {
    level: { enum: ['none', 'note', 'warning', 'error'] },
    message: {
      type: 'object',
      additionalProperties: false,
      required: ['text'],
      properties: { text: { type: 'string', minLength: 1 } },
    },
    location: {
      type: 'object',
      additionalProperties: false,
      properties: {
        id: { type: 'integer', minimum: 0 },
        physicalLocation: {
          type: 'object',
          additionalProperties: false,
          properties: {
            artifactLocation: {
              type: 'object',
              additionalProperties: false,
              properties: { uri: { type: 'string', pattern: '^[^ \\\\]*$' } },
            },
            region: {
              type: 'object',
              additionalProperties: false,
              properties: {
                startLine: { type: 'integer', minimum: 1 },
                startColumn: { type: 'integer', minimum: 1 },
              },
            },
          },
        },
      },
    },
  },
} as const;

describe('SARIF', () => {
  interface Log {
    readonly runs: readonly {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly results: readonly { readonly ruleId: string; readonly locations: readonly unknown[] }[];
    }[];
  }
  const validate = new Ajv2020({ strict: false }).compile(sarifSchema);
  const log = JSON.parse(text(answerOf(), 'sarif')) as Log;
  const [run] = log.runs;

  test('is valid, and every result names a rule and has a place', () => {
    validate(log);
    expect(validate.errors ?? []).toEqual([]);
    const ids = run!.tool.driver.rules.map(({ id }) => id);
    for (const { ruleId, locations } of run!.results) {
      expect(ids).toContain(ruleId);
      expect(locations).toHaveLength(1);
    }
  });

  test('tells what was left out of the input', () => {
    const broken = readManifests([
      {
        file: 'a.yaml',
        text: '{apiVersion: v1, kind: Pod, metadata: {name: web}}\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {}, ingress: [{from: [{}]}]}}',
      },
    ]);
    const answer = exposure(compile(broken.cluster), { diagnostics: broken.diagnostics });
    const read = JSON.parse(text(answer, 'sarif')) as {
      readonly runs: readonly { readonly invocations: unknown }[];
    };
    validate(read);
    expect(validate.errors ?? []).toEqual([]);
    expect(read.runs[0]?.invocations).toMatchObject([
      {
        toolExecutionNotifications: [
          {
            level: 'error',
            descriptor: { id: 'peer-empty' },
            locations: [
              { physicalLocation: { artifactLocation: { uri: 'a.yaml' }, region: { startLine: 3 } } },
            ],
          },
        ],
      },
    ]);
  });

  test('has rules whose ids do not change', () => {
    expect(run!.tool.driver.rules.map(({ id }) => id)).toEqual(
      ['ingress', 'egress'].flatMap((direction) =>
        [
          'not-isolated',
          'internet',
          'any-pod',
          'public-addresses',
          'labelled-pods',
          'new-namespaces',
          'entry',
          'namespace',
          'namespace-pods',
          'private-addresses',
          'nodes',
        ].map((kind) => `${direction}-${kind}`),
      ),
    );
  });
});

test('what the tiers of the other side close is proven by these, and as the schema says', () => {
  const tiers = readManifests([
    {
      file: 'tiers.yaml',
      text: `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: out }
spec:
  { tier: Baseline, priority: 1, subject: { namespaces: {} }, egress: [{ action: Deny, to: [{ networks: [10.0.0.0/24] }] }] }
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: { name: default }
spec: { subject: { namespaces: {} }, ingress: [{ action: Deny, from: [{ namespaces: {} }] }] }
`,
    },
  ]);
  const document = JSON.parse(text(exposure(compile(tiers.cluster)), 'json')) as {
    readonly exposures: readonly { readonly direction: string; readonly closed: readonly unknown[] }[];
  };
  expect(schemaOf('exposure-report')(document)).toEqual([]);
  expect(document.exposures.find(({ direction }) => direction === 'egress')?.closed).toEqual([
    { scope: 'new-namespaces', reason: 'tiers', policies: ['default'] },
  ]);
});

test('what closes pods of one namespace is proven by the policies there, and by no others', () => {
  const pod = (name: string, namespace: string): string =>
    `{apiVersion: v1, kind: Pod, metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}}`;
  const closed = (namespace: string, more = ''): string =>
    `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: ${namespace}}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]${more}}}`;
  const { cluster: two } = readManifests([
    {
      file: 'a.yaml',
      text: [
        pod('api', 'back'),
        pod('web', 'shop'),
        closed('back', ', egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}]'),
        closed('shop'),
      ].join('\n---\n'),
    },
  ]);
  const pods = new Set(two.pods.filter(({ name }) => name === 'api'));
  const { document } = exposure(compile(two), { pods, direction: 'egress', details: true });
  expect(document.exposures[0]?.closed.map(({ scope, policies }) => [scope, policies])).toEqual([
    ['internet', ['back/closed']],
    ['own-namespace', ['back/closed']],
    ['other-namespaces', ['shop/closed']],
  ]);
});
