import { describe, expect, test } from 'vitest';
import { diagnosticCodes } from '../../../src/manifest/index.ts';
import type { ReadOptions } from '../../../src/manifest/index.ts';
import { tierPolicyCodes } from '../../../src/manifest/tier-policy/index.ts';
import type { Diagnostic } from '../../../src/model/index.ts';
import { documents, pod, read } from '../objects/read.ts';

/** One mistake: the input with » before the place that is told. */
interface Mistake {
  readonly code: string;
  readonly severity?: 'error' | 'warning' | 'note';
  readonly text: string;
  /** A part of the message, or of the hint. */
  readonly says?: string;
  /** The lines that correct it; `none`: nothing is suggested. */
  readonly suggestion?: string;
  readonly options?: ReadOptions;
}

const head = 'tier: Admin, priority: 1, ';
const cnpText = (metadata: string, spec: string): string =>
  `apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {${metadata}}\nspec: {${spec}}`;
const cnp = (spec: string): string => cnpText('name: x', `${head}subject: {namespaces: {}}, ${spec}`);
const subject = (written: string): string => cnpText('name: x', `${head}subject: ${written}`);
const egress = (rule: string): string => cnp(`egress: [${rule}]`);
const to = (peer: string, action = 'Accept'): string => egress(`{action: ${action}, to: [${peer}]}`);
const ports = (entries: string, peer = '{namespaces: {}}'): string =>
  egress(`{action: Accept, to: [${peer}], protocols: ${entries}}`);
const anpText = (kind: string, name: string, spec: string): string =>
  `apiVersion: policy.networking.k8s.io/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {subject: {namespaces: {}}, ${spec}}`;
const anp = (rule: string): string => anpText('AdminNetworkPolicy', 'x', `priority: 1, egress: [${rule}]`);
const anpPorts = (entries: string, peer = '{namespaces: {}}'): string =>
  anp(`{action: Allow, to: [${peer}], ports: ${entries}}`);
const banp = (rule: string, name = 'default'): string =>
  anpText('BaselineAdminNetworkPolicy', name, `egress: [${rule}]`);
const storedRule = (rule: string): string =>
  cnpText('name: x, uid: u', `${head}subject: {namespaces: {}}, egress: [${rule}]`);
const everyone = 'to: [{namespaces: {}}]';
const standard = { cnpChannel: 'standard' } as const;

