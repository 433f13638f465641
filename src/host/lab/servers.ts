import { randomInt } from 'node:crypto';
import { Server } from 'node:net';
import type { Socket } from 'node:net';
import { formatAddress } from '../../net/index.ts';
import type { Address, Protocol } from '../../net/index.ts';
import { LabError } from './error.ts';
import type { Namespaces, Native } from './native.ts';
import { ready } from './poller.ts';
import type { Poller } from './poller.ts';
import { readSctp, withoutIPv4Header, writeSctp } from './sctp.ts';
import { bindSocket, openSocket, readSocketAddress, socketAddress } from './sockets.ts';

/** What listens in one namespace. */
export interface Listening {
  readonly namespace: string;
  /** Who answers, in the first line of every answer. */
  readonly name: string;
  /** The addresses of the namespace that datagrams may come to. */
  readonly addresses: readonly Address[];
  readonly ports: readonly { readonly protocol: Protocol; readonly port: number }[];
}

/** Opens a socket, and gives what closes it. */
type MakeSocket = () => Promise<() => void> | (() => void);

/** A datagram may be so long. */
const mostBytes = 65_536;
/** So many datagrams of one socket are answered before others have their turn. */
const inTurn = 64;

/**
 * The echo servers of a lab, all of one process: each says who it is, then gives back what it is sent. HTTP is answered in
 * HTTP, so that curl is content.
 */
export class EchoServers {
  readonly #native: Native;
  readonly #namespaces: Namespaces;
  readonly #poller: Poller;
  /** By namespace, then by protocol, port and address: how to close each. */
  readonly #open = new Map<string, Map<string, () => void>>();
  readonly #sctpPorts = new Map<string, ReadonlySet<number>>();
  readonly #names = new Map<string, string>();
  readonly #buffer = new Uint8Array(mostBytes);

  constructor(native: Native, namespaces: Namespaces, poller: Poller) {
    this.#native = native;
    this.#namespaces = namespaces;
    this.#poller = poller;
  }

