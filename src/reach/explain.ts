import type { NamedController } from '../entry/index.ts';
import { matches } from '../model/index.ts';
import type { Cluster, Diagnostic, Direction, Pod } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import { compile, readingIds } from '../policy/index.ts';
import type { CompiledPolicy, CompileOptions, PolicyEnd, Profile, ReadingId } from '../policy/index.ts';
import { askedEntrance, explainEntrance } from './explain-entrance.ts';
import { narrowed, podsOf } from './narrow.ts';
import { nearestChanges } from './nearest.ts';
import { notModelledEntries } from './not-modelled.ts';
import { answerOf, endsOf, isAmbiguous, pairsOf, verdictOf } from './pairs.ts';
import type { Pair } from './pairs.ts';
import { formatPortQuery } from './ports-query.ts';
import { otherReadings, profileNotes, touchedReadings } from './profile-unknown.ts';
import { allowedByFamily, sentenceOf } from './sentence.ts';
import { servicePorts } from './service-ports.ts';
import type { End, Explanation, PortQuery, SideExplanation, Verdict } from './types.ts';
import { assumedNote, isAssumed } from './walk-peers.ts';
import { nameOf } from './walk-question.ts';
import { walkSide } from './walk.ts';
import { portsText, shortName, tierPolicyName } from './words.ts';

/** What `explain` and `can` ask. */
export interface ExplainQuery {
  readonly from: End;
  /** Absent: what selects `from`, and what that admits. */
  readonly to?: End;
  /** Ports of a Service are its own, all others those of the destination. Absent: which ports are open. */
  readonly ports?: readonly PortQuery[];
  /** Findings of the reading, which the answer carries along. */
  readonly diagnostics?: readonly Diagnostic[];
  /** Whether nearest changes are worked out for a denial; they look at every pod once. Default: true. */
  readonly nearest?: boolean;
  /** The controllers of all Ingresses, Gateways and Routes, instead of those that are found. */
  readonly controllers?: readonly NamedController[];
}

/**
 * Why a connection is allowed or denied. Of ends that are several pods, addresses or families, every pair is asked: the
 * verdict is `allowed` only if all of them may, and the walk shows a pair that may not.
 */
export function explain(policy: CompiledPolicy, query: ExplainQuery): Explanation {
  return explainCluster(policy.cluster, query, {
    profile: policy.profile,
    undecided: policy.parts.assume,
  });
}

/**
 * The same for a cluster that need not be compiled: of its policies only those of the ends' namespaces are. On a large
 * cluster that takes milliseconds.
 */
export function explainCluster(
  cluster: Cluster,
  query: ExplainQuery,
  options: Pick<CompileOptions, 'profile' | 'undecided'> = {},
): Explanation {
  const { from, to } = query;
  const entry = askedEntrance(cluster, query, query.controllers);
  if (entry !== undefined) return explainEntrance(entry, query, { cluster, options, explain: explainBy });
  return explainBy(compile(narrowed(cluster, podsOf(from, to)), options), cluster, query);
}

/**
 * @param policy - compiled from `cluster`, or from what `narrowed` leaves of it for the ends
 * @param cluster - the whole: changes are held against it
 */
