import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { explain, parsePorts, resolveEnd } from '../../src/reach/index.ts';
import type { End, Explanation, PolicyCheck, PortQuery } from '../../src/reach/index.ts';

function pod(id: string, labels: string, spec: string, ips: readonly string[]): string {
  const [namespace, name] = id.split('/');
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {${labels}}}
spec: {${spec}}
status: {phase: Running, podIPs: [${ips.map((ip) => `{ip: "${ip}"}`).join(', ')}]}
`;
}

const container = 'containers: [{name: c, image: x}]';

function policy(spec: string): string {
  return `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
spec: ${spec}
`;
}

function ask(objects: readonly string[], from: string, to: string, port: string): Explanation {
  const { cluster, diagnostics } = readManifests([{ file: 'a.yaml', text: objects.join('---') }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const end = (text: string): End => {
    const found = resolveEnd(cluster, text);
    if (found.kind === 'problem') throw new Error(found.message);
    return found;
  };
  const ports = parsePorts(port) as readonly PortQuery[];
  return explain(compile(cluster), { from: end(from), to: end(to), ports, nearest: false });
}

/** The only policy of the side that admits into `a/server`. */
function ingressOf({ ingress }: Explanation): PolicyCheck {
  expect(ingress.policies).toHaveLength(1);
  return ingress.policies[0]!;
}

const client = pod('a/client', 'app: client', container, ['10.0.0.1']);
const server = pod('a/server', 'app: server', container, ['10.0.0.2']);

const ingress = (rules: string): string =>
  policy(`{podSelector: {matchLabels: {app: server}}, policyTypes: [Ingress], ingress: [${rules}]}`);

/** 250 texts, the one at index `at` another. */
function many(other: string, one: string, at: number): string {
  return Array.from({ length: 250 }, (_, i) => (i === at ? one : other)).join(', ');
}

describe('a policy longer than the walk shows', () => {
  const peerOf = (app: string): string => `{podSelector: {matchLabels: {app: ${app}}}}`;
  const ruleOf = (app: string): string => `{from: [${peerOf(app)}], ports: [{port: 80}]}`;

  test('names a late rule that admits, and shows it', () => {
    const rules = many(ruleOf('nobody'), ruleOf('client'), 240);
    const answer = ask([client, server, ingress(rules)], 'a/client', 'a/server', '80');
    expect(answer.verdict).toBe('allowed');
    const check = ingressOf(answer);
    expect(check).toMatchObject({ effect: 'admits', summary: 'rule 241', rule: 240, peer: 0, port: 0 });
    expect(check.rules.map(({ rule }) => rule)).toHaveLength(201);
    expect(check.rules.at(-1)).toMatchObject({ rule: 240, admits: true });
    expect(check.place).toEqual(check.rules.at(-1)?.place);
  });

  test('names a late peer and a late port of the rule that admits', () => {
    const peers = many(peerOf('nobody'), peerOf('client'), 245);
    const ports = many('{port: 1}', '{port: 80}', 230);
    const rules = `{from: [${peers}], ports: [${ports}]}`;
    const check = ingressOf(ask([client, server, ingress(rules)], 'a/client', 'a/server', '80'));
    expect(check).toMatchObject({ effect: 'admits', rule: 0, peer: 245, port: 230 });
    expect(check.rules[0]?.peers.at(-1)).toMatchObject({ peer: 245, matches: true });
    expect(check.rules[0]?.ports.at(-1)).toMatchObject({ port: 230, matches: true });
  });

  test('says what fails in a late rule', () => {
    const rules = many(ruleOf('nobody'), ruleOf('client'), 240);
    const check = ingressOf(ask([client, server, ingress(rules)], 'a/client', 'a/server', '81'));
    expect(check).toMatchObject({ effect: 'doesNotAdmit', summary: 'does not admit it: the port' });
  });
});

describe('labels that only a cluster sets (corner 23)', () => {
  const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: client, namespace: a}
spec:
  selector: {matchLabels: {app: client}}
  template: {metadata: {labels: {app: client}}, spec: {${container}}}
`;
  const rule = '{from: [{podSelector: {matchLabels: {pod-template-hash: abc}}}], ports: [{port: 80}]}';
  const objects = [deployment, server, ingress(rule)];

  test('leave open what they decide', () => {
    const answer = ask(objects, 'a/client', 'a/server', '80');
    expect(answer.verdict).toBe('unknown');
    expect(answer.ingress.state).toBe('unknown');
    expect(ingressOf(answer).effect).toBe('unknown');
  });

  test('leave nothing open where the port is not admitted anyway', () => {
    const answer = ask(objects, 'a/client', 'a/server', '443');
    expect(answer.verdict).toBe('denied');
    expect(answer.ingress.state).toBe('closed');
    expect(ingressOf(answer).effect).toBe('doesNotAdmit');
  });
});

