import type {
  Cluster,
  LabelSelector,
  NetworkPolicy,
  Path,
  Peer,
  TierPeer,
  TierPolicy,
} from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { count, someOf } from './findings.ts';
import type { Findings } from './findings.ts';
import { namespaceNameLabel } from './labels.ts';

/** A part of a policy, as something that a finding can be about. */
interface PolicyPlace {
  readonly subject: Pick<RawObject, 'origin' | 'stored' | 'ref'>;
  readonly path: Path;
}

/** One note, and only where it matters: a policy asks for labels that an assumed namespace may have. */
export function tellAssumedNamespaces(
  findings: Findings,
  { namespaces, policies, tierPolicies }: Cluster,
): void {
  const assumed: string[] = [];
  for (const { name, origin } of namespaces.values()) if (origin === undefined) assumed.push(name);
  if (assumed.length === 0) return;
  const place =
    findPeer(
      policies,
      (peer) => peer.kind === 'pods' && peer.namespaces !== 'own' && asksForMore(peer.namespaces),
    ) ?? findTierPeer(tierPolicies, (peer) => peer.kind === 'pods' && asksForMore(peer.namespaces));
  if (place === undefined) return;
  const isOne = assumed.length === 1;
  const message =
    `${count(assumed.length, 'namespace')} ${isOne ? 'is' : 'are'} not in the input: ${someOf(assumed.sort())}. ` +
    `Of ${isOne ? 'its' : 'their'} labels only ${namespaceNameLabel} is known, and this policy asks for others`;
  const hint = 'add the Namespace objects (kubectl get ns -o yaml)';
  findings.note(place.subject, 'namespace-assumed', place.path, message, { hint });
}

function asksForMore({ requirements }: LabelSelector): boolean {
  return requirements.some(({ key }) => key !== namespaceNameLabel);
}

/** One note: neither an ipBlock nor networks match a pod whose address is not known (corners 39 and 63). */
export function tellPodsWithoutAddress(
  findings: Findings,
  { policies, tierPolicies }: Cluster,
  { all, without }: { readonly all: number; readonly without: number },
): void {
  if (without === 0) return;
  const block = findPeer(policies, ({ kind }) => kind === 'ipBlock');
  const place = block ?? findTierPeer(tierPolicies, ({ kind }) => kind === 'networks');
  if (place === undefined) return;
  const message =
    `${without} of ${count(all, 'pod')} ${without === 1 ? 'has' : 'have'} no address in the input, so ` +
    `${block === undefined ? 'no networks match' : 'no ipBlock matches'} ${without === 1 ? 'it' : 'them'}`;
  const hint = 'a dump of the running pods has their addresses (kubectl get pods -A -o yaml)';
  findings.note(place.subject, 'pods-without-address', place.path, message, { hint });
}

/** The first peer of all policies for which `asks` holds. */
function findPeer(
  policies: readonly NetworkPolicy[],
  asks: (peer: Peer) => boolean,
): PolicyPlace | undefined {
  for (const policy of policies) {
    for (const direction of ['ingress', 'egress'] as const) {
      const spec = policy[direction];
      if (spec.kind === 'unaffected') continue;
      for (const [i, { peers }] of spec.rules.entries()) {
        const j = peers.kind === 'any' ? -1 : peers.peers.findIndex(asks);
        if (j < 0) continue;
        const path = ['spec', direction, i, direction === 'ingress' ? 'from' : 'to', j];
        return { subject: { ref: policy.ref, origin: policy.origin, stored: true }, path };
      }
    }
  }
  return undefined;
}

/** The first subject or peer of the tiers for which `asks` holds. */
function findTierPeer(
  policies: readonly TierPolicy[],
  asks: (peer: TierPeer) => boolean,
): PolicyPlace | undefined {
  for (const policy of policies) {
    const subject = { ref: policy.ref, origin: policy.origin, stored: true };
    if (asks(policy.subject)) return { subject, path: ['spec', 'subject'] };
    for (const direction of ['ingress', 'egress'] as const) {
      for (const [i, { peers }] of policy[direction].entries()) {
        const j = peers.findIndex(asks);
        if (j < 0) continue;
        return { subject, path: ['spec', direction, i, direction === 'ingress' ? 'from' : 'to', j] };
      }
    }
  }
  return undefined;
}
