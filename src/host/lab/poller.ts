import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import process from 'node:process';
import { LabError } from './error.ts';
import type { Native } from './native.ts';

/** What happened at a socket, as bits of epoll. */
export const ready = { read: 0x1, write: 0x4, error: 0x8, hangup: 0x10 } as const;

const control = { add: 1, modify: 3 } as const;
const closeOnExec = 0o2000000;
/** The kernel packs the structure on these alone; elsewhere its second field is aligned to eight bytes. */
const isPacked = process.arch === 'x64' || process.arch === 'ia32';
const eventSize = isPacked ? 12 : 16;
const dataAt = isPacked ? 4 : 8;
const isLittle = endianness() === 'LE';

/** So many events are fetched at once. */
const mostEvents = 512;
/** A wait ends at the latest then, so that a process whose sockets are all closed can end. */
const waitMs = 200;

/** Waits for many sockets that Node has no handle for: their descriptors are plain numbers. */
export class Poller {
  readonly #native: Native;
  readonly #fd: number;
  /** By number of registration: a descriptor may be used again before an old event of it is seen. */
  readonly #handlers = new Map<number, (events: number) => void>();
  readonly #numbers = new Map<number, number>();
  readonly #event = new DataView(new ArrayBuffer(eventSize));
  readonly #events = new DataView(new ArrayBuffer(eventSize * mostEvents));
  #next = 1;
  #isWaiting = false;

  constructor(native: Native) {
    this.#native = native;
    this.#fd = native.epollCreate(closeOnExec);
    if (this.#fd < 0) throw new LabError(`cannot wait for sockets: ${native.lastError()}`);
  }

  /** Calls `handler` whenever one of `events` holds, until the socket is closed. */
  add(fd: number, events: number, handler: (events: number) => void): void {
    const number = this.#next++;
    this.#control(control.add, fd, events, number);
    this.#numbers.set(fd, number);
    this.#handlers.set(number, handler);
    this.#wait();
  }

  /** Waits for other events of a socket from now on. */
  change(fd: number, events: number): void {
    this.#control(control.modify, fd, events, this.#numbers.get(fd) ?? 0);
  }

  /** Closes a socket, which ends the waiting for it. */
  close(fd: number): void {
    const number = this.#numbers.get(fd);
    if (number !== undefined) this.#handlers.delete(number);
    this.#numbers.delete(fd);
    closeSync(fd);
  }

  #control(operation: number, fd: number, events: number, number: number): void {
    this.#event.setUint32(0, events, isLittle);
    this.#event.setUint32(dataAt, number, isLittle);
    if (this.#native.epollControl(this.#fd, operation, fd, bytesOf(this.#event)) !== 0)
      throw new LabError(`cannot wait for a socket: ${this.#native.lastError()}`);
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    void this.#loop();
  }

  async #loop(): Promise<void> {
    while (this.#handlers.size > 0) {
      const count = await this.#native.epollWait(this.#fd, bytesOf(this.#events), mostEvents, waitMs);
      // Copied first: a handler may register sockets, and nothing else may move what is being read.
      const seen = Array.from({ length: Math.max(0, count) }, (_, i) => ({
        events: this.#events.getUint32(i * eventSize, isLittle),
        number: this.#events.getUint32(i * eventSize + dataAt, isLittle),
      }));
      for (const { events, number } of seen) this.#handlers.get(number)?.(events);
    }
    this.#isWaiting = false;
  }
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}
