import { command } from './command.ts';
import type { Machine } from './machine.ts';

/** What the kernel lists, by name; comparable between one listing and another. */
export interface Listing {
  /** `inet podwall`, with what the table itself is like: `flags dormant`, else nothing. */
  readonly tables: ReadonlyMap<string, string>;
  /** By `inet podwall chain`. */
  readonly chains: ReadonlyMap<string, ListedChain>;
  /** By `inet podwall set`, maps too. */
  readonly sets: ReadonlyMap<string, ListedSet>;
}

/** A chain as the kernel lists it. */
export interface ListedChain {
  /** `type filter hook input priority filter; policy accept;`, of a base chain. */
  readonly hook: string | undefined;
  /** In their order. */
  readonly rules: readonly ListedRule[];
}

/** A rule as the kernel lists it. */
export interface ListedRule {
  /** As nft writes it, with its comment and without counts. */
  readonly text: string;
  readonly comment: string | undefined;
}

/** A set or map as the kernel lists it. */
export interface ListedSet {
  /** All but the elements, as JSON. */
  readonly properties: string;
  /** As text. */
  readonly elements: ReadonlySet<string>;
}

/** What the kernel has in the namespace of a node. */
export async function listingOf(machine: Machine, namespace: string): Promise<Listing> {
  return readListing(
    await machine.ask(namespace, '-s', 'list', 'ruleset'),
    await machine.ask(namespace, '-j', 'list', 'ruleset'),
  );
}

const between = '# as JSON';

/** How the kernel lists a table that has just been loaded: in a namespace of its own, which goes with the command. */
export async function listingOfText(text: string): Promise<Listing> {
  const script = `nft -f -; nft -s list ruleset; echo '${between}'; nft -j list ruleset`;
  const listed = await command('unshare', ['-n', 'sh', '-e', '-c', script], { input: text });
  const [rules = '', sets = ''] = listed.split(`${between}\n`);
  return readListing(rules, sets);
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
  const sets = new Map<string, ListedSet>();
  for (const object of objects as readonly unknown[]) {
    const [[kind, spec] = ['', undefined]] = Object.entries(isFields(object) ? object : {});
    if (!isFields(spec) || (kind !== 'set' && kind !== 'map')) continue;
    const { elem, handle: _, ...properties } = spec;
    // What packets fill is not what anybody has loaded.
    const isFilled = spec['timeout'] !== undefined;
    const elements = Array.isArray(elem) && !isFilled ? (elem as readonly unknown[]) : [];
    sets.set(`${String(spec['family'])} ${String(spec['table'])} ${String(spec['name'])}`, {
      properties: plain(properties),
      elements: new Set(elements.map(elementText)),
    });
  }
  return { ...readText(text), sets };
}

function readText(text: string): Pick<Listing, 'tables' | 'chains'> {
  const tables = new Map<string, string>();
  const chains = new Map<string, ListedChain>();
  let table = '';
  let name: string | undefined;
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    const [, opened] = /^table (\S+ \S+) \{$/.exec(line) ?? [];
    const [, chain] = /^\tchain (\S+) \{$/.exec(line) ?? [];
    if (opened !== undefined) tables.set((table = opened), '');
    else if (chain !== undefined) {
      name = `${table} ${chain}`;
      lines = [];
    } else if (line.startsWith('\tflags ')) tables.set(table, line.trim());
    else if (line === '\t}' && name !== undefined) {
      const [hook] = lines.filter((each) => hookLine.test(each));
      chains.set(name, { hook, rules: lines.filter((each) => !hookLine.test(each)).map(listedRule) });
      name = undefined;
    } else if (name !== undefined) {
      if (/^\t\t[^\t]/.test(line)) lines.push(line.trim());
      // What is long goes on in the next line.
      else if (lines.length > 0) lines.push(`${lines.pop() ?? ''} ${line.trim()}`);
    }
  }
  return { tables, chains };
}

const hookLine = /^type \w+ hook /;

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
