/** More cells than this are kept in a cache that forgets: 64 MB. */
const mostCells = 1 << 24;
const cacheSize = 1 << 20;

/**
 * Small numbers by row and column, -1 where none is known. Of a grid that becomes very large only some are remembered:
 * whoever asks must be able to work them out again.
 */
export class Grid {
  #rows = 16;
  #columns = 16;
  /** Value + 1 by row and column. */
  #cells = new Int32Array(16 * 16);
  #cache: Cache | undefined;

  get(row: number, column: number): number {
    if (this.#cache !== undefined) return this.#cache.get(row, column);
    if (row >= this.#rows || column >= this.#columns) return -1;
    return this.#cells[row * this.#columns + column]! - 1;
  }

  set(row: number, column: number, value: number): void {
    if (this.#cache === undefined && (row >= this.#rows || column >= this.#columns)) this.#widen(row, column);
    if (this.#cache !== undefined) this.#cache.set(row, column, value);
    else this.#cells[row * this.#columns + column] = value + 1;
  }

  /**
   * Value + 1 of all cells, 0 where none is known, for loops over a row: cell (row, column) stands at `row * stride + column`. Empty
   * when the grid remembers only some; `stride` and the array are good until the next `set`.
   */
  get cells(): Int32Array {
    return this.#cells;
  }

  get stride(): number {
    return this.#columns;
  }

  /** Makes room for a row and forgets it: its number stands for something else from now on. */
  clearRow(row: number): void {
    if (this.#cache === undefined && row >= this.#rows) this.#widen(row, 0);
    if (this.#cache !== undefined) this.#cache.clearRow(row);
    else this.#cells.fill(0, row * this.#columns, (row + 1) * this.#columns);
  }

  clearColumn(column: number): void {
    if (this.#cache === undefined && column >= this.#columns) this.#widen(0, column);
    if (this.#cache !== undefined) this.#cache.clearColumn(column);
    else {
      for (let at = column; at < this.#cells.length; at += this.#columns) this.#cells[at] = 0;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#cells.fill(0);
    if (this.#cache !== undefined) this.#cache = new Cache();
  }

  #widen(row: number, column: number): void {
    let rows = this.#rows;
    let columns = this.#columns;
    while (rows <= row) rows *= 2;
    while (columns <= column) columns *= 2;
    if (rows * columns > mostCells) {
      this.#cache = new Cache();
      this.#cells = new Int32Array(0);
      return;
    }
    const cells = new Int32Array(rows * columns);
    for (let r = 0; r < this.#rows; r++) {
      cells.set(this.#cells.subarray(r * this.#columns, (r + 1) * this.#columns), r * columns);
    }
    this.#cells = cells;
    this.#rows = rows;
    this.#columns = columns;
  }
}

/** Direct-mapped: a cell that falls on another's place takes it. */
class Cache {
  readonly #row = new Int32Array(cacheSize).fill(-1);
  readonly #column = new Int32Array(cacheSize);
  readonly #era = new Float64Array(cacheSize);
  readonly #value = new Int32Array(cacheSize);
  readonly #rowEra: number[] = [];
  readonly #columnEra: number[] = [];
  #now = 0;

  get(row: number, column: number): number {
    const at = placeOf(row, column);
    if (this.#row[at] !== row || this.#column[at] !== column) return -1;
    const cleared = Math.max(this.#rowEra[row] ?? 0, this.#columnEra[column] ?? 0);
    return this.#era[at]! < cleared ? -1 : this.#value[at]!;
  }

  set(row: number, column: number, value: number): void {
    const at = placeOf(row, column);
    this.#row[at] = row;
    this.#column[at] = column;
    this.#era[at] = this.#now;
    this.#value[at] = value;
  }

  clearRow(row: number): void {
    this.#rowEra[row] = ++this.#now;
  }

  clearColumn(column: number): void {
    this.#columnEra[column] = ++this.#now;
  }
}

function placeOf(row: number, column: number): number {
  const mixed = Math.imul(Math.imul(row, 0x9e3779b1) ^ column, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & (cacheSize - 1);
}
