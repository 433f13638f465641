import type { Origin, Path, Place } from '../../../model/index.ts';
import { maxQuotedLine } from '../limits.ts';
import type { LineIndex } from '../line-index.ts';
import { YamlOrigin } from '../origin.ts';
import type { NodeCache } from '../origin.ts';
import type { ItemStarts } from './parser.ts';
import { BlockPlaces } from './places.ts';
import type { Spot } from './places.ts';

/** A place before it is one: what `YamlOrigin` says about the same path. */
interface Offsets {
  readonly value: number;
  /** Of the key, or of the value where there is none. */
  readonly key: number;
}

/** Where a document stands that `BlockParser` read. Says the same as `YamlOrigin`, in microseconds. */
export class BlockOrigin implements Origin {
  readonly file: string;
  readonly #index: LineIndex;
  readonly #cache: NodeCache;
  readonly #start: number;
  readonly #places: BlockPlaces;
  readonly #byYaml: YamlOrigin;

  /** @param items - what the parser said about the items of the document */
  constructor(
    file: string,
    index: LineIndex,
    cache: NodeCache,
    start: number,
    end: number,
    items: ItemStarts | undefined,
  ) {
    this.file = file;
    this.#index = index;
    this.#cache = cache;
    this.#start = start;
    this.#places = new BlockPlaces(index.text, start, end, items);
    this.#byYaml = new YamlOrigin(file, index, cache, start, end);
  }

  locate(path: Path): Place {
    const offsets = this.#find(path);
    return offsets === undefined ? this.#byYaml.locate(path) : this.#place(offsets.value);
  }

  locateKey(path: Path): Place {
    const offsets = this.#find(path);
    return offsets === undefined ? this.#byYaml.locateKey(path) : this.#place(offsets.key);
  }

  lines(from: number, to: number): readonly string[] | undefined {
    return this.#index.lines(from, to, maxQuotedLine);
  }

  endLine(path: Path): number | undefined {
    const spot = this.#places.find(path)?.spot;
    if (spot === undefined) return this.#byYaml.endLine(path);
    // As `YamlOrigin`: an empty item stands nowhere.
    const last = spot.kind === 'empty' && spot.key === -1 ? this.#start : this.#places.lastOf(spot);
    return last === undefined ? this.#byYaml.endLine(path) : this.#index.place(last).line;
  }

  #find(path: Path): Offsets | undefined {
    const found = this.#places.find(path);
    if (found === undefined) return undefined;
    const { spot, rest } = found;
    return (rest.length === 0 ? undefined : this.#inFlow(spot, rest)) ?? ownOffsets(spot);
  }

  /** In a flow collection, which has one line; `undefined` when it has nothing of the path. */
  #inFlow(spot: Spot, rest: Path): Offsets | undefined {
    const { text } = this.#index;
    const feed = text.indexOf('\n', spot.value);
    // With its line end: a carriage return is part of one only before a line feed.
    const nodes = this.#cache.get(text, spot.value, feed === -1 ? text.length : feed + 1);
    const { node, key } = nodes?.find(rest) ?? { node: null, key: undefined };
    const value = node?.range?.[0] ?? 0;
    if (value === 0) return undefined;
    return { value: spot.value + value, key: spot.value + (key?.range?.[0] ?? value) };
  }

  #place(offset: number): Place {
    return { file: this.file, ...this.#index.place(offset) };
  }
}

function ownOffsets({ kind, value, key }: Spot): Offsets {
  // An empty value stands nowhere; its key does.
  if (key === -1) return { value, key: value };
  return { value: kind === 'empty' ? key : value, key };
}
