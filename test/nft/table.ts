import { readBlock, readIp } from '../reference/addresses.ts';

// What a kernel keeps of a table, read from libnftables' JSON: the documents that podwall writes for `nft -j -f`, and what
// `nft -j list` prints. It refuses what the kernel refuses, so that a transaction that passes here can pass there.

/** A JSON value without a type yet. */
type Raw = unknown;
type RawObject = Readonly<Record<string, Raw>>;

/** Keys of one part: a number for addresses and ports, with both ends for ranges. */
interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/** A set or map as the kernel has it. */
export class KernelSet {
  readonly interval: boolean;
  readonly isMap: boolean;
  readonly comment: string | undefined;
  /** By canonical text of the key: the verdict, or the comment, as JSON. */
  readonly elements = new Map<string, string>();
  #sorted: Interval[] | undefined;

  constructor(spec: RawObject, isMap: boolean) {
    this.interval = Array.isArray(spec['flags']) && spec['flags'].includes('interval');
    this.isMap = isMap;
    this.comment = typeof spec['comment'] === 'string' ? spec['comment'] : undefined;
  }

  copy(): KernelSet {
    const copy = new KernelSet(
      {
        flags: this.interval ? ['interval'] : [],
        ...(this.comment !== undefined && { comment: this.comment }),
      },
      this.isMap,
    );
    for (const [key, value] of this.elements) copy.elements.set(key, value);
    return copy;
  }

  add(element: Raw): void {
    this.#sorted = undefined;
    const { key, value } = this.#read(element);
    if (this.interval) {
      const { first, last } = intervalOf(key);
      const overlaps = [...this.elements.keys()].some((other) => {
        const range = intervalOf(other);
        return other !== key && first <= range.last && range.first <= last && bitsOf(other) === bitsOf(key);
      });
      if (overlaps) throw new Error(`File exists: ${key} overlaps`);
    }
    const known = this.elements.get(key);
    if (known !== undefined && this.isMap && known !== value)
      throw new Error(`File exists: ${key} leads elsewhere`);
    if (known === undefined) this.elements.set(key, value);
  }

  delete(element: Raw): void {
    this.#sorted = undefined;
    const { key } = this.#read(element);
    if (!this.elements.delete(key)) throw new Error(`No such file or directory: ${key}`);
  }

  #read(element: Raw): { readonly key: string; readonly value: string } {
    if (this.isMap) {
      if (!Array.isArray(element)) throw new Error('a map takes pairs');
      return { key: keyOf(element[0]), value: JSON.stringify(element[1]) };
    }
    const inner = isObject(element) && isObject(element['elem']) ? element['elem'] : undefined;
    return { key: keyOf(inner?.['val'] ?? element), value: JSON.stringify(inner?.['comment'] ?? '') };
  }

  /** Whether a key is there: parts as texts of addresses, or numbers of ports. */
  has(parts: readonly string[]): boolean {
    return this.interval ? this.#within(parts[0]!) : this.elements.has(parts.map(canonical).join(' . '));
  }

  get(parts: readonly string[]): string | undefined {
    return this.elements.get(parts.map(canonical).join(' . '));
  }

  #within(part: string): boolean {
    this.#sorted ??= [...this.elements.keys()].map(intervalOf).sort((a, b) => (a.first < b.first ? -1 : 1));
    const value = intervalOf(canonical(part)).first;
    return this.#sorted.some(({ first, last }) => first <= value && value <= last);
  }
}

/** A chain as the kernel has it. */
export interface KernelChain {
  /** `forward`, `output` or `input`; `undefined` for a chain that others lead to. */
  readonly hook: string | undefined;
  readonly rules: RawObject[];
}

/** One table, with the checks that the kernel makes of a transaction. */
export class KernelTable {
  sets = new Map<string, KernelSet>();
  chains = new Map<string, KernelChain>();
  exists = false;

  /**
   * Applies a document as one transaction: all of it, or an error and nothing.
   *
   * @throws Error as the kernel words it
   */
  apply(document: Raw): void {
    const next = this.#copy();
    for (const command of listOf(field(document, 'nftables'))) next.#command(command);
    next.#check();
    this.sets = next.sets;
    this.chains = next.chains;
    this.exists = next.exists;
  }

