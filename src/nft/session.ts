import { approveChain, names } from './layout.ts';
import { entryText, mapProperty, mapsOf, ruleText, setProperties } from './render.ts';
import type { NftMap, NftSet } from './ruleset.ts';
import type { Step, Transaction } from './plan.ts';
import { elementText, namedBy } from './syntax.ts';
import { chunksOf, stepText } from './transaction.ts';

// What nft 1.0.6 asks the kernel before a batch goes by the kinds of its commands, and by what is listed last (nft_cache_evaluate):
//
//     add table, flush chain             nothing
//     add set, add map, add chain        the tables; also with elements
//     add element                        all sets and chains, the elements of all interval sets
//     delete, add rule                   the same, and flowtables
//     list set A, list chain B           as last commands: of all this A and B alone, for the whole batch
//
// After a batch of its own it knows nothing any more, as the generation of the kernel's ruleset has changed.

/**
 * The batches of a transaction for an nft that stays, `nft -i`: one text for each, to be loaded whole, by an `include`. They do
 * the same as `transactionText`, and have nft 1.0.6 read what they name, not the whole table: a change of one element then
 * costs the same whatever else is there.
 *
 * A batch is told to nft with all sets that it names, as they are there already, and ends with the listing of one small map
 * and chain, which nft prints: what it then reads of the kernel is those. What this form cannot say is said as in
 * `transactionText`. An nft that refuses a text here has changed nothing, and may take that one.
 */
export function sessionText(transaction: Transaction): readonly string[] {
  const { batches, table, installed } = transaction;
  const named = new Set(batches.flat().flatMap(namesIn));
  const byName = <T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> =>
    new Map(all.filter(({ name }) => named.has(name)).map((each) => [each.name, each]));
  const sets = byName(installed.ruleset.sets);
  const maps = byName(mapsOf(installed.ruleset, installed.generation));
  return batches.map((steps) =>
    isSayable(steps, sets)
      ? new Batch(table, sets, maps).text(steps)
      : steps.flatMap((step) => stepText(step, table)).join(''),
  );
}

/** The sets and maps that a command names. */
function namesIn(step: Step): readonly string[] {
  switch (step.kind) {
    case 'addSet':
      return [step.set.name];
    case 'addElements':
    case 'deleteElements':
      return [step.set];
    case 'addEntries':
    case 'deleteEntries':
      return [step.map];
    case 'addRules':
      return step.rules.flatMap(namedBy);
    default:
      return [];
  }
}

/** Sets whose ranges change nft has to know: it looks for overlaps. Those that packets fill, and those that go and come. */
function isSayable(steps: readonly Step[], sets: ReadonlyMap<string, NftSet>): boolean {
  const gone = new Set(steps.flatMap((step) => (step.kind === 'deleteSet' ? [step.set] : [])));
  return steps.every((step) => {
    switch (step.kind) {
      case 'addTable':
        return false;
      case 'addSet':
        return !gone.has(step.set.name) && step.set.dynamic === undefined;
      case 'addElements':
      case 'deleteElements':
        return sets.get(step.set)?.interval === false;
      case 'addRules':
        return step.rules.flatMap(namedBy).every((name) => sets.get(name)?.dynamic === undefined);
      default:
        return true;
    }
  });
}

/** One batch as it is written. */
class Batch {
  readonly #table: string;
  readonly #sets: ReadonlyMap<string, NftSet>;
  readonly #maps: ReadonlyMap<string, NftMap>;
  /** What nft has been told of. */
  readonly #told = new Set<string>();
  /** Whether nft would read the whole table. */
  #reads = false;

  constructor(table: string, sets: ReadonlyMap<string, NftSet>, maps: ReadonlyMap<string, NftMap>) {
    this.#table = `inet ${table}`;
    this.#sets = sets;
    this.#maps = maps;
  }

  text(steps: readonly Step[]): string {
    const lines = steps.flatMap((step) => this.#lines(step));
    if (this.#reads) {
      lines.push(`list map ${this.#table} ${names.generation}`, `list chain ${this.#table} ${approveChain}`);
    }
    return lines.map((line) => `${line}\n`).join('');
  }

  #lines(step: Step): readonly string[] {
    const table = this.#table.slice('inet '.length);
    const asEver = (): readonly string[] => stepText(step, table).map((line) => line.trimEnd());
    switch (step.kind) {
      case 'addSet':
        return this.#add(step.set.name, setProperties(step.set), step.set.elements.map(elementText));
      case 'addElements':
        return this.#add(step.set, this.#properties(step.set), step.elements.map(elementText));
      case 'addEntries':
        return this.#add(step.map, this.#properties(step.map), step.entries.map(entryText));
      case 'deleteElements':
        return [...this.#tell(step.set), ...this.#reading(asEver())];
      case 'deleteEntries':
        return [...this.#tell(step.map), ...this.#reading(asEver())];
      case 'addRules':
        return [
          ...[...new Set(step.rules.flatMap(namedBy))].flatMap((name) => this.#tell(name)),
          ...this.#reading(
            step.rules.map((rule) => `add rule ${this.#table} ${step.chain} ${ruleText(rule)}`),
          ),
        ];
      case 'deleteChain':
      case 'deleteSet':
      case 'deleteMap':
        return this.#reading(asEver());
      default:
        return asEver();
    }
  }

  #reading(lines: readonly string[]): readonly string[] {
    this.#reads = true;
    return lines;
  }

  /** Adds elements; a set that is there stays as it is. */
  #add(name: string, properties: readonly string[], elements: readonly string[]): readonly string[] {
    this.#told.add(name);
    const kind = this.#maps.has(name) ? 'map' : 'set';
    const command = `add ${kind} ${this.#table} ${name} { ${properties.join('; ')};`;
    if (elements.length === 0) return [`${command} }`];
    return chunksOf(elements).map((some) => `${command} elements = { ${some.join(', ')} }; }`);
  }

  #tell(name: string): readonly string[] {
    return this.#told.has(name) ? [] : this.#add(name, this.#properties(name), []);
  }

  /** Without the comment, which says nothing of a set that is there already. */
  #properties(name: string): readonly string[] {
    const map = this.#maps.get(name);
    if (map !== undefined) return [mapProperty(map)];
    const { type, interval } = this.#sets.get(name)!;
    return setProperties({ name, type, interval, elements: [] });
  }
}
