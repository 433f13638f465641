export { LabConnection, endLab, startLab } from './client.ts';
export type { LabProgress, StartedLab } from './client.ts';
export { LabError } from './error.ts';
export { KeptInputs } from './keep.ts';
export { requireMachine } from './native.ts';
export type { LabInput, LabSource, LabSummary, ProbeSpec } from './protocol.ts';
export { observed, probeOnce, verifyLab } from './verify.ts';
