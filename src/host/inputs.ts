import { createReadStream } from 'node:fs';
import type { Stats } from 'node:fs';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import process from 'node:process';
import type { ByteSource, SourceReader } from '../manifest/index.ts';
import type { Diagnostic } from '../model/index.ts';
import type { HostCode } from './codes.ts';
import { readPieces, rereader } from './pieces.ts';
import { usualWorkers, YamlWorkers } from './yaml-workers.ts';
import type { WorkerOptions, YamlFile } from './yaml-workers.ts';

/** How many files are read at the same time. */
const parallel = 16;

/** Files up to this size (4 MiB) are read at once, several at the same time; larger ones in pieces, one by one. */
const readAtOnce: number = 4 * 2 ** 20;

/** What takes the bytes of the inputs: a `ManifestReader`. */
export interface InputSink {
  /** Begins an input; the one before it has been ended. */
  open(source: ByteSource): SourceReader;
  /** Takes the objects of an input that `packYaml` has read; without it, no other threads help. */
  addPacked?(source: ByteSource, size: number, objects: readonly unknown[]): void;
}

/** Is told how far the reading is: bytes so far of the file, and its size where that is known. */
export type InputProgress = (file: string, done: number, size: number | undefined) => void;

/** How inputs are read. */
export interface InputOptions {
  /** Whether subfolders of folders are read, too. */
  readonly recursive: boolean;
  /** What `-` stands for; the standard input of the process by default. */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  /** Called for every piece of what is read in pieces. */
  readonly progress?: InputProgress;
  /** When other threads help; `usualWorkers` by default. */
  readonly workers?: WorkerOptions;
}

/** An input that was named cannot be read at all: exit code 2. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** The path as it was named. */
  readonly path: string;
  /** What to do instead. */
  readonly hint: string | undefined;

  constructor(path: string, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.path = path;
    this.hint = hint;
  }
}

/**
 * Reads the files, folders and standard input (`-`) that the paths name, and hands their bytes to `sink`: in the order in
 * which the paths were named, those of a folder in order of path; each file once.
 *
 * Of a folder the files `.yaml`, `.yml` and `.json` are read that are not hidden, in order of path; its subfolders only
 * when `recursive`. Symbolic links are followed, and lead nowhere twice. A file that is named itself is read whatever it
 * is called; named pipes are, too.
 *
 * @returns what could not be read, and is not part of the answer
 * @throws InputError when something that was named itself does not exist or cannot be read
 */
export async function readInputs(
  paths: readonly string[],
  sink: InputSink,
  options: InputOptions,
): Promise<readonly Diagnostic[]> {
  return new Reader(sink, options).read(paths);
}

/** A file to read. */
interface Found {
  readonly path: string;
  readonly direct: boolean;
  readonly stats: Stats;
}

class Reader {
  private readonly sink: InputSink;
  private readonly options: InputOptions;
  private readonly diagnostics: Diagnostic[] = [];
  /** Real paths of the files, each with its index in `files`. */
  private readonly seen = new Map<string, number>();
  private readonly files: (Found | '-')[] = [];

  constructor(sink: InputSink, options: InputOptions) {
    this.sink = sink;
    this.options = options;
  }

  async read(paths: readonly string[]): Promise<readonly Diagnostic[]> {
    for (const path of paths) {
      if (path !== '-') await this.find(path);
      else if (!this.files.includes('-')) this.files.push('-');
    }
    const shared = this.sink.addPacked === undefined ? [] : this.files.flatMap(yamlFile);
    const workers = YamlWorkers.for(shared, this.options.workers ?? usualWorkers);
    try {
      for (let at = 0; at < this.files.length; at += parallel)
        await this.readBatch(this.files.slice(at, at + parallel), workers);
    } finally {
      await workers?.close();
    }
    return this.diagnostics;
  }

  private async readBatch(batch: readonly (Found | '-')[], workers: YamlWorkers | undefined): Promise<void> {
    const packed = await Promise.all(
      batch.map(async (file) => (file === '-' ? undefined : workers?.objectsOf(file.path))),
    );
    const small = await Promise.all(
      batch.map(async (file, i) => (packed[i] === undefined ? this.readSmall(file) : undefined)),
    );
    for (const [i, file] of batch.entries()) {
      const objects = packed[i];
      const bytes = small[i];
      if (objects !== undefined && file !== '-')
        this.sink.addPacked?.(rereadable(file), file.stats.size, objects);
      else if (bytes instanceof Uint8Array) this.take(file, bytes);
      else if (bytes === 'in pieces') await this.readLarge(file);
    }
  }

  private async find(path: string): Promise<void> {
    let stats: Stats;
    try {
      stats = await stat(path);
    } catch (error) {
      throw refusal(path, error);
    }
    if (!stats.isDirectory()) {
      await this.add({ path, direct: true, stats });
      return;
    }
    const found = await this.list(path);
    for (const file of found.files) await this.add(file);
    if (found.files.length > 0 || found.failed) return;
    this.diagnostics.push(
      problem(path, 'no-manifests', {
        message: `The folder ${path} holds no manifests: no file that ends in .yaml, .yml or .json.`,
        ...(found.folders && !this.options.recursive
          ? { hint: 'it has subfolders: -R reads them, too' }
          : {}),
      }),
    );
  }

