import { readFileSync } from 'node:fs';
import type { Cluster } from '../model/index.ts';

export const compile = async (cluster: Cluster) => [cluster, readFileSync, await import('os')];
