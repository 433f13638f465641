import { describe, expect, test } from 'vitest';
import {
  networkPolicyCodes,
  validateNetworkPolicyUpdate,
} from '../../../src/manifest/network-policy/index.ts';
import type { Diagnostic } from '../../../src/model/index.ts';
import { decodeSpec, decodeText, policyText } from './decoding.ts';

/** A mistake as people make it, and all that is said of it: `line:column severity code`. */
interface Mistake {
  readonly name: string;
  /** The fields of `spec`; the first line stands on line 6. */
  readonly spec?: string;
  /** A whole manifest instead. */
  readonly text?: string;
  readonly finds: readonly string[];
  /** Lines of the suggestion of the first finding; absent: none is offered. */
  readonly suggests?: string;
}

const mistakes: readonly Mistake[] = [
  {
    name: 'matchLabels beside the podSelector of a peer',
    spec: `  podSelector: {}
  ingress:
    - from:
        - podSelector:
          matchLabels:
            app: backend`,
    finds: ['10:11 error selector-too-high'],
    suggests: `- podSelector:
    matchLabels:
      app: backend`,
  },
  {
    name: 'matchExpressions beside the podSelector of the policy',
    spec: `  podSelector:
  matchExpressions:
    - {key: app, operator: Exists}`,
    finds: ['7:3 warning selector-too-high'],
    suggests: `podSelector:
  matchExpressions:
    - key: app
      operator: Exists`,
  },
  {
    name: 'matchLabels beside two selectors: which one is meant cannot be told',
    spec: `  podSelector: {}
  ingress:
    - from:
        - podSelector:
          namespaceSelector:
          matchLabels: {app: backend}`,
    finds: ['11:11 error selector-too-high'],
  },
  {
    name: 'a peer that is not indented below from',
    spec: `  podSelector: {}
  ingress:
  - from:
  - podSelector:
    matchLabels:
      app: backend`,
    finds: ['9:5 warning peer-outside-rule'],
    suggests: `ingress:
  - from:
      - podSelector:
          matchLabels:
            app: backend`,
  },
  {
    name: 'a peer in the rule itself keeps its ports',
    spec: `  podSelector: {}
  egress:
    - podSelector:
        matchLabels:
          app: db
      ports:
        - port: 5432`,
    finds: ['8:7 warning peer-outside-rule'],
    suggests: `- to:
    - podSelector:
        matchLabels:
          app: db
  ports:
    - port: 5432`,
  },
  {
    name: 'a peer in the rule beside a full from',
    spec: `  podSelector: {}
  ingress:
    - from:
        - podSelector: {}
      namespaceSelector: {}`,
    finds: ['10:7 warning peer-outside-rule'],
  },
  {
    name: 'from and ports directly in spec',
    spec: `  podSelector: {}
  from:
    - podSelector: {}
  ports:
    - port: 80`,
    finds: ['7:3 warning rule-outside-direction'],
    suggests: `ingress:
  - from:
      - podSelector: {}
    ports:
      - port: 80`,
  },
  {
    name: 'an empty from in spec gets no rule that admits everyone',
    spec: `  podSelector: {}
  from: []`,
    finds: ['7:3 warning rule-outside-direction'],
  },
  {
    name: 'spec that is not indented',
    text: `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
podSelector: {}
policyTypes:
- Ingress
`,
    finds: ['6:1 warning field-outside-parent'],
    suggests: `spec:
  podSelector: {}
  policyTypes:
    - Ingress`,
  },
  {
    name: 'metadata that is not indented has no name',
    text: `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
name: web
spec: {}
`,
    finds: ['4:1 error field-outside-parent'],
    suggests: `metadata:
  name: web`,
  },
  {
    name: 'to in an ingress rule could be meant in two ways',
    spec: `  podSelector: {}
  ingress:
    - to:
        - podSelector: {}`,
    finds: ['8:7 warning wrong-direction'],
  },
  {
    name: 'port and protocol in the rule itself',
    spec: `  podSelector: {}
  ingress:
    - protocol: TCP
      port: 80`,
    finds: ['8:7 warning port-outside-ports'],
    suggests: `- ports:
    - protocol: TCP
      port: 80`,
  },
  {
    name: 'ports in the only peer',
    spec: `  podSelector: {}
  ingress:
    - from:
        - podSelector: {}
          ports:
            - port: 80`,
    finds: ['10:11 warning ports-in-peer'],
    suggests: `- from:
    - podSelector: {}
  ports:
    - port: 80`,
  },
  {
    name: 'ports in one of two peers would close the other',
    spec: `  podSelector: {}
  ingress:
    - from:
        - podSelector: {}
          ports: [{port: 80}]
        - namespaceSelector: {}`,
    finds: ['10:11 warning ports-in-peer'],
  },
  {
    name: 'labels directly in the selector',
    spec: `  podSelector:
    app: web
    tier: front`,
    finds: ['7:5 warning labels-in-selector'],
    suggests: `podSelector:
  matchLabels:
    app: web
    tier: front`,
  },
  {
    name: 'wrong case of a field',
    spec: `  podSelector: {}
  ingress:
    - from:
        - ipblock:
            cidr: 10.0.0.0/8`,
    finds: ['9:11 error unknown-field'],
    suggests: `ipBlock:
  cidr: 10.0.0.0/8`,
  },
  {
    name: 'policyType in the singular',
    spec: `  podSelector: {}
  policyType: [Egress]`,
    finds: ['7:3 warning unknown-field'],
    suggests: `policyTypes:
  - Egress`,
  },
  {
    name: 'a misspelled field whose value is wrong as well is not offered',
    spec: `  podSelector: {}
  policytypes: [egress]`,
    finds: ['7:3 warning unknown-field'],
  },
  {
    name: 'a key that stands twice',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: 80
          port: 443`,
    finds: ['10:11 warning duplicate-key'],
  },
  {
    name: 'quotes around a port',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: "80"`,
    finds: ['9:17 error port-quoted'],
    suggests: 'port: 80',
  },
  {
    name: 'quotes around port and endPort',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - {port: 80, endPort: "90"}`,
    finds: ['9:31 error port-quoted'],
    suggests: 'endPort: 90',
  },
  {
    name: 'quotes around a number that is no port',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: "80000"`,
    finds: ['9:17 error port-quoted'],
  },
  {
    name: 'a range as text',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: 8000-9000`,
    finds: ['9:17 error port-range-in-text'],
    suggests: `- port: 8000
  endPort: 9000`,
  },
  {
    name: 'port and protocol in one text',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: 53/udp`,
    finds: ['9:17 error port-with-protocol'],
    suggests: `- port: 53
  protocol: UDP`,
  },
  {
    name: 'the name of a port in upper case',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: HTTP`,
    finds: ['9:17 error port-name-invalid'],
    suggests: 'port: http',
  },
  {
    name: 'a list of bare ports',
    spec: `  podSelector: {}
  ingress:
    - ports: [80, "443"]`,
    finds: ['8:15 error port-not-a-mapping'],
    suggests: `ports:
  - port: 80
  - port: 443`,
  },
  {
    name: 'a list in port',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - protocol: UDP
          port: [53, 5353]`,
    finds: ['10:17 error port-list'],
    suggests: `ports:
  - protocol: UDP
    port: 53
  - protocol: UDP
    port: 5353`,
  },
  {
    name: 'a port beyond the last',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: 65536`,
    finds: ['9:17 error port-out-of-range'],
  },
  {
    name: 'endPort below port',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: 8000
          endPort: 5000`,
    finds: ['10:20 error end-port-below-port'],
  },
  {
    name: 'endPort zero is told once',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: 8000
          endPort: 0`,
    finds: ['10:20 error end-port-out-of-range'],
  },
  {
    name: 'endPort without port',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - endPort: 5000`,
    finds: ['9:20 error end-port-without-port'],
  },
  {
    name: 'endPort beside a name',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - port: http
          endPort: 5000`,
    finds: ['10:20 error end-port-with-name'],
  },
  {
    name: 'a protocol in lower case',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - protocol: tcp`,
    finds: ['9:21 error protocol-unknown'],
    suggests: 'protocol: TCP',
  },
  {
    name: 'two protocols in one text',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - {protocol: "TCP,UDP", port: 53}`,
    finds: ['9:22 error protocol-unknown'],
    suggests: `ports:
  - protocol: TCP
    port: 53
  - protocol: UDP
    port: 53`,
  },
  {
    name: 'ICMP has no other spelling',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - protocol: ICMP`,
    finds: ['9:21 error protocol-unknown'],
  },
  {
    name: 'a policy type in lower case',
    spec: `  podSelector: {}
  policyTypes: [ingress]`,
    finds: ['7:17 error policy-type-unknown'],
    suggests: '- Ingress',
  },
  {
    name: 'three policy types',
    spec: `  podSelector: {}
  policyTypes: [Ingress, Egress, Ingress]`,
    finds: ['7:16 error policy-types-too-many'],
  },
  {
    name: 'an operator in lower case',
    spec: `  podSelector:
    matchExpressions:
      - {key: app, operator: notin, values: [web]}`,
    finds: ['8:30 error selector-operator-invalid'],
    suggests: 'operator: NotIn',
  },
  {
    name: 'In without values',
    spec: `  podSelector:
    matchExpressions:
      - {key: app, operator: In}`,
    finds: ['8:9 error selector-values-missing'],
  },
  {
    name: 'Exists with values',
    spec: `  podSelector:
    matchExpressions:
      - {key: app, operator: Exists, values: [web]}`,
    finds: ['8:46 error selector-values-forbidden'],
  },
  {
    name: 'a key of a label with a space',
    spec: `  podSelector:
    matchLabels:
      my app: web`,
    finds: ['8:7 error label-key-invalid'],
  },
  {
    name: 'two values of labels that cannot be, each with its place',
    spec: `  podSelector:
    matchLabels:
      app: "*"
      tier: a,b`,
    finds: ['8:7 error label-value-invalid', '9:7 error label-value-invalid'],
  },
  {
    name: 'a number as the value of a label',
    spec: `  podSelector:
    matchLabels:
      version: 1.10`,
    finds: ['8:16 error value-not-text'],
  },
  {
    name: 'podSelector without value in a peer',
    spec: `  podSelector: {}
  ingress:
    - from:
        - podSelector:`,
    finds: ['9:11 error peer-empty'],
  },
  {
    name: 'ipBlock beside a selector',
    spec: `  podSelector: {}
  ingress:
    - from:
        - podSelector: {}
          ipBlock: {cidr: 10.0.0.0/8}`,
    finds: ['9:11 error peer-mixed'],
  },
  {
    name: 'one address as a block',
    spec: `  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: 192.168.5.10}`,
    finds: ['9:27 error cidr-invalid'],
    suggests: 'cidr: 192.168.5.10/32',
  },
  {
    name: 'a netmask',
    spec: `  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.0/255.240.0.0}`,
    finds: ['9:27 error cidr-invalid'],
    suggests: 'cidr: 10.0.0.0/12',
  },
  {
    name: 'ipBlock without cidr',
    spec: `  podSelector: {}
  ingress:
    - from:
        - ipBlock: {except: [10.0.0.0/8]}`,
    finds: ['9:20 error cidr-missing'],
  },
  {
    name: 'an except outside of its cidr',
    spec: `  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}`,
    finds: ['9:48 error except-outside-cidr'],
  },
  {
    name: 'host bits',
    spec: `  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.5/8}`,
    finds: ['9:27 warning cidr-host-bits'],
  },
  {
    name: 'leading zeros',
    spec: `  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: 010.0.0.0/08}`,
    finds: ['9:27 warning cidr-leading-zeros'],
    suggests: 'cidr: 10.0.0.0/8',
  },
  {
    name: 'an IPv4 block in IPv6 spelling',
    spec: `  podSelector: {}
  ingress:
    - from:
        - ipBlock: {cidr: "::ffff:10.0.0.0/104"}`,
    finds: ['9:27 warning cidr-ipv4-mapped'],
    suggests: 'cidr: 10.0.0.0/8',
  },
  {
    name: 'a missing dash',
    spec: `  podSelector: {}
  ingress:
    from:
      - podSelector: {}`,
    finds: ['7:3 error list-expected'],
    suggests: `ingress:
  - from:
      - podSelector: {}`,
  },
  {
    name: 'an empty mapping for rules is not taken for a rule that admits everyone',
    spec: `  podSelector: {}
  ingress: {}`,
    finds: ['7:3 error list-expected'],
  },
  {
    name: 'a dash too many',
    spec: `  podSelector:
    - matchLabels: {app: web}`,
    finds: ['7:5 error mapping-expected'],
    suggests: `podSelector:
  matchLabels:
    app: web`,
  },
  {
    name: 'a truth value as port, and another mistake beside it',
    spec: `  podSelector: {}
  ingress:
    - ports:
        - {port: yes, protocol: icmp}`,
    finds: ['9:18 error wrong-type', '9:33 error protocol-unknown'],
  },
  {
    name: 'bad metadata, each with its place',
    text: `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: Allow_Web
  namespace: my.shop
  generation: -1
  annotations: {"bad key": x}
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: ""}]
  finalizers: ["a b"]
`,
    finds: [
      '4:9 error name-invalid',
      '5:14 error namespace-invalid',
      '6:15 error generation-negative',
      '7:17 error annotation-key-invalid',
      '8:20 error owner-reference-invalid',
      '9:15 error finalizer-invalid',
    ],
  },
  {
    name: 'no name',
    text: `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  namespace: shop
`,
    finds: ['4:3 error name-missing'],
  },
  {
    name: 'annotations that no server stores',
    text: `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  annotations:
    note: "${'é'.repeat(131_072)}"
`,
    finds: ['6:5 error annotations-too-large'],
  },
];

