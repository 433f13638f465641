/**
 * podwall as a library: read manifests, compile their policies once, ask.
 *
 * ```ts
 * import { compile, explain, map, parsePorts, readManifests, resolveEnd } from 'podwall';
 *
 * const { cluster, diagnostics } = readManifests([{ file: 'app.yaml', text }]);
 * const policy = compile(cluster);
 * const answer = map(policy, { level: { kind: 'workload' }, diagnostics });
 * ```
 *
 * Everything here is pure: no file, clock, network or console is touched, so it runs in Node and in a browser alike.
 * Answers as text are in `podwall/render`.
 *
 * @packageDocumentation
 */
export {
  defaultNetworkPolicy,
  diagnosticCodes,
  emptyCluster,
  kubernetesYamlOptions,
  maxText,
  maxYamlDocument,
  readManifests,
  readObjects,
  validateNetworkPolicy,
  validateNetworkPolicyUpdate,
  validateTierPolicy,
} from './manifest/index.ts';
export type {
  CnpChannel,
  CodeDoc,
  FieldError,
  ManifestSource,
  ReadOptions,
  SourceText,
  TierValidationOptions,
  ValidationOptions,
} from './manifest/index.ts';
export { formatPath, matches, satisfies } from './model/index.ts';
export type {
  Cluster,
  ClusterNode,
  ContainerPort,
  Diagnostic,
  Direction,
  DirectionSpec,
  Labels,
  LabelSelector,
  Namespace,
  NetworkPolicy,
  NonEmpty,
  NotModelled,
  ObjectRef,
  Operator,
  Origin,
  Path,
  Peer,
  Peers,
  Place,
  Pod,
  PortEntry,
  Ports,
  ReadResult,
  Requirement,
  Rule,
  Service,
  ServicePort,
  Severity,
  Workload,
  WorkloadKind,
} from './model/index.ts';
export { formatAddress, formatCidr, parseAddress, parseCidr, PortSet } from './net/index.ts';
export type {
  Address,
  AddressLeniency,
  AddressRange,
  Cidr,
  CidrIrregularity,
  Family,
  ParsedCidr,
  PortRange,
  Protocol,
} from './net/index.ts';
export { exposure, exposureKinds } from './exposure/index.ts';
export type {
  Closed,
  ClosedReason,
  ClosedScope,
  Coverage,
  Exposed,
  ExposedNamespaces,
  ExposedPart,
  Exposure,
  ExposureAnswer,
  ExposureKind,
  ExposureQuery,
  ExposureReason,
  ExposureReport,
  NamedPorts,
  PartlyClosed,
  Witness,
} from './exposure/index.ts';
export {
  behaviours,
  compile,
  LiveCluster,
  openCluster,
  profileNames,
  profiles,
  UnknownPodError,
} from './policy/index.ts';
export type {
  Applied,
  ApplyOptions,
  Behaviour,
  BehaviourCell,
  Change,
  CompiledPolicy,
  CompileOptions,
  CompileStats,
  Decision,
  Difference,
  LiveCount,
  LiveDecision,
  LiveEnd,
  LiveSideDecision,
  LiveStats,
  OutsideDifference,
  PodDifference,
  PolicyEnd,
  Profile,
  ProfileName,
  Reading,
  ReadingId,
  SelectingPolicy,
  SideDecision,
  Whole,
} from './policy/index.ts';
export {
  allowedPorts,
  count,
  explain,
  explainCluster,
  formatPortQuery,
  isPortProblem,
  map,
  MapTooLargeError,
  parsePorts,
  readableMap,
  resolveEnd,
  splitTarget,
  streamedMap,
  undecidedDiagnostics,
} from './reach/index.ts';
export type {
  AllowedPorts,
  ConnectivityCount,
  ConnectivityMap,
  End,
  EndOptions,
  EndProblem,
  ExplainQuery,
  Explanation,
  LabelCheck,
  Level,
  MapAnswer,
  MapConnection,
  MapPeer,
  MapOverview,
  MapQuery,
  MapStream,
  MapReason,
  MapSummary,
  NearMiss,
  OverviewLine,
  OverviewSide,
  NotModelledEntry,
  PeerCheck,
  PolicyCheck,
  PortCheck,
  PortProblem,
  PortQuery,
  RuleCheck,
  SideExplanation,
  Target,
  Verdict,
} from './reach/index.ts';
