import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { bitsOf, formatAddress, parseAddress } from '../../net/index.ts';
import type { Address } from '../../net/index.ts';
import { LabError } from './error.ts';
import type { Native } from './native.ts';

/** The kinds of sockets that a lab makes. */
export type SocketKind = 'tcp' | 'udp' | 'sctp';

// Of Linux, the same on every architecture that Node runs on but MIPS.
const domain = { IPv4: 2, IPv6: 10 } as const;
const type = { stream: 1, datagram: 2, raw: 3, nonBlocking: 0o4000, closeOnExec: 0o2000000 } as const;
const sctp = 132;
const option = { socket: 1, error: 4, linger: 13, ipv6: 41, onlyIPv6: 26 } as const;
const isLittle = endianness() === 'LE';

/**
 * A socket that waits for nothing; it belongs to the namespace that the thread is in. The kernel may have no SCTP, so that
 * of kind `sctp` is raw: it gets all SCTP packets of its namespace.
 */
export function openSocket(native: Native, kind: SocketKind, family: Address['family']): number {
  const shape = { tcp: type.stream, udp: type.datagram, sctp: type.raw }[kind];
  const fd = native.socket(
    domain[family],
    shape | type.nonBlocking | type.closeOnExec,
    kind === 'sctp' ? sctp : 0,
  );
  if (fd < 0) throw new LabError(`cannot make a ${kind} socket: ${native.lastError()}`);
  if (family === 'IPv6') setOption(native, fd, option.ipv6, option.onlyIPv6, 1);
  return fd;
}

/**
 * Binds a socket to an address of its namespace; port 0 is one that nobody has.
 *
 * @throws LabError when it is taken, or is not there
 */
export function bindSocket(native: Native, fd: number, address: Address, port: number): void {
  const name = socketAddress(address, port);
  if (native.bind(fd, name, name.length) === 0) return;
  const reason = native.lastError();
  closeSync(fd);
  throw new LabError(`cannot bind ${formatAddress(address)} port ${port}: ${reason}`);
}

/** Makes the end of a TCP connection a reset: nothing of it stays, however many there were. */
export function resetOnClose(native: Native, fd: number): void {
  native.setsockopt(fd, option.socket, option.linger, new Uint8Array(new Int32Array([1, 0]).buffer), 8);
}

/** What has gone wrong with a socket since it was last asked: 0 is nothing, else a number of `errno`. */
export function socketError(native: Native, fd: number): number {
  const value = new Int32Array(1);
  native.getsockopt(fd, option.socket, option.error, new Uint8Array(value.buffer), new Uint32Array([4]));
  return value[0] ?? 0;
}

function setOption(native: Native, fd: number, level: number, name: number, value: number): void {
  native.setsockopt(fd, level, name, new Uint8Array(new Int32Array([value]).buffer), 4);
}

/** `sockaddr_in` or `sockaddr_in6`. */
export function socketAddress({ family, value }: Address, port: number): Uint8Array {
  const bytes = new Uint8Array(family === 'IPv4' ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, domain[family], isLittle);
  view.setUint16(2, port);
  const at = family === 'IPv4' ? 4 : 8;
  const size = bitsOf(family) / 8;
  for (let i = 0; i < size; i++) bytes[at + i] = Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn);
  return bytes;
}

/** The address and port of a `sockaddr_in` or `sockaddr_in6` that the kernel has filled in. */
export function readSocketAddress(bytes: Uint8Array): { readonly address: Address; readonly port: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.getUint16(0, isLittle) === domain.IPv4 ? 'IPv4' : 'IPv6';
  const at = family === 'IPv4' ? 4 : 8;
  let value = 0n;
  for (let i = 0; i < bitsOf(family) / 8; i++) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
  return { address: { family, value }, port: view.getUint16(2) };
}

/**
 * The address that a text is.
 *
 * @throws LabError when it is none
 */
export function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new LabError(`${text} is no address`);
  return address;
}
