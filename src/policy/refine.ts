import type { Lists } from './lists.ts';
import { PairMap } from './pair-map.ts';

/** What two cuts of the classes part together. */
export function joint(a: Int32Array | undefined, b: Int32Array | undefined): Int32Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const numbers = new PairMap();
  return a.map((part, c) => numbers.getOrAdd(part, b[c]!, numbers.size));
}

/**
 * Partition refinement: parts the classes so that each peer means whole parts.
 *
 * @returns by class: the number of its part
 */
export function refine(
  size: number,
  peers: readonly number[],
  classesOfPeer: Lists,
  firstCut: Int32Array | undefined,
): Int32Array {
  const partOf = new Int32Array(size);
  if (firstCut !== undefined) partOf.set(firstCut);
  let parts = partsOf(partOf);
  // Only what leaves something behind makes a new part: each has a class, but for those of the first cut.
  const members = new Int32Array(parts + size);
  const meant = new Int32Array(parts + size);
  const target = new Int32Array(parts + size);
  for (let i = 0; i < size; i++) members[partOf[i]!]!++;
  const { starts, items } = classesOfPeer;
  for (const peer of peers) {
    const start = starts[peer]!;
    const end = starts[peer + 1]!;
    const met: number[] = [];
    for (let i = start; i < end; i++) {
      const part = partOf[items[i]!]!;
      if (meant[part]!++ === 0) met.push(part);
    }
    for (const part of met) {
      target[part] = part;
      if (meant[part] !== members[part]) {
        members[parts] = meant[part]!;
        members[part]! -= meant[part]!;
        target[part] = parts++;
      }
      meant[part] = 0;
    }
    for (let i = start; i < end; i++) partOf[items[i]!] = target[partOf[items[i]!]!]!;
  }
  return partOf;
}

/** How many parts a partition may have: one more than the highest number of one. */
export function partsOf(partOf: Int32Array): number {
  let parts = 1;
  for (let i = 0; i < partOf.length; i++) if (partOf[i]! >= parts) parts = partOf[i]! + 1;
  return parts;
}
