// A thread that sends two streams of datagrams, in turn, as fast as one core can, until it is told to stop; or one that counts
// what arrives of both.
import { parentPort, workerData } from 'node:worker_threads';
import { Counter, inside, Sender } from './native.ts';

/** What the thread is given. */
export interface StreamTask {
  readonly role: 'send' | 'count';
  readonly namespace: string;
  /** Source and destination of either stream. */
  readonly streams: readonly { readonly from: string; readonly to: string; readonly port: number }[];
  /** One number: not 0 once it is time to stop. */
  readonly stop: SharedArrayBuffer;
}

const { role, namespace, streams, stop } = workerData as StreamTask;
const stopped = new Int32Array(stop);
const totals = streams.map(() => 0);
const add = (index: number, count: number): void => {
  totals[index] = (totals[index] ?? 0) + count;
};

if (role === 'send') {
  const senders = inside(namespace, () =>
    streams.map(({ from, to, port }) => new Sender([from, 0], [to, port], 32)),
  );
  parentPort?.postMessage('ready', []);
  while (Atomics.load(stopped, 0) === 0) senders.forEach((sender, index) => add(index, sender.send()));
} else {
  const counters = inside(namespace, () => streams.map(({ to, port }) => new Counter(to, port)));
  parentPort?.postMessage('ready', []);
  while (Atomics.wait(stopped, 0, 0, 2) === 'timed-out')
    counters.forEach((counter, index) => add(index, counter.drain()));
  // The last packets are still on their way.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  counters.forEach((counter, index) => add(index, counter.drain()));
}
parentPort?.postMessage(totals, []);
