// What a packet and a connection cost through a node with so many policies, beside a node without any and beside a list of
// rules that means the same. One line of JSON.
//
//     node bench/wire/packets.ts                       1, 100, 1,000 and 10,000 policies, 150,000 peers; two minutes
//     node bench/wire/packets.ts --policies 1,100 --peers 1000 --rounds 1
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { connectOften, Counter, inside, pin, Sender } from './native.ts';
import { runIn, whyNoWire, withWire } from './network.ts';
import type { Wire } from './network.ts';
import { listOf, loadsOf, nothing, rulesetOf } from './rules.ts';

/** What is loaded. */
export type Rules = 'nothing' | 'podwall' | 'list';

/** The least of several measurements. */
export interface PacketCost {
  readonly rules: Rules;
  readonly policies: number;
  readonly loadMs: number;
  /** Of a packet of a flow that both ends have used, in nanoseconds. */
  readonly establishedNs: number;
  /** Of the first packet of a flow. */
  readonly newFlowNs: number;
  /** Of a TCP connection: connect, one byte, close. */
  readonly connectionNs: number;
  /** Datagrams of the admitted client that were sent and that arrived, and of the stranger. */
  readonly admitted: readonly [sent: number, arrived: number];
  readonly denied: readonly [sent: number, arrived: number];
}

/** The answer of this script. */
export interface Packets {
  readonly peers: number;
  readonly costs: readonly PacketCost[];
}

const { values } = parseArgs({
  options: {
    policies: { type: 'string', default: '1,100,1000,10000' },
    peers: { type: 'string', default: '150000' },
    rounds: { type: 'string', default: '2' },
  },
});
const why = whyNoWire();
if (why !== undefined) throw new Error(why);
const sizes = values.policies.split(',').map(Number);
const peers = Number(values.peers);
const batch = 64;
const udpPort = 9000;
const tcpPort = 9001;
const clientPort = 900;
/**
 * Both ends work on one processor, so that the time of a connection is the work that it takes: on two, it is mostly that
 * of waking the other, and anything from 60 to 95 µs by where the scheduler puts them.
 */
const processor = 0;
pin(processor);

const folder = mkdtempSync(join(tmpdir(), 'podwall-wire-'));
try {
  const costs = await withWire(measureAll);
  console.log(JSON.stringify({ peers, costs } satisfies Packets));
} finally {
  rmSync(folder, { recursive: true });
}

async function measureAll(wire: Wire): Promise<readonly PacketCost[]> {
  const largest = Math.max(...sizes);
  const texts: readonly (readonly [Rules, number, () => readonly string[]])[] = [
    ['nothing', 0, () => [nothing]],
    ...sizes.map((n) => ['podwall', n, () => loadsOf(rulesetOf(wire, n, peers))] as const),
    ['list', 1, () => [listOf(wire, 1, peers)]],
    ['list', largest, () => [listOf(wire, largest, peers)]],
  ];
  const found = new Map<string, PacketCost>();
  const ends = await open(wire);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [rules, policies, textsOf] of texts) {
      const loadMs = load(wire, textsOf());
      const measured = { rules, policies, loadMs, ...measure(wire, ends) };
      const key = `${rules} ${policies}`;
      found.set(key, least(found.get(key), measured));
    }
  }
  await ends.server.terminate();
  return [...found.values()];
}

/** The sockets of both pods, open for the whole run. */
interface Ends {
  readonly client: Sender;
  readonly established: Sender;
  readonly stranger: Sender;
  readonly arrived: Counter;
  readonly server: Worker;
}

async function open(wire: Wire): Promise<Ends> {
  const { clientAddress, serverAddress, stranger } = wire;
  const at = [serverAddress, udpPort] as const;
  const server = new Worker(fileURLToPath(new URL('one-byte-server.ts', import.meta.url)), {
    workerData: { namespace: wire.server, address: serverAddress, port: tcpPort, processor },
  });
  await once(server, 'message');
  return {
    server,
    client: inside(wire.client, () => new Sender([clientAddress, 0], at, batch)),
    established: inside(wire.client, () => new Sender([clientAddress, clientPort], at, batch)),
    stranger: inside(wire.client, () => new Sender([stranger, 0], at, batch)),
    arrived: inside(wire.server, () => new Counter(serverAddress, udpPort)),
  };
}

function load(wire: Wire, texts: readonly string[]): number {
  runIn(wire.node, 'nft', 'flush', 'ruleset');
  const files = texts.map((text, index) => {
    const file = join(folder, `${index}.nft`);
    writeFileSync(file, text);
    return file;
  });
  const start = performance.now();
  for (const file of files) runIn(wire.node, 'nft', '-f', file);
  return performance.now() - start;
}

type Measured = Omit<PacketCost, 'rules' | 'policies' | 'loadMs'>;

function measure(wire: Wire, { client, established, stranger, arrived, server }: Ends): Measured {
  const forget = (): void => void runIn(wire.node, 'conntrack', '-F');
  const newFlow: number[] = [];
  const oldFlow: number[] = [];
  const connection: number[] = [];
  arrived.drain();
  for (let repeat = 0; repeat < 3; repeat++) {
    forget();
    newFlow.push(
      perUnit(() => {
        let sent = 0;
        for (let port = 10_000; port < 42_000; port += batch) {
          client.aim(port);
          sent += client.send();
        }
        return sent;
      }),
    );
  }
  forget();
  let admitted = established.send();
  let came = arrived.drain();
  arrived.answer(wire.clientAddress, clientPort);
  for (let repeat = 0; repeat < 5; repeat++) {
    oldFlow.push(
      perUnit(() => {
        let sent = 0;
        for (let i = 0; i < 300; i++) sent += established.send();
        admitted += sent;
        return sent;
      }),
    );
    came += arrived.drain();
  }
  let denied = 0;
  for (let i = 0; i < 10; i++) denied += stranger.send();
  const leaked = arrived.drain();
  for (let repeat = 0; repeat < 3; repeat++) {
    const times = 3000;
    server.postMessage(times, []);
    connection.push(
      perUnit(() => {
        inside(wire.client, () => connectOften(wire.serverAddress, tcpPort, times));
        return times;
      }),
    );
  }
  return {
    establishedNs: Math.min(...oldFlow),
    newFlowNs: Math.min(...newFlow),
    connectionNs: Math.min(...connection),
    admitted: [admitted, came],
    denied: [denied, leaked],
  };
}

/** Nanoseconds for each of the things that `work` says it has done. */
function perUnit(work: () => number): number {
  const start = process.hrtime.bigint();
  const done = work();
  return Number(process.hrtime.bigint() - start) / done;
}

function least(before: PacketCost | undefined, after: PacketCost): PacketCost {
  if (before === undefined) return after;
  const { admitted, denied } = before;
  return {
    ...after,
    loadMs: Math.min(before.loadMs, after.loadMs),
    establishedNs: Math.min(before.establishedNs, after.establishedNs),
    newFlowNs: Math.min(before.newFlowNs, after.newFlowNs),
    connectionNs: Math.min(before.connectionNs, after.connectionNs),
    admitted: [admitted[0] + after.admitted[0], admitted[1] + after.admitted[1]],
    denied: [denied[0] + after.denied[0], denied[1] + after.denied[1]],
  };
}
