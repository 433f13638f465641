import type { Direction, NetworkPolicy, Peer, Rule } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import { everyPortOf } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd, SelectingPolicy } from '../policy/index.ts';
import type { PolicyCheck, RuleCheck, SideExplanation, TierCheck } from './types.ts';
import { checkPeers, peerHolds } from './walk-peers.ts';
import { checkPorts, resolveEntry } from './walk-ports.ts';
import { nameOf, shownOf } from './walk-question.ts';
import type { WalkQuestion } from './walk-question.ts';
import { walkTiers } from './walk-tiers.ts';
import { peersText, rulePortsText } from './words.ts';

/** Asks every policy of one side about a connection, in the order of the input. */
export function walkSide(policy: CompiledPolicy, question: WalkQuestion): SideExplanation {
  const { direction, subject, other, family } = question;
  const exempt = exemption(policy, question);
  const isOwnNode = other !== undefined && policy.pairs.isOwnNode(direction, subject, other);
  const isolated = exempt === undefined && !isOwnNode && policy.isolated(direction, subject);
  const tiers = exempt === undefined ? walkTiers(policy, question) : [];
  const isolating = isolated
    ? policy.selecting(subject).filter(({ policy: each }) => each[direction].kind === 'isolates')
    : [];
  const surelyIsolated = isolating.some(({ sure }) => sure);
  const checks = isolating.map((selecting) => checkPolicy(policy, selecting, surelyIsolated, question));
  const allowed =
    exempt !== undefined || (!isolated && tiers.length === 0)
      ? PortSet.all
      : other === undefined
        ? PortSet.none
        : policy.parts.ports.set(policy.pairs.sideAllowed(direction, subject, other, family));
  return {
    direction,
    subject: question.subjectName ?? nameOf(policy, subject),
    isolated,
    state: stateOf(
      policy,
      question,
      allowed,
      isolated || (tiers.length > 0 && other !== undefined),
      checks,
      tiers,
    ),
    tiers,
    networkPoliciesAsked:
      tiers.length === 0 ||
      other === undefined ||
      [policy, policy.possible].some(
        (each) =>
          !each.pairs.tierAsked(direction, subject, other, family).intersect(question.ports ?? PortSet.all)
            .isEmpty,
      ),
    exempt,
    policies: checks,
    allowed,
  };
}

function stateOf(
  policy: CompiledPolicy,
  { direction, subject, other, family, ports }: WalkQuestion,
  allowed: PortSet,
  isPoliced: boolean,
  checks: readonly PolicyCheck[],
  tiers: readonly TierCheck[],
): SideExplanation['state'] {
  if (!isPoliced) return 'open';
  const asked = ports ?? allowed;
  const shared = allowed.intersect(asked);
  if (!shared.isEmpty && asked.equals(shared)) return 'open';
  if (other !== undefined && tiers.some(({ ambiguous }) => ambiguous === true)) {
    const { possible } = policy;
    const most = possible.parts.ports.set(possible.pairs.sideAllowed(direction, subject, other, family));
    if (!most.intersect(ports ?? PortSet.all).minus(allowed).isEmpty) return 'ambiguous';
  }
  if (!shared.isEmpty) return 'partly';
  if (tiers.some(({ effect }) => effect === 'unknown')) return 'unknown';
  return checks.some(({ effect }) => effect === 'unknown') ? 'unknown' : 'closed';
}

function exemption(policy: CompiledPolicy, { direction, subject, other }: WalkQuestion): string | undefined {
  if (other !== undefined) {
    const pair = direction === 'egress' ? ([subject, other] as const) : ([other, subject] as const);
    switch (policy.exemption(...pair)) {
      case 'self':
        return 'a pod always reaches itself';
      case 'node':
        return 'a pod and its own node always reach each other';
      case undefined:
    }
  }
  switch (subject.kind) {
    case 'address':
      return 'it is outside the cluster, where no policy applies';
    case 'node':
      return 'it is a node, and no policy selects nodes';
    case 'pod':
      return policy.classOf(subject) < 0
        ? 'it runs on the host network, so it counts as its node, and no policy selects it'
        : undefined;
  }
}

