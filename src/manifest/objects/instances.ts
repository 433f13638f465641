/** So many values are remembered before it is clear whether they come again. */
const tried = 1024;

/**
 * What was read of values, by instance: a reader of large dumps gives equal parts of objects as one value. Where values
 * never come again, as in objects that were parsed one by one, it stops remembering them.
 */
export class InstanceCache<V> {
  readonly #known = new Map<object, V>();
  #hits = 0;

  get(value: object): V | undefined {
    const known = this.#known.get(value);
    if (known !== undefined) this.#hits++;
    return known;
  }

  set(value: object, read: V): void {
    if (this.#hits === 0 && this.#known.size >= tried) return;
    this.#known.set(value, read);
  }
}
