import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { Reference } from '../reference/evaluate.ts';
import { clusters, toJson, toYaml, withPodsOfTemplates } from './clusters.ts';
import { outsideAddresses, portPoints, verdicts } from './questions.ts';

// A property over clusters in which nothing meets anything proves little: here is what they are made of.

const sample = fc.sample(clusters, { seed: 42, numRuns: 200 });
const texts = sample.map(({ objects }) => objects.map((object) => JSON.stringify(object)));

test('answers between pods are mixed', () => {
  const pairs = { all: 0, none: 0, some: 0 };
  for (const { objects } of sample) {
    const points = portPoints(objects, 4711);
    const reference = new Reference(withPodsOfTemplates(objects));
    for (const from of reference.pods) {
      for (const to of reference.pods) {
        for (const family of ['IPv4', 'IPv6'] as const) {
          const shared = [from, to].every((pod) => reference.hasFamily({ pod }, family));
          if (from === to || !shared) continue;
          pairs[kindOf(verdicts(reference.connection({ pod: from }, { pod: to }, family), points))]++;
        }
      }
    }
  }
  expect(total(pairs)).toBeGreaterThan(3000);
  expect(tooRare(pairs)).toEqual([]);
});

test('answers between pods and addresses outside are mixed', () => {
  const pairs = { all: 0, none: 0, some: 0 };
  for (const { objects } of sample) {
    const points = portPoints(objects, 4711);
    const reference = new Reference(withPodsOfTemplates(objects));
    for (const pod of reference.pods) {
      for (const address of outsideAddresses(objects)) {
        const family = address.includes(':') ? 'IPv6' : 'IPv4';
        if (!reference.hasFamily({ pod }, family)) continue;
        pairs[kindOf(verdicts(reference.connection({ pod }, { address }, family), points))]++;
        pairs[kindOf(verdicts(reference.connection({ address }, { pod }, family), points))]++;
      }
    }
  }
  expect(total(pairs)).toBeGreaterThan(10_000);
  expect(tooRare(pairs)).toEqual([]);
});

type Kind = 'all' | 'none' | 'some';

function kindOf(found: string): Kind {
  if (!found.includes('X')) return 'all';
  return found.includes('.') ? 'some' : 'none';
}

function total(pairs: Readonly<Record<Kind, number>>): number {
  return pairs.all + pairs.none + pairs.some;
}

/** The kinds of answers that are less than a tenth of all, so that none is more than four fifths. */
function tooRare(pairs: Readonly<Record<Kind, number>>): readonly string[] {
  return Object.entries(pairs)
    .filter(([, number]) => number < total(pairs) / 10)
    .map(([kind, number]) => `${kind}: ${number} of ${total(pairs)}`);
}

