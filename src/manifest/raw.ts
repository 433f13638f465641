import type { Diagnostic, ObjectRef, Origin, Path } from '../model/index.ts';
import type { PodIntake } from './objects/index.ts';

export type { CodeDoc } from '../model/index.ts';

/** One text to read, and the name that its places carry: a path, or `<stdin>`. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** What the reading depends on beside the text. */
export interface ReadOptions {
  /**
   * The API server whose rules decide, as `1.34` (also `v1.34.4`). Without it, what only some supported versions (1.32
   * to 1.36) refuse is a warning and counts.
   */
  readonly kubernetesVersion?: string;
  /** The channel of the CRDs of policy.networking.k8s.io that decide; `experimental` unless it says otherwise. */
  readonly cnpChannel?: CnpChannel;
}

/** Which CRDs of policy.networking.k8s.io are installed: the standard ones have neither peers `nodes` nor `domainNames`. */
export type CnpChannel = 'standard' | 'experimental';

/** A document of a text as plain JSON-like values; mappings are objects whose own keys alone count. */
export interface RawDocument {
  readonly value: unknown;
  readonly origin: Origin;
  /** Paths of mapping keys that stand more than once; the value is that of the last. */
  readonly duplicates: readonly Path[];
  /** If the document is a list: pods of it that have been read already, and are not among its items any more. */
  readonly pods?: PodIntake;
}

/** What one text held: all documents that could be read, and findings about the rest. */
export interface TextResult {
  readonly documents: readonly RawDocument[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A Kubernetes object before its kind is looked into. */
export interface RawObject {
  readonly ref: ObjectRef;
  readonly value: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
  /** Relative to the object. */
  readonly duplicates: readonly Path[];
  /** It carries `metadata.uid`: a server has taken it, so findings about it are warnings. */
  readonly stored: boolean;
}
