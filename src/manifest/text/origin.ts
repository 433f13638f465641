import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Document, Node, Pair, YAMLMap } from 'yaml';
import type { Origin, Path, Place } from '../../model/index.ts';
import { compose } from './compose.ts';
import { JsonPlaces, skipBlank, valueEnd } from './json-scan.ts';
import type { MemberCache } from './json-scan.ts';
import { maxQuotedLine, maxYamlDocument } from './limits.ts';
import type { LineIndex } from './line-index.ts';
import { isMerge, keyText } from './value.ts';

/** Nodes are up to 100 times as large as their text, so the text of those kept is bounded (UTF-16 code units). */
const keptText = 2 ** 20;

/** The nodes of documents that were asked about lately: questions mostly come document by document. */
export class NodeCache {
  private readonly kept = new Map<number, { readonly nodes: YamlNodes | undefined; readonly size: number }>();
  private size = 0;

  /** The nodes of the document that `text` holds from `start` to `end`. */
  get(text: string, start: number, end: number): YamlNodes | undefined {
    const known = this.kept.get(start);
    if (known !== undefined) {
      this.kept.delete(start);
      this.kept.set(start, known);
      return known.nodes;
    }
    // Only the parser of the subset reads longer ones; `yaml` would need gigabytes.
    const composed = end - start > maxYamlDocument ? undefined : compose(text.slice(start, end));
    const nodes = composed?.kind === 'nodes' ? new YamlNodes(composed.document) : undefined;
    this.kept.set(start, { nodes, size: end - start });
    this.size += end - start;
    for (const [key, oldest] of this.kept) {
      if (this.size <= keptText || this.kept.size === 1) break;
      this.kept.delete(key);
      this.size -= oldest.size;
    }
    return nodes;
  }
}

interface Found {
  readonly node: Node | null;
  readonly key: Node | undefined;
}

/** The nodes of one document, and what its aliases stand for. */
class YamlNodes {
  private readonly document: Document.Parsed;
  private targets: Map<Alias, Node> | undefined;

  constructor(document: Document.Parsed) {
    this.document = document;
  }

  /** The node at `path`, or of the nearest ancestor that exists. */
  find(path: Path): Found {
    let found: Found = { node: this.document.contents, key: undefined };
    for (const step of path) {
      const next = this.child(found.node, step);
      if (next === undefined) return found;
      found = next;
    }
    return found;
  }

  private child(at: Node | null, step: string | number): Found | undefined {
    const node = this.target(at);
    if (typeof step === 'number') {
      const item = isSeq<Node | null>(node) ? node.items[step] : undefined;
      return item === undefined ? undefined : { node: item, key: undefined };
    }
    return isMap<Node, Node | null>(node) ? this.member(node, step, new Set()) : undefined;
  }

  /** The last that gives the key its value, written or merged: the order that `toValue` keeps. */
  private member(map: YAMLMap<Node, Node | null>, step: string, within: Set<Node>): Found | undefined {
    if (within.has(map)) return undefined;
    within.add(map);
    for (const pair of map.items.toReversed()) {
      if (!isMerge(pair)) {
        if (this.keyOf(pair) === step) return { node: pair.value, key: pair.key };
        continue;
      }
      const source = this.target(pair.value);
      for (const item of isSeq<Node>(source) ? source.items : [source]) {
        const target = this.target(item);
        const found = isMap<Node, Node | null>(target) ? this.member(target, step, within) : undefined;
        if (found !== undefined) return found;
      }
    }
    within.delete(map);
    return undefined;
  }

  private keyOf(pair: Pair<Node, Node | null>): string | undefined {
    const key = this.target(pair.key);
    return isScalar(key) ? keyText(key.value, key.source ?? '') : undefined;
  }

  private target(node: Node | null): Node | null {
    if (!isAlias(node)) return node;
    this.targets ??= resolveAliases(this.document.contents);
    return this.targets.get(node) ?? null;
  }
}

/** What each alias stands for: the last node before it that carries its name. */
function resolveAliases(root: Node | null): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  // Deep as the nodes are, which `compose` bounds.
  const visit = (node: Node | null): void => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
      return;
    }
    if (!isScalar(node) && !isMap<Node, Node | null>(node) && !isSeq<Node | null>(node)) return;
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isSeq<Node | null>(node)) for (const item of node.items) visit(item);
    else if (isMap<Node, Node | null>(node))
      for (const pair of node.items) {
        visit(pair.key);
        visit(pair.value);
      }
  };
  visit(root);
  return targets;
}

