import { generate, growing, sizeNamed, sizes } from './generate.ts';
import type { KubernetesObject } from './generate.ts';
import { shapes } from './shapes.ts';

/** What follows the name of a shape to ask for a tenth of its size, which is checked in full in little time. */
export const aTenth = ', a tenth';

/**
 * Makes the objects of a realistic size (`10k/5k`) or an unusual shape (`wide selectors`, `wide selectors, a tenth`), anew
 * at each call.
 *
 * @throws Error when nothing has that name
 */
export function objectsNamed(name: string): () => Iterable<KubernetesObject> {
  const size = sizeNamed(name);
  if (size !== undefined) return () => generate(size);
  const shapeName = name.replace(aTenth, '');
  const shape = Object.hasOwn(shapes, shapeName) ? shapes[shapeName] : undefined;
  if (shape !== undefined) return () => shape(shapeName === name ? 1 : 0.1);
  const names = [...sizes, ...growing].map((each) => each.name).concat(Object.keys(shapes));
  throw new Error(`name one of: ${[...new Set(names)].join(', ')}`);
}
