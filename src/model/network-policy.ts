import type { Address, Cidr, Protocol } from '../net/index.ts';
import type { ObjectRef, Origin } from './place.ts';
import type { LabelSelector } from './selector.ts';

/** The two directions of a policy, seen from the pods that it selects. */
export type Direction = 'ingress' | 'egress';

/** A list that has at least one element. */
export type NonEmpty<T> = readonly [T, ...T[]];

/**
 * A networking.k8s.io/v1 NetworkPolicy, defaulted: what was absent is filled in, what the API server refuses is gone.
 *
 * Lists keep the order and the length of the text, so that index `i` here is index `i` in the manifest.
 */
export interface NetworkPolicy {
  readonly ref: ObjectRef & { readonly namespace: string };
  readonly origin: Origin;
  readonly namespace: string;
  readonly name: string;
  /** Selects pods of the policy's own namespace only (corner 7). */
  readonly podSelector: LabelSelector;
  readonly ingress: DirectionSpec;
  readonly egress: DirectionSpec;
}

/** What one policy says about one direction of the pods it selects. */
export type DirectionSpec =
  | { readonly kind: 'unaffected' } // the direction is not in the effective policyTypes (corners 4 and 5)
  | { readonly kind: 'isolates'; readonly rules: readonly Rule[] }; // []: nothing is allowed (corner 9)

/** Peers and ports must both match (corner 11). A null element of the list is the empty rule (corner 9). */
export interface Rule {
  readonly peers: Peers;
  readonly ports: Ports;
}

/** `from` or `to` absent, null or empty means every peer (corner 10); "no peer at all" cannot be written. */
export type Peers = { readonly kind: 'any' } | { readonly kind: 'oneOf'; readonly peers: NonEmpty<Peer> };

/** One entry of `from` or `to` (corners 12 to 14). */
export type Peer =
  | {
      readonly kind: 'pods';
      /** `own`: no namespaceSelector, so the policy's namespace. */
      readonly namespaces: 'own' | LabelSelector;
      /** `undefined`: no podSelector, so all pods of the namespaces (same meaning as the empty selector). */
      readonly pods: LabelSelector | undefined;
    }
  | {
      readonly kind: 'ipBlock';
      readonly cidr: Cidr;
      readonly except: readonly Cidr[];
      /** The address as it is written, where that has host bits, which `cidr` masks (corner 38). */
      readonly address?: Address;
    };

/** `ports` absent, null or empty means every port of every protocol (corners 25 and 33). */
export type Ports =
  { readonly kind: 'all' } | { readonly kind: 'oneOf'; readonly ports: NonEmpty<PortEntry> };

/** One entry of `ports`; the protocol defaults to TCP (corner 26). */
export type PortEntry =
  | { readonly kind: 'everyPort'; readonly protocol: Protocol }
  /** `from` equals `to` without `endPort` (corner 31). */
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly from: number; readonly to: number }
  /** Resolved on the destination pod by name and protocol (corner 28). */
  | { readonly kind: 'named'; readonly protocol: Protocol; readonly name: string };
