import { matches } from '../model/index.ts';
import type { Diagnostic, Pod } from '../model/index.ts';
import { families, formatAddress, PortSet } from '../net/index.ts';
import type { Address, AddressRange, Family } from '../net/index.ts';
import { compile, has } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { nearestChanges } from './nearest.ts';
import { notModelledEntries } from './not-modelled.ts';
import { formatPortQuery } from './ports-query.ts';
import { namedPorts, servicePorts } from './service-ports.ts';
import type { End, Explanation, PortQuery, SideExplanation, Verdict } from './types.ts';
import { nameOf, walkSide } from './walk.ts';
import { peersText, portsText, shortName } from './words.ts';

/** What `explain` and `can` ask. */
export interface ExplainQuery {
  readonly from: End;
  /** Absent: what selects `from`, and what that admits. */
  readonly to?: End;
  /** Ports of a Service are its own, all others those of the destination. Absent: which ports are open. */
  readonly ports?: readonly PortQuery[];
  /** Findings of the reading, which the answer carries along. */
  readonly diagnostics?: readonly Diagnostic[];
  /** Whether nearest changes are worked out for a denial; each costs a compilation. Default: true. */
  readonly nearest?: boolean;
}

/** One pair of ends, in one family that they share, with what was asked and what is allowed. */
interface Pair {
  readonly from: PolicyEnd;
  readonly to: PolicyEnd;
  /** `undefined` when they share none. */
  readonly family: Family | undefined;
  readonly asked: PortSet | undefined;
  readonly allowed: PortSet;
}

/**
 * Why a connection is allowed or denied. Of ends that are several pods, addresses or families, every pair is asked: the
 * verdict is `allowed` only if all of them may, and the walk shows a pair that may not.
 */
export function explain(policy: CompiledPolicy, query: ExplainQuery): Explanation {
  const diagnostics = query.diagnostics ?? [];
  const base = {
    profile: policy.profile.name,
    from: query.from.name,
    port: query.ports?.map(formatPortQuery).join(', '),
    diagnostics,
  };
  if (query.to === undefined) return explainOne(policy, query.from, base);
  const to = query.to;
  const notes: string[] = [];
  const pairs = pairsOf(policy, query.from, to, query.ports, notes);
  const notModelled = affecting(policy, query.from, to);
  const [firstPair] = pairs;
  if (firstPair === undefined) {
    const empty = countOf(query.from) === 0 ? query.from : to;
    const side = emptySide(empty.name);
    return {
      ...base,
      to: to.name,
      verdict: 'denied',
      sentence: `${query.from.name} cannot reach ${to.name}: ${nobody(empty)}`,
      egress: { ...side, direction: 'egress' },
      ingress: { ...side, direction: 'ingress' },
      allowed: PortSet.none,
      nearest: [],
      notes,
      notModelled,
    };
  }

  let verdict = verdictOf(pairs);
  if (verdict !== 'allowed' && policy.hasUndecided) {
    // Corner 23: where the most generous reading of unknown labels says otherwise, files cannot tell.
    const open = compile(policy.cluster, { profile: policy.profile.name, undecided: 'open' });
    if (verdictOf(pairsOf(open, query.from, to, query.ports, [])) !== verdict) verdict = 'unknown';
  }
  const shown =
    pairs.find((pair) => answerOf(pair) === 'denied') ??
    pairs.find((pair) => answerOf(pair) === 'partly') ??
    firstPair;
  const worst = verdict === 'allowed' ? firstPair : shown;
  const family = worst.family ?? 'IPv4';
  const ask = { family, ports: worst.asked };
  // What holds for every pod of an operand is said of the operand; what does not, of the pod that is shown.
  const names =
    verdict === 'partly'
      ? { from: nameOf(policy, worst.from), to: nameOf(policy, worst.to) }
      : { from: query.from.name, to: to.name };
  const egress = walkSide(policy, {
    direction: 'egress',
    subject: worst.from,
    other: worst.to,
    subjectName: names.from,
    otherName: names.to,
    ...ask,
  });
  const ingress = walkSide(policy, {
    direction: 'ingress',
    subject: worst.to,
    other: worst.from,
    subjectName: names.to,
    otherName: names.from,
    ...ask,
  });
  let allowed: PortSet | undefined;
  for (const pair of pairs) allowed = allowed === undefined ? pair.allowed : allowed.intersect(pair.allowed);
  const denied = verdict === 'denied' || verdict === 'partly';
  const missing = worst.asked?.minus(worst.allowed);
  const nearest =
    denied &&
    query.nearest !== false &&
    worst.family !== undefined &&
    missing !== undefined &&
    !missing.isEmpty
      ? nearestChanges(policy, {
          from: worst.from,
          to: worst.to,
          family,
          ports: missing,
          fromEnd: query.from,
          toEnd: to,
          allows: (after) => verdictOf(pairsOf(after, query.from, to, query.ports, [])) === 'allowed',
        })
      : [];
  if (verdict === 'allowed') notes.push(...dnsNote(policy, worst.from));
  return {
    ...base,
    to: to.name,
    verdict,
    sentence: sentenceOf(policy, query.from.name, to.name, base.port, verdict, pairs, worst, egress, ingress),
    egress,
    ingress,
    allowed: allowed ?? PortSet.none,
    nearest,
    notes,
    notModelled,
  };
}

