export type {
  Cluster,
  ClusterNode,
  ContainerPort,
  Namespace,
  NotModelled,
  Pod,
  ReadResult,
  Service,
  ServicePort,
  Workload,
  WorkloadKind,
} from './cluster.ts';
export type { CodeDoc, Diagnostic, Severity } from './diagnostic.ts';
export { noEntrances } from './entrance.ts';
export type {
  AllowedNamespaces,
  Endpoint,
  EndpointPort,
  EndpointSlice,
  Entrances,
  Gateway,
  GatewayClass,
  GatewayRoute,
  GatewayRouteKind,
  GroupKind,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressPath,
  IngressRule,
  IngressTls,
  Listener,
  ListenerTls,
  NameMatch,
  ObjectReference,
  OpenShiftRoute,
  ParentReference,
  ReferenceGrant,
  RouteBackend,
  RouteFilter,
  RouteMatch,
  RouteRule,
  RouteTarget,
  RouteTls,
  Secret,
  ServiceEntrance,
  TlsPair,
} from './entrance.ts';
export { LabelSets } from './label-sets.ts';
export {
  Numbers,
  PodTable,
  PodVocabulary,
  podColumns,
  podFlag,
  setPodColumns,
  sharePodColumns,
  workloadsWithoutPods,
} from './pod-table.ts';
export type { PodColumns, PodIdentities, PodRow } from './pod-table.ts';
export { TextTable } from './text-table.ts';
export { SealedText } from './sealed.ts';
export type {
  Direction,
  DirectionSpec,
  NetworkPolicy,
  NonEmpty,
  Peer,
  Peers,
  PortEntry,
  Ports,
  Rule,
} from './network-policy.ts';
export { formatPath } from './place.ts';
export type { ObjectRef, Origin, Path, Place } from './place.ts';
export { matches, satisfies } from './selector.ts';
export type { LabelSelector, Labels, Operator, Requirement } from './selector.ts';
export type {
  Tier,
  TierPeer,
  TierPods,
  TierPolicy,
  TierPortEntry,
  TierPorts,
  TierRule,
} from './tier-policy.ts';
