import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { packYaml } from '../manifest/index.ts';

/** When other threads help to read YAML files. */
export interface WorkerOptions {
  /** From how many bytes of small YAML files on; below that, starting the threads takes longer than they save. */
  readonly from: number;
  /** How many threads; below two there is nobody to share the work with. */
  readonly threads: number;
  /** How many bytes of files one thread is given at a time. */
  readonly share: number;
}

/** What pays, by measurement (docs/explanation/yaml.md): one thread can take what several give only up to a point. */
export const usualWorkers: WorkerOptions = {
  from: 32 * 2 ** 20,
  threads: Math.min(availableParallelism(), 8),
  share: 2 ** 20,
};

/** How many shares for each thread may be on their way or wait to be taken. */
const ahead = 3;

/** A YAML file, and its size in bytes. */
export interface YamlFile {
  readonly path: string;
  readonly size: number;
}

/** What a thread is asked and what it answers; `packed` is JSON in UTF-8, for each path a list of objects or null. */
interface Question {
  readonly number: number;
  readonly paths: readonly string[];
}
interface Answer {
  readonly number: number;
  readonly packed: Uint8Array<ArrayBuffer>;
}

/** The objects of one file, or `null`: the reader has to look at its bytes. */
type Packed = readonly unknown[] | null;

interface Share {
  readonly paths: readonly string[];
  readonly answer: Promise<readonly Packed[]>;
  readonly resolve: (packed: readonly Packed[]) => void;
  isAnswered: boolean;
}

const marker = 'podwall reads YAML';

/**
 * Reads YAML files in several threads, ahead of a reader that takes them in order.
 *
 * A thread gives back compact JSON, and only of files that hold nothing but objects of the common subset of YAML; all
 * others, and those that cannot be read, are left to the reader, so answers, findings and their order stay the same.
 */
export class YamlWorkers {
  readonly #shares: (Share | undefined)[] = [];
  /** By path: the share that it is in, and where in that. */
  readonly #places = new Map<string, { readonly share: number; readonly index: number }>();
  readonly #workers: Worker[] = [];
  #next = 0;
  /** Shares behind this one are not asked for yet. */
  #taken = 0;
  #isBroken = false;

  /** `undefined` when the files are too few to be worth it. */
  static for(files: readonly YamlFile[], options: WorkerOptions): YamlWorkers | undefined {
    const total = files.reduce((sum, { size }) => sum + size, 0);
    if (options.threads < 2 || total < options.from || total === 0) return undefined;
    return new YamlWorkers(files, options);
  }

  private constructor(files: readonly YamlFile[], { threads, share }: WorkerOptions) {
    let paths: string[] = [];
    let size = 0;
    for (const file of files) {
      this.#places.set(file.path, { share: this.#shares.length, index: paths.length });
      paths.push(file.path);
      size += file.size;
      if (size < share) continue;
      this.#close(paths);
      paths = [];
      size = 0;
    }
    if (paths.length > 0) this.#close(paths);
    for (let i = 0; i < Math.min(threads, this.#shares.length); i++) {
      // This module is also what the threads run.
      const worker = new Worker(new URL(import.meta.url), { workerData: marker });
      worker.on('message', (answer: Answer) => this.#answered(answer));
      // A thread that died, of a lack of memory for example: then the reader does all itself.
      worker.on('error', () => this.#giveUp());
      worker.on('exit', () => this.#giveUp());
      this.#workers.push(worker);
    }
    this.#ask();
  }

  /** The objects of a file; `undefined` when the reader has to look at its bytes. Files are asked for in order. */
  async objectsOf(path: string): Promise<readonly unknown[] | undefined> {
    const place = this.#places.get(path);
    const answer = place === undefined ? undefined : this.#shares[place.share]?.answer;
    if (place === undefined || answer === undefined) return undefined;
    if (place.share > this.#taken) {
      // Nobody asks again for what lies behind.
      for (; this.#taken < place.share; this.#taken++)
        if (this.#shares[this.#taken]?.isAnswered === true) this.#shares[this.#taken] = undefined;
      this.#ask();
    }
    return (await answer)[place.index] ?? undefined;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#giveUp();
    await Promise.all(this.#workers.map(async (worker) => worker.terminate()));
  }

  #close(paths: readonly string[]): void {
    const { promise, resolve } = Promise.withResolvers<readonly Packed[]>();
    this.#shares.push({ paths, answer: promise, resolve, isAnswered: false });
  }

  /** Asks for as many shares as may be on their way: memory stays bounded however slow the reader is. */
  #ask(): void {
    if (this.#isBroken) return;
    const until = Math.min(this.#shares.length, this.#taken + 1 + ahead * this.#workers.length);
    for (; this.#next < until; this.#next++) {
      const { paths } = this.#shares[this.#next] as Share;
      const question: Question = { number: this.#next, paths };
      this.#workers[this.#next % this.#workers.length]?.postMessage(question);
    }
  }

  #answered({ number, packed }: Answer): void {
    const waiting = this.#shares[number];
    if (waiting === undefined) return;
    waiting.resolve(JSON.parse(new TextDecoder().decode(packed)) as readonly Packed[]);
    waiting.isAnswered = true;
    if (number < this.#taken) this.#shares[number] = undefined;
  }

  #giveUp(): void {
    this.#isBroken = true;
    for (const waiting of this.#shares) waiting?.resolve([]);
  }
}

/** Answers questions, in a thread of its own. */
function serve(): void {
  parentPort?.on('message', ({ number, paths }: Question) => {
    const files = paths.map((path): Packed => {
      try {
        return packYaml(readFileSync(path)) ?? null;
      } catch {
        // The reader will say why.
        return null;
      }
    });
    const packed = new TextEncoder().encode(JSON.stringify(files));
    const answer: Answer = { number, packed };
    parentPort?.postMessage(answer, [packed.buffer]);
  });
}

if (!isMainThread && workerData === marker) serve();