/** Pairs beyond this many are told apart by class only; the verdict still holds for every one of them. */
function pairsOf(
  policy: CompiledPolicy,
  from: End,
  to: End,
  ports: readonly PortQuery[] | undefined,
  notes: string[],
): readonly Pair[] {
  const sources = endsOf(policy, from, to);
  const targets = endsOf(policy, to, from);
  const pairs: Pair[] = [];
  const asked = new Map<PolicyEnd, PortSet | undefined>();
  for (const target of targets) {
    asked.set(target, askedAt(policy, to, target, ports, notes));
  }
  for (const source of sources) {
    for (const target of targets) {
      const shared = families.filter((family) => has(source, family) && has(target, family));
      const common = { from: source, to: target, asked: asked.get(target) };
      if (shared.length === 0) pairs.push({ ...common, family: undefined, allowed: PortSet.none });
      for (const family of shared)
        pairs.push({ ...common, family, allowed: policy.allowed(source, target, family) });
    }
  }
  return pairs;
}

/** The ports asked about, as numbers of one destination; `undefined` when none were. */
function askedAt(
  policy: CompiledPolicy,
  to: End,
  target: PolicyEnd,
  ports: readonly PortQuery[] | undefined,
  notes: string[],
): PortSet | undefined {
  const note = (text: string): void => {
    if (!notes.includes(text)) notes.push(text);
  };
  if (to.kind === 'service' && target.kind === 'pod') {
    return servicePorts(policy, to.service, target.pod, ports, nameOf(policy, target), note);
  }
  if (ports === undefined) return undefined;
  const sets = ports.map((port) => {
    if (port.kind === 'range') return PortSet.range(port.protocol, port.from, port.to);
    const set =
      target.kind === 'pod' ? namedPorts(policy, target.pod, port.name, port.protocol) : PortSet.none;
    if (set.isEmpty) note(`${nameOf(policy, target)} declares no port called ${port.name}`);
    else note(`${port.name} is ${portsText(set)} in ${nameOf(policy, target)}`);
    return set;
  });
  return PortSet.union(sets);
}

/**
 * The ends of an operand that can differ: pods of one class, workload and node are alike, two of them so that a pod is
 * asked about its replicas; addresses are cut at every bound of the input's blocks.
 */
function endsOf(policy: CompiledPolicy, end: End, other: End): readonly PolicyEnd[] {
  switch (end.kind) {
    case 'nodes':
      return end.nodes.map((node) => ({ kind: 'node', node }));
    case 'outside':
      return end.ranges
        .flatMap((range) => samples(policy, range))
        .map((address) => ({ kind: 'address', address }));
    case 'pods':
    case 'service': {
      const byNode =
        other.kind === 'nodes' ||
        ((other.kind === 'pods' || other.kind === 'service') &&
          [...other.pods, ...end.pods].some((pod) => pod.hostNetwork));
      const seen = new Map<string, number>();
      const portLists = new Map<Pod['ports'], number>();
      const kept: PolicyEnd[] = [];
      for (const pod of end.pods) {
        const c = policy.classOf({ kind: 'pod', pod });
        if (!portLists.has(pod.ports)) portLists.set(pod.ports, portLists.size);
        const hostAddresses = c < 0 ? pod.addresses.map(formatAddress).join(',') : '';
        const key = `${c}/${byNode ? pod.node : ''}/${portLists.get(pod.ports)}/${hostAddresses}`;
        const count = seen.get(key) ?? 0;
        if (count >= 2) continue;
        seen.set(key, count + 1);
        kept.push({ kind: 'pod', pod });
      }
      return kept;
    }
  }
}

