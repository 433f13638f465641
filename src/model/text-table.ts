/** The logarithm of the length of the region that a scope begins with. */
const firstRegion = 3;

/** So many others may be in the way of a text before it is looked for by itself. */
const mostProbes = 64;

/**
 * Texts by number, counted from 0, each once within its scope: a name is told apart from the same name elsewhere.
 *
 * All ASCII stands in one array of bytes, so that a million names leave nothing for the garbage collector; a text of
 * other characters is kept as it is. Equal texts of one scope have one number, whichever way they are given.
 */
export class TextTable {
  // Arrays of at most 64 bytes cost next to nothing: most inputs are small.
  #bytes = new Uint8Array(64);
  #used = 0;
  /** By number: where its bytes begin; one more entry says where the last end. */
  #starts = new Uint32Array(16);
  #scopes = new Int32Array(16);
  #size = 0;
  /**
   * Open addressing: numbers plus 1, by hash; 0 where nothing is. Each scope has a region of its own, a power of two, at
   * most half full: what is asked about one scope after the other stays in the caches of the processor.
   */
  #slots = new Int32Array(16);
  #slotsUsed = 0;
  /** By scope: where its region begins, how long it is, and how many texts the scope has. */
  #regions = new Int32Array(16);
  #lengths = new Int32Array(16);
  #counts = new Int32Array(16);
  /** By logarithm of the length: regions that their scopes have grown out of. */
  readonly #left: number[][] = [];
  /** Texts that are not ASCII, and their numbers by scope and text. */
  readonly #others = new Map<number, string>();
  readonly #otherIds = new Map<string, number>();
  /** By scope: ASCII that stands in no slot. */
  readonly #crowded = new Map<number, Map<string, number>>();
  #scratch = new Uint8Array(64);

  get size(): number {
    return this.#size;
  }

  /** The scope that a text was given with: from 0 on, best without gaps. */
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
    return slot < 0 ? (this.#crowded.get(scope)?.get(text) ?? -1) : this.#slots[slot]! - 1;
  }

  /** The number of the text whose bytes stand in `bytes` from `start` to before `end`: ASCII alone. */
  internAscii(scope: number, bytes: Uint8Array, start: number, end: number): number {
    const slot = this.#slotOf(scope, bytes, start, end);
    if (slot < 0) {
      const text = asciiText(bytes, start, end);
      const known = this.#crowded.get(scope)?.get(text);
      if (known !== undefined) return known;
      const id = this.#append(scope, bytes, start, end);
      this.#crowd(scope, text, id);
      return id;
    }
    const known = this.#slots[slot]!;
    if (known > 0) return known - 1;
    const id = this.#append(scope, bytes, start, end);
    this.#slots[slot] = id + 1;
    const count = this.#counts[scope]! + 1;
    this.#counts[scope] = count;
    if (count * 2 > this.#lengths[scope]!) this.#widen(scope);
    return id;
  }

  /** Where a text stands, or would; -1 when too many others are in its way. Slots are never freed. */
  #slotOf(scope: number, bytes: Uint8Array, start: number, end: number): number {
    if (scope >= this.#lengths.length || this.#lengths[scope] === 0) this.#open(scope);
    const slots = this.#slots;
    const region = this.#regions[scope]!;
    const mask = this.#lengths[scope]! - 1;
    let slot = hashOf(bytes, start, end) & mask;
    for (let probes = 0; probes < mostProbes; probes++) {
      const known = slots[region + slot]!;
      if (known === 0 || this.#equals(known - 1, bytes, start, end - start)) return region + slot;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  #crowd(scope: number, text: string, id: number): void {
    const crowded = this.#crowded.get(scope);
    if (crowded === undefined) this.#crowded.set(scope, new Map([[text, id]]));
    else crowded.set(text, id);
  }

  #equals(id: number, bytes: Uint8Array, start: number, length: number): boolean {
    const at = this.#starts[id]!;
    if (this.#starts[id + 1]! - at !== length) return false;
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

  /** Gives a scope its first region. */
  #open(scope: number): void {
    if (scope >= this.#lengths.length) {
      const scopes = Math.max(scope + 1, this.#lengths.length * 2);
      this.#regions = copied(this.#regions, scopes);
      this.#lengths = copied(this.#lengths, scopes);
      this.#counts = copied(this.#counts, scopes);
    }
    this.#regions[scope] = this.#region(firstRegion);
    this.#lengths[scope] = 1 << firstRegion;
  }

  /** An empty region. */
  #region(bits: number): number {
    const left = this.#left[bits]?.pop();
    if (left !== undefined) {
      this.#slots.fill(0, left, left + (1 << bits));
      return left;
    }
    const region = this.#slotsUsed;
    this.#slotsUsed += 1 << bits;
    if (this.#slotsUsed > this.#slots.length) this.#slots = copied(this.#slots, this.#slotsUsed * 2);
    return region;
  }

  /** Gives a scope a region twice as long. */
  #widen(scope: number): void {
    const before = this.#regions[scope]!;
    const length = this.#lengths[scope]!;
    const bits = 31 - Math.clz32(length);
    const region = this.#region(bits + 1);
    const slots = this.#slots;
    const mask = length * 2 - 1;
    const place = (id: number): void => {
      const start = this.#starts[id]!;
      const end = this.#starts[id + 1]!;
      let slot = hashOf(this.#bytes, start, end) & mask;
      let probes = 0;
      for (; slots[region + slot] !== 0 && probes < mostProbes; probes++) slot = (slot + 1) & mask;
      if (probes < mostProbes) slots[region + slot] = id + 1;
      else this.#crowd(scope, asciiText(this.#bytes, start, end), id);
    };
    // What stood in no slot may find one now, and would be looked for there.
    const crowded = this.#crowded.get(scope);
    this.#crowded.delete(scope);
    for (let slot = before; slot < before + length; slot++) if (slots[slot] !== 0) place(slots[slot]! - 1);
    for (const id of crowded?.values() ?? []) place(id);
    (this.#left[bits] ??= []).push(before);
    this.#regions[scope] = region;
    this.#lengths[scope] = length * 2;
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

/** More arguments than these are not given to one call. */
const mostArguments = 4096;

/** The text of ASCII, by what ECMAScript has: the library runs where there is no TextDecoder. */
function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += mostArguments) {
    const units = bytes.subarray(at, Math.min(at + mostArguments, end));
    text += Reflect.apply(String.fromCharCode, undefined, units);
  }
  return text;
}

function keyOf(scope: number, text: string): string {
  return `${scope} ${text}`;
}

function copied(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length);
  copy.set(old);
  return copy;
}

/** Four bytes in one step. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = Math.imul(end - start, 0x9e37_79b1);
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
