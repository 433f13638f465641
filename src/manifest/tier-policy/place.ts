import type { Path } from '../../model/index.ts';
import { selectorFields } from '../explain/index.ts';
import type { CnpChannel } from '../raw.ts';
import type { TierKind } from './kinds.ts';

/** By which CRD an object is judged. */
export interface Context {
  readonly kind: TierKind;
  readonly channel: CnpChannel;
}

/** What a mapping of a manifest is. */
export type Level =
  | 'root'
  | 'metadata'
  | 'spec'
  | 'subject'
  | 'rule'
  | 'peer'
  | 'pods'
  | 'selector'
  | 'entry'
  | 'transport'
  | 'destinationPort'
  | 'other';

const selectors = new Set<unknown>(['namespaces', 'podSelector', 'namespaceSelector', 'nodes']);

/** What the mapping at `path` is, by where it stands. */
export function levelOf(path: Path): Level {
  const [top, direction] = path;
  const last = path.at(-1);
  if (path.length === 0) return 'root';
  if (top !== 'spec') return path.length === 1 && top === 'metadata' ? 'metadata' : 'other';
  if (path.length === 1) return 'spec';
  if (direction === 'subject') {
    if (path.length === 2) return 'subject';
    return podsLevel(path.slice(2));
  }
  if (path.length === 3 && typeof last === 'number') return 'rule';
  if (path.length < 5 || typeof path[4] !== 'number') return 'other';
  const list = path[3];
  const below = path.slice(5);
  if (list === 'from' || list === 'to') return below.length === 0 ? 'peer' : podsLevel(below);
  if (list !== 'protocols' && list !== 'ports') return 'other';
  if (below.length === 0) return 'entry';
  if (below.length === 1) return 'transport';
  return below.length === 2 && last === 'destinationPort' ? 'destinationPort' : 'other';
}

function podsLevel(below: Path): Level {
  const last = below.at(-1);
  if (below.length === 1 && last === 'pods') return 'pods';
  return selectors.has(last) && below.length <= 2 ? 'selector' : 'other';
}

/** What the mapping or list item at `path` is called. */
export function subjectOf(path: Path, { kind }: Context): string {
  const last = path.at(-1);
  if (last === undefined) return kind.kind.startsWith('A') ? `an ${kind.kind}` : `a ${kind.kind}`;
  if (typeof last === 'string') return last;
  const list = path.at(-2);
  if (list === 'ingress' || list === 'egress') return `a rule of ${list}`;
  return list === 'from' || list === 'to' ? `a peer of ${list}` : `an entry of ${String(list)}`;
}

/** The list of peers in the rule that `path` leads into. */
export function peersFieldOf(path: Path): 'from' | 'to' {
  return path[1] === 'egress' ? 'to' : 'from';
}

/** The fields that only a label selector has. */
export function isSelectorField(field: string): boolean {
  return selectorFields.includes(field);
}
