import type {
  ClusterNode,
  Diagnostic,
  Direction,
  NetworkPolicy,
  ObjectRef,
  Place,
  Pod,
  Service,
  TierPolicy,
} from '../model/index.ts';
import type { Entry, EntryTls } from '../entry/index.ts';
import type { AddressRange, Family, PortSet, Protocol } from '../net/index.ts';

/** The version of every machine-readable document. */
export const apiVersion = 'podwall.dev/v1';

/** What peers of a map are. */
export type Level =
  { readonly kind: 'pod' | 'workload' | 'namespace' } | { readonly kind: 'label'; readonly key: string };

/**
 * What may be used, as documents write it: `"all"` (every protocol, also those that the API cannot name), or inclusive
 * port ranges by protocol, sorted, neither overlapping nor touching. `other`: the protocols that the API cannot name, ICMP
 * among them, which only a tier leaves open where it denies others (corners 33, 57 and 62).
 */
export type AllowedPorts =
  | 'all'
  | ({ readonly [protocol in Protocol]?: readonly (readonly [number, number])[] } & {
      readonly other?: true;
    });

/** One end of connections. `id` is an operand of every command. */
export interface MapPeer {
  readonly id: string;
  readonly kind: 'pod' | 'workload' | 'namespace' | 'label' | 'ip' | 'node' | 'entry';
  /** How many pods it stands for; not for `ip` and `node`. */
  readonly pods?: number;
  readonly hostNetwork?: true;
  /** Only for `ip`: `[first, last]` in canonical text, IPv4 first. */
  readonly ranges?: readonly (readonly [string, string])[];
  /** Only for `entry`: the hosts that it takes, sorted; absent where it takes every host. */
  readonly hosts?: readonly string[];
  /** Only for `entry`: who sends its requests on; absent where clients outside do so themselves. */
  readonly controller?: MapController;
}

/**
 * The pods that serve an entrance: named by a flag, labelled as those of this Gateway, found by class, or by labels where
 * the input has one controller only. `assumed`: none of them is in the input.
 */
export interface MapController {
  readonly found: 'flag' | 'gateway' | 'class' | 'labels' | 'assumed';
  /** Ids, sorted. */
  readonly workloads: readonly string[];
}

/** That `from` may open connections to `to`. */
export interface MapConnection {
  readonly from: string;
  readonly to: string;
  readonly allowed: AllowedPorts;
  /** The connection holds for this family only, where the pair shares both. */
  readonly family?: Family;
  /** Some pair of the two ends may less. */
  readonly partial?: true;
  /**
   * Policies of equal priority disagree about it: it is open if the implementation applies some of them, and closed if it
   * applies others (corner 60). What is open in any case is a connection of its own.
   */
  readonly ambiguous?: true;
  /** Only with `--explain`. */
  readonly because?: readonly MapReason[];
}

