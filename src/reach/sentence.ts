import { families, PortSet } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { answerOf } from './pairs.ts';
import type { Pair } from './pairs.ts';
import type { SideExplanation, TierCheck, Verdict } from './types.ts';
import { nameOf } from './walk-question.ts';
import { peersText, portsText, tierPolicyName } from './words.ts';

/** What a verdict is said of. */
export interface Told {
  readonly policy: CompiledPolicy;
  /** The operands, and the ports as they were asked about. */
  readonly from: string;
  readonly to: string;
  readonly port: string | undefined;
  readonly verdict: Verdict;
  /** Of an unknown verdict: the behaviours that the profile does not know and that decide it. */
  readonly unread?: readonly string[];
  readonly pairs: readonly Pair[];
  /** The pair that the two sides are about. */
  readonly shown: Pair;
  /** Whether all pairs are alike, so that what is said of the shown one holds for the operands. */
  readonly alike: boolean;
  readonly egress: SideExplanation;
  readonly ingress: SideExplanation;
}

/** The verdict in one sentence, in the reader's names. */
export function sentenceOf(told: Told): string {
  const { from, to, port, verdict, shown } = told;
  const on = port === undefined ? '' : ` on ${port}`;
  switch (verdict) {
    case 'allowed':
      return `${from} can reach ${to}${port === undefined ? ` on ${openPorts(told)}` : on}`;
    case 'unknown':
      return told.unread === undefined
        ? `whether ${from} can reach ${to}${on} depends on ${untellable(told)}`
        : `whether ${from} can reach ${to}${on} depends on what the profile ${told.policy.profile.name} does not know: ${told.unread.join(', ')}`;
    case 'ambiguous':
      return `whether ${from} can reach ${to}${on} depends on the implementation: ${disagreement(told)}`;
    case 'denied':
      return told.alike
        ? `${from} cannot reach ${to}${on}: ${becauseOf(told)}`
        : `${from} cannot reach ${to}${on}: no pair of them may; of ${pairName(told, shown)}, ${becauseOf(told)}`;
    case 'partly':
      return `${from} can reach ${to}${on} partly: ${parts(told)}`;
  }
}

/** What files cannot tell (corners 23 and 63). */
function untellable({ policy }: Told): string {
  return policy.parts.podLabels.hasUndecided
    ? 'labels that only the cluster sets'
    : 'the addresses that a domain name stands for';
}

/** Which policies of equal priority say different things (corner 60). */
function disagreement({ egress, ingress }: Told): string {
  const texts = [egress, ingress].flatMap(({ tiers }) => {
    const open = tiers.filter(({ ambiguous }) => ambiguous === true);
    if (open.length === 0) return [];
    const names = open.map((check) => `${tierPolicyName(check.policy)} (${tierVerb(check)})`);
    const priority = open.find(({ policy }) => policy.priority !== undefined)?.policy.priority;
    const all = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
    return [
      open.some(({ policy }) => policy.priority === undefined)
        ? `the order of ${all} is not defined`
        : `${all} have equal priority ${priority}`,
    ];
  });
  return texts.join(', and ');
}

function tierVerb({ effect, rule }: TierCheck): string {
  const at = rule === undefined ? '' : `, rule ${rule + 1}`;
  return effect === 'accepts' || effect === 'denies' || effect === 'passes'
    ? `${effect}${at}`
    : `says both${at}`;
}

/** Which ports are open where none was asked about. */
function openPorts({ pairs, shown }: Told): string {
  // Of a Service, its own ports are asked about where none is named.
  if (shown.asked !== undefined) return 'all its ports';
  if (pairs.every((pair) => pair.allowed.equals(shown.allowed))) return portsText(shown.allowed);
  const byFamily = allowedByFamily(pairs);
  if (byFamily !== undefined) {
    return families
      .flatMap((family) =>
        byFamily[family] === undefined ? [] : [`${portsText(byFamily[family])} over ${family}`],
      )
      .join(' and ');
  }
  const common = pairs.reduce((set, { allowed }) => set.intersect(allowed), PortSet.all);
  return common.isEmpty
    ? 'some ports, not the same for all of their pods'
    : `${portsText(common)}, and some of their pods on more`;
}

/** What all pairs of a family may use, where that is the same for all and the families differ. */
export function allowedByFamily(
  pairs: readonly Pair[],
): { readonly [family in Family]?: PortSet } | undefined {
  const found: { [family in Family]?: PortSet } = {};
  for (const { family, allowed } of pairs) {
    if (family === undefined) return undefined;
    const known = found[family];
    if (known !== undefined && !known.equals(allowed)) return undefined;
    found[family] = allowed;
  }
  const { IPv4, IPv6 } = found;
  return IPv4 === undefined || IPv6 === undefined || IPv4.equals(IPv6) ? undefined : found;
}

