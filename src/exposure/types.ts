import type { Diagnostic, Direction } from '../model/index.ts';
import type { Family, Protocol } from '../net/index.ts';
import type { AllowedPorts, apiVersion, NotModelledEntry } from '../reach/index.ts';

/**
 * What kind of peer gets through, the widest first: the order of every list.
 *
 * - `internet`: every public address of a family
 * - `any-pod`: any pod in any namespace, also one that does not exist yet
 * - `public-addresses`: some public addresses
 * - `labelled-pods`: pods with some labels in any namespace
 * - `new-namespaces`: pods in namespaces with some labels or names, which whoever creates a namespace may give it
 * - `entry`: an entrance from outside
 * - `namespace`: any pod in namespaces that exist
 * - `namespace-pods`: pods with some labels in namespaces that exist
 * - `private-addresses`: addresses that are not public
 * - `nodes`: nodes of the input
 */
export type ExposureKind =
  | 'internet'
  | 'any-pod'
  | 'public-addresses'
  | 'labelled-pods'
  | 'new-namespaces'
  | 'entry'
  | 'namespace'
  | 'namespace-pods'
  | 'private-addresses'
  | 'nodes';

/** Every kind, in the order of every list. */
export const exposureKinds: readonly ExposureKind[] = [
  'internet',
  'any-pod',
  'public-addresses',
  'labelled-pods',
  'new-namespaces',
  'entry',
  'namespace',
  'namespace-pods',
  'private-addresses',
  'nodes',
];

/** Ports by the names that they bear at a pod that does not exist yet, which may give a name to any number (corner 28). */
export interface NamedPorts {
  readonly protocol: Protocol;
  /** Mostly one; where two policies name a port differently it has to bear both names. Empty only with `without`. */
  readonly names: readonly string[];
  /** Names that it must not bear, which cluster-wide policies deny. */
  readonly without?: readonly string[];
  /** Where not every number will do: those that may bear the names. */
  readonly within?: AllowedPorts;
}

/** Pods with what they may use. */
export interface ExposedPart {
  /** A selector as kubectl's `-l` takes it; empty for any pod. */
  readonly pods: string;
  readonly allowed: AllowedPorts;
  readonly named?: readonly NamedPorts[];
}

/** Existing namespaces whose own policies let some potential pods through only. */
export interface PartlyClosed {
  readonly namespaces: readonly string[];
  /** The pods that get through, with what they may use. */
  readonly peers: readonly ExposedPart[];
}

/** In which namespaces the pods may be. */
export interface ExposedNamespaces {
  /**
   * The labels of namespaces that do not exist yet, as kubectl's `-l` takes them; empty for any. Absent: only namespaces
   * that exist.
   */
  readonly new?: string;
  /** `all`, or the names of those that exist. */
  readonly existing: 'all' | readonly string[];
  /** With `new`: existing ones that are meant although their labels are others. */
  readonly also?: readonly string[];
  /** With `new`: existing ones that are not meant although they have these labels. */
  readonly except?: readonly string[];
  /** Of these, how many let no such pod through by their own policies, and how many only some. */
  readonly closedByOwn: number;
  readonly partlyByOwn: number;
  /** Their names, and whom they let through; without details `closed` only where they are few, and `partly` not at all. */
  readonly closed?: readonly string[];
  readonly partly?: readonly PartlyClosed[];
}

/** A rule that lets a peer through. */
export interface ExposureReason {
  /** Index in `cluster.policies`. */
  readonly index: number;
  /** `namespace/name`. */
  readonly policy: string;
  /** Index in the list of rules, from 0. */
  readonly rule: number;
  /** Index in `from` or `to`; absent when the rule admits every peer. */
  readonly peer?: number;
}

/** Something that gets through: created, the engine allows it. */
export type Witness =
  | ({
      readonly kind: 'pod';
      readonly namespace: string;
      /** The labels of the namespace, where it does not exist yet. */
      readonly namespaceLabels?: { readonly [key: string]: string };
      readonly labels: { readonly [key: string]: string };
      /** The address that it gets, where a cluster-wide policy asks for addresses of pods. */
      readonly address?: string;
      /** Names that the port has to bear at the pod. */
      readonly portNames?: readonly string[];
    } & WitnessPort)
  | ({ readonly kind: 'address'; readonly address: string } & WitnessPort)
  | ({ readonly kind: 'entry'; readonly entry: string } & WitnessPort)
  | ({ readonly kind: 'node'; readonly node: string } & WitnessPort);

/** Both absent where only protocols get through that the API cannot name (corner 33). */
interface WitnessPort {
  readonly protocol?: Protocol;
  readonly port?: number;
}

