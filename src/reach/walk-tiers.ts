import type { Direction, TierRule } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { CompiledPolicy, TierSay } from '../policy/index.ts';
import type { TierCheck } from './types.ts';
import type { WalkQuestion } from './walk-question.ts';
import { tierPeersText, tierPortsText } from './words.ts';

const words = { accept: 'accepts', deny: 'denies', pass: 'passes' } as const;

/** Asks the policies of the tiers of one side, in their order, about the ports that were asked about. */
export function walkTiers(policy: CompiledPolicy, question: WalkQuestion): readonly TierCheck[] {
  const { direction, subject, other, family, ports } = question;
  if (policy.classOf(subject) < 0) return [];
  if (other === undefined) {
    return policy.pairs.tiersOn(direction, subject).map((index): TierCheck => {
      const each = policy.cluster.tierPolicies[index]!;
      const rules = each[direction].length;
      return {
        policy: each,
        effect: 'none',
        summary: `${rules} ${rules === 1 ? 'rule' : 'rules'}`,
        place: each.origin.locate([]),
        endLine: undefined,
      };
    });
  }
  const sayings = policy.pairs.tierSayings(direction, subject, other, family);
  const disagree = policy.pairs.tierDisagreements(direction, subject, other, family);
  const isAmbiguous = ({ policy: index }: TierSay): boolean =>
    disagree.get(index)?.intersect(ports ?? PortSet.all).isEmpty === false;
  const checks: TierCheck[] = [];
  let left = ports ?? PortSet.all;
  for (const tier of ['admin', 'baseline'] as const) {
    const ofTier = sayings.filter((saying) => saying.tier === tier);
    let open = left;
    let passed = PortSet.none;
    for (const [priority, group] of Map.groupBy(ofTier, (saying) => saying.priority)) {
      // What has no priority may stand first (corner 60).
      const asked = priority === undefined ? left : open;
      for (const saying of group) checks.push(checkOf(policy, question, saying, asked, isAmbiguous(saying)));
      for (const { rules, sure } of group) {
        for (const rule of rules) {
          if (!sure || !rule.sure) continue;
          if (rule.action === 'pass') passed = passed.union(rule.ports.intersect(open));
          open = open.minus(rule.ports);
        }
      }
    }
    left = open.union(passed);
  }
  return checks;
}

/** Why no rule of a policy matches: the half of a connection that none means, and of a single rule what it means. */
function missText(
  rules: readonly TierRule[],
  { halves }: TierSay,
  asked: PortSet,
  direction: Direction,
): string {
  const what = direction === 'ingress' ? 'peer' : 'destination';
  const isPeer = halves.some(({ peer }) => peer);
  const isPort = halves.some(({ ports }) => !ports.intersect(asked).isEmpty);
  const [only] = rules;
  const wants = (text: (rule: TierRule) => string): string =>
    only === undefined || rules.length > 1 ? '' : ` (rule 1: ${text(only)})`;
  if (isPeer)
    return isPort
      ? `no rule matches: none with both the ${what} and the port`
      : `no rule matches: the port${wants(tierPortsText)}`;
  return isPort
    ? `no rule matches: the ${what}${wants(tierPeersText)}`
    : `no rule matches: the ${what} and the port`;
}

/** @param disagrees - whether another policy that may be applied in its place leads to something else (corner 60) */
function checkOf(
  compiled: CompiledPolicy,
  { direction }: WalkQuestion,
  saying: TierSay,
  asked: PortSet,
  disagrees: boolean,
): TierCheck {
  const policy = compiled.cluster.tierPolicies[saying.policy]!;
  const common = { policy, place: policy.origin.locate([]), endLine: undefined };
  if (asked.isEmpty) return { ...common, effect: 'notAsked', summary: 'not asked: it is decided before' };
  const matching = saying.rules.filter(({ ports }) => !ports.intersect(asked).isEmpty);
  const [first] = matching;
  if (first === undefined)
    return { ...common, effect: 'none', summary: missText(policy[direction], saying, asked, direction) };
  const actions = new Set(matching.map(({ action }) => action));
  const isUnknown = !saying.sure || matching.some(({ sure }) => !sure);
  const rules = policy[direction];
  const isOfDomains =
    saying.sure &&
    matching.every(({ sure, rule, peer }) => sure || rules[rule]?.peers[peer]?.kind === 'domainNames');
  const isAll = asked.minus(first.ports).isEmpty;
  const what = `rule ${first.rule + 1} ${words[first.action]} ${isAll ? 'it' : 'part of it'}`;
  const name = rules[first.rule]?.name;
  const path = ['spec', direction, first.rule];
  return {
    policy,
    effect: isUnknown ? 'unknown' : actions.size > 1 ? 'several' : words[first.action],
    summary: isUnknown
      ? `cannot tell: it ${isOfDomains ? 'names domains, whose addresses only a cluster knows' : 'asks for labels that only a cluster sets'}`
      : first.failsClosed
        ? `${what}: a peer or port of it is not known, so it fails closed`
        : `${what}${name === undefined || name === '' ? '' : ` (${name})`}`,
    rule: first.rule,
    ...(first.peer < 0 ? {} : { peer: first.peer }),
    ...(first.failsClosed ? { failsClosed: true } : {}),
    ...(disagrees ? { ambiguous: true } : {}),
    place: policy.origin.locate(path),
    endLine: policy.origin.endLine(path),
  };
}
