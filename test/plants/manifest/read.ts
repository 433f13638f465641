import colors from 'picocolors';
import { parse } from 'yaml';
import { generate } from '../../bench/generate.ts';

export const read = async (name: string) => [parse, colors, generate, await import(name)];
