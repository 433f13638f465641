import type { NetworkPolicy, TierPolicy } from '../../model/index.ts';
import type { Address, PortSet } from '../../net/index.ts';
import type { Decision, SideDecision } from '../decisions.ts';
import type { TierHit } from '../tier-decide.ts';
import type { Difference } from './findings.ts';

/** The exact number of ordered pairs of distinct pods, by what they may use. */
export interface LiveCount {
  readonly pods: number;
  readonly pairs: Whole;
  /** Of them, those that may use some port, whichever of several policies of equal priority is applied. */
  readonly allowed: Whole;
  /** Of them, those that may use more under some choice among policies of equal priority than under every one (corner 60). */
  readonly ambiguous: Whole;
  /** Of what is allowed in any case: most pairs first; equal numbers in the order of the sets' keys. */
  readonly byPorts: readonly { readonly allowed: PortSet; readonly pairs: Whole }[];
}

/** A whole number: a big integer where a number could not hold it exactly. */
export type Whole = number | bigint;

/** What one change has done. */
export interface Applied {
  /** How many classes were looked at: what the time goes with. */
  readonly touched: number;
  /** What it opened and closed; `undefined` unless asked for. */
  readonly difference: Difference | undefined;
}

/** One end of a connection; a pod by `Pod.id`, an address outside the cluster. */
export type LiveEnd =
  | { readonly kind: 'pod'; readonly id: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'address'; readonly address: Address };

/** As `SideDecision`, with the policy itself; `undefined` where none admits. */
export interface LiveSideDecision extends Omit<SideDecision, 'policy' | 'hits'> {
  readonly policy: NetworkPolicy | undefined;
  readonly hits: readonly (Omit<TierHit, 'policy'> & { readonly policy: TierPolicy })[];
}

/** As `Decision`. */
export interface LiveDecision extends Omit<Decision, 'egress' | 'ingress'> {
  readonly egress: LiveSideDecision;
  readonly ingress: LiveSideDecision;
}

/** What is asked of a change. */
export interface ApplyOptions {
  /** Whether to say what it opens and closes. That takes longer than the change itself. */
  readonly difference?: boolean;
}

/** How large everything is that a live cluster keeps. */
export interface LiveStats {
  readonly pods: number;
  readonly policies: number;
  readonly namespaces: number;
  readonly nodes: number;
  readonly classes: number;
  readonly labelSets: number;
  readonly rawLabelSets: number;
  readonly labels: number;
  readonly selectors: number;
  readonly namespaceSelectors: number;
  readonly groups: number;
  readonly peers: number;
  readonly blocks: number;
  readonly cells: number;
  readonly portSets: number;
  readonly ingressProfiles: number;
  readonly egressProfiles: number;
  readonly rows: number;
  readonly columns: number;
}