/** Why one side of a connection is open. */
export interface MapReason {
  readonly direction: Direction;
  /**
   * `open`: nothing isolates this side. `policy`: that policy's rule admits it. `self`: a pod reaches itself. `node`: a
   * pod and its own node reach each other (corner 42). `tier`: that rule of a cluster-wide policy accepts it, or for an
   * ambiguous connection may decide it.
   */
  readonly kind: 'open' | 'policy' | 'self' | 'node' | 'tier';
  /** `namespace/name`, of a cluster-wide policy `Kind/name`. */
  readonly policy?: string;
  /** What a rule of a tier does. */
  readonly action?: 'accept' | 'deny' | 'pass';
  /** Index in the list of rules, from 0. */
  readonly rule?: number;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** `podwall map -o json`. Everything is sorted, so equal clusters give equal bytes. */
export interface ConnectivityMap {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'ConnectivityMap';
  /** `pod`, `workload`, `namespace` or `label=KEY`. */
  readonly level: string;
  readonly profile: string;
  readonly peers: readonly MapPeer[];
  readonly connections: readonly MapConnection[];
  readonly notModelled: readonly NotModelledEntry[];
  readonly diagnostics: readonly Diagnostic[];
}

/** An object that decides about traffic and is not part of the answer, as documents list it; `affects` holds ids of workloads. */
export interface NotModelledEntry extends ObjectRef {
  readonly affects: readonly string[];
  readonly file: string;
  readonly line: number;
}

/**
 * `podwall map --count -o json`: exact numbers of ordered pairs of distinct pods, as `bigint` where a `number` would not be
 * exact.
 */
export interface ConnectivityCount {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'ConnectivityCount';
  readonly profile: string;
  readonly pods: number;
  readonly pairs: number | bigint;
  /** Pairs that may use at least one port. */
  readonly allowed: number | bigint;
  /**
   * Pairs that may use more if the implementation applies certain ones of several policies of equal priority (corner 60);
   * absent where none can disagree.
   */
  readonly ambiguous?: number | bigint;
  /** By what they may use, the most pairs first, then by the text of `allowed`. */
  readonly byPorts: readonly { readonly allowed: AllowedPorts; readonly pairs: number | bigint }[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What a person should know beside the connections of a map. */
export interface MapSummary {
  readonly workloads: number;
  readonly pods: number;
  readonly namespaces: readonly string[];
  readonly policies: number;
  /** The cluster-wide policies around them, of the whole cluster. */
  readonly tierPolicies: number;
  /**
   * Ordered pairs of distinct peers of the cluster (no ip, node or entry peers), within the focus; at level `pod`, where a
   * peer may stand for several replicas, of distinct pods. `bigint` where a `number` would not be exact.
   */
  readonly pairs: number | bigint;
  /** Those of them with no connection, or none that is open in any case. */
  readonly closedPairs: number | bigint;
  /**
   * Ordered pairs of distinct pods of the whole cluster about which policies of equal priority disagree (corner 60); absent
   * where none can.
   */
  readonly ambiguousPairs?: number | bigint;
  /** Ids of workloads, within the focus, some pod of which no policy isolates in that direction. */
  readonly notIsolated: { readonly ingress: readonly string[]; readonly egress: readonly string[] };
  /** Ids of workloads, within the focus, that take connections from every address of the internet or some part of it. */
  readonly fromOutside: readonly string[];
  /** Ids of the entrances, within the focus, that lead to pods none of which the policies let them reach. */
  readonly closedEntrances: readonly string[];
  /** Why there is no connection at all, in one sentence; `undefined` when there is one. */
  readonly emptyBecause: string | undefined;
}

/** The answer to `map`, before it is rendered. */
export interface MapAnswer {
  readonly document: ConnectivityMap;
  readonly summary: MapSummary;
  /** The reasons of one of the document's connections, worked out when asked for; at most a few per direction. */
  readonly because: (connection: MapConnection) => readonly MapReason[];
  /**
   * Whether connections between two of the document's peers, by id, were asked about: pairs outside the focus were not,
   * and no map asks about two ends neither of which is a pod. Absent: every pair was.
   */
  readonly keeps?: (from: string, to: string) => boolean;
}

/** The answer to `map` as it is written: its connections are worked out while they are read. */
export interface MapStream {
  readonly document: Omit<ConnectivityMap, 'connections'> & {
    readonly connections: Iterable<MapConnection>;
  };
  readonly because: MapAnswer['because'];
}

/** `allowed`, `denied`, `partly` (some pod, address, family or port only), `unknown` (labels that files cannot tell). */
export type Verdict = 'allowed' | 'denied' | 'partly' | 'unknown' | 'ambiguous';

/** Whether and why a requirement of a selector holds. */
export interface LabelCheck {
  /** `metadata.labels` of the pod, or of its namespace. */
  readonly of: 'pod' | 'namespace';
  readonly key: string;
  /** What the selector asks, as people write it: `app=backend`, `tier in (a, b)`, `!canary`. */
  readonly wants: string;
  /** The value that is there; `undefined` when the key is not. */
  readonly has: string | undefined;
  readonly holds: boolean | 'unknown';
  /** Where the requirement stands. */
  readonly place: Place;
}

/** One peer entry of a rule, held against the other end. */
export interface PeerCheck {
  /** Index in `from` or `to`; `undefined` when the rule admits any peer. */
  readonly peer: number | undefined;
  readonly matches: boolean | 'unknown';
  readonly kind: 'any' | 'pods' | 'ipBlock';
  /** Whom the entry means, in words. */
  readonly text?: string;
  /** For `pods`: false when the policy looks in its own namespace and the other end is elsewhere. */
  readonly namespaceMatches: boolean | 'unknown';
  readonly labels: readonly LabelCheck[];
  /** One sentence when it does not match: `frontend has app=frontend`, `10.1.2.3 is in except 10.1.0.0/16`. */
  readonly reason: string | undefined;
  readonly place: Place;
}

/** One port entry of a rule, held against the port that was asked about. */
export interface PortCheck {
  /** Index in `ports`; `undefined` when the rule admits every port. */
  readonly port: number | undefined;
  /** `none` when no port was asked about. */
  readonly matches: boolean | 'some' | 'none';
  /** What the entry means for this destination: `TCP 5432`, `TCP http, which is 8080 in shop/web`. */
  readonly text: string;
  readonly reason: string | undefined;
  readonly place: Place;
}

/** One rule of a policy, held against the connection. */
export interface RuleCheck {
  readonly rule: number;
  readonly admits: boolean | 'unknown';
  readonly peers: readonly PeerCheck[];
  readonly ports: readonly PortCheck[];
  readonly place: Place;
  /** The last line of the rule, for quoting. */
  readonly endLine: number | undefined;
}

/** What one policy that selects the subject says about the connection. */
export interface PolicyCheck {
  readonly policy: NetworkPolicy;
  readonly effect: 'admits' | 'doesNotAdmit' | 'unknown';
  /** In one or two words for people: `admits nothing`, `does not admit it: the peer`, `rule 1`. */
  readonly summary: string;
  readonly rules: readonly RuleCheck[];
  /** Of the admitting rule: indices from 0. */
  readonly rule?: number;
  readonly peer?: number;
  readonly port?: number;
  /** Of the admitting rule, else of the policy. */
  readonly place: Place;
}

/** What one policy of a tier says about the connection. */
export interface TierCheck {
  readonly policy: TierPolicy;
  /**
   * What it says of the ports that were asked about: `several` of the others, each of some ports; `none`: no rule matches;
   * `notAsked`: every port is decided before; `unknown`: files cannot tell.
   */
  readonly effect: 'accepts' | 'denies' | 'passes' | 'several' | 'none' | 'notAsked' | 'unknown';
  /** In a few words for people: `rule 1 denies it`, `no rule matches: the port (rule 1: TCP 5432)`. */
  readonly summary: string;
  /** The first rule that matches, and in its list the peer by which it does: indices from 0. */
  readonly rule?: number;
  readonly peer?: number;
  /** The rule has a peer or port that podwall does not know, so it denies everything (corner 66). */
  readonly failsClosed?: true;
  /** Another policy of equal priority says otherwise (corner 60). */
  readonly ambiguous?: true;
  /** Of that rule, else of the policy. */
  readonly place: Place;
  /** The last line of the rule, for quoting. */
  readonly endLine: number | undefined;
}

/** One side of the walk: egress of the source, or ingress of the destination. */
export interface SideExplanation {
  readonly direction: Direction;
  /** Id of the pod or workload whose policies are asked; for an end that is no pod, its address or name. */
  readonly subject: string;
  readonly isolated: boolean;
  /** `open` admits the connection, `closed` does not. */
  readonly state: 'open' | 'closed' | 'partly' | 'unknown' | 'ambiguous';
  /**
   * The policies of the tiers that speak of the subject in this direction, in the order in which they are asked; those of
   * the Baseline tier only where no NetworkPolicy isolates it (corners 53 and 60).
   */
  readonly tiers: readonly TierCheck[];
  /** Whether the tiers leave any of the ports that were asked about to the NetworkPolicies. */
  readonly networkPoliciesAsked: boolean;
  /** Why there is nothing to ask: the end is outside, a node, on the host network; a pod's own node; itself. */
  readonly exempt: string | undefined;
  readonly policies: readonly PolicyCheck[];
  readonly allowed: PortSet;
}

/** A change that would allow the connection. */
export interface NearMiss {
  /** `egress` or `ingress`, and `both` when each side needs a change. */
  readonly direction: Direction | 'both';
  /** One sentence: `in policies.yaml:40 admit app in (backend, frontend)`. */
  readonly change: string;
  readonly place: Place;
  /** Lines to write in the manifest instead or in addition, when the change is one of text. */
  readonly patch: readonly string[] | undefined;
  /** What else it would open, computed by the engine: sorted, the pair itself left out. */
  readonly alsoOpens: readonly {
    readonly from: string;
    readonly to: string;
    readonly allowed: AllowedPorts;
  }[];
  /** Set when it would open even more than `alsoOpens` lists, which has an end. */
  readonly opensMore?: true;
  /** How many requirements, ports or entries have to change: the smallest is nearest. */
  readonly distance: number;
}

/** One backend of an entrance: a workload on one port, through one Service. */
export interface EntranceBackend {
  /** Sorted; empty: every host. */
  readonly hosts: readonly string[];
  /** What of requests decides beside the host; empty: nothing. */
  readonly paths: readonly string[];
  readonly tls: EntryTls;
  /** `namespace/svc/name`, and its port. */
  readonly service: string;
  readonly port: number;
  /** Id of the workload. */
  readonly to: string;
  /** The port of its pods. */
  readonly allowed: AllowedPorts;
  readonly verdict: Verdict;
}

/** Where an entrance leads, and who gets there around it. */
export interface EntranceExplanation {
  readonly id: string;
  readonly backends: readonly EntranceBackend[];
  /** Other ends that reach the backends on these ports; only of an explanation of all of them. */
  readonly around?: readonly MapConnection[];
}

/** The answer to `explain` and `can`, before it is rendered. Ends that are several pods are answered together. */
export interface Explanation {
  readonly profile: string;
  readonly from: string;
  /** `undefined` for an explanation of one end. */
  readonly to: string | undefined;
  /** The ports asked about, as people write them; `undefined` when none was. */
  readonly port: string | undefined;
  readonly verdict: Verdict;
  /** The verdict in one sentence, in the reader's names, without sign and without final full stop. */
  readonly sentence: string;
  readonly egress: SideExplanation;
  readonly ingress: SideExplanation;
  /** What every pair may use in all, whatever was asked. */
  readonly allowed: PortSet;
  /** The same by family, where no port was asked about and the families differ. */
  readonly byFamily?: { readonly [family in Family]?: PortSet };
  /** The port at the pod that the walk tested, where it is not written as it was asked: of a Service, or of a name. */
  readonly testedPort?: string;
  /** Only where the source is an entrance. */
  readonly entrance?: EntranceExplanation;
  readonly nearest: readonly NearMiss[];
  /** Further sentences: no common family, no DNS from the source, Service ports resolved, assumptions. */
  readonly notes: readonly string[];
  readonly notModelled: readonly NotModelledEntry[];
  readonly diagnostics: readonly Diagnostic[];
}

/** An operand of `explain`, `can` and the focus flags, resolved. */
export type End = {
  /** How answers speak of it. */
  readonly name: string;
  /** What was read otherwise than written, in one sentence without final full stop. */
  readonly note?: string;
  /** Set for a bare address of a pod, node or Service: only that family is asked about. */
  readonly family?: Family;
} & (
  | { readonly kind: 'pods'; readonly pods: readonly Pod[] }
  /** Ports asked of a Service are its own; `pods` are its endpoints (corner 49). */
  | { readonly kind: 'service'; readonly service: Service; readonly pods: readonly Pod[] }
  | { readonly kind: 'nodes'; readonly nodes: readonly ClusterNode[] }
  /** An entrance to the cluster, as a source of connections (corner 51). */
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** Addresses outside the cluster. */
  | { readonly kind: 'outside'; readonly ranges: readonly AddressRange[] }
);

/** One port operand; a name is resolved on the destination, without protocol on whatever protocol it has there. */
export type PortQuery =
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly from: number; readonly to: number }
  | { readonly kind: 'named'; readonly protocol: Protocol | undefined; readonly name: string };
