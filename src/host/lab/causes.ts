import type { LabEnd, LabNode, LabState } from '../../topology/index.ts';
import { differencesOf, differenceText } from './differences.ts';
import type { Difference } from './differences.ts';
import type { Machine } from './machine.ts';
import type { ProbeSpec } from './protocol.ts';

/**
 * Compares the tables in the kernel with those that should be there, node by node, and names for each connection the
 * difference that explains it best, and all differences in words.
 */
export async function causesOf(
  state: LabState,
  machine: Machine,
  probes: readonly ProbeSpec[],
  isDormant: boolean,
): Promise<{ readonly causes: readonly (string | undefined)[]; readonly differences: readonly string[] }> {
  const differences = await differencesOf(state, machine, isDormant);
  const ends = new Map(state.plan.ends.map((end) => [end.id, end]));
  return {
    causes: probes.map((probe) => causeOf(probe, state, ends, differences)),
    differences: [...differences.values()].flat().map(differenceText),
  };
}

/** How well a difference explains a connection, from 0: the best first. */
function causeOf(
  { from, to, source, destination }: ProbeSpec,
  { plan }: LabState,
  ends: ReadonlyMap<string, LabEnd>,
  differences: ReadonlyMap<string, readonly Difference[]>,
): string | undefined {
  const nodeOf = (id: string): string | undefined => {
    const end = ends.get(id);
    return end === undefined || end.kind === 'outside' ? undefined : end.node;
  };
  const judged = [
    { node: nodeOf(to), map: 'in', own: destination, peer: source },
    { node: nodeOf(from), map: 'eg', own: source, peer: destination },
  ];
  let best: { readonly rank: number; readonly difference: Difference } | undefined;
  for (const { node, map, own, peer } of judged) {
    if (node === undefined) continue;
    const names = namesFor(plan.nodes.get(node)!, map, own);
    for (const difference of differences.get(node) ?? []) {
      const rank = rankOf(difference, names, own, peer);
      if (best === undefined || rank < best.rank) best = { rank, difference };
    }
  }
  if (best !== undefined) return differenceText(best.difference);
  // Of a Service nobody knows which endpoint it would have been.
  const [any] = [...differences.values()].flat();
  return any === undefined ? undefined : differenceText(any);
}

/** The chain that judges an address in a direction, and the sets that its rules name. */
function namesFor(
  { ruleset }: LabNode,
  map: string,
  address: string,
): {
  readonly chain: string | undefined;
  readonly sets: ReadonlySet<string>;
  readonly maps: ReadonlySet<string>;
} {
  const maps = ruleset.maps.filter(({ name }) => name.startsWith(map));
  const entry = maps.flatMap(({ entries }) => entries).find(({ key }) => key === address);
  const target = entry === undefined || entry.verdict.kind === 'accept' ? undefined : entry.verdict.chain;
  const chain = ruleset.chains.find(({ name }) => name === target);
  const sets = (chain?.rules ?? []).flatMap(({ statements }) =>
    statements.flatMap((statement) => {
      if ('set' in statement) return [statement.set];
      return statement.kind === 'port' && typeof statement.port === 'object' && 'set' in statement.port
        ? [statement.port.set]
        : [];
    }),
  );
  return { chain: chain?.name, sets: new Set(sets), maps: new Set(maps.map(({ name }) => name)) };
}

function rankOf(
  { kind, of, text }: Difference,
  names: ReturnType<typeof namesFor>,
  own: string,
  peer: string,
): number {
  if (kind === 'table') return 0;
  if (of === names.chain) return 1;
  if (kind === 'element' && names.maps.has(of) && text.startsWith(`${own} `)) return 1;
  if (kind === 'element' && names.sets.has(of)) return text === peer ? 1 : 2;
  if (kind === 'set' && names.sets.has(of)) return 1;
  // Chains that all packets pass, and sets that they ask.
  if (!/^(?:in|eg)_/.test(of)) return 3;
  return 4;
}
