import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultNetworkPolicy,
  networkPolicyDecoder,
  validateNetworkPolicy,
} from '../../../src/manifest/network-policy/index.ts';
import { matches } from '../../../src/model/index.ts';
import type { DirectionSpec, LabelSelector, NetworkPolicy, Peer, Rule } from '../../../src/model/index.ts';
import { formatCidr } from '../../../src/net/index.ts';
import { decodeSpec, decodeText, objectOf, policyText } from './decoding.ts';

function policyOf(spec: string, stored = false): NetworkPolicy {
  const { policy } = decodeSpec(spec, {}, stored);
  if (policy === undefined) throw new Error('refused');
  return policy;
}

function rulesOf(direction: DirectionSpec): readonly Rule[] {
  return direction.kind === 'isolates' ? direction.rules : [];
}

function ingressOf(rules: string, stored = false): readonly Rule[] {
  return rulesOf(policyOf(`  ingress: ${rules}`, stored).ingress);
}

const everyone: Rule = { peers: { kind: 'any' }, ports: { kind: 'all' } };

/** Whether some labels satisfy `selector`: the ones that it names itself, and none. */
function matchesAnything(selector: LabelSelector): boolean {
  const labels = new Map(selector.requirements.map(({ key, values }) => [key, values[0] ?? 'x']));
  return matches(selector, labels) || matches(selector, new Map());
}

function admitsAPod(peer: Peer): boolean {
  return peer.kind === 'pods' && (peer.pods === undefined || matchesAnything(peer.pods));
}

describe('which directions are isolated', () => {
  test.each([
    ['absent policyTypes and no rules: ingress only (corner 4)', '  podSelector: {}', [true, false]],
    ['an empty egress list does not isolate egress (corner 4)', '  egress: []', [true, false]],
    ['one egress rule does (corner 4)', '  egress: [{}]', [true, true]],
    ['so does a null element (corner 9)', '  egress: [null]', [true, true]],
    ['empty policyTypes are absent ones (corner 4)', '  policyTypes: []\n  egress: [{}]', [true, true]],
    ['policyTypes are taken literally (corner 5)', '  policyTypes: [Egress]\n  ingress: [{}]', [false, true]],
    ['and may repeat (corner 5)', '  policyTypes: [Ingress, Ingress]', [true, false]],
  ])('%s', (_, spec, isolated) => {
    const { ingress, egress } = policyOf(spec);
    expect([ingress.kind === 'isolates', egress.kind === 'isolates']).toEqual(isolated);
  });

  test('without spec all ingress of all pods of the namespace is denied (corner 6)', () => {
    for (const spec of ['', 'spec:', 'spec: {}', 'spec:\n  podSelector:']) {
      const { policy, selects } = decodeText(
        `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n${spec}\n`,
      );
      expect(policy).toMatchObject({
        podSelector: { requirements: [] },
        ingress: { kind: 'isolates', rules: [] },
        egress: { kind: 'unaffected' },
        namespace: 'shop',
        name: 'web',
      });
      expect(selects).toEqual({ requirements: [] });
    }
  });
});

