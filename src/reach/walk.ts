import { satisfies } from '../model/index.ts';
import type { Direction, LabelSelector, NetworkPolicy, Peer, PortEntry, Rule } from '../model/index.ts';
import { formatAddress, formatCidr, PortSet } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import { addressesOf } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import type { LabelCheck, PeerCheck, PolicyCheck, PortCheck, RuleCheck, SideExplanation } from './types.ts';
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
  const { direction, subject, other, family, ports } = question;
  const exempt = exemption(policy, question);
  const isolated = exempt === undefined && policy.isolated(direction, subject);
  const checks = isolated
    ? policy
        .selecting(subject)
        .filter(({ policy: each }) => each[direction].kind === 'isolates')
        .map(({ policy: each, index, sure }) => checkPolicy(policy, each, index, sure, question))
    : [];
  const allowed =
    exempt !== undefined || !isolated
      ? PortSet.all
      : other === undefined
        ? PortSet.none
        : policy.parts.ports.set(policy.sideAllowed(direction, subject, other, family));
  return {
    direction,
    subject: question.subjectName ?? nameOf(policy, subject),
    isolated,
    state: stateOf(allowed, ports, isolated, checks),
    exempt,
    policies: checks,
    allowed,
  };
}

function stateOf(
  allowed: PortSet,
  ports: PortSet | undefined,
  isolated: boolean,
  checks: readonly PolicyCheck[],
): SideExplanation['state'] {
  if (!isolated) return 'open';
  const asked = ports ?? allowed;
  const shared = allowed.intersect(asked);
  if (!shared.isEmpty) return asked.equals(shared) ? 'open' : 'partly';
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
  each: NetworkPolicy,
  index: number,
  sure: boolean,
  question: WalkQuestion,
): PolicyCheck {
  const { direction, subject, other, family, ports } = question;
  const spec = each[direction];
  const rules = spec.kind === 'isolates' ? spec.rules : [];
  const admitted =
    other === undefined ? undefined : policy.admittedByRule(direction, index, subject, other, [family]);
  const shown = rules.slice(0, mostRules);
  const checks = shown.map((rule, i): RuleCheck => {
    const path = ['spec', direction, i];
    const set = admitted?.get(i);
    const wanted =
      set === undefined ? PortSet.none : policy.parts.ports.set(set).intersect(ports ?? PortSet.all);
    return {
      rule: i,
      admits: !wanted.isEmpty,
      peers: checkPeers(policy, each, rule, i, question),
      ports: checkPorts(policy, each, rule, i, question),
      place: each.origin.locate(path),
      endLine: each.origin.endLine(path),
    };
  });
  const open = checks.find(({ admits }) => admits === true);
  const unknown = !sure || checks.some((check) => check.peers.some(({ matches }) => matches === 'unknown'));
  if (other === undefined) {
    return {
      policy: each,
      effect: sure ? (rules.length > 0 ? 'admits' : 'doesNotAdmit') : 'unknown',
      summary: admitsText(each, direction, rules),
      rules: checks,
      place: each.origin.locate([]),
    };
  }
  if (open !== undefined && sure) {
    const peer = open.peers.find(({ matches }) => matches === true)?.peer;
    const port = open.ports.find(({ matches }) => matches === true || matches === 'some')?.port;
    return {
      policy: each,
      effect: 'admits',
      summary: `rule ${open.rule + 1}`,
      rules: checks,
      rule: open.rule,
      ...(peer === undefined ? {} : { peer }),
      ...(port === undefined ? {} : { port }),
      place: open.place,
    };
  }
  return {
    policy: each,
    effect: unknown ? 'unknown' : 'doesNotAdmit',
    summary: unknown
      ? 'cannot tell: it asks for labels that only a cluster sets'
      : failureText(rules, checks, direction),
    rules: checks,
    place: each.origin.locate([]),
  };
}

/** A walk shows this many rules of a policy; the verdict knows them all. */
const mostRules = 200;