/** The offset behind the last character of a node that people would count to it: no line ends, no comments. */
function contentEnd(node: Node): number {
  let last: Node = node;
  for (;;) {
    // Brackets close a flow collection; of a block collection the last entry is the end.
    if (isSeq<Node | null>(last) && last.flow !== true) {
      const item = last.items.at(-1);
      if (item === undefined || item === null) break;
      last = item;
    } else if (isMap<Node, Node | null>(last) && last.flow !== true) {
      const pair = last.items.at(-1);
      if (pair === undefined) break;
      last = pair.value === null || isEmpty(pair.value) ? pair.key : pair.value;
    } else break;
  }
  return last.range?.[1] ?? 0;
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.source === '' && node.type === 'PLAIN');
}

/** Where one YAML document stands; it is parsed again when someone asks. */
export class YamlOrigin implements Origin {
  readonly file: string;
  private readonly index: LineIndex;
  private readonly cache: NodeCache;
  private readonly start: number;
  private readonly end: number;

  constructor(file: string, index: LineIndex, cache: NodeCache, start: number, end: number) {
    this.file = file;
    this.index = index;
    this.cache = cache;
    this.start = start;
    this.end = end;
  }

  locate(path: Path): Place {
    const { node, key } = this.find(path);
    // An empty value stands nowhere; its key does.
    return this.place((isEmpty(node) ? key : undefined) ?? node ?? key);
  }

  locateKey(path: Path): Place {
    const { node, key } = this.find(path);
    return this.place(key ?? node ?? undefined);
  }

  lines(from: number, to: number): readonly string[] | undefined {
    return this.index.lines(from, to, maxQuotedLine);
  }

  endLine(path: Path): number | undefined {
    const { node, key } = this.find(path);
    const at = isEmpty(node) ? key : node;
    if (at === null || at === undefined) return this.place(undefined).line;
    const { text } = this.index;
    let offset = this.start + contentEnd(at);
    while (offset > this.start && /\s/.test(text[offset - 1] as string)) offset--;
    return this.index.place(Math.max(offset - 1, this.start)).line;
  }

  private find(path: Path): Found {
    return (
      this.cache.get(this.index.text, this.start, this.end)?.find(path) ?? { node: null, key: undefined }
    );
  }

  private place(node: Node | undefined): Place {
    return { file: this.file, ...this.index.place(this.start + (node?.range?.[0] ?? 0)) };
  }
}

/** Where one JSON value stands; the text is scanned when someone asks. */
export class JsonOrigin implements Origin {
  readonly file: string;
  private readonly index: LineIndex;
  private readonly places: JsonPlaces;
  private readonly end: number;
  private isOnOneLine: boolean | undefined;

  /** @param cache - of the text of `index` */
  constructor(file: string, index: LineIndex, cache: MemberCache, start: number, end: number) {
    this.file = file;
    this.index = index;
    this.places = new JsonPlaces(index.text, start, cache);
    this.end = end;
  }

  locate(path: Path): Place {
    return this.place(this.places.find(path).value);
  }

  locateKey(path: Path): Place {
    const { key, value } = this.places.find(path);
    return this.place(key ?? value);
  }

  /** `undefined` where the whole JSON stands on one line, too. */
  lines(from: number, to: number): readonly string[] | undefined {
    return this.onOneLine() ? undefined : this.index.lines(from, to, maxQuotedLine);
  }

  endLine(path: Path): number | undefined {
    if (this.onOneLine()) return undefined;
    const { value } = this.places.find(path);
    const line = this.index.place(valueEnd(this.index.text, value) - 1).line;
    return this.lines(line, line) === undefined ? undefined : line;
  }

  private onOneLine(): boolean {
    this.isOnOneLine ??= this.findOnOneLine();
    return this.isOnOneLine;
  }

  private findOnOneLine(): boolean {
    const feed = this.index.text.indexOf('\n', this.places.start);
    return feed === -1 || skipBlank(this.index.text, feed) >= this.end;
  }

  private place(offset: number): Place {
    return { file: this.file, ...this.index.place(offset) };
  }
}
