import type { Cidr, Protocol } from '../net/index.ts';
import type { NonEmpty } from './network-policy.ts';
import type { ObjectRef, Origin } from './place.ts';
import type { LabelSelector } from './selector.ts';

/** The two places around NetworkPolicy: what is asked before it, and what where no NetworkPolicy isolates (corners 53, 60). */
export type Tier = 'admin' | 'baseline';

/**
 * A cluster-wide policy of policy.networking.k8s.io, defaulted: ClusterNetworkPolicy v1alpha2, AdminNetworkPolicy (tier
 * `admin`) or BaselineAdminNetworkPolicy (tier `baseline`) v1alpha1.
 *
 * Its rules are asked in order, the first that matches decides; what none matches goes on (corners 53 and 60). Lists keep
 * the order and the length of the text, so that index `i` here is index `i` in the manifest.
 */
export interface TierPolicy {
  readonly ref: ObjectRef;
  readonly origin: Origin;
  readonly kind: 'ClusterNetworkPolicy' | 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy';
  readonly name: string;
  readonly tier: Tier;
  /**
   * 0 to 1000 within the tier, lower first. `undefined` for BaselineAdminNetworkPolicy, which has none: its place among
   * ClusterNetworkPolicies of the Baseline tier is open, as if its priority equalled every one of theirs.
   */
  readonly priority: number | undefined;
  readonly subject: TierPods;
  readonly ingress: readonly TierRule[];
  readonly egress: readonly TierRule[];
}

/**
 * Pods by the labels of their namespaces and by their own; never host-network pods (corners 56, 63 and 66).
 * `unusable`: the selector cannot be read, or the object has no field that podwall knows. A subject that is unusable
 * selects nobody; as a peer it makes its rule fail closed.
 */
export type TierPods =
  | { readonly kind: 'pods'; readonly namespaces: LabelSelector; readonly pods: LabelSelector | undefined }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Peers and ports must both match (corners 57, 58 and 61 to 63). */
export interface TierRule {
  readonly name: string | undefined;
  /** `Allow` of AdminNetworkPolicy is `accept`. `pass` leaves the tier for what matches (corners 54 and 61). */
  readonly action: 'accept' | 'deny' | 'pass';
  /** Any of them. One `unknown` peer makes the whole rule fail closed (corners 59 and 66). */
  readonly peers: NonEmpty<TierPeer>;
  readonly ports: TierPorts;
}

/** One entry of `from` or `to`. Only `pods` in ingress (corner 63). */
export type TierPeer =
  | TierPods
  /** Addresses of pods, nodes and the outside alike (corners 58 and 63); at least one. */
  | { readonly kind: 'networks'; readonly cidrs: NonEmpty<Cidr> }
  /** Every IP address of the nodes that it selects (corner 63). */
  | { readonly kind: 'nodes'; readonly nodes: LabelSelector }
  /** Not decidable from files: no address is known to match, and any address outside the cluster may (corner 63). */
  | { readonly kind: 'domainNames'; readonly names: NonEmpty<string> }
  /** No field that this API, or the chosen channel, knows (corners 59 and 66). */
  | { readonly kind: 'unknown' };

/** `ports` or `protocols` absent: no matching of protocols, so everything, ICMP too (corners 57 and 62). */
export type TierPorts =
  { readonly kind: 'all' } | { readonly kind: 'oneOf'; readonly ports: NonEmpty<TierPortEntry> };

/** One entry of `ports` or `protocols`. */
export type TierPortEntry =
  /** `tcp: {}` and the like, which the CRD refuses: every port of the protocol (corner 62). */
  | { readonly kind: 'everyPort'; readonly protocol: Protocol }
  /** `from` equals `to` for a number. `from` above `to` matches nothing (corner 57). */
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly from: number; readonly to: number }
  /** The container port of this name on the destination pod, with whatever protocol it has there (corners 57 and 62). */
  | { readonly kind: 'named'; readonly name: string }
  /** Legal to store, and matches nothing: an unknown protocol, an empty name (corner 57). */
  | { readonly kind: 'nothing'; readonly reason: string }
  /** An entry without a field that this API knows: the rule fails closed, like an unknown peer (corner 62). */
  | { readonly kind: 'unknown' };
