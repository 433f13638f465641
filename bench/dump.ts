// Makes one of the synthetic clusters, says how large it is, and writes it down where asked to.
//
//     node bench/dump.ts 10k/5k
//     node bench/dump.ts 10k/5k --seed 7 --out dump.json
//     node bench/dump.ts 150k/50k --kubectl --out dump.json     indented, with all that a server returns
//     node bench/dump.ts 150k/50k --quiet --out dump.json       without compiling it
//     node bench/dump.ts 'wide selectors'
import { parseArgs } from 'node:util';
import { readObjects } from '../src/manifest/index.ts';
import { compile } from '../src/policy/index.ts';
import { generate, sizeNamed, sizes } from './generate.ts';
import { shapes } from './shapes.ts';
import { writeDump } from './write-dump.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    out: { type: 'string' },
    kubectl: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});
const name = positionals[0] ?? '';
const size = sizeNamed(name);
const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
if (size === undefined && shape === undefined) {
  const names = [...sizes.map((each) => each.name), ...Object.keys(shapes)];
  throw new Error(`name one of: ${names.join(', ')}`);
}
const seed = Number(values.seed ?? size?.seed);
// Made anew for each use: a million objects are too many to keep.
const objects = () => (size === undefined ? (shape?.() ?? []) : generate({ ...size, seed }));
if (!values.quiet) {
  console.log(size === undefined ? name : `${name}, seed ${seed}`);
  const kinds = new Map<string, number>();
  for (const { kind } of objects()) kinds.set(String(kind), (kinds.get(String(kind)) ?? 0) + 1);
  for (const [kind, howMany] of kinds) console.log(`  ${howMany} ${kind}`);
  for (const [what, howMany] of Object.entries(compile(readObjects(objects()).cluster).stats)) {
    console.log(`  ${what}: ${String(howMany)}`);
  }
}
if (values.out !== undefined) {
  const bytes = await writeDump(objects(), values.out, values.kubectl ? 'kubectl' : 'compact');
  console.log(`${bytes} bytes in ${values.out}`);
}
