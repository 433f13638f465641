/** Numbers by two numbers, such as a namespace and a selector, in typed arrays. */
export class PairMap {
  #first = new Int32Array(32);
  #second = new Int32Array(32);
  /** Value + 1; 0 for an empty place. The length is a power of two, at least twice the number of entries. */
  #values = new Int32Array(32);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** -1 where there is none. */
  get(first: number, second: number): number {
    return this.#values[this.#placeOf(first, second)]! - 1;
  }

  set(first: number, second: number, value: number): void {
    let place = this.#placeOf(first, second);
    if (this.#values[place] === 0) {
      if ((this.#size + 1) * 2 > this.#values.length) {
        this.#widen();
        place = this.#placeOf(first, second);
      }
      this.#size++;
      this.#first[place] = first;
      this.#second[place] = second;
    }
    this.#values[place] = value + 1;
  }

  delete(first: number, second: number): void {
    const mask = this.#values.length - 1;
    let gap = this.#placeOf(first, second);
    if (this.#values[gap] === 0) return;
    this.#size--;
    // What stands behind the gap and belongs before it moves up, so that no search ends too early.
    for (let place = (gap + 1) & mask; this.#values[place] !== 0; place = (place + 1) & mask) {
      const home = hashOf(this.#first[place]!, this.#second[place]!) & mask;
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      this.#first[gap] = this.#first[place]!;
      this.#second[gap] = this.#second[place]!;
      this.#values[gap] = this.#values[place]!;
      gap = place;
    }
    this.#values[gap] = 0;
  }

  #placeOf(first: number, second: number): number {
    const mask = this.#values.length - 1;
    let place = hashOf(first, second) & mask;
    while (this.#values[place] !== 0 && (this.#first[place] !== first || this.#second[place] !== second)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  #widen(): void {
    const [first, second, values] = [this.#first, this.#second, this.#values];
    this.#first = new Int32Array(first.length * 2);
    this.#second = new Int32Array(first.length * 2);
    this.#values = new Int32Array(first.length * 2);
    for (let i = 0; i < values.length; i++) {
      if (values[i] === 0) continue;
      const place = this.#placeOf(first[i]!, second[i]!);
      this.#first[place] = first[i]!;
      this.#second[place] = second[i]!;
      this.#values[place] = values[i]!;
    }
  }
}

function hashOf(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
