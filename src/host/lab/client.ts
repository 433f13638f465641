import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { LabError } from './error.ts';
import { checkName, knownLabs, markOf, socketOf, takeDown } from './folder.ts';
import { readFrames, writeFrame } from './frames.ts';
import { loadNative } from './native.ts';
import type { LabInput, LabReply, LabRequest, LabStart, LabSummary } from './protocol.ts';

/** Is told what goes on, in a word or two. */
export type LabProgress = (stage: string) => void;

/** Rather collected often than large: what a server of echoes makes is gone at once. Measured: 175 MB instead of 270. */
const frugal: readonly string[] = ['--max-semi-space-size=2'];

/** A lab that this process has started. */
export interface StartedLab {
  readonly summary: LabSummary;
  /** Lets an attached lab end; the others go on. */
  readonly release: () => void;
}

/**
 * Starts a lab in a process of its own, and waits until it is up.
 *
 * @param attached - whether the lab ends with this process, however that ends
 * @throws LabError when it cannot be: then nothing of it is left
 */
export async function startLab(
  lab: string,
  input: LabInput,
  attached: boolean,
  told: LabProgress,
): Promise<StartedLab> {
  await loadNative();
  checkName(lab);
  // Beside this file, in the same language.
  const entry = fileURLToPath(
    new URL(`./daemon${/\.[a-z]+$/.exec(import.meta.url)?.[0] ?? '.js'}`, import.meta.url),
  );
  const child = spawn(process.execPath, [...frugal, entry, markOf(lab)], {
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    stdio: ['pipe', 'pipe', process.env['PODWALL_LAB_DEBUG'] === undefined ? 'ignore' : 'inherit'],
    detached: true,
    cwd: '/',
  });
  const { stdin, stdout } = child;
  // What it has to say comes over its standard output.
  stdin.on('error', () => undefined);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(new LabError(`cannot start the lab: ${error.message}`)));
  });
  failed.catch(() => undefined);
  await Promise.race([failed, writeFrame(stdin, { kind: 'start', lab, input, attached } satisfies LabStart)]);
  const answer = (async (): Promise<LabSummary> => {
    for await (const message of readFrames(stdout)) {
      const reply = message as LabReply;
      if (reply.kind === 'stage') told(reply.text);
      else if (reply.kind === 'up') return reply.summary;
      else if (reply.kind === 'failed') throw new LabError(reply.message, reply.hint);
    }
    throw new LabError('the process of the lab ended before the lab was up');
  })();
  try {
    const summary = await Promise.race([failed, answer]);
    child.unref();
    return { summary, release: () => stdin.destroy() };
  } catch (error) {
    stdin.destroy();
    throw error;
  } finally {
    stdout.destroy();
    if (!attached) stdin.destroy();
  }
}

/**
 * Ends a lab, and waits until nothing is left of it.
 *
 * @returns whether there was one
 */
export async function endLab(lab: string): Promise<boolean> {
  return takeDown(await loadNative(), lab);
}

/** A conversation with a lab that runs. */
export class LabConnection {
  readonly #socket: Socket;
  readonly #replies: AsyncGenerator<unknown, void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#replies = readFrames(socket);
  }

  /** @throws LabError when no such lab runs */
  static async open(lab: string): Promise<LabConnection> {
    await loadNative();
    const socket = await connected(socketOf(lab));
    if (socket === undefined) {
      const others = knownLabs().filter((name) => name !== lab && existsSync(socketOf(name)));
      throw new LabError(
        `no lab called ${lab} is running`,
        others.length === 0
          ? `podwall lab up PATH${lab === 'lab' ? '' : ` --name ${lab}`}`
          : `--name ${others.join(', or --name ')}`,
      );
    }
    return new LabConnection(socket);
  }

  /**
   * Asks, and answers with the last reply, of the kind that is expected.
   *
   * @param told - is given the replies before it: stages and probes
   * @throws LabError with what the lab has against it, or when the lab has ended
   */
  async ask<K extends LabReply['kind']>(
    request: LabRequest,
    expected: K,
    told: (reply: LabReply) => void = () => undefined,
  ): Promise<Extract<LabReply, { readonly kind: K }>> {
    await writeFrame(this.#socket, request);
    for (;;) {
      const next = await this.#replies.next().catch(() => undefined);
      if (next === undefined || next.done === true) throw new LabError('the lab has ended meanwhile');
      const reply = next.value as LabReply;
      if (reply.kind === 'failed') throw new LabError(reply.message, reply.hint);
      // A reply of this kind, by the line before.
      if (reply.kind === expected) return reply as Extract<LabReply, { readonly kind: K }>;
      told(reply);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A connection to a socket of this machine; `undefined` when nobody listens there. */
async function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
