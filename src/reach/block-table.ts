import type { PairAccess } from '../policy/index.ts';
import type { AccessSets } from './accesses.ts';
import type { NumberSets } from './groups.ts';

/** Tables of more cells than these are not kept: each takes 4 bytes. */
const mostCells = 1 << 22;

/** Of so many cells it is not worked out which rows and columns are alike. */
const mostMerged = 1 << 20;

/** Fewer pairs of rows and columns than these are counted one by one. */
const fewPairs = 4;

/** Numbers with how often each occurs. */
interface Tally {
  readonly numbers: Int32Array;
  readonly times: Int32Array;
}

/** The accesses of rows and columns, those rows brought together that have the same with every column, and so for columns. */
interface Merged {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly columnCount: number;
  readonly cells: Int32Array;
}

/** The accesses of the rows and columns of some pairs of classes, and how often each occurs in sets of these. */
export class BlockTable {
  readonly #pairs: PairAccess;
  readonly #rowSets: NumberSets;
  readonly #columnSets: NumberSets;
  /** By row and column: the access of their pairs plus 1; 0 where not asked yet. Empty where there would be too many. */
  readonly #cells: Int32Array;
  #merged: Merged | undefined;
  /** By set of rows, and of columns: what they are when those that are alike are brought together. */
  readonly #rowTallies: (Tally | undefined)[] = [];
  readonly #columnTallies: (Tally | undefined)[] = [];

  constructor(pairs: PairAccess, rowSets: NumberSets, columnSets: NumberSets) {
    this.#pairs = pairs;
    this.#rowSets = rowSets;
    this.#columnSets = columnSets;
    const cells = pairs.rowCount * pairs.columnCount;
    this.#cells = new Int32Array(cells <= mostCells ? cells : 0);
  }

  /** The access of the pairs of a row and a column. */
  access(row: number, column: number): number {
    const at = row * this.#pairs.columnCount + column;
    const known = this.#cells[at];
    if (known !== undefined && known > 0) return known - 1;
    const access = this.#pairs.block(row, column);
    if (known !== undefined) this.#cells[at] = access + 1;
    return access;
  }

  /** Counts how many pairs of a row and a column of two sets have which access. */
  count(rows: number, columns: number, sets: AccessSets): void {
    const ofRows = this.#rowSets.list[rows]!;
    const ofColumns = this.#columnSets.list[columns]!;
    if (
      ofRows.length * ofColumns.length < fewPairs ||
      this.#pairs.rowCount * this.#pairs.columnCount > mostMerged
    ) {
      for (let i = 0; i < ofRows.length; i++)
        for (let k = 0; k < ofColumns.length; k++) sets.count(this.access(ofRows[i]!, ofColumns[k]!), 1);
      return;
    }
    // Policies tell many classes apart of which these pairs see no difference.
    const merged = (this.#merged ??= this.#merge());
    const some = (this.#rowTallies[rows] ??= tallyOf(ofRows, merged.rows));
    const others = (this.#columnTallies[columns] ??= tallyOf(ofColumns, merged.columns));
    for (let i = 0; i < some.numbers.length; i++) {
      const start = some.numbers[i]! * merged.columnCount;
      for (let k = 0; k < others.numbers.length; k++)
        sets.count(merged.cells[start + others.numbers[k]!]!, some.times[i]! * others.times[k]!);
    }
  }

  #merge(): Merged {
    const { rowCount, columnCount } = this.#pairs;
    const all = new Int32Array(rowCount * columnCount);
    for (let row = 0, at = 0; row < rowCount; row++)
      for (let column = 0; column < columnCount; column++) all[at++] = this.access(row, column);
    const rows = alike(all, { count: rowCount, step: columnCount }, { count: columnCount, step: 1 });
    const columns = alike(all, { count: columnCount, step: 1 }, { count: rowCount, step: columnCount });
    const cells = new Int32Array(rows.examples.length * columns.examples.length);
    let at = 0;
    for (const row of rows.examples)
      for (const column of columns.examples) cells[at++] = all[row * columnCount + column]!;
    return { rows: rows.of, columns: columns.of, columnCount: columns.examples.length, cells };
  }
}

function tallyOf(list: readonly number[], of: Int32Array): Tally {
  const times = new Map<number, number>();
  for (const each of list) times.set(of[each]!, (times.get(of[each]!) ?? 0) + 1);
  return { numbers: Int32Array.from(times.keys()), times: Int32Array.from(times.values()) };
}

/** Lines of a table: how many there are, and how far apart they stand. */
interface Lines {
  readonly count: number;
  readonly step: number;
}

/** Numbers the lines of a table that hold the same. */
function alike(
  cells: Int32Array,
  lines: Lines,
  across: Lines,
): { readonly of: Int32Array; readonly examples: readonly number[] } {
  const of = new Int32Array(lines.count);
  const examples: number[] = [];
  const isSame = (a: number, b: number): boolean => {
    for (let i = 0; i < across.count; i++)
      if (cells[a * lines.step + i * across.step] !== cells[b * lines.step + i * across.step]) return false;
    return true;
  };
  const byHash = new Map<number, number[]>();
  for (let line = 0; line < lines.count; line++) {
    let hash = 0;
    for (let i = 0; i < across.count; i++)
      hash = (Math.imul(hash, 31) + cells[line * lines.step + i * across.step]!) | 0;
    let same = byHash.get(hash);
    if (same === undefined) byHash.set(hash, (same = []));
    let number = same.find((each) => isSame(examples[each]!, line));
    if (number === undefined) {
      number = examples.length;
      examples.push(line);
      same.push(number);
    }
    of[line] = number;
  }
  return { of, examples };
}
