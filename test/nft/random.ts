/** Numbers from 0 up to 1 that look like chance, the same for the same start. */
export function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
}

/** So many of a list, or all. */
export function sample<T>(list: readonly T[], most: number, random: () => number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, () => list[Math.floor(random() * list.length)]!);
}
