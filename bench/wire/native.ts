// The system calls that the bench of the data plane needs and that Node does not offer: to be in another network namespace
// for a moment, sockets whose calls block, many packets in one call. Linux on 64-bit little-endian machines.
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const setns = libc.func('int setns(int fd, int kind)');
const setAffinity = libc.func('int sched_setaffinity(int thread, size_t length, void *mask)');
const getName = libc.func('int getsockname(int fd, void *address, void *length)');
const openSocket = libc.func('int socket(int domain, int type, int protocol)');
const bindSocket = libc.func('int bind(int fd, void *address, uint32_t length)');
const connectSocket = libc.func('int connect(int fd, void *address, uint32_t length)');
const listenSocket = libc.func('int listen(int fd, int backlog)');
const acceptSocket = libc.func('int accept(int fd, void *address, void *length)');
const option = libc.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)');
const readBytes = libc.func('int64_t recv(int fd, void *bytes, size_t length, int flags)');
const writeBytes = libc.func('int64_t send(int fd, void *bytes, size_t length, int flags)');
const sendTo = libc.func(
  'int64_t sendto(int fd, void *bytes, size_t length, int flags, void *address, uint32_t size)',
);
const closeSocket = libc.func('int close(int fd)');
const sendMany = libc.func('int sendmmsg(int fd, void *messages, uint32_t count, int flags)');
const receiveMany = libc.func(
  'int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)',
);

const netKind = 0x4000_0000; // CLONE_NEWNET
const family4 = 2; // AF_INET
const stream = 1;
const datagram = 2;
const socketLevel = 1;
const reuseAddress = 2;
const lingering = 13;
const receiveBufferForced = 33;
const sendTimeout = 21;
const dontWait = 0x40;
const noSignal = 0x4000;

/** Runs `work` in the network namespace of this name; sockets that it opens belong there for good. */
export function inside<T>(namespace: string, work: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const there = openSync(`/run/netns/${namespace}`, 'r');
  try {
    check(Number(setns(there, netKind)), 'setns');
    return work();
  } finally {
    check(Number(setns(home, netKind)), 'setns');
    closeSync(there);
    closeSync(home);
  }
}

/** Keeps this thread on one processor, so that no measurement depends on where the scheduler puts it. */
export function pin(processor: number): void {
  const mask = Buffer.alloc(128); // 1024 processors, as the kernel's own cpumask
  mask.writeUInt8(1 << (processor % 8), processor >> 3);
  check(Number(setAffinity(0, mask.length, mask)), 'sched_setaffinity');
}

function check(result: number, call: string): number {
  if (result < 0) throw new Error(`${call}: errno ${koffi.errno()}`);
  return result;
}

/** struct sockaddr_in. */
function socketAddress(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(family4, 0);
  bytes.writeUInt16BE(port, 2);
  address.split('.').forEach((octet, index) => bytes.writeUInt8(Number(octet), 4 + index));
  return bytes;
}

function optionOf(fd: number, name: number, ...numbers: readonly number[]): void {
  const value = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, index) => value.writeInt32LE(number, 4 * index));
  check(Number(option(fd, socketLevel, name, value, value.length)), 'setsockopt');
}

/** UDP datagrams of one size, `batch` in one system call, from one socket to one address. */
export class Sender {
  readonly #fd: number;
  readonly #batch: number;
  readonly #addresses: Buffer;
  readonly #payload: Buffer;
  readonly #headers: Buffer;
  readonly #vectors: Buffer;

