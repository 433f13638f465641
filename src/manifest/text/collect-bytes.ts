import { sniffed } from './decode.ts';

/** Gathers bytes that come in pieces, in one buffer that grows. */
export class ByteCollector {
  #buffer = new Uint8Array(2 ** 16);
  #size = 0;

  /** How many bytes there are. */
  get size(): number {
    return this.#size;
  }

  /** The first bytes, as many as are looked at to tell text from other files. */
  get head(): Uint8Array {
    return this.#buffer.subarray(0, Math.min(this.#size, sniffed));
  }

  push(bytes: Uint8Array): void {
    const needed = this.#size + bytes.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#size);
    this.#size = needed;
  }

  /** All bytes; there are none afterwards. They may be overwritten by the next push. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#size);
    this.#buffer = new Uint8Array(0);
    this.#size = 0;
    return bytes;
  }
}
