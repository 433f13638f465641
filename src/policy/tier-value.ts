import type { Direction, Tier } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds } from './labels.ts';
import { everybody } from './tier-peers.ts';

/** One rule of a tier with its peers and ports as ids. */
export interface CompiledTierRule {
  readonly action: 'accept' | 'deny' | 'pass';
  readonly peers: readonly number[];
  /** By entry of `peers`: its index in the manifest's list; empty for a rule that fails closed. */
  readonly written: readonly number[];
  readonly spec: number;
  /** Index in the manifest's list of rules. */
  readonly rule: number;
}

/** A policy of a tier in its place. */
export interface RankedPolicy {
  /** Index in `cluster.tierPolicies`. */
  readonly index: number;
  readonly tier: Tier;
  /** Policies of one tier with one priority have the same; `undefined` where the place is open (BaselineAdminNetworkPolicy). */
  readonly priority: number | undefined;
  readonly rules: { readonly [direction in Direction]: readonly CompiledTierRule[] };
}

/** A policy that selects an end; `unsure`: files cannot tell whether it does (corner 23). */
export interface TierStep {
  readonly policy: RankedPolicy;
  readonly unsure: boolean;
}

/**
 * What the tiers say of a connection, port by port: `accepted` whatever else is said, left to the NetworkPolicies
 * (`asked`), or neither, which is denied. The two have nothing in common.
 */
export interface TierValue<T = PortSet> {
  readonly accepted: T;
  readonly asked: T;
}

/** Sets that tiers decide about: the ports of one connection, or whatever else rules match some of. */
export interface SetAlgebra<T> {
  readonly none: T;
  readonly all: T;
  isEmpty(set: T): boolean;
  minus(a: T, b: T): T;
  intersect(a: T, b: T): T;
  union(sets: readonly T[]): T;
}

/** What rules match. */
export interface TierMatch<T> {
  /** Whether the peers of a rule mean the other end; absent where `match` says all that there is to say of it. */
  readonly holds?: (rule: CompiledTierRule) => Holds;
  /** What a rule matches when its peers do. */
  readonly match: (rule: CompiledTierRule, policy: RankedPolicy) => T;
}

/**
 * Which of the worlds that the API leaves open is evaluated: where policies of equal priority disagree, `sure` is what is allowed
 * whichever the implementation applies, `possible` what is allowed under some choice (corner 60).
 */
export type Bound = 'sure' | 'possible';

/** How everything that is open is taken. */
export interface Reading {
  readonly bound: Bound;
  /** What is assumed where files cannot tell whether a selector holds (corner 23). */
  readonly assume: 'closed' | 'open';
}

/** What is asked of the other end of a connection. */
export interface TierOther {
  readonly holds: (peer: number) => Holds;
  /** The ports that a spec means there (corner 57). */
  readonly resolve: (spec: number) => PortSet;
}

/** What policies say port by port while they are asked. */
interface Said<T> {
  accept: T;
  deny: T;
  pass: T;
}

/** What is asked, and with which sets it is answered. */
interface Asking<T> extends TierMatch<T>, Reading {
  readonly direction: Direction;
  readonly sets: SetAlgebra<T>;
}

/**
 * Evaluates the tiers of one side as ordered lists (corners 53 and 60): for each policy the first rule that matches, the
 * policies by priority, Admin before NetworkPolicy before Baseline.
 *
 * @param steps - the policies that select the subject, in the order of their tiers and priorities; those of the Baseline tier only
 *   where no NetworkPolicy isolates the subject, so that what is `asked` is allowed by nobody else (corners 55 and 64)
 */
export function evaluateTiers(
  steps: readonly TierStep[],
  direction: Direction,
  reading: Reading,
  other: TierOther,
): TierValue {
  return evaluateTiersOver(portSets, steps, direction, reading, {
    holds: (rule) => anyOf(rule.peers, other),
    match: (rule) => other.resolve(rule.spec),
  });
}

/** The same over any sets, as those of pods that could be there. */
export function evaluateTiersOver<T>(
  sets: SetAlgebra<T>,
  steps: readonly TierStep[],
  direction: Direction,
  { bound, assume }: Reading,
  { holds, match }: TierMatch<T>,
): TierValue<T> {
  const asking: Asking<T> = { sets, direction, bound, assume, ...(holds && { holds }), match };
  const first = steps.findIndex(({ policy }) => policy.tier === 'baseline');
  const admin = first < 0 ? steps : steps.slice(0, first);
  const value = evaluateAdmin(admin, asking);
  if (first < 0 || sets.isEmpty(value.asked)) return value;
  const denied = deniedByBaseline(steps.slice(first), value.asked, asking);
  return { accepted: value.accepted, asked: sets.minus(value.asked, denied) };
}

function evaluateAdmin<T>(steps: readonly TierStep[], asking: Asking<T>): TierValue<T> {
  const { sets } = asking;
  let open = sets.all;
  const accepted: T[] = [];
  const asked: T[] = [];
  // What a pass that files cannot decide may lower to, or raise to, what NetworkPolicies say.
  const bounds = { capped: sets.none, floored: sets.none };
  for (let i = 0; i < steps.length && !sets.isEmpty(open);) {
    const end = endOfGroup(steps, i);
    const said = sayOf(steps, i, end, open, asking, bounds);
    accepted.push(said.accept);
    asked.push(said.pass);
    open = undecided(open, said, sets);
    i = end;
  }
  asked.push(open);
  const all = { accepted: sets.union(accepted), asked: sets.union(asked) };
  const { capped, floored } = bounds;
  if (sets.isEmpty(capped) && sets.isEmpty(floored)) return all;
  return {
    accepted: sets.minus(all.accepted, capped),
    asked: sets.union([all.asked, sets.intersect(all.accepted, capped), sets.minus(floored, all.accepted)]),
  };
}

