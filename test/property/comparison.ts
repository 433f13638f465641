import process from 'node:process';

import * as fc from 'fast-check';

import { readManifests } from '../../src/manifest/index.ts';
import type { ClusterNode, Pod } from '../../src/model/index.ts';
import { families, parseAddress } from '../../src/net/index.ts';
import type { Family, PortSet } from '../../src/net/index.ts';
import { compile } from '../../src/policy/index.ts';
import { count } from '../../src/reach/index.ts';
import type { AllowedPorts } from '../../src/reach/index.ts';
import { Reference } from '../reference/evaluate.ts';
import type { Connection, Ref, ReferenceProfile, ReferenceVerdict } from '../reference/evaluate.ts';
import { toJson, toYaml, withPodsOfTemplates } from './clusters.ts';
import type { RandomCluster } from './clusters.ts';
import { outsideAddresses, portPoints, verdicts } from './questions.ts';
import type { Point } from './questions.ts';

// The compiled engine against the naive evaluator, on one random cluster after another. PODWALL_CLUSTERS sets how many a run
// has, PODWALL_SEED which.

const runs = Number(process.env['PODWALL_CLUSTERS'] ?? 2400);
const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** What is compared: a reading of what the API leaves open, and which way the engine takes. */
export interface Variant {
  readonly profile: ReferenceProfile;
  readonly denseThreshold: number;
  /** Peers of tiers that are dense in any case. */
  readonly denseTierPeers?: number;
}

/** What a property is asked about. */
export interface Case {
  readonly cluster: RandomCluster;
  readonly format: 'yaml' | 'json';
  /** A port that is not there for a reason. */
  readonly port: number;
}

/** Clusters with how they are read, and a port. */
export function casesOf(cluster: fc.Arbitrary<RandomCluster>): fc.Arbitrary<Case> {
  return fc.record({
    cluster,
    format: fc.constantFrom('yaml', 'yaml', 'yaml', 'json'),
    port: fc.integer({ min: 1, max: 65535 }),
  });
}

type Policy = ReturnType<typeof compile>;
type EngineEnd = Parameters<Policy['allowed']>[0];

/** One end, as the engine and as the reference know it. */
interface End {
  readonly engine: EngineEnd;
  readonly reference: Ref;
  /** Another pod of the same template: what a pod that stands for several says of itself is said of two of them. */
  readonly twin?: Ref;
}

/** A cluster that the two judge differently, with what they say; `undefined` when none was found. */
export function counterexample(
  arbitrary: fc.Arbitrary<Case>,
  variant: Variant,
  all: readonly Variant[],
): string | undefined {
  const result = fc.check(
    fc.property(arbitrary, (each) => {
      const difference = disagreement(each, variant);
      if (difference !== undefined) throw new Error(difference);
    }),
    { seed: seed + all.indexOf(variant), numRuns: Math.ceil(runs / all.length) },
  );
  if (!result.failed) return undefined;
  const [each] = result.counterexample ?? [];
  return [
    `PODWALL_SEED=${seed} finds this with PODWALL_CLUSTERS=${runs} (shrunk ${result.numShrinks} times):`,
    each === undefined ? '' : disagreement(each, variant),
    each === undefined ? '' : toYaml(each.cluster.objects),
    String(result.errorInstance),
  ].join('\n');
}

/** The first question that the two answer differently, with both answers; `undefined` when there is none. */
export function disagreement(
  { cluster: { objects }, format, port }: Case,
  variant: Variant,
  referenceProfile: ReferenceProfile = variant.profile,
): string | undefined {
  const text = format === 'yaml' ? toYaml(objects) : toJson(objects);
  const { cluster, diagnostics } = readManifests([{ file: `cluster.${format}`, text }]);
  // A subject that cannot be read leaves an answer incomplete, and its policy selects nobody: the server has it stored.
  const refused = diagnostics.find(
    ({ severity, code }) => severity === 'error' && code !== 'subject-unusable',
  );
  if (refused !== undefined) return `the reader refuses what a server accepts: ${JSON.stringify(refused)}`;

  const reference = new Reference(withPodsOfTemplates(objects), referenceProfile);
  // np-guard counts finished pods too (corner 46).
  const enginePods =
    variant.profile === 'upstream' ? cluster.pods : [...cluster.pods, ...cluster.finishedPods];
  const names = enginePods.flatMap((pod) => namesOf(pod)).sort();
  if (names.join() !== reference.pods.join()) {
    return `pods: the reader has ${names.join()}, the reference ${reference.pods.join()}`;
  }
  const policy = compile(cluster, variant);
  const points = portPoints(objects, port);
  const pods = enginePods.map(endOfPod);
  const nodes = [...cluster.nodes.values()].map(endOfNode);
  const outside = outsideAddresses(objects).map(endOfAddress);

  let turn = port;
  const compare = (from: End, to: End, family: Family): string | undefined => {
    const sure = policy.allowed(from.engine, to.engine, family);
    const engine = verdictsOf(sure, policy.possible.allowed(from.engine, to.engine, family), points);
    const destination = (from === to ? to.twin : undefined) ?? to.reference;
    const verdict = reference.verdict(from.reference, destination, family);
    const expected = points.map(({ protocol, port: asked }) => letters[verdict(protocol, asked)]).join('');
    const at = points.findIndex((_, i) => expected[i] !== engine[i]);
    if (at < 0) return decided(policy, from.engine, to.engine, family, points, engine, turn++);
    const { protocol, port: asked } = points[at] ?? { protocol: 'other', port: 0 };
    const which = `${JSON.stringify(from.reference)} → ${JSON.stringify(destination)} over ${family}`;
    const words = (letter: string | undefined): string =>
      letter === '.' ? 'allowed' : letter === '?' ? 'ambiguous' : 'denied';
    return `${which}, ${protocol} ${asked}: engine ${words(engine[at])}, reference ${words(expected[at])}`;
  };
  for (const family of families) {
    for (const pod of pods) {
      for (const other of pods) {
        const found = compare(pod, other, family);
        if (found !== undefined) return found;
      }
      for (const other of [...nodes, ...outside]) {
        const found = compare(pod, other, family) ?? compare(other, pod, family);
        if (found !== undefined) return found;
      }
    }
  }
  const isOpen = (verdict: ReferenceVerdict): boolean => verdict === 'allowed';
  return (
    countDisagreement(policy, reference, points, isOpen) ??
    countDisagreement(policy.possible, reference, points, (verdict) => verdict !== 'denied')
  );
}

