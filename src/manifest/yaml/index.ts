export { packYaml } from './pack.ts';
export { YamlStream } from './stream.ts';
export type { YamlLimits } from './stream.ts';
export { UnitOrigin, UnitPlaces } from './unit-places.ts';
