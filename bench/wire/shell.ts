// One `nft -i` that lives as long as its owner, as an agent would keep it: starting a program costs more than a change.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionText, transactionText } from '../../src/nft/index.ts';
import type { Transaction } from '../../src/nft/index.ts';

/** No command: nft says so at once, without asking the kernel. A sign that what came before it is done. */
const question = '.';
const sign = 'Error: syntax error, unexpected .\n.\n^\n';

/** Where files are memory, on Linux. */
const memory = '/dev/shm';

/** An nft that takes transactions one after the other. */
export class Shell {
  readonly #nft: ChildProcess;
  /** nft takes a byte at a time from its standard input, and files at one go: so it is told to include one. */
  readonly #folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'podwall-nft-'));
  readonly #file = join(this.#folder, 'batch.nft');
  readonly #forget = (): void => rmSync(this.#folder, { recursive: true, force: true });
  #said = '';
  #done: (() => void) | undefined;

  /** Starts nft in the network namespace of this name. */
  constructor(namespace: string) {
    // Also where a test fails before it closes.
    process.once('exit', this.#forget);
    this.#nft = spawn('ip', ['netns', 'exec', namespace, 'nft', '-i'], {
      // nft writes what is listed word by word, and nobody wants to read it.
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, HOME: '/nonexistent' },
    });
    this.#nft.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
  }

  #hear(text: string): void {
    this.#said += text;
    if (this.#said.endsWith(sign)) this.#done?.();
  }

  /**
   * Applies a transaction, batch by batch.
   *
   * @returns how many batches nft would not take as `sessionText` has them, but as `transactionText`
   * @throws Error with nft's words when it refuses
   */
  async apply(transaction: Transaction): Promise<number> {
    const usual = transactionText(transaction);
    let refused = 0;
    for (const [i, text] of sessionText(transaction).entries()) {
      try {
        await this.load(text);
      } catch {
        // Nothing has changed: a batch is applied whole or not at all.
        refused++;
        await this.load(usual[i] ?? '');
      }
    }
    return refused;
  }

  /**
   * Loads commands, one a line, as one transaction.
   *
   * @throws Error with nft's words when it refuses
   */
  async load(commands: string): Promise<void> {
    writeFileSync(this.#file, commands);
    this.#said = '';
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    this.#nft.stdin?.write(`include "${this.#file}"\n${question}\n`);
    await done;
    const refusal = this.#said.slice(0, -sign.length);
    if (refusal !== '') throw new Error(refusal.slice(0, 500));
  }

  /** Ends nft. */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#nft.once('exit', resolve));
    this.#nft.stdin?.end();
    await gone;
    process.off('exit', this.#forget);
    this.#forget();
  }
}