/** What is open and what is not, by an example of each. */
function parts(told: Told): string {
  const { pairs, shown } = told;
  const open = pairs.find((pair) => answerOf(pair) === 'allowed');
  const some = pairs.find((pair) => answerOf(pair) === 'partly');
  if (pairs.every((pair) => samePair(pair, shown))) {
    if (open !== undefined) {
      const how = shown.family === undefined ? '' : ` over ${shown.family}`;
      const rest = answerOf(shown) === 'partly' ? ` only on ${sharedText(shown)}` : ' not';
      return `over ${open.family} it may,${how}${rest}: ${becauseOf(told)}`;
    }
    if (answerOf(shown) === 'partly' && pairs.every((pair) => pair.allowed.equals(shown.allowed))) {
      return `only on ${sharedText(shown)}: ${becauseOf(told)}`;
    }
    if (some !== undefined && some !== shown) {
      return `over ${some.family} only on ${sharedText(some)}, over ${shown.family} not at all: ${becauseOf(told)}`;
    }
    return `only on ${sharedText(shown)}${shown.family === undefined ? '' : ` over ${shown.family}`}: ${becauseOf(told)}`;
  }
  const may =
    open === undefined
      ? some === undefined || some === shown
        ? undefined
        : `${pairName(told, some)} may on ${sharedText(some)}`
      : `${pairName(told, open)} may`;
  const mayNot = `${pairName(told, shown)} may ${answerOf(shown) === 'partly' ? `only on ${sharedText(shown)}` : 'not'}`;
  return `${may === undefined ? '' : `${may}, `}${mayNot}: ${becauseOf(told)}`;
}

function samePair(a: Pair, b: Pair): boolean {
  return a.from === b.from && a.to === b.to;
}

function pairName({ policy, pairs }: Told, pair: Pair): string {
  const name = `${nameOf(policy, pair.from)} → ${nameOf(policy, pair.to)}`;
  const both = pairs.some(
    (other) => samePair(other, pair) && other.family !== pair.family && answerOf(other) !== answerOf(pair),
  );
  return both && pair.family !== undefined ? `${name} over ${pair.family}` : name;
}

function sharedText({ asked, allowed }: Pair): string {
  return portsText(asked === undefined ? allowed : allowed.intersect(asked));
}

/** The reason of a denial, by its nearest cause. */
function becauseOf({ policy, shown, egress, ingress }: Told): string {
  if (shown.family === undefined) return 'the two share no address family';
  if (shown.asked?.isEmpty === true) {
    return shown.to.kind === 'pod'
      ? `${nameOf(policy, shown.to)} declares no port of that name`
      : `${nameOf(policy, shown.to)} is no pod, and only pods name their ports`;
  }
  const texts: string[] = [];
  for (const side of [egress, ingress]) {
    const other = side === egress ? ingress : egress;
    if (side.state !== 'open') texts.push(sideReason(side, other.subject, shown.asked));
  }
  return texts.length === 0 ? 'what one side admits the other does not' : texts.join(', and ');
}

function sideReason(side: SideExplanation, peer: string, asked: PortSet | undefined): string {
  const { subject, direction } = side;
  const denying = side.tiers.find(({ effect }) => effect === 'denies' || effect === 'several');
  if (denying !== undefined && (side.allowed.isEmpty || asked?.intersect(side.allowed).isEmpty === true)) {
    const rule = denying.rule === undefined ? '' : `, rule ${denying.rule + 1}`;
    return `${tierPolicyName(denying.policy)} denies ${direction} of ${subject}${rule}`;
  }
  if (!side.allowed.isEmpty) {
    return direction === 'ingress'
      ? `${subject} admits ${peer} only on ${portsText(side.allowed)}`
      : `${subject} may reach ${peer} only on ${portsText(side.allowed)}`;
  }
  const whom = new Set<string>();
  let portFails: string | undefined;
  for (const check of side.policies) {
    const spec = check.policy[direction];
    if (spec.kind !== 'isolates') continue;
    for (const { rule: at, peers, ports } of check.rules) {
      const rule = spec.rules[at];
      if (rule === undefined) continue;
      const peerHolds = peers.some(({ matches }) => matches === true);
      const portHolds = ports.some(({ matches }) => matches !== false);
      if (peerHolds) portFails ??= ports.find(({ reason }) => reason !== undefined)?.reason;
      else if (asked === undefined || portHolds) whom.add(peersText(rule, check.policy));
    }
  }
  if (portFails !== undefined && whom.size === 0) return portFails;
  if (whom.size === 0) {
    const port = asked === undefined ? '' : ` on ${portsText(asked)}`;
    return `${subject} ${direction === 'ingress' ? 'admits' : 'may reach'} nobody${port}`;
  }
  const list = [...whom];
  const text =
    list.length > 3 ? `${list.slice(0, 3).join(', ')} and ${list.length - 3} others` : list.join(' or ');
  return `${subject} ${direction === 'ingress' ? 'admits only' : 'may only reach'} ${text}`;
}
