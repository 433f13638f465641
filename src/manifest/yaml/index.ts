export { YamlStream } from './stream.ts';
export type { YamlLimits } from './stream.ts';
export type { UnitPlaces } from './unit-places.ts';
