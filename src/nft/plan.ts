import { Comparison, indexOf, sameProperties, sameRules } from './comparison.ts';
import type { Index } from './comparison.ts';
import { generationMap, markChains, mostGenerations, nextGeneration } from './layout.ts';
import { narrowings } from './narrowing.ts';
import type { Narrowing } from './narrowing.ts';
import { firstGeneration } from './ruleset.ts';
import type {
  Chain,
  Generation,
  MapEntry,
  NftMap,
  NftRule,
  NftSet,
  Ruleset,
  SetElement,
  Statement,
} from './ruleset.ts';
import { keyText, namedBy, verdictText } from './syntax.ts';

/** What a node has loaded. */
export interface Installed {
  readonly ruleset: Ruleset;
  readonly generation: Generation;
}

/** One command to nft. */
export type Step =
  | { readonly kind: 'addTable' }
  /** With its elements. */
  | { readonly kind: 'addSet'; readonly set: NftSet }
  | {
      readonly kind: 'addElements' | 'deleteElements';
      readonly set: string;
      readonly elements: readonly SetElement[];
    }
  | { readonly kind: 'addMap'; readonly map: NftMap }
  | {
      readonly kind: 'addEntries' | 'deleteEntries';
      readonly map: string;
      readonly entries: readonly MapEntry[];
    }
  /** Without its rules. */
  | { readonly kind: 'addChain'; readonly chain: Chain }
  | { readonly kind: 'addRules'; readonly chain: string; readonly rules: readonly NftRule[] }
  | { readonly kind: 'flushChain' | 'deleteChain'; readonly chain: string }
  | { readonly kind: 'deleteSet'; readonly set: string }
  | { readonly kind: 'deleteMap'; readonly map: string };

/** What turns one table into another, in place. */
export interface Transaction {
  readonly table: string;
  /**
   * Batches to load one after the other, each whole or not at all. All but the last only add what nothing leads to yet: so
   * that no batch is large (layout: transactions), and so that a chain has its rules before packets can find it. The last
   * one decides. None when nothing changes.
   */
  readonly batches: readonly (readonly Step[])[];
  /** What holds afterwards. */
  readonly installed: Installed;
  /** Why there is a new generation: what some flow may no longer do. Empty when it stays. */
  readonly narrowings: readonly Narrowing[];
}

/** How a transaction is made. */
export interface PlanOptions {
  /**
   * The generation of a table that is new. Flows may still carry the mark of a table that was there before, so it should
   * not be one that this machine has seen. Default: the first.
   */
  readonly first?: Generation;
  /** So many chains of policy sets are added in one batch. Default: 500. */
  readonly chainsOfBatch?: number;
}

/**
 * Plans how a node comes from what it has to another ruleset. Base chains and maps are never deleted, but those of the way to
 * the node itself, once nobody is judged there; sets come before rules and rules before what leads to them, and go the other
 * way round (checklist 45).
 *
 * Whatever way led to `current`, the table afterwards is the one that a fresh start makes, but for the generation.
 *
 * @param current - `undefined` when the node has no table
 * @throws RangeError when a generation does not fit the mask
 */
export function planTransaction(
  current: Installed | undefined,
  desired: Ruleset,
  options: PlanOptions = {},
): Transaction {
  const comparison = new Comparison(
    current === undefined ? nothing.index : indexOf(current.ruleset),
    indexOf(desired),
  );
  const why = current === undefined ? [] : narrowings(current.ruleset, desired, comparison);
  const generation = generationAfter(current, desired, why, options);
  if (generation.number < 1 || generation.number > mostGenerations(desired.markMask))
    throw new RangeError(`generation ${generation.number} does not fit the mask`);
  const before = current === undefined ? nothing : tableOf(current.ruleset, current.generation);
  const batches = batchesOf(before, tableOf(desired, generation), comparison, options.chainsOfBatch ?? 500);
  const [first = [], ...rest] = batches;
  return {
    table: desired.table,
    batches: current === undefined ? [[{ kind: 'addTable' }, ...first], ...rest] : batches,
    installed: { ruleset: desired, generation },
    narrowings: why,
  };
}

function generationAfter(
  current: Installed | undefined,
  desired: Ruleset,
  why: readonly Narrowing[],
  options: PlanOptions,
): Generation {
  if (current === undefined) return options.first ?? firstGeneration;
  return why.length === 0 ? current.generation : nextGeneration(desired.markMask, current.generation);
}

/** A table by name: its ruleset, and what the generation adds. */
interface Table {
  readonly index: Index;
  readonly marks: readonly Chain[];
  readonly generation: NftMap | undefined;
}

const nothing: Table = {
  index: { sets: new Map(), maps: new Map(), chains: new Map() },
  marks: [],
  generation: undefined,
};

function tableOf(ruleset: Ruleset, generation: Generation): Table {
  const { markMask } = ruleset;
  return {
    index: indexOf(ruleset),
    marks: markChains(markMask, generation),
    generation: generationMap(markMask, generation),
  };
}