describe('peers', () => {
  test('a node is meant when one of its addresses is in the block and in no except', () => {
    const node = `
apiVersion: v1
kind: Node
metadata: {name: worker}
status: {addresses: [{type: InternalIP, address: 10.1.0.1}, {type: ExternalIP, address: 10.2.0.1}]}
`;
    const rule = '{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}';
    const answer = ask([node, server, ingress(rule)], 'node/worker', 'a/server', '80');
    expect(answer.verdict).toBe('allowed');
    const check = ingressOf(answer);
    expect(check).toMatchObject({ effect: 'admits', rule: 0, peer: 0 });
    expect(check.rules[0]?.peers[0]).toMatchObject({ matches: true, reason: undefined });
  });

  test('may ask for very many labels, of which the one that fails is shown', () => {
    const labels = Array.from({ length: 10_000 }, (_, i) => `k${i}: v`).join(', ');
    const exists = Array.from({ length: 300 }, () => '{key: app, operator: Exists}').join(', ');
    const selector = `{matchExpressions: [${exists}], matchLabels: {app: client, ${labels}}}`;
    const rule = `{from: [{podSelector: ${selector}}]}`;
    const answer = ask([client, server, ingress(rule)], 'a/client', 'a/server', '80');
    expect(answer.verdict).toBe('denied');
    const peer = answer.ingress.policies[0]?.rules[0]?.peers[0];
    expect(peer).toMatchObject({ matches: false, reason: 'a/client has no label k0' });
    expect(peer?.labels.length).toBeLessThanOrEqual(201);
    // The sentence names a few and counts the rest.
    expect(answer.sentence).toMatch(/, and 10296 more$/);
    expect(answer.sentence.length).toBeLessThan(300);
  });

  test('are named by the first few in a sentence', () => {
    const peers = Array.from({ length: 40 }, (_, i) => `{podSelector: {matchLabels: {app: x${i}}}}`);
    const { sentence } = ask(
      [client, server, ingress(`{from: [${peers.join(', ')}]}`)],
      'a/client',
      'a/server',
      '80',
    );
    expect(sentence).toBe(
      'a/client cannot reach a/server on TCP 80: a/server admits only pods with app=x0 or pods with app=x1 or pods with app=x2, and 37 more',
    );
  });

  test('in a namespace that is only mentioned are known by its name label (corner 22)', () => {
    const other = pod('b/client', 'app: client', container, ['10.0.0.3']);
    const rule = '{from: [{namespaceSelector: {matchLabels: {team: shop}}}]}';
    const answer = ask([other, server, ingress(rule)], 'b/client', 'a/server', '80');
    expect(ingressOf(answer).rules[0]?.peers[0]?.reason).toBe(
      'namespace b is not in the input; only its name label is known',
    );
  });
});

test('a name of a port does not resolve on the host network (corner 44)', () => {
  const host = pod('a/host', 'app: host', `hostNetwork: true, ${container}`, ['10.9.0.1']);
  const egress =
    '{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}';
  const { egress: side } = ask([client, host, policy(egress)], 'a/client', 'a/host', '80');
  expect(side.policies[0]?.rules[0]?.ports[0]?.reason).toBe(
    'a/host runs on the host network, where names of ports do not resolve',
  );
});
