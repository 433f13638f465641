/** The readings that podwall can answer by: the default, and what tools and network plugins make of the API. */
export const profileNames = [
  'upstream',
  'np-guard',
  'calico',
  'cilium',
  'ovn-kubernetes',
  'antrea',
  'kube-network-policies',
  'aws-vpc-cni',
  'kube-router',
] as const;

/** One of `profileNames`. */
export type ProfileName = (typeof profileNames)[number];

/** What the engine follows where the API leaves the behaviour open: each field is a row of the table of profiles. */
export interface Reading {
  /** Whether an `ipBlock` matches the addresses of pods (corner 34). */
  readonly ipBlockMatchesPods: boolean;
  /** Whether an `ipBlock` matches nodes, and host-network pods that are their node (corner 34). */
  readonly ipBlockMatchesNodes: boolean;
  /** Host-network pods are their node, or pods like any other (corner 44). */
  readonly hostNetworkPods: 'node' | 'pod';
  /** Pods that have Succeeded or Failed no longer exist, or are pods like any other (corner 46). */
  readonly finishedPods: 'ignored' | 'pod';
  /** Whether a node always reaches the pods that run on it (corner 42). */
  readonly nodeToPod: boolean;
  /** Whether a pod always reaches the node that it runs on (corner 42). */
  readonly podToNode: boolean;
  /** Whether the named ports of restartable init containers count (corner 28). */
  readonly sidecarPorts: boolean;
  /** Whether named ports in egress rules mean anything (corner 28 and part 8). */
  readonly namedPortsInEgress: boolean;
  /** Whether a named port in an egress rule resolves on a pod that only an `ipBlock` matches (corner 29). */
  readonly namedPortOnIpBlock: boolean;
  /** `endPort` ends a range, or is not seen, so that the rule means its first port (corner 32). */
  readonly endPort: 'range' | 'firstPort';
  /** A CIDR with host bits is the block around it, that one address, or makes its peer nobody (corner 38). */
  readonly hostBits: 'masked' | 'address' | 'dropped';
  /** Whether entries of rules that name SCTP admit it (corner 32). */
  readonly sctp: boolean;
  /** Whether a rule without ports admits protocols that the API cannot name, ICMP among them (corner 33). */
  readonly allPortsAdmitOthers: boolean;
  /** A NetworkPolicy keeps the Baseline tier from a pod in the directions that it isolates, or in both (corners 55 and 64). */
  readonly baselineAfterPolicies: 'direction' | 'pod';
  /** Of cluster-wide policies of equal priority any may decide, or the first by name does (corner 60). */
  readonly equalPriority: 'any' | 'name';
}

/** The id of a behaviour that the engine follows. */
export type ReadingId = keyof Reading;

/** What decides where the API leaves the behaviour open: data, so that no reading is a code path of its own. */
export interface Profile extends Reading {
  readonly name: ProfileName;
  /** Behaviours of which nobody has shown what this implementation does: they are read as `upstream` reads them. */
  readonly unknown: readonly ReadingId[];
}

/** Where a cell of the table comes from. */
export interface Source {
  /** What says so: a document, an issue, a file of the implementation, a test. */
  readonly text: string;
  readonly url?: string;
}

/** What one implementation does in one matter; `unknown` where no public source is at hand. */
export type Cell<Value> = 'unknown' | { readonly value: Value; readonly source: Source };

/** One row of the table: a behaviour that the API leaves open, and what each implementation does. */
export interface Row<Value extends string | boolean> {
  readonly question: string;
  /** The corner that leaves it open. */
  readonly corner: number;
  /** What each value means, in a few words. */
  readonly values: readonly (readonly [value: Value, text: string])[];
  readonly cells: { readonly [name in ProfileName]: Cell<Value> };
}