interface ExposedCommon {
  readonly exposure: ExposureKind;
  readonly allowed: AllowedPorts;
  readonly named?: readonly NamedPorts[];
  /** Only over this family, where the workload has both. */
  readonly family?: Family;
  /** Empty where nothing isolates the workload, and where a cluster-wide policy lets it through. At most a few. */
  readonly because: readonly ExposureReason[];
  /** They get through if some of several policies of equal priority are applied, and not if others are (corner 60). */
  readonly ambiguous?: true;
  /** With `ambiguous`: the names of these cluster-wide policies, sorted. */
  readonly between?: readonly string[];
  readonly witness: Witness;
}

/** Peers that are alike: whom it means, and what they may use. */
export type Exposed =
  /** Addresses outside of the cluster, `[first, last]`; where ipBlocks match pods, also pods that get such an address. */
  | (ExposedCommon & {
      readonly kind: 'ip';
      readonly id: string;
      readonly ranges: readonly (readonly [string, string])[];
    })
  | (ExposedCommon & {
      readonly kind: 'pods';
      readonly namespaces: ExposedNamespaces;
      /** A selector as kubectl's `-l` takes it; empty for any pod. */
      readonly pods: string;
      /**
       * Only pods with such an address, `[first, last]`, which `networks` of cluster-wide policies decide (corner 63). Absent: whatever
       * address they get.
       */
      readonly addresses?: readonly (readonly [string, string])[];
    })
  /** An entrance that leads to these of the workloads, `ingress/ns/name` and so on, whose controller or clients the policies admit. */
  | (ExposedCommon & { readonly kind: 'entry'; readonly id: string; readonly workloads: readonly string[] })
  /** Nodes of the input, by name; a pod's own node is never listed: it is always let through (corner 42). */
  | (ExposedCommon & { readonly kind: 'nodes'; readonly nodes: readonly string[] });

/** Who is asked about when nobody of them gets through. */
export type ClosedScope = 'internet' | 'new-namespaces' | 'own-namespace' | 'other-namespaces' | 'nodes';

/**
 * Why nobody of a scope gets through.
 *
 * - `no-rules`: policies isolate, and none has a rule
 * - `no-such-peer`: no peer of any rule means anybody of the scope
 * - `own-policies`: rules admit some, and the policies of their own namespaces close all of them
 * - `contradiction`: the peers that could mean somebody ask for labels that nothing can have (corner 21)
 * - `tiers`: cluster-wide policies deny it, on the side of the workload or of the peers
 * - `port-name`: the rules that could admit somebody name ports that the pod does not declare (corner 29)
 */
export type ClosedReason =
  'no-rules' | 'no-such-peer' | 'own-policies' | 'contradiction' | 'port-name' | 'tiers';

/** A proof that nobody of a scope gets through: all policies that isolate, and why none of them lets anybody of it. */
export interface Closed {
  readonly scope: ClosedScope;
  readonly reason: ClosedReason;
  /** `namespace/name`, sorted: all that isolate the workload, with `own-policies` those of the peers, with `tiers` cluster-wide ones. */
  readonly policies: readonly string[];
  /** The rules that would admit somebody; absent without any. */
  readonly rules?: readonly ExposureReason[];
}

/** Pods with the same policies, one direction, and everybody who could get through. */
export interface Exposure {
  readonly direction: Direction;
  /** Ids, sorted. */
  readonly workloads: readonly string[];
  /** How many pods they are in all. */
  readonly pods: number;
  /** Set where these are only some of the pods of the workloads. */
  readonly partial?: true;
  readonly isolated: boolean;
  /** Set for pods that are their node: no policy binds them (corner 44). */
  readonly hostNetwork?: true;
  /** The policies that isolate them in this direction, `namespace/name`, sorted. */
  readonly policies: readonly string[];
  /** Names of the cluster-wide policies that bind them in this direction, sorted; absent without any. */
  readonly tiers?: readonly string[];
  /** In the order of `exposureKinds`. */
  readonly peers: readonly Exposed[];
  /** Scopes nobody of whom gets through. */
  readonly closed: readonly Closed[];
}

/** How much of the cluster policies cover. */
export interface Coverage {
  readonly workloads: number;
  readonly pods: number;
  /** Pods that are their node, which no policy can isolate. */
  readonly hostNetwork: number;
  /** Of the other pods, how many are isolated. */
  readonly ingress: number;
  readonly egress: number;
  readonly both: number;
}

/** `podwall exposure -o json`. Everything is sorted, so equal clusters give equal bytes. */
export interface ExposureReport {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'ExposureReport';
  readonly profile: string;
  readonly coverage: Coverage;
  /** Ids of workloads some pod of which no policy isolates in that direction, host-network pods left out. */
  readonly notIsolated: { readonly ingress: readonly string[]; readonly egress: readonly string[] };
  readonly exposures: readonly Exposure[];
  /** What was not decided or left out of account, one sentence each, with what it makes uncertain. */
  readonly undecided: readonly string[];
  readonly notModelled: readonly NotModelledEntry[];
  readonly diagnostics: readonly Diagnostic[];
}
