import type { compile } from '../policy/index.ts';

export type Cluster = typeof compile;