function seen({ line, column, severity, code }: Diagnostic): string {
  return `${line}:${column} ${severity} ${code}`;
}

function diagnosed(mistake: Mistake): readonly Diagnostic[] {
  return decodeText(mistake.text ?? policyText(mistake.spec ?? '')).diagnostics;
}

describe('mistakes are told once, with place, words and a correction where only one is plausible', () => {
  test.each(mistakes)('$name', (mistake) => {
    const diagnostics = diagnosed(mistake);
    expect(diagnostics.map(seen)).toEqual(mistake.finds);
    expect(diagnostics[0]?.suggestion?.join('\n')).toBe(mistake.suggests);
    for (const { message, path } of diagnostics) {
      expect(message).not.toMatch(/undefined|\[object|\.$/);
      expect(path).toBeDefined();
    }
  });
});

test('the words name value, reason and way out', () => {
  const [finding] = decodeSpec(`  podSelector: {}
  ingress:
    - ports:
        - port: 8000
          endPort: 5000`).diagnostics;
  expect(finding).toEqual({
    file: 'policy.yaml',
    line: 10,
    column: 20,
    code: 'end-port-below-port',
    severity: 'error',
    message: 'endPort 5000 is below port 8000, so the range is empty',
    hint: 'the lower end goes in port: port: 5000, endPort: 8000',
    value: '5000',
    path: 'spec.ingress[0].ports[0].endPort',
    object: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: 'shop', name: 'web' },
  });
});

