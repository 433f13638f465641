export { allowedPorts, portSet } from './allowed.ts';

export { reachCodes } from './codes.ts';
export { count } from './count.ts';
export { explain, explainCluster } from './explain.ts';
export type { ExplainQuery } from './explain.ts';
export { resolveEnd, splitTarget } from './ends.ts';
export type { EndOptions, EndProblem, Target } from './ends.ts';
export { map, MapTooLargeError, readableMap, streamedMap } from './map.ts';
export type { MapQuery } from './map.ts';
export type { MapOverview } from './overview.ts';
export type { OverviewLine, OverviewSide } from './overview-lines.ts';
export { rangesId } from './outside.ts';
export { notModelledEntries } from './not-modelled.ts';
export { formatPortQuery, isPortProblem, parsePorts } from './ports-query.ts';
export type { PortProblem } from './ports-query.ts';
export * from './types.ts';
export { undecidedDiagnostics } from './undecided.ts';
