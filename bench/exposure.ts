// How long from a compiled policy to the exposure of every pod: who could reach it, and whom it could reach, decided over
// label space. One size or shape in a process of its own.
//
// `exposure` is the first call, cold: the whole document, with the texts of selectors, the witnesses, the rules and the
// proofs of what is closed; reading and compiling are measured apart, and writing it as JSON or as a table is not in it.
//
//     node --expose-gc bench/exposure.ts 10k/5k    one line of JSON
import { parseArgs } from 'node:util';
import { exposure } from '../src/exposure/index.ts';
import { readObjects } from '../src/manifest/index.ts';
import { compile } from '../src/policy/index.ts';
import { peakMegabytes, timed } from './clock.ts';
import type { Cost } from './clock.ts';
import type { KubernetesObject } from './generate.ts';
import { objectsNamed } from './input.ts';

/** What one process measured. */
export interface MeasuredExposure {
  /** Of the same objects one by one, as a measure of the machine. */
  readonly jsonParse: Cost;
  readonly read: Cost;
  readonly compile: Cost;
  /** All pods, both directions, for the first time. */
  readonly exposure: Cost;
  readonly exposures: number;
  readonly peers: number;
  readonly peakMegabytes: number;
}

if (import.meta.main) {
  const { positionals } = parseArgs({ allowPositionals: true });
  console.log(JSON.stringify(measure(positionals[0] ?? '')));
}

function measure(name: string): MeasuredExposure {
  const texts = Array.from(objectsNamed(name)(), (object) => JSON.stringify(object));
  const [jsonParse, objects] = timed(() => texts.map((text) => JSON.parse(text) as KubernetesObject));
  texts.length = 0;
  globalThis.gc?.();
  const [read, { cluster }] = timed(() => readObjects(objects));
  const [compiled, policy] = timed(() => compile(cluster));
  const [cost, { document }] = timed(() => exposure(policy));
  return {
    jsonParse,
    read,
    compile: compiled,
    exposure: cost,
    exposures: document.exposures.length,
    peers: document.exposures.reduce((sum, { peers }) => sum + peers.length, 0),
    peakMegabytes: peakMegabytes(),
  };
}
