import type { EntranceKind, KindRole } from '../objects/index.ts';

/**
 * What the scanner notes of objects, as data that both of its forms walk by.
 *
 * A shape says which members of an object are noted, and how; what it does not name is skipped. The shapes follow what
 * `objects/` and `network-policy/` read: a member that a reader begins to look at has to be added here, which the tests
 * of `scan/` notice, for they compare with the reading of whole texts.
 */
export interface Shape {
  readonly members: Readonly<Record<string, Member>>;
  /** An object that has any other member is read as a whole: its reader judges all that is there. */
  readonly strict?: boolean;
}

/** How one member is noted. */
export type Member =
  /** Looked at only for being there once. */
  | { readonly note: 'nothing' }
  /** Any value, parsed for each object. */
  | { readonly note: 'value' }
  /** Any value; equal bytes are one value that all objects with it share. */
  | { readonly note: 'shared' }
  /** Text that hardly ever repeats. */
  | { readonly note: 'text' }
  /** Text of which only matters that it is not empty: it is replaced by `somePresentText`. */
  | { readonly note: 'presence' }
  /** A mapping of text to text of which only the keys are judged, when it is small; it is left out if they are good. */
  | { readonly note: 'annotations' }
  | { readonly note: 'object'; readonly shape: Shape }
  /** A list of objects; with `shared`, lists whose noted values are equal are one value. */
  | { readonly note: 'list'; readonly shape: Shape; readonly shared: boolean };

/** What stands for a text of which only its presence matters: `metadata.uid` of an object that a server has stored. */
export const somePresentText = '(present)';

const nothing: Member = { note: 'nothing' };
const value: Member = { note: 'value' };
const shared: Member = { note: 'shared' };
const text: Member = { note: 'text' };
const presence: Member = { note: 'presence' };
const object = (shape: Shape): Member => ({ note: 'object', shape });

/** What is read of any object; see `objects/metadata.ts`, `objects/labels.ts` and `objects/workloads.ts`. */
const metadata: Member = object({
  members: {
    name: text,
    namespace: shared,
    generateName: text,
    uid: presence,
    labels: shared,
    ownerReferences: shared,
  },
});

const head = { apiVersion: nothing, kind: nothing, metadata };

/** What is read of a pod's spec, its own or that of a template; see `objects/pods.ts`. */
const podSpec: Member = object({
  members: {
    nodeName: shared,
    hostNetwork: shared,
    containers: { note: 'list', shape: { members: { ports: shared } }, shared: true },
    initContainers: {
      note: 'list',
      shape: { members: { ports: shared, restartPolicy: shared } },
      shared: true,
    },
  },
});

/** What is noted of a pod. */
export const podShape: Shape = {
  members: {
    ...head,
    spec: podSpec,
    status: object({
      members: {
        phase: shared,
        podIP: text,
        podIPs: { note: 'list', shape: { members: { ip: text } }, shared: false },
        hostIP: shared,
        hostIPs: shared,
      },
    }),
  },
};

const policyMetadata: Member = object({
  strict: true,
  members: {
    name: text,
    namespace: shared,
    uid: presence,
    resourceVersion: presence,
    creationTimestamp: text,
    generation: shared,
    labels: shared,
    annotations: { note: 'annotations' },
  },
});

/** The reader of policies judges every member that is there; see `network-policy/read.ts`. */
const policy: Shape = {
  strict: true,
  members: { apiVersion: nothing, kind: nothing, metadata: policyMetadata, spec: shared },
};

/** As that of policies; no two specs are equal, and the status is not judged. See `tier-policy/read.ts`. */
const tierPolicy: Shape = {
  strict: true,
  members: { apiVersion: nothing, kind: nothing, metadata: policyMetadata, spec: value, status: nothing },
};

const node: Shape = { members: { ...head, status: object({ members: { addresses: value } }) } };
/** See `objects/services.ts`. */
const service: Shape = {
  members: { ...head, spec: value, status: object({ members: { loadBalancer: value } }) },
};
/** Of annotations some matter, which are longer than the keys that are told apart; see `entrances/ingress.ts`. */
const withAnnotations: Shape = {
  members: {
    ...head,
    metadata: object({
      members: {
        name: text,
        namespace: shared,
        generateName: text,
        uid: presence,
        labels: shared,
        annotations: value,
      },
    }),
    spec: value,
  },
};
/** Of a Secret nothing is kept but a certificate and its key; see `entrances/secret.ts`. */
const certificate: Member = object({ members: { 'tls.crt': value, 'tls.key': value } });
const secret: Shape = { members: { ...head, type: shared, data: certificate, stringData: certificate } };
/** See `entrances/slices.ts`. */
const endpoint: Shape = { members: { addresses: value, conditions: shared, targetRef: value } };
const slice: Shape = {
  members: {
    ...head,
    addressType: shared,
    ports: shared,
    endpoints: { note: 'list', shape: endpoint, shared: false },
  },
};
const endpoints: Shape = { members: { ...head, subsets: value } };
const onlyMetadata: Shape = { members: head };
const withSpec: Shape = { members: { ...head, spec: value } };

/** What is walked of an object that only counts: a second kind would make it another one. */
export const headShape: Shape = { members: { apiVersion: nothing, kind: nothing, metadata: nothing } };

/** How much of an object is kept. */
export type Reading =
  | { readonly kind: 'shape'; readonly shape: Shape }
  /** All of it. */
  | { readonly kind: 'whole' }
  /** Only that it is there. */
  | { readonly kind: 'counted' }
  /** It holds other objects. */
  | { readonly kind: 'list' };

const whole: Reading = { kind: 'whole' };
const counted: Reading = { kind: 'counted' };
const asList: Reading = { kind: 'list' };

/** How much of the objects of a kind is kept, by what podwall does with the kind. */
export function readingOf(apiVersion: string, kind: string, role: KindRole): Reading {
  if (kind.endsWith('List')) return asList;
  switch (role.role) {
    case 'pod':
      return { kind: 'shape', shape: podShape };
    case 'policy':
      return { kind: 'shape', shape: policy };
    case 'tierPolicy':
      return { kind: 'shape', shape: tierPolicy };
    case 'node':
      return { kind: 'shape', shape: node };
    case 'namespace':
      return { kind: 'shape', shape: onlyMetadata };
    case 'service':
      return { kind: 'shape', shape: service };
    case 'entrance':
      return { kind: 'shape', shape: shapeOf(role.kind) };
    case 'notModelled':
      return { kind: 'shape', shape: role.rule.subject === 'nobody' ? onlyMetadata : withSpec };
    case 'fine':
      // Only kinds of groups with a dot can make pods; see `objects/pod-makers.ts`.
      return apiVersion.includes('.') ? whole : counted;
    case 'controller':
    case 'unserved':
      return whole;
    default:
      return role satisfies never;
  }
}

function shapeOf(kind: EntranceKind): Shape {
  switch (kind) {
    case 'Ingress':
    case 'IngressClass':
      return withAnnotations;
    case 'Secret':
      return secret;
    case 'EndpointSlice':
      return slice;
    case 'Endpoints':
      return endpoints;
    default:
      return withSpec;
  }
}

/** The shapes by number, so that a scanner can be told which one to walk. */
export const shapes: readonly Shape[] = [
  podShape,
  policy,
  tierPolicy,
  node,
  onlyMetadata,
  withSpec,
  headShape,
  service,
  withAnnotations,
  secret,
  slice,
  endpoints,
];