describe('rules, peers and ports', () => {
  test.each([
    ['absent (corner 9)', '{}', []],
    ['null', '{ingress: }', []],
    ['one empty rule', '{ingress: [{}]}', [everyone]],
    ['one null rule (corner 9)', '{ingress: [null]}', [everyone]],
    ['empty lists in a rule (corner 10)', '{ingress: [{from: [], ports: []}]}', [everyone]],
    ['null lists in a rule (corner 10)', '{ingress: [{from: , ports: }]}', [everyone]],
  ])('rules: %s', (_, spec, rules) => {
    const { policy } = decodeText(
      `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web}, spec: ${spec}}`,
    );
    expect(policy && rulesOf(policy.ingress)).toEqual(rules);
  });

  test('ports take TCP as protocol and keep their order (corners 26 and 31)', () => {
    const [rule] = ingressOf(
      '[{ports: [null, {}, {protocol: UDP}, {port: 80}, {port: 8000, endPort: 9000}, {protocol: SCTP, port: dns}, {port: , endPort: }]}]',
    );
    expect(rule?.ports).toEqual({
      kind: 'oneOf',
      ports: [
        { kind: 'everyPort', protocol: 'TCP' },
        { kind: 'everyPort', protocol: 'TCP' },
        { kind: 'everyPort', protocol: 'UDP' },
        { kind: 'range', protocol: 'TCP', from: 80, to: 80 },
        { kind: 'range', protocol: 'TCP', from: 8000, to: 9000 },
        { kind: 'named', protocol: 'SCTP', name: 'dns' },
        { kind: 'everyPort', protocol: 'TCP' },
      ],
    });
  });

  test('peers tell own namespace, other namespaces and addresses apart (corners 12 to 14)', () => {
    const [rule] = ingressOf(
      '[{from: [{podSelector: {}}, {namespaceSelector: {}}, {podSelector: , namespaceSelector: {matchLabels: {a: }}}, ' +
        '{ipBlock: {cidr: "FD00:0:0::/48", except: ["fd00::1:0/112"]}}]}]',
    );
    const peers = rule?.peers.kind === 'oneOf' ? rule.peers.peers : [];
    expect(peers.slice(0, 3)).toEqual([
      { kind: 'pods', namespaces: 'own', pods: { requirements: [] } },
      { kind: 'pods', namespaces: { requirements: [] }, pods: undefined },
      {
        kind: 'pods',
        namespaces: { requirements: [{ key: 'a', operator: 'In', values: [''], written: 'matchLabels' }] },
        pods: undefined,
      },
    ]);
    const block = peers[3];
    expect(block?.kind === 'ipBlock' && [block.cidr, ...block.except].map(formatCidr)).toEqual([
      'fd00::/48',
      'fd00::1:0/112',
    ]);
  });

  test('requirements say where they were written', () => {
    const { podSelector } = policyOf(
      '  podSelector: {matchLabels: {app: web}, matchExpressions: [{key: a, operator: NotIn, values: [u, v]}, {key: b, operator: Exists}]}',
    );
    expect(podSelector.requirements).toEqual([
      { key: 'app', operator: 'In', values: ['web'], written: 'matchLabels' },
      { key: 'a', operator: 'NotIn', values: ['u', 'v'], written: 0 },
      { key: 'b', operator: 'Exists', values: [], written: 1 },
    ]);
  });

  test('equal matchLabels are one instance, and no text of a bad label can pass for them', () => {
    const first = policyOf('  podSelector: {matchLabels: {a: b, c: d}}').podSelector;
    expect(policyOf('  podSelector: {matchLabels: {a: b, c: d}}').podSelector).toBe(first);
    for (const labels of [
      '{"a": "b,c=d"}',
      '{"a=b,c": d}',
      '{"a": "b,c=d", e: f}',
      '{"a": "b", "c=d,e": "f"}',
    ]) {
      policyOf('  podSelector: {matchLabels: {a: b, c: d, e: f}}');
      expect(decodeSpec(`  podSelector: {matchLabels: ${labels}}`).policy).toBeUndefined();
    }
  });
});

describe('what depends on the version', () => {
  const spec = '  ingress: [{from: [{ipBlock: {cidr: 10.0.0.5/8, except: [10.1.0.7/16]}}]}]';

  test.each([
    [undefined, 'warning', true],
    ['1.32', 'warning', true],
    ['v1.35.9', 'warning', true],
    ['1.36', 'error', false],
    ['v1.40.0', 'error', false],
    ['nonsense', 'warning', true],
  ] as const)('host bits at version %s', (kubernetesVersion, severity, counts) => {
    const { policy, diagnostics } = decodeSpec(
      spec,
      kubernetesVersion === undefined ? {} : { kubernetesVersion },
    );
    expect(diagnostics.map((finding) => [finding.code, finding.severity])).toEqual([
      ['cidr-host-bits', severity],
      ['cidr-host-bits', severity],
    ]);
    expect(policy !== undefined).toBe(counts);
  });

  test('they are masked (corner 38)', () => {
    const [rule] = rulesOf(policyOf(spec).ingress);
    const peer = rule?.peers.kind === 'oneOf' ? rule.peers.peers[0] : undefined;
    expect(peer?.kind === 'ipBlock' && [peer.cidr, ...peer.except].map(formatCidr)).toEqual([
      '10.0.0.0/8',
      '10.1.0.0/16',
    ]);
  });

  test('an except in mapped form may reach beyond its cidr (part 9)', () => {
    const { policy, diagnostics } = decodeSpec(
      '  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16, except: ["::ffff:10.0.0.0/104"]}}]}]',
    );
    expect(policy).toBeDefined();
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
      ['cidr-ipv4-mapped', 'warning'],
    ]);
  });
});

