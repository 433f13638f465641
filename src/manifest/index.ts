export { diagnosticCodes } from './codes.ts';
export { emptyCluster } from './objects/index.ts';
export type { CnpChannel, CodeDoc, ReadOptions, SourceText } from './raw.ts';
export type { ManifestSource } from './documents.ts';
export { readManifests, readObjects } from './read.ts';
export { ManifestReader } from './reader.ts';
export type { ByteSource, ReaderLimits, ReaderOptions, SourceReader } from './reader.ts';
export { WasmCore, scriptCore } from './scan/index.ts';
export type { ScannerCore, ScannerExports } from './scan/index.ts';
export {
  defaultNetworkPolicy,
  validateNetworkPolicy,
  validateNetworkPolicyUpdate,
} from './network-policy/index.ts';
export type { ValidationOptions } from './network-policy/index.ts';
export { validateTierPolicy } from './tier-policy/index.ts';
export type { TierValidationOptions } from './tier-policy/index.ts';
export type { FieldError } from './validate/index.ts';
export { kubernetesYamlOptions, maxText, maxYamlDocument } from './text/index.ts';
export { packYaml } from './yaml/index.ts';
