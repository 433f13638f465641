import { firstGeneration, renderText } from '../../nft/index.ts';
import type { Generation, NftRule, Ruleset } from '../../nft/index.ts';
import type { LabNode, LabState } from '../../topology/index.ts';
import { eachOf } from './command.ts';
import { listingOf, listingOfText } from './listing.ts';
import type { ListedRule, Listing } from './listing.ts';
import type { Machine } from './machine.ts';

/** One thing in which the tables of a node are not what they should be. */
export interface Difference {
  readonly node: string;
  readonly what: 'missing' | 'unexpected' | 'changed';
  readonly kind: 'table' | 'chain' | 'rule' | 'set' | 'element';
  /** The chain, set or map that it is, or is in; of a table its family and name. */
  readonly of: string;
  /** Of an element its key, of a rule its comment or its statements; of what has changed how it is now. */
  readonly text: string;
  /** `policies.yaml:12`, of a rule that policies make. */
  readonly place: string | undefined;
}

/** So many nodes are asked at the same time. */
const atOnce = 4;

/**
 * Compares the tables in the kernel with those that a lab has loaded.
 *
 * @param isDormant - whether the lab has taken podwall's tables out of the way
 * @returns by node, in the order of the plan; empty where nothing differs
 */
export async function differencesOf(
  { plan, generations }: LabState,
  machine: Machine,
  isDormant: boolean,
): Promise<ReadonlyMap<string, readonly Difference[]>> {
  const found = new Map<string, readonly Difference[]>(Array.from(plan.nodes.keys(), (name) => [name, []]));
  await eachOf(plan.nodes, atOnce, async ([name, node]) => {
    const desired = await listingOfText(textOf(node, generations.get(name) ?? firstGeneration, isDormant));
    found.set(name, compare(name, node.ruleset, desired, await listingOf(machine, node.namespace)));
  });
  return found;
}

function textOf({ ruleset, services }: LabNode, generation: Generation, isDormant: boolean): string {
  return `${[...renderText(ruleset, generation)].join('')}\n${services}${isDormant ? dormantText(true) : ''}`;
}

/** What takes podwall's table out of the way of packets, or puts it back, in nft's language. */
export function dormantText(isDormant: boolean): string {
  return `table inet podwall { ${isDormant ? 'flags dormant;' : ''} }\n`;
}

function compare(node: string, ruleset: Ruleset, desired: Listing, actual: Listing): readonly Difference[] {
  const found: Difference[] = [];
  const add = (difference: Omit<Difference, 'node' | 'place'>, place?: string): void => {
    found.push({ node, place, ...difference });
  };
  for (const [table, flags] of desired.tables) {
    const there = actual.tables.get(table);
    if (there === undefined) add({ what: 'missing', kind: 'table', of: table, text: '' });
    else if (there !== flags) add({ what: 'changed', kind: 'table', of: table, text: flagsWords(there) });
  }
  const isGone = (name: string): boolean => !actual.tables.has(tableOf(name));
  for (const [name, { hook, rules }] of desired.chains) {
    if (isGone(name)) continue;
    const there = actual.chains.get(name);
    const of = objectOf(name);
    if (there === undefined) {
      add({ what: 'missing', kind: 'chain', of, text: '' });
      continue;
    }
    if (there.hook !== hook) add({ what: 'changed', kind: 'chain', of, text: there.hook ?? 'no hook' });
    const own = tableOf(name) === `inet ${ruleset.table}` ? chainRules(ruleset, of) : undefined;
    const missing = beyond(rules, there.rules);
    for (const { rule, index } of missing) {
      const place = own?.length === rules.length ? placeOf(own[index]!) : undefined;
      add({ what: 'missing', kind: 'rule', of, text: ruleWords(rule) }, place);
    }
    const more = beyond(there.rules, rules);
    for (const { rule } of more) add({ what: 'unexpected', kind: 'rule', of, text: ruleWords(rule) });
    // The first rule that fits decides.
    if (
      missing.length === 0 &&
      more.length === 0 &&
      rules.some(({ text }, i) => text !== there.rules[i]?.text)
    )
      add({ what: 'changed', kind: 'chain', of, text: 'its rules stand in another order' });
  }
  for (const [name, { properties, elements }] of desired.sets) {
    if (isGone(name)) continue;
    const there = actual.sets.get(name);
    const of = objectOf(name);
    if (there === undefined) {
      add({ what: 'missing', kind: 'set', of, text: '' });
      continue;
    }
    if (there.properties !== properties) add({ what: 'changed', kind: 'set', of, text: there.properties });
    for (const element of elements)
      if (!there.elements.has(element)) add({ what: 'missing', kind: 'element', of, text: element });
    for (const element of there.elements)
      if (!elements.has(element)) add({ what: 'unexpected', kind: 'element', of, text: element });
  }
  const isOwn = (name: string): boolean => desired.tables.has(tableOf(name));
  for (const name of actual.chains.keys())
    if (isOwn(name) && !desired.chains.has(name))
      add({ what: 'unexpected', kind: 'chain', of: objectOf(name), text: '' });
  for (const name of actual.sets.keys())
    if (isOwn(name) && !desired.sets.has(name))
      add({ what: 'unexpected', kind: 'set', of: objectOf(name), text: '' });
  for (const table of actual.tables.keys())
    if (!desired.tables.has(table)) add({ what: 'unexpected', kind: 'table', of: table, text: '' });
  return found;
}

function flagsWords(flags: string): string {
  return flags === '' ? 'no flags' : flags;
}

function tableOf(name: string): string {
  return name.slice(0, name.lastIndexOf(' '));
}

function objectOf(name: string): string {
  return name.slice(name.lastIndexOf(' ') + 1);
}

/** The rules of one list that another has fewer of, with where they stand. */
function beyond(
  rules: readonly ListedRule[],
  others: readonly ListedRule[],
): readonly { readonly rule: ListedRule; readonly index: number }[] {
  const left = new Map<string, number>();
  for (const { text } of others) left.set(text, (left.get(text) ?? 0) + 1);
  return rules.flatMap((rule, index) => {
    const count = left.get(rule.text) ?? 0;
    if (count > 0) left.set(rule.text, count - 1);
    return count > 0 ? [] : [{ rule, index }];
  });
}

/** A rule by its comment, which names a policy, else by its statements. */
function ruleWords({ text, comment }: ListedRule): string {
  return comment === undefined ? text : `"${comment}"`;
}

/** Rules of a chain that is not `gate` or `approve`: these are not of the ruleset. */
function chainRules({ chains }: Ruleset, name: string): readonly NftRule[] | undefined {
  return chains.find((chain) => chain.name === name)?.rules;
}

function placeOf({ sources = [] }: NftRule): string | undefined {
  const [source] = sources;
  if (source === undefined) return undefined;
  const { policy, direction, rule } = source;
  const { file, line } = policy.origin.locate(rule < 0 ? [] : ['spec', direction, rule]);
  return `${file}:${line}`;
}

/** `element missing on node-1: set iso_in4, 10.244.0.4`. */
export function differenceText({ node, what, kind, of, text, place }: Difference): string {
  const at = place === undefined ? '' : `  ${place}`;
  switch (kind) {
    case 'table':
    case 'chain':
    case 'set':
      return `${kind} ${what} on ${node}: ${of}${text === '' ? '' : `, ${text}`}`;
    case 'rule':
      return `rule ${what} on ${node}: chain ${of}, ${text}${at}`;
    case 'element':
      return `element ${what} on ${node}: set ${of}, ${text}`;
  }
}
