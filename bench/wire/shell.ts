// One `nft -i` that lives as long as its owner, as an agent would keep it: starting a program costs more than a change.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** What nft prints for `describe`, which asks the kernel nothing: the sign that what came before it is done. */
const sign = 'datatype ipv4_addr';

/** An nft that takes transactions one after the other. */
export class Shell {
  readonly #nft: ChildProcess;
  #said = '';
  #done: (() => void) | undefined;

  /** Starts nft in the network namespace of this name. */
  constructor(namespace: string) {
    this.#nft = spawn('ip', ['netns', 'exec', namespace, 'nft', '-i'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, HOME: '/nonexistent' },
    });
    this.#nft.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.#nft.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
  }

  #hear(text: string): void {
    this.#said += text;
    if (this.#said.includes(sign)) this.#done?.();
  }

  /**
   * Loads commands, one a line, as one transaction: nft takes each line of its input for one.
   *
   * @throws Error with nft's words when it refuses
   */
  async load(commands: string): Promise<void> {
    const line = commands.trimEnd().replaceAll('\n', '; ');
    this.#said = '';
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    this.#nft.stdin?.write(`${line}\ndescribe ipv4_addr\n`);
    await done;
    if (this.#said.includes('Error')) throw new Error(this.#said.slice(0, 500));
  }

  /** Ends nft. */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#nft.once('exit', resolve));
    this.#nft.stdin?.end();
    await gone;
  }
}