  /** The manifests of a folder, in order of path. */
  private async list(
    root: string,
  ): Promise<{ readonly files: readonly Found[]; readonly folders: boolean; readonly failed: boolean }> {
    const files: Found[] = [];
    /** Real paths of the folders: a link back up is not followed again. */
    const visited = new Set<string>();
    const waiting = [root];
    let folders = false;
    let failed = false;
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      try {
        const real = await realpath(folder);
        if (visited.has(real)) continue;
        visited.add(real);
        const entries = await readdir(folder);
        for (const name of entries) {
          if (name.startsWith('.')) continue;
          const path = join(folder, name);
          const isManifest = ['.yaml', '.yml', '.json'].includes(extname(name));
          let stats: Stats;
          try {
            stats = await stat(path);
          } catch (error) {
            // A link that leads nowhere matters only where a manifest was expected.
            if (!isManifest) continue;
            this.unreadable(path, error);
            failed = true;
            continue;
          }
          if (stats.isDirectory()) {
            folders = true;
            if (this.options.recursive) waiting.push(path);
            // Pipes and devices in a folder might never end.
          } else if (isManifest && stats.isFile()) files.push({ path, direct: false, stats });
        }
      } catch (error) {
        if (folder === root) throw refusal(folder, error);
        this.unreadable(folder, error);
        failed = true;
      }
    }
    // By code units, so that every machine reads in the same order.
    files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return { files, folders, failed };
  }

  private async add(file: Found): Promise<void> {
    // A pipe has no path of its own to be known by.
    const real = file.stats.isFile() ? await realpath(file.path) : undefined;
    const known = real === undefined ? undefined : this.seen.get(real);
    if (known !== undefined) {
      const before = this.files[known];
      if (file.direct && before !== undefined && before !== '-')
        this.files[known] = { ...before, direct: true };
      return;
    }
    if (real !== undefined) this.seen.set(real, this.files.length);
    this.files.push(file);
  }

  /** The bytes of a small file; `undefined` when it cannot be read. */
  private async readSmall(file: Found | '-'): Promise<Uint8Array | 'in pieces' | undefined> {
    if (file === '-' || !file.stats.isFile() || file.stats.size > readAtOnce) return 'in pieces';
    try {
      return await readFile(file.path);
    } catch (error) {
      this.failed(file, error);
      return undefined;
    }
  }

  private take(file: Found | '-', bytes: Uint8Array): void {
    const source = this.sink.open(sourceOf(file));
    source.push(bytes);
    source.end();
  }

  private async readLarge(file: Found | '-'): Promise<void> {
    const { progress } = this.options;
    const source = this.sink.open(file !== '-' && file.stats.isFile() ? rereadable(file) : sourceOf(file));
    const told = (done: number): void => progress?.(nameOf(file), done, sizeOf(file));
    try {
      if (file === '-') await readStream(this.options.stdin ?? process.stdin, source, told);
      else if (file.stats.isFile()) readPieces(file.path, source, told);
      else await readStream(createReadStream(file.path), source, told);
    } catch (error) {
      this.failed(file, error);
      return;
    }
    source.end();
  }

  /** Of what was named itself there is no answer without it. */
  private failed(file: Found | '-', error: unknown): void {
    if (file === '-' || file.direct) throw refusal(nameOf(file), error);
    this.unreadable(file.path, error);
  }

  private unreadable(path: string, error: unknown): void {
    this.diagnostics.push(unreadable(path, error));
  }
}

function nameOf(file: Found | '-'): string {
  return file === '-' ? '<stdin>' : file.path;
}

function sizeOf(file: Found | '-'): number | undefined {
  return file !== '-' && file.stats.isFile() ? file.stats.size : undefined;
}

function rereadable(file: Found): ByteSource {
  return { ...sourceOf(file), reread: rereader(file.path, file.stats) };
}

/** Small YAML files are those that other threads may read. */
function yamlFile(file: Found | '-'): readonly YamlFile[] {
  if (file === '-' || !file.stats.isFile() || file.stats.size > readAtOnce) return [];
  return /\.ya?ml$/.test(file.path) ? [{ path: file.path, size: file.stats.size }] : [];
}

function sourceOf(file: Found | '-'): ByteSource {
  return { file: nameOf(file), direct: file === '-' || file.direct };
}

/** Reads a pipe to its end, or as far as someone listens: it may be endless. */
async function readStream(
  stream: AsyncIterable<Uint8Array | string>,
  source: SourceReader,
  told: (done: number) => void,
): Promise<void> {
  let done = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    source.push(bytes);
    told((done += bytes.length));
    // Leaving the loop closes the stream.
    if (source.isDone) return;
  }
}

function problem(
  file: string,
  code: HostCode,
  words: { readonly message: string; readonly hint?: string },
): Diagnostic {
  return { code, severity: 'error', ...words, file, line: 1, column: 1 };
}

function unreadable(path: string, error: unknown): Diagnostic {
  return problem(path, 'unreadable-file', { message: `This could not be read: ${reason(error)}.` });
}

function refusal(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const code = codeOf(error);
  if (code === 'ENOENT') {
    const hint = /[*?[]/.test(path)
      ? 'the shell found no file that matches; quotes keep it from looking'
      : 'check the path; - reads standard input';
    return new InputError(path, `no such file or folder: ${path}`, hint, error);
  }
  const name = path === '<stdin>' ? 'standard input' : path;
  return new InputError(path, `cannot read ${name}: ${reason(error)}`, undefined, error);
}

function reason(error: unknown): string {
  const code = codeOf(error);
  return (
    (code === undefined ? undefined : reasons.get(code)) ??
    (error instanceof Error ? error.message : String(error))
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENOENT', 'it does not exist, or is a link that leads nowhere'],
  ['ELOOP', 'its symbolic links lead in a circle'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of its path is no folder'],
  ['ENAMETOOLONG', 'its name is too long'],
  ['EMFILE', 'too many files are open'],
]);
