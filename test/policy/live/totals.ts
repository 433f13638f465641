import type { CompiledPolicy, LiveCluster, LiveCount } from '../../../src/policy/index.ts';
import { allowedPorts, count } from '../../../src/reach/index.ts';

/** What a live cluster counts, as text: the same text as `freshTotals` where the numbers are the same. */
export function liveTotals(live: LiveCluster): string {
  const { byPorts, ...all } = live.count();
  return text(
    all,
    byPorts.map((each) => [JSON.stringify(allowedPorts(each.allowed)), each.pairs]),
  );
}

/** What a fresh compile counts. */
export function freshTotals(policy: CompiledPolicy): string {
  const { byPorts, pods, pairs, allowed, ambiguous = 0 } = count(policy);
  return text(
    { pods, pairs, allowed, ambiguous },
    byPorts.map((each) => [JSON.stringify(each.allowed), each.pairs]),
  );
}

function text(
  { pods, pairs, allowed, ambiguous }: Omit<LiveCount, 'byPorts'>,
  byPorts: readonly (readonly [ports: string, pairs: number | bigint])[],
): string {
  const sorted = byPorts.map(([ports, some]) => `${ports}: ${some}`).sort();
  return `${pods} pods, ${allowed} of ${pairs}, ${ambiguous} ambiguous: ${sorted.join('; ')}`;
}
