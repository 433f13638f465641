// A thread that serves TCP connections: its calls block. Says `listening`, then serves as many connections as it is told.
import { parentPort, workerData } from 'node:worker_threads';
import { inside, OneByteServer, pin } from './native.ts';

const { namespace, address, port, processor } = workerData as {
  readonly namespace: string;
  readonly address: string;
  readonly port: number;
  readonly processor: number;
};
pin(processor);
const server = inside(namespace, () => new OneByteServer(address, port));
parentPort?.on('message', (connections: number) => server.serve(connections));
parentPort?.postMessage('listening', []);
