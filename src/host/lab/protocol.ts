import type { CnpChannel } from '../../manifest/index.ts';
import type { Protocol } from '../../net/index.ts';
import type { LabStatusView } from '../../render/index.ts';

// What podwall and the process of a lab say to each other. Both are of one version: a lab is asked by the podwall that it
// was started with, or refuses.

/** One input, as it was when it was read. */
export interface LabSource {
  readonly file: string;
  readonly direct: boolean;
  readonly bytes: Uint8Array;
}

/** What a lab is made from. */
export interface LabInput {
  readonly sources: readonly LabSource[];
  readonly kubernetesVersion: string | undefined;
  /** Whose CRDs of the tiers decide what is valid; the reader's default without it. */
  readonly cnpChannel?: CnpChannel | undefined;
}

/** The first message, over standard input. */
export interface LabStart {
  readonly kind: 'start';
  readonly lab: string;
  readonly input: LabInput;
  /** Whether the lab ends with who has started it; else only when that is before it is up. */
  readonly attached: boolean;
}

/** The namespace of operands that name none: `-n`. */
export interface LabNamespace {
  readonly namespace: string | undefined;
}

/** What a lab is asked, over its socket. */
export type LabRequest =
  | { readonly kind: 'status' }
  | { readonly kind: 'apply'; readonly input: LabInput }
  /** All connections that verify tries. */
  | { readonly kind: 'probes' }
  /** The connection that operands name, and what the engine says of it. */
  | ({
      readonly kind: 'find';
      readonly from: string;
      readonly to: string;
      readonly port: string | undefined;
    } & LabNamespace)
  /** The network namespace of a pod, a node or the outside. */
  | ({ readonly kind: 'where'; readonly end: string } & LabNamespace)
  /** Takes podwall's tables out of the way of packets until this connection ends, or `resume` comes. */
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }
  /** How the tables of nodes differ from what they should be, and which of the differences explains each probe. */
  | { readonly kind: 'causes'; readonly probes: readonly ProbeSpec[] }
  | { readonly kind: 'end' };

/** What it answers: any number of stages or probes, then one of the others. */
export type LabReply =
  | { readonly kind: 'stage'; readonly text: string }
  | { readonly kind: 'probes'; readonly probes: readonly ProbeSpec[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'up'; readonly summary: LabSummary }
  | { readonly kind: 'status'; readonly status: LabStatusView }
  | { readonly kind: 'found'; readonly probes: readonly ProbeSpec[] }
  | { readonly kind: 'where'; readonly namespace: string }
  | {
      readonly kind: 'causes';
      readonly causes: readonly (string | undefined)[];
      readonly differences: readonly string[];
    }
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string | undefined };

/** One connection to try, by names and texts. */
export interface ProbeSpec {
  readonly from: string;
  readonly to: string;
  /** The network namespace that it is tried from. */
  readonly namespace: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly predicted: 'allowed' | 'denied';
}

/** What is in a lab. */
export interface LabSummary {
  readonly nodes: number;
  readonly pods: number;
  readonly services: number;
  /** Tables that changed, of how many nodes. */
  readonly changedNodes: number;
  /** What somebody had changed by hand and is as it should be again, a text each. */
  readonly repaired: readonly string[];
  /** Policies that no table can express, a sentence each: their pods are closed. */
  readonly closed: readonly string[];
  /** How many of each are served, and whether with TLS. */
  readonly ingresses: number;
  readonly gateways: number;
  readonly routes: number;
  readonly tls: boolean;
  /** What the lab made up or left out: sentences without final full stop. */
  readonly notes: readonly string[];
}