/** One address of every part that a range shares with the partition of the input's blocks. */
function samples(policy: CompiledPolicy, range: AddressRange): readonly Address[] {
  const { family } = range;
  return policy
    .addressParts(family)
    .filter((part) => part.first <= range.last && range.first <= part.last)
    .map((part) => ({ family, value: part.first > range.first ? part.first : range.first }));
}

/** What one pair answers to the ports that were asked. */
function answerOf({ asked, allowed }: Pair): 'allowed' | 'denied' | 'partly' {
  if (asked === undefined) return allowed.isEmpty ? 'denied' : 'allowed';
  if (asked.isEmpty) return 'denied';
  const shared = asked.intersect(allowed);
  if (shared.isEmpty) return 'denied';
  return shared.equals(asked) ? 'allowed' : 'partly';
}

/** Yes only if every pod, endpoint, address, family and port that was asked about may. */
function verdictOf(pairs: readonly Pair[]): Verdict {
  const answers = new Set(pairs.map(answerOf));
  if (answers.size === 1) return [...answers][0] ?? 'denied';
  return 'partly';
}

function countOf(end: End): number {
  switch (end.kind) {
    case 'nodes':
      return end.nodes.length;
    case 'outside':
      return end.ranges.length;
    case 'pods':
    case 'service':
      return end.pods.length;
  }
}

function nobody(end: End): string {
  return end.kind === 'service' ? `${end.name} has no endpoints` : `${end.name} has no pods`;
}

function emptySide(subject: string): Omit<SideExplanation, 'direction'> {
  return {
    subject,
    isolated: false,
    state: 'closed',
    exempt: `${subject} stands for no pod`,
    policies: [],
    allowed: PortSet.none,
  };
}

function sentenceOf(
  policy: CompiledPolicy,
  from: string,
  to: string,
  port: string | undefined,
  verdict: Verdict,
  pairs: readonly Pair[],
  worst: Pair,
  egress: SideExplanation,
  ingress: SideExplanation,
): string {
  const on = port === undefined ? '' : ` on ${port}`;
  switch (verdict) {
    case 'allowed': {
      if (port !== undefined) return `${from} can reach ${to}${on}`;
      const every = pairs.every((pair) => pair.allowed.equals(worst.allowed));
      return `${from} can reach ${to} on ${every ? portsText(worst.allowed) : 'some ports, which differ between its pods'}`;
    }
    case 'unknown':
      return `whether ${from} can reach ${to}${on} depends on labels that only the cluster sets`;
    case 'ambiguous':
      return `whether ${from} can reach ${to}${on} depends on the implementation`;
    case 'denied':
      return `${from} cannot reach ${to}${on}: ${becauseOf(worst, egress, ingress)}`;
    case 'partly': {
      const open = pairs.filter((pair) => answerOf(pair) === 'allowed').length;
      const which =
        pairs.length === 1
          ? `only on ${portsText(worst.allowed.intersect(worst.asked ?? PortSet.all))}`
          : `${open} of ${pairs.length} pairs of pods, addresses and families may`;
      const reason =
        answerOf(worst) === 'denied'
          ? `; ${nameOf(policy, worst.from)} → ${nameOf(policy, worst.to)} may not: ${becauseOf(worst, egress, ingress)}`
          : '';
      return `${from} can reach ${to}${on} partly: ${which}${reason}`;
    }
  }
}

/** The reason of a denial, by its nearest cause. */
function becauseOf(pair: Pair, egress: SideExplanation, ingress: SideExplanation): string {
  if (pair.family === undefined) return 'the two share no address family';
  if (pair.asked?.isEmpty) return 'no such port is declared there';
  const closed = (side: SideExplanation): boolean => side.state === 'closed' || side.state === 'partly';
  const texts: string[] = [];
  if (closed(egress)) texts.push(sideReason(egress, ingress.subject, pair.asked));
  if (closed(ingress)) texts.push(sideReason(ingress, egress.subject, pair.asked));
  return texts.length === 0 ? 'what one side admits the other does not' : texts.join(', and ');
}