function failureText(rules: readonly Rule[], checks: readonly RuleCheck[], direction: Direction): string {
  if (rules.length === 0) return 'admits nothing';
  const peerHolds = checks.some(({ peers }) => peers.some(({ matches }) => matches === true));
  const portHolds = checks.some(({ ports }) =>
    ports.some(({ matches }) => matches === true || matches === 'some'),
  );
  const what = direction === 'ingress' ? 'peer' : 'destination';
  if (peerHolds && portHolds) return `does not admit it: no rule with both the ${what} and the port`;
  if (peerHolds) return 'does not admit it: the port';
  return portHolds || checks.every(({ ports }) => ports.every(({ matches }) => matches === 'none'))
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
  return rule.peers.peers.slice(0, mostRules).map((peer, i): PeerCheck => {
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
  if (other.kind === 'pod' && policy.classOf(other) >= 0 && !policy.profile.ipBlockMatchesPods) {
    return `an ipBlock does not match pods in the profile ${policy.profile.name}`;
  }
  const addresses = addressesOf(other);
  if (addresses.length === 0) return `the address of ${name} is not known, and an ipBlock matches addresses`;
  const own = addresses.filter((address) => address.family === peer.cidr.family);
  if (own.length === 0) return `${name} has no ${peer.cidr.family} address`;
  if (peer.cidr.family !== family)
    return `it is an ${peer.cidr.family} block, and the connection uses ${family}`;
  const inside = own.filter((address) => within(peer.cidr, address));
  if (inside.length === 0) return `${own.map(formatAddress).join(', ')} is not in ${formatCidr(peer.cidr)}`;
  for (const address of inside) {
    const cut = peer.except.find((except) => within(except, address));
    if (cut === undefined) return undefined;
    return `${formatAddress(address)} is in except ${formatCidr(cut)}`;
  }
  return undefined;
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
    const what =
      other.kind === 'pod' ? 'runs on the host network, where selectors do not match it' : 'is no pod';
    return { matches: false, namespaceMatches: false, labels: [], reason: `${name} ${what}` };
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
    labels.push(...checks);
    namespaceMatches = checks.every(({ holds }) => holds === true);
  }
  if (peer.pods !== undefined) {
    labels.push(...checkLabels(each, peer.pods, [...path, 'podSelector'], 'pod', pod.labels, pod.undecided));
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
    reason = has === undefined ? `${owner} has no label ${key}` : `${owner} has ${key}=${has}`;
  } else if (undecided) {
    const open = labels.find(({ holds }) => holds === 'unknown');
    reason = `the value of ${open?.key ?? 'a label'} of ${name} is set by the cluster and not known from files`;
  }
  return { matches, namespaceMatches, labels, reason };
}

function checkLabels(
  each: NetworkPolicy,
  selector: LabelSelector,
  path: readonly (string | number)[],
  of: 'pod' | 'namespace',
  labels: ReadonlyMap<string, string>,
  undecided: ReadonlyMap<string, 'present' | 'maybe'>,
): readonly LabelCheck[] {
  return selector.requirements.map((requirement): LabelCheck => {
    const { key, operator, written } = requirement;
    const how = undecided.get(key);
    let holds: LabelCheck['holds'] = satisfies(labels, requirement);
    // Corner 23: that the key is there can be told, its value cannot.
    if (how === 'present' && operator === 'Exists') holds = true;
    else if (how === 'present' && operator === 'DoesNotExist') holds = false;
    else if (how !== undefined) holds = 'unknown';
    const at = written === 'matchLabels' ? ['matchLabels', key] : ['matchExpressions', written];
    return {
      of,
      key,
      wants: requirementText(requirement),
      has: how === undefined ? labels.get(key) : undefined,
      holds,
      place: each.origin.locate([...path, ...at]),
    };
  });
}

function checkPorts(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  rule: Rule,
  index: number,
  question: WalkQuestion,
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
  return rule.ports.ports.slice(0, mostRules).map((entry, i): PortCheck => {
    const place = each.origin.locate(['spec', direction, index, 'ports', i]);
    const name = direction === 'ingress' ? question.subjectName : question.otherName;
    const { set, text, reason } = resolveEntry(policy, entry, destination, name);
    if (ports === undefined) return { port: i, matches: 'none', text, reason, place };
    const shared = set.intersect(ports);
    const matches = shared.isEmpty ? false : shared.equals(ports) ? true : 'some';
    return { port: i, matches, text, reason, place };
  });
}

function resolveEntry(
  policy: CompiledPolicy,
  entry: PortEntry,
  destination: PolicyEnd | undefined,
  givenName: string | undefined,
): { readonly set: PortSet; readonly text: string; readonly reason: string | undefined } {
  const text = portEntryText(entry);
  if (entry.kind === 'everyPort') return { set: PortSet.everyPort(entry.protocol), text, reason: undefined };
  if (entry.kind === 'range')
    return { set: PortSet.range(entry.protocol, entry.from, entry.to), text, reason: undefined };
  if (destination === undefined) return { set: PortSet.none, text, reason: undefined };
  const name = givenName ?? nameOf(policy, destination);
  if (destination.kind !== 'pod' || policy.classOf(destination) < 0) {
    return { set: PortSet.none, text, reason: `${name} is no pod, so it has no port called ${entry.name}` };
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
