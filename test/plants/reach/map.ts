import { compile } from '../policy/compile.ts';
export * from 'fs';

export const map = { compile };
