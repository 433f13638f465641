export { planChanges } from './changes.ts';
export { hostsText } from './hosts.ts';
export { planLab } from './lab.ts';
export { noteText } from './notes.ts';
export { LabPlanError } from './plan.ts';
export type {
  LabAddress,
  LabCertificate,
  LabChanges,
  LabDamage,
  LabEnd,
  LabEndpoint,
  LabExposure,
  LabInterface,
  LabLink,
  LabListener,
  LabNamespace,
  LabNamespaceListeners,
  LabNamespaceRoutes,
  LabNode,
  LabNote,
  LabNoteKind,
  LabOptions,
  LabPlan,
  LabProbe,
  LabProxy,
  LabRoute,
  LabService,
  LabServicePort,
  LabServiceProbe,
  LabState,
} from './plan.ts';
export { countProbes, probeOf, probesOf } from './probes.ts';
export { serviceProbesOf } from './service-probes.ts';
