import { createReadStream } from 'node:fs';
import type { Stats } from 'node:fs';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import process from 'node:process';
import type { SourceText } from '../manifest/index.ts';
import type { Diagnostic } from '../model/index.ts';
import type { HostCode } from './codes.ts';
import { decode } from './decode.ts';

/** How many bytes one input may have (500 MiB): V8 holds no longer text. */
const maxInput: number = 500 * 2 ** 20;

/** How many bytes all inputs together may have (1 GiB). */
const maxTotal = 2 ** 30;

/** How many files are read at the same time. */
const parallel = 16;

/** A text of the input. */
export interface InputFile extends SourceText {
  /** It was named itself, or is standard input; else it was found in a folder. */
  readonly direct: boolean;
}

/** What the inputs hold, and what of them could not be read. */
export interface Inputs {
  /** In the order in which the paths were named, those of a folder in order of path; each file once. */
  readonly sources: readonly InputFile[];
  readonly diagnostics: readonly Diagnostic[];
}

/** How inputs are read. */
export interface InputOptions {
  /** Whether subfolders of folders are read, too. */
  readonly recursive: boolean;
  /** What `-` stands for; the standard input of the process by default. */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  /** How many bytes one input may have; `maxInput` by default. */
  readonly limit?: number;
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
 * Reads the files, folders and standard input (`-`) that the paths name.
 *
 * Of a folder the files `.yaml`, `.yml` and `.json` are read that are not hidden, in order of path; its subfolders only
 * when `recursive`. Symbolic links are followed, and lead nowhere twice. A file that is named itself is read whatever it
 * is called; named pipes are, too.
 *
 * @throws InputError when something that was named itself does not exist or cannot be read
 */
export async function readInputs(paths: readonly string[], options: InputOptions): Promise<Inputs> {
  return new Reader(options).read(paths);
}

/** A file to read. */
interface Found {
  readonly path: string;
  readonly direct: boolean;
  readonly stats: Stats;
}

class Reader {
  private readonly options: InputOptions;
  private readonly limit: number;
  private readonly sources: InputFile[] = [];
  private readonly diagnostics: Diagnostic[] = [];
  /** Real paths of the files, each with its index in `files`. */
  private readonly seen = new Map<string, number>();
  private readonly files: (Found | '-')[] = [];
  private total = 0;

  constructor(options: InputOptions) {
    this.options = options;
    this.limit = options.limit ?? maxInput;
  }

  async read(paths: readonly string[]): Promise<Inputs> {
    for (const path of paths) {
      if (path !== '-') await this.find(path);
      else if (!this.files.includes('-')) this.files.push('-');
    }
    for (let at = 0; at < this.files.length; at += parallel) {
      const read = await Promise.all(
        this.files.slice(at, at + parallel).map(async (file) => ({ file, ...(await this.readOne(file)) })),
      );
      for (const { file, bytes, problem } of read) {
        if (problem !== undefined) this.diagnostics.push(problem);
        if (bytes !== undefined) this.take(file, bytes);
      }
    }
    return { sources: this.sources, diagnostics: this.diagnostics };
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

  private async readOne(
    file: Found | '-',
  ): Promise<{ readonly bytes?: Uint8Array; readonly problem?: Diagnostic }> {
    const path = file === '-' ? '<stdin>' : file.path;
    try {
      if (file === '-') return this.readStream(path, this.options.stdin ?? process.stdin);
      if (!file.stats.isFile()) return await this.readStream(path, createReadStream(path));
      if (file.stats.size > this.limit) return { problem: tooLarge(path, this.limit) };
      this.total += file.stats.size;
      if (this.total > maxTotal) {
        return {
          problem: {
            ...tooLarge(path, this.limit),
            message: `All inputs together are larger than ${megabytes(maxTotal)}; this one and those behind it were left out.`,
          },
        };
      }
      return { bytes: await readFile(path) };
    } catch (error) {
      if (file === '-' || file.direct) throw refusal(path, error);
      return { problem: unreadable(path, error) };
    }
  }

  /** Reads to the end, or to the limit: an input may be endless. */
  private async readStream(
    path: string,
    stream: AsyncIterable<Uint8Array | string>,
  ): Promise<{ readonly bytes?: Uint8Array; readonly problem?: Diagnostic }> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of stream) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        size += bytes.length;
        // Leaving the loop closes the stream.
        if (size > this.limit) return { problem: tooLarge(path, this.limit) };
        chunks.push(bytes);
      }
    } catch (error) {
      throw refusal(path, error);
    }
    return { bytes: Buffer.concat(chunks) };
  }

  private take(file: Found | '-', bytes: Uint8Array): void {
    const path = file === '-' ? '<stdin>' : file.path;
    const decoded = decode(bytes);
    switch (decoded.kind) {
      case 'text':
        this.sources.push({ file: path, text: decoded.text, direct: file === '-' || file.direct });
        return;
      case 'binary':
        this.diagnostics.push(
          problem(path, 'binary-file', {
            message: decoded.compressed
              ? 'This file is compressed, so it cannot be read as YAML or JSON.'
              : 'This file is no text: it holds NUL bytes.',
            ...(decoded.compressed ? { hint: `unpack it first: gunzip -c ${path} | podwall map -` } : {}),
          }),
        );
        return;
      case 'notUtf8':
        this.diagnostics.push({
          ...problem(path, 'not-utf8', {
            message: 'This file is not encoded as UTF-8: a byte here is part of no character.',
            hint: 'save it as UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8',
          }),
          value: `0x${decoded.byte.toString(16).toUpperCase().padStart(2, '0')}`,
          line: decoded.line,
          column: decoded.column,
        });
        return;
      default:
        decoded satisfies never;
    }
  }

  private unreadable(path: string, error: unknown): void {
    this.diagnostics.push(unreadable(path, error));
  }
}

function problem(
  file: string,
  code: HostCode | 'document-too-large',
  words: { readonly message: string; readonly hint?: string },
): Diagnostic {
  return { code, severity: 'error', ...words, file, line: 1, column: 1 };
}

function tooLarge(path: string, limit: number): Diagnostic {
  return problem(path, 'document-too-large', {
    message: `${path === '<stdin>' ? 'Standard input' : 'This file'} is larger than the ${megabytes(limit)} that podwall reads.`,
    hint: 'dump a few namespaces at a time: kubectl get … -n NAMESPACE -o json',
  });
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20).toLocaleString('en')} MiB`;
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
