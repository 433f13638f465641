// How long one changed pod takes until the kernel knows it, through one nft that stays, by the number of policy sets on the
// node; the table afterwards must be the one that a fresh start makes. One line of JSON.
//
//     node bench/wire/updates.ts                      10, 100 and 250 policy sets, 60 changes of each kind
//     node bench/wire/updates.ts --policies 10 --changes 5
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readObjects } from '../../src/manifest/index.ts';
import { compileRuleset, planTransaction, podsOnNode, transactionText } from '../../src/nft/index.ts';
import type { Installed, Ruleset, Transaction } from '../../src/nft/index.ts';
import { compile } from '../../src/policy/index.ts';
import { runIn, whyNoWire, withWire } from './network.ts';
import type { Wire } from './network.ts';
import { objects, peer, replica } from './rules.ts';
import { Shell } from './shell.ts';

/** Kinds of changes: to a pod on another node, then to one of this node under a policy set that is there. */
export type UpdateKind =
  'pod comes' | 'pod is relabelled' | 'pod goes' | 'pod of the node comes' | 'pod of the node goes';

/** How long changes of one kind took. */
export interface UpdateCost {
  readonly policies: number;
  readonly kind: UpdateKind;
  readonly changes: number;
  readonly medianMs: number;
  readonly mostMs: number;
}

/** The answer of this script. */
export interface Updates {
  readonly costs: readonly UpdateCost[];
  /** Whether each table was, but for its generation, as a fresh start makes it. */
  readonly equal: boolean;
}

const { values } = parseArgs({
  options: {
    policies: { type: 'string', default: '10,100,250' },
    changes: { type: 'string', default: '60' },
  },
});
const why = whyNoWire();
if (why !== undefined) throw new Error(why);
const changes = Number(values.changes);
const peers = 2000;

const folder = mkdtempSync(join(tmpdir(), 'podwall-wire-'));
try {
  const found = await withWire(async (wire) => {
    const all: { costs: readonly UpdateCost[]; equal: boolean }[] = [];
    for (const policies of values.policies.split(',').map(Number)) all.push(await measure(wire, policies));
    return all;
  });
  const answer: Updates = {
    costs: found.flatMap(({ costs }) => costs),
    equal: found.every(({ equal }) => equal),
  };
  console.log(JSON.stringify(answer));
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(
  wire: Wire,
  policies: number,
): Promise<{ readonly costs: readonly UpdateCost[]; readonly equal: boolean }> {
  const all = [...objects(wire, policies, peers)];
  // The last objects are the peers: that many of them come, get another label, and go.
  const still = all.slice(0, -changes);
  const rulesetWith = (others: readonly unknown[]): Ruleset => {
    const { cluster } = readObjects([...still, ...others]);
    return compileRuleset(compile(cluster), { pods: podsOnNode(cluster, 'node-1') }).ruleset;
  };
  const indices = Array.from({ length: changes }, (_, i) => peers - changes + i);
  const pods = (from: number, to: number, shift: number): unknown[] =>
    indices.slice(from, to).map((index) => peer(index, policies, shift));
  const replicas = (from: number, to: number): unknown[] =>
    Array.from({ length: to - from }, (_, i) => replica(from + i, policies));
  const states: readonly (readonly [UpdateKind, (done: number) => readonly unknown[]])[] = [
    ['pod comes', (done) => pods(0, done, 0)],
    ['pod is relabelled', (done) => [...pods(0, done, 1), ...pods(done, changes, 0)]],
    ['pod goes', (done) => pods(done, changes, 1)],
    ['pod of the node comes', (done) => replicas(0, done)],
    ['pod of the node goes', (done) => replicas(done, changes)],
  ];
  const first = planTransaction(undefined, rulesetWith([]));
  load(wire, transactionText(first));
  let current: Installed = first.installed;
  const costs: UpdateCost[] = [];
  let refused = 0;
  const shell = new Shell(wire.node);
  await shell.load('list tables');
  for (const [kind, othersAfter] of states) {
    const plans: Transaction[] = [];
    for (let done = 1; done <= changes; done++) {
      const plan = planTransaction(current, rulesetWith(othersAfter(done)));
      current = plan.installed;
      plans.push(plan);
    }
    const times: number[] = [];
    for (const plan of plans) {
      const start = performance.now();
      refused += await shell.apply(plan);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    costs.push({
      policies,
      kind,
      changes,
      medianMs: times[times.length >> 1] ?? 0,
      mostMs: times.at(-1) ?? 0,
    });
  }
  await shell.close();
  if (refused > 0) throw new Error(`nft refused ${refused} batches as sessions write them`);
  const afterwards = tableOf(wire);
  load(wire, transactionText(planTransaction(undefined, current.ruleset, { first: current.generation })));
  return { costs, equal: afterwards === tableOf(wire) };
}

function load(wire: Wire, texts: readonly string[]): void {
  runIn(wire.node, 'nft', 'flush', 'ruleset');
  for (const text of texts) {
    const file = join(folder, 'load.nft');
    writeFileSync(file, text);
    runIn(wire.node, 'nft', '-f', file);
  }
}

/** What the kernel lists, in an order that does not depend on when things came. */
function tableOf(wire: Wire): string {
  const lines = runIn(wire.node, 'nft', 'list', 'ruleset')
    .split('\n')
    .flatMap((line) => line.trim().split(/, ?/))
    .map((part) => part.replace(/^elements = \{ | \}$/g, ''));
  return lines.sort().join('\n');
}
