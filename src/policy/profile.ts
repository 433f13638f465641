/** The readings that podwall can answer by; the implementations that people run follow. */
export type ProfileName = 'upstream' | 'np-guard';

/** What decides where the API leaves the behaviour open: data, so that no reading is a code path of its own. */
export interface Profile {
  readonly name: ProfileName;
  /** Whether an `ipBlock` matches the addresses of pods (corner 34). */
  readonly ipBlockMatchesPods: boolean;
  /** Host-network pods are their node, or pods like any other (corner 44). */
  readonly hostNetworkPods: 'node' | 'pod';
  /** Pods that have Succeeded or Failed no longer exist, or are pods like any other (corner 46). */
  readonly finishedPods: 'ignored' | 'pod';
  /** Whether a pod and its own node always reach each other (corner 42). */
  readonly ownNode: boolean;
  /** Whether the named ports of restartable init containers count (corner 28). */
  readonly sidecarPorts: boolean;
  /** Whether a named port in an egress rule resolves on a pod that only an `ipBlock` matches (corner 29). */
  readonly namedPortOnIpBlock: boolean;
}

/** Every profile, by name. */
export const profiles: { readonly [name in ProfileName]: Profile } = {
  // The Kubernetes end-to-end suite and the reading of semantics that its tests require.
  upstream: {
    name: 'upstream',
    ipBlockMatchesPods: true,
    hostNetworkPods: 'node',
    finishedPods: 'ignored',
    ownNode: true,
    sidecarPorts: true,
    namedPortOnIpBlock: true,
  },
  // np-guard/netpol-analyzer: test/conformance/np-guard/README.md, and corner 28 for sidecars.
  'np-guard': {
    name: 'np-guard',
    ipBlockMatchesPods: false,
    hostNetworkPods: 'pod',
    finishedPods: 'pod',
    ownNode: false,
    sidecarPorts: false,
    namedPortOnIpBlock: false,
  },
};