  /** How many sockets listen. */
  get count(): number {
    return [...this.#open.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Makes a namespace listen on just these ports; what listened before and still should goes on.
   *
   * @throws LabError when something else in the namespace has the port
   */
  async listen(listening: Listening): Promise<void> {
    const { namespace } = listening;
    this.narrow(listening);
    const open = this.#open.get(namespace) ?? new Map<string, () => void>();
    this.#open.set(namespace, open);
    this.#names.set(namespace, listening.name);
    for (const [key, make] of this.#wanted(listening)) if (!open.has(key)) open.set(key, await make());
  }

  /** Closes what a namespace should not listen on any more, and opens nothing. */
  narrow(listening: Listening): void {
    const { namespace, ports } = listening;
    const wanted = this.#wanted(listening);
    const open = this.#open.get(namespace);
    this.#sctpPorts.set(
      namespace,
      new Set(ports.filter(({ protocol }) => protocol === 'SCTP').map(({ port }) => port)),
    );
    for (const [key, close] of open ?? []) {
      if (wanted.has(key)) continue;
      close();
      open?.delete(key);
    }
  }

  /** By what it is known by, how each socket of a namespace is made. */
  #wanted({ namespace, addresses, ports }: Listening): ReadonlyMap<string, MakeSocket> {
    const wanted = new Map<string, MakeSocket>();
    for (const { protocol, port } of ports) {
      if (protocol === 'TCP') wanted.set(`TCP ${port}`, async () => this.#tcp(namespace, port));
    }
    for (const address of addresses) {
      for (const { protocol, port } of ports) {
        if (protocol !== 'UDP') continue;
        wanted.set(`UDP ${port} ${formatAddress(address)}`, () => this.#udp(namespace, address, port));
      }
      if (ports.some(({ protocol }) => protocol === 'SCTP'))
        wanted.set(`SCTP ${formatAddress(address)}`, () => this.#sctp(namespace, address));
    }
    return wanted;
  }

  /** Closes all that listens in a namespace. */
  forget(namespace: string): void {
    for (const close of this.#open.get(namespace)?.values() ?? []) close();
    this.#open.delete(namespace);
    this.#sctpPorts.delete(namespace);
    this.#names.delete(namespace);
  }

  #says(namespace: string, protocol: Protocol, port: number): string {
    return `${this.#names.get(namespace) ?? namespace} ${protocol} ${port}\n`;
  }

  async #tcp(namespace: string, port: number): Promise<() => void> {
    const connected = new Set<Socket>();
    const server = new Server({ allowHalfOpen: true, noDelay: true }, (socket) => {
      connected.add(socket);
      socket.on('close', () => connected.delete(socket));
      // Who connects may go whenever they like.
      socket.on('error', () => socket.destroy());
      greet(socket, () => this.#says(namespace, 'TCP', port));
    });
    const listening = new Promise<void>((resolve, reject) => {
      server.once('listening', resolve);
      server.once('error', (error) =>
        reject(new LabError(`cannot listen on TCP ${port} in ${namespace}: ${error.message}`)),
      );
    });
    // Without a host the socket is made and bound before this returns, so in the namespace.
    this.#namespaces.within(namespace, () => server.listen({ port }));
    await listening;
    server.on('error', () => undefined);
    return () => {
      server.close();
      for (const socket of connected) socket.destroy();
    };
  }

  #udp(namespace: string, address: Address, port: number): () => void {
    const native = this.#native;
    const fd = this.#namespaces.within(namespace, () => openSocket(native, 'udp', address.family));
    bindSocket(native, fd, address, port);
    this.#poller.add(fd, ready.read, () => {
      const from = new Uint8Array(28);
      for (let i = 0; i < inTurn; i++) {
        const size = new Uint32Array([from.length]);
        const length = native.recvfrom(fd, this.#buffer, mostBytes, 0, from, size);
        if (length < 0) return;
        const answer = Buffer.concat([
          Buffer.from(this.#says(namespace, 'UDP', port)),
          this.#buffer.subarray(0, length),
        ]);
        // The longest datagram has no room for a name in front.
        const sent = answer.subarray(0, Math.min(answer.length, mostPayload));
        native.sendto(fd, sent, sent.length, 0, from, size[0] ?? 0);
      }
    });
    return () => this.#poller.close(fd);
  }

  #sctp(namespace: string, address: Address): () => void {
    const native = this.#native;
    const fd = this.#namespaces.within(namespace, () => openSocket(native, 'sctp', address.family));
    bindSocket(native, fd, address, 0);
    this.#poller.add(fd, ready.read, () => {
      const from = new Uint8Array(28);
      for (let i = 0; i < inTurn; i++) {
        const size = new Uint32Array([from.length]);
        const length = native.recvfrom(fd, this.#buffer, mostBytes, 0, from, size);
        if (length < 0) return;
        const bytes = this.#buffer.subarray(0, length);
        const packet = readSctp(address.family === 'IPv4' ? withoutIPv4Header(bytes) : bytes);
        if (packet?.chunk !== 'INIT') continue;
        if (this.#sctpPorts.get(namespace)?.has(packet.destinationPort) !== true) continue;
        const answer = writeSctp({
          sourcePort: packet.destinationPort,
          destinationPort: packet.sourcePort,
          initiateTag: randomInt(1, 2 ** 32),
          verificationTag: packet.initiateTag,
          answer: true,
        });
        const to = socketAddress(readSocketAddress(from).address, 0);
        native.sendto(fd, answer, answer.length, 0, to, to.length);
      }
    });
    return () => this.#poller.close(fd);
  }
}

/** 65,535 less the headers of IPv4 and UDP. */
const mostPayload = 65_507;

/** Answers the first words of a connection, then echoes. */
function greet(socket: Socket, says: () => string): void {
  socket.once('data', (first: Buffer) => {
    if (/^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+ HTTP\/1\.[01]\r?\n/.test(first.toString('latin1'))) {
      const body = first.subarray(0, 5).toString('latin1') === 'HEAD ' ? '' : says();
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
      socket.resume();
      return;
    }
    socket.write(says());
    socket.write(first);
    socket.pipe(socket);
  });
  socket.once('end', () => socket.end());
}