describe('an object that a server has stored counts, and what is unreadable admits nothing', () => {
  test('findings are warnings', () => {
    const { policy, diagnostics } = decodeSpec(
      '  ingress: [{from: [{}]}]',
      { kubernetesVersion: '1.36' },
      true,
    );
    expect(policy).toBeDefined();
    expect(diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
  });

  test('a status of older servers is no finding', () => {
    const text = `${policyText('  podSelector: {}')}status: {}\n`;
    expect(decodeText(text, {}, true).diagnostics).toEqual([]);
    expect(decodeText(text).diagnostics.map(({ code }) => code)).toEqual(['unknown-field']);
  });

  test.each([
    'from: [{}]',
    'from: [null]',
    'from: [7]',
    'from: {podSelector: {}}',
    'from: [{podSelector: [1]}]',
    'from: [{podSelector: {matchLabels: {a: "b c"}}}]',
    'from: [{podSelector: {matchExpressions: [{key: a, operator: Gt, values: ["1"]}]}}]',
    'from: [{podSelector: {matchExpressions: [{key: a, operator: NotIn}]}}]',
    'from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]',
    'from: [{ipBlock: {cidr: nonsense}}]',
    'from: [{ipBlock: {cidr: 10.0.0.0/8, except: [nonsense]}}]',
    'from: [{ipBlock: {cidr: 10.0.0.0/8, except: 10.0.0.0/9}}]',
  ])('a peer: %s', (rule) => {
    const [read] = ingressOf(`[{${rule}}]`, true);
    expect(read?.peers.kind).toBe('oneOf');
    const peers: readonly Peer[] = read?.peers.kind === 'oneOf' ? read.peers.peers : [];
    expect(peers.map(({ kind }) => kind)).toEqual(['pods']);
    expect(peers.some(admitsAPod)).toBe(false);
  });

  test.each([
    'ports: 80',
    'ports: [80]',
    'ports: [{port: "80"}]',
    'ports: [{port: 0}]',
    'ports: [{port: 9000, endPort: 8000}]',
    'ports: [{endPort: 8000}]',
    'ports: [{protocol: ICMP}]',
    'ports: [{port: 1.5}]',
  ])('a port: %s', (rule) => {
    const [read] = ingressOf(`[{${rule}}]`, true);
    const ports = read?.ports.kind === 'oneOf' ? read.ports.ports : [];
    expect(ports).toHaveLength(1);
    const [port] = ports;
    expect(port?.kind).toBe('named');
    // No container can have a port of this name.
    expect(port?.kind === 'named' && port.name).toMatch(/[ ()]/);
  });

  test('a rule that is no mapping, a list of rules that is none', () => {
    const [rule] = ingressOf('[7]', true);
    expect(rule?.peers.kind === 'oneOf' && rule.peers.peers.some(admitsAPod)).toBe(false);
    expect(policyOf('  ingress: 7', true).ingress).toEqual({ kind: 'isolates', rules: [] });
    expect(policyOf('  egress: 7', true).egress).toEqual({ kind: 'isolates', rules: [] });
  });

  test('policy types that are unknown isolate both directions', () => {
    const { ingress, egress } = policyOf('  policyTypes: [ingress]', true);
    expect([ingress.kind, egress.kind]).toEqual(['isolates', 'isolates']);
  });

  test('a selector that is unreadable isolates every pod and admits nothing', () => {
    const { policy, selects } = decodeSpec('  podSelector: 7\n  ingress: [{}]', {}, true);
    expect(selects).toBeUndefined();
    expect(policy).toMatchObject({
      podSelector: { requirements: [] },
      ingress: { kind: 'isolates', rules: [] },
    });
  });
});

test('a refused policy still says whom it would have selected', () => {
  const { policy, selects } = decodeSpec(
    '  podSelector: {matchLabels: {app: web}}\n  ingress: [{from: [{}]}]',
  );
  expect(policy).toBeUndefined();
  expect(selects?.requirements.map(({ key, values }) => [key, values])).toEqual([['app', ['web']]]);
});

describe('the pass that reads and the one that validates agree', () => {
  const root = join(import.meta.dirname, '../../conformance/networkpolicy-validation');
  const files = ['valid', 'invalid', 'strict', 'version-dependent', 'defaults'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => join(folder, file)),
  );
  const objects = files.map((file) => objectOf(readFileSync(join(root, file), 'utf8')));

  function refused(value: unknown, kubernetesVersion?: string): boolean {
    return validateNetworkPolicy(value, { kubernetesVersion }).some(
      ({ strict }) => strict !== 'unknown' && strict !== 'duplicate',
    );
  }

  test.each(files.map((file, index) => [file, index] as const))('%s', (_, index) => {
    const object = objects[index];
    if (object === undefined) throw new Error('no object');
    for (const kubernetesVersion of ['1.32', '1.36']) {
      const { policy, diagnostics } = networkPolicyDecoder({ kubernetesVersion })(object);
      expect(policy === undefined).toBe(refused(object.value, kubernetesVersion));
      expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(policy === undefined);
    }
  });

  const odd = fc.constantFrom<unknown>(
    null, true, 7, 80, -1, 70_000, 1.5, '', '80', 'http', 'TCP', 'tcp', 'Egress', 'a b', 'In', 'Exists',
    '10.0.0.0/8', '10.0.0.5/8', '::ffff:10.0.0.0/104', 'fd00::/8', {}, [], [null], [{}], { a: 'b' }, { matchLabels: { a: 'b' } },
    { podSelector: {} }, [{ podSelector: {} }], { cidr: '10.0.0.0/8' },
  ); // prettier-ignore

  /** All places of a value, the root left out. */
  function placesOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
    if (typeof value !== 'object' || value === null) return path.length === 0 ? [] : [path];
    const below = Object.entries(value).flatMap(([key, part]) =>
      placesOf(part, [...path, Array.isArray(value) ? Number(key) : key]),
    );
    return path.length === 0 ? below : [path, ...below];
  }

  function put(
    value: unknown,
    path: readonly (string | number)[],
    part: unknown,
    key: string | undefined,
  ): void {
    let at = value as Record<string | number, unknown>;
    for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
    const last = path.at(-1) ?? '';
    // Defined, not assigned: the key may be `__proto__`.
    const name = key === undefined || typeof last === 'number' ? last : key;
    Object.defineProperty(at, name, { value: part, enumerable: true, configurable: true, writable: true });
  }

  test('on manifests with parts exchanged', () => {
    fc.assert(
      fc.property(
        fc.nat(objects.length - 1),
        fc.array(
          fc.tuple(
            fc.nat(1000),
            odd,
            fc.option(fc.constantFrom('port', 'from', 'podSelector', 'x', '__proto__', 'cidr')),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        (index, changes) => {
          const object = objects[index];
          if (object === undefined) return;
          const value = structuredClone(object.value);
          for (const [place, part, key] of changes) {
            const places = placesOf(value);
            const path = places[place % places.length];
            if (path !== undefined) put(value, path, structuredClone(part), key ?? undefined);
          }
          for (const stored of [false, true]) {
            const changed = { ...object, value, stored };
            const { policy, diagnostics } = networkPolicyDecoder({})(changed);
            expect(policy === undefined).toBe(!stored && refused(value));
            expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(policy === undefined);
            if (policy === undefined || diagnostics.length > 0) continue;
            const strict = validateNetworkPolicy(value, { kubernetesVersion: '1.36' });
            expect(stored ? [] : strict).toEqual([]);
            // What is read without a finding means the same as what the server would store.
            const again = networkPolicyDecoder({})({ ...changed, value: { ...defaultNetworkPolicy(value) } });
            expect(again.policy).toEqual(policy);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('hostile objects', () => {
  const base = objectOf(policyText('  podSelector: {}'));

  test.each([
    ['rules that are peers', { podSelector: null, matchLabels: { a: 'b' } }],
    ['empty peers', { from: [{}] }],
    ['bad ports', { ports: [{ port: '80' }, { port: 99_999 }] }],
    ['unknown fields', { form: [], x: 1 }],
    ['no rules at all', 5],
  ])('a hundred thousand rules: %s', (_, rule) => {
    const rules = [{ from: null }, ...Array.from({ length: 100_000 }, () => structuredClone(rule))];
    const value = { metadata: { name: 'web' }, spec: { ingress: rules } };
    const start = performance.now();
    const { diagnostics } = networkPolicyDecoder({})({ ...base, value });
    expect(diagnostics.length).toBeLessThanOrEqual(101);
    expect(diagnostics.at(-1)?.code).toBe('more-findings');
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test('a hundred thousand labels directly in a selector', () => {
    const labels = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 'v']));
    const value = { metadata: { name: 'web' }, spec: { podSelector: labels } };
    const start = performance.now();
    const { diagnostics } = networkPolicyDecoder({})({ ...base, value });
    expect(diagnostics.map(({ code }) => code)).toEqual(['labels-in-selector', 'more-findings']);
    expect(diagnostics[0]?.suggestion).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test('names of the language are keys like any other', () => {
    const { policy, diagnostics } = decodeSpec(
      '  podSelector: {matchLabels: {constructor: a, toString: b}}\n  __proto__: {ingress: [{}]}\n  hasOwnProperty: 1',
    );
    expect(policy?.podSelector.requirements.map(({ key }) => key)).toEqual(['constructor', 'toString']);
    expect(policy?.ingress).toEqual({ kind: 'isolates', rules: [] });
    expect(diagnostics.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'unknown-field spec.__proto__',
      'unknown-field spec.hasOwnProperty',
    ]);
  });

  test('texts of megabytes and numbers without bound are told in short', () => {
    const value = {
      metadata: { name: 'web' },
      spec: { ingress: [{ ports: [{ port: 'x'.repeat(5_000_000) }, { port: 10n ** 40n }] }] },
    };
    const { diagnostics } = networkPolicyDecoder({})({ ...base, value });
    expect(diagnostics.map(({ code }) => code)).toEqual(['port-out-of-range', 'port-name-invalid']);
    for (const { message, value: shown } of diagnostics) {
      expect(message.length).toBeLessThan(300);
      expect(shown?.length).toBeLessThanOrEqual(200);
    }
  });
});
