import { TextTable } from '../../model/index.ts';
import { noOwner, ownerKeys, ownerOf, shownKind } from '../objects/index.ts';
import type { PodParts } from '../objects/index.ts';
import { plainTextEnd, skipBlanks } from './bytes.ts';

const quote = 0x22;
const colon = 0x3a;
const comma = 0x2c;

/** Longer references, and more before the name, are read anew. */
const longestRemembered = 1024;

/** What an apiVersion with a kind means as an owner. */
interface OwnerKind {
  /** Its number; -1 for kinds that own no workload. */
  readonly kind: number;
  /** Whether it is told as one of a kind that is not Kubernetes' own. */
  readonly isForeign: boolean;
}

/** Reads `ownerReferences` of JSON as they stand in bytes, where they have one owner and are plainly written. */
export class OwnerBytes {
  /** The owner that `read` found, or `noOwner`. */
  owner: number = noOwner;
  /** Whether that is of a kind that is not Kubernetes' own. */
  isForeign = false;
  readonly #parts: PodParts;
  /** Values of apiVersion in scope 0, kinds in scope 1. */
  readonly #words = new TextTable();
  /** By number of the kind, by that of the apiVersion plus 1. */
  readonly #kinds: (OwnerKind | undefined)[][] = [];
  /** What the members so far say; -1 for what they do not. */
  #apiVersion = -1;
  #kind = -1;
  #nameAt = -1;
  #nameEnd = -1;
  /** What was read last in which namespace, when it can be read so again. */
  readonly #last = new Uint8Array(longestRemembered);
  #lastLength = 0;
  #lastNamespace = -1;
  /** What stood before the name when that was not known, and what it said. */
  readonly #lead = new Uint8Array(longestRemembered);
  #leadLength = 0;
  #leadApiVersion = -1;
  #leadKind = -1;

  constructor(parts: PodParts) {
    this.#parts = parts;
  }