function allMaps({ generation, index }: Table): readonly NftMap[] {
  return [...(generation === undefined ? [] : [generation]), ...index.maps.values()];
}

function batchesOf(
  before: Table,
  after: Table,
  comparison: Comparison,
  chainsOfBatch: number,
): readonly (readonly Step[])[] {
  const isNew = before.generation === undefined;
  const chains = [
    ...(isNew ? after.marks : []),
    ...[...after.index.chains.values()].filter(({ name }) => !before.index.chains.has(name)),
  ];
  const led = inOrder(chains.filter(({ name }) => isPolicySet(name)));
  const fixed = chains.filter(({ name, hook }) => !isPolicySet(name) && hook === undefined);
  const hooked = chains.filter(({ hook }) => hook !== undefined);
  const prepared: readonly Step[] = [
    ...[...after.index.sets.values()]
      .filter(({ name }) => !before.index.sets.has(name))
      .map((set): Step => ({ kind: 'addSet', set })),
    ...allMaps(after)
      .filter(({ name }) => isNew || (name !== before.generation?.name && !before.index.maps.has(name)))
      .map((map): Step => ({ kind: 'addMap', map })),
    // Other chains may name them before they have rules.
    ...fixed.map((chain): Step => ({ kind: 'addChain', chain })),
  ];
  const replaced = replacedSets(comparison);
  const last: readonly Step[] = [
    ...replaced.steps,
    ...elementSteps(comparison, replaced.names),
    ...changedMarks(before, after),
    ...changedChains(comparison, replaced.chains),
    ...fixed.map(({ name, rules }): Step => ({ kind: 'addRules', chain: name, rules })),
    ...dispatchSteps(before, after),
    // A hook comes when all is there: what passed before would be approved, and stay so.
    ...addChains(hooked),
    ...removalSteps(comparison, replaced.names),
  ];
  // A packet that is on its way while a transaction is committed goes by the rules of before, but finds the elements of
  // after: an entry of a map would lead it into a chain that has no rules yet for it, and so past all of them (checklist 45).
  const [few = [], ...more] = chunks(led, chainsOfBatch).map(addChains);
  if (!isNew) return notEmpty([[...prepared, ...few], ...more, last]);
  return notEmpty(more.length === 0 ? [[...prepared, ...few, ...last]] : [prepared, few, ...more, last]);
}

function notEmpty(batches: readonly (readonly Step[])[]): readonly (readonly Step[])[] {
  return batches.filter((steps) => steps.length > 0);
}

/** The chains that maps lead to are those of policy sets; their names tell. */
function isPolicySet(name: string): boolean {
  return /^(eg|in|own)_/.test(name);
}

/** Chains behind those that they lead on to: a batch must not name what comes in a later one. None leads back. */
function inOrder(chains: readonly Chain[]): readonly Chain[] {
  const byName = new Map(chains.map((chain) => [chain.name, chain]));
  const furtherOf = ({ rules }: Chain): readonly Chain[] => [
    ...new Set(rules.flatMap(({ statements }) => statements.flatMap((each) => targetOf(each, byName)))),
  ];
  const ordered = new Set<Chain>();
  const open: { readonly chain: Chain; readonly further: readonly Chain[]; next: number }[] = [];
  for (const start of chains) {
    if (!ordered.has(start)) open.push({ chain: start, further: furtherOf(start), next: 0 });
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const chain = last.further[last.next++];
      if (chain === undefined) {
        ordered.add(last.chain);
        open.pop();
      } else if (!ordered.has(chain)) {
        open.push({ chain, further: furtherOf(chain), next: 0 });
      }
    }
  }
  return [...ordered];
}

function targetOf(statement: Statement, byName: ReadonlyMap<string, Chain>): readonly Chain[] {
  const target = statement.kind === 'goto' ? byName.get(statement.chain) : undefined;
  return target === undefined ? [] : [target];
}

function addChains(chains: readonly Chain[]): readonly Step[] {
  return [
    ...chains.map((chain): Step => ({ kind: 'addChain', chain })),
    ...chains.map(({ name, rules }): Step => ({ kind: 'addRules', chain: name, rules })),
  ];
}

/**
 * Sets that keep their name and become another kind of set, or have another comment: nft can change neither, so whatever
 * names them lets go of them first.
 */
function replacedSets({ before, after }: Comparison): {
  readonly steps: readonly Step[];
  readonly names: ReadonlySet<string>;
  readonly chains: ReadonlySet<string>;
} {
  const sets = [...after.sets.values()].filter((set) => {
    const old = before.sets.get(set.name);
    return old !== undefined && !sameProperties(old, set);
  });
  const names = new Set(sets.map(({ name }) => name));
  const chains =
    names.size === 0
      ? []
      : [...before.chains.values()].filter(({ rules }) =>
          rules.some((rule) => namedBy(rule).some((name) => names.has(name))),
        );
  return {
    steps: [
      ...chains.map(({ name }): Step => ({ kind: 'flushChain', chain: name })),
      ...sets.flatMap((set): Step[] => [
        { kind: 'deleteSet', set: set.name },
        { kind: 'addSet', set },
      ]),
    ],
    names,
    chains: new Set(chains.map(({ name }) => name)),
  };
}

