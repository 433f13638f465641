export { hostCodes } from './codes.ts';
export { InputError, readInputs } from './inputs.ts';
export type { InputOptions, InputProgress, InputSink } from './inputs.ts';
export { fastestScanner } from './scanner.ts';
export {
  endLab,
  KeptInputs,
  LabConnection,
  LabError,
  observed,
  probeOnce,
  requireMachine,
  startLab,
  verifyLab,
} from './lab/index.ts';
export type { LabInput, LabProgress, LabSummary, ProbeSpec, StartedLab } from './lab/index.ts';