  #copy(): KernelTable {
    const copy = new KernelTable();
    copy.exists = this.exists;
    for (const [name, set] of this.sets) copy.sets.set(name, set.copy());
    for (const [name, { hook, rules }] of this.chains) copy.chains.set(name, { hook, rules: [...rules] });
    return copy;
  }

  #command(command: Raw): void {
    if (!isObject(command)) throw new Error('a command is an object');
    const [[verb, body] = ['', undefined]] = Object.entries(command);
    if (verb === 'metainfo') return;
    // What `nft -j list` prints are the objects alone.
    const [kind, spec] =
      verb === 'add' || verb === 'delete' || verb === 'flush'
        ? (Object.entries(isObject(body) ? body : {})[0] ?? ['', undefined])
        : [verb, body];
    if (!isObject(spec)) throw new Error(`${verb} ${kind} of nothing`);
    const does = verb === 'delete' || verb === 'flush' ? verb : 'add';
    const name = text(spec['name'] ?? spec['chain'] ?? '');
    switch (`${does} ${kind}`) {
      case 'add table':
        this.exists = true;
        return;
      case 'add set':
      case 'add map':
        return this.#addSet(name, spec, kind === 'map');
      case 'add chain':
        if (!this.chains.has(name)) {
          const { hook } = spec;
          this.chains.set(name, { hook: typeof hook === 'string' ? hook : undefined, rules: [] });
        }
        return;
      case 'add rule':
        this.#chain(name).rules.push({ expr: spec['expr'], comment: spec['comment'] });
        return;
      case 'add element':
        for (const element of listOf(spec['elem'])) this.#set(name).add(element);
        return;
      case 'delete element':
        for (const element of listOf(spec['elem'])) this.#set(name).delete(element);
        return;
      case 'flush chain':
        this.#chain(name).rules.length = 0;
        return;
      case 'delete chain':
        if (this.#chain(name).rules.length > 0 || this.#refersTo(name, 'chain'))
          throw new Error(`Device or resource busy: ${name}`);
        // A rule of ours, not of the kernel: what is hooked where pods meet stays (checklist 45).
        if (!['input', undefined].includes(this.#chain(name).hook))
          throw new Error(`a base chain is deleted: ${name}`);
        this.chains.delete(name);
        return;
      case 'delete set':
      case 'delete map':
        this.#set(name);
        if (this.#refersTo(name, 'set')) throw new Error(`Device or resource busy: ${name}`);
        this.sets.delete(name);
        return;
      default:
        throw new Error(`${verb} ${kind} is not understood`);
    }
  }

  #addSet(name: string, spec: RawObject, isMap: boolean): void {
    if (this.sets.has(name)) return;
    const set = new KernelSet(spec, isMap);
    this.sets.set(name, set);
    for (const element of listOf(spec['elem'] ?? [])) set.add(element);
  }

  #set(name: string): KernelSet {
    const set = this.sets.get(name);
    if (set === undefined) throw new Error(`No such file or directory: set ${name}`);
    return set;
  }

  #chain(name: string): KernelChain {
    const chain = this.chains.get(name);
    if (chain === undefined) throw new Error(`No such file or directory: chain ${name}`);
    return chain;
  }

  #refersTo(name: string, kind: 'chain' | 'set'): boolean {
    const reference = kind === 'chain' ? `{"target":"${name}"}` : `"@${name}"`;
    const inRules = [...this.chains.values()].some(({ rules }) =>
      rules.some((rule) => JSON.stringify(rule['expr']).includes(reference)),
    );
    return (
      inRules ||
      [...this.sets.values()].some(({ elements }) =>
        [...elements.values()].some((value) => value.includes(reference)),
      )
    );
  }

  /** Whatever rules and maps name must be there. */
  #check(): void {
    if (!this.exists) throw new Error('No such file or directory: the table');
    const texts = [
      ...[...this.chains.values()].flatMap(({ rules }) => rules.map((rule) => JSON.stringify(rule['expr']))),
      ...[...this.sets.values()].flatMap(({ elements }) => [...elements.values()]),
    ];
    for (const each of texts) {
      for (const [, name = ''] of each.matchAll(/\{"target":"([^"]*)"\}/g)) this.#chain(name);
      for (const [, name = ''] of each.matchAll(/"@([^"]*)"/g)) this.#set(name);
    }
  }
}

/** The canonical text of a key, whichever way it is written. */
function keyOf(key: Raw): string {
  if (typeof key === 'string' || typeof key === 'number') return canonical(String(key));
  if (isObject(key) && Array.isArray(key['concat'])) return key['concat'].map(keyOf).join(' . ');
  if (isObject(key) && Array.isArray(key['range'])) return key['range'].map(keyOf).join('-');
  if (isObject(key) && isObject(key['prefix'])) {
    const { base, prefix } = readBlock(`${text(key['prefix']['addr'])}/${text(key['prefix']['len'])}`);
    const size = 1n << BigInt(base.bits - prefix);
    if (base.value % size !== 0n) throw new Error(`${JSON.stringify(key)} has bits of a host`);
    return `${base.bits}:${base.value}-${base.bits}:${base.value + size - 1n}`;
  }
  throw new Error(`${JSON.stringify(key)} is no key`);
}

/** Texts of addresses that were read before: packets have few. */
const known = new Map<string, string>();

/** Addresses as `bits:number`, whatever their text; all else as it is. */
function canonical(key: string): string {
  let read = known.get(key);
  if (read === undefined) {
    const ip = /^[0-9]+$/.test(key) ? undefined : readIp(key);
    read = ip === undefined ? key : `${ip.bits}:${ip.value}`;
    if (/^[0-9]+$/.test(key)) read = `16:${key}`;
    if (known.size > 100_000) known.clear();
    known.set(key, read);
  }
  return read;
}

function intervalOf(key: string): Interval {
  const [first = '', last = first] = key.split('-');
  const valueOf = (part: string): bigint => BigInt(part.slice(part.indexOf(':') + 1));
  return { first: valueOf(first), last: valueOf(last) };
}

function bitsOf(key: string): string {
  return key.slice(0, key.indexOf(':'));
}

/** A JSON value that is a text or a number, as text. */
export function text(value: Raw): string {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error(`${JSON.stringify(value)} is no text`);
  return String(value);
}

/** Whether a JSON value is an object. */
export function isObject(value: Raw): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function field(value: Raw, name: string): Raw {
  return isObject(value) ? value[name] : undefined;
}

function listOf(value: Raw): readonly Raw[] {
  if (!Array.isArray(value)) throw new Error('a list was expected');
  return value;
}
