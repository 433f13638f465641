import { InternalError } from '../errors.ts';
import type { Diagnostic, ReadResult } from '../model/index.ts';
import { decoders } from './decoders.ts';
import { Collector, Findings, buildCluster } from './objects/index.ts';
import type { RawDocument, ReadOptions } from './raw.ts';
import { collectDocuments, isWorthOffering } from './documents.ts';
import type { ManifestSource } from './documents.ts';
import { JsonStream, Scanner, scriptCore } from './scan/index.ts';
import type { ObjectPlaces, ScanLimits, ScannerCore } from './scan/index.ts';
import {
  ByteCollector,
  LineIndex,
  decodeText,
  maxText,
  maxYamlDocument,
  readText,
  sniff,
} from './text/index.ts';
import type { BadByte } from './text/index.ts';
import { UnitOrigin, UnitPlaces, YamlStream } from './yaml/index.ts';
import type { YamlLimits } from './yaml/index.ts';

/** A source whose bytes come in pieces: a file, or standard input. */
export interface ByteSource {
  /** The name that places carry: a path, or `<stdin>`. */
  readonly file: string;
  /** It was named itself, not found in a folder: without a Kubernetes object in it, that is an error. */
  readonly direct?: boolean;
  /**
   * The bytes `from` to `to` (excluded) of the source once more: places within large sources are worked out when someone
   * asks. `undefined` when they cannot be had again; sources that never give them, as pipes, leave it out.
   */
  readonly reread?: (from: number, to: number) => Uint8Array | undefined;
}

/** Takes the bytes of one source. */
export interface SourceReader {
  /** Nothing of what follows would be looked at: the source need not be read to its end. */
  readonly isDone: boolean;
  /** Takes the next bytes; they may be overwritten afterwards. */
  push(bytes: Uint8Array): void;
  /** Where the next bytes can be written instead of being pushed; `wrote` takes them. `undefined` when there is no such place. */
  room(): Uint8Array | undefined;
  /** Takes the first `length` bytes of the last `room`. */
  wrote(length: number): void;
  /** Says that there are no more. */
  end(): void;
}

/** Bounds on what is read, in bytes. */
export interface ReaderLimits extends ScanLimits, YamlLimits {
  /** How long a source may be that is UTF-16. */
  readonly text: number;
  /** JSON beyond this is scanned in pieces; up to it, it is read as text, with all that can be said of its mistakes. */
  readonly small: number;
  /** YAML beyond this is read in pieces; up to it, it is read as one text. */
  readonly yaml: number;
}

const usualLimits: ReaderLimits = {
  text: maxText,
  small: 2 ** 22,
  piece: 2 ** 20,
  object: 2 ** 25,
  yaml: maxYamlDocument,
  list: maxYamlDocument,
  unit: 2 ** 26,
};

/** What the reading of bytes depends on beside them. */
export interface ReaderOptions extends ReadOptions {
  /** What scans large JSON; without it, the scanner in TypeScript. */
  readonly scanner?: () => ScannerCore;
}

/**
 * Reads manifests from bytes that come in pieces, into the cluster that they describe.
 *
 * As `readManifests`, of which this is the inside: sources are opened one after the other, each is ended before the next,
 * and all together are one cluster.
 */
export class ManifestReader {
  readonly #findings = new Findings();
  /** `undefined` when all has been read: what it knows is as large as the cluster. */
  #collector: Collector | undefined;
  readonly #options: ReaderOptions;
  readonly #limits: ReaderLimits;
  readonly #texts = new Map<string, string>();
  readonly #indices = new Map<string, LineIndex>();
  readonly #places = new Map<string, ObjectPlaces>();
  readonly #units = new Map<string, UnitPlaces>();
  #scanner: Scanner | undefined;

  /** @param limits - where they are not the usual ones: tests cannot make a dump for each */
  constructor(options: ReaderOptions = {}, limits: Partial<ReaderLimits> = {}) {
    this.#options = options;
    this.#limits = { ...usualLimits, ...limits };
    this.#collector = new Collector(this.#findings);
  }

