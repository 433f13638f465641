export type { ScannerCore } from './core.ts';
export type { ObjectPlaces } from './places.ts';
export { scriptCore } from './script-core.ts';
export { JsonStream, Scanner } from './stream.ts';
export type { ScanLimits, ScanResult } from './stream.ts';