  /**
   * Reads the references from `start` to before `end`.
   *
   * @param foreign - what takes owners of kinds that are not Kubernetes' own
   * @returns whether they are as plain as they have to be
   */
  read(bytes: Uint8Array, start: number, end: number, namespace: number, foreign: Set<string>): boolean {
    // Pods of one workload mostly follow each other.
    if (this.#lastNamespace === namespace && this.#lastLength === end - start) {
      if (isSame(bytes, start, this.#last, this.#lastLength)) return true;
    }
    this.#lastLength = 0;
    if (!this.#read(bytes, start, end, namespace, foreign)) return false;
    if (!this.isForeign && end - start <= longestRemembered) {
      copy(bytes, start, this.#last, end - start);
      this.#lastLength = end - start;
      this.#lastNamespace = namespace;
    }
    return true;
  }

  #read(bytes: Uint8Array, start: number, end: number, namespace: number, foreign: Set<string>): boolean {
    const last = end - 1;
    if (bytes[start] !== 0x5b || bytes[last] !== 0x5d) return false;
    let at: number;
    if (this.#leadLength > 0 && isSame(bytes, start, this.#lead, this.#leadLength)) {
      // Most owners differ by their names alone.
      this.#apiVersion = this.#leadApiVersion;
      this.#kind = this.#leadKind;
      this.#nameAt = start + this.#leadLength;
      at = plainTextEnd(bytes, this.#nameAt - 1);
      if (at < 0) return false;
      this.#nameEnd = at - 1;
      at = skipBlanks(bytes, at);
      if (bytes[at] === comma) at = this.#members(bytes, start, at + 1);
    } else {
      this.#apiVersion = -1;
      this.#kind = -1;
      this.#nameAt = -1;
      at = skipBlanks(bytes, start + 1);
      if (at === last) return this.#found(noOwner, false);
      if (bytes[at] !== 0x7b) return false;
      at = this.#members(bytes, start, at + 1);
    }
    if (at < 0 || bytes[at] !== 0x7d || skipBlanks(bytes, at + 1) !== last) return false;
    if (this.#kind < 0 || this.#nameAt < 0 || this.#nameAt === this.#nameEnd) return false;
    const { kind, isForeign } = this.#kindOf(this.#apiVersion, this.#kind);
    if (isForeign) {
      const of = this.#parts.vocabulary.namespaces.values[namespace] ?? '';
      const name = new TextDecoder().decode(bytes.subarray(this.#nameAt, this.#nameEnd));
      const reference = this.#reference(this.#apiVersion, this.#kind, name);
      for (const key of ownerKeys(of, [reference])) foreign.add(key);
    }
    const { owners } = this.#parts;
    const owner = kind < 0 ? noOwner : owners.ofAscii(namespace, kind, bytes, this.#nameAt, this.#nameEnd);
    return this.#found(owner, isForeign);
  }

  /** Reads members from the one on whose key begins at `from`: where they end, -1 when something is odd. */
  #members(bytes: Uint8Array, start: number, from: number): number {
    let at = from - 1;
    do {
      at = skipBlanks(bytes, at + 1);
      if (bytes[at] !== quote) return -1;
      const keyAt = at + 1;
      at = plainTextEnd(bytes, at);
      if (at < 0) return -1;
      const keyEnd = at - 1;
      at = skipBlanks(bytes, at);
      if (bytes[at] !== colon) return -1;
      at = skipBlanks(bytes, at + 1);
      const valueAt = at;
      const isText = bytes[at] === quote;
      at = isText ? plainTextEnd(bytes, at) : wordEnd(bytes, at);
      if (at < 0) return -1;
      if (isKey(bytes, keyAt, keyEnd, 'kind')) {
        if (this.#kind >= 0 || !isText || at - valueAt === 2) return -1;
        this.#kind = this.#words.internAscii(1, bytes, valueAt + 1, at - 1);
      } else if (isKey(bytes, keyAt, keyEnd, 'name')) {
        if (this.#nameAt >= 0 || !isText) return -1;
        this.#nameAt = valueAt + 1;
        this.#nameEnd = at - 1;
        this.#rememberLead(bytes, start);
      } else if (isKey(bytes, keyAt, keyEnd, 'apiVersion')) {
        if (this.#apiVersion >= 0 || !isText) return -1;
        this.#apiVersion = this.#words.internAscii(0, bytes, valueAt + 1, at - 1);
      }
      at = skipBlanks(bytes, at);
    } while (bytes[at] === comma);
    return at;
  }

  #rememberLead(bytes: Uint8Array, start: number): void {
    this.#leadLength = this.#nameAt - start;
    this.#leadApiVersion = this.#apiVersion;
    this.#leadKind = this.#kind;
    if (this.#leadLength <= longestRemembered) copy(bytes, start, this.#lead, this.#leadLength);
    else this.#leadLength = 0;
  }

  #found(owner: number, isForeign: boolean): true {
    this.owner = owner;
    this.isForeign = isForeign;
    return true;
  }

  #kindOf(apiVersion: number, kind: number): OwnerKind {
    const ofKind = (this.#kinds[kind] ??= []);
    return (ofKind[apiVersion + 1] ??= this.#judge(this.#reference(apiVersion, kind, 'name')));
  }

  #judge(reference: Readonly<Record<string, unknown>>): OwnerKind {
    const owner = ownerOf({ ownerReferences: [reference] });
    return {
      kind: owner === undefined ? -1 : this.#parts.owners.kind(shownKind(owner)),
      isForeign: ownerKeys('', [reference]).length > 0,
    };
  }

  #reference(apiVersion: number, kind: number, name: string): Readonly<Record<string, unknown>> {
    const reference = { kind: this.#words.text(kind), name };
    return apiVersion < 0 ? reference : { ...reference, apiVersion: this.#words.text(apiVersion) };
  }
}

function isSame(bytes: Uint8Array, start: number, other: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}

function copy(bytes: Uint8Array, start: number, to: Uint8Array, length: number): void {
  for (let i = 0; i < length; i++) to[i] = bytes[start + i]!;
}

function isKey(bytes: Uint8Array, start: number, end: number, key: string): boolean {
  if (end - start !== key.length) return false;
  for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key.charCodeAt(i)) return false;
  return true;
}

const words = ['true', 'false', 'null'];

/** Where the word ends that begins at `start`; -1 for anything else. */
function wordEnd(bytes: Uint8Array, start: number): number {
  const word = words.find((each) => each.charCodeAt(0) === bytes[start]);
  return word !== undefined && isKey(bytes, start, start + word.length, word) ? start + word.length : -1;
}
