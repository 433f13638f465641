export { buildCluster, emptyCluster } from './cluster.ts';
export type { PolicyDecoder, PolicyReading } from './cluster.ts';
export { objectCodes } from './codes.ts';
export { Collector } from './collect.ts';
export type { DocumentSort } from './collect.ts';
export { Findings } from './findings.ts';
export { MemoryOrigin } from './origin.ts';
