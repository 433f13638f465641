/** A seeded source of numbers: equal seeds give equal benches on every machine. */
export interface Random {
  /** From 0 up to and without `limit`. */
  below(limit: number): number;
  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean;
  /** One element; `list` must have one. */
  pick<T>(list: readonly T[]): T;
  /** `length` characters of those that Kubernetes puts into generated names. */
  suffix(length: number): string;
}

// Kubernetes leaves out vowels and look-alikes, so that no words appear: apimachinery's util/rand.
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** Mulberry32: 32 bits of state, which is plenty for shapes of clusters. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    below,
    chance: (percent) => below(100) < percent,
    pick: (list) => {
      const element = list[below(list.length)];
      if (element === undefined) throw new RangeError('nothing to pick from');
      return element;
    },
    suffix: (length) => {
      let text = '';
      for (let i = 0; i < length; i++) text += suffixAlphabet[below(suffixAlphabet.length)];
      return text;
    },
  };
}
