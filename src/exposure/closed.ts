import type { Addressed } from './addresses.ts';
import type { Admitted, Dropped } from './lines.ts';
import { placesHave } from './namespaces.ts';
import type { Narrowing } from './narrowing.ts';
import type { Line, RuleRef } from './regions.ts';
import type { Closed, ClosedReason, ClosedScope, ExposureReason } from './types.ts';

/** What is known of isolated pods in one direction. */
export interface Known {
  readonly said: Admitted;
  /** Names of the cluster-wide policies that bind them, sorted. */
  readonly tiers: readonly string[];
  /** Names of those that may bind the potential pods, sorted. */
  readonly otherTiers: readonly string[];
  /** Whom their policies let through, the cluster-wide ones considered. */
  readonly lines: readonly Line[];
  /** Index of their namespace; -1 where they are in several. */
  readonly own: number;
  /** The potential pods that get through in the end: lines, less what namespaces of them take away. */
  readonly found: readonly { readonly line: Line; readonly narrowing?: Narrowing }[];
  readonly addressed: readonly Addressed[];
  /** How many namespaces exist. */
  readonly namespaces: number;
  readonly hasNodes: boolean;
  /** The policies that isolate them. */
  readonly policies: readonly string[];
  readonly reasons: (refs: readonly RuleRef[]) => readonly ExposureReason[];
  /** The policies that bind the potential pods of some lines, in namespaces that are meant. */
  readonly policiesOf: (lines: readonly Line[], isMeant: (namespace: number) => boolean) => readonly string[];
}

/** The scopes nobody of whom gets through, each with what proves it. */
export function closedScopes(known: Known): readonly Closed[] {
  const { found, own, namespaces, hasNodes } = known;
  const addresses = known.addressed.flatMap((each) => each.addresses);
  const nodes = known.addressed.flatMap((each) => each.nodes);
  const closed: Closed[] = [];
  const isOpen = {
    internet: addresses.some(({ reach }) => reach !== 'private'),
    'new-namespaces': found.some(({ line }) => line.fresh !== undefined),
    'own-namespace': found.some(
      ({ line, narrowing }) => hasPlace(line, own) && narrowing?.stateOf(own) !== 'closed',
    ),
    'other-namespaces': found.some(({ line, narrowing }) => {
      const closedHere = hasPlace(line, own) && narrowing?.stateOf(own) === 'closed' ? 1 : 0;
      const others = line.existing.list.length - (hasPlace(line, own) ? 1 : 0);
      return others > (narrowing?.closedCount ?? 0) - closedHere;
    }),
    nodes: nodes.length > 0 || addresses.some(({ reach }) => reach === 'internet'),
  };
  const isThere = { 'other-namespaces': namespaces > 1, nodes: hasNodes };
  for (const scope of scopes) {
    if (isOpen[scope]) continue;
    if (own < 0 && (scope === 'own-namespace' || scope === 'other-namespaces')) continue;
    if ((scope === 'other-namespaces' || scope === 'nodes') && !isThere[scope]) continue;
    closed.push(proofOf(scope, known));
  }
  return closed;
}

const scopes: readonly ClosedScope[] = [
  'internet',
  'new-namespaces',
  'own-namespace',
  'other-namespaces',
  'nodes',
];

function proofOf(scope: ClosedScope, known: Known): Closed {
  const { said, policies, tiers } = known;
  const lines = known.lines.filter((line) => concerns(scope, line, known.own));
  if (lines.length > 0) {
    const closing = known.policiesOf(lines, meantBy(scope, known.own));
    // Namespaces without a policy of their own are closed by the tiers that bind their pods.
    if (closing.length === 0 && known.otherTiers.length > 0) {
      return { scope, reason: 'tiers', policies: known.otherTiers };
    }
    const admitting = known.reasons(lines.flatMap(({ rules }) => rules));
    return {
      scope,
      reason: 'own-policies',
      policies: closing,
      // Pods that no policy isolates have no rule that admits.
      ...(admitting.length > 0 && { rules: admitting }),
    };
  }
  const isTaken = !said.isolated || said.lines.some((line) => concerns(scope, line, known.own));
  const isOutside = scope === 'internet' || scope === 'nodes';
  if (tiers.length > 0 && (isTaken || (isOutside && said.addresses.length > 0))) {
    return { scope, reason: 'tiers', policies: tiers };
  }
  if (!said.hasRules) return { scope, reason: 'no-rules', policies };
  const dropped = said.dropped.filter((each) => couldConcern(scope, each));
  const reason: ClosedReason = dropped[0]?.reason ?? 'no-such-peer';
  const rules = dropped.filter((each) => each.reason === reason).map(({ ref }) => ref);
  return { scope, reason, policies, ...(rules.length > 0 && { rules: known.reasons(rules) }) };
}

function concerns(scope: ClosedScope, line: Line, own: number): boolean {
  switch (scope) {
    case 'new-namespaces':
      return line.fresh !== undefined;
    case 'own-namespace':
      return hasPlace(line, own);
    case 'other-namespaces':
      return hasOtherPlace(line, own);
    case 'internet':
    case 'nodes':
      return false;
  }
}

/** In which of the namespaces that exist the pods of a scope are. */
function meantBy(scope: ClosedScope, own: number): (namespace: number) => boolean {
  switch (scope) {
    case 'own-namespace':
      return (namespace) => namespace === own;
    case 'other-namespaces':
      return (namespace) => namespace !== own;
    // A namespace that does not exist yet has no policies.
    case 'new-namespaces':
    case 'internet':
    case 'nodes':
      return () => false;
  }
}

function couldConcern(scope: ClosedScope, { looks, reason }: Dropped): boolean {
  if (looks === 'everywhere') return true;
  switch (scope) {
    case 'internet':
    case 'nodes':
      return looks === 'addresses';
    case 'own-namespace':
      // The labels of a namespace that exists are known: a selector of namespaces that nothing meets does not mean it.
      return looks === 'own' || (looks === 'anywhere' && reason === 'port-name');
    case 'new-namespaces':
    case 'other-namespaces':
      return looks === 'anywhere';
  }
}

function hasPlace({ existing }: Line, place: number): boolean {
  return placesHave(existing, place);
}

function hasOtherPlace({ existing }: Line, place: number): boolean {
  return existing.list.length > 1 || (existing.list.length > 0 && existing.list[0] !== place);
}
