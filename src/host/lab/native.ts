import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import process from 'node:process';
import type * as Koffi from 'koffi';
import { LabError } from './error.ts';

/** The functions of libc that Node has no words for. Numbers as in C: -1 is an error, and `errno` says which. */
export interface Native {
  /** What stands in `errno` after a call that failed, by name: `EINPROGRESS`. */
  lastError(): string;
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array): number;
  send(fd: number, data: Uint8Array, length: number, flags: number): number;
  recv(fd: number, data: Uint8Array, length: number, flags: number): number;
  sendto(
    fd: number,
    data: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    size: number,
  ): number;
  recvfrom(
    fd: number,
    data: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    size: Uint32Array,
  ): number;
  flock(fd: number, operation: number): number;
  setns(fd: number, kind: number): number;
  epollCreate(flags: number): number;
  epollControl(fd: number, operation: number, of: number, event: Uint8Array): number;
  /** Waits in another thread: the answer is what `epoll_wait` returns. */
  epollWait(fd: number, events: Uint8Array, most: number, timeoutMs: number): Promise<number>;
}

let loaded: Native | undefined;

/**
 * libc, through the optional package `koffi`.
 *
 * @throws LabError in one sentence where a lab cannot be: not Linux, not root, or without `koffi`
 */
export async function loadNative(): Promise<Native> {
  if (loaded !== undefined) return loaded;
  requireMachine();
  let koffi: typeof Koffi;
  try {
    koffi = await import('koffi');
  } catch (error) {
    throw new LabError(
      'a lab needs the package koffi, which could not be loaded',
      'npm install koffi',
      error,
    );
  }
  return (loaded = bindings(koffi));
}

/**
 * Checks that this machine can have a lab at all.
 *
 * @throws LabError when it is not Linux, or nobody of importance is asking
 */
export function requireMachine(): void {
  if (process.platform !== 'linux')
    throw new LabError(
      `a lab needs Linux, for network namespaces and nftables, and this is ${process.platform}`,
    );
  if (process.getuid?.() !== 0)
    throw new LabError('a lab needs root, for it makes network namespaces', 'sudo podwall lab …');
}

function bindings(koffi: typeof Koffi): Native {
  // The process itself: its libc, whichever it is.
  const libc = koffi.load(null);
  const wait = libc.func('int epoll_wait(int, void *, int, int)') as Koffi.KoffiFunc<
    (fd: number, events: Uint8Array, most: number, timeoutMs: number) => number
  >;
  return {
    lastError: () => errorName(koffi.errno()),
    socket: libc.func('int socket(int, int, int)'),
    bind: libc.func('int bind(int, const void *, uint32_t)'),
    connect: libc.func('int connect(int, const void *, uint32_t)'),
    listen: libc.func('int listen(int, int)'),
    setsockopt: libc.func('int setsockopt(int, int, int, const void *, uint32_t)'),
    getsockopt: libc.func('int getsockopt(int, int, int, void *, void *)'),
    send: libc.func('intptr_t send(int, const void *, size_t, int)'),
    recv: libc.func('intptr_t recv(int, void *, size_t, int)'),
    sendto: libc.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)'),
    recvfrom: libc.func('intptr_t recvfrom(int, void *, size_t, int, void *, void *)'),
    flock: libc.func('int flock(int, int)'),
    setns: libc.func('int setns(int, int)'),
    epollCreate: libc.func('int epoll_create1(int)'),
    epollControl: libc.func('int epoll_ctl(int, int, int, void *)'),
    epollWait: async (fd, events, most, timeoutMs) =>
      new Promise((resolve, reject) => {
        wait.async(fd, events, most, timeoutMs, (error: unknown, count) => {
          if (error instanceof Error) reject(error);
          else resolve(count);
        });
      }),
  };
}

/** Of two names for one number the first counts: EAGAIN, not EWOULDBLOCK. */
const errorNames: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno)
    .map(([name, code]): [number, string] => [code, name])
    .toReversed(),
);

/** The name of a number of `errno`. */
export function errorName(code: number): string {
  return errorNames.get(code) ?? `errno ${code}`;
}

const networkNamespace = 0x4000_0000;

/** Network namespaces by name, and the way into them and back. */
export class Namespaces {
  readonly #native: Native;
  readonly #home = openSync('/proc/self/ns/net', 'r');
  readonly #open = new Map<string, number>();

  constructor(native: Native) {
    this.#native = native;
  }

  /**
   * Runs `act` with this thread in a namespace. What it makes belongs there for good: sockets, and processes that it
   * starts. It must be done when it returns: what comes a tick later is outside again.
   *
   * @param name - as under /run/netns
   * @throws LabError when there is no such namespace
   */
  within<T>(name: string, act: () => T): T {
    const fd = this.#fdOf(name);
    if (this.#native.setns(fd, networkNamespace) !== 0)
      throw new LabError(`cannot enter the network namespace ${name}: ${this.#native.lastError()}`);
    try {
      return act();
    } finally {
      // A thread that stays where it does not belong would do all else there.
      if (this.#native.setns(this.#home, networkNamespace) !== 0) process.abort();
    }
  }

  /** Lets go of a namespace, so that it can end. */
  forget(name: string): void {
    const fd = this.#open.get(name);
    if (fd !== undefined) closeSync(fd);
    this.#open.delete(name);
  }

  /** Lets go of all. */
  close(): void {
    for (const name of this.#open.keys()) this.forget(name);
    closeSync(this.#home);
  }

  #fdOf(name: string): number {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    let fd: number;
    try {
      fd = openSync(`/run/netns/${name}`, 'r');
    } catch (error) {
      throw new LabError(`there is no network namespace ${name}`, undefined, error);
    }
    this.#open.set(name, fd);
    return fd;
  }
}
