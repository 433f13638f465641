import type { Cube } from './cubes.ts';

/** Potential pods with what they may use. */
export interface Part {
  readonly pods: Cube;
  readonly use: number;
}

/** What of a line holds for the potential pods of one namespace. */
export interface Effective {
  readonly state: 'open' | 'partly' | 'closed';
  /** The pods that get through, with what they may use; worked out when it is first asked for. */
  readonly parts: () => readonly Part[];
  /** Whether it was too much to decide; then `parts` is what is certain. */
  readonly isUndecided: boolean;
}

/** What the namespaces that exist leave of a line, but for those that treat the subject in a way of their own. */
export interface Narrowed {
  /** Namespaces no potential pod of which gets through, and those that let some through. Ascending within each content. */
  readonly closed: readonly number[];
  readonly partly: readonly { readonly namespaces: readonly number[]; readonly effective: Effective }[];
  readonly undecided: readonly number[];
  readonly stateOf: ReadonlyMap<number, Effective['state']>;
}

/** What the policies of existing namespaces leave of a line that spans them; nothing is copied before it is read. */
export class Narrowing {
  readonly #usual: Narrowed;
  readonly #others: ReadonlyMap<number, Effective>;
  /** How many namespaces let no potential pod of the line through. */
  readonly closedCount: number;
  /** How many let some through, or all of them only in part. */
  readonly partlyCount: number;

  constructor(usual: Narrowed, others: ReadonlyMap<number, Effective>) {
    this.#usual = usual;
    this.#others = others;
    let closed = usual.closed.length;
    let partly = usual.stateOf.size - closed;
    for (const [namespace, { state }] of others) {
      const before = usual.stateOf.get(namespace);
      if (before === 'closed') closed--;
      if (before === 'partly') partly--;
      if (state === 'closed') closed++;
      if (state === 'partly') partly++;
    }
    this.closedCount = closed;
    this.partlyCount = partly;
  }

  /** What a namespace of the line leaves of it. */
  stateOf(namespace: number): Effective['state'] {
    return this.#others.get(namespace)?.state ?? this.#usual.stateOf.get(namespace) ?? 'open';
  }

  /** Namespaces that let no potential pod of the line through, ascending. */
  closed(): readonly number[] {
    const own = [...this.#others]
      .filter(([, { state }]) => state === 'closed')
      .map(([namespace]) => namespace);
    return [...this.#usual.closed.filter((namespace) => !this.#others.has(namespace)), ...own].sort(
      (a, b) => a - b,
    );
  }

  /** Namespaces that let some through, with whom; those that let the same through together. */
  partly(): readonly { readonly namespaces: readonly number[]; readonly parts: readonly Part[] }[] {
    const groups = new Map<string, { namespaces: number[]; parts: readonly Part[] }>();
    const add = (namespace: number, parts: readonly Part[]): void => {
      const key = parts.map(({ pods, use }) => `${use} ${pods.key}`).join('\u0005');
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { namespaces: [namespace], parts });
      else known.namespaces.push(namespace);
    };
    for (const { namespaces, effective } of this.#usual.partly) {
      for (const namespace of namespaces) if (!this.#others.has(namespace)) add(namespace, effective.parts());
    }
    for (const [namespace, { state, parts }] of this.#others) if (state === 'partly') add(namespace, parts());
    return [...groups.values()]
      .map(({ namespaces, parts }) => ({ namespaces: namespaces.sort((a, b) => a - b), parts }))
      .sort((a, b) => a.namespaces[0]! - b.namespaces[0]!);
  }

  /** Namespaces of which it was too much to decide, ascending. */
  undecided(): readonly number[] {
    const own = [...this.#others]
      .filter(([, { isUndecided }]) => isUndecided)
      .map(([namespace]) => namespace);
    return [...this.#usual.undecided.filter((namespace) => !this.#others.has(namespace)), ...own].sort(
      (a, b) => a - b,
    );
  }
}
