import type { LabelSelector, NetworkPolicy, Requirement, TierPolicy } from '../model/index.ts';
import { sha256 } from './sha256.ts';

/** nft allows 128 bytes in a comment, its end included. */
const longestComment = 127;

/**
 * Names of objects from what they mean: the same meaning has the same name in every ruleset, whatever was numbered before.
 *
 * A name is a prefix and the first digits of a hash. Two meanings whose digits agree both get all digits, so that names
 * are injective (checklist 44); the texts of meanings are JSON lists, in which no two lists of parts look alike.
 */
export class Names {
  readonly #meanings = new Map<string, Set<string>>();
  readonly #hashes = new Map<string, string>();
  readonly #hashOf: (text: string) => string;

  /** @param hashOf - 64 digits for a text; another one than SHA-256 is for tests */
  constructor(hashOf: (text: string) => string = sha256) {
    this.#hashOf = hashOf;
  }

  /** Registers a meaning; all must be known before the first name is asked for. */
  add(prefix: string, meaning: string): void {
    const short = this.#short(prefix, meaning);
    const known = this.#meanings.get(short);
    if (known === undefined) this.#meanings.set(short, new Set([meaning]));
    else known.add(meaning);
  }

  /** The name of a meaning that was added. */
  of(prefix: string, meaning: string): string {
    const short = this.#short(prefix, meaning);
    return this.#meanings.get(short)!.size === 1 ? short : `${prefix}${this.#hash(meaning)}`;
  }

  #short(prefix: string, meaning: string): string {
    return `${prefix}${this.#hash(meaning).slice(0, shortHash)}`;
  }

  #hash(meaning: string): string {
    let hash = this.#hashes.get(meaning);
    if (hash === undefined) this.#hashes.set(meaning, (hash = this.#hashOf(meaning)));
    return hash;
  }
}

const shortHash = 12;

/** What a selector asks, as JSON values that are equal for selectors that ask the same in other words. */
export function selectorMeaning({ requirements }: LabelSelector): readonly string[] {
  const texts = requirements.map(({ key, operator, values }) =>
    JSON.stringify([key, operator, ...new Set(values.toSorted())]),
  );
  return [...new Set(texts)].sort();
}

/** A selector as kubectl writes it: `app=web,tier in (a,b)`; empty for one that everything matches. */
export function selectorWords({ requirements }: LabelSelector): string {
  return [...new Set(requirements.map(requirementWords))].sort().join(',');
}

function requirementWords({ key, operator, values }: Requirement): string {
  const sorted = [...new Set(values)].sort();
  switch (operator) {
    case 'In':
      return sorted.length === 1 ? `${key}=${sorted[0]}` : `${key} in (${sorted.join(',')})`;
    case 'NotIn':
      return sorted.length === 1 ? `${key}!=${sorted[0]}` : `${key} notin (${sorted.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}

/** Text that nft takes as a comment: printable ASCII without quotes, the middle left out where it is too long. */
export function comment(text: string): string {
  const safe = text.replace(/[^\x20-\x7e]|["\\]/g, '?');
  if (safe.length <= longestComment) return safe;
  const head = Math.ceil((longestComment - 3) / 2);
  return `${safe.slice(0, head)}...${safe.slice(safe.length - (longestComment - 3 - head))}`;
}

/** What people call a policy: `shop/db`, or `AdminNetworkPolicy/tenants`, which has no namespace. */
export function nameOfPolicy(policy: NetworkPolicy | TierPolicy): string {
  return `${'namespace' in policy ? policy.namespace : policy.kind}/${policy.name}`;
}

/** Who has an address, for the table: `shop/web-0`. */
export function ownerName({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string {
  return comment(`${namespace}/${name}`);
}
