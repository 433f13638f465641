import { describe, expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { count, explain, map, reachCodes, resolveEnd } from '../../src/reach/index.ts';
import type { End } from '../../src/reach/index.ts';

const workload = (name: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: a}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: c, image: x}]}
`;

const policy = (spec: string): string => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
spec: ${spec}
`;

function answers(spec: string) {
  const text = [workload('web'), workload('db'), policy(spec)].join('---');
  const { cluster } = readManifests([{ file: 'a.yaml', text }]);
  const compiled = compile(cluster);
  const [from, to] = ['a/web', 'a/db'].map((name) => resolveEnd(cluster, name) as End);
  return {
    codes: map(compiled, { level: { kind: 'workload' } }).document.diagnostics.map(({ code }) => code),
    ofCount: count(compiled).diagnostics.map(({ code, line }) => `${code}:${line}`),
    verdict: explain(compiled, {
      from: from!,
      to: to!,
      ports: [{ kind: 'range', protocol: 'TCP', from: 80, to: 80 }],
    }).verdict,
  };
}

describe('labels that only the cluster sets (corner 23)', () => {
  test('make an answer incomplete where a policy selects by their value', () => {
    const { codes, ofCount, verdict } = answers(
      '{podSelector: {matchLabels: {app: db, pod-template-hash: abc}}}',
    );
    expect(codes).toEqual(['label-undecided']);
    expect(ofCount).toEqual(['label-undecided:23']);
    expect(verdict).toBe('unknown');
    // The other one is held by test/policy/profiles.
    expect(Object.keys(reachCodes).toSorted()).toEqual(['label-undecided', 'profile-unknown']);
  });

  test('make it incomplete where a peer asks for their value, and the verdict unknown', () => {
    const { codes, verdict } = answers(
      '{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {pod-template-hash: abc}}}]}]}',
    );
    expect(codes).toEqual(['label-undecided']);
    expect(verdict).toBe('unknown');
  });

  test('are decided where a selector only asks whether the key is there', () => {
    const there = answers('{podSelector: {matchExpressions: [{key: pod-template-hash, operator: Exists}]}}');
    expect(there).toEqual({ codes: [], ofCount: [], verdict: 'denied' });
    const absent = answers(
      '{podSelector: {matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}]}}',
    );
    expect(absent).toEqual({ codes: [], ofCount: [], verdict: 'allowed' });
  });

  test('do not matter where another label decides already', () => {
    const other = answers('{podSelector: {matchLabels: {app: neither, pod-template-hash: abc}}}');
    expect(other).toEqual({ codes: [], ofCount: [], verdict: 'allowed' });
  });
});