/** Holds what is decided of one point, with its reasons, against what sets of ports say of it. */
function decided(
  policy: Policy,
  from: EngineEnd,
  to: EngineEnd,
  family: Family,
  points: readonly Point[],
  verdicts: string,
  turn: number,
): string | undefined {
  const i = turn % points.length;
  const { protocol, port } = points[i] ?? { protocol: 'other', port: 0 };
  if (protocol === 'other') return undefined;
  const { allowed, ambiguous } = policy.decide(from, to, protocol, port, family);
  const letter = allowed ? '.' : ambiguous ? '?' : 'X';
  if (letter === verdicts[i]) return undefined;
  return `${JSON.stringify({ from, to, family, protocol, port })}: decided ${letter}, allowed ${verdicts[i]}`;
}

const letters: Readonly<Record<ReferenceVerdict, string>> = { allowed: '.', ambiguous: '?', denied: 'X' };

/** Compares the totals with a sum over all ordered pairs of distinct pods. */
function countDisagreement(
  policy: Policy,
  reference: Reference,
  points: readonly Point[],
  isOpen: (verdict: ReferenceVerdict) => boolean,
): string | undefined {
  const expected = new Map<string, number>();
  for (const from of reference.pods) {
    for (const to of reference.pods) {
      if (from === to) continue;
      const byFamily = families.map((family) => reference.verdict({ pod: from }, { pod: to }, family));
      const either: Connection = (protocol, port) =>
        byFamily.some((verdict) => isOpen(verdict(protocol, port)));
      add(expected, verdicts(either, points), 1);
    }
  }
  const closed = points.map(() => 'X').join('');
  const closedPairs = expected.get(closed) ?? 0;
  expected.delete(closed);
  const answer = count(policy);
  const found = new Map<string, number>();
  for (const { allowed, pairs } of answer.byPorts)
    add(found, verdicts(connectionOf(allowed), points), Number(pairs));
  const pods = reference.pods.length;
  const pairs = pods * (pods - 1);
  const totals = { pods: answer.pods, pairs: answer.pairs, allowed: answer.allowed, byPorts: sorted(found) };
  const expectedTotals = { pods, pairs, allowed: pairs - closedPairs, byPorts: sorted(expected) };
  if (JSON.stringify(totals) === JSON.stringify(expectedTotals)) return undefined;
  return `count: engine ${JSON.stringify(totals)}, reference ${JSON.stringify(expectedTotals)}`;
}

function add(counts: Map<string, number>, key: string, number: number): void {
  counts.set(key, (counts.get(key) ?? 0) + number);
}

function sorted(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function connectionOf(allowed: AllowedPorts): Connection {
  if (allowed === 'all') return () => true;
  return (protocol, port) =>
    protocol === 'other'
      ? allowed.other === true
      : (allowed[protocol] ?? []).some(([from, to]) => from <= port && port <= to);
}

function verdictsOf(sure: PortSet, possible: PortSet, points: readonly Point[]): string {
  const has = (set: PortSet, { protocol, port }: Point): boolean =>
    protocol === 'other' ? set.other : set.has(protocol, port);
  return points.map((point) => (has(sure, point) ? '.' : has(possible, point) ? '?' : 'X')).join('');
}

function endOfPod(pod: Pod): End {
  const [name = '', twin] = namesOf(pod);
  return {
    engine: { kind: 'pod', pod },
    reference: { pod: name },
    ...(twin !== undefined && { twin: { pod: twin } }),
  };
}

function endOfNode(node: ClusterNode): End {
  return { engine: { kind: 'node', node }, reference: { node: node.name } };
}

function endOfAddress(text: string): End {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return { engine: { kind: 'address', address }, reference: { address: text } };
}

/** What the reference calls a pod, or each of the pods that a template stands for. */
function namesOf(pod: Pod): readonly string[] {
  if (!pod.template) return [`${pod.namespace}/${pod.name}`];
  const [namespace, , name] = pod.workload.split('/');
  return Array.from({ length: pod.replicas }, (_, i) => `${namespace}/${name}-${i}`);
}