  /** Begins a source. */
  open(source: ByteSource): SourceReader {
    return new OpenSource(source, this, this.#limits);
  }

  /** Takes a source that is text already. */
  addText(source: ManifestSource): void {
    this.#texts.set(source.file, source.text);
    const { documents, diagnostics } = readText(source, { verify: isWorthOffering });
    this.addDocuments(source, documents, diagnostics);
  }

  /** Takes what a source turned out to hold, and what of it could not be read. */
  addDocuments(
    source: Pick<ManifestSource, 'file' | 'direct'>,
    documents: readonly RawDocument[],
    diagnostics: readonly Diagnostic[],
  ): void {
    for (const diagnostic of diagnostics) this.#findings.diagnostics.push(diagnostic);
    collectDocuments(source, documents, diagnostics, this.#open(), this.#findings);
  }

  /** Begins to read a source as JSON in pieces. */
  scan(source: ByteSource, base: number): JsonStream {
    this.#scanner ??= new Scanner((this.#options.scanner ?? scriptCore)());
    const stream = new JsonStream(source, this.#scanner, this.#limits, base, () => this.#open().newPods());
    this.#places.set(source.file, stream.places);
    return stream;
  }

  /** Begins to read a source as YAML in pieces. */
  stream(source: ByteSource, base: number): YamlStream {
    const stream = new YamlStream(source, this.#limits, base, { verify: isWorthOffering });
    this.#units.set(source.file, stream.places);
    return stream;
  }

  /**
   * Takes the objects of a source that `packYaml` has read.
   *
   * @param size - of the source, in bytes
   */
  addPacked(source: ByteSource, size: number, objects: readonly unknown[]): void {
    const places = new UnitPlaces(source.file, source.reread);
    const index = places.add(0, size, 1);
    this.#units.set(source.file, places);
    const documents = objects.map((value, i) => ({
      value,
      origin: new UnitOrigin(places, index, i, []),
      duplicates: [],
    }));
    this.addDocuments(source, documents, []);
  }

  /** Takes a finding about a source of which nothing counts. */
  refuse(diagnostic: Diagnostic): void {
    this.#findings.diagnostics.push(diagnostic);
  }

  /**
   * The cluster of all sources.
   *
   * @throws InternalError when it is called again
   */
  finish(): ReadResult {
    const collector = this.#open();
    const cluster = buildCluster(collector, this.#findings, decoders, this.#options);
    // Whoever quotes lines keeps this reader: what only the reading needed goes.
    this.#collector = undefined;
    this.#scanner = undefined;
    return { cluster, diagnostics: this.#findings.diagnostics, objects: collector.objects };
  }

  #open(): Collector {
    if (this.#collector === undefined) throw new InternalError('a source came behind the last one');
    return this.#collector;
  }

  /**
   * The lines `from` to `to` (both included, from 1) of a source, to be quoted; `undefined` when there are none, or one
   * is longer than `longest`.
   */
  lines(file: string, from: number, to: number, longest: number): readonly string[] | undefined {
    const places = this.#places.get(file);
    const object = places?.at(to);
    if (object !== undefined) return places?.linesOf(object, from, to, longest);
    const units = this.#units.get(file);
    if (units !== undefined) return units.lines(from, to, longest);
    const text = this.#texts.get(file);
    if (text === undefined) return undefined;
    let index = this.#indices.get(file);
    if (index === undefined) this.#indices.set(file, (index = new LineIndex(text)));
    return index.lines(from, to, longest);
  }
}

class OpenSource implements SourceReader {
  readonly #source: ByteSource;
  readonly #reader: ManifestReader;
  readonly #limits: ReaderLimits;
  readonly #bytes = new ByteCollector();
  #stream: JsonStream | YamlStream | undefined;
  #isDone = false;

  constructor(source: ByteSource, reader: ManifestReader, limits: ReaderLimits) {
    this.#source = source;
    this.#reader = reader;
    this.#limits = limits;
  }

  get isDone(): boolean {
    return this.#isDone || this.#stream?.isDone === true;
  }

  room(): Uint8Array | undefined {
    return this.#stream?.room();
  }

  wrote(length: number): void {
    this.#stream?.wrote(length);
  }

  push(bytes: Uint8Array): void {
    if (this.#isDone) return;
    if (this.#stream !== undefined) {
      this.#stream.push(bytes);
      return;
    }
    this.#bytes.push(bytes);
    const { head, size } = this.#bytes;
    const binary = sniff(head);
    if (binary !== undefined) this.#refuse(binaryFile(this.#source.file, binary.compressed));
    else if (size > this.#limits.small && isJson(head)) {
      const first = this.#bytes.take();
      const mark = hasMark(first) ? 3 : 0;
      this.#stream = this.#reader.scan(this.#source, mark);
      this.#stream.push(first.subarray(mark));
    } else if (size > this.#limits.yaml && !isUtf16(head)) {
      const first = this.#bytes.take();
      const mark = hasMark(first) ? 3 : 0;
      this.#stream = this.#reader.stream(this.#source, mark);
      this.#stream.push(first.subarray(mark));
    } else if (size > this.#limits.text) this.#refuse(tooLarge(this.#source.file, this.#limits.text));
  }

  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { file, direct = false } = this.#source;
    if (this.#stream !== undefined) {
      const { documents, diagnostics, notUtf8: bad } = this.#stream.end();
      if (bad === undefined) this.#reader.addDocuments(this.#source, documents, diagnostics);
      else this.#reader.refuse(notUtf8(file, bad));
      return;
    }
    const decoded = decodeText(this.#bytes.take());
    switch (decoded.kind) {
      case 'text':
        this.#reader.addText({ file, text: decoded.text, direct });
        return;
      case 'binary':
        this.#reader.refuse(binaryFile(file, decoded.compressed));
        return;
      case 'notUtf8':
        this.#reader.refuse(notUtf8(file, decoded));
        return;
      default:
        decoded satisfies never;
    }
  }

  #refuse(diagnostic: Diagnostic): void {
    this.#isDone = true;
    this.#bytes.take();
    this.#reader.refuse(diagnostic);
  }
}

/** Whether bytes that start so are JSON: no block YAML starts with a bracket. */
function isJson(head: Uint8Array): boolean {
  const first = head.subarray(hasMark(head) ? 3 : 0).find((byte) => byte > 32 || byte < 9);
  return first === 0x7b || first === 0x5b;
}

/** Whether the bytes start with a byte order mark of UTF-16, whose lines cannot be told apart in the bytes. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** The byte order mark of UTF-8. */
function hasMark([first, second, third]: Uint8Array): boolean {
  return first === 0xef && second === 0xbb && third === 0xbf;
}

function binaryFile(file: string, compressed: boolean): Diagnostic {
  return {
    code: 'binary-file',
    severity: 'error',
    message: compressed
      ? 'This file is compressed, so it cannot be read as YAML or JSON.'
      : 'This file is no text: it holds NUL bytes.',
    ...(compressed ? { hint: `unpack it first: gunzip -c ${file} | podwall map -` } : {}),
    file,
    line: 1,
    column: 1,
  };
}

function notUtf8(file: string, { byte, line, column }: BadByte): Diagnostic {
  return {
    code: 'not-utf8',
    severity: 'error',
    message: 'This file is not encoded as UTF-8: a byte here is part of no character.',
    hint: 'save it as UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8',
    value: `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    file,
    line,
    column,
  };
}

function tooLarge(file: string, limit: number): Diagnostic {
  return {
    code: 'document-too-large',
    severity: 'error',
    message: `${file === '<stdin>' ? 'Standard input' : 'This file'} is larger than the ${Math.floor(limit / 2 ** 20)} MiB of text that podwall reads; only JSON may be larger.`,
    hint: 'dump the objects as JSON: kubectl get … -o json',
    file,
    line: 1,
    column: 1,
  };
}