  /** The socket is opened in the namespace that the thread is in; source port 0 is any that is free. */
  constructor(
    source: readonly [address: string, port: number],
    [destination, port]: readonly [address: string, port: number],
    batch: number,
    bytes = 32,
  ) {
    this.#fd = check(Number(openSocket(family4, datagram, 0)), 'socket');
    const from = socketAddress(...source);
    check(Number(bindSocket(this.#fd, from, from.length)), 'bind');
    this.#batch = batch;
    this.#payload = Buffer.alloc(bytes * batch);
    this.#addresses = Buffer.concat(Array.from({ length: batch }, () => socketAddress(destination, port)));
    // struct iovec { void *base; size_t length; }, struct mmsghdr { struct msghdr; unsigned length; }
    this.#vectors = Buffer.alloc(16 * batch);
    this.#headers = Buffer.alloc(64 * batch);
    for (let i = 0; i < batch; i++) {
      this.#vectors.writeBigUInt64LE(koffi.address(this.#payload) + BigInt(bytes * i), 16 * i);
      this.#vectors.writeBigUInt64LE(BigInt(bytes), 16 * i + 8);
      this.#headers.writeBigUInt64LE(koffi.address(this.#addresses) + BigInt(16 * i), 64 * i);
      this.#headers.writeUInt32LE(16, 64 * i + 8);
      this.#headers.writeBigUInt64LE(koffi.address(this.#vectors) + BigInt(16 * i), 64 * i + 16);
      this.#headers.writeBigUInt64LE(1n, 64 * i + 24);
    }
  }

  /** The ports that the next batches go to, one after the other: each datagram of another flow. */
  aim(firstPort: number): void {
    for (let i = 0; i < this.#batch; i++) this.#addresses.writeUInt16BE(firstPort + i, 16 * i + 2);
  }

  /** @returns how many datagrams left */
  send(): number {
    return check(Number(sendMany(this.#fd, this.#headers, this.#batch, 0)), 'sendmmsg');
  }

  close(): void {
    closeSocket(this.#fd);
  }
}

/** Counts the UDP datagrams that arrive at a port. */
export class Counter {
  readonly #fd: number;
  readonly #headers: Buffer;
  readonly #batch = 256;
  readonly #vectors: Buffer;
  readonly #bytes: Buffer;

  /** The socket is opened in the namespace that the thread is in. */
  constructor(address: string, port: number) {
    this.#fd = check(Number(openSocket(family4, datagram, 0)), 'socket');
    optionOf(this.#fd, receiveBufferForced, 1 << 26);
    const at = socketAddress(address, port);
    check(Number(bindSocket(this.#fd, at, at.length)), 'bind');
    this.#bytes = Buffer.alloc(64 * this.#batch);
    this.#vectors = Buffer.alloc(16 * this.#batch);
    this.#headers = Buffer.alloc(64 * this.#batch);
    for (let i = 0; i < this.#batch; i++) {
      this.#vectors.writeBigUInt64LE(koffi.address(this.#bytes) + BigInt(64 * i), 16 * i);
      this.#vectors.writeBigUInt64LE(64n, 16 * i + 8);
      this.#headers.writeBigUInt64LE(koffi.address(this.#vectors) + BigInt(16 * i), 64 * i + 16);
      this.#headers.writeBigUInt64LE(1n, 64 * i + 24);
    }
  }

  /** How many have arrived since it was asked last. */
  drain(): number {
    let all = 0;
    for (;;) {
      const count = Number(receiveMany(this.#fd, this.#headers, this.#batch, dontWait, null));
      if (count <= 0) return all;
      all += count;
    }
  }

  /** Sends one datagram back, so that connection tracking has seen both directions of that flow. */
  answer(address: string, port: number): void {
    const to = socketAddress(address, port);
    check(Number(sendTo(this.#fd, this.#bytes, 32, 0, to, to.length)), 'sendto');
  }

  close(): void {
    closeSocket(this.#fd);
  }
}

/** A TCP server that answers each connection with one byte, for as long as its thread lives. */
export class OneByteServer {
  readonly #fd: number;

  /** The socket is opened in the namespace that the thread is in. */
  constructor(address: string, port: number) {
    this.#fd = check(Number(openSocket(family4, stream, 0)), 'socket');
    optionOf(this.#fd, reuseAddress, 1);
    const at = socketAddress(address, port);
    check(Number(bindSocket(this.#fd, at, at.length)), 'bind');
    check(Number(listenSocket(this.#fd, 1024)), 'listen');
  }

  /** Serves so many connections, and returns. */
  serve(connections: number): void {
    const byte = Buffer.from('x');
    for (let i = 0; i < connections; i++) {
      const fd = check(Number(acceptSocket(this.#fd, null, null)), 'accept');
      writeBytes(fd, byte, 1, 0);
      readBytes(fd, byte, 1, 0); // until the other end closes
      closeSocket(fd);
    }
  }
}

/** Connects, reads one byte, closes; so often. */
export function connectOften(address: string, port: number, times: number): void {
  const at = socketAddress(address, port);
  const byte = Buffer.alloc(1);
  for (let i = 0; i < times; i++) {
    const fd = check(Number(openSocket(family4, stream, 0)), 'socket');
    check(Number(connectSocket(fd, at, at.length)), 'connect');
    if (Number(readBytes(fd, byte, 1, 0)) !== 1) throw new Error(`recv: errno ${koffi.errno()}`);
    optionOf(fd, lingering, 1, 0); // a reset: no port waits for a minute
    closeSocket(fd);
  }
}

/** Both ends of one conversation over TCP or UDP, each in its own namespace. */
export class Talk {
  readonly #client: number;
  readonly #server: number;

  private constructor(client: number, server: number) {
    this.#client = client;
    this.#server = server;
  }

  /**
   * Opens one from an address of one namespace to an address and a free port of the other.
   *
   * @throws Error when it does not come about within two seconds
   */
  static open(
    kind: 'tcp' | 'udp',
    from: readonly [string, string],
    to: readonly [string, string, number],
  ): Talk {
    const [clientNamespace, clientAddress] = from;
    const [serverNamespace, serverAddress, port] = to;
    const type = kind === 'tcp' ? stream : datagram;
    const at = socketAddress(serverAddress, port);
    const listener = inside(serverNamespace, () => check(Number(openSocket(family4, type, 0)), 'socket'));
    optionOf(listener, reuseAddress, 1);
    check(Number(bindSocket(listener, at, at.length)), 'bind');
    if (kind === 'tcp') check(Number(listenSocket(listener, 1)), 'listen');
    const client = inside(clientNamespace, () => check(Number(openSocket(family4, type, 0)), 'socket'));
    optionOf(client, sendTimeout, 2, 0, 0, 0); // of connect, too: struct timeval, 64 bits each
    const own = socketAddress(clientAddress, 0);
    check(Number(bindSocket(client, own, own.length)), 'bind');
    check(Number(connectSocket(client, at, at.length)), 'connect');
    if (kind === 'tcp') {
      const accepted = check(Number(acceptSocket(listener, null, null)), 'accept');
      closeSocket(listener);
      return new Talk(client, accepted);
    }
    // The server of UDP answers whom it has heard.
    const name = Buffer.alloc(16);
    const size = Buffer.from([16, 0, 0, 0]);
    check(Number(getName(client, name, size)), 'getsockname');
    check(Number(connectSocket(listener, name, name.length)), 'connect');
    return new Talk(client, listener);
  }

  /** Sends one byte from this end; a connection that was reset takes none. */
  say(end: 'client' | 'server'): void {
    writeBytes(end === 'client' ? this.#client : this.#server, Buffer.from('x'), 1, dontWait | noSignal);
  }

  /** How many bytes have arrived at this end and were not asked for yet. */
  hear(end: 'client' | 'server'): number {
    const bytes = Buffer.alloc(64);
    let all = 0;
    for (;;) {
      const count = Number(readBytes(end === 'client' ? this.#client : this.#server, bytes, 64, dontWait));
      if (count <= 0) return all;
      all += count;
    }
  }

  close(): void {
    for (const fd of [this.#client, this.#server]) {
      optionOf(fd, lingering, 1, 0);
      closeSocket(fd);
    }
  }
}
