import { matches, satisfies } from '../model/index.ts';
import type {
  Direction,
  LabelSelector,
  NetworkPolicy,
  Peer,
  PortEntry,
  Requirement,
  Rule,
} from '../model/index.ts';
import { formatAddress, formatCidr, PortSet } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import { addressesOf, blockOf, everyPortOf, isResolved, portsOfEntry } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd, SelectingPolicy } from '../policy/index.ts';
import type {
  LabelCheck,
  PeerCheck,
  PolicyCheck,
  PortCheck,
  RuleCheck,
  SideExplanation,
  TierCheck,
} from './types.ts';
import { walkTiers } from './walk-tiers.ts';
import { peersText, peerText, portEntryText, requirementText, rulePortsText, shortName } from './words.ts';

/** One connection, as the walk asks each policy about it. */
export interface WalkQuestion {
  readonly direction: Direction;
  readonly subject: PolicyEnd;
  /** `undefined`: nobody in particular, so the policies only tell what they admit. */
  readonly other: PolicyEnd | undefined;
  readonly family: Family;
  /** The ports at the destination pod; `undefined`: none in particular. */
  readonly ports: PortSet | undefined;
  /** How to speak of the two ends; without it by their own names. */
  readonly subjectName?: string;
  readonly otherName?: string;
}

/** How answers speak of an end. */
export function nameOf(policy: CompiledPolicy, end: PolicyEnd): string {
  switch (end.kind) {
    case 'pod':
      return shortName(
        policy.cluster,
        end.pod.replicas > 1 || end.pod.template ? end.pod.workload : end.pod.id,
      );
    case 'node':
      return `node/${end.node.name}`;
    case 'address':
      return formatAddress(end.address);
  }
}

