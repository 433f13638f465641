import { approveChain } from './layout.ts';
import { ruleText, setProperties } from './render.ts';
import type { Chain, NftMap, NftRule, NftSet, Ruleset } from './ruleset.ts';
import { namedBy, sameElements } from './syntax.ts';

/** A ruleset by name. */
export interface Index {
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly maps: ReadonlyMap<string, NftMap>;
  readonly chains: ReadonlyMap<string, Chain>;
}

/** What a node has was desired a moment ago, and looked through then. */
const known = new WeakMap<Ruleset, Index>();

/** A ruleset by name, without what the generation adds. */
export function indexOf(ruleset: Ruleset): Index {
  let index = known.get(ruleset);
  if (index === undefined) {
    const { sets, maps, chains } = ruleset;
    known.set(ruleset, (index = { sets: byName(sets), maps: byName(maps), chains: byName(chains) }));
  }
  return index;
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((each) => [each.name, each]));
}

/** Two rulesets beside each other, and what is the same in both: nearly all of it, when one pod changes. */
export class Comparison {
  readonly before: Index;
  readonly after: Index;
  readonly #sets = new Map<string, boolean>();
  readonly #rules = new Map<string, boolean>();
  readonly #chains = new Map<string, boolean>();

  constructor(before: Index, after: Index) {
    this.before = before;
    this.after = after;
  }

  /** Whether both have a set, with the same elements. */
  sameSet(name: string): boolean {
    return remembered(this.#sets, name, () => {
      const [old, next] = [this.before.sets.get(name), this.after.sets.get(name)];
      return old !== undefined && next !== undefined && sameElements(old.elements, next.elements);
    });
  }

  /** Whether both have a chain, with the same rules. */
  sameRules(name: string): boolean {
    return remembered(this.#rules, name, () => {
      const [old, next] = [this.before.chains.get(name)?.rules, this.after.chains.get(name)?.rules];
      return old !== undefined && next !== undefined && sameRules(old, next);
    });
  }

  /**
   * Whether a chain decides alike in both: its rules are the same, the sets that they ask, and the chains that they lead on
   * to. Chains lead on, and never back.
   */
  sameChain(name: string): boolean {
    return remembered(
      this.#chains,
      name,
      () =>
        this.sameRules(name) &&
        (this.after.chains.get(name)?.rules ?? []).every(
          (rule) =>
            namedBy(rule).every((set) => this.sameSet(set)) &&
            rule.statements.every(
              (each) =>
                (each.kind !== 'goto' && each.kind !== 'jump') ||
                // Both have it; what it does differs by the generation alone.
                each.chain === approveChain ||
                this.sameChain(each.chain),
            ),
        ),
    );
  }
}

function remembered(known: Map<string, boolean>, name: string, find: () => boolean): boolean {
  let found = known.get(name);
  if (found === undefined) known.set(name, (found = find()));
  return found;
}

/** Whether nft can make one set of another by its elements alone. */
export function sameProperties(a: NftSet, b: NftSet): boolean {
  if (a === b) return true;
  if (a.comment !== b.comment || a.interval !== b.interval) return false;
  return setProperties(a).join() === setProperties(b).join();
}

/** Whether two chains have the same rules, in the same order. */
export function sameRules(a: readonly NftRule[], b: readonly NftRule[]): boolean {
  return a === b || (a.length === b.length && a.every((rule, i) => sameRule(rule, b[i]!)));
}

function sameRule(a: NftRule, b: NftRule): boolean {
  if (a === b) return true;
  if (a.comment !== b.comment) return false;
  const { statements } = b;
  const same =
    a.statements.length === statements.length &&
    a.statements.every((statement, i) => sameFields(statement, statements[i]!));
  // Texts take longer, and have the last word.
  return same || ruleText(a) === ruleText(b);
}

/** Whether two values have the same fields, in the same order. */
function sameFields(a: Fields, b: Fields): boolean {
  const [names, others] = [Object.keys(a), Object.keys(b)];
  if (names.length !== others.length) return false;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (name !== others[i]) return false;
    const [one, other] = [a[name], b[name]];
    if (one !== other && !(isFields(one) && isFields(other) && sameFields(one, other))) return false;
  }
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
