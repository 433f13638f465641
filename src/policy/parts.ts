import type { Direction } from '../model/index.ts';
import type { RuleTable } from './rules.ts';

/** Policies of one namespace that select the same pods. */
export interface SubjectGroup {
  readonly namespace: number;
  readonly selector: number;
  /** Indices in `cluster.policies`, ascending. */
  readonly policies: readonly number[];
}

/** One rule with its peers and ports as ids; index `i` of `peers` is index `i` of the manifest's list. */
export interface CompiledRule {
  readonly peers: readonly number[];
  readonly spec: number;
}

/** By direction and policy: its rules, `undefined` where the policy does not isolate that direction (corners 1, 4, 5). */
export type CompiledRules = { readonly [direction in Direction]: RuleTable };

/** A group of policies that selects a class; `unsure`: files cannot tell whether it does. */
export interface Selection {
  readonly group: number;
  readonly unsure: boolean;
}

/** What all policies of a class together say in one direction: for each peer, the ports. */
export interface ClassProfile {
  readonly isolated: boolean;
  /** Ascending. */
  readonly peers: readonly number[];
  /** Port sets in ingress, where names are resolved; port specs in egress, where each destination resolves them. */
  readonly ports: readonly number[];
  /** The list of its tiers, which are asked before and after (corners 53 and 60); 0 where they say nothing. */
  readonly tiers: number;
}

/** Id of the profile of classes that nothing isolates and of which no tier speaks, in both directions. */
export const openProfile = 0;
