export { noAccess } from './access.ts';
export type { Access } from './access.ts';
export { familyBits } from './pod-traits.ts';
export { compile } from './compile.ts';
export type { CompileOptions } from './compile.ts';
export { CompiledPolicy } from './compiled-policy.ts';
export type { CompileStats, SelectingPolicy } from './compiled-policy.ts';
export type { Decision, SideDecision } from './decisions.ts';
export { addressesOf, has } from './ends.ts';
export type { PolicyEnd } from './ends.ts';
export type { PairAccess } from './excerpt.ts';
export type { Change } from './live/changes.ts';
export type { Difference, OutsideDifference, PodDifference, PortDifference } from './live/findings.ts';
export { LiveCluster, openCluster } from './live/live-cluster.ts';
export type {
  Applied,
  ApplyOptions,
  LiveCount,
  LiveDecision,
  LiveEnd,
  LiveSideDecision,
  LiveStats,
  Whole,
} from './live/live-answers.ts';
export { listsBy } from './lists.ts';
export type { Lists } from './lists.ts';
export type { OutsideSegment } from './outside.ts';
export { UnknownPodError } from './pair-questions.ts';
export { behaviours, profileNames, profiles, readingIds, readingRows, withReading } from './profile.ts';
export type { Behaviour, BehaviourCell, Profile, ProfileName, Reading, ReadingId } from './profile.ts';
export { blockOf, everyPortOf, isResolved, portsOfEntry, portsOfRule } from './profiles/reading.ts';
export type { TierHit, TierSay } from './tier-decide.ts';
export { TierEnds } from './tier-ends.ts';
export { anyOf as anyPeerHolds, evaluateTiersOver } from './tier-value.ts';
export type {
  CompiledTierRule,
  RankedPolicy,
  Reading as TierReading,
  SetAlgebra,
  TierStep,
} from './tier-value.ts';
export type { UndecidedPolicy } from './undecided.ts';
