import type { Diagnostic } from '../model/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { allowedPorts, byText } from './allowed.ts';
import { apiVersion } from './types.ts';
import type { ConnectivityCount } from './types.ts';
import { undecidedDiagnostics } from './undecided.ts';

/**
 * The exact number of ordered pairs of distinct pods, by what they may use in any family that they share, without
 * listing them.
 */
export function count(policy: CompiledPolicy, diagnostics: readonly Diagnostic[] = []): ConnectivityCount {
  const { classes, ports } = policy.parts;
  const pods = classes.weight.reduce((sum, weight) => sum + weight, 0);
  const bySet = new Map<number, number>();
  for (const [id, pairs] of policy.matrix.count().entries()) {
    if (pairs === 0) continue;
    const { both, only4, only6 } = policy.accesses.access(id);
    const set = ports.union(both, ports.union(only4, only6));
    bySet.set(set, (bySet.get(set) ?? 0) + pairs);
  }
  const byPorts = [...bySet]
    .filter(([set, pairs]) => pairs > 0 && !ports.set(set).isEmpty)
    .map(([set, pairs]) => ({ allowed: allowedPorts(ports.set(set)), pairs }))
    .sort((a, b) => b.pairs - a.pairs || byText(JSON.stringify(a.allowed), JSON.stringify(b.allowed)));
  return {
    apiVersion,
    kind: 'ConnectivityCount',
    profile: policy.profile.name,
    pods,
    pairs: pods * (pods - 1),
    allowed: byPorts.reduce((sum, { pairs }) => sum + pairs, 0),
    byPorts,
    diagnostics: [...diagnostics, ...undecidedDiagnostics(policy)],
  };
}