function checkPolicy(
  policy: CompiledPolicy,
  { policy: each, index, sure }: SelectingPolicy,
  surelyIsolated: boolean,
  question: WalkQuestion,
): PolicyCheck {
  const { direction, subject, other, family, ports } = question;
  const spec = each[direction];
  const rules = spec.kind === 'isolates' ? spec.rules : [];
  const admitted = new Map<number, Admitting>();
  const facts: RuleFacts[] = [];
  if (other !== undefined) {
    for (const [rule, set] of policy.pairs.admittedByRule(direction, index, subject, other, [family])) {
      if (policy.parts.ports.set(set).intersect(ports ?? PortSet.all).isEmpty) continue;
      admitted.set(rule, admittingEntries(policy, each, rules[rule]!, question, other));
    }
    if (admitted.size === 0 || !sure) {
      for (const rule of rules) facts.push(factsOf(policy, each, rule, question, other));
    }
  }
  const first = admitted.keys().next().value;
  const telling = first ?? facts.findIndex(({ peer, port }) => peer !== false && port !== false);
  const checks = shownOf(rules.length, telling).map((i): RuleCheck => {
    const path = ['spec', direction, i];
    const entries = admitted.get(i);
    return {
      rule: i,
      admits: entries !== undefined,
      peers: checkPeers(policy, each, rules[i]!, i, question, entries?.peer),
      ports: checkPorts(policy, each, rules[i]!, i, question, entries?.port),
      place: each.origin.locate(path),
      endLine: each.origin.endLine(path),
    };
  });
  if (other === undefined) {
    return {
      policy: each,
      effect: sure ? (rules.length > 0 ? 'admits' : 'doesNotAdmit') : 'unknown',
      summary: admitsText(each, direction, rules),
      rules: checks,
      place: each.origin.locate([]),
    };
  }
  if (first !== undefined && sure) {
    const { peer, port } = admitted.get(first)!;
    return {
      policy: each,
      effect: 'admits',
      summary: `rule ${first + 1}`,
      rules: checks,
      rule: first,
      ...(peer === undefined ? {} : { peer }),
      ...(port === undefined ? {} : { port }),
      place: each.origin.locate(['spec', direction, first]),
    };
  }
  // Corner 23: what cannot be told matters only where the answer could turn: a rule that might admit it, or a policy
  // that might not select the subject when no other is sure to isolate it.
  const unknown = sure
    ? facts.some(({ peer, port }) => peer === 'unknown' && port !== false)
    : !surelyIsolated || facts.some(({ peer, port }) => peer !== false && port !== false);
  return {
    policy: each,
    effect: unknown ? 'unknown' : 'doesNotAdmit',
    summary: unknown
      ? 'cannot tell: it asks for labels that only a cluster sets'
      : failureText(rules, facts, direction),
    rules: checks,
    place: each.origin.locate([]),
  };
}

/** The entries by which a rule admits; `undefined` where it admits every peer, or every port. */
interface Admitting {
  readonly peer: number | undefined;
  readonly port: number | undefined;
}

/** The first peer of an admitting rule with the first port that it opens for this peer. */
function admittingEntries(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  rule: Rule,
  question: WalkQuestion,
  other: PolicyEnd,
): Admitting {
  const { direction, ports } = question;
  const destination = direction === 'ingress' ? question.subject : other;
  const portOf = (withNames: boolean): number | undefined => {
    if (rule.ports.kind === 'all') return undefined;
    return rule.ports.ports.findIndex((entry) => {
      if (entry.kind === 'named' && !withNames) return false;
      const { set } = resolveEntry(policy, entry, direction, destination, '');
      return !set.intersect(ports ?? PortSet.all).isEmpty;
    });
  };
  const port = portOf(true);
  if (rule.peers.kind === 'any') return { peer: undefined, port };
  // Corner 29: behind an ipBlock of an egress rule, some implementations resolve no names.
  const numbered = direction === 'egress' && !policy.profile.namedPortOnIpBlock ? portOf(false) : port;
  const portFor = (kind: Peer['kind']): number | undefined => (kind === 'ipBlock' ? numbered : port);
  const peer = rule.peers.peers.findIndex((entry) => {
    if (portFor(entry.kind) === -1) return false;
    const holds = peerHolds(policy, each, entry, question, other);
    return holds === true || (holds === 'unknown' && policy.parts.assume === 'open');
  });
  const found = rule.peers.peers[peer];
  return found === undefined ? { peer: undefined, port } : { peer, port: portFor(found.kind) };
}

/** What a rule says about the two halves of a connection, whether or not the walk shows it. */
interface RuleFacts {
  readonly peer: boolean | 'unknown';
  /** `none` when no port was asked about. */
  readonly port: boolean | 'none';
}

function factsOf(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  rule: Rule,
  question: WalkQuestion,
  other: PolicyEnd,
): RuleFacts {
  const { direction, subject, ports } = question;
  let peer: RuleFacts['peer'] = rule.peers.kind === 'any';
  for (const entry of rule.peers.kind === 'any' ? [] : rule.peers.peers) {
    const holds = peerHolds(policy, each, entry, question, other);
    if (holds !== false) peer = holds;
    if (holds === true) break;
  }
  const destination = direction === 'ingress' ? subject : other;
  const isAsked = (set: PortSet): boolean => ports === undefined || !set.intersect(ports).isEmpty;
  const port =
    ports === undefined
      ? 'none'
      : rule.ports.kind === 'all'
        ? isAsked(everyPortOf(policy.profile))
        : rule.ports.ports.some((entry) =>
            isAsked(resolveEntry(policy, entry, direction, destination, '').set),
          );
  return { peer, port };
}

function failureText(rules: readonly Rule[], facts: readonly RuleFacts[], direction: Direction): string {
  if (rules.length === 0) return 'admits nothing';
  const peerMatches = facts.some(({ peer }) => peer === true);
  const portMatches = facts.some(({ port }) => port === true);
  const what = direction === 'ingress' ? 'peer' : 'destination';
  if (peerMatches && portMatches) return `does not admit it: no rule with both the ${what} and the port`;
  if (peerMatches) return 'does not admit it: the port';
  return portMatches || facts.every(({ port }) => port === 'none')
    ? `does not admit it: the ${what}`
    : `does not admit it: the ${what} and the port`;
}

function admitsText(policy: NetworkPolicy, direction: Direction, rules: readonly Rule[]): string {
  if (rules.length === 0) return 'admits nothing';
  const texts = rules
    .slice(0, 3)
    .map(
      (rule) => `${direction === 'ingress' ? '' : 'to '}${peersText(rule, policy)} on ${rulePortsText(rule)}`,
    );
  if (rules.length > 3) texts.push(`and ${rules.length - 3} more ${rules.length === 4 ? 'rule' : 'rules'}`);
  return `admits ${texts.join('; ')}`;
}