// What must be there often: the text of one object, in at least so many of the 200 clusters.
test.each([
  // Pods and what runs beside them.
  ['a pod with IPv4 alone', /"podIPs":\[{"ip":"[\d.]+"}\]/, 100],
  ['a pod with IPv6 alone', /"kind":"Pod".*"podIPs":\[{"ip":"[^."]+"}\]/, 40],
  ['a dual-stack pod', /"podIPs":\[{"ip":"[\d.]+"},{/, 60],
  ['a dual-stack pod with IPv6 first', /"podIPs":\[{"ip":"[^"]*:[^"]*"},{/, 10],
  ['a pod without address', /"kind":"Pod".*"status":{"phase":"\w+"}/, 20],
  ['a finished pod with an address', /"phase":"(Succeeded|Failed)","podIP"/, 20],
  ['a host-network pod with a node', /"kind":"Pod".*"nodeName":"\w+","hostNetwork":true/, 30],
  ['a host-network pod without a node', /"kind":"Pod".*"spec":{"hostNetwork":true/, 5],
  ['a host-network template', /"kind":"Deployment".*"hostNetwork":true/, 3],
  ['a template of several pods', /"kind":"Deployment".*"replicas":[23]/, 20],
  ['a template of no pods', /"kind":"Deployment".*"replicas":0/, 5],
  ['a sidecar with a named port', /"initContainers":.*"name":"\w+"[^\]]*\],"restartPolicy":"Always"/, 20],
  [
    'an init container that ends',
    /"initContainers":\[{"name":"init-0","image":"[^"]+","ports":[^\]]*\]}/,
    20,
  ],
  ['one port name in two containers', /"main-0".*"name":"http".*"main-1".*"name":"http"/, 15],
  ['a container port without protocol', /"containerPort":\d+(,"name":"\w+")?}/, 100],
  ['a container port with empty protocol', /"containerPort":\d+,("name":"\w+",)?"protocol":(""|null)/, 40],
  ['a label with empty or null value', /"kind":"Pod".*"labels":{[^}]*:(""|null)/, 40],
  ['a label that objects seem to have', /"labels":{[^}]*"(constructor|toString)"/, 40],
  // Namespaces and nodes.
  ['a namespace whose name label is wrong', /"kind":"Namespace".*"kubernetes.io\/metadata.name"/, 40],
  ['a namespace without labels', /"kind":"Namespace","metadata":{"name":"\w+"(,"labels":(null|{}))?}/, 40],
  ['a node of both families', /"kind":"Node".*"172.18.0.2".*"fd00:172::2"/, 60],
  ['a node without address', /"kind":"Node".*"addresses":\[{"type":"Hostname"/, 60],
  // The parts of a policy that may be missing.
  [
    'a policy without spec',
    /"kind":"NetworkPolicy".*"name":"policy-\d"(,"namespace":"\w+")?}(,"spec":(null|{}))?}/,
    15,
  ],
  ['no podSelector', /"NetworkPolicy".*"spec":{"(policyTypes|ingress|egress)/, 40],
  ['podSelector null', /"podSelector":null,"(policyTypes|ingress|egress)/, 10],
  ['policyTypes empty', /"policyTypes":(null|\[\])/, 30],
  ['policyTypes repeated', /"policyTypes":\["(\w+)","\1"\]/, 30],
  ['rules of a direction that is not listed', /"policyTypes":\["Ingress"\].*"egress":\[{/, 20],
  ['ingress null or empty', /"ingress":(null|\[\])/, 20],
  ['egress empty', /"egress":(null|\[\])/, 20],
  ['a null rule', /"(in|e)gress":\[([^\]]*,)?null/, 15],
  ['a lone null rule of egress without policyTypes', /^(?!.*policyTypes).*"egress":\[null\]/, 2],
  ['the empty rule', /"(in|e)gress":\[([^\]]*,)?{}/, 15],
  ['a rule for all peers', /"(from|to)":(null|\[\])/, 30],
  ['a rule for all ports', /"ports":(null|\[\])[^,]*}/, 10],
  // Peers and selectors.
  ['podSelector alone', /{"podSelector":{[^}]*}*\]?}+[,\]]/, 60],
  ['namespaceSelector alone', /[[,]{"namespaceSelector"/, 60],
  ['both selectors', /"podSelector":{("matchLabels":{[^}]*})?},"namespaceSelector":{/, 40],
  ['a null selector beside another', /{"podSelector":null,"namespaceSelector":{/, 10],
  ['NotIn', /"operator":"NotIn"/, 40],
  ['DoesNotExist', /"operator":"DoesNotExist"/, 40],
  ['In with the empty value', /"operator":"In","values":\[("\w+",)?(""|null)/, 20],
  ['the name label of a namespace', /"matchLabels":{"kubernetes.io\/metadata.name":"/, 40],
  // Blocks.
  ['except', /"except":\["/, 60],
  ['several excepts', /"except":\["[^"]+","/, 30],
  ['a block of nodes', /"cidr":"172.18/, 10],
  ['host bits', /"cidr":"10.0.0.77\/24"/, 3],
  ['leading zeros', /"cidr":"(010|10.0.0.0\/08)/, 3],
  ['a mapped block', /"(cidr":|except":\[)"::ffff:/, 10],
  [
    'an except that is larger than its block',
    /"cidr":"10.0.0.0\/(16|24|25|30)","except":\[[^\]]*"::ffff:10.0.0.0\/104"/,
    2,
  ],
  ['every IPv6 address', /"cidr":"::\/0"/, 5],
  // Ports.
  ['a named port', /"ports":\[[^\]]*"port":"http"/, 60],
  ['a named port of UDP or SCTP', /"ports":\[[^\]]*"port":"\w+","protocol":"(UDP|SCTP)"/, 20],
  ['a named port for all peers', /[[,]{("(from|to)":(null|\[\]),)?"ports":\[{"port":"\w+"/, 15],
  ['a named port beside a block', /"ipBlock":{[^\]}]*(\][^\]}]*)?}}\],"ports":\[[^\]]*"port":"\w+"/, 15],
  ['endPort', /"endPort":\d+/, 60],
  ['SCTP', /"ports":\[[^\]]*"SCTP"/, 40],
  ['a protocol alone', /"ports":\[([^\]]*,)?{"protocol":"\w+"}/, 40],
  ['a null port', /"ports":\[([^\]]*,)?null/, 15],
  ['a port of null fields', /"port":null,"endPort":null/, 20],
] as const)('there is %s', (_, pattern, atLeast) => {
  const found = texts.filter((objects) => objects.some((text) => pattern.test(text)));
  expect(found.length).toBeGreaterThanOrEqual(atLeast);
});

test('YAML and JSON say what the objects say', () => {
  for (const { objects } of sample) {
    const documents: unknown[] = parseAllDocuments(toYaml(objects)).map((document): unknown =>
      document.toJS(),
    );
    expect(documents).toEqual(objects);
    expect(JSON.parse(toJson(objects))).toMatchObject({ kind: 'List', items: objects });
  }
});
