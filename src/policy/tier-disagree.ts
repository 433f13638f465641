import { PortSet } from '../net/index.ts';
import type { TierSay } from './tier-decide.ts';

/** What a policy does with the ports of a connection that it decides. */
interface Decided {
  readonly policy: number;
  readonly accept: PortSet;
  readonly pass: PortSet;
  readonly deny: PortSet;
}

/** What may become of ports behind a tier: of one port both, where policies of equal priority disagree there. */
interface After {
  readonly allowed: PortSet;
  readonly denied: PortSet;
}

/**
 * Which policies disagree about a connection (corner 60): by index of the policy, the ports of which something else becomes
 * if another one of those that are equal to it decides.
 *
 * @param sayings - what each policy says of the connection, in the order in which they are asked
 * @param admitted - what NetworkPolicies admit; `undefined` where none isolates the side, so that Baseline decides (corner 55)
 * @param assume - what is assumed of rules of which files cannot tell whether they match (corner 23)
 */
export function disagreements(
  sayings: readonly TierSay[],
  admitted: PortSet | undefined,
  assume: 'closed' | 'open',
): ReadonlyMap<number, PortSet> {
  const found = new Map<number, PortSet>();
  const name = (policies: readonly Decided[], ports: PortSet): void => {
    if (ports.isEmpty) return;
    for (const each of policies) {
      const own = decidedBy([each]).intersect(ports);
      if (!own.isEmpty) found.set(each.policy, (found.get(each.policy) ?? PortSet.none).union(own));
    }
  };
  const groups = groupsOf(sayings, 'admin', assume);
  const baseline = groupsOf(sayings, 'baseline', assume);
  const after =
    admitted === undefined
      ? afterBaseline(baseline)
      : { allowed: admitted, denied: PortSet.all.minus(admitted) };
  let open = PortSet.all;
  let left = PortSet.none;
  for (const { policies } of groups) {
    const accept = PortSet.union(policies.map((each) => each.accept)).intersect(open);
    const pass = PortSet.union(policies.map((each) => each.pass)).intersect(open);
    const deny = PortSet.union(policies.map((each) => each.deny)).intersect(open);
    // To accept and to pass is one where all is allowed behind the tier, to deny and to pass where all is denied there.
    const differ = [
      accept.intersect(deny),
      accept.intersect(pass).intersect(after.denied),
      deny.intersect(pass).intersect(after.allowed),
    ];
    name(policies, PortSet.union(differ));
    left = left.union(pass);
    open = open.minus(decidedBy(policies));
  }
  if (admitted === undefined) nameBaseline(baseline, left.union(open), name);
  return found;
}

/** The Baseline tier, in which Pass allows, as Accept does (corner 61). */
function nameBaseline(
  groups: readonly Group[],
  asked: PortSet,
  name: (policies: readonly Decided[], ports: PortSet) => void,
): void {
  // What has no priority may stand first, last or between: it is an option wherever it decides.
  const unranked = groups.find(({ priority }) => priority === undefined)?.policies ?? [];
  name(unranked, allowedBy(unranked).intersect(deniedBy(unranked)).intersect(asked));
  let open = asked;
  for (const { priority, policies } of groups) {
    if (priority === undefined) continue;
    const options = [...policies, ...unranked];
    const reached = decidedBy(policies).intersect(open);
    name(options, allowedBy(options).intersect(deniedBy(options)).intersect(reached));
    open = open.minus(reached);
  }
}

/** What may become of ports of which the Baseline tier is asked. */
function afterBaseline(groups: readonly Group[]): After {
  const unranked = groups.find(({ priority }) => priority === undefined)?.policies ?? [];
  let allowed = allowedBy(unranked);
  let denied = deniedBy(unranked);
  let open = PortSet.all;
  for (const { priority, policies } of groups) {
    if (priority === undefined) continue;
    allowed = allowed.union(allowedBy(policies).intersect(open));
    denied = denied.union(deniedBy(policies).intersect(open));
    open = open.minus(decidedBy(policies));
  }
  return { allowed: allowed.union(open.minus(decidedBy(unranked))), denied };
}

function allowedBy(policies: readonly Decided[]): PortSet {
  return PortSet.union(policies.flatMap(({ accept, pass }) => [accept, pass]));
}

function deniedBy(policies: readonly Decided[]): PortSet {
  return PortSet.union(policies.map(({ deny }) => deny));
}

function decidedBy(policies: readonly Decided[]): PortSet {
  return PortSet.union(policies.flatMap(({ accept, pass, deny }) => [accept, pass, deny]));
}

/** Policies of one tier and priority. */
interface Group {
  readonly priority: number | undefined;
  readonly policies: readonly Decided[];
}

function groupsOf(
  sayings: readonly TierSay[],
  tier: TierSay['tier'],
  assume: 'closed' | 'open',
): readonly Group[] {
  const ofTier = sayings.filter((saying) => saying.tier === tier);
  return Array.from(
    Map.groupBy(ofTier, ({ priority }) => priority),
    ([priority, group]) => ({ priority, policies: group.map((saying) => decided(saying, assume)) }),
  );
}

/** What a policy decides: of each port the first of its rules that matches, or may and is taken to. */
function decided({ policy, rules, sure }: TierSay, assume: 'closed' | 'open'): Decided {
  const of = { accept: PortSet.none, pass: PortSet.none, deny: PortSet.none };
  let left = PortSet.all;
  for (const rule of rules) {
    const ports = rule.ports.intersect(left);
    const isSure = sure && rule.sure;
    if (!isSure && (rule.action === 'deny') !== (assume === 'closed')) continue;
    of[rule.action] = of[rule.action].union(ports);
    left = left.minus(ports);
  }
  return { policy, ...of };
}
