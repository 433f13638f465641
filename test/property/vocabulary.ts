import * as fc from 'fast-check';

import { selectorOf, weighted } from './shapes.ts';
import type { Json, Shape } from './shapes.ts';

// Vocabularies are small, so that selectors, ports and blocks meet what is there. `constructor` and `toString` are keys
// that a plain object seems to have: a map made of one would find them everywhere.

export const namespaceNames = ['a', 'b', 'constructor', 'default'] as const;
export const podNames = ['web', 'db', 'constructor', 'api', 'ops', 'probe', 'job', 'dns', 'proxy'] as const;
export const nodeNames = ['n1', 'n2', 'constructor', 'n4'] as const;
export const labelKeys = [
  'app',
  'app',
  'app',
  'app',
  'tier',
  'constructor',
  'toString',
  'example.com/role',
] as const;
export const namespaceLabelKeys = ['team', 'team', 'constructor', 'kubernetes.io/metadata.name'] as const;
export const labelValues = ['x', 'x', 'x', 'x', 'z', ''] as const;
export const nameLabelValues = ['a', 'b', 'default', 'constructor'] as const;
export const portNames = ['http', 'http', 'dns', 'constructor'] as const;
export const portNumbers = [1, 53, 80, 80, 81, 8080, 65535] as const;
export const protocols = ['TCP', 'UDP', 'SCTP'] as const;

/** The addresses of nodes. One has two of a family, as a node with an address inside and one outside has. */
export const nodeAddresses: Readonly<Record<(typeof nodeNames)[number], readonly string[]>> = {
  n1: ['172.18.0.1'],
  n2: ['172.18.0.2', 'fd00:172::2'],
  constructor: ['fd00:172::3'],
  n4: ['172.18.0.4', '203.0.113.4'],
};

export const labelValue: Shape = fc.constantFrom(...labelValues);
export const podSelector = selectorOf(labelKeys, labelValue);
export const namespaceSelector = weighted<Json>(
  [3, selectorOf(namespaceLabelKeys, labelValue)],
  [
    2,
    fc.constantFrom(...nameLabelValues).map((name) => ({
      matchLabels: { 'kubernetes.io/metadata.name': name },
    })),
  ],
  [1, selectorOf(['kubernetes.io/metadata.name'], fc.constantFrom(...nameLabelValues))],
);
