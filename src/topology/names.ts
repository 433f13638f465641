import { LabPlanError } from './plan.ts';

// Names that a kernel takes. `ip netns` keeps a file of each namespace's name, and /etc/netns a folder.

/** `ip netns` puts names into paths, which have 255 bytes at most for each part. */
const longestNamespace = 200;
const safe = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** What the names of all network namespaces of a lab begin with: names of labs have no dot, so none begins another's. */
export function prefixOf(lab: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$/.test(lab)) {
    throw new LabPlanError(
      `"${lab.slice(0, 40)}" cannot be the name of a lab: write at most 20 lower case letters, digits and dashes, the dashes inside`,
    );
  }
  return `podwall.${lab}.`;
}

/**
 * Names of network namespaces, no two alike: those of the objects where they fit, else a part of them and a number.
 *
 * Names of namespaces have no dot, so `pod.a.b.c` is the pod `b.c` of the namespace `a`; and no object has a `~`.
 */
export class NamespaceNames {
  readonly #prefix: string;
  readonly #shortened = new Map<string, number>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(kind: 'node' | 'pod', ...parts: readonly string[]): string {
    const name = `${this.#prefix}${kind}.${parts.join('.')}`;
    if (name.length <= longestNamespace && parts.every((part) => safe.test(part))) return name;
    const short = name.replace(/[^-a-z0-9.]/g, '_').slice(0, longestNamespace - 8);
    const number = this.#shortened.get(short) ?? 0;
    this.#shortened.set(short, number + 1);
    return `${short}~${number}`;
  }
}

/** Numbers for things that keep theirs from plan to plan; who is new gets the lowest that is free. */
export function numbered(
  keys: readonly string[],
  previous: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const used = new Set<number>();
  for (const key of keys) {
    const kept = previous.get(key);
    if (kept === undefined) continue;
    numbers.set(key, kept);
    used.add(kept);
  }
  let next = 0;
  for (const key of keys) {
    if (numbers.has(key)) continue;
    while (used.has(next)) next++;
    numbers.set(key, next++);
  }
  return numbers;
}
