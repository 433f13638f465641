import { generationMap, markChains } from './layout.ts';
import type { Chain, Generation, MapEntry, NftMap, NftRule, NftSet, Ruleset } from './ruleset.ts';
import {
  elementJson,
  elementText,
  statementJson,
  statementText,
  verdictJson,
  verdictText,
} from './syntax.ts';
import type { Json } from './syntax.ts';

/** What a reader is told beside the rules; nothing of it is loaded. */
export interface ListingNotes {
  /** Lines for the head of the listing. */
  readonly head?: readonly string[];
  /** Lines above a rule: where it comes from. */
  readonly rule?: (rule: NftRule) => readonly string[];
}

/** All chains of a table, with the generation in place: what is created in this order refers to nothing later. */
export function chainsOf({ chains, markMask }: Ruleset, generation: Generation): readonly Chain[] {
  return [...markChains(markMask, generation), ...chains];
}

/** All maps of a table, that of the generation first. */
export function mapsOf({ maps, markMask }: Ruleset, generation: Generation): readonly NftMap[] {
  return [generationMap(markMask, generation), ...maps];
}

/**
 * A whole table in nft's language, as one transaction for `nft -f`, in pieces.
 *
 * What leads packets into the chains of policy sets stands last. Notes are `#` comments, and nft forgets them.
 */
export function* renderText(
  ruleset: Ruleset,
  generation: Generation,
  notes: ListingNotes = {},
): Generator<string> {
  for (const line of notes.head ?? []) yield noteLine('', line);
  yield `table inet ${ruleset.table} {\n`;
  for (const set of ruleset.sets) yield `${setText(set)}\n`;
  const maps = mapsOf(ruleset, generation);
  for (const map of maps) {
    yield `\tmap ${map.name} {\n\t\t${mapProperty(map)}\n\t}\n\n`;
  }
  const chains = chainsOf(ruleset, generation);
  for (const [i, chain] of chains.entries()) {
    yield chainText(chain, notes);
    yield i === chains.length - 1 ? '}\n' : '\n';
  }
  for (const map of maps) {
    if (map.entries.length === 0) continue;
    const lines = map.entries.map((entry) => `\t${entryText(entry)},\n`);
    yield `\nadd element inet ${ruleset.table} ${map.name} {\n${lines.join('')}}\n`;
  }
}

/** The same as a document of libnftables' JSON, for `nft -j -f`. */
export function renderJson(ruleset: Ruleset, generation: Generation): Json {
  const table = { family: 'inet', table: ruleset.table };
  const chains = chainsOf(ruleset, generation);
  const maps = mapsOf(ruleset, generation);
  return {
    nftables: [
      { metainfo: { json_schema_version: 1 } },
      { add: { table: { family: 'inet', name: ruleset.table } } },
      ...ruleset.sets.map((set): Json => ({ add: { set: { ...table, ...setJson(set) } } })),
      ...chains.map((chain): Json => ({ add: { chain: { ...table, ...chainJson(chain) } } })),
      ...maps.map((map): Json => ({ add: { map: { ...table, ...mapJson(map) } } })),
      ...chains.flatMap((chain) =>
        chain.rules.map((rule): Json => ({
          add: { rule: { ...table, chain: chain.name, ...ruleJson(rule) } },
        })),
      ),
      ...maps.flatMap((map): Json[] =>
        map.entries.length === 0
          ? []
          : [{ add: { element: { ...table, name: map.name, elem: map.entries.map(entryJson) } } }],
      ),
    ],
  };
}

/** A rule in nft's language, with its comment. */
export function ruleText({ statements, comment }: NftRule): string {
  const text = statements.map(statementText).join(' ');
  return comment === undefined ? text : `${text} comment "${comment}"`;
}

/** The fields of a rule in JSON. */
export function ruleJson({ statements, comment }: NftRule): { readonly [field: string]: Json } {
  return { expr: statements.flatMap(statementJson), ...(comment === undefined ? {} : { comment }) };
}

/** The fields of a set in JSON, with its elements. */
export function setJson(set: NftSet): { readonly [field: string]: Json } {
  const { name, type, interval, dynamic, comment, elements } = set;
  return {
    name,
    type: type.length === 1 ? type[0]! : type,
    ...(interval ? { flags: ['interval'] } : {}),
    // The JSON of nft 1.0.6 has no word for `dynamic`: a timeout makes the kernel choose a set that packets can fill.
    ...(dynamic === undefined
      ? {}
      : {
          flags: ['timeout'],
          size: dynamic.size,
          timeout: dynamic.timeoutSeconds,
          stmt: [{ counter: null }],
        }),
    ...(comment === undefined ? {} : { comment }),
    ...(elements.length === 0 ? {} : { elem: elements.map(elementJson) }),
  };
}

/** The fields of a chain in JSON, without its rules. */
export function chainJson({ name, hook }: Chain): { readonly [field: string]: Json } {
  return hook === undefined
    ? { name }
    : { name, type: 'filter', hook: hook.hook, prio: hook.priority, policy: 'accept' };
}

/** The fields of a map in JSON, without its entries. */
export function mapJson({ name, type }: NftMap): { readonly [field: string]: Json } {
  return { name, type, map: 'verdict' };
}

/** An entry of a map in nft's language. */
export function entryText({ key, verdict }: MapEntry): string {
  return `${key} : ${verdictText(verdict)}`;
}

/** An entry of a map in JSON. */
export function entryJson({ key, verdict }: MapEntry): Json {
  // Marks are numbers in JSON.
  return [key.startsWith('0x') ? Number(key) : key, verdictJson(verdict)];
}

/** The one property of a map in nft's language. */
export function mapProperty({ type }: NftMap): string {
  return `type ${type} : verdict`;
}

/** The properties of a set in nft's language, one a line, without its elements. */
export function setProperties({ type, interval, dynamic, comment }: NftSet): readonly string[] {
  return [
    `type ${type.join(' . ')}`,
    ...(interval ? ['flags interval'] : []),
    ...(dynamic === undefined
      ? []
      : [`size ${dynamic.size}`, 'flags dynamic,timeout', 'counter', `timeout ${dynamic.timeoutSeconds}s`]),
    ...(comment === undefined ? [] : [`comment "${comment}"`]),
  ];
}

/** The hook of a base chain in nft's language. */
export function hookText({ hook, priority }: NonNullable<Chain['hook']>): string {
  return `type filter hook ${hook} priority ${priority}; policy accept;`;
}

function setText(set: NftSet): string {
  const lines = setProperties(set).map((line) => `\t\t${line}\n`);
  const elements = set.elements.map((element) => `\t\t\t${elementText(element)},\n`);
  const list = elements.length === 0 ? '' : `\t\telements = {\n${elements.join('')}\t\t}\n`;
  return `\tset ${set.name} {\n${lines.join('')}${list}\t}\n`;
}

function chainText({ name, hook, rules, about }: Chain, notes: ListingNotes): string {
  const lines = [about === undefined ? '' : noteLine('\t', about), `\tchain ${name} {\n`];
  if (hook !== undefined) lines.push(`\t\t${hookText(hook)}\n`);
  for (const rule of rules) {
    for (const line of notes.rule?.(rule) ?? []) lines.push(noteLine('\t\t', line));
    lines.push(`\t\t${ruleText(rule)}\n`);
  }
  return `${lines.join('')}\t}\n`;
}

/** A comment ends with its line, so nothing of the input may end it before. */
function noteLine(indent: string, text: string): string {
  return `${indent}# ${text.replace(/[^\x20-\x7e\u00a0-\u{10ffff}]/gu, '?')}\n`;
}
