import { firstGeneration, renderText } from '../../nft/index.ts';
import type { NftRule, Ruleset } from '../../nft/index.ts';
import type { LabEnd, LabNode, LabState } from '../../topology/index.ts';
import { command } from './command.ts';
import type { Machine } from './machine.ts';
import type { ProbeSpec } from './protocol.ts';

/** One thing in which the tables of a node are not what they should be. */
interface Difference {
  readonly node: string;
  readonly what: 'missing' | 'unexpected';
  readonly kind: 'table' | 'chain' | 'rule' | 'set' | 'element';
  /** The chain, set or map that it is, or is in; of a table its name. */
  readonly of: string;
  /** Of an element its key, of a rule its comment or its statements. */
  readonly text: string;
  /** `policies.yaml:12`, of a rule that policies make. */
  readonly place: string | undefined;
}

/**
 * Compares the tables in the kernel with those that should be there, node by node, and names for each connection the
 * difference that explains it best, and all differences in words.
 */
export async function causesOf(
  state: LabState,
  machine: Machine,
  probes: readonly ProbeSpec[],
): Promise<{ readonly causes: readonly (string | undefined)[]; readonly differences: readonly string[] }> {
  const differences = new Map<string, readonly Difference[]>();
  for (const [name, node] of state.plan.nodes) {
    const desired = await listingOf(textOf(node, state.generations.get(name) ?? firstGeneration));
    const actual = readListing(
      await machine.ask(node.namespace, '-s', 'list', 'ruleset'),
      await machine.ask(node.namespace, '-j', 'list', 'ruleset'),
    );
    differences.set(name, differencesOf(name, node.ruleset, desired, actual));
  }
  const ends = new Map(state.plan.ends.map((end) => [end.id, end]));
  return {
    causes: probes.map((probe) => causeOf(probe, state, ends, differences)),
    differences: [...differences.values()].flat().map(words),
  };
}

function textOf({ ruleset, services }: LabNode, generation: typeof firstGeneration): string {
  return `${[...renderText(ruleset, generation)].join('')}\n${services}`;
}

/** How the kernel lists a table that has just been loaded: in a namespace of its own, which goes with the command. */
async function listingOf(text: string): Promise<Listing> {
  const script = `nft -f -; nft -s list ruleset; echo '${between}'; nft -j list ruleset`;
  const listed = await command('unshare', ['-n', 'sh', '-e', '-c', script], { input: text });
  const [rules = '', sets = ''] = listed.split(`${between}\n`);
  return readListing(rules, sets);
}

const between = '# as JSON';

/** What the kernel lists, by name; comparable between one listing and another. */
interface Listing {
  readonly tables: ReadonlySet<string>;
  /** By `table chain`: the rules as text, in their order. */
  readonly chains: ReadonlyMap<string, readonly ListedRule[]>;
  /** By `table set`: the elements as text. */
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>;
}

