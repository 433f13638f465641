import type { Diagnostic } from '../model/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { allowedPorts, byText } from './allowed.ts';
import { ambiguousPairs, ownNodePairs } from './ambiguous.ts';
import { apiVersion } from './types.ts';
import type { ConnectivityCount } from './types.ts';
import { undecidedDiagnostics } from './undecided.ts';

/**
 * The exact number of ordered pairs of distinct pods, by what they may use in any family that they share, without
 * listing them.
 */
export function count(policy: CompiledPolicy, diagnostics: readonly Diagnostic[] = []): ConnectivityCount {
  const { ports } = policy.parts;
  const pods = podsOf(policy);
  const bySet = new Map<number, bigint>();
  for (const [id, pairs] of pods > mostExact ? largePairs(policy) : smallPairs(policy)) {
    const { both, only4, only6 } = policy.accesses.access(id);
    const set = ports.union(both, ports.union(only4, only6));
    bySet.set(set, (bySet.get(set) ?? 0n) + pairs);
  }
  const byPorts = [...bySet]
    .filter(([set, pairs]) => pairs > 0n && !ports.set(set).isEmpty)
    .map(([set, pairs]) => ({ allowed: allowedPorts(ports.set(set)), pairs }))
    .sort(
      (a, b) =>
        (a.pairs === b.pairs ? 0 : a.pairs > b.pairs ? -1 : 1) ||
        byText(JSON.stringify(a.allowed), JSON.stringify(b.allowed)),
    );
  return {
    apiVersion,
    kind: 'ConnectivityCount',
    profile: policy.profile.name,
    pods,
    pairs: plain(BigInt(pods) * BigInt(pods - 1)),
    allowed: plain(byPorts.reduce((sum, { pairs }) => sum + pairs, 0n)),
    ...(policy.possible === policy ? {} : { ambiguous: plain(ambiguousPairs(policy)) }),
    byPorts: byPorts.map(({ allowed, pairs }) => ({ allowed, pairs: plain(pairs) })),
    diagnostics: [...diagnostics, ...undecidedDiagnostics(policy)],
  };
}

/** Templates may ask for 2,147,483,647 replicas each: the pairs of more pods than these are beyond 2^53. */
const mostExact = 94_906_265;

/** A number as long as it is exact. */
export function plain(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function podsOf(policy: CompiledPolicy): number {
  return policy.parts.classes.weight.reduce((sum, weight) => sum + weight, 0);
}

/** Pairs by access, as long as none of the sums leaves the numbers that are exact. */
export function smallPairs(policy: CompiledPolicy): ReadonlyMap<number, bigint> {
  const totals = Array.from(policy.matrix.count(), (pairs, id) => [id, BigInt(pairs)] as const);
  return new Map(totals.filter(([, pairs]) => pairs !== 0n));
}

/** The same for any weights. */
export function largePairs(policy: CompiledPolicy): ReadonlyMap<number, bigint> {
  const { matrix } = policy;
  const { classes } = policy.parts;
  const totals = new Map<number, bigint>();
  const add = (access: number, pairs: bigint): void => {
    totals.set(access, (totals.get(access) ?? 0n) + pairs);
  };
  const weight = Array.from(classes.weight, BigInt);
  const rows = Array.from({ length: matrix.rowCount }, () => 0n);
  const columns = Array.from({ length: matrix.columnCount }, () => 0n);
  for (const [c, pods] of weight.entries()) {
    rows[matrix.rowOf[c]!]! += pods;
    columns[matrix.columnOf[c]!]! += pods;
  }
  for (const [row, sources] of rows.entries()) {
    for (const [column, destinations] of columns.entries())
      add(matrix.block(row, column), sources * destinations);
  }
  const neighbours = ownNodePairs(policy);
  for (const [s, pods] of weight.entries()) {
    const block = (d: number): number => matrix.block(matrix.rowOf[s]!, matrix.columnOf[d]!);
    // A pod and itself are no pair.
    add(block(s), -pods);
    const ofNode = neighbours.get(s);
    const exact = new Map<number, number>();
    matrix.touched(s, (d, access) => {
      if (ofNode?.has(d) === true) exact.set(d, access);
      const pairs = (s === d ? pods - 1n : pods) * weight[d]!;
      add(block(d), -pairs);
      add(access, pairs);
    });
    // Corner 42: between a host-network pod and the other pods of its node no NetworkPolicy is asked.
    for (const [d, pairs] of ofNode ?? []) {
      add(exact.get(d) ?? block(d), -pairs);
      add(matrix.ofOwnNode(s, d), pairs);
    }
  }
  return new Map([...totals].filter(([, pairs]) => pairs !== 0n));
}