test('host bits come with both readings (corner 38)', () => {
  const [finding] = decodeSpec(`  ingress: [{from: [{ipBlock: {cidr: 10.0.0.5/8}}]}]`).diagnostics;
  expect(finding?.message).toContain('10.0.0.0/8');
  expect(finding?.message).toContain('10.0.0.5/32');
});

test('a value that YAML took for something else is quoted as it was written', () => {
  for (const written of ['yes', '1.10', '0x1F', 'off']) {
    const [finding] = decodeSpec(`  podSelector: {matchLabels: {a: ${written}}}`).diagnostics;
    expect(finding?.code).toBe('value-not-text');
    expect(finding?.value).toBe(written);
    expect(finding?.hint).toBe(`write "${written}"`);
  }
});

test('what a server makes of a dropped field is said where it opens the rule', () => {
  const [finding] = decodeSpec(`  ingress: [{to: [{podSelector: {}}]}]`).diagnostics;
  expect(finding?.message).toContain('admits everyone');
});

test('of many findings a hundred are told, and then how many there are', () => {
  const peers = Array.from({ length: 250 }, () => '{}').join(', ');
  const { diagnostics, policy } = decodeSpec(`  ingress: [{from: [${peers}]}]`);
  expect(diagnostics).toHaveLength(101);
  expect(diagnostics.at(-1)).toMatchObject({ code: 'more-findings', severity: 'error' });
  expect(diagnostics.at(-1)?.message).toContain('150 more');
  expect(policy).toBeUndefined();
});

test('a flood of dropped fields does not hide what makes the object be refused', () => {
  const fields = Array.from({ length: 2000 }, (_, index) => `x${index}: 1`).join(', ');
  const { diagnostics, policy } = decodeSpec(`  zz: 1\n  ingress: [{${fields}}, {from: [{}]}]`);
  expect(policy).toBeUndefined();
  expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
});

describe('every code', () => {
  const codes = Object.keys(networkPolicyCodes);
  const immutable = validateNetworkPolicyUpdate({ metadata: { name: 'a' } }, { metadata: { name: 'b' } });
  const covered = new Set([
    ...mistakes.flatMap((mistake) => diagnosed(mistake).map(({ code }) => code)),
    ...immutable.map(({ code }) => code),
    'more-findings',
  ]);

  test('has a case here', () => {
    expect(codes.filter((code) => !covered.has(code))).toEqual([]);
  });

  test('is documented', () => {
    expect([...covered].filter((code) => !codes.includes(code))).toEqual([]);
    expect(covered.size).toBeGreaterThan(40);
    for (const [code, { title, text }] of Object.entries(networkPolicyCodes)) {
      expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(title.length).toBeGreaterThan(10);
      expect(text.length).toBeGreaterThan(20);
    }
  });
});
