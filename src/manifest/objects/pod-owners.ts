import { Numbers, TextTable } from '../../model/index.ts';

/** The number of no owner. */
export const noOwner = -1;

/** What owns pods, by number: a kind with a name in a namespace has one number, in the order in which they are met. */
export class PodOwners {
  readonly #names = new TextTable();
  readonly #kinds = new Numbers<string>();
  /** By number of the namespace: by number of the kind, the scope of such names. */
  readonly #scopes: (number | undefined)[][] = [];
  readonly #ofScope: { readonly namespace: number; readonly kind: number }[] = [];

  get size(): number {
    return this.#names.size;
  }

  /** The number of a kind. */
  kind(kind: string): number {
    return this.#kinds.of(kind);
  }

  /** The number of an owner. */
  of(namespace: number, kind: number, name: string): number {
    return this.#names.intern(this.#scopeOf(namespace, kind), name);
  }

  /** The same of a name in ASCII, from `start` to before `end`. */
  ofAscii(namespace: number, kind: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#names.internAscii(this.#scopeOf(namespace, kind), bytes, start, end);
  }

  namespaceOf(owner: number): number {
    return this.#ofScope[this.#names.scopeOf(owner)]!.namespace;
  }

  kindOf(owner: number): string {
    return this.#kinds.values[this.#ofScope[this.#names.scopeOf(owner)]!.kind]!;
  }

  nameOf(owner: number): string {
    return this.#names.text(owner);
  }

  #scopeOf(namespace: number, kind: number): number {
    const ofNamespace = (this.#scopes[namespace] ??= []);
    let scope = ofNamespace[kind];
    if (scope === undefined) {
      ofNamespace[kind] = scope = this.#ofScope.length;
      this.#ofScope.push({ namespace, kind });
    }
    return scope;
  }
}
