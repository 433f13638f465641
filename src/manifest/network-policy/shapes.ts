import type { Path } from '../../model/index.ts';

/** The fields of a peer. */
export const peerFields = ['podSelector', 'namespaceSelector', 'ipBlock'];

/** The fields of an entry of ports. */
export const portFields = ['protocol', 'port', 'endPort'];

/** The fields of the spec. */
export const specFields = ['podSelector', 'ingress', 'egress', 'policyTypes'];

/** What a field of a manifest belongs to. */
type Level = 'root' | 'metadata' | 'spec' | 'rule' | 'peer' | 'ipBlock' | 'port' | 'selector' | 'other';

/** What the mapping at `path` is. */
export function levelOf(path: Path): Level {
  const last = path.at(-1);
  if (path.length === 0) return 'root';
  if (path.length === 1) return last === 'metadata' ? 'metadata' : 'spec';
  if (last === 'podSelector' || last === 'namespaceSelector') return 'selector';
  if (last === 'ipBlock') return 'ipBlock';
  if (path.length === 3 && path[0] === 'spec' && typeof last === 'number') return 'rule';
  if (path.length === 5 && typeof last === 'number') return path[3] === 'ports' ? 'port' : 'peer';
  return 'other';
}

/** The field of a rule that holds its peers. */
export function peersFieldOf(path: Path): 'from' | 'to' {
  return path[1] === 'egress' ? 'to' : 'from';
}

/** What the mapping at `path` is called. */
export function subjectOf(path: Path): string {
  switch (levelOf(path)) {
    case 'root':
      return 'a NetworkPolicy';
    case 'rule':
      return `a rule of ${String(path[1])}`;
    case 'peer':
      return `a peer of ${String(path[3])}`;
    case 'port':
      return 'an entry of ports';
    case 'other':
      return typeof path.at(-1) === 'number' ? `an entry of ${String(path.at(-2))}` : String(path.at(-1));
    default:
      return String(path.at(-1));
  }
}
