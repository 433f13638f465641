export { comparisonFormats, streamComparison } from './compare-profiles.ts';
export type { ComparisonFormat } from './compare-profiles.ts';
export { renderCount } from './count.ts';
export type { CountFormat } from './count.ts';
export { renderDiagnostics } from './diagnostics.ts';
export type { DiagnosticOptions } from './diagnostics.ts';
export { exposureFormats, streamExposure } from './exposure.ts';
export type { ExposureFormat, ExposureOptions } from './exposure.ts';
export { renderExplanation, renderVerdict } from './explanation.ts';
export type { ExplanationFormat } from './explanation.ts';
export {
  isLabProven,
  labReportJson,
  labSummary,
  renderLabProbe,
  renderLabReport,
  renderLabStatus,
} from './lab.ts';
export type { LabProbeResult, LabReport, LabReportEntry, LabStatusView } from './lab.ts';
export { listFormats, mapFormats, renderMap, streamList, streamMap, streamOverview } from './map.ts';
export type { ListFormat, MapFormat } from './map.ts';
export type { MapOptions } from './map-words.ts';
export { nftNotes, nftReport } from './nft.ts';
export { npGuardAmbiguous, npGuardFormats, npGuardList } from './np-guard.ts';
export type { NpGuardFormat } from './np-guard.ts';
export { profileFormats, renderProfiles } from './profiles.ts';
export type { ProfileFormat } from './profiles.ts';
export { renderNotModelled } from './not-modelled.ts';
export { quotable } from './sealed-lines.ts';
export { visible } from './text.ts';
export type { RenderOptions } from './text.ts';