interface ListedRule {
  /** As nft writes it, with its comment and without counts. */
  readonly text: string;
  readonly comment: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads two listings of the same: rules from text, as people know them, elements from JSON.
 *
 * @param text - of `nft -s list ruleset`
 * @param json - of `nft -j list ruleset`
 */
function readListing(text: string, json: string): Listing {
  const document: unknown = JSON.parse(json);
  const objects = isFields(document) && Array.isArray(document['nftables']) ? document['nftables'] : [];
  const tables = new Set<string>();
  const sets = new Map<string, ReadonlySet<string>>();
  for (const object of objects as readonly unknown[]) {
    const [[kind, spec] = ['', undefined]] = Object.entries(isFields(object) ? object : {});
    if (!isFields(spec)) continue;
    if (kind === 'table') tables.add(String(spec['name']));
    if (kind !== 'set' && kind !== 'map') continue;
    // What packets fill is not what anybody has loaded.
    const isFilled = spec['timeout'] !== undefined;
    const elements = Array.isArray(spec['elem']) && !isFilled ? (spec['elem'] as readonly unknown[]) : [];
    sets.set(`${String(spec['table'])} ${String(spec['name'])}`, new Set(elements.map(elementText)));
  }
  return { tables, sets, chains: readChains(text) };
}

function readChains(text: string): ReadonlyMap<string, readonly ListedRule[]> {
  const chains = new Map<string, ListedRule[]>();
  let table = '';
  let lines: string[] | undefined;
  for (const line of text.split('\n')) {
    const opened = /^table \S+ (\S+) \{$/.exec(line);
    const chain = /^\tchain (\S+) \{$/.exec(line);
    if (opened !== null) table = opened[1] ?? '';
    else if (chain !== null) {
      lines = [];
      const rules: ListedRule[] = [];
      chains.set(`${table} ${chain[1] ?? ''}`, rules);
    } else if (line === '\t}' && lines !== undefined) {
      const rules = [...chains.values()].at(-1);
      rules?.push(...lines.filter((each) => !/^type \w+ hook /.test(each)).map(listedRule));
      lines = undefined;
    } else if (/^\t\t[^\t]/.test(line)) lines?.push(line.trim());
    // What is long goes on in the next line.
    else if (lines !== undefined && lines.length > 0) lines.push(`${lines.pop() ?? ''} ${line.trim()}`);
  }
  return chains;
}

function listedRule(text: string): ListedRule {
  return { text, comment: / comment "([^"]*)"$/.exec(text)?.[1] };
}

/** JSON without what changes while packets pass. */
function plain(value: unknown): string {
  return JSON.stringify(value, (key, part: unknown) => (key === 'counter' ? null : part));
}

function elementText(element: unknown): string {
  if (Array.isArray(element)) return `${keyText(element[0])} : ${verdictText(element[1])}`;
  return keyText(isFields(element) && isFields(element['elem']) ? element['elem']['val'] : element);
}

/** `goto in_11f09f8d1f03`. */
function verdictText(verdict: unknown): string {
  const [[kind, spec] = ['', undefined]] = Object.entries(isFields(verdict) ? verdict : {});
  return isFields(spec) ? `${kind} ${String(spec['target'])}` : plain(verdict);
}

function keyText(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number') return String(key);
  if (isFields(key)) {
    const { concat, range, prefix } = key;
    if (Array.isArray(concat)) return concat.map(keyText).join(' . ');
    if (Array.isArray(range)) return range.map(keyText).join('-');
    if (isFields(prefix)) return `${String(prefix['addr'])}/${String(prefix['len'])}`;
    if (isFields(key['elem'])) return keyText(key['elem']['val']);
  }
  return plain(key);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function differencesOf(
  node: string,
  ruleset: Ruleset,
  desired: Listing,
  actual: Listing,
): readonly Difference[] {
  const found: Difference[] = [];
  const add = (difference: Omit<Difference, 'node' | 'place'>, place?: string): void => {
    found.push({ node, place, ...difference });
  };
  const goneTables = new Set([...desired.tables].filter((table) => !actual.tables.has(table)));
  for (const table of goneTables) add({ what: 'missing', kind: 'table', of: `inet ${table}`, text: '' });
  const isGone = (name: string): boolean => goneTables.has(name.slice(0, name.indexOf(' ')));
  for (const [name, rules] of desired.chains) {
    if (isGone(name)) continue;
    const there = actual.chains.get(name);
    if (there === undefined) {
      add({ what: 'missing', kind: 'chain', of: objectName(name), text: '' });
      continue;
    }
    const own = ruleset.table === tableName(name) ? chainRules(ruleset, objectName(name)) : undefined;
    for (const { rule, index } of beyond(rules, there)) {
      const place = own?.length === rules.length ? placeOf(own[index]!) : undefined;
      add({ what: 'missing', kind: 'rule', of: objectName(name), text: ruleWords(rule) }, place);
    }
    for (const { rule } of beyond(there, rules))
      add({ what: 'unexpected', kind: 'rule', of: objectName(name), text: ruleWords(rule) });
  }
  for (const [name, elements] of desired.sets) {
    if (isGone(name)) continue;
    const there = actual.sets.get(name);
    if (there === undefined) {
      add({ what: 'missing', kind: 'set', of: objectName(name), text: '' });
      continue;
    }
    for (const element of elements)
      if (!there.has(element)) add({ what: 'missing', kind: 'element', of: objectName(name), text: element });
    for (const element of there)
      if (!elements.has(element))
        add({ what: 'unexpected', kind: 'element', of: objectName(name), text: element });
  }
  for (const table of actual.tables)
    if (!desired.tables.has(table)) add({ what: 'unexpected', kind: 'table', of: table, text: '' });
  return found;
}

function tableName(name: string): string {
  return name.slice(0, name.indexOf(' '));
}

function objectName(name: string): string {
  return name.slice(name.indexOf(' ') + 1);
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

/** How well a difference explains a connection, from 0: the best first. */
function causeOf(
  { from, to, source, destination }: ProbeSpec,
  { plan }: LabState,
  ends: ReadonlyMap<string, LabEnd>,
  differences: ReadonlyMap<string, readonly Difference[]>,
): string | undefined {
  const nodeOf = (id: string): string | undefined => {
    const end = ends.get(id);
    return end === undefined || end.kind === 'outside' ? undefined : end.node;
  };
  const judged = [
    { node: nodeOf(to), map: 'in', own: destination, peer: source },
    { node: nodeOf(from), map: 'eg', own: source, peer: destination },
  ];
  let best: { readonly rank: number; readonly difference: Difference } | undefined;
  for (const { node, map, own, peer } of judged) {
    if (node === undefined) continue;
    const names = namesFor(plan.nodes.get(node)!, map, own);
    for (const difference of differences.get(node) ?? []) {
      const rank = rankOf(difference, names, own, peer);
      if (best === undefined || rank < best.rank) best = { rank, difference };
    }
  }
  if (best !== undefined) return words(best.difference);
  // Of a Service nobody knows which endpoint it would have been.
  const [any] = [...differences.values()].flat();
  return any === undefined ? undefined : words(any);
}

/** The chain that judges an address in a direction, and the sets that its rules name. */
function namesFor(
  { ruleset }: LabNode,
  map: string,
  address: string,
): {
  readonly chain: string | undefined;
  readonly sets: ReadonlySet<string>;
  readonly maps: ReadonlySet<string>;
} {
  const maps = ruleset.maps.filter(({ name }) => name.startsWith(map));
  const entry = maps.flatMap(({ entries }) => entries).find(({ key }) => key === address);
  const chain = ruleset.chains.find(({ name }) => name === entry?.verdict.chain);
  const sets = (chain?.rules ?? []).flatMap(({ statements }) =>
    statements.flatMap((statement) => {
      if ('set' in statement) return [statement.set];
      return statement.kind === 'port' && typeof statement.port === 'object' && 'set' in statement.port
        ? [statement.port.set]
        : [];
    }),
  );
  return { chain: chain?.name, sets: new Set(sets), maps: new Set(maps.map(({ name }) => name)) };
}

function rankOf(
  { kind, of, text }: Difference,
  names: ReturnType<typeof namesFor>,
  own: string,
  peer: string,
): number {
  if (kind === 'table') return 0;
  if (of === names.chain) return 1;
  if (kind === 'element' && names.maps.has(of) && text.startsWith(`${own} `)) return 1;
  if (kind === 'element' && names.sets.has(of)) return text === peer ? 1 : 2;
  if (kind === 'set' && names.sets.has(of)) return 1;
  // Chains that all packets pass, and sets that they ask.
  if (!/^(?:in|eg)_/.test(of)) return 3;
  return 4;
}

function words({ node, what, kind, of, text, place }: Difference): string {
  const at = place === undefined ? '' : `  ${place}`;
  switch (kind) {
    case 'table':
      return `table ${what} on ${node}: ${of}`;
    case 'chain':
    case 'set':
      return `${kind} ${what} on ${node}: ${of}`;
    case 'rule':
      return `rule ${what} on ${node}: chain ${of}, ${text}${at}`;
    case 'element':
      return `element ${what} on ${node}: set ${of}, ${text}`;
  }
}
