import type { Origin, Path, Place } from '../../model/index.ts';

/** The origin of a list that knows where each of its items stands. */
export interface ListOrigin extends Origin {
  /** The origin of the value at `path`. */
  item(path: Path): ListOrigin;
}

/** Objects that were handed over in memory have no text: every place is the start of what the caller named. */
export class MemoryOrigin implements Origin {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  locate(): Place {
    return { file: this.file, line: 1, column: 1 };
  }

  locateKey(): Place {
    return this.locate();
  }

  lines(): undefined {
    return undefined;
  }

  endLine(): undefined {
    return undefined;
  }
}

/** An item of a list: its paths start at the item, those of the document at the list. */
export class ItemOrigin implements ListOrigin {
  readonly #document: Origin;
  readonly #base: Path;

  constructor(document: Origin, base: Path) {
    this.#document = document;
    this.#base = base;
  }

  get file(): string {
    return this.#document.file;
  }

  locate(path: Path): Place {
    return this.#document.locate([...this.#base, ...path]);
  }

  locateKey(path: Path): Place {
    return this.#document.locateKey([...this.#base, ...path]);
  }

  lines(from: number, to: number): readonly string[] | undefined {
    return this.#document.lines(from, to);
  }

  endLine(path: Path): number | undefined {
    return this.#document.endLine([...this.#base, ...path]);
  }

  /** The origin of an item of a list that is an item itself. */
  item(path: Path): ItemOrigin {
    return new ItemOrigin(this.#document, [...this.#base, ...path]);
  }
}

/** The origin of the value at `path` of `origin`. */
export function originOf(origin: Origin | ListOrigin, path: Path): Origin {
  if (origin instanceof MemoryOrigin) return origin;
  return 'item' in origin ? origin.item(path) : new ItemOrigin(origin, path);
}
