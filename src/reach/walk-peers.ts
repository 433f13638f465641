import { matches, satisfies } from '../model/index.ts';
import type { LabelSelector, NetworkPolicy, Peer, Requirement, Rule } from '../model/index.ts';
import { formatAddress, formatCidr } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import { addressesOf, blockOf } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import type { LabelCheck, PeerCheck } from './types.ts';
import { nameOf, shownOf } from './walk-question.ts';
import type { WalkQuestion } from './walk-question.ts';
import { peerText, requirementText } from './words.ts';

/** Whether a peer entry means the other end: the answer of `checkPeers` alone, for lists that are not shown. */
export function peerHolds(
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

/** What each peer of a rule says to the other end. */
export function checkPeers(
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