export function explainBy(policy: CompiledPolicy, cluster: Cluster, query: ExplainQuery): Explanation {
  const { from, to, ports } = query;
  const base = {
    profile: policy.profile.name,
    from: from.name,
    port: ports?.map(formatPortQuery).join(', '),
    diagnostics: query.diagnostics ?? [],
  };
  if (to === undefined) return explainOne(policy, from, base);
  const { pairs, none, notes } = pairsOf(policy, from, to, ports);
  const common = {
    ...base,
    to: to.name,
    notes: [from.note, to.note, ...notes].filter((note) => note !== undefined),
    notModelled: affecting(policy, from, to),
  };
  const shown =
    pairs.find(isAmbiguous) ??
    pairs.find((pair) => answerOf(pair) === 'denied') ??
    pairs.find((pair) => answerOf(pair) === 'partly') ??
    pairs[0];
  if (shown === undefined) {
    const on = base.port === undefined ? '' : ` on ${base.port}`;
    return {
      ...common,
      verdict: 'denied',
      sentence: `${from.name} cannot reach ${to.name}${on}: ${none}`,
      egress: emptySide('egress', from.name, none),
      ingress: emptySide('ingress', to.name, none),
      allowed: PortSet.none,
      nearest: [],
    };
  }

  const answered = decided(policy, query, to, verdictOf(pairs));
  const unread = unknownReadings(policy, query, to, answered);
  const verdict = unread === undefined ? answered : 'unknown';
  const family = shown.family ?? 'IPv4';
  // What holds for every pair is said of the operands; what may not, of the pair that is shown.
  const alike = isAlike(policy, pairs);
  const names = alike
    ? { from: from.name, to: to.name }
    : { from: nameOf(policy, shown.from), to: nameOf(policy, shown.to) };
  const side = (direction: Direction): SideExplanation => {
    const [subject, other] = direction === 'egress' ? (['from', 'to'] as const) : (['to', 'from'] as const);
    return walkSide(policy, {
      direction,
      subject: shown[subject],
      other: shown[other],
      subjectName: names[subject],
      otherName: names[other],
      family,
      ports: shown.asked,
    });
  };
  const sides = [side('egress'), side('ingress')] as const;
  const [egress, ingress] = verdict === 'denied' ? settled(policy, shown, sides) : sides;
  const byFamily = ports === undefined ? allowedByFamily(pairs) : undefined;
  const isTranslated =
    shown.asked !== undefined && (to.kind === 'service' || ports?.some(({ kind }) => kind === 'named'));
  return {
    ...common,
    verdict,
    sentence: sentenceOf({
      policy,
      from: from.name,
      to: to.name,
      port: base.port,
      verdict,
      ...(unread === undefined ? {} : { unread }),
      pairs,
      shown,
      alike,
      egress,
      ingress,
    }),
    ...(isTranslated === true && shown.asked !== undefined ? { testedPort: portsText(shown.asked) } : {}),
    egress,
    ingress,
    allowed: pairs.reduce((set, { allowed }) => set.intersect(allowed), PortSet.all),
    ...(byFamily === undefined ? {} : { byFamily }),
    nearest:
      (verdict === 'denied' || verdict === 'partly') && query.nearest !== false
        ? nearestOf(policy, cluster, query, to, shown, egress, ingress)
        : [],
    notes: [
      ...common.notes,
      ...profileNotes(narrowed(policy.cluster, podsOf(from, to)), policy.profile),
      ...new Set([...assumedNotes(policy, egress, shown.to), ...assumedNotes(policy, ingress, shown.from)]),
      ...(verdict === 'denied' || verdict === 'partly' ? tierNotes([egress, ingress]) : []),
      ...(verdict === 'allowed' ? dnsNote(policy, cluster, shown.from) : []),
    ],
  };
}

/**
 * The sides of a pair that is denied whatever files cannot tell: one that is closed in both readings is not unknown
 * (corners 23 and 63).
 */
function settled(
  policy: CompiledPolicy,
  { from, to, asked, family = 'IPv4' }: Pair,
  sides: readonly [SideExplanation, SideExplanation],
): readonly [SideExplanation, SideExplanation] {
  if (!policy.hasUndecided || sides.every(({ state }) => state !== 'unknown')) return sides;
  const open = compile(policy.cluster, { profile: policy.profile, undecided: 'open' });
  const closed = (side: SideExplanation): SideExplanation => {
    if (side.state !== 'unknown') return side;
    const ends = side.direction === 'egress' ? ([from, to] as const) : ([to, from] as const);
    const most = open.parts.ports.set(open.pairs.sideAllowed(side.direction, ...ends, family));
    return most.intersect(asked ?? PortSet.all).isEmpty ? { ...side, state: 'closed' } : side;
  };
  return [closed(sides[0]), closed(sides[1])];
}

/** What no change of a NetworkPolicy helps against, since it is not asked. */
function tierNotes(sides: readonly SideExplanation[]): readonly string[] {
  return sides.flatMap(({ state, tiers }) => {
    const denying = state === 'open' ? undefined : tiers.find(({ effect }) => effect === 'denies');
    if (denying === undefined) return [];
    const name = tierPolicyName(denying.policy);
    return denying.policy.tier === 'admin'
      ? [`${name} comes before NetworkPolicies: no change of these alone opens it`]
      : [
          `${name} is asked only where no NetworkPolicy isolates this direction: one that admits it would open it`,
        ];
  });
}

/** Corner 23: where the most generous reading of unknown labels says otherwise, files cannot tell. */
function decided(policy: CompiledPolicy, query: ExplainQuery, to: End, verdict: Verdict): Verdict {
  // What a domain name stands for may deny as well as allow (corner 63).
  const asksForDomains = policy.parts.tiers?.tiers.peers.asksForDomains === true;
  if ((verdict === 'allowed' && !asksForDomains) || !policy.hasUndecided) return verdict;
  const open = compile(policy.cluster, { profile: policy.profile, undecided: 'open' });
  return verdictOf(pairsOf(open, query.from, to, query.ports).pairs) === verdict ? verdict : 'unknown';
}

