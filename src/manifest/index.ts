export { diagnosticCodes } from './codes.ts';
export { emptyCluster } from './objects/index.ts';
export type { CodeDoc, ReadOptions, SourceText } from './raw.ts';
export { readManifests, readObjects } from './read.ts';
export type { ManifestSource } from './read.ts';
