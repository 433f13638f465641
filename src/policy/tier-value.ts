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
export interface TierValue {
  readonly accepted: PortSet;
  readonly asked: PortSet;
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
interface Said {
  accept: PortSet;
  deny: PortSet;
  pass: PortSet;
}

const noBound = { capped: PortSet.none, floored: PortSet.none };

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
  const first = steps.findIndex(({ policy }) => policy.tier === 'baseline');
  const admin = first < 0 ? steps : steps.slice(0, first);
  const value = evaluateAdmin(admin, direction, reading, other);
  if (first < 0 || value.asked.isEmpty) return value;
  const denied = deniedByBaseline(steps.slice(first), value.asked, direction, reading, other);
  return { accepted: value.accepted, asked: minus(value.asked, denied) };
}

function evaluateAdmin(
  steps: readonly TierStep[],
  direction: Direction,
  reading: Reading,
  other: TierOther,
): TierValue {
  let open = PortSet.all;
  const accepted: PortSet[] = [];
  const asked: PortSet[] = [];
  // What a pass that files cannot decide may lower to, or raise to, what NetworkPolicies say.
  const bounds = { ...noBound };
  for (let i = 0; i < steps.length && !open.isEmpty;) {
    const end = endOfGroup(steps, i);
    const said = sayOf(steps, i, end, open, direction, reading, other, bounds);
    accepted.push(said.accept);
    asked.push(said.pass);
    open = minus(minus(minus(open, said.accept), said.pass), said.deny);
    i = end;
  }
  asked.push(open);
  const all = { accepted: union(accepted), asked: union(asked) };
  if (bounds.capped.isEmpty && bounds.floored.isEmpty) return all;
  const { capped, floored } = bounds;
  return {
    accepted: minus(all.accepted, capped),
    asked: union([all.asked, intersect(all.accepted, capped), minus(floored, all.accepted)]),
  };
}

/** Of what the Admin tier leaves, the part that the Baseline tier denies; there Pass allows, as Accept does (corner 61). */
function deniedByBaseline(
  steps: readonly TierStep[],
  asked: PortSet,
  direction: Direction,
  reading: Reading,
  other: TierOther,
): PortSet {
  let open = asked;
  const denied: PortSet[] = [];
  let i = 0;
  while (i < steps.length && steps[i]!.policy.priority !== undefined && !open.isEmpty) {
    const end = endOfGroup(steps, i);
    const said = sayOf(steps, i, end, open, direction, reading, other, undefined);
    denied.push(said.deny);
    open = minus(minus(minus(open, said.accept), said.pass), said.deny);
    i = end;
  }
  const ranked = union(denied);
  while (i < steps.length && steps[i]!.policy.priority !== undefined) i++;
  if (i === steps.length) return ranked;
  // A BaselineAdminNetworkPolicy may stand first, last or between: what it says is one of the options wherever it matches,
  // and the only one where no other does.
  const said = sayOf(steps, i, steps.length, asked, direction, reading, other, undefined);
  if (reading.bound === 'sure') return union([ranked, said.deny]);
  const allowed = union([said.accept, said.pass]);
  return union([minus(ranked, allowed), intersect(said.deny, open)]);
}

/** Policies with one priority in one tier are a group: the index after its last. */
function endOfGroup(steps: readonly TierStep[], start: number): number {
  const { priority } = steps[start]!.policy;
  let end = start + 1;
  while (end < steps.length && steps[end]!.policy.priority === priority) end++;
  return end;
}

/** What the policies of a group say of the ports that are open; each port in one of the three at most. */
function sayOf(
  steps: readonly TierStep[],
  start: number,
  end: number,
  open: PortSet,
  direction: Direction,
  reading: Reading,
  other: TierOther,
  bounds: { capped: PortSet; floored: PortSet } | undefined,
): Said {
  const said = { accept: PortSet.none, deny: PortSet.none, pass: PortSet.none };
  for (let i = start; i < end; i++) addPolicy(steps[i]!, open, direction, reading, other, said, bounds);
  if (end - start === 1) return said;
  // Corner 60: where they disagree, any of them may be applied. What is passed leads to no less than a denial and no
  // more than an acceptance.
  if (reading.bound === 'sure') {
    said.pass = minus(said.pass, said.deny);
    said.accept = minus(minus(said.accept, said.deny), said.pass);
  } else {
    said.pass = minus(said.pass, said.accept);
    said.deny = minus(minus(said.deny, said.accept), said.pass);
  }
  return said;
}

/** Adds what one policy says: for each port its first rule that matches. */
function addPolicy(
  { policy, unsure }: TierStep,
  open: PortSet,
  direction: Direction,
  { assume }: Reading,
  other: TierOther,
  said: Said,
  bounds: { capped: PortSet; floored: PortSet } | undefined,
): void {
  let left = open;
  for (const { action, peers, spec } of policy.rules[direction]) {
    const holds = anyOf(peers, other);
    if (holds === no) continue;
    const hit = intersect(left, other.resolve(spec));
    if (hit.isEmpty) continue;
    if (holds === yes) left = minus(left, hit);
    if (holds === yes && !unsure) {
      said[action] = union([said[action], hit]);
    } else if (action === 'pass' && bounds !== undefined) {
      // Corner 23: the rule matches or it does not; the connection gets the lesser of both, or the greater.
      if (assume === 'closed') bounds.capped = union([bounds.capped, hit]);
      else bounds.floored = union([bounds.floored, hit]);
    } else if ((action === 'deny') === (assume === 'closed')) {
      said[action] = union([said[action], hit]);
      left = minus(left, hit);
    }
    if (left.isEmpty) return;
  }
}

function anyOf(peers: readonly number[], other: TierOther): Holds {
  let holds: Holds = no;
  for (const peer of peers) {
    const own = peer === everybody ? yes : other.holds(peer);
    if (own === yes) return yes;
    if (own === unknown) holds = unknown;
  }
  return holds;
}

// Most rules are about every port or about none that is left: no set is made for these.

function minus(a: PortSet, b: PortSet): PortSet {
  if (a.isEmpty || b.isEmpty) return a;
  return b.isAll || a === b ? PortSet.none : a.minus(b);
}

function intersect(a: PortSet, b: PortSet): PortSet {
  if (a.isEmpty || b.isAll) return a;
  return b.isEmpty || a.isAll ? b : a.intersect(b);
}

function union(sets: readonly PortSet[]): PortSet {
  const some = sets.filter((set) => !set.isEmpty);
  return some.length > 1 ? PortSet.union(some) : (some[0] ?? PortSet.none);
}
