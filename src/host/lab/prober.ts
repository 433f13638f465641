import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { unreachable } from '../../errors.ts';
import type { Address, Protocol } from '../../net/index.ts';
import { LabError } from './error.ts';
import { errorName } from './native.ts';
import type { Namespaces, Native } from './native.ts';
import { ready } from './poller.ts';
import type { Poller } from './poller.ts';
import { readSctp, withoutIPv4Header, writeSctp } from './sctp.ts';
import { bindSocket, openSocket, resetOnClose, socketAddress, socketError } from './sockets.ts';

/** One connection to try. */
export interface Attempt {
  /** Where the client's socket is made. */
  readonly namespace: string;
  readonly protocol: Protocol;
  readonly source: Address;
  readonly destination: Address;
  readonly port: number;
  readonly timeoutMs: number;
}

/** What came of it. */
export type Outcome =
  /** Somebody answered; `by` is the first line of what they said, where that is text. */
  | { readonly kind: 'answered'; readonly by: string | undefined }
  | { readonly kind: 'timedOut' }
  /** The connection was made, and then nothing came. */
  | { readonly kind: 'silent' }
  /** Nobody listens there, or somebody who filters says so. */
  | { readonly kind: 'refused' }
  /** The machine says that there is no way: the name of the error. */
  | { readonly kind: 'unreachable'; readonly error: string };

/** What a client says first: servers answer with their name. */
const hello = Buffer.from('who are you?\n');
const mostBytes = 512;
/** A timer that comes later than this was held up, and so was what it waits for. */
const heldUpMs = 20;

/** Opens real connections from network namespaces, many at the same time. */
export class Prober {
  readonly #native: Native;
  readonly #namespaces: Namespaces;
  readonly #poller: Poller;

  constructor(native: Native, namespaces: Namespaces, poller: Poller) {
    this.#native = native;
    this.#namespaces = namespaces;
    this.#poller = poller;
  }

  /** Tries a connection. It is over when this is: nothing of it stays open. */
  async attempt(attempt: Attempt): Promise<Outcome> {
    const { protocol } = attempt;
    switch (protocol) {
      case 'TCP':
        return this.#tcp(attempt);
      case 'UDP':
        return this.#udp(attempt);
      case 'SCTP':
        return this.#sctp(attempt);
      default:
        return unreachable(protocol);
    }
  }

  async #tcp(attempt: Attempt): Promise<Outcome> {
    const native = this.#native;
    let isConnected = false;
    return this.#converse(attempt, 'tcp', ready.write, {
      begin: (fd) => {
        resetOnClose(native, fd);
        return connect(native, fd, attempt);
      },
      ready: (fd) => {
        if (!isConnected) {
          const error = socketError(native, fd);
          if (error !== 0) return failure(errorName(error));
          isConnected = true;
          native.send(fd, hello, hello.length, noSignal);
          this.#poller.change(fd, ready.read);
        }
        return read(native, fd);
      },
      end: () => ({ kind: isConnected ? 'silent' : 'timedOut' }),
    });
  }

  async #udp(attempt: Attempt): Promise<Outcome> {
    const native = this.#native;
    return this.#converse(attempt, 'udp', ready.read, {
      begin: (fd) => {
        const failed = connect(native, fd, attempt);
        if (failed !== undefined) return failed;
        return native.send(fd, hello, hello.length, noSignal) < 0 ? failure(native.lastError()) : undefined;
      },
      ready: (fd) => read(native, fd),
      end: () => ({ kind: 'timedOut' }),
    });
  }

  async #sctp(attempt: Attempt): Promise<Outcome> {
    const native = this.#native;
    const tag = randomInt(1, 2 ** 32);
    const sourcePort = randomInt(32_768, 61_000);
    return this.#converse(attempt, 'sctp', ready.read, {
      begin: (fd) => {
        const init = writeSctp({
          sourcePort,
          destinationPort: attempt.port,
          initiateTag: tag,
          verificationTag: 0,
          answer: false,
        });
        // A raw socket has no ports: those of a connected one would be taken for the number of a protocol.
        const to = socketAddress(attempt.destination, 0);
        return native.sendto(fd, init, init.length, 0, to, to.length) < 0
          ? failure(native.lastError())
          : undefined;
      },
      ready: (fd) => {
        const buffer = new Uint8Array(mostBytes);
        for (;;) {
          const length = native.recv(fd, buffer, buffer.length, 0);
          if (length < 0) {
            const error = native.lastError();
            return error === 'EAGAIN' ? undefined : failure(error);
          }
          const bytes = buffer.subarray(0, length);
          const packet = readSctp(attempt.source.family === 'IPv4' ? withoutIPv4Header(bytes) : bytes);
          // All SCTP of the namespace comes here; what answers this INIT carries its tag.
          if (packet?.verificationTag !== tag || packet.destinationPort !== sourcePort) continue;
          if (packet.chunk === 'INIT ACK') return { kind: 'answered', by: undefined };
          if (packet.chunk === 'ABORT') return { kind: 'refused' };
        }
      },
      end: () => ({ kind: 'timedOut' }),
    });
  }

  async #converse(
    attempt: Attempt,
    kind: 'tcp' | 'udp' | 'sctp',
    events: number,
    steps: {
      /** What came of it at once, if anything did. */
      begin(fd: number): Outcome | undefined;
      ready(fd: number): Outcome | undefined;
      end(): Outcome;
    },
  ): Promise<Outcome> {
    const native = this.#native;
    const fd = this.#namespaces.within(attempt.namespace, () =>
      openSocket(native, kind, attempt.source.family),
    );
    bindSocket(native, fd, attempt.source, 0);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const finish = (outcome: Outcome): void => {
        clearTimeout(timer);
        this.#poller.close(fd);
        resolve(outcome);
      };
      try {
        const atOnce = steps.begin(fd);
        if (atOnce !== undefined) {
          finish(atOnce);
          return;
        }
        // Not before: a socket that has not begun to connect counts as hung up.
        this.#poller.add(fd, events, () => {
          const outcome = steps.ready(fd);
          if (outcome !== undefined) finish(outcome);
        });
        const deadline = performance.now() + attempt.timeoutMs;
        timer = setTimeout(() => {
          const late = performance.now() - deadline;
          if (late <= heldUpMs) finish(steps.end());
          else timer = setTimeout(() => finish(steps.end()), attempt.timeoutMs / 2);
        }, attempt.timeoutMs);
      } catch (error) {
        this.#poller.close(fd);
        reject(error instanceof Error ? error : new LabError(String(error)));
      }
    });
  }
}

/** A write to a connection that is gone is an error, not the end of the process. */
const noSignal = 0x4000;

function connect(native: Native, fd: number, { destination, port }: Attempt): Outcome | undefined {
  const to = socketAddress(destination, port);
  if (native.connect(fd, to, to.length) === 0) return undefined;
  const error = native.lastError();
  return error === 'EINPROGRESS' ? undefined : failure(error);
}

function read(native: Native, fd: number): Outcome | undefined {
  const buffer = new Uint8Array(mostBytes);
  const length = native.recv(fd, buffer, buffer.length, 0);
  if (length < 0) {
    const error = native.lastError();
    return error === 'EAGAIN' ? undefined : failure(error);
  }
  const line = /^[\x20-\x7e]*(?=\r?\n)/.exec(Buffer.from(buffer.subarray(0, length)).toString('latin1'));
  return { kind: 'answered', by: line?.[0] };
}

function failure(error: string): Outcome {
  return error === 'ECONNREFUSED' || error === 'ECONNRESET'
    ? { kind: 'refused' }
    : { kind: 'unreachable', error };
}
