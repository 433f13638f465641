import type { Direction, NetworkPolicy, TierPolicy } from '../model/index.ts';
import type { Family } from '../net/index.ts';

/** A value of an nft set: an address as canonical text, or a port. */
export type Scalar = string | number;

/** One key of a set or map. */
export type Key =
  | Scalar
  | { readonly pair: readonly [string, string] }
  /** Both ends included. */
  | { readonly range: readonly [Scalar, Scalar] }
  | { readonly prefix: readonly [address: string, length: number] };

/** The nft types that keys are made of. */
export type KeyType = 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service' | 'mark';

/** An element of a set. */
export interface SetElement {
  readonly key: Key;
  /** At most 127 bytes. */
  readonly comment?: string;
}

/** A named set. Equal rulesets have their elements in the same order: by value. */
export interface NftSet {
  readonly name: string;
  /** The parts of its keys; more than one make a concatenation. */
  readonly type: readonly KeyType[];
  /** Whether its keys are ranges, which must not overlap. */
  readonly interval: boolean;
  /** For sets that packets fill: the most elements, and how long they stay. */
  readonly dynamic?: { readonly size: number; readonly timeoutSeconds: number };
  /** At most 127 bytes. */
  readonly comment?: string;
  readonly elements: readonly SetElement[];
}

/** A named map from addresses to chains, or from marks to `accept`. */
export interface NftMap {
  readonly name: string;
  readonly type: KeyType;
  readonly entries: readonly MapEntry[];
}

/** Where packets of one address, or of flows with one mark, go. */
export interface MapEntry {
  /** As nft lists it. */
  readonly key: string;
  readonly verdict: Verdict;
}

/** What a map leads to. */
export type Verdict =
  { readonly kind: 'jump' | 'goto'; readonly chain: string } | { readonly kind: 'accept' };

/** The hook of a base chain; its type is `filter`, its policy `accept`. */
export interface Hook {
  readonly hook: 'forward' | 'output' | 'input';
  readonly priority: number;
}

/** A chain with all its rules. */
export interface Chain {
  readonly name: string;
  readonly hook?: Hook;
  readonly rules: readonly NftRule[];
  /** What the chain is for, for readers; no part of what is loaded. */
  readonly about?: string;
}

/** One rule: its statements from left to right, the last of which may be a verdict. */
export interface NftRule {
  readonly statements: readonly Statement[];
  /** One policy with its rule, and `+n` for n more. At most 127 bytes. */
  readonly comment?: string;
  /** The rules of policies that it stands for, for readers; no part of what is loaded. */
  readonly sources?: readonly RuleSource[];
}

/** A rule of a policy, or with -1 the policy itself, which isolates. */
export interface RuleSource {
  readonly policy: NetworkPolicy | TierPolicy;
  readonly direction: Direction;
  readonly rule: number;
}

/** The two ends of a flow, whichever way a packet of it goes: who opened it, and who answers it after NAT. */
export type FlowEnd = 'client' | 'backend';

/** What a rule is made of, in the words of this layout; `syntax.ts` knows nft's. */
export type Statement =
  /** The address of an end of the flow is in a set, or with `negated` is not. */
  | {
      readonly kind: 'flowAddress';
      readonly end: FlowEnd;
      readonly family: Family;
      readonly set: string;
      readonly negated?: boolean;
    }
  /** Client and backend together are in a set of pairs. */
  | { readonly kind: 'flowPair'; readonly family: Family; readonly set: string }
  /** Client and whom it asked for, before NAT, are together in a set of pairs: of a pod with itself, its own address. */
  | { readonly kind: 'askedPair'; readonly family: Family; readonly set: string }
  /** The address in the packet itself is in a set: for packets without flow. */
  | {
      readonly kind: 'packetAddress';
      readonly field: 'saddr' | 'daddr';
      readonly family: Family;
      readonly set: string;
    }
  | { readonly kind: 'protocol'; readonly protocol: 'tcp' | 'udp' | 'sctp' }
  /** A protocol that has ports, or with `negated` one that has none. */
  | { readonly kind: 'hasPorts'; readonly negated: boolean }
  /** The port of the backend; a `protocol` stands before it. */
  | { readonly kind: 'port'; readonly port: PortMatch }
  /** Looks up where the packets of an address go. */
  | { readonly kind: 'dispatch'; readonly end: FlowEnd; readonly family: Family; readonly map: string }
  /** Parts packets by the state of their flow: without one to `untracked`, errors about an allowed one accepted. */
  | { readonly kind: 'state'; readonly untracked: string }
  /** A flow that the kernel meets in the middle of a TCP connection. */
  | { readonly kind: 'midstream' }
  | { readonly kind: 'original' }
  /** Looks up what becomes of flows with the generation that the packet's flow is marked with. */
  | { readonly kind: 'generation'; readonly mask: number; readonly map: string }
  | { readonly kind: 'setMark'; readonly mask: number; readonly value: number }
  | { readonly kind: 'label'; readonly bit: number }
  | { readonly kind: 'setLabel'; readonly bit: number }
  /** The source is an address of this machine. */
  | { readonly kind: 'localSource' }
  /** Neighbour discovery and multicast listener messages of IPv6. */
  | { readonly kind: 'neighbours' }
  /** Notes a denied flow in a dynamic set. */
  | { readonly kind: 'record'; readonly family: Family; readonly set: string; readonly ports: boolean }
  | { readonly kind: 'accept' | 'drop' | 'return' | 'reset' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };

/** One port, a range with both ends, or the name of a set. */
export type PortMatch = number | { readonly range: readonly [number, number] } | { readonly set: string };

/** A whole table. All lists are in canonical order, so equal tables are equal values and equal text. */
export interface Ruleset {
  readonly table: string;
  /** The bits of the connection mark that are podwall's; at least eight neighbours. */
  readonly markMask: number;
  readonly sets: readonly NftSet[];
  readonly maps: readonly NftMap[];
  /** Those of the layout first, in the order of its description, then those of policy sets by name. */
  readonly chains: readonly Chain[];
}

/**
 * Which approvals count: a flow that was approved under another number or epoch is judged again at its next packet.
 */
export interface Generation {
  /** From 1 to `mostGenerations(markMask)`; 0 is what flows carry that nobody has approved. */
  readonly number: number;
  /** How often the number has wrapped around: 0 to 127, a bit of the connection label from 1 on. */
  readonly epoch: number;
}

/** The generation of a table that is new. */
export const firstGeneration: Generation = { number: 1, epoch: 0 };