/** What sets gain. Where a comment changes, or ranges might overlap, what was there goes first. */
function elementSteps(comparison: Comparison, replaced: ReadonlySet<string>): readonly Step[] {
  return [...comparison.after.sets.values()].flatMap((set): Step[] => {
    const old = comparison.before.sets.get(set.name);
    if (old === undefined || replaced.has(set.name) || comparison.sameSet(set.name)) return [];
    const known = textsOf(old.elements);
    const wanted = textsOf(set.elements);
    const added = set.elements.filter(({ key, comment }) => known.get(keyText(key)) !== (comment ?? ''));
    const gone = old.elements.filter(({ key, comment }) => {
      const next = wanted.get(keyText(key));
      return next === undefined ? set.interval : next !== (comment ?? '');
    });
    return [
      ...(gone.length === 0 ? [] : [{ kind: 'deleteElements', set: set.name, elements: gone } as const]),
      ...(added.length === 0 ? [] : [{ kind: 'addElements', set: set.name, elements: added } as const]),
    ];
  });
}

function textsOf(elements: readonly SetElement[]): ReadonlyMap<string, string> {
  return new Map(elements.map(({ key, comment }) => [keyText(key), comment ?? '']));
}

/** Chains that stay and have other rules now; base chains and maps lead to them all the while. */
function changedChains(comparison: Comparison, flushed: ReadonlySet<string>): readonly Step[] {
  return [...comparison.after.chains.values()].flatMap(({ name, rules }): Step[] => {
    if (!comparison.before.chains.has(name)) return [];
    if (flushed.has(name)) return [{ kind: 'addRules', chain: name, rules }];
    return comparison.sameRules(name) ? [] : refilled(name, rules);
  });
}

/** The chains that know the generation. */
function changedMarks(before: Table, after: Table): readonly Step[] {
  return after.marks.flatMap(({ name, rules }): readonly Step[] => {
    const old = before.marks.find((chain) => chain.name === name);
    return old === undefined || sameRules(old.rules, rules) ? [] : refilled(name, rules);
  });
}

function refilled(chain: string, rules: readonly NftRule[]): Step[] {
  return [
    { kind: 'flushChain', chain },
    { kind: 'addRules', chain, rules },
  ];
}

/** Where the packets of addresses go. An entry cannot change, but go and come in one transaction. */
function dispatchSteps(before: Table, after: Table): readonly Step[] {
  const maps = new Map(allMaps(before).map((map) => [map.name, map.entries]));
  return allMaps(after).flatMap(({ name, entries }): Step[] => {
    const old = maps.get(name) ?? [];
    const known = new Map(old.map((entry) => [entry.key, entry]));
    const wanted = new Map(entries.map((entry) => [entry.key, entry]));
    const gone = old.filter((entry) => !sameVerdict(entry, wanted.get(entry.key)));
    const added = entries.filter((entry) => !sameVerdict(entry, known.get(entry.key)));
    return [
      ...(gone.length === 0 ? [] : [{ kind: 'deleteEntries', map: name, entries: gone } as const]),
      ...(added.length === 0 ? [] : [{ kind: 'addEntries', map: name, entries: added } as const]),
    ];
  });
}

function sameVerdict(a: MapEntry, b: MapEntry | undefined): boolean {
  return b !== undefined && verdictText(a.verdict) === verdictText(b.verdict);
}

/** What nothing leads to any more: chains, then what only they named. */
function removalSteps(comparison: Comparison, replaced: ReadonlySet<string>): readonly Step[] {
  const { before, after } = comparison;
  const chains = [...before.chains.values()].filter(({ name }) => !after.chains.has(name));
  const elements = [...after.sets.values()].flatMap((set): Step[] => {
    const old = before.sets.get(set.name);
    if (old === undefined || set.interval || replaced.has(set.name) || comparison.sameSet(set.name))
      return [];
    const wanted = textsOf(set.elements);
    const gone = old.elements.filter(({ key }) => !wanted.has(keyText(key)));
    return gone.length === 0 ? [] : [{ kind: 'deleteElements', set: set.name, elements: gone }];
  });
  return [
    ...chains.map(({ name }): Step => ({ kind: 'flushChain', chain: name })),
    // A base chain that nobody is judged in any more stops nothing, and lets nothing through.
    ...chains.filter(isHooked).map(({ name }): Step => ({ kind: 'deleteChain', chain: name })),
    ...[...before.maps.keys()]
      .filter((name) => !after.maps.has(name))
      .map((map): Step => ({ kind: 'deleteMap', map })),
    ...chains
      .filter((chain) => !isHooked(chain))
      .map(({ name }): Step => ({ kind: 'deleteChain', chain: name })),
    ...elements,
    ...[...before.sets.keys()]
      .filter((name) => !after.sets.has(name))
      .map((set): Step => ({ kind: 'deleteSet', set })),
  ];
}

function isHooked({ hook }: Chain): boolean {
  return hook !== undefined;
}

function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}
