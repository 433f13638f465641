// Makes one of the synthetic clusters, says how large it is, and writes it down where asked to.
//
//     node bench/dump.ts 10k/5k
//     node bench/dump.ts 10k/5k --seed 7 --out dump.json
//     node bench/dump.ts 'wide selectors'
import { parseArgs } from 'node:util';
import { readObjects } from '../src/manifest/index.ts';
import { compile } from '../src/policy/index.ts';
import { generate, sizeNamed, sizes, writeDump } from './generate.ts';
import { shapes } from './shapes.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, out: { type: 'string' } },
});
const name = positionals[0] ?? '';
const size = sizeNamed(name);
const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
if (size === undefined && shape === undefined) {
  const names = [...sizes.map((each) => each.name), ...Object.keys(shapes)];
  throw new Error(`name one of: ${names.join(', ')}`);
}
const seed = Number(values.seed ?? size?.seed);
const objects = [...(size === undefined ? (shape?.() ?? []) : generate({ ...size, seed }))];
console.log(size === undefined ? name : `${name}, seed ${seed}`);
for (const [kind, some] of Map.groupBy(objects, (object) => object['kind'])) {
  console.log(`  ${some.length} ${String(kind)}`);
}
for (const [what, howMany] of Object.entries(compile(readObjects(objects).cluster).stats)) {
  console.log(`  ${what}: ${String(howMany)}`);
}
if (values.out !== undefined) {
  console.log(`${await writeDump(objects, values.out)} bytes in ${values.out}`);
}
