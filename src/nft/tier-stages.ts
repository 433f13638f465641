import type { CompiledPolicy } from '../policy/index.ts';

// What a kernel asks, one question after another, to come to what the tiers say for sure: what is allowed whichever of equal
// policies is applied (corner 60).

/** A list of the tiers that the engine has compiled: what they say in one direction of some pods. */
export type TierList = ReturnType<NonNullable<CompiledPolicy['parts']['tiers']>['lists']['egress']['list']>;
/** One policy of a list. */
export type TierStep = TierList['steps'][number];
/** One rule of a policy. */
export type CompiledTierRule = TierStep['policy']['rules']['egress'][number];

/**
 * One policy, and which of its rules count. Where policies of one priority stand together, what any of them denies is
 * denied, then what any passes is passed, then what is left and accepted is accepted: each stage asks one thing of one
 * policy. `all`: a policy whose place is its own.
 */
export interface Stage {
  readonly step: TierStep;
  readonly asks: 'all' | 'deny' | 'pass' | 'accept';
}

/** Stages in the order in which they are asked. */
export interface Stages {
  readonly admin: readonly Stage[];
  readonly baseline: readonly Stage[];
}

/** The stages of policies in the order of their tiers and priorities. */
export function stagesOf(steps: readonly TierStep[], direction: 'ingress' | 'egress'): Stages {
  const stages: Record<'admin' | 'baseline', Stage[]> = { admin: [], baseline: [] };
  for (let i = 0; i < steps.length;) {
    const { tier, priority } = steps[i]!.policy;
    let end = i + 1;
    while (end < steps.length && steps[end]!.policy.tier === tier && steps[end]!.policy.priority === priority)
      end++;
    const group = steps.slice(i, end);
    // A policy without priority may stand anywhere in its tier: what it denies is denied for sure nowhere else, and what it
    // allows others may still deny (corner 53).
    if (priority === undefined) stages[tier].unshift(...group.map((step): Stage => ({ step, asks: 'deny' })));
    else if (group.length === 1) stages[tier].push({ step: group[0]!, asks: 'all' });
    else stages[tier].push(...tied(group, direction));
    i = end;
  }
  return stages;
}

function tied(group: readonly TierStep[], direction: 'ingress' | 'egress'): readonly Stage[] {
  return (['deny', 'pass', 'accept'] as const).flatMap((asks) =>
    group
      .filter(({ policy }) => policy.rules[direction].some(({ action }) => action === asks))
      .map((step) => ({ step, asks })),
  );
}

/**
 * What a rule does to a flow that it matches. `skip`: the policy has spoken, and the next stage is asked. `capped`: files cannot
 * tell whether it is passed, so it gets no more than the NetworkPolicies admit, whatever is said later; `skipCapped` is both.
 */
export type Effect = 'allowed' | 'denied' | 'passed' | 'skip' | 'capped' | 'skipCapped';

/**
 * The effect of a rule in a stage; `undefined` where it has none.
 *
 * @param certain - whether its peer is known to be the other end; where files cannot tell, only what closes counts (corner 23)
 */
export function effectOf(
  { asks, step: { policy, unsure } }: Stage,
  action: CompiledTierRule['action'],
  certain: boolean,
): Effect | undefined {
  const isAdmin = policy.tier === 'admin';
  const whole = wholeEffect(action, certain, unsure, isAdmin);
  switch (asks) {
    case 'all':
      return whole;
    case 'deny':
      if (whole === undefined || whole === 'denied') return whole;
      return whole === 'capped' ? undefined : 'skip';
    case 'pass':
      // What it denies has been denied by now.
      if (whole === 'denied') return undefined;
      return whole === 'allowed' && (isAdmin || action === 'accept') ? 'skip' : whole;
    case 'accept':
      return action === 'accept' && whole === 'allowed' ? whole : undefined;
  }
}

function wholeEffect(
  action: CompiledTierRule['action'],
  certain: boolean,
  unsure: boolean,
  isAdmin: boolean,
): Effect | undefined {
  if (action === 'deny') return 'denied';
  if (certain && !unsure) {
    // Corner 61: Pass of the Baseline tier leads to what is allowed.
    return action === 'pass' && isAdmin ? 'passed' : 'allowed';
  }
  const isCapped = action === 'pass' && isAdmin;
  if (certain) return isCapped ? 'skipCapped' : 'skip';
  return isCapped ? 'capped' : undefined;
}

/** The effect where the NetworkPolicies have the last word of what is not denied. */
export function capped(effect: Effect | undefined): Effect | undefined {
  switch (effect) {
    case 'allowed':
      return 'passed';
    case 'skipCapped':
      return 'skip';
    case 'capped':
      return undefined;
    default:
      return effect;
  }
}