/** Of what the Admin tier leaves, the part that the Baseline tier denies; there Pass allows, as Accept does (corner 61). */
function deniedByBaseline<T>(steps: readonly TierStep[], asked: T, asking: Asking<T>): T {
  const { sets, bound } = asking;
  let open = asked;
  const denied: T[] = [];
  let i = 0;
  while (i < steps.length && steps[i]!.policy.priority !== undefined && !sets.isEmpty(open)) {
    const end = endOfGroup(steps, i);
    const said = sayOf(steps, i, end, open, asking, undefined);
    denied.push(said.deny);
    open = undecided(open, said, sets);
    i = end;
  }
  const ranked = sets.union(denied);
  while (i < steps.length && steps[i]!.policy.priority !== undefined) i++;
  if (i === steps.length) return ranked;
  // A BaselineAdminNetworkPolicy may stand first, last or between: what it says is one of the options wherever it matches,
  // and the only one where no other does.
  const said = sayOf(steps, i, steps.length, asked, asking, undefined);
  if (bound === 'sure') return sets.union([ranked, said.deny]);
  const allowed = sets.union([said.accept, said.pass]);
  return sets.union([sets.minus(ranked, allowed), sets.intersect(said.deny, open)]);
}

function undecided<T>(open: T, { accept, pass, deny }: Said<T>, sets: SetAlgebra<T>): T {
  return sets.minus(sets.minus(sets.minus(open, accept), pass), deny);
}

/** Policies with one priority in one tier are a group: the index after its last. */
function endOfGroup(steps: readonly TierStep[], start: number): number {
  const { priority } = steps[start]!.policy;
  let end = start + 1;
  while (end < steps.length && steps[end]!.policy.priority === priority) end++;
  return end;
}

/** What the policies of a group say of what is open; each of it in one of the three at most. */
function sayOf<T>(
  steps: readonly TierStep[],
  start: number,
  end: number,
  open: T,
  asking: Asking<T>,
  bounds: { capped: T; floored: T } | undefined,
): Said<T> {
  const { sets, bound } = asking;
  const said: Said<T> = { accept: sets.none, deny: sets.none, pass: sets.none };
  for (let i = start; i < end; i++) addPolicy(steps[i]!, open, asking, said, bounds);
  if (end - start === 1) return said;
  // Corner 60: where they disagree, any of them may be applied. What is passed leads to no less than a denial and no
  // more than an acceptance.
  if (bound === 'sure') {
    said.pass = sets.minus(said.pass, said.deny);
    said.accept = sets.minus(sets.minus(said.accept, said.deny), said.pass);
  } else {
    said.pass = sets.minus(said.pass, said.accept);
    said.deny = sets.minus(sets.minus(said.deny, said.accept), said.pass);
  }
  return said;
}

/** Adds what one policy says: of each port its first rule that matches. */
function addPolicy<T>(
  { policy, unsure }: TierStep,
  open: T,
  { sets, direction, assume, holds: holdsFor, match }: Asking<T>,
  said: Said<T>,
  bounds: { capped: T; floored: T } | undefined,
): void {
  let left = open;
  for (const rule of policy.rules[direction]) {
    const { action } = rule;
    const holds = holdsFor?.(rule) ?? yes;
    if (holds === no) continue;
    const hit = sets.intersect(left, match(rule, policy));
    if (sets.isEmpty(hit)) continue;
    if (holds === yes) left = sets.minus(left, hit);
    if (holds === yes && !unsure) {
      said[action] = sets.union([said[action], hit]);
    } else if (action === 'pass' && bounds !== undefined) {
      // Corner 23: the rule matches or it does not; the connection gets the lesser of both, or the greater.
      if (assume === 'closed') bounds.capped = sets.union([bounds.capped, hit]);
      else bounds.floored = sets.union([bounds.floored, hit]);
    } else if ((action === 'deny') === (assume === 'closed')) {
      said[action] = sets.union([said[action], hit]);
      left = sets.minus(left, hit);
    }
    if (sets.isEmpty(left)) return;
  }
}

/** Whether one of some peers means an end, which a rule asks for. */
export function anyOf(peers: readonly number[], other: Pick<TierOther, 'holds'>): Holds {
  let holds: Holds = no;
  for (const peer of peers) {
    const own = peer === everybody ? yes : other.holds(peer);
    if (own === yes) return yes;
    if (own === unknown) holds = unknown;
  }
  return holds;
}

// Most rules are about every port or about none that is left: no set is made for these.

const portSets: SetAlgebra<PortSet> = {
  none: PortSet.none,
  all: PortSet.all,
  isEmpty: (set) => set.isEmpty,
  minus: (a, b) => {
    if (a.isEmpty || b.isEmpty) return a;
    return b.isAll || a === b ? PortSet.none : a.minus(b);
  },
  intersect: (a, b) => {
    if (a.isEmpty || b.isAll) return a;
    return b.isEmpty || a.isAll ? b : a.intersect(b);
  },
  union: (sets) => {
    const some = sets.filter((set) => !set.isEmpty);
    return some.length > 1 ? PortSet.union(some) : (some[0] ?? PortSet.none);
  },
};
