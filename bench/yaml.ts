// How fast YAML is read, against the package `yaml` with podwall's options, on what `kubectl get -o yaml` prints.
// Prints one JSON line: megabytes a second of this thread's CPU time, and the milliseconds of a place on demand.
//
//     node bench/yaml.ts
//     node bench/yaml.ts 10k/5k
import { isDeepStrictEqual } from 'node:util';
import process from 'node:process';
import { compose } from '../src/manifest/text/compose.ts';
import { readText } from '../src/manifest/text/index.ts';
import { splitDocuments } from '../src/manifest/text/split.ts';
import { toValue } from '../src/manifest/text/value.ts';
import type { Path } from '../src/model/index.ts';
import { generate, sizeNamed } from './generate.ts';
import { seeded } from './random.ts';
import type { Random } from './random.ts';
import { asServed } from './write-dump.ts';
import { asDocuments, asList } from './yaml-text.ts';

/** Of the whole text; `yaml` alone would take minutes for it. */
const sampled = 2 * 2 ** 20;
const runs = 5;

const size = sizeNamed(process.argv[2] ?? '10k/5k');
if (size === undefined) throw new Error('name a size, as 10k/5k');
const objects = [...generate(size)].map(asServed);

/** Seconds of CPU that this thread needs, in the best of some runs. */
function seconds(work: () => unknown, times: number): number {
  let best = Infinity;
  for (let run = 0; run < times; run++) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}

function byYaml(text: string): unknown[] {
  return [...splitDocuments(text)].map(({ start, end }) => {
    const composed = compose(text.slice(start, end));
    if (composed.kind !== 'nodes') throw new Error('the bench made a text that is no YAML');
    const converted = toValue(composed.document);
    if (converted.kind !== 'value') throw new Error('the bench made a text that is no manifest');
    return converted.value;
  });
}

/** A path to something in the object, as deep as objects are. */
function somePath(object: unknown, random: Random): Path {
  const path: (string | number)[] = [];
  for (let at = object; typeof at === 'object' && at !== null;) {
    const keys: readonly (string | number)[] = Array.isArray(at) ? [...at.keys()] : Object.keys(at);
    const key = keys[random.below(keys.length)];
    if (key === undefined) break;
    path.push(key);
    at = (at as Readonly<Record<string | number, unknown>>)[key];
  }
  return path;
}

const read = (text: string) => readText({ file: 'dump.yaml', text });
const list = asList(objects);
const documents = asDocuments(objects);
const step = Math.max(1, Math.floor(documents.length / sampled));
const sample = asDocuments(objects.filter((_, index) => index % step === 0));

const fastMBs = Math.min(
  ...[list, documents].map((text) => text.length / 1e6 / seconds(() => read(text), runs)),
);
const yamlMBs = sample.length / 1e6 / seconds(() => byYaml(sample), 2);

const random = seeded(7);
const [whole] = read(list).documents;
if (whole === undefined) throw new Error('the dump holds nothing');
const paths = Array.from({ length: 500 }, (): Path => {
  const index = random.below(objects.length);
  return ['items', index, ...somePath(objects[index], random)];
});
whole.origin.locate(['items', objects.length - 1]); // counts the lines, once
const placeMs =
  (seconds(() => paths.map((path) => [whole.origin.locate(path), whole.origin.endLine(path)]), 2) * 1000) /
  (2 * paths.length);

const equal =
  isDeepStrictEqual(
    read(sample).documents.map(({ value }) => value),
    byYaml(sample),
  ) &&
  isDeepStrictEqual(
    read(documents).documents.map(({ value }) => value),
    objects,
  ) &&
  isDeepStrictEqual((whole.value as { readonly items: unknown }).items, objects);

const round = (figure: number): number => Number(figure.toPrecision(3));
console.log(
  JSON.stringify({
    question: 'read YAML',
    size: `${size.name}, ${round(list.length / 1e6)} MB`,
    fastMBs: round(fastMBs),
    yamlMBs: round(yamlMBs),
    ratio: round(fastMBs / yamlMBs),
    placeMs: round(placeMs),
    equal,
  }),
);
