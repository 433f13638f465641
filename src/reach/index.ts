export { count } from './count.ts';
export { resolveEnd, splitTarget } from './ends.ts';
export type { EndOptions, EndProblem, Target } from './ends.ts';
export { map, MapTooLargeError } from './map.ts';
export type { MapQuery } from './map.ts';
export { formatPortQuery, isPortProblem, parsePorts } from './ports-query.ts';
export type { PortProblem } from './ports-query.ts';
export * from './types.ts';