const mistakes: readonly Mistake[] = [
  // Words of other kinds of policy.
  {
    code: 'field-of-other-kind',
    severity: 'warning',
    text: cnp('»policyTypes: [Ingress]'),
    says: 'by having rules',
  },
  {
    code: 'field-of-other-kind',
    severity: 'warning',
    text: egress(
      `{action: Deny, ${everyone}, »ports: [{protocol: UDP, port: 53}, {port: http}, {port: 1, endPort: 9}, {protocol: SCTP}]}`,
    ),
    says: 'every port and protocol',
    suggestion: `protocols:
  - udp:
      destinationPort:
        number: 53
  - destinationNamedPort: http
  - tcp:
      destinationPort:
        range:
          start: 1
          end: 9
  - sctp:
      destinationPort:
        range:
          start: 1
          end: 65535`,
  },
  {
    code: 'field-of-other-kind',
    severity: 'warning',
    text: egress(
      `{action: Deny, ${everyone}, »ports: [{portNumber: {port: 80}}, {portRange: {protocol: UDP, start: 1, end: 2}}, {namedPort: http}]}`,
    ),
    suggestion: `protocols:
  - tcp:
      destinationPort:
        number: 80
  - udp:
      destinationPort:
        range:
          start: 1
          end: 2
  - destinationNamedPort: http`,
  },
  {
    code: 'field-of-other-kind',
    severity: 'warning',
    text: egress(`{action: Deny, ${everyone}, »ports: [{port: 80, endPort: 70}]}`),
    suggestion: 'none',
  },
  {
    code: 'field-of-other-kind',
    severity: 'warning',
    text: anp(
      `{action: Deny, ${everyone}, »protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {range: {start: 1, end: 2}}}}, {destinationNamedPort: http}]}`,
    ),
    suggestion: `ports:
  - portNumber:
      protocol: TCP
      port: 80
  - portRange:
      protocol: UDP
      start: 1
      end: 2
  - namedPort: http`,
  },
  {
    code: 'field-of-other-kind',
    text: ports('[{»protocol: TCP, port: 80, endPort: 90}]'),
    suggestion: `- tcp:
    destinationPort:
      range:
        start: 80
        end: 90`,
  },
  {
    code: 'field-of-other-kind',
    text: anpPorts('[{»protocol: UDP, port: 53}]'),
    suggestion: `- portNumber:
    protocol: UDP
    port: 53`,
  },
  {
    code: 'field-of-other-kind',
    text: to('{»podSelector: {matchLabels: {app: db}}, namespaceSelector: {}}'),
    suggestion: `- pods:
    podSelector:
      matchLabels:
        app: db
    namespaceSelector: {}`,
  },
  {
    code: 'field-of-other-kind',
    text: to('{»namespaceSelector: {matchLabels: {team: blue}}}'),
    suggestion: `- namespaces:
    matchLabels:
      team: blue`,
  },
  {
    code: 'field-of-other-kind',
    text: anp('{action: Allow, to: [{»podSelector: {}}]}'),
    // It does not say in which namespaces.
    suggestion: 'none',
  },
  {
    code: 'field-of-other-kind',
    text: subject('{»podSelector: {matchLabels: {app: db}}}'),
    suggestion: `subject:
  pods:
    podSelector:
      matchLabels:
        app: db`,
  },
  {
    code: 'field-of-other-kind',
    text: cnpText('name: x', `${head}»podSelector: {matchLabels: {app: db}}`),
    says: 'stands in subject',
    suggestion: `subject:
  pods:
    podSelector:
      matchLabels:
        app: db`,
  },
  {
    code: 'field-of-other-kind',
    text: to('{»ipBlock: {cidr: 10.0.0.0/8}}'),
    suggestion: '- networks:\n    - 10.0.0.0/8',
  },
  {
    code: 'field-of-other-kind',
    text: to('{»ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}'),
    says: 'no except',
    suggestion: 'none',
  },
  {
    code: 'field-of-other-kind',
    text: cnp('ingress: [{action: Deny, from: [{»ipBlock: {cidr: 10.0.0.0/8}}]}]'),
    says: 'write a NetworkPolicy',
    suggestion: 'none',
  },
  {
    code: 'field-of-other-kind',
    severity: 'warning',
    text: anpText('AdminNetworkPolicy', 'x', 'priority: 1, »tier: Admin'),
    says: 'its kind is its tier',
  },
  {
    code: 'field-of-other-kind',
    severity: 'warning',
    text: anpText('BaselineAdminNetworkPolicy', 'default', '»priority: 1'),
    says: 'only one of its kind',
  },

  // Peers that may not stand there.
  {
    code: 'peer-not-allowed-here',
    text: cnp('ingress: [{action: Deny, from: [{»networks: [0.0.0.0/0]}]}]'),
    says: 'write a NetworkPolicy',
  },
  { code: 'peer-not-allowed-here', text: subject('{»nodes: {}}') },
  {
    code: 'experimental-field',
    text: to('{»nodes: {}}'),
    options: standard,
    says: '--cnp-channel experimental',
  },
  { code: 'experimental-field', text: anpPorts('[{»namedPort: http}]'), options: standard },
  { code: 'unknown-field', text: banp('{action: Deny, to: [{»domainNames: [example.com]}]}') },

  // At another place.
  {
    code: 'field-misplaced',
    severity: 'warning',
    text: to('{namespaces: {}, »protocols: [{tcp: {}}]}'),
    says: 'belong to the whole rule',
  },
  {
    code: 'field-misplaced',
    severity: 'warning',
    text: egress(`{action: Deny, ${everyone}, »tcp: {destinationPort: {number: 80}}}`),
    says: 'every port',
  },
  {
    code: 'field-misplaced',
    text: egress('{action: Deny, »namespaces: {}}'),
    suggestion: 'to:\n  - namespaces: {}',
  },
  { code: 'field-misplaced', severity: 'warning', text: cnp('»to: [{namespaces: {}}]') },
  { code: 'field-misplaced', text: to('{»matchLabels: {team: blue}}') },
  { code: 'field-misplaced', text: subject('{»matchLabels: {team: blue}}') },
  {
    code: 'field-misplaced',
    text: ports('[{tcp: {»port: 80}}]'),
    suggestion: 'tcp:\n  destinationPort:\n    number: 80',
  },
  {
    code: 'field-outside-parent',
    text: `apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: x}\n»tier: Admin\npriority: 1\nsubject: {namespaces: {}}`,
    suggestion: 'spec:\n  tier: Admin\n  priority: 1\n  subject:\n    namespaces: {}',
  },
  { code: 'wrong-direction', text: egress('{action: Deny, »from: [{namespaces: {}}]}') },
  {
    code: 'labels-in-selector',
    severity: 'warning',
    text: to('{namespaces: {»team: blue}}'),
    suggestion: 'namespaces:\n  matchLabels:\n    team: blue',
  },
  { code: 'unknown-field', text: to('{»namespace: {}}'), suggestion: 'namespaces: {}' },
  { code: 'unknown-field', severity: 'warning', text: cnp('»colour: red'), says: 'has no field colour' },
  { code: 'unknown-field', text: ports('[{»icmp: {}}]'), says: 'without protocols' },
  { code: 'duplicate-key', severity: 'warning', text: cnp('ingress: [], »ingress: []') },

  // What is missing.
  {
    code: 'field-missing',
    text: cnpText('name: x', '').replace('spec: {}', '').replace('apiVersion', '»apiVersion'),
  },
  { code: 'field-missing', text: egress('»{action: Deny}'), says: 'namespaces: {} for every pod' },
  {
    code: 'field-missing',
    text: subject('{pods: {»podSelector: null}}'),
    says: 'a server drops what is empty',
  },
  {
    code: 'field-missing',
    text: anp('{action: Deny, to: [{pods: »{podSelector: {}}}]}'),
    says: 'for all namespaces',
  },
  {
    code: 'one-field-missing',
    text: subject('{»namespaces: }'),
    says: 'for all namespaces write namespaces: {}',
  },
  { code: 'one-field-missing', text: ports('[»{}]') },
  {
    code: 'one-field-missing',
    text: ports('[{tcp: »{}}]'),
    suggestion: 'tcp:\n  destinationPort:\n    range:\n      start: 1\n      end: 65535',
  },
  {
    code: 'one-field-only',
    text: to('»{namespaces: {}, pods: {podSelector: {}}}'),
    says: 'some pods of some namespaces',
  },
  {
    code: 'one-field-only',
    text: anpPorts('[»{namedPort: http, portNumber: {port: 80}}]'),
    suggestion: 'ports:\n  - namedPort: http\n  - portNumber:\n      port: 80',
  },
  { code: 'list-empty', text: egress('{action: Deny, to: »[]}') },
  { code: 'list-empty', text: anpPorts('»[]'), says: 'leave out ports' },
  {
    code: 'list-too-long',
    text: cnp(`egress: »[${`{action: Deny, ${everyone}}, `.repeat(26)}]`),
    says: '26 entries, and 25',
  },

  // Values.
  { code: 'value-unknown', text: egress(`{action: »Allow, ${everyone}}`), suggestion: 'action: Accept' },
  { code: 'value-unknown', text: anp(`{action: »Accept, ${everyone}}`), suggestion: 'action: Allow' },
  { code: 'value-unknown', text: banp(`{action: »drop, ${everyone}}`), suggestion: 'action: Deny' },
  {
    code: 'value-unknown',
    text: banp(`{action: »Pass, ${everyone}}`),
    says: 'leave out the rule',
    suggestion: 'none',
  },
  {
    code: 'value-unknown',
    text: cnpText('name: x', 'tier: »baseline, priority: 1, subject: {namespaces: {}}'),
    suggestion: 'tier: Baseline',
  },
  {
    code: 'priority-out-of-range',
    text: cnpText('name: x', 'tier: Admin, priority: »1001, subject: {namespaces: {}}'),
  },
  {
    code: 'number-quoted',
    text: cnpText('name: x', 'tier: Admin, priority: »"5", subject: {namespaces: {}}'),
    suggestion: 'priority: 5',
  },
  {
    code: 'port-out-of-range',
    text: ports('[{tcp: {destinationPort: {number: »0}}}]'),
    says: 'range: {start: 1, end: 65535}',
  },
  {
    code: 'port-range-empty',
    text: ports('[{tcp: {destinationPort: {range: »{start: 9, end: 8}}}}]'),
    suggestion: 'range:\n  start: 8\n  end: 9',
  },
  {
    code: 'wrong-type',
    text: ports('[{tcp: {destinationPort: {number: »http}}}]'),
    suggestion: '- destinationNamedPort: http',
  },
  { code: 'wrong-type', text: ports('[{destinationNamedPort: »80}]'), says: 'number: 80' },
  {
    code: 'mapping-expected',
    text: ports('[{tcp: »443}]'),
    suggestion: 'tcp:\n  destinationPort:\n    number: 443',
  },
  { code: 'mapping-expected', text: to('»10.0.0.0/8'), suggestion: '- networks:\n    - 10.0.0.0/8' },
  { code: 'mapping-expected', text: egress('»null'), says: 'is empty' },
  {
    code: 'list-expected',
    text: egress('{action: Deny, »to: {namespaces: {}}}'),
    suggestion: 'to:\n  - namespaces: {}',
  },
  { code: 'value-not-text', text: to('{namespaces: {matchLabels: {team: »1}}}') },
  { code: 'text-too-long', text: egress(`{name: »${'n'.repeat(101)}, action: Deny, ${everyone}}`) },
  { code: 'cidr-invalid', text: to('{networks: [»10.0.0.1]}'), suggestion: '- 10.0.0.1/32' },
  { code: 'cidr-invalid', text: to('{networks: [»example.com]}'), says: 'domainNames' },
  { code: 'cidr-invalid', text: to("{networks: [»'::ffff:10.0.0.0/104']}"), suggestion: '- 10.0.0.0/8' },
  { code: 'cidr-invalid', text: anp("{action: Deny, to: [{networks: [»'fe80::1%eth0/64']}]}"), says: 'zone' },
  { code: 'value-twice', text: to('{networks: [10.0.0.0/8, »10.0.0.0/8]}') },
  {
    code: 'domain-name-invalid',
    text: to("{domainNames: [»'https://example.com/x']}"),
    suggestion: '- example.com',
  },
  {
    code: 'named-port-with-addresses',
    text: egress(
      '»{action: Accept, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: http}]}',
    ),
  },
  {
    code: 'named-port-with-addresses',
    text: banp('»{action: Allow, to: [{nodes: {}}], ports: [{namedPort: http}]}'),
  },
  {
    code: 'named-port-with-addresses',
    severity: 'warning',
    text: ports('[»{destinationNamedPort: http}]', '{networks: [10.0.0.0/8]}'),
    options: standard,
  },
  { code: 'baseline-name', text: banp(`{action: Deny, ${everyone}}`, '»other'), suggestion: 'name: default' },
  { code: 'name-invalid', text: cnpText('name: »No_Name', `${head}subject: {namespaces: {}}`) },
  {
    code: 'name-missing',
    text: cnpText('labels: {a: b}', `${head}subject: {namespaces: {}}`).replace('metadata: ', 'metadata: »'),
  },
  {
    code: 'namespace-ignored',
    severity: 'warning',
    text: cnpText('name: x, namespace: »shop', `${head}subject: {namespaces: {}}`),
  },

  // What a server takes, and has no sense.
  {
    code: 'selector-unreadable',
    severity: 'warning',
    text: to('{namespaces: {matchExpressions: [{key: a, operator: »Gt, values: ["1"]}]}}'),
  },
  {
    code: 'rule-fails-closed',
    severity: 'warning',
    text: to('»{namespaces: {matchExpressions: [{key: a, operator: Gt, values: ["1"]}]}}'),
    says: 'accepts nothing',
  },
  {
    code: 'rule-fails-closed',
    severity: 'warning',
    text: to('»{nodes: {matchExpressions: [{key: a, operator: In}]}}', 'Pass'),
    says: 'denies all egress',
  },
  {
    code: 'rule-fails-closed',
    severity: 'warning',
    text: storedRule('{action: Deny, to: [»{services: {}}]}'),
    says: 'denies all egress',
  },
  {
    code: 'rule-fails-closed',
    severity: 'warning',
    text: storedRule('{action: Accept, to: [{namespaces: {}}], protocols: [»{icmp: {}}]}'),
    says: 'accepts nothing',
  },
  {
    code: 'rule-fails-closed',
    severity: 'warning',
    text: storedRule('{action: Accept, to: [»{nodes: {}}]}'),
    options: standard,
  },
  {
    code: 'subject-unusable',
    text: subject('»{namespaces: {matchLabels: {"a b": c}}}'),
    says: 'selects nobody: namespaces cannot be read, for "a b" is no key of a label',
  },
  {
    code: 'subject-unusable',
    text: subject('»{pods: {podSelector: {matchLabels: {team: "blue*"}}}}'),
    says: 'podSelector cannot be read, for "blue*" is no value of the label team',
  },
  {
    code: 'subject-unusable',
    text: subject(
      '»{pods: {podSelector: {}, namespaceSelector: {matchExpressions: [{key: a, operator: Exists}, {key: team, operator: Like, values: [b]}]}}}',
    ),
    says: 'namespaceSelector cannot be read, for "Like", asked of the label team, is no operator',
  },
  {
    code: 'subject-unusable',
    text: subject('»{namespaces: {matchExpressions: [{key: team, operator: In, values: []}]}}'),
    says: 'for In of the label team has no values',
  },
  {
    code: 'subject-unusable',
    text: subject('»{namespaces: {matchExpressions: [{key: team, operator: Exists, values: [b]}]}}'),
    says: 'for Exists of the label team has values',
  },
  {
    code: 'label-null',
    severity: 'warning',
    text: to('{namespaces: {matchLabels: »{team: null}}}'),
    says: 'selects everything',
  },
  {
    code: 'label-null',
    severity: 'warning',
    text: to('{namespaces: {matchLabels: »{team: null, a: b}}}'),
    says: 'not asked for',
  },
  { code: 'port-matches-nothing', severity: 'warning', text: ports('[{destinationNamedPort: »""}]') },
  {
    code: 'port-matches-nothing',
    severity: 'warning',
    text: anpPorts('[{portRange: »{start: 9, end: 8}}]'),
    says: 'start: 8, end: 9',
  },
  {
    code: 'port-matches-nothing',
    severity: 'warning',
    text: anpPorts('[{portNumber: {protocol: »tcp, port: 8}}]'),
    says: 'write TCP, UDP or SCTP',
  },
  {
    code: 'rule-matches-nothing',
    severity: 'warning',
    text: egress(`»{action: Accept, ${everyone}, protocols: [{destinationNamedPort: No Name}]}`),
  },
  {
    code: 'network-host-bits',
    severity: 'warning',
    text: to('{networks: [»10.0.0.5/8]}'),
    says: 'write 10.0.0.0/8',
  },
  { code: 'network-twice', severity: 'warning', text: to('{networks: [10.0.0.0/8, »10.1.0.0/8]}') },
  { code: 'deny-includes-pods', severity: 'note', text: to('{networks: [»0.0.0.0/0]}', 'Deny') },
  { code: 'domain-names-undecided', severity: 'note', text: to('{»domainNames: [example.com]}') },
  {
    code: 'domain-names-not-accepted',
    severity: 'warning',
    text: to('{»domainNames: [example.com]}', 'Deny'),
  },
  {
    code: 'subject-selects-nobody',
    severity: 'note',
    text: documents(subject('»{namespaces: {matchLabels: {team: blue}}}'), pod('a')),
  },
];

