import type { Tier, TierPolicy } from '../../model/index.ts';
import type { CnpChannel } from '../raw.ts';

type TierKindName = TierPolicy['kind'];

/** What one kind calls things, and which it has: the three say the same in different words. */
export interface TierKind {
  readonly kind: TierKindName;
  /** The one version of it that was ever released. */
  readonly apiVersion: string;
  /** `spec` where the object says it itself. */
  readonly tier: Tier | 'spec';
  readonly hasPriority: boolean;
  /** The action that admits is `Accept` or `Allow`; BaselineAdminNetworkPolicy has no Pass (corners 54, 58 and 61). */
  readonly actions: ReadonlyMap<string, 'accept' | 'deny' | 'pass'>;
  /** The list of ports in a rule; the two have entries of different shape (corners 57 and 62). */
  readonly ports: 'protocols' | 'ports';
  readonly namesPorts: Readonly<Record<CnpChannel, boolean>>;
  /** Fields of a peer of egress; those of ingress are always namespaces and pods (corners 58 and 63). */
  readonly egressPeers: Readonly<Record<CnpChannel, ReadonlySet<PeerField>>>;
  /** Whether `pods` may leave out its namespaceSelector, which then selects all namespaces (corners 56 and 66). */
  readonly namespacesOptional: boolean;
}

/** The fields of a peer. */
export type PeerField = 'namespaces' | 'pods' | 'networks' | 'nodes' | 'domainNames';

/** The fields of a peer of ingress, and of a subject. */
export const podFields: ReadonlySet<PeerField> = new Set<PeerField>(['namespaces', 'pods']);

const standardPeers: ReadonlySet<PeerField> = new Set<PeerField>(['namespaces', 'pods', 'networks']);
const withNodes: ReadonlySet<PeerField> = new Set<PeerField>([...standardPeers, 'nodes']);
const everyPeer: ReadonlySet<PeerField> = new Set<PeerField>([...withNodes, 'domainNames']);

/**
 * The kinds, by name.
 *
 * @see https://github.com/kubernetes-sigs/network-policy-api/tree/main/config/crd — v0.2.0 for ClusterNetworkPolicy,
 *   v0.1.7 for the two kinds before it
 */
const tierKinds: Readonly<Record<TierKindName, TierKind>> = {
  ClusterNetworkPolicy: {
    kind: 'ClusterNetworkPolicy',
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    tier: 'spec',
    hasPriority: true,
    actions: new Map([
      ['Accept', 'accept'],
      ['Deny', 'deny'],
      ['Pass', 'pass'],
    ]),
    ports: 'protocols',
    namesPorts: { standard: true, experimental: true },
    egressPeers: { standard: standardPeers, experimental: everyPeer },
    namespacesOptional: true,
  },
  AdminNetworkPolicy: {
    kind: 'AdminNetworkPolicy',
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    tier: 'admin',
    hasPriority: true,
    actions: new Map([
      ['Allow', 'accept'],
      ['Deny', 'deny'],
      ['Pass', 'pass'],
    ]),
    ports: 'ports',
    namesPorts: { standard: false, experimental: true },
    egressPeers: { standard: standardPeers, experimental: everyPeer },
    namespacesOptional: false,
  },
  BaselineAdminNetworkPolicy: {
    kind: 'BaselineAdminNetworkPolicy',
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    tier: 'baseline',
    hasPriority: false,
    actions: new Map([
      ['Allow', 'accept'],
      ['Deny', 'deny'],
    ]),
    ports: 'ports',
    namesPorts: { standard: false, experimental: true },
    egressPeers: { standard: standardPeers, experimental: withNodes },
    namespacesOptional: false,
  },
};

/** What there is to know of the kind of an object; stored ones may have a name that servers no longer know. */
export function tierKindOf(kind: string): TierKind {
  const name = kind.toLowerCase();
  return (
    Object.values(tierKinds).find((known) => known.kind.toLowerCase() === name) ??
    tierKinds.ClusterNetworkPolicy
  );
}
