/** So many others may be in the way of a text before it is looked for by itself. */
const mostProbes = 64;

/**
 * Texts by number, counted from 0, each once within its scope: a name is told apart from the same name elsewhere.
 *
 * All ASCII stands in one array of bytes, so that a million names leave nothing for the garbage collector; a text of
 * other characters is kept as it is. Equal texts of one scope have one number, whichever way they are given.
 */
export class TextTable {
  #bytes = new Uint8Array(1024);
  #used = 0;
  /** By number: where its bytes begin; one more entry says where the last end. */
  #starts = new Uint32Array(64);
  #scopes = new Int32Array(64);
  #size = 0;
  /** Open addressing: numbers plus 1, by hash; 0 where nothing is. A power of two, at most half full. */
  #slots = new Int32Array(128);
  /** Texts that are not ASCII, and their numbers by scope and text. */
  readonly #others = new Map<number, string>();
  readonly #otherIds = new Map<string, number>();
  /** By scope and text: ASCII that stands in no slot. */
  readonly #crowded = new Map<string, number>();
  #scratch = new Uint8Array(256);

  get size(): number {
    return this.#size;
  }

  /** The scope that a text was given with. */
  scopeOf(id: number): number {
    return this.#scopes[id]!;
  }

  /** The text with a number. */
  text(id: number): string {
    const other = this.#others.get(id);
    if (other !== undefined) return other;
    return asciiText(this.#bytes, this.#starts[id]!, this.#starts[id + 1]!);
  }

  /** The number of a text. */
  intern(scope: number, text: string): number {
    const length = this.#spell(text);
    if (length >= 0) return this.internAscii(scope, this.#scratch, 0, length);
    const key = keyOf(scope, text);
    let id = this.#otherIds.get(key);
    if (id === undefined) {
      this.#otherIds.set(key, (id = this.#append(scope, this.#scratch, 0, 0)));
      this.#others.set(id, text);
    }
    return id;
  }

  /** The number of a text; -1 when it has none. */
  find(scope: number, text: string): number {
    const length = this.#spell(text);
    if (length < 0) return this.#otherIds.get(keyOf(scope, text)) ?? -1;
    const slot = this.#slotOf(scope, this.#scratch, 0, length);
    return slot < 0 ? (this.#crowded.get(keyOf(scope, text)) ?? -1) : this.#slots[slot]! - 1;
  }

  /** The number of the text whose bytes stand in `bytes` from `start` to before `end`: ASCII alone. */
  internAscii(scope: number, bytes: Uint8Array, start: number, end: number): number {
    const slot = this.#slotOf(scope, bytes, start, end);
    if (slot < 0) {
      const key = keyOf(scope, asciiText(bytes, start, end));
      let id = this.#crowded.get(key);
      if (id === undefined) this.#crowded.set(key, (id = this.#append(scope, bytes, start, end)));
      return id;
    }
    const known = this.#slots[slot]!;
    if (known > 0) return known - 1;
    const id = this.#append(scope, bytes, start, end);
    this.#slots[slot] = id + 1;
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  /** Where a text stands, or would; -1 when too many others are in its way. Slots are never freed. */
  #slotOf(scope: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(scope, bytes, start, end) & mask;
    for (let probes = 0; slots[slot] !== 0; probes++) {
      if (probes === mostProbes) return -1;
      if (this.#equals(slots[slot]! - 1, scope, bytes, start, end - start)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #equals(id: number, scope: number, bytes: Uint8Array, start: number, length: number): boolean {
    const at = this.#starts[id]!;
    if (this.#scopes[id] !== scope || this.#starts[id + 1]! - at !== length) return false;
    const own = this.#bytes;
    for (let i = 0; i < length; i++) if (own[at + i] !== bytes[start + i]) return false;
    return true;
  }

  #append(scope: number, bytes: Uint8Array, start: number, end: number): number {
    const used = this.#used + end - start;
    if (used > this.#bytes.length) {
      const larger = new Uint8Array(used * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const own = this.#bytes;
    for (let i = start, at = this.#used; i < end; i++) own[at++] = bytes[i]!;
    this.#used = used;
    const id = this.#size++;
    if (id + 2 > this.#starts.length) {
      const starts = new Uint32Array(this.#starts.length * 2);
      const scopes = new Int32Array(starts.length);
      starts.set(this.#starts);
      scopes.set(this.#scopes);
      this.#starts = starts;
      this.#scopes = scopes;
    }
    this.#starts[id + 1] = used;
    this.#scopes[id] = scope;
    return id;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    this.#crowded.clear();
    for (let id = 0; id < this.#size; id++) {
      if (this.#others.has(id)) continue;
      const scope = this.#scopes[id]!;
      const start = this.#starts[id]!;
      const end = this.#starts[id + 1]!;
      let slot = hashOf(scope, this.#bytes, start, end) & mask;
      let probes = 0;
      for (; slots[slot] !== 0 && probes < mostProbes; probes++) slot = (slot + 1) & mask;
      if (probes < mostProbes) slots[slot] = id + 1;
      else this.#crowded.set(keyOf(scope, asciiText(this.#bytes, start, end)), id);
    }
    this.#slots = slots;
  }

  /** Writes a text to `#scratch`: its length, -1 when it is not ASCII. */
  #spell(text: string): number {
    const { length } = text;
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2);
    const scratch = this.#scratch;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return -1;
      scratch[i] = unit;
    }
    return length;
  }
}

const decoder = new TextDecoder();

function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

function keyOf(scope: number, text: string): string {
  return `${scope} ${text}`;
}

/** Four bytes in one step. */
function hashOf(scope: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = Math.imul(scope ^ (end - start), 0x9e37_79b1);
  let i = start;
  for (; i + 3 < end; i += 4) {
    const four = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash = Math.imul(hash ^ four, 0x85eb_ca6b);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