/**
 * What the profile does not know, where another reading of it gives another verdict: ids of behaviours. A profile is what
 * public sources say; where they say nothing, an answer that depends on it is none.
 */
function unknownReadings(
  policy: CompiledPolicy,
  query: ExplainQuery,
  to: End,
  verdict: Verdict,
): readonly ReadingId[] | undefined {
  if (verdict === 'unknown' || policy.profile.unknown.length === 0) return undefined;
  const { profile, parts } = policy;
  const cluster = narrowed(policy.cluster, podsOf(query.from, to));
  const turns = (other: Profile): boolean => {
    const otherwise = compile(cluster, { profile: other, undecided: parts.assume });
    return verdictOf(pairsOf(otherwise, query.from, to, query.ports).pairs) !== verdict;
  };
  const others = otherReadings(cluster, profile);
  const touched = touchedReadings(cluster, profile);
  if (others === undefined) return touched;
  if (!others.some(turns)) return undefined;
  // Where no behaviour turns it alone, several do together.
  const alone = touched.filter((id) => others.filter((other) => differsIn(profile, other, id)).some(turns));
  return alone.length > 0 ? alone : touched;
}

/** Whether two profiles differ in one behaviour, and in no other. */
function differsIn(one: Profile, other: Profile, id: ReadingId): boolean {
  return readingIds.every((each) => (one[each] === other[each]) !== (each === id));
}

/** Whether no policy can tell the pairs of a question apart, but for the family. */
function isAlike(policy: CompiledPolicy, pairs: readonly Pair[]): boolean {
  const key = ({ from, to }: Pair): string =>
    [from, to].map((end) => (end.kind === 'pod' ? policy.classOf(end) : end.kind)).join();
  const [first] = pairs;
  return (
    first !== undefined &&
    pairs.every((pair) => key(pair) === key(first) && answerOf(pair) === answerOf(first))
  );
}

function nearestOf(
  policy: CompiledPolicy,
  cluster: Cluster,
  query: ExplainQuery,
  to: End,
  shown: Pair,
  egress: SideExplanation,
  ingress: SideExplanation,
): Explanation['nearest'] {
  const wanted = shown.asked ?? likelyPorts(shown.to, egress, ingress);
  const ports = wanted.minus(shown.allowed);
  if (shown.family === undefined || ports.isEmpty) return [];
  return nearestChanges(policy, cluster, {
    from: shown.from,
    to: shown.to,
    family: shown.family,
    ports,
    fromEnd: query.from,
    toEnd: to,
    allows: (after) => verdictOf(pairsOf(after, query.from, to, query.ports).pairs) === 'allowed',
  });
}

/** Where no port was asked about: those that the open side admits, else those that the destination declares. */
function likelyPorts(to: PolicyEnd, egress: SideExplanation, ingress: SideExplanation): PortSet {
  for (const { allowed } of [egress, ingress]) if (!allowed.isAll && !allowed.isEmpty) return allowed;
  if (to.kind !== 'pod') return PortSet.none;
  return PortSet.union(to.pod.ports.map(({ protocol, port }) => PortSet.range(protocol, port, port)));
}

function emptySide(direction: Direction, subject: string, why: string | undefined): SideExplanation {
  return {
    direction,
    subject,
    isolated: false,
    state: 'closed',
    exempt: why ?? `${subject} stands for no pod`,
    tiers: [],
    networkPoliciesAsked: true,
    policies: [],
    allowed: PortSet.none,
  };
}

