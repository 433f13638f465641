import type { ClusterNode } from '../model/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { none, withAccess } from './accesses.ts';
import type { Accesses } from './accesses.ts';
import { byText } from './allowed.ts';
import type { Focus } from './focus.ts';
import { endOf } from './groups.ts';
import type { Group } from './groups.ts';

/** The nodes that a focus names, by name. */
export function askedNodes(query: Focus): readonly ClusterNode[] {
  const nodes = new Set<ClusterNode>();
  for (const end of [...(query.from ?? []), ...(query.to ?? []), ...(query.peer ?? [])]) {
    if (end.kind === 'nodes') for (const node of end.nodes) nodes.add(node);
  }
  return [...nodes].sort((a, b) => byText(a.name, b.name));
}

/** The accesses between a node and the pods of a group. */
export function nodeAccess(policy: CompiledPolicy, from: Group, to: Group): Accesses {
  let found: Accesses = none;
  for (const source of nodeEnds(from)) {
    for (const destination of nodeEnds(to)) {
      const { both, only4, only6 } = policy.access(source, destination);
      found = withAccess(found, policy.accesses.of(both, only4, only6));
    }
  }
  return found;
}

function nodeEnds(group: Group): readonly PolicyEnd[] {
  if (group.node !== undefined) return [endOf(group)!];
  return group.pods.map((pod) => ({ kind: 'pod', pod }));
}
