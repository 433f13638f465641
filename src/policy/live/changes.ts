import type { ClusterNode, Namespace, NetworkPolicy, Pod, TierPolicy } from '../../model/index.ts';

/**
 * One object that is new or different, or gone. Whether it is new is up to the cluster: an object takes the place of the one with
 * its name.
 */
export type Change =
  | { readonly kind: 'pod'; readonly pod: Pod }
  /** `id` as in `Pod.id`. */
  | { readonly kind: 'podDeleted'; readonly id: string }
  | { readonly kind: 'namespace'; readonly namespace: Namespace }
  /** What still stands in it keeps it mentioned, with nothing but its name label (corner 22). */
  | { readonly kind: 'namespaceDeleted'; readonly name: string }
  | { readonly kind: 'node'; readonly node: ClusterNode }
  | { readonly kind: 'nodeDeleted'; readonly name: string }
  | { readonly kind: 'policy'; readonly policy: NetworkPolicy }
  | { readonly kind: 'policyDeleted'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'tierPolicy'; readonly policy: TierPolicy }
  /** `of` is the kind of the policy. */
  | { readonly kind: 'tierPolicyDeleted'; readonly of: TierPolicy['kind']; readonly name: string };
