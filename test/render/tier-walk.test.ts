import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readManifests } from '../../src/manifest/index.ts';
import { compile } from '../../src/policy/index.ts';
import { explain, isPortProblem, parsePorts, resolveEnd } from '../../src/reach/index.ts';
import type { End, Explanation } from '../../src/reach/index.ts';
import { renderExplanation, renderVerdict } from '../../src/render/index.ts';
import { golden, overlong } from './golden.ts';
import { schemaOf } from './schemas.ts';

// Walks through the tiers, each rule of which is in one of the states that a walk can tell (corners 53 to 66).

const file = 'tiers.yaml';
const text = readFileSync(join(import.meta.dirname, file), 'utf8');
const { cluster, diagnostics } = readManifests([{ file, text }]);
const policy = compile(cluster);

function ask(from: string, to: string, port: string): Explanation {
  const end = (operand: string): End => {
    const found = resolveEnd(cluster, operand);
    if (found.kind === 'problem') throw new Error(found.message);
    return found;
  };
  const ports = parsePorts(port);
  if (isPortProblem(ports)) throw new Error(ports.message);
  return explain(policy, { from: end(from), to: end(to), ports });
}

const questions: readonly (readonly [from: string, to: string, port: string])[] = [
  // The Admin tier accepts, though a NetworkPolicy closes the pod; two policies do not match, each by another half.
  ['ops/prometheus', 'shop/db', '9090'],
  // It passes, and NetworkPolicy decides: what is behind is not asked.
  ['shop/web', 'shop/db', '5432'],
  // It denies, and nothing behind it is asked.
  ['guest/job', 'shop/db', '5432'],
  // No tier before NetworkPolicy matches, none of these isolates, and Baseline denies.
  ['guest/job', 'ops/prometheus', '9090'],
  // Two of equal priority disagree.
  ['ops/cron', 'shop/web', '8080'],
  // A peer that no field says makes its rule fail closed.
  ['ops/cron', 'guest/job', '80'],
];

test('the input is as it should be', () => {
  const codes = diagnostics.filter(({ severity }) => severity !== 'note').map(({ code }) => code);
  expect(codes).toEqual(['unknown-field', 'rule-fails-closed']);
});

test('walks through tiers read as reviewed', () => {
  const texts = [80, undefined].flatMap((width) =>
    questions.map((question) => {
      const written = renderExplanation(ask(...question), 'text', { width, color: false, headers: true });
      expect(overlong(written, width ?? Infinity)).toEqual([]);
      return `# ${question.join(' ')}, width ${width}\n${written}`;
    }),
  );
  expect(texts.join('\n')).toBe(golden('explain-tiers.txt', texts.join('\n')));
});

test('walks through tiers as documents', () => {
  const documents = questions.map((question) => {
    const written = renderExplanation(ask(...question), 'json', { width: 80, color: false, headers: true });
    expect(schemaOf('explanation')(JSON.parse(written))).toEqual([]);
    return written;
  });
  expect(documents.join('')).toBe(golden('explain-tiers.json.txt', documents.join('')));
});

test('verdicts name the tier that decides', () => {
  const lines = questions.map((question) =>
    renderVerdict(ask(...question), 'text', { width: 120, color: false, headers: true }),
  );
  expect(lines.join('')).toBe(golden('can-tiers.txt', lines.join('')));
});

test('what does not match is told by its half, and by what a single rule means', () => {
  const summaries = ask('ops/prometheus', 'shop/db', '9090').ingress.tiers.map(
    ({ policy: { name }, summary }) => `${name}: ${summary}`,
  );
  expect(summaries).toEqual([
    'only-ssh: no rule matches: the port (rule 1: TCP 22)',
    'both-halves: no rule matches: none with both the peer and the port',
    'no-guests: no rule matches: the peer (rule 1: namespaces with kubernetes.io/metadata.name=guest)',
    'neither: no rule matches: the peer and the port',
    'metrics: rule 1 accepts it (prometheus)',
    'own: not asked: it is decided before',
  ]);
});
