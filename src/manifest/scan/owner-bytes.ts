import { TextTable } from '../../model/index.ts';
import { noOwner, ownerId, ownerKeys, ownerOf } from '../objects/index.ts';
import type { PodParts } from '../objects/index.ts';
import { plainTextEnd, skipBlanks } from './bytes.ts';

const quote = 0x22;
const colon = 0x3a;
const comma = 0x2c;

/** Longer references are read anew. */
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
  /** What was read last in which namespace, when it can be read so again. */
  readonly #last = new Uint8Array(longestRemembered);
  #lastLength = 0;
  #lastNamespace = -1;
  /** By number of the kind, by that of the apiVersion plus 1. */
  readonly #kinds: (OwnerKind | undefined)[][] = [];

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
    if (this.#isLast(bytes, start, end, namespace)) return true;
    this.#lastLength = 0;
    if (!this.#read(bytes, start, end, namespace, foreign)) return false;
    if (!this.isForeign && end - start <= longestRemembered) {
      for (let i = start; i < end; i++) this.#last[i - start] = bytes[i]!;
      this.#lastLength = end - start;
      this.#lastNamespace = namespace;
    }
    return true;
  }

  #isLast(bytes: Uint8Array, start: number, end: number, namespace: number): boolean {
    if (this.#lastLength !== end - start || this.#lastNamespace !== namespace) return false;
    const last = this.#last;
    for (let i = start; i < end; i++) if (last[i - start] !== bytes[i]) return false;
    return true;
  }

  #read(bytes: Uint8Array, start: number, end: number, namespace: number, foreign: Set<string>): boolean {
    const last = end - 1;
    if (bytes[start] !== 0x5b || bytes[last] !== 0x5d) return false;
    let at = skipBlanks(bytes, start + 1);
    if (at === last) return this.#found(noOwner, false);
    if (bytes[at] !== 0x7b) return false;
    let apiVersion = -1;
    let kind = -1;
    let nameAt = -1;
    let nameEnd = -1;
    do {
      at = skipBlanks(bytes, at + 1);
      if (bytes[at] !== quote) return false;
      const keyAt = at + 1;
      at = plainTextEnd(bytes, at);
      if (at < 0) return false;
      const keyEnd = at - 1;
      at = skipBlanks(bytes, at);
      if (bytes[at] !== colon) return false;
      at = skipBlanks(bytes, at + 1);
      const valueAt = at;
      at = bytes[at] === quote ? plainTextEnd(bytes, at) : wordEnd(bytes, at);
      if (at < 0) return false;
      if (isKey(bytes, keyAt, keyEnd, 'kind')) {
        if (kind >= 0 || bytes[valueAt] !== quote) return false;
        kind = this.#words.internAscii(1, bytes, valueAt + 1, at - 1);
      } else if (isKey(bytes, keyAt, keyEnd, 'name')) {
        if (nameAt >= 0 || bytes[valueAt] !== quote) return false;
        nameAt = valueAt + 1;
        nameEnd = at - 1;
      } else if (isKey(bytes, keyAt, keyEnd, 'apiVersion')) {
        if (apiVersion >= 0 || bytes[valueAt] !== quote) return false;
        apiVersion = this.#words.internAscii(0, bytes, valueAt + 1, at - 1);
      }
      at = skipBlanks(bytes, at);
    } while (bytes[at] === comma);
    if (bytes[at] !== 0x7d || skipBlanks(bytes, at + 1) !== last) return false;
    if (kind < 0 || nameAt < 0 || nameAt === nameEnd || this.#words.text(kind) === '') return false;
    const { kind: number, isForeign } = this.#kindOf(apiVersion, kind);
    if (isForeign) {
      const of = this.#parts.vocabulary.namespaces.values[namespace] ?? '';
      const name = new TextDecoder().decode(bytes.subarray(nameAt, nameEnd));
      for (const key of ownerKeys(of, [this.#reference(apiVersion, kind, name)])) foreign.add(key);
    }
    const { owners } = this.#parts;
    return this.#found(
      number < 0 ? noOwner : owners.ofAscii(namespace, number, bytes, nameAt, nameEnd),
      isForeign,
    );
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
      kind: owner === undefined ? -1 : this.#parts.owners.kind(ownerId('', owner).kind),
      isForeign: ownerKeys('', [reference]).length > 0,
    };
  }

  #reference(apiVersion: number, kind: number, name: string): Readonly<Record<string, unknown>> {
    const reference = { kind: this.#words.text(kind), name };
    return apiVersion < 0 ? reference : { ...reference, apiVersion: this.#words.text(apiVersion) };
  }
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
