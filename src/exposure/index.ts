export { exposure } from './exposure.ts';
export type { ExposureAnswer, ExposureQuery } from './exposure.ts';
export { exposureKinds } from './types.ts';
export type {
  Closed,
  ClosedReason,
  ClosedScope,
  Coverage,
  Exposed,
  ExposedNamespaces,
  ExposedPart,
  Exposure,
  ExposureKind,
  ExposureReason,
  ExposureReport,
  NamedPorts,
  PartlyClosed,
  Witness,
} from './types.ts';