function sideReason(side: SideExplanation, peer: string, asked: PortSet | undefined): string {
  const name = side.subject;
  const verb = side.direction === 'ingress' ? 'admits' : 'may only reach';
  if (!side.allowed.isEmpty) {
    return side.direction === 'ingress'
      ? `${name} admits ${peer} only on ${portsText(side.allowed)}`
      : `${name} may reach ${peer} only on ${portsText(side.allowed)}`;
  }
  const whom = new Set<string>();
  for (const check of side.policies) {
    const spec = check.policy[side.direction];
    if (spec.kind !== 'isolates') continue;
    for (const [i, rule] of spec.rules.entries()) {
      const ports = check.rules[i]?.ports;
      const fits =
        asked === undefined || ports?.some(({ matches }) => matches === true || matches === 'some');
      if (fits) whom.add(peersText(rule, check.policy));
    }
  }
  if (whom.size === 0) {
    const port = asked === undefined ? '' : ` on ${portsText(asked)}`;
    return side.direction === 'ingress' ? `${name} admits nobody${port}` : `${name} may reach nobody${port}`;
  }
  const list = [...whom];
  const text =
    list.length > 3 ? `${list.slice(0, 3).join(', ')} and ${list.length - 3} others` : list.join(' or ');
  return side.direction === 'ingress' ? `${name} ${verb} only ${text}` : `${name} ${verb} ${text}`;
}

/** What selects an end, and what that admits. */
function explainOne(
  policy: CompiledPolicy,
  end: End,
  base: Pick<Explanation, 'profile' | 'from' | 'port' | 'diagnostics'>,
): Explanation {
  const ends = endsOf(policy, end, end);
  const [subject] = ends;
  const notes: string[] = [];
  if (ends.length > 1 && new Set(ends.map((each) => policy.classOf(each))).size > 1) {
    notes.push(
      `${end.name} stands for pods that policies treat differently; shown is ${nameOf(policy, ends[0]!)}`,
    );
  }
  const side = (direction: 'ingress' | 'egress'): SideExplanation =>
    subject === undefined
      ? { ...emptySide(end.name), direction }
      : walkSide(policy, { direction, subject, other: undefined, family: 'IPv4', ports: undefined });
  const egress = side('egress');
  const ingress = side('ingress');
  const part = ({ isolated, policies }: SideExplanation): string =>
    isolated
      ? `${policies.length} ${policies.length === 1 ? 'policy isolates' : 'policies isolate'} its`
      : 'nothing isolates its';
  return {
    ...base,
    to: undefined,
    verdict: 'allowed',
    sentence:
      subject === undefined ? nobody(end) : `${end.name}: ${part(ingress)} ingress, ${part(egress)} egress`,
    egress,
    ingress,
    allowed: PortSet.none,
    nearest: [],
    notes,
    notModelled: affecting(policy, end, undefined),
  };
}

/** Objects that podwall cannot answer for and that make the answer about these ends uncertain. */
function affecting(policy: CompiledPolicy, from: End, to: End | undefined): Explanation['notModelled'] {
  const workloads = new Set<string>();
  for (const end of [from, to]) {
    if (end?.kind === 'pods' || end?.kind === 'service')
      for (const pod of end.pods) workloads.add(pod.workload);
  }
  return notModelledEntries(policy.cluster).filter(({ affects }) => affects.some((id) => workloads.has(id)));
}

const dnsPort = { protocol: 'UDP', number: 53 } as const;

/** Corner 50: a yes is of little use to a client that cannot resolve names. */
function dnsNote(policy: CompiledPolicy, from: PolicyEnd): readonly string[] {
  if (from.kind !== 'pod' || !policy.isolated('egress', from)) return [];
  const service = policy.cluster.services.find(
    ({ namespace, name, selector }) =>
      selector !== undefined && namespace === 'kube-system' && (name === 'kube-dns' || name === 'coredns'),
  );
  const servers = policy.cluster.pods.filter((pod) =>
    service?.selector === undefined
      ? pod.namespace === 'kube-system' && pod.labels.get('k8s-app') === 'kube-dns'
      : pod.namespace === service.namespace && matches(service.selector, pod.labels),
  );
  const name = nameOf(policy, from);
  if (servers.length === 0) {
    return [
      `policies isolate egress of ${name}, and the cluster's DNS is not in the input: names may not resolve`,
    ];
  }
  const target = service?.ports.find(
    ({ protocol, port }) => protocol === dnsPort.protocol && port === dnsPort.number,
  );
  const number = typeof target?.targetPort === 'number' ? target.targetPort : dnsPort.number;
  const reached = servers.some((pod) =>
    policy.allowed(from, { kind: 'pod', pod }).has(dnsPort.protocol, number),
  );
  return reached
    ? []
    : [
        `${name} cannot reach the cluster's DNS (${shortName(policy.cluster, servers[0]!.workload)} on UDP ${number}): names will not resolve`,
      ];
}