function diagnosed({ text, options }: Mistake): readonly Diagnostic[] {
  return read(text.replace('»', ''), options).diagnostics;
}

function placeOf(text: string): readonly [line: number, column: number] {
  const before = text.slice(0, text.indexOf('»')).split('\n');
  return [before.length, (before.at(-1) ?? '').length + 1];
}

describe('mistakes', () => {
  test.each(mistakes.map((mistake) => [mistake.code, mistake.text, mistake] as const))(
    '%s: %s',
    (_code, text, mistake) => {
      const all = diagnosed(mistake);
      const { code, severity = 'error', says, suggestion } = mistake;
      const told = all.find((each) => each.code === code);
      expect(told, JSON.stringify(all)).toBeDefined();
      expect(told?.severity).toBe(severity);
      expect([told?.line, told?.column]).toEqual(placeOf(text));
      if (says !== undefined) expect(`${told?.message} ${told?.hint}`).toContain(says);
      if (suggestion !== undefined) expect(told?.suggestion?.join('\n') ?? 'none').toBe(suggestion);
      // Each mistake is told once, and an error alone.
      if (severity === 'error' && code !== 'subject-unusable') expect(all).toHaveLength(1);
    },
  );
});

describe('every code', () => {
  const told = new Set(mistakes.flatMap((mistake) => diagnosed(mistake).map(({ code }) => code)));

  test('has a case here', () => {
    expect(Object.keys(tierPolicyCodes).filter((code) => !told.has(code))).toEqual([]);
  });

  test('is documented', () => {
    expect([...told].filter((code) => !diagnosticCodes.has(code))).toEqual([]);
    for (const [code, { title, text }] of Object.entries(tierPolicyCodes)) {
      expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(title.length).toBeGreaterThan(10);
      expect(text.length).toBeGreaterThan(20);
    }
  });
});