/** What selects an end, and what that admits. */
function explainOne(
  policy: CompiledPolicy,
  end: End,
  base: Pick<Explanation, 'profile' | 'from' | 'port' | 'diagnostics'>,
): Explanation {
  const ends = endsOf(policy, end, undefined);
  const [subject] = ends;
  const notes: string[] = end.note === undefined ? [] : [end.note];
  if (ends.length > 1 && new Set(ends.map((each) => policy.classOf(each))).size > 1) {
    notes.push(
      `${end.name} stands for pods that policies treat differently; shown is ${nameOf(policy, ends[0]!)}`,
    );
  }
  const side = (direction: 'ingress' | 'egress'): SideExplanation =>
    subject === undefined
      ? emptySide(direction, end.name, undefined)
      : walkSide(policy, { direction, subject, other: undefined, family: 'IPv4', ports: undefined });
  const egress = side('egress');
  const ingress = side('ingress');
  const part = ({ isolated, policies, tiers }: SideExplanation): string => {
    const beside = tiers.length === 0 ? '' : ` (${tiers.length} cluster-wide)`;
    return `${isolating({ isolated, policies })}${beside}`;
  };
  const isolating = ({ isolated, policies }: Pick<SideExplanation, 'isolated' | 'policies'>): string =>
    isolated
      ? `${policies.length} ${policies.length === 1 ? 'policy isolates' : 'policies isolate'} its`
      : 'nothing isolates its';
  return {
    ...base,
    to: undefined,
    verdict: 'allowed',
    sentence:
      subject === undefined
        ? `${end.name} stands for no pod`
        : `${end.name}: ${part(ingress)} ingress, ${part(egress)} egress`,
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
  return notModelledEntries(policy.cluster, workloads);
}

/** That namespaceSelectors were held against assumed labels, where they asked for more than the name (corner 22). */
function assumedNotes(policy: CompiledPolicy, side: SideExplanation, other: PolicyEnd): readonly string[] {
  if (other.kind !== 'pod' || !isAssumed(policy, other.pod.namespace)) return [];
  const isAsked = side.policies.some(({ rules }) =>
    rules.some(({ peers }) =>
      peers.some(({ labels }) =>
        labels.some(({ of, key }) => of === 'namespace' && key !== 'kubernetes.io/metadata.name'),
      ),
    ),
  );
  return isAsked ? [assumedNote(other.pod.namespace)] : [];
}

/** Where clusters run their DNS: the Services, and the label of the pods where no Service is in the input. */
const dnsPlaces = [
  { namespace: 'kube-system', services: ['kube-dns', 'coredns'], label: ['k8s-app', 'kube-dns'], port: 53 },
  {
    namespace: 'openshift-dns',
    services: ['dns-default'],
    label: ['dns.operator.openshift.io/daemonset-dns', 'default'],
    port: 5353,
  },
] as const;

/** The cluster's DNS servers, each with the ports of the pod on which it is asked, UDP and TCP. */
function dnsServers(
  policy: CompiledPolicy,
  { services, pods }: Cluster,
): readonly { readonly pod: Pod; readonly ports: PortSet }[] {
  const servers: { readonly pod: Pod; readonly ports: PortSet }[] = [];
  for (const place of dnsPlaces) {
    const here = pods.filter(({ namespace }) => namespace === place.namespace);
    const known = services.filter(
      ({ namespace, name, selector }) =>
        selector !== undefined &&
        namespace === place.namespace &&
        place.services.some((each) => each === name),
    );
    const queries = (['UDP', 'TCP'] as const).map((protocol): PortQuery => ({
      kind: 'range',
      protocol,
      from: 53,
      to: 53,
    }));
    for (const service of known) {
      for (const pod of here) {
        if (!matches(service.selector!, pod.labels)) continue;
        const ports = servicePorts(policy, service, pod, queries, pod.id, new Set());
        // Corner 49: a pod without the target port is no endpoint.
        if (!ports.isEmpty) servers.push({ pod, ports });
      }
    }
    if (known.length > 0) continue;
    const ports = PortSet.union(
      (['UDP', 'TCP'] as const).map((protocol) => PortSet.range(protocol, place.port, place.port)),
    );
    for (const pod of here)
      if (pod.labels.get(place.label[0]) === place.label[1]) servers.push({ pod, ports });
  }
  return servers;
}

/** Corner 50: a yes is of little use to a client that cannot resolve names. */
function dnsNote(policy: CompiledPolicy, cluster: Cluster, from: PolicyEnd): readonly string[] {
  if (from.kind !== 'pod' || !policy.isolated('egress', from)) return [];
  const name = nameOf(policy, from);
  const servers = dnsServers(policy, cluster);
  const { profile, parts } = policy;
  const withServers = compile(narrowed(cluster, new Set([from.pod, ...servers.map(({ pod }) => pod)])), {
    profile,
    undecided: parts.assume,
  });
  let best: { readonly server: string; readonly closed: PortSet; readonly isPartly: boolean } | undefined;
  for (const { pod, ports } of servers) {
    const closed = ports.minus(withServers.allowed(from, { kind: 'pod', pod }));
    if (closed.isEmpty) return [];
    const isPartly = closed.ranges('UDP').length === 0;
    // Of several servers, one that answers at least over UDP says most.
    if (best === undefined || (isPartly && !best.isPartly))
      best = { server: shortName(policy.cluster, pod.workload), closed, isPartly };
  }
  if (best === undefined) {
    return [
      `policies isolate egress of ${name}, and the cluster's DNS is not in the input: names may not resolve`,
    ];
  }
  const result = best.isPartly ? 'answers too long for UDP will not arrive' : 'names will not resolve';
  return [`${name} cannot reach the cluster's DNS (${best.server} on ${portsText(best.closed)}): ${result}`];
}