/** Asks every policy of one side about a connection, in the order of the input. */
export function walkSide(policy: CompiledPolicy, question: WalkQuestion): SideExplanation {
  const { direction, subject, other, family } = question;
  const exempt = exemption(policy, question);
  const isOwnNode = other !== undefined && policy.isOwnNode(direction, subject, other);
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
        : policy.parts.ports.set(policy.sideAllowed(direction, subject, other, family));
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
          !each.tierAsked(direction, subject, other, family).intersect(question.ports ?? PortSet.all).isEmpty,
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
    const most = possible.parts.ports.set(possible.sideAllowed(direction, subject, other, family));
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
    for (const [rule, set] of policy.admittedByRule(direction, index, subject, other, [family])) {
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

/** A walk shows this many rules of a policy, entries of a rule and labels of an entry; the verdict knows them all. */
const mostShown = 200;

/** The indices of a list that a walk shows: the first ones, and the one that tells most, wherever it stands. */
function shownOf(length: number, telling: number | undefined): readonly number[] {
  const shown = Array.from({ length: Math.min(length, mostShown) }, (_, i) => i);
  if (telling !== undefined && telling >= mostShown) shown.push(telling);
  return shown;
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

/** Whether a peer entry means the other end: the answer of `checkPeers` alone, for lists that are not shown. */
function peerHolds(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  peer: Peer,
  { family }: WalkQuestion,
  other: PolicyEnd,
): boolean | 'unknown' {
  if (peer.kind === 'ipBlock') return blockReason(policy, peer, other, family, '') === undefined;
  if (other.kind !== 'pod' || policy.classOf(other) < 0) return false;
  const { pod } = other;
  if (peer.namespaces === 'own') {
    if (pod.namespace !== each.namespace) return false;
  } else {
    const labels = policy.cluster.namespaces.get(pod.namespace)?.labels ?? new Map<string, string>();
    if (!matches(peer.namespaces, labels)) return false;
  }
  let holds: boolean | 'unknown' = true;
  for (const requirement of peer.pods?.requirements ?? []) {
    const one = requirementHolds(requirement, pod.labels, pod.undecided);
    if (one === false) return false;
    if (one === 'unknown') holds = one;
  }
  return holds;
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

function checkPeers(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  rule: Rule,
  index: number,
  question: WalkQuestion,
  telling: number | undefined,
): readonly PeerCheck[] {
  const { direction, other, family } = question;
  const field = direction === 'ingress' ? 'from' : 'to';
  if (rule.peers.kind === 'any') {
    return [
      {
        peer: undefined,
        matches: true,
        kind: 'any',
        text: 'everyone',
        namespaceMatches: true,
        labels: [],
        reason: undefined,
        place: each.origin.locate(['spec', direction, index]),
      },
    ];
  }
  const { peers } = rule.peers;
  return shownOf(peers.length, telling).map((i): PeerCheck => {
    const peer = peers[i]!;
    const path = ['spec', direction, index, field, i] as const;
    const place = each.origin.locate(path);
    const text = peerText(peer, each);
    if (other === undefined) {
      return {
        peer: i,
        matches: true,
        kind: peer.kind,
        text,
        namespaceMatches: true,
        labels: [],
        reason: undefined,
        place,
      };
    }
    if (peer.kind === 'ipBlock') {
      const reason = blockReason(policy, peer, other, family, question.otherName ?? nameOf(policy, other));
      const matches = reason === undefined;
      return { peer: i, matches, kind: 'ipBlock', namespaceMatches: true, labels: [], reason, place };
    }
    return { peer: i, kind: 'pods', text, place, ...checkPods(policy, each, peer, path, question, other) };
  });
}

/** Why an ipBlock does not mean an end; `undefined` when it does. */
function blockReason(
  policy: CompiledPolicy,
  peer: Extract<Peer, { kind: 'ipBlock' }>,
  other: PolicyEnd,
  family: Family,
  name: string,
): string | undefined {
  const { ipBlockMatchesNodes, ipBlockMatchesPods, name: profile } = policy.profile;
  if (other.kind === 'pod' && policy.classOf(other) >= 0) {
    if (!ipBlockMatchesPods) return `an ipBlock does not match pods in the profile ${profile}`;
  } else if (other.kind !== 'address' && !ipBlockMatchesNodes) {
    return `an ipBlock does not match nodes in the profile ${profile}`;
  }
  const { cidr, except: excepts } = blockOf(peer, policy.profile);
  const addresses = addressesOf(other);
  if (addresses.length === 0) return `the address of ${name} is not known, and an ipBlock matches addresses`;
  const own = addresses.filter((address) => address.family === cidr.family);
  if (own.length === 0) return `${name} has no ${cidr.family} address`;
  if (cidr.family !== family) return `it is an ${cidr.family} block, and the connection uses ${family}`;
  const inside = own.filter((address) => within(cidr, address));
  if (inside.length === 0) return `${own.map(formatAddress).join(', ')} is not in ${formatCidr(cidr)}`;
  // Corner 38.
  if (excepts[0] === cidr) return `a CIDR with host bits means nobody in the profile ${profile}`;
  let reason: string | undefined;
  for (const address of inside) {
    const cut = excepts.find((except) => within(except, address));
    // One address that no except cuts is enough (corner 44).
    if (cut === undefined) return undefined;
    reason ??= `${formatAddress(address)} is in except ${formatCidr(cut)}`;
  }
  return reason;
}

function within(
  range: { readonly family: Family; readonly first: bigint; readonly last: bigint },
  address: Address,
): boolean {
  return range.family === address.family && range.first <= address.value && address.value <= range.last;
}

function checkPods(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  peer: Extract<Peer, { kind: 'pods' }>,
  path: readonly (string | number)[],
  question: WalkQuestion,
  other: PolicyEnd,
): Pick<PeerCheck, 'matches' | 'namespaceMatches' | 'labels' | 'reason'> {
  const name = question.otherName ?? nameOf(policy, other);
  if (other.kind !== 'pod' || policy.classOf(other) < 0) {
    const reason =
      other.kind === 'pod'
        ? `${name} runs on the host network, where selectors do not match it`
        : `selectors mean pods, not ${name}`;
    return { matches: false, namespaceMatches: false, labels: [], reason };
  }
  const { pod } = other;
  const labels: LabelCheck[] = [];
  let namespaceMatches = true;
  if (peer.namespaces === 'own') {
    namespaceMatches = pod.namespace === each.namespace;
  } else {
    const namespace = policy.cluster.namespaces.get(pod.namespace);
    const checks = checkLabels(
      each,
      peer.namespaces,
      [...path, 'namespaceSelector'],
      'namespace',
      namespace?.labels ?? new Map(),
      new Map(),
    );
    for (const check of checks) labels.push(check);
    namespaceMatches = checks.every(({ holds }) => holds === true);
  }
  if (peer.pods !== undefined) {
    const at = [...path, 'podSelector'];
    const checks = checkLabels(each, peer.pods, at, 'pod', pod.labels, pod.undecided);
    for (const check of checks) labels.push(check);
  }
  const failed = labels.filter(({ holds }) => holds === false);
  const undecided = labels.some(({ holds }) => holds === 'unknown');
  const matches = namespaceMatches && failed.length === 0 ? (undecided ? 'unknown' : true) : false;
  let reason: string | undefined;
  if (peer.namespaces === 'own' && !namespaceMatches) {
    reason = `without namespaceSelector it means pods of ${each.namespace} only, and ${name} is in ${pod.namespace}`;
  } else if (failed[0] !== undefined) {
    const { of, key, has } = failed[0];
    const owner = of === 'namespace' ? `namespace ${pod.namespace}` : name;
    if (has !== undefined) reason = `${owner} has ${key}=${has}`;
    else if (of === 'namespace' && isAssumed(policy, pod.namespace)) reason = assumedNote(pod.namespace);
    else reason = `${owner} has no label ${key}`;
  } else if (undecided) {
    const open = labels.find(({ holds }) => holds === 'unknown');
    reason = `the value of ${open?.key ?? 'a label'} of ${name} is set by the cluster and not known from files`;
  }
  return { matches, namespaceMatches, labels, reason };
}

/** Whether a namespace is only mentioned, so that its labels are assumed to be its name label (corner 22). */
export function isAssumed({ cluster }: CompiledPolicy, namespace: string): boolean {
  return cluster.namespaces.get(namespace)?.origin === undefined;
}

/** How answers say that the labels of a namespace are assumed. */
export function assumedNote(namespace: string): string {
  return `namespace ${namespace} is not in the input; only its name label is known`;
}

function checkLabels(
  each: NetworkPolicy,
  selector: LabelSelector,
  path: readonly (string | number)[],
  of: 'pod' | 'namespace',
  labels: ReadonlyMap<string, string>,
  undecided: ReadonlyMap<string, 'present' | 'maybe'>,
): readonly LabelCheck[] {
  const { requirements } = selector;
  const holds = requirements.map((requirement) => requirementHolds(requirement, labels, undecided));
  // What fails decides, and what cannot be told comes next: the lists that are shown must have it.
  const failing = holds.indexOf(false);
  const telling = failing < 0 ? holds.indexOf('unknown') : failing;
  return shownOf(requirements.length, telling).map((i): LabelCheck => {
    const requirement = requirements[i]!;
    const { key, written } = requirement;
    const at = written === 'matchLabels' ? ['matchLabels', key] : ['matchExpressions', written];
    return {
      of,
      key,
      wants: requirementText(requirement),
      has: undecided.has(key) ? undefined : labels.get(key),
      holds: holds[i]!,
      place: each.origin.locate([...path, ...at]),
    };
  });
}

function requirementHolds(
  requirement: Requirement,
  labels: ReadonlyMap<string, string>,
  undecided: ReadonlyMap<string, 'present' | 'maybe'>,
): LabelCheck['holds'] {
  const { key, operator } = requirement;
  const how = undecided.get(key);
  // Corner 23: that the key is there can be told, its value cannot.
  if (how === 'present' && operator === 'Exists') return true;
  if (how === 'present' && operator === 'DoesNotExist') return false;
  return how === undefined ? satisfies(labels, requirement) : 'unknown';
}

function checkPorts(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  rule: Rule,
  index: number,
  question: WalkQuestion,
  telling: number | undefined,
): readonly PortCheck[] {
  const { direction, subject, other, ports } = question;
  if (rule.ports.kind === 'all') {
    const place = each.origin.locate(['spec', direction, index]);
    return [
      {
        port: undefined,
        matches: ports === undefined ? 'none' : true,
        text: 'every port',
        reason: undefined,
        place,
      },
    ];
  }
  const destination = direction === 'ingress' ? subject : other;
  const entries = rule.ports.ports;
  return shownOf(entries.length, telling).map((i): PortCheck => {
    const entry = entries[i]!;
    const place = each.origin.locate(['spec', direction, index, 'ports', i]);
    const name = direction === 'ingress' ? question.subjectName : question.otherName;
    const { set, text, reason } = resolveEntry(policy, entry, direction, destination, name);
    if (ports === undefined) return { port: i, matches: 'none', text, reason, place };
    const shared = set.intersect(ports);
    const matches = shared.isEmpty ? false : shared.equals(ports) ? true : 'some';
    return { port: i, matches, text, reason, place };
  });
}

function resolveEntry(
  policy: CompiledPolicy,
  entry: PortEntry,
  direction: Direction,
  destination: PolicyEnd | undefined,
  givenName: string | undefined,
): { readonly set: PortSet; readonly text: string; readonly reason: string | undefined } {
  const text = portEntryText(entry);
  const { profile } = policy;
  // Corner 32.
  if (entry.protocol === 'SCTP' && !profile.sctp)
    return {
      set: PortSet.none,
      text,
      reason: `rules that name SCTP admit nothing in the profile ${profile.name}`,
    };
  if (entry.kind !== 'named') return { set: portsOfEntry(entry, profile), text, reason: undefined };
  if (!isResolved(entry, direction, profile)) {
    const reason = `names of ports mean nothing in egress in the profile ${profile.name}`;
    return { set: PortSet.none, text, reason };
  }
  if (destination === undefined) return { set: PortSet.none, text, reason: undefined };
  const name = givenName ?? nameOf(policy, destination);
  if (destination.kind !== 'pod' || policy.classOf(destination) < 0) {
    const reason =
      destination.kind === 'pod'
        ? `${name} runs on the host network, where names of ports do not resolve`
        : `${name} is no pod, so it has no port called ${entry.name}`;
    return { set: PortSet.none, text, reason };
  }
  const same = destination.pod.ports.filter(
    (port) => port.name === entry.name && (policy.profile.sidecarPorts || !port.sidecar),
  );
  const numbers = same.filter(({ protocol }) => protocol === entry.protocol).map(({ port }) => port);
  if (numbers.length === 0) {
    const otherProtocol = same[0];
    const reason =
      otherProtocol === undefined
        ? `${name} declares no port called ${entry.name}`
        : `${name} declares ${entry.name} for ${otherProtocol.protocol}, not for ${entry.protocol}`;
    return { set: PortSet.none, text, reason };
  }
  const unique = [...new Set(numbers)].sort((a, b) => a - b);
  return {
    set: PortSet.union(unique.map((number) => PortSet.range(entry.protocol, number, number))),
    text: `${text}, which is ${unique.join(' and ')} in ${name}`,
    reason: undefined,
  };
}
