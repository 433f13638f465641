export type { ScannerCore } from './core.ts';
export { readingOf, somePresentText } from './fields.ts';
export type { Member, Reading, Shape } from './fields.ts';
export type { ObjectPlaces } from './places.ts';
export { scriptCore } from './script-core.ts';
export { WasmCore } from './wasm-core.ts';
export type { ScannerExports } from './wasm-core.ts';
export { JsonStream, Scanner } from './stream.ts';
export type { ScanLimits, ScanResult } from './stream.ts';
